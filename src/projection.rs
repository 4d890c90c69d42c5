//! Answers: what the events come to. Functions of a ledger's committed events up to a head, rebuilt at
//! will; nothing here is stored, and nothing knows a wire format.

pub mod change;
pub mod describe;
pub mod evaluation;
pub mod explain;
pub mod flags;
pub mod goal_card;
pub mod goal_diff;
pub mod listing;
pub mod measured;
pub mod organisation;
pub mod overview;
pub mod reporting;
pub mod sample;
pub mod search;
pub mod target_history;
pub mod trail;
pub mod wording;
