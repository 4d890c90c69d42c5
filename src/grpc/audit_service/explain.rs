//! Why a figure is what it is.

use std::collections::BTreeMap;

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::directory::{Directory, Named};
use crate::domain::evaluation::{EvaluationPolicy, Exact, display};
use crate::domain::event::Stream;
use crate::domain::id::IndicatorId;
use crate::domain::indicator::Definition;
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::as_of;
use crate::grpc::event::{Choice as _, show_actual, show_measurement, show_reported};
use crate::grpc::goal_service::{form, one};
use crate::grpc::names;
use crate::grpc::page_token::{Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::show::evaluation::{amount, evaluated_at, figure, number};
use crate::grpc::status::Refusal;
use crate::ledger::{Reader, Standpoint, Stored};
use crate::projection::evaluation::{At, Ruling};
use crate::projection::explain::contribution::Contribution;
use crate::projection::explain::figure::{Explained, FigureKind, Reading};
use crate::projection::explain::waterfall::{Cause, Step};
use crate::projection::measured::Measured;

/// Events of one step told at most.
const EVENTS_TOLD_MAX: usize = 50;

pub(super) async fn answer(
    services: &Services,
    call: &Call,
    mut request: v1::ExplainFigureRequest,
) -> Result<v1::ExplainFigureResponse, Refusal> {
    let reader = services.ledger(call, &request.ledger, Action::ReadEverything)?;
    let min_position = request.min_position.take();
    let rows = Services::page_rows(std::mem::take(&mut request.page_size));
    let token = std::mem::take(&mut request.page_token);
    let scope = Scope {
        method: "AuditService/ExplainFigure",
        actor: &call.actor,
        ledger: Some(reader.id()),
        filter: filter_digest(&request),
    };
    let place = services.place(&scope, &token)?;
    let skip = Services::skip(place.as_ref())?;
    let kind = match request.figure {
        0 => FigureKind::Actual,
        number => FigureKind::from_number(number)
            .ok_or_else(|| form("figure", "not one of the choices"))?,
    };
    let as_of = request.as_of.as_ref();
    let standpoint = services
        .standpoint(call, &reader, min_position, as_of, place.as_ref())
        .await?;
    let since = since(&reader, &standpoint, request.since.as_ref()).await?;
    let (directory, on) = (&standpoint.view.directory, standpoint.on);
    let id: IndicatorId = one(directory, "indicator", &request.indicator)?;
    let unknown = || Refusal::rule(Reason::IndicatorUnknown, "indicator");
    let entry = directory.indicator(id).ok_or_else(unknown)?;
    let home = reader
        .stream_covering(Stream::goal(entry.home), standpoint.view.size)
        .await?;
    let state = home.goal.indicator(id).ok_or_else(unknown)?;
    let initiative = entry.placed_on(on).initiative;
    let goal = directory.initiative(initiative).ok_or_else(unknown)?;
    let goal = goal.placed_on(on).goal;
    let plan = directory.goal(goal).map(|goal| goal.plan);
    let plan = plan
        .and_then(|plan| directory.plan(plan))
        .ok_or_else(unknown)?;
    let at = At {
        directory: directory.clone(),
        plan: plan.clone(),
        effective_on: on,
        known_at: standpoint.view.size,
        ruling: Ruling::on(directory, on, standpoint.view.size),
    };
    let explained = Explained {
        measured: Measured {
            id,
            state,
            home: &home.goal,
            cycle: plan.cycle,
            directory,
            policy: &at.ruling.policy.content,
        },
        kind,
    };
    let until = standpoint.cut();
    // From nothing: the same day, before the first event.
    let from = since.as_ref().map_or(until.known_at(0), Standpoint::cut);
    let way = explained.way(from, until);
    let reading = |cut| explained.reading(cut);
    let steps = way.steps(skip, rows, reading);
    let all = explained.contributions(until);
    let page: Vec<&Contribution<'_>> = all.iter().skip(skip).take(rows).collect();
    let wanted = steps.iter().flat_map(|step| told(&step.cause));
    let wanted = wanted.chain(page.iter().map(|contribution| contribution.entry.position));
    let events = events(&reader, wanted.collect()).await?;
    let (number, version) = state.definition_at(until).ok_or_else(unknown)?;
    let teller = Teller {
        directory,
        at: &at,
        kind,
        definition: &version.definition,
        events,
    };
    let named = |named| Some(show::entity(directory, named, on));
    let longest = way.len().max(all.len());
    let pinned = Some((&standpoint).into());
    let head = standpoint.view.head;
    let answer = v1::ExplainFigureResponse {
        indicator: named(Named::Indicator(id)),
        initiative: named(Named::Initiative(initiative)),
        goal: named(Named::Goal(goal)),
        definition: Some(show::definition_version(number, version, until)),
        figure: kind.number(),
        before: Some(teller.reading(&reading(from))),
        after: Some(teller.reading(&reading(until))),
        steps: steps.iter().map(|step| teller.step(step)).collect(),
        step_count: show::count(way.len()),
        contributions: page.iter().map(|c| teller.contribution(c)).collect(),
        contribution_count: show::count(all.len()),
        since: since.map(|since| {
            let since = At {
                effective_on: since.on,
                known_at: since.view.size,
                ..at.clone()
            };
            evaluated_at(&since, head)
        }),
        evaluated_at: Some(evaluated_at(&at, head)),
        next_page_token: services.next_token(&scope, pinned, skip + rows, longest),
    };
    Ok(names::told(directory, answer))
}

/// Where the figure to begin with is read; `None`: from nothing.
async fn since(
    reader: &Reader,
    until: &Standpoint,
    asked: Option<&v1::AsOf>,
) -> Result<Option<Standpoint>, Refusal> {
    let Some(asked) = asked else { return Ok(None) };
    let since = as_of::other(reader, until, asked, "since").await?;
    let mut wrong = Vec::new();
    let mut refuse = |problem: &str| {
        wrong.push(Rejection::new(Reason::FieldInvalid, "since").with("problem", problem));
    };
    if until.view.size < since.view.size {
        refuse("it must not know more than `as_of`");
    }
    if until.on < since.on {
        refuse("its day must not be after that of `as_of`");
    }
    match wrong.is_empty() {
        true => Ok(Some(since)),
        false => Err(Refusal::Rules(wrong)),
    }
}

/// Positions of the events of a step that are told.
fn told(cause: &Cause) -> Vec<u64> {
    match cause {
        Cause::Dated { positions, .. } => positions.iter().copied().take(EVENTS_TOLD_MAX).collect(),
        Cause::Learnt { position } => vec![*position],
        Cause::Together { last, .. } => vec![*last],
    }
}

async fn events(reader: &Reader, mut wanted: Vec<u64>) -> Result<BTreeMap<u64, Stored>, Refusal> {
    wanted.sort_unstable();
    wanted.dedup();
    let stored = reader.stored_at(&wanted).await?;
    Ok(wanted.into_iter().zip(stored).collect())
}

/// Tells figures of one indicator.
struct Teller<'a> {
    directory: &'a Directory,
    at: &'a At,
    kind: FigureKind,
    definition: &'a Definition,
    events: BTreeMap<u64, Stored>,
}

impl Teller<'_> {
    fn policy(&self) -> &EvaluationPolicy {
        &self.at.ruling.policy.content
    }

    fn shown(&self, value: &Exact) -> String {
        match self.kind {
            FigureKind::Attainment => display::share(value, self.policy()),
            FigureKind::Actual | FigureKind::Target => amount(value, &self.definition.unit, &[]),
        }
    }

    fn reading(&self, reading: &Reading) -> v1::FigureReading {
        let share = |value: &Exact| display::share(value, self.policy());
        let part = |part: &crate::projection::explain::figure::PartReading| {
            let id = part.part.as_str().parse().ok();
            let component = id.filter(|id| self.definition.components.contains(id));
            v1::PartReading {
                part: part.part.to_string(),
                component: component.map(|id| {
                    let on = self.at.effective_on;
                    show::entity(self.directory, Named::Indicator(id), on)
                }),
                actual: Some(show_actual(&part.actual)),
                attainment: part
                    .attainment
                    .as_ref()
                    .map(|attainment| figure(attainment, share)),
            }
        };
        v1::FigureReading {
            figure: Some(figure(&reading.figure, |value| self.shown(value))),
            actual: reading.actual.as_ref().map(show_actual),
            target: reading.target.as_ref().map(show::target_version),
            parts: reading.parts.iter().map(part).collect(),
        }
    }

    fn event(&self, position: u64) -> Option<v1::EventReference> {
        let stored = self.events.get(&position)?;
        Some(show::event_reference(&stored.recorded))
    }

    fn step(&self, step: &Step<Reading>) -> v1::FigureStep {
        let (cause, on, count) = match &step.cause {
            Cause::Dated { on, positions } => (v1::StepCause::Dated, Some(on), positions.len()),
            Cause::Learnt { .. } => (v1::StepCause::Learnt, None, 1),
            Cause::Together { count, .. } => (v1::StepCause::Together, None, *count),
        };
        let told = told(&step.cause).into_iter();
        let difference = step.before.difference(&step.after);
        v1::FigureStep {
            cause: cause.into(),
            on: on.map(ToString::to_string),
            events: told.filter_map(|position| self.event(position)).collect(),
            event_count: show::count(count),
            before: Some(self.reading(&step.before)),
            after: Some(self.reading(&step.after)),
            difference: difference.map(|value| number(&value, self.shown(&value))),
        }
    }

    fn contribution(&self, found: &Contribution<'_>) -> v1::FigureContribution {
        let entry = &found.entry;
        v1::FigureContribution {
            event: self.event(entry.position),
            measurement: Some(show_measurement(&entry.measurement)),
            part: show_reported(&entry.context.reported).0,
            role: found.role.number(),
            gives_way_to: found.for_whom.map(|id| id.to_string()),
            adds: found.adds.map(|amount| amount.to_string()),
        }
    }
}
