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
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const ENHANCE_YOUR_CALM: u8 = 11;

/// What flags say of headers: nothing comes behind them; they are whole.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:method: POST`, `:scheme: http`, `:path: /` of the static table (RFC 7541, A), and an authority.
const ASKING: &[u8] = &[0x83, 0x86, 0x84, 1, 1, b'a'];

/// Frames without an end that are sent at most; 120 MB.
const CONTINUATIONS: usize = 8_000;

fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    flagged(kind, 0, stream, payload)
}

fn flagged(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The next frame, until the server closes: its kind and what it holds.
async fn next_frame(stream: &mut (impl AsyncRead + Unpin)) -> Option<(u8, Vec<u8>)> {
    let mut header = [0; 9];
    stream.read_exact(&mut header).await.ok()?;
    let length = u32::from_be_bytes([0, header[0], header[1], header[2]]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.ok()?;
    Some((header[3], payload))
}

/// All frames, until the server closes.
async fn frames(stream: &mut (impl AsyncRead + Unpin)) -> Vec<(u8, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some(frame) = next_frame(stream).await {
        frames.push(frame);
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

/// Sends frames behind the settings, in one piece, and reads what comes until `enough` of it did or the server closes.
async fn answered(
    process: &Process,
    sent: impl IntoIterator<Item = Vec<u8>>,
    enough: impl Fn(&(u8, Vec<u8>)) -> bool,
) -> Vec<(u8, Vec<u8>)> {
    let address = process.address().trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).await.unwrap();
    let begin = [PREFACE.to_vec(), frame(SETTINGS, 0, &[])];
    let all: Vec<Vec<u8>> = begin.into_iter().chain(sent).collect();
    stream.write_all(&all.concat()).await.unwrap();
    let mut told = Vec::new();
    while let Some(frame) = next_frame(&mut stream).await {
        let is_enough = enough(&frame);
        told.push(frame);
        if is_enough {
            break;
        }
    }
    told
}

fn is_shown_out(told: &[(u8, Vec<u8>)]) -> bool {
    let calm = [0, 0, 0, ENHANCE_YOUR_CALM];
    let mut goaways = told.iter().filter(|(kind, _)| *kind == GOAWAY);
    goaways.any(|(_, payload)| payload[4..8] == calm)
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_takes_calls_back_by_the_dozen_is_told_to_calm_down() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::serve(folder.path());
    let taken_back = |number: u32| {
        let stream = 2 * number + 1;
        let begun = flagged(HEADERS, END_HEADERS, stream, ASKING);
        // CANCEL (RFC 9113, 7).
        [begun, frame(RST_STREAM, stream, &[0, 0, 0, 8])].concat()
    };
    let told = answered(&process, (0..64).map(taken_back), |_| false).await;
    assert!(is_shown_out(&told), "{told:?}");
    assert_eq!(health(process.connect()).await, ServingStatus::Serving);
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_go_on_in_more_than_six_frames_close_the_connection() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::serve(folder.path());
    // `x: y`, as above.
    let piece = [0, 1, b'x', 1, b'y'];
    let pieces = |further: usize| {
        let first = flagged(HEADERS, END_STREAM, 1, ASKING);
        let between = (1..further).map(|_| frame(CONTINUATION, 1, &piece));
        let last = flagged(CONTINUATION, END_HEADERS, 1, &piece);
        let all = std::iter::once(first).chain(between).chain([last]);
        all.collect::<Vec<_>>()
    };
    let is_answer = |frame: &(u8, Vec<u8>)| frame.0 == HEADERS;
    let told = answered(&process, pieces(6), is_answer).await;
    assert!(
        told.iter().any(is_answer) && !is_shown_out(&told),
        "{told:?}"
    );
    let told = answered(&process, pieces(7), is_answer).await;
    assert!(
        !told.iter().any(is_answer) && is_shown_out(&told),
        "{told:?}"
    );
}
