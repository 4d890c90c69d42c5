//! What targets begin with that code makes; `seeds.py` writes the rest. Nothing without `FUZZ_CORPUS`, the folder of the corpora.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use daicho::api::v1;
use daicho::clock::system_now;
use daicho::domain::event::Recorded;
use daicho::grpc::event::show_event;
use daicho::log::{
    CommitLog as _, EmbeddedConfig, EmbeddedLog, Freshness, Head, Leaf, LedgerCommit,
};
use daicho::merkle::{KeyName, SignatureType, SigningKey};
use daicho::proof::key_file::Slot;
use daicho::proof::{KeyFolder, KeyLock, KeyLockFile};
use prost::Message as _;
use prost_reflect::{DynamicMessage, Kind, MapKey, MessageDescriptor, Value};
use sha2::{Digest as _, Sha256};

use crate::folder::{FOLDER, file};
use crate::world::{API, APPEND_EVENTS, LEAVES, recorded};

fn write(target: &str, seeds: impl IntoIterator<Item = (String, Vec<u8>)>) {
    let Some(corpus) = std::env::var_os("FUZZ_CORPUS") else {
        return;
    };
    let folder = PathBuf::from(corpus).join(target);
    fs::create_dir_all(&folder).expect("a folder");
    for (name, bytes) in seeds {
        fs::write(folder.join(format!("seed-{name}")), bytes).expect("a file");
    }
}

/// An append of each type of event.
pub fn appends(target: &str) {
    let append = |(name, recorded): (&str, Recorded)| {
        let request = v1::AppendEventsRequest {
            request_id: recorded.request_id.to_string(),
            events: vec![show_event(&recorded.event)],
            ..Default::default()
        };
        (name.to_owned(), request.encode_to_vec())
    };
    write(target, recorded().map(append));
}

/// Some calls of each method: its number, and a message with every field.
pub fn calls(target: &str) {
    let mut seeds = Vec::new();
    for (number, method) in (0..).zip(&API.methods) {
        for turn in 0..3 {
            let message = filled(&method.input, &mut (turn * 5), 4).encode_to_vec();
            let name = format!(
                "{}-{turn}",
                method.path.rsplit('/').next().unwrap_or_default()
            );
            seeds.push((name, [vec![number], message].concat()));
        }
        seeds.push((format!("empty-{number}"), vec![number]));
        if method.path == APPEND_EVENTS {
            let append = [vec![number], API.append.encode_to_vec()].concat();
            seeds.push(("append".to_owned(), append));
        }
    }
    write(target, seeds);
}

/// Messages of one stream, as an input holds them.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Messages {
    /// As they come.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub messages: Vec<Vec<u8>>,
}

/// Some streams of each method that takes one: its number, and what comes on it.
pub fn streams(target: &str) {
    let submit = |append: &v1::AppendEventsRequest| {
        let append = Some(append.clone());
        v1::SubmitEventsRequest { append }.encode_to_vec()
    };
    let put = |frame| v1::PutEvidenceRequest { frame: Some(frame) }.encode_to_vec();
    let words = b"minutes of a meeting";
    let file = v1::EvidenceFile {
        sha256: Sha256::digest(words).to_vec(),
        media_type: "text/plain".to_owned(),
        size_bytes: words.len() as u64,
        ..Default::default()
    };
    let piece = |bytes: &'static [u8]| put(v1::put_evidence_request::Frame::Piece(bytes.into()));
    let mut seeds = Vec::new();
    for (number, method) in (0..).zip(&API.streams) {
        let sent = match method.path.rsplit('/').next() {
            Some("SubmitEvents") => vec![submit(&API.append); 3],
            Some("PutEvidence") => {
                let file = put(v1::put_evidence_request::Frame::File(file.clone()));
                vec![file, piece(&words[..7]), piece(&words[7..])]
            }
            _ => (0..3)
                .map(|turn| filled(&method.input, &mut (turn * 5), 4).encode_to_vec())
                .collect(),
        };
        let all = Messages { messages: sent }.encode_to_vec();
        seeds.push((format!("{number}"), [vec![number], all].concat()));
        seeds.push((format!("empty-{number}"), vec![number]));
    }
    write(target, seeds);
}

/// A message with something in every field, down to some depth; one field of each choice.
fn filled(of: &MessageDescriptor, turn: &mut usize, depth: usize) -> DynamicMessage {
    let mut message = DynamicMessage::new(of.clone());
    for field in of.fields() {
        *turn += 1;
        let is_chosen = field.containing_oneof().is_none_or(|choice| {
            let fields: Vec<_> = choice.fields().collect();
            fields.len() == 1 || fields[*turn % fields.len()].number() == field.number()
        });
        // No page goes on where none was answered, and most filters find nothing.
        if !is_chosen || field.name() == "page_token" || turn.is_multiple_of(4) {
            continue;
        }
        let value = match field.kind() {
            Kind::String => Value::String(API.words[*turn % API.words.len()].clone()),
            Kind::Bytes => Value::Bytes(Bytes::from_static(&[7; 32])),
            Kind::Bool => Value::Bool(true),
            Kind::Enum(_) => Value::EnumNumber(1),
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(1),
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(1),
            Kind::Uint32 | Kind::Fixed32 => Value::U32(1),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(1),
            Kind::Double => Value::F64(1.0),
            Kind::Float => Value::F32(1.0),
            Kind::Message(_) if depth == 0 => continue,
            Kind::Message(inner) => Value::Message(filled(&inner, turn, depth - 1)),
        };
        if field.is_map() {
            let entries = [(MapKey::String(String::new()), value)];
            message.set_field(&field, Value::Map(entries.into()));
        } else if field.is_list() {
            message.set_field(&field, Value::List(vec![value]));
        } else {
            message.set_field(&field, value);
        }
    }
    message
}

/// The journal of a data folder with the kept leaves.
pub fn journal(target: &str) {
    if std::env::var_os("FUZZ_CORPUS").is_none() {
        return;
    }
    let root = FOLDER.join("embedded");
    let now = Arc::new(|| system_now().as_microsecond());
    let log = EmbeddedLog::open(EmbeddedConfig::new(&root, now)).expect("a new folder");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let ledger = recorded().next().expect("a leaf").1.ledger;
    let mut head = Head::EMPTY;
    for leaves in LEAVES.chunks(8).take(4) {
        let leaves: Vec<Leaf> = leaves
            .iter()
            .map(|(_, leaf)| Leaf::new(leaf.clone()))
            .collect();
        let commit = LedgerCommit::new(ledger, head, leaves);
        runtime.block_on(log.append(vec![commit]));
        head = runtime
            .block_on(log.head(ledger, Freshness::Local))
            .expect("a head");
    }
    runtime.block_on(log.close()).expect("a whole log");
    let files = daicho::log::fuzzing::written(&root).into_iter();
    // With 8 checksums are as they are; else they are mended.
    let kinds = [0_u8, 1, 2, 3, 8];
    let seeds = files.zip(0..).flat_map(|(file, number)| {
        kinds.map(|kind| (format!("{number}-{kind}"), [&[kind, 0][..], &file].concat()))
    });
    write(target, seeds);
}

/// Records of the read copy.
pub fn copied(target: &str) {
    let leaves: Vec<Bytes> = LEAVES.iter().map(|(_, leaf)| leaf.clone().into()).collect();
    let seeds = [1, 4].map(|count| {
        let record = daicho::log::fuzzing::copied(&leaves[..count]);
        (format!("{count}"), [vec![0], record].concat())
    });
    write(target, seeds);
}

/// What signing keys are encrypted to.
pub fn lock() -> KeyLock {
    let identity = b"AGE-SECRET-KEY-1QURSWPC8QURSWPC8QURSWPC8QURSWPC8QURSWPC8QURSWPC8QURSKMP32K";
    let file = KeyLockFile::Identity(file("lock", identity));
    KeyLock::read(Some(&file)).expect("an identity")
}

/// A signing key, as it is and encrypted.
pub fn keys(target: &str) {
    let (ledger, name) = (
        recorded().next().expect("a leaf").1.ledger,
        KeyName::parse("ledger.example/city-a").expect("a name"),
    );
    let key = SigningKey::from_seed(name, SignatureType::Ed25519, &[7; 32]);
    let seeds = [("open", KeyLock::Open), ("closed", lock())].map(|(called, lock)| {
        let keys = KeyFolder::new(&FOLDER.join(called), lock);
        keys.add(ledger, Slot::First, &key).expect("a key");
        let files = keys.files(ledger).expect("its file");
        let bytes = fs::read(&files[0].path).expect("its file");
        (called.to_owned(), [&[3], bytes.as_slice()].concat())
    });
    write(target, seeds);
}
