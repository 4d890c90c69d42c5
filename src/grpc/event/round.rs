//! The reporting round: calendars, confirmations and audit findings, read from the wire and told on it.

use crate::api::v1;
use crate::api::v1::finding_reference::Kind;
use crate::domain::event::{
    ActualConfirmed, AuditFindingAnswered, AuditFindingRecorded, ReportingCalendarSet, Subject,
};
use crate::domain::finding::{Finding, FindingReference};
use crate::domain::reporting::{Calendar, ReportingRound, RoundDates, RoundException};
use crate::grpc::event::field::{At, Faults, optional};
use crate::grpc::event::payload::Reading;
use crate::grpc::event::recorded::show_title;
use crate::grpc::event::resolver::Resolver;

impl Reading<'_, '_> {
    pub(super) fn reporting_calendar_set(
        &mut self,
        p: &v1::ReportingCalendarSet,
    ) -> Option<ReportingCalendarSet> {
        let at = self.at.then("reporting_calendar_set");
        let plan = self.the(&at, "plan", &p.plan);
        let resolver = &*self.resolver;
        let rounds = self.faults.list(
            &at,
            "rounds",
            &p.rounds,
            Calendar::ROUNDS_MAX,
            |faults, at, round| reporting_round(faults, resolver, at, round),
        );
        Some(ReportingCalendarSet {
            plan: plan?,
            rounds: rounds?,
        })
    }

    pub(super) fn actual_confirmed(&mut self, p: &v1::ActualConfirmed) -> Option<ActualConfirmed> {
        let at = self.at.then("actual_confirmed");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let max = ActualConfirmed::ENTRIES_MAX;
        let entries = self
            .faults
            .list(&at, "entries", &p.entries, max, |faults, at, id| {
                faults.id(at, id)
            });
        Some(ActualConfirmed {
            indicator: indicator?,
            entries: entries?,
        })
    }

    pub(super) fn audit_finding_recorded(
        &mut self,
        p: &v1::AuditFindingRecorded,
    ) -> Option<AuditFindingRecorded> {
        let at = self.at.then("audit_finding_recorded");
        let plan = self.the(&at, "plan", &p.plan);
        let finding = self.faults.key(&at.then("finding"), &p.finding);
        let text = self.faults.free_text(&at.then("text"), &p.text);
        let references = self.finding_references(&at, &p.references);
        let due = self.faults.date(&at.then("due"), &p.due);
        let promised = self.faults.free_text(&at.then("promised"), &p.promised);
        Some(AuditFindingRecorded {
            plan: plan?,
            finding: finding?,
            text: text?,
            references: references?,
            due: due?,
            promised: promised?,
        })
    }

    pub(super) fn audit_finding_answered(
        &mut self,
        p: &v1::AuditFindingAnswered,
    ) -> Option<AuditFindingAnswered> {
        let at = self.at.then("audit_finding_answered");
        let plan = self.the(&at, "plan", &p.plan);
        let finding = self.faults.key(&at.then("finding"), &p.finding);
        let text = self.faults.free_text(&at.then("text"), &p.text);
        let action = self.faults.free_text(&at.then("action"), &p.action);
        let references = self.finding_references(&at, &p.references);
        Some(AuditFindingAnswered {
            plan: plan?,
            finding: finding?,
            text: text?,
            action: action?,
            references: references?,
        })
    }

    fn finding_references(
        &mut self,
        at: &At<'_>,
        references: &[v1::FindingReference],
    ) -> Option<Vec<FindingReference>> {
        let resolver = &*self.resolver;
        let max = Finding::REFERENCES_MAX;
        self.faults.list(
            at,
            "references",
            references,
            max,
            |faults, at, reference| finding_reference(faults, resolver, at, reference),
        )
    }
}

fn reporting_round(
    faults: &mut Faults,
    resolver: &Resolver<'_>,
    at: &At<'_>,
    round: &v1::ReportingRound,
) -> Option<ReportingRound> {
    let code = faults.key(&at.then("code"), &round.code);
    let title = faults.title(&at.then("title"), round.title.as_ref());
    let reports_for = faults.date(&at.then("reports_for"), &round.reports_for);
    let cut_off = faults.date(&at.then("cut_off"), &round.cut_off);
    let fixed_on = faults.date(&at.then("fixed_on"), &round.fixed_on);
    let exceptions = faults.list(
        at,
        "exceptions",
        &round.exceptions,
        ReportingRound::EXCEPTIONS_MAX,
        |faults, at, exception| {
            let indicator = resolver.reference(faults, &at.then("indicator"), &exception.indicator);
            let dates = optional(exception.dates.as_ref(), |dates| {
                round_dates(faults, &at.then("dates"), dates)
            });
            Some(RoundException {
                indicator: indicator?,
                dates: dates?,
            })
        },
    );
    Some(ReportingRound {
        code: code?,
        title: title?,
        reports_for: reports_for?,
        cut_off: cut_off?,
        fixed_on: fixed_on?,
        exceptions: exceptions?,
    })
}

fn round_dates(faults: &mut Faults, at: &At<'_>, dates: &v1::RoundDates) -> Option<RoundDates> {
    let reports_for = faults.date(&at.then("reports_for"), &dates.reports_for);
    let cut_off = faults.date(&at.then("cut_off"), &dates.cut_off);
    let fixed_on = faults.date(&at.then("fixed_on"), &dates.fixed_on);
    Some(RoundDates {
        reports_for: reports_for?,
        cut_off: cut_off?,
        fixed_on: fixed_on?,
    })
}

fn finding_reference(
    faults: &mut Faults,
    resolver: &Resolver<'_>,
    at: &At<'_>,
    reference: &v1::FindingReference,
) -> Option<FindingReference> {
    Some(match reference.kind.as_ref() {
        None => return faults.required(at),
        Some(Kind::Goal(text)) => FindingReference::Subject(Subject::Goal(resolver.reference(
            faults,
            &at.then("goal"),
            text,
        )?)),
        Some(Kind::Initiative(text)) => FindingReference::Subject(Subject::Initiative(
            resolver.reference(faults, &at.then("initiative"), text)?,
        )),
        Some(Kind::Indicator(text)) => FindingReference::Subject(Subject::Indicator(
            resolver.reference(faults, &at.then("indicator"), text)?,
        )),
        Some(Kind::Unit(text)) => {
            FindingReference::Unit(resolver.reference(faults, &at.then("unit"), text)?)
        }
        Some(Kind::Event(text)) => FindingReference::Event(faults.id(&at.then("event"), text)?),
    })
}

/// A round as the API tells it.
pub(crate) fn show_round(round: &ReportingRound) -> v1::ReportingRound {
    let exception = |exception: &RoundException| v1::RoundException {
        indicator: exception.indicator.to_string(),
        dates: exception.dates.map(show_round_dates),
    };
    v1::ReportingRound {
        code: round.code.to_string(),
        title: Some(show_title(&round.title)),
        reports_for: round.reports_for.to_string(),
        cut_off: round.cut_off.to_string(),
        fixed_on: round.fixed_on.to_string(),
        exceptions: round.exceptions.iter().map(exception).collect(),
    }
}

/// The days of a round as the API tells them.
pub(crate) fn show_round_dates(dates: RoundDates) -> v1::RoundDates {
    v1::RoundDates {
        reports_for: dates.reports_for.to_string(),
        cut_off: dates.cut_off.to_string(),
        fixed_on: dates.fixed_on.to_string(),
    }
}

/// What a finding is about, as the API tells it.
pub(crate) fn show_finding_references(
    references: &[FindingReference],
) -> Vec<v1::FindingReference> {
    let show = |reference: &FindingReference| v1::FindingReference {
        kind: Some(match reference {
            FindingReference::Subject(Subject::Goal(id)) => Kind::Goal(id.to_string()),
            FindingReference::Subject(Subject::Initiative(id)) => Kind::Initiative(id.to_string()),
            FindingReference::Subject(Subject::Indicator(id)) => Kind::Indicator(id.to_string()),
            FindingReference::Unit(id) => Kind::Unit(id.to_string()),
            FindingReference::Event(id) => Kind::Event(id.to_string()),
        }),
    };
    references.iter().map(show).collect()
}
