//! What events are made of: definitions, targets, measurements and their like.

use crate::domain::access_log::AccessedResource;
use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::date::DateSpan;
use crate::domain::evaluation::judgement::ComputedJudgement;
use crate::domain::evaluation::policy::{EvaluationPolicy, GradeLevel, GradeRubric, PolicyVersion};
use crate::domain::event::{ForecastValue, Subject};
use crate::domain::finding::FindingReference;
use crate::domain::indicator::{
    Checkpoint, DataQuality, Definition, ExternalReference, Member, Part, Quantifier, Rubric,
    ValueDomain,
};
use crate::domain::plan::Pillar;
use crate::domain::reporting::{ReportingRound, RoundDates, RoundException};
use crate::domain::target::{Aim, Baseline, PartTarget, PlanPoint, PlanProfile, Target};
use crate::domain::text::Title;
use crate::domain::unit::{Dimension, Unit};
use crate::log::codec::fault::{DecodeError, EncodeError, Within as _, is};
use crate::log::codec::value::Wire;
use crate::log::codec::wire;

mod access;

/// Says which field of a struct is which field of the message of the same name. Fields of the message
/// that are not named stay empty. `must` marks what the domain lets a proposal leave out and a stored
/// event always has.
macro_rules! messages {
    ($($type:ident { $($field:ident = $number:ident $($must:ident)?),* $(,)? })*) => {$(
        impl $crate::log::codec::value::Wire<wire::$type> for $type {
            #[allow(clippy::needless_update)]
            fn put(&self) -> Result<wire::$type, EncodeError> {
                Ok(wire::$type {
                    $($number: $crate::log::codec::model::field!(put self.$field $($must)?)
                        .within(stringify!($number))?,)*
                    ..wire::$type::default()
                })
            }
            fn take(wire: wire::$type) -> Result<Self, DecodeError> {
                Ok(Self {
                    $($field: $crate::log::codec::model::field!(take wire.$number $($must)?)
                        .within(stringify!($number))?,)*
                })
            }
        }
        $crate::log::codec::model::required_messages!($type);
    )*};
}

macro_rules! field {
    (put $value:ident.$field:ident) => {
        $crate::log::codec::value::Wire::put(&$value.$field)
    };
    (take $wire:ident.$field:ident) => {
        $crate::log::codec::value::Wire::take($wire.$field)
    };
    (put $value:ident.$field:ident must) => {
        match &$value.$field {
            Some(value) => $crate::log::codec::value::Wire::put(value),
            None => Err(EncodeError::unstorable("required in a stored event")),
        }
    };
    (take $wire:ident.$field:ident must) => {
        $crate::log::codec::value::Wire::take($wire.$field).map(Some)
    };
}

/// A message that a field must hold.
macro_rules! required_messages {
    ($($type:ident),*) => {$(
        impl $crate::log::codec::value::Wire<Option<wire::$type>> for $type {
            fn put(&self) -> Result<Option<wire::$type>, EncodeError> {
                $crate::log::codec::value::Wire::<wire::$type>::put(self).map(Some)
            }
            fn take(wire: Option<wire::$type>) -> Result<Self, DecodeError> {
                $crate::log::codec::value::Wire::take(wire.ok_or_else(DecodeError::missing)?)
            }
        }
    )*};
}

pub(super) use {field, messages, required_messages};

messages! {
    AccessedResource { kind = kind, name = name }
    Title { ja = ja, en = en }
    Pillar { number = number, title = title }
    Part { key = key, label = label, weight = weight }
    Member { key = key, label = label, from = from, until = until }
    Checkpoint { key = key, label = label, due = due, weight = weight }
    Rubric { code = code, version = version, levels = levels }
    ExternalReference { document = document, clause = clause, as_of = as_of }
    Unit {
        code = code,
        display_ja = display_ja,
        display_en = display_en,
        dimension = dimension,
        scale_pow10 = scale_pow10,
        decimals = decimals,
    }
    Definition {
        measure_type = measure_type,
        entry_kind = entry_kind,
        agg_time = agg_time,
        agg_space = agg_space,
        comparator = comparator,
        quantifier = quantifier,
        per_month = per_month,
        unit = unit,
        domain = value_domain,
        attainment_basis = attainment_basis,
        person_times = person_times,
        demand_driven = demand_driven,
        active_window = active_window,
        settlement_until = settlement_until,
        parts = parts,
        members = members,
        checkpoints = checkpoints,
        components = component_ids,
        rubric = rubric,
        lead_unit = lead_unit_id,
        contributing_units = contributing_unit_ids,
        external_reference = external_reference,
        quality = quality,
        disclosure = disclosure,
        result_level = result_level,
        assumed = assumed,
    }
    Target { aim = aim, parts = parts }
    PartTarget { part = part, value = value }
    Baseline { value = value, as_of = as_of, source = source }
    PlanPoint { date = date, value = value }
    PolicyVersion { code = code, version = version }
    EvaluationPolicy {
        on_track_from = on_track_from,
        slightly_behind_from = slightly_behind_from,
        display_digits = display_digits,
        mean_cap = mean_cap,
        reduction = reduction,
        interpolates_months = interpolates_months,
        months_compensate = months_compensate,
        forecast_gap = forecast_gap,
        late_lowering_days = late_lowering_days,
        late_report_days = late_report_days,
        roll_up = roll_up,
        rubric = rubric_code,
    }
    GradeLevel {
        key = key,
        title = title,
        at_least = at_least,
        statuses = statuses,
        non_grade = non_grade,
    }
    GradeRubric { input = input, levels = levels, full_target_is_best = full_target_is_best }
    ComputedJudgement { status = status, grade = grade }
    RoundDates { reports_for = reports_for, cut_off = cut_off, fixed_on = fixed_on }
    RoundException { indicator = indicator_id, dates = dates }
    ReportingRound {
        code = code,
        title = title,
        reports_for = reports_for,
        cut_off = cut_off,
        fixed_on = fixed_on,
        exceptions = exceptions,
    }
}

required_messages!(
    DateSpan,
    Quantifier,
    Dimension,
    Aim,
    PlanProfile,
    Measurement,
    Subject,
    ForecastValue
);

/// Messages that are left out where they would say nothing.
macro_rules! defaulted_messages {
    ($($type:ident { $($field:ident = $number:ident),* })*) => {$(
        impl Wire<Option<wire::$type>> for $type {
            fn put(&self) -> Result<Option<wire::$type>, EncodeError> {
                if *self == Self::default() {
                    return Ok(None);
                }
                Ok(Some(wire::$type {
                    $($number: self.$field.put().within(stringify!($number))?,)*
                }))
            }
            fn take(wire: Option<wire::$type>) -> Result<Self, DecodeError> {
                let Some(wire) = wire else { return Ok(Self::default()) };
                Ok(Self {
                    $($field: Wire::take(wire.$number).within(stringify!($number))?,)*
                })
            }
        }
    )*};
}

defaulted_messages! {
    ValueDomain { min = min, max = max, integer = integer }
    DataQuality {
        verification = verification,
        source = source,
        accuracy = accuracy,
        limitations = limitations,
        compensation = compensation
    }
    ReportedPart { part = part, unit_code = unit_code }
}

impl Wire<wire::DateSpan> for DateSpan {
    fn put(&self) -> Result<wire::DateSpan, EncodeError> {
        Ok(wire::DateSpan {
            first: self.first().put().within("first")?,
            last: self.last().put().within("last")?,
        })
    }
    fn take(wire: wire::DateSpan) -> Result<Self, DecodeError> {
        let first = Wire::take(wire.first).within("first")?;
        is(Self::new(first, Wire::take(wire.last).within("last")?))
    }
}

impl Wire<wire::Quantifier> for Quantifier {
    fn put(&self) -> Result<wire::Quantifier, EncodeError> {
        let (kind, at_least) = match self {
            Self::Single => (wire::QuantifierKind::Single, 0),
            Self::ForAll => (wire::QuantifierKind::ForAll, 0),
            Self::AtLeastN(n) => (wire::QuantifierKind::AtLeastN, *n),
        };
        Ok(wire::Quantifier {
            kind: kind.into(),
            at_least,
        })
    }
    fn take(wire: wire::Quantifier) -> Result<Self, DecodeError> {
        match wire::QuantifierKind::try_from(wire.kind) {
            Ok(wire::QuantifierKind::Single) => Ok(Self::Single),
            Ok(wire::QuantifierKind::ForAll) => Ok(Self::ForAll),
            Ok(wire::QuantifierKind::AtLeastN) => Ok(Self::AtLeastN(wire.at_least)),
            other => Err(no_such_kind(other.is_ok(), wire.kind)),
        }
    }
}

/// What is wrong with the number of a kind that no arm took.
fn no_such_kind(unspecified: bool, number: i32) -> DecodeError {
    let error = if unspecified {
        DecodeError::missing()
    } else {
        DecodeError::invalid(format_args!("`{number}` is not known to this release"))
    };
    match Err::<(), _>(error).within("kind") {
        Err(error) => error,
        Ok(()) => DecodeError::missing(),
    }
}

impl Wire<wire::Dimension> for Dimension {
    fn put(&self) -> Result<wire::Dimension, EncodeError> {
        use wire::DimensionKind as Kind;
        let plain = |kind: Kind| wire::Dimension {
            kind: kind.into(),
            ..wire::Dimension::default()
        };
        Ok(match self {
            Self::Count(counter) => wire::Dimension {
                counter: Some(counter.clone()),
                ..plain(Kind::Count)
            },
            Self::Money(currency) => wire::Dimension {
                currency: Some(currency.clone()),
                ..plain(Kind::Money)
            },
            Self::Length => plain(Kind::Length),
            Self::Area => plain(Kind::Area),
            Self::Ratio => plain(Kind::Ratio),
            Self::Time => plain(Kind::Time),
            Self::Mass => plain(Kind::Mass),
            Self::Volume => plain(Kind::Volume),
            Self::PerMonth(inner) => match Wire::<wire::Dimension>::put(inner.as_ref())? {
                inner if inner.per_month => {
                    return Err(EncodeError::unstorable("per month of a rate per month"));
                }
                inner => wire::Dimension {
                    per_month: true,
                    ..inner
                },
            },
        })
    }
    fn take(wire: wire::Dimension) -> Result<Self, DecodeError> {
        use wire::DimensionKind as Kind;
        let dimension = match Kind::try_from(wire.kind) {
            Ok(Kind::Count) => Self::Count(
                wire.counter
                    .ok_or_else(DecodeError::missing)
                    .within("counter")?,
            ),
            Ok(Kind::Money) => Self::Money(
                wire.currency
                    .ok_or_else(DecodeError::missing)
                    .within("currency")?,
            ),
            Ok(Kind::Length) => Self::Length,
            Ok(Kind::Area) => Self::Area,
            Ok(Kind::Ratio) => Self::Ratio,
            Ok(Kind::Time) => Self::Time,
            Ok(Kind::Mass) => Self::Mass,
            Ok(Kind::Volume) => Self::Volume,
            other => return Err(no_such_kind(other.is_ok(), wire.kind)),
        };
        Ok(if wire.per_month {
            Self::PerMonth(Box::new(dimension))
        } else {
            dimension
        })
    }
}

impl Wire<wire::Aim> for Aim {
    fn put(&self) -> Result<wire::Aim, EncodeError> {
        use wire::aim;
        let kind = match self {
            Self::Value(value) => aim::Kind::Value(value.put()?),
            Self::AllMembers => aim::Kind::AllMembers(aim::AllMembers {}),
            Self::Range { lower, upper } => aim::Kind::Range(aim::Range {
                lower: lower.put()?,
                upper: upper.put()?,
            }),
            Self::Approximate { value, tolerance } => aim::Kind::Approximate(aim::Approximate {
                value: value.put()?,
                tolerance: tolerance.put()?,
            }),
            Self::Done { due, end_state } => aim::Kind::Done(aim::Done {
                due: due.put().within("done.due")?,
                end_state: end_state.put()?,
            }),
            Self::RubricLevel(level) => aim::Kind::RubricLevel(*level),
            Self::Components => aim::Kind::Components(aim::Components {}),
        };
        Ok(wire::Aim { kind: Some(kind) })
    }
    fn take(wire: wire::Aim) -> Result<Self, DecodeError> {
        use wire::aim::Kind;
        Ok(match wire.kind.ok_or_else(DecodeError::missing)? {
            Kind::Value(value) => Self::Value(Wire::take(value).within("value")?),
            Kind::AllMembers(_) => Self::AllMembers,
            Kind::Range(range) => Self::Range {
                lower: Wire::take(range.lower).within("range.lower")?,
                upper: Wire::take(range.upper).within("range.upper")?,
            },
            Kind::Approximate(about) => Self::Approximate {
                value: Wire::take(about.value).within("approximate.value")?,
                tolerance: Wire::take(about.tolerance).within("approximate.tolerance")?,
            },
            Kind::Done(done) => Self::Done {
                due: Wire::take(done.due).within("done.due")?,
                end_state: Wire::take(done.end_state).within("done.end_state")?,
            },
            Kind::RubricLevel(level) => Self::RubricLevel(level),
            Kind::Components(_) => Self::Components,
        })
    }
}

impl Wire<wire::PlanProfile> for PlanProfile {
    fn put(&self) -> Result<wire::PlanProfile, EncodeError> {
        use wire::PlanProfileKind as Kind;
        let (kind, points) = match self {
            Self::Linear => (Kind::Linear, [].as_slice()),
            Self::Monthly(points) => (Kind::Monthly, points.as_slice()),
            Self::Reference(points) => (Kind::Reference, points.as_slice()),
            Self::Steps => (Kind::Steps, [].as_slice()),
            Self::AtEnd => (Kind::AtEnd, [].as_slice()),
            Self::None => (Kind::None, [].as_slice()),
        };
        let points = points.to_vec().put().within("points")?;
        Ok(wire::PlanProfile {
            kind: kind.into(),
            points,
        })
    }
    fn take(wire: wire::PlanProfile) -> Result<Self, DecodeError> {
        use wire::PlanProfileKind as Kind;
        let points = Vec::<PlanPoint>::take(wire.points).within("points")?;
        match Kind::try_from(wire.kind) {
            Ok(Kind::Linear) => Ok(Self::Linear),
            Ok(Kind::Monthly) => Ok(Self::Monthly(points)),
            Ok(Kind::Reference) => Ok(Self::Reference(points)),
            Ok(Kind::Steps) => Ok(Self::Steps),
            Ok(Kind::AtEnd) => Ok(Self::AtEnd),
            Ok(Kind::None) => Ok(Self::None),
            Ok(Kind::Unspecified) | Err(_) => Err(no_such_kind(
                wire.kind == Kind::Unspecified as i32,
                wire.kind,
            )),
        }
    }
}

impl Wire<wire::Measurement> for Measurement {
    fn put(&self) -> Result<wire::Measurement, EncodeError> {
        use wire::measurement;
        let kind = match self {
            Self::Increment(value) => measurement::Kind::Increment(value.put()?),
            Self::Level(value) => measurement::Kind::Level(value.put()?),
            Self::Ratio {
                numerator,
                denominator,
            } => measurement::Kind::Ratio(measurement::Ratio {
                numerator: numerator.put()?,
                denominator: denominator.put()?,
            }),
            Self::Member { member, state } => measurement::Kind::Member(measurement::Member {
                member: member.put()?,
                state: state.put()?,
            }),
            Self::MemberValue { member, value } => {
                measurement::Kind::MemberValue(measurement::MemberValue {
                    member: member.put()?,
                    value: value.put()?,
                })
            }
            Self::Milestone { checkpoint, state } => {
                measurement::Kind::Milestone(measurement::Milestone {
                    checkpoint: checkpoint.put()?,
                    state: state.put()?,
                })
            }
            Self::RubricLevel(level) => measurement::Kind::RubricLevel(*level),
            Self::Nil(cause) => measurement::Kind::Nil(cause.put()?),
        };
        Ok(wire::Measurement { kind: Some(kind) })
    }
    fn take(wire: wire::Measurement) -> Result<Self, DecodeError> {
        use wire::measurement::Kind;
        Ok(match wire.kind.ok_or_else(DecodeError::missing)? {
            Kind::Increment(value) => Self::Increment(Wire::take(value).within("increment")?),
            Kind::Level(value) => Self::Level(Wire::take(value).within("level")?),
            Kind::Ratio(ratio) => Self::Ratio {
                numerator: Wire::take(ratio.numerator).within("ratio.numerator")?,
                denominator: Wire::take(ratio.denominator).within("ratio.denominator")?,
            },
            Kind::Member(member) => Self::Member {
                member: Wire::take(member.member).within("member.member")?,
                state: Wire::take(member.state).within("member.state")?,
            },
            Kind::MemberValue(member) => Self::MemberValue {
                member: Wire::take(member.member).within("member_value.member")?,
                value: Wire::take(member.value).within("member_value.value")?,
            },
            Kind::Milestone(milestone) => Self::Milestone {
                checkpoint: Wire::take(milestone.checkpoint).within("milestone.checkpoint")?,
                state: Wire::take(milestone.state).within("milestone.state")?,
            },
            Kind::RubricLevel(level) => Self::RubricLevel(level),
            Kind::Nil(cause) => Self::Nil(Wire::take(cause).within("nil")?),
        })
    }
}

impl Wire<wire::Subject> for Subject {
    fn put(&self) -> Result<wire::Subject, EncodeError> {
        use wire::subject::Kind;
        let kind = match self {
            Self::Goal(id) => Kind::GoalId(id.put()?),
            Self::Initiative(id) => Kind::InitiativeId(id.put()?),
            Self::Indicator(id) => Kind::IndicatorId(id.put()?),
        };
        Ok(wire::Subject { kind: Some(kind) })
    }
    fn take(wire: wire::Subject) -> Result<Self, DecodeError> {
        use wire::subject::Kind;
        Ok(match wire.kind.ok_or_else(DecodeError::missing)? {
            Kind::GoalId(id) => Self::Goal(Wire::take(id).within("goal_id")?),
            Kind::InitiativeId(id) => Self::Initiative(Wire::take(id).within("initiative_id")?),
            Kind::IndicatorId(id) => Self::Indicator(Wire::take(id).within("indicator_id")?),
        })
    }
}

impl Wire<wire::FindingReference> for FindingReference {
    fn put(&self) -> Result<wire::FindingReference, EncodeError> {
        use wire::finding_reference::Kind;
        let kind = match self {
            Self::Subject(subject) => Kind::Subject(subject.put()?),
            Self::Unit(id) => Kind::UnitId(id.put()?),
            Self::Event(id) => Kind::EventId(id.put()?),
        };
        Ok(wire::FindingReference { kind: Some(kind) })
    }
    fn take(wire: wire::FindingReference) -> Result<Self, DecodeError> {
        use wire::finding_reference::Kind;
        Ok(match wire.kind.ok_or_else(DecodeError::missing)? {
            Kind::Subject(subject) => Self::Subject(Wire::take(subject).within("subject")?),
            Kind::UnitId(id) => Self::Unit(Wire::take(id).within("unit_id")?),
            Kind::EventId(id) => Self::Event(Wire::take(id).within("event_id")?),
        })
    }
}

impl Wire<wire::ForecastValue> for ForecastValue {
    fn put(&self) -> Result<wire::ForecastValue, EncodeError> {
        use wire::forecast_value::Kind;
        let kind = match self {
            Self::Value(value) => Kind::Value(value.put()?),
            Self::Date(date) => Kind::Date(date.put().within("date")?),
        };
        Ok(wire::ForecastValue { kind: Some(kind) })
    }
    fn take(wire: wire::ForecastValue) -> Result<Self, DecodeError> {
        use wire::forecast_value::Kind;
        Ok(match wire.kind.ok_or_else(DecodeError::missing)? {
            Kind::Value(value) => Self::Value(Wire::take(value).within("value")?),
            Kind::Date(date) => Self::Date(Wire::take(date).within("date")?),
        })
    }
}
