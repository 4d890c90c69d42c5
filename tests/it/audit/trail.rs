//! What became of a report is told whole, from each of its events.

use daicho::api::v1;
use daicho::cli::render::audit;
use daicho::domain::event::*;
use daicho::domain::id::{InitiativeId, UnitId};
use daicho::domain::text::Language;
use insta::assert_snapshot;
use tonic::Code;
use tonic_types::StatusExt as _;

use super::world::{
    CHIEF, CLERK, Writer, because, correction, event, event_id, goal, grid, id, indicator, report,
    shown, told, view,
};

/// The grid, July corrected once more and shown, the section reorganised on 1 September, and a report taken back.
async fn story(writer: &Writer) {
    grid(writer).await;
    let moved = event(
        "moved",
        goal(),
        "2023-09-01",
        ResponsibilityTransferred {
            initiative: id("initiative", InitiativeId::new),
            lead_unit: id("情報課", UnitId::new),
            contributing_units: vec![id("総務文書課", UnitId::new)],
        },
    );
    let moved = because(moved, ReasonCode::Reorganisation, "9月の組織改編による。");
    writer
        .at("2023-11-15 10:00", "企画政策課", vec![moved])
        .await;
    let again = correction("july again", "業務改善", "july corrected", "2023-07-30", 8);
    writer
        .at("2023-11-16 10:00", CHIEF, vec![shown(again)])
        .await;
    let attached = event(
        "attached",
        goal(),
        "2023-11-17",
        EvidenceAttached {
            subject: Subject::Indicator(indicator("業務改善")),
            shows: Some(event_id("july corrected")),
            filed_under: None,
        },
    );
    writer
        .at("2023-11-17 10:00", CLERK, vec![shown(attached)])
        .await;
    writer
        .at(
            "2023-11-18 10:00",
            CLERK,
            vec![report("wrong", "業務改善", "2023-11-18", 4)],
        )
        .await;
    let retracted = event(
        "taken back",
        goal(),
        "2023-11-18",
        ActualRetracted {
            indicator: indicator("業務改善"),
            retracts: event_id("wrong"),
            before: None,
        },
    );
    let retracted = because(retracted, ReasonCode::WrongIndicator, "別の指標の実績。");
    writer.at("2023-11-20 10:00", CHIEF, vec![retracted]).await;
}

fn of(name: &str) -> v1::GetEntryTrailRequest {
    v1::GetEntryTrailRequest {
        event_id: event_id(name).to_string(),
        ..v1::GetEntryTrailRequest::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_of_a_report_leads_to_its_whole_trail() {
    let server = told(story).await;
    let mut audit = server.audit().await;
    let whole = audit
        .get_entry_trail(of("2023-07-31"))
        .await
        .unwrap()
        .into_inner();
    for name in ["july corrected", "july again", "attached"] {
        let other = audit.get_entry_trail(of(name)).await.unwrap().into_inner();
        assert_eq!(other, whole, "{name}");
    }
    for (name, language) in [("ja", Language::Ja), ("en", Language::En)] {
        let view = view(&server, language).await;
        assert_snapshot!(format!("trail_{name}"), audit::trail::trail(&view, &whole));
    }
    let taken_back = audit
        .get_entry_trail(of("wrong"))
        .await
        .unwrap()
        .into_inner();
    assert_snapshot!(
        "trail_taken_back",
        audit::trail::trail(&view(&server, Language::Ja).await, &taken_back)
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_recorded_later_is_in_no_trail() {
    let server = told(story).await;
    let mut audit = server.audit().await;
    let mut request = of("2023-07-31");
    request.as_of = Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date("2023-10-12".to_owned())),
        effective_on: None,
    });
    let then = audit
        .get_entry_trail(request.clone())
        .await
        .unwrap()
        .into_inner();
    let told: Vec<_> = then
        .links
        .iter()
        .map(|link| (link.position, link.stands))
        .collect();
    assert_eq!((told, then.total), (vec![(13, false), (16, true)], 2));
    // Nobody had heard of the reorganisation yet.
    let answered = then.links[1].on_record_date.clone().unwrap();
    assert_eq!(answered.lead.unwrap().code, "総務文書課");
    assert!(then.attachments.is_empty());
    assert_eq!(then.answered_at.unwrap().effective_on, "2023-10-12");
    // What was not recorded then has no trail then.
    request.event_id = event_id("july again").to_string();
    let status = audit.get_entry_trail(request).await.unwrap_err();
    let details = status.get_error_details();
    assert_eq!(details.error_info().unwrap().reason, "EVENT_UNKNOWN");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trail_has_pages_and_what_has_none_is_refused() {
    let server = told(story).await;
    let mut audit = server.audit().await;
    let whole = audit
        .get_entry_trail(of("2023-07-31"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!((whole.total, whole.links.len()), (3, 3));
    let mut request = of("2023-07-31");
    request.page_size = 2;
    let first = audit
        .get_entry_trail(request.clone())
        .await
        .unwrap()
        .into_inner();
    request.page_token = first.next_page_token.clone();
    let second = audit
        .get_entry_trail(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(second.next_page_token, "");
    assert_eq!([first.links, second.links].concat(), whole.links);
    request.event_id = event_id("wrong").to_string();
    let status = audit.get_entry_trail(request).await.unwrap_err();
    assert_eq!(
        status.get_error_details().error_info().unwrap().reason,
        "PAGE_TOKEN_INVALID"
    );

    for (name, reason) in [("nothing", "EVENT_UNKNOWN"), ("moved", "ENTRY_UNKNOWN")] {
        let status = audit.get_entry_trail(of(name)).await.unwrap_err();
        let details = status.get_error_details();
        assert_eq!(
            (status.code(), details.error_info().unwrap().reason.as_str()),
            (Code::NotFound, reason)
        );
    }
    server.stop().await;
}
