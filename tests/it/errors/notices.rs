//! What is accepted but flagged: likely slips, and facts that somebody should know of.

use daicho::api::v1::*;

use super::world::*;

/// The kinds of notices that `events` get, but for those that a day long past always gets.
async fn flags(world: &mut World, events: Vec<EventInput>) -> Vec<(NoticeKind, String)> {
    let size = world.size().await;
    let count = events.len() as u64;
    let answer = world.given(events).await;
    assert_eq!(world.size().await, size + count, "flagged, but accepted");
    let notices = answer.notices.into_iter().map(|notice| {
        assert!(
            !notice.message.is_empty() && !notice.message.contains('{'),
            "{notice:?}"
        );
        (notice.kind(), notice.field)
    });
    notices
        .filter(|(kind, _)| *kind != NoticeKind::OldDate)
        .collect()
}

fn one(kind: NoticeKind, field: &str) -> Vec<(NoticeKind, String)> {
    vec![(kind, format!("events[0].{field}"))]
}

const INCREMENT: &str = "actual_recorded.measurement.increment";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_worth_a_look_is_accepted_and_flagged() {
    let mut world = World::new().await;
    let (day, next, third) = (world.day(10), world.day(11), world.day(12));

    // The greatest earlier entry is 10: three times as much is usual, more is not.
    assert!(
        flags(&mut world, vec![actual(&day, "前/件", increment("10"))])
            .await
            .is_empty()
    );
    assert!(
        flags(&mut world, vec![actual(&next, "前/件", increment("30"))])
            .await
            .is_empty()
    );
    let spike = flags(&mut world, vec![actual(&day, "前/件", increment("91"))]).await;
    assert_eq!(spike, one(NoticeKind::ValueSpike, INCREMENT));

    // 131 of 100 so far: 150 is not above 150 %, 151 is.
    assert!(
        flags(&mut world, vec![actual(&day, "前/件", increment("19"))])
            .await
            .is_empty()
    );
    let above = flags(&mut world, vec![actual(&next, "前/件", increment("1"))]).await;
    assert_eq!(above, one(NoticeKind::FarAboveTarget, INCREMENT));

    assert!(
        flags(&mut world, vec![actual(&day, "前/km", level("10"))])
            .await
            .is_empty()
    );
    assert!(
        flags(&mut world, vec![actual(&next, "前/km", level("8"))])
            .await
            .is_empty()
    );
    let fall = flags(&mut world, vec![actual(&third, "前/km", level("6.3"))]).await;
    assert_eq!(
        fall,
        one(NoticeKind::LevelDrop, "actual_recorded.measurement.level")
    );

    assert!(
        flags(&mut world, vec![actual(&day, "前/未", increment("4"))])
            .await
            .is_empty()
    );
    let twice = flags(&mut world, vec![actual(&day, "前/未", increment("4"))]).await;
    assert_eq!(twice, one(NoticeKind::PossibleDuplicate, INCREMENT));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_days_and_targets_after_the_fact_are_flagged() {
    let mut world = World::new().await;
    let notices = |answer: AppendEventsResponse| -> Vec<_> {
        answer
            .notices
            .iter()
            .map(|notice| (notice.kind(), notice.field.clone()))
            .collect()
    };
    let late = world
        .given(vec![actual(&world.day(0), "前/未", increment("4"))])
        .await;
    assert_eq!(notices(late), one(NoticeKind::OldDate, "actual_recorded"));
    let first_day = world.plan.first_day.clone();
    let today = world.today.to_string();
    let reported = world
        .given(vec![actual(
            &today,
            &world.plan.indicators[0],
            increment("4"),
        )])
        .await;
    assert_eq!(notices(reported), []);

    let after = world
        .given(vec![target(&world.day(0), "前/未", "10")])
        .await;
    assert_eq!(
        notices(after),
        one(NoticeKind::RetroactiveTarget, "target_set.target")
    );
    let ahead = vec![
        indicator(&first_day, "計画/1-1/1", "今/新", counted()),
        target(&today, "今/新", "10"),
    ];
    assert_eq!(notices(world.given(ahead).await), []);

    // A validation flags the same.
    let asked = AppendEventsRequest {
        validate_only: true,
        ..crate::service::append(vec![actual(&world.day(0), "前/未", increment("4"))])
    };
    let size = world.size().await;
    let foretold = world
        .client
        .append_events(asked)
        .await
        .unwrap()
        .into_inner();
    let kinds: Vec<_> = foretold.notices.iter().map(Notice::kind).collect();
    assert!(
        kinds.contains(&NoticeKind::OldDate) && kinds.contains(&NoticeKind::PossibleDuplicate),
        "{kinds:?}"
    );
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}
