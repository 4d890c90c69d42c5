//! Evidence (根拠資料): the files that events name by digest, kept beside the ledger under these digests.
//!
//! ```text
//! media   which kinds of files are taken in
//! draft   a file on its way in
//! shelf   the files of one ledger
//! named   which files events name
//! check   whether they are there, and are what they were
//! adopt   files taken over from another folder
//! ```
//! In the data folder:
//!
//! ```text
//! attachments/<ledger id>/<first two digits>/<sha256>    a file; the name is its digest in hexadecimal
//!                         drafts/<id>                    a file on its way in
//! ```
//! Events say what a file has to be, so nothing here has to be believed: whatever is read is held against its name. A file
//! whose content was erased stays named in the events, and does not come back.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock;
use crate::domain::date::Date;
use crate::domain::id::LedgerId;
use crate::domain::trust::EvidenceErasure;
use crate::ledger::{Ledgers, ReadFault, Reader};

mod adopt;
mod check;
mod draft;
mod media;
mod named;
mod shelf;

pub use adopt::{adopt, place};
pub use check::{Check, Checked, State};
pub use draft::{Draft, Misfit, Whole};
pub use media::{Form, MediaTypes};
pub use named::{Mention, Named};
pub use shelf::{Found, Reading, Shelf, UNNAMED_KEPT};

/// Bytes of one piece of a file at most.
pub const PIECE_BYTES_MAX: usize = 256 * 1024;
/// Bytes that are written at once.
const WRITE_BYTES: usize = PIECE_BYTES_MAX;
/// Files of a ledger at most that no event names yet.
pub const UNNAMED_FILES_MAX: usize = 1_000;
/// Files at most that are told apart at once: as many as a bundle may have.
pub const NAMED_FILES_MAX: usize = 1_000_000;
/// Files that are taken in at once, of all ledgers.
pub const UPLOADS_MAX: usize = 8;

/// The folder of files in the data folder. Not `evidence`: the log puts there what it sets aside.
const FOLDER: &str = "attachments";

/// What is there under a digest among the files of a ledger, in a data folder that need not be served. Reads all of it.
pub fn look(data: &Path, ledger: LedgerId, sha256: &[u8; 32]) -> io::Result<Found> {
    shelf::look(&data.join(FOLDER).join(ledger.to_string()), sha256)
}

/// What is said of a file before it comes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Expected {
    /// Its digest.
    pub sha256: [u8; 32],
    /// Its length.
    pub bytes: u64,
    /// What its content looks like.
    pub form: Form,
}

/// A file cannot be taken in, handed out or looked at.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFault {
    /// There is no such file.
    #[error("no file of this digest is kept here")]
    Unknown,
    /// It was erased.
    #[error("the file was erased on {on}")]
    Erased {
        /// On which day, in the ledger's zone.
        on: Date,
        /// How.
        erasure: Arc<EvidenceErasure>,
    },
    /// Something else is in its place.
    #[error(
        "the file `{}` was altered: it is `{}`",
        hex::encode(sha256),
        hex::encode(found)
    )]
    Altered {
        /// What it should be.
        sha256: [u8; 32],
        /// What is there.
        found: [u8; 32],
    },
    /// Too many files wait to be named.
    #[error("{UNNAMED_FILES_MAX} files are named by no event")]
    TooManyUnnamed,
    /// Events name too many files to tell them apart.
    #[error("events name more than {NAMED_FILES_MAX} files")]
    TooManyNamed,
    /// The folder cannot be read or written.
    #[error("the folder of attached files cannot be used")]
    File(#[from] io::Error),
    /// The ledger cannot be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
}

/// What files are taken in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Terms {
    /// Bytes of one file at most.
    pub file_bytes_max: u64,
    /// Kinds of files.
    pub media_types: MediaTypes,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            file_bytes_max: 64 * 1024 * 1024,
            media_types: MediaTypes::default(),
        }
    }
}

/// The files of all ledgers of a data folder.
pub struct Store {
    folder: PathBuf,
    terms: Terms,
    uploads: Arc<Semaphore>,
    shelves: Mutex<HashMap<LedgerId, Arc<Shelf>>>,
}

impl Store {
    /// The files in a data folder.
    pub fn new(data: &Path, terms: Terms) -> Self {
        Self {
            folder: data.join(FOLDER),
            terms,
            uploads: Arc::new(Semaphore::new(UPLOADS_MAX)),
            shelves: Mutex::default(),
        }
    }

    /// What files are taken in.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The files of a ledger.
    pub fn of(&self, reader: &Arc<Reader>) -> Arc<Shelf> {
        // Nothing panics while it holds one half changed.
        let mut shelves = self.shelves.lock().unwrap_or_else(PoisonError::into_inner);
        let shelf = shelves.entry(reader.id()).or_insert_with(|| {
            let folder = self.folder.join(reader.id().to_string());
            Arc::new(Shelf::new(reader.clone(), folder))
        });
        shelf.clone()
    }

    /// A place to take a file in, until it is dropped; `None`: all are taken.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        self.uploads.clone().try_acquire_owned().ok()
    }

    /// At start, before anything is taken in or handed out: finishes what a crash broke off. What cannot be finished is
    /// logged; files that were erased are not handed out all the same.
    pub async fn settle(&self, ledgers: &Ledgers) {
        for reader in ledgers.list() {
            match self.of(&reader).settle().await {
                Ok((0, 0)) => {}
                Ok((drafts, erased)) => {
                    tracing::info!(ledger = %reader.id(), drafts, erased, "attached files were settled");
                }
                Err(error) => failed(&reader, &error),
            }
        }
    }

    /// At start, behind everything else: removes files that nobody named in time.
    pub async fn sweep(&self, ledgers: &Ledgers) {
        for reader in ledgers.list() {
            match self.of(&reader).sweep(clock::system_now()).await {
                Ok(0) => {}
                Ok(swept) => {
                    tracing::info!(ledger = %reader.id(), swept, "attached files that no event names were removed");
                }
                Err(error) => failed(&reader, &error),
            }
        }
    }
}

fn failed(reader: &Reader, error: &EvidenceFault) {
    tracing::error!(
        ledger = %reader.id(),
        error = error as &dyn std::error::Error,
        "attached files could not be put in order"
    );
}

/// Does what may block.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
