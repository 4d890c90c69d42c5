//! The canonical rows: the same bytes for ever.

use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::directory::Named;
use daicho::domain::event::*;
use daicho::ledger::Append;
use daicho::projection::evaluation::rows::{self, Column};
use sha2::{Digest as _, Sha256};

use super::{csv, evaluated, known_by, plan, sample};
use crate::fixture::{date, event_id, permitted, request_id};

#[tokio::test]
async fn what_comes_later_changes_no_row_of_the_past() {
    let (ledgers, reader) = sample(date("2023-10-11")).await;
    let (r5, day) = (plan(&reader, "R5"), date("2023-09-30"));
    let size = known_by(&reader, date("2023-10-10")).await;
    let before = csv(&evaluated(&reader, r5, day, size).await);

    // Every entry of the half year is corrected, and every indicator reported on again.
    let mut events = Vec::new();
    let view = reader.view();
    let evaluation = evaluated(&reader, r5, day, view.head.size).await;
    for (_, _, indicator) in evaluation.indicators() {
        let stream = Stream::goal(indicator.entry.home);
        let state = reader.stream(stream, view.head.size).await.unwrap();
        let state = state.goal.indicator(indicator.id).unwrap().clone();
        for entry in state.effective() {
            let Measurement::Increment(amount) = entry.measurement else {
                continue;
            };
            let payload = ActualCorrected {
                indicator: indicator.id,
                corrects: entry.event_id,
                before: None,
                measurement: Measurement::Increment(amount.checked_add(1.into()).unwrap()),
                reported: ReportedPart {
                    part: entry.context.reported.part.clone(),
                    unit_code: None,
                },
            };
            events.push(Event {
                valid: Some(entry.valid),
                reason: Some(Reason {
                    code: ReasonCode::EntryError,
                    text: daicho::domain::text::Text::parse("数え直した。")
                        .unwrap()
                        .into(),
                }),
                ..Event::new(event_id(), stream, payload.into())
            });
        }
    }
    assert!(300 < events.len(), "{}", events.len());
    for events in events.chunks(Append::EVENTS_MAX) {
        let append = Append::new(reader.id(), request_id(), events.to_vec());
        let appended = ledgers.append(permitted("監査", append), None).await;
        appended.unwrap();
    }
    let now = reader.caught_up(None).await.head.size;
    assert_eq!(csv(&evaluated(&reader, r5, day, size).await), before);
    assert_ne!(csv(&evaluated(&reader, r5, day, now).await), before);
}

#[tokio::test]
async fn the_digest_is_that_of_the_file() {
    let (_ledgers, reader) = sample(date("2023-10-06")).await;
    let size = reader.head().size;
    let evaluation = evaluated(&reader, plan(&reader, "R5"), date("2023-09-30"), size).await;
    let (file, digest) = (csv(&evaluation), rows::digest(&evaluation));
    assert_eq!(digest.sha256, <[u8; 32]>::from(Sha256::digest(&file)));
    assert_eq!(digest.rows as usize, file.lines().count() - 1);
    assert!(file.ends_with('\n') && !file.contains('\r') && !file.starts_with('\u{feff}'));
}

#[tokio::test]
async fn every_indicator_of_the_plan_has_one_row_in_order() {
    let (_ledgers, reader) = sample(date("2023-10-06")).await;
    let view = reader.view();
    let r5 = plan(&reader, "R5");
    let evaluation = evaluated(&reader, r5, date("2023-09-30"), view.head.size).await;
    let rows: Vec<_> = rows::rows(&evaluation).collect();
    let mut expected = Vec::new();
    for goal in view.directory.goals_of(r5) {
        for initiative in view.directory.initiatives_of(goal) {
            for indicator in view.directory.indicators_of(initiative) {
                expected.push(indicator.to_string());
            }
        }
    }
    let mut found: Vec<_> = rows
        .iter()
        .map(|row| row.cell(Column::IndicatorId).to_owned())
        .collect();
    assert_eq!(found.len(), 241);
    // The sample's table is in the order of departments and pillars already.
    assert_eq!(found, expected);
    found.sort();
    found.dedup();
    assert_eq!(found.len(), 241);
    for row in &rows {
        let Some(Named::Indicator(id)) = view
            .directory
            .named(&daicho::domain::code::Code::parse(row.cell(Column::Indicator)).unwrap())
        else {
            panic!("{row:?}");
        };
        assert_eq!(id.to_string(), row.cell(Column::IndicatorId));
        // Each says how far it is and where it stands, or why not.
        let (figure, why) = (
            row.cell(Column::Attainment),
            row.cell(Column::AttainmentWhy),
        );
        assert_ne!(figure.is_empty(), why.is_empty(), "{row:?}");
        assert!(!row.cell(Column::Status).is_empty(), "{row:?}");
    }
}
