//! A directory without some goals: as whoever may not read them sees it.

use imbl::OrdSet;

use super::{Directory, Named};
use crate::domain::id::GoalId;

impl Directory {
    /// Every goal, in no order.
    pub fn goal_ids(&self) -> impl Iterator<Item = GoalId> + '_ {
        self.goals.keys().copied()
    }

    /// The goals that were taken out of it.
    pub fn hidden(&self) -> &OrdSet<GoalId> {
        &self.hidden
    }

    /// The same without the names of persons, for whoever is not known: what answers show says by which login it was done.
    #[must_use]
    pub fn nameless(&self) -> Self {
        let mut seen = self.clone();
        seen.access.forget_names();
        seen
    }

    /// The same without `hidden` and all that stands under them. Nothing is folded into it any more.
    #[must_use]
    pub fn hiding(&self, hidden: OrdSet<GoalId>) -> Self {
        if hidden.is_empty() {
            return self.clone();
        }
        let mut seen = self.clone();
        seen.goals.retain(|id, _| !hidden.contains(id));
        for (_, goals) in seen.goals_of_plan.iter_mut() {
            let left = goals.iter().filter(|(_, goal)| !hidden.contains(*goal));
            *goals = left.map(|(position, goal)| (*position, *goal)).collect();
        }
        seen.initiatives
            .retain(|_, initiative| !hidden.contains(&initiative.goal()));
        let initiatives = seen.initiatives.clone();
        seen.indicators
            .retain(|_, indicator| initiatives.contains_key(&indicator.initiative()));
        let stands = |named: &Named, seen: &Self| match named {
            Named::Goal(id) => seen.goals.contains_key(id),
            Named::Initiative(id) => seen.initiatives.contains_key(id),
            Named::Indicator(id) => seen.indicators.contains_key(id),
            Named::Ledger | Named::Plan(_) | Named::Unit(_) => true,
        };
        let whole = seen.clone();
        seen.codes.retain(|_, named| stands(named, &whole));
        seen.continued_by.retain(|named, _| stands(named, &whole));
        for (_, later) in seen.continued_by.iter_mut() {
            later.retain(|named| stands(named, &whole));
        }
        seen.hidden = hidden;
        seen
    }
}
