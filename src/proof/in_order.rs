//! Work on many pieces by several threads, handed back in the order of the pieces.
//!
//! Whoever verifies folds events one after the other; what each event says for itself (its hash, its bytes read, its line
//! rendered) does not wait for that.

use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

/// Threads that work at most.
const WORKERS_MAX: usize = 8;
/// Pieces for each of them that are under way or wait to be taken at most.
const AHEAD: usize = 4;

/// The pieces that are under way.
pub(super) struct InOrder<J, R> {
    jobs: SyncSender<(J, SyncSender<R>)>,
    ahead: VecDeque<Receiver<R>>,
    ahead_max: usize,
}

/// Calls `drive` with a place to put pieces. `work` is done to each of them on another thread.
pub(super) fn in_order<J: Send, R: Send, T>(
    work: impl Fn(J) -> R + Sync,
    drive: impl FnOnce(InOrder<J, R>) -> T,
) -> T {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let workers = workers.min(WORKERS_MAX);
    let ahead_max = workers * AHEAD;
    let (jobs, waiting) = sync_channel::<(J, SyncSender<R>)>(ahead_max);
    // Of the workers alone: when none is left, what waits is dropped, and nobody waits for it.
    let waiting = Arc::new(Mutex::new(waiting));
    let work = &work;
    thread::scope(|scope| {
        for waiting in std::iter::repeat_n(waiting, workers) {
            scope.spawn(move || {
                while let Some((job, answer)) = next(&waiting) {
                    // Whoever gave it may have stopped since.
                    let _ = answer.send(work(job));
                }
            });
        }
        // The workers end when it is dropped.
        drive(InOrder {
            jobs,
            ahead: VecDeque::new(),
            ahead_max,
        })
    })
}

fn next<J>(waiting: &Mutex<Receiver<J>>) -> Option<J> {
    let waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
    waiting.recv().ok()
}

impl<J, R> InOrder<J, R> {
    /// Gives one more piece to be worked on. Waits for the first of those under way, and hands that back, where there are
    /// as many as there may be.
    pub(super) fn push(&mut self, job: J) -> Option<R> {
        let done = match self.ahead.len() < self.ahead_max {
            true => None,
            false => self.pop(),
        };
        let (answer, answered) = sync_channel(1);
        // Workers end early only by a panic, which goes on when all have ended.
        let _ = self.jobs.send((job, answer));
        self.ahead.push_back(answered);
        done
    }

    /// Waits for the first piece under way; `None`: there is none.
    pub(super) fn pop(&mut self) -> Option<R> {
        self.ahead.pop_front()?.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn pieces_come_back_in_the_order_they_were_given() {
        let worked = AtomicUsize::new(0);
        let work = |number: u64| {
            worked.fetch_add(1, Ordering::Relaxed);
            // Later ones take less.
            (0..(1_000 - number) * 50).fold(number, |sum, one| sum ^ one ^ one) * 2
        };
        let mut found = Vec::new();
        in_order(work, |mut line| {
            for number in 0..1_000 {
                found.extend(line.push(number));
                assert!(line.ahead.len() <= line.ahead_max, "bounded");
            }
            found.extend(std::iter::from_fn(|| line.pop()));
        });
        assert_eq!(
            found,
            (0..1_000).map(|number| number * 2).collect::<Vec<_>>()
        );
        assert_eq!(worked.into_inner(), 1_000);
    }

    #[test]
    fn whoever_stops_early_leaves_nobody_waiting() {
        let first = in_order(
            |number: u64| number,
            |mut line| {
                for number in 0..100 {
                    if let Some(first) = line.push(number) {
                        return Some(first);
                    }
                }
                line.pop()
            },
        );
        assert_eq!(first, Some(0));
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_of_a_worker_goes_on() {
        in_order(
            |number: u64| assert!(number < 50),
            |mut line| {
                for number in 0..1_000 {
                    line.push(number);
                }
            },
        );
    }
}
