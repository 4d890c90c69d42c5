//! What was reached and told.

use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::code::Key;
use crate::domain::event::{ForecastValue, NarrativeKind, Subject};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::personal::FreeText;
use crate::domain::quantity::Quantity;

use super::payload;

payload! {
    /// Progress was reported (実績報告). Exactly one measurement.
    ActualRecorded {
        /// The indicator.
        indicator: IndicatorId,
        /// What was measured.
        measurement: Measurement,
        /// Which part reports, with the unit of the values.
        reported: ReportedPart,
    }
}

payload! {
    /// A report was replaced whole (実績訂正).
    ActualCorrected {
        /// The indicator.
        indicator: IndicatorId,
        /// The report or correction replaced.
        corrects: EventId,
        /// What it said. A client may leave it out or state what it expects; the ledger always stores it.
        before: Option<Measurement>,
        /// What is right.
        measurement: Measurement,
        /// Which part reports, with the unit of the values.
        reported: ReportedPart,
    }
}

payload! {
    /// A report was taken back (実績取消).
    ActualRetracted {
        /// The indicator.
        indicator: IndicatorId,
        /// The report or correction taken back.
        retracts: EventId,
        /// What it said. A client may leave it out or state what it expects; the ledger always stores it.
        before: Option<Measurement>,
    }
}

payload! {
    /// Demand was recorded (需要記録), for what is done only as needed.
    DemandRecorded {
        /// The indicator.
        indicator: IndicatorId,
        /// How many asked.
        requests: Quantity,
    }
}

payload! {
    /// What the section expects at the end (見込み提出).
    ForecastSubmitted {
        /// The indicator.
        indicator: IndicatorId,
        /// What is expected.
        value: ForecastValue,
        /// How sure, 0 to 10.
        confidence: Option<u32>,
        /// On which grounds.
        basis: FreeText,
    }
}

payload! {
    /// Something was told (状況説明).
    NarrativeAdded {
        /// What about.
        subject: Subject,
        /// What kind.
        kind: NarrativeKind,
        /// In words.
        text: FreeText,
    }
}

payload! {
    /// Evidence was attached later (根拠資料添付); the evidence itself stands in the envelope.
    EvidenceAttached {
        /// What about.
        subject: Subject,
        /// The event it shows, where it is for one.
        shows: Option<EventId>,
        /// Which keys of the attachment it fills, for the organisation's own filing.
        filed_under: Option<Key>,
    }
}

payload! {
    /// Somebody other than their authors looked at entries and confirmed them (実績確認).
    ActualConfirmed {
        /// The indicator.
        indicator: IndicatorId,
        /// The reports and corrections confirmed.
        entries: Vec<EventId>,
    }
}
