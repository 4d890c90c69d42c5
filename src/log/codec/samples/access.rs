//! Payloads of who holds which seat.

use super::*;
use crate::domain::access::{Holder, LoginId, Role};
use crate::domain::id::{DelegationId, GrantId, PersonId};

fn person(n: u128) -> PersonId {
    // Version 4, as every person's.
    let random = 0x5f0c_1d2e_3b4a_4c5d_8e6f_0000_0000_0000;
    PersonId::new(Uuid::from_u128(random | n)).unwrap()
}

fn grant(n: u128) -> GrantId {
    GrantId::new(uuid(0xb000 + n)).unwrap()
}

fn delegation(n: u128) -> DelegationId {
    DelegationId::new(uuid(0xc000 + n)).unwrap()
}

fn login(issuer: Option<&str>, subject: &str) -> LoginId {
    LoginId {
        issuer: issuer.map(name),
        subject: name(subject),
    }
}

/// As [`payloads`](super::payloads::payloads).
pub(super) fn payloads() -> Vec<(Payload, Payload)> {
    vec![
        (
            PersonRegistered {
                person: person(1),
                name: text("財務課長"),
                logins: vec![
                    login(Some("https://id.example.lg.jp"), "s-4711"),
                    login(None, "財務課長"),
                ],
            }
            .into(),
            PersonRegistered {
                person: person(2),
                name: text("-"),
                logins: vec![],
            }
            .into(),
        ),
        (
            PersonChanged {
                person: person(1),
                name: Some(text("企画政策課長")),
                logins: vec![login(Some("https://id.example.lg.jp"), "s-4712")],
            }
            .into(),
            PersonChanged {
                person: person(2),
                name: None,
                logins: vec![],
            }
            .into(),
        ),
        (
            RoleGranted {
                grant: grant(1),
                seat: code("財務課長"),
                title: both("財務課長", "Head of Finance"),
                role: Role::SectionChief,
                units: vec![unit_id(2), unit_id(3)],
                holder: Holder::Person(person(1)),
            }
            .into(),
            RoleGranted {
                grant: grant(2),
                seat: code("監査"),
                title: ja("-"),
                role: Role::Auditor,
                units: vec![],
                holder: Holder::Person(person(2)),
            }
            .into(),
        ),
        (
            RoleRevoked { grant: grant(1) }.into(),
            RoleRevoked { grant: grant(2) }.into(),
        ),
        (
            DelegationRegistered {
                delegation: delegation(1),
                seat: code("財務課長"),
                delegate: person(2),
                ground: text("出張のため"),
            }
            .into(),
            DelegationRegistered {
                delegation: delegation(2),
                seat: code("-"),
                delegate: person(1),
                ground: text("-"),
            }
            .into(),
        ),
        (
            DelegationEnded {
                delegation: delegation(1),
            }
            .into(),
            DelegationEnded {
                delegation: delegation(2),
            }
            .into(),
        ),
    ]
}

/// The event of a leaf that names the person who did it, for a client application that holds a seat.
pub(super) fn by_a_person() -> Sample {
    let granted = RoleGranted {
        grant: grant(3),
        seat: code("財務会計システム"),
        title: ja("財務会計システム"),
        role: Role::Service,
        units: vec![unit_id(2)],
        holder: Holder::Service(login(Some("CN=認証局"), "urn:example:finance")),
    };
    let mut sample = full("role_granted.by_a_person", 3_001, granted.into());
    sample.actor.person = Some(person(1));
    sample
}
