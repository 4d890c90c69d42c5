//! Connections on which nothing comes, or nothing that ends: they are closed, and cost others nothing.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic_health::pb::health_check_response::ServingStatus;

use crate::overload::{asking, health, raw};
use crate::process::Process;
use crate::service::Server;

/// How every connection begins (RFC 9113, 3.4); settings follow.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames (RFC 9113, 6).
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const ENHANCE_YOUR_CALM: u8 = 11;

/// Frames without an end that are sent at most; 120 MB.
const CONTINUATIONS: usize = 8_000;

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let flags = 0;
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// All frames, until the server closes: their kinds and what they hold.
async fn frames(stream: &mut (impl AsyncRead + Unpin)) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    let mut header = [0; 9];
    while stream.read_exact(&mut header).await.is_ok() {
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        if stream.read_exact(&mut payload).await.is_err() {
            break;
        }
        frames.push((header[3], payload));
    }
    frames
}

/// Waits for the close itself: five seconds.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_never_says_that_it_speaks_http2_is_closed() {
    let server = Server::start().await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    let mut halfway = TcpStream::connect(server.address).await.unwrap();
    halfway.write_all(&PREFACE[..10]).await.unwrap();
    for stream in [&mut silent, &mut halfway] {
        assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    }
    assert_eq!(health(server.channel().await).await, ServingStatus::Serving);
    server.stop().await;
}

/// Waits for the close itself: a sign of life is asked for after 30 s, and waited for 20 s.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_answers_no_sign_of_life_is_closed_and_whoever_does_is_not() {
    let server = Server::start().await;
    let address = server.address.to_string();
    let (idle, connection) = raw(&address).await;
    let mut silent = TcpStream::connect(&address).await.unwrap();
    silent.write_all(PREFACE).await.unwrap();
    silent.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
    let told = frames(&mut silent).await;
    assert!(told.iter().any(|(kind, _)| *kind == PING), "{told:?}");

    // The other one was asked in the same way.
    assert!(!connection.is_finished());
    let mut idle = idle.ready().await.unwrap();
    let request = asking(&address).body(()).unwrap();
    let (answer, _) = idle.send_request(request, true).unwrap();
    assert_eq!(answer.await.unwrap().status(), 200);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_never_end_are_cut_off_and_cost_others_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::serve(folder.path());
    let address = process.address().trim_start_matches("http://");
    assert_eq!(health(process.connect()).await, ServingStatus::Serving);
    let before = process.peak_kib();

    let stream = TcpStream::connect(address).await.unwrap();
    let (mut from, mut to) = stream.into_split();
    let reading = tokio::spawn(async move { frames(&mut from).await });
    to.write_all(PREFACE).await.unwrap();
    to.write_all(&frame(SETTINGS, 0, &[])).await.unwrap();
    // `x: y`, as it is written without a table (RFC 7541, 6.2.2), again and again.
    let fields = [0, 1, b'x', 1, b'y'].repeat(3_000);
    to.write_all(&frame(HEADERS, 1, &fields)).await.unwrap();
    let further = frame(CONTINUATION, 1, &fields);
    let mut sent = 0;
    while sent < CONTINUATIONS && to.write_all(&further).await.is_ok() {
        sent += 1;
    }
    assert!(sent < CONTINUATIONS, "it goes on reading");
    // Told why, unless the door was shut while more was on its way.
    let told = reading.await.unwrap();
    let mut shown_out = told.iter().filter(|(kind, _)| *kind == GOAWAY);
    assert!(
        shown_out.all(|(_, payload)| payload[4..8] == [0, 0, 0, ENHANCE_YOUR_CALM]),
        "{told:?}"
    );
    assert_eq!(health(process.connect()).await, ServingStatus::Serving);
    let more = process.peak_kib() - before;
    assert!(more < 16 * 1024, "{more} KiB");
}
