//! `daicho verify print`: which checkpoint a fingerprint on a printed page is of, and what was closed at it.

use clap::Args;
use serde_json::{Value, json};

use crate::api::v1;
use crate::api::v1::get_event_request::Selector;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::cli::verify::verdict::{Aspect, Outcome, Verdicts};
use crate::cli::verify::{Found, PolicyArgs, about, fields, trust};
use crate::merkle::{Fingerprint, SignedCheckpoint};

use trust::Trust;

/// Arguments of `verify print`.
#[derive(Args, Clone, Debug)]
pub struct PrintArgs {
    /// The fingerprint as it is printed; upper or lower case, with or without hyphens
    #[arg(value_name = "FINGERPRINT", value_parser = str::parse::<Fingerprint>)]
    fingerprint: Fingerprint,
    #[command(flatten)]
    policy: PolicyArgs,
}

/// Looks for the checkpoint among those that the server keeps.
pub(super) async fn print(session: &Session, args: &PrintArgs) -> Result<Found, Failure> {
    let view = &session.view;
    let policy = trust::policy(view, &args.policy)?;
    let mut verdicts = Verdicts::default();
    // Computed here from what is signed: the server's own word for it is not enough.
    let parsed = |kept: &v1::SignedCheckpoint| SignedCheckpoint::parse(kept.note.as_bytes()).ok();
    let is_it = |kept: &v1::SignedCheckpoint| {
        parsed(kept).is_some_and(|kept| Fingerprint::of(kept.checkpoint()) == args.fingerprint)
    };
    let found = session.client.find_checkpoint(is_it).await?;
    let Some(signed) = found.as_ref().and_then(parsed) else {
        verdicts.say(
            Aspect::Integrity,
            Outcome::Undecided,
            view.pick(
                "この指紋の先端証明は、サーバーが保管するものの中にありません",
                "no checkpoint that the server keeps has this fingerprint",
            ),
        );
        let (text, fields) = (String::new(), serde_json::Map::new());
        return Ok(Found {
            verdicts,
            text,
            fields,
        });
    };
    let size = signed.checkpoint().head().size;
    let trust = Trust::of(policy.as_ref(), &signed);
    let (outcome, sentence) = match trust.doubt(view) {
        Some((_, sentence)) if trust == Trust::NoPolicy => (
            Outcome::Undecided,
            view.pick(
                format!("印刷された指紋は{size}件の先端証明と一致しますが、{sentence}"),
                format!("the printed fingerprint is that of the checkpoint of {size} events, but {sentence}"),
            ),
        ),
        Some(doubt) => doubt,
        None => (
            Outcome::Verified,
            view.pick(
                format!("印刷された指紋は、台帳の鍵が署名した{size}件の先端証明と一致します"),
                format!("the printed fingerprint is that of the checkpoint of {size} events, which the ledger's key signed"),
            ),
        ),
    };
    verdicts.say(Aspect::Integrity, outcome, sentence);
    trust.witnessed(view, policy.as_ref(), &mut verdicts);
    let now = session.view.ledger.as_ref().map(|ledger| &ledger.origin);
    if now.is_some_and(|now| now != signed.checkpoint().origin()) {
        let mut text = about(view, &signed);
        text.push_str(view.pick(
            "以前の世代の先端証明です。台帳は別の名で引き継がれ、失われたイベントがあり得ます\n",
            "of an earlier generation: the ledger goes on under another name, and events may have been lost\n",
        ));
        let mut fields = fields(&signed);
        fields.insert("earlier_generation".to_owned(), Value::Bool(true));
        return Ok(Found {
            verdicts,
            text,
            fields,
        });
    }
    let last = Selector::Position(size.saturating_sub(1));
    let last = session.client.event(last).await?.event.unwrap_or_default();
    let mut text = about(view, &signed);
    let time = view.time(last.recorded_at.as_ref());
    text.push_str(&view.pick(
        format!("最後のイベントの記録日時 {time}\n"),
        format!("last event recorded {time}\n"),
    ));
    let mut closings = Vec::new();
    for plan in session.client.every(v1::EntityKind::Plan).await? {
        let listed = session
            .client
            .snapshots(Some(plan.id.clone()), None)
            .await?;
        for snapshot in listed.snapshots {
            if snapshot.known_at != size {
                continue;
            }
            let (plan, period) = (terminal::line(&plan.code), terminal::line(&snapshot.period));
            let (revision, on) = (snapshot.revision, terminal::line(&snapshot.effective_on));
            text.push_str(&view.pick(
                format!("確定 {plan} {period} 第{revision}版、評価基準日 {on}\n"),
                format!("closing of {plan} {period}, revision {revision}, for {on}\n"),
            ));
            closings.push(json!({
                "plan": plan, "period": period, "revision": revision, "effective_on": on,
            }));
        }
    }
    let mut fields = fields(&signed);
    fields.insert(
        "last_recorded_at".to_owned(),
        json!(instant(last.recorded_at)),
    );
    fields.insert("closings".to_owned(), Value::Array(closings));
    Ok(Found {
        verdicts,
        text,
        fields,
    })
}

fn instant(at: Option<prost_types::Timestamp>) -> Option<String> {
    let at = at.and_then(|at| jiff::Timestamp::new(at.seconds, at.nanos).ok());
    at.map(|at| at.to_string())
}
