//! Periods and policies as people read them.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// The periods of a plan with how far they are closed.
pub fn periods(view: &View, response: &v1::ListPeriodsResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.plan.as_ref()));
    text.push_str(&format!(
        "  {}\n",
        view.heading(response.answered_at.as_ref())
    ));
    let mut table = Table::new()
        .text(view.pick("期間", "period"))
        .wrapping(view.pick("名称", "title"))
        .text(view.pick("始期", "from"))
        .text(view.pick("評価基準日", "evaluation date"))
        .text(view.pick("状態", "state"))
        .figures(view.pick("版", "revision"));
    for period in &response.periods {
        let span = period.span.clone().unwrap_or_default();
        let mut state = label::period_state(view.language, period.state()).to_owned();
        if let Some(until) = period.transitions.last().and_then(|t| t.until.as_ref()) {
            let until = terminal::line(until);
            state.push_str(&view.pick(format!("（{until}まで）"), format!(" (until {until})")));
        }
        table.row([
            terminal::line(&period.key),
            view.title(period.title.as_ref()),
            terminal::line(&span.first),
            terminal::line(&span.last),
            state,
            period.revision.to_string(),
        ]);
    }
    text.push_str(&table.render(view.columns));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// Policies with their versions, those in force marked.
pub fn policies(view: &View, response: &v1::ListPoliciesResponse) -> String {
    let mut table = Table::new()
        .text("")
        .text(view.pick("コード", "code"))
        .figures(view.pick("版", "version"))
        .text(view.pick("種類", "kind"))
        .text(view.pick("適用日", "effective"))
        .wrapping(view.pick("名称", "title"));
    for policy in &response.policies {
        let version = policy.version.clone().unwrap_or_default();
        let from = policy.effective_from.as_deref().map_or_else(
            || view.pick("組込み", "built in").to_owned(),
            terminal::line,
        );
        table.row([
            if policy.in_force { "*" } else { "" }.to_owned(),
            terminal::line(&version.code),
            version.version.to_string(),
            label::policy_kind(view.language, policy.kind()).to_owned(),
            from,
            view.title(policy.title.as_ref()),
        ]);
    }
    let mut text = view.heading(response.answered_at.as_ref());
    text.push_str(&table.render(view.columns));
    text.push_str(view.pick("* 適用中\n", "* in force\n"));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}
