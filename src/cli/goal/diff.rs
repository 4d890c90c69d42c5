//! `daicho goal diff`: what differs between two points, field by field.

use clap::Args;

use crate::api::v1;
use crate::cli::as_of;
use crate::cli::failure::Failure;
use crate::cli::render::difference;
use crate::cli::session::Session;

/// Arguments of `goal diff`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DiffArgs {
    /// A goal, initiative or indicator: code or id
    #[arg(value_name = "GOAL|INITIATIVE|INDICATOR")]
    subject: String,
    /// Where to begin: a date, or a date with what was known then
    #[arg(long, value_name = "DATE[@KNOWN]", value_parser = as_of::point)]
    from: v1::AsOf,
    /// What to compare with; absent: today, with everything known
    #[arg(long, value_name = "DATE[@KNOWN]", value_parser = as_of::point)]
    to: Option<v1::AsOf>,
}

const EXAMPLES: &str = "\
Examples:
  daicho goal diff R5/総務部/3-1 --from 2023-06-30 --to 2023-09-30
  daicho goal diff R5/総務部/3-1/1.1 --from 2023-09-30@2023-10-10 --to 2023-09-30";

/// Does what was asked.
pub async fn run(session: &Session, args: &DiffArgs) -> Result<(), Failure> {
    let request = v1::DiffGoalRequest {
        subject: args.subject.clone(),
        from: Some(args.from.clone()),
        to: args.to.clone(),
        ..v1::DiffGoalRequest::default()
    };
    match session.client.diff(request).await {
        Err(failure) if failure.reason() == Some("GOAL_UNKNOWN") => {
            Err(session.offering(failure, &args.subject, &[]).await)
        }
        answer => session.answer_as_of(&answer?, difference::of_goal).await,
    }
}
