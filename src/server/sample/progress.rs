//! Everyday reports: each section reports its indicators a few days after the end of a month.

use std::sync::Arc;

use rust_decimal::{Decimal, RoundingStrategy};
use sha2::{Digest as _, Sha256};

use super::chance::Chance;
use super::{Act, SampleError, at, event_id};
use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::event::{
    ActualRecorded, DemandRecorded, Event, Evidence, Payload, Reason, ReasonCode, Stream, Validity,
};
use crate::domain::goal::Indicator;
use crate::domain::id::IndicatorId;
use crate::domain::indicator::{AggTime, Definition, Disclosure, EntryKind, MeasureType};
use crate::domain::personal::FreeText;
use crate::domain::quantity::Quantity;
use crate::domain::target::{Aim, EndState};
use crate::domain::text::Name;
use crate::ledger::Reader;
use crate::projection::goal_card::goal_card;

/// Sections that report nothing all year.
pub(super) const SILENT: [&str; 2] = ["商工業振興課", "生涯学習課"];

/// An indicator to report on.
struct Subject<'a> {
    id: IndicatorId,
    code: &'a str,
    stream: Stream,
    section: String,
    state: &'a Arc<Indicator>,
    definition: &'a Definition,
    cycle: DateSpan,
}

/// The reports of all plans in the ledger.
pub(super) async fn acts(reader: &Reader) -> Result<Vec<Act>, SampleError> {
    let view = reader.caught_up(None).await;
    let directory = &view.directory;
    let mut acts = Vec::new();
    for plan in directory.plans() {
        for goal in directory.goals_of(plan.id) {
            let Some(card) = goal_card(reader, &view, goal, plan.cycle.last()).await? else {
                continue;
            };
            for initiative in &card.initiatives {
                let lead = directory.unit(initiative.entry.responsible().lead);
                let section = lead
                    .map(|unit| unit.latest().name.ja.to_string())
                    .unwrap_or_default();
                if SILENT.contains(&section.as_str()) {
                    continue;
                }
                for indicator in &initiative.indicators {
                    let Some(definition) = indicator.state.definition() else {
                        continue;
                    };
                    if super::story::owns(
                        indicator.entry.code.as_str(),
                        &section,
                        indicator.entry.title().ja.as_str(),
                    ) {
                        continue;
                    }
                    let subject = Subject {
                        id: indicator.id,
                        code: indicator.entry.code.as_str(),
                        stream: Stream::goal(indicator.entry.home),
                        section: section.clone(),
                        state: &indicator.state,
                        definition,
                        cycle: plan.cycle,
                    };
                    report(&subject, &mut acts)?;
                }
            }
        }
    }
    Ok(acts)
}

/// The last days of the months of a cycle.
fn month_ends(cycle: DateSpan) -> Vec<Date> {
    let mut ends = Vec::new();
    let mut day = cycle.first().last_of_month();
    while day <= cycle.last() {
        ends.push(day);
        let Ok(next) = day.tomorrow() else { break };
        day = next.last_of_month();
    }
    ends
}

fn report(subject: &Subject<'_>, acts: &mut Vec<Act>) -> Result<(), SampleError> {
    let mut chance = Chance::of(subject.code);
    let Some(kind) = subject.definition.entry_kind else {
        return Ok(());
    };
    let entries = match kind {
        EntryKind::Increment => increments(subject, &mut chance),
        EntryKind::Absolute => levels(subject, &mut chance),
        EntryKind::NumDen => ratios(subject, &mut chance),
        EntryKind::MemberState => members(subject, &mut chance),
        EntryKind::MemberValue => Vec::new(),
        EntryKind::MilestoneState => milestones(subject, &mut chance),
        EntryKind::RubricLevel => rubric(subject, &mut chance),
    };
    for (number, (day, part, measurement)) in entries.into_iter().enumerate() {
        let mut events = vec![entry(subject, number, day, part, measurement)?];
        if subject.definition.demand_driven {
            let requests = Quantity::from(chance.between(4, 20));
            events.push(event(
                subject,
                &format!("demand {} {number}", subject.code),
                day,
                DemandRecorded {
                    indicator: subject.id,
                    requests,
                },
            ));
        }
        // Most report within ten days; a few much later.
        let days = if chance.in_hundred(4) {
            chance.between(32, 70)
        } else {
            chance.between(2, 9)
        };
        let hour = i8::try_from(chance.between(8, 17)).unwrap_or(9);
        let minute = i8::try_from(chance.between(0, 59)).unwrap_or(0);
        let recorded = day.saturating_add(jiff::Span::new().days(days));
        acts.push(Act {
            at: at(recorded, hour, minute),
            actor: format!("{} 入力担当", subject.section),
            events,
        });
    }
    Ok(())
}

type Reported = (Date, Option<Key>, Measurement);

/// The target as a number, or a plausible one where the plan gives none.
fn goal_value(subject: &Subject<'_>, part: Option<&Key>) -> Decimal {
    let target = subject.state.first_target().map(|version| &version.target);
    let of_part = target
        .and_then(|t| t.parts.iter().find(|p| Some(&p.part) == part))
        .map(|p| p.value);
    let whole = target.and_then(|t| match t.aim {
        Aim::Value(value) => Some(value),
        Aim::Approximate { value, .. } => Some(value),
        Aim::Range { upper, .. } => Some(upper),
        Aim::AllMembers | Aim::Done { .. } | Aim::RubricLevel(_) | Aim::Components => None,
    });
    of_part.or(whole).map_or(Decimal::TEN, Quantity::decimal)
}

fn in_unit(value: Decimal, definition: &Definition) -> Quantity {
    let decimals = if definition.domain.integer {
        0
    } else {
        u32::from(definition.unit.decimals)
    };
    Quantity::from(value.round_dp_with_strategy(decimals, RoundingStrategy::ToZero))
}

fn part_keys(subject: &Subject<'_>) -> Vec<Option<Key>> {
    if subject.definition.parts.is_empty() {
        return vec![None];
    }
    subject
        .definition
        .parts
        .iter()
        .map(|part| Some(part.key.clone()))
        .collect()
}

fn increments(subject: &Subject<'_>, chance: &mut Chance) -> Vec<Reported> {
    let mut entries = Vec::new();
    let ends = month_ends(subject.cycle);
    for part in part_keys(subject) {
        let target = goal_value(subject, part.as_ref());
        let monthly = subject.definition.measure_type == MeasureType::RatePerPeriod;
        let pace = Decimal::from(chance.between(62, 124)) / Decimal::ONE_HUNDRED;
        let window = subject.definition.active_window.unwrap_or(subject.cycle);
        let (mut sum, mut whole) = (Decimal::ZERO, Decimal::ZERO);
        let months = Decimal::from(ends.len());
        for end in ends.iter().filter(|end| window.contains(**end)) {
            let unevenness = Decimal::from(chance.between(60, 140)) / Decimal::ONE_HUNDRED;
            let added = if monthly {
                in_unit(
                    target * (Decimal::ONE + (unevenness - Decimal::ONE) / Decimal::TEN),
                    subject.definition,
                )
            } else {
                whole += target * pace / months * unevenness;
                let reached = in_unit(whole, subject.definition).decimal();
                let added = Quantity::from(reached - sum);
                sum = reached;
                added
            };
            let measurement = if added.decimal() > Decimal::ZERO {
                Measurement::Increment(added)
            } else if chance.in_hundred(25) {
                Measurement::Nil(NilCause::NoActivity)
            } else {
                continue;
            };
            entries.push((*end, part.clone(), measurement));
        }
    }
    entries
}

/// Quarterly, from the baseline towards the target.
fn levels(subject: &Subject<'_>, chance: &mut Chance) -> Vec<Reported> {
    let mut entries = Vec::new();
    let baseline = subject
        .state
        .baseline()
        .map_or(Decimal::ZERO, |b| b.value.decimal());
    for part in part_keys(subject) {
        let way = goal_value(subject, part.as_ref()) - baseline;
        let pace = Decimal::from(chance.between(70, 115)) / Decimal::ONE_HUNDRED;
        for (quarter, end) in month_ends(subject.cycle)
            .into_iter()
            .skip(2)
            .step_by(3)
            .enumerate()
        {
            let share = Decimal::from(quarter + 1) / Decimal::from(4);
            let mut value = baseline + way * pace * share;
            if let Some(max) = subject.definition.domain.max {
                value = value.min(max.decimal());
            }
            entries.push((
                end,
                part.clone(),
                Measurement::Level(in_unit(value, subject.definition)),
            ));
        }
    }
    entries
}

fn ratios(subject: &Subject<'_>, chance: &mut Chance) -> Vec<Reported> {
    let target = goal_value(subject, None);
    let mean = subject.definition.measure_type == MeasureType::Mean;
    let scale = if mean {
        Decimal::ONE
    } else {
        Decimal::ONE_HUNDRED
    };
    let ends = month_ends(subject.cycle);
    // A sum of ratios gets a share each month; a standing one is measured at the half year and the end.
    let days: Vec<Date> = if subject.definition.agg_time == AggTime::RatioOfSums && !mean {
        ends
    } else {
        ends.into_iter().skip(5).step_by(6).collect()
    };
    days.into_iter()
        .enumerate()
        .map(|(number, day)| {
            let denominator = Decimal::from(chance.between(400, 1_200));
            let near = Decimal::from(chance.between(930, 1_004)) / Decimal::from(1_000);
            let part_of_year = if mean {
                Decimal::from(number + 1) / Decimal::TWO
            } else {
                Decimal::ONE
            };
            let numerator = (denominator * target * near * part_of_year / scale).trunc();
            let numerator = if mean {
                numerator
            } else {
                numerator.min(denominator)
            };
            (
                day,
                None,
                Measurement::Ratio {
                    numerator: numerator.into(),
                    denominator: denominator.into(),
                },
            )
        })
        .collect()
}

/// A few members of the set are done each month.
fn members(subject: &Subject<'_>, chance: &mut Chance) -> Vec<Reported> {
    let ends = month_ends(subject.cycle);
    let mut entries = Vec::new();
    for member in &subject.definition.members {
        let month = usize::try_from(chance.between(0, 13)).unwrap_or(0);
        if let Some(end) = ends.get(month) {
            let measurement = Measurement::Member {
                member: member.key.clone(),
                state: MemberState::Done,
            };
            entries.push((*end, None, measurement));
        }
    }
    entries
}

/// Begun in spring or summer; some are done by autumn, most by the end, a few not at all.
fn milestones(subject: &Subject<'_>, chance: &mut Chance) -> Vec<Reported> {
    let ends = month_ends(subject.cycle);
    let end_state = subject
        .state
        .first_target()
        .and_then(|version| match version.target.aim {
            Aim::Done { end_state, .. } => Some(end_state),
            _ => None,
        });
    let state = |state| Measurement::Milestone {
        checkpoint: None,
        state,
    };
    let mut entries = Vec::new();
    let begun = usize::try_from(chance.between(0, 5)).unwrap_or(0);
    if let Some(day) = ends.get(begun) {
        entries.push((*day, None, state(MilestoneState::Started)));
    }
    let done = begun + usize::try_from(chance.between(2, 10)).unwrap_or(6);
    let reached = match end_state {
        Some(EndState::Started) => None,
        Some(EndState::Decided) => Some(MilestoneState::Decided),
        Some(EndState::InOperation) => Some(MilestoneState::InOperation),
        Some(EndState::Completed) | None => Some(MilestoneState::Completed),
    };
    if let (Some(day), Some(reached)) = (ends.get(done), reached) {
        entries.push((*day, None, state(reached)));
    }
    entries
}

/// Judged at the half year and at the end.
fn rubric(subject: &Subject<'_>, chance: &mut Chance) -> Vec<Reported> {
    let levels = subject
        .definition
        .rubric
        .as_ref()
        .map_or(0, |rubric| rubric.levels.len());
    let highest = i64::try_from(levels).unwrap_or(1).max(1);
    month_ends(subject.cycle)
        .into_iter()
        .skip(5)
        .step_by(6)
        .enumerate()
        .map(|(number, day)| {
            let level = chance
                .between(1, highest)
                .max(highest.min(i64::try_from(number + 1).unwrap_or(1)));
            (
                day,
                None,
                Measurement::RubricLevel(u32::try_from(level).unwrap_or(1)),
            )
        })
        .collect()
}

fn entry(
    subject: &Subject<'_>,
    number: usize,
    day: Date,
    part: Option<Key>,
    measurement: Measurement,
) -> Result<Event, SampleError> {
    let judged = matches!(measurement, Measurement::RubricLevel(_));
    let needs_evidence = judged
        || matches!(
            &measurement,
            Measurement::Milestone { state, .. } if *state >= MilestoneState::Decided
        );
    let name = format!("report {} {number}", subject.code);
    let payload = ActualRecorded {
        indicator: subject.id,
        measurement,
        reported: ReportedPart {
            part,
            unit_code: None,
        },
    };
    let mut event = event(subject, &name, day, payload);
    if needs_evidence {
        event.evidence.push(evidence(
            &name,
            &format!("{}の記録 {day}", subject.section),
        )?);
    }
    if judged {
        event.reason = Some(Reason {
            code: ReasonCode::Other,
            text: FreeText::parse(
                "実施の状況を記録と利用者の声により確認し、評価基準に照らして判断した。",
            )?,
        });
    }
    Ok(event)
}

fn event(subject: &Subject<'_>, name: &str, day: Date, payload: impl Into<Payload>) -> Event {
    Event {
        valid: Some(Validity::from(day)),
        ..Event::new(event_id(name), subject.stream, payload.into())
    }
}

/// Evidence by digest only: the sample has no files.
pub(super) fn evidence(name: &str, title: &str) -> Result<Evidence, SampleError> {
    Ok(Evidence {
        sha256: Sha256::digest(name.as_bytes()).into(),
        media_type: Name::parse("application/pdf")?,
        title: Name::parse(title)?,
        uri: None,
        size_bytes: None,
        disclosure: Disclosure::Internal,
    })
}
