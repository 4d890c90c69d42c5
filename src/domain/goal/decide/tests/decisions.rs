//! Proposals and decisions: who may do what, on which text, and what comes of it.

use insta::assert_snapshot;

use crate::domain::decision::*;
use crate::domain::event::*;
use crate::domain::testing::*;

/// The indicator X with the target T of 50, as the section chief looks at it on 6 October.
fn aimed() -> World {
    let mut world = World::measuring(count());
    world.accept(fact(target_set("X", value("50"))).named("T"));
    world.at("2023-10-06").by("課長")
}

fn lowered(to: &str) -> Fact {
    fact(target_revised("X", "T", value(to)))
        .on("2023-10-10")
        .because("予算の減額")
}

fn proposing(world: &World, name: &str, change: Fact) -> ChangeProposed {
    ChangeProposed {
        proposal: proposal_id(name),
        kind: None,
        replaces: None,
        change: ProposedChange::of(world.event(&change)),
        impact: text("年度末は40件の見込み"),
    }
}

fn proposed(world: &World, name: &str, change: Fact) -> Fact {
    fact(proposing(world, name, change)).undated()
}

fn digest(world: &World, name: &str) -> [u8; 32] {
    let proposal = world.directory.proposal(proposal_id(name)).unwrap();
    proposal.change.digest().unwrap()
}

fn answering(world: &World, name: &str, outcome: ConsultationOutcome) -> ChangeConsulted {
    ChangeConsulted {
        proposal: proposal_id(name),
        digest: digest(world, name),
        outcome,
        text: None,
        unit: None,
    }
}

fn deciding(world: &World, name: &str, outcome: DecisionOutcome) -> ChangeDecided {
    ChangeDecided {
        proposal: proposal_id(name),
        digest: digest(world, name),
        outcome,
        text: None,
        external: None,
        acting: None,
    }
}

fn decided(world: &World, name: &str, outcome: DecisionOutcome) -> Fact {
    fact(deciding(world, name, outcome)).undated()
}

fn state(world: &World, name: &str) -> String {
    let proposal = world.directory.proposal(proposal_id(name)).unwrap();
    format!("{} {}", proposal.code(), proposal.state.code())
}

fn target(world: &World) -> String {
    let indicator = world.indicator("X");
    let last = indicator.targets.last().unwrap();
    format!("{:?} from {}", last.target.aim, last.effective_from)
}

/// With the proposal P to lower the target to 40.
fn waiting() -> World {
    let mut world = aimed();
    let proposal = proposed(&world, "P", lowered("40"));
    world.accept(proposal);
    world
}

#[test]
fn an_approval_makes_the_change_and_nothing_before_does() {
    use DecisionOutcome::Approved;
    let mut world = waiting();
    assert_snapshot!(state(&world, "P"), @"P1 OPEN");
    assert_snapshot!(target(&world), @"Value(Quantity(50)) from 2023-04-01");
    world.now_by("部長");
    let approved = decided(&world, "P", Approved);
    let event = world.event(&approved);
    let outcome = world.decide(&event).unwrap();
    let [decision, change] = outcome.events.as_slice() else {
        panic!("{:?}", outcome.events);
    };
    assert_eq!(change.decision, Some(decision.id));
    assert_eq!(change.id, Event::approved_change_id(decision.id));
    assert!(change.causation.is_some());
    let Payload::TargetRevised(revised) = &change.payload else {
        panic!("{:?}", change.payload);
    };
    assert!(
        revised.before.is_some(),
        "what it replaces was filled in when it was proposed"
    );
    assert_snapshot!(world.outcome(approved), @"recorded, AUTHORITY_NOT_JUDGED");
    assert_snapshot!(state(&world, "P"), @"P1 APPROVED");
    assert_snapshot!(target(&world), @"Value(Quantity(40)) from 2023-10-10");
    // It is decided once.
    assert_snapshot!(world.would(decided(&world, "P", Approved)), @"PROPOSAL_NOT_OPEN change_decided.proposal [proposal=P1 state=APPROVED state_ja=決裁済]");
}

#[test]
fn what_is_proposed_is_judged_as_if_it_were_made() {
    let world = aimed();
    let would = |change: Fact| world.would(proposed(&world, "P", change));
    assert_snapshot!(would(lowered("50")), @"TARGET_UNCHANGED change_proposed.change.target_revised.target");
    assert_snapshot!(would(fact(target_revised("X", "T", value("40"))).on("2023-10-10")), @"REASON_REQUIRED change_proposed.change.reason");
    assert_snapshot!(would(fact(target_revised("X", "no", value("40"))).on("2023-02-01").because("x")), @"DATE_OUTSIDE_CYCLE change_proposed.change.valid_from [first=2023-04-01 last=2024-03-31]; TARGET_UNKNOWN change_proposed.change.target_revised.replaces");
    // Reports are made, not proposed.
    assert_snapshot!(would(fact(recorded(increment("3")))), @"CHANGE_NOT_PROPOSABLE change_proposed.change");
    let expecting = ChangeProposed {
        kind: Some(ChangeKind::TargetRaised),
        ..proposing(&world, "P", lowered("40"))
    };
    assert_snapshot!(world.would(fact(expecting).undated()), @"FIELD_INVALID change_proposed.kind [problem=it is TARGET_LOWERED]");
}

#[test]
fn the_kind_of_a_change_is_found_from_what_stands() {
    let mut world = aimed();
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    world.accept(fact(recorded(increment("3"))).on("2023-05-01").named("E"));
    let kind = |world: &World, change: Fact| {
        let event = world.event(&proposed(world, "K", change));
        match world.decide(&event) {
            Ok(decided) => match &decided.events[0].payload {
                Payload::ChangeProposed(p) => p.kind.unwrap().code().to_owned(),
                other => panic!("{other:?}"),
            },
            Err(broken) => format!("{broken:?}"),
        }
    };
    let corrected = || {
        fact(corrected("E", increment("4")))
            .on("2023-05-01")
            .because("入力誤り")
    };
    assert_snapshot!(kind(&world, lowered("40")), @"TARGET_LOWERED");
    assert_snapshot!(kind(&world, lowered("60")), @"TARGET_RAISED");
    assert_snapshot!(kind(&world, corrected()), @"CORRECTED_OPEN");
    world.accept(fact(soft_closed("上半期")).on("2023-10-06"));
    assert_snapshot!(kind(&world, corrected()), @"CORRECTED_SOFT_CLOSED");
    world.accept(fact(closed("上半期")).on("2023-10-06"));
    assert_snapshot!(kind(&world, corrected()), @"CORRECTED_CLOSED");
    let otherwise = fact(redefined("X", 2, followers())).on("2023-10-10");
    assert_snapshot!(kind(&world, otherwise.because("実態に合わせる")), @"REDEFINED");
}

#[test]
fn nobody_decides_what_they_proposed_or_were_asked_about() {
    use DecisionOutcome::Approved;
    let mut world = waiting();
    assert_snapshot!(world.would(decided(&world, "P", Approved)), @"SELF_APPROVAL change_decided.proposal");
    let consent = fact(answering(&world, "P", ConsultationOutcome::Consent)).undated();
    assert_snapshot!(world.would(consent.clone()), @"SELF_APPROVAL change_consulted.proposal");
    world.now_by("企画政策課長");
    assert_snapshot!(world.outcome(consent), @"recorded, AUTHORITY_NOT_JUDGED");
    assert_snapshot!(state(&world, "P"), @"P1 CONSULTED");
    assert_snapshot!(world.would(decided(&world, "P", Approved)), @"SELF_APPROVAL change_decided.proposal");
    world.now_by("部長");
    assert_snapshot!(world.would(decided(&world, "P", Approved)), @"recorded, AUTHORITY_NOT_JUDGED");
    // The same person under another login is the same person.
    let person = Some(crate::domain::id::PersonId::derived(
        uuid::Uuid::nil(),
        "課長",
    ));
    let mut world = aimed();
    world.actor.person = person;
    let proposal = proposed(&world, "Q", lowered("40"));
    world.accept(proposal);
    world.now_by("kacho@example");
    world.actor.person = person;
    assert_snapshot!(world.would(decided(&world, "Q", Approved)), @"SELF_APPROVAL change_decided.proposal");
}

#[test]
fn a_decision_is_on_one_text() {
    use DecisionOutcome::Approved;
    let mut world = waiting();
    let first = decided(&world, "P", Approved);
    let second = ChangeProposed {
        replaces: Some(proposal_id("P")),
        ..proposing(&world, "Q", lowered("45"))
    };
    // Without saying that it takes the place of the first, it would be a second for the same target.
    assert_snapshot!(world.would(proposed(&world, "Q", lowered("45"))), @"PROPOSAL_OPEN change_proposed.change [proposal=P1]");
    assert_snapshot!(world.outcome(fact(second.clone()).undated()), @"recorded");
    assert_snapshot!(state(&world, "P"), @"P1 REPLACED");
    world.now_by("部長");
    assert_snapshot!(world.would(first), @"PROPOSAL_NOT_OPEN change_decided.proposal [proposal=P1 state=REPLACED state_ja=差替え]");
    let other = ChangeDecided {
        digest: digest(&world, "P"),
        ..deciding(&world, "Q", Approved)
    };
    assert_snapshot!(world.would(fact(other).undated()).split(" [").next().unwrap(), @"PROPOSAL_HASH_MISMATCH change_decided.change_sha256");
    let other = ChangeConsulted {
        digest: [0; 32],
        ..answering(&world, "Q", ConsultationOutcome::Consent)
    };
    assert_snapshot!(world.would(fact(other).undated()).split(" [").next().unwrap(), @"PROPOSAL_HASH_MISMATCH change_consulted.change_sha256");
    // Only who proposed it puts another in its place, or takes it back.
    let foreign = ChangeProposed {
        replaces: Some(proposal_id("Q")),
        ..proposing(&world, "R", lowered("46"))
    };
    assert_snapshot!(world.would(fact(foreign).undated()), @"NOT_THE_DRAFTER change_proposed.replaces");
    let back = || {
        fact(ChangeWithdrawn {
            proposal: proposal_id("Q"),
        })
        .undated()
    };
    assert_snapshot!(world.would(back()), @"NOT_THE_DRAFTER change_withdrawn.proposal");
    world.now_by("課長");
    assert_snapshot!(world.outcome(back()), @"recorded");
    assert_snapshot!(world.would(back()), @"PROPOSAL_NOT_OPEN change_withdrawn.proposal [proposal=P2 state=WITHDRAWN state_ja=取下げ]");
}

#[test]
fn whatever_is_not_approved_says_why() {
    let mut world = waiting();
    world.now_by("部長");
    let returned = deciding(&world, "P", DecisionOutcome::Returned);
    assert_snapshot!(world.would(fact(returned.clone()).undated()), @"FIELD_REQUIRED change_decided.text");
    let rejected = decided(&world, "P", DecisionOutcome::Rejected);
    assert_snapshot!(world.would(rejected), @"FIELD_REQUIRED change_decided.text");
    let object = answering(&world, "P", ConsultationOutcome::Object);
    assert_snapshot!(world.would(fact(object).undated()), @"FIELD_REQUIRED change_consulted.text");
    let returned = ChangeDecided {
        text: Some(text("内訳を示すこと")),
        ..returned
    };
    assert_snapshot!(world.outcome(fact(returned).undated()), @"recorded, AUTHORITY_NOT_JUDGED");
    assert_snapshot!(state(&world, "P"), @"P1 RETURNED");
    assert_snapshot!(target(&world), @"Value(Quantity(50)) from 2023-04-01");
    // What was returned may be proposed otherwise.
    world.now_by("課長");
    let again = ChangeProposed {
        replaces: Some(proposal_id("P")),
        ..proposing(&world, "Q", lowered("45"))
    };
    assert_snapshot!(world.outcome(fact(again).undated()), @"recorded");
}

#[test]
fn what_changed_meanwhile_stands_against_an_approval() {
    let mut world = waiting();
    world.now_by("部長");
    let approved = decided(&world, "P", DecisionOutcome::Approved);
    let between = fact(target_revised("X", "T", value("45"))).on("2023-10-06");
    world.accept(between.because("見直し").named("U"));
    assert_snapshot!(world.outcome(approved), @"TARGET_SUPERSEDED change_decided.proposal [head=e2972172-c68a-5a8c-a09e-c8d978a8868d]");
}

#[test]
fn a_proposal_that_waits_too_long_is_void_before_anybody_says_so() {
    let world = waiting().at("2023-11-05").by("部長");
    let approve = |world: &World| world.would(decided(world, "P", DecisionOutcome::Approved));
    assert_snapshot!(approve(&world), @"recorded, AUTHORITY_NOT_JUDGED, RETROACTIVE_TARGET");
    let mut world = world.at("2023-11-06");
    assert_snapshot!(approve(&world), @"PROPOSAL_OVERDUE change_decided.proposal [last=2023-11-05]");
    let expired = || {
        fact(ProposalExpired {
            proposal: proposal_id("P"),
        })
        .undated()
    };
    assert_snapshot!(world.would(expired()), @"EVENT_BY_SERVER proposal_expired");
    world.actor.method = AuthMethod::System;
    assert_snapshot!(world.outcome(expired()), @"recorded");
    assert_snapshot!(state(&world, "P"), @"P1 EXPIRED");
    assert_snapshot!(world.would(expired()), @"PROPOSAL_NOT_OPEN proposal_expired.proposal [proposal=P1 state=EXPIRED state_ja=失効]");
}

#[test]
fn a_decision_made_elsewhere_has_a_paper_and_a_day() {
    let mut world = waiting();
    world.now_by("企画政策課");
    let external = |on: &str| ChangeDecided {
        external: Some(ExternalDecision {
            decided_on: day(on),
            decider: name("副市長"),
            person: None,
        }),
        ..deciding(&world, "P", DecisionOutcome::Approved)
    };
    assert_snapshot!(world.would(fact(external("2023-10-07")).undated()), @"DATE_IN_FUTURE change_decided.external.decided_on [today=2023-10-06]; FIELD_REQUIRED source_document");
    let mut event = world.event(&fact(external("2023-10-02")).undated());
    event.source_document = Some(SourceDocument {
        number: name("5企第130号"),
        title: None,
        date: None,
    });
    assert!(world.decide(&event).is_ok());
}

#[test]
fn only_what_was_decided_in_anothers_place_is_looked_at_again() {
    let mut world = waiting();
    let look = |decision: &str| {
        fact(DecisionReviewed {
            decision: event_id(decision),
            outcome: ReviewOutcome::Disagree,
            text: None,
        })
        .undated()
    };
    assert_snapshot!(world.would(look("D")), @"DECISION_UNKNOWN decision_reviewed.decision");
    world.now_by("部長");
    let approved = decided(&world, "P", DecisionOutcome::Approved).named("D");
    world.accept(approved);
    assert_snapshot!(world.would(look("D")), @"DECISION_NOT_ACTING decision_reviewed.decision; SELF_APPROVAL decision_reviewed.decision; FIELD_REQUIRED decision_reviewed.text");
}
