//! The list of changes of targets: goal by goal, page by page.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Comparison, TargetChange, TargetDirection};
use crate::domain::directory::{Directory, Named};
use crate::domain::evaluation::Remark;
use crate::domain::event::{Stream, Subject};
use crate::domain::goal::DefinitionVersion;
use crate::domain::id::{GoalId, IndicatorId, InitiativeId, PlanId, UnitId};
use crate::domain::org_unit::UnitKind;
use crate::ledger::{ReadFault, Reader, Standpoint, Stored};
use crate::projection::evaluation::{At, IndicatorEvaluation, Ruling, evaluate_subject};
use crate::projection::listing::{self, GoalFilter};
use crate::projection::measured::Measured;

/// Which changes are listed, all at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TargetFilter {
    /// Of this plan.
    pub plan: Option<PlanId>,
    /// Of this department, on D.
    pub department: Option<UnitId>,
    /// Under this goal, on D.
    pub goal: Option<GoalId>,
    /// Under this initiative, on D.
    pub initiative: Option<InitiativeId>,
    /// Of this indicator.
    pub indicator: Option<IndicatorId>,
    /// Changed in these ways; empty: in any.
    pub directions: BTreeSet<TargetDirection>,
    /// Decided after the last report.
    pub after_last_report_only: bool,
    /// Of indicators reached on the target in force and missed on the first.
    pub achieved_by_revision_only: bool,
}

/// Where a list goes on: the number of the goal, of the change in it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cursor {
    /// Number of the goal, from 0.
    pub goal: u32,
    /// Number of the change, from 0.
    pub change: u32,
}

/// A change with where it belongs.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The change.
    pub change: TargetChange,
    /// By the results known when it was decided.
    pub at_decision: Comparison,
    /// By the results of the answer.
    pub at_answer: Comparison,
    /// The indicator.
    pub indicator: IndicatorId,
    /// The goal it stands under on D.
    pub goal: GoalId,
    /// The section that answers for it on D.
    pub lead: UnitId,
    /// How it is measured, with the number of the version.
    pub definition: Option<(u32, DefinitionVersion)>,
    /// What judges.
    pub ruling: Ruling,
    /// Whether it is reached on the target in force and missed on the first.
    pub achieved_by_revision: bool,
    /// The event that set the target.
    pub event: Stored,
    /// The report recorded last.
    pub last_report: Option<Stored>,
}

/// A page of changes.
#[derive(Clone, Debug, Default)]
pub struct TargetPage {
    /// The changes.
    pub changes: Vec<Listed>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Cursor>,
}

/// Goals examined for one page at most; a page may then have fewer changes than asked for.
pub const GOALS_MAX: u32 = 500;
/// Goals examined before others get a turn.
const GOALS_AT_ONCE: u32 = 16;

/// Up to `limit` changes at `at` that satisfy `filter`, from `cursor` on.
pub async fn changes(
    reader: &Reader,
    at: &Standpoint,
    filter: &TargetFilter,
    cursor: Cursor,
    limit: usize,
) -> Result<TargetPage, ReadFault> {
    let goals = filter.goals(&at.view.directory, at);
    let mut page = TargetPage::default();
    let mut looked_at = 0;
    for (number, goal) in (0..).zip(goals).skip(cursor.goal as usize) {
        let place = Cursor {
            goal: number,
            change: 0,
        };
        if GOALS_MAX <= looked_at {
            page.next = Some(place);
            return Ok(page);
        }
        looked_at += 1;
        let skip = if number == cursor.goal {
            cursor.change
        } else {
            0
        };
        let found = of_goal(reader, at, filter, goal).await?;
        for (change, candidate) in (0..).zip(found).skip(skip as usize) {
            if page.changes.len() == limit {
                page.next = Some(Cursor { change, ..place });
                return Ok(page);
            }
            page.changes.extend(candidate.listed(reader, at).await?);
        }
        if looked_at % GOALS_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
    }
    Ok(page)
}

/// A change that satisfies the filter, not yet judged.
struct Candidate {
    change: TargetChange,
    goal: GoalId,
    at: Arc<At>,
    indicator: Arc<IndicatorEvaluation>,
    achieved_by_revision: bool,
}

async fn of_goal(
    reader: &Reader,
    at: &Standpoint,
    filter: &TargetFilter,
    id: GoalId,
) -> Result<Vec<Candidate>, ReadFault> {
    let (directory, known_at) = (&at.view.directory, at.view.size);
    let plan = directory.goal(id).map(|goal| goal.plan);
    let Some(plan) = plan.and_then(|plan| directory.plan(plan)).cloned() else {
        return Ok(Vec::new());
    };
    let point = Arc::new(At {
        directory: directory.clone(),
        effective_on: at.on,
        known_at,
        ruling: Ruling::on(directory, at.on, known_at),
        plan,
    });
    let Some(goal) = evaluate_subject(reader, &point, Subject::Goal(id)).await? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for initiative in &goal.initiatives {
        let wanted = filter.initiative.is_none_or(|id| id == initiative.id);
        let indicators = initiative.indicators.iter().filter(|_| wanted);
        for indicator in indicators {
            if filter.indicator.is_some_and(|id| id != indicator.id) {
                continue;
            }
            let by_revision = &indicator.evaluation.remarks;
            let by_revision = by_revision.contains(&Remark::AchievedByRevision);
            if filter.achieved_by_revision_only && !by_revision {
                continue;
            }
            let home = Stream::goal(indicator.entry.home);
            let home = reader.stream_covering(home, known_at).await?;
            let Some(measured) = measured(&point, &home.goal, indicator) else {
                continue;
            };
            let indicator = Arc::new(indicator.clone());
            for change in measured.target_changes(at.cut()) {
                if filter.takes(&change) {
                    found.push(Candidate {
                        change,
                        goal: id,
                        at: point.clone(),
                        indicator: indicator.clone(),
                        achieved_by_revision: by_revision,
                    });
                }
            }
        }
    }
    Ok(found)
}

/// An evaluated indicator, to be evaluated at other cuts.
pub fn measured<'a>(
    at: &'a At,
    home: &'a crate::domain::goal::Goal,
    indicator: &IndicatorEvaluation,
) -> Option<Measured<'a>> {
    Some(Measured {
        id: indicator.id,
        state: home.indicator(indicator.id)?,
        home,
        cycle: at.plan.cycle,
        directory: &at.directory,
        policy: &at.ruling.policy.content,
    })
}

impl Candidate {
    async fn listed(self, reader: &Reader, at: &Standpoint) -> Result<Option<Listed>, ReadFault> {
        let home = Stream::goal(self.indicator.entry.home);
        let home = reader.stream_covering(home, at.view.size).await?;
        let Some(measured) = measured(&self.at, &home.goal, &self.indicator) else {
            return Ok(None);
        };
        let at_decision = measured.at_decision(&self.change);
        let at_answer = measured.comparison(&self.change, at.cut());
        let definition = measured.definition_of(&self.change.after);
        let event = reader.stored(self.change.after.position).await?;
        let last_report = match self.change.last_report {
            Some(last) => Some(reader.stored(last.position).await?),
            None => None,
        };
        Ok(Some(Listed {
            at_decision,
            at_answer,
            definition: definition.map(|(number, version)| (number, version.clone())),
            indicator: self.indicator.id,
            goal: self.goal,
            lead: self.indicator.lead,
            ruling: self.at.ruling.clone(),
            achieved_by_revision: self.achieved_by_revision,
            change: self.change,
            event,
            last_report,
        }))
    }
}

impl TargetFilter {
    /// Leaves only what belongs to `subject`. A section or a ledger has no goals of its own: `false`.
    pub fn narrow(&mut self, directory: &Directory, subject: Named) -> bool {
        match subject {
            Named::Ledger => return false,
            Named::Plan(id) => self.plan = Some(id),
            Named::Unit(id) => {
                self.department = Some(id);
                let unit = directory.unit(id);
                return unit.is_some_and(|unit| unit.kind == UnitKind::Department);
            }
            Named::Goal(id) => self.goal = Some(id),
            Named::Initiative(id) => self.initiative = Some(id),
            Named::Indicator(id) => self.indicator = Some(id),
        }
        true
    }

    fn takes(&self, change: &TargetChange) -> bool {
        let after_last = change
            .last_report
            .is_some_and(|report| report.before_target);
        (self.directions.is_empty() || self.directions.contains(&change.direction))
            && (!self.after_last_report_only || after_last)
    }

    /// The goals that may have changes, in order.
    fn goals(&self, directory: &Directory, at: &Standpoint) -> Vec<GoalId> {
        let on = at.on;
        let initiative = self.initiative.or_else(|| {
            let indicator = directory.indicator(self.indicator?)?;
            Some(indicator.placed_on(on).initiative)
        });
        let goal = match initiative {
            Some(id) => directory
                .initiative(id)
                .map(|initiative| initiative.placed_on(on).goal),
            None => self.goal,
        };
        let narrowed = initiative.is_some() || self.goal.is_some();
        let filter = GoalFilter {
            plan: self.plan,
            department: self.department,
            ..GoalFilter::default()
        };
        let mut goals = listing::goals(directory, &filter, on);
        goals.retain(|id| !narrowed || goal == Some(*id));
        goals
    }
}
