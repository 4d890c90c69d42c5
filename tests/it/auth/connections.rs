//! Connections that are not what the server speaks are closed and give their places back.

use std::net::SocketAddr;

use daicho::api::v1;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::config::Flags;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::world::World;
use crate::service::{As, Server};

/// Sends `bytes` and reads until the server closes the connection.
async fn closed_after(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // Closed in order or reset: closed.
    let _ = stream.read_to_end(&mut answer).await;
    answer
}

/// How a TLS connection begins: a record of the handshake, of a few bytes.
const TLS: &[u8] = &[0x16, 3, 1, 0, 4, 1, 0, 0, 0];
const HTTP_2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const HTTP_1: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_client_on_an_encrypted_port_is_closed_and_gives_its_place_back() {
    // One place: whoever keeps it keeps everybody out.
    let world = World::with(|flags| flags.connections_max = Some("1".to_owned())).await;
    for bytes in [HTTP_2, HTTP_1, &[0; 64]] {
        closed_after(world.server.address, bytes).await;
    }
    // Says nothing at all, and is still there.
    let silent = TcpStream::connect(world.server.address).await.unwrap();
    let pair = world.authority.client("spiffe://city.example/import");
    assert!(world.caller(Some(&pair)).caller().await.is_ok());
    drop(silent);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_client_on_a_plain_port_is_closed_and_gives_its_place_back() {
    let flags = Flags {
        connections_max: Some("1".to_owned()),
        ..Flags::default()
    };
    let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
    for bytes in [TLS, HTTP_1] {
        closed_after(server.address, bytes).await;
    }
    let silent = TcpStream::connect(server.address).await.unwrap();
    // And whoever begins to speak and stops.
    let mut halting = TcpStream::connect(server.address).await.unwrap();
    halting.write_all(&HTTP_2[..10]).await.unwrap();
    let mut client = LedgerServiceClient::with_interceptor(server.channel().await, As("somebody"));
    let answer = client.get_ledger(v1::GetLedgerRequest::default()).await;
    // It was heard: there is no ledger.
    assert_eq!(answer.unwrap_err().code(), tonic::Code::NotFound);
    drop((silent, halting));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_shakes_hands_and_says_no_more_gives_the_place_back() {
    let world = World::with(|flags| flags.connections_max = Some("1".to_owned())).await;
    let silent = world.handshake().await;
    let pair = world.authority.client("spiffe://city.example/import");
    assert!(world.caller(Some(&pair)).caller().await.is_ok());
    drop(silent);
}
