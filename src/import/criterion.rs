//! One criterion: what it asks for, and how an indicator would measure it.

use std::ops::Range;

use super::proposal::Proposal;
use super::text::{Folded, circled, key};
use super::understood::{Comparison, Criterion, Kind, Measure};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::Comparator;

mod ending;
mod measure;
mod number;

pub(super) use number::ends_with_target;
use number::{Mention, Role};

/// What is known around a criterion.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'a> {
    /// The plan's year.
    pub(super) year: FiscalYear,
    /// The sections that answer for its initiative.
    pub(super) sections: &'a [String],
}

/// A criterion and what a person should check about it.
#[derive(Debug)]
pub(super) struct Understanding {
    pub(super) criterion: Criterion,
    pub(super) remarks: Vec<String>,
}

/// Something in a text that holds for every member of a set: `全課等`, `各校で`.
#[derive(Clone, Debug)]
struct Everybody {
    range: Range<usize>,
}

/// A number, or a set, with the words that say what it counts.
struct Counted<'a> {
    label: String,
    scope: Option<String>,
    what: What<'a>,
}

enum What<'a> {
    Number(&'a Mention),
    Everybody,
}

/// Understands one criterion.
pub(super) fn understand(text: &str, context: Context<'_>) -> Understanding {
    let mut remarks = Vec::new();
    let steps = steps(text);
    let (kind, measures, proposal) = if steps.is_empty() {
        understand_piece(text, text, context, &mut remarks)
    } else {
        let whole = Folded::new(text);
        let pieces: Vec<_> = steps
            .iter()
            .map(|step| {
                understand_piece(
                    whole.verbatim(step.start, step.end),
                    text,
                    context,
                    &mut remarks,
                )
            })
            .collect();
        let measures: Vec<Measure> = pieces
            .iter()
            .flat_map(|(_, measures, _)| measures.iter().cloned())
            .collect();
        let all_open = pieces.iter().all(|(kind, ..)| *kind == Kind::Qualitative);
        let kind = match measures.is_empty() {
            false => Kind::Quantitative,
            true if all_open => Kind::Qualitative,
            true => Kind::Milestone,
        };
        let lead = whole.verbatim(0, steps[0].start.saturating_sub(1));
        let parts = pieces
            .into_iter()
            .map(|(_, _, proposal)| proposal)
            .collect();
        (kind, measures, Proposal::composite(lead, parts))
    };
    Understanding {
        criterion: Criterion {
            text: text.to_owned(),
            title_en: None,
            kind,
            measures,
            proposal,
        },
        remarks,
    }
}

/// The steps of a criterion that counts them with circled numbers from ①; empty if it does not.
fn steps(text: &str) -> Vec<Range<usize>> {
    let folded = Folded::new(text);
    let mut starts = Vec::new();
    for (index, c) in folded.chars().iter().enumerate() {
        if circled(*c).and_then(|number| usize::try_from(number).ok()) == Some(starts.len() + 1) {
            starts.push(index + 1);
        }
    }
    if starts.len() < 2 {
        return Vec::new();
    }
    let ends = starts
        .iter()
        .skip(1)
        .map(|next| next - 1)
        .chain([folded.len()])
        .collect::<Vec<_>>();
    starts
        .into_iter()
        .zip(ends)
        .map(|(start, end)| start..end)
        .collect()
}

/// Understands a piece of the criterion `whole`.
fn understand_piece(
    piece: &str,
    whole: &str,
    context: Context<'_>,
    remarks: &mut Vec<String>,
) -> (Kind, Vec<Measure>, Proposal) {
    let folded = Folded::new(piece);
    let mentions = number::mentions(&folded);
    remark_on_numbers(&folded, &mentions, remarks);
    let targets: Vec<&Mention> = mentions
        .iter()
        .filter(|mention| mention.role == Role::Target)
        .collect();
    let everybody = everybody(&folded);
    let counted = counted(&folded, &targets, everybody.as_ref());
    let facts = measure::Facts::new(piece, whole, context, &mentions);
    if counted.is_empty() {
        let (kind, proposal) = facts.without_number(remarks);
        return (kind, Vec::new(), proposal);
    }
    let mut measures = Vec::new();
    let mut proposals = Vec::new();
    for counted in &counted {
        match counted.what {
            What::Number(mention) => {
                let (measure, proposal) =
                    facts.number(mention, &counted.label, counted.scope.clone(), remarks);
                measures.push(measure);
                proposals.push(proposal);
            }
            What::Everybody => {
                proposals.push(facts.everybody(&counted.label, counted.scope.clone(), remarks));
            }
        }
    }
    let proposal = match proposals.len() {
        1 => proposals.remove(0),
        _ => Proposal::composite(&counted[0].label, proposals),
    };
    (Kind::Quantitative, measures, proposal)
}

/// Tells of the numbers that might have been meant as targets and were not taken as such.
fn remark_on_numbers(text: &Folded<'_>, mentions: &[Mention], remarks: &mut Vec<String>) {
    for mention in mentions {
        let words = text.verbatim(mention.start, mention.end);
        match mention.role {
            Role::Unclear(why) => {
                remarks.push(format!("`{words}` is {why}; no target was taken from it"))
            }
            Role::Description => {
                remarks.push(format!("`{words}` describes and was taken as no target"))
            }
            Role::Target if mention.unit.is_none() => {
                remarks.push(format!(
                    "`{}` is no counter of the catalogue of units",
                    mention.counter
                ));
            }
            Role::Target | Role::Time | Role::Name => {}
        }
    }
}

/// Words for sets of which each member is meant.
const SETS: [&str; 22] = [
    "課等",
    "課",
    "部署",
    "所属",
    "部局",
    "職場",
    "学校",
    "小学校",
    "中学校",
    "小中学校",
    "校",
    "園",
    "保育園",
    "幼稚園",
    "地区",
    "自治会",
    "公園",
    "施設",
    "会場",
    "学区",
    "校区",
    "世帯",
];

/// Finds what holds for every member of a set.
fn everybody(text: &Folded<'_>) -> Option<Everybody> {
    (0..text.len()).find_map(|start| {
        let word = ["全ての", "すべての", "全て", "全", "各"]
            .into_iter()
            .find(|word| text.is_at(start, word))?;
        // 安全, 保全 and the like are words of their own.
        let inside_word = start > 0
            && matches!(
                text.chars()[start - 1],
                '安' | '保' | '完' | '万' | '健' | '十' | '両'
            );
        let after = start + word.chars().count();
        let set = SETS
            .iter()
            .filter(|set| text.is_at(after, set))
            .max_by_key(|set| set.len())?;
        // `各課等との調整` speaks with the set, not of every member.
        let end = after + set.chars().count();
        let named_only = ["との", "と連携", "への", "から", "間"]
            .iter()
            .any(|particle| text.is_at(end, particle));
        (!inside_word && !named_only).then_some(Everybody { range: start..end })
    })
}

/// Puts labels and scopes to the numbers and the set of a piece.
fn counted<'a>(
    text: &Folded<'_>,
    targets: &[&'a Mention],
    everybody: Option<&Everybody>,
) -> Vec<Counted<'a>> {
    // A set beside numbers is a figure of its own only where it stands in their place: `自己点検 全課等`.
    let free = |set: &Everybody| {
        text.skip_spaces(set.range.end) >= text.len()
            && (set.range.start == 0 || text.chars()[set.range.start - 1] == ' ')
    };
    let set = everybody.filter(|set| targets.is_empty() || free(set));
    let mut places: Vec<(Range<usize>, What<'a>)> = targets
        .iter()
        .map(|mention| (mention.start..mention.end, What::Number(mention)))
        .collect();
    if let Some(set) = set {
        places.push((set.range.clone(), What::Everybody));
        places.sort_by_key(|(range, _)| range.start);
    }
    let ends: Vec<usize> = std::iter::once(0)
        .chain(places.iter().map(|(range, _)| range.end))
        .collect();
    let before: Vec<&str> = places
        .iter()
        .zip(&ends)
        .map(|((range, _), from)| label_words(text, *from, range.start))
        .collect();
    let parallel = places.len() > 1 && before.iter().all(|words| !words.is_empty());
    let lead = lead(&before, parallel);
    let last = places.len().saturating_sub(1);
    let tail = text.verbatim(ends.last().copied().unwrap_or_default(), text.len());
    places
        .into_iter()
        .enumerate()
        .map(|(index, (_, what))| {
            let words = before[index];
            let (label, mut scope) = match index {
                0 => lead.clone(),
                _ if words.is_empty() => (lead.0.clone(), None),
                _ if is_place(words) || lead.1.is_some() && parallel => {
                    (lead.0.clone(), Some(words.to_owned()))
                }
                _ => (words.to_owned(), None),
            };
            if scope.is_none() && index == last && is_place(tail) {
                scope = Some(tail.to_owned());
            }
            if label.is_empty() {
                // `各校で体験を実施`: the words after the set say what is done.
                return Counted {
                    label: text.verbatim(0, text.len()).to_owned(),
                    scope,
                    what,
                };
            }
            Counted { label, scope, what }
        })
        .collect()
}

/// The words between two figures that say what the second one counts.
fn label_words<'a>(text: &Folded<'a>, from: usize, to: usize) -> &'a str {
    let words = text.verbatim(from, to);
    // A parenthesis or quotation that the cut left half is no part of the label.
    let words =
        words.trim_start_matches(|c: char| c.is_whitespace() || ")）」』、，。".contains(c));
    let words = words.trim_end_matches(|c: char| c.is_whitespace() || "(（「『、，".contains(c));
    // `平均取得日数が、計画の目標「14日」を`: what is before the particle is counted.
    let words = ["が、", "は、"]
        .iter()
        .find_map(|particle| words.split_once(particle))
        .map_or(words, |(head, _)| head);
    ["を", "が", "は", "に", "の"]
        .iter()
        .find_map(|particle| words.strip_suffix(particle))
        .unwrap_or(words)
        .trim()
}

/// Label and scope of the first figure.
fn lead(before: &[&str], parallel: bool) -> (String, Option<String>) {
    let whole = before.first().copied().unwrap_or_default();
    if let Some((rest, last)) = whole.rsplit_once(char::is_whitespace)
        && (is_place(last) || parallel && !last.ends_with(['数', '率', '量', '額']))
    {
        return (rest.trim().to_owned(), Some(last.to_owned()));
    }
    if let Some((first, rest)) = whole.split_once(char::is_whitespace)
        && is_place(first)
    {
        return (rest.trim().to_owned(), Some(first.to_owned()));
    }
    (whole.to_owned(), None)
}

/// Whether words name a site or a type of something: `歴史博物館`, `野田北部`, `宿泊型`, `産業系地区（南）`.
fn is_place(words: &str) -> bool {
    const ENDINGS: [&str; 18] = [
        "地区",
        "北部",
        "南部",
        "東部",
        "西部",
        "中部",
        "館",
        "園",
        "校",
        "駅",
        "型",
        "系",
        "センター",
        "公園",
        "町",
        "会場",
        "支所",
        "園等",
    ];
    let folded = key(words);
    let bare = folded
        .split_once('(')
        .filter(|_| folded.ends_with(')'))
        .map_or(folded.as_str(), |(head, _)| head);
    let short = (2..=20).contains(&bare.chars().count());
    short && ENDINGS.iter().any(|ending| bare.ends_with(ending)) && !bare.contains('を')
}

impl From<Comparison> for Comparator {
    fn from(comparison: Comparison) -> Self {
        match comparison {
            Comparison::AtLeast | Comparison::Exactly => Self::Ge,
            Comparison::MoreThan => Self::Gt,
            Comparison::AtMost => Self::Le,
            Comparison::LessThan => Self::Lt,
            Comparison::About => Self::WithinTolerance,
        }
    }
}
