//! Erasing what was said of a person: first the ledger says so, then the words go. A crash between the two is made good when
//! the ledger is opened next.

use std::time::Instant;

use crate::auth::{Authenticator, Permitted};
use crate::domain::event::{Event, PersonalDataErased, Reason as EventReason, Stream};
use crate::domain::id::{DataSubjectId, EventId, LedgerId, RequestId};
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::text::Name;
use crate::domain::trust::ERASED_POSITIONS_MAX;
use crate::ledger::index::{Direction, Term};
use crate::ledger::personal::blocking;
use crate::ledger::{Append, AppendError, Ledgers, Reader, Receipt, ReceiptLookup};

/// Who speaks for the server.
const ACTOR: &str = "daicho";
/// Events read at once while texts are counted.
const PAGE: usize = 1_000;

/// Asks to erase every text about a person.
#[derive(Clone, Debug)]
pub struct EraseTexts {
    /// In which ledger.
    pub ledger: LedgerId,
    /// The call's own identity.
    pub request_id: RequestId,
    /// The person.
    pub subject: DataSubjectId,
    /// On which legal ground.
    pub legal_basis: Name,
    /// Who approved it; may be left out where an authorisation says so.
    pub approved_by: Option<Name>,
    /// Why.
    pub reason: EventReason,
}

/// What was erased.
#[derive(Clone, Debug)]
pub struct ErasedTexts {
    /// The receipt of the events that say so.
    pub receipt: Receipt,
    /// Whether it had been erased before.
    pub replayed: bool,
    /// Positions of the events whose texts were erased, ascending.
    pub positions: Vec<u64>,
    /// How many texts they had.
    pub texts: u64,
    /// Whether key and words are gone from the disk; else the next start tries again, and nobody is shown them meanwhile.
    pub destroyed: bool,
}

impl Ledgers {
    /// Erases every text about a person, for ever. Repeated, or asked for by another request, it brings the first erasure,
    /// and destroys what that may have left.
    ///
    /// Not to be dropped half way: what is recorded as erased would be there until the next start.
    pub async fn erase(
        &self,
        permitted: Permitted<EraseTexts>,
        deadline: Option<Instant>,
    ) -> Result<ErasedTexts, AppendError> {
        let (actor, erase) = permitted.into_parts();
        let reader = self
            .reader(erase.ledger)
            .ok_or(AppendError::LedgerUnknown)?;
        // Until this is let go nothing personal is kept; what was kept before is in the writer's queue, and what passes
        // through that queue now comes behind it.
        let _alone = reader.keeping().write().await;
        let known = self.receipt(erase.ledger, erase.request_id).await?;
        reader.caught_up(None).await;
        let view = reader.view();
        let erasures = || view.directory.erasures_of(erase.subject);
        let (receipt, replayed) = match (known, erasures().next()) {
            (ReceiptLookup::Found(receipt), first) => {
                let of_call = |position| receipt.events.iter().any(|e| e.position == position);
                if !first.is_some_and(|first| of_call(first.position)) {
                    return Err(AppendError::IdConflict {
                        request: true,
                        events: Vec::new(),
                    });
                }
                (receipt, true)
            }
            (ReceiptLookup::NotFound { .. }, Some(first)) => {
                let request = reader.stored(first.position).await?.recorded.request_id;
                match self.receipt(erase.ledger, request).await? {
                    ReceiptLookup::Found(receipt) => (receipt, true),
                    ReceiptLookup::NotFound { .. } => return Err(AppendError::LedgerUnknown),
                }
            }
            (ReceiptLookup::NotFound { .. }, None) => {
                let events = record(&reader, &erase).await?;
                let append = Append::new(erase.ledger, erase.request_id, events);
                let server = Name::parse(ACTOR).map_err(|_| AppendError::LedgerUnknown)?;
                let permitted = Authenticator
                    .permit_system(server, append)
                    .on_behalf_of(&actor.subject)
                    .permitted_as(&actor);
                let appended = self.append(permitted, deadline).await?;
                (appended.receipt, appended.replayed)
            }
        };
        let last = receipt.events.last().map(|event| event.position);
        let view = reader.caught_up(last).await;
        let store = reader.personal().clone();
        if let Some(first) = receipt.events.first() {
            store.mark_erased(erase.subject, first.position);
        }
        let subject = erase.subject;
        let destroyed = blocking(move || store.destroy(subject)).await;
        if let Err(error) = &destroyed {
            tracing::error!(%error, %subject, "erased texts are still on disk; the next start tries again");
        }
        let (mut positions, mut texts) = (Vec::new(), 0);
        for erasure in view.directory.erasures_of(subject) {
            positions.extend(&erasure.positions);
            texts += u64::from(erasure.texts);
        }
        Ok(ErasedTexts {
            receipt,
            replayed,
            positions,
            texts,
            destroyed: destroyed.is_ok(),
        })
    }
}

/// The events that say that every text about the subject is erased.
async fn record(reader: &Reader, erase: &EraseTexts) -> Result<Vec<Event>, AppendError> {
    let size = reader.head().size;
    let term = Term::data_subject(erase.subject);
    let positions = reader.postings(&term, 0, size, Direction::Forward, usize::MAX)?;
    if positions.is_empty() {
        return Err(AppendError::Rejected(vec![Rejection::new(
            Reason::SubjectUnknown,
            "subject_ref",
        )]));
    }
    let mut events = Vec::new();
    for (number, part) in positions.chunks(ERASED_POSITIONS_MAX).enumerate() {
        let mut texts = 0_u32;
        for page in part.chunks(PAGE) {
            for stored in reader.stored_at(page).await? {
                let of_event = stored.recorded.event.personal_texts();
                let about = of_event.filter(|text| text.subject == erase.subject);
                texts = texts.saturating_add(u32::try_from(about.count()).unwrap_or(u32::MAX));
            }
        }
        events.push(Event {
            reason: Some(erase.reason.clone()),
            ..Event::new(
                EventId::derived(
                    erase.request_id.uuid(),
                    &format!("personal-data-erased {number}"),
                ),
                Stream::ledger(erase.ledger),
                PersonalDataErased {
                    subject: erase.subject,
                    positions: part.to_vec(),
                    texts,
                    legal_basis: erase.legal_basis.clone(),
                    approved_by: erase.approved_by.clone(),
                }
                .into(),
            )
        });
    }
    Ok(events)
}
