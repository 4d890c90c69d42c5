//! One cell of a table: its markup, and the items that it holds.

use super::criterion::ends_with_target;
use super::text::{Folded, circled};

/// A piece of a cell that the source sets apart: a paragraph, a list, or all of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Block {
    pub(super) text: String,
    /// Whether the markup says that this is one item of a list.
    pub(super) is_item: bool,
}

/// Tags that the published table has, and the few more that such extracts have elsewhere.
const TAGS: [&str; 9] = ["p", "ul", "ol", "li", "br", "div", "span", "b", "strong"];

/// Marks that begin an item of a list, after folding.
const BULLETS: [char; 7] = ['・', '●', '○', '■', '□', '◆', '•'];

/// Names of organisational units end with one of these.
const UNIT_ENDINGS: [&str; 13] = [
    "課",
    "室",
    "所",
    "館",
    "局",
    "園",
    "署",
    "部",
    "係",
    "センター",
    "担当",
    "課等",
    "校",
];

/// Takes the tags out of a cell and returns what they set apart.
pub(super) fn blocks(cell: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut current = Block {
        text: String::new(),
        is_item: false,
    };
    let mut rest = cell;
    while let Some(start) = rest.find('<') {
        let (before, from) = rest.split_at(start);
        current.text.push_str(before);
        match tag(from) {
            Some((name, closing, length)) => {
                if matches!(name, "p" | "div" | "li" | "br" | "ul" | "ol") {
                    let is_item = name == "li" && !closing;
                    blocks.push(std::mem::replace(
                        &mut current,
                        Block {
                            text: String::new(),
                            is_item,
                        },
                    ));
                }
                rest = &from[length..];
            }
            // Not a tag of ours: a character like any other.
            None => {
                current.text.push('<');
                rest = &from[1..];
            }
        }
    }
    current.text.push_str(rest);
    blocks.push(current);
    for block in &mut blocks {
        block.text = unescape(block.text.trim());
    }
    blocks.retain(|block| !block.text.is_empty());
    blocks
}

/// The name of the tag that `text` begins with, whether it closes, and its length in bytes.
fn tag(text: &str) -> Option<(&'static str, bool, usize)> {
    let end = text.find('>')?;
    let inner = text[1..end].trim();
    let closing = inner.starts_with('/');
    let word = inner
        .trim_start_matches('/')
        .split([' ', '/', '\t'])
        .next()
        .unwrap_or_default();
    let name = TAGS
        .into_iter()
        .find(|tag| tag.eq_ignore_ascii_case(word))?;
    Some((name, closing, end + 1))
}

fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    [
        ("&nbsp;", " "),
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&amp;", "&"),
    ]
    .into_iter()
    .fold(text.to_owned(), |text, (entity, plain)| {
        text.replace(entity, plain)
    })
}

/// The whole text of a cell without its tags.
pub(super) fn plain(cell: &str) -> String {
    blocks(cell)
        .into_iter()
        .map(|block| block.text)
        .collect::<Vec<_>>()
        .join(" ")
}

/// An initiative as its cell has it: the circled number, if any, and the text after it.
pub(super) type NumberedText = (Option<u32>, String);

/// Splits a cell into its initiatives: at circled numbers that begin a piece and go on counting.
///
/// A circled number within a sentence, or one that does not follow the one before, belongs to the text.
pub(super) fn initiatives(cell: &str) -> Vec<NumberedText> {
    let mut found: Vec<NumberedText> = Vec::new();
    for block in blocks(cell) {
        let mut at_start = true;
        let mut begin = 0;
        let mut number = None;
        let mut any = false;
        for (offset, c) in block.text.char_indices() {
            let last = number.or_else(|| found.iter().rev().find_map(|(number, _)| *number));
            if let Some(next) = circled(c)
                && at_start
                && last.is_none_or(|last| next == last + 1)
            {
                push_initiative(&mut found, number, any, &block.text[begin..offset]);
                begin = offset + c.len_utf8();
                (number, any) = (Some(next), true);
            }
            at_start = c.is_whitespace() || matches!(c, '。' | '．');
        }
        push_initiative(&mut found, number, any, &block.text[begin..]);
    }
    found
}

/// Adds a piece; one without a number goes on with the initiative before it, if there is one.
fn push_initiative(found: &mut Vec<NumberedText>, number: Option<u32>, numbered: bool, text: &str) {
    let text = text.trim();
    match found.last_mut() {
        _ if text.is_empty() && !numbered => {}
        Some((_, last)) if number.is_none() => {
            last.push(' ');
            last.push_str(text);
        }
        _ => found.push((number, text.to_owned())),
    }
}

/// The circled number of an initiative, or nothing where there is none: the next number is then given.
pub(super) fn numbered(number: u32) -> String {
    let code = match number {
        1..=20 => 0x245F + number,
        21..=35 => 0x3251 + number - 21,
        36..=50 => 0x32B1 + number - 36,
        _ => return String::new(),
    };
    char::from_u32(code).map(String::from).unwrap_or_default()
}

/// The names of sections in a cell, one list for each block of it.
pub(super) fn sections(cell: &str) -> Vec<Vec<String>> {
    let is_whole = |name: &str| UNIT_ENDINGS.iter().any(|ending| name.ends_with(ending));
    blocks(cell)
        .into_iter()
        .map(|block| {
            let mut names: Vec<String> = Vec::new();
            let separators =
                |c: char| c.is_whitespace() || matches!(c, '、' | '，' | ',' | '；' | ';' | '／');
            for word in block.text.split(separators).filter(|word| !word.is_empty()) {
                match names.last_mut() {
                    // A line break within a name: `まちづくり 推進課`.
                    Some(last) if !is_whole(last) => last.push_str(word),
                    _ => names.push(word.to_owned()),
                }
            }
            names
        })
        .filter(|names| !names.is_empty())
        .collect()
}

/// Splits a cell into its criteria, one list for each block of it.
///
/// Bullets `・` count only where they begin a piece, since words contain them too. A block without
/// bullets is split at spaces, where both sides are whole items.
pub(super) fn criteria(cell: &str) -> Vec<Vec<String>> {
    let mut found: Vec<Vec<String>> = Vec::new();
    let mut bulleted = false;
    for block in blocks(cell) {
        if block.text.starts_with(BULLETS) {
            bulleted = true;
            found.push(split_at_bullets(&block.text));
            continue;
        }
        if block.is_item {
            found.push(vec![block.text]);
            continue;
        }
        let begins_with_number = Folded::new(&block.text)
            .chars()
            .first()
            .is_some_and(char::is_ascii_digit);
        match found.last_mut().and_then(|items| items.last_mut()) {
            // After bullets a piece that is only a figure goes on with the bullet before it.
            Some(last) if bulleted && begins_with_number => {
                last.push(' ');
                last.push_str(&block.text);
            }
            _ => found.push(split_at_spaces(&block.text)),
        }
    }
    found.retain(|items| !items.is_empty());
    found
}

/// Splits a cell of a table that people filled in: at bullets and line breaks only, since a space there is
/// no trace of an extract.
pub(super) fn listed_criteria(cell: &str) -> Vec<Vec<String>> {
    let blocks = blocks(cell);
    let lines = blocks
        .iter()
        .flat_map(|block| block.text.lines())
        .map(str::trim)
        .filter(|line| !line.is_empty());
    let items = |line: &str| {
        if line.starts_with(BULLETS) {
            split_at_bullets(line)
        } else {
            vec![line.to_owned()]
        }
    };
    let found: Vec<String> = lines.flat_map(items).collect();
    if found.is_empty() {
        Vec::new()
    } else {
        vec![found]
    }
}

/// The criteria of a cell of the form: after a bullet, a line without one goes on with the item above, since
/// people break lines to fit a cell; where nothing has a bullet, each line is an item.
pub(super) fn lines_of_criteria(cell: &str) -> Vec<String> {
    let lines = cell.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut joined: Vec<String> = Vec::new();
    let mut bulleted = false;
    for line in lines {
        let begins = line.starts_with(BULLETS);
        match joined.last_mut() {
            Some(last) if bulleted && !begins => {
                last.push(' ');
                last.push_str(line);
            }
            _ => joined.push(line.to_owned()),
        }
        bulleted |= begins;
    }
    joined
        .iter()
        .flat_map(|line| listed_criteria(line).concat())
        .collect()
}

fn split_at_bullets(text: &str) -> Vec<String> {
    let mut pieces = Vec::new();
    let (mut begin, mut at_start) = (0, true);
    for (offset, c) in text.char_indices() {
        if at_start && BULLETS.contains(&c) {
            pieces.push(&text[begin..offset]);
            begin = offset + c.len_utf8();
        }
        at_start = c.is_whitespace();
    }
    pieces.push(&text[begin..]);
    pieces
        .into_iter()
        .map(str::trim)
        .filter(|piece| !piece.is_empty())
        .map(str::to_owned)
        .collect()
}

fn split_at_spaces(text: &str) -> Vec<String> {
    let mut items: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match items.last_mut() {
            Some(last) if goes_on(last, word) => {
                last.push(' ');
                last.push_str(word);
            }
            _ => items.push(word.to_owned()),
        }
    }
    items
}

/// Whether `word` belongs to the item that so far reads `item`.
fn goes_on(item: &str, word: &str) -> bool {
    let (item, word) = (Folded::new(item), Folded::new(word));
    let (Some(last), Some(first)) = (item.chars().last(), word.chars().first()) else {
        return true;
    };
    // A figure belongs to what it counts.
    if first.is_ascii_digit()
        || word.is_at(0, "約")
        || word.is_at(0, "(")
        || word.is_at(0, "月") && word.len() < 6
    {
        return true;
    }
    if ends_with_target(&item) {
        return false;
    }
    // `P a y`, a Latin word that the extract took apart: one side is a single letter.
    let letters = |chars: &mut dyn Iterator<Item = &char>| {
        chars.take_while(|c| c.is_ascii_alphabetic()).count()
    };
    if last.is_ascii_alphabetic() && first.is_ascii_alphabetic() {
        return letters(&mut item.chars().iter().rev()) == 1
            || letters(&mut word.chars().iter()) == 1;
    }
    // An item does not end with a particle or a comma, nor is a single character one.
    let open = [
        "の", "を", "に", "と", "が", "は", "へ", "や", "び", "、", ",", "・",
    ];
    open.iter().any(|ending| item.is_before(item.len(), ending))
        || word.len() == 1
        || item.len() == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circled_numbers_begin_initiatives_only_where_they_count_on() {
        let texts = |cell| {
            initiatives(cell)
                .into_iter()
                .map(|(n, t)| format!("{}{t}", n.unwrap_or(0)))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            texts("①甲を進めます。 ②乙（①の続き）を進めます。"),
            ["1甲を進めます。", "2乙（①の続き）を進めます。"]
        );
        assert_eq!(texts("<p>③ 甲</p> <p>④乙</p>"), ["3甲", "4乙"]);
        assert_eq!(
            texts("①甲を行い ます。 ①丙を見ます。"),
            ["1甲を行い ます。 ①丙を見ます。"]
        );
        assert_eq!(texts("番号のない取組"), ["0番号のない取組"]);
    }

    #[test]
    fn a_bullet_begins_a_piece_and_is_part_of_words_elsewhere() {
        assert_eq!(
            criteria("・広報紙・Webによる周知 3回 ・ 保育士・教諭の研修"),
            [["広報紙・Webによる周知 3回", "保育士・教諭の研修"]]
        );
        assert_eq!(
            criteria("<p>・甲の実施</p> <p>・乙の実施</p>"),
            [["甲の実施"], ["乙の実施"]]
        );
    }

    #[test]
    fn items_without_bullets_are_told_apart_by_spaces() {
        assert_eq!(
            criteria("<ul style=\"x\"> 甲の調査 50施設 乙の調査 8棟"),
            [["甲の調査 50施設", "乙の調査 8棟"]]
        );
        assert_eq!(
            criteria("<ul> 返礼品の追加 スマホP a y加盟店の増加"),
            [["返礼品の追加", "スマホP a y加盟店の増加"]]
        );
        assert_eq!(
            criteria("<ul><li>甲の 実施</li><li>乙 2回</li></ul>"),
            [["甲の 実施"], ["乙 2回"]]
        );
    }

    #[test]
    fn sections_keep_the_groups_of_their_paragraphs() {
        assert_eq!(
            sections("<p>道路課</p> <p>河川課 公園課</p>"),
            [vec!["道路課"], vec!["河川課", "公園課"]]
        );
        assert_eq!(
            sections("まちづくり 推進課、都市交通課"),
            [["まちづくり推進課", "都市交通課"]]
        );
    }

    #[test]
    fn what_is_no_tag_stays() {
        assert_eq!(plain("<p>成果<重要>と A&amp;B</p>"), "成果<重要>と A&B");
    }
}
