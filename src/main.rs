//! The `daicho` command: parse arguments, run, exit code.

fn main() {}
