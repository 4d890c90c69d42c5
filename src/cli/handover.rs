//! `daicho handover`: what whoever takes over a seat has to know (引継ぎ), put together from answers that every client gets.

use clap::Args;

use crate::api::v1;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::render::handover;
use crate::cli::session::Session;

/// Arguments of `handover`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct HandoverArgs {
    /// The seat
    #[arg(value_name = "SEAT")]
    seat: String,
    /// Of this plan: code or id; absent: the plan of the day
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

const EXAMPLES: &str = "\
Examples:
  daicho handover 財務課長
  daicho handover 財務課長 --on 2024-03-31";

/// What is handed over with a seat.
#[derive(Clone, Debug, Default)]
pub struct Handover {
    /// Everybody who ever held the seat, and who acts for it.
    pub held: v1::ListGrantsResponse,
    /// Proposals and decisions whose next step is whoever holds the seat's.
    pub waiting: v1::ListPendingResponse,
    /// Other open proposals about what its units answer for.
    pub proposals: v1::ListPendingResponse,
    /// For each unit of the seat what is open there.
    pub units: Vec<UnitOpen>,
}

impl Handover {
    /// The grant that says what the seat is: the last one in force on the day that was asked for, else the last there is.
    pub fn seat(held: &v1::ListGrantsResponse) -> Option<&v1::Grant> {
        let in_force = held.grants.iter().rfind(|grant| grant.in_force);
        in_force.or(held.grants.last())
    }
}

/// What is open in a unit.
#[derive(Clone, Debug, Default)]
pub struct UnitOpen {
    /// The unit.
    pub unit: v1::SeatUnit,
    /// Reports that are awaited or missing.
    pub reports: v1::ListReportingStatusResponse,
    /// What is measured there, with targets and judgements.
    pub evaluated: v1::EvaluatePlanResponse,
    /// What was agreed to do next.
    pub actions: v1::ListNextActionsResponse,
}

/// Tells what is handed over.
pub async fn handover(session: &Session, args: &HandoverArgs) -> Result<(), Failure> {
    let as_of = args.as_of.message();
    let client = session.client.at(as_of.clone());
    let held = client
        .grants(v1::ListGrantsRequest {
            seat: Some(args.seat.clone()),
            include_inactive: true,
            ..v1::ListGrantsRequest::default()
        })
        .await?;
    let Some(seat) = Handover::seat(&held) else {
        let seat = &args.seat;
        return Err(Failure::usage(session.view.pick(
            format!("職「{seat}」は発令されたことがありません。一覧: daicho grants list --all"),
            format!("the seat `{seat}` was never granted; see: daicho grants list --all"),
        )));
    };
    let mut units = Vec::new();
    for unit in &seat.units {
        // A department's seat is told of what its sections do.
        let of_department = seat.role() == v1::SeatRole::Director;
        let (department, section) = match of_department {
            true => (Some(unit.unit.clone()), None),
            false => (None, Some(unit.unit.clone())),
        };
        let reports = v1::ListReportingStatusRequest {
            plan: args.plan.clone(),
            department: department.clone(),
            section: section.clone(),
            states: [v1::ReportingState::Awaited, v1::ReportingState::Missing]
                .map(i32::from)
                .to_vec(),
            ..v1::ListReportingStatusRequest::default()
        };
        let evaluated = v1::EvaluatePlanRequest {
            plan: args.plan.clone(),
            department,
            section,
            as_of: as_of.clone(),
            ..v1::EvaluatePlanRequest::default()
        };
        let actions = v1::ListNextActionsRequest {
            plan: args.plan.clone(),
            owner: Some(unit.unit.clone()),
            as_of: as_of.clone(),
            ..v1::ListNextActionsRequest::default()
        };
        units.push(UnitOpen {
            unit: unit.clone(),
            reports: client.reporting_status(reports).await?,
            evaluated: client.evaluate(evaluated).await?,
            actions: client.next_actions(actions).await?,
        });
    }
    let waiting = v1::ListPendingRequest {
        seat: Some(args.seat.clone()),
        ..v1::ListPendingRequest::default()
    };
    let waiting = client.pending(waiting).await?;
    let mut proposals = client.pending(v1::ListPendingRequest::default()).await?;
    proposals.proposals.retain(|proposal| {
        let waits = |one: &v1::Proposal| one.proposal == proposal.proposal;
        !waiting.proposals.iter().any(waits) && is_about(proposal, &units)
    });
    let handover = Handover {
        held,
        waiting,
        proposals,
        units,
    };
    if session.json {
        let units: Result<Vec<_>, Failure> = handover
            .units
            .iter()
            .map(|open| {
                Ok(serde_json::json!({
                    "unit": open.unit.unit,
                    "reports": json::value(&open.reports)?,
                    "evaluated": json::value(&open.evaluated)?,
                    "actions": json::value(&open.actions)?,
                }))
            })
            .collect();
        return session.print(&serde_json::json!({
            "held": json::value(&handover.held)?,
            "waiting": json::value(&handover.waiting)?,
            "proposals": json::value(&handover.proposals)?,
            "units": units?,
        }));
    }
    session
        .output
        .answer(&handover::told(&session.view, &args.seat, &handover))
}

/// Whether a proposal is about a goal, an initiative or an indicator of these units.
fn is_about(proposal: &v1::Proposal, units: &[UnitOpen]) -> bool {
    let Some(subject) = &proposal.subject else {
        return false;
    };
    let is = |entity: &Option<v1::Entity>| entity.as_ref().is_some_and(|one| one.id == subject.id);
    let mut goals = units.iter().flat_map(|unit| &unit.evaluated.goals);
    goals.any(|goal| {
        let mut initiatives = goal.initiatives.iter();
        is(&goal.goal)
            || initiatives.any(|initiative| {
                let mut indicators = initiative.indicators.iter();
                is(&initiative.initiative) || indicators.any(|one| is(&one.indicator))
            })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seat_is_what_its_grant_in_force_says_not_what_it_will_be() {
        let grant = |id: &str, in_force| v1::Grant {
            grant: id.to_owned(),
            in_force,
            ..v1::Grant::default()
        };
        let seat = |grants: &[v1::Grant]| {
            let held = v1::ListGrantsResponse {
                grants: grants.to_vec(),
                ..v1::ListGrantsResponse::default()
            };
            Handover::seat(&held).map(|grant| grant.grant.clone())
        };
        let [was, is, will] =
            [("was", false), ("is", true), ("will", false)].map(|(id, now)| grant(id, now));
        assert_eq!(
            seat(&[was.clone(), is, will.clone()]).as_deref(),
            Some("is")
        );
        assert_eq!(seat(&[was, will]).as_deref(), Some("will"));
        assert_eq!(seat(&[]), None);
    }
}
