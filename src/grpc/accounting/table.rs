//! One row for each method: what kind of access it is, and when it is recorded that it was carried out.
//!
//! That somebody was refused is recorded of every method. Whoever adds a method adds a row: without one its request cannot be
//! taken, and a test holds the rows against the descriptors of the API.

use crate::api::v1;
use crate::domain::access_log::{AccessClass, AccessedKind};

/// When it is recorded that a method was carried out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::grpc) enum When {
    /// Never.
    Refused,
    /// Where words about people are in the answer: before it, and it does not leave without it.
    Worded,
    /// Where something is in the answer that is not for everybody: behind it, or before it where that is about people.
    Restricted,
    /// Always, behind the answer, merged with others like it.
    Behind,
    /// Always, before the answer.
    Before,
    /// Always, before the answer, which does not leave without it.
    Required,
}

/// What is recorded of a method.
#[derive(Clone, Copy, Debug)]
pub(in crate::grpc) struct Row {
    /// Its full name.
    pub(in crate::grpc) rpc: &'static str,
    /// What kind of access it is.
    pub(in crate::grpc) class: AccessClass,
    /// When it is recorded.
    pub(in crate::grpc) when: When,
}

/// A request, as far as access logs tell of it.
pub(in crate::grpc) trait Accessed {
    /// The row of its method.
    const ROW: Row;

    /// The ledger that it names.
    fn ledger(&self) -> &str;

    /// What it is about; `None`: the ledger as a whole.
    fn resource(&self) -> Option<(AccessedKind, String)> {
        None
    }

    /// Its id.
    fn request_id(&self) -> &str {
        ""
    }
}

/// A field of a request that names something.
trait Naming {
    /// What it names, as it was sent.
    fn named(&self) -> Option<String>;
}

impl Naming for String {
    fn named(&self) -> Option<String> {
        (!self.is_empty()).then(|| self.clone())
    }
}

impl Naming for Vec<u8> {
    fn named(&self) -> Option<String> {
        // A digest; whatever else was sent is cut before it is written out.
        (!self.is_empty()).then(|| hex::encode(&self[..self.len().min(32)]))
    }
}

impl<T: Naming> Naming for Option<T> {
    fn named(&self) -> Option<String> {
        self.as_ref().and_then(Naming::named)
    }
}

impl Naming for v1::AppendEventsRequest {
    fn named(&self) -> Option<String> {
        self.request_id.named()
    }
}

impl Naming for v1::get_event_request::Selector {
    fn named(&self) -> Option<String> {
        match self {
            Self::Position(position) => Some(position.to_string()),
            Self::EventId(id) => id.named(),
        }
    }
}

impl Naming for v1::get_inclusion_proof_request::Selector {
    fn named(&self) -> Option<String> {
        match self {
            Self::Position(position) => Some(position.to_string()),
            Self::EventId(id) => id.named(),
        }
    }
}

/// The row of a method, by its full name.
pub(super) fn row(rpc: &str) -> Option<Row> {
    ROWS.iter().find(|row| row.rpc == rpc).copied()
}

macro_rules! rows {
    ($($service:ident {
        $($method:ident($request:ty) = $class:ident $when:ident
            $(, @$ledger:ident $(.$inner:ident)?)? $(, $kind:ident: $name:ident)? $(, #$id:ident $(.$inner_id:ident)?)?;)*
    })*) => {
        /// Every row.
        const ROWS: &[Row] = &[$($(<$request as Accessed>::ROW),*),*];

        $($(impl Accessed for $request {
            const ROW: Row = Row {
                rpc: concat!("daicho.v1.", stringify!($service), "/", stringify!($method)),
                class: AccessClass::$class,
                when: When::$when,
            };

            fn ledger(&self) -> &str {
                rows!(@text self $($ledger $($inner)?)?)
            }

            $(fn resource(&self) -> Option<(AccessedKind, String)> {
                Some((AccessedKind::$kind, self.$name.named()?))
            })?

            $(fn request_id(&self) -> &str {
                rows!(@text self $id $($inner_id)?)
            })?
        })*)*
    };
    (@text $self:ident) => { "" };
    (@text $self:ident $field:ident) => { &$self.$field };
    (@text $self:ident $outer:ident $field:ident) => {
        $self.$outer.as_ref().map_or("", |outer| &outer.$field)
    };
}

rows! {
    IdentityService {
        GetCaller(v1::GetCallerRequest) = SignIn Behind;
    }
    AccessService {
        WhoAmI(v1::WhoAmIRequest) = SignIn Behind, @ledger;
        ListPersons(v1::ListPersonsRequest) = Read Restricted, @ledger;
        GetPerson(v1::GetPersonRequest) = Read Restricted, @ledger, DataSubject: person;
        ListGrants(v1::ListGrantsRequest) = Read Restricted, @ledger;
        WhatCould(v1::WhatCouldRequest) = Read Restricted, @ledger;
    }
    LedgerService {
        AppendEvents(v1::AppendEventsRequest) = Write Worded, @ledger, Request: request_id, #request_id;
        SubmitEvents(v1::SubmitEventsRequest) = Write Worded, @append.ledger, Request: append, #append.request_id;
        GetReceipt(v1::GetReceiptRequest) = Read Restricted, @ledger, Request: request_id;
        GetEvent(v1::GetEventRequest) = Read Restricted, @ledger, Event: selector;
        ReadEvents(v1::ReadEventsRequest) = Read Required, @ledger;
        SubscribeEvents(v1::SubscribeEventsRequest) = Read Required, @ledger;
        GetLedger(v1::GetLedgerRequest) = Read Refused, @ledger;
    }
    GoalService {
        GetGoal(v1::GetGoalRequest) = Read Restricted, @ledger, Goal: goal;
        ListGoals(v1::ListGoalsRequest) = Read Restricted, @ledger, Plan: plan;
        LookupCode(v1::LookupCodeRequest) = Read Refused, @ledger;
        GetSeries(v1::GetSeriesRequest) = Read Restricted, @ledger, Goal: indicator;
        GetOverview(v1::GetOverviewRequest) = Read Refused, @ledger, Plan: plan;
        GetOrganisation(v1::GetOrganisationRequest) = Read Refused, @ledger;
        GetResponsibility(v1::GetResponsibilityRequest) = Read Restricted, @ledger, Goal: subject;
        ListReportingStatus(v1::ListReportingStatusRequest) = Read Restricted, @ledger, Plan: plan;
        ListPending(v1::ListPendingRequest) = Read Restricted, @ledger;
        GetReportingCalendar(v1::GetReportingCalendarRequest) = Read Refused, @ledger, Plan: plan;
        WatchGoals(v1::WatchGoalsRequest) = Read Required, @ledger, Plan: plan;
    }
    AuditService {
        ListChanges(v1::ListChangesRequest) = Read Restricted, @ledger, Goal: subject;
        SampleChanges(v1::SampleChangesRequest) = Read Restricted, @changes.ledger;
        GetEntryTrail(v1::GetEntryTrailRequest) = Read Restricted, @ledger, Event: event_id;
        ListFlags(v1::ListFlagsRequest) = Read Restricted, @ledger, Plan: plan;
        ListAuditFindings(v1::ListAuditFindingsRequest) = Read Restricted, @ledger, Plan: plan;
        DiffGoal(v1::DiffGoalRequest) = Read Restricted, @ledger, Goal: subject;
        ExplainFigure(v1::ExplainFigureRequest) = Read Restricted, @ledger, Goal: indicator;
        ListTargetChanges(v1::ListTargetChangesRequest) = Read Restricted, @ledger, Goal: subject;
        ListAccess(v1::ListAccessRequest) = Read Before, @ledger;
    }
    EvaluationService {
        EvaluatePlan(v1::EvaluatePlanRequest) = Read Restricted, @ledger, Plan: plan;
        CompareEvaluations(v1::CompareEvaluationsRequest) = Read Restricted, @ledger, Plan: plan;
        CompareCycles(v1::CompareCyclesRequest) = Read Restricted, @ledger, Plan: plan;
        ListSnapshots(v1::ListSnapshotsRequest) = Read Refused, @ledger, Plan: plan;
        GetSnapshot(v1::GetSnapshotRequest) = Read Restricted, @ledger, Plan: plan;
        ExportReport(v1::ExportReportRequest) = Export Required, @ledger, Plan: plan;
        ListPeriods(v1::ListPeriodsRequest) = Read Refused, @ledger, Plan: plan;
        ListPolicies(v1::ListPoliciesRequest) = Read Refused, @ledger;
        ListNextActions(v1::ListNextActionsRequest) = Read Restricted, @ledger, Plan: plan;
    }
    EvidenceService {
        PutEvidence(tonic::Streaming<v1::PutEvidenceRequest>) = Write Refused;
        GetEvidence(v1::GetEvidenceRequest) = Export Required, @ledger, EvidenceFile: sha256;
        CheckEvidence(v1::CheckEvidenceRequest) = Verify Behind, @ledger;
        EraseEvidence(v1::EraseEvidenceRequest) = Administer Before, @ledger, EvidenceFile: sha256, #request_id;
    }
    ProofService {
        GetCheckpoint(v1::GetCheckpointRequest) = Read Refused, @ledger;
        ListCheckpoints(v1::ListCheckpointsRequest) = Read Refused, @ledger;
        ListKeys(v1::ListKeysRequest) = Read Refused, @ledger;
        GetInclusionProof(v1::GetInclusionProofRequest) = Read Restricted, @ledger, Event: selector;
        GetConsistencyProof(v1::GetConsistencyProofRequest) = Read Refused, @ledger;
        AddCosignature(v1::AddCosignatureRequest) = Write Refused, @ledger;
        RecordHeads(v1::RecordHeadsRequest) = Administer Before, @ledger;
        GetStreamProof(v1::GetStreamProofRequest) = Export Required, @ledger;
        ExportBundle(v1::ExportBundleRequest) = Export Required, @ledger;
    }
    AdminService {
        OpenLedger(v1::OpenLedgerRequest) = Administer Before, @code, Ledger: code, #request_id;
        ListLedgers(v1::ListLedgersRequest) = Read Refused;
        AnnounceKey(v1::AnnounceKeyRequest) = Administer Before, @ledger, #request_id;
        RetireKey(v1::RetireKeyRequest) = Administer Before, @ledger, Key: verifier_key, #request_id;
        CompromiseKey(v1::CompromiseKeyRequest) = Administer Before, @ledger, Key: verifier_key, #request_id;
        ListIntegrityEvents(v1::ListIntegrityEventsRequest) = Administer Behind;
        ErasePersonalData(v1::ErasePersonalDataRequest) = Administer Before, @ledger, DataSubject: subject_ref, #request_id;
        ListPersonalData(v1::ListPersonalDataRequest) = Read Required, @ledger, DataSubject: subject_ref;
        VerifyStore(v1::VerifyStoreRequest) = Verify Before, @ledger;
        DisclosePersonalData(v1::DisclosePersonalDataRequest) = Export Required, @ledger, DataSubject: subject_ref;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    #[test]
    fn every_method_has_one_row_and_every_row_its_method() {
        let set = FileDescriptorSet::decode(crate::api::FILE_DESCRIPTOR_SET).unwrap();
        let mut methods = BTreeSet::new();
        for file in set.file {
            for service in &file.service {
                for method in &service.method {
                    let (package, service) = (file.package(), service.name());
                    methods.insert(format!("{package}.{service}/{}", method.name()));
                }
            }
        }
        let rows: BTreeSet<String> = ROWS.iter().map(|row| row.rpc.to_owned()).collect();
        assert_eq!(ROWS.len(), rows.len(), "a method has two rows");
        assert_eq!(methods, rows);
    }

    #[test]
    fn the_ledger_that_a_request_names_is_told_also_from_inside_of_it() {
        let inside = v1::SampleChangesRequest {
            changes: Some(v1::ListChangesRequest {
                ledger: "city".to_owned(),
                ..v1::ListChangesRequest::default()
            }),
            ..v1::SampleChangesRequest::default()
        };
        assert_eq!(inside.ledger(), "city");
        assert_eq!(v1::SampleChangesRequest::default().ledger(), "");
    }

    #[test]
    fn exports_and_administration_are_recorded_before_they_are_answered() {
        for row in ROWS {
            let expected: &[When] = match row.class {
                AccessClass::Export => &[When::Required],
                // What was found about the copies is only looked at.
                AccessClass::Administer => &[When::Before, When::Behind],
                _ => continue,
            };
            assert!(expected.contains(&row.when), "{}", row.rpc);
        }
    }
}
