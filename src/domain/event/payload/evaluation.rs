//! Judgements, and what is done next.

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::evaluation::judgement::{
    ActionKind, ActionOutcome, CauseCode, ComputedJudgement,
};
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::event::Subject;
use crate::domain::id::{ActionId, UnitId};
use crate::domain::personal::FreeText;

use super::payload;

payload! {
    /// Those who did the work judged it (自己評価).
    SelfEvaluated {
        /// What was judged.
        subject: Subject,
        /// For which period of its plan.
        period: Key,
        /// The grade given: the key of a level of the rubric; `None`: none was given.
        grade: Option<Key>,
        /// The rubric in force, filled in by the ledger; `None`: none is.
        rubric: Option<PolicyVersion>,
        /// What the figures alone come to, filled in by the server.
        computed: Option<ComputedJudgement>,
        /// Why it came so.
        cause: Option<CauseCode>,
        /// In words.
        comment: FreeText,
    }
}

payload! {
    /// Somebody else looked at a self-evaluation (二次評価).
    EvaluationReviewed {
        /// What was judged.
        subject: Subject,
        /// For which period of its plan.
        period: Key,
        /// The grade given; `None`: none was given.
        grade: Option<Key>,
        /// The rubric in force, filled in by the ledger; `None`: none is.
        rubric: Option<PolicyVersion>,
        /// What the figures alone come to, filled in by the server.
        computed: Option<ComputedJudgement>,
        /// In words.
        comment: FreeText,
    }
}

payload! {
    /// An evaluation was made final (評価確定).
    EvaluationFinalised {
        /// What was judged.
        subject: Subject,
        /// For which period of its plan.
        period: Key,
        /// The grade given; `None`: none was given.
        grade: Option<Key>,
        /// The rubric in force, filled in by the ledger; `None`: none is.
        rubric: Option<PolicyVersion>,
        /// What the figures alone come to, filled in by the server.
        computed: Option<ComputedJudgement>,
        /// In words.
        comment: Option<FreeText>,
    }
}

payload! {
    /// What is done next was agreed (今後の対応).
    NextActionAgreed {
        /// For what.
        subject: Subject,
        /// The action.
        action: ActionId,
        /// The period whose evaluation led to it.
        period: Key,
        /// What becomes of the work.
        kind: ActionKind,
        /// What is to be done.
        text: FreeText,
        /// The unit that answers for it.
        owner_unit: UnitId,
        /// Last day on time.
        due: Date,
    }
}

payload! {
    /// An agreed action ended (対応完了).
    NextActionClosed {
        /// For what it was agreed.
        subject: Subject,
        /// The action.
        action: ActionId,
        /// How it ended.
        outcome: ActionOutcome,
        /// What came of it.
        text: FreeText,
    }
}
