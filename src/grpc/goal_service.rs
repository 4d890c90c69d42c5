//! Where goals stand.

use std::pin::Pin;

use futures::Stream;
use tonic::{Request, Response, Status};

use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::code::Code;
use crate::domain::directory::{Directory, Named};
use crate::domain::id::IndicatorId;
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::event::{At, Faults, Resolver, show_baseline, show_pillar, show_span};
use crate::grpc::language;
use crate::grpc::names;
use crate::grpc::organisation;
use crate::grpc::page_token::{Place, Scope, filter_digest};
use crate::grpc::services::Services;
use crate::grpc::show::{self, Detail};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::projection::goal_card::{goal_card, indicator_card};
use crate::projection::listing::{self, GoalFilter};
use crate::projection::{overview, search};

mod pending;
pub(super) mod reporting;
mod watch;

/// Characters of a search at most.
const FIND_CHARS_MAX: usize = 200;
/// Narratives, attachments, demands and forecasts told at once at most: the newest.
const TOLD_MAX: usize = 500;

type Frames = Pin<Box<dyn Stream<Item = Result<v1::WatchGoalsResponse, Status>> + Send>>;

#[tonic::async_trait]
impl v1::goal_service_server::GoalService for Services {
    async fn get_goal(
        &self,
        request: Request<v1::GetGoalRequest>,
    ) -> Result<Response<v1::GetGoalResponse>, Status> {
        self.unary(request, async |call, request: v1::GetGoalRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadGoal)?;
            let as_of = request.as_of.as_ref();
            if request.entry_forms && as_of.is_some() {
                return Err(form("entry_forms", "only without `as_of`"));
            }
            let at = self
                .standpoint(&call, &reader, request.min_position, as_of, None)
                .await?;
            let directory = &at.view.directory;
            let goal = one(directory, "goal", &request.goal)?;
            let card = goal_card(&reader, &at.view, goal, at.on).await?;
            let card = card.ok_or_else(|| Refusal::rule(Reason::GoalUnknown, "goal"))?;
            let mut goal = show::goal(directory, &card, Detail::All);
            if request.entry_forms {
                show::add_entry_forms(&mut goal, &reader, &at.view, &card, &call.actor).await?;
            }
            let answer = v1::GetGoalResponse {
                open_proposals: pending::of_goal(self, &call, &reader, &at, card.id),
                goal: Some(goal),
                answered_at: Some(show::answered_at(&at)),
            };
            Ok(names::told(&at.view.directory, answer))
        })
        .await
    }

    async fn list_goals(
        &self,
        request: Request<v1::ListGoalsRequest>,
    ) -> Result<Response<v1::ListGoalsResponse>, Status> {
        self.unary(request, async |call, mut request: v1::ListGoalsRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadGoal)?;
            let min_position = request.min_position.take();
            let rows = Self::page_rows(std::mem::take(&mut request.page_size));
            let token = std::mem::take(&mut request.page_token);
            let scope = Scope {
                method: "GoalService/ListGoals",
                actor: &call.actor,
                ledger: Some(reader.id()),
                filter: filter_digest(&request),
            };
            let place = self.place(&scope, &token)?;
            let skip = Self::skip(place.as_ref())?;
            let as_of = request.as_of.as_ref();
            let at = self
                .standpoint(&call, &reader, min_position, as_of, place.as_ref())
                .await?;
            let directory = &at.view.directory;
            let filter = goal_filter(directory, &request)?;
            let detail = detail(request.view)?;
            let words = search_words(request.find.as_deref().unwrap_or_default())?;
            let all = listing::goals(directory, &filter, at.on);
            let all = search::telling_of(&reader, &at.view, all, &words, at.on).await?;
            let mut goals = Vec::new();
            for id in all.iter().skip(skip).take(rows) {
                if let Some(card) = goal_card(&reader, &at.view, *id, at.on).await? {
                    goals.push(show::goal(directory, &card, detail));
                }
            }
            let pinned = Some((&at).into());
            Ok(v1::ListGoalsResponse {
                goals,
                next_page_token: self.next_token(&scope, pinned, skip + rows, all.len()),
                total: show::count(all.len()),
                answered_at: Some(show::answered_at(&at)),
            })
        })
        .await
    }

    async fn lookup_code(
        &self,
        request: Request<v1::LookupCodeRequest>,
    ) -> Result<Response<v1::LookupCodeResponse>, Status> {
        self.unary(request, async |call, mut request: v1::LookupCodeRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadGoal)?;
            let min_position = request.min_position.take();
            let rows = Self::page_rows(std::mem::take(&mut request.page_size));
            let token = std::mem::take(&mut request.page_token);
            let scope = Scope {
                method: "GoalService/LookupCode",
                actor: &call.actor,
                ledger: Some(reader.id()),
                filter: filter_digest(&request),
            };
            let kinds = &request.kinds;
            if kinds
                .iter()
                .any(|kind| v1::EntityKind::try_from(*kind).is_err())
            {
                return Err(form("kinds", "not one of the choices"));
            }
            let Some(query) = &request.query else {
                return Err(Refusal::rule(Reason::FieldRequired, "query"));
            };
            let place = self.place(&scope, &token)?;
            let as_of = request.as_of.as_ref();
            let at = self
                .standpoint(&call, &reader, min_position, as_of, place.as_ref())
                .await?;
            let directory = &at.view.directory;
            let answered_at = Some(show::answered_at(&at));
            let wanted = |entity: &v1::Entity| kinds.is_empty() || kinds.contains(&entity.kind);
            // Whoever sees public goals only is not told how the organisation is made up.
            let is_told_all = self.may(&call, &reader, Action::ReadLedger);
            let is_told = |named: &Named| {
                let is_of_goal = match named {
                    Named::Goal(_) | Named::Initiative(_) | Named::Indicator(_) => true,
                    Named::Ledger | Named::Plan(_) | Named::Unit(_) => false,
                };
                is_told_all || is_of_goal
            };
            let prefix = match query {
                v1::lookup_code_request::Query::Code(code) => {
                    let named = anything(directory, "code", code)?;
                    let entity = named
                        .filter(is_told)
                        .map(|named| show::entity(directory, named, at.on))
                        .filter(wanted);
                    let entity = entity.ok_or(ServiceReason::CodeUnknown)?;
                    return Ok(v1::LookupCodeResponse {
                        entities: vec![entity],
                        next_page_token: String::new(),
                        answered_at,
                    });
                }
                v1::lookup_code_request::Query::Prefix(prefix) => search::fold(prefix),
            };
            let mut after = match place {
                None => String::new(),
                Some(place) => {
                    String::from_utf8(place.cursor).map_err(|_| ServiceReason::PageTokenInvalid)?
                }
            };
            let mut codes: Vec<(&Code, Named)> = directory
                .codes()
                .filter(|(code, named)| {
                    is_told(named)
                        && search::fold(code.as_str()).starts_with(&prefix)
                        && after.as_str() < code.as_str()
                })
                .collect();
            codes.sort_unstable_by_key(|(code, _)| *code);
            let mut entities = Vec::new();
            let mut more = false;
            for (code, named) in codes {
                let entity = v1::Entity {
                    // An alias is told as the code that was looked for.
                    code: code.to_string(),
                    ..show::entity(directory, named, at.on)
                };
                if wanted(&entity) {
                    if entities.len() == rows {
                        more = true;
                        break;
                    }
                    after = code.to_string();
                    entities.push(entity);
                }
            }
            let next_page_token = if more {
                let place = Place {
                    pinned: Some((&at).into()),
                    cursor: after.into_bytes(),
                };
                self.token(&scope, &place)
            } else {
                String::new()
            };
            Ok(v1::LookupCodeResponse {
                entities,
                next_page_token,
                answered_at,
            })
        })
        .await
    }

    async fn get_series(
        &self,
        request: Request<v1::GetSeriesRequest>,
    ) -> Result<Response<v1::GetSeriesResponse>, Status> {
        self.unary(request, async |call, mut request: v1::GetSeriesRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadGoal)?;
            let min_position = request.min_position.take();
            let rows = Self::page_rows(std::mem::take(&mut request.page_size));
            let token = std::mem::take(&mut request.page_token);
            let scope = Scope {
                method: "GoalService/GetSeries",
                actor: &call.actor,
                ledger: Some(reader.id()),
                filter: filter_digest(&request),
            };
            let place = self.place(&scope, &token)?;
            let skip = Self::skip(place.as_ref())?;
            let as_of = request.as_of.as_ref();
            let at = self
                .standpoint(&call, &reader, min_position, as_of, place.as_ref())
                .await?;
            let directory = &at.view.directory;
            let id: IndicatorId = one(directory, "indicator", &request.indicator)?;
            let card = indicator_card(&reader, &at.view, id, at.on).await?;
            let card = card.ok_or_else(|| Refusal::rule(Reason::IndicatorUnknown, "indicator"))?;
            let (state, cut) = (&card.state, card.cut);
            let entity = |named| show::entity(directory, named, cut.on);
            let initiative = card.entry.placed_on(cut.on).initiative;
            let goal = directory
                .initiative(initiative)
                .map(|entry| entry.placed_on(cut.on).goal);
            let next_page_token =
                self.next_token(&scope, Some((&at).into()), skip + rows, card.reports());
            let entries: Vec<_> = card.entries().skip(skip).take(rows).collect();
            let backings = card.backings(&reader, &entries).await?;
            let known_baselines = state.baselines.iter();
            let known_baselines = known_baselines.filter(|version| cut.knows(version.position));
            let answer = v1::GetSeriesResponse {
                indicator: Some(show::indicator(directory, &card)),
                goal: goal.map(|goal| entity(Named::Goal(goal))),
                initiative: Some(entity(Named::Initiative(initiative))),
                entries: entries
                    .iter()
                    .zip(&backings)
                    .map(|(entry, backing)| show::entry(&card, entry, backing))
                    .collect(),
                targets: card.targets().map(show::target_version).collect(),
                definitions: show::definitions(&card),
                baselines: known_baselines
                    .map(|version| show_baseline(&version.value))
                    .collect(),
                demands: newest(state.demands_at(cut))
                    .map(|demand| v1::Demand {
                        valid_from: demand.valid.from.to_string(),
                        valid_to: demand.valid.to.map(|day| day.to_string()),
                        requests: demand.requests.to_string(),
                    })
                    .collect(),
                forecasts: newest(state.forecasts_at(cut))
                    .map(|forecast| show::forecast(forecast))
                    .collect(),
                next_page_token,
                answered_at: Some(show::answered_at(&at)),
            };
            Ok(names::told(directory, answer))
        })
        .await
    }

    async fn get_overview(
        &self,
        request: Request<v1::GetOverviewRequest>,
    ) -> Result<Response<v1::GetOverviewResponse>, Status> {
        self.unary(request, async |call, request: v1::GetOverviewRequest| {
            let reader = self.ledger(&call, &request.ledger, Action::ReadPlan)?;
            let as_of = request.as_of.as_ref();
            let at = self
                .standpoint(&call, &reader, request.min_position, as_of, None)
                .await?;
            let directory = &at.view.directory;
            let plan = match &request.plan {
                Some(plan) => directory.plan(one(directory, "plan", plan)?).cloned(),
                None => overview::plan_on(directory, at.on),
            };
            let plan = plan.ok_or_else(|| Refusal::rule(Reason::PlanUnknown, "plan"))?;
            self.read_plan(&call, &reader, plan.id)?;
            let table = overview::overview(&reader, &at.view, &plan, at.on).await?;
            let entity = |named| show::entity(directory, named, at.on);
            let cells = |counts: &[overview::Counts]| {
                let pillars = plan.pillars.iter().map(|pillar| pillar.number);
                pillars
                    .zip(counts)
                    .map(|(pillar, c)| v1::OverviewCell {
                        pillar,
                        counts: Some(show::counts(*c)),
                    })
                    .collect()
            };
            Ok(v1::GetOverviewResponse {
                plan: Some(entity(Named::Plan(plan.id))),
                cycle: Some(show_span(plan.cycle)),
                pillars: plan.pillars.iter().map(show_pillar).collect(),
                rows: table
                    .rows
                    .iter()
                    .map(|row| v1::OverviewRow {
                        department: Some(entity(Named::Unit(row.department))),
                        cells: cells(&row.cells),
                        total: Some(show::counts(row.total)),
                    })
                    .collect(),
                totals: cells(&table.totals),
                total: Some(show::counts(table.total)),
                answered_at: Some(show::answered_at(&at)),
            })
        })
        .await
    }

    async fn get_organisation(
        &self,
        request: Request<v1::GetOrganisationRequest>,
    ) -> Result<Response<v1::GetOrganisationResponse>, Status> {
        self.unary(request, async |call, request| {
            organisation::tree(self, &call, request).await
        })
        .await
    }

    async fn get_responsibility(
        &self,
        request: Request<v1::GetResponsibilityRequest>,
    ) -> Result<Response<v1::GetResponsibilityResponse>, Status> {
        self.unary(request, async |call, request| {
            organisation::responsibility(self, &call, request).await
        })
        .await
    }

    type WatchGoalsStream = Frames;

    async fn watch_goals(
        &self,
        request: Request<v1::WatchGoalsRequest>,
    ) -> Result<Response<Self::WatchGoalsStream>, Status> {
        let language = language::preferred(request.metadata().as_ref());
        let begun = self.begin(&request);
        let opened = async {
            let call = self.call(&request, language)?;
            let deadline = call.asked;
            let request = request.into_inner();
            let reader = self.ledger(&call, &request.ledger, Action::ReadEverything)?;
            let present = self.view(&reader, None).await;
            if let Some(from) = request.from_position
                && present.head.size < from
            {
                let refusal = Refusal::new(ServiceReason::PositionOutOfRange);
                return Err(refusal.with("size", present.head.size));
            }
            let watched = watched(&present.directory, &request)?;
            let detail = detail(request.view)?;
            let frames = watch::watch(
                reader.clone(),
                present,
                watched,
                watch::Telling {
                    detail,
                    deadline,
                    language,
                },
                request.from_position,
                self.closing(),
            );
            Ok(self.while_permitted(call, reader, Action::ReadEverything, frames))
        };
        let frames = self.accounted(begun, opened).await;
        let frames = frames.map_err(|refusal: Refusal| refusal.into_status(language))?;
        Ok(Response::new(frames))
    }

    async fn list_reporting_status(
        &self,
        request: Request<v1::ListReportingStatusRequest>,
    ) -> Result<Response<v1::ListReportingStatusResponse>, Status> {
        self.unary(
            request,
            async |call, request: v1::ListReportingStatusRequest| {
                reporting::answer(self, &call, request).await
            },
        )
        .await
    }

    async fn list_pending(
        &self,
        request: Request<v1::ListPendingRequest>,
    ) -> Result<Response<v1::ListPendingResponse>, Status> {
        self.unary(request, async |call, request: v1::ListPendingRequest| {
            pending::answer(self, &call, request).await
        })
        .await
    }

    async fn get_reporting_calendar(
        &self,
        request: Request<v1::GetReportingCalendarRequest>,
    ) -> Result<Response<v1::GetReportingCalendarResponse>, Status> {
        self.unary(
            request,
            async |call, request: v1::GetReportingCalendarRequest| {
                reporting::calendar(self, &call, request).await
            },
        )
        .await
    }
}

/// How much of each goal is told.
fn detail(view: i32) -> Result<Detail, Refusal> {
    match v1::GoalView::try_from(view) {
        Ok(v1::GoalView::Full) => Ok(Detail::Full),
        Ok(v1::GoalView::Unspecified | v1::GoalView::Summary) => Ok(Detail::Summary),
        Err(_) => Err(form("view", "not one of the choices")),
    }
}

/// Which goals a watch is of.
fn watched(
    directory: &Directory,
    request: &v1::WatchGoalsRequest,
) -> Result<watch::Watched, Refusal> {
    let unit = |field, text: &Option<String>| {
        text.as_deref()
            .map(|text| one(directory, field, text))
            .transpose()
    };
    let (plan, goal) = (request.plan.as_deref(), request.goal.as_deref());
    Ok(watch::Watched {
        filter: GoalFilter {
            plan: plan.map(|text| one(directory, "plan", text)).transpose()?,
            department: unit("department", &request.department)?,
            section: unit("section", &request.section)?,
            pillar: request.pillar,
            ..GoalFilter::default()
        },
        goal: goal.map(|text| one(directory, "goal", text)).transpose()?,
    })
}

/// The last of many, as many as are told, in their order.
fn newest<T>(all: impl DoubleEndedIterator<Item = T>) -> impl Iterator<Item = T> {
    let mut newest: Vec<T> = all.rev().take(TOLD_MAX).collect();
    newest.reverse();
    newest.into_iter()
}

/// The one thing that a field names by id or code.
pub(super) fn one<T: super::event::Referable>(
    directory: &Directory,
    field: &'static str,
    text: &str,
) -> Result<T, Refusal> {
    let mut faults = Faults::default();
    let found = Resolver::new(directory).reference(&mut faults, &At::field(field), text);
    Ok(faults.into_result(found)?)
}

/// What a field names by code or id; `None`: there is no such thing.
pub(super) fn anything(
    directory: &Directory,
    field: &'static str,
    text: &str,
) -> Result<Option<Named>, Refusal> {
    let mut faults = Faults::default();
    let named = Resolver::new(directory).anything(
        &mut faults,
        &At::field(field),
        text,
        Reason::CodeInvalid,
    );
    let unreadable = faults.into_rejections().into_iter().find(|rejection| {
        rejection.reason == Reason::FieldRequired || !rejection.values.is_empty()
    });
    match unreadable {
        Some(rejection) => Err(Refusal::Rules(vec![rejection])),
        None => Ok(named),
    }
}

fn goal_filter(
    directory: &Directory,
    request: &v1::ListGoalsRequest,
) -> Result<GoalFilter, Refusal> {
    let optional = |field, text: &Option<String>| {
        text.as_deref()
            .map(|text| one(directory, field, text))
            .transpose()
    };
    Ok(GoalFilter {
        plan: request
            .plan
            .as_deref()
            .map(|text| one(directory, "plan", text))
            .transpose()?,
        department: optional("department", &request.department)?,
        section: optional("section", &request.section)?,
        pillar: request.pillar,
        include_upcoming: request.include_upcoming,
    })
}

fn search_words(find: &str) -> Result<Vec<String>, Refusal> {
    if FIND_CHARS_MAX < find.chars().count() {
        let rule = Rejection::new(Reason::TextTooLong, "find");
        return Err(Refusal::Rules(vec![rule.with("max", FIND_CHARS_MAX)]));
    }
    Ok(search::words(find))
}

/// A field that has the wrong form.
pub(super) fn form(field: &str, problem: &str) -> Refusal {
    Refusal::Rules(vec![
        Rejection::new(Reason::FieldInvalid, field).with("problem", problem),
    ])
}
