//! Definitions, targets and their like, with everything set and with as little as there may be.

use super::*;

pub(super) fn people(scale_pow10: i8) -> Unit {
    Unit {
        code: "10^3{person}".to_owned(),
        display_ja: "千人".to_owned(),
        display_en: "thousand people".to_owned(),
        dimension: Dimension::Count("人".to_owned()),
        scale_pow10,
        decimals: 3,
    }
}

pub(super) fn no_unit() -> Unit {
    Unit {
        code: String::new(),
        display_ja: String::new(),
        display_en: String::new(),
        dimension: Dimension::Ratio,
        scale_pow10: 0,
        decimals: 0,
    }
}

pub(super) fn full_definition() -> Definition {
    Definition {
        measure_type: MeasureType::RatePerPeriod,
        entry_kind: Some(EntryKind::Increment),
        agg_time: AggTime::MeanOfPeriods,
        agg_space: AggSpace::CappedSum,
        comparator: Comparator::WithinTolerance,
        quantifier: Quantifier::AtLeastN(20),
        per_month: true,
        unit: people(3),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: Some(quantity("999.5")),
            integer: true,
        },
        attainment_basis: AttainmentBasis::FromBaseline,
        person_times: true,
        demand_driven: true,
        active_window: Some(DateSpan::new(date(2023, 6, 1), date(2023, 11, 30)).unwrap()),
        settlement_until: Some(date(2024, 5, 31)),
        parts: vec![
            Part {
                key: key("北"),
                label: both("北会場", "North site"),
                weight: Some(quantity("0.25")),
            },
            Part {
                key: key("南"),
                label: ja("南会場"),
                weight: None,
            },
        ],
        members: vec![
            Member {
                key: key("m-1"),
                label: both("第一園", "First nursery"),
                from: Some(date(2023, 4, 1)),
                until: Some(date(2023, 9, 30)),
            },
            Member {
                key: key("m-2"),
                label: ja("第二園"),
                from: None,
                until: None,
            },
        ],
        checkpoints: vec![
            Checkpoint {
                key: key("設計"),
                label: both("設計", "Design"),
                due: Some(date(2023, 8, 31)),
                weight: Some(quantity("40")),
            },
            Checkpoint {
                key: key("工事"),
                label: ja("工事"),
                due: None,
                weight: None,
            },
        ],
        components: vec![indicator(8), indicator(9)],
        rubric: Some(Rubric {
            code: code("R5/評価基準"),
            version: 2,
            levels: vec![ja("未達"), both("達成", "Reached")],
        }),
        lead_unit: Some(unit_id(3)),
        contributing_units: vec![unit_id(4), unit_id(5)],
        external_reference: Some(ExternalReference {
            document: name("第8次総合計画"),
            clause: Some(name("表3")),
            as_of: Some(date(2023, 3, 31)),
        }),
        quality: DataQuality {
            verification: Some(text("課長が確認する。")),
            source: Some(text("窓口システムの月報")),
            accuracy: Some(text("1人単位")),
            limitations: Some(text("同じ人を二度数えることがある。")),
            compensation: Some(text("年に一度、名簿と突き合わせる。")),
        },
        disclosure: Disclosure::Restricted,
        result_level: ResultLevel::Outcome,
        assumed: vec!["domain".to_owned(), "plan_profile".to_owned()],
    }
}

pub(super) fn plain_definition() -> Definition {
    Definition {
        measure_type: MeasureType::Composite,
        entry_kind: None,
        agg_time: AggTime::None,
        agg_space: AggSpace::None,
        comparator: Comparator::Ge,
        quantifier: Quantifier::Single,
        per_month: false,
        unit: no_unit(),
        domain: ValueDomain::default(),
        attainment_basis: AttainmentBasis::ToTarget,
        person_times: false,
        demand_driven: false,
        active_window: None,
        settlement_until: None,
        parts: vec![],
        members: vec![],
        checkpoints: vec![],
        components: vec![],
        rubric: None,
        lead_unit: None,
        contributing_units: vec![],
        external_reference: None,
        quality: DataQuality::default(),
        disclosure: Disclosure::Public,
        result_level: ResultLevel::Process,
        assumed: vec![],
    }
}

pub(super) fn full_target(value: &str) -> Target {
    let part = |part: &str, value: &str| PartTarget {
        part: key(part),
        value: quantity(value),
    };
    Target {
        aim: Aim::Approximate {
            value: quantity(value),
            tolerance: quantity("0.5"),
        },
        parts: vec![part("北", "5"), part("南", "2.5")],
    }
}

pub(super) fn plain_target() -> Target {
    Target {
        aim: Aim::AllMembers,
        parts: vec![],
    }
}

pub(super) fn reported() -> ReportedPart {
    ReportedPart {
        part: Some(key("北")),
        unit_code: Some("10^3{person}".into()),
    }
}

pub(super) fn points() -> Vec<PlanPoint> {
    let point = |date, value: &str| PlanPoint {
        date,
        value: quantity(value),
    };
    vec![
        point(date(2023, 4, 30), "0"),
        point(date(2023, 9, 30), "3.75"),
    ]
}
