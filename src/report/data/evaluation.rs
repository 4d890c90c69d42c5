//! The canonical rows of an evaluation, told as a table: the projection makes the rows, here stands what they hold.

use crate::projection::evaluation::{PlanEvaluation, rows};
use crate::report::data::{Column, Definition, Kind};

/// The table. Its columns are those of the canonical rows, in their order.
pub const TABLE: Definition = Definition {
    name: "rows",
    called: ["評価の行", "rows of an evaluation"],
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new("format", Kind::Count, ["形式", "format"], ["行の形式の番号", "number of the format of the rows"], "-").range("1"),
    Column::new("plan", Kind::Code, ["計画", "plan"], ["計画のコード", "code of the plan"], "EvaluatePlanResponse.plan"),
    Column::new("effective_on", Kind::Day, ["評価基準日", "evaluation date"], ["評価基準日 D", "the evaluation date D"], "EvaluatedAt.effective_on"),
    Column::new("known_at", Kind::Count, ["記録時点", "known at"], ["記録時点 K（台帳の件数）", "K: how many events of the ledger were known"], "EvaluatedAt.known_at").unit("events").range("1.."),
    Column::new("policy", Kind::Code, ["算定方針", "policy"], ["算定方針のコードと版", "code and version of the policy"], "EvaluatedAt.policy").range("CODE@VERSION"),
    Column::new("department", Kind::Code, ["部", "department"], ["D における組織目標の部のコード", "code of the department of the goal on D"], "GoalEvaluation"),
    Column::new("pillar", Kind::Count, ["柱", "pillar"], ["D における柱の番号", "number of the pillar of the goal on D"], "GoalEvaluation").range("1..100"),
    Column::new("goal", Kind::Code, ["組織目標", "goal"], ["組織目標のコード", "code of the goal"], "GoalEvaluation"),
    Column::new("initiative", Kind::Code, ["取組内容", "initiative"], ["取組内容のコード", "code of the initiative"], "InitiativeEvaluation"),
    Column::new("indicator", Kind::Code, ["指標", "indicator"], ["指標のコード", "code of the indicator"], "IndicatorEvaluation"),
    Column::new("indicator_id", Kind::Id, ["指標ID", "indicator id"], ["指標のID", "id of the indicator"], "IndicatorEvaluation"),
    Column::new("definition_version", Kind::Count, ["定義の版", "definition version"], ["D における定義の版", "version of the definition that holds on D"], "IndicatorEvaluation").range("1.."),
    Column::new("lead", Kind::Code, ["担当", "lead"], ["D における担当の課等のコード", "code of the section that answers for it on D"], "IndicatorEvaluation"),
    Column::new("contributing", Kind::List, ["協力", "contributing"], ["D における協力の課等のコード。; 区切り", "codes of the sections that contribute on D, with ; between"], "IndicatorEvaluation"),
    Column::new("measure_type", Kind::Code, ["測り方", "measure"], ["測り方", "what kind of thing is measured"], "Definition.measure_type").range("MeasureType"),
    Column::new("comparator", Kind::Code, ["比較", "comparator"], ["実績と目標の比べ方", "how a value is held against the target"], "Definition.comparator").range("Comparator"),
    Column::new("unit", Kind::Code, ["単位", "unit"], ["単位のコード", "code of the unit"], "Definition.unit"),
    Column::new("first_target", Kind::Text, ["当初目標", "first target"], ["当初目標の表記", "the first target as spelt in evaluation-rows.md"], "Target").unit("column unit"),
    Column::new("target", Kind::Text, ["現目標", "target"], ["D において有効な目標の表記", "the target in force on D"], "Target").unit("column unit"),
    Column::new("target_event_id", Kind::Id, ["目標を定めたイベント", "event of the target"], ["有効な目標を定めたイベントのID", "id of the event that set the target in force"], "IndicatorEvaluation"),
    Column::new("target_position", Kind::Count, ["目標を定めた位置", "position of the target"], ["そのイベントの台帳での位置", "position of that event"], "IndicatorEvaluation").range("0.."),
    Column::new("baseline", Kind::Decimal, ["基準値", "baseline"], ["取組前の値", "where it began"], "Baseline.value").unit("column unit"),
    Column::new("actual_kind", Kind::Code, ["実績の形", "kind of actual"], ["実績の形", "in which form the actual is"], "Actual").range("NO_REPORT, NIL, NUMBER, RATIO, MONTHS, COVERAGE, MEMBERS, MILESTONE, RUBRIC_LEVEL, COMPOSITE"),
    Column::new("actual", Kind::Decimal, ["実績", "actual"], ["(D, K) における実績。状況や理由のときはコード", "the actual at (D, K); a code where it is a state or a cause"], "Actual").unit("column unit"),
    Column::new("numerator", Kind::Decimal, ["分子", "numerator"], ["実績の分子。月ごとなら完了月の合計、対象なら完了数", "numerator of the actual; of months the sum of complete months, of members those done"], "Actual"),
    Column::new("denominator", Kind::Decimal, ["分母", "denominator"], ["実績の分母。月ごとなら完了月の数、対象なら対象数", "denominator of the actual; of months how many are complete, of members how many are in the set"], "Actual"),
    Column::new("detail", Kind::List, ["内訳", "detail"], ["実績の内訳。; 区切り", "what the actual is made of, with ; between"], "Actual").unit("column unit"),
    Column::new("attainment_first", Kind::Decimal, ["当初目標比", "attainment of the first target"], ["当初目標に対する達成率", "attainment of the first target"], "AgainstTarget.attainment").unit("1 = 100 %"),
    Column::new("attainment_first_why", Kind::Code, ["当初目標比がない理由", "no attainment of the first target"], ["当初目標に対する達成率がない理由", "why there is none"], "AgainstTarget.attainment").range("Obstacle"),
    Column::new("attainment", Kind::Decimal, ["達成率", "attainment"], ["有効な目標に対する達成率", "attainment of the target in force"], "AgainstTarget.attainment").unit("1 = 100 %"),
    Column::new("attainment_why", Kind::Code, ["達成率がない理由", "no attainment"], ["有効な目標に対する達成率がない理由", "why there is none"], "AgainstTarget.attainment").range("Obstacle"),
    Column::new("achievement_first", Kind::Code, ["当初目標の達成", "first target reached"], ["当初目標を達成したか", "whether the first target is reached"], "AgainstTarget.achievement").range("Achievement"),
    Column::new("achievement", Kind::Code, ["達成", "reached"], ["有効な目標を達成したか", "whether the target in force is reached"], "AgainstTarget.achievement").range("Achievement"),
    Column::new("achievement_why", Kind::Code, ["達成を判定できない理由", "cannot tell whether reached"], ["達成を判定できない理由", "why that cannot be told"], "AgainstTarget.achievement").range("Obstacle"),
    Column::new("cap_usage", Kind::Decimal, ["使用率", "usage of the cap"], ["上限に対する使用率", "actual over target of what is not to be exceeded"], "Evaluation.cap_usage").unit("1 = 100 %"),
    Column::new("mean_of_months", Kind::Decimal, ["月平均の達成率", "mean of months"], ["完了月の達成率の平均（各月1まで）", "mean of what complete months reached of their target, each 1 at most"], "Evaluation.mean_of_months").unit("1 = 100 %").range("0 to 1"),
    Column::new("service_rate", Kind::Decimal, ["需要充足率", "service rate"], ["需要に対する実施の割合", "done over asked, of what is done as needed"], "Evaluation.service_rate").unit("1 = 100 %"),
    Column::new("planned_value", Kind::Decimal, ["計画値", "planned value"], ["D までの計画値", "what is planned up to D"], "Evaluation.planned_value").unit("column unit"),
    Column::new("planned_share", Kind::Decimal, ["計画の進み", "planned share"], ["D までに計画された割合 E(D)", "E(D), the share that is planned up to D"], "Evaluation.planned_share").unit("1 = 100 %").range("0 to 1"),
    Column::new("pace", Kind::Decimal, ["ペース", "pace"], ["進捗ペース。1 で計画どおり", "pace; 1 is as planned"], "Evaluation.pace").unit("1 = 100 %"),
    Column::new("pace_why", Kind::Code, ["ペースがない理由", "no pace"], ["ペースがない理由", "why there is none"], "Evaluation.pace").range("Obstacle"),
    Column::new("forecast", Kind::Decimal, ["着地見込", "forecast"], ["算出した着地見込み", "the computed forecast of the end of the year"], "Evaluation.forecast").unit("column unit"),
    Column::new("forecast_why", Kind::Code, ["着地見込がない理由", "no forecast"], ["着地見込みがない理由", "why there is none"], "Evaluation.forecast").range("Obstacle"),
    Column::new("owner_forecast", Kind::Text, ["担当の見込", "owner's forecast"], ["担当課の着地見込み。値又は日", "forecast of the section: a value or a day"], "ForecastSubmitted").unit("column unit"),
    Column::new("required_per_month", Kind::Decimal, ["必要/月", "needed a month"], ["残りの月ごとに必要な量", "what each remaining month needs"], "Evaluation.required_per_month").unit("column unit"),
    Column::new("required_per_month_why", Kind::Code, ["必要量がない理由", "nothing needed"], ["必要量がない理由", "why there is none"], "Evaluation.required_per_month").range("Obstacle"),
    Column::new("status", Kind::Code, ["状態", "status"], ["進捗の状態", "where it stands"], "Evaluation.status").range("EvaluationStatus"),
    Column::new("grade", Kind::Code, ["評価", "grade"], ["算出した評価の段階のキー", "key of the level of the rubric that the figures come to"], "Evaluation.grade"),
    Column::new("remarks", Kind::List, ["備考", "remarks"], ["注意すべきこと。; 区切り", "what to know beside it, with ; between"], "Evaluation.remarks").range("Remark"),
    Column::new("entries", Kind::Count, ["報告数", "reports"], ["(D, K) において数えられる報告の件数", "how many reports count at (D, K)"], "IndicatorEvaluation").range("0.."),
    Column::new("last_event_position", Kind::Count, ["最後のイベントの位置", "last event"], ["数値に関わる最後のイベントの位置", "position of the last event that bears on figures"], "IndicatorEvaluation").range("0.."),
];

/// The rows of an evaluation.
pub fn rows(evaluation: &PlanEvaluation) -> Vec<Vec<String>> {
    rows::rows(evaluation).map(rows::Row::into_cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_of_the_canonical_rows_is_explained_in_its_place() {
        let explained: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
        let written: Vec<&str> = rows::Column::ALL.iter().map(|c| c.name()).collect();
        assert_eq!(explained, written);
    }
}
