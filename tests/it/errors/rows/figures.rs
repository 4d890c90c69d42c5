//! Numbers, units and days that cannot be.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_plain_number() {
    let mut world = World::new().await;
    let day = world.day(10);
    let forty = "1".repeat(40);
    let texts = [
        "N/A",
        "約80%",
        "７，９４５千人",
        "",
        " ",
        "80%",
        "1e3",
        "+1",
        "1,000",
        "0x10",
        "−2",
        "１２",
        "NaN",
        "nan",
        "inf",
        "-Infinity",
        "1.",
        ".5",
        "18446744073709551615",
        "0.12345678901",
        &forty,
    ];
    let cases = texts.map(|text| {
        refused(
            Code::InvalidArgument,
            ErrorReason::ValueNotNumeric,
            INCREMENT,
            "数値で入力してください",
            actual(&day, "前/件", increment(text)),
        )
    });
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_that_the_unit_does_not_allow() {
    let mut world = World::new().await;
    let day = world.day(10);
    let reason = ErrorReason::ValueOutOfDomain;
    let refused = |field, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let numerator = "actual_recorded.measurement.ratio.numerator";
    let cases = [
        refused(
            INCREMENT,
            "単位「件」の値は0以上の整数です",
            actual(&day, "前/件", increment("3.5")),
        ),
        refused(
            INCREMENT,
            "単位「件」の値は0以上の整数です",
            actual(&day, "前/件", increment("-2")),
        ),
        refused(
            numerator,
            "単位「%」の値は0以上100以下の数です",
            actual(&day, "前/率", ratio("101", "100")),
        ),
        refused(
            numerator,
            "単位「%」の値は0以上100以下の数です",
            actual(&day, "前/率", ratio("1000000001", "1000000000")),
        ),
        refused(
            numerator,
            "単位「%」の値は0以上100以下の数です",
            actual(&day, "前/率", ratio("-1", "100")),
        ),
        refused(
            "actual_recorded.measurement.level",
            "（小数点以下1桁まで）",
            actual(&day, "前/km", level("1.25")),
        ),
        refused(
            "actual_recorded.measurement.rubric_level",
            "1から3までの整数です",
            {
                because(proven(actual(
                    &day,
                    "前/段階",
                    measurement::Kind::RubricLevel(4),
                )))
            },
        ),
    ];
    meet(&mut world, cases).await;
    // Whole shares are in the domain, and so is minus nothing.
    world
        .given(vec![actual(&day, "前/率", ratio("100", "100"))])
        .await;
    let minus_nothing = world
        .given(vec![actual(&day, "前/件", increment("-0.0"))])
        .await;
    let position = minus_nothing.receipt.unwrap().first_position;
    let stored = GetEventRequest {
        selector: Some(get_event_request::Selector::Position(position)),
        ..Default::default()
    };
    let stored = world
        .client
        .get_event(stored)
        .await
        .unwrap()
        .into_inner()
        .event
        .unwrap();
    let Some(Payload::ActualRecorded(p)) = stored.fact.unwrap().payload else {
        panic!()
    };
    assert_eq!(p.measurement, measured(increment("0")));
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rates_without_their_parts() {
    let mut world = World::new().await;
    let day = world.day(10);
    let refused =
        |reason, field, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let parts = ErrorReason::RatioPartsRequired;
    let zero = ErrorReason::DenominatorZero;
    let ja = "分子と分母を入力してください";
    let denominator = "actual_recorded.measurement.ratio.denominator";
    let cases = [
        refused(
            parts,
            "actual_recorded.measurement",
            ja,
            actual(&day, "前/率", level("80")),
        ),
        refused(
            parts,
            "actual_recorded.measurement",
            ja,
            actual(&day, "前/率", increment("80")),
        ),
        refused(
            parts,
            "actual_recorded.measurement.ratio.numerator",
            ja,
            actual(&day, "前/率", ratio("", "5")),
        ),
        refused(
            parts,
            denominator,
            ja,
            actual(&day, "前/率", ratio("4", "")),
        ),
        refused(
            zero,
            denominator,
            "分母は0より大きい数です",
            actual(&day, "前/率", ratio("4", "0")),
        ),
        refused(
            zero,
            denominator,
            "分母は0より大きい数です",
            actual(&day, "前/率", ratio("4", "-5")),
        ),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_units_and_other_entries() {
    let mut world = World::new().await;
    let day = world.day(10);
    let refused =
        |reason, field, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let cases = [
        refused(
            ErrorReason::UnitMismatch,
            "actual_recorded.unit_code",
            "単位が異なります（この指標の単位はkm）",
            actual_of(&day, "前/km", level("5000"), None, Some("m")),
        ),
        refused(
            ErrorReason::EntryKindMismatch,
            "actual_recorded.measurement",
            "この指標の報告方法は「時点の値」です",
            actual(&day, "前/km", increment("5")),
        ),
        refused(
            ErrorReason::EntryKindMismatch,
            "actual_recorded.measurement",
            "この指標の報告方法は「増分」です",
            actual(&day, "前/件", level("5")),
        ),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_that_cannot_be() {
    let mut world = World::new().await;
    let tomorrow = world
        .today
        .checked_add(Span::new().days(1))
        .unwrap()
        .to_string();
    let refused =
        |reason, field, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let wrong = [
        "2023-02-30",
        "2023-13-01",
        "2023-2-3",
        "0000-01-01",
        "9999-12-31",
        "2023-09-30T24:00",
        "2023-09-30T23:59:60Z",
        "令和5年9月30日",
        "２０２３-09-30",
        "today",
        "1695999600",
    ];
    let mut cases: Vec<Case> = wrong
        .into_iter()
        .map(|day| {
            let ja = "日付が正しくありません（例 2023-09-30）";
            refused(
                ErrorReason::DateInvalid,
                "valid_from",
                ja,
                actual(day, "前/件", increment("1")),
            )
        })
        .collect();
    let backwards = EventInput {
        valid_to: Some(world.day(9)),
        ..actual(&world.day(10), "前/件", increment("1"))
    };
    cases.push(refused(
        ErrorReason::DateTooEarly,
        "valid_to",
        "以後の日にしてください",
        backwards,
    ));
    let undated = EventInput {
        valid_from: None,
        ..actual("", "前/件", increment("1"))
    };
    cases.push(refused(
        ErrorReason::FieldRequired,
        "valid_from",
        "必須の項目です",
        undated,
    ));
    let outside = ErrorReason::DateOutsideCycle;
    for day in [world.day(-1), world.plan.first_day.clone()] {
        cases.push(refused(
            outside,
            "valid_from",
            "日付は",
            actual(&day, "前/件", increment("1")),
        ));
    }
    let future = actual(&tomorrow, &world.plan.indicators[0], increment("1"));
    cases.push(refused(
        ErrorReason::DateInFuture,
        "valid_from",
        "報告日は本日",
        future,
    ));
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_value_of_one_day() {
    let mut world = World::new().await;
    let day = world.day(10);
    let reason = ErrorReason::ObservationExists;
    let ja = "訂正として登録してください";
    let refused = |asked| {
        refused(
            Code::AlreadyExists,
            reason,
            "actual_recorded.measurement",
            ja,
            asked,
        )
    };
    let cases = [
        refused(actual(&day, "前/km", level("6"))).after(vec![actual(&day, "前/km", level("5"))]),
        refused(actual(&day, "前/対象", member("甲"))).after(vec![actual(
            &day,
            "前/対象",
            member("甲"),
        )]),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sums_that_would_not_be_exact() {
    let mut world = World::new().await;
    let day = world.day(10);
    let most = "999999999999999";
    // A thousand of the greatest entries are the most that adds up exactly.
    let events = (0..1_000)
        .map(|_| actual(&day, "前/件", increment(most)))
        .collect();
    world.given(events).await;
    let over = actual(&day, "前/件", increment(most));
    let reason = ErrorReason::TotalTooLarge;
    let case = refused(
        Code::FailedPrecondition,
        reason,
        INCREMENT,
        "合計が大きすぎます",
        over,
    );
    meet(&mut world, [case]).await;
    let series = GetSeriesRequest {
        indicator: "前/件".to_owned(),
        page_size: 1,
        ..Default::default()
    };
    let series = world
        .server
        .goals()
        .await
        .get_series(series)
        .await
        .unwrap()
        .into_inner();
    let Some(actual::Kind::Number(total)) = series.indicator.unwrap().actual.unwrap().kind else {
        panic!("not a number")
    };
    assert_eq!(total.value, "999999999999999000");
    world.server.stop().await;
}
