//! `daicho plan open-period|soft-close|close|reopen|periods`: the periods of a plan, and how far they are closed.

use clap::Args;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::period;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;

/// Arguments of `plan periods`.
#[derive(Args, Clone, Debug)]
pub struct PeriodsArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// Arguments of `plan open-period`.
#[derive(Args, Clone, Debug)]
pub struct OpenArgs {
    /// The plan: its code or id
    #[arg(value_name = "PLAN")]
    plan: String,
    /// Key of the new period, such as 上半期
    #[arg(value_name = "PERIOD")]
    period: String,
    /// What it is called; absent: its key
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Its first day
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Date,
    /// Its last day: the evaluation date
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    to: Date,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `plan soft-close` and `plan close`.
#[derive(Args, Clone, Debug)]
pub struct CloseArgs {
    /// The plan: its code or id
    #[arg(value_name = "PLAN")]
    plan: String,
    /// Key of the period
    #[arg(value_name = "PERIOD")]
    period: String,
    /// The day it is of; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `plan reopen`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ReopenArgs {
    /// The plan: its code or id
    #[arg(value_name = "PLAN")]
    plan: String,
    /// Key of the period
    #[arg(value_name = "PERIOD")]
    period: String,
    /// For which indicators: codes or ids
    #[arg(long, value_name = "INDICATOR", num_args = 1.., required = true)]
    scope: Vec<String>,
    /// Last day on which reports on them are taken
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    until: Date,
    /// The day it is of; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

const EXAMPLES: &str = "\
The reason code is late-data unless you say otherwise.

Examples:
  daicho plan reopen R5 上半期 --scope R5/総務部/3-1/1.1 --until 2023-10-31 --reason '報告漏れ'";

/// Lists the periods of a plan.
pub async fn list(session: &Session, args: &PeriodsArgs) -> Result<(), Failure> {
    let client = session.client.at(args.as_of.message());
    let periods = client.periods(args.plan.clone()).await?;
    session.answer_as_of(&periods, period::periods).await
}

/// Opens a period.
pub async fn open(session: &Session, args: &OpenArgs) -> Result<(), Failure> {
    let ja = args.title.clone().unwrap_or_else(|| args.period.clone());
    let payload = Payload::PeriodOpened(v1::PeriodOpened {
        plan: args.plan.clone(),
        period: args.period.clone(),
        title: Some(v1::Title { ja, en: None }),
        span: Some(v1::DateSpan {
            first: args.from.to_string(),
            last: args.to.to_string(),
        }),
    });
    let code = v1::ReasonCode::Other;
    session
        .tell(&args.writing, Some(args.from), code, payload)
        .await
}

/// Soft-closes a period.
pub async fn soft_close(session: &Session, args: &CloseArgs) -> Result<(), Failure> {
    let payload = Payload::PeriodSoftClosed(v1::PeriodSoftClosed {
        plan: args.plan.clone(),
        period: args.period.clone(),
    });
    let code = v1::ReasonCode::Other;
    session.tell(&args.writing, args.on, code, payload).await
}

/// Closes a period.
pub async fn close(session: &Session, args: &CloseArgs) -> Result<(), Failure> {
    let payload = Payload::PeriodClosed(v1::PeriodClosed {
        plan: args.plan.clone(),
        period: args.period.clone(),
        revision: None,
    });
    let code = v1::ReasonCode::Other;
    session.tell(&args.writing, args.on, code, payload).await?;
    note(session, args).await
}

/// What to note of a closing by hand: the fingerprint of all that was known at it. Not after a check alone.
async fn note(session: &Session, args: &CloseArgs) -> Result<(), Failure> {
    if session.json || args.writing.writing().check {
        return Ok(());
    }
    let listed = session
        .client
        .snapshots(Some(args.plan.clone()), Some(args.period.clone()))
        .await?;
    let newest = listed
        .snapshots
        .iter()
        .max_by_key(|snapshot| snapshot.revision);
    let Some(known_at) = newest.map(|snapshot| snapshot.known_at) else {
        return Ok(());
    };
    let Some(fingerprint) = session.fingerprint(known_at).await else {
        return Ok(());
    };
    session.output.answer(&session.view.pick(
        format!("確定時点（{known_at}件）の指紋 {fingerprint}\n書き留めてください。後から daicho verify print で、この時点を確かめられます\n"),
        format!("fingerprint of the closing, at {known_at} events: {fingerprint}\nnote it down: daicho verify print finds this point again\n"),
    ))
}

/// Reopens a period for some indicators.
pub async fn reopen(session: &Session, args: &ReopenArgs) -> Result<(), Failure> {
    let payload = Payload::PeriodReopened(v1::PeriodReopened {
        plan: args.plan.clone(),
        period: args.period.clone(),
        scope: args.scope.clone(),
        until: args.until.to_string(),
    });
    let code = v1::ReasonCode::LateData;
    session.tell(&args.writing, args.on, code, payload).await
}
