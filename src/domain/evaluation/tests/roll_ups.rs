//! DOMAIN.md §5.7 and §5.10: distributions before means, joint indicators once, grades by half-open bounds.

use std::collections::BTreeSet;

use insta::assert_snapshot;

use super::*;
use crate::domain::evaluation::grade::{built_in, built_in_rubric, grade};
use crate::domain::evaluation::policy::{GradeRubric, RollUpJudgement};
use crate::domain::evaluation::roll_up::{Item, View, mean_attainment, roll_up};
use crate::domain::evaluation::{Obstacle, Status};
use crate::domain::indicator::*;

fn counted(reached: &str) -> Evaluation {
    of(count())
        .aiming(value("10"))
        .along(PlanProfile::Linear)
        .reported(increment, [(MIDYEAR, reached)])
        .at(MIDYEAR)
}

fn silent() -> Evaluation {
    of(count()).aiming(value("10")).at(MIDYEAR)
}

fn cancelled() -> Evaluation {
    of(count())
        .aiming(value("10"))
        .in_phase(Phase::Cancelled(day("2023-04-01")))
        .at(MIDYEAR)
}

/// Twelve of which something is asked, and one of which nothing is.
fn thirteen() -> Vec<Evaluation> {
    let mut all = vec![counted("10"), counted("11"), counted("12")];
    all.extend((0..6).map(|_| counted("6")));
    all.extend([counted("2"), counted("1"), silent(), cancelled()]);
    all
}

fn items<'a>(evaluations: &'a [Evaluation]) -> impl Iterator<Item = Item<'a>> {
    evaluations.iter().map(|evaluation| Item {
        evaluation,
        lead: unit_id("企画政策課"),
        contributing: &[],
    })
}

#[test]
fn the_distribution_comes_first() {
    let policy = EvaluationPolicy::default();
    let all = thirteen();
    let found = roll_up(items(&all), View::Whole, &policy);
    assert_snapshot!(display::distribution(&found.led, Language::Ja), @"12件中: 達成3 順調6 遅れ2 未報告1 / 対象外1");
    assert_snapshot!(display::distribution(&found.led, Language::En), @"of 12: achieved 3, on track 6, behind 2, no report 1; set aside 1");
    let led = &found.led;
    assert_eq!(
        (led.total(), led.applicable(), led.set_aside()),
        (13, 12, 1)
    );
    assert_eq!(
        (led.judged(), led.reported(), led.unreported()),
        (11, 11, 1)
    );
    assert_eq!(found.judgement, None);
    let worst = EvaluationPolicy {
        roll_up: RollUpJudgement::Worst,
        ..policy.clone()
    };
    assert_eq!(
        roll_up(items(&all), View::Whole, &worst).judgement,
        Some(Status::Behind)
    );
    assert_eq!(
        roll_up(items(&[silent()]), View::Whole, &worst).judgement,
        None
    );
    // A pillar without goals is a row of zeros, not a missing row.
    assert_snapshot!(display::distribution(&roll_up(items(&[]), View::Whole, &policy).led, Language::Ja), @"0件中:");
}

#[test]
fn a_joint_indicator_counts_where_it_is_led() {
    let (planning, finance, staff) = (unit_id("企画政策課"), unit_id("財務課"), unit_id("人事課"));
    let evaluation = counted("6");
    let contributing = [finance, staff];
    let joint = || {
        std::iter::once(Item {
            evaluation: &evaluation,
            lead: planning,
            contributing: &contributing,
        })
    };
    let view = |units: &[crate::domain::id::UnitId]| {
        let units: BTreeSet<_> = units.iter().copied().collect();
        let found = roll_up(joint(), View::Units(&units), &EvaluationPolicy::default());
        (found.led.total(), found.participating.total())
    };
    assert_eq!(view(&[planning]), (1, 0));
    assert_eq!(view(&[finance]), (0, 1));
    assert_eq!(view(&[staff]), (0, 1));
    // A department with lead and contributor has it once.
    assert_eq!(view(&[planning, finance]), (1, 0));
    let whole = roll_up(joint(), View::Whole, &EvaluationPolicy::default());
    assert_eq!((whole.led.total(), whole.participating.total()), (1, 0));
}

#[test]
fn a_mean_says_what_it_is_of() {
    let all: Vec<_> = ["24", "10", "3"].map(counted).into();
    let capped = mean_attainment(&all, &EvaluationPolicy::default());
    assert_eq!(percent(&capped.attainment), "76.7%");
    let uncapped = EvaluationPolicy {
        mean_cap: None,
        ..EvaluationPolicy::default()
    };
    assert_eq!(
        percent(&mean_attainment(&all, &uncapped).attainment),
        "123.3%"
    );
    let judged = of(judged())
        .aiming(Aim::RubricLevel(2))
        .and(fact(recorded(crate::domain::actual::Measurement::RubricLevel(2))).on(MIDYEAR))
        .at(MIDYEAR);
    let more = [
        &all[0],
        &judged,
        &silent(),
        &cancelled(),
        &of(count()).at(MIDYEAR),
    ];
    let mean = mean_attainment(more, &EvaluationPolicy::default());
    assert_eq!(
        (percent(&mean.attainment), mean.count),
        ("100.0%".to_owned(), 1)
    );
    let excluded = BTreeMap::from([
        (Obstacle::Qualitative, 1),
        (Obstacle::NoReport, 2),
        (Obstacle::Cancelled, 1),
    ]);
    assert_eq!(mean.excluded, excluded);
    assert_eq!(
        mean_attainment(&[], &EvaluationPolicy::default()).attainment,
        Err(Obstacle::NoMembers)
    );
}

fn rubric(text: &str) -> &'static GradeRubric {
    &built_in_rubric(&code(text)).unwrap().rubric
}

#[test]
fn bounds_are_half_open() {
    let grades = |rubric_code: &str, tenths_of_percent: &[i64]| {
        let one = |n: &i64| {
            let reached = rust_decimal::Decimal::new(*n, 1).to_string();
            let asked = of(length())
                .aiming(value("100"))
                .reported(increment, [(YEAR_END, reached.as_str())]);
            let level = grade(rubric(rubric_code), &asked.at(YEAR_END), &length());
            level.map_or("–".to_owned(), |level| level.key.to_string())
        };
        tenths_of_percent
            .iter()
            .map(one)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        grades(
            "jp-dokuho-2014",
            &[1300, 1200, 1199, 1000, 999, 800, 799, 0]
        ),
        "A A B B C C D D"
    );
    assert_eq!(
        grades("osaka-lib-2016", &[1100, 1099, 1000, 900, 899, 600, 599]),
        "A B B B C C D"
    );
    assert_eq!(grades("midyear-pace", &[1000, 999]), "達成済 遅れ");
    assert_eq!(grades("okazaki-plan", &[1000]), "–");
}

#[test]
fn what_is_set_aside_gets_no_grade_but_one_for_that() {
    let graded = |code: &str, status| {
        let found = Evaluation {
            status,
            ..counted("6")
        };
        grade(rubric(code), &found, &count()).map(|level| level.key.to_string())
    };
    for status in Status::ALL.iter().filter(|status| status.is_set_aside()) {
        assert_eq!(graded("jp-dokuho-2014", *status), None, "{status:?}");
    }
    let given_up = |code| graded(code, Status::Cancelled);
    assert_eq!(given_up("osaka-lib-2016"), None);
    assert_eq!(given_up("akiruno-forecast").as_deref(), Some("Y"));
    assert_eq!(given_up("midyear-pace").as_deref(), Some("対象外"));
    assert_ne!(graded("jp-dokuho-2014", Status::OnTrack), None);
}

#[test]
fn all_of_everything_is_the_best_grade_where_the_rubric_says_so() {
    let rated = |target: &str, reached: &str| {
        let definition = rate(AggTime::RatioOfSums);
        let asked = of(definition.clone())
            .aiming(value(target))
            .and(fact(recorded(share(reached, "1000"))).on(YEAR_END));
        let found = asked.at(YEAR_END);
        let level = |code: &str| {
            grade(rubric(code), &found, &definition).map(|level| level.key.to_string())
        };
        (
            level("osaka-lib-2016").unwrap(),
            level("jp-dokuho-2014").unwrap(),
        )
    };
    assert_eq!(rated("100", "1000"), ("A".to_owned(), "B".to_owned()));
    assert_eq!(rated("100", "999"), ("B".to_owned(), "C".to_owned()));
    assert_eq!(rated("50", "500"), ("B".to_owned(), "B".to_owned()));
}

#[test]
fn a_forecast_grades_at_any_date_and_a_non_grade_is_none() {
    let key = |found: &Evaluation| {
        let level = grade(rubric("akiruno-forecast"), found, &count()).unwrap();
        (level.key.to_string(), level.non_grade)
    };
    assert_eq!(key(&counted("10")), ("F".to_owned(), false));
    assert_eq!(key(&counted("6")), ("S".to_owned(), false));
    assert_eq!(key(&counted("5")), ("A".to_owned(), false));
    assert_eq!(key(&counted("3")), ("B".to_owned(), false));
    assert_eq!(key(&counted("2")), ("C".to_owned(), false));
    assert_eq!(key(&cancelled()), ("Y".to_owned(), true));
    assert_eq!(key(&silent()), ("Z".to_owned(), true));
    let early = of(count()).aiming(value("10")).at("2023-03-01");
    assert_eq!(key(&early), ("X".to_owned(), true));
}

#[test]
fn every_built_in_rubric_is_well_formed() {
    let codes: Vec<_> = built_in()
        .iter()
        .map(|rubric| rubric.version.code.as_str())
        .collect();
    assert_eq!(
        codes,
        [
            "jp-dokuho-2014",
            "osaka-lib-2016",
            "akiruno-forecast",
            "okazaki-plan",
            "midyear-pace"
        ]
    );
    for built_in in built_in() {
        let rubric = &built_in.rubric;
        assert_eq!(built_in.version.version, 0);
        assert!(rubric.levels.len() <= GradeRubric::LEVELS_MAX);
        assert!(rubric.levels.iter().all(|level| level.title.en.is_some()));
        let bounds: Vec<_> = rubric
            .levels
            .iter()
            .filter_map(|level| level.at_least)
            .collect();
        assert!(bounds.windows(2).all(|pair| pair[1] < pair[0]));
        let keys: BTreeSet<_> = rubric.levels.iter().map(|level| &level.key).collect();
        assert_eq!(keys.len(), rubric.levels.len());
        let graded_after_non_grade = rubric
            .levels
            .windows(2)
            .any(|pair| pair[0].non_grade && !pair[1].non_grade);
        assert!(!graded_after_non_grade);
    }
    let standard = EvaluationPolicy::default().rubric.unwrap();
    assert!(built_in_rubric(&standard).is_some());
}
