//! Every field that a change touched, in the order of the ledger: what ListChanges tells, one value a cell.

use crate::domain::directory::{Directory, Named};
use crate::projection::change::Change;
use crate::projection::evaluation::At;
use crate::report::data::entries::grounds;
use crate::report::data::{Column, Definition, FORMAT, Kind, cell};

/// The table.
pub const TABLE: Definition = Definition {
    name: "changes",
    called: ["変更の記録", "changes"],
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new("format", Kind::Count, ["形式", "format"], ["この表の形式の番号", "number of this table's format"], "-").range("1"),
    Column::new("ledger", Kind::Code, ["台帳", "ledger"], ["台帳のコード", "code of the ledger"], "Ledger.code").of_record(),
    Column::new("plan", Kind::Code, ["計画", "plan"], ["計画のコード", "code of the plan"], "Entity.code"),
    Column::new("known_at", Kind::Count, ["記録時点", "known at"], ["記録時点 K（台帳の件数）", "K: how many events of the ledger were known"], "EvaluatedAt.known_at").unit("events").of_record(),
    Column::new("position", Kind::Count, ["台帳の位置", "position"], ["台帳での位置", "position in the ledger"], "Event.position").range("0..").of_record(),
    Column::new("event_id", Kind::Id, ["イベントID", "event id"], ["イベントのID", "id of the event"], "EventInput.event_id").of_record(),
    Column::new("type", Kind::Code, ["種別", "type"], ["イベントの種別", "type of the event"], "EventInput.payload").range("EventType"),
    Column::new("recorded_at", Kind::Instant, ["記録日時", "recorded at"], ["台帳に記録した時刻（UTC）", "when the ledger recorded it, in UTC"], "Event.recorded_at").of_record(),
    Column::new("recorded_by", Kind::Text, ["記録者", "recorded by"], ["記録した者", "who recorded it"], "Event.actor.subject").of_record(),
    Column::new("client", Kind::Text, ["入力元", "client"], ["記録したアプリケーション", "client application that sent it"], "Event.actor.client").of_record(),
    Column::new("valid_from", Kind::Day, ["対象日", "valid from"], ["対象となる日、又は最初の日", "the day it holds for, or the first of them"], "EventInput.valid_from"),
    Column::new("valid_to", Kind::Day, ["対象日（終）", "valid to"], ["対象となる最後の日。1日又は期限なしなら空", "the last of them; empty for one day and for until further notice"], "EventInput.valid_to"),
    Column::new("subject_kind", Kind::Code, ["対象の種類", "subject kind"], ["何についての変更か", "what kind of thing it is about"], "Change.subject").range("LEDGER, PLAN, UNIT, GOAL, INITIATIVE, INDICATOR"),
    Column::new("subject", Kind::Code, ["対象", "subject"], ["対象のコード", "code of what it is about"], "Change.subject.code"),
    Column::new("subject_id", Kind::Id, ["対象ID", "subject id"], ["対象のID。台帳ごとに異なる", "id of what it is about, which is the ledger's own"], "Change.subject.id").of_record(),
    Column::new("goal", Kind::Code, ["組織目標", "goal"], ["記録された組織目標のコード", "code of the goal in whose stream it stands"], "Change.goal"),
    Column::new("field", Kind::Code, ["項目", "field"], ["変わった項目。1行1項目。項目のない変更は空", "the field that changed, one a row; empty for a change without any"], "Change.fields.field"),
    Column::new("before", Kind::Text, ["変更前", "before"], ["変更前の値。なければ空", "what it was; empty where it was nothing"], "Change.fields.before"),
    Column::new("after", Kind::Text, ["変更後", "after"], ["変更後の値。なくなれば空", "what it is now; empty where it is nothing any more"], "Change.fields.after"),
    Column::new("reason_code", Kind::Code, ["理由の区分", "reason code"], ["理由の区分", "what kind of reason"], "EventInput.reason.code").range("ReasonCode"),
    Column::new("reason", Kind::Text, ["理由", "reason"], ["理由の文", "the reason in words"], "EventInput.reason.text"),
    Column::new("document_number", Kind::Text, ["文書番号", "document number"], ["根拠となる文書の番号", "number of the paper behind it"], "EventInput.source_document.number"),
    Column::new("document_title", Kind::Text, ["文書名", "document title"], ["その文書の件名", "its title"], "EventInput.source_document.title"),
    Column::new("document_date", Kind::Day, ["文書の日付", "document date"], ["その文書の日付", "its date"], "EventInput.source_document.date"),
    Column::new("evidence", Kind::Count, ["根拠資料の数", "evidence"], ["根拠資料の点数", "how many pieces of evidence"], "EventInput.evidence").range("0 to 50"),
    Column::new("decision_event_id", Kind::Id, ["決裁", "decision"], ["認めた決裁のイベントのID", "id of the event with the decision that allowed it"], "EventInput.decision_event_id").of_record(),
    Column::new("days_late", Kind::Count, ["遅れ日数", "days late"], ["対象日から記録までの日数。遅れがなければ空", "days from the last day it holds for to the day it was recorded; empty where it was not later"], "Change.days_late").unit("days").of_record(),
    Column::new("late", Kind::Flag, ["遅延", "late"], ["45日を超えて遅れた報告か", "whether it is a report that came more than 45 days late"], "Change.late").of_record(),
    Column::new("retroactive", Kind::Flag, ["遡及", "retroactive"], ["適用日より後に記録された変更か", "whether it takes effect before it was recorded"], "Change.retroactive").of_record(),
    Column::new("request_id", Kind::Id, ["要求ID", "request id"], ["まとめて記録された要求のID", "id of the request that it came in"], "Event.request_id").of_record(),
    Column::new("leaf_hash", Kind::Digest, ["葉ハッシュ", "leaf hash"], ["記録されたバイト列の葉ハッシュ（RFC 9162）", "leaf hash (RFC 9162) of the bytes as recorded"], "Event.leaf_hash").of_record(),
];

/// The rows of `changes`, which are in the order of recording.
pub fn rows(at: &At, changes: &[Change]) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    for change in changes {
        let [before, after] = around(at, change);
        let none = [String::new(), String::new(), String::new()];
        let fields = change.fields.iter().map(|field| {
            [
                field.field.to_owned(),
                cell(field.before.as_ref()),
                cell(field.after.as_ref()),
            ]
        });
        let mut fields: Vec<[String; 3]> = fields.collect();
        if fields.is_empty() {
            fields.push(none);
        }
        for field in fields {
            let mut cells = before.clone();
            cells.extend(field);
            cells.extend(after.iter().cloned());
            rows.push(cells);
        }
    }
    rows
}

/// The cells before and behind those of a field.
fn around(at: &At, change: &Change) -> [Vec<String>; 2] {
    let recorded = &change.stored.recorded;
    let event = &recorded.event;
    let ledger = at.directory.ledger();
    let [kind, code, id] = subject(&change.directory, change.subject);
    let goal = change.goal.and_then(|goal| change.directory.goal(goal));
    let before = vec![
        FORMAT.to_owned(),
        cell(ledger.map(|ledger| &ledger.code)),
        at.plan.code.to_string(),
        at.known_at.to_string(),
        recorded.position.to_string(),
        event.id.to_string(),
        event.payload.event_type().code().to_owned(),
        recorded.recorded_at.to_string(),
        recorded.actor.subject.to_string(),
        cell(recorded.actor.client.as_ref()),
        cell(event.valid.map(|valid| valid.from)),
        cell(event.valid.and_then(|valid| valid.to)),
        kind,
        code,
        id,
        cell(goal.map(|goal| &goal.code)),
    ];
    let mut after = grounds(event).to_vec();
    after.extend([
        event.evidence.len().to_string(),
        cell(event.decision),
        cell(change.lateness.days),
        change.lateness.late.to_string(),
        change.lateness.retroactive.to_string(),
        recorded.request_id.to_string(),
        hex::encode(change.stored.leaf_hash.as_bytes()),
    ]);
    [before, after]
}

/// Kind, code and id of what a change is about.
fn subject(directory: &Directory, subject: Named) -> [String; 3] {
    let (kind, code, id) = match subject {
        Named::Ledger => {
            let ledger = directory.ledger();
            let code = cell(ledger.map(|ledger| &ledger.code));
            ("LEDGER", code, cell(ledger.map(|ledger| ledger.ledger)))
        }
        Named::Plan(id) => {
            let plan = directory.plan(id);
            ("PLAN", cell(plan.map(|plan| &plan.code)), id.to_string())
        }
        Named::Unit(id) => {
            let unit = directory.unit(id);
            ("UNIT", cell(unit.map(|unit| &unit.code)), id.to_string())
        }
        Named::Goal(id) => {
            let goal = directory.goal(id);
            ("GOAL", cell(goal.map(|goal| &goal.code)), id.to_string())
        }
        Named::Initiative(id) => {
            let entry = directory.initiative(id);
            let code = cell(entry.map(|entry| &entry.code));
            ("INITIATIVE", code, id.to_string())
        }
        Named::Indicator(id) => {
            let entry = directory.indicator(id);
            let code = cell(entry.map(|entry| &entry.code));
            ("INDICATOR", code, id.to_string())
        }
    };
    [kind.to_owned(), code, id]
}
