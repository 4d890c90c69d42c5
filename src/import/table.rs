//! From the rows of a table to goals, initiatives and criteria.
//!
//! Knows how the city fills its table: a blank goal goes on with the one above, a goal that a page break
//! splits is printed twice, and one row may hold several initiatives in one cell.

use std::collections::HashMap;
use std::ops::Range;

use super::alignment::{self, Alignment, likeness};
use super::cell::NumberedText;
use super::correction::Correction;
use super::criterion::{self, Context};
use super::proposal::{BaselineFigure, Proposal};
use super::reference::Reference;
use super::text::key;
use super::understood::{Criterion, Department, Goal, Initiative, Pillar, Warning};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::quantity::Quantity;

/// A row of the table, its cells taken apart.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// The sheet of a workbook.
    pub(super) sheet: Option<String>,
    /// Line of the source, or row of the sheet, from 1.
    pub(super) line: u64,
    /// The goal; empty: that of the row above.
    pub(super) goal: String,
    /// Initiatives with their circled numbers.
    pub(super) initiatives: Vec<NumberedText>,
    /// Sections, one list for each block of the cell.
    pub(super) sections: Vec<Vec<String>>,
    /// Criteria, one list for each block of the cell.
    pub(super) criteria: Vec<Vec<String>>,
    /// English titles and the like, where the source has columns for them.
    pub(super) extras: Extras,
}

impl Row {
    fn warning(&self, text: &str, message: &str) -> Warning {
        Warning {
            sheet: self.sheet.clone(),
            line: self.line,
            text: text.to_owned(),
            message: message.to_owned(),
            refuses: false,
        }
    }
}

/// What a table in CSV may say beside the city's columns.
#[derive(Clone, Debug, Default)]
pub(super) struct Extras {
    pub(super) code: Option<String>,
    pub(super) goal_en: Option<String>,
    pub(super) initiative_en: Option<String>,
    pub(super) criterion_en: Option<String>,
    pub(super) baseline: Option<BaselineFigure>,
    pub(super) monthly_plan: Vec<Quantity>,
    /// What the initiative of the row refers to.
    pub(super) references: Vec<Reference>,
    /// What is corrected of what is understood, each with the line that says it.
    pub(super) corrections: Vec<(u64, Correction)>,
}

impl Extras {
    /// Adds what is known beyond the words, to the first part with a number where there are parts.
    fn fill(&self, proposal: &mut Proposal) {
        let numbered = proposal
            .parts
            .iter()
            .position(|part| part.target.value.is_some());
        let proposal = match numbered {
            Some(index) => &mut proposal.parts[index],
            None => proposal,
        };
        proposal.give(self.baseline, &self.monthly_plan);
    }
}

/// The rows under one heading: a department's for one pillar.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) department: String,
    pub(super) department_en: Option<String>,
    pub(super) pillar: u32,
    pub(super) pillar_title: String,
    pub(super) rows: Vec<Row>,
}

/// A goal in the making: its initiatives have rows, but nothing is joined yet.
struct Draft {
    text: String,
    extras: Extras,
    rows: Vec<Row>,
}

/// How alike two printings of one goal are at least.
const SAME_GOAL_LIKENESS: f64 = 0.6;

/// Builds the departments of a plan and tells what a person should check.
pub(super) fn departments(
    sections: Vec<Section>,
    year: FiscalYear,
) -> (Vec<Department>, Vec<Warning>) {
    let mut warnings = Vec::new();
    let mut blocks: Vec<(Section, Vec<Draft>)> = Vec::new();
    for mut section in sections {
        let rows = std::mem::take(&mut section.rows);
        let same = |(other, _): &&mut (Section, Vec<Draft>)| {
            key(&other.department) == key(&section.department) && other.pillar == section.pillar
        };
        // A heading printed twice goes on with its first printing.
        match blocks.iter_mut().find(same) {
            Some((_, drafts)) => join_goals(rows, drafts, &mut warnings),
            None => {
                let mut drafts = Vec::new();
                join_goals(rows, &mut drafts, &mut warnings);
                blocks.push((section, drafts));
            }
        }
    }
    let knowledge = Knowledge::of(&blocks);
    let mut departments: Vec<Department> = Vec::new();
    for (section, drafts) in blocks {
        let known = knowledge.department(&section.department);
        let goals = drafts
            .into_iter()
            .map(|draft| goal(draft, &knowledge, known, year, &mut warnings))
            .collect();
        let pillar = Pillar {
            number: section.pillar,
            title: section.pillar_title,
            goals,
        };
        match departments
            .iter_mut()
            .find(|found| key(&found.name) == key(&section.department))
        {
            Some(found) => found.pillars.push(pillar),
            None => departments.push(Department {
                name: section.department,
                name_en: section.department_en,
                pillars: vec![pillar],
                sections_en: Vec::new(),
            }),
        }
    }
    warnings.sort_by_key(|warning| warning.line);
    (departments, warnings)
}

/// Puts rows to goals: blank goals go on, and numbering tells a second printing and a misplaced row.
fn join_goals(rows: Vec<Row>, drafts: &mut Vec<Draft>, warnings: &mut Vec<Warning>) {
    let mut rows = rows.into_iter().peekable();
    // A goal whose text stood beside an initiative of the goal before it.
    let mut postponed: Option<(String, Extras)> = None;
    while let Some(row) = rows.next() {
        let mut warn = |message: String| warnings.push(row.warning(&row.goal, &message));
        let first = row.initiatives.first().and_then(|(number, _)| *number);
        let last = drafts.last().and_then(last_number);
        let counts_on =
            first.is_some_and(|first| first > 1 && last.is_some_and(|last| first == last + 1));
        if row.goal.is_empty() {
            if let (Some((text, extras)), Some(1)) = (postponed.take(), first) {
                drafts.push(Draft {
                    text,
                    extras,
                    rows: vec![row],
                });
                continue;
            }
            match drafts.last_mut() {
                Some(draft) => {
                    if first.is_some_and(|first| last.is_some_and(|last| first <= last)) {
                        warn(
                            "the numbering starts again although no new goal is printed".to_owned(),
                        );
                    }
                    draft.rows.push(row);
                }
                None => {
                    warn("the first row has no goal".to_owned());
                    drafts.push(Draft {
                        text: String::new(),
                        extras: row.extras.clone(),
                        rows: vec![row],
                    });
                }
            }
            continue;
        }
        let next_starts_anew = rows.peek().is_some_and(|next| {
            next.goal.is_empty()
                && next
                    .initiatives
                    .first()
                    .is_some_and(|(number, _)| *number == Some(1))
        });
        match drafts.last_mut() {
            Some(draft) if key(&draft.text) == key(&row.goal) => draft.rows.push(row),
            Some(draft) if counts_on && likeness(&draft.text, &row.goal) >= SAME_GOAL_LIKENESS => {
                warn(format!(
                    "printed twice in different words: taken as the goal `{}`, whose numbering goes on",
                    draft.text
                ));
                draft.rows.push(row);
            }
            Some(draft) if counts_on && next_starts_anew => {
                warn(format!(
                    "its first initiative goes on with the numbering of the goal above, and the next row starts \
                     again: that initiative was taken to belong to `{}`",
                    draft.text
                ));
                postponed = Some((row.goal.clone(), row.extras.clone()));
                draft.rows.push(row);
            }
            _ => {
                if first.is_some_and(|first| first > 1) {
                    warn("the numbering of a goal does not start at ①".to_owned());
                }
                drafts.push(Draft {
                    text: row.goal.clone(),
                    extras: row.extras.clone(),
                    rows: vec![row],
                });
            }
        }
    }
    if let Some((text, extras)) = postponed {
        drafts.push(Draft {
            text,
            extras,
            rows: Vec::new(),
        });
    }
}

fn last_number(draft: &Draft) -> Option<u32> {
    draft
        .rows
        .iter()
        .rev()
        .flat_map(|row| row.initiatives.iter().rev())
        .find_map(|(number, _)| *number)
}

/// What rows with one initiative tell about the sections of rows with several.
struct Knowledge {
    /// Texts of the initiatives that a section answers for, by its name.
    profiles: HashMap<String, Vec<String>>,
    /// The sections of each department, by its name.
    departments: HashMap<String, Vec<String>>,
}

impl Knowledge {
    fn of(blocks: &[(Section, Vec<Draft>)]) -> Self {
        let mut knowledge = Self {
            profiles: HashMap::new(),
            departments: HashMap::new(),
        };
        for (section, drafts) in blocks {
            let names = knowledge
                .departments
                .entry(key(&section.department))
                .or_default();
            for row in drafts.iter().flat_map(|draft| &draft.rows) {
                for name in row.sections.iter().flatten() {
                    if !names.iter().any(|known| key(known) == key(name)) {
                        names.push(name.clone());
                    }
                    if let [(_, text)] = row.initiatives.as_slice() {
                        knowledge
                            .profiles
                            .entry(key(name))
                            .or_default()
                            .push(text.clone());
                    }
                }
            }
        }
        knowledge
    }

    fn department(&self, name: &str) -> &[String] {
        self.departments
            .get(&key(name))
            .map(Vec::as_slice)
            .unwrap_or_default()
    }
}

fn goal(
    draft: Draft,
    knowledge: &Knowledge,
    department: &[String],
    year: FiscalYear,
    warnings: &mut Vec<Warning>,
) -> Goal {
    let mut initiatives: Vec<Initiative> = Vec::new();
    for row in draft.rows {
        if row.initiatives.is_empty() {
            more_criteria(&row, &mut initiatives, year, warnings);
            continue;
        }
        let mut warn = |text: &str, message: &str| warnings.push(row.warning(text, message));
        let texts: Vec<&str> = row
            .initiatives
            .iter()
            .map(|(_, text)| text.as_str())
            .collect();
        let sections = align_sections(&row, &texts, knowledge, department, &mut warn);
        let criteria = align_criteria(&row, &texts, &sections, &mut warn);
        let parts = row.initiatives.iter().zip(sections.names).zip(criteria);
        for (((printed, text), sections), criteria) in parts {
            let is_taken = |number: &u32| initiatives.iter().any(|other| other.number == *number);
            if printed.as_ref().is_some_and(is_taken) {
                warnings.push(row.warning(text, "its number is taken; the next one was given"));
            }
            if criteria.is_empty() {
                warnings.push(row.warning(text, "an initiative without a criterion"));
            }
            if sections.is_empty() {
                warnings.push(row.warning(text, "an initiative without a section"));
            }
            let next = initiatives
                .iter()
                .map(|other| other.number)
                .max()
                .map_or(1, |last| last + 1);
            let number = printed.filter(|number| !is_taken(number)).unwrap_or(next);
            let criteria = understand(&row, criteria.into_iter(), &sections, year, warnings);
            let title_en = row.extras.initiative_en.clone();
            initiatives.push(Initiative {
                number,
                text: text.clone(),
                title_en,
                sections,
                references: row.extras.references.clone(),
                criteria,
            });
        }
    }
    Goal {
        text: draft.text,
        title_en: draft.extras.goal_en,
        code: draft.extras.code,
        initiatives,
    }
}

/// A row without an initiative has further criteria of the one above.
fn more_criteria(
    row: &Row,
    initiatives: &mut [Initiative],
    year: FiscalYear,
    warnings: &mut Vec<Warning>,
) {
    match initiatives.last_mut() {
        Some(initiative) => {
            let sections = initiative.sections.clone();
            initiative.criteria.extend(understand(
                row,
                row.criteria.iter().flatten(),
                &sections,
                year,
                warnings,
            ));
        }
        None => {
            let text = row.criteria.concat().join(" ");
            warnings.push(row.warning(&text, "criteria without an initiative; left out"));
        }
    }
}

fn understand<'a>(
    row: &Row,
    texts: impl Iterator<Item = &'a String>,
    sections: &[String],
    year: FiscalYear,
    warnings: &mut Vec<Warning>,
) -> Vec<Criterion> {
    texts
        .map(|text| {
            let mut found = criterion::understand(text, Context { year, sections });
            let remarks = found.remarks.iter();
            warnings.extend(remarks.map(|message| row.warning(text, message)));
            found.criterion.title_en = row.extras.criterion_en.clone();
            row.extras.fill(&mut found.criterion.proposal);
            for (line, correction) in &row.extras.corrections {
                if let Err(message) = correction.apply(&mut found.criterion.proposal, year) {
                    warnings.push(Warning {
                        line: *line,
                        refuses: true,
                        ..row.warning(text, message)
                    });
                }
            }
            found.criterion
        })
        .collect()
}

/// Sections of each initiative of a row.
struct Sections {
    names: Vec<Vec<String>>,
    /// How the cell's sections were cut, where they were one list.
    ranges: Option<Vec<Range<usize>>>,
}

fn align_sections(
    row: &Row,
    initiatives: &[&str],
    knowledge: &Knowledge,
    department: &[String],
    warn: &mut impl FnMut(&str, &str),
) -> Sections {
    let flat: Vec<&str> = row.sections.iter().flatten().map(String::as_str).collect();
    let all = |names: &[&str]| {
        let mut own: Vec<String> = Vec::new();
        for name in names {
            if !own.iter().any(|known| key(known) == key(name)) {
                own.push((*name).to_owned());
            }
        }
        own
    };
    if initiatives.len() == 1 || flat.len() == 1 {
        return Sections {
            names: vec![all(&flat); initiatives.len()],
            ranges: None,
        };
    }
    if row.sections.len() == initiatives.len() {
        return Sections {
            names: row.sections.clone(),
            ranges: None,
        };
    }
    match alignment::sections(initiatives, &flat, &knowledge.profiles, department) {
        Some(Alignment { ranges, .. }) if flat.len() >= initiatives.len() => {
            if flat.len() != initiatives.len() {
                warn(
                    &flat.join(" "),
                    "which section answers for which initiative was inferred from order and words",
                );
            }
            let names = ranges
                .iter()
                .map(|range| all(&flat[range.clone()]))
                .collect();
            Sections {
                names,
                ranges: Some(ranges),
            }
        }
        _ => {
            warn(
                &flat.join(" "),
                "sections and initiatives cannot be joined; each initiative was given all",
            );
            Sections {
                names: vec![all(&flat); initiatives.len()],
                ranges: None,
            }
        }
    }
}

fn align_criteria<'a>(
    row: &'a Row,
    initiatives: &[&str],
    sections: &Sections,
    warn: &mut impl FnMut(&str, &str),
) -> Vec<Vec<&'a String>> {
    let flat: Vec<&String> = row.criteria.iter().flatten().collect();
    if initiatives.len() == 1 {
        return vec![flat];
    }
    if row.criteria.len() == initiatives.len() {
        return row
            .criteria
            .iter()
            .map(|block| block.iter().collect())
            .collect();
    }
    let texts: Vec<&str> = flat.iter().map(|text| text.as_str()).collect();
    let line_by_line = row.sections.iter().flatten().count() == flat.len();
    let hint = sections.ranges.as_deref().filter(|_| line_by_line);
    match alignment::criteria(initiatives, &texts, hint) {
        Some(Alignment {
            ranges,
            is_doubtful,
        }) => {
            if is_doubtful {
                warn(
                    &texts.join(" / "),
                    "which criterion belongs to which initiative was inferred, and other cuts are nearly as good",
                );
            }
            ranges
                .into_iter()
                .map(|range| flat[range].to_vec())
                .collect()
        }
        None => {
            warn(
                &texts.join(" / "),
                "criteria and initiatives cannot be joined; the first initiative was given all",
            );
            let mut found = vec![Vec::new(); initiatives.len()];
            found[0] = flat;
            found
        }
    }
}
