//! Who belonged where and who answered for what, across a reorganisation in mid-year that was recorded late.

use daicho::api::v1;
use daicho::cli::render;
use daicho::domain::code::Code;
use daicho::domain::event::*;
use daicho::domain::id::{InitiativeId, UnitId};
use daicho::domain::org_unit::UnitKind;
use daicho::domain::text::Language;
use insta::assert_snapshot;

use crate::audit::world::{Writer, because, event, event_id, goal, id, told, view};
use crate::errors::told as refusal;
use crate::fixture::title;
use crate::service::Server;

/// Before the reorganisation was recorded, and after.
const BEFORE: &str = "2023-10-02";
const AFTER: &str = "2023-10-03";

fn changed(name: &str, unit: &str, day: &str, change: impl FnOnce(&mut OrgUnitChanged)) -> Event {
    let unit = id(unit, UnitId::new);
    let mut changed = OrgUnitChanged {
        unit,
        name: None,
        parent: None,
        dissolved: false,
    };
    change(&mut changed);
    let event = event(name, Stream::org(unit), day, changed);
    because(event, ReasonCode::Reorganisation, "組織改編による。")
}

/// On 3 October: as of 1 July 情報課 is called デジタル課 and takes over from 総務文書課, which ends; its desk goes along.
/// 市民部 will end with the year.
async fn story(writer: &Writer) {
    let desk = id("文書係", UnitId::new);
    let registered = OrgUnitRegistered {
        unit: desk,
        code: Code::parse("文書係").unwrap(),
        name: title("文書係"),
        kind: UnitKind::Other,
        parent: Some(id("総務文書課", UnitId::new)),
    };
    let registered = event("desk", Stream::org(desk), "2023-04-01", registered);
    writer
        .at("2023-04-04 10:00", "企画政策課", vec![registered])
        .await;
    let day = "2023-07-01";
    let transferred = ResponsibilityTransferred {
        initiative: id("initiative", InitiativeId::new),
        lead_unit: id("情報課", UnitId::new),
        contributing_units: Vec::new(),
    };
    let transferred = event("transferred", goal(), day, transferred);
    let reorganisation = vec![
        changed("renamed", "情報課", day, |c| {
            c.name = Some(title("デジタル課"))
        }),
        because(
            transferred,
            ReasonCode::Reorganisation,
            "7月の組織改編による。",
        ),
        changed("desk moved", "文書係", day, |c| {
            c.parent = Some(id("情報課", UnitId::new));
        }),
        changed("dissolved", "総務文書課", day, |c| c.dissolved = true),
        changed("will end", "市民部", "2024-04-01", |c| {
            c.dissolved = true
        }),
    ];
    writer
        .at("2023-10-03 10:00", "企画政策課", reorganisation)
        .await;
}

fn at(known_at: &str, on: &str) -> Option<v1::AsOf> {
    Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date(known_at.to_owned())),
        effective_on: Some(on.to_owned()),
    })
}

async fn tree(server: &Server, request: v1::GetOrganisationRequest) -> v1::GetOrganisationResponse {
    let answer = server.goals().await.get_organisation(request).await;
    answer.unwrap().into_inner()
}

async fn who(
    server: &Server,
    subject: &str,
    as_of: Option<v1::AsOf>,
) -> v1::GetResponsibilityResponse {
    let request = v1::GetResponsibilityRequest {
        subject: subject.to_owned(),
        as_of,
        ..Default::default()
    };
    let answer = server.goals().await.get_responsibility(request).await;
    answer.unwrap().into_inner()
}

fn name(entity: Option<&v1::Entity>) -> String {
    let title = entity.and_then(|entity| entity.title.clone());
    title.unwrap_or_default().ja
}

/// The tree as names under each other, with what each leads; `-`: does not exist.
fn outline(answer: &v1::GetOrganisationResponse) -> String {
    let lines = answer.units.iter().map(|unit| {
        let indent = " ".repeat(unit.depth as usize);
        let absent = if unit.exists { "" } else { "-" };
        format!("{indent}{absent}{}{}", name(unit.unit.as_ref()), unit.leads)
    });
    lines.collect::<Vec<_>>().join("/")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tree_is_that_of_the_day_as_far_as_it_was_known() {
    let server = told(story).await;
    let old = "市民部0/総務部0/ 情報課0/ 総務文書課1/  文書係0";
    let new = "市民部0/総務部0/ デジタル課1/  文書係0";
    for (known_at, on, expected) in [
        // Before the day, before it was recorded and after; after the day likewise.
        (BEFORE, "2023-06-30", old),
        (AFTER, "2023-06-30", old),
        (BEFORE, "2023-07-01", old),
        (AFTER, "2023-07-01", new),
        (AFTER, "2023-10-03", new),
        // Before anything existed.
        (AFTER, "2023-03-31", ""),
    ] {
        let request = v1::GetOrganisationRequest {
            as_of: at(known_at, on),
            ..Default::default()
        };
        let answer = tree(&server, request).await;
        assert_eq!(outline(&answer), expected, "{on} as known at {known_at}");
        let answered = answer.answered_at.unwrap();
        assert_eq!(answered.effective_on, on);
    }
    let request = v1::GetOrganisationRequest {
        as_of: at(AFTER, "2023-10-03"),
        include_inactive: true,
        ..Default::default()
    };
    let all = tree(&server, request).await;
    assert_eq!(
        outline(&all),
        "市民部0/総務部0/ デジタル課1/  文書係0/ -総務文書課0"
    );
    // What ends later is known to.
    let until = |code: &str| {
        let mut units = all.units.iter();
        let unit = units.find(|unit| unit.unit.as_ref().is_some_and(|u| u.code == code));
        unit.and_then(|unit| unit.until.clone())
    };
    assert_eq!(until("総務文書課").as_deref(), Some("2023-06-30"));
    assert_eq!(until("市民部").as_deref(), Some("2024-03-31"));
    assert_eq!(until("総務部"), None);
    for (name, language) in [("tree_ja", Language::Ja), ("tree_en", Language::En)] {
        let view = view(&server, language).await;
        assert_snapshot!(name, render::organisation::tree(&view, &all));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_the_tree_are_of_the_first() {
    let server = told(story).await;
    let request = |page_size, page_token| v1::GetOrganisationRequest {
        include_inactive: true,
        as_of: at(AFTER, "2023-10-03"),
        page_size,
        page_token,
        ..Default::default()
    };
    let whole = tree(&server, request(0, String::new())).await;
    let (mut units, mut token) = (Vec::new(), String::new());
    loop {
        let page = tree(&server, request(2, token)).await;
        assert!(page.units.len() <= 2);
        assert_eq!(
            (page.total, &page.answered_at),
            (whole.total, &whole.answered_at)
        );
        units.extend(page.units);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(units, whole.units);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answered_on_a_day_is_told_with_the_event_that_says_so() {
    let server = told(story).await;
    let (old, new) = (("総務文書課", "initiative"), ("デジタル課", "transferred"));
    for (known_at, on, (lead, by)) in [
        (BEFORE, "2023-06-30", old),
        (AFTER, "2023-06-30", old),
        (BEFORE, "2023-07-01", old),
        (AFTER, "2023-07-01", new),
    ] {
        // The indicator, its initiative and its goal have one answer.
        for subject in ["R5/総務部/1-1/1.1", "R5/総務部/1-1/1", "R5/総務部/1-1"] {
            let answer = who(&server, subject, at(known_at, on)).await;
            let asked = format!("{subject} on {on} as known at {known_at}");
            let [answers] = &answer.responsibilities[..] else {
                panic!("{asked}: {answer:?}");
            };
            assert_eq!(name(answers.lead.as_ref()), lead, "{asked}");
            assert_eq!(name(answers.department.as_ref()), "総務部", "{asked}");
            let event = answers.event.clone().unwrap();
            assert_eq!(event.event_id, event_id(by).to_string(), "{asked}");
        }
    }
    let answer = who(&server, "R5/総務部/1-1/1.1", at(AFTER, "2023-06-30")).await;
    let placed_by = answer.placed_by.clone().unwrap();
    assert_eq!(placed_by.event_id, event_id("業務改善 defined").to_string());
    let steps = answer.transfers.iter();
    let steps: Vec<_> = steps
        .map(|step| (step.from.as_str(), name(step.lead.as_ref())))
        .collect();
    assert_eq!(
        steps,
        [
            ("2023-04-01", "総務文書課".to_owned()),
            ("2023-07-01", "デジタル課".to_owned())
        ]
    );
    for (name, language) in [
        ("indicator_ja", Language::Ja),
        ("indicator_en", Language::En),
    ] {
        let view = view(&server, language).await;
        assert_snapshot!(name, render::organisation::responsibility(&view, &answer));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_tells_its_changes_and_where_its_work_came_from_and_went() {
    let server = told(story).await;
    let names = |units: &[v1::Entity]| -> Vec<String> {
        units.iter().map(|unit| name(Some(unit))).collect()
    };
    let took = who(&server, "情報課", at(AFTER, "2023-10-03")).await;
    assert_eq!(names(&took.predecessors), ["総務文書課"]);
    assert_eq!(names(&took.successors), [""; 0]);
    assert_eq!(took.responsibilities.len(), 1);
    let gave = who(&server, "総務文書課", at(AFTER, "2023-10-03")).await;
    assert_eq!(names(&gave.successors), ["デジタル課"]);
    assert_eq!(gave.responsibilities.len(), 0);
    assert!(gave.unit.as_ref().is_some_and(|unit| !unit.exists));
    // On the day before, and by what was known before, nothing had gone anywhere.
    for (known_at, on) in [(AFTER, "2023-06-30"), (BEFORE, "2023-10-02")] {
        let still = who(&server, "総務文書課", at(known_at, on)).await;
        assert_eq!(names(&still.successors), [""; 0], "{known_at} {on}");
        assert_eq!(still.responsibilities.len(), 1, "{known_at} {on}");
    }
    let changes = |answer: &v1::GetResponsibilityResponse| -> Vec<(String, bool)> {
        let changes = answer.changes.iter();
        changes
            .map(|change| (change.event.clone().unwrap().event_id, change.dissolved))
            .collect()
    };
    let registered = (event_id("総務文書課 registered").to_string(), false);
    let dissolved = (event_id("dissolved").to_string(), true);
    assert_eq!(changes(&gave), [registered.clone(), dissolved]);
    let before = who(&server, "総務文書課", at(BEFORE, "2023-10-02")).await;
    assert_eq!(changes(&before), [registered]);
    for (name, language) in [("unit_ja", Language::Ja), ("unit_en", Language::En)] {
        let view = view(&server, language).await;
        assert_snapshot!(name, render::organisation::responsibility(&view, &took));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_stays_what_it_was_whatever_comes_later() {
    let server = told(story).await;
    let before = who(&server, "情報課", at(AFTER, "2023-10-03")).await;
    let known = before.answered_at.clone().unwrap();
    let writer = Writer::to(&server);
    let later = changed("renamed again", "情報課", "2023-10-01", |c| {
        c.name = Some(title("DX課"));
    });
    writer
        .at("2023-10-05 10:00", "企画政策課", vec![later])
        .await;
    let pinned = Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Size(known.known_at)),
        effective_on: Some(known.effective_on),
    });
    let mut again = who(&server, "情報課", pinned).await;
    again.answered_at = before.answered_at.clone();
    assert_eq!(again, before);
    let now = who(&server, "情報課", None).await;
    assert_eq!(name(now.subject.as_ref()), "DX課");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_answers_for_is_refused() {
    let server = told(story).await;
    for (subject, reason) in [
        ("", "FIELD_REQUIRED"),
        ("広報課", "CODE_UNKNOWN"),
        ("広 報", "CODE_INVALID"),
        ("R5", "FIELD_INVALID"),
    ] {
        let request = v1::GetResponsibilityRequest {
            subject: subject.to_owned(),
            ..Default::default()
        };
        let mut goals = server.goals().await;
        let status = goals.get_responsibility(request).await.unwrap_err();
        assert_eq!(refusal(&status).reason, reason, "{subject}");
    }
    server.stop().await;
}
