//! Whether a request that comes again says the same as what was recorded.

use crate::domain::event::{Event, Payload, RestatementIssued};

impl Event {
    /// Whether this proposal states the same fact as the event `stored`: equal as domain values, once what
    /// a client may leave to the ledger is filled in from it.
    pub fn restates(&self, stored: &Self) -> bool {
        if self.id != stored.id || self.payload.event_type() != stored.payload.event_type() {
            return false;
        }
        let mut filled = self.clone();
        filled.take_commitments_of(stored);
        match (&mut filled.payload, &stored.payload) {
            (Payload::TargetRevised(mine), Payload::TargetRevised(theirs))
                if mine.before.is_none() =>
            {
                mine.before.clone_from(&theirs.before);
            }
            (Payload::ActualRecorded(mine), Payload::ActualRecorded(theirs)) => {
                mine.reported.fill_unit_from(&theirs.reported);
            }
            (Payload::ActualCorrected(mine), Payload::ActualCorrected(theirs)) => {
                mine.reported.fill_unit_from(&theirs.reported);
                if mine.before.is_none() {
                    mine.before.clone_from(&theirs.before);
                }
            }
            (Payload::ActualRetracted(mine), Payload::ActualRetracted(theirs))
                if mine.before.is_none() =>
            {
                mine.before.clone_from(&theirs.before);
            }
            (Payload::PeriodClosed(mine), Payload::PeriodClosed(theirs)) => {
                fill(&mut mine.revision, &theirs.revision);
            }
            (Payload::ChangeProposed(mine), Payload::ChangeProposed(theirs)) => {
                fill(&mut mine.kind, &theirs.kind);
                // A change that says the same by itself says the same when it is proposed.
                let (id, stream) = (filled.id, filled.stream);
                if mine
                    .change
                    .event(id, stream)
                    .restates(&theirs.change.event(id, stream))
                {
                    mine.change.clone_from(&theirs.change);
                }
            }
            (Payload::RestatementIssued(mine), Payload::RestatementIssued(theirs)) => {
                mine.fill_from(theirs);
            }
            // Of the rest only the steps of an evaluation leave anything to the ledger.
            (mine, theirs) => {
                if let (Some(mine), Some(theirs)) = (mine.judging(), theirs.evaluated()) {
                    fill(mine.rubric, &theirs.rubric.cloned());
                    fill(mine.computed, &theirs.computed.cloned());
                }
            }
        }
        filled == *stored
    }
}

impl RestatementIssued {
    /// Takes what the ledger computes from `stored`, where this proposal leaves it out.
    fn fill_from(&mut self, stored: &Self) {
        fill(&mut self.known_at, &stored.known_at);
        fill(&mut self.policy, &stored.policy);
        fill(&mut self.rows, &stored.rows);
        fill(&mut self.material, &stored.material);
        fill(&mut self.rows_format, &stored.rows_format);
        fill(&mut self.rows_sha256, &stored.rows_sha256);
    }
}

/// Takes what the ledger filled in, where the proposal left it out.
fn fill<T: Clone>(mine: &mut Option<T>, stored: &Option<T>) {
    if mine.is_none() {
        mine.clone_from(stored);
    }
}
