//! How a ledger begins. Not one of a client's events: the administration service asks for it.

use jiff::tz::TimeZone;

use crate::domain::event::{ClockKind, Event, Payload, Stream};
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::text::Name;

/// Judges what position 0 of a new ledger would say: everything that is wrong with it. Fields are those of
/// the request to open a ledger. [`decide`](super::decide) refuses the event everywhere else.
pub fn decide_opening(proposed: &Event) -> Result<(), Vec<Rejection>> {
    let mut rejections = Vec::new();
    let mut reject = |field: &str, problem: &str| {
        rejections.push(Rejection::new(Reason::FieldInvalid, field).with("problem", problem));
    };
    let Payload::LedgerOpened(opened) = &proposed.payload else {
        reject("", "a ledger begins with its opening");
        return Err(rejections);
    };
    if proposed.stream != Stream::ledger(opened.ledger) {
        reject("stream", "the opening belongs to the ledger's own stream");
    }
    if let Some(problem) = origin_problem(&opened.origin) {
        reject("origin", problem);
    }
    if TimeZone::get(opened.time_zone.as_str()).is_err() {
        reject("time_zone", "an IANA time zone such as `Asia/Tokyo`");
    }
    if !is_language_tag(opened.locale.as_str()) {
        reject("locale", "a BCP 47 language tag such as `ja` or `ja-JP`");
    }
    if opened.clock == ClockKind::Simulated && !opened.sample {
        reject("clock", "only a sample ledger has a simulated clock");
    }
    if rejections.is_empty() {
        Ok(())
    } else {
        Err(rejections)
    }
}

/// What is wrong with the name that a ledger's proofs are to go by.
pub(super) fn origin_problem(origin: &Name) -> Option<&'static str> {
    let origin = origin.as_str();
    let has_scheme = origin.contains("://");
    (has_scheme || origin.contains(|c: char| c.is_whitespace() || c == '+'))
        .then_some("a URL without its scheme, without spaces and without `+`")
}

/// Whether it has the shape of a BCP 47 tag: a language of two or three letters, then subtags.
fn is_language_tag(tag: &str) -> bool {
    let mut subtags = tag.split('-');
    let language = subtags.next().unwrap_or_default();
    (2..=3).contains(&language.len())
        && language.bytes().all(|b| b.is_ascii_alphabetic())
        && subtags
            .all(|s| (1..=8).contains(&s.len()) && s.bytes().all(|b| b.is_ascii_alphanumeric()))
}
