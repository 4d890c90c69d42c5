//! What lies in a data folder beside the log, held against what events say of it: attached files, and the words of texts
//! about people.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use crate::domain::event::{Payload, Recorded};
use crate::domain::id::{DataSubjectId, LedgerId};
use crate::domain::personal::{Openings, PersonalText, Words};
use crate::evidence::{self, Found};
use crate::ledger::words_in;
use crate::proof::bundle::verify::{Attached, Finding, Kind, Report};

/// What was found of the texts about people that events commit to. Whatever is wrong with one is a finding.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Texts {
    /// Those whose words are kept and are what was committed to.
    pub opened: u64,
    /// Those about people whose texts were erased.
    pub erased: u64,
    /// Those whose words are kept elsewhere, if anywhere.
    pub apart: u64,
}

/// What was seen so far.
pub(super) struct Beside {
    data: PathBuf,
    ledger: LedgerId,
    attached: Attached,
    words: Arc<dyn Openings>,
    opened: u64,
    /// Texts without words, by whom they are about.
    closed: HashMap<DataSubjectId, u64>,
    /// Texts whose words are others: position, whom they are about, field.
    altered: Vec<(u64, DataSubjectId, &'static str)>,
    erased: HashSet<DataSubjectId>,
}

impl Beside {
    /// Of a ledger in the data folder `data`.
    pub(super) fn new(data: PathBuf, ledger: LedgerId) -> Self {
        Self {
            words: words_in(&data, ledger),
            data,
            ledger,
            attached: Attached::default(),
            opened: 0,
            closed: HashMap::new(),
            altered: Vec::new(),
            erased: HashSet::new(),
        }
    }

    /// Takes note of what an event says, and looks for the words of its texts about people.
    pub(super) fn see(&mut self, position: u64, recorded: &Recorded) {
        self.attached.see(position, recorded);
        if let Payload::PersonalDataErased(erased) = &recorded.event.payload {
            self.erased.insert(erased.subject);
        }
        for text in recorded.event.personal_texts() {
            self.text(position, text);
        }
    }

    fn text(&mut self, position: u64, text: &PersonalText) {
        match self.words.words_of(text) {
            Words::Kept(_) => self.opened += 1,
            Words::Altered if self.altered.len() < BAD_TEXTS_MAX => {
                self.altered.push((position, text.subject, text.field));
            }
            Words::Altered | Words::Missing | Words::Withheld | Words::Erased { .. } => {
                *self.closed.entry(text.subject).or_default() += 1;
            }
        }
    }

    /// Tells what is wrong, now that it is known what was erased: a crash may have come in the midst of erasing.
    pub(super) fn judge(self, report: &mut Report) -> Texts {
        let mut texts = Texts {
            opened: self.opened,
            ..Texts::default()
        };
        for (position, subject, field) in self.altered {
            if self.erased.contains(&subject) {
                texts.erased += 1;
                continue;
            }
            let found = Finding::at(Kind::TextAltered, position);
            let found = found.in_file(&format!("personal, {subject}"));
            report.add(found.differs(field.to_owned(), "other words".to_owned()));
        }
        for (subject, count) in self.closed {
            match self.erased.contains(&subject) {
                true => texts.erased += count,
                false => texts.apart += count,
            }
        }
        let (data, ledger) = (self.data, self.ledger);
        let look = |sha256: &[u8; 32]| match evidence::look(&data, ledger, sha256) {
            Ok(Found::Matching { .. }) => Some(*sha256),
            Ok(Found::Altered { found, .. }) => Some(found),
            // What cannot be read is not there for anybody.
            Ok(Found::Nothing) | Err(_) => None,
        };
        self.attached.judge_found(&look, report);
        texts
    }
}

/// Texts with other words that are told apart at most; further ones count as kept elsewhere.
const BAD_TEXTS_MAX: usize = 10_000;
