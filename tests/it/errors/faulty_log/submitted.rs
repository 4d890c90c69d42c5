//! A stream of appends while the log takes its time: all of it is in flight until the gate opens.

use std::task::Poll;

use daicho::api::v1::submit_events_response::Frame;

use super::*;
use crate::errors::told;
use crate::errors::world::goal;
use crate::submit::Submission;

/// Calls after which a server has looked at what was sent before them over the same connection.
const ROUND_TRIPS: usize = 20;

struct Held {
    server: Faulty,
    submission: Submission,
    gate: watch::Sender<bool>,
    size: u64,
}

impl Held {
    /// A stream with these requests on it, all of them taken in and none durable.
    async fn with(requests: &[AppendEventsRequest], server: Faulty) -> Self {
        let size = server.size().await;
        let (gate, waits) = watch::channel(false);
        server.log.appends(Appends::Hang(waits));
        let submission = Submission::open(&server.client, 1_000, None).await;
        for request in requests {
            assert!(submission.send(request.clone()).await);
        }
        let mut held = Self {
            server,
            submission,
            gate,
            size,
        };
        held.others_are_served().await;
        held
    }

    /// None of what was sent is answered while other calls are.
    async fn others_are_served(&mut self) {
        for _ in 0..ROUND_TRIPS {
            let ledger = self.server.client.get_ledger(GetLedgerRequest::default());
            ledger.await.unwrap();
            let frame = std::pin::pin!(self.submission.frame());
            let Poll::Pending = futures::poll!(frame) else {
                panic!("answered before it is durable");
            };
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_of_what_is_in_flight_gets_the_first_receipt_after_its_sync() {
    let server = Faulty::planned().await;
    let (first, other) = (server.note(), server.note());
    let same_id = AppendEventsRequest {
        request_id: first.request_id.clone(),
        ..server.note()
    };
    let requests = [first.clone(), first.clone(), same_id, other, first];
    let mut held = Held::with(&requests, server).await;
    held.gate.send_replace(true);
    let mut told_of = Vec::new();
    for _ in &requests {
        told_of.push(held.submission.answer().await);
    }
    let receipt = |index: usize| told_of[index].as_ref().unwrap().receipt.clone();
    assert_eq!([receipt(1), receipt(4)], [receipt(0), receipt(0)]);
    let replayed = [0, 1, 3, 4].map(|index| told_of[index].as_ref().unwrap().replayed);
    assert_eq!(replayed, [false, true, false, true]);
    let refused = told_of[2].as_ref().unwrap_err();
    assert_eq!(told(refused).reason, "IDEMPOTENCY_CONFLICT");
    assert_eq!(held.server.size().await, held.size + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_panics_takes_none_of_the_others_with_it() {
    let mut server = Faulty::planned().await;
    let known = server.note();
    server.client.append_events(known.clone()).await.unwrap();
    let size = server.size().await;
    // What was answered before is read again for its receipt.
    server.log.reads(Reads::Panic);
    let mut submission = Submission::open(&server.client, 1_000, None).await;
    for request in [server.note(), known, server.note()] {
        assert!(submission.send(request).await);
    }
    let mut codes = Vec::new();
    for _ in 0..3 {
        let answer = submission.answer().await;
        codes.push(answer.map_or_else(|status| status.code(), |_| Code::Ok));
    }
    assert_eq!(codes, [Code::Ok, Code::Internal, Code::Ok]);
    assert_eq!(server.size().await, size + 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_builds_on_what_is_not_durable_yet_is_not_refused_for_it() {
    let server = Faulty::planned().await;
    let day = server.first_day.clone();
    let on_new = |text: &str| append(vec![narrative(&day, "計画/1-9", text)]);
    let requests = [
        server.note(),
        // Names a goal that comes only behind it.
        on_new("早すぎる"),
        append(vec![goal(&day, "計画", "計画/1-9", "文化部", 1)]),
        on_new("一つ目"),
        append(vec![goal(&day, "計画", "計画/1-9", "文化部", 1)]),
        on_new("二つ目"),
    ];
    let mut held = Held::with(&requests, server).await;
    held.gate.send_replace(true);
    let mut reasons = Vec::new();
    for _ in &requests {
        let answer = held.submission.answer().await;
        reasons.push(answer.err().map(|status| told(&status).reason));
    }
    let (unknown, taken) = (
        Some("GOAL_UNKNOWN".to_owned()),
        Some("CODE_TAKEN".to_owned()),
    );
    assert_eq!(reasons, [None, unknown, None, None, taken, None]);
    assert_eq!(held.server.size().await, held.size + 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_in_is_recorded_though_its_sender_is_gone() {
    let server = Faulty::planned().await;
    let requests: Vec<AppendEventsRequest> = (0..50).map(|_| server.note()).collect();
    let Held {
        mut server,
        submission,
        gate,
        size,
    } = Held::with(&requests, server).await;
    drop(submission);
    // The connection lives, so these come behind the end of the stream.
    for _ in 0..ROUND_TRIPS {
        let ledger = server.client.get_ledger(GetLedgerRequest::default());
        ledger.await.unwrap();
    }
    gate.send_replace(true);
    for (request, position) in requests.iter().zip(size..) {
        let receipt = loop {
            // Those that the writer has not come to yet are not found, so far.
            match server.client.get_receipt(receipt_of(request)).await {
                Ok(found) => break found.into_inner().receipt.unwrap(),
                Err(status) => assert_eq!(told(&status).reason, "REQUEST_UNKNOWN"),
            }
        };
        assert_eq!(receipt.first_position, position);
    }
}

/// What the transport has not taken of these streams, once it takes nothing more while other calls are answered.
async fn unsent(server: &Faulty, submissions: &[Submission]) -> usize {
    let (mut left, mut again) = (usize::MAX, 0);
    while again < 1_000 {
        let mut client = server.client.clone();
        let ledger = client.get_ledger(GetLedgerRequest::default());
        ledger.await.unwrap();
        let now = submissions.iter().map(Submission::unsent).sum();
        again = if now == left { again + 1 } else { 0 };
        left = now;
    }
    left
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_appends_of_all_streams_are_carried_out_at_once_than_may() {
    const AT_ONCE: u64 = 2_048;
    const STREAMS: usize = 14;
    const EACH: usize = 256;
    let server = Faulty::planned().await;
    let (gate, waits) = watch::channel(false);
    server.log.appends(Appends::Hang(waits));
    // So large that the transport does not take them all where nobody reads.
    let text = "長".repeat(4_000);
    let mut submissions = Vec::new();
    for _ in 0..STREAMS {
        // What one stream leaves unread holds up no other.
        let client = server.another_client().await;
        let submission = Submission::open(&client, EACH, None).await;
        for _ in 0..EACH {
            assert!(submission.send(server.notes(&text, 1)).await);
        }
        submissions.push(submission);
    }
    assert!(0 < unsent(&server, &submissions).await);
    // Each says how many it took.
    server.closes.send_replace(true);
    gate.send_replace(true);
    let mut taken = 0;
    for mut submission in submissions {
        loop {
            match submission.frame().await.unwrap().unwrap().frame.unwrap() {
                Frame::Appended(_) => {}
                Frame::Refused(status) => panic!("{status:?}"),
                Frame::Closing(closing) => break taken += closing.taken,
            }
        }
    }
    assert!((1..=AT_ONCE).contains(&taken), "{taken}");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_wait_for_their_answers_are_bounded_in_bytes() {
    const SENT: usize = 24;
    /// Bytes of a stream's requests in flight at which no further one is read.
    const BYTES: usize = 4 * 1024 * 1024;
    let server = Faulty::planned().await;
    let (gate, waits) = watch::channel(false);
    server.log.appends(Appends::Hang(waits));
    let submission = Submission::open(&server.another_client().await, SENT + 1, None).await;
    // What comes behind it is refused for its form, and not answered before it is.
    assert!(submission.send(server.note()).await);
    let large = AppendEventsRequest {
        request_id: "x".repeat(1024 * 1024),
        ..server.note()
    };
    for _ in 0..SENT {
        assert!(submission.send(large.clone()).await);
    }
    let mut submissions = [submission];
    let gone = SENT - unsent(&server, &submissions).await;
    // Those that were read, and what is on the way: a window, and what is put together at once on both sides of it.
    let most = BYTES / large.request_id.len() + 4;
    assert!(most < SENT && gone <= most, "{gone} went, {most} may");
    let [submission] = &mut submissions;
    submission.half_close();
    gate.send_replace(true);
    submission.answer().await.unwrap();
    for _ in 0..SENT {
        let status = submission.answer().await.unwrap_err();
        assert_eq!(told(&status).reason, "ID_INVALID");
    }
    assert!(submission.frame().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_at_its_deadline_and_says_whether_outcomes_are_open() {
    let server = Faulty::planned().await;
    let limit = Some(Duration::from_millis(300));
    let submission = Submission::open(&server.client, 10, limit);
    let mut submission = submission.await;
    assert!(submission.send(server.note()).await);
    submission.answer().await.unwrap();
    let status = submission.frame().await.unwrap_err();
    let ended = told(&status);
    assert_eq!(
        (
            ended.code,
            ended.reason.as_str(),
            ended.metadata["answered"].as_str()
        ),
        (Code::DeadlineExceeded, "DEADLINE_PASSED", "1")
    );

    let (gate, waits) = watch::channel(false);
    server.log.appends(Appends::Hang(waits));
    let mut submission = Submission::open(&server.client, 10, limit).await;
    let request = server.note();
    assert!(submission.send(request.clone()).await);
    let status = submission.frame().await.unwrap_err();
    let ended = told(&status);
    assert_eq!(
        (
            ended.code,
            ended.reason.as_str(),
            ended.metadata["answered"].as_str()
        ),
        (Code::DeadlineExceeded, "OUTCOME_UNKNOWN", "0")
    );
    gate.send_replace(true);
    let found = server
        .client
        .clone()
        .get_receipt(receipt_of(&request))
        .await;
    assert_eq!(
        found.unwrap().into_inner().receipt.unwrap().request_id,
        request.request_id
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_fails_is_told_of_each_append_and_ends_no_stream() {
    let server = Faulty::planned().await;
    server.log.appends(Appends::Refuse(storage()));
    let mut submission = Submission::open(&server.client, 10, None).await;
    for _ in 0..5 {
        assert!(submission.send(server.note()).await);
    }
    submission.half_close();
    for _ in 0..5 {
        let status = submission.answer().await.unwrap_err();
        assert_eq!(told(&status).reason, "READ_ONLY");
    }
    assert!(submission.frame().await.unwrap().is_none());
}
