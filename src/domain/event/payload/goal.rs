//! Goals and initiatives.

use crate::domain::code::Code;
use crate::domain::id::{GoalId, InitiativeId, PlanId, UnitId};
use crate::domain::indicator::ExternalReference;
use crate::domain::text::{Text, Title};

use super::payload;

payload! {
    /// A goal was set (組織目標設定).
    GoalSet {
        /// The goal.
        goal: GoalId,
        /// Its plan.
        plan: PlanId,
        /// Its code.
        code: Code,
        /// The department that set it.
        department: UnitId,
        /// The pillar it stands under.
        pillar: u32,
        /// Short title.
        title: Title,
        /// The published text, verbatim.
        source_text: Text,
        /// The goal of an earlier plan that it goes on with. One goal may go on in several.
        continues: Option<GoalId>,
    }
}

payload! {
    /// A goal's words were changed, not what it asks for.
    GoalReworded {
        /// The goal.
        goal: GoalId,
        /// New title.
        title: Title,
        /// New text.
        source_text: Text,
    }
}

payload! {
    /// A goal went to another department or pillar.
    GoalMoved {
        /// The goal.
        goal: GoalId,
        /// Its department from now on.
        department: UnitId,
        /// Its pillar from now on.
        pillar: u32,
    }
}

payload! {
    /// Work on a goal rests (休止).
    GoalSuspended {
        /// The goal.
        goal: GoalId,
    }
}

payload! {
    /// Work on a goal goes on (再開).
    GoalResumed {
        /// The goal.
        goal: GoalId,
    }
}

payload! {
    /// A goal was given up (中止).
    GoalCancelled {
        /// The goal.
        goal: GoalId,
    }
}

payload! {
    /// A goal goes on in another plan (繰越).
    GoalCarriedOver {
        /// The goal.
        goal: GoalId,
        /// The plan it goes on in.
        to_plan: PlanId,
        /// The goal there, once it is set.
        to_goal: Option<GoalId>,
    }
}

payload! {
    /// An initiative was set (取組内容設定).
    InitiativeSet {
        /// The initiative.
        initiative: InitiativeId,
        /// Its goal.
        goal: GoalId,
        /// Its number in the goal, from 1.
        number: u32,
        /// Its code.
        code: Code,
        /// Short title.
        title: Title,
        /// The published text, verbatim.
        source_text: Text,
        /// The section that answers for it.
        lead_unit: UnitId,
        /// Sections that contribute.
        contributing_units: Vec<UnitId>,
        /// The initiative of an earlier plan that it goes on with. One initiative may go on in several.
        continues: Option<InitiativeId>,
        /// Clauses of other documents that it carries out.
        references: Vec<ExternalReference>,
    }
}

payload! {
    /// An initiative's words were changed.
    InitiativeReworded {
        /// The initiative.
        initiative: InitiativeId,
        /// New title.
        title: Title,
        /// New text.
        source_text: Text,
    }
}

payload! {
    /// An initiative was put under another goal (体系変更). Its history stays in the stream it began in.
    InitiativeMoved {
        /// The initiative.
        initiative: InitiativeId,
        /// The goal it stood under.
        from_goal: GoalId,
        /// The goal it stands under from now on.
        to_goal: GoalId,
        /// Its number there.
        number: u32,
    }
}

payload! {
    /// An initiative was given up.
    InitiativeCancelled {
        /// The initiative.
        initiative: InitiativeId,
    }
}

payload! {
    /// Other sections answer for an initiative (移管).
    ResponsibilityTransferred {
        /// The initiative.
        initiative: InitiativeId,
        /// The section that answers from now on.
        lead_unit: UnitId,
        /// Sections that contribute from now on.
        contributing_units: Vec<UnitId>,
    }
}
