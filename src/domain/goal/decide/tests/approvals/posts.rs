//! Who has the authority: by every way in which somebody without it could pass for somebody who has.

use std::sync::Arc;

use super::*;
use crate::domain::access::{AccessPolicy, Authorization};

fn granted(world: &mut World, grant: &str, seat: &str, role: Role, units: &[&str], who: &str) {
    let granted = RoleGranted {
        grant: GrantId::derived(SPACE, grant),
        seat: code(seat),
        title: title(seat),
        role,
        units: units.iter().map(|unit| unit_id(unit)).collect(),
        holder: Holder::Person(person_id(who)),
    };
    world.accept(fact(granted).on(DAY));
}

fn registered(world: &mut World, who: &str) {
    let registered = PersonRegistered {
        person: person_id(who),
        name: text(who),
        logins: vec![LoginId {
            issuer: None,
            subject: name(who),
        }],
    };
    world.accept(fact(registered).on(DAY));
}

fn delegated(world: &mut World, delegation: &str, seat: &str, to: &str) {
    let delegated = DelegationRegistered {
        delegation: delegation_id(delegation),
        seat: code(seat),
        delegate: person_id(to),
        ground: text("出張のため"),
    };
    world.accept(fact(delegated).on(DAY).until("2023-10-31"));
}

fn acting(world: &World, name: &str, delegation: &str) -> Fact {
    fact(ChangeDecided {
        acting: Some(delegation_id(delegation)),
        ..approving(world, name)
    })
    .undated()
}

/// Records a proposal as if it had been made before the rules.
fn proposed_anyhow(world: &mut World, name: &str, who: &str) {
    let mut event = world.event(&proposed(world, name, to("60")));
    if let Payload::ChangeProposed(p) = &mut event.payload {
        p.kind = Some(ChangeKind::TargetRaised);
    }
    world.now_by(who);
    world.apply(event);
}

#[test]
fn whoever_the_configuration_names_lets_everybody_in_again() {
    let mut world = ruled();
    let access = || {
        let text = "permit (principal, action, resource);";
        let policy = PolicyContent::Access(AccessPolicy::parse(text).unwrap());
        fact(published("権限", 1, policy)).on(DAY)
    };
    assert_snapshot!(short(&world.would(access())), @"DECISION_REQUIRED policy_published");
    world.actor.permitted_by = Some(Arc::new(Authorization {
        policy_set_sha256: [0; 32],
        policy_ids: vec![Authorization::NAMED_ADMINISTRATOR.to_owned()],
    }));
    assert_snapshot!(world.would(access()), @"recorded");
    // What is decided by whom is nothing that could lock anybody out.
    assert_snapshot!(short(&world.would(fact(published("決裁", 2, matrix())).on(DAY))), @"DECISION_REQUIRED policy_published");
    // Whoever used a seat was let in by a policy, whatever it is called.
    world.actor.seat = Some(name("企画職"));
    assert_snapshot!(short(&world.would(access())), @"DECISION_REQUIRED policy_published");
}

#[test]
fn a_decision_made_elsewhere_was_made_by_somebody_who_could() {
    let mut world = staffed();
    seated(&mut world, "監査", Role::Auditor, &[]);
    world.now_by("課長");
    let proposal = proposed(&world, "P", to("60"));
    world.accept(proposal);
    let entered = |world: &World, person: &str, on: &str| {
        let external = ExternalDecision {
            decided_on: day(on),
            decider: name("部長"),
            person: Some(person_id(person)),
        };
        let decided = ChangeDecided {
            external: Some(external),
            ..approving(world, "P")
        };
        let mut event = world.event(&fact(decided).undated());
        event.source_document = Some(SourceDocument {
            number: name("5企第130号"),
            title: None,
            date: None,
        });
        let told = world.decide(&event).map(|_| ());
        told.map_err(|broken| {
            let one = |rule: &crate::domain::rejection::Rejection| {
                format!("{} {}", rule.reason.code(), rule.field)
            };
            broken.iter().map(one).collect::<Vec<_>>().join("; ")
        })
    };
    let refused = |told: &str| Err(told.to_owned());
    let world = world.by("企画");
    assert_eq!(entered(&world, "部長", DAY), Ok(()));
    // The seat is held from that day on.
    let lacks = refused("NO_AUTHORITY change_decided.external.person");
    assert_eq!(entered(&world, "部長", "2023-10-05"), lacks);
    assert_eq!(entered(&world, "係", DAY), lacks);
    let unknown = refused("PERSON_UNKNOWN change_decided.external.person");
    assert_eq!(entered(&world, "誰か", DAY), unknown);
    let own = refused("SELF_APPROVAL change_decided.proposal");
    assert_eq!(entered(&world, "課長", DAY), own);
    // Whoever checks the ledger writes none of its facts.
    let world = world.by("監査");
    let enters = refused("NO_AUTHORITY change_decided.proposal");
    assert_eq!(entered(&world, "部長", DAY), enters);
}

#[test]
fn a_delegate_acts_for_everybody_who_holds_the_seat() {
    let mut world = staffed();
    registered(&mut world, "次の部長");
    granted(
        &mut world,
        "二",
        "部長職",
        Role::Director,
        &[DEPARTMENT],
        "次の部長",
    );
    delegated(&mut world, "代", "部長職", "企画");
    proposed_anyhow(&mut world, "P", "次の部長");
    world.now_by("企画");
    assert_snapshot!(short(&world.would(acting(&world, "P", "代"))), @"SELF_APPROVAL change_decided.proposal");
    // And any of them looks at what was decided in their place.
    proposed_anyhow(&mut world, "Q", "係");
    world.now_by("企画");
    let decided = acting(&world, "Q", "代").named("D");
    world.accept(decided);
    let looked = DecisionReviewed {
        decision: event_id("D"),
        outcome: ReviewOutcome::Agree,
        text: None,
    };
    let looked = || fact(looked.clone()).undated();
    for who in ["部長", "次の部長"] {
        world.now_by(who);
        assert_eq!(world.would(looked()), "recorded", "{who}");
    }
    world.now_by("課長");
    assert_snapshot!(short(&world.would(looked())), @"NO_AUTHORITY decision_reviewed.decision");
}

#[test]
fn what_is_drafted_for_somebody_is_theirs() {
    let mut world = staffed();
    delegated(&mut world, "代", "課長職", "係");
    let in_the_chiefs_seat = Actor {
        seat: Some(name("課長職")),
        acting_for: Some(name(&person_id("課長").to_string())),
        ..person("係")
    };
    world.actor = in_the_chiefs_seat;
    let proposal = proposed(&world, "P", to("60"));
    world.accept(proposal);
    world.now_by("課長");
    assert_snapshot!(short(&world.would(consent(&world, "P"))), @"SELF_APPROVAL change_consulted.proposal");
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"SELF_APPROVAL change_decided.proposal");
    world.now_by("部長");
    assert_snapshot!(world.would(approved(&world, "P")), @"recorded");
}

#[test]
fn a_login_that_went_to_somebody_else_decides_nothing_it_proposed() {
    let mut world = World::measuring(count()).at(DAY);
    world.accept(fact(target_set("X", value("50"))).named("T"));
    world.actor = Actor {
        person: Some(person_id("前任")),
        ..person("課長")
    };
    let proposal = proposed(&world, "P", to("60"));
    world.accept(proposal);
    world.actor.person = Some(person_id("後任"));
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"SELF_APPROVAL change_decided.proposal");
}

#[test]
fn after_a_hand_over_those_correct_who_answered_then() {
    let mut world = World::measuring(count()).at(DAY);
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    world.accept(fact(recorded(increment("3"))).on("2023-05-01").named("E"));
    world.accept(fact(soft_closed("上半期")).on(DAY));
    let over = ResponsibilityTransferred {
        initiative: initiative_id("I"),
        lead_unit: unit_id("財務課"),
        contributing_units: Vec::new(),
    };
    world.accept(fact(over).on("2023-10-01").because("組織改編"));
    seated(&mut world, "課長", Role::SectionChief, &[SECTION]);
    seated(&mut world, "次の課長", Role::SectionChief, &["財務課"]);
    world.accept(fact(published("決裁", 1, matrix())).on(DAY));
    let change = || {
        fact(corrected("E", increment("4")))
            .on("2023-05-01")
            .because("入力誤り")
    };
    world.now_by("次の課長");
    assert_snapshot!(short(&world.would(proposed(&world, "P", change()))), @"NO_AUTHORITY change_proposed.change");
    world.now_by("課長");
    assert_snapshot!(world.would(proposed(&world, "P", change())), @"recorded, LATE_AFTER_CUTOFF");
}

#[test]
fn whoever_proposed_a_correction_confirms_it_no_more_than_who_decided_it() {
    let mut world = World::measuring(count()).at(DAY).by("課長");
    world.accept(fact(recorded(increment("3"))).on("2023-05-01").named("E"));
    let change = fact(corrected("E", increment("4"))).on("2023-05-01");
    let proposal = proposed(&world, "P", change.because("入力誤り"));
    world.accept(proposal);
    world.now_by("部長");
    let decided = approved(&world, "P").named("D");
    world.accept(decided);
    let confirmed = || {
        fact(ActualConfirmed {
            indicator: indicator_id("X"),
            entries: vec![Event::approved_change_id(event_id("D"))],
        })
        .on(DAY)
    };
    for who in ["課長", "部長"] {
        world.now_by(who);
        assert_eq!(
            world.would(confirmed()),
            "SELF_CONFIRMATION actual_confirmed.entries[0]",
            "{who}"
        );
    }
    world.now_by("別の課長");
    assert_snapshot!(world.would(confirmed()), @"recorded");
}

#[test]
fn the_seat_that_it_is_done_in_is_the_one_that_may() {
    let mut world = staffed();
    granted(&mut world, "兼", "企画の兼務", Role::Planning, &[], "部長");
    granted(
        &mut world,
        "兼二",
        "企画の兼務二",
        Role::Planning,
        &[],
        "課長",
    );
    let in_seat = |world: &mut World, who: &str, seat: &str| {
        world.actor = Actor {
            seat: Some(name(seat)),
            ..person(who)
        };
    };
    in_seat(&mut world, "課長", "企画の兼務二");
    assert_snapshot!(short(&world.would(proposed(&world, "P", to("40")))), @"NO_AUTHORITY change_proposed.change");
    in_seat(&mut world, "課長", "課長職");
    let proposal = proposed(&world, "P", to("40"));
    world.accept(proposal);
    in_seat(&mut world, "係", "係職");
    assert_snapshot!(short(&world.would(consent(&world, "P"))), @"NO_AUTHORITY change_consulted.proposal");
    in_seat(&mut world, "企画", "企画職");
    let answer = consent(&world, "P");
    world.accept(answer);
    in_seat(&mut world, "部長", "企画の兼務");
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"NO_AUTHORITY change_decided.proposal");
    in_seat(&mut world, "部長", "部長職");
    assert_snapshot!(world.would(approved(&world, "P")), @"recorded");
}

/// As [`staffed`], with somebody who holds a seat for the section since April, and with the initiative handed over to 財務課 on
/// 1 October.
fn handed_over() -> World {
    let mut world = staffed();
    seated(&mut world, "財務課長", Role::SectionChief, &["財務課"]);
    registered(&mut world, "前課長");
    let earlier = RoleGranted {
        grant: GrantId::derived(SPACE, "前課長"),
        seat: code("前課長職"),
        title: title("前課長"),
        role: Role::SectionChief,
        units: vec![unit_id(SECTION)],
        holder: Holder::Person(person_id("前課長")),
    };
    world.accept(fact(earlier).on("2023-04-01"));
    let transferred = ResponsibilityTransferred {
        initiative: initiative_id("I"),
        lead_unit: unit_id("財務課"),
        contributing_units: Vec::new(),
    };
    // As it was decided.
    let transferred = world.event(&fact(transferred).on("2023-10-01"));
    world.apply(transferred);
    world
}

#[test]
fn what_was_handed_over_is_proposed_and_decided_by_who_answers_now() {
    let mut world = handed_over();
    let backdated = || {
        fact(target_revised("X", "T", value("60")))
            .on("2023-09-30")
            .because("需要の増加")
    };
    world.now_by("課長");
    let proposal = proposed(&world, "P", backdated());
    assert_snapshot!(short(&world.would(proposal)), @"NO_AUTHORITY change_proposed.change");
    world.now_by("財務課長");
    let proposal = proposed(&world, "P", backdated());
    assert_snapshot!(short(&world.outcome(proposal)), @"recorded, RETROACTIVE_TARGET");
    world.now_by("課長");
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"NO_AUTHORITY change_decided.proposal");
    world.now_by("部長");
    assert_snapshot!(world.would(approved(&world, "P")), @"recorded, RETROACTIVE_TARGET");
    // On paper it was decided by who answered on the day of the paper.
    let world = world.by("企画");
    let entered = |on: &str| {
        let external = ExternalDecision {
            decided_on: day(on),
            decider: name("前課長"),
            person: Some(person_id("前課長")),
        };
        let decided = ChangeDecided {
            external: Some(external),
            ..approving(&world, "P")
        };
        let mut event = world.event(&fact(decided).undated());
        event.source_document = Some(SourceDocument {
            number: name("5企第130号"),
            title: None,
            date: None,
        });
        let told = world.decide(&event).err().unwrap_or_default();
        let fields: Vec<String> = told
            .iter()
            .map(|rule| format!("{} {}", rule.reason.code(), rule.field))
            .collect();
        fields.join("; ")
    };
    assert_snapshot!(entered("2023-09-20"), @"");
    assert_snapshot!(entered("2023-10-02"), @"NO_AUTHORITY change_decided.external.person");
}

#[test]
fn what_is_handed_over_is_decided_by_who_hands_it_over() {
    let mut world = staffed();
    seated(&mut world, "財務課長", Role::SectionChief, &["財務課"]);
    let transferred = || {
        let transferred = ResponsibilityTransferred {
            initiative: initiative_id("I"),
            lead_unit: unit_id("財務課"),
            contributing_units: Vec::new(),
        };
        fact(transferred).on("2023-10-10").because("改編")
    };
    world.now_by("財務課長");
    let proposal = proposed(&world, "P", transferred());
    assert_snapshot!(short(&world.would(proposal)), @"NO_AUTHORITY change_proposed.change");
    world.now_by("課長");
    let proposal = proposed(&world, "P", transferred());
    assert_snapshot!(world.would(proposal), @"recorded");
}
