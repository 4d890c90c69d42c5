//! Texts about people in a bundle: the words and salts that were handed over, held against the commitments.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::verify::verdict::Outcome;
use crate::domain::event::{Payload, Recorded};
use crate::domain::id::{DataSubjectId, EventId};
use crate::domain::personal::{Opening, Salt};
use crate::domain::text::Text;

/// Lines of a file of openings at most.
const OPENINGS_MAX: usize = 1_000_000;
/// Bytes of one line at most: a text of 4,000 characters, escaped, with what stands beside it.
const LINE_BYTES_MAX: u64 = 64 * 1024;

/// One line of a file of openings.
#[derive(Debug, Deserialize)]
struct Line {
    event_id: String,
    field: String,
    salt: String,
    text: String,
}

/// What was handed over, and what the events say of it so far.
#[derive(Debug, Default)]
pub(super) struct Openings {
    given: HashMap<(EventId, String), Opening>,
    /// Texts about people in the events.
    texts: u64,
    /// Those that were handed over and are what was committed to.
    opened: u64,
    /// The first that is not.
    wrong: Option<(u64, String)>,
    /// Texts that were not handed over, by whom they are about.
    closed: HashMap<DataSubjectId, u64>,
    /// Erased subjects, with the position of the event that says so and its day.
    erased: BTreeMap<DataSubjectId, (u64, String)>,
}

impl Openings {
    /// Reads a file of openings.
    pub(super) fn read(view: &View, path: &Path) -> Result<Self, Failure> {
        let shown = super::shown(path);
        let unusable = |number: usize, problem: &str| {
            Failure::usage(view.pick(
                format!("{shown} の{number}行目は開示の行ではありません: {problem}"),
                format!("line {number} of {shown} is no opening: {problem}"),
            ))
        };
        let file = File::open(path).map_err(|error| {
            Failure::usage(view.pick(
                format!("{shown} を開けません: {error}"),
                format!("cannot open {shown}: {error}"),
            ))
        })?;
        let mut openings = Self::default();
        let mut lines = BufReader::new(file);
        for number in 1.. {
            let mut line = Vec::new();
            let read = lines.by_ref().take(LINE_BYTES_MAX + 1);
            let read = { read }.read_until(b'\n', &mut line);
            let read = read.map_err(|error| unusable(number, &error.to_string()))?;
            if read == 0 {
                break;
            }
            if LINE_BYTES_MAX < read as u64 || OPENINGS_MAX < number {
                return Err(unusable(number, "too long"));
            }
            let line: Line = serde_json::from_slice(&line)
                .map_err(|error| unusable(number, &error.to_string()))?;
            let mut salt = [0; Salt::BYTES];
            let parsed = (
                line.event_id.parse::<EventId>(),
                hex::decode_to_slice(&line.salt, &mut salt),
                Text::parse(&line.text),
            );
            let (Ok(event), Ok(()), Ok(text)) = parsed else {
                return Err(unusable(number, "event_id, salt or text"));
            };
            let salt = Salt::new(salt);
            let opening = Opening { text, salt };
            openings.given.insert((event, line.field), opening);
        }
        Ok(openings)
    }

    /// Takes in what an event commits to, and what it says was erased.
    pub(super) fn see(&mut self, recorded: &Recorded) {
        for text in recorded.event.personal_texts() {
            self.texts += 1;
            match self.given.remove(&(text.event, text.field.to_owned())) {
                Some(opening) if text.is_opened_by(&opening) => self.opened += 1,
                Some(_) => {
                    self.wrong
                        .get_or_insert_with(|| (recorded.position, text.field.to_owned()));
                }
                None => *self.closed.entry(text.subject).or_default() += 1,
            }
        }
        if let Payload::PersonalDataErased(p) = &recorded.event.payload {
            let day = recorded.recorded_at.to_string();
            self.erased
                .entry(p.subject)
                .or_insert((recorded.position, day));
        }
    }

    /// Texts that were not handed over: erased, and kept apart.
    fn closed(&self) -> (u64, u64) {
        let (mut erased, mut apart) = (0, 0);
        for (subject, texts) in &self.closed {
            match self.erased.contains_key(subject) {
                true => erased += texts,
                false => apart += texts,
            }
        }
        (erased, apart)
    }

    /// What it comes to; `None` where no event has a text about a person, and none was handed over.
    pub(super) fn verdict(&self, view: &View) -> Option<(Outcome, String)> {
        if let Some((position, field)) = &self.wrong {
            return Some((
                Outcome::Tampered,
                view.pick(
                    format!("位置{position}の {field} の開示された文は、記録された約定と一致しません"),
                    format!("the text handed over for {field} at position {position} is not what was committed to"),
                ),
            ));
        }
        if let Some((event, field)) = self.given.keys().min() {
            return Some((
                Outcome::Tampered,
                view.pick(
                    format!(
                        "開示された文のうち、イベント {event} の {field} はこの台帳にありません"
                    ),
                    format!(
                        "no event here commits to the text handed over for {field} of event {event}"
                    ),
                ),
            ));
        }
        if self.texts == 0 {
            return None;
        }
        let (texts, opened, (erased, apart)) = (self.texts, self.opened, self.closed());
        let by = self.erased.values().min();
        let by = by
            .filter(|_| 0 < erased)
            .map_or_else(String::new, |(position, day)| {
                view.pick(
                    format!("（最初は位置{position}、{day}）"),
                    format!(" (first by position {position}, {day})"),
                )
            });
        let outcome = match apart {
            0 => Outcome::Verified,
            // What is kept elsewhere is no open question: nothing of it was to be shown here.
            _ => Outcome::NotShown,
        };
        Some((
            outcome,
            view.pick(
                format!("個人情報の文{texts}件のうち、開示され約定と一致するもの{opened}件、消去済み{erased}件{by}、別途保管{apart}件"),
                format!("of {texts} texts about people {opened} were handed over and are what was committed to, {erased} were erased{by}, {apart} are kept apart"),
            ),
        ))
    }

    /// The figures for programs.
    pub(super) fn json(&self) -> Value {
        let (erased, apart) = self.closed();
        json!({
            "texts": self.texts,
            "opened": self.opened,
            "erased": erased,
            "kept_apart": apart,
        })
    }
}
