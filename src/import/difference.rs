//! What a corrected file would change: what stands in a ledger beside what a file says.
//!
//! Both sides are brought to an [`Outline`], so the comparison knows nothing of where they come from.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;
use uuid::Uuid;

use crate::domain::directory::{Directory, Phase};
use crate::domain::event::{Event, Payload};
use crate::domain::goal::Goal;
use crate::domain::id::{GoalId, PlanId, UnitId};
use crate::domain::indicator::{Comparator, Definition, Quantifier};
use crate::domain::target::{Aim, Target};

/// The goals, initiatives and indicators of a plan with what each says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Outline {
    items: Vec<Item>,
}

/// One goal, initiative or indicator.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Item {
    id: Uuid,
    kind: ItemKind,
    code: String,
    facts: Vec<(Field, String)>,
}

/// What changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ItemKind {
    /// A goal (組織目標).
    Goal,
    /// An initiative (取組内容).
    Initiative,
    /// An indicator (目標達成基準).
    Indicator,
}

/// What of it changes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Field {
    /// The text.
    Text,
    /// The department that set a goal.
    Department,
    /// The pillar a goal stands under.
    Pillar,
    /// The sections that answer for an initiative, the first one leading.
    Sections,
    /// How an indicator is measured.
    Measure,
    /// What it is measured in.
    Unit,
    /// What is aimed at.
    Target,
}

/// One difference.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    /// Code of the goal, initiative or indicator.
    pub code: String,
    /// What it is.
    pub item: ItemKind,
    /// What is different about it.
    #[serde(flatten)]
    pub what: What,
}

/// What is different.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(tag = "change", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum What {
    /// Only the file has it.
    Added {
        /// Its text.
        text: String,
    },
    /// Only the ledger has it.
    Removed {
        /// Its text.
        text: String,
    },
    /// Both have it, and say different things.
    Changed {
        /// About what.
        field: Field,
        /// In the ledger.
        before: String,
        /// In the file.
        after: String,
    },
}

/// Everything in which `after` differs from `before`, in the order of `after`, removals last.
pub fn difference(before: &Outline, after: &Outline) -> Vec<Change> {
    let known: HashMap<Uuid, &Item> = before.items.iter().map(|item| (item.id, item)).collect();
    let mut changes = Vec::new();
    for item in &after.items {
        let Some(old) = known.get(&item.id) else {
            changes.push(item.change(What::Added { text: item.text() }));
            continue;
        };
        for (field, after) in &item.facts {
            let before = old.fact(*field).unwrap_or_default();
            if before != after {
                let (before, after) = (before.to_owned(), after.clone());
                changes.push(item.change(What::Changed {
                    field: *field,
                    before,
                    after,
                }));
            }
        }
    }
    let still: HashMap<Uuid, ()> = after.items.iter().map(|item| (item.id, ())).collect();
    let gone = before
        .items
        .iter()
        .filter(|item| !still.contains_key(&item.id));
    changes.extend(gone.map(|item| item.change(What::Removed { text: item.text() })));
    changes
}

impl Item {
    fn fact(&self, field: Field) -> Option<&str> {
        self.facts
            .iter()
            .find(|(found, _)| *found == field)
            .map(|(_, text)| text.as_str())
    }

    fn text(&self) -> String {
        self.fact(Field::Text).unwrap_or_default().to_owned()
    }

    fn change(&self, what: What) -> Change {
        Change {
            code: self.code.clone(),
            item: self.kind,
            what,
        }
    }
}

impl Outline {
    /// The outline of the events that would set a plan; `directory` names the units they do not register.
    pub fn of_events(events: &[Event], directory: &Directory) -> Self {
        let mut outline = Self::default();
        let mut units: HashMap<UnitId, String> = HashMap::new();
        for event in events {
            let name = |unit: &UnitId| {
                units
                    .get(unit)
                    .cloned()
                    .unwrap_or_else(|| unit_name(directory, *unit))
            };
            match &event.payload {
                Payload::OrgUnitRegistered(p) => {
                    units.insert(p.unit, p.name.ja.as_str().to_owned());
                }
                Payload::GoalSet(p) => outline.items.push(Item {
                    id: p.goal.uuid(),
                    kind: ItemKind::Goal,
                    code: p.code.to_string(),
                    facts: goal_facts(p.source_text.as_str(), name(&p.department), p.pillar),
                }),
                Payload::InitiativeSet(p) => {
                    let sections = std::iter::once(&p.lead_unit).chain(&p.contributing_units);
                    let sections: Vec<String> = sections.map(name).collect();
                    outline.items.push(Item {
                        id: p.initiative.uuid(),
                        kind: ItemKind::Initiative,
                        code: p.code.to_string(),
                        facts: initiative_facts(p.source_text.as_str(), &sections),
                    });
                }
                Payload::IndicatorDefined(p) => outline.items.push(Item {
                    id: p.indicator.uuid(),
                    kind: ItemKind::Indicator,
                    code: p.code.to_string(),
                    facts: indicator_facts(p.source_text.as_str(), &p.definition, None),
                }),
                Payload::TargetSet(p) => {
                    let of = |item: &&mut Item| item.id == p.indicator.uuid();
                    if let Some(item) = outline.items.iter_mut().rev().find(of) {
                        item.facts.retain(|(field, _)| *field != Field::Target);
                        item.facts.push((Field::Target, words(&p.target)));
                    }
                }
                _ => {}
            }
        }
        outline
    }

    /// The outline of what stands in a ledger for a plan. `goal` gives the state of a goal's stream.
    ///
    /// What was given up is left out; targets are those decided last.
    pub fn of_ledger(
        directory: &Directory,
        plan: PlanId,
        goal: impl Fn(GoalId) -> Option<Goal>,
    ) -> Self {
        let mut outline = Self::default();
        for goal_id in directory.goals_of(plan) {
            let Some(entry) = directory
                .goal(goal_id)
                .filter(|entry| stands(entry.phase()))
            else {
                continue;
            };
            let department = unit_name(directory, entry.department());
            outline.items.push(Item {
                id: goal_id.uuid(),
                kind: ItemKind::Goal,
                code: entry.code.to_string(),
                facts: goal_facts(entry.source_text().as_str(), department, entry.pillar()),
            });
            for initiative_id in directory.initiatives_of(goal_id) {
                let found = directory.initiative(initiative_id);
                let Some(initiative) = found.filter(|entry| stands(entry.phase())) else {
                    continue;
                };
                let responsible = initiative.responsible();
                let sections: Vec<String> = responsible
                    .units()
                    .map(|unit| unit_name(directory, unit))
                    .collect();
                outline.items.push(Item {
                    id: initiative_id.uuid(),
                    kind: ItemKind::Initiative,
                    code: initiative.code.to_string(),
                    facts: initiative_facts(initiative.source_text().as_str(), &sections),
                });
                for indicator_id in directory.indicators_of(initiative_id) {
                    let found = directory.indicator(indicator_id);
                    let Some(entry) = found.filter(|entry| stands(entry.phase())) else {
                        continue;
                    };
                    let Some(home) = goal(entry.home) else {
                        continue;
                    };
                    let Some(indicator) = home.indicator(indicator_id) else {
                        continue;
                    };
                    let Some(definition) = indicator.definition() else {
                        continue;
                    };
                    let target = indicator.targets.last().map(|version| &version.target);
                    outline.items.push(Item {
                        id: indicator_id.uuid(),
                        kind: ItemKind::Indicator,
                        code: entry.code.to_string(),
                        facts: indicator_facts(
                            indicator.source_text().as_str(),
                            definition,
                            target,
                        ),
                    });
                }
            }
        }
        outline
    }

    /// How many goals, initiatives and indicators there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

fn stands(phase: Phase) -> bool {
    match phase {
        Phase::Active | Phase::Suspended(_) => true,
        Phase::Cancelled(_) | Phase::CarriedOver(_) => false,
    }
}

fn unit_name(directory: &Directory, unit: UnitId) -> String {
    let found = directory.unit(unit);
    let name = found.map(|unit| unit.latest().name.ja.as_str().to_owned());
    name.unwrap_or_else(|| unit.to_string())
}

fn goal_facts(text: &str, department: String, pillar: u32) -> Vec<(Field, String)> {
    vec![
        (Field::Text, text.to_owned()),
        (Field::Department, department),
        (Field::Pillar, pillar.to_string()),
    ]
}

fn initiative_facts(text: &str, sections: &[String]) -> Vec<(Field, String)> {
    vec![
        (Field::Text, text.to_owned()),
        (Field::Sections, sections.join("、")),
    ]
}

fn indicator_facts(
    text: &str,
    definition: &Definition,
    target: Option<&Target>,
) -> Vec<(Field, String)> {
    vec![
        (Field::Text, text.to_owned()),
        (Field::Measure, measure(definition)),
        (Field::Unit, definition.unit.display_ja.clone()),
        (Field::Target, target.map(words).unwrap_or_default()),
    ]
}

/// How an indicator is measured, in stable codes.
fn measure(definition: &Definition) -> String {
    let quantifier = match definition.quantifier {
        Quantifier::Single => "",
        Quantifier::ForAll => " FOR_ALL",
        Quantifier::AtLeastN(_) => " AT_LEAST_N",
    };
    let per = if definition.per_month {
        " PER_MONTH"
    } else {
        ""
    };
    let comparator: Comparator = definition.comparator;
    format!(
        "{} {}{quantifier}{per}",
        definition.measure_type.code(),
        comparator.code()
    )
}

/// A target in a few words.
fn words(target: &Target) -> String {
    let whole = match target.aim {
        Aim::Value(value) => value.to_string(),
        Aim::AllMembers => "ALL".to_owned(),
        Aim::Range { lower, upper } => format!("{lower}..{upper}"),
        Aim::Approximate { value, tolerance } => format!("{value} -{tolerance}"),
        Aim::Done { due, end_state } => format!("{} {due}", end_state.code()),
        Aim::RubricLevel(level) => format!("LEVEL {level}"),
        Aim::Components => "COMPONENTS".to_owned(),
    };
    let parts = target
        .parts
        .iter()
        .map(|part| format!(" {}={}", part.part, part.value));
    parts.fold(whole, |words, part| words + &part)
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            What::Added { text } => write!(f, "+ {} {text}", self.code),
            What::Removed { text } => write!(f, "- {} {text}", self.code),
            What::Changed {
                field,
                before,
                after,
            } => {
                write!(f, "~ {} {field:?}: {before} -> {after}", self.code)
            }
        }
    }
}
