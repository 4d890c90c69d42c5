use insta::assert_snapshot;

use super::*;
use crate::domain::event::ActualConfirmed;
use crate::domain::testing::*;
use crate::projection::flags::testing::found;

/// X with a report by 担当 of 30 September, on 6 October.
fn reported() -> World {
    let mut world = World::measuring(count()).by("担当");
    world.accept(fact(recorded(increment("5"))).on("2023-09-30").named("e"));
    world
}

fn confirmed() -> Fact {
    fact(ActualConfirmed {
        indicator: indicator_id("X"),
        entries: vec![event_id("e")],
    })
    .on("2023-10-06")
}

#[test]
fn what_nobody_confirmed_is_told_once_it_is_fixed() {
    let mut world = reported();
    assert_snapshot!(found(&world, "2023-10-10", FlagKind::Unconfirmed), @"");
    assert_snapshot!(found(&world, "2023-10-11", FlagKind::Unconfirmed), @"UNCONFIRMED entries=1 on 1");
    world.now_by("課長").accept(confirmed());
    assert_snapshot!(found(&world, "2023-10-11", FlagKind::Unconfirmed), @"");
}

#[test]
fn an_author_who_confirmed_is_told_although_the_rules_refuse_it() {
    let mut world = reported();
    assert_snapshot!(world.would(confirmed()), @"SELF_CONFIRMATION actual_confirmed.entries[0]");
    // As an older writer would have let it through.
    let event = world.event(&confirmed());
    world.apply(event);
    assert_snapshot!(found(&world, "2023-10-06", FlagKind::SelfConfirmed), @"SELF_CONFIRMED day=2023-09-30 actor=担当 on 2");
}
