//! What access logs say, on the wire. No caller states it, so it is only shown.

use crate::api::v1;
use crate::domain::event::{AccessRecorded, AccessesLeftOut};
use crate::domain::rejection::{Reason, Rejection};
use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::payload::Reading;
use crate::grpc::event::show_timestamp;

impl Reading<'_, '_> {
    /// Refuses what only the server records.
    pub(super) fn by_server<T>(&mut self, event: &'static str) -> Option<T> {
        let at = self.at.then(event);
        let refusal = Rejection::new(Reason::EventByServer, at.to_string());
        self.faults.push(refusal);
        None
    }
}

pub(crate) fn show_access(p: &AccessRecorded) -> v1::AccessRecorded {
    let text = |name: &Option<crate::domain::text::Name>| name.as_ref().map(ToString::to_string);
    v1::AccessRecorded {
        rpc: p.rpc.to_string(),
        class: p.class.number(),
        resource: p.resource.as_ref().map(|resource| v1::AccessedResource {
            kind: resource.kind.number(),
            name: resource.name.to_string(),
        }),
        purpose: text(&p.purpose),
        outcome: p.outcome.number(),
        status: p.status,
        reason: text(&p.reason),
        policy_id: text(&p.policy),
        peer: text(&p.peer),
        duration_micros: p.duration_micros,
        request_id: p.request_id.map(|id| id.to_string()),
        count: p.count,
        first_at: Some(show_timestamp(p.first_at)),
        last_at: Some(show_timestamp(p.last_at)),
        personal: p.personal,
    }
}

pub(crate) fn show_left_out(p: &AccessesLeftOut) -> v1::AccessesLeftOut {
    v1::AccessesLeftOut {
        refusals: p.refusals,
        others: p.others,
        first_at: Some(show_timestamp(p.first_at)),
        last_at: Some(show_timestamp(p.last_at)),
    }
}
