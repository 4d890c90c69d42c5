//! Who changed what: events as changes, with what was before and what is after.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Lateness, Recorded, Stream};
use crate::domain::goal::Goal;
use crate::domain::id::GoalId;
use crate::ledger::index::Direction;
use crate::ledger::{ReadFault, Reader, Stored, View};
use crate::projection::describe::{Actuals, FieldChange, Known, changes, subject_of};
use crate::projection::goal_card::cycle_of;

mod filter;
mod walk;

pub use filter::{ChangeFilter, ChangeFlag};
pub(super) use walk::Walk;

use filter::goal_of;

/// An event as a change.
#[derive(Clone, Debug)]
pub struct Change {
    /// The event as stored.
    pub stored: Stored,
    /// What it is about.
    pub subject: Named,
    /// The goal whose stream it is in.
    pub goal: Option<GoalId>,
    /// What it changed.
    pub fields: Vec<FieldChange>,
    /// How late it came.
    pub lateness: Lateness,
    /// The day it was recorded, in the ledger's zone.
    pub recorded_on: Date,
    /// What stood where once it was recorded: it and what it names are told by the words of then.
    pub directory: Arc<Directory>,
}

/// A page of changes.
#[derive(Clone, Debug, Default)]
pub struct ChangePage {
    /// The changes, in the order asked for.
    pub changes: Vec<Change>,
    /// Where the next page begins: the first position not looked at going forward, one more than the last
    /// not looked at going backward; `None`: this was the last.
    pub next: Option<u64>,
}

/// Events looked at for one page at most, and leaps between lists; a page may then have fewer changes than
/// asked for.
const SCAN_MAX: usize = 20_000;

/// Up to `limit` changes known in `view` that satisfy `filter`, from `cursor` on in `direction`.
pub async fn list(
    reader: &Reader,
    view: &View,
    filter: &ChangeFilter,
    cursor: Option<u64>,
    direction: Direction,
    limit: usize,
) -> Result<ChangePage, ReadFault> {
    let walk = Walk::new(reader, view, filter, cursor, direction).await?;
    // One more than the page has says whether there is a next one.
    let mut walk = walk.wanting(limit.saturating_add(1));
    let (mut found, mut seen, mut next) = (Vec::new(), 0, None);
    while let Some(looked) = walk.next().await? {
        seen += looked.seen;
        for stored in looked.satisfying {
            if found.len() == limit {
                // One more than asked for exists; the next page begins with it.
                let position = stored.recorded.position;
                next = Some(position + u64::from(direction == Direction::Backward));
                break;
            }
            found.push(stored);
        }
        if next.is_some() {
            break;
        }
        if SCAN_MAX <= seen {
            next = walk.place();
            break;
        }
    }
    Ok(ChangePage {
        changes: tell(reader, found).await?,
        next,
    })
}

/// Tells what each event changed: what stood where before and after it, and what its goal's newest state says was
/// known of it then. So no stream is folded for it, however long it is.
pub(super) async fn tell(reader: &Reader, found: Vec<Stored>) -> Result<Vec<Change>, ReadFault> {
    let mut by_stream: BTreeMap<Stream, Vec<usize>> = BTreeMap::new();
    let mut by_position: Vec<usize> = (0..found.len()).collect();
    by_position.sort_unstable_by_key(|index| found[*index].recorded.position);
    // Earlier events first, so that each directory goes on from the one before.
    let (mut past, mut directories) = (None, vec![None; found.len()]);
    for index in by_position {
        let Recorded {
            position, event, ..
        } = &found[index].recorded;
        let before = match &past {
            None => reader.view_at(*position).await?,
            Some(earlier) => reader.view_after(earlier, *position).await?,
        };
        let after = reader.view_after(&before, position + 1).await?;
        directories[index] = Some((before.directory, after.directory.clone()));
        past = Some(after);
        by_stream.entry(event.stream).or_default().push(index);
    }
    let (nothing, mut fields) = (Goal::default(), vec![Vec::new(); found.len()]);
    for (stream, wanted) in by_stream {
        let last = wanted.iter().map(|index| found[*index].recorded.position);
        let goal = match goal_of(stream) {
            Some(goal) => {
                let end = last.max().map_or(0, |last| last + 1);
                Some((goal, reader.stream_covering(stream, end).await?))
            }
            None => None,
        };
        let state = goal.as_ref().map_or(&nothing, |(_, state)| &state.goal);
        let mut actuals = Actuals::default();
        for index in wanted {
            let Some((before, after)) = &directories[index] else {
                continue;
            };
            let recorded = &found[index].recorded;
            let known = |directory, size| Known {
                directory,
                goal: state,
                size: Some(size),
            };
            fields[index] = changes(
                &recorded.event,
                known(before, recorded.position),
                known(after, recorded.position + 1),
                goal.as_ref().and_then(|(goal, _)| cycle_of(after, *goal)),
                after.date_of(recorded.recorded_at),
                &mut actuals,
            );
        }
    }
    let told = found.into_iter().zip(fields).zip(directories);
    Ok(told
        .map(|((stored, fields), directories)| {
            let directory = directories.map(|(_, after)| after).unwrap_or_default();
            let recorded_on = directory.date_of(stored.recorded.recorded_at);
            let event = &stored.recorded.event;
            Change {
                subject: subject_of(event),
                goal: goal_of(event.stream),
                fields,
                lateness: Lateness::of(event, recorded_on),
                recorded_on,
                directory,
                stored,
            }
        })
        .collect())
}
