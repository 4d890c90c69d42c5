//! Measurements, actuals, targets, baselines and planned lines between the wire and the domain.

use crate::api::v1;
use crate::api::v1::{actual, measurement, target};
use crate::domain::actual::{Actual, Measurement};
use crate::domain::code::Key;
use crate::domain::indicator::Definition;
use crate::domain::quantity::Quantity;
use crate::domain::rejection::Reason;
use crate::domain::target::{Aim, Baseline, PartTarget, PlanPoint, PlanProfile, Target};
use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::field::{At, Faults, optional};

pub(super) fn measurement(
    faults: &mut Faults,
    at: &At<'_>,
    measurement: Option<&v1::Measurement>,
) -> Option<Measurement> {
    let Some(kind) = measurement.and_then(|m| m.kind.as_ref()) else {
        return faults.required(at);
    };
    match kind {
        measurement::Kind::Increment(value) => faults
            .quantity(&at.then("increment"), value)
            .map(Measurement::Increment),
        measurement::Kind::Level(value) => faults
            .quantity(&at.then("level"), value)
            .map(Measurement::Level),
        measurement::Kind::Ratio(ratio) => {
            let at = at.then("ratio");
            let numerator = ratio_part(faults, &at.then("numerator"), &ratio.numerator);
            let denominator = ratio_part(faults, &at.then("denominator"), &ratio.denominator);
            Some(Measurement::Ratio {
                numerator: numerator?,
                denominator: denominator?,
            })
        }
        measurement::Kind::Member(member) => {
            let at = at.then("member");
            let key = faults.key(&at.then("member"), &member.member);
            let state = faults.choice(&at.then("state"), member.state);
            Some(Measurement::Member {
                member: key?,
                state: state?,
            })
        }
        measurement::Kind::MemberValue(member) => {
            let at = at.then("member_value");
            let key = faults.key(&at.then("member"), &member.member);
            let value = faults.quantity(&at.then("value"), &member.value);
            Some(Measurement::MemberValue {
                member: key?,
                value: value?,
            })
        }
        measurement::Kind::Milestone(milestone) => {
            let at = at.then("milestone");
            let checkpoint = optional(milestone.checkpoint.as_deref(), |key| {
                faults.key(&at.then("checkpoint"), key)
            });
            let state = faults.choice(&at.then("state"), milestone.state);
            Some(Measurement::Milestone {
                checkpoint: checkpoint?,
                state: state?,
            })
        }
        measurement::Kind::RubricLevel(level) => faults
            .ordinal(&at.then("rubric_level"), *level)
            .map(Measurement::RubricLevel),
        measurement::Kind::Nil(cause) => {
            faults.choice(&at.then("nil"), *cause).map(Measurement::Nil)
        }
    }
}

fn ratio_part(faults: &mut Faults, at: &At<'_>, text: &str) -> Option<Quantity> {
    if text.is_empty() {
        return faults.fault(at, Reason::RatioPartsRequired);
    }
    faults.quantity(at, text)
}

pub(crate) fn show_measurement(measurement: &Measurement) -> v1::Measurement {
    let kind = match measurement {
        Measurement::Increment(value) => measurement::Kind::Increment(value.to_string()),
        Measurement::Level(value) => measurement::Kind::Level(value.to_string()),
        Measurement::Ratio {
            numerator,
            denominator,
        } => measurement::Kind::Ratio(measurement::Ratio {
            numerator: numerator.to_string(),
            denominator: denominator.to_string(),
        }),
        Measurement::Member { member, state } => measurement::Kind::Member(measurement::Member {
            member: member.to_string(),
            state: state.number(),
        }),
        Measurement::MemberValue { member, value } => {
            measurement::Kind::MemberValue(measurement::MemberValue {
                member: member.to_string(),
                value: value.to_string(),
            })
        }
        Measurement::Milestone { checkpoint, state } => {
            measurement::Kind::Milestone(measurement::Milestone {
                checkpoint: checkpoint.as_ref().map(Key::to_string),
                state: state.number(),
            })
        }
        Measurement::RubricLevel(level) => measurement::Kind::RubricLevel(*level),
        Measurement::Nil(cause) => measurement::Kind::Nil(cause.number()),
    };
    v1::Measurement { kind: Some(kind) }
}

/// What an indicator stands at.
pub(crate) fn show_actual(actual: &Actual) -> v1::Actual {
    let keyed = |values: &[(Key, Quantity)]| -> Vec<actual::KeyedValue> {
        let show = |(key, value): &(Key, Quantity)| actual::KeyedValue {
            key: key.to_string(),
            value: value.to_string(),
        };
        values.iter().map(show).collect()
    };
    let kind = match actual {
        Actual::NoReport => actual::Kind::NoReport(actual::NoReport {}),
        Actual::Nil(cause) => actual::Kind::Nil(cause.number()),
        Actual::Number { value, parts } => actual::Kind::Number(actual::Number {
            value: value.to_string(),
            parts: keyed(parts),
        }),
        Actual::Ratio {
            numerator,
            denominator,
        } => actual::Kind::Ratio(actual::Ratio {
            numerator: numerator.to_string(),
            denominator: denominator.to_string(),
        }),
        Actual::Months {
            months,
            total,
            complete_total,
            complete_months,
        } => actual::Kind::Months(actual::Months {
            months: months
                .iter()
                .map(|(first, value)| actual::Month {
                    first_day: first.to_string(),
                    value: value.to_string(),
                })
                .collect(),
            total: total.to_string(),
            complete_total: complete_total.to_string(),
            complete_months: *complete_months,
        }),
        Actual::Coverage { done, in_set } => actual::Kind::Coverage(actual::Coverage {
            done: done.iter().map(Key::to_string).collect(),
            in_set: *in_set,
        }),
        Actual::Members { values, in_set } => actual::Kind::Members(actual::Members {
            values: keyed(values),
            in_set: *in_set,
        }),
        Actual::Milestone {
            state,
            since,
            checkpoints,
        } => actual::Kind::Milestone(actual::Milestone {
            state: state.number(),
            since: since.to_string(),
            checkpoints: checkpoints
                .iter()
                .map(|(key, state, since)| actual::CheckpointState {
                    key: key.to_string(),
                    state: state.number(),
                    since: since.to_string(),
                })
                .collect(),
        }),
        Actual::RubricLevel(level) => actual::Kind::RubricLevel(*level),
        Actual::Composite => actual::Kind::Composite(actual::Composite {}),
    };
    v1::Actual { kind: Some(kind) }
}

pub(super) fn target(
    faults: &mut Faults,
    at: &At<'_>,
    target: Option<&v1::Target>,
) -> Option<Target> {
    let Some(target) = target else {
        return faults.required(at);
    };
    let aim = aim(faults, at, target.aim.as_ref());
    let parts = faults.list(
        at,
        "parts",
        &target.parts,
        Definition::LIST_MAX,
        |faults, at, part| {
            let key = faults.key(&at.then("part"), &part.part);
            let value = faults.quantity(&at.then("value"), &part.value);
            Some(PartTarget {
                part: key?,
                value: value?,
            })
        },
    );
    Some(Target {
        aim: aim?,
        parts: parts?,
    })
}

fn aim(faults: &mut Faults, at: &At<'_>, aim: Option<&target::Aim>) -> Option<Aim> {
    match aim {
        None => faults.required(at),
        Some(target::Aim::Value(value)) => {
            faults.quantity(&at.then("value"), value).map(Aim::Value)
        }
        Some(target::Aim::AllMembers(_)) => Some(Aim::AllMembers),
        Some(target::Aim::Range(range)) => {
            let at = at.then("range");
            let lower = faults.quantity(&at.then("lower"), &range.lower);
            let upper = faults.quantity(&at.then("upper"), &range.upper);
            Some(Aim::Range {
                lower: lower?,
                upper: upper?,
            })
        }
        Some(target::Aim::Approximate(about)) => {
            let at = at.then("approximate");
            let value = faults.quantity(&at.then("value"), &about.value);
            let tolerance = faults.quantity(&at.then("tolerance"), &about.tolerance);
            Some(Aim::Approximate {
                value: value?,
                tolerance: tolerance?,
            })
        }
        Some(target::Aim::Done(done)) => {
            let at = at.then("done");
            let due = faults.date(&at.then("due"), &done.due);
            let end_state = faults.choice(&at.then("end_state"), done.end_state);
            Some(Aim::Done {
                due: due?,
                end_state: end_state?,
            })
        }
        Some(target::Aim::RubricLevel(level)) => faults
            .ordinal(&at.then("rubric_level"), *level)
            .map(Aim::RubricLevel),
        Some(target::Aim::Components(_)) => Some(Aim::Components),
    }
}

/// A target.
pub(crate) fn show_target(target: &Target) -> v1::Target {
    let aim = match target.aim {
        Aim::Value(value) => target::Aim::Value(value.to_string()),
        Aim::AllMembers => target::Aim::AllMembers(target::AllMembers {}),
        Aim::Range { lower, upper } => target::Aim::Range(target::Range {
            lower: lower.to_string(),
            upper: upper.to_string(),
        }),
        Aim::Approximate { value, tolerance } => target::Aim::Approximate(target::Approximate {
            value: value.to_string(),
            tolerance: tolerance.to_string(),
        }),
        Aim::Done { due, end_state } => target::Aim::Done(target::Done {
            due: due.to_string(),
            end_state: end_state.number(),
        }),
        Aim::RubricLevel(level) => target::Aim::RubricLevel(level),
        Aim::Components => target::Aim::Components(target::Components {}),
    };
    let show = |part: &PartTarget| target::Part {
        part: part.part.to_string(),
        value: part.value.to_string(),
    };
    v1::Target {
        aim: Some(aim),
        parts: target.parts.iter().map(show).collect(),
    }
}

pub(super) fn baseline(
    faults: &mut Faults,
    at: &At<'_>,
    baseline: Option<&v1::Baseline>,
) -> Option<Baseline> {
    let Some(baseline) = baseline else {
        return faults.required(at);
    };
    let value = faults.quantity(&at.then("value"), &baseline.value);
    let as_of = faults.date(&at.then("as_of"), &baseline.as_of);
    let source = optional(baseline.source.as_deref(), |text| {
        faults.text(&at.then("source"), text)
    });
    Some(Baseline {
        value: value?,
        as_of: as_of?,
        source: source?,
    })
}

/// A baseline.
pub(crate) fn show_baseline(baseline: &Baseline) -> v1::Baseline {
    v1::Baseline {
        value: baseline.value.to_string(),
        as_of: baseline.as_of.to_string(),
        source: baseline.source.as_ref().map(ToString::to_string),
    }
}

pub(super) fn profile(
    faults: &mut Faults,
    at: &At<'_>,
    profile: Option<&v1::PlanProfile>,
) -> Option<PlanProfile> {
    let Some(profile) = profile else {
        return faults.required(at);
    };
    let at_kind = at.then("kind");
    let points = faults.list(
        at,
        "points",
        &profile.points,
        Definition::LIST_MAX,
        |faults, at, p| {
            let date = faults.date(&at.then("date"), &p.date);
            let value = faults.quantity(&at.then("value"), &p.value);
            Some(PlanPoint {
                date: date?,
                value: value?,
            })
        },
    );
    use v1::PlanProfileKind as Kind;
    let line = match Kind::try_from(profile.kind) {
        Err(_) => return faults.form(&at_kind, "not one of the choices"),
        Ok(Kind::Unspecified) => return faults.required(&at_kind),
        Ok(Kind::MonthlyPlan) => PlanProfile::Monthly(points?),
        Ok(Kind::ReferenceCurve) => PlanProfile::Reference(points?),
        Ok(Kind::Linear) => PlanProfile::Linear,
        Ok(Kind::StepDates) => PlanProfile::Steps,
        Ok(Kind::AtEnd) => PlanProfile::AtEnd,
        Ok(Kind::None) => PlanProfile::None,
    };
    let takes_points = matches!(line, PlanProfile::Monthly(_) | PlanProfile::Reference(_));
    if takes_points == profile.points.is_empty() {
        let at_points = at.then("points");
        return if takes_points {
            faults.required(&at_points)
        } else {
            faults.form(&at_points, "a line of this kind has no points")
        };
    }
    Some(line)
}

/// A planned line.
pub(crate) fn show_profile(profile: &PlanProfile) -> v1::PlanProfile {
    use v1::PlanProfileKind as Kind;
    let (kind, points): (_, &[PlanPoint]) = match profile {
        PlanProfile::Linear => (Kind::Linear, &[]),
        PlanProfile::Monthly(points) => (Kind::MonthlyPlan, points),
        PlanProfile::Reference(points) => (Kind::ReferenceCurve, points),
        PlanProfile::Steps => (Kind::StepDates, &[]),
        PlanProfile::AtEnd => (Kind::AtEnd, &[]),
        PlanProfile::None => (Kind::None, &[]),
    };
    let show = |point: &PlanPoint| v1::plan_profile::Point {
        date: point.date.to_string(),
        value: point.value.to_string(),
    };
    v1::PlanProfile {
        kind: kind.into(),
        points: points.iter().map(show).collect(),
    }
}
