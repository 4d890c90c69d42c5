//! The Japanese fiscal year (年度): 1 April to 31 March.

/// A fiscal year, named by the calendar year it begins in: 2023 is 令和5年度.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FiscalYear(i16);
