//! What may be measured: kinds, values, members, and sums that stay exact.

use super::Judge;
use super::progress::Report;
use crate::domain::actual::{Measurement, MilestoneState};
use crate::domain::date::Date;
use crate::domain::indicator::{AggSpace, Definition, EntryKind};
use crate::domain::quantity::Quantity;
use crate::domain::rejection::Reason;

/// Fewest characters that tell why a rubric's level was given.
const NARRATIVE_CHARS_MIN: usize = 20;

impl Judge<'_> {
    /// Whether the indicator takes entries of this kind.
    pub(super) fn takes_kind(
        &mut self,
        definition: &Definition,
        measurement: &Measurement,
    ) -> bool {
        let Some(expected) = definition.entry_kind else {
            let figures: [(_, &dyn std::fmt::Display); 2] = [
                ("expected", &"NONE (report on its components)"),
                ("expected_ja", &"構成する指標への報告"),
            ];
            self.reject_with(Reason::EntryKindMismatch, "measurement", &figures);
            return false;
        };
        match (measurement.entry_kind(), expected) {
            (None, _) => true,
            (Some(kind), _) if kind == expected => true,
            (Some(EntryKind::Absolute | EntryKind::Increment), EntryKind::NumDen) => {
                self.reject(Reason::RatioPartsRequired, "measurement");
                false
            }
            _ => {
                let figures: [(_, &dyn std::fmt::Display); 2] = [
                    ("expected", &expected.code()),
                    ("expected_ja", &label_ja(expected)),
                ];
                self.reject_with(Reason::EntryKindMismatch, "measurement", &figures);
                false
            }
        }
    }

    /// What was measured is possible, and shown where it must be.
    pub(super) fn measured_value(
        &mut self,
        definition: &Definition,
        measurement: &Measurement,
        day: Date,
    ) {
        match measurement {
            Measurement::Increment(amount) => {
                self.entered(definition, *amount, "measurement.increment")
            }
            Measurement::Level(level) => self.entered(definition, *level, "measurement.level"),
            Measurement::Ratio {
                numerator,
                denominator,
            } => {
                self.entered_ratio(definition, (*numerator, *denominator), "measurement.ratio");
            }
            Measurement::Member { member, .. } => {
                self.member(definition, member, day, "measurement.member.member");
            }
            Measurement::MemberValue { member, value } => {
                self.member(definition, member, day, "measurement.member_value.member");
                self.entered(definition, *value, "measurement.member_value.value");
            }
            Measurement::Milestone { checkpoint, state } => {
                if let Some(checkpoint) = checkpoint
                    && definition.checkpoints.iter().all(|c| c.key != *checkpoint)
                {
                    self.reject(
                        Reason::CheckpointUnknown,
                        "measurement.milestone.checkpoint",
                    );
                }
                let claims_end = matches!(
                    state,
                    MilestoneState::Completed | MilestoneState::InOperation
                );
                if claims_end && self.proposed.evidence.is_empty() {
                    self.reject_envelope(Reason::EvidenceRequired, "evidence", &[]);
                }
            }
            Measurement::RubricLevel(level) => {
                let levels = definition
                    .rubric
                    .as_ref()
                    .map_or(0, |rubric| rubric.levels.len());
                if *level == 0 || levels < *level as usize {
                    let figures: [(_, &dyn std::fmt::Display); 3] = [
                        ("unit", &"段階"),
                        ("allowed", &format!("1から{levels}までの整数")),
                        ("allowed_en", &format!("a whole number from 1 to {levels}")),
                    ];
                    self.reject_with(
                        Reason::ValueOutOfDomain,
                        "measurement.rubric_level",
                        &figures,
                    );
                }
                if self.proposed.evidence.is_empty() {
                    self.reject_envelope(Reason::EvidenceRequired, "evidence", &[]);
                }
                let told = self
                    .proposed
                    .reason
                    .as_ref()
                    .and_then(|reason| reason.text.text())
                    .map_or(0, |text| text.as_str().trim().chars().count());
                if told < NARRATIVE_CHARS_MIN {
                    let figures: [(_, &dyn std::fmt::Display); 2] =
                        [("chars_min", &NARRATIVE_CHARS_MIN), ("chars", &told)];
                    match told {
                        0 => self.reject_envelope(Reason::ReasonRequired, "reason", &[]),
                        _ => self.reject_envelope(Reason::ReasonTooShort, "reason.text", &figures),
                    }
                }
            }
            Measurement::Nil(_) => {}
        }
    }

    fn member(
        &mut self,
        definition: &Definition,
        member: &crate::domain::code::Key,
        day: Date,
        field: &str,
    ) {
        if !definition
            .members
            .iter()
            .any(|m| m.key == *member && m.in_set_on(day))
        {
            self.reject(Reason::MemberNotInSet, field);
        }
    }

    /// All that was ever reported still adds up exactly, whichever entries a cut selects.
    pub(super) fn exact_total(&mut self, report: &Report<'_>) {
        let limit = total_max(&report.version.definition);
        let (gross, gross_denominator) = report.version.tally.gross();
        let over = |sum: Quantity, value: Quantity| {
            let magnitude = Quantity::from(value.decimal().abs());
            sum.checked_add(magnitude).is_none_or(|total| limit < total)
        };
        let (field, over) = match report.measurement {
            Measurement::Increment(amount) => ("measurement.increment", over(gross, *amount)),
            Measurement::Level(level) => ("measurement.level", over(Quantity::ZERO, *level)),
            Measurement::Ratio {
                numerator,
                denominator,
            } => {
                let over = over(gross, *numerator) || over(gross_denominator, *denominator);
                ("measurement.ratio", over)
            }
            Measurement::Member { .. }
            | Measurement::MemberValue { .. }
            | Measurement::Milestone { .. }
            | Measurement::RubricLevel(_)
            | Measurement::Nil(_) => return,
        };
        if over {
            self.reject(Reason::TotalTooLarge, field);
        }
    }
}

/// What all entries of an indicator may come to: with ten decimals still exact in 28 digits. Where parts are
/// weighted, a product with a weight of three digits before and three after the point must fit too.
fn total_max(definition: &Definition) -> Quantity {
    const PLAIN: i64 = 1_000_000_000_000_000_000 - 1;
    const WEIGHTED: i64 = 1_000_000_000;
    match definition.agg_space {
        AggSpace::Weighted => WEIGHTED.into(),
        _ => PLAIN.into(),
    }
}

fn label_ja(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::Increment => "増分",
        EntryKind::Absolute => "時点の値",
        EntryKind::NumDen => "分子と分母",
        EntryKind::MemberState => "対象ごとの状況",
        EntryKind::MemberValue => "対象ごとの値",
        EntryKind::MilestoneState => "工程の状況",
        EntryKind::RubricLevel => "評価段階",
    }
}
