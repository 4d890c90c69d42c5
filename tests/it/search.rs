//! Which goals tell of some words: of the plan and of what was told, however it was written, as of two clocks.

use daicho::api::v1;
use daicho::domain::event::*;
use daicho::domain::id::InitiativeId;
use daicho::domain::text::Text;

use crate::audit::world::{CLERK, Writer, defined, event, goal, id, indicator, told};
use crate::fixture::counted;
use crate::service::Server;

fn narrative(name: &str, subject: Subject, day: &str, text: &str) -> Event {
    let kind = NarrativeKind::Cause;
    let text = Text::parse(text).unwrap();
    let told = NarrativeAdded {
        subject,
        kind,
        text: text.into(),
    };
    event(name, goal(), day, told)
}

/// A criterion in old characters, and in autumn what was told of the summer.
async fn story(writer: &Writer) {
    let sewers = defined("污水ますの整備", 2, counted(), 10);
    writer.at("2023-04-04 10:00", "企画政策課", sewers).await;
    let of_initiative = narrative(
        "of the initiative",
        Subject::Initiative(id("initiative", InitiativeId::new)),
        "2023-08-31",
        "髙齢者の窓口が混み、ＳＮＳで案内した。",
    );
    let of_indicator = narrative(
        "of the indicator",
        Subject::Indicator(indicator("業務改善")),
        "2023-09-30",
        "収納率の提案が多かった。",
    );
    let all = vec![of_initiative, of_indicator];
    writer.at("2023-10-20 10:00", CLERK, all).await;
}

async fn found(server: &Server, find: &str, known_at: &str, on: &str) -> usize {
    let request = v1::ListGoalsRequest {
        find: Some(find.to_owned()),
        as_of: Some(v1::AsOf {
            known_at: Some(v1::as_of::KnownAt::Date(known_at.to_owned())),
            effective_on: Some(on.to_owned()),
        }),
        ..Default::default()
    };
    let answer = server.goals().await.list_goals(request).await.unwrap();
    let answer = answer.into_inner();
    assert_eq!(answer.goals.len(), answer.total as usize, "{find}");
    answer.goals.len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_is_found_by_its_words_and_by_what_was_told_of_it() {
    let server = told(story).await;
    let now = async |find| found(&server, find, "2023-10-20", "2023-10-20").await;
    for find in [
        "汚水", // The criterion says 污水.
        "污水",
        "提案制度",          // The initiative.
        "事務　改善",        // All words, wherever they stand; the space is a full width one.
        "r5/総務部/1-1/1.2", // A code, whatever its case.
        "高齢者",            // Told of the initiative as 髙齢者.
        "sns",
        "收納率",             // Told of the indicator as 収納率.
        "汚水 収納率 Ｓｎｓ", // Of the plan and of what was told.
    ] {
        assert_eq!(now(find).await, 1, "{find}");
    }
    for find in ["上水", "汚水 上水", "汚水収納率"] {
        assert_eq!(now(find).await, 0, "{find}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_later_or_of_a_later_day_is_not_found() {
    let server = told(story).await;
    for (known_at, on, counts) in [
        // Not recorded yet, though it holds for the day.
        ("2023-10-19", "2023-09-30", [1, 0, 0]),
        // Recorded, but of a later day; of the day itself; of both.
        ("2023-10-20", "2023-08-30", [1, 0, 0]),
        ("2023-10-20", "2023-08-31", [1, 1, 0]),
        ("2023-10-20", "2023-09-30", [1, 1, 1]),
        // Before the plan begins nothing stands.
        ("2023-10-20", "2023-03-31", [0, 0, 0]),
    ] {
        for (find, count) in ["汚水", "高齢者", "収納率"].into_iter().zip(counts) {
            let found = found(&server, find, known_at, on).await;
            assert_eq!(found, count, "{find} on {on} as known at {known_at}");
        }
    }
    server.stop().await;
}
