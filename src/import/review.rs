//! What was understood of a plan, line by line, for the sections to confirm.

use super::proposal::Proposal;
use super::understood::{Criterion, Department, Goal, Initiative, Pillar, Plan};

/// A criterion, or one figure of one that has several, with all that it stands under.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The department.
    pub department: &'a Department,
    /// The pillar.
    pub pillar: &'a Pillar,
    /// The goal.
    pub goal: &'a Goal,
    /// The initiative.
    pub initiative: &'a Initiative,
    /// The criterion.
    pub criterion: &'a Criterion,
    /// Which of several figures: `a`, `b` …
    pub part: Option<char>,
    /// How it would be measured.
    pub proposal: &'a Proposal,
    /// Whether the goal begins with this line.
    pub begins_goal: bool,
    /// Whether the initiative begins with this line.
    pub begins_initiative: bool,
    /// Whether the criterion begins with this line.
    pub begins_criterion: bool,
    /// What a person should look at; empty: nothing.
    pub doubts: Vec<Doubt>,
}

/// What a person should look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Doubt {
    /// Attainment means little until somebody says where the level stood before.
    Baseline,
    /// The members of the set have to be listed.
    Members,
    /// The months in which the work runs have to be named.
    ActiveWindow,
    /// The words name no value.
    Target,
    /// A remark of the reading, in English.
    Remark(String),
}

/// The lines of a plan in its order.
pub fn lines(plan: &Plan) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for (department, pillar, goal) in plan.goals() {
        let mut begins_goal = true;
        for initiative in &goal.initiatives {
            let mut begins_initiative = true;
            for criterion in &initiative.criteria {
                let parts = &criterion.proposal.parts;
                let each: Vec<(Option<char>, &Proposal)> = if parts.is_empty() {
                    vec![(None, &criterion.proposal)]
                } else {
                    ('a'..='z').map(Some).zip(parts).collect()
                };
                let mut begins_criterion = true;
                for (part, proposal) in each {
                    let mut doubts = of_proposal(proposal);
                    if begins_criterion {
                        let remarks = plan.warnings.iter();
                        let own = remarks.filter(|warning| warning.text == criterion.text);
                        doubts.extend(own.map(|warning| Doubt::Remark(warning.message.clone())));
                    }
                    if doubts.contains(&Doubt::Members) {
                        // The reading says it too, in more words.
                        let members = |doubt: &Doubt| matches!(doubt, Doubt::Remark(text) if text.contains("list of members"));
                        doubts.retain(|doubt| !members(doubt));
                    }
                    if proposal.confirmed {
                        doubts.retain(|doubt| !matches!(doubt, Doubt::Remark(_)));
                    }
                    lines.push(Line {
                        department,
                        pillar,
                        goal,
                        initiative,
                        criterion,
                        part,
                        proposal,
                        begins_goal: std::mem::take(&mut begins_goal),
                        begins_initiative: std::mem::take(&mut begins_initiative),
                        begins_criterion: std::mem::take(&mut begins_criterion),
                        doubts,
                    });
                }
            }
        }
    }
    lines
}

fn of_proposal(proposal: &Proposal) -> Vec<Doubt> {
    let needed = [
        (proposal.baseline_needed, Doubt::Baseline),
        (proposal.members_needed, Doubt::Members),
        (proposal.active_window_needed, Doubt::ActiveWindow),
        (proposal.assumed.contains(&"target"), Doubt::Target),
    ];
    let needed = needed.into_iter().filter(|(needed, _)| *needed);
    needed.map(|(_, doubt)| doubt).collect()
}
