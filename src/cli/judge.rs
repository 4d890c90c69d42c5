//! `daicho self-evaluate|review|finalise` and `daicho next-action`: judge what was done, and agree on what is done next.

use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::as_of::AsOfArgs;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::action;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::clock;
use crate::domain::date::Date;

/// What every step of an evaluation says.
#[derive(Args, Clone, Debug)]
pub struct JudgedArgs {
    /// What is judged: a goal, initiative or indicator; code or id
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// Key of the period
    #[arg(value_name = "PERIOD")]
    period: String,
    /// The grade: key of a level of the rubric in force; absent: none
    #[arg(long, value_name = "KEY")]
    grade: Option<String>,
    /// The day it is of; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `self-evaluate`.
#[derive(Args, Clone, Debug)]
pub struct SelfEvaluateArgs {
    #[command(flatten)]
    judged: JudgedArgs,
    /// Why it came so
    #[arg(long, value_name = "CODE", value_parser = choice::parser::<v1::CauseCode>())]
    cause: Option<v1::CauseCode>,
    /// In words
    #[arg(long, value_name = "TEXT")]
    comment: String,
}

/// Arguments of `review`.
#[derive(Args, Clone, Debug)]
pub struct ReviewArgs {
    #[command(flatten)]
    judged: JudgedArgs,
    /// In words
    #[arg(long, value_name = "TEXT")]
    comment: String,
}

/// Arguments of `finalise`.
#[derive(Args, Clone, Debug)]
pub struct FinaliseArgs {
    #[command(flatten)]
    judged: JudgedArgs,
    /// In words
    #[arg(long, value_name = "TEXT")]
    comment: Option<String>,
}

/// What can be done with next actions.
#[derive(Clone, Debug, Subcommand)]
pub enum NextActionCommand {
    /// List what was agreed for a plan, by the day it is due
    List(Box<ListArgs>),
    /// Agree on what is done next, by whom and until when
    Add(Box<AddArgs>),
    /// Say how an agreed action ended
    Close(Box<CloseArgs>),
}

/// Arguments of `next-action add`.
#[derive(Args, Clone, Debug)]
pub struct AddArgs {
    /// For what: a goal, initiative or indicator; code or id
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// Key of the period whose evaluation led to it
    #[arg(value_name = "PERIOD")]
    period: String,
    /// What becomes of the work
    #[arg(long, value_name = "KIND", value_parser = choice::parser::<v1::ActionKind>())]
    kind: v1::ActionKind,
    /// What is to be done
    #[arg(long, value_name = "TEXT")]
    text: String,
    /// The unit that answers for it: code or id
    #[arg(long, value_name = "UNIT")]
    owner: String,
    /// Last day on time
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    due: Date,
    /// Id of the action; absent: a new one, which is told
    #[arg(long, value_name = "UUID")]
    id: Option<Uuid>,
    /// The day it was agreed; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `next-action list`.
#[derive(Args, Clone, Debug)]
#[command(after_help = LIST_EXAMPLES)]
pub struct ListArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Only these kinds; may be repeated
    #[arg(long = "kind", value_name = "KIND", value_parser = choice::parser::<v1::ActionKind>())]
    kinds: Vec<v1::ActionKind>,
    /// Only what this unit answers for: code or id
    #[arg(long, value_name = "UNIT")]
    owner: Option<String>,
    /// Only what has not ended
    #[arg(long)]
    open: bool,
    /// Only what has not ended and was due before the day
    #[arg(long)]
    overdue: bool,
}

const LIST_EXAMPLES: &str = "\
Examples:
  daicho next-action list R5 --open
  daicho next-action list R5 --kind expand --kind stop
  daicho next-action list R5 --overdue --on 2024-06-01";

/// Arguments of `next-action close`.
#[derive(Args, Clone, Debug)]
pub struct CloseArgs {
    /// For what it was agreed: code or id
    #[arg(value_name = "SUBJECT")]
    subject: String,
    /// Id of the action
    #[arg(value_name = "ACTION")]
    action: Uuid,
    /// How it ended
    #[arg(long, value_name = "OUTCOME", value_parser = choice::parser::<v1::ActionOutcome>())]
    outcome: v1::ActionOutcome,
    /// What came of it
    #[arg(long, value_name = "TEXT")]
    text: String,
    /// The day it ended; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Judges one's own work.
pub async fn self_evaluate(session: &Session, args: &SelfEvaluateArgs) -> Result<(), Failure> {
    let judged = &args.judged;
    let payload = Payload::SelfEvaluated(v1::SelfEvaluated {
        subject: Some(session.subject(&judged.subject).await?),
        period: judged.period.clone(),
        grade: judged.grade.clone(),
        rubric: None,
        computed: None,
        cause: args.cause.map(i32::from),
        comment: args.comment.clone(),
    });
    judged.tell(session, payload).await
}

/// Looks at a self-evaluation.
pub async fn review(session: &Session, args: &ReviewArgs) -> Result<(), Failure> {
    let judged = &args.judged;
    let payload = Payload::EvaluationReviewed(v1::EvaluationReviewed {
        subject: Some(session.subject(&judged.subject).await?),
        period: judged.period.clone(),
        grade: judged.grade.clone(),
        rubric: None,
        computed: None,
        comment: args.comment.clone(),
    });
    judged.tell(session, payload).await
}

/// Makes an evaluation final.
pub async fn finalise(session: &Session, args: &FinaliseArgs) -> Result<(), Failure> {
    let judged = &args.judged;
    let payload = Payload::EvaluationFinalised(v1::EvaluationFinalised {
        subject: Some(session.subject(&judged.subject).await?),
        period: judged.period.clone(),
        grade: judged.grade.clone(),
        rubric: None,
        computed: None,
        comment: args.comment.clone(),
    });
    judged.tell(session, payload).await
}

impl JudgedArgs {
    async fn tell(&self, session: &Session, payload: Payload) -> Result<(), Failure> {
        let code = v1::ReasonCode::Other;
        session.tell(&self.writing, self.on, code, payload).await
    }
}

/// Does what was asked about next actions.
pub async fn next_action(session: &Session, command: &NextActionCommand) -> Result<(), Failure> {
    let code = v1::ReasonCode::Other;
    match command {
        NextActionCommand::List(args) => list(session, args).await,
        NextActionCommand::Add(args) => {
            let action = args.id.unwrap_or_else(clock::new_id);
            let payload = Payload::NextActionAgreed(v1::NextActionAgreed {
                subject: Some(session.subject(&args.subject).await?),
                action: action.to_string(),
                period: args.period.clone(),
                kind: args.kind.into(),
                text: args.text.clone(),
                owner_unit: args.owner.clone(),
                due: args.due.to_string(),
            });
            session.tell(&args.writing, args.on, code, payload).await?;
            let told = session.view.pick("対応のID", "action");
            session.output.remark(&format!("{told}: {action}"));
            Ok(())
        }
        NextActionCommand::Close(args) => {
            let payload = Payload::NextActionClosed(v1::NextActionClosed {
                subject: Some(session.subject(&args.subject).await?),
                action: args.action.to_string(),
                outcome: args.outcome.into(),
                text: args.text.clone(),
            });
            session.tell(&args.writing, args.on, code, payload).await
        }
    }
}

async fn list(session: &Session, args: &ListArgs) -> Result<(), Failure> {
    let request = v1::ListNextActionsRequest {
        plan: args.plan.clone(),
        as_of: args.as_of.message(),
        kinds: args.kinds.iter().map(|kind| (*kind).into()).collect(),
        owner: args.owner.clone(),
        open_only: args.open,
        overdue_only: args.overdue,
        ..v1::ListNextActionsRequest::default()
    };
    session
        .answer_as_of(&session.client.next_actions(request).await?, action::list)
        .await
}
