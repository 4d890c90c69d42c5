//! Snapshots (評価時点凍結): what the server itself appends when a period is closed; then where every stream stands.
//!
//! D is the last day of the period, K the size right after the closing, so the same rows come out whenever they are
//! computed, and a snapshot that a crash prevented is taken later as it would have been taken then: when the closing is
//! sent again, and when the server starts. Its own time of recording says when that was, beside the time of the closing.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::api::v1;
use crate::auth::Authenticator;
use crate::domain::code::Key;
use crate::domain::event::{Event, Payload, SnapshotTaken, Stream, Validity};
use crate::domain::id::{EventId, PlanId, RequestId};
use crate::domain::period::{Period, Step, Transition};
use crate::domain::text::Name;
use crate::grpc::services::Services;
use crate::grpc::show;
use crate::ledger::{Append, AppendError, Appended, Ledgers, ReadFault, Reader};
use crate::projection::evaluation::cache::{Cache, Question};
use crate::projection::evaluation::{At, Ruling, evaluate_plan, rows};

mod heads;

pub(super) use heads::RequestedBy;

/// Who appends snapshots: the server.
const ACTOR: &str = "daicho";

/// A closing without snapshot, or without a recording of where the streams stood after it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Closing {
    /// The plan.
    pub plan: PlanId,
    /// The period.
    pub period: Key,
    /// Which closing of it.
    pub revision: u32,
    /// Position of the event.
    position: u64,
    /// Whether it has a snapshot.
    is_frozen: bool,
}

/// A snapshot could not be taken, or the heads not recorded. It is done later: nothing is lost.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SnapshotError {
    /// Stored events could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// It was not appended.
    #[error("it was not appended")]
    Append(#[from] AppendError),
    /// The ledger or the closing is not there.
    #[error("there is no such closing")]
    Unknown,
}

/// Takes snapshots, and records heads.
#[derive(Clone)]
pub struct Snapshots {
    ledgers: Arc<Ledgers>,
    evaluations: Arc<Cache>,
}

impl Snapshots {
    /// Takes snapshots in `ledgers`; what is computed for them is kept in `evaluations`.
    pub fn new(ledgers: Arc<Ledgers>, evaluations: Arc<Cache>) -> Self {
        Self {
            ledgers,
            evaluations,
        }
    }

    /// Takes every snapshot that is missing, in every ledger, and says how many were. What cannot be taken now is logged
    /// and tried again at the next start.
    pub async fn complete(&self) -> usize {
        let mut taken = 0;
        for reader in self.ledgers.list() {
            // What was appended before is looked at too, a snapshot just taken among it.
            reader.caught_up(None).await;
            for closing in missing(&reader) {
                taken += usize::from(self.take_or_log(&reader, &closing).await);
            }
        }
        taken
    }

    /// Takes every snapshot that is missing in one ledger, in the order of the closings, and says how many were; stops at
    /// the first that cannot be taken.
    pub async fn complete_in(&self, reader: &Arc<Reader>) -> Result<usize, SnapshotError> {
        reader.caught_up(None).await;
        let missing = missing(reader);
        for closing in &missing {
            self.complete_one(reader, closing).await?;
        }
        Ok(missing.len())
    }

    /// Does what is missing after a closing.
    async fn complete_one(
        &self,
        reader: &Arc<Reader>,
        closing: &Closing,
    ) -> Result<(), SnapshotError> {
        if !closing.is_frozen {
            self.take(reader, closing).await?;
        }
        self.record_heads(reader, closing).await?;
        Ok(())
    }

    async fn take_or_log(&self, reader: &Arc<Reader>, closing: &Closing) -> bool {
        let taken = self.complete_one(reader, closing).await;
        if let Err(error) = &taken {
            tracing::error!(
                ledger = %reader.id(),
                period = %closing.period,
                revision = closing.revision,
                error = error as &dyn std::error::Error,
                "a snapshot was not taken, or the heads not recorded; it is tried again at the next start"
            );
        }
        taken.is_ok()
    }

    /// Takes the snapshot of a closing, or finds it taken. The same closing always brings the same event.
    pub async fn take(
        &self,
        reader: &Arc<Reader>,
        closing: &Closing,
    ) -> Result<Appended, SnapshotError> {
        let known_at = closing.position + 1;
        let view = reader.view_at(known_at).await?;
        let directory = &view.directory;
        let (Some(plan), Some(period)) = (
            directory.plan(closing.plan).cloned(),
            directory.period(closing.plan, &closing.period),
        ) else {
            return Err(SnapshotError::Unknown);
        };
        let on = period.evaluation_date();
        let ruling = Ruling::on(directory, on, known_at);
        let policy = ruling.policy.version.clone();
        let at = At {
            plan,
            effective_on: on,
            known_at,
            ruling,
            directory: directory.clone(),
        };
        let question = Question::of(reader, &at);
        let evaluation = self
            .evaluations
            .get(question, evaluate_plan(reader, at))
            .await?;
        let digest = rows::digest(&evaluation);
        let root = reader.root_at(known_at)?;
        let closed = reader.stored(closing.position).await?.recorded;
        let ordinal = closed.request_index;
        let request = closed.request_id.uuid();
        let event = Event {
            id: EventId::derived(request, &format!("snapshot {ordinal}")),
            stream: Stream::plan(closing.plan),
            valid: Some(Validity::from(on)),
            reason: None,
            evidence: Vec::new(),
            source_document: None,
            decision: None,
            correlation: None,
            causation: Some(closed.event.id),
            payload: Payload::SnapshotTaken(SnapshotTaken {
                plan: closing.plan,
                period: closing.period.clone(),
                revision: closing.revision,
                closed_by: closed.event.id,
                effective_on: on,
                known_at,
                policy,
                rows: digest.rows,
                rows_format: rows::FORMAT,
                rows_sha256: digest.sha256,
                root: Some(*root.as_bytes()),
            }),
        };
        let append = Append::new(
            reader.id(),
            RequestId::derived(request, &format!("snapshot {ordinal}")),
            vec![event],
        );
        let name = Name::parse(ACTOR).map_err(|_| SnapshotError::Unknown)?;
        let permitted = Authenticator.permit_system(name, append);
        Ok(self.ledgers.append(permitted, None).await?)
    }
}

/// Before a deadline, to answer in time with what is there.
const ANSWER_TIME: Duration = Duration::from_millis(50);

impl Services {
    /// What the server appends after the closings among the events of an answer, and whether some of it is still to come or
    /// cannot be read now. What is missing is appended now; it goes on behind the caller's deadline.
    pub(super) async fn snapshots_of(
        &self,
        reader: &Arc<Reader>,
        appended: &Appended,
        deadline: Instant,
    ) -> (Vec<v1::RecordedEvent>, bool) {
        let closes = |event: &Event| matches!(event.payload, Payload::PeriodClosed(_));
        if !appended.events.iter().any(closes) {
            return (Vec::new(), false);
        }
        reader.caught_up(None).await;
        let positions: Vec<u64> = appended
            .receipt
            .events
            .iter()
            .map(|event| event.position)
            .collect();
        let mut open = missing(reader);
        open.retain(|closing| positions.contains(&closing.position));
        let (snapshots, taking) = (self.snapshots(), reader.clone());
        // In a task of its own: the caller may be gone before it is done.
        let work = tokio::spawn(async move {
            for closing in open {
                snapshots.take_or_log(&taking, &closing).await;
            }
        });
        let until = deadline.checked_sub(ANSWER_TIME).unwrap_or(deadline);
        // Whatever became of it, what is there is told.
        let _ = tokio::time::timeout_at(until.into(), work).await;
        let view = reader.caught_up(None).await;
        let mut found = Vec::new();
        for period in view.directory.periods() {
            let of_these = period.snapshots.iter().filter(|snapshot| {
                let closing = period.closing(snapshot.revision);
                closing.is_some_and(|closing| positions.contains(&closing.position))
            });
            let of_these = of_these.flat_map(|snapshot| {
                let heads = view.directory.heads_of(snapshot.closed_by);
                std::iter::once(snapshot.position).chain(heads.map(|heads| heads.position))
            });
            found.extend(of_these);
        }
        found.sort_unstable();
        let stored = match reader.stored_at(&found).await {
            Ok(stored) => stored,
            // What is durable is answered as such, whatever can still be told of it.
            Err(fault) => {
                tracing::error!(
                    ledger = %reader.id(),
                    error = &fault as &dyn std::error::Error,
                    "a closing is answered without the snapshot that was taken after it"
                );
                return (Vec::new(), true);
            }
        };
        let follows = missing(reader)
            .iter()
            .any(|closing| positions.contains(&closing.position));
        (stored.iter().map(show::recorded_event).collect(), follows)
    }
}

/// The closings of a ledger that have no snapshot or no recording of heads, in the order of their positions.
fn missing(reader: &Reader) -> Vec<Closing> {
    let directory = reader.view().directory;
    let of_period = |period: &Arc<Period>| {
        let closings = period.transitions.iter().filter_map(|t| match t.step {
            Step::Closed { revision } => Some((revision, t)),
            Step::Opened | Step::SoftClosed | Step::Reopened { .. } => None,
        });
        let closing = |(revision, t): (u32, &Transition)| {
            let is_frozen = period.snapshot(revision).is_some();
            let is_recorded = directory.heads_of(t.event_id).is_some();
            let closing = Closing {
                plan: period.plan,
                period: period.key.clone(),
                revision,
                position: t.position,
                is_frozen,
            };
            (!is_frozen || !is_recorded).then_some(closing)
        };
        closings.filter_map(closing).collect::<Vec<_>>()
    };
    let mut found: Vec<_> = directory.periods().flat_map(of_period).collect();
    found.sort_by_key(|closing| closing.position);
    found
}
