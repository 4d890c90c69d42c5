//! Proposals that nobody decided in time (失効): the ledger says so itself, once for each. An overdue proposal cannot be decided
//! before that either, so nothing depends on when it is said.

use std::sync::Arc;

use uuid::Uuid;

use crate::auth::Authenticator;
use crate::clock;
use crate::domain::decision::Proposal;
use crate::domain::event::{Event, ProposalExpired};
use crate::domain::id::{EventId, RequestId};
use crate::domain::text::Name;
use crate::ledger::{Append, AppendError, Ledgers, Reader};

/// Who speaks for the server.
const ACTOR: &str = "daicho";

impl Ledgers {
    /// Records every proposal that has expired, in every ledger, and says how many there were. What cannot be recorded is logged
    /// and tried again the next time.
    pub async fn expire_proposals(&self) -> usize {
        let mut expired = 0;
        for reader in self.list() {
            reader.caught_up(None).await;
            match self.expire_in(&reader).await {
                Ok(count) => expired += count,
                Err(error) => tracing::error!(
                    ledger = %reader.id(),
                    error = &error as &dyn std::error::Error,
                    "expired proposals were not recorded; it is tried again"
                ),
            }
        }
        expired
    }

    async fn expire_in(&self, reader: &Arc<Reader>) -> Result<usize, AppendError> {
        let view = reader.view();
        let directory = &view.directory;
        let today = directory.date_of(reader.clock().now());
        let overdue = directory
            .open_proposals()
            .filter(|proposal| directory.expires_on(proposal) < today);
        let mut expired = 0;
        for proposal in overdue {
            // Of one proposal always the same ids: two that see it at once record it once.
            let mut recorded = self
                .record_expired(reader, proposal, proposal.id.uuid())
                .await;
            if let Err(error @ (AppendError::IdConflict { .. } | AppendError::OtherActor)) =
                &recorded
            {
                tracing::warn!(
                    ledger = %reader.id(),
                    proposal = proposal.code(),
                    error = error as &dyn std::error::Error,
                    "the ids under which a proposal is recorded as expired are taken; others are drawn"
                );
                // Nobody can take beforehand what is drawn now, and a proposal that has expired is refused the second time.
                let drawn = clock::new_random_id();
                recorded = self.record_expired(reader, proposal, drawn).await;
            }
            match recorded {
                Ok(()) => expired += 1,
                // Somebody decided it, or took it back, meanwhile.
                Err(AppendError::Rejected(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(expired)
    }

    /// Records that `proposal` has expired, under ids that follow from `ids`.
    async fn record_expired(
        &self,
        reader: &Arc<Reader>,
        proposal: &Proposal,
        ids: Uuid,
    ) -> Result<(), AppendError> {
        let expired = ProposalExpired {
            proposal: proposal.id,
        };
        let id = EventId::derived(ids, "proposal-expired");
        let event = Event {
            causation: Some(proposal.drafted.event_id),
            ..Event::new(id, proposal.stream, expired.into())
        };
        let append = Append::new(
            reader.id(),
            RequestId::derived(ids, "proposal-expired"),
            vec![event],
        );
        let name = Name::parse(ACTOR).expect("our own name is one");
        let permitted = Authenticator.permit_system(name, append);
        self.append(permitted, None).await.map(|_| ())
    }
}
