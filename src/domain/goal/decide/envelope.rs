//! What every event needs whatever it says: its stream, its days, its reason.

use super::Judge;
use crate::domain::actual::Measurement;
use crate::domain::event::Payload;
use crate::domain::rejection::Reason;

impl Judge<'_> {
    /// Judges what stands outside the payload.
    pub(super) fn envelope(&mut self) {
        let event = self.proposed;
        // An unknown subject has no stream; the rules of the payload say so.
        if let Some(stream) = self.context.directory.stream_of(&event.payload)
            && stream != event.stream
        {
            let problem = format!(
                "the event belongs to the stream {} {}",
                stream.kind.code(),
                stream.id
            );
            self.reject_envelope(Reason::FieldInvalid, "stream", &[("problem", &problem)]);
        }
        match event.valid {
            None if !event.payload.is_undated() => {
                self.reject_envelope(Reason::FieldRequired, "valid_from", &[]);
            }
            None => {}
            Some(_) if by_server_undated(&event.payload) => {
                let problem = "this event holds for no day but that of its record; leave it out";
                self.reject_envelope(Reason::FieldInvalid, "valid_from", &[("problem", &problem)]);
            }
            Some(valid) => match valid.to {
                Some(to) if to < valid.from => {
                    let earliest: [(_, &dyn std::fmt::Display); 1] = [("earliest", &valid.from)];
                    self.reject_envelope(Reason::DateTooEarly, "valid_to", &earliest);
                }
                Some(to) if to != valid.from && !takes_span(&event.payload) => {
                    let problem = "this event holds on or from one day; leave the last day out";
                    self.reject_envelope(
                        Reason::FieldInvalid,
                        "valid_to",
                        &[("problem", &problem)],
                    );
                }
                _ => {}
            },
        }
        let directory = self.context.directory;
        let erased = |subject| directory.erasures_of(subject).next().is_some();
        let mut subjects = event.personal_texts().map(|text| text.subject);
        if let Some(subject) = subjects.find(|subject| erased(*subject)) {
            self.reject_envelope(
                Reason::SubjectErased,
                "personal_texts",
                &[("subject", &subject)],
            );
        }
        if event.reason.is_none() && needs_reason(&event.payload) {
            self.reject_envelope(Reason::ReasonRequired, "reason", &[]);
        }
    }
}

/// Whether it has no day of its own, and never had: openings and imports were once taken with one.
fn by_server_undated(payload: &Payload) -> bool {
    payload.is_undated()
        && !matches!(
            payload,
            Payload::LedgerOpened(_) | Payload::ImportAccepted(_)
        )
}

/// Whether it may hold for more than one day: what accumulates over days may, a level may not.
fn takes_span(payload: &Payload) -> bool {
    match payload {
        Payload::ActualRecorded(p) => accumulates(&p.measurement),
        Payload::ActualCorrected(p) => accumulates(&p.measurement),
        Payload::ActualRetracted(_)
        | Payload::DemandRecorded(_)
        | Payload::NarrativeAdded(_)
        | Payload::EvidenceAttached(_)
        | Payload::RoleGranted(_)
        | Payload::DelegationRegistered(_)
        | Payload::OperationAuthorised(_)
        | Payload::OrgUnitRegistered(_) => true,
        _ => false,
    }
}

fn accumulates(measurement: &Measurement) -> bool {
    matches!(
        measurement,
        Measurement::Increment(_) | Measurement::Ratio { .. } | Measurement::Nil(_)
    )
}

/// Whether nobody may do it without saying why: all that takes back, replaces or ends something.
fn needs_reason(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::OrgUnitChanged(_)
            | Payload::GoalMoved(_)
            | Payload::GoalSuspended(_)
            | Payload::GoalResumed(_)
            | Payload::GoalCancelled(_)
            | Payload::GoalCarriedOver(_)
            | Payload::InitiativeMoved(_)
            | Payload::InitiativeCancelled(_)
            | Payload::ResponsibilityTransferred(_)
            | Payload::IndicatorMoved(_)
            | Payload::IndicatorRedefined(_)
            | Payload::IndicatorCancelled(_)
            | Payload::TargetRevised(_)
            | Payload::ActualCorrected(_)
            | Payload::ActualRetracted(_)
            | Payload::PeriodReopened(_)
            | Payload::RestatementIssued(_)
            | Payload::LedgerContinued(_)
            | Payload::PersonalDataErased(_)
            | Payload::EvidenceErased(_)
            | Payload::OperationAuthorised(_)
    )
}
