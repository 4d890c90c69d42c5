//! The new data folder: made beside its place under another name, with a log of its own, and given its name when all of it is durable.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::join_all;

use crate::backup;
use crate::clock::system_now;
use crate::domain::event::Payload;
use crate::domain::id::LedgerId;
use crate::durable::{self, Access, WholeFolder};
use crate::fault_point::Point;
use crate::log::codec::decode;
use crate::log::embedded::place;
use crate::log::{
    Checkpoint, CommitLog as _, EmbeddedConfig, EmbeddedLog, Head, Leaf, LedgerCommit, LogFault,
    Outcome,
};
use crate::merkle::{Frontier, SignedCheckpoint};
use crate::proof::bundle::verify::{Earlier, Generations};
use crate::proof::last_checkpoint_file;
use crate::salvage::SalvageError;
use crate::salvage::beside::Beside;
use crate::salvage::part::{Cursor, Part};
use crate::salvage::plan::Plan;
use crate::salvage::trust::{Signature, Trust};

/// Bytes of events after which a group of them is written.
const GROUP_BYTES: usize = 1024 * 1024;

/// A data folder that is being made.
pub(super) struct Draft {
    folder: WholeFolder,
    log: EmbeddedLog,
}

/// A ledger that was written.
pub(super) struct Put {
    pub(super) head: Head,
    pub(super) names: Generations,
    pub(super) code: Option<String>,
    /// Signed checkpoints that were taken along, and the newest of them.
    pub(super) kept: u64,
    pub(super) newest: Option<SignedCheckpoint>,
}

/// The folder that will be `data`; a place that is taken, or without which a source would not stay as it is, is refused.
pub(super) fn folder(data: &Path, sources: &[PathBuf]) -> Result<WholeFolder, SalvageError> {
    let folder = WholeFolder::at(data).map_err(at(data))?;
    if !folder.is_free().map_err(at(data))? {
        return Err(SalvageError::NotEmpty(data.to_owned()));
    }
    // Where a journal is that is kept elsewhere, too.
    let touches = |source: &&PathBuf| {
        let data = [source.join(backup::DATA), source.to_path_buf()];
        let journals = data.iter().filter_map(|data| place::journal_of(data).ok());
        folder.touches(source) || journals.into_iter().any(|journal| folder.touches(&journal))
    };
    match sources.iter().find(touches) {
        Some(source) => Err(SalvageError::Within {
            data: data.to_owned(),
            source_path: source.clone(),
        }),
        None => Ok(folder),
    }
}

impl Draft {
    /// Begins the folder that will be `data`. What an earlier run left of it goes.
    pub(super) fn begin(mut folder: WholeFolder, data: &Path) -> Result<Self, SalvageError> {
        match folder.make() {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                return Err(SalvageError::Busy(data.to_owned()));
            }
            made => made.map_err(at(data))?,
        }
        let now = Arc::new(|| system_now().as_microsecond());
        match EmbeddedLog::open(EmbeddedConfig::new(folder.folder(), now)) {
            Ok(log) => Ok(Self { folder, log }),
            Err(error) => {
                folder.discard();
                Err(error.into())
            }
        }
    }

    /// Where it is until it is whole.
    pub(super) fn folder(&self) -> &Path {
        self.folder.folder()
    }

    /// Writes a ledger as it is planned, with every checkpoint that was signed of it, and what lies beside it.
    pub(super) async fn put(
        &self,
        plan: &Plan,
        parts: &[Part],
        trust: &Trust<'_>,
        beside: &mut Beside<'_>,
        passed: &mut dyn FnMut(),
    ) -> Result<Put, SalvageError> {
        let mut writing = Writing {
            log: &self.log,
            plan,
            trust,
            listeners: listeners(parts, plan.ledger),
            tree: Frontier::new(),
            names: Generations::default(),
            code: None,
            head: Head::EMPTY,
            generation: Head::EMPTY.generation,
            group: Vec::new(),
            whole: 0,
            bytes: 0,
            notes: Vec::new(),
            kept: 0,
            newest: None,
        };
        for (run, to) in plan.runs() {
            let mut cursor = Cursor::new(&parts[run.part], plan.ledger);
            for position in run.from..to {
                let ledger = plan.ledger;
                let changed = || SalvageError::Changed { ledger, position };
                let leaf = cursor.leaf(position).ok_or_else(changed)?;
                let recorded = decode(&leaf).map_err(|_| changed())?;
                beside.see(&recorded)?;
                if recorded.generation != writing.generation {
                    writing.flush().await?;
                    writing.generation = recorded.generation;
                }
                if let Payload::LedgerOpened(opened) = &recorded.event.payload {
                    writing.code = Some(opened.code.to_string());
                }
                writing.names.see(&recorded);
                let is_whole = recorded.request_index + 1 == recorded.request_count;
                writing.add(Leaf::new(leaf), is_whole).await?;
                passed();
            }
        }
        writing.finish().await
    }

    /// Makes `signed` the last checkpoint of a ledger, which a server with its keys holds the log against when it starts.
    pub(super) fn keep_last(
        &self,
        ledger: LedgerId,
        signed: &SignedCheckpoint,
    ) -> Result<(), SalvageError> {
        let path = last_checkpoint_file(self.folder(), ledger);
        let note = signed.note().to_string();
        let folder = path.parent().map_or(Ok(()), durable::make_folder);
        folder
            .and_then(|()| durable::replace(&path, note.as_bytes(), Access::Shared))
            .map_err(at(&path))
    }

    /// Gives it its name.
    pub(super) async fn finish(self, data: &Path) -> Result<(), SalvageError> {
        let closed = self.log.close().await;
        let Self { folder, log } = self;
        drop(log);
        let passed = |step| match step {
            durable::Step::Drafted => Point::SalvageDrafted.pass(),
            durable::Step::Named => Point::SalvageNamed.pass(),
        };
        let put = closed
            .map_err(SalvageError::from)
            .and_then(|()| folder.put(passed).map_err(at(data)));
        // Where only the sync of its new name failed, it is there.
        if put.is_err() && folder.folder().exists() {
            folder.discard();
        }
        put
    }

    /// Takes it away again.
    pub(super) fn discard(self) {
        let Self { folder, log } = self;
        drop(log);
        folder.discard();
    }
}

/// A ledger that is being written.
struct Writing<'a> {
    log: &'a EmbeddedLog,
    plan: &'a Plan,
    trust: &'a Trust<'a>,
    /// All parts that may have checkpoints of it.
    listeners: Vec<Cursor<'a>>,
    /// Over the events so far.
    tree: Frontier,
    names: Generations,
    code: Option<String>,
    /// What is in the log.
    head: Head,
    generation: u64,
    /// What is not yet, and how much of it are whole requests.
    group: Vec<Leaf>,
    whole: usize,
    bytes: usize,
    notes: Vec<Checkpoint>,
    kept: u64,
    newest: Option<SignedCheckpoint>,
}

impl Writing<'_> {
    /// Adds an event, and the checkpoints of the events up to it. `is_whole`: its request ends with it.
    async fn add(&mut self, leaf: Leaf, is_whole: bool) -> Result<(), SalvageError> {
        self.tree.push(leaf.hash);
        // A request that has no place beside those that wait comes into a group of its own.
        if LedgerCommit::GROUP_BYTES_MAX < self.bytes + leaf.bytes.len()
            || LedgerCommit::GROUP_EVENTS_MAX <= self.group.len()
        {
            self.flush().await?;
        }
        self.bytes += leaf.bytes.len();
        self.group.push(leaf);
        if is_whole {
            self.whole = self.group.len();
        }
        let signed = self.signed();
        // Where a checkpoint is of the end of a group, the next start can hold it against that.
        if is_whole && (signed.is_some() || GROUP_BYTES <= self.bytes) {
            self.flush().await?;
        }
        let Some(signed) = signed else {
            return Ok(());
        };
        let head = signed.checkpoint().head();
        self.notes.push(Checkpoint {
            ledger: self.plan.ledger,
            size: head.size,
            root: head.root,
            note: signed.note().to_string().into(),
        });
        self.kept += 1;
        self.newest = Some(signed);
        Ok(())
    }

    /// The checkpoint of the events so far, with every signature that any part has of it.
    fn signed(&mut self) -> Option<SignedCheckpoint> {
        let size = self.tree.size();
        let listeners = self.listeners.iter_mut();
        let mut found: Vec<_> = listeners.flat_map(|part| part.signed(size)).collect();
        if found.is_empty() {
            return None;
        }
        let root = self.tree.root();
        let fits = |signed: &SignedCheckpoint| {
            signed.checkpoint().head().root == root
                && is_of(&self.names, self.plan, signed)
                && self.trust.judge(self.plan.ledger, signed) != Signature::False
        };
        found.retain(fits);
        let is_credible =
            |signed: &SignedCheckpoint| self.trust.is_credible(self.plan.ledger, signed);
        merged(found, is_credible)
    }

    /// Writes the whole requests that wait, in one go. Checkpoints of more events than are written wait on.
    async fn flush(&mut self) -> Result<(), SalvageError> {
        let notes = std::mem::take(&mut self.notes);
        let (ready, waiting) = notes
            .into_iter()
            .partition::<Vec<_>, _>(|note| note.size <= self.head.size);
        self.notes = waiting;
        let ready = join_all(ready.into_iter().map(|note| self.log.keep_checkpoint(note)));
        let begun = self.group.split_off(std::mem::take(&mut self.whole));
        let leaves = std::mem::replace(&mut self.group, begun);
        self.bytes = self.group.iter().map(|leaf| leaf.bytes.len()).sum();
        if leaves.is_empty() {
            ready.await.into_iter().collect::<Result<(), _>>()?;
            return Ok(());
        }
        let commit = LedgerCommit {
            ledger: self.plan.ledger,
            expected: self.head,
            generation: self.generation,
            leaves,
        };
        // Sent in this order, they share a sync.
        let append = async { self.log.append(vec![commit]).await };
        let (kept, mut outcomes) = futures::join!(ready, append);
        kept.into_iter().collect::<Result<(), _>>()?;
        self.head = match outcomes.pop() {
            Some(Outcome::Committed(head)) => head,
            Some(Outcome::Refused(fault) | Outcome::Unknown(fault)) => return Err(fault.into()),
            // Nobody else has it open.
            Some(Outcome::Conflict(_)) | None => return Err(LogFault::InFlight.into()),
        };
        Ok(())
    }

    async fn finish(mut self) -> Result<Put, SalvageError> {
        self.flush().await?;
        self.flush().await?;
        if (self.head.size, self.head.root) != (self.plan.size, self.plan.root) {
            return Err(SalvageError::Changed {
                ledger: self.plan.ledger,
                position: self.head.size,
            });
        }
        Ok(Put {
            head: self.head,
            names: self.names,
            code: self.code,
            kept: self.kept,
            newest: self.newest,
        })
    }
}

fn listeners(parts: &[Part], ledger: LedgerId) -> Vec<Cursor<'_>> {
    let holding = parts.iter().filter(|part| part.ledgers.contains(&ledger));
    holding.map(|part| Cursor::new(part, ledger)).collect()
}

/// Whether a checkpoint of the events so far bears a name that the ledger went by: that of now, one for whose time its size is of, or
/// one that comes later, for an earlier size may be signed for at any time.
fn is_of(names: &Generations, plan: &Plan, signed: &SignedCheckpoint) -> bool {
    let (origin, head) = (signed.checkpoint().origin(), signed.checkpoint().head());
    let mut origins = plan.origins.iter();
    let is_its = origins.any(|(position, name)| *position < plan.size && name == origin);
    let is_now = names.origin() == Some(origin);
    let earlier = names.earlier(origin, head.size);
    is_its && (is_now || matches!(earlier, Earlier::Kept | Earlier::Stranger))
}

/// One checkpoint of several of one size: of those that are credible, or else of all, the one with the most signatures, and those that
/// only others have behind them. One that the log does not take is none.
fn merged(
    mut found: Vec<SignedCheckpoint>,
    is_credible: impl Fn(&SignedCheckpoint) -> bool,
) -> Option<SignedCheckpoint> {
    let bytes = |signed: &SignedCheckpoint| signed.note().to_string().len();
    found.retain(|signed| bytes(signed) <= Checkpoint::NOTE_BYTES_MAX);
    found.sort_by_cached_key(|signed| (is_credible(signed), bytes(signed)));
    let mut most = found.pop()?;
    found.retain(|other| other.checkpoint() == most.checkpoint());
    // From the most credible on.
    for other in found.iter().rev() {
        for signature in other.note().signatures() {
            let before = most.clone();
            // What has no place any more is left out.
            let added = most.add(signature.clone());
            if added.is_err() || Checkpoint::NOTE_BYTES_MAX < bytes(&most) {
                most = before;
            }
        }
    }
    Some(most)
}

/// Names the file of an error.
pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> SalvageError + '_ {
    move |source| SalvageError::File {
        path: path.to_owned(),
        source,
    }
}
