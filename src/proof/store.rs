//! Verifies a data folder from its bytes: both copies of every event, everything that was signed of them, and all that
//! was derived from them. Nothing in the folder is changed.
//!
//! One pass over the journal, with the read copy beside it; up to eight threads look at each event for
//! itself. It keeps the last event of each stream, the ids, and eight
//! bytes an event for the index: 250 MB for 1.1 million events, 560 for 1.35 million: tables double.

mod again;
mod batch;
mod behind;
mod beside;
mod cursor;
mod pass;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::domain::event::LedgerOpened;
use crate::domain::id::LedgerId;
use crate::durable;
use crate::log::copy::CopyFault;
use crate::log::embedded::live::Unread;
use crate::log::head::Head;
use crate::log::journal::Location;
use crate::log::stored::{CopyView, Damage, Met, StoppedLog, StoredCopy, StoredFolder};
use crate::log::{Checkpoint, LiveCopies};
use crate::merkle::{Hash, SignedCheckpoint, TrustPolicy, VerifierKey};
use crate::proof::bundle::verify::{Finding, Kind, Report, known_signature};
use crate::proof::{KeyFolder, KeyLock, publisher};

pub use crate::log::OpenError;
pub(crate) use crate::log::stored::hold_alone;
use again::Stopped;
pub use again::{Again, Snapshots};
use batch::{CopiedEvents, Looked, Seen};
use behind::look_behind;
use beside::Beside;
pub use beside::Texts;
use pass::{Pass, Statement};

/// By what a data folder is judged.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Whom to believe; without it signatures are held against the folder's own keys, which proves nothing to others.
    pub policy: Option<&'a TrustPolicy>,
    /// A checkpoint that was kept outside.
    pub since: Option<&'a SignedCheckpoint>,
    /// Where the private copy of sled is made.
    pub scratch: &'a Path,
}

/// How far it came.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Bytes of the journal that were read.
    pub read: u64,
    /// Bytes that there are.
    pub of: u64,
}

/// What was found of a data folder.
#[derive(Debug, Default)]
pub struct StoreReport {
    /// Of each ledger, in the order of their ids.
    pub ledgers: Vec<LedgerReport>,
    /// What is wrong and belongs to no ledger alone.
    pub folder: Report,
    /// The end of the journal is no whole record, and nothing reaches beyond it: a write that a crash cut short, of what
    /// was never acknowledged, or of a mark.
    pub unfinished: Option<Unfinished>,
    /// The numbers of the segments of the journal that were trimmed.
    pub trimmed: Vec<u32>,
    /// What snapshots can be computed again from.
    stopped: Option<Stopped>,
}

/// Bytes at the end of the journal that say nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unfinished {
    /// The file, below the data folder.
    pub file: String,
    /// The first byte.
    pub at: u64,
    /// How many there are.
    pub bytes: u64,
}

/// What was found of one ledger.
#[derive(Debug)]
pub struct LedgerReport {
    /// Its id.
    pub ledger: LedgerId,
    /// What its first event says of it.
    pub opened: Option<LedgerOpened>,
    /// The root over all events, where it can be computed.
    pub root: Option<Hash>,
    /// How many events the read copy holds; it may follow the journal at a distance.
    pub copied: u64,
    /// How many of them it holds alone, for the journal was trimmed.
    pub trimmed: u64,
    /// How many snapshots there are.
    pub snapshots: u64,
    /// How many of them were computed again.
    pub compared: u64,
    /// Why none could be.
    pub not_computed: Option<String>,
    /// What was found of texts about people; `None` where nobody looked.
    pub texts: Option<Texts>,
    /// Which copies are whole.
    pub copies: Copies,
    /// What was found.
    pub report: Report,
}

impl LedgerReport {
    /// Tells of a snapshot whose rows, computed again, have another digest than it states. Whoever computes them passes
    /// that in: this module knows no evaluations.
    pub fn snapshot_differs(&mut self, position: u64, stated: [u8; 32], computed: [u8; 32]) {
        let finding = Finding::at(Kind::SnapshotDiffers, position);
        let finding = finding.differs(hex::encode(stated), hex::encode(computed));
        self.report.add(finding);
        self.report.sort();
    }
}

/// Which of the two copies leads to everything that was signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Copies {
    /// Both do.
    BothWhole,
    /// The journal alone: the read copy can be made anew from it.
    JournalWhole,
    /// The read copy alone: the journal can be rebuilt from it.
    CopyWhole,
    /// Neither is known to.
    NeitherWhole,
}

impl StoreReport {
    /// Whether anything is wrong.
    pub fn is_sound(&self) -> bool {
        let sound = |report: &Report| report.findings.is_empty();
        sound(&self.folder) && self.ledgers.iter().all(|ledger| sound(&ledger.report))
    }
}

/// Verifies the data folder `root`, which no process may have open. `watch` is told how far it came.
pub fn verify(
    root: &Path,
    terms: Terms<'_>,
    watch: &mut dyn FnMut(Progress),
) -> Result<StoreReport, OpenError> {
    let folder = StoredFolder::open(root)?;
    let mut found = StoreReport::default();
    if let Some(why) = &folder.format {
        let finding = Finding::of_file(Kind::FolderDamaged, "format");
        found
            .folder
            .add(finding.differs("what the journal says".to_owned(), why.clone()));
    }
    let copy = open_copy(&folder, terms.scratch, &mut found.folder)?;
    let ends = ends(copy.as_ref(), &mut found.folder);
    let read = copy.as_ref().and_then(|copy| copy.read_up_to().ok()?);
    let own = own_policies(&folder);
    let view = copy.as_ref().map(|copy| copy as &dyn CopyView);
    let mut passes = Passes {
        data: root.to_owned(),
        view,
        ends: &ends,
        policy: terms.policy,
        own: &own,
        passes: BTreeMap::new(),
    };
    for ledger in ends.keys() {
        passes.of(*ledger);
    }
    let heads = outside(&folder, terms, &mut passes, &mut found.folder)?;
    let of = folder.journal_bytes();
    let mut unfinished = None;
    let mut damages: Vec<Damage> = Vec::new();
    let mut trimmed = Vec::new();
    batch::walk(&folder, view, &mut |seen, done| {
        watch(Progress { read: done, of });
        let (met, events) = match seen {
            Seen::Met(met, events) => (met, events),
            Seen::Copied(copied, events) => {
                return passes.of(copied.ledger).copied_alone(copied.first, events);
            }
        };
        match met {
            Met::Section(section) => passes.of(section.ledger).section(&section, events),
            Met::Trimmed(segment) => {
                trimmed.push(segment.segment);
                let states = segment.after.ledgers.iter();
                states.for_each(|after| passes.of(after.ledger).begin_trimmed(after));
            }
            Met::Checkpoint(kept, location) => {
                let must = location.zip(read).is_some_and(|(next, read)| next <= read);
                passes.of(kept.ledger).journal_checkpoint(&kept, must);
            }
            Met::Mark(marks) => marks.into_iter().for_each(|(ledger, head)| {
                passes.of(ledger).mark(head, "journal, mark");
            }),
            Met::Seal(seal) => seal.ledgers.iter().for_each(|sealed| {
                let pass = passes.of(sealed.ledger);
                pass.seal(sealed.generation, &sealed.frontier, sealed.marked);
            }),
            Met::Damage(damage) => damages.push(damage),
            Met::Unfinished(damage) => unfinished = Some(damage),
        }
    })?;
    let reaches = |pass: &Pass<'_>| pass.copied() <= pass.head().0 && !pass.is_outreached();
    let covered = passes.passes.values().all(reaches) && !heads;
    // The read copy tells how far it read the journal: what it read was durable.
    let reached = |damage: &Damage| {
        let begins = Location {
            segment: damage.segment,
            offset: damage.at,
        };
        read.is_some_and(|read| begins < read)
    };
    match unfinished {
        Some(damage) if covered && !reached(&damage) => {
            found.unfinished = Some(Unfinished {
                file: damage.file,
                at: damage.at,
                bytes: damage.bytes,
            });
        }
        Some(damage) => damages.push(damage),
        None => {}
    }
    for damage in damages {
        let finding = Finding::of_file(Kind::JournalDamaged, &damage.file);
        let is = format!(
            "{} at byte {}, {} bytes",
            damage.check, damage.at, damage.bytes
        );
        found.folder.add(finding.differs("a record".to_owned(), is));
    }
    look_behind(&folder, &mut passes)?;
    found.folder.settle();
    found.trimmed = trimmed;
    let journal_hurt = found.folder.has_kind(Kind::JournalDamaged);
    let copy_hurt = copy.is_none() || found.folder.has_kind(Kind::CopyDamaged);
    for mut pass in std::mem::take(&mut passes.passes).into_values() {
        pass.signs_nothing = !keys(&folder).is_there();
        pass.finish();
        key_fits(&folder, &mut pass);
        let beside = pass.beside.take();
        let texts = beside.map(|beside| beside.judge(&mut pass.report));
        pass.report.settle();
        found.ledgers.push(LedgerReport {
            texts,
            ..pass.into_report(journal_hurt, copy_hurt)
        });
    }
    drop(passes);
    // It is removed at once where nothing more is asked of it.
    let copy = copy.filter(|_| found.ledgers.iter().any(|one| 0 < one.snapshots));
    found.stopped = copy.and_then(|copy| {
        let (log, data) = (StoppedLog::of(copy).ok()?, root.to_owned());
        Some(Stopped { log, data })
    });
    Ok(found)
}

/// Verifies at least the first `size` events of a ledger that works, in both copies: as [`verify`], but for the lists and ids
/// of its index, and for what says nothing of one ledger alone. Blocks; appends go on. `watch` is told how many events were
/// verified, and says whether to go on; `None`: it did not.
pub fn verify_live(
    copies: &LiveCopies,
    ledger: LedgerId,
    size: u64,
    policy: &TrustPolicy,
    watch: &mut dyn FnMut(u64) -> bool,
) -> Option<LedgerReport> {
    let mut pass = Pass::live(ledger, Some(policy), copies, copies.copied(ledger), size);
    let mut journal_hurt = false;
    while pass.head().0 < size {
        let position = pass.head().0;
        match copies.section(ledger, position) {
            Ok(section) => pass.section(&section, Looked::all(&section)),
            Err(Unread::Trimmed(after)) => {
                pass.begin_trimmed(&after);
                let end = after.frontier.size();
                CopiedEvents::each(copies, ledger, position, end, &mut |copied| {
                    pass.copied_alone(copied.first, copied.looked_at());
                    watch(pass.head().0)
                });
                pass.end_trimmed(after.generation, &after.frontier);
            }
            Err(Unread::Damaged(why)) => {
                journal_hurt = true;
                let finding = Finding::at(Kind::JournalDamaged, position).in_file("journal");
                pass.report
                    .add(finding.differs("a group of events".to_owned(), why));
                // As far as the read copy has them; else one after the other.
                pass.fill_up_to(position + 1);
            }
        }
        if !watch(pass.head().0) {
            return None;
        }
    }
    pass.finish();
    pass.report.settle();
    Some(pass.into_report(journal_hurt, false))
}

/// The passes of all ledgers, begun as they are met.
struct Passes<'a> {
    data: PathBuf,
    view: Option<&'a dyn CopyView>,
    ends: &'a BTreeMap<LedgerId, Head>,
    /// Whom the auditor believes.
    policy: Option<&'a TrustPolicy>,
    /// The folder's own keys, where nobody said whom to believe.
    own: &'a HashMap<LedgerId, TrustPolicy>,
    passes: BTreeMap<LedgerId, Pass<'a>>,
}

impl<'a> Passes<'a> {
    fn of(&mut self, ledger: LedgerId) -> &mut Pass<'a> {
        self.passes.entry(ledger).or_insert_with(|| {
            let policy = self.policy.or_else(|| self.own.get(&ledger));
            let end = self.ends.get(&ledger).copied();
            let mut pass = Pass::new(ledger, policy, self.view, end);
            pass.beside = Some(Beside::new(self.data.clone(), ledger));
            pass
        })
    }
}

fn open_copy(
    folder: &StoredFolder,
    scratch: &Path,
    report: &mut Report,
) -> Result<Option<StoredCopy>, OpenError> {
    match folder.copy(scratch) {
        Ok(Some(copy)) => Ok(Some(copy)),
        Ok(None) => {
            report.add(Finding::of_file(Kind::FileMissing, "sled"));
            Ok(None)
        }
        Err(CopyFault::Environment(why)) => Err(OpenError::Io {
            what: "read copy",
            source: std::io::Error::other(why),
        }),
        Err(fault) => {
            let finding = Finding::of_file(Kind::CopyDamaged, "sled");
            report.add(finding.differs("a database".to_owned(), fault.to_string()));
            Ok(None)
        }
    }
}

/// What the read copy says that it holds.
fn ends(copy: Option<&StoredCopy>, report: &mut Report) -> BTreeMap<LedgerId, Head> {
    match copy.map(StoredCopy::ends) {
        None => BTreeMap::new(),
        Some(Ok(ends)) => ends,
        Some(Err(fault)) => {
            let finding = Finding::of_file(Kind::CopyDamaged, "sled");
            report.add(finding.differs("the end of a ledger".to_owned(), fault.to_string()));
            BTreeMap::new()
        }
    }
}

/// The keys that lie in the folder: what checkpoints are judged by where nobody said whom to believe.
fn own_policies(folder: &StoredFolder) -> HashMap<LedgerId, TrustPolicy> {
    let ledgers = keys(folder).ledgers().unwrap_or_default().into_iter();
    let policy = |ledger| {
        let own = own_keys(folder, ledger).ok()?;
        Some((ledger, TrustPolicy::of_logs(own)))
    };
    ledgers.filter_map(policy).collect()
}

/// The key files of the folder. Encrypted ones are not opened: their public keys lie beside them.
fn keys(folder: &StoredFolder) -> KeyFolder {
    KeyFolder::new(folder.root(), KeyLock::Open)
}

/// The public keys of a ledger, those that sign no more too; an error where none can be read.
fn own_keys(folder: &StoredFolder, ledger: LedgerId) -> Result<Vec<VerifierKey>, String> {
    let keys = keys(folder);
    let files = keys.files(ledger).map_err(|fault| fault.to_string())?;
    let (mut own, mut fault) = (Vec::new(), "no key file".to_owned());
    for file in &files {
        match keys.public(file) {
            Ok(key) => own.push(key),
            Err(unreadable) => fault = unreadable.to_string(),
        }
    }
    match own.is_empty() {
        true => Err(fault),
        false => Ok(own),
    }
}

/// What lies beside the copies, and what the auditor kept. Tells whether the heads file could not be used.
fn outside(
    folder: &StoredFolder,
    terms: Terms<'_>,
    passes: &mut Passes<'_>,
    report: &mut Report,
) -> Result<bool, OpenError> {
    let mut unusable = false;
    match folder.heads() {
        Ok(heads) => heads.into_iter().flatten().for_each(|(ledger, head)| {
            let statement = Statement {
                kind: Kind::StateDiffers,
                file: "heads".to_owned(),
                root: head.root,
                signed: false,
            };
            passes.of(ledger).state(head.size, statement);
        }),
        Err(check) => {
            unusable = true;
            let finding = Finding::of_file(Kind::FolderDamaged, "heads");
            report.add(finding.differs("a heads file".to_owned(), check.to_owned()));
        }
    }
    let ledgers: Vec<LedgerId> = publisher::files(folder.root())
        .map_err(|source| OpenError::Io {
            what: "checkpoints",
            source,
        })?
        .into_iter()
        .collect();
    for ledger in ledgers {
        last_checkpoint(folder, ledger, passes.of(ledger));
    }
    if let Some(since) = terms.since {
        passes.since(folder, since, report);
    }
    Ok(unusable)
}

/// The file of a ledger's last checkpoint.
fn last_checkpoint(folder: &StoredFolder, ledger: LedgerId, pass: &mut Pass<'_>) {
    let path = publisher::file(folder.root(), ledger);
    let file = format!("checkpoints/{ledger}.checkpoint");
    let read = durable::read_up_to(&path, Checkpoint::NOTE_BYTES_MAX as u64);
    let read = read.map_err(|error| error.to_string());
    let read = read.and_then(|note| note.ok_or_else(|| "longer than any checkpoint".to_owned()));
    let signed =
        read.and_then(|note| SignedCheckpoint::parse(&note).map_err(|fault| fault.to_string()));
    let signed = match signed {
        Ok(signed) => signed,
        Err(fault) => {
            let finding = Finding::of_file(Kind::CheckpointDamaged, &file);
            let finding = finding.differs("a checkpoint".to_owned(), fault);
            pass.report.add(finding);
            return;
        }
    };
    if let Err(fault) = known_signature(pass.policy(), &signed) {
        let finding = Finding::of_file(Kind::SignatureFalse, &file);
        let expected = "a signature of the ledger's key".to_owned();
        pass.report.add(finding.differs(expected, fault));
        return;
    }
    let head = signed.checkpoint().head();
    pass.kept.floor = Some(signed);
    let statement = Statement {
        kind: Kind::KeptDiffers,
        file,
        root: head.root,
        signed: true,
    };
    pass.state(head.size, statement);
}

/// The name in the file of a ledger's last checkpoint.
fn named_by_last(folder: &StoredFolder, ledger: LedgerId) -> Option<String> {
    let path = publisher::file(folder.root(), ledger);
    let note = durable::read_up_to(&path, Checkpoint::NOTE_BYTES_MAX as u64);
    let signed = SignedCheckpoint::parse(&note.ok()??).ok()?;
    Some(signed.checkpoint().origin().to_owned())
}

impl Passes<'_> {
    /// What the auditor kept, of the ledger whose key signed it.
    fn since(&mut self, folder: &StoredFolder, since: &SignedCheckpoint, report: &mut Report) {
        let origin = since.checkpoint().origin();
        let ledgers: BTreeSet<LedgerId> = self.ends.keys().copied().collect();
        let ledgers = ledgers.into_iter().chain(self.own.keys().copied());
        let of_origin = ledgers.filter(|ledger| {
            let keys = own_keys(folder, *ledger).unwrap_or_default();
            // A folder that is made of a backup has no keys, but the last checkpoint.
            let named = || named_by_last(folder, *ledger).is_some_and(|name| name == origin);
            keys.iter().any(|key| key.name().as_str() == origin) || named()
        });
        let Some(ledger) = of_origin.min() else {
            let finding = Finding::of_file(Kind::SinceElsewhere, "checkpoint");
            report.add(finding.differs(origin.to_owned(), "no ledger of that origin".to_owned()));
            return;
        };
        let head = since.checkpoint().head();
        let statement = Statement {
            kind: Kind::SinceDiffers,
            file: "--since".to_owned(),
            root: head.root,
            signed: true,
        };
        let pass = self.of(ledger);
        pass.since_origin = Some(origin.to_owned());
        pass.state(head.size, statement);
    }
}

/// A key of the folder must have signed the last checkpoint. A folder without `keys/`, as one that is made of a backup, signs nothing.
fn key_fits(folder: &StoredFolder, pass: &mut Pass<'_>) {
    if !keys(folder).is_there() {
        return;
    }
    let Some(latest) = pass.kept.latest.clone() else {
        return;
    };
    let file = format!("keys/{}.skey", pass.ledger);
    let fault = match own_keys(folder, pass.ledger) {
        Err(fault) => Some(fault),
        Ok(keys) => latest
            .note()
            .verify(&keys)
            .err()
            .map(|fault| fault.to_string()),
    };
    if let Some(fault) = fault {
        let finding = Finding::of_file(Kind::FolderDamaged, &file);
        let expected = "the key that signed the last checkpoint".to_owned();
        pass.report.add(finding.differs(expected, fault));
    }
}
