//! Everything that is told of a goal, an initiative or an indicator at a point, field by field, in one spelling for
//! programs.

use std::sync::Arc;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::Date;
use crate::domain::directory::Phase;
use crate::domain::evaluation::Evaluation;
use crate::domain::event::{Stream, Subject};
use crate::domain::goal::evaluation::{Judgement, NextAction};
use crate::domain::goal::{Goal, Indicator};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, UnitId};
use crate::domain::indicator::{Definition, Quantifier};
use crate::domain::target::{PlanPoint, PlanProfile};
use crate::ledger::{ReadFault, Reader};
use crate::projection::evaluation::rows::{Column, row};
use crate::projection::evaluation::said::actions;
use crate::projection::evaluation::tree::Evaluator;
use crate::projection::evaluation::{At, Judgements};
use crate::projection::wording::plain_phase;

/// A field of a portrait.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Which one, of fields that there are several of.
    pub item: Option<String>,
}

impl Field {
    fn named(name: &'static str) -> Self {
        Self { name, item: None }
    }

    /// The column of the canonical rows it is, if it is one.
    pub fn column(&self) -> Option<Column> {
        Column::ALL
            .iter()
            .copied()
            .find(|column| column.name() == self.name)
    }

    /// Whether a difference in it changes a judgement.
    pub fn judges(&self) -> bool {
        let given = matches!(self.name, "self_evaluation" | "review" | "finalisation");
        given || self.column().is_some_and(Column::judges)
    }
}

/// What is told of a subject at a point.
#[derive(Clone, Debug)]
pub struct Portrait {
    told: Vec<Told>,
    /// Where an indicator stands.
    pub evaluation: Option<Arc<Evaluation>>,
    /// What a composite is made of.
    pub components: Vec<IndicatorId>,
}

#[derive(Clone, Debug)]
struct Told {
    field: Field,
    value: String,
    /// Position of the event that said so, where one did.
    ground: Option<u64>,
}

impl Portrait {
    /// Its fields that have a value, in order.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.told.iter().map(|told| &told.field)
    }

    /// What a field says.
    pub fn value(&self, field: &Field) -> Option<&str> {
        let told = self.told.iter().find(|told| told.field == *field)?;
        Some(&told.value)
    }

    /// Position of the event that a field rests on alone, where it rests on one.
    pub fn ground(&self, field: &Field) -> Option<u64> {
        self.told.iter().find(|told| told.field == *field)?.ground
    }

    fn new() -> Self {
        Self {
            told: Vec::new(),
            evaluation: None,
            components: Vec::new(),
        }
    }

    /// These fields.
    #[cfg(test)]
    pub(super) fn of<'v>(fields: impl IntoIterator<Item = (&'static str, &'v str)>) -> Self {
        let mut portrait = Self::new();
        for (name, value) in fields {
            portrait.tell(name, value);
        }
        portrait
    }

    /// Notes a field; nothing where it is empty.
    fn tell(&mut self, name: &'static str, value: impl Into<String>) {
        self.note(Field::named(name), value.into(), None);
    }

    fn note(&mut self, field: Field, value: String, ground: Option<u64>) {
        if !value.is_empty() {
            self.told.push(Told {
                field,
                value,
                ground,
            });
        }
    }
}

/// What is told of `subject` at `at`; `None` where it does not stand in the plan then.
pub async fn portrait(
    reader: &Reader,
    at: &At,
    subject: Subject,
) -> Result<Option<Portrait>, ReadFault> {
    let mut teller = Teller {
        at,
        portrait: Portrait::new(),
    };
    let home = match subject {
        Subject::Goal(id) => teller.goal(id).then_some(id),
        Subject::Initiative(id) => teller.initiative(id),
        Subject::Indicator(id) => {
            let Some(home) = teller.wording_of_indicator(id) else {
                return Ok(None);
            };
            let alone = Evaluator::new(reader, at).alone(id).await?;
            let Some(found) = alone.as_ref().and_then(|goal| goal.placed().next()) else {
                return Ok(None);
            };
            let (goal, initiative, indicator) = found;
            let row = row(at, goal, initiative, indicator);
            for column in Column::ALL.iter().copied().filter(|c| is_told(*c)) {
                let against = match column {
                    Column::Target => indicator.evaluation.current.as_ref(),
                    Column::FirstTarget => indicator.evaluation.first.as_ref(),
                    _ => None,
                };
                let ground = against.map(|against| against.target.position);
                let field = Field::named(column.name());
                teller
                    .portrait
                    .note(field, row.cell(column).to_owned(), ground);
            }
            teller
                .portrait
                .tell("defined_from", indicator.defined_from.to_string());
            teller.definition(&indicator.definition);
            teller.portrait.evaluation = Some(indicator.evaluation.clone());
            teller.portrait.components = indicator.definition.components.clone();
            Some(home)
        }
    };
    let Some(home) = home else { return Ok(None) };
    let state = reader.stream_covering(Stream::goal(home), at.known_at);
    let state = state.await?;
    if let Subject::Indicator(id) = subject
        && let Some(indicator) = state.goal.indicator(id)
    {
        teller.lines(indicator);
    }
    teller.said(&state.goal, subject);
    Ok(Some(teller.portrait))
}

/// Whether a column says something of the subject, rather than of the answer or of single events.
fn is_told(column: Column) -> bool {
    !column.identifies()
        && !matches!(
            column,
            Column::TargetEventId
                | Column::TargetPosition
                | Column::Entries
                | Column::LastEventPosition
        )
}

struct Teller<'a> {
    at: &'a At,
    portrait: Portrait,
}

impl Teller<'_> {
    fn on(&self) -> Date {
        self.at.effective_on
    }

    fn unit(&self, unit: UnitId) -> String {
        let unit = self.at.directory.unit(unit);
        unit.map_or_else(String::new, |unit| unit.code.to_string())
    }

    fn units(&self, units: &[UnitId]) -> String {
        let mut codes: Vec<String> = units.iter().map(|unit| self.unit(*unit)).collect();
        codes.sort_unstable();
        codes.join(";")
    }

    /// Tells a goal; `false` where it does not stand in the plan.
    fn goal(&mut self, id: GoalId) -> bool {
        let (directory, on) = (self.at.directory.clone(), self.on());
        let Some(entry) = directory.goal(id) else {
            return false;
        };
        if entry.plan != self.at.plan.id || !entry.stands_on(on) {
            return false;
        }
        self.wording(entry.worded_on(on), entry.phase_on(on));
        let place = entry.placed_on(on);
        self.portrait
            .tell("department", self.unit(place.department));
        self.portrait.tell("pillar", place.pillar.to_string());
        let initiatives = directory.initiatives_of_on(id, on);
        let codes = initiatives.filter_map(|id| Some(directory.initiative(id)?.code.to_string()));
        let codes = codes.collect::<Vec<_>>().join(";");
        self.portrait.tell("initiatives", codes);
        true
    }

    /// Tells an initiative, and where its history is.
    fn initiative(&mut self, id: InitiativeId) -> Option<GoalId> {
        let (directory, on) = (self.at.directory.clone(), self.on());
        let entry = directory
            .initiative(id)
            .filter(|entry| entry.stands_on(on))?;
        let place = entry.placed_on(on);
        let goal = directory.goal(place.goal)?;
        if goal.plan != self.at.plan.id || !goal.stands_on(on) {
            return None;
        }
        self.wording(entry.worded_on(on), entry.phase_on(on));
        let responsible = entry.responsible_on(on);
        self.portrait.tell("goal", goal.code.to_string());
        self.portrait.tell("number", place.number.to_string());
        self.portrait.tell("lead", self.unit(responsible.lead));
        self.portrait
            .tell("contributing", self.units(&responsible.contributing));
        let indicators = directory.indicators_of_on(id, on);
        let codes = indicators.filter_map(|id| Some(directory.indicator(id)?.code.to_string()));
        let codes = codes.collect::<Vec<_>>().join(";");
        self.portrait.tell("indicators", codes);
        Some(entry.home)
    }

    fn wording_of_indicator(&mut self, id: IndicatorId) -> Option<GoalId> {
        let (directory, on) = (self.at.directory.clone(), self.on());
        let entry = directory
            .indicator(id)
            .filter(|entry| entry.stands_on(on))?;
        self.wording(entry.worded_on(on), entry.phase_on(on));
        Some(entry.home)
    }

    fn wording(&mut self, wording: &crate::domain::directory::Wording, phase: Phase) {
        self.portrait.tell("title", wording.title.ja.to_string());
        self.portrait
            .tell("source_text", wording.source_text.to_string());
        self.portrait.tell("phase", plain_phase(phase));
    }

    /// How an indicator is measured, beyond what the canonical rows say.
    fn definition(&mut self, definition: &Definition) {
        let yes = |yes: bool| if yes { "true" } else { "" };
        let bound = |bound: Option<crate::domain::quantity::Quantity>| {
            bound.map(|bound| bound.to_string()).unwrap_or_default()
        };
        let entry_kind = definition.entry_kind.map_or("", |kind| kind.code());
        let quantifier = match definition.quantifier {
            Quantifier::Single => String::new(),
            Quantifier::ForAll => "FOR_ALL".to_owned(),
            Quantifier::AtLeastN(least) => format!("AT_LEAST_{least}"),
        };
        let domain = &definition.domain;
        let integer = if domain.integer { " integer" } else { "" };
        let domain = match (domain.min, domain.max) {
            (None, None) => integer.trim().to_owned(),
            (min, max) => format!("{}..{}{integer}", bound(min), bound(max)),
        };
        let window = definition.active_window;
        let window = window.map(|window| format!("{}..{}", window.first(), window.last()));
        let settled = definition.settlement_until;
        let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
        let parts = definition.parts.iter().map(|part| match part.weight {
            Some(weight) => format!("{}={weight}", part.key),
            None => part.key.to_string(),
        });
        let members = definition
            .members
            .iter()
            .map(|member| match (member.from, member.until) {
                (None, None) => member.key.to_string(),
                (from, until) => format!("{}@{}..{}", member.key, day(from), day(until)),
            });
        let checkpoints = definition.checkpoints.iter().map(|checkpoint| {
            let weight = bound(checkpoint.weight);
            format!("{}@{}={weight}", checkpoint.key, day(checkpoint.due))
        });
        let components = definition.components.iter();
        let components = components.filter_map(|id| {
            let indicator = self.at.directory.indicator(*id)?;
            Some(indicator.code.to_string())
        });
        let joined = |values: Vec<String>| values.join(";");
        let rubric = definition.rubric.as_ref();
        let rubric = rubric.map(|rubric| format!("{}@{}", rubric.code, rubric.version));
        let told = [
            ("entry_kind", entry_kind.to_owned()),
            ("agg_time", definition.agg_time.code().to_owned()),
            ("agg_space", definition.agg_space.code().to_owned()),
            ("quantifier", quantifier),
            ("per_month", yes(definition.per_month).to_owned()),
            (
                "attainment_basis",
                definition.attainment_basis.code().to_owned(),
            ),
            ("domain", domain),
            ("demand_driven", yes(definition.demand_driven).to_owned()),
            ("active_window", window.unwrap_or_default()),
            ("settlement_until", day(settled)),
            ("parts", joined(parts.collect())),
            ("members", joined(members.collect())),
            ("checkpoints", joined(checkpoints.collect())),
            ("components", joined(components.collect())),
            ("rubric", rubric.unwrap_or_default()),
        ];
        for (name, value) in told {
            self.portrait.tell(name, value);
        }
    }

    /// The planned line, and the day of the baseline.
    fn lines(&mut self, indicator: &Indicator) {
        let cut = Cut::on(self.on()).known_at(self.at.known_at);
        if let Some(line) = indicator.profile_at(cut) {
            let profile = &line.value.profile;
            let point = |point: &PlanPoint| format!("{}={}", point.date, point.value);
            let points = match profile {
                PlanProfile::Monthly(points) | PlanProfile::Reference(points) => points.as_slice(),
                PlanProfile::Linear
                | PlanProfile::Steps
                | PlanProfile::AtEnd
                | PlanProfile::None => &[],
            };
            let mut cells = vec![profile.code().to_owned()];
            cells.extend(points.iter().map(point));
            cells.extend(line.value.assumed.then(|| "assumed".to_owned()));
            let field = Field::named("plan_profile");
            self.portrait
                .note(field, cells.join(";"), Some(line.position));
        }
        if let Some(baseline) = indicator.baseline_at(cut) {
            let field = Field::named("baseline_as_of");
            let day = baseline.value.as_of.to_string();
            self.portrait.note(field, day, Some(baseline.position));
        }
    }

    /// What people said of the subject in the period of D, and agreed to do next.
    fn said(&mut self, home: &Goal, subject: Subject) {
        let known = self.at.known_at;
        let period = self.at.period().map(|period| period.key.clone());
        let judgements = match period {
            Some(period) => Judgements::of(home, subject, &period, known),
            None => Judgements::default(),
        };
        let Judgements {
            self_evaluated,
            reviewed,
            finalised,
        } = judgements;
        for (names, judgement) in [
            (
                [
                    "self_evaluation",
                    "self_evaluation_cause",
                    "self_evaluation_comment",
                ],
                self_evaluated,
            ),
            (["review", "review_cause", "review_comment"], reviewed),
            (
                ["finalisation", "finalisation_cause", "finalisation_comment"],
                finalised,
            ),
        ] {
            if let Some(judgement) = judgement {
                self.judgement(names, &judgement);
            }
        }
        for action in actions(home, known, |of| of == subject) {
            self.action(&action);
        }
    }

    fn judgement(&mut self, [grade, cause, comment]: [&'static str; 3], judgement: &Judgement) {
        let position = Some(judgement.position);
        let given = judgement.grade.as_ref();
        let given = given.map_or_else(|| "-".to_owned(), ToString::to_string);
        self.portrait.note(Field::named(grade), given, position);
        let code = judgement.cause.map_or("", |cause| cause.code());
        self.portrait
            .note(Field::named(cause), code.to_owned(), position);
        let words = judgement.comment.as_ref();
        let words = words.map(ToString::to_string).unwrap_or_default();
        self.portrait.note(Field::named(comment), words, position);
    }

    fn action(&mut self, action: &NextAction) {
        let field = Field {
            name: "next_action",
            item: Some(action.id.to_string()),
        };
        let ended = action.closed.as_ref();
        let ended = ended.map_or("OPEN", |closed| closed.outcome.code());
        let owner = self.unit(action.owner_unit);
        let (kind, due, text) = (action.kind.code(), action.due, &action.text);
        let position = action
            .closed
            .as_ref()
            .map_or(action.position, |closed| closed.position);
        let value = format!("{kind} {owner} {due} {ended}: {text}");
        self.portrait.note(field, value, Some(position));
    }
}
