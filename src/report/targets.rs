//! 目標変更履歴一覧: every revision of a target, with what it was before, why, and who recorded it.

use std::collections::HashMap;

use crate::domain::event::Recorded;
use crate::domain::id::{IndicatorId, UnitId};
use crate::domain::indicator::Definition;
use crate::domain::target::TargetVersion;
use crate::domain::text::Language;
use crate::projection::evaluation::history::Histories;
use crate::projection::evaluation::{IndicatorEvaluation, PlanEvaluation};
use crate::report::book::Cell;
use crate::report::cells::{self, text};
use crate::report::form::{Form, Head, Heading, Line, Part, Setting, Slot, pick};
use crate::report::outline;

/// The targets of an indicator that were known, in the order of decision, those that take effect after D included.
fn known(histories: &Histories, id: IndicatorId) -> Vec<&TargetVersion> {
    let cut = histories.cut();
    let all = histories.indicator(id).map(|state| state.targets.iter());
    let all = all.into_iter().flatten();
    all.filter(|version| cut.knows(version.position)).collect()
}

/// Positions of the events that revised targets, with which [`form`] tells why and by whom.
pub fn positions(evaluation: &PlanEvaluation, histories: &Histories) -> Vec<u64> {
    let indicators = evaluation.indicators();
    let mut positions: Vec<u64> = indicators
        .flat_map(|(_, _, indicator)| known(histories, indicator.id).into_iter().skip(1))
        .map(|version| version.position)
        .collect();
    positions.sort_unstable();
    positions
}

/// The list, of one department only where it is named. `events` are those at [`positions`].
pub fn form(
    evaluation: &PlanEvaluation,
    histories: &Histories,
    events: &HashMap<u64, Recorded>,
    setting: Setting,
    department: Option<UnitId>,
) -> Form {
    let language = setting.language;
    let at = &evaluation.at;
    let title = pick(language, "目標変更履歴一覧", "Revisions of targets");
    let head = Head::of(at, setting, title);
    let (mut lines, mut last, mut revisions) = (Vec::new(), None, 0_usize);
    for (goal, initiative, indicator) in evaluation.indicators() {
        if department.is_some_and(|unit| unit != goal.department) {
            continue;
        }
        let versions = known(histories, indicator.id);
        if versions.len() < 2 {
            continue;
        }
        if last != Some(goal.department) {
            last = Some(goal.department);
            lines.push(Line::Band(at.unit_name(goal.department, language)));
        }
        let names = outline::names(at, goal, initiative, indicator, language);
        for (number, pair) in (1..).zip(versions.windows(2)) {
            let [before, after] = pair else { continue };
            revisions += 1;
            let mut slots: Vec<Slot> = names
                .iter()
                .map(|name| match number {
                    1 => Slot::Of(text(name.clone())),
                    _ => Slot::Above,
                })
                .collect();
            let recorded = events.get(&after.position);
            let told = revision(indicator, number, before, after, recorded, language);
            slots.extend(told.into_iter().map(Slot::Of));
            lines.push(Line::Slots(slots));
        }
    }
    let caption = vec![
        outline::caption(&head),
        match language {
            Language::Ja => format!("変更 {revisions}件（当初目標の設定は含まない）"),
            Language::En => format!("{revisions} revisions, first targets not counted"),
        },
    ];
    let mut columns = outline::headings(language);
    columns.extend(headings(language));
    let part = Part {
        name: title.to_owned(),
        caption,
        columns,
        lines,
        closing: Vec::new(),
    };
    Form {
        head,
        parts: vec![part],
    }
}

fn headings(language: Language) -> Vec<Heading> {
    let new = |ja, en, width| Heading::new(language, ja, en, width);
    vec![
        new("回", "no.", 4),
        new("適用日", "in force from", 11),
        new("記録日", "recorded", 11),
        new("変更前", "before", 12),
        new("変更後", "after", 12),
        new("区分", "direction", 9),
        new("理由", "reason", 30),
        new("記録者", "recorded by", 12),
        new("台帳", "ledger", 7),
    ]
}

fn revision(
    indicator: &IndicatorEvaluation,
    number: u64,
    before: &TargetVersion,
    after: &TargetVersion,
    recorded: Option<&Recorded>,
    language: Language,
) -> Vec<Cell> {
    let definition = &indicator.definition;
    let reason = recorded.and_then(|recorded| recorded.event.reason.as_ref());
    let reason = reason.map(|reason| {
        let code = reason.code.label(language);
        match language {
            Language::Ja => format!("{code}：{}", reason.text.shown(language)),
            Language::En => format!("{code}: {}", reason.text.shown(language)),
        }
    });
    let by = recorded.map(|recorded| recorded.actor.subject.to_string());
    vec![
        cells::count(number),
        Cell::Day(after.effective_from),
        Cell::Day(after.recorded_on),
        cells::target(&before.target, definition, language),
        cells::target(&after.target, definition, language),
        text(direction(definition, before, after, language)),
        text(reason.unwrap_or_default()),
        text(by.unwrap_or_default()),
        cells::count(after.position),
    ]
}

/// Whether it asks for less, and whether it was decided after the day it takes effect.
fn direction(
    definition: &Definition,
    before: &TargetVersion,
    after: &TargetVersion,
    language: Language,
) -> String {
    let comparator = definition.comparator;
    let less = after.target.asks_less_than(&before.target, comparator);
    let more = before.target.asks_less_than(&after.target, comparator);
    let mut words = match (less, more) {
        (true, false) => pick(language, "引下げ・延期", "less or later"),
        (false, true) => pick(language, "引上げ・前倒し", "more or earlier"),
        _ => pick(language, "その他", "other"),
    }
    .to_owned();
    if after.is_retroactive() {
        words.push_str(pick(language, "\n遡及", "\nretroactive"));
    }
    words
}
