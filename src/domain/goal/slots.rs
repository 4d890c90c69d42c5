//! Which places are taken, in order: sorted and packed, for there is one for most reports.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use imbl::OrdMap;
use rust_decimal::Decimal;

use super::rows::{Rows, day_of, of_day};
use super::tally::{Occupants, Slot};

/// Part and member, day, digits after the point of the amount, the amount without its point (low and high half), how many,
/// index of the newest.
type Leaf = Rows<7>;

/// Places with who stands in them. A clone shares all leaves but those that are changed later.
#[derive(Clone, Debug, Default)]
pub(super) struct Slots {
    /// What is below the first of `more`.
    first: Arc<Leaf>,
    /// Leaves by the place that they begin at; none is empty.
    more: OrdMap<Slot, Arc<Leaf>>,
    /// Bytes of all leaves.
    bytes: usize,
}

impl PartialEq for Slots {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Slots {
    /// Places of a leaf at most: few enough to copy one for each report.
    const LEAF_MAX: usize = 64;

    /// Who stands in a place.
    pub(super) fn get(&self, slot: &Slot) -> Option<Occupants> {
        let (_, leaf) = self.leaf_of(slot);
        let at = before(leaf, slot);
        let (found, occupants) = (at < leaf.len()).then(|| read(leaf.get(at)))?;
        (found == *slot).then_some(occupants)
    }

    /// Says who stands in a place, by who stood there; `None`: nobody.
    pub(super) fn change(
        &mut self,
        slot: &Slot,
        to: impl FnOnce(Option<Occupants>) -> Option<Occupants>,
    ) {
        let (begins, leaf) = self.leaf_of(slot);
        let at = before(leaf, slot);
        let found = (at < leaf.len()).then(|| read(leaf.get(at)));
        let stood = found.filter(|(found, _)| found == slot);
        let stands = to(stood.map(|(_, occupants)| occupants));
        let stands = stands.map(|occupants| write(slot, occupants));
        if stood.is_none() && stands.is_none() {
            return;
        }
        let taken = at..at + usize::from(stood.is_some());
        let changed = leaf.spliced(taken, stands.as_slice());
        if changed.len() <= Self::LEAF_MAX {
            return self.put(begins, changed);
        }
        // Where each comes after the others, as days do, full leaves are left behind.
        let kept = match at + 1 == changed.len() {
            true => at,
            false => changed.len() / 2,
        };
        let rows: Vec<_> = changed.iter().collect();
        self.put(begins, Leaf::of(&rows[..kept]));
        self.put(Some(place(&rows[kept])), Leaf::of(&rows[kept..]));
    }

    /// All, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Slot, Occupants)> + '_ {
        let leaves = std::iter::once(&self.first).chain(self.more.values());
        leaves.flat_map(|leaf| leaf.iter()).map(read)
    }

    /// What is before a place, the last first.
    pub(super) fn before(&self, slot: Slot) -> impl Iterator<Item = (Slot, Occupants)> + '_ {
        let leaves = self.more.range(..slot).rev().map(|(_, leaf)| leaf);
        let leaves = leaves.chain(std::iter::once(&self.first));
        let rows = leaves.flat_map(move |leaf| {
            let below = 0..before(leaf, &slot);
            below.rev().map(|index| leaf.get(index))
        });
        rows.map(read)
    }

    /// What is after a place, in order.
    pub(super) fn after(&self, slot: Slot) -> impl Iterator<Item = (Slot, Occupants)> + '_ {
        let later = (Bound::Excluded(slot), Bound::Unbounded);
        let later = self.more.range(later).map(|(_, leaf)| leaf);
        let leaves = std::iter::once(self.leaf_of(&slot).1).chain(later);
        let rows = leaves.flat_map(|leaf| leaf.iter()).map(read);
        rows.skip_while(move |(found, _)| *found <= slot)
    }

    /// Bytes on the heap, about.
    pub(super) fn size(&self) -> usize {
        let each = std::mem::size_of::<(Slot, Arc<Leaf>)>();
        self.bytes + self.more.len() * each
    }

    /// The leaf in which a place is or would be, and where that begins; `None`: with the least.
    fn leaf_of(&self, slot: &Slot) -> (Option<Slot>, &Arc<Leaf>) {
        match self.more.get_prev(slot) {
            Some((begins, leaf)) => (Some(*begins), leaf),
            None => (None, &self.first),
        }
    }

    fn put(&mut self, begins: Option<Slot>, leaf: Leaf) {
        let size = |leaf: &Leaf| std::mem::size_of::<Leaf>() + leaf.size();
        self.bytes += size(&leaf);
        let old = match begins {
            None => Some(std::mem::replace(&mut self.first, Arc::new(leaf))),
            Some(begins) if leaf.len() == 0 => {
                self.bytes -= size(&leaf);
                self.more.remove(&begins)
            }
            Some(begins) => self.more.insert(begins, Arc::new(leaf)),
        };
        let freed = old.map_or(0, |old| size(&old));
        // The first of all is there before anything was counted.
        self.bytes = self.bytes.saturating_sub(freed);
    }
}

/// How many places of a leaf are before one.
fn before(leaf: &Leaf, slot: &Slot) -> usize {
    let [of, day] = [of_what(slot), of_day(slot.date)];
    let amount = slot.amount.decimal();
    let (mut from, mut to) = (0, leaf.len());
    while from < to {
        let middle = (from + to) / 2;
        // Most differ by what and when: amounts are looked at, and worked out, only where they do not.
        let order = leaf.leading(middle).cmp(&[of, day]).then_with(|| {
            let (scale, mantissa) = amount_of(&leaf.get(middle));
            match scale == amount.scale() {
                true => mantissa.cmp(&amount.mantissa()),
                false => Decimal::from_i128_with_scale(mantissa, scale).cmp(&amount),
            }
        });
        match order {
            Ordering::Less => from = middle + 1,
            Ordering::Equal | Ordering::Greater => to = middle,
        }
    }
    from
}

/// Part and member as one number, in their order.
fn of_what(slot: &Slot) -> i64 {
    i64::from(slot.part) << 16 | i64::from(slot.member)
}

fn write(slot: &Slot, occupants: Occupants) -> [i64; 7] {
    let amount = slot.amount.decimal();
    let mantissa = amount.mantissa();
    [
        of_what(slot),
        of_day(slot.date),
        i64::from(amount.scale()),
        mantissa as i64,
        (mantissa >> 64) as i64,
        i64::from(occupants.count),
        occupants.newest as i64,
    ]
}

/// Digits after the point of an amount, and the amount without its point.
fn amount_of(row: &[i64; 7]) -> (u32, i128) {
    let [_, _, scale, low, high, ..] = *row;
    (
        scale as u32,
        i128::from(high) << 64 | i128::from(low as u64),
    )
}

fn place(row: &[i64; 7]) -> Slot {
    let [place, day, ..] = *row;
    let (scale, mantissa) = amount_of(row);
    Slot {
        part: (place >> 16) as u16,
        member: place as u16,
        date: day_of(day),
        amount: Decimal::from_i128_with_scale(mantissa, scale).into(),
    }
}

fn read(row: [i64; 7]) -> (Slot, Occupants) {
    let [.., count, newest] = row;
    let occupants = Occupants {
        count: count as u32,
        newest: newest as usize,
    };
    (place(&row), occupants)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::domain::quantity::Quantity;
    use crate::domain::testing::history::long_property_cases;

    fn slot() -> impl Strategy<Value = Slot> {
        let amount = prop_oneof![
            4 => (-40..40_i64).prop_map(Quantity::from),
            1 => prop::sample::select(vec!["0.5", "-1.25", "999999999999999.9999999999", "-999999999999999.9999999999"])
                .prop_map(|text| text.parse().unwrap()),
        ];
        let part = prop::sample::select(vec![0, 0, 1, u16::MAX]);
        (part, 0..2_u16, 1..=28_i8, 1..=12_i8, amount).prop_map(
            |(part, member, day, month, amount)| Slot {
                part,
                member,
                date: jiff::civil::date(2023, month, day),
                amount,
            },
        )
    }

    fn in_words(found: impl Iterator<Item = (Slot, Occupants)>) -> Vec<(Slot, u32, usize)> {
        found.map(|(slot, o)| (slot, o.count, o.newest)).collect()
    }

    proptest! {
        #![proptest_config(long_property_cases())]

        /// What is there, and in which order, is what a map of the standard library says.
        #[test]
        fn places_are_kept_as_in_a_map(
            moves in prop::collection::vec((slot(), 0..4_u32, any::<u16>()), 0..400),
            sorted in any::<bool>(),
            asked in prop::collection::vec(slot(), 1..20),
        ) {
            let mut moves = moves;
            if sorted {
                moves.sort_by_key(|(slot, ..)| *slot);
            }
            let (mut slots, mut map) = (Slots::default(), BTreeMap::new());
            let mut savepoint = (slots.clone(), map.clone());
            for (index, (slot, count, newest)) in moves.iter().enumerate() {
                if *count == 0 {
                    // Of what may be there rather than of what is not.
                    let near = map.range(slot..).next().map(|(near, _)| *near).unwrap_or(*slot);
                    slots.change(&near, |before| {
                        assert_eq!(before, map.get(&near).copied());
                        None
                    });
                    map.remove(&near);
                } else {
                    let occupants = Occupants { count: *count, newest: usize::from(*newest) };
                    slots.change(slot, |before| {
                        assert_eq!(before, map.get(slot).copied());
                        Some(occupants)
                    });
                    map.insert(*slot, occupants);
                }
                if index == moves.len() / 2 {
                    savepoint = (slots.clone(), map.clone());
                }
            }
            for (slots, map) in [&(slots, map), &savepoint] {
                let all = || map.iter().map(|(slot, occupants)| (*slot, *occupants));
                prop_assert_eq!(in_words(slots.iter()), in_words(all()));
                for slot in asked.iter().chain(map.keys()) {
                    prop_assert_eq!(slots.get(slot), map.get(slot).copied());
                    let before = all().filter(|(other, _)| other < slot).collect::<Vec<_>>();
                    prop_assert_eq!(in_words(slots.before(*slot)), in_words(before.into_iter().rev()));
                    let after = all().filter(|(other, _)| slot < other);
                    prop_assert_eq!(in_words(slots.after(*slot)), in_words(after));
                }
                // Bytes are counted as leaves come and go.
                let leaves = std::iter::once(&slots.first).chain(slots.more.values());
                let bytes: usize = leaves.map(|leaf| std::mem::size_of::<Leaf>() + leaf.size()).sum();
                let first = std::mem::size_of::<Leaf>() + Leaf::default().size();
                prop_assert!(bytes.abs_diff(slots.bytes) <= first, "{} counted, {} there", slots.bytes, bytes);
            }
        }
    }
}
