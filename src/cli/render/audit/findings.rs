//! Audit findings as people read them.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::View;
use crate::cli::terminal;

/// Findings, one a paragraph: what was found, what was promised by when, what came of it.
pub fn list(view: &View, response: &v1::ListAuditFindingsResponse) -> String {
    let mut text = String::new();
    for finding in &response.findings {
        let state = label::finding_state(view.language, finding.state());
        let (number, date) = (
            terminal::line(&finding.finding),
            terminal::line(&finding.date),
        );
        let plan = finding.plan.as_ref().map_or("", |plan| plan.code.as_str());
        text.push_str(&format!(
            "{} {number}  {date}  {state}\n",
            terminal::line(plan)
        ));
        let mut line = |ja: &str, en: &str, told: String| {
            text.push_str(&format!("  {}: {told}\n", view.pick(ja, en)));
        };
        line("指摘", "found", terminal::line(&finding.text));
        let about: Vec<String> = finding
            .subjects
            .iter()
            .map(|subject| view.entity(Some(subject)))
            .collect();
        if !about.is_empty() {
            line("対象", "about", about.join(view.pick("、", ", ")));
        }
        let due = terminal::line(&finding.due);
        line(
            "約束",
            "promised",
            view.pick(
                format!("{}（{due}まで）", terminal::line(&finding.promised)),
                format!("{} (by {due})", terminal::line(&finding.promised)),
            ),
        );
        match &finding.answer {
            Some(answer) => {
                let late = answer.days_late.map_or_else(String::new, |days| {
                    view.pick(format!("（{days}日遅れ）"), format!(" ({days} days late)"))
                });
                let (date, said) = (terminal::line(&answer.date), terminal::line(&answer.text));
                line(
                    "措置",
                    "done",
                    format!("{date}{late} {}", terminal::line(&answer.action)),
                );
                line("回答", "answer", said);
            }
            None => line("措置", "done", view.pick("なし", "nothing yet").to_owned()),
        }
        text.push('\n');
    }
    let count = response.total;
    text.push_str(&view.pick(format!("{count}件\n"), format!("{count} findings\n")));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}
