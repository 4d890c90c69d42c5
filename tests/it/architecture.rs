//! Holds the arrows between modules, and what a module must not know, by reading the sources.
//!
//! What is only compiled for tests (`#[cfg(test)]`) may look anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use paths::{Mention, Source};

mod paths;

/// Which of our modules each module may name. Those of [`FOR_ALL`] are open to all but the pure ones.
const ARROWS: &[(&str, &[&str])] = &[
    ("api", &[]),
    ("domain", &[]),
    ("merkle", &[]),
    ("clock", &[]),
    ("durable", &[]),
    ("fault_point", &[]),
    ("places", &[]),
    ("telemetry", &[]),
    ("log", &["domain", "merkle"]),
    ("auth", &["domain"]),
    ("personal", &["domain"]),
    ("ledger", &["domain", "merkle", "log", "personal", "auth"]),
    ("projection", &["domain", "ledger"]),
    ("evidence", &["domain", "ledger"]),
    ("proof", &["domain", "merkle", "log", "ledger", "evidence"]),
    ("access_log", &["domain", "auth", "ledger", "proof"]),
    ("backup", &["domain", "log"]),
    (
        "salvage",
        &[
            "domain", "merkle", "log", "personal", "evidence", "proof", "backup",
        ],
    ),
    ("witness", &["merkle"]),
    ("load", &["api"]),
    ("import", &["domain"]),
    ("report", &["domain", "merkle", "projection"]),
    ("config", &["domain", "merkle", "auth", "access_log"]),
    (
        "grpc",
        &[
            "api",
            "domain",
            "merkle",
            "log",
            "auth",
            "ledger",
            "evidence",
            "projection",
            "proof",
            "import",
            "report",
            "access_log",
        ],
    ),
    (
        "cli",
        &[
            "api", "domain", "auth", "backup", "import", "load", "report", "merkle", "proof",
            "salvage", "witness",
        ],
    ),
    (
        "server",
        &[
            "api",
            "domain",
            "merkle",
            "log",
            "auth",
            "ledger",
            "evidence",
            "projection",
            "proof",
            "import",
            "config",
            "grpc",
        ],
    ),
    ("main", &["cli", "config", "grpc", "server"]),
];
/// No clock, no chance, no I/O, no async.
const PURE: &[&str] = &["api", "domain", "merkle"];
/// Open to all that are not pure.
const FOR_ALL: &[&str] = &["clock", "durable", "fault_point", "places", "telemetry"];

/// What `domain` and `merkle` never name: the beginnings of paths.
const IMPURE: &[&[&str]] = &[
    &["async"],
    &["await"],
    &["futures"],
    &["jiff", "Timestamp", "now"],
    &["rand"],
    &["sled"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "io"],
    &["std", "net"],
    &["std", "process"],
    &["std", "thread"],
    &["std", "time"],
    &["tokio"],
    &["tonic"],
    &["tracing"],
];
/// What only `clock` says: the ends of paths.
const CLOCK_ONLY: &[&[&str]] = &[
    &["SystemTime", "now"],
    &["Timestamp", "now"],
    &["Uuid", "new_v4"],
    &["Uuid", "now_v1"],
    &["Uuid", "now_v6"],
    &["Uuid", "now_v7"],
    &["Zoned", "now"],
];
/// Files of `grpc` that leave work to other tasks, and what these do. Whose eyes an answer is for is known to its own task alone
/// (`personal::SIGHT`), so they put no text about a person into words, or make the whole answer (`Services::accounted`).
const TASKS: &[(&str, &str)] = &[
    ("src/grpc/admin_service.rs", "opens ledgers"),
    ("src/grpc/admin_service/personal.rs", "erases texts"),
    ("src/grpc/evaluation_service.rs", "adds figures up"),
    (
        "src/grpc/evaluation_service/report/form.rs",
        "packs what was worded before",
    ),
    (
        "src/grpc/evaluation_service/report/table.rs",
        "packs what was worded before",
    ),
    ("src/grpc/evidence_service/erase.rs", "erases files"),
    ("src/grpc/evidence_service/put.rs", "keeps files"),
    ("src/grpc/keys.rs", "changes keys"),
    (
        "src/grpc/ledger_service/submit.rs",
        "makes the answers to appends, each whole",
    ),
    (
        "src/grpc/proof_service.rs",
        "cosigns, records heads, proves leaves",
    ),
    ("src/grpc/receipt_proof.rs", "proves leaves"),
    ("src/grpc/snapshots.rs", "takes snapshots"),
    ("src/grpc/store_verification.rs", "verifies the store"),
];
/// Names that say nothing of what is inside. `mod.rs`: a module's file stands beside its folder.
const FILE_NAMES_REFUSED: &[&str] = &["common.rs", "helpers.rs", "mod.rs", "types.rs", "utils.rs"];

#[test]
fn modules_import_along_the_arrows() {
    assert_none(each_source(arrows_broken));
}

#[test]
fn every_module_has_its_arrows_and_every_arrow_its_module() {
    let modules: BTreeSet<String> = sources()
        .iter()
        .filter_map(|source| source.module.first().cloned())
        .collect();
    let ruled: BTreeSet<String> = ARROWS
        .iter()
        .map(|(module, _)| (*module).to_owned())
        .collect();
    assert_eq!(modules, ruled);
}

#[test]
fn the_arrows_make_no_circle() {
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for (module, _) in ARROWS {
        let mut reached = BTreeSet::new();
        let mut ahead: Vec<&str> = arrows[module].to_vec();
        while let Some(next) = ahead.pop() {
            assert_ne!(next, *module, "`{module}` would import itself");
            if reached.insert(next) {
                ahead.extend(arrows[next]);
            }
        }
    }
}

#[test]
fn domain_and_merkle_are_pure() {
    assert_none(each_source(impurities));
}

#[test]
fn only_clock_reads_the_clock_and_draws_ids() {
    assert_none(each_source(clock_readings));
}

#[test]
fn whatever_grpc_leaves_to_other_tasks_opens_no_words_for_an_answer() {
    assert_none(each_source(tasks_unnamed));
    let sources = sources();
    let unused = TASKS.iter().filter(|(file, _)| {
        let spawns = |source: &Source| source.file == *file && !spawnings(source).is_empty();
        !sources.iter().any(spawns)
    });
    assert_none(
        unused
            .map(|(file, _)| format!("{file} spawns nothing"))
            .collect(),
    );
}

#[test]
fn every_file_bears_its_noun() {
    let refused: Vec<String> = ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), "rs"))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| FILE_NAMES_REFUSED.iter().any(|no| name == *no))
        })
        .map(|path| format!("{}: name the file after its one idea", shown(&path)))
        .collect();
    assert_none(refused);
}

#[test]
fn the_api_and_the_stored_format_import_nothing_of_each_other() {
    let protos = files(&root().join("proto"), "proto");
    assert!(!protos.is_empty());
    let folder = |path: &str| path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let broken: Vec<String> = protos
        .iter()
        .flat_map(|path| {
            let own = folder(shown(path).trim_start_matches("proto/"));
            let text = fs::read_to_string(path).unwrap();
            text.lines()
                .enumerate()
                .filter_map(|(index, line)| {
                    let imported = line
                        .trim()
                        .strip_prefix("import")?
                        .split('"')
                        .nth(1)?
                        .to_owned();
                    let foreign = imported.starts_with("daicho/") && folder(&imported) != own;
                    foreign.then(|| format!("{}:{}: imports `{imported}`", shown(path), index + 1))
                })
                .collect::<Vec<_>>()
        })
        .collect();
    assert_none(broken);
}

fn arrows_broken(source: &Source) -> Vec<String> {
    let Some(from) = source.module.first() else {
        return Vec::new();
    };
    let Some((_, arrows)) = ARROWS.iter().find(|(module, _)| module == from) else {
        // Another test tells of it.
        return Vec::new();
    };
    let open: &[&str] = if PURE.contains(&from.as_str()) {
        &[]
    } else {
        FOR_ALL
    };
    let may: BTreeSet<&str> = arrows.iter().chain(open).copied().collect();
    let is_module = |name: &str| ARROWS.iter().any(|(module, _)| *module == name);
    source
        .mentions
        .iter()
        .filter_map(|mention| {
            let to = mention.ours.as_ref()?.first()?;
            let broken = to != from && is_module(to) && !may.contains(to.as_str());
            broken.then(|| {
                let may: Vec<_> = may.iter().copied().collect();
                let allowed = if may.is_empty() {
                    "nothing of ours".to_owned()
                } else {
                    may.join(", ")
                };
                format!(
                    "{} `{from}` -> `{to}`: `{from}` may import {allowed}",
                    at(source, mention)
                )
            })
        })
        .collect()
}

fn impurities(source: &Source) -> Vec<String> {
    let Some(module) = source
        .module
        .first()
        .filter(|m| *m == "domain" || *m == "merkle")
    else {
        return Vec::new();
    };
    source
        .mentions
        .iter()
        .filter(|mention| {
            let path: Vec<&str> = mention.path.iter().map(String::as_str).collect();
            IMPURE.iter().any(|begin| path.starts_with(begin))
        })
        .map(|mention| {
            format!(
                "{} `{module}` is pure: no clock, chance, I/O or async",
                at(source, mention)
            )
        })
        .collect()
}

fn clock_readings(source: &Source) -> Vec<String> {
    if source
        .module
        .first()
        .is_some_and(|module| module == "clock")
    {
        return Vec::new();
    }
    source
        .mentions
        .iter()
        .filter(|mention| {
            let path: Vec<&str> = mention.path.iter().map(String::as_str).collect();
            CLOCK_ONLY.iter().any(|end| path.ends_with(end))
        })
        .map(|mention| {
            format!(
                "{} only `clock` reads the clock and draws ids",
                at(source, mention)
            )
        })
        .collect()
}

/// Where a source begins work that another task does.
fn spawnings(source: &Source) -> Vec<&Mention> {
    let begins = |mention: &&Mention| {
        let last = mention.path.last().map(String::as_str);
        matches!(last, Some("spawn" | "spawn_blocking" | "spawn_local"))
    };
    source.mentions.iter().filter(begins).collect()
}

fn tasks_unnamed(source: &Source) -> Vec<String> {
    let is_grpc = source.module.first().is_some_and(|m| m == "grpc");
    if !is_grpc || TASKS.iter().any(|(file, _)| *file == source.file) {
        return Vec::new();
    }
    let unnamed = spawnings(source).into_iter().map(|mention| {
        format!(
            "{} another task sees every word: open none for an answer there, and name it in TASKS",
            at(source, mention)
        )
    });
    unnamed.collect()
}

fn at(source: &Source, mention: &Mention) -> String {
    format!(
        "{}:{}: `{}`:",
        source.file,
        mention.line,
        mention.path.join("::")
    )
}

fn assert_none(broken: Vec<String>) {
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn each_source(check: impl Fn(&Source) -> Vec<String>) -> Vec<String> {
    sources().iter().flat_map(check).collect()
}

/// Every file of the library and the binary that is not for tests only.
fn sources() -> Vec<Source> {
    let folder = root().join("src");
    let read: Vec<Source> = files(&folder, "rs")
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).unwrap();
            Source::parse(&shown(path), &text)
        })
        .collect();
    assert!(
        read.iter()
            .map(|source| source.mentions.len())
            .sum::<usize>()
            > 1_000,
        "nothing was read"
    );
    let for_tests: Vec<Vec<String>> = read
        .iter()
        .flat_map(|source| source.test_modules.iter().cloned())
        .collect();
    let used = |source: &Source| {
        !for_tests
            .iter()
            .any(|module| source.module.starts_with(module))
    };
    read.into_iter().filter(used).collect()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                ahead.push(path);
            } else if path.extension().is_some_and(|e| e == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}

/// The checks on invented sources: they find what they are for.
mod on_invented_sources {
    use super::*;

    fn broken(check: impl Fn(&Source) -> Vec<String>, file: &str, text: &str) -> Vec<String> {
        check(&Source::parse(file, text))
    }

    #[test]
    fn a_wrong_import_is_found_in_every_form() {
        for text in [
            "use crate::grpc::status;",
            "use crate::{domain::date, grpc};",
            "use crate::domain; use crate::{domain::{self, code}, {grpc::*}};",
            "fn f() { let x = crate::grpc::status::of(1); }",
            "impl X { fn f(&self) -> Vec<crate::grpc::Y> { todo() } }",
            "use super::super::grpc;",
            "mod inner { use super::super::super::grpc::X; }",
            "fn f<T>(x: T) where T: crate::grpc::Trait {}",
            "macro_rules! m { () => { $crate::grpc::call() } }",
        ] {
            let lines = broken(arrows_broken, "src/ledger/writer.rs", text);
            assert_eq!(lines.len(), 1, "{text}: {lines:?}");
            assert!(
                lines[0].starts_with("src/ledger/writer.rs:1: `"),
                "{lines:?}"
            );
            assert!(
                lines[0].contains("`ledger` -> `grpc`: `ledger` may import auth, clock, domain"),
                "{lines:?}"
            );
        }
    }

    #[test]
    fn the_line_is_that_of_the_name() {
        let lines = broken(
            arrows_broken,
            "src/log.rs",
            "//! Log.\n\nuse crate::domain::{\n    date,\n};\nuse crate::cli;\n",
        );
        assert_eq!(
            lines,
            [
                "src/log.rs:6: `crate::cli`: `log` -> `cli`: `log` may import clock, domain, durable, fault_point, merkle, places, telemetry"
            ]
        );
    }

    #[test]
    fn a_right_import_and_a_mere_word_are_left_alone() {
        for text in [
            "use crate::domain::date; use crate::{merkle, clock}; use crate::log::Head; use super::index;",
            "// use crate::grpc;\n/// See [`crate::grpc`].\nfn f() { let s = \"crate::grpc\"; let grpc = 1; grpc::x(); }",
            "#[cfg(test)]\nmod tests { use crate::grpc; }",
            "#[cfg(test)]\nuse crate::{grpc, cli};",
            "#[cfg(test)]\n#[allow(dead_code)]\npub(crate) fn f() -> [u8; 2] { crate::grpc::f() }",
            "mod inner { use super::super::index; mod more { use super::super::super::state; } }",
            "pub(in crate::ledger) fn f() {} pub(super) fn g() {}",
        ] {
            assert_eq!(
                broken(arrows_broken, "src/ledger/writer.rs", text),
                Vec::<String>::new(),
                "{text}"
            );
        }
    }

    #[test]
    fn what_follows_a_test_item_is_read() {
        let text = "#[cfg(test)]\nmod tests;\n#[cfg(test)]\nuse crate::{cli};\nuse crate::grpc;\n";
        assert_eq!(broken(arrows_broken, "src/log.rs", text).len(), 1);
        let source = Source::parse("src/log/codec.rs", "#[cfg(test)]\nmod tests;");
        assert_eq!(source.test_modules, [["log", "codec", "tests"]]);
    }

    #[test]
    fn the_binary_names_the_library() {
        assert_eq!(
            broken(
                arrows_broken,
                "src/main.rs",
                "use daicho::{cli, config::Config};"
            ),
            Vec::<String>::new()
        );
        let lines = broken(
            arrows_broken,
            "src/main.rs",
            "fn main() { daicho::ledger::run() }",
        );
        assert!(lines[0].contains("`main` -> `ledger`"), "{lines:?}");
    }

    #[test]
    fn impurity_is_found() {
        for text in [
            "use std::time::Instant;",
            "use std::{fmt, io};",
            "pub async fn f() {}",
            "fn f() { rand::random() }",
            "fn f() { ::std::fs::read(p) }",
        ] {
            assert_eq!(
                broken(impurities, "src/domain/date.rs", text).len(),
                1,
                "{text}"
            );
            assert_eq!(
                broken(impurities, "src/log/journal.rs", text),
                Vec::<String>::new()
            );
        }
        let pure = "use std::collections::BTreeMap; use std::{fmt, str::FromStr}; fn f(time: u8, io: u8) {}";
        assert_eq!(
            broken(impurities, "src/domain/date.rs", pure),
            Vec::<String>::new()
        );
    }

    #[test]
    fn tasks_are_found() {
        for text in [
            "fn f() { tokio::spawn(async {}); }",
            "use tokio::spawn; fn f() { spawn(g()); }",
            "fn f() { tokio::task::spawn_blocking(g); }",
            "fn f() { set.spawn(g()); }",
        ] {
            let found = broken(tasks_unnamed, "src/grpc/goal_service.rs", text);
            assert!(!found.is_empty(), "{text}");
            assert!(broken(tasks_unnamed, "src/ledger.rs", text).is_empty());
            assert!(broken(tasks_unnamed, "src/grpc/keys.rs", text).is_empty());
        }
    }

    #[test]
    fn clock_readings_are_found() {
        for text in [
            "fn f() { std::time::SystemTime::now(); }",
            "fn f() { SystemTime::now(); }",
            "fn f() { let x = Some(jiff::Timestamp::now()); }",
            "const F: fn() -> Uuid = uuid::Uuid::new_v4;",
        ] {
            assert_eq!(
                broken(clock_readings, "src/ledger.rs", text).len(),
                1,
                "{text}"
            );
            assert_eq!(
                broken(clock_readings, "src/clock.rs", text),
                Vec::<String>::new()
            );
        }
        let text = "fn f() { Instant::now(); clock.now(); crate::clock::system_now(); }";
        assert_eq!(
            broken(clock_readings, "src/ledger.rs", text),
            Vec::<String>::new()
        );
    }
}
