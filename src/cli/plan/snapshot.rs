//! `daicho plan snapshots|snapshot|restatements|restate`: what was frozen of a plan, what became of it since, and making
//! that public.

use clap::Args;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::attach;
use crate::cli::evaluate::at_least;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::{difference, receipt, snapshot};
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::parse_iso;

/// Arguments of `plan snapshots`.
#[derive(Args, Clone, Debug)]
pub struct SnapshotsArgs {
    /// The plan: its code or id; absent: today's
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    /// Only of this period: its key
    #[arg(long, value_name = "PERIOD")]
    period: Option<String>,
}

/// Which snapshot.
#[derive(Args, Clone, Debug)]
pub struct Which {
    /// The plan: its code or id
    #[arg(value_name = "PLAN")]
    plan: String,
    /// The period: its key
    #[arg(value_name = "PERIOD")]
    period: String,
    /// Which closing of the period, from 1; absent: the last
    #[arg(long, value_name = "NUMBER")]
    revision: Option<u32>,
}

impl Which {
    fn snapshot(&self) -> v1::SnapshotRef {
        v1::SnapshotRef {
            period: self.period.clone(),
            revision: self.revision,
        }
    }
}

/// Arguments of `plan restatements`.
#[derive(Args, Clone, Debug)]
pub struct RestatementsArgs {
    #[command(flatten)]
    which: Which,
    /// Only where a status, an achievement or a grade differs
    #[arg(long)]
    major_only: bool,
}

/// Arguments of `plan restate`.
#[derive(Args, Clone, Debug)]
pub struct RestateArgs {
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Lists what was frozen.
pub async fn list(session: &Session, args: &SnapshotsArgs) -> Result<(), Failure> {
    let response = session
        .client
        .snapshots(args.plan.clone(), args.period.clone())
        .await?;
    session.answer_as_of(&response, snapshot::list).await
}

/// Computes a snapshot again. One that does not come out as it was frozen is a fault.
pub async fn show(session: &Session, args: &Which) -> Result<(), Failure> {
    let plan = Some(args.plan.clone());
    let response = session.client.snapshot(plan, args.snapshot(), 1).await?;
    Failure::unheard(session.answer_as_of(&response, snapshot::one).await)?;
    if response.matches {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Fault,
        session.view.pick(
            "凍結した行が再計算されません。台帳の検証をしてください",
            "what was frozen does not come out again: have the ledger verified",
        ),
    ))
}

/// Lists what differs since a period was closed.
pub async fn restatements(session: &Session, args: &RestatementsArgs) -> Result<(), Failure> {
    let request = v1::CompareEvaluationsRequest {
        plan: Some(args.which.plan.clone()),
        from: Some(v1::EvaluationPoint {
            at: Some(v1::evaluation_point::At::Snapshot(args.which.snapshot())),
            policy: None,
        }),
        at_least: at_least(args.major_only).into(),
        ..v1::CompareEvaluationsRequest::default()
    };
    session
        .answer_as_of(&session.client.compare(request).await?, difference::list)
        .await
}

/// Makes public what differs since a period was closed.
pub async fn restate(session: &Session, args: &RestateArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let which = &args.which;
    let plan = Some(which.plan.clone());
    let frozen = session.client.snapshot(plan, which.snapshot(), 1).await?;
    let frozen = frozen.snapshot.unwrap_or_default();
    let day = parse_iso(&frozen.effective_on).map_err(|_| {
        Failure::new(
            Exit::Fault,
            session.view.pick(
                "評価基準日を読めません",
                "the evaluation date cannot be read",
            ),
        )
    })?;
    let payload = Payload::RestatementIssued(v1::RestatementIssued {
        plan: which.plan.clone(),
        period: which.period.clone(),
        revision: frozen.revision,
        ..v1::RestatementIssued::default()
    });
    let event = args
        .writing
        .event((day, None), v1::ReasonCode::SourceRevised, payload)?;
    let events = vec![event];
    attach::put(session, &writing, &events).await?;
    let response = session.client.append(writing.request(events)).await?;
    Failure::unheard(session.answer(&response, receipt::appended))?;
    if response.faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::Answered)
    }
}
