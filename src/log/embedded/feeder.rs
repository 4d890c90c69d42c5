//! The feeder: brings what is committed from the journal into sled, behind everybody's back.
//!
//! It follows the journal record by record, from the ring while it keeps up, else from the files, so
//! nothing but positions is queued. Small commits are merged into records of sled; a record that is
//! not full is topped up by the next commits. Every statement of a ledger's end falls on the border of
//! a commit, where the root is known.

mod mend;

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::sync::mpsc;

use crate::domain::id::LedgerId;
use crate::fault_point::Point;
use crate::log::chunk::{frame_at, frames_end};
use crate::log::copy::record::{CopyRecord, FRAMED_BYTES_MAX, InvalidRecord, LEAVES_MAX};
use crate::log::copy::{CopyBatch, log_key};
use crate::log::embedded::appender::{Appender, Message};
use crate::log::embedded::reader::section_from;
use crate::log::embedded::shared::Shared;
use crate::log::head::{Checkpoint, Head};
use crate::log::journal::{Location, Record, Section};

/// What is read from the journal in one step.
const STEP_BYTES: usize = 1024 * 1024;

/// What may wait for more to be merged with, of all ledgers.
const PENDING_BYTES_MAX: usize = 4 * 1024 * 1024;

/// After it has looked, small commits gather for so long: a wake for each would cost as much as the commit.
const GATHERING: Duration = Duration::from_millis(10);

/// What one batch of sled carries at most, nearly.
const BATCH_BYTES_MAX: usize = 2 * 1024 * 1024;

pub(crate) struct Feeder {
    shared: Arc<Shared>,
    queue: mpsc::WeakSender<Message>,
    cursor: Location,
    /// What sled holds of each ledger, with what is in the batch.
    ends: HashMap<LedgerId, Head>,
    /// What was read and is not in the batch yet.
    pending: BTreeMap<LedgerId, Pending>,
    pending_bytes: usize,
    batch: CopyBatch,
    batch_ends: HashMap<LedgerId, Head>,
    batch_kept: Vec<Checkpoint>,
    /// The framed length of the last record of a ledger, where it is known.
    last_records: HashMap<LedgerId, usize>,
    /// Ends that sled holds and the last checkpoint does not cover.
    unmarked: BTreeMap<LedgerId, Head>,
    /// Since when there is something that is not durable in sled.
    dirty_since: Option<Instant>,
    heads_written: Option<Instant>,
    /// How far sled says that the journal was read.
    read: Option<Location>,
    /// When it last looked for commits.
    looked: Option<Instant>,
}

/// Leaves that will become one record, up to the border of a commit.
struct Pending {
    first: u64,
    count: usize,
    framed: BytesMut,
    head: Head,
}

/// Why the feeder cannot go on.
type Fault = String;

impl Feeder {
    pub(crate) fn new(shared: Arc<Shared>, queue: mpsc::WeakSender<Message>) -> Self {
        let cursor = shared.state().fed;
        let ends = shared.copied_all().into_iter().collect();
        Self {
            shared,
            queue,
            cursor,
            ends,
            pending: BTreeMap::new(),
            pending_bytes: 0,
            batch: CopyBatch::default(),
            batch_ends: HashMap::new(),
            batch_kept: Vec::new(),
            last_records: HashMap::new(),
            unmarked: BTreeMap::new(),
            dirty_since: None,
            heads_written: None,
            read: None,
            looked: None,
        }
    }

    /// Runs until it is stopped or the log is poisoned.
    pub(crate) fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let ended = catch_unwind(AssertUnwindSafe(|| while let Ok(true) = self.turn() {}));
        if ended.is_err() {
            shared.poison("the feeder panicked".to_owned());
        }
    }

    /// One turn: waits for work, does some of it. `false` ends the thread.
    fn turn(&mut self) -> Result<bool, ()> {
        let every = self.shared.config.checkpoint_every;
        let (committed, asked, mends) = {
            let mut state = self.shared.state();
            loop {
                if state.stop_feeder || state.is_faulty() {
                    return Ok(false);
                }
                if !state.mends.is_empty() {
                    break;
                }
                if std::mem::take(&mut state.derived) {
                    self.dirty_since.get_or_insert_with(Instant::now);
                    break;
                }
                let gathering = self.looked.map(|at| GATHERING.saturating_sub(at.elapsed()));
                let gathering = gathering.filter(|rest| {
                    !rest.is_zero() && self.shared.unfed(&state) < Shared::GATHERED_BYTES
                });
                let is_behind = self.cursor < state.committed && gathering.is_none();
                if is_behind || state.settled < state.asked || self.is_due() {
                    break;
                }
                let due = self
                    .dirty_since
                    .map(|since| every.saturating_sub(since.elapsed()));
                state.gathering = gathering.is_some();
                let until = due.into_iter().chain(gathering).min();
                state = self.shared.wait_for_work(state, until);
            }
            state.gathering = false;
            self.looked = Some(Instant::now());
            (
                state.committed,
                (state.settled < state.asked).then_some(state.asked),
                std::mem::take(&mut state.mends),
            )
        };
        let mended = self.mend(mends);
        match mended.and_then(|()| self.work(committed, asked)) {
            Ok(settled) => {
                self.shared.tell_fed(self.cursor, settled);
                Ok(true)
            }
            Err(fault) => {
                self.shared.poison(fault);
                Err(())
            }
        }
    }

    fn is_due(&self) -> bool {
        let every = self.shared.config.checkpoint_every;
        self.dirty_since
            .is_some_and(|since| since.elapsed() >= every)
    }

    fn work(&mut self, committed: Location, asked: Option<u64>) -> Result<Option<u64>, Fault> {
        let mut taken = 0;
        while self.cursor < committed && taken < STEP_BYTES {
            taken += self.follow()?;
        }
        let settling = asked.filter(|_| self.cursor >= committed);
        let all = settling.is_some() || self.is_due();
        if all || self.pending_bytes > PENDING_BYTES_MAX {
            self.put_pending()?;
        }
        self.apply()?;
        let copied = self
            .shared
            .copy(|copy| Ok(copy.unsynced()))
            .map_err(|f| f.to_string())?;
        if all || copied > self.shared.config.checkpoint_bytes {
            self.checkpoint(settling.is_some())?;
        }
        Ok(settling)
    }

    fn put_pending(&mut self) -> Result<(), Fault> {
        for (ledger, pending) in std::mem::take(&mut self.pending) {
            self.put(ledger, pending)?;
        }
        self.pending_bytes = 0;
        Ok(())
    }

    /// Takes the record at the cursor and moves on. Tells its bytes, nearly.
    fn follow(&mut self) -> Result<usize, Fault> {
        let held = self.shared.ring().record(self.cursor);
        let (record, next) = match held {
            Some(held) => held,
            None => self.shared.catalog.record(self.cursor).map_err(|fault| {
                let why = fault.to_string();
                self.shared.suspect_journal(&why);
                why
            })?,
        };
        let mut taken = 64;
        match record {
            Record::Group(sections) => {
                for section in sections {
                    taken += section.framed.len();
                    self.take(&section)?;
                }
            }
            Record::Checkpoint(checkpoint) => {
                taken += checkpoint.note.len();
                self.keep(checkpoint)?;
            }
            Record::Mark(_) | Record::Seal(_) => {}
        }
        self.cursor = next;
        Ok(taken)
    }

    fn keep(&mut self, checkpoint: Checkpoint) -> Result<(), Fault> {
        self.dirty_since.get_or_insert_with(Instant::now);
        let (ledger, size) = (checkpoint.ledger, checkpoint.size);
        let same = |kept: &&Checkpoint| (kept.ledger, kept.size) == (ledger, size);
        let before = match self.batch_kept.iter().rev().find(same) {
            Some(before) => Some(before.clone()),
            None => {
                let kept = self
                    .shared
                    .copy(|copy| copy.checkpoints(ledger, size..=size, 1));
                kept.map_err(|fault| fault.to_string())?.pop()
            }
        };
        // What was fed before is met again after a kill: an older one takes no newer one's place.
        if before
            .as_ref()
            .is_some_and(|before| before.adds_to(Some(&checkpoint)))
        {
            self.shared.kept.settle(vec![checkpoint]);
            return Ok(());
        }
        if before.is_some_and(|before| before != checkpoint) {
            self.batch.put_kept_again(ledger, size);
        }
        self.batch.put_checkpoint(&checkpoint);
        self.batch_kept.push(checkpoint);
        self.apply_if_full()
    }

    fn take(&mut self, section: &Section) -> Result<(), Fault> {
        let ledger = section.ledger;
        let waiting = self.pending.get(&ledger).map(|pending| pending.head.size);
        let have = waiting
            .or(self.ends.get(&ledger).map(|head| head.size))
            .unwrap_or(0);
        if section.end() <= have {
            return Ok(());
        }
        let (framed, count) = section_from(section, have)
            .ok_or_else(|| format!("the journal lacks position {have} of ledger {ledger}"))?;
        self.dirty_since.get_or_insert_with(Instant::now);
        let fits = |bytes: usize, leaves: usize| {
            bytes + framed.len() <= FRAMED_BYTES_MAX && leaves + count <= LEAVES_MAX
        };
        if self
            .pending
            .get(&ledger)
            .is_some_and(|p| !fits(p.framed.len(), p.count))
            && let Some(full) = self.pending.remove(&ledger)
        {
            self.pending_bytes -= full.framed.len();
            self.put(ledger, full)?;
        }
        if !self.pending.contains_key(&ledger)
            && let Some(last) = self.last_record(ledger, have, framed.len())?
            && fits(last.framed.len(), last.count())
        {
            // Written anew under its key, with what follows it.
            self.pending_bytes += last.framed.len();
            let head = self.ends.get(&ledger).copied().unwrap_or(Head::EMPTY);
            let (first, count) = (last.first, last.count());
            let framed = BytesMut::from(&last.framed[..]);
            self.pending.insert(
                ledger,
                Pending {
                    first,
                    count,
                    framed,
                    head,
                },
            );
        }
        let (first, framed, count) = if fits(0, 0) {
            (have, framed, count)
        } else {
            self.put_pieces(ledger, have, framed, count)?
        };
        self.pending_bytes += framed.len();
        let pending = self.pending.entry(ledger).or_insert_with(|| Pending {
            first,
            count: 0,
            framed: BytesMut::new(),
            head: section.head(),
        });
        pending.framed.extend_from_slice(&framed);
        pending.count += count;
        pending.head = section.head();
        Ok(())
    }

    /// The last record of a ledger, if it is sound and has room for `more` framed bytes.
    fn last_record(
        &mut self,
        ledger: LedgerId,
        end: u64,
        more: usize,
    ) -> Result<Option<CopyRecord>, Fault> {
        let room = |bytes: usize| bytes + more <= FRAMED_BYTES_MAX;
        if end == 0
            || self
                .last_records
                .get(&ledger)
                .is_some_and(|&bytes| !room(bytes))
        {
            return Ok(None);
        }
        // It may be in the batch still.
        self.apply()?;
        let last = self.shared.copy(|copy| copy.record(ledger, end - 1));
        let last = last.ok().flatten().filter(|record| record.end() == end);
        self.last_records.insert(
            ledger,
            last.as_ref().map_or(usize::MAX / 2, |r| r.framed.len()),
        );
        Ok(last.filter(|record| room(record.framed.len())))
    }

    /// Puts a commit that is too long for one record, all but its last piece, which is returned.
    fn put_pieces(
        &mut self,
        ledger: LedgerId,
        mut first: u64,
        mut framed: Bytes,
        mut count: usize,
    ) -> Result<(u64, Bytes, usize), Fault> {
        while framed.len() > FRAMED_BYTES_MAX || count > LEAVES_MAX {
            let (mut end, mut leaves) = (0, 0);
            while leaves < LEAVES_MAX
                && let Some((_, next)) = frame_at(&framed, end)
                && (next <= FRAMED_BYTES_MAX || leaves == 0)
            {
                (end, leaves) = (next, leaves + 1);
            }
            if leaves == 0 || leaves >= count {
                break;
            }
            self.put_record(ledger, first, framed.split_to(end))?;
            first += leaves as u64;
            count -= leaves;
        }
        debug_assert_eq!(frames_end(&framed, count), Some(framed.len()));
        Ok((first, framed, count))
    }

    /// Puts a record and states that the ledger ends with it.
    fn put(&mut self, ledger: LedgerId, pending: Pending) -> Result<(), Fault> {
        let Pending {
            first,
            framed,
            head,
            ..
        } = pending;
        self.last_records.insert(ledger, framed.len());
        self.put_record_only(ledger, first, framed.freeze())?;
        self.batch.put_end(ledger, &head);
        self.ends.insert(ledger, head);
        self.batch_ends.insert(ledger, head);
        self.apply_if_full()
    }

    fn put_record(&mut self, ledger: LedgerId, first: u64, framed: Bytes) -> Result<(), Fault> {
        self.put_record_only(ledger, first, framed)?;
        self.apply_if_full()
    }

    fn put_record_only(
        &mut self,
        ledger: LedgerId,
        first: u64,
        framed: Bytes,
    ) -> Result<(), Fault> {
        let wrong = |InvalidRecord(why): InvalidRecord| format!("read copy, new record: {why}");
        let record = CopyRecord::new(first, framed).map_err(wrong)?;
        let value = record.encode(&log_key(ledger, first)).map_err(wrong)?;
        self.batch.put_record(ledger, first, value);
        Ok(())
    }

    fn apply_if_full(&mut self) -> Result<(), Fault> {
        // A record and the statement of its end go together, a checkpoint and that it was kept again: two keys.
        if self.batch.keys + 2 > CopyBatch::KEYS_MAX || self.batch.bytes > BATCH_BYTES_MAX {
            self.apply()?;
        }
        Ok(())
    }

    fn apply(&mut self) -> Result<(), Fault> {
        let batch = std::mem::take(&mut self.batch);
        let some = batch.keys > 0;
        if some {
            Point::CopyBegun.pass();
        }
        self.shared
            .copy(|copy| copy.apply(batch))
            .map_err(|fault| fault.to_string())?;
        if some {
            Point::CopyApplied.pass();
        }
        let ends = std::mem::take(&mut self.batch_ends);
        self.unmarked
            .extend(ends.iter().map(|(ledger, head)| (*ledger, *head)));
        self.shared.set_copied(ends);
        self.shared
            .kept
            .settle(std::mem::take(&mut self.batch_kept));
        Ok(())
    }

    /// Makes what sled holds durable, and leaves word of it in the journal and in the heads file.
    fn checkpoint(&mut self, settling: bool) -> Result<(), Fault> {
        if self.read != Some(self.cursor) {
            // Marks tell how far events were copied; this tells it of kept checkpoints.
            self.batch.put_read(self.cursor);
            self.read = Some(self.cursor);
            self.apply()?;
        }
        self.shared
            .copy(|copy| copy.checkpoint())
            .map_err(|fault| fault.to_string())?;
        Point::CopySynced.pass();
        self.dirty_since = (!self.pending.is_empty()).then(Instant::now);
        let marks = std::mem::take(&mut self.unmarked);
        if !marks.is_empty() {
            self.shared.leave_marks(marks);
            Appender::wake_for_marks(&self.queue);
        }
        // Checkpoints by bytes follow each other closely under load; the file is for after a crash.
        let every = self
            .shared
            .config
            .checkpoint_every
            .max(Duration::from_millis(100));
        if settling || self.heads_written.is_none_or(|at| at.elapsed() >= every) {
            self.shared
                .folder
                .write_heads(&self.shared.copied_all())
                .map_err(|error| format!("heads file: {error}"))?;
            self.heads_written = Some(Instant::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::CommitLog as _;
    use crate::log::conformance::{commit, leaves, ledger, signed};
    use crate::log::embedded::{EmbeddedConfig, EmbeddedLog};
    use crate::log::journal::catalog::start_of;

    #[tokio::test]
    async fn an_older_checkpoint_that_is_met_again_takes_no_newer_ones_place() {
        let dir = tempfile::tempdir().unwrap();
        let config = EmbeddedConfig {
            checkpoint_every: Duration::from_secs(3_600),
            room_bytes: 0,
            ..EmbeddedConfig::new(dir.path().join("data"), Arc::new(|| 1_700_000_000_000_000))
        };
        let log = EmbeddedLog::open(config).unwrap();
        let head = commit(&log, ledger(1), Head::EMPTY, &leaves(1, &[9])).await;
        let mut kept = signed(1, head.size, head.root);
        for _ in 0..3 {
            assert_eq!(log.keep_checkpoint(kept.clone()).await, Ok(()));
            kept.note = [&kept.note[..], b"one more signature\n"].concat().into();
        }
        log.settle().await.unwrap();
        let shared = Arc::clone(&log.shared);
        let held = || shared.copy(|copy| copy.checkpoints(ledger(1), 0..=u64::MAX, 9));
        let newest = held().unwrap();
        assert!(kept.adds_to(newest.first()), "{newest:?}");

        let mut feeder = Feeder::new(Arc::clone(&shared), log.appender.weak_queue());
        feeder.cursor = start_of(1);
        let end = shared.state().committed;
        while feeder.cursor < end {
            feeder.follow().unwrap();
            feeder.apply().unwrap();
            assert_eq!(held().unwrap(), newest);
        }
    }
}
