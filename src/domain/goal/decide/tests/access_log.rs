//! What belongs into an access log, and that it belongs nowhere else.

use insta::assert_snapshot;
use jiff::Timestamp;

use crate::domain::event::*;
use crate::domain::testing::*;

fn left_out() -> Fact {
    let left = AccessesLeftOut {
        refusals: 1,
        others: 0,
        first_at: Timestamp::UNIX_EPOCH,
        last_at: Timestamp::UNIX_EPOCH,
    };
    fact(left).undated()
}

/// The access log of another ledger.
fn log() -> World {
    let mut world = World::empty();
    let opened = world.directory.ledger().unwrap();
    let opened = LedgerOpened {
        access_log_of: Some(ledger_id()),
        ..LedgerOpened::clone(opened)
    };
    let event = world.event(&fact(opened).undated());
    world.apply(event);
    world
}

#[test]
fn an_access_log_takes_accesses_and_what_a_ledger_says_of_its_proofs() {
    let mut log = log();
    assert_snapshot!(log.would(left_out()), @"recorded");
    assert_snapshot!(log.would(fact(plan("R5", 2023))), @"LEDGER_IS_ACCESS_LOG plan_published");
    log.actor.method = AuthMethod::System;
    let heads = HeadsRecorded {
        size: 1,
        root: [7; 32],
        streams: 1,
        closed_by: None,
    };
    assert_snapshot!(log.would(fact(heads).undated()), @"recorded");
}

#[test]
fn no_other_ledger_takes_accesses() {
    let mut world = World::planned();
    world.actor.method = AuthMethod::System;
    assert_snapshot!(world.would(left_out()), @"EVENT_BY_SERVER accesses_left_out");
}
