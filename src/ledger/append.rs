//! What is asked of a ledger, and what it answers.

use std::collections::HashSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::event::{Actor, Event, Stream};
use crate::domain::goal::Goal;
use crate::domain::id::{EventId, LedgerId, RequestId};
use crate::domain::personal::PersonalText;
use crate::domain::rejection::{Notice, Reason, Rejection};
use crate::ledger::writer::{ClockUntrusted, StorageLow};
use crate::log::LogFault;
use crate::merkle::Hash;
use crate::personal::KeepFault;

/// Events to append together, at adjacent positions, or not at all.
#[derive(Clone, Debug)]
pub struct Append {
    /// To which ledger.
    pub ledger: LedgerId,
    /// The call's own identity.
    pub request_id: RequestId,
    /// 1 to [`Append::EVENTS_MAX`] events, each decided on the effect of those before.
    pub events: Vec<Event>,
    /// Revisions that streams must have before this request; 0: must not exist yet.
    pub expected: Vec<(Stream, u64)>,
    /// Those of them that whoever asks may not know of: as if they had never been.
    pub unseen: Vec<Stream>,
    /// Only say what would happen.
    pub validate_only: bool,
    /// Whether the answer is to tell what it changed, beyond the receipt.
    pub effects: bool,
}

impl Append {
    /// These events, whatever the revisions of their streams are; nothing is told beyond the receipt.
    pub fn new(ledger: LedgerId, request_id: RequestId, events: Vec<Event>) -> Self {
        Self {
            ledger,
            request_id,
            events,
            expected: Vec::new(),
            unseen: Vec::new(),
            validate_only: false,
            effects: false,
        }
    }

    /// Events of one request at most, with the changes that approvals bring.
    pub const EVENTS_MAX: usize = 1_000;
    /// Stored bytes of one request at most.
    pub const BYTES_MAX: usize = 1024 * 1024;

    /// How many events it appends, with the changes that approvals bring.
    pub(super) fn count(&self) -> u64 {
        self.events.iter().map(|event| 1 + event.brings()).sum()
    }

    /// Everything that is wrong with the request as a whole.
    pub(super) fn faults(&self) -> Vec<Rejection> {
        let mut faults = Vec::new();
        if self.events.is_empty() || (Self::EVENTS_MAX as u64) < self.count() {
            faults.push(
                Rejection::new(Reason::BatchTooLarge, "events").with("max", Self::EVENTS_MAX),
            );
        }
        let personal = self.events.iter().flat_map(Event::personal_texts).count();
        if PersonalText::PER_REQUEST_MAX < personal {
            let problem = format!(
                "{personal} texts about people; at most {} in one request",
                PersonalText::PER_REQUEST_MAX
            );
            faults.push(Rejection::new(Reason::FieldInvalid, "events").with("problem", problem));
        }
        let mut seen = HashSet::new();
        for (index, event) in self.events.iter().enumerate() {
            // An approval takes the id of the change that it brings, too.
            let taken = event.ids().filter(|id| !seen.insert(*id)).count();
            if 0 < taken {
                let field = format!("events[{index}].event_id");
                faults.push(Rejection::new(Reason::EventIdRepeated, field));
            }
        }
        let mut streams = HashSet::new();
        for (index, (stream, _)) in self.expected.iter().enumerate() {
            if !streams.insert(*stream) {
                let field = format!("expected_revisions[{index}]");
                faults.push(
                    Rejection::new(Reason::FieldInvalid, field)
                        .with("problem", "the stream stands twice"),
                );
            }
        }
        faults
    }
}

/// What became of a request. The same for every retry, for ever.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    /// The ledger.
    pub ledger: LedgerId,
    /// The request.
    pub request_id: RequestId,
    /// The generation it was written in.
    pub generation: u64,
    /// Its events, in order, at adjacent positions.
    pub events: Vec<ReceiptEvent>,
}

/// One event of a receipt.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ReceiptEvent {
    /// The event.
    pub event_id: EventId,
    /// Its stream.
    pub stream: Stream,
    /// Its position in the ledger.
    pub position: u64,
    /// Its number in its stream.
    pub revision: u64,
    /// The server's time.
    pub recorded_at: Timestamp,
    /// Its leaf hash.
    pub leaf_hash: Hash,
}

/// The answer to an append.
#[derive(Clone, Debug)]
pub struct Appended {
    /// The receipt; for a validation the positions are those it would get at the head it was judged at.
    pub receipt: Receipt,
    /// Whether the request had been answered before.
    pub replayed: bool,
    /// Whether nothing was appended because only a validation was asked for.
    pub validated_only: bool,
    /// What somebody should look at; empty for a replay.
    pub notices: Vec<Notice>,
    /// Who asked.
    pub actor: Actor,
    /// The events as decided, in order; where no effects were asked for, only structural ones.
    pub events: Vec<Event>,
    /// Goal streams before and after; empty for a replay, or where no effects were asked for.
    pub goals: Vec<Touched>,
}

/// A goal's stream before and after a request.
#[derive(Clone, Debug)]
pub struct Touched {
    /// The stream.
    pub stream: Stream,
    /// Its state before.
    pub before: Arc<Goal>,
    /// Its state after.
    pub after: Arc<Goal>,
}

/// Why an append gave no receipt.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// No such ledger.
    #[error("no such ledger")]
    LedgerUnknown,
    /// Rules forbid it; nothing was appended.
    #[error("the request breaks {} rule(s)", .0.len())]
    Rejected(Vec<Rejection>),
    /// Whoever asks may not, and is not told what is there; nothing was appended.
    #[error("not permitted")]
    Denied,
    /// Ids are known with other content, or only some are known; nothing was appended.
    #[error("ids of this request are known with other content")]
    IdConflict {
        /// The request id is known with other events.
        request: bool,
        /// Known event ids, each with its position.
        events: Vec<(EventId, u64)>,
    },
    /// The same ids were sent by somebody else; nothing was appended.
    #[error("the request was made by another actor")]
    OtherActor,
    /// Too much waits already; nothing was appended.
    #[error("too many requests wait for the writer")]
    Overloaded,
    /// The deadline passed while the request waited; nothing was appended.
    #[error("the deadline passed before the request was taken up")]
    DeadlineBefore,
    /// The machine's clock is not believed; nothing was appended.
    #[error("the clock is not believed")]
    ClockUntrusted(#[source] ClockUntrusted),
    /// The disk of the log has too little room; nothing was appended.
    #[error("the disk is nearly full")]
    StorageLow(#[source] StorageLow),
    /// The log failed before and takes nothing any more; nothing was appended.
    #[error("the ledger is read-only")]
    ReadOnly,
    /// The log refused, or is being closed; nothing was appended.
    #[error("the log refused the events")]
    Refused(#[source] LogFault),
    /// The words of personal texts could not be kept; nothing was appended.
    #[error("the words of personal texts could not be kept")]
    NotKept(#[source] Arc<KeepFault>),
    /// The events may or may not be appended. Only a retry with the same ids is safe.
    #[error("the outcome is unknown; retry with the same ids")]
    Unknown(#[source] LogFault),
    /// Stored events could not be read.
    #[error(transparent)]
    Read(#[from] super::ReadFault),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::DecisionOutcome;
    use crate::domain::event::ChangeDecided;
    use crate::domain::testing::{
        event_id, event_of, fact, goal_id, increment, ledger_id, proposal_id, recorded,
    };

    fn approval(name: &str) -> Event {
        let decided = ChangeDecided {
            proposal: proposal_id(name),
            digest: [0; 32],
            outcome: DecisionOutcome::Approved,
            text: None,
            external: None,
            acting: None,
        };
        event_of(
            &fact(decided).undated(),
            event_id(name),
            Stream::goal(goal_id("G")),
        )
    }

    fn faults(events: Vec<Event>) -> Vec<String> {
        let append = Append::new(
            ledger_id(),
            RequestId::derived(uuid::Uuid::NAMESPACE_OID, "request"),
            events,
        );
        let faults = append.faults();
        let told = |fault: &Rejection| format!("{} {}", fault.reason.code(), fault.field);
        faults.iter().map(told).collect()
    }

    #[test]
    fn what_approvals_bring_counts_too() {
        let approvals = |count: usize| (0..count).map(|n| approval(&n.to_string())).collect();
        assert_eq!(faults(approvals(500)), Vec::<String>::new());
        assert_eq!(faults(approvals(501)), ["BATCH_TOO_LARGE events"]);
    }

    #[test]
    fn the_id_of_what_an_approval_brings_is_one_of_the_request() {
        let report = |id| {
            let reported = fact(recorded(increment("1")));
            event_of(&reported, id, Stream::goal(goal_id("G")))
        };
        let brought = Event::approved_change_id(event_id("D"));
        let (before, after) = (
            vec![report(brought), approval("D")],
            vec![approval("D"), report(brought)],
        );
        assert_eq!(faults(before), ["EVENT_ID_REPEATED events[1].event_id"]);
        assert_eq!(faults(after), ["EVENT_ID_REPEATED events[1].event_id"]);
    }
}
