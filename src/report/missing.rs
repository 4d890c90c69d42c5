//! 未報告一覧: what a round still waits for, department by department, with who answers for it.

use crate::domain::id::UnitId;
use crate::domain::reporting::ReportingRound;
use crate::domain::text::Language;
use crate::projection::evaluation::At;
use crate::projection::reporting::{ReportingRow, ReportingState, ReportingStatus};
use crate::report::book::Cell;
use crate::report::cells::{self, text};
use crate::report::form::{self, Form, Head, Heading, Line, Part, Setting, Slot, pick};
use crate::report::outline;

/// The list: a part a department that owes something, the section first.
pub fn form(at: &At, round: &ReportingRound, status: &ReportingStatus, setting: Setting) -> Form {
    let language = setting.language;
    let title = pick(language, "未報告一覧", "Reports that are missing");
    let head = Head::of(at, setting, title);
    let columns = headings(language);
    let mut parts: Vec<Part> = status
        .departments
        .iter()
        .filter_map(|(department, _)| {
            let owed = status.rows.iter().filter(|row| is_open(row));
            let owed: Vec<&ReportingRow> =
                owed.filter(|row| row.department == *department).collect();
            let name = at.unit_name(*department, language);
            (!owed.is_empty()).then(|| Part {
                caption: caption(&head, round, status, &name, &owed),
                name,
                columns: columns.clone(),
                lines: lines(at, &owed, language),
                closing: Vec::new(),
            })
        })
        .collect();
    if parts.is_empty() {
        let name = pick(language, "未報告なし", "nothing is missing").to_owned();
        parts.push(Part {
            caption: caption(&head, round, status, &name, &[]),
            name,
            columns,
            lines: Vec::new(),
            closing: Vec::new(),
        });
    }
    Form { head, parts }
}

/// Whether the round waits for it.
fn is_open(row: &ReportingRow) -> bool {
    matches!(row.state, ReportingState::Awaited | ReportingState::Missing)
}

fn headings(language: Language) -> Vec<Heading> {
    let new = |ja, en, width| Heading::new(language, ja, en, width);
    vec![
        new("課等", "section", 14),
        new("指標", "indicator", 17),
        new("目標達成基準", "criterion", 34),
        new("基準日", "reports for", 11),
        new("提出期限", "cut-off", 11),
        new("超過", "overdue", 8),
        new("状況", "state", 10),
        new("直近の報告", "last report", 11),
        new("直近の報告者", "last reported by", 16),
    ]
}

fn caption(
    head: &Head,
    round: &ReportingRound,
    status: &ReportingStatus,
    name: &str,
    owed: &[&ReportingRow],
) -> Vec<String> {
    let language = head.language;
    let missing = owed
        .iter()
        .filter(|row| row.state == ReportingState::Missing);
    let missing = missing.count();
    let awaited = owed.len() - missing;
    let round_title = round.title.in_language(language);
    let cut_off = form::day(language, round.cut_off);
    let judged = form::day(language, status.judged_on);
    let [effective, known] = head.points();
    let counts = match language {
        Language::Ja => format!(
            "{round_title}（提出期限 {cut_off}）　未報告 {missing}件、提出待ち {awaited}件（{judged} 現在）"
        ),
        Language::En => format!(
            "{round_title} (cut-off {cut_off}): {missing} missing, {awaited} awaited, as of {judged}"
        ),
    };
    vec![
        format!("{}　{name}", outline::caption(head)),
        format!("{effective}　{known}"),
        counts,
    ]
}

fn lines(at: &At, owed: &[&ReportingRow], language: Language) -> Vec<Line> {
    // Sections in the order in which the plan first names them.
    let mut sections: Vec<UnitId> = Vec::new();
    for row in owed {
        if !sections.contains(&row.section) {
            sections.push(row.section);
        }
    }
    let mut lines = Vec::new();
    for section in sections {
        let of_section = owed.iter().filter(|row| row.section == section);
        for (number, row) in of_section.enumerate() {
            let mut slots = vec![match number {
                0 => Slot::Of(text(at.unit_name(section, language))),
                _ => Slot::Above,
            }];
            slots.extend(cells_of(at, row, language).into_iter().map(Slot::Of));
            lines.push(Line::Slots(slots));
        }
    }
    lines
}

fn cells_of(at: &At, row: &ReportingRow, language: Language) -> [Cell; 8] {
    let wording = row.entry.worded_on(at.effective_on);
    let criterion = match language {
        Language::Ja => wording.source_text.as_str(),
        Language::En => wording.title.in_language(language),
    };
    let overdue = row
        .days_overdue
        .map_or(Cell::Empty, |days| cells::days(u64::from(days), language));
    let last = row.last_report.as_ref();
    [
        text(row.entry.code.to_string()),
        text(criterion),
        row.dates
            .map_or(Cell::Empty, |dates| Cell::Day(dates.reports_for)),
        row.dates
            .map_or(Cell::Empty, |dates| Cell::Day(dates.cut_off)),
        overdue,
        text(row.state.label(language)),
        last.map_or(Cell::Empty, |last| Cell::Day(last.until)),
        text(last.map_or_else(String::new, |last| last.recorded_by.to_string())),
    ]
}
