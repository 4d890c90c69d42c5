//! Ledgers of a server, and one of them.

use crate::api::v1;
use crate::cli::render::{View, hex};
use crate::cli::table::Table;
use crate::cli::terminal;

/// Ledgers, one a line.
pub fn list(view: &View, response: &v1::ListLedgersResponse) -> String {
    let mut table = Table::new()
        .text(view.pick("コード", "code"))
        .wrapping(view.pick("名称", "title"))
        .figures(view.pick("件数", "events"))
        .text(view.pick("時間帯", "time zone"))
        .text(view.pick("備考", "remark"))
        .text("id");
    for status in &response.ledgers {
        let ledger = status.ledger.clone().unwrap_or_default();
        let mut remarks = Vec::new();
        if ledger.default_ledger {
            remarks.push(view.pick("既定", "default"));
        }
        if ledger.access_log_of.is_some() {
            remarks.push(view.pick("アクセス記録", "access log"));
        }
        let own = View::new(view.language, view.columns).of(ledger.clone());
        remarks.extend(own.sample_mark());
        table.row([
            ledger.code.clone(),
            view.title(ledger.title.as_ref()),
            status.head.as_ref().map_or(0, |head| head.size).to_string(),
            ledger.time_zone.clone(),
            remarks.join(view.pick("、", ", ")),
            ledger.id.clone(),
        ]);
    }
    if table.is_empty() {
        return view
            .pick(
                "台帳がありません → daicho ledger open で開設できます\n",
                "no ledger yet → open one with: daicho ledger open\n",
            )
            .to_owned();
    }
    table.render(view.columns)
}

/// One ledger: what it is, how far it goes now and at the standpoint asked for, its plans.
pub fn card(view: &View, response: &v1::GetLedgerResponse) -> String {
    let ledger = response.ledger.clone().unwrap_or_default();
    let head = response.head.clone().unwrap_or_default();
    let view = &view.clone().of(ledger.clone());
    let mut text = format!(
        "{}  {}\n  {}",
        terminal::line(&ledger.code),
        view.title(ledger.title.as_ref()),
        view.heading(response.answered_at.as_ref())
    );
    let mut line = |ja: &str, en: &str, told: &str| {
        text.push_str(&format!("  {}: {told}\n", view.pick(ja, en)));
    };
    let events = head.size;
    let now = view.pick(
        format!("{events}件（世代 {}）", head.generation),
        format!("{events} events (generation {})", head.generation),
    );
    line("id", "id", &terminal::line(&ledger.id));
    line("現在", "now", &now);
    line("ハッシュ", "root", &hex(&head.root));
    line("今日", "today", &terminal::line(&response.today));
    line("時間帯", "time zone", &terminal::line(&ledger.time_zone));
    line("開設", "opened", &view.time(ledger.opened_at.as_ref()));
    line("証明の起点", "origin", &terminal::line(&ledger.origin));
    for plan in &response.plans {
        line("計画", "plan", &view.entity(Some(plan)));
    }
    text.push_str(&view.footer(None));
    text
}
