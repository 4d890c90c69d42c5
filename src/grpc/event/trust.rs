//! What a ledger says of its own proofs: reading it from the wire and showing it.

use std::fmt::Display;

use crate::api::v1;
use crate::api::v1::operation_authorised::{Compromise, NewKey, Operation as WireOperation};
use crate::domain::event::{
    EvidenceErased, HeadsRecorded, KeyAnnounced, KeyCompromised, KeyRetired, LedgerContinued,
    OperationAuthorised, PersonalDataErased,
};
use crate::domain::operation::Operation;
use crate::domain::text::Name;
use crate::domain::trust::{
    CheckpointNote, ERASED_POSITIONS_MAX, InvalidCheckpointNote, VerifierKey,
};
use crate::grpc::event::data_subject;
use crate::grpc::event::field::{At, optional};
use crate::grpc::event::payload::Reading;

impl Reading<'_, '_> {
    pub(super) fn ledger_continued(&mut self, p: &v1::LedgerContinued) -> Option<LedgerContinued> {
        let at = self.at.then("ledger_continued");
        let origin = self.faults.name(&at.then("origin"), &p.origin);
        let note = CheckpointNote::parse(&p.previous_checkpoint);
        let note = match note {
            Err(InvalidCheckpointNote::Empty) => {
                self.faults.required(&at.then("previous_checkpoint"))
            }
            note => self.of_form(&at.then("previous_checkpoint"), note),
        };
        Some(LedgerContinued {
            origin: origin?,
            previous_checkpoint: note?,
        })
    }

    pub(super) fn key_announced(&mut self, p: &v1::KeyAnnounced) -> Option<KeyAnnounced> {
        let at = self.at.then("key_announced");
        Some(KeyAnnounced {
            verifier_key: self.verifier_key(&at, &p.verifier_key)?,
            from_size: p.from_size,
        })
    }

    pub(super) fn key_retired(&mut self, p: &v1::KeyRetired) -> Option<KeyRetired> {
        let at = self.at.then("key_retired");
        Some(KeyRetired {
            verifier_key: self.verifier_key(&at, &p.verifier_key)?,
            last_size: p.last_size,
        })
    }

    pub(super) fn key_compromised(&mut self, p: &v1::KeyCompromised) -> Option<KeyCompromised> {
        let at = self.at.then("key_compromised");
        Some(KeyCompromised {
            verifier_key: self.verifier_key(&at, &p.verifier_key)?,
            last_trusted_size: p.last_trusted_size,
        })
    }

    pub(super) fn heads_recorded(&mut self, p: &v1::HeadsRecorded) -> Option<HeadsRecorded> {
        let at = self.at.then("heads_recorded");
        let root = self.faults.digest(&at.then("root"), &p.root);
        let closed_by = optional(p.closed_by.as_deref(), |id| {
            self.faults.id(&at.then("closed_by"), id)
        });
        Some(HeadsRecorded {
            size: p.size,
            root: root?,
            streams: p.streams,
            closed_by: closed_by?,
        })
    }

    pub(super) fn personal_data_erased(
        &mut self,
        p: &v1::PersonalDataErased,
    ) -> Option<PersonalDataErased> {
        let at = self.at.then("personal_data_erased");
        let subject = self.faults.id(&at.then("subject_ref"), &p.subject_ref);
        let positions = self.faults.list(
            &at,
            "positions",
            &p.positions,
            ERASED_POSITIONS_MAX,
            |_, _, position| Some(*position),
        );
        let legal_basis = self.faults.name(&at.then("legal_basis"), &p.legal_basis);
        let approved_by = self.faults.name(&at.then("approved_by"), &p.approved_by);
        Some(PersonalDataErased {
            subject: subject?,
            positions: positions?,
            texts: p.texts,
            legal_basis: legal_basis?,
            approved_by: Some(approved_by?),
        })
    }

    pub(super) fn evidence_erased(&mut self, p: &v1::EvidenceErased) -> Option<EvidenceErased> {
        let at = self.at.then("evidence_erased");
        let sha256 = self.faults.digest(&at.then("sha256"), &p.sha256);
        let legal_basis = self.faults.name(&at.then("legal_basis"), &p.legal_basis);
        let approved_by = self.faults.name(&at.then("approved_by"), &p.approved_by);
        Some(EvidenceErased {
            sha256: sha256?,
            legal_basis: legal_basis?,
            approved_by: Some(approved_by?),
        })
    }

    pub(super) fn operation_authorised(
        &mut self,
        p: &v1::OperationAuthorised,
    ) -> Option<OperationAuthorised> {
        let at = self.at.then("operation_authorised");
        let operation = match &p.operation {
            None => self.faults.required(&at.then("operation")),
            Some(operation) => self.operation(&at, operation),
        };
        let legal_basis = optional(p.legal_basis.as_deref(), |basis| {
            self.faults.name(&at.then("legal_basis"), basis)
        });
        Some(OperationAuthorised {
            operation: operation?,
            legal_basis: legal_basis?,
        })
    }

    fn operation(&mut self, at: &At<'_>, operation: &WireOperation) -> Option<Operation> {
        Some(match operation {
            WireOperation::AnnounceKey(_) => Operation::AnnounceKey,
            WireOperation::RetireKey(key) => {
                Operation::RetireKey(self.key(&at.then("retire_key"), key)?)
            }
            WireOperation::CompromiseKey(p) => Operation::CompromiseKey {
                key: self.verifier_key(&at.then("compromise_key"), &p.verifier_key)?,
                last_trusted_size: p.last_trusted_size,
            },
            WireOperation::ErasePersonalData(subject) => {
                let at = at.then("erase_personal_data");
                Operation::ErasePersonalData(data_subject(self.faults, &at, subject)?)
            }
            WireOperation::EraseEvidence(sha256) => {
                let at = at.then("erase_evidence");
                Operation::EraseEvidence(self.faults.digest(&at, sha256)?)
            }
        })
    }

    fn verifier_key(&mut self, at: &At<'_>, text: &str) -> Option<VerifierKey> {
        self.key(&at.then("verifier_key"), text)
    }

    fn key(&mut self, at: &At<'_>, text: &str) -> Option<VerifierKey> {
        match text {
            "" => self.faults.required(at),
            text => self.of_form(at, VerifierKey::parse(text)),
        }
    }

    fn of_form<T>(&mut self, at: &At<'_>, read: Result<T, impl Display>) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(problem) => self.faults.form(at, &problem.to_string()),
        }
    }
}

pub(super) fn show_continued(p: &LedgerContinued) -> v1::LedgerContinued {
    v1::LedgerContinued {
        origin: p.origin.to_string(),
        previous_checkpoint: p.previous_checkpoint.as_str().to_owned(),
    }
}

pub(super) fn show_heads(p: &HeadsRecorded) -> v1::HeadsRecorded {
    v1::HeadsRecorded {
        size: p.size,
        root: p.root.to_vec(),
        streams: p.streams,
        closed_by: p.closed_by.map(|id| id.to_string()),
    }
}

pub(super) fn show_erased(p: &PersonalDataErased) -> v1::PersonalDataErased {
    v1::PersonalDataErased {
        subject_ref: p.subject.to_string(),
        positions: p.positions.clone(),
        texts: p.texts,
        legal_basis: p.legal_basis.to_string(),
        approved_by: named(p.approved_by.as_ref()),
    }
}

pub(super) fn show_evidence_erased(p: &EvidenceErased) -> v1::EvidenceErased {
    v1::EvidenceErased {
        sha256: p.sha256.to_vec(),
        legal_basis: p.legal_basis.to_string(),
        approved_by: named(p.approved_by.as_ref()),
    }
}

pub(super) fn show_authorised(p: &OperationAuthorised) -> v1::OperationAuthorised {
    let operation = match &p.operation {
        Operation::AnnounceKey => WireOperation::AnnounceKey(NewKey {}),
        Operation::RetireKey(key) => WireOperation::RetireKey(key.to_string()),
        Operation::CompromiseKey {
            key,
            last_trusted_size,
        } => WireOperation::CompromiseKey(Compromise {
            verifier_key: key.to_string(),
            last_trusted_size: *last_trusted_size,
        }),
        Operation::ErasePersonalData(subject) => {
            WireOperation::ErasePersonalData(subject.to_string())
        }
        Operation::EraseEvidence(sha256) => WireOperation::EraseEvidence(sha256.to_vec()),
    };
    v1::OperationAuthorised {
        operation: Some(operation),
        legal_basis: p.legal_basis.as_ref().map(ToString::to_string),
    }
}

/// A name that every stored event has.
fn named(name: Option<&Name>) -> String {
    name.map(ToString::to_string).unwrap_or_default()
}
