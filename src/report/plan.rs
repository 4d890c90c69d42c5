//! 様式1 組織重点目標: the plan as it was published, in its four columns.

use crate::domain::id::UnitId;
use crate::projection::evaluation::PlanEvaluation;
use crate::report::form::{Form, Heading, Setting, pick};
use crate::report::outline;

/// The form, of one department only where it is named.
pub fn form(evaluation: &PlanEvaluation, setting: Setting, department: Option<UnitId>) -> Form {
    /// How much wider columns are where only four stand on a page.
    const WIDER: u16 = 2;
    let title = pick(
        setting.language,
        "様式1 組織重点目標",
        "Form 1: the organisation's goals",
    );
    let columns: Vec<Heading> = outline::headings(setting.language)
        .into_iter()
        .map(|column| Heading {
            width: column.width.saturating_mul(WIDER),
            ..column
        })
        .collect();
    outline::form(evaluation, setting, department, title, &columns, |_| {
        Vec::new()
    })
}
