//! Why a figure is what it is: the way to it, and what each report does for it.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::audit::reference;
use crate::cli::render::{View, evaluation, goal, series, value};
use crate::cli::table::Table;
use crate::cli::terminal;

/// The explanation: where the figure began, each step, where it stands, and what it is made of.
pub fn explained(view: &View, response: &v1::ExplainFigureResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.indicator.as_ref()));
    let name = label::explained_figure(view.language, response.figure());
    let after = reading(view, response, response.after.as_ref());
    text.push_str(&format!("  {name}: {after}\n"));
    let before = reading(view, response, response.before.as_ref());
    text.push_str(&match &response.since {
        Some(since) => {
            let since = evaluation::evaluated_at(view, since);
            view.pick(
                format!("  起点: {before}（{since}）\n"),
                format!("  from: {before} ({since})\n"),
            )
        }
        None => view
            .pick(
                "  起点: 記録の始まり\n",
                "  from: the beginning of the record\n",
            )
            .to_owned(),
    });
    if let Some(version) = &response.definition {
        text.push_str(&goal::confirmed(view, version, "  "));
    }
    text.push_str(&parts(view, response));
    text.push_str(&steps(view, response));
    text.push_str(&contributions(view, response));
    text.push('\n');
    text.push_str(&evaluation::footer(view, response.evaluated_at.as_ref()));
    text
}

fn definition(response: &v1::ExplainFigureResponse) -> Option<&v1::Definition> {
    response.definition.as_ref()?.definition.as_ref()
}

/// A figure with the two sides of a quotient, or why there is none.
fn reading(
    view: &View,
    response: &v1::ExplainFigureResponse,
    reading: Option<&v1::FigureReading>,
) -> String {
    let Some(reading) = reading else {
        return String::new();
    };
    let definition = definition(response);
    let figure = evaluation::figure(view, reading.figure.as_ref());
    match response.figure() {
        v1::ExplainedFigure::Attainment => {
            let actual = value::actual(view.language, reading.actual.as_ref(), definition);
            let target = reading.target.as_ref().and_then(|v| v.target.as_ref());
            let target = value::target(view.language, target, definition);
            view.pick(
                format!("{figure}（実績 {actual}、目標 {target}）"),
                format!("{figure} (stands at {actual}, target {target})"),
            )
        }
        v1::ExplainedFigure::Target => {
            let target = reading.target.as_ref().and_then(|v| v.target.as_ref());
            value::target(view.language, target, definition)
        }
        v1::ExplainedFigure::Actual | v1::ExplainedFigure::Unspecified => {
            let obstacle = reading
                .figure
                .as_ref()
                .and_then(|found| match found.figure {
                    Some(v1::figure::Figure::Obstacle(number)) => {
                        v1::Obstacle::try_from(number).ok()
                    }
                    _ => None,
                });
            let actual = value::actual(view.language, reading.actual.as_ref(), definition);
            match obstacle {
                None | Some(v1::Obstacle::NoReport | v1::Obstacle::NotOfThisMeasure) => actual,
                Some(obstacle) => {
                    let why = label::obstacle(view.language, obstacle);
                    view.pick(format!("{actual}（{why}）"), format!("{actual} ({why})"))
                }
            }
        }
    }
}

fn parts(view: &View, response: &v1::ExplainFigureResponse) -> String {
    let mut text = String::new();
    let parts = response.after.iter().flat_map(|after| &after.parts);
    for part in parts {
        let name = match &part.component {
            Some(component) => view.entity(Some(component)),
            None => value::part_name(view.language, &part.part, definition(response)),
        };
        let of_own = part.component.is_none();
        let definition = definition(response).filter(|_| of_own);
        let mut line = format!(
            "    {name}: {}",
            value::actual(view.language, part.actual.as_ref(), definition)
        );
        if let Some(attainment) = &part.attainment {
            line.push_str(&format!(
                " · {}",
                evaluation::figure(view, Some(attainment))
            ));
        }
        text.push_str(&format!("{line}\n"));
    }
    text
}

fn steps(view: &View, response: &v1::ExplainFigureResponse) -> String {
    let mut table = Table::new()
        .wrapping(view.pick("事由", "what"))
        .figures(view.pick("増減", "change"))
        .text(view.pick("その後", "then"))
        .indented(2);
    for step in &response.steps {
        let mut events = step.events.iter();
        let what = match step.cause() {
            v1::StepCause::Together => {
                let count = step.event_count;
                view.pick(format!("{count}件の記録"), format!("{count} events"))
            }
            v1::StepCause::Dated => {
                let on = terminal::line(step.on.as_deref().unwrap_or_default());
                view.pick(format!("{on}まで経過"), format!("days up to {on}"))
            }
            v1::StepCause::Learnt | v1::StepCause::Unspecified => events
                .next()
                .map(|event| reference::line(view, event))
                .unwrap_or_default(),
        };
        table.row([
            what,
            difference(view, response.figure(), step),
            reading(view, response, step.after.as_ref()),
        ]);
        for event in events.filter(|_| step.cause() == v1::StepCause::Dated) {
            table.row([format!("  {}", reference::line(view, event))]);
        }
        for event in &step.events {
            if let Some(reason) = &event.reason {
                let code = label::reason_code(view.language, reason.code());
                let told = terminal::line(&reason.text);
                table.row([view.pick(
                    format!("  理由 {code}: {told}"),
                    format!("  reason: {code}: {told}"),
                )]);
            }
        }
    }
    if table.is_empty() {
        return view
            .pick("\n  変化なし\n", "\n  nothing changed\n")
            .to_owned();
    }
    let mut text = format!("\n{}", table.render(view.columns));
    let (shown, all) = (response.steps.len(), response.step_count);
    if !response.next_page_token.is_empty() {
        text.push_str(&view.pick(
            format!("  {all}件のうち{shown}件を表示\n"),
            format!("  {shown} of {all} steps shown\n"),
        ));
    }
    text
}

/// `+5`, `-3`, `0`; `-` where there is nothing to compare.
fn difference(view: &View, figure: v1::ExplainedFigure, step: &v1::FigureStep) -> String {
    let Some(number) = &step.difference else {
        return "-".to_owned();
    };
    let mut shown = terminal::line(&number.display);
    // The difference of two shares is in percentage points.
    if figure == v1::ExplainedFigure::Attainment
        && let Some(points) = shown.strip_suffix('%')
    {
        shown = view.pick(format!("{points}ポイント"), format!("{points} points"));
    }
    match number.numerator.as_str() {
        "0" => "0".to_owned(),
        numerator if numerator.starts_with('-') => shown,
        _ => format!("+{shown}"),
    }
}

fn contributions(view: &View, response: &v1::ExplainFigureResponse) -> String {
    if response.contributions.is_empty() {
        return String::new();
    }
    let mut table = Table::new()
        .text(view.pick("対象日", "holds for"))
        .text(view.pick("報告", "report"))
        .wrapping(view.pick("内容", "what"))
        .figures(view.pick("加算", "adds"))
        .text(view.pick("扱い", "counts as"))
        .indented(2);
    let positions: std::collections::BTreeMap<&str, u64> = response
        .contributions
        .iter()
        .filter_map(|found| found.event.as_ref())
        .chain(response.steps.iter().flat_map(|step| &step.events))
        .map(|event| (event.event_id.as_str(), event.position))
        .collect();
    for found in &response.contributions {
        let event = found.event.clone().unwrap_or_default();
        let from = event.valid_from.as_deref().unwrap_or_default();
        let said = value::measurement(
            view.language,
            found.measurement.as_ref(),
            definition(response),
        );
        let said = match &found.part {
            Some(part) => {
                let part = value::part_name(view.language, part, definition(response));
                format!("{part}: {said}")
            }
            None => said,
        };
        let mut role = label::contribution_role(view.language, found.role()).to_owned();
        if let Some(other) = &found.gives_way_to {
            let other = match positions.get(other.as_str()) {
                Some(position) => format!("#{position}"),
                None => terminal::line(other),
            };
            role.push_str(&format!(" → {other}"));
        }
        table.row([
            series::days(from, event.valid_to.as_deref()),
            format!("#{}", event.position),
            said,
            found
                .adds
                .as_deref()
                .map(value::grouped)
                .unwrap_or_default(),
            role,
        ]);
    }
    format!("\n{}", table.render(view.columns))
}
