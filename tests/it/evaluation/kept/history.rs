//! A small invented year that has something of everything the rows can hold: every kind of measure, corrections and late
//! reports behind a closing, revised targets, a new definition, another policy, what was given up.

use std::sync::Arc;

use daicho::api::v1;
use daicho::api::v1::ledger_service_server::LedgerService as _;
use daicho::clock::new_id;
use daicho::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use daicho::domain::code::{Code, Key};
use daicho::domain::date::DateSpan;
use daicho::domain::directory::Named;
use daicho::domain::evaluation::policy::{
    EvaluationPolicy, PolicyContent, ReductionFormula, RollUpJudgement,
};
use daicho::domain::event::*;
use daicho::domain::fiscal_year::FiscalYear;
use daicho::domain::id::{EventId, IndicatorId, LedgerId, PlanId};
use daicho::domain::indicator::{
    AggSpace, AggTime, AttainmentBasis, Checkpoint, Comparator, Definition, Disclosure, EntryKind,
    MeasureType, Member, Part, ValueDomain,
};
use daicho::domain::quantity::Quantity;
use daicho::domain::target::{Aim, Baseline, EndState, PartTarget, PlanPoint, PlanProfile, Target};
use daicho::domain::text::{Name, Text};
use daicho::grpc::Services;
use daicho::import::events::{SourceFile, batches, events, plan_id};
use daicho::ledger::{Append, Ledgers, OpenLedger, Reader};
use daicho::log::MemoryLog;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::super::service::{asked, services};
use crate::fixture::{counted, date, opening, permitted, request_id, start, title};

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
        id: id(name),
        stream,
        valid: Some(Validity::from(date(day))),
        reason: None,
        evidence: Vec::new(),
        source_document: None,
        decision: None,
        correlation: None,
        causation: None,
        payload: payload.into(),
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
            let append = Append {
                ledger: self.reader.id(),
                request_id: request_id(),
                events: events.to_vec(),
                expected: Vec::new(),
                validate_only: false,
            };
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

    /// Kinds of measure that the plan's words do not bring: parts and components, a reduction, a range, steps.
    fn further(&self) -> Vec<Event> {
        let (lesson, stream) = self.named("救命の講習");
        let components: Vec<IndicatorId> = {
            let view = self.reader.view();
            let initiative = view.directory.indicator(lesson).unwrap().initiative();
            view.directory
                .indicators_of(initiative)
                .filter(|id| *id != self.named("園の巡回").0)
                .collect()
        };
        let part = |name: &str| Part {
            key: key(name),
            label: title(name),
            weight: None,
        };
        let checkpoint = |name: &str, due: &str, weight: i64| Checkpoint {
            key: key(name),
            label: title(name),
            due: Some(date(due)),
            weight: Some(weight.into()),
        };
        let value = |value: i64| Aim::Value(value.into());
        let level = Definition {
            measure_type: MeasureType::Level,
            entry_kind: Some(EntryKind::Absolute),
            agg_time: AggTime::Latest,
            ..counted()
        };
        let all = [
            (
                "composite",
                Definition {
                    measure_type: MeasureType::Composite,
                    entry_kind: None,
                    agg_time: AggTime::None,
                    agg_space: AggSpace::AllOf,
                    components,
                    ..counted()
                },
                Aim::Components,
            ),
            (
                "parts",
                Definition {
                    agg_space: AggSpace::CappedSum,
                    parts: vec![part("east"), part("west")],
                    ..counted()
                },
                value(5),
            ),
            (
                "reduced",
                Definition {
                    comparator: Comparator::Le,
                    attainment_basis: AttainmentBasis::FromBaseline,
                    ..level.clone()
                },
                value(45),
            ),
            (
                "cap",
                Definition {
                    comparator: Comparator::Le,
                    ..counted()
                },
                value(6),
            ),
            (
                "range",
                Definition {
                    comparator: Comparator::InRange,
                    ..level
                },
                Aim::Range {
                    lower: 20.into(),
                    upper: 24.into(),
                },
            ),
            (
                "steps",
                Definition {
                    measure_type: MeasureType::Milestone,
                    entry_kind: Some(EntryKind::MilestoneState),
                    agg_time: AggTime::DoneBy,
                    comparator: Comparator::DoneBy,
                    domain: ValueDomain::default(),
                    checkpoints: vec![
                        checkpoint("draft", "2023-08-31", 40),
                        checkpoint("hearing", "2023-12-28", 35),
                        checkpoint("decision", "2024-03-15", 25),
                    ],
                    ..counted()
                },
                Aim::Done {
                    due: date("2024-03-31"),
                    end_state: EndState::Decided,
                },
            ),
        ];
        let view = self.reader.view();
        let initiative = view.directory.indicator(lesson).unwrap().initiative();
        let mut events = Vec::new();
        for (name, definition, aim) in all {
            let indicator = IndicatorId::derived(Uuid::NAMESPACE_OID, name);
            let parts = definition.parts.iter().zip([3, 2]);
            let target = Target {
                aim,
                parts: parts
                    .map(|(part, value)| PartTarget {
                        part: part.key.clone(),
                        value: value.into(),
                    })
                    .collect(),
            };
            let defined = IndicatorDefined {
                indicator,
                initiative,
                code: Code::parse(&format!("R5/{name}")).unwrap(),
                title: title(name),
                source_text: Text::parse(name).unwrap(),
                definition,
                continues: None,
            };
            let mut add = |about: &str, payload: Payload| {
                events.push(event(
                    &format!("{name} {about}"),
                    stream,
                    "2023-04-01",
                    payload,
                ));
            };
            add("defined", defined.into());
            add("target", TargetSet { indicator, target }.into());
            if name == "reduced" {
                let baseline = Baseline {
                    value: 60.into(),
                    as_of: date("2023-03-31"),
                    source: None,
                };
                add(
                    "baseline",
                    BaselineSet {
                        indicator,
                        baseline,
                    }
                    .into(),
                );
            }
            let profile = match name {
                "steps" => PlanProfile::Steps,
                "parts" | "reduced" | "cap" => PlanProfile::Linear,
                _ => continue,
            };
            let line = PlanProfileSet {
                indicator,
                profile,
                assumed: false,
            };
            add("line", line.into());
        }
        events
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

    /// What every indicator reports on days from `first` to `last`, each a week later.
    async fn reports(&self, first: &str, last: &str) {
        let view = self.reader.view();
        let mut events = Vec::new();
        for (code, named) in view.directory.codes() {
            let Named::Indicator(indicator) = named else {
                continue;
            };
            let entry = view.directory.indicator(indicator).unwrap();
            let stream = Stream::goal(entry.home);
            let state = self.reader.stream(stream, view.size).await.unwrap();
            let state = state.goal.indicator(indicator).unwrap().clone();
            let definition = state.definition().unwrap();
            let aim = state.first_target().map(|version| version.target.aim);
            let reports = match code.as_str().strip_prefix("R5/") {
                Some(name) if !name.contains('/') => of_further(name),
                _ => measured(definition, aim)
                    .into_iter()
                    .map(|(day, measurement)| (day, None, measurement))
                    .collect(),
            };
            for (number, (day, part, measurement)) in reports.into_iter().enumerate() {
                let recorded = ActualRecorded {
                    indicator,
                    measurement,
                    reported: ReportedPart {
                        part,
                        unit_code: None,
                    },
                };
                events.push(shown(event(
                    &format!("{code} {number}"),
                    stream,
                    day,
                    recorded,
                )));
            }
            if definition.demand_driven {
                for (day, requests) in [("2023-09-30", 44), ("2024-03-31", 61)] {
                    let demand = DemandRecorded {
                        indicator,
                        requests: requests.into(),
                    };
                    events.push(event(&format!("demand {day}"), stream, day, demand));
                }
            }
        }
        let day = |event: &Event| event.valid.unwrap().counts_on();
        events.retain(|event| date(first) <= day(event) && day(event) <= date(last));
        events.sort_by_key(day);
        for of_day in events.chunk_by(|one, other| day(one) == day(other)) {
            let recorded = day(&of_day[0]).saturating_add(jiff::Span::new().days(7));
            self.at(&recorded.to_string(), "入力担当", of_day.to_vec())
                .await;
        }
    }
}

/// With evidence and a reason where a report needs them.
fn shown(mut event: Event) -> Event {
    let Payload::ActualRecorded(recorded) = &event.payload else {
        return event;
    };
    let judged = matches!(recorded.measurement, Measurement::RubricLevel(_));
    if judged || matches!(recorded.measurement, Measurement::Milestone { .. }) {
        event.evidence.push(Evidence {
            sha256: [7; 32],
            media_type: Name::parse("application/pdf").unwrap(),
            title: Name::parse("記録").unwrap(),
            uri: None,
            size_bytes: None,
            disclosure: Disclosure::Internal,
        });
    }
    if judged {
        let text = "実施の記録と利用者の声を確かめ、基準に照らして判断した。";
        event = because(event, ReasonCode::Other, text);
    }
    event
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

/// What those report that the plan's words did not bring.
fn of_further(name: &str) -> Vec<(&'static str, Option<Key>, Measurement)> {
    let added = |amount: i64| Measurement::Increment(amount.into());
    let stood = |value: i64| Measurement::Level(value.into());
    let step = |checkpoint: &str| Measurement::Milestone {
        checkpoint: Some(key(checkpoint)),
        state: MilestoneState::Completed,
    };
    let whole = Measurement::Milestone {
        checkpoint: None,
        state: MilestoneState::Decided,
    };
    match name {
        "parts" => vec![
            ("2023-06-30", Some(key("east")), added(2)),
            ("2023-09-30", Some(key("east")), added(2)),
            ("2024-02-29", Some(key("west")), added(1)),
        ],
        "reduced" => vec![
            ("2023-06-30", None, stood(58)),
            ("2023-09-30", None, stood(52)),
            ("2024-03-31", None, stood(44)),
        ],
        "cap" => vec![
            ("2023-07-31", None, added(2)),
            ("2023-11-30", None, added(3)),
            ("2024-02-29", None, added(2)),
        ],
        "range" => vec![
            ("2023-09-30", None, stood(25)),
            ("2024-03-31", None, stood(22)),
        ],
        "steps" => vec![
            ("2023-08-31", None, step("draft")),
            ("2024-01-31", None, step("hearing")),
            ("2024-03-31", None, whole),
        ],
        _ => Vec::new(),
    }
}

/// What an indicator reports in the year, in the order of days.
fn measured(definition: &Definition, aim: Option<Aim>) -> Vec<(&'static str, Measurement)> {
    const MONTHS: [&str; 9] = [
        "2023-04-30",
        "2023-05-31",
        "2023-06-30",
        "2023-07-31",
        "2023-08-31",
        "2023-09-30",
        "2023-11-30",
        "2024-01-31",
        "2024-03-31",
    ];
    let Some(kind) = definition.entry_kind else {
        return Vec::new();
    };
    let whole = match aim {
        Some(Aim::Value(value) | Aim::Approximate { value, .. }) => value.decimal(),
        _ => 10.into(),
    };
    let of = |hundredths: i64| {
        let decimals = if definition.domain.integer {
            0
        } else {
            u32::from(definition.unit.decimals).max(2)
        };
        let part = whole * rust_decimal::Decimal::new(hundredths, 2);
        Quantity::from(part.trunc_with_scale(decimals))
    };
    match kind {
        EntryKind::Increment if definition.per_month => MONTHS
            .into_iter()
            .zip([100, 125, 100, 75, 110, 100, 90, 130, 100])
            .map(|(day, share)| (day, Measurement::Increment(of(share))))
            .collect(),
        EntryKind::Increment => {
            let mut reports = vec![("2023-04-30", Measurement::Nil(NilCause::NoActivity))];
            let days = [
                MONTHS[2], MONTHS[3], MONTHS[4], MONTHS[5], MONTHS[7], MONTHS[8],
            ];
            let shares = [17, 25, 9, 17, 25, 17];
            let added = |(day, share)| (day, Measurement::Increment(of(share)));
            reports.extend(days.into_iter().zip(shares).map(added));
            reports
        }
        EntryKind::Absolute => [(MONTHS[2], 24), (MONTHS[5], 91), ("2023-12-31", 97)]
            .map(|(day, share)| (day, Measurement::Level(of(share))))
            .to_vec(),
        EntryKind::NumDen => {
            // Of a yearly mean the days so far, of a share that settles what was paid so far.
            let days = [MONTHS[2], MONTHS[5], "2024-02-29"];
            let parts = match definition.settlement_until {
                Some(_) => [(3_050, 5_600), (2_380, 4_380), (4_340, 4_400)],
                None if whole < 20.into() => [(1_210, 360), (1_250, 361), (2_100, 1)],
                None => [(310, 400), (333, 420), (331, 400)],
            };
            let ratio = |(day, (numerator, denominator))| {
                let (numerator, denominator): (i64, i64) = (numerator, denominator);
                let ratio = Measurement::Ratio {
                    numerator: numerator.into(),
                    denominator: denominator.into(),
                };
                (day, ratio)
            };
            days.into_iter().zip(parts).map(ratio).collect()
        }
        EntryKind::MemberState => [
            (MONTHS[2], "東園"),
            (MONTHS[5], "南園"),
            (MONTHS[7], "西園"),
        ]
        .map(|(day, member)| {
            let done = Measurement::Member {
                member: key(member),
                state: MemberState::Done,
            };
            (day, done)
        })
        .to_vec(),
        EntryKind::MemberValue => [
            (MONTHS[2], "企画課", 38),
            (MONTHS[5], "広報課", 45),
            (MONTHS[7], "道路課", 46),
            (MONTHS[8], "道路課", 31),
        ]
        .map(|(day, member, value)| {
            let value = Measurement::MemberValue {
                member: key(member),
                value: value.into(),
            };
            (day, value)
        })
        .to_vec(),
        EntryKind::MilestoneState => {
            let state = |state| Measurement::Milestone {
                checkpoint: None,
                state,
            };
            let mut reports = vec![(MONTHS[4], state(MilestoneState::Started))];
            if !matches!(
                aim,
                Some(Aim::Done {
                    end_state: EndState::Started,
                    ..
                })
            ) {
                reports.push(("2024-02-29", state(MilestoneState::Completed)));
            }
            reports
        }
        EntryKind::RubricLevel => [(MONTHS[5], 2), (MONTHS[8], 3)]
            .map(|(day, level)| (day, Measurement::RubricLevel(level)))
            .to_vec(),
    }
}
