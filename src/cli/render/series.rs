//! The history of one indicator: targets, entries with their corrections, definitions, forecasts.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, goal, indented, value};
use crate::cli::table::Table;
use crate::cli::terminal;

/// Everything that is known of an indicator.
pub fn history(view: &View, series: &v1::GetSeriesResponse) -> String {
    let Some(indicator) = &series.indicator else {
        return String::new();
    };
    let newest = indicator.definition.as_ref();
    let definition = newest.and_then(|version| version.definition.as_ref());
    let mut text = format!(
        "{}  {}\n",
        terminal::line(&indicator.code),
        view.title(indicator.title.as_ref())
    );
    text.push_str("  ");
    text.push_str(&view.heading(series.answered_at.as_ref()));
    let goal = view.entity(series.goal.as_ref());
    let initiative = view.entity(series.initiative.as_ref());
    text.push_str(&view.pick(
        format!("  目標 {goal}\n  取組 {initiative}\n"),
        format!("  goal {goal}\n  initiative {initiative}\n"),
    ));
    text.push_str(&indented(&indicator.source_text, 2));
    text.push_str(&measured(view, indicator, definition));
    text.push_str(&stands(view, indicator, definition));
    text.push_str(&targets(view, series));
    text.push_str(&entries(view, series));
    text.push_str(&definitions(view, series));
    text.push_str(&further(view, series, definition));
    text.push('\n');
    text.push_str(&view.footer(series.answered_at.as_ref()));
    text
}

/// How an indicator is measured, with the keys that a report may need.
fn measured(view: &View, indicator: &v1::Indicator, definition: Option<&v1::Definition>) -> String {
    let Some(definition) = definition else {
        return String::new();
    };
    let language = view.language;
    let mut facts = vec![label::measure_type(language, definition.measure_type()).to_owned()];
    if definition.entry_kind.is_some() {
        let kind = label::entry_kind(language, definition.entry_kind());
        facts.push(view.pick(format!("報告: {kind}"), format!("entries: {kind}")));
    }
    if let Some(unit) = &definition.unit {
        let name = view.pick(&unit.display_ja, &unit.display_en);
        let code = terminal::line(&unit.code);
        facts.push(view.pick(
            format!("単位: {} ({code})", terminal::line(name)),
            format!("unit: {} ({code})", terminal::line(name)),
        ));
    }
    if is_elsewhere(indicator) {
        facts.push(goal::standing(view, indicator.standing.as_ref()));
    }
    let mut text = format!("  {}\n", facts.join(" · "));
    let keys = |list: Vec<(&str, Option<&v1::Title>)>| {
        let named: Vec<String> = list
            .into_iter()
            .map(|(key, title)| match view.title(title) {
                title if title.is_empty() || title == key => terminal::line(key),
                title => format!("{}={title}", terminal::line(key)),
            })
            .collect();
        named.join(view.pick("、", ", "))
    };
    let parts = definition
        .parts
        .iter()
        .map(|p| (p.key.as_str(), p.label.as_ref()))
        .collect();
    let members = definition
        .members
        .iter()
        .map(|m| (m.key.as_str(), m.label.as_ref()))
        .collect();
    let steps = definition
        .checkpoints
        .iter()
        .map(|c| (c.key.as_str(), c.label.as_ref()))
        .collect();
    for (ja, en, list) in [
        ("内訳 (--part)", "parts (--part)", keys(parts)),
        ("対象 (--member)", "members (--member)", keys(members)),
        (
            "工程 (--checkpoint)",
            "checkpoints (--checkpoint)",
            keys(steps),
        ),
    ] {
        if !list.is_empty() {
            text.push_str(&format!("  {}: {list}\n", view.pick(ja, en)));
        }
    }
    if let Some(version) = &indicator.definition {
        text.push_str(&goal::confirmed(view, version, "  "));
    }
    if !definition.assumed.is_empty() {
        let fields: Vec<String> = definition
            .assumed
            .iter()
            .map(|field| terminal::line(field))
            .collect();
        let fields = fields.join(", ");
        text.push_str(&view.pick(
            format!("  計画の文言を超えて推定した項目: {fields}\n"),
            format!("  inferred beyond the words of the plan: {fields}\n"),
        ));
    }
    text
}

fn is_elsewhere(indicator: &v1::Indicator) -> bool {
    indicator
        .standing
        .as_ref()
        .is_some_and(|standing| standing.phase() != v1::Phase::Active)
}

fn stands(view: &View, indicator: &v1::Indicator, definition: Option<&v1::Definition>) -> String {
    let actual = value::actual(view.language, indicator.actual.as_ref(), definition);
    let target = indicator
        .target
        .as_ref()
        .and_then(|version| version.target.as_ref());
    let target = value::target(view.language, target, definition);
    view.pick(
        format!("  現在値: {actual} · 目標: {target}\n"),
        format!("  stands at: {actual} · target: {target}\n"),
    )
}

fn targets(view: &View, series: &v1::GetSeriesResponse) -> String {
    if series.targets.is_empty() {
        return String::new();
    }
    let definition = newest(series);
    let mut table = Table::new()
        .figures(view.pick("位置", "position"))
        .text(view.pick("適用日", "effective"))
        .text(view.pick("決定日", "decided"))
        .wrapping(view.pick("目標", "target"))
        .text(view.pick("備考", "remark"))
        .text(view.pick("イベント", "event"))
        .indented(2);
    let in_force = series
        .indicator
        .as_ref()
        .and_then(|i| i.target.as_ref())
        .map(|t| &t.event_id);
    for version in &series.targets {
        let mut remarks = Vec::new();
        if in_force == Some(&version.event_id) {
            remarks.push(view.pick("現行", "in force"));
        }
        if version.retroactive {
            remarks.push(view.pick("遡及", "retroactive"));
        }
        table.row([
            version.position.to_string(),
            version.effective_from.clone(),
            version.recorded_on.clone(),
            value::target(view.language, version.target.as_ref(), definition),
            remarks.join(" "),
            version.event_id.clone(),
        ]);
    }
    format!(
        "\n  {}\n{}",
        view.pick("目標の履歴", "targets"),
        table.render(view.columns)
    )
}

fn entries(view: &View, series: &v1::GetSeriesResponse) -> String {
    if series.entries.is_empty() {
        return String::new();
    }
    let mut table = Table::new()
        .figures(view.pick("位置", "position"))
        .text(view.pick("対象日", "date"))
        .wrapping(view.pick("実績", "entry"))
        .text(view.pick("記録", "recorded"))
        .text(view.pick("記録者", "by"))
        .wrapping(view.pick("備考", "remark"))
        .indented(2);
    for entry in &series.entries {
        table.row([
            entry.position.to_string(),
            days(&entry.valid_from, entry.valid_to.as_deref()),
            entry_value(view, series, entry),
            view.time(entry.recorded_at.as_ref()),
            view.actor(entry.actor.as_ref()),
            remark(view, series, entry),
        ]);
    }
    format!(
        "\n  {}\n{}",
        view.pick("実績の履歴", "entries"),
        table.render(view.columns)
    )
}

/// The value of an entry, with the part that reported, in the words of the definition it was made under.
pub fn entry_value(view: &View, series: &v1::GetSeriesResponse, entry: &v1::Entry) -> String {
    let definition = series
        .definitions
        .iter()
        .find(|version| version.version == entry.definition_version)
        .and_then(|version| version.definition.as_ref())
        .or_else(|| newest(series));
    let said = value::measurement(view.language, entry.measurement.as_ref(), definition);
    match &entry.part {
        Some(part) => format!(
            "{}: {said}",
            value::part_name(view.language, part, definition)
        ),
        None => said,
    }
}

fn remark(view: &View, series: &v1::GetSeriesResponse, entry: &v1::Entry) -> String {
    let at = |id: &str| {
        series
            .entries
            .iter()
            .find(|other| other.event_id == id)
            .map(|other| other.position)
    };
    let mut remarks = Vec::new();
    if let Some(corrected) = &entry.corrects {
        remarks.push(match at(corrected) {
            Some(position) => {
                view.pick(format!("{position}を訂正"), format!("corrects {position}"))
            }
            None => view.pick("訂正".to_owned(), "correction".to_owned()),
        });
    }
    for by in &entry.confirmations {
        let (who, date) = (view.actor(by.actor.as_ref()), terminal::line(&by.date));
        remarks.push(view.pick(
            format!("{who}が{date}確認"),
            format!("confirmed by {who} on {date}"),
        ));
    }
    if let Some(superseded) = &entry.superseded {
        let position = superseded.position;
        remarks.push(if superseded.retracted {
            view.pick(
                format!("{position}で取消"),
                format!("retracted at {position}"),
            )
        } else {
            view.pick(
                format!("{position}で訂正"),
                format!("corrected at {position}"),
            )
        });
    } else if !entry.counts {
        remarks.push(view.pick("旧定義".to_owned(), "earlier definition".to_owned()));
    }
    if let Some(reason) = &entry.reason {
        let code = label::reason_code(view.language, reason.code());
        remarks.push(format!("{code}: {}", terminal::line(&reason.text)));
    }
    if !entry.evidence.is_empty() {
        let count = entry.evidence.len();
        remarks.push(view.pick(
            format!("根拠{count}件"),
            format!("{count} pieces of evidence"),
        ));
    }
    remarks.join(view.pick("、", ", "))
}

fn definitions(view: &View, series: &v1::GetSeriesResponse) -> String {
    if series.definitions.len() < 2 {
        return String::new();
    }
    let mut table = Table::new()
        .figures(view.pick("版", "version"))
        .text(view.pick("適用日", "from"))
        .text(view.pick("種類", "measure"))
        .text(view.pick("単位", "unit"))
        .indented(2);
    for version in &series.definitions {
        let definition = version.definition.clone().unwrap_or_default();
        let unit = definition.unit.clone().unwrap_or_default();
        table.row([
            version.version.to_string(),
            version.from.clone(),
            label::measure_type(view.language, definition.measure_type()).to_owned(),
            view.pick(unit.display_ja, unit.display_en),
        ]);
    }
    format!(
        "\n  {}\n{}",
        view.pick("定義の履歴", "definitions"),
        table.render(view.columns)
    )
}

fn further(
    view: &View,
    series: &v1::GetSeriesResponse,
    definition: Option<&v1::Definition>,
) -> String {
    let unit = definition.and_then(|definition| definition.unit.as_ref());
    let mut text = String::new();
    for baseline in &series.baselines {
        let shown = value::with_unit(view.language, &baseline.value, unit);
        let as_of = terminal::line(&baseline.as_of);
        text.push_str(&view.pick(
            format!("  基準値: {shown} ({as_of})\n"),
            format!("  baseline: {shown} ({as_of})\n"),
        ));
    }
    if let Some(line) = series
        .indicator
        .as_ref()
        .and_then(|i| i.planned_line.as_ref())
    {
        let kind = line
            .profile
            .as_ref()
            .map(v1::PlanProfile::kind)
            .unwrap_or_default();
        let kind = label::profile_kind(view.language, kind);
        let assumed = if line.assumed {
            view.pick("（推定）", " (assumed)")
        } else {
            ""
        };
        text.push_str(&view.pick(
            format!("  計画線: {kind}{assumed}\n"),
            format!("  planned line: {kind}{assumed}\n"),
        ));
    }
    for demand in &series.demands {
        let when = days(&demand.valid_from, demand.valid_to.as_deref());
        let requests = value::grouped(&demand.requests);
        text.push_str(&view.pick(
            format!("  需要: {requests} ({when})\n"),
            format!("  demand: {requests} ({when})\n"),
        ));
    }
    for forecast in &series.forecasts {
        let expected = match &forecast.forecast {
            Some(v1::forecast::Forecast::Value(value)) => {
                value::with_unit(view.language, value, unit)
            }
            Some(v1::forecast::Forecast::Date(date)) => terminal::line(date),
            None => String::new(),
        };
        let (made_on, basis) = (
            terminal::line(&forecast.made_on),
            terminal::line(&forecast.basis),
        );
        text.push_str(&view.pick(
            format!("  見込み: {expected} ({made_on}) {basis}\n"),
            format!("  forecast: {expected} ({made_on}) {basis}\n"),
        ));
    }
    if text.is_empty() {
        text
    } else {
        format!("\n{text}")
    }
}

fn newest(series: &v1::GetSeriesResponse) -> Option<&v1::Definition> {
    series
        .indicator
        .as_ref()?
        .definition
        .as_ref()?
        .definition
        .as_ref()
}

/// A day, or the first and the last of several.
pub(super) fn days(from: &str, to: Option<&str>) -> String {
    match to {
        Some(to) if to != from => format!("{}〜{}", terminal::line(from), terminal::line(to)),
        _ => terminal::line(from),
    }
}
