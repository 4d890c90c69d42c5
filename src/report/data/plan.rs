//! The plan as a table that `daicho plan import` reads: what stands on D, one row a criterion.
//!
//! Words are repeated nowhere: a blank cell means "as above", as the reader of the table has it. What has no criterion is
//! not in it, and how a criterion is measured follows from its words, as it did when it was first read.

use crate::domain::directory::{GoalEntry, InitiativeEntry};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::UnitId;
use crate::domain::indicator::ExternalReference;
use crate::domain::target::PlanProfile;
use crate::projection::evaluation::history::Histories;
use crate::projection::evaluation::{At, IndicatorEvaluation, PlanEvaluation};
use crate::report::data::{Column, Definition, Kind, cell};
use crate::report::reference;

/// The table.
pub const TABLE: Definition = Definition {
    name: "plan",
    called: ["計画の表", "table of the plan"],
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new(
        "fiscal_year",
        Kind::Code,
        ["年度", "fiscal year"],
        ["計画の年度", "fiscal year of the plan"],
        "Plan.cycle",
    )
    .range("R5, 2023"),
    Column::new(
        "department",
        Kind::Text,
        ["部", "department"],
        ["部の名称", "name of the department"],
        "OrgUnit.name",
    ),
    Column::new(
        "department_en",
        Kind::Text,
        ["部(英)", "department (English)"],
        ["部の英語名", "its English name"],
        "OrgUnit.name",
    ),
    Column::new(
        "pillar",
        Kind::Count,
        ["柱", "pillar"],
        ["柱の番号", "number of the pillar"],
        "Pillar.number",
    )
    .range("1..99"),
    Column::new(
        "pillar_title",
        Kind::Text,
        ["柱の名称", "pillar title"],
        ["柱の名称", "title of the pillar"],
        "Pillar.title",
    ),
    Column::new(
        "pillar_title_en",
        Kind::Text,
        ["柱の名称(英)", "pillar title (English)"],
        ["柱の英語名", "its English title"],
        "Pillar.title",
    ),
    Column::new(
        "goal",
        Kind::Text,
        ["組織目標", "goal"],
        [
            "組織目標の本文。空は上に同じ",
            "text of the goal; empty as above",
        ],
        "Goal.source_text",
    ),
    Column::new(
        "goal_en",
        Kind::Text,
        ["組織目標(英)", "goal (English)"],
        ["組織目標の英語の題", "its English title"],
        "Goal.title",
    ),
    Column::new(
        "code",
        Kind::Code,
        ["コード", "code"],
        ["組織目標のコード", "code of the goal"],
        "Goal.code",
    ),
    Column::new(
        "initiative",
        Kind::Text,
        ["取組内容", "initiative"],
        [
            "取組内容の本文。空は上に同じ",
            "text of the initiative; empty as above",
        ],
        "Initiative.source_text",
    ),
    Column::new(
        "initiative_en",
        Kind::Text,
        ["取組内容(英)", "initiative (English)"],
        ["取組内容の英語の題", "its English title"],
        "Initiative.title",
    ),
    Column::new(
        "sections",
        Kind::Text,
        ["課等", "sections"],
        [
            "担当と協力の課等。担当が先",
            "sections that answer and contribute, the one that answers first",
        ],
        "Initiative.lead_unit, .contributing_units",
    ),
    Column::new(
        "sections_en",
        Kind::Text,
        ["課等(英)", "sections (English)"],
        ["課等の英語名", "their English names"],
        "OrgUnit.name",
    ),
    Column::new(
        "reform_plan",
        Kind::Text,
        ["行革プラン", "reform plan"],
        [
            "関係する行革プランの項目。、区切り",
            "items of the reform plan that it carries out, with ideographic commas between",
        ],
        "Initiative.references",
    ),
    Column::new(
        "basic_ordinance",
        Kind::Text,
        [
            "自治基本条例関連条項",
            "related clauses of the basic ordinance",
        ],
        [
            "関係する自治基本条例の条項。、区切り",
            "clauses of the basic ordinance that it carries out, with ideographic commas between",
        ],
        "Initiative.references",
    ),
    Column::new(
        "criterion",
        Kind::Text,
        ["目標達成基準", "criterion"],
        ["目標達成基準の本文", "text of the criterion"],
        "Indicator.source_text",
    ),
    Column::new(
        "criterion_en",
        Kind::Text,
        ["目標達成基準(英)", "criterion (English)"],
        [
            "目標達成基準の英語の題",
            "its English title, those of several figures with / between",
        ],
        "Indicator.title",
    ),
    Column::new(
        "part",
        Kind::Code,
        ["細目", "part"],
        [
            "一つの基準に複数の数値があるときの別",
            "which of several figures of one criterion",
        ],
        "Indicator.code",
    )
    .range("a..z"),
    Column::new(
        "baseline",
        Kind::Decimal,
        ["基準値", "baseline"],
        ["取組前の値", "where it stood before"],
        "Baseline.value",
    ),
    Column::new(
        "baseline_as_of",
        Kind::Day,
        ["基準日", "baseline as of"],
        ["基準値の日", "the day of that value"],
        "Baseline.as_of",
    ),
    Column::new(
        "monthly_plan",
        Kind::List,
        ["月次計画", "monthly plan"],
        [
            "4月から3月までの累計の計画。空白区切り",
            "cumulative plan from April to March, with spaces between",
        ],
        "PlanProfile.monthly, .reference",
    )
    .range("12 numbers"),
];

/// The rows of a plan on D.
pub fn rows(evaluation: &PlanEvaluation, histories: &Histories) -> Vec<Vec<String>> {
    let at = &evaluation.at;
    let mut rows: Vec<Row> = at
        .plan
        .pillars
        .iter()
        .map(|pillar| Row {
            pillar: pillar.number.to_string(),
            pillar_title: pillar.title.ja.to_string(),
            pillar_title_en: cell(pillar.title.en.as_ref()),
            ..Row::default()
        })
        .collect();
    let year = FiscalYear::of(at.plan.cycle.first());
    if let (Some(first), Ok(year)) = (rows.first_mut(), year) {
        first.year = year.code();
    }
    let mut department = None;
    for goal in &evaluation.goals {
        let mut first_of_goal = true;
        for initiative in &goal.initiatives {
            let mut first_of_initiative = true;
            let mut of_criterion: Vec<&IndicatorEvaluation> = Vec::new();
            for indicator in &initiative.indicators {
                if letter(indicator).is_none_or(|letter| letter == 'a') {
                    of_criterion = together(&initiative.indicators, indicator);
                }
                let mut row = criterion(at, histories, indicator, &of_criterion);
                row.pillar = goal.pillar.to_string();
                row.department = name(at, goal.department)[0].clone();
                if department != Some(goal.department) {
                    department = Some(goal.department);
                    row.department_en = name(at, goal.department)[1].clone();
                }
                if std::mem::take(&mut first_of_goal) {
                    row.goal(at, &goal.entry);
                }
                if std::mem::take(&mut first_of_initiative) {
                    let units: Vec<UnitId> = [initiative.lead]
                        .into_iter()
                        .chain(initiative.contributing.iter().copied())
                        .collect();
                    row.initiative(at, &initiative.entry, &units);
                }
                rows.push(row);
            }
        }
    }
    rows.into_iter().map(Row::into_cells).collect()
}

/// Which figure of a criterion it is, where the criterion has several.
fn letter(indicator: &IndicatorEvaluation) -> Option<char> {
    let last = indicator.entry.code.as_str().chars().next_back()?;
    last.is_ascii_lowercase().then_some(last)
}

/// The figures of the criterion that `first` is the first figure of.
fn together<'a>(
    all: &'a [IndicatorEvaluation],
    first: &IndicatorEvaluation,
) -> Vec<&'a IndicatorEvaluation> {
    let stem = |indicator: &IndicatorEvaluation| {
        let code = indicator.entry.code.as_str();
        code.trim_end_matches(|c: char| c.is_ascii_lowercase())
            .to_owned()
    };
    let wanted = stem(first);
    all.iter().filter(|other| stem(other) == wanted).collect()
}

/// What a unit is called in both languages.
fn name(at: &At, unit: UnitId) -> [String; 2] {
    let unit = at.directory.unit(unit);
    let name = unit.map(|unit| unit.name_on(at.effective_on));
    [
        cell(name.map(|name| &name.ja)),
        cell(name.and_then(|name| name.en.as_ref())),
    ]
}

fn criterion(
    at: &At,
    histories: &Histories,
    indicator: &IndicatorEvaluation,
    of_criterion: &[&IndicatorEvaluation],
) -> Row {
    let wording = indicator.entry.worded_on(at.effective_on);
    let letter = letter(indicator);
    let first = letter.is_none_or(|letter| letter == 'a');
    let english = of_criterion.iter().filter_map(|figure| {
        let title = &figure.entry.worded_on(at.effective_on).title;
        title.en.as_ref().map(ToString::to_string)
    });
    let english: Vec<String> = english.collect();
    let state = histories.indicator(indicator.id);
    let cut = histories.cut();
    let baseline = state.and_then(|state| state.baseline_at(cut));
    let line = state.and_then(|state| state.profile_at(cut));
    let points = line.map(|line| match &line.value.profile {
        PlanProfile::Monthly(points) | PlanProfile::Reference(points) => points.as_slice(),
        PlanProfile::Linear | PlanProfile::Steps | PlanProfile::AtEnd | PlanProfile::None => &[],
    });
    let points = points.unwrap_or_default().iter();
    let points: Vec<String> = points.map(|point| point.value.to_string()).collect();
    Row {
        criterion: wording.source_text.to_string(),
        criterion_en: match first && english.len() == of_criterion.len() {
            true => english.join(" / "),
            false => String::new(),
        },
        part: cell(letter),
        baseline: cell(baseline.map(|baseline| baseline.value.value)),
        baseline_as_of: cell(baseline.map(|baseline| baseline.value.as_of)),
        monthly_plan: points.join(" "),
        ..Row::default()
    }
}

/// A row by its columns.
#[derive(Debug, Default)]
struct Row {
    year: String,
    department: String,
    department_en: String,
    pillar: String,
    pillar_title: String,
    pillar_title_en: String,
    goal: String,
    goal_en: String,
    code: String,
    initiative: String,
    initiative_en: String,
    sections: String,
    sections_en: String,
    reform_plan: String,
    basic_ordinance: String,
    criterion: String,
    criterion_en: String,
    part: String,
    baseline: String,
    baseline_as_of: String,
    monthly_plan: String,
}

impl Row {
    fn goal(&mut self, at: &At, entry: &GoalEntry) {
        let wording = entry.worded_on(at.effective_on);
        self.goal = wording.source_text.to_string();
        self.goal_en = cell(wording.title.en.as_ref());
        self.code = entry.code.to_string();
    }

    fn initiative(&mut self, at: &At, entry: &InitiativeEntry, units: &[UnitId]) {
        let wording = entry.worded_on(at.effective_on);
        self.initiative = wording.source_text.to_string();
        self.initiative_en = cell(wording.title.en.as_ref());
        let names: Vec<[String; 2]> = units.iter().map(|unit| name(at, *unit)).collect();
        let joined = |language: usize, between: &str| {
            let names: Vec<&str> = names.iter().map(|name| name[language].as_str()).collect();
            names.join(between)
        };
        self.sections = joined(0, "、");
        if names.iter().all(|name| !name[1].is_empty()) {
            self.sections_en = joined(1, " / ");
        }
        let clauses = |document| reference::clauses(&entry.references, document);
        self.reform_plan = clauses(ExternalReference::REFORM_PLAN);
        self.basic_ordinance = clauses(ExternalReference::BASIC_ORDINANCE);
    }

    fn into_cells(self) -> Vec<String> {
        vec![
            self.year,
            self.department,
            self.department_en,
            self.pillar,
            self.pillar_title,
            self.pillar_title_en,
            self.goal,
            self.goal_en,
            self.code,
            self.initiative,
            self.initiative_en,
            self.sections,
            self.sections_en,
            self.reform_plan,
            self.basic_ordinance,
            self.criterion,
            self.criterion_en,
            self.part,
            self.baseline,
            self.baseline_as_of,
            self.monthly_plan,
        ]
    }
}
