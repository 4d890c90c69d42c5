//! The events behind a difference: what was learnt between two states of knowledge, told apart from what happened between
//! two days, and from what another policy judges otherwise.
//!
//! ```text
//! (D1, K1, P1) --learnt--> (D1, K2, P1) --happened--> (D2, K2, P1) --ruled--> (D2, K2, P2)
//! ```
//! What was learnt is found event by event: the row is computed again after each event that could bear on it, and what
//! changed is that event's doing. An event that changed nothing is not told; one that another undid is.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{Event, EventType, Payload, Recorded};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId};
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader, Stored};
use crate::projection::evaluation::compare::{RowDifference, difference};
use crate::projection::evaluation::rows::{Row, row};
use crate::projection::evaluation::tree::Evaluator;
use crate::projection::evaluation::{At, GoalEvaluation, PlanEvaluation};

/// Events told for one step of one row at most.
pub const CAUSES_MAX: usize = 200;
/// Events of one row looked at for one step at most.
pub const CANDIDATES_MAX: usize = 2_000;

/// An event that bears on a difference.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The event.
    pub stored: Stored,
    /// What it changed in the row, where that is known: of what was learnt.
    pub difference: Option<Arc<RowChangeBy>>,
}

/// What one event changed in a row.
#[derive(Clone, Debug)]
pub struct RowChangeBy {
    /// The cells.
    pub difference: RowDifference,
    /// The indicator before; `None`: it did not stand in the plan.
    pub before: Option<GoalEvaluation>,
    /// The indicator after; `None`: it does not stand in the plan any more.
    pub after: Option<GoalEvaluation>,
}

/// One step between two evaluations of an indicator.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// What differs; `None`: nothing.
    pub change: Option<Arc<RowChangeBy>>,
    /// The events behind it, in the order of their positions, [`CAUSES_MAX`] at most.
    pub causes: Vec<Cause>,
    /// Whether there are more.
    pub more: bool,
}

/// The steps between two evaluations of an indicator.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// The same day, from the one state of knowledge to the other.
    pub learnt: Step,
    /// From the one day to the other, with all that the second knows.
    pub happened: Step,
    /// From the one policy to the other.
    pub ruled: Step,
}

/// An indicator evaluated with nothing beside it, and its row.
#[derive(Clone, Debug, Default)]
struct Alone {
    goal: Option<GoalEvaluation>,
    row: Option<Row>,
}

/// Finds the events behind differences between two evaluations of a plan, of which the second knows at least as much.
pub struct Causes<'a> {
    reader: &'a Reader,
    from: &'a PlanEvaluation,
    to: &'a PlanEvaluation,
    /// What became of goals in between, with the goals.
    of_goals: Vec<(GoalId, u64)>,
    /// What composites are made of.
    components: HashMap<IndicatorId, BTreeSet<IndicatorId>>,
}

impl<'a> Causes<'a> {
    /// Looks up what all rows share.
    pub async fn between(
        reader: &'a Reader,
        from: &'a PlanEvaluation,
        to: &'a PlanEvaluation,
    ) -> Result<Self, ReadFault> {
        let mut of_goals = Vec::new();
        for event_type in [
            EventType::GoalMoved,
            EventType::GoalSuspended,
            EventType::GoalResumed,
            EventType::GoalCancelled,
            EventType::GoalCarriedOver,
        ] {
            let positions = reader.postings(
                &Term::event_type(event_type),
                from.at.known_at,
                to.at.known_at,
                Direction::Forward,
                CANDIDATES_MAX,
            )?;
            for stored in reader.stored_at(&positions).await? {
                let goal = goal_of(&stored.recorded.event);
                of_goals.extend(goal.map(|goal| (goal, stored.recorded.position)));
            }
        }
        let mut components: HashMap<IndicatorId, BTreeSet<IndicatorId>> = HashMap::new();
        for (_, _, indicator) in from.indicators().chain(to.indicators()) {
            if !indicator.definition.components.is_empty() {
                let own = components.entry(indicator.id).or_default();
                own.extend(&indicator.definition.components);
            }
        }
        Ok(Self {
            reader,
            from,
            to,
            of_goals,
            components,
        })
    }

    /// The steps of one indicator.
    pub async fn of(&self, indicator: IndicatorId) -> Result<Steps, ReadFault> {
        let (from, to) = (&self.from.at, &self.to.at);
        let first = self.alone(from, indicator).await?;
        let learnt_at = At {
            directory: to.directory.clone(),
            known_at: to.known_at,
            ..from.clone()
        };
        let learnt = self.alone(&learnt_at, indicator).await?;
        let happened_at = At {
            effective_on: to.effective_on,
            ..learnt_at.clone()
        };
        let happened = self.alone(&happened_at, indicator).await?;
        let last = self.alone(to, indicator).await?;
        let mut steps = Steps {
            learnt: step(indicator, &first, &learnt),
            happened: step(indicator, &learnt, &happened),
            ruled: step(indicator, &happened, &last),
        };
        if from.known_at < to.known_at {
            let places = self.places(indicator, [from, &learnt_at]);
            self.learnt(indicator, &places, first, &mut steps.learnt)
                .await?;
        }
        if from.effective_on != to.effective_on {
            let places = self.places(indicator, [&learnt_at, &happened_at]);
            self.happened(&places, &mut steps.happened).await?;
        }
        Ok(steps)
    }

    async fn alone(&self, at: &At, indicator: IndicatorId) -> Result<Alone, ReadFault> {
        let goal = Evaluator::new(self.reader, at).alone(indicator).await?;
        let row = goal.as_ref().and_then(|goal| {
            let (goal, initiative, indicator) = goal.placed().next()?;
            Some(row(at, goal, initiative, indicator))
        });
        Ok(Alone { goal, row })
    }

    /// The event by event story from K to K.
    async fn learnt(
        &self,
        indicator: IndicatorId,
        places: &Places,
        first: Alone,
        step: &mut Step,
    ) -> Result<(), ReadFault> {
        let (known_from, known_to) = (self.from.at.known_at, self.to.at.known_at);
        let mut positions = places.candidates(self.reader, known_from, known_to)?;
        positions.extend(
            self.of_goals
                .iter()
                .filter(|(goal, _)| places.goals.contains(goal))
                .map(|(_, position)| position),
        );
        let positions: Vec<u64> = positions.into_iter().collect();
        let (mut directory, mut before) = (self.from.at.directory.clone(), first);
        for stored in self.reader.stored_at(&positions).await? {
            let Recorded {
                position, event, ..
            } = &stored.recorded;
            if !places.concerned_by(event) {
                continue;
            }
            if CAUSES_MAX <= step.causes.len() {
                step.more = true;
                return Ok(());
            }
            if event.payload.is_structural() {
                directory = self.reader.view_at(position + 1).await?.directory;
            }
            let at = At {
                directory: directory.clone(),
                known_at: position + 1,
                ..self.from.at.clone()
            };
            let after = self.alone(&at, indicator).await?;
            // A correction to the same value, or what a later day holds for, changed nothing here.
            if let Some(change) = self::step(indicator, &before, &after).change {
                step.causes.push(Cause {
                    difference: Some(change),
                    stored,
                });
            }
            before = after;
        }
        Ok(())
    }

    /// What is dated between D and D.
    async fn happened(&self, places: &Places, step: &mut Step) -> Result<(), ReadFault> {
        let (after, until) = (self.from.at.effective_on, self.to.at.effective_on);
        let positions = places.candidates(self.reader, 0, self.to.at.known_at)?;
        let positions: Vec<u64> = positions.into_iter().collect();
        let mut replaced = BTreeSet::new();
        let mut found = Vec::new();
        for stored in self.reader.stored_at(&positions).await? {
            let event = &stored.recorded.event;
            match &event.payload {
                Payload::ActualCorrected(p) => replaced.extend([p.corrects]),
                Payload::ActualRetracted(p) => replaced.extend([p.retracts, event.id]),
                _ => {}
            }
            if places.concerned_by(event) && !holds_by(event, after) && holds_by(event, until) {
                found.push(stored);
            }
        }
        found.retain(|stored| !replaced.contains(&stored.recorded.event.id));
        step.more = CAUSES_MAX < found.len();
        let skipped = found.len().saturating_sub(CAUSES_MAX);
        step.causes = found
            .into_iter()
            .skip(skipped)
            .map(|stored| Cause {
                stored,
                difference: None,
            })
            .collect();
        Ok(())
    }

    fn places(&self, indicator: IndicatorId, at: [&At; 2]) -> Places {
        let mut places = Places::default();
        for at in at {
            places.add(&at.directory, at.effective_on, indicator);
            for component in self.components.get(&indicator).into_iter().flatten() {
                places.add(&at.directory, at.effective_on, *component);
            }
        }
        places
    }
}

/// What an indicator's row rests on: itself, its components, and what they stand under.
#[derive(Debug, Default)]
struct Places {
    indicators: BTreeSet<IndicatorId>,
    initiatives: BTreeSet<InitiativeId>,
    goals: BTreeSet<GoalId>,
}

impl Places {
    fn add(&mut self, directory: &Directory, date: Date, indicator: IndicatorId) {
        self.indicators.insert(indicator);
        let entry = directory.indicator(indicator);
        let Some(initiative) = entry.map(|entry| entry.placed_on(date).initiative) else {
            return;
        };
        self.initiatives.insert(initiative);
        let entry = directory.initiative(initiative);
        self.goals
            .extend(entry.map(|entry| entry.placed_on(date).goal));
    }

    /// Positions of what could bear on the row, but for what became of its goals.
    fn candidates(&self, reader: &Reader, from: u64, to: u64) -> Result<BTreeSet<u64>, ReadFault> {
        let of_indicators = self.indicators.iter().map(|id| Term::indicator(*id));
        let of_initiatives = self.initiatives.iter().map(|id| Term::initiative(*id));
        let mut positions = BTreeSet::new();
        for term in of_indicators.chain(of_initiatives) {
            // The newest, should there be more: they stand for what differs now.
            let found = reader.postings(&term, from, to, Direction::Backward, CANDIDATES_MAX)?;
            positions.extend(found);
        }
        Ok(positions)
    }

    /// Whether an event bears on the row's figures.
    fn concerned_by(&self, event: &Event) -> bool {
        match &event.payload {
            Payload::IndicatorDefined(_)
            | Payload::IndicatorMoved(_)
            | Payload::IndicatorRedefined(_)
            | Payload::IndicatorCancelled(_)
            | Payload::BaselineSet(_)
            | Payload::TargetSet(_)
            | Payload::TargetRevised(_)
            | Payload::PlanProfileSet(_)
            | Payload::ActualRecorded(_)
            | Payload::ActualCorrected(_)
            | Payload::ActualRetracted(_)
            | Payload::DemandRecorded(_)
            | Payload::ForecastSubmitted(_) => event
                .payload
                .indicator()
                .is_some_and(|id| self.indicators.contains(&id)),
            // A date of its own may make silence a missing report, or take that back.
            Payload::ReportingCalendarSet(p) => {
                let mut exceptions = p.rounds.iter().flat_map(|round| &round.exceptions);
                exceptions.any(|exception| self.indicators.contains(&exception.indicator))
            }
            Payload::InitiativeSet(p) => self.initiatives.contains(&p.initiative),
            Payload::InitiativeMoved(p) => self.initiatives.contains(&p.initiative),
            Payload::InitiativeCancelled(p) => self.initiatives.contains(&p.initiative),
            Payload::ResponsibilityTransferred(p) => self.initiatives.contains(&p.initiative),
            Payload::GoalSet(_)
            | Payload::GoalMoved(_)
            | Payload::GoalSuspended(_)
            | Payload::GoalResumed(_)
            | Payload::GoalCancelled(_)
            | Payload::GoalCarriedOver(_) => {
                goal_of(event).is_some_and(|goal| self.goals.contains(&goal))
            }
            // Words, what people say of figures, and what rules all plans alike.
            Payload::LedgerOpened(_)
            | Payload::LedgerContinued(_)
            | Payload::PersonRegistered(_)
            | Payload::PersonChanged(_)
            | Payload::RoleGranted(_)
            | Payload::RoleRevoked(_)
            | Payload::DelegationRegistered(_)
            | Payload::DelegationEnded(_)
            | Payload::KeyAnnounced(_)
            | Payload::KeyRetired(_)
            | Payload::KeyCompromised(_)
            | Payload::HeadsRecorded(_)
            | Payload::PersonalDataErased(_)
            | Payload::EvidenceErased(_)
            | Payload::OperationAuthorised(_)
            | Payload::ChangeProposed(_)
            | Payload::ChangeConsulted(_)
            | Payload::ChangeDecided(_)
            | Payload::ChangeWithdrawn(_)
            | Payload::ProposalExpired(_)
            | Payload::DecisionReviewed(_)
            | Payload::AccessRecorded(_)
            | Payload::AccessesLeftOut(_)
            | Payload::PolicyPublished(_)
            | Payload::PlanPublished(_)
            | Payload::ImportAccepted(_)
            | Payload::PeriodOpened(_)
            | Payload::PeriodSoftClosed(_)
            | Payload::PeriodClosed(_)
            | Payload::PeriodReopened(_)
            | Payload::SnapshotTaken(_)
            | Payload::RestatementIssued(_)
            | Payload::ActualConfirmed(_)
            | Payload::AuditFindingRecorded(_)
            | Payload::AuditFindingAnswered(_)
            | Payload::OrgUnitRegistered(_)
            | Payload::OrgUnitChanged(_)
            | Payload::GoalReworded(_)
            | Payload::InitiativeReworded(_)
            | Payload::IndicatorReworded(_)
            | Payload::NarrativeAdded(_)
            | Payload::EvidenceAttached(_)
            | Payload::SelfEvaluated(_)
            | Payload::EvaluationReviewed(_)
            | Payload::EvaluationFinalised(_)
            | Payload::NextActionAgreed(_)
            | Payload::NextActionClosed(_) => false,
        }
    }
}

fn goal_of(event: &Event) -> Option<GoalId> {
    match &event.payload {
        Payload::GoalSet(p) => Some(p.goal),
        Payload::GoalMoved(p) => Some(p.goal),
        Payload::GoalSuspended(p) => Some(p.goal),
        Payload::GoalResumed(p) => Some(p.goal),
        Payload::GoalCancelled(p) => Some(p.goal),
        Payload::GoalCarriedOver(p) => Some(p.goal),
        _ => None,
    }
}

/// Whether an event holds for a day up to `day`: a report for its last day, a change from its first on.
pub fn holds_by(event: &Event, day: Date) -> bool {
    let of_days = matches!(
        event.payload,
        Payload::ActualRecorded(_)
            | Payload::ActualCorrected(_)
            | Payload::ActualRetracted(_)
            | Payload::DemandRecorded(_)
    );
    event.valid.is_none_or(|valid| match of_days {
        true => valid.counts_on() <= day,
        false => valid.from <= day,
    })
}

fn step(indicator: IndicatorId, before: &Alone, after: &Alone) -> Step {
    let change = difference(indicator, before.row.as_ref(), after.row.as_ref());
    Step {
        change: change.map(|difference| {
            Arc::new(RowChangeBy {
                difference,
                before: before.goal.clone(),
                after: after.goal.clone(),
            })
        }),
        ..Step::default()
    }
}
