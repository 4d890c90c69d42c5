//! Who may do what, written by hand from the specification and docs/access-policy.md; never computed.
//!
//! ```text
//! a  for any unit            o  for the own section
//! d  for the own department  -  never
//! D O P  the same as d, o and -, and what is PUBLIC
//! ```
//!
//! Of what tells of a goal, a letter says of which goals it tells: an answer that leaves them out is no answer about them.
//! The last columns hold no seat: a person of the directory, somebody unknown, whom the configuration names, and the same while
//! nobody holds the seat of an administrator. Whoever acts for a seat is in the rules.

use super::place::PUBLIC;

pub(super) const READS: &str = "
                                           dir chi cle pla eva aud adm ser  sea unk nam beg
IdentityService/GetCaller                   a   a   a   a   a   a   a   a    a   a   a   a
AccessService/WhoAmI                        a   a   a   a   a   a   a   a    a   a   a   a
AdminService/ListLedgers                    a   a   a   a   a   a   a   a    -   -   a   a
LedgerService/GetLedger                     a   a   a   a   a   a   a   a    -   -   a   a
LedgerService/GetReceipt                    a   a   a   a   a   a   a   a    -   -   a   a
LedgerService/GetReceipt:published          d   o   -   a   a   a   -   -    -   -   -   -
LedgerService/GetEvent                      d   o   -   a   a   a   -   -    -   -   -   -
LedgerService/ReadEvents                    d   o   -   a   a   a   -   -    -   -   -   -
LedgerService/SubscribeEvents               -   -   -   a   a   a   -   -    -   -   -   -
LedgerService/SubscribeEvents:goal          d   o   -   a   a   a   -   -    -   -   -   -
GoalService/GetGoal                         D   D   O   a   a   a   P   O    P   P   P   P
GoalService/GetGoal:by-id                   D   D   O   a   a   a   P   O    P   P   P   P
GoalService/GetGoal:earlier                 D   D   O   a   a   a   P   O    P   P   P   P
GoalService/ListGoals                       D   D   O   a   a   a   P   O    P   P   P   P
GoalService/ListGoals:section               D   D   O   a   a   a   P   O    P   P   P   P
GoalService/LookupCode                      D   D   O   a   a   a   P   O    P   P   P   P
GoalService/LookupCode:beginning            D   D   O   a   a   a   P   O    P   P   P   P
GoalService/GetSeries                       D   D   O   a   a   a   P   O    P   P   P   P
GoalService/GetOverview                     a   a   a   a   a   a   -   -    -   -   -   -
GoalService/GetOrganisation                 a   a   a   a   a   a   a   a    -   -   a   a
GoalService/GetResponsibility               D   D   O   a   a   a   P   O    P   P   P   P
GoalService/GetResponsibility:section       D   D   O   a   a   a   P   O    -   -   P   P
GoalService/ListReportingStatus             D   D   O   a   a   a   -   -    -   -   -   -
GoalService/GetReportingCalendar            D   D   O   a   a   a   -   -    -   -   -   -
GoalService/ListPending                     D   D   O   a   a   a   P   O    P   P   P   P
GoalService/ListPending:one                 D   D   O   a   a   a   P   O    P   P   P   P
GoalService/ListPending:subject             D   D   O   a   a   a   P   O    P   P   P   P
GoalService/WatchGoals                      -   -   -   a   a   a   -   -    -   -   -   -
AuditService/ListChanges                    -   -   -   a   a   a   -   -    -   -   -   -
AuditService/SampleChanges                  -   -   -   a   a   a   -   -    -   -   -   -
AuditService/GetEntryTrail                  -   -   -   a   a   a   -   -    -   -   -   -
AuditService/ListFlags                      -   -   -   a   a   a   -   -    -   -   -   -
AuditService/ListAuditFindings              D   D   O   a   a   a   -   -    -   -   -   -
AuditService/DiffGoal                       D   D   O   a   a   a   P   O    P   P   P   P
AuditService/ExplainFigure                  -   -   -   a   a   a   -   -    -   -   -   -
AuditService/ListTargetChanges              -   -   -   a   a   a   -   -    -   -   -   -
AuditService/ListAccess                     -   -   -   -   -   a   a   -    -   -   a   a
EvaluationService/EvaluatePlan              D   D   O   a   a   a   -   -    -   -   -   -
EvaluationService/EvaluatePlan:section      D   D   O   a   a   a   -   -    -   -   -   -
EvaluationService/CompareEvaluations        -   -   -   a   a   a   -   -    -   -   -   -
EvaluationService/CompareCycles             -   -   -   a   a   a   -   -    -   -   -   -
EvaluationService/ListSnapshots             a   a   a   a   a   a   -   -    -   -   -   -
EvaluationService/GetSnapshot               -   -   -   a   a   a   -   -    -   -   -   -
EvaluationService/ExportReport              -   -   -   a   a   a   -   -    -   -   -   -
EvaluationService/ListPeriods               a   a   a   a   a   a   -   -    -   -   -   -
EvaluationService/ListPolicies              a   a   a   a   a   a   a   a    -   -   a   a
EvaluationService/ListNextActions           D   D   O   a   a   a   -   -    -   -   -   -
EvidenceService/GetEvidence                 -   -   -   a   a   a   -   -    -   -   -   -
EvidenceService/CheckEvidence               -   -   -   a   a   a   -   -    -   -   -   -
AccessService/ListPersons                   -   -   -   a   a   a   a   -    -   -   a   a
AccessService/GetPerson                     -   -   -   a   a   a   a   -    -   -   a   a
AccessService/ListGrants                    -   -   -   a   a   a   a   -    -   -   a   a
AccessService/WhatCould                     -   -   -   a   a   a   a   -    -   -   a   a
AdminService/ListPersonalData               -   -   -   -   -   -   -   -    -   -   -   -
AdminService/ListPersonalData:purpose       -   -   -   -   -   a   -   -    -   -   -   -
AdminService/DisclosePersonalData           -   -   -   -   -   -   -   -    -   -   -   -
AdminService/DisclosePersonalData:purpose   -   -   -   -   -   a   -   -    -   -   -   -
ProofService/GetCheckpoint                  a   a   a   a   a   a   a   a    -   -   a   a
ProofService/ListCheckpoints                a   a   a   a   a   a   a   a    -   -   a   a
ProofService/ListKeys                       a   a   a   a   a   a   a   a    -   -   a   a
ProofService/GetConsistencyProof            a   a   a   a   a   a   a   a    -   -   a   a
ProofService/GetInclusionProof              d   o   -   a   a   a   -   -    -   -   -   -
ProofService/GetStreamProof                 d   o   -   a   a   a   -   -    -   -   -   -
ProofService/GetStreamProof:unit            -   -   -   a   a   a   -   -    -   -   -   -
ProofService/ExportBundle                   -   -   -   a   a   a   -   -    -   -   -   -
";

pub(super) const OPERATES: &str = "
                                           dir chi cle pla eva aud adm ser  sea unk nam beg
EvidenceService/PutEvidence                 a   a   a   a   a   a   -   a    -   -   -   -
ProofService/AddCosignature                 a   a   a   a   a   a   a   a    -   -   a   a
ProofService/RecordHeads                    -   -   -   -   -   a   a   -    -   -   -   -
AdminService/VerifyStore                    -   -   -   -   -   a   a   -    -   -   a   a
AdminService/ListIntegrityEvents            -   -   -   -   -   -   a   -    -   -   a   a
AdminService/OpenLedger                     -   -   -   -   -   -   a   -    -   -   a   a
AdminService/AnnounceKey                    -   -   -   -   -   -   a   -    -   -   a   a
AdminService/RetireKey                      -   -   -   -   -   -   a   -    -   -   a   a
AdminService/CompromiseKey                  -   -   -   -   -   -   a   -    -   -   a   a
EvidenceService/EraseEvidence               -   -   -   -   -   -   a   -    -   -   -   -
AdminService/ErasePersonalData              -   -   -   -   -   -   a   -    -   -   -   -
grpc.health.v1.Health/Check                 a   a   a   a   a   a   a   a    a   a   a   a
grpc.health.v1.Health/Watch                 a   a   a   a   a   a   a   a    a   a   a   a
grpc.reflection.v1.ServerReflection/ServerReflectionInfo      a a a a a a a a    a a a a
grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo a a a a a a a a    a a a a
";

/// Events about goals; `LedgerService/AppendEvents` is what they are sent by.
pub(super) const FACTS: &str = "
                                           dir chi cle pla eva aud adm ser  sea unk nam beg
goal_set                                    d   -   -   a   -   -   -   -    -   -   -   -
goal_reworded                               d   -   -   -   -   -   -   -    -   -   -   -
goal_moved                                  d   -   -   -   -   -   -   -    -   -   -   -
goal_suspended                              d   -   -   -   -   -   -   -    -   -   -   -
goal_resumed                                d   -   -   -   -   -   -   -    -   -   -   -
goal_cancelled                              d   -   -   -   -   -   -   -    -   -   -   -
goal_carried_over                           d   -   -   -   -   -   -   -    -   -   -   -
initiative_set                              -   o   -   a   -   -   -   -    -   -   -   -
initiative_reworded                         -   o   -   a   -   -   -   -    -   -   -   -
initiative_moved                            -   o   -   a   -   -   -   -    -   -   -   -
initiative_cancelled                        d   o   -   -   -   -   -   -    -   -   -   -
responsibility_transferred                  -   o   -   a   -   -   -   -    -   -   -   -
indicator_defined                           -   o   -   a   -   -   -   -    -   -   -   -
indicator_reworded                          -   o   -   a   -   -   -   -    -   -   -   -
indicator_moved                             -   o   -   a   -   -   -   -    -   -   -   -
indicator_redefined                         d   o   -   -   -   -   -   -    -   -   -   -
indicator_cancelled                         d   o   -   -   -   -   -   -    -   -   -   -
baseline_set                                -   o   -   a   -   -   -   -    -   -   -   -
target_set                                  -   o   -   a   -   -   -   -    -   -   -   -
target_revised                              d   o   -   -   -   -   -   -    -   -   -   -
plan_profile_set                            -   o   -   a   -   -   -   -    -   -   -   -
actual_recorded                             -   o   o   -   -   -   -   o    -   -   -   -
actual_recorded:on-behalf                   -   o   o   a   -   -   -   o    -   -   -   -
actual_corrected                            d   o   -   -   -   -   -   -    -   -   -   -
actual_corrected:own-entry                  d   o   o   -   -   -   -   o    -   -   -   -
actual_corrected:on-behalf                  d   o   -   a   -   -   -   -    -   -   -   -
actual_retracted                            d   o   -   -   -   -   -   -    -   -   -   -
actual_retracted:own-entry                  d   o   o   -   -   -   -   o    -   -   -   -
actual_confirmed                            -   o   -   -   -   -   -   -    -   -   -   -
demand_recorded                             -   o   o   -   -   -   -   o    -   -   -   -
forecast_submitted                          -   o   -   -   -   -   -   -    -   -   -   -
forecast_submitted:on-behalf                -   o   -   a   -   -   -   -    -   -   -   -
narrative_added                             -   o   o   -   -   -   -   -    -   -   -   -
narrative_added:on-behalf                   -   o   o   a   -   -   -   -    -   -   -   -
evidence_attached                           -   o   o   -   -   -   -   -    -   -   -   -
evidence_attached:on-behalf                 -   o   o   a   -   -   -   -    -   -   -   -
self_evaluated                              d   o   -   -   -   -   -   -    -   -   -   -
evaluation_reviewed                         d   -   -   a   a   -   -   -    -   -   -   -
evaluation_finalised                        d   -   -   a   a   -   -   -    -   -   -   -
next_action_agreed                          d   o   -   -   a   -   -   -    -   -   -   -
next_action_closed                          d   o   -   -   a   -   -   -    -   -   -   -
change_proposed                             d   o   o   -   -   -   -   o    -   -   -   -
change_proposed:on-behalf                   d   o   o   a   -   -   -   o    -   -   -   -
change_consulted                            a   a   -   a   -   -   -   -    -   -   -   -
change_decided                              d   o   -   -   a   -   -   -    -   -   -   -
change_withdrawn                            d   o   o   a   -   -   -   -    -   -   -   -
decision_reviewed                           d   o   -   -   a   -   -   -    -   -   -   -
";

/// Events about plans and the ledger.
pub(super) const FRAME: &str = "
                                           dir chi cle pla eva aud adm ser  sea unk nam beg
plan_published                              -   -   -   a   -   -   -   -    -   -   -   -
import_accepted                             -   -   -   a   -   -   -   -    -   -   -   -
period_opened                               -   -   -   a   -   -   -   -    -   -   -   -
period_soft_closed                          -   -   -   a   -   -   -   -    -   -   -   -
period_closed                               -   -   -   a   -   -   -   -    -   -   -   -
period_reopened                             -   -   -   a   -   -   -   -    -   -   -   -
restatement_issued                          -   -   -   a   -   -   -   -    -   -   -   -
reporting_calendar_set                      -   -   -   a   -   -   -   -    -   -   -   -
audit_finding_recorded                      -   -   -   -   -   a   -   -    -   -   -   -
audit_finding_answered                      a   a   -   -   -   -   -   -    -   -   -   -
audit_finding_answered:elsewhere            a   a   -   -   -   -   -   -    -   -   -   -
org_unit_registered                         -   -   -   a   -   -   -   -    -   -   -   a
org_unit_changed                            -   -   -   a   -   -   -   -    -   -   -   a
person_registered                           -   -   -   a   -   -   -   -    -   -   -   a
person_changed                              -   -   -   a   -   -   -   -    -   -   -   a
role_granted                                -   -   -   a   -   -   -   -    -   -   -   a
role_revoked                                -   -   -   a   -   -   -   -    -   -   -   a
delegation_registered                       -   -   -   a   -   -   -   -    -   -   -   -
delegation_ended                            -   -   -   a   -   -   -   -    -   -   -   -
policy_published                            -   -   -   a   -   -   -   -    -   -   -   -
policy_published:access                     -   -   -   a   -   -   a   -    -   -   a   a
policy_published:approval                   -   -   -   a   -   -   a   -    -   -   a   a
change_proposed:of-plan                     -   -   -   a   -   -   -   -    -   -   -   -
change_proposed:of-ledger                   -   -   -   a   -   -   -   -    -   -   -   -
operation_authorised                        a   a   -   a   -   -   a   -    -   -   -   -
change_proposed:of-operation                a   a   -   a   -   -   a   -    -   -   -   -
change_consulted:of-operation               a   a   -   a   -   -   -   -    -   -   -   -
change_decided:of-operation                 a   -   -   a   a   -   a   -    -   -   -   -
change_withdrawn:of-operation               a   a   -   a   -   -   a   -    -   -   -   -
";

/// The columns of the tables: who, and whether on the days on which the seats are held.
const COLUMNS: [(&str, bool); 12] = [
    ("director", true),
    ("chief", true),
    ("clerk", true),
    ("planning", true),
    ("evaluator", true),
    ("auditor", true),
    ("administrator", true),
    ("service", true),
    ("seatless", true),
    ("unknown", true),
    ("named", true),
    ("named", false),
];

/// For whom something is permitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Extent {
    Any,
    Department,
    Section,
    Never,
    DepartmentOrPublic,
    SectionOrPublic,
    Public,
}

impl Extent {
    fn of(letter: &str) -> Option<Self> {
        Some(match letter {
            "a" => Self::Any,
            "d" => Self::Department,
            "o" => Self::Section,
            "-" => Self::Never,
            "D" => Self::DepartmentOrPublic,
            "O" => Self::SectionOrPublic,
            "P" => Self::Public,
            _ => return None,
        })
    }

    /// Whether it holds of the own section (0), another of the department (1), another department (2), what is PUBLIC there (3).
    pub(super) fn holds(self, place: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Department => place <= 1,
            Self::Section => place == 0,
            Self::Never => false,
            Self::DepartmentOrPublic => place <= 1 || place == PUBLIC,
            Self::SectionOrPublic => place == 0 || place == PUBLIC,
            Self::Public => place == PUBLIC,
        }
    }

    /// Whether it is for everybody where it is PUBLIC.
    pub(super) fn is_for_everybody(self) -> bool {
        matches!(
            self,
            Self::DepartmentOrPublic | Self::SectionOrPublic | Self::Public
        )
    }
}

/// The rows of all tables, in their order: each with what the columns say.
pub(super) fn table() -> Vec<(&'static str, [Extent; 12])> {
    let lines = [READS, OPERATES, FACTS, FRAME]
        .into_iter()
        .flat_map(|table| table.trim_matches('\n').lines().skip(1));
    lines
        .map(|line| {
            let mut words = line.split_whitespace();
            let name = words.next().unwrap();
            let extents: Vec<Extent> = words.filter_map(Extent::of).collect();
            let extents = extents.try_into();
            (name, extents.unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

/// What the tables say of `who` on a day of the seats, or on another: then whoever held one is who never did.
pub(super) fn extent(extents: &[Extent; 12], who: &str, within: bool) -> Extent {
    let found = |who: &str, within| {
        let mut columns = COLUMNS.iter().zip(extents);
        let found = columns.find(|(column, _)| **column == (who, within));
        *found.unwrap_or_else(|| panic!("no column for {who}")).1
    };
    match (who, within) {
        ("named", within) => found("named", within),
        ("acting", true) => found("chief", true),
        ("seatless" | "unknown", _) => found(who, true),
        (who, true) => found(who, true),
        ("service", false) => found("unknown", true),
        (_, false) => found("seatless", true),
    }
}
