//! How a request becomes events: judged on what is shown, queued for the writer, looked at again where something newer bears on it.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::append::{Append, AppendError, Appended};
use super::personal::Keeping;
use super::prepare::{Prepared, States, Unprepared, prepare};
use super::reader::{ReadFault, Reader, View};
use super::turn::{Stage, Turn};
use super::validation::validated;
use super::writer::{Message, Request, Verdict};
use super::{Ledgers, STOPPING, access_policy, references};
use crate::auth::Permitted;
use crate::auth::access::Caller;
use crate::domain::event::Stream;
use crate::log::LogFault;

/// How often a request is looked at again because something newer bears on it.
const ATTEMPTS_MAX: usize = 64;

/// What a request comes to before the writer sees it.
enum Judged {
    /// It needs no writer.
    Answered(Box<Appended>),
    /// A stream that it rests on ends here, beyond what is shown.
    Between(u64),
    /// What carries it out, `None` if the writer has to decide; with the streams that it rests on.
    Decided(Option<Box<Prepared>>, States),
}

impl Ledgers {
    pub(super) async fn take_up(
        &self,
        permitted: Permitted<Append>,
        deadline: Option<Instant>,
        turn: Option<&Turn>,
    ) -> Result<Appended, AppendError> {
        let (caller, append) = permitted.into_caller();
        let reader = self
            .reader(append.ledger)
            .ok_or(AppendError::LedgerUnknown)?;
        let faults = append.faults();
        if !faults.is_empty() {
            return Err(AppendError::Rejected(faults));
        }
        let append = Arc::new(append);
        let mut keeping = Keeping::new(&reader, &append);
        let outcome = self
            .carry_out(&reader, &append, &caller, (deadline, turn), &mut keeping)
            .await;
        let stands = match &outcome {
            Ok(appended) => !appended.replayed && !appended.validated_only,
            // Nobody knows; the next start does.
            Err(AppendError::Unknown(_)) => true,
            Err(_) => false,
        };
        if !stands {
            keeping.undo().await;
        }
        if outcome
            .as_ref()
            .is_ok_and(|appended| !appended.validated_only)
        {
            // What there is, and who may do what, holds for every reader once it is acknowledged.
            reader.structure_caught_up().await;
        }
        outcome
    }

    async fn carry_out(
        &self,
        reader: &Arc<Reader>,
        append: &Arc<Append>,
        caller: &Caller,
        (deadline, turn): (Option<Instant>, Option<&Turn>),
        keeping: &mut Keeping,
    ) -> Result<Appended, AppendError> {
        // The writer knows what is newer, so nobody waits until it is indexed. But it does not judge whether words may be
        // kept, and sees no validation.
        let mut waits = append.validate_only || !keeping.is_empty();
        for _ in 0..ATTEMPTS_MAX {
            let is_first = turn.is_none_or(Turn::is_first);
            let view = match waits {
                true => reader.caught_up(None).await,
                false => reader.structure_caught_up().await,
            };
            let covered = view.head.size;
            // Those before it may bring what it lacks: the writer knows them. Words are kept only for what may stand.
            let may_stand = !is_first && !append.validate_only && keeping.is_empty();
            let judged = self.judge(reader, append, caller, &view, may_stand).await;
            let (prepared, states) = match judged {
                Ok(Judged::Answered(appended)) => return Ok(*appended),
                Ok(Judged::Decided(prepared, states)) => (prepared, states),
                Ok(Judged::Between(end)) => {
                    // The sender lives in the reader.
                    let _ = reader.watch().wait_for(|head| end <= head.size).await;
                    continue;
                }
                // Only on everything that was acknowledged before the call is it final.
                Err(_) if !waits => {
                    waits = true;
                    continue;
                }
                Err(refusal) => return Err(refusal),
            };
            if let Some(turn) = turn {
                // Before anything is held that those before it may need.
                turn.come().await;
            }
            if !keeping.is_empty() {
                self.check_space(0).map_err(AppendError::StorageLow)?;
            }
            // Durable before anything can name it.
            let kept = keeping.keep().await?;
            let (reply, answer) = oneshot::channel();
            let request = Request {
                append: append.clone(),
                caller: caller.clone(),
                prepared: prepared.map(|prepared| *prepared),
                states,
                covered,
                deadline,
                spot: turn.map(|turn| turn.spot().clone()),
                reply,
            };
            let failed = !*self.writable.borrow();
            let queue = self.queue().ok_or(STOPPING)?;
            let room = match turn {
                None => queue.try_reserve().map_err(|error| match error {
                    mpsc::error::TrySendError::Full(()) => AppendError::Overloaded,
                    mpsc::error::TrySendError::Closed(()) => STOPPING,
                })?,
                Some(turn) => {
                    let room = queue.reserve().await.map_err(|_| STOPPING)?;
                    turn.spot().set(Stage::Queued);
                    room
                }
            };
            room.send(Message::Append(Box::new(request)));
            drop(kept);
            // The writer answers everything it takes up; a missing answer means that it is gone.
            let verdict = answer.await.unwrap_or_else(|_| {
                Err(AppendError::Unknown(LogFault::Storage(
                    "the writer is gone".into(),
                )))
            })?;
            match verdict {
                Verdict::Appended(appended) => return Ok(*appended),
                Verdict::LookAgain(size) => self.wait_for(reader, size, failed).await,
            }
        }
        Err(AppendError::Overloaded)
    }

    /// What `append` comes to on what `view` shows. If it `may_stand` on others before it, what breaks rules is left for the
    /// writer to decide.
    async fn judge(
        &self,
        reader: &Arc<Reader>,
        append: &Append,
        caller: &Caller,
        view: &View,
        may_stand: bool,
    ) -> Result<Judged, AppendError> {
        // Ids first: what is known is never judged again.
        if let Some(known) = self
            .known(reader, append, caller.actor(), view.size)
            .await?
        {
            return Ok(Judged::Answered(Box::new(known)));
        }
        let states = load(reader, append, view.size).await?;
        // Decided on what one head says: the next one is being published.
        let end = states.values().map(|state| state.end).max();
        if let Some(end) = end.filter(|end| view.size < *end) {
            return Ok(Judged::Between(end));
        }
        let now = reader
            .now_to_record(self.settings.clock_behind_max)
            .map_err(AppendError::ClockUntrusted)?;
        let words = (!append.validate_only).then(|| reader.openings());
        let prepared = match prepare(append, caller, &view.directory, &states, words, now) {
            Err(refused @ (Unprepared::Denied | Unprepared::NotPermitted(_))) => {
                return Err(refused.into());
            }
            Err(Unprepared::Rejected(broken)) => Err(broken),
            Ok(prepared) => Ok(prepared),
        };
        // Only whoever may do it is told what there is, and has texts of policies read for them.
        let mut rules = references::dangling(reader, append)?;
        rules.extend(access_policy::faults(append, &view.directory, now));
        match prepared {
            Ok(prepared) if rules.is_empty() && append.validate_only => {
                let told = validated(view, append, prepared, &states, now);
                Ok(Judged::Answered(Box::new(told)))
            }
            Ok(prepared) if rules.is_empty() => {
                Ok(Judged::Decided(Some(Box::new(prepared)), states))
            }
            Err(_) if rules.is_empty() && may_stand => Ok(Judged::Decided(None, states)),
            Ok(_) => Err(AppendError::Rejected(rules)),
            Err(broken) => {
                rules.extend(broken);
                Err(AppendError::Rejected(rules))
            }
        }
    }

    /// Waits until answers include `size`, or until the log fails: then the writer, asked again, knows
    /// what became of it. If it had `failed` when the writer named the size, that size is durable.
    pub(super) async fn wait_for(&self, reader: &Reader, size: u64, failed: bool) {
        let mut watch = reader.watch();
        let mut writable = self.writable();
        // Neither sender goes before the reader and the writer do.
        tokio::select! {
            biased;
            _ = watch.wait_for(|head| head.size >= size) => {}
            _ = writable.wait_for(|writable| !writable), if !failed => {}
        }
    }
}

/// The newest state of every stream that `append` touches or expects.
async fn load(reader: &Reader, append: &Append, size: u64) -> Result<States, ReadFault> {
    let touched = append.events.iter().map(|event| event.stream);
    let expected = append.expected.iter().map(|(stream, _)| *stream);
    let streams: HashSet<Stream> = touched.chain(expected).collect();
    let mut states = States::with_capacity(streams.len());
    for stream in streams {
        states.insert(stream, reader.stream_covering(stream, size).await?);
    }
    Ok(states)
}
