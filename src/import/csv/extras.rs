//! What a table may say beside the city's own columns: codes, English names, baselines, plans by month.

use super::super::correction::{
    AGGREGATIONS, COMPARATORS, CONFIRMED, Correction, MEASURES, by_word,
};
use super::super::proposal::BaselineFigure;
use super::super::reference::{self, Reference};
use super::super::table::{Extras, Section};
use super::super::text::key;
use super::column::Column;
use super::record::Record;
use super::{MONTHS, Reading};
use crate::domain::era::parse_date;
use crate::domain::indicator::{AggTime, Comparator, ExternalReference, MeasureType};
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
            references: Vec::new(),
            corrections: Vec::new(),
        }
    }

    /// What the initiative of a row refers to.
    pub(super) fn references(&mut self, record: &Record, initiatives: usize) -> Vec<Reference> {
        let documents = [
            (Column::ReformPlan, ExternalReference::REFORM_PLAN),
            (Column::BasicOrdinance, ExternalReference::BASIC_ORDINANCE),
        ];
        let mut references = Vec::new();
        for (column, document) in documents {
            let Some(text) = record.some(column) else {
                continue;
            };
            if initiatives != 1 {
                let message = "for a row with one initiative, its first one";
                self.fault(record.line, column, message);
                continue;
            }
            match reference::read(document, &text) {
                Ok(read) => references.extend(read),
                Err(problems) => self.fault(record.line, column, problems.join("; ")),
            }
            let max = ExternalReference::OF_INITIATIVE_MAX;
            if max < references.len() {
                let message = format!("more than {max} references of one initiative");
                self.fault(record.line, column, message);
            }
        }
        references
    }

    /// What the row corrects or confirms of what is understood of its criterion.
    pub(super) fn correction(&mut self, record: &Record) -> Correction {
        let line = record.line;
        let mut told = |column: Column, known: bool, choices: String| {
            if let Some(text) = record.some(column).filter(|_| !known) {
                self.fault(line, column, format!("`{text}` is none of {choices}"));
            }
        };
        let letters = || ('a'..='z').zip(0..);
        let part = record.some(Column::Part).and_then(|text| {
            let letter = key(&text).to_lowercase();
            letters()
                .find(|(c, _)| letter == c.to_string())
                .map(|(_, index)| index)
        });
        told(Column::Part, part.is_some(), "a to z".to_owned());
        let chosen = |column: Column| record.some(column);
        let measure = chosen(Column::Measure)
            .and_then(|text| by_word(MEASURES, MeasureType::from_code, &text))
            .filter(|measure| MEASURES.iter().any(|(offered, _)| offered == measure));
        told(Column::Measure, measure.is_some(), all(MEASURES));
        let comparator = chosen(Column::Comparator)
            .and_then(|text| by_word(COMPARATORS, Comparator::from_code, &text))
            .filter(|comparator| COMPARATORS.iter().any(|(offered, _)| offered == comparator));
        told(Column::Comparator, comparator.is_some(), all(COMPARATORS));
        let aggregation = chosen(Column::Aggregation)
            .and_then(|text| by_word(AGGREGATIONS, AggTime::from_code, &text))
            .filter(|aggregation| {
                AGGREGATIONS
                    .iter()
                    .any(|(offered, _)| offered == aggregation)
            });
        told(
            Column::Aggregation,
            aggregation.is_some(),
            all(AGGREGATIONS),
        );
        let confirmed = chosen(Column::Confirmed)
            .is_some_and(|text| [CONFIRMED, "TRUE", "true", "yes"].contains(&text.as_str()));
        told(Column::Confirmed, confirmed, CONFIRMED.to_owned());
        let value = record.some(Column::Value).and_then(|text| {
            let value = number(&text);
            if value.is_none() {
                let message = format!("`{text}` is not a number; the unit has a column of its own");
                self.fault(line, Column::Value, message);
            }
            value
        });
        let due = record.some(Column::Due).and_then(|text| {
            parse_date(&text)
                .map_err(|error| self.fault(line, Column::Due, error.to_string()))
                .ok()
        });
        let continues = match &record.continues {
            None if !self.is_draft => self.continuation(record),
            read => read.clone(),
        };
        Correction {
            part,
            measure,
            comparator,
            value,
            unit: record.some(Column::Unit),
            due,
            aggregation,
            baseline: None,
            monthly_plan: Vec::new(),
            confirmed,
            continues,
        }
    }

    /// A row about a further figure of the criterion above.
    pub(super) fn further_part(
        &mut self,
        record: &Record,
        sections: &mut [Section],
        mut correction: Correction,
    ) {
        correction.baseline = self.baseline(record);
        correction.monthly_plan = self.monthly_plan(record);
        let above = sections
            .last_mut()
            .and_then(|section| section.rows.last_mut());
        let text = record.cell(Column::Criterion);
        match above {
            Some(row)
                if text.is_empty()
                    || row
                        .criteria
                        .concat()
                        .iter()
                        .any(|own| key(own) == key(text)) =>
            {
                row.extras.corrections.push((record.line, correction));
            }
            _ => self.fault(
                record.line,
                Column::Part,
                "the row above is about another criterion",
            ),
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

/// The words that a cell may have.
fn all<T>(words: &[(T, &'static str)]) -> String {
    let words: Vec<&str> = words.iter().map(|(_, word)| *word).collect();
    words.join(", ")
}

/// Reads a number in half or full width, with or without thousands separators.
fn number(text: &str) -> Option<Quantity> {
    Quantity::parse(&key(text).replace(',', "")).ok()
}
