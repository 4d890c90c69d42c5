//! Events between the wire and the domain.
//!
//! [`parse_events`] reads a request whole: it resolves codes to ids, finds the stream of each event, and
//! tells every fault of every event at once. What it lets through has the right form; whether it may
//! happen is the domain's to say. [`recorded`] is the way back.
//!
//! Fields that the server does not know are dropped by the decoder before they come here, so a newer
//! client's additions are ignored; clients can compare versions.

use crate::api::v1;
use crate::domain::directory::Directory;
use crate::domain::event::{Event, Stream};
use crate::domain::rejection::{Reason, Rejection};

mod choice;
mod definition;
mod field;
mod measure;
mod path;
mod payload;
mod recorded;
mod resolver;

pub(crate) use choice::Choice;
pub(crate) use definition::show_definition;
pub(crate) use field::{At, Faults};
pub(crate) use measure::{show_actual, show_baseline, show_measurement, show_profile, show_target};
pub(crate) use path::on_the_wire;
pub use recorded::recorded;
pub(crate) use recorded::{
    show_actor, show_evidence, show_pillar, show_reason,
    show_source_document, show_span, show_stream, show_timestamp, show_title,
};
pub(crate) use resolver::Referable;
pub use resolver::Resolver;

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

/// Reads events and the revisions they expect, or everything that is wrong with their form.
///
/// `events_max` limits the work, too: a longer list is refused unread.
pub fn parse_events(
    directory: &Directory,
    events: &[v1::EventInput],
    expected: &[v1::ExpectedRevision],
    events_max: usize,
) -> Result<Parsed, Vec<Rejection>> {
    if events.is_empty() || events_max < events.len() {
        let rejection = Rejection::new(Reason::BatchTooLarge, "events").with("max", events_max);
        return Err(vec![rejection]);
    }
    let mut faults = Faults::default();
    let mut resolver = Resolver::new(directory);
    let parsed: Vec<Option<Event>> = events
        .iter()
        .enumerate()
        .map(|(index, input)| {
            payload::event(&mut faults, &mut resolver, At::item("events", index), input)
        })
        .collect();
    let expected = parse_expected(&mut faults, &resolver, expected);
    match (parsed.into_iter().collect(), expected) {
        (Some(events), Some(expected)) if faults.is_empty() => Ok(Parsed { events, expected }),
        _ => Err(faults.into_rejections()),
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
