//! Who changed what: events as changes, with what was before and what is after.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{Event, EventType, Payload, ReasonCode, Stream, StreamKind};
use crate::domain::goal::Goal;
use crate::domain::id::GoalId;
use crate::domain::text::Name;
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader, Stored, View};
use crate::projection::describe::{FieldChange, Known, changes, subject_of};
use crate::projection::goal_card::cycle_of;

/// What changes must satisfy, all at once.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ChangeFilter {
    /// By this actor.
    pub actor: Option<Name>,
    /// Of this stream.
    pub stream: Option<Stream>,
    /// About this, or what belongs to it.
    pub subject: Option<Named>,
    /// Of these types; empty: of all.
    pub types: Vec<EventType>,
    /// With these reasons; empty: with any or none.
    pub reasons: Vec<ReasonCode>,
    /// Recorded at or after.
    pub recorded_from: Option<Timestamp>,
    /// Recorded before.
    pub recorded_until: Option<Timestamp>,
    /// Holding for this day or a later one.
    pub valid_from: Option<Date>,
    /// Holding for this day or an earlier one.
    pub valid_until: Option<Date>,
    /// Late or retroactive.
    pub flagged_only: bool,
}

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
    /// Days between the last day it holds for and the day it was recorded, if later.
    pub days_late: Option<u32>,
    /// A report recorded more than [`LATE_DAYS`] after the day it holds for.
    pub late: bool,
    /// A target or a change of structure that takes effect before it was recorded.
    pub retroactive: bool,
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

/// Days after which a report counts as late.
pub const LATE_DAYS: u32 = 45;
/// Events looked at for one page at most; a page may then have fewer changes than asked for.
const SCAN_MAX: usize = 20_000;
/// Events read at once.
const PAGE: usize = 256;

/// Up to `limit` changes below `view`'s head that satisfy `filter`, from `cursor` on in `direction`.
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
        changes: tell(reader, view, found).await?,
        next,
    })
}

/// The events below a head that satisfy a filter, some at a time.
pub(super) struct Walk<'a> {
    reader: &'a Reader,
    directory: &'a Directory,
    filter: &'a ChangeFilter,
    terms: Option<Vec<Term>>,
    from: u64,
    to: u64,
    direction: Direction,
}

/// What one step of a walk came by.
pub(super) struct Looked {
    /// How many events were looked at.
    pub(super) seen: usize,
    /// Those of them that satisfy the filter, in the order of the walk.
    pub(super) satisfying: Vec<Stored>,
}

impl<'a> Walk<'a> {
    /// A walk from `cursor` on, else over everything below `view`'s head.
    pub(super) async fn new(
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
        Ok(Self {
            reader,
            directory: &view.directory,
            filter,
            terms: driving_terms(&view.directory, filter),
            from,
            to,
            direction,
        })
    }

    /// Looks at the next events; `None`: there are no more.
    pub(super) async fn next(&mut self) -> Result<Option<Looked>, ReadFault> {
        if self.to <= self.from {
            return Ok(None);
        }
        let terms = self.terms.as_deref();
        let candidates = candidates(self.reader, terms, self.from, self.to, self.direction)?;
        let Some(last) = candidates.last().copied() else {
            return Ok(None);
        };
        match self.direction {
            Direction::Forward => self.from = last + 1,
            Direction::Backward => self.to = last,
        }
        let seen = candidates.len();
        let mut satisfying = self.reader.stored_at(&candidates).await?;
        satisfying.retain(|stored| satisfies(self.directory, self.filter, stored));
        Ok(Some(Looked { seen, satisfying }))
    }

    /// Where a later walk goes on; `None` at the end.
    fn place(&self) -> Option<u64> {
        let place = match self.direction {
            Direction::Forward => self.from,
            Direction::Backward => self.to,
        };
        (self.from < self.to).then_some(place)
    }
}

/// The lists whose union holds every event that can satisfy the filter; `None`: all events.
fn driving_terms(directory: &Directory, filter: &ChangeFilter) -> Option<Vec<Term>> {
    if let Some(subject) = filter.subject {
        let ledger = directory.ledger().map(|ledger| ledger.ledger);
        return Some(match subject {
            Named::Ledger => ledger
                .map(|id| Term::stream(Stream::ledger(id)))
                .into_iter()
                .collect(),
            Named::Unit(id) => vec![Term::unit(id)],
            Named::Indicator(id) => vec![Term::indicator(id)],
            Named::Initiative(id) => {
                // Indicators that were moved elsewhere keep what happened to them here.
                let mut terms = vec![Term::initiative(id)];
                terms.extend(directory.indicators_of(id).map(Term::indicator));
                terms
            }
            Named::Goal(id) => goal_terms(directory, id),
            Named::Plan(id) => {
                let mut terms = vec![Term::stream(Stream::plan(id))];
                terms.extend(
                    directory
                        .goals_of(id)
                        .flat_map(|goal| goal_terms(directory, goal)),
                );
                terms
            }
        });
    }
    if let Some(stream) = filter.stream {
        return Some(vec![Term::stream(stream)]);
    }
    if let Some(actor) = &filter.actor {
        return Some(vec![Term::actor(actor)]);
    }
    if !filter.types.is_empty() {
        return Some(filter.types.iter().map(|t| Term::event_type(*t)).collect());
    }
    None
}

fn goal_terms(directory: &Directory, goal: GoalId) -> Vec<Term> {
    let mut terms = vec![Term::stream(Stream::goal(goal))];
    for id in directory.initiatives_of(goal) {
        if directory
            .initiative(id)
            .is_some_and(|initiative| initiative.home != goal)
        {
            terms.push(Term::initiative(id));
        }
        for id in directory.indicators_of(id) {
            if directory
                .indicator(id)
                .is_some_and(|indicator| indicator.home != goal)
            {
                terms.push(Term::indicator(id));
            }
        }
    }
    terms
}

fn candidates(
    reader: &Reader,
    terms: Option<&[Term]>,
    from: u64,
    to: u64,
    direction: Direction,
) -> Result<Vec<u64>, ReadFault> {
    let page = PAGE as u64;
    let Some(terms) = terms else {
        return Ok(match direction {
            Direction::Forward => (from..to.min(from + page)).collect(),
            Direction::Backward => (from.max(to.saturating_sub(page))..to).rev().collect(),
        });
    };
    let mut union = BTreeSet::new();
    for term in terms {
        // The first of the union are among the first of each.
        union.extend(reader.postings(term, from, to, direction, PAGE)?);
    }
    Ok(match direction {
        Direction::Forward => union.into_iter().take(PAGE).collect(),
        Direction::Backward => union.into_iter().rev().take(PAGE).collect(),
    })
}

fn satisfies(directory: &Directory, filter: &ChangeFilter, stored: &Stored) -> bool {
    let recorded = &stored.recorded;
    let event = &recorded.event;
    let span = event.valid.map(|valid| (valid.from, valid.counts_on()));
    let (days_late, retroactive) = lateness(directory, stored);
    filter
        .actor
        .as_ref()
        .is_none_or(|actor| *actor == recorded.actor.subject)
        && filter.stream.is_none_or(|stream| stream == event.stream)
        && (filter.types.is_empty() || filter.types.contains(&event.payload.event_type()))
        && (filter.reasons.is_empty()
            || event
                .reason
                .as_ref()
                .is_some_and(|r| filter.reasons.contains(&r.code)))
        && filter
            .valid_from
            .is_none_or(|day| span.is_some_and(|(_, last)| day <= last))
        && filter
            .valid_until
            .is_none_or(|day| span.is_some_and(|(first, _)| first <= day))
        && (!filter.flagged_only || retroactive || is_late(event, days_late))
}

fn is_report(event: &Event) -> bool {
    matches!(
        event.payload,
        Payload::ActualRecorded(_) | Payload::ActualCorrected(_) | Payload::DemandRecorded(_)
    )
}

fn is_late(event: &Event, days_late: Option<u32>) -> bool {
    is_report(event) && days_late.is_some_and(|days| LATE_DAYS < days)
}

/// Days late, and whether it is a change that takes effect before it was recorded.
fn lateness(directory: &Directory, stored: &Stored) -> (Option<u32>, bool) {
    let event = &stored.recorded.event;
    let Some(valid) = event.valid else {
        return (None, false);
    };
    let recorded_on = directory.date_of(stored.recorded.recorded_at);
    let days = (recorded_on - valid.counts_on()).get_days();
    let days_late = u32::try_from(days).ok().filter(|days| 0 < *days);
    // What sets up a plan takes effect from the cycle's start as a matter of course.
    let changes_course = matches!(
        event.payload,
        Payload::TargetRevised(_)
            | Payload::OrgUnitChanged(_)
            | Payload::GoalMoved(_)
            | Payload::GoalSuspended(_)
            | Payload::GoalResumed(_)
            | Payload::GoalCancelled(_)
            | Payload::InitiativeMoved(_)
            | Payload::InitiativeCancelled(_)
            | Payload::ResponsibilityTransferred(_)
            | Payload::IndicatorMoved(_)
            | Payload::IndicatorRedefined(_)
            | Payload::IndicatorCancelled(_)
    );
    (days_late, changes_course && valid.from < recorded_on)
}

/// Tells what each event changed, by folding the streams they are in up to them.
pub(super) async fn tell(
    reader: &Reader,
    view: &View,
    found: Vec<Stored>,
) -> Result<Vec<Change>, ReadFault> {
    let mut by_stream: BTreeMap<Stream, u64> = BTreeMap::new();
    for stored in &found {
        let end = by_stream.entry(stored.recorded.event.stream).or_default();
        *end = (*end).max(stored.recorded.position + 1);
    }
    let wanted: BTreeSet<u64> = found
        .iter()
        .map(|stored| stored.recorded.position)
        .collect();
    let mut fields: HashMap<u64, Vec<FieldChange>> = HashMap::new();
    for (stream, end) in by_stream {
        fields.extend(history(reader, view, stream, end, &wanted).await?);
    }
    Ok(found
        .into_iter()
        .map(|stored| {
            let (days_late, retroactive) = lateness(&view.directory, &stored);
            let event = &stored.recorded.event;
            let late = is_late(event, days_late);
            Change {
                subject: subject_of(event),
                goal: goal_of(event.stream),
                fields: fields.remove(&stored.recorded.position).unwrap_or_default(),
                days_late,
                late,
                retroactive,
                stored,
            }
        })
        .collect())
}

fn goal_of(stream: Stream) -> Option<GoalId> {
    let is_goal = stream.kind == StreamKind::Goal;
    is_goal
        .then(|| GoalId::from_bytes(stream.id.as_bytes()).ok())
        .flatten()
}

/// What the wanted events of one stream changed.
async fn history(
    reader: &Reader,
    view: &View,
    stream: Stream,
    end: u64,
    wanted: &BTreeSet<u64>,
) -> Result<HashMap<u64, Vec<FieldChange>>, ReadFault> {
    let cycle = goal_of(stream).and_then(|goal| cycle_of(&view.directory, goal));
    let positions = reader.postings(
        &Term::stream(stream),
        0,
        end,
        Direction::Forward,
        usize::MAX,
    )?;
    // Units are named as the ledger knows them; what the stream itself sets is folded from its events.
    let mut directory = view.directory.without_subjects(stream);
    let (mut goal, mut told) = (Goal::default(), HashMap::new());
    for page in positions.chunks(PAGE) {
        for stored in reader.stored_at(page).await? {
            let recorded = &stored.recorded;
            let before = (directory.clone(), goal.clone());
            let recorded_on = view.directory.date_of(recorded.recorded_at);
            directory.apply(recorded);
            goal.apply(recorded, recorded_on);
            if wanted.contains(&recorded.position) {
                let before = Known {
                    directory: &before.0,
                    goal: &before.1,
                };
                let after = Known {
                    directory: &directory,
                    goal: &goal,
                };
                told.insert(
                    recorded.position,
                    changes(&recorded.event, before, after, cycle, recorded_on),
                );
            }
        }
    }
    Ok(told)
}
