//! Rows that are empty in a file though the ledger has a report of theirs: an empty row takes nothing back, and says so.

use serde_json::{Value as Json, json};

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::sheet::column::Column;
use crate::cli::sheet::drawn::label_of;
use crate::cli::sheet::fault::Place;
use crate::cli::sheet::lines::{Line, Lines};
use crate::cli::sheet::row::{Identity, Reader, identity_of, text};
use crate::cli::sheet::settle::{self, Entry};
use crate::cli::terminal;
use crate::domain::date::Date;
use crate::domain::text::Language;
use crate::import::workbook::Value;

/// Most cells that are named where the server is not asked.
const NAMED_MAX: usize = 10;

/// An empty row with the report that stands in the ledger of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Cleared {
    /// Its value's place.
    pub place: Place,
    /// Code of the indicator.
    pub code: String,
    /// Part, member or checkpoint, in words.
    pub part: String,
    /// What stands in the ledger.
    pub entry: Entry,
}

/// The rows of a sheet that report nothing, with what they are for. What is harmed in them is no fault: they say nothing.
fn empty(lines: &Lines) -> Vec<(&Line, Identity)> {
    let rows = lines.rows.iter().filter(|line| !Reader::reports(line));
    rows.filter_map(|line| Some((line, identity_of(line)?)))
        .collect()
}

/// The empty rows of a file of this ledger that were recorded when the same sheet came back before.
pub async fn cleared(session: &Session, lines: &Lines) -> Result<Vec<Cleared>, Failure> {
    let ledger = session.view.ledger.as_ref();
    let rows: Vec<(&Line, Identity)> = empty(lines)
        .into_iter()
        .filter(|(_, identity)| {
            ledger.is_some_and(|ledger| ledger.id == identity.made.ledger.to_string())
        })
        .collect();
    let ids: Vec<String> = rows
        .iter()
        .map(|(_, identity)| {
            let key = identity.key.text();
            identity
                .made
                .event_id(&identity.indicator, &key)
                .to_string()
        })
        .collect();
    let facts = settle::facts(session, &ids).await?;
    let mut found = Vec::new();
    for ((line, identity), fact) in rows.iter().zip(&facts) {
        let Some(fact) = fact else { continue };
        let Some((series, entry)) = settle::counted(session, fact).await? else {
            continue;
        };
        let indicator = series.indicator.clone().unwrap_or_default();
        let definition = indicator.definition.and_then(|version| version.definition);
        let definition: v1::Definition = definition.unwrap_or_default();
        found.push(Cleared {
            place: lines.place(line.row, Column::Value),
            code: text(line, Column::Code).unwrap_or_default(),
            part: label_of(&session.view, &definition, &identity.key),
            entry: settle::entry(&session.view, &series, &entry),
        });
    }
    Ok(found)
}

impl Cleared {
    /// The command that takes the report back.
    fn command(&self, language: Language) -> String {
        let position = self.entry.position;
        pick(
            language,
            format!("daicho retract {position} --reason 理由"),
            format!("daicho retract {position} --reason TEXT"),
        )
    }

    /// For programs.
    pub fn json(&self) -> Json {
        json!({
            "cell": self.place.to_string(),
            "indicator": self.code,
            "part": self.part,
            "event_id": self.entry.event_id,
            "position": self.entry.position,
            "recorded": self.entry.told,
            "command": self.command(Language::En),
        })
    }
}

/// Tells what the ledger still has of empty rows.
pub fn tell(language: Language, output: &Output, cleared: &[Cleared]) {
    for row in cleared {
        let place = row.place;
        let told = terminal::line(&row.entry.told);
        let named = [&row.code, &row.part].map(|text| terminal::line(text));
        let named = named.join(" ").trim_end().to_owned();
        let command = row.command(language);
        output.remark(&pick(
            language,
            format!(
                "注意: {place} は空ですが、{named} は「{told}」で記録済みです。空にしても取消になりません。取り消すなら: {command}"
            ),
            format!(
                "warning: {place} is empty, but {named} is recorded as `{told}`; an empty cell takes nothing back. To take it back: {command}"
            ),
        ));
    }
}

/// The places of empty rows that, as the sheet itself shows, had a report of its days when it was made.
fn shown(lines: &Lines) -> Vec<Place> {
    let of_period = |line: &Line, identity: &Identity| {
        last_day(line).is_some_and(|day| identity.made.period.contains(day))
    };
    empty(lines)
        .into_iter()
        .filter(|(line, identity)| of_period(line, identity))
        .map(|(line, _)| lines.place(line.row, Column::Value))
        .collect()
}

fn last_day(line: &Line) -> Option<Date> {
    match line.cells.get(&Column::LastDay)? {
        Value::Date(day) => Some(*day),
        Value::Text(typed) => input::date(typed).ok(),
        _ => None,
    }
}

/// Tells, without a server, of which empty rows the sheet shows a report.
pub fn tell_shown(language: Language, output: &Output, lines: &Lines) {
    let places = shown(lines);
    if places.is_empty() {
        return;
    }
    let count = places.len();
    let mut named: Vec<String> = places
        .iter()
        .take(NAMED_MAX)
        .map(Place::to_string)
        .collect();
    if NAMED_MAX < count {
        named.push("…".to_owned());
    }
    output.remark(&pick(
        language,
        format!(
            "注意: 空の{count}行（{}）には、票を作ったときこの期間の報告がありました。空にしても取消になりません。取り消すなら: daicho retract 指標@報告日 --reason 理由",
            named.join("、")
        ),
        format!(
            "warning: {count} empty rows ({}) had a report of this period when the sheet was made; an empty cell takes nothing back. To take one back: daicho retract INDICATOR@DATE --reason TEXT",
            named.join(", ")
        ),
    ));
}
