//! `daicho record --file`: a file of reports comes back, all of it or nothing.
//!
//! Ids follow from the sheet and the row, the id of the request from the file: loading a file twice adds nothing, and
//! what a file that was loaded before now says otherwise is a correction, which somebody has to ask for.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use clap::Args;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::client::GoalFilter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::plan::source;
use crate::cli::render::View;
use crate::cli::session::Session;
use crate::cli::sheet::cleared;
use crate::cli::sheet::column::Column;
use crate::cli::sheet::drawn::leads;
use crate::cli::sheet::fault::Fault;
use crate::cli::sheet::lines::{self, Line, Lines};
use crate::cli::sheet::made::Made;
use crate::cli::sheet::row::{Identity, Reader, Reported, text};
use crate::cli::sheet::send::send;
use crate::cli::sheet::settle::{self, Earlier};
use crate::cli::sheet::taken::{Batch, Outcome, Taken, event, file_event, fold, request_id, row};
use crate::cli::sheet::told;
use crate::cli::writing::WritingArgs;
use crate::domain::text::Language;
use crate::import::events::SourceFile;

/// What tells one report, which no file goes with. `requires` alone would let the flags of a file stand beside it: it asks for nothing
/// that contradicts what is there.
const ONE_REPORT: [&str; 3] = ["indicator", "on", "until"];

/// A file of reports.
#[derive(Args, Clone, Debug, Default)]
pub struct FileArgs {
    /// Take a filled-in sheet, workbook or CSV, all of it or nothing
    #[arg(long, value_name = "FILE", conflicts_with_all = ONE_REPORT)]
    pub file: Option<PathBuf>,
    /// Only say what is understood of the file; needs no server
    #[arg(long, requires = "file", conflicts_with_all = ONE_REPORT)]
    pub dry_run: bool,
    /// Where the file says something else than it did when it was loaded before, correct that
    #[arg(long, requires_all = ["file", "reason"], conflicts_with_all = ONE_REPORT)]
    pub correct: bool,
    /// The file is of a year that began elsewhere: rows by code, of any day, with what was recorded when and by whom
    /// as claims
    #[arg(long, requires_all = ["file", "reason", "document"], conflicts_with_all = ["correct", "dry_run", "section", "plan", "indicator", "on", "until"])]
    pub migration: bool,
    /// Refuse a sheet of any other section: code or id
    #[arg(long, value_name = "SECTION", requires = "file", conflicts_with_all = ONE_REPORT)]
    pub section: Option<String>,
    /// Refuse a sheet of any other plan: code or id
    #[arg(long, value_name = "PLAN", requires = "file", conflicts_with_all = ONE_REPORT)]
    pub plan: Option<String>,
}

/// Tells what is understood of a file, without a server.
pub fn dry_run(
    language: Language,
    output: &Output,
    json: bool,
    args: &FileArgs,
) -> Result<(), Failure> {
    let path = args.file.clone().unwrap_or_default();
    let (file, lines) = opened(language, &path)?;
    let mut reader = reader(language, &lines);
    let mut taken = Vec::new();
    let mut folded = Vec::new();
    for (line, identity) in identified(&mut reader) {
        let definition = local_definition(line, &identity);
        let Some(reported) = reader.reported(line, &definition, &identity.key) else {
            continue;
        };
        within(&mut reader, line, &identity.made, &reported);
        let view = View::new(language, None);
        fold(&mut folded, &lines, line, &reported);
        let event = event(&identity.indicator, &identity.key, &reported, &file);
        taken.push(row(
            &view,
            &lines,
            line,
            &identity.key,
            definition,
            (reported.day, event),
        ));
    }
    let faults = std::mem::take(&mut reader.faults);
    refuse(language, output, json, &path, &file, faults)?;
    let batch = Batch {
        file,
        lines,
        taken,
        folded,
        cleared: Vec::new(),
    };
    cleared::tell_shown(language, output, &batch.lines);
    told::understood(language, output, json, &batch)
}

/// Takes a file.
pub async fn take(
    session: &Session,
    args: &FileArgs,
    writing_args: &WritingArgs,
) -> Result<(), Failure> {
    let language = session.language();
    let path = args.file.clone().unwrap_or_default();
    let (file, lines) = opened(language, &path)?;
    let mut writing = writing_args.writing();
    let request_id = writing
        .request_id
        .get_or_insert_with(|| request_id(session, &file))
        .clone();
    // What was loaded before is told before anything is asked: the sheet may be of a time long gone.
    if let Some(found) = session
        .client
        .receipt(&request_id, v1::ReceiptMode::Sequenced)
        .await?
    {
        return told::replayed(session, &file, found.receipt.as_ref());
    }
    let mut reader = reader(language, &lines);
    let identified = identified(&mut reader);
    let Some(made) = identified
        .first()
        .map(|(_, identity)| identity.made.clone())
    else {
        let faults = std::mem::take(&mut reader.faults);
        refuse(
            language,
            &session.output,
            session.json,
            &path,
            &file,
            faults,
        )?;
        let cleared = cleared::cleared(session, &lines).await?;
        return told::nothing(session, &file, &cleared);
    };
    fits(session, args, &made).await?;
    let goals = goals(session, &made).await?;
    let known = indicators(&made, &goals);
    let mut taken: Vec<Taken> = Vec::new();
    let mut folded = Vec::new();
    for (line, identity) in &identified {
        let Some(found) = known.get(identity.indicator.as_str()) else {
            reader.fault(
                line,
                Column::Code,
                "この課が担当する指標ではなくなりました（移管・中止など）。新しい報告票を作ってください",
                "the section no longer answers for this indicator; make a new sheet",
            );
            continue;
        };
        let version = found.indicator.definition.clone().unwrap_or_default();
        if version.version != identity.form.definition {
            reader.fault(
                line,
                Column::Code,
                "報告票を作った後に指標の定義が変わりました。新しい報告票を作ってください",
                "the indicator was redefined after the sheet was made; make a new sheet",
            );
            continue;
        }
        let definition = version.definition.unwrap_or_default();
        let Some(reported) = reader.reported(line, &definition, &identity.key) else {
            continue;
        };
        within(&mut reader, line, &made, &reported);
        fold(&mut folded, &lines, line, &reported);
        let mut event = event(&identity.indicator, &identity.key, &reported, &file);
        event.event_id = made
            .event_id(&identity.indicator, &identity.key.text())
            .to_string();
        taken.push(row(
            &session.view,
            &lines,
            line,
            &identity.key,
            definition,
            (reported.day, event),
        ));
    }
    if reader.faults.is_empty() {
        settle(session, args, &file, &mut reader, &mut taken).await?;
    }
    let faults = std::mem::take(&mut reader.faults);
    refuse(
        language,
        &session.output,
        session.json,
        &path,
        &file,
        faults,
    )?;
    let cleared = cleared::cleared(session, &lines).await?;
    let batch = Batch {
        file,
        lines,
        taken,
        folded,
        cleared,
    };
    let accepted = accepted(&made.plan.to_string(), &batch, &known);
    send(
        session,
        args,
        writing_args,
        &writing,
        &path,
        &batch,
        accepted,
    )
    .await
}

fn reader(language: Language, lines: &Lines) -> Reader<'_> {
    Reader {
        language,
        lines,
        faults: lines.faults.clone(),
    }
}

/// A file, read and taken apart.
pub fn opened(language: Language, path: &std::path::Path) -> Result<(SourceFile, Lines), Failure> {
    let bytes = source::bytes(language, path)?;
    let file = source::named(language, path, &bytes)?;
    let lines =
        lines::read(language, &bytes).map_err(|error| lines::unread(language, path, &error))?;
    Ok((file, lines))
}

/// The rows that report something, with what they are for; of one sheet, and each once.
fn identified<'a>(reader: &mut Reader<'a>) -> Vec<(&'a Line, Identity)> {
    let mut found: Vec<(&Line, Identity)> = Vec::new();
    let mut seen = HashSet::new();
    let lines = reader.lines;
    for line in lines.rows.iter().filter(|line| Reader::reports(line)) {
        let Some(identity) = reader.identity(line) else {
            continue;
        };
        if found
            .first()
            .is_some_and(|(_, first)| first.made != identity.made)
        {
            reader.fault(
                line,
                Column::Code,
                "別の報告票の行が混ざっています。報告票ごとに別のファイルにしてください",
                "a row of another sheet; keep each sheet in a file of its own",
            );
        } else if !seen.insert((identity.indicator.clone(), identity.key.clone())) {
            reader.fault(
                line,
                Column::Code,
                "同じ行が二つあります。一つにしてください",
                "the same row twice; keep one",
            );
        } else {
            found.push((line, identity));
        }
    }
    found
}

/// What a sheet itself says of an indicator's definition: enough to read a value.
fn local_definition(line: &Line, identity: &Identity) -> v1::Definition {
    // Beside a share stand the names of its two parts.
    let unit = text(line, Column::Unit).filter(|_| identity.form.kind != v1::EntryKind::NumDen);
    let unit = unit.map(|unit| v1::Unit {
        display_ja: unit.clone(),
        display_en: unit,
        ..v1::Unit::default()
    });
    v1::Definition {
        entry_kind: Some(identity.form.kind.into()),
        unit,
        ..v1::Definition::default()
    }
}

fn within(reader: &mut Reader<'_>, line: &Line, made: &Made, reported: &Reported) {
    if !made.period.contains(reported.day) {
        let (first, last) = (made.period.first(), made.period.last());
        reader.fault(
            line,
            Column::Day,
            format!(
                "{} は報告票の期間の外です。{first} から {last} までの日付にしてください",
                reported.day
            ),
            format!(
                "{} lies outside of the sheet's period; choose a day from {first} to {last}",
                reported.day
            ),
        );
    }
}

/// Whether a sheet is of this ledger, and of the section and plan that were named.
async fn fits(session: &Session, args: &FileArgs, made: &Made) -> Result<(), Failure> {
    let ledger = session.view.ledger.as_ref();
    if ledger.is_none_or(|ledger| ledger.id != made.ledger.to_string()) {
        return Err(
            not_for_this(session, "別の台帳の報告票です", "a sheet of another ledger").hint(
                session.view.pick(
                    "--ledger か --server で台帳を選ぶか、この台帳の報告票を作ってください",
                    "choose the ledger with --ledger or --server, or make a sheet of this one",
                ),
            ),
        );
    }
    let named = [
        (
            &args.section,
            made.section,
            "別の課の報告票です",
            "a sheet of another section",
        ),
        (
            &args.plan,
            made.plan,
            "別の計画の報告票です",
            "a sheet of another plan",
        ),
    ];
    for (wanted, id, ja, en) in named {
        let Some(wanted) = wanted else { continue };
        if session.client.lookup(wanted).await?.id != id.to_string() {
            let own = session.client.lookup(&id.to_string()).await?;
            let own = session.view.entity(Some(&own));
            return Err(not_for_this(
                session,
                &format!("{ja}（{own}）"),
                &format!("{en} ({own})"),
            ));
        }
    }
    Ok(())
}

fn not_for_this(session: &Session, ja: &str, en: &str) -> Failure {
    Failure::new(
        Exit::Refused,
        session.view.pick(
            format!("{ja}。何も記録していません"),
            format!("{en}; nothing was recorded"),
        ),
    )
}

async fn goals(session: &Session, made: &Made) -> Result<Vec<v1::Goal>, Failure> {
    let filter = GoalFilter {
        plan: Some(made.plan.to_string()),
        section: Some(made.section.to_string()),
        full: true,
        ..GoalFilter::default()
    };
    Ok(session.client.goals(&filter, usize::MAX).await?.goals)
}

/// An indicator with what it stands under.
pub struct Known<'a> {
    /// Id of its goal.
    pub goal: &'a str,
    /// Id of its initiative.
    pub initiative: &'a str,
    /// The indicator.
    pub indicator: &'a v1::Indicator,
}

fn indicators<'a>(made: &Made, goals: &'a [v1::Goal]) -> HashMap<&'a str, Known<'a>> {
    let section = made.section.to_string();
    let mut found = HashMap::new();
    for goal in goals {
        for initiative in &goal.initiatives {
            let own = initiative.indicators.iter();
            for indicator in own.filter(|indicator| leads(&section, initiative, indicator)) {
                let known = Known {
                    goal: &goal.id,
                    initiative: &initiative.id,
                    indicator,
                };
                found.insert(indicator.id.as_str(), known);
            }
        }
    }
    found
}

/// Compares the rows with what the ledger has of them.
pub async fn settle(
    session: &Session,
    args: &FileArgs,
    file: &SourceFile,
    reader: &mut Reader<'_>,
    taken: &mut [Taken],
) -> Result<(), Failure> {
    let ids: Vec<String> = taken.iter().map(|row| row.event.event_id.clone()).collect();
    let facts = settle::facts(session, &ids).await?;
    for (row, fact) in taken.iter_mut().zip(&facts) {
        match settle::earlier(session, &row.event, fact.as_ref()).await? {
            Earlier::Nothing => {}
            Earlier::Same => row.outcome = Outcome::Known,
            Earlier::Retracted => reader.faults.push(Fault::new(row.place, session.view.pick(
                "この欄の報告は取り消されています。改めて報告するなら新しい報告票を作ってください",
                "the report of this cell was taken back; to report it anew make a new sheet",
            ))),
            Earlier::Other(entry) if args.correct => {
                row.event.event_id = settle::correction_id(&entry.event_id, &file.sha256);
                row.outcome = Outcome::Correct(entry.told);
                if let Some(Payload::ActualRecorded(p)) = row.event.payload.take() {
                    row.event.payload = Some(Payload::ActualCorrected(v1::ActualCorrected {
                        indicator: p.indicator,
                        corrects: entry.event_id,
                        before: entry.measurement,
                        measurement: p.measurement,
                        part: p.part,
                        unit_code: p.unit_code,
                    }));
                }
            }
            Earlier::Other(entry) => reader.faults.push(Fault::new(row.place, session.view.pick(
                format!(
                    "この欄は「{}」で記録済みです（位置 {}）。訂正するなら --correct --reason 理由 を付けてください",
                    entry.told, entry.position
                ),
                format!(
                    "this cell is recorded as `{}` (position {}); to correct it add --correct --reason TEXT",
                    entry.told, entry.position
                ),
            ))),
        }
    }
    Ok(())
}

/// The event that keeps the file's name and digest.
fn accepted(plan: &str, batch: &Batch, known: &HashMap<&str, Known<'_>>) -> v1::EventInput {
    let mut counts: [HashSet<&str>; 3] = Default::default();
    for row in batch
        .taken
        .iter()
        .filter(|row| row.outcome != Outcome::Known)
    {
        let indicator = match &row.event.payload {
            Some(Payload::ActualRecorded(p)) => p.indicator.as_str(),
            Some(Payload::ActualCorrected(p)) => p.indicator.as_str(),
            _ => continue,
        };
        if let Some(known) = known.get(indicator) {
            counts[0].insert(known.goal);
            counts[1].insert(known.initiative);
            counts[2].insert(known.indicator.id.as_str());
        }
    }
    let [goals, initiatives, indicators] =
        counts.map(|ids| u32::try_from(ids.len()).unwrap_or(u32::MAX));
    file_event(plan, &batch.file, [goals, initiatives, indicators])
}

/// Tells everything that is wrong; nothing is recorded then.
pub fn refuse(
    language: Language,
    output: &Output,
    json: bool,
    path: &std::path::Path,
    file: &SourceFile,
    mut faults: Vec<Fault>,
) -> Result<(), Failure> {
    if faults.is_empty() {
        return Ok(());
    }
    faults.sort_by_key(|fault| (fault.place.row, fault.place.column.map(|(_, at)| at)));
    if json {
        Failure::unheard(told::faults(output, file, &faults))?;
        return Err(Failure::Answered);
    }
    Err(told::refused(language, path, &faults))
}
