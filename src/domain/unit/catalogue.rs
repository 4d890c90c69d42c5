//! The units that a plan may use without registering them: Japanese counters, lengths, areas, rates.
//!
//! A code is for programs and never changes; the counter is what people wrote. Counters are
//! dimensions of their own: `件` and `回` never add up, `人` and `千人` do.

use unicode_normalization::UnicodeNormalization;

use super::{Dimension, Unit};

/// A row of the catalogue.
struct Entry {
    code: &'static str,
    /// The counter as it is printed.
    ja: &'static str,
    /// Other spellings, after NFKC.
    also: &'static [&'static str],
    en: &'static str,
    kind: Kind,
    scale_pow10: i8,
    decimals: u8,
}

/// The dimension of a row, in a form that can stand in a constant.
#[derive(Clone, Copy)]
enum Kind {
    Count(&'static str),
    Length,
    Area,
    Ratio,
    Yen,
    Time,
    Mass,
    Volume,
    PerMonth(&'static str),
}

impl Kind {
    fn dimension(self) -> Dimension {
        match self {
            Self::Count(counter) => Dimension::Count(counter.to_owned()),
            Self::Length => Dimension::Length,
            Self::Area => Dimension::Area,
            Self::Ratio => Dimension::Ratio,
            Self::Yen => Dimension::Money("JPY".to_owned()),
            Self::Time => Dimension::Time,
            Self::Mass => Dimension::Mass,
            Self::Volume => Dimension::Volume,
            Self::PerMonth(counter) => {
                Dimension::PerMonth(Box::new(Dimension::Count(counter.to_owned())))
            }
        }
    }
}

/// A counter of whole things, a dimension of its own.
const fn count(code: &'static str, ja: &'static str, en: &'static str) -> Entry {
    Entry {
        code,
        ja,
        also: &[],
        en,
        kind: Kind::Count(ja),
        scale_pow10: 0,
        decimals: 0,
    }
}

/// A unit of another dimension, or one with other spellings.
const fn unit(
    code: &'static str,
    ja: &'static str,
    en: &'static str,
    kind: Kind,
    scale_pow10: i8,
    decimals: u8,
) -> Entry {
    Entry {
        code,
        ja,
        also: &[],
        en,
        kind,
        scale_pow10,
        decimals,
    }
}

/// The same row with other spellings.
const fn also(mut entry: Entry, spellings: &'static [&'static str]) -> Entry {
    entry.also = spellings;
    entry
}

const ENTRIES: &[Entry] = &[
    // Of the plan of FY2023.
    also(count("{event}", "回", "times"), &["囘"]),
    count("{person}", "人", "people"),
    count("{case}", "件", "cases"),
    unit("%", "%", "%", Kind::Ratio, -2, 2),
    also(
        count("{site}", "箇所", "sites"),
        &["か所", "カ所", "ヶ所", "ヵ所", "ケ所", "個所", "個処"],
    ),
    count("{park}", "公園", "parks"),
    also(
        unit("km", "km", "km", Kind::Length, 3, 3),
        &["キロメートル", "キロ"],
    ),
    count("{machine}", "台", "machines"),
    count("{bridge}", "橋", "bridges"),
    count("{facility}", "施設", "facilities"),
    count("{organisation}", "団体", "organisations"),
    count("{route}", "路線", "routes"),
    count("{district}", "地区", "districts"),
    count(
        "{residents_association}",
        "自治会",
        "residents' associations",
    ),
    count("{section}", "課", "sections"),
    count("{building}", "棟", "buildings"),
    unit("d", "日", "days", Kind::Time, 0, 1),
    unit(
        "{event}/mo",
        "回/月",
        "times a month",
        Kind::PerMonth("回"),
        0,
        0,
    ),
    unit(
        "10^3{person}",
        "千人",
        "thousand people",
        Kind::Count("人"),
        3,
        3,
    ),
    count("{project}", "事業", "projects"),
    count("{business}", "事業者", "businesses"),
    count("{establishment}", "事業所", "establishments"),
    count("{nursery}", "園", "nursery schools"),
    also(unit("har", "ha", "ha", Kind::Area, 4, 2), &["ヘクタール"]),
    unit(
        "{person}/mo",
        "人/月",
        "people a month",
        Kind::PerMonth("人"),
        0,
        0,
    ),
    count("{installation}", "基", "installations"),
    also(unit("m", "m", "m", Kind::Length, 0, 2), &["メートル"]),
    count("{venue}", "会場", "venues"),
    count("{house}", "軒", "houses"),
    count("{school}", "校", "schools"),
    unit("{headcount}", "名", "people", Kind::Count("人"), 0, 0),
    count("{volume}", "冊", "books"),
    // Common in other plans.
    unit(
        "10^4{person}",
        "万人",
        "ten thousand people",
        Kind::Count("人"),
        4,
        4,
    ),
    unit(
        "{case}/mo",
        "件/月",
        "cases a month",
        Kind::PerMonth("件"),
        0,
        0,
    ),
    also(
        unit("m2", "m2", "m²", Kind::Area, 0, 2),
        &["平方メートル", "平米"],
    ),
    unit("km2", "km2", "km²", Kind::Area, 6, 3),
    unit("JPY", "円", "yen", Kind::Yen, 0, 0),
    unit("10^3JPY", "千円", "thousand yen", Kind::Yen, 3, 3),
    unit("10^4JPY", "万円", "ten thousand yen", Kind::Yen, 4, 4),
    unit("10^6JPY", "百万円", "million yen", Kind::Yen, 6, 6),
    unit("10^8JPY", "億円", "hundred million yen", Kind::Yen, 8, 8),
    unit("g", "g", "g", Kind::Mass, -3, 1),
    also(unit("kg", "kg", "kg", Kind::Mass, 0, 3), &["キログラム"]),
    also(unit("t", "t", "t", Kind::Mass, 3, 3), &["トン"]),
    also(unit("L", "L", "l", Kind::Volume, 0, 2), &["l", "リットル"]),
    count("{hour}", "時間", "hours"),
    count("{household}", "世帯", "households"),
    count("{dwelling}", "戸", "dwellings"),
    count("{company}", "社", "companies"),
    count("{enterprise}", "企業", "enterprises"),
    also(count("{shop}", "店舗", "shops"), &["店"]),
    count("{item}", "点", "items"),
    count("{long_item}", "本", "items"),
    count("{sheet}", "枚", "sheets"),
    count("{copy}", "部", "copies"),
    count("{group}", "組", "groups"),
    count("{course}", "講座", "courses"),
    count("{kind}", "種類", "kinds"),
    count("{class}", "学級", "classes"),
    count("{section_of_road}", "区間", "stretches"),
    count("{lot}", "区画", "lots"),
    count("{vehicle}", "両", "vehicles"),
    count("{post}", "投稿", "posts"),
    count("{entry}", "項目", "entries"),
    count("{plan}", "計画", "plans"),
];

/// Units that no text is read in: what is judged by state or by level has a unit too.
const JUDGED: &[Entry] = &[
    count("{milestone}", "工程", "milestones"),
    count("{level}", "段階", "levels"),
];

impl Entry {
    fn unit(&self) -> Unit {
        Unit {
            code: self.code.to_owned(),
            display_ja: self.ja.to_owned(),
            display_en: self.en.to_owned(),
            dimension: self.kind.dimension(),
            scale_pow10: self.scale_pow10,
            decimals: self.decimals,
        }
    }

    fn spellings(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.ja).chain(self.also.iter().copied())
    }
}

/// All units of the catalogue. Codes and counters are unique.
pub fn units() -> impl Iterator<Item = Unit> {
    ENTRIES.iter().map(Entry::unit)
}

/// The unit of a milestone, which is reached or not.
pub fn milestone() -> Unit {
    JUDGED[0].unit()
}

/// The unit of what a rubric judges.
pub fn rubric_level() -> Unit {
    JUDGED[1].unit()
}

/// The unit with the code, or `None`.
pub fn unit_by_code(code: &str) -> Option<Unit> {
    ENTRIES
        .iter()
        .chain(JUDGED)
        .find(|entry| entry.code == code)
        .map(Entry::unit)
}

/// The unit written as `counter`, or `None`. Width and spelling do not matter: `㎞`, `ｋｍ` and `km` are one,
/// and so are `か所` and `箇所`.
pub fn unit_by_display_ja(counter: &str) -> Option<Unit> {
    let folded: String = counter.nfkc().filter(|c| !c.is_whitespace()).collect();
    ENTRIES
        .iter()
        .find(|entry| entry.spellings().any(|spelling| spelling == folded))
        .map(Entry::unit)
}

/// The unit with the longest spelling that `text` begins with, and how many bytes of it that is.
///
/// `text` has been brought to NFKC.
pub fn unit_at_start(text: &str) -> Option<(Unit, usize)> {
    ENTRIES
        .iter()
        .flat_map(|entry| entry.spellings().map(move |spelling| (entry, spelling)))
        .filter(|(_, spelling)| text.starts_with(spelling))
        .max_by_key(|(_, spelling)| spelling.len())
        .map(|(entry, spelling)| (entry.unit(), spelling.len()))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::quantity::Quantity;

    #[test]
    fn codes_and_spellings_are_unique() {
        let all = || ENTRIES.iter().chain(JUDGED);
        let codes: HashSet<_> = all().map(|entry| entry.code).collect();
        assert_eq!(codes.len(), all().count());
        let mut spellings = HashSet::new();
        for spelling in ENTRIES.iter().flat_map(Entry::spellings) {
            assert!(spellings.insert(spelling), "{spelling}");
            assert_eq!(spelling, spelling.nfkc().collect::<String>());
        }
    }

    #[test]
    fn every_counter_of_the_plan_is_known() {
        let counters = [
            "回",
            "人",
            "件",
            "%",
            "箇所",
            "公園",
            "km",
            "台",
            "橋",
            "施設",
            "団体",
            "路線",
            "地区",
            "自治会",
            "課",
            "棟",
            "日",
            "回/月",
            "千人",
            "事業",
            "事業者",
            "事業所",
            "園",
            "ha",
            "人/月",
            "基",
            "m",
            "会場",
            "軒",
            "校",
            "名",
            "冊",
        ];
        assert_eq!(counters.len(), 32);
        for counter in counters {
            assert_eq!(
                unit_by_display_ja(counter)
                    .map(|unit| unit.display_ja)
                    .as_deref(),
                Some(counter)
            );
        }
        assert_eq!(unit_by_display_ja("℃"), None);
    }

    #[test]
    fn spelling_does_not_matter() {
        let code = |counter| unit_by_display_ja(counter).map(|unit| unit.code);
        assert_eq!(code("㎞"), code("km"));
        assert_eq!(code("％"), code("%"));
        assert_eq!(code("カ所"), code("箇所"));
        assert_eq!(code("㎡"), code("m2"));
    }

    #[test]
    fn the_longest_counter_wins() {
        let at_start = |text| unit_at_start(text).map(|(unit, bytes)| (unit.display_ja, bytes));
        assert_eq!(at_start("事業所"), Some(("事業所".to_owned(), 9)));
        assert_eq!(at_start("事業を実施"), Some(("事業".to_owned(), 6)));
        assert_eq!(at_start("人/月"), Some(("人/月".to_owned(), 7)));
        assert_eq!(at_start("か所を整備"), Some(("箇所".to_owned(), 6)));
        assert_eq!(at_start("次"), None);
    }

    #[test]
    fn scales_convert_within_one_dimension_only() {
        let convert = |value: &str, from, to| {
            let (from, to) = (unit_by_display_ja(from)?, unit_by_display_ja(to)?);
            from.convert(Quantity::parse(value).ok()?, &to)
                .map(|value| value.to_string())
        };
        assert_eq!(convert("7945", "千人", "人").as_deref(), Some("7945000"));
        assert_eq!(convert("80", "m", "km").as_deref(), Some("0.08"));
        assert_eq!(convert("40", "ha", "m2").as_deref(), Some("400000"));
        assert_eq!(convert("3", "名", "人").as_deref(), Some("3"));
        assert_eq!(convert("3", "件", "回"), None);
    }
}
