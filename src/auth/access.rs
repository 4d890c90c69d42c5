//! What a seat may do: policies in Cedar, asked about every request of a ledger that has access control.
//!
//! ```text
//! Facts       what is done to what, looked up in the directory        facts
//! Question    with who asks in which seat: all that an answer hangs on  question
//! Authorizer  the policies' answer, remembered; Grounds or Denied      authorizer
//! ```
//! A ledger has access control once an access policy is in force there, or where the server requires it of all. What
//! nothing permits is refused, and so is what a policy cannot answer without an error.

pub use action::{Action, Group, On};
pub use authorizer::{Authorizer, Cause, Denied, Grounds, Holding, InForce};
pub use caller::{
    Acting, BEHALF_METADATA, BEHALF_METADATA_BINARY, Caller, PURPOSE_METADATA_BINARY,
    SEAT_METADATA, SEAT_METADATA_BINARY, Standing, seats_of,
};
pub use facts::{
    Circumstances, Closing, Facts, GoalFacts, PlanFacts, Resource, facts_of, goal_of,
    goal_of_finding, on_ledger, person_of, reading_goal, reading_goals, reading_plan, reading_set,
    subject_facts,
};
pub use policy_set::{BUILT_IN, CompiledPolicies, PolicyFault, SCHEMA};
pub use question::role_code;
pub use table::{Extent, TABLE_ROLES, permitted, table};

mod action;
mod authorizer;
mod caller;
mod facts;
mod policy_set;
mod policy_text;
mod question;
mod table;

#[cfg(test)]
mod tests;
