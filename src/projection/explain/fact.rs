//! What a figure is made of: the events that bear on it, each with the day from which it does.

use std::collections::BTreeSet;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::{Date, DateSpan};
use crate::domain::goal::Indicator;
use crate::domain::indicator::AggTime;
use crate::projection::explain::waterfall::Fact;

/// The events that bear on an indicator's actual: reports, what replaced them or took them back, definitions.
pub fn of_actual(indicator: &Indicator) -> Vec<Fact> {
    let mut facts = Vec::new();
    for entry in &indicator.entries {
        let day = entry.valid.counts_on();
        facts.push(Fact {
            position: entry.position,
            day,
        });
        // What replaces a report bears on the day that the report was of, wherever it puts it.
        facts.extend(entry.superseded().map(|superseded| Fact {
            position: superseded.position,
            day,
        }));
    }
    for (index, version) in indicator.definitions.iter().enumerate() {
        facts.push(Fact {
            position: version.position,
            // The first definition also holds before its first day.
            day: if index == 0 { Date::MIN } else { version.from },
        });
    }
    facts
}

/// The events that bear on an indicator's target in force.
pub fn of_target(indicator: &Indicator) -> Vec<Fact> {
    let targets = indicator.targets.iter();
    let fact = |version: &crate::domain::target::TargetVersion| Fact {
        position: version.position,
        day: version.effective_from,
    };
    targets.map(fact).collect()
}

/// The events that bear on an indicator's baseline.
pub fn of_baseline(indicator: &Indicator) -> Vec<Fact> {
    let baselines = indicator.baselines.iter();
    baselines
        .map(|version| Fact {
            position: version.position,
            day: version.value.as_of,
        })
        .collect()
}

/// The days up to `until` on which a figure may change though nothing is dated on them: a month is complete, a member
/// joins or leaves its set.
pub fn ticks(indicator: &Indicator, cycle: DateSpan, until: Cut) -> BTreeSet<Date> {
    let mut ticks = BTreeSet::new();
    let known = |position: u64| until.knows(position);
    for version in indicator.definitions.iter().filter(|v| known(v.position)) {
        let definition = &version.definition;
        for member in &definition.members {
            ticks.extend(member.from);
            ticks.extend(member.until.and_then(|last| last.tomorrow().ok()));
        }
        if definition.per_month || definition.agg_time == AggTime::MeanOfPeriods {
            let window = definition.active_window.unwrap_or(cycle);
            let mut month = Some(window.first().last_of_month());
            while let Some(last) = month.filter(|last| *last <= window.last().min(until.on)) {
                ticks.insert(last);
                month = last.tomorrow().ok().map(|first| first.last_of_month());
            }
        }
    }
    ticks
}
