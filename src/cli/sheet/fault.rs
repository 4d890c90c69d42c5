//! What is wrong with a cell, told by its address.

use std::fmt;

use crate::cli::sheet::column::Column;
use crate::import::workbook::Address;

/// Most faults that are told at once.
pub const FAULTS_MAX: usize = 100;

/// What is wrong, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong and what to do, in the language of the command.
    pub message: String,
    /// The server's stable reason, where the server said it.
    pub reason: Option<String>,
}

/// Where something stands: written as `I14`, or `14` for a row as a whole.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The row, from 0.
    pub row: u32,
    /// The column and where it stands in the file, from 0.
    pub column: Option<(Column, u32)>,
}

impl Fault {
    /// A fault that was found here.
    pub fn new(place: Place, message: impl Into<String>) -> Self {
        Self {
            place,
            message: message.into(),
            reason: None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some((_, column)) => Address::new(self.row, column).fmt(f),
            None => write!(f, "{}", u64::from(self.row) + 1),
        }
    }
}
