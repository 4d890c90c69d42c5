//! `daicho audit findings` and `daicho audit finding`: what audits found, and what came of it.

use clap::{Args, Subcommand};

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::finding_reference::Kind;
use crate::cli::as_of::AsOfArgs;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::audit::findings;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;

/// Arguments of `audit findings`.
#[derive(Args, Clone, Debug)]
pub struct FindingsArgs {
    /// Only of this plan: code or id
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// Only in these states; may be repeated
    #[arg(long = "state", value_name = "STATE", value_parser = choice::parser::<v1::FindingState>())]
    states: Vec<v1::FindingState>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// What can be done with findings.
#[derive(Clone, Debug, Subcommand)]
pub enum FindingCommand {
    /// Record what an audit found, and what was promised by when
    Record(Box<RecordArgs>),
    /// Answer a finding with what was done
    Answer(Box<AnswerArgs>),
}

/// Arguments of `audit finding record`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct RecordArgs {
    /// The plan in whose year it falls: code or id
    #[arg(value_name = "PLAN")]
    plan: String,
    /// Its number, unique in the plan
    #[arg(value_name = "NUMBER")]
    finding: String,
    /// What was found
    #[arg(long, value_name = "TEXT")]
    text: String,
    /// What was promised
    #[arg(long, value_name = "TEXT")]
    promised: String,
    /// Last day on time for it
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    due: Date,
    #[command(flatten)]
    about: AboutArgs,
    /// The day of the finding; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `audit finding answer`.
#[derive(Args, Clone, Debug)]
pub struct AnswerArgs {
    /// The plan: code or id
    #[arg(value_name = "PLAN")]
    plan: String,
    /// The finding's number
    #[arg(value_name = "NUMBER")]
    finding: String,
    /// The answer
    #[arg(long, value_name = "TEXT")]
    text: String,
    /// What was done
    #[arg(long, value_name = "TEXT")]
    action: String,
    #[command(flatten)]
    about: AboutArgs,
    /// The day it was done; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// What it is about.
#[derive(Args, Clone, Debug)]
struct AboutArgs {
    /// A goal, initiative, indicator or unit that it is about: code or id; may be repeated
    #[arg(long, value_name = "CODE")]
    about: Vec<String>,
    /// An event that it is about: its id; may be repeated
    #[arg(long = "event", value_name = "EVENT")]
    events: Vec<String>,
}

const EXAMPLES: &str = "\
Examples:
  daicho audit finding record R5 R4-2 --text '根拠資料のない実績がある' --promised '添付を必須とする' \\
    --due 2023-12-28 --about R5/総務部/3-1/1.1
  daicho audit finding answer R5 R4-2 --text '指摘のとおり改めた' --action '9件に添付した' --on 2023-12-20";

/// Lists findings.
pub async fn list(session: &Session, args: &FindingsArgs) -> Result<(), Failure> {
    let request = v1::ListAuditFindingsRequest {
        plan: args.plan.clone(),
        states: args.states.iter().map(|state| i32::from(*state)).collect(),
        ..v1::ListAuditFindingsRequest::default()
    };
    let client = session.client.at(args.as_of.message());
    session
        .answer_as_of(&client.findings(request).await?, findings::list)
        .await
}

/// Records or answers a finding.
pub async fn run(session: &Session, command: &FindingCommand) -> Result<(), Failure> {
    let code = v1::ReasonCode::Other;
    match command {
        FindingCommand::Record(args) => {
            let payload = Payload::AuditFindingRecorded(v1::AuditFindingRecorded {
                plan: args.plan.clone(),
                finding: args.finding.clone(),
                text: args.text.clone(),
                references: args.about.references(session).await?,
                due: args.due.to_string(),
                promised: args.promised.clone(),
            });
            session.tell(&args.writing, args.on, code, payload).await
        }
        FindingCommand::Answer(args) => {
            let payload = Payload::AuditFindingAnswered(v1::AuditFindingAnswered {
                plan: args.plan.clone(),
                finding: args.finding.clone(),
                text: args.text.clone(),
                action: args.action.clone(),
                references: args.about.references(session).await?,
            });
            session.tell(&args.writing, args.on, code, payload).await
        }
    }
}

impl AboutArgs {
    async fn references(&self, session: &Session) -> Result<Vec<v1::FindingReference>, Failure> {
        let mut references = Vec::new();
        for text in &self.about {
            let found = session.client.lookup(text).await?;
            let kind = match found.kind() {
                v1::EntityKind::Goal => Kind::Goal(found.id),
                v1::EntityKind::Initiative => Kind::Initiative(found.id),
                v1::EntityKind::Indicator => Kind::Indicator(found.id),
                v1::EntityKind::Unit => Kind::Unit(found.id),
                _ => {
                    return Err(Failure::usage(session.view.pick(
                        format!("「{text}」は組織目標・取組内容・指標・組織のどれでもありません"),
                        format!(
                            "`{text}` is neither a goal, an initiative, an indicator nor a unit"
                        ),
                    )));
                }
            };
            references.push(v1::FindingReference { kind: Some(kind) });
        }
        let events = self.events.iter().map(|id| v1::FindingReference {
            kind: Some(Kind::Event(id.clone())),
        });
        references.extend(events);
        Ok(references)
    }
}
