//! Failures: what is wrong, where, and what to do next, each on its own line.

use crate::cli::failure::{Report, Violation};
use crate::cli::hint;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::text::Language;

/// A failure in words.
pub fn report(language: Language, report: &Report) -> String {
    let mark = pick(language, "エラー", "error");
    let mut text = format!("{mark}: {}", terminal::line(&report.message));
    if let Some(reason) = &report.reason {
        text.push_str(&format!(" [{}]", terminal::line(reason)));
    }
    text.push('\n');
    for violation in &report.violations {
        text.push_str(&line(language, violation, report));
    }
    if 0 < report.omitted {
        text.push_str(&pick(
            language,
            format!("  ほかに{}件\n", report.omitted),
            format!("  and {} more\n", report.omitted),
        ));
    }
    for hint in &report.hints {
        for (number, line) in terminal::block(hint).lines().enumerate() {
            let lead = if number == 0 { "→" } else { " " };
            text.push_str(format!("  {lead} {line}").trim_end());
            text.push('\n');
        }
    }
    text
}

fn line(language: Language, violation: &Violation, report: &Report) -> String {
    let field = terminal::line(&violation.field);
    let place = match (hint::argument(&violation.field), field.is_empty()) {
        (Some(argument), _) => Some(format!("{argument} ({field})")),
        (None, false) => Some(field),
        (None, true) => None,
    };
    // What the first line says already is not said again.
    let message = Some(terminal::line(&violation.message))
        .filter(|_| violation.message != report.message || place.is_none());
    let said: Vec<String> = place.into_iter().chain(message).collect();
    let mut text = format!("  {}", said.join(": "));
    if !violation.reason.is_empty() && report.reason.as_ref() != Some(&violation.reason) {
        text.push_str(&format!(" [{}]", terminal::line(&violation.reason)));
    }
    if let Some(advice) = hint::advice(language, &violation.reason) {
        text.push_str(&format!(" → {advice}"));
    }
    text.push('\n');
    text
}
