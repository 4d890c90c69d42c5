//! Watching goals: every goal first, then each that changes, from any position on.

use daicho::api::v1;
use daicho::api::v1::watch_goals_response::{Frame, GoalBatch};
use tonic::{Code, Streaming};

use crate::service::{Server, append, report};

async fn watch(
    server: &Server,
    request: v1::WatchGoalsRequest,
) -> Streaming<v1::WatchGoalsResponse> {
    let mut goals = server.goals().await;
    goals.watch_goals(request).await.unwrap().into_inner()
}

async fn next(frames: &mut Streaming<v1::WatchGoalsResponse>) -> (Option<u64>, Frame) {
    let frame = frames.message().await.unwrap().unwrap();
    (frame.next_position, frame.frame.unwrap())
}

/// The goals of the next batch, and where to resume after it.
async fn batch(frames: &mut Streaming<v1::WatchGoalsResponse>) -> (Option<u64>, GoalBatch) {
    match next(frames).await {
        (position, Frame::Batch(batch)) => (position, batch),
        other => panic!("{other:?}"),
    }
}

/// Up to where everything was told.
async fn caught_up(frames: &mut Streaming<v1::WatchGoalsResponse>) -> u64 {
    match next(frames).await {
        (Some(position), Frame::CaughtUp(at)) => {
            assert_eq!(at.head.unwrap().size, position);
            position
        }
        other => panic!("{other:?}"),
    }
}

fn ids(batch: &GoalBatch) -> Vec<&str> {
    batch.goals.iter().map(|goal| goal.id.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_goal_comes_first_and_then_each_that_changes() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut frames = watch(&server, v1::WatchGoalsRequest::default()).await;
    let (position, all) = batch(&mut frames).await;
    assert_eq!(position, None, "half of a list cannot be gone on from");
    assert_eq!(ids(&all), [&plan.goals[0], &plan.goals[1]]);
    let begun = caught_up(&mut frames).await;
    assert_eq!(all.known_at, begun);

    let mut client = server.ledger("a").await;
    let second = &plan.indicators[2];
    client
        .append_events(append(vec![report(&plan, second, "5")]))
        .await
        .unwrap();
    let (_, changed) = batch(&mut frames).await;
    assert_eq!(ids(&changed), [&plan.goals[1]]);
    assert_eq!(changed.goals[0].reported_count, 1);
    assert!(changed.left.is_empty());

    // Somebody who was away reads what changed since, once for each goal.
    client
        .append_events(append(vec![
            report(&plan, second, "6"),
            report(&plan, second, "7"),
        ]))
        .await
        .unwrap();
    let since = v1::WatchGoalsRequest {
        from_position: Some(begun),
        ..Default::default()
    };
    let mut again = watch(&server, since).await;
    let (_, missed) = batch(&mut again).await;
    assert_eq!(ids(&missed), [&plan.goals[1]]);
    assert_eq!(caught_up(&mut again).await, begun + 3);

    // A goal outside the filter is told as one that left, and nothing of it is told.
    let only = v1::WatchGoalsRequest {
        pillar: Some(99),
        from_position: Some(begun),
        ..Default::default()
    };
    let mut others = watch(&server, only).await;
    let (_, left) = batch(&mut others).await;
    assert_eq!(
        (ids(&left).len(), &left.left),
        (0, &vec![plan.goals[1].clone()])
    );

    let stopping = server.stop();
    let ending = async {
        while let Some(frame) = again.message().await.unwrap() {
            if let Some(Frame::Closing(_)) = frame.frame {
                return true;
            }
        }
        false
    };
    let (_, closed) = tokio::join!(stopping, ending);
    assert!(closed, "the server says that it closes");
}

#[tokio::test]
async fn a_watch_begins_within_the_ledger_and_with_things_that_exist() {
    let server = Server::start().await;
    server.planned().await;
    let refused = async |request| {
        let status = server.goals().await.watch_goals(request).await.unwrap_err();
        status.code()
    };
    let ahead = v1::WatchGoalsRequest {
        from_position: Some(1_000_000),
        ..Default::default()
    };
    assert_eq!(refused(ahead).await, Code::OutOfRange);
    let unknown = v1::WatchGoalsRequest {
        department: Some("無い部".to_owned()),
        ..Default::default()
    };
    assert_eq!(refused(unknown).await, Code::NotFound);
    server.stop().await;
}
