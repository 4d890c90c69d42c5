//! Access logs as auditors meet them: what stands in them, what does not, and that none of it is lost or altered unseen.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::path::Path;
use std::pin::pin;
use std::process::{Command, Output};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use daicho::access_log::{Access, AccessLog, Recording};
use daicho::api::v1::access_entry::Said;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::config::{Config, Flags};
use daicho::domain::id::LedgerId;
use daicho::fault_point::Step;
use daicho::server::Opened;
use tokio::sync::watch;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::fixture;
use crate::process::Process;
use crate::service::{As, Server, append, opening, report};
use crate::small_plan::SmallPlan;

fn recording() -> Flags {
    Flags {
        access_log: Some("true".to_owned()),
        ..Flags::default()
    }
}

async fn server() -> (Server, SmallPlan) {
    let server = Server::with(tempfile::tempdir().unwrap(), recording()).await;
    let plan = server.planned().await;
    (server, plan)
}

/// What the access log of `city` says, oldest first, but for the asking itself.
async fn accesses(server: &Server, request: ListAccessRequest) -> Vec<AccessEntry> {
    let answer = server.audit().await.list_access(request).await.unwrap();
    let mut entries = answer.into_inner().entries;
    entries.reverse();
    entries.retain(|entry| !access(entry).rpc.ends_with("/ListAccess"));
    entries
}

pub(crate) fn access(entry: &AccessEntry) -> &AccessRecorded {
    match entry.said.as_ref().unwrap() {
        Said::Access(access) => access,
        Said::LeftOut(left) => panic!("{left:?} are not told"),
    }
}

/// An entry on one line: who, what kind, of what, how it ended, how often.
pub(crate) fn line(entry: &AccessEntry) -> String {
    let access = access(entry);
    let rpc = access.rpc.rsplit('/').next().unwrap();
    let actor = entry.actor.as_ref().unwrap();
    let who = match actor.method() {
        AuthMethod::System => "nobody known",
        _ => &actor.subject,
    };
    let class = access
        .class()
        .as_str_name()
        .trim_start_matches("ACCESS_CLASS_");
    let outcome = access.outcome().as_str_name();
    let outcome = outcome.trim_start_matches("ACCESS_OUTCOME_");
    let resource = access.resource.as_ref().map(|r| format!(" {}", r.name));
    let reason = access.reason.as_ref().map(|reason| format!(" {reason}"));
    let personal = if access.personal { " personal" } else { "" };
    format!(
        "{who}: {class} {rpc}{} {outcome}{}{personal}",
        resource.unwrap_or_default(),
        reason.unwrap_or_default(),
    )
}

/// A report with evidence that is not for everybody.
fn evidenced(plan: &SmallPlan) -> EventInput {
    EventInput {
        evidence: vec![Evidence {
            sha256: vec![9; 32],
            media_type: "application/pdf".to_owned(),
            title: "名簿".to_owned(),
            uri: Some("file:///名簿.pdf".to_owned()),
            size_bytes: Some(12),
            disclosure: Disclosure::Restricted.into(),
        }],
        ..report(plan, &plan.indicators[0], "3")
    }
}

/// A note whose words are about a person.
fn about_a_person(plan: &SmallPlan) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(plan.first_day.clone()),
        personal_texts: vec![PersonalText {
            field: "payload.text".to_owned(),
            subject_ref: "5f0c1d2e-3b4a-4c5d-8e6f-0123456789ab".to_owned(),
        }],
        payload: Some(Payload::NarrativeAdded(NarrativeAdded {
            subject: Some(Subject {
                kind: Some(subject::Kind::Goal(plan.goals[0].clone())),
            }),
            kind: NarrativeKind::Note.into(),
            text: "本人の事情により遅れた。".to_owned(),
        })),
        ..EventInput::default()
    }
}

fn position(position: u64) -> GetEventRequest {
    GetEventRequest {
        selector: Some(get_event_request::Selector::Position(position)),
        ..GetEventRequest::default()
    }
}

async fn first_position(
    client: &mut LedgerServiceClient<crate::service::Caller>,
    event: EventInput,
) -> u64 {
    let appended = client.append_events(append(vec![event])).await.unwrap();
    appended.into_inner().receipt.unwrap().first_position
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_for_everybody_is_recorded_and_the_rest_is_not() {
    let (server, plan) = server().await;
    let mut clerk = server.ledger("担当").await;
    let public = first_position(&mut clerk, report(&plan, &plan.indicators[1], "1")).await;
    let restricted = first_position(&mut clerk, evidenced(&plan)).await;
    let personal = first_position(&mut clerk, about_a_person(&plan)).await;

    let mut reader = server.ledger("閲覧者").await;
    reader
        .get_ledger(GetLedgerRequest::default())
        .await
        .unwrap();
    for at in [public, restricted, personal] {
        reader.get_event(position(at)).await.unwrap();
    }
    let goal = GetGoalRequest {
        goal: plan.goals[1].clone(),
        ..GetGoalRequest::default()
    };
    server.goals().await.get_goal(goal).await.unwrap();
    let mut proofs = ProofServiceClient::with_interceptor(server.channel().await, As("監査"));
    let bundle = proofs.export_bundle(ExportBundleRequest::default());
    bundle.await.unwrap();
    let asked = DisclosePersonalDataRequest::default();
    let mut admin = server.admin().await;
    admin.disclose_personal_data(asked).await.unwrap();
    admin
        .list_integrity_events(ListIntegrityEventsRequest::default())
        .await
        .unwrap();
    // What breaks a rule is an attempt to write.
    let wrong = report(&plan, &plan.indicators[0], "some");
    let refused = clerk.append_events(append(vec![wrong])).await.unwrap_err();
    assert_eq!(refused.code(), Code::InvalidArgument);

    let told = accesses(&server, ListAccessRequest::default()).await;
    let mut lines: Vec<String> = told.iter().map(line).collect();
    // Those that are written behind the answer come when they come.
    lines.sort();
    let failed = lines.iter().position(|line| line.contains("AppendEvents"));
    let failed = lines.remove(failed.unwrap());
    assert!(
        failed.starts_with("担当: WRITE AppendEvents ")
            && failed.ends_with(" FAILED VALUE_NOT_NUMERIC"),
        "{failed}"
    );
    let expected = [
        "administrator: ADMINISTER ListIntegrityEvents OK".to_owned(),
        "administrator: ADMINISTER OpenLedger city OK".to_owned(),
        "administrator: EXPORT DisclosePersonalData OK personal".to_owned(),
        "監査: EXPORT ExportBundle OK".to_owned(),
        format!("閲覧者: READ GetEvent {restricted} OK"),
        format!("閲覧者: READ GetEvent {personal} OK personal"),
    ];
    let mut expected = expected.to_vec();
    expected.sort();
    assert_eq!(lines, expected);
    for entry in &told {
        let access = access(entry);
        assert!(access.peer.as_deref() == Some("127.0.0.1"), "{access:?}");
        assert!(access.rpc.starts_with("daicho.v1."), "{access:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_narrow_and_pages_go_on_where_the_one_before_ended() {
    let (server, plan) = server().await;
    let mut clerk = server.ledger("担当").await;
    let restricted = first_position(&mut clerk, evidenced(&plan)).await;
    for name in ["甲", "乙", "丙"] {
        let mut reader = server.ledger(name).await;
        reader.get_event(position(restricted)).await.unwrap();
        let mut proofs = ProofServiceClient::with_interceptor(server.channel().await, As(name));
        proofs
            .export_bundle(ExportBundleRequest::default())
            .await
            .unwrap();
    }
    let asked = ListAccessRequest {
        actor: Some("乙".to_owned()),
        ..ListAccessRequest::default()
    };
    let of_one: Vec<String> = accesses(&server, asked).await.iter().map(line).collect();
    assert_eq!(of_one.len(), 2, "{of_one:?}");
    let asked = ListAccessRequest {
        classes: vec![AccessClass::Export.into()],
        ..ListAccessRequest::default()
    };
    assert_eq!(accesses(&server, asked.clone()).await.len(), 3);
    let asked = ListAccessRequest {
        resource: Some(restricted.to_string()),
        ..ListAccessRequest::default()
    };
    assert_eq!(accesses(&server, asked).await.len(), 3);

    // Pages of one row give the same as one page.
    let by_export = ListAccessRequest {
        classes: vec![AccessClass::Export.into()],
        page_size: 1,
        ..ListAccessRequest::default()
    };
    let (mut positions, mut token) = (Vec::new(), String::new());
    loop {
        let page = ListAccessRequest {
            page_token: token,
            ..by_export.clone()
        };
        let page = server
            .audit()
            .await
            .list_access(page)
            .await
            .unwrap()
            .into_inner();
        positions.extend(page.entries.iter().map(|entry| entry.position));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(positions.len(), 3);
    assert!(positions.is_sorted_by(|a, b| a > b), "{positions:?}");
    let wrong = ListAccessRequest {
        person: Some("甲".to_owned()),
        classes: vec![99],
        ..ListAccessRequest::default()
    };
    let status = server.audit().await.list_access(wrong).await.unwrap_err();
    assert_eq!(
        status
            .get_details_bad_request()
            .unwrap()
            .field_violations
            .len(),
        2
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_log_is_a_ledger_that_nobody_writes_and_nobody_means_by_saying_nothing() {
    let (server, plan) = server().await;
    let mut clerk = server.ledger("担当").await;
    let mut read = clerk
        .read_events(ReadEventsRequest::default())
        .await
        .unwrap()
        .into_inner();
    while read.message().await.unwrap().is_some() {}
    let mut admin = server.admin().await;
    let ledgers = admin.list_ledgers(ListLedgersRequest::default());
    let ledgers = ledgers.await.unwrap().into_inner().ledgers;
    let by_code: BTreeMap<String, Ledger> = ledgers
        .into_iter()
        .map(|status| status.ledger.unwrap())
        .map(|ledger| (ledger.code.clone(), ledger))
        .collect();
    let (facts, log) = (&by_code["city"], &by_code["city/access"]);
    assert_eq!(log.access_log_of.as_ref(), Some(&facts.id));
    assert_eq!(log.origin, "ledger.example/city/access");
    assert!(facts.default_ledger && !log.default_ledger);
    // The only ledger of facts is still what an empty name means.
    let meant = clerk.get_ledger(GetLedgerRequest::default()).await.unwrap();
    assert_eq!(meant.into_inner().ledger.unwrap().code, "city");
    clerk
        .append_events(append(vec![report(&plan, &plan.indicators[0], "1")]))
        .await
        .unwrap();
    // It is read like any other, and that is recorded in it.
    let of_log = ReadEventsRequest {
        ledger: "city/access".to_owned(),
        ..ReadEventsRequest::default()
    };
    server
        .ledger("監査")
        .await
        .read_events(of_log)
        .await
        .unwrap();
    let told = accesses(&server, ListAccessRequest::default()).await;
    let lines: Vec<String> = told.iter().map(line).collect();
    assert!(
        lines.contains(&"監査: READ ReadEvents OK personal".to_owned()),
        "{lines:?}"
    );
    // So is asking who asked.
    let asked = ListAccessRequest {
        ledger: "city/access".to_owned(),
        ..ListAccessRequest::default()
    };
    let answer = server
        .audit()
        .await
        .list_access(asked)
        .await
        .unwrap()
        .into_inner();
    let of_asking = |entry: &&AccessEntry| access(entry).rpc.ends_with("/ListAccess");
    assert_eq!(answer.entries.iter().filter(of_asking).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_refusals_is_merged_and_none_is_lost() {
    const CALLS: u64 = 200;
    let (server, _) = server().await;
    // Nobody says who asks.
    let mut client = LedgerServiceClient::new(server.channel().await);
    for _ in 0..CALLS / 2 {
        let status = client
            .get_ledger(GetLedgerRequest::default())
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
    }
    let mut goals = GoalServiceClient::new(server.channel().await);
    for _ in 0..CALLS / 2 {
        goals
            .list_goals(ListGoalsRequest::default())
            .await
            .unwrap_err();
    }
    let asked = ListAccessRequest {
        outcomes: vec![AccessOutcome::Refused.into()],
        ..ListAccessRequest::default()
    };
    let told = accesses(&server, asked).await;
    let count: u64 = told.iter().map(|entry| access(entry).count).sum();
    assert_eq!(count, CALLS);
    // Two at most for each minute that it took, which are three at the very worst.
    assert!(told.len() <= 6, "{told:?}");
    for entry in &told {
        assert_eq!(entry.actor.as_ref().unwrap().method(), AuthMethod::System);
        assert_eq!(
            access(entry).status,
            u32::try_from(Code::Unauthenticated as i32).unwrap()
        );
    }
}

const MANY: [&str; 8] = ["甲", "乙", "丙", "丁", "戊", "己", "庚", "辛"];

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_beyond_every_share_hides_nobody() {
    const EACH: usize = 130;
    let (server, _) = server().await;
    // Each of these calls is another kind: it has a request id of its own.
    for who in MANY {
        let mut client = server.ledger(who).await;
        for _ in 0..EACH {
            let refused = client.append_events(append(Vec::new())).await;
            assert_eq!(refused.unwrap_err().code(), Code::InvalidArgument);
        }
    }
    let mut quiet = server.ledger("静か").await;
    quiet.append_events(append(Vec::new())).await.unwrap_err();

    let (mut told, mut token) = (Vec::new(), String::new());
    loop {
        let asked = ListAccessRequest {
            classes: vec![AccessClass::Write.into()],
            page_size: 500,
            page_token: token,
            ..ListAccessRequest::default()
        };
        let page = server.audit().await.list_access(asked).await.unwrap();
        let page = page.into_inner();
        told.extend(page.entries);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for entry in &told {
        // None is only counted, and who and how often stand there of all.
        let access = access(entry);
        assert!(access.rpc.ends_with("/AppendEvents"), "{access:?}");
        let who = entry.actor.clone().unwrap().subject;
        *counts.entry(who).or_default() += access.count;
    }
    let mut expected: BTreeMap<String, u64> = MANY.map(|who| (who.to_owned(), EACH as u64)).into();
    expected.insert("静か".to_owned(), 1);
    assert_eq!(counts, expected);
    let folded = told.iter().filter(|entry| access(entry).resource.is_none());
    assert!(0 < folded.count());

    // More than a page of the server, and less than there are: it is said that there are more.
    let listed = done(
        &format!("http://{}", server.address),
        "audit access --class write --limit 600",
    );
    assert!(
        listed.contains("600 accesses, and there are more"),
        "{}",
        listed.lines().last().unwrap_or_default()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_while_merged_accesses_wait_loses_only_those() {
    const WAITING: u64 = 9;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve_recording(folder.path(), None);
    let personal = set_up(&server).await;
    let mut client = LedgerServiceClient::with_interceptor(server.connect(), As("甲"));
    let wrong = append(Vec::new());
    client.append_events(wrong.clone()).await.unwrap_err();
    let asked = ListAccessRequest {
        actor: Some("甲".to_owned()),
        ..ListAccessRequest::default()
    };
    let mut audit = AuditServiceClient::with_interceptor(server.connect(), As("監査"));
    let before = audit.list_access(asked.clone()).await.unwrap().into_inner();
    assert_eq!(before.entries.len(), 1);
    // These are like the one that is written, and wait for the end of its minute.
    for _ in 0..WAITING {
        client.append_events(wrong.clone()).await.unwrap_err();
    }
    client.get_event(position(personal)).await.unwrap();
    server.kill();

    let mut server = Process::serve_recording(folder.path(), None);
    let mut audit = AuditServiceClient::with_interceptor(server.connect(), As("監査"));
    let after = audit.list_access(asked).await.unwrap().into_inner();
    let count = |method: &str| -> u64 {
        let of = after.entries.iter().map(access);
        of.filter(|access| access.rpc.ends_with(method))
            .map(|access| access.count)
            .sum()
    };
    assert_eq!(count("/GetEvent"), 1);
    // A minute that ended meanwhile was written.
    assert!((1..=1 + WAITING).contains(&count("/AppendEvents")));
    assert!(after.entries.contains(&before.entries[0]));
    assert_eq!(server.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_that_are_not_for_everybody_are_recorded_wherever_they_are_named() {
    let server = Server::with(tempfile::tempdir().unwrap(), recording()).await;
    let mut admin = server.admin().await;
    admin.open_ledger(opening("city")).await.unwrap();
    let mut clerk = server.ledger("担当").await;
    let ledger = clerk.get_ledger(GetLedgerRequest::default()).await.unwrap();
    let today = ledger.into_inner().today.parse().unwrap();
    let (plan, mut events) = SmallPlan::new(today, 1, 2, || new_id().to_string());
    for event in &mut events {
        if let Some(Payload::IndicatorDefined(defined)) = &mut event.payload
            && defined.indicator == plan.indicators[0]
        {
            defined.definition.as_mut().unwrap().disclosure = Disclosure::Restricted.into();
        }
    }
    clerk.append_events(append(events)).await.unwrap();
    let restricted = first_position(&mut clerk, report(&plan, &plan.indicators[0], "1")).await;
    let public = first_position(&mut clerk, report(&plan, &plan.indicators[1], "1")).await;

    let mut reader = server.ledger("閲覧者").await;
    for at in [restricted, public] {
        reader.get_event(position(at)).await.unwrap();
    }
    let of = |indicator: &String| ListChangesRequest {
        subject: Some(indicator.clone()),
        ..ListChangesRequest::default()
    };
    let mut audit = AuditServiceClient::with_interceptor(server.channel().await, As("閲覧者"));
    for indicator in &plan.indicators {
        audit.list_changes(of(indicator)).await.unwrap();
    }
    let status = ListReportingStatusRequest::default();
    let mut goals = server.goals().await;
    goals.list_reporting_status(status).await.unwrap();

    let told = accesses(&server, ListAccessRequest::default()).await;
    let mut lines: Vec<String> = told.iter().map(line).collect();
    lines.retain(|line| line.contains(": READ "));
    lines.sort();
    assert_eq!(
        lines,
        [
            "reader: READ ListReportingStatus OK".to_owned(),
            format!("閲覧者: READ GetEvent {restricted} OK"),
            format!("閲覧者: READ ListChanges {} OK", plan.indicators[0]),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_log_that_an_empty_name_means_gets_none_of_its_own() {
    let flags = Flags {
        default_ledger: Some("city/access".to_owned()),
        ..recording()
    };
    let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
    let mut admin = server.admin().await;
    admin.open_ledger(opening("city")).await.unwrap();
    // It names no ledger.
    let asked = ListIntegrityEventsRequest::default();
    admin.list_integrity_events(asked).await.unwrap();
    let told = accesses(&server, ListAccessRequest::default()).await;
    let lines: Vec<String> = told.iter().map(line).collect();
    let expected = "administrator: ADMINISTER ListIntegrityEvents OK";
    assert!(lines.iter().any(|line| line == expected), "{lines:?}");
    assert_eq!(server.ledgers.list().len(), 2);
}

/// Whether there is a file anywhere below `folder`.
fn holds_a_file(folder: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    let mut paths = entries.flatten().map(|entry| entry.path());
    paths.any(|path| path.is_file() || holds_a_file(&path))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_from_what_they_asked_for_is_recorded() {
    let (server, _) = server().await;
    let mut evidence = server.evidence().await;
    // An upload of which the first message came, and no other will.
    let (frames, waiting) = tokio::sync::mpsc::channel(1);
    let file = EvidenceFile {
        ledger: "city".to_owned(),
        sha256: vec![7; 32],
        media_type: "application/pdf".to_owned(),
        size_bytes: 1_000,
    };
    let first = PutEvidenceRequest {
        frame: Some(put_evidence_request::Frame::File(file)),
    };
    frames.send(first).await.unwrap();
    let frames_of = futures::stream::unfold(waiting, |mut waiting| async {
        Some((waiting.recv().await?, waiting))
    });
    let upload = tokio::spawn(async move { evidence.put_evidence(frames_of).await });
    let files = server.folder.path().join("data").join("attachments");
    let taken_up = async {
        // A draft of it is there.
        while !holds_a_file(&files) {
            tokio::task::yield_now().await;
        }
    };
    let taken_up = tokio::time::timeout(Duration::from_secs(60), taken_up).await;
    taken_up.unwrap();
    upload.abort();
    assert!(upload.await.unwrap_err().is_cancelled());
    drop(frames);
    let told = async {
        loop {
            let told = accesses(&server, ListAccessRequest::default()).await;
            let of = told
                .iter()
                .find(|entry| access(entry).rpc.ends_with("/PutEvidence"));
            if let Some(entry) = of {
                return entry.clone();
            }
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(60), told).await;
    let told = told.unwrap();
    let access = access(&told);
    assert_eq!(access.outcome(), AccessOutcome::Failed);
    let resource = access.resource.clone().unwrap();
    assert_eq!(resource.name, "07".repeat(32));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_recorded_where_that_was_not_asked_for() {
    let server = Server::start().await;
    server.planned().await;
    let mut clerk = server.ledger("担当").await;
    clerk
        .read_events(ReadEventsRequest::default())
        .await
        .unwrap();
    let mut audit = server.audit().await;
    let answer = audit.list_access(ListAccessRequest::default());
    let answer = answer.await.unwrap().into_inner();
    assert_eq!((answer.entries.len(), answer.access_log), (0, None));
    assert_eq!(server.ledgers.list().len(), 1);
}

/// A ledger with a plan on a server of its own process; the position of an event that is about a person.
async fn set_up(server: &Process) -> u64 {
    let mut admin = AdminServiceClient::with_interceptor(server.connect(), As("管理者"));
    admin.open_ledger(opening("city")).await.unwrap();
    let mut client = LedgerServiceClient::with_interceptor(server.connect(), As("担当"));
    let today = client
        .get_ledger(GetLedgerRequest::default())
        .await
        .unwrap();
    let today = today.into_inner().today.parse().unwrap();
    let (plan, events) = SmallPlan::new(today, 1, 1, || new_id().to_string());
    client.append_events(append(events)).await.unwrap();
    first_position(&mut client, about_a_person(&plan)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_record_nothing_personal_is_answered_and_nothing_is_taken_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve_recording(folder.path(), None);
    let personal = set_up(&server).await;
    assert_eq!(server.stop(), 0);
    let failing = Some(Step::AccessLogWritten);
    let mut server = Process::serve_recording(folder.path(), failing);
    let mut client = LedgerServiceClient::with_interceptor(server.connect(), As("閲覧者"));
    let status = client.get_event(position(personal)).await.unwrap_err();
    let reason = |status: &tonic::Status| status.get_details_error_info().unwrap().reason;
    assert_eq!(reason(&status), "ACCESS_LOG_UNAVAILABLE");
    let mut proofs = ProofServiceClient::with_interceptor(server.connect(), As("監査"));
    let bundle = proofs.export_bundle(ExportBundleRequest::default()).await;
    assert_eq!(reason(&bundle.err().unwrap()), "ACCESS_LOG_UNAVAILABLE");
    // What is for everybody goes on.
    client
        .get_ledger(GetLedgerRequest::default())
        .await
        .unwrap();
    client.get_event(position(0)).await.unwrap();
    assert_eq!(server.stop(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_loses_no_export_that_was_answered() {
    const EXPORTS: usize = 12;
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve_recording(folder.path(), None);
    let personal = set_up(&server).await;
    let mut client = LedgerServiceClient::with_interceptor(server.connect(), As("閲覧者"));
    for _ in 0..EXPORTS {
        client.get_event(position(personal)).await.unwrap();
    }
    server.kill();
    let mut server = Process::serve_recording(folder.path(), None);
    let mut audit = AuditServiceClient::with_interceptor(server.connect(), As("監査"));
    let asked = ListAccessRequest {
        actor: Some("閲覧者".to_owned()),
        ..ListAccessRequest::default()
    };
    let answer = audit.list_access(asked).await.unwrap().into_inner();
    assert_eq!(answer.entries.len(), EXPORTS);
    assert!(answer.entries.iter().all(|entry| access(entry).personal));
    assert_eq!(server.stop(), 0);
}

/// Ledgers on a disk with one ledger of facts, and what records accesses to it.
async fn recorder(folder: &Path) -> (Arc<AccessLog>, LedgerId, watch::Sender<bool>) {
    let flags = Flags {
        data: Some(folder.to_str().unwrap().to_owned()),
        ..Flags::default()
    };
    let config = Config::from_sources(&flags, |_| None).unwrap();
    let ledgers = Opened::open(&config).await.unwrap().ledgers;
    let ledger = LedgerId::new(new_id()).unwrap();
    let open = fixture::permitted("opener", fixture::opening(ledger, "city"));
    ledgers.open(open).await.unwrap();
    let (closing, closed) = watch::channel(false);
    let proofs = fixture::proofs(&ledgers);
    let log = AccessLog::new(ledgers, proofs, Recording::All, closed);
    (Arc::new(log), ledger, closing)
}

fn opened_by(actor: &str, ledger: LedgerId) -> Access {
    Access {
        ledger,
        actor: Some(fixture::permitted(actor, ()).into_parts().0),
        rpc: "daicho.v1.AdminService/OpenLedger",
        class: daicho::domain::access_log::AccessClass::Administer,
        resource: None,
        purpose: None,
        outcome: daicho::domain::access_log::AccessOutcome::Ok,
        status: 0,
        reason: None,
        policy: None,
        peer: None,
        personal: false,
        duration: Duration::ZERO,
        request_id: None,
    }
}

/// Drops `work` when it has been asked `times` times whether it is done.
async fn gone_after<T>(work: impl Future<Output = T>, times: usize) -> Option<T> {
    let (mut work, mut asked) = (pin!(work), 0);
    poll_fn(|context| {
        if asked == times {
            return Poll::Ready(None);
        }
        asked += 1;
        work.as_mut().poll(context).map(Some)
    })
    .await
}

/// Who is named in the access log, in order.
async fn named(log: &AccessLog, ledger: LedgerId) -> Vec<String> {
    let reader = log.of(ledger).unwrap();
    reader.caught_up(None).await;
    let mut who = Vec::new();
    for position in 0..reader.head().size {
        let recorded = reader.stored(position).await.unwrap().recorded;
        if recorded.event.payload.is_access() {
            who.push(recorded.actor.subject.to_string());
        }
    }
    who
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_goes_away_while_an_access_log_is_opened_is_recorded_and_breaks_nothing() {
    for times in 1..6 {
        let folder = tempfile::tempdir().unwrap();
        let (log, ledger, _closing) = recorder(folder.path()).await;
        gone_after(log.record(opened_by("甲", ledger)), times).await;
        log.record(opened_by("乙", ledger)).await.unwrap();
        let both = async {
            let mut heads = log.of(ledger).unwrap().watch();
            while named(&log, ledger).await.len() < 2 {
                heads.changed().await.unwrap();
            }
        };
        let both = tokio::time::timeout(Duration::from_secs(60), both).await;
        both.unwrap_or_else(|_| panic!("gone after {times}, and not recorded"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_noted_is_written_also_if_whoever_waits_for_it_goes_away() {
    for times in 1..6 {
        let folder = tempfile::tempdir().unwrap();
        let (log, ledger, _closing) = recorder(folder.path()).await;
        log.note(opened_by("甲", ledger));
        gone_after(log.settle(), times).await;
        log.settle().await;
        assert_eq!(named(&log, ledger).await, ["甲"], "gone after {times}");
    }
}

fn daicho(server: &str, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
    command
        .args(line.split(' '))
        .args(["--server", server, "--as", "監査", "--lang", "en"]);
    command.output().unwrap()
}

#[track_caller]
fn done(server: &str, line: &str) -> String {
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
