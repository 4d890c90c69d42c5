//! Other event stores in the same rounds, by drivers of their own: a folder that `DAICHO_PEER_BENCH` names.
//!
//! The folder is a cargo project whose program puts the load on a server, and a `run.sh` that starts each server, drives it and
//! stops it. Whatever is not there is told, and left out.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use daicho::load::{Load, Row};

use crate::Outcome;
use crate::comparison::row_of_peer;

/// Names the folder with the drivers.
const FOLDER: &str = "DAICHO_PEER_BENCH";
/// The drivers' program.
const DRIVER: &str = "ledger-bench";
/// Where `make bench` installs UmaDB.
const UMADB: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools/umadb");
/// Where PostgreSQL's programs are, as Debian lays them.
const POSTGRES: &str = "/usr/lib/postgresql";

/// The servers that are there, and how to drive them.
pub(crate) struct Peers {
    source: PathBuf,
    driver: PathBuf,
    found: Vec<Peer>,
}

/// A server, and the variable that says where it is.
struct Peer {
    name: &'static str,
    variable: (&'static str, PathBuf),
}

impl Peers {
    /// Looks for the drivers and the servers, and builds the drivers; what is left out is told.
    pub(crate) fn find() -> Outcome<Option<Self>> {
        let folder = std::env::var_os(FOLDER).map(PathBuf::from);
        let has_drivers = |folder: &PathBuf| {
            let needed = ["Cargo.toml", "run.sh"];
            needed.iter().all(|file| folder.join(file).is_file())
        };
        let Some(folder) = folder.filter(has_drivers) else {
            println!("# left out: umadb, postgres: {FOLDER} names no folder with drivers");
            return Ok(None);
        };
        let mut found = Vec::new();
        for (name, variable, place, to_do) in [
            (
                "umadb",
                "UMADB_BIN",
                umadb(),
                "`make bench` installs it into .tools",
            ),
            (
                "postgres",
                "PG_BIN",
                postgres(),
                "install PostgreSQL 15 or later",
            ),
        ] {
            match std::env::var_os(variable).map(PathBuf::from).or(place) {
                Some(place) => found.push(Peer {
                    name,
                    variable: (variable, place),
                }),
                None => println!("# left out: {name}: not found; {to_do}, or set {variable}"),
            }
        }
        if found.is_empty() {
            return Ok(None);
        }
        // Cargo writes its lock file beside the sources, which may not be ours to write.
        let place = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("peers");
        let source = place.join("source");
        if source.exists() {
            fs::remove_dir_all(&source)?;
        }
        copy(&folder, &source)?;
        let cargo = std::env::var_os("CARGO").unwrap_or("cargo".into());
        let features: Vec<&str> = found.iter().map(|peer| peer.name).collect();
        let built = Command::new(cargo)
            .args(["build", "--release", "--no-default-features", "--features"])
            .arg(features.join(","))
            .arg("--manifest-path")
            .arg(source.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&place)
            .status()?;
        if !built.success() {
            return Err(format!("the drivers in {FOLDER} could not be built").into());
        }
        Ok(Some(Self {
            driver: place.join("release").join(DRIVER),
            source,
            found,
        }))
    }

    /// Every server in turn, each on a fresh folder: the same callers, batches and seconds as ours. A row with errors is no
    /// result, and told.
    pub(crate) fn measure(
        &self,
        scratch: &Path,
        appends: &[(usize, usize)],
        seconds: Duration,
        payload: usize,
    ) -> Outcome<Vec<Row>> {
        let mut rows = Vec::new();
        let mut batches: Vec<usize> = appends.iter().map(|(_, batch)| *batch).collect();
        batches.dedup();
        for peer in &self.found {
            for batch in &batches {
                let same = appends.iter().filter(|(_, one)| one == batch);
                let callers: Vec<String> = same.map(|(callers, _)| callers.to_string()).collect();
                // What is read back is what the batches left behind, more than single appends do.
                let arguments = format!(
                    "--writers {} --batch {batch} --seconds {} --warmup {} --payload {payload} \
                     --connections 4 --goals 10000 --threads 2{}",
                    callers.join(","),
                    seconds.as_secs_f64(),
                    Load::WARM_UP.as_secs_f64(),
                    if *batch == 1 { " --no-read" } else { "" }
                );
                let told = self.run(peer, scratch, &arguments)?;
                rows.extend(told.into_iter().filter(|row| {
                    if 0 < row.errors {
                        println!("# left out: {row}");
                    }
                    row.errors == 0
                }));
            }
        }
        Ok(rows)
    }

    fn run(&self, peer: &Peer, scratch: &Path, arguments: &str) -> Outcome<Vec<Row>> {
        let data = scratch.join("peers");
        fs::create_dir_all(&data)?;
        let (variable, place) = &peer.variable;
        let output = Command::new("bash")
            .arg(self.source.join("run.sh"))
            .arg(peer.name)
            .env("DATA", &data)
            .env("ARGS", arguments)
            .env("DRIVER", &self.driver)
            // A server that comes as a Python package has the package beside its program's folder.
            .env("PYTHONPATH", place.ancestors().nth(2).unwrap_or(place))
            .env(variable, place)
            .stderr(Stdio::inherit())
            .output()?;
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let remarks = told.lines().filter(|line| line.starts_with("# "));
        remarks.for_each(|remark| println!("{remark}"));
        let rows: Vec<Row> = told.lines().filter_map(row_of_peer).collect();
        if rows.is_empty() {
            println!(
                "# left out in this round: {}: its driver printed no row",
                peer.name
            );
        }
        Ok(rows)
    }
}

fn umadb() -> Option<PathBuf> {
    let program = Path::new(UMADB).join("bin/umadb");
    program.exists().then_some(program)
}

/// The newest that is installed.
fn postgres() -> Option<PathBuf> {
    let versions = fs::read_dir(POSTGRES).ok()?.flatten();
    let version = |path: &PathBuf| path.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    let folders = versions.map(|entry| entry.path().join("bin"));
    folders
        .filter(|folder| folder.join("initdb").exists())
        .max_by_key(version)
}

/// The drivers' sources: what hides from a listing and what was built are left.
fn copy(from: &Path, to: &Path) -> Outcome<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)?.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if name == "target" || name.to_string_lossy().starts_with('.') {
            continue;
        }
        match path.is_dir() {
            true => copy(&path, &to.join(name))?,
            // Not `fs::copy`: that a file may not be written is not to be copied.
            false => fs::write(to.join(name), fs::read(&path)?)?,
        }
    }
    Ok(())
}
