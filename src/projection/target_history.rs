//! How targets came to be what they are (目標変更履歴): each version with what it changed, and what the results come to on
//! the first target, on the one before and on the new one.
//!
//! The results are taken twice: as they were known when the target was decided, and as they are known at the answer's
//! (D, K). Each version is judged as if it were in force, so that one decided ahead can be told too.

use crate::domain::actual::aggregate::{Cut, counted};
use crate::domain::date::DateSpan;
use crate::domain::evaluation::{Achievement, AgainstTarget, Evaluation, Status};
use crate::domain::goal::{DefinitionVersion, Entry};
use crate::domain::indicator::enumeration;
use crate::domain::target::{Aim, TargetVersion, in_force};
use crate::projection::measured::Measured;

pub mod listing;

enumeration! {
    /// Which way a target was changed.
    TargetDirection {
        /// 当初設定: nothing stood before it.
        First = "FIRST",
        /// 引上げ: it asks for more than the one before.
        Raised = "RAISED",
        /// 引下げ: it asks for less than the one before, in whole or in part.
        Lowered = "LOWERED",
        /// 延期: it asks for the same, later.
        Postponed = "POSTPONED",
        /// 前倒し: it asks for the same, earlier.
        BroughtForward = "BROUGHT_FORWARD",
        /// その他: neither more nor less.
        Otherwise = "OTHERWISE",
    }
}

/// One version of a target, and what it changed.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetChange {
    /// Its number, from 1, in the order of decision.
    pub number: u32,
    /// The version decided before it.
    pub before: Option<TargetVersion>,
    /// The version.
    pub after: TargetVersion,
    /// Which way it changed.
    pub direction: TargetDirection,
    /// Days that a day to be done by was put off.
    pub days_postponed: Option<u32>,
    /// Days that a revision takes effect before its record.
    pub days_retroactive: Option<u32>,
    /// Whether it is in force at the cut.
    pub in_force: bool,
    /// Of the reports that count at the cut the one recorded last.
    pub last_report: Option<LastReport>,
}

/// The last report, seen from a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LastReport {
    /// Its position.
    pub position: u64,
    /// Whether the target was revised after it.
    pub before_target: bool,
    /// Whether that means that the result was known: see [`is_after_result`].
    pub is_result: bool,
}

/// The same results against the versions of a target.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Which results: (D, K).
    pub results: Cut,
    /// Against the first target, as if it had never been revised.
    pub original: Judged,
    /// Against the one before, as if it had not been revised; `None` for the first.
    pub before: Option<Judged>,
    /// Against the version, as if it had been the last.
    pub after: Judged,
}

/// A version of a target, and where the indicator stands as if it were in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The version as it was set.
    pub target: TargetVersion,
    /// Where the indicator stands; `None`: it was not known.
    pub evaluation: Option<Evaluation>,
}

impl Judged {
    /// What the results come to against the version.
    pub fn against(&self) -> Option<&AgainstTarget> {
        self.evaluation.as_ref()?.current.as_ref()
    }

    /// Where the indicator stands.
    pub fn status(&self) -> Option<Status> {
        self.evaluation.as_ref().map(|found| found.status)
    }

    /// Whether it is reached; `None` where that cannot be told.
    pub fn is_reached(&self) -> Option<bool> {
        self.against()?
            .achievement
            .ok()
            .map(Achievement::is_reached)
    }
}

/// Whether a target was decided when the result was known: `last`, of all reports that count at `cut` the one recorded
/// last, came before it, and the cycle is over or the target is in force for days that were reported.
pub fn is_after_result(
    target: &TargetVersion,
    last: &Entry<'_>,
    cycle: DateSpan,
    cut: Cut,
) -> bool {
    let over = cycle.last() <= cut.on;
    let of_known_days = target.effective_from <= last.valid.counts_on();
    last.position < target.position && (over || of_known_days)
}

impl<'a> Measured<'a> {
    /// Of the reports that count at `cut` the one recorded last.
    pub fn last_report(&self, cut: Cut) -> Option<Entry<'a>> {
        counted(self.state, cut).max_by_key(|entry| entry.position)
    }

    /// Every version of the target known at `cut`, in the order of decision, those that take effect later included.
    pub fn target_changes(&self, cut: Cut) -> Vec<TargetChange> {
        let versions = self.known_targets(cut);
        let current = self.state.target_at(cut).map(|version| version.event_id);
        let last = self.last_report(cut);
        let mut changes = Vec::with_capacity(versions.len());
        let mut before: Option<&TargetVersion> = None;
        for (number, after) in (1..).zip(&versions) {
            let report = last.as_ref().map(|last| LastReport {
                position: last.position,
                before_target: before.is_some() && last.position < after.position,
                is_result: before.is_some() && is_after_result(after, last, self.cycle, cut),
            });
            let direction = self.direction(before, after);
            changes.push(TargetChange {
                number,
                days_postponed: match (before.map(|before| before.target.aim), after.target.aim) {
                    (Some(Aim::Done { due, .. }), Aim::Done { due: later, .. })
                        if direction == TargetDirection::Postponed =>
                    {
                        u32::try_from((later - due).get_days()).ok()
                    }
                    _ => None,
                },
                // A first target is set when the plan is published, often after the cycle began.
                days_retroactive: (before.is_some() && after.is_retroactive())
                    .then(|| u32::try_from((after.recorded_on - after.effective_from).get_days()))
                    .and_then(Result::ok),
                in_force: current == Some(after.event_id),
                last_report: report,
                before: before.cloned(),
                after: after.clone(),
                direction,
            });
            before = Some(after);
        }
        changes
    }

    /// How it was measured, as known when `version` was decided, on the day that takes effect.
    pub fn definition_of(&self, version: &TargetVersion) -> Option<(u32, &DefinitionVersion)> {
        let known = Cut::on(version.effective_from).known_at(version.position + 1);
        self.state.definition_at(known)
    }

    /// What the results known when `change` was decided come to: on the day of the record, by what was known just before.
    pub fn at_decision(&self, change: &TargetChange) -> Comparison {
        let results = Cut::on(change.after.recorded_on).known_at(change.after.position);
        self.comparison(change, results)
    }

    /// What results come to against the versions that a change is between.
    pub fn comparison(&self, change: &TargetChange, results: Cut) -> Comparison {
        // The revision itself is known, whatever is known of results: it is no result.
        let own = change.after.position + 1;
        let known = results.known.map_or(own, |size| size.max(own));
        let upto = self.known_targets(Cut::on(results.on).known_at(own));
        let judged = |target: &TargetVersion, versions: &[TargetVersion]| Judged {
            target: target.clone(),
            evaluation: self
                .evaluate_aiming_at(in_force_last(versions, results), results.known_at(known)),
        };
        let first = upto.first().unwrap_or(&change.after);
        let earlier = upto.split_last().map_or(&[][..], |(_, earlier)| earlier);
        Comparison {
            results,
            original: judged(first, std::slice::from_ref(first)),
            before: change.before.as_ref().map(|before| judged(before, earlier)),
            after: judged(&change.after, &upto),
        }
    }

    fn known_targets(&self, cut: Cut) -> Vec<TargetVersion> {
        let known = |version: &&TargetVersion| cut.knows(version.position);
        self.state.targets.iter().filter(known).cloned().collect()
    }

    fn direction(&self, before: Option<&TargetVersion>, after: &TargetVersion) -> TargetDirection {
        let Some(before) = before else {
            return TargetDirection::First;
        };
        let series =
            |version: &TargetVersion| self.state.definition_version_at_position(version.position);
        let Some((_, version)) = self.definition_of(after) else {
            return TargetDirection::Otherwise;
        };
        if series(before) != series(after) {
            return TargetDirection::Otherwise;
        }
        let comparator = version.definition.comparator;
        match (before.target.aim, after.target.aim) {
            (Aim::Done { due, .. }, Aim::Done { due: later, .. }) if due < later => {
                TargetDirection::Postponed
            }
            (Aim::Done { due, .. }, Aim::Done { due: earlier, .. }) if earlier < due => {
                TargetDirection::BroughtForward
            }
            _ if after.target.asks_less_than(&before.target, comparator) => {
                TargetDirection::Lowered
            }
            _ if before.target.asks_less_than(&after.target, comparator) => TargetDirection::Raised,
            _ => TargetDirection::Otherwise,
        }
    }
}

/// The versions, of which the last is in force on D: from its own day if that makes it so, else from D on.
fn in_force_last(versions: &[TargetVersion], cut: Cut) -> Vec<TargetVersion> {
    let mut versions = versions.to_vec();
    let current = in_force(&versions, cut.on).map(|version| version.event_id);
    if let Some(last) = versions.last_mut()
        && current != Some(last.event_id)
    {
        last.effective_from = cut.on;
    }
    versions
}

#[cfg(test)]
mod tests;
