//! From an understood plan to the events that set it.
//!
//! Ids are derived from the ledger, the year and where a thing stands, so that importing twice adds
//! nothing and a corrected file keeps the ids of all that stays where it was.

use sha2::{Digest, Sha256};

use self::text::{title, title_of_sentence, titles_of_part};
use self::units::Units;
use super::proposal::Proposal;
use super::text::key;
use super::understood::{Criterion, Department, Goal, Initiative, Pillar as PillarOfPlan, Plan};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::era::EraDate;
use crate::domain::event::{
    BaselineSet, Event, GoalSet, ImportAccepted, IndicatorDefined, InitiativeSet, NarrativeAdded,
    NarrativeKind, Payload, PlanProfileSet, PlanPublished, Stream, Subject, TargetSet, Validity,
};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{EventId, GoalId, IndicatorId, InitiativeId, LedgerId, PlanId, UnitId};
use crate::domain::indicator::MeasureType;
use crate::domain::plan::Pillar;
use crate::domain::target::{Baseline, PlanProfile};
use crate::domain::text::{Name, Text};

mod definition;
mod text;
mod units;

/// Version of the reading that [`ImportAccepted`] names: another one may understand a file otherwise.
pub const MAPPING_VERSION: u32 = 1;

/// Most events of one batch of [`batches`]; a ledger takes twice as many in a request.
pub const BATCH_EVENTS_MAX: usize = 500;

/// The file that a plan was read from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SourceFile {
    /// Its name, without a folder.
    pub name: Name,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
}

impl SourceFile {
    /// A file with its digest.
    pub fn new(name: Name, bytes: &[u8]) -> Self {
        Self {
            name,
            sha256: Sha256::digest(bytes).into(),
        }
    }
}

/// Something in a plan that cannot become an event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Obstacle {
    /// Where: the code that it has or would have.
    pub code: String,
    /// Why, in English, lower case, no full stop.
    pub message: String,
}

/// The id of a year's plan in a ledger.
pub fn plan_id(ledger: LedgerId, year: FiscalYear) -> PlanId {
    PlanId::derived(ledger.uuid(), &format!("plan/{}", year.year()))
}

/// The id of a unit that an import registers in a ledger.
pub fn unit_id(ledger: LedgerId, code: &Code) -> UnitId {
    UnitId::derived(ledger.uuid(), &format!("unit/{code}"))
}

/// The events that set a plan in a ledger, in an order in which each may be appended, or everything that
/// stands in the way.
///
/// `registered` tells which unit a code names already; other units are registered.
pub fn events(
    plan: &Plan,
    file: &SourceFile,
    ledger: LedgerId,
    registered: impl Fn(&Code) -> Option<UnitId>,
) -> Result<Vec<Event>, Vec<Obstacle>> {
    let mut mapping = Mapping {
        plan: plan_id(ledger, plan.head.fiscal_year),
        ledger,
        year: plan.head.fiscal_year,
        code: plan.head.code.clone(),
        events: Vec::new(),
        obstacles: Vec::new(),
        indicators: 0,
    };
    mapping.plan(plan, file);
    let units = mapping.units(plan, &registered);
    for department in &plan.departments {
        for pillar in &department.pillars {
            for (ordinal, goal) in (1..).zip(&pillar.goals) {
                mapping.goal(department, pillar, ordinal, goal, &units);
            }
        }
    }
    mapping.accepted(plan, file);
    if mapping.obstacles.is_empty() {
        Ok(mapping.events)
    } else {
        Err(mapping.obstacles)
    }
}

/// Cuts events into requests of at most [`BATCH_EVENTS_MAX`], each of whole goals where that is possible.
pub fn batches(events: Vec<Event>) -> Vec<Vec<Event>> {
    let mut batches: Vec<Vec<Event>> = Vec::new();
    let mut block: Vec<Event> = Vec::new();
    let mut add = |block: &mut Vec<Event>| {
        match batches.last_mut() {
            Some(last) if last.len() + block.len() <= BATCH_EVENTS_MAX => last.append(block),
            _ => batches.push(std::mem::take(block)),
        }
        block.clear();
    };
    for event in events {
        let begins = matches!(event.payload, Payload::GoalSet(_));
        if !block.is_empty() && (begins || block.len() == BATCH_EVENTS_MAX) {
            add(&mut block);
        }
        block.push(event);
    }
    if !block.is_empty() {
        add(&mut block);
    }
    batches
}

/// A mapping in progress.
struct Mapping {
    ledger: LedgerId,
    plan: PlanId,
    year: FiscalYear,
    /// What goal codes begin with.
    code: String,
    events: Vec<Event>,
    obstacles: Vec<Obstacle>,
    indicators: u32,
}

impl Mapping {
    /// Keeps a value, or notes why there is none.
    fn keep<T, E: std::fmt::Display>(&mut self, code: &str, value: Result<T, E>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(error) => {
                let obstacle = Obstacle {
                    code: code.to_owned(),
                    message: error.to_string(),
                };
                if !self.obstacles.contains(&obstacle) {
                    self.obstacles.push(obstacle);
                }
                None
            }
        }
    }

    /// Adds an event of the plan. `about` tells it from others of its type.
    fn push(&mut self, stream: Stream, about: &str, payload: impl Into<Payload>) {
        let payload: Payload = payload.into();
        let id = format!("{}/{about}", payload.event_type().code());
        self.push_as(EventId::derived(self.plan.uuid(), &id), stream, payload);
    }

    /// Adds an event, from the first day of the year on.
    fn push_as(&mut self, id: EventId, stream: Stream, payload: Payload) {
        // The record of an import is itself the fact; all else holds for days.
        let valid = match payload {
            Payload::ImportAccepted(_) => None,
            _ => Some(Validity::from(self.year.first_day())),
        };
        self.events.push(Event {
            valid,
            ..Event::new(id, stream, payload)
        });
    }

    fn plan(&mut self, plan: &Plan, file: &SourceFile) {
        let code = self.code.clone();
        let last = plan
            .head
            .pillars
            .iter()
            .map(|pillar| pillar.number)
            .max()
            .unwrap_or_default();
        let mut pillars = Vec::new();
        for number in 1..=last {
            let known = plan
                .head
                .pillars
                .iter()
                .find(|pillar| pillar.number == number);
            let unnamed = format!("({number})");
            let ja = known.map_or(unnamed.as_str(), |pillar| &pillar.title);
            let en = known.and_then(|pillar| pillar.title_en.as_deref());
            if let Some(title) = self.keep(&format!("{code} ({number})"), title_of_sentence(ja, en))
            {
                pillars.push(Pillar { number, title });
            }
        }
        let english = format!("Organisational priority goals, {}", self.year.label_en());
        let title = self.keep(&code, title(&plan.head.title, Some(&english)));
        let parsed = self.keep(&code, Code::parse(&code));
        if let (Some(title), Some(code)) = (title, parsed) {
            let payload = PlanPublished {
                plan: self.plan,
                code,
                title,
                cycle: self.year.span(),
                pillars,
                source_sha256: Some(file.sha256),
            };
            self.push(Stream::plan(self.plan), "", payload);
        }
    }

    fn goal(
        &mut self,
        department: &Department,
        pillar: &PillarOfPlan,
        ordinal: u32,
        goal: &Goal,
        units: &Units,
    ) {
        let path = format!("{}/{}-{ordinal}", department.name, pillar.number);
        let code = goal
            .code
            .clone()
            .unwrap_or_else(|| format!("{}/{path}", self.code));
        let id = GoalId::derived(self.plan.uuid(), &key(&path));
        let parsed = self.keep(&code, Code::parse(&code));
        let title = self.keep(
            &code,
            title_of_sentence(&goal.text, goal.title_en.as_deref()),
        );
        let source_text = self.keep(&code, Text::parse(&goal.text));
        let own = units.find(&department.name, "");
        if let (Some(parsed), Some(title), Some(source_text), Some(department)) =
            (parsed, title, source_text, own)
        {
            let payload = GoalSet {
                goal: id,
                plan: self.plan,
                code: parsed,
                department,
                pillar: pillar.number,
                title,
                source_text,
                continues: goal.continued().map(|ids| ids.goal),
            };
            self.push(Stream::goal(id), &key(&path), payload);
        }
        let place = Place {
            goal: id,
            code,
            path: key(&path),
        };
        for initiative in &goal.initiatives {
            self.initiative(&place, &department.name, initiative, units);
        }
    }

    fn initiative(
        &mut self,
        goal: &Place,
        department: &str,
        initiative: &Initiative,
        units: &Units,
    ) {
        let number = initiative.number;
        let (code, path) = (
            format!("{}/{number}", goal.code),
            format!("{}/{number}", goal.path),
        );
        let id = InitiativeId::derived(self.plan.uuid(), &path);
        let parsed = self.keep(&code, Code::parse(&code));
        let title = self.keep(
            &code,
            title_of_sentence(&initiative.text, initiative.title_en.as_deref()),
        );
        let source_text = self.keep(&code, Text::parse(&initiative.text));
        // Without a section the department itself answers.
        let own = units.find(department, "");
        let mut answering: Vec<UnitId> = Vec::new();
        for unit in initiative
            .sections
            .iter()
            .filter_map(|section| units.find(department, section))
        {
            if !answering.contains(&unit) {
                answering.push(unit);
            }
        }
        let lead = answering.first().copied().or(own);
        let references = initiative.references.iter();
        let references = references
            .filter_map(|reference| self.keep(&code, reference.external()))
            .collect();
        if let (Some(parsed), Some(title), Some(source_text), Some(lead_unit)) =
            (parsed, title, source_text, lead)
        {
            let payload = InitiativeSet {
                initiative: id,
                goal: goal.goal,
                number,
                code: parsed,
                title,
                source_text,
                lead_unit,
                contributing_units: answering.into_iter().skip(1).collect(),
                continues: initiative.continued().map(|ids| ids.initiative),
                references,
            };
            self.push(Stream::goal(goal.goal), &path, payload);
        }
        for (ordinal, criterion) in (1_u32..).zip(&initiative.criteria) {
            self.criterion(goal, id, &format!("{number}.{ordinal}"), criterion);
        }
    }

    fn criterion(
        &mut self,
        goal: &Place,
        initiative: InitiativeId,
        ordinal: &str,
        criterion: &Criterion,
    ) {
        let parts = &criterion.proposal.parts;
        if parts.is_empty() {
            let titles = (criterion.proposal.label.clone(), criterion.title_en.clone());
            return self.indicator(
                goal,
                initiative,
                ordinal,
                criterion,
                &criterion.proposal,
                titles,
            );
        }
        for (index, letter) in ('a'..='z').enumerate().take(parts.len()) {
            let ordinal = format!("{ordinal}{letter}");
            let titles = titles_of_part(criterion, index);
            self.indicator(goal, initiative, &ordinal, criterion, &parts[index], titles);
        }
    }

    fn indicator(
        &mut self,
        goal: &Place,
        initiative: InitiativeId,
        ordinal: &str,
        criterion: &Criterion,
        proposal: &Proposal,
        (ja, en): (String, Option<String>),
    ) {
        let (code, path) = (
            format!("{}/{ordinal}", goal.code),
            format!("{}/{ordinal}", goal.path),
        );
        let indicator = IndicatorId::derived(self.plan.uuid(), &path);
        let parsed = self.keep(&code, Code::parse(&code));
        let title = self.keep(&code, title(&ja, en.as_deref()));
        let source_text = self.keep(&code, Text::parse(&criterion.text));
        let definition = self.keep(&code, definition::definition(proposal));
        let continued = proposal.continues.as_ref().and_then(|own| own.ids);
        let (Some(parsed), Some(title), Some(source_text), Some(definition)) =
            (parsed, title, source_text, definition)
        else {
            return;
        };
        self.indicators += 1;
        let stream = Stream::goal(goal.goal);
        let defined = IndicatorDefined {
            indicator,
            initiative,
            code: parsed,
            title,
            source_text,
            definition,
            continues: continued.map(|ids| ids.indicator),
        };
        self.push(stream, &path, defined);
        let target = definition::target(proposal);
        let has_target = target.is_some();
        if let Some(target) = target {
            self.push(stream, &path, TargetSet { indicator, target });
        }
        if let Some((profile, assumed)) =
            definition::profile(proposal, self.year).filter(|_| has_target)
        {
            if proposal.monthly_plan.last().copied() != proposal.target.value
                && matches!(profile, PlanProfile::Monthly(_))
            {
                let message = "the plan by month does not end at the target".to_owned();
                self.obstacles.push(Obstacle {
                    code: code.clone(),
                    message,
                });
            }
            self.push(
                stream,
                &path,
                PlanProfileSet {
                    indicator,
                    profile,
                    assumed,
                },
            );
        }
        if let Some(baseline) = proposal.baseline {
            let baseline = Baseline {
                value: baseline.value,
                as_of: baseline.as_of,
                source: None,
            };
            self.push(
                stream,
                &path,
                BaselineSet {
                    indicator,
                    baseline,
                },
            );
        }
        let late = proposal
            .target
            .due_date
            .filter(|due| self.year.last_day() < *due);
        if let Some(due) = late.filter(|_| proposal.measure_type != MeasureType::Milestone) {
            self.note_due(stream, indicator, &code, &path, due);
        }
    }

    /// A number that is due after the year has no place for its day in a target: a note tells it.
    fn note_due(
        &mut self,
        stream: Stream,
        indicator: IndicatorId,
        code: &str,
        path: &str,
        due: Date,
    ) {
        let words = format!("期限は{}（計画年度の後）です。", EraDate::new(due));
        if let Some(text) = self.keep(code, Text::parse(&words)) {
            let subject = Subject::Indicator(indicator);
            self.push(
                stream,
                path,
                NarrativeAdded {
                    subject,
                    kind: NarrativeKind::Note,
                    text: text.into(),
                },
            );
        }
    }

    fn accepted(&mut self, plan: &Plan, file: &SourceFile) {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let payload = ImportAccepted {
            plan: self.plan,
            file_sha256: file.sha256,
            file_name: file.name.clone(),
            goals: count(plan.goals().count()),
            initiatives: count(plan.initiatives().count()),
            indicators: self.indicators,
            mapping_version: MAPPING_VERSION,
        };
        self.push(Stream::plan(self.plan), &hex::encode(file.sha256), payload);
    }
}

/// Where a goal stands: what the codes and ids below it begin with.
struct Place {
    goal: GoalId,
    code: String,
    path: String,
}
