//! What was reported under one definition, indexed so that no rule reads every entry.
//!
//! Kept up to date by [`Goal::apply`](super::Goal::apply), so it knows no rules either: it counts what is
//! there, allowed or not.

use imbl::OrdMap;

use super::Entry;
use super::slots::Slots;
use crate::domain::actual::Measurement;
use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::indicator::Definition;
use crate::domain::quantity::Quantity;

/// The place of an entry: of what, on which day. Two levels cannot stand in one place, and two increments
/// of one amount in one place may be one fact reported twice.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Slot {
    /// Number of the part in the definition, from 1; 0 for the whole.
    pub(crate) part: u16,
    /// Number of the member or checkpoint in the definition, from 1; 0 where there is none.
    pub(crate) member: u16,
    /// The day it counts on.
    pub(crate) date: Date,
    /// The amount of an increment; zero for everything else.
    pub(crate) amount: Quantity,
}

impl Slot {
    /// The place of a measurement; `None` for a nil report, which takes no place.
    pub(crate) fn of(
        definition: &Definition,
        measurement: &Measurement,
        part: Option<&Key>,
        date: Date,
    ) -> Option<Self> {
        let (member, amount) = match measurement {
            Measurement::Increment(amount) => (0, *amount),
            Measurement::Level(_) | Measurement::Ratio { .. } | Measurement::RubricLevel(_) => {
                (0, Quantity::ZERO)
            }
            Measurement::Member { member, .. } | Measurement::MemberValue { member, .. } => (
                number_of(definition.members.iter().map(|m| &m.key), member),
                Quantity::ZERO,
            ),
            Measurement::Milestone { checkpoint, .. } => {
                let number = checkpoint.as_ref().map_or(0, |checkpoint| {
                    number_of(definition.checkpoints.iter().map(|c| &c.key), checkpoint)
                });
                (number, Quantity::ZERO)
            }
            Measurement::Nil(_) => return None,
        };
        let part = part.map_or(0, |part| {
            number_of(definition.parts.iter().map(|p| &p.key), part)
        });
        Some(Self {
            part,
            member,
            date,
            amount,
        })
    }
}

/// Place of `key` among `keys`, from 1. Keys outside the definition, which only a forged history has, share
/// the last number.
fn number_of<'a>(mut keys: impl Iterator<Item = &'a Key>, key: &Key) -> u16 {
    keys.position(|k| k == key)
        .and_then(|index| u16::try_from(index + 1).ok())
        .unwrap_or(u16::MAX)
}

/// Entries that count and stand in one place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Occupants {
    /// How many.
    pub(crate) count: u32,
    /// Index of the newest among the indicator's entries.
    pub(crate) newest: usize,
}

/// What was reported under one definition.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    slots: Slots,
    /// Sum of the increments that count.
    total: Quantity,
    /// The same for each part.
    part_totals: OrdMap<u16, Quantity>,
    /// The greatest increment that counts, and how many are as great.
    largest: Option<(Quantity, u32)>,
    /// Sum of the magnitudes of all increments or numerators ever reported, also of those replaced: no
    /// selection of entries, at whatever cut, comes to more.
    gross: Quantity,
    /// The same for denominators.
    gross_denominator: Quantity,
    /// How many entries count that are no increments: the totals say nothing of them.
    others: u32,
}

impl Tally {
    /// Adds the entry that stands at `index`.
    pub(super) fn add(&mut self, definition: &Definition, entry: &Entry<'_>, index: usize) {
        if !is_increment(entry) {
            self.others = self.others.saturating_add(1);
        }
        let Some(slot) = slot_of(definition, entry) else {
            return;
        };
        self.slots.change(&slot, |before| {
            let before = before.map_or(0, |occupants| occupants.count);
            Some(Occupants {
                count: before.saturating_add(1),
                newest: index,
            })
        });
        match &entry.measurement {
            Measurement::Increment(amount) => {
                self.gross = sum(self.gross, magnitude(*amount));
                self.total = sum(self.total, *amount);
                if slot.part != 0 {
                    let total = sum(self.total_of(slot.part), *amount);
                    self.part_totals.insert(slot.part, total);
                }
                self.largest = match self.largest {
                    Some((largest, count)) if largest == *amount => {
                        Some((largest, count.saturating_add(1)))
                    }
                    Some(larger) if *amount < larger.0 => Some(larger),
                    _ => Some((*amount, 1)),
                };
            }
            Measurement::Ratio {
                numerator,
                denominator,
            } => {
                self.gross = sum(self.gross, magnitude(*numerator));
                self.gross_denominator = sum(self.gross_denominator, magnitude(*denominator));
            }
            Measurement::Level(_)
            | Measurement::Member { .. }
            | Measurement::MemberValue { .. }
            | Measurement::Milestone { .. }
            | Measurement::RubricLevel(_)
            | Measurement::Nil(_) => {}
        }
    }

    /// Takes out an entry that counts no longer.
    pub(super) fn remove(&mut self, definition: &Definition, entry: &Entry<'_>) {
        if !is_increment(entry) {
            self.others = self.others.saturating_sub(1);
        }
        let Some(slot) = slot_of(definition, entry) else {
            return;
        };
        self.slots.change(&slot, |before| {
            let Occupants { count, newest } = before?;
            let count = count.checked_sub(1).filter(|left| 0 < *left)?;
            Some(Occupants { count, newest })
        });
        let Measurement::Increment(amount) = entry.measurement else {
            return;
        };
        self.total = difference(self.total, amount);
        if slot.part != 0 {
            let total = difference(self.total_of(slot.part), amount);
            self.part_totals.insert(slot.part, total);
        }
        if let Some((largest, count)) = self.largest
            && largest == amount
        {
            self.largest = match count {
                0 | 1 => self.find_largest(),
                _ => Some((largest, count - 1)),
            };
        }
    }

    fn find_largest(&self) -> Option<(Quantity, u32)> {
        let largest = self.slots.iter().map(|(slot, _)| slot.amount).max()?;
        let equal = self.slots.iter().filter(|(slot, _)| slot.amount == largest);
        Some((
            largest,
            equal.fold(0, |count, (_, o)| count.saturating_add(o.count)),
        ))
    }

    /// Who stands in a place.
    pub(crate) fn at(&self, slot: &Slot) -> Option<Occupants> {
        self.slots.get(slot)
    }

    /// Indexes of the newest entries of the same part and member on the days before `slot`'s, latest first.
    pub(crate) fn before(&self, slot: &Slot) -> impl Iterator<Item = usize> + '_ {
        same_place(slot, self.slots.before(*slot))
    }

    /// Indexes of the newest entries of the same part and member on the days after `slot`'s, in order.
    pub(crate) fn after(&self, slot: &Slot) -> impl Iterator<Item = usize> + '_ {
        same_place(slot, self.slots.after(*slot))
    }

    /// Bytes on the heap, about.
    pub(super) fn size(&self) -> usize {
        self.slots.size()
    }

    /// Sum of the increments that count.
    pub(crate) fn total(&self) -> Quantity {
        self.total
    }

    /// Sum of the increments of a part that count.
    pub(crate) fn total_of(&self, part: u16) -> Quantity {
        self.part_totals.get(&part).copied().unwrap_or_default()
    }

    /// The totals of the parts that were reported on, in the order of the definition.
    pub(crate) fn totals_of_parts(&self, definition: &Definition) -> Vec<(Key, Quantity)> {
        let reported = |part: u16| {
            // Before every place of the part.
            let first = Slot {
                part,
                member: 0,
                date: Date::MIN,
                amount: Quantity::ZERO,
            };
            let next = self.slots.after(first).next();
            next.is_some_and(|(slot, _)| slot.part == part)
        };
        let parts = (1..).zip(&definition.parts);
        let parts = parts.filter(|(number, _)| reported(*number));
        parts
            .map(|(number, part)| (part.key.clone(), self.total_of(number)))
            .collect()
    }

    /// Whether nothing counts but increments.
    pub(crate) fn holds_increments_alone(&self) -> bool {
        self.others == 0
    }

    /// Whether no increment counts.
    pub(crate) fn is_empty(&self) -> bool {
        self.slots.iter().next().is_none()
    }

    /// The greatest increment that counts, and how many are as great.
    pub(crate) fn largest(&self) -> Option<(Quantity, u32)> {
        self.largest
    }

    /// Sums of the magnitudes of all that was ever reported: increments or numerators, and denominators.
    pub(crate) fn gross(&self) -> (Quantity, Quantity) {
        (self.gross, self.gross_denominator)
    }
}

/// Of places that lead away from `slot` those of the same part and member.
fn same_place<'a>(
    slot: &Slot,
    places: impl Iterator<Item = (Slot, Occupants)> + 'a,
) -> impl Iterator<Item = usize> + 'a {
    let place = (slot.part, slot.member);
    let near = places.take_while(move |(found, _)| (found.part, found.member) == place);
    near.map(|(_, occupants)| occupants.newest)
}

fn is_increment(entry: &Entry<'_>) -> bool {
    matches!(entry.measurement, Measurement::Increment(_))
}

fn slot_of(definition: &Definition, entry: &Entry<'_>) -> Option<Slot> {
    let part = entry.context.reported.part.as_ref();
    Slot::of(
        definition,
        &entry.measurement,
        part,
        entry.valid.counts_on(),
    )
}

fn magnitude(value: Quantity) -> Quantity {
    value.decimal().abs().into()
}

// `decide` bounds what is summed, so these are exact. A forged history that goes beyond stops here.
fn sum(a: Quantity, b: Quantity) -> Quantity {
    (a.decimal() + b.decimal()).into()
}

fn difference(a: Quantity, b: Quantity) -> Quantity {
    (a.decimal() - b.decimal()).into()
}
