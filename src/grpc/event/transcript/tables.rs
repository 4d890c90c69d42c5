//! Where the fields of stored messages stand in those of the API: `proto/daicho/storage/v1` on the left, `proto/daicho/v1`
//! on the right.

use crate::domain::event::EventType;
use crate::grpc::event::transcript::{Form, Presence, Row, Table};

use Form::{Choice, Digest, Id, Message, Number, Text, Unfolded, Words};
use Presence::{Many, May, Must};

/// The field of an event that holds its payload, and what stands there; `None`: events of this type go the whole way.
pub(super) fn payload(event_type: EventType) -> Option<(u32, &'static Table)> {
    Some(match event_type {
        EventType::ActualRecorded => (46, &ACTUAL_RECORDED),
        EventType::ActualCorrected => (47, &ACTUAL_CORRECTED),
        EventType::ActualRetracted => (48, &ACTUAL_RETRACTED),
        EventType::DemandRecorded => (49, &DEMAND_RECORDED),
        EventType::ForecastSubmitted => (50, &FORECAST_SUBMITTED),
        EventType::NarrativeAdded => (51, &NARRATIVE_ADDED),
        EventType::EvidenceAttached => (52, &EVIDENCE_ATTACHED),
        EventType::ActualConfirmed => (66, &ACTUAL_CONFIRMED),
        // Few of a ledger are anything else.
        _ => return None,
    })
}

const fn row(stored: u32, shown: u32, presence: Presence, form: Form) -> Row {
    Row {
        stored,
        shown,
        presence,
        form,
    }
}

const fn all(rows: &'static [Row]) -> Table {
    Table {
        rows,
        one_of: false,
    }
}

const fn one_of(rows: &'static [Row]) -> Table {
    Table { rows, one_of: true }
}

pub(super) static ACTOR: Table = all(&[
    row(1, 1, Must, Words),
    row(2, 2, May, Words),
    row(3, 3, May, Words),
    row(4, 4, May, Words),
    row(5, 5, May, Words),
    row(6, 6, Must, Choice(4)),
    row(7, 7, May, Digest),
    row(8, 8, May, Id),
]);

pub(super) static AUTHORIZATION: Table = all(&[row(1, 1, Must, Digest), row(2, 2, Many, Words)]);

pub(super) static REASON: Table = all(&[row(1, 1, Must, Choice(15)), row(2, 2, Must, Text)]);

pub(super) static EVIDENCE: Table = all(&[
    row(1, 1, Must, Digest),
    row(2, 2, Must, Words),
    row(3, 3, Must, Text),
    row(4, 4, May, Text),
    row(5, 5, May, Number(u64::MAX)),
    row(6, 6, Must, Choice(3)),
]);

pub(super) static SOURCE_DOCUMENT: Table = all(&[
    row(1, 1, Must, Words),
    row(2, 2, May, Text),
    row(3, 3, May, Words),
]);

static ACTUAL_RECORDED: Table = all(&[
    row(1, 1, Must, Id),
    row(2, 2, Must, Message(&MEASUREMENT)),
    row(3, 3, May, Unfolded(&RECORDED_PART)),
]);

static RECORDED_PART: Table = all(&[row(1, 3, May, Words), row(2, 4, May, Words)]);

static ACTUAL_CORRECTED: Table = all(&[
    row(1, 1, Must, Id),
    row(2, 2, Must, Id),
    row(3, 3, Must, Message(&MEASUREMENT)),
    row(4, 4, Must, Message(&MEASUREMENT)),
    row(5, 5, May, Unfolded(&CORRECTED_PART)),
]);

static CORRECTED_PART: Table = all(&[row(1, 5, May, Words), row(2, 6, May, Words)]);

static ACTUAL_RETRACTED: Table = all(&[
    row(1, 1, Must, Id),
    row(2, 2, Must, Id),
    row(3, 3, Must, Message(&MEASUREMENT)),
]);

static MEASUREMENT: Table = one_of(&[
    row(1, 1, May, Words),
    row(2, 2, May, Words),
    row(3, 3, May, Message(&TWO_WORDS)),
    row(4, 4, May, Message(&MEMBER)),
    row(5, 5, May, Message(&TWO_WORDS)),
    row(6, 6, May, Message(&MILESTONE)),
    row(7, 7, May, Number(u32::MAX as u64)),
    row(8, 8, May, Choice(3)),
]);

/// A numerator and a denominator, or a member and its value.
static TWO_WORDS: Table = all(&[row(1, 1, Must, Words), row(2, 2, Must, Words)]);

static MEMBER: Table = all(&[row(1, 1, Must, Words), row(2, 2, Must, Choice(2))]);

static MILESTONE: Table = all(&[row(1, 1, May, Words), row(2, 2, Must, Choice(5))]);

static DEMAND_RECORDED: Table = all(&[row(1, 1, Must, Id), row(2, 2, Must, Words)]);

static FORECAST_SUBMITTED: Table = all(&[
    row(1, 1, Must, Id),
    row(2, 2, Must, Unfolded(&FORECAST)),
    row(3, 4, May, Number(u32::MAX as u64)),
    row(4, 5, Must, Text),
]);

static FORECAST: Table = one_of(&[row(1, 2, May, Words), row(2, 3, May, Words)]);

static NARRATIVE_ADDED: Table = all(&[
    row(1, 1, Must, Message(&SUBJECT)),
    row(2, 2, Must, Choice(4)),
    row(3, 3, Must, Text),
]);

static EVIDENCE_ATTACHED: Table = all(&[
    row(1, 1, Must, Message(&SUBJECT)),
    row(2, 2, May, Id),
    row(3, 3, May, Words),
]);

/// A goal, an initiative or an indicator.
static SUBJECT: Table = one_of(&[row(1, 1, May, Id), row(2, 2, May, Id), row(3, 3, May, Id)]);

static ACTUAL_CONFIRMED: Table = all(&[row(1, 1, Must, Id), row(2, 2, Many, Id)]);
