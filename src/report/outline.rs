//! The order of a plan on paper: a part a department, a band a pillar, a line an indicator, with what it stands under.

use crate::domain::event::Subject;
use crate::domain::id::UnitId;
use crate::domain::text::Language;
use crate::projection::evaluation::{
    At, GoalEvaluation, IndicatorEvaluation, InitiativeEvaluation, Judgements, PlanEvaluation,
};
use crate::report::book::Cell;
use crate::report::cells::text;
use crate::report::form::{Form, Head, Heading, Line, Part, Setting, Slot, pick};

/// An indicator on its line.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Its goal.
    pub goal: &'a GoalEvaluation,
    /// Its initiative.
    pub initiative: &'a InitiativeEvaluation,
    /// The indicator.
    pub indicator: &'a IndicatorEvaluation,
    /// Whether it is the first line of the goal.
    pub begins_goal: bool,
    /// Whether it is the first line of the initiative.
    pub begins_initiative: bool,
}

impl<'a> Place<'a> {
    /// What is told on this line: of the indicator, and on the first lines of them of the initiative and the goal.
    pub fn subjects(&self, language: Language) -> Vec<(Subject, &'a Judgements, &'static str)> {
        let (goal, initiative) = (self.goal, self.initiative);
        let mut subjects = Vec::new();
        if self.begins_goal {
            let words = pick(language, "【目標】", "[goal] ");
            subjects.push((Subject::Goal(goal.id), &goal.judgements, words));
        }
        if self.begins_initiative {
            let words = pick(language, "【取組】", "[initiative] ");
            let subject = Subject::Initiative(initiative.id);
            subjects.push((subject, &initiative.judgements, words));
        }
        let subject = Subject::Indicator(self.indicator.id);
        subjects.push((subject, &self.indicator.judgements, ""));
        subjects
    }
}

/// 組織目標, 取組内容, 課等, 目標達成基準.
pub fn headings(language: Language) -> Vec<Heading> {
    vec![
        Heading::new(language, "組織目標", "goal", 15),
        Heading::new(language, "取組内容", "initiative", 19),
        Heading::new(language, "課等", "section", 9),
        Heading::new(language, "目標達成基準", "criterion", 19),
    ]
}

/// The words of a goal, initiative or indicator on the day of an evaluation: as published, or the title in English.
macro_rules! words {
    ($entry:expr, $at:expr, $language:expr) => {{
        let wording = $entry.worded_on($at.effective_on);
        match $language {
            Language::Ja => wording.source_text.as_str(),
            Language::En => wording.title.in_language($language),
        }
    }};
}

/// The sections that answer and contribute, by name.
fn sections(at: &At, lead: UnitId, contributing: &[UnitId], language: Language) -> String {
    let names = [lead].into_iter().chain(contributing.iter().copied());
    let names: Vec<String> = names.map(|unit| at.unit_name(unit, language)).collect();
    names.join("\n")
}

/// The circled number of an initiative; nothing where there is none.
fn circled(number: u32) -> String {
    let code = match number {
        1..=20 => 0x245F + number,
        21..=35 => 0x3251 + number - 21,
        36..=50 => 0x32B1 + number - 36,
        _ => return String::new(),
    };
    char::from_u32(code).map(String::from).unwrap_or_default()
}

/// `令和5年度 様式2 …`.
pub fn caption(head: &Head) -> String {
    match head.language {
        Language::Ja => format!("{} {}", head.year, head.title),
        Language::En => format!("{}, {}", head.title, head.year),
    }
}

/// The title of an initiative behind its circled number.
fn numbered(initiative: &InitiativeEvaluation, at: &At, language: Language) -> String {
    let number = circled(initiative.number);
    let title = words!(initiative.entry, at, language);
    match title.starts_with(&number) {
        true => title.to_owned(),
        false => format!("{number}{title}"),
    }
}

/// What stands in the columns of [`headings`].
pub fn names(
    at: &At,
    goal: &GoalEvaluation,
    initiative: &InitiativeEvaluation,
    indicator: &IndicatorEvaluation,
    language: Language,
) -> [String; 4] {
    [
        words!(goal.entry, at, language).to_owned(),
        numbered(initiative, at, language),
        sections(at, indicator.lead, &indicator.contributing, language),
        words!(indicator.entry, at, language).to_owned(),
    ]
}

/// A form of a whole plan or a department in its order, part by part.
pub fn form(
    evaluation: &PlanEvaluation,
    setting: Setting,
    department: Option<UnitId>,
    title: &str,
    columns: &[Heading],
    cells: impl Fn(&Place<'_>) -> Vec<Cell>,
) -> Form {
    let head = Head::of(&evaluation.at, setting, title);
    let caption = caption(&head);
    let parts = parts(evaluation, setting, department, &caption, columns, cells);
    Form { head, parts }
}

/// The parts of a plan, one a department; of one department only where it is named. `cells` fills the columns behind
/// [`headings`]; a goal or initiative without indicators leaves them empty.
fn parts(
    evaluation: &PlanEvaluation,
    setting: Setting,
    department: Option<UnitId>,
    caption: &str,
    columns: &[Heading],
    cells: impl Fn(&Place<'_>) -> Vec<Cell>,
) -> Vec<Part> {
    let language = setting.language;
    let at = &evaluation.at;
    let closing = without_goals(evaluation, language);
    let mut parts: Vec<(UnitId, u32, Part)> = Vec::new();
    let goals = evaluation.goals.iter();
    for goal in goals.filter(|goal| department.is_none_or(|unit| unit == goal.department)) {
        let begins = parts
            .last()
            .is_none_or(|(unit, _, _)| *unit != goal.department);
        if begins {
            let name = at.unit_name(goal.department, language);
            let part = Part {
                caption: vec![caption.to_owned(), name.clone()],
                name,
                columns: columns.to_vec(),
                lines: Vec::new(),
                closing: closing.clone(),
            };
            parts.push((goal.department, goal.pillar, part));
        }
        let Some((_, pillar, part)) = parts.last_mut() else {
            continue;
        };
        if begins || *pillar != goal.pillar {
            *pillar = goal.pillar;
            let title = at.plan.pillar(goal.pillar);
            let title = title.map_or("", |pillar| pillar.title.in_language(language));
            part.lines
                .push(Line::Band(format!("({}) {title}", goal.pillar)));
        }
        lines_of(at, goal, language, columns.len(), &cells, &mut part.lines);
    }
    parts.into_iter().map(|(_, _, part)| part).collect()
}

/// A pillar without goals is part of the plan too, and the first thing that auditors ask about.
fn without_goals(evaluation: &PlanEvaluation, language: Language) -> Vec<String> {
    let plan = &evaluation.at.plan;
    let empty = plan.pillars.iter().filter(|pillar| {
        let mut goals = evaluation.goals.iter();
        goals.all(|goal| goal.pillar != pillar.number)
    });
    let words = pick(
        language,
        "計画全体で組織目標のない柱",
        "pillars without a goal in the whole plan",
    );
    let named = |pillar: &crate::domain::plan::Pillar| {
        format!("({}) {}", pillar.number, pillar.title.in_language(language))
    };
    let empty: Vec<String> = empty.map(named).collect();
    match empty.is_empty() {
        true => Vec::new(),
        false => vec![format!("{words}: {}", empty.join("、"))],
    }
}

fn lines_of(
    at: &At,
    goal: &GoalEvaluation,
    language: Language,
    columns: usize,
    cells: &impl Fn(&Place<'_>) -> Vec<Cell>,
    lines: &mut Vec<Line>,
) {
    let mut begins_goal = true;
    let mut goal_cell = || match std::mem::take(&mut begins_goal) {
        true => (true, Slot::Of(text(words!(goal.entry, at, language)))),
        false => (false, Slot::Above),
    };
    if goal.initiatives.is_empty() {
        let mut slots = vec![goal_cell().1];
        slots.resize(columns, Slot::Of(Cell::Empty));
        lines.push(Line::Slots(slots));
    }
    for initiative in &goal.initiatives {
        let title = numbered(initiative, at, language);
        let own = sections(at, initiative.lead, &initiative.contributing, language);
        if initiative.indicators.is_empty() {
            let mut slots = vec![goal_cell().1, Slot::Of(text(title)), Slot::Of(text(own))];
            slots.resize(columns, Slot::Of(Cell::Empty));
            lines.push(Line::Slots(slots));
            continue;
        }
        let (mut section_above, mut criterion_above) = (None, None);
        for (number, indicator) in initiative.indicators.iter().enumerate() {
            let (begins_goal, goal_slot) = goal_cell();
            let begins_initiative = number == 0;
            let section = sections(at, indicator.lead, &indicator.contributing, language);
            let criterion = words!(indicator.entry, at, language);
            let mut slots = vec![
                goal_slot,
                match begins_initiative {
                    true => Slot::Of(text(title.clone())),
                    false => Slot::Above,
                },
                joined(&mut section_above, section),
                joined(&mut criterion_above, criterion.to_owned()),
            ];
            let place = Place {
                goal,
                initiative,
                indicator,
                begins_goal,
                begins_initiative,
            };
            slots.extend(cells(&place).into_iter().map(Slot::Of));
            lines.push(Line::Slots(slots));
        }
    }
}

/// A cell of its own, or what stands above where that says the same.
fn joined(above: &mut Option<String>, text: String) -> Slot {
    if above.as_ref() == Some(&text) {
        return Slot::Above;
    }
    *above = Some(text.clone());
    Slot::Of(self::text(text))
}
