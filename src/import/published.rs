//! The plan as the city publishes it: headings, tab-separated rows, bits of HTML in the cells.
//!
//! ```text
//! 企画部 令和5年度組織重点目標                 a department begins
//! (1) 市民から信頼される市役所づくり           a pillar begins
//! 組織目標⇥取組内容⇥課等⇥目標達成基準          the head of a table; a page break repeats it
//! …します。⇥①… ②…⇥一課 二課⇥・… ・… 3回       a row; a blank goal is that of the row above
//! ```

use super::Unreadable;
use super::cell;
use super::table::{Extras, Row, Section, departments};
use super::text::key;
use super::understood::{Head, PillarTitle, Plan, Warning};
use crate::domain::fiscal_year::FiscalYear;

/// The words after the year in every department's heading and in the title.
pub(super) const PLAN_WORDS: &str = "組織重点目標";
/// The first column's heading.
const GOAL_HEADING: &str = "組織目標";
/// Columns of a row.
const COLUMNS: usize = 4;

/// A line, by what it is.
pub(super) enum Line<'a> {
    Blank,
    Department { name: &'a str, year: FiscalYear },
    Pillar { number: u32, title: &'a str },
    TableHead,
    Row(Vec<&'a str>),
    Other,
}

/// Whether a text has the layout of a published plan.
pub(super) fn is_published(text: &str) -> bool {
    text.lines()
        .any(|line| matches!(classify(line), Line::Department { .. }))
        && text
            .lines()
            .any(|line| matches!(classify(line), Line::TableHead))
}

/// Reads a published plan.
pub(super) fn read(text: &str) -> Result<Plan, Unreadable> {
    let mut warnings = Vec::new();
    let mut sections: Vec<Section> = Vec::new();
    let mut defined: Vec<PillarTitle> = Vec::new();
    let mut department: Option<(String, FiscalYear)> = None;
    let mut year = None;
    let mut in_pillar = false;
    for (line, content) in (1..).zip(text.lines()) {
        let mut warn = |message: &str| {
            let text = content.trim().to_owned();
            warnings.push(Warning {
                sheet: None,
                line,
                text,
                message: message.to_owned(),
                refuses: false,
            });
        };
        match classify(content) {
            Line::Department { name, year: found } => {
                if *year.get_or_insert(found) != found {
                    warn("the heading names another year than the first one");
                }
                department = Some((name.to_owned(), found));
                in_pillar = false;
            }
            Line::Pillar { number, title } => match &department {
                // Before the first department the pillars are defined; an earlier list is overwritten.
                None => {
                    if number == 1 {
                        defined.clear();
                    }
                    if usize::try_from(number).ok() == Some(defined.len() + 1) {
                        defined.push(PillarTitle {
                            number,
                            title: title.to_owned(),
                            title_en: None,
                        });
                    }
                }
                Some((name, _)) => {
                    sections.push(Section {
                        department: name.clone(),
                        department_en: None,
                        pillar: number,
                        pillar_title: title.to_owned(),
                        rows: Vec::new(),
                    });
                    in_pillar = true;
                }
            },
            Line::Row(cells) if department.is_some() => {
                match sections.last_mut().filter(|_| in_pillar) {
                    Some(section) => {
                        if cells.len() != COLUMNS {
                            warn(&format!(
                                "a row of {} cells instead of {COLUMNS}",
                                cells.len()
                            ));
                        }
                        section.rows.push(row(line, &cells));
                    }
                    None => warn("a row before the first pillar of its department; left out"),
                }
            }
            Line::Other if department.is_some() => {
                warn("a line that is no heading and no row; left out")
            }
            Line::Blank | Line::TableHead | Line::Row(_) | Line::Other => {}
        }
    }
    let (Some(year), false) = (year, sections.is_empty()) else {
        return Err(Unreadable::NoPlan);
    };
    Ok(plan(sections, defined, year, warnings))
}

/// The plan of the sections that were read, under the pillars that were defined before them.
pub(super) fn plan(
    sections: Vec<Section>,
    defined: Vec<PillarTitle>,
    year: FiscalYear,
    mut warnings: Vec<Warning>,
) -> Plan {
    let (departments, found) = departments(sections, year);
    warnings.extend(found);
    warnings.sort_by_key(|warning| warning.line);
    let pillars = all_pillars(
        defined,
        departments
            .iter()
            .flat_map(|d| &d.pillars)
            .map(|p| (p.number, &*p.title)),
    );
    let head = Head {
        code: year.code(),
        title: format!("{year}{PLAN_WORDS}"),
        fiscal_year: year,
        pillars,
    };
    Plan {
        head,
        departments,
        warnings,
        draft: None,
    }
}

/// The pillars that are defined, if their titles are those in use, and any in use that is not.
fn all_pillars<'a>(
    defined: Vec<PillarTitle>,
    used: impl Iterator<Item = (u32, &'a str)>,
) -> Vec<PillarTitle> {
    let used: Vec<_> = used.collect();
    let fits = used.iter().all(|(number, title)| {
        let same =
            |pillar: &PillarTitle| pillar.number == *number && key(&pillar.title) == key(title);
        defined.iter().any(same)
    });
    let mut pillars = if fits { defined } else { Vec::new() };
    for (number, title) in used {
        if pillars.iter().all(|pillar| pillar.number != number) {
            pillars.push(PillarTitle {
                number,
                title: title.to_owned(),
                title_en: None,
            });
        }
    }
    pillars.sort_by_key(|pillar| pillar.number);
    pillars
}

fn row(line: u64, cells: &[&str]) -> Row {
    let cell = |index: usize| cells.get(index).copied().unwrap_or_default();
    Row {
        sheet: None,
        line,
        goal: cell::plain(cell(0)),
        initiatives: cell::initiatives(cell(1)),
        sections: cell::sections(cell(2)),
        criteria: cell::criteria(cell(3)),
        extras: Extras::default(),
    }
}

fn classify(line: &str) -> Line<'_> {
    let trimmed = line.trim();
    if trimmed.is_empty() {
        return Line::Blank;
    }
    if line.contains('\t') {
        let cells: Vec<&str> = line.split('\t').collect();
        return if key(cells[0]) == GOAL_HEADING {
            Line::TableHead
        } else {
            Line::Row(cells)
        };
    }
    department(trimmed)
        .or_else(|| pillar(trimmed))
        .unwrap_or(Line::Other)
}

/// `企画部 令和5年度組織重点目標`: one word, a space, the year and the plan's words, and nothing else.
pub(super) fn department(line: &str) -> Option<Line<'_>> {
    let (name, rest) = line.split_once(char::is_whitespace)?;
    let rest = key(rest);
    let year = FiscalYear::parse(rest.strip_suffix(PLAN_WORDS)?).ok()?;
    Some(Line::Department { name, year })
}

/// `(1) …` or `（１）…`, with or without a space.
pub(super) fn pillar(line: &str) -> Option<Line<'_>> {
    let rest = line.strip_prefix(['(', '（'])?;
    let (number, title) = rest.split_once([')', '）'])?;
    let number = key(number)
        .parse()
        .ok()
        .filter(|number| (1..=99).contains(number))?;
    let title = title.trim();
    (!title.is_empty()).then_some(Line::Pillar { number, title })
}
