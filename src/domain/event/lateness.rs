//! How an event's days lie to the day it was recorded on.

use crate::domain::date::Date;
use crate::domain::event::{Event, Payload};

/// How late an event came.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Lateness {
    /// Days between the last day it holds for and the day it was recorded, if that is later.
    pub days: Option<u32>,
    /// A report that came more than [`Lateness::DAYS_MAX`] after the last day it holds for.
    pub late: bool,
    /// A change of course that takes effect before it was recorded.
    pub retroactive: bool,
}

impl Lateness {
    /// Days after which a report counts as late.
    pub const DAYS_MAX: u32 = 45;

    /// How late `event` came if it was recorded on `recorded_on`.
    pub fn of(event: &Event, recorded_on: Date) -> Self {
        let Some(valid) = event.valid else {
            return Self::default();
        };
        let days = (recorded_on - valid.counts_on()).get_days();
        let days = u32::try_from(days).ok().filter(|days| 0 < *days);
        Self {
            days,
            late: is_report(&event.payload) && days.is_some_and(|days| Self::DAYS_MAX < days),
            retroactive: changes_course(&event.payload) && valid.from < recorded_on,
        }
    }
}

fn is_report(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::ActualRecorded(_) | Payload::ActualCorrected(_) | Payload::DemandRecorded(_)
    )
}

/// Whether it changes what was set. What sets up a plan takes effect from the cycle's start as a matter of
/// course.
fn changes_course(payload: &Payload) -> bool {
    matches!(
        payload,
        Payload::TargetRevised(_)
            | Payload::OrgUnitChanged(_)
            | Payload::GoalMoved(_)
            | Payload::GoalSuspended(_)
            | Payload::GoalResumed(_)
            | Payload::GoalCancelled(_)
            | Payload::InitiativeMoved(_)
            | Payload::InitiativeCancelled(_)
            | Payload::ResponsibilityTransferred(_)
            | Payload::IndicatorMoved(_)
            | Payload::IndicatorRedefined(_)
            | Payload::IndicatorCancelled(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::event::GoalMoved;
    use crate::domain::testing::*;

    fn of(fact: Fact, recorded_on: &str) -> (Option<u32>, bool, bool) {
        let event = World::planned().event(&fact);
        let lateness = Lateness::of(&event, day(recorded_on));
        (lateness.days, lateness.late, lateness.retroactive)
    }

    #[test]
    fn a_report_is_late_after_45_days() {
        let report = || fact(recorded(increment("1"))).on("2023-04-01");
        assert_eq!(of(report(), "2023-04-01"), (None, false, false));
        assert_eq!(of(report(), "2023-05-16"), (Some(45), false, false));
        assert_eq!(of(report(), "2023-05-17"), (Some(46), true, false));
        // A span counts on its last day.
        let span = report().until("2023-04-30");
        assert_eq!(of(span, "2023-05-17"), (Some(17), false, false));
        // Setting something up for the year's start is no lateness.
        let set = fact(target_set("X", value("1"))).on("2023-04-01");
        assert_eq!(of(set, "2023-12-01"), (Some(244), false, false));
    }

    #[test]
    fn a_change_of_course_from_an_earlier_day_is_retroactive() {
        let moved = |from| {
            let moved = GoalMoved {
                goal: goal_id("G"),
                department: unit_id("総務部"),
                pillar: 1,
            };
            fact(moved).on(from)
        };
        assert_eq!(of(moved("2023-10-01"), "2023-09-30"), (None, false, false));
        assert_eq!(of(moved("2023-10-01"), "2023-10-01"), (None, false, false));
        assert_eq!(
            of(moved("2023-10-01"), "2023-10-02"),
            (Some(1), false, true)
        );
        // One without days is neither.
        let undated = fact(plan("R6", 2024)).undated();
        assert_eq!(of(undated, "2023-10-02"), (None, false, false));
    }
}
