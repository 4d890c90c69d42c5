//! A plan beside the one of the year before (前年同期比較).

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::ToSpan as _;

use super::difference;
use super::point::{at, plan_of, policy_of};
use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::date::Date;
use crate::domain::directory::Named;
use crate::domain::evaluation::Exact;
use crate::domain::plan::Plan;
use crate::domain::rejection::Reason;
use crate::grpc::event::{At as Field, Choice as _, Faults};
use crate::grpc::page_token::{Pinned, Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::projection::evaluation::PlanEvaluation;
use crate::projection::evaluation::constant_set::{LeftOut, Pair, constant_set};
use crate::projection::evaluation::rows::{Column, row};

/// What is told of each criterion of both years.
const TOLD: [Column; 6] = [
    Column::Target,
    Column::Actual,
    Column::Attainment,
    Column::Achievement,
    Column::Pace,
    Column::Status,
];

impl Services {
    /// A page of the criteria that two plans measure in the same way, and then of those that they do not.
    pub(super) async fn cycles(
        &self,
        call: Call,
        mut request: v1::CompareCyclesRequest,
    ) -> Result<v1::CompareCyclesResponse, Refusal> {
        let reader = self.ledger(&call, &request.ledger, Action::ReadEverything)?;
        let min_position = request.min_position.take();
        let page = Self::page_rows(std::mem::take(&mut request.page_size));
        let token = std::mem::take(&mut request.page_token);
        let scope = Scope {
            method: "EvaluationService/CompareCycles",
            actor: &call.actor,
            ledger: Some(reader.id()),
            filter: filter_digest(&request),
        };
        let place = self.place(&scope, &token)?;
        let skip = Self::skip(place.as_ref())?;
        let as_of = request.as_of.as_ref();
        let standpoint = self
            .standpoint(&call, &reader, min_position, as_of, place.as_ref())
            .await?;
        let directory = &standpoint.view.directory;
        let plan = plan_of(directory, request.plan.as_deref(), standpoint.on)?;
        let chosen = policy_of(request.policy.as_ref())?;
        let after = at(&standpoint, plan.clone(), chosen.as_ref())?;
        let on = day_before(request.day_before.as_deref(), standpoint.on)?;
        // A plan whose year is over is not put beside itself.
        let year_before = on.min(plan.cycle.first().saturating_sub(1.day()));
        let earlier = plan_of(directory, request.plan_before.as_deref(), year_before)
            .map_err(|refusal| refusal.map_fields(|_| "plan_before".to_owned()))?;
        if earlier.id == plan.id || !is_of(&earlier, on) {
            return Err(Refusal::rule(Reason::PlanUnknown, "plan_before"));
        }
        // One yardstick: the earlier year is judged by what judges the later.
        let before = self.evaluation(&reader, after.beside(earlier, on)).await?;
        let after = self.evaluation(&reader, after).await?;
        let found = constant_set(&before, &after);
        let pairs = found.pairs.iter().skip(skip).take(page);
        let compared: Vec<_> = pairs.map(|pair| compared(&before, &after, pair)).collect();
        let skipped = skip.saturating_sub(found.pairs.len());
        let rest = page.saturating_sub(compared.len());
        let left_out = found.left_out.iter().skip(skipped).take(rest);
        let left_out = left_out.map(|one| left_out_of(&before, &after, one));
        let total = found.pairs.len() + found.left_out.len();
        let (mut rose, mut fell, mut level) = (0, 0, 0);
        for (before, after) in found.pairs.iter().filter_map(attainments) {
            match before.cmp(after) {
                Ordering::Less => rose += 1,
                Ordering::Greater => fell += 1,
                Ordering::Equal => level += 1,
            }
        }
        let head = standpoint.view.head;
        let pinned = Some(Pinned::from(&standpoint));
        Ok(v1::CompareCyclesResponse {
            plan_before: Some(show::evaluation::plan(&before.at)),
            plan: Some(show::evaluation::plan(&after.at)),
            before: Some(show::evaluation::evaluated_at(&before.at, head)),
            after: Some(show::evaluation::evaluated_at(&after.at, head)),
            compared,
            left_out: left_out.collect(),
            compared_total: show::count(found.pairs.len()),
            left_out_total: show::count(found.left_out.len()),
            rose,
            fell,
            level,
            next_page_token: self.next_token(&scope, pinned, skip + page, total),
        })
    }
}

/// The day of the earlier plan: the one that is named, or the same day of the year before.
fn day_before(named: Option<&str>, on: Date) -> Result<Date, Refusal> {
    let Some(text) = named else {
        // 29 February has the 28th for its day.
        return Ok(on.saturating_sub(1.year()));
    };
    let mut faults = Faults::default();
    let date = faults.date(&Field::field("day_before"), text);
    Ok(faults.into_result(date)?)
}

/// Whether a day can be asked of a plan: in its cycle or after it, as accounts are settled then.
fn is_of(plan: &Arc<Plan>, on: Date) -> bool {
    plan.cycle.first() <= on
}

/// Both attainments, where both can be computed.
fn attainments<'a>(pair: &Pair<'a>) -> Option<(&'a Exact, &'a Exact)> {
    let of = |evaluation: &'a crate::domain::evaluation::Evaluation| {
        evaluation.current.as_ref()?.attainment.as_ref().ok()
    };
    Some((
        of(&pair.before.2.evaluation)?,
        of(&pair.after.2.evaluation)?,
    ))
}

fn compared(
    before: &PlanEvaluation,
    after: &PlanEvaluation,
    pair: &Pair<'_>,
) -> v1::ComparedCriterion {
    let (goal, initiative, indicator) = pair.before;
    let earlier = row(&before.at, goal, initiative, indicator);
    let (goal, initiative, indicator) = pair.after;
    let later = row(&after.at, goal, initiative, indicator);
    let fields = TOLD.map(|column| {
        let evaluations = (&*pair.before.2.evaluation, &*pair.after.2.evaluation);
        difference::beside(column, (&earlier, &later), evaluations)
    });
    v1::ComparedCriterion {
        indicator_before: Some(entity(before, pair.before.2.id)),
        indicator: Some(entity(after, pair.after.2.id)),
        goal: Some(show::entity(
            &after.at.directory,
            Named::Goal(pair.after.0.id),
            after.at.effective_on,
        )),
        fields: fields.into_iter().collect(),
        linked: pair.linked,
    }
}

fn left_out_of(
    before: &PlanEvaluation,
    after: &PlanEvaluation,
    one: &LeftOut,
) -> v1::LeftOutCriterion {
    v1::LeftOutCriterion {
        indicator_before: one.before.map(|id| entity(before, id)),
        indicator: one.after.map(|id| entity(after, id)),
        why: one.why.number(),
    }
}

fn entity(evaluation: &PlanEvaluation, id: crate::domain::id::IndicatorId) -> v1::Entity {
    let at = &evaluation.at;
    show::entity(&at.directory, Named::Indicator(id), at.effective_on)
}
