//! What differs in a goal between two points, over a real server and on the finished sample.

use std::collections::{BTreeMap, BTreeSet};

use daicho::api::v1;
use daicho::cli::render;
use daicho::domain::event::*;
use daicho::domain::id::{InitiativeId, UnitId};
use daicho::domain::text::Language;
use daicho::ledger::{AsOf, KnownAt};
use daicho::projection::evaluation::{At, Ruling};
use daicho::projection::goal_diff::cause::{Step, steps};
use daicho::projection::goal_diff::{Field, changes};
use daicho::projection::overview::plan_on;
use insta::assert_snapshot;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::world::{
    CHIEF, CLERK, Writer, because, by_paper, event, event_id, goal, grid, id, indicator,
    one_more_report, report, target, told, view,
};
use crate::fixture::title;
use crate::service::Server;

/// The grid; the initiative reworded and moved to another section in September; the target lowered in November with effect
/// from October.
async fn story(writer: &Writer) {
    grid(writer).await;
    let moved = ResponsibilityTransferred {
        initiative: id("initiative", InitiativeId::new),
        lead_unit: id("情報課", UnitId::new),
        contributing_units: Vec::new(),
    };
    let moved = event("moved", goal(), "2023-09-01", moved);
    let moved = because(moved, ReasonCode::Reorganisation, "9月の組織改編による。");
    writer
        .at("2023-11-15 10:00", "企画政策課", vec![moved])
        .await;
    let reworded = GoalReworded {
        goal: id("goal", daicho::domain::id::GoalId::new),
        title: title("事務の改善と効率化"),
        source_text: daicho::domain::text::Text::parse("事務の改善と効率化を進める。").unwrap(),
    };
    let reworded = event("reworded", goal(), "2023-11-01", reworded);
    let reworded = because(reworded, ReasonCode::PlanReview, "表現の見直し。");
    writer
        .at("2023-11-16 10:00", "企画政策課", vec![reworded])
        .await;
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
    writer
        .at(
            "2023-11-20 11:00",
            CHIEF,
            vec![by_paper(lowered, "総文第131号")],
        )
        .await;
    writer
        .at(
            "2023-12-01 10:00",
            CLERK,
            vec![report("november", "業務改善", "2023-11-30", 4)],
        )
        .await;
}

fn day(known_at: &str, effective_on: &str) -> Option<v1::AsOf> {
    Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date(known_at.to_owned())),
        effective_on: Some(effective_on.to_owned()),
    })
}

fn of(subject: &str, from: Option<v1::AsOf>, to: Option<v1::AsOf>) -> v1::DiffGoalRequest {
    v1::DiffGoalRequest {
        subject: subject.to_owned(),
        from,
        to,
        ..v1::DiffGoalRequest::default()
    }
}

async fn asked(server: &Server, request: v1::DiffGoalRequest) -> v1::DiffGoalResponse {
    let mut audit = server.audit().await;
    audit.diff_goal(request).await.unwrap().into_inner()
}

fn lines(fields: &[v1::FieldDifference]) -> Vec<String> {
    let some = |cell: &Option<String>| cell.clone().unwrap_or_else(|| "-".to_owned());
    let line = |field: &v1::FieldDifference| {
        format!(
            "{}: {} → {}",
            field.field,
            some(&field.before),
            some(&field.after)
        )
    };
    fields.iter().map(line).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_difference_is_told_with_the_events_behind_it() {
    let server = told(story).await;
    let request = of(
        "R5/総務部/1-1",
        day("2023-10-10", "2023-09-30"),
        day("2023-12-01", "2023-11-30"),
    );
    let whole = asked(&server, request).await;
    for (name, language) in [("ja", Language::Ja), ("en", Language::En)] {
        let view = view(&server, language).await;
        let text = render::difference::of_goal(&view, &whole);
        assert_snapshot!(format!("diff_{name}"), text);
    }
    let subjects: Vec<_> = whole
        .differences
        .iter()
        .map(|found| found.subject.clone().unwrap().code)
        .collect();
    assert_eq!(
        subjects,
        ["R5/総務部/1-1", "R5/総務部/1-1/1", "R5/総務部/1-1/1.1"]
    );
    // The section that answered in September became known in November.
    let initiative = &whole.differences[1];
    let learnt = initiative.learnt.clone().unwrap();
    assert_eq!(lines(&learnt.fields), ["lead: 総務文書課 → 情報課"]);
    assert_eq!(learnt.causes[0].event_id, event_id("moved").to_string());
    // July was corrected: learnt. The target of October and the report of November: happened.
    let indicator = &whole.differences[2];
    let caused = |step: &Option<v1::RowStep>| {
        let causes = step.clone().unwrap().causes;
        causes
            .into_iter()
            .map(|cause| cause.event_id)
            .collect::<Vec<_>>()
    };
    let ids = |names: &[&str]| -> Vec<String> {
        names
            .iter()
            .map(|name| event_id(name).to_string())
            .collect()
    };
    assert_eq!(
        caused(&indicator.learnt),
        ids(&["july corrected", "late", "moved"])
    );
    assert_eq!(caused(&indicator.happened), ids(&["lowered", "november"]));
    let lowered = &indicator.happened.clone().unwrap().causes[0];
    assert_eq!(lines(&lowered.fields), ["target: 50 → 30"]);
    assert_eq!(
        lowered.source_document.clone().unwrap().number,
        "総文第131号"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_and_subjects_are_pieces_of_the_whole() {
    let server = told(story).await;
    let (from, to) = (day("2023-10-10", "2023-09-30"), None);
    let whole = asked(&server, of("R5/総務部/1-1", from.clone(), to.clone())).await;
    assert_eq!(whole.total, 3);
    let mut request = of("R5/総務部/1-1", from.clone(), to.clone());
    request.page_size = 1;
    let mut pages = Vec::new();
    loop {
        let page = asked(&server, request.clone()).await;
        pages.extend(page.differences);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
        one_more_report(&server, "2023-12-01").await;
    }
    assert_eq!(pages, whole.differences);
    // What was appended meanwhile is not in it.
    let to = Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Size(whole.to.unwrap().known_at)),
        effective_on: Some("2023-12-01".to_owned()),
    });
    let of_indicator = asked(&server, of("R5/総務部/1-1/1.1", from.clone(), to.clone())).await;
    assert_eq!(of_indicator.differences, whole.differences[2..]);
    let of_initiative = asked(&server, of("R5/総務部/1-1/1", from, to.clone())).await;
    assert_eq!(of_initiative.differences, whole.differences[1..]);
    // A point does not differ from itself, nor is anything told of what nobody had set.
    assert_eq!(
        asked(&server, of("R5/総務部/1-1", to.clone(), to))
            .await
            .total,
        0
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn points_are_in_order_and_subjects_exist() {
    let server = told(story).await;
    let (early, late) = (
        day("2023-10-10", "2023-09-30"),
        day("2023-12-01", "2023-11-30"),
    );
    for (request, code, reason) in [
        (
            of("R5/総務部/1-1", late.clone(), early.clone()),
            Code::InvalidArgument,
            "FIELD_INVALID",
        ),
        (
            of("R5/総務部/1-1", None, None),
            Code::InvalidArgument,
            "FIELD_REQUIRED",
        ),
        (
            of("", early.clone(), None),
            Code::InvalidArgument,
            "FIELD_REQUIRED",
        ),
        (
            of("総務部", early.clone(), None),
            Code::InvalidArgument,
            "FIELD_INVALID",
        ),
        (
            of("R5/総務部/9", early, None),
            Code::NotFound,
            "GOAL_UNKNOWN",
        ),
    ] {
        let status = server.audit().await.diff_goal(request).await.unwrap_err();
        let details = status.get_error_details();
        let told = details.error_info().unwrap().reason.clone();
        assert_eq!((status.code(), told.as_str()), (code, reason));
    }
    server.stop().await;
}

/// Applies what a step says to fields; fails where it says they were something else.
fn apply(
    fields: &mut BTreeMap<String, String>,
    changes: &[(Field, Option<String>, Option<String>)],
) {
    for (field, before, after) in changes {
        let name = format!("{} {:?}", field.name, field.item);
        assert_eq!(fields.get(&name), before.as_ref(), "{name}");
        match after {
            Some(after) => fields.insert(name, after.clone()),
            None => fields.remove(&name),
        };
    }
}

fn told_by(step: &Step) -> Vec<(Field, Option<String>, Option<String>)> {
    let change = step.change.as_ref().into_iter();
    let fields = change.flat_map(|change| change.fields.clone());
    fields.map(|f| (f.field, f.before, f.after)).collect()
}

#[tokio::test]
async fn on_the_finished_sample_every_step_begins_where_the_one_before_ended() {
    let ledgers = crate::fixture::start(&daicho::log::MemoryLog::new()).await;
    let today = crate::fixture::date("2024-06-01");
    let (reader, _) = daicho::server::sample::prepare(&ledgers, today)
        .await
        .unwrap();
    let point = async |known: &str, on: &str| {
        let as_of = AsOf {
            known_at: Some(KnownAt::Date(crate::fixture::date(known))),
            effective_on: Some(crate::fixture::date(on)),
        };
        let at = reader.standpoint(&reader.view(), &as_of).await.unwrap();
        let (directory, known_at) = (at.view.directory.clone(), at.view.size);
        At {
            plan: plan_on(&directory, crate::fixture::date("2023-10-01")).unwrap(),
            ruling: Ruling::on(&directory, at.on, known_at),
            effective_on: at.on,
            known_at,
            directory,
        }
    };
    let from = point("2023-10-06", "2023-09-30").await;
    let to = point("2024-06-01", "2024-03-31").await;
    let (mut differing, mut explained) = (0, 0);
    for goal in to.directory.goals_of(to.plan.id).take(12) {
        for found in changes(&reader, &from, &to, Subject::Goal(goal))
            .await
            .unwrap()
        {
            differing += 1;
            let steps = steps(&reader, &from, &to, found.subject).await.unwrap();
            let pairs = |before: bool| -> BTreeMap<String, String> {
                let fields = found.change.fields.iter();
                let told = fields.filter_map(|change| {
                    let value = if before {
                        &change.before
                    } else {
                        &change.after
                    };
                    let name = format!("{} {:?}", change.field.name, change.field.item);
                    Some((name, value.clone()?))
                });
                told.collect()
            };
            // The three steps lead from the one point to the other, through fields that may come back.
            let mut fields = pairs(true);
            let all = [&steps.learnt, &steps.happened, &steps.ruled];
            let mut seen = BTreeSet::new();
            for (field, before, _) in all.iter().flat_map(|step| told_by(step)) {
                let name = format!("{} {:?}", field.name, field.item);
                // What it was at first, not in between.
                if !seen.insert(name.clone()) {
                    continue;
                }
                if !found.change.fields.iter().any(|c| c.field == field)
                    && let Some(before) = before
                {
                    fields.entry(name).or_insert(before);
                }
            }
            let untouched = fields.clone();
            for step in all {
                apply(&mut fields, &told_by(step));
            }
            for (name, value) in &untouched {
                if !pairs(true).contains_key(name) {
                    assert_eq!(fields.get(name), Some(value), "{name} came back");
                }
            }
            fields.retain(|name, _| {
                pairs(true).contains_key(name) || pairs(false).contains_key(name)
            });
            assert_eq!(fields, pairs(false));
            // What was learnt is the doing of the events that are named, one after the other.
            if steps.learnt.change.is_some() {
                explained += 1;
                assert!(!steps.learnt.more);
                let first = steps
                    .learnt
                    .causes
                    .iter()
                    .filter_map(|c| c.change.as_ref())
                    .next();
                assert!(first.is_some(), "{:?}", found.subject);
                let mut walked: BTreeMap<String, Option<String>> = BTreeMap::new();
                for change in steps.learnt.causes.iter().filter_map(|c| c.change.as_ref()) {
                    for field in &change.fields {
                        let name = format!("{} {:?}", field.field.name, field.field.item);
                        if let Some(at) = walked.get(&name) {
                            assert_eq!(*at, field.before, "{name}");
                        }
                        walked.insert(name, field.after.clone());
                    }
                }
                for (field, _, after) in told_by(&steps.learnt) {
                    let name = format!("{} {:?}", field.name, field.item);
                    assert_eq!(walked.get(&name), Some(&after), "{name}");
                }
            }
        }
    }
    assert!(10 < differing && 0 < explained, "{differing} {explained}");
}
