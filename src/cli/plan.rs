//! `daicho plan`: import one, show one, open and close its periods.

use clap::{Args, Subcommand};

use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::period::{CloseArgs, OpenArgs, PeriodsArgs, ReopenArgs};
use crate::cli::render::overview;
use crate::cli::session::Session;

pub mod amend;
pub mod calendar;
pub mod compare;
pub mod continued;
pub mod draft;
pub mod import;
mod moves;
pub mod review;
pub mod snapshot;
pub mod source;

pub use import::ImportArgs;

/// What can be done with plans.
#[derive(Clone, Debug, Subcommand)]
pub enum PlanCommand {
    /// Import a plan: the published text, a table in CSV, or a workbook
    Import(ImportArgs),
    /// Write what is understood of a plan's file as a workbook that sections correct and confirm
    Review(review::ReviewArgs),
    /// Write next year's plan as a draft from this year's: a workbook that plan import takes back (次年度計画案)
    Draft(draft::DraftArgs),
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
    /// List the periods of a plan and how far they are closed
    Periods(PeriodsArgs),
    /// Open a period: a part of the plan's days that is evaluated for itself
    OpenPeriod(Box<OpenArgs>),
    /// Ask for a reason with every later report into a period
    SoftClose(Box<CloseArgs>),
    /// Take no more reports into a period
    Close(Box<CloseArgs>),
    /// Set for which days reports are asked, until when, and when figures are fixed (報告日程)
    SetCalendar(Box<calendar::SetArgs>),
    /// Show the whole reporting calendar in force, and which event set it (報告日程)
    Calendar(calendar::ShowArgs),
    /// Take reports again for some indicators, until a day
    Reopen(Box<ReopenArgs>),
}

/// Arguments of `plan show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// Shows a plan.
pub async fn show(session: &Session, args: &ShowArgs) -> Result<(), Failure> {
    let client = session.client.at(args.as_of.message());
    session
        .answer_as_of(&client.overview(args.plan.clone()).await?, overview::matrix)
        .await
}
