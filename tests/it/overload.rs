//! Whoever asks for too much, or says nothing, keeps nobody else out, and whether the server works is always told.

use std::process::Command;

use daicho::api::v1;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::config::Flags;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::Channel;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_types::StatusExt as _;

use crate::process::Process;
use crate::service::{As, Caller, Server};

/// Calls that last, of all callers, and how many one has in any case (docs/limits.md).
const STREAMS: usize = 4_096;
const FEW: usize = 16;
/// Calls of one connection, less than it may have.
const OF_A_CONNECTION: usize = 100;
/// Connections that have said nothing yet, before the oldest is closed (docs/limits.md).
const SILENT: usize = 256;

/// Calls that are begun and taken back.
const CALLS_TAKEN_BACK: usize = 20_000;

type Following = tonic::Streaming<v1::SubscribeEventsResponse>;

async fn follow(client: &mut LedgerServiceClient<Caller>) -> Result<Following, tonic::Status> {
    let asked = v1::SubscribeEventsRequest::default();
    Ok(client.subscribe_events(asked).await?.into_inner())
}

async fn follow_until_refused(
    server: &Server,
    name: &'static str,
) -> (Vec<Following>, tonic::Status) {
    let mut followed = Vec::new();
    loop {
        let mut client = server.ledger(name).await;
        for _ in 0..OF_A_CONNECTION {
            match follow(&mut client).await {
                Ok(following) => followed.push(following),
                Err(status) => return (followed, status),
            }
        }
    }
}

pub(crate) async fn health(channel: Channel) -> ServingStatus {
    let asked = HealthCheckRequest::default();
    let answer = HealthClient::new(channel).check(asked).await.unwrap();
    answer.into_inner().status()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_follows_much_leaves_room_for_others() {
    let server = Server::start().await;
    server.planned().await;
    let (mut followed, refused) = follow_until_refused(&server, "greedy").await;
    assert_eq!(followed.len(), STREAMS / 2);
    assert_eq!(refused.code(), Code::ResourceExhausted);
    let details = refused.get_error_details();
    assert!(details.retry_info().unwrap().retry_delay.is_some());
    assert_eq!(details.error_info().unwrap().reason, "OVERLOADED");

    let (others, _) = follow_until_refused(&server, "other").await;
    assert_eq!(others.len(), FEW);
    let mut client = server.ledger("greedy").await;
    let asked = v1::GetLedgerRequest::default();
    assert!(client.get_ledger(asked).await.is_ok());
    assert_eq!(health(server.channel().await).await, ServingStatus::Serving);

    followed.clear();
    // It comes to the server a little later that nobody takes their answers any more.
    while let Err(status) = follow(&mut client).await {
        assert_eq!(status.code(), Code::ResourceExhausted);
    }
    drop(others);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_connects_and_says_nothing_is_closed_for_others() {
    let server = Server::start().await;
    let mut silent = Vec::new();
    for _ in 0..=SILENT {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    assert_eq!(health(server.channel().await).await, ServingStatus::Serving);
    // The newest of them have their time yet.
    assert_eq!(silent[0].read(&mut [0]).await.unwrap_or(0), 0);
    let newest = silent[SILENT].try_read(&mut [0]);
    assert_eq!(newest.unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_does_not_get_every_connection() {
    let flags = Flags {
        connections_max: Some("200".to_owned()),
        ..Flags::default()
    };
    let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
    let mut open = Vec::new();
    for _ in 0..100 {
        open.push(server.ledger("somebody").await);
    }
    let asked = v1::GetLedgerRequest::default();
    for client in &mut open {
        // Heard: there is no ledger.
        let answer = client.get_ledger(asked.clone()).await;
        assert_eq!(answer.unwrap_err().code(), Code::NotFound);
    }
    let url = format!("http://{}", server.address);
    let further = Channel::from_shared(url).unwrap().connect().await;
    let heard = match further {
        Ok(channel) => {
            let mut client = LedgerServiceClient::with_interceptor(channel, As("somebody"));
            client.get_ledger(asked).await.unwrap_err().code()
        }
        Err(_) => Code::Unavailable,
    };
    assert_ne!(heard, Code::NotFound);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_few_files_serves_as_many_as_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 64; exec \"$0\" \"$@\""]);
    command.arg(env!("CARGO_BIN_EXE_daicho"));
    let log = folder.path().join("log");
    command.stderr(std::fs::File::create(&log).unwrap());
    let process = Process::serve_by(command, &folder.path().join("data"));
    let address = process.address().trim_start_matches("http://").to_owned();
    let mut held = Vec::new();
    for _ in 0..100 {
        held.push(TcpStream::connect(&address).await.unwrap());
    }
    assert_eq!(health(process.connect()).await, ServingStatus::Serving);
    let told = std::fs::read_to_string(log).unwrap();
    assert!(told.contains("connections=24"), "{told}");
}

/// A connection of its own, and the task that works on it.
pub(crate) async fn raw(
    address: &str,
) -> (
    h2::client::SendRequest<bytes::Bytes>,
    tokio::task::JoinHandle<Result<(), h2::Error>>,
) {
    let stream = TcpStream::connect(address).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    (client, tokio::spawn(connection))
}

pub(crate) fn asking(address: &str) -> http::request::Builder {
    http::Request::post(format!(
        "http://{address}/daicho.v1.LedgerService/GetLedger"
    ))
    .header("content-type", "application/grpc")
    .header("te", "trailers")
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_taken_back_at_once_cost_others_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::serve(folder.path());
    let address = process.address().trim_start_matches("http://");
    let serving = async || health(process.connect()).await;
    assert_eq!(serving().await, ServingStatus::Serving);
    let before = process.peak_kib();
    let (mut client, connection) = raw(address).await;
    for _ in 0..CALLS_TAKEN_BACK {
        // Whoever does that too often is shown out.
        let Ok(ready) = client.ready().await else {
            break;
        };
        client = ready;
        let request = asking(address).body(()).unwrap();
        let Ok((_, mut body)) = client.send_request(request, false) else {
            break;
        };
        body.send_reset(h2::Reason::CANCEL);
    }
    assert_eq!(serving().await, ServingStatus::Serving);
    let more = process.peak_kib() - before;
    assert!(more < 64 * 1024, "{more} KiB");
    connection.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_beyond_all_measure_is_refused_and_not_logged() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let data = folder.path().join("data");
    let words = ["serve".as_ref(), "--data".as_ref(), data.as_os_str()];
    let process = Process::start_logging(words, std::fs::File::create(&log).unwrap());
    let address = process.address().trim_start_matches("http://");
    let long = "LONG".repeat(16 * 1024);
    let many = |request: http::request::Builder| {
        let names = (0..10_000).map(|number| format!("daicho-many-{number}"));
        names.fold(request, |request, name| request.header(name, "MANY"))
    };
    for request in [
        asking(address).header("daicho-purpose-bin", &long),
        many(asking(address)),
    ] {
        let (mut client, connection) = raw(address).await;
        let (answer, _) = client
            .send_request(request.body(()).unwrap(), true)
            .unwrap();
        match answer.await {
            Ok(answer) => assert_eq!(answer.status(), 431),
            // Told so, or the door is shut while the rest of it is still on its way.
            Err(error) => assert!(error.is_remote() || error.is_io(), "{error}"),
        }
        connection.abort();
    }
    assert_eq!(health(process.connect()).await, ServingStatus::Serving);
    let told = std::fs::read_to_string(log).unwrap();
    assert!(!told.contains("LONGLONG") && !told.contains("MANY"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_say_that_it_is_a_call_is_none() {
    let server = Server::start().await;
    let address = server.address.to_string();
    for content_type in [None, Some("text/plain"), Some("application/json")] {
        let mut request = asking(&address).body(()).unwrap();
        let headers = request.headers_mut();
        headers.remove("content-type");
        headers.extend(content_type.map(|said| {
            let said = http::HeaderValue::from_static(said);
            (http::header::CONTENT_TYPE, said)
        }));
        let (mut client, connection) = raw(&address).await;
        let (answer, _) = client.send_request(request, true).unwrap();
        assert_eq!(answer.await.unwrap().status(), 415, "{content_type:?}");
        connection.abort();
    }
}
