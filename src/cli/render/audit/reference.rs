//! An event that an answer rests on: who, when, why, on which paper.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, series};
use crate::cli::terminal;

/// The event on one line, without why.
pub fn line(view: &View, event: &v1::EventReference) -> String {
    let who = view.actor(event.actor.as_ref());
    let day = event.valid_from.as_ref().map(|from| {
        let days = series::days(from, event.valid_to.as_deref());
        view.pick(format!("（{days}分）"), format!(" (for {days})"))
    });
    format!(
        "#{} {} {}{}  {}",
        event.position,
        view.time(event.recorded_at.as_ref()),
        label::event_type(view.language, event.r#type()),
        day.unwrap_or_default(),
        who,
    )
}

/// Why, on which paper and decision: a line each, `indent` spaces before it.
pub fn grounds(
    view: &View,
    reason: Option<&v1::Reason>,
    document: Option<&v1::SourceDocument>,
    decision: Option<&str>,
    indent: usize,
) -> String {
    let mut text = String::new();
    let mut line = |ja: &str, en: &str, told: String| {
        let name = view.pick(ja, en);
        text.push_str(&format!("{}{name}: {told}\n", " ".repeat(indent)));
    };
    if let Some(reason) = reason {
        let code = label::reason_code(view.language, reason.code());
        let told = format!("{code}: {}", terminal::line(&reason.text));
        line("理由", "reason", told);
    }
    if let Some(document) = document {
        let told = [
            Some(&document.number),
            document.title.as_ref(),
            document.date.as_ref(),
        ];
        let told: Vec<String> = told
            .into_iter()
            .flatten()
            .map(|t| terminal::line(t))
            .collect();
        line("文書", "document", told.join(" "));
    }
    if let Some(decision) = decision {
        line("決裁", "decision", terminal::line(decision));
    }
    text
}

/// The event with why, `indent` spaces before it.
pub fn event(view: &View, event: &v1::EventReference, indent: usize) -> String {
    let grounds = grounds(
        view,
        event.reason.as_ref(),
        event.source_document.as_ref(),
        event.decision_event_id.as_deref(),
        indent + 2,
    );
    format!("{}{}\n{grounds}", " ".repeat(indent), line(view, event))
}
