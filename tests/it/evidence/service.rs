//! Files as a client puts, gets, checks and erases them, on a real server and a real folder.

use std::fs;
use std::path::{Path, PathBuf};

use daicho::api::v1;
use daicho::api::v1::check_evidence_response::Frame as Checked;
use daicho::api::v1::evidence_service_client::EvidenceServiceClient;
use daicho::api::v1::put_evidence_request::Frame;
use daicho::clock::new_id;
use daicho::evidence::{PIECE_BYTES_MAX, UPLOADS_MAX};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::{sha256, text};
use crate::process::Process;
use crate::service::{As, Caller, Server, append, opening, report};

type Client = EvidenceServiceClient<Caller>;

fn file(content: &[u8]) -> v1::EvidenceFile {
    v1::EvidenceFile {
        ledger: String::new(),
        sha256: sha256(content).to_vec(),
        media_type: "text/plain".to_owned(),
        size_bytes: content.len() as u64,
    }
}

fn frames(file: v1::EvidenceFile, content: &[u8]) -> Vec<v1::PutEvidenceRequest> {
    let pieces = content.chunks(PIECE_BYTES_MAX);
    let pieces = pieces.map(|piece| Frame::Piece(piece.to_vec().into()));
    let frames = std::iter::once(Frame::File(file)).chain(pieces);
    let request = |frame| v1::PutEvidenceRequest { frame: Some(frame) };
    frames.map(request).collect()
}

/// Puts a file; whether it was there already.
async fn put(client: &Client, content: &[u8]) -> Result<bool, Status> {
    send(client, frames(file(content), content)).await
}

async fn send(client: &Client, frames: Vec<v1::PutEvidenceRequest>) -> Result<bool, Status> {
    let answer = client
        .clone()
        .put_evidence(tokio_stream::iter(frames))
        .await;
    answer.map(|answer| answer.into_inner().already_there)
}

async fn get(client: &Client, content: &[u8]) -> Result<Vec<u8>, Status> {
    let asked = v1::GetEvidenceRequest {
        ledger: String::new(),
        sha256: sha256(content).to_vec(),
    };
    let mut pieces = client.clone().get_evidence(asked).await?.into_inner();
    let mut found = Vec::new();
    while let Some(frame) = pieces.message().await? {
        assert_eq!(frame.size_bytes, content.len() as u64);
        assert!((1..=PIECE_BYTES_MAX).contains(&frame.piece.len()));
        found.extend_from_slice(&frame.piece);
    }
    Ok(found)
}

async fn check(
    client: &Client,
    size: Option<u64>,
) -> (Vec<v1::CheckedEvidence>, v1::EvidenceSummary) {
    let asked = v1::CheckEvidenceRequest {
        size,
        ..v1::CheckEvidenceRequest::default()
    };
    let mut frames = client
        .clone()
        .check_evidence(asked)
        .await
        .unwrap()
        .into_inner();
    let (mut files, mut summary) = (Vec::new(), None);
    while let Some(frame) = frames.message().await.unwrap() {
        assert!(summary.is_none(), "the summary is the last");
        match frame.frame.unwrap() {
            Checked::File(file) => files.push(file),
            Checked::Summary(told) => summary = Some(told),
        }
    }
    (files, summary.unwrap())
}

fn erasing(content: &[u8]) -> v1::EraseEvidenceRequest {
    v1::EraseEvidenceRequest {
        ledger: String::new(),
        request_id: new_id().to_string(),
        sha256: sha256(content).to_vec(),
        reason: Some(v1::Reason {
            code: v1::ReasonCode::Other.into(),
            text: "氏名の誤掲載".to_owned(),
        }),
        legal_basis: "条例第12条".to_owned(),
        approved_by: "総務部長".to_owned(),
    }
}

fn evidence(content: &[u8]) -> v1::Evidence {
    v1::Evidence {
        sha256: sha256(content).to_vec(),
        media_type: "text/plain".to_owned(),
        title: "集計表.txt".to_owned(),
        disclosure: v1::Disclosure::Internal.into(),
        ..v1::Evidence::default()
    }
}

#[track_caller]
fn refused(status: &Status, code: Code, reason: &str) {
    let details = status.get_error_details();
    let info = details
        .error_info()
        .unwrap_or_else(|| panic!("no reason: {status:?}"));
    assert_eq!(
        (status.code(), info.reason.as_str()),
        (code, reason),
        "{status:?}"
    );
}

/// Files below a data folder's attachments: those that are kept, and drafts.
fn kept(data: &Path) -> (Vec<PathBuf>, usize) {
    let (mut kept, mut drafts) = (Vec::new(), 0);
    for ledger in fs::read_dir(data.join("attachments")).into_iter().flatten() {
        for part in fs::read_dir(ledger.unwrap().path()).unwrap() {
            let part = part.unwrap();
            for file in fs::read_dir(part.path()).unwrap() {
                match part.file_name() == "drafts" {
                    true => drafts += 1,
                    false => kept.push(file.unwrap().path()),
                }
            }
        }
    }
    (kept, drafts)
}

/// Asks the server until `holds`: each call is a round through it. No clock is watched.
async fn until(client: &Client, mut holds: impl FnMut() -> bool) {
    for _ in 0..100_000 {
        if holds() {
            return;
        }
        let unknown = get(client, b"nobody put this").await.unwrap_err();
        refused(&unknown, Code::NotFound, "EVIDENCE_UNKNOWN");
    }
    panic!("it never came");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_put_named_checked_and_handed_out() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let client = server.evidence().await;
    let content = text("甲", 600_000);
    assert!(!put(&client, &content).await.unwrap(), "new");
    assert!(put(&client, &content).await.unwrap(), "there already");
    assert_eq!(get(&client, &content).await.unwrap(), content);
    let (files, summary) = check(&client, None).await;
    assert_eq!(
        (files.len(), summary.unnamed),
        (1, 1),
        "nobody names it yet"
    );
    let mut fact = report(&plan, &plan.indicators[0], "1");
    let elsewhere = v1::Evidence {
        uri: Some("文書庫3号棚".to_owned()),
        ..evidence(b"elsewhere")
    };
    fact.evidence = vec![evidence(&content), elsewhere, evidence(b"missing")];
    let mut ledger = server.ledger("clerk").await;
    let appended = ledger
        .append_events(append(vec![fact]))
        .await
        .unwrap()
        .into_inner();
    let position = appended.receipt.unwrap().events[0].position;
    let (files, summary) = check(&client, None).await;
    let states: Vec<v1::EvidenceState> = files.iter().map(v1::CheckedEvidence::state).collect();
    use v1::EvidenceState::{Elsewhere, Matching, Missing};
    assert_eq!(states, [Matching, Elsewhere, Missing]);
    assert!(files.iter().all(|file| file.position == Some(position)));
    assert_eq!(files[0].evidence.as_ref().unwrap().title, "集計表.txt");
    assert_eq!(files[0].size_bytes, Some(600_000));
    let expected = v1::EvidenceSummary {
        size: position + 1,
        matching: 1,
        elsewhere: 1,
        missing: 1,
        ..v1::EvidenceSummary::default()
    };
    assert_eq!(summary, expected);
    let (files, summary) = check(&client, Some(position)).await;
    assert_eq!(
        (files.len(), summary.size),
        (0, position),
        "as it was known before"
    );
    let beyond = v1::CheckEvidenceRequest {
        size: Some(position + 2),
        ..v1::CheckEvidenceRequest::default()
    };
    let beyond = client.clone().check_evidence(beyond).await.unwrap_err();
    refused(&beyond, Code::OutOfRange, "POSITION_OUT_OF_RANGE");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_file_is_told_at_once_and_nothing_is_left() {
    let server = Server::start().await;
    server.planned().await;
    let client = server.evidence().await;
    let data = server.folder.path().join("data");
    let content = text("乙", 700_000);
    let everything = v1::EvidenceFile {
        ledger: String::new(),
        sha256: vec![1; 31],
        media_type: "text/html".to_owned(),
        size_bytes: 64 * 1024 * 1024 + 1,
    };
    let told = send(&client, frames(everything, &content))
        .await
        .unwrap_err();
    let details = told.get_error_details();
    let found = &details.bad_request().unwrap().field_violations;
    let found: Vec<_> = found
        .iter()
        .map(|v| (v.reason.as_str(), v.field.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("FIELD_INVALID", "file.sha256"),
            ("EVIDENCE_TYPE_UNKNOWN", "file.media_type"),
            ("EVIDENCE_TOO_LARGE", "file.size_bytes"),
        ]
    );
    let other = file(&text("丙", 700_000));
    let pdf = v1::EvidenceFile {
        media_type: "application/pdf".to_owned(),
        ..file(&content)
    };
    let small = v1::EvidenceFile {
        size_bytes: 1_000,
        ..file(&content)
    };
    for (said, sent, reason) in [
        (other, &content[..], "EVIDENCE_DIFFERS"),
        (file(&content), &content[..699_999], "EVIDENCE_DIFFERS"),
        (small, &content[..], "EVIDENCE_DIFFERS"),
        (pdf, &content[..], "EVIDENCE_TYPE_DIFFERS"),
        (file(b""), b"", "FIELD_REQUIRED"),
    ] {
        let status = send(&client, frames(said, sent)).await.unwrap_err();
        refused(&status, Code::InvalidArgument, reason);
    }
    let piece = |bytes: usize| v1::PutEvidenceRequest {
        frame: Some(Frame::Piece(vec![b'x'; bytes].into())),
    };
    let first = v1::PutEvidenceRequest {
        frame: Some(Frame::File(file(&content))),
    };
    for wrong in [
        vec![],
        vec![piece(3)],
        vec![first.clone(), first.clone()],
        vec![first.clone(), v1::PutEvidenceRequest::default()],
        vec![first.clone(), piece(0)],
        vec![first.clone(), piece(PIECE_BYTES_MAX + 1)],
    ] {
        let status = send(&client, wrong).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    }
    until(&client, || kept(&data) == (Vec::new(), 0)).await;
    let elsewhere = v1::EvidenceFile {
        ledger: "nowhere".to_owned(),
        ..file(&content)
    };
    let status = send(&client, frames(elsewhere, &content))
        .await
        .unwrap_err();
    refused(&status, Code::NotFound, "LEDGER_UNKNOWN");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_from_many_is_one_file() {
    let server = Server::start().await;
    server.planned().await;
    let client = server.evidence().await;
    let content = text("丁", 500_000);
    let puts = (0..UPLOADS_MAX).map(|_| put(&client, &content));
    let already = futures::future::try_join_all(puts).await.unwrap();
    assert_eq!(already.iter().filter(|already| !**already).count(), 1);
    let (files, drafts) = kept(&server.folder.path().join("data"));
    assert_eq!((files.len(), drafts), (1, 0));
    assert_eq!(fs::read(&files[0]).unwrap(), content);
    server.stop().await;
}

/// An upload that does not end until it is let go.
async fn begun(
    client: &Client,
    content: &[u8],
) -> (
    mpsc::Sender<v1::PutEvidenceRequest>,
    tokio::task::JoinHandle<Result<(), Status>>,
) {
    let (sender, receiver) = mpsc::channel(4);
    let mut client = client.clone();
    let call = tokio::spawn(async move {
        let answer = client.put_evidence(ReceiverStream::new(receiver)).await;
        answer.map(drop)
    });
    for frame in frames(file(content), content).into_iter().take(2) {
        sender.send(frame).await.unwrap();
    }
    (sender, call)
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_files_come_at_once_and_one_that_breaks_off_leaves_its_place() {
    let server = Server::start().await;
    server.planned().await;
    let client = server.evidence().await;
    let data = server.folder.path().join("data");
    let content = text("戊", 600_000);
    let mut coming = Vec::new();
    for _ in 0..UPLOADS_MAX {
        coming.push(begun(&client, &content).await);
    }
    until(&client, || kept(&data).1 == UPLOADS_MAX).await;
    let small = text("己", 100);
    let busy = put(&client, &small).await.unwrap_err();
    refused(&busy, Code::ResourceExhausted, "OVERLOADED");
    assert!(busy.get_error_details().retry_info().is_some());
    // The client goes away: nothing of it is left.
    let (_sender, call) = coming.pop().unwrap();
    call.abort();
    until(&client, || kept(&data).1 == UPLOADS_MAX - 1).await;
    // Its draft goes a moment before its place is free.
    let mut taken = put(&client, &small).await;
    while let Err(busy) = &taken {
        refused(busy, Code::ResourceExhausted, "OVERLOADED");
        taken = put(&client, &small).await;
    }
    assert!(!taken.unwrap());
    for (sender, call) in coming {
        drop(sender);
        // It ended after two pieces of three.
        let short = call.await.unwrap().unwrap_err();
        refused(&short, Code::InvalidArgument, "EVIDENCE_DIFFERS");
    }
    let (files, drafts) = kept(&data);
    assert_eq!((files.len(), drafts), (1, 0));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_erased_for_ever_and_the_ledger_says_so() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let client = server.evidence().await;
    let content = text("庚", 1_000);
    let unknown = client
        .clone()
        .erase_evidence(erasing(&content))
        .await
        .unwrap_err();
    refused(&unknown, Code::NotFound, "EVIDENCE_UNKNOWN");
    put(&client, &content).await.unwrap();
    let mut fact = report(&plan, &plan.indicators[0], "1");
    fact.evidence = vec![evidence(&content)];
    let mut ledger = server.ledger("clerk").await;
    ledger.append_events(append(vec![fact])).await.unwrap();
    let mut bare = erasing(&content);
    (bare.reason, bare.legal_basis, bare.approved_by) = (None, String::new(), String::new());
    let bare = client.clone().erase_evidence(bare).await.unwrap_err();
    let violations = bare
        .get_error_details()
        .bad_request()
        .unwrap()
        .field_violations
        .len();
    assert_eq!(violations, 3, "{bare:?}");
    let asked = erasing(&content);
    let erased = client
        .clone()
        .erase_evidence(asked.clone())
        .await
        .unwrap()
        .into_inner();
    let (erasure, head) = (erased.erasure.clone().unwrap(), erased.head.unwrap());
    assert!(!erased.already_erased);
    assert_eq!(head.size, erasure.position + 1);
    for again in [asked, erasing(&content)] {
        let again = client
            .clone()
            .erase_evidence(again)
            .await
            .unwrap()
            .into_inner();
        assert!(again.already_erased);
        assert_eq!(
            again.erasure.as_ref(),
            Some(&erasure),
            "nothing is recorded twice"
        );
        assert_eq!(again.head.unwrap().size, head.size);
    }
    let selector = v1::get_event_request::Selector::Position(erasure.position);
    let event = v1::GetEventRequest {
        selector: Some(selector),
        ..v1::GetEventRequest::default()
    };
    let event = ledger
        .get_event(event)
        .await
        .unwrap()
        .into_inner()
        .event
        .unwrap();
    let actor = event.actor.unwrap();
    assert_eq!(actor.method(), v1::AuthMethod::System);
    assert_eq!(
        actor.acting_for.as_deref(),
        Some("clerk"),
        "who asked for it"
    );
    let put_again = put(&client, &content).await.unwrap_err();
    refused(&put_again, Code::FailedPrecondition, "EVIDENCE_ERASED");
    let gone = get(&client, &content).await.unwrap_err();
    refused(&gone, Code::FailedPrecondition, "EVIDENCE_ERASED");
    let (files, summary) = check(&client, None).await;
    assert_eq!((files.len(), summary.erased), (1, 1));
    assert_eq!(files[0].erasure.as_ref(), Some(&erasure));
    let data = server.folder.path().join("data");
    assert_eq!(kept(&data), (Vec::new(), 0));
    // Clients do not say it themselves.
    let said = v1::EventInput {
        event_id: new_id().to_string(),
        reason: erasing(&content).reason,
        payload: Some(v1::event_input::Payload::EvidenceErased(
            v1::EvidenceErased {
                sha256: vec![9; 32],
                legal_basis: "条例".to_owned(),
                approved_by: "総務部長".to_owned(),
            },
        )),
        ..v1::EventInput::default()
    };
    let said = ledger.append_events(append(vec![said])).await.unwrap_err();
    refused(&said, Code::FailedPrecondition, "EVENT_BY_SERVER");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_keeps_whole_files_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let mut server = Process::serve(&data);
    let connected =
        |server: &Process| EvidenceServiceClient::with_interceptor(server.connect(), As("clerk"));
    let opened = daicho::api::v1::admin_service_client::AdminServiceClient::with_interceptor(
        server.connect(),
        As("administrator"),
    )
    .open_ledger(opening("city"))
    .await;
    opened.unwrap();
    let client = connected(&server);
    let (whole, broken) = (text("whole", 400_000), text("broken", 600_000));
    put(&client, &whole).await.unwrap();
    let (_sender, call) = begun(&client, &broken).await;
    until(&client, || kept(&data).1 == 1).await;
    server.kill();
    call.abort();
    assert_eq!(kept(&data).1, 1, "a draft is left");
    let server = Process::serve(&data);
    let client = connected(&server);
    let (files, drafts) = kept(&data);
    assert_eq!((files.len(), drafts), (1, 0));
    assert_eq!(get(&client, &whole).await.unwrap(), whole);
    let unknown = get(&client, &broken).await.unwrap_err();
    refused(&unknown, Code::NotFound, "EVIDENCE_UNKNOWN");
    assert!(!put(&client, &broken).await.unwrap(), "it can be put now");
}
