//! A witness behind a web server with HTTPS, as `docs/witness.md` advises.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::{NOBODY, Town};
use crate::auth::authority::Authority;

/// Serves HTTPS before the witness at `witness`, with a certificate of `authority`; where.
fn front(authority: &Authority, witness: &str) -> String {
    let pair = authority.server();
    let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let witness = witness.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = StreamOwned::new(connection, socket.unwrap());
            // Whoever does not believe the certificate hangs up.
            let _ = hand_on(&mut stream, &witness);
        }
    });
    format!("https://localhost:{port}")
}

/// Hands one request on, and its answer back.
fn hand_on(stream: &mut (impl Read + Write), witness: &str) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.extend_from_slice(&byte);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    let mut plain = TcpStream::connect(witness)?;
    let (first, rest) = head.split_once("\r\n").unwrap();
    write!(plain, "{first}\r\nConnection: close\r\n{rest}")?;
    plain.write_all(&body)?;
    let mut answer = Vec::new();
    plain.read_to_end(&mut answer)?;
    stream.write_all(&answer)?;
    stream.flush()
}

#[test]
fn a_witness_is_asked_over_https_and_only_those_named_are_believed() {
    let mut town = Town::new();
    let size = town.grow();
    let near = town.near();
    let (authority, other) = (Authority::new("witnesses"), Authority::new("others"));
    let url = front(&authority, near.address());
    fs::write(town.path("authority"), authority.pem()).unwrap();
    fs::write(town.path("other"), other.pem()).unwrap();
    let both = format!("{}{}", other.pem(), authority.pem());
    fs::write(town.path("both-of-them"), both).unwrap();
    fs::write(town.path("nothing"), "no certificate\n").unwrap();

    // Nobody vouches for it, or somebody whom it does not come from.
    let ask = format!("witness ask {url} --lang en");
    town.ended(&ask, 5, "was not reached");
    let by_other = format!("{ask} --witness-certificates @other");
    town.ended(&by_other, 5, "was not reached");
    for (file, words) in [("nothing", "no certificate"), ("nowhere", "cannot be read")] {
        town.ended(&format!("{ask} --witness-certificates @{file}"), 2, words);
    }
    town.keep("before", "checkpoint");
    town.ended(
        "verify checkpoint @before --policy @one",
        2,
        "too few witnesses",
    );

    town.ended(
        &format!("{ask} --witness-certificates @authority"),
        0,
        "near.example",
    );
    town.keep("after", "checkpoint");
    town.ended("verify checkpoint @after --policy @one", 0, "seen by near ");
    // The ledger grows: the witness says from where, and is asked again. It is one of several who are believed.
    let grown = town.grow();
    assert!(size < grown);
    let again = format!("{ask} --witness-certificates @both-of-them");
    town.ended(&again, 0, "near.example");
    // What is believed over HTTPS does not matter where there is none.
    let plain = near.address();
    town.ended(
        &format!("witness ask {plain} --witness-certificates @other"),
        0,
        "had them already",
    );
    let gone = format!("witness ask {NOBODY} --lang en --witness-certificates @authority");
    town.ended(&gone, 5, "was not reached");
}
