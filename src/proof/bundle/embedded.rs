//! Files that every bundle holds as they are in this program.

/// Path and text of each, such as `("README.txt", include_str!("README.txt"))`.
pub(super) const FILES: &[(&str, &str)] = &[];
