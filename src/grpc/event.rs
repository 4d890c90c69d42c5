//! Events between the wire and the domain.
//!
//! [`parse_events`] reads a request whole: it resolves codes to ids, finds the stream of each event, and
//! tells every fault of every event at once. What it lets through has the right form; whether it may
//! happen is the domain's to say. [`recorded`] is the way back.
//!
//! Fields that the server does not know are dropped by the decoder before they come here, so a newer
//! client's additions are ignored; clients can compare versions.

use std::collections::HashSet;

use crate::api::v1;
use crate::domain::directory::Directory;
use crate::domain::event::{Event, Refusals, Stream};
use crate::domain::id::EventId;
use crate::domain::rejection::{Reason, Rejection};

mod access;
mod access_log;
mod choice;
mod decision;
mod definition;
mod evaluation;
mod field;
#[cfg(fuzzing)]
pub mod fuzzing;
mod json;
mod measure;
mod path;
mod payload;
mod personal;
mod policy;
mod recorded;
mod resolver;
mod round;
mod transcript;
mod trust;

pub(crate) use access::show_login;
pub(crate) use access_log::{show_access, show_left_out};
pub(crate) use choice::Choice;
pub(crate) use decision::{show_change, show_external};
pub(crate) use definition::{show_definition, show_external_reference, show_unit};
pub(crate) use field::{At, Faults};
pub use json::payload_json;
pub(crate) use measure::{show_actual, show_baseline, show_measurement, show_profile, show_target};
pub(crate) use path::on_the_wire;
pub(crate) use payload::reason as parse_reason;
pub(crate) use personal::subject as data_subject;
pub(crate) use policy::{
    show_access_policy, show_approval_policy, show_evaluation_policy, show_grade_rubric,
    show_policy_version,
};
pub use recorded::{recorded, show_event};
pub(crate) use recorded::{
    show_actor, show_evidence, show_pillar, show_reason, show_reported, show_source_document,
    show_span, show_stream, show_timestamp, show_title,
};
pub(crate) use resolver::Referable;
pub use resolver::Resolver;
pub(crate) use round::{show_finding_references, show_round, show_round_dates};
pub(crate) use transcript::transcribe;

/// Pieces of evidence of one event at most.
pub const EVIDENCE_MAX: usize = 50;
/// Streams whose revision one request may state at most.
pub const EXPECTED_MAX: usize = 1_000;

/// An append as it was asked for, in words of the domain.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The events, each in its stream.
    pub events: Vec<Event>,
    /// Revisions that streams must have.
    pub expected: Vec<(Stream, u64)>,
}

/// A request with faults of form, and what of it can be judged all the same.
#[derive(Clone, Debug)]
pub struct Unsound {
    /// Everything that is wrong with its form.
    pub rejections: Vec<Rejection>,
    /// Events of sound form, each with its index in the request.
    pub sound: Vec<(usize, Event)>,
    /// Indices of events of sound form that depend on one that has none.
    pub dependent: Vec<usize>,
    /// Revisions that streams must have.
    pub expected: Vec<(Stream, u64)>,
}

impl From<Parsed> for Unsound {
    fn from(parsed: Parsed) -> Self {
        Self {
            rejections: Vec::new(),
            sound: parsed.events.into_iter().enumerate().collect(),
            dependent: Vec::new(),
            expected: parsed.expected,
        }
    }
}

/// Reads events and the revisions they expect, or everything that is wrong with their form.
///
/// `events_max` limits the work, too: a longer list is refused unread.
pub fn parse_events(
    directory: &Directory,
    events: &[v1::EventInput],
    expected: &[v1::ExpectedRevision],
    events_max: usize,
) -> Result<Parsed, Unsound> {
    let mut unsound = Unsound::from(Parsed {
        events: Vec::new(),
        expected: Vec::new(),
    });
    if events.is_empty() || events_max < events.len() {
        let rejection = Rejection::new(Reason::BatchTooLarge, "events").with("max", events_max);
        unsound.rejections.push(rejection);
        return Err(unsound);
    }
    let mut faults = Faults::default();
    let mut resolver = Resolver::new(directory);
    let (mut ids, mut refused) = (HashSet::new(), Refusals::default());
    for (index, input) in events.iter().enumerate() {
        let at = At::item("events", index);
        let mut event = payload::event(&mut faults, &mut resolver, at, input);
        if let Ok(id) = input.event_id.parse::<EventId>()
            && !ids.insert(id)
        {
            event = faults.fault(&at.then("event_id"), Reason::EventIdRepeated);
        }
        match event {
            Some(event) if refused.touch(&event) => {
                refused.add(&event);
                unsound.dependent.push(index);
            }
            Some(event) => unsound.sound.push((index, event)),
            None => {
                let sets = resolver.meant_to_set(input.payload.as_ref());
                refused.add_unread(input.event_id.parse().ok(), sets);
            }
        }
    }
    let expected = parse_expected(&mut faults, &resolver, expected);
    let sound = unsound.sound.len() == events.len();
    match expected {
        Some(expected) if sound && faults.is_empty() => Ok(Parsed {
            events: unsound.sound.into_iter().map(|(_, event)| event).collect(),
            expected,
        }),
        expected => {
            unsound.expected = expected.unwrap_or_default();
            unsound.rejections = faults.into_rejections();
            Err(unsound)
        }
    }
}

fn parse_expected(
    faults: &mut Faults,
    resolver: &Resolver<'_>,
    expected: &[v1::ExpectedRevision],
) -> Option<Vec<(Stream, u64)>> {
    if EXPECTED_MAX < expected.len() {
        return faults.form(
            &At::field("expected_revisions"),
            &format!("more than {EXPECTED_MAX}"),
        );
    }
    let parsed: Vec<Option<(Stream, u64)>> = expected
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let at = At::item("expected_revisions", index);
            let at_stream = at.then("stream");
            match &item.stream {
                None => faults.required(&at_stream),
                Some(stream) => resolver
                    .stream(faults, &at_stream, stream)
                    .map(|stream| (stream, item.revision)),
            }
        })
        .collect();
    parsed.into_iter().collect()
}

#[cfg(test)]
mod tests;
