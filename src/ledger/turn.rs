//! Appends that one caller sends in a row: each is decided on the effect of those before it, durable or not.
//!
//! They are read and decided beside each other, and queue for the writer in their order. The writer, who knows the effect of all that
//! it took up, decides one only when it has decided the one before: so what it says is final. A refusal from elsewhere is not
//! while others are before it, for they may bring what it lacks; whoever gets one waits until it is the first and asks again.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Appends in a row. Holds no more than those that have not ended.
#[derive(Debug, Default)]
pub struct Line(Mutex<Places>);

#[derive(Debug, Default)]
struct Places {
    /// The number of the first that has not ended, or of the next to come.
    first: u64,
    places: VecDeque<Place>,
}

#[derive(Debug)]
struct Place {
    stage: Stage,
    /// Whoever has this place waits for those before it.
    waiting: Option<Waker>,
}

/// How far an append is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Stage {
    /// Not in the writer's queue, or turned back from there.
    Coming,
    /// In the writer's queue.
    Queued,
    /// The writer decided it: what comes of it is in the writer's states.
    Decided,
    /// It is answered. Answers to others include what came of it.
    Ended,
}

/// The place of one append in its line. It ends when this is dropped.
#[derive(Debug)]
pub struct Turn(Spot);

/// As the writer knows a [`Turn`].
#[derive(Clone, Debug)]
pub(super) struct Spot {
    line: Arc<Line>,
    number: u64,
}

impl Line {
    /// The next place, behind all others.
    pub fn join(self: &Arc<Self>) -> Turn {
        let mut places = self.places();
        let number = places.end();
        places.places.push_back(Place {
            stage: Stage::Coming,
            waiting: None,
        });
        drop(places);
        Turn(Spot {
            line: self.clone(),
            number,
        })
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Places {
    fn end(&self) -> u64 {
        self.first + self.places.len() as u64
    }

    fn place(&mut self, number: u64) -> Option<&mut Place> {
        let index = number.checked_sub(self.first)?;
        self.places.get_mut(usize::try_from(index).ok()?)
    }

    /// What is no longer here has ended.
    fn stage(&mut self, number: u64) -> Stage {
        self.place(number).map_or(Stage::Ended, |place| place.stage)
    }

    fn stage_before(&mut self, number: u64) -> Stage {
        match number.checked_sub(1) {
            Some(before) => self.stage(before),
            None => Stage::Ended,
        }
    }

    fn set(&mut self, number: u64, stage: Stage) -> [Option<Waker>; 2] {
        // One that has ended stays so: the writer may come to it only after its caller went away.
        if let Some(place) = self.place(number)
            && place.stage != Stage::Ended
        {
            place.stage = stage;
        }
        while self
            .places
            .front()
            .is_some_and(|place| place.stage == Stage::Ended)
        {
            self.places.pop_front();
            self.first += 1;
        }
        let waiting = |place: &mut Place| place.waiting.take();
        [
            self.place(number + 1).and_then(waiting),
            self.places.front_mut().and_then(waiting),
        ]
    }
}

impl Turn {
    /// Whether all before it have ended.
    pub fn is_first(&self) -> bool {
        self.0.line.places().first == self.0.number
    }

    /// Waits until all before it have ended.
    pub async fn first(&self) {
        self.until(|places, number| places.first == number).await;
    }

    /// Whether the writer decided it: nothing else will come of it.
    pub fn is_decided(&self) -> bool {
        Stage::Decided <= self.0.line.places().stage(self.0.number)
    }

    /// Waits until the one before it is in the writer's queue, or beyond.
    pub(super) async fn come(&self) {
        self.until(|places, number| Stage::Queued <= places.stage_before(number))
            .await;
    }

    pub(super) fn spot(&self) -> &Spot {
        &self.0
    }

    async fn until(&self, has_come: impl Fn(&mut Places, u64) -> bool) {
        std::future::poll_fn(|context| {
            let mut places = self.0.line.places();
            if has_come(&mut places, self.0.number) {
                return Poll::Ready(());
            }
            if let Some(place) = places.place(self.0.number) {
                place.waiting = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.set(Stage::Ended);
    }
}

impl Spot {
    /// Whether the writer may decide it: it decided the one before.
    pub(super) fn is_next(&self) -> bool {
        Stage::Decided <= self.line.places().stage_before(self.number)
    }

    pub(super) fn set(&self, stage: Stage) {
        // Nobody is woken while the line is held.
        let woken = self.line.places().set(self.number, stage);
        for waker in woken.into_iter().flatten() {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn has_come(wait: impl Future<Output = ()>) -> bool {
        wait.now_or_never().is_some()
    }

    #[test]
    fn an_append_comes_behind_the_one_before_and_is_first_behind_all() {
        let line = Arc::new(Line::default());
        let [first, second, third] = [line.join(), line.join(), line.join()];
        assert!(first.is_first() && has_come(first.come()) && first.spot().is_next());
        assert!(!second.is_first() && !has_come(second.come()));
        first.spot().set(Stage::Queued);
        assert!(has_come(second.come()) && !second.spot().is_next());
        first.spot().set(Stage::Decided);
        assert!(second.spot().is_next() && !second.is_first());
        // One that ends before those before it makes nobody the first.
        drop(second);
        assert!(third.spot().is_next() && !has_come(third.first()));
        drop(first);
        assert!(has_come(third.first()) && third.is_first());
    }

    #[test]
    fn who_is_turned_back_turns_back_who_follows() {
        let line = Arc::new(Line::default());
        let [first, second] = [line.join(), line.join()];
        first.spot().set(Stage::Queued);
        assert!(has_come(second.come()));
        first.spot().set(Stage::Coming);
        assert!(!second.spot().is_next() && !has_come(second.come()));
    }

    #[test]
    fn what_the_writer_says_of_one_that_has_ended_keeps_nobody_waiting() {
        for late in [Stage::Queued, Stage::Coming, Stage::Decided] {
            let line = Arc::new(Line::default());
            let (first, second, third) = (line.join(), line.join(), line.join());
            let spot = second.spot().clone();
            drop(second);
            spot.set(late);
            assert!(!third.is_first());
            drop(first);
            assert!(third.is_first() && has_come(third.come()), "{late:?}");
            drop(third);
            assert_eq!(line.places().places.len(), 0);
        }
    }

    #[tokio::test]
    async fn whoever_waits_is_woken_when_it_is_their_turn() {
        let line = Arc::new(Line::default());
        let (first, second, third) = (line.join(), line.join(), line.join());
        let waiting = tokio::spawn(async move {
            second.come().await;
            second.first().await;
        });
        let last = tokio::spawn(async move { third.first().await });
        tokio::task::yield_now().await;
        first.spot().set(Stage::Queued);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        drop(first);
        waiting.await.unwrap();
        last.await.unwrap();
        assert_eq!(line.places().places.len(), 0);
    }
}
