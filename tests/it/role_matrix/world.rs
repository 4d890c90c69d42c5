//! A server that asks for certificates and tokens, and a ledger in it whose clock is set.

use std::sync::Arc;

use daicho::api::v1;
use daicho::api::v1::{
    AppendEventsRequest, AppendEventsResponse, EvidenceFile, GetCheckpointRequest, ListKeysRequest,
    ListPendingRequest, PutEvidenceRequest, put_evidence_request,
};
use daicho::auth::Authenticator;
use daicho::clock::{new_id, new_random_id};
use daicho::domain::event::ClockKind;
use daicho::domain::id::LedgerId;
use daicho::domain::text::Name;
use daicho::ledger::Reader;
use daicho::merkle::{KeyName, SignatureType, SignedCheckpoint, Signer as _, SigningKey, sign};
use jiff::Timestamp;
use prost::Message;

use super::frame::operation_proposed;
use super::people::{DECIDER, DRAFTER, HELD_UNTIL, INSPECTOR, People};
use super::place::{PLACES, Place, step};
use super::plan::{self, CLOSED, FIRST, REOPENED};
use super::wire::{Call, Caller, Refused, Says};
use crate::auth::world::World;
use crate::errors::world::{corrected, event, increment};
use crate::evidence::sha256;
use crate::fixture::opening;

/// The ledger's code.
pub(super) const LEDGER: &str = "city";
/// When all that there is was written.
const WRITTEN: &str = "2023-05-10T01:00:00Z";
const WRITTEN_ON: &str = "2023-05-10";

/// What requests are about.
pub(super) struct Ground {
    pub(super) people: People,
    /// Of one's own section, of another section of the department, of another department, and one of that which is PUBLIC.
    pub(super) places: [Place; PLACES],
    /// Where nothing is.
    pub(super) nowhere: Place,
    /// The size when all had been written.
    pub(super) size: u64,
    /// The key that signed first.
    pub(super) first_key: String,
    /// What a witness signed of the checkpoint of that size.
    pub(super) cosignature: String,
    /// A file that is to be erased, and whom a text is about that is to be erased.
    pub(super) regretted: Vec<u8>,
    pub(super) subject: String,
    /// A proposal to erase something, and the digest of the change.
    pub(super) operation: (String, Vec<u8>),
}

/// The server, the ledger and what is in it.
pub(super) struct Realm {
    pub(super) world: World,
    pub(super) reader: Arc<Reader>,
    pub(super) ground: Ground,
}

fn witness() -> SigningKey {
    let name = KeyName::parse("witness.example").unwrap();
    SigningKey::from_seed(name, SignatureType::CosignatureV1, &[5; 32])
}

/// A call of a method with one message.
pub(super) fn call(method: &str, message: &impl Message) -> Call {
    Call {
        path: format!("/daicho.v1.{method}"),
        sent: vec![message.encode_to_vec()],
        last: None,
        says: Says::default(),
    }
}

/// The upload of a file.
pub(super) fn upload(content: &[u8]) -> Call {
    let file = put_evidence_request::Frame::File(EvidenceFile {
        ledger: LEDGER.to_owned(),
        sha256: sha256(content).to_vec(),
        media_type: "text/plain".to_owned(),
        size_bytes: content.len() as u64,
    });
    let piece = put_evidence_request::Frame::Piece(content.to_vec().into());
    let sent = [file, piece].map(|frame| PutEvidenceRequest { frame: Some(frame) });
    Call {
        path: "/daicho.v1.EvidenceService/PutEvidence".to_owned(),
        sent: sent.iter().map(Message::encode_to_vec).collect(),
        last: None,
        says: Says::default(),
    }
}

/// An append of one event.
pub(super) fn append(event: v1::EventInput, validate_only: bool) -> Call {
    let request = AppendEventsRequest {
        ledger: LEDGER.to_owned(),
        request_id: new_id().to_string(),
        events: vec![event],
        validate_only,
        effects: true,
        ..AppendEventsRequest::default()
    };
    call("LedgerService/AppendEvents", &request)
}

impl Caller {
    /// The one message that is answered, which must be given.
    pub(super) async fn gets<M: Message + Default>(&self, call: &Call) -> M {
        let answer = self.calls(call).await;
        let answer =
            answer.unwrap_or_else(|refused| panic!("{} {}: {refused:?}", self.name, call.path));
        M::decode(answer[0].clone()).unwrap()
    }

    /// Appends what must be taken.
    async fn writes(&self, request_id: &str, events: Vec<v1::EventInput>) -> AppendEventsResponse {
        let request = AppendEventsRequest {
            ledger: LEDGER.to_owned(),
            request_id: request_id.to_owned(),
            events,
            ..AppendEventsRequest::default()
        };
        self.gets(&call("LedgerService/AppendEvents", &request))
            .await
    }
}

impl Realm {
    pub(super) async fn new() -> Self {
        let world = World::with(|flags| {
            flags.witnesses = Some(witness().key().to_string());
            flags.reflection = Some("true".to_owned());
        })
        .await;
        let id = LedgerId::new(new_id()).unwrap();
        let mut open = opening(id, LEDGER);
        (open.sample, open.clock) = (true, ClockKind::Simulated);
        let open = Authenticator.permit_system(Name::parse("test").unwrap(), open);
        world.server.ledgers.open(open).await.unwrap();
        let reader = world.server.ledgers.reader(id).unwrap();
        let ground = Ground {
            people: People::new(&world),
            places: [
                Place::new("甲", "甲部"),
                Place::new("隣", "甲部"),
                Place::new("乙", "乙部"),
                Place::new("公", "乙部").in_public(),
            ],
            nowhere: Place::new("無", "無部"),
            size: 0,
            first_key: String::new(),
            cosignature: String::new(),
            regretted: "誤って載せた一覧\n".into(),
            subject: new_random_id().to_string(),
            operation: (String::new(), Vec::new()),
        };
        let mut realm = Self {
            world,
            reader,
            ground,
        };
        realm.at(WRITTEN);
        realm.write().await;
        realm
    }

    /// Sets the ledger's clock.
    pub(super) fn at(&self, instant: &str) {
        let instant: Timestamp = instant.parse().unwrap();
        self.reader.clock().stop_at(instant);
    }

    pub(super) fn caller(&self, name: &str) -> &Caller {
        self.ground.people.caller(name)
    }

    async fn writes(&self, who: &str, events: Vec<v1::EventInput>) {
        let request_id = new_id().to_string();
        self.caller(who).writes(&request_id, events).await;
    }

    /// Appends one event for good, as somebody of the matrix.
    pub(super) async fn appends(&self, who: &str, event: v1::EventInput) -> Result<(), Refused> {
        let answer = self.caller(who).calls(&append(event, false)).await;
        answer.map(drop)
    }

    /// Goes on to `instant`, when the seats are held: those who report for their section do so, and what waits is proposed anew,
    /// for it would have expired by then.
    pub(super) async fn enter(&mut self, instant: &str) {
        let waiting = self.ground.places.iter().map(|place| &place.proposal);
        for proposal in waiting.chain([&self.ground.operation.0]) {
            let withdrawn = v1::ChangeWithdrawn {
                proposal: proposal.clone(),
            };
            let withdrawn = step(v1::event_input::Payload::ChangeWithdrawn(withdrawn));
            self.writes(DRAFTER, vec![withdrawn]).await;
        }
        self.at(instant);
        self.propose_operation(HELD_UNTIL).await;
        for index in 0..self.ground.places.len() {
            let proposal = new_id().to_string();
            let proposed = self.ground.places[index].given_up(&proposal, HELD_UNTIL);
            self.writes(DRAFTER, vec![proposed]).await;
            let digest = self.digest(&proposal).await;
            let place = &mut self.ground.places[index];
            (place.proposal, place.digest) = (proposal, digest);
        }
        for who in ["clerk", "service"] {
            let report = self.ground.places[0].report("2023-05-02");
            let id = report.event_id.clone();
            self.appends(who, report).await.unwrap();
            self.ground.places[0].own.insert(who, id);
        }
    }

    /// All that there is to ask about.
    async fn write(&mut self) {
        let mut begun = plan::units();
        begun.extend(self.ground.people.events(FIRST));
        self.writes("named", begun).await;
        let mut planned = vec![self.ground.people.acting()];
        planned.extend(plan::plans(WRITTEN_ON));
        self.writes(DRAFTER, planned).await;
        for place in &self.ground.places {
            let drafter = self.caller(DRAFTER);
            drafter.writes(&place.request, place.planned()).await;
        }
        let places = self.ground.places.iter();
        self.writes(DRAFTER, vec![plan::calendar(WRITTEN_ON, places)])
            .await;
        let mut files: Vec<&[u8]> = vec![&self.ground.regretted];
        files.extend(self.ground.places.iter().map(|place| place.file.as_slice()));
        for file in files {
            let put = self.caller(DRAFTER).calls(&upload(file)).await;
            put.unwrap();
        }
        let mut closed_reports = Vec::new();
        for place in &self.ground.places {
            let reported = place.reported();
            closed_reports.push((place.indicator_code(), reported[0].event_id.clone()));
            self.writes(DRAFTER, reported).await;
        }
        self.writes(DRAFTER, self.regrets()).await;
        for key in [CLOSED, REOPENED] {
            self.writes(DRAFTER, vec![plan::closed(WRITTEN_ON, key)])
                .await;
        }
        let places = self.ground.places.iter();
        let reopened = plan::reopened(WRITTEN_ON, REOPENED, places);
        self.writes(DRAFTER, vec![reopened]).await;
        for (indicator, entry) in closed_reports {
            let other = corrected("2023-04-20", &indicator, &entry, increment("4"));
            self.writes(DECIDER, vec![other]).await;
        }
        for place in &self.ground.places {
            self.writes(DRAFTER, place.judged(WRITTEN_ON)).await;
            self.writes(INSPECTOR, vec![place.found(WRITTEN_ON)]).await;
        }
        self.decide().await;
        self.propose_operation(WRITTEN_ON).await;
        self.look_around().await;
    }

    async fn propose_operation(&mut self, today: &str) {
        let proposal = new_id().to_string();
        let proposed = operation_proposed(&proposal, today);
        self.writes(DRAFTER, vec![proposed]).await;
        let digest = self.digest(&proposal).await;
        self.ground.operation = (proposal, digest);
    }

    /// What is regretted later: a text about a person, and a file.
    fn regrets(&self) -> Vec<v1::EventInput> {
        let place = &self.ground.places[0];
        let told = v1::NarrativeAdded {
            subject: place.about(),
            kind: v1::NarrativeKind::Note.into(),
            text: "本人の申出".to_owned(),
        };
        let attached = v1::EvidenceAttached {
            subject: place.about(),
            ..v1::EvidenceAttached::default()
        };
        let file = v1::Evidence {
            sha256: sha256(&self.ground.regretted).to_vec(),
            ..place.evidence()
        };
        vec![
            v1::EventInput {
                personal_texts: vec![v1::PersonalText {
                    field: "payload.text".to_owned(),
                    subject_ref: self.ground.subject.clone(),
                }],
                ..event(FIRST, v1::event_input::Payload::NarrativeAdded(told))
            },
            v1::EventInput {
                evidence: vec![file],
                ..event(FIRST, v1::event_input::Payload::EvidenceAttached(attached))
            },
        ]
    }

    /// Returns one proposal of each place.
    async fn decide(&mut self) {
        for index in 0..self.ground.places.len() {
            let place = &self.ground.places[index];
            let digest = self.digest(&place.proposal).await;
            let decided = v1::ChangeDecided {
                proposal: place.returned.clone(),
                change_sha256: self.digest(&place.returned).await,
                outcome: v1::DecisionOutcome::Returned.into(),
                text: Some(place.words.clone()),
                ..v1::ChangeDecided::default()
            };
            let decided = v1::EventInput {
                event_id: place.decision.clone(),
                ..step(v1::event_input::Payload::ChangeDecided(decided))
            };
            self.writes(DECIDER, vec![decided]).await;
            self.ground.places[index].digest = digest;
        }
    }

    async fn digest(&self, proposal: &str) -> Vec<u8> {
        let asked = ListPendingRequest {
            ledger: LEDGER.to_owned(),
            proposal: Some(proposal.to_owned()),
            ..ListPendingRequest::default()
        };
        let asked = call("GoalService/ListPending", &asked);
        let found: v1::ListPendingResponse = self.caller(DRAFTER).gets(&asked).await;
        found.proposals[0].change_sha256.clone()
    }

    /// What requests are made of that only the server knows.
    async fn look_around(&mut self) {
        let drafter = self.caller(DRAFTER);
        let asked = ListKeysRequest {
            ledger: LEDGER.to_owned(),
            ..ListKeysRequest::default()
        };
        let keys: v1::ListKeysResponse = drafter.gets(&call("ProofService/ListKeys", &asked)).await;
        let asked = GetCheckpointRequest {
            ledger: LEDGER.to_owned(),
            ..GetCheckpointRequest::default()
        };
        let asked = call("ProofService/GetCheckpoint", &asked);
        let shown: v1::GetCheckpointResponse = drafter.gets(&asked).await;
        let shown = shown.checkpoint.unwrap();
        let note = SignedCheckpoint::parse(shown.note.as_bytes()).unwrap();
        let line = sign(&witness(), note.note().text(), 1_700_000_000).unwrap();
        self.ground.first_key = keys.keys[0].verifier_key.clone();
        self.ground.cosignature = line.to_string();
        self.ground.size = shown.size;
    }
}
