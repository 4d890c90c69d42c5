//! How a server that cannot start or cannot go on ends: with a code that says whether to start it again.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::{GetLedgerRequest, GetReceiptRequest};
use daicho::cli::exit::Exit;
use daicho::clock::new_id;
use tonic::transport::Channel;
use tonic::{Code, Request};
use tonic_types::StatusExt as _;

use crate::process::Process;
use crate::service::{append, opening, report};
use daicho::load::SmallPlan;

/// Serves `data`, which cannot be served, until that is told.
fn serve(data: &Path, listen: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args([
            "serve",
            "--listen",
            listen,
            "--log-filter",
            "off",
            "--lang",
            "en",
        ])
        .arg("--data")
        .arg(data)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[track_caller]
fn assert_ends(output: &Output, exit: Exit, words: &str) {
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(i32::from(exit.code())), "{told}");
    assert!(told.contains(words), "{told}");
}

#[test]
fn a_folder_that_is_to_hold_ledgers_is_not_begun_where_it_holds_none() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("disk/data");
    fs::create_dir_all(data.parent().unwrap()).unwrap();
    let serve_existing = || {
        Command::new(env!("CARGO_BIN_EXE_daicho"))
            .args(["serve", "--listen", "127.0.0.1:0", "--lang", "en"])
            .args(["--log-filter", "off", "--existing", "true", "--data"])
            .arg(&data)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let told = format!("data folder `{}` holds nothing of a ledger", data.display());
    assert_ends(&serve_existing(), Exit::Usage, &told);
    assert!(!data.exists());
    // What a mount point has in it where nothing is mounted.
    fs::create_dir(&data).unwrap();
    fs::write(data.join("nothing-is-mounted-here"), "").unwrap();
    fs::create_dir(data.join("journal")).unwrap();
    assert_ends(&serve_existing(), Exit::Usage, &told);
    assert_eq!(fs::read_dir(&data).unwrap().count(), 2);
    // A first start that ended before it made more than this.
    let place = format!("{}\n", folder.path().join("elsewhere").display());
    fs::write(data.join("journal-at"), place).unwrap();
    assert_ends(&serve_existing(), Exit::Usage, "");
    assert!(!data.join("format").exists());

    fs::remove_dir_all(&data).unwrap();
    let mut server = Process::serve(&data);
    assert_eq!(server.stop(), 0);
    let words = ["serve", "--existing", "true", "--data"].map(std::ffi::OsStr::new);
    let mut server = Process::start(words.into_iter().chain([data.as_os_str()]));
    assert_eq!(server.stop(), 0);
}

#[test]
fn an_address_in_use_is_told_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = serve(&folder.path().join("data"), &address);
    assert_ends(
        &output,
        Exit::Address,
        &format!("cannot listen on {address}"),
    );
}

#[test]
fn certificates_that_cannot_be_used_are_told_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("server.pem");
    let output = Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args(["serve", "--listen", "127.0.0.1:0", "--log-filter", "off"])
        .args(["--lang", "en", "--tls-certificate"])
        .arg(&missing)
        .arg("--tls-key")
        .arg(&missing)
        .arg("--data")
        .arg(folder.path().join("data"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_ends(&output, Exit::Usage, "server.pem: cannot be read");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_another_process_serves_is_told_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let first = Process::serve(folder.path());
    let (mut client, plan) = planned(&first).await;
    let head = async |client: &mut LedgerServiceClient<_>| {
        let asked = by_tester(GetLedgerRequest::default());
        client
            .get_ledger(asked)
            .await
            .unwrap()
            .into_inner()
            .head
            .unwrap()
    };
    let before = head(&mut client).await;
    let output = serve(folder.path(), "127.0.0.1:0");
    assert_ends(&output, Exit::FolderInUse, "in use by another process");

    // The first has lost nothing by it, and goes on.
    assert_eq!(head(&mut client).await, before);
    let request = append(vec![report(&plan, &plan.indicators[0], "1")]);
    let answer = client.append_events(by_tester(request)).await.unwrap();
    let receipt = answer.into_inner().receipt.unwrap();
    assert_eq!(receipt.first_position, before.size);
    assert_eq!(head(&mut client).await.size, before.size + 1);
}

#[test]
fn a_folder_that_must_not_be_written_is_told_by_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    Process::serve(folder.path()).kill();

    let format = folder.path().join("format");
    let written = fs::read_to_string(&format).unwrap();
    fs::write(&format, written.replace("format 1", "format 9")).unwrap();
    let output = serve(folder.path(), "127.0.0.1:0");
    assert_ends(&output, Exit::FolderForeign, "written by a later version");

    fs::write(&format, written).unwrap();
    fs::rename(folder.path().join("journal"), folder.path().join("gone")).unwrap();
    let output = serve(folder.path(), "127.0.0.1:0");
    assert_ends(&output, Exit::Damaged, "the journal is missing");

    let file = folder.path().join("file");
    fs::write(&file, "no folder").unwrap();
    let output = serve(&file, "127.0.0.1:0");
    assert_ends(&output, Exit::StorageFailed, "cannot open the data folder");
}

fn by_tester<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let name = tonic::metadata::MetadataValue::from_static("tester");
    request.metadata_mut().insert("daicho-actor", name);
    request
}

/// Opens a ledger and sets a small plan in it.
async fn planned(server: &Process) -> (LedgerServiceClient<Channel>, SmallPlan) {
    let mut admin = AdminServiceClient::new(server.connect());
    admin.open_ledger(by_tester(opening("city"))).await.unwrap();
    let mut client = LedgerServiceClient::new(server.connect());
    let ledger = client
        .get_ledger(by_tester(GetLedgerRequest::default()))
        .await;
    let today = ledger.unwrap().into_inner().today.parse().unwrap();
    let (plan, events) = SmallPlan::new(today, 1, 1, || new_id().to_string());
    client
        .append_events(by_tester(append(events)))
        .await
        .unwrap();
    (client, plan)
}

/// Nobody has to append for the server to end: one that cannot store anything more says so at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_storage_error_that_no_append_meets_ends_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve(folder.path());
    let (mut client, plan) = planned(&server).await;
    fs::write(folder.path().join("sled/blobs/1"), "foreign").unwrap();
    let request = append(vec![report(&plan, &plan.indicators[0], "1")]);
    // It may be taken or not: the read copy is a second behind.
    drop(client.append_events(by_tester(request)).await);
    assert_eq!(server.wait(), i32::from(Exit::StorageFailed.code()));
}

/// What the server says of an append that it does not take is what the next one finds.
#[tokio::test(flavor = "multi_thread")]
async fn a_storage_error_ends_the_server_and_the_next_one_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve(folder.path());
    let (mut client, plan) = planned(&server).await;

    // The read copy finds what it never writes, and the next checkpoint fails.
    fs::write(folder.path().join("sled/blobs/1"), "foreign").unwrap();
    let (refused, status) = loop {
        let request = append(vec![report(&plan, &plan.indicators[0], "1")]);
        if let Err(status) = client.append_events(by_tester(request.clone())).await {
            break (request, status);
        }
    };
    assert_eq!(status.code(), Code::Unavailable, "{status:?}");
    let reason = status.get_details_error_info().unwrap().reason;
    assert_eq!(server.wait(), i32::from(Exit::StorageFailed.code()));

    fs::remove_file(folder.path().join("sled/blobs/1")).unwrap();
    let server = Process::serve(folder.path());
    let mut client = LedgerServiceClient::new(server.connect());
    let asked = GetReceiptRequest {
        request_id: refused.request_id.clone(),
        ..GetReceiptRequest::default()
    };
    if reason == "READ_ONLY" {
        let status = client.get_receipt(by_tester(asked)).await.unwrap_err();
        assert_eq!(status.code(), Code::NotFound, "nothing was appended");
    }
    let answer = client.append_events(by_tester(refused.clone())).await;
    let first = answer.unwrap().into_inner().receipt;
    let again = client.append_events(by_tester(refused)).await.unwrap();
    assert_eq!(again.into_inner().receipt, first);
}
