//! What a ledger holds of proposals whoever asks for it: whose ids are whose, what expires.

use daicho::clock::new_id;
use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::decision::{DecisionOutcome, ProposalState};
use daicho::domain::event::*;
use daicho::domain::id::{EventId, LedgerId, ProposalId, RequestId};
use daicho::domain::personal::FreeText;
use daicho::domain::text::Text;
use daicho::ledger::{Append, AppendError, OpenLedger};
use daicho::log::MemoryLog;

use crate::fixture::{Fixture, event_id, ids, opening, permitted, start};

fn text(text: &str) -> FreeText {
    Text::parse(text).unwrap().into()
}

/// Of 6 October 2023, until the clock is set.
async fn opened() -> Fixture {
    let log = MemoryLog::new();
    let ledgers = start(&log).await;
    let ledger = LedgerId::new(new_id()).unwrap();
    let sample = OpenLedger {
        sample: true,
        clock: ClockKind::Simulated,
        ..opening(ledger, "city")
    };
    ledgers.open(permitted("opener", sample)).await.unwrap();
    let fixture = ids(ledger, log, ledgers);
    at(&fixture, "2023-10-06T00:00:00Z");
    fixture
}

async fn planned() -> Fixture {
    let fixture = opened().await;
    fixture
        .append("planner", fixture.structure())
        .await
        .unwrap();
    fixture
}

fn at(fixture: &Fixture, instant: &str) {
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    reader.clock().stop_at(instant.parse().unwrap());
}

/// Reports, and has 担当 propose that it was one more.
async fn proposed(fixture: &Fixture, day: &str) -> ProposalId {
    let reported = fixture.report(3, day);
    let corrected = ActualCorrected {
        indicator: fixture.indicator,
        corrects: reported.id,
        before: None,
        measurement: Measurement::Increment(4.into()),
        reported: ReportedPart::default(),
    };
    let change = Event {
        reason: Some(Reason {
            code: ReasonCode::Other,
            text: text("入力誤り"),
        }),
        ..fixture.event(Stream::goal(fixture.goal), day, corrected)
    };
    let (proposal, proposed) = proposing(fixture, change);
    let events = vec![reported, proposed];
    fixture.append("担当", events).await.unwrap();
    proposal
}

/// The event that proposes a change of the goal.
fn proposing(fixture: &Fixture, change: Event) -> (ProposalId, Event) {
    let proposal = ProposalId::new(new_id()).unwrap();
    let proposed = ChangeProposed {
        proposal,
        kind: None,
        replaces: None,
        change: ProposedChange::of(change),
        impact: text("1件増える"),
    };
    let stream = Stream::goal(fixture.goal);
    let event = fixture.event(stream, "2023-10-06", proposed);
    let undated = Event {
        valid: None,
        ..event
    };
    (proposal, undated)
}

async fn state(fixture: &Fixture, proposal: ProposalId) -> ProposalState {
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let view = reader.caught_up(None).await;
    view.directory.proposal(proposal).unwrap().state
}

async fn approval(fixture: &Fixture, proposal: ProposalId, id: EventId) -> Event {
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let view = reader.caught_up(None).await;
    let digest = view.directory.proposal(proposal).unwrap().change.digest();
    let decided = ChangeDecided {
        proposal,
        digest: digest.unwrap(),
        outcome: DecisionOutcome::Approved,
        text: None,
        external: None,
        acting: None,
    };
    Event {
        id,
        valid: None,
        ..fixture.event(Stream::goal(fixture.goal), "2023-10-06", decided)
    }
}

#[tokio::test]
async fn the_id_of_the_change_that_an_approval_brings_is_used_once() {
    let fixture = planned().await;
    let proposal = proposed(&fixture, "2023-05-01").await;
    let decision = event_id();
    let brought = Event::approved_change_id(decision);
    let taken = Event {
        id: brought,
        ..fixture.report(1, "2023-06-01")
    };
    let taken = fixture.append("担当", vec![taken]).await.unwrap();
    let position = taken.receipt.events[0].position;
    let size = fixture.size().await;
    let approve = approval(&fixture, proposal, decision).await;
    match fixture.append("課長", vec![approve]).await {
        Err(AppendError::IdConflict { request, events }) => {
            assert_eq!((request, events), (false, vec![(brought, position)]));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(fixture.size().await, size, "nothing was appended");
    // Under another id it is decided, and then its change has the id for good.
    let decision = event_id();
    let approve = approval(&fixture, proposal, decision).await;
    let decided = fixture.append("課長", vec![approve]).await.unwrap();
    assert_eq!(decided.receipt.events.len(), 2);
    let late = Event {
        id: Event::approved_change_id(decision),
        ..fixture.report(1, "2023-06-02")
    };
    let late = fixture.append("課長", vec![late]).await;
    assert!(
        matches!(late, Err(AppendError::IdConflict { .. })),
        "{late:?}"
    );
}

#[tokio::test]
async fn what_nobody_decided_in_time_is_recorded_as_expired_whatever_ids_are_taken() {
    let fixture = planned().await;
    let spoilt = proposed(&fixture, "2023-05-01").await;
    let requested = proposed(&fixture, "2023-05-03").await;
    let left = proposed(&fixture, "2023-05-02").await;
    let taken = Event {
        id: EventId::derived(spoilt.uuid(), "proposal-expired"),
        ..fixture.report(1, "2023-06-01")
    };
    fixture.append("担当", vec![taken]).await.unwrap();
    let taken = Append {
        request_id: RequestId::derived(requested.uuid(), "proposal-expired"),
        ..fixture.request(vec![fixture.report(1, "2023-06-02")])
    };
    fixture.send("担当", taken).await.unwrap();
    // Through the thirtieth day it may be decided.
    at(&fixture, "2023-11-05T00:00:00Z");
    assert_eq!(fixture.ledgers.expire_proposals().await, 0);
    assert_eq!(state(&fixture, left).await, ProposalState::Open);
    at(&fixture, "2023-11-06T00:00:00Z");
    assert_eq!(fixture.ledgers.expire_proposals().await, 3);
    for proposal in [left, spoilt, requested] {
        assert_eq!(state(&fixture, proposal).await, ProposalState::Expired);
    }
    // It cannot be decided any more, and nothing is recorded twice.
    let approve = approval(&fixture, spoilt, event_id()).await;
    assert!(fixture.append("課長", vec![approve]).await.is_err());
    assert_eq!(fixture.ledgers.expire_proposals().await, 0);
}

#[tokio::test]
async fn a_goal_with_all_it_holds_can_be_proposed_piece_by_piece() {
    let fixture = opened().await;
    let mut structure = fixture.structure();
    let pieces = structure.split_off(3);
    fixture.append("planner", structure).await.unwrap();
    for piece in pieces {
        let payload = piece.payload.clone();
        let (proposal, proposed) = proposing(&fixture, piece);
        fixture.append("担当", vec![proposed]).await.unwrap();
        let approve = approval(&fixture, proposal, event_id()).await;
        let approve = Append {
            effects: true,
            ..fixture.request(vec![approve])
        };
        let decided = fixture.send("部長", approve).await.unwrap();
        assert_eq!(decided.events[1].payload, payload);
    }
    let report = fixture.report(3, "2023-05-01");
    fixture.append("担当", vec![report]).await.unwrap();
}
