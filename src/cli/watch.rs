//! `daicho goal watch`: goals as they stand, and again each that changes.

use clap::Args;

use crate::api::v1;
use crate::api::v1::watch_goals_response::Frame;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::session::Session;
use crate::cli::terminal;

/// Arguments of `goal watch`.
#[derive(Args, Clone, Debug)]
pub struct WatchArgs {
    /// Only this goal: its code or id
    #[arg(value_name = "GOAL")]
    goal: Option<String>,
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
    /// Only what events from this position on touch; absent: every goal first
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    /// End after so many goals
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

/// Prints goals until the server or the person ends it.
pub async fn watch(session: &Session, args: &WatchArgs) -> Result<(), Failure> {
    let request = v1::WatchGoalsRequest {
        ledger: String::new(),
        plan: args.plan.clone(),
        department: args.department.clone(),
        section: args.section.clone(),
        pillar: args.pillar,
        goal: args.goal.clone(),
        view: v1::GoalView::Full.into(),
        from_position: args.from,
    };
    let mut stream = session.client.watch_goals(request).await?;
    let mut count = 0;
    let mut resume = args.from;
    loop {
        let message = match stream.message().await {
            Ok(Some(message)) => message,
            Ok(None) => return Ok(()),
            Err(status) => {
                let failure = Failure::from_stream(session.language(), &status);
                return Err(match resume {
                    Some(position) => failure.hint(session.view.pick(
                        format!("続きは daicho goal watch --from {position}"),
                        format!("go on with: daicho goal watch --from {position}"),
                    )),
                    None => failure,
                });
            }
        };
        match message.frame {
            Some(Frame::Batch(batch)) => {
                for goal in &batch.goals {
                    if args.limit.is_some_and(|limit| limit <= count) {
                        return Ok(());
                    }
                    if session.json {
                        session.print(&json::value(goal)?)?;
                    } else {
                        session.output.answer_line(&line(session, goal, &batch))?;
                    }
                    count += 1;
                }
                if args.limit.is_some_and(|limit| limit <= count) {
                    return Ok(());
                }
            }
            Some(Frame::CaughtUp(_)) if !session.json => {
                session.output.remark(session.view.pick(
                    "すべて表示しました。変更を待っています",
                    "all is told, waiting for changes",
                ));
            }
            Some(Frame::Closing(closing)) => {
                let told = terminal::line(&closing.message);
                session.output.remark(&session.view.pick(
                    format!("サーバーが配信を終えます: {told}"),
                    format!("the server ends the stream: {told}"),
                ));
            }
            Some(Frame::CaughtUp(_) | Frame::Heartbeat(_)) | None => {}
        }
        resume = message.next_position.or(resume);
    }
}

/// A goal on one line: at which size, its revision, how many of its indicators report.
fn line(session: &Session, goal: &v1::Goal, batch: &v1::watch_goals_response::GoalBatch) -> String {
    let view = &session.view;
    let (code, title) = (terminal::line(&goal.code), view.title(goal.title.as_ref()));
    let (size, revision) = (batch.known_at, goal.revision);
    let (reported, all) = (goal.reported_count, goal.indicator_count);
    view.pick(
        format!("{size:>8}  {code} {title}  第{revision}版  報告 {reported}/{all}"),
        format!("{size:>8}  {code} {title}  revision {revision}, {reported} of {all} reported"),
    )
}
