//! The approval policy: what has to be decided, by whom, and who has to be asked.

use insta::assert_snapshot;
use proptest::prelude::*;

use crate::domain::access::{Holder, LoginId, Role};
use crate::domain::decision::policy::{ApprovalPolicy, Post};
use crate::domain::decision::*;
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::*;
use crate::domain::id::{DelegationId, GrantId, PersonId};
use crate::domain::testing::*;

mod kinds;
mod operations;
mod posts;

const SPACE: uuid::Uuid = uuid::Uuid::from_u128(7);
const DAY: &str = "2023-10-06";
const DEPARTMENT: &str = "企画財政部";
const SECTION: &str = "企画政策課";

fn person_id(name: &str) -> PersonId {
    PersonId::derived(SPACE, name)
}

fn delegation_id(name: &str) -> DelegationId {
    DelegationId::derived(SPACE, name)
}

/// Somebody with a seat from the day on, who signs in as themselves.
fn seated(world: &mut World, who: &str, role: Role, units: &[&str]) {
    let registered = PersonRegistered {
        person: person_id(who),
        name: text(who),
        logins: vec![LoginId {
            issuer: None,
            subject: name(who),
        }],
    };
    let granted = RoleGranted {
        grant: GrantId::derived(SPACE, who),
        seat: code(&format!("{who}職")),
        title: title(who),
        role,
        units: units.iter().map(|unit| unit_id(unit)).collect(),
        holder: Holder::Person(person_id(who)),
    };
    world.accept(fact(registered).on(DAY));
    world.accept(fact(granted).on(DAY));
}

fn matrix() -> PolicyContent {
    PolicyContent::Approval(ApprovalPolicy::default())
}

/// The indicator X with a target of 50 and a report, on 6 October; the built-in matrix is in force.
fn ruled() -> World {
    let mut world = World::measuring(count());
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    world.accept(fact(target_set("X", value("50"))).named("T"));
    world.accept(fact(recorded(increment("3"))).on("2023-05-01").named("E"));
    let mut world = world.at(DAY);
    world.accept(fact(published("決裁", 1, matrix())).on(DAY));
    world
}

/// The same with whoever drafts, is asked and decides.
fn staffed() -> World {
    let mut world = World::measuring(count());
    world.accept(fact(target_set("X", value("50"))).named("T"));
    let mut world = world.at(DAY);
    seated(&mut world, "課長", Role::SectionChief, &[SECTION]);
    seated(&mut world, "部長", Role::Director, &[DEPARTMENT]);
    seated(&mut world, "企画", Role::Planning, &[]);
    seated(&mut world, "副市長", Role::Evaluator, &[]);
    seated(&mut world, "係", Role::Clerk, &[SECTION]);
    world.accept(fact(published("決裁", 1, matrix())).on(DAY));
    world
}

fn to(aim: &str) -> Fact {
    fact(target_revised("X", "T", value(aim)))
        .on("2023-10-10")
        .because("予算の減額")
}

fn proposed(world: &World, name: &str, change: Fact) -> Fact {
    fact(ChangeProposed {
        proposal: proposal_id(name),
        kind: None,
        replaces: None,
        change: ProposedChange::of(world.event(&change)),
        impact: text("年度末は40件の見込み"),
    })
    .undated()
}

fn digest(world: &World, name: &str) -> [u8; 32] {
    let proposal = world.directory.proposal(proposal_id(name));
    proposal
        .and_then(|proposal| proposal.change.digest())
        .unwrap_or_default()
}

fn consent(world: &World, name: &str) -> Fact {
    fact(ChangeConsulted {
        proposal: proposal_id(name),
        digest: digest(world, name),
        outcome: ConsultationOutcome::Consent,
        text: None,
        unit: None,
    })
    .undated()
}

fn approving(world: &World, name: &str) -> ChangeDecided {
    ChangeDecided {
        proposal: proposal_id(name),
        digest: digest(world, name),
        outcome: DecisionOutcome::Approved,
        text: None,
        external: None,
        acting: None,
    }
}

fn approved(world: &World, name: &str) -> Fact {
    fact(approving(world, name)).undated()
}

/// Reason and field alone.
fn short(told: &str) -> String {
    let one = |told: &str| told.split(" [").next().unwrap_or_default().to_owned();
    told.split("; ").map(one).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_has_to_be_decided_is_not_sent_by_itself() {
    let world = ruled();
    let corrected = || {
        fact(corrected("E", increment("4")))
            .on("2023-05-01")
            .because("入力誤り")
    };
    assert_snapshot!(world.would(to("40")), @"DECISION_REQUIRED target_revised [kind=TARGET_LOWERED kind_en=target lowered or postponed kind_ja=目標の引下げ・延期 deciders=director deciders_ja=部長 consulted=planning office consulted_ja=企画政策課]");
    assert_snapshot!(short(&world.would(to("60"))), @"DECISION_REQUIRED target_revised");
    // A report, and its correction while the period is open, are nobody's to decide.
    assert_snapshot!(world.would(fact(recorded(increment("1"))).on("2023-10-01")), @"recorded");
    assert_snapshot!(world.would(corrected()), @"recorded");
    assert_snapshot!(short(&world.would(fact(closed("上半期")).on(DAY))), @"DECISION_REQUIRED period_closed");
    assert_snapshot!(short(&world.would(fact(published("決裁", 2, matrix())).on(DAY))), @"DECISION_REQUIRED policy_published");
    // What is wrong with it is told with that.
    assert_snapshot!(short(&world.would(to("50"))), @"TARGET_UNCHANGED target_revised.target; DECISION_REQUIRED target_revised");
    // Before the policy took effect nothing had to be.
    let earlier = ruled().at("2023-10-05");
    assert_snapshot!(earlier.would(to("40")), @"recorded");
}

#[test]
fn everybody_who_has_to_be_asked_answers_before_it_is_approved() {
    let mut world = staffed().by("課長");
    let proposal = proposed(&world, "P", to("40"));
    assert_snapshot!(world.outcome(proposal), @"recorded");
    world.now_by("部長");
    assert_snapshot!(world.would(approved(&world, "P")), @"CONSULTATION_MISSING change_decided.proposal [missing=planning office missing_ja=企画政策課]");
    world.now_by("係");
    assert_snapshot!(short(&world.would(consent(&world, "P"))), @"NO_AUTHORITY change_consulted.proposal");
    world.now_by("企画");
    let answer = consent(&world, "P");
    assert_snapshot!(world.outcome(answer), @"recorded");
    world.now_by("係");
    assert_snapshot!(world.would(approved(&world, "P")), @"NO_AUTHORITY change_decided.proposal [needed=director needed_ja=部長]");
    world.now_by("副市長");
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"NO_AUTHORITY change_decided.proposal");
    world.now_by("部長");
    assert_snapshot!(world.would(approved(&world, "P")), @"recorded");
}

#[test]
fn after_the_midyear_evaluation_less_is_the_deputy_mayors_to_allow() {
    let mut world = ruled();
    // As if the period had been closed before there was a policy.
    let closed = world.event(&fact(closed("上半期")).on(DAY));
    let closed = Event {
        payload: match closed.payload {
            Payload::PeriodClosed(p) => PeriodClosed {
                revision: Some(1),
                ..p
            }
            .into(),
            other => other,
        },
        ..closed
    };
    world.apply(closed);
    let needed = |told: String| {
        told.split("deciders=")
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    };
    assert_snapshot!(needed(world.would(to("40"))), @"evaluator deciders_ja=副市長・市長 consulted=planning office consulted_ja=企画政策課]");
    assert_snapshot!(needed(world.would(to("60"))), @"section chief, director deciders_ja=課等長・部長 consulted=- consulted_ja=-]");
}

#[test]
fn a_draft_is_for_those_who_draft() {
    let mut world = staffed().by("係");
    assert_snapshot!(short(&world.would(proposed(&world, "P", to("40")))), @"NO_AUTHORITY change_proposed.change");
    // A clerk proposes more.
    assert_snapshot!(world.would(proposed(&world, "P", to("60"))), @"recorded");
    world.now_by("だれか");
    assert_snapshot!(short(&world.would(proposed(&world, "P", to("60")))), @"NO_AUTHORITY change_proposed.change");
}

#[test]
fn whoever_acts_for_another_says_by_which_delegation_and_is_looked_at() {
    let mut world = staffed();
    let delegated = DelegationRegistered {
        delegation: delegation_id("代"),
        seat: code("部長職"),
        delegate: person_id("企画"),
        ground: text("出張のため"),
    };
    world.accept(fact(delegated).on(DAY).until("2023-10-31"));
    world.now_by("課長");
    let proposal = proposed(&world, "P", to("60"));
    world.accept(proposal);
    world.now_by("企画");
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"NO_AUTHORITY change_decided.proposal");
    let acting = ChangeDecided {
        acting: Some(delegation_id("代")),
        ..approving(&world, "P")
    };
    assert_snapshot!(world.outcome(fact(acting).undated().named("D")), @"recorded");
    let proposal = world.directory.proposal(proposal_id("P")).unwrap();
    assert_eq!(
        world.directory.review_due(proposal),
        Some(day("2023-10-20"))
    );
    let looked = || {
        fact(DecisionReviewed {
            decision: event_id("D"),
            outcome: ReviewOutcome::Agree,
            text: None,
        })
        .undated()
    };
    world.now_by("副市長");
    assert_snapshot!(short(&world.would(looked())), @"NO_AUTHORITY decision_reviewed.decision");
    world.now_by("部長");
    assert_snapshot!(world.outcome(looked()), @"recorded");
    assert_snapshot!(short(&world.would(looked())), @"DECISION_ALREADY_REVIEWED decision_reviewed.decision");
}

#[test]
fn nobody_lets_a_delegate_decide_what_they_proposed() {
    let mut world = staffed();
    // The director proposes, and the planning office acts for the director.
    let delegated = DelegationRegistered {
        delegation: delegation_id("代"),
        seat: code("部長職"),
        delegate: person_id("企画"),
        ground: text("出張のため"),
    };
    world.accept(fact(delegated).on(DAY).until("2023-10-31"));
    let moved = ChangeProposed {
        proposal: proposal_id("P"),
        kind: None,
        replaces: None,
        change: ProposedChange::of(world.event(&to("60"))),
        impact: text("x"),
    };
    let mut event = world.event(&fact(moved).undated());
    world.now_by("部長");
    if let Payload::ChangeProposed(p) = &mut event.payload {
        p.kind = Some(ChangeKind::TargetRaised);
    }
    world.apply(event);
    world.now_by("企画");
    let acting = ChangeDecided {
        acting: Some(delegation_id("代")),
        ..approving(&world, "P")
    };
    assert_snapshot!(short(&world.would(fact(acting).undated())), @"SELF_APPROVAL change_decided.proposal");
}

#[test]
fn a_policy_that_contradicts_itself_is_refused() {
    let mut policy = ApprovalPolicy::default();
    let mut again = policy.rules[0].clone();
    again.deciders = vec![Post::of(Role::Service)];
    again.expires_after_days = 0;
    policy.rules.push(again.clone());
    again.deciders.clear();
    policy.rules.push(again);
    let world = World::planned().at(DAY);
    let told = world.would(fact(published("決裁", 1, PolicyContent::Approval(policy))).on(DAY));
    assert_snapshot!(told.replace("; ", "\n"), @r"
    POLICY_INCONSISTENT policy_published.approval.rules[19].kind [problem=a kind of change has one rule]
    POLICY_INCONSISTENT policy_published.approval.rules[19].deciders [problem=a client application submits and never decides]
    POLICY_INCONSISTENT policy_published.approval.rules[19].expires_after_days [problem=from 1 to 366]
    POLICY_INCONSISTENT policy_published.approval.rules[20].kind [problem=a kind of change has one rule]
    POLICY_INCONSISTENT policy_published.approval.rules[20].deciders [problem=somebody has to decide
    leave the rule out if nobody has]
    POLICY_INCONSISTENT policy_published.approval.rules[20].expires_after_days [problem=from 1 to 366]
    ");
    assert!(ApprovalPolicy::default().inconsistencies().is_empty());
}

/// What somebody does with one of three proposals.
#[derive(Clone, Copy, Debug)]
enum Act {
    Propose(usize),
    Replace(usize, usize),
    Consent(usize),
    Approve(usize),
    ApproveFor(usize),
    Return(usize),
    Withdraw(usize),
}

fn acts() -> impl Strategy<Value = Vec<(usize, Act)>> {
    let n = || 0_usize..3;
    let act = prop_oneof![
        3 => n().prop_map(Act::Propose),
        1 => (n(), n()).prop_map(|(a, b)| Act::Replace(a, b)),
        3 => n().prop_map(Act::Consent),
        4 => n().prop_map(Act::Approve),
        2 => n().prop_map(Act::ApproveFor),
        1 => n().prop_map(Act::Return),
        1 => n().prop_map(Act::Withdraw),
    ];
    prop::collection::vec((0_usize..5, act), 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn nobody_ever_decides_what_they_proposed_and_what_waits_moves_nothing(acts in acts()) {
        const WHO: [&str; 5] = ["課長", "部長", "企画", "副市長", "係"];
        const NAMES: [&str; 3] = ["P", "Q", "R"];
        let mut world = staffed();
        let delegated = DelegationRegistered {
            delegation: delegation_id("代"),
            seat: code("部長職"),
            delegate: person_id("企画"),
            ground: text("出張のため"),
        };
        world.accept(fact(delegated).on(DAY).until("2023-10-31"));
        for (who, act) in acts {
            world.now_by(WHO[who]);
            let before = world.indicator("X").targets.len();
            let fact = match act {
                Act::Propose(n) => proposed(&world, NAMES[n], to("60")),
                Act::Replace(n, old) => {
                    let proposal = ChangeProposed {
                        proposal: proposal_id(NAMES[n]),
                        kind: None,
                        replaces: Some(proposal_id(NAMES[old])),
                        change: ProposedChange::of(world.event(&to("61"))),
                        impact: text("x"),
                    };
                    fact(proposal).undated()
                }
                Act::Consent(n) => consent(&world, NAMES[n]),
                Act::Approve(n) => approved(&world, NAMES[n]),
                Act::ApproveFor(n) => fact(ChangeDecided {
                    acting: Some(delegation_id("代")),
                    ..approving(&world, NAMES[n])
                })
                .undated(),
                Act::Return(n) => fact(ChangeDecided {
                    outcome: DecisionOutcome::Returned,
                    text: Some(text("直すこと")),
                    ..approving(&world, NAMES[n])
                })
                .undated(),
                Act::Withdraw(n) => fact(ChangeWithdrawn {
                    proposal: proposal_id(NAMES[n]),
                })
                .undated(),
            };
            let approves = matches!(act, Act::Approve(_) | Act::ApproveFor(_));
            world.outcome(fact);
            let moved = world.indicator("X").targets.len() - before;
            prop_assert!(moved == 0 || (approves && moved == 1));
        }
        let person = |actor: &Actor| world.directory.person_of(None, &actor.subject);
        for proposal in world.directory.proposals() {
            let Some(decision) = &proposal.decision else { continue };
            let decider = person(&decision.step.actor);
            prop_assert_ne!(decider, person(&proposal.drafted.actor));
            for answer in &proposal.consultations {
                prop_assert_ne!(decider, person(&answer.step.actor));
                prop_assert_ne!(person(&answer.step.actor), person(&proposal.drafted.actor));
            }
            if decision.acting.is_some() {
                prop_assert_ne!(person(&proposal.drafted.actor), Some(person_id("部長")));
            }
        }
    }
}
