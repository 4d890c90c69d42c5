//! `daicho report`: forms that are printed, and files for programs.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use crate::api::v1;
use crate::cli::as_of::AsOfArgs;
use crate::cli::evaluate::point::{period, policy};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::file::FileArgs;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::render::reporting;
use crate::cli::session::Session;
use crate::cli::sheet::draw::{self, SheetArgs};
use crate::cli::status;
use crate::domain::text::Language;
use crate::report::Page;
use crate::report::data::dictionary;
use crate::report::tidy;

/// What can be written.
#[derive(Clone, Debug, Subcommand)]
pub enum ReportCommand {
    /// The mid-year sheet (様式2 中間評価シート) as a workbook: targets, actual, status, forecast, grade, next action
    Midyear(Box<FormArgs>),
    /// The plan as published (様式1) as a workbook
    Plan(Box<FormArgs>),
    /// The results of the year (様式3 実績) as a workbook
    Results(Box<FormArgs>),
    /// Every revision of a target (目標変更履歴一覧), with reasons, as a workbook
    Targets(Box<FormArgs>),
    /// Every change of a plan (変更台帳), with its place in the ledger and its hash, as a workbook
    Changes(Box<FormArgs>),
    /// What a reporting round still waits for (未報告一覧): as a table, or with -o as a workbook, a run of pages a department
    Missing(Box<MissingArgs>),
    /// What of a closed period would be told otherwise now (実績訂正・修正一覧), with the entries behind it, as a workbook
    Restatements(Box<FormArgs>),
    /// A table for programs or spreadsheets: CSV, JSON or a plain workbook
    Data(Box<DataArgs>),
    /// What each column of each table holds, in Japanese and English; needs no server
    Dictionary(DictionaryArgs),
    /// The sheet in which a section fills in its reports; `daicho record --file` takes it back
    Sheet(SheetArgs),
}

/// Arguments of a form.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct FormArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// As it was frozen when this period was closed, the last or the Nth time; absent: as of --on and --known-at
    #[arg(
        long,
        value_name = "PERIOD[#N]",
        value_parser = snapshot,
        conflicts_with_all = ["on", "known_at"]
    )]
    snapshot: Option<v1::SnapshotRef>,
    /// Only goals of this department (部): code or id
    #[arg(long, value_name = "UNIT")]
    department: Option<String>,
    /// The policy (算定方針) and its version; absent: the one in force
    #[arg(long, value_name = "CODE@VERSION", value_parser = policy)]
    policy: Option<v1::PolicyVersion>,
    #[command(flatten)]
    file: FileArgs,
}

/// Arguments of `report missing`.
#[derive(Args, Clone, Debug)]
#[command(after_help = MISSING_EXAMPLES)]
pub struct MissingArgs {
    /// The plan: its code or id; absent: that of the day
    #[arg(value_name = "PLAN")]
    plan: Option<String>,
    /// Code of the round, such as mid-year; absent: the last whose day has come
    #[arg(long, value_name = "ROUND")]
    round: Option<String>,
    /// Only indicators of this department (部): code or id
    #[arg(long, value_name = "UNIT")]
    department: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
    /// The workbook to write; `-`: standard output; absent: a table is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it is there
    #[arg(long, requires = "output")]
    force: bool,
}

/// A table.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum TableName {
    /// Every report, correction and retraction; `daicho record --file … --migration` takes it into another ledger.
    Entries,
    /// Every version of a target.
    Targets,
    /// Every field that a change touched.
    Changes,
    /// The canonical rows of an evaluation; as csv the bytes that a snapshot hashes.
    Rows,
    /// The plan, as `daicho plan import` reads it.
    Plan,
}

/// How a table is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Format {
    /// CSV for spreadsheets: byte order mark, CRLF, nothing that looks like a formula.
    CsvExcel,
    /// CSV for programs: no byte order mark, LF, texts verbatim.
    Csv,
    /// One JSON array, an object a line.
    Json,
    /// A workbook of one plain sheet.
    Xlsx,
}

impl From<Format> for v1::FileProfile {
    fn from(format: Format) -> Self {
        match format {
            Format::CsvExcel => Self::Spreadsheet,
            Format::Csv => Self::Machine,
            Format::Json => Self::Json,
            Format::Xlsx => Self::Workbook,
        }
    }
}

/// Arguments of `report data`.
#[derive(Args, Clone, Debug)]
#[command(after_help = DATA_EXAMPLES)]
pub struct DataArgs {
    /// Which table
    #[arg(value_enum, value_name = "TABLE")]
    table: TableName,
    #[command(flatten)]
    form: FormArgs,
    /// How it is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv-excel")]
    format: Format,
    /// Leave out what is this ledger's own (positions, times and authors of record, ids): another ledger that took the same
    /// facts in writes the same bytes; entries and targets only
    #[arg(long)]
    portable: bool,
}

/// Arguments of `report dictionary`.
#[derive(Args, Clone, Debug)]
pub struct DictionaryArgs {
    /// How it is written
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "csv-excel")]
    format: Format,
    #[command(flatten)]
    file: FileArgs,
}

const EXAMPLES: &str = "\
Examples:
  daicho report midyear R5 --on 2023-09-30 -o 中間評価.xlsx
  daicho report midyear R5 --snapshot mid-year --department 福祉健康部 -o 福祉健康部.xlsx
  daicho report results R5 --on 2024-03-31 -o 実績.xlsx
  daicho report changes R5 --known-at 2023-10-10 -o 変更台帳.xlsx
  daicho report restatements R5 --snapshot mid-year#1 -o 修正一覧.xlsx";

const MISSING_EXAMPLES: &str = "\
Examples:
  daicho report missing R5 --round mid-year
  daicho report missing R5 --on 2023-09-30 --known-at 2023-10-10 -o 未報告一覧.xlsx";

const DATA_EXAMPLES: &str = "\
Examples:
  daicho report data entries R5 --known-at 2023-10-10 -o 実績.csv
  daicho report data targets R5 --format xlsx -o 目標.xlsx
  daicho report data rows R5 --on 2023-09-30 --format csv -o - | sha256sum
  daicho report data plan R5 --format csv -o plan.csv
  daicho report data entries R5 --format csv --portable -o entries.csv";

fn snapshot(text: &str) -> Result<v1::SnapshotRef, String> {
    let (period, revision) = period(text)?;
    Ok(v1::SnapshotRef { period, revision })
}

impl FormArgs {
    /// What is asked for, as the API takes it.
    fn request(&self, kind: v1::ReportKind) -> v1::ExportReportRequest {
        use v1::evaluation_point::At;
        let at = match &self.snapshot {
            Some(snapshot) => Some(At::Snapshot(snapshot.clone())),
            None => self.as_of.message().map(At::AsOf),
        };
        v1::ExportReportRequest {
            plan: self.plan.clone(),
            kind: kind.into(),
            profile: v1::FileProfile::Workbook.into(),
            at: Some(v1::EvaluationPoint {
                at,
                policy: self.policy.clone(),
            }),
            department: self.department.clone(),
            ..v1::ExportReportRequest::default()
        }
    }
}

/// Writes what was asked for.
pub async fn run(session: &Session, command: &ReportCommand) -> Result<(), Failure> {
    let (kind, args) = match command {
        ReportCommand::Data(args) => return data(session, args).await,
        ReportCommand::Dictionary(args) => {
            return dictionary(session.language(), &session.output, args);
        }
        ReportCommand::Missing(args) => return missing(session, args).await,
        ReportCommand::Midyear(args) => (v1::ReportKind::MidYear, args),
        ReportCommand::Plan(args) => (v1::ReportKind::Plan, args),
        ReportCommand::Results(args) => (v1::ReportKind::Results, args),
        ReportCommand::Targets(args) => (v1::ReportKind::Targets, args),
        ReportCommand::Changes(args) => (v1::ReportKind::Changes, args),
        ReportCommand::Restatements(args) => (v1::ReportKind::Restatements, args),
        ReportCommand::Sheet(args) => return draw::sheet(session, args).await,
    };
    written(session, &args.file, args.request(kind)).await
}

async fn missing(session: &Session, args: &MissingArgs) -> Result<(), Failure> {
    use v1::evaluation_point::At;
    let Some(output) = args.output.clone() else {
        let request = v1::ListReportingStatusRequest {
            plan: args.plan.clone(),
            round: args.round.clone(),
            department: args.department.clone(),
            states: status::open(),
            ..v1::ListReportingStatusRequest::default()
        };
        let client = session.client.at(args.as_of.message());
        let answer = client.reporting_status(request).await?;
        return session.answer_as_of(&answer, reporting::missing).await;
    };
    let request = v1::ExportReportRequest {
        plan: args.plan.clone(),
        kind: v1::ReportKind::Missing.into(),
        profile: v1::FileProfile::Workbook.into(),
        at: Some(v1::EvaluationPoint {
            at: args.as_of.message().map(At::AsOf),
            policy: None,
        }),
        department: args.department.clone(),
        round: args.round.clone(),
        ..v1::ExportReportRequest::default()
    };
    let file = FileArgs {
        output,
        force: args.force,
    };
    written(session, &file, request).await
}

async fn data(session: &Session, args: &DataArgs) -> Result<(), Failure> {
    let kind = match args.table {
        TableName::Entries => v1::ReportKind::Entries,
        TableName::Targets => v1::ReportKind::TargetVersions,
        TableName::Changes => v1::ReportKind::ChangedFields,
        TableName::Rows => v1::ReportKind::EvaluationRows,
        TableName::Plan => v1::ReportKind::PlanTable,
    };
    let request = v1::ExportReportRequest {
        profile: v1::FileProfile::from(args.format).into(),
        portable: args.portable,
        ..args.form.request(kind)
    };
    written(session, &args.form.file, request).await
}

/// Writes the dictionary of the tables. Needs no server.
pub fn dictionary(
    language: Language,
    output: &Output,
    args: &DictionaryArgs,
) -> Result<(), Failure> {
    let data = dictionary::data();
    let bytes = match args.format {
        Format::CsvExcel => data.csv(tidy::Profile::Spreadsheet).into_bytes(),
        Format::Csv => data.csv(tidy::Profile::Machine).into_bytes(),
        Format::Json => data.json().into_bytes(),
        Format::Xlsx => {
            let [ja, en] = dictionary::TABLE.called;
            let page = Page {
                title: pick(language, ja, en).to_owned(),
                ..Page::default()
            };
            let written = data.workbook(dictionary::TABLE.name, &page);
            written.map_err(|error| Failure::new(Exit::Fault, error.to_string()))?
        }
    };
    let lines = u32::try_from(data.len()).unwrap_or(u32::MAX);
    args.file.write(language, output, &bytes, lines)
}

async fn written(
    session: &Session,
    file: &FileArgs,
    request: v1::ExportReportRequest,
) -> Result<(), Failure> {
    let report = session.client.report(request).await?;
    let lines = report.trailer.rows;
    file.write(session.language(), &session.output, &report.bytes, lines)?;
    let known_at = report.header.evaluated_at.map(|at| at.known_at);
    let fingerprint = match known_at {
        Some(known_at) => session.fingerprint(known_at).await,
        None => None,
    };
    if let Some(fingerprint) = fingerprint {
        session.output.remark(&session.view.pick(
            format!("指紋 {fingerprint}"),
            format!("fingerprint {fingerprint}"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_a_period_and_perhaps_which_closing() {
        let read = |text| snapshot(text).map(|read| (read.period, read.revision));
        assert_eq!(read("上半期"), Ok(("上半期".to_owned(), None)));
        assert_eq!(read("上半期#2"), Ok(("上半期".to_owned(), Some(2))));
        assert!(read("上半期#x").is_err());
    }
}
