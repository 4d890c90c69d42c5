//! Differences between two evaluations as messages.

use crate::api::v1;
use crate::domain::directory::Named;
use crate::domain::evaluation::{AgainstTarget, Evaluation, Exact, Figure};
use crate::domain::event::Recorded;
use crate::grpc::event::{
    Choice as _, show_actor, show_reason, show_source_document, show_timestamp,
};
use crate::grpc::show;
use crate::grpc::show::evaluation::number;
use crate::projection::describe::subject_of;
use crate::projection::evaluation::cause::{Cause, RowChangeBy, Step, Steps};
use crate::projection::evaluation::compare::RowDifference;
use crate::projection::evaluation::rows::{Column, Row};
use crate::projection::evaluation::{GoalEvaluation, PlanEvaluation};

/// A row that differs, with the steps between and the events behind each.
pub(super) fn row(
    from: &PlanEvaluation,
    to: &PlanEvaluation,
    difference: &RowDifference,
    steps: &Steps,
) -> v1::RowDifference {
    let id = difference.indicator;
    let of = |evaluation: &PlanEvaluation| {
        let mut indicators = evaluation.indicators();
        indicators
            .find(|(_, _, indicator)| indicator.id == id)
            .map(|(goal, _, indicator)| (goal.id, indicator.evaluation.clone()))
    };
    let (before, after) = (of(from), of(to));
    let goal = after.as_ref().or(before.as_ref()).map(|(goal, _)| *goal);
    let directory = &to.at.directory;
    let on = to.at.effective_on;
    let named = |named| show::entity(directory, named, on);
    let evaluation = |found: &Option<(_, std::sync::Arc<Evaluation>)>| {
        found.as_ref().map(|(_, evaluation)| evaluation.clone())
    };
    v1::RowDifference {
        indicator: Some(named(Named::Indicator(id))),
        goal: goal.map(|goal| named(Named::Goal(goal))),
        change: difference.change.number(),
        fields: fields(
            difference,
            evaluation(&before).as_deref(),
            evaluation(&after).as_deref(),
        ),
        materiality: difference.materiality.number(),
        learnt: Some(step(to, &steps.learnt)),
        happened: Some(step(to, &steps.happened)),
        ruled: Some(step(to, &steps.ruled)),
    }
}

fn step(to: &PlanEvaluation, step: &Step) -> v1::RowStep {
    let change = step.change.as_deref();
    v1::RowStep {
        fields: change.map(changed).unwrap_or_default(),
        materiality: change.map_or(0, |change| change.difference.materiality.number()),
        causes: step.causes.iter().map(|c| cause(to, c)).collect(),
        more_causes: step.more,
    }
}

fn cause(to: &PlanEvaluation, cause: &Cause) -> v1::Cause {
    let recorded = &cause.stored.recorded;
    let change = cause.difference.as_deref();
    let about = subject_of(&recorded.event);
    let about = show::entity(&to.at.directory, about, to.at.effective_on);
    v1::Cause {
        fields: change.map(changed).unwrap_or_default(),
        materiality: change.map_or(0, |change| change.difference.materiality.number()),
        ..event(recorded, about)
    }
}

/// An event that bears on a difference, without what it changed.
pub(in crate::grpc) fn event(recorded: &Recorded, about: v1::Entity) -> v1::Cause {
    let event = &recorded.event;
    v1::Cause {
        event_id: event.id.to_string(),
        position: recorded.position,
        r#type: event.payload.event_type().number(),
        recorded_at: Some(show_timestamp(recorded.recorded_at)),
        actor: Some(show_actor(&recorded.actor)),
        reason: event.reason.as_ref().map(show_reason),
        valid_from: event.valid.map(|valid| valid.from.to_string()),
        valid_to: event
            .valid
            .and_then(|valid| valid.to)
            .map(|day| day.to_string()),
        subject: Some(about),
        source_document: event.source_document.as_ref().map(show_source_document),
        decision_event_id: event.decision.map(|id| id.to_string()),
        fields: Vec::new(),
        materiality: 0,
    }
}

fn changed(change: &RowChangeBy) -> Vec<v1::FieldDifference> {
    let evaluation = |goal: &Option<GoalEvaluation>| {
        goal.as_ref()
            .and_then(|goal| goal.indicators().next())
            .map(|indicator| indicator.evaluation.clone())
    };
    let (before, after) = (evaluation(&change.before), evaluation(&change.after));
    fields(&change.difference, before.as_deref(), after.as_deref())
}

fn fields(
    difference: &RowDifference,
    before: Option<&Evaluation>,
    after: Option<&Evaluation>,
) -> Vec<v1::FieldDifference> {
    let some = |cell: &str| (!cell.is_empty()).then(|| cell.to_owned());
    difference
        .fields
        .iter()
        .map(|field| v1::FieldDifference {
            field: field.column.name().to_owned(),
            before: some(&field.before),
            after: some(&field.after),
            points: points(field.column, before, after),
            item: None,
        })
        .collect()
}

/// A column of two rows, whether it differs or not.
pub(super) fn beside(
    column: Column,
    (before, after): (&Row, &Row),
    (earlier, later): (&Evaluation, &Evaluation),
) -> v1::FieldDifference {
    let cell = |row: &Row| Some(row.cell(column).to_owned()).filter(|cell| !cell.is_empty());
    v1::FieldDifference {
        field: column.name().to_owned(),
        before: cell(before),
        after: cell(after),
        points: points(column, Some(earlier), Some(later)),
        item: None,
    }
}

/// What a share rose or fell by, in percentage points.
pub(in crate::grpc) fn points(
    column: Column,
    before: Option<&Evaluation>,
    after: Option<&Evaluation>,
) -> Option<v1::ExactNumber> {
    let (before, after) = (share(column, before?)?, share(column, after?)?);
    let points = after.minus(&before).times(&100.into());
    let shown = points.half_up(POINTS_DIGITS);
    Some(number(&points, shown))
}

/// Digits after the point that percentage points are shown with.
const POINTS_DIGITS: u32 = 1;

fn share(column: Column, found: &Evaluation) -> Option<Exact> {
    let against = |against: &Option<AgainstTarget>| {
        against
            .as_ref()
            .and_then(|against| against.attainment.clone().ok())
    };
    let figure = |figure: &Figure| figure.clone().ok();
    match column {
        Column::Attainment => against(&found.current),
        Column::AttainmentFirst => against(&found.first),
        Column::CapUsage => figure(&found.cap_usage),
        Column::MeanOfMonths => figure(&found.mean_of_months),
        Column::ServiceRate => figure(&found.service_rate),
        Column::PlannedShare => figure(&found.planned_share),
        _ => None,
    }
}
