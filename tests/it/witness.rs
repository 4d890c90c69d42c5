//! A witness over HTTP, as a process: the published dialogue, requests at once, kills, and what is too much.

use std::convert::Infallible;
use std::ffi::OsStr;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use daicho::merkle::witness::ADD_CHECKPOINT_BYTES_MAX;
use daicho::merkle::{
    AddCheckpoint, Checkpoint, Cosignatures, Frontier, Hash, KeyName, Node, SignatureType,
    SignedCheckpoint, Signer, SigningKey, TreeHead, leaf_hash, prove_consistency,
};
use daicho::proof::policy;
use daicho::witness::Folder;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;

const VECTORS: &str = include_str!("../vectors/proof-vectors.json");

/// The seed of the first witness of the vectors.
fn published_seed() -> [u8; 32] {
    std::array::from_fn(|at| 0x40 + at as u8)
}

fn log() -> SigningKey {
    let name = KeyName::parse("ledger.example/city-a").unwrap();
    let seed = std::array::from_fn(|at| at as u8);
    SigningKey::from_seed(name, SignatureType::Ed25519, &seed)
}

/// A folder of a witness with the published key, and the file of the logs that it knows.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = KeyName::parse("audit.example/w1").unwrap();
        let state = folder.path().join("witness");
        drop(Folder::take(&state, Some(&name), published_seed).unwrap());
        let logs = policy::text(std::slice::from_ref(log().key()));
        fs::write(folder.path().join("logs"), logs).unwrap();
        Self { folder }
    }

    fn state(&self) -> std::path::PathBuf {
        self.folder.path().join("witness")
    }

    fn serve(&self) -> Process {
        let (state, logs) = (self.state(), self.folder.path().join("logs"));
        Process::start([
            OsStr::new("witness"),
            OsStr::new("serve"),
            OsStr::new("--state"),
            state.as_os_str(),
            OsStr::new("--logs"),
            logs.as_os_str(),
        ])
    }
}

/// What was answered: the status, the content type and the body.
#[derive(Debug, Eq, PartialEq)]
struct Answered {
    status: u16,
    content_type: String,
    body: String,
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder().http_status_as_error(false);
    config.build().into()
}

fn answered(
    response: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<Answered, ureq::Error> {
    let mut response = response?;
    let content_type = response.headers().get("content-type");
    let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
    Ok(Answered {
        status: response.status().as_u16(),
        content_type: content_type.unwrap_or_default(),
        body: response.body_mut().read_to_string()?,
    })
}

fn post(witness: &str, body: &str) -> Result<Answered, ureq::Error> {
    answered(agent().post(format!("{witness}/add-checkpoint")).send(body))
}

/// A log that grows, of leaves that say their position and its name.
struct Log(Vec<Hash>);

impl Log {
    fn of(name: &str, size: u64) -> Self {
        let leaves = (0..size).map(|at| leaf_hash(format!("{name} {at}").as_bytes()));
        Self(leaves.collect())
    }

    fn head(&self, size: u64) -> TreeHead {
        let leaves = self.0.iter().take(usize::try_from(size).unwrap());
        Frontier::from_iter(leaves.copied()).head()
    }

    fn signed(&self, size: u64) -> SignedCheckpoint {
        let log = log();
        let checkpoint = Checkpoint::new(log.key().name(), self.head(size)).unwrap();
        SignedCheckpoint::sign(checkpoint, [&log as &dyn Signer], 0).unwrap()
    }

    /// The request to go on from `old` to `new`.
    fn request(&self, old: u64, new: u64) -> String {
        let mut nodes = |node: Node| {
            let width = 1_usize << node.level;
            let first = usize::try_from(node.index).unwrap() * width;
            let leaves = self.0[first..first + width].iter().copied();
            Ok::<_, Infallible>(Frontier::from_iter(leaves).root())
        };
        let proof = match (1..new).contains(&old) {
            true => prove_consistency(&mut nodes, old, new).unwrap(),
            false => Vec::new(),
        };
        AddCheckpoint::new(old, proof, self.signed(new))
            .unwrap()
            .to_string()
    }
}

#[test]
fn the_published_dialogue_is_held_over_http() {
    let vectors: Value = serde_json::from_str(VECTORS).unwrap();
    let place = Place::new();
    let mut server = place.serve();
    let steps = vectors["witness_add_checkpoint"]["steps"]
        .as_array()
        .unwrap();
    assert_eq!(steps.len(), 11);
    let digest = Hash::digest(b"ledger.example/city-a");
    let latest = format!(
        "{}/{}/checkpoint",
        server.address(),
        hex::encode(digest.as_bytes())
    );
    assert_eq!(answered(agent().get(&latest).call()).unwrap().status, 404);
    let known = vectors["keys"][2]["vkey"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap();
    let known = [known];
    let mut cosigned = String::new();
    for step in steps {
        let desc = &step["desc"];
        let request = step["request"].as_str().unwrap();
        let said = post(server.address(), request).unwrap();
        assert_eq!(u64::from(said.status), step["status"], "{desc}: {said:?}");
        match step.get("response_body") {
            Some(body) => {
                assert_eq!(
                    (&said.body[..], &said.content_type[..]),
                    (
                        body.as_str().unwrap(),
                        step["content_type"].as_str().unwrap()
                    )
                );
            }
            None => assert!(said.content_type.starts_with("text/plain"), "{said:?}"),
        }
        if said.status == 200 {
            let mut signed = AddCheckpoint::parse(request.as_bytes())
                .unwrap()
                .checkpoint()
                .clone();
            let answer = Cosignatures::parse(said.body.as_bytes()).unwrap();
            let [signature] = answer.signatures() else {
                panic!("{answer}")
            };
            let verified = signed.add_verified(signature.clone(), &known).unwrap();
            assert!(verified.time.is_some_and(|time| 1_700_000_000 < time));
            cosigned = signed.to_string();
        }
        // What it cosigned last anybody can read, whatever was refused since.
        let told = answered(agent().get(&latest).call()).unwrap();
        assert_eq!((told.status, &told.body), (200, &cosigned), "{desc}");
    }
    // The step with another root at one size is evidence, and it is kept.
    let kept: Vec<_> = fs::read_dir(place.state().join("forks")).unwrap().collect();
    assert_eq!(kept.len(), 2);
    assert_eq!(server.stop(), 0);
    // It remembers, and another process may have the folder now.
    let server = place.serve();
    let first = post(server.address(), steps[0]["request"].as_str().unwrap()).unwrap();
    assert_eq!((first.status, first.body.as_str()), (409, "8\n"));
}

#[test]
fn what_is_too_much_or_no_request_is_refused() {
    let place = Place::new();
    let server = place.serve();
    let size = ADD_CHECKPOINT_BYTES_MAX + 1;
    let long = post(server.address(), &"a".repeat(size));
    // The answer may come before all was sent, and the connection with it end.
    assert!(long.map_or(true, |said| said.status == 413));
    assert_eq!(post(server.address(), "").unwrap().status, 400);
    let get = agent()
        .get(format!("{}/add-checkpoint", server.address()))
        .call();
    assert_eq!(answered(get).unwrap().status, 405);
    let other = agent()
        .get(format!("{}/x/checkpoint", server.address()))
        .call();
    assert_eq!(answered(other).unwrap().status, 404);
    // Nonsense on a connection ends that connection.
    let address = server.address().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"\x00\x01 nonsense\r\n\r\n").unwrap();
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    assert_eq!(
        post(server.address(), &Log::of("a", 3).request(0, 3))
            .unwrap()
            .status,
        200
    );
}

#[test]
fn one_of_many_at_once_goes_first_and_the_others_are_told() {
    let place = Place::new();
    let server = place.serve();
    let logs = ["a", "b", "c", "d"].map(|name| Log::of(name, 9));
    // Four histories under one origin ask at once, twice each: one is the log's, the others are forks.
    let answers: Vec<Answered> = std::thread::scope(|scope| {
        let asking = logs.iter().flat_map(|log| [(log, 0, 5), (log, 0, 5)]);
        let asking = asking.map(|(log, old, new)| {
            let address = server.address();
            scope.spawn(move || post(address, &log.request(old, new)).unwrap())
        });
        let asking: Vec<_> = asking.collect();
        asking
            .into_iter()
            .map(|asked| asked.join().unwrap())
            .collect()
    });
    let cosigned = answers.iter().filter(|said| said.status == 200).count();
    let told = answers
        .iter()
        .filter(|said| (said.status, said.body.as_str()) == (409, "5\n"));
    assert_eq!((cosigned, told.count()), (1, 7), "{answers:?}");
    let goes_on = logs
        .iter()
        .filter(|log| post(server.address(), &log.request(5, 9)).unwrap().status == 200);
    assert_eq!(goes_on.count(), 1);
}

#[test]
fn no_kill_makes_it_forget_what_it_cosigned() {
    let place = Place::new();
    let (honest, fork) = (Log::of("a", 4_000), Log::of("b", 4_000));
    // The largest size whose cosignature somebody has.
    let has = Arc::new(AtomicU64::new(0));
    let mut next = 1;
    for round in 0..12_u64 {
        let mut server = place.serve();
        let known = match post(server.address(), &honest.request(0, next)).unwrap() {
            said if said.status == 409 => said.body.trim_end().parse::<u64>().unwrap(),
            said => {
                assert_eq!((said.status, has.load(Ordering::SeqCst)), (200, 0));
                has.store(next, Ordering::SeqCst);
                next
            }
        };
        assert!(
            has.load(Ordering::SeqCst) <= known,
            "it forgot what it cosigned"
        );
        for size in [known, known + 3] {
            let forked = post(server.address(), &fork.request(known, size)).unwrap();
            assert_eq!(forked.status, 422, "{forked:?}");
        }
        // The answer that was lost can be had again.
        assert_eq!(
            post(server.address(), &honest.request(known, known))
                .unwrap()
                .status,
            200
        );
        let asked = has.clone();
        let address = server.address().to_owned();
        let requests: Vec<(u64, String)> = (known..known + 200)
            .map(|old| (old + 1, honest.request(old, old + 1)))
            .collect();
        next = known + 200;
        let (tell, told) = std::sync::mpsc::channel();
        let asking = std::thread::spawn(move || {
            let agent = agent();
            for (size, request) in requests {
                let url = format!("{address}/add-checkpoint");
                match answered(agent.post(&url).send(&request)) {
                    Ok(said) => {
                        assert_eq!(said.status, 200, "{said:?}");
                        asked.store(size, Ordering::SeqCst);
                        let _ = tell.send(size);
                    }
                    Err(_) => return,
                }
            }
        });
        // At another moment each round: after so many answers the next is under way.
        told.iter()
            .take(usize::try_from(1 + round * 3).unwrap())
            .for_each(drop);
        server.kill();
        asking.join().unwrap();
    }
    assert!(12 < has.load(Ordering::SeqCst));
}

#[test]
fn a_witness_that_lost_its_memory_does_not_serve() {
    let place = Place::new();
    let mut server = place.serve();
    let said = post(server.address(), &Log::of("a", 5).request(0, 5)).unwrap();
    assert_eq!(said.status, 200);
    assert_eq!(server.stop(), 0);
    let seen = place.state().join("seen");
    let whole = fs::read_to_string(&seen).unwrap();
    fs::write(&seen, whole.replace("\n5\n", "\n4\n")).unwrap();
    let refused = |expected: &str| {
        let logs = place.folder.path().join("logs");
        let ended = witness(
            &[
                "serve",
                "--listen",
                "127.0.0.1:0",
                "--logs",
                logs.to_str().unwrap(),
            ],
            &place.state(),
        );
        assert_eq!(ended.status.code(), Some(11), "{ended:?}");
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    };
    refused("digest");
    fs::remove_file(&seen).unwrap();
    refused("missing");
}

fn witness(words: &[&str], state: &Path) -> std::process::Output {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_daicho"));
    command.arg("witness").args(words).arg("--state").arg(state);
    command.env("LC_ALL", "C").output().unwrap()
}
