//! The pass over all events of a bundle.

use crate::domain::event::{Payload, Recorded};
use crate::log::codec::decode;
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::tile::TILE_WIDTH;
use crate::merkle::{Frontier, Hash, SignedCheckpoint, Tile, TileBuilder, TileContent, leaf_hash};
use crate::proof::bundle::verify::generations::{Earlier, Generations};
use crate::proof::bundle::verify::heads::Heads;
use crate::proof::bundle::verify::{
    Files, Finding, Kind, Lines, Notices, Report, Seen, Terms, hex,
};
use crate::proof::bundle::{CHECKPOINTS, EVENTS, Manifest, checkpoint_path, line};
use crate::proof::history::History;

/// Characters of a line that differs, as it is told.
const SHOWN_CHARS: usize = 300;

/// The pass.
pub(super) struct Replay<'a> {
    files: &'a Files<'a>,
    manifest: &'a Manifest,
    terms: Terms<'a>,
    report: &'a mut Report,
    frontier: Frontier,
    tiles: TileBuilder,
    lines: Lines,
    /// Sizes of the kept checkpoints that are still ahead, the next one last.
    kept: Vec<u64>,
    history: History,
    heads: Heads,
    notices: Notices,
    /// Sizes of kept checkpoints that no key of the policy signed.
    unknown: Vec<u64>,
    generations: Generations,
    /// Kept checkpoints under another name than the manifest's, by size.
    renamed: Vec<(u64, String)>,
    /// The root of the events at the size of the auditor's checkpoint.
    since_root: Option<Hash>,
}

impl<'a> Replay<'a> {
    pub(super) fn new(
        files: &'a Files<'a>,
        manifest: &'a Manifest,
        terms: Terms<'a>,
        report: &'a mut Report,
    ) -> Self {
        let names = manifest.files.iter();
        let names = names.filter_map(|file| file.path.strip_prefix(CHECKPOINTS));
        let sizes = names.filter_map(|name| name.parse().ok());
        let mut kept: Vec<u64> = sizes.filter(|size| *size <= manifest.size).collect();
        kept.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            lines: Lines::open(files),
            files,
            manifest,
            terms,
            report,
            frontier: Frontier::new(),
            tiles: TileBuilder::new(),
            kept,
            history: History::new(manifest.ledger.as_str()),
            heads: Heads::listed(manifest),
            notices: Notices::default(),
            unknown: Vec::new(),
            generations: Generations::default(),
            renamed: Vec::new(),
            since_root: None,
        }
    }

    /// What the events said of keys, and the sizes of kept checkpoints that no key of the policy signed.
    pub(super) fn into_notices(self) -> (Notices, Vec<u64>) {
        (self.notices, self.unknown)
    }

    /// Reads all events. The root over them; `None` where they were not all there.
    pub(super) fn run(&mut self, watch: &mut dyn FnMut(Seen<'_>)) -> Option<Hash> {
        self.since_ahead();
        let mut whole = true;
        for tile in Tile::all_entries(self.manifest.size) {
            if !self.bundle(&tile, watch) {
                whole = false;
                break;
            }
        }
        self.report.events = self.frontier.size();
        self.report.streams = self.history.streams();
        self.earlier_generations();
        if !whole {
            return None;
        }
        let partial: Vec<(Tile, Vec<Hash>)> = self
            .tiles
            .partial()
            .map(|(tile, hashes)| (tile, hashes.to_vec()))
            .collect();
        for (tile, hashes) in partial {
            self.tile(&tile, &hashes);
        }
        if let Some(line) = self.lines.next().filter(|line| !line.is_empty()) {
            let found = Finding::at(Kind::LineDiffers, self.manifest.size).in_file(EVENTS);
            self.report
                .add(found.differs("end of file".to_owned(), shown(&line)));
        }
        self.heads.end(self.report);
        Some(self.frontier.root())
    }

    /// Reads a bundle of events; false: it does not hold all of them.
    fn bundle(&mut self, tile: &Tile, watch: &mut dyn FnMut(Seen<'_>)) -> bool {
        let first = tile.index() * u64::from(TILE_WIDTH);
        let path = tile.to_string();
        let Ok((leaves, whole)) = self.files.entries(tile) else {
            self.report
                .add(Finding::at(Kind::FileMissing, first).in_file(&path));
            return false;
        };
        let hashes = self.leaf_hashes(tile, first);
        let width = usize::from(tile.width());
        for (position, leaf) in (first..).zip(leaves.iter().take(width)) {
            let offset = usize::try_from(position - first).unwrap_or(usize::MAX);
            let expected = hashes.as_ref().and_then(|hashes| hashes.get(offset));
            self.event(position, leaf, expected, watch);
        }
        let next = first + leaves.len().min(width) as u64;
        if !whole || width < leaves.len() {
            let found = Finding::at(Kind::EntriesDamaged, next).in_file(&path);
            self.report
                .add(found.differs(format!("{width} events"), "other bytes".to_owned()));
        } else if leaves.len() < width {
            let found = Finding::at(Kind::EventsMissing, next).in_file(&path);
            let found_events = format!("{} events", leaves.len());
            self.report
                .add(found.differs(format!("{width} events"), found_events));
        }
        width <= leaves.len()
    }

    /// The hashes that the lowest tile has of a bundle's events.
    fn leaf_hashes(&mut self, tile: &Tile, first: u64) -> Option<Vec<Hash>> {
        let place = Tile::new(TileContent::Hashes(0), tile.index(), tile.width()).ok()?;
        match self.files.tile(&place) {
            Ok(hashes) => Some(hashes),
            Err(fault) => {
                let kind = match self.files.open(&place.to_string()) {
                    Ok(_) => Kind::TileDiffers,
                    Err(_) => Kind::FileMissing,
                };
                let found = Finding::at(kind, first).in_file(&place.to_string());
                let width = place.width();
                self.report
                    .add(found.differs(format!("{width} hashes"), fault));
                None
            }
        }
    }

    fn event(
        &mut self,
        position: u64,
        leaf: &[u8],
        expected: Option<&Hash>,
        watch: &mut dyn FnMut(Seen<'_>),
    ) {
        let hash = leaf_hash(leaf);
        let differs = expected.filter(|expected| **expected != hash);
        if let Some(expected) = differs {
            let found = Finding::at(Kind::LeafDiffers, position);
            self.report.add(found.differs(hex(expected), hex(&hash)));
        }
        let recorded = decode(leaf);
        match &recorded {
            Ok(recorded) => {
                if let Payload::HeadsRecorded(p) = &recorded.event.payload {
                    let (history, files) = (&self.history, self.files);
                    self.heads
                        .recorded(position, p, history, files, self.report);
                }
                self.notices.see(recorded);
                self.generations.see(recorded);
                let (history, report) = (&mut self.history, &mut self.report);
                history.event(position, recorded, hash, &mut |found| report.add(found));
                self.line(position, recorded, &hash, differs.is_some());
            }
            Err(fault) => {
                self.lines.next();
                self.history.pass_over();
                if self.report.unreadable.is_none() {
                    self.report.unreadable = Some((position, fault.to_string()));
                }
            }
        }
        watch(Seen {
            position,
            size: self.manifest.size,
            recorded: recorded.as_ref().ok(),
            leaf_hash: &hash,
        });
        self.frontier.push(hash);
        let mut full = Vec::new();
        self.tiles
            .push(hash, |tile, hashes| full.push((tile, hashes.to_vec())));
        for (tile, hashes) in full {
            self.tile(&tile, &hashes);
        }
        self.checkpoints();
        let size = self.frontier.size();
        self.heads
            .reached(size, &self.history, self.files, self.report);
    }

    /// Whether the line for reading says what the event says.
    fn line(&mut self, position: u64, recorded: &Recorded, hash: &Hash, altered: bool) {
        let Some(found) = self.lines.next() else {
            return;
        };
        let payload = (self.terms.payload)(recorded);
        let expected = line::of(&self.manifest.origin, recorded, hash, payload);
        // An event that was altered has another line, of course.
        if found != expected && !altered {
            let finding = Finding::at(Kind::LineDiffers, position).in_file(EVENTS);
            self.report
                .add(finding.differs(shown(&expected), shown(&found)));
        }
    }

    /// Holds a tile above the leaves against the events.
    fn tile(&mut self, tile: &Tile, computed: &[Hash]) {
        let TileContent::Hashes(level @ 1..) = tile.content() else {
            return;
        };
        let path = tile.to_string();
        let span = 1_u64 << (8 * u32::from(level)).min(63);
        let first = tile.index().saturating_mul(256).saturating_mul(span);
        let hashes = match self.files.tile(tile) {
            Ok(hashes) => hashes,
            Err(fault) => {
                let kind = match self.files.open(&path) {
                    Ok(_) => Kind::TileDiffers,
                    Err(_) => Kind::FileMissing,
                };
                let found = Finding::at(kind, first).in_file(&path);
                let width = tile.width();
                self.report
                    .add(found.differs(format!("{width} hashes"), fault));
                return;
            }
        };
        for (index, (kept, computed)) in (0_u64..).zip(hashes.iter().zip(computed)) {
            let from = first.saturating_add(index.saturating_mul(span));
            // What follows from an event that was altered is not told again.
            if kept != computed && !self.report.is_bad_within(from, from.saturating_add(span)) {
                let found = Finding::at(Kind::TileDiffers, from).in_file(&path);
                self.report.add(found.differs(hex(computed), hex(kept)));
            }
        }
    }

    /// Holds what was signed of the events so far against them.
    fn checkpoints(&mut self) {
        let size = self.frontier.size();
        if self.kept.last() == Some(&size) {
            self.kept.pop();
            self.kept_checkpoint(size);
        }
        if self
            .terms
            .since
            .is_some_and(|since| since.checkpoint().head().size == size)
        {
            self.since_root = Some(self.frontier.root());
        }
        if let Some(since) = self.terms.since.map(SignedCheckpoint::checkpoint)
            && let origin = since.origin()
            && let since = since.head()
            && origin == self.manifest.origin
            && since.size == size
            && since.root != self.frontier.root()
        {
            let good = self
                .report
                .last_good
                .filter(|good| *good < size)
                .unwrap_or(0);
            let found = Finding::at(Kind::SinceDiffers, good).between(good, size - 1);
            let (expected, is) = (hex(&since.root), hex(&self.frontier.root()));
            self.report.add(found.differs(expected, is));
        }
    }

    fn kept_checkpoint(&mut self, size: u64) {
        let path = checkpoint_path(size);
        let Ok(bytes) = self.files.read(&path, NOTE_BYTES_MAX) else {
            self.report.add(Finding::of_file(Kind::FileMissing, &path));
            return;
        };
        let damaged = |fault: String| {
            let found = Finding::of_file(Kind::CheckpointDamaged, &path);
            found.differs(format!("{} {size}", self.manifest.origin), fault)
        };
        let signed = match SignedCheckpoint::parse(&bytes) {
            Ok(signed) => signed,
            Err(fault) => {
                let found = damaged(fault.to_string());
                self.report.add(found);
                return;
            }
        };
        let says = signed.checkpoint();
        if says.origin() != self.manifest.origin {
            // Of an earlier generation, perhaps: that is known when all events were read.
            self.renamed.push((size, says.origin().to_owned()));
        }
        if says.head().size != size {
            let found = damaged(format!("{} {}", says.origin(), says.head().size));
            self.report.add(found);
            return;
        }
        self.report.kept += 1;
        let signer = match super::known_signature(self.terms.policy, &signed) {
            Err(fault) => {
                let found = Finding::of_file(Kind::SignatureFalse, &path);
                let expected = "a signature of the ledger's key".to_owned();
                self.report.add(found.differs(expected, fault));
                return;
            }
            Ok(None) => {
                if self.terms.policy.is_some() {
                    self.unknown.push(size);
                }
                None
            }
            Ok(Some(verdict)) => verdict.logs.first().copied(),
        };
        let (root, computed) = (says.head().root, self.frontier.root());
        if root == computed {
            self.report.last_good = Some(size);
            if let Some(key) = signer {
                self.notices.signed(size, key);
            }
        } else {
            let good = self.report.last_good.unwrap_or(0);
            let found = Finding::of_file(Kind::KeptDiffers, &path).between(good, size - 1);
            self.report.add(found.differs(hex(&root), hex(&computed)));
        }
    }

    /// What can be said of the auditor's own checkpoint before any event is read.
    fn since_ahead(&mut self) {
        let Some(since) = self.terms.since.map(SignedCheckpoint::checkpoint) else {
            return;
        };
        if since.origin() == self.manifest.origin && self.manifest.size < since.head().size {
            let found = Finding::at(Kind::SinceShorter, self.manifest.size);
            let (expected, is) = (
                since.head().size.to_string(),
                self.manifest.size.to_string(),
            );
            self.report.add(found.differs(expected, is));
        }
    }
}

impl Replay<'_> {
    /// Judges checkpoints under other names, now that it is known which names the ledger went by.
    fn earlier_generations(&mut self) {
        for (size, origin) in std::mem::take(&mut self.renamed) {
            if self.generations.earlier(&origin, size) == Earlier::Kept {
                continue;
            }
            let found = Finding::of_file(Kind::CheckpointDamaged, &checkpoint_path(size));
            let expected = format!("{} {size}", self.manifest.origin);
            self.report
                .add(found.differs(expected, format!("{origin} {size}")));
        }
        let Some(since) = self.terms.since.map(SignedCheckpoint::checkpoint) else {
            return;
        };
        let (origin, since) = (since.origin(), since.head());
        if origin == self.manifest.origin {
            return;
        }
        match self.generations.earlier(origin, since.size) {
            Earlier::Kept => {
                let is = self.since_root.filter(|root| *root != since.root);
                if let Some(root) = is {
                    let good = self.report.last_good;
                    let good = good.filter(|good| *good < since.size).unwrap_or(0);
                    let found = Finding::at(Kind::SinceDiffers, good);
                    let found = found.between(good, since.size.saturating_sub(1));
                    self.report.add(found.differs(hex(&since.root), hex(&root)));
                }
            }
            Earlier::Lost(lost) => self.report.lost = Some(lost),
            Earlier::Unsaid { position } => {
                let found = Finding::at(Kind::SinceShorter, position);
                let (expected, is) = (since.size.to_string(), position.to_string());
                self.report.add(found.differs(expected, is));
            }
            Earlier::Stranger => {
                let found = Finding::of_file(Kind::SinceElsewhere, "checkpoint");
                let (expected, is) = (origin.to_owned(), self.manifest.origin.clone());
                self.report.add(found.differs(expected, is));
            }
        }
    }
}

fn shown(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    text.trim_end().chars().take(SHOWN_CHARS).collect()
}
