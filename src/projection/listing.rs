//! Which goals there are: filters, text search, order.

use unicode_normalization::UnicodeNormalization;

use crate::domain::directory::Directory;
use crate::domain::id::{GoalId, PlanId, UnitId};
use crate::domain::text::Title;

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
}

/// Folds text for matching: NFKC, lower case.
pub fn fold(text: &str) -> String {
    text.nfkc().flat_map(char::to_lowercase).collect()
}

/// The words of a search, folded.
pub fn words(text: &str) -> Vec<String> {
    fold(text).split_whitespace().map(str::to_owned).collect()
}

/// The goals that satisfy `filter`, in the order of cycle, department, pillar and setting.
pub fn goals(directory: &Directory, filter: &GoalFilter) -> Vec<GoalId> {
    let mut found = Vec::new();
    for plan in directory.plans() {
        if filter.plan.is_some_and(|wanted| wanted != plan.id) {
            continue;
        }
        let mut of_plan: Vec<_> = directory
            .goals_of(plan.id)
            .enumerate()
            .filter(|(_, goal)| satisfies(directory, filter, *goal))
            .filter_map(|(number, goal)| {
                let entry = directory.goal(goal)?;
                let department = directory.unit(entry.department())?;
                Some((
                    (
                        department_order(directory, plan.id, department.id),
                        entry.pillar(),
                        number,
                    ),
                    goal,
                ))
            })
            .collect();
        of_plan.sort_unstable();
        found.extend(of_plan.into_iter().map(|(_, goal)| goal));
    }
    found
}

/// Departments come in the order in which the plan first names them.
fn department_order(directory: &Directory, plan: PlanId, department: UnitId) -> usize {
    directory
        .goals_of(plan)
        .position(|goal| {
            directory
                .goal(goal)
                .is_some_and(|entry| entry.department() == department)
        })
        .unwrap_or(usize::MAX)
}

fn satisfies(directory: &Directory, filter: &GoalFilter, id: GoalId) -> bool {
    let Some(goal) = directory.goal(id) else {
        return false;
    };
    if filter
        .department
        .is_some_and(|wanted| wanted != goal.department())
        || filter.pillar.is_some_and(|wanted| wanted != goal.pillar())
    {
        return false;
    }
    let works_on = |section: UnitId| {
        directory
            .initiatives_of(id)
            .filter_map(|i| directory.initiative(i))
            .any(|initiative| initiative.responsible().units().any(|unit| unit == section))
    };
    if filter.section.is_some_and(|section| !works_on(section)) {
        return false;
    }
    filter.words.is_empty() || {
        let mut text = String::new();
        add(
            &mut text,
            goal.code.as_str(),
            goal.title(),
            Some(goal.source_text().as_str()),
        );
        for id in directory.initiatives_of(id) {
            if let Some(initiative) = directory.initiative(id) {
                let words = initiative.source_text().as_str();
                add(
                    &mut text,
                    initiative.code.as_str(),
                    initiative.title(),
                    Some(words),
                );
            }
            for id in directory.indicators_of(id) {
                if let Some(indicator) = directory.indicator(id) {
                    add(&mut text, indicator.code.as_str(), indicator.title(), None);
                }
            }
        }
        let text = fold(&text);
        filter.words.iter().all(|word| text.contains(word))
    }
}

fn add(text: &mut String, code: &str, title: &Title, source_text: Option<&str>) {
    let english = title.en.as_ref().map(|en| en.as_str());
    for part in [Some(code), Some(title.ja.as_str()), english, source_text]
        .into_iter()
        .flatten()
    {
        text.push_str(part);
        text.push('\n');
    }
}
