//! One event of each type with every field set and one with as few as there may be, fixed for ever:
//! the golden files hold their leaves. Behind them, events for the forms that those leave out.

use jiff::Timestamp;
use jiff::civil::date;
use uuid::Uuid;

use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::code::{Code, Key};
use crate::domain::date::DateSpan;
use crate::domain::event::*;
use crate::domain::id::{
    EventId, GoalId, IndicatorId, InitiativeId, LedgerId, PlanId, RequestId, UnitId,
};
use crate::domain::indicator::*;
use crate::domain::org_unit::UnitKind;
use crate::domain::personal::Salt;
use crate::domain::plan::Pillar;
use crate::domain::quantity::Quantity;
use crate::domain::target::*;
use crate::domain::text::{Name, Text, Title};
use crate::domain::unit::{Dimension, Unit};
use crate::log::Leaf;
use crate::log::codec::{RequestPlace, ServerPart, encode_client_part};
use crate::merkle::Hash;

mod access;
mod access_log;
mod decisions;
mod evaluations;
mod forms;
mod grown;
mod model;
mod payloads;
mod round;
mod trust;

pub(super) use forms::forms;

/// An event with all that surrounds it.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    /// File name of its golden leaf, without the ending.
    pub(super) name: String,
    pub(super) ledger: LedgerId,
    pub(super) event: Event,
    pub(super) actor: Actor,
    pub(super) request: RequestPlace,
    pub(super) server: ServerPart,
}

impl Sample {
    pub(super) fn leaf(&self) -> Leaf {
        encode_client_part(&self.event, self.ledger, &self.actor, self.request)
            .unwrap()
            .finish(&self.server)
    }

    pub(super) fn recorded(&self) -> Recorded {
        Recorded {
            ledger: self.ledger,
            generation: self.server.generation,
            position: self.server.position,
            revision: self.server.revision,
            recorded_at: self.server.recorded_at,
            prev_leaf_hash: self.server.prev_leaf_hash.map(|hash| *hash.as_bytes()),
            actor: self.actor.clone().into(),
            request_id: self.request.id,
            request_index: self.request.index,
            request_count: self.request.count,
            event: self.event.clone(),
        }
    }
}

fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x0189_a5d0_0000_7000_8000_0000_0000_0000 | n)
}

pub(super) fn event_id(n: u128) -> EventId {
    EventId::new(uuid(n)).unwrap()
}
pub(super) fn goal(n: u128) -> GoalId {
    GoalId::new(uuid(0x1000 + n)).unwrap()
}
pub(super) fn initiative(n: u128) -> InitiativeId {
    InitiativeId::new(uuid(0x2000 + n)).unwrap()
}
pub(super) fn indicator(n: u128) -> IndicatorId {
    IndicatorId::new(uuid(0x3000 + n)).unwrap()
}
fn plan(n: u128) -> PlanId {
    PlanId::new(uuid(0x4000 + n)).unwrap()
}
fn unit_id(n: u128) -> UnitId {
    UnitId::new(uuid(0x5000 + n)).unwrap()
}
pub(super) fn ledger() -> LedgerId {
    LedgerId::new(uuid(0x6000)).unwrap()
}
pub(super) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}
pub(super) fn text<T: From<Text>>(text: &str) -> T {
    Text::parse(text).unwrap().into()
}
fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}
pub(super) fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}
pub(super) fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}
fn both(ja: &str, en: &str) -> Title {
    Title {
        ja: name(ja),
        en: Some(name(en)),
    }
}
fn ja(ja: &str) -> Title {
    Title {
        ja: name(ja),
        en: None,
    }
}
fn fiscal_year() -> DateSpan {
    DateSpan::new(date(2023, 4, 1), date(2024, 3, 31)).unwrap()
}

pub(super) fn actor() -> Actor {
    Actor {
        subject: name("s-4711"),
        issuer: Some(name("https://id.example.lg.jp")),
        seat: Some(name("企画財政部/企画政策課/課長")),
        acting_for: Some(name("企画財政部/部長")),
        client: Some(name("daicho-cli")),
        method: AuthMethod::Oidc,
        evidence_sha256: Some([0xa5; 32]),
        person: None,
        permitted_by: None,
    }
}

pub(super) fn plain_actor() -> Actor {
    Actor {
        subject: name("窓口"),
        issuer: None,
        seat: None,
        acting_for: None,
        client: None,
        method: AuthMethod::Unauthenticated,
        evidence_sha256: None,
        person: None,
        permitted_by: None,
    }
}

fn stream_of(payload: &Payload) -> Stream {
    match payload {
        Payload::LedgerOpened(_) => Stream::ledger(ledger()),
        Payload::PolicyPublished(_)
        | Payload::LedgerContinued(_)
        | Payload::PersonRegistered(_)
        | Payload::PersonChanged(_)
        | Payload::RoleGranted(_)
        | Payload::RoleRevoked(_)
        | Payload::DelegationRegistered(_)
        | Payload::DelegationEnded(_)
        | Payload::KeyAnnounced(_)
        | Payload::KeyRetired(_)
        | Payload::KeyCompromised(_)
        | Payload::HeadsRecorded(_)
        | Payload::PersonalDataErased(_)
        | Payload::EvidenceErased(_)
        | Payload::OperationAuthorised(_)
        | Payload::AccessRecorded(_)
        | Payload::AccessesLeftOut(_) => Stream::ledger(ledger()),
        // A proposal and its steps are in the stream of the change.
        Payload::PlanPublished(_)
        | Payload::ImportAccepted(_)
        | Payload::PeriodOpened(_)
        | Payload::PeriodSoftClosed(_)
        | Payload::PeriodClosed(_)
        | Payload::PeriodReopened(_)
        | Payload::SnapshotTaken(_)
        | Payload::RestatementIssued(_)
        | Payload::ReportingCalendarSet(_)
        | Payload::AuditFindingRecorded(_)
        | Payload::AuditFindingAnswered(_) => Stream::plan(plan(1)),
        Payload::OrgUnitRegistered(_) | Payload::OrgUnitChanged(_) => Stream::org(unit_id(2)),
        _ => Stream::goal(goal(1)),
    }
}

fn evidence() -> Vec<Evidence> {
    vec![
        Evidence {
            sha256: [0x33; 32],
            media_type: name("application/pdf"),
            title: name("9月の月報"),
            uri: Some(name("file:///文書/R5/月報-09.pdf")),
            size_bytes: Some(0),
            disclosure: Disclosure::Internal,
        },
        Evidence {
            sha256: [0; 32],
            media_type: name("text/csv"),
            title: name("明細"),
            uri: None,
            size_bytes: None,
            disclosure: Disclosure::Public,
        },
    ]
}

/// `payload` in an event with everything that an event can have around it.
pub(super) fn full(name_: &str, number: u128, payload: Payload) -> Sample {
    Sample {
        name: name_.to_owned(),
        ledger: ledger(),
        event: Event {
            id: event_id(number),
            stream: stream_of(&payload),
            valid: Some(Validity {
                from: date(2023, 9, 1),
                to: Some(date(2023, 9, 30)),
            }),
            reason: Some(Reason {
                code: ReasonCode::SourceRevised,
                text: text("元の月報が\n直された。"),
            }),
            evidence: evidence(),
            source_document: Some(SourceDocument {
                number: name("5企第123号"),
                title: Some(name("月報の訂正について")),
                date: Some(date(2023, 10, 2)),
            }),
            decision: Some(event_id(900)),
            correlation: Some(uuid(0x7000)),
            causation: Some(event_id(901)),
            payload,
        },
        actor: actor(),
        request: RequestPlace {
            id: RequestId::new(uuid(0x8000)).unwrap(),
            index: 2,
            count: 1_000,
        },
        server: ServerPart {
            generation: 2,
            position: 1_000_000 + u64::try_from(number).unwrap(),
            revision: 300,
            recorded_at: "2023-10-06T09:30:15.123456Z".parse().unwrap(),
            prev_leaf_hash: Some(Hash::new([0x44; 32])),
        },
    }
}

/// `payload` in an event with nothing around it that can be left out.
pub(super) fn minimal(name_: &str, number: u128, payload: Payload) -> Sample {
    Sample {
        name: name_.to_owned(),
        ledger: ledger(),
        event: Event::new(event_id(number), stream_of(&payload), payload),
        actor: plain_actor(),
        request: RequestPlace {
            id: RequestId::new(uuid(0x8001)).unwrap(),
            index: 0,
            count: 1,
        },
        server: ServerPart {
            generation: 1,
            position: 0,
            revision: 1,
            recorded_at: Timestamp::UNIX_EPOCH,
            prev_leaf_hash: None,
        },
    }
}

/// The events of the golden files: two of each type, and one with each field that a type was given later.
pub(super) fn golden() -> Vec<Sample> {
    let mut samples = Vec::new();
    // Numbered in the order in which types came to be, for ever.
    let payloads = payloads::payloads()
        .into_iter()
        .chain(evaluations::payloads())
        .chain(round::payloads())
        .chain(trust::payloads())
        .chain(access::payloads());
    for (number, (most, least)) in (1..).zip(payloads) {
        let name_ = most.event_type().code().to_lowercase();
        samples.push(full(&name_, number, most));
        samples.push(minimal(&format!("{name_}.minimal"), number, least));
    }
    // Of access logs, numbered by themselves.
    for (number, (most, least)) in (901..).zip(access_log::payloads()) {
        let name_ = most.event_type().code().to_lowercase();
        samples.push(full(&name_, number, most));
        samples.push(minimal(&format!("{name_}.minimal"), number, least));
    }
    let opening = access_log::opening();
    samples.push(full("ledger_opened.access_log_of", 911, opening));
    // Numbered apart from the types, which become more.
    for (number, (field, payload)) in (1_001..).zip(grown::payloads()) {
        let name_ = payload.event_type().code().to_lowercase();
        samples.push(full(&format!("{name_}.{field}"), number, payload));
    }
    samples.push(personal());
    samples.push(access::by_a_person());
    // Numbered apart too: other types may come to be at the same time.
    for (number, (most, least)) in (3_001..).zip(decisions::payloads()) {
        let name_ = most.event_type().code().to_lowercase();
        samples.push(full(&name_, number, most));
        samples.push(minimal(&format!("{name_}.minimal"), number, least));
    }
    for (number, (name_, payload)) in (4_001..).zip(trust::authorised()) {
        samples.push(full(name_, number, payload));
    }
    let (name_, least) = trust::least_authorised();
    samples.push(minimal(name_, 4_001, least));
    samples
}

/// The event of a leaf in which every text that can be about a person is: two about one, one about another.
fn personal() -> Sample {
    let finding = AuditFindingRecorded {
        plan: plan(1),
        finding: key("5-3"),
        text: text("担当者が承認前に執行した。"),
        references: vec![],
        due: date(2023, 12, 28),
        promised: text("本人と面談する。"),
    };
    let mut sample = full("audit_finding_recorded.personal", 2_001, finding.into());
    let mut drawn = 0;
    sample.event.commit_texts(|field| {
        drawn += 1;
        let subject = match field {
            "payload.promised" => "5f0c1d2e-3b4a-4c5d-8e6f-0123456789ab",
            _ => "5f0c1d2e-3b4a-4c5d-8e6f-0123456789ac",
        };
        Some((subject.parse().unwrap(), Salt::new([drawn; Salt::BYTES])))
    });
    sample
}
