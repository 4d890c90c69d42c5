//! What differs between two evaluations of a plan, cell by cell of their canonical rows, and what that hashes to.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use crate::domain::id::IndicatorId;
use crate::domain::indicator::enumeration;
use crate::projection::evaluation::PlanEvaluation;
use crate::projection::evaluation::rows::{Column, Row, line, rows};

/// The format of the canonical differences.
pub const FORMAT: u32 = 1;

enumeration! {
    /// How much a difference matters.
    Materiality {
        /// Figures differ.
        Minor = "MINOR",
        /// The status, the achievement or the grade differs, or the indicator came or went.
        Major = "MAJOR",
    }
}

enumeration! {
    /// What became of a row.
    RowChange {
        /// Its figures differ.
        Changed = "CHANGED",
        /// Only the second evaluation has it.
        Added = "ADDED",
        /// Only the first evaluation has it.
        Removed = "REMOVED",
    }
}

/// A cell that differs. What is empty is nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldDifference {
    /// The column.
    pub column: Column,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

/// A row that differs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RowDifference {
    /// The indicator.
    pub indicator: IndicatorId,
    /// What became of its row.
    pub change: RowChange,
    /// How much it matters.
    pub materiality: Materiality,
    /// Its cells that differ, in the order of the columns; at least one.
    pub fields: Vec<FieldDifference>,
    /// Code of the indicator.
    code: String,
}

/// How many rows differ, and what the differences hash to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct DifferencesDigest {
    /// Rows that differ.
    pub rows: u32,
    /// Those of them that matter.
    pub material: u32,
    /// SHA-256 over the canonical differences.
    pub sha256: [u8; 32],
}

/// The rows that differ, in the order of the second evaluation, those that only the first has behind them.
pub fn differences(from: &PlanEvaluation, to: &PlanEvaluation) -> Vec<RowDifference> {
    let mut before: HashMap<IndicatorId, Row> = from
        .indicators()
        .map(|(_, _, i)| i.id)
        .zip(rows(from))
        .collect();
    let mut found = Vec::new();
    for ((_, _, indicator), after) in to.indicators().zip(rows(to)) {
        let before = before.remove(&indicator.id);
        found.extend(difference(indicator.id, before.as_ref(), Some(&after)));
    }
    for (_, _, indicator) in from.indicators() {
        if let Some(before) = before.remove(&indicator.id) {
            found.extend(difference(indicator.id, Some(&before), None));
        }
    }
    found
}

/// What differs between two rows of an indicator; `None` where nothing does.
pub fn difference(
    indicator: IndicatorId,
    before: Option<&Row>,
    after: Option<&Row>,
) -> Option<RowDifference> {
    let fields = fields(before, after);
    // A correction to the same value leaves every figure as it was.
    if fields
        .iter()
        .all(|field| field.column == Column::LastEventPosition)
    {
        return None;
    }
    let change = match (before, after) {
        (None, _) => RowChange::Added,
        (_, None) => RowChange::Removed,
        _ => RowChange::Changed,
    };
    let judged = fields.iter().any(|field| field.column.judges());
    let materiality = if judged || change != RowChange::Changed {
        Materiality::Major
    } else {
        Materiality::Minor
    };
    let row = after.or(before)?;
    Some(RowDifference {
        indicator,
        change,
        materiality,
        fields,
        code: row.cell(Column::Indicator).to_owned(),
    })
}

fn fields(before: Option<&Row>, after: Option<&Row>) -> Vec<FieldDifference> {
    let cell = |row: Option<&Row>, column| row.map_or("", |row| row.cell(column)).to_owned();
    Column::ALL
        .iter()
        .filter(|column| !column.identifies())
        .map(|column| FieldDifference {
            column: *column,
            before: cell(before, *column),
            after: cell(after, *column),
        })
        .filter(|field| field.before != field.after)
        .collect()
}

/// The lines of the canonical differences, the header first.
pub fn lines<'a>(
    from: &'a PlanEvaluation,
    to: &'a PlanEvaluation,
    differences: &'a [RowDifference],
) -> impl Iterator<Item = String> + 'a {
    let header = [
        "format",
        "plan",
        "from_effective_on",
        "from_known_at",
        "from_policy",
        "effective_on",
        "known_at",
        "policy",
        "indicator",
        "indicator_id",
        "change",
        "materiality",
        "field",
        "before",
        "after",
    ];
    let common = [
        FORMAT.to_string(),
        to.at.plan.code.to_string(),
        from.at.effective_on.to_string(),
        from.at.known_at.to_string(),
        from.at.ruling.name(),
        to.at.effective_on.to_string(),
        to.at.known_at.to_string(),
        to.at.ruling.name(),
    ];
    let body = differences.iter().flat_map(move |row| {
        let common = common.clone();
        row.fields.iter().map(move |field| {
            let own = [
                row.code.as_str(),
                &row.indicator.to_string(),
                row.change.code(),
                row.materiality.code(),
                field.column.name(),
                &field.before,
                &field.after,
            ]
            .map(str::to_owned);
            line(common.iter().chain(&own).map(String::as_str))
        })
    });
    std::iter::once(line(header.into_iter())).chain(body)
}

/// What the differences hash to.
pub fn digest(
    from: &PlanEvaluation,
    to: &PlanEvaluation,
    differences: &[RowDifference],
) -> DifferencesDigest {
    let mut hasher = Sha256::new();
    lines(from, to, differences).for_each(|line| hasher.update(line.as_bytes()));
    let count = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
    let material = differences
        .iter()
        .filter(|row| row.materiality == Materiality::Major);
    DifferencesDigest {
        rows: count(differences.len()),
        material: count(material.count()),
        sha256: hasher.finalize().into(),
    }
}
