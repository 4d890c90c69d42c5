//! Rules of the organisation: units form a tree at every date.

use std::collections::BTreeSet;

use super::Judge;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{OrgUnitChanged, OrgUnitRegistered};
use crate::domain::id::UnitId;
use crate::domain::org_unit::OrgUnit;
use crate::domain::rejection::Reason;

impl Judge<'_> {
    pub(super) fn org_unit_registered(&mut self, p: &OrgUnitRegistered) {
        let directory = self.context.directory;
        if directory.unit(p.unit).is_some() {
            self.reject(Reason::IdExists, "unit");
        }
        self.free_code(&p.code);
        let Some(parent) = p.parent else { return };
        if parent == p.unit {
            return self.reject(Reason::UnitTreeCycle, "parent");
        }
        let (Some(_), Some(from)) = (self.active_unit(parent, "parent"), self.from()) else {
            return;
        };
        if Directory::TREE_DEPTH_MAX <= depth(directory, parent, from) {
            self.too_deep();
        }
    }

    pub(super) fn org_unit_changed(&mut self, p: &OrgUnitChanged) {
        let directory = self.context.directory;
        match (&p.name, p.parent, p.dissolved) {
            (None, None, false) => self.reject(Reason::FieldRequired, ""),
            (Some(_), _, true) | (_, Some(_), true) => {
                self.reject_form("dissolved", "a unit that ends takes no new name or parent");
            }
            _ => {}
        }
        let Some(unit) = directory.unit(p.unit) else {
            return self.reject(Reason::UnitUnknown, "unit");
        };
        let Some(from) = self.from() else { return };
        if let Some(until) = unit.until
            && (until < from || p.dissolved)
        {
            let date = until.tomorrow().unwrap_or(until);
            return self.reject_with(Reason::UnitDissolved, "unit", &[("date", &date)]);
        }
        if unit.on(from).is_none() {
            return self.reject_with(Reason::UnitNotActive, "unit", &[("date", &from)]);
        }
        if p.dissolved {
            self.no_units_left(p.unit, from);
        }
        if let Some(parent) = p.parent
            && (parent == p.unit || self.active_unit(parent, "parent").is_some())
        {
            self.keeps_tree(unit, parent, from);
        }
    }

    /// Refuses to end a unit that others belong to on `date` or later.
    fn no_units_left(&mut self, ending: UnitId, date: Date) {
        let belongs = |unit: &OrgUnit| {
            let later = unit.parents.versions().map(|v| v.from);
            let later = later.filter(|from| date < *from);
            std::iter::once(date)
                .chain(later)
                .any(|d| unit.on(d).is_some_and(|v| v.parent == Some(ending)))
        };
        let units = self.context.directory.units();
        let mut left: Vec<&str> = units
            .iter()
            .filter(|u| belongs(u))
            .map(|u| u.code.as_str())
            .collect();
        if !left.is_empty() {
            // A message names a few; the rest is found the same way.
            left.truncate(5);
            self.reject_with(
                Reason::UnitInUse,
                "dissolved",
                &[("units", &left.join(", "))],
            );
        }
    }

    /// Refuses a parent that would close a ring, then or on any later date, or make the tree too deep.
    fn keeps_tree(&mut self, unit: &OrgUnit, parent: UnitId, from: Date) {
        let directory = self.context.directory;
        let starts: BTreeSet<Date> = directory
            .units()
            .iter()
            .flat_map(|u| u.parents.versions().map(|v| v.from))
            .filter(|date| from < *date)
            .chain([from])
            .collect();
        // From the unit's own next move on the new parent no longer holds.
        let moves = unit.parents.versions().map(|v| v.from);
        let until = moves.filter(|date| from < *date).min();
        for date in starts
            .into_iter()
            .filter(|date| until.is_none_or(|until| *date < until))
        {
            if ancestors(directory, parent, date).any(|above| above == unit.id) {
                return self.reject(Reason::UnitTreeCycle, "parent");
            }
        }
        let below = directory
            .units()
            .iter()
            .filter_map(|u| ancestors(directory, u.id, from).position(|above| above == unit.id))
            .max()
            .unwrap_or(0);
        if Directory::TREE_DEPTH_MAX < depth(directory, parent, from) + 1 + below {
            self.too_deep();
        }
    }

    fn too_deep(&mut self) {
        let problem = format!("more than {} levels of units", Directory::TREE_DEPTH_MAX);
        self.reject_form("parent", &problem);
    }
}

/// The unit itself and those above it on `date`, as far as the tree may be deep.
fn ancestors(directory: &Directory, unit: UnitId, date: Date) -> impl Iterator<Item = UnitId> + '_ {
    let above = move |id: &UnitId| directory.unit(*id)?.on(date)?.parent;
    std::iter::successors(Some(unit), above).take(Directory::TREE_DEPTH_MAX + 1)
}

/// How many levels there are from the top down to the unit.
fn depth(directory: &Directory, unit: UnitId, date: Date) -> usize {
    ancestors(directory, unit, date).count()
}
