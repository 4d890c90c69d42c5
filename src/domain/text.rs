//! Words that people write: names and free text.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::domain::code::Code;

/// What a code point begins with where it stands for its character, and how long it is at most.
const ESCAPE: &str = "\\u{";
const ESCAPE_BYTES_MAX: usize = "\\u{e007f}".len();

/// The text cannot be used as a name or as free text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidText {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// More characters than allowed.
    #[error("longer than {max} characters")]
    TooLong {
        /// How many are allowed.
        max: usize,
    },
    /// A control or a direction-changing character in a name.
    #[error("contains a control or direction-changing character")]
    ControlCharacter,
}

/// Characters that reorder or hide what stands beside them, and so could make two names look alike.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// Whether `c` could act on what shows it or deceive who reads it: a control character, line ends included, one that
/// changes the direction of writing, or one that nobody sees. Variants of characters (U+FE00 to U+FE0F, U+E0100 to U+E01EF) are
/// none of these: Japanese names need them.
pub fn is_active(c: char) -> bool {
    deceives(c)
        || matches!(
            c,
            '\u{00AD}'
                | '\u{034F}'
                | '\u{061C}'
                | '\u{115F}'
                | '\u{1160}'
                | '\u{17B4}'
                | '\u{17B5}'
                | '\u{180E}'
                | '\u{2028}'
                | '\u{2029}'
                | '\u{206A}'..='\u{206F}'
                | '\u{3164}'
                | '\u{FFA0}'
                | '\u{FFF9}'..='\u{FFFB}'
                | '\u{E0000}'..='\u{E007F}'
        )
}

/// Whether `c` stands as its code point in a file that people read: line ends and tabs stay.
fn is_spelled_out(c: char) -> bool {
    is_active(c) && !matches!(c, '\n' | '\r' | '\t')
}

/// What stands for a character that must not act: its code point, as in `\u{202e}`.
pub fn code_point(c: char) -> String {
    format!("\\u{{{:x}}}", u32::from(c))
}

/// `text` with what nobody sees, and what turns the direction of writing round, as code points, so that
/// [`verbatim`] gives `text` back. Line ends and tabs stay.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_spelled_out) && !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        if is_spelled_out(c) || text[at..].starts_with(ESCAPE) {
            shown.push_str(&code_point(c));
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// What [`visible`] was made of.
pub fn verbatim(text: &str) -> Cow<'_, str> {
    if !text.contains(ESCAPE) {
        return Cow::Borrowed(text);
    }
    let mut was = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(ESCAPE) {
        was.push_str(&rest[..at]);
        rest = &rest[at..];
        let mut near = rest.bytes().take(ESCAPE_BYTES_MAX);
        let named = near.position(|byte| byte == b'}').and_then(|end| {
            let number = u32::from_str_radix(&rest[ESCAPE.len()..end], 16).ok()?;
            let c = char::from_u32(number)?;
            let ours = (is_spelled_out(c) || c == '\\') && rest[..=end] == code_point(c);
            ours.then_some((c, end + 1))
        });
        let (c, taken) = named.unwrap_or(('\\', 1));
        was.push(c);
        rest = &rest[taken..];
    }
    was.push_str(rest);
    Cow::Owned(was)
}

/// A name or title on one line: 1 to 200 characters, no control characters, no space at the ends. Copies share the text.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Name(Arc<str>);

impl Name {
    /// Characters at most.
    pub const CHARS_MAX: usize = 200;

    /// Takes `text` without the white space around it.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        match text.trim() {
            "" => Err(InvalidText::Empty),
            name if name.contains(deceives) => Err(InvalidText::ControlCharacter),
            name if Self::CHARS_MAX < name.chars().count() => Err(InvalidText::TooLong {
                max: Self::CHARS_MAX,
            }),
            name => Ok(Self(name.into())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A code is fit to be a name.
impl From<&Code> for Name {
    fn from(code: &Code) -> Self {
        Self(code.0.clone())
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Free text as it was written: 1 to 4,000 characters of any kind, kept verbatim. Copies share it.
///
/// Text that looks like a formula or holds control characters is accepted as it is; whoever shows or
/// exports it neutralises it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Text(Arc<str>);

impl Text {
    /// Characters at most.
    pub const CHARS_MAX: usize = 4_000;

    /// Takes `text` verbatim.
    pub fn parse(text: &str) -> Result<Self, InvalidText> {
        if text.trim().is_empty() {
            return Err(InvalidText::Empty);
        }
        if Self::CHARS_MAX < text.chars().count() {
            return Err(InvalidText::TooLong {
                max: Self::CHARS_MAX,
            });
        }
        Ok(Self(text.into()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A language of the product.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Language {
    /// Japanese.
    #[default]
    Ja,
    /// English.
    En,
}

/// A name in Japanese and, where somebody wrote one, in English. Nothing is translated by machine.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Title {
    /// Japanese.
    pub ja: Name,
    /// English.
    pub en: Option<Name>,
}

impl Title {
    /// The name in `language`, or in Japanese where there is no other.
    pub fn in_language(&self, language: Language) -> &str {
        match (language, &self.en) {
            (Language::En, Some(en)) => en.as_str(),
            _ => self.ja.as_str(),
        }
    }
}

/// What the values of enumerations are called: `Enum { Variant => "日本語", "English"; }`.
macro_rules! labels {
    ($($name:ident { $($variant:ident => $ja:literal, $en:literal;)* })*) => {$(
        impl $name {
            /// What it is called.
            pub fn label(self, language: $crate::domain::text::Language) -> &'static str {
                use $crate::domain::text::Language;
                match (self, language) {
                    $((Self::$variant, Language::Ja) => $ja, (Self::$variant, Language::En) => $en,)*
                }
            }
        }
    )*};
}
pub(crate) use labels;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_nobody_sees_is_shown_and_can_be_had_back() {
        for (text, shown) in [
            ("前\u{202E}後", "前\\u{202e}後"),
            ("a\u{200B}b\u{2066}", "a\\u{200b}b\\u{2066}"),
            ("\\u{202e}", "\\u{5c}u{202e}"),
            ("一行\n二行\t", "一行\n二行\t"),
            ("C:\\users", "C:\\users"),
            ("\u{1b}\u{ad}\u{e0041}", "\\u{1b}\\u{ad}\\u{e0041}"),
            ("葛\u{e0100}", "葛\u{e0100}"),
        ] {
            assert_eq!(visible(text), shown);
            assert_eq!(verbatim(shown), text);
        }
        for text in [
            "\\u{41}",
            "\\u{202E}",
            "\\u{0202e}",
            "\\u{a}",
            "\\u{}",
            "\\u{",
            "\\u{\\u{",
            "\\u{110000}",
            "\\u{前}",
        ] {
            assert_eq!(verbatim(text), text, "written by nobody here");
        }
    }

    proptest! {
        #[test]
        fn nothing_is_hidden_in_what_is_visible(text in prop_oneof![r"[\\u{}0-9a-f\u{202E}\n前]{0,12}", any::<String>()]) {
            let shown = visible(&text);
            prop_assert!(!shown.contains(is_spelled_out));
            prop_assert!(verbatim(&shown) == text);
        }
    }
}
