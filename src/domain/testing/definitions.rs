//! Definitions of indicators, one for each way to measure.

use crate::domain::quantity::Quantity;
use crate::domain::unit::{Dimension, Unit};

use super::*;

fn counter(unit: &str, decimals: u8) -> Unit {
    Unit {
        code: format!("{{{unit}}}"),
        display_ja: unit.to_owned(),
        display_en: unit.to_owned(),
        dimension: Dimension::Count(unit.to_owned()),
        scale_pow10: 0,
        decimals,
    }
}

/// Events counted: 件.
pub(crate) fn count() -> Definition {
    Definition {
        measure_type: MeasureType::Count,
        entry_kind: Some(EntryKind::Increment),
        agg_time: AggTime::Sum,
        agg_space: AggSpace::None,
        comparator: Comparator::Ge,
        quantifier: Quantifier::Single,
        per_month: false,
        unit: counter("件", 0),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: None,
            integer: true,
        },
        attainment_basis: AttainmentBasis::ToTarget,
        person_times: false,
        demand_driven: false,
        active_window: None,
        settlement_until: None,
        parts: Vec::new(),
        members: Vec::new(),
        checkpoints: Vec::new(),
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

pub(crate) fn followers() -> Definition {
    Definition {
        measure_type: MeasureType::Level,
        entry_kind: Some(EntryKind::Absolute),
        agg_time: AggTime::Latest,
        unit: counter("人", 0),
        ..count()
    }
}

fn percent() -> Unit {
    Unit {
        code: "%".to_owned(),
        display_ja: "%".to_owned(),
        display_en: "%".to_owned(),
        dimension: Dimension::Ratio,
        scale_pow10: -2,
        decimals: 2,
    }
}

/// A share in percent, 0 to 100.
pub(crate) fn rate(agg_time: AggTime) -> Definition {
    Definition {
        measure_type: MeasureType::Ratio,
        entry_kind: Some(EntryKind::NumDen),
        agg_time,
        unit: percent(),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: Some(q("100")),
            integer: false,
        },
        ..count()
    }
}

/// A mean of days.
pub(crate) fn mean_days() -> Definition {
    Definition {
        measure_type: MeasureType::Mean,
        entry_kind: Some(EntryKind::NumDen),
        agg_time: AggTime::RatioOfSums,
        comparator: Comparator::Gt,
        unit: counter("日", 0),
        ..count()
    }
}

/// How far a work has come, 0 to 100 %.
pub(crate) fn stage() -> Definition {
    Definition {
        measure_type: MeasureType::Stage,
        entry_kind: Some(EntryKind::Absolute),
        agg_time: AggTime::Latest,
        unit: percent(),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: Some(q("100")),
            integer: false,
        },
        ..count()
    }
}

/// Kilometres built.
pub(crate) fn length() -> Definition {
    Definition {
        measure_type: MeasureType::Quantity,
        unit: Unit {
            code: "km".to_owned(),
            display_ja: "km".to_owned(),
            display_en: "km".to_owned(),
            dimension: Dimension::Length,
            scale_pow10: 3,
            decimals: 3,
        },
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: None,
            integer: false,
        },
        ..count()
    }
}

/// So many in each month.
pub(crate) fn monthly(agg_time: AggTime) -> Definition {
    Definition {
        measure_type: MeasureType::RatePerPeriod,
        agg_time,
        quantifier: if agg_time == AggTime::Sum {
            Quantifier::ForAll
        } else {
            Quantifier::Single
        },
        per_month: true,
        ..count()
    }
}

/// Members m1, m2 … of a set.
pub(crate) fn coverage(members: usize) -> Definition {
    Definition {
        measure_type: MeasureType::Coverage,
        entry_kind: Some(EntryKind::MemberState),
        agg_time: AggTime::Distinct,
        quantifier: Quantifier::ForAll,
        members: set_of(members),
        ..count()
    }
}

/// A cap that every member keeps.
pub(crate) fn cap(members: usize) -> Definition {
    Definition {
        measure_type: MeasureType::Level,
        entry_kind: Some(EntryKind::MemberValue),
        agg_time: AggTime::Max,
        comparator: Comparator::Le,
        quantifier: Quantifier::ForAll,
        unit: counter("時間", 1),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: None,
            integer: false,
        },
        members: set_of(members),
        ..count()
    }
}

fn set_of(members: usize) -> Vec<Member> {
    let member = |n| Member {
        key: key(&format!("m{n}")),
        label: title(&format!("{n}園")),
        from: None,
        until: None,
    };
    (1..=members).map(member).collect()
}

/// A deliverable with the checkpoints c1, c2 … of equal weight.
pub(crate) fn milestone(checkpoints: u32) -> Definition {
    let weight = Quantity::from(i64::from(100_u32.checked_div(checkpoints).unwrap_or(0)));
    let checkpoint = |n| Checkpoint {
        key: key(&format!("c{n}")),
        label: title(&format!("工程{n}")),
        due: None,
        weight: Some(weight),
    };
    Definition {
        measure_type: MeasureType::Milestone,
        entry_kind: Some(EntryKind::MilestoneState),
        agg_time: AggTime::DoneBy,
        comparator: Comparator::DoneBy,
        checkpoints: (1..=checkpoints).map(checkpoint).collect(),
        ..count()
    }
}

/// Judged on a rubric of three levels.
pub(crate) fn judged() -> Definition {
    Definition {
        measure_type: MeasureType::Qualitative,
        entry_kind: Some(EntryKind::RubricLevel),
        agg_time: AggTime::Latest,
        comparator: Comparator::RubricAtLeast,
        rubric: Some(Rubric {
            code: code("rubric"),
            version: 1,
            levels: ["△", "○", "◎"].map(title).to_vec(),
        }),
        ..count()
    }
}

/// Made of other indicators.
pub(crate) fn composite(components: &[&str]) -> Definition {
    Definition {
        measure_type: MeasureType::Composite,
        entry_kind: None,
        agg_time: AggTime::None,
        agg_space: AggSpace::AllOf,
        components: components.iter().map(|name| indicator_id(name)).collect(),
        ..count()
    }
}

/// The same reported by parts.
pub(crate) fn with_parts(
    definition: Definition,
    agg_space: AggSpace,
    parts: &[&str],
) -> Definition {
    let part = |name: &&str| Part {
        key: key(name),
        label: title(name),
        weight: None,
    };
    Definition {
        agg_space,
        parts: parts.iter().map(part).collect(),
        ..definition
    }
}
