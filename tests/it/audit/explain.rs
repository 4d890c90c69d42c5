//! Why a figure is what it is, over a real server.

use daicho::api::v1;
use daicho::cli::render;
use daicho::domain::event::*;
use daicho::domain::text::Language;
use insta::assert_snapshot;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::world::{
    CHIEF, CLERK, Writer, because, defined, event, event_id, goal, grid, indicator,
    one_more_report, report, told, view,
};
use crate::fixture::counted;
use crate::service::Server;

/// The grid, a report that is taken back, and an indicator that nobody reports on.
async fn story(writer: &Writer) {
    let silent = defined("来庁者", 2, counted(), 10);
    writer.at("2023-04-04 10:00", "企画政策課", silent).await;
    grid(writer).await;
    let wrong = report("wrong", "業務改善", "2023-09-15", 40);
    writer.at("2023-11-18 10:00", CLERK, vec![wrong]).await;
    let retracted = ActualRetracted {
        indicator: indicator("業務改善"),
        retracts: event_id("wrong"),
        before: None,
    };
    let retracted = event("taken back", goal(), "2023-09-15", retracted);
    let retracted = because(retracted, ReasonCode::WrongIndicator, "別の指標の実績。");
    writer.at("2023-11-20 10:00", CHIEF, vec![retracted]).await;
}

fn day(known_at: &str, effective_on: &str) -> Option<v1::AsOf> {
    Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date(known_at.to_owned())),
        effective_on: Some(effective_on.to_owned()),
    })
}

fn of(figure: v1::ExplainedFigure) -> v1::ExplainFigureRequest {
    v1::ExplainFigureRequest {
        indicator: "R5/総務部/1-1/1.1".to_owned(),
        figure: figure.into(),
        as_of: day("2023-11-20", "2023-09-30"),
        ..v1::ExplainFigureRequest::default()
    }
}

async fn asked(server: &Server, request: v1::ExplainFigureRequest) -> v1::ExplainFigureResponse {
    let mut audit = server.audit().await;
    audit.explain_figure(request).await.unwrap().into_inner()
}

fn decimal(figure: &Option<v1::FigureReading>) -> String {
    let figure = figure.clone().unwrap().figure.unwrap().figure.unwrap();
    match figure {
        v1::figure::Figure::Number(number) => number.decimal,
        v1::figure::Figure::Obstacle(number) => {
            let obstacle = v1::Obstacle::try_from(number).unwrap();
            obstacle.as_str_name().to_owned()
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_equal_numbers_are_told_apart_by_their_events() {
    let server = told(story).await;
    // 28 by what was known on 30 September and on 31 October: not the same 28.
    let mut request = of(v1::ExplainedFigure::Actual);
    request.as_of = day("2023-10-31", "2023-09-30");
    request.since = day("2023-09-30", "2023-09-30");
    let october = asked(&server, request).await;
    assert_eq!(decimal(&october.before), "28");
    assert_eq!(decimal(&october.after), "28");
    let steps: Vec<_> = october
        .steps
        .iter()
        .map(|step| {
            let event = &step.events[0];
            let difference = step.difference.clone().unwrap().decimal;
            (event.event_id.clone(), difference, decimal(&step.after))
        })
        .collect();
    let step = |name: &str, difference: &str, after: &str| {
        (
            event_id(name).to_string(),
            difference.to_owned(),
            after.to_owned(),
        )
    };
    assert_eq!(
        steps,
        [
            step("2023-09-30", "3", "31"),
            step("july corrected", "-3", "28")
        ]
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_figure_is_told_with_every_event_behind_it() {
    let server = told(story).await;
    let (ja, en) = (
        view(&server, Language::Ja).await,
        view(&server, Language::En).await,
    );
    let whole = asked(&server, of(v1::ExplainedFigure::Actual)).await;
    assert_snapshot!(
        "explain_actual_ja",
        render::audit::explain::explained(&ja, &whole)
    );
    let mut since = of(v1::ExplainedFigure::Attainment);
    since.since = day("2023-10-10", "2023-06-30");
    let attained = asked(&server, since).await;
    let text = render::audit::explain::explained(&en, &attained);
    assert_snapshot!("explain_attainment_en", text);
    let target = asked(&server, of(v1::ExplainedFigure::Target)).await;
    assert_eq!(decimal(&target.after), "50");
    assert_eq!((target.step_count, target.contribution_count), (1, 0));

    // What was replaced or taken back adds nothing, and says for which event.
    let role = |name: &str| {
        let id = event_id(name).to_string();
        let mut contributions = whole.contributions.iter();
        let found = contributions.find(|c| c.event.as_ref().unwrap().event_id == id);
        let found = found.unwrap().clone();
        (found.role(), found.adds, found.gives_way_to)
    };
    let zero = || Some("0".to_owned());
    let by = |name: &str| Some(event_id(name).to_string());
    use v1::ContributionRole::{Adds, Replaced, Retracted};
    assert_eq!(role("2023-07-31"), (Replaced, zero(), by("july corrected")));
    assert_eq!(role("wrong"), (Retracted, zero(), by("taken back")));
    assert_eq!(role("late"), (Adds, Some("2".to_owned()), None));
    let total = whole.contributions.iter().map(|c| c.adds.clone().unwrap());
    let total: i64 = total.map(|adds| adds.parse::<i64>().unwrap()).sum();
    assert_eq!(total.to_string(), decimal(&whole.after));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_computed_says_why() {
    let server = told(story).await;
    for (figure, why) in [
        (v1::ExplainedFigure::Actual, "OBSTACLE_NO_REPORT"),
        (v1::ExplainedFigure::Attainment, "OBSTACLE_NO_REPORT"),
    ] {
        let mut request = of(figure);
        request.indicator = "R5/総務部/1-1/1.2".to_owned();
        let answer = asked(&server, request).await;
        assert_eq!(decimal(&answer.after), why, "{figure:?}");
        assert!(answer.contributions.is_empty());
        let text = render::audit::explain::explained(&view(&server, Language::Ja).await, &answer);
        assert!(text.contains("未報告"), "{text}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_of_one_way_whatever_comes_meanwhile() {
    let server = told(story).await;
    let mut request = v1::ExplainFigureRequest {
        as_of: None,
        ..of(v1::ExplainedFigure::Actual)
    };
    let whole = asked(&server, request.clone()).await;
    assert_eq!(whole.step_count as usize, whole.steps.len());
    request.page_size = 4;
    let (mut steps, mut reports) = (Vec::new(), Vec::new());
    loop {
        let page = asked(&server, request.clone()).await;
        steps.extend(page.steps);
        reports.extend(page.contributions);
        assert_eq!(page.after, whole.after);
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
        one_more_report(&server, "2023-11-19").await;
    }
    assert_eq!((steps, reports), (whole.steps, whole.contributions));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_way_leads_forward_only() {
    let server = told(story).await;
    let mut later_day = of(v1::ExplainedFigure::Actual);
    later_day.since = day("2023-10-31", "2023-10-15");
    let mut unknown = of(v1::ExplainedFigure::Actual);
    unknown.indicator = "R5/総務部/1-1/9".to_owned();
    let mut no_day = of(v1::ExplainedFigure::Actual);
    no_day.since = day("2023-10-31", "2023-02-30");
    for (request, code, reason, field) in [
        (later_day, Code::InvalidArgument, "FIELD_INVALID", "since"),
        (unknown, Code::NotFound, "INDICATOR_UNKNOWN", "indicator"),
        (
            no_day,
            Code::InvalidArgument,
            "DATE_INVALID",
            "since.effective_on",
        ),
    ] {
        let answer = server.audit().await.explain_figure(request).await;
        let status = answer.unwrap_err();
        let details = status.get_error_details();
        let told = details.error_info().unwrap();
        assert_eq!((status.code(), told.reason.as_str()), (code, reason));
        assert_eq!(told.metadata["field"], field);
    }
    server.stop().await;
}

#[tokio::test]
async fn on_the_finished_sample_every_way_leads_to_the_evaluated_figure() {
    use daicho::domain::actual::aggregate::Cut;
    use daicho::domain::evaluation::Exact;
    use daicho::domain::event::Stream;
    use daicho::projection::evaluation::{At, Ruling, evaluate_plan};
    use daicho::projection::explain::figure::{Explained, FigureKind};
    use daicho::projection::measured::Measured;
    use daicho::projection::overview::plan_on;

    let ledgers = crate::fixture::start(&daicho::log::MemoryLog::new()).await;
    let today = crate::fixture::date("2024-06-01");
    let (reader, _) = daicho::server::sample::prepare(&ledgers, today)
        .await
        .unwrap();
    let view = reader.view();
    let on = crate::fixture::date("2024-03-31");
    let at = At {
        directory: view.directory.clone(),
        plan: plan_on(&view.directory, on).unwrap(),
        effective_on: on,
        known_at: view.size,
        ruling: Ruling::on(&view.directory, on, view.size),
    };
    let evaluated = evaluate_plan(&reader, at.clone()).await.unwrap();
    let (mut numbers, mut obstacles) = (0, 0);
    for (_, _, indicator) in evaluated.indicators() {
        let home = Stream::goal(indicator.entry.home);
        let home = reader.stream(home, view.size).await.unwrap();
        for kind in FigureKind::ALL.iter().copied() {
            let explained = Explained {
                measured: Measured {
                    id: indicator.id,
                    state: home.goal.indicator(indicator.id).unwrap(),
                    home: &home.goal,
                    cycle: at.plan.cycle,
                    directory: &view.directory,
                    policy: &at.ruling.policy.content,
                },
                kind,
            };
            let reading = |cut| explained.reading(cut);
            let until = Cut::on(on).known_at(view.size);
            let nothing = until.known_at(0);
            let steps = explained.way(nothing, until).steps(0, usize::MAX, reading);
            let differences = steps.iter().map(|step| step.before.difference(&step.after));
            let total = differences.flatten().fold(Exact::zero(), |a, b| a.plus(&b));
            let end = reading(until);
            match &end.figure {
                Ok(figure) => assert_eq!(total, *figure),
                Err(_) => assert!(total.is_zero()),
            }
            let found = &indicator.evaluation;
            match (kind, &found.current) {
                (FigureKind::Actual, _) => {
                    assert_eq!(end.figure, found.value);
                    assert_eq!(end.actual.as_ref(), Some(&found.actual));
                }
                (FigureKind::Attainment, Some(current)) => {
                    assert_eq!(end.figure, current.attainment);
                }
                (FigureKind::Attainment | FigureKind::Target, _) => {
                    let current = found.current.as_ref().map(|current| &current.target);
                    assert_eq!(end.target.as_ref(), current);
                }
            }
            match end.figure {
                Ok(_) => numbers += 1,
                Err(_) => obstacles += 1,
            }
        }
    }
    assert!(100 < numbers && 10 < obstacles, "{numbers} {obstacles}");
}
