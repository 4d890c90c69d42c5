//! `daicho audit`: who changed what, when, from what to what, and why.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::api::v1;
use crate::api::v1::get_event_request::Selector;
use crate::cli::as_of::{self, AsOfArgs};
use crate::cli::choice;
use crate::cli::correct::{EntryName, find};
use crate::cli::failure::Failure;
use crate::cli::file::FileArgs;
use crate::cli::finding::{self, FindingCommand, FindingsArgs};
use crate::cli::render::audit::{explain, flags, targets, trail};
use crate::cli::render::change;
use crate::cli::session::Session;
use crate::cli::standing::Standing as _;

mod access;
mod filter;
mod paper;

use filter::FilterArgs;

/// Changes at most, unless more are asked for.
const CHANGES: usize = 50;
/// Flags at most, unless more are asked for.
const FLAGS: usize = 200;
/// Steps of an explanation at most, unless more are asked for.
const STEPS: usize = 500;
/// Changes of targets at most, unless more are asked for.
const TARGETS: usize = 200;

/// What auditors ask.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// List changes: who, when, from what to what, why, on which paper
    Changes(Box<ChangesArgs>),
    /// Draw a random sample of changes that anybody can draw again
    Sample(Box<SampleArgs>),
    /// Tell what became of one report: corrections, evidence, who answered for it
    Trail(TrailArgs),
    /// List what is unusual and worth a look (要確認一覧)
    Flags(Box<FlagsArgs>),
    /// List audit findings: what was promised by when, and what came of it
    Findings(FindingsArgs),
    /// Record or answer an audit finding
    #[command(subcommand)]
    Finding(FindingCommand),
    /// Tell why a figure is what it is: the way to it event by event, and what each report does for it
    Explain(Box<ExplainArgs>),
    /// Tell how targets changed (目標変更履歴): who, when, why, and what would be under the original
    Targets(Box<TargetsArgs>),
    /// List who asked for what (アクセス記録): refusals, exports, administration, reads of what is not public
    Access(Box<access::AccessArgs>),
}

/// Arguments of `audit changes`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ChangesArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// From the first to the last
    #[arg(long)]
    oldest_first: bool,
    /// Changes at most
    #[arg(long, value_name = "COUNT", default_value_t = CHANGES)]
    limit: usize,
}

/// Arguments of `audit sample`.
#[derive(Args, Clone, Debug)]
#[command(after_help = SAMPLE_EXAMPLES)]
pub struct SampleArgs {
    #[command(flatten)]
    filter: FilterArgs,
    /// How many changes are drawn, 1 to 500
    #[arg(long = "n", value_name = "COUNT")]
    count: u32,
    /// What makes the draw; choose it before you look, and write it down
    #[arg(long, value_name = "TEXT")]
    seed: String,
    /// Write a working paper (監査調書) to this workbook: the facts of each change, and room for what you find; `-`: standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    force: bool,
}

/// Arguments of `audit trail`.
#[derive(Args, Clone, Debug)]
pub struct TrailArgs {
    /// A report, what corrected it or took it back, or evidence attached to it: its event id, its position, or
    /// INDICATOR@DATE for the report of that day that counts
    #[arg(value_name = "ENTRY", value_parser = EntryName::parse)]
    entry: EntryName,
    /// Which member, where several reported on that day
    #[arg(long, value_name = "KEY")]
    member: Option<String>,
    /// Which part, where several reported on that day
    #[arg(long, value_name = "KEY")]
    part: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// Arguments of `audit flags`.
#[derive(Args, Clone, Debug)]
#[command(after_help = FLAGS_EXAMPLES)]
pub struct FlagsArgs {
    /// Only of these kinds; may be repeated
    #[arg(long = "kind", value_name = "KIND", value_parser = choice::parser::<v1::FlagKind>())]
    kinds: Vec<v1::FlagKind>,
    /// Only of this plan: code or id
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// Only about this department (部) and its goals: code or id
    #[arg(long, value_name = "UNIT")]
    department: Option<String>,
    /// Only about what this section (課等) answers for or contributes to: code or id
    #[arg(long, value_name = "UNIT")]
    section: Option<String>,
    /// Only about this goal and what stands under it: code or id
    #[arg(long, value_name = "GOAL")]
    goal: Option<String>,
    /// Only about this indicator: code or id
    #[arg(long, value_name = "INDICATOR")]
    indicator: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Flags at most
    #[arg(long, value_name = "COUNT", default_value_t = FLAGS)]
    limit: usize,
}

/// Arguments of `audit explain`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXPLAIN_EXAMPLES)]
pub struct ExplainArgs {
    /// The indicator: code or id
    #[arg(value_name = "INDICATOR")]
    indicator: String,
    /// Which figure of it
    #[arg(
        long,
        value_name = "FIGURE",
        default_value = "actual",
        value_parser = choice::parser::<v1::ExplainedFigure>()
    )]
    figure: v1::ExplainedFigure,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// From this point: a date, or a date with what was known then; absent: from nothing
    #[arg(long, value_name = "DATE[@KNOWN]", value_parser = as_of::point)]
    since: Option<v1::AsOf>,
    /// Steps, and reports, at most
    #[arg(long, value_name = "COUNT", default_value_t = STEPS)]
    limit: usize,
}

/// Arguments of `audit targets`.
#[derive(Args, Clone, Debug)]
#[command(after_help = TARGETS_EXAMPLES)]
pub struct TargetsArgs {
    /// A department, goal, initiative or indicator: code or id; absent: all that was lowered or put off
    #[arg(value_name = "SUBJECT")]
    subject: Option<String>,
    /// Only of this plan: code or id; absent without a subject: that of the day
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// Only changed in this way; may be repeated
    #[arg(
        long = "direction",
        value_name = "WAY",
        value_parser = choice::parser::<v1::TargetDirection>()
    )]
    directions: Vec<v1::TargetDirection>,
    /// Changed in any way
    #[arg(long, conflicts_with = "directions")]
    all: bool,
    /// Only what was decided after the last report
    #[arg(long)]
    after_last_report: bool,
    /// Only what is reached on the target in force and missed on the first (目標変更後達成)
    #[arg(long)]
    achieved_by_revision: bool,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// Changes at most
    #[arg(long, value_name = "COUNT", default_value_t = TARGETS)]
    limit: usize,
}

const EXAMPLES: &str = "\
Examples:
  daicho audit changes R5/産業環境部/1-1/1.1 --type target-revised
  daicho audit changes --actor 総務文書課 --since 2023-10-01 --until 2023-10-31
  daicho audit changes --flagged --oldest-first
  daicho audit changes --unit 総務文書課 --corrections --has-evidence=false --known-at 2023-10-10";

const SAMPLE_EXAMPLES: &str = "\
Examples:
  daicho audit sample --n 25 --seed 監査委員会-2023-10-12
  daicho audit sample R5/産業環境部 --n 10 --seed 4711 --type actual-recorded";

const FLAGS_EXAMPLES: &str = "\
Examples:
  daicho audit flags --plan R5 --kind target-lowered --kind achieved-by-revision
  daicho audit flags --department 福祉健康部 --on 2023-09-30 --known-at 2023-10-10";

const EXPLAIN_EXAMPLES: &str = "\
Examples:
  daicho audit explain R5/総務部/3-1/1.1
  daicho audit explain R5/総務部/3-1/1.1 --on 2023-09-30 --since 2023-09-30@2023-10-10
  daicho audit explain R5/総務部/3-1/1.1 --figure attainment --on 2023-09-30 --since 2023-06-30";

const TARGETS_EXAMPLES: &str = "\
Examples:
  daicho audit targets R5/福祉健康部/1-3/1.2
  daicho audit targets --plan R5 --on 2024-03-31
  daicho audit targets --plan R5 --after-last-report --all
  daicho audit targets 福祉健康部 --achieved-by-revision";

impl TrailArgs {
    /// The id of the event that is meant.
    async fn event(&self, session: &Session) -> Result<String, Failure> {
        let keys = (self.member.as_deref(), self.part.as_deref());
        match &self.entry {
            EntryName::Event(id) => Ok(id.to_string()),
            // Not only reports have a trail; which events do is the server's to say.
            EntryName::Position(position) => {
                let answer = session.client.event(Selector::Position(*position)).await?;
                let fact = answer.event.and_then(|event| event.fact);
                Ok(fact.map(|fact| fact.event_id).unwrap_or_default())
            }
            EntryName::OnDay { .. } => {
                let found = find(session, &self.entry, keys).await?;
                Ok(found.entry.event_id)
            }
        }
    }
}

/// Does what was asked.
pub async fn run(session: &Session, command: &AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::Changes(args) => changes(session, args).await,
        AuditCommand::Access(args) => access::run(session, args).await,
        AuditCommand::Sample(args) => sample(session, args).await,
        AuditCommand::Trail(args) => {
            let session = session.at(args.as_of.message());
            let event = args.event(&session).await?;
            session
                .answer_as_of(&session.client.trail(&event).await?, trail::trail)
                .await
        }
        AuditCommand::Findings(args) => finding::list(session, args).await,
        AuditCommand::Finding(command) => finding::run(session, command).await,
        AuditCommand::Flags(args) => {
            let client = session.client.at(args.as_of.message());
            let answer = client.flags(args.request(), args.limit).await?;
            session.answer_as_of(&answer, flags::list).await
        }
        AuditCommand::Explain(args) => {
            let client = session.client.at(args.as_of.message());
            let request = v1::ExplainFigureRequest {
                indicator: args.indicator.clone(),
                figure: args.figure.into(),
                since: args.since.clone(),
                ..v1::ExplainFigureRequest::default()
            };
            let answer = match client.explain(request, args.limit).await {
                Err(failure) if failure.reason() == Some("INDICATOR_UNKNOWN") => {
                    let kinds = [v1::EntityKind::Indicator];
                    return Err(session.offering(failure, &args.indicator, &kinds).await);
                }
                answer => answer?,
            };
            session.answer_as_of(&answer, explain::explained).await
        }
        AuditCommand::Targets(args) => {
            let client = session.client.at(args.as_of.message());
            let answer = client.target_changes(args.request(), args.limit).await;
            let answer = match (answer, &args.subject) {
                (Err(failure), Some(subject)) if failure.reason() == Some("GOAL_UNKNOWN") => {
                    return Err(session.offering(failure, subject, &[]).await);
                }
                (answer, _) => answer?,
            };
            session.answer_as_of(&answer, targets::history).await
        }
    }
}

async fn changes(session: &Session, args: &ChangesArgs) -> Result<(), Failure> {
    let order = if args.oldest_first {
        v1::ChangeOrder::OldestFirst
    } else {
        v1::ChangeOrder::NewestFirst
    };
    let request = v1::ListChangesRequest {
        order: order.into(),
        person: args.filter.person(session).await?,
        ..args.filter.request(session.view.zone())
    };
    session
        .answer_as_of(
            &session.client.changes(request, args.limit).await?,
            change::list,
        )
        .await
}

async fn sample(session: &Session, args: &SampleArgs) -> Result<(), Failure> {
    let changes = v1::ListChangesRequest {
        person: args.filter.person(session).await?,
        ..args.filter.request(session.view.zone())
    };
    let request = v1::SampleChangesRequest {
        changes: Some(changes),
        count: args.count,
        seed: args.seed.clone(),
    };
    let answer = session.client.sample(request).await?;
    if let Some(output) = &args.output {
        let fingerprint = match answer.known_at() {
            Some(known_at) => session.fingerprint(known_at).await,
            None => None,
        };
        let view = session.view.clone().with_fingerprint(fingerprint);
        let (bytes, lines) = paper::workbook(&view, &answer, &args.seed)?;
        let file = FileArgs {
            output: output.clone(),
            force: args.force,
        };
        return file.write(session.language(), &session.output, &bytes, lines);
    }
    session
        .answer_as_of(&answer, |view, answer| {
            change::sample(view, answer, &args.seed)
        })
        .await
}

impl TargetsArgs {
    /// What is asked for, as the API takes it. Of a whole plan only what was made easier, unless more is asked for.
    fn request(&self) -> v1::ListTargetChangesRequest {
        use v1::TargetDirection::{Lowered, Postponed};
        let narrowed =
            self.subject.is_some() || self.after_last_report || self.achieved_by_revision;
        let directions = match self.directions.is_empty() {
            true if !narrowed && !self.all => vec![Lowered, Postponed],
            _ => self.directions.clone(),
        };
        v1::ListTargetChangesRequest {
            plan: self.plan.clone(),
            subject: self.subject.clone(),
            directions: directions.into_iter().map(i32::from).collect(),
            after_last_report_only: self.after_last_report,
            achieved_by_revision_only: self.achieved_by_revision,
            ..v1::ListTargetChangesRequest::default()
        }
    }
}

impl FlagsArgs {
    /// What is asked for, as the API takes it.
    fn request(&self) -> v1::ListFlagsRequest {
        v1::ListFlagsRequest {
            kinds: self.kinds.iter().map(|kind| i32::from(*kind)).collect(),
            plan: self.plan.clone(),
            department: self.department.clone(),
            section: self.section.clone(),
            goal: self.goal.clone(),
            indicator: self.indicator.clone(),
            ..v1::ListFlagsRequest::default()
        }
    }
}
