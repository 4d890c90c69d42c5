//! What a table may say beside the city's own columns: codes, English names, baselines, plans by month.

use super::super::proposal::BaselineFigure;
use super::super::table::Extras;
use super::super::text::key;
use super::column::Column;
use super::record::Record;
use super::{MONTHS, Reading};
use crate::domain::era::parse_date;
use crate::domain::quantity::Quantity;

impl Reading {
    pub(super) fn extras(&mut self, record: &Record, criteria: &[Vec<String>]) -> Extras {
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

    pub(super) fn english_sections(
        &mut self,
        record: &Record,
        department: &str,
        names: &[Vec<String>],
    ) {
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

/// Reads a number in half or full width, with or without thousands separators.
fn number(text: &str) -> Option<Quantity> {
    Quantity::parse(&key(text).replace(',', "")).ok()
}
