//! `daicho plan`: import one, show one.

use clap::{Args, Subcommand};

use crate::cli::failure::Failure;
use crate::cli::render::overview;
use crate::cli::session::Session;

pub mod compare;
pub mod import;
pub mod snapshot;
pub mod source;

pub use import::ImportArgs;

/// What can be done with plans.
#[derive(Clone, Debug, Subcommand)]
pub enum PlanCommand {
    /// Import a plan: the published text, or a table in CSV
    Import(ImportArgs),
    /// Show a plan as a table of departments and pillars
    Show(ShowArgs),
    /// List what was frozen when periods were closed
    Snapshots(snapshot::SnapshotsArgs),
    /// Compute a snapshot again and compare it with what was frozen
    Snapshot(snapshot::Which),
    /// Tell what differs since a period was closed, event by event
    Restatements(snapshot::RestatementsArgs),
    /// Make public what differs since a period was closed (修正公表)
    Restate(Box<snapshot::RestateArgs>),
}

/// Arguments of `plan show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The plan: its code or id; absent: today's
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
}

/// Shows a plan.
pub async fn show(session: &Session, args: &ShowArgs) -> Result<(), Failure> {
    session.answer(
        &session.client.overview(args.plan.clone()).await?,
        overview::matrix,
    )
}
