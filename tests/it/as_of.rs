//! Two clocks on every read: what a ledger answers for a day, by what was known at a point of its record.
//!
//! ```text
//! view   what stood where at a size
//! ```

mod view;
