//! What no policy names is only numbered: fewer questions, the same answers.

use super::*;
use crate::auth::access::question::{Asker, Question};

/// Changes no answer, and names every unit, goal, plan, seat and person that the tests ask about.
const NAMES_ALL: &str = r#"
@id("names-all")
forbid (principal, action, resource)
  when {
    false && (
      [Daicho::Unit::"企画財政部", Daicho::Unit::"企画政策課", Daicho::Unit::"総務部", Daicho::Unit::"人事課"]
        .contains(Daicho::Unit::"財務課") ||
      [Daicho::Goal::"G", Daicho::Goal::"H"].contains(Daicho::Goal::"-") ||
      Daicho::Plan::"R5" == Daicho::Plan::"-" || Daicho::Seat::"席" == Daicho::Seat::"-" ||
      Daicho::Ledger::"KARIYA" == Daicho::Ledger::"-" ||
      ["監査", "PERSON-0", "PERSON-1", "PERSON-2"].contains("-")
    )
  };
"#;

fn policies(text: &str) -> Arc<CompiledPolicies> {
    let text = AccessPolicy::parse(text).unwrap();
    Arc::new(CompiledPolicies::read(&text).unwrap())
}

fn naming_all() -> Arc<CompiledPolicies> {
    let people = (0..3).fold(NAMES_ALL.to_owned(), |text, n| {
        text.replace(&format!("PERSON-{n}"), &person_of(&actor(n)))
    });
    policies(&format!("{BUILT_IN}{people}"))
}

/// The question whether whoever has a seat of the role for the goal's own section may do `action`.
fn question(policies: &CompiledPolicies, world: &World, goal: &str, person: u128) -> Question {
    let today = day(TODAY);
    let mut facts = reading_goal(&world.directory, goal_id(goal), today).unwrap();
    facts.action = Action::CorrectActual;
    facts.circumstances.author = Some(person_of(&actor(person)));
    let seat = seat_of(Role::Clerk, goal == "G");
    let seat = SeatHeld {
        code: code(&format!("{goal}の担当")),
        ..seat
    };
    let asker = Asker::in_seat(&seat, &person_of(&actor(person)), AuthMethod::Oidc);
    Question::new(policies, &asker, &facts, &world.directory, today)
}

#[test]
fn what_differs_in_names_alone_is_one_question() {
    let world = world();
    let built_in = CompiledPolicies::built_in();
    let of_one = question(built_in, &world, "G", 1);
    assert_eq!(of_one, question(built_in, &world, "H", 2));
    for named in [
        "principal in Daicho::Unit::\"企画政策課\"",
        "principal == Daicho::Seat::\"Gの担当\"",
        "resource == Daicho::Goal::\"G\"",
        &format!("principal.person == \"{}\"", person_of(&actor(1))),
        "principal.person like \"0189*\"",
    ] {
        let text = format!(
            "{BUILT_IN}@id(\"x\") permit (principal is Daicho::Seat, \
             action == Daicho::Action::\"CorrectActual\", resource) when {{ {named} }};"
        );
        let policies = policies(&text);
        let of_one = question(&policies, &world, "G", 1);
        assert_ne!(of_one, question(&policies, &world, "H", 2), "{named}");
    }
}

#[test]
fn whoever_a_policy_names_is_told_from_others() {
    let world = world();
    let text = format!(
        "{BUILT_IN}@id(\"x\") permit (principal is Daicho::Seat, action == Daicho::Action::\"EraseData\", \
         resource) when {{ principal.person == \"{}\" }};",
        person_of(&actor(1))
    );
    let (named, authorizer) = (InForce::of(policies(&text)), Authorizer::default());
    let facts = facts(&world, Action::EraseData);
    let may = |n| {
        let (actor, seats) = (actor(n), [seat_of(Role::Clerk, true)]);
        let holding = Holding {
            actor: &actor,
            seats: &seats,
            chosen: None,
        };
        let answer = authorizer.permit(&named, holding, &facts, &world.directory, world.today);
        answer.is_ok()
    };
    assert_eq!([1, 2, 1, 3].map(may), [true, false, true, false]);
}

#[test]
fn no_policy_names_what_is_only_numbered() {
    let permits = |when: &str| {
        format!(
            "{BUILT_IN}@id(\"x\") permit (principal is Daicho::Seat, action == Daicho::Action::\"EraseData\", \
             resource) when {{ {when} }};"
        )
    };
    let refused = |text: &str| {
        let text = AccessPolicy::parse(text).unwrap();
        let faults = CompiledPolicies::read(&text).unwrap_err();
        faults
            .iter()
            .all(|fault| fault.problem.contains("a control character"))
    };
    for one in ["\\u{1}0", "\u{1}0", "\\x010"] {
        assert!(
            refused(&permits(&format!("principal == Daicho::Seat::\"{one}\""))),
            "{one:?}"
        );
        assert!(
            refused(&permits(&format!("principal in Daicho::Unit::\"{one}\""))),
            "{one:?}"
        );
    }
    assert!(refused(&permits("principal.person == \"\u{1}0\"")));
    // As an escape it is a text that nobody has.
    let escaped = InForce::of(policies(&permits("principal.person == \"\\u{1}0\"")));
    let world = world();
    let facts = facts(&world, Action::EraseData);
    let seats = [seat_of(Role::Clerk, true)];
    assert!(asked(&Authorizer::default(), &escaped, &seats, &facts, &world).is_err());
}

#[test]
fn what_has_no_code_yet_is_named_by_its_id() {
    let world = world();
    let goal = goal_id("set only now");
    let text = format!(
        "{BUILT_IN}@id(\"x\") forbid (principal, action == Daicho::Action::\"SetGoal\", \
         resource == Daicho::Goal::\"{goal}\");"
    );
    let mut facts = facts(&world, Action::SetGoal);
    let Resource::Goal(of) = &mut facts.resource else {
        panic!("it is done to a goal")
    };
    of.goal = goal;
    let seats = [seat_of(Role::Director, true)];
    let ask = |policies: &InForce| asked(&Authorizer::default(), policies, &seats, &facts, &world);
    assert!(ask(&built_in()).is_ok());
    let denied = ask(&InForce::of(policies(&text))).unwrap_err();
    assert_eq!(denied.cause, Cause::Forbidden(vec!["x".to_owned()]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn answers_are_those_to_questions_with_every_name(
        role in 0_usize..8,
        own in any::<bool>(),
        action in 0_usize..64,
        goal in any::<bool>(),
        (me, author, proposer) in (0_u128..3, 0_u128..3, 0_u128..3),
        period in 0_usize..3,
        purpose in any::<bool>(),
        behalf in 0_usize..3,
        sourced in any::<bool>(),
    ) {
        let world = world();
        let action = Action::ALL[action % Action::ALL.len()];
        let mut facts = facts(&world, action);
        if action.on() == On::Goal && goal {
            facts.resource = reading_goal(&world.directory, goal_id("H"), facts.day).unwrap().resource;
        }
        facts.circumstances.period = Closing::ALL[period];
        facts.circumstances.author = Some(person_of(&actor(author)));
        facts.circumstances.proposer = Some(person_of(&actor(proposer)));
        facts.circumstances.purpose = purpose.then(|| "監査".to_owned());
        facts.circumstances.sourced = sourced;
        let units = [None, Some(unit_id("企画政策課")), Some(unit_id("人事課"))];
        facts.circumstances.on_behalf_of = units[behalf];
        let (me, seats) = (actor(me), [seat_of(Role::ALL[role], own)]);
        let ask = |policies: &InForce| {
            let holding = Holding { actor: &me, seats: &seats, chosen: None };
            let answer = Authorizer::default().permit(policies, holding, &facts, &world.directory, world.today);
            answer.map(|grounds| (grounds.seat, grounds.authorization.policy_ids.clone()))
        };
        let permitted = ask(&built_in());
        prop_assert_eq!(&permitted, &ask(&InForce::of(naming_all())));
        // The short way says the same.
        let holding = Holding { actor: &me, seats: &seats, chosen: None };
        let permits = Authorizer::default().permits(&built_in(), holding, &facts, &world.directory, world.today);
        prop_assert_eq!(permits, permitted.is_ok());
    }
}
