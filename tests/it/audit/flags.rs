//! The list of what auditors should look at: what is on it, as of when, page by page.

use std::collections::BTreeMap;

use daicho::api::v1;
use daicho::cli::render;
use daicho::domain::event::*;
use daicho::domain::id::{InitiativeId, UnitId};
use daicho::domain::text::Language;
use insta::assert_snapshot;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::world::{
    CHIEF, CLERK, Writer, because, defined, event, event_id, goal, grid, id, indicator, report,
    target, told, view,
};
use crate::fixture::counted;
use crate::service::Server;

/// The grid; its target lowered in November with effect from October; an indicator that nobody reports on; the section
/// reorganised in September.
async fn story(writer: &Writer) {
    let silent = defined("来庁者", 2, counted(), 10);
    writer.at("2023-04-04 10:00", "企画政策課", silent).await;
    grid(writer).await;
    let lowered = TargetRevised {
        indicator: indicator("業務改善"),
        replaces: event_id("業務改善 aimed"),
        before: None,
        target: target(30),
    };
    let lowered = event("lowered", goal(), "2023-10-01", lowered);
    let lowered = because(
        lowered,
        ReasonCode::DemandChange,
        "提案の対象が減ったため。",
    );
    writer.at("2023-11-20 11:00", CHIEF, vec![lowered]).await;
    let moved = ResponsibilityTransferred {
        initiative: id("initiative", InitiativeId::new),
        lead_unit: id("情報課", UnitId::new),
        contributing_units: Vec::new(),
    };
    let moved = event("moved", goal(), "2023-09-01", moved);
    let moved = because(moved, ReasonCode::Reorganisation, "9月の組織改編による。");
    writer
        .at("2023-11-21 10:00", "企画政策課", vec![moved])
        .await;
    writer
        .at(
            "2023-12-01 10:00",
            CLERK,
            vec![report("more", "業務改善", "2023-11-30", 4)],
        )
        .await;
}

fn at(known_at: &str, effective_on: &str) -> Option<v1::AsOf> {
    Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date(known_at.to_owned())),
        effective_on: Some(effective_on.to_owned()),
    })
}

/// All pages as one list.
async fn all(server: &Server, request: v1::ListFlagsRequest) -> Vec<v1::Flag> {
    let mut audit = server.audit().await;
    let (mut request, mut flags) = (request, Vec::new());
    loop {
        let page = audit
            .list_flags(request.clone())
            .await
            .unwrap()
            .into_inner();
        flags.extend(page.flags);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            return flags;
        }
    }
}

fn lines(flags: &[v1::Flag]) -> String {
    let line = |flag: &v1::Flag| {
        let kind = flag
            .kind()
            .as_str_name()
            .strip_prefix("FLAG_KIND_")
            .unwrap();
        let subject = flag.subject.clone().unwrap().code;
        let words = flag.words.clone().unwrap();
        let events: Vec<_> = flag.events.iter().map(|e| e.position.to_string()).collect();
        format!(
            "{kind} {subject} [{}]\n  {}\n  {}",
            events.join(" "),
            words.ja,
            words.en
        )
    };
    flags.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_tells_what_is_unusual_and_what_it_rests_on() {
    let server = told(story).await;
    let flags = all(&server, v1::ListFlagsRequest::default()).await;
    assert_snapshot!("flags", lines(&flags));

    let whole = v1::ListFlagsResponse {
        flags: flags.clone(),
        ..v1::ListFlagsResponse::default()
    };
    for (name, language) in [("ja", Language::Ja), ("en", Language::En)] {
        let text = render::audit::flags::list(&view(&server, language).await, &whole);
        assert_snapshot!(format!("flags_cli_{name}"), text);
    }

    // Each event says who, when and why.
    let lowered = flags
        .iter()
        .find(|flag| flag.kind() == v1::FlagKind::TargetLowered)
        .unwrap();
    let decided = lowered.events.last().unwrap();
    assert_eq!(decided.event_id, event_id("lowered").to_string());
    assert_eq!(decided.actor.clone().unwrap().subject, CHIEF);
    assert_eq!(
        decided.reason.clone().unwrap().text,
        "提案の対象が減ったため。"
    );
    assert_eq!(lowered.lead.clone().unwrap().code, "情報課");
    let figures: BTreeMap<_, _> = lowered
        .figures
        .iter()
        .map(|figure| (figure.name.as_str(), figure.value.as_str()))
        .collect();
    assert_eq!((figures["before"], figures["after"]), ("50", "30"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_of_one_list_whatever_comes_meanwhile() {
    let server = told(story).await;
    let whole = all(&server, v1::ListFlagsRequest::default()).await;
    let one_a_page = v1::ListFlagsRequest {
        page_size: 1,
        ..v1::ListFlagsRequest::default()
    };
    let mut audit = server.audit().await;
    let first = audit
        .list_flags(one_a_page.clone())
        .await
        .unwrap()
        .into_inner();
    // A report of nothing would be one more flag; it is not in this list.
    let nothing = v1::EventInput {
        event_id: daicho::clock::new_id().to_string(),
        valid_from: Some("2023-11-01".to_owned()),
        payload: Some(v1::event_input::Payload::ActualRecorded(
            v1::ActualRecorded {
                indicator: indicator("来庁者").to_string(),
                measurement: Some(v1::Measurement {
                    kind: Some(v1::measurement::Kind::Nil(v1::NilCause::NoActivity.into())),
                }),
                ..v1::ActualRecorded::default()
            },
        )),
        ..v1::EventInput::default()
    };
    let request = crate::service::append(vec![nothing]);
    server
        .ledger("a")
        .await
        .append_events(request)
        .await
        .unwrap();
    let mut pages = first.flags;
    let rest = v1::ListFlagsRequest {
        page_token: first.next_page_token,
        ..one_a_page
    };
    pages.extend(all(&server, rest).await);
    assert_eq!(pages, whole);
    assert_ne!(all(&server, v1::ListFlagsRequest::default()).await, whole);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_an_earlier_point_is_what_could_be_seen_then() {
    let server = told(story).await;
    let then = v1::ListFlagsRequest {
        as_of: at("2023-10-10", "2023-09-30"),
        ..v1::ListFlagsRequest::default()
    };
    assert_snapshot!("flags_midyear", lines(&all(&server, then).await));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_hold_all_at_once() {
    let server = told(story).await;
    let of = async |request: v1::ListFlagsRequest| {
        let flags = all(&server, request).await;
        let line = |flag: &v1::Flag| {
            let kind = flag
                .kind()
                .as_str_name()
                .strip_prefix("FLAG_KIND_")
                .unwrap();
            format!("{kind} {}", flag.subject.clone().unwrap().code)
        };
        flags.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let kinds = vec![
        v1::FlagKind::NeverReported.into(),
        v1::FlagKind::NoGoalUnderPillar.into(),
        v1::FlagKind::NoNumericCriterion.into(),
        v1::FlagKind::ResponsibilityMoved.into(),
    ];
    let base = v1::ListFlagsRequest {
        kinds,
        ..v1::ListFlagsRequest::default()
    };
    assert_snapshot!(of(base.clone()).await, @"
    NO_GOAL_UNDER_PILLAR R5
    NO_NUMERIC_CRITERION 市民部
    RESPONSIBILITY_MOVED R5/総務部/1-1/1
    NEVER_REPORTED R5/総務部/1-1/1.2
    ");
    assert_snapshot!(of(v1::ListFlagsRequest { department: Some("総務部".into()), ..base.clone() }).await, @"
    RESPONSIBILITY_MOVED R5/総務部/1-1/1
    NEVER_REPORTED R5/総務部/1-1/1.2
    ");
    assert_snapshot!(of(v1::ListFlagsRequest { department: Some("市民部".into()), ..base.clone() }).await, @"NO_NUMERIC_CRITERION 市民部");
    assert_snapshot!(of(v1::ListFlagsRequest { section: Some("情報課".into()), ..base.clone() }).await, @"
    RESPONSIBILITY_MOVED R5/総務部/1-1/1
    NEVER_REPORTED R5/総務部/1-1/1.2
    ");
    assert_snapshot!(of(v1::ListFlagsRequest { section: Some("総務文書課".into()), ..base.clone() }).await, @"");
    assert_snapshot!(of(v1::ListFlagsRequest { indicator: Some("R5/総務部/1-1/1.2".into()), ..base.clone() }).await, @"NEVER_REPORTED R5/総務部/1-1/1.2");
    assert_snapshot!(of(v1::ListFlagsRequest { goal: Some("R5/総務部/1-1".into()), plan: Some("R5".into()), ..base }).await, @"
    RESPONSIBILITY_MOVED R5/総務部/1-1/1
    NEVER_REPORTED R5/総務部/1-1/1.2
    ");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_names_are_told_all_at_once() {
    let server = told(story).await;
    let request = v1::ListFlagsRequest {
        kinds: vec![999],
        plan: Some("R9".to_owned()),
        department: Some("無い部".to_owned()),
        indicator: Some("R5/総務部/9".to_owned()),
        ..v1::ListFlagsRequest::default()
    };
    let status = server.audit().await.list_flags(request).await.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument);
    let details = status.get_error_details();
    let mut fields: Vec<_> = details
        .bad_request()
        .iter()
        .flat_map(|told| &told.field_violations)
        .map(|violation| format!("{} {}", violation.reason, violation.field))
        .collect();
    fields.sort();
    assert_eq!(
        fields,
        [
            "FIELD_INVALID kinds[0]",
            "INDICATOR_UNKNOWN indicator",
            "PLAN_UNKNOWN plan",
            "UNIT_UNKNOWN department",
        ]
    );
    server.stop().await;
}

#[tokio::test]
async fn the_finished_sample_has_something_of_everything_that_its_story_tells() {
    use daicho::projection::flags::FlagKind;
    use daicho::projection::flags::listing::{Cursor, FlagFilter, flags};

    let ledgers = crate::fixture::start(&daicho::log::MemoryLog::new()).await;
    let day = crate::fixture::date("2024-06-01");
    let (reader, _) = daicho::server::sample::prepare(&ledgers, day)
        .await
        .unwrap();
    let at = reader
        .standpoint(&reader.view(), &daicho::ledger::AsOf::default())
        .await
        .unwrap();
    let (filter, mut cursor, mut kinds) =
        (FlagFilter::default(), Cursor::default(), BTreeMap::new());
    loop {
        let page = flags(&reader, &at, &filter, cursor, 500).await.unwrap();
        for listed in page.flags {
            *kinds.entry(listed.flag.kind).or_insert(0_u32) += 1;
            assert_eq!(listed.flag.grounds.len(), listed.grounds.len());
        }
        match page.next {
            Some(next) => cursor = next,
            None => break,
        }
    }
    for kind in [
        FlagKind::RetroactiveTarget,
        FlagKind::TargetLowered,
        FlagKind::LateReport,
        FlagKind::NoEvidence,
        FlagKind::NoGoalUnderPillar,
        FlagKind::NoNumericCriterion,
        FlagKind::ResponsibilityMoved,
    ] {
        assert!(kinds.contains_key(&kind), "{kind:?}: {kinds:?}");
    }
}
