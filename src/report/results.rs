//! 様式3 実績: what the year came to, in the columns in which the city publishes it.

use crate::domain::event::NarrativeKind;
use crate::domain::id::UnitId;
use crate::domain::indicator::ExternalReference;
use crate::domain::text::Language;
use crate::projection::evaluation::history::Histories;
use crate::projection::evaluation::{At, PlanEvaluation};
use crate::projection::wording;
use crate::report::book::Cell;
use crate::report::cells::{self, text};
use crate::report::form::{Form, Heading, Setting, pick};
use crate::report::outline::{self, Place};
use crate::report::reference;

/// The form, of one department only where it is named.
pub fn form(
    evaluation: &PlanEvaluation,
    histories: &Histories,
    setting: Setting,
    department: Option<UnitId>,
) -> Form {
    let language = setting.language;
    let title = pick(
        language,
        "様式3 組織重点目標 実績",
        "Form 3: results of the organisation's goals",
    );
    let new = |ja, en, width| Heading::new(language, ja, en, width);
    let mut columns = outline::headings(language);
    columns.extend([
        new("実績・成果", "result", 36),
        new("行革プラン", "reform plan", 12),
        new(
            "自治基本条例関連条項",
            "related clauses of the basic ordinance",
            12,
        ),
    ]);
    let at = &evaluation.at;
    let cells = |place: &Place<'_>| {
        vec![
            result(at, histories, place, language),
            clauses(place, ExternalReference::REFORM_PLAN),
            clauses(place, ExternalReference::BASIC_ORDINANCE),
        ]
    };
    outline::form(evaluation, setting, department, title, &columns, cells)
}

/// What the initiative refers to in a document, on its first line.
fn clauses(place: &Place<'_>, document: &str) -> Cell {
    let references = &place.initiative.entry.references;
    match reference::clauses(references, document) {
        told if place.begins_initiative && !told.is_empty() => text(told),
        _ => Cell::Empty,
    }
}

/// What reports came to, and what was told of the results.
fn result(at: &At, histories: &Histories, place: &Place<'_>, language: Language) -> Cell {
    let indicator = place.indicator;
    let evaluation = &indicator.evaluation;
    let actual = wording::actual(&evaluation.actual, &indicator.definition, language);
    let policy = &at.ruling.policy.content;
    let attained = cells::attainment_words(evaluation, policy);
    let mut lines = vec![match attained {
        Some(attained) => format!("{actual} ({attained})"),
        None => actual,
    }];
    for (subject, _, words) in place.subjects(language) {
        let told = histories.narratives(subject);
        let results = told.filter(|told| told.kind == NarrativeKind::Result);
        lines.extend(results.map(|told| format!("{words}{}", told.text.shown(language))));
    }
    text(lines.join("\n"))
}
