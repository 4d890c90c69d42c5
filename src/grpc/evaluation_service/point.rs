//! Which evaluation a request means: a plan at (D, K), or as a snapshot froze it, under the policy in force or another.

use std::sync::Arc;

use crate::api::v1;
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::period::{Period, Snapshot};
use crate::domain::plan::Plan;
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::as_of;
use crate::grpc::event::{At as Field, Faults};
use crate::grpc::goal_service::one;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{Reader, Standpoint};
use crate::projection::evaluation::{At, Ruling};
use crate::projection::overview;

/// The two ends of a comparison.
pub(super) struct Ends {
    pub(super) from: At,
    pub(super) to: At,
}

impl Ends {
    /// What a comparison is of. Where it begins with a snapshot and names no end, that is the same D with all that is known.
    pub(super) async fn of(
        reader: &Reader,
        now: &Standpoint,
        request: &v1::CompareEvaluationsRequest,
    ) -> Result<Self, Refusal> {
        let Some(from) = &request.from else {
            return Err(Refusal::rule(Reason::FieldRequired, "from"));
        };
        let named = request.plan.as_deref();
        let from = point(reader, now, named, Some(from), "from").await?;
        let to = match &request.to {
            Some(to) => {
                // One plan is compared with itself, whichever day each end looks at.
                let plan = from.plan.id.to_string();
                point(reader, now, Some(&plan), Some(to), "to").await?
            }
            None => {
                let on = from.effective_on;
                let view = now.view.clone();
                at(&Standpoint { view, on }, from.plan.clone(), None)?
            }
        };
        let mut wrong = Vec::new();
        let mut refuse = |problem: &str| {
            wrong.push(Rejection::new(Reason::FieldInvalid, "to").with("problem", problem));
        };
        if to.known_at < from.known_at {
            refuse("it must know at least as much as `from`");
        }
        if to.effective_on < from.effective_on {
            refuse("its day must not be before that of `from`");
        }
        if !wrong.is_empty() {
            return Err(Refusal::Rules(wrong));
        }
        Ok(Self { from, to })
    }
}

/// One end of a comparison, or what a report is of, as things stand `now`.
pub(super) async fn point(
    reader: &Reader,
    now: &Standpoint,
    plan: Option<&str>,
    point: Option<&v1::EvaluationPoint>,
    field: &'static str,
) -> Result<At, Refusal> {
    use v1::evaluation_point::At as Wire;
    let within = |refusal: Refusal| refusal.map_fields(|inner| format!("{field}.{inner}"));
    let chosen = policy_of(point.and_then(|point| point.policy.as_ref())).map_err(within)?;
    match point.and_then(|point| point.at.as_ref()) {
        Some(Wire::Snapshot(wanted)) => {
            let directory = &now.view.directory;
            let plan = plan_of(directory, plan, now.on)?;
            let (_, snapshot) = snapshot_of(directory, &plan, Some(wanted)).map_err(within)?;
            let at = at_snapshot(reader, &plan, &snapshot, chosen.as_ref()).await;
            at.map_err(within)
        }
        Some(Wire::AsOf(wanted)) => {
            let standpoint = as_of::other(reader, now, wanted, "as_of").await;
            let standpoint = standpoint.map_err(within)?;
            let plan = plan_of(&standpoint.view.directory, plan, standpoint.on)?;
            at(&standpoint, plan, chosen.as_ref()).map_err(within)
        }
        None => {
            let plan = plan_of(&now.view.directory, plan, now.on)?;
            at(now, plan, chosen.as_ref()).map_err(within)
        }
    }
}

/// A standpoint with a plan and a ruling.
pub(super) fn at(
    standpoint: &Standpoint,
    plan: Arc<Plan>,
    chosen: Option<&PolicyVersion>,
) -> Result<At, Refusal> {
    let (view, on) = (&standpoint.view, standpoint.on);
    let ruling = ruling(&view.directory, chosen, on, view.size)?;
    Ok(At {
        directory: view.directory.clone(),
        plan,
        effective_on: on,
        known_at: view.size,
        ruling,
    })
}

/// D and K of a snapshot, under its policy or another.
pub(super) async fn at_snapshot(
    reader: &Reader,
    plan: &Arc<Plan>,
    snapshot: &Snapshot,
    chosen: Option<&PolicyVersion>,
) -> Result<At, Refusal> {
    let view = reader.view_at(snapshot.known_at).await?;
    let policy = chosen.unwrap_or(&snapshot.policy);
    let on = snapshot.effective_on;
    let ruling = ruling(&view.directory, Some(policy), on, view.size)?;
    Ok(At {
        directory: view.directory,
        plan: plan.clone(),
        effective_on: on,
        known_at: snapshot.known_at,
        ruling,
    })
}

fn ruling(
    directory: &Directory,
    chosen: Option<&PolicyVersion>,
    on: Date,
    known_at: u64,
) -> Result<Ruling, Refusal> {
    match chosen {
        None => Ok(Ruling::on(directory, on, known_at)),
        Some(version) => Ruling::of(directory, version, on, known_at)
            .ok_or_else(|| Refusal::rule(Reason::PolicyUnknown, "policy")),
    }
}

/// The plan that is named, or that of the day.
pub(in crate::grpc) fn plan_of(
    directory: &Directory,
    named: Option<&str>,
    on: Date,
) -> Result<Arc<Plan>, Refusal> {
    let plan = match named {
        Some(text) => directory.plan(one(directory, "plan", text)?).cloned(),
        None => overview::plan_on(directory, on),
    };
    plan.ok_or_else(|| Refusal::rule(Reason::PlanUnknown, "plan"))
}

pub(super) fn policy_of(
    wire: Option<&v1::PolicyVersion>,
) -> Result<Option<PolicyVersion>, Refusal> {
    let Some(wire) = wire else { return Ok(None) };
    let mut faults = Faults::default();
    let code = faults.code(&Field::field("policy").then("code"), &wire.code);
    let code = faults.into_result(code)?;
    Ok(Some(PolicyVersion {
        code,
        version: wire.version,
    }))
}

pub(super) fn period_of(
    directory: &Directory,
    plan: &Plan,
    field: &'static str,
    text: &str,
) -> Result<Arc<Period>, Refusal> {
    if text.is_empty() {
        return Err(Refusal::rule(Reason::FieldRequired, field));
    }
    let period = Key::parse(text)
        .ok()
        .and_then(|key| directory.period(plan.id, &key).cloned());
    period.ok_or_else(|| {
        let known: Vec<String> = directory
            .periods_of(plan.id)
            .into_iter()
            .map(|period| period.key.to_string())
            .collect();
        let known = if known.is_empty() {
            "-".to_owned()
        } else {
            known.join(", ")
        };
        Refusal::Rules(vec![
            Rejection::new(Reason::PeriodUnknown, field).with("known", known),
        ])
    })
}

pub(in crate::grpc) fn snapshot_of(
    directory: &Directory,
    plan: &Plan,
    wanted: Option<&v1::SnapshotRef>,
) -> Result<(Arc<Period>, Snapshot), Refusal> {
    let Some(wanted) = wanted else {
        return Err(Refusal::rule(Reason::FieldRequired, "snapshot"));
    };
    let period = period_of(directory, plan, "snapshot.period", &wanted.period)?;
    let found = match wanted.revision {
        Some(revision) => period.snapshot(revision),
        None => period.snapshots.last(),
    };
    let found = found.cloned();
    let snapshot = found.ok_or_else(|| Refusal::new(ServiceReason::SnapshotUnknown))?;
    Ok((period, snapshot))
}
