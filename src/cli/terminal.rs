//! Text on a terminal: how wide it is, and what must never reach it.
//!
//! Whatever comes from a server was written by somebody. Control characters could move the cursor or
//! recolour the screen, and direction-changing ones could make one name look like another, so both are
//! shown by their code points instead.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::domain::text::{code_point, is_active};

/// Columns that `text` takes: two for a Japanese character, none for a combining one.
pub fn width(text: &str) -> usize {
    text.width()
}

/// Columns that `c` takes.
pub fn char_width(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// `text` on one line: line ends become spaces, whatever acts on a terminal becomes `\u{1b}`.
pub fn line(text: &str) -> String {
    shown(text, false)
}

/// `text` with its line ends kept; whatever else acts on a terminal becomes `\u{1b}`.
pub fn block(text: &str) -> String {
    shown(text, true)
}

fn shown(text: &str, keep_lines: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\n' if keep_lines => shown.push('\n'),
            '\n' | '\t' => shown.push(' '),
            c if is_active(c) => shown.push_str(&code_point(c)),
            c => shown.push(c),
        }
    }
    shown
}

/// Breaks one line into lines of at most `columns`: at spaces and between Japanese characters; inside a word
/// only where it is longer than a line.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = text;
    while width(rest) > columns {
        let (head, tail) = rest.split_at(break_point(rest, columns));
        lines.push(head.trim_end().to_owned());
        rest = tail.trim_start();
    }
    if !rest.is_empty() || lines.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// Where to break `text` so that the first piece takes at most `columns`; always after the first character.
fn break_point(text: &str, columns: usize) -> usize {
    let mut taken = 0;
    let mut between_words = None;
    let mut before = ' ';
    for (index, c) in text.char_indices() {
        let is_edge = c == ' ' || 1 < char_width(c) || 1 < char_width(before);
        if 0 < index && is_edge && char_width(c) != 0 {
            between_words = Some(index);
        }
        taken += char_width(c);
        if columns < taken && 0 < index {
            return between_words.unwrap_or(index);
        }
        before = c;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_by_its_code_point() {
        assert_eq!(line("\u{1b}[31m赤\u{7}"), "\\u{1b}[31m赤\\u{7}");
        assert_eq!(line("a\u{202e}b\u{9b}c"), "a\\u{202e}b\\u{9b}c");
        assert_eq!(line("一\r\n二\t三"), "一 二 三");
        assert_eq!(block("一\n二\r"), "一\n二\\u{d}");
    }

    #[test]
    fn lines_are_as_wide_as_they_look() {
        assert_eq!(width("業務改善"), 8);
        assert_eq!(width("か\u{3099}"), 2);
        assert_eq!(wrap("業務改善の件数", 6), ["業務改", "善の件", "数"]);
        assert_eq!(wrap("業務改善", 5), ["業務", "改善"]);
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(wrap("指標 R5/総務部", 8), ["指標 R5/", "総務部"]);
        assert_eq!(wrap("at least three", 6), ["at", "least", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("漢", 1), ["漢"]);
        assert_eq!(wrap("", 4), [""]);
    }
}
