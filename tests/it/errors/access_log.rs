//! What access logs do not take.

use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::config::Flags;
use tonic::Code;

use super::world::Ja;
use super::{Seen, expect};
use crate::service::{Server, append};
use daicho::load::SmallPlan;

pub(crate) async fn all_happen(seen: &mut Seen) {
    let flags = Flags {
        access_log: Some("true".to_owned()),
        ..Flags::default()
    };
    let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
    server.planned().await;
    let mut client = LedgerServiceClient::with_interceptor(server.channel().await, Ja("担当"));
    let ledger = client.get_ledger(GetLedgerRequest::default()).await;
    let ledger = ledger.unwrap().into_inner();
    // What reads all events is recorded, so there is an access log from then on.
    let read = client.read_events(ReadEventsRequest::default()).await;
    read.unwrap();
    let today = ledger.today.parse().unwrap();
    let (_, events) = SmallPlan::new(today, 1, 1, || new_id().to_string());
    let facts = AppendEventsRequest {
        ledger: "city/access".to_owned(),
        ..append(vec![events[0].clone()])
    };
    let status = client.append_events(facts).await.unwrap_err();
    expect(
        seen,
        &status,
        Code::FailedPrecondition,
        ErrorReason::LedgerIsAccessLog,
        "アクセス記録の台帳には",
    );
    // Nobody but the server says who asked for what.
    let invented = EventInput {
        event_id: new_id().to_string(),
        payload: Some(event_input::Payload::AccessRecorded(AccessRecorded {
            rpc: "daicho.v1.GoalService/GetGoal".to_owned(),
            ..AccessRecorded::default()
        })),
        ..EventInput::default()
    };
    for ledger in ["city", "city/access"] {
        let invented = AppendEventsRequest {
            ledger: ledger.to_owned(),
            ..append(vec![invented.clone()])
        };
        let status = client.append_events(invented).await.unwrap_err();
        expect(
            seen,
            &status,
            Code::FailedPrecondition,
            ErrorReason::EventByServer,
            "サーバーが記録します",
        );
    }
}
