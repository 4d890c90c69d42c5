//! What is told where the log fails, is slow or is nearly full: each reason happens.

use super::*;

pub(crate) async fn all_happen(seen: &mut Seen) {
    read_only(seen).await;
    nearly_full(seen).await;
    outcome_unknown(seen).await;
    waiting::hanging(seen).await;
    unrecorded(seen).await;
    overloaded(seen).await;
    unreadable(seen).await;
    unsigned(seen).await;
    stopping(seen).await;
}

pub(super) fn storage() -> LogFault {
    LogFault::Storage("/data/journal: No space left on device".to_owned())
}

/// A storage error ends the writing for good; reads go on.
async fn read_only(seen: &mut Seen) {
    for fault in [
        storage(),
        LogFault::InFlight,
        LogFault::Invalid(InvalidCommit::Empty),
    ] {
        read_only_after(seen, fault).await;
    }
}

/// Calls within which what is so for a moment is over.
const TRIES_MAX: u64 = 20_000;

/// Where the disk is nearly full nothing is recorded or taken in; what was recorded is answered, and all goes on once there is room.
async fn nearly_full(seen: &mut Seen) {
    let mut server = Faulty::planned().await;
    let recorded = server.note();
    let receipt = server.client.append_events(recorded.clone()).await;
    let receipt = receipt.unwrap().into_inner().receipt;
    let mut refused = |status: Status| {
        let ja = "ディスクの空きが少ないため記録できません。何も記録されていません";
        let (code, reason) = (Code::ResourceExhausted, ErrorReason::StorageLow);
        expect(seen, &status, code, reason, ja);
        assert!(
            !format!("{status:?}").contains("bytes are free"),
            "{status:?}"
        );
    };

    server.log.free.store(1, Ordering::SeqCst);
    // What was found before is believed for a moment.
    let (begin, mut size) = (server.size().await, server.size().await);
    loop {
        match server.client.append_events(server.note()).await {
            Ok(_) => size += 1,
            Err(status) => break refused(status),
        }
        assert!(size < begin + TRIES_MAX, "nothing is ever refused");
    }
    let opened = server.admin().open_ledger(opening("town")).await;
    refused(opened.unwrap_err());
    let mut shelf = EvidenceServiceClient::with_interceptor(server.routes(LONG), Ja("担当"));
    let put = shelf.put_evidence(stream::iter(file("資料"))).await;
    refused(put.unwrap_err());
    assert_eq!(server.size().await, size);

    let again = server.client.append_events(recorded).await;
    assert_eq!(again.unwrap().into_inner().receipt, receipt);
    let ledger = server.client.get_ledger(GetLedgerRequest::default()).await;
    assert_eq!(ledger.unwrap().into_inner().head.unwrap().size, size);

    server.log.free.store(u64::MAX, Ordering::SeqCst);
    let request = server.note();
    let mut tries = 0;
    while let Err(status) = server.client.append_events(request.clone()).await {
        refused(status);
        tries += 1;
        assert!(tries < TRIES_MAX, "all is refused for ever");
    }
    assert_eq!(server.size().await, size + 1);
    let put = shelf.put_evidence(stream::iter(file("資料"))).await;
    assert!(put.is_ok(), "{put:?}");
}

/// The messages that put a file of text.
pub(super) fn file(text: &str) -> [PutEvidenceRequest; 2] {
    let file = EvidenceFile {
        sha256: sha256(text.as_bytes()).to_vec(),
        media_type: "text/plain".to_owned(),
        size_bytes: text.len() as u64,
        ..EvidenceFile::default()
    };
    let piece = text.as_bytes().to_vec().into();
    [Frame::File(file), Frame::Piece(piece)].map(|frame| PutEvidenceRequest { frame: Some(frame) })
}

async fn read_only_after(seen: &mut Seen, fault: LogFault) {
    let mut server = Faulty::planned().await;
    let size = server.size().await;
    server.log.appends(Appends::Refuse(fault));
    let ja = "台帳は読取専用になっています。何も記録されていません";
    let request = server.note();
    let status = server
        .client
        .append_events(request.clone())
        .await
        .unwrap_err();
    let told = expect(seen, &status, Code::Unavailable, ErrorReason::ReadOnly, ja);
    assert!(
        !told.retry && !format!("{status:?}").contains("/data"),
        "{status:?}"
    );
    assert!(
        !*server.ledgers.writable().borrow(),
        "a server that ends its writing says so and ends"
    );
    // The disk has room again, but only an open with all its checks goes on.
    server.log.appends(Appends::Work);
    let status = server
        .client
        .append_events(server.note())
        .await
        .unwrap_err();
    expect(seen, &status, Code::Unavailable, ErrorReason::ReadOnly, ja);
    let status = server
        .admin()
        .open_ledger(opening("town"))
        .await
        .unwrap_err();
    expect(seen, &status, Code::Unavailable, ErrorReason::ReadOnly, ja);
    assert_eq!(server.size().await, size);
    let ledger = server
        .client
        .get_ledger(GetLedgerRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(ledger.head.unwrap().size, size);
    // Nothing was appended, so this is known of it: it was not.
    let status = server.client.get_receipt(receipt_of(&request)).await;
    let unknown = (Code::NotFound, ErrorReason::RequestUnknown);
    let told = expect(
        seen,
        &status.unwrap_err(),
        unknown.0,
        unknown.1,
        "記録されていません",
    );
    assert_eq!(told.metadata["size"], size.to_string());

    let mut server = server.restarted().await;
    let answer = server.client.append_events(request).await.unwrap();
    let answer = answer.into_inner();
    assert!(!answer.replayed);
    assert_eq!(answer.receipt.unwrap().first_position, size);
}

/// A log that fails while a ledger is being opened ends the writing too.
async fn read_only_after_opening(seen: &mut Seen) {
    let mut server = Faulty::planned().await;
    server.log.appends(Appends::Refuse(storage()));
    let status = server.admin().open_ledger(opening("town")).await;
    let ja = "台帳は読取専用になっています";
    let (code, reason) = (Code::Unavailable, ErrorReason::ReadOnly);
    expect(seen, &status.unwrap_err(), code, reason, ja);
    server.log.appends(Appends::Work);
    let status = server.client.append_events(server.note()).await;
    expect(seen, &status.unwrap_err(), code, reason, ja);
}

pub(super) fn receipt_of(request: &AppendEventsRequest) -> GetReceiptRequest {
    GetReceiptRequest {
        request_id: request.request_id.clone(),
        ..Default::default()
    }
}

/// Whether or not it was stored, the same request after a restart is recorded once.
async fn outcome_unknown(seen: &mut Seen) {
    for stored in [true, false] {
        let mut server = Faulty::planned().await;
        let size = server.size().await;
        server.log.appends(Appends::Lose { stored });
        let request = server.note();
        let status = server
            .client
            .append_events(request.clone())
            .await
            .unwrap_err();
        let ja = "記録されたか不明です。同じIDでもう一度送ってください";
        let (code, reason) = (Code::Unavailable, ErrorReason::OutcomeUnknown);
        let told = expect(seen, &status, code, reason, ja);
        assert!(!told.retry, "this server takes nothing more");
        // It never says that nothing was appended: only the restarted server knows.
        server.log.appends(Appends::Work);
        let status = server.client.append_events(request.clone()).await;
        let told = expect(seen, &status.unwrap_err(), code, reason, ja);
        assert!(!told.retry);
        let status = server.client.get_receipt(receipt_of(&request)).await;
        expect(seen, &status.unwrap_err(), code, reason, ja);
        let status = server.client.append_events(server.note()).await;
        let ja = "何も記録されていません";
        expect(seen, &status.unwrap_err(), code, ErrorReason::ReadOnly, ja);
        let mut server = server.restarted().await;
        let answer = server
            .client
            .append_events(request.clone())
            .await
            .unwrap()
            .into_inner();
        assert_eq!(answer.replayed, stored);
        assert_eq!(answer.receipt.as_ref().unwrap().first_position, size);
        let found = server.client.get_receipt(receipt_of(&request)).await;
        assert_eq!(found.unwrap().into_inner().receipt, answer.receipt);
        assert_eq!(server.size().await, size + 1);
    }
}

/// More than may wait is refused at once, and what waits is recorded.
async fn overloaded(seen: &mut Seen) {
    let server = Faulty::planned().await;
    let size = server.size().await;
    let (open, gate) = watch::channel(false);
    server.log.appends(Appends::Hang(gate));
    // Without a network between, calls are as many as there are.
    let client = LedgerServiceClient::with_interceptor(server.routes(LONG), Ja("担当"));
    let send = |request| {
        let mut client = client.clone();
        async move { client.append_events(request).await }
    };
    let long = "長".repeat(4_000);
    let large = || {
        append(
            (0..80)
                .map(|_| narrative(&server.first_day, "計画/1-1", &long))
                .collect(),
        )
    };
    let mut waiting: FuturesUnordered<_> = (0..4).map(|_| send(large())).collect();
    let mut sent = 4 * 80;
    let status = loop {
        match waiting.next().now_or_never() {
            Some(Some(Err(status))) => break status,
            Some(other) => panic!("answered while the log hangs: {other:?}"),
            None => {}
        }
        waiting.push(send(server.note()));
        sent += 1;
        assert!(sent < 20_000, "nothing is ever refused");
        tokio::task::yield_now().await;
    };
    let told = expect(
        seen,
        &status,
        Code::ResourceExhausted,
        ErrorReason::Overloaded,
        "混み合っています",
    );
    assert!(told.retry);
    open.send_replace(true);
    let mut refused = 1;
    while let Some(answer) = waiting.next().await {
        refused += u64::from(answer.is_err());
    }
    assert_eq!(server.size().await, size + sent - refused);
}

/// What is only handed out when it is recorded to whom, is not handed out.
async fn unrecorded(seen: &mut Seen) {
    let server = Faulty::planned().await;
    let routes = services_that(Recording::All, &server.ledgers, LONG);
    let routes = IdentifyLayer::new(Callers::unauthenticated()).layer(routes);
    let mut client = LedgerServiceClient::with_interceptor(routes, Ja("担当"));
    server.log.appends(Appends::Refuse(storage()));
    let read = client.read_events(ReadEventsRequest::default()).await;
    let Err(status) = read else {
        panic!("it was handed out");
    };
    let (code, reason) = (Code::Unavailable, ErrorReason::AccessLogUnavailable);
    expect(seen, &status, code, reason, "アクセスを記録できない");
    // What is for everybody is not held back.
    client
        .get_ledger(GetLedgerRequest::default())
        .await
        .unwrap();
}

/// Without a key nothing is signed, and everything else goes on.
async fn unsigned(seen: &mut Seen) {
    let server = Faulty::planned().await;
    let (_, closing) = watch::channel(false);
    // Nothing can be made below a file.
    let nowhere = std::env::current_exe().unwrap();
    let proofs = Proofs::new(server.ledgers.clone(), &nowhere, || [7; 32]);
    let key = PageKey::new([7; 32]);
    let services = Services::new(Parts {
        ledgers: server.ledgers.clone(),
        proofs: Arc::new(proofs),
        evidence: evidence(),
        page_key: key,
        default_ledger: None,
        request_timeout: LONG,
        closing,
        recording: Recording::None,
        auth: Mode::Unauthenticated,
        administrators: Vec::new(),
    });
    let routes = services.routes().routes();
    let routes = IdentifyLayer::new(Callers::unauthenticated()).layer(routes);
    let mut client = ProofServiceClient::with_interceptor(routes, Ja("監査"));
    let status = client.get_checkpoint(GetCheckpointRequest::default());
    let told = expect(
        seen,
        &status.await.unwrap_err(),
        Code::Unavailable,
        ErrorReason::CheckpointUnavailable,
        "署名鍵が使えない",
    );
    assert!(!told.retry, "it does not help");
    assert!(server.size().await > 0);
}

/// What cannot be read is told as what it is, and an append that needs it records nothing.
async fn unreadable(seen: &mut Seen) {
    // What was appended since the start is known without reading.
    let mut server = Faulty::planned().await.restarted().await;
    let size = server.size().await;
    let selector = Some(get_event_request::Selector::Position(3));
    let event = GetEventRequest {
        selector,
        ..Default::default()
    };
    server.log.reads(Reads::Unavailable);
    let status = server.client.get_event(event.clone()).await.unwrap_err();
    let told = expect(
        seen,
        &status,
        Code::Unavailable,
        ErrorReason::LogUnavailable,
        "台帳を読み書きできません",
    );
    assert!(
        told.retry && !format!("{status:?}").contains("disk"),
        "{status:?}"
    );
    server.log.reads(Reads::Garbage);
    let status = server.client.get_event(event.clone()).await.unwrap_err();
    let damaged = (
        Code::DataLoss,
        ErrorReason::DataDamaged,
        "記録が壊れています",
    );
    let told = expect(seen, &status, damaged.0, damaged.1, damaged.2);
    assert_eq!(told.metadata["position"], "3");
    let mut frames = server
        .client
        .read_events(ReadEventsRequest::default())
        .await
        .unwrap()
        .into_inner();
    let status = frames.message().await.unwrap_err();
    expect(seen, &status, damaged.0, damaged.1, damaged.2);
    let status = server
        .client
        .append_events(server.note())
        .await
        .unwrap_err();
    expect(seen, &status, damaged.0, damaged.1, damaged.2);
    server.log.reads(Reads::Work);
    server.client.get_event(event).await.unwrap();
    assert_eq!(server.size().await, size);
}

/// A server that is being stopped appends nothing, and says when to come back.
async fn stopping(seen: &mut Seen) {
    let mut server = Faulty::planned().await;
    let size = server.size().await;
    server.ledgers.stop().await.unwrap();
    let request = server.note();
    let (code, reason) = (Code::Unavailable, ErrorReason::LogUnavailable);
    let ja = "台帳を読み書きできません";
    let status = server.client.append_events(request.clone()).await;
    let told = expect(seen, &status.unwrap_err(), code, reason, ja);
    assert!(told.retry);
    let status = server.client.get_receipt(receipt_of(&request)).await;
    let told = expect(seen, &status.unwrap_err(), code, reason, ja);
    assert!(told.retry);
    assert_eq!(server.restarted().await.size().await, size);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_is_found_again_after_a_restart() {
    outcome_unknown(&mut Seen::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_error_ends_writing_and_only_writing() {
    read_only(&mut Seen::new()).await;
    read_only_after_opening(&mut Seen::new()).await;
}
