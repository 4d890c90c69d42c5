//! Where a cell stands, as people write it: `B7`.

use std::fmt;

/// A cell's place in its sheet, both counted from 0; written as `B7`.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Address {
    /// The row, from 0.
    pub row: u32,
    /// The column, from 0.
    pub column: u32,
}

/// Cells from one corner to the other, both included.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Area {
    /// Upper left corner.
    pub first: Address,
    /// Lower right corner.
    pub last: Address,
}

impl Address {
    /// The cell in row `row` and column `column`, both from 0.
    pub const fn new(row: u32, column: u32) -> Self {
        Self { row, column }
    }
}

impl Area {
    /// Whether the cell stands in it.
    pub fn contains(&self, cell: Address) -> bool {
        (self.first.row..=self.last.row).contains(&cell.row)
            && (self.first.column..=self.last.column).contains(&cell.column)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Letters are a number of base 26 without a zero.
        let mut letters = Vec::new();
        let mut rest = u64::from(self.column) + 1;
        while 0 < rest {
            rest -= 1;
            letters.push(char::from(
                b'A' + u8::try_from(rest % 26).unwrap_or_default(),
            ));
            rest /= 26;
        }
        let letters: String = letters.into_iter().rev().collect();
        write!(f, "{letters}{}", u64::from(self.row) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_written_as_in_a_sheet() {
        let shown = |row, column| Address::new(row, column).to_string();
        assert_eq!(shown(6, 1), "B7");
        assert_eq!(shown(0, 25), "Z1");
        assert_eq!(shown(0, 26), "AA1");
        assert_eq!(shown(1_048_575, 16_383), "XFD1048576");
        assert_eq!(shown(u32::MAX, u32::MAX), "MWLQKWV4294967296");
    }
}
