//! The rules: what may happen next.
//!
//! Pure: the clock's reading and new ids arrive with the proposal. One history and one proposal have one
//! outcome. Every broken rule is told at once, never only the first, as far as the next can still be judged.
//!
//! # Field paths
//!
//! A rejection names its field within the event, as the API spells it: fields of the envelope bare
//! (`valid_from`, `valid_to`, `reason.text`, `evidence`), fields of the payload under the event's name in
//! snake case (`actual_recorded.measurement.increment`, `goal_set.pillar`), elements of lists by index
//! (`plan_published.pillars[2].number`).

use std::fmt::Display;

use jiff::Timestamp;

use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{Actor, AuthMethod, Event, Payload};
use crate::domain::goal::Goal;
use crate::domain::operation::Operation;
use crate::domain::rejection::{Notice, NoticeKind, Reason, Rejection};

mod access;
mod access_log;
mod confirmation;
mod decision;
mod definition;
mod envelope;
mod evaluation;
mod finding;
mod lock;
mod measured;
mod notices;
mod opening;
mod operation;
mod period;
mod policy;
mod progress;
mod reporting;
mod structure;
mod target;
#[cfg(test)]
mod tests;
mod trust;
mod units;
mod values;

pub use notices::{LEVEL_KEPT_PERCENT, SPIKE_TIMES, TOTAL_PERCENT};
pub use opening::decide_opening;
pub use operation::undecided;

/// What other streams rule, who asks, and the time.
#[derive(Clone, Copy, Debug)]
pub struct LedgerContext<'a> {
    /// Plans, units, codes and what stands where, with the effect of the request's earlier events.
    pub directory: &'a Directory,
    /// Who asks.
    pub actor: &'a Actor,
    /// The server's time.
    pub now: Timestamp,
    /// Its civil date in the ledger's zone.
    pub today: Date,
}

/// What is to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct Decided {
    /// The events, the proposed one first.
    pub events: Vec<Event>,
    /// What somebody should look at.
    pub notices: Vec<Notice>,
}

/// Returns the events that carry out `proposed`, or every rule that forbids it.
///
/// `goal` is the state of the proposal's stream where that is a goal's; other streams have all their state
/// in the directory. What a client may leave to the ledger (the value replaced, the unit) is filled in.
pub fn decide(
    context: LedgerContext<'_>,
    goal: &Goal,
    proposed: &Event,
) -> Result<Decided, Vec<Rejection>> {
    let outcome = rules(context, goal, proposed);
    let judge = Judge {
        context,
        goal,
        proposed,
        rejections: Vec::new(),
        notices: Vec::new(),
    };
    let Some(required) = judge.decision_required() else {
        return outcome;
    };
    // Told with whatever else stands against it, so that what is proposed then is sound.
    let mut rejections = outcome.err().unwrap_or_default();
    rejections.push(required);
    Err(rejections)
}

/// What the rules say of `proposed`, whoever has to decide it.
fn rules(
    context: LedgerContext<'_>,
    goal: &Goal,
    proposed: &Event,
) -> Result<Decided, Vec<Rejection>> {
    let mut event = proposed.clone();
    let mut follows = None;
    let mut judge = Judge {
        context,
        goal,
        proposed,
        rejections: Vec::new(),
        notices: Vec::new(),
    };
    judge.envelope();
    judge.kind_of_ledger();
    match &mut event.payload {
        Payload::LedgerOpened(_) => judge.reject(Reason::LedgerOpenedOnce, ""),
        Payload::PlanPublished(p) => judge.plan_published(p),
        Payload::ImportAccepted(p) => judge.import_accepted(p),
        Payload::OrgUnitRegistered(p) => judge.org_unit_registered(p),
        Payload::OrgUnitChanged(p) => judge.org_unit_changed(p),
        Payload::GoalSet(p) => judge.goal_set(p),
        Payload::GoalReworded(p) => {
            judge.open_goal(p.goal, "goal");
        }
        Payload::GoalMoved(p) => judge.goal_moved(p),
        Payload::GoalSuspended(p) => judge.goal_suspended(p),
        Payload::GoalResumed(p) => judge.goal_resumed(p),
        Payload::GoalCancelled(p) => judge.goal_cancelled(p),
        Payload::GoalCarriedOver(p) => judge.goal_carried_over(p),
        Payload::InitiativeSet(p) => judge.initiative_set(p),
        Payload::InitiativeReworded(p) => {
            judge.open_initiative(p.initiative, "initiative");
        }
        Payload::InitiativeMoved(p) => judge.initiative_moved(p),
        Payload::InitiativeCancelled(p) => judge.initiative_cancelled(p),
        Payload::ResponsibilityTransferred(p) => judge.responsibility_transferred(p),
        Payload::IndicatorDefined(p) => judge.indicator_defined(p),
        Payload::IndicatorReworded(p) => judge.indicator_reworded(p),
        Payload::IndicatorMoved(p) => judge.indicator_moved(p),
        Payload::IndicatorRedefined(p) => judge.indicator_redefined(p),
        Payload::IndicatorCancelled(p) => judge.indicator_cancelled(p),
        Payload::BaselineSet(p) => judge.baseline_set(p),
        Payload::TargetSet(p) => judge.target_set(p),
        Payload::TargetRevised(p) => judge.target_revised(p),
        Payload::PlanProfileSet(p) => judge.plan_profile_set(p),
        Payload::ActualRecorded(p) => judge.actual_recorded(p),
        Payload::ActualCorrected(p) => judge.actual_corrected(p),
        Payload::ActualRetracted(p) => judge.actual_retracted(p),
        Payload::DemandRecorded(p) => judge.demand_recorded(p),
        Payload::ForecastSubmitted(p) => judge.forecast_submitted(p),
        Payload::NarrativeAdded(p) => judge.subject(&p.subject),
        Payload::EvidenceAttached(p) => judge.evidence_attached(p),
        Payload::PolicyPublished(p) => judge.policy_published(p),
        Payload::PeriodOpened(p) => judge.period_opened(p),
        Payload::PeriodSoftClosed(p) => judge.period_soft_closed(p),
        Payload::PeriodClosed(p) => judge.period_closed(p),
        Payload::PeriodReopened(p) => judge.period_reopened(p),
        Payload::SnapshotTaken(p) => judge.snapshot_taken(p),
        Payload::RestatementIssued(p) => judge.restatement_issued(p),
        Payload::SelfEvaluated(_)
        | Payload::EvaluationReviewed(_)
        | Payload::EvaluationFinalised(_) => judge.evaluated(&mut event.payload),
        Payload::NextActionAgreed(p) => judge.next_action_agreed(p),
        Payload::NextActionClosed(p) => judge.next_action_closed(p),
        Payload::ReportingCalendarSet(p) => judge.reporting_calendar_set(p),
        Payload::ActualConfirmed(p) => judge.actual_confirmed(p),
        Payload::AuditFindingRecorded(p) => judge.audit_finding_recorded(p),
        Payload::AuditFindingAnswered(p) => judge.audit_finding_answered(p),
        Payload::LedgerContinued(p) => judge.ledger_continued(p),
        Payload::KeyAnnounced(p) => judge.key_announced(p),
        Payload::KeyRetired(p) => judge.key_retired(p),
        Payload::KeyCompromised(p) => judge.key_compromised(p),
        Payload::HeadsRecorded(p) => judge.heads_recorded(p),
        Payload::PersonalDataErased(p) => judge.personal_data_erased(p),
        Payload::EvidenceErased(p) => judge.evidence_erased(p),
        Payload::OperationAuthorised(p) => event.valid = judge.operation_authorised(p),
        Payload::PersonRegistered(p) => judge.person_registered(p),
        Payload::PersonChanged(p) => judge.person_changed(p),
        Payload::RoleGranted(p) => judge.role_granted(p),
        Payload::RoleRevoked(p) => judge.role_revoked(p),
        Payload::DelegationRegistered(p) => judge.delegation_registered(p),
        Payload::DelegationEnded(p) => judge.delegation_ended(p),
        Payload::ChangeProposed(p) => judge.change_proposed(p),
        Payload::ChangeConsulted(p) => judge.change_consulted(p),
        Payload::ChangeDecided(p) => follows = judge.change_decided(p),
        Payload::ChangeWithdrawn(p) => judge.change_withdrawn(p),
        Payload::ProposalExpired(p) => judge.proposal_expired(p),
        Payload::DecisionReviewed(p) => judge.decision_reviewed(p),
        Payload::AccessRecorded(_) | Payload::AccessesLeftOut(_) => judge.access(),
    }
    if context.actor.method == AuthMethod::System
        && let Some(operation) = Operation::carried_out_by(&event.payload)
    {
        judge.rest_on_authorisation(&operation, &mut event);
    }
    if judge.rejections.is_empty() {
        Ok(Decided {
            events: std::iter::once(event).chain(follows).collect(),
            notices: judge.notices,
        })
    } else {
        Err(judge.rejections)
    }
}

/// One proposal before the rules, and what they found.
struct Judge<'a> {
    context: LedgerContext<'a>,
    goal: &'a Goal,
    proposed: &'a Event,
    rejections: Vec<Rejection>,
    notices: Vec<Notice>,
}

impl Judge<'_> {
    /// Refuses at `field` of the payload.
    fn reject(&mut self, reason: Reason, field: &str) {
        self.reject_with(reason, field, &[]);
    }

    /// Refuses at `field` of the payload, with figures for the message.
    fn reject_with(
        &mut self,
        reason: Reason,
        field: &str,
        values: &[(&'static str, &dyn Display)],
    ) {
        let path = self.path(field);
        self.reject_envelope(reason, &path, values);
    }

    /// Refuses a form at `field` of the payload, saying what is wrong with it.
    fn reject_form(&mut self, field: &str, problem: &str) {
        self.reject_with(Reason::FieldInvalid, field, &[("problem", &problem)]);
    }

    /// Refuses at `field` of the envelope.
    fn reject_envelope(
        &mut self,
        reason: Reason,
        field: &str,
        values: &[(&'static str, &dyn Display)],
    ) {
        let refusal = Rejection::new(reason, field);
        self.rejections.push(
            values
                .iter()
                .fold(refusal, |r, (name, value)| r.with(name, value)),
        );
    }

    /// Accepts, but flags `field` of the payload.
    fn notice(&mut self, kind: NoticeKind, field: &str, ja: String, en: String) {
        let field = self.path(field);
        self.notices.push(Notice {
            kind,
            field,
            ja,
            en,
        });
    }

    /// The path of `field` within the event.
    fn path(&self, field: &str) -> String {
        let event = self
            .proposed
            .payload
            .event_type()
            .code()
            .to_ascii_lowercase();
        if field.is_empty() {
            event
        } else {
            format!("{event}.{field}")
        }
    }

    /// The first day it holds, where one was given.
    fn from(&self) -> Option<Date> {
        self.proposed.valid.map(|valid| valid.from)
    }
}
