//! What an append tells of what it changes: nothing of goals that its author may not read, nor of what names them.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Event, Payload};
use crate::domain::id::PlanId;
use crate::grpc::audit_service::{finding_in_sight, references_in_sight};
use crate::grpc::services::{Call, Services};
use crate::ledger::{Appended, ReadFault, Reader};
use crate::projection::describe::{named_beside, subject_of};

/// What of an append its author is told.
pub(super) struct Told {
    /// What they see of the ledger.
    seen: Arc<Directory>,
    whole: Arc<Directory>,
    /// What came to be by the events themselves.
    made: HashSet<Named>,
    /// Of each event whether it is told what it changes.
    events: Vec<bool>,
}

impl Told {
    /// What the author of `appended` may be told, where `whole` is what there was before.
    pub(super) async fn to(
        services: &Services,
        call: &Call,
        reader: &Reader,
        whole: &Arc<Directory>,
        appended: &Appended,
    ) -> Result<Self, ReadFault> {
        let seen = services.sight(call, reader, whole.clone());
        let mut told = Self::seeing(seen, whole.clone(), &appended.events);
        for event in &appended.events {
            let is_told = told.is_told(reader, event).await?;
            told.events.push(is_told);
        }
        Ok(told)
    }

    /// Whoever sees everything is shown the whole itself.
    fn seeing(seen: Arc<Directory>, whole: Arc<Directory>, events: &[Event]) -> Self {
        Self {
            seen,
            whole,
            made: events
                .iter()
                .filter_map(|event| made_by(&event.payload))
                .collect(),
            events: Vec::with_capacity(events.len()),
        }
    }

    fn sees_all(&self) -> bool {
        Arc::ptr_eq(&self.seen, &self.whole)
    }

    async fn is_told(&self, reader: &Reader, event: &Event) -> Result<bool, ReadFault> {
        if self.sees_all() {
            return Ok(true);
        }
        if !self.names_what_is_seen(event) {
            return Ok(false);
        }
        if let Payload::AuditFindingAnswered(p) = &event.payload {
            // One that came after the view is not known well enough.
            let Some(finding) = self.whole.finding(p.plan, &p.finding) else {
                return Ok(false);
            };
            if !finding_in_sight(reader, &self.seen, finding).await? {
                return Ok(false);
            }
        }
        let (_, about) = event.payload.finding_references();
        references_in_sight(reader, &self.seen, about).await
    }

    /// Whether all that is named where an event is told, but for findings, is in sight.
    fn names_what_is_seen(&self, event: &Event) -> bool {
        // The calendar before this one may name any indicator of the plan.
        let plan = match &event.payload {
            Payload::ReportingCalendarSet(p) => Some(p.plan),
            _ => None,
        };
        let mut named = std::iter::once(subject_of(event)).chain(named_beside(&event.payload));
        named.all(|named| self.is_in_sight(named)) && plan.is_none_or(|plan| self.is_whole(plan))
    }

    /// Whether nothing of a plan is hidden to them.
    fn is_whole(&self, plan: PlanId) -> bool {
        let hidden = self.seen.hidden();
        let mut goals = hidden.iter().filter_map(|id| self.whole.goal(*id));
        goals.all(|goal| goal.plan != plan)
    }

    /// Whether they are told what an event changes.
    pub(super) fn of_event(&self, index: usize) -> bool {
        self.events.get(index).is_some_and(|told| *told)
    }

    /// Whether they see something, or made it by these events. What somebody else made since `whole` is not seen.
    pub(super) fn is_in_sight(&self, named: Named) -> bool {
        let stands = match named {
            Named::Goal(id) => self.seen.goal(id).is_some(),
            Named::Initiative(id) => self.seen.initiative(id).is_some(),
            Named::Indicator(id) => self.seen.indicator(id).is_some(),
            Named::Ledger | Named::Plan(_) | Named::Unit(_) => true,
        };
        stands || self.sees_all() || self.made.contains(&named)
    }
}

/// What comes to be by an event, or would by what it proposes.
fn made_by(payload: &Payload) -> Option<Named> {
    match payload {
        Payload::GoalSet(p) => Some(Named::Goal(p.goal)),
        Payload::InitiativeSet(p) => Some(Named::Initiative(p.initiative)),
        Payload::IndicatorDefined(p) => Some(Named::Indicator(p.indicator)),
        Payload::ChangeProposed(p) => made_by(&p.change.payload),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use imbl::OrdSet;

    use super::*;
    use crate::domain::event::{GoalSet, PeriodReopened};
    use crate::domain::testing::*;

    /// The planned ledger as somebody sees it who may not read its goal G, after an append of `facts`.
    fn without_g(facts: &[Fact]) -> (Told, Vec<Event>) {
        let world = World::planned();
        let events: Vec<Event> = facts.iter().map(|fact| world.event(fact)).collect();
        let seen = world.directory.hiding(OrdSet::unit(goal_id("G")));
        let whole = Arc::new(world.directory.clone());
        let told = Told::seeing(Arc::new(seen), whole, &events);
        (told, events)
    }

    #[test]
    fn only_what_the_events_themselves_make_is_seen_as_made_by_their_author() {
        let (told, _) = without_g(&[fact(goal("N", "R5", "総務部"))]);
        assert!(told.is_in_sight(Named::Goal(goal_id("N"))));
        assert!(told.is_in_sight(Named::Goal(goal_id("H"))));
        assert!(!told.is_in_sight(Named::Goal(goal_id("G"))));
        // Somebody else made it after the view that the append began with.
        assert!(!told.is_in_sight(Named::Goal(goal_id("K"))));
    }

    #[test]
    fn whoever_sees_everything_sees_also_what_came_after_the_view() {
        let whole = Arc::new(World::planned().directory.clone());
        let told = Told::seeing(whole.clone(), whole, &[]);
        assert!(told.is_in_sight(Named::Goal(goal_id("K"))));
    }

    #[test]
    fn what_names_something_hidden_is_not_told_whatever_it_is_about() {
        let continuing = GoalSet {
            continues: Some(goal_id("G")),
            ..goal("N", "R5", "総務部")
        };
        let reopened = |scope: &[&str]| PeriodReopened {
            plan: plan_id("R5"),
            period: key("上半期"),
            scope: scope.iter().map(|name| indicator_id(name)).collect(),
            until: day("2023-12-28"),
        };
        let facts = [
            fact(goal("N", "R5", "総務部")),
            fact(continuing),
            fact(reopened(&[])),
            fact(reopened(&["X"])),
            fact(defined("Y", "J", count())),
            fact(defined("Z", "J", composite(&["X"]))),
        ];
        let (told, events) = without_g(&facts);
        let named: Vec<bool> = events
            .iter()
            .map(|event| told.names_what_is_seen(event))
            .collect();
        assert_eq!(named, [true, false, true, false, true, false]);
    }
}
