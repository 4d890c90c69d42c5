//! From a proposal to what the ledger keeps of an indicator: definition, target, planned line.

use jiff::ToSpan;

use super::super::proposal::{Profile, Proposal};
use super::text::{english, name};
use crate::domain::code::{Code, InvalidCode};
use crate::domain::date::Date;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::{
    AttainmentBasis, Comparator, DataQuality, Definition, Disclosure, ExternalReference,
    MeasureType, ResultLevel, Rubric, ValueDomain,
};
use crate::domain::quantity::Quantity;
use crate::domain::target::{Aim, PlanPoint, PlanProfile, Target};
use crate::domain::text::{InvalidText, Title};
use crate::domain::unit::catalogue::{milestone, rubric_level, unit_by_code, unit_by_display_ja};
use crate::domain::unit::{Dimension, Unit};

/// The rubric that judges what has neither a number nor an end state, until the section names another.
const RUBRIC_CODE: &str = "ACTIVITY";
const RUBRIC_VERSION: u32 = 1;
const RUBRIC_LEVELS: [(&str, &str); 4] = [
    ("未実施", "not done"),
    ("一部実施", "partly done"),
    ("実施", "done"),
    ("期待以上", "beyond expectation"),
];

/// The definition that a proposal asks for.
pub(super) fn definition(proposal: &Proposal) -> Result<Definition, InvalidText> {
    let (unit, unit_assumed) = unit(proposal);
    let mut assumed: Vec<String> = Vec::new();
    let mut assume = |field: &str| {
        // `target.due_date` and the like are parts of the target.
        let field = field.split_once('.').map_or(field, |(field, _)| field);
        if !assumed.iter().any(|known| known == field) {
            assumed.push(field.to_owned());
        }
    };
    proposal.assumed.iter().for_each(|field| assume(field));
    if !proposal.confirmed {
        if unit_assumed {
            assume("unit");
        }
        assume("result_level");
    }
    let reference = proposal
        .external_reference
        .as_deref()
        .map(name)
        .transpose()?;
    Ok(Definition {
        measure_type: proposal.measure_type,
        entry_kind: proposal.entry_kind,
        agg_time: proposal.agg_time,
        agg_space: proposal.agg_space,
        comparator: proposal.comparator,
        quantifier: proposal.quantifier,
        per_month: proposal.per_month,
        domain: domain(proposal, &unit),
        unit,
        attainment_basis: AttainmentBasis::ToTarget,
        person_times: proposal.person_times,
        demand_driven: proposal.demand_driven,
        active_window: None,
        settlement_until: proposal.settlement_until,
        parts: Vec::new(),
        members: Vec::new(),
        checkpoints: Vec::new(),
        components: Vec::new(),
        rubric: rubric(proposal)?,
        lead_unit: None,
        contributing_units: Vec::new(),
        external_reference: reference.map(|document| ExternalReference {
            document,
            clause: None,
            as_of: None,
        }),
        quality: DataQuality::default(),
        disclosure: Disclosure::Public,
        result_level: result_level(proposal.measure_type),
        assumed,
    })
}

/// The first target, or `None` where the words leave its value to another document.
pub(super) fn target(proposal: &Proposal) -> Option<Target> {
    let aim = &proposal.target;
    let aim = match (proposal.measure_type, aim.value) {
        (MeasureType::Milestone, _) => Aim::Done {
            due: aim.due_date?,
            end_state: aim.end_state?,
        },
        (MeasureType::Qualitative, _) => Aim::RubricLevel(aim.rubric_level?),
        (_, Some(value)) if proposal.comparator == Comparator::WithinTolerance => {
            Aim::Approximate {
                value,
                tolerance: aim.tolerance.unwrap_or_default(),
            }
        }
        (_, Some(value)) => Aim::Value(value),
        (MeasureType::Coverage, None) => Aim::AllMembers,
        (_, None) => return None,
    };
    Some(Target {
        aim,
        parts: Vec::new(),
    })
}

/// The planned line and whether it was inferred; `None` where there is no line to go by.
pub(super) fn profile(proposal: &Proposal, year: FiscalYear) -> Option<(PlanProfile, bool)> {
    let is_rate = matches!(
        proposal.measure_type,
        MeasureType::Ratio | MeasureType::Mean
    );
    let points = monthly_points(&proposal.monthly_plan, year);
    if !points.is_empty() {
        let line = if is_rate {
            PlanProfile::Reference(points)
        } else {
            PlanProfile::Monthly(points)
        };
        return Some((line, false));
    }
    match proposal.plan_profile {
        Profile::Linear => Some((PlanProfile::Linear, !proposal.confirmed)),
        Profile::AtEnd | Profile::StepDates => Some((PlanProfile::AtEnd, !proposal.confirmed)),
        // Works and rates do not run evenly: without a plan by month there is no line to go by.
        Profile::MonthlyPlan | Profile::ReferenceCurve | Profile::None => None,
    }
}

/// One point at the end of each month from April.
fn monthly_points(values: &[Quantity], year: FiscalYear) -> Vec<PlanPoint> {
    let month = |index: usize| -> Option<Date> {
        let months = i32::try_from(index).ok()?.months();
        Some(year.first_day().checked_add(months).ok()?.last_of_month())
    };
    values
        .iter()
        .enumerate()
        .filter_map(|(index, value)| {
            Some(PlanPoint {
                date: month(index)?,
                value: *value,
            })
        })
        .collect()
}

/// The unit, and whether the words leave it open. It has as many decimals as the figures need.
fn unit(proposal: &Proposal) -> (Unit, bool) {
    let found = proposal.unit.as_deref().and_then(unit_by_code);
    let (mut unit, assumed) = match (found, &proposal.counter, proposal.measure_type) {
        (Some(unit), ..) => (unit, false),
        (None, Some(counter), _) => (unlisted(counter), false),
        (None, None, MeasureType::Milestone) => (milestone(), false),
        (None, None, MeasureType::Qualitative) => (rubric_level(), false),
        (None, None, MeasureType::Coverage) => (unlisted("対象"), true),
        (None, None, _) => {
            let hours = ["時間外", "残業"]
                .iter()
                .any(|word| proposal.label.contains(word));
            let counter = if hours { "時間" } else { "件" };
            (
                unit_by_display_ja(counter).unwrap_or_else(|| unlisted(counter)),
                true,
            )
        }
    };
    let figures = proposal
        .target
        .value
        .iter()
        .chain(&proposal.monthly_plan)
        .map(|value| value.decimals());
    let needed = figures.max().unwrap_or_default();
    unit.decimals = unit.decimals.max(u8::try_from(needed).unwrap_or(u8::MAX));
    (unit, assumed)
}

/// A unit for a counter that the catalogue does not have.
fn unlisted(counter: &str) -> Unit {
    Unit {
        code: format!("{{{counter}}}"),
        display_ja: counter.to_owned(),
        display_en: counter.to_owned(),
        dimension: Dimension::Count(counter.to_owned()),
        scale_pow10: 0,
        decimals: 0,
    }
}

fn domain(proposal: &Proposal, unit: &Unit) -> ValueDomain {
    let hundred = Quantity::from(100);
    let is_share = matches!(
        proposal.measure_type,
        MeasureType::Ratio | MeasureType::Stage
    ) && unit.code == "%"
        && proposal.target.value.is_none_or(|value| value <= hundred);
    let is_quotient = matches!(
        proposal.measure_type,
        MeasureType::Ratio | MeasureType::Mean
    );
    ValueDomain {
        min: Some(Quantity::ZERO),
        max: is_share.then_some(hundred),
        integer: unit.decimals == 0 && !is_quotient,
    }
}

fn rubric(proposal: &Proposal) -> Result<Option<Rubric>, InvalidText> {
    if proposal.measure_type != MeasureType::Qualitative {
        return Ok(None);
    }
    let level = |(ja, en): (&str, &str)| {
        Ok(Title {
            ja: name(ja)?,
            en: english(Some(en))?,
        })
    };
    let levels = RUBRIC_LEVELS
        .into_iter()
        .map(level)
        .collect::<Result<_, _>>()?;
    let code = Code::parse(RUBRIC_CODE).map_err(|error: InvalidCode| match error {
        InvalidCode::TooLong => InvalidText::TooLong {
            max: Code::CHARS_MAX,
        },
        _ => InvalidText::ControlCharacter,
    })?;
    Ok(Some(Rubric {
        code,
        version: RUBRIC_VERSION,
        levels,
    }))
}

fn result_level(measure_type: MeasureType) -> ResultLevel {
    match measure_type {
        MeasureType::Stage | MeasureType::Milestone => ResultLevel::Process,
        MeasureType::Level | MeasureType::Ratio | MeasureType::Mean => ResultLevel::Outcome,
        MeasureType::Count
        | MeasureType::RatePerPeriod
        | MeasureType::Quantity
        | MeasureType::Coverage
        | MeasureType::Qualitative
        | MeasureType::Composite => ResultLevel::Output,
    }
}
