//! How many instructions each hot path takes, by callgrind: the same whatever else the machine does, so that a
//! regression is seen without a clock. `benches/README.md` says how to read the figures.

// Prints are the result.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use paths::PATHS;

/// As in the server.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[path = "../append/here.rs"]
mod here;
mod paths;

/// How often a path is walked while it is counted: so often that what setting up takes by chance says nothing beside it.
fn walks(name: &str) -> u32 {
    match name {
        "append" | "get-goal" | "as-of" | "read-leaves" => 2_000,
        _ => 200,
    }
}

/// Runs of which the least counts.
const RUNS: u32 = 3;
/// A count may be so much above what is kept, in parts of it, before it is called a regression: threads wait now and
/// then for each other, which is counted too.
const TOLERANCE: f64 = 0.05;
/// What is kept of an earlier run.
const KEPT: &str = "benches/instructions/kept.tsv";
/// Writes what was counted in place of what is kept.
const KEEP: &str = "keep";

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Outcome<()> {
    // Cargo adds a word of its own.
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| word != "--bench")
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["walk", name, walks] => paths::walk(name, walks.parse()?),
        ["profile", name] => {
            let counted = Counted::of(name, walks(name), Path::new("."))?;
            println!(
                "{}: callgrind_annotate --inclusive=yes {}",
                counted.total,
                counted.file.display()
            );
            Ok(())
        }
        [] => compare(false),
        [KEEP] => compare(true),
        _ => Err(format!(
            "what is measured? nothing, `{KEEP}`, or `profile` with one of {PATHS:?}"
        )
        .into()),
    }
}

/// Counts every path, and holds it against what is kept.
fn compare(keep: bool) -> Outcome<()> {
    let kept = read_kept()?;
    let folder = tempfile::tempdir()?;
    let mut found = BTreeMap::new();
    println!("path\tinstructions\tkept\tratio");
    let mut worse = Vec::new();
    for name in PATHS {
        // What starting, setting up and stopping take is in both.
        let without = least(name, 0, folder.path())?;
        let with = least(name, walks(name), folder.path())?;
        let each = with.saturating_sub(without) / u64::from(walks(name));
        if each == 0 {
            return Err(format!("{name} takes less than what setting up takes by chance").into());
        }
        match kept.get(name) {
            Some(kept) => {
                let ratio = each as f64 / *kept as f64;
                println!("{name}\t{each}\t{kept}\t{ratio:.3}");
                if 1.0 + TOLERANCE < ratio {
                    worse.push(name);
                }
            }
            None => println!("{name}\t{each}\t\t"),
        }
        found.insert(name.to_owned(), each);
    }
    if keep {
        let lines: String = found
            .iter()
            .map(|(name, each)| format!("{name}\t{each}\n"))
            .collect();
        std::fs::write(KEPT, lines)?;
        return Ok(());
    }
    if worse.is_empty() {
        Ok(())
    } else {
        Err(format!("these take more instructions than what is kept: {worse:?}").into())
    }
}

/// The least of a few runs: what a machine that does other things adds by chance, it adds to some.
fn least(name: &str, walks: u32, folder: &Path) -> Outcome<u64> {
    let mut least = u64::MAX;
    for _ in 0..RUNS {
        least = least.min(Counted::of(name, walks, folder)?.total);
    }
    Ok(least)
}

fn read_kept() -> Outcome<BTreeMap<String, u64>> {
    let text = match std::fs::read_to_string(KEPT) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        text => text?,
    };
    let parse = |line: &str| -> Outcome<(String, u64)> {
        let (name, count) = line
            .split_once('\t')
            .ok_or("a line of what is kept has no tab")?;
        Ok((name.to_owned(), count.parse()?))
    };
    text.lines().map(parse).collect()
}

/// One run under callgrind.
struct Counted {
    total: u64,
    file: PathBuf,
}

impl Counted {
    fn of(name: &str, walks: u32, folder: &Path) -> Outcome<Self> {
        let file = folder.join(format!("callgrind.{name}.{walks}"));
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--compress-strings=no"])
            .arg(format!("--callgrind-out-file={}", file.display()))
            .arg(std::env::current_exe()?)
            .args(["walk", name, &walks.to_string()])
            .output()
            .map_err(|error| format!("valgrind, which counts, cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        let text = std::fs::read_to_string(&file)?;
        let mut totals = text
            .lines()
            .filter_map(|line| line.strip_prefix("totals: "));
        let total = totals
            .next_back()
            .ok_or("callgrind counted nothing")?
            .trim()
            .parse()?;
        Ok(Self { total, file })
    }
}
