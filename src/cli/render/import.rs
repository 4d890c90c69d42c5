//! What an import understood, and what is wrong with a file.

use crate::cli::language::pick;
use crate::cli::render::View;
use crate::cli::table::Table;
use crate::cli::terminal;
use crate::domain::text::Language;
use crate::import::Fault;
use crate::import::understood::{Criterion, Department, Kind, Plan};

/// A plan that was read but not imported: counts by department, then everything a person should look at.
pub fn understood(view: &View, plan: &Plan) -> String {
    let head = &plan.head;
    let mut text = format!(
        "{}  {}  ({})\n",
        terminal::line(&head.code),
        terminal::line(&head.title),
        head.fiscal_year
    );
    let mut table = Table::new()
        .wrapping(view.pick("部", "department"))
        .figures(view.pick("柱", "pillars"))
        .figures(view.pick("組織目標", "goals"))
        .figures(view.pick("取組内容", "initiatives"))
        .figures(view.pick("達成基準", "criteria"))
        .figures(view.pick("数値", "with numbers"))
        .figures(view.pick("工程", "milestones"))
        .figures(view.pick("定性", "qualitative"))
        .figures(view.pick("目標値", "numbers"))
        .figures(view.pick("要確認", "doubtful"));
    let mut totals = [0; 9];
    for department in &plan.departments {
        let counts = counts(department);
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
        table.row(line(&department.name, counts));
    }
    // A pillar is one pillar in however many departments it has goals.
    totals[0] = plan.head.pillars.len();
    table.rule();
    table.row(line(view.pick("計", "total"), totals));
    text.push_str(&table.render(view.columns));
    let sections = plan.sections().len();
    text.push_str(&view.pick(
        format!("課等 {sections}\n"),
        format!("{sections} sections\n"),
    ));
    for pillar in &head.pillars {
        let goals = plan
            .goals()
            .filter(|(_, own, _)| own.number == pillar.number)
            .count();
        let title = terminal::line(match (view.language, &pillar.title_en) {
            (Language::En, Some(title)) => title,
            _ => &pillar.title,
        });
        text.push_str(&view.pick(
            format!("  柱({}) {title}: 組織目標 {goals}\n", pillar.number),
            format!("  pillar {} {title}: {goals} goals\n", pillar.number),
        ));
    }
    if let Some(draft) = &plan.draft {
        text.push_str(&goes_on(view, draft.continued, draft.new, &draft.ended));
    }
    text.push_str(&doubts(view, plan));
    text.push_str(&warnings(view, plan));
    text
}

/// Codes of what ends that are told one by one.
const ENDED_TOLD: usize = 20;

/// What of a draft goes on, what is new, and what ends with the plan before.
pub fn goes_on(view: &View, continued: usize, new: usize, ended: &[String]) -> String {
    let count = ended.len();
    let mut text = view.pick(
        format!("継続 {continued}件、新規 {new}件、前の計画で終了 {count}件\n"),
        format!("{continued} go on, {new} are new, {count} end with the plan before\n"),
    );
    for code in ended.iter().take(ENDED_TOLD) {
        let code = terminal::line(code);
        text.push_str(&view.pick(format!("  終了 {code}\n"), format!("  ends {code}\n")));
    }
    if ENDED_TOLD < count {
        let more = count - ENDED_TOLD;
        text.push_str(&view.pick(
            format!("  ほかに{more}件\n"),
            format!("  and {more} more\n"),
        ));
    }
    text
}

fn line(name: &str, counts: [usize; 9]) -> Vec<String> {
    std::iter::once(name.to_owned())
        .chain(counts.map(|count| count.to_string()))
        .collect()
}

fn counts(department: &Department) -> [usize; 9] {
    let goals = || department.pillars.iter().flat_map(|pillar| &pillar.goals);
    let initiatives = || goals().flat_map(|goal| &goal.initiatives);
    let criteria = || initiatives().flat_map(|initiative| &initiative.criteria);
    let of_kind = |kind| {
        criteria()
            .filter(|criterion| criterion.kind == kind)
            .count()
    };
    [
        department.pillars.len(),
        goals().count(),
        initiatives().count(),
        criteria().count(),
        of_kind(Kind::Quantitative),
        of_kind(Kind::Milestone),
        of_kind(Kind::Qualitative),
        criteria().map(|criterion| criterion.measures.len()).sum(),
        criteria()
            .filter(|criterion| is_doubtful(criterion))
            .count(),
    ]
}

fn is_doubtful(criterion: &Criterion) -> bool {
    let proposal = &criterion.proposal;
    proposal.baseline_needed || proposal.members_needed || proposal.active_window_needed
}

/// Criteria that nobody can be measured by until somebody adds what the plan does not say.
fn doubts(view: &View, plan: &Plan) -> String {
    let mut text = String::new();
    for (department, pillar, goal) in plan.goals() {
        for initiative in &goal.initiatives {
            for criterion in initiative.criteria.iter().filter(|c| is_doubtful(c)) {
                let proposal = &criterion.proposal;
                let mut needs = Vec::new();
                if proposal.baseline_needed {
                    needs.push(view.pick("基準値", "a baseline"));
                }
                if proposal.members_needed {
                    needs.push(view.pick("対象の一覧", "the list of members"));
                }
                if proposal.active_window_needed {
                    needs.push(view.pick("実施月", "the months it runs"));
                }
                text.push_str(&format!(
                    "  {} ({}) {}: {} → {}\n",
                    terminal::line(&department.name),
                    pillar.number,
                    initiative.number,
                    terminal::line(&criterion.text),
                    needs.join(view.pick("、", ", "))
                ));
            }
        }
    }
    if text.is_empty() {
        return text;
    }
    let heading = view.pick(
        "計画にないため補う必要があるもの",
        "needed, but not said in the plan",
    );
    format!("\n{heading}\n{text}")
}

fn warnings(view: &View, plan: &Plan) -> String {
    let mut text = String::new();
    if !plan.warnings.is_empty() {
        let count = plan.warnings.len();
        text.push_str(&view.pick(
            format!("\n警告 {count}件\n"),
            format!("\n{count} warnings\n"),
        ));
    }
    for warning in &plan.warnings {
        let line = warning.line;
        let place = match &warning.sheet {
            Some(sheet) => {
                let sheet = terminal::line(sheet);
                view.pick(format!("{sheet} {line}行"), format!("{sheet}, row {line}"))
            }
            None => view.pick(format!("{line}行"), format!("line {line}")),
        };
        text.push_str(&format!(
            "  {place}: {}: {}\n",
            terminal::line(&warning.text),
            terminal::line(&warning.message)
        ));
    }
    text
}

/// What people call a field that goes beyond the words of a plan.
pub fn assumed_ja(field: &str) -> &str {
    match field {
        "measure_type" => "測り方",
        "agg_time" => "集計",
        "comparator" => "比較",
        "quantifier" => "全数か",
        "members" => "対象の一覧",
        "baseline" => "基準値",
        "active_window" => "実施月",
        "settlement_until" => "確定日",
        "plan_profile" => "計画線",
        "rubric" => "評価基準",
        "unit" => "単位",
        "target" => "目標値",
        "target.tolerance" => "許容幅",
        "target.end_state" => "到達状態",
        "target.due_date" => "期限",
        "target.rubric_level" => "求める水準",
        other => other,
    }
}

/// One fault of a table, with its place.
pub fn fault(language: Language, fault: &Fault) -> String {
    let mut place = match &fault.place {
        Some(place) => terminal::line(&place.to_string()),
        None => pick(
            language,
            format!("{}行", fault.line),
            format!("line {}", fault.line),
        ),
    };
    if let Some(column) = fault.column {
        let (heading, key) = (fault.heading(), column.key());
        place.push_str(&pick(
            language,
            format!("「{heading}」({key})"),
            format!(", column {heading} ({key})"),
        ));
    }
    format!("{place}: {}", terminal::line(&fault.message))
}
