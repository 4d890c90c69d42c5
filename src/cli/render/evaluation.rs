//! An evaluation: the distribution first, then goal by goal where each criterion stands.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::{View, value};
use crate::cli::table::Table;
use crate::cli::terminal;

/// What the groups of a table of distributions are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Grouping {
    /// 部.
    Department,
    /// 柱.
    Pillar,
    /// 課等.
    Section,
    /// 組織目標.
    Goal,
}

/// The evaluation of a plan: its distribution, then every goal with its criteria.
pub fn plan(view: &View, response: &v1::EvaluatePlanResponse) -> String {
    let mut text = heading(view, response);
    if let Some(roll_ups) = &response.roll_ups {
        text.push_str(&whole(view, roll_ups));
    }
    for goal in &response.goals {
        text.push('\n');
        text.push_str(&section(view, goal));
    }
    text.push('\n');
    text.push_str(&footer(view, response.evaluated_at.as_ref()));
    text
}

/// The evaluation of a plan as distributions, one group a line.
pub fn by(view: &View, response: &v1::EvaluatePlanResponse, grouping: Grouping) -> String {
    let mut text = heading(view, response);
    let roll_ups = response.roll_ups.clone().unwrap_or_default();
    text.push_str(&whole(view, &roll_ups));
    text.push('\n');
    let statuses: Vec<v1::EvaluationStatus> = roll_ups
        .plan
        .iter()
        .flat_map(|plan| &plan.statuses)
        .map(v1::StatusCount::status)
        .collect();
    let title = match grouping {
        Grouping::Department => view.pick("部", "department"),
        Grouping::Pillar => view.pick("柱", "pillar"),
        Grouping::Section => view.pick("課等", "section"),
        Grouping::Goal => view.pick("組織目標", "goal"),
    };
    let mut table = Table::new().wrapping(title);
    if matches!(grouping, Grouping::Department | Grouping::Pillar) {
        table = table.figures(view.pick("目標", "goals"));
    }
    table = table.figures(view.pick("基準", "criteria"));
    if grouping == Grouping::Section {
        table = table.figures(view.pick("参加", "joins"));
    }
    for status in &statuses {
        table = table.figures(label::evaluation_status(view.language, *status));
    }
    table = table
        .figures(view.pick("報告済", "reported"))
        .figures(view.pick("平均達成率", "mean"));
    let line = |name: String, lead: Vec<String>, roll_up: Option<&v1::RollUp>| {
        let roll_up = roll_up.cloned().unwrap_or_default();
        let mut cells = vec![name];
        cells.extend(lead);
        cells.extend(statuses.iter().map(|status| count(&roll_up, *status)));
        cells.push(roll_up.reported.to_string());
        cells.push(mean(view, roll_up.mean.as_ref()));
        cells
    };
    let criteria = |roll_up: Option<&v1::RollUp>| roll_up.map_or(0, |r| r.indicators).to_string();
    match grouping {
        Grouping::Department => {
            for group in &roll_ups.departments {
                let lead = vec![group.goals.to_string(), criteria(group.roll_up.as_ref())];
                let name = view.name(group.department.as_ref());
                table.row(line(name, lead, group.roll_up.as_ref()));
            }
        }
        Grouping::Pillar => {
            for group in &roll_ups.pillars {
                let pillar = group.pillar.clone().unwrap_or_default();
                let name = format!("({}) {}", pillar.number, view.title(pillar.title.as_ref()));
                let lead = vec![group.goals.to_string(), criteria(group.roll_up.as_ref())];
                table.row(line(name, lead, group.roll_up.as_ref()));
            }
        }
        Grouping::Section => {
            for group in &roll_ups.sections {
                let lead = vec![
                    criteria(group.led.as_ref()),
                    criteria(group.contributed.as_ref()),
                ];
                table.row(line(
                    view.name(group.section.as_ref()),
                    lead,
                    group.led.as_ref(),
                ));
            }
        }
        Grouping::Goal => {
            for goal in &response.goals {
                let name = view.entity(goal.goal.as_ref());
                let lead = vec![criteria(goal.roll_up.as_ref())];
                table.row(line(name, lead, goal.roll_up.as_ref()));
            }
        }
    }
    if grouping != Grouping::Goal {
        table.rule();
        let total = view.pick("計", "total").to_owned();
        let criteria = criteria(roll_ups.plan.as_ref());
        let lead = match grouping {
            Grouping::Section => vec![criteria, String::new()],
            _ => vec![roll_ups.goals.to_string(), criteria],
        };
        table.row(line(total, lead, roll_ups.plan.as_ref()));
    }
    text.push_str(&table.render(view.columns));
    text.push_str(&footer(view, response.evaluated_at.as_ref()));
    text
}

fn heading(view: &View, response: &v1::EvaluatePlanResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.plan.as_ref()));
    if let Some(at) = &response.evaluated_at {
        text.push_str(&format!("  {}\n", evaluated_at(view, at)));
    }
    text
}

/// D, K and policy in words.
pub fn evaluated_at(view: &View, at: &v1::EvaluatedAt) -> String {
    let (day, size) = (terminal::line(&at.effective_on), at.known_at);
    let policy = policy(at.policy.as_ref());
    view.pick(
        format!("評価基準日 {day} · 記録時点 {size}件 · 算定方針 {policy}"),
        format!("evaluated for {day} · as known at {size} events · policy {policy}"),
    )
}

/// A policy by code and version.
pub fn policy(policy: Option<&v1::PolicyUsed>) -> String {
    policy.map_or_else(String::new, |policy| {
        format!("{}@{}", terminal::line(&policy.code), policy.version)
    })
}

fn whole(view: &View, roll_ups: &v1::PlanRollUps) -> String {
    let Some(plan) = &roll_ups.plan else {
        return String::new();
    };
    let goals = roll_ups.goals;
    let empty: Vec<String> = roll_ups
        .pillars
        .iter()
        .filter(|pillar| pillar.goals == 0)
        .filter_map(|pillar| pillar.pillar.as_ref())
        .map(|pillar| format!("({})", pillar.number))
        .collect();
    let mut text = view.pick(
        format!("\n  組織目標 {goals} · 基準 {}\n", plan.indicators),
        format!("\n  {goals} goals · {} criteria\n", plan.indicators),
    );
    text.push_str(&format!("  {}\n", distribution(view, plan)));
    text.push_str(&format!("  {}\n", coverage(view, plan)));
    if !roll_ups.causes.is_empty() {
        text.push_str(&format!("  {}\n", causes(view, &roll_ups.causes)));
    }
    if !empty.is_empty() {
        let pillars = empty.join(" ");
        text.push_str(&view.pick(
            format!("  目標のない柱: {pillars}\n"),
            format!("  pillars without goals: {pillars}\n"),
        ));
    }
    text
}

/// Which causes were named how often, and how many of them are external.
fn causes(view: &View, causes: &[v1::CauseCount]) -> String {
    let each: Vec<String> = causes
        .iter()
        .map(|cause| {
            let label = label::cause_code(view.language, cause.cause());
            format!("{label} {}", cause.count)
        })
        .collect();
    let all: u32 = causes.iter().map(|cause| cause.count).sum();
    let external: u32 = causes
        .iter()
        .filter(|cause| cause.external)
        .map(|cause| cause.count)
        .sum();
    let each = each.join(" · ");
    view.pick(
        format!("自己評価の要因: {each}（{all}件のうち外部{external}件）"),
        format!("causes in self-evaluations: {each} ({external} of {all} external)"),
    )
}

/// How many stand where.
pub fn distribution(view: &View, roll_up: &v1::RollUp) -> String {
    let counts: Vec<String> = roll_up
        .statuses
        .iter()
        .map(|counted| {
            let label = label::evaluation_status(view.language, counted.status());
            format!("{label} {}", counted.count)
        })
        .collect();
    counts.join(" · ")
}

fn coverage(view: &View, roll_up: &v1::RollUp) -> String {
    let (reported, judged, all) = (roll_up.reported, roll_up.judged, roll_up.applicable);
    let mut text = view.pick(
        format!("対象 {all} · 報告済 {reported} · 判定済 {judged}"),
        format!("{all} asked for · {reported} reported · {judged} judged"),
    );
    if let Some(mean) = roll_up.mean.as_ref().filter(|mean| 0 < mean.count) {
        let shown = self::mean(view, Some(mean));
        let count = mean.count;
        let excluded: u32 = mean.excluded.iter().map(|excluded| excluded.count).sum();
        text.push_str(&view.pick(
            format!(" · 平均達成率 {shown}（{count}件の平均、除外{excluded}件）"),
            format!(" · mean attainment {shown} (of {count}, {excluded} left out)"),
        ));
    }
    text
}

fn count(roll_up: &v1::RollUp, status: v1::EvaluationStatus) -> String {
    let counted = roll_up
        .statuses
        .iter()
        .find(|counted| counted.status() == status)
        .map_or(0, |counted| counted.count);
    // Zeros would hide what there is.
    if counted == 0 {
        "·".to_owned()
    } else {
        counted.to_string()
    }
}

fn mean(view: &View, mean: Option<&v1::MeanAttainment>) -> String {
    match mean.filter(|mean| 0 < mean.count) {
        Some(mean) => figure(view, mean.mean.as_ref()),
        None => "-".to_owned(),
    }
}

fn section(view: &View, goal: &v1::GoalEvaluation) -> String {
    let mut text = format!("{}\n", view.entity(goal.goal.as_ref()));
    let department = view.name(goal.department.as_ref());
    let pillar = goal.pillar.as_ref().map_or(0, |pillar| pillar.number);
    let mut line = format!("  {department} ({pillar})");
    if let Some(standing) = goal.standing.as_ref()
        && standing.phase() != v1::Phase::Active
    {
        line.push_str(" · ");
        line.push_str(&super::goal::standing(view, Some(standing)));
    }
    if let Some(roll_up) = &goal.roll_up {
        line.push_str(&format!(" · {}", distribution(view, roll_up)));
    }
    text.push_str(&line);
    text.push('\n');
    let mut table = Table::new()
        .text(view.pick("基準", "criterion"))
        .wrapping(view.pick("名称", "title"))
        .wrapping(view.pick("課等", "section"))
        .wrapping(view.pick("当初目標", "first target"))
        .wrapping(view.pick("現目標", "target"))
        .wrapping(view.pick("実績", "actual"))
        .figures(view.pick("達成率", "attainment"))
        .figures(view.pick("ペース", "pace"))
        .figures(view.pick("着地見込", "forecast"))
        .figures(view.pick("必要/月", "needed/month"))
        .text(view.pick("状態", "status"))
        .wrapping(view.pick("備考", "remarks"))
        .indented(2);
    for indicator in goal.initiatives.iter().flat_map(|i| &i.indicators) {
        table.row(row(view, indicator));
    }
    if !table.is_empty() {
        text.push_str(&table.render(view.columns));
    }
    text.push_str(&said(view, goal));
    text
}

fn row(view: &View, indicator: &v1::IndicatorEvaluation) -> [String; 12] {
    let language = view.language;
    let entity = indicator.indicator.clone().unwrap_or_default();
    let definition = indicator
        .definition
        .as_ref()
        .and_then(|version| version.definition.as_ref());
    let unit = definition.and_then(|definition| definition.unit.as_ref());
    let target = |against: Option<&v1::AgainstTarget>| {
        against
            .and_then(|against| against.target.as_ref())
            .and_then(|version| version.target.clone())
    };
    let first = target(indicator.first.as_ref());
    let current = target(indicator.current.as_ref());
    let aim = |aim: Option<&v1::Target>| value::target(language, aim, definition);
    let mut sections = vec![view.name(indicator.lead.as_ref())];
    sections.extend(
        indicator
            .contributing
            .iter()
            .map(|unit| view.name(Some(unit))),
    );
    let pace = pace(view, indicator);
    let forecast = forecast(view, indicator, unit);
    [
        entity.code.clone(),
        view.title(entity.title.as_ref()),
        sections.join(view.pick("、", ", ")),
        // The first target is told where another is in force, so that a revision is seen at once.
        if first == current {
            "=".to_owned()
        } else {
            aim(first.as_ref())
        },
        aim(current.as_ref()),
        value::actual(language, indicator.actual.as_ref(), definition),
        figure(
            view,
            indicator
                .current
                .as_ref()
                .and_then(|c| c.attainment.as_ref()),
        ),
        pace,
        forecast,
        in_unit(view, indicator.required_per_month.as_ref(), unit),
        status(view, indicator),
        remarks(view, indicator),
    ]
}

fn status(view: &View, indicator: &v1::IndicatorEvaluation) -> String {
    let label = label::evaluation_status(view.language, indicator.status());
    match &indicator.grade {
        Some(grade) => format!("{label} [{}]", terminal::line(grade)),
        None => label.to_owned(),
    }
}

fn pace(view: &View, indicator: &v1::IndicatorEvaluation) -> String {
    let shown = match number(indicator.pace.as_ref()) {
        Ok(number) => terminal::line(&number.display),
        Err(obstacle) => return none(view, obstacle),
    };
    let for_reference = indicator
        .remarks()
        .any(|remark| remark == v1::Remark::PaceForReference);
    if for_reference {
        view.pick(format!("参考 {shown}"), format!("{shown} (ref.)"))
    } else {
        shown
    }
}

/// The computed forecast, and the section's beside it where it made one.
fn forecast(view: &View, indicator: &v1::IndicatorEvaluation, unit: Option<&v1::Unit>) -> String {
    let computed = in_unit(view, indicator.forecast.as_ref(), unit);
    let owner = indicator
        .owner_forecast
        .as_ref()
        .and_then(|owner| owner.forecast.as_ref());
    let owner = match owner {
        None => return computed,
        Some(v1::owner_forecast::Forecast::Value(value)) => {
            value::with_unit(view.language, &value.display, unit)
        }
        Some(v1::owner_forecast::Forecast::Date(date)) => terminal::line(date),
    };
    view.pick(
        format!("{computed}（担当 {owner}）"),
        format!("{computed} (owner {owner})"),
    )
}

fn remarks(view: &View, indicator: &v1::IndicatorEvaluation) -> String {
    let remarks: Vec<&str> = indicator
        .remarks()
        .map(|remark| label::remark(view.language, remark))
        .collect();
    remarks.join(view.pick("・", ", "))
}

/// What people said of the goal and agreed to do next.
fn said(view: &View, goal: &v1::GoalEvaluation) -> String {
    let mut text = judgements(view, None, goal.judgements.as_ref());
    for initiative in &goal.initiatives {
        text.push_str(&judgements(
            view,
            initiative.initiative.as_ref(),
            initiative.judgements.as_ref(),
        ));
        for indicator in &initiative.indicators {
            text.push_str(&judgements(
                view,
                indicator.indicator.as_ref(),
                indicator.judgements.as_ref(),
            ));
        }
    }
    for action in &goal.next_actions {
        let owner = view.name(action.owner.as_ref());
        let (due, kind) = (
            terminal::line(&action.due),
            label::action_kind(view.language, action.kind()),
        );
        let words = terminal::line(&action.text);
        text.push_str(&view.pick(
            format!("  今後の対応 {kind} · {owner} · 期限 {due} · {words}\n"),
            format!("  next: {kind} · {owner} · due {due} · {words}\n"),
        ));
    }
    text
}

/// What people said of a subject, step by step; of the goal itself where none is named.
fn judgements(
    view: &View,
    subject: Option<&v1::Entity>,
    judgements: Option<&v1::Judgements>,
) -> String {
    let Some(judgements) = judgements else {
        return String::new();
    };
    let steps = [
        (
            view.pick("自己評価", "self-evaluated"),
            &judgements.self_evaluated,
        ),
        (view.pick("二次評価", "reviewed"), &judgements.reviewed),
        (view.pick("評価確定", "finalised"), &judgements.finalised),
    ];
    let mut text = String::new();
    for (step, said) in steps {
        let Some(said) = said else { continue };
        let mut parts = Vec::new();
        parts.extend(subject.map(|subject| terminal::line(&subject.code)));
        let actor = said.actor.as_ref().map(|actor| view.actor(Some(actor)));
        parts.extend(actor);
        parts.extend(grade(view, said));
        if said.cause.is_some() {
            let cause = label::cause_code(view.language, said.cause());
            parts.push(view.pick(format!("要因 {cause}"), format!("cause: {cause}")));
        }
        parts.extend(said.comment.as_deref().map(terminal::line));
        text.push_str(&format!("  {step} {}\n", parts.join(" · ")));
    }
    text
}

/// The grade that was given, and the computed one where it differs.
fn grade(view: &View, said: &v1::Judgement) -> Option<String> {
    let given = terminal::line(said.grade.as_deref()?);
    let computed = said.computed_grade.as_deref().map(terminal::line);
    Some(match computed {
        Some(computed) if computed != given => view.pick(
            format!("評価 {given}（算出 {computed}）"),
            format!("grade {given} (computed {computed})"),
        ),
        _ => view.pick(format!("評価 {given}"), format!("grade {given}")),
    })
}

/// A figure as it is shown, or why there is none.
pub fn figure(view: &View, figure: Option<&v1::Figure>) -> String {
    match number(figure) {
        Ok(number) => terminal::line(&number.display),
        Err(obstacle) => none(view, obstacle),
    }
}

/// A figure in a unit, or why there is none.
fn in_unit(view: &View, figure: Option<&v1::Figure>, unit: Option<&v1::Unit>) -> String {
    match number(figure) {
        Ok(number) => value::with_unit(view.language, &number.display, unit),
        Err(obstacle) => none(view, obstacle),
    }
}

/// Why there is no figure; a dash where nobody would look for one.
fn none(view: &View, obstacle: v1::Obstacle) -> String {
    match obstacle {
        v1::Obstacle::NotOfThisMeasure | v1::Obstacle::Qualitative => "-".to_owned(),
        obstacle => label::obstacle(view.language, obstacle).to_owned(),
    }
}

fn number(figure: Option<&v1::Figure>) -> Result<&v1::ExactNumber, v1::Obstacle> {
    use v1::figure::Figure;
    match figure.and_then(|figure| figure.figure.as_ref()) {
        Some(Figure::Number(number)) => Ok(number),
        Some(Figure::Obstacle(obstacle)) => {
            Err(v1::Obstacle::try_from(*obstacle).unwrap_or_default())
        }
        None => Err(v1::Obstacle::NoTarget),
    }
}

/// The last line: which ledger, at which head, and that a sample is one.
pub(super) fn footer(view: &View, at: Option<&v1::EvaluatedAt>) -> String {
    let at = at.cloned().unwrap_or_default();
    view.footer(Some(&v1::AnsweredAt {
        head: at.head,
        effective_on: at.effective_on,
        known_at: at.known_at,
    }))
}
