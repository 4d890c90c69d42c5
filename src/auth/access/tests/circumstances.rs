//! What hangs on more than role and unit.

use super::*;
use crate::domain::access::LoginId;
use crate::domain::event::HeadsRecorded;

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
        (Action::OperateServer, true),
        (Action::RecordActual, false),
        (Action::ReadGoal, false),
        (Action::ReadPersonalData, false),
    ] {
        let facts = facts(&world, action);
        let outcome = asked(&authorizer, &locked, &[], &facts, &world);
        assert_eq!(outcome.is_ok(), expected, "{action:?}");
        if let Ok(grounds) = outcome {
            assert_eq!(grounds.authorization.policy_ids, [NAMED_ADMINISTRATOR]);
        }
    }
}
