//! Flags of the reporting round: entries that nobody confirmed or their own author did, findings that are overdue.

use super::{Examined, Flag, FlagKind};
use crate::domain::actual::aggregate::counted;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::finding::FindingState;
use crate::domain::goal::{Confirmation, Entry};
use crate::domain::id::PlanId;
use crate::domain::reporting::settled_by;
use crate::domain::text::Language;

impl Examined<'_> {
    /// Everything about confirmations of the indicator's entries.
    pub(super) fn confirmations(&self, flags: &mut Vec<Flag>) {
        self.self_confirmed(flags);
        self.unconfirmed(flags);
    }

    /// Confirmations of an entry that are known and of days up to D.
    fn confirmations_of<'e>(
        &self,
        entry: &Entry<'e>,
    ) -> impl Iterator<Item = &'e Confirmation> + use<'e> {
        let cut = self.cut;
        let confirmations = entry.confirmations().iter();
        confirmations.filter(move |by| cut.knows(by.position) && by.date <= cut.on)
    }

    /// The rules refuse it; what was written before them or taken over from elsewhere may have it.
    fn self_confirmed(&self, flags: &mut Vec<Flag>) {
        for entry in self.state.entries.iter() {
            // Whoever proposed a correction wrote it as well as who decided it.
            let proposed = self.directory.proposed_as(entry.event_id);
            let drafter = proposed.map(|proposal| &proposal.drafted.actor);
            let same = |by: &&Confirmation| {
                let mut authors = std::iter::once(entry.actor).chain(drafter);
                authors.any(|author| author.shares_login_with(&by.actor))
            };
            let Some(own) = self.confirmations_of(&entry).find(same) else {
                continue;
            };
            let (who, day) = (&own.actor.subject, entry.valid.counts_on());
            let flag = self.flag(
                FlagKind::SelfConfirmed,
                [entry.position, own.position],
                format!("{day}の実績を報告した{who}が自ら確認しました"),
                format!("{who} reported it of {day} and confirmed it"),
            );
            flags.push(flag.with("day", day).with("actor", who));
        }
    }

    /// Entries of rounds whose figures are fixed by D that count and that nobody confirmed.
    fn unconfirmed(&self, flags: &mut Vec<Flag>) {
        let Some((_, version)) = self.state.definition_at(self.cut) else {
            return;
        };
        let rounds = self
            .measured()
            .calendar_on(self.cut.on)
            .asked(self.id, &version.definition);
        let fixed_on = |day: Date| {
            let round = rounds.iter().find(|round| day <= round.reports_for);
            round.map_or_else(|| settled_by(self.cycle), |round| round.fixed_on)
        };
        let open: Vec<Entry<'_>> = counted(self.state, self.cut)
            .filter(|entry| fixed_on(entry.valid.counts_on()) < self.cut.on)
            .filter(|entry| self.confirmations_of(entry).next().is_none())
            .collect();
        if open.is_empty() {
            return;
        }
        let count = open.len();
        let flag = self.flag(
            FlagKind::Unconfirmed,
            open.iter().map(|entry| entry.position),
            format!("確定日を過ぎた{count}件の実績を誰も確認していません"),
            format!("{count} entries of rounds that are fixed were confirmed by nobody"),
        );
        flags.push(flag.with("entries", count));
    }
}

/// Findings of a plan that are open after their day on D.
pub(crate) fn findings(directory: &Directory, plan: PlanId, on: Date, flags: &mut Vec<Flag>) {
    for finding in directory.findings_of(plan) {
        if on < finding.date || finding.state_on(on) != FindingState::Overdue {
            continue;
        }
        let (due, days) = (finding.due, (on - finding.due).get_days());
        let number = &finding.number;
        let promised = |language| finding.promised.shown(language);
        let flag = Flag::new(
            FlagKind::FindingOverdue,
            Named::Plan(plan),
            [finding.position],
            format!(
                "監査指摘{number}の措置が期限{due}を{days}日過ぎています: {}",
                promised(Language::Ja)
            ),
            format!(
                "finding {number} was due on {due}, {days} days ago: {}",
                promised(Language::En)
            ),
        );
        flags.push(
            flag.with("finding", number)
                .with("due", due)
                .with("days", days),
        );
    }
}

#[cfg(test)]
mod tests;
