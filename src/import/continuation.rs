//! What an indicator of a new plan goes on with, as a file says it: by the code, and in a draft by ids with a check value.

use uuid::Uuid;

use super::check::check;
use super::csv::Place;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{GoalId, IndicatorId, InitiativeId};

/// What the text begins with: the layout of a draft, and its version.
const LAYOUT: &str = "daicho-plan-draft/1";

/// The indicator of an earlier plan that a row goes on with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Continuation {
    /// Its code.
    pub code: String,
    /// What a draft says of it; `None`: the file is no draft.
    pub made: Option<Made>,
    /// What it and what it stood under are; `None`: a ledger has not been asked.
    pub ids: Option<Ids>,
    /// The cell that says it; `None`: the file is a text.
    pub place: Option<Place>,
    /// Line of the file, or row of the sheet, from 1.
    pub line: u64,
}

/// An indicator and what it stands under.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Ids {
    /// The goal.
    pub goal: GoalId,
    /// The initiative.
    pub initiative: InitiativeId,
    /// The indicator.
    pub indicator: IndicatorId,
}

/// What a draft was made of, and for which row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Made {
    /// The draft, the same in each of its rows.
    pub draft: Origin,
    /// What the row goes on with.
    pub ids: Ids,
}

/// What a draft was made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Origin {
    /// Id of the ledger.
    pub ledger: Uuid,
    /// Id of the earlier plan.
    pub plan: Uuid,
    /// The year that it is a draft for.
    pub year: FiscalYear,
    /// How many events were known.
    pub known_at: u64,
}

impl Made {
    fn plain(&self) -> String {
        let Origin {
            ledger,
            plan,
            year,
            known_at,
        } = self.draft;
        let Ids {
            goal,
            initiative,
            indicator,
        } = self.ids;
        format!(
            "{LAYOUT} ledger={ledger} plan={plan} year={} known={known_at} goal={goal} initiative={initiative} \
             indicator={indicator}",
            year.year()
        )
    }

    /// As the draft holds it beside the indicator's code.
    pub fn text(&self, code: &str) -> String {
        let plain = self.plain();
        format!("{plain} check={}", check(&[&plain, code]))
    }

    /// Reads what [`Made::text`] wrote beside the same code; `None`: that is not what stands there.
    pub fn parse(text: &str, code: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let layout = words.next()?;
        let mut value = |name: &str| words.next()?.strip_prefix(name)?.strip_prefix('=');
        let draft = Origin {
            ledger: Uuid::try_parse(value("ledger")?).ok()?,
            plan: Uuid::try_parse(value("plan")?).ok()?,
            year: FiscalYear::parse(value("year")?).ok()?,
            known_at: value("known")?.parse().ok()?,
        };
        let ids = Ids {
            goal: value("goal")?.parse().ok()?,
            initiative: value("initiative")?.parse().ok()?,
            indicator: value("indicator")?.parse().ok()?,
        };
        let made = Self { draft, ids };
        // What it says otherwise, or says besides, was not written there, or not beside this code.
        (layout == LAYOUT && made.text(code) == text).then_some(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_row_was_made_of_is_read_only_beside_its_code() {
        let id = |name: &[u8]| Uuid::new_v5(&Uuid::NAMESPACE_OID, name);
        let made = Made {
            draft: Origin {
                ledger: id(b"ledger"),
                plan: id(b"plan"),
                year: FiscalYear::parse("R6").expect("a year"),
                known_at: 2_345,
            },
            ids: Ids {
                goal: GoalId::new(id(b"goal")).expect("an id"),
                initiative: InitiativeId::new(id(b"initiative")).expect("an id"),
                indicator: IndicatorId::new(id(b"indicator")).expect("an id"),
            },
        };
        let text = made.text("R5/総務部/1-1/1.1");
        assert_eq!(Made::parse(&text, "R5/総務部/1-1/1.1"), Some(made));
        assert_eq!(Made::parse(&text, "R5/総務部/1-1/1.2"), None);
        for (from, to) in [
            ("known=2", "known=x"),
            ("/1 ", "/2 "),
            ("year=2024", "year=2025"),
            ("check=c", "check=d"),
            (" check", " more=1 check"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text);
            assert_eq!(Made::parse(&changed, "R5/総務部/1-1/1.1"), None, "{to}");
        }
    }
}
