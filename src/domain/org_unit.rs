//! Organisational units: an effective-dated tree whose names change.

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::dated::Dated;
use crate::domain::id::UnitId;
use crate::domain::indicator::enumeration;
use crate::domain::text::{Title, labels};

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

labels! {
    UnitKind {
        Department => "部", "department";
        Section => "課等", "section";
        Other => "その他の組織", "other unit";
    }
}

/// What a unit is on a date.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnitVersion<'a> {
    /// Its name.
    pub name: &'a Title,
    /// The unit it belongs to.
    pub parent: Option<UnitId>,
}

/// A unit with its history. Name and place in the tree change apart from each other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OrgUnit {
    /// Its id.
    pub id: UnitId,
    /// Its code.
    pub code: Code,
    /// Its kind.
    pub kind: UnitKind,
    /// First day it exists.
    pub from: Date,
    /// Last day it exists.
    pub until: Option<Date>,
    /// Its names.
    pub names: Dated<Title>,
    /// The units it belongs to.
    pub parents: Dated<Option<UnitId>>,
}

impl OrgUnit {
    /// Whether the unit exists on `date`.
    pub fn exists_on(&self, date: Date) -> bool {
        self.from <= date && self.until.is_none_or(|until| date <= until)
    }

    /// What the unit is on `date`; `None` before its first day and after its last.
    pub fn on(&self, date: Date) -> Option<UnitVersion<'_>> {
        self.exists_on(date).then(|| UnitVersion {
            name: self.names.on(date),
            parent: *self.parents.on(date),
        })
    }

    /// What the unit is after every change, those not yet in force included.
    pub fn latest(&self) -> UnitVersion<'_> {
        UnitVersion {
            name: self.names.latest(),
            parent: *self.parents.latest(),
        }
    }

    /// What the unit is called on `date`; before its first day and after its last, by what it was called first
    /// and last.
    pub fn name_on(&self, date: Date) -> &Title {
        self.names.on(date)
    }
}
