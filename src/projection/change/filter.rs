//! What changes must satisfy, and the lists of the index that hold those that can.

use jiff::Timestamp;

use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{EventType, Lateness, ReasonCode, Recorded, Stream, StreamKind};
use crate::domain::id::{GoalId, PersonId, PlanId, UnitId};
use crate::domain::text::Name;
use crate::ledger::index::Term;

/// What an auditor should look at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ChangeFlag {
    /// A report that came late.
    Late,
    /// A change of course that takes effect before it was recorded.
    Retroactive,
}

/// What changes must satisfy, all at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ChangeFilter {
    /// By this actor.
    pub actor: Option<Name>,
    /// By this person, under whichever login.
    pub person: Option<PersonId>,
    /// Sent by this client application.
    pub client: Option<Name>,
    /// Of this stream.
    pub stream: Option<Stream>,
    /// About this, or what belongs to it.
    pub subject: Option<Named>,
    /// About this unit, or what it answered for when it was recorded.
    pub unit: Option<UnitId>,
    /// Of these types; empty: of all.
    pub types: Vec<EventType>,
    /// Only corrections and retractions of reports.
    pub corrections_only: bool,
    /// With these reasons; empty: with any or none.
    pub reasons: Vec<ReasonCode>,
    /// With a reason, or without.
    pub has_reason: Option<bool>,
    /// With evidence of its own, or without.
    pub has_evidence: Option<bool>,
    /// Allowed by a decision, or not.
    pub has_decision: Option<bool>,
    /// Recorded at or after.
    pub recorded_from: Option<Timestamp>,
    /// Recorded before.
    pub recorded_until: Option<Timestamp>,
    /// Holding for this day or a later one.
    pub valid_from: Option<Date>,
    /// Holding for this day or an earlier one.
    pub valid_until: Option<Date>,
    /// With one of these flags; empty: with any or none.
    pub flags: Vec<ChangeFlag>,
}

/// Types of events that replace a report or take it back.
const CORRECTIONS: [EventType; 2] = [EventType::ActualCorrected, EventType::ActualRetracted];
/// Lists that a plan as a subject may ask for; beyond, it is held against each event instead.
const LISTS_MAX: usize = 256;

impl ChangeFilter {
    /// The types asked for; `None`: all.
    fn types(&self) -> Option<Vec<EventType>> {
        let asked =
            |event_type: &EventType| self.types.is_empty() || self.types.contains(event_type);
        match self.corrections_only {
            true => Some(CORRECTIONS.into_iter().filter(asked).collect()),
            false if self.types.is_empty() => None,
            false => Some(self.types.clone()),
        }
    }

    /// Lists for each condition that the index knows: what can satisfy the filter is in one list of each.
    pub(super) fn lists(&self, directory: &Directory) -> Vec<Vec<Term>> {
        let one = |term: Option<Term>| term.map(|term| vec![term]);
        let reasons: &[ReasonCode] = match self.has_reason {
            Some(true) if self.reasons.is_empty() => ReasonCode::ALL,
            _ => &self.reasons,
        };
        let reasons: Vec<Term> = reasons.iter().copied().map(Term::reason).collect();
        let flags: Vec<Term> = self
            .flags
            .iter()
            .map(|flag| match flag {
                ChangeFlag::Late => Term::late(),
                ChangeFlag::Retroactive => Term::retroactive(),
            })
            .collect();
        // What reaches over both days holds for those between them, whichever is earlier.
        let days = self.valid_from.zip(self.valid_until);
        let months = days.and_then(|(one, other)| {
            let mut months = Term::months(one.min(other), one.max(other))?;
            months.push(Term::many_months());
            Some(months)
        });
        let subject = self.subject.and_then(|subject| {
            let lists = about(directory, subject);
            let too_many = matches!(subject, Named::Plan(_)) && LISTS_MAX < lists.len();
            (!too_many).then_some(lists)
        });
        [
            subject,
            one(self.stream.map(Term::stream)),
            one(self.unit.map(Term::unit)),
            one(self.actor.as_ref().map(Term::actor)),
            one(self.person.map(Term::person)),
            one(self.client.as_ref().map(Term::client)),
            self.types()
                .map(|types| types.into_iter().map(Term::event_type).collect()),
            Some(reasons).filter(|reasons| !reasons.is_empty()),
            one((self.has_evidence == Some(true)).then(Term::evidenced)),
            one((self.has_decision == Some(true)).then(Term::decided)),
            Some(flags).filter(|flags| !flags.is_empty()),
            months,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// Whether an event satisfies the filter, but for when it was recorded and what it is about: the index told.
    pub(super) fn satisfied_by(&self, directory: &Directory, recorded: &Recorded) -> bool {
        let event = &recorded.event;
        let span = event.valid.map(|valid| (valid.from, valid.counts_on()));
        let is = |wanted: Option<bool>, is: bool| wanted.is_none_or(|wanted| wanted == is);
        let by = |wanted: &Option<Name>, name: Option<&Name>| {
            wanted.as_ref().is_none_or(|wanted| Some(wanted) == name)
        };
        let event_type = event.payload.event_type();
        let code = event.reason.as_ref().map(|reason| reason.code);
        by(&self.actor, Some(&recorded.actor.subject))
            && self
                .person
                .is_none_or(|person| recorded.actor.person == Some(person))
            && by(&self.client, recorded.actor.client.as_ref())
            && self.stream.is_none_or(|stream| stream == event.stream)
            && self.types().is_none_or(|types| types.contains(&event_type))
            && (self.reasons.is_empty() || code.is_some_and(|code| self.reasons.contains(&code)))
            && is(self.has_reason, code.is_some())
            && is(self.has_evidence, !event.evidence.is_empty())
            && is(self.has_decision, event.decision.is_some())
            && self
                .valid_from
                .is_none_or(|day| span.is_some_and(|(_, last)| day <= last))
            && self
                .valid_until
                .is_none_or(|day| span.is_some_and(|(first, _)| first <= day))
            && (self.flags.is_empty() || self.has_flag(directory, recorded))
            && self.subject.is_none_or(|subject| match subject {
                Named::Plan(plan) => is_of_plan(directory, plan, event.stream),
                // The index told.
                _ => true,
            })
    }

    fn has_flag(&self, directory: &Directory, recorded: &Recorded) -> bool {
        let recorded_on = directory.date_of(recorded.recorded_at);
        let lateness = Lateness::of(&recorded.event, recorded_on);
        self.flags.iter().any(|flag| match flag {
            ChangeFlag::Late => lateness.late,
            ChangeFlag::Retroactive => lateness.retroactive,
        })
    }
}

/// The goal that a stream is about.
pub(super) fn goal_of(stream: Stream) -> Option<GoalId> {
    let is_goal = stream.kind == StreamKind::Goal;
    is_goal
        .then(|| GoalId::from_bytes(stream.id.as_bytes()).ok())
        .flatten()
}

/// Whether a stream is a plan's or that of one of its goals. What moves between goals stays in its plan.
fn is_of_plan(directory: &Directory, plan: PlanId, stream: Stream) -> bool {
    let goal = goal_of(stream).and_then(|goal| directory.goal(goal));
    stream == Stream::plan(plan) || goal.is_some_and(|goal| goal.plan == plan)
}

/// The lists that hold every event about `subject` or what belongs to it.
fn about(directory: &Directory, subject: Named) -> Vec<Term> {
    match subject {
        Named::Ledger => directory
            .ledger()
            .map(|ledger| Term::stream(Stream::ledger(ledger.ledger)))
            .into_iter()
            .collect(),
        Named::Unit(id) => vec![Term::unit(id)],
        Named::Indicator(id) => vec![Term::indicator(id)],
        Named::Initiative(id) => {
            // Indicators that were moved elsewhere keep what happened to them here.
            let mut terms = vec![Term::initiative(id)];
            terms.extend(directory.indicators_of(id).map(Term::indicator));
            terms
        }
        Named::Goal(id) => of_goal(directory, id),
        Named::Plan(id) => {
            let goals = directory.goals_of(id);
            let mut terms = vec![Term::stream(Stream::plan(id))];
            terms.extend(goals.map(|goal| Term::stream(Stream::goal(goal))));
            terms
        }
    }
}

fn of_goal(directory: &Directory, goal: GoalId) -> Vec<Term> {
    let mut terms = vec![Term::stream(Stream::goal(goal))];
    for id in directory.initiatives_of(goal) {
        if directory
            .initiative(id)
            .is_some_and(|initiative| initiative.home != goal)
        {
            terms.push(Term::initiative(id));
        }
        for id in directory.indicators_of(id) {
            if directory
                .indicator(id)
                .is_some_and(|indicator| indicator.home != goal)
            {
                terms.push(Term::indicator(id));
            }
        }
    }
    terms
}
