//! A plan as a table in CSV: one row for each criterion, or for each initiative with all its criteria.
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
//! | 基準値 | `baseline` | where the indicator stood before |
//! | 基準日 | `baseline_as_of` | and on which day |
//! | 月次計画 | `monthly_plan` | cumulative, April to March, 12 numbers with spaces between; for a rate that of an earlier year |
//!
//! A blank cell means "as above" in 年度, 部, 柱 and 組織目標; a row without 取組内容 and 課等 has a further
//! criterion of the initiative above. A row with a pillar and nothing but its titles defines that pillar, so
//! that one without goals is known too.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::cell;
use super::proposal::BaselineFigure;
use super::table::{Extras, Row, Section, departments};
use super::text::key;
use super::understood::{Head, PillarTitle, Plan, Warning};
use super::{FAULTS_MAX, Unreadable};
use crate::domain::era::parse_date;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::quantity::Quantity;

/// Most rows of a table.
pub const ROWS_MAX: usize = 20_000;
/// Most characters of a cell.
const CELL_CHARS_MAX: usize = 4_000;
/// Most characters of a name.
const NAME_CHARS_MAX: usize = 200;
/// Months of a plan by month.
const MONTHS: usize = 12;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $ja:literal, $key:literal);* $(;)?) => {
        /// A column of the table.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Column { $($(#[$doc])* $name),* }

        /// Every column that is read, in the order of the documentation.
        pub const COLUMNS: &[Column] = &[$(Column::$name),*];

        impl Column {
            /// The heading in Japanese.
            pub const fn heading(self) -> &'static str {
                match self { $(Self::$name => $ja),* }
            }

            /// The key, a heading too.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }
        }
    };
}

columns! {
    /// The plan's fiscal year.
    Year = "年度", "fiscal_year";
    /// The department.
    Department = "部", "department";
    /// Its name in English.
    DepartmentEn = "部(英)", "department_en";
    /// The pillar's number, with or without its title.
    Pillar = "柱", "pillar";
    /// The pillar's title.
    PillarTitle = "柱の名称", "pillar_title";
    /// The pillar's title in English.
    PillarTitleEn = "柱の名称(英)", "pillar_title_en";
    /// The goal.
    Goal = "組織目標", "goal";
    /// Its title in English.
    GoalEn = "組織目標(英)", "goal_en";
    /// The initiative.
    Initiative = "取組内容", "initiative";
    /// Its title in English.
    InitiativeEn = "取組内容(英)", "initiative_en";
    /// The sections that answer for it.
    Sections = "課等", "sections";
    /// Their names in English.
    SectionsEn = "課等(英)", "sections_en";
    /// The criterion.
    Criterion = "目標達成基準", "criterion";
    /// Its title in English.
    CriterionEn = "目標達成基準(英)", "criterion_en";
    /// A Latin code for the goal.
    Code = "コード", "code";
    /// The value before the work.
    Baseline = "基準値", "baseline";
    /// The day of that value.
    BaselineAsOf = "基準日", "baseline_as_of";
    /// Cumulative plan by month.
    MonthlyPlan = "月次計画", "monthly_plan";
}

impl Column {
    const REQUIRED: [Self; 6] = [
        Self::Department,
        Self::Pillar,
        Self::Goal,
        Self::Initiative,
        Self::Sections,
        Self::Criterion,
    ];

    fn named(heading: &str) -> Option<Self> {
        let heading = key(heading).to_lowercase();
        COLUMNS
            .iter()
            .copied()
            .find(|column| column.heading() == heading || column.key() == heading)
    }
}

/// Something wrong in one cell, or in the table as a whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Line of the file, from 1.
    pub line: u64,
    /// The column; `None`: the line as a whole.
    pub column: Option<Column>,
    /// What is wrong, in English, lower case, no full stop.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        if let Some(column) = self.column {
            write!(f, ", column {} (`{}`)", column.heading(), column.key())?;
        }
        write!(f, ": {}", self.message)
    }
}

/// Whether the first line of a text names this table's columns.
pub(super) fn is_table(text: &str) -> bool {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let names = first
        .split([',', '\t'])
        .filter_map(|name| Column::named(name.trim_matches('"')));
    names
        .filter(|column| Column::REQUIRED.contains(column))
        .count()
        > 1
}

/// Reads a table whole, or tells everything that is wrong with it.
pub(super) fn read(text: &str, year: Option<FiscalYear>) -> Result<Plan, Unreadable> {
    let mut reading = Reading::default();
    let records = reading.records(text);
    let mut sections: Vec<Section> = Vec::new();
    for record in &records {
        reading.record(record, &mut sections);
    }
    let year = reading.year.or(year);
    if reading.faults.is_empty() && year.is_none() {
        return Err(Unreadable::NoYear);
    }
    let (Some(year), true) = (year, reading.faults.is_empty()) else {
        let mut faults = reading.faults;
        faults.sort_by_key(|fault| fault.line);
        let total = faults.len();
        faults.truncate(FAULTS_MAX);
        return Err(Unreadable::Faulty { faults, total });
    };
    if sections.is_empty() {
        return Err(Unreadable::NoPlan);
    }
    let (mut departments, found) = departments(sections, year);
    for department in &mut departments {
        department.sections_en = reading
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
    let pillars = reading.pillars.into_iter().map(named).collect();
    let mut warnings = reading.warnings;
    warnings.extend(found);
    warnings.sort_by_key(|warning| warning.line);
    let head = Head {
        code: year.code(),
        title: format!("{year}組織重点目標"),
        fiscal_year: year,
        pillars,
    };
    Ok(Plan {
        head,
        departments,
        warnings,
    })
}

/// One row, its cells by column, without space around them.
struct Record {
    line: u64,
    cells: HashMap<Column, String>,
}

impl Record {
    fn cell(&self, column: Column) -> &str {
        self.cells
            .get(&column)
            .map(String::as_str)
            .unwrap_or_default()
    }

    /// Whether the row only says what a pillar is called, for a pillar that may have no goal.
    fn defines_pillar(&self) -> bool {
        let filled = |column: &Column| !self.cell(*column).is_empty();
        let of_pillar = [
            Column::Year,
            Column::Pillar,
            Column::PillarTitle,
            Column::PillarTitleEn,
        ];
        filled(&Column::Pillar)
            && COLUMNS
                .iter()
                .filter(|column| filled(column))
                .all(|column| of_pillar.contains(column))
    }

    fn some(&self, column: Column) -> Option<String> {
        Some(self.cell(column).to_owned()).filter(|cell| !cell.is_empty())
    }
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
}

impl Reading {
    fn fault(&mut self, line: u64, column: impl Into<Option<Column>>, message: impl Into<String>) {
        self.faults.push(Fault {
            line,
            column: column.into(),
            message: message.into(),
        });
    }

    /// Takes the file apart; a fault in the first line hides those of the others.
    fn records(&mut self, text: &str) -> Vec<Record> {
        let first = text.lines().next().unwrap_or_default();
        let delimiter = if first.contains('\t') && !first.contains(',') {
            b'\t'
        } else {
            b','
        };
        let mut reader = ::csv::ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(text.as_bytes());
        let mut columns: Option<Vec<Option<Column>>> = None;
        let mut records = Vec::new();
        let mut lines = Lines::default();
        for result in reader.records() {
            let record = match result {
                Ok(record) => record,
                Err(error) => {
                    let line = error.position().map_or(1, ::csv::Position::line);
                    self.fault(line, None, "not a line of CSV");
                    break;
                }
            };
            let line = record
                .position()
                .map_or(1, |position| lines.of(text, position.byte()));
            if record.iter().all(|cell| cell.trim().is_empty()) {
                continue;
            }
            let Some(columns) = &columns else {
                columns = self.columns(line, &record);
                if columns.is_none() {
                    break;
                }
                continue;
            };
            if record.len() != columns.len() {
                let message = format!(
                    "{} cells where the first line has {}",
                    record.len(),
                    columns.len()
                );
                self.fault(line, None, message);
                continue;
            }
            if records.len() == ROWS_MAX {
                self.fault(line, None, format!("more than {ROWS_MAX} rows"));
                break;
            }
            let mut cells = HashMap::new();
            for (column, cell) in columns.iter().zip(record.iter()) {
                let Some(column) = *column else { continue };
                if CELL_CHARS_MAX < cell.chars().count() {
                    self.fault(
                        line,
                        column,
                        format!("longer than {CELL_CHARS_MAX} characters"),
                    );
                }
                cells.insert(column, cell.trim().to_owned());
            }
            records.push(Record { line, cells });
        }
        records
    }

    /// The columns of the first line; `None` for one that is not read.
    fn columns(&mut self, line: u64, record: &::csv::StringRecord) -> Option<Vec<Option<Column>>> {
        let before = self.faults.len();
        let mut columns: Vec<Option<Column>> = Vec::new();
        for heading in record {
            let column = Column::named(heading);
            if let Some(twice) = column.filter(|column| columns.contains(&Some(*column))) {
                self.fault(line, twice, "the column is there twice");
            }
            if column.is_none() && !heading.trim().is_empty() {
                let message = "a column that is not read".to_owned();
                self.warnings.push(Warning {
                    line,
                    text: heading.trim().to_owned(),
                    message,
                });
            }
            columns.push(column);
        }
        for required in Column::REQUIRED {
            if !columns.contains(&Some(required)) {
                self.fault(line, required, "the column is missing");
            }
        }
        (before == self.faults.len()).then_some(columns)
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
        if criteria.is_empty() {
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
        let extras = self.extras(record, &criteria);
        let Some(section) = sections.last_mut() else {
            return;
        };
        self.english_sections(record, &section.department, &names);
        section.rows.push(Row {
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

    fn extras(&mut self, record: &Record, criteria: &[Vec<String>]) -> Extras {
        let line = record.line;
        let code = record.some(Column::Code);
        if let Some(code) = &code
            && !record.cell(Column::Goal).is_empty()
        {
            match self.codes.get(code).copied() {
                Some(other) => self.fault(
                    line,
                    Column::Code,
                    format!("`{code}` was given in line {other} already"),
                ),
                None => {
                    self.codes.insert(code.clone(), line);
                }
            }
        }
        let single = criteria.iter().flatten().count() == 1;
        for column in [Column::CriterionEn, Column::Baseline, Column::MonthlyPlan] {
            if !single && record.some(column).is_some() {
                self.fault(line, column, "for a row with one criterion only");
            }
        }
        Extras {
            code,
            goal_en: record.some(Column::GoalEn),
            initiative_en: record.some(Column::InitiativeEn),
            criterion_en: record.some(Column::CriterionEn),
            baseline: self.baseline(record),
            monthly_plan: self.monthly_plan(record),
        }
    }

    fn baseline(&mut self, record: &Record) -> Option<BaselineFigure> {
        let line = record.line;
        let (value, as_of) = (
            record.some(Column::Baseline),
            record.some(Column::BaselineAsOf),
        );
        let value = value.map(|text| number(&text).ok_or(text));
        let as_of = as_of.map(|text| parse_date(&text));
        match (value, as_of) {
            (None, None) => None,
            (Some(Ok(value)), Some(Ok(as_of))) => Some(BaselineFigure { value, as_of }),
            (value, as_of) => {
                match value {
                    None => self.fault(
                        line,
                        Column::Baseline,
                        "blank although there is a day for it",
                    ),
                    Some(Err(text)) => {
                        self.fault(line, Column::Baseline, format!("`{text}` is not a number"))
                    }
                    Some(Ok(_)) => {}
                }
                match as_of {
                    None => self.fault(
                        line,
                        Column::BaselineAsOf,
                        "blank although there is a value",
                    ),
                    Some(Err(error)) => self.fault(line, Column::BaselineAsOf, error.to_string()),
                    Some(Ok(_)) => {}
                }
                None
            }
        }
    }

    fn monthly_plan(&mut self, record: &Record) -> Vec<Quantity> {
        let Some(text) = record.some(Column::MonthlyPlan) else {
            return Vec::new();
        };
        let values: Option<Vec<Quantity>> = text.split_whitespace().map(number).collect();
        match values {
            Some(values) if values.len() == MONTHS && values.is_sorted() => values,
            _ => {
                let message = format!("not {MONTHS} numbers that never fall, with spaces between");
                self.fault(record.line, Column::MonthlyPlan, message);
                Vec::new()
            }
        }
    }

    fn english_sections(&mut self, record: &Record, department: &str, names: &[Vec<String>]) {
        let Some(text) = record.some(Column::SectionsEn) else {
            return;
        };
        let english: Vec<&str> = text.split(" / ").map(str::trim).collect();
        let names: Vec<&String> = names.iter().flatten().collect();
        if english.len() != names.len() {
            let message = format!("{} names for {} sections", english.len(), names.len());
            self.fault(record.line, Column::SectionsEn, message);
            return;
        }
        let known = self.sections_en.entry(key(department)).or_default();
        for (name, english) in names.into_iter().zip(english) {
            if known.iter().all(|(other, _)| key(other) != key(name)) {
                known.push((name.clone(), english.to_owned()));
            }
        }
    }
}

/// Whether a goal is the one that the rows so far end with.
fn same_goal(sections: &[Section], goal: &str) -> bool {
    let last = sections
        .last()
        .and_then(|section| section.rows.iter().rev().find(|row| !row.goal.is_empty()));
    last.is_some_and(|row| key(&row.goal) == key(goal))
}

/// Reads a number in half or full width, with or without thousands separators.
fn number(text: &str) -> Option<Quantity> {
    Quantity::parse(&key(text).replace(',', "")).ok()
}

/// Counts lines, from the start on.
#[derive(Default)]
struct Lines {
    offset: usize,
    before: u64,
}

impl Lines {
    /// The line, from 1, of the record whose position the reader gave as `byte`. Positions never fall.
    fn of(&mut self, text: &str, byte: u64) -> u64 {
        let rest = &text.as_bytes()[self.offset.min(text.len())..];
        // The position may be that of blank lines before the record.
        let ahead = usize::try_from(byte)
            .unwrap_or(text.len())
            .saturating_sub(self.offset);
        let blank = rest
            .iter()
            .skip(ahead)
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let passed = rest.iter().take(ahead + blank);
        self.before += passed
            .filter(|byte| **byte == b'\n')
            .fold(0, |lines, _| lines + 1);
        self.offset += ahead + blank;
        self.before + 1
    }
}
