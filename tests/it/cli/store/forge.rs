//! Journals and read copies with other content and right checksums, as somebody would make them who knows the formats
//! and has everything but the key: written from the formats (`src/log/journal.rs`, `src/log/copy.rs`), not with our code.

use std::fs;
use std::path::{Path, PathBuf};

use daicho::merkle::{Frontier, Hash, leaf_hash};

const HEADER: usize = 64;

/// A record of a journal as its bytes say.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) offset: usize,
    pub(super) kind: u8,
    head: [u8; 24],
    pub(super) body: Vec<u8>,
}

/// One ledger's part of a group.
#[derive(Clone, Debug)]
pub(super) struct Section {
    ledger: [u8; 16],
    generation: u64,
    pub(super) first: u64,
    pub(super) leaves: Vec<Vec<u8>>,
    root: [u8; 32],
}

fn number(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |all, byte| all << 8 | u64::from(*byte))
}

/// The file of a segment with its records.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    path: PathBuf,
    header: Vec<u8>,
    pub(super) records: Vec<Record>,
}

impl Segment {
    pub(super) fn read(path: &Path) -> Self {
        let file = fs::read(path).unwrap();
        let (mut at, mut records) = (HEADER, Vec::new());
        // Zeros may follow, where it was filled ahead.
        while file[at..].iter().any(|byte| *byte != 0) {
            assert_eq!(&file[at..at + 4], b"DJrc");
            let length = number(&file[at + 4..at + 8]) as usize;
            records.push(Record {
                offset: at,
                kind: file[at + 12],
                head: file[at..at + 24].try_into().unwrap(),
                body: file[at + 24..at + length].to_vec(),
            });
            at += length;
        }
        Self {
            path: path.to_owned(),
            header: file[..HEADER].to_vec(),
            records,
        }
    }

    /// Writes it with right lengths, numbers and checksums.
    pub(super) fn write(&self) {
        let folder = &self.header[16..32];
        let mut file = self.header.clone();
        for (number, record) in (0_u32..).zip(&self.records) {
            let mut bytes = record.head.to_vec();
            bytes.extend_from_slice(&record.body);
            bytes.resize(bytes.len().next_multiple_of(8), 0);
            let length = bytes.len() as u32;
            bytes[4..8].copy_from_slice(&length.to_be_bytes());
            bytes[20..24].copy_from_slice(&number.to_be_bytes());
            let crc = crc32c::crc32c(folder);
            let crc = crc32c::crc32c_append(crc, &bytes[..8]);
            let crc = crc32c::crc32c_append(crc, &bytes[12..]);
            bytes[8..12].copy_from_slice(&crc.to_be_bytes());
            file.extend_from_slice(&bytes);
        }
        fs::write(&self.path, file).unwrap();
    }

    /// Changes the events of a journal of one ledger and one segment, and makes all that groups say of them fit.
    pub(super) fn forge(&mut self, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
        let groups: Vec<usize> = (0..self.records.len())
            .filter(|at| self.records[*at].kind == 1)
            .collect();
        let sections: Vec<Section> = groups
            .iter()
            .map(|at| Section::decode(&self.records[*at].body))
            .collect();
        let counts: Vec<usize> = sections.iter().map(|s| s.leaves.len()).collect();
        let mut leaves: Vec<Vec<u8>> = sections.iter().flat_map(|s| s.leaves.clone()).collect();
        change(&mut leaves);
        let (mut frontier, mut at) = (Frontier::new(), 0);
        for ((number, section), count) in groups.iter().zip(&sections).zip(counts) {
            // Whatever was added or taken out, the last group makes up for.
            let end = match number == groups.last().unwrap() {
                true => leaves.len(),
                false => (at + count).min(leaves.len()),
            };
            let first = at as u64;
            let these = leaves[at..end].to_vec();
            these.iter().for_each(|leaf| frontier.push(leaf_hash(leaf)));
            at = end;
            let root = *frontier.root().as_bytes();
            let section = Section {
                first,
                leaves: these,
                root,
                ..section.clone()
            };
            self.records[*number].body = section.encode();
        }
    }
}

impl Section {
    pub(super) fn decode(body: &[u8]) -> Self {
        assert_eq!(number(&body[..4]), 1, "one ledger");
        let fields = &body[4..84];
        let leaves = unframed(&body[84..84 + number(&fields[36..40]) as usize]);
        Self {
            ledger: fields[..16].try_into().unwrap(),
            generation: number(&fields[16..24]),
            first: number(&fields[24..32]),
            leaves,
            root: fields[48..80].try_into().unwrap(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let framed = framed(&self.leaves);
        let mut body = 1_u32.to_be_bytes().to_vec();
        body.extend_from_slice(&self.ledger);
        body.extend_from_slice(&self.generation.to_be_bytes());
        body.extend_from_slice(&self.first.to_be_bytes());
        body.extend_from_slice(&(self.leaves.len() as u32).to_be_bytes());
        body.extend_from_slice(&(framed.len() as u32).to_be_bytes());
        body.extend_from_slice(&(self.first + self.leaves.len() as u64).to_be_bytes());
        body.extend_from_slice(&self.root);
        body.extend_from_slice(&framed);
        body
    }
}

fn framed(leaves: &[Vec<u8>]) -> Vec<u8> {
    let mut framed = Vec::new();
    for leaf in leaves {
        prost::encode_length_delimiter(leaf.len(), &mut framed).unwrap();
        framed.extend_from_slice(leaf);
    }
    framed
}

fn unframed(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    while !rest.is_empty() {
        let length = prost::decode_length_delimiter(rest).unwrap();
        let start = prost::length_delimiter_len(length);
        leaves.push(rest[start..start + length].to_vec());
        rest = &rest[start + length..];
    }
    leaves
}

/// What leaves come to.
fn frontier(leaves: &[Vec<u8>]) -> Frontier {
    leaves.iter().map(|leaf| leaf_hash(leaf)).collect()
}

/// sled as the server opens it.
pub(in crate::cli) fn sled(data: &Path) -> sled::Db {
    let config = sled::Config::new()
        .path(data.join("sled"))
        .mode(sled::Mode::HighThroughput)
        .segment_size(8 * 1024 * 1024)
        .flush_every_ms(None);
    // The threads of an older handle let go of the file a moment after it is dropped.
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                std::thread::yield_now();
            }
            opened => return opened.unwrap(),
        }
    }
}

/// A key and its value.
pub(super) type Entry = (Vec<u8>, Vec<u8>);

/// Everything that sled says.
pub(super) fn content(data: &Path) -> Result<Vec<Entry>, String> {
    let opened = std::panic::catch_unwind(|| sled(data)).map_err(|_| "a panic".to_owned())?;
    let all = opened.iter().map(|entry| {
        let (key, value) = entry.map_err(|error| error.to_string())?;
        Ok((key.to_vec(), value.to_vec()))
    });
    all.collect()
}

fn crc_of(key: &[u8], value: &[u8]) -> [u8; 4] {
    crc32c::crc32c_append(crc32c::crc32c(key), value).to_be_bytes()
}

/// The events of the read copy of one ledger, in records as they stand.
pub(super) fn copied(db: &sled::Db) -> Vec<(Vec<u8>, Vec<Vec<u8>>)> {
    let records = db.scan_prefix([1]).map(|entry| {
        let (key, value) = entry.unwrap();
        let trailer = value.len() - 13;
        let length = number(&value[trailer..trailer + 4]) as usize;
        let count = number(&value[trailer + 4..trailer + 8]) as usize;
        let packed = &value[..trailer - 2 * count];
        let unpacked = zstd::bulk::decompress(packed, length).unwrap();
        (key.to_vec(), unframed(&unpacked))
    });
    records.collect()
}

/// Changes the events of the read copy of one ledger, and makes all that it says of them fit.
pub(super) fn forge_copy(db: &sled::Db, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let records = copied(db);
    let mut leaves: Vec<Vec<u8>> = records
        .iter()
        .flat_map(|(_, leaves)| leaves.clone())
        .collect();
    change(&mut leaves);
    let mut at = 0;
    for (number, (key, before)) in records.iter().enumerate() {
        let end = match number + 1 == records.len() {
            true => leaves.len(),
            false => (at + before.len()).min(leaves.len()),
        };
        db.insert(key, record(key, &leaves[at..end])).unwrap();
        at = end;
    }
    let (key, value) = db.scan_prefix([2]).next().unwrap().unwrap();
    let mut value = value[..8].to_vec();
    value.extend_from_slice(&(leaves.len() as u64).to_be_bytes());
    value.extend_from_slice(frontier(&leaves).root().as_bytes());
    let crc = crc_of(&key, &value);
    value.extend_from_slice(&crc);
    db.insert(key, value).unwrap();
    db.flush().unwrap();
}

fn record(key: &[u8], leaves: &[Vec<u8>]) -> Vec<u8> {
    let (mut framing, mut offsets) = (Vec::new(), Vec::new());
    for leaf in leaves {
        offsets.push(framing.len() as u16);
        framing.extend_from_slice(&framed(std::slice::from_ref(leaf)));
    }
    let mut value = zstd::bulk::compress(&framing, 1).unwrap();
    offsets
        .iter()
        .for_each(|offset| value.extend_from_slice(&offset.to_be_bytes()));
    value.extend_from_slice(&(framing.len() as u32).to_be_bytes());
    value.extend_from_slice(&(leaves.len() as u32).to_be_bytes());
    let crc = crc_of(key, &value);
    value.extend_from_slice(&crc);
    value.push(1);
    value
}

/// Puts another note under the key of a kept checkpoint of the read copy, or takes it away.
pub(super) fn replace_kept(db: &sled::Db, size: u64, note: Option<(Hash, &str)>) {
    let ledger = db.scan_prefix([2]).next().unwrap().unwrap().0[1..].to_vec();
    let key = [&[4][..], &ledger, &size.to_be_bytes()].concat();
    match note {
        None => assert!(db.remove(key).unwrap().is_some()),
        Some((root, note)) => {
            let mut value = [root.as_bytes(), note.as_bytes()].concat();
            let crc = crc_of(&key, &value);
            value.extend_from_slice(&crc);
            db.insert(key, value).unwrap();
        }
    }
    db.flush().unwrap();
}

/// A kept checkpoint of the journal: its size, and where its note begins in the body.
pub(super) fn kept(record: &Record) -> Option<(u64, usize)> {
    (record.kind == 2).then(|| (number(&record.body[16..24]), 60))
}
