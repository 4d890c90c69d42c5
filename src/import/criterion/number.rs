//! The numbers in a criterion, and which of them are targets.
//!
//! Years, ordinals, numbers in names and numbers that describe what is counted are none: a target that
//! nobody set is worse than one that a person has to add.

use super::super::text::Folded;
use super::super::understood::{Comparison, Per};
use crate::domain::quantity::Quantity;
use crate::domain::unit::Unit;
use crate::domain::unit::catalogue::{unit_at_start, unit_by_display_ja};

/// A number in a text with all that belongs to it. Indexes are those of the folded text.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    /// Where the number or the word before it that belongs to it (`約`, `月`) begins.
    pub(super) start: usize,
    /// Where the counter and the words of comparison end.
    pub(super) end: usize,
    pub(super) value: Quantity,
    /// The catalogue's unit, without a period.
    pub(super) unit: Option<Unit>,
    /// The counter in the source's words.
    pub(super) counter: String,
    pub(super) per: Option<Per>,
    pub(super) comparison: Option<Comparison>,
    pub(super) role: Role,
    /// Whether it stands at the end or before a space, as targets mostly do.
    stands_free: bool,
    /// Index of the parenthesis it stands in.
    parenthesis: Option<usize>,
}

/// What a number is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Role {
    /// It is to be reached or kept to.
    Target,
    /// It says when: a year, a month, a date. Never a target.
    Time,
    /// It is part of a name or an ordinal. Never a target.
    Name,
    /// It counts something, but not what is aimed at.
    Description,
    /// It may be a target, in a form that is not read.
    Unclear(&'static str),
}

/// Names of eras, before a year.
const ERAS: [&str; 5] = ["令和", "平成", "昭和", "大正", "明治"];

/// What makes a number a duration or an age, or an ordinal, after it.
const NO_COUNTERS: [&str; 21] = [
    "か月", "カ月", "ケ月", "ヵ月", "箇月", "週", "次", "期", "つ", "歳", "才", "号", "丁目", "番",
    "階", "級", "代", "世代", "大", "進", "桁",
];

/// What after a counter makes the number an ordinal, a ratio's base or a word.
const NO_TARGETS: [&str; 10] = [
    "目",
    "ひとり",
    "当たり",
    "あたり",
    "暮らし",
    "世帯",
    "連続",
    "間隔",
    "以内に",
    "体制",
];

/// What may follow a counter without a space, although it would make another word of many counters.
const VERBS: [&str; 20] = [
    "配置", "設置", "整備", "開催", "実施", "導入", "更新", "改修", "補修", "増", "減", "達成",
    "維持", "確保", "登録", "採択", "認定", "締結", "参加", "程度",
];

/// Words of comparison after a counter, longest first where one begins with another.
const AFTER: [(&str, Comparison); 20] = [
    ("以上", Comparison::AtLeast),
    ("以下", Comparison::AtMost),
    ("以内", Comparison::AtMost),
    ("未満", Comparison::LessThan),
    ("を上回らない", Comparison::AtMost),
    ("を超えない", Comparison::AtMost),
    ("を下回らない", Comparison::AtLeast),
    ("を上回", Comparison::MoreThan),
    ("を超え", Comparison::MoreThan),
    ("超え", Comparison::MoreThan),
    ("超", Comparison::MoreThan),
    ("を下回", Comparison::LessThan),
    ("程度", Comparison::About),
    ("前後", Comparison::About),
    ("を維持", Comparison::AtLeast),
    ("を達成", Comparison::AtLeast),
    ("達成", Comparison::AtLeast),
    ("維持", Comparison::AtLeast),
    ("を確保", Comparison::AtLeast),
    ("確保", Comparison::AtLeast),
];

/// Words of comparison before a number.
const BEFORE: [(&str, Comparison); 8] = [
    ("約", Comparison::About),
    ("およそ", Comparison::About),
    ("概ね", Comparison::About),
    ("おおむね", Comparison::About),
    ("最低", Comparison::AtLeast),
    ("少なくとも", Comparison::AtLeast),
    ("最大", Comparison::AtMost),
    ("上限", Comparison::AtMost),
];

/// Every number of a text in order, each with its role.
pub(super) fn mentions(text: &Folded<'_>) -> Vec<Mention> {
    let parentheses = parentheses(text);
    let mut found = Vec::new();
    let mut index = 0;
    while index < text.len() {
        if !text.chars()[index].is_ascii_digit() {
            index += 1;
            continue;
        }
        let end = end_of_number(text, index);
        let mention = mention(text, index, end, &parentheses);
        index = mention.end.max(end);
        found.push(mention);
    }
    choose_targets(text, &parentheses, &mut found);
    found
}

/// Whether a text ends with a number and its counter.
pub(in super::super) fn ends_with_target(text: &Folded<'_>) -> bool {
    mentions(text).last().is_some_and(|last| {
        let closing =
            (last.end..text.len()).all(|i| matches!(text.chars()[i], ')' | '」' | '』' | ' '));
        last.unit.is_some() && closing
    })
}

/// Where the digits from `start` end: thousands separators and one decimal point are part of a number.
fn end_of_number(text: &Folded<'_>, start: usize) -> usize {
    let chars = text.chars();
    let digits = |from: usize| {
        chars[from..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count()
    };
    let mut end = start + digits(start);
    while chars.get(end) == Some(&',') && digits(end + 1) == 3 {
        end += 4;
    }
    if chars.get(end) == Some(&'.') && end + 1 < chars.len() && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    end
}

/// Pairs of parentheses: where each opens and closes.
fn parentheses(text: &Folded<'_>) -> Vec<(usize, usize)> {
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    for (index, c) in text.chars().iter().enumerate() {
        match c {
            '(' => open.push(index),
            ')' => pairs.extend(open.pop().map(|start| (start, index))),
            _ => {}
        }
    }
    pairs.extend(open.into_iter().map(|start| (start, text.len())));
    pairs
}

fn mention(text: &Folded<'_>, start: usize, end: usize, parentheses: &[(usize, usize)]) -> Mention {
    let digits = text.text(start, end).replace(',', "");
    let value = Quantity::parse(&digits);
    let mut mention = Mention {
        start,
        end,
        value: value.unwrap_or_default(),
        unit: None,
        counter: String::new(),
        per: None,
        comparison: None,
        role: Role::Target,
        stands_free: false,
        parenthesis: parentheses
            .iter()
            .position(|(open, close)| (*open..*close).contains(&start)),
    };
    if value.is_err() {
        mention.role = Role::Unclear("more digits than a quantity may have");
        return mention;
    }
    mention.role = match role_by_neighbours(text, start, end) {
        Some(role) => role,
        None => read_counter(text, &mut mention, end),
    };
    if mention.role == Role::Time {
        // `9月30日`: the day belongs to the date.
        mention.end = end_of_date(text, end);
    }
    mention
}

/// The role of a number that what stands beside it decides, whatever its counter.
fn role_by_neighbours(text: &Folded<'_>, start: usize, end: usize) -> Option<Role> {
    let before = start.checked_sub(1).map(|i| text.chars()[i]);
    let after = text.chars().get(end).copied();
    if ERAS.iter().any(|era| text.is_before(start, era)) {
        return Some(Role::Time);
    }
    if text.is_before(start, "第")
        || before.is_some_and(|c| c.is_ascii_alphabetic() || c == '-' || c == '.')
    {
        return Some(Role::Name);
    }
    if text.is_at(end, "月") || text.is_at(end, "年") {
        return Some(Role::Time);
    }
    if NO_COUNTERS.iter().any(|word| text.is_at(end, word)) {
        return Some(Role::Name);
    }
    // `3R`, `5G`: a letter that begins no unit.
    let unit = unit_at_start(&text.text(end, text.len()));
    if after.is_some_and(|c| c.is_ascii_alphabetic()) && unit.is_none() {
        return Some(Role::Name);
    }
    None
}

fn end_of_date(text: &Folded<'_>, end: usize) -> usize {
    let digits = |from: usize| {
        text.chars()[from.min(text.len())..]
            .iter()
            .take_while(|c| c.is_ascii_digit())
            .count()
    };
    let mut index = end;
    for mark in ["年", "月", "日"] {
        if text.is_at(index, mark) {
            index += 1;
            let more = digits(index);
            let continues = ["月", "日"]
                .iter()
                .any(|next| text.is_at(index + more, next));
            if more > 0 && mark != "日" && continues {
                index += more;
            }
        }
    }
    index
}

/// Reads the counter, the period and the words of comparison around a number.
fn read_counter(text: &Folded<'_>, mention: &mut Mention, end: usize) -> Role {
    let start = mention.start;
    let counter_at = text.skip_spaces(end);
    let known = unit_at_start(&text.text(counter_at, text.len())).map(|(unit, bytes)| {
        let length = text.text(counter_at, text.len())[..bytes].chars().count();
        (unit, counter_at + length)
    });
    // A space within a number and its counter is a trace of the extract; it proves nothing otherwise.
    let known = known.filter(|(_, after)| counter_at == end || boundary(text, *after));
    let Some((unit, mut after)) = known else {
        return unknown_counter(text, mention, end);
    };
    mention.counter = text.text(counter_at, after);
    // A Latin unit within a Latin word, `3km` but not `3kmart`.
    let letter = |i: usize| text.chars().get(i).is_some_and(char::is_ascii_alphabetic);
    if letter(after) && letter(after - 1) {
        return Role::Name;
    }
    let unit = match unit.display_ja.strip_suffix("/月") {
        Some(counter) => {
            mention.per = Some(Per::Month);
            unit_by_display_ja(counter).unwrap_or(unit)
        }
        None => unit,
    };
    mention.counter = mention.counter.trim_end_matches("/月").to_owned();
    mention.unit = Some(unit);
    if text.is_at(after, "/") {
        mention.end = after;
        return Role::Unclear("a figure for each of something else than a month");
    }
    if NO_TARGETS.iter().any(|word| text.is_at(after, word)) {
        mention.end = after;
        return Role::Name;
    }
    if text.is_at(after, "~")
        || text.is_at(after, "〜")
        || text.is_before(start, "~")
        || text.is_before(start, "〜")
    {
        mention.end = after;
        return Role::Unclear("a range of figures");
    }
    let words = (after..text.len())
        .find(|i| !matches!(text.chars()[*i], '」' | '』' | ' '))
        .unwrap_or(text.len());
    if let Some((word, comparison)) = AFTER.iter().find(|(word, _)| text.is_at(words, word)) {
        mention.comparison = Some(*comparison);
        after = words + word.chars().count();
        mention.stands_free = true;
    } else {
        mention.stands_free = boundary(text, after);
        let compound = text.chars().get(after).is_some_and(|c| is_kanji(*c));
        if compound && !VERBS.iter().any(|verb| text.is_at(after, verb)) {
            mention.end = after;
            return Role::Description;
        }
    }
    mention.end = after;
    if let Some((word, comparison)) = BEFORE.iter().find(|(word, _)| text.is_before(start, word)) {
        mention.comparison.get_or_insert(*comparison);
        mention.start = start - word.chars().count();
    }
    period_before(text, mention)
}

/// Reads `月4回`, `毎月1回` and `週1回`.
fn period_before(text: &Folded<'_>, mention: &mut Mention) -> Role {
    let start = mention.start;
    let bare = ["に", ""].iter().find_map(|particle| {
        let at = start.checked_sub(particle.chars().count())?;
        if !text.is_at(at, particle) {
            return None;
        }
        let index = at.checked_sub(1)?;
        let sign = text.chars()[index];
        let before = index.checked_sub(1).map(|i| text.chars()[i]);
        let free = before.is_none_or(|c| {
            matches!(c, ' ' | '毎' | '各' | '(' | '、' | '「')
                || !is_kanji(c) && !c.is_ascii_digit()
        });
        free.then_some((index, sign))
    });
    match bare {
        Some((index, '月')) => {
            mention.per = Some(Per::Month);
            mention.start = if text.is_before(index, "毎") {
                index - 1
            } else {
                index
            };
            Role::Target
        }
        Some((index, '年')) => {
            mention.start = index;
            Role::Target
        }
        Some((_, '週' | '日')) => Role::Unclear("a figure for each week or day"),
        _ => Role::Target,
    }
}

/// A number without a counter of the catalogue.
fn unknown_counter(text: &Folded<'_>, mention: &mut Mention, end: usize) -> Role {
    let counter: String = text.chars()[end..]
        .iter()
        .take_while(|c| is_kanji(**c) || ('ァ'..='ー').contains(c))
        .collect();
    let length = counter.chars().count();
    let is_year = mention.value.is_integer()
        && ("1900"..="2199").contains(&mention.value.to_string().as_str())
        && mention.value.to_string().len() == 4;
    if is_year && !boundary(text, end) {
        return Role::Name;
    }
    if counter.is_empty() {
        let free = boundary(text, end);
        return if free && !is_year {
            Role::Unclear("a number without a counter")
        } else {
            Role::Name
        };
    }
    if length <= 3 && boundary(text, end + length) {
        mention.counter = counter;
        mention.end = end + length;
        mention.stands_free = true;
        return Role::Target;
    }
    Role::Name
}

/// Whether a word ends at `index`: the text ends there, or a space, a mark or a parenthesis follows.
fn boundary(text: &Folded<'_>, index: usize) -> bool {
    text.chars().get(index).is_none_or(|c| {
        matches!(
            c,
            ' ' | '(' | ')' | '、' | '。' | ',' | '「' | '」' | '』' | ';'
        )
    })
}

fn is_kanji(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '々')
}

/// Among the numbers that could be targets leaves those that are.
///
/// * A number that stands free is one; beside it, one within a sentence describes.
/// * In parentheses a number describes, unless it follows a target directly (`58事業者(80事業所)`) or the
///   parentheses end the text, begin with it, and there is no other (`(18自治会において実施)`).
fn choose_targets(text: &Folded<'_>, parentheses: &[(usize, usize)], mentions: &mut [Mention]) {
    let is_target = |mention: &Mention| mention.role == Role::Target;
    let outside = |mention: &Mention| mention.parenthesis.is_none();
    let any_free = mentions
        .iter()
        .any(|m| is_target(m) && outside(m) && m.stands_free);
    let any_outside = mentions.iter().any(|m| is_target(m) && outside(m));
    let mut end_of_last = None;
    for mention in mentions.iter_mut().filter(|mention| is_target(mention)) {
        let keep = match mention.parenthesis {
            None => mention.stands_free || !any_free,
            Some(index) => {
                let (open, close) = parentheses[index];
                let begins = text.skip_spaces(open + 1) == mention.start;
                let follows = end_of_last.is_some_and(|end| text.skip_spaces(end) == open);
                let ends_text = text.skip_spaces(close + 1) >= text.len();
                begins && (follows && mention.stands_free || !any_outside && ends_text)
            }
        };
        if keep {
            end_of_last = Some(mention.end);
        } else {
            mention.role = Role::Description;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(text: &str) -> String {
        let show = |mention: &Mention| {
            let per = if mention.per.is_some() { "/month" } else { "" };
            format!("{}{}{per}", mention.value, mention.counter)
        };
        let folded = Folded::new(text);
        mentions(&folded)
            .iter()
            .filter(|m| m.role == Role::Target)
            .map(show)
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn a_number_with_its_counter_is_a_target() {
        assert_eq!(targets("訓練の実施 2回 30人"), "2回 30人");
        assert_eq!(targets("来場者数 ７，９４５千人"), "7945千人");
        assert_eq!(targets("管の延長 1.5㎞"), "1.5km");
        assert_eq!(targets("窓口の開設 月4回"), "4回/month");
        assert_eq!(targets("利用者数 300人/月"), "300人/month");
        assert_eq!(targets("相談員を3名配置"), "3名");
        assert_eq!(targets("協定 58事業者 (80事業所)"), "58事業者 80事業所");
        assert_eq!(targets("出前講座（18自治会において実施）"), "18自治会");
        assert_eq!(targets("内部監査 4課 自己点検 全課等"), "4課");
        assert_eq!(targets("受講料収入 120ドル"), "120ドル");
    }

    #[test]
    fn other_numbers_are_none() {
        for text in [
            "昭和55年以前の倉庫",
            "令和6年度に完成",
            "第2次計画の策定",
            "講演会の開催 8月",
            "9月30日までに公表",
            "フェスタ2023の実施",
            "5つの公園を対象",
            "3Rの推進",
            "J2クラブとの連携",
            "（講師2名）を招いた研修",
            "団地1期の造成",
            "65歳以上を対象",
            "24時間体制",
            "2年間の研究",
        ] {
            assert_eq!(targets(text), "", "{text}");
        }
        assert_eq!(targets("重要施設(47施設)への管路 3箇所"), "3箇所");
        assert_eq!(targets("相談員(経験者2名)の巡回 保育園等 36園"), "36園");
        assert_eq!(targets("西部1地区進捗率 約80%"), "80%");
        assert_eq!(targets("ポンプの入替え(令和6年度に完成) 4箇所"), "4箇所");
    }

    #[test]
    fn a_form_that_is_not_read_is_unclear_and_no_target() {
        for text in [
            "巡回 週1回",
            "参加者数 20~30人",
            "参加者 50人/回",
            "満足度指数 105",
        ] {
            let folded = Folded::new(text);
            assert!(
                mentions(&folded)
                    .iter()
                    .any(|m| matches!(m.role, Role::Unclear(_))),
                "{text}"
            );
            assert_eq!(targets(text), "", "{text}");
        }
    }
}
