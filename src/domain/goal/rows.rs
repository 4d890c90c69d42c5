//! Rows of numbers as bytes: what a goal keeps of each of its reports, by the thousand.

use std::ops::Range;

use crate::domain::date::Date;

/// The bits that a number of so many bytes may have.
const MASKS: [u64; 9] = [
    0,
    0xFF,
    0xFFFF,
    0xFF_FFFF,
    0xFFFF_FFFF,
    0xFF_FFFF_FFFF,
    0xFFFF_FFFF_FFFF,
    0xFF_FFFF_FFFF_FFFF,
    u64::MAX,
];

/// Bytes after the last row, so that every number is read as eight.
const SLACK: usize = 8;

/// Rows of `N` numbers. A column takes as many bytes as its greatest number is above its least, none where all are the
/// same; so every row is as long as the others and is read without them.
#[derive(Clone, Debug)]
pub(super) struct Rows<const N: usize> {
    least: [i64; N],
    widths: [u8; N],
    count: u32,
    /// Row after row, then [`SLACK`] bytes.
    bytes: Box<[u8]>,
}

impl<const N: usize> Default for Rows<N> {
    fn default() -> Self {
        Self::of(&[])
    }
}

impl<const N: usize> PartialEq for Rows<N> {
    /// The same numbers, in however many bytes.
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl<const N: usize> Rows<N> {
    /// These rows.
    pub(super) fn of(rows: &[[i64; N]]) -> Self {
        let first = rows.first().copied().unwrap_or([0; N]);
        let (mut least, mut greatest) = (first, first);
        for row in rows {
            for column in 0..N {
                least[column] = least[column].min(row[column]);
                greatest[column] = greatest[column].max(row[column]);
            }
        }
        let widths = std::array::from_fn(|column| {
            let span = above(greatest[column], least[column]);
            8 - (span.leading_zeros() / 8) as u8
        });
        let mut packed = Self {
            least,
            widths,
            count: 0,
            bytes: Box::default(),
        };
        let mut bytes = Vec::with_capacity(rows.len() * packed.stride() + SLACK);
        rows.iter().for_each(|row| packed.write(row, &mut bytes));
        packed.finish(bytes, rows.len());
        packed
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.count as usize
    }

    /// The row at `index`, which there is.
    pub(super) fn get(&self, index: usize) -> [i64; N] {
        self.leading(index)
    }

    /// The first `M` numbers of the row at `index`, which there is.
    pub(super) fn leading<const M: usize>(&self, index: usize) -> [i64; M] {
        const { assert!(M <= N) };
        let mut at = index * self.stride();
        std::array::from_fn(|column| {
            let number = self.read(at, column);
            at += usize::from(self.widths[column]);
            number
        })
    }

    /// One number of the row at `index`, which there is.
    pub(super) fn number(&self, index: usize, column: usize) -> i64 {
        let before = self.widths[..column].iter();
        let within: usize = before.map(|width| usize::from(*width)).sum();
        self.read(index * self.stride() + within, column)
    }

    /// All rows, in order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = [i64; N]> + ExactSizeIterator {
        (0..self.len()).map(|index| self.get(index))
    }

    /// These rows with `new` where those at `range` were. Little more than a copy where the new ones take no more bytes.
    pub(super) fn spliced(&self, range: Range<usize>, new: &[[i64; N]]) -> Self {
        if !new.iter().all(|row| self.fits(row)) {
            let (before, after) = (self.iter().take(range.start), self.iter().skip(range.end));
            let rows: Vec<_> = before.chain(new.iter().copied()).chain(after).collect();
            return Self::of(&rows);
        }
        let stride = self.stride();
        let mut bytes = Vec::with_capacity(self.bytes.len() + new.len() * stride);
        bytes.extend_from_slice(&self.bytes[..range.start * stride]);
        new.iter().for_each(|row| self.write(row, &mut bytes));
        bytes.extend_from_slice(&self.bytes[range.end * stride..self.len() * stride]);
        let mut packed = Self {
            bytes: Box::default(),
            ..*self
        };
        packed.finish(bytes, self.len() - range.len() + new.len());
        packed
    }

    /// Bytes on the heap.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    fn stride(&self) -> usize {
        self.widths.iter().map(|width| usize::from(*width)).sum()
    }

    fn fits(&self, row: &[i64; N]) -> bool {
        (0..N).all(|column| {
            let (number, least) = (row[column], self.least[column]);
            least <= number && above(number, least) <= MASKS[usize::from(self.widths[column])]
        })
    }

    fn read(&self, at: usize, column: usize) -> i64 {
        let mut word = [0; SLACK];
        word.copy_from_slice(&self.bytes[at..at + SLACK]);
        let above = u64::from_le_bytes(word) & MASKS[usize::from(self.widths[column])];
        self.least[column].wrapping_add_unsigned(above)
    }

    fn write(&self, row: &[i64; N], bytes: &mut Vec<u8>) {
        for column in 0..N {
            let above = above(row[column], self.least[column]).to_le_bytes();
            bytes.extend_from_slice(&above[..usize::from(self.widths[column])]);
        }
    }

    fn finish(&mut self, mut bytes: Vec<u8>, count: usize) {
        bytes.extend_from_slice(&[0; SLACK]);
        // There are as many as fit into a block or a leaf.
        self.count = count as u32;
        self.bytes = bytes.into_boxed_slice();
    }
}

/// How far `number` is above `least`; it is not below it.
fn above(number: i64, least: i64) -> u64 {
    number.wrapping_sub(least) as u64
}

/// A day as a number, in the order of days and without the arithmetic of calendars.
pub(super) fn of_day(day: Date) -> i64 {
    i64::from(day.year()) << 9 | i64::from(day.month()) << 5 | i64::from(day.day())
}

/// The day that [`of_day`] made a number of.
pub(super) fn day_of(number: i64) -> Date {
    jiff::civil::date(
        (number >> 9) as i16,
        (number >> 5 & 0xF) as i8,
        (number & 0x1F) as i8,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers of all widths, and the ends of what there is.
    fn number() -> impl Strategy<Value = i64> {
        prop_oneof![
            Just(i64::MIN),
            Just(i64::MAX),
            Just(0),
            (any::<i64>(), 0..64_u32).prop_map(|(number, bits)| number >> bits),
        ]
    }

    fn row() -> impl Strategy<Value = [i64; 3]> {
        (number(), 0..3_i64).prop_map(|(any, few)| [any, few, 7])
    }

    fn rows() -> impl Strategy<Value = Vec<[i64; 3]>> {
        prop::collection::vec(row(), 0..40)
    }

    proptest! {
        #[test]
        fn rows_come_out_as_they_went_in(rows in rows()) {
            let packed = Rows::of(&rows);
            prop_assert_eq!(packed.len(), rows.len());
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), rows.clone());
            prop_assert!(packed.iter().rev().eq(rows.iter().rev().copied()));
            for (index, row) in rows.iter().enumerate() {
                prop_assert_eq!([0, 1, 2].map(|column| packed.number(index, column)), *row);
            }
            // Nine bytes at most, for the last column says nothing.
            prop_assert!(packed.size() <= 9 * rows.len() + 8);
        }

        #[test]
        fn what_is_spliced_is_as_if_packed_so(
            rows in rows(),
            new in prop::collection::vec((number(), 0..300_i64).prop_map(|(any, more)| [any, more, 7]), 0..3),
            ends in (0..41_usize, 0..41_usize),
        ) {
            let (one, other) = (ends.0 % (rows.len() + 1), ends.1 % (rows.len() + 1));
            let range = one.min(other)..one.max(other);
            let mut expected = rows.clone();
            expected.splice(range.clone(), new.iter().copied());
            let spliced = Rows::of(&rows).spliced(range, &new);
            prop_assert_eq!(&spliced, &Rows::of(&expected));
            prop_assert_eq!(spliced.iter().collect::<Vec<_>>(), expected);
        }

        #[test]
        fn days_are_numbers_in_their_order(one in -9_999..=9_999_i16, other in -9_999..=9_999_i16, months in (1..=12_i8, 1..=12_i8), days in (1..=28_i8, 1..=28_i8)) {
            let one = jiff::civil::date(one, months.0, days.0);
            let other = jiff::civil::date(other, months.1, days.1);
            prop_assert_eq!(day_of(of_day(one)), one);
            prop_assert_eq!(of_day(one).cmp(&of_day(other)), one.cmp(&other));
        }
    }
}
