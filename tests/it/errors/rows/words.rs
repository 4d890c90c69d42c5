//! Names, texts, choices and ids that deceive, are too long or are none.

use super::*;

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
    let kept = world.read(read).await.into_iter();
    let kept: Vec<String> = kept
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
