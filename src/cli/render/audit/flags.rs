//! What auditors should look at, grouped by what it is about.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// Flags, one a row under the thing that they are about.
pub fn list(view: &View, response: &v1::ListFlagsResponse) -> String {
    let mut text = view.heading(response.answered_at.as_ref());
    text.push('\n');
    let mut flags = response.flags.iter().peekable();
    while let Some(first) = flags.next() {
        let subject = first.subject.as_ref();
        let lead = view.name(first.lead.as_ref());
        let lead = if lead.is_empty() {
            lead
        } else {
            view.pick(format!("（担当 {lead}）"), format!("  ({lead})"))
        };
        text.push_str(&format!("{}{lead}\n", view.entity(subject)));
        let mut table = Table::new()
            .text(view.pick("要確認", "flag"))
            .wrapping(view.pick("内容", "what"))
            .text(view.pick("根拠", "events"))
            .indented(2);
        table.row(row(view, first));
        while let Some(next) = flags.next_if(|next| next.subject.as_ref() == subject) {
            table.row(row(view, next));
        }
        text.push_str(&table.render(view.columns));
        text.push('\n');
    }
    let count = response.flags.len();
    let has_more = !response.next_page_token.is_empty();
    text.push_str(&view.count(count, ["flag", "flags"], has_more));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// Events named in a row.
const EVENTS: usize = 3;

fn row(view: &View, flag: &v1::Flag) -> [String; 3] {
    let words = flag.words.as_ref();
    let words = words.map_or("", |words| view.pick(&words.ja, &words.en));
    let mut events: Vec<String> = flag
        .events
        .iter()
        .take(EVENTS)
        .map(|event| format!("#{}", event.position))
        .collect();
    let more = usize::try_from(flag.event_count)
        .unwrap_or(usize::MAX)
        .saturating_sub(events.len());
    if 0 < more {
        events.push(view.pick(format!("ほか{more}件"), format!("{more} more")));
    }
    [
        label::flag_kind(view.language, flag.kind()).to_owned(),
        terminal::line(words),
        events.join(" "),
    ]
}
