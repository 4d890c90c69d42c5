//! What is under way when one of the two goes: a call whose caller is gone, many calls when the server is told to stop, and what takes
//! its time while others append.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::task::Poll;
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use daicho::access_log::Recording;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::ledger_service_server::LedgerService as _;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::api::v1::*;
use daicho::auth::Mode;
use daicho::clock::new_id;
use daicho::grpc::{PageKey, Parts, Services};
use daicho::load::SmallPlan;
use prost::Message as _;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::fixture::{self, Fixture};
use crate::overload::raw;
use crate::process::Process;
use crate::service::{As, Caller, Server, append, opening, report};

/// Calls that are given up, each a little further on.
const GIVEN_UP: usize = 200;
/// Callers, and how many answers they have got when the server is told to stop.
const CALLERS: usize = 32;
const ANSWERS: usize = 300;
/// Bytes that an append takes before it goes on.
const APPEND_BYTES_MAX: usize = 1_024;

type Client = LedgerServiceClient<Caller>;

async fn head(client: &mut Client) -> u64 {
    let ledger = client.get_ledger(GetLedgerRequest::default()).await;
    ledger.unwrap().into_inner().head.unwrap().size
}

/// What became of a request; `None`: the server knows nothing of it.
async fn found(client: &mut Client, request: &AppendEventsRequest) -> Option<Receipt> {
    let asked = GetReceiptRequest {
        request_id: request.request_id.clone(),
        ..GetReceiptRequest::default()
    };
    match client.get_receipt(asked).await {
        Ok(answer) => answer.into_inner().receipt,
        Err(status) => {
            let reason = status.get_details_error_info().unwrap().reason;
            assert_eq!(reason, "REQUEST_UNKNOWN", "{status:?}");
            None
        }
    }
}

/// Sends it again: carried out once, whatever came of the first time.
async fn again(client: &mut Client, request: &AppendEventsRequest) -> Receipt {
    let before = found(client, request).await;
    let answer = client.append_events(request.clone()).await.unwrap();
    let answer = answer.into_inner();
    // It may still be on its way when it is asked for.
    assert!(answer.replayed || before.is_none());
    let receipt = answer.receipt.unwrap();
    assert!(before.is_none_or(|before| before == receipt));
    receipt
}

/// It is copied when it is taken up; what it takes once it goes on is elsewhere.
#[tokio::test]
async fn an_append_is_small_until_it_goes_on() {
    let fixture = Fixture::empty().await;
    let (_, closing) = watch::channel(false);
    let services = Services::new(Parts {
        ledgers: fixture.ledgers.clone(),
        proofs: fixture::proofs(&fixture.ledgers),
        evidence: fixture::evidence(),
        page_key: PageKey::new([0; 32]),
        default_ledger: None,
        request_timeout: Duration::from_secs(1),
        closing,
        recording: Recording::None,
        auth: Mode::Unauthenticated,
        administrators: Vec::new(),
    });
    let request = tonic::Request::new(AppendEventsRequest::default());
    let call = services.append_events(request);
    let bytes = size_of_val(&*call);
    assert!(bytes <= APPEND_BYTES_MAX, "{bytes}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_append_whose_caller_is_gone_is_carried_out_once_or_not_at_all() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    let one = || append(vec![report(&plan, &plan.indicators[0], "1")]);
    let before = head(&mut client).await;

    // The whole request is sent, and the connection cut when the ledger has grown: nobody read the answer.
    let lost = one();
    let address = server.address.to_string();
    let (mut sender, connection) = raw(&address).await;
    let request = http::Request::post(format!(
        "http://{address}/daicho.v1.LedgerService/AppendEvents"
    ))
    .header("content-type", "application/grpc")
    .header("te", "trailers")
    .header("daicho-actor", "a");
    let request = request.body(()).unwrap();
    let (answer, mut body) = sender.send_request(request, false).unwrap();
    let message = lost.encode_to_vec();
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(&message);
    body.send_data(frame.freeze(), true).unwrap();
    let grown = GetLedgerRequest {
        min_position: Some(before),
        ..GetLedgerRequest::default()
    };
    client.get_ledger(grown).await.unwrap();
    connection.abort();
    drop(answer);
    assert_eq!(
        found(&mut client, &lost).await.unwrap().first_position,
        before
    );
    assert_eq!(again(&mut client, &lost).await.first_position, before);

    // Calls that are given up at any moment: the transport is told to forget them.
    let mut given_up = Vec::new();
    for far in 0..GIVEN_UP {
        let request = one();
        let mut caller = client.clone();
        let mut call = Box::pin(caller.append_events(request.clone()));
        let mut turns = 0;
        poll_fn(|context| {
            turns += 1;
            if call.as_mut().poll(context).is_ready() || far < turns {
                return Poll::Ready(());
            }
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
        drop(call);
        given_up.push(request);
    }
    let mut positions: HashMap<u64, String> = HashMap::new();
    for request in &given_up {
        let receipt = again(&mut client, request).await;
        assert_eq!(receipt.size - receipt.first_position, 1);
        let other = positions.insert(receipt.first_position, receipt.request_id);
        assert_eq!(other, None);
    }
    assert_eq!(head(&mut client).await, before + 1 + GIVEN_UP as u64);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_told_to_stop_loses_nothing_that_it_answered_and_keeps_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::serve(folder.path());
    let mut admin = AdminServiceClient::with_interceptor(process.connect(), As("administrator"));
    admin.open_ledger(opening("city")).await.unwrap();
    let client = |process: &Process| {
        LedgerServiceClient::with_interceptor(process.connect(), As("somebody"))
    };
    let (plan, events) =
        SmallPlan::new(jiff::civil::date(2023, 5, 1), 2, 2, || new_id().to_string());
    let set = client(&process).append_events(append(events)).await;
    let before = set.unwrap().into_inner().receipt.unwrap().size;

    let plan = std::sync::Arc::new(plan);
    let (told, mut answers) = tokio::sync::mpsc::channel(CALLERS);
    let mut callers = JoinSet::new();
    for number in 0..CALLERS {
        let (mut client, plan, told) = (client(&process), plan.clone(), told.clone());
        callers.spawn(async move {
            loop {
                let indicator = &plan.indicators[number % plan.indicators.len()];
                let request = append(vec![report(&plan, indicator, "1")]);
                match client.append_events(request.clone()).await {
                    Ok(answer) => {
                        let receipt = answer.into_inner().receipt.unwrap();
                        told.send((request, receipt)).await.unwrap();
                    }
                    Err(status) => return (request, status),
                }
            }
        });
    }
    drop(told);
    let mut answered = Vec::new();
    while let Some(answer) = answers.recv().await {
        answered.push(answer);
        if answered.len() == ANSWERS {
            process.ask_to_stop();
        }
    }
    let refused = callers.join_all().await;
    assert!(ANSWERS <= answered.len());
    let ended = tokio::task::spawn_blocking(move || process.wait());
    assert_eq!(ended.await.unwrap(), 0);

    let process = Process::serve(folder.path());
    let mut client = client(&process);
    for (request, receipt) in &answered {
        assert_eq!(found(&mut client, request).await.as_ref(), Some(receipt));
    }
    for (request, status) in &refused {
        assert_eq!(found(&mut client, request).await, None, "{status:?}");
    }
    assert_eq!(head(&mut client).await, before + answered.len() as u64);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_watches_health_is_told_that_the_server_stops_and_let_go() {
    let server = Server::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let watched = health.watch(HealthCheckRequest::default()).await;
    let mut told = watched.unwrap().into_inner();
    let serves = told.message().await.unwrap().unwrap();
    assert_eq!(serves.status(), ServingStatus::Serving);
    server.stop().await;
    let stops = told.message().await.unwrap().unwrap();
    assert_eq!(stops.status(), ServingStatus::NotServing);
    assert_eq!(told.message().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_of_one_size_while_others_append() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    let many = |count: usize| {
        let events = (0..count).map(|_| report(&plan, &plan.indicators[0], "1"));
        append(events.collect())
    };
    client.append_events(many(700)).await.unwrap();
    let asked = ExportBundleRequest {
        size: Some(head(&mut client).await),
        ..ExportBundleRequest::default()
    };
    let mut proofs = ProofServiceClient::with_interceptor(server.channel().await, As("auditor"));
    let mut frames = proofs
        .export_bundle(asked.clone())
        .await
        .unwrap()
        .into_inner();
    let mut meanwhile = Vec::new();
    while let Some(frame) = frames.message().await.unwrap() {
        meanwhile.push(frame);
        client.append_events(many(1)).await.unwrap();
    }
    let mut frames = proofs.export_bundle(asked).await.unwrap().into_inner();
    let mut at_rest = Vec::new();
    while let Some(frame) = frames.message().await.unwrap() {
        at_rest.push(frame);
    }
    assert!(10 < at_rest.len());
    assert!(meanwhile == at_rest, "what came meanwhile is in it");
    server.stop().await;
}
