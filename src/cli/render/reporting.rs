//! Reporting rounds as people read them: who has answered, and what to remind whom of.

use crate::api::v1;
use crate::cli::label;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// Who has reported for a round: units with their completeness, then what each row stands at.
pub fn status(view: &View, response: &v1::ListReportingStatusResponse) -> String {
    let mut text = format!("{}\n\n", heading(view, response));
    let mut units = Table::new()
        .text(view.pick("部・課等", "unit"))
        .figures(view.pick("対象", "due"))
        .figures(view.pick("報告済", "reported"))
        .figures(view.pick("実績なし", "nil"))
        .figures(view.pick("提出待ち", "awaited"))
        .figures(view.pick("未報告", "missing"))
        .figures(view.pick("遅れ", "late"))
        .figures(view.pick("報告率", "complete"));
    for unit in &response.departments {
        units.row(counts(
            view,
            view.name(unit.unit.as_ref()),
            unit.counts.as_ref(),
        ));
    }
    units.rule();
    for unit in &response.sections {
        units.row(counts(
            view,
            view.name(unit.unit.as_ref()),
            unit.counts.as_ref(),
        ));
    }
    units.rule();
    let total = view.pick("計", "total").to_owned();
    units.row(counts(view, total, response.total.as_ref()));
    text.push_str(&units.render(view.columns));
    text.push('\n');
    let mut rows = Table::new()
        .text(view.pick("課等", "section"))
        .wrapping(view.pick("指標", "indicator"))
        .text(view.pick("状況", "state"))
        .text(view.pick("提出期限", "cut-off"))
        .text(view.pick("報告", "report"));
    for row in &response.rows {
        rows.row([
            view.name(row.section.as_ref()),
            view.entity(row.indicator.as_ref()),
            label::reporting_state(view.language, row.state()).to_owned(),
            cut_off(row),
            report(view, row.report.as_ref()),
        ]);
    }
    if !rows.is_empty() {
        text.push_str(&rows.render(view.columns));
    }
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

/// What a round still waits for: who answers for it, by when, how late it is, and who reported last.
pub fn missing(view: &View, response: &v1::ListReportingStatusResponse) -> String {
    let mut text = format!("{}\n\n", heading(view, response));
    let mut rows = Table::new()
        .text(view.pick("部", "department"))
        .text(view.pick("課等", "section"))
        .wrapping(view.pick("指標", "indicator"))
        .text(view.pick("提出期限", "cut-off"))
        .figures(view.pick("超過日数", "days overdue"))
        .text(view.pick("状況", "state"))
        .text(view.pick("直近の報告", "last report"));
    for row in &response.rows {
        let overdue = row.days_overdue.map(|days| days.to_string());
        let last = row.last_report.as_ref().map(|last| {
            let (until, by) = (
                terminal::line(&last.until),
                terminal::line(&last.recorded_by),
            );
            format!("{until} {by}")
        });
        rows.row([
            view.name(row.department.as_ref()),
            view.name(row.section.as_ref()),
            view.entity(row.indicator.as_ref()),
            cut_off(row),
            overdue.unwrap_or_default(),
            label::reporting_state(view.language, row.state()).to_owned(),
            last.unwrap_or_default(),
        ]);
    }
    if rows.is_empty() {
        text.push_str(view.pick("未報告はありません\n", "nothing is missing\n"));
    } else {
        text.push_str(&rows.render(view.columns));
    }
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

fn heading(view: &View, response: &v1::ListReportingStatusResponse) -> String {
    let round = response.round.clone().unwrap_or_default();
    let (title, on) = (
        view.title(round.title.as_ref()),
        terminal::line(&round.reports_for),
    );
    let (cut_off, fixed) = (
        terminal::line(&round.cut_off),
        terminal::line(&round.fixed_on),
    );
    let plan = view.entity(response.plan.as_ref());
    view.pick(
        format!("{plan}\n{title}（基準日 {on}、提出期限 {cut_off}、確定日 {fixed}）"),
        format!("{plan}\n{title} (for {on}, cut-off {cut_off}, fixed on {fixed})"),
    )
}

fn counts(_view: &View, name: String, counts: Option<&v1::ReportingCounts>) -> [String; 8] {
    let counts = counts.cloned().unwrap_or_default();
    [
        name,
        counts.due.to_string(),
        counts.reported.to_string(),
        counts.nil.to_string(),
        counts.awaited.to_string(),
        counts.missing.to_string(),
        counts.late.to_string(),
        counts
            .completeness
            .as_deref()
            .map_or_else(|| "–".to_owned(), terminal::line),
    ]
}

fn cut_off(row: &v1::ReportingRow) -> String {
    let dates = row.dates.as_ref();
    dates.map_or_else(|| "–".to_owned(), |dates| terminal::line(&dates.cut_off))
}

/// What was reported: until which day, when, how late, and that it was the number 0.
fn report(view: &View, report: Option<&v1::RoundReport>) -> String {
    let Some(report) = report else {
        return String::new();
    };
    let (until, on) = (
        terminal::line(&report.until),
        terminal::line(&report.recorded_on),
    );
    let mut text = view.pick(
        format!("{until}分 {on}報告"),
        format!("to {until}, on {on}"),
    );
    if let Some(days) = report.days_late {
        text.push_str(&view.pick(format!(" {days}日遅れ"), format!(", {days} days late")));
    }
    if report.zero {
        text.push_str(view.pick("（0の報告）", " (reported as 0)"));
    }
    text
}

/// One text for each section that owes something, ready to be sent.
pub fn reminders(view: &View, response: &v1::ListReportingStatusResponse) -> String {
    let mut text = String::new();
    for unit in &response.sections {
        let of_unit = |row: &&v1::ReportingRow| {
            let id = |entity: Option<&v1::Entity>| entity.map(|entity| entity.id.clone());
            id(row.section.as_ref()) == id(unit.unit.as_ref())
        };
        let rows: Vec<&v1::ReportingRow> = response.rows.iter().filter(of_unit).collect();
        if !rows.is_empty() {
            text.push_str(&reminder(view, response, unit, &rows));
        }
    }
    if text.is_empty() {
        text.push_str(view.pick(
            "催促するものはありません\n",
            "there is nothing to remind anybody of\n",
        ));
    }
    text
}

fn reminder(
    view: &View,
    response: &v1::ListReportingStatusResponse,
    unit: &v1::UnitReporting,
    rows: &[&v1::ReportingRow],
) -> String {
    let section = view.name(unit.unit.as_ref());
    let round = response.round.clone().unwrap_or_default();
    let (title, on) = (
        view.title(round.title.as_ref()),
        terminal::line(&round.reports_for),
    );
    let count = rows.len();
    let mut text = view.pick(
        format!(
            "件名: 組織重点目標の実績報告（{title}、{on} 現在）のお願い\n\n{section} 御中\n\n\
             次の{count}件の実績が報告されていません。期限までに報告してください。\n\n"
        ),
        format!(
            "Subject: progress reports due ({title}, for {on})\n\nTo {section}\n\n\
             These {count} indicators have not been reported. Please report them by the day given.\n\n"
        ),
    );
    for row in rows {
        let unit = row.unit.clone().unwrap_or_default();
        let unit = terminal::line(view.pick(&unit.display_ja, &unit.display_en));
        let (indicator, due) = (view.entity(row.indicator.as_ref()), cut_off(row));
        let late = row.state() == v1::ReportingState::Missing;
        let passed = if late {
            view.pick("（期限を過ぎています）", " (passed)")
        } else {
            ""
        };
        text.push_str(&view.pick(
            format!("・{indicator}（単位 {unit}）\n  期限 {due}{passed}\n"),
            format!("- {indicator} (in {unit})\n  due {due}{passed}\n"),
        ));
        text.push_str(&format!("  {}\n", command(view, row)));
    }
    text.push_str(view.pick(
        "\n実績がなかったときは、値の代わりに --nil no-activity と報告してください（0 とは別に記録されます）。\n",
        "\nWhere nothing was done, report --nil no-activity in place of a value; it is not the same as 0.\n",
    ));
    text.push_str("\n----\n\n");
    text
}

/// The command that reports it.
fn command(view: &View, row: &v1::ReportingRow) -> String {
    let code = row
        .indicator
        .as_ref()
        .map_or_else(String::new, |indicator| terminal::line(&indicator.code));
    let on = row
        .dates
        .as_ref()
        .map_or_else(String::new, |dates| terminal::line(&dates.reports_for));
    let value = match row.entry_kind() {
        v1::EntryKind::NumDen => view.pick("分子/分母", "NUMERATOR/DENOMINATOR"),
        v1::EntryKind::MemberState => view.pick("done --member 対象", "done --member KEY"),
        v1::EntryKind::MemberValue => view.pick("値 --member 対象", "VALUE --member KEY"),
        v1::EntryKind::MilestoneState => "completed",
        v1::EntryKind::RubricLevel => view.pick("--rubric 段階", "--rubric LEVEL"),
        v1::EntryKind::Increment | v1::EntryKind::Absolute | v1::EntryKind::Unspecified => {
            view.pick("値", "VALUE")
        }
    };
    format!("daicho record {code} {value} --on {on}")
}
