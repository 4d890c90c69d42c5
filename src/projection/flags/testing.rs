//! A world whose indicator X is examined, for the tests of the flags.

use std::collections::BTreeSet;

use super::{Examined, Flag, FlagKind};
use crate::domain::actual::aggregate::Cut;
use crate::domain::directory::Phase;
use crate::domain::evaluation::EvaluationPolicy;
use crate::domain::testing::*;

/// The flags of a kind about X on `on`, a line each: figures, and how many events it rests on.
pub(crate) fn found(world: &World, on: &str, kind: FlagKind) -> String {
    found_known(world, on, world.position, kind)
}

/// The same with what was known at a size.
pub(crate) fn found_known(world: &World, on: &str, known: u64, kind: FlagKind) -> String {
    let policy = EvaluationPolicy::default();
    let cycle = days("2023-04-01", "2024-03-31");
    let goal = &world.goals[&goal_id("G").into()];
    let examined = Examined {
        id: indicator_id("X"),
        state: world.indicator("X"),
        directory: &world.directory,
        cycle,
        cut: Cut::on(day(on)).known_at(known),
        policy: &policy,
        phase: Phase::Active,
        home: goal,
        shown: goal
            .attachments()
            .filter_map(|a| a.shows)
            .collect::<BTreeSet<_>>(),
        deadlines: vec![(cycle, cycle.last())],
        periods: world
            .directory
            .periods_of(plan_id("R5"))
            .into_iter()
            .cloned()
            .collect(),
    };
    let evaluation = examined.evaluate(examined.cut);
    let flags = evaluation.map(|evaluation| examined.flags(&evaluation));
    lines(&flags.unwrap_or_default(), kind)
}

/// The flags of a kind, a line each: figures, and how many events it rests on.
pub(crate) fn lines(flags: &[Flag], kind: FlagKind) -> String {
    let line = |flag: &Flag| {
        let figures: Vec<_> = flag
            .figures
            .iter()
            .map(|(name, value)| format!(" {name}={value}"))
            .collect();
        format!(
            "{}{} on {}",
            flag.kind.code(),
            figures.concat(),
            flag.grounds_total
        )
    };
    let of_kind = flags.iter().filter(|flag| flag.kind == kind);
    of_kind.map(line).collect::<Vec<_>>().join("\n")
}
