//! Goals, and again each that changes, for as long as the client listens.
//!
//! ```text
//! from_position absent   every goal of the filter at one size, then what changes from there on
//! from_position p        only goals that events at p and later touch
//! ```
//! Nothing is kept for a client but its position: what a slow one missed is read from the log, and a goal that changed
//! often meanwhile is sent once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::Stream;
use tokio::sync::watch;
use tonic::Status;

use crate::api::v1;
use crate::api::v1::watch_goals_response::{CaughtUp, Closing, Frame, GoalBatch, Heartbeat};
use crate::domain::directory::Directory;
use crate::domain::event::{Event, Payload, StreamKind};
use crate::domain::id::{GoalId, InitiativeId};
use crate::domain::text::Language;
use crate::grpc::show::{self, Detail};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::{ReadFault, Reader, View};
use crate::log::ReadLimits;
use crate::projection::goal_card::goal_card;
use crate::projection::listing::{self, GoalFilter};

/// How long a silent stream waits before it gives a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Goals of one batch at most.
pub(super) const BATCH_GOALS: usize = 50;
/// Events looked at for one batch at most.
const WINDOW_EVENTS: usize = 1_000;
/// Bytes of events looked at for one batch at most.
const WINDOW_BYTES: usize = 4 * 1024 * 1024;

/// Which goals are watched.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// Those of a list.
    pub(super) filter: GoalFilter,
    /// Only this one.
    pub(super) goal: Option<GoalId>,
}

/// How the client is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Telling {
    /// How much of each goal.
    pub(super) detail: Detail,
    /// How long the client listens.
    pub(super) deadline: Option<Instant>,
    /// The language of what goes wrong.
    pub(super) language: Language,
}

impl Watched {
    /// The goals that are watched as the ledger is seen in `view`, in the order of lists.
    fn goals(&self, view: &View, reader: &Reader) -> Vec<GoalId> {
        let mut goals = listing::goals(&view.directory, &self.filter, reader.today());
        goals.retain(|id| self.goal.is_none_or(|wanted| wanted == *id));
        goals
    }
}

/// Where a watch stands.
struct Watcher {
    /// The events below were looked at.
    next: u64,
    /// What is still to be sent: as of which view, goals to tell and goals that are not of the filter any more.
    due: Option<Due>,
    /// Whether every goal of the filter was sent once, or is not wanted.
    complete: bool,
    caught_up: bool,
    ended: bool,
}

struct Due {
    view: View,
    goals: std::vec::IntoIter<GoalId>,
    left: Vec<GoalId>,
}

/// Frames from `from` on; `None`: from the present, every goal first.
pub(super) fn watch(
    reader: Arc<Reader>,
    present: View,
    watched: Watched,
    telling: Telling,
    from: Option<u64>,
    closing: watch::Receiver<bool>,
) -> impl Stream<Item = Result<v1::WatchGoalsResponse, Status>> {
    let Telling {
        detail,
        deadline,
        language,
    } = telling;
    let whole = from.is_none();
    let state = Watcher {
        next: from.unwrap_or(present.head.size),
        due: whole.then(|| Due {
            goals: watched.goals(&present, &reader).into_iter(),
            view: present,
            left: Vec::new(),
        }),
        complete: !whole,
        caught_up: false,
        ended: false,
    };
    let watched = Arc::new(watched);
    futures::stream::unfold(state, move |mut state| {
        let (reader, watched, mut closing) = (reader.clone(), watched.clone(), closing.clone());
        async move {
            if state.ended {
                return None;
            }
            let frame = loop {
                if *closing.borrow() {
                    state.ended = true;
                    let message = "the server stops".to_owned();
                    break Frame::Closing(Closing { message });
                }
                if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                    state.ended = true;
                    let refusal = Refusal::new(ServiceReason::DeadlinePassed);
                    let refusal = refusal.with("position", state.next);
                    return Some((Err(refusal.into_status(language)), state));
                }
                let step = match &mut state.due {
                    Some(due) => send(&reader, due, detail).await.inspect(|batch| {
                        if batch.is_none() {
                            state.due = None;
                            state.complete = true;
                        }
                    }),
                    None if state.next < reader.head().size => look(&reader, &watched, state.next)
                        .await
                        .map(|(next, due)| {
                            state.next = next;
                            state.due = due;
                            None
                        }),
                    None if !state.caught_up => {
                        state.caught_up = true;
                        let head = Some(show::head(reader.head()));
                        break Frame::CaughtUp(CaughtUp { head });
                    }
                    None => {
                        let mut heads = reader.watch();
                        let until = deadline.map_or(HEARTBEAT, |deadline| {
                            HEARTBEAT.min(deadline.saturating_duration_since(Instant::now()))
                        });
                        let next = state.next;
                        tokio::select! {
                            // Whatever wakes us, the loop looks again.
                            _ = heads.wait_for(|head| next < head.size) => {}
                            _ = closing.wait_for(|closing| *closing) => {}
                            () = tokio::time::sleep(until) => {
                                let head = Some(show::head(reader.head()));
                                break Frame::Heartbeat(Heartbeat { head });
                            }
                        }
                        Ok(None)
                    }
                };
                match step {
                    Ok(None) => {}
                    Ok(Some(batch)) => break Frame::Batch(batch),
                    Err(fault) => {
                        state.ended = true;
                        let status = Refusal::from(fault).into_status(language);
                        return Some((Err(status), state));
                    }
                }
            };
            // Half of the goals cannot be gone on from: only the whole has a position.
            let resumable = state.complete && state.due.is_none();
            let answer = v1::WatchGoalsResponse {
                next_position: resumable.then_some(state.next),
                frame: Some(frame),
            };
            Some((Ok(answer), state))
        }
    })
}

/// The next batch of what is due; `None`: all was sent.
async fn send(
    reader: &Reader,
    due: &mut Due,
    detail: Detail,
) -> Result<Option<GoalBatch>, ReadFault> {
    let on = reader.today();
    let mut goals = Vec::new();
    while goals.len() < BATCH_GOALS
        && let Some(id) = due.goals.next()
    {
        if let Some(card) = goal_card(reader, &due.view, id, on).await? {
            goals.push(show::goal(&due.view.directory, &card, detail));
        }
    }
    let left: Vec<String> = std::mem::take(&mut due.left)
        .iter()
        .map(GoalId::to_string)
        .collect();
    if goals.is_empty() && left.is_empty() {
        return Ok(None);
    }
    Ok(Some(GoalBatch {
        goals,
        left,
        known_at: due.view.size,
        effective_on: on.to_string(),
    }))
}

/// Looks at the events from `from` on: up to where, and which goals they touch.
async fn look(
    reader: &Reader,
    watched: &Watched,
    from: u64,
) -> Result<(u64, Option<Due>), ReadFault> {
    let limits = ReadLimits {
        max_events: WINDOW_EVENTS,
        max_bytes: WINDOW_BYTES,
    };
    let chunk = reader.read(from, limits).await?;
    let next = chunk.next();
    let view = reader.caught_up(next.checked_sub(1)).await;
    let mut touched = Touched::default();
    for (position, leaf) in chunk.leaves() {
        let recorded = reader.recorded(position, &leaf)?;
        touched.add(&recorded.event, &view.directory);
    }
    let listed = watched.goals(&view, reader);
    let wanted: BTreeSet<GoalId> = listed.iter().copied().collect();
    let left: Vec<GoalId> = touched.goals.difference(&wanted).copied().collect();
    let left = left
        .into_iter()
        .filter(|id| watched.goal.is_none_or(|goal| goal == *id))
        .collect();
    let goals: Vec<GoalId> = listed
        .into_iter()
        .filter(|id| touched.all || touched.goals.contains(id))
        .collect();
    Ok((
        next,
        Some(Due {
            view,
            goals: goals.into_iter(),
            left,
        }),
    ))
}

/// Goals whose cards an event may change.
#[derive(Debug, Default)]
struct Touched {
    goals: BTreeSet<GoalId>,
    /// Units and plans are named in every card.
    all: bool,
}

impl Touched {
    fn add(&mut self, event: &Event, directory: &Directory) {
        match event.stream.kind {
            StreamKind::Goal => {
                self.goals
                    .extend(GoalId::from_bytes(event.stream.id.as_bytes()).ok());
            }
            StreamKind::Org => self.all = true,
            // What a plan or the ledger says of itself stands in no card.
            StreamKind::Plan | StreamKind::Ledger => {}
        }
        // What was moved has its history in one stream and its place under another goal.
        if let Payload::InitiativeMoved(p) = &event.payload {
            self.goals.extend([p.from_goal, p.to_goal]);
        }
        if let Payload::IndicatorMoved(p) = &event.payload {
            self.initiative(p.from_initiative, directory);
            self.initiative(p.to_initiative, directory);
        }
        if let Some(entry) = event
            .payload
            .indicator()
            .and_then(|id| directory.indicator(id))
        {
            self.initiative(entry.initiative(), directory);
        }
        if let Some(initiative) = event.payload.initiative() {
            self.initiative(initiative, directory);
        }
    }

    fn initiative(&mut self, id: InitiativeId, directory: &Directory) {
        self.goals
            .extend(directory.initiative(id).map(|initiative| initiative.goal()));
    }
}
