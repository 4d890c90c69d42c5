//! Deciding a request: which events carry it out, encoded as far as can be before their positions are
//! known. Done in the request's own task; the writer repeats it only if a stream has moved on meanwhile, and does it alone for what
//! may stand only on the effect of others before it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::auth::access::{Caller, Standing};
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{Actor, Event, Recorded, Refusals, Stream};
use crate::domain::goal::Goal;
use crate::domain::goal::decide::{Decided, LedgerContext, decide};
use crate::domain::personal::Openings;
use crate::domain::rejection::{Notice, Reason, Rejection};
use crate::ledger::append::{Append, AppendError};
use crate::ledger::denial::refusal_of;
use crate::ledger::state::StreamState;
use crate::log::codec::{self, ClientPart, RequestPlace};
use crate::merkle::Hash;

/// States of streams that a request rests on.
pub(super) type States = HashMap<Stream, Arc<StreamState>>;

/// A decided request and what the decision rests on, beside the states that it was given.
#[derive(Debug)]
pub(super) struct Prepared {
    /// Who asks, with the person that the directory knows them as.
    pub(super) actor: Actor,
    pub(super) events: Vec<(Event, ClientPart)>,
    /// Who goes into the leaf of each: who asks, in the seat used, with the policies that permitted it.
    pub(super) authors: Vec<Arc<Actor>>,
    pub(super) notices: Vec<Notice>,
    pub(super) directory_version: u64,
    pub(super) today: Date,
}

/// Why a request is not carried out.
#[derive(Debug)]
pub(super) enum Unprepared {
    /// Rules that it breaks.
    Rejected(Vec<Rejection>),
    /// What of it its author may not do; of the rest nothing is told.
    NotPermitted(Vec<Rejection>),
    /// Somebody asks who is not told what is there.
    Denied,
}

impl From<Unprepared> for AppendError {
    fn from(unprepared: Unprepared) -> Self {
        match unprepared {
            Unprepared::Rejected(rejections) | Unprepared::NotPermitted(rejections) => {
                Self::Rejected(rejections)
            }
            Unprepared::Denied => Self::Denied,
        }
    }
}

/// Decides every event of `append` on the effect of those before it. `states` holds every stream that it
/// touches or expects. The words of personal texts are left to `words`, so that nothing that is folded or published holds
/// them; `None` only for what is never appended.
pub(super) fn prepare(
    append: &Append,
    caller: &Caller,
    directory: &Directory,
    states: &States,
    words: Option<&Arc<dyn Openings>>,
    now: Timestamp,
) -> Result<Prepared, Unprepared> {
    let revision = |stream: &Stream| {
        let state = states
            .get(stream)
            .filter(|_| !append.unseen.contains(stream));
        state.map_or(0, |state| state.revision)
    };
    let today = directory.date_of(now);
    let standing = caller.standing(directory, today);
    let actor = standing.actor().clone();
    let mut scratch = Scratch {
        directory: Cow::Borrowed(directory),
        loaded: states,
        states: HashMap::new(),
        nothing: Goal::default(),
        next: Scratch::FIRST,
    };
    let mut decided: Vec<(usize, Event, Arc<Actor>)> = Vec::with_capacity(append.events.len());
    let mut denials = Vec::new();
    let (mut notices, mut rejections) = (Vec::new(), Vec::new());
    let mut refused = Refusals::default();
    for (index, proposed) in append.events.iter().enumerate() {
        let path = || format!("events[{index}]");
        if refused.touch(proposed) {
            rejections.push(Rejection::new(Reason::NotChecked, path()));
            refused.add(proposed);
            continue;
        }
        let goal = scratch.goal(proposed.stream);
        let author = match standing.permit_event(proposed, &scratch.directory, goal) {
            Ok(author) => author,
            Err(denied) if !denied.told => return Err(Unprepared::Denied),
            Err(denied) => {
                denials.push(refusal_of(&denied, directory, today).under(&path()));
                refused.add(proposed);
                continue;
            }
        };
        let asked = Asked {
            standing: &standing,
            directory: &scratch.directory,
            goal,
            proposed,
            now,
            today,
        };
        let (author, outcome) = asked.decide(author);
        match outcome {
            // Whatever the rules take has been asked about.
            Ok(_) if standing.is_asked() && author.permitted_by.is_none() => {
                return Err(Unprepared::Denied);
            }
            Ok(outcome) => {
                // One caller mostly stands in one seat through all of a request.
                let earlier = decided.last().map(|(_, _, author)| author);
                let author = match earlier {
                    Some(earlier) if **earlier == author => Arc::clone(earlier),
                    _ => Arc::new(author),
                };
                notices.extend(outcome.notices.into_iter().map(|notice| Notice {
                    field: format!("{}.{}", path(), notice.field),
                    ..notice
                }));
                for mut event in outcome.events {
                    if let Err(error) = codec::seal_proposed(&mut event) {
                        rejections.push(too_large(index, &error));
                    }
                    // Nothing is decided on what the last one changes.
                    if index + 1 < append.events.len() {
                        event = scratch.apply(event, &author, append, now);
                    }
                    decided.push((index, event, author.clone()));
                }
            }
            Err(broken) => {
                rejections.extend(broken.into_iter().map(|rejection| rejection.under(&path())));
                refused.add(proposed);
            }
        }
    }

    // Whoever may not do it is not told what else would stand against it.
    if !denials.is_empty() {
        return Err(Unprepared::NotPermitted(denials));
    }
    let stale: Vec<Rejection> = append
        .expected
        .iter()
        .enumerate()
        .filter(|(_, (stream, expected))| revision(stream) != *expected)
        .map(|(index, (stream, expected))| {
            Rejection::new(
                Reason::StreamVersionConflict,
                format!("expected_revisions[{index}].revision"),
            )
            .with("current", revision(stream))
            .with("expected", expected)
            .with("stream", stream.id)
        })
        .collect();
    if !stale.is_empty() {
        return Err(Unprepared::Rejected(stale));
    }

    let count = u32::try_from(decided.len()).unwrap_or(u32::MAX);
    let mut events = Vec::with_capacity(decided.len());
    let mut authors = Vec::with_capacity(decided.len());
    let mut bytes = 0;
    for (place, (index, mut event, author)) in decided.into_iter().enumerate() {
        let number = u32::try_from(place).unwrap_or(u32::MAX);
        let place = RequestPlace {
            id: append.request_id,
            index: number,
            count,
        };
        match codec::encode_client_part(&event, append.ledger, &author, place) {
            Ok(client) => {
                bytes += client.len();
                if let Some(words) = words {
                    event.leave_words_to(words, &author);
                }
                events.push((event, client));
                authors.push(author);
            }
            Err(error) => rejections.push(too_large(index, &error)),
        }
    }
    if Append::BYTES_MAX < bytes {
        rejections
            .push(Rejection::new(Reason::RequestTooLarge, "events").with("max", Append::BYTES_MAX));
    }
    if !rejections.is_empty() {
        return Err(Unprepared::Rejected(rejections));
    }
    Ok(Prepared {
        actor,
        events,
        authors,
        notices,
        directory_version: directory.version(),
        today,
    })
}

/// An event that is asked about.
struct Asked<'a> {
    standing: &'a Standing,
    directory: &'a Directory,
    goal: &'a Goal,
    proposed: &'a Event,
    now: Timestamp,
    today: Date,
}

impl Asked<'_> {
    /// What the rules say, and in which seat it is done: in the first that the policies permit. Where another one held has the
    /// authority that the first lacks, in that one, so that the leaf names the seat by which it could be done.
    fn decide(&self, author: Actor) -> (Actor, Result<Decided, Vec<Rejection>>) {
        let lacks = |outcome: &Result<Decided, Vec<Rejection>>| {
            let broken = outcome.as_ref().err().into_iter().flatten();
            broken
                .into_iter()
                .any(|rule| rule.reason == Reason::NoAuthority)
        };
        let outcome = self.as_author(&author);
        if !lacks(&outcome) || self.standing.acting().seat.is_some() {
            return (author, outcome);
        }
        let mut other_seats = self.standing.seats().iter().filter_map(|seat| {
            let in_seat = self.standing.in_seat(&seat.code);
            let author = in_seat
                .permit_event(self.proposed, self.directory, self.goal)
                .ok()?;
            let outcome = self.as_author(&author);
            (!lacks(&outcome)).then_some((author, outcome))
        });
        other_seats.next().unwrap_or((author, outcome))
    }

    fn as_author(&self, author: &Actor) -> Result<Decided, Vec<Rejection>> {
        let context = LedgerContext {
            directory: self.directory,
            actor: author,
            now: self.now,
            today: self.today,
        };
        decide(context, self.goal, self.proposed)
    }
}

fn too_large(index: usize, error: &codec::EncodeError) -> Rejection {
    Rejection::new(Reason::EventTooLarge, format!("events[{index}]"))
        .with("max", codec::EVENT_BYTES_MAX)
        .with("problem", error)
}

/// What there is with what the request's own events have changed so far.
struct Scratch<'a> {
    directory: Cow<'a, Directory>,
    loaded: &'a States,
    /// What was changed.
    states: HashMap<Stream, StreamState>,
    /// Of a stream that is not there yet.
    nothing: Goal,
    next: u64,
}

impl Scratch<'_> {
    /// Beyond every real position, so that the request's events come after all that is recorded.
    const FIRST: u64 = 1 << 62;

    fn goal(&self, stream: Stream) -> &Goal {
        let loaded = || self.loaded.get(&stream).map(AsRef::as_ref);
        let state = self.states.get(&stream).or_else(loaded);
        state.map_or(&self.nothing, |state| &state.goal)
    }

    /// Folds in a decided event as if it were recorded now, and gives it back. Positions and hashes do not matter to
    /// rules, only their order does.
    fn apply(
        &mut self,
        event: Event,
        actor: &Arc<Actor>,
        append: &Append,
        now: Timestamp,
    ) -> Event {
        let today = self.directory.date_of(now);
        let loaded = || {
            self.loaded
                .get(&event.stream)
                .map(|state| StreamState::clone(state))
        };
        let state = self.states.entry(event.stream);
        let state = state.or_insert_with(|| loaded().unwrap_or_default());
        let position = self.next;
        self.next += 1;
        let recorded = Recorded {
            ledger: append.ledger,
            generation: 0,
            position,
            revision: state.revision + 1,
            recorded_at: now,
            prev_leaf_hash: None,
            actor: actor.clone(),
            request_id: append.request_id,
            request_index: 0,
            request_count: 0,
            event,
        };
        state.apply(&recorded, today, Hash::EMPTY_ROOT);
        if recorded.event.payload.is_structural() {
            self.directory.to_mut().apply(&recorded);
        }
        recorded.event
    }
}
