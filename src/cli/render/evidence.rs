//! Attached files: how they are found, and how one was erased.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// Files, one a line, and how many there are.
pub fn list(view: &View, files: &[v1::CheckedEvidence], summary: &v1::EvidenceSummary) -> String {
    let mut table = Table::new()
        .text(view.pick("状態", "state"))
        .figures(view.pick("位置", "position"))
        .wrapping(view.pick("資料", "file"))
        .figures(view.pick("バイト", "bytes"))
        .text("SHA-256")
        .wrapping(view.pick("備考", "remark"));
    for file in files {
        let named = file.evidence.as_ref();
        let bytes = file.size_bytes.or(named.and_then(|named| named.size_bytes));
        table.row([
            label::evidence_state(view.language, file.state()).to_owned(),
            file.position
                .map_or_else(String::new, |position| position.to_string()),
            named.map_or_else(String::new, |named| named.title.clone()),
            bytes.map_or_else(String::new, |bytes| bytes.to_string()),
            hex::encode(&file.sha256),
            remark(view, file),
        ]);
    }
    let mut text = match table.is_empty() {
        true => view
            .pick("根拠資料はありません\n", "there is no evidence\n")
            .to_owned(),
        false => table.render(view.columns),
    };
    text.push_str(&counts(view, summary));
    text.push_str(&view.footer(None));
    text
}

fn counts(view: &View, summary: &v1::EvidenceSummary) -> String {
    use v1::EvidenceState as State;
    let counts = [
        (State::Present, summary.present),
        (State::Matching, summary.matching),
        (State::Missing, summary.missing),
        (State::Elsewhere, summary.elsewhere),
        (State::Altered, summary.altered),
        (State::Erased, summary.erased),
        (State::Unnamed, summary.unnamed),
    ];
    let counts = counts.iter().filter(|(_, count)| 0 < *count);
    let counts = counts.map(|(state, count)| {
        let label = label::evidence_state(view.language, *state);
        format!("{label} {count}")
    });
    let counts: Vec<String> = counts.collect();
    let size = summary.size;
    view.pick(
        format!("{size}件のイベントについて: {}\n", counts.join("、")),
        format!("of {size} events: {}\n", counts.join(", ")),
    )
}

fn remark(view: &View, file: &v1::CheckedEvidence) -> String {
    if let Some(found) = &file.found_sha256 {
        let found = hex::encode(found);
        return view.pick(format!("実際は {found}"), format!("it is {found}"));
    }
    if let Some(erasure) = &file.erasure {
        return erasure_line(view, erasure);
    }
    let uri = file.evidence.as_ref().and_then(|named| named.uri.as_ref());
    uri.cloned().unwrap_or_default()
}

fn erasure_line(view: &View, erasure: &v1::EvidenceErasure) -> String {
    let (at, position) = (view.time(erasure.recorded_at.as_ref()), erasure.position);
    let (basis, approved) = (
        terminal::line(&erasure.legal_basis),
        terminal::line(&erasure.approved_by),
    );
    view.pick(
        format!("{at}に消去（位置{position}、根拠 {basis}、承認 {approved}）"),
        format!("erased {at} (position {position}, under {basis}, approved by {approved})"),
    )
}

/// How a file was erased.
pub fn erased(view: &View, response: &v1::EraseEvidenceResponse) -> String {
    let erasure = response.erasure.clone().unwrap_or_default();
    let name = hex::encode(&erasure.sha256);
    let mut text = view.pick(
        match response.already_erased {
            true => format!("{name} は消去済みです\n"),
            false => format!("{name} を消去しました\n"),
        },
        match response.already_erased {
            true => format!("{name} had been erased before\n"),
            false => format!("{name} is erased\n"),
        },
    );
    text.push_str(&format!("{}\n", erasure_line(view, &erasure)));
    text.push_str(&view.footer(None));
    text
}
