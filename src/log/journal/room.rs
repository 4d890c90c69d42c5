//! The room ahead of the writer: zeros, durable before records are written over them.
//!
//! A file that grows has its new length and extents written down with every sync; over bytes that are there already a sync
//! takes about half as long. So while the writer has little to do, another thread fills what is behind the last record, a
//! step at a time, and makes the file of the next segment before the last one is full. Where there is no room yet the file grows.
//! The same thread compresses what is sealed (see `packer`).
//!
//! ```text
//! records │ zeros, durable    │ a piece being written │
//!         end                 filled
//! ```
//! The writer never waits for a step: below `filled` nothing is in its way, and behind it for the piece under way at most.

use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::fault_point::Point;
use crate::log::journal::files::{JournalFile, is_full};
use crate::log::journal::packer::{self, Outcome};
use crate::log::journal::segment;
use crate::log::journal::writer::Home;

/// What is filled between two syncs: more would make a sync of the writer wait for it too long.
const STEP_BYTES: u64 = 1024 * 1024;

/// What is written at once, and so what the writer waits for at most.
const PIECE_BYTES: usize = 64 * 1024;

/// The least that is filled ahead, so that there is room while the next step is due.
const AHEAD_BYTES_MIN: u64 = 2 * STEP_BYTES;

/// How long the writer must have had pauses before a step.
const LOOK: Duration = Duration::from_millis(10);

/// What the writer of the journal and whoever fills ahead of it tell each other.
#[derive(Debug)]
pub(crate) struct Room {
    /// The most that is filled ahead; nothing where it is 0.
    bytes_max: u64,
    /// Whether sealed segments are packed.
    pack: bool,
    segment_bytes: u64,
    state: Mutex<State>,
    /// Held while a piece is written.
    piece: Mutex<()>,
    /// Held while a sealed segment is given another file.
    replacing: Mutex<()>,
    /// There may be something to do, or something was done.
    news: Condvar,
}

#[derive(Debug)]
struct State {
    /// The segment that is written, if zeros may follow in it.
    segment: Option<u32>,
    /// The next segment to be packed, and the one that is written: all before it are sealed.
    packing: u32,
    written: u32,
    /// No zero is written before it.
    end: u64,
    /// Where the zeros end, if that is beyond the records.
    filled: u64,
    /// How often the writer went from one turn to the next without a pause.
    rushed: u64,
    /// The file of the next segment.
    next: Option<Next>,
    /// The disk was full: nothing is filled before the next segment.
    full: bool,
    stopped: bool,
    /// The filler waits until it is told of work.
    asleep: bool,
}

/// A file that was made ahead of its time: zeros, under a name of its own.
#[derive(Debug)]
pub(crate) struct Next {
    segment: u32,
    pub(crate) file: Box<dyn JournalFile>,
    pub(crate) bytes: u64,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Job {
    /// Fill the segment up to there.
    Fill { segment: u32, to: u64 },
    /// Make the file of this segment.
    Make { segment: u32 },
    /// Compress this segment.
    Pack { segment: u32 },
}

impl Room {
    pub(crate) fn new(segment_bytes: u64, bytes_max: u64, pack: bool) -> Self {
        let state = State {
            segment: None,
            packing: 1,
            written: 1,
            end: 0,
            filled: 0,
            rushed: 0,
            next: None,
            full: false,
            stopped: false,
            asleep: false,
        };
        Self {
            bytes_max,
            pack,
            segment_bytes,
            state: Mutex::new(state),
            piece: Mutex::default(),
            replacing: Mutex::default(),
            news: Condvar::new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // The writer's side.

    /// The writer goes on in `segment`, whose records end at `end` and whose zeros at `filled`. It is only filled further if
    /// its header says that zeros may follow.
    pub(crate) fn enter(&self, segment: u32, end: u64, filled: u64, fillable: bool) {
        let mut state = self.state();
        state.segment = fillable.then_some(segment);
        state.written = segment;
        (state.end, state.filled, state.full) = (end, filled, false);
        self.wake(&mut state);
    }

    /// The writer is about to write up to `end`. Nothing is filled below it from now on.
    pub(crate) fn claim(&self, end: u64) {
        let mut state = self.state();
        state.end = end;
        let crossed = end > state.filled;
        self.wake(&mut state);
        drop(state);
        if crossed {
            drop(self.piece.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// The writer is done with its segment. Tells where the zeros end: nothing is filled any more.
    pub(crate) fn leave(&self) -> u64 {
        self.state().segment = None;
        let _piece = self.piece.lock().unwrap_or_else(PoisonError::into_inner);
        self.state().filled
    }

    /// The file of `segment`, if it was made.
    pub(crate) fn take_next(&self, segment: u32) -> Option<Next> {
        let next = self.state().next.take();
        next.filter(|next| next.segment == segment)
    }

    /// The writer goes on without a pause.
    pub(crate) fn rush(&self) {
        self.state().rushed += 1;
    }

    /// Nothing is filled any more.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.stopped = true;
        state.segment = None;
        self.news.notify_all();
    }

    fn wake(&self, state: &mut State) {
        if state.asleep && self.job(state).is_some() {
            state.asleep = false;
            self.news.notify_all();
        }
    }

    // The filler's side.

    fn job(&self, state: &State) -> Option<Job> {
        let segment = state.packing;
        let pack = self.pack && !state.full && segment < state.written;
        let pack = pack.then_some(Job::Pack { segment });
        self.room_job(state).or(pack)
    }

    fn room_job(&self, state: &State) -> Option<Job> {
        let segment = state
            .segment
            .filter(|_| !state.full && self.bytes_max > 0)?;
        // As much as there is already: a small folder stays small.
        let written = u64::from(segment - 1) * self.segment_bytes + state.end;
        let ahead = written.max(AHEAD_BYTES_MIN).min(self.bytes_max);
        let to = (state.end + ahead).min(self.segment_bytes);
        let filled = state.filled.max(state.end);
        let step = STEP_BYTES.min(self.bytes_max);
        if filled + step <= to || filled < to && to == self.segment_bytes {
            return Some(Job::Fill { segment, to });
        }
        let ends = filled >= self.segment_bytes && state.next.is_none();
        ends.then_some(Job::Make {
            segment: segment + 1,
        })
    }

    /// Waits until there is something to do and the writer had pauses for a while; nothing when it is stopped.
    fn wait(&self) -> Option<(Job, u64)> {
        let mut state = self.state();
        while !state.stopped {
            if self.job(&state).is_none() {
                state.asleep = true;
                state = self
                    .news
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let rushed = state.rushed;
            let looked = self.news.wait_timeout(state, LOOK);
            state = looked.unwrap_or_else(PoisonError::into_inner).0;
            if let Some(job) = self.job(&state)
                && state.rushed == rushed
                && !state.stopped
            {
                return Some((job, rushed));
            }
        }
        None
    }

    /// Has `write` write the next piece of zeros, up to `to`. `false` if none is to be written.
    fn piece(
        &self,
        segment: u32,
        to: u64,
        write: impl FnOnce(u64, usize) -> io::Result<()>,
    ) -> io::Result<bool> {
        let _piece = self.piece.lock().unwrap_or_else(PoisonError::into_inner);
        let from = {
            let state = self.state();
            if state.segment != Some(segment) {
                return Ok(false);
            }
            state.filled.max(state.end)
        };
        if from >= to {
            return Ok(false);
        }
        let bytes = (to - from).min(PIECE_BYTES as u64);
        write(from, bytes as usize)?;
        self.state().filled = from + bytes;
        Ok(true)
    }

    /// Offers the file of the next segment. Gives it back if it comes too late.
    fn offer(&self, next: Next) -> Result<(), Next> {
        let mut state = self.state();
        if state.segment.is_none_or(|now| now + 1 != next.segment) {
            return Err(next);
        }
        state.next = Some(next);
        Ok(())
    }

    fn packed(&self, segment: u32) {
        let mut state = self.state();
        if state.packing == segment {
            state.packing = segment + 1;
        }
    }

    /// Keeps everybody else from giving a sealed segment another file, until what it returns is dropped.
    pub(crate) fn replacing(&self) -> MutexGuard<'_, ()> {
        self.replacing
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a segment compressed that was rebuilt, and looks at those behind it again.
    pub(crate) fn pack_again(&self, segment: u32) {
        let mut state = self.state();
        state.packing = state.packing.min(segment);
        self.wake(&mut state);
    }

    /// Waits for `time`, and longer while the writer has no pauses since `rushed` was told. `false` if it is stopped.
    pub(crate) fn rest(&self, time: Duration, rushed: &mut u64) -> bool {
        let begun = Instant::now();
        let mut state = self.state();
        while !state.stopped
            && let left = time.saturating_sub(begun.elapsed())
            && !left.is_zero()
        {
            let waited = self.news.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(state);
        self.pause(rushed)
    }

    fn give_up(&self) {
        self.state().full = true;
    }

    fn is_rushed_since(&self, rushed: u64) -> bool {
        let state = self.state();
        state.stopped || state.rushed != rushed
    }

    /// Waits while the writer has no pauses since `rushed` was told. `false` if it is stopped.
    fn pause(&self, rushed: &mut u64) -> bool {
        let mut state = self.state();
        while !state.stopped && state.rushed != *rushed {
            *rushed = state.rushed;
            let looked = self.news.wait_timeout(state, LOOK);
            state = looked.unwrap_or_else(PoisonError::into_inner).0;
        }
        !state.stopped
    }

    /// Waits until there is nothing more to do.
    #[cfg(test)]
    pub(crate) fn wait_until_idle(&self) {
        let mut state = self.state();
        while !state.stopped && self.job(&state).is_some() {
            state = self
                .news
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Whoever fills ahead of the writer.
#[derive(Debug)]
pub(crate) struct Filler {
    home: Home,
    /// The segment that is filled, opened once more.
    file: Option<(u32, Box<dyn JournalFile>)>,
}

impl Filler {
    pub(crate) fn new(home: Home) -> Self {
        Self { home, file: None }
    }

    /// Fills until the room is stopped. A full disk only ends the filling of a segment, for the writer may find its place yet, and so
    /// does a file that cannot be opened, to which nothing was done; any other error tells of the disk.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let room = Arc::clone(&self.home.room);
        while let Some((job, rushed)) = room.wait() {
            let done = match job {
                Job::Fill { segment, to } => self.fill(segment, to, rushed),
                Job::Make { segment } => self.make(segment),
                Job::Pack { segment } => self.pack(segment, rushed),
            };
            match done {
                Err(error) if is_full(&error) => self.give_up(&error),
                done => done?,
            }
            room.news.notify_all();
        }
        Ok(())
    }

    /// Nothing more is done before the next segment.
    fn give_up(&self, error: &io::Error) {
        tracing::warn!(%error, "the journal is neither filled ahead nor compressed");
        self.home.room.give_up();
    }

    /// One step.
    fn fill(&mut self, segment: u32, to: u64, rushed: u64) -> io::Result<()> {
        let mut file = match self.file.take() {
            Some((of, file)) if of == segment => file,
            _ => match self
                .home
                .files
                .open(&segment::path(&self.home.dir, segment))
            {
                Ok(file) => file,
                Err(error) => {
                    self.give_up(&error);
                    return Ok(());
                }
            },
        };
        let mut left = STEP_BYTES;
        while left > 0 && !self.home.room.is_rushed_since(rushed) {
            let piece = self.home.room.piece(segment, to, |from, bytes| {
                file.write_at(&ZEROS[..bytes], from)
            })?;
            if !piece {
                break;
            }
            left = left.saturating_sub(PIECE_BYTES as u64);
        }
        Point::RoomWritten.pass();
        file.sync()?;
        Point::RoomSynced.pass();
        self.file = Some((segment, file));
        Ok(())
    }

    /// Packs a segment, with pauses while the writer has none. One that cannot be packed is left until the next start.
    fn pack(&mut self, segment: u32, mut rushed: u64) -> io::Result<()> {
        let Home {
            files,
            dir,
            folder,
            room,
            ..
        } = &self.home;
        let _alone = room.replacing();
        match packer::pack(&**files, dir, *folder, segment, &mut || {
            room.pause(&mut rushed)
        })? {
            Outcome::Stopped => {}
            Outcome::Packed => room.packed(segment),
            Outcome::Left(why) => {
                tracing::warn!(segment, why, "a segment of the journal is not compressed");
                room.packed(segment);
            }
        }
        Ok(())
    }

    fn make(&mut self, segment: u32) -> io::Result<()> {
        let Home {
            files, dir, room, ..
        } = &self.home;
        let path = segment::path_ahead(dir, segment);
        let file = match files.create(&path) {
            Ok(file) => file,
            Err(error) => {
                self.give_up(&error);
                drop(std::fs::remove_file(&path));
                return Ok(());
            }
        };
        let bytes = room.bytes_max.min(room.segment_bytes);
        let made = zeros(file, bytes);
        let offered = made.map(|file| {
            let next = Next {
                segment,
                file,
                bytes,
            };
            room.offer(next).is_ok()
        });
        if !matches!(offered, Ok(true)) {
            // Nobody knows of it; a start removes what stays.
            drop(std::fs::remove_file(&path));
        }
        offered.map(drop)
    }
}

/// Fills a new file with zeros, durably.
fn zeros(mut file: Box<dyn JournalFile>, bytes: u64) -> io::Result<Box<dyn JournalFile>> {
    let mut at = 0;
    while at < bytes {
        let step = (bytes - at).min(STEP_BYTES);
        for from in (0..step).step_by(PIECE_BYTES) {
            let piece = (step - from).min(PIECE_BYTES as u64) as usize;
            file.write_at(&ZEROS[..piece], at + from)?;
        }
        file.sync()?;
        at += step;
    }
    Ok(file)
}

static ZEROS: [u8; PIECE_BYTES] = [0; PIECE_BYTES];
