//! What other streams rely on: the ledger's identity, plans, units, codes, and what stands under what.
//!
//! A fold of the structural events only, small beside the log: a few entries for each goal. Its maps
//! share structure, so a clone costs nothing and serves as a savepoint.

use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::event::{
    ClockKind, EvidenceAttached, LedgerOpened, NarrativeAdded, Payload, Recorded, Stream, Subject,
};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, PlanId, UnitId};
use crate::domain::org_unit::{OrgUnit, UnitVersion};
use crate::domain::plan::Plan;
use crate::domain::text::{Text, Title};

/// What a code names.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Named {
    /// The ledger itself.
    Ledger,
    /// A plan.
    Plan(PlanId),
    /// A unit.
    Unit(UnitId),
    /// A goal.
    Goal(GoalId),
    /// An initiative.
    Initiative(InitiativeId),
    /// An indicator.
    Indicator(IndicatorId),
}

/// What has become of a goal, initiative or indicator.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// Work goes on.
    Active,
    /// Work rests since a date.
    Suspended(Date),
    /// Given up as of a date.
    Cancelled(Date),
    /// Goes on in another plan as of a date.
    CarriedOver(Date),
}

/// Where a goal stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GoalEntry {
    /// Its plan.
    pub plan: PlanId,
    /// Its code.
    pub code: Code,
    /// Its department now.
    pub department: UnitId,
    /// Its pillar now.
    pub pillar: u32,
    /// Its title now.
    pub title: Title,
    /// Its text now.
    pub source_text: Text,
    /// What has become of it.
    pub phase: Phase,
}

/// Where an initiative stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InitiativeEntry {
    /// The goal whose stream holds its history.
    pub home: GoalId,
    /// The goal it stands under now.
    pub goal: GoalId,
    /// Its number there.
    pub number: u32,
    /// Its code.
    pub code: Code,
    /// Its title now.
    pub title: Title,
    /// Its text now.
    pub source_text: Text,
    /// Who answers for it: from which date, lead, contributors; in the order of recording.
    pub responsibility: imbl::Vector<Responsibility>,
    /// What has become of it.
    pub phase: Phase,
}

/// Who answers for an initiative from a date on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Responsibility {
    /// First day.
    pub from: Date,
    /// The section that answers.
    pub lead: UnitId,
    /// Sections that contribute.
    pub contributing: Vec<UnitId>,
}

impl InitiativeEntry {
    /// Who answers on `date`; before the first date, whoever was first.
    pub fn responsible_on(&self, date: Date) -> Option<&Responsibility> {
        self.responsibility
            .iter()
            .filter(|r| r.from <= date)
            .max_by_key(|r| r.from)
            .or_else(|| self.responsibility.front())
    }

    /// Who answers now.
    pub fn responsible(&self) -> Option<&Responsibility> {
        self.responsibility.iter().max_by_key(|r| r.from)
    }
}

/// Where an indicator stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndicatorEntry {
    /// The goal whose stream holds its history.
    pub home: GoalId,
    /// The initiative it stands under now.
    pub initiative: InitiativeId,
    /// Its code.
    pub code: Code,
    /// Its title now.
    pub title: Title,
    /// What has become of it.
    pub phase: Phase,
}

/// The fold.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    /// How many structural events were folded in.
    version: u64,
    ledger: Option<Arc<LedgerOpened>>,
    zone: Option<TimeZone>,
    plans: OrdMap<PlanId, Arc<Plan>>,
    units: OrdMap<UnitId, Arc<OrgUnit>>,
    goals: HashMap<GoalId, Arc<GoalEntry>>,
    initiatives: HashMap<InitiativeId, Arc<InitiativeEntry>>,
    indicators: HashMap<IndicatorId, Arc<IndicatorEntry>>,
    codes: HashMap<Code, Named>,
    /// Goals of a plan, by the order they were set in.
    goals_of_plan: HashMap<PlanId, OrdMap<u64, GoalId>>,
    /// Initiatives under a goal, by number.
    initiatives_of_goal: HashMap<GoalId, OrdSet<(u32, InitiativeId)>>,
    /// Indicators under an initiative, by the order they were defined or moved in.
    indicators_of_initiative: HashMap<InitiativeId, OrdMap<u64, IndicatorId>>,
}

impl Directory {
    /// How many structural events were folded in: of one ledger, equal versions are equal directories.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// What position 0 said, once it is there.
    pub fn ledger(&self) -> Option<&Arc<LedgerOpened>> {
        self.ledger.as_ref()
    }

    /// Whether the ledger's clock is simulated.
    pub fn has_simulated_clock(&self) -> bool {
        self.ledger
            .as_ref()
            .is_some_and(|l| l.clock == ClockKind::Simulated)
    }

    /// The civil date of `instant` in the ledger's zone (UTC before position 0).
    pub fn date_of(&self, instant: Timestamp) -> Date {
        instant
            .to_zoned(self.zone.clone().unwrap_or(TimeZone::UTC))
            .date()
    }

    /// What `code` names.
    pub fn named(&self, code: &Code) -> Option<Named> {
        self.codes.get(code).copied()
    }

    /// Every code with what it names, in no order.
    pub fn codes(&self) -> impl Iterator<Item = (&Code, Named)> {
        self.codes.iter().map(|(code, named)| (code, *named))
    }

    /// A plan.
    pub fn plan(&self, id: PlanId) -> Option<&Arc<Plan>> {
        self.plans.get(&id)
    }

    /// Every plan, in the order of their cycles.
    pub fn plans(&self) -> Vec<&Arc<Plan>> {
        let mut plans: Vec<_> = self.plans.values().collect();
        plans.sort_by_key(|plan| (plan.cycle.first(), plan.id));
        plans
    }

    /// A unit.
    pub fn unit(&self, id: UnitId) -> Option<&Arc<OrgUnit>> {
        self.units.get(&id)
    }

    /// Every unit, in the order of their codes.
    pub fn units(&self) -> Vec<&Arc<OrgUnit>> {
        let mut units: Vec<_> = self.units.values().collect();
        units.sort_by(|a, b| a.code.cmp(&b.code));
        units
    }

    /// Where a goal stands.
    pub fn goal(&self, id: GoalId) -> Option<&Arc<GoalEntry>> {
        self.goals.get(&id)
    }

    /// Where an initiative stands.
    pub fn initiative(&self, id: InitiativeId) -> Option<&Arc<InitiativeEntry>> {
        self.initiatives.get(&id)
    }

    /// Where an indicator stands.
    pub fn indicator(&self, id: IndicatorId) -> Option<&Arc<IndicatorEntry>> {
        self.indicators.get(&id)
    }

    /// The goals of a plan in the order they were set in.
    pub fn goals_of(&self, plan: PlanId) -> impl Iterator<Item = GoalId> + '_ {
        self.goals_of_plan
            .get(&plan)
            .into_iter()
            .flat_map(|goals| goals.values().copied())
    }

    /// The initiatives that stand under a goal, by number.
    pub fn initiatives_of(&self, goal: GoalId) -> impl Iterator<Item = InitiativeId> + '_ {
        self.initiatives_of_goal
            .get(&goal)
            .into_iter()
            .flat_map(|set| set.iter().map(|(_, id)| *id))
    }

    /// The indicators that stand under an initiative, in order.
    pub fn indicators_of(
        &self,
        initiative: InitiativeId,
    ) -> impl Iterator<Item = IndicatorId> + '_ {
        self.indicators_of_initiative
            .get(&initiative)
            .into_iter()
            .flat_map(|ids| ids.values().copied())
    }

    /// The department a unit belongs to on `date`: itself or the nearest above that is one.
    pub fn department_of(&self, unit: UnitId, date: Date) -> Option<UnitId> {
        let mut current = unit;
        // A tree deeper than this is refused when it is built.
        for _ in 0..=Self::TREE_DEPTH_MAX {
            let entry = self.units.get(&current)?;
            if entry.kind == crate::domain::org_unit::UnitKind::Department {
                return Some(current);
            }
            current = entry.on(date)?.parent?;
        }
        None
    }

    /// The stream an event with this payload belongs to; `None` while what it is about is unknown. An
    /// initiative or indicator that was moved keeps the stream it began in.
    pub fn stream_of(&self, payload: &Payload) -> Option<Stream> {
        let of_initiative = |id| {
            self.initiative(id)
                .map(|initiative| Stream::goal(initiative.home))
        };
        Some(match payload {
            Payload::LedgerOpened(p) => Stream::ledger(p.ledger),
            Payload::PlanPublished(p) => Stream::plan(p.plan),
            Payload::ImportAccepted(p) => Stream::plan(p.plan),
            Payload::OrgUnitRegistered(p) => Stream::org(p.unit),
            Payload::OrgUnitChanged(p) => Stream::org(p.unit),
            Payload::GoalSet(p) => Stream::goal(p.goal),
            Payload::GoalReworded(p) => Stream::goal(p.goal),
            Payload::GoalMoved(p) => Stream::goal(p.goal),
            Payload::GoalSuspended(p) => Stream::goal(p.goal),
            Payload::GoalResumed(p) => Stream::goal(p.goal),
            Payload::GoalCancelled(p) => Stream::goal(p.goal),
            Payload::GoalCarriedOver(p) => Stream::goal(p.goal),
            Payload::InitiativeSet(p) => Stream::goal(p.goal),
            Payload::InitiativeReworded(p) => return of_initiative(p.initiative),
            Payload::InitiativeMoved(p) => return of_initiative(p.initiative),
            Payload::InitiativeCancelled(p) => return of_initiative(p.initiative),
            Payload::ResponsibilityTransferred(p) => return of_initiative(p.initiative),
            Payload::IndicatorDefined(p) => return of_initiative(p.initiative),
            Payload::NarrativeAdded(NarrativeAdded { subject, .. })
            | Payload::EvidenceAttached(EvidenceAttached { subject, .. }) => match subject {
                Subject::Goal(id) => Stream::goal(*id),
                Subject::Initiative(id) => return of_initiative(*id),
                Subject::Indicator(id) => Stream::goal(self.indicator(*id)?.home),
            },
            Payload::IndicatorReworded(_)
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
            | Payload::ForecastSubmitted(_) => {
                Stream::goal(self.indicator(payload.indicator()?)?.home)
            }
        })
    }

    /// The ledger and its units, without plans, goals and what stands under them: what a fold of one goal's
    /// or plan's stream starts from to see how it came about. `unit` is left out too, for its own stream.
    pub fn without_subjects(&self, unit: Option<UnitId>) -> Self {
        Self {
            version: self.version,
            ledger: self.ledger.clone(),
            zone: self.zone.clone(),
            units: unit.map_or_else(|| self.units.clone(), |unit| self.units.without(&unit)),
            ..Self::default()
        }
    }

    /// Levels of the tree of units at most.
    pub const TREE_DEPTH_MAX: usize = 16;

    /// Folds in an event that has happened; all but structural events change nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.version += u64::from(recorded.event.payload.is_structural());
        let position = recorded.position;
        let from = recorded
            .event
            .valid
            .map_or_else(|| self.date_of(recorded.recorded_at), |v| v.from);
        match &recorded.event.payload {
            Payload::LedgerOpened(p) => {
                self.zone = TimeZone::get(p.time_zone.as_str()).ok();
                self.codes.insert(p.code.clone(), Named::Ledger);
                self.ledger = Some(Arc::new(p.clone()));
            }
            Payload::PlanPublished(p) => {
                self.codes.insert(p.code.clone(), Named::Plan(p.plan));
                let plan = Plan {
                    id: p.plan,
                    code: p.code.clone(),
                    title: p.title.clone(),
                    cycle: p.cycle,
                    pillars: p.pillars.clone(),
                    source_sha256: p.source_sha256,
                };
                self.plans.insert(p.plan, Arc::new(plan));
            }
            Payload::OrgUnitRegistered(p) => {
                self.codes.insert(p.code.clone(), Named::Unit(p.unit));
                let version = UnitVersion {
                    from,
                    name: p.name.clone(),
                    parent: p.parent,
                };
                let unit = OrgUnit {
                    id: p.unit,
                    code: p.code.clone(),
                    kind: p.kind,
                    versions: vec![version],
                    until: recorded.event.valid.and_then(|v| v.to),
                };
                self.units.insert(p.unit, Arc::new(unit));
            }
            Payload::OrgUnitChanged(p) => {
                let Some(unit) = self.units.get_mut(&p.unit) else {
                    return;
                };
                let unit = Arc::make_mut(unit);
                if p.dissolved {
                    unit.until = from.yesterday().ok();
                }
                if p.name.is_some() || p.parent.is_some() {
                    let before = unit.on(from).or(unit.latest()).cloned();
                    let name = p.name.clone().or(before.as_ref().map(|v| v.name.clone()));
                    let parent = p.parent.or(before.as_ref().and_then(|v| v.parent));
                    if let Some(name) = name {
                        unit.versions.push(UnitVersion { from, name, parent });
                    }
                }
            }
            Payload::GoalSet(p) => {
                self.codes.insert(p.code.clone(), Named::Goal(p.goal));
                self.goals_of_plan
                    .entry(p.plan)
                    .or_default()
                    .insert(position, p.goal);
                let entry = GoalEntry {
                    plan: p.plan,
                    code: p.code.clone(),
                    department: p.department,
                    pillar: p.pillar,
                    title: p.title.clone(),
                    source_text: p.source_text.clone(),
                    phase: Phase::Active,
                };
                self.goals.insert(p.goal, Arc::new(entry));
            }
            Payload::GoalReworded(p) => self.on_goal(p.goal, |goal| {
                goal.title = p.title.clone();
                goal.source_text = p.source_text.clone();
            }),
            Payload::GoalMoved(p) => self.on_goal(p.goal, |goal| {
                (goal.department, goal.pillar) = (p.department, p.pillar);
            }),
            Payload::GoalSuspended(p) => self.on_goal(p.goal, |g| g.phase = Phase::Suspended(from)),
            Payload::GoalResumed(p) => self.on_goal(p.goal, |g| g.phase = Phase::Active),
            Payload::GoalCancelled(p) => self.on_goal(p.goal, |g| g.phase = Phase::Cancelled(from)),
            Payload::GoalCarriedOver(p) => {
                self.on_goal(p.goal, |g| g.phase = Phase::CarriedOver(from));
            }
            Payload::InitiativeSet(p) => {
                self.codes
                    .insert(p.code.clone(), Named::Initiative(p.initiative));
                self.initiatives_of_goal
                    .entry(p.goal)
                    .or_default()
                    .insert((p.number, p.initiative));
                let responsibility = Responsibility {
                    from,
                    lead: p.lead_unit,
                    contributing: p.contributing_units.clone(),
                };
                let entry = InitiativeEntry {
                    home: p.goal,
                    goal: p.goal,
                    number: p.number,
                    code: p.code.clone(),
                    title: p.title.clone(),
                    source_text: p.source_text.clone(),
                    responsibility: imbl::vector![responsibility],
                    phase: Phase::Active,
                };
                self.initiatives.insert(p.initiative, Arc::new(entry));
            }
            Payload::InitiativeReworded(p) => self.on_initiative(p.initiative, |initiative| {
                initiative.title = p.title.clone();
                initiative.source_text = p.source_text.clone();
            }),
            Payload::InitiativeMoved(p) => {
                let Some(entry) = self.initiatives.get(&p.initiative).cloned() else {
                    return;
                };
                if let Some(set) = self.initiatives_of_goal.get_mut(&entry.goal) {
                    set.remove(&(entry.number, p.initiative));
                }
                self.initiatives_of_goal
                    .entry(p.to_goal)
                    .or_default()
                    .insert((p.number, p.initiative));
                self.on_initiative(p.initiative, |initiative| {
                    (initiative.goal, initiative.number) = (p.to_goal, p.number);
                });
            }
            Payload::InitiativeCancelled(p) => {
                self.on_initiative(p.initiative, |i| i.phase = Phase::Cancelled(from));
            }
            Payload::ResponsibilityTransferred(p) => {
                self.on_initiative(p.initiative, |initiative| {
                    initiative.responsibility.push_back(Responsibility {
                        from,
                        lead: p.lead_unit,
                        contributing: p.contributing_units.clone(),
                    });
                })
            }
            Payload::IndicatorDefined(p) => {
                self.codes
                    .insert(p.code.clone(), Named::Indicator(p.indicator));
                let Some(initiative) = self.initiatives.get(&p.initiative) else {
                    return;
                };
                let entry = IndicatorEntry {
                    home: initiative.home,
                    initiative: p.initiative,
                    code: p.code.clone(),
                    title: p.title.clone(),
                    phase: Phase::Active,
                };
                self.indicators_of_initiative
                    .entry(p.initiative)
                    .or_default()
                    .insert(position, p.indicator);
                self.indicators.insert(p.indicator, Arc::new(entry));
            }
            Payload::IndicatorReworded(p) => {
                self.on_indicator(p.indicator, |i| i.title = p.title.clone());
            }
            Payload::IndicatorMoved(p) => {
                let Some(entry) = self.indicators.get(&p.indicator).cloned() else {
                    return;
                };
                if let Some(ids) = self.indicators_of_initiative.get_mut(&entry.initiative) {
                    let key = ids
                        .iter()
                        .find(|(_, id)| **id == p.indicator)
                        .map(|(key, _)| *key);
                    key.and_then(|key| ids.remove(&key));
                }
                self.indicators_of_initiative
                    .entry(p.to_initiative)
                    .or_default()
                    .insert(position, p.indicator);
                self.on_indicator(p.indicator, |i| i.initiative = p.to_initiative);
            }
            Payload::IndicatorCancelled(p) => {
                self.on_indicator(p.indicator, |i| i.phase = Phase::Cancelled(from));
            }
            Payload::ImportAccepted(_)
            | Payload::IndicatorRedefined(_)
            | Payload::BaselineSet(_)
            | Payload::TargetSet(_)
            | Payload::TargetRevised(_)
            | Payload::PlanProfileSet(_)
            | Payload::ActualRecorded(_)
            | Payload::ActualCorrected(_)
            | Payload::ActualRetracted(_)
            | Payload::DemandRecorded(_)
            | Payload::ForecastSubmitted(_)
            | Payload::NarrativeAdded(_)
            | Payload::EvidenceAttached(_) => {}
        }
    }

    fn on_goal(&mut self, id: GoalId, change: impl FnOnce(&mut GoalEntry)) {
        if let Some(entry) = self.goals.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }

    fn on_initiative(&mut self, id: InitiativeId, change: impl FnOnce(&mut InitiativeEntry)) {
        if let Some(entry) = self.initiatives.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }

    fn on_indicator(&mut self, id: IndicatorId, change: impl FnOnce(&mut IndicatorEntry)) {
        if let Some(entry) = self.indicators.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }
}
