//! Flags about reports that met a period that was closed to them.

use super::{Examined, Flag, FlagKind};
use crate::domain::date::Date;
use crate::domain::period::{Period, Step};

/// What something recorded about a period met there.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Met {
    /// Nothing.
    Open,
    /// The cutoff.
    Cutoff,
    /// The close.
    Close,
}

impl Examined<'_> {
    /// Everything about the indicator's reports and the periods they are of.
    pub(super) fn locks(&self, flags: &mut Vec<Flag>) {
        for entry in &self.state.entries {
            let day = entry.valid.counts_on();
            if self.cut.holds(entry.position, Some(entry.valid)) {
                let recorded = self.recorded_on(&entry);
                let corrects = entry.corrects.is_some();
                self.met(entry.position, day, recorded, corrects, flags);
            }
            // What takes a report back is of the report's days.
            if let Some(by) = entry.superseded().filter(|by| by.retracted)
                && self.cut.knows(by.position)
                && day <= self.cut.on
            {
                let recorded = self.directory.date_of(by.recorded_at);
                self.met(by.position, day, recorded, true, flags);
            }
        }
    }

    fn met(&self, position: u64, day: Date, recorded: Date, change: bool, flags: &mut Vec<Flag>) {
        let Some(period) = self.periods.iter().find(|period| period.span.contains(day)) else {
            return;
        };
        let (key, ja, en) = (&period.key, period.title.ja.as_str(), &period.key);
        let flag = match self.lock(period, position, recorded) {
            Met::Open => return,
            Met::Cutoff => self.flag(
                FlagKind::LateAfterCutoff,
                [position],
                format!("「{ja}」の受付締切後の{recorded}に、{day}の実績が記録されました"),
                format!("of {day}, recorded on {recorded}, after the cutoff of `{en}`"),
            ),
            Met::Close => self.flag(
                FlagKind::CorrectedAfterClose,
                [position],
                format!("「{ja}」の確定後の{recorded}に、{day}の実績が変わりました"),
                format!("of {day}, changed on {recorded}, after `{en}` was closed"),
            ),
        };
        flags.push(
            flag.with("period", key)
                .with("day", day)
                .with("recorded_on", recorded)
                .with("change", if change { "CORRECTION" } else { "REPORT" }),
        );
    }

    /// What the event at `position` met in a period, as the rules have it.
    fn lock(&self, period: &Period, position: u64, recorded: Date) -> Met {
        let before =
            period.transitions_known(Some(position.min(self.cut.known.unwrap_or(position))));
        match before.last().map(|transition| &transition.step) {
            None | Some(Step::Opened) => Met::Open,
            Some(Step::SoftClosed) => Met::Cutoff,
            Some(Step::Reopened { scope, until })
                if recorded <= *until && scope.contains(&self.id) =>
            {
                Met::Cutoff
            }
            Some(Step::Closed { .. } | Step::Reopened { .. }) => Met::Close,
        }
    }
}

#[cfg(test)]
mod tests;
