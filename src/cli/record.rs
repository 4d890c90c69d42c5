//! `daicho record`: report progress, one report or a file of them.

use clap::Args;

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::language::pick;
use crate::cli::measure::{Measured, Reading};
use crate::cli::session::Session;
use crate::cli::sheet::migration;
use crate::cli::sheet::take::{self, FileArgs};
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;

/// Arguments of `record`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct RecordArgs {
    /// The indicator: its code or id
    #[arg(value_name = "INDICATOR", required_unless_present = "file")]
    indicator: Option<String>,
    #[command(flatten)]
    measured: Measured,
    /// The day it happened or was measured, or the first of them
    #[arg(long, value_name = "DATE", value_parser = input::date, required_unless_present = "file")]
    on: Option<Date>,
    /// The last day, where it covers several
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    until: Option<Date>,
    #[command(flatten)]
    pub(super) from_file: FileArgs,
    #[command(flatten)]
    writing: WritingArgs,
}

const EXAMPLES: &str = "\
Examples:
  daicho record R5/総務部/3-1/1.1 12 --on 2023-10-05
  daicho record R5/総務部/1-2/1.1 5430/9980 --on 令和5年9月30日
  daicho record R5/教育部/1-1/2.1 completed --on R5.9.20 --evidence 議事録.pdf
  daicho record R5/建設部/1-1/1.1 done --member 第1自治会 --on 2023/9/30
  daicho record R5/総務部/3-1/1.1 --nil no-activity --on 2023-10-01 --until 2023-10-31
  daicho record --file 財務課9月.xlsx --check
  daicho record --file 財務課9月.xlsx
  daicho record --file 財務課9月.xlsx --correct --reason '集計表の転記誤り'
  daicho record --file 旧表.csv --migration --reason '年度途中からの移行' --document 5企第45号";

/// Reports progress.
pub async fn record(session: &Session, args: &RecordArgs) -> Result<(), Failure> {
    if args.from_file.migration {
        return migration::take(session, &args.from_file, &args.writing).await;
    }
    if args.from_file.file.is_some() {
        return take::take(session, &args.from_file, &args.writing).await;
    }
    let (Some(indicator), Some(on)) = (&args.indicator, args.on) else {
        let said = pick(
            session.language(),
            "指標と --on を指定してください",
            "name an indicator and --on",
        );
        return Err(Failure::usage(said));
    };
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let series = session.series(indicator).await?;
    let indicator = series.indicator.unwrap_or_default();
    let definition = definition_of(&indicator);
    let reading = args.measured.reading(session.language(), &definition)?;
    say_folded(session, &reading);
    let payload = v1::event_input::Payload::ActualRecorded(v1::ActualRecorded {
        indicator: indicator.id.clone(),
        measurement: Some(reading.measurement),
        part: args.measured.part_key(&definition),
        unit_code: args.measured.unit_code(&definition),
    });
    let valid = (on, args.until);
    let event = args.writing.event(valid, v1::ReasonCode::Other, payload)?;
    session.write(vec![event], &writing, &indicator).await
}

/// The newest definition of an indicator.
pub(super) fn definition_of(indicator: &v1::Indicator) -> v1::Definition {
    indicator
        .definition
        .clone()
        .and_then(|version| version.definition)
        .unwrap_or_default()
}

/// Says how numbers were read that were not in the plain form.
pub(super) fn say_folded(session: &Session, reading: &Reading) {
    for (typed, read) in &reading.folded {
        session.output.remark(&pick(
            session.language(),
            format!("注: 「{typed}」を {read} と読みました"),
            format!("note: read `{typed}` as {read}"),
        ));
    }
}
