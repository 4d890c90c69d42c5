//! `daicho plan`: import one, show one.

use clap::{Args, Subcommand};

use crate::cli::failure::Failure;
use crate::cli::render::overview;
use crate::cli::session::Session;

pub mod compare;
pub mod import;
pub mod source;

pub use import::ImportArgs;

/// What can be done with plans.
#[derive(Clone, Debug, Subcommand)]
pub enum PlanCommand {
    /// Import a plan: the published text, or a table in CSV
    Import(ImportArgs),
    /// Show a plan as a table of departments and pillars
    Show(ShowArgs),
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
