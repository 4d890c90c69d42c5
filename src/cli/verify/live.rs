//! `verify store` without a folder: the server verifies its own copies while it works.
//!
//! That finds damage early. It proves nothing to anybody who does not believe the server.

use serde_json::{Map, Value, json};

use crate::api::v1;
use crate::api::v1::verify_store_response::Content;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::cli::verify::Found;
use crate::cli::verify::found::both_have;
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};

/// Asks the server.
pub(super) async fn live(session: &Session) -> Result<Found, Failure> {
    let view = &session.view;
    let mut messages = session.client.verify_store().await?;
    let mut report = v1::VerifyStoreReport::default();
    while let Some(message) = messages
        .message()
        .await
        .map_err(|status| Failure::from_stream(session.language(), &status))?
    {
        match message.content {
            Some(Content::Progress(progress)) if session.output.is_watched() => {
                let (events, size) = (progress.events, progress.size);
                session.output.remark(&format!("{events} / {size}"));
            }
            Some(Content::Report(found)) => report = found,
            Some(Content::Progress(_)) | None => {}
        }
    }
    let events = report.events;
    let mut verdicts = Verdicts::default();
    let first = report.findings.first();
    let (outcome, sentence) = match first {
        Some(found) => {
            let place = match found.position {
                Some(position) => view.pick(
                    format!("位置{position}: "),
                    format!("position {position}: "),
                ),
                None => format!("{}: ", terminal::line(&found.place)),
            };
            (
                Outcome::Tampered,
                format!("{place}{}", terminal::line(&found.message)),
            )
        }
        None => (
            Outcome::Verified,
            view.pick(
                format!(
                    "{}、台帳自身の鍵で署名されたすべての根が得られます",
                    both_have(view, events, report.only_in_read_copy)
                ),
                format!(
                    "{}, which give every root that the ledger's own key signed",
                    both_have(view, events, report.only_in_read_copy)
                ),
            ),
        ),
    };
    verdicts.say(Aspect::Integrity, outcome, sentence);
    verdicts.say(
        Aspect::Witnessed,
        Outcome::NotShown,
        view.pick(
            "サーバー自身の確認です。サーバーを信じない人には何も示しません（daicho verify bundle で確かめられます）",
            "the server's own word; whoever does not believe it verifies a bundle",
        ),
    );
    verdicts.say(
        Aspect::Content,
        Outcome::NotShown,
        view.pick(
            "根拠資料と個人情報の文は調べていません（サーバーを止めて daicho verify store DATA で調べられます）",
            "files that events name and texts about people were not looked at: daicho verify store DATA looks at those of a server that is stopped",
        ),
    );
    let mut text = String::new();
    for found in &report.findings {
        let place = found
            .position
            .map_or_else(|| "-".to_owned(), |position| position.to_string());
        text.push_str(&format!(
            "{place:>10}  {}  {}\n",
            terminal::line(&found.message),
            terminal::line(&found.place)
        ));
    }
    Ok(Found {
        verdicts,
        text,
        fields: fields(&report),
    })
}

fn fields(report: &v1::VerifyStoreReport) -> Map<String, Value> {
    let finding = |found: &v1::StoreFinding| {
        json!({
            "kind": found.kind,
            "position": found.position,
            "to": found.to,
            "other": found.other,
            "file": found.place,
            "expected": found.expected,
            "found": found.found,
        })
    };
    let mut all = Map::new();
    let mut put = |name: &str, value: Value| all.insert(name.to_owned(), value);
    put("events", json!(report.events));
    put("streams", json!(report.streams));
    put("in_read_copy", json!(report.in_read_copy));
    put("only_in_read_copy", json!(report.only_in_read_copy));
    put("root_of_all", json!(hex::encode(&report.root)));
    put("kept_checkpoints", json!(report.kept_checkpoints));
    put("last_good", json!(report.last_good));
    put("findings", report.findings.iter().map(finding).collect());
    put("omitted", json!(report.omitted));
    all
}
