//! The constant set of two plans: the criteria that both measure in the same way, so that their figures can be compared, and
//! why the others cannot.
//!
//! What belongs together is what a criterion of the later plan says that it goes on with, also across plans between. What
//! says nothing is found by words among the rest: the title in NFKC without spaces and, where several bear it, the section
//! that answers for it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::directory::Directory;
use crate::domain::id::{IndicatorId, UnitId};
use crate::domain::indicator::{Definition, enumeration};
use crate::projection::evaluation::{
    GoalEvaluation, IndicatorEvaluation, InitiativeEvaluation, PlanEvaluation,
};

enumeration! {
    /// Why a criterion is not in the constant set.
    Apart {
        /// Only the later plan has it.
        New = "NEW",
        /// Only the earlier plan has it.
        Ended = "ENDED",
        /// It is measured in another way, or since a day within one of the years only.
        Redefined = "REDEFINED",
        /// It is measured in another unit.
        UnitChanged = "UNIT_CHANGED",
        /// Several bear its title, and their sections do not tell them apart.
        Ambiguous = "AMBIGUOUS",
        /// It was given up, suspended or not asked for in one of them.
        SetAside = "SET_ASIDE",
    }
}

/// An indicator with what it stands under.
pub type Placed<'a> = (
    &'a GoalEvaluation,
    &'a InitiativeEvaluation,
    &'a IndicatorEvaluation,
);

/// A criterion that both plans measure in the same way.
#[derive(Clone, Copy, Debug)]
pub struct Pair<'a> {
    /// In the earlier plan.
    pub before: Placed<'a>,
    /// In the later plan.
    pub after: Placed<'a>,
    /// Whether the later one says that it goes on with the earlier one.
    pub linked: bool,
}

/// A criterion that cannot be compared. At least one of the two is there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LeftOut {
    /// In the earlier plan.
    pub before: Option<IndicatorId>,
    /// In the later plan.
    pub after: Option<IndicatorId>,
    /// Why.
    pub why: Apart,
}

/// What can be compared, and what cannot.
#[derive(Clone, Debug, Default)]
pub struct ConstantSet<'a> {
    /// In the order of the later plan.
    pub pairs: Vec<Pair<'a>>,
    /// In the order of the later plan, then what only the earlier one has in its order.
    pub left_out: Vec<LeftOut>,
}

/// Finds what two evaluations measure in the same way. Each indicator of both is in exactly one place.
pub fn constant_set<'a>(before: &'a PlanEvaluation, after: &'a PlanEvaluation) -> ConstantSet<'a> {
    let (earlier, later) = (titled(before), titled(after));
    let linked = linked(&earlier, &later, &after.at.directory);
    let partners = partners(&earlier, &later, &linked);
    let taken: HashSet<usize> = partners.iter().flatten().copied().collect();
    let of_later = || later.iter().zip(&partners);
    // What belongs together, and what of itself keeps it apart.
    let own: HashMap<IndicatorId, (IndicatorId, Option<Apart>)> = of_later()
        .filter_map(|(one, partner)| {
            let (one, other) = (one.placed.2, earlier[(*partner)?].placed.2);
            Some((one.id, (other.id, apart((before, other), (after, one)))))
        })
        .collect();
    let alone_before = || {
        (0..)
            .zip(&earlier)
            .filter(|(index, _)| !taken.contains(index))
    };
    let titles_before: HashSet<&str> = alone_before().map(|(_, one)| &*one.title).collect();
    let alone_after = of_later().filter(|(_, partner)| partner.is_none());
    let titles_after: HashSet<&str> = alone_after.map(|(one, _)| &*one.title).collect();
    let why = |title: &String, others: &HashSet<&str>, otherwise| match others.contains(&**title) {
        true => Apart::Ambiguous,
        false => otherwise,
    };
    let mut found = ConstantSet::default();
    for ((one, partner), linked) in of_later().zip(&linked) {
        let after = one.placed;
        let Some(partner) = *partner else {
            found.left_out.push(LeftOut {
                before: None,
                after: Some(after.2.id),
                why: why(&one.title, &titles_before, Apart::New),
            });
            continue;
        };
        let before = earlier[partner].placed;
        let of_itself = own.get(&after.2.id).and_then(|(_, why)| *why);
        match of_itself.or_else(|| of_components(before.2, after.2, &own)) {
            None => found.pairs.push(Pair {
                before,
                after,
                linked: linked.is_some(),
            }),
            Some(why) => found.left_out.push(LeftOut {
                before: Some(before.2.id),
                after: Some(after.2.id),
                why,
            }),
        }
    }
    let ended = alone_before().map(|(_, one)| LeftOut {
        before: Some(one.placed.2.id),
        after: None,
        why: why(&one.title, &titles_after, Apart::Ended),
    });
    found.left_out.extend(ended);
    found
}

/// An indicator with what it is found by.
struct Titled<'a> {
    title: String,
    lead: UnitId,
    placed: Placed<'a>,
}

fn titled(evaluation: &PlanEvaluation) -> Vec<Titled<'_>> {
    let date = evaluation.at.effective_on;
    let title = |placed: Placed<'_>| {
        let title = &placed.2.entry.worded_on(date).title;
        let folded = title.ja.as_str().nfkc().filter(|c| !c.is_whitespace());
        folded.collect()
    };
    evaluation
        .indicators()
        .map(|placed| Titled {
            title: title(placed),
            lead: placed.2.lead,
            placed,
        })
        .collect()
}

/// For each of the later ones, which of the earlier ones it goes on with by its own word.
fn linked(
    earlier: &[Titled<'_>],
    later: &[Titled<'_>],
    directory: &Directory,
) -> Vec<Option<usize>> {
    let places: HashMap<IndicatorId, usize> = (0..)
        .zip(earlier)
        .map(|(index, one)| (one.placed.2.id, index))
        .collect();
    let continued = |id: &IndicatorId| directory.indicator(*id)?.continues;
    later
        .iter()
        .map(|one| {
            // What is continued is of an earlier plan each time, so this ends.
            let mut before = std::iter::successors(continued(&one.placed.2.id), continued);
            before.find_map(|id| places.get(&id).copied())
        })
        .collect()
}

/// For each of the later ones, which of the earlier ones belongs to it; none belongs to two.
fn partners(
    earlier: &[Titled<'_>],
    later: &[Titled<'_>],
    linked: &[Option<usize>],
) -> Vec<Option<usize>> {
    let taken: HashSet<usize> = linked.iter().flatten().copied().collect();
    let free_before = |index: usize| !taken.contains(&index);
    let free_after = |index: usize| linked.get(index).is_none_or(Option::is_none);
    let by = (free_before, free_after);
    let titles = Matches::new(earlier, later, by, |one| one.title.clone());
    let with_section = Matches::new(earlier, later, by, |one| (one.title.clone(), one.lead));
    later
        .iter()
        .zip(linked)
        .map(|(one, linked)| {
            let by_title = || titles.only(&one.title);
            let by_both = || with_section.only(&(one.title.clone(), one.lead));
            linked.or_else(by_title).or_else(by_both)
        })
        .collect()
}

/// Indices of both sides by what they are found by.
struct Matches<K> {
    earlier: HashMap<K, Vec<usize>>,
    later: HashMap<K, Vec<usize>>,
}

impl<K: Eq + Hash> Matches<K> {
    /// Of those that are free on each side.
    fn new(
        earlier: &[Titled<'_>],
        later: &[Titled<'_>],
        (free_before, free_after): (impl Fn(usize) -> bool, impl Fn(usize) -> bool),
        key: impl Fn(&Titled<'_>) -> K,
    ) -> Self {
        let by_key = |all: &[Titled<'_>], free: &dyn Fn(usize) -> bool| {
            let mut found: HashMap<K, Vec<usize>> = HashMap::new();
            for (index, one) in all.iter().enumerate().filter(|(index, _)| free(*index)) {
                found.entry(key(one)).or_default().push(index);
            }
            found
        };
        Self {
            earlier: by_key(earlier, &free_before),
            later: by_key(later, &free_after),
        }
    }

    /// The only one of the earlier side with this key, where the later side has only one too.
    fn only(&self, key: &K) -> Option<usize> {
        match (
            self.earlier.get(key)?.as_slice(),
            self.later.get(key)?.len(),
        ) {
            ([index], 1) => Some(*index),
            _ => None,
        }
    }
}

/// What of itself keeps figures of one criterion in two plans apart; `None`: nothing.
fn apart(
    (of_before, before): (&PlanEvaluation, &IndicatorEvaluation),
    (of_after, after): (&PlanEvaluation, &IndicatorEvaluation),
) -> Option<Apart> {
    // After a break the figures are those of a part of the year.
    let broken = |evaluation: &PlanEvaluation, one: &IndicatorEvaluation| {
        let first = evaluation.at.plan.cycle.first();
        1 < one.evaluation.definition_version && first < one.defined_from
    };
    if !measured_alike(&before.definition, &after.definition)
        || broken(of_before, before)
        || broken(of_after, after)
    {
        return Some(Apart::Redefined);
    }
    let unit = |one: &IndicatorEvaluation| {
        let unit = &one.definition.unit;
        (unit.code.clone(), unit.dimension.clone(), unit.scale_pow10)
    };
    if unit(before) != unit(after) {
        return Some(Apart::UnitChanged);
    }
    let set_aside = |one: &IndicatorEvaluation| one.evaluation.status.is_set_aside();
    (set_aside(before) || set_aside(after)).then_some(Apart::SetAside)
}

/// What keeps two composites apart: they are as comparable as what they are made of.
fn of_components(
    before: &IndicatorEvaluation,
    after: &IndicatorEvaluation,
    own: &HashMap<IndicatorId, (IndicatorId, Option<Apart>)>,
) -> Option<Apart> {
    let parts_before = &before.definition.components;
    let mut parts_after = after.definition.components.iter();
    parts_after.find_map(|id| match own.get(id) {
        Some((partner, why)) if parts_before.contains(partner) => *why,
        _ => Some(Apart::Redefined),
    })
}

/// Whether two definitions take the same measurements and make the same of them. Targets, members and how progress is planned
/// may differ: they change from year to year, and shares allow for it.
fn measured_alike(before: &Definition, after: &Definition) -> bool {
    let parts = |definition: &Definition| -> BTreeMap<_, _> {
        let parts = definition.parts.iter();
        parts.map(|part| (part.key.clone(), part.weight)).collect()
    };
    before.measure_type == after.measure_type
        && before.entry_kind == after.entry_kind
        && before.agg_time == after.agg_time
        && before.agg_space == after.agg_space
        && before.comparator == after.comparator
        && before.quantifier == after.quantifier
        && before.per_month == after.per_month
        && before.attainment_basis == after.attainment_basis
        && before.person_times == after.person_times
        && before.demand_driven == after.demand_driven
        && before.rubric == after.rubric
        && parts(before) == parts(after)
        && before.components.len() == after.components.len()
}

#[cfg(test)]
mod tests;
