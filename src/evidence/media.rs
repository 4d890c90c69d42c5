//! Which kinds of files are taken in, and whether a file's content is of the kind that it is said to be.
//!
//! Only what is cheap to see is looked at: the bytes that a format begins with, and that text holds no NUL. It finds
//! slips and files with a wrong ending, and is no protection against a file that is made to deceive.

use std::collections::BTreeSet;

/// Bytes within which a PDF may begin: its readers look as far (ISO 32000-1, annex H).
const HEAD_BYTES: usize = 1_024;

/// The built-in media types, each with the form of its content.
const BUILT_IN: &[(&str, Form)] = &[
    ("application/pdf", Form::Pdf),
    ("application/vnd.oasis.opendocument.presentation", Form::Zip),
    ("application/vnd.oasis.opendocument.spreadsheet", Form::Zip),
    ("application/vnd.oasis.opendocument.text", Form::Zip),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        Form::Zip,
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Form::Zip,
    ),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        Form::Zip,
    ),
    ("application/zip", Form::Zip),
    ("image/jpeg", Form::Jpeg),
    ("image/png", Form::Png),
    ("image/tiff", Form::Tiff),
    ("message/rfc822", Form::Text),
    ("text/csv", Form::Text),
    ("text/plain", Form::Text),
];

/// What content looks like.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// `%PDF-` within the first 1,024 bytes.
    Pdf,
    /// The eight bytes of PNG.
    Png,
    /// `FF D8 FF`.
    Jpeg,
    /// `II` or `MM`, and 42 or 43 in that byte order.
    Tiff,
    /// A local file header of ZIP. Office files are ZIP archives.
    Zip,
    /// No NUL anywhere. So text in UTF-16 is refused: most of its programs write NULs.
    Text,
    /// Nothing is known of it.
    Any,
}

/// The media types that are taken in: the built-in ones and those that a setting adds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MediaTypes {
    added: BTreeSet<String>,
}

impl MediaTypes {
    /// The built-in ones and `added`, whose content is not looked at.
    pub fn with(added: impl IntoIterator<Item = String>) -> Self {
        let added = added.into_iter().map(|name| name.to_ascii_lowercase());
        Self {
            added: added.collect(),
        }
    }

    /// What content of `media_type` has to look like; `None`: it is not taken in. Parameters (`; charset=…`) say nothing
    /// here.
    pub fn form(&self, media_type: &str) -> Option<Form> {
        let essence = media_type.split(';').next().unwrap_or_default();
        let essence = essence.trim().to_ascii_lowercase();
        let built_in = BUILT_IN.iter().find(|(name, _)| *name == essence);
        built_in
            .map(|(_, form)| *form)
            .or_else(|| self.added.contains(&essence).then_some(Form::Any))
    }

    /// Their names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let built_in = BUILT_IN.iter().map(|(name, _)| *name);
        built_in.chain(self.added.iter().map(String::as_str))
    }
}

/// Looks at content as it comes by.
#[derive(Clone, Debug)]
pub(super) struct Look {
    form: Form,
    head: Vec<u8>,
    has_nul: bool,
}

impl Look {
    pub(super) fn new(form: Form) -> Self {
        Self {
            form,
            head: Vec::new(),
            has_nul: false,
        }
    }

    pub(super) fn see(&mut self, bytes: &[u8]) {
        let room = HEAD_BYTES - self.head.len();
        self.head.extend(bytes.iter().take(room));
        self.has_nul |= self.form == Form::Text && bytes.contains(&0);
    }

    /// Whether what came by is of the form.
    pub(super) fn fits(&self) -> bool {
        let begins = |with: &[u8]| self.head.starts_with(with);
        match self.form {
            Form::Pdf => self.head.windows(5).any(|bytes| bytes == b"%PDF-"),
            Form::Png => begins(b"\x89PNG\r\n\x1a\n"),
            Form::Jpeg => begins(b"\xff\xd8\xff"),
            Form::Tiff => {
                let orders: [&[u8]; 4] = [b"II\x2a\0", b"II\x2b\0", b"MM\0\x2a", b"MM\0\x2b"];
                orders.into_iter().any(begins)
            }
            Form::Zip => begins(b"PK\x03\x04"),
            Form::Text => !self.has_nul,
            Form::Any => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(media_type: &str, content: &[u8]) -> bool {
        let mut look = Look::new(MediaTypes::default().form(media_type).unwrap());
        // Wherever a piece ends.
        for piece in content.chunks(3) {
            look.see(piece);
        }
        look.fits()
    }

    #[test]
    fn content_has_to_look_like_its_media_type() {
        let long = [vec![b'a'; 2_000], vec![0]].concat();
        let late = [vec![b' '; 1_019], b"%PDF-1.7".to_vec()].concat();
        let too_late = [vec![b' '; 1_020], b"%PDF-1.7".to_vec()].concat();
        for (media_type, content, expected) in [
            ("application/pdf", &b"%PDF-1.7\n"[..], true),
            ("application/pdf", &late, true),
            ("application/pdf", &too_late, false),
            ("application/pdf", b"PK\x03\x04", false),
            ("image/png", b"\x89PNG\r\n\x1a\n...", true),
            ("image/png", b"\x89PNG\n\x1a\n...", false),
            ("image/jpeg", b"\xff\xd8\xff\xe0", true),
            ("image/jpeg", b"\xff\xd8", false),
            ("image/tiff", b"II*\0", true),
            ("image/tiff", b"MM\0*", true),
            ("image/tiff", b"II\0*", false),
            ("application/zip", b"PK\x03\x04\x14", true),
            ("application/zip", b"PK\x05\x06", false),
            ("text/csv", "部,課\r\n".as_bytes(), true),
            ("text/plain; charset=Shift_JIS", b"\x95\x94", true),
            ("text/plain", &long, false),
            ("Text/Plain", b"", true),
        ] {
            assert_eq!(
                fits(media_type, content),
                expected,
                "{media_type} {content:?}"
            );
        }
    }

    #[test]
    fn only_listed_media_types_are_taken() {
        let types = MediaTypes::default();
        for refused in [
            "",
            "text/html",
            "application/octet-stream",
            "image/svg+xml",
            "pdf",
        ] {
            assert_eq!(types.form(refused), None, "{refused}");
        }
        let types = MediaTypes::with(["Image/HEIC".to_owned()]);
        assert_eq!(types.form("image/heic"), Some(Form::Any));
        assert_eq!(types.names().last(), Some("image/heic"));
    }
}
