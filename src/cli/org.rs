//! `daicho org`: the units as they were on a day, and who answered for what.

use clap::{Args, Subcommand};

use crate::api::v1;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::render::organisation;
use crate::cli::session::Session;

/// Units or responsibilities at most, unless more are asked for.
const ROWS: usize = 500;

/// What can be asked about the organisation.
#[derive(Clone, Debug, Subcommand)]
pub enum OrgCommand {
    /// Show the tree of units, what one unit answers for and went through, or who answers for something
    Show(ShowArgs),
}

/// Arguments of `org show`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ShowArgs {
    /// A unit, goal, initiative or indicator: code or id; absent: all units
    #[arg(value_name = "UNIT|GOAL|INITIATIVE|INDICATOR")]
    subject: Option<String>,
    /// Those units too that do not exist on the day
    #[arg(long, conflicts_with = "subject")]
    include_inactive: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Units, or what a unit answers for, at most
    #[arg(long, value_name = "COUNT", default_value_t = ROWS)]
    limit: usize,
}

const EXAMPLES: &str = "\
Examples:
  daicho org show --on 2023-06-30
  daicho org show 総務文書課 --on 2023-06-30
  daicho org show R5/総務部/3-1/1.1 --on 2023-06-30 --known-at 2023-10-10";

/// Does what was asked.
pub async fn run(session: &Session, command: &OrgCommand) -> Result<(), Failure> {
    let OrgCommand::Show(args) = command;
    let session = session.at(args.as_of.message());
    let Some(subject) = &args.subject else {
        let units = session
            .client
            .organisation(args.include_inactive, args.limit)
            .await?;
        return session.answer_as_of(&units, organisation::tree).await;
    };
    match session.client.responsibility(subject, args.limit).await {
        Err(failure) if failure.reason() == Some("CODE_UNKNOWN") => {
            let kinds = [
                v1::EntityKind::Unit,
                v1::EntityKind::Goal,
                v1::EntityKind::Initiative,
                v1::EntityKind::Indicator,
            ];
            Err(session.offering(failure, subject, &kinds).await)
        }
        answer => {
            session
                .answer_as_of(&answer?, organisation::responsibility)
                .await
        }
    }
}
