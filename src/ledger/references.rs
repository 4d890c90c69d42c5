//! Events that a request names and no stream knows: they must be there already.

use std::collections::HashSet;

use crate::domain::id::EventId;
use crate::domain::rejection::{Reason, Rejection};
use crate::ledger::append::Append;
use crate::ledger::reader::{ReadFault, Reader};

/// Refuses each reference to an event that neither the ledger has nor the request before it. Costs a
/// look-up in the index for each, and nothing where there are none.
pub(super) fn dangling(reader: &Reader, append: &Append) -> Result<Vec<Rejection>, ReadFault> {
    let mut unknown = Vec::new();
    let mut earlier: Option<HashSet<EventId>> = None;
    for (index, event) in append.events.iter().enumerate() {
        for (field, id) in event.references() {
            let before = append.events.get(..index).unwrap_or_default();
            let earlier =
                earlier.get_or_insert_with(|| before.iter().map(|event| event.id).collect());
            if !earlier.contains(&id) && reader.position_of(id)?.is_none() {
                let field = format!("events[{index}].{field}");
                unknown.push(Rejection::new(Reason::ReferenceUnknown, field).with("event", id));
            }
        }
        if let Some(earlier) = &mut earlier {
            earlier.insert(event.id);
        }
    }
    Ok(unknown)
}
