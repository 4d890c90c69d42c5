//! From bytes to text, and from text to what is compared: the source itself is never changed.

use encoding_rs::SHIFT_JIS;
use unicode_normalization::UnicodeNormalization;

/// Largest file that is read. The published plan has 48 kB; a workbook saved as CSV a few hundred.
pub const BYTES_MAX: usize = 16 * 1024 * 1024;

/// How a file was encoded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 with a byte order mark.
    Utf8WithBom,
    /// UTF-16 with a byte order mark.
    Utf16,
    /// CP932, the Shift_JIS of Windows.
    Cp932,
}

/// The bytes are not text that an import can read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NotText {
    /// Larger than [`BYTES_MAX`].
    #[error("larger than {BYTES_MAX} bytes")]
    TooLarge,
    /// A workbook or another ZIP file.
    #[error("a workbook, not a text file")]
    Workbook,
    /// Neither UTF-8 nor UTF-16 with a byte order mark nor CP932.
    #[error("neither UTF-8 nor CP932: the first byte that is not UTF-8 is at offset {offset}")]
    UnknownEncoding {
        /// Where UTF-8 broke off.
        offset: usize,
    },
    /// A control character that no text file has.
    #[error("not a text file: a control character in line {line}")]
    Binary {
        /// Line from 1.
        line: usize,
    },
}

/// Decodes a file: UTF-8 with or without byte order mark, UTF-16 with one, or else CP932.
pub fn decode(bytes: &[u8]) -> Result<(String, Encoding), NotText> {
    if BYTES_MAX < bytes.len() {
        return Err(NotText::TooLarge);
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Err(NotText::Workbook);
    }
    let (text, encoding) = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => {
            let kind = if encoding == encoding_rs::UTF_8 {
                Encoding::Utf8WithBom
            } else {
                Encoding::Utf16
            };
            let (text, broken) = encoding.decode_with_bom_removal(bytes);
            if broken {
                return Err(NotText::UnknownEncoding { offset: 0 });
            }
            (text.into_owned(), kind)
        }
        None => match std::str::from_utf8(bytes) {
            Ok(text) => (text.to_owned(), Encoding::Utf8),
            Err(error) => {
                match SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes) {
                    Some(text) => (text.into_owned(), Encoding::Cp932),
                    None => {
                        return Err(NotText::UnknownEncoding {
                            offset: error.valid_up_to(),
                        });
                    }
                }
            }
        },
    };
    let control =
        |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{0C}' | '\u{0B}');
    match text.lines().position(|line| line.contains(control)) {
        Some(index) => Err(NotText::Binary { line: index + 1 }),
        None => Ok((text, encoding)),
    }
}

/// Characters that one word is written with, now this way, now that.
const VARIANTS: [(char, char); 4] = [('污', '汚'), ('髙', '高'), ('﨑', '崎'), ('ヶ', 'ケ')];

/// Whether a character is a circled number, which NFKC would turn into a plain one.
fn is_circled(c: char) -> bool {
    circled(c).is_some()
}

/// The value of a circled number, `①` to `㊿`.
pub(super) fn circled(c: char) -> Option<u32> {
    let code = u32::from(c);
    match code {
        0x2460..=0x2473 => Some(code - 0x245F),
        0x3251..=0x325F => Some(code - 0x3251 + 21),
        0x32B1..=0x32BF => Some(code - 0x32B1 + 36),
        _ => None,
    }
}

/// A text folded for comparison, with the way back to the source.
///
/// NFKC but for circled numbers, and one form for variant characters. White space of any kind is a space.
#[derive(Clone, Debug)]
pub(super) struct Folded<'a> {
    source: &'a str,
    chars: Vec<char>,
    /// Offset in `source` of the character that each folded character came from.
    origins: Vec<usize>,
}

impl<'a> Folded<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        let (mut chars, mut origins) = (Vec::new(), Vec::new());
        let mut rest = source.char_indices().peekable();
        while let Some((offset, c)) = rest.next() {
            // A half width voiced mark belongs to the character before it.
            let mark = rest.next_if(|(_, next)| matches!(next, 'ﾞ' | 'ﾟ' | '\u{3099}' | '\u{309A}'));
            let mut push = |c: char| {
                chars.push(if c.is_whitespace() { ' ' } else { variant(c) });
                origins.push(offset);
            };
            if is_circled(c) {
                push(c);
            } else {
                std::iter::once(c)
                    .chain(mark.map(|(_, mark)| mark))
                    .nfkc()
                    .for_each(push);
            }
        }
        Self {
            source,
            chars,
            origins,
        }
    }

    pub(super) fn chars(&self) -> &[char] {
        &self.chars
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// The folded characters from `start` to before `end`, as a text.
    pub(super) fn text(&self, start: usize, end: usize) -> String {
        self.chars[start..end].iter().collect()
    }

    /// The source of the folded characters from `start` to before `end`, without space around it.
    pub(super) fn verbatim(&self, start: usize, end: usize) -> &'a str {
        let offset = |index: usize| {
            self.origins
                .get(index)
                .copied()
                .unwrap_or(self.source.len())
        };
        if start < end {
            self.source[offset(start)..offset(end)].trim()
        } else {
            ""
        }
    }

    /// Whether `pattern` stands at `index`.
    pub(super) fn is_at(&self, index: usize, pattern: &str) -> bool {
        let mut rest = self.chars[index.min(self.len())..].iter();
        pattern.chars().all(|c| rest.next() == Some(&c))
    }

    /// Whether `pattern` ends before `index`.
    pub(super) fn is_before(&self, index: usize, pattern: &str) -> bool {
        let length = pattern.chars().count();
        length <= index && self.is_at(index - length, pattern)
    }

    /// The first index at or after `index` that is no space.
    pub(super) fn skip_spaces(&self, index: usize) -> usize {
        (index..self.len())
            .find(|i| self.chars[*i] != ' ')
            .unwrap_or(self.len())
    }
}

fn variant(c: char) -> char {
    VARIANTS
        .iter()
        .find(|(from, _)| *from == c)
        .map_or(c, |(_, to)| *to)
}

/// A text folded and without any white space: what names and headings are compared by.
pub(super) fn key(text: &str) -> String {
    Folded::new(text)
        .chars
        .into_iter()
        .filter(|c| *c != ' ')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_encoding_is_read() {
        let text = "部,柱\n企画部,①";
        assert_eq!(
            decode(text.as_bytes()),
            Ok((text.to_owned(), Encoding::Utf8))
        );
        let with_bom = [b"\xEF\xBB\xBF", text.as_bytes()].concat();
        assert_eq!(
            decode(&with_bom),
            Ok((text.to_owned(), Encoding::Utf8WithBom))
        );
        let (cp932, ..) = SHIFT_JIS.encode(text);
        assert_eq!(decode(&cp932), Ok((text.to_owned(), Encoding::Cp932)));
        let utf16: Vec<u8> = "\u{FEFF}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(decode(&utf16), Ok((text.to_owned(), Encoding::Utf16)));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(decode(b"PK\x03\x04rest"), Err(NotText::Workbook));
        assert_eq!(decode(b"ab\n\x00"), Err(NotText::Binary { line: 2 }));
        assert_eq!(
            decode(b"ab\xFF\xFF"),
            Err(NotText::UnknownEncoding { offset: 2 })
        );
    }

    #[test]
    fn folding_keeps_the_way_back() {
        let folded = Folded::new("①　ﾊﾟﾝ　７，９４５㎞");
        assert_eq!(folded.text(0, folded.len()), "① パン 7,945km");
        let comma = folded.chars().iter().position(|c| *c == ',').unwrap();
        assert_eq!(folded.verbatim(comma - 1, comma + 2), "７，９");
        assert_eq!(folded.verbatim(2, 4), "ﾊﾟﾝ");
        assert_eq!(folded.verbatim(comma, folded.len()), "，９４５㎞");
    }

    #[test]
    fn circled_numbers_are_numbers() {
        assert_eq!(circled('①'), Some(1));
        assert_eq!(circled('⑳'), Some(20));
        assert_eq!(circled('㉑'), Some(21));
        assert_eq!(circled('㊿'), Some(50));
        assert_eq!(circled('1'), None);
    }
}
