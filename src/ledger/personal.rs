//! Words of personal texts on their way: kept before their events can be appended, removed when those are not, swept and
//! erased as the ledger says when it is opened.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::RwLockReadGuard;

use crate::domain::event::Event;
use crate::domain::id::{DataSubjectId, LedgerId};
use crate::domain::personal::Openings;
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::trust::Erasure;
use crate::ledger::append::{Append, AppendError};
use crate::ledger::index::{Direction, Term};
use crate::ledger::reader::{ReadFault, Reader};
use crate::log::ReadError;
use crate::personal::{Disclosure, KeepFault, KeptText, PersonalStore, openings_of};

/// What of one request has to be kept.
pub(super) struct Keeping {
    reader: Arc<Reader>,
    /// Events with personal texts.
    events: Arc<Vec<Event>>,
    begun: bool,
}

impl Keeping {
    pub(super) fn new(reader: &Arc<Reader>, append: &Append) -> Self {
        let events = append.events.iter();
        let events = events.filter(|event| event.personal_texts().next().is_some());
        Self {
            reader: reader.clone(),
            events: Arc::new(events.cloned().collect()),
            begun: false,
        }
    }

    /// Whether there are no words to keep.
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Makes the words durable, if there are any. Nobody begins an erasure until the answer is dropped.
    pub(super) async fn keep(&mut self) -> Result<Option<RwLockReadGuard<'_, ()>>, AppendError> {
        if self.events.is_empty() {
            return Ok(None);
        }
        let guard = self.reader.keeping().read().await;
        self.begun = true;
        let (store, events) = (self.reader.personal().clone(), self.events.clone());
        let kept = blocking(move || store.keep(&events)).await;
        match kept {
            Ok(()) => Ok(Some(guard)),
            Err(KeepFault::Erased { subject }) => Err(AppendError::Rejected(vec![
                Rejection::new(Reason::SubjectErased, "events").with("subject", subject),
            ])),
            Err(fault) => Err(AppendError::NotKept(Arc::new(fault))),
        }
    }

    /// Removes what was kept: its events were not appended, and will not be.
    pub(super) async fn undo(self) {
        if !self.begun {
            return;
        }
        let store = self.reader.personal().clone();
        let events = self.events;
        let removed = blocking(move || {
            let texts = events.iter().flat_map(Event::personal_texts);
            store.remove(texts.map(KeptText::of))
        });
        if let Err(error) = removed.await {
            tracing::warn!(%error, "words of a refused request were not removed; the next start does");
        }
    }
}

/// What is recorded of one person.
#[derive(Clone, Debug)]
pub struct AboutSubject {
    /// The person.
    pub subject: DataSubjectId,
    /// Positions of the events with texts about them, ascending.
    pub positions: Vec<u64>,
    /// How many texts are on disk.
    pub kept: usize,
    /// The first erasure.
    pub erased: Option<Arc<Erasure>>,
}

impl Reader {
    /// People of whom texts are kept or were erased.
    pub async fn data_subjects(&self) -> Result<BTreeSet<DataSubjectId>, ReadFault> {
        let store = self.personal().clone();
        let mut subjects = blocking(move || store.subjects()).await.map_err(failed)?;
        subjects.extend(
            self.view()
                .directory
                .erasures()
                .map(|erasure| erasure.subject),
        );
        Ok(subjects)
    }

    /// Positions of the events with texts about `subject`, or about anybody of whom texts are kept; ascending.
    pub async fn personal_positions(
        &self,
        subject: Option<DataSubjectId>,
    ) -> Result<BTreeSet<u64>, ReadFault> {
        let subjects = match subject {
            Some(subject) => BTreeSet::from([subject]),
            None => self.data_subjects().await?,
        };
        let size = self.view().size;
        let mut positions = BTreeSet::new();
        for subject in subjects {
            let term = Term::data_subject(subject);
            positions.extend(self.postings(&term, 0, size, Direction::Forward, usize::MAX)?);
        }
        Ok(positions)
    }

    /// Notes that texts are about to be handed over.
    pub async fn note_disclosure(&self, disclosure: Disclosure) -> Result<(), ReadFault> {
        let store = self.personal().clone();
        let noted = blocking(move || store.note_disclosure(&disclosure));
        noted.await.map_err(failed)
    }

    /// When texts about `subject` were handed over, newest first.
    pub async fn disclosures_of(
        &self,
        subject: DataSubjectId,
    ) -> Result<Vec<Disclosure>, ReadFault> {
        let store = self.personal().clone();
        let read = blocking(move || store.disclosures_of(subject));
        read.await.map_err(failed)
    }

    /// What is recorded of a person, and how much of it is still there.
    pub async fn about(&self, subject: DataSubjectId) -> Result<AboutSubject, ReadFault> {
        let view = self.view();
        let term = Term::data_subject(subject);
        let positions = self.postings(&term, 0, view.size, Direction::Forward, usize::MAX)?;
        let store = self.personal().clone();
        let kept = blocking(move || store.kept_of(subject))
            .await
            .map_err(failed)?;
        Ok(AboutSubject {
            subject,
            positions,
            kept: kept.len(),
            erased: view.directory.erasures_of(subject).next().cloned(),
        })
    }
}

/// The words of a ledger's personal texts in a data folder, for whoever only looks: of what was erased it does not know.
pub fn words_in(data: &Path, ledger: LedgerId) -> Arc<dyn Openings> {
    openings_of(&Arc::new(PersonalStore::new(Some(data), ledger)))
}

/// Brings what is kept to what the ledger says, before anything is appended: what it does not hold is removed.
pub(super) async fn settle(reader: &Reader) -> Result<(), ReadFault> {
    let store = reader.personal().clone();
    // What the ledger says was erased, is; a crash may have come between the two.
    let view = reader.view();
    let erasures = view.directory.erasures();
    let erased: Vec<_> = erasures.map(|e| (e.subject, e.position)).collect();
    let kept = {
        let store = store.clone();
        blocking(move || {
            let there = store.subjects()?;
            for (subject, position) in erased {
                store.mark_erased(subject, position);
                if there.contains(&subject) {
                    store.destroy(subject)?;
                }
            }
            store.tidy()?;
            store.kept()
        })
        .await
        .map_err(failed)?
    };
    let mut orphans = Vec::new();
    for text in kept {
        if !holds(reader, text).await? {
            orphans.push(text);
        }
    }
    if !orphans.is_empty() {
        let texts = orphans.len();
        tracing::info!(
            texts,
            "personal texts of events that were never appended are removed"
        );
        remove(&store, orphans).await.map_err(failed)?;
    }
    Ok(())
}

fn failed(error: io::Error) -> ReadFault {
    ReadFault::Log(ReadError::Unavailable(format!(
        "the folder of personal texts: {error}"
    )))
}

async fn remove(store: &Arc<PersonalStore>, texts: Vec<KeptText>) -> io::Result<()> {
    let store = store.clone();
    blocking(move || {
        store.remove(texts)?;
        store.tidy()
    })
    .await
}

/// Whether an event of the ledger has the commitment that `kept` opens.
async fn holds(reader: &Reader, kept: KeptText) -> Result<bool, ReadFault> {
    let Some(position) = reader.position_of(kept.event)? else {
        return Ok(false);
    };
    let event = reader.stored(position).await?.recorded.event;
    let texts: BTreeSet<KeptText> = event.personal_texts().map(KeptText::of).collect();
    Ok(texts.contains(&kept))
}

/// Runs what waits for the disk where it is in nobody's way.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
