//! What hangs on more than role and unit.

use super::*;
use crate::domain::access::{Authorization, LoginId};
use crate::domain::event::{
    ActualConfirmed, ChangeProposed, HeadsRecorded, IndicatorMoved, InitiativeMoved, Payload,
    ProposedChange,
};

fn may(role: Role, own: bool, facts: &Facts, world: &World) -> bool {
    let seats = [seat_of(role, own)];
    asked(&Authorizer::default(), &built_in(), &seats, facts, world).is_ok()
}

fn me() -> Option<String> {
    Some(person_of(&actor(1)))
}

#[test]
fn a_clerk_corrects_their_own_entry_while_the_period_is_open() {
    let world = world();
    let mut facts = facts(&world, Action::CorrectActual);
    facts.circumstances.author = me();
    for (period, clerk, chief, director) in [
        (Closing::Open, true, true, true),
        (Closing::SoftClosed, false, true, true),
        (Closing::Closed, false, false, true),
    ] {
        facts.circumstances.period = period;
        assert_eq!(may(Role::Clerk, true, &facts, &world), clerk, "{period:?}");
        assert_eq!(may(Role::Service, true, &facts, &world), clerk);
        assert_eq!(may(Role::SectionChief, true, &facts, &world), chief);
        assert_eq!(may(Role::Director, true, &facts, &world), director);
    }
    facts.circumstances.period = Closing::Open;
    assert!(
        !may(Role::Clerk, false, &facts, &world),
        "of another section"
    );
}

#[test]
fn whoever_corrects_is_held_against_the_author_of_the_entry() {
    let mut world = world();
    world.actor = actor(1);
    world.accept(
        fact(recorded(increment("5")))
            .on("2023-06-01")
            .named("mine"),
    );
    world.actor = actor(2);
    world.accept(
        fact(recorded(increment("7")))
            .on("2023-07-01")
            .named("yours"),
    );
    for (entry, on, expected) in [("mine", "2023-06-01", true), ("yours", "2023-07-01", false)] {
        let facts = of_event(&world, fact(corrected(entry, increment("6"))).on(on)).unwrap();
        assert_eq!(facts.action, Action::CorrectActual);
        assert_eq!(may(Role::Clerk, true, &facts, &world), expected, "{entry}");
    }
}

#[test]
fn a_correction_is_of_the_day_of_what_it_corrects_too() {
    let mut world = world().at("2023-07-10");
    world.accept(fact(period_opened("第1四半期", "2023-04-01", "2023-06-30")).because("開始"));
    world.accept(fact(recorded(increment("5"))).on("2023-06-01").named("old"));
    world.accept(fact(recorded(increment("7"))).on("2023-07-01").named("new"));
    world.accept(fact(closed("第1四半期")).on("2023-07-10").because("確定"));
    let world = world.at(TODAY);
    let period = |payload: Payload, on| {
        let facts = of_event(&world, fact(payload).on(on).because("誤記"));
        facts.unwrap().circumstances.period
    };
    for (entry, on, expected) in [
        ("old", "2023-06-01", Closing::Closed),
        ("old", "2023-07-01", Closing::Closed),
        ("new", "2023-06-01", Closing::Closed),
        ("new", "2023-07-01", Closing::Open),
    ] {
        let corrected = period(corrected(entry, increment("6")).into(), on);
        let retracted = period(retracted(entry).into(), on);
        assert_eq!((corrected, retracted), (expected, expected), "{entry} {on}");
    }
}

#[test]
fn whoever_confirms_is_held_against_every_author() {
    let mut world = world();
    for n in [1, 2] {
        world.actor = actor(n);
        let entry = fact(recorded(increment("5"))).named(&format!("of {n}"));
        world.accept(entry.on(&format!("2023-06-0{n}")));
    }
    let confirmed = |entries: &[&str]| {
        let confirmed = ActualConfirmed {
            indicator: indicator_id("X"),
            entries: entries.iter().map(|name| event_id(name)).collect(),
        };
        let all = all_of_event(&world, fact(confirmed).on(TODAY));
        let authors = all.into_iter().map(|facts| facts.circumstances.author);
        authors.flatten().collect::<Vec<_>>()
    };
    let (one, two) = (person_of(&actor(1)), person_of(&actor(2)));
    assert_eq!(confirmed(&["of 1"]), std::slice::from_ref(&one));
    assert_eq!(confirmed(&["of 2", "of 1", "of 2"]), [one, two]);
}

/// Whether somebody in this seat may do all that an event comes to.
fn may_all(world: &World, held: SeatHeld, fact: Fact) -> bool {
    let all = all_of_event(world, fact);
    let authorizer = Authorizer::default();
    let permitted = |facts| {
        asked(
            &authorizer,
            &built_in(),
            std::slice::from_ref(&held),
            facts,
            world,
        )
    };
    !all.is_empty() && all.iter().all(|facts| permitted(facts).is_ok())
}

#[test]
fn a_section_chief_sets_and_moves_nothing_under_a_goal_of_another_department() {
    let mut world = world();
    world.accept(fact(goal("K", "R5", "企画財政部")));
    world.accept(fact(initiative("L", "K", 1, "財務課")));
    let chief = || seat("席", Role::SectionChief, &["企画政策課"]);
    let set = |goal, lead| fact(initiative("新", goal, 2, lead)).on(TODAY);
    assert!(may_all(&world, chief(), set("G", "企画政策課")));
    assert!(may_all(&world, chief(), set("K", "企画政策課")));
    assert!(
        !may_all(&world, chief(), set("K", "財務課")),
        "another section's"
    );
    assert!(!may_all(&world, chief(), set("H", "企画政策課")));
    let moved = |to_goal: &str| {
        let moved = InitiativeMoved {
            initiative: initiative_id("I"),
            from_goal: goal_id("G"),
            to_goal: goal_id(to_goal),
            number: 2,
        };
        fact(moved).on(TODAY).because("所管替え")
    };
    let indicator_moved = |to: &str| {
        let moved = IndicatorMoved {
            indicator: indicator_id("X"),
            from_initiative: initiative_id("I"),
            to_initiative: initiative_id(to),
        };
        fact(moved).on(TODAY).because("所管替え")
    };
    assert!(may_all(&world, chief(), moved("K")));
    assert!(!may_all(&world, chief(), moved("H")));
    assert!(may_all(&world, chief(), indicator_moved("L")));
    assert!(!may_all(&world, chief(), indicator_moved("J")));
    // The planning office keeps the whole plan.
    let planning = || seat("席", Role::Planning, &[]);
    assert!(may_all(&world, planning(), set("H", "企画政策課")));
    assert!(may_all(&world, planning(), moved("H")));
}

#[test]
fn a_move_to_another_department_is_proposed_by_those_only_who_could_make_it() {
    let mut world = world();
    world.accept(fact(goal("K", "R5", "企画財政部")));
    let proposed = |to_goal: &str| {
        let moved = InitiativeMoved {
            initiative: initiative_id("I"),
            from_goal: goal_id("G"),
            to_goal: goal_id(to_goal),
            number: 2,
        };
        let change = fact(moved).on(TODAY).because("所管替え");
        let proposal = ChangeProposed {
            proposal: proposal_id("P"),
            kind: None,
            replaces: None,
            change: ProposedChange::of(world.event(&change)),
            impact: text("来年度から"),
        };
        fact(proposal).undated()
    };
    for role in [Role::Director, Role::SectionChief, Role::Clerk] {
        let own = || seat_of(role, true);
        assert!(may_all(&world, own(), proposed("K")), "{role:?}");
        assert!(!may_all(&world, own(), proposed("H")), "{role:?}");
        // Nor do those propose it who would get it.
        assert!(!may_all(&world, seat_of(role, false), proposed("H")));
    }
    // The planning office does, for the section that answers.
    for to_goal in ["K", "H"] {
        let mut all = all_of_event(&world, proposed(to_goal));
        for facts in &mut all {
            facts.circumstances.on_behalf_of = Some(unit_id("企画政策課"));
            facts.circumstances.sourced = true;
        }
        let both_ends = all.iter().map(|facts| facts.action).collect::<Vec<_>>();
        let at_arrival = match to_goal {
            "H" => Action::ChangeInitiative,
            _ => Action::ProposeChange,
        };
        assert_eq!(both_ends, [Action::ProposeChange, at_arrival]);
        for facts in &all {
            assert!(may(Role::Planning, true, facts, &world), "{facts:?}");
        }
    }
}

#[test]
fn of_goals_that_policies_cannot_tell_apart_one_is_asked_about() {
    let mut world = world();
    for name in ["K", "M", "N"] {
        world.accept(fact(goal(name, "R5", "総務部")));
    }
    let asked = |apart| {
        let all = reading_goals(&world.directory, day(TODAY), apart);
        all.len()
    };
    // G, H with its section, and one of the three without any.
    assert_eq!(asked(false), 3);
    assert_eq!(asked(true), 5);
    for (condition, apart) in [
        ("resource == Daicho::Goal::\"R5/K\"", true),
        ("resource is Daicho::Goal in Daicho::Goal::\"R5/K\"", true),
        ("resource is Daicho::Goal in Daicho::Plan::\"R5\"", false),
        ("resource is Daicho::Goal", false),
    ] {
        let text = format!("@id(\"n\") permit (principal, action, {condition});");
        let policies = CompiledPolicies::read(&AccessPolicy::parse(&text).unwrap()).unwrap();
        assert_eq!(policies.name_goals(), apart, "{condition}");
    }
    assert!(!CompiledPolicies::built_in().name_goals());
}

#[test]
fn what_was_handed_over_is_not_ruled_by_an_earlier_date() {
    let mut world = world();
    world.accept(
        fact(transferred("I", "財務課"))
            .on("2023-10-01")
            .because("改編"),
    );
    let chief = |section| seat("席", Role::SectionChief, &[section]);
    let backdated = |payload: Payload| fact(payload).on("2023-09-30").because("改編");
    for payload in [
        Payload::from(target_set("X", value("5"))),
        transferred("I", "企画政策課").into(),
    ] {
        let what = payload.event_type().code();
        assert!(
            !may_all(&world, chief("企画政策課"), backdated(payload.clone())),
            "{what}"
        );
        assert!(
            may_all(&world, chief("財務課"), backdated(payload)),
            "{what}"
        );
    }
    // What it did until then, it still reports and evaluates.
    for payload in [
        Payload::from(recorded(increment("5"))),
        self_evaluated(of_indicator("X"), "上半期", None).into(),
    ] {
        let what = payload.event_type().code();
        assert!(
            may_all(&world, chief("企画政策課"), backdated(payload.clone())),
            "{what}"
        );
        assert!(
            !may_all(&world, chief("財務課"), backdated(payload)),
            "{what}"
        );
    }
}

#[test]
fn nobody_approves_what_they_proposed() {
    let world = world();
    let mut facts = facts(&world, Action::DecideChange);
    for role in [Role::Director, Role::SectionChief, Role::Evaluator] {
        facts.circumstances.proposer = None;
        assert!(may(role, true, &facts, &world), "{role:?}");
        facts.circumstances.proposer = me();
        let seats = [seat_of(role, true)];
        let denied = asked(&Authorizer::default(), &built_in(), &seats, &facts, &world);
        let cause = Cause::Forbidden(vec!["no-self-approval".to_owned()]);
        assert_eq!(denied.unwrap_err().cause, cause, "{role:?}");
    }
}

#[test]
fn the_planning_office_enters_for_a_section_that_it_names_with_what_shows_it() {
    let world = world();
    let mut facts = facts(&world, Action::RecordActual);
    assert!(!may(Role::Planning, true, &facts, &world));
    facts.circumstances.on_behalf_of = Some(unit_id("企画政策課"));
    assert!(
        !may(Role::Planning, true, &facts, &world),
        "without a source"
    );
    facts.circumstances.sourced = true;
    assert!(may(Role::Planning, true, &facts, &world));
    facts.circumstances.on_behalf_of = Some(unit_id("人事課"));
    assert!(
        !may(Role::Planning, true, &facts, &world),
        "for another section"
    );
}

#[test]
fn personal_texts_are_read_for_a_purpose_and_never_by_administrators() {
    let world = world();
    let mut facts = facts(&world, Action::ReadPersonalData);
    facts.circumstances.purpose = Some("開示請求".to_owned());
    for (role, own, expected) in [
        (Role::Director, true, true),
        (Role::Director, false, false),
        (Role::SectionChief, true, true),
        (Role::SectionChief, false, false),
        (Role::Clerk, true, false),
        (Role::Auditor, true, true),
        (Role::Planning, true, false),
        (Role::Administrator, true, false),
        (Role::Service, true, false),
    ] {
        assert_eq!(may(role, own, &facts, &world), expected, "{role:?} {own}");
    }
    facts.circumstances.author = me();
    assert!(may(Role::Clerk, true, &facts, &world), "their own entry");
}

#[test]
fn sections_of_one_department_read_what_chiefs_of_another_do_not() {
    let world = world();
    let facts = facts(&world, Action::ReadGoal);
    for (section, role, expected) in [
        ("財務課", Role::SectionChief, true),
        ("人事課", Role::SectionChief, false),
        ("財務課", Role::Clerk, false),
        ("企画政策課", Role::Clerk, true),
    ] {
        let seats = [seat("席", role, &[section])];
        let may = asked(&Authorizer::default(), &built_in(), &seats, &facts, &world).is_ok();
        assert_eq!(may, expected, "{section} {role:?}");
    }
}

#[test]
fn a_goal_whose_indicators_are_all_public_is_read_by_everybody_signed_in() {
    let disclosed = |disclosure| {
        let definition = Definition {
            disclosure,
            ..count()
        };
        let world = World::measuring(definition).at(TODAY);
        let facts = facts(&world, Action::ReadGoal);
        let seen = asked(&Authorizer::default(), &built_in(), &[], &facts, &world);
        (seen.is_ok(), may(Role::Clerk, false, &facts, &world))
    };
    assert_eq!(disclosed(Disclosure::Public), (true, true));
    assert_eq!(disclosed(Disclosure::Internal), (false, false));
    // A goal without indicators says nothing that was marked.
    let world = world();
    let bare = reading_goal(&world.directory, goal_id("H"), day(TODAY)).unwrap();
    assert!(asked(&Authorizer::default(), &built_in(), &[], &bare, &world).is_err());
}

#[test]
fn what_only_the_server_records_is_nobodys() {
    let world = world();
    let none = of_event(
        &world,
        fact(HeadsRecorded {
            size: 1,
            root: [0; 32],
            streams: 1,
            closed_by: None,
        })
        .undated(),
    );
    assert_eq!(none, None);
}

#[test]
fn named_administrators_are_let_in_to_begin_and_cannot_be_locked_out() {
    let world = world();
    let login = LoginId {
        issuer: None,
        subject: name("somebody"),
    };
    let authorizer = Authorizer::new(true, vec![login]);
    let locked = "@id(\"n\") forbid (principal, action, resource);";
    let locked = CompiledPolicies::read(&AccessPolicy::parse(locked).unwrap()).unwrap();
    let locked = InForce::of(Arc::new(locked));
    for (action, expected) in [
        (Action::PublishAccessPolicy, true),
        (Action::GrantRole, true),
        (Action::RegisterPerson, true),
        (Action::RegisterDelegation, false),
        (Action::OperateServer, true),
        (Action::RecordActual, false),
        (Action::ReadGoal, false),
        (Action::ReadPersonalData, false),
    ] {
        let facts = facts(&world, action);
        let outcome = asked(&authorizer, &locked, &[], &facts, &world);
        assert_eq!(outcome.is_ok(), expected, "{action:?}");
        if let Ok(grounds) = outcome {
            assert_eq!(
                grounds.authorization.policy_ids,
                [Authorization::NAMED_ADMINISTRATOR]
            );
        }
    }
}
