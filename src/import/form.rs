//! The city's form 様式1 in a workbook: 組織目標 | 取組内容 | 課等 | 目標達成基準, with merged cells.
//!
//! The department stands in a heading (`企画部 令和5年度組織重点目標`) or is the sheet's name; the pillar stands in
//! a heading (`(1) …`) or in the sheet's name (`企画部(1)`). Sheets without a table may define the pillars. The
//! head of the table may have two rows, and a column of it may span several of the sheet, whose texts are
//! then read with a space between.

use super::cell;
use super::csv::{Fault, Place, faulty};
use super::published::{self, Line, PLAN_WORDS};
use super::table::{Extras, Row, Section};
use super::text::key;
use super::understood::{PillarTitle, Plan, Warning};
use super::workbook::{Address, Sheet, Workbook};
use super::{Unreadable, csv};
use crate::domain::fiscal_year::FiscalYear;

/// The headings of the form's columns.
const HEADINGS: [&str; 4] = ["組織目標", "取組内容", "課等", "目標達成基準"];
const GOAL: usize = 0;
const INITIATIVE: usize = 1;
const SECTIONS: usize = 2;
const CRITERION: usize = 3;

/// Whether a sheet has the form's table.
pub(super) fn is_form(sheet: &Sheet) -> bool {
    sheet
        .rows()
        .iter()
        .any(|(row, _)| Table::beginning(sheet, *row).is_some())
}

/// Reads the forms of a workbook, or tells everything that is wrong with them.
pub(super) fn read(workbook: &Workbook, year: Option<FiscalYear>) -> Result<Plan, Unreadable> {
    let mut reading = Reading::default();
    for sheet in workbook.visible() {
        if is_form(sheet) {
            reading.form(sheet);
        } else {
            reading.cover(sheet);
        }
    }
    if !reading.faults.is_empty() {
        return Err(faulty(reading.faults));
    }
    let Some(year) = reading.year.or(year) else {
        return Err(Unreadable::NoYear);
    };
    reading.name_pillars();
    Ok(published::plan(
        reading.sections,
        reading.defined,
        year,
        reading.warnings,
    ))
}

#[derive(Default)]
struct Reading {
    year: Option<FiscalYear>,
    defined: Vec<PillarTitle>,
    sections: Vec<Section>,
    warnings: Vec<Warning>,
    faults: Vec<Fault>,
}

/// Where a table's columns stand: the first and last column of the sheet for each.
struct Table {
    columns: [(u32, u32); 4],
    /// The last row of its head.
    head: u32,
}

impl Table {
    /// The table whose head is this row.
    fn beginning(sheet: &Sheet, row: u32) -> Option<Self> {
        let cells = sheet.cells_of(row);
        let find = |heading: &str| {
            cells.iter().find_map(|(at, cell)| {
                let text = cell.value.text().ok()?;
                (key(&text) == heading).then_some(*at)
            })
        };
        let mut columns = [(0, 0); 4];
        let mut head = row;
        for (index, heading) in HEADINGS.into_iter().enumerate() {
            let at = find(heading)?;
            let area = sheet.area(at);
            columns[index] = (at.column, area.map_or(at.column, |area| area.last.column));
            head = head.max(area.map_or(row, |area| area.last.row));
        }
        Some(Self { columns, head })
    }

    fn has(&self, index: usize, at: Address) -> bool {
        let (first, last) = self.columns[index];
        (first..=last).contains(&at.column)
    }
}

impl Reading {
    fn fault(&mut self, sheet: &Sheet, at: Address, message: String) {
        let row = u64::from(at.row) + 1;
        self.faults.push(Fault {
            in_draft: false,
            place: Some(Place {
                sheet: sheet.name.clone(),
                cell: Some(at),
                row,
            }),
            line: row,
            column: None,
            message,
        });
    }

    fn warn(&mut self, sheet: &Sheet, row: u32, text: &str, message: &str) {
        self.warnings.push(Warning {
            sheet: Some(sheet.name.clone()),
            line: u64::from(row) + 1,
            text: text.to_owned(),
            message: message.to_owned(),
            refuses: false,
        });
    }

    /// A sheet without a table: it may define the pillars, and name the year.
    fn cover(&mut self, sheet: &Sheet) {
        for (row, _) in sheet.rows() {
            let text = sheet.line(row);
            match published::pillar(&text) {
                Some(Line::Pillar { number, title }) => {
                    if number == 1 {
                        self.defined.clear();
                    }
                    if usize::try_from(number).ok() == Some(self.defined.len() + 1) {
                        self.defined.push(PillarTitle {
                            number,
                            title: title.to_owned(),
                            title_en: None,
                        });
                    }
                }
                _ => self.title(sheet, row, &text),
            }
        }
    }

    /// Takes the year from a title such as `令和5年度組織重点目標`.
    fn title(&mut self, sheet: &Sheet, row: u32, text: &str) {
        let folded = key(text);
        let Some(year) = folded
            .strip_suffix(PLAN_WORDS)
            .and_then(|year| FiscalYear::parse(year).ok())
        else {
            return;
        };
        self.year_is(sheet, row, text, year);
    }

    fn year_is(&mut self, sheet: &Sheet, row: u32, text: &str, year: FiscalYear) {
        if *self.year.get_or_insert(year) != year {
            self.warn(
                sheet,
                row,
                text,
                "the heading names another year than the first one",
            );
        }
    }

    fn form(&mut self, sheet: &Sheet) {
        let (mut department, mut pillar) = by_name(&sheet.name);
        let mut table: Option<Table> = None;
        let mut begun = false;
        for (row, cells) in sheet.rows() {
            if table.as_ref().is_some_and(|table| row <= table.head) {
                continue;
            }
            if let Some(found) = Table::beginning(sheet, row) {
                table = Some(found);
                continue;
            }
            let text = sheet.line(row);
            let is_heading = match &table {
                None => true,
                Some(table) => cells
                    .iter()
                    .all(|(at, _)| at.column <= table.columns[GOAL].1),
            };
            if is_heading {
                match published::department(&text).or_else(|| published::pillar(&text)) {
                    Some(Line::Department { name, year }) => {
                        self.year_is(sheet, row, &text, year);
                        department = name.to_owned();
                        pillar = None;
                        begun = false;
                        continue;
                    }
                    Some(Line::Pillar { number, title }) => {
                        pillar = Some((number, title.to_owned()));
                        begun = false;
                        continue;
                    }
                    _ if table.is_none() => {
                        self.title(sheet, row, &text);
                        continue;
                    }
                    _ => {}
                }
            }
            let Some(table) = &table else { continue };
            let Some((number, title)) = &pillar else {
                let at = Address::new(row, table.columns[GOAL].0);
                self.fault(
                    sheet,
                    at,
                    "no pillar: neither a heading such as `(1) …` above nor one in the sheet's name"
                        .to_owned(),
                );
                return;
            };
            let Some(read) = self.row(sheet, table, row) else {
                continue;
            };
            if !begun {
                self.sections.push(Section {
                    department: department.clone(),
                    department_en: None,
                    pillar: *number,
                    pillar_title: title.clone(),
                    rows: Vec::new(),
                });
                begun = true;
            }
            if let Some(section) = self.sections.last_mut() {
                section.rows.push(read);
            }
        }
    }

    /// A row of the table; `None` where none of its columns holds anything.
    fn row(&mut self, sheet: &Sheet, table: &Table, row: u32) -> Option<Row> {
        let mut texts: [String; 4] = Default::default();
        for (at, cell) in sheet.cells_of(row) {
            let Some(index) = (0..HEADINGS.len()).find(|index| table.has(*index, at)) else {
                continue;
            };
            match cell.value.text() {
                Ok(text) if csv::CELL_CHARS_MAX < text.chars().count() => {
                    let message = format!("longer than {} characters", csv::CELL_CHARS_MAX);
                    self.fault(sheet, at, message);
                }
                Ok(text) => {
                    if !texts[index].is_empty() {
                        texts[index].push(' ');
                    }
                    texts[index].push_str(text.trim());
                }
                Err(problem) => self.fault(sheet, at, problem.to_string()),
            }
        }
        if texts.iter().all(String::is_empty) {
            return None;
        }
        let own = Address::new(row, table.columns[SECTIONS].0);
        if texts[SECTIONS].is_empty()
            && !texts[INITIATIVE].is_empty()
            && let Some(Ok(above)) = sheet.at(own).map(|value| value.text())
        {
            texts[SECTIONS] = above;
        }
        let groups = |index: usize| {
            texts[index]
                .split("\n\n")
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        Some(Row {
            sheet: Some(sheet.name.clone()),
            line: u64::from(row) + 1,
            goal: texts[GOAL].clone(),
            initiatives: cell::initiatives(&texts[INITIATIVE]),
            sections: groups(SECTIONS)
                .iter()
                .map(|group| cell::sections(group).concat())
                .filter(|names| !names.is_empty())
                .collect(),
            criteria: groups(CRITERION)
                .iter()
                .map(|group| cell::lines_of_criteria(group))
                .filter(|items| !items.is_empty())
                .collect(),
            extras: Extras::default(),
        })
    }

    /// Gives pillars that only a sheet's name numbers the title that others of that number have.
    fn name_pillars(&mut self) {
        let mut titles: Vec<(u32, String)> = Vec::new();
        let defined = self.defined.iter().map(|p| (p.number, p.title.clone()));
        titles.extend(defined);
        let used = self
            .sections
            .iter()
            .map(|s| (s.pillar, s.pillar_title.clone()));
        titles.extend(used.filter(|(_, title)| !title.is_empty()));
        for section in self
            .sections
            .iter_mut()
            .filter(|s| s.pillar_title.is_empty())
        {
            let known = titles.iter().find(|(number, _)| *number == section.pillar);
            section.pillar_title = known.map_or_else(
                || format!("({})", section.pillar),
                |(_, title)| title.clone(),
            );
        }
    }
}

/// What a sheet's name says: `企画部`, `企画部(1)` or `(1) …`.
fn by_name(name: &str) -> (String, Option<(u32, String)>) {
    let name = name.trim();
    if let Some(Line::Pillar { number, title }) = published::pillar(name) {
        return (String::new(), Some((number, title.to_owned())));
    }
    let folded = name.replace('（', "(").replace('）', ")");
    let numbered = folded
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once('('))
        .and_then(|(department, number)| Some((department, key(number).parse::<u32>().ok()?)));
    match numbered {
        Some((department, number)) if (1..=99).contains(&number) => {
            (department.trim().to_owned(), Some((number, String::new())))
        }
        _ => (name.to_owned(), None),
    }
}
