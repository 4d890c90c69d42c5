//! Which of the items of a cell belong to which initiative of the same row.
//!
//! A row often holds several initiatives in one cell, their sections in the next and their criteria in
//! the last, with nothing but the order to join them, and not one to one. Items never change places, so
//! the question is only where to cut. Every cut is scored by the evidence, and the best one is taken:
//! words that an initiative and its items share, words of one topic, and how evenly the items spread.

use std::collections::HashMap;
use std::ops::Range;

use super::text::key;

/// Words that belong together although they share no character.
const TOPICS: [&[&str]; 8] = [
    &["消防", "火災", "救急", "救命", "避難", "地震"],
    &["防犯", "暴漢", "犯罪", "不審者"],
    &[
        "計画",
        "プラン",
        "素案",
        "パブリックコメント",
        "改定",
        "策定",
    ],
    &["エネルギー", "炭素", "クレジット", "省エネ"],
    &["入札", "契約", "落札", "総合評価"],
    &["広告", "歳入", "収入"],
    &["SNS", "YouTube", "LINE", "フォロワー", "チャンネル"],
    &["スポーツ", "選手", "競技", "アリーナ", "スタジアム"],
];

/// What one shared pair of characters is worth, and one shared topic.
const PAIR_WEIGHT: f64 = 1.0;
const TOPIC_WEIGHT: f64 = 1.5;
/// What it costs that one initiative has more items than another; evidence outweighs it.
const UNEVEN_COST: f64 = 0.1;
/// What it is worth that an initiative has all the sections of its department.
const WHOLE_DEPARTMENT_WEIGHT: f64 = 1.0;
/// What it is worth that criteria are cut where the sections beside them are.
const LINE_BY_LINE_WEIGHT: f64 = 0.75;
/// Most shared pairs that count between two texts, so that one long name does not decide alone.
const PAIRS_MAX: f64 = 6.0;
/// A cut that is better than the next by less than this is doubtful.
const DOUBT: f64 = 0.5;
/// Differences below this are rounding.
const TIE: f64 = 1e-9;

/// Where the items of each initiative begin and end, and whether the evidence decided it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Alignment {
    pub(super) ranges: Vec<Range<usize>>,
    /// Whether another cut would have been as good, or nearly.
    pub(super) is_doubtful: bool,
}

/// Joins criteria to initiatives.
///
/// `hint` is how the sections were cut, where there are as many of them as criteria: they were then
/// probably written line by line.
pub(super) fn criteria(
    initiatives: &[&str],
    criteria: &[&str],
    hint: Option<&[Range<usize>]>,
) -> Option<Alignment> {
    let scores = shared_words(initiatives, criteria);
    best_cut(
        initiatives.len(),
        criteria.len(),
        Prefer::LateCuts,
        |initiative, range| {
            let words: f64 = range.clone().map(|item| scores[item][initiative]).sum();
            let hinted = hint.is_some_and(|ranges| ranges[initiative] == range);
            words + if hinted { LINE_BY_LINE_WEIGHT } else { 0.0 }
        },
    )
}

/// Joins sections to initiatives: no section twice in one initiative, or `None` if that cannot be.
///
/// `profiles` are the texts of the initiatives that each section is known to answer for.
pub(super) fn sections(
    initiatives: &[&str],
    sections: &[&str],
    profiles: &HashMap<String, Vec<String>>,
    department: &[String],
) -> Option<Alignment> {
    let profile = |section: &&str| {
        let known = profiles
            .get(&key(section))
            .map(|texts| texts.join(" "))
            .unwrap_or_default();
        format!("{section} {known}")
    };
    let texts: Vec<String> = sections.iter().map(profile).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let scores = shared_words(initiatives, &texts);
    best_cut(
        initiatives.len(),
        sections.len(),
        Prefer::EarlyCuts,
        |initiative, range| {
            let mut own: Vec<&str> = sections[range.clone()].to_vec();
            let length = own.len();
            own.sort_unstable();
            own.dedup();
            if own.len() < length {
                return f64::NEG_INFINITY;
            }
            let whole = department.len() > 2 && own.len() == department.len();
            let words: f64 = range.map(|item| scores[item][initiative] / 2.0).sum();
            words + if whole { WHOLE_DEPARTMENT_WEIGHT } else { 0.0 }
        },
    )
}

/// How alike two texts are, from 0 to 1: the share of their character pairs that they have in common.
pub(super) fn likeness(one: &str, other: &str) -> f64 {
    let (one, other) = (all_pairs(one), all_pairs(other));
    let shared = one.iter().filter(|pair| other.contains(pair)).count();
    match one.len() + other.len() {
        0 => 0.0,
        #[allow(clippy::cast_precision_loss)] // A goal has some hundred characters.
        total => 2.0 * shared as f64 / total as f64,
    }
}

fn all_pairs(text: &str) -> Vec<(char, char)> {
    let chars: Vec<char> = key(text).chars().collect();
    let mut pairs: Vec<_> = chars.windows(2).map(|pair| (pair[0], pair[1])).collect();
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

/// The pairs of neighbouring characters that carry meaning: no Hiragana, no marks.
fn meaningful_pairs(text: &str) -> Vec<(char, char)> {
    let meaningful =
        |c: char| c.is_alphanumeric() && !('ぁ'..='ん').contains(&c) && !c.is_ascii_digit();
    let mut pairs = all_pairs(text);
    pairs.retain(|(a, b)| meaningful(*a) && meaningful(*b));
    pairs
}

/// For each item and initiative, what their shared words are worth.
///
/// A pair that several initiatives have says less, and one that several items have is shared out.
fn shared_words(initiatives: &[&str], items: &[&str]) -> Vec<Vec<f64>> {
    let of_initiatives: Vec<_> = initiatives
        .iter()
        .map(|text| meaningful_pairs(text))
        .collect();
    let of_items: Vec<_> = items.iter().map(|text| meaningful_pairs(text)).collect();
    let mut in_initiatives: HashMap<(char, char), u32> = HashMap::new();
    let mut in_items: HashMap<(char, char), u32> = HashMap::new();
    of_initiatives
        .iter()
        .flatten()
        .for_each(|pair| *in_initiatives.entry(*pair).or_default() += 1);
    of_items
        .iter()
        .flatten()
        .for_each(|pair| *in_items.entry(*pair).or_default() += 1);
    let worth = |pair: &(char, char)| {
        let initiatives_with = in_initiatives.get(pair).copied().unwrap_or(1);
        // In every initiative: it tells nothing.
        if usize::try_from(initiatives_with).is_ok_and(|with| with == initiatives.len() && with > 1)
        {
            return 0.0;
        }
        let items_with = in_items.get(pair).copied().unwrap_or(1);
        PAIR_WEIGHT / f64::from(initiatives_with) / f64::from(items_with)
    };
    let topics = |text: &str| {
        let folded = key(text);
        TOPICS.map(|words| words.iter().any(|word| folded.contains(&key(word))))
    };
    let initiative_topics: Vec<_> = initiatives.iter().map(|text| topics(text)).collect();
    items
        .iter()
        .zip(&of_items)
        .map(|(item, pairs)| {
            let item_topics = topics(item);
            of_initiatives
                .iter()
                .zip(&initiative_topics)
                .map(|(initiative, with)| {
                    let shared: f64 = pairs
                        .iter()
                        .filter(|pair| initiative.contains(pair))
                        .map(worth)
                        .sum();
                    let topic = (0..TOPICS.len()).any(|topic| {
                        let distinct = initiative_topics.iter().any(|topics| !topics[topic]);
                        distinct && item_topics[topic] && with[topic]
                    });
                    shared.min(PAIRS_MAX) + if topic { TOPIC_WEIGHT } else { 0.0 }
                })
                .collect()
        })
        .collect()
}

/// Which of two cuts that are equally good is taken.
#[derive(Clone, Copy)]
enum Prefer {
    /// What nothing is known about goes with the initiative after it.
    EarlyCuts,
    /// What nothing is known about goes with the initiative before it.
    LateCuts,
}

/// Cuts `items` items into one range for each of `initiatives` initiatives, with the greatest sum of scores.
///
/// Each initiative has at least one item where there are enough.
fn best_cut(
    initiatives: usize,
    items: usize,
    prefer: Prefer,
    score: impl Fn(usize, Range<usize>) -> f64,
) -> Option<Alignment> {
    if initiatives == items {
        // One each, in order: how such a row is meant to be written.
        return Some(Alignment {
            ranges: (0..items).map(|item| item..item + 1).collect(),
            is_doubtful: false,
        });
    }
    let least = usize::from(initiatives <= items);
    #[allow(clippy::cast_precision_loss)] // A cell has some ten items.
    let mean = items as f64 / initiatives.max(1) as f64;
    let cost = |length: usize| {
        #[allow(clippy::cast_precision_loss)]
        let distance = length as f64 - mean;
        UNEVEN_COST * distance * distance
    };
    // best[i][j]: greatest score of the first i initiatives over the first j items, and where the i-th begins.
    let mut best = vec![vec![(f64::NEG_INFINITY, 0); items + 1]; initiatives + 1];
    let mut second = f64::NEG_INFINITY;
    best[0][0].0 = 0.0;
    for i in 0..initiatives {
        for end in 0..=items {
            for begin in 0..=end {
                if end - begin < least || best[i][begin].0 == f64::NEG_INFINITY {
                    continue;
                }
                let total = best[i][begin].0 + score(i, begin..end) - cost(end - begin);
                let so_far = best[i + 1][end].0;
                let better = match prefer {
                    Prefer::EarlyCuts => total > so_far + TIE,
                    Prefer::LateCuts => total >= so_far - TIE && total > f64::NEG_INFINITY,
                };
                let loser = if better { so_far } else { total };
                if end == items && i + 1 == initiatives {
                    second = second.max(loser);
                }
                if better {
                    best[i + 1][end] = (total, begin);
                }
            }
        }
    }
    let top = best[initiatives][items].0;
    if !top.is_finite() {
        return None;
    }
    let mut ranges = Vec::with_capacity(initiatives);
    let mut end = items;
    for i in (0..initiatives).rev() {
        let begin = best[i + 1][end].1;
        ranges.push(begin..end);
        end = begin;
    }
    ranges.reverse();
    Some(Alignment {
        ranges,
        is_doubtful: top - second < DOUBT,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(initiatives: &[&str], items: &[&str]) -> Vec<usize> {
        criteria(initiatives, items, None)
            .unwrap()
            .ranges
            .into_iter()
            .map(|range| range.len())
            .collect()
    }

    #[test]
    fn as_many_items_as_initiatives_are_one_each() {
        assert_eq!(
            cut(&["甲の推進", "乙の推進"], &["乙 1回", "甲 1回"]),
            [1, 1]
        );
    }

    #[test]
    fn shared_words_decide_where_to_cut() {
        let initiatives = ["にぎわいの創出を図ります。", "公式SNSで魅力を発信します。"];
        assert_eq!(
            cut(
                &initiatives,
                &[
                    "催しの見直し 1件",
                    "公式SNSの登録者 5人",
                    "公式動画の登録者 6人"
                ]
            ),
            [1, 2]
        );
        let initiatives = [
            "納期の案内をします。",
            "市税の納付方法を案内します。",
            "入札の審議を行います。",
        ];
        assert_eq!(
            cut(
                &initiatives,
                &[
                    "納期の掲載 3回",
                    "納付方法の掲載 6回",
                    "入札監視委員会 3回",
                    "審査委員会 1回"
                ]
            ),
            [1, 1, 2]
        );
    }

    #[test]
    fn a_topic_joins_what_shares_no_character() {
        let initiatives = ["火災に備えた訓練を行います。", "防犯講習を行います。"];
        assert_eq!(
            cut(
                &initiatives,
                &["訓練の実施", "救急救命講習 2回", "防犯講習 1回"]
            ),
            [2, 1]
        );
    }

    #[test]
    fn what_nothing_is_known_about_stays_with_what_came_before() {
        let initiatives = [
            "環境計画の改定を進めます。",
            "脱炭素設備への補助を行います。",
        ];
        let items = [
            "環境計画の素案",
            "推進会議 2回",
            "意見募集の実施",
            "脱炭素設備の補助 10件",
            "登録",
        ];
        assert_eq!(cut(&initiatives, &items), [3, 2]);
    }

    #[test]
    fn fewer_items_than_initiatives_leave_some_without() {
        assert_eq!(
            cut(
                &["花壇を整えます。", "図書を増やします。", "道路を直します。"],
                &["図書の購入 3冊"]
            ),
            [0, 1, 0]
        );
    }

    #[test]
    fn no_initiative_names_a_section_twice() {
        let cut = |initiatives: &[&str], names: &[&str], department: &[&str]| {
            let department: Vec<String> =
                department.iter().map(|name| (*name).to_owned()).collect();
            let ranges = sections(initiatives, names, &HashMap::new(), &department)
                .unwrap()
                .ranges;
            ranges
                .into_iter()
                .map(|range| range.len())
                .collect::<Vec<_>>()
        };
        assert_eq!(cut(&["甲", "乙"], &["一課", "一課", "二課"], &[]), [1, 2]);
        assert_eq!(
            cut(
                &["甲", "乙"],
                &["二課", "一課", "二課", "三課"],
                &["一課", "二課", "三課"]
            ),
            [1, 3]
        );
        assert_eq!(
            cut(
                &["甲", "乙", "丙"],
                &["一課", "二課", "一課", "三課", "三課"],
                &[]
            ),
            [2, 2, 1]
        );
    }

    #[test]
    fn likeness_tells_a_reworded_goal_from_another() {
        let goal = "子育てを支え、将来にわたり安心できるまちをつくります。";
        assert!(likeness(goal, "子育てを支え、安心できるまちをつくります。") > 0.7);
        assert!(likeness(goal, "高齢者の見守り体制を広げます。") < 0.3);
    }
}
