//! What was agreed to do next (今後の対応), over a whole plan.

use std::collections::BTreeSet;

use super::point::{at, plan_of};
use crate::api::v1;
use crate::auth::access::Action;
use crate::domain::evaluation::judgement::ActionKind;
use crate::domain::goal::evaluation::NextAction;
use crate::domain::id::UnitId;
use crate::grpc::event::Choice as _;
use crate::grpc::goal_service::{form, one};
use crate::grpc::page_token::{Pinned, Scope, filter_digest};
use crate::grpc::services::{Call, Services};
use crate::grpc::show;
use crate::grpc::show::evaluation::Teller;
use crate::grpc::status::Refusal;

impl Services {
    /// A page of the actions agreed for a plan, by the day they are due.
    pub(super) async fn next_actions(
        &self,
        call: Call,
        mut request: v1::ListNextActionsRequest,
    ) -> Result<v1::ListNextActionsResponse, Refusal> {
        let reader = self.ledger(&call, &request.ledger, Action::ReadPlan)?;
        let min_position = request.min_position.take();
        let rows = Self::page_rows(std::mem::take(&mut request.page_size));
        let token = std::mem::take(&mut request.page_token);
        let scope = Scope {
            method: "EvaluationService/ListNextActions",
            actor: &call.actor,
            ledger: Some(reader.id()),
            filter: filter_digest(&request),
        };
        let place = self.place(&scope, &token)?;
        let skip = Self::skip(place.as_ref())?;
        let as_of = request.as_of.as_ref();
        let standpoint = self
            .standpoint(&call, &reader, min_position, as_of, place.as_ref())
            .await?;
        let directory = &standpoint.view.directory;
        let plan = plan_of(directory, request.plan.as_deref(), standpoint.on)?;
        self.read_plan(&call, &reader, plan.id)?;
        let owner: Option<UnitId> = match &request.owner {
            Some(unit) => Some(one(directory, "owner", unit)?),
            None => None,
        };
        let kinds = request.kinds.iter().map(|number| {
            ActionKind::from_number(*number).ok_or_else(|| form("kinds", "not one of the choices"))
        });
        let kinds = kinds.collect::<Result<BTreeSet<_>, _>>()?;
        let evaluation = self
            .evaluation(&reader, at(&standpoint, plan, None)?)
            .await?;
        let wanted = |action: &NextAction| {
            let open = action.closed.is_none();
            (kinds.is_empty() || kinds.contains(&action.kind))
                && owner.is_none_or(|owner| owner == action.owner_unit)
                && (!request.open_only || open)
                && (!request.overdue_only || (open && action.due < standpoint.on))
        };
        let mut actions: Vec<_> = evaluation
            .goals
            .iter()
            .flat_map(|goal| &goal.actions)
            .filter(|action| wanted(action))
            .collect();
        actions.sort_by_key(|action| (action.due, action.position));
        let teller = Teller::new(&evaluation.at);
        let told = actions.iter().skip(skip).take(rows);
        let pinned = Some(Pinned::from(&standpoint));
        Ok(v1::ListNextActionsResponse {
            plan: Some(show::evaluation::plan(&evaluation.at)),
            actions: told.map(|action| teller.action(action)).collect(),
            next_page_token: self.next_token(&scope, pinned, skip + rows, actions.len()),
            total: show::count(actions.len()),
            answered_at: Some(show::answered_at(&standpoint)),
        })
    }
}
