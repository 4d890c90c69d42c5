//! What a request is about, as policies see it: looked up in the directory on the day in question.

use std::collections::{BTreeSet, HashSet};

use crate::auth::access::action::Action;
use crate::domain::date::Date;
use crate::domain::decision::Proposal;
use crate::domain::directory::Directory;
use crate::domain::event::{Actor, Event, GoalSet, Payload, Subject};
use crate::domain::finding::FindingReference;
use crate::domain::goal::Goal;
use crate::domain::id::{EventId, GoalId, IndicatorId, InitiativeId, PlanId, UnitId};
use crate::domain::period::{Lock, PeriodState};

/// What is asked for, without who asks.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Facts {
    /// What is done.
    pub action: Action,
    /// To what.
    pub resource: Resource,
    /// The civil day that units and responsibilities are looked up on.
    pub day: Date,
    /// Under which circumstances.
    pub circumstances: Circumstances,
}

/// What something is done to.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Resource {
    /// A goal, or what stands under it.
    Goal(GoalFacts),
    /// A plan.
    Plan(PlanFacts),
    /// The ledger as a whole.
    Ledger,
    /// The server.
    Server,
}

/// A goal as policies see it.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct GoalFacts {
    /// Which one.
    pub goal: GoalId,
    /// Its plan.
    pub plan: PlanId,
    /// The sections that answer on the day, in the order of their ids.
    pub sections: Vec<UnitId>,
    /// The department whose goal it is on the day.
    pub department: UnitId,
    /// Whether all that it says is marked PUBLIC.
    pub public: bool,
    /// Whether its year is closed.
    pub closed: bool,
}

/// A plan as policies see it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PlanFacts {
    /// Which one.
    pub plan: PlanId,
    /// Whether its year is closed.
    pub closed: bool,
}

/// How far the period is closed that a day falls in, for the indicator in question.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Closing {
    /// Reports are taken; also where the day falls in no period.
    #[default]
    Open,
    /// Reports are taken with a reason.
    SoftClosed,
    /// Reports are not taken.
    Closed,
}

impl Closing {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Open, Self::SoftClosed, Self::Closed];

    /// Its word in policies.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::SoftClosed => "soft_closed",
            Self::Closed => "closed",
        }
    }
}

/// Under which circumstances something is done.
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct Circumstances {
    /// How far the period is closed that the day falls in.
    pub period: Closing,
    /// Who wrote what is corrected, taken back or confirmed.
    pub author: Option<String>,
    /// Who proposed what is decided.
    pub proposer: Option<String>,
    /// The unit for which it is entered.
    pub on_behalf_of: Option<UnitId>,
    /// Whether a document or a file shows it.
    pub sourced: bool,
    /// Why personal texts are asked for.
    pub purpose: Option<String>,
    /// Whether a decision is recorded that was taken elsewhere.
    pub external: bool,
}

/// How policies name whoever acted: the person where one is known, else the login.
pub fn person_of(actor: &Actor) -> String {
    match (actor.person, &actor.issuer) {
        (Some(person), _) => person.to_string(),
        (None, Some(issuer)) => format!("{issuer}#{}", actor.subject),
        (None, None) => format!("#{}", actor.subject),
    }
}

/// What appending an event comes to: all of it has to be permitted. Nothing where what it is about is not there, which the
/// rules refuse: there is nothing to ask about; and where only the server makes such events, which the rules refuse too.
///
/// `goal` is the state of the event's stream, for whoever wrote the entries that it names.
pub fn facts_of(event: &Event, directory: &Directory, goal: &Goal, today: Date) -> Vec<Facts> {
    let Some(action) = Action::of(&event.payload) else {
        return Vec::new();
    };
    // The steps of a decision are about what the change is about.
    let step_of = proposal_of(event, directory);
    let (about, valid) = match step_of {
        Some(proposal) => (&*proposal.change.payload, proposal.change.valid),
        None => match &event.payload {
            Payload::ChangeProposed(p) => (&*p.change.payload, p.change.valid),
            other => (other, event.valid),
        },
    };
    let action = match about {
        Payload::OperationAuthorised(_) => action.on_operation(),
        _ => action,
    };
    let day = about.answered_on(valid, today);
    let Some(resource) = resource_of(about, directory, day) else {
        return Vec::new();
    };
    let mut circumstances = Circumstances {
        sourced: event.source_document.is_some() || !event.evidence.is_empty(),
        ..Circumstances::default()
    };
    if let Payload::ChangeDecided(p) = &event.payload {
        circumstances.external = p.external.is_some();
    }
    circumstances.proposer = step_of.map(|proposal| person_of(&proposal.drafted.actor));
    let mut authors = BTreeSet::new();
    if let Some(indicator) = about.indicator() {
        let closed_on = |day| closing(directory, indicator, day, today);
        circumstances.period = closed_on(valid.map_or(today, |valid| valid.counts_on()));
        let known = goal.indicator(indicator);
        let named = names_entries(about).iter();
        for entry in named.filter_map(|entry| known.and_then(|known| known.entry(*entry))) {
            authors.insert(person_of(entry.actor));
            // What is corrected or taken back counted on a day of its own, whichever the event names.
            if matches!(
                about,
                Payload::ActualCorrected(_) | Payload::ActualRetracted(_)
            ) {
                let then = closed_on(entry.valid.counts_on());
                circumstances.period = circumstances.period.max(then);
            }
        }
    }
    let doing = |action, resource: Resource, author: Option<String>| Facts {
        action,
        resource,
        day,
        circumstances: Circumstances {
            author,
            ..circumstances.clone()
        },
    };
    let one = |resource, author| doing(action, resource, author);
    let arrival = match step_of {
        // A proposal was asked about at both ends; it is decided on where the thing is.
        Some(_) => None,
        None => arrival_of(about, directory, day),
    };
    let arrival = arrival.map(|arrival| {
        // What goes to another department nobody proposes who could not move it there.
        let action = match department_of(&arrival) == department_of(&resource) {
            true => action,
            false => Action::of(about).unwrap_or(action),
        };
        doing(action, arrival, None)
    });
    let mut authors = authors.into_iter();
    let first = one(resource.clone(), authors.next());
    let others = authors.map(|author| one(resource.clone(), Some(author)));
    [first].into_iter().chain(others).chain(arrival).collect()
}

/// What reading a goal comes to today. `None`: there is no such goal.
pub fn reading_goal(directory: &Directory, goal: GoalId, today: Date) -> Option<Facts> {
    Some(Facts {
        action: Action::ReadGoal,
        resource: whole_goal(directory, goal, today)?,
        day: today,
        circumstances: Circumstances::default(),
    })
}

/// What reading a goal would come to today that is only proposed.
pub fn reading_set(directory: &Directory, set: &GoalSet, today: Date) -> Facts {
    Facts {
        action: Action::ReadGoal,
        resource: Resource::Goal(set_goal(directory, set)),
        day: today,
        circumstances: Circumstances::default(),
    }
}

/// What reading each goal comes to today; of goals that differ in their codes alone one stands for all, unless policies tell
/// goals `apart` by their codes.
pub fn reading_goals(directory: &Directory, today: Date, apart: bool) -> Vec<Facts> {
    let mut alike = HashSet::new();
    let facts = directory.goal_ids();
    let facts = facts.filter_map(|goal| reading_goal(directory, goal, today));
    let facts = facts.filter(|facts| match &facts.resource {
        Resource::Goal(of) if !apart => alike.insert((
            of.plan,
            of.sections.clone(),
            of.department,
            of.public,
            of.closed,
        )),
        _ => true,
    });
    facts.collect()
}

/// What reading a plan comes to. `None`: there is no such plan.
pub fn reading_plan(directory: &Directory, plan: PlanId, today: Date) -> Option<Facts> {
    Some(Facts {
        action: Action::ReadPlan,
        resource: plan_facts(directory, plan)?,
        day: today,
        circumstances: Circumstances::default(),
    })
}

/// What doing something to the ledger as a whole comes to.
pub fn on_ledger(action: Action, today: Date) -> Facts {
    Facts {
        action,
        resource: Resource::Ledger,
        day: today,
        circumstances: Circumstances::default(),
    }
}

/// The proposal that an event is a step of.
fn proposal_of<'d>(event: &Event, directory: &'d Directory) -> Option<&'d Proposal> {
    let proposal = match &event.payload {
        Payload::ChangeConsulted(p) => directory.proposal(p.proposal),
        Payload::ChangeDecided(p) => directory.proposal(p.proposal),
        Payload::ChangeWithdrawn(p) => directory.proposal(p.proposal),
        Payload::DecisionReviewed(p) => directory.decided(p.decision),
        _ => None,
    };
    proposal.map(|proposal| &**proposal)
}

/// The entries whose authors matter.
fn names_entries(payload: &Payload) -> &[EventId] {
    match payload {
        Payload::ActualCorrected(p) => std::slice::from_ref(&p.corrects),
        Payload::ActualRetracted(p) => std::slice::from_ref(&p.retracts),
        Payload::ActualConfirmed(p) => &p.entries,
        _ => &[],
    }
}

/// Where what is moved arrives: to be asked about as well as where it is taken from. The sections that answer for what is moved
/// count there too, where it is a goal of their own department.
fn arrival_of(payload: &Payload, directory: &Directory, day: Date) -> Option<Resource> {
    let (initiative, goal) = match payload {
        Payload::InitiativeMoved(p) => (p.initiative, p.to_goal),
        Payload::IndicatorMoved(p) => {
            let from = directory.indicator(p.indicator)?.placed_on(day).initiative;
            let to = directory.initiative(p.to_initiative)?;
            (from, to.placed_on(day).goal)
        }
        _ => return None,
    };
    let answering = directory.initiative(initiative)?.responsible_on(day);
    let sections = within_department(directory, goal, day, answering.units());
    under_goal(directory, goal, day, sections)
}

fn department_of(resource: &Resource) -> Option<UnitId> {
    match resource {
        Resource::Goal(goal) => Some(goal.department),
        Resource::Plan(_) | Resource::Ledger | Resource::Server => None,
    }
}

/// Those of `units` that belong to the department whose goal it is.
fn within_department(
    directory: &Directory,
    goal: GoalId,
    day: Date,
    units: impl Iterator<Item = UnitId>,
) -> BTreeSet<UnitId> {
    let department = directory
        .goal(goal)
        .map(|entry| entry.placed_on(day).department);
    units
        .filter(|unit| department.is_some() && directory.department_of(*unit, day) == department)
        .collect()
}

fn resource_of(payload: &Payload, directory: &Directory, day: Date) -> Option<Resource> {
    match payload {
        Payload::LedgerOpened(_)
        | Payload::LedgerContinued(_)
        | Payload::KeyAnnounced(_)
        | Payload::KeyRetired(_)
        | Payload::KeyCompromised(_)
        | Payload::HeadsRecorded(_)
        | Payload::PersonalDataErased(_)
        | Payload::EvidenceErased(_)
        | Payload::OperationAuthorised(_)
        | Payload::PersonRegistered(_)
        | Payload::PersonChanged(_)
        | Payload::RoleGranted(_)
        | Payload::RoleRevoked(_)
        | Payload::DelegationRegistered(_)
        | Payload::DelegationEnded(_)
        | Payload::AccessRecorded(_)
        | Payload::AccessesLeftOut(_)
        | Payload::PolicyPublished(_)
        | Payload::OrgUnitRegistered(_)
        | Payload::OrgUnitChanged(_) => Some(Resource::Ledger),
        // A change is looked up as itself; a step of a proposal that is not there is about nothing.
        Payload::ChangeProposed(_)
        | Payload::ChangeConsulted(_)
        | Payload::ChangeDecided(_)
        | Payload::ChangeWithdrawn(_)
        | Payload::ProposalExpired(_)
        | Payload::DecisionReviewed(_) => None,
        // A plan that is published is open.
        Payload::PlanPublished(p) => Some(Resource::Plan(PlanFacts {
            plan: p.plan,
            closed: is_closed(directory, p.plan),
        })),
        Payload::ImportAccepted(p) => plan_facts(directory, p.plan),
        Payload::PeriodOpened(p) => plan_facts(directory, p.plan),
        Payload::PeriodSoftClosed(p) => plan_facts(directory, p.plan),
        Payload::PeriodClosed(p) => plan_facts(directory, p.plan),
        Payload::PeriodReopened(p) => plan_facts(directory, p.plan),
        Payload::SnapshotTaken(p) => plan_facts(directory, p.plan),
        Payload::RestatementIssued(p) => plan_facts(directory, p.plan),
        Payload::ReportingCalendarSet(p) => plan_facts(directory, p.plan),
        Payload::AuditFindingRecorded(p) => plan_facts(directory, p.plan),
        Payload::AuditFindingAnswered(p) => plan_facts(directory, p.plan),
        Payload::GoalSet(p) => Some(Resource::Goal(set_goal(directory, p))),
        Payload::GoalReworded(p) => whole_goal(directory, p.goal, day),
        Payload::GoalMoved(p) => whole_goal(directory, p.goal, day),
        Payload::GoalSuspended(p) => whole_goal(directory, p.goal, day),
        Payload::GoalResumed(p) => whole_goal(directory, p.goal, day),
        Payload::GoalCancelled(p) => whole_goal(directory, p.goal, day),
        Payload::GoalCarriedOver(p) => whole_goal(directory, p.goal, day),
        // Whoever it is set for answers for it from then on. A goal of another department is not theirs to set anything under.
        Payload::InitiativeSet(p) => {
            let lead = std::iter::once(p.lead_unit);
            let sections = within_department(directory, p.goal, day, lead);
            under_goal(directory, p.goal, day, sections)
        }
        Payload::InitiativeReworded(p) => initiative_facts(directory, p.initiative, day),
        Payload::InitiativeMoved(p) => initiative_facts(directory, p.initiative, day),
        Payload::InitiativeCancelled(p) => initiative_facts(directory, p.initiative, day),
        Payload::ResponsibilityTransferred(p) => initiative_facts(directory, p.initiative, day),
        Payload::IndicatorDefined(p) => initiative_facts(directory, p.initiative, day),
        Payload::IndicatorReworded(p) => indicator_facts(directory, p.indicator, day),
        Payload::IndicatorMoved(p) => indicator_facts(directory, p.indicator, day),
        Payload::IndicatorRedefined(p) => indicator_facts(directory, p.indicator, day),
        Payload::IndicatorCancelled(p) => indicator_facts(directory, p.indicator, day),
        Payload::BaselineSet(p) => indicator_facts(directory, p.indicator, day),
        Payload::TargetSet(p) => indicator_facts(directory, p.indicator, day),
        Payload::TargetRevised(p) => indicator_facts(directory, p.indicator, day),
        Payload::PlanProfileSet(p) => indicator_facts(directory, p.indicator, day),
        Payload::ActualRecorded(p) => indicator_facts(directory, p.indicator, day),
        Payload::ActualCorrected(p) => indicator_facts(directory, p.indicator, day),
        Payload::ActualRetracted(p) => indicator_facts(directory, p.indicator, day),
        Payload::ActualConfirmed(p) => indicator_facts(directory, p.indicator, day),
        Payload::DemandRecorded(p) => indicator_facts(directory, p.indicator, day),
        Payload::ForecastSubmitted(p) => indicator_facts(directory, p.indicator, day),
        Payload::NarrativeAdded(p) => subject_facts(directory, p.subject, day),
        Payload::EvidenceAttached(p) => subject_facts(directory, p.subject, day),
        Payload::SelfEvaluated(p) => subject_facts(directory, p.subject, day),
        Payload::EvaluationReviewed(p) => subject_facts(directory, p.subject, day),
        Payload::EvaluationFinalised(p) => subject_facts(directory, p.subject, day),
        Payload::NextActionAgreed(p) => subject_facts(directory, p.subject, day),
        Payload::NextActionClosed(p) => subject_facts(directory, p.subject, day),
    }
}

/// A goal, an initiative or an indicator with whoever answers for just that.
pub fn subject_facts(directory: &Directory, subject: Subject, day: Date) -> Option<Resource> {
    match subject {
        Subject::Goal(id) => whole_goal(directory, id, day),
        Subject::Initiative(id) => initiative_facts(directory, id, day),
        Subject::Indicator(id) => indicator_facts(directory, id, day),
    }
}

/// The sections that answer for anything under a goal.
fn whole_goal(directory: &Directory, goal: GoalId, day: Date) -> Option<Resource> {
    let sections = directory
        .initiatives_of_on(goal, day)
        .filter_map(|id| directory.initiative(id))
        .flat_map(|initiative| initiative.responsible_on(day).units())
        .collect();
    under_goal(directory, goal, day, sections)
}

fn initiative_facts(directory: &Directory, id: InitiativeId, day: Date) -> Option<Resource> {
    let initiative = directory.initiative(id)?;
    let sections = initiative.responsible_on(day).units().collect();
    under_goal(directory, initiative.placed_on(day).goal, day, sections)
}

fn indicator_facts(directory: &Directory, id: IndicatorId, day: Date) -> Option<Resource> {
    let initiative = directory.indicator(id)?.placed_on(day).initiative;
    initiative_facts(directory, initiative, day)
}

fn under_goal(
    directory: &Directory,
    goal: GoalId,
    day: Date,
    sections: BTreeSet<UnitId>,
) -> Option<Resource> {
    let entry = directory.goal(goal)?;
    Some(Resource::Goal(GoalFacts {
        goal,
        plan: entry.plan,
        sections: sections.into_iter().collect(),
        department: entry.placed_on(day).department,
        public: directory.is_public(goal, day),
        closed: is_closed(directory, entry.plan),
    }))
}

fn plan_facts(directory: &Directory, plan: PlanId) -> Option<Resource> {
    directory.plan(plan)?;
    Some(Resource::Plan(PlanFacts {
        plan,
        closed: is_closed(directory, plan),
    }))
}

/// A goal as it is set: nobody works on it yet.
fn set_goal(directory: &Directory, set: &GoalSet) -> GoalFacts {
    GoalFacts {
        goal: set.goal,
        plan: set.plan,
        sections: Vec::new(),
        department: set.department,
        public: false,
        closed: is_closed(directory, set.plan),
    }
}

/// Whether a plan's year is closed: the period that holds the last day of its cycle is, and was not reopened.
fn is_closed(directory: &Directory, plan: PlanId) -> bool {
    let last = directory.plan(plan).map(|plan| plan.cycle.last());
    last.and_then(|last| directory.period_of_day(plan, last))
        .is_some_and(|period| period.state_now() == PeriodState::Closed)
}

fn closing(directory: &Directory, indicator: IndicatorId, day: Date, today: Date) -> Closing {
    let plan = directory.plan_of_subject(Subject::Indicator(indicator));
    let period = plan.and_then(|plan| directory.period_of_day(plan, day));
    match period.map(|period| period.lock_on(indicator, today)) {
        None | Some(Lock::Open) => Closing::Open,
        Some(Lock::Late(_)) => Closing::SoftClosed,
        Some(Lock::Closed(_)) => Closing::Closed,
    }
}

/// The goal that a finding is about first, where it is about one.
pub fn goal_of_finding(directory: &Directory, references: &[FindingReference]) -> Option<GoalId> {
    let subject = references.iter().find_map(FindingReference::subject)?;
    goal_of(directory, subject)
}

/// The goal that something stands under, as last recorded.
pub fn goal_of(directory: &Directory, subject: Subject) -> Option<GoalId> {
    let of_initiative = |id| Some(directory.initiative(id)?.goal());
    match subject {
        Subject::Goal(id) => directory.goal(id).map(|_| id),
        Subject::Initiative(id) => of_initiative(id),
        Subject::Indicator(id) => of_initiative(directory.indicator(id)?.initiative()),
    }
}
