//! The bundled plans: facts and figures of the published ones, in our own words.

use super::SampleError;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::Event;
use crate::domain::text::Name;
use crate::import::{self, events::SourceFile};

/// Fiscal 2022: a few goals, to compare with.
pub(super) const R4: &str = include_str!("plan-r4.csv");
/// Fiscal 2023: all twelve departments.
pub(super) const R5: &str = include_str!("plan-r5.csv");

/// The requests that set a bundled plan.
pub(super) fn events(
    table: &str,
    name: &str,
    directory: &Directory,
) -> Result<Vec<Vec<Event>>, SampleError> {
    let plan = import::read(table.as_bytes(), None)?;
    let file = SourceFile::new(Name::parse(name)?, table.as_bytes());
    let missing = || SampleError::Bundle("the ledger has no first event".to_owned());
    let ledger = directory.ledger().ok_or_else(missing)?.ledger;
    let registered = |code: &_| match directory.named(code) {
        Some(Named::Unit(unit)) => Some(unit),
        _ => None,
    };
    let events = import::events::events(&plan, &file, ledger, registered).map_err(|obstacles| {
        let first = obstacles
            .first()
            .map(|o| format!("{}: {}", o.code, o.message));
        SampleError::Bundle(first.unwrap_or_default())
    })?;
    Ok(import::events::batches(events))
}
