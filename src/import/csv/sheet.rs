//! The flat table in sheets of a workbook: the same columns, typed cells, faults told by their cells.

use std::collections::HashMap;

use super::super::Unreadable;
use super::super::table::Section;
use super::super::understood::Plan;
use super::super::workbook::{Address, Sheet, Workbook};
use super::column::Column;
use super::record::Record;
use super::record::is_draft;
use super::{Placing, ROWS_ABOVE_MAX, ROWS_MAX, Reading};
use crate::domain::fiscal_year::FiscalYear;

/// Whether a sheet has the flat table: it names the department or the pillar in a column.
pub(in super::super) fn is_table_sheet(sheet: &Sheet) -> bool {
    head(sheet).is_some()
}

/// Reads the flat tables of a workbook, one after the other, or tells everything that is wrong with them.
pub(in super::super) fn read_sheets(
    workbook: &Workbook,
    year: Option<FiscalYear>,
) -> Result<Plan, Unreadable> {
    let mut reading = Reading::default();
    let mut sections: Vec<Section> = Vec::new();
    for sheet in workbook.visible() {
        let records = reading.sheet_records(sheet);
        for record in &reading.arranged(records) {
            reading.record(record, &mut sections);
        }
    }
    reading.plan(sections, year)
}

/// The row of the headings and what stands in it.
fn head(sheet: &Sheet) -> Option<(u32, Vec<(u32, String)>)> {
    sheet
        .rows()
        .into_iter()
        .take(ROWS_ABOVE_MAX)
        .find_map(|(row, cells)| {
            let texts: Vec<(u32, String)> = cells
                .into_iter()
                .filter_map(|(at, cell)| Some((at.column, cell.value.text().ok()?)))
                .collect();
            let named: Vec<Column> = texts
                .iter()
                .filter_map(|(_, text)| Column::named(text))
                .collect();
            let is_flat = named.contains(&Column::Department) || named.contains(&Column::Pillar);
            let required = named
                .iter()
                .filter(|column| Column::REQUIRED.contains(column));
            (is_flat && 1 < required.count()).then_some((row, texts))
        })
}

impl Reading {
    /// The rows of a sheet; none where it has no table.
    fn sheet_records(&mut self, sheet: &Sheet) -> Vec<Record> {
        let Some((head, headings)) = head(sheet) else {
            return Vec::new();
        };
        self.is_draft = is_draft(headings.iter().map(|(_, text)| text.as_str()));
        let placed = |(at, text): &(u32, String)| Some((self.column(text)?, *at));
        self.placing = Some(Placing {
            sheet: sheet.name.clone(),
            columns: headings.iter().rev().filter_map(placed).collect(),
        });
        let texts = headings.iter().map(|(_, text)| text.as_str());
        if self.columns(u64::from(head) + 1, texts).is_none() {
            return Vec::new();
        }
        let columns: HashMap<u32, Column> = headings
            .iter()
            .filter_map(|(at, text)| Some((*at, self.column(text)?)))
            .collect();
        self.no_merged_cells(sheet, head, &columns);
        let mut records = Vec::new();
        for (row, found) in sheet.rows() {
            if row <= head {
                continue;
            }
            let line = u64::from(row) + 1;
            let mut cells: HashMap<Column, String> = HashMap::new();
            for (at, cell) in found {
                let Some(column) = columns.get(&at.column).copied() else {
                    continue;
                };
                match cell.value.text() {
                    Ok(text) => {
                        self.check_length(line, column, &text);
                        cells.insert(column, text.trim().to_owned());
                    }
                    Err(problem) => self.fault(line, column, problem.to_string()),
                }
            }
            if cells.values().all(String::is_empty) {
                continue;
            }
            if !self.is_draft {
                self.merged_sections(sheet, row, &mut cells);
            }
            if records.len() == ROWS_MAX {
                self.fault(line, None, format!("more than {ROWS_MAX} rows"));
                break;
            }
            records.push(Record {
                line,
                cells,
                continues: None,
            });
        }
        records
    }

    /// Which of the rows of a draft a merged cell is for cannot be told.
    fn no_merged_cells(&mut self, sheet: &Sheet, head: u32, columns: &HashMap<u32, Column>) {
        if !self.is_draft {
            return;
        }
        for area in sheet.merged().filter(|area| head < area.last.row) {
            let across = area.first.column..=area.last.column;
            let read = columns
                .iter()
                .filter(|(at, _)| across.contains(at))
                .min_by_key(|(at, _)| **at);
            if let Some((_, column)) = read {
                let line = u64::from(area.first.row) + 1;
                self.fault(
                    line,
                    *column,
                    "a merged cell; unmerge it and fill in each cell",
                );
            }
        }
    }

    /// Initiatives beside one merged cell of sections all have those sections.
    fn merged_sections(&self, sheet: &Sheet, row: u32, cells: &mut HashMap<Column, String>) {
        let filled = |column| {
            cells
                .get(&column)
                .is_some_and(|text: &String| !text.is_empty())
        };
        if !filled(Column::Initiative) || filled(Column::Sections) {
            return;
        }
        let at = self
            .placing
            .as_ref()
            .and_then(|placing| placing.columns.get(&Column::Sections));
        if let Some(text) = at
            .and_then(|column| sheet.at(Address::new(row, *column)))
            .and_then(|value| value.text().ok())
        {
            cells.insert(Column::Sections, text.trim().to_owned());
        }
    }
}
