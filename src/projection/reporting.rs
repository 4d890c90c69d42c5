//! Who has reported for a round of the reporting calendar, who is late and who is missing (報告状況).

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::actual::Measurement;
use crate::domain::actual::aggregate::{Cut, counted};
use crate::domain::date::Date;
use crate::domain::directory::{Directory, IndicatorEntry, Phase};
use crate::domain::evaluation::Exact;
use crate::domain::event::Stream;
use crate::domain::goal::{Entry, Indicator};
use crate::domain::id::{EventId, GoalId, IndicatorId, UnitId};
use crate::domain::indicator::{Definition, enumeration};
use crate::domain::plan::Plan;
use crate::domain::reporting::{Calendar, ReportingRound, RoundDates};
use crate::domain::text::{Language, Name};
use crate::ledger::{ReadFault, Reader, Standpoint};
use crate::projection::listing::{self, GoalFilter};

enumeration! {
    /// How an indicator stands towards a round.
    ReportingState {
        /// 対象外: the round does not ask for it.
        NotAsked = "NOT_ASKED",
        /// 未到来: the day the reports are for has not come.
        NotDue = "NOT_DUE",
        /// 提出待ち: nothing was reported, and the cut-off has not passed.
        Awaited = "AWAITED",
        /// 未報告: nothing was reported, and the cut-off has passed.
        Missing = "MISSING",
        /// 実績なし: it was reported that there is nothing to report.
        Nil = "NIL",
        /// 報告済: something was reported, maybe zero.
        Reported = "REPORTED",
    }
}

impl ReportingState {
    /// What people call it.
    pub fn label(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::NotAsked => ("対象外", "not asked"),
            Self::NotDue => ("未到来", "not due"),
            Self::Awaited => ("提出待ち", "awaited"),
            Self::Missing => ("未報告", "missing"),
            Self::Nil => ("実績なし", "nil"),
            Self::Reported => ("報告済", "reported"),
        };
        match language {
            Language::Ja => ja,
            Language::En => en,
        }
    }

    /// Whether the round waits for an answer or has one.
    pub fn is_due(self) -> bool {
        !matches!(self, Self::NotAsked | Self::NotDue)
    }

    /// Whether the round has its answer.
    pub fn is_answered(self) -> bool {
        matches!(self, Self::Nil | Self::Reported)
    }
}

/// What an indicator was reported for a round.
#[derive(Clone, Debug, PartialEq)]
pub struct RoundReport {
    /// The newest-dated entry of the round; of one day the one first recorded.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// The last day that it covers.
    pub until: Date,
    /// The day on which it was first recorded: before every correction.
    pub recorded_on: Date,
    /// Days from the cut-off to that day; `None`: it was on time.
    pub days_late: Option<u32>,
    /// Whether all that was reported for the round is the number 0: something other than silence.
    pub zero: bool,
    /// How many entries of the round count.
    pub entries: usize,
}

/// How one indicator stands towards the round.
#[derive(Clone, Debug)]
pub struct ReportingRow {
    /// The indicator.
    pub indicator: IndicatorId,
    /// Where it stands.
    pub entry: Arc<IndicatorEntry>,
    /// Its goal.
    pub goal: GoalId,
    /// The department that set the goal.
    pub department: UnitId,
    /// The section that answers for it.
    pub section: UnitId,
    /// How it is measured.
    pub definition: Arc<Definition>,
    /// How it stands.
    pub state: ReportingState,
    /// Its dates; `None`: it is not asked.
    pub dates: Option<RoundDates>,
    /// Days from the cut-off to the day it is judged on, of what is missing.
    pub days_overdue: Option<u32>,
    /// What was reported.
    pub report: Option<RoundReport>,
    /// The newest-dated report that counts at (D, K), of whichever round: who is likely to know.
    pub last_report: Option<LastReport>,
}

/// A report that somebody made, of whichever round.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LastReport {
    /// Its position.
    pub position: u64,
    /// The last day that it covers.
    pub until: Date,
    /// Who recorded it.
    pub recorded_by: Name,
}

/// How many indicators stand how.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReportingCounts {
    /// By state; what is not there is 0.
    pub states: BTreeMap<ReportingState, u32>,
    /// Of those answered, how many came after their cut-off.
    pub late: u32,
}

impl ReportingCounts {
    fn add(&mut self, row: &ReportingRow) {
        let count = self.states.entry(row.state).or_default();
        *count = count.saturating_add(1);
        let late = row
            .report
            .as_ref()
            .is_some_and(|report| report.days_late.is_some());
        self.late = self.late.saturating_add(u32::from(late));
    }

    /// How many stand so.
    pub fn count(&self, state: ReportingState) -> u32 {
        self.states.get(&state).copied().unwrap_or_default()
    }

    /// How many the round has asked for by now.
    pub fn due(&self) -> u32 {
        self.sum(ReportingState::is_due)
    }

    /// How many of them were answered.
    pub fn answered(&self) -> u32 {
        self.sum(ReportingState::is_answered)
    }

    /// The share of what is due that was answered; `None` where nothing is.
    pub fn completeness(&self) -> Option<Exact> {
        Exact::from(i64::from(self.answered())).over(&Exact::from(i64::from(self.due())))
    }

    fn sum(&self, which: impl Fn(ReportingState) -> bool) -> u32 {
        let counts = self.states.iter().filter(|(state, _)| which(**state));
        counts.map(|(_, count)| *count).fold(0, u32::saturating_add)
    }
}

/// Which indicators, all at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReportingFilter {
    /// Of goals of this department.
    pub department: Option<UnitId>,
    /// That this section answers for.
    pub section: Option<UnitId>,
}

/// A round of a plan with everybody's standing towards it.
#[derive(Clone, Debug)]
pub struct ReportingStatus {
    /// The day by which cut-offs are judged: D, or the day of the last event known where that is later.
    pub judged_on: Date,
    /// Every indicator that satisfies the filter, in the order of the plan.
    pub rows: Vec<ReportingRow>,
    /// By department, in the order of the plan.
    pub departments: Vec<(UnitId, ReportingCounts)>,
    /// By section, in the order in which they are first met.
    pub sections: Vec<(UnitId, ReportingCounts)>,
    /// All of them.
    pub total: ReportingCounts,
}

/// Goals looked at before others get a turn.
const GOALS_AT_ONCE: usize = 64;

/// The round that is meant where none is named: the last whose day has come on `date`, or else the first.
pub fn round_on(calendar: &Calendar, date: Date) -> Option<&ReportingRound> {
    let mut rounds = calendar.rounds.iter();
    let come = rounds.rfind(|round| round.reports_for <= date);
    come.or_else(|| calendar.rounds.first())
}

/// How everybody stands towards `round` of `plan` at (D, K).
pub async fn reporting_status(
    reader: &Reader,
    at: &Standpoint,
    plan: &Plan,
    calendar: &Calendar,
    round: &ReportingRound,
    filter: &ReportingFilter,
) -> Result<ReportingStatus, ReadFault> {
    let directory = &at.view.directory;
    let newest = at.view.size.saturating_sub(1);
    let known = reader.stored(newest).await?.recorded.recorded_at;
    let of_round = OfRound {
        directory,
        at,
        calendar,
        round,
        judged_on: at.on.max(directory.date_of(known)),
    };
    let goals = GoalFilter {
        plan: Some(plan.id),
        department: filter.department,
        ..GoalFilter::default()
    };
    let mut rows = Vec::new();
    for (number, goal) in (1..).zip(listing::goals(directory, &goals, at.on)) {
        let Some(department) = directory
            .goal(goal)
            .map(|goal| goal.placed_on(at.on).department)
        else {
            continue;
        };
        for initiative in directory.initiatives_of_on(goal, at.on) {
            let Some(answers) = directory
                .initiative(initiative)
                .map(|initiative| initiative.responsible_on(at.on).lead)
            else {
                continue;
            };
            for id in directory.indicators_of_on(initiative, at.on) {
                let Some(entry) = directory.indicator(id) else {
                    continue;
                };
                let home = Stream::goal(entry.home);
                let home = reader.stream_covering(home, at.view.size).await?;
                let Some(state) = home.goal.indicator(id) else {
                    continue;
                };
                let Some((_, version)) = state.definition_at(at.cut()) else {
                    continue;
                };
                let section = version.definition.lead_unit.unwrap_or(answers);
                if filter.section.is_some_and(|wanted| wanted != section) {
                    continue;
                }
                let last_report = of_round.last_report(state);
                let (state, dates, report) = of_round.standing(id, state, &version.definition);
                let days_overdue = dates
                    .filter(|_| state == ReportingState::Missing)
                    .and_then(|dates| days_between(dates.cut_off, of_round.judged_on));
                rows.push(ReportingRow {
                    indicator: id,
                    entry: entry.clone(),
                    goal,
                    department,
                    section,
                    definition: version.definition.clone(),
                    state,
                    dates,
                    days_overdue,
                    report,
                    last_report,
                });
            }
        }
        if number % GOALS_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
    }
    let mut status = ReportingStatus {
        judged_on: of_round.judged_on,
        rows,
        departments: Vec::new(),
        sections: Vec::new(),
        total: ReportingCounts::default(),
    };
    for row in &status.rows {
        count(&mut status.departments, row.department, row);
        count(&mut status.sections, row.section, row);
        status.total.add(row);
    }
    Ok(status)
}

fn count(units: &mut Vec<(UnitId, ReportingCounts)>, unit: UnitId, row: &ReportingRow) {
    let place = units.iter().position(|(known, _)| *known == unit);
    let place = place.unwrap_or_else(|| {
        units.push((unit, ReportingCounts::default()));
        units.len() - 1
    });
    units[place].1.add(row);
}

/// One round as indicators stand towards it.
struct OfRound<'a> {
    directory: &'a Directory,
    at: &'a Standpoint,
    calendar: &'a Calendar,
    round: &'a ReportingRound,
    judged_on: Date,
}

impl OfRound<'_> {
    fn standing(
        &self,
        id: IndicatorId,
        state: &Indicator,
        definition: &Definition,
    ) -> (ReportingState, Option<RoundDates>, Option<RoundReport>) {
        let Some(dates) = self.asked(id, definition) else {
            return (ReportingState::NotAsked, None, None);
        };
        // What came before its day is an answer too; later days belong to the next round.
        let until = dates.reports_for.min(self.at.on);
        let cut = Cut::on(until).known_at(self.at.view.size);
        let since = self.asked_before(id, definition, dates.reports_for);
        let of_round: Vec<Entry<'_>> = counted(state, cut)
            .filter(|entry| since.is_none_or(|since| since < entry.valid.counts_on()))
            .collect();
        let report = self.report(state, &of_round, dates);
        let nil = of_round
            .iter()
            .all(|entry| matches!(entry.measurement, Measurement::Nil(_)));
        let found = match &report {
            Some(_) if nil => ReportingState::Nil,
            Some(_) => ReportingState::Reported,
            None if self.at.on < dates.reports_for => ReportingState::NotDue,
            None if dates.cut_off < self.judged_on => ReportingState::Missing,
            None => ReportingState::Awaited,
        };
        (found, Some(dates), report)
    }

    fn last_report(&self, state: &Indicator) -> Option<LastReport> {
        let cut = Cut::on(self.at.on).known_at(self.at.view.size);
        // Of equal days `max_by_key` takes the last recorded.
        let entry = counted(state, cut).max_by_key(|entry| entry.valid.counts_on())?;
        Some(LastReport {
            position: entry.position,
            until: entry.valid.counts_on(),
            recorded_by: entry.actor.subject.clone(),
        })
    }

    /// Its dates, where the round asks for it: it takes reports of its own, its work has begun by the day that is asked
    /// for and has neither ended nor come to rest.
    fn asked(&self, id: IndicatorId, definition: &Definition) -> Option<RoundDates> {
        definition.entry_kind?;
        let dates = self.calendar.dates_of(self.round, id, definition)?;
        let day = dates.reports_for;
        let begins = definition.active_window.map(|window| window.first());
        if begins.is_some_and(|begins| day < begins) {
            return None;
        }
        let on = day.min(self.at.on);
        let directory = self.directory;
        let indicator = directory.indicator(id)?;
        let initiative = directory.initiative(indicator.placed_on(on).initiative)?;
        let goal = directory.goal(initiative.placed_on(on).goal)?;
        let phases = [
            indicator.phase_on(on),
            initiative.phase_on(on),
            goal.phase_on(on),
        ];
        let ended = |phase: &Phase| match phase {
            Phase::Active => false,
            Phase::Suspended(since) | Phase::Cancelled(since) | Phase::CarriedOver(since) => {
                *since <= on
            }
        };
        (!phases.iter().any(ended)).then_some(dates)
    }

    /// The last day before `day` for which reports on the indicator were asked.
    fn asked_before(&self, id: IndicatorId, definition: &Definition, day: Date) -> Option<Date> {
        let asked = self.calendar.asked(id, definition);
        let before = asked.iter().map(|dates| dates.reports_for);
        before.filter(|earlier| *earlier < day).max()
    }

    fn report(
        &self,
        state: &Indicator,
        of_round: &[Entry<'_>],
        dates: RoundDates,
    ) -> Option<RoundReport> {
        // Of equal days `min_by_key` takes the first recorded.
        let newest = of_round
            .iter()
            .min_by_key(|entry| std::cmp::Reverse(entry.valid.counts_on()))?;
        let first = state.first_of_chain(newest.clone());
        let recorded_on = self.directory.date_of(first.recorded_at);
        let late = (dates.cut_off < recorded_on)
            .then(|| days_between(dates.cut_off, recorded_on))
            .flatten();
        Some(RoundReport {
            event_id: newest.event_id,
            position: newest.position,
            until: newest.valid.counts_on(),
            recorded_on,
            days_late: late,
            zero: of_round.iter().all(|entry| is_zero(&entry.measurement)),
            entries: of_round.len(),
        })
    }
}

/// Days from one day to a later one.
fn days_between(from: Date, to: Date) -> Option<u32> {
    u32::try_from(from.duration_until(to).as_hours() / 24).ok()
}

/// Whether a number was reported, and it is 0.
fn is_zero(measurement: &Measurement) -> bool {
    match measurement {
        Measurement::Increment(value) | Measurement::Level(value) => value.decimal().is_zero(),
        Measurement::MemberValue { value, .. } => value.decimal().is_zero(),
        Measurement::Ratio { numerator, .. } => numerator.decimal().is_zero(),
        Measurement::Member { .. }
        | Measurement::Milestone { .. }
        | Measurement::RubricLevel(_)
        | Measurement::Nil(_) => false,
    }
}
