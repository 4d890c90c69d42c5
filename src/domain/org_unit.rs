//! Organisational units: an effective-dated tree whose names change.

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::id::UnitId;
use crate::domain::indicator::enumeration;
use crate::domain::text::Title;

enumeration! {
    /// What kind of unit it is.
    UnitKind {
        /// 部: sets goals.
        Department = "DEPARTMENT",
        /// 課等: sets initiatives and reports.
        Section = "SECTION",
        /// Anything else in the tree.
        Other = "OTHER",
    }
}

/// What a unit is from a date on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnitVersion {
    /// First day it holds.
    pub from: Date,
    /// Its name.
    pub name: Title,
    /// The unit it belongs to.
    pub parent: Option<UnitId>,
}

/// A unit with its history.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrgUnit {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: Code,
    /// Its kind.
    pub kind: UnitKind,
    /// Versions in the order of recording, at least one.
    pub versions: Vec<UnitVersion>,
    /// Last day it exists.
    pub until: Option<Date>,
}

impl OrgUnit {
    /// What the unit is on `date`: of the versions that hold by then the one with the latest date, of one
    /// date the last recorded. `None` before its first day and after its last.
    pub fn on(&self, date: Date) -> Option<&UnitVersion> {
        if self.until.is_some_and(|until| until < date) {
            return None;
        }
        self.versions
            .iter()
            .filter(|v| v.from <= date)
            .max_by_key(|v| v.from)
    }

    /// The newest version, whatever the date.
    pub fn latest(&self) -> Option<&UnitVersion> {
        self.versions.iter().max_by_key(|v| v.from)
    }
}
