//! Titles for what the source only has texts for.

use super::super::understood::Criterion;
use crate::domain::text::{InvalidText, Name, Title};
use crate::domain::unit::catalogue::unit_by_code;

/// What a text that is cut short ends with.
const CUT: char = '…';

/// A name from a text: on one line, at most as long as a name may be.
pub(super) fn name(text: &str) -> Result<Name, InvalidText> {
    let line: Vec<char> = text
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .chars()
        .collect();
    let cut = if line.len() <= Name::CHARS_MAX {
        line.into_iter().collect::<String>()
    } else {
        line.into_iter()
            .take(Name::CHARS_MAX - 1)
            .chain([CUT])
            .collect()
    };
    Name::parse(&cut)
}

/// The English name, where there is one.
pub(super) fn english(text: Option<&str>) -> Result<Option<Name>, InvalidText> {
    text.filter(|text| !text.trim().is_empty())
        .map(name)
        .transpose()
}

/// A title from a sentence of the source.
///
/// A space between two Japanese characters is a line break of the extract and left out here; the text
/// itself is kept verbatim beside the title.
pub(super) fn title_of_sentence(text: &str, en: Option<&str>) -> Result<Title, InvalidText> {
    let mut joined = String::with_capacity(text.len());
    let mut pending = false;
    for c in text.trim().chars() {
        if c.is_whitespace() {
            pending = true;
            continue;
        }
        if pending && (c.is_ascii() || joined.ends_with(|last: char| last.is_ascii())) {
            joined.push(' ');
        }
        pending = false;
        joined.push(c);
    }
    Ok(Title {
        ja: name(&joined)?,
        en: english(en)?,
    })
}

/// A title from words as they are.
pub(super) fn title(text: &str, en: Option<&str>) -> Result<Title, InvalidText> {
    Ok(Title {
        ja: name(text)?,
        en: english(en)?,
    })
}

/// The titles of one figure of several in Japanese and English: what tells it from the others, its site or
/// what it is counted in, stands behind it. English titles may be given one by one, with ` / ` between.
pub(super) fn titles_of_part(criterion: &Criterion, index: usize) -> (String, Option<String>) {
    let parts = &criterion.proposal.parts;
    let part = &parts[index];
    let alike = parts
        .iter()
        .filter(|other| other.label == part.label)
        .count();
    let mark = part.scope.clone().filter(|scope| scope != "all");
    let mark = mark.or_else(|| part.counter.clone().filter(|_| alike > 1));
    let ja = mark.map_or_else(
        || part.label.clone(),
        |mark| format!("{}（{mark}）", part.label),
    );
    let en = criterion.title_en.as_ref().map(|title| {
        let each: Vec<&str> = title.split(" / ").collect();
        let unit = part.unit.as_deref().and_then(unit_by_code);
        match unit {
            _ if each.len() == parts.len() => each[index].to_owned(),
            Some(unit) => format!("{title} ({})", unit.display_en),
            None => title.clone(),
        }
    });
    (ja, en)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_of_the_extract_are_no_part_of_a_title() {
        let ja = |text| {
            title_of_sentence(text, None)
                .unwrap()
                .ja
                .as_str()
                .to_owned()
        };
        assert_eq!(ja("まちの満足度を高めま す。"), "まちの満足度を高めます。");
        assert_eq!(ja("ICT Web の 活用"), "ICT Web の活用");
    }

    #[test]
    fn a_long_text_is_cut_to_a_title() {
        let long = title_of_sentence(&"長".repeat(300), None).unwrap();
        assert_eq!(long.ja.as_str().chars().count(), Name::CHARS_MAX);
        assert!(long.ja.as_str().ends_with('…'));
    }
}
