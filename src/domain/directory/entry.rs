//! Where goals, initiatives and indicators stand: their wording, their place, who answers, what has
//! become of them, each with every change by the day it takes effect.

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::dated::Dated;
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, PlanId, UnitId};
use crate::domain::indicator::{Disclosure, ExternalReference};
use crate::domain::text::{Text, Title};

/// What has become of a goal, initiative or indicator.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Phase {
    /// Work goes on.
    Active,
    /// Work rests since a date.
    Suspended(Date),
    /// Given up as of a date.
    Cancelled(Date),
    /// Goes on in another plan as of a date.
    CarriedOver(Date),
}

/// What something is called and the words it was published in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wording {
    /// Its short title.
    pub title: Title,
    /// Its text, verbatim.
    pub source_text: Text,
}

/// Under which department and pillar a goal stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct GoalPlace {
    /// The department.
    pub department: UnitId,
    /// Number of the pillar.
    pub pillar: u32,
}

/// Under which goal an initiative stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InitiativePlace {
    /// The goal.
    pub goal: GoalId,
    /// Its number there.
    pub number: u32,
}

/// Under which initiative an indicator stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IndicatorPlace {
    /// The initiative.
    pub initiative: InitiativeId,
    /// Position of the event that put it there: the order of indicators under an initiative.
    pub since: u64,
}

/// Who answers for an initiative from a date on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Responsibility {
    /// First day.
    pub from: Date,
    /// The section that answers.
    pub lead: UnitId,
    /// Sections that contribute.
    pub contributing: Vec<UnitId>,
}

impl Responsibility {
    /// The section that answers and those that contribute.
    pub fn units(&self) -> impl Iterator<Item = UnitId> + '_ {
        std::iter::once(self.lead).chain(self.contributing.iter().copied())
    }
}

/// What goals, initiatives and indicators have in common: since when they stand, their wording, what has
/// become of them.
macro_rules! standing {
    ($name:ident) => {
        impl $name {
            /// Whether it was set with effect by `date`.
            pub fn stands_on(&self, date: Date) -> bool {
                self.from <= date
            }

            /// Its wording as last recorded.
            pub fn wording(&self) -> &Wording {
                self.wording.newest()
            }

            /// Its wording on `date`.
            pub fn worded_on(&self, date: Date) -> &Wording {
                self.wording.on(date)
            }

            /// Its short title as last recorded.
            pub fn title(&self) -> &Title {
                &self.wording().title
            }

            /// Its text as last recorded.
            pub fn source_text(&self) -> &Text {
                &self.wording().source_text
            }

            /// What has become of it, as last recorded.
            pub fn phase(&self) -> Phase {
                *self.phase.newest()
            }

            /// What had become of it on `date`.
            pub fn phase_on(&self, date: Date) -> Phase {
                *self.phase.on(date)
            }

            /// Everything that ever became of it.
            pub fn phases(&self) -> &Dated<Phase> {
                &self.phase
            }
        }
    };
}
standing!(GoalEntry);
standing!(InitiativeEntry);
standing!(IndicatorEntry);

/// Where a goal stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GoalEntry {
    /// Its plan.
    pub plan: PlanId,
    /// Its code.
    pub code: Code,
    /// The first day it stands.
    pub from: Date,
    /// The goal of an earlier plan that it goes on with.
    pub continues: Option<GoalId>,
    pub(super) place: Dated<GoalPlace>,
    pub(super) wording: Dated<Wording>,
    pub(super) phase: Dated<Phase>,
}

impl GoalEntry {
    /// Where it stands, as last recorded.
    pub fn place(&self) -> GoalPlace {
        *self.place.newest()
    }

    /// Where it stands on `date`.
    pub fn placed_on(&self, date: Date) -> GoalPlace {
        *self.place.on(date)
    }

    /// Everywhere it ever stood.
    pub fn places(&self) -> &Dated<GoalPlace> {
        &self.place
    }

    /// Its department as last recorded.
    pub fn department(&self) -> UnitId {
        self.place().department
    }

    /// Its pillar as last recorded.
    pub fn pillar(&self) -> u32 {
        self.place().pillar
    }
}

/// Where an initiative stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InitiativeEntry {
    /// The goal whose stream holds its history.
    pub home: GoalId,
    /// Its code.
    pub code: Code,
    /// The first day it stands.
    pub from: Date,
    /// The initiative of an earlier plan that it goes on with.
    pub continues: Option<InitiativeId>,
    /// Clauses of other documents that it carries out.
    pub references: Vec<ExternalReference>,
    pub(super) place: Dated<InitiativePlace>,
    pub(super) wording: Dated<Wording>,
    pub(super) responsibility: Dated<Responsibility>,
    pub(super) phase: Dated<Phase>,
}

impl InitiativeEntry {
    /// Where it stands, as last recorded.
    pub fn place(&self) -> InitiativePlace {
        *self.place.newest()
    }

    /// Where it stands on `date`.
    pub fn placed_on(&self, date: Date) -> InitiativePlace {
        *self.place.on(date)
    }

    /// The goal it stands under, as last recorded.
    pub fn goal(&self) -> GoalId {
        self.place().goal
    }

    /// Its number there.
    pub fn number(&self) -> u32 {
        self.place().number
    }

    /// Who answers on `date`; before the first date, whoever was first.
    pub fn responsible_on(&self, date: Date) -> &Responsibility {
        self.responsibility.on(date)
    }

    /// Who answers after every transfer, those not yet in force included.
    pub fn responsible(&self) -> &Responsibility {
        self.responsibility.latest()
    }

    /// Who answers by the transfer last recorded, whatever its date.
    pub fn newest_responsible(&self) -> &Responsibility {
        self.responsibility.newest()
    }

    /// Everybody who ever answered for it, with the events that say so.
    pub fn transfers(&self) -> &Dated<Responsibility> {
        &self.responsibility
    }

    /// Everybody who ever answered for it, in the order of recording.
    pub fn responsibilities(&self) -> impl Iterator<Item = &Responsibility> {
        self.responsibility.versions().map(|version| &version.value)
    }
}

/// Where an indicator stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IndicatorEntry {
    /// The goal whose stream holds its history.
    pub home: GoalId,
    /// Its code.
    pub code: Code,
    /// The first day it stands.
    pub from: Date,
    /// The indicator of an earlier plan that it goes on with.
    pub continues: Option<IndicatorId>,
    pub(super) place: Dated<IndicatorPlace>,
    pub(super) disclosure: Dated<Disclosure>,
    pub(super) wording: Dated<Wording>,
    pub(super) phase: Dated<Phase>,
}

impl IndicatorEntry {
    /// Where it stands, as last recorded.
    pub fn place(&self) -> IndicatorPlace {
        *self.place.newest()
    }

    /// Where it stands on `date`.
    pub fn placed_on(&self, date: Date) -> IndicatorPlace {
        *self.place.on(date)
    }

    /// The initiative it stands under, as last recorded.
    pub fn initiative(&self) -> InitiativeId {
        self.place().initiative
    }

    /// Who may see it on `date`.
    pub fn disclosed_on(&self, date: Date) -> Disclosure {
        *self.disclosure.on(date)
    }
}
