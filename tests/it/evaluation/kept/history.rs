//! A small invented year that has something of everything the rows can hold: every kind of measure, corrections and late
//! reports behind a closing, revised targets, a new definition, another policy, what was given up.

use std::sync::Arc;

use daicho::api::v1;
use daicho::api::v1::ledger_service_server::LedgerService as _;
use daicho::clock::new_id;
use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::code::{Code, Key};
use daicho::domain::date::DateSpan;
use daicho::domain::directory::Named;
use daicho::domain::evaluation::policy::{
    EvaluationPolicy, PolicyContent, ReductionFormula, RollUpJudgement,
};
use daicho::domain::event::*;
use daicho::domain::fiscal_year::FiscalYear;
use daicho::domain::id::{EventId, IndicatorId, LedgerId, PlanId};
use daicho::domain::indicator::{AggTime, Definition, Member};
use daicho::domain::quantity::Quantity;
use daicho::domain::target::{Aim, Baseline, PlanPoint, PlanProfile, Target};
use daicho::domain::text::{Name, Text};
use daicho::grpc::Services;
use daicho::import::events::{SourceFile, batches, events, plan_id};
use daicho::ledger::{Append, Ledgers, OpenLedger, Reader};
use daicho::log::MemoryLog;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::super::service::{asked, services};
use crate::fixture::{date, opening, permitted, request_id, start, title};

mod further;
mod reports;

const TABLE: &str = include_str!("plan.csv");

/// A year as it is being recorded.
pub(super) struct Year {
    pub(super) reader: Arc<Reader>,
    pub(super) plan: PlanId,
    ledgers: Arc<Ledgers>,
    services: Services,
}

fn id(name: &str) -> EventId {
    EventId::derived(Uuid::NAMESPACE_OID, name)
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn number(text: &str) -> Quantity {
    Quantity::from(text.parse::<rust_decimal::Decimal>().unwrap())
}

fn because(mut event: Event, code: ReasonCode, text: &str) -> Event {
    event.reason = Some(Reason {
        code,
        text: Text::parse(text).unwrap().into(),
    });
    event
}

fn event(name: &str, stream: Stream, day: &str, payload: impl Into<Payload>) -> Event {
    Event {
        valid: Some(Validity::from(date(day))),
        ..Event::new(id(name), stream, payload.into())
    }
}

impl Year {
    /// The whole year, as it was known on 2024-06-28.
    pub(super) async fn told() -> Self {
        let ledgers = start(&MemoryLog::new()).await;
        let ledger = LedgerId::derived(Uuid::NAMESPACE_OID, "kept rows");
        let sample = OpenLedger {
            sample: true,
            clock: ClockKind::Simulated,
            access_log_of: None,
            ..opening(ledger, "kept")
        };
        ledgers.open(permitted("企画課", sample)).await.unwrap();
        let reader = ledgers.reader(ledger).unwrap();
        let services = services(&ledgers);
        let mut year = Self {
            plan: plan_id(ledger, FiscalYear::parse("R5").unwrap()),
            reader,
            ledgers,
            services,
        };
        year.spring().await;
        year.reports("2023-04-01", "2023-09-30").await;
        year.summer().await;
        year.closing("half-year", "2023-10-10").await;
        year.autumn().await;
        year.reports("2023-10-01", "2023-12-31").await;
        year.winter().await;
        year.reports("2024-01-01", "2024-03-31").await;
        year.closing("year-end", "2024-05-31").await;
        year
    }

    async fn at(&self, day: &str, actor: &str, events: Vec<Event>) {
        let zone = TimeZone::get("Asia/Tokyo").unwrap();
        let moment = date(day).at(10, 0, 0, 0).to_zoned(zone).unwrap();
        self.reader.clock().stop_at(moment.timestamp());
        for events in events.chunks(Append::EVENTS_MAX) {
            let append = Append::new(self.reader.id(), request_id(), events.to_vec());
            let appended = self.ledgers.append(permitted(actor, append), None).await;
            appended.unwrap_or_else(|refused| panic!("{day}: {refused:?}"));
        }
        self.reader.caught_up(None).await;
    }

    /// Policies, the plan with what its words leave open, and its periods.
    async fn spring(&mut self) {
        let policy = EvaluationPolicy {
            roll_up: RollUpJudgement::Worst,
            rubric: Some(Code::parse("midyear-pace").unwrap()),
            ..EvaluationPolicy::default()
        };
        let first = self.policy(1, "2023-04-01", policy);
        self.at("2023-04-03", "企画課", vec![first]).await;

        let plan =
            daicho::import::read(TABLE.as_bytes(), Some(FiscalYear::parse("R5").unwrap())).unwrap();
        let file = SourceFile::new(Name::parse("plan.csv").unwrap(), TABLE.as_bytes());
        let mut imported = events(&plan, &file, self.reader.id(), |_: &Code| None).unwrap();
        for event in &mut imported {
            if let Payload::IndicatorDefined(defined) = &mut event.payload {
                complete(defined.title.ja.as_str(), &mut defined.definition);
            }
        }
        for events in batches(imported) {
            self.at("2023-04-03", "企画課", events).await;
        }
        let mut more = Vec::new();
        let followers = self.named("フォロワー");
        more.push(event(
            "baseline",
            followers.1,
            "2023-04-01",
            BaselineSet {
                indicator: followers.0,
                baseline: Baseline {
                    value: 10_400.into(),
                    as_of: date("2023-03-31"),
                    source: None,
                },
            },
        ));
        let overtime = self.named("残業");
        more.push(event(
            "cap",
            overtime.1,
            "2023-04-01",
            TargetSet {
                indicator: overtime.0,
                target: Target {
                    aim: Aim::Value(45.into()),
                    parts: Vec::new(),
                },
            },
        ));
        let lines = [
            ("管の新設", false, ["0.10", "0.30", "0.55", "0.80"]),
            ("校舎の塗替え", false, ["5", "20", "30", "40"]),
            ("地籍", false, ["10", "30", "45", "60"]),
            ("収納率", true, ["30.5", "54.9", "80.2", "98.7"]),
        ];
        for (words, reference, values) in lines {
            let (indicator, stream) = self.named(words);
            let days = ["2023-06-30", "2023-09-30", "2023-12-31", "2024-03-31"];
            let points = days.into_iter().zip(values).map(|(day, value)| PlanPoint {
                date: date(day),
                value: number(value),
            });
            let points = points.collect();
            let profile = if reference {
                PlanProfile::Reference(points)
            } else {
                PlanProfile::Monthly(points)
            };
            let set = PlanProfileSet {
                indicator,
                profile,
                assumed: false,
            };
            more.push(event(&format!("line {words}"), stream, "2023-04-01", set));
        }
        for (period, first, last) in [
            ("half-year", "2023-04-01", "2023-09-30"),
            ("year-end", "2023-10-01", "2024-03-31"),
        ] {
            let opened = PeriodOpened {
                plan: self.plan,
                period: key(period),
                title: title(period),
                span: DateSpan::new(date(first), date(last)).unwrap(),
            };
            let stream = Stream::plan(self.plan);
            more.push(event(&format!("{period} opened"), stream, first, opened));
        }
        more.extend(self.further());
        // The second half is opened before it begins.
        for opened in &mut more {
            opened.valid = Some(Validity::from(date("2023-04-01")));
        }
        self.at("2023-04-04", "企画課", more).await;
    }

    /// Targets that are raised and lowered, and what owners expect.
    async fn summer(&self) {
        let raised = self.revision("催しの開催", 14, "2023-08-01").await;
        let lowered = self.revision("訪問", 120, "2023-09-01").await;
        self.at("2023-10-02", "企画課長", vec![raised, lowered])
            .await;
        let mut expected = Vec::new();
        for (words, value) in [
            ("フォロワー", ForecastValue::Value(11_500.into())),
            ("催しの開催", ForecastValue::Value(13.into())),
            ("第3期計画", ForecastValue::Date(date("2024-03-20"))),
        ] {
            let (indicator, stream) = self.named(words);
            let submitted = ForecastSubmitted {
                indicator,
                value,
                confidence: None,
                basis: Text::parse("上半期の実績による。").unwrap().into(),
            };
            expected.push(event(
                &format!("forecast {words}"),
                stream,
                "2023-09-30",
                submitted,
            ));
        }
        self.at("2023-10-03", "各課", expected).await;
    }

    /// What changes the half year after it was closed: a correction, a retraction, a late report, a restatement.
    async fn autumn(&self) {
        let (meetings, stream) = self.named("催しの開催");
        let corrected = event(
            "meetings corrected",
            stream,
            "2023-07-31",
            ActualCorrected {
                indicator: meetings,
                corrects: self.reported("催しの開催", 2),
                before: None,
                measurement: Measurement::Increment(1.into()),
                reported: ReportedPart::default(),
            },
        );
        let corrected = because(
            corrected,
            ReasonCode::EntryError,
            "前年度の分を重ねて数えていた。",
        );
        let (visits, of_visits) = self.named("訪問");
        let retracted = event(
            "visits retracted",
            of_visits,
            "2023-08-31",
            ActualRetracted {
                indicator: visits,
                retracts: self.reported("訪問", 3),
                before: None,
            },
        );
        let retracted = because(
            retracted,
            ReasonCode::Duplicate,
            "同じ訪問を二度報告していた。",
        );
        self.at("2023-10-20", "企画課長", vec![corrected, retracted])
            .await;
        let reopened = event(
            "half-year reopened",
            Stream::plan(self.plan),
            "2023-11-13",
            PeriodReopened {
                plan: self.plan,
                period: key("half-year"),
                scope: vec![meetings],
                until: date("2023-11-17"),
            },
        );
        let reopened = because(reopened, ReasonCode::LateData, "報告漏れが分かった。");
        self.at("2023-11-13", "企画課", vec![reopened]).await;
        let late = ActualRecorded {
            indicator: meetings,
            measurement: Measurement::Increment(1.into()),
            reported: ReportedPart::default(),
        };
        let late = event("meetings late", stream, "2023-09-20", late);
        let late = because(late, ReasonCode::LateData, "報告漏れが分かった。");
        self.at("2023-11-14", "入力担当", vec![late]).await;
        self.closing("half-year", "2023-11-20").await;

        let restated = v1::EventInput {
            event_id: new_id().to_string(),
            valid_from: Some("2023-09-30".to_owned()),
            reason: Some(v1::Reason {
                code: v1::ReasonCode::EntryError.into(),
                text: "上半期の実績を訂正した。".to_owned(),
            }),
            payload: Some(v1::event_input::Payload::RestatementIssued(
                v1::RestatementIssued {
                    plan: self.plan.to_string(),
                    period: "half-year".to_owned(),
                    revision: 1,
                    ..v1::RestatementIssued::default()
                },
            )),
            ..v1::EventInput::default()
        };
        let request = v1::AppendEventsRequest {
            request_id: new_id().to_string(),
            events: vec![restated],
            ..v1::AppendEventsRequest::default()
        };
        let answer = self.services.append_events(asked(request)).await;
        answer.unwrap();
        self.reader.caught_up(None).await;
    }

    /// Another policy, another way to measure, another section, and what is given up.
    async fn winter(&self) {
        let policy = EvaluationPolicy {
            reduction: ReductionFormula::TwoMinusRatio,
            interpolates_months: true,
            months_compensate: true,
            mean_cap: None,
            display_digits: 2,
            rubric: Some(Code::parse("jp-dokuho-2014").unwrap()),
            ..EvaluationPolicy::default()
        };
        let second = self.policy(2, "2024-02-01", policy);
        let view = self.reader.view();
        let directory = &view.directory;
        let (satisfied, stream) = self.named("満足度");
        let entry = directory.indicator(satisfied).unwrap();
        let (initiative, home) = (entry.initiative(), entry.home);
        let state = self.reader.stream(stream, view.size).await.unwrap();
        let definition = state.goal.indicator(satisfied).unwrap();
        let definition = Definition {
            agg_time: AggTime::RatioOfLatest,
            ..(**definition.definition().unwrap()).clone()
        };
        let redefined = IndicatorRedefined {
            indicator: satisfied,
            definition_version: 2,
            definition,
        };
        let redefined = event("redefined", stream, "2024-01-01", redefined);
        let redefined = because(
            redefined,
            ReasonCode::DefinitionChange,
            "最後の調査だけを見る。",
        );
        let (walls, of_walls) = self.named("校舎の塗替え");
        let given_up = event(
            "walls given up",
            of_walls,
            "2024-01-15",
            IndicatorCancelled { indicator: walls },
        );
        let given_up = because(given_up, ReasonCode::Budget, "補助が採択されなかった。");
        let other = directory
            .units()
            .into_iter()
            .find(|unit| unit.code.as_str() == "広報課");
        let own = directory
            .units()
            .into_iter()
            .find(|unit| unit.code.as_str() == "企画課");
        let moved = event(
            "another section",
            Stream::goal(home),
            "2024-01-01",
            ResponsibilityTransferred {
                initiative,
                lead_unit: other.unwrap().id,
                contributing_units: vec![own.unwrap().id],
            },
        );
        let moved = because(moved, ReasonCode::Reorganisation, "担当を移した。");
        let events = vec![second, redefined, given_up, moved];
        self.at("2024-01-29", "企画課", events).await;
    }

    fn policy(&self, version: u32, from: &str, policy: EvaluationPolicy) -> Event {
        let published = PolicyPublished {
            code: Code::parse("city").unwrap(),
            version,
            title: title("算定方針"),
            content: PolicyContent::Evaluation(policy),
        };
        let stream = Stream::ledger(self.reader.id());
        event(&format!("policy {version}"), stream, from, published)
    }

    async fn revision(&self, words: &str, value: i64, from: &str) -> Event {
        let (indicator, stream) = self.named(words);
        let view = self.reader.view();
        let state = self.reader.stream(stream, view.size).await.unwrap();
        let replaces = state
            .goal
            .indicator(indicator)
            .unwrap()
            .first_target()
            .unwrap()
            .event_id;
        let revised = TargetRevised {
            indicator,
            replaces,
            before: None,
            target: Target {
                aim: Aim::Value(value.into()),
                parts: Vec::new(),
            },
        };
        let revised = event(&format!("revised {words}"), stream, from, revised);
        because(
            revised,
            ReasonCode::PlanReview,
            "上半期の状況により見直した。",
        )
    }

    /// Closes a period and freezes it.
    async fn closing(&self, period: &str, day: &str) {
        let closed = PeriodClosed {
            plan: self.plan,
            period: key(period),
            revision: None,
        };
        let closed = event(
            &format!("{period} closed {day}"),
            Stream::plan(self.plan),
            day,
            closed,
        );
        self.at(day, "企画課", vec![closed]).await;
        let taken = self.services.snapshots().complete_in(&self.reader).await;
        assert_eq!(taken.unwrap(), 1);
    }

    /// The indicator with these words in its title, and its stream.
    fn named(&self, words: &str) -> (IndicatorId, Stream) {
        let view = self.reader.view();
        let directory = &view.directory;
        let found = directory.codes().find_map(|(_, named)| match named {
            Named::Indicator(id) => {
                let entry = directory.indicator(id)?;
                let title = entry.title().ja.as_str();
                title
                    .contains(words)
                    .then(|| (id, Stream::goal(entry.home)))
            }
            _ => None,
        });
        found.unwrap_or_else(|| panic!("no indicator {words}"))
    }

    /// The event of an indicator's `number`th report, from 0.
    fn reported(&self, words: &str, number: usize) -> EventId {
        let (indicator, _) = self.named(words);
        let view = self.reader.view();
        let code = &view.directory.indicator(indicator).unwrap().code;
        id(&format!("{code} {number}"))
    }
}

/// What the words of the plan leave open.
fn complete(title: &str, definition: &mut Definition) {
    let members = match title {
        _ if title.contains("園の巡回") => ["東園", "西園", "南園", "北園", "中園"].as_slice(),
        _ if title.contains("残業") => ["企画課", "広報課", "道路課"].as_slice(),
        _ => return,
    };
    let member = |name: &&str| Member {
        key: key(name),
        label: crate::fixture::title(name),
        from: None,
        until: None,
    };
    definition.members = members.iter().map(member).collect();
}
