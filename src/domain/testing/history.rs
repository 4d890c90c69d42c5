//! Histories of one indicator, folded without asking any rule: for properties that hold for whatever was recorded.

use std::sync::OnceLock;

use jiff::Span;
use proptest::prelude::*;

use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::date::Date;
use crate::domain::goal::{Goal, Indicator};
use crate::domain::quantity::Quantity;
use crate::domain::target::{Aim, Baseline, PlanPoint, PlanProfile};
use crate::domain::testing::*;

/// How many histories a property is held against: `DAICHO_PROPERTY_CASES`, else 10,000.
pub(crate) fn property_cases() -> ProptestConfig {
    static CASES: OnceLock<u32> = OnceLock::new();
    let cases = *CASES.get_or_init(|| {
        let given = std::env::var("DAICHO_PROPERTY_CASES").ok();
        given.map_or(10_000, |cases| cases.parse().expect("a number of cases"))
    });
    ProptestConfig::with_cases(cases)
}

/// The same for histories of hundreds of steps, each held against all before it: a fiftieth as many.
pub(crate) fn long_property_cases() -> ProptestConfig {
    ProptestConfig::with_cases(property_cases().cases.div_ceil(50))
}

/// The stream of the goal G with the indicator X, as it grows.
#[derive(Clone)]
pub(crate) struct History {
    goal: Goal,
    size: u64,
}

impl History {
    /// X was defined on 1 April 2023, at position 0.
    pub(crate) fn of(definition: Definition) -> Self {
        let history = Self {
            goal: Goal::default(),
            size: 0,
        };
        history.and(fact(defined("X", "I", definition)))
    }

    /// The same once `fact` was recorded, on 6 October 2023. Its event is `event N`, N being its position, if it has no other name.
    pub(crate) fn and(mut self, fact: Fact) -> Self {
        let event = self.event(&fact);
        self.goal
            .apply(&placed(event, self.size), day("2023-10-06"));
        self.size += 1;
        self
    }

    /// The same once all of `facts` were recorded, in order.
    pub(crate) fn with(self, facts: impl IntoIterator<Item = Fact>) -> Self {
        facts.into_iter().fold(self, Self::and)
    }

    fn event(&self, fact: &Fact) -> Event {
        let name = fact.name.clone();
        event_of(
            fact,
            event_id(&name.unwrap_or_else(|| format!("event {}", self.size))),
            Stream::goal(goal_id("G")),
        )
    }

    /// How many events there are.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn goal(&self) -> &Goal {
        &self.goal
    }

    pub(crate) fn indicator(&self) -> &Indicator {
        self.goal.indicator(indicator_id("X")).unwrap()
    }
}

/// A day of the cycle of FY2023.
pub(crate) fn days_of_cycle() -> impl Strategy<Value = Date> {
    days_from("2023-04-01", 366)
}

/// One of the `count` days from `first` on.
pub(crate) fn days_from(first: &'static str, count: i32) -> impl Strategy<Value = Date> {
    (0..count).prop_map(move |n| day(first).checked_add(Span::new().days(n)).unwrap())
}

/// Small values, some of them with decimals.
pub(crate) fn values() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        4 => (0_i64..60).prop_map(Quantity::from),
        1 => (-50_i64..600).prop_map(|tenths| q(&format!("{}", rust_decimal::Decimal::new(tenths, 1)))),
    ]
}

/// One of the definitions of testing, of every measure type but composite.
pub(crate) fn any_definition() -> impl Strategy<Value = Definition> {
    let dated = || {
        let mut definition = milestone(2);
        definition.checkpoints[0].due = Some(day("2023-07-31"));
        definition.checkpoints[1].due = Some(day("2024-01-31"));
        definition
    };
    let moving_set = || {
        let mut definition = coverage(3);
        definition.members[1].until = Some(day("2023-08-31"));
        definition.members[2].from = Some(day("2023-10-01"));
        definition
    };
    let settled = || Definition {
        settlement_until: Some(day("2024-05-31")),
        ..rate(AggTime::RatioOfSums)
    };
    let weighted = || {
        let mut definition = with_parts(count(), AggSpace::Weighted, &["m1", "m2"]);
        for part in &mut definition.parts {
            part.weight = Some(q("1.5"));
        }
        definition
    };
    let le = |definition: Definition| Definition {
        comparator: Comparator::Le,
        ..definition
    };
    let from_baseline = |definition: Definition| Definition {
        attainment_basis: AttainmentBasis::FromBaseline,
        ..definition
    };
    let needed = Definition {
        demand_driven: true,
        ..count()
    };
    prop::sample::select(vec![
        count(),
        le(count()),
        needed,
        followers(),
        le(followers()),
        from_baseline(followers()),
        from_baseline(le(followers())),
        settled(),
        rate(AggTime::RatioOfLatest),
        mean_days(),
        stage(),
        length(),
        monthly(AggTime::Sum),
        monthly(AggTime::MeanOfPeriods),
        coverage(2),
        moving_set(),
        cap(2),
        milestone(0),
        dated(),
        judged(),
        with_parts(count(), AggSpace::Sum, &["m1", "m2"]),
        with_parts(count(), AggSpace::CappedSum, &["m1", "m2"]),
        with_parts(count(), AggSpace::AllOf, &["m1", "m2"]),
        with_parts(followers(), AggSpace::MinOfParts, &["m1", "m2"]),
        weighted(),
    ])
}

/// Something that may be recorded about X after `size` events; corrections and retractions are of any of them.
pub(crate) fn any_fact(size: u64) -> impl Strategy<Value = Fact> {
    let of = move || (0..size.max(1)).prop_map(|n| format!("event {n}"));
    let part = || prop::option::of(prop_oneof![Just("m1"), Just("m2")]);
    let reported = |part: Option<&'static str>| ReportedPart {
        part: part.map(key),
        unit_code: None,
    };
    let payload = prop_oneof![
        12 => (any_measurement(), part()).prop_map(move |(measurement, part)| Payload::from(ActualRecorded {
            reported: reported(part),
            ..recorded(measurement)
        })),
        3 => (of(), any_measurement(), part()).prop_map(move |(of, measurement, part)| Payload::from(ActualCorrected {
            reported: reported(part),
            ..corrected(&of, measurement)
        })),
        2 => of().prop_map(|of| Payload::from(retracted(&of))),
        2 => any_aim().prop_map(|aim| Payload::from(target_with_parts("X", aim))),
        1 => (of(), any_aim()).prop_map(|(of, aim)| Payload::from(target_revised("X", &of, aim))),
        1 => (values(), days_from("2023-01-01", 400)).prop_map(|(value, as_of)| {
            let baseline = Baseline { value, as_of, source: None };
            Payload::from(BaselineSet { indicator: indicator_id("X"), baseline })
        }),
        1 => (any_profile(), any::<bool>()).prop_map(|(profile, assumed)| {
            Payload::from(PlanProfileSet { indicator: indicator_id("X"), profile, assumed })
        }),
        1 => (0_i64..40).prop_map(|requests| Payload::from(DemandRecorded {
            indicator: indicator_id("X"),
            requests: requests.into(),
        })),
        1 => any_forecast().prop_map(|value| Payload::from(ForecastSubmitted {
            indicator: indicator_id("X"),
            value,
            confidence: None,
            basis: text("見込み"),
        })),
        1 => any_definition().prop_map(|definition| Payload::from(redefined("X", 2, definition))),
        1 => of().prop_map(|words| Payload::from(IndicatorReworded {
            indicator: indicator_id("X"),
            title: title(&words),
            source_text: text(&words),
            confirms: Vec::new(),
        })),
        1 => of().prop_map(|words| Payload::from(NarrativeAdded {
            subject: Subject::Indicator(indicator_id("X")),
            kind: NarrativeKind::Note,
            text: text(&words),
        })),
        1 => Just(Payload::from(EvidenceAttached {
            subject: Subject::Indicator(indicator_id("X")),
            shows: None,
            filed_under: None,
        })),
    ];
    let days = (
        days_of_cycle(),
        prop::option::weighted(0.1, days_of_cycle()),
    );
    (payload, days).prop_map(|(payload, (from, to))| Fact {
        valid: Some(Validity {
            from,
            to: to.filter(|to| from <= *to),
        }),
        ..fact(payload)
    })
}

/// Up to `most` facts about X.
pub(crate) fn any_facts(most: usize) -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec(any_fact(most as u64 + 1), 0..=most)
}

pub(crate) fn any_measurement() -> impl Strategy<Value = Measurement> {
    let keys = || prop_oneof![Just("m1"), Just("m2")].prop_map(key);
    let checkpoints = prop_oneof![Just("c1"), Just("c2")].prop_map(key);
    prop_oneof![
        6 => values().prop_map(Measurement::Increment),
        3 => values().prop_map(Measurement::Level),
        2 => (0_i64..50, 1_i64..50).prop_map(|(numerator, denominator)| Measurement::Ratio {
            numerator: numerator.into(),
            denominator: denominator.into(),
        }),
        2 => (keys(), prop::sample::select(MemberState::ALL)).prop_map(|(member, state)| Measurement::Member { member, state }),
        1 => (keys(), values()).prop_map(|(member, value)| Measurement::MemberValue { member, value }),
        2 => (prop::option::of(checkpoints), prop::sample::select(MilestoneState::ALL))
            .prop_map(|(checkpoint, state)| Measurement::Milestone { checkpoint, state }),
        1 => (1_u32..4).prop_map(Measurement::RubricLevel),
        1 => prop::sample::select(NilCause::ALL).prop_map(Measurement::Nil),
    ]
}

pub(crate) fn any_aim() -> impl Strategy<Value = Aim> {
    prop_oneof![
        6 => values().prop_map(Aim::Value),
        1 => (values(), 0_i64..9).prop_map(|(value, tolerance)| Aim::Approximate { value, tolerance: tolerance.into() }),
        1 => (0_i64..30, 0_i64..30).prop_map(|(lower, width)| Aim::Range { lower: lower.into(), upper: (lower + width).into() }),
        1 => Just(Aim::AllMembers),
        1 => days_of_cycle().prop_map(|due| done_by(&due.to_string())),
        1 => (1_u32..4).prop_map(Aim::RubricLevel),
    ]
}

/// A target of X with an aim for each of the parts m1 and m2.
fn target_with_parts(indicator: &str, aim: Aim) -> TargetSet {
    let mut set = target_set(indicator, aim);
    set.target.parts = vec![part_target("m1", "3"), part_target("m2", "2")];
    set
}

fn any_profile() -> impl Strategy<Value = PlanProfile> {
    let points = prop::collection::vec((days_of_cycle(), 0_i64..20), 1..4);
    let rising = points.prop_map(|mut points| {
        points.sort_unstable();
        points.dedup_by_key(|(date, _)| *date);
        let mut value = 0;
        let point = |(date, more): (Date, i64)| {
            value += more;
            PlanPoint {
                date,
                value: value.into(),
            }
        };
        points.into_iter().map(point).collect::<Vec<_>>()
    });
    prop_oneof![
        2 => Just(PlanProfile::Linear),
        2 => rising.prop_flat_map(|points| prop_oneof![
            Just(PlanProfile::Monthly(points.clone())),
            Just(PlanProfile::Reference(points)),
        ]),
        1 => Just(PlanProfile::Steps),
        1 => Just(PlanProfile::AtEnd),
        1 => Just(PlanProfile::None),
    ]
}

fn any_forecast() -> impl Strategy<Value = ForecastValue> {
    prop_oneof![
        values().prop_map(ForecastValue::Value),
        days_of_cycle().prop_map(ForecastValue::Date),
    ]
}
