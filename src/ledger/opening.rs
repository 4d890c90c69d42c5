//! Opening a ledger: its first event, which no writer has a place for yet.

use std::sync::Arc;

use crate::auth::Permitted;
use crate::domain::code::Code;
use crate::domain::event::{ClockKind, Event, LedgerOpened, Stream};
use crate::domain::goal::decide::decide_opening;
use crate::domain::id::{EventId, LedgerId, RequestId};
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::text::{Name, Title};
use crate::ledger::append::AppendError;
use crate::ledger::reader::Reader;
use crate::ledger::writer::{Message, not_before_all};
use crate::ledger::{Ledgers, code_of};
use crate::log::codec::{self, RequestPlace, ServerPart};
use crate::log::{Head, LedgerCommit, Outcome};

/// A ledger to open.
#[derive(Clone, Debug)]
pub struct OpenLedger {
    /// The call's own identity.
    pub request_id: RequestId,
    /// Its id; the same request always brings the same.
    pub ledger: LedgerId,
    /// Its code.
    pub code: Code,
    /// The organisation's name.
    pub title: Title,
    /// Origin of its proofs.
    pub origin: Name,
    /// IANA time zone.
    pub time_zone: Name,
    /// BCP 47 tag.
    pub locale: Name,
    /// Whether it is a sample.
    pub sample: bool,
    /// How its clock runs.
    pub clock: ClockKind,
    /// The ledger whose access log it is; `None`: a ledger of facts.
    pub access_log_of: Option<LedgerId>,
}

impl Ledgers {
    /// Opens a ledger: its first event, at position 0. The same request again brings the same ledger.
    pub async fn open(&self, permitted: Permitted<OpenLedger>) -> Result<Arc<Reader>, AppendError> {
        let (actor, open) = permitted.into_parts();
        let _one_at_a_time = self.opening.lock().await;
        let opened = LedgerOpened {
            ledger: open.ledger,
            code: open.code,
            title: open.title,
            origin: open.origin,
            time_zone: open.time_zone,
            locale: open.locale,
            sample: open.sample,
            clock: open.clock,
            access_log_of: open.access_log_of,
        };
        let event = Event::new(
            EventId::derived(open.request_id.uuid(), "ledger-opened"),
            Stream::ledger(open.ledger),
            opened.clone().into(),
        );
        decide_opening(&event).map_err(AppendError::Rejected)?;
        if let Some(existing) = self.reader(open.ledger) {
            let first = existing.stored(0).await?.recorded;
            let same = first.request_id == open.request_id
                && first.actor.subject == actor.subject
                && first.actor.issuer == actor.issuer
                && first.event.payload == event.payload;
            return if same {
                Ok(existing)
            } else {
                Err(AppendError::Rejected(vec![Rejection::new(
                    Reason::IdExists,
                    "ledger_id",
                )]))
            };
        }
        if self
            .list()
            .iter()
            .any(|reader| code_of(reader).as_ref() == Some(&opened.code))
        {
            return Err(AppendError::Rejected(vec![Rejection::new(
                Reason::CodeTaken,
                "code",
            )]));
        }
        if !*self.writable.borrow() {
            return Err(AppendError::ReadOnly);
        }
        self.check_space(0).map_err(AppendError::StorageLow)?;
        let now = if open.sample && opened.clock == ClockKind::Simulated {
            sample_epoch()
        } else {
            let now = crate::clock::system_now();
            not_before_all(now).map_err(AppendError::ClockUntrusted)?;
            now
        };
        let place = RequestPlace {
            id: open.request_id,
            index: 0,
            count: 1,
        };
        let client =
            codec::encode_client_part(&event, open.ledger, &actor, place).map_err(|error| {
                AppendError::Rejected(vec![
                    Rejection::new(Reason::EventTooLarge, "title")
                        .with("max", codec::EVENT_BYTES_MAX)
                        .with("problem", error),
                ])
            })?;
        let server = ServerPart {
            generation: Head::EMPTY.generation,
            position: 0,
            revision: 1,
            recorded_at: now,
            prev_leaf_hash: None,
        };
        let commit = LedgerCommit::new(open.ledger, Head::EMPTY, vec![client.finish(&server)]);
        let failure = match self.log.append(vec![commit]).await.pop() {
            Some(Outcome::Committed(_)) => return Ok(self.adopt(open.ledger).await?),
            Some(Outcome::Conflict(_)) | None => AppendError::ReadOnly,
            Some(Outcome::Refused(fault)) => AppendError::Refused(fault),
            Some(Outcome::Unknown(fault)) => AppendError::Unknown(fault),
        };
        if let Some(queue) = self.queue() {
            // Only a stopping server has no writer.
            let _ = queue.send(Message::LogFailed).await;
        }
        Err(failure)
    }
}

/// When the simulated clock of a sample ledger begins, before its first fiscal year.
fn sample_epoch() -> jiff::Timestamp {
    // 2022-03-01T00:00:00Z
    jiff::Timestamp::constant(1_646_092_800, 0)
}
