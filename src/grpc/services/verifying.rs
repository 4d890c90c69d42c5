//! Which events somebody may read one by one, with proofs: all of them, or those of the goals that they may verify.
//!
//! An event cannot be shown in part, for its hash is over all of it. So whoever may not read everything is shown the events of
//! the goals that they may verify, but for those that name a goal that they may not read; and every other event, whatever it is
//! of and whether there is one at all, is answered as one that never was.

use std::collections::HashSet;
use std::sync::Arc;

use crate::api::v1;
use crate::auth::access::{Action, Facts, Standing, on_ledger, reading_goal, reading_goals};
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Event, Stream, StreamKind};
use crate::domain::id::{EventId, GoalId};
use crate::domain::rejection::Reason;
use crate::grpc::event::{At, Choice as _, Faults, Resolver};
use crate::grpc::services::gate::refusal;
use crate::grpc::services::{Call, Services};
use crate::grpc::status::{Refusal, ServiceReason};
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader, View, withhold_from_answer};
use crate::log::codec;
use crate::projection::describe::named_beside;

/// Events of a stream that are looked at at once.
const PAGE: usize = 256;

/// Which event a request asks for.
pub(in crate::grpc) enum EventAsked<'a> {
    Position(u64),
    Id(&'a str),
}

/// Somebody who may verify some goals and does not read everything, as of now.
pub(in crate::grpc) struct Verifier {
    standing: Standing,
    whole: Arc<Directory>,
    /// What they see of it.
    seen: Arc<Directory>,
    today: Date,
}

/// A stream that somebody verifies, with what its events name.
pub(in crate::grpc) struct Verified {
    pub(in crate::grpc) goal: GoalId,
    pub(in crate::grpc) named: HashSet<Named>,
}

/// What somebody may read of events as they come, asked anew for those that come.
#[derive(Clone)]
pub(in crate::grpc) struct SightOfEvents {
    services: Services,
    call: Arc<Call>,
}

impl SightOfEvents {
    /// Whose eyes they are for now; `None`: of somebody who reads them all.
    pub(in crate::grpc) async fn now(&self, reader: &Reader) -> Result<Option<Verifier>, Refusal> {
        // What has ended it may be acknowledged and not seen yet.
        reader.caught_up(None).await;
        self.services.verifier(&self.call, reader)
    }
}

impl Services {
    /// The ledger that a caller names, for whoever may read some of its events one by one.
    pub(in crate::grpc) fn ledger_of_events(
        &self,
        call: &Call,
        named: &str,
    ) -> Result<Arc<Reader>, Refusal> {
        let (reader, _) = self.found(call, named, |reader| self.verifier(call, reader))?;
        withhold_from_answer(self.sight_of_words(call, &reader));
        Ok(reader)
    }

    /// Whose eyes the events of a ledger are for; `None`: of somebody who reads them all. Refuses whoever reads none.
    pub(in crate::grpc) fn verifier(
        &self,
        call: &Call,
        reader: &Reader,
    ) -> Result<Option<Verifier>, Refusal> {
        let everything = || self.ask(call, reader, Action::ReadEverything).map(|_| None);
        // Read once: what is found out is kept by it.
        let (whole, today) = (reader.view().directory, reader.today());
        let standing = self.standing_by(call, &whole, today);
        // Who reads an access log is a question about another ledger.
        if reader.access_log_of().is_some() || !standing.is_asked() {
            return everything();
        }
        if standing.permits(&on_ledger(Action::ReadEverything, today), &whole) {
            return Ok(None);
        }
        let seen = self.sight(call, reader, whole.clone());
        let verifier = Verifier {
            standing,
            whole,
            seen,
            today,
        };
        let (whole, standing) = (&verifier.whole, &verifier.standing);
        let found_out = || verifier.verifies_some();
        let sights = &self.0.sights;
        match sights.verifies_some(reader, whole, standing, today, found_out) {
            true => Ok(Some(verifier)),
            false => everything(),
        }
    }

    /// What a caller may read of events as they come.
    pub(in crate::grpc) fn sight_of_events(&self, call: &Call) -> SightOfEvents {
        SightOfEvents {
            services: self.clone(),
            call: Arc::new(call.clone()),
        }
    }

    /// The position of the event that is asked for, where the caller may read it.
    pub(in crate::grpc) async fn position_in_sight(
        &self,
        call: &Call,
        reader: &Reader,
        view: &View,
        asked: Option<EventAsked<'_>>,
    ) -> Result<u64, Refusal> {
        let verifier = self.verifier(call, reader)?;
        let position = match asked {
            None => return Err(Refusal::rule(Reason::FieldRequired, "selector")),
            Some(EventAsked::Position(position)) => position,
            Some(EventAsked::Id(text)) => {
                let mut faults = Faults::default();
                let id: Option<EventId> = faults.id(&At::field("event_id"), text);
                let id = faults.into_result(id)?;
                reader.position_of(id)?.ok_or(ServiceReason::EventUnknown)?
            }
        };
        if let Some(verifier) = verifier {
            // What may not be read is answered as what is not written, however far the ledger reaches.
            if view.size <= position {
                return Err(ServiceReason::EventUnknown.into());
            }
            let asked = events_at(reader, &[position]).await?;
            for event in &asked {
                verifier.permit_event(event)?;
            }
        }
        Ok(position)
    }

    /// What a caller verifies by all events of `stream` among the first `size`, where they may read all of these. A stream that
    /// is not theirs to read is answered as one that never was, and one in which others are named needs
    /// [`Action::ReadEverything`].
    pub(in crate::grpc) async fn verified(
        &self,
        call: &Call,
        reader: &Reader,
        verifier: &Verifier,
        goal: GoalId,
        size: u64,
    ) -> Result<Verified, Refusal> {
        verifier.permit_goal(goal)?;
        let (term, mut named) = (Term::stream(Stream::goal(goal)), HashSet::new());
        let mut from = 0;
        loop {
            let page = reader.postings(&term, from, size, Direction::Forward, PAGE)?;
            let Some(last) = page.last() else {
                break;
            };
            from = last + 1;
            for event in &events_at(reader, &page).await? {
                named.extend(verifier.names(event));
            }
        }
        match verifier.sees_all(&named) {
            true => Ok(Verified { goal, named }),
            false => Err(self.not_everything(call, reader)),
        }
    }

    /// Whether a caller may read each of the events at `positions`.
    pub(in crate::grpc) async fn reads_all_at(
        &self,
        call: &Call,
        reader: &Reader,
        positions: &[u64],
    ) -> Result<bool, Refusal> {
        let Some(verifier) = self.verifier(call, reader)? else {
            return Ok(true);
        };
        let events = events_at(reader, positions).await?;
        Ok(events.iter().all(|event| verifier.reads(event)))
    }

    /// What somebody is told who asks for events that only those may read who read everything.
    pub(in crate::grpc) fn not_everything(&self, call: &Call, reader: &Reader) -> Refusal {
        let asked = self.ask(call, reader, Action::ReadEverything);
        // They may since: let them ask again.
        asked.map_or_else(
            |refusal| refusal,
            |_| ServiceReason::PermissionDenied.into(),
        )
    }
}

impl Verifier {
    /// What they see of what there is.
    pub(in crate::grpc) fn seen(&self) -> &Arc<Directory> {
        &self.seen
    }

    fn verifying(&self, goal: GoalId) -> Option<Facts> {
        let facts = reading_goal(&self.whole, goal, self.today)?;
        Some(Facts {
            action: Action::VerifyGoal,
            ..facts
        })
    }

    /// Whether there is any goal that they may verify.
    fn verifies_some(&self) -> bool {
        let goals = reading_goals(&self.whole, self.today, self.standing.tells_goals_apart());
        goals.into_iter().any(|reading| {
            let verifying = Facts {
                action: Action::VerifyGoal,
                ..reading.clone()
            };
            self.standing.permits(&verifying, &self.whole)
                && self.standing.permits(&reading, &self.whole)
        })
    }

    /// Whether they may verify a goal that they see.
    fn verifies(&self, goal: GoalId) -> bool {
        let facts = self.seen.goal(goal).and_then(|_| self.verifying(goal));
        facts.is_some_and(|facts| self.standing.permits(&facts, &self.whole))
    }

    /// Refuses whoever may not verify a goal; one that they do not see is not there.
    pub(in crate::grpc) fn permit_goal(&self, goal: GoalId) -> Result<(), Refusal> {
        let facts = self.seen.goal(goal).and_then(|_| self.verifying(goal));
        let facts = facts.ok_or_else(|| Refusal::rule(Reason::GoalUnknown, "stream.id"))?;
        let permitted = self.standing.permit(&facts, &self.whole);
        permitted
            .map(drop)
            .map_err(|denied| refusal(&denied, &self.whole, self.today))
    }

    /// Refuses whoever may not read an event; one that they may not know of is not there.
    fn permit_event(&self, event: &Event) -> Result<(), Refusal> {
        let goal = self.goal_in_sight(event);
        let goal = goal.ok_or(ServiceReason::EventUnknown)?;
        match self.reads(event) {
            true => Ok(()),
            false => self.permit_goal(goal),
        }
    }

    /// Whether they may read the event at `position`, by its stored bytes.
    pub(in crate::grpc) fn reads_leaf(
        &self,
        position: u64,
        leaf: &[u8],
    ) -> Result<bool, ReadFault> {
        Ok(self.reads(&event_of(position, leaf)?))
    }

    /// Whether they may read an event.
    fn reads(&self, event: &Event) -> bool {
        self.goal_in_sight(event).is_some_and(|goal| {
            let about = || self.goal_about(event).filter(|about| *about != goal);
            self.verifies(goal) || about().is_some_and(|about| self.verifies(about))
        })
    }

    /// The goal whose event it is, where they see all that it names.
    fn goal_in_sight(&self, event: &Event) -> Option<GoalId> {
        let goal = goal_of(event.stream)?;
        let named = self.names(event);
        (self.seen.goal(goal).is_some() && self.sees_all(&named)).then_some(goal)
    }

    /// The goal under which stands now what an event is about: what was moved keeps its history where it began.
    fn goal_about(&self, event: &Event) -> Option<GoalId> {
        let about = self.whole.change_of(&event.payload);
        let indicator = about.indicator().and_then(|id| self.whole.indicator(id));
        let initiative = indicator.map(|indicator| indicator.initiative());
        let initiative = initiative.or_else(|| about.initiative())?;
        Some(self.whole.initiative(initiative)?.goal())
    }

    /// What of goals an event names; a step of a proposal, what that would change.
    fn names(&self, event: &Event) -> Vec<Named> {
        let about = self.whole.change_of(&event.payload);
        let mut named = named_beside(about);
        named.extend(about.indicator().map(Named::Indicator));
        named.extend(about.initiative().map(Named::Initiative));
        named
    }

    /// Whether nothing of it is hidden from them. What was only proposed is not there for anybody.
    fn sees_all<'a>(&self, named: impl IntoIterator<Item = &'a Named>) -> bool {
        let stands = |named: &Named, directory: &Directory| match named {
            Named::Goal(id) => directory.goal(*id).is_some(),
            Named::Initiative(id) => directory.initiative(*id).is_some(),
            Named::Indicator(id) => directory.indicator(*id).is_some(),
            Named::Ledger | Named::Plan(_) | Named::Unit(_) => true,
        };
        let mut named = named.into_iter();
        named.all(|named| stands(named, &self.seen) || !stands(named, &self.whole))
    }

    /// Whether they may still verify what they verified.
    pub(super) fn still(&self, verified: &Verified) -> bool {
        self.verifies(verified.goal) && self.sees_all(&verified.named)
    }

    /// The goal whose stream is asked for in `field`; `None`: a stream that is none of a goal's, whatever it is. One that they do
    /// not see is not there.
    pub(in crate::grpc) fn goal_asked(
        &self,
        field: &At<'_>,
        asked: &v1::StreamRef,
    ) -> Result<Option<GoalId>, Refusal> {
        if let Some(kind) = StreamKind::from_number(asked.kind)
            && kind != StreamKind::Goal
        {
            return Ok(None);
        }
        let mut faults = Faults::default();
        let resolver = Resolver::new(&self.seen);
        let stream = resolver.stream(&mut faults, field, asked);
        let goal = stream.and_then(goal_of);
        let goal = match goal.filter(|goal| self.seen.goal(*goal).is_some()) {
            None if faults.is_empty() => faults.fault(&field.then("id"), Reason::GoalUnknown),
            found => found,
        };
        Ok(Some(faults.into_result(goal)?))
    }
}

impl Verifier {
    /// The goals whose streams are asked for, where they may verify each; `None`: of other streams too, or of all.
    pub(in crate::grpc) fn goals_asked(
        &self,
        asked: &[v1::StreamRef],
    ) -> Result<Option<Vec<Verified>>, Refusal> {
        let mut verified = Vec::new();
        for (index, stream) in asked.iter().enumerate() {
            let Some(goal) = self.goal_asked(&At::item("streams", index), stream)? else {
                return Ok(None);
            };
            self.permit_goal(goal)?;
            verified.push(Verified {
                goal,
                named: HashSet::new(),
            });
        }
        Ok((!verified.is_empty()).then_some(verified))
    }
}

/// The events at `positions`, without the words of texts about people: nobody is shown these by it.
async fn events_at(reader: &Reader, positions: &[u64]) -> Result<Vec<Event>, ReadFault> {
    let leaves = reader.leaves(positions).await?;
    let leaves = positions.iter().zip(leaves);
    leaves
        .map(|(position, leaf)| event_of(*position, &leaf))
        .collect()
}

fn event_of(position: u64, leaf: &[u8]) -> Result<Event, ReadFault> {
    let decoded = codec::decode(leaf);
    let decoded = decoded.map_err(|source| ReadFault::Decode { position, source })?;
    Ok(decoded.event)
}

/// The goal whose stream it is.
fn goal_of(stream: Stream) -> Option<GoalId> {
    let id = GoalId::from_bytes(stream.id.as_bytes());
    id.ok().filter(|_| stream.kind == StreamKind::Goal)
}
