//! Files that every bundle holds as they are in this program.

/// Path and text of each.
pub(super) const FILES: &[(&str, &str)] = &[];
