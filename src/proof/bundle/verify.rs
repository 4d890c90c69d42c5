//! Verifies a bundle from its files alone: every event, every hash, every checkpoint that was kept.
//!
//! One pass over the events, which keeps the frontier, the last event of each stream and the ids in memory:
//! some 32 bytes an event. Up to eight threads look at each event for itself. Nothing that is read is believed before it was held against the signed root.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::panic::resume_unwind;
use std::path::Path;
use std::thread::{self, ScopedJoinHandle};

use sha2::{Digest as _, Sha256};

use crate::domain::event::Recorded;
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::{
    Hash, SignedCheckpoint, Tile, TileContent, TreeHead, TrustPolicy, Untrusted, Unverified,
    Verdict,
};
use crate::proof::bundle::{
    CHECKPOINT, CHECKPOINTS, EVENTS, EVIDENCE, HEADS, InvalidManifest, Manifest, Payload,
    checkpoint_path,
};

mod attached;
mod finding;
mod generations;
mod heads;
mod keys;
mod piece;
mod replay;

pub(in crate::proof) use attached::Attached;
pub use attached::Attachments;
pub use finding::{Concern, Finding, Kind};
pub use generations::Lost;
pub(crate) use generations::{Earlier, Generations};
pub use keys::{AnnouncedKey, Notices, Standing};
use replay::Replay;

/// Findings of one kind that are told at most; the others are counted.
pub const FINDINGS_MAX: u64 = 20;
/// Bytes of a manifest at most.
pub const MANIFEST_BYTES_MAX: usize = 400_000_000;
/// Bytes of a line of `events.jsonl` at most: a leaf of 65,535 bytes as JSON takes less.
pub const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Bytes of an entry bundle at most: 256 of the longest events.
const ENTRIES_BYTES_MAX: usize = 256 * (2 + crate::merkle::entries::ENTRY_BYTES_MAX);
/// Files looked at for such as the manifest does not list.
const WALK_FILES_MAX: usize = 2 * super::BUNDLE_FILES_MAX;

/// By what a bundle is judged.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Whom to believe; without it no signature is checked.
    pub policy: Option<&'a TrustPolicy>,
    /// A checkpoint that the auditor kept before.
    pub since: Option<&'a SignedCheckpoint>,
    /// How `events.jsonl` says what an event's payload says.
    pub payload: Payload,
}

/// An event on the way, for whoever watches.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its position.
    pub position: u64,
    /// How many events there are.
    pub size: u64,
    /// What it says, where it can be read.
    pub recorded: Option<&'a Recorded>,
    /// The hash of its bytes.
    pub leaf_hash: &'a Hash,
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What the bundle says of itself; `None` where that cannot be read.
    pub manifest: Option<Manifest>,
    /// The checkpoint that the events were held against.
    pub checkpoint: Option<SignedCheckpoint>,
    /// Each sign of tampering, by position where it has one; of each kind the first [`FINDINGS_MAX`].
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub omitted: u64,
    /// The size of the last checkpoint whose root the events give, and that no known key denies.
    pub last_good: Option<u64>,
    /// How many events were read.
    pub events: u64,
    /// How many streams they are of.
    pub streams: u64,
    /// How many kept checkpoints were held against the events.
    pub kept: u64,
    /// How many of them no key of the policy signed, nor one that the ledger names.
    pub kept_unknown: u64,
    /// How many recordings of stream heads agree with the events.
    pub heads: u64,
    /// What the events say of the ledger's keys.
    pub notices: Notices,
    /// Events that the auditor's checkpoint counts and that the ledger says it lost.
    pub lost: Option<Lost>,
    /// The first event that this version cannot read, and why.
    pub unreadable: Option<(u64, String)>,
    /// What was found of attached files.
    pub attachments: Attachments,
    /// The format of the bundle, where a later version made it.
    pub later_format: Option<u32>,
    counts: Vec<(Kind, u64)>,
    /// Positions that something exact was found at, up to [`BAD_MAX`].
    bad: BTreeSet<u64>,
}

/// Positions that are remembered so that what follows from them is not told again.
const BAD_MAX: usize = 100_000;

impl Report {
    pub(in crate::proof) fn add(&mut self, finding: Finding) {
        let is_exact = !finding.is_range() && finding.kind.concern() != Concern::Content;
        if let Some(position) = finding.position.filter(|_| is_exact)
            && self.bad.len() < BAD_MAX
        {
            self.bad.insert(position);
        }
        let known = self
            .counts
            .iter_mut()
            .find(|(kind, _)| *kind == finding.kind);
        let count = match known {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                self.counts.push((finding.kind, 1));
                1
            }
        };
        match count <= FINDINGS_MAX {
            true => self.findings.push(finding),
            false => self.omitted += 1,
        }
    }

    /// Whether something exact was found from `from` up to `to`; also where too much was to remember.
    fn is_bad_within(&self, from: u64, to: u64) -> bool {
        BAD_MAX <= self.bad.len() || self.bad.range(from..to).next().is_some()
    }

    /// The first bad position, or the range that it lies in: first and last. Attached files count only where
    /// the ledger itself is sound.
    pub fn first_bad(&self) -> Option<(u64, u64)> {
        let is_file = |found: &&Finding| found.kind.concern() == Concern::Content;
        let of_ledger = || self.findings.iter().filter(|found| !is_file(found));
        let exact = of_ledger().filter(|found| !found.is_range());
        let exact = exact.filter_map(|found| found.position).min();
        let ranges = of_ledger().filter(|found| found.is_range());
        let range = ranges
            .filter_map(|found| found.position.zip(found.to))
            .min();
        let files = self.findings.iter().filter(is_file);
        let file = files.filter_map(|found| found.position).min();
        match (exact, range) {
            (Some(exact), Some((from, to))) if to < exact => Some((from, to)),
            (Some(exact), _) => Some((exact, exact)),
            (None, Some(range)) => Some(range),
            (None, None) => file.map(|position| (position, position)),
        }
    }

    /// Orders what was found, now that the last good checkpoint is known.
    pub(in crate::proof) fn settle(&mut self) {
        let good = self.last_good.unwrap_or(0);
        let differs: BTreeSet<u64> = self
            .findings
            .iter()
            .filter(|found| found.kind == Kind::LeafDiffers)
            .filter_map(|found| found.position)
            .collect();
        for found in &mut self.findings {
            // Where two events of a stream do not fit together, either may be the altered one. It is the
            // earlier where its tile says so, or where nothing speaks for it.
            if let (Kind::PreviousDiffers, Some(later), Some(earlier)) =
                (found.kind, found.position, found.other)
                && (differs.contains(&earlier) || (!differs.contains(&later) && good <= earlier))
            {
                (found.position, found.other) = (Some(earlier), Some(later));
            }
        }
        self.sort();
    }

    /// By position: exact ones, ranges, and what has none.
    pub(in crate::proof) fn sort(&mut self) {
        let key = |found: &Finding| {
            let position = found.position;
            (position.is_none(), found.is_range(), position)
        };
        self.findings.sort_by_key(key);
    }

    /// Whether a finding of this kind was made.
    pub(in crate::proof) fn has_kind(&self, kind: Kind) -> bool {
        self.counts.iter().any(|(found, _)| *found == kind)
    }

    /// Whether something was found that answers this question with no.
    pub fn has(&self, concern: Concern) -> bool {
        self.counts
            .iter()
            .any(|(kind, _)| kind.concern() == concern)
    }
}

/// Verifies the bundle in `folder`. `watch` is told each event.
pub fn verify(folder: &Path, terms: Terms<'_>, watch: &mut dyn FnMut(Seen<'_>)) -> Report {
    let mut report = Report::default();
    let files = Files { folder };
    let Some(manifest) = read_manifest(&files, &mut report) else {
        return report;
    };
    let head = read_checkpoint(&files, &manifest, terms.policy, &mut report);
    let mut replay = Replay::new(&files, &manifest, terms, &mut report);
    let mut attached = Attached::default();
    let ended = replay.run(&mut |seen| {
        if let Some(recorded) = seen.recorded {
            attached.see(seen.position, recorded);
        }
        watch(seen);
    });
    let (notices, unknown) = replay.into_notices();
    let complete = ended.is_some() && report.unreadable.is_none();
    attached.judge(&files, &manifest, complete, &mut report);
    for size in unknown {
        judge_unknown(&files, size, &manifest.origin, &notices, &mut report);
    }
    report.notices = notices;
    if let (Some(head), Some(root)) = (head, ended)
        && head.size == manifest.size
    {
        if head.root == root {
            report.last_good = report.last_good.max(Some(head.size));
        } else {
            let good = report.last_good.unwrap_or(0);
            let found = Finding::of_file(Kind::RootDiffers, CHECKPOINT)
                .between(good, head.size.saturating_sub(1))
                .differs(hex(&head.root), hex(&root));
            report.add(found);
        }
        // Read under a root that was signed: it is only that this version is too old.
        if head.root != root
            && let Some((position, fault)) = report.unreadable.take()
        {
            let found = Finding::at(Kind::LeafDamaged, position);
            report.add(found.differs("an event".to_owned(), fault));
        }
    }
    sweep(&files, &manifest, &mut report);
    report.settle();
    report.manifest = Some(manifest);
    report
}

fn read_manifest(files: &Files<'_>, report: &mut Report) -> Option<Manifest> {
    let bytes = match files.read(super::MANIFEST, MANIFEST_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(_) => {
            report.add(Finding::of_file(Kind::FileMissing, super::MANIFEST));
            return None;
        }
    };
    match Manifest::parse(&bytes) {
        Ok(manifest) => Some(manifest),
        Err(InvalidManifest::Format(format)) => {
            report.later_format = Some(format);
            None
        }
        Err(fault) => {
            let found = Finding::of_file(Kind::ManifestDamaged, super::MANIFEST);
            report.add(found.differs("a manifest".to_owned(), fault.to_string()));
            None
        }
    }
}

/// Reads the checkpoint, holds it against the manifest, and tells its head.
fn read_checkpoint(
    files: &Files<'_>,
    manifest: &Manifest,
    policy: Option<&TrustPolicy>,
    report: &mut Report,
) -> Option<TreeHead> {
    let bytes = match files.read(CHECKPOINT, NOTE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(_) => {
            report.add(Finding::of_file(Kind::FileMissing, CHECKPOINT));
            return None;
        }
    };
    let signed = match SignedCheckpoint::parse(&bytes) {
        Ok(signed) => signed,
        Err(fault) => {
            let found = Finding::of_file(Kind::CheckpointDamaged, CHECKPOINT);
            report.add(found.differs("a checkpoint".to_owned(), fault.to_string()));
            return None;
        }
    };
    let says = signed.checkpoint();
    let expected = format!(
        "{} {} {}",
        says.origin(),
        says.head().size,
        hex(&says.head().root)
    );
    let found = format!(
        "{} {} {}",
        manifest.origin,
        manifest.size,
        hex(&manifest.root)
    );
    if expected != found {
        let differs = Finding::of_file(Kind::ManifestDiffers, super::MANIFEST);
        report.add(differs.differs(expected, found));
    }
    if let Err(fault) = known_signature(policy, &signed) {
        let found = Finding::of_file(Kind::SignatureFalse, CHECKPOINT);
        report.add(found.differs("a signature of the ledger's key".to_owned(), fault));
    }
    let head = says.head();
    report.checkpoint = Some(signed);
    Some(head)
}

/// Whether a known key signed; `None` where none did, an error where one is named and did not.
pub(crate) fn known_signature<'p>(
    policy: Option<&'p TrustPolicy>,
    signed: &SignedCheckpoint,
) -> Result<Option<Verdict<'p>>, String> {
    match policy.map(|policy| policy.evaluate(signed)) {
        Some(Ok(verdict)) => Ok(Some(verdict)),
        Some(Err(Untrusted::Unverified(fault))) => Err(fault.to_string()),
        Some(Err(_)) | None => Ok(None),
    }
}

/// Looks whether a key that the ledger names signed a kept checkpoint that no key of the policy did: the root that a
/// believed key signed covers the event that names it. Of an earlier generation its own key is wanted, and the root agrees
/// all the same.
fn judge_unknown(
    files: &Files<'_>,
    size: u64,
    origin: &str,
    notices: &Notices,
    report: &mut Report,
) {
    let path = checkpoint_path(size);
    let read = files.read(&path, NOTE_BYTES_MAX).ok();
    // What cannot be read was told when it came.
    let Some(signed) = read.and_then(|bytes| SignedCheckpoint::parse(&bytes).ok()) else {
        return;
    };
    match signed.note().verify(notices.keys()) {
        Ok(_) => {}
        Err(Unverified::NoKnownKey) => {
            report.kept_unknown += u64::from(signed.checkpoint().origin() == origin);
        }
        Err(fault) => {
            let found = Finding::of_file(Kind::SignatureFalse, &path);
            let expected = "a signature of the ledger's key".to_owned();
            report.add(found.differs(expected, fault.to_string()));
        }
    }
}

/// Holds every file against the manifest, and looks for files that it does not list.
fn sweep(files: &Files<'_>, manifest: &Manifest, report: &mut Report) {
    thread::scope(|scope| {
        // It is the largest by far.
        let has_events = manifest.files.iter().any(|listed| listed.path == EVENTS);
        let events = has_events.then(|| scope.spawn(|| files.digest(EVENTS)));
        listed_files(files, manifest, events, report);
    });
    unlisted_files(files, manifest, report);
}

/// Holds every file against the manifest; the digest of `events.jsonl` is made elsewhere.
fn listed_files(
    files: &Files<'_>,
    manifest: &Manifest,
    mut events: Option<ScopedJoinHandle<'_, io::Result<(u64, Hash)>>>,
    report: &mut Report,
) {
    for listed in &manifest.files {
        let path = listed.path.as_str();
        let has = |tile: Tile| has_tile(manifest.size, &tile);
        let stray_tile = path.starts_with("tile/") && !path.parse().is_ok_and(has);
        let stray_checkpoint = path.strip_prefix(CHECKPOINTS).is_some_and(|name| {
            let size = name
                .parse()
                .ok()
                .filter(|size| (1..=manifest.size).contains(size));
            size.is_none_or(|size| checkpoint_path(size) != path)
        });
        let is_head = |size| size <= manifest.size;
        let stray_heads = path.starts_with(HEADS) && !heads::size_of(path).is_some_and(is_head);
        if stray_tile || stray_checkpoint || stray_heads {
            report.add(Finding::of_file(Kind::FileUnexpected, path));
        }
        if path.starts_with(EVIDENCE) {
            // Held against the events that name it.
            continue;
        }
        let digested = match events.take_if(|_| path == EVENTS) {
            Some(digested) => digested.join().unwrap_or_else(|panic| resume_unwind(panic)),
            None => files.digest(path),
        };
        match digested {
            Err(_) if report.findings.iter().any(|found| found.is_missing(path)) => {}
            Err(_) => report.add(Finding::of_file(Kind::FileMissing, path)),
            Ok((bytes, sha256)) if bytes == listed.bytes && sha256 == listed.sha256 => {}
            Ok((_, sha256)) => {
                let found = Finding::of_file(Kind::FileAltered, path);
                report.add(found.differs(hex(&listed.sha256), hex(&sha256)));
            }
        }
    }
}

/// Looks for files that the manifest does not list.
fn unlisted_files(files: &Files<'_>, manifest: &Manifest, report: &mut Report) {
    let listed = manifest.by_path();
    let mut ahead = vec![files.folder.to_owned()];
    let mut looked_at = 0;
    while let Some(folder) = ahead.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            looked_at += 1;
            if WALK_FILES_MAX < looked_at {
                return;
            }
            let path = entry.path();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                ahead.push(path);
                continue;
            }
            let below = path.strip_prefix(files.folder).unwrap_or(&path);
            let below: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
            let below = below.join("/");
            if below != super::MANIFEST && !listed.contains_key(below.as_str()) {
                report.add(Finding::of_file(Kind::FileUnlisted, &below));
            }
        }
    }
}

/// Whether a tree of `size` leaves has this tile, in this width. Asked of each, as a size that is made up has
/// more tiles than can be listed.
fn has_tile(size: u64, tile: &Tile) -> bool {
    let hashes = match tile.content() {
        TileContent::Entries => Some(size),
        TileContent::Hashes(level) => size.checked_shr(8 * u32::from(level)),
    };
    let hashes = hashes.unwrap_or(0);
    let (full, rest) = (hashes / 256, hashes % 256);
    match tile.is_full() {
        true => tile.index() < full,
        false => tile.index() == full && u64::from(tile.width()) == rest,
    }
}

/// The files of a bundle, each read within a limit.
pub(super) struct Files<'a> {
    pub(super) folder: &'a Path,
}

impl Files<'_> {
    fn open(&self, path: &str) -> io::Result<File> {
        let path = self.folder.join(path);
        // A link could lead out of the folder, a pipe could go on for ever.
        match std::fs::symlink_metadata(&path)?.is_file() {
            true => File::open(path),
            false => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    /// The bytes of a file, one more than `max` at most: whatever reads them refuses those.
    pub(super) fn read(&self, path: &str, max: usize) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let limit = u64::try_from(max).unwrap_or(u64::MAX).saturating_add(1);
        self.open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// The length of a file, and what its bytes hash to.
    pub(super) fn digest(&self, path: &str) -> io::Result<(u64, Hash)> {
        let mut file = self.open(path)?;
        let (mut digest, mut bytes) = (Sha256::new(), 0);
        let mut buffer = vec![0; super::PIECE_BYTES_MAX];
        loop {
            let read = file.read(&mut buffer)?;
            if read == 0 {
                return Ok((bytes, Hash::new(digest.finalize().into())));
            }
            bytes += read as u64;
            digest.update(buffer.get(..read).unwrap_or_default());
        }
    }

    /// The hashes of a tile.
    pub(super) fn tile(&self, tile: &Tile) -> Result<Vec<Hash>, String> {
        let bytes = self.read(&tile.to_string(), 256 * Hash::BYTES);
        let bytes = bytes.map_err(|error| error.to_string())?;
        tile.decode(&bytes).map_err(|fault| fault.to_string())
    }

    /// The events of a bundle: those that are whole, and whether that is all there is.
    pub(super) fn entries(&self, tile: &Tile) -> io::Result<(Vec<Vec<u8>>, bool)> {
        debug_assert_eq!(tile.content(), TileContent::Entries);
        let bytes = self.read(&tile.to_string(), ENTRIES_BYTES_MAX)?;
        let (mut leaves, mut rest) = (Vec::new(), bytes.as_slice());
        while let Some((length, after)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes(*length));
            let Some((leaf, after)) = after.split_at_checked(length) else {
                break;
            };
            leaves.push(leaf.to_vec());
            rest = after;
        }
        Ok((leaves, rest.is_empty()))
    }
}

/// `events.jsonl`, a line at a time.
struct Lines(Option<BufReader<File>>);

impl Lines {
    fn open(files: &Files<'_>) -> Self {
        Self(
            files
                .open(EVENTS)
                .ok()
                .map(|file| BufReader::with_capacity(super::PIECE_BYTES_MAX, file)),
        )
    }

    /// Whether there is such a file: told elsewhere.
    fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// Adds the next line with its LF to `lines`; nothing at the end.
    fn append(&mut self, lines: &mut Vec<u8>) {
        if let Some(reader) = &mut self.0 {
            // What cannot be read is not the line that was expected.
            let _ = reader
                .by_ref()
                .take(LINE_BYTES_MAX)
                .read_until(b'\n', lines);
        }
    }
}

pub(in crate::proof) fn hex(hash: &Hash) -> String {
    hex::encode(hash.as_bytes())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_tree_has_the_tiles_that_the_standard_lists() {
        for size in [1, 255, 256, 257, 70_000] {
            let all: HashSet<Tile> = Tile::all(size).chain(Tile::all_entries(size)).collect();
            assert!(all.iter().all(|tile| has_tile(size, tile)), "{size}");
            for other in [size - 1, size + 1, size + 256] {
                let of_other = Tile::all(other).chain(Tile::all_entries(other));
                let mut strays = of_other.filter(|tile| !all.contains(tile));
                assert!(strays.all(|tile| !has_tile(size, &tile)), "{size} {other}");
            }
        }
        let endless = "tile/63/000".parse().unwrap();
        assert!(!has_tile(u64::MAX, &endless));
    }
}
