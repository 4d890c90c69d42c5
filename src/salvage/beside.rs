//! What lies beside a ledger: the words of texts about people and the files that events name, taken from whichever source has them as
//! events commit to them. What was erased does not come back.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use crate::domain::event::Recorded;
use crate::domain::id::LedgerId;
use crate::domain::personal::{Openings as _, PersonalText, Words};
use crate::evidence;
use crate::personal::{Disclosure, FOLDER as PERSONAL, KeepFault, PersonalStore};
use crate::proof::bundle::stored::attached;
use crate::salvage::SalvageError;
use crate::salvage::draft::at;
use crate::salvage::plan::{Erased, Plan};
use crate::salvage::source::Source;

/// What became of the words of texts about people, or of the files that events name.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// How many are there.
    pub kept: u64,
    /// How many were erased: words with all those about the same person.
    pub erased: u64,
    /// How many were erased by what only an event says that was not taken.
    pub erased_elsewhere: u64,
    /// How many no source has; files may be kept elsewhere.
    pub missing: u64,
}

impl Tally {
    /// Counts one that was erased by the event at `position`, of so many that are taken.
    fn erased_by(&mut self, position: u64, size: u64) {
        match position < size {
            true => self.erased += 1,
            false => self.erased_elsewhere += 1,
        }
    }
}

/// Whatever lies beside one ledger, on its way into the new folder.
pub(super) struct Beside<'a> {
    ledger: LedgerId,
    draft: &'a Path,
    /// Events that are taken.
    size: u64,
    erased: &'a Erased,
    /// Data folders, and bundles.
    data: Vec<&'a Path>,
    bundles: Vec<&'a Path>,
    stores: Vec<PersonalStore>,
    store: PersonalStore,
    seen: HashSet<[u8; 32]>,
    texts: Tally,
    files: Tally,
}

impl<'a> Beside<'a> {
    pub(super) fn new(plan: &'a Plan, sources: &'a [Source], draft: &'a Path) -> Self {
        let data = sources.iter().filter_map(|source| source.data.as_deref());
        let data: Vec<&Path> = data.collect();
        let bundles = sources.iter().filter_map(|source| source.bundle.as_deref());
        let stores = data.iter();
        let stores = stores.map(|data| PersonalStore::new(Some(data), plan.ledger));
        Self {
            ledger: plan.ledger,
            draft,
            size: plan.size,
            erased: &plan.erased,
            bundles: bundles.collect(),
            stores: stores.collect(),
            data,
            store: PersonalStore::new(Some(draft), plan.ledger),
            seen: HashSet::new(),
            texts: Tally::default(),
            files: Tally::default(),
        }
    }

    /// Takes what an event speaks of.
    pub(super) fn see(&mut self, recorded: &Recorded) -> Result<(), SalvageError> {
        for text in recorded.event.personal_texts() {
            self.text(text)?;
        }
        for file in recorded.event.files() {
            if self.seen.insert(file.sha256) {
                self.file(&file.sha256)?;
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &PersonalText) -> Result<(), SalvageError> {
        if let Some(position) = self.erased.subjects.get(&text.subject) {
            self.texts.erased_by(*position, self.size);
            return Ok(());
        }
        let words = self.stores.iter().map(|store| store.words_of(text));
        let opening = words.into_iter().find_map(|words| match words {
            Words::Kept(opening) => Some(opening),
            Words::Erased { .. } | Words::Missing | Words::Altered | Words::Withheld => None,
        });
        match opening {
            Some(opening) => {
                let taken = self.store.take_over(text, &opening);
                taken.map_err(|fault| self.unkept(fault))?;
                self.texts.kept += 1;
            }
            None => self.texts.missing += 1,
        }
        Ok(())
    }

    fn file(&mut self, sha256: &[u8; 32]) -> Result<(), SalvageError> {
        if let Some(position) = self.erased.files.get(sha256) {
            self.files.erased_by(*position, self.size);
            return Ok(());
        }
        let of_data = self
            .data
            .iter()
            .map(|data| evidence::place(data, self.ledger, sha256));
        let of_bundle = self.bundles.iter().map(|bundle| attached(bundle, sha256));
        let candidates: Vec<PathBuf> = of_data.chain(of_bundle).collect();
        for from in candidates {
            let adopted = evidence::adopt(&from, self.draft, self.ledger, sha256);
            if adopted.map_err(at(self.draft))? {
                self.files.kept += 1;
                return Ok(());
            }
        }
        self.files.missing += 1;
        Ok(())
    }

    /// Puts together when texts were handed over, and tells what became of everything.
    pub(super) fn finish(self) -> Result<(Tally, Tally), SalvageError> {
        let mut all: BTreeMap<(i64, String), Disclosure> = BTreeMap::new();
        let has_texts = self.texts != Tally::default();
        for store in self.stores.iter().filter(|_| has_texts) {
            // What cannot be read of it is gone with the rest of its folder.
            let _ = store.each_disclosure(|disclosure| {
                let line = serde_json::to_string(&disclosure).unwrap_or_default();
                all.insert((disclosure.disclosed_at_us, line), disclosure);
            });
        }
        for disclosure in all.values() {
            let noted = self.store.note_disclosure(disclosure);
            noted.map_err(at(self.draft))?;
        }
        Ok((self.texts, self.files))
    }

    fn unkept(&self, fault: KeepFault) -> SalvageError {
        let source = match fault {
            KeepFault::Io(error) => error,
            other => std::io::Error::other(other),
        };
        at(&self.draft.join(PERSONAL))(source)
    }
}
