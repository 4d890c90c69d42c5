//! 実績訂正・修正一覧: what of an earlier evaluation would be told otherwise now, and the entries of the ledger behind it.

use std::collections::HashMap;

use crate::domain::directory::Directory;
use crate::domain::evaluation::{Achievement, Obstacle, Remark, Status};
use crate::domain::event::Recorded;
use crate::domain::id::{IndicatorId, UnitId};
use crate::domain::period::{Period, Restatement, Snapshot};
use crate::domain::quantity::Quantity;
use crate::domain::text::Language;
use crate::projection::evaluation::cause::{Cause, Steps};
use crate::projection::evaluation::compare::{FieldDifference, Materiality, RowDifference};
use crate::projection::evaluation::rows::Column;
use crate::projection::evaluation::{
    GoalEvaluation, IndicatorEvaluation, InitiativeEvaluation, PlanEvaluation,
};
use crate::report::book::Cell;
use crate::report::cells::{self, text};
use crate::report::form::{Form, Head, Heading, Line, Part, Setting, Slot, pick};
use crate::report::label;
use crate::report::outline;

/// Entries of the ledger that are named for one row at most; others are counted.
const CAUSES_MAX: usize = 8;

/// What the list is made of.
#[derive(Clone, Copy, Debug)]
pub struct Restated<'a> {
    /// The evaluation to begin with: what was published.
    pub from: &'a PlanEvaluation,
    /// The same day, as it is known now.
    pub to: &'a PlanEvaluation,
    /// The rows that differ, each with the events behind it.
    pub rows: &'a [(RowDifference, Steps)],
    /// The closing that it begins with, where it is one.
    pub closing: Option<(&'a Period, &'a Snapshot)>,
}

/// The list, of one department only where it is named.
pub fn form(restated: Restated<'_>, setting: Setting, department: Option<UnitId>) -> Form {
    let language = setting.language;
    let at = &restated.to.at;
    let title = pick(language, "実績訂正・修正一覧", "Restatements");
    let head = Head::of(at, setting, title);
    let places = Places::of(&restated);
    let mut lines = Vec::new();
    let mut last = None;
    let (mut rows, mut material) = (0_u32, 0_u32);
    for (row, steps) in restated.rows {
        let Some(place) = places.0.get(&row.indicator) else {
            continue;
        };
        if department.is_some_and(|unit| unit != place.goal.department) {
            continue;
        }
        rows += 1;
        material += u32::from(row.materiality == Materiality::Major);
        if last != Some(place.goal.department) {
            last = Some(place.goal.department);
            let name = at.unit_name(place.goal.department, language);
            lines.push(Line::Band(name));
        }
        lines.extend(lines_of(&restated, *place, row, steps, language));
    }
    let known = restated.from.at.known_at;
    let (was, is) = (known, at.known_at);
    let mut caption = vec![outline::caption(&head)];
    caption.extend(
        restated
            .closing
            .map(|(period, snapshot)| closing(&at.directory, period, snapshot, language)),
    );
    caption.push(match language {
        Language::Ja => format!(
            "公表時は記録時点 {was}件、修正後は記録時点 {is}件。差異のある指標 {rows}、うち判定に影響するもの {material}"
        ),
        Language::En => format!(
            "published as known at {was} events, restated as known at {is}: {rows} criteria differ, {material} of them in a judgement"
        ),
    });
    let published = restated.closing.into_iter().flat_map(|(period, snapshot)| {
        let all = period.restatements.iter();
        all.filter(move |restatement| restatement.revision == snapshot.revision)
    });
    let closing = published
        .map(|restatement| issued(&at.directory, restatement, language))
        .collect();
    let part = Part {
        name: pick(language, "修正一覧", "restatements").to_owned(),
        caption,
        columns: headings(language),
        lines,
        closing,
    };
    Form {
        head,
        parts: vec![part],
    }
}

fn headings(language: Language) -> Vec<Heading> {
    let new = |ja, en, width| Heading::new(language, ja, en, width);
    let mut columns = outline::headings(language);
    columns.extend([
        new("項目", "field", 12),
        new("公表時", "published", 12),
        new("修正後", "restated", 12),
        new("影響", "matters", 9),
        new("理由（台帳の記録）", "why (entries of the ledger)", 44),
    ]);
    columns
}

fn closing(
    directory: &Directory,
    period: &Period,
    snapshot: &Snapshot,
    language: Language,
) -> String {
    let title = period.title.in_language(language);
    let closed = period.closing(snapshot.revision);
    let on = closed.map_or_else(String::new, |closed| {
        directory.date_of(closed.recorded_at).to_string()
    });
    let (revision, digest) = (snapshot.revision, hex::encode(snapshot.rows_sha256));
    match language {
        Language::Ja => format!("{title} 第{revision}回確定 {on} 凍結 SHA-256 {digest}"),
        Language::En => format!("{title}, closing {revision} on {on}, frozen as SHA-256 {digest}"),
    }
}

fn issued(directory: &Directory, restatement: &Restatement, language: Language) -> String {
    let on = directory.date_of(restatement.recorded_at);
    let Restatement {
        position,
        known_at,
        rows,
        material,
        ..
    } = restatement;
    let digest = hex::encode(restatement.rows_sha256);
    match language {
        Language::Ja => format!(
            "修正公表 #{position} {on} 記録時点 {known_at}件 差異 {rows}（判定に影響 {material}） SHA-256 {digest}"
        ),
        Language::En => format!(
            "restatement #{position} on {on}, as known at {known_at} events: {rows} rows ({material} major), SHA-256 {digest}"
        ),
    }
}

#[derive(Clone, Copy)]
struct Place<'a> {
    goal: &'a GoalEvaluation,
    initiative: &'a InitiativeEvaluation,
    indicator: &'a IndicatorEvaluation,
}

struct Places<'a>(HashMap<IndicatorId, Place<'a>>);

impl<'a> Places<'a> {
    /// Where indicators stand now, or stood where they do not any more.
    fn of(restated: &Restated<'a>) -> Self {
        let all = restated.from.indicators().chain(restated.to.indicators());
        let placed = all.map(|(goal, initiative, indicator)| {
            let place = Place {
                goal,
                initiative,
                indicator,
            };
            (indicator.id, place)
        });
        Self(placed.collect())
    }
}

/// Whether a difference in a column is told: what people read on 様式2, and what it is made of.
fn told(column: Column) -> bool {
    matches!(
        column,
        Column::Department
            | Column::Pillar
            | Column::Goal
            | Column::Initiative
            | Column::Lead
            | Column::FirstTarget
            | Column::Target
            | Column::Baseline
            | Column::Actual
            | Column::Numerator
            | Column::Denominator
            | Column::Attainment
            | Column::AttainmentWhy
            | Column::Achievement
            | Column::Forecast
            | Column::OwnerForecast
            | Column::Status
            | Column::Grade
            | Column::Remarks
            | Column::Entries
    )
}

fn lines_of(
    restated: &Restated<'_>,
    place: Place<'_>,
    row: &RowDifference,
    steps: &Steps,
    language: Language,
) -> Vec<Line> {
    let at = &restated.to.at;
    let Place {
        goal,
        initiative,
        indicator,
    } = place;
    let names = outline::names(at, goal, initiative, indicator, language);
    let mut fields: Vec<&FieldDifference> = row.fields.iter().collect();
    if fields.iter().any(|field| told(field.column)) {
        fields.retain(|field| told(field.column));
    }
    let materiality = match row.materiality {
        Materiality::Major => pick(language, "判定に影響", "major"),
        Materiality::Minor => pick(language, "軽微", "minor"),
    };
    let why = why(&restated.to.at.directory, steps, language);
    let mut lines = Vec::new();
    for (number, field) in fields.into_iter().enumerate() {
        let shared = |cell: Cell| match number {
            0 => Slot::Of(cell),
            _ => Slot::Above,
        };
        let value = |value: &str| Slot::Of(cell(field.column, value, language));
        let mut slots: Vec<Slot> = names
            .iter()
            .map(|name| shared(text(name.clone())))
            .collect();
        slots.extend([
            Slot::Of(text(label::row_field(language, field.column.name()))),
            value(&field.before),
            value(&field.after),
            shared(text(materiality)),
            shared(text(why.clone())),
        ]);
        lines.push(Line::Slots(slots));
    }
    lines
}

/// A cell of a canonical row as people read it.
fn cell(column: Column, value: &str, language: Language) -> Cell {
    if value.is_empty() {
        return Cell::Empty;
    }
    let named = |label: Option<&'static str>| text(label.unwrap_or(value));
    match column {
        Column::Status => named(Status::from_code(value).map(|s| s.label(language))),
        Column::Achievement | Column::AchievementFirst => {
            named(Achievement::from_code(value).map(|a| a.label(language)))
        }
        Column::AttainmentWhy | Column::AttainmentFirstWhy => {
            named(Obstacle::from_code(value).map(|o| o.label(language)))
        }
        Column::Attainment | Column::AttainmentFirst => cells::share(value),
        Column::Remarks => {
            let remarks = value
                .split(';')
                .map(|code| Remark::from_code(code).map_or(code, |remark| remark.label(language)));
            text(remarks.collect::<Vec<_>>().join(pick(language, "・", ", ")))
        }
        Column::Pillar
        | Column::FirstTarget
        | Column::Target
        | Column::Baseline
        | Column::Actual
        | Column::Numerator
        | Column::Denominator
        | Column::Forecast
        | Column::OwnerForecast
        | Column::Entries => Quantity::parse(value).map_or_else(|_| text(value), Cell::Number),
        _ => text(value),
    }
}

/// The entries of the ledger that made the difference.
fn why(directory: &Directory, steps: &Steps, language: Language) -> String {
    let all = [&steps.learnt, &steps.happened, &steps.ruled];
    let causes: Vec<&Cause> = all.iter().flat_map(|step| &step.causes).collect();
    let named = causes.iter().take(CAUSES_MAX);
    let mut lines: Vec<String> = named
        .map(|cause| entry(directory, &cause.stored.recorded, language))
        .collect();
    if CAUSES_MAX < causes.len() {
        let more = causes.len() - CAUSES_MAX;
        lines.push(match language {
            Language::Ja => format!("ほか{more}件"),
            Language::En => format!("and {more} more"),
        });
    }
    if steps.ruled.change.is_some() && lines.is_empty() {
        lines.push(pick(language, "算定方針の違い", "another policy").to_owned());
    }
    lines.join("\n")
}

/// An entry of the ledger in a line: `#5213 実績訂正 2023-10-20 入力誤り「…」 記録者`.
fn entry(directory: &Directory, recorded: &Recorded, language: Language) -> String {
    let event = &recorded.event;
    let kind = event.payload.event_type().label(language);
    let on = directory.date_of(recorded.recorded_at);
    let mut line = format!("#{} {kind} {on}", recorded.position);
    if let Some(reason) = &event.reason {
        let code = reason.code.label(language);
        line.push_str(&match language {
            Language::Ja => format!(" {code}「{}」", reason.text.shown(language)),
            Language::En => format!(" {code}: {}", reason.text.shown(language)),
        });
    }
    line.push_str(&format!(" {}", recorded.actor.subject));
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evaluation::policy::PolicyVersion;
    use crate::domain::testing::{event_id, q};

    #[test]
    fn what_was_made_public_is_told_with_its_digest() {
        let restatement = Restatement {
            event_id: event_id("issued"),
            position: 2_001,
            recorded_at: "2023-11-30T15:30:00Z".parse().expect("an instant"),
            revision: 1,
            known_at: 2_000,
            policy: PolicyVersion::built_in(),
            rows: 3,
            material: 1,
            rows_format: 1,
            rows_sha256: [0xab; 32],
        };
        let told = issued(&Directory::default(), &restatement, Language::Ja);
        let digest = "ab".repeat(32);
        assert_eq!(
            told,
            format!(
                "修正公表 #2001 2023-11-30 記録時点 2000件 差異 3（判定に影響 1） SHA-256 {digest}"
            )
        );
    }

    #[test]
    fn a_code_is_told_in_words_and_a_number_stays_one() {
        let shown = |column, value| cell(column, value, Language::Ja);
        assert_eq!(shown(Column::Status, "BEHIND"), text("遅れ"));
        assert_eq!(shown(Column::Actual, "28.5"), Cell::Number(q("28.5")));
        assert_eq!(shown(Column::Actual, "NO_DEMAND"), text("NO_DEMAND"));
        assert_eq!(
            shown(Column::Attainment, "0.6666666667"),
            Cell::Figure(q("0.6666"), "0.0#%".to_owned())
        );
        assert_eq!(
            shown(Column::Remarks, "MONTH_UNREPORTED;FORECAST_GAP"),
            text("未報告の月あり・見込みの差")
        );
        assert_eq!(shown(Column::Grade, ""), Cell::Empty);
    }
}
