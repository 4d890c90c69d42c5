//! Flags of decisions: made by who proposed them or by who had no say on that day, told late, or never looked at by whom they were
//! made for. The rules refuse the first two as far as they can judge them when it is recorded; what was written before them, taken
//! over, or revoked in hindsight, is found here.

use std::collections::HashMap;
use std::sync::Arc;

use super::listing::FlagFilter;
use super::{Flag, FlagKind};
use crate::domain::access::{Holder, SeatHeld};
use crate::domain::date::Date;
use crate::domain::decision::{Decision, Proposal};
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Stream, StreamKind};
use crate::domain::text::Name;
use crate::projection::describe::subject_of;

/// Flags that decisions give rise to.
pub(crate) const KINDS: [FlagKind; 4] = [
    FlagKind::DecidedByDrafter,
    FlagKind::DecidedWithoutAuthority,
    FlagKind::DecisionRecordedLate,
    FlagKind::ReviewOverdue,
];

/// What was decided, by the stream that it is about: looked through once, however many goals are examined.
#[derive(Debug, Default)]
pub(crate) struct Decided<'a>(HashMap<Stream, Vec<&'a Arc<Proposal>>>);

impl<'a> Decided<'a> {
    /// Every proposal that was decided; none where no flag of decisions is asked for.
    pub(crate) fn of(directory: &'a Directory, filter: &FlagFilter) -> Self {
        let mut decided = Self::default();
        if KINDS.into_iter().any(|kind| filter.wants(kind)) {
            let proposals = directory.proposals();
            for proposal in proposals.filter(|proposal| proposal.decision.is_some()) {
                decided.0.entry(proposal.stream).or_default().push(proposal);
            }
        }
        decided
    }

    /// Those about one of `streams`, in the order of recording.
    pub(crate) fn about(&self, streams: impl Iterator<Item = Stream>) -> Vec<&'a Arc<Proposal>> {
        let of_streams = streams.filter_map(|stream| self.0.get(&stream));
        in_order(of_streams.flatten().copied().collect())
    }

    /// Those about ledgers, in the order of recording.
    pub(crate) fn about_ledgers(&self) -> Vec<&'a Arc<Proposal>> {
        let of_kind = self.0.iter();
        let of_kind = of_kind.filter(|(stream, _)| stream.kind == StreamKind::Ledger);
        in_order(of_kind.flat_map(|(_, found)| found).copied().collect())
    }
}

fn in_order(mut proposals: Vec<&Arc<Proposal>>) -> Vec<&Arc<Proposal>> {
    proposals.sort_unstable_by_key(|proposal| proposal.number);
    proposals
}

/// Everything unusual on `on` about what was decided of `proposals` by then. Told late is what was told more than
/// `late_after` days later.
pub(crate) fn decisions<'a>(
    directory: &Directory,
    proposals: impl Iterator<Item = &'a Arc<Proposal>>,
    on: Date,
    late_after: u32,
    flags: &mut Vec<Flag>,
) {
    for proposal in proposals {
        let Some(decision) = proposal.decision.as_ref().filter(|by| by.step.on <= on) else {
            continue;
        };
        let looked_at = Looked {
            directory,
            proposal,
            decision,
        };
        flags.extend(looked_at.by_drafter());
        flags.extend(looked_at.without_authority());
        flags.extend(looked_at.late(late_after));
        flags.extend(looked_at.review_overdue(on));
    }
}

struct Looked<'a> {
    directory: &'a Directory,
    proposal: &'a Proposal,
    decision: &'a Decision,
}

impl Looked<'_> {
    /// By the person, by the login, or by a post that the drafter held on the day of the decision.
    fn by_drafter(&self) -> Option<Flag> {
        let (drafter, by) = (&self.proposal.drafted.actor, &self.decision.step.actor);
        let person = self.directory.person_behind(drafter);
        let external = self.decision.external.as_ref();
        let decider = external.and_then(|external| external.person);
        let decided_by = self.directory.person_behind(by);
        let own = person.is_some() && (person == decided_by || person == decider);
        let login = drafter.shares_login_with(by);
        let own_post = || {
            let (external, person) = external.zip(person)?;
            let seats = self
                .directory
                .seats_of(&Holder::Person(person), external.decided_on);
            let mut own = seats.iter().filter(|seat| seat.acting_for.is_none());
            Some(own.any(|seat| is_called(seat, &external.decider)))
        };
        if !own && !login && !own_post().unwrap_or_default() {
            return None;
        }
        let (code, who) = (self.proposal.code(), &drafter.subject);
        let flag = self.flag(
            FlagKind::DecidedByDrafter,
            format!("{code}を起案した{who}が決裁しています"),
            format!("{who} proposed {code} and decided it"),
        );
        Some(flag.with("actor", who))
    }

    /// No seat on that day, as is known of it now, is one that the approval policy then in force names.
    fn without_authority(&self) -> Option<Flag> {
        let (directory, decision) = (self.directory, self.decision);
        let on = decision.step.on;
        let (_, policy) = directory.approval_policy_on(on, None)?;
        let rule = policy.rule(self.proposal.kind)?;
        let external = decision.external.as_ref();
        let (holder, day) = match external {
            // A post in words cannot be held against anything.
            Some(external) => (Holder::Person(external.person?), external.decided_on),
            None => (directory.holder(&decision.step.actor), on),
        };
        if !directory.grants().any(|grant| grant.holds_on(day)) {
            return None;
        }
        let (change, stream) = (&self.proposal.change, self.proposal.stream);
        let answering = directory.answering(change, stream, day);
        let used = |seat: &SeatHeld| {
            external.is_some()
                || (seat.acting_for.map(|(_, by)| by) == decision.acting
                    && decision
                        .step
                        .actor
                        .seat
                        .as_ref()
                        .is_none_or(|used| used.as_str() == seat.code.as_str()))
        };
        let posts = || rule.deciders.iter().chain(&rule.deciders_after_midyear);
        let may = |seat: &SeatHeld| {
            used(seat) && posts().any(|post| post.is_of(seat.role, &seat.units, &answering))
        };
        if directory.seats_of(&holder, day).iter().any(may) {
            return None;
        }
        let code = self.proposal.code();
        let who = external.map_or(&decision.step.actor.subject, |external| &external.decider);
        let flag = self.flag(
            FlagKind::DecidedWithoutAuthority,
            format!("{code}を決裁した{who}は、{day}に決裁できる職にありませんでした"),
            format!("{who} decided {code} and held no seat on {day} that decides it"),
        );
        Some(flag.with("actor", who).with("day", day))
    }

    fn late(&self, after: u32) -> Option<Flag> {
        let external = self.decision.external.as_ref()?;
        let (made, told) = (external.decided_on, self.decision.step.on);
        let days = (told - made).get_days();
        if i64::from(days) <= i64::from(after) {
            return None;
        }
        let code = self.proposal.code();
        let flag = self.flag(
            FlagKind::DecisionRecordedLate,
            format!("{made}の{code}の決裁が、{days}日後の{told}に記録されました"),
            format!("{code} was decided on {made} and recorded on {told}, {days} days later"),
        );
        Some(flag.with("day", made).with("days", days))
    }

    fn review_overdue(&self, on: Date) -> Option<Flag> {
        let due = self
            .directory
            .review_due(self.proposal)
            .filter(|due| *due < on)?;
        let review = self.decision.review.as_ref();
        if review.is_some_and(|review| review.step.on <= on) {
            return None;
        }
        let (code, days) = (self.proposal.code(), (on - due).get_days());
        let flag = self.flag(
            FlagKind::ReviewOverdue,
            format!("{code}の代決の後閲が、期限{due}を{days}日過ぎています"),
            format!(
                "{code}, decided in another's place, was to be looked at by {due}, {days} days ago"
            ),
        );
        Some(flag.with("due", due).with("days", days))
    }

    fn flag(&self, kind: FlagKind, ja: String, en: String) -> Flag {
        let (proposal, decision) = (self.proposal, self.decision);
        let grounds = [proposal.drafted.position, decision.step.position];
        let flag = Flag::new(kind, about(proposal), grounds, ja, en);
        flag.with("proposal", proposal.code())
    }
}

/// What a proposal is about in the end.
pub(crate) fn about(proposal: &Proposal) -> Named {
    let change = proposal
        .change
        .event(proposal.drafted.event_id, proposal.stream);
    subject_of(&change)
}

fn is_called(seat: &SeatHeld, words: &Name) -> bool {
    let title = &seat.title;
    seat.code.as_str() == words.as_str() || title.ja == *words || title.en.as_ref() == Some(words)
}

#[cfg(test)]
mod tests;
