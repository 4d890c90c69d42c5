//! What the figures depend on.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Prints it as remarks.
pub(crate) fn print(folder: &Path, seconds: Duration, rounds: u32) {
    let first_line = |path: &str, prefix: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text
            .lines()
            .find(|line| line.starts_with(prefix))
            .unwrap_or("unknown")
            .to_owned();
        line.rsplit_once(": ")
            .map_or(line.clone(), |(_, value)| value.to_owned())
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "# daicho {}, {cores} cores, {}",
        env!("CARGO_PKG_VERSION"),
        first_line("/proc/cpuinfo", "model name")
    );
    println!("# {}", first_line("/proc/version", "Linux"));
    println!(
        "# {} s a measurement, {rounds} rounds, data in {}",
        seconds.as_secs_f64(),
        folder.display()
    );
}
