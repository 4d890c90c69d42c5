//! Ledgers put together again from whatever is left of them: damaged data folders, older backups, export bundles. Original bytes, so
//! the same roots; no history is invented, and what no source holds is told as lost.
//!
//! ```text
//! source     what each folder is, and its parts: journal, read copy, bundle
//! part       what a part holds of a ledger: events, roots that are said, checkpoints that are signed
//! trust      whose signatures count
//! walk       position by position over all parts: which events, up to where; what it comes to is a `plan`
//! standing   which of two events for one position: what is signed and said behind them decides
//! draft      the new data folder: a journal written anew, there whole or not at all
//! beside     words of texts about people, attached files
//! ```
//! Each ledger is walked through twice, so that nothing is written of which the root is not known: first without writing, which
//! plans from which part each event is taken, then once more to write it. Events are never held; 16 bytes for each group of a
//! journal are, and the last event of each stream.
//!
//! No key is taken along, as in a restored backup: whether the new folder has all that was ever signed is for the operator to
//! decide, who puts the keys back or begins a new generation (`daicho ledger continue`). Where a checkpoint is known that is not
//! reached, it becomes the folder's last one, so that a server with the keys refuses to start until then.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::domain::id::LedgerId;
use crate::log::{Head, LogFault};
use crate::merkle::{Hash, SignedCheckpoint, TrustPolicy, VerifierKey};
use crate::proof::bundle::verify::{Earlier, Generations};

pub use crate::log::OpenError;
use beside::Beside;
pub use beside::Tally;
use draft::{Draft, Put};
use part::{Cursor, Part};
use plan::Plan;
use source::Source;
pub use source::SourceKind;
use trust::Trust;

mod beside;
mod draft;
mod part;
mod plan;
mod source;
mod standing;
mod trust;
mod walk;

#[cfg(test)]
mod tests;

/// By what sources are judged.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// Whom to believe; without it signatures are held against the keys that lie in the sources, which proves nothing to others.
    pub policy: Option<&'a TrustPolicy>,
    /// A checkpoint that was kept outside: the ledger that it is of must go on from it.
    pub since: Option<&'a SignedCheckpoint>,
    /// Where private copies of read copies are made.
    pub scratch: &'a Path,
}

/// How far it came.
#[derive(Clone, Copy, Debug)]
pub struct Progress {
    /// Events that were looked at or written.
    pub done: u64,
    /// About how many will be.
    pub of: u64,
}

/// A data folder was made.
#[derive(Debug)]
pub struct Salvaged {
    /// What it was made of.
    pub sources: Vec<LookedAt>,
    /// Its ledgers, in the order of their ids; also those of which no event could be taken.
    pub ledgers: Vec<SalvagedLedger>,
}

/// A source, and what cannot be read of it.
#[derive(Clone, Debug)]
pub struct LookedAt {
    /// Where it is.
    pub path: PathBuf,
    /// What it is.
    pub kind: SourceKind,
    /// What is damaged or missing in it.
    pub faults: Vec<String>,
    /// How many more there are.
    pub faults_omitted: usize,
}

/// What became of one ledger.
#[derive(Debug)]
pub struct SalvagedLedger {
    /// Its id.
    pub ledger: LedgerId,
    /// Its code, if its first event is there.
    pub code: Option<String>,
    /// Where it stands in the new folder.
    pub head: Head,
    /// How many events were taken from which part.
    pub taken: Vec<(String, u64)>,
    /// The largest size up to which a root that was signed or said agrees; events behind it are held by what each says alone.
    pub agreed: u64,
    /// The largest size that a known key signed.
    pub signed: u64,
    /// The newest checkpoint that was found.
    pub newest: Option<Newest>,
    /// What is known to have been there and is not.
    pub lost: Option<Lost>,
    /// Where there are events again, behind a gap.
    pub resumes: Option<u64>,
    /// Where sources contradict each other.
    pub conflicts: Vec<Conflict>,
    /// How many more there are.
    pub conflicts_omitted: u64,
    /// Whether it ends where it does because of the last of them.
    pub is_cut: bool,
    /// The parts that have another history of it.
    pub others: Vec<String>,
    /// Signed checkpoints that were taken along.
    pub checkpoints: u64,
    /// What became of the words of texts about people.
    pub texts: Tally,
    /// What became of attached files.
    pub files: Tally,
}

/// A signed checkpoint that was found.
#[derive(Clone, Debug)]
pub struct Newest {
    /// The name it was signed under.
    pub origin: String,
    /// The number of events.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Where it was found; nothing where many parts have it.
    pub by: Option<String>,
}

/// Events that are known to have been there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Lost {
    /// The first position.
    pub from: u64,
    /// The position behind the last.
    pub to: u64,
    /// Whether a checkpoint counts them: then their name must never be signed for again.
    pub is_signed: bool,
}

/// Where sources contradict each other.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Conflict {
    /// They have different events.
    Events {
        /// For this position.
        position: u64,
        /// The parts that have each.
        sides: Vec<Vec<String>>,
        /// Which of them is the ledger's; nothing where nothing tells.
        taken: Option<usize>,
    },
    /// A root that the events do not have.
    Root {
        /// Of the first so many events.
        size: u64,
        /// The part that has it.
        by: String,
        /// Whether a known key signed it.
        is_signed: bool,
        /// Whether a known key signed the root that the events do have.
        is_overruled: bool,
    },
    /// An event that cannot follow those before it, or cannot be read.
    Misfit {
        /// For this position.
        position: u64,
        /// The part that has it.
        by: String,
        /// Why: a code, or what cannot be read.
        why: String,
    },
}

/// No data folder was made.
#[derive(Debug, thiserror::Error)]
pub enum SalvageError {
    /// A folder is nothing that events could be taken from.
    #[error("`{0}` is no data folder, backup, bundle, journal or read copy")]
    NoSource(PathBuf),
    /// A server has a source open.
    #[error("a server has `{0}` open")]
    InUse(PathBuf),
    /// A source cannot be read by this version.
    #[error("`{path}` cannot be read")]
    Source {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The data folder that was to be made holds something.
    #[error("`{0}` is not empty")]
    NotEmpty(PathBuf),
    /// It lies in a source, in which nothing is changed, or what it is called until it is whole is the name of one.
    #[error("`{data}` cannot be made without a change to `{source_path}`")]
    Within {
        /// The folder that was to be made.
        data: PathBuf,
        /// The source.
        source_path: PathBuf,
    },
    /// Another salvage makes the same folder.
    #[error("another process makes `{0}`")]
    Busy(PathBuf),
    /// No source has the first event of any ledger, or what they have is denied by what was signed.
    #[error("no ledger begins in any of the sources")]
    Nothing {
        /// The sources.
        sources: Vec<LookedAt>,
        /// Where they contradict each other.
        conflicts: Vec<Conflict>,
    },
    /// The checkpoint that was kept outside is of none of the ledgers.
    #[error("no ledger of the sources goes by the name `{0}`")]
    SinceElsewhere(String),
    /// There is no room for a private copy of a read copy.
    #[error("a private copy cannot be made in `{scratch}`: {why}")]
    Scratch {
        /// Where it was to be made.
        scratch: PathBuf,
        /// Why.
        why: String,
    },
    /// A source changed while it was read.
    #[error("the event at position {position} of ledger {ledger} was another one before")]
    Changed {
        /// The ledger.
        ledger: LedgerId,
        /// The position.
        position: u64,
    },
    /// The new folder's log failed.
    #[error("the new data folder cannot be written")]
    Log(#[from] LogFault),
    /// The new folder's log could not be opened.
    #[error("the new data folder cannot be opened")]
    Open(#[from] OpenError),
    /// A file could not be written.
    #[error("`{path}` cannot be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl SalvagedLedger {
    /// Whether all that is known of it is there.
    pub fn is_whole(&self) -> bool {
        let erased_elsewhere = self.texts.erased_elsewhere + self.files.erased_elsewhere;
        self.lost.is_none() && !self.is_cut && self.texts.missing == 0 && erased_elsewhere == 0
    }
}

impl Salvaged {
    /// Whether all that is known of its ledgers is there.
    pub fn is_whole(&self) -> bool {
        self.ledgers.iter().all(SalvagedLedger::is_whole)
    }
}

/// Makes the data folder `data` of what `sources` hold. `data` must not be there, or be empty; it is there whole or not at all. Blocks
/// between its steps. `watch` is told how far it came.
///
/// # Errors
///
/// Where a source is none or cannot be read by this version, where no ledger begins in any, and where `data` cannot be written. There is
/// no `data` then.
pub async fn salvage(
    sources: &[PathBuf],
    data: &Path,
    terms: Terms<'_>,
    watch: &mut dyn FnMut(Progress),
) -> Result<Salvaged, SalvageError> {
    let folder = draft::folder(data, sources)?;
    let (mut opened, mut parts) = (Vec::new(), Vec::new());
    for (number, path) in sources.iter().enumerate() {
        let (source, of_source) = Source::open(number, path, terms.scratch)?;
        opened.push(source);
        parts.extend(of_source);
    }
    let trust = Trust::new(terms.policy, terms.since, own_keys(&opened));
    let ledgers = parts.iter().flat_map(|part| part.ledgers.iter().copied());
    let ledgers: BTreeSet<LedgerId> = ledgers.collect();
    let reach = |ledger| parts.iter().map(move |part| part.reach(ledger)).max();
    let events = ledgers.iter().filter_map(|ledger| reach(*ledger));
    // What a source says of its reach may be any number.
    let events = events.fold(0, u64::saturating_add);
    let mut progress = Progress {
        done: 0,
        // Looked at, then written.
        of: events.saturating_mul(2),
    };
    let mut passed = || {
        progress.done += 1;
        watch(progress);
    };
    let ledgers = ledgers.into_iter();
    let plans = ledgers.map(|ledger| walk::plan(ledger, &parts, &trust, &mut passed));
    let plans: Vec<Plan> = plans.collect();
    let looked_at = || opened.iter().map(Source::looked_at).collect();
    if plans.iter().all(|plan| plan.size == 0) {
        let conflicts = plans.into_iter().flat_map(|plan| plan.conflicts.told);
        return Err(SalvageError::Nothing {
            sources: looked_at(),
            conflicts: conflicts.collect(),
        });
    }
    if let Some(since) = terms.since {
        let origin = since.checkpoint().origin();
        let mut names = plans.iter().flat_map(|plan| &plan.origins);
        if !names.any(|(_, name)| name == origin) {
            return Err(SalvageError::SinceElsewhere(origin.to_owned()));
        }
    }
    let draft = Draft::begin(folder, data)?;
    let mut ledgers = Vec::new();
    let filling = async {
        for plan in plans {
            let mut beside = Beside::new(&plan, &opened, draft.folder());
            let put = draft.put(&plan, &parts, &trust, &mut beside, &mut passed);
            let put = put.await?;
            let (texts, files) = beside.finish()?;
            ledgers.push(report(plan, put, (texts, files), &parts, &trust, &draft)?);
        }
        Ok::<(), SalvageError>(())
    };
    match filling.await {
        Ok(()) => draft.finish(data).await?,
        Err(error) => {
            draft.discard();
            return Err(error);
        }
    }
    Ok(Salvaged {
        sources: looked_at(),
        ledgers,
    })
}

/// The keys of each ledger as its data folders have them; as bundles have them only where none does, for whoever makes a bundle writes
/// its keys.
fn own_keys(sources: &[Source]) -> BTreeMap<LedgerId, Vec<VerifierKey>> {
    let mut keys: BTreeMap<LedgerId, Vec<_>> = BTreeMap::new();
    for is_bundle in [false, true] {
        let known: BTreeSet<LedgerId> = keys.keys().copied().collect();
        let those = sources.iter();
        let those = those.filter(|source| source.bundle.is_some() == is_bundle);
        let found = those.flat_map(|source| &source.keys);
        for (ledger, own) in
            found.filter(|(ledger, own)| !own.is_empty() && !known.contains(*ledger))
        {
            keys.entry(*ledger).or_default().extend(own.iter().cloned());
        }
    }
    keys
}

/// What became of a ledger; its last checkpoint is put into the folder.
fn report(
    plan: Plan,
    put: Put,
    (texts, files): (Tally, Tally),
    parts: &[Part],
    trust: &Trust<'_>,
    draft: &Draft,
) -> Result<SalvagedLedger, SalvageError> {
    let ledger = plan.ledger;
    let beyond = beyond(&plan, &put.names, parts, trust);
    let last = beyond.as_ref().map(|(signed, _)| signed);
    // A ledger that is not in the folder could never go on, and would keep the others from it.
    let kept = last.or(put.newest.as_ref()).filter(|_| plan.size != 0);
    if let Some(kept) = kept {
        draft.keep_last(ledger, kept)?;
    }
    let is_heard = |(at, part): (usize, _)| (!plan.others.contains(&at)).then_some(part);
    let heard = parts.iter().enumerate().filter_map(is_heard);
    let reach = heard
        .map(|part: &Part| part.reach(ledger))
        .max()
        .unwrap_or(0);
    let lost = |to: u64, is_signed| {
        (plan.size < to).then_some(Lost {
            from: plan.size,
            to,
            is_signed,
        })
    };
    let signed = last.map(|signed| signed.checkpoint().head().size);
    let lost = signed
        .and_then(|to| lost(to.max(reach), true))
        .or_else(|| lost(reach, false));
    let newest = match (beyond, &put.newest) {
        (Some((signed, by)), _) => Some(newest(&signed, Some(by))),
        (None, Some(signed)) => Some(newest(signed, None)),
        (None, None) => None,
    };
    let named = |part: &usize| parts[*part].name.clone();
    Ok(SalvagedLedger {
        ledger,
        code: put.code,
        head: put.head,
        taken: taken(&plan, parts),
        agreed: plan.agreed,
        signed: plan.signed,
        newest,
        lost,
        resumes: plan.resumes.filter(|_| lost.is_some()),
        others: plan.others.iter().map(named).collect(),
        conflicts: plan.conflicts.told,
        conflicts_omitted: plan.conflicts.omitted,
        is_cut: plan.is_cut,
        checkpoints: put.kept,
        texts,
        files,
    })
}

fn newest(signed: &SignedCheckpoint, by: Option<String>) -> Newest {
    let checkpoint = signed.checkpoint();
    Newest {
        origin: checkpoint.origin().to_owned(),
        size: checkpoint.head().size,
        root: checkpoint.head().root,
        by,
    }
}

/// How many events come from which part, by the order in which they are first taken from.
fn taken(plan: &Plan, parts: &[Part]) -> Vec<(String, u64)> {
    let mut taken: Vec<(usize, u64)> = Vec::new();
    for (run, to) in plan.runs() {
        let events = to - run.from;
        match taken.iter_mut().find(|(part, _)| *part == run.part) {
            Some((_, so_far)) => *so_far += events,
            None => taken.push((run.part, events)),
        }
    }
    let named = |(part, events): (usize, u64)| (parts[part].name.clone(), events);
    taken.into_iter().map(named).collect()
}

/// The newest checkpoint that was signed for more events than there are now, and where it was found. Not one of an earlier name for
/// events that the ledger says it lost, nor one of another ledger's name.
fn beyond(
    plan: &Plan,
    names: &Generations,
    parts: &[Part],
    trust: &Trust<'_>,
) -> Option<(SignedCheckpoint, String)> {
    let mut newest: Option<(SignedCheckpoint, String)> = None;
    let mut take = |signed: SignedCheckpoint, by: &str| {
        let size = signed.checkpoint().head().size;
        let origin = signed.checkpoint().origin();
        let earlier = || names.earlier(origin, size);
        let is_told =
            names.origin() != Some(origin) && matches!(earlier(), Earlier::Kept | Earlier::Lost(_));
        let is_newer =
            |(known, _): &(SignedCheckpoint, String)| known.checkpoint().head().size < size;
        if plan.size < size && !is_told && newest.as_ref().is_none_or(is_newer) {
            newest = Some((signed, by.to_owned()));
        }
    };
    let is_its = |signed: &SignedCheckpoint| is_name_of(plan, signed.checkpoint().origin());
    for part in parts {
        let mut cursor = Cursor::new(part, plan.ledger);
        let mut from = plan.size.saturating_add(1);
        while let Some(size) = cursor.next_signed(from) {
            let signed = cursor.signed(size).into_iter();
            let credible =
                signed.filter(|signed| is_its(signed) && trust.is_credible(plan.ledger, signed));
            credible.for_each(|signed| take(signed, &part.name));
            from = size.saturating_add(1);
        }
    }
    let since = trust.since.filter(|since| {
        let (origin, size) = (since.checkpoint().origin(), since.checkpoint().head().size);
        names.origin() == Some(origin) || names.earlier(origin, size) != Earlier::Stranger
    });
    if let Some(since) = since {
        take(since.clone(), walk::SINCE);
    }
    newest
}

/// Whether the ledger went by this name, or can have gone by it in a generation of which no event is left.
fn is_name_of(plan: &Plan, origin: &str) -> bool {
    let later = |first: &str| {
        origin
            .strip_prefix(first)?
            .strip_prefix("/g")?
            .parse::<u64>()
            .ok()
    };
    let first = plan.origins.first();
    plan.origins.iter().any(|(_, name)| name == origin)
        || first.is_some_and(|(_, first)| later(first).is_some())
}
