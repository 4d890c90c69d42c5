use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

use super::*;
use crate::domain::decision::{ConsultationOutcome, DecisionOutcome, ReviewOutcome};
use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, CauseCode};
use crate::domain::event::*;
use crate::domain::id::StreamId;
use crate::domain::testing::history::*;
use crate::domain::testing::*;

/// Types of events that stand in no goal's stream.
const ELSEWHERE: [EventType; 31] = [
    EventType::LedgerOpened,
    EventType::LedgerContinued,
    EventType::PolicyPublished,
    EventType::PersonRegistered,
    EventType::PersonChanged,
    EventType::RoleGranted,
    EventType::RoleRevoked,
    EventType::DelegationRegistered,
    EventType::DelegationEnded,
    EventType::KeyAnnounced,
    EventType::KeyRetired,
    EventType::KeyCompromised,
    EventType::HeadsRecorded,
    EventType::PersonalDataErased,
    EventType::EvidenceErased,
    EventType::OperationAuthorised,
    EventType::AccessRecorded,
    EventType::AccessesLeftOut,
    EventType::PlanPublished,
    EventType::ImportAccepted,
    EventType::PeriodOpened,
    EventType::PeriodSoftClosed,
    EventType::PeriodClosed,
    EventType::PeriodReopened,
    EventType::SnapshotTaken,
    EventType::RestatementIssued,
    EventType::ReportingCalendarSet,
    EventType::AuditFindingRecorded,
    EventType::AuditFindingAnswered,
    EventType::OrgUnitRegistered,
    EventType::OrgUnitChanged,
];

/// Events recorded at most; what they name is one of as many, so that most of it is there.
const EVENTS_MAX: usize = 24;

/// Something that may be recorded in the stream of the goal G, allowed or not, with the indicators X and Y of it.
fn any_fact_of_goal() -> impl Strategy<Value = Fact> {
    let progress = any_fact(EVENTS_MAX as u64 + 10);
    let days = prop::option::weighted(0.8, days_of_cycle());
    let others = (any_other_payload(), days).prop_map(|(payload, day)| {
        let mut fact = fact(payload);
        fact.valid = day.map(Validity::from);
        fact
    });
    prop_oneof![2 => progress, 3 => others]
}

fn any_other_payload() -> impl Strategy<Value = Payload> {
    prop_oneof![
        any_judgement(),
        any_structure(),
        any_proposal(),
        any_of_indicators()
    ]
}

fn any_event_name() -> impl Strategy<Value = String> {
    (0..EVENTS_MAX + 10).prop_map(|n| format!("event {n}"))
}

fn any_indicator() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["X", "Y"])
}

fn any_of_indicators() -> BoxedStrategy<Payload> {
    let confirmed = (
        any_indicator(),
        prop::collection::vec(any_event_name(), 1..4),
    );
    let fields = prop::collection::vec(prop::sample::select(vec!["unit", "direction"]), 0..3);
    prop_oneof![
        (any_indicator(), any_definition())
            .prop_map(|(indicator, definition)| defined(indicator, "I", definition).into()),
        (any_indicator(), any_measurement()).prop_map(|(indicator, measurement)| {
            Payload::from(ActualRecorded {
                indicator: indicator_id(indicator),
                ..recorded(measurement)
            })
        }),
        confirmed.prop_map(|(indicator, entries)| {
            Payload::from(ActualConfirmed {
                indicator: indicator_id(indicator),
                entries: entries.iter().map(|name| event_id(name)).collect(),
            })
        }),
        (any_indicator(), fields).prop_map(|(indicator, fields)| {
            Payload::from(IndicatorReworded {
                indicator: indicator_id(indicator),
                title: title("改"),
                source_text: text("改めた文"),
                confirms: fields.into_iter().map(str::to_owned).collect(),
            })
        }),
    ]
    .boxed()
}

fn any_judgement() -> BoxedStrategy<Payload> {
    let subjects = vec![
        Subject::Goal(goal_id("G")),
        Subject::Initiative(initiative_id("I")),
        of_indicator("X"),
    ];
    let subject = prop::sample::select(subjects);
    let period = prop::sample::select(vec!["上", "年"]);
    let grade = prop::sample::select(vec![None, Some("A"), Some("B")]);
    let judged = (subject.clone(), period, grade, 0..3);
    let judged = judged.prop_map(|(subject, period, grade, step)| match step {
        0 => Payload::from(SelfEvaluated {
            cause: Some(CauseCode::Staff),
            ..self_evaluated(subject, period, grade)
        }),
        1 => reviewed(subject, period, grade).into(),
        _ => finalised(subject, period, grade).into(),
    });
    let action = prop::sample::select(vec!["one", "two"]);
    let kind = prop::sample::select(ActionKind::ALL);
    let agreed = (subject.clone(), action.clone(), kind).prop_map(|(subject, action, kind)| {
        Payload::from(NextActionAgreed {
            subject,
            action: action_id(action),
            period: key("上"),
            kind,
            text: text("来年度の見直し"),
            owner_unit: unit_id("企画政策課"),
            due: day("2024-03-31"),
        })
    });
    let outcome = prop::sample::select(ActionOutcome::ALL);
    let closed = (subject, action, outcome).prop_map(|(subject, action, outcome)| {
        Payload::from(NextActionClosed {
            subject,
            action: action_id(action),
            outcome,
            text: text("終えた"),
        })
    });
    prop_oneof![2 => judged, 1 => agreed, 1 => closed].boxed()
}

fn any_structure() -> BoxedStrategy<Payload> {
    let (goal_, initiative_, x) = (goal_id("G"), initiative_id("I"), indicator_id("X"));
    prop::sample::select(vec![
        Payload::from(goal("G", "R5", "総務部")),
        GoalReworded {
            goal: goal_,
            title: title("改"),
            source_text: text("改めた文"),
        }
        .into(),
        GoalMoved {
            goal: goal_,
            department: unit_id("総務部"),
            pillar: 2,
        }
        .into(),
        GoalSuspended { goal: goal_ }.into(),
        GoalResumed { goal: goal_ }.into(),
        GoalCancelled { goal: goal_ }.into(),
        GoalCarriedOver {
            goal: goal_,
            to_plan: plan_id("R6"),
            to_goal: None,
        }
        .into(),
        initiative("I2", "G", 2, "財務課").into(),
        InitiativeReworded {
            initiative: initiative_,
            title: title("改"),
            source_text: text("改めた文"),
        }
        .into(),
        InitiativeMoved {
            initiative: initiative_,
            from_goal: goal_,
            to_goal: goal_id("H"),
            number: 2,
        }
        .into(),
        InitiativeCancelled {
            initiative: initiative_,
        }
        .into(),
        ResponsibilityTransferred {
            initiative: initiative_,
            lead_unit: unit_id("財務課"),
            contributing_units: vec![unit_id("人事課")],
        }
        .into(),
        IndicatorMoved {
            indicator: x,
            from_initiative: initiative_,
            to_initiative: initiative_id("J"),
        }
        .into(),
        IndicatorCancelled { indicator: x }.into(),
    ])
    .boxed()
}

fn any_proposal() -> BoxedStrategy<Payload> {
    let proposal = prop::sample::select(vec!["one", "two"]).prop_map(proposal_id);
    let aimed = (any_event_name(), any_aim()).prop_map(|(of, aim)| {
        Payload::from(TargetRevised {
            before: Some(target_set("X", value("9")).target),
            ..target_revised("X", &of, aim)
        })
    });
    let change = prop_oneof![aimed, Just(GoalSuspended { goal: goal_id("G") }.into())];
    let proposed = (proposal.clone(), change).prop_map(|(proposal, payload)| {
        Payload::from(ChangeProposed {
            proposal,
            kind: None,
            replaces: None,
            change: ProposedChange {
                payload: Box::new(payload),
                valid: None,
                reason: None,
                evidence: Vec::new(),
                source_document: None,
                sealed: None,
            },
            impact: text("影響"),
        })
    });
    let answered = (proposal, any_event_name(), 0..5).prop_map(|(proposal, decision, what)| {
        let (digest, said) = ([0; 32], Some(text("意見")));
        match what {
            0 => Payload::from(ChangeConsulted {
                proposal,
                digest,
                outcome: ConsultationOutcome::Consent,
                text: said,
                unit: None,
            }),
            1 => ChangeDecided {
                proposal,
                digest,
                outcome: DecisionOutcome::Rejected,
                text: said,
                external: None,
                acting: None,
            }
            .into(),
            2 => ChangeWithdrawn { proposal }.into(),
            3 => ProposalExpired { proposal }.into(),
            _ => DecisionReviewed {
                decision: event_id(&decision),
                outcome: ReviewOutcome::ALL[0],
                text: said,
            }
            .into(),
        }
    });
    prop_oneof![1 => proposed, 2 => answered].boxed()
}

/// What stood at a point.
#[derive(Clone)]
struct Stood {
    directory: Directory,
    goal: Goal,
}

/// What stands in the world now, of the stream of G.
fn stands(world: &World) -> Stood {
    let goal = world.goals.get(&StreamId::from(goal_id("G")));
    Stood {
        directory: world.directory.clone(),
        goal: goal.cloned().unwrap_or_default(),
    }
}

proptest! {
    #![proptest_config(property_cases())]

    #[test]
    fn the_newest_state_tells_every_event_as_the_states_around_it_do(
        definition in any_definition(),
        facts in prop::collection::vec((any_fact_of_goal(), days_of_cycle()), 1..EVENTS_MAX),
    ) {
        let mut world = World::measuring(definition);
        let (mut stood, mut events) = (vec![stands(&world)], Vec::new());
        for (fact, today) in facts {
            world.today = today;
            let event = world.event(&fact);
            events.push((world.position, today, event.clone()));
            world.apply(event);
            stood.push(stands(&world));
        }
        let newest = stands(&world).goal;
        let cycle = Some(days("2023-04-01", "2024-03-31"));
        let mut actuals = Actuals::default();
        for ((position, today, event), around) in events.iter().zip(stood.windows(2)) {
            let folded = |index: usize| Known {
                directory: &around[index].directory,
                goal: &around[index].goal,
                size: None,
            };
            let cut = |index: usize| Known {
                goal: &newest,
                size: Some(position + index as u64),
                ..folded(index)
            };
            let alone = &mut Actuals::default();
            let expected = changes(event, folded(0), folded(1), cycle, *today, alone);
            let told = changes(event, cut(0), cut(1), cycle, *today, &mut actuals);
            prop_assert_eq!(told, expected, "{:?}", event);
        }
    }
}

#[test]
fn every_type_of_event_of_a_goal_is_among_those_that_are_told() {
    let mut runner = TestRunner::deterministic();
    let facts = any_fact_of_goal();
    let mut types: BTreeSet<EventType> = ELSEWHERE.into();
    for _ in 0..4_000 {
        let payload = facts.new_tree(&mut runner).unwrap().current().payload;
        let event_type = payload.event_type();
        assert!(!ELSEWHERE.contains(&event_type), "{event_type:?}");
        types.insert(event_type);
    }
    let missing = EventType::ALL.iter().filter(|known| !types.contains(known));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&EventType>::new());
}
