//! Indicators and what is aimed at.

use crate::domain::code::Code;
use crate::domain::id::{EventId, IndicatorId, InitiativeId};
use crate::domain::indicator::Definition;
use crate::domain::target::{Baseline, PlanProfile, Target};
use crate::domain::text::{Text, Title};

use super::payload;

payload! {
    /// An indicator was defined (指標定義): definition version 1.
    IndicatorDefined {
        /// The indicator.
        indicator: IndicatorId,
        /// Its initiative.
        initiative: InitiativeId,
        /// Its code.
        code: Code,
        /// Short title.
        title: Title,
        /// The criterion's published text, verbatim.
        source_text: Text,
        /// How it is measured.
        definition: Definition,
        /// The indicator of an earlier plan that it goes on with. An indicator goes on in one other at most.
        continues: Option<IndicatorId>,
    }
}

payload! {
    /// An indicator's words were changed.
    IndicatorReworded {
        /// The indicator.
        indicator: IndicatorId,
        /// New title.
        title: Title,
        /// New text.
        source_text: Text,
        /// Fields of the definition that were assumed and are confirmed: they are right as they stand, and the series goes
        /// on.
        confirms: Vec<String>,
    }
}

payload! {
    /// An indicator was put under another initiative. Its history stays in the stream it began in.
    IndicatorMoved {
        /// The indicator.
        indicator: IndicatorId,
        /// The initiative it stood under.
        from_initiative: InitiativeId,
        /// The initiative it stands under from now on.
        to_initiative: InitiativeId,
    }
}

payload! {
    /// An indicator is measured otherwise (指標定義変更): a new definition version and a break in the series.
    IndicatorRedefined {
        /// The indicator.
        indicator: IndicatorId,
        /// The new version, one above the last.
        definition_version: u32,
        /// How it is measured from now on.
        definition: Definition,
    }
}

payload! {
    /// An indicator was given up.
    IndicatorCancelled {
        /// The indicator.
        indicator: IndicatorId,
    }
}

payload! {
    /// Where an indicator stood before (基準値設定).
    BaselineSet {
        /// The indicator.
        indicator: IndicatorId,
        /// The baseline.
        baseline: Baseline,
    }
}

payload! {
    /// The first target of an indicator (目標値設定).
    TargetSet {
        /// The indicator.
        indicator: IndicatorId,
        /// The target.
        target: Target,
    }
}

payload! {
    /// A new target in place of an earlier one (目標変更).
    TargetRevised {
        /// The indicator.
        indicator: IndicatorId,
        /// The event that set the target replaced.
        replaces: EventId,
        /// The target replaced. A client may leave it out or state what it expects; the ledger always stores it.
        before: Option<Target>,
        /// The target from the day of effect on.
        target: Target,
    }
}

payload! {
    /// The line along which progress is planned (月次計画設定).
    PlanProfileSet {
        /// The indicator.
        indicator: IndicatorId,
        /// The line.
        profile: PlanProfile,
        /// Whether it was inferred; an assumed line never makes a goal late.
        assumed: bool,
    }
}
