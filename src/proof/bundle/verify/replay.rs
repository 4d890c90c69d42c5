//! The pass over all events of a bundle.
//!
//! What an event says for itself is looked at by several threads ([`piece`](super::piece)); what it says of those before
//! it, here, one after the other.

use crate::domain::event::Payload;
use crate::merkle::note::NOTE_BYTES_MAX;
use crate::merkle::{Frontier, Hash, SignedCheckpoint, Tile, TileBuilder, TileContent};
use crate::proof::bundle::verify::generations::{Earlier, Generations};
use crate::proof::bundle::verify::heads::Heads;
use crate::proof::bundle::verify::piece::{self, Judged, Line, Looked, Piece, Pieces};
use crate::proof::bundle::verify::{Files, Finding, Kind, Notices, Report, Seen, Terms, hex};
use crate::proof::bundle::{CHECKPOINTS, EVENTS, Manifest, checkpoint_path};
use crate::proof::history::History;
use crate::proof::in_order::in_order;

/// The pass.
pub(super) struct Replay<'a> {
    files: &'a Files<'a>,
    manifest: &'a Manifest,
    terms: Terms<'a>,
    report: &'a mut Report,
    frontier: Frontier,
    tiles: TileBuilder,
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
        let looked = Looked {
            origin: &self.manifest.origin,
            payload: self.terms.payload,
        };
        let mut pieces = Pieces::new(self.files, self.manifest.size);
        in_order(
            |piece: Piece| looked.at(piece),
            |mut under_way| {
                while let Some(piece) = pieces.next() {
                    if let Some(judged) = under_way.push(piece) {
                        self.piece(judged, watch);
                    }
                }
                while let Some(judged) = under_way.pop() {
                    self.piece(judged, watch);
                }
            },
        );
        self.report.events = self.frontier.size();
        self.report.streams = self.history.streams();
        self.earlier_generations();
        if !pieces.were_whole() {
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
        if let Some(more) = pieces.more_lines() {
            let found = Finding::at(Kind::LineDiffers, self.manifest.size).in_file(EVENTS);
            self.report
                .add(found.differs("end of file".to_owned(), more));
        }
        self.heads.end(self.report);
        Some(self.frontier.root())
    }

    /// Takes a piece of the events, in their order.
    fn piece(&mut self, judged: Judged, watch: &mut dyn FnMut(Seen<'_>)) {
        if let Some(finding) = judged.before {
            self.report.add(finding);
        }
        for (position, event) in (judged.first..).zip(judged.events) {
            self.event(position, event, watch);
        }
        if let Some(finding) = judged.after {
            self.report.add(finding);
        }
    }

    fn event(&mut self, position: u64, event: piece::Event, watch: &mut dyn FnMut(Seen<'_>)) {
        let hash = event.hash;
        if let Some(expected) = event.expected {
            let found = Finding::at(Kind::LeafDiffers, position);
            self.report.add(found.differs(hex(&expected), hex(&hash)));
        }
        match &event.recorded {
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
            }
            Err(fault) => {
                self.history.pass_over();
                if self.report.unreadable.is_none() {
                    self.report.unreadable = Some((position, fault.to_string()));
                }
            }
        }
        // An event that was altered has another line, of course.
        if let Some(Line { expected, found }) = event.line.filter(|_| event.expected.is_none()) {
            let finding = Finding::at(Kind::LineDiffers, position).in_file(EVENTS);
            self.report.add(finding.differs(expected, found));
        }
        watch(Seen {
            position,
            size: self.manifest.size,
            recorded: event.recorded.as_ref().ok(),
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
