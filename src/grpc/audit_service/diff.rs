//! What differs in a goal between two points.

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::Subject;
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::as_of;
use crate::grpc::evaluation_service::difference;
use crate::grpc::event::{At as Place, Choice as _, Faults, Resolver};
use crate::grpc::names;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::show::evaluation::evaluated_at;
use crate::grpc::status::Refusal;
use crate::ledger::Standpoint;
use crate::projection::describe::{named, subject_of};
use crate::projection::evaluation::{At, Ruling};
use crate::projection::goal_diff::cause::{Cause, Step, Steps, steps};
use crate::projection::goal_diff::{Change, FieldChange, SubjectChange, changes};

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::DiffGoalRequest,
) -> Result<v1::DiffGoalResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadGoal)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AuditService/DiffGoal",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let skip = Services::skip(place.as_ref())?;
    // Both ends are told as the first page found them.
    let now = services
        .standpoint(call, &reader, min_position, None, place.as_ref())
        .await?;
    let Some(from) = &request.from else {
        return Err(Refusal::rule(Reason::FieldRequired, "from"));
    };
    let from = as_of::other(&reader, &now, from, "from").await?;
    let to = match &request.to {
        Some(to) => as_of::other(&reader, &now, to, "to").await?,
        None => now.clone(),
    };
    forward(&from, &to)?;
    let subject = subject(&to.view.directory, &request.subject)?;
    let at = |standpoint: &Standpoint| at(standpoint, &to.view.directory, subject);
    let (from, to) = (at(&from)?, at(&to)?);
    let all = changes(&reader, &from, &to, subject).await?;
    let mut told = Vec::new();
    for found in all.iter().skip(skip).take(rows) {
        let steps = steps(&reader, &from, &to, found.subject).await?;
        told.push(difference_of(&to, found, &steps));
    }
    let head = now.view.head;
    let pinned = Some((&now).into());
    let answer = v1::DiffGoalResponse {
        subject: Some(show::entity(
            &to.directory,
            named(&subject),
            to.effective_on,
        )),
        from: Some(evaluated_at(&from, head)),
        to: Some(evaluated_at(&to, head)),
        differences: told,
        total: show::count(all.len()),
        next_page_token: services.next_token(&scope, pinned, skip + rows, all.len()),
    };
    Ok(names::told(&now.view.directory, answer))
}

fn forward(from: &Standpoint, to: &Standpoint) -> Result<(), Refusal> {
    let mut wrong = Vec::new();
    let mut refuse = |problem: &str| {
        wrong.push(Rejection::new(Reason::FieldInvalid, "to").with("problem", problem));
    };
    if to.view.size < from.view.size {
        refuse("it must know at least as much as `from`");
    }
    if to.on < from.on {
        refuse("its day must not be before that of `from`");
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(Refusal::Rules(wrong)),
    }
}

fn subject(directory: &Directory, text: &str) -> Result<Subject, Refusal> {
    let (resolver, mut faults, at) = (
        Resolver::new(directory),
        Faults::default(),
        Place::field("subject"),
    );
    let found = match text {
        "" => faults.required(&at),
        text => resolver.anything(&mut faults, &at, text, Reason::GoalUnknown),
    };
    let subject = match found {
        None => None,
        Some(Named::Goal(id)) => Some(Subject::Goal(id)),
        Some(Named::Initiative(id)) => Some(Subject::Initiative(id)),
        Some(Named::Indicator(id)) => Some(Subject::Indicator(id)),
        Some(Named::Ledger | Named::Plan(_) | Named::Unit(_)) => {
            faults.form(&at, "neither a goal, an initiative nor an indicator")
        }
    };
    Ok(faults.into_result(subject)?)
}

/// A point in the plan that the subject belongs to.
fn at(standpoint: &Standpoint, known: &Directory, subject: Subject) -> Result<At, Refusal> {
    let (directory, on) = (&standpoint.view.directory, standpoint.on);
    let plan = known.plan_of_subject(subject);
    let plan = plan.and_then(|plan| known.plan(plan));
    let plan = plan.ok_or_else(|| Refusal::rule(Reason::PlanUnknown, "subject"))?;
    let known_at = standpoint.view.size;
    Ok(At {
        directory: directory.clone(),
        plan: plan.clone(),
        effective_on: on,
        known_at,
        ruling: Ruling::on(directory, on, known_at),
    })
}

fn difference_of(to: &At, found: &SubjectChange, steps: &Steps) -> v1::SubjectDifference {
    let on = to.effective_on;
    v1::SubjectDifference {
        subject: Some(show::entity(&to.directory, named(&found.subject), on)),
        change: found.change.change.number(),
        fields: fields(&found.change),
        materiality: found.change.materiality.number(),
        learnt: Some(step(&to.directory, on, &steps.learnt)),
        happened: Some(step(&to.directory, on, &steps.happened)),
        ruled: Some(step(&to.directory, on, &steps.ruled)),
    }
}

fn step(directory: &Directory, on: Date, step: &Step) -> v1::RowStep {
    let change = step.change.as_ref();
    let cause = |cause: &Cause| {
        let recorded = &cause.stored.recorded;
        let about = show::entity(directory, subject_of(&recorded.event), on);
        let change = cause.change.as_ref();
        v1::Cause {
            fields: change.map(fields).unwrap_or_default(),
            materiality: change.map_or(0, |change| change.materiality.number()),
            ..difference::event(recorded, about)
        }
    };
    v1::RowStep {
        fields: change.map(fields).unwrap_or_default(),
        materiality: change.map_or(0, |change| change.materiality.number()),
        causes: step.causes.iter().map(cause).collect(),
        more_causes: step.more,
    }
}

fn fields(change: &Change) -> Vec<v1::FieldDifference> {
    let evaluation = |portrait: &Option<crate::projection::goal_diff::Portrait>| {
        portrait
            .as_ref()
            .and_then(|portrait| portrait.evaluation.clone())
    };
    let (before, after) = (evaluation(&change.before), evaluation(&change.after));
    let told = |field: &FieldChange| v1::FieldDifference {
        field: field.field.name.to_owned(),
        before: field.before.clone(),
        after: field.after.clone(),
        points: field
            .field
            .column()
            .and_then(|column| difference::points(column, before.as_deref(), after.as_deref())),
        item: field.field.item.clone(),
    };
    change.fields.iter().map(told).collect()
}
