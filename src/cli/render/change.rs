//! Changes as an auditor reads them: who, when, from what to what, why, on which paper.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, hex, series};
use crate::cli::terminal;
use crate::domain::date::Date;

/// Changes, a card each.
pub fn list(view: &View, response: &v1::ListChangesResponse) -> String {
    let mut text = view.heading(response.answered_at.as_ref());
    text.push('\n');
    for change in &response.changes {
        text.push_str(&card(view, change));
        text.push('\n');
    }
    let count = response.changes.len();
    let has_more = !response.next_page_token.is_empty();
    text.push_str(&view.count(count, ["change", "changes"], has_more));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// The changes of one thing; with `on`, those that hold by that day.
pub fn history(view: &View, response: &v1::ListChangesResponse, on: Option<Date>) -> String {
    let mut text = String::new();
    if let Some(on) = on {
        text.push_str(&view.pick(
            format!("{on} までを対象とする変更\n"),
            format!("changes that hold by {on}\n"),
        ));
    }
    text.push_str(&list(view, response));
    text
}

/// A sample: what was drawn, and from how many, so that it can be drawn again.
pub fn sample(view: &View, response: &v1::SampleChangesResponse, seed: &str) -> String {
    let mut text = view.heading(response.answered_at.as_ref());
    text.push('\n');
    for sampled in &response.sampled {
        if let Some(change) = &sampled.change {
            text.push_str(&card(view, change));
            let rank = hex(&sampled.rank_sha256);
            text.push_str(&format!("  {}: {rank}\n\n", view.pick("順位", "rank")));
        }
    }
    let (drawn, population) = (response.sampled.len(), response.population);
    let seed = terminal::line(seed);
    text.push_str(&view.pick(
        format!("{population}件から{drawn}件を抽出（種「{seed}」: SHA-256(種 ‖ イベントIDの16バイト) の小さい順）\n"),
        format!("{drawn} drawn from {population} (seed `{seed}`: least SHA-256(seed ‖ 16 bytes of the event id) first)\n"),
    ));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

fn card(view: &View, change: &v1::Change) -> String {
    let who = change.actor.as_ref().map_or_else(String::new, |actor| {
        let mut who = view.actor(Some(actor));
        if let Some(client) = &actor.client {
            who.push_str(&format!(" ({})", terminal::line(client)));
        }
        who
    });
    let mut text = format!(
        "#{}  {}  {}  {who}\n  {}\n",
        change.position,
        view.time(change.recorded_at.as_ref()),
        label::event_type(view.language, change.r#type()),
        view.entity(change.subject.as_ref()),
    );
    for field in &change.fields {
        let name = terminal::line(label::field(view.language, &field.field));
        let told = |side: &Option<String>| {
            let text = side.as_ref()?;
            let text = label::value(view.language, &field.field, text);
            Some(terminal::line(&text))
        };
        text.push_str(&match (told(&field.before), told(&field.after)) {
            (Some(before), Some(after)) => format!("  {name}: {before} → {after}\n"),
            (None, Some(after)) => format!("  {name}: {after}\n"),
            (Some(before), None) => {
                format!("  {name}: {before} → {}\n", view.pick("なし", "none"))
            }
            (None, None) => String::new(),
        });
    }
    let mut line = |ja: &str, en: &str, told: String| {
        text.push_str(&format!("  {}: {told}\n", view.pick(ja, en)));
    };
    if let Some(from) = &change.valid_from {
        line(
            "対象日・適用日",
            "holds for",
            series::days(from, change.valid_to.as_deref()),
        );
    }
    if let Some(reason) = &change.reason {
        let code = label::reason_code(view.language, reason.code());
        line(
            "理由",
            "reason",
            format!("{code}: {}", terminal::line(&reason.text)),
        );
    }
    if let Some(document) = &change.source_document {
        let told = [
            Some(&document.number),
            document.title.as_ref(),
            document.date.as_ref(),
        ];
        let told: Vec<String> = told
            .into_iter()
            .flatten()
            .map(|part| terminal::line(part))
            .collect();
        line("文書", "document", told.join(" "));
    }
    if let Some(decision) = &change.decision_event_id {
        line("決裁", "decision", terminal::line(decision));
    }
    for evidence in &change.evidence {
        let told = format!(
            "{} (sha256 {})",
            terminal::line(&evidence.title),
            hex(&evidence.sha256)
        );
        line("根拠", "evidence", told);
    }
    let mut flags: Vec<String> = change
        .flags()
        .map(|flag| label::change_flag(view.language, flag).to_owned())
        .collect();
    if let Some(days) = change.days_late {
        flags.push(view.pick(
            format!("対象日の{days}日後に記録"),
            format!("recorded {days} days later"),
        ));
    }
    if !flags.is_empty() {
        line("注意", "note", flags.join(view.pick("、", ", ")));
    }
    line("イベント", "event", terminal::line(&change.event_id));
    text
}
