//! Payloads of what a ledger says of its own proofs.

use super::*;
use crate::domain::id::DataSubjectId;
use crate::domain::operation::Operation;
use crate::domain::trust::{CheckpointNote, VerifierKey};

fn key(text: &str) -> VerifierKey {
    VerifierKey::parse(text).unwrap()
}

fn subject(n: u128) -> DataSubjectId {
    DataSubjectId::new(uuid(0xa000 + n)).unwrap()
}

const PUBLISHED: &str =
    "ledger.example/city-a+3ce076f6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

/// An authorisation of each operation, by the name of its file.
pub(super) fn authorised() -> Vec<(&'static str, Payload)> {
    let of = |operation, legal_basis: Option<&str>| {
        let legal_basis = legal_basis.map(name);
        let authorised = OperationAuthorised {
            operation,
            legal_basis,
        };
        authorised.into()
    };
    let law = Some("個人情報の保護に関する法律 第100条");
    vec![
        (
            "operation_authorised",
            of(Operation::ErasePersonalData(subject(1)), law),
        ),
        (
            "operation_authorised.erase_evidence",
            of(Operation::EraseEvidence([0x5a; 32]), law),
        ),
        (
            "operation_authorised.retire_key",
            of(Operation::RetireKey(key(PUBLISHED)), None),
        ),
        (
            "operation_authorised.compromise_key",
            of(
                Operation::CompromiseKey {
                    key: key(PUBLISHED),
                    last_trusted_size: 1_820,
                },
                None,
            ),
        ),
    ]
}

/// The one with the least.
pub(super) fn least_authorised() -> (&'static str, Payload) {
    let authorised = OperationAuthorised {
        operation: Operation::AnnounceKey,
        legal_basis: None,
    };
    ("operation_authorised.minimal", authorised.into())
}

/// As [`payloads`](super::payloads::payloads).
pub(super) fn payloads() -> Vec<(Payload, Payload)> {
    let note = "ledger.example/city-a\n1820\nq1D7Q3lJ7cs3ZsW5vPgvE9zqcGyMsQjx0JNHzLhcPFI=\n\n— ledger.example/city-a POB29g==\n";
    vec![
        (
            LedgerContinued {
                origin: name("ledger.example/city-a/g2"),
                previous_checkpoint: CheckpointNote::parse(note).unwrap(),
            }
            .into(),
            LedgerContinued {
                origin: name("b"),
                previous_checkpoint: CheckpointNote::parse("-").unwrap(),
            }
            .into(),
        ),
        (
            KeyAnnounced {
                verifier_key: key(PUBLISHED),
                from_size: 1_821,
            }
            .into(),
            KeyAnnounced {
                verifier_key: key("a+00000000+A"),
                from_size: 0,
            }
            .into(),
        ),
        (
            KeyRetired {
                verifier_key: key(PUBLISHED),
                last_size: u64::MAX,
            }
            .into(),
            KeyRetired {
                verifier_key: key("a+00000000+A"),
                last_size: 0,
            }
            .into(),
        ),
        (
            KeyCompromised {
                verifier_key: key(PUBLISHED),
                last_trusted_size: 1_820,
            }
            .into(),
            KeyCompromised {
                verifier_key: key("a+00000000+A"),
                last_trusted_size: 0,
            }
            .into(),
        ),
        (
            HeadsRecorded {
                size: 1_000_036,
                root: [0x77; 32],
                streams: 62,
                closed_by: Some(event_id(37)),
            }
            .into(),
            HeadsRecorded {
                size: 0,
                root: [0; 32],
                streams: 0,
                closed_by: None,
            }
            .into(),
        ),
        (
            PersonalDataErased {
                subject: subject(1),
                positions: vec![0, 128, 70_000],
                texts: 4,
                legal_basis: name("個人情報の保護に関する法律 第100条"),
                approved_by: Some(name("総務部/総務課/課長")),
            }
            .into(),
            PersonalDataErased {
                subject: subject(2),
                positions: vec![],
                texts: 0,
                legal_basis: name("-"),
                approved_by: Some(name("-")),
            }
            .into(),
        ),
        (
            EvidenceErased {
                sha256: [0x5a; 32],
                legal_basis: name("個人情報の保護に関する法律 第100条"),
                approved_by: Some(name("総務部/総務課/課長")),
            }
            .into(),
            EvidenceErased {
                sha256: [0; 32],
                legal_basis: name("-"),
                approved_by: Some(name("-")),
            }
            .into(),
        ),
    ]
}
