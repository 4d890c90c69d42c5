//! Tests of the whole, as one binary.

mod architecture;
