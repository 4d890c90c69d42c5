//! What differs between two evaluations: criterion by criterion, event by event.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::audit::reference;
use crate::cli::render::{View, evaluation};
use crate::cli::terminal;

/// The differences, each with the events behind it.
pub fn list(view: &View, response: &v1::CompareEvaluationsResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.plan.as_ref()));
    let at = |at: Option<&v1::EvaluatedAt>| {
        at.map(|at| evaluation::evaluated_at(view, at))
            .unwrap_or_default()
    };
    let (from, to) = (at(response.from.as_ref()), at(response.to.as_ref()));
    text.push_str(&view.pick(
        format!("  変更前: {from}\n  変更後: {to}\n"),
        format!("  from: {from}\n  to:   {to}\n"),
    ));
    for row in &response.differences {
        text.push('\n');
        text.push_str(&self::row(view, row));
    }
    let (rows, material) = (response.rows, response.material);
    let digest = hex::encode(&response.sha256);
    let shown = response.differences.len();
    text.push_str(&view.pick(
        format!("\n差異 {rows}件（うち判定に影響 {material}件）、表示 {shown}件\n  差異のSHA-256 {digest}\n"),
        format!("\n{rows} rows differ, {material} of them in judgement; {shown} shown\n  SHA-256 of the differences {digest}\n"),
    ));
    text.push_str(&evaluation::footer(view, response.to.as_ref()));
    text
}

fn row(view: &View, row: &v1::RowDifference) -> String {
    let mut line = format!(
        "{}  [{}]",
        view.entity(row.indicator.as_ref()),
        label::materiality(view.language, row.materiality())
    );
    if row.change() != v1::RowChange::Changed {
        line.push_str(&format!(
            " {}",
            label::row_change(view.language, row.change())
        ));
    }
    line.push('\n');
    line.push_str(&fields(view, &row.fields, 4));
    let steps = [&row.learnt, &row.happened, &row.ruled].map(Option::as_ref);
    line.push_str(&self::steps(view, &row.fields, steps));
    line
}

/// The differences within a goal, subject by subject, each with the events behind it.
pub fn of_goal(view: &View, response: &v1::DiffGoalResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.subject.as_ref()));
    let at = |at: Option<&v1::EvaluatedAt>| {
        at.map(|at| evaluation::evaluated_at(view, at))
            .unwrap_or_default()
    };
    let (from, to) = (at(response.from.as_ref()), at(response.to.as_ref()));
    text.push_str(&view.pick(
        format!("  変更前: {from}\n  変更後: {to}\n"),
        format!("  from: {from}\n  to:   {to}\n"),
    ));
    for found in &response.differences {
        text.push_str(&format!(
            "\n{}  [{}]",
            view.entity(found.subject.as_ref()),
            label::materiality(view.language, found.materiality())
        ));
        if found.change() != v1::RowChange::Changed {
            let change = label::row_change(view.language, found.change());
            text.push_str(&format!(" {change}"));
        }
        text.push('\n');
        text.push_str(&fields(view, &found.fields, 4));
        let steps = [&found.learnt, &found.happened, &found.ruled].map(Option::as_ref);
        text.push_str(&self::steps(view, &found.fields, steps));
    }
    let (shown, total) = (response.differences.len(), response.total);
    text.push_str(&view.pick(
        format!("\n差異 {total}件、表示 {shown}件\n"),
        format!("\n{total} differ; {shown} shown\n"),
    ));
    text.push_str(&evaluation::footer(view, response.to.as_ref()));
    text
}

/// What lies between: what was learnt, what happened, what another policy judges.
fn steps(
    view: &View,
    whole: &[v1::FieldDifference],
    [learnt, happened, ruled]: [Option<&v1::RowStep>; 3],
) -> String {
    let mut text = String::new();
    for (step, title) in [
        (learnt, view.pick("判明したこと", "what was learnt")),
        (happened, view.pick("起きたこと", "what happened")),
        (
            ruled,
            view.pick("算定方針の違い", "what the other policy judges"),
        ),
    ] {
        let Some(step) = step else { continue };
        if step.fields.is_empty() && step.causes.is_empty() {
            continue;
        }
        text.push_str(&format!("    {title}\n"));
        if step.fields != whole {
            text.push_str(&fields(view, &step.fields, 6));
        }
        for cause in &step.causes {
            text.push_str(&self::cause(view, cause));
        }
        if step.more_causes {
            text.push_str(view.pick("      …ほかにもあります\n", "      … and more\n"));
        }
    }
    text
}

/// Cells before and after, one a line.
pub(super) fn fields(view: &View, fields: &[v1::FieldDifference], indent: usize) -> String {
    let space = " ".repeat(indent);
    let mut text = String::new();
    for field in fields {
        let nothing = "-".to_owned();
        let cell = |cell: &Option<String>| {
            cell.as_ref()
                .map_or_else(|| nothing.clone(), |cell| word(view, &field.field, cell))
        };
        text.push_str(&format!(
            "{space}{}: {} → {}",
            label::row_field(view.language, &field.field),
            cell(&field.before),
            cell(&field.after)
        ));
        if let Some(points) = &field.points {
            let points = terminal::line(&points.display);
            let rises = !points.starts_with('-') && points.contains(|c| matches!(c, '1'..='9'));
            let sign = if rises { "+" } else { "" };
            text.push_str(&view.pick(
                format!("（{sign}{points}ポイント）"),
                format!(" ({sign}{points} points)"),
            ));
        }
        text.push('\n');
    }
    text
}

/// A cell as people read it: shares in percent, codes in words.
fn word(view: &View, field: &str, cell: &str) -> String {
    let status = |prefix: &str| v1::EvaluationStatus::from_str_name(&format!("{prefix}{cell}"));
    match field {
        "status" => status("EVALUATION_STATUS_")
            .map(|status| label::evaluation_status(view.language, status).to_owned()),
        "achievement" | "achievement_first" => {
            v1::Achievement::from_str_name(&format!("ACHIEVEMENT_{cell}"))
                .map(|achievement| label::achievement(view.language, achievement).to_owned())
        }
        "remarks" => {
            let remarks = cell.split(';').map(|remark| {
                v1::Remark::from_str_name(&format!("REMARK_{remark}"))
                    .map_or(remark, |remark| label::remark(view.language, remark))
            });
            Some(remarks.collect::<Vec<_>>().join(view.pick("・", ", ")))
        }
        _ if field.ends_with("_why") => v1::Obstacle::from_str_name(&format!("OBSTACLE_{cell}"))
            .map(|obstacle| label::obstacle(view.language, obstacle).to_owned()),
        _ => None,
    }
    .unwrap_or_else(|| terminal::line(&label::row_value(view.language, field, cell)))
}

fn cause(view: &View, cause: &v1::Cause) -> String {
    let who = view.actor(cause.actor.as_ref());
    let day = cause.valid_to.as_ref().or(cause.valid_from.as_ref());
    let mut text = format!(
        "      #{} {} {}{}  {}\n",
        cause.position,
        view.time(cause.recorded_at.as_ref()),
        label::event_type(view.language, cause.r#type()),
        day.map(|day| view.pick(
            format!("（{}分）", terminal::line(day)),
            format!(" (for {})", terminal::line(day))
        ))
        .unwrap_or_default(),
        who,
    );
    if let Some(reason) = &cause.reason {
        text.push_str(&format!(
            "        {}: {}\n",
            label::reason_code(view.language, reason.code()),
            terminal::line(&reason.text)
        ));
    }
    text.push_str(&reference::grounds(
        view,
        None,
        cause.source_document.as_ref(),
        cause.decision_event_id.as_deref(),
        8,
    ));
    if !cause.fields.is_empty() {
        text.push_str(&fields(view, &cause.fields, 8));
    }
    text
}
