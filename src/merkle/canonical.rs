//! The spellings that all formats here share. Each value has exactly one, so that what was parsed
//! prints as the same bytes and no two texts can be signed or compared for one meaning.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Reads an unsigned decimal number: ASCII digits, no sign, no leading zero.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let leading_zero = 1 < text.len() && text.starts_with('0');
    // The standard parser would take a plus sign and leading zeros.
    (digits && !leading_zero)
        .then(|| text.parse().ok())
        .flatten()
}

/// Reads standard, padded base64 (RFC 4648 section 4) without line breaks or unused bits.
pub(super) fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Prints standard, padded base64.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The text that the bytes are; otherwise the line, from 1, that is not UTF-8.
pub(super) fn utf8(bytes: &[u8]) -> Result<&str, usize> {
    str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        1 + valid.iter().filter(|byte| **byte == b'\n').count()
    })
}

/// The lines of a text in which each line, the last one too, ends with LF.
#[derive(Clone, Debug)]
pub(super) struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            number: 0,
        }
    }

    /// The next line without its LF. `None` at the end, and where an end of line is missing.
    pub(super) fn next(&mut self) -> Option<&'a str> {
        let (line, rest) = self.rest.split_once('\n')?;
        self.rest = rest;
        self.number += 1;
        Some(line)
    }

    /// The number of the line that was read last, from 1.
    pub(super) const fn number(&self) -> usize {
        self.number
    }

    /// What no line was read of yet.
    pub(super) const fn rest(&self) -> &'a str {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_has_one_spelling() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for text in [
            "",
            "00",
            "08",
            "+8",
            "-0",
            "0x8",
            " 8",
            "8 ",
            "\u{ff18}",
            "18446744073709551616",
        ] {
            assert_eq!(decimal(text), None, "{text:?}");
        }
    }

    #[test]
    fn base64_has_one_spelling() {
        assert_eq!(from_base64("QEFCQw=="), Some(b"@ABC".to_vec()));
        assert_eq!(from_base64(""), Some(Vec::new()));
        // Without padding, with unused bits set, of the other alphabet, with white space.
        for text in ["QEFCQw", "QEFCQx==", "-_v7", "QEFC Qw==", "QEFCQw==\n"] {
            assert_eq!(from_base64(text), None, "{text:?}");
        }
    }
}
