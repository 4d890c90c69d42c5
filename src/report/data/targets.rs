//! Every version of a target that was known, in the order of decision.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::date::Date;
use crate::domain::event::Payload;
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::Definition as Measured;
use crate::domain::target::{Aim, Target};
use crate::projection::change::Change;
use crate::projection::evaluation::{At, cell as spelt};
use crate::report::data::entries::grounds;
use crate::report::data::{Column, Definition, FORMAT, Kind, cell, lines};

/// The table.
pub const TABLE: Definition = Definition {
    name: "targets",
    called: ["目標値の各版", "versions of targets"],
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new(
        "format",
        Kind::Count,
        ["形式", "format"],
        ["この表の形式の番号", "number of this table's format"],
        "-",
    )
    .range("1"),
    Column::new(
        "ledger",
        Kind::Code,
        ["台帳", "ledger"],
        ["台帳のコード", "code of the ledger"],
        "Ledger.code",
    )
    .of_record(),
    Column::new(
        "plan",
        Kind::Code,
        ["計画", "plan"],
        ["計画のコード", "code of the plan"],
        "Entity.code",
    ),
    Column::new(
        "known_at",
        Kind::Count,
        ["記録時点", "known at"],
        [
            "記録時点 K（台帳の件数）",
            "K: how many events of the ledger were known",
        ],
        "EvaluatedAt.known_at",
    )
    .unit("events")
    .of_record(),
    Column::new(
        "position",
        Kind::Count,
        ["台帳の位置", "position"],
        ["台帳での位置", "position in the ledger"],
        "Event.position",
    )
    .range("0..")
    .of_record(),
    Column::new(
        "event_id",
        Kind::Id,
        ["イベントID", "event id"],
        [
            "この版を定めたイベントのID",
            "id of the event that set this version",
        ],
        "EventInput.event_id",
    )
    .of_record(),
    Column::new(
        "indicator",
        Kind::Code,
        ["指標", "indicator"],
        ["指標のコード", "code of the indicator"],
        "Entity.code",
    ),
    Column::new(
        "indicator_id",
        Kind::Id,
        ["指標ID", "indicator id"],
        [
            "指標のID。台帳ごとに異なる",
            "id of the indicator, which is the ledger's own",
        ],
        "Entity.id",
    )
    .of_record(),
    Column::new(
        "version",
        Kind::Count,
        ["版", "version"],
        [
            "目標の版。1 が当初目標",
            "version of the target; 1 is the first",
        ],
        "-",
    )
    .range("1.."),
    Column::new(
        "replaces",
        Kind::Id,
        ["置き換えた版", "replaces"],
        [
            "置き換えた版のイベントのID",
            "id of the event that set the version replaced",
        ],
        "TargetRevised.replaces",
    )
    .of_record(),
    Column::new(
        "effective_from",
        Kind::Day,
        ["適用日", "effective from"],
        ["この目標が有効になる最初の日", "first day it is in force"],
        "EventInput.valid_from",
    ),
    Column::new(
        "aim",
        Kind::Code,
        ["目標の形", "aim"],
        ["目標の形", "in which form it is aimed"],
        "Target.aim",
    )
    .range("VALUE, APPROXIMATE, RANGE, ALL_MEMBERS, DONE, RUBRIC_LEVEL, COMPONENTS"),
    Column::new(
        "value",
        Kind::Decimal,
        ["目標値", "value"],
        [
            "目標値。段階なら段階の番号",
            "the value; of a rubric the level",
        ],
        "Target.value, .approximate, .rubric_level",
    )
    .unit("column unit"),
    Column::new(
        "tolerance",
        Kind::Decimal,
        ["許容", "tolerance"],
        [
            "「約」の目標で、下回っても達成とみなす幅",
            "of an approximate target how far below still counts",
        ],
        "Target.approximate.tolerance",
    )
    .unit("column unit")
    .range("0.."),
    Column::new(
        "lower",
        Kind::Decimal,
        ["下限", "lower"],
        ["範囲の下限", "least value of a range"],
        "Target.range.lower",
    )
    .unit("column unit"),
    Column::new(
        "upper",
        Kind::Decimal,
        ["上限", "upper"],
        ["範囲の上限", "greatest value of a range"],
        "Target.range.upper",
    )
    .unit("column unit"),
    Column::new(
        "end_state",
        Kind::Code,
        ["到達する状態", "end state"],
        [
            "工程が達するべき状態",
            "state that the milestone is to reach",
        ],
        "Target.done.end_state",
    )
    .range("STARTED, COMPLETED, DECIDED, IN_OPERATION"),
    Column::new(
        "due",
        Kind::Day,
        ["期限", "due"],
        ["工程の期限", "last day on time of the milestone"],
        "Target.done.due",
    ),
    Column::new(
        "parts",
        Kind::List,
        ["内訳の目標", "parts"],
        [
            "内訳ごとの目標値。キー=値、1件1行",
            "aim of each part, key=value, a line each",
        ],
        "Target.parts",
    )
    .unit("column unit"),
    Column::new(
        "target",
        Kind::Text,
        ["目標の表記", "target"],
        [
            "評価の行と同じ表記の目標",
            "the target as the canonical rows spell it",
        ],
        "EvaluationRow",
    ),
    Column::new(
        "unit",
        Kind::Code,
        ["単位", "unit"],
        [
            "適用日の定義の単位のコード",
            "code of the unit of the definition on that day",
        ],
        "Definition.unit",
    ),
    Column::new(
        "comparator",
        Kind::Code,
        ["比較", "comparator"],
        ["実績と目標の比べ方", "how a value is held against it"],
        "Definition.comparator",
    )
    .range("Comparator"),
    Column::new(
        "direction",
        Kind::Code,
        ["変更の方向", "direction"],
        [
            "前の版より緩いか厳しいか。当初は空",
            "whether it asks for less or more than the version replaced; empty for the first",
        ],
        "TargetChange",
    )
    .range("LESS, MORE, OTHER"),
    Column::new(
        "retroactive",
        Kind::Flag,
        ["遡及", "retroactive"],
        [
            "適用日より後に記録されたか",
            "whether it was recorded after the day it takes effect",
        ],
        "Change.retroactive",
    )
    .of_record(),
    Column::new(
        "reason_code",
        Kind::Code,
        ["理由の区分", "reason code"],
        ["理由の区分", "what kind of reason"],
        "EventInput.reason.code",
    )
    .range("ReasonCode"),
    Column::new(
        "reason",
        Kind::Text,
        ["理由", "reason"],
        ["理由の文", "the reason in words"],
        "EventInput.reason.text",
    ),
    Column::new(
        "document_number",
        Kind::Text,
        ["文書番号", "document number"],
        ["根拠となる文書の番号", "number of the paper behind it"],
        "EventInput.source_document.number",
    ),
    Column::new(
        "document_title",
        Kind::Text,
        ["文書名", "document title"],
        ["その文書の件名", "its title"],
        "EventInput.source_document.title",
    ),
    Column::new(
        "document_date",
        Kind::Day,
        ["文書の日付", "document date"],
        ["その文書の日付", "its date"],
        "EventInput.source_document.date",
    ),
    Column::new(
        "decision_event_id",
        Kind::Id,
        ["決裁", "decision"],
        [
            "認めた決裁のイベントのID",
            "id of the event with the decision that allowed it",
        ],
        "EventInput.decision_event_id",
    )
    .of_record(),
    Column::new(
        "recorded_at",
        Kind::Instant,
        ["記録日時", "recorded at"],
        [
            "台帳に記録した時刻（UTC）",
            "when the ledger recorded it, in UTC",
        ],
        "Event.recorded_at",
    )
    .of_record(),
    Column::new(
        "recorded_by",
        Kind::Text,
        ["記録者", "recorded by"],
        ["記録した者", "who recorded it"],
        "Event.actor.subject",
    )
    .of_record(),
    Column::new(
        "leaf_hash",
        Kind::Digest,
        ["葉ハッシュ", "leaf hash"],
        [
            "記録されたバイト列の葉ハッシュ（RFC 9162）",
            "leaf hash (RFC 9162) of the bytes as recorded",
        ],
        "Event.leaf_hash",
    )
    .of_record(),
];

/// The indicator of a change that sets or revises a target, and the day from which it is in force.
pub fn concerns(change: &Change) -> Option<(IndicatorId, Date)> {
    let event = &change.stored.recorded.event;
    let (indicator, _, _) = aimed(&event.payload)?;
    Some((indicator, event.valid?.from))
}

/// The rows: of `changes`, which are in the order of recording, those that set or revise a target. `measured` has the
/// definition of each indicator on each day that [`concerns`] names.
pub fn rows(
    at: &At,
    changes: &[Change],
    measured: &HashMap<(IndicatorId, Date), Arc<Measured>>,
) -> Vec<Vec<String>> {
    let mut before: HashMap<EventId, (u64, &Target)> = HashMap::new();
    let mut versions: HashMap<IndicatorId, u64> = HashMap::new();
    let mut rows = Vec::new();
    for change in changes {
        let event = &change.stored.recorded.event;
        let Some((indicator, replaces, target)) = aimed(&event.payload) else {
            continue;
        };
        let version = versions.entry(indicator).or_default();
        *version += 1;
        before.insert(event.id, (*version, target));
        let replaced = replaces.and_then(|id| before.get(&id));
        let definition = concerns(change).and_then(|concerned| measured.get(&concerned));
        let direction = replaced.zip(definition).map(|((_, replaced), definition)| {
            let comparator = definition.comparator;
            if target.asks_less_than(replaced, comparator) {
                "LESS"
            } else if replaced.asks_less_than(target, comparator) {
                "MORE"
            } else {
                "OTHER"
            }
        });
        rows.push(row(at, change, *version, target, definition, direction));
    }
    rows
}

fn aimed(payload: &Payload) -> Option<(IndicatorId, Option<EventId>, &Target)> {
    match payload {
        Payload::TargetSet(p) => Some((p.indicator, None, &p.target)),
        Payload::TargetRevised(p) => Some((p.indicator, Some(p.replaces), &p.target)),
        _ => None,
    }
}

fn row(
    at: &At,
    change: &Change,
    version: u64,
    target: &Target,
    definition: Option<&Arc<Measured>>,
    direction: Option<&'static str>,
) -> Vec<String> {
    let recorded = &change.stored.recorded;
    let event = &recorded.event;
    let ledger = at.directory.ledger();
    let (id, replaces) =
        aimed(&event.payload).map_or((None, None), |(id, replaces, _)| (Some(id), replaces));
    let entry = id.and_then(|id| change.directory.indicator(id));
    let aim = Aimed::of(&target.aim);
    let parts = target.parts.iter();
    let mut cells = vec![
        FORMAT.to_owned(),
        cell(ledger.map(|ledger| &ledger.code)),
        at.plan.code.to_string(),
        at.known_at.to_string(),
        recorded.position.to_string(),
        event.id.to_string(),
        cell(entry.map(|entry| &entry.code)),
        cell(id),
        version.to_string(),
        cell(replaces),
        cell(event.valid.map(|valid| valid.from)),
        aim.form.to_owned(),
        aim.value,
        aim.tolerance,
        aim.lower,
        aim.upper,
        aim.end_state.to_owned(),
        aim.due,
        lines(parts.map(|part| format!("{}={}", part.part, part.value))),
        spelt::target(target),
        cell(definition.map(|definition| &definition.unit.code)),
        cell(definition.map(|definition| definition.comparator.code())),
        direction.unwrap_or_default().to_owned(),
        change.lateness.retroactive.to_string(),
    ];
    cells.extend(grounds(event));
    cells.extend([
        cell(event.decision),
        recorded.recorded_at.to_string(),
        recorded.actor.subject.to_string(),
        hex::encode(change.stored.leaf_hash.as_bytes()),
    ]);
    cells
}

/// An aim in cells.
#[derive(Debug, Default)]
struct Aimed {
    form: &'static str,
    value: String,
    tolerance: String,
    lower: String,
    upper: String,
    end_state: &'static str,
    due: String,
}

impl Aimed {
    fn of(aim: &Aim) -> Self {
        let none = |form| Self {
            form,
            ..Self::default()
        };
        match aim {
            Aim::Value(value) => Self {
                value: value.to_string(),
                ..none("VALUE")
            },
            Aim::AllMembers => none("ALL_MEMBERS"),
            Aim::Range { lower, upper } => Self {
                lower: lower.to_string(),
                upper: upper.to_string(),
                ..none("RANGE")
            },
            Aim::Approximate { value, tolerance } => Self {
                value: value.to_string(),
                tolerance: tolerance.to_string(),
                ..none("APPROXIMATE")
            },
            Aim::Done { due, end_state } => Self {
                end_state: end_state.code(),
                due: due.to_string(),
                ..none("DONE")
            },
            Aim::RubricLevel(level) => Self {
                value: level.to_string(),
                ..none("RUBRIC_LEVEL")
            },
            Aim::Components => none("COMPONENTS"),
        }
    }
}
