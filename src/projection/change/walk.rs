//! A walk over the events that satisfy a filter, along the lists of the index.
//!
//! Each condition that the index knows has some lists, and an event must be in one of each condition's: the
//! walk leaps from list to list to the next position that all conditions have, and reads only those events.

use std::collections::VecDeque;

use crate::domain::directory::Directory;
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader, Stored, View};
use crate::projection::change::filter::ChangeFilter;

/// Events read at once at most, and positions of a list.
const PAGE: usize = 256;
/// Leaps after which a step of a walk ends, whatever it found.
const LEAPS_MAX: usize = 4_096;

/// The events known in a view that satisfy a filter, some at a time.
pub(in crate::projection) struct Walk<'a> {
    reader: &'a Reader,
    directory: &'a Directory,
    filter: &'a ChangeFilter,
    conditions: Vec<AnyOf>,
    range: Range,
    /// Events that the next step reads at most.
    batch: usize,
}

/// What one step of a walk came by.
pub(in crate::projection) struct Looked {
    /// How much was looked at: events read, and leaps between lists.
    pub(in crate::projection) seen: usize,
    /// The events that satisfy the filter, in the order of the walk.
    pub(in crate::projection) satisfying: Vec<Stored>,
}

impl<'a> Walk<'a> {
    /// A walk from `cursor` on, else over everything that `view` knows.
    pub(in crate::projection) async fn new(
        reader: &'a Reader,
        view: &'a View,
        filter: &'a ChangeFilter,
        cursor: Option<u64>,
        direction: Direction,
    ) -> Result<Self, ReadFault> {
        let (mut from, mut to) = (0, view.size);
        if let Some(instant) = filter.recorded_from {
            from = from.max(reader.recorded_before(instant, view.size).await?);
        }
        if let Some(instant) = filter.recorded_until {
            to = to.min(reader.recorded_before(instant, view.size).await?);
        }
        match (direction, cursor) {
            (Direction::Forward, Some(cursor)) => from = from.max(cursor),
            (Direction::Backward, Some(cursor)) => to = to.min(cursor),
            (_, None) => {}
        }
        let lists = filter.lists(&view.directory);
        Ok(Self {
            reader,
            directory: &view.directory,
            filter,
            conditions: lists.into_iter().map(AnyOf::new).collect(),
            range: Range {
                from,
                to,
                direction,
            },
            batch: PAGE,
        })
    }

    /// The same for who wants so many events: at first no more are read. Mostly the lists alone tell what satisfies the
    /// filter; where they do not, each step reads twice as many as the one before.
    pub(in crate::projection) fn wanting(self, count: usize) -> Self {
        let batch = count.clamp(1, PAGE);
        Self { batch, ..self }
    }

    /// Looks at the next events; `None`: there are no more.
    pub(in crate::projection) async fn next(&mut self) -> Result<Option<Looked>, ReadFault> {
        if self.range.is_empty() {
            return Ok(None);
        }
        let (candidates, leaps) = self.candidates()?;
        self.batch = PAGE.min(2 * self.batch);
        let mut satisfying = self.reader.stored_at(&candidates).await?;
        satisfying.retain(|stored| self.filter.satisfied_by(self.directory, &stored.recorded));
        Ok(Some(Looked {
            seen: candidates.len().max(leaps),
            satisfying,
        }))
    }

    /// Where a later walk goes on; `None` at the end.
    pub(in crate::projection) fn place(&self) -> Option<u64> {
        let place = match self.range.direction {
            Direction::Forward => self.range.from,
            Direction::Backward => self.range.to,
        };
        (!self.range.is_empty()).then_some(place)
    }

    /// The next positions that all conditions have, and how many leaps they took.
    fn candidates(&mut self) -> Result<(Vec<u64>, usize), ReadFault> {
        let (mut found, mut leaps) = (Vec::new(), 0);
        // How many conditions have been found to have the first position of the range.
        let mut agreed = 0;
        while found.len() < self.batch && leaps < LEAPS_MAX && !self.range.is_empty() {
            let first = self.range.first();
            let Some(condition) = self.conditions.get_mut(agreed) else {
                // All of them, or there are none.
                found.push(first);
                self.range.pass(first);
                agreed = 0;
                continue;
            };
            leaps += 1;
            match condition.seek(self.reader, &self.range)? {
                Some(position) if position == first => agreed += 1,
                Some(position) => {
                    self.range.leap(position);
                    // The one that leapt has it; the others are asked anew.
                    self.conditions.swap(0, agreed);
                    agreed = 1;
                }
                None => self.range.end(),
            }
        }
        Ok((found, leaps))
    }
}

/// The positions that are still to be looked at.
#[derive(Clone, Copy, Debug)]
struct Range {
    from: u64,
    to: u64,
    direction: Direction,
}

impl Range {
    fn is_empty(&self) -> bool {
        self.to <= self.from
    }

    /// The position that comes next; the range is not empty.
    fn first(&self) -> u64 {
        match self.direction {
            Direction::Forward => self.from,
            Direction::Backward => self.to - 1,
        }
    }

    /// Goes on behind `position`.
    fn pass(&mut self, position: u64) {
        match self.direction {
            Direction::Forward => self.from = position + 1,
            Direction::Backward => self.to = position,
        }
    }

    /// Goes on at `position`.
    fn leap(&mut self, position: u64) {
        match self.direction {
            Direction::Forward => self.from = position,
            Direction::Backward => self.to = position + 1,
        }
    }

    fn end(&mut self) {
        self.from = self.to;
    }

    /// Whether `position` lies before the range, in its direction.
    fn is_behind(&self, position: u64) -> bool {
        match self.direction {
            Direction::Forward => position < self.from,
            Direction::Backward => self.to <= position,
        }
    }
}

/// A condition: what satisfies it is in one of these lists.
struct AnyOf(Vec<List>);

impl AnyOf {
    fn new(terms: Vec<Term>) -> Self {
        Self(terms.into_iter().map(List::new).collect())
    }

    /// The first position in `range` that one of the lists has.
    fn seek(&mut self, reader: &Reader, range: &Range) -> Result<Option<u64>, ReadFault> {
        let mut first = None;
        for list in &mut self.0 {
            let Some(position) = list.seek(reader, range)? else {
                continue;
            };
            first = Some(match (first, range.direction) {
                (None, _) => position,
                (Some(other), Direction::Forward) => position.min(other),
                (Some(other), Direction::Backward) => position.max(other),
            });
        }
        Ok(first)
    }
}

/// A list of the index, read some positions at a time.
struct List {
    term: Term,
    ahead: VecDeque<u64>,
    ended: bool,
}

impl List {
    fn new(term: Term) -> Self {
        Self {
            term,
            ahead: VecDeque::new(),
            ended: false,
        }
    }

    /// The first position in `range`.
    fn seek(&mut self, reader: &Reader, range: &Range) -> Result<Option<u64>, ReadFault> {
        loop {
            while let Some(position) = self.ahead.front() {
                if !range.is_behind(*position) {
                    return Ok(Some(*position));
                }
                self.ahead.pop_front();
            }
            if self.ended {
                return Ok(None);
            }
            let found = reader.postings(&self.term, range.from, range.to, range.direction, PAGE)?;
            self.ended = found.len() < PAGE;
            self.ahead = found.into();
        }
    }
}
