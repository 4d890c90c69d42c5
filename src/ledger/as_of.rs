//! Two clocks on every read: what was known at a point of the record, for which civil date.
//!
//! Everything a read is asked for resolves to a size K and a date D, and the same two give the same answer
//! for ever. The future of either is refused: nobody knows it.

use jiff::Timestamp;

use crate::domain::actual::aggregate::Cut;
use crate::domain::date::Date;
use crate::domain::rejection::{Reason, Rejection};
use crate::ledger::reader::{ReadFault, Reader, View};

/// What a read is asked to answer for. What is absent is now, and today by the ledger's clock.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct AsOf {
    /// Which events are known.
    pub known_at: Option<KnownAt>,
    /// The civil date that is looked at; absent: the day of `known_at`.
    pub effective_on: Option<Date>,
}

/// A point of the record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KnownAt {
    /// The events at positions 0 to n - 1.
    Size(u64),
    /// What was recorded at this instant or before.
    Time(Timestamp),
    /// What was recorded by the end of this day in the ledger's zone.
    Date(Date),
}

/// What an answer is a function of: K and D.
#[derive(Clone, Debug)]
pub struct Standpoint {
    /// K: the ledger as it was known at a size.
    pub view: View,
    /// D: the civil date.
    pub on: Date,
}

impl Standpoint {
    /// Which facts count here.
    pub fn cut(&self) -> Cut {
        self.view.cut(self.on)
    }
}

/// A read asks for what cannot be told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AsOfError {
    /// It asks for the future.
    #[error("the future is not known")]
    Future(Vec<Rejection>),
    /// Stored events could not be read.
    #[error(transparent)]
    Read(#[from] ReadFault),
}

impl From<Vec<Rejection>> for AsOfError {
    fn from(rejections: Vec<Rejection>) -> Self {
        Self::Future(rejections)
    }
}

impl Reader {
    /// Where a read stands that asks for `as_of` when the ledger is seen as `present`. Refusals name the
    /// fields of a request in which `as_of` stands under that name.
    pub async fn standpoint(&self, present: &View, as_of: &AsOf) -> Result<Standpoint, AsOfError> {
        let head = present.head.size;
        let directory = &present.directory;
        let now = self.clock().now();
        let today = directory.date_of(now);
        let mut future = Vec::new();
        let mut refuse = |reason, field, name, value: &dyn std::fmt::Display| {
            future.push(Rejection::new(reason, field).with(name, value));
        };
        // The size, the day it stands for, and the last day it can speak of.
        let (size, day, last) = match as_of.known_at {
            None => (head, today, today),
            Some(KnownAt::Size(size)) if head < size => {
                refuse(Reason::AsOfSizeInFuture, "as_of.size", "size", &head);
                (head, today, today)
            }
            Some(KnownAt::Size(size)) => {
                let of = |position| async move {
                    let recorded_at = self.recorded_at(position).await?;
                    Ok::<_, ReadFault>(directory.date_of(recorded_at))
                };
                // The ledger had this size until the next event came, so it can be asked about that day
                // too; its own day is the one of its last event, which no later event changes.
                let last = if size == head { today } else { of(size).await? };
                let day = of(size.saturating_sub(1)).await?;
                (size, day, last.max(day))
            }
            Some(KnownAt::Time(instant)) => {
                // A record time may run ahead of a clock that was set back.
                if now < instant && self.newest_recorded_at(head).await? < instant {
                    refuse(Reason::AsOfTimeInFuture, "as_of.time", "now", &now);
                }
                let day = directory.date_of(instant);
                (self.recorded_by(instant, head).await?, day, day)
            }
            Some(KnownAt::Date(day)) => {
                let newest = directory.date_of(self.newest_recorded_at(head).await?);
                if today.max(newest) < day {
                    refuse(Reason::AsOfDateInFuture, "as_of.date", "today", &today);
                }
                let size = match directory.end_of(day) {
                    Some(end) => self.recorded_before(end, head).await?,
                    None => head,
                };
                (size, day, day)
            }
        };
        let on = as_of.effective_on.unwrap_or(day);
        if last < on {
            let field = "as_of.effective_on";
            refuse(Reason::AsOfEffectiveOnInFuture, field, "known_on", &last);
        }
        if !future.is_empty() {
            return Err(future.into());
        }
        let view = if size == present.size {
            present.clone()
        } else {
            View {
                head: present.head,
                ..self.view_at(size).await?
            }
        };
        Ok(Standpoint { view, on })
    }

    async fn newest_recorded_at(&self, head: u64) -> Result<Timestamp, ReadFault> {
        self.recorded_at(head.saturating_sub(1)).await
    }

    /// When the event at `position` was recorded.
    async fn recorded_at(&self, position: u64) -> Result<Timestamp, ReadFault> {
        Ok(self.stored(position).await?.recorded.recorded_at)
    }

    /// How many of the first `size` events were recorded at `instant` or before.
    pub async fn recorded_by(&self, instant: Timestamp, size: u64) -> Result<u64, ReadFault> {
        self.recorded_while(size, |at| at <= instant).await
    }

    /// How many of the first `size` events were recorded before `instant`: the position of the first that
    /// was not.
    pub async fn recorded_before(&self, instant: Timestamp, size: u64) -> Result<u64, ReadFault> {
        self.recorded_while(size, |at| at < instant).await
    }

    /// How many of the first `size` events have a record time that satisfies `early`. Record times strictly
    /// increase, so they are those from the beginning.
    async fn recorded_while(
        &self,
        size: u64,
        early: impl Fn(Timestamp) -> bool,
    ) -> Result<u64, ReadFault> {
        let (mut low, mut high) = (0, size);
        while low < high {
            let middle = low + (high - low) / 2;
            if early(self.recorded_at(middle).await?) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }
}
