//! What waits for a decision, or for a look at one.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::v1;
use crate::auth::access::{Action, Standing, reading_set};
use crate::domain::access::{Grant, Holder, SeatHeld};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::decision::policy::Post;
use crate::domain::decision::{ChangeKind, Decision, Proposal, Step};
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{GoalSet, Payload, Stream, StreamKind};
use crate::domain::id::{GoalId, PlanId};
use crate::domain::rejection::Reason;
use crate::domain::text::Name;
use crate::grpc::event::{
    At, Choice as _, Faults, Resolver, show_actor, show_change, show_external,
    show_source_document, show_timestamp, show_title,
};
use crate::grpc::goal_service::anything;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Reader, Standpoint};
use crate::projection::describe::subject_of;

/// Seats told of one proposal at most.
const SEATS_MAX: usize = 50;

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::ListPendingRequest,
) -> Result<v1::ListPendingResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadGoal)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "GoalService/ListPending",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let skip = Services::skip(place.as_ref())?;
    let as_of = request.as_of.as_ref();
    let at = services
        .standpoint(call, &reader, min_position, as_of, place.as_ref())
        .await?;
    let directory = &at.view.directory;
    let wanted = wanted(directory, &request)?;
    // Whoever is asked about a change is shown it whole, whatever else of the goal is hidden from them.
    let whole = match directory.hidden().is_empty() {
        true => directory.clone(),
        false => reader.view_at(at.view.size).await?.directory,
    };
    let sees = Sees {
        seen: directory,
        whole: &whole,
        asked: Asked {
            standing: services.standing(call, &reader),
            now: reader.view().directory,
            today: reader.today(),
        },
        access: services.may(call, &reader, Action::ReadAccess)
            || services.may(call, &reader, Action::ReadEverything),
        operations: [Action::ProposeOperation, Action::DecideOperation]
            .into_iter()
            .any(|action| services.may(call, &reader, action)),
        units: services.may(call, &reader, Action::ReadLedger),
        plans: directory
            .plans()
            .iter()
            .map(|plan| plan.id)
            .filter(|plan| services.read_plan(call, &reader, *plan).is_ok())
            .collect(),
    };
    // As one that never was.
    if let Some(one) = wanted.one
        && directory
            .proposal(one)
            .and_then(|proposal| sees.proposal(proposal))
            .is_none()
    {
        return Err(Refusal::rule(Reason::ProposalUnknown, "proposal"));
    }
    let mut found: Vec<(v1::PendingKind, &Directory, &Arc<Proposal>)> = Vec::new();
    for proposal in directory.proposals() {
        let kind = pending(proposal);
        let is_asked_for = request.ended || wanted.one.is_some();
        if proposal.drafted.on <= at.on
            && (kind != v1::PendingKind::None || is_asked_for)
            && let Some(shown) = sees.proposal(proposal)
            && wanted.takes(shown, proposal, kind, at.on)
        {
            found.push((kind, shown, proposal));
        }
    }
    Ok(v1::ListPendingResponse {
        proposals: found
            .iter()
            .skip(skip)
            .take(rows)
            .map(|(kind, of, proposal)| shown(of, proposal, *kind, at.on, sees.units))
            .collect(),
        next_page_token: services.next_token(&scope, Some((&at).into()), skip + rows, found.len()),
        total: show::count(found.len()),
        answered_at: Some(show::answered_at(&at)),
    })
}

/// Proposals about a goal or what stands under it that wait for a decision, the oldest first.
pub(super) fn of_goal(
    services: &Services,
    call: &Call,
    reader: &Reader,
    at: &Standpoint,
    goal: GoalId,
) -> Vec<v1::Proposal> {
    let directory = &at.view.directory;
    let open = directory
        .open_proposals()
        .filter(|proposal| proposal.stream == Stream::goal(goal) && proposal.drafted.on <= at.on);
    let open: Vec<&Arc<Proposal>> = open.collect();
    if open.is_empty() {
        return Vec::new();
    }
    let units = services.may(call, reader, Action::ReadLedger);
    let decision = v1::PendingKind::Decision;
    open.iter()
        .map(|proposal| shown(directory, proposal, decision, at.on, units))
        .collect()
}

/// A proposal; `units`: for somebody who may read what the ledger is, with its units.
fn shown(
    directory: &Directory,
    proposal: &Proposal,
    kind: v1::PendingKind,
    on: Date,
    units: bool,
) -> v1::Proposal {
    let shown = show_proposal(directory, proposal, kind, on);
    match units {
        true => shown,
        // Who holds which seat is for those who have one.
        false => v1::Proposal {
            seats: Vec::new(),
            ..shown
        },
    }
}

/// What of the proposals is asked for.
struct Wanted {
    one: Option<crate::domain::id::ProposalId>,
    subject: Option<Named>,
    seat: Option<Code>,
    kinds: Vec<ChangeKind>,
}

fn wanted(directory: &Directory, request: &v1::ListPendingRequest) -> Result<Wanted, Refusal> {
    let mut faults = Faults::default();
    let resolver = Resolver::new(directory);
    let one = request
        .proposal
        .as_ref()
        .and_then(|text| resolver.proposal(&mut faults, &At::field("proposal"), text));
    let subject = match &request.subject {
        Some(text) => {
            let named = anything(directory, "subject", text)?;
            Some(named.ok_or(ServiceReason::CodeUnknown)?)
        }
        None => None,
    };
    let seat = request
        .seat
        .as_ref()
        .and_then(|text| faults.code(&At::field("seat"), text));
    let mut kinds = Vec::new();
    for (index, number) in request.kinds.iter().enumerate() {
        kinds.extend(faults.choice::<ChangeKind>(&At::item("kinds", index), *number));
    }
    let sound = faults.is_empty().then_some(Wanted {
        one,
        subject,
        seat,
        kinds,
    });
    Ok(faults.into_result(sound)?)
}

impl Wanted {
    fn takes(
        &self,
        directory: &Directory,
        proposal: &Proposal,
        pending: v1::PendingKind,
        on: Date,
    ) -> bool {
        self.one.is_none_or(|id| id == proposal.id)
            && (self.kinds.is_empty() || self.kinds.contains(&proposal.kind))
            && self
                .subject
                .is_none_or(|subject| is_about(directory, proposal, subject, on))
            && self.seat.as_ref().is_none_or(|seat| {
                let seats = seats(directory, proposal, pending, on);
                seats.iter().any(|grant| grant.seat == *seat)
            })
    }
}

/// What a caller may read.
struct Sees<'a> {
    /// What they see of what there is.
    seen: &'a Directory,
    whole: &'a Directory,
    asked: Asked,
    /// Who may do what.
    access: bool,
    /// Proposals to change keys or to erase: whoever takes a step of one.
    operations: bool,
    /// What the ledger is, with its units.
    units: bool,
    plans: BTreeSet<PlanId>,
}

impl<'a> Sees<'a> {
    /// Where a proposal is shown from, to whoever may read what it is about or is asked about it.
    fn proposal(&self, proposal: &Proposal) -> Option<&'a Directory> {
        if self.is_about_what_they_read(proposal) {
            Some(self.seen)
        } else if self.asked.about(proposal) {
            Some(self.whole)
        } else {
            None
        }
    }

    /// Whether a caller may read what a proposal is about: goals that they may not read are not in their directory.
    fn is_about_what_they_read(&self, proposal: &Proposal) -> bool {
        let id = proposal.stream.id.as_bytes();
        match proposal.stream.kind {
            StreamKind::Goal => match &*proposal.change.payload {
                // There is none before it is approved: whoever would read it then.
                Payload::GoalSet(p) if self.whole.goal(p.goal).is_none() => {
                    self.plans.contains(&p.plan) && self.asked.would_read(p)
                }
                _ => GoalId::from_bytes(id).is_ok_and(|goal| self.seen.goal(goal).is_some()),
            },
            StreamKind::Plan => PlanId::from_bytes(id).is_ok_and(|id| self.plans.contains(&id)),
            StreamKind::Ledger => {
                let is_operation =
                    matches!(*proposal.change.payload, Payload::OperationAuthorised(_));
                self.access || is_operation && self.operations
            }
            StreamKind::Org => self.units,
        }
    }
}

/// Whose consent (合議) a caller gives, by the seats that they hold today.
struct Asked {
    standing: Standing,
    now: Arc<Directory>,
    today: Date,
}

impl Asked {
    /// Whether they could read a goal that is only proposed.
    fn would_read(&self, set: &GoalSet) -> bool {
        let facts = reading_set(&self.now, set, self.today);
        self.standing.permits(&facts, &self.now)
    }

    /// Whether they are asked about a proposal, or were: by the approval policy, today or on the day that it ended, or they
    /// have answered. It stays theirs to read with what became of it.
    fn about(&self, proposal: &Proposal) -> bool {
        let acting = self.standing.acting();
        let seats = self.standing.seats().iter();
        let seats: Vec<&SeatHeld> = seats
            .filter(|seat| {
                acting
                    .seat
                    .as_ref()
                    .is_none_or(|chosen| *chosen == seat.code)
            })
            .collect();
        // What they may read is a question of now, whatever the answer is of.
        let proposal = self.now.proposal(proposal.id).map(Arc::as_ref);
        let Some(proposal) = proposal.filter(|_| !seats.is_empty()) else {
            return false;
        };
        self.is_of_their_posts(proposal, &seats) || self.have_answered(proposal, &seats)
    }

    fn is_of_their_posts(&self, proposal: &Proposal, seats: &[&SeatHeld]) -> bool {
        let day = match proposal.is_open() {
            true => self.today,
            false => proposal.touched_on,
        };
        let policy = self.now.approval_policy_on(day, None);
        let rule = policy
            .as_ref()
            .and_then(|(_, policy)| policy.rule(proposal.kind));
        rule.is_some_and(|rule| {
            let answering = self.now.answering(&proposal.change, proposal.stream, day);
            let mut posts = rule.consulted.iter();
            posts.any(|post| {
                let mut seats = seats.iter();
                seats.any(|seat| post.is_of(seat.role, &seat.units, &answering))
            })
        })
    }

    /// Whether the answer is theirs, or was given in a seat that is theirs now.
    fn have_answered(&self, proposal: &Proposal, seats: &[&SeatHeld]) -> bool {
        let actor = self.standing.actor();
        proposal.consultations.iter().any(|answer| {
            let of = &answer.step.actor;
            let in_seat = of.seat.as_ref().map(Name::as_str);
            let is_theirs = actor.person.is_some() && of.person == actor.person;
            is_theirs || seats.iter().any(|seat| in_seat == Some(seat.code.as_str()))
        })
    }
}

/// Whether a proposal is about something or what stands under it. The units are those that answer on `on`, or that did when it
/// ended.
fn is_about(directory: &Directory, proposal: &Proposal, subject: Named, on: Date) -> bool {
    let change = &proposal.change.payload;
    let indicator = change.indicator();
    let initiative = indicator
        .and_then(|id| directory.indicator(id))
        .map(|entry| entry.initiative())
        .or_else(|| change.initiative());
    let of_plan = |plan: PlanId| directory.plan_of_change(change, proposal.stream) == Some(plan);
    match subject {
        Named::Ledger => directory
            .ledger()
            .is_some_and(|ledger| proposal.stream == Stream::ledger(ledger.ledger)),
        Named::Plan(id) => of_plan(id),
        Named::Unit(id) => {
            let day = match proposal.is_open() {
                true => on,
                false => proposal.touched_on,
            };
            let answering = directory.answering(&proposal.change, proposal.stream, day);
            answering.departments.contains(&id) || answering.sections.contains(&id)
        }
        Named::Goal(id) => proposal.stream == Stream::goal(id),
        Named::Initiative(id) => initiative == Some(id),
        Named::Indicator(id) => indicator == Some(id),
    }
}

fn pending(proposal: &Proposal) -> v1::PendingKind {
    let waits = |decision: &Decision| decision.acting.is_some() && decision.review.is_none();
    if proposal.is_open() {
        v1::PendingKind::Decision
    } else if proposal.decision.as_ref().is_some_and(waits) {
        v1::PendingKind::Review
    } else {
        v1::PendingKind::None
    }
}

/// The seats for which it waits, as they are held on `on`.
fn seats<'a>(
    directory: &'a Directory,
    proposal: &Proposal,
    pending: v1::PendingKind,
    on: Date,
) -> Vec<&'a Arc<Grant>> {
    match pending {
        v1::PendingKind::Decision => {
            let policy = directory.approval_policy_on(on, None);
            let rule = policy
                .as_ref()
                .and_then(|(_, policy)| policy.rule(proposal.kind));
            let Some(rule) = rule else {
                return Vec::new();
            };
            let (change, stream) = (&proposal.change, proposal.stream);
            // The units as a decision on that day looks them up; the seats themselves as they are held then.
            let answering = directory.answering(change, stream, on);
            let posts = directory.deciders_of(rule, &change.payload, stream);
            posts
                .iter()
                .flat_map(|post| directory.holders_of_post(*post, &answering, on))
                .collect()
        }
        v1::PendingKind::Review => {
            let acting = proposal
                .decision
                .as_ref()
                .and_then(|decision| decision.acting);
            let delegation = acting.and_then(|id| directory.delegation(id));
            let held = delegation.map(|known| directory.holders_of(&known.seat, on).collect());
            held.unwrap_or_default()
        }
        v1::PendingKind::None | v1::PendingKind::Unspecified => Vec::new(),
    }
}

/// Posts with the codes of their units, as people call them.
fn show_posts(directory: &Directory, posts: &[Post]) -> Vec<v1::ApprovalPost> {
    let code = |id| match directory.unit(id) {
        Some(unit) => unit.code.to_string(),
        None => id.to_string(),
    };
    let post = |post: &Post| v1::ApprovalPost {
        role: post.role.number(),
        unit: post.unit.map(code),
    };
    posts.iter().map(post).collect()
}

fn show_proposal(
    directory: &Directory,
    proposal: &Proposal,
    pending: v1::PendingKind,
    on: Date,
) -> v1::Proposal {
    let (change, stream) = (&proposal.change, proposal.stream);
    let subject = subject_of(&change.event(proposal.drafted.event_id, stream));
    let policy = directory.approval_policy_on(on, None);
    let rule = policy
        .as_ref()
        .and_then(|(_, policy)| policy.rule(proposal.kind));
    let due = match pending {
        v1::PendingKind::Review => directory.review_due(proposal),
        _ => Some(directory.expires_on(proposal)),
    };
    let seat = |grant: &&Arc<Grant>| v1::PendingSeat {
        seat: grant.seat.to_string(),
        title: Some(show_title(&grant.title)),
        role: grant.role.number(),
        units: grant
            .units
            .iter()
            .map(|unit| show::entity(directory, Named::Unit(*unit), on))
            .collect(),
        person: match &grant.holder {
            Holder::Person(person) => Some(person.to_string()),
            Holder::Service(_) => None,
        },
    };
    v1::Proposal {
        proposal: proposal.id.to_string(),
        number: proposal.code(),
        pending: pending.into(),
        state: proposal.state.number(),
        kind: proposal.kind.number(),
        subject: Some(show::entity(directory, subject, on)),
        change: Some(show_change(change)),
        change_sha256: change.digest().map(Vec::from).unwrap_or_default(),
        impact: proposal.impact.to_string(),
        replaces: proposal.replaces.map(|id| id.to_string()),
        drafted: Some(show_step(&proposal.drafted)),
        consultations: proposal
            .consultations
            .iter()
            .map(|answer| v1::ProposalConsultation {
                step: Some(show_step(&answer.step)),
                outcome: answer.outcome.number(),
                text: answer.text.as_ref().map(ToString::to_string),
                unit: answer
                    .unit
                    .map(|unit| show::entity(directory, Named::Unit(unit), on)),
            })
            .collect(),
        decision: proposal.decision.as_ref().map(show_decision),
        consulted: rule
            .map(|rule| show_posts(directory, &rule.consulted))
            .unwrap_or_default(),
        deciders: rule
            .map(|rule| {
                let deciders = directory.deciders_of(rule, &change.payload, stream);
                show_posts(directory, deciders)
            })
            .unwrap_or_default(),
        seats: seats(directory, proposal, pending, on)
            .iter()
            .take(SEATS_MAX)
            .map(seat)
            .collect(),
        due: due.map(|due| due.to_string()).unwrap_or_default(),
        overdue: pending != v1::PendingKind::None && due.is_some_and(|due| due < on),
    }
}

fn show_decision(decision: &Decision) -> v1::ProposalDecision {
    let review = decision.review.as_ref();
    v1::ProposalDecision {
        step: Some(show_step(&decision.step)),
        outcome: decision.outcome.number(),
        text: decision.text.as_ref().map(ToString::to_string),
        external: decision.external.as_ref().map(show_external),
        source_document: decision.source_document.as_ref().map(show_source_document),
        acting_delegation: decision.acting.map(|id| id.to_string()),
        review: review.map(|review| show_step(&review.step)),
        review_outcome: review.map_or(0, |review| review.outcome.number()),
        review_text: review
            .and_then(|review| review.text.as_ref())
            .map(ToString::to_string),
    }
}

fn show_step(step: &Step) -> v1::ProposalStep {
    v1::ProposalStep {
        event_id: step.event_id.to_string(),
        position: step.position,
        recorded_at: Some(show_timestamp(step.recorded_at)),
        on: step.on.to_string(),
        actor: Some(show_actor(&step.actor)),
    }
}
