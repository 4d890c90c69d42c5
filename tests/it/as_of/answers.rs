//! What each call tells at a size and a date, and that nothing appended later changes it.

use std::collections::{BTreeMap, BTreeSet};

use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::lookup_code_request::Query;
use daicho::api::v1::*;
use prost::Message;
use tonic::Status;

use super::history::{DAYS, Year, another, at, history};
use crate::errors::world::{actual, corrected, increment};
use crate::errors::{Told, told};
use crate::service::{Caller, Server};

/// Asks everything that can be asked as of a size and a date.
pub(super) struct Asking {
    goals: GoalServiceClient<Caller>,
    ledger: LedgerServiceClient<Caller>,
    audit: AuditServiceClient<Caller>,
}

/// The message, or the reason why there is none, and where it was answered.
type Answer = (Vec<u8>, Option<AnsweredAt>);

impl Asking {
    pub(super) async fn of(server: &Server) -> Self {
        Self {
            goals: server.goals().await,
            ledger: server.ledger("reader").await,
            audit: server.audit().await,
        }
    }

    /// Every answer without what is of the moment: the present head and today.
    async fn everything(&mut self, as_of: &Option<AsOf>) -> BTreeMap<&'static str, Answer> {
        let mut all = BTreeMap::new();
        macro_rules! ask {
            ($name:literal, $client:ident.$method:ident, $request:expr) => {
                let answer = self.$client.$method($request).await;
                all.insert(
                    $name,
                    answer.map_or_else(
                        |status| (refused(&status), None),
                        |answer| {
                            let mut message = answer.into_inner();
                            let answered_at = message.answered_at.take();
                            (message.encode_to_vec(), answered_at)
                        },
                    ),
                );
            };
        }
        let as_of = || as_of.clone();
        for (name, goal) in [("前/1", "前/1"), ("前/2", "前/2"), ("前/新", "前/新")] {
            let answer = self.goals.get_goal(goal_at(goal, as_of())).await;
            let answer = answer.map_or_else(
                |status| (refused(&status), None),
                |answer| {
                    let answer = answer.into_inner();
                    (answer.goal.unwrap().encode_to_vec(), answer.answered_at)
                },
            );
            all.insert(name, answer);
        }
        let full = ListGoalsRequest {
            view: GoalView::Full.into(),
            as_of: as_of(),
            ..Default::default()
        };
        ask!("list", goals.list_goals, full);
        let of_section = ListGoalsRequest {
            section: Some("他課".to_owned()),
            as_of: as_of(),
            ..Default::default()
        };
        ask!("section", goals.list_goals, of_section);
        let found = ListGoalsRequest {
            find: Some("新しい".to_owned()),
            as_of: as_of(),
            ..Default::default()
        };
        ask!("find", goals.list_goals, found);
        let codes = LookupCodeRequest {
            query: Some(Query::Prefix(String::new())),
            as_of: as_of(),
            ..Default::default()
        };
        ask!("codes", goals.lookup_code, codes);
        let code = LookupCodeRequest {
            query: Some(Query::Code("前課".to_owned())),
            as_of: as_of(),
            ..Default::default()
        };
        ask!("code", goals.lookup_code, code);
        ask!("series", goals.get_series, series_at("前/件", as_of()));
        let overview = GetOverviewRequest {
            plan: Some("前年度".to_owned()),
            as_of: as_of(),
            ..Default::default()
        };
        ask!("overview", goals.get_overview, overview);
        // Changes have no date.
        let known = as_of().map(|as_of| AsOf {
            effective_on: None,
            ..as_of
        });
        let changes = ListChangesRequest {
            as_of: known,
            page_size: 500,
            ..Default::default()
        };
        ask!("changes", audit.list_changes, changes);
        let mut computed = |name, answer: Result<(Vec<u8>, Option<EvaluatedAt>), Status>| {
            let answer = answer.map_or_else(
                |status| (refused(&status), None),
                |(bytes, at)| (bytes, at.map(answered)),
            );
            all.insert(name, answer);
        };
        let targets = ListTargetChangesRequest {
            subject: Some("前/件".to_owned()),
            as_of: as_of(),
            ..Default::default()
        };
        let answer = self.audit.list_target_changes(targets).await;
        computed(
            "targets",
            answer.map(|answer| {
                let mut message = answer.into_inner();
                let at = message.evaluated_at.take();
                (message.encode_to_vec(), at)
            }),
        );
        for (name, figure) in [
            ("actual", ExplainedFigure::Actual),
            ("attainment", ExplainedFigure::Attainment),
        ] {
            let explain = ExplainFigureRequest {
                indicator: "前/件".to_owned(),
                figure: figure.into(),
                as_of: as_of(),
                ..Default::default()
            };
            let answer = self.audit.explain_figure(explain).await;
            computed(
                name,
                answer.map(|answer| {
                    let mut message = answer.into_inner();
                    let at = message.evaluated_at.take();
                    (message.encode_to_vec(), at)
                }),
            );
        }
        let diff = DiffGoalRequest {
            subject: "前/1".to_owned(),
            from: at(0, Some("2022-03-01".to_owned())),
            to: as_of(),
            ..Default::default()
        };
        let answer = self.audit.diff_goal(diff).await;
        computed(
            "diff",
            answer.map(|answer| {
                let mut message = answer.into_inner();
                message.from = None;
                let at = message.to.take();
                (message.encode_to_vec(), at)
            }),
        );
        let asked = GetLedgerRequest {
            as_of: as_of(),
            ..Default::default()
        };
        let answer = self.ledger.get_ledger(asked).await.unwrap().into_inner();
        let plans = GetLedgerResponse {
            plans: answer.plans,
            ..Default::default()
        };
        all.insert("ledger", (plans.encode_to_vec(), answer.answered_at));
        for (name, (_, answered_at)) in &mut all {
            if let Some(answered_at) = answered_at {
                let head = answered_at.head.take().unwrap();
                assert!(answered_at.known_at <= head.size, "{name}");
            }
        }
        all
    }

    async fn goal(&mut self, goal: &str, as_of: Option<AsOf>) -> Goal {
        let answer = self.goals.get_goal(goal_at(goal, as_of)).await.unwrap();
        answer.into_inner().goal.unwrap()
    }

    async fn series(&mut self, as_of: Option<AsOf>) -> GetSeriesResponse {
        let answer = self.goals.get_series(series_at("前/件", as_of)).await;
        answer.unwrap().into_inner()
    }

    async fn listed(&mut self, request: ListGoalsRequest) -> Vec<String> {
        let answer = self.goals.list_goals(request).await.unwrap().into_inner();
        answer.goals.into_iter().map(|goal| goal.code).collect()
    }
}

/// D and K of what a policy judges too.
fn answered(at: EvaluatedAt) -> AnsweredAt {
    AnsweredAt {
        head: at.head,
        effective_on: at.effective_on,
        known_at: at.known_at,
    }
}

#[track_caller]
fn same(
    now: &BTreeMap<&'static str, Answer>,
    then: &BTreeMap<&'static str, Answer>,
    point: &Option<AsOf>,
) {
    for (name, answer) in then {
        // The bytes themselves would tell nobody anything.
        assert!(now[name] == *answer, "{name} has changed at {point:?}");
    }
}

fn refused(status: &Status) -> Vec<u8> {
    told(status).reason.into_bytes()
}

fn goal_at(goal: &str, as_of: Option<AsOf>) -> GetGoalRequest {
    GetGoalRequest {
        goal: goal.to_owned(),
        as_of,
        ..Default::default()
    }
}

fn series_at(indicator: &str, as_of: Option<AsOf>) -> GetSeriesRequest {
    GetSeriesRequest {
        indicator: indicator.to_owned(),
        as_of,
        ..Default::default()
    }
}

fn time(text: &str) -> prost_types::Timestamp {
    let instant: jiff::Timestamp = text.parse().unwrap();
    prost_types::Timestamp {
        seconds: instant.as_second(),
        nanos: instant.subsec_nanosecond(),
    }
}

/// What was recorded by `day`: by its end, or by half past ten in Tokyo.
fn by(clock: &str, day: &str) -> Option<AsOf> {
    let known_at = match clock {
        "time" => as_of::KnownAt::Time(time(&format!("{day}T01:30:00Z"))),
        _ => as_of::KnownAt::Date(day.to_owned()),
    };
    Some(AsOf {
        known_at: Some(known_at),
        effective_on: None,
    })
}

fn on(day: String) -> Option<AsOf> {
    Some(AsOf {
        known_at: None,
        effective_on: Some(day),
    })
}

async fn over() -> (Year, Asking) {
    let year = Year::over().await;
    let asking = Asking::of(&year.server).await;
    (year, asking)
}

#[tokio::test(flavor = "multi_thread")]
async fn later_events_never_change_an_answer() {
    let mut year = Year::planned().await;
    let mut asking = Asking::of(&year.server).await;
    let mut points = vec![at(0, Some("2022-03-01".to_owned())), at(1, None)];
    let mut then = Vec::new();
    for (recorded, events) in history(&year) {
        year.given(recorded, events).await;
        let size = year.size().await;
        let days = DAYS.map(|day| year.day(day));
        let been = days.into_iter().filter(|day| day.as_str() <= recorded);
        points.extend(been.map(|day| at(size, Some(day))));
        points.extend([at(size, None), by("time", recorded), by("date", recorded)]);
        for point in points.drain(..) {
            then.push((point.clone(), asking.everything(&point).await));
        }
    }
    for (point, answers) in &then {
        same(&asking.everything(point).await, answers, point);
    }
    let year = year.restarted().await;
    let mut asking = Asking::of(&year.server).await;
    for (point, answers) in &then {
        same(&asking.everything(point).await, answers, point);
    }
    // It was not the same everywhere.
    for name in then[0].1.keys().filter(|name| **name != "ledger") {
        let told: BTreeSet<_> = then.iter().map(|(_, answers)| &answers[name].0).collect();
        assert!(2 < told.len(), "{name} is always told alike");
    }
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_now_can_be_had_again() {
    let (mut year, mut asking) = over().await;
    let now = asking.everything(&None).await;
    for (name, (_, answered_at)) in &now {
        let answered_at = answered_at.as_ref().unwrap();
        assert_eq!(answered_at.known_at, year.size().await);
        let day = if *name == "changes" { "" } else { "2024-03-01" };
        assert_eq!(answered_at.effective_on, day, "{name}");
    }
    let then = at(year.size().await, Some("2024-03-01".to_owned()));
    year.given("2024-03-02", another(1)).await;
    same(&asking.everything(&then).await, &now, &then);
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_is_told_as_it_stood_on_a_day() {
    let (year, mut asking) = over().await;
    let stood = async |asking: &mut Asking, day| {
        let goal = asking.goal("前/1", on(year.day(day))).await;
        let initiatives: Vec<String> = goal.initiatives.iter().map(|i| i.code.clone()).collect();
        let department = goal.department.unwrap().code;
        format!(
            "{} {department} {}",
            goal.title.unwrap().ja,
            initiatives.join(" ")
        )
    };
    assert_eq!(stood(&mut asking, 39).await, "前/1 前部 前/1/1");
    assert_eq!(stood(&mut asking, 40).await, "遡った名前 前部 前/1/1");
    assert_eq!(stood(&mut asking, 120).await, "新しい名前 前部 前/1/1");
    assert_eq!(stood(&mut asking, 150).await, "新しい名前 他部 前/1/1");
    assert_eq!(stood(&mut asking, 180).await, "新しい名前 他部 ");

    let lead = async |asking: &mut Asking, day| {
        let goal = if day < 180 { "前/1" } else { "前/2" };
        let goal = asking.goal(goal, on(year.day(day))).await;
        let moved = goal.initiatives.into_iter().find(|i| i.code == "前/1/1");
        moved.unwrap().lead.unwrap().title.unwrap().ja
    };
    assert_eq!(lead(&mut asking, 89).await, "前課");
    assert_eq!(lead(&mut asking, 90).await, "新課");
    assert_eq!(lead(&mut asking, 165).await, "他課");
    assert_eq!(lead(&mut asking, 181).await, "他課");

    let phase = async |asking: &mut Asking, goal: &str, day| {
        let goal = asking.goal(goal, on(year.day(day))).await;
        goal.standing.unwrap().phase()
    };
    assert_eq!(phase(&mut asking, "前/2", 199).await, Phase::Active);
    assert_eq!(phase(&mut asking, "前/2", 205).await, Phase::Suspended);
    assert_eq!(phase(&mut asking, "前/2", 210).await, Phase::Active);
    assert_eq!(phase(&mut asking, "前/休止", 229).await, Phase::Active);
    assert_eq!(phase(&mut asking, "前/休止", 230).await, Phase::Cancelled);
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_indicator_is_told_by_what_was_known() {
    let mut year = Year::planned().await;
    let mut asking = Asking::of(&year.server).await;
    let mut sizes = Vec::new();
    for (recorded, events) in history(&year) {
        year.given(recorded, events).await;
        sizes.push(year.size().await);
    }
    let told = async |asking: &mut Asking, request: usize, day| {
        let series = asking.series(at(sizes[request], Some(year.day(day)))).await;
        let indicator = series.indicator.unwrap();
        let entries: Vec<String> = series
            .entries
            .iter()
            .map(|entry| {
                let amount = match entry.measurement.as_ref().unwrap().kind.as_ref().unwrap() {
                    measurement::Kind::Increment(amount) => amount.clone(),
                    other => panic!("{other:?}"),
                };
                let mark = match (entry.counts, &entry.superseded) {
                    (true, None) => "",
                    (false, Some(_)) => "x",
                    (false, None) => "-",
                    (true, Some(_)) => panic!("a superseded entry counts"),
                };
                format!("{amount}{mark}")
            })
            .collect();
        let target = indicator.target.and_then(|version| version.target);
        let aim = match target.and_then(|target| target.aim) {
            Some(target::Aim::Value(value)) => value,
            other => panic!("{other:?}"),
        };
        let version = indicator.definition.unwrap().version;
        format!("{} / {aim} v{version}", entries.join(" "))
    };
    // The correction came with request 4, the late report with 13, the retraction with 14.
    assert_eq!(told(&mut asking, 0, 59).await, "10 / 100 v1");
    assert_eq!(told(&mut asking, 1, 59).await, "10 / 100 v1");
    assert_eq!(told(&mut asking, 3, 60).await, "10 5 / 100 v1");
    assert_eq!(told(&mut asking, 3, 100).await, "10 5 / 80 v1");
    assert_eq!(told(&mut asking, 4, 99).await, "10 5x 7 / 100 v1");
    assert_eq!(told(&mut asking, 13, 219).await, "10 5x 7 3 / 80 v1");
    assert_eq!(told(&mut asking, 14, 219).await, "10 5x 7x 3 / 80 v1");
    // Behind the break in the series what was before no longer counts.
    assert_eq!(told(&mut asking, 14, 220).await, "10- 5x 7x 3- / 80 v2");

    let goal = async |asking: &mut Asking, request: usize, day| {
        let goal = asking
            .goal("前/1", at(sizes[request], Some(year.day(day))))
            .await;
        (goal.revision, goal.narratives.len(), goal.attachments.len())
    };
    let before = goal(&mut asking, 1, 60).await;
    assert_eq!((before.1, before.2), (0, 0));
    assert_eq!(goal(&mut asking, 2, 69).await, (before.0 + 2, 0, 0));
    assert_eq!(goal(&mut asking, 2, 75).await, (before.0 + 2, 1, 1));
    assert_eq!(goal(&mut asking, 4, 75).await, (before.0 + 4, 1, 1));
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_effect_later_is_upcoming() {
    let (year, mut asking) = over().await;
    let early = on(year.day(200));
    let listed = |include_upcoming| ListGoalsRequest {
        plan: Some("前年度".to_owned()),
        as_of: early.clone(),
        include_upcoming,
        ..Default::default()
    };
    let without = asking.listed(listed(false)).await;
    assert!(!without.contains(&"前/新".to_owned()), "{without:?}");
    let with = asking.listed(listed(true)).await;
    assert_eq!(with.len(), without.len() + 1);
    assert!(with.contains(&"前/新".to_owned()), "{with:?}");

    // Named all the same, it is told as it will stand.
    let goal = asking.goal("前/新", early.clone()).await;
    let standing = goal.standing.unwrap();
    assert_eq!(standing.phase(), Phase::Upcoming);
    assert_eq!(standing.since, Some(year.day(250)));
    assert_eq!((goal.initiative_count, goal.indicator_count), (1, 1));
    let series = asking
        .goals
        .get_series(series_at("前/新/件", early.clone()))
        .await;
    let indicator = series.unwrap().into_inner().indicator.unwrap();
    assert_eq!(indicator.standing.unwrap().phase(), Phase::Upcoming);

    let table = async |asking: &mut Asking, as_of| {
        let request = GetOverviewRequest {
            plan: Some("前年度".to_owned()),
            as_of,
            ..Default::default()
        };
        let answer = asking.goals.get_overview(request).await.unwrap();
        let total = answer.into_inner().total.unwrap();
        (total.goals, total.upcoming)
    };
    assert_eq!(table(&mut asking, early).await, (5, 1));
    assert_eq!(table(&mut asking, on(year.day(250))).await, (6, 0));
    assert_eq!(table(&mut asking, on(year.day(-1))).await, (0, 6));
    year.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_read_refuses_the_future() {
    let (mut year, mut asking) = over().await;
    let size = year.size().await;
    let tomorrow = "2024-03-02".to_owned();
    let later = time("2024-03-01T23:00:00Z");
    let known = |known_at| AsOf {
        known_at: Some(known_at),
        effective_on: None,
    };
    let mut cases = vec![
        (
            known(as_of::KnownAt::Size(size + 1)),
            vec![("AS_OF_SIZE_IN_FUTURE", "as_of.size")],
        ),
        (
            known(as_of::KnownAt::Time(later)),
            vec![("AS_OF_TIME_IN_FUTURE", "as_of.time")],
        ),
        (
            known(as_of::KnownAt::Date(tomorrow.clone())),
            vec![("AS_OF_DATE_IN_FUTURE", "as_of.date")],
        ),
        (
            AsOf {
                effective_on: Some(tomorrow),
                ..known(as_of::KnownAt::Size(size + 1))
            },
            vec![
                ("AS_OF_SIZE_IN_FUTURE", "as_of.size"),
                ("AS_OF_EFFECTIVE_ON_IN_FUTURE", "as_of.effective_on"),
            ],
        ),
    ];
    // What has the wrong form is told before, all at once too.
    cases.push((
        AsOf {
            effective_on: Some("令和5年".to_owned()),
            ..known(as_of::KnownAt::Date("2023-02-30".to_owned()))
        },
        vec![
            ("DATE_INVALID", "as_of.date"),
            ("DATE_INVALID", "as_of.effective_on"),
        ],
    ));
    for (as_of, expected) in cases {
        let as_of = || Some(as_of.clone());
        let refusals: Vec<Status> = vec![
            asking
                .goals
                .get_goal(goal_at("前/1", as_of()))
                .await
                .unwrap_err(),
            asking
                .goals
                .get_series(series_at("前/件", as_of()))
                .await
                .unwrap_err(),
            asking
                .goals
                .list_goals(ListGoalsRequest {
                    as_of: as_of(),
                    ..Default::default()
                })
                .await
                .unwrap_err(),
            asking
                .goals
                .lookup_code(LookupCodeRequest {
                    query: Some(Query::Prefix(String::new())),
                    as_of: as_of(),
                    ..Default::default()
                })
                .await
                .unwrap_err(),
            asking
                .goals
                .get_overview(GetOverviewRequest {
                    as_of: as_of(),
                    ..Default::default()
                })
                .await
                .unwrap_err(),
            asking
                .ledger
                .get_ledger(GetLedgerRequest {
                    as_of: as_of(),
                    ..Default::default()
                })
                .await
                .unwrap_err(),
        ];
        for status in refusals {
            let Told { violations, .. } = told(&status);
            let violations: Vec<_> = violations
                .iter()
                .map(|(reason, field)| (reason.as_str(), field.as_str()))
                .collect();
            assert_eq!(violations, expected);
        }
    }
    year.server.stop().await;
}

/// The grid of a correction and a late entry: what a figure was on a day, by what was known on another.
#[tokio::test(flavor = "multi_thread")]
async fn a_figure_has_two_dates() {
    let mut year = Year::planned().await;
    let report = |day: &str, amount| actual(day, "前/未", increment(amount));
    let july = report("2023-07-31", "12");
    let correction = corrected("2023-07-31", "前/未", &july.event_id, increment("9"));
    for (recorded, event) in [
        ("2023-05-08", report("2023-04-30", "5")),
        ("2023-06-07", report("2023-05-31", "6")),
        ("2023-07-06", report("2023-06-30", "4")),
        // What was known on 31 July is asked before August.
        ("2023-08-04", july),
        ("2023-09-05", report("2023-08-31", "1")),
        ("2023-10-04", report("2023-09-30", "3")),
        ("2023-10-12", correction),
        ("2023-11-14", report("2023-09-20", "2")),
    ] {
        year.given(recorded, vec![event]).await;
    }
    year.set("2023-12-01");
    let mut goals = year.server.goals().await;
    let mut row = async |on: &str| {
        let mut row = Vec::new();
        for known in [
            "2023-07-31",
            "2023-09-30",
            "2023-10-10",
            "2023-10-31",
            "2023-11-30",
        ] {
            let as_of = AsOf {
                known_at: Some(as_of::KnownAt::Date(known.to_owned())),
                effective_on: Some(on.to_owned()),
            };
            let asked = series_at("前/未", Some(as_of));
            row.push(match goals.get_series(asked).await {
                Ok(series) => {
                    let indicator = series.into_inner().indicator.unwrap();
                    match indicator.actual.unwrap().kind {
                        Some(actual::Kind::Number(number)) => number.value,
                        other => panic!("{other:?}"),
                    }
                }
                Err(status) => {
                    assert_eq!(told(&status).reason, "AS_OF_EFFECTIVE_ON_IN_FUTURE");
                    "–".to_owned()
                }
            });
        }
        row.join(" ")
    };
    assert_eq!(row("2023-07-31").await, "15 27 27 24 24");
    assert_eq!(row("2023-08-31").await, "– 28 28 25 25");
    assert_eq!(row("2023-09-30").await, "– 28 31 28 30");
    year.server.stop().await;
}
