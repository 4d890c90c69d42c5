//! What differs in a goal between two points, field by field: the goal, its initiatives, its indicators.
//!
//! ```text
//! portrait  everything that is told of a subject at a point
//! cause     the events behind a difference, step by step
//! ```
//! The steps are those between two evaluations (see [`crate::projection::evaluation::cause`]): what was learnt, what
//! happened, what another policy judges otherwise.

use crate::domain::directory::Directory;
use crate::domain::event::Subject;
use crate::ledger::{ReadFault, Reader};
use crate::projection::evaluation::At;
use crate::projection::evaluation::compare::{Materiality, RowChange};

pub mod cause;
pub mod portrait;

pub use portrait::{Field, Portrait, portrait};

/// A field that differs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FieldChange {
    /// The field.
    pub field: Field,
    /// What it was; `None`: nothing.
    pub before: Option<String>,
    /// What it is; `None`: nothing.
    pub after: Option<String>,
}

/// What differs between two portraits of one subject.
#[derive(Clone, Debug)]
pub struct Change {
    /// What became of it.
    pub change: RowChange,
    /// How much it matters.
    pub materiality: Materiality,
    /// Its fields that differ; at least one.
    pub fields: Vec<FieldChange>,
    /// The subject before; `None`: it did not stand in the plan.
    pub before: Option<Portrait>,
    /// The subject after; `None`: it does not stand in the plan any more.
    pub after: Option<Portrait>,
}

impl Change {
    /// These fields of a subject that stands at both points.
    fn of_fields(fields: Vec<FieldChange>) -> Self {
        let judged = fields.iter().any(|change| change.field.judges());
        Self {
            change: RowChange::Changed,
            materiality: if judged {
                Materiality::Major
            } else {
                Materiality::Minor
            },
            fields,
            before: None,
            after: None,
        }
    }
}

/// What differs in a subject.
#[derive(Clone, Debug)]
pub struct SubjectChange {
    /// The subject.
    pub subject: Subject,
    /// What differs.
    pub change: Change,
}

/// What differs between two portraits; `None` where nothing does.
pub fn change(before: Option<Portrait>, after: Option<Portrait>) -> Option<Change> {
    let fields = |portrait: &Option<Portrait>| {
        let portrait = portrait.as_ref();
        portrait.map_or(Vec::new(), |portrait| portrait.fields().cloned().collect())
    };
    let mut order = fields(&after);
    let gone = fields(&before);
    order.extend(
        gone.into_iter()
            .filter(|field| !order.contains(field))
            .collect::<Vec<_>>(),
    );
    let value = |portrait: &Option<Portrait>, field: &Field| {
        let value = portrait.as_ref()?.value(field)?;
        Some(value.to_owned())
    };
    let fields: Vec<FieldChange> = order
        .into_iter()
        .map(|field| FieldChange {
            before: value(&before, &field),
            after: value(&after, &field),
            field,
        })
        .filter(|change| change.before != change.after)
        .collect();
    if fields.is_empty() {
        return None;
    }
    let came_or_went = match (&before, &after) {
        (None, _) => Some(RowChange::Added),
        (_, None) => Some(RowChange::Removed),
        _ => None,
    };
    let found = Change {
        before,
        after,
        ..Change::of_fields(fields)
    };
    Some(match came_or_went {
        Some(change) => Change {
            change,
            materiality: Materiality::Major,
            ..found
        },
        None => found,
    })
}

/// Everything that differs in `subject` and what stands under it, in the order of `to`; what only `from` has is last.
pub async fn changes(
    reader: &Reader,
    from: &At,
    to: &At,
    subject: Subject,
) -> Result<Vec<SubjectChange>, ReadFault> {
    let mut subjects = standing(&to.directory, subject, to);
    let gone = standing(&from.directory, subject, from).into_iter();
    let gone: Vec<Subject> = gone.filter(|subject| !subjects.contains(subject)).collect();
    subjects.extend(gone);
    let mut found = Vec::new();
    for subject in subjects {
        let before = portrait(reader, from, subject).await?;
        let after = portrait(reader, to, subject).await?;
        let change = change(before, after);
        found.extend(change.map(|change| SubjectChange { subject, change }));
    }
    Ok(found)
}

/// A subject and what stands under it at a point.
fn standing(directory: &Directory, subject: Subject, at: &At) -> Vec<Subject> {
    let on = at.effective_on;
    let of_initiative = |id| {
        let indicators = directory.indicators_of_on(id, on);
        std::iter::once(Subject::Initiative(id)).chain(indicators.map(Subject::Indicator))
    };
    match subject {
        Subject::Indicator(_) => vec![subject],
        Subject::Initiative(id) => of_initiative(id).collect(),
        Subject::Goal(id) => {
            let initiatives = directory.initiatives_of_on(id, on);
            std::iter::once(subject)
                .chain(initiatives.flat_map(of_initiative))
                .collect()
        }
    }
}

#[cfg(test)]
mod tests;
