//! Tests of the whole, as one binary.

mod architecture;
mod kill;
mod process;
mod small_plan;
