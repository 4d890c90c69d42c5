//! Checkpoints: what people compare of them.

use crate::api::v1;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// Checkpoints, one a line.
pub fn list(view: &View, response: &v1::ListCheckpointsResponse) -> String {
    let mut table = Table::new()
        .figures(view.pick("件数", "size"))
        .text(view.pick("指紋", "fingerprint"))
        .text(view.pick("根", "root"));
    for kept in &response.checkpoints {
        let cells = [
            kept.size.to_string(),
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

/// What to compare of a checkpoint with a printed page.
pub fn fingerprint(view: &View, checkpoint: &v1::SignedCheckpoint) -> String {
    let (size, fingerprint) = (checkpoint.size, terminal::line(&checkpoint.fingerprint));
    view.pick(
        format!("{size}件の先端証明、指紋 {fingerprint}"),
        format!("checkpoint of {size} events, fingerprint {fingerprint}"),
    )
}
