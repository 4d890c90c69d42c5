//! Texts about people. What somebody writes freely may say something of a person, and may have to be taken away again
//! from a ledger in which nothing is ever changed. So such a text is not in the ledger: a commitment to it is, and its
//! words are kept apart, where they can be erased. Nothing here holds on to words that were kept: whoever shows a text
//! asks for them each time, so what was erased is in no state, index or cache.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::domain::event::{Actor, Event, Payload, Stream};
use crate::domain::id::{DataSubjectId, EventId};
use crate::domain::text::{InvalidText, Language, Text};

/// What makes a commitment unguessable: 32 random bytes, drawn for one text and never derived from anything.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Salt([u8; Self::BYTES]);

impl Salt {
    /// How many bytes.
    pub const BYTES: usize = 32;

    /// Takes bytes that were drawn at random.
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

// A salt that is logged is a text that can be guessed.
impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

/// What stands in the ledger for a text.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Commitment([u8; Self::BYTES]);

impl Commitment {
    /// How many bytes.
    pub const BYTES: usize = 32;

    /// Commits to `text` in `field` of an event: HMAC-SHA-256 with the salt as the key, over `ledger/pii-commit/v1` LF,
    /// the event id, the length of the field's path as two bytes, big-endian, the path and the text (PROOFS.md §8.8).
    pub fn to(event: EventId, field: &str, text: &str, salt: &Salt) -> Self {
        // A key of any length is taken, so this cannot fail; were it otherwise, no text would open the result.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(salt.as_bytes()) else {
            return Self([0; Self::BYTES]);
        };
        let length = u16::try_from(field.len()).unwrap_or(u16::MAX);
        mac.update(b"ledger/pii-commit/v1\n");
        mac.update(event.as_bytes());
        mac.update(&length.to_be_bytes());
        mac.update(field.as_bytes());
        mac.update(text.as_bytes());
        Self(mac.finalize().into_bytes().into())
    }

    /// Takes a commitment as it stands in the ledger.
    pub fn new(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Commitment(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// What opens a commitment: whoever is shown both computes it again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Opening {
    /// The text.
    pub text: Text,
    /// The salt.
    pub salt: Salt,
}

/// What became of the words of a personal text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Words {
    /// They are kept, and are what was committed to.
    Kept(Opening),
    /// They were erased.
    Erased {
        /// Position of the event that says so.
        position: u64,
    },
    /// They are not where they should be, or nothing is known of where that is.
    Missing,
    /// Something is kept in their place that is not what was committed to, or cannot be read.
    Altered,
    /// They are for others than whoever asks.
    Withheld,
}

impl Words {
    /// What is shown of them, in `language`: never nothing, for a gap would read as nothing having been said.
    pub fn shown(&self, language: Language) -> Cow<'_, str> {
        match (self, language) {
            (Self::Kept(opening), _) => opening.text.as_str().into(),
            (Self::Erased { position }, Language::Ja) => {
                format!("（個人情報・消去済み 位置 {position}）").into()
            }
            (Self::Erased { position }, Language::En) => {
                format!("(personal data, erased by position {position})").into()
            }
            (Self::Missing, Language::Ja) => "（個人情報・別途保管）".into(),
            (Self::Missing, Language::En) => "(personal data, kept apart)".into(),
            (Self::Altered, Language::Ja) => "（個人情報・保管内容が記録と不一致）".into(),
            (Self::Altered, Language::En) => {
                "(personal data, what is kept is not what was recorded)".into()
            }
            (Self::Withheld, Language::Ja) => "（個人情報・閲覧権限なし）".into(),
            (Self::Withheld, Language::En) => "(personal data, not for you to read)".into(),
        }
    }
}

/// Where the words of a ledger's personal texts are kept.
pub trait Openings: fmt::Debug + Send + Sync {
    /// The words of `text`, as far as they are there and are what was committed to.
    fn words_of(&self, text: &PersonalText) -> Words;
}

/// A text about a person, as it stands in the ledger.
#[derive(Clone, Debug)]
pub struct PersonalText {
    /// Which of its event's commitments it is, from 1.
    pub ordinal: u32,
    /// Its event.
    pub event: EventId,
    /// Path of its field from the leaf on.
    pub field: &'static str,
    /// Whom it is about.
    pub subject: DataSubjectId,
    /// The commitment.
    pub commitment: Commitment,
    words: Place,
}

/// What a text was recorded in, and by whom.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The stream of its event.
    pub stream: Stream,
    /// Who recorded the event.
    pub author: Actor,
}

/// Where the words of one text are.
#[derive(Clone, Debug)]
enum Place {
    /// In the request that states them, until they are kept.
    Held(Arc<Opening>),
    /// Where those of all texts of the ledger are kept.
    Store(Arc<dyn Openings>, Arc<Origin>),
    /// Not here.
    Elsewhere,
}

// What is stated is the commitment; where its words are at the moment is not part of it.
impl PartialEq for PersonalText {
    fn eq(&self, other: &Self) -> bool {
        let key = |text: &Self| {
            (
                text.ordinal,
                text.event,
                text.field,
                text.subject,
                text.commitment,
            )
        };
        key(self) == key(other)
    }
}

impl Eq for PersonalText {}

impl PersonalText {
    /// Texts of one request that may be personal at most: each is written and synced for itself.
    pub const PER_REQUEST_MAX: usize = 64;

    /// A text as it is read from a leaf, its words elsewhere.
    pub fn committed(
        ordinal: u32,
        event: EventId,
        field: &'static str,
        subject: DataSubjectId,
        commitment: Commitment,
    ) -> Self {
        Self {
            ordinal,
            event,
            field,
            subject,
            commitment,
            words: Place::Elsewhere,
        }
    }

    /// What became of its words.
    pub fn words(&self) -> Words {
        match &self.words {
            Place::Held(opening) => Words::Kept(Opening::clone(opening)),
            Place::Store(store, _) => store.words_of(self),
            Place::Elsewhere => Words::Missing,
        }
    }

    /// What opens it, while it is still on its way to the store.
    pub fn held(&self) -> Option<&Opening> {
        match &self.words {
            Place::Held(opening) => Some(opening),
            Place::Store(..) | Place::Elsewhere => None,
        }
    }

    /// What it was recorded in; `None` while it is not recorded.
    pub fn origin(&self) -> Option<&Origin> {
        match &self.words {
            Place::Store(_, origin) => Some(origin),
            Place::Held(_) | Place::Elsewhere => None,
        }
    }

    /// Whether it is what a person is called, which everybody is told who is told of the person.
    pub fn is_name(&self) -> bool {
        self.field == NAME
    }

    /// Whether `opening` is what was committed to.
    pub fn is_opened_by(&self, opening: &Opening) -> bool {
        let text = opening.text.as_str();
        Commitment::to(self.event, self.field, text, &opening.salt) == self.commitment
    }
}

/// What somebody wrote freely: in plain words, or as a text about a person, whose words are kept apart.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FreeText(Kind);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Kind {
    Plain(Text),
    Personal(Arc<PersonalText>),
    /// Read from a leaf whose commitments have not been looked at yet.
    Numbered(u32),
}

impl From<Text> for FreeText {
    fn from(text: Text) -> Self {
        Self(Kind::Plain(text))
    }
}

impl FreeText {
    /// Plain words, verbatim.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        Text::parse(text).map(Self::from)
    }

    /// Stands for commitment `ordinal` of a leaf until [`Event::put_commitments`] puts the commitment in its place.
    pub fn numbered(ordinal: u32) -> Self {
        Self(Kind::Numbered(ordinal))
    }

    /// The plain words; `None` for a text about a person.
    pub fn plain(&self) -> Option<&Text> {
        match &self.0 {
            Kind::Plain(text) => Some(text),
            Kind::Personal(_) | Kind::Numbered(_) => None,
        }
    }

    /// The text about a person that it is.
    pub fn personal(&self) -> Option<&PersonalText> {
        match &self.0 {
            Kind::Personal(personal) => Some(personal),
            Kind::Plain(_) | Kind::Numbered(_) => None,
        }
    }

    /// The words, where they can be had.
    pub fn text(&self) -> Option<Cow<'_, Text>> {
        match &self.0 {
            Kind::Plain(text) => Some(Cow::Borrowed(text)),
            Kind::Personal(personal) => match personal.words() {
                Words::Kept(opening) => Some(Cow::Owned(opening.text)),
                Words::Erased { .. } | Words::Missing | Words::Altered | Words::Withheld => None,
            },
            Kind::Numbered(_) => None,
        }
    }

    /// The words, or in `language` what became of them.
    pub fn shown(&self, language: Language) -> Cow<'_, str> {
        match &self.0 {
            Kind::Plain(text) => text.as_str().into(),
            Kind::Personal(personal) => personal.words().shown(language).into_owned().into(),
            Kind::Numbered(_) => Words::Missing.shown(language).into_owned().into(),
        }
    }

    /// Whether both say the same, as far as can be told: words that are not there any more differ from none.
    fn may_say(&self, stored: &Self) -> bool {
        match (self.personal(), stored.personal()) {
            (Some(mine), Some(theirs)) if mine.subject == theirs.subject => {
                let known = self.text().zip(stored.text());
                known.is_none_or(|(mine, theirs)| mine == theirs)
            }
            _ => false,
        }
    }
}

/// The words, or in every language of the product what became of them: for where no reader is known.
impl fmt::Display for FreeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match &self.0 {
            Kind::Plain(text) => return f.write_str(text.as_str()),
            Kind::Personal(personal) => personal.words(),
            Kind::Numbered(_) => Words::Missing,
        };
        match &words {
            Words::Kept(opening) => f.write_str(opening.text.as_str()),
            gone => write!(
                f,
                "{} {}",
                gone.shown(Language::Ja),
                gone.shown(Language::En)
            ),
        }
    }
}

/// A commitment of a leaf stands for no text of its event, or a text for no commitment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unmatched {
    /// The text of this field names a commitment that is not there, or is one to another field.
    #[error("`{0}` names no commitment to it")]
    Text(&'static str),
    /// No text names this commitment, or two do.
    #[error("commitment `{0}` is not named by exactly one text")]
    Commitment(u32),
}

impl Event {
    /// The texts that may be about people, each with the path of its field from the leaf on.
    pub fn free_texts(&self) -> impl Iterator<Item = (&'static str, &FreeText)> {
        let reason = self.reason.as_ref().map(|reason| (REASON, &reason.text));
        let [first, second] = match &self.payload {
            Payload::NarrativeAdded(p) => [Some((TEXT, &p.text)), None],
            Payload::ForecastSubmitted(p) => [Some((BASIS, &p.basis)), None],
            Payload::SelfEvaluated(p) => [Some((COMMENT, &p.comment)), None],
            Payload::EvaluationReviewed(p) => [Some((COMMENT, &p.comment)), None],
            Payload::EvaluationFinalised(p) => {
                [p.comment.as_ref().map(|text| (COMMENT, text)), None]
            }
            Payload::NextActionAgreed(p) => [Some((TEXT, &p.text)), None],
            Payload::NextActionClosed(p) => [Some((TEXT, &p.text)), None],
            Payload::AuditFindingRecorded(p) => {
                [Some((TEXT, &p.text)), Some((PROMISED, &p.promised))]
            }
            Payload::AuditFindingAnswered(p) => [Some((TEXT, &p.text)), Some((ACTION, &p.action))],
            Payload::PersonRegistered(p) => [Some((NAME, &p.name)), None],
            Payload::PersonChanged(p) => [p.name.as_ref().map(|name| (NAME, name)), None],
            Payload::DelegationRegistered(p) => [Some((GROUND, &p.ground)), None],
            Payload::ChangeProposed(p) => [Some((IMPACT, &p.impact)), None],
            Payload::ChangeConsulted(p) => [p.text.as_ref().map(|text| (TEXT, text)), None],
            Payload::ChangeDecided(p) => [p.text.as_ref().map(|text| (TEXT, text)), None],
            Payload::DecisionReviewed(p) => [p.text.as_ref().map(|text| (TEXT, text)), None],
            // The rest words plans, which are published, or nothing.
            _ => [None, None],
        };
        reason.into_iter().chain(first).chain(second)
    }

    /// As [`Event::free_texts`], to be changed.
    pub fn free_texts_mut(&mut self) -> impl Iterator<Item = (&'static str, &mut FreeText)> {
        let reason = self
            .reason
            .as_mut()
            .map(|reason| (REASON, &mut reason.text));
        let [first, second] = match &mut self.payload {
            Payload::NarrativeAdded(p) => [Some((TEXT, &mut p.text)), None],
            Payload::ForecastSubmitted(p) => [Some((BASIS, &mut p.basis)), None],
            Payload::SelfEvaluated(p) => [Some((COMMENT, &mut p.comment)), None],
            Payload::EvaluationReviewed(p) => [Some((COMMENT, &mut p.comment)), None],
            Payload::EvaluationFinalised(p) => {
                [p.comment.as_mut().map(|text| (COMMENT, text)), None]
            }
            Payload::NextActionAgreed(p) => [Some((TEXT, &mut p.text)), None],
            Payload::NextActionClosed(p) => [Some((TEXT, &mut p.text)), None],
            Payload::AuditFindingRecorded(p) => {
                [Some((TEXT, &mut p.text)), Some((PROMISED, &mut p.promised))]
            }
            Payload::AuditFindingAnswered(p) => {
                [Some((TEXT, &mut p.text)), Some((ACTION, &mut p.action))]
            }
            Payload::PersonRegistered(p) => [Some((NAME, &mut p.name)), None],
            Payload::PersonChanged(p) => [p.name.as_mut().map(|name| (NAME, name)), None],
            Payload::DelegationRegistered(p) => [Some((GROUND, &mut p.ground)), None],
            Payload::ChangeProposed(p) => [Some((IMPACT, &mut p.impact)), None],
            Payload::ChangeConsulted(p) => [p.text.as_mut().map(|text| (TEXT, text)), None],
            Payload::ChangeDecided(p) => [p.text.as_mut().map(|text| (TEXT, text)), None],
            Payload::DecisionReviewed(p) => [p.text.as_mut().map(|text| (TEXT, text)), None],
            _ => [None, None],
        };
        reason.into_iter().chain(first).chain(second)
    }

    /// Its texts about people.
    pub fn personal_texts(&self) -> impl Iterator<Item = &PersonalText> {
        self.free_texts().filter_map(|(_, text)| text.personal())
    }

    /// Commits to the texts whose fields `about` knows, each with the salt that was drawn for it. The words stay with
    /// the event until [`Event::leave_words_to`].
    pub fn commit_texts(&mut self, mut about: impl FnMut(&str) -> Option<(DataSubjectId, Salt)>) {
        let event = self.id;
        let mut ordinal = 0;
        for (field, text) in self.free_texts_mut() {
            let Kind::Plain(words) = &text.0 else {
                continue;
            };
            let Some((subject, salt)) = about(field) else {
                continue;
            };
            ordinal += 1;
            let commitment = Commitment::to(event, field, words.as_str(), &salt);
            let opening = Opening {
                text: words.clone(),
                salt,
            };
            text.0 = Kind::Personal(Arc::new(PersonalText {
                words: Place::Held(Arc::new(opening)),
                ..PersonalText::committed(ordinal, event, field, subject, commitment)
            }));
        }
    }

    /// Puts the commitments of its leaf, in their order, to the texts that name them.
    pub fn put_commitments(
        &mut self,
        commitments: &[(String, DataSubjectId, Commitment)],
    ) -> Result<(), Unmatched> {
        let event = self.id;
        let mut named = 0;
        for (field, text) in self.free_texts_mut() {
            let Kind::Numbered(ordinal) = text.0 else {
                continue;
            };
            let index = usize::try_from(ordinal).ok().and_then(|n| n.checked_sub(1));
            let found = index.and_then(|index| commitments.get(index));
            let Some((_, subject, commitment)) = found.filter(|(path, ..)| path == field) else {
                return Err(Unmatched::Text(field));
            };
            let personal = PersonalText::committed(ordinal, event, field, *subject, *commitment);
            text.0 = Kind::Personal(Arc::new(personal));
            named += 1;
        }
        // A path stands in an event once, so nothing can be named twice while all are named.
        if named == commitments.len() {
            return Ok(());
        }
        let is_named = |ordinal: u32| self.personal_texts().any(|text| text.ordinal == ordinal);
        let unnamed = (1..)
            .take(commitments.len())
            .find(|ordinal| !is_named(*ordinal));
        Err(Unmatched::Commitment(unnamed.unwrap_or_default()))
    }

    /// From now on its texts about people have their words from `store`, and hold none themselves.
    pub fn leave_words_to(&mut self, store: &Arc<dyn Openings>, author: &Actor) {
        let stream = self.stream;
        let mut origin = None;
        for (_, text) in self.free_texts_mut() {
            if let Kind::Personal(personal) = &mut text.0 {
                let origin = origin.get_or_insert_with(|| {
                    let author = author.clone();
                    Arc::new(Origin { stream, author })
                });
                Arc::make_mut(personal).words = Place::Store(store.clone(), origin.clone());
            }
        }
    }

    /// Holds itself the words that `sent` holds of the same texts: whoever sent them is shown what they wrote.
    pub fn hold_words_of(&mut self, sent: &Self) {
        for (field, text) in self.free_texts_mut() {
            let mut texts = sent.free_texts();
            if let Some((_, theirs)) =
                texts.find(|(name, theirs)| *name == field && *theirs == text)
            {
                *text = theirs.clone();
            }
        }
    }

    /// Takes from `stored` the personal texts that may say the same: every proposal of a text has a salt of its own, so
    /// that commitments differ where texts do not.
    pub(super) fn take_commitments_of(&mut self, stored: &Self) {
        for (field, mine) in self.free_texts_mut() {
            let theirs = stored.free_texts().find(|(name, _)| *name == field);
            if let Some((_, theirs)) = theirs.filter(|(_, theirs)| mine.may_say(theirs)) {
                *mine = theirs.clone();
            }
        }
    }
}

/// Every field whose text may be about a person, by its path from the leaf on.
pub const PERSONAL_FIELDS: &[&str] = &[
    REASON, TEXT, BASIS, COMMENT, PROMISED, ACTION, IMPACT, NAME, GROUND,
];

const REASON: &str = "reason.text";
const TEXT: &str = "payload.text";
const BASIS: &str = "payload.basis";
const COMMENT: &str = "payload.comment";
const PROMISED: &str = "payload.promised";
const ACTION: &str = "payload.action";
const NAME: &str = "payload.name";
const GROUND: &str = "payload.ground";
const IMPACT: &str = "payload.impact";

#[cfg(test)]
mod tests;
