//! The reporting calendars of each plan.

use imbl::{OrdMap, Vector};

use crate::domain::date::Date;
use crate::domain::id::PlanId;
use crate::domain::reporting::Calendar;

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Calendars {
    /// Of each plan in the order of recording.
    plans: OrdMap<PlanId, Vector<Calendar>>,
}

impl Calendars {
    pub(super) fn set(&mut self, calendar: Calendar, plan: PlanId) {
        self.plans.entry(plan).or_default().push_back(calendar);
    }

    pub(super) fn of(&self, plan: PlanId) -> impl DoubleEndedIterator<Item = &Calendar> {
        self.plans.get(&plan).into_iter().flatten()
    }

    pub(super) fn on(&self, plan: PlanId, date: Date) -> Option<&Calendar> {
        // Of equal dates `max_by_key` takes the last.
        self.of(plan)
            .filter(|calendar| calendar.effective_from <= date)
            .max_by_key(|calendar| calendar.effective_from)
    }
}
