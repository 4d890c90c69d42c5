//! Followers that read slowly, or not at all, over real connections: they cost nobody anything, and miss nothing.

use daicho::api::v1;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::subscribe_events_response::Frame;
use tonic::Streaming;
use tonic::transport::Channel;

use crate::service::{As, Caller, Server, append, report};

/// Followers that never read, on one connection.
const SILENT: usize = 50;
/// Further behind than a follower may be without being told.
const EVENTS: u64 = 20_000;
const BATCH: u64 = 1_000;

/// A connection on which little is under way that was not read.
async fn narrow(server: &Server) -> LedgerServiceClient<Caller> {
    let channel = Channel::from_shared(format!("http://{}", server.address)).unwrap();
    let channel = channel
        .initial_stream_window_size(16 * 1024)
        .initial_connection_window_size(64 * 1024);
    LedgerServiceClient::with_interceptor(channel.connect().await.unwrap(), As("follower"))
}

async fn follow(
    client: &mut LedgerServiceClient<Caller>,
    from: u64,
) -> Streaming<v1::SubscribeEventsResponse> {
    let asked = v1::SubscribeEventsRequest {
        from_position: from,
        ..v1::SubscribeEventsRequest::default()
    };
    client.subscribe_events(asked).await.unwrap().into_inner()
}

/// Reads on up to a position: how often the follower was told that it fell behind.
async fn read_to(
    frames: &mut Streaming<v1::SubscribeEventsResponse>,
    from: u64,
    until: u64,
) -> usize {
    let (mut next, mut fallen) = (from, 0);
    while next < until {
        let frame = frames.message().await.unwrap().unwrap();
        match frame.frame.unwrap() {
            Frame::Batch(batch) => {
                assert_eq!(batch.first_position, next, "something was missed");
                next += u64::from(batch.count);
            }
            Frame::FellBehind(at) => {
                assert!(next < at.head.unwrap().size);
                fallen += 1;
            }
            Frame::CaughtUp(_) | Frame::Heartbeat(_) => {}
            Frame::Closing(closing) => panic!("{closing:?}"),
        }
        assert_eq!(frame.next_position, next);
    }
    assert_eq!(next, until);
    fallen
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_read_holds_up_nobody_and_reads_everything_later() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    let ledger = client.get_ledger(v1::GetLedgerRequest::default()).await;
    let begin = ledger.unwrap().into_inner().head.unwrap().size;
    let until = begin + EVENTS;

    let mut slow_client = narrow(&server).await;
    let mut slow = follow(&mut slow_client, begin).await;
    let first = slow.message().await.unwrap().unwrap();
    assert!(matches!(first.frame, Some(Frame::CaughtUp(_))));
    let mut silent_client = narrow(&server).await;
    let mut silent = Vec::new();
    for _ in 0..SILENT {
        silent.push(follow(&mut silent_client, 0).await);
    }
    let mut quick = follow(&mut client, begin).await;
    let quick = tokio::spawn(async move { read_to(&mut quick, begin, until).await });

    for _ in 0..EVENTS / BATCH {
        let events = (0..BATCH).map(|_| report(&plan, &plan.indicators[0], "1"));
        client
            .append_events(append(events.collect()))
            .await
            .unwrap();
    }
    quick.await.unwrap();
    assert_eq!(read_to(&mut slow, begin, until).await, 1);
    // It is among those who are told at once again.
    let caught_up = slow.message().await.unwrap().unwrap().frame;
    assert!(matches!(caught_up, Some(Frame::CaughtUp(_))));
    let one = append(vec![report(&plan, &plan.indicators[0], "1")]);
    client.append_events(one).await.unwrap();
    assert_eq!(read_to(&mut slow, until, until + 1).await, 0);
    drop(silent);
    server.stop().await;
}
