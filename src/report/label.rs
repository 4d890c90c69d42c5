//! What columns of rows and fields of changes are called, in Japanese and English.

use crate::domain::access::Role;
use crate::domain::decision::{ChangeKind, ConsultationOutcome, DecisionOutcome, ReviewOutcome};
use crate::domain::event::EventType;
use crate::domain::operation::OperationKind;
use crate::domain::text::Language;

mod cell;

pub use cell::row_value;

/// A column of the canonical rows, by its name there; names that are newer than this program stay.
pub fn row_field(language: Language, name: &str) -> &str {
    let (ja, en) = match name {
        "title" => ("名称", "title"),
        "source_text" => ("本文", "text"),
        "phase" => ("進行", "phase"),
        "number" => ("番号", "number"),
        "initiatives" => ("取組内容の一覧", "initiatives"),
        "indicators" => ("指標の一覧", "indicators"),
        "defined_from" => ("定義の適用日", "defined from"),
        "entry_kind" => ("入力の形", "entry"),
        "agg_time" => ("期間の集計", "over time"),
        "agg_space" => ("内訳の集計", "over parts"),
        "quantifier" => ("対象の範囲", "quantifier"),
        "per_month" => ("月ごと", "per month"),
        "attainment_basis" => ("達成率の基準", "attainment from"),
        "domain" => ("値の範囲", "domain"),
        "demand_driven" => ("必要に応じて", "as needed"),
        "active_window" => ("実施期間", "window"),
        "settlement_until" => ("整理期限", "settled until"),
        "parts" => ("内訳の項目", "parts"),
        "members" => ("対象", "members"),
        "checkpoints" => ("工程", "checkpoints"),
        "components" => ("構成指標", "components"),
        "rubric" => ("評価の段階表", "rubric"),
        "plan_profile" => ("計画線", "planned line"),
        "baseline_as_of" => ("基準値の日", "baseline of"),
        "self_evaluation" => ("自己評価", "self-evaluation"),
        "self_evaluation_cause" => ("自己評価の要因", "cause in the self-evaluation"),
        "self_evaluation_comment" => ("自己評価の所見", "comment of the self-evaluation"),
        "review" => ("二次評価", "review"),
        "review_cause" => ("二次評価の要因", "cause in the review"),
        "review_comment" => ("二次評価の所見", "comment of the review"),
        "finalisation" => ("評価確定", "finalisation"),
        "finalisation_cause" => ("評価確定の要因", "cause in the finalisation"),
        "finalisation_comment" => ("評価確定の所見", "comment of the finalisation"),
        "next_action" => ("今後の対応", "next action"),
        "department" => ("部", "department"),
        "pillar" => ("柱", "pillar"),
        "goal" => ("組織目標", "goal"),
        "initiative" => ("取組内容", "initiative"),
        "definition_version" => ("定義の版", "definition version"),
        "lead" => ("担当", "lead"),
        "contributing" => ("協力", "contributing"),
        "measure_type" => ("測り方", "measure"),
        "comparator" => ("比較", "comparator"),
        "unit" => ("単位", "unit"),
        "first_target" => ("当初目標", "first target"),
        "target" => ("現目標", "target"),
        "target_event_id" => ("目標を定めたイベント", "event of the target"),
        "target_position" => ("目標を定めた位置", "position of the target"),
        "baseline" => ("基準値", "baseline"),
        "actual_kind" => ("実績の形", "kind of actual"),
        "actual" => ("実績", "actual"),
        "numerator" => ("分子", "numerator"),
        "denominator" => ("分母", "denominator"),
        "detail" => ("内訳", "detail"),
        "attainment_first" => ("当初目標比", "attainment of the first target"),
        "attainment_first_why" => ("当初目標比がない理由", "no attainment of the first target"),
        "attainment" => ("達成率", "attainment"),
        "attainment_why" => ("達成率がない理由", "no attainment"),
        "achievement_first" => ("当初目標の達成", "first target reached"),
        "achievement" => ("達成", "reached"),
        "achievement_why" => ("達成を判定できない理由", "cannot tell whether reached"),
        "cap_usage" => ("使用率", "usage of the cap"),
        "mean_of_months" => ("月平均の達成率", "mean of months"),
        "service_rate" => ("需要充足率", "service rate"),
        "planned_value" => ("計画値", "planned value"),
        "planned_share" => ("計画の進み", "planned share"),
        "pace" => ("ペース", "pace"),
        "pace_why" => ("ペースがない理由", "no pace"),
        "forecast" => ("着地見込", "forecast"),
        "forecast_why" => ("着地見込がない理由", "no forecast"),
        "owner_forecast" => ("担当の見込", "owner's forecast"),
        "required_per_month" => ("必要/月", "needed a month"),
        "required_per_month_why" => ("必要量がない理由", "nothing needed"),
        "status" => ("状態", "status"),
        "grade" => ("評価", "grade"),
        "remarks" => ("備考", "remarks"),
        "entries" => ("報告数", "reports"),
        "last_event_position" => ("最後のイベントの位置", "last event"),
        _ => return name,
    };
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// A field that a change touches, by its name in the API; names that are newer than this program stay.
pub fn field(language: Language, name: &str) -> &str {
    let (ja, en) = match name {
        "title" => ("名称", "title"),
        "source_text" => ("本文", "text"),
        "target" => ("目標", "target"),
        "entry" => ("実績", "entry"),
        "phase" => ("状態", "state"),
        "actual" => ("現在値", "stands at"),
        "definition" => ("定義", "definition"),
        "baseline" => ("基準値", "baseline"),
        "plan_profile" | "profile" => ("計画線", "planned line"),
        "department" => ("部", "department"),
        "pillar" => ("柱", "pillar"),
        "goal" => ("組織目標", "goal"),
        "initiative" => ("取組内容", "initiative"),
        "number" => ("番号", "number"),
        "code" => ("コード", "code"),
        "lead_unit" => ("担当", "lead"),
        "contributing_units" => ("協力", "contributing"),
        "name" => ("名称", "name"),
        "parent" => ("上位組織", "parent"),
        "forecast" => ("見込み", "forecast"),
        "demand" => ("需要", "demand"),
        "narrative" => ("状況説明", "narrative"),
        "evidence" => ("根拠資料", "evidence"),
        "plan" => ("計画", "plan"),
        "policy" => ("算定方針・評価基準", "policy"),
        "policy_content" => ("内容", "content"),
        "period" => ("期間の状態", "period"),
        "scope" => ("再開の対象", "reopened for"),
        "snapshot" => ("凍結", "snapshot"),
        "restatement" => ("修正公表", "restatement"),
        "grade" => ("評価", "grade"),
        "computed" => ("算定結果", "computed"),
        "cause" => ("要因", "cause"),
        "comment" => ("所見", "comment"),
        "evaluation" => ("評価の段階", "evaluation"),
        "next_action" => ("今後の対応", "next action"),
        "reporting_calendar" => ("報告日程", "reporting calendar"),
        "confirmed" => ("確認した実績", "confirmed"),
        "audit_finding" => ("監査指摘", "audit finding"),
        "continues" => ("継続元", "goes on with"),
        "references" => ("関連する規定", "refers to"),
        "confirms" => ("推定の確認", "assumptions confirmed"),
        "origin" => ("証明の名前", "name of its proofs"),
        "previous_checkpoint" => ("以前の先端証明", "checkpoint before"),
        "verifier_key" => ("検証鍵", "verifier key"),
        "from_size" => ("署名を始める記録数", "signs from size"),
        "last_size" => ("署名した最後の記録数", "last size signed"),
        "last_trusted_size" => ("信頼できる最後の記録数", "last size trusted"),
        "heads_size" => ("対象の記録数", "of the first events"),
        "streams" => ("ストリーム数", "streams"),
        "heads_root" => ("末尾一覧の根", "root of the heads"),
        "closed_by" => ("期間の確定", "closing"),
        "data_subject" => ("本人", "data subject"),
        "erased_events" => ("消去したイベント", "events erased of"),
        "erased_texts" => ("消去した文の数", "texts erased"),
        "text" => ("本文", "text"),
        "proposal" => ("起案番号", "proposal"),
        "proposed" => ("起案する変更", "proposed change"),
        "change_kind" => ("変更の種類", "kind of change"),
        "proposed_target" => ("起案する目標", "proposed target"),
        "proposed_from" => ("適用日（案）", "proposed first day"),
        "proposed_reason" => ("理由（案）", "proposed reason"),
        "impact" => ("影響", "impact"),
        "replaces_proposal" => ("差し替える起案", "replaces proposal"),
        "change_sha256" => ("変更内容のSHA-256", "SHA-256 of the change"),
        "consultation" => ("合議", "consultation"),
        "consulted_unit" => ("合議先", "consulted unit"),
        "decision" => ("決裁", "decision"),
        "external_decision" => ("台帳外の決裁", "decision outside the ledger"),
        "acting_delegation" => ("代決", "acting by delegation"),
        "decision_review" => ("後閲", "post-review"),
        "erased_file" => ("消去したファイル", "file erased"),
        "operation" => ("運用の操作", "operation"),
        "file_to_erase" => ("消去するファイル", "file to erase"),
        "usable_until" => ("実行期限", "to be carried out until"),
        "legal_basis" => ("法的根拠", "legal basis"),
        "approved_by" => ("承認者", "approved by"),
        "person" => ("氏名", "name"),
        "logins" => ("ログイン", "logins"),
        "seat" => ("職", "seat"),
        "role" => ("権限", "role"),
        "units" => ("対象組織", "units"),
        "holder" => ("就任者", "held by"),
        "in_force" => ("期間", "in force"),
        "delegate" => ("代決者", "delegate"),
        "ground" => ("不在の理由", "ground of absence"),
        _ => return name,
    };
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// What a field was or is, with the codes of states in words: `STARTED (2023-07-31)` is 着手 (2023-07-31). Only fields
/// whose texts the ledger makes are read so; what people wrote stays as they wrote it.
pub fn value(language: Language, field: &str, text: &str) -> String {
    let word: fn(Language, &str) -> Option<&'static str> = match field {
        "entry" | "actual" | "confirmed" | "period" | "target" | "phase" | "evaluation" => word,
        "definition" | "plan_profile" | "profile" => kind,
        "role" => role,
        "proposed" => event_type,
        "operation" => operation,
        "policy_content" | "change_kind" => approval,
        "decision" | "consultation" | "decision_review" => decision,
        _ => return text.to_owned(),
    };
    let mut told = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_uppercase()) {
        let (before, from) = rest.split_at(start);
        let is_code = |c: char| c.is_ascii_uppercase() || c == '_';
        let end = from.find(|c| !is_code(c)).unwrap_or(from.len());
        let (code, after) = from.split_at(end);
        let inside = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || "_/-.".contains(c));
        let apart = !inside(before.chars().next_back().or(told.chars().next_back()))
            && !inside(after.chars().next());
        told.push_str(before);
        told.push_str(word(language, code).filter(|_| apart).unwrap_or(code));
        rest = after;
    }
    told.push_str(rest);
    told
}

/// The code of a type of event in words.
fn event_type(language: Language, code: &str) -> Option<&'static str> {
    EventType::from_code(code).map(|event_type| event_type.label(language))
}

/// The code of an operation in words.
fn operation(language: Language, code: &str) -> Option<&'static str> {
    OperationKind::from_code(code).map(|kind| kind.label(language))
}

/// The code of a role in words.
fn role(language: Language, code: &str) -> Option<&'static str> {
    Role::from_code(code).map(|role| role.label(language))
}

/// The code of a kind of change, or of a role that drafts, is asked or decides, in words.
fn approval(language: Language, code: &str) -> Option<&'static str> {
    let kind = ChangeKind::from_code(code).map(|kind| kind.label(language));
    kind.or_else(|| role(language, code))
}

/// The code of a decision, of an answer of whoever was asked, or of who looked at a decision afterwards, in words.
fn decision(language: Language, code: &str) -> Option<&'static str> {
    let decided = DecisionOutcome::from_code(code).map(|outcome| outcome.label(language));
    let answered = || ConsultationOutcome::from_code(code).map(|outcome| outcome.label(language));
    let reviewed = || ReviewOutcome::from_code(code).map(|outcome| outcome.label(language));
    decided.or_else(answered).or_else(reviewed)
}

/// The code of a kind of measure or of planned line in words.
fn kind(language: Language, code: &str) -> Option<&'static str> {
    let (ja, en) = match code {
        "COUNT" => ("件数", "count"),
        "LEVEL" => ("水準", "level"),
        "RATIO" => ("率", "share"),
        "MEAN" => ("平均", "mean"),
        "RATE_PER_PERIOD" => ("月当たり", "rate per month"),
        "QUANTITY" => ("数量", "quantity"),
        "STAGE" => ("進捗率", "stage"),
        "COVERAGE" => ("対象一覧", "coverage"),
        "MILESTONE" => ("工程", "milestone"),
        "QUALITATIVE" => ("定性", "qualitative"),
        "COMPOSITE" => ("複合", "composite"),
        "LINEAR" => ("均等", "even"),
        "MONTHLY_PLAN" => ("月次計画", "monthly plan"),
        "REFERENCE_CURVE" => ("前年の推移", "as in an earlier year"),
        "STEP_DATES" => ("工程の期日", "due dates of checkpoints"),
        "AT_END" => ("年度末", "at the end"),
        "NONE" => ("なし", "none"),
        _ => return None,
    };
    Some(match language {
        Language::Ja => ja,
        Language::En => en,
    })
}

/// The code of a state in words.
fn word(language: Language, code: &str) -> Option<&'static str> {
    let (ja, en) = match code {
        "NOT_DONE" => ("未実施", "not done"),
        "DONE" => ("実施済", "done"),
        "NOT_STARTED" => ("未着手", "not started"),
        "STARTED" => ("着手", "started"),
        "DECIDED" => ("決定", "decided"),
        "COMPLETED" => ("完了", "completed"),
        "IN_OPERATION" => ("稼働", "in operation"),
        "NO_ACTIVITY" => ("実績なし（活動なし）", "nothing (no activity)"),
        "NO_DEMAND" => ("実績なし（需要なし）", "nothing (no demand)"),
        "NOT_MEASURED" => ("実績なし（未測定）", "nothing (not measured)"),
        "OPEN" => ("受付中", "open"),
        "SOFT_CLOSED" => ("受付締切", "soft-closed"),
        "CLOSED" => ("確定", "closed"),
        "REOPENED" => ("再開", "reopened"),
        "ACTIVE" => ("進行中", "active"),
        "SUSPENDED" => ("休止", "suspended"),
        "CANCELLED" => ("中止", "cancelled"),
        "CARRIED_OVER" => ("繰越", "carried over"),
        "SELF_EVALUATION" => ("自己評価", "self-evaluation"),
        "REVIEW" => ("二次評価", "review"),
        "FINALISATION" => ("確定", "final"),
        "LEVEL" => ("段階", "level"),
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
    use crate::domain::actual::{MemberState, MilestoneState, NilCause};
    use crate::domain::indicator::MeasureType;
    use crate::domain::period::PeriodState;
    use crate::domain::target::EndState;

    #[test]
    fn every_state_has_a_word() {
        let mut codes: Vec<&str> = Vec::new();
        codes.extend(MemberState::ALL.iter().map(|state| state.code()));
        codes.extend(MilestoneState::ALL.iter().map(|state| state.code()));
        codes.extend(NilCause::ALL.iter().map(|cause| cause.code()));
        codes.extend(PeriodState::ALL.iter().map(|state| state.code()));
        codes.extend(EndState::ALL.iter().map(|state| state.code()));
        for code in MeasureType::ALL.iter().map(|measure| measure.code()) {
            assert!(kind(Language::Ja, code).is_some(), "{code}");
        }
        for code in codes {
            for language in [Language::Ja, Language::En] {
                assert!(word(language, code).is_some(), "{code}");
            }
        }
    }

    #[test]
    fn codes_are_told_in_words_and_what_people_wrote_stays() {
        let ja = |field, text| value(Language::Ja, field, text);
        assert_eq!(ja("actual", "STARTED (2023-07-31)"), "着手 (2023-07-31)");
        assert_eq!(ja("entry", "LED COMPLETED"), "LED 完了");
        assert_eq!(ja("entry", "DONE-A NOT_DONE"), "DONE-A 未実施");
        assert_eq!(
            ja("period", "mid-year CLOSED 1 (2023-04-01/2023-09-30)"),
            "mid-year 確定 1 (2023-04-01/2023-09-30)"
        );
        assert_eq!(
            ja(
                "policy_content",
                "TARGET_RAISED CLERK|SECTION_CHIEF > - > DIRECTOR >> EVALUATOR"
            ),
            "目標の引上げ・前倒し 担当|課等長 > - > 部長 >> 副市長・市長"
        );
        assert_eq!(ja("narrative", "OPEN"), "OPEN");
        assert_eq!(value(Language::En, "entry", "LEVEL 3"), "level 3");
    }
}
