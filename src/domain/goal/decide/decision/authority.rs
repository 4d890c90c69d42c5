//! Who may propose, answer and decide: by the approval policy in force today and the seats that the ledger knows. A ledger
//! without any seats cannot judge it, and says so with what it takes.

use std::fmt::Display;
use std::sync::Arc;

use super::{Judge, is_same};
use crate::domain::access::{Delegation, Holder, Role, SeatHeld};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::decision::policy::{Answering, ApprovalRule, Post};
use crate::domain::decision::{ChangeKind, DecisionOutcome, ExternalDecision, Proposal, Step};
use crate::domain::directory::Directory;
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::{Actor, AuthMethod, ChangeDecided, Payload, ProposedChange, Stream};
use crate::domain::id::{DelegationId, PersonId};
use crate::domain::rejection::{NoticeKind, Reason, Rejection};
use crate::domain::text::Language;

/// What the ledger knows of who somebody is.
#[derive(Debug)]
pub(super) enum Authority {
    /// It knows no seats at all.
    NotJudged,
    /// These seats on that day.
    Seats(Vec<SeatHeld>),
}

impl Judge<'_> {
    /// The rule for a kind of change that is in force today.
    pub(super) fn rule(&self, kind: ChangeKind) -> Option<ApprovalRule> {
        let today = self.context.today;
        let (_, policy) = self.context.directory.approval_policy_on(today, None)?;
        policy.rule(kind).cloned()
    }

    /// What stands against an event that is sent by itself and has to be decided.
    pub(in crate::domain::goal::decide) fn decision_required(&self) -> Option<Rejection> {
        if self.opens_the_door_again() {
            return None;
        }
        let kind = self.kind_of(self.proposed)?;
        let rule = self.rule(kind);
        let (deciders, consulted) = match &rule {
            Some(rule) => (
                self.deciders(rule, &self.proposed.payload, self.proposed.stream),
                rule.consulted.as_slice(),
            ),
            // One person authorises nothing, whatever a policy asks for.
            None if matches!(self.proposed.payload, Payload::OperationAuthorised(_)) => {
                (&[][..], &[][..])
            }
            None => return None,
        };
        let (directory, path) = (self.context.directory, self.path(""));
        Some(decision_asked_for(
            directory, kind, deciders, consulted, &path,
        ))
    }

    /// Whether it is an access policy by whoever the server's configuration names: where the one in force lets nobody in,
    /// nobody could propose another or decide on it.
    fn opens_the_door_again(&self) -> bool {
        let actor = self.context.actor;
        let by = actor.permitted_by.as_ref();
        // Whoever the configuration names needs no seat.
        actor.seat.is_none()
            && by.is_some_and(|by| by.is_of_named_administrator())
            && matches!(
                &self.proposed.payload,
                Payload::PolicyPublished(p) if matches!(p.content, PolicyContent::Access(_))
            )
    }

    /// Who decides, before or after the mid-year evaluation of the plan that the change belongs to.
    fn deciders<'r>(&self, rule: &'r ApprovalRule, change: &Payload, stream: Stream) -> &'r [Post] {
        self.context.directory.deciders_of(rule, change, stream)
    }

    fn posts(&self, posts: &[Post], language: Language) -> String {
        in_words(self.context.directory, posts, language)
    }

    pub(super) fn person(&self, actor: &Actor) -> Option<PersonId> {
        self.context.directory.person_behind(actor)
    }

    /// The seats by which somebody could act on a day: where it is known in which they did, by that one alone, so that the
    /// leaf never names one seat and another had the authority.
    fn authority(&self, actor: &Actor, on: Date) -> Authority {
        let directory = self.context.directory;
        if directory.grants().next().is_none() {
            return Authority::NotJudged;
        }
        let mut seats = directory.seats_of(&directory.holder(actor), on);
        if let Some(used) = &actor.seat {
            seats.retain(|seat| seat.code.as_str() == used.as_str());
        }
        Authority::Seats(seats)
    }

    fn not_judged(&mut self, field: &str) {
        self.notice(
            NoticeKind::AuthorityNotJudged,
            field,
            "台帳に職の登録がないため、権限は確かめていません".to_owned(),
            "the ledger knows no seats, so authority was not judged".to_owned(),
        );
    }

    pub(super) fn may_draft(&mut self, rule: &ApprovalRule, change: &ProposedChange) {
        if rule.drafters.is_empty() {
            return;
        }
        let seats = match self.authority(self.context.actor, self.context.today) {
            Authority::NotJudged => return self.not_judged("change"),
            Authority::Seats(seats) => seats,
        };
        let answering = self.answering(change, self.proposed.stream);
        let posts: Vec<Post> = rule.drafters.iter().copied().map(Post::of).collect();
        // A client application submits what people made of it.
        let submits = seats.iter().any(|seat| seat.role == Role::Service);
        let may = |seat: &SeatHeld| posts.iter().any(|post| fits(post, seat, &answering));
        if !submits && !seats.iter().any(may) {
            self.no_authority("change", &posts);
        }
    }

    /// Whoever answers is one of those who are asked; where nobody has to be, any of the organisation may.
    pub(super) fn may_answer(&mut self, proposal: &Proposal) {
        let seats = match self.authority(self.context.actor, self.context.today) {
            Authority::NotJudged => return self.not_judged("proposal"),
            Authority::Seats(seats) => seats,
        };
        if !seats.iter().any(of_people) {
            return self.no_authority("proposal", &[]);
        }
        let Some(rule) = self.rule(proposal.kind) else {
            return;
        };
        let answering = self.answering(&proposal.change, proposal.stream);
        let asked = |seat: &SeatHeld| {
            rule.consulted
                .iter()
                .any(|post| fits(post, seat, &answering))
        };
        if !rule.consulted.is_empty() && !seats.iter().any(asked) {
            self.no_authority("proposal", &rule.consulted);
        }
    }

    /// Whether the caller decides this today, everybody who had to be asked has answered, and, where the decision was made
    /// elsewhere, that is taken.
    pub(super) fn may_decide(&mut self, proposal: &Proposal, p: &ChangeDecided) {
        if self.context.actor.method == AuthMethod::System {
            return self.no_authority("proposal", &[]);
        }
        let rule = self.rule(proposal.kind);
        let posts: Vec<Post> = rule
            .as_ref()
            .map(|rule| {
                self.deciders(rule, &proposal.change.payload, proposal.stream)
                    .to_vec()
            })
            .unwrap_or_default();
        if let Some(delegation) = p.acting
            && self.principals(delegation).is_empty()
        {
            self.reject_form("acting_delegation", "no such delegation is in force");
        }
        match self.authority(self.context.actor, self.context.today) {
            Authority::NotJudged => self.not_judged("proposal"),
            Authority::Seats(seats) => self.has_seat(proposal, p, &seats, &posts),
        }
        if let Some(external) = &p.external {
            self.decided_elsewhere(proposal, external, &posts);
        }
        let Some(rule) = rule else { return };
        if p.external.is_some() && !rule.external {
            self.reject_form("external", "changes of this kind are decided in the ledger");
        }
        if p.outcome == DecisionOutcome::Approved {
            self.everybody_asked(proposal, &rule);
        }
    }

    fn has_seat(
        &mut self,
        proposal: &Proposal,
        p: &ChangeDecided,
        seats: &[SeatHeld],
        posts: &[Post],
    ) {
        let answering = self.answering(&proposal.change, proposal.stream);
        let used = |seat: &&SeatHeld| match (seat.acting_for, p.acting) {
            (None, None) => true,
            (Some((_, by)), Some(named)) => by == named,
            _ => false,
        };
        // Who enters what was decided elsewhere writes a fact, and needs no seat of the decider's.
        let may = if p.external.is_some() {
            seats
                .iter()
                .any(|seat| of_people(seat) && seat.role.writes_facts())
        } else {
            let mut used = seats.iter().filter(used);
            used.any(|seat| decides(seat, posts, &answering))
        };
        if !may {
            self.no_authority("proposal", if p.external.is_some() { &[] } else { posts });
        }
    }

    /// Whoever decided outside of the ledger had the authority on that day, where they are named as a person.
    fn decided_elsewhere(
        &mut self,
        proposal: &Proposal,
        external: &ExternalDecision,
        posts: &[Post],
    ) {
        let Some(person) = external.person else {
            return;
        };
        let directory = self.context.directory;
        if directory.person(person).is_none() {
            return self.reject(Reason::PersonUnknown, "external.person");
        }
        if directory.grants().next().is_none() {
            return;
        }
        let on = external.decided_on;
        let answering = directory.answering(&proposal.change, proposal.stream, on);
        let seats = directory.seats_of(&Holder::Person(person), on);
        if !seats.iter().any(|seat| decides(seat, posts, &answering)) {
            self.no_authority("external.person", posts);
        }
    }

    /// Every post that has to be asked has answered. An objection does not stop a decision.
    fn everybody_asked(&mut self, proposal: &Proposal, rule: &ApprovalRule) {
        let answering = self.answering(&proposal.change, proposal.stream);
        let answers = &proposal.consultations;
        let answered = |post: &Post| {
            answers.iter().any(|answer| {
                match self.authority(&answer.step.actor, answer.step.on) {
                    // Nobody knows for whom it was.
                    Authority::NotJudged => true,
                    Authority::Seats(seats) => {
                        seats.iter().any(|seat| fits(post, seat, &answering))
                    }
                }
            })
        };
        let missing: Vec<Post> = rule
            .consulted
            .iter()
            .filter(|post| !answered(post))
            .copied()
            .collect();
        if !missing.is_empty() {
            let (en, ja) = (
                self.posts(&missing, Language::En),
                self.posts(&missing, Language::Ja),
            );
            let figures: [(_, &dyn Display); 2] = [("missing", &en), ("missing_ja", &ja)];
            self.reject_with(Reason::ConsultationMissing, "proposal", &figures);
        }
    }

    /// For whom a delegation lets the caller act today: everybody who holds the seat, for it is of each of them that the
    /// decision is; nobody where it is not the caller's or not in force.
    pub(super) fn principals(&self, delegation: DelegationId) -> Vec<PersonId> {
        let (directory, today) = (self.context.directory, self.context.today);
        let own = |known: &&Arc<Delegation>| {
            self.person(self.context.actor) == Some(known.delegate) && known.holds_on(today)
        };
        let known = directory.delegation(delegation).filter(own);
        known.map_or_else(Vec::new, |known| {
            directory.principals_of(&known.seat, today).collect()
        })
    }

    /// Whose step it was: whoever took it, and everybody who held the seat where they acted for another.
    pub(super) fn behind(&self, actor: &Actor, on: Date) -> Vec<PersonId> {
        let directory = self.context.directory;
        let mut persons: Vec<PersonId> = self.person(actor).into_iter().collect();
        let acted_for = actor.acting_for.as_ref();
        let acted_for = acted_for.and_then(|name| name.as_str().parse::<PersonId>().ok());
        // A name that is no person's is the unit that something was entered for.
        if let Some(principal) = acted_for.filter(|id| directory.person(*id).is_some()) {
            persons.push(principal);
            let seat = actor.seat.as_ref();
            let seat = seat.and_then(|seat| Code::parse(seat.as_str()).ok());
            persons.extend(
                seat.iter()
                    .flat_map(|seat| directory.principals_of(seat, on)),
            );
        }
        persons
    }

    /// Whether a step is the caller's own: by the person, by the login, or because either acted for the other.
    pub(super) fn is_own(&self, step: &Step, besides: &[PersonId]) -> bool {
        let actor = self.context.actor;
        let theirs = self.behind(&step.actor, step.on);
        // A login that went to somebody else meanwhile is still the one that it was proposed by.
        is_same(&step.actor, actor)
            || step.actor.shares_login_with(actor)
            || self
                .behind(actor, self.context.today)
                .iter()
                .chain(besides)
                .any(|person| theirs.contains(person))
    }

    /// Whether the caller is one of those in whose place it was decided.
    pub(super) fn is_principal(&mut self, delegation: DelegationId, on: Date) {
        let directory = self.context.directory;
        let known = directory.delegation(delegation);
        let principals: Vec<PersonId> = known.map_or_else(Vec::new, |known| {
            directory.principals_of(&known.seat, on).collect()
        });
        let caller = self.person(self.context.actor);
        let is_one = caller.is_some_and(|caller| principals.contains(&caller));
        if !principals.is_empty() && !is_one {
            self.reject(Reason::NoAuthority, "decision");
        }
    }

    fn no_authority(&mut self, field: &str, posts: &[Post]) {
        let (en, ja) = (
            self.posts(posts, Language::En),
            self.posts(posts, Language::Ja),
        );
        let figures: [(_, &dyn Display); 2] = [("needed", &en), ("needed_ja", &ja)];
        self.reject_with(Reason::NoAuthority, field, &figures);
    }

    /// The units that answer for a change today, as access policies ask for them too.
    fn answering(&self, change: &ProposedChange, stream: Stream) -> Answering {
        let (directory, today) = (self.context.directory, self.context.today);
        directory.answering(change, stream, today)
    }
}

/// That a change of `kind` has to be decided, with who is asked and who decides.
pub(in crate::domain::goal::decide) fn decision_asked_for(
    directory: &Directory,
    kind: ChangeKind,
    deciders: &[Post],
    consulted: &[Post],
    path: &str,
) -> Rejection {
    Rejection::new(Reason::DecisionRequired, path)
        .with("kind", kind.code())
        .with("kind_en", kind.label(Language::En))
        .with("kind_ja", kind.label(Language::Ja))
        .with("deciders", in_words(directory, deciders, Language::En))
        .with("deciders_ja", in_words(directory, deciders, Language::Ja))
        .with("consulted", in_words(directory, consulted, Language::En))
        .with("consulted_ja", in_words(directory, consulted, Language::Ja))
}

/// Posts in words: `部長 (企画財政部)・副市長・市長`.
fn in_words(directory: &Directory, posts: &[Post], language: Language) -> String {
    let post = |post: &Post| {
        let role = post.role.label(language);
        match post.unit.and_then(|unit| directory.unit(unit)) {
            Some(unit) => format!("{role} ({})", unit.code),
            None => role.to_owned(),
        }
    };
    let words: Vec<String> = posts.iter().map(post).collect();
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join(match language {
        Language::Ja => "・",
        Language::En => ", ",
    })
}

fn of_people(seat: &SeatHeld) -> bool {
    seat.role != Role::Service
}

/// Whether a seat is one that decides; where no post is named, any of people is.
fn decides(seat: &SeatHeld, posts: &[Post], answering: &Answering) -> bool {
    of_people(seat) && (posts.is_empty() || posts.iter().any(|post| fits(post, seat, answering)))
}

fn fits(post: &Post, seat: &SeatHeld, answering: &Answering) -> bool {
    post.is_of(seat.role, &seat.units, answering)
}
