//! Deadlines that pass while something is under way.

use std::fs;
use std::path::Path;

use daicho::evidence::Terms;

use super::*;

/// A deadline that passes while an append is under way leaves its outcome open; the append goes on.
pub(super) async fn hanging(seen: &mut Seen) {
    let mut server = Faulty::planned().await;
    let size = server.size().await;
    let impatient = server.routes(Duration::from_millis(50));
    let mut client = LedgerServiceClient::with_interceptor(impatient.clone(), Ja("担当"));
    let (open, gate) = watch::channel(false);
    server.log.appends(Appends::Hang(gate));
    let request = server.note();
    let status = client.append_events(request.clone()).await.unwrap_err();
    let (late, unknown, ja) = (
        Code::DeadlineExceeded,
        ErrorReason::OutcomeUnknown,
        "記録されたか不明です",
    );
    expect(seen, &status, late, unknown, ja);
    assert_eq!(server.size().await, size);
    open.send_replace(true);
    server.client.append_events(request).await.unwrap();
    assert_eq!(
        server.size().await,
        size + 1,
        "whoever listened, it is recorded once"
    );

    // A ledger whose opener has gone is served all the same, and once.
    let (open, gate) = watch::channel(false);
    server.log.appends(Appends::Hang(gate));
    let mut admin = AdminServiceClient::with_interceptor(impatient, Ja("管理者"));
    let town = opening("town");
    let status = admin.open_ledger(town.clone()).await.unwrap_err();
    expect(seen, &status, late, unknown, ja);
    open.send_replace(true);
    let mut admin = server.admin();
    let opened = admin.open_ledger(town).await.unwrap().into_inner();
    assert_eq!(opened.ledger.unwrap().code, "town");
    assert_eq!(opened.receipt.unwrap().first_position, 0);
    let listed = admin
        .list_ledgers(ListLedgersRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(listed.ledgers.len(), 2);
    // And signed for, though nobody asks.
    let town = server.ledgers.resolve("town").unwrap();
    while town.checkpoint_up_to(u64::MAX).await.unwrap().is_none() {
        tokio::task::yield_now().await;
    }

    // What only reads can be late, but never unknown.
    let waiting = GetLedgerRequest {
        ledger: "city".to_owned(),
        min_position: Some(1_000_000),
        as_of: None,
    };
    let status = client.get_ledger(waiting).await.unwrap_err();
    expect(
        seen,
        &status,
        late,
        ErrorReason::DeadlinePassed,
        "時間切れです",
    );
}

/// Asks over the network, by a client that says until when it waits and holds nobody to it.
async fn asked<M: Message>(server: &Faulty, path: &str, limit: &str, message: &M) -> Status {
    let limit = ("grpc-timeout", limit);
    let (status, _) = call(
        server.address,
        path,
        &[ACTOR, limit],
        &message.encode_to_vec(),
    )
    .await;
    status
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_waits_no_longer_is_told_what_is_known() {
    let seen = &mut Seen::new();
    let server = Faulty::planned().await;
    let size = server.size().await;
    let (late, passed) = (Code::DeadlineExceeded, ErrorReason::DeadlinePassed);
    let first = server.note();
    server
        .client
        .clone()
        .append_events(first.clone())
        .await
        .unwrap();

    // The transport ends a call at the caller's limit without a word: never before the server.
    let (open, gate) = watch::channel(false);
    server.log.appends(Appends::Hang(gate));
    let calls: Vec<_> = (0..20).map(|_| server.note()).collect();
    let answers = calls
        .iter()
        .map(|note| asked(&server, APPEND, "100m", note));
    let statuses = future::join_all(answers).await;
    open.send_replace(true);
    let mut begun = 0;
    for (status, note) in statuses.iter().zip(&calls) {
        let told = super::super::told(status);
        assert_eq!(told.code, late, "{status:?}");
        let found = server.client.clone().get_receipt(receipt_of(note)).await;
        // What came to its handler too late was not begun, and is told so.
        match told.reason.as_str() {
            "OUTCOME_UNKNOWN" => begun += 1,
            "DEADLINE_PASSED" => assert_eq!(found.unwrap_err().code(), Code::NotFound),
            other => panic!("{other}"),
        }
    }
    assert!(begun > 0, "the machine is too slow for this test");

    // A validation records nothing, however late it is.
    server.log.reads(Reads::Hang);
    let validation = AppendEventsRequest {
        validate_only: true,
        ..first
    };
    let status = asked(&server, APPEND, "40m", &validation).await;
    let ja = "時間切れです。何も記録されていません";
    expect(seen, &status, late, passed, ja);

    // Neither does a stream, which has no limit but its caller's.
    let reading = ReadEventsRequest::default();
    let status = asked(&server, READ, "40m", &reading).await;
    expect(seen, &status, late, passed, "時間切れです");
    let status = asked(
        &server,
        SUBSCRIBE,
        "40m",
        &SubscribeEventsRequest::default(),
    )
    .await;
    expect(seen, &status, late, passed, "時間切れです");
    server.log.reads(Reads::Work);
    let status = asked(&server, READ, "60S", &reading).await;
    assert_eq!(status.code(), Code::Ok);
    let following = SubscribeEventsRequest {
        from_position: size,
        ..Default::default()
    };
    let status = asked(&server, SUBSCRIBE, "40m", &following).await;
    expect(seen, &status, late, passed, "時間切れです");
}

/// Whether a file below `folder` holds this.
fn holds(folder: &Path, content: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => holds(&path, content),
            false => fs::read(path).is_ok_and(|held| held == content),
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_goes_once_it_is_recorded_as_erased_though_whoever_asked_has_gone() {
    let server = Faulty::planned().await;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Store::new(folder.path(), Terms::default()));
    let routes = services_with(store, &server.ledgers, LONG);
    let callers = IdentifyLayer::new(Callers::unauthenticated());
    let mut shelf = EvidenceServiceClient::with_interceptor(callers.layer(routes), Ja("担当"));
    let text = "氏名のある資料";
    let put = shelf.put_evidence(stream::iter(reasons::file(text))).await;
    put.unwrap();
    assert!(holds(folder.path(), text.as_bytes()));
    let (open, gate) = watch::channel(false);
    server.log.appends(Appends::Hang(gate));
    let erase = EraseEvidenceRequest {
        request_id: new_id().to_string(),
        sha256: sha256(text.as_bytes()).to_vec(),
        reason: Some(Reason {
            code: ReasonCode::Other.into(),
            text: "氏名の誤掲載".to_owned(),
        }),
        legal_basis: "条例第12条".to_owned(),
        approved_by: "総務部長".to_owned(),
        ..EraseEvidenceRequest::default()
    };
    let mut asking = Box::pin(shelf.erase_evidence(erase));
    // Until the append waits, which holds a receiver besides the one that waits for it.
    while open.receiver_count() < 2 {
        assert!(asking.as_mut().now_or_never().is_none());
        tokio::task::yield_now().await;
    }
    drop(asking);
    open.send_replace(true);
    while holds(folder.path(), text.as_bytes()) {
        tokio::task::yield_now().await;
    }
}
