//! A sample can be drawn again by anybody.

use daicho::api::v1;
use sha2::{Digest as _, Sha256};
use tonic::Code;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::service::{Server, append, report};

const SEED: &str = "監査委員会-2023-10-12";

fn draw(changes: v1::ListChangesRequest, count: u32, seed: &str) -> v1::SampleChangesRequest {
    v1::SampleChangesRequest {
        changes: Some(changes),
        count,
        seed: seed.to_owned(),
    }
}

fn reports() -> v1::ListChangesRequest {
    v1::ListChangesRequest {
        types: vec![v1::EventType::ActualRecorded.into()],
        ..v1::ListChangesRequest::default()
    }
}

/// The ids of a population by rank, as the protos say that anybody can rank them.
fn ranked(ids: &[String], seed: &str) -> Vec<String> {
    let mut ranked: Vec<(Vec<u8>, String)> = ids
        .iter()
        .map(|id| {
            let mut bytes = seed.as_bytes().to_vec();
            bytes.extend_from_slice(id.parse::<Uuid>().unwrap().as_bytes());
            (Sha256::digest(&bytes).to_vec(), id.clone())
        })
        .collect();
    ranked.sort();
    ranked.into_iter().map(|(_, id)| id).collect()
}

fn ids(answer: &v1::SampleChangesResponse) -> Vec<String> {
    let changes = answer.sampled.iter().flat_map(|sampled| &sampled.change);
    changes.map(|change| change.event_id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sample_follows_from_its_seed_and_its_population_alone() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    let events = (1..=40).map(|n| report(&plan, &plan.indicators[n % 4], &n.to_string()));
    client
        .append_events(append(events.collect()))
        .await
        .unwrap();
    let mut audit = server.audit().await;

    let mut population = Vec::new();
    let mut request = reports();
    loop {
        let page = audit
            .list_changes(request.clone())
            .await
            .unwrap()
            .into_inner();
        population.extend(page.changes.into_iter().map(|change| change.event_id));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    let drawn = audit
        .sample_changes(draw(reports(), 7, SEED))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(drawn.population, 40);
    assert_eq!(ids(&drawn), ranked(&population, SEED)[..7]);

    let fewer = audit
        .sample_changes(draw(reports(), 3, SEED))
        .await
        .unwrap();
    assert_eq!(ids(fewer.get_ref()), ids(&drawn)[..3]);
    let other = audit
        .sample_changes(draw(reports(), 7, "4711"))
        .await
        .unwrap();
    assert_ne!(ids(other.get_ref()), ids(&drawn));
    let all = audit
        .sample_changes(draw(reports(), 500, SEED))
        .await
        .unwrap();
    assert_eq!(ids(all.get_ref()), ranked(&population, SEED));

    // A filter narrows the population, whatever drives the search for it.
    let of_one = v1::ListChangesRequest {
        subject: Some(plan.indicators[0].clone()),
        ..reports()
    };
    let narrow = audit.sample_changes(draw(of_one, 500, SEED)).await.unwrap();
    assert_eq!(narrow.get_ref().population, 10);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_draw_is_told_at_once() {
    let server = Server::start().await;
    server.planned().await;
    let mut audit = server.audit().await;
    let paged = v1::ListChangesRequest {
        page_size: 5,
        order: v1::ChangeOrder::OldestFirst.into(),
        valid_from: Some("2023-02-30".to_owned()),
        ..v1::ListChangesRequest::default()
    };
    let status = audit
        .sample_changes(draw(paged, 501, ""))
        .await
        .unwrap_err();
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
            "DATE_INVALID changes.valid_from",
            "FIELD_INVALID changes.order",
            "FIELD_INVALID changes.page_size",
            "FIELD_INVALID count",
            "FIELD_REQUIRED seed",
        ]
    );
    let long = "x".repeat(201);
    let status = audit
        .sample_changes(draw(reports(), 1, &long))
        .await
        .unwrap_err();
    assert_eq!(
        status.get_error_details().error_info().unwrap().reason,
        "TEXT_TOO_LONG"
    );
    server.stop().await;
}
