//! Policies: versions follow each other, and none reaches back behind a closing.

use insta::assert_snapshot;

use crate::domain::evaluation::EvaluationPolicy;
use crate::domain::evaluation::policy::{GradeRubric, PolicyContent};
use crate::domain::testing::*;

fn plain() -> PolicyContent {
    PolicyContent::Evaluation(EvaluationPolicy {
        rubric: None,
        ..EvaluationPolicy::default()
    })
}

fn rubric() -> PolicyContent {
    PolicyContent::Rubric(grades())
}

#[test]
fn versions_of_a_policy_follow_each_other() {
    let mut world = World::planned();
    assert_snapshot!(world.outcome(fact(published("方針", 2, plain()))), @"POLICY_VERSION_STALE policy_published.version [expected=1]");
    assert_snapshot!(world.outcome(fact(published("方針", 1, plain()))), @"recorded");
    assert_snapshot!(world.outcome(fact(published("方針", 1, plain()))), @"POLICY_VERSION_STALE policy_published.version [expected=2]");
    assert_snapshot!(world.outcome(fact(published("方針", 2, plain()))), @"recorded");
    assert_snapshot!(world.outcome(fact(published("方針", 3, rubric()))), @"POLICY_KIND_DIFFERS policy_published.rubric [kind=EVALUATION kind_ja=算定方針]");
    assert_snapshot!(world.outcome(fact(published("基準", 1, rubric()))), @"recorded");
    assert_snapshot!(world.outcome(fact(published("基準", 2, plain()))), @"POLICY_KIND_DIFFERS policy_published.evaluation [kind=RUBRIC kind_ja=評価基準]");
    // What is built in is version 0 of its kind.
    assert_snapshot!(world.outcome(fact(published("default", 1, rubric()))), @"POLICY_KIND_DIFFERS policy_published.rubric [kind=EVALUATION kind_ja=算定方針]");
    assert_snapshot!(world.outcome(fact(published("default", 1, plain()))), @"recorded");
    assert_snapshot!(world.outcome(fact(published("midyear-pace", 1, plain()))), @"POLICY_KIND_DIFFERS policy_published.evaluation [kind=RUBRIC kind_ja=評価基準]");
    // A code of something else is no code of a policy.
    assert_snapshot!(world.outcome(fact(published("R5", 1, plain()))), @"recorded");
}

#[test]
fn a_policy_makes_sense() {
    let world = World::planned();
    let wrong = EvaluationPolicy {
        slightly_behind_from: q("2"),
        display_digits: 9,
        rubric: Some(code("無い基準")),
        ..EvaluationPolicy::default()
    };
    let told = world.would(fact(published("方針", 1, PolicyContent::Evaluation(wrong))));
    let (told, known) = told.split_once("[known=").unwrap();
    assert_snapshot!(told.trim_end(), @"POLICY_INCONSISTENT policy_published.evaluation.slightly_behind_from [problem=above 0 and at most `on_track_from`]; POLICY_INCONSISTENT policy_published.evaluation.display_digits [problem=from 0 to 4]; RUBRIC_UNKNOWN policy_published.evaluation.rubric");
    assert_snapshot!(known, @"akiruno-forecast, jp-dokuho-2014, midyear-pace, okazaki-plan, osaka-lib-2016]");
    let mut twice = grades();
    twice.levels[1].key = twice.levels[0].key.clone();
    assert_snapshot!(world.would(fact(published("基準", 1, PolicyContent::Rubric(twice)))), @"POLICY_INCONSISTENT policy_published.rubric.levels[1].key [problem=given twice]");
    let none = GradeRubric {
        levels: Vec::new(),
        ..grades()
    };
    assert_snapshot!(world.would(fact(published("基準", 1, PolicyContent::Rubric(none)))), @"POLICY_INCONSISTENT policy_published.rubric.levels [problem=a rubric has 1 to 20 levels]");
}

#[test]
fn a_policy_grades_by_a_rubric_of_its_days() {
    let mut world = World::planned();
    world.accept(fact(published("基準", 1, rubric())).on("2023-07-01"));
    assert!(
        world
            .would(fact(published("方針", 1, grading_by("基準"))).on("2023-06-30"))
            .starts_with("RUBRIC_UNKNOWN policy_published.evaluation.rubric [known=")
    );
    assert_snapshot!(world.outcome(fact(published("方針", 1, grading_by("基準"))).on("2023-07-01")), @"recorded");
    // What is built in is of every day.
    assert_snapshot!(world.outcome(fact(published("方針", 2, grading_by("midyear-pace"))).on("2023-04-01")), @"recorded");
    // An evaluation policy is no rubric.
    assert!(
        world
            .would(fact(published("方針", 3, grading_by("方針"))).on("2023-07-01"))
            .starts_with("RUBRIC_UNKNOWN policy_published.evaluation.rubric [known=")
    );
}

#[test]
fn no_policy_reaches_back_behind_a_closing() {
    let mut world = World::measuring(count());
    world.accept(fact(period_opened("第1四半期", "2023-04-01", "2023-06-30")));
    world.accept(fact(period_opened("第2四半期", "2023-07-01", "2023-09-30")));
    let from = |day| fact(published("方針", 1, plain())).on(day);
    assert_snapshot!(world.would(from("2023-04-01")), @"recorded");
    world.accept(fact(closed("第1四半期")).on("2023-10-06"));
    assert_snapshot!(world.would(from("2023-06-30")), @"POLICY_RETROACTIVE valid_from [period=第1四半期 last=2023-06-30]");
    assert_snapshot!(world.would(from("2023-07-01")), @"recorded");
    // A period that is reopened was published all the same.
    world.accept(fact(closed("第2四半期")).on("2023-10-06"));
    world.accept(
        fact(reopened("第2四半期", &["X"], "2023-10-31"))
            .on("2023-10-06")
            .because("漏れ"),
    );
    assert_snapshot!(world.would(from("2023-07-01")), @"POLICY_RETROACTIVE valid_from [period=第2四半期 last=2023-09-30]");
    assert_snapshot!(world.would(fact(published("基準", 1, rubric())).on("2023-09-30")), @"POLICY_RETROACTIVE valid_from [period=第2四半期 last=2023-09-30]");
    assert_snapshot!(world.would(from("2023-10-01")), @"recorded");
}

#[test]
fn the_policy_in_force_is_of_the_day_and_of_what_was_known() {
    let mut world = World::planned();
    let in_force = |world: &World, date: &str, known: Option<u64>| {
        let (version, _) = world.directory.evaluation_policy_on(day(date), known);
        version.to_string()
    };
    assert_eq!(in_force(&world, "2023-09-30", None), "default v0");
    world.accept(fact(published("方針", 1, plain())).on("2023-04-01"));
    let first = world.position;
    world.accept(fact(published("方針", 2, plain())).on("2023-10-01"));
    world.accept(fact(published("別の方針", 1, plain())).on("2023-07-01"));
    assert_eq!(in_force(&world, "2023-03-31", None), "default v0");
    assert_eq!(in_force(&world, "2023-06-30", None), "方針 v1");
    assert_eq!(in_force(&world, "2023-09-30", None), "別の方針 v1");
    assert_eq!(in_force(&world, "2023-10-01", None), "方針 v2");
    assert_eq!(in_force(&world, "2023-10-01", Some(first)), "方針 v1");
    assert_eq!(
        in_force(&world, "2023-10-01", Some(first - 1)),
        "default v0"
    );

    world.accept(fact(published("基準", 1, rubric())).on("2023-07-01"));
    let of = |date: &str, known: Option<u64>| {
        let found = world.directory.rubric_on(&code("基準"), day(date), known);
        found.map(|(version, _)| version.to_string())
    };
    assert_eq!(of("2023-06-30", None), None);
    assert_eq!(of("2023-07-01", None).as_deref(), Some("基準 v1"));
    assert_eq!(of("2023-07-01", Some(first)), None);
}
