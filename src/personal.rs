//! The words of personal texts: kept apart from the ledger, encrypted, and erasable.
//!
//! ```text
//! <data>/personal/<ledger>/openings/<subject>/<event>.<commitment>   one text and its salt, encrypted
//!                          keys/<subject>                            the subject's key, mode 0600
//!                          disclosures                               when texts were handed over, and to whom
//! ```
//! Plain files, and not the journal or sled: those never give back what was written to them. A file for each text, so that
//! writing one never touches another and erasing leaves nothing behind. Keys stand apart, so that a backup can leave them
//! out. The ledger is what counts: what it does not know is swept away when it is opened, and what it says was erased is
//! erased, whatever a crash had left.
//!
//! Nothing of it is held in memory but which subjects were erased: a text is read, decrypted and checked against its
//! commitment each time that somebody is shown it.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;
use std::io::{self, BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::domain::event::Event;
use crate::domain::id::{DataSubjectId, EventId, LedgerId};
use crate::domain::personal::{Commitment, Opening, Openings, PersonalText, Words};
use crate::durable;

mod disk;
mod row;

use disk::Disk;
use row::Key;

/// The folder of a data folder that holds all of it.
pub const FOLDER: &str = "personal";

/// Why words were not taken into keeping.
#[derive(Debug, thiserror::Error)]
pub enum KeepFault {
    /// Texts about this person were erased.
    #[error("texts about `{subject}` were erased")]
    Erased {
        /// The person.
        subject: DataSubjectId,
    },
    /// The ledger is in memory alone, where nothing can be kept.
    #[error("the ledger has no folder to keep personal texts in")]
    NoFolder,
    /// They could not be written.
    #[error("personal texts could not be written")]
    Io(#[from] io::Error),
}

/// A text that is kept, by what its file is named after.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct KeptText {
    /// Whom it is about.
    pub subject: DataSubjectId,
    /// Its event.
    pub event: EventId,
    tag: [u8; KeptText::TAG_BYTES],
}

impl KeptText {
    /// Bytes of the commitment that tell texts of one event apart, and one proposal of a text from another.
    const TAG_BYTES: usize = 8;

    /// The text that this is the commitment to.
    pub fn of(text: &PersonalText) -> Self {
        Self {
            subject: text.subject,
            event: text.event,
            tag: tag(&text.commitment),
        }
    }

    fn file_name(&self) -> String {
        format!("{}.{}", self.event, hex::encode(self.tag))
    }

    fn parse(subject: DataSubjectId, name: &str) -> Option<Self> {
        let (event, hex) = name.split_once('.')?;
        let mut tag = [0; Self::TAG_BYTES];
        hex::decode_to_slice(hex, &mut tag).ok()?;
        let event = event.parse().ok()?;
        Some(Self {
            subject,
            event,
            tag,
        })
    }
}

fn tag(commitment: &Commitment) -> [u8; KeptText::TAG_BYTES] {
    let mut tag = [0; KeptText::TAG_BYTES];
    tag.copy_from_slice(&commitment.as_bytes()[..KeptText::TAG_BYTES]);
    tag
}

/// Texts were handed over, with their salts: a line of the file `disclosures`.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Disclosure {
    /// When, in microseconds since 1970.
    pub disclosed_at_us: i64,
    /// Who asked.
    pub actor: String,
    /// Of one person; `None`: of everybody.
    pub subject_ref: Option<String>,
    /// Of how many events.
    pub size: u64,
}

/// Disclosures that are told of one person.
pub const DISCLOSURES_TOLD: usize = 100;

/// The words of one ledger's personal texts.
#[derive(Debug)]
pub struct PersonalStore {
    ledger: LedgerId,
    /// `None`: of a ledger in memory, where nothing is kept.
    folder: Option<PathBuf>,
    disk: Disk,
    /// Held while files are made or destroyed, so that no key is made twice.
    changing: Mutex<()>,
    /// Erased subjects, with the position of the first event that says so.
    erased: Mutex<HashMap<DataSubjectId, u64>>,
}

impl PersonalStore {
    /// The store of `ledger` in the data folder `data`; without one nothing can be kept.
    pub fn new(data: Option<&Path>, ledger: LedgerId) -> Self {
        Self {
            ledger,
            folder: data.map(|data| data.join(FOLDER).join(ledger.to_string())),
            disk: Disk::default(),
            changing: Mutex::default(),
            erased: Mutex::default(),
        }
    }

    /// Keeps the words that `events` hold: on disk when it returns. What is there already is left as it is, so that it may be
    /// called again for the same events.
    pub fn keep(&self, events: &[Event]) -> Result<(), KeepFault> {
        let _one_at_a_time = self.changing();
        let texts = || events.iter().flat_map(Event::personal_texts);
        {
            let known = self.erased();
            let mut subjects = texts().map(|text| text.subject);
            if let Some(subject) = subjects.find(|subject| known.contains_key(subject)) {
                return Err(KeepFault::Erased { subject });
            }
        }
        let folder = self.folder.as_deref().ok_or(KeepFault::NoFolder)?;
        let mut by_subject: BTreeMap<DataSubjectId, Vec<&PersonalText>> = BTreeMap::new();
        for text in texts() {
            by_subject.entry(text.subject).or_default().push(text);
        }
        for (subject, texts) in by_subject {
            let key = self.key_for(folder, subject)?;
            let of_subject = openings(folder, subject);
            self.disk.make_folders(&of_subject)?;
            let mut added = false;
            for text in texts {
                let Some(opening) = text.held() else { continue };
                added |= self.put(&of_subject, &key, text, opening)?;
            }
            if added {
                self.disk.sync_folder(&of_subject)?;
            }
        }
        Ok(())
    }

    /// Keeps words that another store had, of a text that the ledger holds: on disk when it returns. Whether they were erased
    /// is for the caller to know.
    pub fn take_over(&self, text: &PersonalText, opening: &Opening) -> Result<(), KeepFault> {
        let _one_at_a_time = self.changing();
        let folder = self.folder.as_deref().ok_or(KeepFault::NoFolder)?;
        let key = self.key_for(folder, text.subject)?;
        let of_subject = openings(folder, text.subject);
        self.disk.make_folders(&of_subject)?;
        if self.put(&of_subject, &key, text, opening)? {
            self.disk.sync_folder(&of_subject)?;
        }
        Ok(())
    }

    /// Writes the words of a text into the folder of whom it is about, unless they are there already; whether it did. They are
    /// durable once that folder is synced.
    fn put(
        &self,
        of_subject: &Path,
        key: &Key,
        text: &PersonalText,
        opening: &Opening,
    ) -> io::Result<bool> {
        let path = of_subject.join(KeptText::of(text).file_name());
        if path.exists() {
            return Ok(false);
        }
        let sealed = row::seal(key, self.ledger, text, opening)?;
        self.disk.create(&path, &sealed, disk::Mode::Shared)?;
        Ok(true)
    }

    /// Removes what was kept for events that are not in the ledger and will not be.
    pub fn remove(&self, texts: impl IntoIterator<Item = KeptText>) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let _one_at_a_time = self.changing();
        let mut touched = BTreeSet::new();
        for text in texts {
            let of_subject = openings(folder, text.subject);
            self.disk.destroy(&of_subject.join(text.file_name()))?;
            touched.insert(of_subject);
        }
        for of_subject in touched.iter().filter(|path| path.is_dir()) {
            self.disk.sync_folder(of_subject)?;
        }
        Ok(())
    }

    /// Everything that is kept, subject by subject.
    pub fn kept(&self) -> io::Result<Vec<KeptText>> {
        let mut kept = Vec::new();
        for subject in self.subjects()? {
            kept.extend(self.kept_of(subject)?);
        }
        Ok(kept)
    }

    /// What is kept about `subject`, in the order of the events.
    pub fn kept_of(&self, subject: DataSubjectId) -> io::Result<Vec<KeptText>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let names = disk::names(&openings(folder, subject))?;
        let parsed = names.iter().map(|name| KeptText::parse(subject, name));
        Ok(parsed.flatten().collect())
    }

    /// Subjects of whom a key or a text is there, in the order of their ids.
    pub fn subjects(&self) -> io::Result<BTreeSet<DataSubjectId>> {
        let Some(folder) = &self.folder else {
            return Ok(BTreeSet::new());
        };
        let mut names = disk::names(&folder.join(OPENINGS))?;
        names.extend(disk::names(&folder.join(KEYS))?);
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    /// From now on texts about `subject` are shown as erased by the event at `position`.
    pub fn mark_erased(&self, subject: DataSubjectId, position: u64) {
        let mut erased = self.erased();
        let first = erased.entry(subject).or_insert(position);
        *first = position.min(*first);
    }

    /// Destroys the key of `subject` and everything kept about it: overwritten, unlinked and synced when it returns. Safe to
    /// repeat, however far an earlier call came.
    pub fn destroy(&self, subject: DataSubjectId) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let _one_at_a_time = self.changing();
        // The key first: without it the rest is noise.
        let keys = folder.join(KEYS);
        let key = keys.join(subject.to_string());
        self.disk.destroy(&key)?;
        self.disk.destroy(&disk::unfinished(&key))?;
        if keys.is_dir() {
            self.disk.sync_folder(&keys)?;
        }
        let of_subject = openings(folder, subject);
        for name in disk::names(&of_subject)? {
            self.disk.destroy(&of_subject.join(name))?;
        }
        if of_subject.is_dir() {
            self.disk.remove_folder(&of_subject)?;
        }
        if let Some(all) = of_subject.parent().filter(|all| all.is_dir()) {
            self.disk.sync_folder(all)?;
        }
        Ok(())
    }

    /// Removes what a crash left: keys and texts that were being written, and keys of whom nothing is kept.
    pub fn tidy(&self) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let _one_at_a_time = self.changing();
        for subject in self.subjects()? {
            let of_subject = openings(folder, subject);
            for name in disk::names(&of_subject)? {
                if KeptText::parse(subject, &name).is_none() {
                    self.disk.destroy(&of_subject.join(name))?;
                }
            }
            if disk::names(&of_subject)?.is_empty() {
                if of_subject.is_dir() {
                    self.disk.remove_folder(&of_subject)?;
                }
                self.disk
                    .destroy(&folder.join(KEYS).join(subject.to_string()))?;
            }
        }
        let keys = folder.join(KEYS);
        for name in disk::names(&keys)? {
            if name.parse::<DataSubjectId>().is_err() {
                self.disk.destroy(&keys.join(name))?;
            }
        }
        for folder in [keys, folder.join(OPENINGS)] {
            if folder.is_dir() {
                self.disk.sync_folder(&folder)?;
            }
        }
        Ok(())
    }

    /// Notes that texts were handed over: durable when it returns.
    pub fn note_disclosure(&self, disclosure: &Disclosure) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let _one_at_a_time = self.changing();
        self.disk.make_folders(folder)?;
        let mut line = serde_json::to_vec(disclosure)?;
        line.push(b'\n');
        self.disk.append(&folder.join(DISCLOSURES), &line)?;
        self.disk.sync_folder(folder)
    }

    /// The last [`DISCLOSURES_TOLD`] times that texts about `subject` were handed over, newest first.
    pub fn disclosures_of(&self, subject: DataSubjectId) -> io::Result<Vec<Disclosure>> {
        let subject = subject.to_string();
        let mut last = VecDeque::new();
        self.each_disclosure(|disclosure| {
            if disclosure
                .subject_ref
                .as_ref()
                .is_none_or(|s| *s == subject)
            {
                last.push_front(disclosure);
                last.truncate(DISCLOSURES_TOLD);
            }
        })?;
        Ok(last.into())
    }

    /// Tells `see` each time that texts were handed over, in the order in which that was noted. A line that a crash tore is
    /// passed over: its texts were not handed over yet.
    pub fn each_disclosure(&self, mut see: impl FnMut(Disclosure)) -> io::Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let file = match fs::File::open(folder.join(DISCLOSURES)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if !file.metadata()?.is_file() {
            return Err(ErrorKind::InvalidData.into());
        }
        let mut lines = BufReader::new(file);
        loop {
            let mut line = Vec::new();
            // One that is longer comes in pieces that are none.
            let mut piece = (&mut lines).take(DISCLOSURE_BYTES_MAX);
            if piece.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            if let Ok(disclosure) = serde_json::from_slice(&line) {
                see(disclosure);
            }
        }
    }

    /// The key of `subject`; made if there is none.
    fn key_for(&self, folder: &Path, subject: DataSubjectId) -> io::Result<Key> {
        let path = folder.join(KEYS).join(subject.to_string());
        if let Some(key) = row::read_key(&path)? {
            return Ok(key);
        }
        let key = Key::draw();
        self.disk.make_folders(&folder.join(KEYS))?;
        self.disk
            .create(&path, key.as_bytes(), disk::Mode::Private)?;
        self.disk.sync_folder(&folder.join(KEYS))?;
        Ok(key)
    }

    fn changing(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn erased(&self) -> MutexGuard<'_, HashMap<DataSubjectId, u64>> {
        self.erased.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Openings for PersonalStore {
    fn words_of(&self, text: &PersonalText) -> Words {
        if let Some(position) = self.erased().get(&text.subject) {
            return Words::Erased {
                position: *position,
            };
        }
        if is_withheld(text) {
            return Words::Withheld;
        }
        let Some(folder) = &self.folder else {
            return Words::Missing;
        };
        let path = openings(folder, text.subject).join(KeptText::of(text).file_name());
        let read = row::read_key(&folder.join(KEYS).join(text.subject.to_string()))
            .and_then(|key| Ok((key, durable::read_up_to(&path, row::BYTES_MAX)?)));
        match read {
            Ok((Some(key), Some(sealed))) => match row::open(&key, self.ledger, text, &sealed) {
                Some(opening) if text.is_opened_by(&opening) => {
                    // Nobody asks where no access is recorded.
                    let _ = OPENED.try_with(|opened| opened.set(true));
                    Words::Kept(opening)
                }
                _ => Words::Altered,
            },
            Ok((Some(_), None)) => Words::Altered,
            Ok((None, _)) => Words::Missing,
            Err(error) if error.kind() == ErrorKind::NotFound => Words::Missing,
            Err(error) => {
                tracing::warn!(%error, subject = %text.subject, "a personal text cannot be read");
                Words::Altered
            }
        }
    }
}

tokio::task_local! {
    /// Whether words were opened while an answer was made.
    static OPENED: Cell<bool>;
}

/// Runs `answer` and tells whether words of a text about a person were opened meanwhile, by the same task.
pub async fn noticing_words<T>(answer: impl Future<Output = T>) -> (T, bool) {
    let watched = OPENED.scope(Cell::new(false), async {
        let answer = answer.await;
        (answer, OPENED.with(Cell::get))
    });
    watched.await
}

/// Runs `work` without that it is noticed of which words it opens.
pub fn unnoticed<T>(work: impl FnOnce() -> T) -> T {
    OPENED.sync_scope(Cell::new(false), work)
}

/// Whether somebody may see the words of a text.
pub type Sight = Arc<dyn Fn(&PersonalText) -> bool + Send + Sync>;

tokio::task_local! {
    /// Whose eyes the answer is for that is being made; `None`: for anybody's.
    ///
    /// It is of the task that makes the answer and of no other, so it fails open: a task that this one spawns has all words.
    /// What runs apart shows nobody anything and needs them: the writer holds what is sent against what was recorded, and an
    /// erasure is finished whoever goes away. So words are opened for an answer in its own task, and what it spawns brings
    /// back events, leaves or finished text; `tests/it/architecture.rs` names the tasks that `grpc` spawns.
    static SIGHT: RefCell<Option<Sight>>;
}

fn is_withheld(text: &PersonalText) -> bool {
    let sight = SIGHT.try_with(|sight| sight.borrow().clone());
    // Where no answer is made, nobody is told.
    sight.ok().flatten().is_some_and(|sight| !sight(text))
}

/// Runs `answer` so that [`withhold_from_answer`] holds for it.
pub async fn withholding<T>(answer: impl Future<Output = T>) -> T {
    SIGHT.scope(RefCell::new(None), answer).await
}

/// Runs `work` that shows nobody anything: it has all words, and it is not noticed which of them it opens. What is made of its
/// outcome is for the eyes that the answer is for.
pub async fn unshown<T>(work: impl Future<Output = T>) -> T {
    let unnoticed = OPENED.scope(Cell::new(false), work);
    SIGHT.scope(RefCell::new(None), unnoticed).await
}

/// Lets the answer that is being made hold only words that `sight` lets through; `None`: all.
pub fn withhold_from_answer(sight: Option<Sight>) {
    let _ = SIGHT.try_with(|current| current.replace(sight));
}

/// Makes a piece of an answer, with only those words that `sight` lets through.
pub fn within_sight<T>(sight: Option<Sight>, piece: impl FnOnce() -> T) -> T {
    SIGHT.sync_scope(RefCell::new(sight), piece)
}

/// As [`Openings`], for events that are read.
pub fn openings_of(store: &Arc<PersonalStore>) -> Arc<dyn Openings> {
    store.clone()
}

const OPENINGS: &str = "openings";
const KEYS: &str = "keys";
const DISCLOSURES: &str = "disclosures";
/// More than a line of it takes.
const DISCLOSURE_BYTES_MAX: u64 = 64 * 1024;

fn openings(folder: &Path, subject: DataSubjectId) -> PathBuf {
    folder.join(OPENINGS).join(subject.to_string())
}

#[cfg(test)]
mod tests;
