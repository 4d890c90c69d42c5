//! A directory without some goals: as whoever may not read them sees it.

use imbl::{OrdMap, OrdSet};

use super::{Directory, Named};
use crate::domain::id::{GoalId, PlanId};

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
        let gone = |id: &GoalId| hidden.contains(id);
        take_out(&mut seen.goals, |id, _| gone(id));
        let plans: Vec<PlanId> = seen.goals_of_plan.keys().copied().collect();
        for plan in plans {
            if let Some(goals) = seen.goals_of_plan.get_mut(&plan) {
                take_out(goals, |_, id| gone(id));
            }
        }
        take_out(&mut seen.initiatives, |_, it| gone(&it.goal()));
        let initiatives = seen.initiatives.clone();
        take_out(&mut seen.indicators, |_, it| {
            !initiatives.contains_key(&it.initiative())
        });
        let whole = seen.clone();
        let stands = |named: &Named| match named {
            Named::Goal(id) => whole.goals.contains_key(id),
            Named::Initiative(id) => whole.initiatives.contains_key(id),
            Named::Indicator(id) => whole.indicators.contains_key(id),
            Named::Ledger | Named::Plan(_) | Named::Unit(_) => true,
        };
        take_out(&mut seen.codes, |_, named| !stands(named));
        take_out(&mut seen.continued_by, |named, _| !stands(named));
        let continued: Vec<Named> = seen.continued_by.keys().copied().collect();
        for named in continued {
            if let Some(later) = seen.continued_by.get_mut(&named) {
                later.retain(|named| stands(named));
            }
        }
        seen.hidden = hidden;
        seen
    }
}

/// Leaves out of a map what `goes`.
fn take_out<K: Clone + Ord, V: Clone>(map: &mut OrdMap<K, V>, goes: impl Fn(&K, &V) -> bool) {
    let gone = map.iter().filter(|(key, value)| goes(key, value));
    let gone: Vec<K> = gone.map(|(key, _)| key.clone()).collect();
    for key in gone {
        map.remove(&key);
    }
}
