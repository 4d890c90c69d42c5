use insta::assert_snapshot;

use super::*;
use crate::domain::access::{LoginId, Role};
use crate::domain::decision::policy::ApprovalPolicy;
use crate::domain::decision::{ChangeKind, DecisionOutcome, ExternalDecision, ReviewOutcome};
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::*;
use crate::domain::id::{DelegationId, GrantId, PersonId};
use crate::domain::testing::*;
use crate::projection::flags::testing::lines;

const SPACE: uuid::Uuid = uuid::Uuid::from_u128(7);
const DAY: &str = "2023-10-06";

fn person_id(name: &str) -> PersonId {
    PersonId::derived(SPACE, name)
}

/// A chief who proposes, a director who decides and somebody who acts for the director, under the built-in matrix.
fn staffed() -> World {
    let mut world = World::measuring(count());
    world.accept(fact(target_set("X", value("50"))).named("T"));
    let mut world = world.at(DAY);
    for (who, role, units) in [
        ("課長", Role::SectionChief, &["企画政策課"][..]),
        ("部長", Role::Director, &["企画財政部"]),
        ("企画", Role::Planning, &[]),
    ] {
        let registered = PersonRegistered {
            person: person_id(who),
            name: text(who),
            logins: vec![LoginId {
                issuer: None,
                subject: name(who),
            }],
        };
        world.accept(fact(registered).on(DAY));
        let granted = RoleGranted {
            grant: GrantId::derived(SPACE, who),
            seat: code(&format!("{who}職")),
            title: title(who),
            role,
            units: units.iter().map(|unit| unit_id(unit)).collect(),
            holder: Holder::Person(person_id(who)),
        };
        world.accept(fact(granted).on(DAY));
    }
    let matrix = PolicyContent::Approval(ApprovalPolicy::default());
    world.accept(fact(published("決裁", 1, matrix)).on(DAY));
    world.now_by("課長");
    let change = fact(target_revised("X", "T", value("60"))).on("2023-10-10");
    let proposed = ChangeProposed {
        proposal: proposal_id("P"),
        kind: None,
        replaces: None,
        change: ProposedChange::of(world.event(&change.because("需要の増加"))),
        impact: text("10件増える"),
    };
    world.accept(fact(proposed).undated());
    let kind = world.directory.proposal(proposal_id("P")).unwrap().kind;
    assert_eq!(kind, ChangeKind::TargetRaised);
    world
}

fn approving(world: &World) -> ChangeDecided {
    let proposal = world.directory.proposal(proposal_id("P")).unwrap();
    ChangeDecided {
        proposal: proposal_id("P"),
        digest: proposal.change.digest().unwrap(),
        outcome: DecisionOutcome::Approved,
        text: None,
        external: None,
        acting: None,
    }
}

/// Records a decision as if it had been made before the rules.
fn decided_anyhow(world: &mut World, who: &str, decided: ChangeDecided) {
    let event = world.event(&fact(decided).undated().named("D"));
    world.now_by(who);
    world.apply(event);
}

fn elsewhere(world: &World, decider: &str, on: &str, person: Option<&str>) -> ChangeDecided {
    ChangeDecided {
        external: Some(ExternalDecision {
            decided_on: day(on),
            decider: name(decider),
            person: person.map(person_id),
        }),
        ..approving(world)
    }
}

fn found(world: &World, on: &str) -> String {
    let mut flags = Vec::new();
    let proposals = world.directory.proposals();
    decisions(&world.directory, proposals, day(on), 45, &mut flags);
    let told = KINDS.map(|kind| lines(&flags, kind));
    told.into_iter()
        .filter(|told| !told.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn a_decision_by_whoever_could_is_not_told() {
    let mut world = staffed();
    world.now_by("部長");
    let decided = approving(&world);
    world.accept(fact(decided).undated());
    assert_snapshot!(found(&world, "2023-12-31"), @"");
}

#[test]
fn what_its_drafter_decided_is_told_also_by_their_post() {
    let mut world = staffed();
    let decided = approving(&world);
    decided_anyhow(&mut world, "課長", decided);
    assert_snapshot!(found(&world, DAY), @"DECIDED_BY_DRAFTER proposal=P1 actor=課長 on 2");
    // Not before it was.
    assert_snapshot!(found(&world, "2023-10-05"), @"");
    let mut world = staffed();
    let decided = elsewhere(&world, "課長職", DAY, None);
    decided_anyhow(&mut world, "企画", decided);
    assert_snapshot!(found(&world, DAY), @"DECIDED_BY_DRAFTER proposal=P1 actor=課長 on 2");
}

#[test]
fn who_had_no_say_on_that_day_is_told_also_in_hindsight() {
    let mut world = staffed();
    let decided = approving(&world);
    decided_anyhow(&mut world, "企画", decided);
    assert_snapshot!(found(&world, DAY), @"DECIDED_WITHOUT_AUTHORITY proposal=P1 actor=企画 day=2023-10-06 on 2");
    // A day before the seats there was nobody to hold it against.
    let mut world = staffed();
    let decided = elsewhere(&world, "部長", "2023-10-05", Some("部長"));
    decided_anyhow(&mut world, "企画", decided);
    assert_snapshot!(found(&world, DAY), @"");
    let mut world = staffed();
    world.now_by("部長");
    let decided = approving(&world);
    world.accept(fact(decided).undated());
    let revoked = RoleRevoked {
        grant: GrantId::derived(SPACE, "部長"),
    };
    world.accept(fact(revoked).on(DAY));
    assert_snapshot!(found(&world, DAY), @"DECIDED_WITHOUT_AUTHORITY proposal=P1 actor=部長 day=2023-10-06 on 2");
}

#[test]
fn a_decision_on_paper_is_told_when_it_came_late() {
    for (on, told) in [
        ("2023-08-22", ""),
        (
            "2023-08-21",
            "DECISION_RECORDED_LATE proposal=P1 day=2023-08-21 days=46 on 2",
        ),
    ] {
        let mut world = staffed();
        let decided = elsewhere(&world, "部長", on, None);
        decided_anyhow(&mut world, "企画", decided);
        assert_eq!(found(&world, DAY), told);
    }
}

#[test]
fn what_the_principal_never_looked_at_is_told() {
    let mut world = staffed();
    let delegation = DelegationId::derived(SPACE, "代");
    let delegated = DelegationRegistered {
        delegation,
        seat: code("部長職"),
        delegate: person_id("企画"),
        ground: text("出張のため"),
    };
    world.now_by("tester");
    world.accept(fact(delegated).on(DAY).until("2023-10-31"));
    world.now_by("企画");
    let decided = ChangeDecided {
        acting: Some(delegation),
        ..approving(&world)
    };
    world.accept(fact(decided).undated().named("D"));
    assert_snapshot!(found(&world, "2023-10-20"), @"");
    assert_snapshot!(found(&world, "2023-10-21"), @"REVIEW_OVERDUE proposal=P1 due=2023-10-20 days=1 on 2");
    let mut world = world.at("2023-10-25").by("部長");
    let looked = DecisionReviewed {
        decision: event_id("D"),
        outcome: ReviewOutcome::Agree,
        text: None,
    };
    world.accept(fact(looked).undated());
    assert_snapshot!(found(&world, "2023-10-24"), @"REVIEW_OVERDUE proposal=P1 due=2023-10-20 days=4 on 2");
    assert_snapshot!(found(&world, "2023-10-25"), @"");
}

#[test]
fn whoever_handed_it_over_has_no_say_by_an_earlier_date() {
    let mut world = staffed();
    let handed_over = ResponsibilityTransferred {
        initiative: initiative_id("I"),
        lead_unit: unit_id("財務課"),
        contributing_units: Vec::new(),
    };
    let handed_over = world.event(&fact(handed_over).on("2023-10-01"));
    world.apply(handed_over);
    let change = fact(target_revised("X", "T", value("60"))).on("2023-09-30");
    let proposed = ChangeProposed {
        proposal: proposal_id("Q"),
        kind: Some(ChangeKind::TargetRaised),
        replaces: None,
        change: ProposedChange::of(world.event(&change.because("需要の増加"))),
        impact: text("10件増える"),
    };
    world.now_by("係");
    let proposed = world.event(&fact(proposed).undated());
    world.apply(proposed);
    let proposal = world.directory.proposal(proposal_id("Q")).unwrap();
    let decided = ChangeDecided {
        proposal: proposal_id("Q"),
        digest: proposal.change.digest().unwrap(),
        ..approving(&world)
    };
    decided_anyhow(&mut world, "課長", decided);
    assert_snapshot!(found(&world, DAY), @"DECIDED_WITHOUT_AUTHORITY proposal=P2 actor=課長 day=2023-10-06 on 2");
}

#[test]
fn decisions_are_found_by_what_they_are_about() {
    let mut world = staffed();
    world.now_by("部長");
    let decided = approving(&world);
    world.accept(fact(decided).undated());
    let numbers = |filter: &FlagFilter, goal: &str| {
        let decided = Decided::of(&world.directory, filter);
        let stream = Stream::goal(goal_id(goal));
        let found = decided.about(std::iter::once(stream)).into_iter();
        found.map(|proposal| proposal.number).collect::<Vec<_>>()
    };
    let all = FlagFilter::default();
    assert_eq!(numbers(&all, "G"), [1]);
    assert!(numbers(&all, "H").is_empty());
    // Whoever asks for no flag of decisions has none looked through.
    let of_kind = |kind| FlagFilter {
        kinds: [kind].into(),
        ..FlagFilter::default()
    };
    assert_eq!(numbers(&of_kind(FlagKind::ReviewOverdue), "G"), [1]);
    assert!(numbers(&of_kind(FlagKind::LateReport), "G").is_empty());
}
