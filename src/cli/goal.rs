//! `daicho goal`: list goals, show one, tell the history of one or of an indicator.

use clap::{Args, Subcommand};

use crate::api::v1;
use crate::cli::as_of::AsOfArgs;
use crate::cli::client::GoalFilter;
use crate::cli::failure::Failure;
use crate::cli::render::{change, goal, series};
use crate::cli::session::Session;
use crate::cli::watch::{WatchArgs, watch};

pub mod diff;

use diff::DiffArgs;

/// Goals at most, unless more are asked for.
const GOALS: usize = 500;
/// Changes of one history at most, unless more are asked for.
const HISTORY_CHANGES: usize = 1_000;

/// What can be asked about goals.
#[derive(Clone, Debug, Subcommand)]
pub enum GoalCommand {
    /// List goals
    List(ListArgs),
    /// Show a goal with its initiatives and indicators
    Show(ShowArgs),
    /// Tell the whole history of an indicator, or every change of a goal
    History(HistoryArgs),
    /// Show goals as they stand, and again each that changes
    Watch(WatchArgs),
    /// Tell what differs between two points, field by field, with the events behind it
    Diff(Box<DiffArgs>),
}

/// Arguments of `goal list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only where all these words are found, in codes, titles, texts or narratives; older and wide forms are one
    #[arg(long, value_name = "WORDS")]
    find: Option<String>,
    /// Only of this plan: code or id
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// Only of this department (部): code or id
    #[arg(long, value_name = "UNIT")]
    department: Option<String>,
    /// Only with an initiative of this section (課等): code or id
    #[arg(long, value_name = "UNIT")]
    section: Option<String>,
    /// Only under the pillar with this number
    #[arg(long, value_name = "NUMBER")]
    pillar: Option<u32>,
    /// Those too that are set but take effect only after the day
    #[arg(long)]
    include_upcoming: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Goals at most
    #[arg(long, value_name = "COUNT", default_value_t = GOALS)]
    limit: usize,
    /// With initiatives and indicators; for --json
    #[arg(long, requires = "json")]
    full: bool,
}

/// Arguments of `goal show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The goal: its code or id
    #[arg(value_name = "GOAL")]
    goal: String,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// With what a report on each indicator looks like today and an example that would be taken; for --json
    #[arg(long, requires = "json", conflicts_with_all = ["on", "known_at"])]
    forms: bool,
}

/// Arguments of `goal history`.
#[derive(Args, Clone, Debug)]
pub struct HistoryArgs {
    /// A goal, initiative or indicator: code or id
    #[arg(value_name = "GOAL|INDICATOR")]
    subject: String,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Changes at most, for a goal or initiative
    #[arg(long, value_name = "COUNT", default_value_t = HISTORY_CHANGES)]
    limit: usize,
}

/// Does what was asked.
pub async fn run(session: &Session, command: &GoalCommand) -> Result<(), Failure> {
    match command {
        GoalCommand::List(args) => list(session, args).await,
        GoalCommand::Show(args) => show(session, args).await,
        GoalCommand::History(args) => history(session, args).await,
        GoalCommand::Watch(args) => watch(session, args).await,
        GoalCommand::Diff(args) => diff::run(session, args).await,
    }
}

async fn list(session: &Session, args: &ListArgs) -> Result<(), Failure> {
    let filter = GoalFilter {
        plan: args.plan.clone(),
        department: args.department.clone(),
        section: args.section.clone(),
        pillar: args.pillar,
        find: args.find.clone(),
        full: args.full,
        upcoming: args.include_upcoming,
    };
    let client = session.client.at(args.as_of.message());
    let answer = client.goals(&filter, args.limit).await?;
    session.answer_as_of(&answer, goal::list).await?;
    if answer.goals.is_empty() && filter.find.is_some() && !session.json {
        session.output.remark(session.view.pick(
            "見つかりません。言葉を一つにするか、短くするか、別の書き方（漢字・かな）で探してください\n",
            "nothing was found: try a single word, a shorter one, or another spelling\n",
        ));
    }
    Ok(())
}

async fn show(session: &Session, args: &ShowArgs) -> Result<(), Failure> {
    let session = session.at(args.as_of.message());
    match session.client.goal(&args.goal, args.forms).await {
        Ok(answer) => session.answer_as_of(&answer, goal::card).await,
        Err(failure) if failure.reason() == Some("GOAL_UNKNOWN") => Err(session
            .offering(failure, &args.goal, &[v1::EntityKind::Goal])
            .await),
        Err(failure) => Err(failure),
    }
}

async fn history(session: &Session, args: &HistoryArgs) -> Result<(), Failure> {
    let session = session.at(args.as_of.message());
    let subject = match session.client.lookup(&args.subject).await {
        Err(failure) if failure.reason() == Some("CODE_UNKNOWN") => {
            return Err(session.offering(failure, &args.subject, &[]).await);
        }
        answer => answer?,
    };
    if subject.kind() == v1::EntityKind::Indicator {
        return session
            .answer_as_of(&session.series(&subject.id).await?, series::history)
            .await;
    }
    // Changes have no day of their own: those that hold by the day are asked for.
    let request = v1::ListChangesRequest {
        subject: Some(subject.id),
        as_of: args.as_of.known().message(),
        valid_until: args.as_of.on.map(|day| day.to_string()),
        order: v1::ChangeOrder::OldestFirst.into(),
        ..v1::ListChangesRequest::default()
    };
    let changes = session.client.changes(request, args.limit).await?;
    session
        .answer_as_of(&changes, |view, changes| {
            change::history(view, changes, args.as_of.on)
        })
        .await
}
