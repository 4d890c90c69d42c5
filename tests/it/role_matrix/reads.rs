//! A request for every method that reads what the ledger is, its goals, who may what, and proofs.

use daicho::api::v1::*;
use prost::Message as _;

use super::place::Place;
use super::plan::{FIRST, PLAN};
use super::row::Tells::{Anything, OfPlace, Words};
use super::row::{Row, of_ledger, reads, reads_of};
use super::world::{Ground, LEDGER};

/// Rows of a page: more than there is.
pub(super) const ROWS: u32 = 500;

/// What there was when all had been written, on the first day.
pub(super) fn then(ground: &Ground) -> Option<AsOf> {
    Some(AsOf {
        known_at: Some(as_of::KnownAt::Size(ground.size)),
        effective_on: Some(FIRST.to_owned()),
    })
}

pub(super) fn plan() -> Option<String> {
    Some(PLAN.to_owned())
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = who();
    rows.extend(events());
    rows.extend(goals());
    rows.extend(access());
    rows.extend(proofs());
    rows
}

fn who() -> Vec<Row> {
    vec![
        reads("IdentityService/GetCaller", Anything, |_| {
            GetCallerRequest {}
        }),
        reads("AccessService/WhoAmI", Anything, |_| {
            of_ledger!(WhoAmIRequest {})
        }),
        reads(
            "AdminService/ListLedgers",
            Words("ledger.example/city"),
            |_| ListLedgersRequest::default(),
        ),
        reads(
            "LedgerService/GetLedger",
            Words("ledger.example/city"),
            |_| of_ledger!(GetLedgerRequest {}),
        ),
    ]
}

fn events() -> Vec<Row> {
    vec![
        reads_of("LedgerService/GetReceipt", Anything, |place, _| {
            of_ledger!(GetReceiptRequest {
                request_id: place.request.clone()
            })
        }),
        reads_of(
            "LedgerService/GetReceipt:published",
            Anything,
            |place, _| GetReceiptRequest {
                ledger: LEDGER.to_owned(),
                request_id: place.request.clone(),
                receipt_mode: ReceiptMode::Published.into(),
            },
        ),
        reads_of("LedgerService/GetEvent", OfPlace, |place, _| {
            let id = place.decision.clone();
            of_ledger!(GetEventRequest {
                selector: Some(get_event_request::Selector::EventId(id))
            })
        }),
        reads("LedgerService/ReadEvents", OfPlace, |_| {
            of_ledger!(ReadEventsRequest {})
        }),
        reads("LedgerService/SubscribeEvents", OfPlace, |_| {
            of_ledger!(SubscribeEventsRequest {})
        })
        .until(|message| {
            use subscribe_events_response::Frame;
            let frame = SubscribeEventsResponse::decode(message).unwrap().frame;
            matches!(frame, Some(Frame::CaughtUp(_)))
        }),
        reads_of("LedgerService/SubscribeEvents:goal", OfPlace, |place, _| {
            of_ledger!(SubscribeEventsRequest {
                streams: vec![stream_of(place)]
            })
        })
        .until(|message| {
            use subscribe_events_response::Frame;
            let frame = SubscribeEventsResponse::decode(message).unwrap().frame;
            matches!(frame, Some(Frame::CaughtUp(_)))
        }),
    ]
}

/// All events of a goal.
fn stream_of(place: &Place) -> StreamRef {
    StreamRef {
        kind: StreamKind::Goal.into(),
        id: place.goal.clone(),
    }
}

fn goals() -> Vec<Row> {
    vec![
        reads_of("GoalService/GetGoal", OfPlace, |place, _| {
            of_ledger!(GetGoalRequest {
                goal: place.goal_code()
            })
        }),
        reads_of("GoalService/GetGoal:by-id", OfPlace, |place, _| {
            of_ledger!(GetGoalRequest {
                goal: place.goal.clone()
            })
        }),
        reads_of("GoalService/GetGoal:earlier", OfPlace, |place, ground| {
            of_ledger!(GetGoalRequest {
                goal: place.goal_code(),
                as_of: then(ground)
            })
        }),
        reads("GoalService/ListGoals", OfPlace, |_| {
            of_ledger!(ListGoalsRequest {
                view: GoalView::Full.into(),
                page_size: ROWS
            })
        }),
        reads_of("GoalService/ListGoals:section", OfPlace, |place, _| {
            of_ledger!(ListGoalsRequest {
                department: Some(place.department.clone()),
                find: Some(place.words.clone())
            })
        }),
        reads_of("GoalService/LookupCode", OfPlace, |place, _| {
            let code = place.indicator_code();
            of_ledger!(LookupCodeRequest {
                query: Some(lookup_code_request::Query::Code(code))
            })
        }),
        reads("GoalService/LookupCode:beginning", OfPlace, |_| {
            let all = lookup_code_request::Query::Prefix(String::new());
            of_ledger!(LookupCodeRequest {
                query: Some(all),
                page_size: ROWS
            })
        }),
        reads_of("GoalService/GetSeries", OfPlace, |place, _| {
            of_ledger!(GetSeriesRequest {
                indicator: place.indicator_code()
            })
        }),
        reads("GoalService/GetOverview", Words("甲部"), |_| {
            of_ledger!(GetOverviewRequest { plan: plan() })
        }),
        reads("GoalService/GetOrganisation", Words("乙課"), |_| {
            of_ledger!(GetOrganisationRequest { page_size: ROWS })
        }),
        reads_of("GoalService/GetResponsibility", OfPlace, |place, _| {
            of_ledger!(GetResponsibilityRequest {
                subject: place.initiative_code()
            })
        }),
        reads_of(
            "GoalService/GetResponsibility:section",
            OfPlace,
            |place, _| {
                of_ledger!(GetResponsibilityRequest {
                    subject: place.section.clone()
                })
            },
        ),
        reads("GoalService/ListReportingStatus", OfPlace, |_| {
            of_ledger!(ListReportingStatusRequest {
                plan: plan(),
                page_size: ROWS
            })
        }),
        reads("GoalService/GetReportingCalendar", OfPlace, |_| {
            of_ledger!(GetReportingCalendarRequest { plan: plan() })
        }),
        reads("GoalService/ListPending", OfPlace, |_| {
            of_ledger!(ListPendingRequest {
                ended: true,
                page_size: ROWS
            })
        }),
        reads_of("GoalService/ListPending:one", OfPlace, |place, _| {
            of_ledger!(ListPendingRequest {
                proposal: Some(place.proposal.clone())
            })
        }),
        reads_of("GoalService/ListPending:subject", OfPlace, |place, _| {
            of_ledger!(ListPendingRequest {
                subject: Some(place.goal_code())
            })
        }),
        reads("GoalService/WatchGoals", OfPlace, |_| {
            of_ledger!(WatchGoalsRequest {})
        })
        .until(|message| {
            use watch_goals_response::Frame;
            let frame = WatchGoalsResponse::decode(message).unwrap().frame;
            matches!(frame, Some(Frame::CaughtUp(_)))
        }),
    ]
}

fn access() -> Vec<Row> {
    vec![
        reads("AccessService/ListPersons", Words("seatless"), |_| {
            of_ledger!(ListPersonsRequest { page_size: ROWS })
        }),
        reads("AccessService/GetPerson", Words("chief1"), |ground| {
            of_ledger!(GetPersonRequest {
                person: ground.people.person("chief")
            })
        }),
        reads("AccessService/ListGrants", Words("service1"), |_| {
            of_ledger!(ListGrantsRequest {
                include_inactive: true,
                page_size: ROWS
            })
        }),
        reads("AccessService/WhatCould", Words("chief1"), |_| {
            let seat = what_could_request::Subject::Seat("chief1".to_owned());
            of_ledger!(WhatCouldRequest {
                subject: Some(seat),
                on: Some("2023-07-01".to_owned())
            })
        }),
        reads("AdminService/ListPersonalData", Anything, |_| {
            of_ledger!(ListPersonalDataRequest {})
        }),
        reads("AdminService/ListPersonalData:purpose", Anything, |_| {
            of_ledger!(ListPersonalDataRequest {})
        })
        .for_purpose("開示請求"),
        reads("AdminService/DisclosePersonalData", Anything, |_| {
            of_ledger!(DisclosePersonalDataRequest {})
        }),
        reads(
            "AdminService/DisclosePersonalData:purpose",
            Anything,
            |_| of_ledger!(DisclosePersonalDataRequest {}),
        )
        .for_purpose("開示請求"),
    ]
}

fn proofs() -> Vec<Row> {
    vec![
        reads("ProofService/GetCheckpoint", Anything, |_| {
            of_ledger!(GetCheckpointRequest {})
        }),
        reads("ProofService/ListCheckpoints", Anything, |_| {
            of_ledger!(ListCheckpointsRequest {})
        }),
        reads("ProofService/ListKeys", Anything, |_| {
            of_ledger!(ListKeysRequest {})
        }),
        reads("ProofService/GetConsistencyProof", Anything, |ground| {
            of_ledger!(GetConsistencyProofRequest {
                old_size: ground.size
            })
        }),
        reads_of("ProofService/GetInclusionProof", OfPlace, |place, _| {
            let id = place.decision.clone();
            of_ledger!(GetInclusionProofRequest {
                selector: Some(get_inclusion_proof_request::Selector::EventId(id))
            })
        }),
        reads_of("ProofService/GetStreamProof", Anything, |place, _| {
            of_ledger!(GetStreamProofRequest {
                stream: Some(stream_of(place))
            })
        }),
        reads_of("ProofService/GetStreamProof:unit", Anything, |place, _| {
            let stream = StreamRef {
                kind: StreamKind::Org.into(),
                id: place.section.clone(),
            };
            of_ledger!(GetStreamProofRequest {
                stream: Some(stream)
            })
        }),
        reads("ProofService/ExportBundle", OfPlace, |_| {
            of_ledger!(ExportBundleRequest {
                with_evidence: true
            })
        }),
    ]
}
