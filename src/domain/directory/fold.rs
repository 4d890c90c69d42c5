//! What each event changes of the directory.

use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::domain::dated::Dated;
use crate::domain::decision::ProposalState;
use crate::domain::event::{Payload, Recorded};
use crate::domain::id::{GoalId, IndicatorId, InitiativeId};
use crate::domain::org_unit::OrgUnit;
use crate::domain::plan::Plan;
use crate::domain::reporting::Calendar;
use crate::domain::text::{Text, Title};

use super::{
    Directory, GoalEntry, GoalPlace, IndicatorEntry, IndicatorPlace, InitiativeEntry,
    InitiativePlace, Named, Phase, Responsibility, Wording,
};

impl Directory {
    /// Folds in an event that has happened; all but structural events change nothing.
    pub fn apply(&mut self, recorded: &Recorded) {
        self.version += u64::from(recorded.event.payload.is_structural());
        self.access.count(&recorded.event.payload);
        self.operations.carry_out(recorded);
        let position = recorded.position;
        let from = recorded
            .event
            .valid
            .map_or_else(|| self.date_of(recorded.recorded_at), |v| v.from);
        match &recorded.event.payload {
            Payload::LedgerOpened(p) => {
                self.zone = TimeZone::get(p.time_zone.as_str()).ok();
                self.codes.insert(p.code.clone(), Named::Ledger);
                self.ledger = Some(Arc::new(p.clone()));
                self.trust.name(recorded, &p.origin);
            }
            Payload::LedgerContinued(p) => self.trust.name(recorded, &p.origin),
            Payload::KeyAnnounced(p) => self.trust.announce(recorded, p),
            Payload::KeyRetired(p) => self.trust.retire(recorded, p),
            Payload::KeyCompromised(p) => self.trust.compromise(recorded, p),
            Payload::HeadsRecorded(p) => self.trust.record_heads(recorded, p),
            Payload::PersonalDataErased(p) => self.trust.erase(recorded, p),
            Payload::EvidenceErased(p) => self.trust.erase_evidence(recorded, p),
            Payload::OperationAuthorised(p) => self.operations.authorise(recorded, p, from),
            Payload::PersonRegistered(p) => self.access.register(recorded, p, from),
            Payload::PersonChanged(p) => self.access.change(recorded, p, from),
            Payload::RoleGranted(p) => self.access.grant(recorded, p, from),
            Payload::RoleRevoked(p) => self.access.revoke(recorded, p, from),
            Payload::DelegationRegistered(p) => self.access.delegate(recorded, p, from),
            Payload::DelegationEnded(p) => self.access.end(recorded, p, from),
            Payload::ChangeProposed(p) => self.decisions.propose(recorded, p, from),
            Payload::ChangeConsulted(p) => self.decisions.consult(recorded, p, from),
            Payload::ChangeDecided(p) => self.decisions.decide(recorded, p, from),
            Payload::ChangeWithdrawn(p) => {
                self.decisions
                    .end(p.proposal, ProposalState::Withdrawn, from);
            }
            Payload::ProposalExpired(p) => {
                self.decisions.end(p.proposal, ProposalState::Expired, from);
            }
            Payload::DecisionReviewed(p) => self.decisions.review(recorded, p, from),
            Payload::PlanPublished(p) => {
                self.codes.insert(p.code.clone(), Named::Plan(p.plan));
                let plan = Plan {
                    id: p.plan,
                    code: p.code.clone(),
                    title: p.title.clone(),
                    cycle: p.cycle,
                    pillars: p.pillars.clone(),
                    source_sha256: p.source_sha256,
                };
                self.plans.insert(p.plan, Arc::new(plan));
            }
            Payload::PolicyPublished(p) => self.policies.apply(recorded, p, from),
            Payload::PeriodOpened(p) => self.periods.open(recorded, p, from),
            Payload::PeriodSoftClosed(p) => {
                self.periods.change(recorded, p.plan, &p.period, from);
            }
            Payload::PeriodClosed(p) => self.periods.change(recorded, p.plan, &p.period, from),
            Payload::PeriodReopened(p) => self.periods.change(recorded, p.plan, &p.period, from),
            Payload::SnapshotTaken(p) => self.periods.change(recorded, p.plan, &p.period, from),
            Payload::RestatementIssued(p) => {
                self.periods.change(recorded, p.plan, &p.period, from);
            }
            Payload::ReportingCalendarSet(p) => {
                if let Some(plan) = self.plans.get(&p.plan) {
                    self.rounds
                        .set(Calendar::of(recorded, p, from, plan.cycle), p.plan);
                }
            }
            Payload::AuditFindingRecorded(p) => self.findings.record(recorded, p, from),
            Payload::AuditFindingAnswered(p) => self.findings.answer(recorded, p, from),
            Payload::EvaluationFinalised(p) => {
                self.periods.finalise(recorded, p.subject, &p.period);
            }
            Payload::OrgUnitRegistered(p) => {
                self.codes.insert(p.code.clone(), Named::Unit(p.unit));
                let unit = OrgUnit {
                    id: p.unit,
                    code: p.code.clone(),
                    kind: p.kind,
                    from,
                    until: recorded.event.valid.and_then(|v| v.to),
                    names: Dated::new(from, position, p.name.clone()),
                    parents: Dated::new(from, position, p.parent),
                };
                self.units.insert(p.unit, Arc::new(unit));
            }
            Payload::OrgUnitChanged(p) => {
                let Some(unit) = self.units.get_mut(&p.unit) else {
                    return;
                };
                let unit = Arc::make_mut(unit);
                if p.dissolved {
                    unit.until = from.yesterday().ok();
                }
                if let Some(name) = &p.name {
                    unit.names.change(from, position, name.clone());
                }
                if p.parent.is_some() {
                    unit.parents.change(from, position, p.parent);
                }
            }
            Payload::GoalSet(p) => {
                self.codes.insert(p.code.clone(), Named::Goal(p.goal));
                self.goals_of_plan
                    .entry(p.plan)
                    .or_default()
                    .insert(position, p.goal);
                let place = GoalPlace {
                    department: p.department,
                    pillar: p.pillar,
                };
                let entry = GoalEntry {
                    plan: p.plan,
                    code: p.code.clone(),
                    from,
                    continues: p.continues,
                    place: Dated::new(from, position, place),
                    wording: Dated::new(from, position, wording(&p.title, &p.source_text)),
                    phase: Dated::new(from, position, Phase::Active),
                };
                self.goes_on(p.continues.map(Named::Goal), Named::Goal(p.goal));
                self.goals.insert(p.goal, Arc::new(entry));
            }
            Payload::GoalReworded(p) => self.on_goal(p.goal, |goal| {
                let wording = wording(&p.title, &p.source_text);
                goal.wording.change(from, position, wording);
            }),
            Payload::GoalMoved(p) => self.on_goal(p.goal, |goal| {
                let place = GoalPlace {
                    department: p.department,
                    pillar: p.pillar,
                };
                goal.place.change(from, position, place);
            }),
            Payload::GoalSuspended(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::Suspended(from));
            }),
            Payload::GoalResumed(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::Active);
            }),
            Payload::GoalCancelled(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::Cancelled(from));
            }),
            Payload::GoalCarriedOver(p) => self.on_goal(p.goal, |goal| {
                goal.phase.change(from, position, Phase::CarriedOver(from));
            }),
            Payload::InitiativeSet(p) => {
                self.codes
                    .insert(p.code.clone(), Named::Initiative(p.initiative));
                self.initiatives_ever
                    .entry(p.goal)
                    .or_default()
                    .insert(p.initiative);
                let place = InitiativePlace {
                    goal: p.goal,
                    number: p.number,
                };
                let responsibility = Responsibility {
                    from,
                    lead: p.lead_unit,
                    contributing: p.contributing_units.clone(),
                };
                let entry = InitiativeEntry {
                    home: p.goal,
                    code: p.code.clone(),
                    from,
                    continues: p.continues,
                    references: p.references.clone(),
                    place: Dated::new(from, position, place),
                    wording: Dated::new(from, position, wording(&p.title, &p.source_text)),
                    responsibility: Dated::new(from, position, responsibility),
                    phase: Dated::new(from, position, Phase::Active),
                };
                let continued = p.continues.map(Named::Initiative);
                self.goes_on(continued, Named::Initiative(p.initiative));
                self.initiatives.insert(p.initiative, Arc::new(entry));
            }
            Payload::InitiativeReworded(p) => self.on_initiative(p.initiative, |initiative| {
                let wording = wording(&p.title, &p.source_text);
                initiative.wording.change(from, position, wording);
            }),
            Payload::InitiativeMoved(p) => {
                self.initiatives_ever
                    .entry(p.to_goal)
                    .or_default()
                    .insert(p.initiative);
                self.on_initiative(p.initiative, |initiative| {
                    let place = InitiativePlace {
                        goal: p.to_goal,
                        number: p.number,
                    };
                    initiative.place.change(from, position, place);
                });
            }
            Payload::InitiativeCancelled(p) => self.on_initiative(p.initiative, |initiative| {
                let phase = Phase::Cancelled(from);
                initiative.phase.change(from, position, phase);
            }),
            Payload::ResponsibilityTransferred(p) => {
                self.on_initiative(p.initiative, |initiative| {
                    let responsibility = Responsibility {
                        from,
                        lead: p.lead_unit,
                        contributing: p.contributing_units.clone(),
                    };
                    initiative
                        .responsibility
                        .change(from, position, responsibility);
                });
            }
            Payload::IndicatorDefined(p) => {
                self.codes
                    .insert(p.code.clone(), Named::Indicator(p.indicator));
                let Some(initiative) = self.initiatives.get(&p.initiative) else {
                    return;
                };
                let place = IndicatorPlace {
                    initiative: p.initiative,
                    since: position,
                };
                let entry = IndicatorEntry {
                    home: initiative.home,
                    code: p.code.clone(),
                    from,
                    continues: p.continues,
                    place: Dated::new(from, position, place),
                    disclosure: Dated::new(from, position, p.definition.disclosure),
                    wording: Dated::new(from, position, wording(&p.title, &p.source_text)),
                    phase: Dated::new(from, position, Phase::Active),
                };
                self.indicators_ever
                    .entry(p.initiative)
                    .or_default()
                    .insert(p.indicator);
                let continued = p.continues.map(Named::Indicator);
                self.goes_on(continued, Named::Indicator(p.indicator));
                self.indicators.insert(p.indicator, Arc::new(entry));
            }
            Payload::IndicatorReworded(p) => self.on_indicator(p.indicator, |indicator| {
                let wording = wording(&p.title, &p.source_text);
                indicator.wording.change(from, position, wording);
            }),
            Payload::IndicatorMoved(p) => {
                self.indicators_ever
                    .entry(p.to_initiative)
                    .or_default()
                    .insert(p.indicator);
                self.on_indicator(p.indicator, |indicator| {
                    let place = IndicatorPlace {
                        initiative: p.to_initiative,
                        since: position,
                    };
                    indicator.place.change(from, position, place);
                });
            }
            Payload::IndicatorCancelled(p) => self.on_indicator(p.indicator, |indicator| {
                indicator
                    .phase
                    .change(from, position, Phase::Cancelled(from));
            }),
            Payload::IndicatorRedefined(p) => self.on_indicator(p.indicator, |indicator| {
                let disclosure = p.definition.disclosure;
                if disclosure != *indicator.disclosure.newest() {
                    indicator.disclosure.change(from, position, disclosure);
                }
            }),
            Payload::ImportAccepted(_)
            | Payload::BaselineSet(_)
            | Payload::TargetSet(_)
            | Payload::TargetRevised(_)
            | Payload::PlanProfileSet(_)
            | Payload::ActualRecorded(_)
            | Payload::ActualCorrected(_)
            | Payload::ActualRetracted(_)
            | Payload::ActualConfirmed(_)
            | Payload::DemandRecorded(_)
            | Payload::ForecastSubmitted(_)
            | Payload::NarrativeAdded(_)
            | Payload::EvidenceAttached(_)
            | Payload::SelfEvaluated(_)
            | Payload::EvaluationReviewed(_)
            | Payload::NextActionAgreed(_)
            | Payload::NextActionClosed(_)
            | Payload::AccessRecorded(_)
            | Payload::AccessesLeftOut(_) => {}
        }
    }

    fn goes_on(&mut self, earlier: Option<Named>, later: Named) {
        if let Some(earlier) = earlier {
            self.continued_by
                .entry(earlier)
                .or_default()
                .push_back(later);
        }
    }

    fn on_goal(&mut self, id: GoalId, change: impl FnOnce(&mut GoalEntry)) {
        if let Some(entry) = self.goals.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }

    fn on_initiative(&mut self, id: InitiativeId, change: impl FnOnce(&mut InitiativeEntry)) {
        if let Some(entry) = self.initiatives.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }

    fn on_indicator(&mut self, id: IndicatorId, change: impl FnOnce(&mut IndicatorEntry)) {
        if let Some(entry) = self.indicators.get_mut(&id) {
            change(Arc::make_mut(entry));
        }
    }
}

fn wording(title: &Title, source_text: &Text) -> Wording {
    Wording {
        title: title.clone(),
        source_text: source_text.clone(),
    }
}
