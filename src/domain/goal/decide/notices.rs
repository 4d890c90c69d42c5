//! What is accepted but worth a look: likely slips, and facts that somebody should know of.

use jiff::Span;
use rust_decimal::Decimal;

use super::Judge;
use super::progress::Report;
use crate::domain::actual::Measurement;
use crate::domain::goal::Slot;
use crate::domain::indicator::AggTime;
use crate::domain::quantity::Quantity;
use crate::domain::rejection::NoticeKind;
use crate::domain::target::Aim;

/// An increment is a spike above this many times the greatest before.
pub const SPIKE_TIMES: i64 = 3;
/// Percent of the target that a total passes before somebody looks.
pub const TOTAL_PERCENT: i64 = 150;
/// Percent of the level before that a level keeps at least.
pub const LEVEL_KEPT_PERCENT: i64 = 80;
/// Days after which a report is old.
const OLD_DAYS: i32 = 45;

impl Judge<'_> {
    /// Flags what is unusual about a report.
    pub(super) fn flags(&mut self, report: &Report<'_>) {
        self.old_date(report);
        let Some(slot) = &report.slot else { return };
        match report.measurement {
            Measurement::Increment(amount) => {
                self.possible_duplicate(report, slot);
                self.spike(report, *amount);
                self.far_above_target(report, slot, *amount);
            }
            Measurement::Level(level) => self.level_drop(report, slot, *level),
            _ => {}
        }
    }

    fn old_date(&mut self, report: &Report<'_>) {
        // A correction is of an old day by nature.
        if report.replaced.is_some() {
            return;
        }
        let (day, today) = (report.valid.counts_on(), self.context.today);
        if day
            .checked_add(Span::new().days(OLD_DAYS))
            .is_ok_and(|limit| limit < today)
        {
            self.notice(
                NoticeKind::OldDate,
                "",
                format!("{OLD_DAYS}日より前の日付（{day}）です"),
                format!("dated {day}, more than {OLD_DAYS} days back"),
            );
        }
    }

    fn possible_duplicate(&mut self, report: &Report<'_>, slot: &Slot) {
        let Some(occupants) = report.version.tally.at(slot) else {
            return;
        };
        let own = report.replaced_slot() == Some(*slot);
        if occupants.count > u32::from(own) {
            let date = slot.date;
            self.notice(
                NoticeKind::PossibleDuplicate,
                "measurement.increment",
                format!("同じ日（{date}）に同じ数の実績があります。二重の報告ではありませんか"),
                format!(
                    "an entry of the same amount is dated {date} already; is this the same fact?"
                ),
            );
        }
    }

    fn spike(&mut self, report: &Report<'_>, amount: Quantity) {
        let Some((largest, count)) = report.version.tally.largest() else {
            return;
        };
        // What is being replaced is no measure for what replaces it.
        let sole = report.replaced.as_ref().is_some_and(|(_, entry)| {
            count == 1 && entry.measurement == Measurement::Increment(largest)
        });
        if !sole && Quantity::ZERO < largest && times(largest, SPIKE_TIMES) < amount.decimal() {
            self.notice(
                NoticeKind::Spike,
                "measurement.increment",
                format!("これまでの最大（{largest}）の{SPIKE_TIMES}倍を超えています"),
                format!("more than {SPIKE_TIMES} times the greatest entry before, {largest}"),
            );
        }
    }

    fn far_above_target(&mut self, report: &Report<'_>, slot: &Slot, amount: Quantity) {
        let definition = &report.version.definition;
        if definition.agg_time != AggTime::Sum || definition.per_month {
            return;
        }
        let Some(target) = report
            .indicator
            .target_on(slot.date)
            .map(|version| &version.target)
        else {
            return;
        };
        let part = definition.parts.get(usize::from(slot.part).wrapping_sub(1));
        let part_target = part.and_then(|part| target.parts.iter().find(|t| t.part == part.key));
        let tally = &report.version.tally;
        let (total, aim) = match (part_target, target.aim) {
            (Some(part), _) => (tally.total_of(slot.part), part.value),
            (None, Aim::Value(value) | Aim::Approximate { value, .. }) => (tally.total(), value),
            (None, _) => return,
        };
        // What is replaced is still in the total, if it is of this series and, for a part's, of this part.
        let replaced = report
            .replaced_slot()
            .filter(|other| part_target.is_none() || other.part == slot.part);
        let replaced = replaced.map_or(Quantity::ZERO, |other| other.amount);
        let total = total
            .checked_add(amount)
            .and_then(|total| total.checked_sub(replaced));
        let Some(total) = total else { return };
        if Quantity::ZERO < aim && times(aim, TOTAL_PERCENT) < times(total, 100) {
            self.notice(
                NoticeKind::FarAboveTarget,
                "measurement.increment",
                format!("累計{total}は目標{aim}の{TOTAL_PERCENT}%を超えます"),
                format!("the total of {total} is more than {TOTAL_PERCENT} % of the target, {aim}"),
            );
        }
    }

    fn level_drop(&mut self, report: &Report<'_>, slot: &Slot, level: Quantity) {
        let others = |index: &usize| {
            report
                .replaced
                .as_ref()
                .is_none_or(|(replaced, _)| replaced != index)
        };
        let before = report.version.tally.before(slot).find(others);
        let before = before.and_then(|index| report.indicator.entries.get(index));
        let Some(Measurement::Level(before)) = before.map(|entry| entry.measurement) else {
            return;
        };
        if Quantity::ZERO < before && times(level, 100) < times(before, LEVEL_KEPT_PERCENT) {
            let percent = 100 - LEVEL_KEPT_PERCENT;
            self.notice(
                NoticeKind::LevelDrop,
                "measurement.level",
                format!("直前の値（{before}）から{percent}%を超えて下がっています"),
                format!("fell by more than {percent} % from the level before, {before}"),
            );
        }
    }
}

impl Report<'_> {
    /// The place of the entry replaced, where that is of the same series.
    fn replaced_slot(&self) -> Option<Slot> {
        let (_, entry) = self
            .replaced
            .as_ref()
            .filter(|(_, e)| e.definition_version == self.version_number)?;
        let (part, day) = (
            entry.context.reported.part.as_ref(),
            entry.valid.counts_on(),
        );
        Slot::of(&self.version.definition, &entry.measurement, part, day)
    }
}

// Totals have 28 digits at most; beyond that a flag is not worth an overflow.
fn times(value: Quantity, factor: i64) -> Decimal {
    value
        .decimal()
        .checked_mul(Decimal::from(factor))
        .unwrap_or(Decimal::MAX)
}
