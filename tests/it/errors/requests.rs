//! Requests as a whole: ids and retries, limits, pages, and all faults at once.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::lookup_code_request::Query;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::merkle::{KeyName, SignatureType, SigningKey, sign};
use prost_types::Timestamp;
use tonic::Code;

use super::administration;
use super::rules::expecting;
use super::world::*;
use super::{Seen, expect, told};
use crate::service::{As, append, opening};

/// What calls other than appends, and ids, are refused for.
pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    let size = world.size().await;
    let mut goals = world.server.goals().await;
    let invalid = Code::InvalidArgument;

    let page = ListGoalsRequest {
        page_token: "00".to_owned(),
        ..Default::default()
    };
    let status = goals.list_goals(page).await.unwrap_err();
    expect(
        seen,
        &status,
        invalid,
        ErrorReason::PageTokenInvalid,
        "the page token is not valid here",
    );

    let future = |known_at| ListGoalsRequest {
        as_of: Some(AsOf {
            known_at: Some(known_at),
            effective_on: None,
        }),
        ..Default::default()
    };
    let beyond = future(as_of::KnownAt::Size(size + 1));
    let status = goals.list_goals(beyond).await.unwrap_err();
    let told = expect(
        seen,
        &status,
        invalid,
        ErrorReason::AsOfSizeInFuture,
        "the ledger has only",
    );
    assert_eq!(told.metadata["size"], size.to_string());
    let later = future(as_of::KnownAt::Time(Timestamp {
        seconds: 32_503_680_000,
        nanos: 0,
    }));
    let status = goals.list_goals(later).await.unwrap_err();
    let told = expect(
        seen,
        &status,
        invalid,
        ErrorReason::AsOfTimeInFuture,
        "must not be after now",
    );
    assert_eq!(told.field(), "as_of.time");
    let tomorrow = world.today.tomorrow().unwrap().to_string();
    let day = future(as_of::KnownAt::Date(tomorrow.clone()));
    let status = goals.list_goals(day).await.unwrap_err();
    let told = expect(
        seen,
        &status,
        invalid,
        ErrorReason::AsOfDateInFuture,
        "must not be after today",
    );
    assert_eq!(told.metadata["today"], world.today.to_string());
    let effective = ListGoalsRequest {
        as_of: Some(AsOf {
            known_at: None,
            effective_on: Some(tomorrow),
        }),
        ..Default::default()
    };
    let status = goals.list_goals(effective).await.unwrap_err();
    let told = expect(
        seen,
        &status,
        invalid,
        ErrorReason::AsOfEffectiveOnInFuture,
        "the effective date must not be after",
    );
    assert_eq!(told.metadata["known_on"], world.today.to_string());

    let query = Some(Query::Code("前/無い".to_owned()));
    let status = goals
        .lookup_code(LookupCodeRequest {
            query,
            ..Default::default()
        })
        .await
        .unwrap_err();
    expect(
        seen,
        &status,
        Code::NotFound,
        ErrorReason::CodeUnknown,
        "nothing has this id or code",
    );

    let told_of = world.server.channel().await;
    let mut unrecorded = ProofServiceClient::with_interceptor(told_of.clone(), As("auditor"));
    let unrecorded = unrecorded.get_stream_proof(GetStreamProofRequest {
        stream: Some(StreamRef {
            kind: StreamKind::Goal.into(),
            id: new_id().to_string(),
        }),
        size: Some(1),
        ..Default::default()
    });
    let told = expect(
        seen,
        &unrecorded.await.unwrap_err(),
        Code::FailedPrecondition,
        ErrorReason::HeadsNotRecorded,
        "is not recorded among the first 1 events",
    );
    assert_eq!(told.field(), "size");
    let mut proofs = ProofServiceClient::with_interceptor(told_of, As("auditor"));
    let cosigned = |size, signature: &str| AddCosignatureRequest {
        ledger: String::new(),
        size,
        signatures: vec![signature.to_owned()],
    };
    let checkpoint = proofs.get_checkpoint(GetCheckpointRequest::default());
    let checkpoint = checkpoint.await.unwrap().into_inner().checkpoint.unwrap();
    let own = checkpoint.note.lines().last().unwrap();
    let beyond = proofs
        .add_cosignature(cosigned(checkpoint.size + 1, own))
        .await;
    let told = expect(
        seen,
        &beyond.unwrap_err(),
        Code::NotFound,
        ErrorReason::CheckpointNotKept,
        "no checkpoint of this size",
    );
    assert_eq!(told.field(), "size");
    let unknown = proofs.add_cosignature(cosigned(checkpoint.size, own)).await;
    let told = expect(
        seen,
        &unknown.unwrap_err(),
        Code::NotFound,
        ErrorReason::WitnessUnknown,
        "is told of no witness",
    );
    assert_eq!(told.field(), "signatures[0]");
    let name = KeyName::parse(WITNESS_NAME).unwrap();
    let witness = SigningKey::from_seed(name, SignatureType::CosignatureV1, &[5; 32]);
    let other = sign(&witness, "another text\n", 7).unwrap().to_string();
    let other = proofs
        .add_cosignature(cosigned(checkpoint.size, &other))
        .await;
    let told = expect(
        seen,
        &other.unwrap_err(),
        invalid,
        ErrorReason::CosignatureFalse,
        "is not over this checkpoint",
    );
    assert_eq!(told.metadata["witness"], WITNESS_NAME);

    let selector = Some(get_event_request::Selector::EventId(new_id().to_string()));
    let event = GetEventRequest {
        selector,
        ..Default::default()
    };
    let status = world.client.get_event(event).await.unwrap_err();
    expect(
        seen,
        &status,
        Code::NotFound,
        ErrorReason::EventUnknown,
        "そのようなイベントはありません",
    );

    let receipt = GetReceiptRequest {
        request_id: new_id().to_string(),
        ..Default::default()
    };
    let status = world.client.get_receipt(receipt).await.unwrap_err();
    let told = expect(
        seen,
        &status,
        Code::NotFound,
        ErrorReason::RequestUnknown,
        "この要求は記録されていません",
    );
    assert_eq!(told.metadata["size"], size.to_string());

    let beyond = ReadEventsRequest {
        from_position: size + 1,
        ..Default::default()
    };
    let status = world.client.read_events(beyond).await.unwrap_err();
    let out_of_range = ErrorReason::PositionOutOfRange;
    let told = expect(
        seen,
        &status,
        Code::OutOfRange,
        out_of_range,
        "その位置はまだ記録されていません",
    );
    assert_eq!(told.metadata["size"], size.to_string());
    for from_position in [size + 1, u64::MAX] {
        let future = SubscribeEventsRequest {
            from_position,
            ..Default::default()
        };
        let status = world.client.subscribe_events(future).await.unwrap_err();
        expect(
            seen,
            &status,
            Code::OutOfRange,
            out_of_range,
            "その位置はまだ記録されていません",
        );
        let selector = Some(get_event_request::Selector::Position(from_position));
        let event = GetEventRequest {
            selector,
            ..Default::default()
        };
        let status = world.client.get_event(event).await.unwrap_err();
        expect(
            seen,
            &status,
            Code::OutOfRange,
            out_of_range,
            "その位置はまだ記録されていません",
        );
    }

    let request = append(vec![narrative(&world.day(10), "前/1", "一度だけ")]);
    world.client.append_events(request.clone()).await.unwrap();
    let channel = world.server.channel().await;
    let mut somebody = LedgerServiceClient::with_interceptor(channel, Ja("別の人"));
    let status = somebody.append_events(request).await.unwrap_err();
    let (exists, differs) = (Code::AlreadyExists, ErrorReason::ActorDiffers);
    let told = expect(seen, &status, exists, differs, "別の人から送られています");
    assert!(
        told.violations.is_empty() && told.metadata.is_empty(),
        "the receipt is its sender's: {told:?}"
    );
    assert_eq!(world.size().await, size + 1);
    administration::keys(seen, &world).await;

    world
        .server
        .admin()
        .await
        .open_ledger(opening("town"))
        .await
        .unwrap();
    let status = world
        .client
        .get_ledger(GetLedgerRequest::default())
        .await
        .unwrap_err();
    let told = expect(
        seen,
        &status,
        invalid,
        ErrorReason::LedgerAmbiguous,
        "台帳を指定してください",
    );
    assert_eq!(told.metadata["count"], "2");
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_wrong_is_told_at_once() {
    let mut world = World::new().await;
    let day = world.day(10);
    world.given(vec![actual(&day, "前/km", level("5"))]).await;
    let size = world.size().await;
    // Faults of form and broken rules, in streams that do not touch each other.
    let this = world.plan.first_day.clone();
    let mut asked = append(vec![
        actual(&day, "前/件", increment("約80%")),
        EventInput {
            reason: None,
            ..unit_changed(&day, "前課", Some("他課"), false)
        },
        actual("2023-02-30", "前/休止/件", increment("")),
        goal(&this, "計画", "計画/1-1", "文化部", 3),
        actual(&this, &world.plan.indicators[0], increment("3.5")),
    ]);
    asked.request_id = String::new();
    let expected = [
        ("FIELD_REQUIRED", "request_id"),
        (
            "VALUE_NOT_NUMERIC",
            "events[0].actual_recorded.measurement.increment",
        ),
        ("REASON_REQUIRED", "events[1].reason"),
        (
            "VALUE_NOT_NUMERIC",
            "events[2].actual_recorded.measurement.increment",
        ),
        ("DATE_INVALID", "events[2].valid_from"),
        ("CODE_TAKEN", "events[3].goal_set.code"),
        ("PILLAR_UNKNOWN", "events[3].goal_set.pillar"),
        (
            "VALUE_OUT_OF_DOMAIN",
            "events[4].actual_recorded.measurement.increment",
        ),
    ];
    let status = world.client.append_events(asked.clone()).await.unwrap_err();
    let refusal = told(&status);
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (Code::InvalidArgument, "FIELD_REQUIRED")
    );
    let told: Vec<_> = refusal
        .violations
        .iter()
        .map(|(r, f)| (r.as_str(), f.as_str()))
        .collect();
    assert_eq!(told, expected);
    assert_eq!(refusal.total(), expected.len());
    assert_eq!(refusal.sentence, "必須の項目です（ほか7件）");

    let foretold = AppendEventsRequest {
        validate_only: true,
        ..asked
    };
    let foretold = world
        .client
        .append_events(foretold)
        .await
        .unwrap()
        .into_inner();
    let faults: Vec<_> = foretold
        .faults
        .iter()
        .map(|f| (f.reason.as_str(), f.field.as_str()))
        .collect();
    assert_eq!(faults, expected);
    assert!(foretold.receipt.is_none() && !foretold.validated);
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_depends_on_a_refused_event_is_not_blamed() {
    let mut world = World::new().await;
    let day = world.day(10);
    let mut nameless = goal(&day, "前年度", "前/9", "前部", 1);
    if let Some(Payload::GoalSet(p)) = &mut nameless.payload {
        p.title = None;
    }
    let mut no_kind = unit(&day, "新課", UnitKind::Unspecified, Some("前部"));
    no_kind.evidence.clear();
    let asked = append(vec![
        nameless,
        initiative(&day, "前/9", "前/9/1", 1, "前課"),
        no_kind,
        initiative(&day, "前/2", "前/2/3", 3, "新課"),
        goal(&day, "前年度", "前/10", "前課", 1),
    ]);
    let refusal = told(&world.client.append_events(asked).await.unwrap_err());
    let told: Vec<_> = refusal
        .violations
        .iter()
        .map(|(r, f)| (r.as_str(), f.as_str()))
        .collect();
    // Those that stand in the way of the code come first among fields, rules of the state after them.
    assert_eq!(
        told,
        [
            ("FIELD_REQUIRED", "events[0].goal_set.title"),
            ("NOT_CHECKED", "events[1]"),
            ("FIELD_REQUIRED", "events[2].org_unit_registered.kind"),
            ("NOT_CHECKED", "events[3]"),
            ("UNIT_KIND_MISMATCH", "events[4].goal_set.department"),
        ]
    );
    world.server.stop().await;
}

/// The event, with the ids of its decision and its cause.
fn after(decision: Option<&str>, cause: Option<&str>, event: EventInput) -> EventInput {
    EventInput {
        decision_event_id: decision.map(str::to_owned),
        causation_id: cause.map(str::to_owned),
        ..event
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_refer_to_what_came_before_them() {
    let mut world = World::new().await;
    let day = world.day(10);
    let note = || narrative(&day, "前/1", "覚え書き");
    let recorded = note();
    world.given(vec![recorded.clone()]).await;

    let (known, first) = (recorded.event_id.as_str(), note());
    let earlier = first.event_id.clone();
    let asked = append(vec![
        first,
        after(Some(known), Some(&earlier), note()),
        attached(&day, "前/2", Some(&earlier)),
    ]);
    let answer = world.client.append_events(asked.clone()).await;
    assert!(!answer.unwrap().into_inner().replayed);
    let again = world.client.append_events(asked).await;
    assert!(again.unwrap().into_inner().replayed);

    let size = world.size().await;
    let nobody = new_id().to_string();
    let (own, last) = (note(), note());
    let (itself, later) = (own.event_id.clone(), last.event_id.clone());
    let mut wrong = actual(&day, "前/件", increment("約80%"));
    wrong.causation_id = Some(nobody.clone());
    let unread = wrong.event_id.clone();
    let asked = append(vec![
        after(Some(&itself), Some(&later), own),
        after(
            Some(&nobody),
            Some(known),
            attached(&day, "前/1", Some(&nobody)),
        ),
        actual(&day, "前/件", increment("3.5")),
        wrong,
        after(None, Some(&unread), note()),
        last,
    ]);
    let refusal = told(&world.client.append_events(asked).await.unwrap_err());
    let expected = [
        (
            "VALUE_OUT_OF_DOMAIN",
            "events[2].actual_recorded.measurement.increment",
        ),
        ("REFERENCE_UNKNOWN", "events[0].decision_event_id"),
        ("REFERENCE_UNKNOWN", "events[0].causation_id"),
        ("REFERENCE_UNKNOWN", "events[1].decision_event_id"),
        ("REFERENCE_UNKNOWN", "events[1].evidence_attached.shows"),
        (
            "VALUE_NOT_NUMERIC",
            "events[3].actual_recorded.measurement.increment",
        ),
        ("NOT_CHECKED", "events[4]"),
    ];
    let found = refusal.violations.iter();
    let found = found.map(|(r, f)| (r.as_str(), f.as_str()));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!(refusal.total(), expected.len());
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_wrong_event_of_ten_keeps_all_ten_out() {
    let mut world = World::new().await;
    let day = world.day(10);
    let size = world.size().await;
    let mut events: Vec<_> = (1..=10)
        .map(|n| actual(&day, "前/件", increment(&n.to_string())))
        .collect();
    events[3] = actual(&day, "前/件", increment("3.5"));
    let refusal = told(
        &world
            .client
            .append_events(append(events))
            .await
            .unwrap_err(),
    );
    assert_eq!(
        (refusal.code, refusal.reason.as_str()),
        (Code::InvalidArgument, "VALUE_OUT_OF_DOMAIN")
    );
    assert_eq!(
        refusal.field(),
        "events[3].actual_recorded.measurement.increment"
    );
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn violations_are_bounded_and_counted() {
    let mut world = World::new().await;
    let size = world.size().await;
    let day = world.day(10);
    for (count, indicator) in [
        (31, "無"),
        (32, "無"),
        (33, "無"),
        (1_000, "無"),
        (1_000, &*"長い名前の".repeat(20)),
    ] {
        let events = (0..count)
            .map(|_| actual(&day, indicator, increment("N/A")))
            .collect();
        let asked = append(events);
        // `told` holds the limits on the violations and their bytes.
        let refusal = told(&world.client.append_events(asked.clone()).await.unwrap_err());
        assert_eq!(refusal.total(), 2 * count);
        assert_eq!(refusal.violations[0].0, "VALUE_NOT_NUMERIC");
        assert!(8 < refusal.violations.len(), "{}", refusal.violations.len());
        let foretold = AppendEventsRequest {
            validate_only: true,
            ..asked
        };
        let foretold = world
            .client
            .append_events(foretold)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(foretold.faults.len(), (2 * count).min(1_000));
    }
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_equal_requests_one_is_recorded() {
    let mut world = World::new().await;
    let size = world.size().await;
    let request = append(vec![actual(&world.day(10), "前/件", increment("1"))]);
    let calls = (0..1_000).map(|_| {
        let (mut client, request) = (world.client.clone(), request.clone());
        async move { client.append_events(request).await.unwrap().into_inner() }
    });
    let answers = futures::future::join_all(calls).await;
    assert_eq!(answers.iter().filter(|answer| !answer.replayed).count(), 1);
    assert!(
        answers
            .iter()
            .all(|answer| answer.receipt == answers[0].receipt)
    );
    assert_eq!(world.size().await, size + 1);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_means_one_request_in_one_ledger() {
    let mut world = World::new().await;
    let day = world.day(10);
    let first = append(vec![
        narrative(&day, "前/1", "一つ目"),
        narrative(&day, "前/1", "二つ目"),
    ]);
    let answer = world
        .client
        .append_events(first.clone())
        .await
        .unwrap()
        .into_inner();
    let position = answer.receipt.as_ref().unwrap().first_position;
    let size = world.size().await;
    let known = |event: &EventInput, position| format!("{}@{position}", event.event_id);

    let others = AppendEventsRequest {
        events: vec![narrative(&day, "前/1", "三つ目")],
        ..first.clone()
    };
    let fewer = AppendEventsRequest {
        events: first.events[..1].to_vec(),
        ..first.clone()
    };
    let mut more = first.clone();
    more.events.push(narrative(&day, "前/1", "三つ目"));
    let mut reworded = first.clone();
    reworded.events[1] = EventInput {
        event_id: first.events[1].event_id.clone(),
        ..narrative(&day, "前/1", "別の文")
    };
    let some_known = append(vec![
        first.events[0].clone(),
        narrative(&day, "前/1", "三つ目"),
    ]);
    for (asked, field, events) in [
        (others, "request_id", String::new()),
        (fewer, "request_id", known(&first.events[0], position)),
        (
            reworded,
            "request_id",
            format!(
                "{} {}",
                known(&first.events[0], position),
                known(&first.events[1], position + 1)
            ),
        ),
        (
            more,
            "request_id",
            format!(
                "{} {}",
                known(&first.events[0], position),
                known(&first.events[1], position + 1)
            ),
        ),
        (some_known, "events", known(&first.events[0], position)),
    ] {
        let refusal = told(&world.client.append_events(asked).await.unwrap_err());
        assert_eq!(
            (refusal.code, refusal.reason.as_str()),
            (Code::AlreadyExists, "IDEMPOTENCY_CONFLICT")
        );
        assert_eq!(refusal.field(), field);
        assert_eq!(refusal.metadata["events"], events);
        assert_eq!(world.size().await, size);
    }

    // Another ledger knows nothing of it.
    world
        .server
        .admin()
        .await
        .open_ledger(opening("town"))
        .await
        .unwrap();
    let department = unit(&day, "町の部", UnitKind::Department, None);
    let there = AppendEventsRequest {
        ledger: "town".to_owned(),
        events: vec![department],
        ..first
    };
    let answer = world
        .client
        .append_events(there.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(!answer.replayed);
    let again = world
        .client
        .append_events(there)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((again.replayed, again.receipt), (true, answer.receipt));
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expected_revisions_are_read_as_carefully_as_events() {
    let mut world = World::new().await;
    let day = world.day(10);
    let size = world.size().await;
    let mut asked = append(vec![narrative(&day, "前/1", "文")]);
    asked.expected_revisions = vec![
        ExpectedRevision {
            stream: None,
            revision: 1,
        },
        expecting("前/無い", 1),
        expecting("00000000-0000-0000-0000-000000000000", 1),
    ];
    let refusal = told(&world.client.append_events(asked.clone()).await.unwrap_err());
    assert_eq!(
        refusal.violations,
        [
            (
                "FIELD_REQUIRED".to_owned(),
                "expected_revisions[0].stream".to_owned()
            ),
            (
                "GOAL_UNKNOWN".to_owned(),
                "expected_revisions[1].stream.id".to_owned()
            ),
            (
                "ID_INVALID".to_owned(),
                "expected_revisions[2].stream.id".to_owned()
            ),
        ]
    );
    asked.expected_revisions = vec![expecting("前/1", 1), expecting("前/1", 2)];
    let refusal = told(&world.client.append_events(asked).await.unwrap_err());
    assert_eq!(
        (refusal.reason.as_str(), refusal.field()),
        ("FIELD_INVALID", "expected_revisions[1]")
    );
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}
