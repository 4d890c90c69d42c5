//! Data folders that released versions wrote: every later one opens them, finds the same events and goes on.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use daicho::cli::demo::REPORTED;
use daicho::ledger::{Ledgers, STATES_BYTES, Settings};
use daicho::log::{EmbeddedConfig, EmbeddedLog};
use daicho::server::sample::{DEFAULT_DAY, prepare};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::backup::heads;
use super::process::daicho;
use crate::process::Process;

/// `<version>.zip` is a data folder, `<version>.json` what it must be found to hold.
const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/folder-v1");
const NOBODY: &str = "http://127.0.0.1:9";
/// So small that the fixture has files of the journal that are full, and compressed.
const SEGMENT_BYTES: u64 = 256 * 1024;
/// Of a file of the journal, where the flags are, and the one that says that it is compressed.
const FLAGS_AT: usize = 11;
const COMPRESSED: u8 = 0b100;

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(files_below(&path)),
            false => files.push(path),
        }
    }
    files.sort();
    files
}

fn compressed(data: &Path) -> usize {
    let is_compressed = |path: &PathBuf| fs::read(path).unwrap()[FLAGS_AT] & COMPRESSED != 0;
    let files = files_below(&data.join("journal")).into_iter();
    files.filter(is_compressed).count()
}

fn unpacked(fixture: &Path, data: &Path) {
    let mut archive = ZipArchive::new(File::open(fixture).unwrap()).unwrap();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let path = data.join(&*file.name().unwrap());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        fs::write(path, bytes).unwrap();
    }
}

#[test]
fn a_folder_of_every_release_is_opened_whole_or_from_its_journal_and_gone_on_with() {
    let fixtures = files_below(Path::new(FIXTURES));
    let fixtures = fixtures
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "zip"));
    let mut opened = 0;
    for fixture in fixtures {
        let told = fs::read(fixture.with_extension("json")).unwrap();
        let told: Value = serde_json::from_slice(&told).unwrap();
        for journal_alone in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            let data = at("data");
            unpacked(fixture, &data);
            for name in ["policy", "checkpoint"] {
                fs::write(at(name), told[name].as_str().unwrap()).unwrap();
            }
            let verified = || {
                let (policy, since) = (at("policy"), at("checkpoint"));
                let words = ["verify", "store", text(&data), "--policy", text(&policy)];
                daicho(NOBODY, words.into_iter().chain(["--since", text(&since)]))
            };
            match journal_alone {
                true => fs::remove_dir_all(data.join("sled")).unwrap(),
                false => {
                    assert_ne!(compressed(&data), 0, "{fixture:?}");
                    let verified = verified();
                    assert_eq!(verified.code, 0, "{fixture:?}: {verified:?}");
                }
            }
            let mut server = Process::serve(&data);
            assert_eq!(json!(heads(server.address())), told["heads"], "{fixture:?}");
            let line = format!("record {REPORTED} 1 --on {DEFAULT_DAY} --json");
            let recorded = daicho(server.address(), line.split(' '));
            assert_eq!(recorded.code, 0, "{fixture:?}: {recorded:?}");
            let signed = daicho(server.address(), ["checkpoint"]);
            assert_eq!(signed.code, 0, "{fixture:?}: {signed:?}");
            assert_eq!(server.stop(), 0);
            let verified = verified();
            assert_eq!(verified.code, 0, "{fixture:?}: {verified:?}");
        }
        opened += 1;
    }
    assert_ne!(opened, 0);
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "makes the fixture of this version, once it is released"]
async fn make() {
    let fixture = Path::new(FIXTURES).join(concat!(env!("CARGO_PKG_VERSION"), ".zip"));
    assert!(
        !fixture.exists(),
        "what a release wrote is never written again"
    );
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut config = EmbeddedConfig::new(&data, Arc::new(|| 0));
    config.segment_bytes = SEGMENT_BYTES;
    let log = Arc::new(EmbeddedLog::open(config).unwrap());
    let settings = Settings::new(STATES_BYTES);
    let ledgers = Ledgers::start(log.clone(), log, Some(data.clone()), settings).await;
    let ledgers = ledgers.unwrap();
    prepare(&ledgers, DEFAULT_DAY).await.unwrap();
    ledgers.stop().await.unwrap();
    drop(ledgers);

    let mut server = Process::serve(&data);
    let full = files_below(&data.join("journal")).len() - 1;
    while compressed(&data) < full.min(1) {
        tokio::task::yield_now().await;
    }
    let told = json!({
        "heads": heads(server.address()),
        "policy": daicho(server.address(), ["trust-policy"]).output,
        "checkpoint": daicho(server.address(), ["checkpoint"]).output,
    });
    assert_eq!(server.stop(), 0);
    fs::create_dir_all(FIXTURES).unwrap();
    let mut archive = ZipWriter::new(File::create(&fixture).unwrap());
    for path in files_below(&data) {
        let name = path.strip_prefix(&data).unwrap().to_str().unwrap();
        archive
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        archive.write_all(&fs::read(&path).unwrap()).unwrap();
    }
    archive.finish().unwrap();
    let told = serde_json::to_string_pretty(&told).unwrap();
    fs::write(fixture.with_extension("json"), told + "\n").unwrap();
}
