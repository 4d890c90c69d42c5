//! What erasures of texts and of files have in common.

use crate::domain::decision::ChangeKind;
use crate::domain::text::Name;
use crate::grpc::event::{At, Faults};
use crate::ledger::Reader;

/// Who approved an erasure. Where the approval policy asks for a decision, the ledger knows who made it: then it may be left out.
pub(super) fn approver(faults: &mut Faults, reader: &Reader, text: &str) -> Option<Option<Name>> {
    let directory = &reader.view().directory;
    let policy = directory.approval_policy_on(reader.today(), None);
    let is_decided =
        policy.is_some_and(|(_, policy)| policy.rule(ChangeKind::DataErased).is_some());
    match text.is_empty() && is_decided {
        true => Some(None),
        false => faults.name(&At::field("approved_by"), text).map(Some),
    }
}
