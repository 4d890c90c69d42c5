//! How much of the log is read for an answer, counted.

use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::subscribe_events_response::Frame;
use daicho::api::v1::*;
use daicho::domain::event::Stream;
use tonic::Streaming;
use tonic::service::interceptor::InterceptedService;

use crate::errors::faulty_log::{Faulty, LONG, Reached};
use crate::errors::world::{Ja, because, proven};
use crate::service::{append, report};

type Ledger = LedgerServiceClient<InterceptedService<Reached, Ja>>;
type Frames = Streaming<SubscribeEventsResponse>;

const FOLLOWERS: usize = 100;

/// Somebody who follows everything, up to the head.
async fn caught_up(mut client: Ledger, format: EventFormat, from_position: u64) -> Frames {
    let request = SubscribeEventsRequest {
        from_position,
        format: format.into(),
        ..SubscribeEventsRequest::default()
    };
    let frames = client.subscribe_events(request).await.unwrap();
    let mut frames = frames.into_inner();
    loop {
        let frame = frames.message().await.unwrap().unwrap();
        if let Some(Frame::CaughtUp(_)) = frame.frame {
            return frames;
        }
    }
}

/// The next frame's events: where they begin, how many, and the positions that they say of themselves.
async fn next(frames: &mut Frames) -> (u64, u32, Vec<u64>) {
    let frame = frames.message().await.unwrap().unwrap();
    let Some(Frame::Batch(batch)) = frame.frame else {
        panic!("{frame:?}");
    };
    let positions = match batch.content.unwrap() {
        event_batch::Content::Events(decoded) => {
            decoded.events.iter().map(|event| event.position).collect()
        }
        event_batch::Content::Leaves(_) => Vec::new(),
    };
    (batch.first_position, batch.count, positions)
}

/// How many events the server's ledger has.
async fn size(server: &mut Faulty) -> u64 {
    let asked = server.client.get_ledger(GetLedgerRequest::default());
    asked.await.unwrap().into_inner().head.unwrap().size
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_caught_up_shares_one_read_of_what_comes() {
    let mut server = Faulty::planned().await;
    let from = size(&mut server).await;
    let client = LedgerServiceClient::with_interceptor(server.routes(LONG), Ja("担当"));
    let mut followers = Vec::new();
    for number in 0..FOLLOWERS {
        let format = match number % 4 {
            0 => EventFormat::Leaves,
            _ => EventFormat::Events,
        };
        followers.push((format, caught_up(client.clone(), format, from).await));
    }
    // One of them reads nothing until all has been written.
    let (_, mut slow) = followers.pop().unwrap();
    let before = (server.log.chunks_read(), server.log.events_read());
    let rounds = 10;
    for position in from..from + rounds {
        let request = server.note();
        server.client.append_events(request).await.unwrap();
        for (format, frames) in &mut followers {
            let expected = match format {
                EventFormat::Leaves => Vec::new(),
                _ => vec![position],
            };
            assert_eq!(next(frames).await, (position, 1, expected));
        }
    }
    assert_eq!(server.log.chunks_read(), before.0 + rounds);
    // What it missed, others have read.
    let mut position = from;
    while position < from + rounds {
        let (first, count, positions) = next(&mut slow).await;
        assert_eq!(first, position);
        assert_eq!(positions.len(), count as usize);
        position += u64::from(count);
    }
    assert_eq!(server.log.chunks_read(), before.0 + rounds);
    assert_eq!(server.log.events_read(), before.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_for_those_who_follow_is_bounded() {
    /// As many of the longest notes as a batch has room for.
    const NOTES: u32 = 21;
    const BATCHES: u64 = 40;
    let mut server = Faulty::planned().await;
    let from = size(&mut server).await;
    let client = LedgerServiceClient::with_interceptor(server.routes(LONG), Ja("担当"));
    let follow = |from| caught_up(client.clone(), EventFormat::Leaves, from);
    let (mut quick, mut slow) = (follow(from).await, follow(from).await);
    let text = "長".repeat(4_000);
    let mut position = from;
    for _ in 0..BATCHES {
        let request = server.notes(&text, NOTES as usize);
        server.client.append_events(request).await.unwrap();
        let (first, count, _) = next(&mut quick).await;
        assert_eq!((first, count), (position, NOTES));
        position += u64::from(count);
    }
    let bytes = position.saturating_sub(from) * text.len() as u64;
    // What the slow one missed is more than twice the 4 MiB that are kept, so most of it is read again; had all been kept, none were.
    assert!(8 * 1024 * 1024 < bytes, "{bytes}");
    let before = server.log.chunks_read();
    for batch in 0..BATCHES {
        let (first, count, _) = next(&mut slow).await;
        assert_eq!((first, count), (from + batch * u64::from(NOTES), NOTES));
    }
    let again = server.log.chunks_read() - before;
    assert!(BATCHES / 2 < again, "{again}");
    // The newest are there.
    let before = server.log.chunks_read();
    let mut late = client.clone();
    let request = SubscribeEventsRequest {
        from_position: position - u64::from(NOTES),
        format: EventFormat::Leaves.into(),
        ..SubscribeEventsRequest::default()
    };
    let mut late = late.subscribe_events(request).await.unwrap().into_inner();
    assert_eq!(next(&mut late).await.1, NOTES);
    assert_eq!(server.log.chunks_read(), before);
}

#[tokio::test]
async fn a_goal_that_many_ask_for_at_once_is_read_once() {
    let (mut server, plan) = Faulty::planning(1).await;
    let notes = server.notes("覚え書き", 100);
    server.client.append_events(notes).await.unwrap();
    let server = server.restarted().await;
    let reader = server.reader();
    let (size, goal) = (reader.head().size, plan.goals[0].parse().unwrap());
    let before = server.log.events_read();
    let asked = (0..32).map(|number| {
        let reader = &reader;
        async move {
            match number % 2 {
                0 => reader.stream(Stream::goal(goal), size).await,
                _ => reader.stream_covering(Stream::goal(goal), size).await,
            }
        }
    });
    for state in futures::future::join_all(asked).await {
        let state = state.unwrap();
        assert!(100 < state.revision);
        assert_eq!(server.log.events_read() - before, state.revision);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stored_leaves_are_what_was_stored_from_the_beginning_on() {
    let mut server = Faulty::planned().await;
    let read = async |format: EventFormat, server: &mut Faulty| {
        let request = ReadEventsRequest {
            format: format.into(),
            ..ReadEventsRequest::default()
        };
        let mut frames = server
            .client
            .read_events(request)
            .await
            .unwrap()
            .into_inner();
        let frame = frames.message().await.unwrap().unwrap();
        frame.batch.unwrap().content.unwrap()
    };
    let before = server.log.events_read();
    let leaves = read(EventFormat::Leaves, &mut server).await;
    let events = read(EventFormat::Events, &mut server).await;
    let (event_batch::Content::Leaves(leaves), event_batch::Content::Events(events)) =
        (leaves, events)
    else {
        panic!("each in its form");
    };
    assert_eq!(server.log.events_read(), before);
    let mut rest = leaves.as_ref();
    for event in &events.events {
        let len = prost::decode_length_delimiter(&mut rest).unwrap();
        let (leaf, behind) = rest.split_at(len);
        let hash = daicho::merkle::leaf_hash(leaf);
        assert_eq!(event.leaf_hash, hash.as_bytes());
        rest = behind;
    }
    assert!(rest.is_empty());
}

type Audit = AuditServiceClient<InterceptedService<Reached, Ja>>;

const PAGE: u32 = 5;
const GOALS: usize = 400;
/// What a page may read: the candidates of one step, the streams and what was in force of those that it tells of, and what
/// is halved to find a time.
const READS_MAX: u64 = 256 + 200;

/// Each filter by itself, as a page of it may be asked for.
fn filters(first_day: &str, time: prost_types::Timestamp) -> Vec<ListChangesRequest> {
    let all = ListChangesRequest::default;
    let goal = || Some("計画/1-7".to_owned());
    let subject = |code: &str| ListChangesRequest {
        subject: Some(code.to_owned()),
        ..all()
    };
    let day = || Some(first_day.to_owned());
    vec![
        all(),
        ListChangesRequest {
            actor: Some("担当".to_owned()),
            ..all()
        },
        ListChangesRequest {
            stream: Some(StreamRef {
                kind: StreamKind::Goal.into(),
                id: goal().unwrap(),
            }),
            ..all()
        },
        subject("計画/1-7"),
        subject("計画/1-7/1"),
        subject("計画"),
        ListChangesRequest {
            unit: Some("散歩課".to_owned()),
            ..all()
        },
        ListChangesRequest {
            types: vec![EventType::TargetSet.into()],
            ..all()
        },
        ListChangesRequest {
            reasons: vec![ReasonCode::EntryError.into()],
            ..all()
        },
        ListChangesRequest {
            recorded_from: Some(time),
            ..all()
        },
        ListChangesRequest {
            recorded_until: Some(time),
            ..all()
        },
        ListChangesRequest {
            valid_from: day(),
            valid_until: day(),
            ..all()
        },
        ListChangesRequest {
            valid_from: day(),
            ..all()
        },
        ListChangesRequest {
            valid_until: day(),
            ..all()
        },
        ListChangesRequest {
            flagged_only: true,
            ..all()
        },
        ListChangesRequest {
            has_reason: Some(true),
            ..all()
        },
        ListChangesRequest {
            has_reason: Some(false),
            ..all()
        },
        ListChangesRequest {
            has_evidence: Some(true),
            ..all()
        },
        ListChangesRequest {
            has_evidence: Some(false),
            ..all()
        },
        ListChangesRequest {
            has_decision: Some(true),
            ..all()
        },
        ListChangesRequest {
            has_decision: Some(false),
            ..all()
        },
        ListChangesRequest {
            corrections_only: true,
            ..all()
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_changes_reads_what_it_tells_and_not_the_ledger() {
    let (mut server, plan) = Faulty::planning(GOALS).await;
    let mut reports = Vec::new();
    for (number, indicator) in plan.indicators.iter().enumerate() {
        for event in [
            report(&plan, indicator, "1"),
            proven(report(&plan, indicator, "2")),
        ] {
            reports.push(match number % 2 {
                0 => because(event),
                _ => event,
            });
        }
    }
    let mut time = None;
    for events in reports.chunks(500) {
        let answer = server.client.append_events(append(events.to_vec())).await;
        let receipt = answer.unwrap().into_inner().receipt.unwrap();
        time = receipt.events.first().and_then(|event| event.recorded_at);
    }
    let size = size(&mut server).await;
    assert!(4 * READS_MAX < size, "{size}");
    let mut audit: Audit = AuditServiceClient::with_interceptor(server.routes(LONG), Ja("監査"));
    let mut told = 0;
    for filter in filters(&plan.first_day, time.unwrap()) {
        for order in [ChangeOrder::OldestFirst, ChangeOrder::NewestFirst] {
            let request = ListChangesRequest {
                page_size: PAGE,
                order: order.into(),
                ..filter.clone()
            };
            let before = server.log.events_read() + server.log.chunks_read();
            let answer = audit.list_changes(request).await.unwrap().into_inner();
            let read = server.log.events_read() + server.log.chunks_read() - before;
            assert!(read <= READS_MAX, "{read} for {filter:?}");
            told += answer.changes.len();
        }
    }
    // A page of most of them; corrections and decisions there are none.
    assert!(38 * PAGE as usize <= told, "{told}");
}

/// What a page reads beside its rows: one more, to know whether there is a next; and what stood where, from the savepoint
/// before its first row on.
const BESIDE_ROWS: u64 = 1 + 32;

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_changes_of_a_goal_reads_its_rows_however_many_there_are() {
    let (mut server, plan) = Faulty::planning(1).await;
    let mut audit: Audit = AuditServiceClient::with_interceptor(server.routes(LONG), Ja("監査"));
    for reports in [100, 900, 1_000] {
        let events = (0..reports).map(|_| report(&plan, &plan.indicators[0], "1"));
        let request = append(events.collect());
        server.client.append_events(request).await.unwrap();
        for order in [ChangeOrder::OldestFirst, ChangeOrder::NewestFirst] {
            let mut page_token = String::new();
            for _ in 0..3 {
                let request = ListChangesRequest {
                    subject: Some("計画/1-1".to_owned()),
                    page_size: PAGE,
                    page_token,
                    order: order.into(),
                    ..ListChangesRequest::default()
                };
                let before = server.log.events_read() + server.log.chunks_read();
                let answer = audit.list_changes(request).await.unwrap().into_inner();
                let read = server.log.events_read() + server.log.chunks_read() - before;
                assert_eq!(answer.changes.len(), PAGE as usize);
                let most = u64::from(PAGE) + BESIDE_ROWS;
                assert!(read <= most, "{read} in {order:?} after {reports} more");
                page_token = answer.next_page_token;
            }
        }
    }
}
