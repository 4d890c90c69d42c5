//! Checkpoints: what people compare of them.

use jiff::Timestamp;

use crate::api::v1;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;
use crate::merkle::{NoteSignature, SignedCheckpoint};

/// Checkpoints, one a line.
pub fn list(view: &View, response: &v1::ListCheckpointsResponse) -> String {
    let mut table = Table::new()
        .figures(view.pick("件数", "size"))
        .figures(view.pick("連署", "cosigned"))
        .text(view.pick("指紋", "fingerprint"))
        .text(view.pick("根", "root"));
    for kept in &response.checkpoints {
        let cells = [
            kept.size.to_string(),
            cosignatures(kept).len().to_string(),
            kept.fingerprint.clone(),
            hex::encode(&kept.root),
        ];
        table.row(cells);
    }
    let mut text = match table.is_empty() {
        true => view
            .pick("署名した先端はありません\n", "no checkpoint is kept\n")
            .to_owned(),
        false => table.render(view.columns),
    };
    text.push_str(&view.footer(None));
    text
}

/// A checkpoint after cosignatures were added: who cosigned it, and when.
pub fn cosigned(view: &View, response: &v1::AddCosignatureResponse) -> String {
    let none = v1::SignedCheckpoint::default();
    let shown = response.checkpoint.as_ref().unwrap_or(&none);
    let (size, added) = (shown.size, response.added);
    let mut text = match added {
        0 => view.pick(
            format!("{size}件の先端証明には記録済みです\n"),
            format!("the checkpoint of {size} events had them already\n"),
        ),
        _ => view.pick(
            format!("{size}件の先端証明に連署を{added}件加えました\n"),
            format!("added {added} to the checkpoint of {size} events\n"),
        ),
    };
    for (name, time) in cosignatures(shown) {
        text.push_str(&format!("  {}  {time}\n", terminal::line(&name)));
    }
    text
}

/// A recording of where every stream stands.
pub fn heads(view: &View, response: &v1::RecordHeadsResponse) -> String {
    let heads = response.heads.clone().unwrap_or_default();
    let position = response.event.as_ref().map_or(0, |event| event.position);
    let (size, streams, root) = (heads.size, heads.streams, hex::encode(&heads.root));
    let mut text = match response.recorded {
        true => view.pick(
            format!("{size}件時点の{streams}ストリームの末尾を記録しました（位置 {position}）\n"),
            format!("recorded where {streams} streams stand at size {size}, at position {position}\n"),
        ),
        false => view.pick(
            format!("{size}件時点の{streams}ストリームの末尾は記録済みです（位置 {position}）\n"),
            format!("where {streams} streams stand at size {size} is recorded already, at position {position}\n"),
        ),
    };
    text.push_str(&format!("  {} {root}\n", view.pick("根", "root")));
    text.push_str(&view.footer(None));
    text
}

/// Who cosigned a checkpoint, and when they say they did. Not verified: what a server shows, it verified.
fn cosignatures(shown: &v1::SignedCheckpoint) -> Vec<(String, String)> {
    let Ok(signed) = SignedCheckpoint::parse(shown.note.as_bytes()) else {
        return Vec::new();
    };
    let log = signed.checkpoint().origin();
    let signatures = signed.note().signatures().iter();
    let others = signatures.filter(|signature| signature.name().as_str() != log);
    let told = |signature: &NoteSignature| {
        let time = signature
            .stated_time()
            .and_then(|seconds| i64::try_from(seconds).ok());
        let time = time.and_then(|seconds| Timestamp::from_second(seconds).ok());
        let time = time.map_or_else(String::new, |time| time.to_string());
        (signature.name().to_string(), time)
    };
    others.map(told).collect()
}

/// What to compare of a checkpoint with a printed page.
pub fn fingerprint(view: &View, checkpoint: &v1::SignedCheckpoint) -> String {
    let (size, fingerprint) = (checkpoint.size, terminal::line(&checkpoint.fingerprint));
    view.pick(
        format!("{size}件の先端証明、指紋 {fingerprint}"),
        format!("checkpoint of {size} events, fingerprint {fingerprint}"),
    )
}
