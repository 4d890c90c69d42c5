//! Who has reported for a round, and which rounds a plan has.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::evaluation::Exact;
use crate::domain::evaluation::display;
use crate::domain::id::UnitId;
use crate::domain::plan::Plan;
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::reporting::{Calendar, ReportingRound};
use crate::grpc::event::{At, Choice as _, Faults, show_round, show_round_dates, show_unit};
use crate::grpc::goal_service::one;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::projection::overview;
use crate::projection::reporting::{
    ReportingCounts, ReportingFilter, ReportingRow, ReportingState, RoundReport, reporting_status,
    round_on,
};

/// Digits after the point of a completeness.
const COMPLETENESS_DIGITS: u32 = 1;

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::ListReportingStatusRequest,
) -> Result<v1::ListReportingStatusResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadPlan)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "GoalService/ListReportingStatus",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let skip = Services::skip(place.as_ref())?;
    let as_of = request.as_of.as_ref();
    let at = services
        .standpoint(call, &reader, min_position, as_of, place.as_ref())
        .await?;
    let directory = &at.view.directory;
    let (plan, calendar) = in_force(directory, request.plan.as_deref(), at.on)?;
    services.read_plan(call, &reader, plan.id)?;
    let round = round(&calendar, request.round.as_deref(), at.on)?;
    let unit = |field, text: &Option<String>| -> Result<Option<UnitId>, Refusal> {
        text.as_deref()
            .map(|text| one(directory, field, text))
            .transpose()
    };
    let filter = ReportingFilter {
        department: unit("department", &request.department)?,
        section: unit("section", &request.section)?,
    };
    let states = states(&request.states)?;
    let status = reporting_status(&reader, &at, &plan, &calendar, round, &filter).await?;
    let wanted: Vec<&ReportingRow> = status
        .rows
        .iter()
        .filter(|row| states.is_empty() || states.contains(&row.state))
        .collect();
    let units = |units: &[(UnitId, ReportingCounts)]| {
        let show = |(unit, counts): &(UnitId, ReportingCounts)| v1::UnitReporting {
            unit: Some(show::entity(directory, Named::Unit(*unit), at.on)),
            counts: Some(show_counts(counts)),
        };
        units.iter().map(show).collect()
    };
    Ok(v1::ListReportingStatusResponse {
        plan: Some(show::entity(directory, Named::Plan(plan.id), at.on)),
        round: Some(in_sight(directory, round)),
        rounds: calendar.rounds.iter().map(|r| r.code.to_string()).collect(),
        calendar_event_id: calendar.event_id.map(|id| id.to_string()),
        judged_on: status.judged_on.to_string(),
        rows: wanted
            .iter()
            .skip(skip)
            .take(rows)
            .map(|row| show_row(directory, row, at.on))
            .collect(),
        departments: units(&status.departments),
        sections: units(&status.sections),
        total: Some(show_counts(&status.total)),
        next_page_token: services.next_token(&scope, Some((&at).into()), skip + rows, wanted.len()),
        row_count: show::count(wanted.len()),
        answered_at: Some(show::answered_at(&at)),
    })
}

/// The calendar of a plan that is in force, whole.
pub(super) async fn calendar(
    services: &Services,
    call: &Call,
    request: v1::GetReportingCalendarRequest,
) -> Result<v1::GetReportingCalendarResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadPlan)?;
    let as_of = request.as_of.as_ref();
    let at = services
        .standpoint(call, &reader, request.min_position, as_of, None)
        .await?;
    let directory = &at.view.directory;
    let (plan, calendar) = in_force(directory, request.plan.as_deref(), at.on)?;
    services.read_plan(call, &reader, plan.id)?;
    let exceptions = calendar.rounds.iter().flat_map(|round| &round.exceptions);
    let mut seen = BTreeSet::new();
    let named = exceptions
        .map(|exception| exception.indicator)
        .filter(|indicator| directory.indicator(*indicator).is_some() && seen.insert(*indicator));
    Ok(v1::GetReportingCalendarResponse {
        plan: Some(show::entity(directory, Named::Plan(plan.id), at.on)),
        rounds: calendar
            .rounds
            .iter()
            .map(|round| in_sight(directory, round))
            .collect(),
        indicators: named
            .map(|indicator| show::entity(directory, Named::Indicator(indicator), at.on))
            .collect(),
        effective_from: calendar.effective_from.to_string(),
        event_id: calendar.event_id.map(|id| id.to_string()),
        position: calendar.position,
        answered_at: Some(show::answered_at(&at)),
    })
}

/// A round without the exceptions of indicators that a caller may not read: these are not in their directory.
fn in_sight(directory: &Directory, round: &ReportingRound) -> v1::ReportingRound {
    let mut round = round.clone();
    round
        .exceptions
        .retain(|exception| directory.indicator(exception.indicator).is_some());
    show_round(&round)
}

/// The plan asked for, or that of the date, with its calendar in force on the date.
pub(in crate::grpc) fn in_force(
    directory: &Directory,
    plan: Option<&str>,
    on: Date,
) -> Result<(Arc<Plan>, Calendar), Refusal> {
    let plan = match plan {
        Some(plan) => directory.plan(one(directory, "plan", plan)?).cloned(),
        None => overview::plan_on(directory, on),
    };
    let unknown = || Refusal::rule(Reason::PlanUnknown, "plan");
    let plan = plan.ok_or_else(unknown)?;
    let calendar = directory.calendar_on(plan.id, on).ok_or_else(unknown)?;
    Ok((plan, calendar))
}

/// The round asked for, or the one that is meant.
pub(in crate::grpc) fn round<'a>(
    calendar: &'a Calendar,
    code: Option<&str>,
    on: Date,
) -> Result<&'a ReportingRound, Refusal> {
    let found = match code {
        Some(text) => {
            let mut faults = Faults::default();
            let code = faults.key(&At::field("round"), text);
            let code = faults.into_result(code)?;
            calendar.round(&code)
        }
        None => round_on(calendar, on),
    };
    found.ok_or_else(|| {
        let codes: Vec<&str> = calendar.rounds.iter().map(|r| r.code.as_str()).collect();
        let unknown = Rejection::new(Reason::RoundUnknown, "round");
        Refusal::Rules(vec![unknown.with("known", codes.join(", "))])
    })
}

fn states(numbers: &[i32]) -> Result<Vec<ReportingState>, Refusal> {
    let mut faults = Faults::default();
    let states = numbers.iter().enumerate().map(|(index, number)| {
        let state = ReportingState::from_number(*number);
        state.or_else(|| faults.form(&At::item("states", index), "no such state"))
    });
    let states: Option<Vec<_>> = states.collect();
    Ok(faults.into_result(states)?)
}

fn show_row(directory: &Directory, row: &ReportingRow, on: Date) -> v1::ReportingRow {
    let entity = |named| Some(show::entity(directory, named, on));
    v1::ReportingRow {
        indicator: entity(Named::Indicator(row.indicator)),
        goal: entity(Named::Goal(row.goal)),
        department: entity(Named::Unit(row.department)),
        section: entity(Named::Unit(row.section)),
        state: row.state.number(),
        dates: row.dates.map(show_round_dates),
        report: row.report.as_ref().map(show_report),
        unit: Some(show_unit(&row.definition.unit)),
        entry_kind: row.definition.entry_kind.map(|kind| kind.number()),
        days_overdue: row.days_overdue,
        last_report: row.last_report.as_ref().map(|last| v1::LastReport {
            position: last.position,
            until: last.until.to_string(),
            recorded_by: last.recorded_by.to_string(),
        }),
    }
}

fn show_report(report: &RoundReport) -> v1::RoundReport {
    v1::RoundReport {
        event_id: report.event_id.to_string(),
        position: report.position,
        until: report.until.to_string(),
        recorded_on: report.recorded_on.to_string(),
        days_late: report.days_late,
        zero: report.zero,
        entries: show::count(report.entries),
    }
}

fn show_counts(counts: &ReportingCounts) -> v1::ReportingCounts {
    let completeness = counts.completeness();
    v1::ReportingCounts {
        not_asked: counts.count(ReportingState::NotAsked),
        not_due: counts.count(ReportingState::NotDue),
        awaited: counts.count(ReportingState::Awaited),
        missing: counts.count(ReportingState::Missing),
        nil: counts.count(ReportingState::Nil),
        reported: counts.count(ReportingState::Reported),
        late: counts.late,
        due: counts.due(),
        answered: counts.answered(),
        completeness: completeness
            .map(|share| display::percent(&share, COMPLETENESS_DIGITS, &[Exact::one()])),
    }
}
