//! What only a client without our own library can send: a deadline that its own side does not hold, no name,
//! bytes that are no message.

use std::net::SocketAddr;

use bytes::{BufMut as _, Bytes, BytesMut};
use daicho::api::v1::*;
use daicho::config::Flags;
use http::{HeaderMap, Request};
use prost::Message;
use tokio::net::TcpStream;
use tonic::{Code, Status};

use super::world::*;
use super::{Seen, expect};
use crate::service::{self, Server, append};

pub(super) const APPEND: &str = "/daicho.v1.LedgerService/AppendEvents";
pub(super) const READ: &str = "/daicho.v1.LedgerService/ReadEvents";
pub(super) const SUBSCRIBE: &str = "/daicho.v1.LedgerService/SubscribeEvents";
const LIST_CHANGES: &str = "/daicho.v1.AuditService/ListChanges";
const GET_LEDGER: &str = "/daicho.v1.LedgerService/GetLedger";
/// `担当` in base64.
pub(super) const ACTOR: (&str, &str) = ("daicho-actor-bin", "5ouF5b2T");

/// One call over a connection of its own: the status, and the answer's bytes.
pub(super) async fn call(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    message: &[u8],
) -> (Status, Bytes) {
    let mut frame = BytesMut::new();
    frame.put_u8(0);
    frame.put_u32(u32::try_from(message.len()).unwrap());
    frame.put_slice(message);
    send(address, path, headers, frame.freeze(), true).await
}

/// Begins a call with these bytes, which may be all of it.
async fn send<V: AsRef<[u8]>>(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, V)],
    bytes: Bytes,
    all: bool,
) -> (Status, Bytes) {
    let stream = TcpStream::connect(address).await.unwrap();
    // Else the system may hold the message back until the headers are acknowledged.
    stream.set_nodelay(true).unwrap();
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    let mut request = Request::post(format!("http://{address}{path}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers");
    for (name, value) in headers {
        request = request.header(*name, value.as_ref());
    }
    let (response, mut body) = client
        .send_request(request.body(()).unwrap(), false)
        .unwrap();
    // A server that needs no message may have answered and closed the stream before any of it is sent; where it closed it
    // without an answer, waiting for that fails.
    body.send_data(bytes, all).ok();
    let (head, mut body) = response.await.unwrap().into_parts();
    let mut answer = BytesMut::new();
    while let Some(data) = body.data().await {
        let data = data.unwrap();
        body.flow_control().release_capacity(data.len()).unwrap();
        answer.extend_from_slice(&data);
    }
    let trailers: HeaderMap = body.trailers().await.unwrap().unwrap_or(head.headers);
    connection.abort();
    (Status::from_header_map(&trailers).unwrap(), answer.freeze())
}

fn report(world: &World) -> AppendEventsRequest {
    append(vec![actual(&world.day(10), "前/件", increment("1"))])
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    let address = world.server.address;
    let size = world.size().await;

    let asked = report(&world).encode_to_vec();
    let (status, _) = call(address, APPEND, &[], &asked).await;
    expect(
        seen,
        &status,
        Code::Unauthenticated,
        ErrorReason::ActorMissing,
        "利用者名を",
    );
    let two_lines = ("daicho-actor-bin", "YQpi");
    let not_utf8 = ("daicho-actor-bin", "/w");
    let not_base64 = ("daicho-actor-bin", "???");
    let long = "a".repeat(201);
    for actor in [
        two_lines,
        not_utf8,
        not_base64,
        ("daicho-actor-bin", ""),
        ("daicho-actor", &long),
    ] {
        let (status, _) = call(address, APPEND, &[actor], &asked).await;
        expect(
            seen,
            &status,
            Code::Unauthenticated,
            ErrorReason::ActorInvalid,
            "利用者名が正しくありません",
        );
    }

    for limit in ["0n", "1n", "0S"] {
        let (status, _) = call(address, APPEND, &[ACTOR, ("grpc-timeout", limit)], &asked).await;
        expect(
            seen,
            &status,
            Code::DeadlineExceeded,
            ErrorReason::DeadlinePassed,
            "時間切れです。何も記録されていません",
        );
    }
    // What it waits for never comes.
    let waiting = GetLedgerRequest {
        min_position: Some(u64::MAX - 1),
        ..Default::default()
    };
    let waiting = waiting.encode_to_vec();
    let (status, _) = call(
        address,
        GET_LEDGER,
        &[ACTOR, ("grpc-timeout", "50m")],
        &waiting,
    )
    .await;
    expect(
        seen,
        &status,
        Code::DeadlineExceeded,
        ErrorReason::DeadlinePassed,
        "時間切れです",
    );
    // The rest of the message never comes.
    let begun = Bytes::from_static(&[0, 0, 0]);
    let limit = ("grpc-timeout", "50m");
    let (status, _) = send(address, APPEND, &[ACTOR, limit], begun, false).await;
    expect(
        seen,
        &status,
        Code::DeadlineExceeded,
        ErrorReason::DeadlinePassed,
        "時間切れです",
    );
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callers_limit_is_held_or_ignored_but_never_a_panic() {
    let mut world = World::new().await;
    let address = world.server.address;
    for limit in ["99999999H", "-1S", "1", "abc", "123456789S", ""] {
        let asked = report(&world);
        let size = world.size().await;
        let (status, answer) = call(
            address,
            APPEND,
            &[ACTOR, ("grpc-timeout", limit)],
            &asked.encode_to_vec(),
        )
        .await;
        assert_eq!(status.code(), Code::Ok, "{limit}: {status:?}");
        let answer = AppendEventsResponse::decode(answer.slice(5..)).unwrap();
        assert_eq!(answer.receipt.unwrap().first_position, size);
    }
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_call_change_nothing() {
    let mut world = World::new().await;
    let address = world.server.address;
    let size = world.size().await;
    let mut not_utf8 = report(&world);
    not_utf8.request_id = "?".repeat(36);
    let mut not_utf8 = not_utf8.encode_to_vec();
    let at = not_utf8.iter().position(|byte| *byte == b'?').unwrap();
    not_utf8[at] = 0xff;
    for bytes in [&[0xff; 64][..], &not_utf8, &[0x0a, 0x7f]] {
        let (status, _) = call(address, APPEND, &[ACTOR], bytes).await;
        assert!(
            matches!(status.code(), Code::Internal | Code::InvalidArgument),
            "{status:?}"
        );
    }
    let (status, _) = call(address, "/daicho.v1.LedgerService/Rewrite", &[ACTOR], &[]).await;
    assert_eq!(status.code(), Code::Unimplemented);
    for other in [
        "/daicho.v0.LedgerService/AppendEvents",
        "/daicho.v2.Any/Thing",
    ] {
        let (status, _) = call(address, other, &[ACTOR], &[]).await;
        assert_eq!(status.code(), Code::Unimplemented);
        assert!(status.message().contains("daicho.v1"), "{status:?}");
    }
    let large = vec![0; 2 * 1024 * 1024 + 1];
    let (status, _) = call(address, APPEND, &[ACTOR], &large).await;
    assert!(
        matches!(status.code(), Code::OutOfRange | Code::ResourceExhausted),
        "{status:?}"
    );
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_message_is_told_what_it_lacks() {
    let mut world = World::new().await;
    let address = world.server.address;
    let size = world.size().await;
    for (path, reason, field) in [
        ("LedgerService/AppendEvents", "FIELD_REQUIRED", "request_id"),
        ("LedgerService/GetReceipt", "FIELD_REQUIRED", "request_id"),
        ("LedgerService/GetEvent", "FIELD_REQUIRED", "selector"),
        ("GoalService/GetGoal", "FIELD_REQUIRED", "goal"),
        ("GoalService/GetSeries", "FIELD_REQUIRED", "indicator"),
        ("GoalService/LookupCode", "FIELD_REQUIRED", "query"),
        ("AdminService/OpenLedger", "FIELD_REQUIRED", "request_id"),
    ] {
        let (status, _) = call(address, &format!("/daicho.v1.{path}"), &[ACTOR], &[]).await;
        let told = super::told(&status);
        assert_eq!(
            (told.code, told.reason.as_str(), told.field()),
            (Code::InvalidArgument, reason, field),
            "{path}"
        );
    }
    // Whoever names neither a ledger nor anything else gets the only ledger there is.
    for path in [
        GET_LEDGER,
        "/daicho.v1.GoalService/ListGoals",
        "/daicho.v1.AuditService/ListChanges",
    ] {
        let (status, _) = call(address, path, &[ACTOR], &[]).await;
        assert_eq!(status.code(), Code::Ok, "{path}");
    }
    assert_eq!(world.size().await, size);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_does_not_come_whole_is_waited_for_as_long_as_the_server_says() {
    let flags = Flags {
        request_timeout_seconds: Some("1".to_owned()),
        ..Flags::default()
    };
    let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
    for path in [GET_LEDGER, READ] {
        // A message of a mebibyte, and nothing of it.
        let header = Bytes::from_static(&[0, 0, 16, 0, 0]);
        let (status, _) = send(server.address, path, &[ACTOR], header, false).await;
        assert_eq!(status.code(), Code::DeadlineExceeded, "{path}: {status:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_of_how_a_caller_acts_is_not_taken_for_unsaid() {
    let server = Server::start().await;
    server.planned().await;
    let asked = GetLedgerRequest::default().encode_to_vec();
    for name in [
        "daicho-seat-bin",
        "daicho-on-behalf-of-bin",
        "daicho-purpose-bin",
    ] {
        for value in ["???", "/w"] {
            let (status, _) =
                call(server.address, GET_LEDGER, &[ACTOR, (name, value)], &asked).await;
            assert_eq!(status.code(), Code::InvalidArgument, "{name}: {value}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_beyond_ascii_is_read_as_utf8_or_refused_or_as_if_it_were_not_there() {
    let mut world = World::new().await;
    let address = world.server.address;
    let latin: &[u8] = b"\xe9\xff";
    let name = |value: &'static str| value.as_bytes();
    let me = ("daicho-actor-bin", name(ACTOR.1));
    let ok = Code::Ok;
    for (headers, code) in [
        (vec![("daicho-actor", name("担当"))], ok),
        (vec![("daicho-actor", latin)], Code::Unauthenticated),
        (vec![me, ("daicho-client", name("窓口"))], ok),
        (vec![me, ("daicho-client", latin)], Code::Unauthenticated),
        (vec![me, ("daicho-seat", latin)], Code::InvalidArgument),
        (
            vec![me, ("daicho-on-behalf-of", latin)],
            Code::InvalidArgument,
        ),
        (vec![me, ("accept-language", latin)], ok),
        (vec![me, ("grpc-timeout", latin)], ok),
        (vec![me, ("daicho-unheard-of", latin)], ok),
    ] {
        let size = world.size().await;
        let message = report(&world).encode_to_vec();
        let mut frame = BytesMut::new();
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.len()).unwrap());
        frame.put_slice(&message);
        let (status, _) = send(address, APPEND, &headers, frame.freeze(), true).await;
        assert_eq!(status.code(), code, "{headers:?}: {status:?}");
        let taken = u64::from(code == ok);
        assert_eq!(world.size().await, size + taken, "{headers:?}");
        if code == ok {
            let asked = GetEventRequest {
                selector: Some(get_event_request::Selector::Position(size)),
                ..Default::default()
            };
            let event = world.client.get_event(asked).await.unwrap().into_inner();
            let actor = event.event.unwrap().actor.unwrap();
            assert_eq!(actor.subject, "担当");
            assert!(actor.client.is_none_or(|client| client == "窓口"));
        }
    }
    world.server.stop().await;
}

/// Bytes of a call that are no one message: nothing of them is carried out.
#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_not_one_whole_message_are_refused() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("somebody").await;
    let mut size = async || {
        let asked = GetLedgerRequest::default();
        let ledger = client.get_ledger(asked).await.unwrap().into_inner();
        ledger.head.unwrap().size
    };
    let before = size().await;
    let message = append(vec![service::report(&plan, &plan.indicators[0], "1")]).encode_to_vec();
    let frame = |flag: u8, length: usize, bytes: &[u8]| {
        let mut frame = BytesMut::new();
        frame.put_u8(flag);
        frame.put_u32(u32::try_from(length).unwrap());
        frame.put_slice(bytes);
        frame.freeze()
    };
    let whole = message.len();
    for (what, bytes, code) in [
        (
            "shorter than it says",
            frame(0, whole + 1, &message),
            Code::Internal,
        ),
        (
            "compressed, and by what is not said",
            frame(1, whole, &message),
            Code::Internal,
        ),
        (
            "a flag that nobody knows",
            frame(7, whole, &message),
            Code::Internal,
        ),
        (
            "4 GiB by what it says",
            frame(0, u32::MAX as usize, &message),
            Code::OutOfRange,
        ),
        ("nothing at all", Bytes::new(), Code::Internal),
    ] {
        let (status, _) = send(server.address, APPEND, &[ACTOR], bytes, true).await;
        assert_eq!(status.code(), code, "{what}: {status:?}");
    }
    for encoding in ["br", "gzip"] {
        let headers = [ACTOR, ("grpc-encoding", encoding)];
        let bytes = frame(1, whole, &message);
        let (status, _) = send(server.address, APPEND, &headers, bytes, true).await;
        assert_eq!(status.code(), Code::Unimplemented, "{encoding}: {status:?}");
    }
    assert_eq!(size().await, before);

    // Of two messages the first is carried out, for it came whole, and the second never.
    let second = append(vec![service::report(&plan, &plan.indicators[0], "2")]).encode_to_vec();
    let mut both = BytesMut::from(&frame(0, whole, &message)[..]);
    both.extend_from_slice(&frame(0, second.len(), &second));
    let (status, _) = send(server.address, APPEND, &[ACTOR], both.freeze(), true).await;
    assert!(
        matches!(status.code(), Code::Ok | Code::Internal),
        "{status:?}"
    );
    assert!(size().await <= before + 1);
    let lookup = GetReceiptRequest {
        request_id: AppendEventsRequest::decode(&second[..]).unwrap().request_id,
        ..GetReceiptRequest::default()
    };
    let mut client = server.ledger("somebody").await;
    assert!(client.get_receipt(lookup).await.is_err());
}

/// A field of a message: its number, that its length comes, the length in more bytes than it needs, and what it holds.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len() & 0x7f).unwrap();
    let more = u8::try_from(bytes.len() >> 7).unwrap();
    let mut field = vec![number << 3 | 2, length | 0x80, more | 0x80, 0];
    field.extend_from_slice(bytes);
    field
}

#[tokio::test(flavor = "multi_thread")]
async fn however_a_request_is_written_it_is_one_request_and_has_one_leaf() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let event = service::report(&plan, &plan.indicators[0], "1");
    let request = append(vec![event.clone()]);
    let said = |event: EventInput| event.encode_to_vec();
    let only = |event_id: &str, payload| EventInput {
        event_id: event_id.to_owned(),
        payload,
        ..EventInput::default()
    };
    let rest = EventInput {
        event_id: String::new(),
        payload: None,
        ..event.clone()
    };
    let narrative = event_input::Payload::NarrativeAdded(NarrativeAdded {
        text: "only one of two is meant".to_owned(),
        ..NarrativeAdded::default()
    });
    let written_otherwise = [
        // What comes last counts: an id and a payload of another kind stand before.
        said(only(&"f".repeat(36), Some(narrative))),
        // A field that nobody knows: number 2,000, a varint.
        vec![0x80, 0x7d, 1],
        // In another order.
        said(only("", event.payload.clone())),
        said(rest),
        said(only(&event.event_id, None)),
    ];
    let mut message = field(3, &written_otherwise.concat());
    message.extend(field(2, request.request_id.as_bytes()));
    let (status, first) = call(server.address, APPEND, &[ACTOR], &message).await;
    assert_eq!(status.code(), Code::Ok, "{status:?}");
    let usual = request.encode_to_vec();
    let (status, again) = call(server.address, APPEND, &[ACTOR], &usual).await;
    assert_eq!(status.code(), Code::Ok, "{status:?}");
    let answer = |bytes: Bytes| AppendEventsResponse::decode(bytes.slice(5..)).unwrap();
    let (first, again) = (answer(first), answer(again));
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.receipt, again.receipt);
    assert_eq!(first.receipt.unwrap().events.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_within_messages_have_a_limit() {
    let server = Server::start().await;
    server.planned().await;
    // A group in a group in a group: fields that nobody knows are skipped one by one.
    let groups = [0x7b; 10_000];
    // A proposed change in a proposed change in a proposed change.
    let mut changes = Vec::new();
    for _ in 0..200 {
        let payload = event_input::Payload::ChangeProposed(Box::default());
        let empty = EventInput {
            payload: Some(payload),
            ..EventInput::default()
        };
        let tags = empty.encode_to_vec();
        // The last two bytes: the tag's end and a length of nothing.
        let tag = &tags[..tags.len() - 1];
        let inner = nested(CHANGE, &changes);
        changes = [tag, &length(inner.len()), &inner].concat();
    }
    let changes = nested(EVENTS, &changes);
    for bytes in [&groups[..], &changes] {
        let (status, _) = call(server.address, APPEND, &[ACTOR], bytes).await;
        assert!(
            matches!(status.code(), Code::Internal | Code::InvalidArgument),
            "{status:?}"
        );
    }
    let asked = GetLedgerRequest::default().encode_to_vec();
    let (status, _) = call(server.address, GET_LEDGER, &[ACTOR], &asked).await;
    assert_eq!(status.code(), Code::Ok);
}

/// The numbers of AppendEventsRequest.events and ChangeProposed.change.
const EVENTS: u8 = 3;
const CHANGE: u8 = 4;

fn length(bytes: usize) -> Vec<u8> {
    let mut length = Vec::new();
    prost::encoding::encode_varint(bytes as u64, &mut length);
    length
}

fn nested(number: u8, bytes: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2][..], &length(bytes.len()), bytes].concat()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_of_choices_is_one_list_however_it_is_packed() {
    let server = Server::start().await;
    server.planned().await;
    let (one, other) = (EventType::GoalSet as u8, EventType::IndicatorDefined as u8);
    let usual = ListChangesRequest {
        types: vec![one.into(), other.into()],
        ..ListChangesRequest::default()
    };
    const TYPES: u8 = 6;
    let alone = |choice| [TYPES << 3, choice];
    let packed = |choice| [TYPES << 3 | 2, 1, choice];
    let mut answers = Vec::new();
    for message in [
        usual.encode_to_vec(),
        [alone(one), alone(other)].concat(),
        [&alone(one)[..], &packed(other)].concat(),
    ] {
        let (status, answer) = call(server.address, LIST_CHANGES, &[ACTOR], &message).await;
        assert_eq!(status.code(), Code::Ok, "{status:?}");
        let answer = ListChangesResponse::decode(answer.slice(5..)).unwrap();
        assert!(!answer.changes.is_empty());
        answers.push(answer.changes);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}
