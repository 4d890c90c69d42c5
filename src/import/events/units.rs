//! The departments and sections of a plan, registered where they are not there yet.

use super::super::text::key;
use super::super::understood::{Department, Plan};
use super::text::title_of_sentence;
use super::{Mapping, unit_id};
use crate::domain::code::Code;
use crate::domain::event::{OrgUnitRegistered, Stream};
use crate::domain::id::{EventId, UnitId};
use crate::domain::org_unit::UnitKind;

/// Units by the key of department and section; a department's own has no section.
pub(super) struct Units(Vec<(String, String, UnitId)>);

impl Units {
    pub(super) fn find(&self, department: &str, section: &str) -> Option<UnitId> {
        let (department, section) = (key(department), key(section));
        self.0
            .iter()
            .find(|(d, s, _)| *d == department && *s == section)
            .map(|(_, _, id)| *id)
    }
}

impl Mapping {
    /// Registers departments and sections that are not there yet.
    pub(super) fn units(
        &mut self,
        plan: &Plan,
        registered: &impl Fn(&Code) -> Option<UnitId>,
    ) -> Units {
        let mut units = Units(Vec::new());
        for department in &plan.departments {
            let en = department.name_en.as_deref();
            let found = self.unit(
                &department.name,
                &department.name,
                en,
                UnitKind::Department,
                None,
                registered,
            );
            let Some(parent) = found else { continue };
            units.0.push((key(&department.name), String::new(), parent));
            for section in sections_of(department) {
                let elsewhere = plan
                    .departments
                    .iter()
                    .filter(|other| other.name != department.name);
                let is_ambiguous = elsewhere
                    .flat_map(sections_of)
                    .any(|other| key(other) == key(section));
                // A section is known by its name, unless another department has one of that name.
                let code = match is_ambiguous {
                    true => format!("{}/{section}", department.name),
                    false => section.to_owned(),
                };
                let named = |(name, _): &&(String, String)| key(name) == key(section);
                let en = department
                    .sections_en
                    .iter()
                    .find(named)
                    .map(|(_, en)| en.as_str());
                let found = self.unit(
                    &code,
                    section,
                    en,
                    UnitKind::Section,
                    Some(parent),
                    registered,
                );
                units
                    .0
                    .extend(found.map(|id| (key(&department.name), key(section), id)));
            }
        }
        units
    }

    fn unit(
        &mut self,
        code: &str,
        name: &str,
        en: Option<&str>,
        kind: UnitKind,
        parent: Option<UnitId>,
        registered: &impl Fn(&Code) -> Option<UnitId>,
    ) -> Option<UnitId> {
        let parsed = self.keep(code, Code::parse(code));
        let title = self.keep(code, title_of_sentence(name, en));
        let (code, name) = (parsed?, title?);
        if let Some(known) = registered(&code) {
            return Some(known);
        }
        let unit = unit_id(self.ledger, &code);
        // Units outlive plans: whichever import registers one, the event is the same.
        let id = EventId::derived(self.ledger.uuid(), &format!("ORG_UNIT_REGISTERED/{code}"));
        let payload = OrgUnitRegistered {
            unit,
            code,
            name,
            kind,
            parent,
        };
        self.push_as(id, Stream::org(unit), payload.into());
        Some(unit)
    }
}

/// The sections of a department, in the order they first appear.
fn sections_of(department: &Department) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    let initiatives = department
        .pillars
        .iter()
        .flat_map(|p| &p.goals)
        .flat_map(|goal| &goal.initiatives);
    for section in initiatives.flat_map(|initiative| &initiative.sections) {
        if names.iter().all(|known| key(known) != key(section)) {
            names.push(section);
        }
    }
    names
}
