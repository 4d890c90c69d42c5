//! One rule for each method that the server knows: what kind of access a call of it is.
//!
//! A method without a rule is not served. Whoever adds a method adds a rule; a test holds the table against the
//! descriptors of the API.

/// What kind of access a call is.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Access {
    /// Whether the server works. Needs nobody's name.
    Health,
    /// What the API looks like. Where callers name themselves, without a name.
    Describe,
    /// Who the caller is. For everybody who signed in.
    Caller,
    /// Reads facts, figures and proofs of a ledger.
    Read,
    /// Reads texts about people with what proves them.
    ReadPersonal,
    /// Reads who asked for what.
    ReadAccess,
    /// Reads files that events name.
    ReadEvidence,
    /// Appends events, or puts files that events will name.
    Append,
    /// Erases texts about people, or files.
    Erase,
    /// Keeps what witnesses signed, and has heads recorded.
    Prove,
    /// Opens ledgers, verifies the store, changes keys.
    Operate,
}

/// The rules.
pub const RULES: &[(&str, Access)] = &[
    ("/grpc.health.v1.Health/Check", Access::Health),
    ("/grpc.health.v1.Health/Watch", Access::Health),
    (
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        Access::Describe,
    ),
    (
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        Access::Describe,
    ),
    ("/daicho.v1.IdentityService/GetCaller", Access::Caller),
    ("/daicho.v1.LedgerService/AppendEvents", Access::Append),
    ("/daicho.v1.LedgerService/SubmitEvents", Access::Append),
    ("/daicho.v1.LedgerService/GetReceipt", Access::Read),
    ("/daicho.v1.LedgerService/GetEvent", Access::Read),
    ("/daicho.v1.LedgerService/ReadEvents", Access::Read),
    ("/daicho.v1.LedgerService/SubscribeEvents", Access::Read),
    ("/daicho.v1.LedgerService/GetLedger", Access::Read),
    ("/daicho.v1.GoalService/GetGoal", Access::Read),
    ("/daicho.v1.GoalService/ListGoals", Access::Read),
    ("/daicho.v1.GoalService/LookupCode", Access::Read),
    ("/daicho.v1.GoalService/GetSeries", Access::Read),
    ("/daicho.v1.GoalService/GetOverview", Access::Read),
    ("/daicho.v1.GoalService/GetOrganisation", Access::Read),
    ("/daicho.v1.GoalService/GetResponsibility", Access::Read),
    ("/daicho.v1.GoalService/ListReportingStatus", Access::Read),
    ("/daicho.v1.GoalService/ListPending", Access::Read),
    ("/daicho.v1.GoalService/GetReportingCalendar", Access::Read),
    ("/daicho.v1.GoalService/WatchGoals", Access::Read),
    ("/daicho.v1.AuditService/ListChanges", Access::Read),
    ("/daicho.v1.AuditService/SampleChanges", Access::Read),
    ("/daicho.v1.AuditService/GetEntryTrail", Access::Read),
    ("/daicho.v1.AuditService/ListFlags", Access::Read),
    ("/daicho.v1.AuditService/ListAuditFindings", Access::Read),
    ("/daicho.v1.AuditService/DiffGoal", Access::Read),
    ("/daicho.v1.AuditService/ExplainFigure", Access::Read),
    ("/daicho.v1.AuditService/ListTargetChanges", Access::Read),
    ("/daicho.v1.AuditService/ListAccess", Access::ReadAccess),
    ("/daicho.v1.EvaluationService/EvaluatePlan", Access::Read),
    (
        "/daicho.v1.EvaluationService/CompareEvaluations",
        Access::Read,
    ),
    ("/daicho.v1.EvaluationService/CompareCycles", Access::Read),
    ("/daicho.v1.EvaluationService/ListSnapshots", Access::Read),
    ("/daicho.v1.EvaluationService/GetSnapshot", Access::Read),
    ("/daicho.v1.EvaluationService/ExportReport", Access::Read),
    ("/daicho.v1.EvaluationService/ListPeriods", Access::Read),
    ("/daicho.v1.EvaluationService/ListPolicies", Access::Read),
    ("/daicho.v1.EvaluationService/ListNextActions", Access::Read),
    ("/daicho.v1.EvidenceService/PutEvidence", Access::Append),
    (
        "/daicho.v1.EvidenceService/GetEvidence",
        Access::ReadEvidence,
    ),
    ("/daicho.v1.EvidenceService/CheckEvidence", Access::Read),
    ("/daicho.v1.EvidenceService/EraseEvidence", Access::Erase),
    ("/daicho.v1.AccessService/WhoAmI", Access::Caller),
    ("/daicho.v1.AccessService/ListPersons", Access::Read),
    ("/daicho.v1.AccessService/GetPerson", Access::Read),
    ("/daicho.v1.AccessService/ListGrants", Access::Read),
    ("/daicho.v1.AccessService/WhatCould", Access::Read),
    ("/daicho.v1.ProofService/GetCheckpoint", Access::Read),
    ("/daicho.v1.ProofService/ListCheckpoints", Access::Read),
    ("/daicho.v1.ProofService/ListKeys", Access::Read),
    ("/daicho.v1.ProofService/GetInclusionProof", Access::Read),
    ("/daicho.v1.ProofService/GetConsistencyProof", Access::Read),
    ("/daicho.v1.ProofService/AddCosignature", Access::Prove),
    ("/daicho.v1.ProofService/RecordHeads", Access::Prove),
    ("/daicho.v1.ProofService/GetStreamProof", Access::Read),
    ("/daicho.v1.ProofService/ExportBundle", Access::Read),
    ("/daicho.v1.AdminService/OpenLedger", Access::Operate),
    ("/daicho.v1.AdminService/ListLedgers", Access::Read),
    ("/daicho.v1.AdminService/AnnounceKey", Access::Operate),
    ("/daicho.v1.AdminService/RetireKey", Access::Operate),
    ("/daicho.v1.AdminService/CompromiseKey", Access::Operate),
    (
        "/daicho.v1.AdminService/ListIntegrityEvents",
        Access::Operate,
    ),
    ("/daicho.v1.AdminService/ErasePersonalData", Access::Erase),
    (
        "/daicho.v1.AdminService/ListPersonalData",
        Access::ReadPersonal,
    ),
    ("/daicho.v1.AdminService/VerifyStore", Access::Operate),
    (
        "/daicho.v1.AdminService/DisclosePersonalData",
        Access::ReadPersonal,
    ),
];

/// Methods whose calls last: more than one message goes one way at least.
pub const STREAMS: &[(&str, Stream)] = &[
    ("/grpc.health.v1.Health/Watch", Stream::Answers),
    (
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        Stream::Requests,
    ),
    (
        "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
        Stream::Requests,
    ),
    ("/daicho.v1.LedgerService/SubmitEvents", Stream::Requests),
    ("/daicho.v1.LedgerService/ReadEvents", Stream::Answers),
    ("/daicho.v1.LedgerService/SubscribeEvents", Stream::Answers),
    ("/daicho.v1.GoalService/WatchGoals", Stream::Answers),
    ("/daicho.v1.EvaluationService/ExportReport", Stream::Answers),
    ("/daicho.v1.EvidenceService/PutEvidence", Stream::Requests),
    ("/daicho.v1.EvidenceService/GetEvidence", Stream::Answers),
    ("/daicho.v1.EvidenceService/CheckEvidence", Stream::Answers),
    ("/daicho.v1.ProofService/GetStreamProof", Stream::Answers),
    ("/daicho.v1.ProofService/ExportBundle", Stream::Answers),
    ("/daicho.v1.AdminService/VerifyStore", Stream::Answers),
];

/// Which side sends more than one message.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Stream {
    /// The caller, and perhaps the server too.
    Requests,
    /// The server alone.
    Answers,
}

/// Whether calls of a method last, by its path.
pub fn stream(path: &str) -> Option<Stream> {
    let mut streams = STREAMS.iter();
    streams
        .find(|(method, _)| *method == path)
        .map(|(_, stream)| *stream)
}

/// The rule for a method, by its path; `None`: there is no such method.
pub fn access(path: &str) -> Option<Access> {
    let mut rules = RULES.iter();
    rules
        .find(|(method, _)| *method == path)
        .map(|(_, access)| *access)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use prost::Message as _;
    use prost_types::FileDescriptorSet;

    use super::*;

    /// Every method that the server could serve, by its path, and whether its calls last.
    fn methods() -> BTreeMap<String, Option<Stream>> {
        let sets = [
            crate::api::FILE_DESCRIPTOR_SET,
            tonic_health::pb::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
            tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
        ];
        let files = sets
            .iter()
            .flat_map(|set| FileDescriptorSet::decode(*set).unwrap().file);
        let mut methods = BTreeMap::new();
        for file in files {
            for service in &file.service {
                for method in &service.method {
                    let (package, service) = (file.package(), service.name());
                    let stream = match (method.client_streaming(), method.server_streaming()) {
                        (true, _) => Some(Stream::Requests),
                        (false, true) => Some(Stream::Answers),
                        (false, false) => None,
                    };
                    methods.insert(format!("/{package}.{service}/{}", method.name()), stream);
                }
            }
        }
        methods
    }

    #[test]
    fn every_method_has_one_rule_and_every_rule_its_method() {
        let ruled: Vec<&str> = RULES.iter().map(|(method, _)| *method).collect();
        let once: BTreeSet<String> = ruled.iter().map(ToString::to_string).collect();
        assert_eq!(ruled.len(), once.len(), "a method has two rules");
        assert_eq!(methods().into_keys().collect::<BTreeSet<_>>(), once);
    }

    #[test]
    fn a_call_lasts_where_the_descriptors_say_so() {
        let listed: BTreeMap<_, _> = STREAMS.iter().copied().collect();
        let described = methods();
        let lasting: BTreeMap<_, _> = described
            .iter()
            .filter_map(|(method, stream)| Some((method.as_str(), (*stream)?)))
            .collect();
        assert_eq!(listed, lasting);
    }

    #[test]
    fn what_has_no_rule_is_no_method() {
        assert_eq!(access("/daicho.v1.LedgerService/Rewrite"), None);
        assert_eq!(
            access("/daicho.v1.LedgerService/GetLedger"),
            Some(Access::Read)
        );
    }
}
