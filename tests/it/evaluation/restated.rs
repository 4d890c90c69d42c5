//! What differs between two evaluations, and which event did it.

use daicho::domain::event::EventType;
use daicho::projection::evaluation::cause::Causes;
use daicho::projection::evaluation::compare::{Materiality, RowChange, differences, digest, lines};
use sha2::{Digest as _, Sha256};

use super::{evaluated, known_by, plan, sample};
use crate::fixture::date;

#[tokio::test]
async fn every_difference_since_the_half_year_has_its_events() {
    let (_ledgers, reader) = sample(date("2024-06-01")).await;
    let (r5, day) = (plan(&reader, "R5"), date("2023-09-30"));
    let then = known_by(&reader, date("2023-10-10")).await;
    let from = evaluated(&reader, r5, day, then).await;
    let to = evaluated(&reader, r5, day, reader.head().size).await;
    let found = differences(&from, &to);
    assert!(!found.is_empty());
    let causes = Causes::between(&reader, &from, &to).await.unwrap();
    for row in &found {
        let steps = causes.of(row.indicator).await.unwrap();
        let learnt = steps.learnt.change.as_ref().unwrap();
        assert_eq!(learnt.difference, *row);
        assert!(steps.happened.change.is_none() && steps.ruled.change.is_none());
        assert!(steps.happened.causes.is_empty() && !steps.learnt.more);
        // One after the other, what the events changed leads from the first row to the second.
        let mut cells = std::collections::BTreeMap::new();
        for cause in &steps.learnt.causes {
            assert!(then <= cause.stored.recorded.position);
            for field in cause
                .difference
                .iter()
                .flat_map(|change| &change.difference.fields)
            {
                let cell = cells
                    .entry(field.column)
                    .or_insert_with(|| field.before.clone());
                assert_eq!(*cell, field.before, "{:?}", field.column);
                *cell = field.after.clone();
            }
        }
        for field in &row.fields {
            assert_eq!(cells.get(&field.column), Some(&field.after), "{row:?}");
        }
    }
    let told = digest(&from, &to, &found);
    let file: String = lines(&from, &to, &found).collect();
    assert_eq!(told.rows as usize, found.len());
    assert_eq!(told.sha256, <[u8; 32]>::from(Sha256::digest(&file)));
}

#[tokio::test]
async fn between_two_days_reports_of_those_days_are_told() {
    let (_ledgers, reader) = sample(date("2024-06-01")).await;
    let (r5, size) = (plan(&reader, "R5"), reader.head().size);
    let (june, september) = (date("2023-06-30"), date("2023-09-30"));
    let from = evaluated(&reader, r5, june, size).await;
    let to = evaluated(&reader, r5, september, size).await;
    let found = differences(&from, &to);
    let causes = Causes::between(&reader, &from, &to).await.unwrap();
    let mut told = 0;
    for row in found.iter().take(40) {
        let steps = causes.of(row.indicator).await.unwrap();
        assert!(steps.learnt.change.is_none() && steps.learnt.causes.is_empty());
        assert_eq!(steps.happened.change.unwrap().difference, *row);
        for cause in &steps.happened.causes {
            let event = &cause.stored.recorded.event;
            let counts_on = event.valid.unwrap().counts_on();
            assert!(june < counts_on && counts_on <= september, "{event:?}");
            told += usize::from(event.payload.event_type() == EventType::ActualRecorded);
        }
    }
    assert!(40 < told, "{told}");
}

#[tokio::test]
async fn equal_evaluations_do_not_differ() {
    let (_ledgers, reader) = sample(date("2023-10-06")).await;
    let (r5, size) = (plan(&reader, "R5"), reader.head().size);
    let once = evaluated(&reader, r5, date("2023-09-30"), size).await;
    let again = evaluated(&reader, r5, date("2023-09-30"), size).await;
    assert_eq!(differences(&once, &again), []);
}

#[tokio::test]
async fn what_judges_otherwise_is_major() {
    let (_ledgers, reader) = sample(date("2024-06-01")).await;
    let (r5, day) = (plan(&reader, "R5"), date("2023-09-30"));
    let then = known_by(&reader, date("2023-07-31")).await;
    let from = evaluated(&reader, r5, day, then).await;
    let to = evaluated(&reader, r5, day, reader.head().size).await;
    for row in differences(&from, &to) {
        let judged = row.fields.iter().any(|field| field.column.judges());
        let major = judged || row.change != RowChange::Changed;
        assert_eq!(row.materiality == Materiality::Major, major, "{row:?}");
    }
}
