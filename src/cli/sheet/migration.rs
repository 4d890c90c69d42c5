//! `daicho record --file … --migration`: a year that began elsewhere.
//!
//! The rows name indicators by code and may be of any day of the plan. When and by whom something was first recorded
//! elsewhere is a claim that stands in the reason of each report: the record's own time is now, its author is whoever
//! loads the file, and no answer of an earlier day knows of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::measure::key_of;
use crate::cli::plan::source;
use crate::cli::record::definition_of;
use crate::cli::session::Session;
use crate::cli::sheet::column::Column;
use crate::cli::sheet::entries::{self, Entries};
use crate::cli::sheet::form::Key;
use crate::cli::sheet::lines::Line;
use crate::cli::sheet::row::{Reader, Reported, text};
use crate::cli::sheet::send::send;
use crate::cli::sheet::take::{self, FileArgs};
use crate::cli::sheet::taken::{self, Batch, file_event};
use crate::cli::sheet::told;
use crate::cli::writing::WritingArgs;

/// Takes a file of what was recorded elsewhere.
pub async fn take(
    session: &Session,
    args: &FileArgs,
    writing_args: &WritingArgs,
) -> Result<(), Failure> {
    let language = session.language();
    let path = args.file.clone().unwrap_or_default();
    let bytes = source::bytes(language, &path)?;
    // What another ledger of ours wrote says more than a table from elsewhere.
    if let Some(table) = Entries::of(&bytes) {
        let file = source::named(language, &path, &bytes)?;
        return entries::take(session, args, writing_args, file, &table).await;
    }
    let (file, lines) = take::opened(language, &path)?;
    let mut writing = writing_args.writing();
    let derived = || taken::request_id(session, &file);
    let request_id = writing.request_id.get_or_insert_with(derived).clone();
    if let Some(found) = session
        .client
        .receipt(&request_id, v1::ReceiptMode::Sequenced)
        .await?
    {
        return told::replayed(session, &file, found.receipt.as_ref());
    }
    let mut reader = Reader {
        language,
        lines: &lines,
        faults: lines.faults.clone(),
    };
    let rows: Vec<&Line> = lines
        .rows
        .iter()
        .filter(|line| Reader::reports(line))
        .collect();
    if rows.is_empty() && reader.faults.is_empty() {
        return told::nothing(session, &file, &[]);
    }
    let codes = rows.iter().filter_map(|line| text(line, Column::Code));
    let known = series_of(session, codes.collect()).await?;
    let mut taken = Vec::new();
    let mut folded = Vec::new();
    let mut seen: HashMap<String, u32> = HashMap::new();
    let mut goals: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    let mut initiatives = HashSet::new();
    for line in rows {
        let code = text(line, Column::Code).unwrap_or_default();
        let Some(series) = known.get(&code) else {
            reader.fault(
                line,
                Column::Code,
                format!(
                    "「{code}」という指標はありません。コードを確かめてください（daicho goal list）"
                ),
                format!("there is no indicator `{code}`; see: daicho goal list"),
            );
            continue;
        };
        let indicator = series.indicator.clone().unwrap_or_default();
        let definition = definition_of(&indicator);
        let key = key(line, &definition);
        let reported = reader.reported(line, &definition, &key);
        let claims = claims(&mut reader, line);
        let (Some(reported), Some(claims)) = (reported, claims) else {
            continue;
        };
        taken::fold(&mut folded, &lines, line, &reported);
        let mut event = taken::event(&indicator.id, &key, &reported, &file);
        let beside = event.payload.clone().map(|payload| {
            writing_args.event((reported.day, None), v1::ReasonCode::Other, payload)
        });
        let beside = beside.transpose()?.unwrap_or_default();
        event.reason = beside
            .reason
            .map(|reason| told_reason(reason, &claims, &reported));
        let document = beside.source_document.unwrap_or_default().number;
        let name = format!(
            "migration {document}\n{}\n{}\n{}",
            indicator.id,
            key.text(),
            reported.day
        );
        let number = seen.entry(name.clone()).or_default();
        *number += 1;
        event.event_id = taken::derived_id(session, &format!("{name}\n{number}"));
        let goal = series.goal.as_ref().map_or("", |goal| goal.id.as_str());
        goals
            .entry(goal.to_owned())
            .or_default()
            .insert(indicator.id.clone());
        initiatives.extend(
            series
                .initiative
                .as_ref()
                .map(|initiative| initiative.id.clone()),
        );
        taken.push(taken::row(
            &session.view,
            &lines,
            line,
            &key,
            definition,
            (reported.day, event),
        ));
    }
    let plan = plan(session, &goals).await?;
    if reader.faults.is_empty() {
        take::settle(session, args, &file, &mut reader, &mut taken).await?;
    }
    let faults = std::mem::take(&mut reader.faults);
    take::refuse(
        language,
        &session.output,
        session.json,
        &path,
        &file,
        faults,
    )?;
    let count = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let indicators = goals.values().map(HashSet::len).sum();
    let counts = [
        count(goals.len()),
        count(initiatives.len()),
        count(indicators),
    ];
    let accepted = file_event(&plan, &file, counts);
    let batch = Batch {
        file,
        lines,
        taken,
        folded,
        cleared: Vec::new(),
    };
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

/// The histories of the indicators of these codes; unknown ones are left out.
pub(super) async fn series_of(
    session: &Session,
    codes: HashSet<String>,
) -> Result<HashMap<String, v1::GetSeriesResponse>, Failure> {
    let mut known = HashMap::new();
    for code in codes {
        match session.client.series(&code, None).await {
            Ok(series) => {
                known.insert(code, series);
            }
            Err(failure)
                if matches!(
                    failure.reason(),
                    Some("INDICATOR_UNKNOWN" | "CODE_UNKNOWN" | "CODE_INVALID" | "FIELD_INVALID")
                ) => {}
            Err(failure) => return Err(failure),
        }
    }
    Ok(known)
}

/// The goals that indicators stand under, each with its indicators.
pub(super) fn goals_of<'a>(
    known: impl Iterator<Item = &'a v1::GetSeriesResponse>,
) -> BTreeMap<String, HashSet<String>> {
    let mut goals: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    for series in known {
        let goal = series.goal.as_ref().map_or("", |goal| goal.id.as_str());
        let indicator = series.indicator.as_ref();
        let indicators = goals.entry(goal.to_owned()).or_default();
        indicators.extend(indicator.map(|indicator| indicator.id.clone()));
    }
    goals
}

/// The one plan that all goals belong to.
pub(super) async fn plan(
    session: &Session,
    goals: &BTreeMap<String, HashSet<String>>,
) -> Result<String, Failure> {
    let mut plans = HashSet::new();
    for goal in goals.keys() {
        let goal = session
            .client
            .goal(goal, false)
            .await?
            .goal
            .unwrap_or_default();
        plans.insert(goal.plan.unwrap_or_default().id);
    }
    if 1 < plans.len() {
        return Err(Failure::usage(session.view.pick(
            "複数の計画の指標があります。計画ごとに別のファイルにしてください。何も記録していません",
            "indicators of more than one plan; keep each plan in a file of its own; nothing was recorded",
        )));
    }
    Ok(plans.into_iter().next().unwrap_or_default())
}

/// Which part, member or checkpoint a row names, by key or label.
fn key(line: &Line, definition: &v1::Definition) -> Key {
    let Some(named) = text(line, Column::Part) else {
        return Key::Whole;
    };
    match definition.entry_kind() {
        v1::EntryKind::MemberState | v1::EntryKind::MemberValue => {
            let members = definition.members.iter();
            Key::Member(key_of(
                &named,
                members.map(|own| (own.key.as_str(), own.label.as_ref())),
            ))
        }
        v1::EntryKind::MilestoneState => {
            let checkpoints = definition.checkpoints.iter();
            Key::Checkpoint(key_of(
                &named,
                checkpoints.map(|own| (own.key.as_str(), own.label.as_ref())),
            ))
        }
        _ => {
            let parts = definition.parts.iter();
            Key::Part(key_of(
                &named,
                parts.map(|own| (own.key.as_str(), own.label.as_ref())),
            ))
        }
    }
}

/// What is claimed of the first record; `None` where something is wrong with it.
fn claims(reader: &mut Reader<'_>, line: &Line) -> Option<String> {
    let day = match line.cells.contains_key(&Column::OriginalDay) {
        true => Some(reader.day(line, Column::OriginalDay)?),
        false => None,
    };
    let author = reader.words(line, Column::OriginalAuthor);
    if author.is_none() && line.cells.contains_key(&Column::OriginalAuthor) {
        return None;
    }
    let day = day.map_or_else(|| "不明".to_owned(), |day| day.to_string());
    let author = author.unwrap_or_else(|| "不明".to_owned());
    Some(format!(
        "移行（申告）: 元の記録日 {day}、元の報告者 {author}"
    ))
}

/// The reason of the migration, with what is claimed and what was remarked.
fn told_reason(reason: v1::Reason, claims: &str, reported: &Reported) -> v1::Reason {
    let mut text = format!("{}\n{claims}", reason.text);
    if let Some(note) = &reported.note {
        text.push_str(&format!("\n備考: {note}"));
    }
    v1::Reason { text, ..reason }
}
