//! The table of what a report, a correction and a retraction meet in each state of their period.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;
use tonic::Code as Status;

use super::Of;
use crate::errors::Seen;
use crate::errors::rules::refused;
use crate::errors::world::*;

/// What a report, a correction and a retraction of 前/件 meet on a day of a period, one row of the table each.
struct Row {
    report: Answer,
    with_a_reason: Answer,
    correction: Answer,
    retraction: Answer,
}

/// What comes of an event: it is taken with this notice or none, or refused for this reason.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Answer {
    Taken(Option<NoticeKind>),
    Refused(ErrorReason, &'static str),
}

const LATE: Answer = Answer::Taken(Some(NoticeKind::LateAfterCutoff));
const AFTER: Answer = Answer::Taken(Some(NoticeKind::CorrectedAfterClose));

impl World {
    async fn answered(&mut self, asked: EventInput, expected: Answer) {
        match expected {
            Answer::Refused(reason, ja) => {
                // Told, told again the same, foretold, and nothing is appended.
                let code = Status::FailedPrecondition;
                let case = refused(code, reason, "actual_recorded.indicator", ja, asked);
                self.meet(&mut Seen::new(), case).await;
            }
            Answer::Taken(notice) => {
                let answer = self.given(vec![asked]).await;
                let told: Vec<_> = answer.notices.iter().map(Notice::kind).collect();
                let locks = [NoticeKind::LateAfterCutoff, NoticeKind::CorrectedAfterClose];
                let told: Vec<_> = told.into_iter().filter(|k| locks.contains(k)).collect();
                assert_eq!(told, Vec::from_iter(notice));
            }
        }
    }

    /// Asks for each event of the row, on `day`.
    async fn row(&mut self, day: &str, row: Row) {
        // What is corrected and retracted was reported while the period was open.
        let report = || actual(day, "前/件", increment("1"));
        self.answered(report(), row.report).await;
        self.answered(because(report()), row.with_a_reason).await;
        let (old, other) = self.reported_before(day);
        let correction = corrected(day, "前/件", &old, increment("2"));
        self.answered(correction, row.correction).await;
        let retraction = because(event(
            day,
            Payload::ActualRetracted(ActualRetracted {
                indicator: "前/件".to_owned(),
                retracts: other,
                before: None,
            }),
        ));
        self.answered(retraction, row.retraction).await;
    }

    /// Ids of the two reports of `day` that [`Self::report_before`] made.
    fn reported_before(&self, day: &str) -> (String, String) {
        let id = |n: u128| {
            let name = format!("{day} {n}");
            daicho::domain::id::EventId::derived(uuid::Uuid::from_u128(7), &name).to_string()
        };
        (id(1), id(2))
    }

    /// Reports twice on `day`, to be corrected and retracted later.
    async fn report_before(&mut self, day: &str) {
        let (old, other) = self.reported_before(day);
        let with = |event_id: String, amount| EventInput {
            event_id,
            ..actual(day, "前/件", increment(amount))
        };
        self.given(vec![with(old, "3"), with(other, "4")]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_state_of_a_period_answers_as_the_table_says() {
    let mut world = World::new().await;
    let (day, outside) = (world.day(305), world.day(200));
    let (first, last) = (world.day(300), world.day(309));
    let today = world.today.to_string();
    let of = Of {
        plan: "前年度",
        day: &last,
    };
    let taken = Answer::Taken(None);
    let free = || Row {
        report: taken,
        with_a_reason: taken,
        correction: taken,
        retraction: taken,
    };
    let closed = |reason| Row {
        report: Answer::Refused(ErrorReason::PeriodClosed, reason),
        with_a_reason: Answer::Refused(ErrorReason::PeriodClosed, reason),
        correction: AFTER,
        retraction: AFTER,
    };
    let late = |reason| Row {
        report: Answer::Refused(ErrorReason::PeriodSoftClosed, reason),
        with_a_reason: LATE,
        correction: LATE,
        retraction: LATE,
    };

    world.report_before(&outside).await;
    world.row(&outside, free()).await;

    world.given(vec![of.opened("期", &first, &last)]).await;
    let mut days = [301, 302, 303, 304, 305, 306]
        .map(|n| world.day(n))
        .into_iter();
    for day in days.clone() {
        world.report_before(&day).await;
    }
    world.row(&days.next().unwrap(), free()).await;

    world.given(vec![of.soft_closed("期")]).await;
    let ja = "期間「期」は「受付締切」です。遅れた理由を付けて報告してください";
    world.row(&days.next().unwrap(), late(ja)).await;

    world.given(vec![of.closed("期")]).await;
    let ja = "期間「期」（確定）への報告は締め切りました。登録済みの値は訂正し、報告漏れは期間の再開を求めてください";
    world.row(&days.next().unwrap(), closed(ja)).await;

    // Reopened for another indicator, then for this one.
    world.given(vec![of.reopened("期", "前/未", &today)]).await;
    let ja = "期間「期」（再開）への報告は締め切りました";
    world.row(&days.next().unwrap(), closed(ja)).await;
    let again = vec![of.closed("期"), of.reopened("期", "前/件", &today)];
    world.given(again).await;
    let ja = "期間「期」は「再開」です。遅れた理由を付けて報告してください";
    world.row(&days.next().unwrap(), late(ja)).await;

    world.given(vec![of.closed_as("期", Some(3))]).await;
    let ja = "期間「期」（確定）への報告は締め切りました";
    world.row(&days.next().unwrap(), closed(ja)).await;
    assert_eq!(day, world.day(305));
    world.server.stop().await;
}
