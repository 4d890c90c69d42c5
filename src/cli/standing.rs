//! Which answers are as of a size of the ledger (K): those that print a footer say it, and bear a fingerprint.

use crate::api::v1;

/// An answer of which a table is made.
pub trait Standing {
    /// K: the number of events that were known, where the answer says it.
    fn known_at(&self) -> Option<u64>;
}

macro_rules! standing {
    ($($field:ident: $($type:ident),* ;)*) => {
        $($(impl Standing for v1::$type {
            fn known_at(&self) -> Option<u64> {
                self.$field.as_ref().map(|at| at.known_at)
            }
        })*)*
    };
}

standing! {
    answered_at: GetPersonResponse, ListGrantsResponse, ListPersonsResponse, WhatCouldResponse, GetEntryTrailResponse, GetGoalResponse, GetOrganisationResponse, GetOverviewResponse,
        GetReportingCalendarResponse, GetResponsibilityResponse, GetSeriesResponse, ListAuditFindingsResponse,
        ListChangesResponse, ListFlagsResponse, ListGoalsResponse, ListNextActionsResponse, ListPendingResponse, ListPeriodsResponse,
        ListPoliciesResponse, ListReportingStatusResponse, ListSnapshotsResponse, SampleChangesResponse;
    evaluated_at: EvaluatePlanResponse, ExplainFigureResponse, GetSnapshotResponse, ListTargetChangesResponse;
    to: CompareEvaluationsResponse, DiffGoalResponse;
    after: CompareCyclesResponse;
}
