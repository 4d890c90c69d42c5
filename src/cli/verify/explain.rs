//! A proof in plain words: what it is of, what it shows, and what it does not.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, event};
use crate::cli::terminal;

/// Columns of the longest name of a line, in either language.
const NAME_COLUMNS: usize = 14;

/// Who did what when, from the bytes that the proof is of.
pub fn proof(view: &View, event: &v1::Event) -> String {
    let mut text = facts(view, event);
    text.push_str(view.pick(SHOWS_JA, SHOWS_EN));
    text
}

fn facts(view: &View, event: &v1::Event) -> String {
    let fact = event.fact.clone().unwrap_or_default();
    let actor = event.actor.clone().unwrap_or_default();
    let days = [&fact.valid_from, &fact.valid_to];
    let days: Vec<&str> = days.into_iter().flatten().map(String::as_str).collect();
    let reason = fact.reason.as_ref().map(|reason| {
        let code = label::reason_code(view.language, reason.code());
        format!("{code} {}", reason.text)
    });
    // An event that a proof is of says nothing of the ledger's zone.
    let time = format!("{} UTC", view.time(event.recorded_at.as_ref()));
    let lines = [
        (view.pick("位置", "position"), event.position.to_string()),
        (view.pick("記録日時", "recorded"), time),
        (view.pick("だれが", "who"), actor.subject),
        (
            view.pick("代理", "on behalf of"),
            actor.acting_for.unwrap_or_default(),
        ),
        (
            view.pick("何を", "what"),
            label::event_type(view.language, event.r#type()).to_owned(),
        ),
        (view.pick("内容", "it says"), event::told(view, &fact)),
        (view.pick("対象日", "holds for"), days.join(" – ")),
        (view.pick("理由", "why"), reason.unwrap_or_default()),
        (view.pick("イベントID", "event id"), fact.event_id),
        (view.pick("台帳ID", "ledger id"), event.ledger.clone()),
    ];
    let mut text = String::new();
    for (name, value) in lines {
        if value.is_empty() {
            continue;
        }
        let space = " ".repeat(NAME_COLUMNS.saturating_sub(terminal::width(name)));
        text.push_str(&format!("  {name}{space}{}\n", terminal::line(&value)));
    }
    text
}

const SHOWS_JA: &str = "\
示すこと（下の INTEGRITY が「確認できた」のとき）:
  - この内容が、この位置に、この日時で記録され、その後1バイトも変わっていない。
  - 先端証明の署名の後に作られたものではない。
示さないこと:
  - 書かれた数値や事実が正しいこと。誤った事実も、そのまま正しく記録される。
  - 記録した人が名乗ったとおりの人であること。サーバーが確かめた範囲でしか言えない。
  - 後で訂正・取消されていないこと。それは、より新しい先端までの履歴で確かめる。
  - 台帳の持ち主が全体を作り直していないこと。以前の先端証明か、立会人の署名と比べて分かる。
";
const SHOWS_EN: &str = "\
It shows, where INTEGRITY below is verified:
  - this was recorded at this position and time, and not a byte of it was changed since;
  - it was there when the checkpoint was signed.
It does not show:
  - that what it says is true: a wrong figure is recorded as faithfully as a right one;
  - that who recorded it is who they say, beyond what the server checked;
  - that it was not corrected or taken back later: ask for the history up to a newer checkpoint;
  - that the operator did not rebuild the whole: an older checkpoint that you kept, or a witness, does.
";
