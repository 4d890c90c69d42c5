//! A plan as a table of departments and pillars, empty cells included.

use crate::api::v1;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;

/// The table.
pub fn matrix(view: &View, response: &v1::GetOverviewResponse) -> String {
    let mut text = format!("{}\n", view.entity(response.plan.as_ref()));
    text.push_str("  ");
    text.push_str(&view.heading(response.answered_at.as_ref()));
    if let Some(cycle) = &response.cycle {
        let (first, last) = (terminal::line(&cycle.first), terminal::line(&cycle.last));
        text.push_str(&format!("  {first}〜{last}\n"));
    }
    for pillar in &response.pillars {
        text.push_str(&format!(
            "  ({}) {}\n",
            pillar.number,
            view.title(pillar.title.as_ref())
        ));
    }
    text.push('\n');
    let mut table = Table::new().wrapping(view.pick("部", "department"));
    for pillar in &response.pillars {
        table = table.figures(&format!("({})", pillar.number));
    }
    table = table
        .figures(view.pick("組織目標", "goals"))
        .figures(view.pick("取組内容", "initiatives"))
        .figures(view.pick("指標", "indicators"))
        .figures(view.pick("報告済", "reported"));
    for row in &response.rows {
        table.row(line(
            view.name(row.department.as_ref()),
            response,
            &row.cells,
            row.total.as_ref(),
        ));
    }
    table.rule();
    let total = view.pick("計", "total").to_owned();
    table.row(line(
        total,
        response,
        &response.totals,
        response.total.as_ref(),
    ));
    text.push_str(&table.render(view.columns));
    text.push_str(view.pick("柱の列は組織目標の数です\n", "pillar columns count goals\n"));
    text.push_str(&view.footer(response.answered_at.as_ref()));
    text
}

fn line(
    name: String,
    response: &v1::GetOverviewResponse,
    cells: &[v1::OverviewCell],
    total: Option<&v1::OverviewCounts>,
) -> Vec<String> {
    let mut line = vec![name];
    for pillar in &response.pillars {
        let cell = cells.iter().find(|cell| cell.pillar == pillar.number);
        let goals = cell
            .and_then(|cell| cell.counts.as_ref())
            .map_or(0, |counts| counts.goals);
        line.push(goals.to_string());
    }
    let total = total.copied().unwrap_or_default();
    line.extend(
        [
            total.goals,
            total.initiatives,
            total.indicators,
            total.reported,
        ]
        .map(|n| n.to_string()),
    );
    line
}
