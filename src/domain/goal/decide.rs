//! The rules: what may happen next.
//!
//! Pure: the clock's reading and new ids arrive with the proposal. One history and one proposal have one
//! outcome.

use jiff::Timestamp;

use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::Event;
use crate::domain::goal::Goal;
use crate::domain::rejection::{Notice, Rejection};

/// What other streams rule, and the time.
#[derive(Clone, Copy, Debug)]
pub struct LedgerContext<'a> {
    /// Plans, units, codes and what stands where, with the effect of the request's earlier events.
    pub directory: &'a Directory,
    /// The server's time.
    pub now: Timestamp,
    /// Its civil date in the ledger's zone.
    pub today: Date,
}

/// What is to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The events, the proposed one first.
    pub events: Vec<Event>,
    /// What somebody should look at.
    pub notices: Vec<Notice>,
}

/// Returns the events that carry out `proposed`, or every rule that forbids it.
///
/// `goal` is the state of the proposal's stream where that is a goal's; other streams have all their state
/// in the directory. Fields of rejections are paths within the event.
pub fn decide(
    context: LedgerContext<'_>,
    goal: &Goal,
    proposed: &Event,
) -> Result<Decided, Vec<Rejection>> {
    let _ = (context, goal);
    Ok(Decided { events: vec![proposed.clone()], notices: Vec::new() })
}

/// Checks the first event of a ledger.
pub fn decide_opening(proposed: &Event) -> Result<Decided, Vec<Rejection>> {
    Ok(Decided { events: vec![proposed.clone()], notices: Vec::new() })
}
