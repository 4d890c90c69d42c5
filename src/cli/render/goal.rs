//! Goals: a list of them, and one with all that stands under it.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::import::assumed_ja;
use crate::cli::render::{View, event, indented, value};
use crate::cli::table::Table;
use crate::cli::terminal;
use crate::domain::text::Language;

/// Goals, one a line.
pub fn list(view: &View, response: &v1::ListGoalsResponse) -> String {
    let mut table = Table::new()
        .text(view.pick("コード", "code"))
        .text(view.pick("部", "department"))
        .figures(view.pick("柱", "pillar"))
        .wrapping(view.pick("組織目標", "goal"))
        .figures(view.pick("報告/指標", "reported"))
        .text(view.pick("状態", "state"));
    for goal in &response.goals {
        let pillar = goal.pillar.as_ref().map_or(0, |pillar| pillar.number);
        table.row([
            goal.code.clone(),
            view.name(goal.department.as_ref()),
            pillar.to_string(),
            view.title(goal.title.as_ref()),
            format!("{}/{}", goal.reported_count, goal.indicator_count),
            standing(view, goal.standing.as_ref()),
        ]);
    }
    let (shown, total) = (response.goals.len(), response.total);
    let mut text = view.heading(response.answered_at.as_ref());
    if !table.is_empty() {
        text.push_str(&table.render(view.columns));
    }
    let total_shown = usize::try_from(total).unwrap_or(usize::MAX);
    text.push_str(&if shown < total_shown {
        view.pick(
            format!("{total}件中{shown}件（--limit で増やせます）\n"),
            format!("{shown} of {total} goals: raise --limit for more\n"),
        )
    } else {
        view.pick(format!("{total}件\n"), format!("{total} goals\n"))
    });
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// One goal with its initiatives and indicators.
pub fn card(view: &View, response: &v1::GetGoalResponse) -> String {
    let Some(goal) = &response.goal else {
        return String::new();
    };
    let mut text = format!(
        "{}  {}\n",
        terminal::line(&goal.code),
        view.title(goal.title.as_ref())
    );
    text.push_str("  ");
    text.push_str(&view.heading(response.answered_at.as_ref()));
    let pillar = goal.pillar.as_ref().map_or_else(String::new, |pillar| {
        format!("({}) {}", pillar.number, view.title(pillar.title.as_ref()))
    });
    let plan = view.entity(goal.plan.as_ref());
    let department = view.name(goal.department.as_ref());
    let standing = standing(view, goal.standing.as_ref());
    let revision = goal.revision;
    text.push_str(&view.pick(
        format!("  計画 {plan} · 部 {department} · 柱 {pillar} · {standing} · 版 {revision}\n"),
        format!("  plan {plan} · department {department} · pillar {pillar} · {standing} · revision {revision}\n"),
    ));
    text.push_str(&indented(&goal.source_text, 2));
    text.push_str(&links(view, goal.continues.as_ref(), &goal.continued_by, 2));
    for initiative in &goal.initiatives {
        text.push('\n');
        text.push_str(&section(view, initiative));
    }
    text.push_str(&told(view, goal));
    text.push_str(&proposed(view, &response.open_proposals));
    text.push('\n');
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

fn section(view: &View, initiative: &v1::Initiative) -> String {
    let lead = view.name(initiative.lead.as_ref());
    let contributing: Vec<String> = initiative
        .contributing
        .iter()
        .map(|unit| view.name(Some(unit)))
        .collect();
    let mut text = format!(
        "  {}. {}  [{}]\n",
        initiative.number,
        view.title(initiative.title.as_ref()),
        terminal::line(&initiative.code)
    );
    let mut line = view.pick(format!("     担当 {lead}"), format!("     lead {lead}"));
    if !contributing.is_empty() {
        let units = contributing.join(view.pick("、", ", "));
        line.push_str(&view.pick(format!(" · 協力 {units}"), format!(" · with {units}")));
    }
    if is_marked(initiative.standing.as_ref()) {
        line.push_str(&format!(
            " · {}",
            standing(view, initiative.standing.as_ref())
        ));
    }
    text.push_str(&line);
    text.push('\n');
    text.push_str(&links(
        view,
        initiative.continues.as_ref(),
        &initiative.continued_by,
        5,
    ));
    text.push_str(&references(view, &initiative.references));
    if initiative.indicators.is_empty() {
        return text;
    }
    let mut table = Table::new()
        .text(view.pick("指標", "indicator"))
        .wrapping(view.pick("名称", "title"))
        .wrapping(view.pick("現在値", "stands at"))
        .wrapping(view.pick("目標", "target"))
        .figures(view.pick("報告", "entries"))
        .text(view.pick("最終", "last"))
        .indented(5);
    for indicator in &initiative.indicators {
        table.row(row(view, indicator));
    }
    text.push_str(&table.render(view.columns));
    for indicator in &initiative.indicators {
        let code = terminal::line(&indicator.code);
        if let Some(version) = &indicator.definition {
            text.push_str(&confirmed(view, version, &format!("     {code} ")));
        }
        if let Some(earlier) = &indicator.continues {
            let earlier = terminal::line(&earlier.code);
            text.push_str(&view.pick(
                format!("     {code} は {earlier} の継続\n"),
                format!("     {code} goes on with {earlier}\n"),
            ));
        }
        if let Some(later) = &indicator.continued_by {
            let later = terminal::line(&later.code);
            text.push_str(&view.pick(
                format!("     {code} は {later} に継続\n"),
                format!("     {code} goes on in {later}\n"),
            ));
        }
    }
    text
}

/// Who confirmed what was assumed of a definition, and when: a line each, behind `before`.
pub(super) fn confirmed(view: &View, version: &v1::DefinitionVersion, before: &str) -> String {
    let mut text = String::new();
    for by in &version.confirmed {
        let fields: Vec<&str> = by
            .fields
            .iter()
            .map(|field| match view.language {
                Language::Ja => assumed_ja(field),
                Language::En => field,
            })
            .collect();
        let fields = terminal::line(&fields.join(view.pick("・", ", ")));
        let said = by.confirmation.clone().unwrap_or_default();
        let (actor, date) = (view.actor(said.actor.as_ref()), terminal::line(&said.date));
        let (time, position) = (view.time(said.recorded_at.as_ref()), said.position);
        text.push_str(&view.pick(
            format!("{before}推定を確認: {fields}（{date}、{actor}、記録 {time}、位置 {position}）\n"),
            format!("{before}confirmed what was assumed: {fields} ({date}, {actor}, recorded {time}, position {position})\n"),
        ));
    }
    text
}

/// The clauses of other documents that an initiative carries out, on one line.
fn references(view: &View, references: &[v1::ExternalReference]) -> String {
    let told = references.iter().map(|reference| {
        let document = terminal::line(&reference.document);
        match &reference.clause {
            Some(clause) => format!("{document} {}", terminal::line(clause)),
            None => document.to_string(),
        }
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        return String::new();
    }
    let name = view.pick("関連規定", "refers to");
    format!("     {name} {}\n", told.join(view.pick("、", ", ")))
}

/// What something of an earlier plan goes on in this, and in what this goes on: a line each.
fn links(view: &View, earlier: Option<&v1::Entity>, later: &[v1::Entity], indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut text = String::new();
    let mut line = |name: &str, entity: &v1::Entity| {
        text.push_str(&format!("{space}{name} {}\n", view.entity(Some(entity))));
    };
    if let Some(earlier) = earlier {
        line(view.pick("継続元", "goes on with"), earlier);
    }
    for later in later {
        line(view.pick("継続先", "goes on in"), later);
    }
    text
}

fn row(view: &View, indicator: &v1::Indicator) -> [String; 6] {
    let definition = indicator
        .definition
        .as_ref()
        .and_then(|version| version.definition.as_ref());
    let target = indicator.target.as_ref();
    let mut title = view.title(indicator.title.as_ref());
    if is_marked(indicator.standing.as_ref()) {
        title.push_str(&format!(
            " [{}]",
            standing(view, indicator.standing.as_ref())
        ));
    }
    let mut aim = value::target(
        view.language,
        target.and_then(|version| version.target.as_ref()),
        definition,
    );
    if 1 < indicator.targets {
        let times = indicator.targets - 1;
        aim.push_str(&view.pick(format!(" [変更{times}回]"), format!(" [revised {times}x]")));
    }
    let last = indicator.last_entry.as_ref();
    [
        indicator.code.clone(),
        title,
        value::actual(view.language, indicator.actual.as_ref(), definition),
        aim,
        indicator.entries.to_string(),
        last.map(|entry| entry.valid_to.as_ref().unwrap_or(&entry.valid_from).clone())
            .unwrap_or_default(),
    ]
}

fn told(view: &View, goal: &v1::Goal) -> String {
    let mut text = String::new();
    if !goal.narratives.is_empty() {
        text.push_str(view.pick("\n  状況説明\n", "\n  narratives\n"));
    }
    for narrative in &goal.narratives {
        let who = view.actor(narrative.actor.as_ref());
        text.push_str(&format!(
            "    {}  {}  {}  {}\n",
            narrative
                .valid_from
                .as_deref()
                .map(terminal::line)
                .unwrap_or_default(),
            label::narrative_kind(view.language, narrative.kind()),
            who,
            view.entity(narrative.subject.as_ref()),
        ));
        text.push_str(&indented(&narrative.text, 6));
    }
    if !goal.attachments.is_empty() {
        text.push_str(view.pick("\n  根拠資料\n", "\n  evidence\n"));
    }
    for attachment in &goal.attachments {
        for evidence in &attachment.evidence {
            text.push_str(&format!(
                "    {}  {}\n",
                terminal::line(&evidence.title),
                view.entity(attachment.subject.as_ref())
            ));
        }
    }
    text
}

/// What waits for a decision: a line each.
fn proposed(view: &View, proposals: &[v1::Proposal]) -> String {
    let mut text = String::new();
    if !proposals.is_empty() {
        text.push_str(view.pick(
            "\n  決裁待ち（数値には入っていません）\n",
            "\n  waiting for a decision (in no figure)\n",
        ));
    }
    for proposal in proposals {
        let (number, due) = (
            terminal::line(&proposal.number),
            terminal::line(&proposal.due),
        );
        let kind = label::change_kind(view.language, proposal.kind());
        let change = proposal.change.as_ref();
        let told = change.map_or_else(String::new, |change| event::told(view, change));
        let due = view.pick(format!("期限 {due}"), format!("due {due}"));
        text.push_str(&format!("    {number}  {kind}  {told}  {due}\n"));
    }
    text
}

fn is_marked(standing: Option<&v1::Standing>) -> bool {
    standing.is_some_and(|standing| standing.phase() != v1::Phase::Active)
}

/// What has become of something, and since when.
pub(super) fn standing(view: &View, standing: Option<&v1::Standing>) -> String {
    let Some(standing) = standing else {
        return String::new();
    };
    let phase = label::phase(view.language, standing.phase());
    match &standing.since {
        Some(since) => format!("{phase} {}", terminal::line(since)),
        None => phase.to_owned(),
    }
}
