//! A request for every method by which somebody judges a plan, or holds it against what was recorded.

use daicho::api::v1::*;

use super::plan::CLOSED;
use super::reads::{ROWS, plan, then};
use super::row::Tells::{Anything, CodeOfPlace, OfPlace, Words};
use super::row::{Row, of_ledger, reads, reads_of};
use super::world::LEDGER;
use crate::evidence::sha256;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = audit();
    rows.extend(evaluations());
    rows
}

fn point(as_of: Option<AsOf>) -> Option<EvaluationPoint> {
    Some(EvaluationPoint {
        at: Some(evaluation_point::At::AsOf(as_of.unwrap_or_default())),
        policy: None,
    })
}

fn audit() -> Vec<Row> {
    vec![
        reads("AuditService/ListChanges", OfPlace, |_| {
            of_ledger!(ListChangesRequest { page_size: ROWS })
        }),
        reads("AuditService/SampleChanges", OfPlace, |_| {
            let changes = of_ledger!(ListChangesRequest {});
            SampleChangesRequest {
                changes: Some(changes),
                count: 200,
                seed: "監査".to_owned(),
            }
        }),
        reads_of("AuditService/GetEntryTrail", OfPlace, |place, _| {
            of_ledger!(GetEntryTrailRequest {
                event_id: place.entry.clone()
            })
        }),
        reads_of("AuditService/ListFlags", Anything, |place, _| {
            of_ledger!(ListFlagsRequest {
                goal: Some(place.goal_code())
            })
        }),
        reads("AuditService/ListAuditFindings", OfPlace, |_| {
            of_ledger!(ListAuditFindingsRequest { page_size: ROWS })
        }),
        reads_of("AuditService/DiffGoal", OfPlace, |place, ground| {
            of_ledger!(DiffGoalRequest {
                subject: place.goal_code(),
                from: then(ground)
            })
        }),
        reads_of("AuditService/ExplainFigure", OfPlace, |place, _| {
            of_ledger!(ExplainFigureRequest {
                indicator: place.indicator_code(),
                figure: ExplainedFigure::Actual.into()
            })
        }),
        reads("AuditService/ListTargetChanges", OfPlace, |_| {
            of_ledger!(ListTargetChangesRequest { page_size: ROWS })
        }),
        reads("AuditService/ListAccess", Anything, |_| {
            of_ledger!(ListAccessRequest { page_size: ROWS })
        }),
    ]
}

fn evaluations() -> Vec<Row> {
    vec![
        reads("EvaluationService/EvaluatePlan", OfPlace, |_| {
            of_ledger!(EvaluatePlanRequest {
                plan: plan(),
                page_size: ROWS
            })
        }),
        reads_of(
            "EvaluationService/EvaluatePlan:section",
            OfPlace,
            |place, _| {
                of_ledger!(EvaluatePlanRequest {
                    plan: plan(),
                    section: Some(place.section.clone())
                })
            },
        ),
        reads("EvaluationService/CompareEvaluations", OfPlace, |ground| {
            of_ledger!(CompareEvaluationsRequest {
                plan: plan(),
                from: point(then(ground)),
                to: point(None)
            })
        }),
        reads("EvaluationService/CompareCycles", Anything, |_| {
            of_ledger!(CompareCyclesRequest { plan: plan() })
        }),
        reads("EvaluationService/ListSnapshots", Words(CLOSED), |_| {
            of_ledger!(ListSnapshotsRequest { plan: plan() })
        }),
        reads("EvaluationService/GetSnapshot", CodeOfPlace, |_| {
            let snapshot = SnapshotRef {
                period: CLOSED.to_owned(),
                revision: None,
            };
            of_ledger!(GetSnapshotRequest {
                plan: plan(),
                snapshot: Some(snapshot),
                page_size: ROWS
            })
        }),
        reads("EvaluationService/ExportReport", CodeOfPlace, |_| {
            of_ledger!(ExportReportRequest {
                plan: plan(),
                kind: ReportKind::EvaluationRows.into()
            })
        }),
        reads("EvaluationService/ListPeriods", Words(CLOSED), |_| {
            of_ledger!(ListPeriodsRequest { plan: plan() })
        }),
        reads("EvaluationService/ListPolicies", Anything, |_| {
            of_ledger!(ListPoliciesRequest {})
        }),
        reads("EvaluationService/ListNextActions", OfPlace, |_| {
            of_ledger!(ListNextActionsRequest {
                plan: plan(),
                page_size: ROWS
            })
        }),
        reads_of("EvidenceService/GetEvidence", OfPlace, |place, _| {
            GetEvidenceRequest {
                ledger: LEDGER.to_owned(),
                sha256: sha256(&place.file).to_vec(),
            }
        }),
        reads("EvidenceService/CheckEvidence", OfPlace, |_| {
            of_ledger!(CheckEvidenceRequest {})
        }),
    ]
}
