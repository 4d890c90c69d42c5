//! An access log on the command line, and as a bundle that is verified by itself.

use std::path::Path;
use std::process::{Command, Output};

use daicho::api::v1::ledger_service_client::LedgerServiceClient;

use super::{position, set_up};
use crate::process::Process;
use crate::service::As;

fn daicho(server: &str, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
    command
        .args(line.split(' '))
        .args(["--server", server, "--as", "監査", "--lang", "en"]);
    command.output().unwrap()
}

#[track_caller]
pub(super) fn done(server: &str, line: &str) -> String {
    let ended = daicho(server, line);
    assert!(ended.status.success(), "{line}: {ended:?}");
    String::from_utf8(ended.stdout).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_proven_like_any_ledger_and_told_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Process::serve_recording(&data, None);
    let personal = set_up(&server).await;
    let mut client = LedgerServiceClient::with_interceptor(server.connect(), As("閲覧者"));
    client.get_event(position(personal)).await.unwrap();
    let address = server.address().to_owned();
    let path = |name: &str| folder.path().join(name).display().to_string();

    done(&address, &format!("bundle {}", path("facts")));
    let table = done(&address, "audit access");
    assert!(
        table.contains("GetEvent") && table.contains("ExportBundle"),
        "{table}"
    );
    let summary = done(&address, "audit access --summary");
    for told in ["took out", "read about people", "administered"] {
        assert!(summary.contains(told), "{summary}");
    }
    let file = path("access.csv");
    done(&address, &format!("audit access --csv -o {file}"));
    let csv = std::fs::read_to_string(&file).unwrap();
    assert!(
        csv.starts_with("\u{feff}position,recorded_at,subject"),
        "{csv}"
    );
    let lines = done(&address, "audit access --json-lines --exports");
    for line in lines.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(entry["access"]["class"], "ACCESS_CLASS_EXPORT", "{line}");
    }
    assert_eq!(lines.lines().count(), 1);

    // A bundle of the access log is verified by itself.
    let policy = done(&address, "trust-policy --ledger city/access");
    std::fs::write(path("policy"), policy).unwrap();
    done(
        &address,
        &format!("bundle {} --ledger city/access", path("log")),
    );
    assert_eq!(server.stop(), 0);
    let verify = format!("verify bundle {} --policy {}", path("log"), path("policy"));
    done(&address, &verify);
    let store = format!(
        "verify store {} --policy {} --ledger city/access",
        data.display(),
        path("policy")
    );
    done(&address, &store);

    // One changed byte of an access is found.
    let entries = first_entries(&folder.path().join("log"));
    let mut bytes = std::fs::read(&entries).unwrap();
    let at = find(&bytes, b"GetEvent").unwrap();
    bytes[at] = b'S';
    std::fs::write(&entries, bytes).unwrap();
    let altered = daicho(&address, &verify);
    assert_eq!(altered.status.code(), Some(1), "{altered:?}");
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

/// The file of a bundle with its first events.
fn first_entries(bundle: &Path) -> std::path::PathBuf {
    let mut folders = vec![bundle.join("tile").join("entries")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                return path;
            }
        }
    }
    panic!("no entries in {}", bundle.display())
}
