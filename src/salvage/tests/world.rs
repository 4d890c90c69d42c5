//! Ledgers of real events in real data folders with small segments, and ways to damage those.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use tempfile::TempDir;
use uuid::Uuid;

use crate::domain::event::{
    ClockKind, Event, LedgerContinued, LedgerOpened, NarrativeAdded, NarrativeKind, Payload,
    Stream, Subject, Validity,
};
use crate::domain::id::{LedgerId, RequestId};
use crate::domain::testing::{code, day, event_id, goal_id, name, person, text, title};
use crate::domain::trust::CheckpointNote;
use crate::log::codec::{RequestPlace, ServerPart, encode_client_part};
use crate::log::copy::{CopyBatch, ReadCopy};
use crate::log::journal::segment::Scan;
use crate::log::journal::{FolderId, Record};
use crate::log::{
    Checkpoint, CommitLog as _, EmbeddedConfig, EmbeddedLog, Head, Leaf, LedgerCommit, Outcome,
};
use crate::merkle::{
    self, Frontier, Hash, KeyName, SignatureType, SignedCheckpoint, Signer, SigningKey, Tile,
    TileBuilder, TileContent, TreeHead, TrustPolicy, encode_entries,
};
use crate::proof::bundle::{Listed, Manifest};
use crate::proof::key_file::Slot;
use crate::proof::{KeyFolder, KeyLock, last_checkpoint_file};
use crate::salvage::{SalvageError, Salvaged, Terms, salvage};

pub(super) const ORIGIN: &str = "city.example/daicho";

/// A ledger and the key that signs for it.
#[derive(Clone)]
pub(super) struct Book {
    pub(super) ledger: LedgerId,
    pub(super) generation: u64,
    pub(super) origin: String,
    pub(super) leaves: Vec<Leaf>,
    /// The sizes at which requests end, ascending.
    pub(super) borders: Vec<u64>,
    streams: HashMap<Stream, (u64, Hash)>,
    generations: Vec<u64>,
    /// What its keys are made of, with the generation.
    pub(super) seed: u8,
}

impl Book {
    /// A ledger that was just opened.
    pub(super) fn new() -> Self {
        Self::of("salvaged")
    }

    /// The ledger of this name, that was just opened.
    pub(super) fn of(named: &str) -> Self {
        let ledger = LedgerId::derived(Uuid::from_u128(7), named);
        let mut book = Self {
            ledger,
            generation: 1,
            origin: ORIGIN.to_owned(),
            leaves: Vec::new(),
            borders: Vec::new(),
            streams: HashMap::new(),
            generations: Vec::new(),
            seed: 0,
        };
        let opened = LedgerOpened {
            ledger,
            code: code("city"),
            title: title("市"),
            origin: name(ORIGIN),
            time_zone: name("Asia/Tokyo"),
            locale: name("ja"),
            sample: false,
            clock: ClockKind::System,
            access_log_of: None,
        };
        let opened = Event::new(
            event_id("opened"),
            Stream::ledger(ledger),
            Payload::from(opened),
        );
        book.request("opened", vec![opened]);
        book
    }

    pub(super) fn size(&self) -> u64 {
        self.leaves.len() as u64
    }

    /// Adds requests of one to three events until there are `size` events or a little more. `words` tell histories apart.
    pub(super) fn grow(&mut self, size: u64, words: &str) {
        while self.size() < size {
            let first = self.size();
            let events = (first..first + 1 + first % 3).map(|position| note(position, words));
            let events = events.collect();
            self.request(&format!("{words} {first}"), events);
        }
    }

    /// Adds a request of these events.
    pub(super) fn request(&mut self, name: &str, events: Vec<Event>) {
        let count = events.len() as u32;
        let id = RequestId::derived(Uuid::from_u128(9), name);
        for (index, event) in (0..).zip(events) {
            let position = self.size();
            let (revision, previous) = self.streams.get(&event.stream).map_or((1, None), |last| {
                let (revision, hash) = *last;
                (revision + 1, Some(hash))
            });
            let place = RequestPlace { id, index, count };
            let part = encode_client_part(&event, self.ledger, &person("tester"), place).unwrap();
            let leaf = part.finish(&ServerPart {
                generation: self.generation,
                position,
                revision,
                recorded_at: Timestamp::new(1_700_000_000 + position as i64, 0).unwrap(),
                prev_leaf_hash: previous,
            });
            self.streams.insert(event.stream, (revision, leaf.hash));
            self.generations.push(self.generation);
            self.leaves.push(leaf);
        }
        self.borders.push(self.size());
    }

    /// Goes on in the next generation, after what `last` says was signed.
    pub(super) fn go_on(&mut self, last: &SignedCheckpoint) {
        self.generation += 1;
        self.origin = format!("{ORIGIN}/g{}", self.generation);
        let continued = LedgerContinued {
            origin: name(&self.origin),
            previous_checkpoint: CheckpointNote::parse(&last.note().to_string()).unwrap(),
        };
        let stream = Stream::ledger(self.ledger);
        let event = Event::new(event_id(&self.origin), stream, Payload::from(continued));
        self.request(&self.origin.clone(), vec![event]);
    }

    pub(super) fn root(&self, size: u64) -> Hash {
        let leaves = self.leaves.iter().take(size as usize);
        let frontier: Frontier = leaves.map(|leaf| leaf.hash).collect();
        frontier.root()
    }

    pub(super) fn key(&self) -> SigningKey {
        let name = KeyName::parse(&self.origin).unwrap();
        let seed = self.seed + self.generation as u8;
        SigningKey::from_seed(name, SignatureType::Ed25519, &[seed; 32])
    }

    /// The checkpoint of `size`, by the key of now.
    pub(super) fn signed(&self, size: u64) -> SignedCheckpoint {
        let key = self.key();
        let root = self.root(size);
        let head = TreeHead { size, root };
        let checkpoint = merkle::Checkpoint::new(key.key().name(), head).unwrap();
        SignedCheckpoint::sign(checkpoint, [&key as &dyn Signer], 0).unwrap()
    }

    /// A stopped server's data folder with all of it: a group for each request, and what `signs` says of each size is signed.
    pub(super) async fn folder(&self, signs: impl Fn(u64) -> bool) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        self.write(folder.path(), signs).await;
        folder
    }

    /// The same, going on in a folder that has the beginning.
    pub(super) async fn write(&self, folder: &Path, signs: impl Fn(u64) -> bool) {
        let mut config = EmbeddedConfig::new(folder, Arc::new(|| 0));
        config.segment_bytes = 16 * 1024;
        config.room_bytes = 0;
        config.pack = false;
        let log = EmbeddedLog::open(config).unwrap();
        let heads = log.heads(crate::log::Freshness::Local).await.unwrap();
        let head = heads.iter().find(|(ledger, _)| *ledger == self.ledger);
        let mut head = head.map_or(Head::EMPTY, |(_, head)| *head);
        let mut last = None;
        let begun = head.size;
        for border in self.borders.iter().filter(|border| begun < **border) {
            let leaves = self.leaves[head.size as usize..*border as usize].to_vec();
            let commit = LedgerCommit {
                ledger: self.ledger,
                expected: head,
                generation: self.generations[head.size as usize],
                leaves,
            };
            let outcome = log.append(vec![commit]).await.pop().unwrap();
            let Outcome::Committed(after) = outcome else {
                panic!("{outcome:?}")
            };
            let sizes = head.size + 1..=after.size;
            head = after;
            for size in sizes.filter(|size| signs(*size)) {
                let signed = self.signed(size);
                let kept = Checkpoint {
                    ledger: self.ledger,
                    size,
                    root: self.root(size),
                    note: signed.note().to_string().into(),
                };
                log.keep_checkpoint(kept).await.unwrap();
                last = Some(signed);
            }
        }
        log.settle().await.unwrap();
        log.close().await.unwrap();
        if let Some(last) = last {
            let path = last_checkpoint_file(folder, self.ledger);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, last.note().to_string()).unwrap();
            let keys = KeyFolder::new(folder, KeyLock::Open);
            keys.add(
                self.ledger,
                Slot::Announced(self.key().key().id()),
                &self.key(),
            )
            .unwrap();
        }
    }

    /// Keeps the checkpoint of `size` in a folder once more, with a signature of `witness` behind it. The line that it adds.
    pub(super) async fn cosign(&self, folder: &Path, size: u64, witness: &str) -> String {
        let (signed, line) = with_witness(self.signed(size), witness);
        self.keep(folder, &signed).await;
        line
    }

    /// Keeps a checkpoint in a folder.
    pub(super) async fn keep(&self, folder: &Path, signed: &SignedCheckpoint) {
        let head = signed.checkpoint().head();
        let log = EmbeddedLog::open(EmbeddedConfig::new(folder, Arc::new(|| 0))).unwrap();
        let kept = Checkpoint {
            ledger: self.ledger,
            size: head.size,
            root: head.root,
            note: signed.note().to_string().into(),
        };
        log.keep_checkpoint(kept).await.unwrap();
        log.close().await.unwrap();
    }

    /// A bundle of the first `size` events.
    pub(super) fn bundle(&self, size: u64) -> TempDir {
        let folder = tempfile::tempdir().unwrap();
        let mut files: Vec<(String, Vec<u8>)> = Vec::new();
        let leaves = &self.leaves[..size as usize];
        for tile in Tile::all_entries(size) {
            let from = tile.index() as usize * 256;
            let these = &leaves[from..from + usize::from(tile.width())];
            let these = these.iter().map(|leaf| leaf.bytes.as_ref());
            files.push((tile.to_string(), encode_entries(these).unwrap()));
        }
        let mut tiles = TileBuilder::new();
        let mut put = |tile: Tile, hashes: &[Hash]| {
            if tile.content() == TileContent::Hashes(0) {
                files.push((tile.to_string(), Tile::encode(hashes)));
            }
        };
        leaves
            .iter()
            .for_each(|leaf| tiles.push(leaf.hash, &mut put));
        tiles.partial().for_each(|(tile, hashes)| put(tile, hashes));
        let note = self.signed(size).note().to_string();
        files.push(("checkpoint".to_owned(), note.clone().into_bytes()));
        files.push((format!("checkpoints/{size:020}"), note.into_bytes()));
        files.push((
            "keys.txt".to_owned(),
            format!("{}\n", self.key().key()).into_bytes(),
        ));
        let listed = files.iter().map(|(path, bytes)| Listed {
            path: path.clone(),
            bytes: bytes.len() as u64,
            sha256: Hash::digest(bytes),
        });
        let manifest = Manifest {
            origin: self.origin.clone(),
            ledger: self.ledger.to_string(),
            code: "city".to_owned(),
            generation: self.generation,
            size,
            root: self.root(size),
            sample: false,
            files: listed.collect(),
        };
        files.push(("manifest.json".to_owned(), manifest.to_text().into_bytes()));
        for (path, bytes) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        folder
    }
}

/// A checkpoint with a signature of `witness` behind those that it has, and the line that this adds.
pub(super) fn with_witness(
    mut signed: SignedCheckpoint,
    witness: &str,
) -> (SignedCheckpoint, String) {
    let name = KeyName::parse(witness).unwrap();
    let key = SigningKey::from_seed(name, SignatureType::Ed25519, &[9; 32]);
    let signature = merkle::sign(&key, signed.note().text(), 0).unwrap();
    let line = signature.to_string();
    signed.add(signature).unwrap();
    (signed, line)
}

/// A note that says `words`.
pub(super) fn note(position: u64, words: &str) -> Event {
    let goal = goal_id(&format!("{}", position % 5));
    let payload = NarrativeAdded {
        subject: Subject::Goal(goal),
        kind: NarrativeKind::Note,
        text: text(&format!("{words}の{position}番目、{}", "長い話".repeat(20))),
    };
    Event {
        valid: Some(Validity::from(day("2023-09-30"))),
        ..Event::new(
            event_id(&format!("{words} {position}")),
            Stream::goal(goal),
            Payload::from(payload),
        )
    }
}

fn id_of(folder: &Path) -> FolderId {
    let format = fs::read_to_string(folder.join("format")).unwrap();
    let mut id = [0; 16];
    let text = format.lines().last().unwrap().strip_prefix("id ").unwrap();
    hex::decode_to_slice(text, &mut id).unwrap();
    FolderId(id)
}

/// Damages every group of the journal that has events from `from` up to `to`.
pub(super) fn damage_journal(folder: &Path, from: u64, to: u64) {
    let mut hurt = 0;
    for entry in fs::read_dir(folder.join("journal")).unwrap() {
        let path = entry.unwrap().path();
        let number = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let mut bytes = fs::read(&path).unwrap();
        let scan = Scan::of(bytes.clone().into(), id_of(folder), number);
        for found in &scan.records {
            if let Record::Group(sections) = &found.decoded.record
                && sections[0].first < to
                && from < sections[0].end()
            {
                bytes[found.offset + found.decoded.length / 2] ^= 0x55;
                hurt += 1;
            }
        }
        fs::write(path, bytes).unwrap();
    }
    assert!(0 < hurt);
}

/// Damages every record of the read copy that has events from `from` up to `to`. The first and the last position of them.
pub(super) fn damage_copy(folder: &Path, ledger: LedgerId, from: u64, to: u64) -> (u64, u64) {
    let copy = ReadCopy::open(&folder.join("sled"), id_of(folder), 1024 * 1024).unwrap();
    let (mut position, mut first) = (from, None);
    while position < to {
        let record = copy.record(ledger, position).unwrap().unwrap();
        let mut value = copy.raw(ledger, record.first).unwrap().unwrap();
        value[20] ^= 0x55;
        let mut batch = CopyBatch::default();
        batch.put_record(ledger, record.first, value);
        copy.apply(batch).unwrap();
        first.get_or_insert(record.first);
        position = record.end();
    }
    copy.checkpoint().unwrap();
    (first.unwrap(), position - 1)
}

/// Damages the checkpoint of `size` in the read copy.
pub(super) fn damage_kept(folder: &Path, ledger: LedgerId, size: u64) {
    let db = sled::Config::new()
        .path(folder.join("sled"))
        .mode(sled::Mode::HighThroughput)
        .segment_size(8 * 1024 * 1024)
        .flush_every_ms(None)
        .open()
        .unwrap();
    let key = [&[4][..], ledger.as_bytes(), &size.to_be_bytes()].concat();
    let mut value = db.get(&key).unwrap().unwrap().to_vec();
    value[4] ^= 1;
    db.insert(key, value).unwrap();
    db.flush().unwrap();
}

/// The file of the journal that has the event at `position`.
pub(super) fn segment_of(folder: &Path, position: u64) -> PathBuf {
    let files = fs::read_dir(folder.join("journal")).unwrap();
    let holds = |path: &PathBuf| {
        let number = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let scan = Scan::of(fs::read(path).unwrap().into(), id_of(folder), number);
        scan.records
            .iter()
            .any(|found| match &found.decoded.record {
                Record::Group(sections) => {
                    (sections[0].first..sections[0].end()).contains(&position)
                }
                _ => false,
            })
    };
    let mut files = files.map(|entry| entry.unwrap().path());
    files.find(holds).unwrap()
}

/// Where the groups of events of a journal end.
fn group_ends(folder: &Path, of: LedgerId) -> Vec<u64> {
    let files = fs::read_dir(folder.join("journal")).unwrap();
    let mut ends = Vec::new();
    for file in files {
        let path = file.unwrap().path();
        let number = path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        let scan = Scan::of(fs::read(path).unwrap().into(), id_of(folder), number);
        assert_eq!(scan.holes, []);
        for found in scan.records {
            if let Record::Group(sections) = found.decoded.record {
                let sections = sections.iter().filter(|section| section.ledger == of);
                ends.extend(sections.map(|section| section.end()));
            }
        }
    }
    ends
}

/// How many records the read copy has.
pub(super) fn copied_records(folder: &Path, ledger: LedgerId) -> usize {
    let copy = ReadCopy::open(&folder.join("sled"), id_of(folder), 1024 * 1024).unwrap();
    let first = copy.record(ledger, 0).unwrap().map(|record| record.first);
    let next = |position: &u64| copy.next_first(ledger, *position).unwrap();
    std::iter::successors(first, next).count()
}

/// A folder that was put together, and what was said of it.
pub(super) struct Made {
    folder: TempDir,
    pub(super) salvaged: Salvaged,
}

impl Made {
    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("new")
    }

    /// Whether the folder has the beginning of `book` up to `size`, whichever way it is read.
    pub(super) async fn holds(&self, book: &Book, size: u64) {
        let log = EmbeddedLog::open(EmbeddedConfig::new(self.path(), Arc::new(|| 0))).unwrap();
        assert_eq!(log.integrity_events(), []);
        let head = log
            .head(book.ledger, crate::log::Freshness::Local)
            .await
            .unwrap();
        assert_eq!((head.size, head.root), (size, book.root(size)));
        if 0 < size {
            assert_eq!(head.generation, book.generations[size as usize - 1]);
        }
        for (position, leaf) in (0..size).zip(&book.leaves) {
            assert_eq!(log.leaf(book.ledger, position).await.unwrap(), leaf.bytes);
        }
        log.close().await.unwrap();
        for end in group_ends(&self.path(), book.ledger) {
            assert!(
                book.borders.contains(&end),
                "{end} is in the midst of a request"
            );
        }
    }

    /// The note of the checkpoint of `size`.
    pub(super) async fn note(&self, book: &Book, size: u64) -> String {
        let log = EmbeddedLog::open(EmbeddedConfig::new(self.path(), Arc::new(|| 0))).unwrap();
        let kept = log.checkpoints(book.ledger, size..=size, 1).await.unwrap();
        log.close().await.unwrap();
        String::from_utf8(kept[0].note.to_vec()).unwrap()
    }

    /// The sizes of the checkpoints that it has.
    pub(super) async fn kept(&self, book: &Book) -> Vec<u64> {
        let log = EmbeddedLog::open(EmbeddedConfig::new(self.path(), Arc::new(|| 0))).unwrap();
        let kept = log
            .checkpoints(book.ledger, 0..=u64::MAX, 10_000)
            .await
            .unwrap();
        log.close().await.unwrap();
        for kept in &kept {
            let signed = SignedCheckpoint::parse(&kept.note).unwrap();
            assert_eq!(signed.checkpoint().head().root, book.root(kept.size));
        }
        kept.iter().map(|kept| kept.size).collect()
    }
}

/// Puts together what `sources` hold.
pub(super) async fn made_of(sources: &[&Path]) -> Made {
    made_by(sources, None).await.unwrap()
}

/// The same, going on from a checkpoint.
pub(super) async fn made_by(
    sources: &[&Path],
    since: Option<&SignedCheckpoint>,
) -> Result<Made, SalvageError> {
    made_under(sources, None, since).await
}

/// The same, by a policy.
pub(super) async fn made_under(
    sources: &[&Path],
    policy: Option<&TrustPolicy>,
    since: Option<&SignedCheckpoint>,
) -> Result<Made, SalvageError> {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let before: Vec<_> = sources.iter().map(|source| digests(source)).collect();
    let terms = Terms {
        policy,
        since,
        scratch: scratch.path(),
    };
    let paths: Vec<PathBuf> = sources.iter().map(|source| source.to_path_buf()).collect();
    let data = folder.path().join("new");
    let salvaged = salvage(&paths, &data, terms, &mut |_| {}).await;
    let after: Vec<_> = sources.iter().map(|source| digests(source)).collect();
    assert_eq!(before, after, "sources are not changed");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
    let salvaged = salvaged?;
    let names = fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["new"]);
    Ok(Made { folder, salvaged })
}

/// Every file below a folder.
fn digests(folder: &Path) -> Vec<(PathBuf, Hash)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(digests(&path)),
            false => found.push((path.clone(), Hash::digest(&fs::read(path).unwrap()))),
        }
    }
    found.sort();
    found
}
