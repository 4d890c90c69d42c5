//! What administrators do beside the log's own events, and who may put files beside it.

use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::evidence_service_client::EvidenceServiceClient;
use daicho::api::v1::proof_service_client::ProofServiceClient;

use super::*;
use crate::service::opening;

#[tokio::test(flavor = "multi_thread")]
async fn what_administrators_do_says_by_which_policy_and_in_which_seat() {
    let city = City::new().await;
    let channel = city.server.channel().await;
    let mut admin = AdminServiceClient::with_interceptor(channel.clone(), As("管理"));
    let announced = admin.announce_key(AnnounceKeyRequest {
        request_id: new_id().to_string(),
        reason: Some(Reason {
            code: ReasonCode::Other.into(),
            text: "年度の更新".to_owned(),
        }),
        ..AnnounceKeyRequest::default()
    });
    let change = announced.await.unwrap().into_inner().change.unwrap();
    let position = change.event.unwrap().position;
    let mut proofs = ProofServiceClient::with_interceptor(channel, As("管理"));
    let recorded = proofs.record_heads(RecordHeadsRequest::default()).await;
    let recorded = recorded.unwrap().into_inner().event.unwrap();
    let heads = recorded.position;
    let opened = admin.open_ledger(opening("town")).await.unwrap();
    let town = opened.into_inner().ledger.unwrap().id;
    let event_at = async |ledger: &str, position| {
        let mut client = city.server.ledger("監査").await;
        let asked = GetEventRequest {
            ledger: ledger.to_owned(),
            selector: Some(get_event_request::Selector::Position(position)),
            ..GetEventRequest::default()
        };
        client
            .get_event(asked)
            .await
            .unwrap()
            .into_inner()
            .event
            .unwrap()
    };
    let sha256 = Policy::parse(BUILT_IN).unwrap().sha256().to_vec();
    for (ledger, position, subject) in [
        ("city", position, "daicho"),
        ("city", heads, "daicho"),
        (&town, 0, "管理"),
    ] {
        let event = event_at(ledger, position).await;
        let by = event.authorization.unwrap();
        assert_eq!(by.policy_ids, ["administrator-operates"], "{subject}");
        assert_eq!(by.policy_set_sha256, sha256);
        let actor = event.actor.unwrap();
        assert_eq!(actor.subject, subject);
        let asked_by = (subject == "daicho").then_some("管理");
        assert_eq!(actor.acting_for.as_deref(), asked_by);
        assert_eq!(actor.seat.as_deref(), Some("管理の席"));
    }
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_put_by_those_who_may_attach_them() {
    let city = City::new().await;
    let channel = city.server.channel().await;
    let put = async |who: &'static str| {
        let mut client = EvidenceServiceClient::with_interceptor(channel.clone(), As(who));
        let file = put_evidence_request::Frame::File(EvidenceFile {
            ledger: "city".to_owned(),
            sha256: vec![7; 32],
            media_type: "application/pdf".to_owned(),
            size_bytes: 3,
        });
        let piece = put_evidence_request::Frame::Piece(b"abc".as_slice().into());
        let frames = [file, piece].map(|frame| PutEvidenceRequest { frame: Some(frame) });
        let refused = client.put_evidence(tokio_stream::iter(frames)).await;
        reason(&refused.unwrap_err())
    };
    for (who, expected) in [
        ("担当", "EVIDENCE_DIFFERS"),
        ("課長", "EVIDENCE_DIFFERS"),
        ("部長", "EVIDENCE_DIFFERS"),
        ("企画", "EVIDENCE_DIFFERS"),
        // With a finding, which is about a plan.
        ("監査", "EVIDENCE_DIFFERS"),
        ("管理", "NOT_PERMITTED"),
        ("通りがかり", "PERMISSION_DENIED"),
    ] {
        assert_eq!(put(who).await, expected, "{who}");
    }
    city.server.stop().await;
}
