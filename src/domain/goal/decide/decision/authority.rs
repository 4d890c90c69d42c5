//! Who may propose, answer and decide: by the approval policy in force today and the seats that the ledger knows. A ledger
//! without any seats cannot judge it, and says so with what it takes.

use std::fmt::Display;

use super::Judge;
use crate::domain::access::{Holder, LoginId, Role, SeatHeld};
use crate::domain::date::Date;
use crate::domain::decision::policy::{Answering, ApprovalRule, Post};
use crate::domain::decision::{ChangeKind, DecisionOutcome, Proposal};
use crate::domain::event::{Actor, AuthMethod, ChangeDecided, Payload, Stream};
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
        let kind = self.kind_of(self.proposed)?;
        let rule = self.rule(kind)?;
        let deciders = self.deciders(&rule, &self.proposed.payload, self.proposed.stream);
        let rejection = Rejection::new(Reason::DecisionRequired, self.path(""))
            .with("kind", kind.code())
            .with("kind_en", kind.label(Language::En))
            .with("kind_ja", kind.label(Language::Ja))
            .with("deciders", self.posts(deciders, Language::En))
            .with("deciders_ja", self.posts(deciders, Language::Ja))
            .with("consulted", self.posts(&rule.consulted, Language::En))
            .with("consulted_ja", self.posts(&rule.consulted, Language::Ja));
        Some(rejection)
    }

    /// Who decides, before or after the mid-year evaluation of the plan that the change belongs to.
    fn deciders<'r>(&self, rule: &'r ApprovalRule, change: &Payload, stream: Stream) -> &'r [Post] {
        self.context.directory.deciders_of(rule, change, stream)
    }

    /// Posts in words: `部長（企画財政部）又は副市長・市長`.
    fn posts(&self, posts: &[Post], language: Language) -> String {
        let directory = self.context.directory;
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

    pub(super) fn person(&self, actor: &Actor) -> Option<PersonId> {
        let directory = self.context.directory;
        let known = || directory.person_of(actor.issuer.as_ref(), &actor.subject);
        actor.person.or_else(known)
    }

    fn authority(&self, actor: &Actor, on: Date) -> Authority {
        let directory = self.context.directory;
        if directory.grants().next().is_none() {
            return Authority::NotJudged;
        }
        let holder = match self.person(actor) {
            Some(person) => Holder::Person(person),
            None => Holder::Service(LoginId {
                issuer: actor.issuer.clone(),
                subject: actor.subject.clone(),
            }),
        };
        Authority::Seats(directory.seats_of(&holder, on))
    }

    fn not_judged(&mut self, field: &str) {
        self.notice(
            NoticeKind::AuthorityNotJudged,
            field,
            "台帳に職の登録がないため、権限は確かめていません".to_owned(),
            "the ledger knows no seats, so authority was not judged".to_owned(),
        );
    }

    pub(super) fn may_draft(&mut self, rule: &ApprovalRule, change: &Payload) {
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
        let of_people = seats.iter().any(|seat| seat.role != Role::Service);
        if !of_people {
            return self.no_authority("proposal", &[]);
        }
        let Some(rule) = self.rule(proposal.kind) else {
            return;
        };
        let answering = self.answering(&proposal.change.payload, proposal.stream);
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
            && self.principal(delegation).is_none()
        {
            self.reject_form("acting_delegation", "no such delegation is in force");
        }
        match self.authority(self.context.actor, self.context.today) {
            Authority::NotJudged => self.not_judged("proposal"),
            Authority::Seats(seats) => self.has_seat(proposal, p, &seats, &posts),
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
        let answering = self.answering(&proposal.change.payload, proposal.stream);
        let used = |seat: &&SeatHeld| match (seat.acting_for, p.acting) {
            (None, None) => true,
            (Some((_, by)), Some(named)) => by == named,
            _ => false,
        };
        let decides = |seat: &SeatHeld| {
            seat.role != Role::Service
                && (posts.is_empty() || posts.iter().any(|post| fits(post, seat, &answering)))
        };
        // Who enters what was decided elsewhere needs a seat of people, not the decider's.
        let may = if p.external.is_some() {
            seats.iter().any(|seat| seat.role != Role::Service)
        } else {
            seats.iter().filter(used).any(decides)
        };
        if !may {
            self.no_authority("proposal", posts);
        }
    }

    /// Every post that has to be asked has answered. An objection does not stop a decision.
    fn everybody_asked(&mut self, proposal: &Proposal, rule: &ApprovalRule) {
        let answering = self.answering(&proposal.change.payload, proposal.stream);
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

    /// For whom a delegation lets the caller act today.
    pub(super) fn principal(&self, delegation: DelegationId) -> Option<PersonId> {
        let (directory, today) = (self.context.directory, self.context.today);
        let known = directory.delegation(delegation)?;
        let own = self.person(self.context.actor) == Some(known.delegate);
        if !own || !known.holds_on(today) {
            return None;
        }
        let (_, principal) = directory.principal_of(&known.seat, today)?;
        Some(principal)
    }

    /// Whether the caller is the one in whose place it was decided.
    pub(super) fn is_principal(&mut self, delegation: DelegationId, on: Date) {
        let directory = self.context.directory;
        let seat = directory.delegation(delegation).map(|known| &known.seat);
        let principal = seat.and_then(|seat| directory.principal_of(seat, on));
        let principal = principal.map(|(_, person)| person);
        if principal.is_some() && principal != self.person(self.context.actor) {
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

    fn answering(&self, change: &Payload, stream: Stream) -> Answering {
        let (directory, today) = (self.context.directory, self.context.today);
        directory.answering(change, stream, today)
    }
}

fn fits(post: &Post, seat: &SeatHeld, answering: &Answering) -> bool {
    post.is_of(seat.role, &seat.units, answering)
}
