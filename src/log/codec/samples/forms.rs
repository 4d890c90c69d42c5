//! Events for the forms that one payload of each type leaves out.

use super::evaluations;
use super::model::*;
use super::*;
use crate::domain::evaluation::Status;
use crate::domain::evaluation::policy::{EvaluationPolicy, GradeLevel, PolicyContent};

/// Events for every form of a target, a measurement, a profile, a unit, a quantifier, a subject, a
/// forecast and a policy.
pub(in crate::log::codec) fn forms() -> Vec<Sample> {
    let k = indicator(1);
    let q = quantity;
    let mut payloads: Vec<Payload> = Vec::new();
    for aim in [
        Aim::Value(q("-0.0000000001")),
        Aim::AllMembers,
        Aim::Range {
            lower: q("-3"),
            upper: q("999999999999999.9999999999"),
        },
        Aim::Approximate {
            value: q("80"),
            tolerance: Quantity::ZERO,
        },
        Aim::RubricLevel(0),
        Aim::RubricLevel(u32::MAX),
        Aim::Components,
    ] {
        let target = Target { aim, parts: vec![] };
        payloads.push(
            TargetSet {
                indicator: k,
                target,
            }
            .into(),
        );
    }
    for end_state in EndState::ALL {
        let aim = Aim::Done {
            due: date(2199, 12, 31),
            end_state: *end_state,
        };
        let target = Target { aim, parts: vec![] };
        payloads.push(
            TargetSet {
                indicator: k,
                target,
            }
            .into(),
        );
    }
    let mut measurements = vec![
        Measurement::Increment(q("1")),
        // As a sum may have it: more digits than an entry.
        Measurement::Level(Quantity::from(rust_decimal::Decimal::MAX)),
        Measurement::Ratio {
            numerator: Quantity::ZERO,
            denominator: q("3"),
        },
        Measurement::MemberValue {
            member: key("m-1"),
            value: q("0.5"),
        },
        Measurement::RubricLevel(3),
    ];
    measurements.extend(MemberState::ALL.iter().map(|state| Measurement::Member {
        member: key("m-1"),
        state: *state,
    }));
    measurements.extend(
        MilestoneState::ALL
            .iter()
            .map(|state| Measurement::Milestone {
                checkpoint: None,
                state: *state,
            }),
    );
    measurements.extend(NilCause::ALL.iter().map(|cause| Measurement::Nil(*cause)));
    for (index, measurement) in measurements.into_iter().enumerate() {
        let reported = ReportedPart {
            part: (index % 2 == 0).then(|| key("北")),
            unit_code: (index % 3 == 0).then(|| "".into()),
        };
        payloads.push(
            ActualRecorded {
                indicator: k,
                measurement,
                reported,
            }
            .into(),
        );
    }
    for profile in [
        PlanProfile::Linear,
        PlanProfile::Monthly(vec![]),
        PlanProfile::Reference(points()),
        PlanProfile::Steps,
        PlanProfile::AtEnd,
        PlanProfile::None,
    ] {
        payloads.push(
            PlanProfileSet {
                indicator: k,
                profile,
                assumed: true,
            }
            .into(),
        );
    }
    for (index, dimension) in [
        Dimension::Count(String::new()),
        Dimension::Length,
        Dimension::Area,
        Dimension::Ratio,
        Dimension::Money("JPY".to_owned()),
        Dimension::Time,
        Dimension::Mass,
        Dimension::Volume,
        Dimension::PerMonth(Box::new(Dimension::Count("回".to_owned()))),
        Dimension::PerMonth(Box::new(Dimension::Length)),
    ]
    .into_iter()
    .enumerate()
    {
        let definition = Definition {
            unit: Unit {
                dimension,
                scale_pow10: if index % 2 == 0 { i8::MIN } else { i8::MAX },
                decimals: u8::MAX,
                ..no_unit()
            },
            quantifier: [
                Quantifier::Single,
                Quantifier::ForAll,
                Quantifier::AtLeastN(0),
            ][index % 3],
            domain: ValueDomain {
                integer: index % 2 == 0,
                ..ValueDomain::default()
            },
            ..plain_definition()
        };
        payloads.push(
            IndicatorRedefined {
                indicator: k,
                definition_version: 2,
                definition,
            }
            .into(),
        );
    }
    for subject in [
        Subject::Goal(goal(1)),
        Subject::Initiative(initiative(1)),
        Subject::Indicator(k),
    ] {
        payloads.push(
            EvidenceAttached {
                subject,
                shows: None,
                filed_under: None,
            }
            .into(),
        );
    }
    for value in [
        ForecastValue::Value(q("7.5")),
        ForecastValue::Date(date(1900, 1, 1)),
    ] {
        let basis = text(" 前後の空白も そのまま ");
        payloads.push(
            ForecastSubmitted {
                indicator: k,
                value,
                confidence: Some(10),
                basis,
            }
            .into(),
        );
    }
    let mut rubric = evaluations::rubric();
    rubric.levels.push(GradeLevel {
        statuses: Status::ALL.to_vec(),
        ..rubric.levels[0].clone()
    });
    for content in [
        PolicyContent::Evaluation(EvaluationPolicy::default()),
        PolicyContent::Evaluation(EvaluationPolicy {
            mean_cap: None,
            rubric: None,
            ..evaluations::policy()
        }),
        PolicyContent::Rubric(rubric),
    ] {
        payloads.push(
            PolicyPublished {
                code: code("city"),
                version: u32::MAX,
                title: ja("算定方針"),
                content,
            }
            .into(),
        );
    }
    (1..)
        .zip(payloads)
        .map(|(number, payload)| full("form", number, payload))
        .collect()
}
