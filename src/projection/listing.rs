//! Which goals there are: filters, text search, order.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, GoalEntry, GoalPlace, Wording};
use crate::domain::id::{GoalId, PlanId, UnitId};

/// What goals must satisfy, all at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct GoalFilter {
    /// Of this plan.
    pub plan: Option<PlanId>,
    /// Of this department.
    pub department: Option<UnitId>,
    /// With an initiative that this section answers for or contributes to.
    pub section: Option<UnitId>,
    /// Under this pillar.
    pub pillar: Option<u32>,
    /// Where codes, titles or texts hold all these words, folded by [`fold`].
    pub words: Vec<String>,
    /// Those too that take effect only after the date.
    pub include_upcoming: bool,
}

/// Folds text for matching: NFKC, lower case.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The words of a search, folded.
pub fn words(text: &str) -> Vec<String> {
    fold(text).split_whitespace().map(str::to_owned).collect()
}

/// The goals of `date` that satisfy `filter`, in the order of cycle, department, pillar and setting.
pub fn goals(directory: &Directory, filter: &GoalFilter, date: Date) -> Vec<GoalId> {
    let mut found = Vec::new();
    for plan in directory.plans() {
        if filter.plan.is_some_and(|wanted| wanted != plan.id) {
            continue;
        }
        let of_plan: Vec<Candidate<'_>> = directory
            .goals_of(plan.id)
            .filter_map(|id| {
                let entry = directory.goal(id)?;
                let listed = filter.include_upcoming || entry.stands_on(date);
                listed.then(|| Candidate::new(id, entry, date))
            })
            .collect();
        // Departments come in the order in which the plan first names them.
        let mut departments: HashMap<UnitId, usize> = HashMap::new();
        for candidate in &of_plan {
            let next = departments.len();
            departments
                .entry(candidate.place.department)
                .or_insert(next);
        }
        let mut satisfying: Vec<&Candidate<'_>> = of_plan
            .iter()
            .filter(|candidate| satisfies(directory, filter, candidate))
            .collect();
        // The sort keeps the order of setting.
        satisfying.sort_by_key(|candidate| {
            let department = departments.get(&candidate.place.department).copied();
            (department, candidate.place.pillar)
        });
        found.extend(satisfying.into_iter().map(|candidate| candidate.id));
    }
    found
}

/// A goal that may be listed, as it stands on the date that it is told for.
struct Candidate<'a> {
    id: GoalId,
    entry: &'a GoalEntry,
    on: Date,
    place: GoalPlace,
}

impl<'a> Candidate<'a> {
    fn new(id: GoalId, entry: &'a GoalEntry, date: Date) -> Self {
        let on = date.max(entry.from);
        let place = entry.placed_on(on);
        Self {
            id,
            entry,
            on,
            place,
        }
    }
}

fn satisfies(directory: &Directory, filter: &GoalFilter, goal: &Candidate<'_>) -> bool {
    let GoalPlace { department, pillar } = goal.place;
    if filter.department.is_some_and(|wanted| wanted != department)
        || filter.pillar.is_some_and(|wanted| wanted != pillar)
    {
        return false;
    }
    let works_on = |section: UnitId| {
        directory
            .initiatives_of_on(goal.id, goal.on)
            .filter_map(|id| directory.initiative(id))
            .any(|initiative| {
                let responsible = initiative.responsible_on(goal.on);
                responsible.units().any(|unit| unit == section)
            })
    };
    if filter.section.is_some_and(|section| !works_on(section)) {
        return false;
    }
    filter.words.is_empty() || {
        let text = fold(&text_of(directory, goal));
        filter.words.iter().all(|word| text.contains(word))
    }
}

/// Codes, titles and texts of a goal and of what stands under it.
fn text_of(directory: &Directory, goal: &Candidate<'_>) -> String {
    let mut text = String::new();
    add(&mut text, &goal.entry.code, goal.entry.worded_on(goal.on));
    for id in directory.initiatives_of_on(goal.id, goal.on) {
        if let Some(initiative) = directory.initiative(id) {
            add(&mut text, &initiative.code, initiative.worded_on(goal.on));
        }
        for id in directory.indicators_of_on(id, goal.on) {
            if let Some(indicator) = directory.indicator(id) {
                add(&mut text, &indicator.code, indicator.worded_on(goal.on));
            }
        }
    }
    text
}

fn add(text: &mut String, code: &Code, wording: &Wording) {
    let english = wording.title.en.as_ref().map(|en| en.as_str());
    let parts = [
        Some(code.as_str()),
        Some(wording.title.ja.as_str()),
        english,
        Some(wording.source_text.as_str()),
    ];
    for part in parts.into_iter().flatten() {
        text.push_str(part);
        text.push('\n');
    }
}
