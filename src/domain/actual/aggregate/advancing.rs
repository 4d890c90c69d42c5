//! What an indicator stood at at one cut after another, so that a list of changes adds up its reports once.

use crate::domain::actual::Actual;
use crate::domain::actual::aggregate::digest::Digest;
use crate::domain::actual::aggregate::{Cut, Standing, standing_in};
use crate::domain::date::{Date, DateSpan};
use crate::domain::goal::Indicator;

/// What counts of one indicator at the cut that was asked for last.
#[derive(Clone, Debug)]
pub struct Advancing<'a> {
    indicator: &'a Indicator,
    /// `None`: nothing was asked for yet.
    at: Option<At<'a>>,
}

#[derive(Clone, Debug)]
struct At<'a> {
    cut: Cut,
    /// Version of the definition whose entries count.
    series: u32,
    counted: Digest<'a>,
    /// How many entries were known.
    known: usize,
    /// The first day of those that were known and are of a later day.
    later: Option<Date>,
}

impl<'a> Advancing<'a> {
    /// Of an indicator in whichever state: it may hold more than is known at the cuts.
    pub fn new(indicator: &'a Indicator) -> Self {
        Self {
            indicator,
            at: None,
        }
    }

    /// The indicator.
    pub fn indicator(&self) -> &'a Indicator {
        self.indicator
    }

    /// What [`actual_at`](super::actual_at) says. Looks at what was recorded between this cut and the one before where
    /// this one follows it and nothing was taken out meanwhile, else at every entry.
    pub fn actual_at(&mut self, cycle: DateSpan, cut: Cut) -> Actual {
        let Some((series, version)) = self.indicator.definition_at(cut) else {
            return Actual::NoReport;
        };
        let before = self.at.take().filter(|at| self.follows(at, series, cut));
        let mut at = before.unwrap_or_else(|| At {
            cut,
            series,
            counted: Digest::new(&version.definition),
            known: 0,
            later: None,
        });
        at.cut = cut;
        while let Some(entry) = self.indicator.entries.get(at.known)
            && cut.knows(entry.position)
        {
            at.known += 1;
            match standing_in(Some(series), &entry, cut) {
                Standing::Counts => at.counted.add(&entry),
                Standing::Later => {
                    let day = entry.valid.counts_on();
                    at.later = Some(at.later.map_or(day, |later| later.min(day)));
                }
                Standing::Unknown
                | Standing::Replaced(_)
                | Standing::Retracted(_)
                | Standing::OtherSeries => {}
            }
        }
        let actual = at.counted.actual(cycle, cut.on);
        self.at = Some(at);
        actual
    }

    /// Whether what counted at `at` counts at `cut` too, and no more of what was known there.
    fn follows(&self, at: &At<'_>, series: u32, cut: Cut) -> bool {
        let size = |cut: Cut| cut.known.unwrap_or(u64::MAX);
        at.series == series
            && at.cut.on <= cut.on
            && at.later.is_none_or(|later| cut.on < later)
            && size(at.cut) <= size(cut)
            && !self.indicator.superseded_between(at.cut, cut)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::actual::aggregate::actual_at;
    use crate::domain::testing::history::*;
    use crate::domain::testing::*;

    proptest! {
        #![proptest_config(property_cases())]

        #[test]
        fn one_cut_after_another_stands_where_each_does_alone(
            definition in any_definition(),
            facts in any_facts(16),
            cuts in prop::collection::vec((days_from("2023-03-25", 400), prop::option::weighted(0.9, 0_u64..20)), 1..8),
            in_order in any::<bool>(),
        ) {
            let history = History::of(definition).with(facts);
            let mut cuts: Vec<Cut> = cuts.into_iter().map(|(on, known)| Cut { on, known }).collect();
            if in_order {
                cuts.sort_by_key(|cut| cut.known.unwrap_or(u64::MAX));
                cuts.iter_mut().for_each(|cut| cut.on = day("2024-03-31"));
            }
            let cycle = days("2023-04-01", "2024-03-31");
            let mut advancing = Advancing::new(history.indicator());
            for cut in cuts {
                let alone = actual_at(history.indicator(), cycle, cut);
                prop_assert_eq!(advancing.actual_at(cycle, cut), alone, "{:?}", cut);
            }
        }
    }
}
