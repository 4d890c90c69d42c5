//! What a ledger promises to those who append and read, on the model log.

use std::sync::Arc;

use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::code::Code;
use daicho::domain::event::{self, ActualCorrected, EventType, Payload, ReasonCode, Stream};
use daicho::domain::goal::{Goal, Indicator};
use daicho::domain::id::{InitiativeId, UnitId};
use daicho::domain::org_unit::UnitKind;
use daicho::domain::rejection::Reason;
use daicho::domain::text::Text;
use daicho::ledger::index::{Direction, Term};
use daicho::ledger::{Append, AppendError, ReadFault, ReceiptLookup};
use daicho::log::{DerivedBatch, DerivedRange, DerivedStore as _, Head, ReadLimits};
use daicho::merkle::root_at;
use daicho::projection::goal_card::goal_card;

use crate::fixture::{Fixture, date, event_id, opening, permitted, request_id, title};

fn reasons(error: AppendError) -> Vec<Reason> {
    match error {
        AppendError::Rejected(rejections) => rejections.iter().map(|r| r.reason).collect(),
        other => panic!("not a rejection: {other}"),
    }
}

#[tokio::test]
async fn events_of_a_request_stand_at_adjacent_positions() {
    let fixture = Fixture::planned().await;
    let appended = fixture
        .append(
            "a",
            vec![
                fixture.report(1, "2023-05-01"),
                fixture.report(2, "2023-05-02"),
            ],
        )
        .await
        .unwrap();
    let places: Vec<_> = appended
        .receipt
        .events
        .iter()
        .map(|e| (e.position, e.revision))
        .collect();
    assert_eq!(places, [(8, 5), (9, 6)]);
    assert_eq!(fixture.size().await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_holds_for_every_reader_once_it_is_acknowledged() {
    let fixture = Fixture::planned().await;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    for number in 0..50 {
        let unit = UnitId::new(daicho::clock::new_id()).unwrap();
        let registered = event::OrgUnitRegistered {
            unit,
            code: Code::parse(&format!("課{number}")).unwrap(),
            name: title("課"),
            kind: UnitKind::Section,
            parent: Some(fixture.department),
        };
        let registered = fixture.event(Stream::org(unit), "2023-05-01", registered);
        // Much to publish comes with it.
        let reports = (1..=99).map(|amount| fixture.report(amount, "2023-05-01"));
        let events = std::iter::once(registered).chain(reports).collect();
        fixture.append("a", events).await.unwrap();
        let seen = reader.view().directory.unit(unit).is_some();
        assert!(seen, "unit {number} was acknowledged, and is not there");
    }
}

#[tokio::test]
async fn every_size_has_the_root_that_its_head_had() {
    let fixture = Fixture::planned().await;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let mut heads = vec![reader.caught_up(None).await.head];
    for amount in 1..=20 {
        let report = fixture.report(amount, "2023-05-01");
        fixture.append("a", vec![report]).await.unwrap();
        heads.push(reader.caught_up(None).await.head);
    }
    for head in &heads {
        assert_eq!(reader.root_at(head.size).unwrap(), head.root);
    }
    let last = heads.last().unwrap().size;
    let beyond = reader.root_at(last + 1);
    assert!(matches!(beyond, Err(ReadFault::NotReached { .. })));
    assert_eq!(reader.root_at(0).unwrap(), Head::EMPTY.root);
}

#[tokio::test]
async fn tiles_that_lead_to_another_root_are_not_believed() {
    let fixture = Fixture::planned().await;
    for amount in 1..=20 {
        let report = fixture.report(amount, "2023-05-01");
        fixture.append("a", vec![report]).await.unwrap();
    }
    let head = fixture.ledgers.head(fixture.ledger).await.unwrap();
    let ledger = fixture.ledger;
    let restarted = fixture
        .restarted_after(true, |store| {
            let tiles = DerivedRange::prefix(b"t");
            let (key, tile) = store.scan(ledger, &tiles, 9).unwrap().remove(0);
            let mut tile = tile.to_vec();
            tile[70] ^= 1;
            let mut batch = DerivedBatch::new();
            batch.put(key, tile).unwrap();
            store.apply(ledger, batch).unwrap();
        })
        .await;
    let reader = restarted.ledgers.reader(ledger).unwrap();
    let mut nodes = reader.nodes(head.size);
    assert_eq!(root_at(&mut nodes, head.size).unwrap(), head.root);
}

#[tokio::test]
async fn a_retry_gets_the_first_receipt() {
    let fixture = Fixture::planned().await;
    let request = fixture.request(vec![fixture.report(3, "2023-05-01")]);
    let first = fixture.send("a", request.clone()).await.unwrap();
    let again = fixture.send("a", request.clone()).await.unwrap();
    assert_eq!((again.replayed, &again.receipt), (true, &first.receipt));

    // The event id is the fact: another call that states the same fact gets the same place.
    let mut other_call = request.clone();
    other_call.request_id = request_id();
    let again = fixture.send("a", other_call).await.unwrap();
    assert_eq!((again.replayed, &again.receipt), (true, &first.receipt));

    let fixture = fixture.restarted(true).await;
    let again = fixture.send("a", request.clone()).await.unwrap();
    assert_eq!((again.replayed, &again.receipt), (true, &first.receipt));
    let fixture = fixture.restarted(false).await;
    let again = fixture.send("a", request).await.unwrap();
    assert_eq!((again.replayed, again.receipt), (true, first.receipt));
    assert_eq!(fixture.size().await, 9);
}

#[tokio::test]
async fn known_ids_with_other_content_append_nothing() {
    let fixture = Fixture::planned().await;
    let report = fixture.report(3, "2023-05-01");
    let request = fixture.request(vec![report.clone()]);
    fixture.send("a", request.clone()).await.unwrap();

    let mut changed = request.clone();
    changed.events = vec![fixture.report(4, "2023-05-01")];
    let error = fixture.send("a", changed).await.unwrap_err();
    assert!(
        matches!(error, AppendError::IdConflict { request: true, .. }),
        "{error}"
    );

    let mut other_value = report.clone();
    other_value.payload = fixture.report(4, "2023-05-01").payload;
    let error = fixture.append("a", vec![other_value]).await.unwrap_err();
    assert!(
        matches!(&error, AppendError::IdConflict { request: false, events } if events == &[(report.id, 8)]),
        "{error}"
    );

    let error = fixture
        .append("a", vec![report, fixture.report(1, "2023-05-02")])
        .await
        .unwrap_err();
    assert!(
        matches!(error, AppendError::IdConflict { request: false, .. }),
        "{error}"
    );

    let error = fixture.send("b", request).await.unwrap_err();
    assert!(matches!(error, AppendError::OtherActor), "{error}");
    assert_eq!(fixture.size().await, 9);
}

#[tokio::test]
async fn of_a_thousand_equal_requests_one_is_appended() {
    let fixture = Fixture::planned().await;
    let request = fixture.request(vec![fixture.report(3, "2023-05-01")]);
    let calls = (0..1_000).map(|_| fixture.send("a", request.clone()));
    let answers = futures::future::join_all(calls).await;
    let receipts: Vec<_> = answers.into_iter().map(|answer| answer.unwrap()).collect();
    assert_eq!(receipts.iter().filter(|a| !a.replayed).count(), 1);
    assert!(receipts.iter().all(|a| a.receipt == receipts[0].receipt));
    assert_eq!(fixture.size().await, 9);
}

/// The index may lag behind what was acknowledged; rules and retries do not.
#[tokio::test]
async fn what_follows_at_once_is_judged_on_what_was_acknowledged() {
    let fixture = Fixture::planned().await;
    let stream = Stream::goal(fixture.goal);
    for n in 0..100 {
        let report = fixture.report(n, "2023-05-01");
        let mut correction = fixture.report(n + 1, "2023-05-02");
        correction.reason = Some(event::Reason {
            code: ReasonCode::EntryError,
            text: Text::parse("数え直し").unwrap().into(),
        });
        correction.payload = ActualCorrected {
            indicator: fixture.indicator,
            corrects: report.id,
            before: None,
            measurement: Measurement::Increment((n + 1).into()),
            reported: ReportedPart::default(),
        }
        .into();
        let mut reported = fixture.request(vec![report]);
        let first = fixture.send("a", reported.clone()).await.unwrap();
        let again = fixture.send("a", reported.clone()).await.unwrap();
        assert_eq!((again.replayed, &again.receipt), (true, &first.receipt));
        let revision = first.receipt.events[0].revision;
        reported.request_id = request_id();
        reported.events = vec![correction];
        reported.expected = vec![(stream, revision)];
        let corrected = fixture.send("a", reported.clone()).await.unwrap();
        assert_eq!(corrected.receipt.events[0].revision, revision + 1);
        // What was right a moment ago is not any more.
        reported.request_id = request_id();
        reported.events = vec![fixture.report(n, "2023-05-03")];
        let stale = fixture.send("a", reported).await.unwrap_err();
        assert_eq!(reasons(stale), [Reason::StreamVersionConflict]);
    }
}

#[tokio::test]
async fn of_writers_with_one_expected_revision_one_wins() {
    let fixture = Fixture::planned().await;
    let calls = (0..16).map(|n| {
        let mut request = fixture.request(vec![fixture.report(n, "2023-05-01")]);
        request.expected = vec![(Stream::goal(fixture.goal), 4)];
        fixture.send("a", request)
    });
    let answers = futures::future::join_all(calls).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    assert_eq!(won.len(), 1);
    for error in lost {
        assert_eq!(reasons(error.unwrap_err()), [Reason::StreamVersionConflict]);
    }
    assert_eq!(fixture.size().await, 9);
}

#[tokio::test]
async fn what_was_changed_is_told_to_whoever_asks() {
    let fixture = Fixture::planned().await;
    for effects in [false, true] {
        let append = Append {
            effects,
            ..fixture.request(vec![fixture.report(1, "2023-05-01")])
        };
        let appended = fixture.send("a", append).await.unwrap();
        let told = (appended.events.len(), appended.goals.len());
        assert_eq!(told, (usize::from(effects), usize::from(effects)));
        for touched in &appended.goals {
            let reports = |goal: &Goal| {
                let indicator = goal.indicator(fixture.indicator).unwrap();
                indicator.entries.len()
            };
            assert_eq!(reports(&touched.before) + 1, reports(&touched.after));
        }
    }
}

#[tokio::test]
async fn a_refused_request_leaves_nothing() {
    let fixture = Fixture::planned().await;
    let mut repeated = fixture.report(1, "2023-05-01");
    let first = fixture.report(1, "2023-05-02");
    repeated.id = first.id;
    let error = fixture
        .append("a", vec![first, repeated])
        .await
        .unwrap_err();
    assert_eq!(reasons(error), [Reason::EventIdRepeated]);

    assert_eq!(fixture.size().await, 8);

    let error = fixture.append("a", Vec::new()).await.unwrap_err();
    assert_eq!(reasons(error), [Reason::BatchTooLarge]);
    let many = (0..1_001)
        .map(|_| fixture.report(1, "2023-05-01"))
        .collect();
    let error = fixture.append("a", many).await.unwrap_err();
    assert_eq!(reasons(error), [Reason::BatchTooLarge]);
    assert_eq!(fixture.size().await, 8);
}

/// Reason and event of each rule that a request breaks.
fn told(error: AppendError) -> Vec<String> {
    let AppendError::Rejected(rejections) = error else {
        panic!("not a rejection: {error}")
    };
    let event = |field: &str| field.split(['[', ']']).nth(1).unwrap().to_owned();
    rejections
        .iter()
        .map(|r| format!("{} {}", event(&r.field), r.reason.code()))
        .collect()
}

#[tokio::test]
async fn every_bad_row_of_a_goal_is_told() {
    let fixture = Fixture::planned().await;
    let correction = |corrects| {
        let mut event = fixture.report(1, "2023-05-01");
        event.payload = ActualCorrected {
            indicator: fixture.indicator,
            corrects,
            before: None,
            measurement: Measurement::Increment(1.into()),
            reported: ReportedPart::default(),
        }
        .into();
        event
    };
    let bad = fixture.report(-1, "2023-05-01");
    let rows = vec![
        fixture.report(1, "2023-05-01"),
        bad.clone(),
        fixture.report(2, "2023-05-02"),
        fixture.report(3, "2022-05-03"),
        // Without a reason; but first of all what it corrects is refused.
        correction(bad.id),
        correction(event_id()),
        fixture.report(-5, "2023-05-06"),
    ];
    let error = fixture.append("a", rows).await.unwrap_err();
    assert_eq!(
        told(error),
        [
            "1 VALUE_OUT_OF_DOMAIN",
            "3 DATE_OUTSIDE_CYCLE",
            "4 NOT_CHECKED",
            "5 REASON_REQUIRED",
            "5 ENTRY_UNKNOWN",
            "6 VALUE_OUT_OF_DOMAIN",
        ]
    );
    assert_eq!(fixture.size().await, 8);
}

#[tokio::test]
async fn what_would_be_judged_on_a_refused_setting_is_not_checked() {
    let fixture = Fixture::empty().await;
    let mut events = fixture.structure();
    // Events 4 to 6: an initiative, its indicator, the indicator's target.
    events[4].valid = None;
    events.push(fixture.report(-1, "2023-05-01"));
    let other = InitiativeId::new(daicho::clock::new_id()).unwrap();
    let mut second = fixture.structure().remove(4);
    if let Payload::InitiativeSet(p) = &mut second.payload {
        (p.initiative, p.number) = (other, 2);
        p.code = Code::parse("R5/総務部/1-1/2").unwrap();
        p.lead_unit = UnitId::new(daicho::clock::new_id()).unwrap();
    }
    events.push(second);
    let error = fixture.append("a", events).await.unwrap_err();
    assert_eq!(
        told(error),
        [
            "4 FIELD_REQUIRED",
            "5 NOT_CHECKED",
            "6 NOT_CHECKED",
            "7 NOT_CHECKED",
            "8 UNIT_UNKNOWN",
        ]
    );
    assert_eq!(fixture.size().await, 1);
}

#[tokio::test]
async fn a_validation_tells_the_outcome_and_appends_nothing() {
    let fixture = Fixture::planned().await;
    let mut request = fixture.request(vec![fixture.report(3, "2023-05-01")]);
    request.validate_only = true;
    let validated = fixture.send("a", request.clone()).await.unwrap();
    assert!(validated.validated_only && !validated.replayed);
    assert_eq!(validated.receipt.events[0].position, 8);
    assert_eq!(fixture.size().await, 8);
    request.validate_only = false;
    assert!(!fixture.send("a", request).await.unwrap().replayed);
}

#[tokio::test]
async fn what_became_of_a_request_is_final() {
    let fixture = Fixture::planned().await;
    let request = fixture.request(vec![fixture.report(3, "2023-05-01")]);
    let unknown = fixture
        .ledgers
        .receipt(fixture.ledger, request.request_id)
        .await
        .unwrap();
    assert!(matches!(unknown, ReceiptLookup::NotFound { size: 8 }));
    let sent = fixture.send("a", request.clone()).await.unwrap();
    match fixture
        .ledgers
        .receipt(fixture.ledger, request.request_id)
        .await
        .unwrap()
    {
        ReceiptLookup::Found(receipt) => assert_eq!(receipt, sent.receipt),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn record_times_increase_and_streams_are_linked() {
    let fixture = Fixture::planned().await;
    for n in 0..20 {
        fixture
            .append("a", vec![fixture.report(n, "2023-05-01")])
            .await
            .unwrap();
    }
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let chunk = reader.read(0, ReadLimits::events(1_000)).await.unwrap();
    let mut last = None;
    let mut last_of_goal = None;
    for (position, leaf) in chunk.leaves() {
        let recorded = daicho::log::codec::decode(&leaf).unwrap();
        assert_eq!(recorded.position, position);
        assert!(last < Some(recorded.recorded_at));
        last = Some(recorded.recorded_at);
        if recorded.event.stream == Stream::goal(fixture.goal) {
            assert_eq!(recorded.prev_leaf_hash, last_of_goal);
            last_of_goal = Some(*daicho::merkle::leaf_hash(&leaf).as_bytes());
        }
    }
    assert_eq!(chunk.count(), 28);
}

#[tokio::test]
async fn indexes_come_back_equal_after_they_were_deleted() {
    let fixture = Fixture::planned().await;
    for n in 0..50 {
        fixture
            .append(
                &format!("actor {}", n % 3),
                vec![fixture.report(n, "2023-05-01")],
            )
            .await
            .unwrap();
    }
    async fn answers(fixture: &Fixture) -> (Head, Arc<Indicator>, Vec<u64>, Vec<u64>) {
        let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
        let view = reader.caught_up(None).await;
        let card = goal_card(&reader, &view, fixture.goal, date("2024-03-31"))
            .await
            .unwrap();
        let by_type = reader
            .postings(
                &Term::event_type(EventType::ActualRecorded),
                0,
                1_000,
                Direction::Backward,
                20,
            )
            .unwrap();
        let by_indicator = reader
            .postings(
                &Term::indicator(fixture.indicator),
                10,
                30,
                Direction::Forward,
                100,
            )
            .unwrap();
        let state = card
            .unwrap()
            .initiatives
            .remove(0)
            .indicators
            .remove(0)
            .state;
        (view.head, state, by_type, by_indicator)
    }
    let before = answers(&fixture).await;
    let fixture = fixture.restarted(true).await;
    assert_eq!(answers(&fixture).await, before);
    let fixture = fixture.restarted(false).await;
    assert_eq!(answers(&fixture).await, before);
}

#[tokio::test]
async fn more_than_is_read_at_once_is_indexed_anew_in_its_order() {
    // What is decoded at once while an index is made.
    const PAGE: u64 = 4_096;
    let fixture = Fixture::planned().await;
    let before = fixture.size().await;
    let mut ids = Vec::new();
    for part in 0..5 {
        let amounts = part * 1_000..(part + 1) * 1_000;
        let reports: Vec<_> = amounts.map(|n| fixture.report(n, "2023-05-01")).collect();
        ids.extend(reports.iter().map(|report| report.id));
        fixture.append("a", reports).await.unwrap();
    }
    let head = fixture.ledgers.head(fixture.ledger).await.unwrap();
    assert!(PAGE < head.size);
    let fixture = fixture.restarted(false).await;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    assert_eq!(reader.head(), head);
    for (position, id) in (before..).zip(ids) {
        assert_eq!(reader.position_of(id).unwrap(), Some(position));
    }
}

#[tokio::test]
async fn one_code_is_one_ledger() {
    let fixture = Fixture::empty().await;
    let other = daicho::domain::id::LedgerId::new(daicho::clock::new_id()).unwrap();
    let request = opening(other, "town");
    fixture
        .ledgers
        .open(permitted("a", request.clone()))
        .await
        .unwrap();
    // The same request again brings the same ledger.
    fixture
        .ledgers
        .open(permitted("a", request.clone()))
        .await
        .unwrap();
    let third = daicho::domain::id::LedgerId::new(daicho::clock::new_id()).unwrap();
    let error = fixture
        .ledgers
        .open(permitted("a", opening(third, "town")))
        .await
        .err()
        .unwrap();
    assert_eq!(reasons(error), [Reason::CodeTaken]);
    assert_eq!(fixture.ledgers.list().len(), 2);
    assert!(fixture.ledgers.resolve("").is_err());
    assert_eq!(fixture.ledgers.resolve("town").unwrap().id(), other);
}
