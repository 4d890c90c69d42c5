//! What a write did: before and after, what is worth a look, and where it stands.

use crate::api::v1;
use crate::cli::hint;
use crate::cli::label;
use crate::cli::render::{View, hex, value};
use crate::cli::terminal;

/// The field of an indicator that its reports come to.
const ACTUAL: &str = "actual";

/// An append, answered.
pub fn appended(view: &View, response: &v1::AppendEventsResponse) -> String {
    let mut text = String::new();
    if !response.faults.is_empty() {
        return faults(view, &response.faults);
    }
    text.push_str(if response.validated {
        view.pick(
            "確認だけ（記録していません）\n",
            "checked only, nothing was recorded\n",
        )
    } else if response.replayed {
        view.pick(
            "記録済みです（今回は追加していません）\n",
            "recorded before, nothing was added now\n",
        )
    } else {
        view.pick("記録しました\n", "recorded\n")
    });
    let mut subject: Option<&v1::Entity> = None;
    let mut outcomes: Vec<&v1::IndicatorOutcome> = response.outcomes.iter().collect();
    let mut outcome_of = |subject: Option<&v1::Entity>| {
        let found = outcomes
            .iter()
            .position(|outcome| subject.is_some() && outcome.indicator.as_ref() == subject);
        let outcome = outcomes.remove(found?);
        Some(stands_at(view, outcome))
    };
    // What an indicator comes to is told with its target, below what changed of it.
    let told_below = |effect: &v1::Effect| {
        effect.field == ACTUAL
            && response
                .outcomes
                .iter()
                .any(|o| o.indicator == effect.subject)
    };
    for effect in response.effects.iter().filter(|effect| !told_below(effect)) {
        if subject.is_none() || subject != effect.subject.as_ref() {
            text.extend(outcome_of(subject));
            subject = effect.subject.as_ref();
            text.push_str(&format!("  {}\n", view.entity(subject)));
        }
        let field = terminal::line(label::field(view.language, &effect.field));
        let shown = |side: Option<&String>| match side {
            None => view.pick("なし", "none").to_owned(),
            Some(text) => terminal::line(&label::value(view.language, &effect.field, text)),
        };
        let (before, after) = (shown(effect.before.as_ref()), shown(effect.after.as_ref()));
        text.push_str(&format!("    {field}: {before} → {after}\n"));
    }
    text.extend(outcome_of(subject));
    for outcome in outcomes {
        let name = view.entity(outcome.indicator.as_ref());
        text.push_str(&format!("  {name}\n"));
        text.push_str(&stands_at(view, outcome));
    }
    for notice in &response.notices {
        let kind = label::notice_kind(view.language, notice.kind());
        let mark = view.pick("確認", "notice");
        text.push_str(&format!(
            "  {mark}: {kind}: {}\n",
            terminal::line(&notice.message)
        ));
    }
    if let Some(receipt) = response.receipt.as_ref().filter(|_| !response.validated) {
        for event in &receipt.events {
            text.push_str(&recorded(view, event));
        }
    }
    if let Some(mark) = view.sample_mark() {
        text.push_str(&format!("  {mark}\n"));
    }
    text
}

/// Everything that is wrong with a request that was only checked.
fn faults(view: &View, faults: &[v1::Fault]) -> String {
    let count = faults.len();
    let mut text = view.pick(
        format!("受け付けられません（{count}件）\n"),
        format!("it would be refused ({count} faults)\n"),
    );
    for fault in faults {
        let field = terminal::line(&fault.field);
        let place = match hint::argument(&fault.field) {
            Some(argument) => format!("{argument} ({field})"),
            None => field,
        };
        let (message, reason) = (
            terminal::line(&fault.message),
            terminal::line(&fault.reason),
        );
        text.push_str(&format!("  {place}: {message} [{reason}]"));
        if let Some(step) = hint::advice(view.language, &fault.reason) {
            text.push_str(&format!(" → {step}"));
        }
        text.push('\n');
    }
    text
}

/// What an indicator stood at and stands at, where that differs.
fn stands_at(view: &View, outcome: &v1::IndicatorOutcome) -> String {
    let mut text = String::new();
    let definition = outcome.definition.as_ref();
    let states = [outcome.before.as_ref(), outcome.after.as_ref()];
    let [before, after] = states.map(|state| {
        state.map_or_else(
            || view.pick("なし", "none").to_owned(),
            |state| value::actual(view.language, state.actual.as_ref(), definition),
        )
    });
    let label = view.pick("累計・現在値", "stands at");
    if before == after {
        text.push_str(&format!(
            "    {label}: {after} {}\n",
            view.pick("（変わらず）", "(unchanged)")
        ));
    } else {
        text.push_str(&format!("    {label}: {before} → {after}\n"));
    }
    let [old, new] = states.map(|state| {
        value::target(
            view.language,
            state.and_then(|state| state.target.as_ref()),
            definition,
        )
    });
    let label = view.pick("目標", "target");
    if old == new || outcome.before.is_none() {
        text.push_str(&format!("    {label}: {new}\n"));
    } else {
        text.push_str(&format!("    {label}: {old} → {new}\n"));
    }
    text
}

/// What an indicator stands at now.
pub fn stands_now(view: &View, indicator: &v1::Indicator) -> String {
    let definition = indicator
        .definition
        .as_ref()
        .and_then(|version| version.definition.as_ref());
    let actual = value::actual(view.language, indicator.actual.as_ref(), definition);
    let target = indicator
        .target
        .as_ref()
        .and_then(|version| version.target.as_ref());
    let target = value::target(view.language, target, definition);
    let (code, title) = (
        terminal::line(&indicator.code),
        view.title(indicator.title.as_ref()),
    );
    view.pick(
        format!("  {code} {title}\n    累計・現在値: {actual}\n    目標: {target}\n"),
        format!("  {code} {title}\n    stands at: {actual}\n    target: {target}\n"),
    )
}

fn recorded(view: &View, event: &v1::RecordedEvent) -> String {
    let time = view.time(event.recorded_at.as_ref());
    let zone = view
        .ledger
        .as_ref()
        .map_or("UTC", |ledger| ledger.time_zone.as_str());
    let id = terminal::line(&event.event_id);
    let leaf = hex(&event.leaf_hash);
    view.pick(
        format!(
            "  位置 {} · 版 {} · {time} ({zone})\n  イベント {id}\n  葉ハッシュ {leaf}\n",
            event.position, event.revision
        ),
        format!(
            "  position {} · revision {} · {time} ({zone})\n  event {id}\n  leaf hash {leaf}\n",
            event.position, event.revision
        ),
    )
}

/// A ledger that was opened.
pub fn opened(view: &View, response: &v1::OpenLedgerResponse) -> String {
    let view = &view.clone().of(response.ledger.clone().unwrap_or_default());
    let mut text = String::from(if response.replayed {
        view.pick("台帳は開設済みです\n", "the ledger was opened before\n")
    } else {
        view.pick("台帳を開設しました\n", "opened a ledger\n")
    });
    if let Some(ledger) = &response.ledger {
        let (code, id) = (terminal::line(&ledger.code), terminal::line(&ledger.id));
        text.push_str(&format!(
            "  {code} {}\n  {id}\n",
            view.title(ledger.title.as_ref())
        ));
    }
    for event in response.receipt.iter().flat_map(|receipt| &receipt.events) {
        text.push_str(&recorded(view, event));
    }
    text
}
