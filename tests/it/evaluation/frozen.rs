//! Snapshots: taken once for each closing, by the server itself, and the same whenever they are computed.

use daicho::api::v1;
use daicho::api::v1::evaluation_service_server::EvaluationService as _;
use daicho::api::v1::ledger_service_server::LedgerService as _;
use daicho::clock::new_id;
use daicho::domain::code::Key;
use daicho::domain::date::DateSpan;
use daicho::domain::event::*;
use daicho::grpc::Services;
use daicho::projection::evaluation::rows;
use tonic::Code;

use super::service::{asked, services};
use super::{csv, evaluated};
use crate::fixture::{Fixture, date, title};

fn key() -> Key {
    Key::parse("上半期").unwrap()
}

impl Fixture {
    async fn with_period(&self) {
        let opened = PeriodOpened {
            plan: self.plan,
            period: key(),
            title: title("上半期"),
            span: DateSpan::new(date("2023-04-01"), date("2023-09-30")).unwrap(),
        };
        let opened = self.event(Stream::plan(self.plan), "2023-04-01", opened);
        let reports = vec![
            opened,
            self.report(12, "2023-06-30"),
            self.report(19, "2023-09-30"),
        ];
        self.append("企画政策課", reports).await.unwrap();
    }

    fn close(&self) -> Event {
        let closed = PeriodClosed {
            plan: self.plan,
            period: key(),
            revision: None,
        };
        self.event(Stream::plan(self.plan), "2023-10-10", closed)
    }
}

async fn snapshot(services: &Services) -> v1::GetSnapshotResponse {
    let request = v1::GetSnapshotRequest {
        plan: Some("R5".to_owned()),
        snapshot: Some(v1::SnapshotRef {
            period: "上半期".to_owned(),
            revision: None,
        }),
        ..v1::GetSnapshotRequest::default()
    };
    services
        .get_snapshot(asked(request))
        .await
        .unwrap()
        .into_inner()
}

fn request(events: Vec<v1::EventInput>) -> v1::AppendEventsRequest {
    v1::AppendEventsRequest {
        request_id: new_id().to_string(),
        events,
        ..v1::AppendEventsRequest::default()
    }
}

fn wire(valid_from: &str, payload: v1::event_input::Payload) -> v1::EventInput {
    v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(valid_from.to_owned()),
        payload: Some(payload),
        ..v1::EventInput::default()
    }
}

fn closing() -> v1::EventInput {
    wire(
        "2023-10-10",
        v1::event_input::Payload::PeriodClosed(v1::PeriodClosed {
            plan: "R5".to_owned(),
            period: "上半期".to_owned(),
            revision: None,
        }),
    )
}

#[tokio::test]
async fn a_closing_is_answered_with_its_snapshot_and_a_retry_with_the_same() {
    let fixture = Fixture::planned().await;
    fixture.with_period().await;
    let services = services(&fixture.ledgers);
    let request = request(vec![closing()]);
    let first = services
        .append_events(asked(request.clone()))
        .await
        .unwrap()
        .into_inner();
    let closed = first.receipt.unwrap();
    assert!(!first.derived_follows);
    // The snapshot, then where every stream stood after it.
    assert_eq!(first.derived.len(), 2);
    let taken = snapshot(&services).await;
    assert!(taken.matches);
    let frozen = taken.snapshot.unwrap();
    assert_eq!(frozen.event_id, first.derived[0].event_id);
    assert_eq!(frozen.known_at, closed.size);
    assert_eq!(
        (frozen.effective_on.as_str(), frozen.rows),
        ("2023-09-30", 1)
    );
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let root = reader.root_at(frozen.known_at).unwrap();
    assert_eq!(frozen.root.as_deref(), Some(root.as_bytes().as_slice()));

    let again = services
        .append_events(asked(request))
        .await
        .unwrap()
        .into_inner();
    assert!(again.replayed);
    assert_eq!(again.receipt, Some(closed));
    assert_eq!(again.derived, first.derived);
}

#[tokio::test]
async fn a_snapshot_that_a_crash_prevented_is_taken_at_the_start() {
    let fixture = Fixture::planned().await;
    fixture.with_period().await;
    // What the server would do after the closing does not happen.
    fixture
        .append("企画政策課", vec![fixture.close()])
        .await
        .unwrap();
    let known_at = fixture.size().await;
    // Life goes on: what is recorded meanwhile is not part of it.
    let other = fixture.report(7, "2023-12-31");
    fixture.append("課", vec![other]).await.unwrap();
    let late_from = fixture.size().await;
    let fixture = fixture.restarted(false).await;
    let services = services(&fixture.ledgers);
    assert_eq!(services.snapshots().complete().await, 1);
    assert_eq!(services.snapshots().complete().await, 0);
    let taken = snapshot(&services).await;
    assert!(taken.matches);
    let frozen = taken.snapshot.unwrap();
    assert_eq!((frozen.known_at, frozen.revision), (known_at, 1));
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    // It says that it came late: of the closing's cut, and recorded behind what came after.
    assert_eq!(frozen.position, late_from);
    let closing = reader.stored(known_at - 1).await.unwrap().recorded;
    let time = |at: &prost_types::Timestamp| (at.seconds, at.nanos);
    let recorded_at = closing.recorded_at;
    assert_eq!(
        time(frozen.closed_at.as_ref().unwrap()),
        (recorded_at.as_second(), recorded_at.subsec_nanosecond())
    );
    assert!(time(frozen.closed_at.as_ref().unwrap()) <= time(frozen.recorded_at.as_ref().unwrap()));
    let evaluation = evaluated(&reader, fixture.plan, date("2023-09-30"), known_at).await;
    assert_eq!(frozen.rows_sha256, rows::digest(&evaluation).sha256);
    assert!(csv(&evaluation).contains(",31,"));
    let stored = reader.stored(frozen.position).await.unwrap().recorded;
    assert_eq!(stored.actor.method, AuthMethod::System);
    // Where the streams stood is of the ledger right after the snapshot, and comes next.
    let view = reader.caught_up(None).await;
    let heads = view.directory.heads_of(closing.event.id).unwrap();
    assert_eq!((heads.size, heads.position), (late_from + 1, late_from + 1));
    assert_eq!(view.size, late_from + 2);
}

#[tokio::test]
async fn heads_that_a_crash_prevented_are_recorded_as_they_would_have_been() {
    let fixture = Fixture::planned().await;
    fixture.with_period().await;
    let services = services(&fixture.ledgers);
    services
        .append_events(asked(request(vec![closing()])))
        .await
        .unwrap();
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let view = reader.caught_up(None).await;
    let heads = view.directory.heads().next_back().unwrap().clone();
    assert_eq!(view.size, heads.position + 1);
    assert_eq!(heads.size, heads.position);
    // The same again, from the events alone, after more was recorded.
    let other = fixture.report(7, "2023-12-31");
    fixture.append("課", vec![other]).await.unwrap();
    let fixture = fixture.restarted(false).await;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let again = reader.stream_heads(heads.size).await.unwrap().head();
    assert_eq!(
        (again.size, *again.root.as_bytes()),
        (heads.streams, heads.root)
    );
    let now = reader.caught_up(None).await;
    let mut rows = std::collections::BTreeMap::new();
    for position in 0..now.size {
        let stored = reader.stored(position).await.unwrap();
        let stream = daicho::ledger::stream_key(stored.recorded.event.stream);
        rows.insert(stream, (stored.recorded.revision, stored.leaf_hash));
    }
    let found = reader.stream_heads(now.size).await.unwrap();
    let found: Vec<_> = found
        .rows()
        .iter()
        .map(|row| (row.stream, (row.revision, row.leaf)))
        .collect();
    assert_eq!(found, rows.into_iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_snapshot_comes_out_the_same_after_thousands_of_events_and_a_restart() {
    let fixture = Fixture::planned().await;
    fixture.with_period().await;
    let first = services(&fixture.ledgers);
    first
        .append_events(asked(request(vec![closing()])))
        .await
        .unwrap();
    let before = snapshot(&first).await;
    for _ in 0..3 {
        let reports = (0..1_000)
            .map(|_| fixture.report(1, "2023-12-31"))
            .collect();
        fixture.append("課", reports).await.unwrap();
    }
    let fixture = fixture.restarted(false).await;
    let after = snapshot(&services(&fixture.ledgers)).await;
    assert!(after.matches);
    assert_eq!((after.rows, after.snapshot), (before.rows, before.snapshot));
}

#[tokio::test]
async fn a_restatement_is_computed_by_the_server_and_nothing_new_is_refused() {
    let fixture = Fixture::planned().await;
    fixture.with_period().await;
    let services = services(&fixture.ledgers);
    services
        .append_events(asked(request(vec![closing()])))
        .await
        .unwrap();
    let restated = || {
        let mut event = wire(
            "2023-09-30",
            v1::event_input::Payload::RestatementIssued(v1::RestatementIssued {
                plan: "R5".to_owned(),
                period: "上半期".to_owned(),
                revision: 1,
                ..v1::RestatementIssued::default()
            }),
        );
        event.reason = Some(v1::Reason {
            code: v1::ReasonCode::EntryError.into(),
            text: "七月分の数え誤りを訂正した。".to_owned(),
        });
        event
    };
    let empty = services
        .append_events(asked(request(vec![restated()])))
        .await;
    assert_eq!(empty.unwrap_err().code(), Code::FailedPrecondition);

    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let view = reader.caught_up(None).await;
    let state = reader
        .stream(Stream::goal(fixture.goal), view.size)
        .await
        .unwrap();
    let indicator = state.goal.indicator(fixture.indicator).unwrap();
    let first = indicator.entries.get(0).unwrap().event_id;
    let mut corrected = wire(
        "2023-06-30",
        v1::event_input::Payload::ActualCorrected(v1::ActualCorrected {
            indicator: fixture.indicator.to_string(),
            corrects: first.to_string(),
            measurement: Some(v1::Measurement {
                kind: Some(v1::measurement::Kind::Increment("9".to_owned())),
            }),
            ..v1::ActualCorrected::default()
        }),
    );
    corrected.reason = restated().reason;
    services
        .append_events(asked(request(vec![corrected.clone()])))
        .await
        .unwrap();

    let sent = request(vec![restated()]);
    let receipt = services
        .append_events(asked(sent.clone()))
        .await
        .unwrap()
        .into_inner()
        .receipt;
    let again = services
        .append_events(asked(sent))
        .await
        .unwrap()
        .into_inner();
    assert!(again.replayed);
    assert_eq!(again.receipt, receipt);

    let compared = v1::CompareEvaluationsRequest {
        plan: Some("R5".to_owned()),
        from: Some(v1::EvaluationPoint {
            at: Some(v1::evaluation_point::At::Snapshot(v1::SnapshotRef {
                period: "上半期".to_owned(),
                revision: None,
            })),
            policy: None,
        }),
        ..v1::CompareEvaluationsRequest::default()
    };
    let compared = services
        .compare_evaluations(asked(compared))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((compared.rows, compared.differences.len()), (1, 1));
    let learnt = compared.differences[0].learnt.as_ref().unwrap();
    let causes: Vec<_> = learnt.causes.iter().map(|cause| &cause.event_id).collect();
    assert_eq!(causes, [&corrected.event_id]);
    let actual = learnt
        .fields
        .iter()
        .find(|field| field.field == "actual")
        .unwrap();
    assert_eq!(
        (actual.before.as_deref(), actual.after.as_deref()),
        (Some("31"), Some("28"))
    );
    let attainment = learnt
        .fields
        .iter()
        .find(|field| field.field == "attainment")
        .unwrap();
    assert_eq!(attainment.points.as_ref().unwrap().decimal, "-6");

    let listed = v1::ListSnapshotsRequest {
        plan: Some("R5".to_owned()),
        ..v1::ListSnapshotsRequest::default()
    };
    let listed = services
        .list_snapshots(asked(listed))
        .await
        .unwrap()
        .into_inner();
    let of = &listed.snapshots[0].restatements;
    assert_eq!(of.len(), 1);
    assert_eq!((of[0].rows, of[0].material), (1, 0));
}

#[tokio::test]
async fn what_figures_come_to_stands_beside_a_judgement() {
    let fixture = Fixture::planned().await;
    fixture.with_period().await;
    let services = services(&fixture.ledgers);
    let judged = wire(
        "2023-10-02",
        v1::event_input::Payload::SelfEvaluated(v1::SelfEvaluated {
            subject: Some(v1::Subject {
                kind: Some(v1::subject::Kind::Indicator(fixture.indicator.to_string())),
            }),
            period: "上半期".to_owned(),
            comment: "計画を上回って進んでいる。".to_owned(),
            ..v1::SelfEvaluated::default()
        }),
    );
    let sent = request(vec![judged]);
    let receipt = services
        .append_events(asked(sent.clone()))
        .await
        .unwrap()
        .into_inner()
        .receipt;
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    let position = receipt.as_ref().unwrap().first_position;
    let stored = reader.stored(position).await.unwrap().recorded;
    let Payload::SelfEvaluated(stored) = stored.event.payload else {
        panic!("another event")
    };
    let size = position;
    let evaluation = evaluated(&reader, fixture.plan, date("2023-09-30"), size).await;
    let (_, _, indicator) = evaluation.indicators().next().unwrap();
    let computed = stored.computed.unwrap();
    assert_eq!(computed.status, indicator.evaluation.status);
    assert_eq!(computed.grade, indicator.grade);
    // The figures move on; the receipt does not.
    fixture
        .append("課", vec![fixture.report(40, "2023-09-30")])
        .await
        .unwrap();
    let again = services
        .append_events(asked(sent))
        .await
        .unwrap()
        .into_inner();
    assert!(again.replayed);
    assert_eq!(again.receipt, receipt);
}
