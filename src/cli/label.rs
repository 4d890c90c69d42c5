//! Names of the API's choices for people, in Japanese and English.

use crate::api::v1;
use crate::cli::language::pick;
use crate::domain::access::Role;
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedKind};
use crate::domain::decision::{
    ChangeKind, ConsultationOutcome, DecisionOutcome, ProposalState, ReviewOutcome,
};
use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, CauseCode};
use crate::domain::evaluation::{Achievement, Obstacle, Remark, Status};
use crate::domain::event::{EventType, ReasonCode};
use crate::domain::text::Language;

pub use crate::report::label::{field, row_field, row_value, value};

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
    /// How an indicator stands towards a reporting round.
    reporting_state(ReportingState) {
        NotAsked => "対象外", "not asked";
        NotDue => "未到来", "not due";
        Awaited => "提出待ち", "awaited";
        Missing => "未報告", "missing";
        Nil => "実績なし", "nil";
        Reported => "報告済", "reported";
    }
    /// How an attached file is found.
    evidence_state(EvidenceState) {
        Present => "保管", "kept";
        Matching => "一致", "matching";
        Missing => "なし", "MISSING";
        Elsewhere => "別に保管", "elsewhere";
        Altered => "改変あり", "ALTERED";
        Erased => "消去済", "erased";
        Unnamed => "未添付", "unnamed";
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
        Access => "権限方針", "access policy";
        Approval => "決裁規程", "approval";
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
        DecidedByDrafter => "起案者による決裁", "decided by its drafter";
        DecidedWithoutAuthority => "権限のない決裁", "decided without authority";
        DecisionRecordedLate => "台帳外の決裁の記録遅れ", "decision recorded late";
        ReviewOverdue => "後閲の遅れ", "post-review overdue";
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
        AuthorityNotJudged => "権限は未確認", "authority not judged";
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
    /// What kind of thing was asked for.
    access_class(AccessClass = "ACCESS_CLASS_", AccessClass);
    /// How an access ended.
    access_outcome(AccessOutcome = "ACCESS_OUTCOME_", AccessOutcome);
    /// What kind of thing something was asked of.
    accessed_kind(AccessedKind = "ACCESSED_KIND_", AccessedKind);
    /// A type of event.
    event_type(EventType = "EVENT_TYPE_", EventType);
    /// What a seat is for.
    seat_role(SeatRole = "SEAT_ROLE_", Role);
    /// Why something was changed.
    reason_code(ReasonCode = "REASON_CODE_", ReasonCode);
    /// Why something came as it did.
    cause_code(CauseCode = "CAUSE_CODE_", CauseCode);
    /// What becomes of the work.
    action_kind(ActionKind = "ACTION_KIND_", ActionKind);
    /// How an agreed action ended.
    action_outcome(ActionOutcome = "ACTION_OUTCOME_", ActionOutcome);
    /// What kind of change is proposed.
    change_kind(ChangeKind = "CHANGE_KIND_", ChangeKind);
    /// What somebody who was asked makes of a proposal.
    consultation_outcome(ConsultationOutcome = "CONSULTATION_OUTCOME_", ConsultationOutcome);
    /// What was decided of a proposal.
    decision_outcome(DecisionOutcome = "DECISION_OUTCOME_", DecisionOutcome);
    /// What an absent principal makes of a decision.
    review_outcome(ReviewOutcome = "REVIEW_OUTCOME_", ReviewOutcome);
    /// What has become of a proposal.
    proposal_state(ProposalState = "PROPOSAL_STATE_", ProposalState);
    /// Where an indicator stands.
    evaluation_status(EvaluationStatus = "EVALUATION_STATUS_", Status);
    /// Why a figure cannot be computed.
    obstacle(Obstacle = "OBSTACLE_", Obstacle);
    /// Whether a target is reached.
    achievement(Achievement = "ACHIEVEMENT_", Achievement);
    /// What to know beside a figure.
    remark(Remark = "REMARK_", Remark);
}
