//! What an evaluation rests on: periods and policies.

use std::sync::Arc;

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::date::Date;
use crate::domain::decision::policy::ApprovalPolicy;
use crate::domain::directory::{Directory, Named, PublishedContent, PublishedPolicy};
use crate::domain::evaluation::grade::{BuiltIn, built_in};
use crate::domain::evaluation::policy::{EvaluationPolicy, PolicyKind, PolicyVersion};
use crate::domain::period::{Period, Restatement, Snapshot, Step, Transition};
use crate::domain::rejection::Reason;
use crate::grpc::event::{
    At, Choice as _, Faults, show_access_policy, show_approval_policy, show_evaluation_policy,
    show_grade_rubric, show_policy_version, show_span, show_timestamp, show_title,
};
use crate::grpc::goal_service::one;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::status::Refusal;
use crate::projection::overview;

/// Restatements of one period told at most: the newest.
const RESTATEMENTS_TOLD_MAX: usize = 100;

impl Services {
    /// The periods of a plan.
    pub(super) async fn periods(
        &self,
        call: Call,
        request: v1::ListPeriodsRequest,
    ) -> Result<v1::ListPeriodsResponse, Refusal> {
        let reader = self.ledger(&call, &request.ledger, Action::ReadPlan)?;
        let as_of = request.as_of.as_ref();
        let at = self
            .standpoint(&call, &reader, request.min_position, as_of, None)
            .await?;
        let directory = &at.view.directory;
        let plan = match &request.plan {
            Some(plan) => directory.plan(one(directory, "plan", plan)?).cloned(),
            None => overview::plan_on(directory, at.on),
        };
        let plan = plan.ok_or_else(|| Refusal::rule(Reason::PlanUnknown, "plan"))?;
        self.read_plan(&call, &reader, plan.id)?;
        let periods = directory.periods_of(plan.id);
        Ok(v1::ListPeriodsResponse {
            plan: Some(show::entity(directory, Named::Plan(plan.id), at.on)),
            periods: periods
                .into_iter()
                .map(|found| period(directory, found))
                .collect(),
            answered_at: Some(show::answered_at(&at)),
        })
    }

    /// A page of policies.
    pub(super) async fn policies(
        &self,
        call: Call,
        mut request: v1::ListPoliciesRequest,
    ) -> Result<v1::ListPoliciesResponse, Refusal> {
        let reader = self.ledger(&call, &request.ledger, Action::ReadLedger)?;
        let min_position = request.min_position.take();
        let rows = Self::page_rows(std::mem::take(&mut request.page_size));
        let token = std::mem::take(&mut request.page_token);
        let scope = Scope {
            method: "EvaluationService/ListPolicies",
            actor: &call.actor,
            ledger: Some(reader.id()),
            filter: filter_digest(&request),
        };
        let place = self.place(&scope, &token)?;
        let skip = Self::skip(place.as_ref())?;
        let as_of = request.as_of.as_ref();
        let at = self
            .standpoint(&call, &reader, min_position, as_of, place.as_ref())
            .await?;
        let code = match &request.code {
            None => None,
            Some(text) => {
                let mut faults = Faults::default();
                let code = faults.code(&At::field("code"), text);
                Some(faults.into_result(code)?)
            }
        };
        let directory = &at.view.directory;
        let all = policies(directory, at.on);
        let wanted: Vec<v1::Policy> = all
            .into_iter()
            .filter(|(version, _)| code.as_ref().is_none_or(|code| version.code == *code))
            .map(|(_, policy)| policy)
            .collect();
        let count = wanted.len();
        let pinned = Some((&at).into());
        Ok(v1::ListPoliciesResponse {
            policies: wanted.into_iter().skip(skip).take(rows).collect(),
            next_page_token: self.next_token(&scope, pinned, skip + rows, count),
            answered_at: Some(show::answered_at(&at)),
        })
    }
}

fn period(directory: &Directory, period: &Arc<Period>) -> v1::Period {
    let last = period.transitions.len().saturating_sub(1);
    let skipped = period
        .restatements
        .len()
        .saturating_sub(RESTATEMENTS_TOLD_MAX);
    v1::Period {
        key: period.key.to_string(),
        title: Some(show_title(&period.title)),
        span: Some(show_span(period.span)),
        state: period.state_now().number(),
        revision: period.revision(None),
        transitions: period
            .transitions
            .iter()
            .enumerate()
            .map(|(index, change)| transition(directory, change, index == last))
            .collect(),
        snapshots: period.snapshots.iter().map(snapshot).collect(),
        restatements: period
            .restatements
            .iter()
            .skip(skipped)
            .map(restatement)
            .collect(),
    }
}

fn transition(
    directory: &Directory,
    transition: &Transition,
    is_last: bool,
) -> v1::PeriodTransition {
    let mut shown = v1::PeriodTransition {
        state: transition.step.state().number(),
        date: transition.date.to_string(),
        event_id: transition.event_id.to_string(),
        position: transition.position,
        recorded_at: Some(show_timestamp(transition.recorded_at)),
        ..v1::PeriodTransition::default()
    };
    match &transition.step {
        Step::Opened | Step::SoftClosed => {}
        Step::Closed { revision } => shown.revision = Some(*revision),
        Step::Reopened { scope, until } => {
            // Indicators that a caller may not read are not in their directory.
            let seen = scope
                .iter()
                .filter(|id| directory.indicator(**id).is_some());
            let scope: Vec<_> = seen.collect();
            shown.scope_count = Some(show::count(scope.len()));
            shown.until = Some(until.to_string());
            if is_last {
                shown.scope = scope.iter().map(ToString::to_string).collect();
            }
        }
    }
    shown
}

fn snapshot(snapshot: &Snapshot) -> v1::PeriodSnapshot {
    v1::PeriodSnapshot {
        revision: snapshot.revision,
        event_id: snapshot.event_id.to_string(),
        position: snapshot.position,
        recorded_at: Some(show_timestamp(snapshot.recorded_at)),
        effective_on: snapshot.effective_on.to_string(),
        known_at: snapshot.known_at,
        policy: Some(show_policy_version(&snapshot.policy)),
        rows: snapshot.rows,
        rows_format: snapshot.rows_format,
        rows_sha256: snapshot.rows_sha256.to_vec(),
    }
}

fn restatement(restatement: &Restatement) -> v1::PeriodRestatement {
    v1::PeriodRestatement {
        revision: restatement.revision,
        event_id: restatement.event_id.to_string(),
        position: restatement.position,
        recorded_at: Some(show_timestamp(restatement.recorded_at)),
        known_at: restatement.known_at,
        rows: restatement.rows,
        material: restatement.material,
    }
}

/// Every version of every policy: built in first, then in the order of publication.
fn policies(directory: &Directory, on: Date) -> Vec<(PolicyVersion, v1::Policy)> {
    let (in_force, _) = directory.evaluation_policy_on(on, None);
    let rubric_in_force = |version: &PolicyVersion| {
        let found = directory.rubric_on(&version.code, on, None);
        found.is_some_and(|(current, _)| current == *version)
    };
    let access_in_force = directory.access_policy_on(on, None);
    let access_in_force = access_in_force.map(|(version, _)| version);
    let default = PolicyVersion::built_in();
    let policy = v1::Policy {
        version: Some(show_policy_version(&default)),
        kind: PolicyKind::Evaluation.number(),
        in_force: in_force == default,
        content: Some(v1::policy::Content::Evaluation(show_evaluation_policy(
            &EvaluationPolicy::default(),
        ))),
        ..v1::Policy::default()
    };
    let mut all = vec![(default, policy)];
    let rubric = |rubric: &BuiltIn| v1::Policy {
        version: Some(show_policy_version(&rubric.version)),
        kind: PolicyKind::Rubric.number(),
        title: Some(show_title(&rubric.title)),
        in_force: rubric_in_force(&rubric.version),
        content: Some(v1::policy::Content::Rubric(show_grade_rubric(
            &rubric.rubric,
        ))),
        ..v1::Policy::default()
    };
    let rubrics = built_in().iter().map(|b| (b.version.clone(), rubric(b)));
    all.extend(rubrics);
    let approval_in_force = directory.approval_policy_on(on, None);
    let matrix = PolicyVersion::built_in_approval();
    let approval = v1::Policy {
        version: Some(show_policy_version(&matrix)),
        kind: PolicyKind::Approval.number(),
        content: Some(v1::policy::Content::Approval(show_approval_policy(
            &ApprovalPolicy::default(),
        ))),
        ..v1::Policy::default()
    };
    all.push((matrix, approval));
    let published = |published: &PublishedPolicy| {
        let (is_in_force, content) = match &published.content {
            PublishedContent::Evaluation(policy) => (
                published.version == in_force,
                v1::policy::Content::Evaluation(show_evaluation_policy(policy)),
            ),
            PublishedContent::Rubric(rubric) => (
                rubric_in_force(&published.version),
                v1::policy::Content::Rubric(show_grade_rubric(rubric)),
            ),
            PublishedContent::Approval(policy) => (
                approval_in_force
                    .as_ref()
                    .is_some_and(|(version, _)| *version == published.version),
                v1::policy::Content::Approval(show_approval_policy(policy)),
            ),
            PublishedContent::Access(policy) => (
                access_in_force.as_ref() == Some(&published.version),
                v1::policy::Content::Access(show_access_policy(policy)),
            ),
        };
        v1::Policy {
            version: Some(show_policy_version(&published.version)),
            kind: published.content.kind().number(),
            title: Some(show_title(&published.title)),
            effective_from: Some(published.effective_from.to_string()),
            in_force: is_in_force,
            event_id: Some(published.event_id.to_string()),
            position: Some(published.position),
            recorded_at: Some(show_timestamp(published.recorded_at)),
            content: Some(content),
        }
    };
    all.extend(
        directory
            .policies()
            .map(|p| (p.version.clone(), published(p))),
    );
    all
}
