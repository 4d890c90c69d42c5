//! Names of the API's choices for people, in Japanese and English.

use crate::api::v1;
use crate::cli::language::pick;
use crate::domain::evaluation::{Achievement, Obstacle, Remark, Status};
use crate::domain::text::Language;

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident($type:ident) { $($variant:ident => $ja:literal, $en:literal;)* })*) => {$(
        $(#[$doc])*
        pub fn $name(language: Language, choice: v1::$type) -> &'static str {
            match choice {
                v1::$type::Unspecified => "?",
                $(v1::$type::$variant => pick(language, $ja, $en),)*
            }
        }
    )*};
}

labels! {
    /// A type of event.
    event_type(EventType) {
        LedgerOpened => "台帳開設", "ledger opened";
        PlanPublished => "計画公表", "plan published";
        ImportAccepted => "一括取込", "import accepted";
        OrgUnitRegistered => "組織登録", "unit registered";
        OrgUnitChanged => "組織改編", "unit changed";
        GoalSet => "組織目標設定", "goal set";
        GoalReworded => "組織目標の文言変更", "goal reworded";
        GoalMoved => "組織目標の移動", "goal moved";
        GoalSuspended => "休止", "goal suspended";
        GoalResumed => "再開", "goal resumed";
        GoalCancelled => "組織目標の中止", "goal cancelled";
        GoalCarriedOver => "繰越", "goal carried over";
        InitiativeSet => "取組内容設定", "initiative set";
        InitiativeReworded => "取組内容の文言変更", "initiative reworded";
        InitiativeMoved => "取組内容の体系変更", "initiative moved";
        InitiativeCancelled => "取組内容の中止", "initiative cancelled";
        ResponsibilityTransferred => "担当の移管", "responsibility transferred";
        IndicatorDefined => "指標定義", "indicator defined";
        IndicatorReworded => "指標の文言変更", "indicator reworded";
        IndicatorMoved => "指標の体系変更", "indicator moved";
        IndicatorRedefined => "指標定義変更", "indicator redefined";
        IndicatorCancelled => "指標の中止", "indicator cancelled";
        BaselineSet => "基準値設定", "baseline set";
        TargetSet => "目標値設定", "target set";
        TargetRevised => "目標変更", "target revised";
        PlanProfileSet => "計画線設定", "planned line set";
        ActualRecorded => "実績報告", "actual recorded";
        ActualCorrected => "実績訂正", "actual corrected";
        ActualRetracted => "実績取消", "actual retracted";
        DemandRecorded => "需要記録", "demand recorded";
        ForecastSubmitted => "見込み提出", "forecast submitted";
        NarrativeAdded => "状況説明", "narrative added";
        EvidenceAttached => "根拠資料添付", "evidence attached";
        PolicyPublished => "算定方針・評価基準公表", "policy published";
        PeriodOpened => "期間開始", "period opened";
        PeriodSoftClosed => "受付締切", "period soft-closed";
        PeriodClosed => "期間確定", "period closed";
        PeriodReopened => "期間再開", "period reopened";
        SnapshotTaken => "評価時点凍結", "snapshot taken";
        RestatementIssued => "修正公表", "restatement issued";
        SelfEvaluated => "自己評価", "self-evaluated";
        EvaluationReviewed => "二次評価", "evaluation reviewed";
        EvaluationFinalised => "評価確定", "evaluation finalised";
        NextActionAgreed => "今後の対応", "next action agreed";
        NextActionClosed => "対応完了", "next action closed";
        ReportingCalendarSet => "報告日程設定", "reporting calendar set";
        ActualConfirmed => "実績確認", "actual confirmed";
        AuditFindingRecorded => "監査指摘", "audit finding recorded";
        AuditFindingAnswered => "監査指摘への措置", "audit finding answered";
    }
    /// How an indicator stands towards a reporting round.
    reporting_state(ReportingState) {
        NotAsked => "対象外", "not asked";
        NotDue => "未到来", "not due";
        Awaited => "提出待ち", "awaited";
        Missing => "未報告", "missing";
        Nil => "実績なし", "nil";
        Reported => "報告済", "reported";
    }
    /// Where an audit finding stands.
    finding_state(FindingState) {
        Open => "未措置", "open";
        Overdue => "期限超過", "overdue";
        Answered => "措置済", "answered";
        ClosedLate => "期限後措置", "closed late";
    }
    /// Where an indicator stands.
    status(EvaluationStatus) {
        Achieved => "達成", "achieved";
        AchievedWithinTolerance => "達成（許容内）", "achieved within tolerance";
        AchievedLate => "遅れて達成", "achieved late";
        DemandMet => "需要充足", "demand met";
        OnTrack => "順調", "on track";
        SlightlyBehind => "やや遅れ", "slightly behind";
        Attention => "要注意", "attention";
        Behind => "遅れ", "behind";
        Overdue => "期限超過", "overdue";
        NotAchieved => "未達", "not achieved";
        Breached => "未達確定", "breached";
        PlanLineUnset => "計画線未設定", "planned line not set";
        NotDue => "測定時期未到来", "not due";
        NoReport => "未報告", "no report";
        NotApplicable => "対象なし", "not applicable";
        Suspended => "休止", "suspended";
        Cancelled => "中止", "cancelled";
        CarriedOver => "繰越", "carried over";
        NotEvaluable => "評価不能", "not evaluable";
    }
    /// Why something came as it did.
    cause_code(CauseCode) {
        Staff => "人員", "staff";
        Budget => "予算", "budget";
        TenderFailed => "入札不調", "tender failed";
        External => "外部要因", "external cause";
        DemandFell => "需要減", "demand fell";
        Partner => "関係機関", "another organisation";
        PlanTooHigh => "目標過大", "aimed too high";
        Other => "その他", "other";
    }
    /// What becomes of the work.
    action_kind(ActionKind) {
        Continue => "継続", "continue";
        Improve => "改善", "improve";
        Expand => "拡大", "expand";
        Shrink => "縮小", "shrink";
        Stop => "中止", "stop";
    }
    /// How an agreed action ended.
    action_outcome(ActionOutcome) {
        Done => "完了", "done";
        Dropped => "取りやめ", "dropped";
        CarriedOn => "引継ぎ", "carried on";
    }
    /// How far a period is closed.
    period_state(PeriodState) {
        Open => "受付中", "open";
        SoftClosed => "受付締切", "soft-closed";
        Closed => "確定", "closed";
        Reopened => "再開", "reopened";
    }
    /// What a policy rules.
    policy_kind(PolicyKind) {
        Evaluation => "算定方針", "evaluation policy";
        Rubric => "評価基準", "rubric";
    }
    /// Why something was changed.
    reason_code(ReasonCode) {
        EntryError => "入力誤り", "entry error";
        LateData => "報告遅れ", "late data";
        SourceRevised => "元資料の修正", "source revised";
        Duplicate => "重複", "duplicate";
        WrongIndicator => "指標違い", "wrong indicator";
        MethodError => "算定方法の誤り", "method error";
        DefinitionChange => "定義の変更", "definition change";
        ProvisionalFinalised => "速報値の確定", "provisional figure finalised";
        Irregularity => "不適切な処理", "irregularity";
        PlanReview => "計画の見直し", "plan review";
        ExternalCause => "外部要因", "external cause";
        Budget => "予算", "budget";
        DemandChange => "需要の変化", "demand change";
        Reorganisation => "組織改編", "reorganisation";
        Other => "その他", "other";
    }
    /// Why there is nothing to report.
    nil_cause(NilCause) {
        NoActivity => "活動なし", "no activity";
        NoDemand => "需要なし", "no demand";
        NotMeasured => "未測定", "not measured";
    }
    /// The state of a milestone.
    milestone_state(MilestoneState) {
        NotStarted => "未着手", "not started";
        Started => "着手", "started";
        Decided => "決定", "decided";
        Completed => "完了", "completed";
        InOperation => "稼働", "in operation";
    }
    /// The state in which a milestone counts as reached.
    end_state(EndState) {
        Started => "着手", "started";
        Completed => "完了", "completed";
        Decided => "決定", "decided";
        InOperation => "稼働", "in operation";
    }
    /// The state of a member.
    member_state(MemberState) {
        NotDone => "未実施", "not done";
        Done => "実施済", "done";
    }
    /// What is measured.
    measure_type(MeasureType) {
        Count => "件数", "count";
        Level => "水準", "level";
        Ratio => "率", "share";
        Mean => "平均", "mean";
        RatePerPeriod => "月当たり", "rate per month";
        Quantity => "数量", "quantity";
        Stage => "進捗率", "stage";
        Coverage => "対象一覧", "coverage";
        Milestone => "工程", "milestone";
        Qualitative => "定性", "qualitative";
        Composite => "複合", "composite";
    }
    /// In which form progress is entered.
    entry_kind(EntryKind) {
        Increment => "増加分", "increment";
        Absolute => "時点の値", "level on a date";
        NumDen => "分子と分母", "numerator and denominator";
        MemberState => "対象別の状況", "state of a member";
        MemberValue => "対象別の値", "value of a member";
        MilestoneState => "工程の状況", "state of a milestone";
        RubricLevel => "評価段階", "level of a rubric";
    }
    /// What has become of something.
    phase(Phase) {
        Active => "進行中", "active";
        Suspended => "休止", "suspended";
        Cancelled => "中止", "cancelled";
        CarriedOver => "繰越", "carried over";
        Upcoming => "開始前", "upcoming";
    }
    /// What an auditor should look at.
    change_flag(ChangeFlag) {
        Late => "遅れて記録", "recorded late";
        Retroactive => "遡及", "retroactive";
    }
    /// What kind of unit.
    unit_kind(UnitKind) {
        Department => "部", "department";
        Section => "課等", "section";
        Other => "その他", "other";
    }
    /// What is unusual.
    flag_kind(FlagKind) {
        RetroactiveTarget => "遡及する目標変更", "retroactive target";
        LateLowering => "終盤・遅れ中の引下げ", "lowered late";
        TargetLowered => "目標の引下げ", "target lowered";
        DuePostponed => "期限の延期", "due day put off";
        TargetAfterLastActual => "結果判明後の目標変更", "target after the result";
        AchievedByRevision => "目標変更後達成", "achieved by revision";
        LateReport => "報告遅れ", "late report";
        LateAfterCutoff => "受付締切後の報告", "after the cutoff";
        CorrectedAfterClose => "確定後の訂正", "changed after the close";
        StatusChangedByCorrection => "訂正による判定変更", "correction changed a status";
        RepeatedCorrection => "訂正の繰返し", "corrected again";
        SelfReviewed => "自己評価者による二次評価", "reviewed by themselves";
        GradeOverridden => "算定と異なる評価", "grade overridden";
        ValueSpike => "値の急増", "value spike";
        FarAboveTarget => "目標を大きく超過", "far above target";
        LevelDrop => "水準の低下", "level drop";
        PossibleDuplicate => "重複の疑い", "possible duplicate";
        EndOfPeriodRush => "期末集中", "end of period rush";
        IdenticalRoundNumbers => "同一の丸い数", "identical round numbers";
        NoEvidence => "根拠資料なし", "no evidence";
        NeverReported => "未報告", "never reported";
        NilReported => "実績なし報告", "reported as nothing";
        DefinitionChanged => "定義変更", "definition changed";
        CapBreached => "上限超過", "cap exceeded";
        ZeroBehindTotal => "内訳に未着手", "zero behind the total";
        NoDemand => "需要なし", "no demand";
        ResponsibilityMoved => "担当の移管", "responsibility moved";
        GoalEnded => "中止・休止・繰越", "ended";
        NoGoalUnderPillar => "目標のない柱", "no goal under pillar";
        NoNumericCriterion => "数値指標のない部", "no numeric criterion";
        NextActionOverdue => "今後の対応の遅れ", "next action overdue";
        SelfConfirmed => "報告者による確認", "self-confirmed";
        Unconfirmed => "未確認の実績", "unconfirmed";
        FindingOverdue => "監査指摘の措置遅れ", "finding overdue";
    }
    /// What is worth a look.
    notice_kind(NoticeKind) {
        ValueSpike => "値の急増", "value spike";
        FarAboveTarget => "目標を大きく超過", "far above target";
        LevelDrop => "水準の低下", "level drop";
        OldDate => "古い日付", "old date";
        PossibleDuplicate => "重複の疑い", "possible duplicate";
        RetroactiveTarget => "遡及する目標", "retroactive target";
        LateAfterCutoff => "締切後の報告", "reported after the cutoff";
        CorrectedAfterClose => "確定後の訂正", "corrected after the close";
        LateLowering => "年度末近くの引下げ", "lowered late in the year";
    }
    /// Which figure is explained.
    explained_figure(ExplainedFigure) {
        Actual => "実績", "actual";
        Attainment => "達成率", "attainment";
        Target => "目標", "target";
    }
    /// What a report does for a figure.
    contribution_role(ContributionRole) {
        Adds => "加算", "adds";
        OpenMonth => "加算（月未了）", "adds, its month is open";
        Decides => "採用", "decides";
        Outdone => "不採用", "outdone";
        OtherPart => "内訳のみ", "for its part only";
        Nil => "実績なし報告", "nothing to report";
        OutsideSet => "対象外", "outside the set";
        Later => "後日分", "of a later day";
        Replaced => "訂正済", "replaced";
        Retracted => "取消済", "taken back";
        OtherSeries => "別系列", "of another series";
    }
    /// Which way a target was changed.
    target_direction(TargetDirection) {
        First => "当初設定", "first";
        Raised => "引上げ", "raised";
        Lowered => "引下げ", "lowered";
        Postponed => "延期", "put off";
        BroughtForward => "前倒し", "brought forward";
        Otherwise => "その他", "otherwise";
    }
    /// What a stream is about.
    stream_kind(StreamKind) {
        Ledger => "台帳", "ledger";
        Plan => "計画", "plan";
        Org => "組織", "unit";
        Goal => "目標", "goal";
    }
    /// How a planned line runs.
    profile_kind(PlanProfileKind) {
        Linear => "均等", "even";
        MonthlyPlan => "月次計画", "monthly plan";
        ReferenceCurve => "前年の推移", "as in an earlier year";
        StepDates => "工程の期日", "due dates of checkpoints";
        AtEnd => "年度末", "at the end";
        None => "なし", "none";
    }
    /// How much a difference matters.
    materiality(Materiality) {
        Minor => "軽微", "minor";
        Major => "判定に影響", "major";
    }
    /// What became of a row.
    row_change(RowChange) {
        Changed => "変更", "changed";
        Added => "追加", "added";
        Removed => "除外", "removed";
    }
    /// Why a criterion cannot be compared with the year before.
    apart(Apart) {
        New => "新規", "new";
        Ended => "終了", "ended";
        Redefined => "定義の変更", "redefined";
        UnitChanged => "単位の変更", "unit changed";
        Ambiguous => "特定できない", "ambiguous";
        SetAside => "対象外", "set aside";
    }
    /// What kind of narrative.
    narrative_kind(NarrativeKind) {
        Cause => "要因", "cause";
        Risk => "リスク", "risk";
        Result => "成果", "result";
        Note => "備考", "note";
    }
}

/// What the domain calls what the API mirrors name by name.
macro_rules! domain_labels {
    ($($(#[$doc:meta])* $name:ident($type:ident = $prefix:literal, $domain:ident);)*) => {$(
        $(#[$doc])*
        pub fn $name(language: Language, choice: v1::$type) -> &'static str {
            let code = choice.as_str_name().strip_prefix($prefix);
            code.and_then($domain::from_code).map_or("?", |choice| choice.label(language))
        }
    )*};
}

domain_labels! {
    /// Where an indicator stands.
    evaluation_status(EvaluationStatus = "EVALUATION_STATUS_", Status);
    /// Why a figure cannot be computed.
    obstacle(Obstacle = "OBSTACLE_", Obstacle);
    /// Whether a target is reached.
    achievement(Achievement = "ACHIEVEMENT_", Achievement);
    /// What to know beside a figure.
    remark(Remark = "REMARK_", Remark);
}

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
    pick(language, ja, en)
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
        _ => return name,
    };
    pick(language, ja, en)
}
