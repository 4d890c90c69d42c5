//! How much memory a server and a command take, at most, of what nobody should send.

use std::fs::File;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Command;

use bytes::{BufMut as _, Bytes, BytesMut};
use daicho::api::v1;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use h2::SendStream;
use h2::client::{ResponseFuture, SendRequest};
use tokio::net::TcpSocket;
use tonic::metadata::AsciiMetadataValue;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use super::process::{Ended, Place};
use crate::overload::health;

/// What a server may take beyond what it took before, in KiB.
const MORE_KIB_MAX: u64 = 256 * 1024;
/// What a command may take that is given a file, in KiB.
const COMMAND_KIB_MAX: u64 = 128 * 1024;
/// Connections, and calls begun on each at once.
const CONNECTIONS: u32 = 50;
const CALLS: usize = 100;
/// Followers that come, and the most that are served at once (docs/limits.md).
const FOLLOWERS: usize = 10_000;
const FOLLOWERS_MAX: usize = 4_096;
/// The message that comes is this long by its own words, or has so many zeros compressed in it.
const SAID: u32 = u32::MAX;
const ZEROS: usize = 1 << 30;
/// What one stream is sent of a message, as much as it may be without having been asked for more.
const SENT: usize = 60 * 1024;

type Begun = (ResponseFuture, SendStream<Bytes>);

/// A connection from an address of its own, so that no limit of one address is what is met.
async fn connect(server: SocketAddr, number: u32) -> SendRequest<Bytes> {
    let socket = TcpSocket::new_v4().unwrap();
    let from = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number);
    socket.bind((from, 0).into()).unwrap();
    let stream = socket.connect(server).await.unwrap();
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn begin(client: &mut SendRequest<Bytes>, server: SocketAddr, encoding: &str) -> Begun {
    let url = format!("http://{server}/daicho.v1.LedgerService/AppendEvents");
    let request = http::Request::post(url)
        .header("content-type", "application/grpc")
        .header("grpc-encoding", encoding)
        .header("daicho-actor", "somebody")
        .header("te", "trailers")
        .body(())
        .unwrap();
    std::future::poll_fn(|context| client.poll_ready(context))
        .await
        .unwrap();
    client.send_request(request, false).unwrap()
}

/// The code of an answer, from its headers or its trailers.
async fn code(answer: ResponseFuture) -> Code {
    let mut answer = answer.await.unwrap();
    let code = |headers: &http::HeaderMap| {
        let code = headers.get("grpc-status")?.to_str().unwrap().parse();
        Some(Code::from_i32(code.unwrap()))
    };
    if let Some(code) = code(answer.headers()) {
        return code;
    }
    let body = answer.body_mut();
    while body.data().await.is_some() {}
    code(&body.trailers().await.unwrap().unwrap()).unwrap()
}

/// Begins all calls, sends the same on each, and asks what they came to once all have been sent it.
async fn send_to_all(place: &Place, encoding: &str, message: Bytes, expected: &[Code]) {
    let server = place.server.address().trim_start_matches("http://");
    let server = server.parse().unwrap();
    let before = place.server.peak_kib();
    let mut clients = Vec::new();
    let mut begun = Vec::new();
    for number in 0..CONNECTIONS {
        let mut client = connect(server, number).await;
        for _ in 0..CALLS {
            let (answer, mut body) = begin(&mut client, server, encoding).await;
            // The transport sends of it what the server takes, which may have answered already.
            let _ = body.send_data(message.clone(), false);
            begun.push((answer, body));
        }
        clients.push(client);
    }
    for (answer, _body) in begun {
        let code = code(answer).await;
        assert!(expected.contains(&code), "{code:?}");
    }
    let more = place.server.peak_kib() - before;
    println!("{} calls took {more} KiB", CONNECTIONS as usize * CALLS);
    assert!(more <= MORE_KIB_MAX, "{more} KiB more");
    assert!(place.daicho("plan show").code == 0, "it serves");
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_four_gibibytes_by_their_own_words_take_no_memory() {
    let (place, _, _) = Place::with_plan();
    let mut message = BytesMut::new();
    message.put_u8(0);
    message.put_u32(SAID);
    message.put_bytes(1, SENT);
    let codes = [Code::OutOfRange, Code::ResourceExhausted];
    send_to_all(&place, "identity", message.freeze(), &codes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_would_inflate_to_a_gibibyte_take_no_memory() {
    let (place, _, _) = Place::with_plan();
    let program =
        format!("import gzip, sys; sys.stdout.buffer.write(gzip.compress(bytes({ZEROS})))");
    let made = Command::new("python3").args(["-c", &program]).output();
    let bomb = made.unwrap().stdout;
    assert!(ZEROS / 2_000 < bomb.len() && bomb.len() < 2 * 1024 * 1024);
    let mut message = BytesMut::new();
    message.put_u8(1);
    message.put_u32(bomb.len() as u32);
    message.put_slice(&bomb);
    let codes = [Code::Unimplemented, Code::ResourceExhausted];
    send_to_all(&place, "gzip", message.freeze(), &codes).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_followers_that_do_not_read_take_little() {
    let (place, plan, day) = Place::with_plan();
    let before = place.server.peak_kib();
    let mut following = Vec::new();
    let mut refused = 0;
    for number in 0..FOLLOWERS / CALLS {
        let mut client = LedgerServiceClient::new(place.server.connect());
        let name: AsciiMetadataValue = format!("follower-{number}").parse().unwrap();
        for _ in 0..CALLS {
            let mut request = Request::new(v1::SubscribeEventsRequest::default());
            request.metadata_mut().insert("daicho-actor", name.clone());
            match client.subscribe_events(request).await {
                Ok(frames) => following.push(frames.into_inner()),
                Err(status) => {
                    let details = status.get_error_details();
                    assert_eq!(details.error_info().unwrap().reason, "OVERLOADED");
                    assert!(details.retry_info().unwrap().retry_delay.is_some());
                    refused += 1;
                }
            }
        }
    }
    assert_eq!(following.len() + refused, FOLLOWERS);
    // Half of the places are for whoever comes first, 16 for each after that (docs/limits.md).
    let least = FOLLOWERS_MAX / 2;
    assert!((least..=FOLLOWERS_MAX).contains(&following.len()));
    let words = format!("record {plan}/文化部/1-1/1.1 5 --on {day} --json");
    let recorded = place.daicho(&words);
    assert_eq!(recorded.code, 0, "{recorded:?}");
    // Whoever begins to read now has all of it.
    let size = place.size();
    for frames in following.iter_mut().step_by(100) {
        let mut next = 0;
        while next < size {
            next = frames.message().await.unwrap().unwrap().next_position;
        }
    }
    let more = place.server.peak_kib() - before;
    println!("{} followers took {more} KiB", following.len());
    assert!(more <= MORE_KIB_MAX, "{more} KiB more");
    let health = health(place.server.connect()).await;
    assert_eq!(
        health,
        tonic_health::pb::health_check_response::ServingStatus::Serving
    );
}

/// Runs a command, and tells the most memory that it took, in KiB.
fn peak_of(words: &[&str]) -> (Ended, u64) {
    let program = "import resource, subprocess, sys\n\
                   code = subprocess.run(sys.argv[1:]).returncode\n\
                   print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n\
                   sys.exit(code)";
    let mut command = Command::new("python3");
    command.args(["-c", program, env!("CARGO_BIN_EXE_daicho")]);
    let ended = Ended::of({
        command.args(words).env("LC_ALL", "C");
        command
    });
    let peak = ended.errors.lines().last().unwrap().parse().unwrap();
    (ended, peak)
}

#[test]
fn files_of_a_gibibyte_and_files_without_end_are_not_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let sparse = |name: &str, begin: &[u8]| {
        let mut file = File::create(at(name)).unwrap();
        file.write_all(begin).unwrap();
        file.set_len(ZEROS as u64).unwrap();
    };
    sparse("plan.csv", super::process::TABLE.as_bytes());
    sparse("plan.txt", "令和5年度 目標\n".as_bytes());
    sparse("plan.xlsx", b"PK\x03\x04");
    sparse("reports.csv", b"indicator,value\n");
    sparse("note", b"bunka.example/daicho\n1\n");
    for name in ["endless.csv", "endless.xlsx", "endless"] {
        std::os::unix::fs::symlink("/dev/zero", at(name)).unwrap();
    }
    let import = |name: &str| {
        vec!["plan", "import", "--dry-run", "--year", "2023"]
            .into_iter()
            .map(str::to_owned)
            .chain([at(name)])
            .collect::<Vec<_>>()
    };
    let record = |name: &str| {
        vec![
            "record".to_owned(),
            "--dry-run".to_owned(),
            "--file".to_owned(),
            at(name),
        ]
    };
    let verify = |what: &str, name: &str| vec!["verify".to_owned(), what.to_owned(), at(name)];
    let policy = |name: &str| vec!["policy".to_owned(), "check".to_owned(), at(name)];
    let serve = |name: &str| vec!["serve".to_owned(), "--config".to_owned(), at(name)];
    for words in [
        import("plan.csv"),
        import("plan.txt"),
        import("plan.xlsx"),
        import("endless.csv"),
        import("endless.xlsx"),
        record("reports.csv"),
        record("plan.xlsx"),
        record("endless.csv"),
        verify("checkpoint", "note"),
        verify("checkpoint", "endless"),
        verify("proof", "note"),
        verify("proof", "endless"),
        policy("note"),
        policy("endless"),
        serve("endless"),
    ] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (ended, peak) = peak_of(&words);
        println!("{words:?}: exit {}, {peak} KiB", ended.code);
        assert!((1..=3).contains(&ended.code), "{words:?}: {ended:?}");
        assert!(peak <= COMMAND_KIB_MAX, "{words:?} took {peak} KiB");
    }
}
