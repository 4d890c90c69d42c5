use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::actual::NilCause;
use crate::domain::actual::aggregate::Cut;
use crate::domain::directory::Phase;
use crate::domain::evaluation::evaluate_goal;
use crate::domain::evaluation::policy::PolicyContent;
use crate::domain::event::{ActualRecorded, IndicatorCancelled};
use crate::domain::id::StreamId;
use crate::domain::indicator::*;
use crate::domain::org_unit::UnitKind;
use crate::domain::testing::*;
use crate::domain::unit::{Dimension, Unit};
use crate::projection::evaluation::{At, Judgements, Ruling};

const LAST_YEAR: &str = "2022-09-30";
const MIDYEAR: &str = "2023-09-30";
const SECTIONS: [&str; 2] = ["企画政策課", "財務課"];

/// A title, the section that answers, how it is measured.
type Criterion<'a> = (&'a str, &'a str, Definition);

/// Two plans with these criteria: `前1`, `前2` … and `今1`, `今2` ….
fn two_years(before: &[Criterion<'_>], after: &[Criterion<'_>]) -> World {
    let mut world = World::empty();
    world.accept(fact(plan("R4", 2022)).on("2022-04-01"));
    world.accept(fact(plan("R5", 2023)));
    let department = org_unit("企画財政部", UnitKind::Department, None);
    world.accept(fact(department).on("2022-04-01"));
    for section in SECTIONS {
        let section = org_unit(section, UnitKind::Section, Some("企画財政部"));
        world.accept(fact(section).on("2022-04-01"));
    }
    for (year, plan, first, criteria) in [
        ("前", "R4", "2022-04-01", before),
        ("今", "R5", "2023-04-01", after),
    ] {
        let (of_goal, of_initiative) = (format!("{year}G"), format!("{year}I"));
        world.accept(fact(goal(&of_goal, plan, "企画財政部")).on(first));
        world.accept(fact(initiative(&of_initiative, &of_goal, 1, SECTIONS[0])).on(first));
        for (number, (words, section, definition)) in (1..).zip(criteria) {
            let definition = Definition {
                lead_unit: Some(unit_id(section)),
                ..definition.clone()
            };
            let mut defined = defined(&format!("{year}{number}"), &of_initiative, definition);
            defined.title = title(words);
            world.accept(fact(defined).on(first));
        }
    }
    world
}

/// A plan of such a world under the policy of `at`.
fn evaluated(world: &World, at: At) -> PlanEvaluation {
    let (date, directory) = (at.effective_on, at.directory.clone());
    let cut = Cut::on(date).known_at(at.known_at);
    let phase = |id| directory.indicator(id).unwrap().phase_on(date);
    let goals = directory.goals_of_on(at.plan.id, date).map(|id| {
        let state = &world.goals[&StreamId::from(id)];
        let policy = &at.ruling.policy.content;
        let mut found = evaluate_goal(state, at.plan.cycle, cut, policy, phase);
        let indicator = |id: IndicatorId, found: &mut BTreeMap<_, _>| {
            let (_, version) = state.indicator(id)?.definition_at(cut)?;
            Some(IndicatorEvaluation {
                id,
                entry: directory.indicator(id)?.clone(),
                definition: version.definition.clone(),
                defined_from: version.from,
                phase: phase(id),
                lead: version.definition.lead_unit?,
                contributing: Vec::new(),
                evaluation: found.remove(&id).map(Arc::new)?,
                grade: None,
                entries: 0,
                last_position: None,
                judgements: Judgements::default(),
            })
        };
        let entry = directory.goal(id).unwrap().clone();
        let initiatives = directory.initiatives_of_on(id, date).map(|id| {
            let entry = directory.initiative(id).unwrap().clone();
            let stand = directory.indicators_of_on(id, date);
            InitiativeEvaluation {
                id,
                number: 1,
                phase: Phase::Active,
                lead: entry.responsible_on(date).lead,
                contributing: Vec::new(),
                entry,
                indicators: stand.filter_map(|id| indicator(id, &mut found)).collect(),
                judgements: Judgements::default(),
            }
        });
        GoalEvaluation {
            id,
            department: entry.department(),
            pillar: entry.pillar(),
            phase: Phase::Active,
            initiatives: initiatives.collect(),
            entry,
            judgements: Judgements::default(),
            actions: Vec::new(),
        }
    });
    let goals = goals.collect();
    PlanEvaluation { at, goals }
}

/// The later plan on a day, under the policy in force then, as known now.
fn later(world: &World, on: &str) -> At {
    let directory = Arc::new(world.directory.clone());
    At {
        plan: directory.plan(plan_id("R5")).unwrap().clone(),
        effective_on: day(on),
        known_at: world.position,
        ruling: Ruling::on(&directory, day(on), world.position),
        directory,
    }
}

fn both(world: &World) -> (PlanEvaluation, PlanEvaluation) {
    let after = later(world, MIDYEAR);
    let plan = after.directory.plan(plan_id("R4")).unwrap().clone();
    let before = after.beside(plan, day(LAST_YEAR));
    (evaluated(world, before), evaluated(world, after))
}

/// What stands beside what, then what is left out, in its order.
fn found(world: &World) -> String {
    let (before, after) = both(world);
    let set = constant_set(&before, &after);
    let code = |id: Option<IndicatorId>| {
        let entry = id.and_then(|id| world.directory.indicator(id));
        entry.map_or_else(|| "-".to_owned(), |entry| entry.code.to_string())
    };
    let pairs = set.pairs.iter().map(|pair| {
        let (before, after) = (pair.before.2, pair.after.2);
        format!("{}={}", before.entry.code, after.entry.code)
    });
    let left_out = set.left_out.iter().map(|one| {
        format!(
            "{}/{} {}",
            code(one.before),
            code(one.after),
            one.why.code()
        )
    });
    pairs.chain(left_out).collect::<Vec<_>>().join(", ")
}

/// One criterion, measured so last year and so this year.
fn one(before: Definition, after: Definition) -> World {
    two_years(
        &[("相談", SECTIONS[0], before)],
        &[("相談", SECTIONS[0], after)],
    )
}

fn times() -> Unit {
    Unit {
        code: "{回}".to_owned(),
        display_ja: "回".to_owned(),
        dimension: Dimension::Count("回".to_owned()),
        ..count().unit
    }
}

#[test]
fn what_is_measured_in_the_same_way_is_compared() {
    let turned = |parts: &[&str]| with_parts(count(), AggSpace::Sum, parts);
    let outcome = Definition {
        result_level: ResultLevel::Outcome,
        domain: ValueDomain::default(),
        assumed: vec!["comparator".to_owned()],
        ..count()
    };
    for (before, after) in [
        (count(), count()),
        (count(), outcome),
        (turned(&["東", "西"]), turned(&["西", "東"])),
        // What is to be reached changes from year to year.
        (coverage(3), coverage(4)),
        (milestone(2), milestone(5)),
        (judged(), judged()),
    ] {
        let told = found(&one(before, after.clone()));
        assert_eq!(told, "前1=今1", "{after:?}");
    }
}

#[test]
fn what_is_measured_in_another_way_is_redefined() {
    let parts = |agg_space, parts: &[&str]| with_parts(count(), agg_space, parts);
    let other_rubric = Definition {
        rubric: judged().rubric.map(|rubric| Rubric {
            version: 2,
            ..rubric
        }),
        ..judged()
    };
    let at_most = Definition {
        comparator: Comparator::Le,
        ..count()
    };
    let from_baseline = Definition {
        attainment_basis: AttainmentBasis::FromBaseline,
        ..followers()
    };
    let person_times = Definition {
        person_times: true,
        ..count()
    };
    let as_needed = Definition {
        demand_driven: true,
        ..count()
    };
    for (before, after) in [
        (count(), followers()),
        (count(), length()),
        (rate(AggTime::RatioOfSums), rate(AggTime::RatioOfLatest)),
        (count(), monthly(AggTime::Sum)),
        (monthly(AggTime::MeanOfPeriods), monthly(AggTime::Sum)),
        (
            parts(AggSpace::Sum, &["東"]),
            parts(AggSpace::Sum, &["東", "西"]),
        ),
        (
            parts(AggSpace::Sum, &["東", "西"]),
            parts(AggSpace::CappedSum, &["東", "西"]),
        ),
        (judged(), other_rubric),
        (count(), at_most),
        (followers(), from_baseline),
        (count(), person_times),
        (count(), as_needed),
    ] {
        for (before, after) in [(before.clone(), after.clone()), (after, before)] {
            let told = found(&one(before, after.clone()));
            assert_eq!(told, "前1/今1 REDEFINED", "{after:?}");
        }
    }
}

#[test]
fn another_unit_is_told_as_such() {
    let in_times = Definition {
        unit: times(),
        ..count()
    };
    assert_eq!(found(&one(count(), in_times)), "前1/今1 UNIT_CHANGED");
    let relabelled = Unit {
        display_en: "cases".to_owned(),
        ..count().unit
    };
    let relabelled = Definition {
        unit: relabelled,
        ..count()
    };
    assert_eq!(found(&one(count(), relabelled)), "前1=今1");
}

#[test]
fn a_series_that_broke_within_the_year_is_not_compared_from_that_day_on() {
    let redefined_on = |indicator: &str, from: &str| {
        let mut world = one(count(), count());
        // What it is for, not how it is measured.
        let other = Definition {
            lead_unit: Some(unit_id(SECTIONS[0])),
            result_level: ResultLevel::Outcome,
            ..count()
        };
        world.accept(
            fact(redefined(indicator, 2, other))
                .on(from)
                .because("数え方の変更"),
        );
        found(&world)
    };
    assert_eq!(redefined_on("今1", "2023-09-30"), "前1/今1 REDEFINED");
    assert_eq!(redefined_on("今1", "2023-10-01"), "前1=今1");
    // On the first day: all its figures are of the new series.
    assert_eq!(redefined_on("今1", "2023-04-01"), "前1=今1");
    assert_eq!(redefined_on("前1", "2022-07-01"), "前1/今1 REDEFINED");
    assert_eq!(redefined_on("前1", "2022-10-01"), "前1=今1");
}

#[test]
fn what_was_not_asked_for_in_one_of_the_years_is_set_aside() {
    let mut given_up = one(count(), count());
    let cancelled = IndicatorCancelled {
        indicator: indicator_id("今1"),
    };
    given_up.accept(fact(cancelled).on("2023-07-01").because("予算の減"));
    assert_eq!(found(&given_up), "前1/今1 SET_ASIDE");
    let mut idle = one(count(), count());
    let no_demand = ActualRecorded {
        indicator: indicator_id("前1"),
        ..recorded(nil(NilCause::NoDemand))
    };
    idle.accept(fact(no_demand).on("2022-08-31"));
    assert_eq!(found(&idle), "前1/今1 SET_ASIDE");
}

#[test]
fn what_only_one_year_has_is_new_or_ended() {
    let world = two_years(
        &[
            ("相談", SECTIONS[0], count()),
            ("講座", SECTIONS[0], count()),
        ],
        &[
            ("巡回", SECTIONS[0], count()),
            ("相談", SECTIONS[1], count()),
        ],
    );
    // Whoever answers for it, it has the only such title.
    assert_eq!(found(&world), "前1=今2, -/今1 NEW, 前2/- ENDED");
}

#[test]
fn titles_are_the_same_however_wide_or_spaced() {
    let world = two_years(
        &[("ＳＮＳの　登録 者", SECTIONS[0], followers())],
        &[("SNSの登録者", SECTIONS[0], followers())],
    );
    assert_eq!(found(&world), "前1=今1");
}

#[test]
fn a_title_that_several_bear_is_told_apart_by_its_section_or_not_at_all() {
    let [here, there] = SECTIONS;
    let of = |section| ("研修", section, count());
    for (before, after, told) in [
        (
            vec![of(here), of(there)],
            vec![of(there), of(here)],
            "前2=今1, 前1=今2",
        ),
        // Once its section has found it, nothing is left that the other could be.
        (
            vec![of(here)],
            vec![of(there), of(here)],
            "前1=今2, -/今1 NEW",
        ),
        (
            vec![of(there), of(here)],
            vec![of(here)],
            "前2=今1, 前1/- ENDED",
        ),
        (
            vec![of(here), of(here)],
            vec![of(here)],
            "-/今1 AMBIGUOUS, 前1/- AMBIGUOUS, 前2/- AMBIGUOUS",
        ),
        (
            vec![of(here)],
            vec![of(there), of(there)],
            "-/今1 AMBIGUOUS, -/今2 AMBIGUOUS, 前1/- AMBIGUOUS",
        ),
    ] {
        assert_eq!(found(&two_years(&before, &after)), told);
    }
}

#[test]
fn a_composite_is_as_comparable_as_its_components() {
    let made_of = |year: &str, second: Definition| {
        let parts = [format!("{year}1"), format!("{year}2")];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        vec![
            ("相談", SECTIONS[0], count()),
            ("講座", SECTIONS[0], second),
            ("両方", SECTIONS[0], composite(&parts)),
        ]
    };
    let years = |second| two_years(&made_of("前", count()), &made_of("今", second));
    assert_eq!(found(&years(count())), "前1=今1, 前2=今2, 前3=今3");
    assert_eq!(
        found(&years(followers())),
        "前1=今1, 前2/今2 REDEFINED, 前3/今3 REDEFINED"
    );
    let in_times = Definition {
        unit: times(),
        ..count()
    };
    assert_eq!(
        found(&years(in_times)),
        "前1=今1, 前2/今2 UNIT_CHANGED, 前3/今3 UNIT_CHANGED"
    );
    let mut another = made_of("今", count());
    another[1].0 = "巡回";
    assert_eq!(
        found(&two_years(&made_of("前", count()), &another)),
        "前1=今1, -/今2 NEW, 前3/今3 REDEFINED, 前2/- ENDED"
    );
}

#[test]
fn both_years_are_judged_by_the_policy_of_the_later_with_what_was_known_for_it() {
    let mut world = one(count(), count());
    world.accept(fact(published(
        "grades",
        1,
        PolicyContent::Rubric(grades()),
    )));
    world.accept(fact(published("city", 1, grading_by("grades"))));
    let report = |indicator: &str, amount: &str| ActualRecorded {
        indicator: indicator_id(indicator),
        ..recorded(increment(amount))
    };
    world.accept(fact(report("前1", "3")).on("2022-06-30"));
    let (before, after) = both(&world);
    let own = Ruling::on(&world.directory, day(LAST_YEAR), world.position);
    assert_ne!(own, after.at.ruling);
    assert_eq!(before.at.ruling, after.at.ruling);
    assert_eq!(before.at.ruling.name(), "city@1");
    assert_eq!(before.at.known_at, after.at.known_at);
    let known = after.at.clone();
    // What is learnt of last year afterwards is not in it.
    world.accept(fact(report("前1", "4")).on("2022-07-31"));
    let again = known.beside(before.at.plan.clone(), day(LAST_YEAR));
    let again = evaluated(&world, again);
    let value = |evaluation: &PlanEvaluation| {
        let (_, _, indicator) = evaluation.indicators().next().unwrap();
        indicator.evaluation.value.clone().unwrap()
    };
    assert_eq!(value(&again), value(&before));
    assert_ne!(value(&both(&world).0), value(&before));
}

fn any_criteria() -> impl Strategy<Value = Vec<Criterion<'static>>> {
    let definitions = [
        count(),
        followers(),
        Definition {
            unit: times(),
            ..count()
        },
    ];
    let criterion = (
        prop::sample::select(vec!["相談", "講座", "巡回"]),
        prop::sample::select(SECTIONS.to_vec()),
        prop::sample::select(definitions.to_vec()),
    );
    prop::collection::vec(criterion, 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn each_criterion_is_in_one_place_whichever_year_comes_first(before in any_criteria(), after in any_criteria()) {
        let (before, after) = both(&two_years(&before, &after));
        let there = constant_set(&before, &after);
        let pair = |pair: &Pair<'_>| (pair.before.2.id, pair.after.2.id);
        let of_before = there.pairs.iter().map(|one| pair(one).0);
        let of_before = of_before.chain(there.left_out.iter().filter_map(|one| one.before));
        let of_after = there.pairs.iter().map(|one| pair(one).1);
        let of_after = of_after.chain(there.left_out.iter().filter_map(|one| one.after));
        for (told, evaluation) in [
            (of_before.collect::<Vec<_>>(), &before),
            (of_after.collect(), &after),
        ] {
            let every: BTreeSet<_> = evaluation.indicators().map(|(_, _, one)| one.id).collect();
            prop_assert_eq!(told.len(), every.len());
            prop_assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), every);
        }
        let back = constant_set(&after, &before);
        let pairs: BTreeSet<_> = there.pairs.iter().map(pair).collect();
        let turned = back.pairs.iter().map(pair).map(|(before, after)| (after, before));
        prop_assert_eq!(pairs, turned.collect::<BTreeSet<_>>());
        let turned = back.left_out.iter().map(|one| {
            let why = match one.why {
                Apart::New => Apart::Ended,
                Apart::Ended => Apart::New,
                why => why,
            };
            (one.after, one.before, why)
        });
        let left_out = there.left_out.iter().map(|one| (one.before, one.after, one.why));
        prop_assert_eq!(left_out.collect::<BTreeSet<_>>(), turned.collect::<BTreeSet<_>>());
    }

    #[test]
    fn a_year_beside_itself_is_the_same(criteria in any_criteria()) {
        let (_, year) = both(&two_years(&[], &criteria));
        let set = constant_set(&year, &year);
        for pair in &set.pairs {
            prop_assert_eq!(pair.before.2.id, pair.after.2.id);
        }
        prop_assert!(set.left_out.iter().all(|one| one.why == Apart::Ambiguous));
        prop_assert_eq!(set.pairs.len() * 2 + set.left_out.len(), criteria.len() * 2);
    }
}

/// Criteria of this year as they are, but for what they go on with.
fn linked(before: &[Criterion<'_>], after: &[Criterion<'_>], links: &[(&str, &str)]) -> World {
    let mut world = two_years(before, &[]);
    for (number, (words, section, definition)) in (1..).zip(after) {
        let own = format!("今{number}");
        let definition = Definition {
            lead_unit: Some(unit_id(section)),
            ..definition.clone()
        };
        let mut defined = defined(&own, "今I", definition);
        defined.title = title(words);
        let continued = links.iter().find(|(later, _)| *later == own);
        defined.continues = continued.map(|(_, earlier)| indicator_id(earlier));
        world.accept(fact(defined).on("2023-04-01"));
    }
    world
}

#[test]
fn what_says_what_it_goes_on_with_needs_no_title() {
    let office = SECTIONS[0];
    let before = [
        ("相談", office, count()),
        ("訪問", office, count()),
        ("講座", office, count()),
    ];
    let after = [
        ("窓口での相談", office, count()),
        ("相談", office, count()),
        ("講座", office, count()),
    ];
    // The title that another one bears is not taken for what goes on under another title.
    let world = linked(&before, &after, &[("今1", "前1"), ("今2", "前2")]);
    assert_eq!(found(&world), "前1=今1, 前2=今2, 前3=今3");
    let (of_before, of_after) = both(&world);
    let set = constant_set(&of_before, &of_after);
    let told: Vec<bool> = set.pairs.iter().map(|pair| pair.linked).collect();
    assert_eq!(told, [true, true, false]);
    let world = linked(&before, &after, &[("今1", "前1")]);
    assert_eq!(found(&world), "前1=今1, 前3=今3, -/今2 NEW, 前2/- ENDED");
    // A link does not make alike what is measured otherwise.
    let otherwise = [("相談", office, followers())];
    let world = linked(&before[..1], &otherwise, &[("今1", "前1")]);
    assert_eq!(found(&world), "前1/今1 REDEFINED");
}

#[test]
fn links_are_followed_across_a_plan_between() {
    let criterion = [("相談", SECTIONS[0], count())];
    let mut world = linked(
        &criterion,
        &[("窓口", SECTIONS[0], count())],
        &[("今1", "前1")],
    );
    world.accept(fact(plan("R6", 2024)).on("2024-04-01"));
    let first = "2024-04-01";
    world.accept(fact(goal("翌G", "R6", "企画財政部")).on(first));
    world.accept(fact(initiative("翌I", "翌G", 1, SECTIONS[0])).on(first));
    let definition = Definition {
        lead_unit: Some(unit_id(SECTIONS[0])),
        ..count()
    };
    let mut next = defined("翌1", "翌I", definition);
    next.continues = Some(indicator_id("今1"));
    world.accept(fact(next).on(first));
    let at = At {
        plan: world.directory.plan(plan_id("R6")).unwrap().clone(),
        ..later(&world, "2024-09-30")
    };
    let two_years_ago = world.directory.plan(plan_id("R4")).unwrap().clone();
    let before = evaluated(&world, at.beside(two_years_ago, day(LAST_YEAR)));
    let after = evaluated(&world, at);
    let set = constant_set(&before, &after);
    let told: Vec<_> = set
        .pairs
        .iter()
        .map(|pair| (pair.before.2.entry.code.as_str(), pair.linked))
        .collect();
    assert_eq!(told, [("前1", true)]);
}
