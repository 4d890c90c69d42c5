//! A plan as a flat table, in CSV or in the sheets of a workbook: one row for each criterion, or for each initiative with all its criteria.
//!
//! The first line names the columns, in Japanese or by their keys, in any order; width does not matter.
//!
//! | column | key | |
//! |---|---|---|
//! | 年度 | `fiscal_year` | `R5`, `令和5年度` or `2023`; the same in every row |
//! | 部 | `department` | required |
//! | 部(英) | `department_en` | |
//! | 柱 | `pillar` | required; its number, or `(1) title` |
//! | 柱の名称 | `pillar_title` | where the number stands alone |
//! | 柱の名称(英) | `pillar_title_en` | |
//! | 組織目標 | `goal` | required |
//! | 組織目標(英) | `goal_en` | |
//! | 取組内容 | `initiative` | required; with a circled number, or the next one is given |
//! | 取組内容(英) | `initiative_en` | |
//! | 課等 | `sections` | required; several with spaces or 、 between; the first one leads |
//! | 課等(英) | `sections_en` | as many, with ` / ` between |
//! | 目標達成基準 | `criterion` | required; several with bullets `・` or on lines of their own |
//! | 目標達成基準(英) | `criterion_en` | for a row with one criterion; one for each figure with ` / ` between |
//! | コード | `code` | a code for the goal instead of the derived one, such as a Latin one |
//! | 行革プラン | `reform_plan` | items of the reform plan that the initiative carries out; several with 、 or ; between |
//! | 自治基本条例関連条項 | `basic_ordinance` | clauses of the basic ordinance, likewise |
//! | 基準値 | `baseline` | where the indicator stood before |
//! | 基準日 | `baseline_as_of` | and on which day |
//! | 月次計画 | `monthly_plan` | cumulative, April to March, 12 numbers with spaces between; for a rate that of an earlier year |
//!
//! | 細目 | `part` | which figure of a criterion with several: `a`, `b` …; a row with `b` or later adds no criterion |
//! | 測り方の修正 | `measure_type` | how it is measured: 件数, 水準, 率, 平均, 数量, 進捗率, 工程 or 定性 |
//! | 比較の修正 | `comparator` | 以上, 超, 以下 or 未満 |
//! | 目標値の修正 | `target_value` | a number |
//! | 単位の修正 | `unit` | what is counted in |
//! | 期限の修正 | `due` | the last day of a step of work |
//! | 集計の修正 | `aggregation` | 合計, 最新の値, 累計の率, 最新の率, 最大 or 最小 |
//! | 確認 | `confirmed` | 済: all else was understood rightly, and is no longer assumed |
//! | 継続元 | `continues` | the indicator of an earlier plan that the row goes on with: its code |
//!
//! A table with a column 継続の控え is a draft of next year's plan: see [`draft`].
//!
//! Columns whose heading begins with ※ are for people and not read. A blank cell means "as above" in 年度, 部, 柱 and 組織目標; a row without 取組内容 and 課等 has a further
//! criterion of the initiative above. A row with a pillar and nothing but its titles defines that pillar, so
//! that one without goals is known too.

use std::collections::{BTreeMap, HashMap};

use super::cell;
use super::table::{Row, Section, departments};
use super::text::{Encoding, key};
use super::understood::{Head, PillarTitle, Plan, Warning};
use super::workbook::Address;
use super::{FAULTS_MAX, Unreadable};
use crate::domain::fiscal_year::FiscalYear;

mod column;
mod draft;
mod extras;
mod record;
mod sheet;

pub use column::{COLUMNS, Column, Fault, Place};
use draft::Drafted;
use record::Record;
pub(super) use sheet::{is_table_sheet, read_sheets};

/// Most rows of a table.
pub const ROWS_MAX: usize = 20_000;
/// Most characters of a cell.
pub(super) const CELL_CHARS_MAX: usize = 4_000;
/// Most characters of a name.
const NAME_CHARS_MAX: usize = 200;
/// Rows above the table that may hold a title and the like.
const ROWS_ABOVE_MAX: usize = 20;
/// Months of a plan by month.
const MONTHS: usize = 12;

/// Whether the first line of a text names this table's columns, or of a draft one of the first.
pub(super) fn is_table(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    // Notes stand above a draft; a published text has the same words in other lines than its first.
    lines.next().is_some_and(is_head)
        || lines
            .take(ROWS_ABOVE_MAX)
            .any(|line| is_head(line) && record::is_draft(headings(line)))
}

fn headings(line: &str) -> impl Iterator<Item = &str> {
    line.split([',', '\t']).map(|name| name.trim_matches('"'))
}

/// Whether a line of a text names this table's columns.
fn is_head(line: &str) -> bool {
    names_columns(headings(line))
}

/// Whether headings are those of this table.
fn names_columns<'a>(headings: impl Iterator<Item = &'a str>) -> bool {
    let named = headings.filter_map(Column::named);
    named
        .filter(|column| Column::REQUIRED.contains(column))
        .count()
        > 1
}

/// Reads a table whole, or tells everything that is wrong with it.
pub(super) fn read(
    text: &str,
    encoding: Encoding,
    year: Option<FiscalYear>,
) -> Result<Plan, Unreadable> {
    let mut reading = Reading {
        for_programs: encoding == Encoding::Utf8,
        ..Reading::default()
    };
    let records = reading.records(text);
    let records = reading.arranged(records);
    let mut sections: Vec<Section> = Vec::new();
    for record in &records {
        reading.record(record, &mut sections);
    }
    reading.plan(sections, year)
}

/// Everything wrong with a table, the first [`FAULTS_MAX`] of it in full.
pub(super) fn faulty(mut faults: Vec<Fault>) -> Unreadable {
    let total = faults.len();
    faults.truncate(FAULTS_MAX);
    Unreadable::Faulty { faults, total }
}
/// What has been read so far, and all that was wrong with it.
#[derive(Default)]
struct Reading {
    year: Option<FiscalYear>,
    faults: Vec<Fault>,
    warnings: Vec<Warning>,
    /// Titles of pillars by number.
    pillars: BTreeMap<u32, (String, Option<String>)>,
    /// English names of sections by department.
    sections_en: HashMap<String, Vec<(String, String)>>,
    /// Codes with the line of the goal they were given to.
    codes: HashMap<String, u64>,
    has_goal: bool,
    has_initiative: bool,
    /// Whether it is in the encoding of programs, which have every text verbatim.
    for_programs: bool,
    /// The sheet that is being read, with the places of its columns.
    placing: Option<Placing>,
    /// Whether the table that is being read is a draft.
    is_draft: bool,
    /// Codes that rows go on with, each with its row.
    continued: HashMap<String, u64>,
    /// What has been read of a draft.
    drafted: Drafted,
}

/// A sheet and where its columns stand.
#[derive(Clone, Debug)]
struct Placing {
    sheet: String,
    columns: HashMap<Column, u32>,
}

impl Reading {
    fn fault(&mut self, line: u64, column: impl Into<Option<Column>>, message: impl Into<String>) {
        let column = column.into();
        let place = self.placing.as_ref().map(|placing| Place {
            sheet: placing.sheet.clone(),
            cell: column.and_then(|column| self.address(line, column)),
            row: line,
        });
        // A cell that cannot be used is told once, not as blank too.
        let told = |fault: &Fault| {
            place.as_ref().is_some_and(|place| place.cell.is_some()) && fault.place == place
        };
        if self.faults.iter().rev().take(COLUMNS.len()).any(told) {
            return;
        }
        self.faults.push(Fault {
            place,
            line,
            column,
            in_draft: self.is_draft,
            message: message.into(),
        });
    }

    /// The cell of a row that stands in a column of the sheet that is being read.
    fn address(&self, line: u64, column: Column) -> Option<Address> {
        let row = u32::try_from(line.saturating_sub(1)).ok()?;
        let column = self.placing.as_ref()?.columns.get(&column)?;
        Some(Address::new(row, *column))
    }

    fn sheet(&self) -> Option<String> {
        self.placing.as_ref().map(|placing| placing.sheet.clone())
    }

    /// The plan of the sections that were read, or everything that is wrong with them.
    fn plan(
        mut self,
        sections: Vec<Section>,
        year: Option<FiscalYear>,
    ) -> Result<Plan, Unreadable> {
        let year = self.year.or(year);
        if self.faults.is_empty() && year.is_none() {
            return Err(Unreadable::NoYear);
        }
        let (Some(year), true) = (year, self.faults.is_empty()) else {
            let mut faults = self.faults;
            if self.placing.is_none() {
                faults.sort_by_key(|fault| fault.line);
            }
            return Err(faulty(faults));
        };
        if sections.is_empty() {
            return Err(Unreadable::NoPlan);
        }
        let (mut departments, found) = departments(sections, year);
        let refused: Vec<Fault> = found.iter().filter(|w| w.refuses).map(Fault::of).collect();
        if !refused.is_empty() {
            return Err(faulty(refused));
        }
        for department in &mut departments {
            department.sections_en = self
                .sections_en
                .remove(&key(&department.name))
                .unwrap_or_default();
        }
        let named = |(number, (title, title_en)): (u32, (String, Option<String>))| PillarTitle {
            number,
            title: if title.is_empty() {
                format!("({number})")
            } else {
                title
            },
            title_en,
        };
        let pillars = self.pillars.into_iter().map(named).collect();
        let mut warnings = self.warnings;
        warnings.extend(found);
        warnings.sort_by_key(|warning| warning.line);
        let head = Head {
            code: year.code(),
            title: format!("{year}組織重点目標"),
            fiscal_year: year,
            pillars,
        };
        let mut plan = Plan {
            head,
            departments,
            warnings,
            draft: None,
        };
        let all = plan.proposals().count();
        let continued = plan.proposals().filter(|own| own.continues.is_some());
        let continued = continued.count();
        plan.draft = self.drafted.understood(continued, all - continued);
        Ok(plan)
    }

    fn record(&mut self, record: &Record, sections: &mut Vec<Section>) {
        let line = record.line;
        self.year(record);
        if record.defines_pillar() {
            self.define_pillar(record);
            return;
        }
        let Some(section) = self.section(record, sections) else {
            return;
        };
        let begins = section.is_some();
        if let Some(section) = section {
            sections.push(section);
        }
        let goal = record.cell(Column::Goal);
        if begins {
            (self.has_goal, self.has_initiative) = (false, false);
        }
        if goal.is_empty() && !self.has_goal {
            self.fault(
                line,
                Column::Goal,
                "blank, and there is no goal above in this department and pillar",
            );
        }
        if !goal.is_empty() {
            self.has_goal = true;
        }
        let initiatives = cell::initiatives(record.cell(Column::Initiative));
        let names = cell::sections(record.cell(Column::Sections));
        let criteria = cell::listed_criteria(record.cell(Column::Criterion));
        let is_further = matches!(record.cell(Column::Part), part if !matches!(part, "" | "a"));
        if criteria.is_empty() && !is_further {
            self.fault(line, Column::Criterion, "blank");
        }
        match (initiatives.is_empty(), names.is_empty()) {
            (true, _) if !self.has_initiative || !goal.is_empty() && !same_goal(sections, goal) => {
                self.fault(
                    line,
                    Column::Initiative,
                    "blank, and there is no initiative above in this goal",
                );
            }
            (true, false) => self.fault(line, Column::Sections, "sections without an initiative"),
            (false, true) => self.fault(line, Column::Sections, "blank"),
            _ => {}
        }
        self.has_initiative |= !initiatives.is_empty();
        for name in names
            .iter()
            .flatten()
            .filter(|name| NAME_CHARS_MAX < name.chars().count())
        {
            self.fault(
                line,
                Column::Sections,
                format!("`{name}` is longer than {NAME_CHARS_MAX} characters"),
            );
        }
        let references = self.references(record, initiatives.len());
        let correction = self.correction(record);
        if correction.part.is_some_and(|part| 0 < part) {
            self.further_part(record, sections, correction);
            return;
        }
        let mut extras = self.extras(record, &criteria);
        extras.references = references;
        if !correction.is_empty() {
            if criteria.concat().len() != 1 {
                self.fault(
                    line,
                    Column::Criterion,
                    "corrections are for a row with one criterion only",
                );
            }
            extras.corrections.push((record.line, correction));
        }
        let Some(section) = sections.last_mut() else {
            return;
        };
        self.english_sections(record, &section.department, &names);
        let sheet = self.placing.as_ref().map(|placing| placing.sheet.clone());
        section.rows.push(Row {
            sheet,
            line,
            goal: goal.to_owned(),
            initiatives,
            sections: names,
            criteria,
            extras,
        });
    }

    fn year(&mut self, record: &Record) {
        let Some(text) = record.some(Column::Year) else {
            return;
        };
        match FiscalYear::parse(&text) {
            Ok(year) if *self.year.get_or_insert(year) == year => {}
            Ok(_) => self.fault(
                record.line,
                Column::Year,
                "another year than in the rows above",
            ),
            Err(error) => self.fault(record.line, Column::Year, error.to_string()),
        }
    }

    /// The section that begins with this row, if one does; `None` where no section can be told.
    fn section(&mut self, record: &Record, sections: &[Section]) -> Option<Option<Section>> {
        let line = record.line;
        let above = sections.last();
        let department = record
            .some(Column::Department)
            .or_else(|| above.map(|section| section.department.clone()));
        if department.as_ref().is_none_or(String::is_empty) {
            self.fault(line, Column::Department, "blank in the first row");
        }
        if department
            .as_ref()
            .is_some_and(|name| NAME_CHARS_MAX < name.chars().count())
        {
            self.fault(
                line,
                Column::Department,
                format!("longer than {NAME_CHARS_MAX} characters"),
            );
        }
        let pillar = match record.some(Column::Pillar) {
            Some(text) => self.pillar(line, &text),
            None if above.is_some() => above.map(|section| (section.pillar, String::new())),
            None => {
                self.fault(line, Column::Pillar, "blank in the first row");
                None
            }
        };
        let (department, (pillar, title)) = (department?, pillar?);
        let title = record.some(Column::PillarTitle).unwrap_or(title);
        let title_en = record.some(Column::PillarTitleEn);
        let known = self.pillars.entry(pillar).or_default();
        let differs = !title.is_empty() && !known.0.is_empty() && key(&known.0) != key(&title);
        if known.0.is_empty() {
            known.0 = title;
        }
        if known.1.is_none() {
            known.1 = title_en;
        }
        let pillar_title = if known.0.is_empty() {
            format!("({pillar})")
        } else {
            known.0.clone()
        };
        if differs {
            self.fault(
                line,
                Column::PillarTitle,
                "another title than in the rows above",
            );
        }
        let same = above.is_some_and(|above| {
            key(&above.department) == key(&department) && above.pillar == pillar
        });
        let section = Section {
            department,
            department_en: record.some(Column::DepartmentEn),
            pillar,
            pillar_title,
            rows: Vec::new(),
        };
        Some((!same).then_some(section))
    }

    fn define_pillar(&mut self, record: &Record) {
        if let Some((number, title)) = self.pillar(record.line, record.cell(Column::Pillar)) {
            self.pillar_title(record, number, title);
        }
    }

    /// The pillar's title, of this row or of an earlier one; its number where no row has one.
    fn pillar_title(&mut self, record: &Record, number: u32, beside: String) -> String {
        let title = record.some(Column::PillarTitle).unwrap_or(beside);
        let known = self.pillars.entry(number).or_default();
        let differs = !title.is_empty() && !known.0.is_empty() && key(&known.0) != key(&title);
        if known.0.is_empty() {
            known.0 = title;
        }
        if known.1.is_none() {
            known.1 = record.some(Column::PillarTitleEn);
        }
        let title = if known.0.is_empty() {
            format!("({number})")
        } else {
            known.0.clone()
        };
        if differs {
            self.fault(
                record.line,
                Column::PillarTitle,
                "another title than in the rows above",
            );
        }
        title
    }

    /// Reads `1`, `(1)` or `(1) title`.
    fn pillar(&mut self, line: u64, text: &str) -> Option<(u32, String)> {
        let digits = |c: char| c.is_numeric() || matches!(c, '(' | ')' | '（' | '）' | ' ' | '　');
        let (number, title) = text.split_at(text.find(|c| !digits(c)).unwrap_or(text.len()));
        let number = key(number)
            .trim_matches(['(', ')'])
            .parse()
            .ok()
            .filter(|n| (1..=99).contains(n));
        if number.is_none() {
            self.fault(line, Column::Pillar, "not a number from 1 to 99");
        }
        number.map(|number| (number, title.trim().to_owned()))
    }
}

/// Whether a goal is the one that the rows so far end with.
fn same_goal(sections: &[Section], goal: &str) -> bool {
    let last = sections
        .last()
        .and_then(|section| section.rows.iter().rev().find(|row| !row.goal.is_empty()));
    last.is_some_and(|row| key(&row.goal) == key(goal))
}
