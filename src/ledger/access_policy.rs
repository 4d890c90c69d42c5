//! What is wrong with the access policies of a request: asked before it is appended, for a policy that cannot be read would
//! let nobody in.

use jiff::Timestamp;

use crate::auth::access::Authorizer;
use crate::domain::directory::Directory;
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::Payload;
use crate::domain::rejection::{Reason, Rejection};
use crate::ledger::append::Append;

/// Everything that is wrong with them, each with its line and column.
pub(super) fn faults(append: &Append, directory: &Directory, now: Timestamp) -> Vec<Rejection> {
    let mut found = Vec::new();
    for (index, event) in append.events.iter().enumerate() {
        let Payload::PolicyPublished(published) = &event.payload else {
            continue;
        };
        let PolicyContent::Access(policy) = &published.content else {
            continue;
        };
        let faults = Authorizer::default().faults(policy, directory, directory.date_of(now));
        found.extend(faults.into_iter().map(|fault| {
            let field = format!("events[{index}].policy_published.access.cedar");
            let at = fault.at.map_or_else(
                || "-".to_owned(),
                |(line, column)| format!("{line}:{column}"),
            );
            Rejection::new(Reason::PolicyInvalid, field)
                .with("at", at)
                .with("problem", fault.problem)
        }));
    }
    found
}
