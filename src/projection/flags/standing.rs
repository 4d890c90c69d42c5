//! Flags about where an indicator stands: what was broken, what hides behind a total, what a correction did.

use std::collections::BTreeSet;

use super::{Examined, Flag, FlagKind};
use crate::domain::actual::aggregate::{Cut, counted};
use crate::domain::actual::{Measurement, NilCause};
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::evaluation::{Evaluation, Exact, Obstacle, Status, display};
use crate::domain::goal::Entry;
use crate::domain::indicator::Comparator;
use crate::domain::text::Language;
use crate::projection::wording::{self, Words};

/// Reports that are looked at for the first breach of a cap at most: the first.
pub const BREACH_REPORTS_MAX: usize = 1_000;

impl Examined<'_> {
    /// Everything about where the indicator stands.
    pub(super) fn standing(&self, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        self.redefined(flags);
        self.breached(evaluation, flags);
        self.zero_behind(evaluation, flags);
        self.no_demand(evaluation, flags);
        self.changed_by_correction(flags);
    }

    fn redefined(&self, flags: &mut Vec<Flag>) {
        let versions = (1_u32..).zip(&self.state.definitions);
        let later = versions.filter(|(number, version)| {
            1 < *number && self.cut.knows(version.position) && version.from <= self.cut.on
        });
        for (number, version) in later {
            let from = version.from;
            let flag = self.flag(
                FlagKind::DefinitionChanged,
                [version.position],
                format!("{from}から定義の第{number}版。前後の値は比較しません"),
                format!(
                    "definition {number} from {from} on; figures on both sides are not compared"
                ),
            );
            flags.push(
                flag.with("version", number)
                    .with("from", from)
                    .with("measure_type", version.definition.measure_type.code()),
            );
        }
    }

    /// What was not to be exceeded and was: on which day, when that was first known, and in which frozen figures first.
    fn breached(&self, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        let Some((_, version)) = self.state.definition_at(self.cut) else {
            return;
        };
        let definition = &version.definition;
        if !matches!(definition.comparator, Comparator::Le | Comparator::Lt) {
            return;
        }
        let is_breached = |cut| {
            let evaluation = self.evaluate(cut);
            evaluation.filter(|evaluation| evaluation.status == Status::Breached)
        };
        let mut reports: Vec<Entry<'_>> = counted(self.state, self.cut).collect();
        reports.sort_by_key(|entry| (entry.valid.counts_on(), entry.position));
        let days: BTreeSet<Date> = reports
            .iter()
            .take(BREACH_REPORTS_MAX)
            .map(|entry| entry.valid.counts_on())
            .collect();
        let first = days.into_iter().find_map(|day| {
            let cut = Cut {
                on: day,
                ..self.cut
            };
            is_breached(cut).map(|evaluation| (day, evaluation))
        });
        let Some((day, then)) = first else { return };
        // Known from the first report after which the figures said so, whether or not it counts still.
        let known = self
            .state
            .entries
            .iter()
            .filter(|entry| self.cut.knows(entry.position))
            .take(BREACH_REPORTS_MAX)
            .find(|entry| {
                let cut = Cut::on(self.recorded_on(entry)).known_at(entry.position + 1);
                is_breached(cut).is_some()
            });
        let told = self.frozen_after(known.as_ref().map_or(u64::MAX, |entry| entry.position));
        let value = Words::each(|language| match &then.value {
            Ok(value) => wording::amount(value, definition, language),
            Err(_) => wording::actual(&then.actual, definition, language),
        });
        let known_on = known.as_ref().map(|entry| self.recorded_on(entry));
        let since = known_on.map_or_else(String::new, |day| day.to_string());
        let (told_ja, told_en) = match &told {
            Some((period, day)) => (
                format!("{day}の「{period}」の確定値で報告"),
                format!("reported in what was frozen of `{period}` on {day}"),
            ),
            None => (
                "確定値ではまだ報告されていません".to_owned(),
                "not in any frozen figures yet".to_owned(),
            ),
        };
        let grounds = reports
            .iter()
            .filter(|entry| entry.valid.counts_on() == day)
            .map(|entry| entry.position)
            .chain(known.map(|entry| entry.position));
        let mut flag = self
            .flag(
                FlagKind::CapBreached,
                grounds,
                format!("{day}に{}で超過、{since}に判明、{told_ja}", value.ja),
                format!(
                    "exceeded on {day} with {}, known on {since}, {told_en}",
                    value.en
                ),
            )
            .with("breached_on", day)
            .with("status", evaluation.status.code());
        if let Some(day) = known_on {
            flag = flag.with("known_on", day);
        }
        if let Some((period, day)) = told {
            flag = flag.with("reported_in", period).with("reported_on", day);
        }
        flags.push(flag);
    }

    /// The first frozen figures that knew of the event at `position`: key of the period, and the day.
    fn frozen_after(&self, position: u64) -> Option<(Key, Date)> {
        let snapshots = self.periods.iter().flat_map(|period| {
            let known = period
                .snapshots
                .iter()
                .filter(|s| self.cut.knows(s.position));
            known.map(|snapshot| (period.key.clone(), snapshot))
        });
        let first = snapshots
            .filter(|(_, snapshot)| position < snapshot.known_at)
            .min_by_key(|(_, snapshot)| snapshot.position);
        first.map(|(period, snapshot)| (period, self.directory.date_of(snapshot.recorded_at)))
    }

    fn zero_behind(&self, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        let whole = evaluation
            .value
            .as_ref()
            .is_ok_and(|value| Exact::zero() < *value);
        let Some((_, version)) = self.state.definition_at(self.cut) else {
            return;
        };
        let is_zero = |actual: &crate::domain::actual::Actual| {
            use crate::domain::actual::Actual;
            match actual {
                Actual::NoReport => true,
                Actual::Number { value, .. } => value.decimal().is_zero(),
                Actual::Ratio { numerator, .. } => numerator.decimal().is_zero(),
                Actual::Months { total, .. } => total.decimal().is_zero(),
                _ => false,
            }
        };
        let zero: Vec<&Key> = evaluation
            .parts
            .iter()
            .filter(|part| is_zero(&part.actual))
            .map(|part| &part.part)
            .collect();
        if !whole || zero.is_empty() {
            return;
        }
        let keys: Vec<&str> = zero.iter().map(|key| key.as_str()).collect();
        let keys = keys.join(",");
        let total = Words::each(|language| match &evaluation.value {
            Ok(value) => wording::amount(value, &version.definition, language),
            Err(obstacle) => obstacle.label(language).to_owned(),
        });
        let flag = self.flag(
            FlagKind::ZeroBehindTotal,
            counted(self.state, self.cut).map(|entry| entry.position),
            format!("全体は{}ですが、次の内訳は0か未報告です: {keys}", total.ja),
            format!("{} in all, but nothing of: {keys}", total.en),
        );
        flags.push(flag.with("parts", keys));
    }

    /// What fell short because nobody asked for it, and what shows the demand.
    fn no_demand(&self, evaluation: &Evaluation, flags: &mut Vec<Flag>) {
        let Some((_, version)) = self.state.definition_at(self.cut) else {
            return;
        };
        let definition = &version.definition;
        let nobody_asked = evaluation.value == Err(Obstacle::NoDemand);
        let met = evaluation.status == Status::DemandMet;
        if !(nobody_asked || definition.demand_driven && met) {
            return;
        }
        let said = counted(self.state, self.cut)
            .filter(|entry| entry.measurement == Measurement::Nil(NilCause::NoDemand))
            .map(|entry| entry.position);
        let asked = self
            .state
            .demands_at(self.cut)
            .map(|demand| demand.position);
        let grounds: Vec<u64> = said.chain(asked).collect();
        let demand = self.state.demand_at(self.cut);
        let (ja, en) = match (demand, &evaluation.service_rate) {
            (Some(requests), Ok(rate)) => {
                let rate = display::service_rate(rate, self.policy);
                (
                    format!("需要{requests}件のすべてに応じています（充足率{rate}）"),
                    format!("all of {requests} requests were met ({rate})"),
                )
            }
            (Some(requests), Err(_)) => (
                format!("記録された需要は{requests}件です"),
                format!("{requests} requests were recorded"),
            ),
            (None, _) => (
                "需要がないと報告されていますが、需要の記録はありません".to_owned(),
                "reported as without demand, and no demand is recorded".to_owned(),
            ),
        };
        let mut flag = self.flag(FlagKind::NoDemand, grounds, ja, en);
        flag = flag.with("status", evaluation.status.code());
        if let Some(requests) = demand {
            flag = flag.with("requests", requests);
        }
        if let Ok(rate) = &evaluation.service_rate {
            flag = flag.with("service_rate", display::service_rate(rate, self.policy));
        }
        flags.push(flag);
    }

    /// Corrections and retractions after which the status was another: that of frozen figures, else that of the day.
    fn changed_by_correction(&self, flags: &mut Vec<Flag>) {
        let mut corrections: Vec<(u64, Date, Date)> = Vec::new();
        for entry in &self.state.entries {
            if let Some(by) = entry.superseded().filter(|by| self.cut.knows(by.position)) {
                let day = self.directory.date_of(by.recorded_at);
                corrections.push((by.position, entry.valid.counts_on(), day));
            }
        }
        corrections.sort_unstable();
        for (position, of, day) in corrections {
            let mut published = false;
            for period in &self.periods {
                for snapshot in &period.snapshots {
                    // Frozen before the correction, and of days that it touches.
                    let touched = snapshot.known_at <= position && of <= snapshot.effective_on;
                    if !touched || !self.cut.knows(snapshot.position) {
                        continue;
                    }
                    published = true;
                    let restated = period.restatements.iter().any(|restatement| {
                        restatement.revision == snapshot.revision
                            && position < restatement.known_at
                            && self.cut.knows(restatement.position)
                    });
                    if !restated {
                        let key = Some(&period.key);
                        flags.extend(self.changed(position, snapshot.effective_on, key));
                    }
                }
            }
            if !published {
                flags.extend(self.changed(position, day.min(self.cut.on), None));
            }
        }
    }

    /// What the correction at `position` did to the status on `on`, if anything.
    fn changed(&self, position: u64, on: Date, period: Option<&Key>) -> Option<Flag> {
        let status = |known| self.evaluate(Cut::on(on).known_at(known)).map(|e| e.status);
        let (before, after) = (status(position)?, status(position + 1)?);
        if before == after {
            return None;
        }
        let (ja, en) = match period {
            Some(key) => (
                format!("確定した「{key}」の修正公表はありません"),
                format!("no restatement of `{key}`, which was closed"),
            ),
            None => (
                "確定値はまだありません".to_owned(),
                "nothing was frozen of it".to_owned(),
            ),
        };
        let said = |language| format!("{} → {}", before.label(language), after.label(language));
        let flag = self.flag(
            FlagKind::StatusChangedByCorrection,
            [position],
            format!(
                "訂正により{on}の判定が変わりました: {}（{ja}）",
                said(Language::Ja)
            ),
            format!(
                "a correction changed the status of {on}: {} ({en})",
                said(Language::En)
            ),
        );
        let flag = flag
            .with("status_before", before.code())
            .with("status_after", after.code())
            .with("on", on);
        Some(match period {
            Some(key) => flag.with("period", key),
            None => flag,
        })
    }
}

#[cfg(test)]
mod tests;
