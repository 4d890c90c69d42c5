//! Calls about goals, what was reported on them, and what a code names.

use tonic::Request;

use super::{Client, PAGES_MAX};
use crate::api::v1;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;

/// Which goals are listed.
#[derive(Clone, Debug, Default)]
pub struct GoalFilter {
    /// Only of this plan.
    pub plan: Option<String>,
    /// Only of this department.
    pub department: Option<String>,
    /// Only with an initiative of this section.
    pub section: Option<String>,
    /// Only under this pillar.
    pub pillar: Option<u32>,
    /// Only where these words are found.
    pub find: Option<String>,
    /// With initiatives and indicators.
    pub full: bool,
    /// Those too that take effect only later.
    pub upcoming: bool,
}

impl Client {
    /// Goals, and again each that changes.
    pub async fn watch_goals(
        &self,
        request: v1::WatchGoalsRequest,
    ) -> Result<tonic::Streaming<v1::WatchGoalsResponse>, Failure> {
        let request = v1::WatchGoalsRequest {
            ledger: self.ledger(),
            ..request
        };
        // It goes on for as long as the person watches: no deadline.
        self.take(self.goals.clone().watch_goals(Request::new(request)).await)
    }

    /// One goal; with `forms`, with what a report on each indicator looks like today.
    pub async fn goal(&self, goal: &str, forms: bool) -> Result<v1::GetGoalResponse, Failure> {
        let request = v1::GetGoalRequest {
            ledger: self.ledger(),
            min_position: None,
            goal: goal.to_owned(),
            as_of: self.as_of.clone(),
            entry_forms: forms,
        };
        self.take(self.goals.clone().get_goal(self.ask(request)).await)
    }

    /// Goals, all pages as one, up to `limit`.
    pub async fn goals(
        &self,
        filter: &GoalFilter,
        limit: usize,
    ) -> Result<v1::ListGoalsResponse, Failure> {
        let view = if filter.full {
            v1::GoalView::Full
        } else {
            v1::GoalView::Summary
        };
        let mut all = v1::ListGoalsResponse::default();
        for _ in 0..PAGES_MAX {
            let request = v1::ListGoalsRequest {
                ledger: self.ledger(),
                min_position: None,
                plan: filter.plan.clone(),
                department: filter.department.clone(),
                section: filter.section.clone(),
                pillar: filter.pillar,
                find: filter.find.clone(),
                as_of: self.as_of.clone(),
                include_upcoming: filter.upcoming,
                view: view.into(),
                page_size: 0,
                page_token: std::mem::take(&mut all.next_page_token),
            };
            let page = self.take(self.goals.clone().list_goals(self.ask(request)).await)?;
            all.goals.extend(page.goals);
            all.next_page_token = page.next_page_token;
            all.total = page.total;
            all.answered_at = page.answered_at;
            if limit <= all.goals.len() || all.next_page_token.is_empty() {
                break;
            }
        }
        all.goals.truncate(limit);
        Ok(all)
    }

    /// An indicator's history with all pages of its entries, including position `min_position`.
    pub async fn series(
        &self,
        indicator: &str,
        min_position: Option<u64>,
    ) -> Result<v1::GetSeriesResponse, Failure> {
        let mut all: Option<v1::GetSeriesResponse> = None;
        let mut page_token = String::new();
        for _ in 0..PAGES_MAX {
            let request = v1::GetSeriesRequest {
                ledger: self.ledger(),
                min_position,
                indicator: indicator.to_owned(),
                as_of: self.as_of.clone(),
                page_size: 0,
                page_token: std::mem::take(&mut page_token),
            };
            let page = self.take(self.goals.clone().get_series(self.ask(request)).await)?;
            page_token.clone_from(&page.next_page_token);
            match &mut all {
                None => all = Some(page),
                Some(all) => {
                    all.entries.extend(page.entries);
                    all.next_page_token = page.next_page_token;
                }
            }
            if page_token.is_empty() {
                break;
            }
        }
        Ok(all.unwrap_or_default())
    }

    /// What a code or an id names.
    pub async fn lookup(&self, code: &str) -> Result<v1::Entity, Failure> {
        let query = v1::lookup_code_request::Query::Code(code.to_owned());
        let answer = self.lookup_by(query, &[], 1, String::new()).await?;
        answer.entities.into_iter().next().ok_or_else(|| {
            Failure::new(
                Exit::NotFound,
                pick(
                    self.address.language,
                    format!("コードがありません: {code}"),
                    format!("nothing has the code {code}"),
                ),
            )
        })
    }

    /// Things of these kinds (none: of all) whose code begins with `prefix`, a few of them.
    pub async fn beginning_with(
        &self,
        prefix: &str,
        kinds: &[v1::EntityKind],
        limit: u32,
    ) -> Result<Vec<v1::Entity>, Failure> {
        let query = v1::lookup_code_request::Query::Prefix(prefix.to_owned());
        Ok(self
            .lookup_by(query, kinds, limit, String::new())
            .await?
            .entities)
    }

    /// Everything of one kind.
    pub async fn every(&self, kind: v1::EntityKind) -> Result<Vec<v1::Entity>, Failure> {
        let mut all = Vec::new();
        let mut page_token = String::new();
        for _ in 0..PAGES_MAX {
            let query = v1::lookup_code_request::Query::Prefix(String::new());
            let page = self.lookup_by(query, &[kind], 0, page_token).await?;
            all.extend(page.entities);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        Ok(all)
    }

    async fn lookup_by(
        &self,
        query: v1::lookup_code_request::Query,
        kinds: &[v1::EntityKind],
        page_size: u32,
        page_token: String,
    ) -> Result<v1::LookupCodeResponse, Failure> {
        let request = v1::LookupCodeRequest {
            ledger: self.ledger(),
            min_position: None,
            query: Some(query),
            kinds: kinds.iter().map(|kind| i32::from(*kind)).collect(),
            as_of: self.as_of.clone(),
            page_size,
            page_token,
        };
        self.take(self.goals.clone().lookup_code(self.ask(request)).await)
    }

    /// The table of departments and pillars.
    pub async fn overview(&self, plan: Option<String>) -> Result<v1::GetOverviewResponse, Failure> {
        let request = v1::GetOverviewRequest {
            ledger: self.ledger(),
            min_position: None,
            plan,
            as_of: self.as_of.clone(),
        };
        self.take(self.goals.clone().get_overview(self.ask(request)).await)
    }
}
