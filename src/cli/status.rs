//! `daicho status` and `daicho remind`: who has reported for a round, and what is asked of whom.

use clap::Args;

use crate::api::v1;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::render::reporting;
use crate::cli::session::Session;

/// Which round, and whose indicators.
#[derive(Args, Clone, Debug)]
pub struct RoundArgs {
    /// The plan: its code or id; absent: today's
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    /// Code of the round, such as mid-year; absent: the last whose day has come
    #[arg(long, value_name = "ROUND")]
    round: Option<String>,
    /// Only indicators of this department (部): code or id
    #[arg(long, value_name = "UNIT")]
    department: Option<String>,
    /// Only indicators that this section (課等) answers for: code or id
    #[arg(long, value_name = "UNIT")]
    section: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// Arguments of `status`.
#[derive(Args, Clone, Debug)]
#[command(after_help = STATUS_EXAMPLES)]
pub struct StatusArgs {
    #[command(flatten)]
    which: RoundArgs,
    /// Only what has not been reported
    #[arg(long)]
    missing: bool,
}

/// Arguments of `remind`.
#[derive(Args, Clone, Debug)]
#[command(after_help = REMIND_EXAMPLES)]
pub struct RemindArgs {
    #[command(flatten)]
    which: RoundArgs,
}

const STATUS_EXAMPLES: &str = "\
Examples:
  daicho status --missing
  daicho status R5 --round mid-year --department 企画財政部 --on 2023-09-30 --known-at 2023-10-10";

const REMIND_EXAMPLES: &str = "\
Prints one text for each section, ready to be sent. Nothing is sent.

Examples:
  daicho remind --round mid-year
  daicho --lang en remind R5 --section 納税課";

/// Tells who has reported.
pub async fn status(session: &Session, args: &StatusArgs) -> Result<(), Failure> {
    let states = if args.missing { open() } else { Vec::new() };
    let answer = args.which.ask(session, states).await?;
    session.answer_as_of(&answer, reporting::status).await
}

/// Prints what to remind each section of.
pub async fn remind(session: &Session, args: &RemindArgs) -> Result<(), Failure> {
    let answer = args.which.ask(session, open()).await?;
    session.answer_as_of(&answer, reporting::reminders).await
}

/// What is still to be answered.
pub(super) fn open() -> Vec<i32> {
    let states = [v1::ReportingState::Awaited, v1::ReportingState::Missing];
    states.map(i32::from).to_vec()
}

impl RoundArgs {
    async fn ask(
        &self,
        session: &Session,
        states: Vec<i32>,
    ) -> Result<v1::ListReportingStatusResponse, Failure> {
        let request = v1::ListReportingStatusRequest {
            plan: self.plan.clone(),
            round: self.round.clone(),
            department: self.department.clone(),
            section: self.section.clone(),
            states,
            ..v1::ListReportingStatusRequest::default()
        };
        let client = session.client.at(self.as_of.message());
        client.reporting_status(request).await
    }
}
