//! What statuses, achievements, obstacles, remarks and judgements are called, in Japanese and English. The only place.

use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, CauseCode};
use crate::domain::evaluation::{Achievement, Obstacle, Remark, Status};
use crate::domain::text::labels;

labels! {
    Status {
        Achieved => "達成", "achieved";
        AchievedWithinTolerance => "達成（許容内）", "achieved within tolerance";
        AchievedLate => "遅れて達成", "achieved late";
        DemandMet => "需要充足", "demand met";
        OnTrack => "順調", "on track";
        SlightlyBehind => "やや遅れ", "slightly behind";
        Attention => "要注意", "needs attention";
        Behind => "遅れ", "behind";
        Overdue => "期限超過", "overdue";
        NotAchieved => "未達", "not achieved";
        Breached => "未達確定", "breached";
        PlanLineUnset => "計画線未設定", "no plan line";
        NotDue => "測定時期未到来", "not due yet";
        NoReport => "未報告", "no report";
        NotApplicable => "対象なし", "not applicable";
        Suspended => "休止", "suspended";
        Cancelled => "中止", "cancelled";
        CarriedOver => "繰越", "carried over";
        NotEvaluable => "評価不能", "not evaluable";
    }
    Achievement {
        Achieved => "達成", "achieved";
        WithinTolerance => "達成（許容内）", "achieved within tolerance";
        Late => "遅れて達成", "achieved late";
        NotAchieved => "未達", "not achieved";
    }
    Obstacle {
        NoReport => "未報告", "no report";
        NotMeasured => "未測定", "not measured";
        NoDemand => "需要なし", "no demand";
        NoTarget => "目標未設定", "no target";
        TargetZero => "目標が0以下", "the target is zero or below";
        BaselineMissing => "基準値なし", "no baseline";
        BaselineIsTarget => "基準値が目標値", "the baseline is the target";
        Qualitative => "定性評価", "qualitative";
        NoPlanLine => "計画線なし", "no plan line";
        NotDue => "測定時期未到来", "not due yet";
        NothingPlannedYet => "計画上は未着手", "nothing planned yet";
        NoMembers => "対象の登録なし", "the set has no members";
        NoCompleteMonth => "完了した月なし", "no complete month";
        ComponentNotComputable => "構成指標が算定不能", "a component cannot be computed";
        CycleNotBegun => "期間開始前", "not begun";
        CycleOver => "期間終了", "the cycle is over";
        AlreadyAchieved => "達成済", "achieved already";
        NoReference => "参照曲線なし", "no reference curve";
        OwnerOnly => "担当課の見込みのみ", "only its owner can tell";
        Suspended => "休止", "suspended";
        Cancelled => "中止", "cancelled";
        CarriedOver => "繰越", "carried over";
        SeriesBreak => "定義変更のため比較不能", "not comparable across a change of definition";
        BaselineBeyondTarget => "基準値が目標値を超過", "the baseline lies beyond the target";
        DemandUnknown => "需要の記録なし", "demand not recorded";
        NothingUsed => "使用なし", "nothing used";
        Breached => "未達確定", "breached";
        NotOfThisMeasure => "この指標では算定しない", "not for this kind of measure";
    }
    Remark {
        AchievedByRevision => "目標変更後達成", "achieved on the revised target only";
        PaceForReference => "参考", "for reference: the plan line is assumed";
        MustExceed => "超過が必要", "must exceed the target";
        MustBeBelow => "未満が必要", "must be below the target";
        UsageOfCap => "使用率", "usage of the cap";
        PartAtZero => "内訳に未着手", "a part stands at zero";
        PartUnreported => "内訳に未報告", "a part is not reported";
        MonthUnreported => "未報告の月あり", "a month is not reported";
        SeriesBroken => "定義変更あり", "the definition changed";
        ForecastGap => "見込みの差", "forecasts differ";
        ForecastMiss => "見込みは未達", "forecast to miss the target";
        BelowBaseline => "基準値未満", "worse than the baseline";
        DueAfterCycle => "目標は翌年度以降", "due after the cycle";
        BelowTargetSoFar => "目標未満", "below the target so far";
    }
    CauseCode {
        Staff => "人員", "staff";
        Budget => "予算", "budget";
        TenderFailed => "入札不調", "tender failed";
        External => "外部要因", "external cause";
        DemandFell => "需要減", "demand fell";
        Partner => "関係機関", "another organisation";
        PlanTooHigh => "目標過大", "aimed too high";
        Other => "その他", "other";
    }
    ActionKind {
        Continue => "継続", "continue";
        Improve => "改善", "improve";
        Expand => "拡大", "expand";
        Shrink => "縮小", "shrink";
        Stop => "中止", "stop";
    }
    ActionOutcome {
        Done => "完了", "done";
        Dropped => "取りやめ", "dropped";
        CarriedOn => "引継ぎ", "carried on";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::text::Language;

    #[test]
    fn statuses_and_remarks_have_names_of_their_own() {
        for language in [Language::Ja, Language::En] {
            let statuses: HashSet<_> = Status::ALL.iter().map(|s| s.label(language)).collect();
            assert_eq!(statuses.len(), Status::ALL.len());
            let remarks: HashSet<_> = Remark::ALL.iter().map(|r| r.label(language)).collect();
            assert_eq!(remarks.len(), Remark::ALL.len());
            let obstacles: HashSet<_> = Obstacle::ALL.iter().map(|o| o.label(language)).collect();
            assert_eq!(obstacles.len(), Obstacle::ALL.len());
        }
    }
}
