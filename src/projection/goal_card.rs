//! A goal with everything under it, and where each indicator stands: by what was known at a size, on a date.

use std::sync::Arc;

use crate::domain::actual::Actual;
use crate::domain::actual::aggregate::{Cut, Standing, actual_at, counted, standing};
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::{Directory, GoalEntry, GoalPlace, IndicatorEntry, InitiativeEntry};
use crate::domain::event::{Stream, Subject};
use crate::domain::goal::{
    Attachment, Backing, DefinitionVersion, Entry, Indicator, Narrative, Superseded,
};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId};
use crate::domain::plan::Plan;
use crate::domain::target::TargetVersion;
use crate::ledger::{ReadFault, Reader, StreamState, View};

/// A goal with everything under it.
#[derive(Clone, Debug)]
pub struct GoalCard {
    /// Its id.
    pub id: GoalId,
    /// Where it stands.
    pub entry: Arc<GoalEntry>,
    /// Its plan.
    pub plan: Arc<Plan>,
    /// The date it is told for: the one asked for, or its first day where that is later.
    pub on: Date,
    /// Whether it takes effect only after the date asked for.
    pub upcoming: bool,
    /// How many events its stream has.
    pub revision: u64,
    /// What stands under it, by number.
    pub initiatives: Vec<InitiativeCard>,
    /// What was told about it or what stands under it, in the order of recording.
    pub narratives: Vec<Arc<Narrative>>,
    /// What was attached, in the order of recording.
    pub attachments: Vec<Arc<Attachment>>,
}

impl GoalCard {
    /// Under which department and pillar it stands.
    pub fn place(&self) -> GoalPlace {
        self.entry.placed_on(self.on)
    }

    /// Every indicator under it.
    pub fn indicators(&self) -> impl Iterator<Item = &IndicatorCard> {
        self.initiatives
            .iter()
            .flat_map(|initiative| &initiative.indicators)
    }
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

/// An indicator and where it stands at a cut. Everything it tells is of that cut.
#[derive(Clone, Debug)]
pub struct IndicatorCard {
    /// Its id.
    pub id: IndicatorId,
    /// Where it stands in the plan.
    pub entry: Arc<IndicatorEntry>,
    /// The cycle of its plan.
    pub cycle: DateSpan,
    /// K and D.
    pub cut: Cut,
    /// Whether it takes effect only after the date asked for; then the cut is of its first day.
    pub upcoming: bool,
    /// What its reports come to.
    pub actual: Actual,
    /// What stands behind the last of its entries.
    pub backing: Backing,
    /// All that is known of it, maybe more than the cut selects.
    pub state: Arc<Indicator>,
}

impl IndicatorCard {
    /// An indicator at `cut`; `None` if it was not known.
    async fn new(
        reader: &Reader,
        id: IndicatorId,
        entry: Arc<IndicatorEntry>,
        state: Arc<Indicator>,
        cycle: DateSpan,
        cut: Cut,
    ) -> Result<Option<Self>, ReadFault> {
        let upcoming = !entry.stands_on(cut.on);
        let on = cut.on.max(entry.from);
        let cut = Cut { on, ..cut };
        if state.definition_at(cut).is_none() {
            return Ok(None);
        }
        let mut card = Self {
            id,
            entry,
            cycle,
            cut,
            upcoming,
            actual: actual_at(&state, cycle, cut),
            backing: Backing::default(),
            state,
        };
        let last: Vec<_> = card.entries().next_back().into_iter().collect();
        let backings = card.backings(reader, &last).await?;
        card.backing = backings.into_iter().next().unwrap_or_default();
        Ok(Some(card))
    }

    /// What stands behind entries of it, in their order: read from their events where the state does not tell it.
    pub async fn backings(
        &self,
        reader: &Reader,
        entries: &[Entry<'_>],
    ) -> Result<Vec<Backing>, ReadFault> {
        let (mut backings, mut unknown, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for entry in entries {
            let known = match entry.is_backed() {
                true => self.state.entries.backing(entry.position),
                false => Some(Backing::default()),
            };
            if known.is_none() {
                unknown.push(entry.position);
                places.push(backings.len());
            }
            backings.push(known.unwrap_or_default());
        }
        if !unknown.is_empty() {
            let events = reader.stored_at(&unknown).await?;
            for (place, stored) in places.into_iter().zip(events) {
                backings[place] = Backing::of(&stored.recorded.event);
            }
        }
        Ok(backings)
    }

    /// How it is measured, with the number of the version.
    pub fn definition(&self) -> Option<(u32, &DefinitionVersion)> {
        self.state.definition_at(self.cut)
    }

    /// Every definition known, version 1 first.
    pub fn definitions(&self) -> impl Iterator<Item = (u32, &DefinitionVersion)> {
        let all = (1..).zip(self.state.definitions.iter());
        all.filter(|(_, version)| self.cut.knows(version.position))
    }

    /// The target in force.
    pub fn target(&self) -> Option<&TargetVersion> {
        self.state.target_at(self.cut)
    }

    /// Every target known, those that take effect later included, in the order of decision.
    pub fn targets(&self) -> impl Iterator<Item = &TargetVersion> {
        let all = self.state.targets.iter();
        all.filter(|version| self.cut.knows(version.position))
    }

    /// Reports and corrections of days up to the date, in the order of recording, those that no longer count
    /// included.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = Entry<'_>> {
        self.state.entries_at(self.cut)
    }

    /// How many [`Self::entries`] there are.
    pub fn reports(&self) -> usize {
        self.state.reports_at(self.cut)
    }

    /// Whether `entry` counts.
    pub fn counts(&self, entry: &Entry<'_>) -> bool {
        standing(&self.state, entry, self.cut) == Standing::Counts
    }

    /// What was known to have replaced `entry` or to have taken it back.
    pub fn superseded(&self, entry: &Entry<'_>) -> Option<Superseded> {
        entry
            .superseded()
            .filter(|superseded| self.cut.knows(superseded.position))
    }

    /// Whether any entry counts.
    pub fn is_reported(&self) -> bool {
        counted(&self.state, self.cut).next().is_some()
    }
}

/// The cycle of the plan that a goal stands in.
pub fn cycle_of(directory: &Directory, goal: GoalId) -> Option<DateSpan> {
    let entry = directory.goal(goal)?;
    Some(directory.plan(entry.plan)?.cycle)
}

/// The states of the goals' streams that answer for some goals: what was moved keeps its history in the
/// stream it began in.
struct Homes<'a> {
    reader: &'a Reader,
    view: &'a View,
    states: Vec<(GoalId, Arc<StreamState>)>,
}

impl<'a> Homes<'a> {
    fn new(reader: &'a Reader, view: &'a View) -> Self {
        Self {
            reader,
            view,
            states: Vec::new(),
        }
    }

    async fn of(&mut self, goal: GoalId) -> Result<Arc<StreamState>, ReadFault> {
        if let Some((_, state)) = self.states.iter().find(|(home, _)| *home == goal) {
            return Ok(state.clone());
        }
        let stream = Stream::goal(goal);
        let state = self.reader.stream_covering(stream, self.view.size).await?;
        self.states.push((goal, state.clone()));
        Ok(state)
    }

    /// What these streams tell by `cut` of what is `here`, in the order of recording.
    fn narratives_at(&self, cut: Cut, here: impl Fn(&Subject) -> bool) -> Vec<Arc<Narrative>> {
        let states = self.states.iter().map(|(_, state)| &state.goal);
        let mut narratives: Vec<_> = states
            .flat_map(|goal| goal.narratives_at(cut))
            .filter(|narrative| here(&narrative.subject))
            .cloned()
            .collect();
        narratives.sort_by_key(|narrative| narrative.position);
        narratives
    }
}

/// A goal with everything under it, as known in `view`, on `date`; `None` if there was no such goal.
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
    let on = date.max(entry.from);
    let cut = view.cut(on);
    let mut homes = Homes::new(reader, view);
    let own = homes.of(id).await?;
    let mut initiatives = Vec::new();
    for initiative in directory.initiatives_of_on(id, on) {
        let Some(entry) = directory.initiative(initiative).cloned() else {
            continue;
        };
        // What is told of it may be all that is there.
        homes.of(entry.home).await?;
        let mut indicators = Vec::new();
        for indicator in directory.indicators_of_on(initiative, on) {
            let Some(entry) = directory.indicator(indicator).cloned() else {
                continue;
            };
            let home = homes.of(entry.home).await?;
            let state = home.goal.indicator(indicator).cloned();
            if let Some(state) = state {
                let card = IndicatorCard::new(reader, indicator, entry, state, plan.cycle, cut);
                indicators.extend(card.await?);
            }
        }
        initiatives.push(InitiativeCard {
            id: initiative,
            entry,
            indicators,
        });
    }
    let mut card = GoalCard {
        id,
        plan,
        on,
        upcoming: !entry.stands_on(date),
        revision: reader
            .revision_at(Stream::goal(id), &own, view.size)
            .await?,
        entry,
        initiatives,
        narratives: Vec::new(),
        attachments: Vec::new(),
    };
    let here = |subject: &Subject| match subject {
        Subject::Goal(goal) => *goal == id,
        Subject::Initiative(initiative) => card.initiatives.iter().any(|i| i.id == *initiative),
        Subject::Indicator(indicator) => card.indicators().any(|i| i.id == *indicator),
    };
    let narratives = homes.narratives_at(cut, here);
    let states = homes.states.iter().map(|(_, state)| &state.goal);
    let mut attachments: Vec<_> = states
        .flat_map(|goal| goal.attachments_at(cut))
        .filter(|attachment| here(&attachment.subject))
        .cloned()
        .collect();
    attachments.sort_by_key(|attachment| attachment.position);
    (card.narratives, card.attachments) = (narratives, attachments);
    Ok(Some(card))
}

/// What was told by `date` about a goal or what stands under it then, as known in `view`, in the order of recording.
pub async fn narratives(
    reader: &Reader,
    view: &View,
    id: GoalId,
    date: Date,
) -> Result<Vec<Arc<Narrative>>, ReadFault> {
    let directory = &view.directory;
    let Some(goal) = directory.goal(id) else {
        return Ok(Vec::new());
    };
    let on = date.max(goal.from);
    let mut homes = Homes::new(reader, view);
    homes.of(id).await?;
    let initiatives: Vec<InitiativeId> = directory.initiatives_of_on(id, on).collect();
    let mut indicators: Vec<IndicatorId> = Vec::new();
    for initiative in &initiatives {
        if let Some(entry) = directory.initiative(*initiative) {
            homes.of(entry.home).await?;
        }
        for indicator in directory.indicators_of_on(*initiative, on) {
            if let Some(entry) = directory.indicator(indicator) {
                homes.of(entry.home).await?;
            }
            indicators.push(indicator);
        }
    }
    Ok(homes.narratives_at(view.cut(on), |subject| match subject {
        Subject::Goal(goal) => *goal == id,
        Subject::Initiative(initiative) => initiatives.contains(initiative),
        Subject::Indicator(indicator) => indicators.contains(indicator),
    }))
}

/// One indicator with where it stands, as known in `view`, on `date`; `None` if there was no such indicator.
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
    let on = date.max(entry.from);
    let initiative = directory.initiative(entry.placed_on(on).initiative);
    let goal = initiative.map(|initiative| initiative.placed_on(on).goal);
    let Some(cycle) = goal.and_then(|goal| cycle_of(directory, goal)) else {
        return Ok(None);
    };
    let home = Stream::goal(entry.home);
    let home = reader.stream_covering(home, view.size).await?;
    let state = home.goal.indicator(id).cloned();
    match state {
        Some(state) => IndicatorCard::new(reader, id, entry, state, cycle, view.cut(date)).await,
        None => Ok(None),
    }
}
