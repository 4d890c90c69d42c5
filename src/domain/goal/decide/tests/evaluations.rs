//! Evaluations and next actions: who judges what, by which rubric, in which order.

use insta::assert_snapshot;

use crate::domain::evaluation::Status;
use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, ComputedJudgement};
use crate::domain::evaluation::policy::{PolicyContent, PolicyVersion};
use crate::domain::event::*;
use crate::domain::testing::*;

const X: fn() -> Subject = || of_indicator("X");

/// X and Y under the initiative I of the goal G, graded A, B, C or Z by `基準 v1` for the first half, on 6 October. The
/// section speaks.
fn graded() -> World {
    let mut world = World::measuring(count());
    world.accept(fact(defined("Y", "I", count())));
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    let rubric = PolicyContent::Rubric(grades());
    world.accept(fact(published("基準", 1, rubric)));
    world.accept(fact(published("方針", 1, grading_by("基準"))));
    world.now_by("課等長");
    world
}

fn now(payload: impl Into<Payload>) -> Fact {
    fact(payload).on("2023-10-06")
}

fn finally(subject: Subject) -> World {
    let mut world = graded();
    world.accept(now(self_evaluated(subject, "上半期", Some("A"))));
    world
        .now_by("部長")
        .accept(now(finalised(subject, "上半期", Some("B"))));
    world
}

#[test]
fn a_grade_is_of_the_rubric_in_force() {
    let world = graded();
    let by = |grade, period| now(self_evaluated(X(), period, grade));
    assert_snapshot!(world.would(by(Some("A"), "上半期")), @"recorded");
    assert_snapshot!(world.would(by(Some("Z"), "上半期")), @"recorded");
    assert_snapshot!(world.would(by(None, "上半期")), @"recorded");
    assert_snapshot!(world.would(by(Some("S"), "上半期")), @"GRADE_UNKNOWN self_evaluated.grade [known=A, B, C, Z]");
    assert_snapshot!(world.would(by(Some("A"), "下半期")), @"PERIOD_UNKNOWN self_evaluated.period [known=上半期]");
    let unknown = now(self_evaluated(of_indicator("無い"), "上半期", None));
    assert_snapshot!(world.would(unknown), @"INDICATOR_UNKNOWN self_evaluated.subject.indicator");
    assert_snapshot!(world.would(by(None, "上半期").on("2023-10-07")), @"DATE_IN_FUTURE valid_from [today=2023-10-06]");
    // What the ledger fills in, a client may state as what it graded by.
    let stored = world
        .decide(&world.event(&by(Some("A"), "上半期")))
        .unwrap();
    let rubric = stored.events[0]
        .payload
        .evaluated()
        .unwrap()
        .rubric
        .cloned();
    assert_eq!(rubric.map(|v| v.to_string()).as_deref(), Some("基準 v1"));
    let stating = |version| SelfEvaluated {
        rubric: Some(PolicyVersion {
            code: code("基準"),
            version,
        }),
        ..self_evaluated(X(), "上半期", Some("A"))
    };
    assert_snapshot!(world.would(now(stating(1))), @"recorded");
    assert_snapshot!(world.would(now(stating(2))), @"RUBRIC_DIFFERS self_evaluated.rubric [current=基準 v1]");
}

#[test]
fn where_nothing_is_published_grades_are_the_built_in_ones() {
    let mut world = World::measuring(count());
    world.accept(fact(period_opened("上半期", "2023-04-01", "2023-09-30")));
    assert_snapshot!(world.would(now(self_evaluated(X(), "上半期", Some("順調")))), @"recorded");
    assert_snapshot!(world.would(now(self_evaluated(X(), "上半期", Some("A")))), @"GRADE_UNKNOWN self_evaluated.grade [known=達成済, 順調, やや遅れ, 遅れ, 対象外]");
}

#[test]
fn without_a_rubric_there_is_no_grade() {
    let mut world = graded();
    let plain = crate::domain::evaluation::EvaluationPolicy {
        rubric: None,
        ..Default::default()
    };
    world.accept(now(published("方針", 2, PolicyContent::Evaluation(plain))).on("2023-05-01"));
    assert_snapshot!(world.would(now(self_evaluated(X(), "上半期", Some("A")))), @"GRADE_UNKNOWN self_evaluated.grade [known=-]");
    assert_snapshot!(world.would(now(self_evaluated(X(), "上半期", None))), @"recorded");
}

#[test]
fn another_grade_than_the_computed_one_has_a_reason() {
    let world = graded();
    let judged = |grade: Option<&str>, computed: Option<&str>| {
        now(SelfEvaluated {
            computed: Some(ComputedJudgement {
                status: Status::OnTrack,
                grade: computed.map(key),
            }),
            ..self_evaluated(X(), "上半期", grade)
        })
    };
    assert_snapshot!(world.would(judged(Some("A"), Some("A"))), @"recorded");
    assert_snapshot!(world.would(judged(Some("A"), Some("B"))), @"REASON_REQUIRED reason");
    assert_snapshot!(world.would(judged(Some("A"), Some("B")).because("質が高い")), @"recorded");
    assert_snapshot!(world.would(judged(Some("A"), None)), @"recorded");
    assert_snapshot!(world.would(judged(None, Some("B"))), @"recorded");
}

#[test]
fn an_evaluation_goes_from_hand_to_hand() {
    let mut world = graded();
    let review = || now(reviewed(X(), "上半期", Some("B")));
    let finalise = || now(finalised(X(), "上半期", Some("B")));
    assert_snapshot!(world.would(review()), @"EVALUATION_MISSING evaluation_reviewed.period [period=上半期]");
    assert_snapshot!(world.would(finalise()), @"EVALUATION_MISSING evaluation_finalised.period [period=上半期]");
    assert_snapshot!(world.outcome(now(self_evaluated(X(), "上半期", Some("A")))), @"recorded");
    // Of another subject nothing is there yet.
    assert_snapshot!(world.would(now(reviewed(of_indicator("Y"), "上半期", None))), @"EVALUATION_MISSING evaluation_reviewed.period [period=上半期]");
    assert_snapshot!(world.would(review()), @"SELF_REVIEW evaluation_reviewed");
    assert_snapshot!(world.would(finalise()), @"SELF_REVIEW evaluation_finalised");
    // The section may think again before somebody looks.
    assert_snapshot!(world.outcome(now(self_evaluated(X(), "上半期", Some("B")))), @"recorded");
    assert_snapshot!(world.now_by("部長").outcome(review()), @"recorded");
    assert_snapshot!(world.now_by("課等長").would(finalise()), @"SELF_REVIEW evaluation_finalised");
    assert_snapshot!(world.now_by("部長").outcome(finalise()), @"recorded");
    for again in [
        now(self_evaluated(X(), "上半期", None)),
        review(),
        finalise(),
    ] {
        assert!(world.would(again).starts_with("EVALUATION_FINAL"));
    }
    let steps: Vec<_> = world.goals[&goal_id("G").into()]
        .evaluations_of(X(), &key("上半期"))
        .map(|judged| format!("{} {}", judged.step.code(), judged.actor.subject))
        .collect();
    assert_eq!(
        steps,
        [
            "SELF_EVALUATION 課等長",
            "SELF_EVALUATION 課等長",
            "REVIEW 部長",
            "FINALISATION 部長"
        ]
    );
}

#[test]
fn the_same_name_from_another_issuer_is_somebody_else() {
    let mut world = graded();
    world.accept(now(self_evaluated(X(), "上半期", None)));
    world.actor.issuer = Some(name("https://id.example"));
    assert_snapshot!(world.would(now(reviewed(X(), "上半期", None))), @"recorded");
}

#[test]
fn nothing_is_reported_into_a_final_evaluation() {
    let report = || now(recorded(increment("1"))).on("2023-09-20");
    for subject in [
        X(),
        Subject::Initiative(initiative_id("I")),
        Subject::Goal(goal_id("G")),
    ] {
        let world = finally(subject);
        let refused = "EVALUATION_FINAL actual_recorded.indicator [period=上半期]";
        assert_eq!(world.would(report()), refused);
        // A reason does not help; a day that no period has is free.
        assert_eq!(world.would(report().because("遅れた")), refused);
        assert_eq!(world.would(report().on("2023-10-01")), "recorded");
    }
    let world = finally(of_indicator("Y"));
    assert_snapshot!(world.would(report()), @"recorded");
}

#[test]
fn what_is_closed_is_told_before_what_is_final() {
    let mut world = finally(X());
    world.accept(now(soft_closed("上半期")));
    let report = || now(recorded(increment("1"))).on("2023-09-20");
    assert_snapshot!(world.would(report()), @"EVALUATION_FINAL actual_recorded.indicator [period=上半期]");
    world.accept(now(closed("上半期")));
    assert_snapshot!(world.would(report()), @"PERIOD_CLOSED actual_recorded.indicator [period=上半期 state=CLOSED state_ja=確定]");
}

#[test]
fn what_stands_under_a_goal_is_final_with_it_wherever_its_history_is() {
    let mut world = graded();
    world.accept(
        fact(InitiativeMoved {
            initiative: initiative_id("I"),
            from_goal: goal_id("G"),
            to_goal: goal_id("H"),
            number: 2,
        })
        .on("2023-10-01")
        .because("所管替え"),
    );
    let goal = Subject::Goal(goal_id("H"));
    world.accept(now(self_evaluated(goal, "上半期", None)));
    world
        .now_by("部長")
        .accept(now(finalised(goal, "上半期", None)));
    let report = now(recorded(increment("1"))).on("2023-09-20");
    assert_snapshot!(world.would(report), @"EVALUATION_FINAL actual_recorded.indicator [period=上半期]");
}

#[test]
fn a_reopening_opens_the_evaluations_it_is_for() {
    let reopened_for = |scope: &[&str], subject| {
        let mut world = finally(subject);
        world.accept(now(closed("上半期")));
        world.accept(now(reopened("上半期", scope, "2023-10-31")).because("報告漏れ"));
        world
    };
    let again = |subject| now(self_evaluated(subject, "上半期", Some("B")));
    let goal = Subject::Goal(goal_id("G"));
    let missing = "EVALUATION_MISSING evaluation_finalised.period [period=上半期]";
    let is_final = "EVALUATION_FINAL self_evaluated.period [period=上半期]";
    for subject in [X(), goal, Subject::Initiative(initiative_id("I"))] {
        let mut world = reopened_for(&["X"], subject);
        let late = now(recorded(increment("1")))
            .on("2023-09-20")
            .because("報告漏れ");
        assert_eq!(world.outcome(late), "recorded, LATE_AFTER_CUTOFF");
        // The round begins anew, and goes on when the period is closed again.
        world.accept(now(closed("上半期")));
        let finalise = || now(finalised(subject, "上半期", None));
        assert_eq!(world.would(finalise()), missing);
        assert_eq!(world.now_by("課等長").outcome(again(subject)), "recorded");
        assert_eq!(world.now_by("部長").outcome(finalise()), "recorded");
        assert_eq!(world.would(again(subject)), is_final);
    }
    let world = reopened_for(&["Y"], X());
    assert_eq!(world.would(again(X())), is_final);
}

fn agreed(action: &str, due: &str) -> NextActionAgreed {
    NextActionAgreed {
        subject: X(),
        action: action_id(action),
        period: key("上半期"),
        kind: ActionKind::Improve,
        text: text("発注を早める"),
        owner_unit: unit_id("財務課"),
        due: day(due),
    }
}

fn ended(action: &str, subject: Subject) -> NextActionClosed {
    NextActionClosed {
        subject,
        action: action_id(action),
        outcome: ActionOutcome::Done,
        text: text("済んだ"),
    }
}

#[test]
fn an_action_has_an_owner_and_a_day() {
    let mut world = graded();
    assert_snapshot!(world.would(now(agreed("a", "2023-09-30"))), @"DUE_TOO_EARLY next_action_agreed.due [last=2023-09-30]");
    let nobody = NextActionAgreed {
        owner_unit: unit_id("無い課"),
        period: key("下半期"),
        ..agreed("a", "2023-12-28")
    };
    assert_snapshot!(world.would(now(nobody)), @"UNIT_UNKNOWN next_action_agreed.owner_unit; PERIOD_UNKNOWN next_action_agreed.period [known=上半期]");
    let ends = OrgUnitChanged {
        dissolved: true,
        ..unit_changed("財務課")
    };
    let mut gone = world.clone();
    gone.accept(fact(ends).on("2023-10-01").because("改編"));
    assert_snapshot!(gone.would(now(agreed("a", "2023-12-28"))), @"UNIT_NOT_ACTIVE next_action_agreed.owner_unit [date=2023-10-06]");
    assert_snapshot!(world.outcome(now(agreed("a", "2023-10-01"))), @"recorded");
    assert_snapshot!(world.outcome(now(agreed("a", "2023-12-28"))), @"ID_EXISTS next_action_agreed.action");
    assert_snapshot!(world.outcome(now(agreed("b", "2023-12-28"))), @"recorded");
}

#[test]
fn an_action_ends_once() {
    let mut world = graded();
    world.accept(now(agreed("a", "2023-12-28")));
    assert_snapshot!(world.outcome(now(ended("b", X()))), @"ACTION_UNKNOWN next_action_closed.action");
    assert_snapshot!(world.outcome(now(ended("a", of_indicator("Y")))), @"FIELD_INVALID next_action_closed.subject [problem=the action was agreed for another subject]");
    assert_snapshot!(world.outcome(now(ended("a", X()))), @"recorded");
    assert_snapshot!(world.outcome(now(ended("a", X()))), @"ACTION_CLOSED next_action_closed.action [outcome=DONE]");
    let goal = &world.goals[&goal_id("G").into()];
    let open = goal
        .actions()
        .into_iter()
        .filter(|a| a.closed.is_none())
        .count();
    assert_eq!((goal.actions().len(), open), (1, 0));
}

#[test]
fn a_retry_of_an_evaluation_finds_rubric_and_judgement_filled_in() {
    let world = graded();
    let proposed = world.event(&now(self_evaluated(X(), "上半期", Some("A"))));
    let mut stored = world.decide(&proposed).unwrap().events.remove(0);
    if let Some(judging) = stored.payload.judging() {
        *judging.computed = Some(ComputedJudgement {
            status: Status::OnTrack,
            grade: Some(key("A")),
        });
    }
    assert_ne!(proposed, stored);
    assert!(proposed.restates(&stored));
    let other = world.event(&now(self_evaluated(X(), "上半期", Some("B"))));
    assert!(!other.restates(&stored));
}
