//! A year in which everything changes, some of it late and backwards.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::domain::date::Date;
use daicho::domain::event::ClockKind;
use daicho::domain::id::LedgerId;
use daicho::ledger::OpenLedger;
use jiff::{Span, Timestamp};

use crate::errors::told;
use crate::errors::world::*;
use crate::fixture::{date, opening, permitted};
use crate::service::{Caller, Server, append};

/// A server whose only ledger has its own time, with the plan `前年度` of FY2023.
pub(crate) struct Year {
    pub(crate) server: Server,
    client: LedgerServiceClient<Caller>,
    /// The event that set the target of `前/件`.
    target: String,
}

impl Year {
    /// The plan was set on 3 April 2023.
    pub(crate) async fn planned() -> Self {
        let server = Server::start().await;
        let ledger = LedgerId::new(new_id()).unwrap();
        let opening = OpenLedger {
            sample: true,
            clock: ClockKind::Simulated,
            access_log_of: None,
            ..opening(ledger, "city")
        };
        let open = permitted("opener", opening);
        server.ledgers.open(open).await.unwrap();
        let mut year = Self {
            client: server.ledger("planner").await,
            server,
            target: new_id().to_string(),
        };
        let events =
            crate::errors::world::year(date("2023-04-01"), &new_id().to_string(), &year.target);
        year.given("2023-04-03", events).await;
        year
    }

    /// The same once everything has happened; it is 1 March 2024.
    pub(crate) async fn over() -> Self {
        let mut year = Self::planned().await;
        for (recorded, events) in history(&year) {
            year.given(recorded, events).await;
        }
        year.set("2024-03-01");
        year
    }

    /// The same from a server that was started anew; it is 1 March 2024.
    pub(crate) async fn restarted(self) -> Self {
        let server = Server::on(self.server.stop().await).await;
        let year = Self {
            client: server.ledger("planner").await,
            server,
            target: self.target,
        };
        year.set("2024-03-01");
        year
    }

    /// Makes it eleven o'clock in Tokyo on `day`.
    pub(crate) fn set(&self, day: &str) {
        self.set_to(&format!("{day}T02:00:00Z"));
    }

    fn set_to(&self, instant: &str) {
        let instant: Timestamp = instant.parse().unwrap();
        let reader = self.server.ledgers.resolve("city").unwrap();
        reader.clock().stop_at(instant);
    }

    /// Appends what must be taken, at ten o'clock in Tokyo on `day`; then it is eleven.
    pub(crate) async fn given(&mut self, day: &str, events: Vec<EventInput>) {
        self.set_to(&format!("{day}T01:00:00Z"));
        let answer = self.client.append_events(append(events)).await;
        if let Err(status) = answer {
            panic!("{day}: {:?}", told(&status));
        }
        self.set(day);
    }

    pub(crate) async fn size(&mut self) -> u64 {
        let ledger = self.client.get_ledger(GetLedgerRequest::default()).await;
        ledger.unwrap().into_inner().head.unwrap().size
    }

    /// The day of the plan that is `after` its first.
    pub(crate) fn day(&self, after: i64) -> String {
        day(after)
    }
}

fn day(after: i64) -> String {
    let first: Date = date("2023-04-01");
    first
        .checked_add(Span::new().days(after))
        .unwrap()
        .to_string()
}

/// Days of the plan that answers are told for: among the changes, and after them.
pub(crate) const DAYS: [i64; 5] = [-1, 45, 110, 160, 260];

/// What happens, one request after the other, with the days they are recorded on.
///
/// | day of the plan | what |
/// |---:|---|
/// | 30, 60 | reports of 10 and 5 to `前/件`; the second is corrected to 7, then taken back |
/// | 70 | a narrative about `前/1` |
/// | 90 | `前課` becomes `新課` |
/// | 100 | the target of `前/件` goes from 100 to 80 |
/// | 120 | `前/1` is reworded |
/// | 150 | `前/1` goes to `他部` |
/// | 165 | `他課` answers for `前/1/1` |
/// | 180 | `前/1/1` goes to `前/2` |
/// | 200, 210 | `前/2` rests, and goes on |
/// | 220 | `前/件` is measured otherwise |
/// | 230 | `前/休止` is given up |
/// | 250 | `前/新` is set, with an initiative and an indicator |
/// | 20 | a late report of 3 to `前/件` |
/// | 40 | `前/1` is reworded again, backwards |
pub(crate) fn history(year: &Year) -> Vec<(&'static str, Vec<EventInput>)> {
    let second = actual(&day(60), "前/件", increment("5"));
    let correction = corrected(&day(60), "前/件", &second.event_id, increment("7"));
    let retraction = because(event(
        &day(60),
        Payload::ActualRetracted(ActualRetracted {
            indicator: "前/件".to_owned(),
            retracts: correction.event_id.clone(),
            before: None,
        }),
    ));
    let renamed = because(event(
        &day(90),
        Payload::OrgUnitChanged(OrgUnitChanged {
            unit: "前課".to_owned(),
            name: title("新課"),
            ..OrgUnitChanged::default()
        }),
    ));
    let moved = because(event(
        &day(150),
        Payload::GoalMoved(GoalMoved {
            goal: "前/1".to_owned(),
            department: "他部".to_owned(),
            pillar: 1,
        }),
    ));
    let transferred = because(event(
        &day(165),
        Payload::ResponsibilityTransferred(ResponsibilityTransferred {
            initiative: "前/1/1".to_owned(),
            lead_unit: "他課".to_owned(),
            contributing_units: vec!["前課".to_owned(), "他課".to_owned()],
        }),
    ));
    let suspended = because(event(
        &day(200),
        Payload::GoalSuspended(GoalSuspended {
            goal: "前/2".to_owned(),
        }),
    ));
    let resumed = because(event(
        &day(210),
        Payload::GoalResumed(GoalResumed {
            goal: "前/2".to_owned(),
        }),
    ));
    let redefined = because(event(
        &day(220),
        Payload::IndicatorRedefined(IndicatorRedefined {
            indicator: "前/件".to_owned(),
            definition_version: 2,
            definition: Some(Definition {
                person_times: true,
                ..counted()
            }),
        }),
    ));
    let cancelled = because(event(
        &day(230),
        Payload::GoalCancelled(GoalCancelled {
            goal: "前/休止".to_owned(),
        }),
    ));
    let reworded_again = event(
        &day(40),
        Payload::GoalReworded(GoalReworded {
            goal: "前/1".to_owned(),
            title: title("遡った名前"),
            source_text: "遡った文".to_owned(),
        }),
    );
    let attached = proven(event(
        &day(75),
        Payload::EvidenceAttached(EvidenceAttached {
            subject: Some(Subject {
                kind: Some(subject::Kind::Indicator("前/件".to_owned())),
            }),
            shows: None,
            filed_under: None,
        }),
    ));
    vec![
        (
            "2023-05-08",
            vec![actual(&day(30), "前/件", increment("10"))],
        ),
        ("2023-06-07", vec![second]),
        (
            "2023-07-03",
            vec![narrative(&day(70), "前/1", "梅雨で遅れた"), attached],
        ),
        (
            "2023-07-20",
            vec![target_revised(&day(100), "前/件", &year.target, "80")],
        ),
        ("2023-08-01", vec![correction]),
        (
            "2023-08-02",
            vec![renamed, goal_reworded(&day(120), "前/1")],
        ),
        ("2023-09-01", vec![transferred]),
        ("2023-09-02", vec![moved]),
        (
            "2023-10-01",
            vec![initiative_moved(&day(180), "前/1/1", "前/1", "前/2")],
        ),
        ("2023-10-20", vec![suspended]),
        ("2023-11-10", vec![resumed, redefined]),
        ("2023-11-20", vec![cancelled]),
        (
            "2023-12-10",
            vec![
                goal(&day(250), "前年度", "前/新", "前部", 1),
                initiative(&day(250), "前/新", "前/新/1", 1, "前課"),
                indicator(&day(250), "前/新/1", "前/新/件", counted()),
            ],
        ),
        (
            "2023-12-20",
            vec![actual(&day(20), "前/件", increment("3"))],
        ),
        ("2024-01-10", vec![retraction, reworded_again]),
    ]
}

/// An answer's place in both times.
pub(crate) fn at(size: u64, on: Option<String>) -> Option<AsOf> {
    Some(AsOf {
        known_at: Some(as_of::KnownAt::Size(size)),
        effective_on: on,
    })
}

/// Something more that happens, which changes every list.
pub(crate) fn another(n: usize) -> Vec<EventInput> {
    let code = format!("前/増{n}");
    vec![
        goal(&day(0), "前年度", &code, "前部", 1),
        actual(&day(5), "前/件", increment("1")),
        event(
            &day(0),
            Payload::OrgUnitRegistered(OrgUnitRegistered {
                unit: new_id().to_string(),
                code: format!("前/部{n}"),
                name: title("部"),
                kind: UnitKind::Department.into(),
                parent: None,
            }),
        ),
    ]
}
