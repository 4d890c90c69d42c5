//! What is read once an append is stored: its answer says that it is stored, whatever can be read.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::role_granted::Holder;
use daicho::api::v1::*;
use daicho::auth::access::BUILT_IN;
use daicho::clock::{new_id, new_random_id};
use tonic::Code;

use super::{Appends, Faulty, LONG, Reads};
use crate::errors::told;
use crate::errors::world::{Ja, event, goal, narrative, title};
use crate::service::append;

/// Who answers findings and may not read the goal `計画/1-9`.
const CHIEF: &str = "課長";

/// Seats the chief, has a finding recorded about an event of the goal that they read, and hides another goal from them.
async fn found(server: &mut Faulty) {
    let day = server.first_day.clone();
    let today = LedgerServiceClient::with_interceptor(server.routes(LONG), Ja("担当"))
        .get_ledger(GetLedgerRequest::default())
        .await
        .unwrap()
        .into_inner()
        .today;
    let (person, said) = (new_random_id().to_string(), new_id().to_string());
    let registered = PersonRegistered {
        person: person.clone(),
        name: "課長".to_owned(),
        logins: vec![Login {
            issuer: None,
            subject: CHIEF.to_owned(),
        }],
    };
    let granted = RoleGranted {
        grant: new_id().to_string(),
        seat: "散歩課長".to_owned(),
        title: title("散歩課長"),
        role: SeatRole::SectionChief.into(),
        units: vec!["散歩課".to_owned()],
        holder: Some(Holder::Person(person)),
    };
    let about = FindingReference {
        kind: Some(finding_reference::Kind::Event(said.clone())),
    };
    let finding = AuditFindingRecorded {
        plan: "計画".to_owned(),
        finding: "指摘1".to_owned(),
        text: "根拠が無い".to_owned(),
        references: vec![about],
        due: today.clone(),
        promised: "添付する".to_owned(),
    };
    let cedar = format!(
        "{BUILT_IN}\n@id(\"not-the-other\")\nforbid (principal, action == Daicho::Action::\"ReadGoal\", \
         resource == Daicho::Goal::\"計画/1-9\");\n"
    );
    let policy = PolicyPublished {
        code: "access".to_owned(),
        version: 1,
        title: title("権限方針"),
        content: Some(policy_published::Content::Access(AccessPolicy { cedar })),
    };
    let events = vec![
        event(&day, Payload::PersonRegistered(registered)),
        event(&day, Payload::RoleGranted(granted)),
        goal(&day, "計画", "計画/1-9", "文化部", 1),
        EventInput {
            event_id: said,
            ..narrative(&day, "計画/1-1", "覚え書き")
        },
        event(&today, Payload::AuditFindingRecorded(finding)),
        event(&today, Payload::PolicyPublished(policy)),
    ];
    server.client.append_events(append(events)).await.unwrap();
    for reader in server.ledgers.list() {
        reader.caught_up(None).await;
    }
}

/// The chief's answer to it.
fn answered(day: &str, validate_only: bool) -> AppendEventsRequest {
    let answered = AuditFindingAnswered {
        plan: "計画".to_owned(),
        finding: "指摘1".to_owned(),
        text: "承知した".to_owned(),
        action: "添付した".to_owned(),
        references: Vec::new(),
    };
    AppendEventsRequest {
        effects: true,
        validate_only,
        ..append(vec![event(day, Payload::AuditFindingAnswered(answered))])
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_answered_though_what_it_changes_cannot_be_told() {
    let mut server = Faulty::planned().await;
    found(&mut server).await;
    let size = server.size().await;
    let mut chief = LedgerServiceClient::with_interceptor(server.routes(LONG), Ja(CHIEF));
    let ledger = chief.get_ledger(GetLedgerRequest::default()).await;
    let today = ledger.unwrap().into_inner().today;

    let checked = chief.append_events(answered(&today, true)).await;
    let checked = format!("{:?}", checked.unwrap().into_inner().effects);
    assert!(checked.contains("承知した"), "{checked}");

    // Of a check nothing is stored, and it says that it could not read.
    server.log.reads(Reads::Garbage);
    let status = chief.append_events(answered(&today, true)).await;
    let refused = told(&status.unwrap_err());
    assert_eq!(
        (refused.code, refused.reason.as_str()),
        (Code::DataLoss, "DATA_DAMAGED")
    );
    server.log.reads(Reads::Work);

    server.log.appends(Appends::Blind { after: 0 });
    let answer = chief.append_events(answered(&today, false)).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.receipt.unwrap().first_position, size);
    assert!(answer.effects.is_empty() && answer.outcomes.is_empty());
    assert_eq!(server.size().await, size + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closing_is_answered_though_the_snapshot_behind_it_cannot_be_read() {
    let mut server = Faulty::planned().await;
    let day = server.first_day.clone();
    let opened = PeriodOpened {
        plan: "計画".to_owned(),
        period: "初日".to_owned(),
        title: title("初日"),
        span: Some(DateSpan {
            first: day.clone(),
            last: day.clone(),
        }),
    };
    let opened = event(&day, Payload::PeriodOpened(opened));
    let opened = server.client.append_events(append(vec![opened])).await;
    let size = opened.unwrap().into_inner().receipt.unwrap().size;
    let closed = PeriodClosed {
        plan: "計画".to_owned(),
        period: "初日".to_owned(),
        revision: None,
    };
    let closing = append(vec![event(&day, Payload::PeriodClosed(closed))]);

    // The snapshot and the heads are appended behind it.
    server.log.appends(Appends::Blind { after: 2 });
    let answer = server.client.append_events(closing.clone()).await;
    let answer = answer.unwrap().into_inner();
    assert_eq!(answer.receipt.unwrap().first_position, size);
    assert!(answer.derived.is_empty() && answer.derived_follows);
    assert_eq!(server.size().await, size + 3);

    server.log.reads(Reads::Work);
    let again = server.client.append_events(closing).await;
    let again = again.unwrap().into_inner();
    assert!(again.replayed && !again.derived_follows);
    let derived = again.derived.iter().map(|event| event.position);
    assert!(derived.eq([size + 1, size + 2]), "{:?}", again.derived);
}
