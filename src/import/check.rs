//! The value beside what a file must not lose, which shows that somebody or something changed it.

use sha2::{Digest as _, Sha256};

/// Bytes of a digest that a check value shows: enough against a slip, not against intent. The ledger judges what a file
/// brings for itself.
const CHECK_BYTES: usize = 8;

/// The check value of a row: of all that it must not lose, in order.
pub fn check(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_string());
        hasher.update(":");
        hasher.update(part);
    }
    let digest = hasher.finalize();
    // A letter in front: a spreadsheet would take 16 digits, or `1e10`, for a number.
    format!("c{}", hex::encode(&digest[..CHECK_BYTES]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_value_is_of_each_part_and_where_it_ends() {
        assert_eq!(check(&["a", "b"]).len(), 17);
        assert_ne!(check(&["a", "b"]), check(&["ab", ""]));
        assert_ne!(check(&["a", "b"]), check(&["a", "c"]));
    }
}
