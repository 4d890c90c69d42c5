//! The organisation as people read it: the tree of units, one unit, who answers for something.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, series};
use crate::cli::table::Table;
use crate::cli::terminal;

/// What a unit's name is moved to the right by for each unit above it.
const INDENT: &str = "  ";

/// The tree of units, one a line.
pub fn tree(view: &View, response: &v1::GetOrganisationResponse) -> String {
    let mut text = view.heading(response.answered_at.as_ref());
    let mut table = Table::new()
        .wrapping(view.pick("組織", "unit"))
        .text(view.pick("コード", "code"))
        .text(view.pick("種類", "kind"))
        .text(view.pick("存続", "exists"))
        .figures(view.pick("組織目標", "goals"))
        .figures(view.pick("担当", "leads"))
        .figures(view.pick("協力", "joins"));
    for unit in &response.units {
        let entity = unit.unit.clone().unwrap_or_default();
        let indent = INDENT.repeat(usize::try_from(unit.depth).unwrap_or(0));
        table.row([
            format!("{indent}{}", view.name(Some(&entity))),
            entity.code,
            label::unit_kind(view.language, unit.kind()).to_owned(),
            life(view, unit),
            unit.goals.to_string(),
            unit.leads.to_string(),
            unit.contributes.to_string(),
        ]);
    }
    text.push_str(&table.render(view.columns));
    text.push_str(&count(view, response.units.len(), response.total));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// From when to when a unit exists, and whether not on the day.
fn life(view: &View, unit: &v1::OrganisationUnit) -> String {
    let until = unit.until.as_deref().map(terminal::line);
    let days = format!(
        "{}〜{}",
        terminal::line(&unit.from),
        until.unwrap_or_default()
    );
    if unit.exists {
        days
    } else {
        format!("{days} {}", view.pick("（なし）", "(absent)"))
    }
}

/// One unit, or who answers for a goal, an initiative or an indicator.
pub fn responsibility(view: &View, response: &v1::GetResponsibilityResponse) -> String {
    let mut text = format!(
        "{}\n  {}",
        view.entity(response.subject.as_ref()),
        view.heading(response.answered_at.as_ref())
    );
    if let Some(unit) = &response.unit {
        text.push_str(&self::unit(view, response, unit));
    }
    if let Some(event) = &response.placed_by {
        let event = self::event(view, event);
        text.push_str(&view.pick(
            format!("  体系: {event}\n"),
            format!("  placed by: {event}\n"),
        ));
    }
    if !response.responsibilities.is_empty() {
        text.push_str(view.pick("\n  担当\n", "\n  who answers\n"));
        text.push_str(&table(view, &response.responsibilities));
    }
    if 1 < response.transfers.len() {
        text.push_str(view.pick("\n  担当の経緯\n", "\n  transfers\n"));
        text.push_str(&table(view, &response.transfers));
    }
    text.push('\n');
    let shown = response.responsibilities.len();
    text.push_str(&count(view, shown, response.total));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

fn unit(
    view: &View,
    response: &v1::GetResponsibilityResponse,
    unit: &v1::OrganisationUnit,
) -> String {
    let mut line = format!(
        "  {} · {}",
        label::unit_kind(view.language, unit.kind()),
        life(view, unit)
    );
    if unit.parent.is_some() {
        let parent = view.entity(unit.parent.as_ref());
        line.push_str(&view.pick(format!(" · 上位 {parent}"), format!(" · under {parent}")));
    }
    let mut text = format!("{line}\n");
    let units = |units: &[v1::Entity]| -> String {
        let units: Vec<String> = units.iter().map(|unit| view.entity(Some(unit))).collect();
        units.join(view.pick("、", ", "))
    };
    if !response.predecessors.is_empty() {
        let from = units(&response.predecessors);
        text.push_str(&view.pick(
            format!("  引継元: {from}\n"),
            format!("  took over from: {from}\n"),
        ));
    }
    if !response.successors.is_empty() {
        let to = units(&response.successors);
        text.push_str(&view.pick(
            format!("  引継先: {to}\n"),
            format!("  handed over to: {to}\n"),
        ));
    }
    text.push_str(view.pick("\n  改編\n", "\n  changes\n"));
    let mut table = Table::new()
        .text(view.pick("適用日", "effective"))
        .wrapping(view.pick("内容", "what"))
        .wrapping(view.pick("根拠", "event"))
        .indented(4);
    for change in &response.changes {
        let event = change.event.clone().unwrap_or_default();
        let from = event.valid_from.as_deref().unwrap_or_default();
        table.row([
            series::days(from, event.valid_to.as_deref()),
            what(view, change, event.r#type()),
            self::event(view, &event),
        ]);
    }
    text.push_str(&table.render(view.columns));
    text
}

/// What a change did to a unit.
fn what(view: &View, change: &v1::UnitChange, kind: v1::EventType) -> String {
    let registered = kind == v1::EventType::OrgUnitRegistered;
    let mut parts = Vec::new();
    if change.name.is_some() {
        let name = view.title(change.name.as_ref());
        parts.push(match registered {
            true => view.pick(format!("設置「{name}」"), format!("registered as `{name}`")),
            false => view.pick(format!("改称「{name}」"), format!("renamed `{name}`")),
        });
    }
    if change.parent.is_some() {
        let parent = view.entity(change.parent.as_ref());
        parts.push(view.pick(format!("上位 {parent}"), format!("under {parent}")));
    }
    if change.dissolved {
        parts.push(view.pick("廃止", "dissolved").to_owned());
    }
    parts.join(view.pick("、", ", "))
}

fn table(view: &View, responsibilities: &[v1::Responsibility]) -> String {
    let mut table = Table::new()
        .wrapping(view.pick("取組内容", "initiative"))
        .text(view.pick("始期", "from"))
        .wrapping(view.pick("担当課", "lead"))
        .wrapping(view.pick("部", "department"))
        .wrapping(view.pick("協力課", "with"))
        .wrapping(view.pick("根拠", "event"))
        .indented(4);
    for responsibility in responsibilities {
        let with = responsibility.contributing.iter();
        let with: Vec<String> = with.map(|unit| view.name(Some(unit))).collect();
        let event = responsibility.event.clone().unwrap_or_default();
        table.row([
            view.entity(responsibility.initiative.as_ref()),
            terminal::line(&responsibility.from),
            view.name(responsibility.lead.as_ref()),
            view.name(responsibility.department.as_ref()),
            with.join(view.pick("、", ", ")),
            self::event(view, &event),
        ]);
    }
    table.render(view.columns)
}

/// An event in a few words: its position, what it is, when it was recorded by whom, and why.
fn event(view: &View, event: &v1::EventReference) -> String {
    let who = view.actor(event.actor.as_ref());
    let mut text = format!(
        "#{} {} {} {}",
        event.position,
        label::event_type(view.language, event.r#type()),
        view.time(event.recorded_at.as_ref()),
        who
    );
    if let Some(reason) = &event.reason {
        let code = label::reason_code(view.language, reason.code());
        text.push_str(&format!(" {code}: {}", terminal::line(&reason.text)));
    }
    text
}

fn count(view: &View, shown: usize, total: u32) -> String {
    if shown < usize::try_from(total).unwrap_or(usize::MAX) {
        view.pick(
            format!("{total}件中{shown}件（--limit で増やせます）\n"),
            format!("{shown} of {total}: raise --limit for more\n"),
        )
    } else {
        view.pick(format!("{total}件\n"), format!("{total} in all\n"))
    }
}
