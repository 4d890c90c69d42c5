//! Evaluating: from a plan at (D, K) to the tree of everything that stands in it.

use std::collections::{BTreeMap, HashMap};
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::available_parallelism;

use tokio::task::JoinSet;

use crate::domain::actual::aggregate::{Cut, count_at};
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Phase};
use crate::domain::evaluation::{Evaluation, Question, evaluate};
use crate::domain::event::{Stream, Subject};
use crate::domain::goal::Indicator;
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, PlanId, UnitId};
use crate::domain::indicator::MeasureType;
use crate::domain::reporting::Calendar;
use crate::ledger::{ReadFault, Reader, StreamState};
use crate::projection::evaluation::said::{Judgements, actions};
use crate::projection::evaluation::{
    At, GoalEvaluation, IndicatorEvaluation, InitiativeEvaluation, PlanEvaluation,
};

/// Goals that one task takes at once.
const GOALS_OF_SHARE: usize = 64;

/// Reports looked at before others get a turn: about a millisecond of work, so that whoever reports meanwhile does not wait.
const REPORTS_AT_ONCE: usize = 4_096;

/// An indicator costs what so many reports do, however few it has.
const REPORTS_OF_INDICATOR: usize = 64;

/// Evaluates everything that stands in the plan of `at`.
///
/// Reads the newest state of each goal's stream, which knows every earlier one, so any K costs the same. Large plans are
/// evaluated on all cores. Dropped, it stops at the next goals.
pub async fn evaluate_plan(reader: &Arc<Reader>, at: At) -> Result<PlanEvaluation, ReadFault> {
    let ids: Arc<[GoalId]> = in_order(&at.directory, at.plan.id, at.effective_on).into();
    let cores = available_parallelism().map_or(1, NonZero::get);
    let next_share = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    // No more tasks than cores: others wait for a turn of each of them.
    for _ in 0..cores.min(ids.len().div_ceil(GOALS_OF_SHARE)) {
        let (reader, at) = (reader.clone(), at.clone());
        let (ids, next_share) = (ids.clone(), next_share.clone());
        tasks.spawn(async move { evaluate_shares(&reader, &at, &ids, &next_share).await });
    }
    let mut found = BTreeMap::new();
    while let Some(shares) = tasks.join_next().await {
        found.extend(shares.unwrap_or_else(|error| resume_unwind(error.into_panic()))?);
    }
    let goals = found.into_values().flatten().collect();
    Ok(PlanEvaluation { at, goals })
}

/// Evaluates shares of `ids` as long as there is one that nobody has taken, and tells which.
async fn evaluate_shares(
    reader: &Reader,
    at: &At,
    ids: &[GoalId],
    next_share: &AtomicUsize,
) -> Result<Vec<(usize, Vec<GoalEvaluation>)>, ReadFault> {
    let mut evaluator = Evaluator::new(reader, at);
    let mut found = Vec::new();
    loop {
        let number = next_share.fetch_add(1, Ordering::Relaxed);
        let Some(share) = ids.chunks(GOALS_OF_SHARE).nth(number) else {
            return Ok(found);
        };
        let mut goals = Vec::with_capacity(share.len());
        for id in share {
            goals.extend(evaluator.goal(*id).await?);
            if REPORTS_AT_ONCE <= evaluator.reports {
                evaluator.reports = 0;
                tokio::task::yield_now().await;
            }
        }
        found.push((number, goals));
    }
}

/// Evaluates a goal, an initiative with its goal, or an indicator with nothing beside it; `None` where it does not stand in
/// the plan of `at` on D.
pub async fn evaluate_subject(
    reader: &Reader,
    at: &At,
    subject: Subject,
) -> Result<Option<GoalEvaluation>, ReadFault> {
    let mut evaluator = Evaluator::new(reader, at);
    let goal = match subject {
        Subject::Indicator(id) => return evaluator.alone(id).await,
        Subject::Goal(id) => Some(id),
        Subject::Initiative(id) => {
            let entry = at.directory.initiative(id);
            entry.map(|entry| entry.placed_on(at.effective_on).goal)
        }
    };
    match goal {
        Some(goal) => evaluator.goal(goal).await,
        None => Ok(None),
    }
}

/// The goals that stand in `plan` on `date`: by department, as the plan names them first, then by pillar, then as they were
/// set.
fn in_order(directory: &Directory, plan: PlanId, date: Date) -> Vec<GoalId> {
    let mut departments: HashMap<UnitId, usize> = HashMap::new();
    let mut placed: Vec<_> = directory
        .goals_of_on(plan, date)
        .enumerate()
        .filter_map(|(number, id)| {
            let place = directory.goal(id)?.placed_on(date);
            let next = departments.len();
            let department = *departments.entry(place.department).or_insert(next);
            Some(((department, place.pillar, number), id))
        })
        .collect();
    placed.sort_unstable();
    placed.into_iter().map(|(_, id)| id).collect()
}

/// Streams kept at hand for what was moved between goals and keeps its history where it began.
const HOMES_MAX: usize = 64;

/// Evaluates what stands in one plan at one (D, K).
pub(in crate::projection) struct Evaluator<'a> {
    reader: &'a Reader,
    at: &'a At,
    cut: Cut,
    period: Option<Key>,
    /// The reporting calendar in force on D.
    calendar: Calendar,
    homes: HashMap<GoalId, Arc<StreamState>>,
    /// What was done since others had a turn.
    reports: usize,
}

impl<'a> Evaluator<'a> {
    pub(in crate::projection) fn new(reader: &'a Reader, at: &'a At) -> Self {
        Self {
            reader,
            at,
            cut: Cut::on(at.effective_on).known_at(at.known_at),
            period: at.period().map(|period| period.key.clone()),
            calendar: at
                .directory
                .calendar_on(at.plan.id, at.effective_on)
                .unwrap_or_else(|| Calendar::built_in(at.plan.cycle)),
            homes: HashMap::new(),
            reports: 0,
        }
    }

    /// A goal with everything that stands under it on D.
    pub(super) async fn goal(&mut self, id: GoalId) -> Result<Option<GoalEvaluation>, ReadFault> {
        let date = self.at.effective_on;
        let Some(mut goal) = self.bare_goal(id) else {
            return Ok(None);
        };
        for id in self.at.directory.initiatives_of_on(id, date) {
            let Some(mut initiative) = self.bare_initiative(id) else {
                continue;
            };
            for id in self.at.directory.indicators_of_on(id, date) {
                let indicator = self.indicator(id, &initiative).await?;
                initiative.indicators.extend(indicator);
            }
            goal.initiatives.push(initiative);
        }
        self.add_what_was_said(&mut goal).await?;
        Ok(Some(goal))
    }

    /// What people said of a goal and what stands under it: in the stream where each has its history.
    async fn add_what_was_said(&mut self, goal: &mut GoalEvaluation) -> Result<(), ReadFault> {
        let known = self.at.known_at;
        let period = self.period.clone();
        let of = |home: &StreamState, subject| match &period {
            Some(period) => Judgements::of(&home.goal, subject, period, known),
            None => Judgements::default(),
        };
        let own = self.home(goal.id).await?;
        goal.judgements = of(&own, Subject::Goal(goal.id));
        let mut homes = BTreeMap::from([(goal.id, own)]);
        for initiative in &mut goal.initiatives {
            let home = self.home(initiative.entry.home).await?;
            initiative.judgements = of(&home, Subject::Initiative(initiative.id));
            homes.insert(initiative.entry.home, home);
            for indicator in &mut initiative.indicators {
                let home = self.home(indicator.entry.home).await?;
                indicator.judgements = of(&home, Subject::Indicator(indicator.id));
                homes.insert(indicator.entry.home, home);
            }
        }
        let mut agreed: Vec<_> = homes
            .values()
            .flat_map(|home| actions(&home.goal, known, |subject| goal.holds(subject)))
            .collect();
        agreed.sort_by_key(|action| action.position);
        goal.actions = agreed;
        Ok(())
    }

    /// An indicator with the initiative and the goal it stands under on D, and nothing else of them; `None` where it does
    /// not stand in the plan then.
    pub(in crate::projection) async fn alone(
        &mut self,
        id: IndicatorId,
    ) -> Result<Option<GoalEvaluation>, ReadFault> {
        let date = self.at.effective_on;
        let directory = &self.at.directory;
        let place = directory
            .indicator(id)
            .filter(|indicator| indicator.stands_on(date))
            .map(|indicator| indicator.placed_on(date).initiative);
        let Some(mut initiative) = place.and_then(|id| self.bare_initiative(id)) else {
            return Ok(None);
        };
        let goal = initiative.entry.placed_on(date).goal;
        let Some(mut goal) = self.bare_goal(goal) else {
            return Ok(None);
        };
        let Some(indicator) = self.indicator(id, &initiative).await? else {
            return Ok(None);
        };
        initiative.indicators.push(indicator);
        goal.initiatives.push(initiative);
        Ok(Some(goal))
    }

    fn bare_goal(&self, id: GoalId) -> Option<GoalEvaluation> {
        let date = self.at.effective_on;
        let entry = self.at.directory.goal(id)?.clone();
        if entry.plan != self.at.plan.id || !entry.stands_on(date) {
            return None;
        }
        let place = entry.placed_on(date);
        Some(GoalEvaluation {
            id,
            department: place.department,
            pillar: place.pillar,
            phase: entry.phase_on(date),
            entry,
            initiatives: Vec::new(),
            judgements: Judgements::default(),
            actions: Vec::new(),
        })
    }

    fn bare_initiative(&self, id: InitiativeId) -> Option<InitiativeEvaluation> {
        let date = self.at.effective_on;
        let entry = self.at.directory.initiative(id)?.clone();
        if !entry.stands_on(date) {
            return None;
        }
        let responsible = entry.responsible_on(date);
        Some(InitiativeEvaluation {
            id,
            number: entry.placed_on(date).number,
            phase: entry.phase_on(date),
            lead: responsible.lead,
            contributing: responsible.contributing.clone(),
            entry,
            indicators: Vec::new(),
            judgements: Judgements::default(),
        })
    }

    async fn indicator(
        &mut self,
        id: IndicatorId,
        initiative: &InitiativeEvaluation,
    ) -> Result<Option<IndicatorEvaluation>, ReadFault> {
        let Some(entry) = self.at.directory.indicator(id).cloned() else {
            return Ok(None);
        };
        let home = self.home(entry.home).await?;
        let Some(state) = home.goal.indicator(id) else {
            return Ok(None);
        };
        let Some((_, version)) = state.definition_at(self.cut) else {
            return Ok(None);
        };
        self.reports += REPORTS_OF_INDICATOR + state.entries.len();
        let (definition, defined_from) = (version.definition_at(self.cut), version.from);
        let mut components = BTreeMap::new();
        if definition.measure_type == MeasureType::Composite {
            for component in &definition.components {
                let state = home.goal.indicator(*component);
                let evaluation =
                    state.and_then(|state| self.evaluation(*component, state, &BTreeMap::new()));
                components.extend(evaluation.map(|evaluation| (*component, evaluation)));
            }
        }
        let Some(evaluation) = self.evaluation(id, state, &components) else {
            return Ok(None);
        };
        let lead = definition.lead_unit.unwrap_or(initiative.lead);
        let mut contributing = if definition.contributing_units.is_empty() {
            initiative.contributing.clone()
        } else {
            definition.contributing_units.clone()
        };
        contributing.retain(|unit| *unit != lead);
        let entries = count_at(state, self.cut);
        Ok(Some(IndicatorEvaluation {
            id,
            phase: phase_on(&self.at.directory, id, self.at.effective_on),
            lead,
            contributing,
            grade: self.at.ruling.grade(&evaluation, &definition),
            entries: u32::try_from(entries).unwrap_or(u32::MAX),
            last_position: last_position(state, self.cut),
            evaluation: Arc::new(evaluation),
            definition,
            defined_from,
            entry,
            judgements: Judgements::default(),
        }))
    }

    fn evaluation(
        &self,
        id: IndicatorId,
        state: &Indicator,
        components: &BTreeMap<IndicatorId, Evaluation>,
    ) -> Option<Evaluation> {
        let version = state.definition_at(self.cut);
        let rounds = version.and_then(|(_, v)| self.calendar.judges(id, &v.definition));
        evaluate(&Question {
            indicator: state,
            cycle: self.at.plan.cycle,
            cut: self.cut,
            phase: phase_on(&self.at.directory, id, self.at.effective_on),
            policy: &self.at.ruling.policy.content,
            rounds: rounds.as_deref(),
            components,
        })
    }

    async fn home(&mut self, goal: GoalId) -> Result<Arc<StreamState>, ReadFault> {
        if let Some(state) = self.homes.get(&goal) {
            return Ok(state.clone());
        }
        // The newest state, not that of K: it is the one at hand, and the cut leaves out what is later.
        let state = self
            .reader
            .stream_covering(Stream::goal(goal), self.at.known_at);
        let state = state.await?;
        if HOMES_MAX <= self.homes.len() {
            self.homes.clear();
        }
        self.homes.insert(goal, state.clone());
        Ok(state)
    }
}

/// The strongest of what had become of an indicator, its initiative and its goal by `date`.
pub fn phase_on(directory: &Directory, id: IndicatorId, date: Date) -> Phase {
    let indicator = directory.indicator(id);
    let initiative = indicator.and_then(|i| directory.initiative(i.placed_on(date).initiative));
    let goal = initiative.and_then(|i| directory.goal(i.placed_on(date).goal));
    let phases = [
        indicator.map(|entry| entry.phase_on(date)),
        initiative.map(|entry| entry.phase_on(date)),
        goal.map(|entry| entry.phase_on(date)),
    ];
    phases
        .into_iter()
        .flatten()
        .min_by_key(|phase| strength(*phase))
        .unwrap_or(Phase::Active)
}

/// Orders phases from the strongest: what was given up stays so whatever else rests; of one kind the earlier.
fn strength(phase: Phase) -> (u8, Option<Date>) {
    match phase {
        Phase::Cancelled(since) => (0, Some(since)),
        Phase::CarriedOver(since) => (1, Some(since)),
        Phase::Suspended(since) => (2, Some(since)),
        Phase::Active => (3, None),
    }
}

/// Position of the last event at the cut that bears on figures: a definition, target, baseline, planned line, report,
/// correction, retraction, demand or forecast of a day up to D.
fn last_position(state: &Indicator, cut: Cut) -> Option<u64> {
    let definitions = state.definitions.iter().map(|v| (v.position, v.from));
    let of_definitions = definitions
        .filter(|(position, from)| cut.knows(*position) && *from <= cut.on)
        .map(|(position, _)| position);
    of_definitions
        .chain(state.targets_at(cut).map(|v| v.position))
        .chain(state.baseline_at(cut).map(|v| v.position))
        .chain(state.profiles_at(cut).map(|v| v.position))
        .chain(state.last_of_entries_at(cut))
        .chain(state.demands_at(cut).map(|v| v.position))
        .chain(state.forecasts_at(cut).map(|v| v.position))
        .max()
}
