//! Flags about reports: when they came, what they say, what shows them.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{Examined, Flag, FlagKind};
use crate::domain::actual::aggregate::counted;
use crate::domain::actual::{Measurement, MilestoneState, NilCause};
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::directory::Phase;
use crate::domain::goal::Entry;
use crate::domain::goal::decide::{LEVEL_KEPT_PERCENT, SPIKE_TIMES};
use crate::domain::id::EventId;
use crate::domain::quantity::Quantity;

/// Corrections of one report from which on it is flagged.
pub const CORRECTIONS: usize = 2;
/// Days before a deadline that count as the last ones.
pub const RUSH_DAYS: i32 = 7;
/// Reports of the last days from which on they are a rush.
pub const RUSH_REPORTS: usize = 4;
/// Months that a rush is of at least.
pub const RUSH_MONTHS: usize = 3;
/// Percent of all reports of the time that a rush makes at least.
pub const RUSH_PERCENT: usize = 50;
/// Months in a row from which on one number is flagged.
pub const IDENTICAL_MONTHS: usize = 3;
/// What a round number is a multiple of.
pub const ROUND: i64 = 5;

impl Examined<'_> {
    /// Everything about the indicator's reports.
    pub(super) fn reports(&self, flags: &mut Vec<Flag>) {
        self.late(flags);
        self.corrected_again(flags);
        self.spikes(flags);
        self.drops(flags);
        self.duplicates(flags);
        self.rush(flags);
        self.identical(flags);
        self.unshown(flags);
        self.silent(flags);
        self.nil(flags);
    }

    fn counted(&self) -> impl Iterator<Item = Entry<'_>> {
        counted(self.state, self.cut)
    }

    /// Reports known and of days up to D, whatever became of them.
    fn known(&self) -> impl Iterator<Item = Entry<'_>> {
        let entries = self.state.entries.iter();
        entries.filter(|entry| self.cut.holds(entry.position, Some(entry.valid)))
    }

    fn late(&self, flags: &mut Vec<Flag>) {
        let limit = self.policy.late_report_days;
        for entry in self.known().filter(|entry| entry.corrects.is_none()) {
            let (day, recorded) = (entry.valid.counts_on(), self.recorded_on(&entry));
            let days = (recorded - day).get_days();
            if i64::from(days) <= i64::from(limit) {
                continue;
            }
            let flag = self.flag(
                FlagKind::LateReport,
                [entry.position],
                format!("{day}の実績が{days}日後の{recorded}に記録されました（{limit}日まで）"),
                format!("of {day}, recorded on {recorded}, {days} days later; {limit} are allowed"),
            );
            flags.push(
                flag.with("days", days)
                    .with("day", day)
                    .with("recorded_on", recorded)
                    .with("allowed_days", limit),
            );
        }
    }

    fn corrected_again(&self, flags: &mut Vec<Flag>) {
        // The newest of each chain: what no known correction replaces.
        let replaced: BTreeSet<EventId> = self.known().filter_map(|entry| entry.corrects).collect();
        for newest in self
            .known()
            .filter(|entry| !replaced.contains(&entry.event_id))
        {
            let mut corrections = Vec::new();
            let mut link = newest.clone();
            while let Some(before) = link.corrects.and_then(|id| self.state.entry(id)) {
                corrections.push(std::mem::replace(&mut link, before));
            }
            if corrections.len() < CORRECTIONS {
                continue;
            }
            let people: BTreeSet<_> = corrections
                .iter()
                .map(|entry| (&entry.actor.issuer, &entry.actor.subject))
                .collect();
            let (count, people) = (corrections.len(), people.len());
            let (ja, en) = if people == 1 {
                let who = &newest.actor.subject;
                (format!("すべて{who}による"), format!("all by {who}"))
            } else {
                (format!("{people}人による"), format!("by {people} people"))
            };
            let flag = self.flag(
                FlagKind::RepeatedCorrection,
                corrections
                    .iter()
                    .chain([&link])
                    .map(|entry| entry.position),
                format!("一つの報告が{count}回訂正されました（{ja}）"),
                format!("one report was corrected {count} times, {en}"),
            );
            flags.push(flag.with("corrections", count).with("people", people));
        }
    }

    fn spikes(&self, flags: &mut Vec<Flag>) {
        // What came in and what went out, in the order of the ledger; a correction takes out first, for what is
        // replaced is no measure for what replaces it.
        let mut changes: BTreeMap<(u64, u8), (Quantity, Entry<'_>)> = BTreeMap::new();
        for entry in &self.state.entries {
            let Measurement::Increment(amount) = entry.measurement else {
                continue;
            };
            if !self.cut.knows(entry.position) || !self.of_series(&entry) {
                continue;
            }
            if let Some(by) = entry.superseded().filter(|by| self.cut.knows(by.position)) {
                changes.insert((by.position, 0), (amount, entry.clone()));
            }
            changes.insert((entry.position, 1), (amount, entry));
        }
        let standing: BTreeSet<EventId> = self.counted().map(|entry| entry.event_id).collect();
        let mut before: BTreeMap<Quantity, usize> = BTreeMap::new();
        for ((_, step), (amount, entry)) in changes {
            if step == 0 {
                if let Some(count) = before.get_mut(&amount) {
                    *count -= 1;
                    if *count == 0 {
                        before.remove(&amount);
                    }
                }
                continue;
            }
            let largest = before.last_key_value().map(|(largest, _)| *largest);
            *before.entry(amount).or_default() += 1;
            let Some(largest) = largest.filter(|largest| Quantity::ZERO < *largest) else {
                continue;
            };
            let limit = largest.decimal().checked_mul(Decimal::from(SPIKE_TIMES));
            let spike = limit.is_some_and(|limit| limit < amount.decimal());
            if spike && standing.contains(&entry.event_id) {
                let day = entry.valid.counts_on();
                let flag = self.flag(
                    FlagKind::ValueSpike,
                    [entry.position],
                    format!("{day}の{amount}は、それまでの最大{largest}の{SPIKE_TIMES}倍を超えます"),
                    format!("{amount} of {day} is more than {SPIKE_TIMES} times the greatest before it, {largest}"),
                );
                flags.push(
                    flag.with("amount", amount)
                        .with("largest_before", largest)
                        .with("day", day),
                );
            }
        }
    }

    fn drops(&self, flags: &mut Vec<Flag>) {
        let mut levels: BTreeMap<Option<&Key>, Vec<(Quantity, Entry<'_>)>> = BTreeMap::new();
        for entry in self.counted() {
            if let Measurement::Level(level) = entry.measurement {
                let of_part = levels
                    .entry(entry.context.reported.part.as_ref())
                    .or_default();
                of_part.push((level, entry));
            }
        }
        for mut of_part in levels.into_values() {
            of_part.sort_by_key(|(_, entry)| (entry.valid.counts_on(), entry.position));
            for pair in of_part.windows(2) {
                let [(before, earlier), (level, entry)] = pair else {
                    continue;
                };
                let day = entry.valid.counts_on();
                let kept = before
                    .decimal()
                    .checked_mul(Decimal::from(LEVEL_KEPT_PERCENT));
                let now = level.decimal().checked_mul(Decimal::ONE_HUNDRED);
                let fell = now.zip(kept).is_some_and(|(now, kept)| now < kept);
                if !fell || *before <= Quantity::ZERO {
                    continue;
                }
                let percent = 100 - LEVEL_KEPT_PERCENT;
                let flag = self.flag(
                    FlagKind::LevelDrop,
                    [earlier.position, entry.position],
                    format!("{day}の{level}は、直前の{before}から{percent}%を超えて下がっています"),
                    format!(
                        "{level} of {day} fell by more than {percent} % from {before} before it"
                    ),
                );
                flags.push(
                    flag.with("before", before)
                        .with("after", level)
                        .with("day", day),
                );
            }
        }
    }

    fn duplicates(&self, flags: &mut Vec<Flag>) {
        let mut places: BTreeMap<(Option<&Key>, Date, Quantity), Vec<Entry<'_>>> = BTreeMap::new();
        for entry in self.counted() {
            if let Measurement::Increment(amount) = entry.measurement {
                let place = (
                    entry.context.reported.part.as_ref(),
                    entry.valid.counts_on(),
                    amount,
                );
                places.entry(place).or_default().push(entry);
            }
        }
        for ((_, day, amount), entries) in places {
            let count = entries.len();
            if 1 < count && amount != Quantity::ZERO {
                let flag = self.flag(
                    FlagKind::PossibleDuplicate,
                    entries.into_iter().map(|entry| entry.position),
                    format!("{day}の{amount}が{count}件あります。二重の報告ではありませんか"),
                    format!("{amount} of {day} stands there {count} times; is it one fact?"),
                );
                flags.push(
                    flag.with("amount", amount)
                        .with("day", day)
                        .with("reports", count),
                );
            }
        }
    }

    fn rush(&self, flags: &mut Vec<Flag>) {
        for (span, deadline) in &self.deadlines {
            let mut all = 0;
            let mut last: Vec<Entry<'_>> = Vec::new();
            for entry in self.counted().filter(|entry| entry.corrects.is_none()) {
                if !span.contains(entry.valid.counts_on()) {
                    continue;
                }
                all += 1;
                let left = (*deadline - self.recorded_on(&entry)).get_days();
                if (0..RUSH_DAYS).contains(&left) {
                    last.push(entry);
                }
            }
            let months: BTreeSet<Date> = last
                .iter()
                .map(|entry| entry.valid.counts_on().first_of_month())
                .collect();
            let (count, months) = (last.len(), months.len());
            let is_rush =
                RUSH_REPORTS <= count && RUSH_MONTHS <= months && RUSH_PERCENT * all <= 100 * count;
            if is_rush {
                let flag = self.flag(
                    FlagKind::EndOfPeriodRush,
                    last.into_iter().map(|entry| entry.position),
                    format!("{all}件のうち{count}件（{months}か月分）が期限{deadline}までの{RUSH_DAYS}日間に記録されました"),
                    format!("{count} of {all} reports, of {months} months, were recorded in the last {RUSH_DAYS} days up to {deadline}"),
                );
                flags.push(
                    flag.with("reports", count)
                        .with("of", all)
                        .with("months", months)
                        .with("deadline", deadline),
                );
            }
        }
    }

    fn identical(&self, flags: &mut Vec<Flag>) {
        let mut months: BTreeMap<Date, (Quantity, Vec<Entry<'_>>)> = BTreeMap::new();
        for entry in self.counted() {
            if let Measurement::Increment(amount) = entry.measurement {
                let month = months
                    .entry(entry.valid.counts_on().first_of_month())
                    .or_default();
                // `decide` bounds what is summed; a forged month that goes beyond is no round number.
                month.0 = month.0.checked_add(amount).unwrap_or_default();
                month.1.push(entry);
            }
        }
        let is_round = |value: Quantity| {
            let remainder = value.decimal().checked_rem(Decimal::from(ROUND));
            Quantity::ZERO < value && remainder.is_some_and(|rest| rest.is_zero())
        };
        let mut run: Vec<(Date, Quantity, Vec<Entry<'_>>)> = Vec::new();
        let mut end = |run: &mut Vec<(Date, Quantity, Vec<Entry<'_>>)>| {
            if let [(first, value, _), .., (last, ..)] = run.as_slice()
                && IDENTICAL_MONTHS <= run.len()
            {
                let count = run.len();
                let (first, last) = (first.strftime("%Y-%m"), last.strftime("%Y-%m"));
                let flag = self.flag(
                    FlagKind::IdenticalRoundNumbers,
                    run.iter()
                        .flat_map(|(_, _, entries)| entries)
                        .map(|entry| entry.position),
                    format!("{first}から{last}まで{count}か月続けて{value}です"),
                    format!("{value} in each of {count} months, {first} to {last}"),
                );
                flags.push(
                    flag.with("amount", value)
                        .with("months", count)
                        .with("first_month", first)
                        .with("last_month", last),
                );
            }
            run.clear();
        };
        for (month, (value, entries)) in months {
            let follows = run.last().is_none_or(|(before, amount, _)| {
                let next = before.last_of_month().tomorrow().ok();
                next == Some(month) && *amount == value
            });
            if !follows {
                end(&mut run);
            }
            if is_round(value) {
                run.push((month, value, entries));
            }
        }
        end(&mut run);
    }

    fn unshown(&self, flags: &mut Vec<Flag>) {
        let (mut all, mut demanded) = (0_usize, 0_usize);
        let mut unshown = Vec::new();
        for entry in self.counted() {
            if matches!(entry.measurement, Measurement::Nil(_)) {
                continue;
            }
            all += 1;
            if entry.context.evidence == 0 && !self.shown.contains(&entry.event_id) {
                demanded += usize::from(demands_evidence(&entry.measurement));
                unshown.push(entry.position);
            }
        }
        if unshown.is_empty() {
            return;
        }
        let count = unshown.len();
        let flag = self.flag(
            FlagKind::NoEvidence,
            unshown,
            format!("{all}件の報告のうち{count}件に根拠資料がありません（うち必須{demanded}件）"),
            format!("nothing shows {count} of {all} reports; of {demanded} it is demanded"),
        );
        flags.push(
            flag.with("without", count)
                .with("of", all)
                .with("demanded", demanded),
        );
    }

    fn silent(&self, flags: &mut Vec<Flag>) {
        let Some((_, version)) = self.state.definition_on(self.cut.on, self.cut.known) else {
            return;
        };
        let definition = &version.definition;
        let begun = definition.active_window.unwrap_or(self.cycle).first() <= self.cut.on;
        let stands = |entry: Entry<'_>| {
            entry
                .superseded()
                .is_none_or(|by| !self.cut.knows(by.position))
        };
        let reported = self.known().any(stands);
        if !begun || reported || definition.entry_kind.is_none() || self.phase != Phase::Active {
            return;
        }
        let on = self.cut.on;
        flags.push(self.flag(
            FlagKind::NeverReported,
            [version.position],
            format!("{on}までに一度も報告がありません"),
            format!("nobody has reported up to {on}"),
        ));
    }

    fn nil(&self, flags: &mut Vec<Flag>) {
        let mut causes: BTreeMap<NilCause, Vec<u64>> = BTreeMap::new();
        for entry in self.counted() {
            if let Measurement::Nil(cause) = entry.measurement {
                causes.entry(cause).or_default().push(entry.position);
            }
        }
        for (cause, grounds) in causes {
            let count = grounds.len();
            let (ja, en) = match cause {
                NilCause::NoActivity => ("活動なし", "no activity"),
                NilCause::NoDemand => ("需要なし", "no demand"),
                NilCause::NotMeasured => ("未測定", "not measured"),
            };
            let flag = self.flag(
                FlagKind::NilReported,
                grounds,
                format!("「{ja}」と{count}回報告されています"),
                format!("reported as nothing ({en}) {count} times"),
            );
            flags.push(flag.with("cause", cause.code()).with("reports", count));
        }
    }
}

/// Whether a report of this kind is taken only with evidence.
fn demands_evidence(measurement: &Measurement) -> bool {
    match measurement {
        Measurement::RubricLevel(_) => true,
        Measurement::Milestone { state, .. } => {
            matches!(
                state,
                MilestoneState::Completed | MilestoneState::InOperation
            )
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests;
