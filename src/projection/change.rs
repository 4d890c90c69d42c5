//! Who changed what: events as changes, with what was before and what is after.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Lateness, Recorded, Stream, StreamKind};
use crate::domain::goal::Goal;
use crate::domain::id::GoalId;
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader, Stored, View};
use crate::projection::describe::{FieldChange, Known, changes, subject_of};
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
/// Events read at once.
const PAGE: usize = 256;

/// Up to `limit` changes known in `view` that satisfy `filter`, from `cursor` on in `direction`.
pub async fn list(
    reader: &Reader,
    view: &View,
    filter: &ChangeFilter,
    cursor: Option<u64>,
    direction: Direction,
    limit: usize,
) -> Result<ChangePage, ReadFault> {
    let mut walk = Walk::new(reader, view, filter, cursor, direction).await?;
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

/// Tells what each event changed: what stood where before and after it, and the goal's stream folded up to it.
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
    let mut fields = vec![Vec::new(); found.len()];
    for (stream, wanted) in by_stream {
        let mut goals = goals(reader, stream, &wanted, &found).await?;
        for index in wanted {
            let Some((before, after)) = &directories[index] else {
                continue;
            };
            let (was, is) = goals.remove(&index).unwrap_or_default();
            let recorded = &found[index].recorded;
            fields[index] = changes(
                &recorded.event,
                Known {
                    directory: before,
                    goal: &was,
                },
                Known {
                    directory: after,
                    goal: &is,
                },
                goal_of(stream).and_then(|goal| cycle_of(after, goal)),
                after.date_of(recorded.recorded_at),
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

/// The state of a goal's stream just before and just after each of the `wanted` of `found`, which are all of that
/// stream; nothing for other streams, which fold into the directory.
async fn goals(
    reader: &Reader,
    stream: Stream,
    wanted: &[usize],
    found: &[Stored],
) -> Result<HashMap<usize, (Goal, Goal)>, ReadFault> {
    let mut told = HashMap::new();
    if stream.kind != StreamKind::Goal {
        return Ok(told);
    }
    let wanted: HashMap<u64, usize> = wanted
        .iter()
        .map(|index| (found[*index].recorded.position, *index))
        .collect();
    let end = wanted.keys().max().map_or(0, |last| last + 1);
    let term = Term::stream(stream);
    let positions = reader.postings(&term, 0, end, Direction::Forward, usize::MAX)?;
    let directory = reader.view().directory;
    let mut goal = Goal::default();
    for page in positions.chunks(PAGE) {
        for stored in reader.stored_at(page).await? {
            let recorded = &stored.recorded;
            let before = goal.clone();
            goal.apply(recorded, directory.date_of(recorded.recorded_at));
            if let Some(index) = wanted.get(&recorded.position) {
                told.insert(*index, (before, goal.clone()));
            }
        }
    }
    Ok(told)
}
