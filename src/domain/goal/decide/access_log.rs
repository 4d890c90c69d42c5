//! Rules of what belongs into an access log, and what does not.

use super::Judge;
use crate::domain::event::Payload;
use crate::domain::rejection::Reason;

impl Judge<'_> {
    /// Refuses facts in an access log: there is nothing in it but accesses and what a ledger says of its proofs.
    pub(super) fn kind_of_ledger(&mut self) {
        if self.context.directory.access_log_of().is_none() {
            return;
        }
        let belongs = match &self.proposed.payload {
            Payload::LedgerContinued(_)
            | Payload::KeyAnnounced(_)
            | Payload::KeyRetired(_)
            | Payload::KeyCompromised(_)
            | Payload::HeadsRecorded(_) => true,
            payload => payload.is_access(),
        };
        if !belongs {
            self.reject(Reason::LedgerIsAccessLog, "");
        }
    }

    /// Accesses are recorded in access logs and nowhere else. That only the server records them is seen to where requests
    /// are taken: the actor of an access is who asked.
    pub(super) fn access(&mut self) {
        if self.context.directory.access_log_of().is_none() {
            self.reject(Reason::EventByServer, "");
        }
    }
}
