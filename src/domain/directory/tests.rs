//! What stands where on a day: single cases, and what holds for every history.

use jiff::Span;
use proptest::prelude::*;

use super::*;
use crate::domain::access::{Holder, LoginId};
use crate::domain::event::*;
use crate::domain::id::PersonId;
use crate::domain::testing::*;

/// The day that is `n` days after the first of the cycle.
fn after(n: i64) -> Date {
    day("2023-04-01").checked_add(Span::new().days(n)).unwrap()
}

/// A ledger where nothing refuses: `apply` knows no rules.
fn history(facts: impl IntoIterator<Item = Fact>) -> World {
    let mut world = World::empty();
    for fact in facts {
        let event = world.event(&fact);
        world.apply(event);
    }
    world
}

fn names(ids: impl IntoIterator<Item = GoalId>) -> Vec<GoalId> {
    ids.into_iter().collect()
}

#[test]
fn what_takes_effect_later_does_not_stand_yet() {
    let world = history([
        fact(plan("R5", 2023)),
        fact(org_unit("部", UnitKind::Department, None)),
        fact(goal("G", "R5", "部")).on("2023-04-01"),
        fact(goal("H", "R5", "部")).on("2023-10-01"),
    ]);
    let on = |date| names(world.directory.goals_of_on(plan_id("R5"), day(date)));
    assert_eq!(on("2023-03-31"), []);
    assert_eq!(on("2023-09-30"), [goal_id("G")]);
    assert_eq!(on("2023-10-01"), [goal_id("G"), goal_id("H")]);
    let all = names(world.directory.goals_of(plan_id("R5")));
    assert_eq!(all, [goal_id("G"), goal_id("H")]);
}

#[test]
fn a_move_takes_effect_on_its_day() {
    let moved = GoalMoved {
        goal: goal_id("G"),
        department: unit_id("総務部"),
        pillar: 2,
    };
    let mut world = World::planned();
    world.accept(fact(moved).on("2023-10-01").because("改編"));
    let entry = world.directory.goal(goal_id("G")).unwrap();
    let on = |date| {
        let place = entry.placed_on(day(date));
        (place.department, place.pillar)
    };
    assert_eq!(on("2023-09-30"), (unit_id("企画財政部"), 1));
    assert_eq!(on("2023-10-01"), (unit_id("総務部"), 2));
    assert_eq!(entry.department(), unit_id("総務部"));
}

#[test]
fn an_initiative_stands_under_one_goal_on_each_day() {
    let moved = InitiativeMoved {
        initiative: initiative_id("I"),
        from_goal: goal_id("G"),
        to_goal: goal_id("H"),
        number: 2,
    };
    let mut world = World::planned();
    world.accept(fact(moved).on("2023-08-01").because("体系変更"));
    let under = |goal: &str, date| -> Vec<InitiativeId> {
        let found = world.directory.initiatives_of_on(goal_id(goal), day(date));
        found.collect()
    };
    assert_eq!(under("G", "2023-07-31"), [initiative_id("I")]);
    assert_eq!(under("H", "2023-07-31"), [initiative_id("J")]);
    assert_eq!(under("G", "2023-08-01"), []);
    let both = [initiative_id("J"), initiative_id("I")];
    assert_eq!(under("H", "2023-08-01"), both);
    let now: Vec<_> = world.directory.initiatives_of(goal_id("H")).collect();
    assert_eq!(now, both);
}

#[test]
fn a_goal_rests_from_the_day_it_was_suspended_to_the_day_it_was_resumed() {
    let goal = goal_id("G");
    let mut world = World::planned();
    for (payload, from) in [
        (Payload::from(GoalSuspended { goal }), "2023-06-01"),
        (GoalResumed { goal }.into(), "2023-07-01"),
        (GoalCancelled { goal }.into(), "2024-01-01"),
    ] {
        world.accept(fact(payload).on(from).because("理由"));
    }
    let entry = world.directory.goal(goal).unwrap();
    let on = |date| entry.phase_on(day(date));
    assert_eq!(on("2023-05-31"), Phase::Active);
    assert_eq!(on("2023-06-30"), Phase::Suspended(day("2023-06-01")));
    assert_eq!(on("2023-07-01"), Phase::Active);
    assert_eq!(on("2024-03-31"), Phase::Cancelled(day("2024-01-01")));
}

#[test]
fn a_new_name_leaves_a_later_place_in_the_tree_as_it_is() {
    let world = history([
        fact(org_unit("甲部", UnitKind::Department, None)),
        fact(org_unit("乙部", UnitKind::Department, None)),
        fact(org_unit("課", UnitKind::Section, Some("甲部"))),
        fact(OrgUnitChanged {
            name: Some(title("新課")),
            ..unit_changed("課")
        })
        .on("2023-10-01"),
        fact(OrgUnitChanged {
            parent: Some(unit_id("乙部")),
            ..unit_changed("課")
        })
        .on("2023-07-01"),
    ]);
    let unit = world.directory.unit(unit_id("課")).unwrap();
    let on = |date| {
        let department = world.directory.department_of(unit_id("課"), day(date));
        (unit.on(day(date)).unwrap().name.ja.as_str(), department)
    };
    assert_eq!(on("2023-06-30"), ("課", Some(unit_id("甲部"))));
    assert_eq!(on("2023-07-01"), ("課", Some(unit_id("乙部"))));
    assert_eq!(on("2023-10-01"), ("新課", Some(unit_id("乙部"))));
}

/// A change of structure with effect from a day, about one of a few things.
#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    what: usize,
    other: usize,
    number: u32,
    from: i64,
}

const NAMES: [&str; 3] = ["甲", "乙", "丙"];

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let one = (0_u8..13, 0..3_usize, 0..3_usize, 1..5_u32, 0..40_i64);
    let one = one.prop_map(|(kind, what, other, number, from)| Step {
        kind,
        what,
        other,
        number,
        from,
    });
    prop::collection::vec(one, 0..40)
}

/// Units, goals, initiatives and indicators, each set with effect from a day of its own.
fn setting(starts: &[i64]) -> Vec<Fact> {
    let mut facts = vec![fact(plan("R5", 2023))];
    let mut starts = starts.iter().copied().cycle();
    let mut set = |payload: Payload| {
        let mut fact = fact(payload);
        fact.valid = starts.next().map(|n| Validity::from(after(n)));
        facts.push(fact);
    };
    for name in NAMES {
        set(org_unit(name, UnitKind::Department, None).into());
    }
    for name in NAMES {
        set(goal(name, "R5", name).into());
    }
    for name in NAMES {
        set(initiative(name, name, 1, name).into());
    }
    for name in NAMES {
        set(defined(name, name, count()).into());
    }
    facts
}

fn change(step: &Step) -> Fact {
    let (what, other) = (NAMES[step.what], NAMES[step.other]);
    let goal = goal_id(what);
    let initiative = initiative_id(what);
    let indicator = indicator_id(what);
    let (words, source_text) = (
        title(&format!("題{}", step.number)),
        text(&format!("文{}", step.number)),
    );
    let payload: Payload = match step.kind {
        0 => OrgUnitChanged {
            name: Some(words),
            ..unit_changed(what)
        }
        .into(),
        1 => OrgUnitChanged {
            parent: Some(unit_id(other)),
            ..unit_changed(what)
        }
        .into(),
        2 => GoalReworded {
            goal,
            title: words,
            source_text,
        }
        .into(),
        3 => GoalMoved {
            goal,
            department: unit_id(other),
            pillar: step.number,
        }
        .into(),
        4 => GoalSuspended { goal }.into(),
        5 => GoalResumed { goal }.into(),
        6 => GoalCancelled { goal }.into(),
        7 => InitiativeMoved {
            initiative,
            from_goal: goal,
            to_goal: goal_id(other),
            number: step.number,
        }
        .into(),
        8 => InitiativeCancelled { initiative }.into(),
        9 => ResponsibilityTransferred {
            initiative,
            lead_unit: unit_id(other),
            contributing_units: vec![unit_id(what)],
        }
        .into(),
        10 => IndicatorMoved {
            indicator,
            from_initiative: initiative,
            to_initiative: initiative_id(other),
        }
        .into(),
        11 => IndicatorReworded {
            indicator,
            title: words,
            source_text,
            confirms: Vec::new(),
        }
        .into(),
        _ => IndicatorCancelled { indicator }.into(),
    };
    let mut fact = fact(payload);
    fact.valid = Some(Validity::from(after(step.from)));
    fact
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// What stands on a day is what is newest once only the changes in effect by then were recorded, in the
    /// order of their days.
    #[test]
    fn a_day_sees_the_changes_in_effect_by_then(
        starts in prop::collection::vec(0..40_i64, 12),
        steps in steps(),
        on in 0..42_i64,
    ) {
        let settings = setting(&starts);
        let whole = history(settings.iter().cloned().chain(steps.iter().map(change)));
        // The same events at the same positions, those of later days left out.
        let first = 1 + settings.len() as u64;
        let mut effective: Vec<(u64, &Step)> =
            (first..).zip(&steps).filter(|(_, step)| step.from <= on).collect();
        effective.sort_by_key(|(position, step)| (step.from, *position));
        let mut then = history(settings);
        for (position, step) in effective {
            let event = then.event(&change(step));
            then.directory.apply(&placed(event, position));
        }

        let (whole, then, on) = (&whole.directory, &then.directory, after(on));
        let standing: Vec<_> = then
            .goals_of(plan_id("R5"))
            .filter(|id| then.goal(*id).unwrap().from <= on)
            .collect();
        prop_assert_eq!(names(whole.goals_of_on(plan_id("R5"), on)), standing);
        for name in NAMES {
            let (a, b) = (whole.goal(goal_id(name)).unwrap(), then.goal(goal_id(name)).unwrap());
            prop_assert_eq!(a.placed_on(on), b.place());
            prop_assert_eq!(a.worded_on(on), b.wording());
            prop_assert_eq!(a.phase_on(on), b.phase());
            let initiatives: Vec<_> = whole.initiatives_of_on(goal_id(name), on).collect();
            let expected: Vec<_> = then
                .initiatives_of(goal_id(name))
                .filter(|id| then.initiative(*id).unwrap().from <= on)
                .collect();
            prop_assert_eq!(initiatives, expected);

            let id = initiative_id(name);
            let (a, b) = (whole.initiative(id).unwrap(), then.initiative(id).unwrap());
            prop_assert_eq!(a.placed_on(on), b.place());
            prop_assert_eq!(a.phase_on(on), b.phase());
            prop_assert_eq!(a.responsible_on(on), b.responsible());
            let indicators: Vec<_> = whole.indicators_of_on(id, on).collect();
            let expected: Vec<_> = then
                .indicators_of(id)
                .filter(|id| then.indicator(*id).unwrap().from <= on)
                .collect();
            prop_assert_eq!(indicators, expected);

            let id = indicator_id(name);
            let (a, b) = (whole.indicator(id).unwrap(), then.indicator(id).unwrap());
            prop_assert_eq!(a.placed_on(on), b.place());
            prop_assert_eq!(a.worded_on(on), b.wording());
            prop_assert_eq!(a.phase_on(on), b.phase());

            let id = unit_id(name);
            let (a, b) = (whole.unit(id).unwrap(), then.unit(id).unwrap());
            prop_assert_eq!(a.on(on).is_some(), b.from <= on);
            if let Some(version) = a.on(on) {
                prop_assert_eq!(version, b.latest());
            }
        }
    }
}

#[test]
fn an_actor_holds_seats_as_the_person_of_the_record_or_of_the_login() {
    let mut world = World::planned();
    let (known, other) = (
        PersonId::derived(uuid::Uuid::nil(), "known"),
        PersonId::derived(uuid::Uuid::nil(), "other"),
    );
    let registered = PersonRegistered {
        person: known,
        name: text("known"),
        logins: vec![LoginId {
            issuer: None,
            subject: name("daicho"),
        }],
    };
    world.accept(fact(registered));
    let holder = |actor: &Actor| world.directory.holder(actor);
    let actor = person("daicho");
    assert_eq!(holder(&actor), Holder::Person(known));
    let recorded = Actor {
        person: Some(other),
        ..actor.clone()
    };
    assert_eq!(holder(&recorded), Holder::Person(other));
    let vouched_for = Actor {
        issuer: Some(name("https://id.example")),
        ..actor.clone()
    };
    assert_eq!(holder(&vouched_for), Holder::Service(vouched_for.login()));
    assert!(!vouched_for.shares_login_with(&actor));
    // The server is none of them, whatever somebody signs in as.
    let server = Actor {
        method: AuthMethod::System,
        ..actor.clone()
    };
    assert_eq!(holder(&server), Holder::Service(actor.login()));
}
