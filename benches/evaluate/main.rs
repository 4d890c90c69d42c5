//! What the evaluation of an indicator with 25 reports costs, by kind, each time on the facts of another goal.
//!
//! The goals are more than the caches hold, as those of a large plan are.

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use daicho::domain::actual::aggregate::Cut;
use daicho::domain::actual::{Measurement, MilestoneState, ReportedPart};
use daicho::domain::code::{Code, Key};
use daicho::domain::date::{Date, DateSpan};
use daicho::domain::directory::Phase;
use daicho::domain::evaluation::{Evaluation, EvaluationPolicy, evaluate_goal};
use daicho::domain::event::*;
use daicho::domain::goal::Goal;
use daicho::domain::id::*;
use daicho::domain::indicator::*;
use daicho::domain::quantity::Quantity;
use daicho::domain::target::{Aim, Baseline, EndState, PartTarget, PlanPoint, PlanProfile, Target};
use daicho::domain::text::{Name, Text, Title};
use daicho::domain::unit::catalogue::unit_by_code;
use uuid::Uuid;

/// Reports of each indicator.
const REPORTS: u64 = 25;
/// Indicators of each goal: 62 goals of a city have some 230.
const INDICATORS: u64 = 4;
/// Goals that are evaluated in turn.
const GOALS: u64 = 1_000;

#[derive(Clone, Copy, Debug)]
enum Kind {
    Count,
    RevisedTwice,
    Level,
    Rate,
    Months,
    Parts,
    Coverage,
    Milestone,
    /// One of each in turn.
    Mixed,
}

const KINDS: [Kind; 9] = [
    Kind::Count,
    Kind::RevisedTwice,
    Kind::Level,
    Kind::Rate,
    Kind::Months,
    Kind::Parts,
    Kind::Coverage,
    Kind::Milestone,
    Kind::Mixed,
];

fn name(text: &str) -> Name {
    Name::parse(text).expect("a name")
}

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn title(text: &str) -> Title {
    Title {
        ja: name(text),
        en: None,
    }
}

fn day(n: u64) -> Date {
    let days = jiff::Span::new().days(i64::try_from(n).expect("days of a year"));
    cycle()
        .first()
        .checked_add(days)
        .expect("a day of the year")
}

fn cycle() -> DateSpan {
    DateSpan::new(Date::constant(2023, 4, 1), Date::constant(2024, 3, 31)).expect("a year")
}

/// A goal as its events are folded.
struct Growing {
    goal: Goal,
    position: u64,
    actor: Actor,
}

impl Growing {
    fn record(&mut self, on: Date, payload: impl Into<Payload>) -> EventId {
        let space = Uuid::from_u128(1);
        let id = EventId::derived(space, &self.position.to_string());
        let event = Event {
            valid: Some(Validity::from(on)),
            ..Event::new(
                id,
                Stream::goal(GoalId::derived(space, "goal")),
                payload.into(),
            )
        };
        let recorded = Recorded {
            ledger: LedgerId::derived(space, "ledger"),
            generation: 1,
            position: self.position,
            revision: self.position + 1,
            recorded_at: jiff::Timestamp::UNIX_EPOCH,
            prev_leaf_hash: None,
            actor: self.actor.clone().into(),
            request_id: RequestId::derived(space, "request"),
            request_index: 0,
            request_count: 1,
            event,
        };
        self.goal.apply(&recorded, on);
        self.position += 1;
        id
    }

    fn indicator(&mut self, kind: Kind, n: u64) {
        let indicator = IndicatorId::derived(Uuid::from_u128(2), &n.to_string());
        let first = cycle().first();
        let definition = definition(kind);
        let parts: Vec<PartTarget> = definition
            .parts
            .iter()
            .map(|part| PartTarget {
                part: part.key.clone(),
                value: 20.into(),
            })
            .collect();
        self.record(
            first,
            IndicatorDefined {
                indicator,
                initiative: InitiativeId::derived(Uuid::from_u128(3), "initiative"),
                code: Code::parse("R5/1-1/1.1").expect("a code"),
                title: title("指標"),
                source_text: Text::parse("指標 50件").expect("a text"),
                definition,
                continues: None,
            },
        );
        let aim = match kind {
            Kind::Coverage => Aim::AllMembers,
            Kind::Milestone => Aim::Done {
                due: cycle().last(),
                end_state: EndState::Completed,
            },
            Kind::Months => Aim::Value(4.into()),
            _ => Aim::Value(50.into()),
        };
        let target = Target { aim, parts };
        let mut set = self.record(
            first,
            TargetSet {
                indicator,
                target: target.clone(),
            },
        );
        let revisions: &[(u64, i64)] = match kind {
            Kind::RevisedTwice => &[(60, 45), (120, 40)],
            _ => &[],
        };
        for (on, value) in revisions {
            let target = Target {
                aim: Aim::Value((*value).into()),
                parts: Vec::new(),
            };
            let revised = TargetRevised {
                indicator,
                replaces: set,
                before: None,
                target,
            };
            set = self.record(day(*on), revised);
        }
        let baseline = Baseline {
            value: 10.into(),
            as_of: first,
            source: None,
        };
        self.record(
            first,
            BaselineSet {
                indicator,
                baseline,
            },
        );
        let profile = match kind {
            Kind::Milestone => PlanProfile::Steps,
            Kind::Rate => PlanProfile::Reference(months(100)),
            Kind::Parts => PlanProfile::Monthly(months(50)),
            _ => PlanProfile::Linear,
        };
        self.record(
            first,
            PlanProfileSet {
                indicator,
                profile,
                assumed: false,
            },
        );
        for n in 0..REPORTS {
            let (measurement, part) = report(kind, n);
            let reported = ReportedPart {
                part: part.map(key),
                unit_code: None,
            };
            self.record(
                day(n * 7),
                ActualRecorded {
                    indicator,
                    measurement,
                    reported,
                },
            );
        }
    }
}

/// The end of each month, evenly up to a value.
fn months(value: i64) -> Vec<PlanPoint> {
    let last = |n: u64| day(n * 30 + 15).last_of_month();
    let point = |n: u64| PlanPoint {
        date: last(n),
        value: (value * i64::try_from(n + 1).expect("a month") / 12).into(),
    };
    (0..12).map(point).collect()
}

fn report(kind: Kind, n: u64) -> (Measurement, Option<&'static str>) {
    let value = Quantity::from(i64::try_from(n % 5).expect("small"));
    match kind {
        Kind::Level => (Measurement::Level(value), None),
        Kind::Rate => {
            let ratio = Measurement::Ratio {
                numerator: value,
                denominator: 7.into(),
            };
            (ratio, None)
        }
        Kind::Parts => {
            let part = if n.is_multiple_of(2) { "p0" } else { "p1" };
            (Measurement::Increment(value), Some(part))
        }
        Kind::Coverage => {
            let member = Measurement::Member {
                member: key(&format!("m{}", n % 20)),
                state: daicho::domain::actual::MemberState::Done,
            };
            (member, None)
        }
        Kind::Milestone => {
            let milestone = Measurement::Milestone {
                checkpoint: Some(key(&format!("c{}", n % 3))),
                state: MilestoneState::Started,
            };
            (milestone, None)
        }
        Kind::Count | Kind::RevisedTwice | Kind::Months | Kind::Mixed => {
            (Measurement::Increment(value), None)
        }
    }
}

fn definition(kind: Kind) -> Definition {
    let (measure_type, entry_kind, agg_time) = match kind {
        Kind::Level => (MeasureType::Level, EntryKind::Absolute, AggTime::Latest),
        Kind::Rate => (MeasureType::Ratio, EntryKind::NumDen, AggTime::RatioOfSums),
        Kind::Months => (
            MeasureType::RatePerPeriod,
            EntryKind::Increment,
            AggTime::Sum,
        ),
        Kind::Coverage => (
            MeasureType::Coverage,
            EntryKind::MemberState,
            AggTime::Distinct,
        ),
        Kind::Milestone => (
            MeasureType::Milestone,
            EntryKind::MilestoneState,
            AggTime::DoneBy,
        ),
        Kind::Count | Kind::RevisedTwice | Kind::Parts | Kind::Mixed => {
            (MeasureType::Count, EntryKind::Increment, AggTime::Sum)
        }
    };
    let part = |n: u64| Part {
        key: key(&format!("p{n}")),
        label: title("館"),
        weight: None,
    };
    let member = |n: u64| Member {
        key: key(&format!("m{n}")),
        label: title("園"),
        from: None,
        until: None,
    };
    let checkpoint = |n: u64| Checkpoint {
        key: key(&format!("c{n}")),
        label: title("工程"),
        due: Some(day(n * 90 + 30)),
        weight: Some(25.into()),
    };
    let some = |here: bool, count: u64| 0..if here { count } else { 0 };
    Definition {
        measure_type,
        entry_kind: Some(entry_kind),
        agg_time,
        agg_space: match kind {
            Kind::Parts => AggSpace::AllOf,
            _ => AggSpace::None,
        },
        comparator: match kind {
            Kind::Milestone => Comparator::DoneBy,
            _ => Comparator::Ge,
        },
        quantifier: match kind {
            Kind::Months | Kind::Coverage => Quantifier::ForAll,
            _ => Quantifier::Single,
        },
        per_month: matches!(kind, Kind::Months),
        unit: match kind {
            Kind::Rate => unit_by_code("%"),
            _ => unit_by_code("{case}").or_else(|| unit_by_code("{person}")),
        }
        .expect("a unit of the catalogue"),
        domain: ValueDomain::default(),
        attainment_basis: AttainmentBasis::ToTarget,
        person_times: false,
        demand_driven: false,
        active_window: None,
        settlement_until: None,
        parts: some(matches!(kind, Kind::Parts), 2).map(part).collect(),
        members: some(matches!(kind, Kind::Coverage), 36)
            .map(member)
            .collect(),
        checkpoints: some(matches!(kind, Kind::Milestone), 4)
            .map(checkpoint)
            .collect(),
        components: Vec::new(),
        rubric: None,
        lead_unit: None,
        contributing_units: Vec::new(),
        external_reference: None,
        quality: DataQuality::default(),
        disclosure: Disclosure::Public,
        result_level: ResultLevel::Output,
        assumed: Vec::new(),
    }
}

fn goals(kind: Kind) -> Vec<Goal> {
    let actor = Actor {
        subject: name("a.tanaka"),
        issuer: None,
        seat: Some(name("主事")),
        acting_for: None,
        client: None,
        method: AuthMethod::Unauthenticated,
        evidence_sha256: None,
        person: None,
        permitted_by: None,
    };
    let goal = |goal: u64| {
        let mut growing = Growing {
            goal: Goal::default(),
            position: 0,
            actor: actor.clone(),
        };
        for n in 0..INDICATORS {
            let of = match kind {
                Kind::Mixed => KINDS[((goal * INDICATORS + n) % 8) as usize],
                kind => kind,
            };
            growing.indicator(of, n);
        }
        growing.goal
    };
    (0..GOALS).map(goal).collect()
}

fn evaluation_of_an_indicator(c: &mut Criterion) {
    let policy = EvaluationPolicy::default();
    let cut = Cut::on(Date::constant(2023, 9, 30)).known_at(u64::MAX);
    let mut group = c.benchmark_group("evaluate");
    group.throughput(Throughput::Elements(GOALS * INDICATORS));
    group.sample_size(20);
    for kind in KINDS {
        let goals = goals(kind);
        let all = || -> Vec<BTreeMap<IndicatorId, Evaluation>> {
            let evaluated = |goal| evaluate_goal(goal, cycle(), cut, &policy, |_| Phase::Active);
            goals.iter().map(evaluated).collect()
        };
        // What is measured is the work itself: every indicator, none of them silent.
        let found = all();
        assert_eq!(
            found.iter().map(BTreeMap::len).sum::<usize>() as u64,
            GOALS * INDICATORS
        );
        let silent = |found: &Evaluation| found.actual == daicho::domain::actual::Actual::NoReport;
        assert!(!found.iter().flat_map(BTreeMap::values).any(silent));
        group.bench_function(BenchmarkId::from_parameter(format!("{kind:?}")), |b| {
            b.iter(|| black_box(all()));
        });
    }
    group.finish();
}

criterion_group!(benches, evaluation_of_an_indicator);
criterion_main!(benches);
