//! 監査調書: what was drawn, a line a change, with room for what the auditor finds and signs.

use jiff::civil::DateTime;

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::render::View;
use crate::domain::date::parse_iso;
use crate::domain::text::Language;
use crate::report::Cell;
use crate::report::cells::{count, text};
use crate::report::form::{Form, Head, Heading, Line, Part, Slot};

/// The bytes of the working paper, and how many lines it has.
pub(super) fn workbook(
    view: &View,
    response: &v1::SampleChangesResponse,
    seed: &str,
) -> Result<(Vec<u8>, u32), Failure> {
    let form = form(view, response, seed);
    let lines = u32::try_from(form.lines()).unwrap_or(u32::MAX);
    let bytes = form.workbook().map_err(|error| {
        Failure::usage(view.pick(
            format!("調書を作れません: {error}"),
            format!("the working paper cannot be made: {error}"),
        ))
    })?;
    Ok((bytes, lines))
}

fn form(view: &View, response: &v1::SampleChangesResponse, seed: &str) -> Form {
    let title = view.pick("監査調書（標本）", "Audit working paper (sample)");
    let answered = response.answered_at.clone().unwrap_or_default();
    let ledger = view.ledger.clone().unwrap_or_default();
    let (drawn, population) = (response.sampled.len(), response.population);
    let size = answered.known_at;
    let lines = (1..)
        .zip(&response.sampled)
        .map(|(number, sampled)| Line::Slots(slots(view, number, sampled)));
    let part = Part {
        name: view.pick("監査調書", "working paper").to_owned(),
        caption: vec![
            title.to_owned(),
            view.pick(
                format!("母集団 {population}件（記録時点 {size}件）から {drawn}件を抽出。種「{seed}」"),
                format!("{drawn} drawn from {population} changes (as known at {size} events), seed `{seed}`"),
            ),
            view.pick(
                "抽出方法: SHA-256(種のUTF-8 ‖ イベントIDの16バイト) の小さい順。母集団と種から誰でも同じ標本を引ける。",
                "method: least SHA-256(seed in UTF-8 ‖ 16 bytes of the event id) first; anybody draws the same again",
            )
            .to_owned(),
        ],
        columns: headings(view.language),
        lines: lines.collect(),
        closing: vec![view.pick(
            "監査者　　　　　　　　　　　　　　　　　　　　　確認日　　　　　年　　月　　日",
            "auditor:                                        date:",
        )
        .to_owned()],
    };
    Form {
        head: Head {
            title: title.to_owned(),
            year: view.title(ledger.title.as_ref()),
            effective_on: None,
            known_at: size,
            recorded_until: None::<DateTime>,
            fingerprint: view.fingerprint,
            ledger: ledger.code.clone(),
            sample: ledger.sample,
            language: view.language,
        },
        parts: vec![part],
    }
}

fn headings(language: Language) -> Vec<Heading> {
    let new = |ja, en, width| Heading::new(language, ja, en, width);
    vec![
        new("No.", "no.", 4),
        new("番号", "position", 6),
        new("記録日時", "recorded", 11),
        new("対象日", "holds for", 11),
        new("種別", "kind", 10),
        new("対象", "subject", 18),
        new("変更内容", "change", 24),
        new("理由", "reason", 18),
        new("文書・根拠資料", "papers", 20),
        new("記録者", "recorded by", 10),
        new("確認した資料", "papers seen", 12).to_fill(),
        new("所見", "finding", 18).to_fill(),
        new("適否", "in order?", 6).to_fill(),
        new("署名", "signed", 8).to_fill(),
    ]
}

fn slots(view: &View, number: u64, sampled: &v1::SampledChange) -> Vec<Slot> {
    let change = sampled.change.clone().unwrap_or_default();
    let last = change.valid_to.as_ref().or(change.valid_from.as_ref());
    let day = last.and_then(|day| parse_iso(day).ok());
    let reason = change.reason.as_ref().map(|reason| {
        let code = label::reason_code(view.language, reason.code());
        format!("{code}{}{}", view.pick("：", ": "), reason.text)
    });
    let by = change.actor.as_ref().map(|actor| actor.subject.clone());
    let cells = [
        count(number),
        count(change.position),
        text(view.time(change.recorded_at.as_ref())),
        day.map_or(Cell::Empty, Cell::Day),
        text(label::event_type(view.language, change.r#type())),
        text(view.entity(change.subject.as_ref())),
        text(fields(view, &change)),
        text(reason.unwrap_or_default()),
        text(papers(view, &change)),
        text(by.unwrap_or_default()),
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
        Cell::Empty,
    ];
    cells.into_iter().map(Slot::Of).collect()
}

fn fields(view: &View, change: &v1::Change) -> String {
    let none = view.pick("なし", "none");
    let between = view.pick("：", ": ");
    let lines = change.fields.iter().map(|field| {
        let name = label::field(view.language, &field.field);
        let told = |side: &Option<String>| {
            side.as_ref()
                .map(|text| label::value(view.language, &field.field, text))
        };
        let after = told(&field.after).unwrap_or_else(|| none.to_owned());
        match told(&field.before) {
            Some(before) => format!("{name}{between}{before} → {after}"),
            None => format!("{name}{between}{after}"),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The paper behind the change, what shows it, and the event id, with which the rest is found.
fn papers(view: &View, change: &v1::Change) -> String {
    let mut lines = Vec::new();
    lines.extend(
        change
            .source_document
            .iter()
            .map(|paper| paper.number.clone()),
    );
    lines.extend(
        change
            .decision_event_id
            .iter()
            .map(|decision| format!("{} {decision}", view.pick("決裁", "decision"))),
    );
    lines.extend(change.evidence.iter().map(|piece| piece.title.clone()));
    if lines.is_empty() {
        lines.push(view.pick("なし", "none").to_owned());
    }
    lines.push(change.event_id.clone());
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_facts_of_a_change_and_room_for_the_auditor() {
        let response = v1::SampleChangesResponse {
            sampled: vec![v1::SampledChange {
                rank_sha256: vec![1; 32],
                change: Some(v1::Change {
                    position: 1_820,
                    event_id: "018b0000-0000-7000-8000-000000000001".to_owned(),
                    r#type: v1::EventType::ActualCorrected.into(),
                    valid_from: Some("2023-09-30".to_owned()),
                    fields: vec![v1::FieldChange {
                        field: "entry".to_owned(),
                        before: Some("37".to_owned()),
                        after: Some("36".to_owned()),
                    }],
                    ..v1::Change::default()
                }),
            }],
            population: 40,
            answered_at: None,
        };
        let form = form(&View::new(Language::Ja, None), &response, "監査1");
        let [part] = &form.parts[..] else {
            panic!("one part")
        };
        assert!(part.caption[1].contains("母集団 40件"));
        assert!(part.caption[1].contains("種「監査1」"));
        let Line::Slots(slots) = &part.lines[0] else {
            panic!("a line")
        };
        assert_eq!(slots.len(), part.columns.len());
        assert_eq!(slots[1], Slot::Of(count(1_820)));
        assert_eq!(slots[6], Slot::Of(text("実績：37 → 36")));
        for (slot, column) in slots.iter().zip(&part.columns) {
            assert!(!column.to_fill || *slot == Slot::Of(Cell::Empty));
        }
        assert_eq!(part.columns.iter().filter(|c| c.to_fill).count(), 4);
    }
}
