//! A goal with everything under it, and where each indicator stands.

use std::sync::Arc;

use crate::domain::actual::Actual;
use crate::domain::actual::aggregate::current_actual;
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::{Directory, GoalEntry, IndicatorEntry, InitiativeEntry};
use crate::domain::event::{Stream, Subject};
use crate::domain::goal::{Attachment, Indicator, Narrative};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId};
use crate::domain::plan::Plan;
use crate::domain::target::TargetVersion;
use crate::ledger::{ReadFault, Reader, View};

/// A goal with everything under it.
#[derive(Clone, Debug)]
pub struct GoalCard {
    /// Its id.
    pub id: GoalId,
    /// Where it stands.
    pub entry: Arc<GoalEntry>,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// How many events its stream has.
    pub revision: u64,
    /// What stands under it, by number.
    pub initiatives: Vec<InitiativeCard>,
    /// What was told about it or what stands under it, in the order of recording.
    pub narratives: Vec<Arc<Narrative>>,
    /// What was attached, in the order of recording.
    pub attachments: Vec<Arc<Attachment>>,
}

/// An initiative with its indicators.
#[derive(Clone, Debug)]
pub struct InitiativeCard {
    /// Its id.
    pub id: InitiativeId,
    /// Where it stands.
    pub entry: Arc<InitiativeEntry>,
    /// Its indicators, in order.
    pub indicators: Vec<IndicatorCard>,
}

/// An indicator and where it stands on a date.
#[derive(Clone, Debug)]
pub struct IndicatorCard {
    /// Its id.
    pub id: IndicatorId,
    /// Where it stands in the plan.
    pub entry: Arc<IndicatorEntry>,
    /// All that is known of it.
    pub state: Arc<Indicator>,
    /// What its reports come to on the date.
    pub actual: Actual,
    /// The target in force on the date.
    pub target: Option<TargetVersion>,
}

impl IndicatorCard {
    /// The indicator as its state and the directory have it, on `date`.
    pub fn new(
        id: IndicatorId,
        entry: Arc<IndicatorEntry>,
        state: Arc<Indicator>,
        cycle: DateSpan,
        date: Date,
    ) -> Self {
        let actual = actual_on(&state, cycle, date);
        let target = state.target_on(date).cloned();
        Self {
            id,
            entry,
            state,
            actual,
            target,
        }
    }
}

/// What an indicator's reports come to on `date`.
pub fn actual_on(state: &Indicator, cycle: DateSpan, date: Date) -> Actual {
    current_actual(state, cycle, date)
}

/// The cycle of the plan that a goal stands in.
pub fn cycle_of(directory: &Directory, goal: GoalId) -> Option<DateSpan> {
    let entry = directory.goal(goal)?;
    Some(directory.plan(entry.plan)?.cycle)
}

/// A goal with everything under it on `date`; `None` if there is no such goal.
pub async fn goal_card(
    reader: &Reader,
    view: &View,
    id: GoalId,
    date: Date,
) -> Result<Option<GoalCard>, ReadFault> {
    let directory = &view.directory;
    let Some(entry) = directory.goal(id).cloned() else {
        return Ok(None);
    };
    let Some(plan) = directory.plan(entry.plan).cloned() else {
        return Ok(None);
    };
    let own = reader.stream(Stream::goal(id), view.head.size).await?;
    let mut card = GoalCard {
        id,
        entry,
        plan,
        revision: own.revision,
        initiatives: Vec::new(),
        narratives: Vec::new(),
        attachments: Vec::new(),
    };
    // What was moved here keeps its history in the stream it began in.
    let mut homes = vec![(id, own)];
    for initiative in directory.initiatives_of(id) {
        let Some(entry) = directory.initiative(initiative).cloned() else {
            continue;
        };
        let mut indicators = Vec::new();
        for indicator in directory.indicators_of(initiative) {
            let Some(entry) = directory.indicator(indicator).cloned() else {
                continue;
            };
            if !homes.iter().any(|(home, _)| *home == entry.home) {
                let state = reader
                    .stream(Stream::goal(entry.home), view.head.size)
                    .await?;
                homes.push((entry.home, state));
            }
            let home = homes.iter().find(|(home, _)| *home == entry.home);
            if let Some(state) = home.and_then(|(_, state)| state.goal.indicator(indicator)) {
                let cycle = card.plan.cycle;
                indicators.push(IndicatorCard::new(
                    indicator,
                    entry,
                    state.clone(),
                    cycle,
                    date,
                ));
            }
        }
        card.initiatives.push(InitiativeCard {
            id: initiative,
            entry,
            indicators,
        });
    }
    let here = |subject: &Subject| match subject {
        Subject::Goal(goal) => *goal == id,
        Subject::Initiative(initiative) => card.initiatives.iter().any(|i| i.id == *initiative),
        Subject::Indicator(indicator) => card
            .initiatives
            .iter()
            .flat_map(|i| &i.indicators)
            .any(|i| i.id == *indicator),
    };
    let mut narratives: Vec<_> = homes
        .iter()
        .flat_map(|(_, state)| state.goal.narratives())
        .filter(|narrative| here(&narrative.subject))
        .cloned()
        .collect();
    narratives.sort_by_key(|narrative| narrative.recorded_at);
    let mut attachments: Vec<_> = homes
        .iter()
        .flat_map(|(_, state)| state.goal.attachments())
        .filter(|attachment| here(&attachment.subject))
        .cloned()
        .collect();
    attachments.sort_by_key(|attachment| attachment.recorded_at);
    (card.narratives, card.attachments) = (narratives, attachments);
    Ok(Some(card))
}

/// One indicator with where it stands on `date`; `None` if there is no such indicator.
pub async fn indicator_card(
    reader: &Reader,
    view: &View,
    id: IndicatorId,
    date: Date,
) -> Result<Option<IndicatorCard>, ReadFault> {
    let directory = &view.directory;
    let Some(entry) = directory.indicator(id).cloned() else {
        return Ok(None);
    };
    let goal = directory
        .initiative(entry.initiative())
        .map(|initiative| initiative.goal());
    let Some(cycle) = goal.and_then(|goal| cycle_of(directory, goal)) else {
        return Ok(None);
    };
    let home = reader
        .stream(Stream::goal(entry.home), view.head.size)
        .await?;
    let state = home.goal.indicator(id).cloned();
    Ok(state.map(|state| IndicatorCard::new(id, entry, state, cycle, date)))
}
