//! Small ledgers on which each rule of the tree can be seen.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use daicho::domain::code::Code;
use daicho::domain::directory::Phase;
use daicho::domain::evaluation::{Exact, Status};
use daicho::domain::event::*;
use daicho::domain::id::{GoalId, IndicatorId, InitiativeId};
use daicho::domain::indicator::*;
use daicho::domain::target::{Aim, Target};
use daicho::domain::text::Text;
use daicho::ledger::Reader;
use daicho::projection::evaluation::PlanEvaluation;
use daicho::projection::evaluation::roll_up::{rolled_up, together};
use daicho::projection::evaluation::rows::{Column, rows};

use super::evaluated;
use crate::fixture::{Fixture, counted, date, event_id, title};

async fn at(fixture: &Fixture, day: &str, known_at: Option<u64>) -> PlanEvaluation {
    let reader = reader(fixture).await;
    let size = known_at.unwrap_or(reader.head().size);
    evaluated(&reader, fixture.plan, date(day), size).await
}

async fn reader(fixture: &Fixture) -> Arc<Reader> {
    let reader = fixture.ledgers.reader(fixture.ledger).unwrap();
    reader.caught_up(None).await;
    reader
}

fn statuses(evaluation: &PlanEvaluation) -> Vec<Status> {
    evaluation
        .indicators()
        .map(|(_, _, indicator)| indicator.evaluation.status)
        .collect()
}

fn because(mut event: Event) -> Event {
    event.reason = Some(Reason {
        code: ReasonCode::PlanReview,
        text: Text::parse("計画を見直した。").unwrap().into(),
    });
    event
}

impl Fixture {
    fn another_goal(&self) -> (GoalId, Event) {
        let goal = GoalId::derived(self.ledger.uuid(), "another goal");
        let set = GoalSet {
            goal,
            plan: self.plan,
            code: Code::parse("R5/総務部/1-2").unwrap(),
            department: self.department,
            pillar: 1,
            title: title("文書の電子化"),
            source_text: Text::parse("文書を電子化する。").unwrap(),
            continues: None,
        };
        (goal, self.event(Stream::goal(goal), "2023-04-01", set))
    }

    /// A goal with so many indicators that nobody has reported on.
    fn crowded_goal(&self, number: u32, indicators: u32) -> Vec<Event> {
        let id = |what: &str| format!("{what} of {number}");
        let goal = GoalId::derived(self.ledger.uuid(), &id("goal"));
        let initiative = InitiativeId::derived(self.ledger.uuid(), &id("initiative"));
        let code = |rest: &str| Code::parse(&format!("R5/総務部/2-{number}{rest}")).unwrap();
        let text = Text::parse("文書を電子化する。").unwrap();
        let set = GoalSet {
            goal,
            plan: self.plan,
            code: code(""),
            department: self.department,
            pillar: 1,
            title: title("文書の電子化"),
            source_text: text.clone(),
            continues: None,
        };
        let begun = InitiativeSet {
            initiative,
            goal,
            number: 1,
            code: code("/1"),
            title: title("電子化"),
            source_text: text.clone(),
            lead_unit: self.section,
            contributing_units: Vec::new(),
            continues: None,
            references: Vec::new(),
        };
        let defined = (1..=indicators).map(|indicator| IndicatorDefined {
            indicator: IndicatorId::derived(self.ledger.uuid(), &id(&indicator.to_string())),
            initiative,
            code: code(&format!("/1.{indicator}")),
            title: title("件数"),
            source_text: text.clone(),
            definition: counted(),
            continues: None,
        });
        let event = |payload: Payload| self.event(Stream::goal(goal), "2023-04-01", payload);
        let mut events = vec![event(set.into()), event(begun.into())];
        events.extend(defined.map(|defined| event(defined.into())));
        events
    }

    /// A second indicator of the goal, with a target.
    fn another_indicator(
        &self,
        code: &str,
        definition: Definition,
        aim: Aim,
    ) -> (IndicatorId, Vec<Event>) {
        let indicator = IndicatorId::derived(self.ledger.uuid(), code);
        let defined = IndicatorDefined {
            indicator,
            initiative: self.initiative,
            code: Code::parse(code).unwrap(),
            title: title(code),
            source_text: Text::parse(code).unwrap(),
            definition,
            continues: None,
        };
        let target = TargetSet {
            indicator,
            target: Target {
                aim,
                parts: Vec::new(),
            },
        };
        let stream = Stream::goal(self.goal);
        let events = vec![
            self.event(stream, "2023-04-01", defined),
            self.event(stream, "2023-04-01", target),
        ];
        (indicator, events)
    }
}

#[tokio::test]
async fn a_goal_given_up_stands_in_the_plan_as_such_from_its_day_on() {
    let fixture = Fixture::planned().await;
    fixture
        .append("課", vec![fixture.report(30, "2023-06-30")])
        .await
        .unwrap();
    let before = fixture.size().await;
    let stream = Stream::goal(fixture.goal);
    let cancelled = GoalCancelled { goal: fixture.goal };
    let cancelled = because(fixture.event(stream, "2023-08-01", cancelled));
    fixture.append("部長", vec![cancelled]).await.unwrap();

    let phase = |evaluation: &PlanEvaluation| evaluation.goals[0].phase;
    let july = at(&fixture, "2023-07-31", None).await;
    assert_eq!(phase(&july), Phase::Active);
    assert_ne!(statuses(&july), [Status::Cancelled]);
    let august = at(&fixture, "2023-08-31", None).await;
    assert_eq!(phase(&august), Phase::Cancelled(date("2023-08-01")));
    assert_eq!(statuses(&august), [Status::Cancelled]);
    // Nobody knew before it was recorded.
    let unknown = at(&fixture, "2023-08-31", Some(before)).await;
    assert_eq!(phase(&unknown), Phase::Active);
    let of_august = rolled_up(&august).whole.roll_up.led;
    assert_eq!((of_august.total(), of_august.set_aside()), (1, 1));
}

#[tokio::test]
async fn others_get_a_turn_while_a_plan_is_evaluated() {
    const GOALS: u32 = 12;
    let fixture = Fixture::planned().await;
    for number in 1..=GOALS {
        let goal = fixture.crowded_goal(number, 64);
        fixture.append("部長", goal).await.unwrap();
    }
    // So that nothing is waited for but turns.
    at(&fixture, "2023-06-30", None).await;
    let turns = Arc::new(AtomicU32::new(0));
    let taken = turns.clone();
    let beside = tokio::spawn(async move {
        loop {
            taken.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
        }
    });
    let found = at(&fixture, "2023-06-30", None).await;
    let turns = turns.load(Ordering::Relaxed);
    beside.abort();
    assert_eq!(found.rows(), 1 + 64 * GOALS as usize);
    assert!(GOALS <= turns, "{turns} turns beside {GOALS} large goals");
}

#[tokio::test]
async fn what_moved_is_told_where_it_stands_on_the_day_with_all_its_reports() {
    let fixture = Fixture::planned().await;
    let (other, set) = fixture.another_goal();
    let moved = InitiativeMoved {
        initiative: fixture.initiative,
        from_goal: fixture.goal,
        to_goal: other,
        number: 1,
    };
    let stream = Stream::goal(fixture.goal);
    let moved = because(fixture.event(stream, "2023-09-01", moved));
    let reports = vec![
        fixture.report(10, "2023-06-30"),
        fixture.report(5, "2023-09-30"),
    ];
    fixture.append("課", vec![set, moved]).await.unwrap();
    fixture.append("課", reports).await.unwrap();
    for (day, goal, value) in [("2023-08-31", fixture.goal, 10), ("2023-09-30", other, 15)] {
        let evaluation = at(&fixture, day, None).await;
        assert_eq!(evaluation.goals.len(), 2);
        let found: Vec<_> = evaluation.indicators().collect();
        assert_eq!(found.len(), 1);
        let (found_goal, _, indicator) = found[0];
        assert_eq!((found_goal.id, indicator.id), (goal, fixture.indicator));
        assert_eq!(indicator.evaluation.value, Ok(Exact::from(value)));
    }
}

#[tokio::test]
async fn a_composite_is_as_good_as_its_worst_component_and_counts_once() {
    let fixture = Fixture::planned().await;
    let (second, mut events) =
        fixture.another_indicator("R5/総務部/1-1/1.2", counted(), Aim::Value(10.into()));
    let joined = Definition {
        measure_type: MeasureType::Composite,
        entry_kind: None,
        agg_time: AggTime::None,
        agg_space: AggSpace::AllOf,
        components: vec![fixture.indicator, second],
        ..counted()
    };
    let (composite, more) = fixture.another_indicator("R5/総務部/1-1/1.3", joined, Aim::Components);
    events.extend(more);
    fixture.append("課", events).await.unwrap();
    let mut of_second = fixture.report(1, "2023-06-30");
    let Payload::ActualRecorded(report) = &mut of_second.payload else {
        panic!("a report")
    };
    report.indicator = second;
    let reports = vec![fixture.report(50, "2023-06-30"), of_second];
    fixture.append("課", reports).await.unwrap();

    let evaluation = at(&fixture, "2023-09-30", None).await;
    let attainment: Vec<_> = evaluation
        .indicators()
        .map(|(_, _, indicator)| {
            let current = indicator.evaluation.current.as_ref().unwrap();
            (indicator.id, current.attainment.clone())
        })
        .collect();
    let tenth = Exact::ratio(&1.into(), &10.into()).unwrap();
    assert_eq!(
        attainment,
        [
            (fixture.indicator, Ok(Exact::one())),
            (second, Ok(tenth.clone())),
            (composite, Ok(tenth)),
        ]
    );
    // Three rows, one thing to count.
    assert_eq!(rows(&evaluation).count(), 3);
    let whole = together(&evaluation.at, evaluation.goals[0].indicators());
    assert_eq!(whole.roll_up.led.total(), 1);
}

#[tokio::test]
async fn what_a_definition_says_of_sections_goes_before_the_initiative() {
    let fixture = Fixture::planned().await;
    let other = daicho::domain::id::UnitId::derived(fixture.ledger.uuid(), "other");
    let registered = OrgUnitRegistered {
        unit: other,
        code: Code::parse("財務課").unwrap(),
        name: title("財務課"),
        kind: daicho::domain::org_unit::UnitKind::Section,
        parent: Some(fixture.department),
    };
    let registered = fixture.event(Stream::org(other), "2023-04-01", registered);
    let definition = Definition {
        lead_unit: Some(other),
        contributing_units: vec![fixture.section],
        ..counted()
    };
    let (_, events) =
        fixture.another_indicator("R5/総務部/1-1/1.2", definition, Aim::Value(10.into()));
    fixture.append("課", vec![registered]).await.unwrap();
    fixture.append("課", events).await.unwrap();
    let evaluation = at(&fixture, "2023-09-30", None).await;
    let told: Vec<_> = rows(&evaluation)
        .map(|row| {
            let cell = |column| row.cell(column).to_owned();
            (cell(Column::Lead), cell(Column::Contributing))
        })
        .collect();
    let pair = |lead: &str, with: &str| (lead.to_owned(), with.to_owned());
    assert_eq!(told, [pair("総務文書課", ""), pair("財務課", "総務文書課")]);
    let rolled = rolled_up(&evaluation);
    let counts: Vec<_> = rolled
        .sections
        .iter()
        .map(|of| {
            let counts = &of.together.roll_up;
            (of.section, counts.led.total(), counts.participating.total())
        })
        .collect();
    assert_eq!(counts, [(fixture.section, 1, 1), (other, 1, 0)]);
}

#[tokio::test]
async fn the_last_event_is_the_last_that_bears_on_the_figures_of_the_day() {
    let fixture = Fixture::planned().await;
    let last = |evaluation: &PlanEvaluation| {
        let (_, _, indicator) = evaluation.indicators().next().unwrap();
        (indicator.entries, indicator.last_position)
    };
    let first = fixture.report(10, "2023-06-30");
    let (first_id, later) = (first.id, fixture.report(5, "2023-10-31"));
    let first = fixture.append("課", vec![first]).await.unwrap();
    let at_first = first.receipt.events[0].position;
    fixture.append("課", vec![later]).await.unwrap();
    let september = at(&fixture, "2023-09-30", None).await;
    assert_eq!(last(&september), (1, Some(at_first)));

    let retracted = because(Event {
        id: event_id(),
        ..fixture.event(
            Stream::goal(fixture.goal),
            "2023-06-30",
            ActualRetracted {
                indicator: fixture.indicator,
                retracts: first_id,
                before: None,
            },
        )
    });
    let retracted = fixture.append("課", vec![retracted]).await.unwrap();
    let at_last = retracted.receipt.events[0].position;
    let september = at(&fixture, "2023-09-30", None).await;
    assert_eq!(last(&september), (0, Some(at_last)));
    let before = at(&fixture, "2023-09-30", Some(at_last)).await;
    assert_eq!(last(&before), (1, Some(at_first)));
}
