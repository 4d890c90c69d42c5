//! 変更台帳: every change of a plan in the order of the ledger, with the hash that binds it there.

use crate::domain::directory::Named;
use crate::domain::event::Lateness;
use crate::domain::text::Language;
use crate::projection::change::Change;
use crate::projection::evaluation::At;
use crate::report::book::Cell;
use crate::report::cells::{self, text};
use crate::report::form::{Form, Head, Heading, Line, Part, Setting, Slot, pick};
use crate::report::{label, outline};

/// The ledger of changes, in the order of their positions.
pub fn form(at: &At, changes: &[Change], setting: Setting) -> Form {
    let language = setting.language;
    let title = pick(language, "変更台帳", "Ledger of changes");
    // What was recorded is listed whatever day it is for.
    let head = Head {
        effective_on: None,
        ..Head::of(at, setting, title)
    };
    let lines = changes
        .iter()
        .map(|change| Line::Slots(slots(change, language)));
    let count = changes.len();
    let part = Part {
        name: title.to_owned(),
        caption: vec![
            outline::caption(&head),
            match language {
                Language::Ja => format!(
                    "{count}件。ハッシュは記録されたバイト列の葉ハッシュ（RFC 9162, SHA-256）で、番号順に台帳の木をなす。"
                ),
                Language::En => format!(
                    "{count} changes. Hashes are leaf hashes (RFC 9162, SHA-256) of the bytes as recorded."
                ),
            },
        ],
        columns: headings(language),
        lines: lines.collect(),
        closing: Vec::new(),
    };
    Form {
        head,
        parts: vec![part],
    }
}

fn headings(language: Language) -> Vec<Heading> {
    let new = |ja, en, width| Heading::new(language, ja, en, width);
    vec![
        new("番号", "position", 7),
        new("記録日時", "recorded", 11),
        new("対象日", "holds for", 11),
        new("種別", "kind", 11),
        new("対象", "subject", 18),
        new("変更内容", "change", 28),
        new("理由", "reason", 18),
        new("決裁・文書", "decision, document", 11),
        new("記録者", "recorded by", 11),
        new("遅れ", "late", 7),
        new("葉ハッシュ", "leaf hash", 32),
    ]
}

fn slots(change: &Change, language: Language) -> Vec<Slot> {
    let recorded = &change.stored.recorded;
    let event = &recorded.event;
    let moment = change.directory.civil(recorded.recorded_at);
    let reason = event.reason.as_ref().map(|reason| {
        let code = reason.code.label(language);
        let between = pick(language, "：", ": ");
        format!("{code}{between}{}", reason.text.shown(language))
    });
    let cells = [
        cells::count(recorded.position),
        text(moment.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        event
            .valid
            .map_or(Cell::Empty, |valid| Cell::Day(valid.counts_on())),
        text(event.payload.event_type().label(language)),
        text(subject(change, language)),
        text(fields(change, language)),
        text(reason.unwrap_or_default()),
        text(papers(change, language)),
        text(recorded.actor.subject.to_string()),
        text(lateness(change.lateness, language)),
        text(hex::encode(change.stored.leaf_hash.as_bytes())),
    ];
    cells.into_iter().map(Slot::Of).collect()
}

/// Code and title of what was changed, by the words of then.
fn subject(change: &Change, language: Language) -> String {
    let directory = &change.directory;
    let on = change.recorded_on;
    let told = match change.subject {
        Named::Ledger => directory
            .ledger()
            .map(|ledger| (ledger.code.to_string(), ledger.title.clone())),
        Named::Plan(id) => directory
            .plan(id)
            .map(|plan| (plan.code.to_string(), plan.title.clone())),
        Named::Unit(id) => directory
            .unit(id)
            .map(|unit| (unit.code.to_string(), unit.name_on(on).clone())),
        Named::Goal(id) => directory
            .goal(id)
            .map(|goal| (goal.code.to_string(), goal.worded_on(on).title.clone())),
        Named::Initiative(id) => directory
            .initiative(id)
            .map(|entry| (entry.code.to_string(), entry.worded_on(on).title.clone())),
        Named::Indicator(id) => directory
            .indicator(id)
            .map(|entry| (entry.code.to_string(), entry.worded_on(on).title.clone())),
    };
    told.map_or_else(String::new, |(code, title)| {
        format!("{code}\n{}", title.in_language(language))
    })
}

fn fields(change: &Change, language: Language) -> String {
    let none = pick(language, "なし", "none");
    let lines: Vec<String> = change
        .fields
        .iter()
        .map(|field| {
            let name = label::field(language, field.field);
            let between = pick(language, "：", ": ");
            let told = |side: &Option<String>| {
                side.as_ref()
                    .map(|text| label::value(language, field.field, text))
            };
            match (told(&field.before), told(&field.after)) {
                (None, after) => {
                    format!("{name}{between}{}", after.as_deref().unwrap_or(none))
                }
                (Some(before), after) => {
                    format!(
                        "{name}{between}{before} → {}",
                        after.as_deref().unwrap_or(none)
                    )
                }
            }
        })
        .collect();
    lines.join("\n")
}

/// The decision and the paper behind it, and how many pieces of evidence.
fn papers(change: &Change, language: Language) -> String {
    let event = &change.stored.recorded.event;
    let mut lines = Vec::new();
    lines.extend(
        event
            .source_document
            .as_ref()
            .map(|paper| paper.number.to_string()),
    );
    lines.extend(event.decision.map(|decision| {
        let words = pick(language, "決裁", "decision");
        format!("{words} {decision}")
    }));
    if !event.evidence.is_empty() {
        let pieces = event.evidence.len();
        lines.push(match language {
            Language::Ja => format!("根拠資料{pieces}点"),
            Language::En => format!("{pieces} pieces of evidence"),
        });
    }
    lines.join("\n")
}

fn lateness(lateness: Lateness, language: Language) -> String {
    let days = lateness.days.map(|days| match language {
        Language::Ja => format!("{days}日"),
        Language::En => format!("{days} days"),
    });
    let late = lateness
        .late
        .then(|| pick(language, "遅延", "late").to_owned());
    let retroactive = lateness
        .retroactive
        .then(|| pick(language, "遡及", "retroactive").to_owned());
    let told: Vec<String> = days.into_iter().chain(late).chain(retroactive).collect();
    told.join("\n")
}
