//! Access logs as auditors meet them: what stands in them, what does not, and that none of it is lost or altered unseen.

use std::collections::BTreeMap;

use daicho::api::v1::access_entry::Said;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::proof_service_client::ProofServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::config::Flags;
use daicho::fault_point::Step;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::process::Process;
use crate::service::{As, Server, append, opening, report};
use daicho::load::SmallPlan;

mod auditor;
mod gone;
mod limits;

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
    // A proof has the event in it.
    for at in [public, restricted] {
        let proof = proofs.get_inclusion_proof(GetInclusionProofRequest {
            selector: Some(get_inclusion_proof_request::Selector::Position(at)),
            ..GetInclusionProofRequest::default()
        });
        proof.await.unwrap();
    }
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
        format!("監査: READ GetInclusionProof {restricted} OK"),
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
