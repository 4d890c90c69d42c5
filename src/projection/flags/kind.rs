//! What auditors look for.

use crate::domain::indicator::enumeration;

enumeration! {
    /// What is unusual. Programs match on the code. A flag accuses nobody: it says where to look, and what it rests on.
    FlagKind {
        /// 遡及する目標変更: a target was revised with effect from a day before it was recorded.
        RetroactiveTarget = "RETROACTIVE_TARGET",
        /// 終盤・遅れ中の引下げ: a target was made easier near the end of the cycle, or while work was behind.
        LateLowering = "LATE_LOWERING",
        /// 目標の引下げ: a target was made easier.
        TargetLowered = "TARGET_LOWERED",
        /// 期限の延期: a day to be done by was put off.
        DuePostponed = "DUE_POSTPONED",
        /// 結果判明後の目標変更: a target was revised when the result was known.
        TargetAfterLastActual = "TARGET_AFTER_LAST_ACTUAL",
        /// 目標変更後達成: reached on the target in force, not on the first.
        AchievedByRevision = "ACHIEVED_BY_REVISION",
        /// 報告遅れ: a report was recorded long after its day.
        LateReport = "LATE_REPORT",
        /// 受付締切後の報告: a report came in after its period was soft-closed.
        LateAfterCutoff = "LATE_AFTER_CUTOFF",
        /// 確定後の訂正: a report was added, corrected or taken back after its period was closed.
        CorrectedAfterClose = "CORRECTED_AFTER_CLOSE",
        /// 訂正による判定変更: a correction changed a status, and no restatement was issued for it.
        StatusChangedByCorrection = "STATUS_CHANGED_BY_CORRECTION",
        /// 訂正の繰返し: one report was corrected again and again.
        RepeatedCorrection = "REPEATED_CORRECTION",
        /// 自己評価者による二次評価: somebody reviewed or finalised their own evaluation.
        SelfReviewed = "SELF_REVIEWED",
        /// 算定と異なる評価: a grade is not the computed one.
        GradeOverridden = "GRADE_OVERRIDDEN",
        /// 値の急増: far more at once than ever before.
        ValueSpike = "VALUE_SPIKE",
        /// 目標を大きく超過: far above the target.
        FarAboveTarget = "FAR_ABOVE_TARGET",
        /// 水準の低下: a level fell at once.
        LevelDrop = "LEVEL_DROP",
        /// 重複の疑い: the same amount of the same day more than once.
        PossibleDuplicate = "POSSIBLE_DUPLICATE",
        /// 期末集中: months were reported together in the last days before the deadline.
        EndOfPeriodRush = "END_OF_PERIOD_RUSH",
        /// 同一の丸い数: the same round number month after month.
        IdenticalRoundNumbers = "IDENTICAL_ROUND_NUMBERS",
        /// 根拠資料なし: reports that nothing shows.
        NoEvidence = "NO_EVIDENCE",
        /// 未報告: nobody ever reported.
        NeverReported = "NEVER_REPORTED",
        /// 実績なし報告: reported as nothing, which is not silence.
        NilReported = "NIL_REPORTED",
        /// 定義変更: the definition changed in the cycle, and figures on both sides are not compared.
        DefinitionChanged = "DEFINITION_CHANGED",
        /// 上限超過: what was not to be exceeded was.
        CapBreached = "CAP_BREACHED",
        /// 内訳に未着手: a part stands at zero behind the total.
        ZeroBehindTotal = "ZERO_BEHIND_TOTAL",
        /// 需要なし: it fell short because nobody asked for it.
        NoDemand = "NO_DEMAND",
        /// 担当の移管: other sections answer for it, or another department.
        ResponsibilityMoved = "RESPONSIBILITY_MOVED",
        /// 中止・休止・繰越: it ended before its time.
        GoalEnded = "GOAL_ENDED",
        /// 目標のない柱: a pillar without any goal.
        NoGoalUnderPillar = "NO_GOAL_UNDER_PILLAR",
        /// 数値指標のない部: a department none of whose criteria is a number.
        NoNumericCriterion = "NO_NUMERIC_CRITERION",
        /// 今後の対応の遅れ: an agreed action is open after its day.
        NextActionOverdue = "NEXT_ACTION_OVERDUE",
        /// 報告者による確認: an entry was confirmed by its own author.
        SelfConfirmed = "SELF_CONFIRMED",
        /// 未確認の実績: entries of a round that is fixed were confirmed by nobody.
        Unconfirmed = "UNCONFIRMED",
        /// 監査指摘の措置遅れ: an audit finding is open after its day.
        FindingOverdue = "FINDING_OVERDUE",
        /// 起案者による決裁: somebody decided what they proposed.
        DecidedByDrafter = "DECIDED_BY_DRAFTER",
        /// 権限のない決裁: somebody decided who held no seat on that day that decides it.
        DecidedWithoutAuthority = "DECIDED_WITHOUT_AUTHORITY",
        /// 台帳外の決裁の記録遅れ: a decision made elsewhere was recorded long after it.
        DecisionRecordedLate = "DECISION_RECORDED_LATE",
        /// 後閲の遅れ: a decision made in another's place was not looked at in time.
        ReviewOverdue = "REVIEW_OVERDUE",
    }
}
