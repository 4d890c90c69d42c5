//! Evaluations as a client asks for them.

use std::sync::Arc;
use std::time::Duration;

use daicho::access_log::Recording;
use daicho::api::v1;
use daicho::api::v1::evaluation_service_server::EvaluationService as _;
use daicho::api::v1::ledger_service_server::LedgerService as _;
use daicho::auth::{Authenticator, Claims, Mode};
use daicho::clock::new_id;
use daicho::domain::evaluation::policy::PolicyVersion;
use daicho::grpc::access_table::Access;
use daicho::grpc::{Identified, PageKey, Parts, Services};
use daicho::ledger::Ledgers;
use daicho::projection::evaluation::rows::Column;
use daicho::projection::evaluation::{At, Ruling, evaluate_plan, rows};
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tokio::sync::watch;
use tonic::{Code, Request};

use super::{evaluated, known_by, plan, sample};
use crate::fixture::{date, evidence, proofs};

pub(crate) fn services(ledgers: &Arc<Ledgers>) -> Services {
    let (_, closing) = watch::channel(false);
    let key = PageKey::new([7; 32]);
    Services::new(Parts {
        ledgers: ledgers.clone(),
        proofs: proofs(ledgers),
        evidence: evidence(),
        page_key: key,
        default_ledger: None,
        request_timeout: Duration::from_secs(60),
        closing,
        recording: Recording::None,
        auth: Mode::Unauthenticated,
        administrators: Vec::new(),
    })
}

pub(crate) fn asked<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let claims = Claims {
        subject: Some(b"planner".to_vec()),
        client: None,
    };
    let actor = Authenticator.identify(&claims).unwrap();
    let access = Access::Read;
    request
        .extensions_mut()
        .insert(Identified { actor, access });
    request
}

pub(super) fn as_of(on: &str, known_at: v1::as_of::KnownAt) -> Option<v1::AsOf> {
    Some(v1::AsOf {
        known_at: Some(known_at),
        effective_on: Some(on.to_owned()),
    })
}

fn by_october() -> v1::as_of::KnownAt {
    v1::as_of::KnownAt::Date("2023-10-10".to_owned())
}

async fn file(services: &Services, at: Option<v1::EvaluationPoint>) -> Vec<u8> {
    let request = v1::ExportReportRequest {
        plan: Some("R5".to_owned()),
        kind: v1::ReportKind::EvaluationRows.into(),
        at,
        ..v1::ExportReportRequest::default()
    };
    let mut frames = services
        .export_report(asked(request))
        .await
        .unwrap()
        .into_inner();
    let (mut bytes, mut whole) = (Vec::new(), false);
    while let Some(frame) = frames.next().await {
        match frame.unwrap().frame.unwrap() {
            v1::export_report_response::Frame::Header(header) => {
                assert!(bytes.is_empty());
                assert_eq!(header.rows_format, rows::FORMAT);
            }
            v1::export_report_response::Frame::Bytes(piece) => bytes.extend(piece),
            v1::export_report_response::Frame::Trailer(trailer) => {
                assert_eq!(trailer.bytes as usize, bytes.len());
                assert_eq!(trailer.sha256, Sha256::digest(&bytes).as_slice());
                whole = true;
            }
        }
    }
    assert!(whole);
    bytes
}

/// Appends a remark, as others do while a list is read.
async fn told_meanwhile(services: &Services) {
    let narrative = v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some("2023-10-01".to_owned()),
        payload: Some(v1::event_input::Payload::NarrativeAdded(
            v1::NarrativeAdded {
                subject: Some(v1::Subject {
                    kind: Some(v1::subject::Kind::Goal("R5/総務部/3-1".to_owned())),
                }),
                kind: v1::NarrativeKind::Note.into(),
                text: "確認した。".to_owned(),
            },
        )),
        ..v1::EventInput::default()
    };
    let append = v1::AppendEventsRequest {
        request_id: new_id().to_string(),
        events: vec![narrative],
        ..v1::AppendEventsRequest::default()
    };
    services.append_events(asked(append)).await.unwrap();
}

#[tokio::test]
async fn pages_of_one_evaluation_are_of_one_state_while_appends_go_on() {
    let (ledgers, reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let request = v1::EvaluatePlanRequest {
        plan: Some("R5".to_owned()),
        as_of: Some(v1::AsOf {
            known_at: None,
            effective_on: Some("2023-09-30".to_owned()),
        }),
        page_size: 20,
        ..v1::EvaluatePlanRequest::default()
    };
    let size = reader.caught_up(None).await.head.size;
    let (mut goals, mut token, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let request = v1::EvaluatePlanRequest {
            page_token: token,
            ..request.clone()
        };
        let page = services
            .evaluate_plan(asked(request))
            .await
            .unwrap()
            .into_inner();
        let at = page.evaluated_at.unwrap();
        assert_eq!(
            (at.known_at, at.effective_on.as_str()),
            (size, "2023-09-30")
        );
        assert_eq!(at.head.unwrap().size, size + pages);
        assert_eq!(at.policy.unwrap().sha256.len(), 32);
        assert_eq!((page.total, page.roll_ups.is_some()), (62, pages == 0));
        goals.extend(page.goals);
        pages += 1;
        told_meanwhile(&services).await;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!((goals.len(), pages), (62, 4));
    let told: usize = goals
        .iter()
        .flat_map(|goal| &goal.initiatives)
        .map(|initiative| initiative.indicators.len())
        .sum();
    let evaluation = evaluated(&reader, plan(&reader, "R5"), date("2023-09-30"), size).await;
    assert_eq!(told, evaluation.rows());
}

#[tokio::test]
async fn pages_of_one_comparison_are_of_one_state_while_appends_go_on() {
    let (ledgers, reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let end = |on: &str| {
        let at = v1::AsOf {
            known_at: None,
            effective_on: Some(on.to_owned()),
        };
        Some(v1::EvaluationPoint {
            at: Some(v1::evaluation_point::At::AsOf(at)),
            policy: None,
        })
    };
    let request = v1::CompareEvaluationsRequest {
        plan: Some("R5".to_owned()),
        from: end("2023-06-30"),
        to: end("2023-09-30"),
        page_size: 100,
        ..v1::CompareEvaluationsRequest::default()
    };
    let size = reader.caught_up(None).await.head.size;
    let (mut token, mut pages) = (String::new(), 0);
    loop {
        let request = v1::CompareEvaluationsRequest {
            page_token: token,
            ..request.clone()
        };
        let page = services.compare_evaluations(asked(request)).await;
        let page = page.unwrap().into_inner();
        let known = [page.from, page.to].map(|at| at.unwrap().known_at);
        assert_eq!(known, [size, size], "page {pages}");
        pages += 1;
        told_meanwhile(&services).await;
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert!(2 <= pages, "{pages}");
}

#[tokio::test]
async fn the_file_is_the_canonical_rows_at_the_point_asked_for() {
    let (ledgers, reader) = sample(date("2024-06-01")).await;
    let services = services(&ledgers);
    let point = v1::EvaluationPoint {
        at: as_of("2023-09-30", by_october()).map(v1::evaluation_point::At::AsOf),
        policy: None,
    };
    let bytes = file(&services, Some(point)).await;
    let size = super::known_by(&reader, date("2023-10-10")).await;
    let evaluation = evaluated(&reader, plan(&reader, "R5"), date("2023-09-30"), size).await;
    assert_eq!(bytes, super::csv(&evaluation).into_bytes());
}

#[tokio::test]
async fn filters_leave_what_satisfies_them_and_roll_ups_stay_whole() {
    let (ledgers, _) = sample(date("2024-06-01")).await;
    let services = services(&ledgers);
    let ask = |statuses: Vec<i32>, pillar, section: Option<&str>| v1::EvaluatePlanRequest {
        plan: Some("R5".to_owned()),
        as_of: as_of("2023-09-30", by_october()),
        statuses,
        pillar,
        section: section.map(str::to_owned),
        page_size: 500,
        ..v1::EvaluatePlanRequest::default()
    };
    let behind = i32::from(v1::EvaluationStatus::Behind);
    let answer = services
        .evaluate_plan(asked(ask(vec![behind], None, None)))
        .await
        .unwrap()
        .into_inner();
    let found: Vec<i32> = answer
        .goals
        .iter()
        .flat_map(|goal| &goal.initiatives)
        .flat_map(|initiative| &initiative.indicators)
        .map(|indicator| indicator.status)
        .collect();
    let counted = answer.roll_ups.unwrap().plan.unwrap();
    let of_status = counted
        .statuses
        .iter()
        .find(|counted| counted.status == behind)
        .map_or(0, |counted| counted.count);
    assert!(found.iter().all(|status| *status == behind));
    assert_eq!((found.len(), of_status > 0), (of_status as usize, true));
    assert_eq!(counted.indicators, 241);

    let none = services
        .evaluate_plan(asked(ask(Vec::new(), Some(5), None)))
        .await;
    assert_eq!(none.unwrap().into_inner().goals.len(), 0);
    let unknown = services
        .evaluate_plan(asked(ask(Vec::new(), None, Some("無い課"))))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn a_remark_can_be_asked_for_as_a_status_can() {
    let (ledgers, _) = sample(date("2024-06-01")).await;
    let services = services(&ledgers);
    let ask = |remarks: Vec<i32>| v1::EvaluatePlanRequest {
        plan: Some("R5".to_owned()),
        as_of: as_of("2023-09-30", by_october()),
        remarks,
        page_size: 500,
        ..v1::EvaluatePlanRequest::default()
    };
    let indicators = |answer: v1::EvaluatePlanResponse| -> Vec<v1::IndicatorEvaluation> {
        let initiatives = answer.goals.into_iter().flat_map(|goal| goal.initiatives);
        initiatives
            .flat_map(|initiative| initiative.indicators)
            .collect()
    };
    let miss = i32::from(v1::Remark::ForecastMiss);
    let all = services
        .evaluate_plan(asked(ask(Vec::new())))
        .await
        .unwrap()
        .into_inner();
    let expected: Vec<_> = indicators(all)
        .into_iter()
        .filter(|indicator| indicator.remarks.contains(&miss))
        .collect();
    assert!(expected.len() > 10, "{}", expected.len());
    let answer = services
        .evaluate_plan(asked(ask(vec![miss])))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(indicators(answer), expected);

    let unknown = services
        .evaluate_plan(asked(ask(vec![99])))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn what_was_agreed_is_listed_by_the_day_it_is_due_as_far_as_it_was_known() {
    let (ledgers, _) = sample(date("2024-06-01")).await;
    let services = services(&ledgers);
    let ask = |request: v1::ListNextActionsRequest| {
        let services = &services;
        async move {
            let request = v1::ListNextActionsRequest {
                plan: Some("R5".to_owned()),
                page_size: 1,
                ..request
            };
            let mut all = Vec::new();
            let mut token = String::new();
            loop {
                let page = v1::ListNextActionsRequest {
                    page_token: token,
                    ..request.clone()
                };
                let page = services
                    .list_next_actions(asked(page))
                    .await
                    .unwrap()
                    .into_inner();
                all.extend(page.actions);
                token = page.next_page_token;
                if token.is_empty() {
                    assert_eq!(page.total as usize, all.len());
                    return all;
                }
            }
        }
    };
    let told = ask(v1::ListNextActionsRequest::default()).await;
    assert!(told.len() >= 2, "{told:?}");
    assert!(told.is_sorted_by_key(|action| action.due.clone()));

    let open = ask(v1::ListNextActionsRequest {
        open_only: true,
        ..v1::ListNextActionsRequest::default()
    });
    let open = open.await;
    let expected: Vec<_> = told
        .iter()
        .filter(|a| a.outcome.is_none())
        .cloned()
        .collect();
    assert!(!open.is_empty() && open.len() < told.len());
    assert_eq!(open, expected);
    let overdue = ask(v1::ListNextActionsRequest {
        overdue_only: true,
        ..v1::ListNextActionsRequest::default()
    });
    let overdue = overdue.await;
    assert!(
        overdue
            .iter()
            .all(|action| action.outcome.is_none() && action.due.as_str() < "2024-06-01")
    );

    // How it ended was not known in autumn.
    let then = ask(v1::ListNextActionsRequest {
        as_of: as_of(
            "2023-11-20",
            v1::as_of::KnownAt::Date("2023-11-20".to_owned()),
        ),
        ..v1::ListNextActionsRequest::default()
    });
    let then = then.await;
    assert!(
        !then.is_empty() && then.iter().all(|action| action.outcome.is_none()),
        "{then:?}"
    );

    let owner = told
        .first()
        .and_then(|action| action.owner.clone())
        .unwrap();
    let of_owner = ask(v1::ListNextActionsRequest {
        owner: Some(owner.code.clone()),
        ..v1::ListNextActionsRequest::default()
    });
    assert!(
        of_owner
            .await
            .iter()
            .all(|action| action.owner.as_ref() == Some(&owner))
    );
    let unknown = v1::ListNextActionsRequest {
        owner: Some("無い課".to_owned()),
        ..v1::ListNextActionsRequest::default()
    };
    let unknown = services
        .list_next_actions(asked(unknown))
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);
}

#[tokio::test]
async fn a_policy_that_is_not_there_and_a_future_are_refused() {
    let (ledgers, _) = sample(date("2023-10-06")).await;
    let services = services(&ledgers);
    let unknown = v1::EvaluatePlanRequest {
        policy: Some(v1::PolicyVersion {
            code: "nowhere".to_owned(),
            version: 1,
        }),
        ..v1::EvaluatePlanRequest::default()
    };
    let refused = services.evaluate_plan(asked(unknown)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let future = v1::EvaluatePlanRequest {
        as_of: as_of("2023-09-30", v1::as_of::KnownAt::Size(1 << 40)),
        ..v1::EvaluatePlanRequest::default()
    };
    let refused = services.evaluate_plan(asked(future)).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);
    let built_in = v1::EvaluatePlanRequest {
        policy: Some(v1::PolicyVersion {
            code: "default".to_owned(),
            version: 0,
        }),
        ..v1::EvaluatePlanRequest::default()
    };
    services.evaluate_plan(asked(built_in)).await.unwrap();
}

#[tokio::test]
async fn what_was_learnt_is_told_event_by_event() {
    let (ledgers, _) = sample(date("2024-06-01")).await;
    let services = services(&ledgers);
    let from = Some(v1::EvaluationPoint {
        at: as_of("2023-09-30", by_october()).map(v1::evaluation_point::At::AsOf),
        policy: None,
    });
    let to = Some(v1::EvaluationPoint {
        at: Some(v1::evaluation_point::At::AsOf(v1::AsOf {
            known_at: None,
            effective_on: Some("2023-09-30".to_owned()),
        })),
        policy: None,
    });
    let request = v1::CompareEvaluationsRequest {
        plan: Some("R5".to_owned()),
        from,
        to,
        page_size: 3,
        ..v1::CompareEvaluationsRequest::default()
    };
    let (mut found, mut token) = (Vec::new(), String::new());
    let (rows, material) = loop {
        let request = v1::CompareEvaluationsRequest {
            page_token: token,
            ..request.clone()
        };
        let page = services
            .compare_evaluations(asked(request))
            .await
            .unwrap()
            .into_inner();
        found.extend(page.differences);
        token = page.next_page_token;
        if token.is_empty() {
            break (page.rows, page.material);
        }
    };
    assert_eq!(found.len(), rows as usize);
    assert!(0 < rows);
    let major = i32::from(v1::Materiality::Major);
    let judged = found.iter().filter(|row| row.materiality == major).count();
    assert_eq!(judged, material as usize);
    for row in &found {
        let learnt = row.learnt.as_ref().unwrap();
        assert_eq!(learnt.fields, row.fields);
        assert!(
            learnt.causes.iter().any(|cause| !cause.fields.is_empty()),
            "{row:?}"
        );
        let points = row.fields.iter().find(|field| {
            field.field == "attainment" && field.before.is_some() && field.after.is_some()
        });
        assert!(points.is_none_or(|field| field.points.is_some()));
    }
    let only_major = v1::CompareEvaluationsRequest {
        at_least: major,
        page_size: 500,
        ..request
    };
    let answer = services
        .compare_evaluations(asked(only_major))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((answer.differences.len(), answer.rows), (judged, rows));
}

/// Last year and this under the built-in policy, which was never in force.
fn beside_last_year(on: &str) -> v1::CompareCyclesRequest {
    v1::CompareCyclesRequest {
        plan: Some("R5".to_owned()),
        as_of: as_of(on, by_october()),
        policy: Some(v1::PolicyVersion {
            code: "default".to_owned(),
            version: 0,
        }),
        ..v1::CompareCyclesRequest::default()
    }
}

#[tokio::test]
async fn last_year_is_judged_by_what_judges_this_year_with_what_is_known_for_it() {
    let (ledgers, reader) = sample(date("2024-06-01")).await;
    let services = services(&ledgers);
    let request = v1::CompareCyclesRequest {
        page_size: 500,
        ..beside_last_year("2023-09-30")
    };
    let told = services.compare_cycles(asked(request)).await.unwrap();
    let told = told.into_inner();
    let (before, after) = (told.before.unwrap(), told.after.unwrap());
    let known_at = known_by(&reader, date("2023-10-10")).await;
    assert_eq!((before.known_at, after.known_at), (known_at, known_at));
    assert_eq!(before.policy, after.policy);
    let on = date("2022-09-30");
    assert_eq!(before.effective_on, on.to_string());
    let directory = reader.view_at(known_at).await.unwrap().directory;
    let built_in = PolicyVersion::built_in();
    let at = At {
        plan: directory.plan(plan(&reader, "R4")).unwrap().clone(),
        ruling: Ruling::of(&directory, &built_in, on, known_at).unwrap(),
        directory,
        effective_on: on,
        known_at,
    };
    let in_force = Ruling::on(&at.directory, on, known_at);
    assert_ne!(in_force.policy.version, built_in);
    let evaluation = evaluate_plan(&reader, at).await.unwrap();
    let rows: Vec<_> = rows::rows(&evaluation).collect();
    assert_eq!(told.compared.len(), 9);
    for one in told.compared {
        let code = one.indicator_before.unwrap().code;
        let named = |row: &&rows::Row| row.cell(Column::Indicator) == code;
        let row = rows.iter().find(named).unwrap();
        assert_eq!(one.fields.len(), 6);
        for field in one.fields {
            let named = |column: &&Column| column.name() == field.field;
            let column = Column::ALL.iter().find(named).unwrap();
            assert_eq!(
                field.before.unwrap_or_default(),
                row.cell(*column),
                "{code}"
            );
        }
    }
}

#[tokio::test]
async fn pages_lead_from_what_is_compared_to_what_is_left_out() {
    let (ledgers, _) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let page = async |page_size, page_token: &str| {
        let request = v1::CompareCyclesRequest {
            page_size,
            page_token: page_token.to_owned(),
            ..beside_last_year("2023-09-30")
        };
        let page = services.compare_cycles(asked(request)).await;
        page.unwrap().into_inner()
    };
    let whole = page(500, "").await;
    assert_eq!(whole.next_page_token, "");
    let (mut compared, mut left_out, mut token) = (Vec::new(), Vec::new(), String::new());
    // The second page has the last of the one and the first of the other.
    for page_size in [7, 7, 500] {
        let page = page(page_size, &token).await;
        let totals = (
            page.compared_total,
            page.left_out_total,
            page.rose,
            page.fell,
        );
        let of_whole = (
            whole.compared_total,
            whole.left_out_total,
            whole.rose,
            whole.fell,
        );
        assert_eq!(totals, of_whole);
        let rows = page.compared.len() + page.left_out.len();
        assert!(rows == 7 || page.next_page_token.is_empty());
        compared.extend(page.compared);
        left_out.extend(page.left_out);
        token = page.next_page_token;
    }
    assert_eq!(token, "");
    assert_eq!((compared, left_out), (whole.compared, whole.left_out));
}

#[tokio::test]
async fn a_plan_whose_year_is_over_is_put_beside_the_one_before_it() {
    let (ledgers, _) = sample(date("2024-06-01")).await;
    let services = services(&ledgers);
    let request = v1::CompareCyclesRequest {
        as_of: None,
        ..beside_last_year("")
    };
    let told = services.compare_cycles(asked(request)).await.unwrap();
    let told = told.into_inner();
    let days = [told.before, told.after].map(|at| at.unwrap().effective_on);
    assert_eq!(days, ["2023-06-01", "2024-06-01"]);
    assert_eq!(told.plan_before.unwrap().code, "R4");
}
