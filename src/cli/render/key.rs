//! The keys of a ledger.

use crate::api::v1;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// The keys, one a line; then each in full with what people compare.
pub fn list(view: &View, keys: &[v1::LedgerKey]) -> String {
    let mut table = Table::new()
        .text(view.pick("番号", "id"))
        .text(view.pick("状態", "state"))
        .figures(view.pick("開始件数", "from size"))
        .figures(view.pick("最終件数", "last size"))
        .figures(view.pick("信頼できる件数", "trusted up to"));
    for key in keys {
        let number = |size: Option<u64>| size.map_or_else(String::new, |size| size.to_string());
        let state = match (key.in_force, key.last_trusted_size, key.last_size) {
            (true, ..) => view.pick("有効", "in force"),
            (false, Some(_), _) => view.pick("危殆化", "known to others"),
            (false, None, Some(_)) => view.pick("廃止", "retired"),
            (false, None, None) => view.pick("以前の世代", "of an earlier generation"),
        };
        let id = key.verifier_key.split('+').nth(1).unwrap_or_default();
        table.row([
            terminal::line(id),
            state.to_owned(),
            number(key.from_size),
            number(key.last_size),
            number(key.last_trusted_size),
        ]);
    }
    let mut text = table.render(view.columns);
    for key in keys.iter().filter(|key| key.in_force) {
        let label = view.pick("指紋", "fingerprint");
        let (key, fingerprint) = (
            terminal::line(&key.verifier_key),
            terminal::line(&key.fingerprint),
        );
        text.push_str(&format!("{key}\n  {label} {fingerprint}\n"));
    }
    text
}

/// A change of keys: what is in force now, and what to do next.
pub fn changed(view: &View, change: &v1::KeyChange) -> String {
    let done = match change.replayed {
        true => view.pick(
            "記録済みです（今回は変更していません）\n",
            "recorded before, nothing was changed now\n",
        ),
        false => view.pick("記録しました\n", "recorded\n"),
    };
    let next = view.pick(
        "検証する人に新しい信頼方針（daicho trust-policy）を、サーバーを通さない手段で渡してください\n",
        "give whoever verifies the new policy (daicho trust-policy), by another way than this server\n",
    );
    format!("{done}{}{next}", list(view, &change.keys))
}
