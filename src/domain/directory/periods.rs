//! The periods of each plan, and which evaluations in them are final.

use std::sync::Arc;

use imbl::{OrdMap, Vector};

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::event::{PeriodOpened, Recorded, Subject};
use crate::domain::id::{EventId, PlanId};
use crate::domain::period::Period;

/// An evaluation that was made final.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finalisation {
    /// For which period.
    pub period: Key,
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
}

/// The fold of the periods.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Periods {
    plans: OrdMap<PlanId, OrdMap<Key, Arc<Period>>>,
    /// In the order of recording.
    finalised: OrdMap<Subject, Vector<Finalisation>>,
}

impl Periods {
    pub(super) fn get(&self, plan: PlanId, key: &Key) -> Option<&Arc<Period>> {
        self.plans.get(&plan)?.get(key)
    }

    /// Those of a plan, in the order of their days.
    pub(super) fn of(&self, plan: PlanId) -> Vec<&Arc<Period>> {
        let mut periods: Vec<_> = self.of_plan(plan).collect();
        periods.sort_by_key(|period| period.span.first());
        periods
    }

    /// The one of a plan that `day` lies in.
    pub(super) fn on(&self, plan: PlanId, day: Date) -> Option<&Arc<Period>> {
        self.of_plan(plan).find(|period| period.span.contains(day))
    }

    /// Every period of every plan.
    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Period>> {
        self.plans.values().flat_map(OrdMap::values)
    }

    fn of_plan(&self, plan: PlanId) -> impl Iterator<Item = &Arc<Period>> {
        self.plans.get(&plan).into_iter().flat_map(OrdMap::values)
    }

    pub(super) fn finalised(&self, subject: Subject) -> impl Iterator<Item = &Finalisation> {
        self.finalised.get(&subject).into_iter().flatten()
    }

    pub(super) fn open(&mut self, recorded: &Recorded, p: &PeriodOpened, date: Date) {
        let mut period = Period {
            plan: p.plan,
            key: p.period.clone(),
            title: p.title.clone(),
            span: p.span,
            transitions: Vec::new(),
            snapshots: Vec::new(),
            restatements: Vec::new(),
        };
        period.apply(recorded, date);
        self.plans
            .entry(p.plan)
            .or_default()
            .insert(p.period.clone(), Arc::new(period));
    }

    pub(super) fn change(&mut self, recorded: &Recorded, plan: PlanId, key: &Key, date: Date) {
        let periods = self.plans.get_mut(&plan);
        if let Some(period) = periods.and_then(|periods| periods.get_mut(key)) {
            Arc::make_mut(period).apply(recorded, date);
        }
    }

    pub(super) fn finalise(&mut self, recorded: &Recorded, subject: Subject, period: &Key) {
        self.finalised
            .entry(subject)
            .or_default()
            .push_back(Finalisation {
                period: period.clone(),
                event_id: recorded.event.id,
                position: recorded.position,
            });
    }
}
