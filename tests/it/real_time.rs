//! The order of the ledger is the order of the world: what was answered before something else was sent stands before it, and
//! whoever asks after an answer sees what it told.

use std::time::Instant;

use daicho::api::v1;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::event_batch::Content;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::clock::new_id;
use daicho::load::SmallPlan;
use tokio::task::JoinSet;

use crate::process::Process;
use crate::service::{As, Server, append, opening, report};

const CLIENTS: usize = 32;
/// Appends of each, with a read after each fourth.
const APPENDS: usize = 60;

/// A call as whoever made it saw it. All times are of one clock that never goes back.
#[derive(Clone, Copy, Debug)]
struct Call {
    sent: Instant,
    answered: Instant,
    /// How many events stand before what this call is about: of an append its first position, of a read the size that it told.
    follows: u64,
    /// The largest size that its answer told.
    told: u64,
    /// Where its own events end; of a read where they would begin.
    ends: u64,
}

/// What no single order in real time explains: a call that was told less than somebody knew before it was sent, or something that
/// had not been sent yet when it was answered.
fn out_of_order(calls: &[Call]) -> Option<String> {
    // The sending of what stands at each position, and of the latest of all up to it.
    let mut appends: Vec<&Call> = calls
        .iter()
        .filter(|call| call.follows < call.ends)
        .collect();
    appends.sort_unstable_by_key(|call| call.follows);
    let mut sent_by: Vec<(u64, Instant)> = Vec::with_capacity(appends.len());
    for append in &appends {
        let before = sent_by.last().map_or(append.sent, |before| before.1);
        sent_by.push((append.ends, before.max(append.sent)));
    }
    let mut by_sending: Vec<&Call> = calls.iter().collect();
    by_sending.sort_unstable_by_key(|call| call.sent);
    let mut by_answer: Vec<&Call> = calls.iter().collect();
    by_answer.sort_unstable_by_key(|call| call.answered);
    let (mut answered, mut known) = (by_answer.iter().peekable(), 0);
    for call in by_sending {
        while let Some(before) = answered.next_if(|before| before.answered < call.sent) {
            known = known.max(before.told);
        }
        if call.follows < known {
            return Some(format!("{known} events were known before {call:?}"));
        }
        let told = sent_by.partition_point(|(ends, _)| *ends <= call.told);
        let latest = told.checked_sub(1).map(|last| sent_by[last].1);
        if latest.is_some_and(|latest| call.answered < latest) {
            return Some(format!("told before it was sent: {call:?}"));
        }
    }
    None
}

#[test]
fn a_history_that_no_order_explains_is_seen() {
    let begin = Instant::now();
    let at = |millis| begin + std::time::Duration::from_millis(millis);
    let append = |sent, answered, follows, told| Call {
        sent: at(sent),
        answered: at(answered),
        follows,
        told,
        ends: follows + 1,
    };
    let read = |sent, answered, size| Call {
        ends: size,
        ..append(sent, answered, size, size)
    };
    // One after the other; at the same time, in either order; a read meanwhile that sees one of them.
    let sound = [
        append(0, 2, 5, 6),
        append(3, 9, 7, 8),
        append(3, 8, 6, 8),
        read(4, 7, 7),
        read(10, 11, 8),
    ];
    assert_eq!(out_of_order(&sound), None);
    let broken = |call: Call| out_of_order(&[&sound[..], &[call]].concat()).is_some();
    assert!(broken(append(12, 13, 4, 9)), "behind what was there");
    assert!(broken(read(12, 13, 7)), "an answer is forgotten");
    assert!(broken(read(9, 13, 6)), "the last append is not seen");
    assert!(broken(read(0, 1, 8)), "seen before it was sent");
    assert!(!broken(read(1, 4, 6)));
}

/// One client: its next call as soon as the last was answered.
async fn call(
    server: std::sync::Arc<Process>,
    plan: std::sync::Arc<SmallPlan>,
    number: usize,
) -> Vec<Call> {
    let channel = server.connect();
    let mut client = LedgerServiceClient::with_interceptor(channel.clone(), As("client"));
    let mut goals = GoalServiceClient::with_interceptor(channel, As("client"));
    let indicator = &plan.indicators[number % plan.indicators.len()];
    let mut calls = Vec::new();
    for turn in 0..APPENDS {
        let events = 1 + (number + turn) % 3;
        let request = append((0..events).map(|_| report(&plan, indicator, "1")).collect());
        let sent = Instant::now();
        let answer = client.append_events(request).await.unwrap();
        let answered = Instant::now();
        let answer = answer.into_inner();
        let receipt = answer.receipt.unwrap();
        assert_eq!(receipt.size - receipt.first_position, events as u64);
        calls.push(Call {
            sent,
            answered,
            follows: receipt.first_position,
            told: answer.head.unwrap().size,
            ends: receipt.size,
        });
        let sent = Instant::now();
        let size = match turn % 8 {
            3 => {
                let asked = v1::GetLedgerRequest::default();
                let ledger = client.get_ledger(asked).await.unwrap();
                ledger.into_inner().head.unwrap().size
            }
            7 => {
                let asked = v1::GetGoalRequest {
                    goal: plan.goals[0].clone(),
                    ..v1::GetGoalRequest::default()
                };
                let goal = goals.get_goal(asked).await.unwrap();
                goal.into_inner().answered_at.unwrap().known_at
            }
            _ => continue,
        };
        calls.push(Call {
            sent,
            answered: Instant::now(),
            follows: size,
            told: size,
            ends: size,
        });
    }
    calls
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_before_stands_before_and_is_seen_by_everybody() {
    let folder = tempfile::tempdir().unwrap();
    let server = std::sync::Arc::new(Process::serve(folder.path()));
    let mut admin = AdminServiceClient::with_interceptor(server.connect(), As("administrator"));
    admin.open_ledger(opening("city")).await.unwrap();
    let mut client = LedgerServiceClient::with_interceptor(server.connect(), As("planner"));
    let (plan, events) =
        SmallPlan::new(jiff::civil::date(2023, 5, 1), 2, 2, || new_id().to_string());
    let set = client.append_events(append(events)).await.unwrap();
    let before = set.into_inner().receipt.unwrap().size;

    let plan = std::sync::Arc::new(plan);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(call(server.clone(), plan.clone(), number));
    }
    let calls = clients.join_all().await.concat();
    assert_eq!(out_of_order(&calls), None);

    // Every position was given once, and no other is there.
    let mut given: Vec<(u64, u64)> = calls.iter().map(|call| (call.follows, call.ends)).collect();
    given.retain(|(first, ends)| first < ends);
    given.sort_unstable();
    let mut next = before;
    for (first, ends) in given {
        assert_eq!(first, next);
        next = ends;
    }
    let everything = v1::ReadEventsRequest::default();
    let mut messages = client.read_events(everything).await.unwrap().into_inner();
    let (mut position, mut last) = (0, None);
    while let Some(message) = messages.message().await.unwrap() {
        let Some(Content::Events(events)) = message.batch.unwrap().content else {
            panic!("asked for events");
        };
        for event in events.events {
            assert_eq!(event.position, position);
            let at = event.recorded_at.map(|at| (at.seconds, at.nanos));
            assert!(last < at, "times have to increase");
            (position, last) = (position + 1, at);
        }
    }
    assert_eq!(position, next);
}

/// A UUID of version 7 begins with the time at which it was made, by the clock of whoever made it.
#[tokio::test(flavor = "multi_thread")]
async fn ids_of_another_time_move_nothing() {
    const HOUR: i64 = 3_600;
    const YEAR: i64 = 365 * 24 * HOUR;
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("client").await;
    let mut record = async |ids: Option<i64>| {
        let mut request = append(vec![report(&plan, &plan.indicators[0], "1")]);
        if let Some(seconds) = ids {
            let made = |random: u8| {
                let millis = u64::try_from(seconds * 1_000).unwrap();
                let id = uuid::Builder::from_unix_timestamp_millis(millis, &[random; 10]);
                id.into_uuid().to_string()
            };
            request.request_id = made(1);
            request.events[0].event_id = made(2);
        }
        let answer = client.append_events(request).await.unwrap();
        let recorded = answer.into_inner().receipt.unwrap().events.remove(0);
        (recorded.position, recorded.recorded_at.unwrap().seconds)
    };
    let (mut position, mut last) = record(None).await;
    let begin = last;
    for ids in [-YEAR, -HOUR, HOUR, YEAR, 100 * YEAR] {
        let (next, at) = record(Some(begin + ids)).await;
        assert_eq!(next, position + 1);
        assert!(last <= at && at < begin + HOUR, "the time is the server's");
        (position, last) = (next, at);
    }
    server.stop().await;
}
