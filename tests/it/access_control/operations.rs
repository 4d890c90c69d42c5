//! Changes of keys and erasures: proposed by one, decided by another, carried out once.

use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::evidence_service_client::EvidenceServiceClient;
use daicho::api::v1::operation_authorised::{NewKey, Operation};
use daicho::auth::Authenticator;
use daicho::clock::new_random_id;
use daicho::domain::event::{Event, KeyAnnounced, Stream};
use daicho::domain::id::{EventId, RequestId};
use daicho::domain::text::Name;
use daicho::domain::trust::VerifierKey;
use daicho::ledger::{Append, AppendError};

use super::*;
use crate::evidence::sha256;

const LAW: &str = "個人情報の保護に関する法律 第98条";
/// Administers beside 管理.
const OTHER: &str = "次の管理";

fn why() -> Option<Reason> {
    Some(Reason {
        code: ReasonCode::Other.into(),
        text: "定期更新".to_owned(),
    })
}

fn step(payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        payload: Some(payload),
        ..EventInput::default()
    }
}

fn announcing() -> AnnounceKeyRequest {
    AnnounceKeyRequest {
        request_id: new_id().to_string(),
        reason: why(),
        ..AnnounceKeyRequest::default()
    }
}

impl City {
    /// Another administrator, and the rules for keys and erasures of the built-in matrix.
    async fn with_two_persons() -> Self {
        let city = Self::new().await;
        let person = new_random_id().to_string();
        let registered = PersonRegistered {
            person: person.clone(),
            name: OTHER.to_owned(),
            logins: vec![Login {
                issuer: None,
                subject: OTHER.to_owned(),
            }],
        };
        let granted = RoleGranted {
            grant: new_id().to_string(),
            seat: "次の管理の席".to_owned(),
            title: title(OTHER),
            role: SeatRole::Administrator.into(),
            units: Vec::new(),
            holder: Some(Holder::Person(person)),
        };
        let built_in = daicho::domain::decision::policy::ApprovalPolicy::default();
        let rules = built_in.rules.iter().filter_map(|rule| {
            let kind = format!("CHANGE_KIND_{}", rule.kind.code());
            let kind = ChangeKind::from_str_name(&kind).unwrap();
            let role = |role: daicho::domain::access::Role| {
                let role = format!("SEAT_ROLE_{}", role.code());
                SeatRole::from_str_name(&role).unwrap().into()
            };
            let posts = rule.deciders.iter();
            let is_operation = [
                ChangeKind::KeyChanged,
                ChangeKind::KeyCompromised,
                ChangeKind::DataErased,
            ];
            is_operation.contains(&kind).then(|| ApprovalRule {
                kind: kind.into(),
                drafters: rule.drafters.iter().copied().map(role).collect(),
                deciders: posts
                    .map(|post| ApprovalPost {
                        role: role(post.role),
                        unit: None,
                    })
                    .collect(),
                external: rule.external,
                expires_after_days: rule.expires_after_days,
                review_within_days: rule.review_within_days,
                ..ApprovalRule::default()
            })
        });
        let policy = ApprovalPolicy {
            rules: rules.collect(),
        };
        assert_eq!(policy.rules.len(), 3);
        let published = PolicyPublished {
            code: "approval".to_owned(),
            version: 1,
            title: title("決裁規程"),
            content: Some(policy_published::Content::Approval(policy)),
        };
        let today = city.today.clone();
        let events = vec![
            event(&today, Payload::PersonRegistered(registered)),
            event(&today, Payload::RoleGranted(granted)),
            event(&today, Payload::PolicyPublished(published)),
        ];
        city.sends("企画", events).await.unwrap();
        city
    }

    async fn admin(&self, who: &'static str) -> AdminServiceClient<crate::service::Caller> {
        AdminServiceClient::with_interceptor(self.server.channel().await, As(who))
    }

    async fn proposes(&self, who: &'static str, operation: Operation) -> Result<Receipt, Status> {
        let is_erasure = matches!(
            operation,
            Operation::ErasePersonalData(_) | Operation::EraseEvidence(_)
        );
        let authorised = OperationAuthorised {
            operation: Some(operation),
            legal_basis: is_erasure.then(|| LAW.to_owned()),
        };
        let change = EventInput {
            event_id: String::new(),
            reason: why(),
            ..event(&self.today, Payload::OperationAuthorised(authorised))
        };
        let proposed = step(Payload::ChangeProposed(Box::new(ChangeProposed {
            proposal: new_id().to_string(),
            change: Some(Box::new(change)),
            impact: "署名に鍵が加わる".to_owned(),
            ..ChangeProposed::default()
        })));
        self.sends(who, vec![proposed]).await
    }

    /// Approves a proposal as somebody sees it.
    async fn approves(&self, who: &'static str, proposal: &str) -> Result<Receipt, Status> {
        let channel = self.server.channel().await;
        let mut goals = GoalServiceClient::with_interceptor(channel, As(who));
        let asked = ListPendingRequest {
            proposal: Some(proposal.to_owned()),
            ..ListPendingRequest::default()
        };
        let seen = goals.list_pending(asked).await?.into_inner();
        let decided = step(Payload::ChangeDecided(ChangeDecided {
            proposal: proposal.to_owned(),
            change_sha256: seen.proposals[0].change_sha256.clone(),
            outcome: DecisionOutcome::Approved.into(),
            ..ChangeDecided::default()
        }));
        self.sends(who, vec![decided]).await
    }

    async fn fact_at(&self, position: u64) -> EventInput {
        let mut auditor = self.server.ledger("監査").await;
        let asked = GetEventRequest {
            selector: Some(get_event_request::Selector::Position(position)),
            ..GetEventRequest::default()
        };
        let found = auditor.get_event(asked).await.unwrap().into_inner();
        found.event.unwrap().fact.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_announced_once_somebody_else_approved_it() {
    let city = City::with_two_persons().await;
    let mut admin = city.admin("管理").await;
    let refused = admin.announce_key(announcing()).await.unwrap_err();
    let told = crate::errors::told(&refused);
    assert_eq!(told.reason, "DECISION_REQUIRED", "{refused:?}");
    assert_eq!(
        told.metadata["propose"], "OPERATION_AUTHORISED",
        "{refused:?}"
    );
    assert!(told.metadata["deciders"].contains("administrator"));
    let data = city.server.folder.path().join("data/keys");
    assert!(!data.join("retired").exists(), "no key was drawn for it");

    let announce = || Operation::AnnounceKey(NewKey {});
    let not_theirs = city.proposes("課長", announce());
    assert_eq!(reason(&not_theirs.await.unwrap_err()), "NO_AUTHORITY");
    let not_permitted = city.proposes("担当", announce());
    assert_eq!(reason(&not_permitted.await.unwrap_err()), "NOT_PERMITTED");
    city.proposes("管理", announce()).await.unwrap();
    let own = city.approves("管理", "P1").await.unwrap_err();
    assert_eq!(reason(&own), "NOT_PERMITTED", "{own:?}");
    let waits = admin.announce_key(announcing()).await.unwrap_err();
    assert_eq!(reason(&waits), "DECISION_REQUIRED");
    let approved = city.approves(OTHER, "P1").await.unwrap();
    let [decision, authorisation] = approved.events.as_slice() else {
        panic!("{approved:?}");
    };

    let request = announcing();
    let announced = admin.announce_key(request.clone()).await.unwrap();
    let change = announced.into_inner().change.unwrap();
    assert_eq!(change.keys.len(), 2);
    let position = change.event.unwrap().position;
    let fact = city.fact_at(position).await;
    assert_eq!(fact.causation_id.as_ref(), Some(&authorisation.event_id));
    assert_eq!(fact.decision_event_id.as_ref(), Some(&decision.event_id));
    // The same call again is the same change; another one takes another decision.
    let again = admin.announce_key(request).await.unwrap().into_inner();
    assert!(again.change.unwrap().replayed);
    let second = admin.announce_key(announcing()).await.unwrap_err();
    assert_eq!(reason(&second), "DECISION_REQUIRED");
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_at_one_time_never_use_the_same_authorisation() {
    let city = City::with_two_persons().await;
    city.proposes("管理", Operation::AnnounceKey(NewKey {}))
        .await
        .unwrap();
    city.approves(OTHER, "P1").await.unwrap();
    let reader = city.server.ledgers.list().remove(0);
    let calls = (0..8).map(|n| {
        let id = new_id();
        let announced = KeyAnnounced {
            verifier_key: VerifierKey::parse(&format!("city.example+0000000{n}+AQOh")).unwrap(),
            from_size: 1,
        };
        let event = Event::new(
            EventId::derived(id, "key"),
            Stream::ledger(reader.id()),
            announced.into(),
        );
        let append = Append::new(reader.id(), RequestId::derived(id, "call"), vec![event]);
        let permitted = Authenticator.permit_system(Name::parse("daicho").unwrap(), append);
        city.server.ledgers.append(permitted, None)
    });
    let ended = futures::future::join_all(calls).await;
    let (done, refused): (Vec<_>, Vec<_>) = ended.into_iter().partition(Result::is_ok);
    assert_eq!(done.len(), 1);
    for refused in refused {
        let Err(AppendError::Rejected(rules)) = refused else {
            panic!("{refused:?}");
        };
        let reasons: Vec<_> = rules.iter().map(|rule| rule.reason.code()).collect();
        assert_eq!(reasons, ["DECISION_REQUIRED"]);
    }
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_is_proposed_decided_and_carried_out_by_three_persons() {
    let city = City::with_two_persons().await;
    let subject = new_random_id().to_string();
    let noted = EventInput {
        personal_texts: vec![PersonalText {
            field: "payload.text".to_owned(),
            subject_ref: subject.clone(),
        }],
        ..event(
            &city.today,
            Payload::NarrativeAdded(NarrativeAdded {
                subject: Some(Subject {
                    kind: Some(subject::Kind::Indicator(city.plan.indicators[0].clone())),
                }),
                kind: NarrativeKind::Note.into(),
                text: "本人の申出".to_owned(),
            }),
        )
    };
    city.sends("担当", vec![noted]).await.unwrap();
    let erasing = |basis: &str, approved_by: &str| ErasePersonalDataRequest {
        request_id: new_id().to_string(),
        subject_ref: subject.clone(),
        legal_basis: basis.to_owned(),
        approved_by: approved_by.to_owned(),
        reason: why(),
        ..ErasePersonalDataRequest::default()
    };
    let mut admin = city.admin("管理").await;
    let refused = admin.erase_personal_data(erasing(LAW, "部長")).await;
    assert_eq!(reason(&refused.unwrap_err()), "DECISION_REQUIRED");
    let erase = || Operation::ErasePersonalData(subject.clone());
    let by_operator = city.proposes("管理", erase());
    assert_eq!(reason(&by_operator.await.unwrap_err()), "NO_AUTHORITY");
    city.proposes("課長", erase()).await.unwrap();
    let by_operator = city.approves("管理", "P1").await.unwrap_err();
    assert_eq!(reason(&by_operator), "NO_AUTHORITY");
    city.approves("部長", "P1").await.unwrap();

    let other_ground = admin.erase_personal_data(erasing("条例", "")).await;
    let told = crate::errors::told(&other_ground.unwrap_err());
    let field = ("FIELD_INVALID".to_owned(), "legal_basis".to_owned());
    assert_eq!(told.violations, [field]);
    let erased = admin.erase_personal_data(erasing(LAW, "")).await;
    let erased = erased.unwrap().into_inner();
    assert!(erased.destroyed && !erased.replayed);
    let event = &erased.receipt.unwrap().events[0];
    let fact = city.fact_at(event.position).await;
    assert!(fact.decision_event_id.is_some() && fact.causation_id.is_some());
    match fact.payload.unwrap() {
        Payload::PersonalDataErased(p) => assert_eq!(p.approved_by, "部長"),
        other => panic!("{other:?}"),
    }
    let again = admin.erase_personal_data(erasing(LAW, "部長")).await;
    assert!(again.unwrap().into_inner().replayed);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_erased_that_was_decided_on_and_no_other() {
    let city = City::with_two_persons().await;
    let channel = city.server.channel().await;
    let mut clerk = EvidenceServiceClient::with_interceptor(channel.clone(), As("担当"));
    let files = ["一覧\n".as_bytes(), "名簿\n".as_bytes()];
    for content in files {
        let file = put_evidence_request::Frame::File(EvidenceFile {
            ledger: "city".to_owned(),
            sha256: sha256(content).to_vec(),
            media_type: "text/plain".to_owned(),
            size_bytes: content.len() as u64,
        });
        let piece = put_evidence_request::Frame::Piece(content.to_vec().into());
        let frames = [file, piece].map(|frame| PutEvidenceRequest { frame: Some(frame) });
        let put = clerk.put_evidence(tokio_stream::iter(frames)).await;
        put.unwrap();
    }
    let mut admin = EvidenceServiceClient::with_interceptor(channel, As("管理"));
    let erasing = |content: &[u8]| EraseEvidenceRequest {
        request_id: new_id().to_string(),
        sha256: sha256(content).to_vec(),
        reason: why(),
        legal_basis: LAW.to_owned(),
        ..EraseEvidenceRequest::default()
    };
    let erase = Operation::EraseEvidence(sha256(files[0]).to_vec());
    city.proposes("課長", erase).await.unwrap();
    city.approves("部長", "P1").await.unwrap();
    let other = admin.erase_evidence(erasing(files[1])).await.unwrap_err();
    assert_eq!(reason(&other), "DECISION_REQUIRED");
    let erased = admin.erase_evidence(erasing(files[0])).await.unwrap();
    let erased = erased.into_inner();
    assert!(!erased.already_erased);
    assert_eq!(erased.erasure.unwrap().approved_by, "部長");
    let again = admin.erase_evidence(erasing(files[0])).await.unwrap();
    assert!(again.into_inner().already_erased);
    city.server.stop().await;
}
