//! Snapshots: what was frozen when a period was closed, and whether it still comes out the same.

use crate::api::v1;
use crate::cli::render::{View, evaluation};
use crate::cli::table::Table;
use crate::cli::terminal;

/// Snapshots, one a line.
pub fn list(view: &View, response: &v1::ListSnapshotsResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.plan.as_ref()));
    let mut table = Table::new()
        .text(view.pick("期間", "period"))
        .figures(view.pick("版", "revision"))
        .text(view.pick("評価基準日", "for"))
        .figures(view.pick("記録時点", "known at"))
        .text(view.pick("算定方針", "policy"))
        .figures(view.pick("行", "rows"))
        .text(view.pick("確定", "closed"))
        .text(view.pick("凍結", "frozen"))
        .figures(view.pick("修正公表", "restated"))
        .text("SHA-256");
    for snapshot in &response.snapshots {
        table.row([
            snapshot.period.clone(),
            snapshot.revision.to_string(),
            snapshot.effective_on.clone(),
            snapshot.known_at.to_string(),
            evaluation::policy(snapshot.policy.as_ref()),
            snapshot.rows.to_string(),
            view.time(snapshot.closed_at.as_ref()),
            view.time(snapshot.recorded_at.as_ref()),
            snapshot.restatements.len().to_string(),
            hex::encode(&snapshot.rows_sha256),
        ]);
    }
    if table.is_empty() {
        text.push_str(view.pick("確定した期間はありません\n", "no period was closed yet\n"));
    } else {
        text.push_str(&table.render(view.columns));
    }
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// One snapshot, computed again.
pub fn one(view: &View, response: &v1::GetSnapshotResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.plan.as_ref()));
    let Some(snapshot) = &response.snapshot else {
        return text;
    };
    if let Some(at) = &response.evaluated_at {
        text.push_str(&format!("  {}\n", evaluation::evaluated_at(view, at)));
    }
    let (period, revision) = (terminal::line(&snapshot.period), snapshot.revision);
    let (rows, frozen) = (snapshot.rows, view.time(snapshot.recorded_at.as_ref()));
    let closed = view.time(snapshot.closed_at.as_ref());
    text.push_str(&view.pick(
        format!("  期間 {period} 第{revision}版 · {rows}行 · 確定 {closed} · 凍結 {frozen}\n"),
        format!("  period {period}, revision {revision} · {rows} rows · closed {closed} · frozen {frozen}\n"),
    ));
    text.push_str(&format!(
        "  {} {}\n",
        view.pick("凍結時のSHA-256", "SHA-256 frozen  "),
        hex::encode(&snapshot.rows_sha256)
    ));
    text.push_str(&format!(
        "  {} {}\n",
        view.pick("再計算のSHA-256", "SHA-256 computed"),
        hex::encode(&response.computed_sha256)
    ));
    text.push_str(if response.matches {
        view.pick(
            "  一致: 同じ行が再計算されます\n",
            "  they match: the same rows come out\n",
        )
    } else {
        view.pick(
            "  不一致: 凍結した行は再計算されません\n",
            "  they differ: what was frozen does not come out\n",
        )
    });
    if let Some(root) = &snapshot.root {
        text.push_str(&view.pick(
            format!("  台帳のハッシュ木の根 {}\n", hex::encode(root)),
            format!("  Merkle root of the ledger {}\n", hex::encode(root)),
        ));
    }
    for restatement in &snapshot.restatements {
        let (rows, material) = (restatement.rows, restatement.material);
        let (when, known_at) = (
            view.time(restatement.recorded_at.as_ref()),
            restatement.known_at,
        );
        text.push_str(&view.pick(
            format!("  修正公表 {when} · 記録時点 {known_at}件 · {rows}行（うち判定に影響 {material}行）\n"),
            format!("  restated {when} · as known at {known_at} events · {rows} rows, {material} in judgement\n"),
        ));
    }
    text.push_str(&evaluation::footer(view, response.evaluated_at.as_ref()));
    text
}
