//! Ledgers of a server.

use crate::api::v1;
use crate::cli::render::View;
use crate::cli::table::Table;

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
