//! Rules of audit findings: numbered once, answered once, about things that exist.

use super::Judge;
use crate::domain::event::{AuditFindingAnswered, AuditFindingRecorded, Subject};
use crate::domain::finding::{Finding, FindingReference};
use crate::domain::rejection::Reason;

impl Judge<'_> {
    pub(super) fn audit_finding_recorded(&mut self, p: &AuditFindingRecorded) {
        self.not_ahead();
        self.finding_references(&p.references);
        if let Some(date) = self.from()
            && p.due < date
        {
            self.reject_with(Reason::DateTooEarly, "due", &[("earliest", &date)]);
        }
        if self.known_plan(p.plan, "plan").is_none() {
            return;
        }
        let directory = self.context.directory;
        if directory.finding(p.plan, &p.finding).is_some() {
            return self.reject(Reason::FindingExists, "finding");
        }
        if Finding::COUNT_MAX <= directory.findings_of(p.plan).len() {
            let max = Finding::COUNT_MAX;
            self.reject_form("finding", &format!("a plan has at most {max} findings"));
        }
    }

    pub(super) fn audit_finding_answered(&mut self, p: &AuditFindingAnswered) {
        self.not_ahead();
        self.finding_references(&p.references);
        if self.known_plan(p.plan, "plan").is_none() {
            return;
        }
        let Some(finding) = self.context.directory.finding(p.plan, &p.finding) else {
            return self.reject(Reason::FindingUnknown, "finding");
        };
        if let Some(answer) = &finding.answer {
            let figures: [(_, &dyn std::fmt::Display); 1] = [("date", &answer.date)];
            self.reject_with(Reason::FindingAnswered, "finding", &figures);
        }
        let found = finding.date;
        if self.from().is_some_and(|from| from < found) {
            self.reject_envelope(Reason::DateTooEarly, "valid_from", &[("earliest", &found)]);
        }
    }

    /// Things that exist; whether named events do is asked of the ledger.
    fn finding_references(&mut self, references: &[FindingReference]) {
        if Finding::REFERENCES_MAX < references.len() {
            let max = Finding::REFERENCES_MAX;
            return self.reject_form("references", &format!("more than {max}"));
        }
        let directory = self.context.directory;
        for (index, reference) in references.iter().enumerate() {
            let (known, reason, kind) = match *reference {
                FindingReference::Subject(Subject::Goal(id)) => {
                    (directory.goal(id).is_some(), Reason::GoalUnknown, "goal")
                }
                FindingReference::Subject(Subject::Initiative(id)) => (
                    directory.initiative(id).is_some(),
                    Reason::InitiativeUnknown,
                    "initiative",
                ),
                FindingReference::Subject(Subject::Indicator(id)) => (
                    directory.indicator(id).is_some(),
                    Reason::IndicatorUnknown,
                    "indicator",
                ),
                FindingReference::Unit(id) => {
                    (directory.unit(id).is_some(), Reason::UnitUnknown, "unit")
                }
                FindingReference::Event(_) => continue,
            };
            if !known {
                self.reject(reason, &format!("references[{index}].{kind}"));
            }
        }
    }
}
