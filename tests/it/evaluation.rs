//! What a plan is evaluated to, on the sample, on small ledgers and on a published plan.

use std::sync::Arc;

use daicho::domain::code::Code;
use daicho::domain::date::Date;
use daicho::domain::directory::Named;
use daicho::domain::id::PlanId;
use daicho::ledger::{Ledgers, Reader};
use daicho::log::MemoryLog;
use daicho::projection::evaluation::rows::lines;
use daicho::projection::evaluation::{At, PlanEvaluation, Ruling, evaluate_plan};
use daicho::server::sample::prepare;

use crate::fixture::start;

mod frozen;
mod kept;
mod published;
mod restated;
mod roll_up;
mod rows;
pub(crate) mod service;
mod small;

/// The sample as it stands on a day.
pub(crate) async fn sample(day: Date) -> (Arc<Ledgers>, Arc<Reader>) {
    let ledgers = start(&MemoryLog::new()).await;
    let (reader, made) = prepare(&ledgers, day).await.unwrap();
    assert!(made);
    (ledgers, reader)
}

/// How many events were recorded by the end of a day.
pub(crate) async fn known_by(reader: &Arc<Reader>, day: Date) -> u64 {
    let view = reader.view();
    let (mut low, mut high) = (0, view.head.size);
    while low < high {
        let middle = low + (high - low) / 2;
        let recorded_at = reader.stored(middle).await.unwrap().recorded.recorded_at;
        if view.directory.date_of(recorded_at) <= day {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

pub(crate) fn plan(reader: &Arc<Reader>, code: &str) -> PlanId {
    let directory = reader.view().directory;
    match directory.named(&Code::parse(code).unwrap()) {
        Some(Named::Plan(id)) => id,
        other => panic!("{code} names {other:?}"),
    }
}

/// A plan at (D, K) under the policy in force.
pub(crate) async fn evaluated(
    reader: &Arc<Reader>,
    plan: PlanId,
    on: Date,
    known_at: u64,
) -> PlanEvaluation {
    let view = reader.view_at(known_at).await.unwrap();
    let ruling = Ruling::on(&view.directory, on, known_at);
    let at = At {
        plan: view.directory.plan(plan).unwrap().clone(),
        directory: view.directory,
        effective_on: on,
        known_at,
        ruling,
    };
    evaluate_plan(reader, at).await.unwrap()
}

fn csv(evaluation: &PlanEvaluation) -> String {
    lines(evaluation).collect()
}
