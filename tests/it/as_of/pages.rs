//! Lists that are read page by page while the ledger grows.

use daicho::api::v1::lookup_code_request::Query;
use daicho::api::v1::*;

use super::history::{Year, another, at};
use crate::errors::told;

/// Reads a list to its end in pages of two, with something appended after each page: ids in order, and
/// where each page was answered.
macro_rules! pages {
    ($year:ident, $appended:ident, $client:ident.$method:ident, $request:expr, $rows:ident) => {{
        let (mut found, mut answered, mut page_token) = (Vec::new(), Vec::new(), String::new());
        loop {
            let mut request = $request;
            request.page_token = std::mem::take(&mut page_token);
            let page = $client.$method(request).await.unwrap().into_inner();
            found.extend(page.$rows.into_iter().map(|row| format!("{row:?}")));
            let at = page.answered_at.unwrap();
            answered.push((at.known_at, at.effective_on));
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
            let more = another($appended);
            $year.given("2024-03-01", more).await;
            $appended += 1;
        }
        answered.dedup();
        assert_eq!(answered.len(), 1, "pages of {answered:?}");
        found
    }};
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_are_of_the_size_and_date_of_the_first() {
    let mut year = Year::over().await;
    let mut goals = year.server.goals().await;
    let (size, mut appended) = (year.size().await, 0);
    for as_of in [None, at(size - 4, Some(year.day(160)))] {
        let list = |page_size| ListGoalsRequest {
            plan: Some("前年度".to_owned()),
            as_of: as_of.clone(),
            page_size,
            ..Default::default()
        };
        let whole = goals.list_goals(list(500)).await.unwrap().into_inner();
        let whole: Vec<_> = whole.goals.iter().map(|row| format!("{row:?}")).collect();
        assert!(4 < whole.len());
        assert_eq!(
            pages!(year, appended, goals.list_goals, list(2), goals),
            whole
        );

        let codes = |page_size| LookupCodeRequest {
            query: Some(Query::Prefix("前".to_owned())),
            as_of: as_of.clone(),
            page_size,
            ..Default::default()
        };
        let whole = goals.lookup_code(codes(500)).await.unwrap().into_inner();
        let whole: Vec<_> = whole
            .entities
            .iter()
            .map(|row| format!("{row:?}"))
            .collect();
        assert_eq!(
            pages!(year, appended, goals.lookup_code, codes(5), entities),
            whole
        );

        let series = |page_size| GetSeriesRequest {
            indicator: "前/件".to_owned(),
            as_of: as_of.clone(),
            page_size,
            ..Default::default()
        };
        let whole = goals.get_series(series(500)).await.unwrap().into_inner();
        let whole: Vec<_> = whole.entries.iter().map(|row| format!("{row:?}")).collect();
        assert!(2 < whole.len());
        assert_eq!(
            pages!(year, appended, goals.get_series, series(1), entries),
            whole
        );
    }
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_goes_on_only_as_of_what_it_was_made_for() {
    let year = Year::over().await;
    let mut goals = year.server.goals().await;
    let list = |as_of| ListGoalsRequest {
        page_size: 1,
        as_of,
        ..Default::default()
    };
    let day = |n| {
        Some(AsOf {
            known_at: None,
            effective_on: Some(year.day(n)),
        })
    };
    let first = goals.list_goals(list(day(10))).await.unwrap().into_inner();
    let other = ListGoalsRequest {
        page_token: first.next_page_token,
        ..list(day(11))
    };
    let refusal = told(&goals.list_goals(other).await.unwrap_err());
    assert_eq!(refusal.reason, "PAGE_TOKEN_INVALID");
    year.server.stop().await;
}
