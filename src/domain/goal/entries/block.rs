//! Entries that stand beside each other, as few bytes as they can be read from without reading others.

use std::sync::Arc;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::{Entry, EntryContext, Note};
use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::event::{Actor, Recorded, Validity};
use crate::domain::goal::rows::{Rows, day_of, of_day};
use crate::domain::id::EventId;
use crate::domain::quantity::Quantity;

/// An entry that is not packed yet.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::domain::goal) struct Fresh {
    pub(in crate::domain::goal) event_id: EventId,
    position: u64,
    recorded_at: Timestamp,
    actor: Arc<Actor>,
    pub(in crate::domain::goal) valid: Validity,
    measurement: Measurement,
    pub(in crate::domain::goal) definition_version: u32,
    pub(super) context: Arc<EntryContext>,
    /// Whether something is noted of it.
    pub(super) noted: bool,
}

impl Fresh {
    /// The entry that `recorded` makes, of the first definition until it is told otherwise.
    pub(in crate::domain::goal) fn new(
        recorded: &Recorded,
        effective_from: Date,
        measurement: &Measurement,
        reported: &ReportedPart,
    ) -> Self {
        let event = &recorded.event;
        Self {
            event_id: event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            actor: recorded.actor.clone(),
            valid: event.valid.unwrap_or(Validity::from(effective_from)),
            measurement: measurement.clone(),
            definition_version: 1,
            context: Arc::new(EntryContext {
                reported: reported.clone(),
                reasoned: event.reason.is_some(),
                evidence: event.evidence.len(),
            }),
            noted: false,
        }
    }

    /// As everybody reads it.
    pub(in crate::domain::goal) fn entry<'a>(&'a self, note: Note<'a>) -> Entry<'a> {
        Entry {
            event_id: self.event_id,
            position: self.position,
            recorded_at: self.recorded_at,
            actor: &self.actor,
            valid: self.valid,
            measurement: self.measurement.clone(),
            definition_version: self.definition_version,
            context: &self.context,
            corrects: note.corrects,
            superseded: note.superseded,
            confirmations: note.confirmations,
        }
    }

    fn kind(&self) -> Kind {
        Kind {
            actor: self.actor.clone(),
            context: self.context.clone(),
            definition_version: self.definition_version,
            lasts: self.valid.to.is_some(),
            form: Form::of(&self.measurement).0,
        }
    }

    fn row(&self, kind: usize) -> [i64; 10] {
        let recorded_at = self.recorded_at.as_microsecond();
        let (time, middle, end) = parts(self.event_id);
        let (_, numbers) = Form::of(&self.measurement);
        [
            self.position as i64,
            recorded_at,
            time - recorded_at.div_euclid(MICROS),
            middle,
            end,
            of_day(self.valid.from),
            self.valid.to.map_or(0, of_day),
            kind as i64,
            numbers[0],
            numbers[1],
        ]
    }
}

/// Microseconds of the unit in which ids that begin with their time tell it.
const MICROS: i64 = 1_000;

/// The first six bytes of an id, in most of them its time, the next two, and the others.
fn parts(id: EventId) -> (i64, i64, i64) {
    let id = i128::from_be_bytes(*id.as_bytes()) as u128;
    ((id >> 80) as i64, (id >> 64 & 0xFFFF) as i64, id as i64)
}

fn id_of(time: i64, middle: i64, end: i64) -> EventId {
    let id = (time as u128) << 80 | (middle as u128) << 64 | u128::from(end as u64);
    EventId::put_together(id)
}

/// What entries beside each other have in common.
#[derive(Clone, Debug, PartialEq)]
struct Kind {
    actor: Arc<Actor>,
    context: Arc<EntryContext>,
    definition_version: u32,
    /// Whether a last day is told.
    lasts: bool,
    form: Form,
}

/// A measurement without its numbers, as far as these go into two columns; a number is as many units of its last digit.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Form {
    /// An amount with so many digits after the point.
    Increment(u32),
    /// As above.
    Level(u32),
    /// As above, numerator and denominator.
    Ratio(u32, u32),
    /// As above, of a member.
    MemberValue(Key, u32),
    /// There are few that differ, or it is too long for a column.
    Whole(Measurement),
}

impl Form {
    fn of(measurement: &Measurement) -> (Self, [i64; 2]) {
        let split = |value: &Quantity| {
            let decimal = value.decimal();
            let units = i64::try_from(decimal.mantissa()).ok()?;
            Some((decimal.scale(), units))
        };
        let form = match measurement {
            Measurement::Increment(amount) => {
                split(amount).map(|(scale, units)| (Self::Increment(scale), [units, 0]))
            }
            Measurement::Level(level) => {
                split(level).map(|(scale, units)| (Self::Level(scale), [units, 0]))
            }
            Measurement::Ratio {
                numerator,
                denominator,
            } => split(numerator)
                .zip(split(denominator))
                .map(|((a, up), (b, down))| (Self::Ratio(a, b), [up, down])),
            Measurement::MemberValue { member, value } => split(value)
                .map(|(scale, units)| (Self::MemberValue(member.clone(), scale), [units, 0])),
            Measurement::Member { .. }
            | Measurement::Milestone { .. }
            | Measurement::RubricLevel(_)
            | Measurement::Nil(_) => None,
        };
        form.unwrap_or_else(|| (Self::Whole(measurement.clone()), [0, 0]))
    }

    fn measurement(&self, numbers: [i64; 2]) -> Measurement {
        let quantity = |number: i64, scale: u32| {
            Quantity::from(Decimal::from_i128_with_scale(i128::from(number), scale))
        };
        match self {
            Self::Increment(scale) => Measurement::Increment(quantity(numbers[0], *scale)),
            Self::Level(scale) => Measurement::Level(quantity(numbers[0], *scale)),
            Self::Ratio(up, down) => Measurement::Ratio {
                numerator: quantity(numbers[0], *up),
                denominator: quantity(numbers[1], *down),
            },
            Self::MemberValue(member, scale) => Measurement::MemberValue {
                member: member.clone(),
                value: quantity(numbers[0], *scale),
            },
            Self::Whole(measurement) => measurement.clone(),
        }
    }
}

/// The column with the end of the id, in which ids differ most.
const ID_END: usize = 4;

/// Entries that stand beside each other, packed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    /// What they have in common, shared with blocks before that say the same.
    kinds: Arc<Vec<Kind>>,
    /// Position, time of recording, how far the id's time is from it, the next bytes of the id, its end, first day, last
    /// day, index of its kind, numbers of the measurement.
    rows: Rows<10>,
    /// Bit by bit whether something is noted of an entry.
    pub(super) noted: u64,
}

impl Block {
    /// Entries of a block at most, for each has a bit in `noted`.
    pub(super) const ENTRIES_MAX: usize = 64;

    /// What is packed in `begun` and then `fresh`. What they have in common is added to what `begun`, or else `like`, a block
    /// before, says: so of many who report in turn each is soon known, and later blocks say nothing anew.
    pub(super) fn of(begun: Option<&Self>, fresh: &[Fresh], like: Option<&Self>) -> Self {
        let before = begun.or(like);
        let known: &[Kind] = before.map_or(&[], |before| &before.kinds);
        let mut new: Vec<Kind> = Vec::new();
        let mut rows: Vec<_> = begun.iter().flat_map(|begun| begun.rows.iter()).collect();
        let mut noted = begun.map_or(0, |begun| begun.noted);
        for entry in fresh {
            let kind = entry.kind();
            let number = known.iter().chain(&new).position(|other| *other == kind);
            let number = number.unwrap_or_else(|| {
                new.push(kind);
                known.len() + new.len() - 1
            });
            noted |= u64::from(entry.noted) << rows.len();
            rows.push(entry.row(number));
        }
        if begun.is_none() && !new.is_empty() && Self::ENTRIES_MAX < known.len() {
            // Too many to say once more.
            return Self::of(None, fresh, None);
        }
        let kinds = match before {
            Some(before) if new.is_empty() => before.kinds.clone(),
            _ => Arc::new(known.iter().cloned().chain(new).collect()),
        };
        Self {
            kinds,
            rows: Rows::of(&rows),
            noted,
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The entry at `index`, which there is.
    pub(super) fn entry<'a>(&'a self, index: usize, note: Note<'a>) -> Entry<'a> {
        let [
            position,
            recorded_at,
            ahead,
            middle,
            end,
            from,
            to,
            kind,
            a,
            b,
        ] = self.rows.get(index);
        let kind = &self.kinds[kind as usize];
        Entry {
            event_id: id_of(ahead + recorded_at.div_euclid(MICROS), middle, end),
            position: position as u64,
            // It was one before it was packed.
            recorded_at: Timestamp::from_microsecond(recorded_at).unwrap_or_default(),
            actor: &kind.actor,
            valid: Validity {
                from: day_of(from),
                to: kind.lasts.then(|| day_of(to)),
            },
            measurement: kind.form.measurement([a, b]),
            definition_version: kind.definition_version,
            context: &kind.context,
            corrects: note.corrects,
            superseded: note.superseded,
            confirmations: note.confirmations,
        }
    }

    /// Indexes of entries that may be of an event: nearly always of the one that is.
    pub(super) fn may_be(&self, id: EventId) -> impl Iterator<Item = usize> + '_ {
        let (_, _, end) = parts(id);
        (0..self.len()).filter(move |index| self.rows.number(*index, ID_END) == end)
    }

    /// Bytes of it, of what it shares only where it is the first that says so: not `like` the one before.
    pub(super) fn size(&self, like: Option<&Self>) -> usize {
        let shared = like.is_some_and(|like| Arc::ptr_eq(&like.kinds, &self.kinds));
        let kinds = match shared {
            true => 0,
            false => self.kinds.len() * std::mem::size_of::<Kind>(),
        };
        std::mem::size_of::<Self>() + self.rows.size() + kinds
    }
}
