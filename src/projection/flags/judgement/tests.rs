use insta::assert_snapshot;

use super::*;
use crate::domain::evaluation::Status;
use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, ComputedJudgement};
use crate::domain::event::{
    EvaluationFinalised, EvaluationReviewed, NextActionAgreed, NextActionClosed, Payload,
    SelfEvaluated,
};
use crate::domain::id::ActionId;
use crate::domain::testing::*;
use crate::projection::flags::testing::lines;

const END: &str = "2024-03-31";

/// Records without asking: what is looked for is what the rules would refuse.
fn after(facts: &[(&'static str, &'static str, Payload)]) -> World {
    facts.iter().fold(
        World::measuring(count()),
        |world, (actor, today, payload)| {
            let mut world = world.at(today).by(actor);
            let event = world.event(&fact(payload.clone()).on(today));
            world.apply(event);
            world
        },
    )
}

fn found(world: &World, on: &str, kind: FlagKind) -> String {
    let goal = &world.goals[&goal_id("G").into()];
    let cut = Cut::on(day(on)).known_at(world.position);
    let mut flags = Vec::new();
    super::judgements(goal.evaluations(), cut, &mut flags);
    super::actions(&goal.actions(), cut, &mut flags);
    lines(&flags, kind)
}

fn x() -> Subject {
    Subject::Indicator(indicator_id("X"))
}

fn self_evaluated(grade: &str, computed: &str) -> Payload {
    SelfEvaluated {
        subject: x(),
        period: key("midyear"),
        grade: Some(key(grade)),
        rubric: None,
        computed: Some(ComputedJudgement {
            status: Status::OnTrack,
            grade: Some(key(computed)),
        }),
        cause: None,
        comment: text("順調に進んでいる。"),
    }
    .into()
}

fn reviewed(period: &str) -> Payload {
    EvaluationReviewed {
        subject: x(),
        period: key(period),
        grade: Some(key("A")),
        rubric: None,
        computed: None,
        comment: text("妥当。"),
    }
    .into()
}

#[test]
fn a_review_of_ones_own_is_told() {
    let own = |reviewer: &'static str, period: &str| {
        after(&[
            ("課長", "2023-10-06", self_evaluated("A", "A")),
            (reviewer, "2023-10-10", reviewed(period)),
        ])
    };
    assert_snapshot!(found(&own("部長", "midyear"), END, FlagKind::SelfReviewed), @"");
    assert_snapshot!(found(&own("課長", "year"), END, FlagKind::SelfReviewed), @"");
    assert_snapshot!(found(&own("課長", "midyear"), END, FlagKind::SelfReviewed), @"SELF_REVIEWED period=midyear step=REVIEW actor=課長 on 2");
    assert_snapshot!(found(&own("課長", "midyear"), "2023-10-09", FlagKind::SelfReviewed), @"");
    let finalised = EvaluationFinalised {
        subject: x(),
        period: key("midyear"),
        grade: None,
        rubric: None,
        computed: None,
        comment: None,
    };
    let finalised = after(&[
        ("課長", "2023-10-06", self_evaluated("A", "A")),
        ("課長", "2023-10-12", finalised.into()),
    ]);
    assert_snapshot!(found(&finalised, END, FlagKind::SelfReviewed), @"SELF_REVIEWED period=midyear step=FINALISATION actor=課長 on 2");
}

#[test]
fn a_grade_that_is_not_the_computed_one_is_told() {
    let graded =
        |grade, computed| after(&[("課長", "2023-10-06", self_evaluated(grade, computed))]);
    assert_snapshot!(found(&graded("A", "A"), END, FlagKind::GradeOverridden), @"");
    assert_snapshot!(found(&graded("A", "B"), END, FlagKind::GradeOverridden), @"GRADE_OVERRIDDEN period=midyear step=SELF_EVALUATION computed=B given=A actor=課長 on 1");
}

#[test]
fn an_action_that_is_open_after_its_day_is_told() {
    let action = ActionId::derived(uuid::Uuid::NAMESPACE_OID, "action");
    let agreed: Payload = NextActionAgreed {
        subject: x(),
        action,
        period: key("midyear"),
        kind: ActionKind::Improve,
        text: text("求人の開拓を増やす。"),
        owner_unit: unit_id("企画政策課"),
        due: day("2023-12-28"),
    }
    .into();
    let open = after(&[("部長", "2023-10-12", agreed.clone())]);
    assert_snapshot!(found(&open, "2023-12-28", FlagKind::NextActionOverdue), @"");
    assert_snapshot!(found(&open, "2024-01-07", FlagKind::NextActionOverdue), @"NEXT_ACTION_OVERDUE due=2023-12-28 days=10 period=midyear action=531a82cc-f9fe-5779-9887-8628d99fea0d on 1");
    let closed = NextActionClosed {
        subject: x(),
        action,
        outcome: ActionOutcome::Done,
        text: text("実施した。"),
    };
    let closed = after(&[
        ("部長", "2023-10-12", agreed),
        ("課長", "2024-01-05", closed.into()),
    ]);
    assert_snapshot!(found(&closed, "2024-01-04", FlagKind::NextActionOverdue), @"NEXT_ACTION_OVERDUE due=2023-12-28 days=7 period=midyear action=531a82cc-f9fe-5779-9887-8628d99fea0d on 1");
    assert_snapshot!(found(&closed, "2024-01-07", FlagKind::NextActionOverdue), @"");
}
