//! A question as Cedar is asked it: all that the answer depends on, and nothing else, so that equal questions have equal
//! answers.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};

use crate::auth::access::action::Action;
use crate::auth::access::facts::{Facts, Resource};
use crate::auth::access::policy_set::schema;
use crate::domain::access::{Role, SeatHeld};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::AuthMethod;
use crate::domain::id::{LedgerId, UnitId};

/// Who asks, as policies see it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Asker {
    /// Somebody in a seat.
    Seat {
        code: Code,
        role: Role,
        units: Arc<[UnitId]>,
        /// See [`crate::auth::access::person_of`].
        person: String,
        acting: bool,
        method: AuthMethod,
    },
    /// Somebody who holds no seat.
    SignedIn { method: AuthMethod },
}

impl Asker {
    pub(super) fn in_seat(seat: &SeatHeld, person: &str, method: AuthMethod) -> Self {
        Self::Seat {
            code: seat.code.clone(),
            role: seat.role,
            units: seat.units.clone(),
            person: person.to_owned(),
            acting: seat.acting_for.is_some(),
            method,
        }
    }
}

/// All that an answer depends on.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Question {
    policies: [u8; 32],
    ledger: Option<LedgerId>,
    asker: Asker,
    facts: Facts,
    today: Date,
    /// Every unit that it speaks of, with those above, and the unit that each belongs to on the day.
    tree: BTreeMap<UnitId, Option<UnitId>>,
}

impl Question {
    pub(super) fn new(
        policies: [u8; 32],
        asker: Asker,
        facts: &Facts,
        directory: &Directory,
        today: Date,
    ) -> Self {
        let mut tree = BTreeMap::new();
        let mut add = |id: UnitId| {
            let mut next = Some(id);
            for _ in 0..Directory::TREE_DEPTH_MAX {
                let Some(id) = next.filter(|id| !tree.contains_key(id)) else {
                    return;
                };
                next = directory
                    .unit(id)
                    .and_then(|unit| *unit.parents.on(facts.day));
                tree.insert(id, next);
            }
        };
        if let Asker::Seat { units, .. } = &asker {
            units.iter().copied().for_each(&mut add);
        }
        if let Resource::Goal(goal) = &facts.resource {
            goal.sections.iter().copied().for_each(&mut add);
            add(goal.department);
        }
        facts.circumstances.on_behalf_of.into_iter().for_each(add);
        Self {
            policies,
            ledger: directory.ledger().map(|ledger| ledger.ledger),
            asker,
            facts: facts.clone(),
            today,
            tree,
        }
    }

    /// As Cedar takes it; `Err` says what does not fit the schema.
    pub(super) fn to_cedar(&self, directory: &Directory) -> Result<(Request, Entities), String> {
        let (principal, seat) = self.principal(directory)?;
        let (resource, of) = self.resource(directory)?;
        let action = uid("Daicho::Action", self.facts.action.code());
        let context = self.context(directory)?;
        let request = Request::new(principal, action, resource, context, Some(schema()))
            .map_err(|error| error.to_string())?;
        let units = self.tree.iter().map(|(id, parent)| {
            let parents = parent.iter().map(|id| unit_uid(directory, *id)).collect();
            Entity::new_no_attrs(unit_uid(directory, *id), parents)
        });
        let entities = [seat, of].into_iter().chain(units);
        let entities =
            Entities::from_entities(entities, Some(schema())).map_err(|error| error.to_string())?;
        Ok((request, entities))
    }

    fn principal(&self, directory: &Directory) -> Result<(EntityUid, Entity), String> {
        let (uid, attributes, parents) = match &self.asker {
            Asker::Seat {
                code,
                role,
                units,
                person,
                acting,
                method,
            } => {
                let attributes = HashMap::from([
                    attribute("person", text(person)),
                    attribute("units", unit_set(directory, units)),
                    attribute("acting", RestrictedExpression::new_bool(*acting)),
                    attribute("method", text(method.code())),
                ]);
                let units = units.iter().map(|id| unit_uid(directory, *id));
                let role = uid("Daicho::Role", role_code(*role));
                let parents: HashSet<EntityUid> = units.chain([role]).collect();
                (uid("Daicho::Seat", code.as_str()), attributes, parents)
            }
            Asker::SignedIn { method } => (
                uid("Daicho::SignedIn", "signed-in"),
                HashMap::from([attribute("method", text(method.code()))]),
                HashSet::new(),
            ),
        };
        let entity = Entity::new(uid.clone(), attributes, parents);
        Ok((uid, entity.map_err(|error| error.to_string())?))
    }

    fn resource(&self, directory: &Directory) -> Result<(EntityUid, Entity), String> {
        let plan_uid = |id| match directory.plan(id) {
            Some(plan) => uid("Daicho::Plan", plan.code.as_str()),
            None => uid("Daicho::Plan", &id.to_string()),
        };
        let (uid, attributes, parents) = match &self.facts.resource {
            Resource::Goal(goal) => {
                let attributes = HashMap::from([
                    attribute("sections", unit_set(directory, &goal.sections)),
                    attribute("department", unit(directory, goal.department)),
                    attribute("public", RestrictedExpression::new_bool(goal.public)),
                    attribute("closed", RestrictedExpression::new_bool(goal.closed)),
                ]);
                let named = match directory.goal(goal.goal) {
                    Some(entry) => uid("Daicho::Goal", entry.code.as_str()),
                    None => uid("Daicho::Goal", &goal.goal.to_string()),
                };
                (named, attributes, HashSet::from([plan_uid(goal.plan)]))
            }
            Resource::Plan(plan) => {
                let closed = RestrictedExpression::new_bool(plan.closed);
                let attributes = HashMap::from([attribute("closed", closed)]);
                (plan_uid(plan.plan), attributes, HashSet::new())
            }
            Resource::Ledger => {
                let code = directory.ledger().map_or("", |ledger| ledger.code.as_str());
                (uid("Daicho::Ledger", code), HashMap::new(), HashSet::new())
            }
            Resource::Server => (
                uid("Daicho::Server", "server"),
                HashMap::new(),
                HashSet::new(),
            ),
        };
        let entity = Entity::new(uid.clone(), attributes, parents);
        Ok((uid, entity.map_err(|error| error.to_string())?))
    }

    fn context(&self, directory: &Directory) -> Result<Context, String> {
        let circumstances = &self.facts.circumstances;
        let optional = [
            ("author", circumstances.author.as_deref().map(text)),
            ("proposer", circumstances.proposer.as_deref().map(text)),
            ("purpose", circumstances.purpose.as_deref().map(text)),
            (
                "on_behalf_of",
                circumstances.on_behalf_of.map(|id| unit(directory, id)),
            ),
        ];
        let fixed = [
            attribute(
                "today",
                RestrictedExpression::new_long(number_of(self.today)),
            ),
            attribute("period", text(circumstances.period.code())),
            attribute(
                "sourced",
                RestrictedExpression::new_bool(circumstances.sourced),
            ),
            attribute(
                "external",
                RestrictedExpression::new_bool(circumstances.external),
            ),
        ];
        let optional = optional
            .into_iter()
            .filter_map(|(name, value)| Some(attribute(name, value?)));
        Context::from_pairs(fixed.into_iter().chain(optional)).map_err(|error| error.to_string())
    }

    pub(super) fn action(&self) -> Action {
        self.facts.action
    }
}

/// The word for a role in policies.
pub fn role_code(role: Role) -> &'static str {
    match role {
        Role::Director => "director",
        Role::SectionChief => "section_chief",
        Role::Clerk => "clerk",
        Role::Planning => "planning",
        Role::Evaluator => "evaluator",
        Role::Auditor => "auditor",
        Role::Administrator => "administrator",
        Role::Service => "service",
    }
}

/// 20231001 for 1 October 2023.
fn number_of(date: Date) -> i64 {
    i64::from(date.year()) * 10_000 + i64::from(date.month()) * 100 + i64::from(date.day())
}

fn attribute(name: &str, value: RestrictedExpression) -> (String, RestrictedExpression) {
    (name.to_owned(), value)
}

fn text(value: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(value.to_owned())
}

fn unit(directory: &Directory, id: UnitId) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(unit_uid(directory, id))
}

fn unit_set(directory: &Directory, ids: &[UnitId]) -> RestrictedExpression {
    RestrictedExpression::new_set(ids.iter().map(|id| unit(directory, *id)))
}

fn unit_uid(directory: &Directory, id: UnitId) -> EntityUid {
    match directory.unit(id) {
        Some(unit) => uid("Daicho::Unit", unit.code.as_str()),
        None => uid("Daicho::Unit", &id.to_string()),
    }
}

fn uid(kind: &'static str, id: &str) -> EntityUid {
    static KINDS: LazyLock<HashMap<&'static str, EntityTypeName>> = LazyLock::new(|| {
        let kinds = [
            "Daicho::Action",
            "Daicho::Goal",
            "Daicho::Ledger",
            "Daicho::Plan",
            "Daicho::Role",
            "Daicho::Seat",
            "Daicho::Server",
            "Daicho::SignedIn",
            "Daicho::Unit",
        ];
        let named = |kind| {
            let name = EntityTypeName::from_str(kind).expect("a name of our own schema");
            (kind, name)
        };
        kinds.into_iter().map(named).collect()
    });
    let name = KINDS.get(kind).cloned().expect("a name of our own schema");
    EntityUid::from_type_name_and_id(name, EntityId::new(id))
}
