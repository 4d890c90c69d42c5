//! What a policy must satisfy to make sense.

use std::collections::HashSet;

use super::{EvaluationPolicy, GradeInput, GradeRubric, PolicyContent};
use crate::domain::indicator::Inconsistency;
use crate::domain::quantity::Quantity;

impl PolicyContent {
    /// Everything that contradicts within the policy; empty if it is sound.
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        match self {
            Self::Evaluation(policy) => policy.inconsistencies(),
            Self::Rubric(rubric) => rubric.inconsistencies(),
            Self::Approval(approval) => approval.inconsistencies(),
            // Whether Cedar takes it is asked where it is published.
            Self::Access(_) => Vec::new(),
        }
    }
}

impl EvaluationPolicy {
    /// Digits after the point that percentages may be shown with.
    pub const DISPLAY_DIGITS_MAX: u32 = 4;
    /// Most days that a span of the policy may have: a leap year.
    pub const DAYS_MAX: u32 = 366;
    /// The greatest pace that a threshold may be.
    pub const PACE_MAX: i64 = 10;

    /// Everything that contradicts within the policy; empty if it is sound.
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        let mut found = Vec::new();
        let mut fault = |field: &str, problem| {
            found.push(Inconsistency {
                field: field.to_owned(),
                problem,
            });
        };
        if self.on_track_from <= Quantity::ZERO
            || Quantity::from(Self::PACE_MAX) < self.on_track_from
        {
            fault("on_track_from", "above 0 and at most 10");
        }
        if self.slightly_behind_from <= Quantity::ZERO
            || self.on_track_from < self.slightly_behind_from
        {
            fault(
                "slightly_behind_from",
                "above 0 and at most `on_track_from`",
            );
        }
        if Self::DISPLAY_DIGITS_MAX < self.display_digits {
            fault("display_digits", "from 0 to 4");
        }
        if self.mean_cap.is_some_and(|cap| cap <= Quantity::ZERO) {
            fault("mean_cap", "above 0");
        }
        if self.forecast_gap.is_negative() {
            fault("forecast_gap", "0 or more");
        }
        if Self::DAYS_MAX < self.late_lowering_days {
            fault("late_lowering_days", "from 0 to 366");
        }
        if Self::DAYS_MAX < self.late_report_days {
            fault("late_report_days", "from 0 to 366");
        }
        found
    }
}

impl GradeRubric {
    /// Everything that contradicts within the rubric; empty if it is sound.
    ///
    /// A graded level without a least figure is given by its statuses or by people; the last one takes all that reaches no
    /// other.
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        let mut found = Vec::new();
        let mut fault = |field: String, problem| found.push(Inconsistency { field, problem });
        if self.levels.is_empty() || Self::LEVELS_MAX < self.levels.len() {
            fault("levels".to_owned(), "a rubric has 1 to 20 levels");
            return found;
        }
        let by_figure = matches!(self.input, GradeInput::Attainment | GradeInput::Forecast);
        let (mut keys, mut statuses) = (HashSet::new(), HashSet::new());
        let (mut last, mut ungraded) = (None, false);
        for (index, level) in self.levels.iter().enumerate() {
            let at = |field: &str| format!("levels[{index}].{field}");
            if !keys.insert(&level.key) {
                fault(at("key"), "given twice");
            }
            if !level.statuses.iter().all(|status| statuses.insert(*status)) {
                fault(at("statuses"), "a status gives one level only");
            }
            if self.input == GradeInput::Status && level.statuses.is_empty() {
                fault(at("statuses"), "required in a rubric of statuses");
            }
            if ungraded && !level.non_grade {
                fault(at("non_grade"), "levels that are no grades come last");
            }
            ungraded |= level.non_grade;
            let Some(least) = level.at_least else {
                continue;
            };
            if !by_figure || level.non_grade {
                fault(at("at_least"), "only a grade by figures has a least figure");
                continue;
            }
            if last.is_some_and(|last| last <= least) {
                fault(at("at_least"), "least figures fall from level to level");
            }
            last = Some(least);
        }
        if by_figure && last.is_none() {
            fault("levels".to_owned(), "no level has a least figure");
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::evaluation::Status;
    use crate::domain::evaluation::policy::GradeLevel;
    use crate::domain::testing::{key, q, title};

    fn faults(found: Vec<Inconsistency>) -> String {
        let lines = found.iter().map(|f| format!("{}: {}", f.field, f.problem));
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_policy_has_sane_thresholds() {
        let of = |change: fn(&mut EvaluationPolicy)| {
            let mut policy = EvaluationPolicy::default();
            change(&mut policy);
            faults(policy.inconsistencies())
        };
        assert_eq!(of(|_| {}), "");
        assert_eq!(of(|p| p.on_track_from = q("10")), "");
        assert_eq!(
            of(|p| p.on_track_from = q("10.01")),
            "on_track_from: above 0 and at most 10"
        );
        assert_eq!(of(|p| p.slightly_behind_from = q("1")), "");
        assert_eq!(
            of(|p| p.slightly_behind_from = q("1.01")),
            "slightly_behind_from: above 0 and at most `on_track_from`"
        );
        assert_eq!(
            of(|p| p.slightly_behind_from = q("0")),
            "slightly_behind_from: above 0 and at most `on_track_from`"
        );
        assert_eq!(of(|p| p.display_digits = 4), "");
        assert_eq!(of(|p| p.display_digits = 5), "display_digits: from 0 to 4");
        assert_eq!(of(|p| p.mean_cap = None), "");
        assert_eq!(of(|p| p.mean_cap = Some(q("0"))), "mean_cap: above 0");
        assert_eq!(of(|p| p.forecast_gap = q("0")), "");
        assert_eq!(
            of(|p| p.forecast_gap = q("-0.1")),
            "forecast_gap: 0 or more"
        );
        assert_eq!(
            of(|p| (p.late_lowering_days, p.late_report_days) = (367, 367)),
            "late_lowering_days: from 0 to 366; late_report_days: from 0 to 366"
        );
    }

    #[test]
    fn what_is_built_in_makes_sense() {
        for built_in in crate::domain::evaluation::grade::built_in() {
            assert_eq!(
                faults(built_in.rubric.inconsistencies()),
                "",
                "{}",
                built_in.version
            );
        }
    }

    fn level(
        key_: &str,
        at_least: Option<&str>,
        statuses: &[Status],
        non_grade: bool,
    ) -> GradeLevel {
        GradeLevel {
            key: key(key_),
            title: title(key_),
            at_least: at_least.map(q),
            statuses: statuses.to_vec(),
            non_grade,
        }
    }

    fn of(input: GradeInput, levels: Vec<GradeLevel>) -> String {
        let rubric = GradeRubric {
            input,
            levels,
            full_target_is_best: false,
        };
        faults(rubric.inconsistencies())
    }

    #[test]
    fn grades_by_figures_fall() {
        use GradeInput::Attainment;
        let least = |key, figure| level(key, figure, &[], false);
        assert_eq!(
            of(
                Attainment,
                vec![
                    least("S", None),
                    least("A", Some("1.2")),
                    least("B", Some("1")),
                    least("D", None),
                    level("Z", None, &[Status::NotEvaluable], true),
                ]
            ),
            ""
        );
        assert_eq!(
            of(
                Attainment,
                vec![least("A", Some("1")), least("B", Some("1"))]
            ),
            "levels[1].at_least: least figures fall from level to level"
        );
        assert_eq!(
            of(Attainment, vec![least("A", None)]),
            "levels: no level has a least figure"
        );
        assert_eq!(
            of(
                Attainment,
                vec![
                    level("Z", Some("0"), &[], true),
                    least("A", Some("1")),
                    least("A", Some("0.5")),
                ]
            ),
            "levels[0].at_least: only a grade by figures has a least figure; levels[1].non_grade: levels that are no \
             grades come last; levels[2].key: given twice; levels[2].non_grade: levels that are no grades come last"
        );
        assert_eq!(
            of(Attainment, vec![]),
            "levels: a rubric has 1 to 20 levels"
        );
        let many = (0..21)
            .map(|n| level(&format!("k{n}"), None, &[], false))
            .collect();
        assert_eq!(
            of(GradeInput::Judgement, many),
            "levels: a rubric has 1 to 20 levels"
        );
    }

    #[test]
    fn a_status_gives_one_grade() {
        use GradeInput::{Judgement, Status as ByStatus};
        let by = |key, statuses: &[Status]| level(key, None, statuses, false);
        assert_eq!(
            of(
                ByStatus,
                vec![
                    by("順調", &[Status::OnTrack]),
                    by("遅れ", &[Status::Behind])
                ]
            ),
            ""
        );
        assert_eq!(
            of(
                ByStatus,
                vec![
                    by("順調", &[Status::OnTrack, Status::OnTrack]),
                    by("遅れ", &[Status::OnTrack]),
                    by("他", &[]),
                ]
            ),
            "levels[0].statuses: a status gives one level only; levels[1].statuses: a status gives one level only; \
             levels[2].statuses: required in a rubric of statuses"
        );
        assert_eq!(
            of(Judgement, vec![level("1", Some("1"), &[], false)]),
            "levels[0].at_least: only a grade by figures has a least figure"
        );
    }
}
