//! A folder of access tokens: a file for each of those who sign in, under their name.
//!
//! Whoever writes the tokens and whoever picks one agree here on what a file is called. A name never leads out of the
//! folder, and on a file system that tells cases apart no two names share a file, nor one the draft of another's. A file of
//! its own tells who holds which seat.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

use crate::durable::DRAFT;

/// Tokens of one folder that are written, and listed, at most.
pub const TOKENS_MAX: usize = 1_000;
/// The file that tells who can be picked by which seat: [`Seats`] in JSON. No token is called so.
pub const SEATS: &str = ".seats.json";
/// Bytes of it at most: 1,000 people with 32 seats each, at 500 bytes a seat.
pub const SEATS_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// Bytes of a file's name at most. With what stands behind it while it is written, any file system takes that.
const NAME_BYTES_MAX: usize = 240;
/// What means something to a file system or a shell, and the mark of what is written in hexadecimal.
const SPECIAL: &str = "/\\:*?\"<>|%";
/// What hides a file, looks like an option or gets lost, at one of the ends of a name.
const SPECIAL_AT_ENDS: &str = ".-~ ";

/// Codes of seats, each with as whom its holders sign in.
pub type Seats = BTreeMap<String, Vec<String>>;

/// What the file with the token of whoever signs in as `subject` is called; `None` where no file can bear the name.
pub fn file_name(subject: &str) -> Option<String> {
    let subject: Vec<char> = subject.nfc().collect();
    let last = subject.len().checked_sub(1)?;
    let draft: Vec<char> = DRAFT.chars().collect();
    // Where a name would end as drafts do, its first character there is written in hexadecimal.
    let draft_at = subject
        .ends_with(&draft)
        .then(|| subject.len() - draft.len());
    let mut name = String::new();
    let mut is_special = false;
    for (at, c) in subject.into_iter().enumerate() {
        let is_at_end = at == 0 || at == last;
        // A mark would become one character with the digit before it.
        is_special = (is_special && is_combining_mark(c))
            || c.is_control()
            || SPECIAL.contains(c)
            || draft_at == Some(at)
            || (is_at_end && (SPECIAL_AT_ENDS.contains(c) || c.is_whitespace()));
        if is_special {
            let mut bytes = [0; 4];
            for byte in c.encode_utf8(&mut bytes).bytes() {
                name.push_str(&format!("%{byte:02X}"));
            }
        } else {
            name.push(c);
        }
    }
    (name.len() <= NAME_BYTES_MAX).then_some(name)
}

/// Whose token the file `name` holds; `None` where [`file_name`] gives no file such a name.
pub fn subject(name: &str) -> Option<String> {
    // Some file systems decompose what they are given.
    let name: String = name.nfc().collect();
    let mut pieces = name.split('%');
    let mut bytes = pieces.next()?.as_bytes().to_vec();
    for piece in pieces {
        let (digits, rest) = piece.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    let subject = String::from_utf8(bytes).ok()?;
    (file_name(&subject)? == name).then_some(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_leads_out_of_the_folder() {
        for (subject, expected) in [
            ("長寿課長", "長寿課長"),
            ("総務文書課 入力担当", "総務文書課 入力担当"),
            ("s-4711@city.example", "s-4711@city.example"),
            ("..", "%2E%2E"),
            ("../../etc/passwd", "%2E.%2F..%2Fetc%2Fpasswd"),
            ("a\\b:c", "a%5Cb%3Ac"),
            ("-rf", "%2Drf"),
            (" a ", "%20a%20"),
            ("a\u{3000}", "a%E3%80%80"),
            ("%2E", "%252E"),
            ("a\nb", "a%0Ab"),
            (".new", "%2Enew"),
            ("a.new", "a%2Enew"),
            ("a.new.new", "a.new%2Enew"),
            ("a.news", "a.news"),
        ] {
            assert_eq!(file_name(subject).as_deref(), Some(expected), "{subject}");
        }
        assert_eq!(file_name(""), None);
        assert_eq!(
            file_name(&"課".repeat(80)).map(|name| name.len()),
            Some(240)
        );
        assert_eq!(file_name(&"課".repeat(81)), None);
    }

    #[test]
    fn a_file_has_one_owner_and_an_owner_one_file() {
        for subject_of in [
            "長寿課長",
            "総務文書課 入力担当",
            "../a",
            "%",
            ".",
            "a%2Fb",
            "~",
            "a",
            "a.new",
            "a:\u{30c}",
            ":\u{337}\u{30c}x\u{337}",
        ] {
            let name = file_name(subject_of).unwrap();
            assert_eq!(subject(&name).as_deref(), Some(subject_of), "{name}");
            // What a file is called while it is written is nobody's.
            assert_eq!(subject(&format!("{name}{DRAFT}")), None, "{name}");
        }
        // Composed and decomposed spellings are one name, as they are to the server.
        assert_eq!(file_name("カ\u{3099}"), file_name("ガ"));
        assert_eq!(subject("カ\u{3099}").as_deref(), Some("ガ"));
        for nobodys in [
            "", ".", "..", SEATS, ".hidden", "-a", "a%", "a%2", "a%2f", "%41", "%zz", "a%FF", "%é",
            "a/b",
        ] {
            assert_eq!(subject(nobodys), None, "{nobodys}");
        }
    }
}
