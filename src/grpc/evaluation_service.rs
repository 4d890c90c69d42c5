//! Where plans stand as of (D, K), and what became of that since.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;

use futures::Stream as FutureStream;
use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::directory::Named;
use crate::domain::period::{Period, Snapshot};
use crate::domain::plan::Plan;
use crate::grpc::evaluation_service::filter::Filter;
use crate::grpc::evaluation_service::point::{
    Ends, at, at_snapshot, period_of, plan_of, policy_of, snapshot_of,
};
use crate::grpc::event::{Choice as _, show_span};
use crate::grpc::goal_service::form;
use crate::grpc::language;
use crate::grpc::names;
use crate::grpc::page_token::{Pinned, Scope, filter_digest};
use crate::grpc::services::Services;
use crate::grpc::show;
use crate::grpc::show::evaluation::Teller;
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{ReadFault, Reader};
use crate::projection::evaluation::cache::Question;
use crate::projection::evaluation::cause::Causes;
use crate::projection::evaluation::compare::{self, Materiality};
use crate::projection::evaluation::roll_up::RolledUp;
use crate::projection::evaluation::{At, PlanEvaluation, evaluate_plan, roll_up, rows};

mod action;
mod cycles;
pub(super) mod difference;
mod filter;
mod ground;
pub(super) mod point;
mod report;
mod snapshot;

type Frames<T> = Pin<Box<dyn FutureStream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl v1::evaluation_service_server::EvaluationService for Services {
    async fn evaluate_plan(
        &self,
        request: Request<v1::EvaluatePlanRequest>,
    ) -> Result<Response<v1::EvaluatePlanResponse>, Status> {
        self.unary(
            request,
            async |call, mut request: v1::EvaluatePlanRequest| {
                let reader = self.ledger(&call, &request.ledger, Action::ReadPlan)?;
                let min_position = request.min_position.take();
                let rows = Self::page_rows(std::mem::take(&mut request.page_size));
                let token = std::mem::take(&mut request.page_token);
                let scope = Scope {
                    method: "EvaluationService/EvaluatePlan",
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
                self.read_plan(&call, &reader, plan.id)?;
                let chosen = policy_of(request.policy.as_ref())?;
                let filter = Filter::read(directory, &request)?;
                let at = at(&standpoint, plan, chosen.as_ref())?;
                let evaluation = self.evaluation(&reader, at).await?;
                let rolled_up = match place {
                    None => Some(rolled_up(&evaluation).await),
                    Some(_) => None,
                };
                let teller = Teller::new(&evaluation.at);
                let chooses = |initiative: &_, indicator: &_| filter.chooses(initiative, indicator);
                let goals: Vec<_> = evaluation
                    .goals
                    .iter()
                    .filter(|goal| filter.leaves(goal))
                    .collect();
                let told = goals.iter().skip(skip).take(rows).map(|goal| {
                    teller.goal(
                        goal,
                        |indicators| roll_up::together(&evaluation.at, indicators),
                        &chooses,
                    )
                });
                let pinned = Some(Pinned::from(&standpoint));
                let answer = v1::EvaluatePlanResponse {
                    plan: Some(show::evaluation::plan(&evaluation.at)),
                    cycle: Some(show_span(evaluation.at.plan.cycle)),
                    evaluated_at: Some(show::evaluation::evaluated_at(
                        &evaluation.at,
                        standpoint.view.head,
                    )),
                    goals: told.collect(),
                    roll_ups: rolled_up.map(|rolled| teller.rolled_up(&rolled)),
                    next_page_token: self.next_token(&scope, pinned, skip + rows, goals.len()),
                    total: show::count(goals.len()),
                };
                Ok(names::told(directory, answer))
            },
        )
        .await
    }

    async fn compare_evaluations(
        &self,
        request: Request<v1::CompareEvaluationsRequest>,
    ) -> Result<Response<v1::CompareEvaluationsResponse>, Status> {
        self.unary(
            request,
            async |call, mut request: v1::CompareEvaluationsRequest| {
                let reader = self.ledger(&call, &request.ledger, Action::ReadEverything)?;
                let min_position = request.min_position.take();
                let page = Self::page_rows(std::mem::take(&mut request.page_size));
                let token = std::mem::take(&mut request.page_token);
                let scope = Scope {
                    method: "EvaluationService/CompareEvaluations",
                    actor: &call.actor,
                    ledger: Some(reader.id()),
                    filter: filter_digest(&request),
                };
                let place = self.place(&scope, &token)?;
                let at_least = match request.at_least {
                    0 => None,
                    number => Some(
                        Materiality::from_number(number)
                            .ok_or_else(|| form("at_least", "not one of the choices"))?,
                    ),
                };
                let skip = Self::skip(place.as_ref())?;
                // Both ends are told as the first page found them.
                let standpoint = self
                    .standpoint(&call, &reader, min_position, None, place.as_ref())
                    .await?;
                let ends = Ends::of(&reader, &standpoint, &request).await?;
                let from = self.evaluation(&reader, ends.from).await?;
                let to = self.evaluation(&reader, ends.to).await?;
                let all = compare::differences(&from, &to);
                let digest = compare::digest(&from, &to, &all);
                let left: Vec<_> = all
                    .iter()
                    .filter(|row| at_least.is_none_or(|least| least <= row.materiality))
                    .collect();
                let causes = Causes::between(&reader, &from, &to).await?;
                let mut differences = Vec::new();
                for row in left.iter().skip(skip).take(page) {
                    let steps = causes.of(row.indicator).await?;
                    differences.push(difference::row(&from, &to, row, &steps));
                }
                let head = standpoint.view.head;
                let pinned = Some(Pinned::from(&standpoint));
                let answer = v1::CompareEvaluationsResponse {
                    plan: Some(show::evaluation::plan(&to.at)),
                    from: Some(show::evaluation::evaluated_at(&from.at, head)),
                    to: Some(show::evaluation::evaluated_at(&to.at, head)),
                    differences,
                    rows: digest.rows,
                    material: digest.material,
                    sha256: digest.sha256.to_vec(),
                    next_page_token: self.next_token(&scope, pinned, skip + page, left.len()),
                };
                Ok(names::told(&standpoint.view.directory, answer))
            },
        )
        .await
    }

    async fn compare_cycles(
        &self,
        request: Request<v1::CompareCyclesRequest>,
    ) -> Result<Response<v1::CompareCyclesResponse>, Status> {
        self.unary(request, async |call, request: v1::CompareCyclesRequest| {
            self.cycles(call, request).await
        })
        .await
    }

    async fn list_snapshots(
        &self,
        request: Request<v1::ListSnapshotsRequest>,
    ) -> Result<Response<v1::ListSnapshotsResponse>, Status> {
        self.unary(
            request,
            async |call, mut request: v1::ListSnapshotsRequest| {
                let reader = self.ledger(&call, &request.ledger, Action::ReadPlan)?;
                let min_position = request.min_position.take();
                let rows = Self::page_rows(std::mem::take(&mut request.page_size));
                let token = std::mem::take(&mut request.page_token);
                let scope = Scope {
                    method: "EvaluationService/ListSnapshots",
                    actor: &call.actor,
                    ledger: Some(reader.id()),
                    filter: filter_digest(&request),
                };
                let place = self.place(&scope, &token)?;
                let skip = Self::skip(place.as_ref())?;
                let standpoint = self
                    .standpoint(&call, &reader, min_position, None, place.as_ref())
                    .await?;
                let directory = &standpoint.view.directory;
                let plan = plan_of(directory, request.plan.as_deref(), standpoint.on)?;
                self.read_plan(&call, &reader, plan.id)?;
                let period = match &request.period {
                    Some(key) => Some(period_of(directory, &plan, "period", key)?),
                    None => None,
                };
                let mut all: Vec<(&Arc<Period>, &Snapshot)> = directory
                    .periods_of(plan.id)
                    .into_iter()
                    .filter(|other| period.as_ref().is_none_or(|period| period.key == other.key))
                    .flat_map(|period| period.snapshots.iter().map(move |s| (period, s)))
                    .collect();
                all.sort_by_key(|(_, snapshot)| snapshot.position);
                let told = all.iter().skip(skip).take(rows);
                let pinned = Some(Pinned::from(&standpoint));
                Ok(v1::ListSnapshotsResponse {
                    plan: Some(show::entity(directory, Named::Plan(plan.id), standpoint.on)),
                    snapshots: told
                        .map(|(period, snapshot)| snapshot::shown(directory, period, snapshot))
                        .collect(),
                    next_page_token: self.next_token(&scope, pinned, skip + rows, all.len()),
                    answered_at: Some(show::answered_at(&standpoint)),
                })
            },
        )
        .await
    }

    async fn get_snapshot(
        &self,
        request: Request<v1::GetSnapshotRequest>,
    ) -> Result<Response<v1::GetSnapshotResponse>, Status> {
        self.unary(
            request,
            async |call, mut request: v1::GetSnapshotRequest| {
                let reader = self.ledger(&call, &request.ledger, Action::ReadEverything)?;
                let min_position = request.min_position.take();
                let page = Self::page_rows(std::mem::take(&mut request.page_size));
                let token = std::mem::take(&mut request.page_token);
                let scope = Scope {
                    method: "EvaluationService/GetSnapshot",
                    actor: &call.actor,
                    ledger: Some(reader.id()),
                    filter: filter_digest(&request),
                };
                let place = self.place(&scope, &token)?;
                let skip = Self::skip(place.as_ref())?;
                let standpoint = self
                    .standpoint(&call, &reader, min_position, None, place.as_ref())
                    .await?;
                let directory = &standpoint.view.directory;
                let plan = plan_of(directory, request.plan.as_deref(), standpoint.on)?;
                let (period, frozen) = snapshot_of(directory, &plan, request.snapshot.as_ref())?;
                let evaluation = self.frozen(&reader, &plan, &frozen).await?;
                let digest = rows::digest(&evaluation);
                let told = rows::rows(&evaluation).skip(skip).take(page);
                let pinned = Some(Pinned::from(&standpoint));
                let head = standpoint.view.head;
                Ok(v1::GetSnapshotResponse {
                    plan: Some(show::evaluation::plan(&evaluation.at)),
                    snapshot: Some(snapshot::shown(directory, &period, &frozen)),
                    matches: frozen.rows_format == rows::FORMAT
                        && (digest.rows, digest.sha256) == (frozen.rows, frozen.rows_sha256),
                    computed_sha256: digest.sha256.to_vec(),
                    columns: rows::Column::ALL
                        .iter()
                        .map(|column| column.name().to_owned())
                        .collect(),
                    rows: told
                        .map(|row| v1::EvaluationRow {
                            cells: row.into_cells(),
                        })
                        .collect(),
                    next_page_token: self.next_token(
                        &scope,
                        pinned,
                        skip + page,
                        evaluation.rows(),
                    ),
                    evaluated_at: Some(show::evaluation::evaluated_at(&evaluation.at, head)),
                })
            },
        )
        .await
    }

    type ExportReportStream = Frames<v1::ExportReportResponse>;

    async fn export_report(
        &self,
        request: Request<v1::ExportReportRequest>,
    ) -> Result<Response<Self::ExportReportStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let opened = self.report(&call, language, request.into_inner());
            let opened = tokio::time::timeout_at(call.deadline.into(), opened)
                .await
                .map_err(|_| ServiceReason::DeadlinePassed)?;
            let (reader, frames) = opened?;
            Ok(self.while_permitted(call, reader, Action::ReadEverything, frames))
        };
        let frames = self.accounted(begun, opened).await;
        let frames = frames.map_err(|refusal: Refusal| refusal.into_status(language))?;
        Ok(Response::new(frames))
    }

    async fn list_periods(
        &self,
        request: Request<v1::ListPeriodsRequest>,
    ) -> Result<Response<v1::ListPeriodsResponse>, Status> {
        self.unary(request, async |call, request: v1::ListPeriodsRequest| {
            self.periods(call, request).await
        })
        .await
    }

    async fn list_policies(
        &self,
        request: Request<v1::ListPoliciesRequest>,
    ) -> Result<Response<v1::ListPoliciesResponse>, Status> {
        self.unary(request, async |call, request: v1::ListPoliciesRequest| {
            self.policies(call, request).await
        })
        .await
    }

    async fn list_next_actions(
        &self,
        request: Request<v1::ListNextActionsRequest>,
    ) -> Result<Response<v1::ListNextActionsResponse>, Status> {
        self.unary(
            request,
            async |call, request: v1::ListNextActionsRequest| {
                self.next_actions(call, request).await
            },
        )
        .await
    }
}

/// What a plan comes to. Adding thousands of exact shares takes a while: others go on meanwhile.
async fn rolled_up(evaluation: &Arc<PlanEvaluation>) -> RolledUp {
    let evaluation = evaluation.clone();
    let adding = tokio::task::spawn_blocking(move || roll_up::rolled_up(&evaluation));
    adding
        .await
        .unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

impl Services {
    /// An evaluation, computed unless it was lately.
    pub(super) async fn evaluation(
        &self,
        reader: &Arc<Reader>,
        at: At,
    ) -> Result<Arc<PlanEvaluation>, ReadFault> {
        let question = Question::of(reader, &at);
        self.evaluations()
            .get(question, evaluate_plan(reader, at))
            .await
    }

    /// What a snapshot froze, computed again.
    pub(super) async fn frozen(
        &self,
        reader: &Arc<Reader>,
        plan: &Arc<Plan>,
        snapshot: &Snapshot,
    ) -> Result<Arc<PlanEvaluation>, Refusal> {
        let at = at_snapshot(reader, plan, snapshot, None).await?;
        Ok(self.evaluation(reader, at).await?)
    }
}
