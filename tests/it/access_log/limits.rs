//! Floods: what is merged and counted, that it hides nobody, and what of it a kill loses.

use std::collections::BTreeMap;

use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use tonic::Code;

use super::auditor::done;
use super::{access, accesses, position, server, set_up};
use crate::process::Process;
use crate::service::{As, append};

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
