//! Which texts of an event are about whom, on the wire.

use crate::api::v1;
use crate::clock;
use crate::domain::event::Event;
use crate::domain::id::DataSubjectId;
use crate::domain::personal::{PERSONAL_FIELDS, PersonalText, Salt, Words};
use crate::grpc::event::field::{At, Faults};

/// Texts of one event that can be marked.
const MARKS_MAX: usize = PERSONAL_FIELDS.len();

/// Fields with the subjects they are about, or what is wrong with them.
pub(super) fn marks(
    faults: &mut Faults,
    at: &At<'_>,
    input: &v1::EventInput,
) -> Option<Vec<(&'static str, DataSubjectId)>> {
    let read = faults.list(
        at,
        "personal_texts",
        &input.personal_texts,
        MARKS_MAX,
        |faults, at, mark: &v1::PersonalText| {
            let field = PERSONAL_FIELDS.iter().find(|known| **known == mark.field);
            let field = match field {
                Some(field) => Some(*field),
                None if mark.field.is_empty() => faults.required(&at.then("field")),
                None => {
                    let known = PERSONAL_FIELDS.join(", ");
                    faults.form(&at.then("field"), &format!("one of {known}"))
                }
            };
            let subject = subject(faults, &at.then("subject_ref"), &mark.subject_ref);
            Some((field?, subject?))
        },
    )?;
    let twice = |index: usize| {
        read[..index]
            .iter()
            .any(|(field, _)| *field == read[index].0)
    };
    match (0..read.len()).find(|index| twice(*index)) {
        Some(index) => {
            let at = at.then_item("personal_texts", index);
            faults.form(&at.then("field"), "the field stands twice")
        }
        None => Some(read),
    }
}

/// A subject as callers name it: a random id, for one that is counted or derived tells who is meant.
pub(crate) fn subject(faults: &mut Faults, at: &At<'_>, text: &str) -> Option<DataSubjectId> {
    let id: DataSubjectId = faults.id(at, text)?;
    match id.uuid().get_version_num() {
        4 => Some(id),
        _ => faults.form(at, "a random UUID (version 4) is required"),
    }
}

/// Commits to the texts that `marks` name, with salts drawn for them; tells those that are not there.
pub(super) fn commit(
    faults: &mut Faults,
    at: &At<'_>,
    event: &mut Event,
    marks: &[(&'static str, DataSubjectId)],
) -> Option<()> {
    if marks.is_empty() {
        return Some(());
    }
    event.commit_texts(|field| {
        let (_, subject) = marks.iter().find(|(marked, _)| *marked == field)?;
        Some((*subject, Salt::new(clock::random_bytes())))
    });
    let mut sound = Some(());
    for (index, (field, _)) in marks.iter().enumerate() {
        if !event.personal_texts().any(|text| text.field == *field) {
            let at = at.then_item("personal_texts", index);
            sound = faults.form(&at.then("field"), "the event has no such text");
        }
    }
    sound
}

/// The marks of an event as its client set them.
pub(super) fn show_marks(event: &Event) -> Vec<v1::PersonalText> {
    let mark = |text: &PersonalText| v1::PersonalText {
        field: text.field.to_owned(),
        subject_ref: text.subject.to_string(),
    };
    event.personal_texts().map(mark).collect()
}

/// What stands in the ledger for the texts of an event, and what became of their words.
pub(super) fn show_commitments(event: &Event) -> Vec<v1::CommittedText> {
    let show = |text: &PersonalText| {
        let (state, erased_at) = match text.words() {
            Words::Kept(_) => (v1::PersonalTextState::Present, None),
            Words::Erased { position } => (v1::PersonalTextState::Erased, Some(position)),
            Words::Missing => (v1::PersonalTextState::Missing, None),
            Words::Altered => (v1::PersonalTextState::Altered, None),
            Words::Withheld => (v1::PersonalTextState::Withheld, None),
        };
        v1::CommittedText {
            field: text.field.to_owned(),
            subject_ref: text.subject.to_string(),
            commitment: text.commitment.as_bytes().to_vec(),
            state: state.into(),
            erased_at_position: erased_at,
        }
    };
    event.personal_texts().map(show).collect()
}
