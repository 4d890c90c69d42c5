//! The list of flags: plan by plan, goal by goal, page by page.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::decision::{self, Decided};
use super::{Examined, Flag, FlagKind, judgement, round, structure};
use crate::domain::date::{Date, DateSpan};
use crate::domain::decision::Proposal;
use crate::domain::directory::Named;
use crate::domain::event::{Stream, Subject};
use crate::domain::goal::Goal;
use crate::domain::id::{GoalId, IndicatorId, PlanId, UnitId};
use crate::domain::indicator::Definition;
use crate::domain::period::{Period, Step};
use crate::domain::plan::Plan;
use crate::ledger::{ReadFault, Reader, Standpoint, Stored};
use crate::projection::evaluation::{
    At, GoalEvaluation, IndicatorEvaluation, Ruling, evaluate_subject,
};
use crate::projection::flags::structure::Numeric;
use crate::projection::listing::{self, GoalFilter};

/// Which flags are listed, all at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct FlagFilter {
    /// Of these kinds; empty: of all.
    pub kinds: BTreeSet<FlagKind>,
    /// Of this plan; of a plan itself only with neither a department nor anything below it.
    pub plan: Option<PlanId>,
    /// About this department and the goals that it has on D.
    pub department: Option<UnitId>,
    /// About what this section answers for or contributes to on D.
    pub section: Option<UnitId>,
    /// About this goal and what stands under it on D.
    pub goal: Option<GoalId>,
    /// About this indicator.
    pub indicator: Option<IndicatorId>,
}

impl FlagFilter {
    /// Whether flags of this kind are asked for.
    pub(crate) fn wants(&self, kind: FlagKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// Where a list goes on: the number of the plan, of the goal in it (0: the plan itself), of the flag there.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cursor {
    /// Number of the plan, from 0.
    pub plan: u32,
    /// Number of the goal in the plan, from 1; 0 for the plan itself.
    pub goal: u32,
    /// Number of the flag, from 0.
    pub flag: u32,
}

/// A flag with where it belongs.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The flag.
    pub flag: Flag,
    /// Its plan.
    pub plan: PlanId,
    /// Its goal, where it is about one or what stands under it.
    pub goal: Option<GoalId>,
    /// The section that answers for it on D, where one does.
    pub lead: Option<UnitId>,
    /// The events it rests on.
    pub grounds: Vec<Stored>,
}

/// A page of flags.
#[derive(Clone, Debug, Default)]
pub struct FlagPage {
    /// The flags.
    pub flags: Vec<Listed>,
    /// Where the next page begins; `None`: this was the last.
    pub next: Option<Cursor>,
}

/// Goals examined for one page at most; a page may then have fewer flags than asked for.
pub const GOALS_MAX: u32 = 500;
/// Goals examined before others get a turn.
const GOALS_AT_ONCE: u32 = 16;

/// Up to `limit` flags at `at` that satisfy `filter`, from `cursor` on.
pub async fn flags(
    reader: &Reader,
    at: &Standpoint,
    filter: &FlagFilter,
    cursor: Cursor,
    limit: usize,
) -> Result<FlagPage, ReadFault> {
    let directory = &at.view.directory;
    let plans: Vec<Arc<Plan>> = directory
        .plans()
        .into_iter()
        .filter(|plan| filter.plan.is_none_or(|wanted| wanted == plan.id))
        .cloned()
        .collect();
    let decided = Decided::of(directory, filter);
    let mut page = FlagPage::default();
    let mut looked_at = 0;
    for (number, plan) in (0..).zip(plans).skip(cursor.plan as usize) {
        let of_plan = OfPlan::new(reader, at, filter, &decided, plan);
        let goals = of_plan.goals();
        let begins = if number == cursor.plan {
            cursor
        } else {
            Cursor::default()
        };
        for goal in begins.goal..=u32::try_from(goals.len()).unwrap_or(u32::MAX) {
            let place = Cursor {
                plan: number,
                goal,
                flag: 0,
            };
            if GOALS_MAX <= looked_at {
                page.next = Some(place);
                return of_plan.grounded(page).await;
            }
            looked_at += 1;
            let found = match goal
                .checked_sub(1)
                .and_then(|index| goals.get(index as usize))
            {
                None => of_plan.itself(&goals).await?,
                Some(goal) => of_plan.goal(*goal).await?,
            };
            let skip = if goal == begins.goal { begins.flag } else { 0 };
            for (flag, found) in (0..).zip(found).skip(skip as usize) {
                if page.flags.len() == limit {
                    page.next = Some(Cursor { flag, ..place });
                    return of_plan.grounded(page).await;
                }
                page.flags.push(found);
            }
            if looked_at % GOALS_AT_ONCE == 0 {
                tokio::task::yield_now().await;
            }
        }
    }
    grounded(reader, page).await
}

/// Looks up the events that the flags of a page rest on.
async fn grounded(reader: &Reader, mut page: FlagPage) -> Result<FlagPage, ReadFault> {
    let wanted: BTreeSet<u64> = page
        .flags
        .iter()
        .flat_map(|listed| listed.flag.grounds.iter().copied())
        .collect();
    let wanted: Vec<u64> = wanted.into_iter().collect();
    let stored = reader.stored_at(&wanted).await?;
    let by_position: BTreeMap<u64, Stored> = wanted.into_iter().zip(stored).collect();
    for listed in &mut page.flags {
        let grounds = listed.flag.grounds.iter();
        listed.grounds = grounds
            .filter_map(|position| by_position.get(position).cloned())
            .collect();
    }
    Ok(page)
}

/// One plan that is examined.
struct OfPlan<'a> {
    reader: &'a Reader,
    standpoint: &'a Standpoint,
    filter: &'a FlagFilter,
    decided: &'a Decided<'a>,
    at: At,
    periods: Vec<Arc<Period>>,
}

impl<'a> OfPlan<'a> {
    fn new(
        reader: &'a Reader,
        standpoint: &'a Standpoint,
        filter: &'a FlagFilter,
        decided: &'a Decided<'a>,
        plan: Arc<Plan>,
    ) -> Self {
        let (directory, known_at) = (&standpoint.view.directory, standpoint.view.size);
        Self {
            reader,
            standpoint,
            filter,
            decided,
            periods: directory.periods_of(plan.id).into_iter().cloned().collect(),
            at: At {
                directory: directory.clone(),
                effective_on: standpoint.on,
                known_at,
                ruling: Ruling::on(directory, standpoint.on, known_at),
                plan,
            },
        }
    }

    async fn grounded(&self, page: FlagPage) -> Result<FlagPage, ReadFault> {
        grounded(self.reader, page).await
    }

    /// The goals of the plan that may have flags, in order.
    fn goals(&self) -> Vec<GoalId> {
        let directory = &self.at.directory;
        let filter = GoalFilter {
            plan: Some(self.at.plan.id),
            department: self.filter.department,
            ..GoalFilter::default()
        };
        let place = self.filter.indicator.and_then(|id| {
            let initiative = directory
                .indicator(id)?
                .placed_on(self.at.effective_on)
                .initiative;
            Some(
                directory
                    .initiative(initiative)?
                    .placed_on(self.at.effective_on)
                    .goal,
            )
        });
        let mut goals = listing::goals(directory, &filter, self.at.effective_on);
        goals.retain(|goal| {
            self.filter.goal.is_none_or(|wanted| wanted == *goal)
                && (self.filter.indicator.is_none() || place == Some(*goal))
        });
        goals
    }

    /// Flags about the plan itself, and about departments.
    async fn itself(&self, goals: &[GoalId]) -> Result<Vec<Listed>, ReadFault> {
        let FlagFilter {
            department,
            section,
            goal,
            indicator,
            ..
        } = self.filter;
        let of_plan = [
            FlagKind::NoGoalUnderPillar,
            FlagKind::NoNumericCriterion,
            FlagKind::FindingOverdue,
        ];
        let mut wanted = of_plan.into_iter().chain(decision::KINDS);
        let narrower = section.is_some() || goal.is_some() || indicator.is_some();
        if narrower || !wanted.any(|kind| self.filter.wants(kind)) {
            return Ok(Vec::new());
        }
        let on = self.at.effective_on;
        let directory = &self.at.directory;
        let mut numeric: BTreeMap<UnitId, Numeric> = BTreeMap::new();
        for id in goals {
            let Some(place) = directory.goal(*id).map(|goal| goal.placed_on(on)) else {
                continue;
            };
            let found = numeric.entry(place.department).or_default();
            for initiative in directory.initiatives_of_on(*id, on) {
                for id in directory.indicators_of_on(initiative, on) {
                    if let Some(definition) = self.definition(id).await? {
                        found.count(definition.measure_type);
                    }
                }
            }
        }
        let mut flags = Vec::new();
        structure::plan(directory, &self.at.plan, &numeric, on, &mut flags);
        round::findings(directory, self.at.plan.id, on, &mut flags);
        self.decisions(self.of_itself(), &mut flags);
        flags.retain(|flag| {
            self.filter.wants(flag.kind)
                && department.is_none_or(|wanted| flag.subject == Named::Unit(wanted))
        });
        Ok(flags
            .into_iter()
            .map(|flag| self.listed(flag, None, None))
            .collect())
    }

    /// Flags of what was decided of proposals.
    fn decisions(&self, decided: Vec<&Arc<Proposal>>, flags: &mut Vec<Flag>) {
        let late_after = self.at.ruling.policy.content.late_report_days;
        decision::decisions(
            &self.at.directory,
            decided.into_iter(),
            self.at.effective_on,
            late_after,
            flags,
        );
    }

    /// What was decided about the plan, and, in the plan's year, about the ledger.
    fn of_itself(&self) -> Vec<&'a Arc<Proposal>> {
        let in_its_year = |proposal: &&Arc<Proposal>| {
            let decided_on = proposal.decision.as_ref().map(|decision| decision.step.on);
            decided_on.is_some_and(|on| self.at.plan.cycle.contains(on))
        };
        let of_plan = std::iter::once(Stream::plan(self.at.plan.id));
        let mut found = self.decided.about(of_plan);
        let of_ledger = self.decided.about_ledgers().into_iter();
        found.extend(of_ledger.filter(in_its_year));
        found.sort_unstable_by_key(|proposal| proposal.number);
        found
    }

    async fn definition(&self, id: IndicatorId) -> Result<Option<Arc<Definition>>, ReadFault> {
        let Some(entry) = self.at.directory.indicator(id) else {
            return Ok(None);
        };
        let home = self.home(entry.home).await?;
        let state = home.goal.indicator(id);
        let version = state.and_then(|state| state.definition_at(self.standpoint.cut()));
        Ok(version.map(|(_, version)| version.definition.clone()))
    }

    async fn home(&self, goal: GoalId) -> Result<Arc<crate::ledger::StreamState>, ReadFault> {
        self.reader
            .stream_covering(Stream::goal(goal), self.at.known_at)
            .await
    }

    /// Flags about a goal and what stands under it.
    async fn goal(&self, id: GoalId) -> Result<Vec<Listed>, ReadFault> {
        let on = self.at.effective_on;
        let directory = &self.at.directory;
        let evaluated = evaluate_subject(self.reader, &self.at, Subject::Goal(id)).await?;
        let Some(goal) = evaluated else {
            return Ok(Vec::new());
        };
        let mut found: Vec<(Flag, Option<UnitId>)> = Vec::new();
        let whole = self.filter.section.is_none() && self.filter.indicator.is_none();
        if whole {
            let mut flags = Vec::new();
            structure::goal(directory, id, on, &mut flags);
            found.extend(flags.into_iter().map(|flag| (flag, None)));
        }
        let mut homes = BTreeMap::from([(id, self.home(id).await?)]);
        for initiative in &goal.initiatives {
            homes.insert(
                initiative.entry.home,
                self.home(initiative.entry.home).await?,
            );
            if self.filter.indicator.is_none()
                && self.answers(initiative.lead, &initiative.contributing)
            {
                let mut flags = Vec::new();
                structure::initiative(directory, initiative.id, on, &mut flags);
                found.extend(flags.into_iter().map(|flag| (flag, Some(initiative.lead))));
            }
            for indicator in &initiative.indicators {
                let home = self.home(indicator.entry.home).await?;
                if self.answers(indicator.lead, &indicator.contributing)
                    && self
                        .filter
                        .indicator
                        .is_none_or(|wanted| wanted == indicator.id)
                {
                    let flags = self.indicator(indicator, &home.goal);
                    found.extend(flags.into_iter().map(|flag| (flag, Some(indicator.lead))));
                }
                homes.insert(indicator.entry.home, home);
            }
        }
        let mut said = Vec::new();
        for home in homes.values() {
            judgement::judgements(home.goal.evaluations(), self.standpoint.cut(), &mut said);
            judgement::actions(&home.goal.actions(), self.standpoint.cut(), &mut said);
        }
        let at_home = homes.keys().map(|home| Stream::goal(*home));
        self.decisions(self.decided.about(at_home), &mut said);
        said.retain(|flag| self.is_of(&goal, flag.subject));
        found.extend(said.into_iter().map(|flag| {
            let lead = lead_of(&goal, flag.subject);
            (flag, lead)
        }));
        found.retain(|(flag, _)| self.filter.wants(flag.kind));
        // By what they are about, then by kind; each check tells its own in order.
        found.sort_by_key(|(flag, _)| (order(&goal, flag.subject), flag.kind));
        let listed = |(flag, lead)| self.listed(flag, Some(id), lead);
        Ok(found.into_iter().map(listed).collect())
    }

    fn indicator(&self, indicator: &IndicatorEvaluation, home: &Goal) -> Vec<Flag> {
        let Some(state) = home.indicator(indicator.id) else {
            return Vec::new();
        };
        let cut = self.standpoint.cut();
        let examined = Examined {
            id: indicator.id,
            state,
            directory: &self.at.directory,
            cycle: self.at.plan.cycle,
            cut,
            policy: &self.at.ruling.policy.content,
            phase: indicator.phase,
            home,
            shown: home.attachments_at(cut).filter_map(|a| a.shows).collect(),
            deadlines: self.deadlines(&indicator.definition),
            periods: self.periods.clone(),
        };
        let mut flags = examined.flags(&indicator.evaluation);
        structure::indicator(
            &self.at.directory,
            indicator.id,
            self.at.effective_on,
            &mut flags,
        );
        flags
    }

    /// Days that are reported together: each period up to its cutoff; without periods the cycle up to its settlement.
    fn deadlines(&self, definition: &Definition) -> Vec<(DateSpan, Date)> {
        let cycle = self.at.plan.cycle;
        if self.periods.is_empty() {
            let last = definition.settlement_until.unwrap_or(cycle.last());
            return vec![(cycle, last)];
        }
        let cutoff = |period: &Arc<Period>| {
            let closed = period.transitions.iter().find(|transition| {
                matches!(transition.step, Step::SoftClosed | Step::Closed { .. })
            });
            closed.map(|transition| {
                (
                    period.span,
                    self.at.directory.date_of(transition.recorded_at),
                )
            })
        };
        self.periods.iter().filter_map(cutoff).collect()
    }

    /// Whether the section that is asked for has a part in it.
    fn answers(&self, lead: UnitId, contributing: &[UnitId]) -> bool {
        self.filter
            .section
            .is_none_or(|section| section == lead || contributing.contains(&section))
    }

    /// Whether what was judged belongs to what is asked for.
    fn is_of(&self, goal: &GoalEvaluation, subject: Named) -> bool {
        let whole = self.filter.section.is_none() && self.filter.indicator.is_none();
        match subject {
            Named::Goal(id) => whole && id == goal.id,
            Named::Initiative(id) => {
                let initiative = goal.initiatives.iter().find(|i| i.id == id);
                self.filter.indicator.is_none()
                    && initiative.is_some_and(|i| self.answers(i.lead, &i.contributing))
            }
            Named::Indicator(id) => {
                let indicator = goal.indicators().find(|i| i.id == id);
                self.filter.indicator.is_none_or(|wanted| wanted == id)
                    && indicator.is_some_and(|i| self.answers(i.lead, &i.contributing))
            }
            Named::Ledger | Named::Plan(_) | Named::Unit(_) => false,
        }
    }

    fn listed(&self, flag: Flag, goal: Option<GoalId>, lead: Option<UnitId>) -> Listed {
        Listed {
            flag,
            plan: self.at.plan.id,
            goal,
            lead,
            grounds: Vec::new(),
        }
    }
}

fn lead_of(goal: &GoalEvaluation, subject: Named) -> Option<UnitId> {
    match subject {
        Named::Initiative(id) => goal.initiatives.iter().find(|i| i.id == id).map(|i| i.lead),
        Named::Indicator(id) => goal.indicators().find(|i| i.id == id).map(|i| i.lead),
        _ => None,
    }
}

/// The place of a subject in the goal: the goal itself, then each initiative with its indicators.
fn order(goal: &GoalEvaluation, subject: Named) -> (usize, usize) {
    let initiatives = (1..).zip(&goal.initiatives);
    match subject {
        Named::Initiative(id) => {
            let mut initiatives = initiatives;
            let found = initiatives.find(|(_, initiative)| initiative.id == id);
            found.map_or((usize::MAX, 0), |(number, _)| (number, 0))
        }
        Named::Indicator(id) => {
            let placed = initiatives.flat_map(|(number, initiative)| {
                let indicators = (1..).zip(&initiative.indicators);
                indicators.map(move |(place, indicator)| (number, place, indicator.id))
            });
            let mut placed = placed.filter(|(_, _, indicator)| *indicator == id);
            placed
                .next()
                .map_or((usize::MAX, 0), |(number, place, _)| (number, place))
        }
        _ => (0, 0),
    }
}
