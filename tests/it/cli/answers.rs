//! Answers as a server gives them. Every figure is invented.

use daicho::api::v1;
use daicho::api::v1::event_input::Payload;

pub(super) fn ledger() -> v1::Ledger {
    v1::Ledger {
        id: "018b0000-0000-7000-8000-000000000001".into(),
        code: "mihon".into(),
        title: title("見本市", "Sample City"),
        origin: "mihon.example/daicho".into(),
        time_zone: "Asia/Tokyo".into(),
        locale: "ja-JP".into(),
        sample: true,
        clock: v1::ClockKind::Simulated.into(),
        opened_at: Some(at(1_680_274_800)),
        default_ledger: true,
        access_log_of: None,
    }
}

pub(super) fn ledgers() -> v1::ListLedgersResponse {
    let mut real = ledger();
    real.id = "018b0000-0000-7000-8000-000000000002".into();
    real.code = "honban".into();
    real.title = title("本番の台帳", "Production");
    real.sample = false;
    real.default_ledger = false;
    real.clock = v1::ClockKind::System.into();
    let status = |ledger, size| v1::LedgerStatus {
        ledger: Some(ledger),
        head: Some(head(size)),
    };
    v1::ListLedgersResponse {
        ledgers: vec![status(real, 12), status(ledger(), 1_300)],
        next_page_token: String::new(),
    }
}

fn head(size: u64) -> v1::Head {
    v1::Head {
        generation: 1,
        size,
        root: vec![0xab; 32],
    }
}

fn answered_at() -> Option<v1::AnsweredAt> {
    Some(v1::AnsweredAt {
        head: Some(head(1_300)),
        effective_on: "2023-10-06".into(),
        known_at: 1_300,
    })
}

pub(super) fn ledger_at() -> v1::GetLedgerResponse {
    v1::GetLedgerResponse {
        ledger: Some(ledger()),
        head: Some(head(1_300)),
        today: "2023-10-06".into(),
        plans: vec![
            entity(v1::EntityKind::Plan, "R5", "令和5年度組織重点目標", "").unwrap_or_default(),
        ],
        answered_at: Some(v1::AnsweredAt {
            head: Some(head(1_300)),
            effective_on: "2023-06-30".into(),
            known_at: 412,
        }),
        ..v1::GetLedgerResponse::default()
    }
}

fn at(seconds: i64) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds, nanos: 0 }
}

fn title(ja: &str, en: &str) -> Option<v1::Title> {
    let en = (!en.is_empty()).then(|| en.to_owned());
    Some(v1::Title { ja: ja.into(), en })
}

fn entity(kind: v1::EntityKind, code: &str, ja: &str, en: &str) -> Option<v1::Entity> {
    Some(v1::Entity {
        kind: kind.into(),
        id: format!("id-of-{code}"),
        code: code.into(),
        title: title(ja, en),
    })
}

fn unit(code: &str, ja: &str, en: &str, decimals: u32) -> Option<v1::Unit> {
    Some(v1::Unit {
        code: code.into(),
        display_ja: ja.into(),
        display_en: en.into(),
        decimals,
        ..v1::Unit::default()
    })
}

fn definition(
    measure: v1::MeasureType,
    entry: v1::EntryKind,
    comparator: v1::Comparator,
    unit: Option<v1::Unit>,
) -> v1::Definition {
    v1::Definition {
        measure_type: measure.into(),
        entry_kind: Some(entry.into()),
        comparator: comparator.into(),
        unit,
        ..v1::Definition::default()
    }
}

pub(super) fn count() -> v1::Definition {
    let unit = unit("{case}", "件", "cases", 0);
    definition(
        v1::MeasureType::Count,
        v1::EntryKind::Increment,
        v1::Comparator::Ge,
        unit,
    )
}

pub(super) fn level() -> v1::Definition {
    let unit = unit("{person}", "人", "people", 0);
    definition(
        v1::MeasureType::Level,
        v1::EntryKind::Absolute,
        v1::Comparator::Ge,
        unit,
    )
}

pub(super) fn share() -> v1::Definition {
    let unit = unit("%", "%", "%", 2);
    definition(
        v1::MeasureType::Ratio,
        v1::EntryKind::NumDen,
        v1::Comparator::Ge,
        unit,
    )
}

pub(super) fn coverage() -> v1::Definition {
    let unit = unit("{association}", "自治会", "associations", 0);
    let member = |key: &str, label: &str| v1::Member {
        key: key.into(),
        label: title(label, ""),
        from: None,
        until: None,
    };
    v1::Definition {
        members: vec![member("a1", "第1自治会"), member("a2", "第2自治会")],
        ..definition(
            v1::MeasureType::Coverage,
            v1::EntryKind::MemberState,
            v1::Comparator::Ge,
            unit,
        )
    }
}

pub(super) fn milestone() -> v1::Definition {
    let step = |key: &str, label: &str, due: &str| v1::Checkpoint {
        key: key.into(),
        label: title(label, ""),
        due: Some(due.into()),
        weight: None,
    };
    v1::Definition {
        checkpoints: vec![
            step("c1", "素案", "2023-09-30"),
            step("c2", "公表", "2024-02-29"),
        ],
        ..definition(
            v1::MeasureType::Milestone,
            v1::EntryKind::MilestoneState,
            v1::Comparator::DoneBy,
            None,
        )
    }
}

pub(super) fn rubric() -> v1::Definition {
    let levels = ["活用なし", "おおむね活用", "十分に活用"];
    v1::Definition {
        rubric: Some(v1::Rubric {
            code: "活用度".into(),
            version: 1,
            levels: levels.iter().filter_map(|level| title(level, "")).collect(),
        }),
        ..definition(
            v1::MeasureType::Qualitative,
            v1::EntryKind::RubricLevel,
            v1::Comparator::RubricAtLeast,
            None,
        )
    }
}

fn version(definition: v1::Definition) -> Option<v1::DefinitionVersion> {
    Some(v1::DefinitionVersion {
        version: 1,
        from: "2023-04-01".into(),
        definition: Some(definition),
        confirmed: Vec::new(),
    })
}

fn active() -> Option<v1::Standing> {
    Some(v1::Standing {
        phase: v1::Phase::Active.into(),
        since: None,
    })
}

fn target(position: u64, from: &str, aim: v1::target::Aim) -> v1::TargetVersion {
    v1::TargetVersion {
        event_id: format!("018b0000-0000-7000-8000-{position:012}"),
        position,
        effective_from: from.into(),
        recorded_on: "2023-04-01".into(),
        retroactive: false,
        target: Some(v1::Target {
            aim: Some(aim),
            parts: Vec::new(),
        }),
    }
}

fn value(number: &str) -> v1::target::Aim {
    v1::target::Aim::Value(number.into())
}

fn number(text: &str) -> Option<v1::Actual> {
    let number = v1::actual::Number {
        value: text.into(),
        parts: Vec::new(),
    };
    Some(v1::Actual {
        kind: Some(v1::actual::Kind::Number(number)),
    })
}

fn indicator(code: &str, ja: &str, en: &str, definition: v1::Definition) -> v1::Indicator {
    v1::Indicator {
        id: format!("id-of-{code}"),
        code: code.into(),
        title: title(ja, en),
        source_text: ja.into(),
        standing: active(),
        definition: version(definition),
        actual: Some(v1::Actual {
            kind: Some(v1::actual::Kind::NoReport(v1::actual::NoReport {})),
        }),
        ..v1::Indicator::default()
    }
}

fn kaizen() -> v1::Indicator {
    v1::Indicator {
        actual: number("28"),
        target: Some(target(1_240, "2023-10-01", value("40"))),
        first_target: Some(target(301, "2023-04-01", value("50"))),
        targets: 2,
        entries: 3,
        last_entry: Some(entry(1_250, "2023-07-31", "9")),
        ..indicator(
            "R5/総務部/3-1/1.1",
            "業務改善の件数",
            "Improvements made",
            count(),
        )
    }
}

fn entry(position: u64, day: &str, added: &str) -> v1::Entry {
    v1::Entry {
        event_id: format!("018b0000-0000-7000-8000-{position:012}"),
        position,
        recorded_at: Some(at(1_691_110_800 + i64::try_from(position).unwrap_or(0))),
        actor: actor("総務文書課"),
        valid_from: day.into(),
        measurement: measurement(v1::measurement::Kind::Increment(added.into())),
        definition_version: 1,
        counts: true,
        ..v1::Entry::default()
    }
}

fn measurement(kind: v1::measurement::Kind) -> Option<v1::Measurement> {
    Some(v1::Measurement { kind: Some(kind) })
}

fn actor(name: &str) -> Option<v1::Actor> {
    Some(v1::Actor {
        subject: name.into(),
        client: Some("daicho-cli/0.1.0".into()),
        method: v1::AuthMethod::Unauthenticated.into(),
        ..v1::Actor::default()
    })
}

pub(super) fn goal() -> v1::GetGoalResponse {
    let stock = v1::Indicator {
        actual: number("47500"),
        target: Some(target(302, "2023-04-01", value("50000"))),
        targets: 1,
        entries: 6,
        last_entry: Some(entry(1_100, "2023-09-30", "1")),
        ..indicator(
            "R5/総務部/3-1/1.2",
            "ＳＮＳの登録者数",
            "Followers",
            level(),
        )
    };
    let rate = v1::Indicator {
        actual: Some(v1::Actual {
            kind: Some(v1::actual::Kind::Ratio(v1::actual::Ratio {
                numerator: "5430".into(),
                denominator: "9980".into(),
            })),
        }),
        target: Some(target(303, "2023-04-01", value("99"))),
        targets: 1,
        ..indicator(
            "R5/総務部/3-1/2.1",
            "現年度分の収納率",
            "Collection rate",
            share(),
        )
    };
    let done = v1::target::Done {
        due: "2024-03-31".into(),
        end_state: v1::EndState::Completed.into(),
    };
    let step = v1::actual::CheckpointState {
        key: "c1".into(),
        state: v1::MilestoneState::Completed.into(),
        since: "2023-09-20".into(),
    };
    let plan = v1::Indicator {
        actual: Some(v1::Actual {
            kind: Some(v1::actual::Kind::Milestone(v1::actual::Milestone {
                state: v1::MilestoneState::Started.into(),
                since: "2023-06-01".into(),
                checkpoints: vec![step],
            })),
        }),
        target: Some(target(304, "2023-04-01", v1::target::Aim::Done(done))),
        targets: 1,
        ..indicator(
            "R5/総務部/3-1/2.2",
            "計画書の作成",
            "Plan written",
            milestone(),
        )
    };
    let covered = v1::Indicator {
        actual: Some(v1::Actual {
            kind: Some(v1::actual::Kind::Coverage(v1::actual::Coverage {
                done: vec!["a1".into()],
                in_set: 2,
            })),
        }),
        target: Some(target(
            305,
            "2023-04-01",
            v1::target::Aim::AllMembers(v1::target::AllMembers {}),
        )),
        targets: 1,
        ..indicator("R5/総務部/3-1/2.3", "自治会の巡回", "Visits", coverage())
    };
    let used = v1::Indicator {
        actual: Some(v1::Actual {
            kind: Some(v1::actual::Kind::RubricLevel(2)),
        }),
        target: Some(target(306, "2023-04-01", v1::target::Aim::RubricLevel(3))),
        targets: 1,
        standing: Some(v1::Standing {
            phase: v1::Phase::Cancelled.into(),
            since: Some("2023-09-01".into()),
        }),
        ..indicator("R5/総務部/3-1/2.4", "基金の活用", "", rubric())
    };
    let initiative = |number: u32, ja: &str, en: &str, indicators| v1::Initiative {
        id: format!("initiative-{number}"),
        code: format!("R5/総務部/3-1/{number}"),
        number,
        title: title(ja, en),
        source_text: ja.into(),
        standing: active(),
        lead: entity(v1::EntityKind::Unit, "R5/人事課", "人事課", "Personnel"),
        contributing: entity(
            v1::EntityKind::Unit,
            "R5/広報課",
            "広報課",
            "Public Relations",
        )
        .into_iter()
        .collect(),
        indicators,
        continues: None,
        continued_by: Vec::new(),
        references: Vec::new(),
    };
    let goal = v1::Goal {
        id: "018b0000-0000-7000-8000-00000000000a".into(),
        code: "R5/総務部/3-1".into(),
        plan: entity(
            v1::EntityKind::Plan,
            "R5",
            "令和5年度組織重点目標",
            "FY2023 priority goals",
        ),
        department: entity(
            v1::EntityKind::Unit,
            "R5/総務部",
            "総務部",
            "General Affairs",
        ),
        pillar: Some(v1::Pillar {
            number: 3,
            title: title("効率のよい市役所", "An efficient city hall"),
        }),
        title: title("仕事の進め方を見直す", "Improve how we work"),
        source_text: "職員の提案を生かし、\n仕事の進め方を見直します。".into(),
        standing: active(),
        revision: 12,
        initiative_count: 2,
        indicator_count: 6,
        reported_count: 5,
        initiatives: vec![
            initiative(
                1,
                "職員提案の実施",
                "Carry out proposals",
                vec![kaizen(), stock],
            ),
            initiative(
                2,
                "収納と計画",
                "Collection and planning",
                vec![rate, plan, covered, used],
            ),
        ],
        narratives: vec![v1::Narrative {
            event_id: "n1".into(),
            recorded_at: Some(at(1_696_400_000)),
            actor: actor("総務文書課"),
            valid_from: Some("2023-09-30".into()),
            subject: entity(
                v1::EntityKind::Indicator,
                "R5/総務部/3-1/1.1",
                "業務改善の件数",
                "",
            ),
            kind: v1::NarrativeKind::Cause.into(),
            text: "夏の提案が少なかった。".into(),
        }],
        attachments: Vec::new(),
        continues: None,
        continued_by: Vec::new(),
    };
    v1::GetGoalResponse {
        goal: Some(goal),
        answered_at: answered_at(),
        open_proposals: Vec::new(),
    }
}

pub(super) fn goals() -> v1::ListGoalsResponse {
    let first = goal().goal.unwrap_or_default();
    let second = v1::Goal {
        code: "R5/産業環境部/1-1".into(),
        department: entity(
            v1::EntityKind::Unit,
            "R5/産業環境部",
            "産業環境部",
            "Industry and Environment",
        ),
        pillar: Some(v1::Pillar {
            number: 1,
            title: title("挑む市役所", "A daring city hall"),
        }),
        title: title(
            "市内で働きたい人と人を求める事業所を結び、地域の仕事を増やす",
            "Bring together those who look for work and those who look for people in the city",
        ),
        standing: Some(v1::Standing {
            phase: v1::Phase::Suspended.into(),
            since: Some("2023-08-01".into()),
        }),
        indicator_count: 3,
        reported_count: 0,
        ..first.clone()
    };
    v1::ListGoalsResponse {
        goals: vec![first, second],
        next_page_token: String::new(),
        total: 62,
        answered_at: answered_at(),
    }
}

pub(super) fn series() -> v1::GetSeriesResponse {
    let reason = Some(v1::Reason {
        code: v1::ReasonCode::EntryError.into(),
        text: "集計表の転記を誤ったため".into(),
    });
    let wrong = v1::Entry {
        superseded: Some(v1::Superseded {
            by: "018b0000-0000-7000-8000-000000001250".into(),
            position: 1_250,
            retracted: false,
        }),
        counts: false,
        ..entry(1_204, "2023-07-31", "12")
    };
    let right = v1::Entry {
        corrects: Some("018b0000-0000-7000-8000-000000001204".into()),
        reason,
        ..entry(1_250, "2023-07-31", "9")
    };
    let month = v1::Entry {
        valid_to: Some("2023-08-31".into()),
        ..entry(1_230, "2023-08-01", "19")
    };
    let mut lowered = target(1_240, "2023-10-01", value("40"));
    lowered.recorded_on = "2023-10-05".into();
    lowered.retroactive = true;
    v1::GetSeriesResponse {
        indicator: Some(kaizen()),
        goal: entity(
            v1::EntityKind::Goal,
            "R5/総務部/3-1",
            "仕事の進め方を見直す",
            "Improve how we work",
        ),
        initiative: entity(
            v1::EntityKind::Initiative,
            "R5/総務部/3-1/1",
            "職員提案の実施",
            "Carry out proposals",
        ),
        entries: vec![wrong, month, right],
        targets: vec![target(301, "2023-04-01", value("50")), lowered],
        definitions: version(count()).into_iter().collect(),
        baselines: vec![v1::Baseline {
            value: "42".into(),
            as_of: "2023-03-31".into(),
            source: None,
        }],
        forecasts: vec![v1::Forecast {
            made_on: "2023-09-30".into(),
            forecast: Some(v1::forecast::Forecast::Value("45".into())),
            basis: "秋の提案月間を見込む".into(),
            ..v1::Forecast::default()
        }],
        answered_at: answered_at(),
        ..v1::GetSeriesResponse::default()
    }
}

pub(super) fn changes() -> v1::ListChangesResponse {
    let field = |field: &str, before: Option<&str>, after: Option<&str>| v1::FieldChange {
        field: field.into(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    };
    let subject = entity(
        v1::EntityKind::Indicator,
        "R5/総務部/3-1/1.1",
        "業務改善の件数",
        "Improvements made",
    );
    let revised = v1::Change {
        position: 1_240,
        event_id: "018b0000-0000-7000-8000-000000001240".into(),
        r#type: v1::EventType::TargetRevised.into(),
        recorded_at: Some(at(1_696_500_000)),
        actor: actor("総務部長"),
        reason: Some(v1::Reason {
            code: v1::ReasonCode::ExternalCause.into(),
            text: "提案の対象業務が\n県へ移ったため".into(),
        }),
        source_document: Some(v1::SourceDocument {
            number: "5総人第12号".into(),
            title: Some("目標の変更について".into()),
            date: Some("2023-10-05".into()),
        }),
        evidence: vec![v1::Evidence {
            sha256: vec![0xcd; 32],
            media_type: "application/pdf".into(),
            title: "起案書.pdf".into(),
            ..v1::Evidence::default()
        }],
        subject: subject.clone(),
        valid_from: Some("2023-10-01".into()),
        fields: vec![field("target", Some("50件以上"), Some("40件以上"))],
        flags: vec![v1::ChangeFlag::Retroactive.into()],
        days_late: Some(4),
        ..v1::Change::default()
    };
    let recorded = v1::Change {
        position: 1_230,
        event_id: "018b0000-0000-7000-8000-000000001230".into(),
        r#type: v1::EventType::ActualRecorded.into(),
        recorded_at: Some(at(1_694_000_000)),
        actor: actor("総務文書課"),
        subject,
        valid_from: Some("2023-08-01".into()),
        valid_to: Some("2023-08-31".into()),
        fields: vec![field("entry", None, Some("+19件"))],
        ..v1::Change::default()
    };
    v1::ListChangesResponse {
        changes: vec![revised, recorded],
        next_page_token: "more".into(),
        answered_at: answered_at(),
    }
}

pub(super) fn overview() -> v1::GetOverviewResponse {
    let counts = |goals, initiatives, indicators, reported| {
        Some(v1::OverviewCounts {
            goals,
            initiatives,
            indicators,
            reported,
            upcoming: 0,
        })
    };
    let cell = |pillar, goals: u32| v1::OverviewCell {
        pillar,
        counts: counts(goals, goals * 2, goals * 4, goals),
    };
    let row = |code: &str, ja: &str, goals: [u32; 3]| v1::OverviewRow {
        department: entity(v1::EntityKind::Unit, code, ja, ""),
        cells: (1..)
            .zip(goals)
            .map(|(pillar, goals)| cell(pillar, goals))
            .collect(),
        total: counts(goals.iter().sum(), goals.iter().sum::<u32>() * 2, 20, 6),
    };
    let pillar = |number, ja: &str| v1::Pillar {
        number,
        title: title(ja, ""),
    };
    v1::GetOverviewResponse {
        plan: entity(v1::EntityKind::Plan, "R5", "令和5年度組織重点目標", ""),
        cycle: Some(v1::DateSpan {
            first: "2023-04-01".into(),
            last: "2024-03-31".into(),
        }),
        pillars: vec![
            pillar(1, "挑む市役所"),
            pillar(2, "学ぶ市役所"),
            pillar(3, "効率のよい市役所"),
        ],
        rows: vec![
            row("R5/総務部", "総務部", [2, 0, 1]),
            row("R5/次世代育成部", "次世代育成部", [4, 0, 0]),
        ],
        totals: vec![cell(1, 6), cell(2, 0), cell(3, 1)],
        total: counts(7, 14, 40, 12),
        answered_at: answered_at(),
    }
}

pub(super) fn appended() -> v1::AppendEventsResponse {
    let subject = entity(
        v1::EntityKind::Indicator,
        "R5/総務部/3-1/1.1",
        "業務改善の件数",
        "Improvements made",
    );
    let state = |actual: &str| {
        Some(v1::IndicatorState {
            actual: number(actual),
            target: target(1_240, "2023-10-01", value("40")).target,
            definition_version: 1,
        })
    };
    v1::AppendEventsResponse {
        receipt: Some(v1::Receipt {
            request_id: "018b0000-0000-7000-8000-0000000000ff".into(),
            ledger: ledger().id,
            generation: 1,
            first_position: 1_300,
            size: 1_301,
            events: vec![v1::RecordedEvent {
                event_id: "018b0000-0000-7000-8000-000000001300".into(),
                position: 1_300,
                stream: Some(v1::StreamRef {
                    kind: v1::StreamKind::Goal.into(),
                    id: "018b0000-0000-7000-8000-00000000000a".into(),
                }),
                revision: 13,
                recorded_at: Some(at(1_696_550_400)),
                leaf_hash: vec![0xef; 32],
            }],
        }),
        notices: vec![v1::Notice {
            kind: v1::NoticeKind::ValueSpike.into(),
            field: "events[0].actual_recorded.measurement.increment".into(),
            message: "これまでの最大（19）の3倍を超えています".into(),
        }],
        effects: vec![v1::Effect {
            event_index: 0,
            subject: subject.clone(),
            field: "entry".into(),
            before: None,
            after: Some("+60件 (2023-10-05)".into()),
        }],
        outcomes: vec![v1::IndicatorOutcome {
            indicator: subject,
            before: state("28"),
            after: state("88"),
            definition: Some(count()),
        }],
        head: Some(head(1_301)),
        ..v1::AppendEventsResponse::default()
    }
}

pub(super) fn events() -> Vec<v1::Event> {
    let event = |position: u64, kind: v1::EventType, day: Option<&str>, payload| v1::Event {
        position,
        recorded_at: Some(at(1_696_550_400)),
        actor: actor("総務文書課"),
        r#type: kind.into(),
        fact: Some(v1::EventInput {
            valid_from: day.map(str::to_owned),
            payload: Some(payload),
            ..v1::EventInput::default()
        }),
        ..v1::Event::default()
    };
    let opened = v1::LedgerOpened {
        code: "mihon".into(),
        title: title("見本市", "Sample City"),
        ..v1::LedgerOpened::default()
    };
    let recorded = v1::ActualRecorded {
        measurement: measurement(v1::measurement::Kind::Increment("1200".into())),
        ..v1::ActualRecorded::default()
    };
    let revised = v1::TargetRevised {
        before: Some(v1::Target {
            aim: Some(value("50")),
            parts: Vec::new(),
        }),
        target: Some(v1::Target {
            aim: Some(value("40")),
            parts: Vec::new(),
        }),
        ..v1::TargetRevised::default()
    };
    vec![
        event(
            0,
            v1::EventType::LedgerOpened,
            None,
            Payload::LedgerOpened(opened),
        ),
        event(
            1_230,
            v1::EventType::ActualRecorded,
            Some("2023-08-31"),
            Payload::ActualRecorded(recorded),
        ),
        event(
            1_240,
            v1::EventType::TargetRevised,
            Some("2023-10-01"),
            Payload::TargetRevised(revised),
        ),
    ]
}
