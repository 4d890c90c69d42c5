//! What people say of the figures, and what they agree to do next.

use crate::domain::code::Key;
use crate::domain::evaluation::Status;
use crate::domain::indicator::enumeration;

enumeration! {
    /// The steps of an evaluation.
    EvaluationStep {
        /// 自己評価.
        SelfEvaluation = "SELF_EVALUATION",
        /// 二次評価.
        Review = "REVIEW",
        /// 確定.
        Finalisation = "FINALISATION",
    }
}

enumeration! {
    /// Why something came as it did.
    CauseCode {
        /// 人員.
        Staff = "STAFF",
        /// 予算.
        Budget = "BUDGET",
        /// 入札不調: nobody tendered, or nobody at the price.
        TenderFailed = "TENDER_FAILED",
        /// 外部要因: weather, law, an epidemic.
        External = "EXTERNAL",
        /// 需要減: fewer asked for it.
        DemandFell = "DEMAND_FELL",
        /// 関係機関: it waited for another organisation.
        Partner = "PARTNER",
        /// 目標過大: more was aimed at than could be done.
        PlanTooHigh = "PLAN_TOO_HIGH",
        /// その他; the comment says what.
        Other = "OTHER",
    }
}

impl CauseCode {
    /// Whether it lies outside the organisation's own hands: the market, the public, other organisations.
    pub fn is_external(self) -> bool {
        match self {
            Self::TenderFailed | Self::External | Self::DemandFell | Self::Partner => true,
            Self::Staff | Self::Budget | Self::PlanTooHigh | Self::Other => false,
        }
    }
}

enumeration! {
    /// What becomes of the work.
    ActionKind {
        /// 継続: it goes on as it is.
        Continue = "CONTINUE",
        /// 改善: it is done otherwise.
        Improve = "IMPROVE",
        /// 拡大: more of it.
        Expand = "EXPAND",
        /// 縮小: less of it.
        Shrink = "SHRINK",
        /// 中止: it ends.
        Stop = "STOP",
    }
}

enumeration! {
    /// How an agreed action ended.
    ActionOutcome {
        /// 完了.
        Done = "DONE",
        /// 取りやめ.
        Dropped = "DROPPED",
        /// 引継ぎ: another action takes it up.
        CarriedOn = "CARRIED_ON",
    }
}

/// What the figures alone come to, beside what people judge.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComputedJudgement {
    /// The status.
    pub status: Status,
    /// The grade: the key of a level of the rubric; `None` where none can be computed.
    pub grade: Option<Key>,
}
