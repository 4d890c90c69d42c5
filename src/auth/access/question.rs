//! A question as Cedar is asked it: all that the answer depends on, and nothing else, so that equal questions have equal
//! answers.
//!
//! Policies compare codes and persons, and never look into one. So units, seats, goals and people that no policy names are only
//! numbered, in the order in which the question comes to them: a clerk who reports on a goal of their own section asks the same
//! question whoever it is, whichever section.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt::Display;
use std::str::FromStr;
use std::sync::{Arc, LazyLock};

use cedar_policy::{
    Context, Entities, Entity, EntityId, EntityTypeName, EntityUid, Request, RestrictedExpression,
};

use crate::auth::access::action::Action;
use crate::auth::access::facts::{Closing, Facts, Resource};
use crate::auth::access::policy_set::{CompiledPolicies, Mentions, schema};
use crate::domain::access::{Role, SeatHeld};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::AuthMethod;
use crate::domain::id::{PlanId, UnitId};

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

/// What something is called in a question.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
enum Label {
    /// A policy may tell it from others by its name.
    Named(Box<str>),
    /// No policy does: the so-manieth of its kind in the question.
    Number(usize),
}

impl Label {
    /// As Cedar is told it. Nothing that has a name begins with a control character, and no policy names what does.
    fn text(&self) -> String {
        match self {
            Self::Named(name) => name.to_string(),
            Self::Number(number) => format!("\u{1}{number}"),
        }
    }
}

/// All that an answer depends on.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) struct Question {
    policies: [u8; 32],
    action: Action,
    asker: Who,
    resource: What,
    today: Date,
    period: Closing,
    sourced: bool,
    external: bool,
    author: Option<Label>,
    proposer: Option<Label>,
    on_behalf_of: Option<Label>,
    purpose: Option<Label>,
    /// Every unit that it speaks of, with those above, and the unit that each belongs to on the day.
    tree: Vec<(Label, Option<Label>)>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Who {
    Seat {
        seat: Label,
        role: Role,
        /// Ascending.
        units: Vec<Label>,
        person: Label,
        acting: bool,
        method: AuthMethod,
    },
    SignedIn {
        method: AuthMethod,
    },
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum What {
    Goal {
        goal: Label,
        plan: Label,
        /// Ascending.
        sections: Vec<Label>,
        department: Label,
        public: bool,
        closed: bool,
    },
    Plan {
        plan: Label,
        closed: bool,
    },
    Ledger(Label),
    Server,
}

/// Gives what a question speaks of its labels.
struct Labels<'a> {
    mentions: &'a Mentions,
    directory: &'a Directory,
    day: Date,
    units: Vec<UnitId>,
    texts: Vec<&'a str>,
    tree: Vec<(Label, Option<Label>)>,
}

impl<'a> Labels<'a> {
    /// A unit with all that are above it.
    fn unit(&mut self, id: UnitId) -> Label {
        let mut next = Some(id);
        while let Some(id) = next.filter(|id| !self.units.contains(id)) {
            let unit = self.directory.unit(id);
            next = unit.and_then(|unit| *unit.parents.on(self.day));
            self.units.push(id);
            let parent = next.map(|parent| self.unit_label(parent));
            self.tree.push((self.unit_label(id), parent));
        }
        self.unit_label(id)
    }

    /// Of a unit that was numbered before, or is the next.
    fn unit_label(&self, id: UnitId) -> Label {
        let number = self.units.iter().position(|known| *known == id);
        let code = self.directory.unit(id).map(|unit| unit.code.as_str());
        self.entity(UNIT, code, &id, number.unwrap_or(self.units.len()))
    }

    fn units(&mut self, ids: &[UnitId]) -> Vec<Label> {
        let mut labels: Vec<Label> = ids.iter().map(|id| self.unit(*id)).collect();
        labels.sort_unstable();
        labels
    }

    /// What has no code, or none yet, goes by its id.
    fn entity(&self, kind: &str, code: Option<&str>, id: &dyn Display, number: usize) -> Label {
        let name = code.map_or_else(|| Cow::Owned(id.to_string()), Cow::Borrowed);
        match self.mentions.entity(kind, &name) {
            true => Label::Named(name.into()),
            false => Label::Number(number),
        }
    }

    /// A person or a purpose; equal ones have one label.
    fn text(&mut self, text: &'a str) -> Label {
        if self.mentions.text(text) {
            return Label::Named(text.into());
        }
        let known = self.texts.iter().position(|known| *known == text);
        Label::Number(known.unwrap_or_else(|| {
            self.texts.push(text);
            self.texts.len() - 1
        }))
    }

    fn plan(&self, plan: PlanId) -> Label {
        let code = self.directory.plan(plan).map(|plan| plan.code.as_str());
        self.entity(PLAN, code, &plan, 0)
    }
}

impl Question {
    pub(super) fn new(
        policies: &CompiledPolicies,
        asker: &Asker,
        facts: &Facts,
        directory: &Directory,
        today: Date,
    ) -> Self {
        let mut labels = Labels {
            mentions: policies.mentions(),
            directory,
            day: facts.day,
            units: Vec::new(),
            texts: Vec::new(),
            tree: Vec::new(),
        };
        let asker = match asker {
            Asker::Seat {
                code,
                role,
                units,
                person,
                acting,
                method,
            } => Who::Seat {
                seat: labels.entity(SEAT, Some(code.as_str()), code, 0),
                role: *role,
                units: labels.units(units),
                person: labels.text(person),
                acting: *acting,
                method: *method,
            },
            Asker::SignedIn { method } => Who::SignedIn { method: *method },
        };
        let resource = match &facts.resource {
            Resource::Goal(goal) => What::Goal {
                goal: labels.entity(
                    GOAL,
                    directory.goal(goal.goal).map(|entry| entry.code.as_str()),
                    &goal.goal,
                    0,
                ),
                plan: labels.plan(goal.plan),
                sections: labels.units(&goal.sections),
                department: labels.unit(goal.department),
                public: goal.public,
                closed: goal.closed,
            },
            Resource::Plan(plan) => What::Plan {
                plan: labels.plan(plan.plan),
                closed: plan.closed,
            },
            Resource::Ledger => {
                let code = directory.ledger().map(|ledger| ledger.code.as_str());
                What::Ledger(labels.entity(LEDGER, code, &"", 0))
            }
            Resource::Server => What::Server,
        };
        let told = &facts.circumstances;
        let author = told.author.as_deref().map(|name| labels.text(name));
        let proposer = told.proposer.as_deref().map(|name| labels.text(name));
        Self {
            policies: policies.sha256(),
            action: facts.action,
            asker,
            resource,
            today,
            period: told.period,
            sourced: told.sourced,
            external: told.external,
            author,
            proposer,
            on_behalf_of: told.on_behalf_of.map(|unit| labels.unit(unit)),
            purpose: told.purpose.as_deref().map(|text| labels.text(text)),
            tree: labels.tree,
        }
    }

    /// As Cedar takes it; `Err` says what does not fit the schema.
    pub(super) fn to_cedar(&self) -> Result<(Request, Entities), String> {
        let (principal, seat) = self.principal()?;
        let (resource, of) = self.resource()?;
        let action = uid(ACTION, self.action.code());
        let request = Request::new(principal, action, resource, self.context()?, Some(schema()))
            .map_err(|error| error.to_string())?;
        let units = self.tree.iter().map(|(unit, parent)| {
            let parents = parent.iter().map(|unit| labelled(UNIT, unit)).collect();
            Entity::new_no_attrs(labelled(UNIT, unit), parents)
        });
        let entities = [seat, of].into_iter().chain(units);
        let entities =
            Entities::from_entities(entities, Some(schema())).map_err(|error| error.to_string())?;
        Ok((request, entities))
    }

    fn principal(&self) -> Result<(EntityUid, Entity), String> {
        let (uid, attributes, parents) = match &self.asker {
            Who::Seat {
                seat,
                role,
                units,
                person,
                acting,
                method,
            } => {
                let attributes = HashMap::from([
                    attribute("person", text(&person.text())),
                    attribute("units", unit_set(units)),
                    attribute("acting", RestrictedExpression::new_bool(*acting)),
                    attribute("method", text(method.code())),
                ]);
                let units = units.iter().map(|unit| labelled(UNIT, unit));
                let role = uid(ROLE, role_code(*role));
                let parents: HashSet<EntityUid> = units.chain([role]).collect();
                (labelled(SEAT, seat), attributes, parents)
            }
            Who::SignedIn { method } => (
                uid(SIGNED_IN, "signed-in"),
                HashMap::from([attribute("method", text(method.code()))]),
                HashSet::new(),
            ),
        };
        let entity = Entity::new(uid.clone(), attributes, parents);
        Ok((uid, entity.map_err(|error| error.to_string())?))
    }

    fn resource(&self) -> Result<(EntityUid, Entity), String> {
        let (uid, attributes, parents) = match &self.resource {
            What::Goal {
                goal,
                plan,
                sections,
                department,
                public,
                closed,
            } => {
                let attributes = HashMap::from([
                    attribute("sections", unit_set(sections)),
                    attribute("department", unit(department)),
                    attribute("public", RestrictedExpression::new_bool(*public)),
                    attribute("closed", RestrictedExpression::new_bool(*closed)),
                ]);
                let parents = HashSet::from([labelled(PLAN, plan)]);
                (labelled(GOAL, goal), attributes, parents)
            }
            What::Plan { plan, closed } => {
                let closed = RestrictedExpression::new_bool(*closed);
                let attributes = HashMap::from([attribute("closed", closed)]);
                (labelled(PLAN, plan), attributes, HashSet::new())
            }
            What::Ledger(code) => (labelled(LEDGER, code), HashMap::new(), HashSet::new()),
            What::Server => (uid(SERVER, "server"), HashMap::new(), HashSet::new()),
        };
        let entity = Entity::new(uid.clone(), attributes, parents);
        Ok((uid, entity.map_err(|error| error.to_string())?))
    }

    fn context(&self) -> Result<Context, String> {
        let said = |label: &Option<Label>| label.as_ref().map(|label| text(&label.text()));
        let optional = [
            ("author", said(&self.author)),
            ("proposer", said(&self.proposer)),
            ("purpose", said(&self.purpose)),
            ("on_behalf_of", self.on_behalf_of.as_ref().map(unit)),
        ];
        let bool = RestrictedExpression::new_bool;
        let today = RestrictedExpression::new_long(number_of(self.today));
        let fixed = [
            attribute("today", today),
            attribute("period", text(self.period.code())),
            attribute("sourced", bool(self.sourced)),
            attribute("external", bool(self.external)),
        ];
        let optional = optional
            .into_iter()
            .filter_map(|(name, value)| Some(attribute(name, value?)));
        Context::from_pairs(fixed.into_iter().chain(optional)).map_err(|error| error.to_string())
    }

    pub(super) fn action(&self) -> Action {
        self.action
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

fn unit(label: &Label) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(labelled(UNIT, label))
}

fn unit_set(labels: &[Label]) -> RestrictedExpression {
    RestrictedExpression::new_set(labels.iter().map(unit))
}

fn labelled(kind: &'static str, label: &Label) -> EntityUid {
    uid(kind, &label.text())
}

const ACTION: &str = "Daicho::Action";
pub(super) const GOAL: &str = "Daicho::Goal";
const LEDGER: &str = "Daicho::Ledger";
const PLAN: &str = "Daicho::Plan";
const ROLE: &str = "Daicho::Role";
const SEAT: &str = "Daicho::Seat";
const SERVER: &str = "Daicho::Server";
const SIGNED_IN: &str = "Daicho::SignedIn";
const UNIT: &str = "Daicho::Unit";

fn uid(kind: &'static str, id: &str) -> EntityUid {
    static KINDS: LazyLock<HashMap<&'static str, EntityTypeName>> = LazyLock::new(|| {
        let kinds = [
            ACTION, GOAL, LEDGER, PLAN, ROLE, SEAT, SERVER, SIGNED_IN, UNIT,
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
