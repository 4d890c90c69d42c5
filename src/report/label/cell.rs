//! Cells of the canonical rows and of the fields beside them, with their codes in words.

use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, CauseCode};
use crate::domain::text::Language;

/// A cell of the column `field` as people read it: `SUM` is 合計. What is no code of that column stays as it is.
pub fn row_value(language: Language, field: &str, cell: &str) -> String {
    let told = |word: Option<&'static str>| word.map_or_else(|| cell.to_owned(), str::to_owned);
    match field {
        "measure_type" => told(super::kind(language, cell)),
        "plan_profile" => super::value(language, "plan_profile", cell),
        "phase" | "actual" => super::value(language, field, cell),
        "first_target" | "target" => match word(language, field, cell) {
            Some(word) => word.to_owned(),
            None => super::value(language, "target", cell),
        },
        "detail" => detail(language, cell),
        "quantifier" => match cell.strip_prefix("AT_LEAST_") {
            Some(least) if language == Language::Ja => format!("{least}以上の対象"),
            Some(least) => format!("at least {least}"),
            None => told(word(language, field, cell)),
        },
        "self_evaluation_cause" | "review_cause" | "finalisation_cause" => {
            told(CauseCode::from_code(cell).map(|cause| cause.label(language)))
        }
        "next_action" => action(language, cell),
        _ => told(word(language, field, cell)),
    }
}

/// What stands behind the keys of `key=STATE@day;…`; keys are people's own and stay.
fn detail(language: Language, cell: &str) -> String {
    let items = cell.split(';').map(|item| match item.split_once('=') {
        Some((key, value)) => {
            let value = match word(language, "actual_kind", value) {
                Some(word) => word.to_owned(),
                None => super::value(language, "actual", value),
            };
            format!("{key}={value}")
        }
        None => item.to_owned(),
    });
    items.collect::<Vec<_>>().join(";")
}

/// `KIND owner due OUTCOME: text`: its codes in words, owner, day and text as they are.
fn action(language: Language, cell: &str) -> String {
    let Some((head, text)) = cell.split_once(": ") else {
        return cell.to_owned();
    };
    let mut words: Vec<&str> = head.split(' ').collect();
    if let Some(first) = words.first_mut() {
        *first = ActionKind::from_code(first).map_or(*first, |kind| kind.label(language));
    }
    if let Some(last) = words.last_mut() {
        *last = match ActionOutcome::from_code(last) {
            Some(outcome) => outcome.label(language),
            None => word(language, "action", last).unwrap_or(last),
        };
    }
    format!("{}: {text}", words.join(" "))
}

/// The word for a code of a column.
fn word(language: Language, field: &str, code: &str) -> Option<&'static str> {
    let (ja, en) = match (field, code) {
        ("entry_kind", "INCREMENT") => ("増加分", "increment"),
        ("entry_kind", "ABSOLUTE") => ("時点の値", "level on a date"),
        ("entry_kind", "NUM_DEN") => ("分子と分母", "numerator and denominator"),
        ("entry_kind", "MEMBER_STATE") => ("対象別の状況", "state of a member"),
        ("entry_kind", "MEMBER_VALUE") => ("対象別の値", "value of a member"),
        ("entry_kind", "MILESTONE_STATE") => ("工程の状況", "state of a milestone"),
        ("entry_kind", "RUBRIC_LEVEL") => ("評価段階", "level of a rubric"),
        ("agg_time" | "agg_space", "SUM") => ("合計", "sum"),
        ("agg_time" | "agg_space", "RATIO_OF_SUMS") => ("合計の率", "ratio of sums"),
        ("agg_time" | "agg_space", "NONE") => ("なし", "none"),
        ("agg_time", "LATEST") => ("最新", "latest"),
        ("agg_time", "RATIO_OF_LATEST") => ("最新の率", "latest ratio"),
        ("agg_time", "MEAN_OF_PERIODS") => ("月の平均", "mean of months"),
        ("agg_time", "MAX") => ("最大", "greatest"),
        ("agg_time", "MIN") => ("最小", "least"),
        ("agg_time", "DISTINCT") => ("実施した対象の数", "different members"),
        ("agg_time", "DONE_BY") => ("期日までの完了", "done by a day"),
        ("agg_space", "CAPPED_SUM") => (
            "内訳ごとの目標を上限とする合計",
            "sum, each part up to its target",
        ),
        ("agg_space", "MIN_OF_PARTS") => ("内訳の最小", "least of the parts"),
        ("agg_space", "WEIGHTED") => ("加重", "weighted"),
        ("agg_space", "ALL_OF") => ("すべて", "all of them"),
        ("comparator", "GE") => ("以上", "at least"),
        ("comparator", "GT") => ("超", "more than"),
        ("comparator", "LE") => ("以下", "at most"),
        ("comparator", "LT") => ("未満", "less than"),
        ("comparator", "WITHIN_TOLERANCE") => ("程度", "about"),
        ("comparator", "IN_RANGE") => ("範囲内", "in a range"),
        ("comparator", "DONE_BY") => ("期日まで", "done by a day"),
        ("comparator", "RUBRIC_AT_LEAST") => ("段階以上", "level or better"),
        ("attainment_basis", "TO_TARGET") => ("目標比", "of the target"),
        ("attainment_basis", "FROM_BASELINE") => ("基準値から", "from the baseline"),
        ("quantifier", "FOR_ALL") => ("全対象", "all members"),
        ("actual_kind", "NO_REPORT") => ("未報告", "no report"),
        ("actual_kind", "NIL") => ("実績なし", "nothing to report"),
        ("actual_kind", "NUMBER") => ("数", "number"),
        ("actual_kind", "RATIO") => ("率", "quotient"),
        ("actual_kind", "MONTHS") => ("月別", "months"),
        ("actual_kind", "COVERAGE") => ("対象一覧", "coverage"),
        ("actual_kind", "MEMBERS") => ("対象別の値", "values of members"),
        ("actual_kind", "MILESTONE") => ("工程", "milestone"),
        ("actual_kind", "RUBRIC_LEVEL") => ("評価段階", "level of a rubric"),
        ("actual_kind", "COMPOSITE") => ("複合", "composite"),
        ("first_target" | "target", "ALL_MEMBERS") => ("全対象", "all members"),
        ("first_target" | "target", "COMPONENTS") => ("構成する指標による", "by its components"),
        ("per_month" | "demand_driven", "true") => ("該当", "yes"),
        ("action", "OPEN") => ("未了", "open"),
        _ => return None,
    };
    Some(match language {
        Language::Ja => ja,
        Language::En => en,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::actual::{MilestoneState, NilCause};
    use crate::domain::indicator::{
        AggSpace, AggTime, AttainmentBasis, Comparator, EntryKind, MeasureType,
    };

    #[test]
    fn every_code_of_a_cell_has_a_word() {
        let mut cells: Vec<(&str, &str)> = Vec::new();
        cells.extend(
            MeasureType::ALL
                .iter()
                .map(|own| ("measure_type", own.code())),
        );
        cells.extend(EntryKind::ALL.iter().map(|own| ("entry_kind", own.code())));
        cells.extend(AggTime::ALL.iter().map(|own| ("agg_time", own.code())));
        cells.extend(AggSpace::ALL.iter().map(|own| ("agg_space", own.code())));
        cells.extend(Comparator::ALL.iter().map(|own| ("comparator", own.code())));
        cells.extend(
            AttainmentBasis::ALL
                .iter()
                .map(|own| ("attainment_basis", own.code())),
        );
        cells.extend(NilCause::ALL.iter().map(|own| ("actual", own.code())));
        cells.extend(MilestoneState::ALL.iter().map(|own| ("actual", own.code())));
        cells.extend(
            CauseCode::ALL
                .iter()
                .map(|own| ("review_cause", own.code())),
        );
        for phase in ["ACTIVE", "SUSPENDED", "CANCELLED", "CARRIED_OVER"] {
            cells.push(("phase", phase));
        }
        for (field, code) in cells {
            for language in [Language::Ja, Language::En] {
                let told = row_value(language, field, code);
                assert_ne!(told, code, "{field} in {language:?}");
                assert!(
                    !told.contains('_'),
                    "{field} {code} in {language:?}: {told}"
                );
            }
        }
    }

    #[test]
    fn codes_stand_in_words_among_what_people_wrote() {
        let ja = |field, cell| row_value(Language::Ja, field, cell);
        assert_eq!(
            ja("detail", "SUM=COMPLETED@2023-09-01;西=NO_REPORT"),
            "SUM=完了@2023-09-01;西=未報告"
        );
        assert_eq!(ja("target", "COMPLETED@2024-03-31"), "完了@2024-03-31");
        assert_eq!(ja("first_target", "ALL_MEMBERS"), "全対象");
        assert_eq!(ja("quantifier", "AT_LEAST_3"), "3以上の対象");
        assert_eq!(
            ja("plan_profile", "LINEAR;2023-09-30=5"),
            "均等;2023-09-30=5"
        );
        assert_eq!(ja("self_evaluation_comment", "SUM"), "SUM");
        let kind = ActionKind::ALL[0];
        let told = ja(
            "next_action",
            &format!("{} 財務課 2024-03-31 OPEN: OPEN: のまま", kind.code()),
        );
        let word = kind.label(Language::Ja);
        assert_eq!(told, format!("{word} 財務課 2024-03-31 未了: OPEN: のまま"));
    }
}
