//! `daicho plan import --amend`: what a corrected file says beside what stands in the ledger, as events.
//!
//! What stands is asked for as of today, or as of the plan's last day where that is past. What the file no longer has is told and stays, unless it is to be cancelled by name.

use std::collections::HashMap;

use serde_json::json;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::attach;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::language::pick;
use crate::cli::plan::compare::kind_of;
use crate::cli::plan::import::{
    Encode, ImportArgs, OfFile, REQUEST_BYTES_MAX, encoded_bytes, events,
};
use crate::cli::plan::source::{self, Source};
use crate::cli::render::receipt;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::domain::date::{Date, parse_iso};
use crate::domain::text::Language;

use standing::Standing;

mod standing;

/// Most changes of one amendment: they are one request.
const CHANGES_MAX: usize = 1_000;

/// One change.
#[derive(Clone, Debug, PartialEq)]
struct Change {
    /// The code of what changes.
    code: String,
    /// What it says in the ledger, and in the file; `None`: it is not there.
    before: Option<String>,
    after: Option<String>,
    /// The id that the file's own event has, where it only adds to the ledger.
    event_id: Option<String>,
    payload: Payload,
}

/// Everything in which the file differs.
#[derive(Default)]
struct Amendment {
    changes: Vec<Change>,
    /// What the file does not have: codes, with the events that would cancel them.
    missing: Vec<Change>,
    /// What no event can change.
    remarks: Vec<String>,
    /// Codes of initiatives that may have been moved, but several bear their words.
    ambiguous: Vec<String>,
    /// Codes of what goes on with something else than the file says.
    linked_otherwise: Vec<String>,
    /// Codes of what refers to something else than the file says.
    referring_otherwise: Vec<String>,
}

/// Shows what the file changes, and appends it unless it is only to be shown.
pub async fn amend(session: &Session, args: &ImportArgs, encode: Encode) -> Result<(), Failure> {
    let language = session.language();
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let source = source::read(language, &args.file, args.year, args.plan_code.as_ref())?;
    let OfFile {
        events, recorded, ..
    } = events(session, &source).await?;
    let inputs: Vec<v1::EventInput> = events.iter().map(encode).collect();
    let standing = Standing::of(session, &source).await?;
    if standing.goals.is_empty() {
        let code = &source.plan.head.code;
        return Err(Failure::new(
            Exit::Refused,
            pick(
                language,
                format!("計画 {code} は台帳にありません。--amend を付けずに取り込んでください"),
                format!("there is no plan {code} in the ledger: import it without --amend"),
            ),
        ));
    }
    let mut amendment = standing.compare(language, &inputs, &recorded);
    if args.cancel_missing {
        amendment.changes.append(&mut amendment.missing);
    }
    if amendment.changes.len() > CHANGES_MAX {
        return Err(too_many(language, amendment.changes.len()));
    }
    let on = day(session, args, &source).await?;
    let note = inputs
        .iter()
        .find(|event| matches!(event.payload, Some(Payload::ImportAccepted(_))));
    let mut request: Vec<v1::EventInput> = Vec::new();
    for change in &amendment.changes {
        let mut event = args.writing.event(
            (on, None),
            v1::ReasonCode::PlanReview,
            change.payload.clone(),
        )?;
        event.event_id = match &change.event_id {
            Some(id) if !recorded.contains_key(id) => id.clone(),
            _ => standing.event_id(&source, change),
        };
        request.push(event);
    }
    if let Some(note) =
        note.filter(|note| !request.is_empty() && !recorded.contains_key(&note.event_id))
    {
        request.push(note.clone());
    }
    if REQUEST_BYTES_MAX < request.iter().map(encoded_bytes).sum::<usize>() {
        return Err(too_many(language, request.len()));
    }
    if args.dry_run || request.is_empty() {
        return show(session, &source, &amendment, on, None);
    }
    attach::put(session, &writing, &request).await?;
    let response = session.client.append(writing.request(request)).await?;
    Failure::unheard(show(session, &source, &amendment, on, Some(&response)))?;
    if response.faults.is_empty() {
        Ok(())
    } else {
        Err(Failure::Answered)
    }
}

fn too_many(language: Language, count: usize) -> Failure {
    Failure::new(
        Exit::Refused,
        pick(
            language,
            format!("変更が多すぎます（{count}件）。一度に送れる量に分けてください"),
            format!("{count} changes are too many for one request: amend the plan in parts"),
        ),
    )
}

/// Today in the ledger's zone.
async fn today(session: &Session) -> Result<Date, Failure> {
    let today = session.client.get_ledger().await?.today;
    parse_iso(&today).map_err(|error| {
        let problem = format!("the server's date `{today}` cannot be read: {error}");
        Failure::new(Exit::Fault, problem)
    })
}

/// The day of effect: the one given, else today, kept within the plan's days.
async fn day(session: &Session, args: &ImportArgs, source: &Source) -> Result<Date, Failure> {
    if let Some(on) = args.on {
        return Ok(on);
    }
    let today = today(session).await?;
    let year = source.plan.head.fiscal_year;
    Ok(today.clamp(year.first_day(), year.last_day()))
}

impl Change {
    fn kind(&self) -> v1::EventType {
        kind_of(&v1::EventInput {
            payload: Some(self.payload.clone()),
            ..v1::EventInput::default()
        })
    }
}

/// Everything in which a file differs from what stands in the ledger, a line each; none: it says the same.
pub(super) async fn differences(
    session: &Session,
    source: &Source,
    file: &[v1::EventInput],
    recorded: &HashMap<String, v1::EventInput>,
) -> Result<Vec<String>, Failure> {
    let standing = Standing::of(session, source).await?;
    let language = session.language();
    Ok(standing.compare(language, file, recorded).told(language))
}

/// What the ledger has and a file does not, a line each.
pub(super) async fn missing(
    session: &Session,
    source: &Source,
    file: &[v1::EventInput],
    recorded: &HashMap<String, v1::EventInput>,
) -> Result<Vec<String>, Failure> {
    let standing = Standing::of(session, source).await?;
    let language = session.language();
    let mut found = standing.compare(language, file, recorded);
    found.changes.clear();
    found.remarks.clear();
    found.linked_otherwise.clear();
    found.referring_otherwise.clear();
    found.ambiguous.clear();
    Ok(found.told(language))
}

impl Amendment {
    /// Everything, a line each.
    fn told(&self, language: Language) -> Vec<String> {
        let changes = self.changes.iter().map(|change| {
            let code = terminal::line(&change.code);
            let event = label::event_type(language, change.kind());
            let side = |side: &Option<String>| {
                let none = || pick(language, "なし", "none").to_owned();
                side.as_deref().map_or_else(none, terminal::line)
            };
            let (before, after) = (side(&change.before), side(&change.after));
            pick(
                language,
                format!("{code} {event}: 台帳「{before}」 → ファイル「{after}」"),
                format!("{code} {event}: ledger `{before}` -> file `{after}`"),
            )
        });
        let missing = self.missing.iter().map(|change| {
            let code = terminal::line(&change.code);
            pick(
                language,
                format!("{code}: ファイルにありません"),
                format!("{code}: not in the file"),
            )
        });
        let remarks = self.remarks.iter().map(|code| {
            let code = terminal::line(code);
            pick(
                language,
                format!("{code}: 計画の名称・柱が違いますが、公表後は変わりません"),
                format!("{code}: the plan's title or pillars differ; what was published stays"),
            )
        });
        let linked = self.linked_otherwise.iter().map(|code| {
            let code = terminal::line(code);
            pick(
                language,
                format!("{code}: 継続元が違いますが、設定後は変わりません（中止して設定し直してください）"),
                format!("{code}: goes on with something else; that stays: cancel it and set it again"),
            )
        });
        let referring = self.referring_otherwise.iter().map(|code| {
            let code = terminal::line(code);
            pick(
                language,
                format!("{code}: 関連規定が違いますが、設定後は変わりません（中止して設定し直してください）"),
                format!("{code}: refers to something else; that stays: cancel it and set it again"),
            )
        });
        let ambiguous = self.ambiguous.iter().map(|code| {
            let code = terminal::line(code);
            pick(
                language,
                format!("{code}: 同じ文の取組がほかにもあるため、移したとはみなしていません（新しい取組と、ファイルにない取組として扱います）"),
                format!("{code}: others have the same words, so it is not taken as moved, but as new there and missing here"),
            )
        });
        let told = changes.chain(missing).chain(remarks);
        let kept = linked.chain(referring);
        told.chain(kept).chain(ambiguous).collect()
    }

    /// Notes where a file says that something goes on with something else.
    fn link(&mut self, code: &str, known: Option<&v1::Entity>, file: Option<&str>) {
        let known = known.map(|earlier| earlier.id.as_str());
        if file.is_some() && file != known {
            self.linked_otherwise.push(code.to_owned());
        }
    }

    fn add(&mut self, code: &str, after: Option<String>, event: &v1::EventInput) {
        self.changes
            .extend(event.payload.clone().map(|payload| Change {
                code: code.to_owned(),
                before: None,
                after,
                event_id: Some(event.event_id.clone()),
                payload,
            }));
    }

    fn change(&mut self, code: &str, before: &str, after: &str, payload: Payload) {
        self.changes.push(Change {
            code: code.to_owned(),
            before: Some(before.to_owned()),
            after: Some(after.to_owned()),
            event_id: None,
            payload,
        });
    }
}

fn show(
    session: &Session,
    source: &Source,
    amendment: &Amendment,
    on: Date,
    response: Option<&v1::AppendEventsResponse>,
) -> Result<(), Failure> {
    let language = session.language();
    let plan = &source.plan.head.code;
    if session.json {
        let change = |change: &Change| {
            let name = change.kind().as_str_name();
            json!({
                "code": change.code,
                "event": name.strip_prefix("EVENT_TYPE_").unwrap_or(name),
                "before": change.before,
                "after": change.after,
            })
        };
        let response = response.map(crate::cli::json::value).transpose()?;
        return session.print(&json!({
            "plan": plan,
            "file": source.file.name.as_str(),
            "file_sha256": hex::encode(source.file.sha256),
            "effective_on": on.to_string(),
            "changes": amendment.changes.iter().map(change).collect::<Vec<_>>(),
            "missing": amendment.missing.iter().map(|c| c.code.clone()).collect::<Vec<_>>(),
            "not_changed": amendment.remarks,
            "linked_otherwise": amendment.linked_otherwise,
            "referring_otherwise": amendment.referring_otherwise,
            "ambiguous": amendment.ambiguous,
            "response": response,
        }));
    }
    let mut text = String::new();
    for line in amendment.told(language) {
        text.push_str(&line);
        text.push('\n');
    }
    if text.is_empty() {
        text.push_str(&pick(
            language,
            format!("計画 {plan} に違いはありません\n"),
            format!("the plan {plan} says the same\n"),
        ));
    }
    session.output.answer(&text)?;
    if !amendment.missing.is_empty() {
        session.output.remark(pick(
            language,
            "ファイルにないものは残ります。中止にするには --cancel-missing を付けてください",
            "what is not in the file stays; cancel it with --cancel-missing",
        ));
    }
    match response {
        Some(response) => session
            .output
            .answer(&receipt::appended(&session.view, response)),
        None if amendment.changes.is_empty() => Ok(()),
        None => {
            let count = amendment.changes.len();
            session.output.answer(&pick(
                language,
                format!("{on} から有効な{count}件の変更になります。何も追加していません\n"),
                format!("{count} changes with effect from {on}; nothing was added\n"),
            ))
        }
    }
}
