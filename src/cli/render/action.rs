//! What was agreed to do next, as people read it.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// The actions agreed for a plan, one a line.
pub fn list(view: &View, response: &v1::ListNextActionsResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.plan.as_ref()));
    text.push_str(&format!(
        "  {}\n",
        view.heading(response.answered_at.as_ref())
    ));
    let mut table = Table::new()
        .text(view.pick("期限", "due"))
        .text(view.pick("方向", "kind"))
        .text(view.pick("担当", "owner"))
        .text(view.pick("対象", "for"))
        .wrapping(view.pick("内容", "what"))
        .text(view.pick("結果", "outcome"));
    for action in &response.actions {
        let subject = action.subject.clone().unwrap_or_default();
        let outcome = match action.outcome {
            Some(_) => label::action_outcome(view.language, action.outcome()),
            None => view.pick("未了", "open"),
        };
        table.row([
            terminal::line(&action.due),
            label::action_kind(view.language, action.kind()).to_owned(),
            view.name(action.owner.as_ref()),
            terminal::line(&subject.code),
            terminal::line(&action.text),
            outcome.to_owned(),
        ]);
    }
    if table.is_empty() {
        text.push_str(view.pick("  該当する対応はありません\n", "  there are none\n"));
    } else {
        text.push_str(&table.render(view.columns));
    }
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}
