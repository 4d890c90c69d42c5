//! Lets a ledger go on that lost what it had signed, or whose keys are lost: the operator's own decision, made on a data
//! folder that nobody serves.
//!
//! ```text
//! 1  a key under the new name, its file durable
//! 2  one commit: LedgerContinued, which names the last checkpoint of before, and the announcement of the key
//! 3  the file of that checkpoint is moved aside, so that the folder opens
//! ```
//! Before 2 an open is refused as before; after it, until 3, it is refused too, and the same call completes it. So the old
//! name is never signed for again.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::auth::Authenticator;
use crate::clock::{new_id, system_now};
use crate::domain::code::Code;
use crate::domain::event::Reason;
use crate::domain::id::{InvalidId, LedgerId, RequestId};
use crate::domain::text::{InvalidText, Name};
use crate::domain::trust::{CheckpointNote, VerifierKey as KeyText};
use crate::fault_point::Point;
use crate::ledger::{AppendError, Continuation, ReadFault, Reader, Unserved};
use crate::log::embedded::{EmbeddedConfig, EmbeddedLog, OpenError};
use crate::log::{CommitLog, DerivedStore, LogFault, ReadError};
use crate::merkle::{
    InvalidKeyName, KeyName, SignatureType, SignedCheckpoint, Signer as _, SigningKey, TreeHead,
    TrustPolicy, VerifierKey,
};
use crate::proof::key_file::Slot;
use crate::proof::{self, KeyFault, KeyFolder, KeyLock};

/// Who records it: the server's program.
const ACTOR: &str = "daicho";

/// What is asked.
#[derive(Clone, Debug)]
pub struct ContinueLedger {
    /// The data folder.
    pub data: PathBuf,
    /// Id or code of the ledger.
    pub ledger: String,
    /// Who asks.
    pub asked_by: Name,
    /// Why.
    pub reason: Reason,
    /// The last checkpoint that is known from elsewhere.
    pub last_checkpoint: Option<SignedCheckpoint>,
    /// Whose signature of the last checkpoint counts, beside the keys in the folder and those that the ledger announced.
    pub policy: Option<TrustPolicy>,
    /// What encrypts keys.
    pub lock: KeyLock,
    /// Whether it is to be done; otherwise only what would be.
    pub confirmed: bool,
}

/// What was lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lost {
    /// The events from the size that is there up to the size that was signed.
    Events,
    /// The history is another one than was signed.
    History,
    /// The key.
    Key,
}

impl Lost {
    /// The stable name for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::History => "history",
            Self::Key => "key",
        }
    }
}

/// How the ledger goes on, or would.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Continued {
    /// The ledger.
    pub ledger: LedgerId,
    /// What was lost.
    pub lost: Lost,
    /// How many events there are: the position of LedgerContinued.
    pub size: u64,
    /// How many there were when it was last signed for.
    pub signed: u64,
    /// Its name before.
    pub before: String,
    /// Its name from now on.
    pub origin: String,
    /// Its generation from now on.
    pub generation: u64,
    /// The key that signs from now on, once it is done.
    pub key: Option<String>,
    /// Whether it was done; by an earlier call, perhaps.
    pub is_done: bool,
}

/// The ledger was not continued.
#[derive(Debug, thiserror::Error)]
pub enum NotContinued {
    /// The data folder cannot be opened.
    #[error("the data folder cannot be opened")]
    Open(#[from] OpenError),
    /// No ledger has this id or code.
    #[error("no ledger of the data folder is `{0}`")]
    Unknown(String),
    /// Nothing says that it was ever signed for.
    #[error("no checkpoint of the ledger is known; name the last one with --last-checkpoint")]
    NoCheckpoint,
    /// The checkpoint is of another ledger.
    #[error("the checkpoint is of `{found}`, not of `{expected}`")]
    OtherOrigin {
        /// The ledger's name.
        expected: String,
        /// Whose it is.
        found: String,
    },
    /// None of the keys that are known to be the ledger's signed the checkpoint.
    #[error(
        "the checkpoint is not signed with a key that is known to be the ledger's: where its keys are lost, say whom to believe with --policy"
    )]
    NotSigned,
    /// It has all that was signed, and can sign.
    #[error("nothing is lost: the ledger reaches all that is known to be signed, and can sign")]
    NothingLost,
    /// The new name is too long.
    #[error("the ledger's name cannot be made longer")]
    Name(#[from] InvalidText),
    /// The new name cannot be that of a key.
    #[error("the ledger's name cannot be that of a key")]
    KeyName(#[from] InvalidKeyName),
    /// The checkpoint is too long to be recorded.
    #[error("the checkpoint is too long to be recorded")]
    Note,
    /// The id could not be made.
    #[error("no id could be drawn")]
    Id(#[from] InvalidId),
    /// A key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFault),
    /// The ledger cannot be read.
    #[error("the ledger cannot be read")]
    Read(#[from] ReadFault),
    /// The event was not appended.
    #[error("the event was not appended")]
    Append(#[from] AppendError),
    /// A file cannot be used.
    #[error("the data folder cannot be used")]
    Folder(#[source] io::Error),
    /// The log was not closed in order.
    #[error("the log was not closed in order")]
    Close(#[from] LogFault),
}

/// What whoever asked has to know of why it was not continued.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hindrance {
    /// Another process has the data folder open.
    InUse,
    /// What is stored cannot be proven whole, or not be opened.
    Damaged,
    /// The ledger, or its last checkpoint, is not there.
    Unknown,
    /// It must not be.
    Refused,
    /// A fault of the program or the machine.
    Fault,
}

impl NotContinued {
    /// What whoever asked has to know.
    pub fn hindrance(&self) -> Hindrance {
        match self {
            Self::Open(OpenError::Locked { .. }) => Hindrance::InUse,
            Self::Open(OpenError::NothingThere { .. }) => Hindrance::Unknown,
            Self::Open(_) | Self::Read(_) => Hindrance::Damaged,
            Self::Unknown(_) | Self::NoCheckpoint => Hindrance::Unknown,
            Self::OtherOrigin { .. } | Self::NotSigned | Self::NothingLost | Self::Name(_) => {
                Hindrance::Refused
            }
            _ => Hindrance::Fault,
        }
    }
}

/// Lets a ledger go on under a new name, or says how it would.
pub async fn continue_ledger(asked: &ContinueLedger) -> Result<Continued, NotContinued> {
    let log = Arc::new(open(asked).await?);
    let continued = on(&log, asked).await;
    let closed = log.close().await;
    let continued = continued?;
    closed?;
    Ok(continued)
}

/// Opens the folder: with what is known to have been signed, which may lead to a repair, and else without.
async fn open(asked: &ContinueLedger) -> Result<EmbeddedLog, NotContinued> {
    let keys = KeyFolder::new(&asked.data, asked.lock.clone());
    let floors = proof::floors(&asked.data, &keys).map_err(NotContinued::Folder)?;
    let settings = |floors| {
        let now = Arc::new(|| system_now().as_microsecond());
        let mut settings = EmbeddedConfig::new(&asked.data, now);
        settings.floors = floors;
        settings.existing = true;
        settings
    };
    let (with, without) = (settings(floors), settings(Vec::new()));
    let opening = tokio::task::spawn_blocking(|| match EmbeddedLog::open(with) {
        Err(OpenError::Refused { .. }) => EmbeddedLog::open(without),
        opened => opened,
    });
    match opening.await {
        Ok(log) => Ok(log?),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

async fn on(log: &Arc<EmbeddedLog>, asked: &ContinueLedger) -> Result<Continued, NotContinued> {
    let unserved = find(log, asked).await?;
    let reader = unserved.reader();
    let directory = reader.view().directory;
    let head = reader.head();
    let origin = directory.origin().ok_or(NotContinued::NoCheckpoint)?;
    let begun = directory.origins().next().map(|begun| &begun.origin);
    let begun = begun.unwrap_or(origin);
    let file = proof::last_checkpoint_file(&asked.data, reader.id());
    let filed = fs::read(&file).ok();
    let filed = filed.and_then(|note| SignedCheckpoint::parse(&note).ok());

    // One of which no event is left has a name all the same.
    let generation_of = |signed: &SignedCheckpoint| {
        let behind = signed.checkpoint().origin().strip_prefix(begun.as_str())?;
        behind.strip_prefix("/g")?.parse::<u64>().ok()
    };
    let is_earlier = |signed: &SignedCheckpoint| {
        let of = signed.checkpoint().origin();
        let mut earlier = directory.origins().rev().skip(1);
        earlier.any(|earlier| earlier.origin.as_str() == of)
            || generation_of(signed).is_some_and(|generation| generation < head.generation)
    };
    if let Some(filed) = filed.as_ref().filter(|filed| is_earlier(filed)) {
        // An earlier call broke off before it moved the file.
        let moved = asked.confirmed;
        if moved {
            aside(&file, head.generation.saturating_sub(1)).map_err(NotContinued::Folder)?;
        }
        let ended = directory
            .origins()
            .next_back()
            .map_or(0, |now| now.position);
        return Ok(Continued {
            ledger: reader.id(),
            lost: Lost::Events,
            size: ended,
            signed: filed.checkpoint().head().size,
            before: filed.checkpoint().origin().to_owned(),
            origin: origin.to_string(),
            generation: head.generation,
            key: None,
            is_done: moved,
        });
    }

    let keys = KeyFolder::new(&asked.data, asked.lock.clone());
    let last = last_signed(reader, filed, asked).await?;
    let says = last.checkpoint();
    // The ledger went on before, and that is lost too: its name of then is not taken up again.
    let lost_generation = generation_of(&last).filter(|lost| head.generation < *lost);
    if says.origin() != origin.as_str() && lost_generation.is_none() {
        return Err(NotContinued::OtherOrigin {
            expected: origin.to_string(),
            found: says.origin().to_owned(),
        });
    }
    let signed = says.head().size;
    let lost = if head.size < signed || lost_generation.is_some() {
        Lost::Events
    } else if reader.root_at(signed)? != says.head().root {
        Lost::History
    } else if proof::can_sign(keys.clone(), reader) {
        return Err(NotContinued::NothingLost);
    } else {
        Lost::Key
    };
    let filed = keys.files(reader.id())?;
    let filed = filed.iter().filter_map(|file| keys.public(file).ok());
    let announced = directory.keys();
    let announced = announced.filter_map(|known| known.key.to_string().parse().ok());
    let own: Vec<VerifierKey> = filed.chain(announced).collect();
    let is_believed = |policy: &TrustPolicy| policy.evaluate(&last).is_ok();
    let is_signed =
        last.note().verify(&own).is_ok() || asked.policy.as_ref().is_some_and(is_believed);
    // Where only the key is lost there is nothing to hold it against; the log kept the checkpoint.
    if lost != Lost::Key && !is_signed {
        return Err(NotContinued::NotSigned);
    }
    let ended = lost_generation.unwrap_or(head.generation);
    let generation = ended.saturating_add(1);
    let next = Name::parse(&format!("{begun}/g{generation}"))?;
    let mut continued = Continued {
        ledger: reader.id(),
        lost,
        size: head.size,
        signed,
        before: says.origin().to_owned(),
        origin: next.to_string(),
        generation,
        key: None,
        is_done: false,
    };
    if !asked.confirmed {
        return Ok(continued);
    }
    let seed = zeroize::Zeroizing::new(rand::random::<[u8; 32]>());
    let name = KeyName::parse(next.as_str())?;
    let key = SigningKey::from_seed(name, SignatureType::Ed25519, &seed);
    keys.add(reader.id(), Slot::Announced(key.key().id()), &key)?;
    let vkey = key.key().to_string();
    let going_on = Continuation {
        request_id: RequestId::new(new_id())?,
        origin: next,
        generation,
        previous_checkpoint: note(&last)?,
        key: KeyText::parse(&vkey).map_err(|_| NotContinued::Note)?,
        reason: asked.reason.clone(),
    };
    let subject = Name::parse(ACTOR)?;
    let permitted = Authenticator.permit_system(subject, going_on);
    let permitted = permitted.on_behalf_of(&asked.asked_by);
    unserved.go_on(permitted).await?;
    Point::GenerationBegun.pass();
    aside(&file, ended).map_err(NotContinued::Folder)?;
    continued.key = Some(vkey);
    continued.is_done = true;
    Ok(continued)
}

async fn find(log: &Arc<EmbeddedLog>, asked: &ContinueLedger) -> Result<Unserved, NotContinued> {
    let named = asked.ledger.as_str();
    let store: Arc<dyn DerivedStore> = log.clone();
    let log: Arc<dyn CommitLog> = log.clone();
    let (id, code) = (named.parse::<LedgerId>().ok(), Code::parse(named).ok());
    let ledgers = log.ledgers().await.map_err(ReadFault::from)?;
    let count = ledgers.len();
    for ledger in ledgers {
        if id.is_some_and(|id| id != ledger) {
            continue;
        }
        let unserved = Unserved::open(log.clone(), store.clone(), ledger, &asked.data).await?;
        let directory = unserved.reader().view().directory;
        let has_code = directory
            .ledger()
            .is_some_and(|opened| Some(&opened.code) == code.as_ref());
        if id == Some(ledger) || has_code || (named.is_empty() && count == 1) {
            return Ok(unserved);
        }
    }
    Err(NotContinued::Unknown(named.to_owned()))
}

/// The largest checkpoint that is known: from elsewhere, from its file, from the log.
async fn last_signed(
    reader: &Reader,
    filed: Option<SignedCheckpoint>,
    asked: &ContinueLedger,
) -> Result<SignedCheckpoint, NotContinued> {
    let kept = reader.checkpoint_up_to(u64::MAX).await?;
    let kept = kept.map(|kept| {
        SignedCheckpoint::parse(&kept.note).map_err(|fault| {
            let detail = fault.to_string();
            ReadFault::Log(ReadError::Damaged {
                position: kept.size,
                detail,
            })
        })
    });
    // What others saw stands against all that was signed since: the ledger has outgrown what it lost, and forked.
    if let Some(named) = &asked.last_checkpoint {
        let TreeHead { size, root } = named.checkpoint().head();
        let directory = reader.view().directory;
        let origin = directory.origin().map(|origin| origin.as_str());
        let is_present = origin == Some(named.checkpoint().origin());
        if is_present && size <= reader.head().size && reader.root_at(size)? != root {
            return Ok(named.clone());
        }
    }
    let known = [asked.last_checkpoint.clone(), filed, kept.transpose()?];
    let known = known.into_iter().flatten();
    // Of one size the first: what the operator names.
    let mut largest: Option<SignedCheckpoint> = None;
    for signed in known {
        let size = signed.checkpoint().head().size;
        if largest
            .as_ref()
            .is_none_or(|known| known.checkpoint().head().size < size)
        {
            largest = Some(signed);
        }
    }
    largest.ok_or(NotContinued::NoCheckpoint)
}

/// The checkpoint as it is recorded: with all signatures, or with the ledger's own where they are too many.
fn note(signed: &SignedCheckpoint) -> Result<CheckpointNote, NotContinued> {
    let whole = signed.note().to_string();
    if let Ok(note) = CheckpointNote::parse(&whole) {
        return Ok(note);
    }
    let own = signed.checkpoint().origin();
    let signatures = signed.note().signatures().iter();
    let signatures = signatures.filter(|signature| signature.name().as_str() == own);
    let lines = signatures.map(|signature| format!("{signature}\n"));
    let text = format!("{}\n{}", signed.note().text(), lines.collect::<String>());
    CheckpointNote::parse(&text).map_err(|_| NotContinued::Note)
}

/// Moves the file of the last checkpoint of a generation aside; nothing is written over.
fn aside(file: &Path, generation: u64) -> io::Result<()> {
    if !file.exists() {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(Path::new("."));
    let ended = folder.join("ended");
    fs::create_dir_all(&ended)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let named = |number: u32| match number {
        0 => ended.join(format!("{name}.g{generation}")),
        _ => ended.join(format!("{name}.g{generation}.{number}")),
    };
    let free = (0..).map(named).find(|path| !path.exists());
    fs::rename(file, free.unwrap_or_else(|| named(0)))?;
    Point::CheckpointSetAside.pass();
    fs::File::open(&ended)?.sync_all()?;
    fs::File::open(folder)?.sync_all()
}
