//! `daicho evaluate`: where a plan stands as of a day and a state of knowledge, and what became of that since.

use clap::{Args, Subcommand, ValueEnum};

use crate::api::v1;
use crate::cli::as_of::AsOfArgs;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::file;
use crate::cli::input;
use crate::cli::render::{cycles, difference, evaluation};
use crate::cli::session::Session;
use crate::domain::date::Date;

pub mod point;

use point::{Point, policy};

/// How an evaluation is printed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// For eyes.
    Table,
    /// As --json.
    Json,
    /// The canonical rows, byte for byte: what a snapshot hashes.
    Csv,
    /// The mid-year sheet (様式2) as a workbook; `daicho report` has the other forms.
    Xlsx,
}

/// Groups of a table of distributions.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum By {
    /// 部.
    Department,
    /// 柱.
    Pillar,
    /// 課等.
    Section,
    /// 組織目標.
    Goal,
}

impl From<By> for evaluation::Grouping {
    fn from(by: By) -> Self {
        match by {
            By::Department => Self::Department,
            By::Pillar => Self::Pillar,
            By::Section => Self::Section,
            By::Goal => Self::Goal,
        }
    }
}

/// Arguments of `evaluate`.
#[derive(Args, Clone, Debug)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub struct EvaluateArgs {
    /// Ask what differs instead
    #[command(subcommand)]
    command: Option<EvaluateCommand>,
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// How it is printed
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "table")]
    format: Format,
    /// Only the distributions, group by group
    #[arg(long, value_enum, value_name = "GROUP")]
    by: Option<By>,
    /// Only criteria that stand so; may be repeated
    #[arg(
        long = "status",
        value_name = "STATUS",
        value_parser = choice::parser::<v1::EvaluationStatus>()
    )]
    statuses: Vec<v1::EvaluationStatus>,
    /// Only criteria with this remark; may be repeated
    #[arg(
        long = "remark",
        value_name = "REMARK",
        value_parser = choice::parser::<v1::Remark>()
    )]
    remarks: Vec<v1::Remark>,
    /// Only goals of this department (部): code or id
    #[arg(long, value_name = "UNIT")]
    department: Option<String>,
    /// Only initiatives that this section (課等) leads or contributes to: code or id
    #[arg(long, value_name = "UNIT")]
    section: Option<String>,
    /// Only goals under the pillar with this number
    #[arg(long, value_name = "NUMBER")]
    pillar: Option<u32>,
    /// The policy (算定方針) and its version; absent: the one in force
    #[arg(long, value_name = "CODE@VERSION", value_parser = policy)]
    policy: Option<v1::PolicyVersion>,
}

/// What else can be asked.
#[derive(Clone, Debug, Subcommand)]
pub enum EvaluateCommand {
    /// What differs between two evaluations, criterion by criterion, with the events behind it
    Compare(Box<CompareArgs>),
    /// What stands beside the year before: criteria that both years define alike, and why the others cannot be compared
    LastYear(Box<LastYearArgs>),
}

/// Arguments of `evaluate last-year`.
#[derive(Args, Clone, Debug)]
#[command(after_help = LAST_YEAR_EXAMPLES)]
pub struct LastYearArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// The earlier plan: its code or id; absent: that of the earlier day, of those that began before
    #[arg(long, value_name = "PLAN")]
    with: Option<String>,
    /// The earlier day; absent: the same day of the year before
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    day_before: Option<Date>,
    /// The policy (算定方針) and its version, for both years; absent: the one in force on the later day
    #[arg(long, value_name = "CODE@VERSION", value_parser = policy)]
    policy: Option<v1::PolicyVersion>,
}

/// Arguments of `evaluate compare`.
#[derive(Args, Clone, Debug)]
#[command(after_help = COMPARE_EXAMPLES)]
pub struct CompareArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    /// Where to begin: a date, a date with what was known then, or a period that was closed
    #[arg(long, value_name = "DATE[@KNOWN]|PERIOD[#N]", value_parser = Point::parse)]
    from: Point,
    /// What to compare with; absent: the same day with everything known
    #[arg(long, value_name = "DATE[@KNOWN]|PERIOD[#N]", value_parser = Point::parse)]
    to: Option<Point>,
    /// Only where a status, an achievement or a grade differs
    #[arg(long)]
    major_only: bool,
}

const EXAMPLES: &str = "\
Examples:
  daicho evaluate R5 --on 2023-09-30 --known-at 2023-10-10
  daicho evaluate R5 --on 2023-09-30 --by department
  daicho evaluate R5 --on 2023-09-30 --status behind --status overdue
  daicho evaluate R5 --on 2023-09-30 --remark forecast-miss
  daicho evaluate R5 --on 2023-09-30 --known-at 2023-10-10 --format csv | sha256sum";

const COMPARE_EXAMPLES: &str = "\
Examples:
  daicho evaluate compare R5 --from 2023-09-30@2023-10-10
  daicho evaluate compare R5 --from 2023-06-30 --to 2023-09-30 --major-only
  daicho evaluate compare R5 --from 上半期";

const LAST_YEAR_EXAMPLES: &str = "\
Examples:
  daicho evaluate last-year R5 --on 2023-09-30
  daicho evaluate last-year R5 --on 2023-09-30 --known-at 2023-10-10 --with R4";

/// Does what was asked.
pub async fn run(session: &Session, args: &EvaluateArgs) -> Result<(), Failure> {
    match &args.command {
        Some(EvaluateCommand::Compare(args)) => compare(session, args).await,
        Some(EvaluateCommand::LastYear(args)) => last_year(session, args).await,
        None => evaluate(session, args).await,
    }
}

async fn evaluate(session: &Session, args: &EvaluateArgs) -> Result<(), Failure> {
    let as_of = args.as_of.message();
    if matches!(args.format, Format::Csv | Format::Xlsx) {
        return whole(session, args).await;
    }
    let request = v1::EvaluatePlanRequest {
        plan: args.plan.clone(),
        as_of,
        policy: args.policy.clone(),
        department: args.department.clone(),
        section: args.section.clone(),
        pillar: args.pillar,
        statuses: args
            .statuses
            .iter()
            .map(|status| (*status).into())
            .collect(),
        remarks: args.remarks.iter().map(|remark| (*remark).into()).collect(),
        ..v1::EvaluatePlanRequest::default()
    };
    let response = session.client.evaluate(request).await?;
    let render = |view: &_, response: &_| match args.by {
        Some(by) => evaluation::by(view, response, by.into()),
        None => evaluation::plan(view, response),
    };
    if args.format == Format::Json {
        return session.print_answer(&response);
    }
    session.answer_as_of(&response, render).await
}

/// The rows or the mid-year sheet, whole.
async fn whole(session: &Session, args: &EvaluateArgs) -> Result<(), Failure> {
    let is_rows = args.format == Format::Csv;
    let filtered = !args.statuses.is_empty()
        || !args.remarks.is_empty()
        || (is_rows && args.department.is_some())
        || args.section.is_some()
        || args.pillar.is_some()
        || args.by.is_some();
    if filtered {
        let (ja, en) = match is_rows {
            true => (
                "--format csv は計画の全行を出力します。絞り込みや --by は指定できません",
                "--format csv prints every row of the plan: leave out filters and --by",
            ),
            false => (
                "--format xlsx は様式の全行を出力します。絞り込みは --department だけ指定できます",
                "--format xlsx prints every line of the form: of filters only --department is taken",
            ),
        };
        return Err(Failure::usage(session.view.pick(ja, en)));
    }
    let (kind, profile) = match is_rows {
        true => (v1::ReportKind::EvaluationRows, v1::FileProfile::Machine),
        false => (v1::ReportKind::MidYear, v1::FileProfile::Workbook),
    };
    let report = session
        .client
        .report(v1::ExportReportRequest {
            plan: args.plan.clone(),
            kind: kind.into(),
            profile: profile.into(),
            at: Some(v1::EvaluationPoint {
                at: args.as_of.message().map(v1::evaluation_point::At::AsOf),
                policy: args.policy.clone(),
            }),
            department: args.department.clone(),
            ..v1::ExportReportRequest::default()
        })
        .await?;
    file::binary(session.language(), &session.output, &report.bytes)
}

async fn compare(session: &Session, args: &CompareArgs) -> Result<(), Failure> {
    let request = v1::CompareEvaluationsRequest {
        plan: args.plan.clone(),
        from: Some(args.from.message()),
        to: args.to.as_ref().map(Point::message),
        at_least: at_least(args.major_only).into(),
        ..v1::CompareEvaluationsRequest::default()
    };
    session
        .answer_as_of(&session.client.compare(request).await?, difference::list)
        .await
}

async fn last_year(session: &Session, args: &LastYearArgs) -> Result<(), Failure> {
    let request = v1::CompareCyclesRequest {
        plan: args.plan.clone(),
        as_of: args.as_of.message(),
        plan_before: args.with.clone(),
        day_before: args.day_before.map(|day| day.to_string()),
        policy: args.policy.clone(),
        ..v1::CompareCyclesRequest::default()
    };
    session
        .answer_as_of(&session.client.cycles(request).await?, cycles::list)
        .await
}

/// What `--major-only` asks for.
pub(super) fn at_least(major_only: bool) -> v1::Materiality {
    if major_only {
        v1::Materiality::Major
    } else {
        v1::Materiality::Unspecified
    }
}
