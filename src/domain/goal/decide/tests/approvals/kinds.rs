//! Which kind of change it is, by every way in which less can be asked for and somebody else would have to decide.

use super::*;
use crate::domain::indicator::{Comparator, Definition};
use crate::domain::target::{Aim, Baseline, EndState, PlanProfile};

/// The kind that the rules find for a change that is proposed.
fn kind(world: &World, change: Fact) -> String {
    let event = world.event(&proposed(world, "K", change));
    match world.decide(&event) {
        Ok(decided) => match &decided.events[0].payload {
            Payload::ChangeProposed(p) => p.kind.unwrap().code().to_owned(),
            other => panic!("{other:?}"),
        },
        Err(broken) => format!("{broken:?}"),
    }
}

fn revised(replaces: &str, aim: Aim, from: &str) -> Fact {
    fact(target_revised("X", replaces, aim))
        .on(from)
        .because("見直し")
}

#[test]
fn less_than_what_would_be_in_force_on_the_day_is_less() {
    let mut world = World::measuring(count());
    world.accept(fact(target_set("X", value("50"))).named("T"));
    world.accept(revised("T", value("40"), "2024-01-01").named("U"));
    // 45 is more than the newest, and less than the 50 that hold until the new year.
    assert_eq!(
        kind(&world, revised("U", value("45"), "2023-11-01")),
        "TARGET_LOWERED"
    );
    assert_eq!(
        kind(&world, revised("U", value("45"), "2024-01-01")),
        "TARGET_RAISED"
    );
    assert_eq!(
        kind(&world, revised("U", value("55"), "2023-11-01")),
        "TARGET_RAISED"
    );
    assert_eq!(
        kind(&world, revised("U", value("39"), "2024-02-01")),
        "TARGET_LOWERED"
    );
}

#[test]
fn what_was_aimed_at_under_another_definition_cannot_be_compared() {
    let mut world = World::measuring(count());
    world.accept(fact(target_set("X", value("50"))).named("T"));
    let at_most = Definition {
        comparator: Comparator::Le,
        ..count()
    };
    world.accept(
        fact(redefined("X", 2, at_most))
            .on("2023-10-06")
            .because("実態に合わせる"),
    );
    // By its number alone 60 would be less of a cap and 40 more of one.
    assert_eq!(
        kind(&world, revised("T", value("40"), "2023-10-10")),
        "TARGET_OTHERWISE"
    );
    assert_eq!(
        kind(&world, revised("T", value("60"), "2023-10-10")),
        "TARGET_OTHERWISE"
    );
    world.accept(revised("T", value("40"), "2023-10-10").named("U"));
    assert_eq!(
        kind(&world, revised("U", value("60"), "2023-11-01")),
        "TARGET_LOWERED"
    );
    assert_eq!(
        kind(&world, revised("U", value("30"), "2023-11-01")),
        "TARGET_RAISED"
    );
}

#[test]
fn begun_sooner_is_not_more_than_finished() {
    let mut world = World::measuring(milestone(2));
    world.accept(fact(target_set("X", done_by("2024-03-31"))).named("T"));
    let begun = Aim::Done {
        due: day("2024-02-29"),
        end_state: EndState::Started,
    };
    assert_eq!(
        kind(&world, revised("T", begun, "2023-10-10")),
        "TARGET_OTHERWISE"
    );
    assert_eq!(
        kind(&world, revised("T", done_by("2024-02-29"), "2023-10-10")),
        "TARGET_RAISED"
    );
}

#[test]
fn a_part_that_counts_for_less_is_dropped() {
    let kind_of = |before: Definition, change: &dyn Fn(&mut Definition)| {
        let mut after = before.clone();
        change(&mut after);
        let change = fact(redefined("X", 2, after)).on("2023-10-10");
        kind(&World::measuring(before), change.because("見直し"))
    };
    let until = |until: &str| {
        let until = Some(day(until));
        move |definition: &mut Definition| definition.members[0].until = until
    };
    assert_eq!(kind_of(coverage(3), &until("2023-09-30")), "PART_DROPPED");
    let renamed = |definition: &mut Definition| definition.members[0].label = title("改称園");
    assert_eq!(kind_of(coverage(3), &renamed), "REDEFINED");
    let later = |definition: &mut Definition| definition.members[0].from = Some(day("2024-01-01"));
    assert_eq!(kind_of(coverage(3), &later), "PART_DROPPED");
    let all_on_one = |definition: &mut Definition| {
        definition.checkpoints[0].weight = Some(q("0"));
        definition.checkpoints[1].weight = Some(q("100"));
    };
    assert_eq!(kind_of(milestone(2), &all_on_one), "PART_DROPPED");
}

#[test]
fn a_proposal_is_decided_as_what_it_is_by_then() {
    let mut world = World::measuring(count()).at(DAY);
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    world.accept(fact(recorded(increment("3"))).on("2023-05-01").named("E"));
    world.now_by("課長");
    let change = fact(corrected("E", increment("4"))).on("2023-05-01");
    let proposal = proposed(&world, "P", change.because("入力誤り"));
    world.accept(proposal);
    world.now_by("部長");
    assert_snapshot!(world.would(approved(&world, "P")), @"recorded, AUTHORITY_NOT_JUDGED");
    world.accept(fact(soft_closed("上半期")).on(DAY));
    assert_snapshot!(world.would(approved(&world, "P")), @"PROPOSAL_KIND_CHANGED change_decided.proposal [kind=CORRECTED_SOFT_CLOSED kind_ja=実績の訂正（受付締切後） proposed_kind=CORRECTED_OPEN proposed_kind_ja=実績の訂正（受付中の期間）]");
    // Whoever refuses it needs no other proposal for that.
    let returned = ChangeDecided {
        outcome: DecisionOutcome::Returned,
        text: Some(text("締め切られた")),
        ..approving(&world, "P")
    };
    assert_snapshot!(world.would(fact(returned).undated()), @"recorded, AUTHORITY_NOT_JUDGED");
    // Nor does it stay a lowering when lower is better by then.
    let mut world = World::measuring(count()).at(DAY).by("課長");
    world.accept(fact(target_set("X", value("50"))).named("T"));
    let proposal = proposed(&world, "P", to("60"));
    world.accept(proposal);
    let at_most = Definition {
        comparator: Comparator::Le,
        ..count()
    };
    world.accept(fact(redefined("X", 2, at_most)).on(DAY).because("x"));
    world.now_by("部長");
    assert_snapshot!(short(&world.would(approved(&world, "P"))), @"PROPOSAL_KIND_CHANGED change_decided.proposal");
}

#[test]
fn the_first_of_the_plan_is_set_and_another_is_another_measure() {
    let mut world = World::measuring(count());
    world.accept(fact(target_set("X", value("50"))));
    let from = |value: &str| {
        fact(BaselineSet {
            indicator: indicator_id("X"),
            baseline: Baseline {
                value: q(value),
                as_of: day("2023-03-31"),
                source: None,
            },
        })
    };
    assert_eq!(kind(&world, from("10")), "INITIAL_PLAN");
    world.accept(from("10"));
    assert_eq!(kind(&world, from("20")), "REDEFINED");
    let along = |profile: PlanProfile| {
        fact(PlanProfileSet {
            indicator: indicator_id("X"),
            profile,
            assumed: false,
        })
    };
    assert_eq!(kind(&world, along(PlanProfile::Linear)), "INITIAL_PLAN");
    world.accept(along(PlanProfile::Linear));
    assert_eq!(kind(&world, along(PlanProfile::AtEnd)), "REDEFINED");
    let set = GoalSet {
        pillar: 1,
        ..goal("K", "R5", "総務部")
    };
    let mut proposal = world.event(&proposed(&world, "P", fact(set)));
    proposal.stream = Stream::goal(goal_id("K"));
    let told = world
        .decide(&proposal)
        .map(|decided| match &decided.events[0].payload {
            Payload::ChangeProposed(p) => p.kind,
            other => panic!("{other:?}"),
        });
    assert_eq!(told, Ok(Some(ChangeKind::InitialPlan)));
}

#[test]
fn whoever_acts_for_an_administrator_becomes_one() {
    let mut world = staffed();
    for who in ["管理", "丁"] {
        world.accept(fact(PersonRegistered {
            person: person_id(who),
            name: text(who),
            logins: Vec::new(),
        }));
    }
    // As it was decided.
    let granted = world.event(&fact(RoleGranted {
        grant: GrantId::derived(SPACE, "管理"),
        seat: code("管理職"),
        title: title("管理者"),
        role: Role::Administrator,
        units: Vec::new(),
        holder: Holder::Person(person_id("管理")),
    }));
    world.apply(granted);
    let acting = |seat: &str| {
        let delegated = DelegationRegistered {
            delegation: delegation_id("代"),
            seat: code(seat),
            delegate: person_id("丁"),
            ground: text("出張のため"),
        };
        fact(delegated).on("2023-10-10").until("2023-10-20")
    };
    assert_snapshot!(world.would(acting("管理職")), @"DECISION_REQUIRED delegation_registered [kind=ADMINISTRATOR_GRANTED kind_en=administrator granted kind_ja=管理者権限の付与 deciders=planning office, director, evaluator deciders_ja=企画政策課・部長・副市長・市長 consulted=- consulted_ja=-]");
    assert_snapshot!(world.would(acting("課長職")), @"recorded");
}

#[test]
fn whoever_signs_in_as_an_administrator_becomes_one() {
    let mut world = staffed();
    for who in ["管理", "丁"] {
        world.accept(fact(PersonRegistered {
            person: person_id(who),
            name: text(who),
            logins: vec![login(who)],
        }));
    }
    // As it was decided: a seat from a later day on.
    let granted = world.event(
        &fact(RoleGranted {
            grant: GrantId::derived(SPACE, "管理"),
            seat: code("管理職"),
            title: title("管理者"),
            role: Role::Administrator,
            units: Vec::new(),
            holder: Holder::Person(person_id("管理")),
        })
        .on("2023-10-10"),
    );
    world.apply(granted);
    let signing_in = |who: &str, logins: &[&str]| {
        let logins = logins.iter().map(|subject| login(subject)).collect();
        let changed = PersonChanged {
            person: person_id(who),
            name: None,
            logins,
        };
        fact(changed).on(DAY)
    };
    let added = || signing_in("管理", &["管理", "管理の端末"]);
    let required = "DECISION_REQUIRED person_changed";
    assert_eq!(short(&world.would(added())), required);
    let taken_back = signing_in("管理", &[]);
    assert_snapshot!(world.would(taken_back), @"recorded");
    // It is proposed and decided, one at a time, and never by whoever would sign in so.
    world.now_by("企画");
    let proposal = proposed(&world, "P", added());
    assert_snapshot!(world.outcome(proposal), @"recorded");
    let again = proposed(&world, "Q", signing_in("管理", &["別"]));
    assert_snapshot!(short(&world.would(again)), @"PROPOSAL_OPEN change_proposed.change");
    let own = proposed(&world, "Q", signing_in("管理", &["企画"]));
    assert!(world.would(own).contains("SELF_GRANT"));
    world.now_by("部長");
    assert_snapshot!(world.outcome(approved(&world, "P")), @"recorded");
    let known = world.directory.person_of(None, &name("管理の端末"));
    assert_eq!(known, Some(person_id("管理")));
    // Whoever only acts for one is one too; nobody else is.
    assert_snapshot!(world.would(signing_in("丁", &["丁", "丁の端末"])), @"recorded");
    let delegated = DelegationRegistered {
        delegation: delegation_id("代"),
        seat: code("管理職"),
        delegate: person_id("丁"),
        ground: text("出張のため"),
    };
    let delegated = fact(delegated).on("2023-10-10").until("2023-10-20");
    let delegated = world.event(&delegated);
    world.apply(delegated);
    assert_eq!(
        short(&world.would(signing_in("丁", &["丁", "丁の端末"]))),
        required
    );
}

fn login(subject: &str) -> LoginId {
    LoginId {
        issuer: None,
        subject: name(subject),
    }
}
