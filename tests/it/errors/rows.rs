//! Bad input, row by row as people make it. Nothing of it comes into the ledger.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;
use daicho::clock::new_id;
use jiff::Span;
use tonic::Code;

use super::rules::{Case, expecting, refused};
use super::world::*;
use super::{Seen, told};
use crate::service::append;

async fn meet(world: &mut World, cases: impl IntoIterator<Item = Case>) {
    for case in cases {
        world.meet(&mut Seen::new(), case).await;
    }
}

const INCREMENT: &str = "actual_recorded.measurement.increment";

#[tokio::test(flavor = "multi_thread")]
async fn unknown_indicators_and_members() {
    let mut world = World::new().await;
    let day = world.day(10);
    let refused = |reason, field, ja, asked| refused(Code::NotFound, reason, field, ja, asked);
    let ja = "指標が登録されていません";
    let unknown = ErrorReason::IndicatorUnknown;
    let field = "actual_recorded.indicator";
    let cases = [
        refused(unknown, field, ja, actual(&day, "前/無い", increment("1"))),
        refused(
            unknown,
            field,
            ja,
            actual(&day, &new_id().to_string(), increment("1")),
        ),
        // Something else has this code.
        refused(unknown, field, ja, actual(&day, "前/1", increment("1"))),
        refused(
            ErrorReason::MemberNotInSet,
            "actual_recorded.measurement.member.member",
            "対象一覧にありません",
            actual(&day, "前/対象", member("丙")),
        ),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}

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
async fn goals_that_rest_or_have_ended() {
    let mut world = World::new().await;
    let (day, later) = (world.day(10), world.day(20));
    let stop = |payload| because(event(&day, payload));
    let given = vec![stop(Payload::GoalSuspended(GoalSuspended {
        goal: "前/休止".to_owned(),
    }))];
    let report = actual(&later, "前/休止/件", increment("1"));
    let refused = |reason, ja, asked| {
        refused(
            Code::FailedPrecondition,
            reason,
            "actual_recorded.indicator",
            ja,
            asked,
        )
    };
    let suspended =
        refused(ErrorReason::GoalSuspended, "から休止中です", report.clone()).after(given);
    // What was before it rested can still be told.
    meet(&mut world, [suspended]).await;
    world
        .given(vec![actual(&world.day(9), "前/休止/件", increment("1"))])
        .await;
    let given = vec![stop(Payload::GoalCancelled(GoalCancelled {
        goal: "前/休止".to_owned(),
    }))];
    let cancelled = refused(ErrorReason::GoalCancelled, "に中止されました", report).after(given);
    meet(&mut world, [cancelled]).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_event_again_and_another_with_its_id() {
    let mut world = World::new().await;
    let first = append(vec![actual(&world.day(10), "前/件", increment("5"))]);
    let receipt = world
        .client
        .append_events(first.clone())
        .await
        .unwrap()
        .into_inner()
        .receipt;
    let size = world.size().await;
    // Another call that states the same fact.
    let again = append(first.events.clone());
    let again = world
        .client
        .append_events(again)
        .await
        .unwrap()
        .into_inner();
    assert_eq!((again.replayed, again.receipt), (true, receipt));
    assert_eq!(world.size().await, size);

    let changed = EventInput {
        event_id: first.events[0].event_id.clone(),
        ..actual(&world.day(10), "前/件", increment("6"))
    };
    let reason = ErrorReason::IdempotencyConflict;
    let ja = "同じIDで内容が異なります";
    let mut conflict = refused(Code::AlreadyExists, reason, "", ja, changed);
    conflict.field = "events".to_owned();
    meet(&mut world, [conflict]).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stale_revisions_are_told_the_current_one() {
    let mut world = World::new().await;
    let day = world.day(10);
    let grown = world.given(vec![narrative(&day, "前/2", "一つ目")]).await;
    let current = grown.receipt.unwrap().events[0].revision;
    for expected in [0, 1, current - 1, current + 1, u64::MAX] {
        let mut asked = append(vec![narrative(&day, "前/2", "二つ目")]);
        asked.expected_revisions = vec![expecting("前/2", expected)];
        let size = world.size().await;
        let status = world.client.append_events(asked).await.unwrap_err();
        let told = told(&status);
        assert_eq!(
            (told.code, told.reason.as_str()),
            (Code::Aborted, "STREAM_VERSION_CONFLICT")
        );
        assert_eq!(
            told.sentence,
            format!("他の更新がありました（現在の版 {current}）")
        );
        assert_eq!(told.metadata["current"], current.to_string());
        assert_eq!(told.metadata["expected"], expected.to_string());
        assert_eq!(world.size().await, size);
    }
    let mut asked = append(vec![narrative(&day, "前/2", "二つ目")]);
    asked.expected_revisions = vec![expecting("前/2", current)];
    world.client.append_events(asked).await.unwrap();
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
async fn corrections_of_what_is_no_longer_so_or_never_was() {
    let mut world = World::new().await;
    let day = world.day(10);
    let entry = actual(&day, "前/件", increment("7"));
    let correction = corrected(&day, "前/件", &entry.event_id, increment("8"));
    let head = correction.event_id.clone();
    world.given(vec![entry.clone(), correction]).await;
    let size = world.size().await;
    let late = append(vec![corrected(
        &day,
        "前/件",
        &entry.event_id,
        increment("9"),
    )]);
    let told = told(&world.client.append_events(late).await.unwrap_err());
    assert_eq!(
        (told.code, told.reason.as_str()),
        (Code::FailedPrecondition, "ALREADY_SUPERSEDED")
    );
    assert_eq!(told.metadata["head"], head);
    assert_eq!(
        told.sentence,
        format!("既に訂正又は取消されています。最新の訂正（{head}）を対象にしてください")
    );
    assert_eq!(world.size().await, size);

    // An entry of another ledger, of another indicator, or of none.
    world
        .server
        .admin()
        .await
        .open_ledger(crate::service::opening("town"))
        .await
        .unwrap();
    let town = ReadEventsRequest {
        ledger: "town".to_owned(),
        ..Default::default()
    };
    let frame = world
        .client
        .read_events(town)
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap();
    let Some(event_batch::Content::Events(events)) = frame.unwrap().batch.unwrap().content else {
        panic!("not events")
    };
    let foreign = events.events[0].fact.clone().unwrap().event_id;
    for unknown in [new_id().to_string(), foreign] {
        let mut asked = append(vec![corrected(&day, "前/件", &unknown, increment("9"))]);
        asked.ledger = "city".to_owned();
        let told = super::told(&world.client.append_events(asked).await.unwrap_err());
        assert_eq!(
            (told.code, told.reason.as_str()),
            (Code::NotFound, "ENTRY_UNKNOWN")
        );
        assert_eq!(told.field(), "events[0].actual_corrected.corrects");
    }
    let mut other = append(vec![corrected(&day, "前/未", &head, increment("9"))]);
    other.ledger = "city".to_owned();
    let told = super::told(&world.client.append_events(other).await.unwrap_err());
    assert_eq!(told.reason, "ENTRY_UNKNOWN");
    assert_eq!(world.size().await, size);

    // The correction itself is the newest, so it can be corrected.
    let mut newest = append(vec![corrected(&day, "前/件", &head, increment("9"))]);
    newest.ledger = "city".to_owned();
    world.client.append_events(newest).await.unwrap();
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_without_a_reason_and_claims_without_evidence() {
    let mut world = World::new().await;
    let day = world.day(10);
    let entry = actual(&day, "前/件", increment("7"));
    let id = entry.event_id.clone();
    world.given(vec![entry]).await;
    let refused =
        |reason, field, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let bare = |event| EventInput {
        reason: None,
        ..event
    };
    let retraction = event(
        &day,
        Payload::ActualRetracted(ActualRetracted {
            indicator: "前/件".to_owned(),
            retracts: id.clone(),
            before: None,
        }),
    );
    let (no_reason, why) = (ErrorReason::ReasonRequired, "理由を入力してください");
    let (no_evidence, prove) = (ErrorReason::EvidenceRequired, "根拠資料を添付してください");
    let attached = event(
        &day,
        Payload::EvidenceAttached(EvidenceAttached {
            subject: Some(Subject {
                kind: Some(subject::Kind::Goal("前/1".to_owned())),
            }),
            ..EvidenceAttached::default()
        }),
    );
    let cases = [
        refused(
            no_reason,
            "reason",
            why,
            bare(corrected(&day, "前/件", &id, increment("8"))),
        ),
        refused(no_reason, "reason", why, retraction),
        refused(
            no_reason,
            "reason",
            why,
            bare(unit_changed(&day, "前課", Some("他部"), false)),
        ),
        // A rubric's level says in words what it rests on.
        refused(no_reason, "reason", why, {
            proven(actual(&day, "前/段階", measurement::Kind::RubricLevel(2)))
        }),
        refused(no_evidence, "evidence", prove, attached),
        refused(no_evidence, "evidence", prove, {
            because(actual(&day, "前/段階", measurement::Kind::RubricLevel(2)))
        }),
        refused(no_evidence, "evidence", prove, {
            actual(&day, "前/工程", reached(None, MilestoneState::Completed))
        }),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn text_that_looks_like_a_formula_is_kept_as_it_is() {
    let mut world = World::new().await;
    let day = world.day(10);
    let texts = [
        "=cmd|' /C calc'!A0",
        "+1",
        "-1",
        "@SUM(A1)",
        "一行目\r\n\t二行目\u{1b}[31m\u{7}",
        "１２３〜〜−ｱｲｳ𠮷\u{FA11}\u{FF5E}\u{E000}",
        "か\u{3099}",
        "\u{202E}逆",
        "<script>alert(1)</script>",
        "'; DROP TABLE events; --",
    ];
    let answer = world
        .given(
            texts
                .iter()
                .map(|text| narrative(&day, "前/1", text))
                .collect(),
        )
        .await;
    let first = answer.receipt.unwrap().first_position;
    let read = ReadEventsRequest {
        from_position: first,
        ..Default::default()
    };
    let frame = world
        .client
        .read_events(read)
        .await
        .unwrap()
        .into_inner()
        .message()
        .await
        .unwrap();
    let Some(event_batch::Content::Events(events)) = frame.unwrap().batch.unwrap().content else {
        panic!("not events")
    };
    let kept: Vec<String> = events
        .events
        .into_iter()
        .map(|event| match event.fact.unwrap().payload {
            Some(Payload::NarrativeAdded(p)) => p.text,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kept, texts);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn too_long_and_too_many() {
    let mut world = World::new().await;
    let day = world.day(10);
    let refused =
        |reason, field, ja, asked| refused(Code::InvalidArgument, reason, field, ja, asked);
    let long = ErrorReason::TextTooLong;
    let mut cases = vec![
        refused(
            long,
            "narrative_added.text",
            "4000文字以内で",
            narrative(&day, "前/1", &"字".repeat(4_001)),
        ),
        refused(long, "org_unit_registered.name.ja", "200文字以内で", {
            let mut unit = unit(&day, "長い課", UnitKind::Section, None);
            if let Some(Payload::OrgUnitRegistered(p)) = &mut unit.payload {
                p.name = title(&"字".repeat(201));
            }
            unit
        }),
    ];
    for count in [0, 1_001] {
        let events = (0..count)
            .map(|_| narrative(&day, "前/1", "一つ"))
            .collect();
        let mut many = refused(
            ErrorReason::BatchTooLarge,
            "",
            "1件以上1000件以内",
            EventInput::default(),
        );
        (many.asked, many.field) = (append(events), "events".to_owned());
        cases.push(many);
    }
    meet(&mut world, cases).await;
    world
        .given(vec![narrative(&day, "前/1", &"字".repeat(4_000))])
        .await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_deceive_and_codes_that_look_alike() {
    let mut world = World::new().await;
    let day = world.day(10);
    let invalid = Code::InvalidArgument;
    let (field, ja) = ("actual_recorded.indicator", "コードが正しくありません");
    let tricks = [
        "../前",
        "%2e%2e",
        "前\u{0}件",
        "前\n件",
        "\u{1b}[31m",
        "前\u{202E}件",
        "前\u{200B}件",
        "前//件",
        "a b",
        // Wave dashes of two kinds, and a character that each organisation gives a shape of its own (gaiji).
        "前\u{301C}件",
        "前\u{FF5E}件",
        "前\u{E000}件",
    ];
    let mut cases: Vec<Case> = tricks
        .into_iter()
        .map(|code| {
            refused(
                invalid,
                ErrorReason::CodeInvalid,
                field,
                ja,
                actual(&day, code, increment("1")),
            )
        })
        .collect();
    for deceiving in ["総務\u{202E}課", "総務\u{200B}課", "総務\u{7}課"] {
        let mut unit = unit(&day, "新課", UnitKind::Section, None);
        if let Some(Payload::OrgUnitRegistered(p)) = &mut unit.payload {
            p.name = title(deceiving);
        }
        let ja = "形式が正しくありません";
        cases.push(refused(
            invalid,
            ErrorReason::FieldInvalid,
            "org_unit_registered.name.ja",
            ja,
            unit,
        ));
    }
    // One rule: NFKC. The composed and the decomposed, the full and the half width are one code.
    let given = vec![unit(&day, "ガイド課", UnitKind::Section, None)];
    let taken = |code: &str| {
        let asked = unit(&day, code, UnitKind::Section, None);
        let (reason, ja) = (ErrorReason::CodeTaken, "コードは既に使われています");
        refused(
            Code::AlreadyExists,
            reason,
            "org_unit_registered.code",
            ja,
            asked,
        )
    };
    cases.push(taken("カ\u{3099}イト\u{3099}課").after(given));
    cases.push(taken("ｶﾞｲﾄﾞ課"));
    cases.push(taken("ガイド課"));
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

#[tokio::test(flavor = "multi_thread")]
async fn unknown_choices_are_not_stored_as_none() {
    let mut world = World::new().await;
    let day = world.day(10);
    let reason = ErrorReason::FieldInvalid;
    let refused = |field, asked| {
        refused(
            Code::InvalidArgument,
            reason,
            field,
            "形式が正しくありません",
            asked,
        )
    };
    let mut unknown_reason = because(actual(&day, "前/件", increment("1")));
    unknown_reason.reason.as_mut().unwrap().code = 99;
    let mut unknown_kind = unit(&day, "新課", UnitKind::Section, None);
    if let Some(Payload::OrgUnitRegistered(p)) = &mut unknown_kind.payload {
        p.kind = 99;
    }
    let unknown_type = Definition {
        measure_type: -1,
        ..counted()
    };
    let state = measurement::Milestone {
        checkpoint: None,
        state: 77,
    };
    let cases = [
        refused(
            "actual_recorded.measurement.nil",
            actual(&day, "前/件", measurement::Kind::Nil(99)),
        ),
        refused("reason.code", unknown_reason),
        refused("org_unit_registered.kind", unknown_kind),
        refused(
            "indicator_defined.definition.measure_type",
            indicator(&day, "前/1/1", "前/新", unknown_type),
        ),
        refused("actual_recorded.measurement.milestone.state", {
            actual(&day, "前/工程", measurement::Kind::Milestone(state))
        }),
    ];
    meet(&mut world, cases).await;
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_that_are_none() {
    let mut world = World::new().await;
    let day = world.day(10);
    let nil = "00000000-0000-0000-0000-000000000000";
    let max = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    let short = "01890a5d-ac96-774b-bcce-b302099a805";
    let plain = "01890a5dac96774bbcceb302099a8057";
    let ids = [
        nil,
        max,
        short,
        plain,
        "01890a5d-ac96-774b-bcce-b302099a80570",
        "null",
        "{}",
        " ",
    ];
    let invalid = ErrorReason::IdInvalid;
    let mut cases: Vec<Case> = ids
        .into_iter()
        .map(|id| {
            let event = EventInput {
                event_id: id.to_owned(),
                ..actual(&day, "前/件", increment("1"))
            };
            refused(
                Code::InvalidArgument,
                invalid,
                "event_id",
                "IDが正しくありません",
                event,
            )
        })
        .collect();
    for id in [nil, max, short, "1"] {
        let mut case = refused(
            Code::InvalidArgument,
            invalid,
            "",
            "IDが正しくありません",
            narrative(&day, "前/1", "文"),
        );
        (case.asked.request_id, case.field) = (id.to_owned(), "request_id".to_owned());
        cases.push(case);
    }
    let mut unnamed = refused(
        Code::InvalidArgument,
        ErrorReason::FieldRequired,
        "",
        "必須",
        narrative(&day, "前/1", "文"),
    );
    (unnamed.asked.request_id, unnamed.field) = (String::new(), "request_id".to_owned());
    cases.push(unnamed);
    // Where a ledger is named, an id that is none is not taken for one that nobody has.
    for (ledger, reason, code) in [
        (nil, ErrorReason::IdInvalid, Code::InvalidArgument),
        (max, ErrorReason::IdInvalid, Code::InvalidArgument),
        (plain, ErrorReason::CodeInvalid, Code::InvalidArgument),
        ("../city", ErrorReason::CodeInvalid, Code::InvalidArgument),
        ("null", ErrorReason::LedgerUnknown, Code::NotFound),
        (
            "01890a5d-ac96-774b-bcce-b302099a8057",
            ErrorReason::LedgerUnknown,
            Code::NotFound,
        ),
    ] {
        let mut case = refused(code, reason, "", "", narrative(&day, "前/1", "文"));
        (case.asked.ledger, case.field) = (ledger.to_owned(), "ledger".to_owned());
        cases.push(case);
    }
    meet(&mut world, cases).await;
    world.server.stop().await;
}
