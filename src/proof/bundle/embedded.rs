//! Files that every bundle holds as they are in this program: what to do with it, and a program that does
//! it and shares no code with this one.

/// Path and text of each.
pub(super) const FILES: &[(&str, &str)] = &[
    ("README.ja.txt", include_str!("README.ja.txt")),
    ("README.txt", include_str!("README.txt")),
    ("verify.py", include_str!("verify.py")),
];
