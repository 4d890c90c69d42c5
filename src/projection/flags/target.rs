//! Flags about targets: when they were changed, which way, and what they would have been judged by otherwise.

use super::{Examined, Flag, FlagKind};
use crate::domain::actual::aggregate::{Cut, counted};
use crate::domain::evaluation::{
    AgainstTarget, Evaluation, Exact, Obstacle, Remark, Status, display,
};
use crate::domain::goal::decide::TOTAL_PERCENT;
use crate::domain::indicator::{Comparator, Definition, MeasureType};
use crate::domain::target::{Aim, TargetVersion};
use crate::domain::text::Language;
use crate::projection::target_history;
use crate::projection::wording::{self, Words};

/// A revision of the target, with what it replaced.
struct Revision<'a> {
    before: &'a TargetVersion,
    after: &'a TargetVersion,
    definition: &'a Definition,
    /// `30件以上 → 24件以上`.
    words: Words,
}

impl Examined<'_> {
    /// Everything about the indicator's targets.
    pub(super) fn targets(&self, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        for revision in self.revisions() {
            self.retroactive(&revision, flags);
            self.eased(&revision, evaluation, flags);
            self.after_the_result(&revision, flags);
        }
        self.achieved_by_revision(evaluation, flags);
        self.far_above(evaluation, flags);
    }

    /// Revisions that are known and in force by D, in the order of decision.
    fn revisions(&self) -> Vec<Revision<'_>> {
        let Some((_, version)) = self.state.definition_at(self.cut) else {
            return Vec::new();
        };
        let definition = version.definition.as_ref();
        let known: Vec<&TargetVersion> = self.state.targets_at(self.cut).collect();
        let pairs = known.iter().zip(known.iter().skip(1));
        pairs
            .map(|(before, after)| Revision {
                before,
                after,
                definition,
                words: Words::each(|language| {
                    let told = |v: &TargetVersion| wording::target(&v.target, definition, language);
                    format!("{} → {}", told(before), told(after))
                }),
            })
            .collect()
    }

    fn about(&self, kind: FlagKind, revision: &Revision<'_>, ja: &str, en: &str) -> Flag {
        let words = &revision.words;
        self.flag(
            kind,
            [revision.before.position, revision.after.position],
            format!("{}: {ja}", words.ja),
            format!("{}: {en}", words.en),
        )
        .with("before", wording::plain_target(&revision.before.target))
        .with("after", wording::plain_target(&revision.after.target))
        .with("effective_from", revision.after.effective_from)
        .with("recorded_on", revision.after.recorded_on)
    }

    fn retroactive(&self, revision: &Revision<'_>, flags: &mut Vec<Flag>) {
        if !revision.after.is_retroactive() {
            return;
        }
        let (effective, recorded) = (revision.after.effective_from, revision.after.recorded_on);
        let days = (recorded - effective).get_days();
        let flag = self.about(
            FlagKind::RetroactiveTarget,
            revision,
            &format!("適用日{effective}の{days}日後の{recorded}に決定"),
            &format!("in force from {effective}, decided {days} days later, on {recorded}"),
        );
        flags.push(flag.with("days", days));
    }

    fn eased(&self, revision: &Revision<'_>, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        let (before, after) = (&revision.before.target, &revision.after.target);
        let postponed = match (before.aim, after.aim) {
            (Aim::Done { due, .. }, Aim::Done { due: later, .. }) if due < later => {
                Some((later - due).get_days())
            }
            _ => None,
        };
        let comparator = revision.definition.comparator;
        if postponed.is_none() && !after.asks_less_than(before, comparator) {
            return;
        }
        // What would it be without the change?
        let first = judged(evaluation.first.as_ref());
        let now = judged(evaluation.current.as_ref());
        let ja = format!(
            "当初目標では「{}」、現目標では「{}」",
            first.words.ja, now.words.ja
        );
        let en = format!(
            "{} on the first target, {} on the one in force",
            first.words.en, now.words.en
        );
        let flag = match postponed {
            Some(days) => {
                let (ja, en) = (
                    format!("{days}日延期。{ja}"),
                    format!("put off by {days} days; {en}"),
                );
                self.about(FlagKind::DuePostponed, revision, &ja, &en)
                    .with("days", days)
            }
            None => self.about(FlagKind::TargetLowered, revision, &ja, &en),
        };
        flags.push(
            flag.with("under_first", first.code)
                .with("under_current", now.code),
        );
        self.late_lowering(revision, flags);
    }

    fn late_lowering(&self, revision: &Revision<'_>, flags: &mut Vec<Flag>) {
        let decided = revision.after.recorded_on;
        let left = (self.cycle.last() - decided).get_days();
        let limit = self.policy.late_lowering_days;
        let late = i64::from(left) <= i64::from(limit);
        // As it stood on the day of the decision, with what was known just before it.
        let then = Cut::on(decided).known_at(revision.after.position);
        let status = self.evaluate(then).map(|evaluation| evaluation.status);
        let behind = status.filter(|status| matches!(status, Status::Behind | Status::Overdue));
        let (ja, en) = match (late, behind) {
            (false, None) => return,
            (true, None) => (
                format!("年度末まで{left}日（{limit}日以内）"),
                format!("{left} days before the end of the cycle, within {limit}"),
            ),
            (_, Some(status)) => (
                format!(
                    "「{}」のときの変更（年度末まで{left}日）",
                    status.label(Language::Ja)
                ),
                format!(
                    "while {} ({left} days before the end of the cycle)",
                    status.label(Language::En)
                ),
            ),
        };
        let flag = self
            .about(FlagKind::LateLowering, revision, &ja, &en)
            .with("days_left", left);
        flags.push(match status {
            Some(status) => flag.with("status", status.code()),
            None => flag,
        });
    }

    fn after_the_result(&self, revision: &Revision<'_>, flags: &mut Vec<Flag>) {
        let result = self.measured().last_report(self.cut);
        let Some(last) = result.filter(|last| {
            target_history::is_after_result(revision.after, last, self.cycle, self.cut)
        }) else {
            return;
        };
        let day = last.valid.counts_on();
        let recorded = self.recorded_on(&last);
        let mut flag = self.about(
            FlagKind::TargetAfterLastActual,
            revision,
            &format!("最後の実績（{day}分、{recorded}記録）の後の決定"),
            &format!("decided after the last report, of {day}, recorded on {recorded}"),
        );
        flag.add_ground(last.position);
        flags.push(
            flag.with("last_report_day", day)
                .with("last_report_recorded_on", recorded),
        );
    }

    fn achieved_by_revision(&self, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        if !evaluation.remarks.contains(&Remark::AchievedByRevision) {
            return;
        }
        let (Some(first), Some(current)) = (&evaluation.first, &evaluation.current) else {
            return;
        };
        let of = |against| match display::attainment(evaluation, against, self.policy) {
            Ok(share) => share,
            Err(obstacle) => obstacle.code().to_owned(),
        };
        let (before, after) = (of(first), of(current));
        let flag = self.flag(
            FlagKind::AchievedByRevision,
            [first.target.position, current.target.position],
            format!("当初目標比{before}で未達、現目標比{after}で達成"),
            format!("{before} of the first target, {after} of the one in force"),
        );
        flags.push(
            flag.with("attainment_of_first", before)
                .with("attainment_of_current", after)
                .with("status", evaluation.status.code()),
        );
    }

    fn far_above(&self, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        let Some((_, version)) = self.state.definition_at(self.cut) else {
            return;
        };
        let definition = &version.definition;
        let upward = matches!(
            definition.comparator,
            Comparator::Ge | Comparator::Gt | Comparator::WithinTolerance
        );
        let own = !definition.per_month && definition.measure_type != MeasureType::Composite;
        let Some(current) = evaluation.current.as_ref().filter(|_| upward && own) else {
            return;
        };
        let Ok(share) = &current.attainment else {
            return;
        };
        let limit = Exact::ratio(&TOTAL_PERCENT.into(), &100.into());
        if limit.is_none_or(|limit| *share <= limit) {
            return;
        }
        let percent = share.times(&100.into()).toward_zero(1);
        let reports = counted(self.state, self.cut).map(|entry| entry.position);
        let flag = self.flag(
            FlagKind::FarAboveTarget,
            reports.chain([current.target.position]),
            format!("目標の{percent}%です（{TOTAL_PERCENT}%まで）"),
            format!("{percent} % of the target; {TOTAL_PERCENT} % is the usual limit"),
        );
        flags.push(flag.with("attainment_percent", percent));
    }
}

/// Whether a target is reached, or why that cannot be told.
struct Judged {
    code: &'static str,
    words: Words,
}

fn judged(against: Option<&AgainstTarget>) -> Judged {
    let said = |code, label: &dyn Fn(Language) -> &'static str| Judged {
        code,
        words: Words::each(|language| label(language).to_owned()),
    };
    match against.map(|against| against.achievement) {
        Some(Ok(achievement)) => said(achievement.code(), &|l| achievement.label(l)),
        Some(Err(obstacle)) => said(obstacle.code(), &|l| obstacle.label(l)),
        None => said(Obstacle::NoTarget.code(), &|l| Obstacle::NoTarget.label(l)),
    }
}

#[cfg(test)]
mod tests;
