//! The checkpoints that both copies keep: each is held against the events, and those of one copy against the other's.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::log::head::Checkpoint;
use crate::log::stored::CopyView;
use crate::merkle::{Hash, SignedCheckpoint};
use crate::proof::bundle::verify::{Earlier, Finding, Kind, hex, known_signature};

use super::{Pass, Statement};

/// Kept checkpoints read at a time.
const KEPT_READ: usize = 256;

/// What is known of kept checkpoints so far.
pub(in crate::proof::store) struct Kept {
    /// Those of the read copy that come next.
    ahead: VecDeque<Checkpoint>,
    /// From which size on there may be more; nothing where there are no more.
    after: Option<u64>,
    copy: HashMap<u64, Hash>,
    journal: HashMap<u64, JournalKept>,
    /// The one of the largest size that is in order.
    pub(in crate::proof::store) latest: Option<SignedCheckpoint>,
    /// The file of the last checkpoint.
    pub(in crate::proof::store) floor: Option<SignedCheckpoint>,
    /// Under which names those were signed whose name was not the ledger's when they were met, and where they are kept.
    renamed: Vec<(u64, String, String)>,
}

/// A checkpoint as the journal keeps it: what the read copy must have, or may.
#[derive(Debug, Default)]
struct JournalKept {
    must: Option<Hash>,
    may: Vec<Hash>,
}

impl Kept {
    pub(super) fn of(copy: Option<&dyn CopyView>) -> Self {
        Self {
            ahead: VecDeque::new(),
            after: copy.map(|_| 0),
            copy: HashMap::new(),
            journal: HashMap::new(),
            latest: None,
            floor: None,
            renamed: Vec::new(),
        }
    }

    /// Whether one of those that were read is of more than `size` events.
    pub(super) fn reach_beyond(&self, size: u64) -> bool {
        self.ahead.back().is_some_and(|kept| size < kept.size)
    }
}

impl Pass<'_> {
    /// The next checkpoint that the read copy keeps, up to `size`.
    pub(super) fn next_kept(&mut self, size: u64) -> Option<Checkpoint> {
        if self.kept.ahead.is_empty()
            && let (Some(copy), Some(after)) = (self.copy, self.kept.after)
        {
            match copy.kept(self.ledger, after, KEPT_READ) {
                Ok(page) => {
                    self.kept.after = page.last().map(|last| last.size + 1);
                    self.kept.ahead.extend(page);
                }
                Err(fault) => {
                    self.kept.after = None;
                    let found = Finding::of_file(Kind::CheckpointDamaged, "sled");
                    self.report
                        .add(found.differs("kept checkpoints".to_owned(), fault.to_string()));
                }
            }
        }
        match self.kept.ahead.front() {
            Some(kept) if kept.size <= size => self.kept.ahead.pop_front(),
            _ => None,
        }
    }

    /// Holds a checkpoint of the read copy against the events.
    pub(super) fn kept_checkpoint(&mut self, kept: &Checkpoint) {
        self.kept.copy.insert(kept.size, digest(kept));
        let file = format!("sled, checkpoint {}", kept.size);
        if self.signed(kept, &file) {
            let statement = Statement {
                kind: Kind::KeptDiffers,
                file,
                root: kept.root,
                signed: true,
            };
            self.state(kept.size, statement);
        }
    }

    /// Holds a checkpoint of the journal against the events; `must`: the read copy has to have it.
    pub(in crate::proof::store) fn journal_checkpoint(&mut self, kept: &Checkpoint, must: bool) {
        let entry = self.kept.journal.entry(kept.size).or_default();
        match must {
            true => entry.must = Some(digest(kept)),
            false => entry.may.push(digest(kept)),
        }
        if self.kept.copy.get(&kept.size) == Some(&digest(kept)) {
            return;
        }
        let file = format!("journal, checkpoint {}", kept.size);
        if self.signed(kept, &file) {
            let statement = Statement {
                kind: Kind::KeptDiffers,
                file,
                root: kept.root,
                signed: true,
            };
            self.state(kept.size, statement);
        }
    }

    /// Whether a kept note is a checkpoint that says what it is kept as; what it says of itself is told.
    fn signed(&mut self, kept: &Checkpoint, file: &str) -> bool {
        self.report.kept += 1;
        let signed = match SignedCheckpoint::parse(&kept.note) {
            Ok(signed) => signed,
            Err(fault) => {
                let found = Finding::of_file(Kind::CheckpointDamaged, file);
                let expected = "a checkpoint".to_owned();
                self.report.add(found.differs(expected, fault.to_string()));
                return false;
            }
        };
        let says = signed.checkpoint();
        if says.head().size != kept.size || says.head().root != kept.root {
            let found = Finding::of_file(Kind::CheckpointDamaged, file);
            let expected = format!("{} {}", kept.size, hex(&kept.root));
            let is = format!("{} {}", says.head().size, hex(&says.head().root));
            self.report.add(found.differs(expected, is));
            return false;
        }
        if self.generations.origin() != Some(says.origin()) {
            let (size, origin) = (kept.size, says.origin().to_owned());
            self.kept.renamed.push((size, origin, file.to_owned()));
        }
        match known_signature(self.policy, &signed) {
            Err(fault) => {
                let found = Finding::of_file(Kind::SignatureFalse, file);
                let expected = "a signature of the ledger's key".to_owned();
                self.report.add(found.differs(expected, fault));
                return false;
            }
            Ok(None) if self.policy.is_some() => self.report.kept_unknown += 1,
            Ok(verdict) => {
                let signer = verdict.and_then(|verdict| verdict.logs.first().copied());
                if let Some(key) = signer {
                    self.report.notices.signed(kept.size, key);
                }
            }
        }
        let newer = |latest: &SignedCheckpoint| latest.checkpoint().head().size <= kept.size;
        if self.kept.latest.as_ref().is_none_or(newer) {
            self.kept.latest = Some(signed);
        }
        true
    }

    /// Judges under which names checkpoints were signed, now that it is known which names the ledger went by.
    pub(super) fn compare_names(&mut self) {
        for (size, origin, file) in std::mem::take(&mut self.kept.renamed) {
            let now = self.generations.origin();
            // A size of before may be signed for after the change of name.
            if now.is_none()
                || now == Some(origin.as_str())
                || self.generations.earlier(&origin, size) == Earlier::Kept
            {
                continue;
            }
            let found = Finding::of_file(Kind::CheckpointDamaged, &file);
            let expected = format!("{} {size}", now.unwrap_or_default());
            self.report
                .add(found.differs(expected, format!("{origin} {size}")));
        }
    }

    /// Both copies keep the same checkpoints, but for the newest, which the read copy may not have taken yet.
    pub(super) fn compare_kept(&mut self) {
        if self.copy.is_none() {
            return;
        }
        let mut wrong: Vec<(u64, Kind, &str)> = Vec::new();
        for (size, kept) in &self.kept.journal {
            match (self.kept.copy.get(size), kept.must) {
                (None, Some(_)) => wrong.push((*size, Kind::KeptMissing, "sled")),
                (Some(found), must) if must != Some(*found) && !kept.may.contains(found) => {
                    wrong.push((*size, Kind::CopiesDiffer, "sled"));
                }
                _ => {}
            }
        }
        let journal = &self.kept.journal;
        let is_alone = |size: &&u64| self.trimmed_up_to < **size && !journal.contains_key(size);
        let only_copied = self.kept.copy.keys().filter(is_alone);
        wrong.extend(only_copied.map(|size| (*size, Kind::KeptMissing, "journal")));
        wrong.sort_unstable_by_key(|(size, ..)| *size);
        for (size, kind, file) in wrong {
            let found = Finding::of_file(kind, &format!("{file}, checkpoint {size}"));
            self.report
                .add(found.differs(format!("checkpoint {size}"), String::new()));
        }
    }

    /// The file of the last checkpoint is the newest that is kept, or the one before: it is written after that.
    pub(super) fn compare_floor(&mut self) {
        let file = format!("checkpoints/{}.checkpoint", self.ledger);
        let kept = || self.kept.journal.keys().chain(self.kept.copy.keys());
        let Some(floor) = self.kept.floor.take() else {
            if 1 < kept().collect::<HashSet<_>>().len() {
                self.report.add(Finding::of_file(Kind::FileMissing, &file));
            }
            return;
        };
        let size = floor.checkpoint().head().size;
        let newer: HashSet<u64> = kept().copied().filter(|kept| size < *kept).collect();
        // A backup of a server that works copies the file first, and what was signed meanwhile with the journal. Nobody who signs
        // goes by it there.
        let is_behind = 1 < newer.len() && !self.signs_nothing;
        if is_behind || kept().all(|kept| *kept != size) {
            let newest = kept().max().copied().unwrap_or(0);
            let found = Finding::of_file(Kind::FolderDamaged, &file);
            self.report
                .add(found.differs(newest.to_string(), size.to_string()));
        }
        let is = digest(&Checkpoint {
            ledger: self.ledger,
            size,
            root: floor.checkpoint().head().root,
            note: floor.note().to_string().into(),
        });
        let of_journal = self.kept.journal.get(&size);
        let of_journal =
            of_journal.is_some_and(|kept| kept.must == Some(is) || kept.may.contains(&is));
        // It may bear other signatures than the kept one, but one by a known key.
        let same = of_journal || self.kept.copy.get(&size) == Some(&is);
        let by_known = || matches!(known_signature(self.policy, &floor), Ok(Some(_)));
        let origin = self.generations.origin();
        if origin.is_some_and(|origin| origin != floor.checkpoint().origin())
            || !(same || by_known())
        {
            let found = Finding::of_file(Kind::FolderDamaged, &file);
            let is = floor.checkpoint().origin().to_owned();
            self.report
                .add(found.differs(format!("the kept checkpoint of {size}"), is));
        }
    }
}

fn digest(kept: &Checkpoint) -> Hash {
    Hash::digest(&[kept.root.as_bytes(), &kept.note[..]].concat())
}
