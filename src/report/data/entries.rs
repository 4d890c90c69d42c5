//! Every report, correction and retraction that was known, in the order of recording, and between them every change of how
//! something is measured: what a report means depends on what it was recorded under.

use std::collections::HashMap;

use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::event::{Event, Evidence, Payload};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::Definition as Measured;
use crate::projection::change::Change;
use crate::projection::evaluation::At;
use crate::report::data::{Column, Definition, FORMAT, Kind, cell, lines};

/// The table.
pub const TABLE: Definition = Definition {
    name: "entries",
    called: [
        "実績の報告・訂正・取消",
        "reports, corrections, retractions",
    ],
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new("format", Kind::Count, ["形式", "format"], ["この表の形式の番号", "number of this table's format"], "-").range("1"),
    Column::new("ledger", Kind::Code, ["台帳", "ledger"], ["台帳のコード", "code of the ledger"], "Ledger.code").of_record(),
    Column::new("plan", Kind::Code, ["計画", "plan"], ["計画のコード", "code of the plan"], "Entity.code"),
    Column::new("known_at", Kind::Count, ["記録時点", "known at"], ["記録時点 K（台帳の件数）", "K: how many events of the ledger were known"], "EvaluatedAt.known_at").unit("events").of_record(),
    Column::new("position", Kind::Count, ["台帳の位置", "position"], ["台帳での位置", "position in the ledger"], "Event.position").range("0..").of_record(),
    Column::new("event_id", Kind::Id, ["イベントID", "event id"], ["この記録のID。取り込んでも変わらない", "id of the fact; it stays where the file is taken in elsewhere"], "EventInput.event_id"),
    Column::new("kind", Kind::Code, ["種別", "kind"], ["報告・訂正・取消、又は以後の測り方の変更", "a report, a correction of one, that one was taken back, or that it is measured otherwise from then on"], "EventInput.payload").range("REPORT, CORRECTION, RETRACTION, REDEFINITION"),
    Column::new("replaces", Kind::Id, ["訂正・取消の対象", "replaces"], ["訂正又は取消された記録のID", "id of the entry that is corrected or taken back"], "ActualCorrected.corrects, ActualRetracted.retracts"),
    Column::new("replaced_by", Kind::Id, ["訂正・取消した記録", "replaced by"], ["この記録を訂正又は取消した記録のID（記録時点まで）", "id of what corrected it or took it back, as far as it was known"], "Entry.superseded"),
    Column::new("indicator", Kind::Code, ["指標", "indicator"], ["指標のコード", "code of the indicator"], "Entity.code"),
    Column::new("indicator_id", Kind::Id, ["指標ID", "indicator id"], ["指標のID。台帳ごとに異なる", "id of the indicator, which is the ledger's own"], "Entity.id").of_record(),
    Column::new("part", Kind::Code, ["内訳", "part"], ["内訳のキー", "key of the part that reports"], "ActualRecorded.part"),
    Column::new("member", Kind::Code, ["対象", "member"], ["対象のキー", "key of the member of the set"], "Measurement.member, .member_value"),
    Column::new("checkpoint", Kind::Code, ["工程", "checkpoint"], ["工程のキー", "key of the checkpoint of the milestone"], "Measurement.milestone"),
    Column::new("valid_from", Kind::Day, ["対象日", "valid from"], ["値の日、又は期間の最初の日", "the day it holds for, or the first of them"], "EventInput.valid_from"),
    Column::new("valid_to", Kind::Day, ["対象日（終）", "valid to"], ["期間の最後の日。1日なら空", "the last day of a span; empty for one day"], "EventInput.valid_to"),
    Column::new("measure", Kind::Code, ["値の形", "measure"], ["値の形。取消と定義の変更では空", "in which form it is measured; empty for a retraction and a redefinition"], "Measurement.kind").range("INCREMENT, LEVEL, RATIO, MEMBER, MEMBER_VALUE, MILESTONE, RUBRIC_LEVEL, NIL"),
    Column::new("value", Kind::Decimal, ["値", "value"], ["増えた数、その日の値、対象の値、評価の段階", "what was added, the level, the member's value, the level of the rubric"], "Measurement.increment, .level, .member_value, .rubric_level").unit("column unit").range("15 digits before, 10 after the point"),
    Column::new("numerator", Kind::Decimal, ["分子", "numerator"], ["率・平均の分子", "numerator of a share or mean"], "Measurement.ratio.numerator").range("15 digits before, 10 after the point"),
    Column::new("denominator", Kind::Decimal, ["分母", "denominator"], ["率・平均の分母", "denominator of a share or mean"], "Measurement.ratio.denominator").range("above 0"),
    Column::new("state", Kind::Code, ["状況", "state"], ["対象又は工程の状況", "state of the member or milestone"], "Measurement.member.state, .milestone.state").range("NOT_DONE, DONE; NOT_STARTED, STARTED, DECIDED, COMPLETED, IN_OPERATION"),
    Column::new("nil", Kind::Code, ["実績なし", "nil"], ["実績がない理由。0 とは異なる", "why there is nothing to report, which is not zero"], "Measurement.nil").range("NO_ACTIVITY, NO_DEMAND, NOT_MEASURED"),
    Column::new("unit", Kind::Code, ["単位", "unit"], ["値の単位のコード", "code of the unit of the values"], "ActualRecorded.unit_code"),
    Column::new("reason_code", Kind::Code, ["理由の区分", "reason code"], ["理由の区分", "what kind of reason"], "EventInput.reason.code").range("ReasonCode"),
    Column::new("reason", Kind::Text, ["理由", "reason"], ["理由の文", "the reason in words"], "EventInput.reason.text"),
    Column::new("document_number", Kind::Text, ["文書番号", "document number"], ["根拠となる文書の番号", "number of the paper behind it"], "EventInput.source_document.number"),
    Column::new("document_title", Kind::Text, ["文書名", "document title"], ["その文書の件名", "its title"], "EventInput.source_document.title"),
    Column::new("document_date", Kind::Day, ["文書の日付", "document date"], ["その文書の日付", "its date"], "EventInput.source_document.date"),
    Column::new("evidence_sha256", Kind::List, ["根拠資料のSHA-256", "evidence SHA-256"], ["根拠資料のSHA-256。1点1行", "SHA-256 of each piece of evidence, a line each"], "EventInput.evidence.sha256").range("0 to 50 lines"),
    Column::new("evidence_title", Kind::List, ["根拠資料の名称", "evidence title"], ["根拠資料の名称。同じ順に1点1行", "what each is called, in the same order"], "EventInput.evidence.title"),
    Column::new("evidence_media_type", Kind::List, ["根拠資料の形式", "evidence media type"], ["根拠資料のメディア種別。同じ順に1点1行", "media type of each, in the same order"], "EventInput.evidence.media_type"),
    Column::new("evidence_uri", Kind::List, ["根拠資料の場所", "evidence URI"], ["根拠資料の場所。同じ順に1点1行、なければ空行", "where each is kept, in the same order; an empty line where it is not said"], "EventInput.evidence.uri"),
    Column::new("evidence_bytes", Kind::List, ["根拠資料の大きさ", "evidence size"], ["根拠資料のバイト数。同じ順に1点1行、なければ空行", "size of each, in the same order; an empty line where it is not said"], "EventInput.evidence.size_bytes").unit("bytes"),
    Column::new("evidence_disclosure", Kind::List, ["根拠資料の公開範囲", "evidence disclosure"], ["根拠資料の公開範囲。同じ順に1点1行", "who may see each, in the same order"], "EventInput.evidence.disclosure").range("Disclosure"),
    Column::new("definition_version", Kind::Count, ["定義の版", "definition version"], ["定義の変更なら、その版", "of a redefinition which version it is"], "IndicatorRedefined.definition_version").range("2.."),
    Column::new("definition", Kind::Text, ["定義", "definition"], ["定義の変更なら、新しい定義（APIの Definition をJSONで）", "of a redefinition the new definition: Definition of the API as JSON"], "IndicatorRedefined.definition"),
    Column::new("decision_event_id", Kind::Id, ["決裁", "decision"], ["認めた決裁のイベントのID", "id of the event with the decision that allowed it"], "EventInput.decision_event_id").of_record(),
    Column::new("causation_id", Kind::Id, ["原因", "cause"], ["原因となったイベントのID", "id of the event that led to it"], "EventInput.causation_id").of_record(),
    Column::new("recorded_at", Kind::Instant, ["記録日時", "recorded at"], ["台帳に記録した時刻（UTC）", "when the ledger recorded it, in UTC"], "Event.recorded_at").of_record(),
    Column::new("recorded_by", Kind::Text, ["記録者", "recorded by"], ["記録した者", "who recorded it"], "Event.actor.subject").of_record(),
    Column::new("days_late", Kind::Count, ["遅れ日数", "days late"], ["対象日から記録までの日数。遅れがなければ空", "days from the last day it holds for to the day it was recorded; empty where it was not later"], "Change.days_late").unit("days").of_record(),
    Column::new("leaf_hash", Kind::Digest, ["葉ハッシュ", "leaf hash"], ["記録されたバイト列の葉ハッシュ（RFC 9162）", "leaf hash (RFC 9162) of the bytes as recorded"], "Event.leaf_hash").of_record(),
];

/// The rows: of `changes`, which are in the order of recording, those that report, correct, take back or redefine.
/// `spelt` writes a definition as the API has it.
pub fn rows(at: &At, changes: &[Change], spelt: impl Fn(&Measured) -> String) -> Vec<Vec<String>> {
    let replaced: HashMap<EventId, EventId> = changes
        .iter()
        .filter_map(|change| {
            let event = &change.stored.recorded.event;
            Some((entry(&event.payload)?.replaces?, event.id))
        })
        .collect();
    let rows = changes.iter().filter_map(|change| {
        let event = &change.stored.recorded.event;
        let entry = entry(&event.payload)?;
        let replaced = replaced.get(&event.id).copied();
        Some(row(at, change, &entry, replaced, &spelt))
    });
    rows.collect()
}

/// What is common to a report, a correction, a retraction and a redefinition.
struct Entry<'a> {
    kind: &'static str,
    replaces: Option<EventId>,
    indicator: IndicatorId,
    measurement: Option<&'a Measurement>,
    reported: Option<&'a ReportedPart>,
    redefined: Option<(u32, &'a Measured)>,
}

fn entry(payload: &Payload) -> Option<Entry<'_>> {
    Some(match payload {
        Payload::ActualRecorded(p) => Entry {
            kind: "REPORT",
            replaces: None,
            indicator: p.indicator,
            measurement: Some(&p.measurement),
            reported: Some(&p.reported),
            redefined: None,
        },
        Payload::ActualCorrected(p) => Entry {
            kind: "CORRECTION",
            replaces: Some(p.corrects),
            indicator: p.indicator,
            measurement: Some(&p.measurement),
            reported: Some(&p.reported),
            redefined: None,
        },
        Payload::ActualRetracted(p) => Entry {
            kind: "RETRACTION",
            replaces: Some(p.retracts),
            indicator: p.indicator,
            measurement: None,
            reported: None,
            redefined: None,
        },
        Payload::IndicatorRedefined(p) => Entry {
            kind: "REDEFINITION",
            replaces: None,
            indicator: p.indicator,
            measurement: None,
            reported: None,
            redefined: Some((p.definition_version, &p.definition)),
        },
        _ => return None,
    })
}

fn row(
    at: &At,
    change: &Change,
    entry: &Entry<'_>,
    replaced: Option<EventId>,
    spelt: &impl Fn(&Measured) -> String,
) -> Vec<String> {
    let recorded = &change.stored.recorded;
    let event = &recorded.event;
    let ledger = at.directory.ledger();
    let indicator = change.directory.indicator(entry.indicator);
    let measured = entry.measurement.map(Cells::of).unwrap_or_default();
    let reported = entry.reported;
    let mut cells = vec![
        FORMAT.to_owned(),
        cell(ledger.map(|ledger| &ledger.code)),
        at.plan.code.to_string(),
        at.known_at.to_string(),
        recorded.position.to_string(),
        event.id.to_string(),
        entry.kind.to_owned(),
        cell(entry.replaces),
        cell(replaced),
        cell(indicator.map(|indicator| &indicator.code)),
        entry.indicator.to_string(),
        cell(reported.and_then(|reported| reported.part.as_ref())),
        measured.member,
        measured.checkpoint,
        cell(event.valid.map(|valid| valid.from)),
        cell(event.valid.and_then(|valid| valid.to)),
        measured.measure.to_owned(),
        measured.value,
        measured.numerator,
        measured.denominator,
        measured.state.to_owned(),
        measured.nil.to_owned(),
        cell(reported.and_then(|reported| reported.unit_code.as_ref())),
    ];
    cells.extend(grounds(event));
    cells.extend(evidence(&event.evidence));
    cells.extend([
        cell(entry.redefined.map(|(version, _)| version)),
        cell(entry.redefined.map(|(_, definition)| spelt(definition))),
        cell(event.decision),
        cell(event.causation),
        recorded.recorded_at.to_string(),
        recorded.actor.subject.to_string(),
        cell(change.lateness.days),
        hex::encode(change.stored.leaf_hash.as_bytes()),
    ]);
    cells
}

/// Code and words of the reason; number, title and date of the paper.
pub(super) fn grounds(event: &Event) -> [String; 5] {
    let reason = event.reason.as_ref();
    let paper = event.source_document.as_ref();
    [
        cell(reason.map(|reason| reason.code.code())),
        cell(reason.map(|reason| reason.text.to_string())),
        cell(paper.map(|paper| &paper.number)),
        cell(paper.and_then(|paper| paper.title.as_ref())),
        cell(paper.and_then(|paper| paper.date)),
    ]
}

fn evidence(evidence: &[Evidence]) -> [String; 6] {
    let each = || evidence.iter();
    // Several that say nothing are as many empty lines; where none says anything the cell is empty.
    let said = |cell: String| match cell.chars().all(|c| c == '\n') {
        true => String::new(),
        false => cell,
    };
    [
        lines(each().map(|piece| hex::encode(piece.sha256))),
        lines(each().map(|piece| &piece.title)),
        lines(each().map(|piece| &piece.media_type)),
        said(lines(each().map(|piece| cell(piece.uri.as_ref())))),
        said(lines(each().map(|piece| cell(piece.size_bytes)))),
        lines(each().map(|piece| piece.disclosure.code())),
    ]
}

/// A measurement in cells.
#[derive(Debug, Default)]
struct Cells {
    measure: &'static str,
    member: String,
    checkpoint: String,
    value: String,
    numerator: String,
    denominator: String,
    state: &'static str,
    nil: &'static str,
}

impl Cells {
    fn of(measurement: &Measurement) -> Self {
        let none = Self::default;
        match measurement {
            Measurement::Increment(value) => Self {
                measure: "INCREMENT",
                value: value.to_string(),
                ..none()
            },
            Measurement::Level(value) => Self {
                measure: "LEVEL",
                value: value.to_string(),
                ..none()
            },
            Measurement::Ratio {
                numerator,
                denominator,
            } => Self {
                measure: "RATIO",
                numerator: numerator.to_string(),
                denominator: denominator.to_string(),
                ..none()
            },
            Measurement::Member { member, state } => Self {
                measure: "MEMBER",
                member: member.to_string(),
                state: state.code(),
                ..none()
            },
            Measurement::MemberValue { member, value } => Self {
                measure: "MEMBER_VALUE",
                member: member.to_string(),
                value: value.to_string(),
                ..none()
            },
            Measurement::Milestone { checkpoint, state } => Self {
                measure: "MILESTONE",
                checkpoint: cell(checkpoint.as_ref()),
                state: state.code(),
                ..none()
            },
            Measurement::RubricLevel(level) => Self {
                measure: "RUBRIC_LEVEL",
                value: level.to_string(),
                ..none()
            },
            Measurement::Nil(cause) => Self {
                measure: "NIL",
                nil: cause.code(),
                ..none()
            },
        }
    }
}
