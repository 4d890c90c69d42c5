//! What was found wrong, for people and for programs: the same of a bundle and of a data folder.

use serde_json::{Value, json};

use crate::cli::render::View;
use crate::cli::terminal;
use crate::proof::bundle::verify::{Concern, Finding, Report};

/// Where it begins to be wrong, what is wrong, and up to where all is well.
pub(super) fn first(view: &View, report: &Report, concern: Concern) -> String {
    let found = report.findings.iter();
    let mut found = found.filter(|found| found.kind.concern() == concern);
    let Some(found) = found.next() else {
        return String::new();
    };
    let place = match report.first_bad().filter(|_| found.position.is_some()) {
        None => found
            .file
            .as_ref()
            .map_or_else(String::new, |file| format!("{file}: ")),
        Some((from, to)) if from == to => {
            view.pick(format!("位置{from}: "), format!("position {from}: "))
        }
        Some((from, to)) => view.pick(
            format!("位置{from}から{to}のどこか: "),
            format!("somewhere in positions {from} to {to}: "),
        ),
    };
    let good = report.last_good.map_or_else(String::new, |size| {
        view.pick(
            format!("。{size}件の先端証明まではそろっています"),
            format!("; good up to the checkpoint of {size} events"),
        )
    });
    let sentence = found.kind.sentence(view.language);
    format!("{place}{sentence}{good}")
}

/// How many events both copies have, and how many the read copy has alone: the beginning of a sentence.
pub(super) fn both_have(view: &View, events: u64, alone: u64) -> String {
    match alone {
        0 => view.pick(
            format!("二つの控えの{events}件が一致し"),
            format!("both copies have the same {events} events"),
        ),
        _ => view.pick(
            format!("{events}件のうちジャーナルを切り詰めた{alone}件は読み取り用の控えだけにあって前後の根につながり、残りは二つの控えで一致し"),
            format!("of the {events} events the read copy has {alone} alone, where the journal was trimmed, and they lead from the root before to the root behind; both copies have the same others"),
        ),
    }
}

/// What the ledger says it lost of the events that the auditor's checkpoint counts.
pub(super) fn lost(view: &View, report: &Report) -> String {
    let Some(lost) = report.lost else {
        return String::new();
    };
    let (position, signed) = (lost.position, lost.signed);
    view.pick(
        format!("新しい世代です。以前の世代が署名した{signed}件のうち、位置{position}からのイベントは失われました。理由は位置{position}のイベント（台帳の引継ぎ）にあります"),
        format!("a new generation: of the {signed} events that the earlier one signed, those from position {position} on were lost; see why in the event at {position} (ledger continued)"),
    )
}

/// One finding, with what was expected and what was found.
pub(super) fn text(view: &View, found: &Finding) -> String {
    let place = match (found.position, found.to) {
        (Some(from), Some(to)) if from != to => format!("{from}–{to}"),
        (Some(position), _) => position.to_string(),
        (None, _) => "-".to_owned(),
    };
    let file = found
        .file
        .as_deref()
        .map(terminal::line)
        .unwrap_or_default();
    let mut text = format!(
        "{place:>10}  {}  {file}",
        found.kind.sentence(view.language)
    );
    text.truncate(text.trim_end().len());
    text.push('\n');
    for (name, value) in [
        (view.pick("期待", "expected"), &found.expected),
        (view.pick("実際", "found"), &found.found),
    ] {
        if !value.is_empty() {
            text.push_str(&format!("            {name} {}\n", terminal::line(value)));
        }
    }
    text
}

/// One finding as programs read it.
pub(super) fn json(found: &Finding) -> Value {
    json!({
        "kind": found.kind.code(),
        "position": found.position,
        "to": found.to,
        "other": found.other,
        "file": found.file,
        "expected": found.expected,
        "found": found.found,
    })
}
