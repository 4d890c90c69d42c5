//! What a plan is made of: goals, initiatives, indicators with their targets.

use super::Reading;
use crate::api::v1;
use crate::domain::event::{
    BaselineSet, GoalCarriedOver, GoalMoved, GoalReworded, GoalSet, IndicatorDefined,
    IndicatorMoved, IndicatorRedefined, IndicatorReworded, InitiativeMoved, InitiativeReworded,
    InitiativeSet, PlanProfileSet, ResponsibilityTransferred, TargetRevised, TargetSet,
};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId};
use crate::domain::indicator::ExternalReference;
use crate::grpc::event::field::{At, optional};
use crate::grpc::event::resolver::Referable;
use crate::grpc::event::{definition, measure};

impl Reading<'_, '_> {
    pub(super) fn goal_set(&mut self, p: &v1::GoalSet) -> Option<GoalSet> {
        let at = self.at.then("goal_set");
        let plan = self.the(&at, "plan", &p.plan);
        let department = self.the(&at, "department", &p.department);
        let (goal, code) = self.introduced::<GoalId>(&at, "goal", &p.goal, &p.code);
        let pillar = self.faults.ordinal(&at.then("pillar"), p.pillar);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let continues = self.continued(&at, p.continues.as_deref());
        Some(GoalSet {
            goal: goal?,
            plan: plan?,
            code: code?,
            department: department?,
            pillar: pillar?,
            title: title?,
            source_text: source_text?,
            continues: continues?,
        })
    }

    /// What something of an earlier plan goes on in this.
    fn continued<T: Referable>(&mut self, at: &At<'_>, text: Option<&str>) -> Option<Option<T>> {
        optional(text, |text| self.the(at, "continues", text))
    }

    pub(super) fn goal_reworded(&mut self, p: &v1::GoalReworded) -> Option<GoalReworded> {
        let at = self.at.then("goal_reworded");
        let goal = self.the(&at, "goal", &p.goal);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        Some(GoalReworded {
            goal: goal?,
            title: title?,
            source_text: source_text?,
        })
    }

    pub(super) fn goal_moved(&mut self, p: &v1::GoalMoved) -> Option<GoalMoved> {
        let at = self.at.then("goal_moved");
        let goal = self.the(&at, "goal", &p.goal);
        let department = self.the(&at, "department", &p.department);
        let pillar = self.faults.ordinal(&at.then("pillar"), p.pillar);
        Some(GoalMoved {
            goal: goal?,
            department: department?,
            pillar: pillar?,
        })
    }

    pub(super) fn goal_carried_over(&mut self, p: &v1::GoalCarriedOver) -> Option<GoalCarriedOver> {
        let at = self.at.then("goal_carried_over");
        let goal = self.the(&at, "goal", &p.goal);
        let to_plan = self.the(&at, "to_plan", &p.to_plan);
        let to_goal = optional(p.to_goal.as_deref(), |text| self.the(&at, "to_goal", text));
        Some(GoalCarriedOver {
            goal: goal?,
            to_plan: to_plan?,
            to_goal: to_goal?,
        })
    }

    pub(super) fn initiative_set(&mut self, p: &v1::InitiativeSet) -> Option<InitiativeSet> {
        let at = self.at.then("initiative_set");
        let goal = self.the(&at, "goal", &p.goal);
        let (initiative, code) =
            self.introduced::<InitiativeId>(&at, "initiative", &p.initiative, &p.code);
        self.resolver.define_initiative(initiative, goal);
        let number = self.faults.ordinal(&at.then("number"), p.number);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let lead_unit = self.the(&at, "lead_unit", &p.lead_unit);
        let contributing_units = self.units(&at, "contributing_units", &p.contributing_units);
        let continues = self.continued(&at, p.continues.as_deref());
        let references = self.faults.list(
            &at,
            "references",
            &p.references,
            ExternalReference::OF_INITIATIVE_MAX,
            definition::external_reference,
        );
        Some(InitiativeSet {
            initiative: initiative?,
            goal: goal?,
            number: number?,
            code: code?,
            title: title?,
            source_text: source_text?,
            lead_unit: lead_unit?,
            contributing_units: contributing_units?,
            continues: continues?,
            references: references?,
        })
    }

    pub(super) fn initiative_reworded(
        &mut self,
        p: &v1::InitiativeReworded,
    ) -> Option<InitiativeReworded> {
        let at = self.at.then("initiative_reworded");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        Some(InitiativeReworded {
            initiative: initiative?,
            title: title?,
            source_text: source_text?,
        })
    }

    pub(super) fn initiative_moved(&mut self, p: &v1::InitiativeMoved) -> Option<InitiativeMoved> {
        let at = self.at.then("initiative_moved");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let from_goal = self.the(&at, "from_goal", &p.from_goal);
        let to_goal = self.the(&at, "to_goal", &p.to_goal);
        let number = self.faults.ordinal(&at.then("number"), p.number);
        Some(InitiativeMoved {
            initiative: initiative?,
            from_goal: from_goal?,
            to_goal: to_goal?,
            number: number?,
        })
    }

    pub(super) fn responsibility_transferred(
        &mut self,
        p: &v1::ResponsibilityTransferred,
    ) -> Option<ResponsibilityTransferred> {
        let at = self.at.then("responsibility_transferred");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let lead_unit = self.the(&at, "lead_unit", &p.lead_unit);
        let contributing_units = self.units(&at, "contributing_units", &p.contributing_units);
        Some(ResponsibilityTransferred {
            initiative: initiative?,
            lead_unit: lead_unit?,
            contributing_units: contributing_units?,
        })
    }

    pub(super) fn indicator_defined(
        &mut self,
        p: &v1::IndicatorDefined,
    ) -> Option<IndicatorDefined> {
        let at = self.at.then("indicator_defined");
        let initiative = self.the(&at, "initiative", &p.initiative);
        let at_definition = at.then("definition");
        let definition = definition::definition(
            self.faults,
            self.resolver,
            &at_definition,
            p.definition.as_ref(),
        );
        let (indicator, code) =
            self.introduced::<IndicatorId>(&at, "indicator", &p.indicator, &p.code);
        self.resolver.define_indicator(indicator, initiative);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let continues = self.continued(&at, p.continues.as_deref());
        Some(IndicatorDefined {
            indicator: indicator?,
            initiative: initiative?,
            code: code?,
            title: title?,
            source_text: source_text?,
            definition: definition?,
            continues: continues?,
        })
    }

    pub(super) fn indicator_reworded(
        &mut self,
        p: &v1::IndicatorReworded,
    ) -> Option<IndicatorReworded> {
        let at = self.at.then("indicator_reworded");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let source_text = self.faults.text(&at.then("source_text"), &p.source_text);
        let confirms = definition::field_names(self.faults, &at, "confirms", &p.confirms);
        Some(IndicatorReworded {
            indicator: indicator?,
            title: title?,
            source_text: source_text?,
            confirms: confirms?,
        })
    }

    pub(super) fn indicator_moved(&mut self, p: &v1::IndicatorMoved) -> Option<IndicatorMoved> {
        let at = self.at.then("indicator_moved");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let from_initiative = self.the(&at, "from_initiative", &p.from_initiative);
        let to_initiative = self.the(&at, "to_initiative", &p.to_initiative);
        Some(IndicatorMoved {
            indicator: indicator?,
            from_initiative: from_initiative?,
            to_initiative: to_initiative?,
        })
    }

    pub(super) fn indicator_redefined(
        &mut self,
        p: &v1::IndicatorRedefined,
    ) -> Option<IndicatorRedefined> {
        let at = self.at.then("indicator_redefined");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let version = self
            .faults
            .ordinal(&at.then("definition_version"), p.definition_version);
        let at_definition = at.then("definition");
        let definition = definition::definition(
            self.faults,
            self.resolver,
            &at_definition,
            p.definition.as_ref(),
        );
        Some(IndicatorRedefined {
            indicator: indicator?,
            definition_version: version?,
            definition: definition?,
        })
    }

    pub(super) fn baseline_set(&mut self, p: &v1::BaselineSet) -> Option<BaselineSet> {
        let at = self.at.then("baseline_set");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let baseline = measure::baseline(self.faults, &at.then("baseline"), p.baseline.as_ref());
        Some(BaselineSet {
            indicator: indicator?,
            baseline: baseline?,
        })
    }

    pub(super) fn target_set(&mut self, p: &v1::TargetSet) -> Option<TargetSet> {
        let at = self.at.then("target_set");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let target = measure::target(self.faults, &at.then("target"), p.target.as_ref());
        Some(TargetSet {
            indicator: indicator?,
            target: target?,
        })
    }

    pub(super) fn target_revised(&mut self, p: &v1::TargetRevised) -> Option<TargetRevised> {
        let at = self.at.then("target_revised");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let replaces = self.faults.id(&at.then("replaces"), &p.replaces);
        let before = optional(p.before.as_ref(), |before| {
            measure::target(self.faults, &at.then("before"), Some(before))
        });
        let target = measure::target(self.faults, &at.then("target"), p.target.as_ref());
        Some(TargetRevised {
            indicator: indicator?,
            replaces: replaces?,
            before: before?,
            target: target?,
        })
    }

    pub(super) fn plan_profile_set(&mut self, p: &v1::PlanProfileSet) -> Option<PlanProfileSet> {
        let at = self.at.then("plan_profile_set");
        let indicator = self.the(&at, "indicator", &p.indicator);
        let profile = measure::profile(self.faults, &at.then("profile"), p.profile.as_ref());
        Some(PlanProfileSet {
            indicator: indicator?,
            profile: profile?,
            assumed: p.assumed,
        })
    }
}
