//! A server that verifies itself while it works, and a snapshot that it would never have taken.

use std::fs;

use daicho::api::v1;
use daicho::api::v1::event_input::Payload as Wire;
use daicho::auth::Authenticator;
use daicho::clock::new_id;
use daicho::domain::code::{Code, Key};
use daicho::domain::evaluation::policy::PolicyVersion;
use daicho::domain::event as domain;
use daicho::domain::id::{EventId, RequestId};
use daicho::domain::text::Name;
use daicho::ledger::Append;
use jiff::civil::Date;
use serde_json::json;

use super::forge::{self, Segment};
use super::{NOBODY, journal};
use crate::cli::process::{Place, daicho};
use crate::service::{Server, append};

#[test]
fn a_server_verifies_itself_while_it_works() {
    let (place, plan, day) = Place::with_plan();
    let line = format!("record {plan}/文化部/1-1/1.1 3 --on {day}");
    assert_eq!(place.daicho(&line).code, 0);
    assert_eq!(place.daicho("checkpoint").code, 0);
    let size = place.size();
    let found = place.daicho("verify store --json");
    assert_eq!(found.code, 0, "{found:?}");
    let json = found.json();
    assert_eq!(json["integrity"]["outcome"], "VERIFIED");
    assert_eq!(json["witnessed"]["outcome"], "NOT_SHOWN");
    assert_eq!(json["content"]["outcome"], "NOT_SHOWN");
    assert_eq!(json["events"], size);
    assert_eq!(json["last_good"], size);
    // A byte of the journal under it: the group is read from its file.
    let file = journal(&place.folder.path().join("data"));
    let records = Segment::read(&file).records;
    let group = records.iter().rfind(|record| record.kind == 1).unwrap();
    let first = forge::Section::decode(&group.body).first;
    let mut bytes = fs::read(&file).unwrap();
    bytes[group.offset + 120] ^= 1;
    let mut whole = fs::OpenOptions::new().write(true).open(&file).unwrap();
    std::io::Write::write_all(&mut whole, &bytes).unwrap();
    let found = place.daicho("verify store --json");
    assert_eq!(found.code, 1, "{found:?}");
    assert_eq!(found.json()["findings"][0]["position"], first, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_states_other_rows_than_come_out_is_found() {
    let server = Server::start().await;
    let small = server.planned().await;
    let reader = server.ledgers.list()[0].clone();
    let plan = reader.caught_up(None).await.directory.plans()[0].id;
    let mut client = server.ledger("planner").await;
    let of_period = |payload| v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(small.first_day.clone()),
        payload: Some(payload),
        ..v1::EventInput::default()
    };
    let opened = |period: &str, day: String| {
        of_period(Wire::PeriodOpened(v1::PeriodOpened {
            plan: plan.to_string(),
            period: period.to_owned(),
            title: Some(v1::Title {
                ja: period.to_owned(),
                en: None,
            }),
            span: Some(v1::DateSpan {
                first: day.clone(),
                last: day,
            }),
        }))
    };
    let closed = of_period(Wire::PeriodClosed(v1::PeriodClosed {
        plan: plan.to_string(),
        period: "初日".to_owned(),
        revision: None,
    }));
    let day: Date = small.first_day.parse().unwrap();
    let next = day.tomorrow().unwrap();
    let events = vec![
        opened("初日", day.to_string()),
        closed,
        opened("偽", next.to_string()),
    ];
    client.append_events(append(events)).await.unwrap();
    let mut admin = server.admin().await;
    let mut found = async || {
        let frames = admin.verify_store(v1::VerifyStoreRequest::default()).await;
        let mut frames = frames.unwrap().into_inner();
        loop {
            let frame = frames.message().await.unwrap().unwrap();
            if let Some(v1::verify_store_response::Content::Report(report)) = frame.content {
                break report;
            }
        }
    };
    let whole = found().await;
    assert!(whole.sound, "{whole:?}");

    // Past the services, which would take a true one.
    let day = next.to_string().parse().unwrap();
    let system = async |payload: domain::Payload| {
        let event = domain::Event {
            valid: Some(domain::Validity::from(day)),
            ..domain::Event::new(
                EventId::new(new_id()).unwrap(),
                domain::Stream::plan(plan),
                payload,
            )
        };
        let request = Append::new(reader.id(), RequestId::new(new_id()).unwrap(), vec![event]);
        let permitted = Authenticator.permit_system(Name::parse("daicho").unwrap(), request);
        let appended = server.ledgers.append(permitted, None).await.unwrap();
        appended.receipt.events[0].clone()
    };
    let period = Key::parse("偽").unwrap();
    let closing = domain::PeriodClosed {
        plan,
        period: period.clone(),
        revision: None,
    };
    let closing = system(closing.into()).await;
    let policy = PolicyVersion {
        code: Code::parse("default").unwrap(),
        version: 0,
    };
    let forged = domain::SnapshotTaken {
        plan,
        period,
        revision: 1,
        closed_by: closing.event_id,
        effective_on: day,
        known_at: closing.position + 1,
        policy,
        rows: 4,
        rows_format: 1,
        rows_sha256: [1; 32],
        root: None,
    };
    let forged = system(forged.into()).await;
    let report = found().await;
    assert!(!report.sound);
    let finding = &report.findings[0];
    assert_eq!(finding.kind, "snapshot_differs", "{report:?}");
    assert_eq!(finding.position, Some(forged.position));
    assert_eq!(finding.expected, hex::encode([1; 32]));

    // The same of the folder, without its server: the other one comes out as it states.
    let folder = server.stop().await;
    let data = folder.path().join("data");
    let ended = daicho(
        NOBODY,
        ["verify", "store", data.to_str().unwrap(), "--json"],
    );
    assert_eq!(ended.code, 1, "{ended:?}");
    let ledger = ended.json()["ledgers"][0].clone();
    let expected = json!({ "taken": 2, "computed_again": 2 });
    assert_eq!(ledger["snapshots"], expected, "{ledger}");
    let findings = ledger["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{ledger}");
    assert_eq!(findings[0]["kind"], "snapshot_differs");
    assert_eq!(findings[0]["position"], forged.position);
}
