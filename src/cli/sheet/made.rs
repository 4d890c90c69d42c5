//! What a sheet was made for and at.

use uuid::Uuid;

use crate::domain::date::{Date, DateSpan, parse_iso};

/// What the text begins with: the layout of the sheet, and its version.
const LAYOUT: &str = "daicho-report-sheet/1";

/// What a sheet was made for and at. The same for each row of a sheet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Made {
    /// Id of the ledger.
    pub ledger: Uuid,
    /// Id of the plan.
    pub plan: Uuid,
    /// Id of the section.
    pub section: Uuid,
    /// The days that are reported on.
    pub period: DateSpan,
    /// D: the day that it was made for.
    pub effective_on: Date,
    /// K: how many events were known.
    pub known_at: u64,
}

impl Made {
    /// As the sheet holds it.
    pub fn text(&self) -> String {
        let (first, last) = (self.period.first(), self.period.last());
        format!(
            "{LAYOUT} ledger={} plan={} section={} first={first} last={last} on={} known={}",
            self.ledger, self.plan, self.section, self.effective_on, self.known_at
        )
    }

    /// Reads what [`Made::text`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let layout = words.next()?;
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let id = |text: &str| Uuid::try_parse(text).ok();
        let day = |text: &str| parse_iso(text).ok();
        let made = Self {
            ledger: id(value("ledger")?)?,
            plan: id(value("plan")?)?,
            section: id(value("section")?)?,
            period: DateSpan::new(day(value("first")?)?, day(value("last")?)?).ok()?,
            effective_on: day(value("on")?)?,
            known_at: value("known")?.parse().ok()?,
        };
        // What it says otherwise, or says besides, was not written here.
        (layout == LAYOUT && made.text() == text).then_some(made)
    }

    /// The id of a report that stands in a row: the same whenever the sheet comes back, whatever is filled in.
    pub fn event_id(&self, indicator: &str, key: &str) -> Uuid {
        let name = format!("{}\n{indicator}\n{key}", self.text());
        Uuid::new_v5(&self.ledger, name.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_sheet_was_made_at_is_read_as_it_was_written() {
        let id = |name: &[u8]| Uuid::new_v5(&Uuid::NAMESPACE_OID, name);
        let day = |text: &str| text.parse().expect("a day");
        let made = Made {
            ledger: id(b"ledger"),
            plan: id(b"plan"),
            section: id(b"section"),
            period: DateSpan::new(day("2023-09-01"), day("2023-09-30")).expect("a span"),
            effective_on: day("2023-10-06"),
            known_at: 2_345,
        };
        let text = made.text();
        assert_eq!(Made::parse(&text), Some(made));
        for (from, to) in [
            ("known=2", "known=x"),
            ("/1 ", "/2 "),
            ("2345", "2345 more=1"),
            ("09-30", "08-30"),
        ] {
            assert_eq!(Made::parse(&text.replace(from, to)), None, "{to}");
        }
    }
}
