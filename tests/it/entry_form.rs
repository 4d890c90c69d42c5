//! What a report looks like today: the example of every form is taken.

use std::collections::BTreeMap;

use daicho::auth::{Authenticator, Claims};
use daicho::domain::date::Date;
use daicho::domain::event::{Actor, Stream};
use daicho::domain::goal::decide::LedgerContext;
use daicho::domain::goal::entry_form::{EntryForm, entry_form};
use daicho::domain::id::EventId;
use daicho::domain::indicator::{EntryKind, MeasureType};
use daicho::ledger::{Append, Ledgers, Reader};
use daicho::log::MemoryLog;
use daicho::server::sample::{DEFAULT_DAY, prepare};

use crate::fixture::{date, request_id, start};

fn actor() -> Actor {
    let claims = Claims {
        subject: Some("entry form".into()),
        client: None,
    };
    Authenticator.identify(&claims).unwrap()
}

/// The forms of every indicator of the plan `R5`, with how it is measured; every example is put to the ledger.
async fn forms(
    ledgers: &Ledgers,
    reader: &Reader,
) -> Vec<(MeasureType, Option<EntryKind>, EntryForm)> {
    let view = reader.caught_up(None).await;
    let directory = &view.directory;
    let now = reader.clock().now();
    let actor = actor();
    let context = LedgerContext {
        directory,
        now,
        today: directory.date_of(now),
        actor: &actor,
    };
    let mut found = Vec::new();
    for plan in directory
        .plans()
        .into_iter()
        .filter(|p| p.code.as_str() == "R5")
    {
        for goal in directory.goals_of(plan.id) {
            let state = reader.stream(Stream::goal(goal), view.size).await.unwrap();
            for (id, indicator) in state.goal.indicators() {
                let example = EventId::derived(id.uuid(), "example");
                let form = entry_form(context, &state.goal, *id, example).unwrap();
                if let Some(example) = &form.example {
                    let append = Append {
                        validate_only: true,
                        ..Append::new(reader.id(), request_id(), vec![example.clone()])
                    };
                    let permitted = Authenticator.permit(&actor, append).unwrap();
                    let taken = ledgers.append(permitted, None).await.unwrap();
                    assert!(taken.validated_only);
                }
                let definition = indicator.definition().unwrap();
                found.push((definition.measure_type, definition.entry_kind, form));
            }
        }
    }
    found
}

async fn sample(day: Date) -> Vec<(MeasureType, Option<EntryKind>, EntryForm)> {
    let ledgers = start(&MemoryLog::new()).await;
    let (reader, _) = prepare(&ledgers, day).await.unwrap();
    forms(&ledgers, &reader).await
}

#[tokio::test]
async fn the_example_of_every_form_is_taken() {
    let forms = sample(DEFAULT_DAY).await;
    let mut without: BTreeMap<&str, usize> = BTreeMap::new();
    for (measure, kind, form) in &forms {
        assert_eq!(form.days.is_some(), form.example.is_some());
        if form.example.is_none() && kind.is_some() {
            *without.entry(measure.code()).or_default() += 1;
        }
        // The last day for reports of the half year.
        assert_eq!(form.next_due, Some(date("2023-10-06")));
    }
    assert!(200 < forms.len());
    // What is done already takes nothing further but a correction.
    assert!(
        without.keys().all(|measure| *measure == "MILESTONE"),
        "{without:?}"
    );
}

#[tokio::test]
async fn a_closed_period_leaves_only_the_days_after_it() {
    let forms = sample(date("2023-12-01")).await;
    for (.., form) in &forms {
        // At the end of the year reports are due in April, or when accounts are settled.
        let due = form.next_due.unwrap();
        assert!(
            [date("2024-04-12"), date("2024-05-31")].contains(&due),
            "{due}"
        );
        if let Some(days) = form.days {
            assert!(date("2023-10-01") <= days.first(), "{form:?}");
        }
        assert_eq!(form.reason_until, None);
    }
    assert!(forms.iter().any(|(.., form)| form.days.is_some()));
}
