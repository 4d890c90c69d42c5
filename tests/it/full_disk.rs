//! A real disk that is nearly full, and freed again: a small file system of the server's own, in a mount namespace that ends with it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use daicho::api::v1;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::load::SmallPlan;
use tonic::{Code, Status};

use crate::process::Process;
use crate::service::{As, append, opening, report};

/// The whole disk and what is to stay free of it, in MiB.
const DISK: u64 = 96;
const STAYS_FREE: u64 = 16;
const MIB: u64 = 1024 * 1024;
/// What was found of the disk is believed for a moment, in which appends go on.
const APPENDS_MAX: usize = 100_000;

fn free(disk: &Path) -> u64 {
    let about = rustix::fs::statvfs(disk).unwrap();
    about.f_bavail * about.f_frsize
}

/// Fills what is free but for so many bytes, for as long as the file is not cut off.
fn fill(file: &File, disk: &Path, but: u64) {
    let zeros = vec![0; MIB as usize];
    let mut at = 0;
    while but + MIB <= free(disk) {
        file.write_all_at(&zeros, at).unwrap();
        at += MIB;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_nearly_full_refuses_appends_and_takes_them_once_it_is_freed() {
    let folder = tempfile::tempdir().unwrap();
    let mount = format!("mount -t tmpfs -o size={DISK}m daicho \"$DISK\" && exec \"$0\" \"$@\"");
    let on_it = |program: &str| {
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &mount, program]);
        command.env("DISK", folder.path());
        command
    };
    let may_mount = on_it("true").stderr(Stdio::null()).status();
    if !may_mount.is_ok_and(|status| status.success()) {
        println!("NOT checked: no file system may be mounted here (unshare -rm, mount)");
        return;
    }
    let mut command = on_it(env!("CARGO_BIN_EXE_daicho"));
    command.env("DAICHO_FREE_SPACE_MIN_MIB", STAYS_FREE.to_string());
    let mut server = Process::serve_by(command, &folder.path().join("data"));
    let disk = server.as_it_sees(folder.path());
    let mut admin = AdminServiceClient::with_interceptor(server.connect(), As("tester"));
    admin.open_ledger(opening("city")).await.unwrap();
    let mut ledger = LedgerServiceClient::with_interceptor(server.connect(), As("tester"));
    let new_id = || daicho::clock::new_id().to_string();
    let (plan, events) = SmallPlan::new(jiff::civil::date(2024, 4, 1), 1, 1, new_id);
    ledger.append_events(append(events)).await.unwrap();
    let next = || append(vec![report(&plan, &plan.indicators[0], "1")]);
    ledger.append_events(next()).await.unwrap();

    let filler = File::create(disk.join("filler")).unwrap();
    fill(&filler, &disk, STAYS_FREE * MIB / 2);
    let low = until(APPENDS_MAX, async || {
        ledger.append_events(next()).await.err()
    })
    .await;
    let told = crate::errors::told(&low);
    assert_eq!(
        (low.code(), told.reason.as_str()),
        (Code::ResourceExhausted, "STORAGE_LOW")
    );
    // Reads go on, and what was acknowledged is there.
    let size = async || size(&server).await.unwrap();
    let before = size().await;
    assert_eq!(
        crate::errors::told(&ledger.append_events(next()).await.unwrap_err()).reason,
        "STORAGE_LOW"
    );
    assert_eq!(size().await, before);

    filler.set_len(0).unwrap();
    let taken = until(APPENDS_MAX, async || {
        ledger.append_events(next()).await.ok()
    })
    .await;
    let receipt = taken.into_inner().receipt.unwrap();
    assert_eq!(receipt.first_position, before);
    assert_eq!(server.stop(), 0);
}

async fn size(server: &Process) -> Result<u64, Status> {
    let mut ledger = LedgerServiceClient::with_interceptor(server.connect(), As("tester"));
    let asked = v1::GetLedgerRequest::default();
    let told = ledger.get_ledger(asked).await?;
    Ok(told.into_inner().head.unwrap().size)
}

/// What comes of something in the end, within so many tries.
async fn until<T>(tries: usize, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..tries {
        if let Some(found) = attempt().await {
            return found;
        }
    }
    panic!("nothing came of {tries} tries");
}
