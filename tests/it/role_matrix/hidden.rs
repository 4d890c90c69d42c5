//! What may not be read is not named by what may.

use daicho::api::v1::*;
use daicho::auth::access::BUILT_IN;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use tonic::Code;

use super::matrix::{PHASES, WITHIN};
use super::people::DRAFTER;
use super::place::PUBLIC;
use super::plan::{self, CLOSED, NEXT_PLAN, PLAN};
use super::wire::{Call, Caller, Says};
use super::world::{LEDGER, Realm, append, call};
use crate::errors::world::{event, title};

/// A realm while the seats are held.
pub(super) async fn held() -> Realm {
    let mut realm = Realm::new().await;
    realm.enter(PHASES[WITHIN].1).await;
    realm
}

/// The indicators that a calendar, a round of it and a reopening name.
async fn named(caller: &Caller) -> [Vec<String>; 4] {
    let asked = GetReportingCalendarRequest {
        ledger: LEDGER.to_owned(),
        plan: Some(PLAN.to_owned()),
        ..GetReportingCalendarRequest::default()
    };
    let calendar: GetReportingCalendarResponse = caller
        .gets(&call("GoalService/GetReportingCalendar", &asked))
        .await;
    let asked = ListReportingStatusRequest {
        ledger: LEDGER.to_owned(),
        plan: Some(PLAN.to_owned()),
        ..ListReportingStatusRequest::default()
    };
    let status: ListReportingStatusResponse = caller
        .gets(&call("GoalService/ListReportingStatus", &asked))
        .await;
    let asked = ListPeriodsRequest {
        ledger: LEDGER.to_owned(),
        plan: Some(PLAN.to_owned()),
        ..ListPeriodsRequest::default()
    };
    let listed: ListPeriodsResponse = caller
        .gets(&call("EvaluationService/ListPeriods", &asked))
        .await;
    let mut steps = listed.periods.iter().flat_map(|period| &period.transitions);
    let reopened = steps.find(|step| step.scope_count.is_some()).unwrap();
    assert_eq!(reopened.scope_count, Some(reopened.scope.len() as u32));
    let of_round = |round: &ReportingRound| -> Vec<String> {
        let exceptions = round.exceptions.iter();
        exceptions.map(|own| own.indicator.clone()).collect()
    };
    let entities = calendar.indicators.iter();
    [
        of_round(&calendar.rounds[0]),
        entities.map(|entity| entity.id.clone()).collect(),
        of_round(&status.round.unwrap()),
        reopened.scope.clone(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn calendars_and_reopenings_name_no_indicator_that_may_not_be_read() {
    let realm = held().await;
    let places = &realm.ground.places;
    for (who, seen) in [
        ("auditor", &[0, 1, 2, PUBLIC][..]),
        ("director", &[0, 1, PUBLIC]),
        ("chief", &[0, 1, PUBLIC]),
        ("clerk", &[0, PUBLIC]),
    ] {
        let ids = seen.iter().map(|place| places[*place].indicator.clone());
        let expected: Vec<String> = ids.collect();
        for found in named(realm.caller(who)).await {
            assert_eq!(found, expected, "{who}");
        }
    }
    realm.world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_or_consents_is_told_nothing_of_a_goal_that_they_may_not_read() {
    let realm = held().await;
    let effects = async |event: EventInput| {
        let caller = realm.caller("chief");
        let answer: AppendEventsResponse = caller.gets(&append(event, true)).await;
        assert!(answer.faults.is_empty(), "{:?}", answer.faults);
        format!("{:?}{:?}", answer.effects, answer.outcomes)
    };
    for (place, is_told) in realm.ground.places.iter().zip([true, true, false, true]) {
        let answered = AuditFindingAnswered {
            plan: PLAN.to_owned(),
            finding: place.finding.clone(),
            text: "承知した".to_owned(),
            action: "確認した".to_owned(),
            references: Vec::new(),
        };
        let answered = event_input::Payload::AuditFindingAnswered(answered);
        let answered = effects(event(super::DAY, answered)).await;
        let consulted = ChangeConsulted {
            proposal: place.proposal.clone(),
            change_sha256: place.digest.clone(),
            outcome: ConsultationOutcome::Consent.into(),
            text: None,
            unit: None,
        };
        let consulted = event_input::Payload::ChangeConsulted(consulted);
        let consulted = effects(super::place::step(consulted)).await;
        for told in [answered, consulted] {
            assert_eq!(
                told.contains(&place.words),
                is_told,
                "{}: {told}",
                place.name
            );
        }
    }
    realm.world.server.stop().await;
}

/// The built-in policies with more, as an event.
fn policies(more: &str) -> EventInput {
    let policy = PolicyPublished {
        code: "access".to_owned(),
        version: 1,
        title: title("権限方針"),
        content: Some(policy_published::Content::Access(AccessPolicy {
            cedar: format!("{BUILT_IN}\n{more}"),
        })),
    };
    event(super::DAY, event_input::Payload::PolicyPublished(policy))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_a_plan_is_told_by_no_calendar_or_reopening_what_is_hidden_in_it() {
    let realm = held().await;
    let [own, beside, hidden, _] = &realm.ground.places;
    let effects = async |event: EventInput| {
        let caller = realm.caller("planning");
        let answer: AppendEventsResponse = caller.gets(&append(event, true)).await;
        assert!(answer.faults.is_empty(), "{:?}", answer.faults);
        format!("{:?}{:?}", answer.effects, answer.outcomes)
    };
    // What was set before names an indicator of every place; this names none that will be hidden.
    let calendar = || plan::calendar(super::DAY, [own, beside].into_iter());
    let of_seen = || plan::reopened(super::DAY, CLOSED, [own, beside].into_iter());
    let of_hidden = || {
        let mut event = plan::reopened(super::DAY, CLOSED, [hidden].into_iter());
        if let Some(event_input::Payload::PeriodReopened(reopened)) = &mut event.payload {
            // By its id, which does not tell its code.
            reopened.scope = vec![hidden.indicator.clone()];
        }
        event
    };
    let period = || plan::period(super::DAY, "六月", "2023-06-01", "2023-06-30");
    for told in [effects(calendar()).await, effects(of_hidden()).await] {
        assert!(told.contains(&hidden.indicator_code()), "{told}");
    }

    let goals = [hidden.goal_code(), hidden.second_goal()];
    let unread = goals.iter().enumerate().map(|(number, goal)| {
        format!(
            "@id(\"not-the-goal-{number}\")\nforbid (principal in Daicho::Role::\"planning\", \
             action == Daicho::Action::\"ReadGoal\", resource == Daicho::Goal::\"{goal}\");\n"
        )
    });
    let limited = format!(
        "@id(\"not-everything\")\nforbid (principal in Daicho::Role::\"planning\", \
         action == Daicho::Action::\"ReadEverything\", resource);\n{}",
        unread.collect::<String>()
    );
    realm.appends(DRAFTER, policies(&limited)).await.unwrap();

    for secret in [
        hidden.goal_code(),
        hidden.indicator.clone(),
        hidden.words.clone(),
    ] {
        for told in [effects(calendar()).await, effects(of_hidden()).await] {
            assert!(!told.contains(&secret), "{told}");
        }
    }
    let told = effects(of_seen()).await;
    assert!(told.contains(&own.indicator_code()), "{told}");
    let told = effects(period()).await;
    assert!(told.contains("六月"), "{told}");
    realm.world.server.stop().await;
}

/// What a clerk is told of a plan by those that can be asked about it.
const OF_PLANS: [&str; 8] = [
    "AuditService/ListAuditFindings",
    "EvaluationService/EvaluatePlan",
    "EvaluationService/ListNextActions",
    "EvaluationService/ListPeriods",
    "EvaluationService/ListSnapshots",
    "GoalService/GetOverview",
    "GoalService/GetReportingCalendar",
    "GoalService/ListReportingStatus",
];
/// What tells of the goals in it that they may read, whoever may read the plan.
const OF_GOALS: [&str; 1] = ["GoalService/ListGoals"];

/// A call of every method that can be asked about a plan.
fn calls_about(plan: &str) -> Vec<(String, Call)> {
    let pool = DescriptorPool::decode(daicho::api::FILE_DESCRIPTOR_SET).unwrap();
    let mut calls = Vec::new();
    for method in pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>())
    {
        if method.input().get_field_by_name("plan").is_none() {
            continue;
        }
        let mut message = DynamicMessage::new(method.input());
        for (field, text) in [("ledger", LEDGER), ("plan", plan)] {
            message.set_field_by_name(field, Value::String(text.to_owned()));
        }
        let name = format!("{}/{}", method.parent_service().name(), method.name());
        let call = Call {
            path: format!("/daicho.v1.{name}"),
            sent: vec![message.encode_to_vec()],
            last: Some(|_| true),
            says: Says::default(),
        };
        calls.push((name, call));
    }
    calls.sort_by(|one, other| one.0.cmp(&other.0));
    calls
}

/// Those that are answered, and those that are refused by access.
async fn asked_about(caller: &Caller, plan: &str) -> (Vec<String>, Vec<String>) {
    let (mut answered, mut refused) = (Vec::new(), Vec::new());
    for (name, call) in calls_about(plan) {
        match caller.calls(&call).await {
            Ok(_) => answered.push(name),
            Err(found) => {
                assert_eq!(found.code, Code::PermissionDenied, "{name}: {found:?}");
                refused.push(name);
            }
        }
    }
    (answered, refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_may_not_be_read_is_told_of_by_no_method_that_can_be_asked_about_it() {
    let realm = held().await;
    let forbidden = format!(
        "@id(\"not-the-next\")\nforbid (principal in Daicho::Role::\"clerk\", \
         action == Daicho::Action::\"ReadPlan\", resource == Daicho::Plan::\"{NEXT_PLAN}\");\n"
    );
    realm.appends(DRAFTER, policies(&forbidden)).await.unwrap();

    let clerk = realm.caller("clerk");
    let mut told: Vec<&str> = OF_PLANS.into_iter().chain(OF_GOALS).collect();
    told.sort_unstable();
    let (answered, _) = asked_about(clerk, PLAN).await;
    assert_eq!(answered, told);
    let (answered, refused) = asked_about(clerk, NEXT_PLAN).await;
    assert_eq!(answered, OF_GOALS);
    for name in OF_PLANS {
        assert!(refused.iter().any(|refused| refused == name), "{name}");
    }
    realm.world.server.stop().await;
}
