//! When reports are due, who looked at them, and what an audit found in the year before. All invented.

use std::sync::Arc;

use jiff::civil::date;

use super::round::OFFICE;
use super::{SampleError, Teller, document, event, event_id, key};
use crate::domain::date::Date;
use crate::domain::event::{
    ActualConfirmed, AuditFindingAnswered, AuditFindingRecorded, ReportingCalendarSet, Stream,
    Subject,
};
use crate::domain::finding::FindingReference;
use crate::domain::personal::FreeText;
use crate::domain::reporting::{Calendar, YEAR_END};

/// Who audits.
const AUDITORS: &str = "監査委員事務局";

/// A finding of the year before.
struct Found {
    number: &'static str,
    section: &'static str,
    words: &'static str,
    text: &'static str,
    promised: &'static str,
    due: Date,
}

impl Teller<'_> {
    /// The calendar, confirmations and findings.
    pub(super) fn reporting(&mut self) -> Result<(), SampleError> {
        self.calendar()?;
        self.confirmations()?;
        self.findings()
    }

    /// The days of the rounds; reports at the end of the year are due on the day their period is soft-closed.
    fn calendar(&mut self) -> Result<(), SampleError> {
        let plan = self.plan("R5")?;
        let Some(cycle) = self.directory().plan(plan).map(|plan| plan.cycle) else {
            return Err(SampleError::Bundle("no plan R5".to_owned()));
        };
        let mut rounds = Arc::unwrap_or_clone(Calendar::built_in(cycle).rounds);
        let year_end = key(YEAR_END)?;
        for round in rounds.iter_mut().filter(|round| round.code == year_end) {
            round.cut_off = date(2024, 4, 12);
        }
        let mut set = event(
            "calendar",
            Stream::plan(plan),
            cycle.first(),
            ReportingCalendarSet { plan, rounds },
        );
        set.source_document = Some(document("企政第6号", date(2023, 4, 4))?);
        self.act(date(2023, 4, 5), 9, OFFICE, vec![set]);
        Ok(())
    }

    /// A section chief looks at what was reported in each half, but for the last entries.
    fn confirmations(&mut self) -> Result<(), SampleError> {
        let found = self.find("総務文書課", "業務改善")?;
        let rounds = [
            (
                date(2023, 10, 9),
                &[
                    "2023-04-30",
                    "2023-05-31",
                    "2023-06-30",
                    "2023-08-31",
                    "2023-09-30",
                ][..],
            ),
            (date(2024, 4, 9), &["2023-11-30", "2024-01-31"][..]),
        ];
        for (day, entries) in rounds {
            let entries = entries
                .iter()
                .map(|of| event_id(&format!("improvement {of}")));
            let confirmed = ActualConfirmed {
                indicator: found.id,
                entries: entries.collect(),
            };
            let told = event(&format!("confirmed {day}"), found.stream, day, confirmed);
            self.act(day, 13, "総務文書課長", vec![told]);
        }
        Ok(())
    }

    /// Of two findings on the year before, one was answered in time and one not at all.
    fn findings(&mut self) -> Result<(), SampleError> {
        let plan = self.plan("R4")?;
        let found = [
            Found {
                number: "R4-01",
                section: "総務文書課",
                words: "業務改善",
                text: "提案の件数に前年度分を重ねて数えた月があった。",
                promised: "提案票に受付年度を記し、月ごとに課長が確かめる。",
                due: date(2023, 9, 29),
            },
            Found {
                number: "R4-02",
                section: "納税課",
                words: "滞納繰越分",
                text: "収納率の分母となる調定額の根拠資料が保存されていない。",
                promised: "調定額の月計表を根拠資料として残す。",
                due: date(2023, 12, 28),
            },
        ];
        for one in &found {
            let subject = self.find(one.section, one.words)?;
            let recorded = AuditFindingRecorded {
                plan,
                finding: key(one.number)?,
                text: FreeText::parse(one.text)?,
                references: vec![FindingReference::Subject(Subject::Indicator(subject.id))],
                due: one.due,
                promised: FreeText::parse(one.promised)?,
            };
            let name = format!("finding {}", one.number);
            let mut told = event(&name, Stream::plan(plan), date(2023, 7, 20), recorded);
            told.source_document = Some(document("監第41号", date(2023, 7, 19))?);
            self.act(date(2023, 7, 20), 10, AUDITORS, vec![told]);
        }
        let answered = AuditFindingAnswered {
            plan,
            finding: key("R4-01")?,
            text: FreeText::parse(
                "提案票の様式を改め、4月分から確かめた。7月分の重複は訂正する。",
            )?,
            action: FreeText::parse("提案票に受付年度の欄を設け、課長が毎月確かめている。")?,
            references: Vec::new(),
        };
        let day = date(2023, 9, 22);
        let mut told = event("finding R4-01 answered", Stream::plan(plan), day, answered);
        told.source_document = Some(document("総文第109号", day)?);
        self.act(day, 16, "総務文書課長", vec![told]);
        Ok(())
    }
}
