//! What the indicators of a file go on with: found in the ledger before anything is sent, so that all that is wrong with it is
//! told at once, by the cells that say it.

use std::collections::HashMap;

use crate::api::v1;
use crate::cli::client::GoalFilter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::domain::date::{Date, parse_iso};
use crate::domain::event::{Event, Payload};
use crate::domain::id::IndicatorId;
use crate::import::Plan;
use crate::import::continuation::{Continuation, Ids, Origin};

/// Most faults that are told one by one.
const FAULTS_MAX: usize = 100;

/// A file's plan with what its indicators go on with.
#[derive(Debug)]
pub struct Continued {
    /// The plan; each continuation has its ids.
    pub plan: Plan,
    /// Codes of what ends with the earlier plan: what is open there and goes on in nothing, by the order of that plan. `None`:
    /// the file is no draft.
    pub ended: Option<Vec<String>>,
    /// Indicators of earlier plans, by id.
    known: HashMap<IndicatorId, Earlier>,
}

/// An indicator of an earlier plan.
#[derive(Clone, Debug)]
struct Earlier {
    ids: Ids,
    code: String,
    /// The id and code of what goes on with it.
    continued_by: Option<(String, String)>,
    is_open: bool,
}

/// A cell that is wrong, and what is wrong with it.
type Fault = (Continuation, String);

/// Finds what the indicators of a file go on with.
pub async fn continued(session: &Session, plan: &Plan) -> Result<Continued, Failure> {
    let mut plan = plan.clone();
    let sought: Vec<Continuation> = plan
        .proposals()
        .filter_map(|own| own.continues.clone())
        .collect();
    let origin = plan.draft.as_ref().map(|draft| draft.origin);
    let mut known: HashMap<IndicatorId, Earlier> = HashMap::new();
    let mut ended = None;
    if let Some(origin) = origin {
        let earlier = of_origin(session, origin).await?;
        let goes_on = |id: &IndicatorId| {
            let made = |own: &Continuation| own.made.as_ref().map(|made| made.ids.indicator);
            sought.iter().filter_map(made).any(|own| own == *id)
        };
        let ends = earlier
            .iter()
            .filter(|own| own.is_open && !goes_on(&own.ids.indicator));
        ended = Some(ends.map(|own| own.code.clone()).collect());
        known.extend(earlier.into_iter().map(|own| (own.ids.indicator, own)));
    }
    let mut by_code: HashMap<String, Ids> = HashMap::new();
    if sought.iter().any(|own| own.made.is_none()) {
        for entity in session.client.every(v1::EntityKind::Plan).await? {
            for own in of_plan(session, &entity.id).await? {
                by_code.insert(own.code.clone(), own.ids);
                known.entry(own.ids.indicator).or_insert(own);
            }
        }
    }
    let mut faults: Vec<Fault> = Vec::new();
    for proposal in plan.proposals_mut() {
        let Some(own) = &mut proposal.continues else {
            continue;
        };
        own.ids = match &own.made {
            Some(made) => known.get(&made.ids.indicator).map(|known| known.ids),
            None => by_code.get(&own.code).copied(),
        };
        if own.ids.is_none() {
            let code = terminal::line(&own.code);
            let told = session.view.pick(
                format!("{code} という指標は台帳にありません。表示のコードに戻すか、空欄にして新規の指標にしてください"),
                format!("the ledger has no indicator {code}: put back the code that stood there, or leave it blank for a new one"),
            );
            faults.push((own.clone(), told));
        }
    }
    refused(session, faults)?;
    Ok(Continued { plan, ended, known })
}

impl Continued {
    /// Each of what the events go on with goes on in nothing else.
    pub fn check_free(&self, session: &Session, events: &[Event]) -> Result<(), Failure> {
        let cells: HashMap<IndicatorId, &Continuation> = self
            .plan
            .proposals()
            .filter_map(|own| {
                let continues = own.continues.as_ref()?;
                Some((continues.ids?.indicator, continues))
            })
            .collect();
        let mut faults: Vec<Fault> = Vec::new();
        for event in events {
            let Payload::IndicatorDefined(defined) = &event.payload else {
                continue;
            };
            let earlier = defined.continues.and_then(|id| self.known.get(&id));
            let Some((id, code)) = earlier.and_then(|own| own.continued_by.as_ref()) else {
                continue;
            };
            let cell = defined.continues.and_then(|id| cells.get(&id));
            if let Some(cell) = cell.filter(|_| *id != defined.indicator.to_string()) {
                let code = terminal::line(code);
                let told = session.view.pick(
                    format!("すでに {code} に継続しています"),
                    format!("{code} goes on with it already"),
                );
                faults.push(((*cell).clone(), told));
            }
        }
        refused(session, faults)
    }
}

/// The indicators of the plan that a draft was made of.
async fn of_origin(session: &Session, origin: Origin) -> Result<Vec<Earlier>, Failure> {
    let view = &session.view;
    let own = view.ledger.as_ref().map_or("", |ledger| &ledger.id);
    if own != origin.ledger.to_string() {
        return Err(Failure::new(
            Exit::Refused,
            view.pick(
                "別の台帳の計画案です。何も取り込んでいません",
                "a draft of another ledger; nothing was imported",
            ),
        )
        .hint(view.pick(
            "この台帳から plan draft で作り直すか、--ledger で台帳を選んでください",
            "write it from this ledger with plan draft, or choose the ledger with --ledger",
        )));
    }
    of_plan(session, &origin.plan.to_string()).await
}

/// The indicators of a plan, as they stand today or stood at its end.
async fn of_plan(session: &Session, plan: &str) -> Result<Vec<Earlier>, Failure> {
    let cycle = session.client.overview(Some(plan.to_owned())).await?.cycle;
    let today = day(&session.client.get_ledger().await?.today)?;
    let last = cycle.map(|cycle| day(&cycle.last)).transpose()?;
    let is_over = last.filter(|last| *last < today);
    let client = session.client.at(is_over.map(|last| v1::AsOf {
        known_at: None,
        effective_on: Some(last.to_string()),
    }));
    let filter = GoalFilter {
        plan: Some(plan.to_owned()),
        full: true,
        upcoming: true,
        ..GoalFilter::default()
    };
    let goals = client.goals(&filter, usize::MAX).await?.goals;
    let mut found = Vec::new();
    for goal in &goals {
        for initiative in &goal.initiatives {
            for indicator in &initiative.indicators {
                found.push(earlier(goal, initiative, indicator)?);
            }
        }
    }
    Ok(found)
}

fn earlier(
    goal: &v1::Goal,
    initiative: &v1::Initiative,
    indicator: &v1::Indicator,
) -> Result<Earlier, Failure> {
    let by = indicator.continued_by.as_ref();
    Ok(Earlier {
        ids: Ids {
            goal: id(&goal.id)?,
            initiative: id(&initiative.id)?,
            indicator: id(&indicator.id)?,
        },
        code: indicator.code.clone(),
        continued_by: by.map(|by| (by.id.clone(), by.code.clone())),
        is_open: is_open(goal, initiative, indicator),
    })
}

/// Whether an indicator was not given up, nor what it stands under.
pub(super) fn is_open(
    goal: &v1::Goal,
    initiative: &v1::Initiative,
    indicator: &v1::Indicator,
) -> bool {
    let standings = [&goal.standing, &initiative.standing, &indicator.standing];
    let phases = standings.into_iter().flatten().map(v1::Standing::phase);
    let mut given_up = phases.filter(|phase| *phase == v1::Phase::Cancelled);
    given_up.next().is_none()
}

/// An id of the server.
pub(super) fn id<T: std::str::FromStr<Err: std::fmt::Display>>(text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| {
        let told = format!("the server's id `{text}` cannot be read: {error}");
        Failure::new(Exit::Fault, told)
    })
}

/// A day of the server.
pub(super) fn day(text: &str) -> Result<Date, Failure> {
    parse_iso(text).map_err(|error| {
        let told = format!("the server's date `{text}` cannot be read: {error}");
        Failure::new(Exit::Fault, told)
    })
}

fn refused(session: &Session, faults: Vec<Fault>) -> Result<(), Failure> {
    let count = faults.len();
    if count == 0 {
        return Ok(());
    }
    let mut failure = Failure::new(
        Exit::Refused,
        session.view.pick(
            format!("継続元に{count}件の誤りがあります。何も取り込んでいません"),
            format!("{count} faults in what rows go on with; nothing was imported"),
        ),
    );
    for (cell, told) in faults.into_iter().take(FAULTS_MAX) {
        let place = match &cell.place {
            Some(place) => terminal::line(&place.to_string()),
            None => session
                .view
                .pick(format!("{}行", cell.line), format!("line {}", cell.line)),
        };
        failure = failure.hint(format!("{place}: {told}"));
    }
    if FAULTS_MAX < count {
        let more = count - FAULTS_MAX;
        failure = failure.hint(
            session
                .view
                .pick(format!("ほかに{more}件"), format!("and {more} more")),
        );
    }
    Err(failure)
}
