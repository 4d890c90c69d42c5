//! The day on which it is looked up who answers for what an event is about.

use super::{Payload, Validity};
use crate::domain::date::Date;

impl Payload {
    /// The day on which responsibilities are looked up for an event of these days that is made, proposed or decided on `today`:
    /// the same for whoever asks who may write it and for whoever asks who decides it.
    ///
    /// Facts are told by whoever answered when they held; everything else is changed by whoever answers now, or will when it
    /// takes effect: nobody rules by an earlier date what they handed over.
    pub fn answered_on(&self, valid: Option<Validity>, today: Date) -> Date {
        let Some(from) = valid.map(|valid| valid.from) else {
            return today;
        };
        match self {
            Self::ActualRecorded(_)
            | Self::ActualCorrected(_)
            | Self::ActualRetracted(_)
            | Self::DemandRecorded(_)
            | Self::NarrativeAdded(_)
            | Self::EvidenceAttached(_)
            | Self::SelfEvaluated(_)
            | Self::EvaluationReviewed(_)
            | Self::EvaluationFinalised(_) => from,
            // Before the day of effect the sections answer that hand it over.
            Self::ResponsibilityTransferred(_) if today <= from => from.yesterday().unwrap_or(from),
            _ => from.max(today),
        }
    }
}
