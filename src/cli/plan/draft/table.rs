//! The table that a draft is: what was, locked; what is to be, to be filled in.

use super::row::{Row, TOLD};
use crate::api::v1;
use crate::cli::render::View;
use crate::domain::fiscal_year::FiscalYear;
use crate::import::Column as Heading;
use crate::import::correction::{AGGREGATIONS, COMPARATORS, MEASURES};
use crate::report::{Cell, Column, Input, Table};

/// Rows below those of the earlier plan for what is new: a locked sheet takes no rows more.
const SPARE_ROWS: usize = 50;
/// Widths of what is told, in characters.
const TOLD_WIDTHS: [u16; TOLD.len()] = [20, 20, 22, 12, 12, 14, 8, 8, 22, 18];

/// What is filled in, with its width, what it takes and whether it is printed.
fn asked() -> Vec<(Heading, u16, Input, bool)> {
    let free = |heading, width| (heading, width, Input::Free, true);
    vec![
        free(Heading::Department, 10),
        free(Heading::Pillar, 4),
        free(Heading::Goal, 22),
        free(Heading::Initiative, 24),
        free(Heading::Sections, 12),
        free(Heading::Criterion, 26),
        free(Heading::Value, 10),
        free(Heading::Unit, 7),
        free(Heading::Due, 11),
        (Heading::Measure, 9, words(MEASURES), true),
        (Heading::Comparator, 7, words(COMPARATORS), true),
        (Heading::Aggregation, 10, words(AGGREGATIONS), true),
        (Heading::Part, 5, Input::Free, true),
        (Heading::PillarTitle, 18, Input::Free, false),
    ]
}

fn words<T>(words: &[(T, &'static str)]) -> Input {
    Input::Choice(words.iter().map(|(_, word)| *word).collect())
}

pub(super) fn table(
    view: &View,
    plan: &v1::Entity,
    pillars: &[v1::Pillar],
    year: FiscalYear,
    rows: &[Row],
) -> Table {
    let locked = |heading: String, width: u16, printed: bool| Column {
        heading,
        width,
        input: None,
        printed,
    };
    let asked = asked();
    let mut columns = vec![locked(
        Heading::Continues.heading_in_draft().to_owned(),
        17,
        true,
    )];
    let told = TOLD.iter().zip(TOLD_WIDTHS);
    columns.extend(told.map(|(name, width)| locked(format!("※{name}"), width, true)));
    columns.extend(asked.iter().map(|(heading, width, input, printed)| Column {
        heading: heading.heading_in_draft().to_owned(),
        width: *width,
        input: Some(input.clone()),
        printed: *printed,
    }));
    columns.push(locked(
        Heading::Year.heading_in_draft().to_owned(),
        6,
        false,
    ));
    columns.push(locked(
        Heading::Made.heading_in_draft().to_owned(),
        0,
        false,
    ));
    let text = |text: &String| match text.is_empty() {
        true => Cell::Empty,
        false => Cell::Text(text.clone()),
    };
    let cells = |row: &Row| -> Vec<Cell> {
        let cell = |heading: Heading| row.cells.get(&heading).cloned().unwrap_or_default();
        std::iter::once(cell(Heading::Continues))
            .chain(row.told.iter().map(text))
            .chain(asked.iter().map(|(heading, ..)| cell(*heading)))
            .chain([cell(Heading::Year), cell(Heading::Made)])
            .collect()
    };
    let width = columns.len();
    let mut all: Vec<Vec<Cell>> = rows.iter().map(cells).collect();
    all.extend(std::iter::repeat_n(vec![Cell::Empty; width], SPARE_ROWS));
    // What a pillar without rows is called is part of the plan too.
    all.extend(unused(pillars, rows).map(|pillar| {
        let title = pillar.title.as_ref().map_or("", |title| &title.ja);
        let cell = |heading: Heading| match heading {
            Heading::Pillar => Cell::Number(i64::from(pillar.number).into()),
            Heading::PillarTitle => Cell::Text(title.to_owned()),
            _ => Cell::Empty,
        };
        let before = std::iter::repeat_n(Cell::Empty, 1 + TOLD.len());
        let behind = [Cell::Empty, Cell::Empty];
        let between = asked.iter().map(|(heading, ..)| cell(*heading));
        before.chain(between).chain(behind).collect()
    }));
    let mut notes = vec![format!(
        "{}　{} {} から",
        year.label_ja(),
        plan.code,
        view.title(plan.title.as_ref())
    )];
    notes.extend(view.sample_mark().map(str::to_owned));
    notes.extend(INSTRUCTIONS.map(str::to_owned));
    Table {
        name: "計画案".to_owned(),
        notes,
        columns,
        rows: all,
        marked: Vec::new(),
    }
}

/// The pillars that no row stands under.
fn unused<'a>(pillars: &'a [v1::Pillar], rows: &[Row]) -> impl Iterator<Item = &'a v1::Pillar> {
    let used: Vec<Option<Cell>> = rows
        .iter()
        .map(|row| row.cells.get(&Heading::Pillar).cloned())
        .collect();
    pillars.iter().filter(move |pillar| {
        let own = Some(Cell::Number(i64::from(pillar.number).into()));
        !used.contains(&own)
    })
}

/// What people are told above the table.
const INSTRUCTIONS: [&str; 6] = [
    "① 1行が1指標です。白い欄は今年度の結果で、黄色の欄が来年度の計画です。続ける指標は「目標達成基準」と「目標値」（工程は「期限」）に記入します。「継続」と決めたものと繰り越したものは記入済みです。",
    "② 終わる指標は「目標達成基準」「目標値」「期限」を空にします。新しい指標は下の空いた行に記入します（部・柱・組織目標・取組内容・課等も）。",
    "③ 組織目標・取組内容・課等は、同じ目標・取組の行が続くとき最初の行だけに書いてあります。空欄は、前年度に同じ目標・取組だった行と同じという意味です。",
    "④ 目標値は数だけ（定性は評価段階 1〜4、全対象なら「全対象」）。計算式、結合したセル、行や列の追加は受け付けません。誤りが一つでもあれば何も取り込まれず、セルの番号で示されます。",
    "A row is an indicator: white cells tell how this year ended, yellow ones are next year's plan. Fill in text and target (of a step of work its last day) of what goes on; clear both of what ends; what is new goes into the empty rows below.",
    "Goals, initiatives and sections are written where they begin; blank means the same as the rows that stood under the same goal or initiative. Numbers only, no formulas, no merged cells. The draft is taken back whole or not at all.",
];
