//! Figures as people read them (DOMAIN.md §5.8). For eyes only: nothing is judged on what is shown.
//!
//! Half up, with the digits of the policy or of the unit, but never across a bound that the figure was judged by:
//! 99.96 % of a target that was missed reads 99.9 %, and a pace of 0.998 reads 0.99 where 1 is on track.

use crate::domain::evaluation::roll_up::Distribution;
use crate::domain::evaluation::{
    Achievement, AgainstTarget, Evaluation, EvaluationPolicy, Exact, Obstacle, Remark,
};
use crate::domain::target::Aim;
use crate::domain::text::Language;
use crate::domain::unit::{Dimension, Unit};

/// Digits after the point of a pace.
pub const PACE_DIGITS: u32 = 2;

/// A share as a percentage with `digits` after the point, on the side of every bound (a share as well) on which
/// it is: `62.0%`.
pub fn percent(share: &Exact, digits: u32, bounds: &[Exact]) -> String {
    let hundred = Exact::from(100);
    let bounds: Vec<Exact> = bounds.iter().map(|bound| bound.times(&hundred)).collect();
    format!("{}%", share.times(&hundred).half_up_within(digits, &bounds))
}

/// The values that an evaluation's own values were judged against: bounds for [`amount`].
pub fn judged_against(evaluation: &Evaluation) -> Vec<Exact> {
    match evaluation
        .current
        .as_ref()
        .map(|current| current.target.target.aim)
    {
        Some(Aim::Value(target)) => vec![target.into()],
        Some(Aim::Approximate { value, tolerance }) => {
            let target = Exact::from(value);
            vec![target.minus(&tolerance.into()), target]
        }
        Some(Aim::Range { lower, upper }) => vec![lower.into(), upper.into()],
        Some(Aim::AllMembers | Aim::Done { .. } | Aim::RubricLevel(_) | Aim::Components) | None => {
            Vec::new()
        }
    }
}

/// 達成率 against one version of the target, or why there is none.
pub fn attainment(
    evaluation: &Evaluation,
    against: &AgainstTarget,
    policy: &EvaluationPolicy,
) -> Result<String, Obstacle> {
    let share = against.attainment.clone()?;
    let mut bounds = vec![Exact::one()];
    if let Aim::Approximate { value, tolerance } = against.target.target.aim {
        let least = Exact::from(value).minus(&tolerance.into());
        bounds.extend(least.over(&value.into()));
    }
    let strict = [Remark::MustExceed, Remark::MustBeBelow]
        .iter()
        .any(|remark| evaluation.remarks.contains(remark));
    let missed = against.achievement == Ok(Achievement::NotAchieved);
    if missed && !strict && Exact::one() <= share {
        // All that has a weight is done and the end is not reached: what was missed never reads as the whole.
        return Ok(percent(
            &just_below_one(policy.display_digits),
            policy.display_digits,
            &bounds,
        ));
    }
    Ok(percent(&share, policy.display_digits, &bounds))
}

fn just_below_one(digits: u32) -> Exact {
    let unit = 1000_i64.saturating_mul(10_i64.saturating_pow(digits));
    let step = Exact::one().over(&unit.into()).unwrap_or_else(Exact::zero);
    Exact::one().minus(&step)
}

/// A share that is not judged against a target, such as E(D) or 使用率: never 100 % before it is.
pub fn share(share: &Exact, policy: &EvaluationPolicy) -> String {
    percent(share, policy.display_digits, &[Exact::one()])
}

/// 需要充足率, on the right side of the thresholds it was judged by.
pub fn service_rate(rate: &Exact, policy: &EvaluationPolicy) -> String {
    percent(rate, policy.display_digits, &thresholds(policy))
}

/// 進捗ペース, on the right side of the thresholds it was judged by: `1.24`.
pub fn pace(pace: &Exact, policy: &EvaluationPolicy) -> String {
    pace.half_up_within(PACE_DIGITS, &thresholds(policy))
}

fn thresholds(policy: &EvaluationPolicy) -> [Exact; 3] {
    [
        policy.on_track_from.into(),
        policy.slightly_behind_from.into(),
        Exact::one(),
    ]
}

/// The difference of two percentages, both as shares: `+1.2ポイント`, `-3.0 points`.
pub fn points(difference: &Exact, digits: u32, language: Language) -> String {
    let points = difference.times(&100.into()).half_up_within(digits, &[]);
    let sign = if difference.is_negative() || difference.is_zero() {
        ""
    } else {
        "+"
    };
    match language {
        Language::Ja => format!("{sign}{points}ポイント"),
        Language::En => format!("{sign}{points} points"),
    }
}

/// A value in a unit: with its decimals, or with one more where it is a quotient that they cannot hold. `bounds`
/// are values that it was judged against.
pub fn amount(value: &Exact, unit: &Unit, bounds: &[Exact], language: Language) -> String {
    let number = number(value, unit, bounds);
    match (&unit.dimension, language) {
        (Dimension::Ratio, _) | (_, Language::Ja) => format!("{number}{}", unit.display_ja),
        (_, Language::En) => format!("{number} {}", unit.display_en),
    }
}

/// The number of [`amount`], without the unit.
pub fn number(value: &Exact, unit: &Unit, bounds: &[Exact]) -> String {
    let decimals = u32::from(unit.decimals);
    let digits = if value.has_decimals(decimals) {
        decimals
    } else {
        decimals + 1
    };
    value.half_up_within(digits, bounds)
}

/// A distribution in a line: `12件中: 達成3 順調6 遅れ2 未報告1 / 対象外1`.
pub fn distribution(counts: &Distribution, language: Language) -> String {
    let stand = |separator: &str| {
        let counts = counts.counts().filter(|(status, _)| !status.is_set_aside());
        let one = |(status, count): (super::Status, u32)| {
            format!("{}{separator}{count}", status.label(language))
        };
        counts.map(one).collect::<Vec<_>>()
    };
    let (applicable, aside) = (counts.applicable(), counts.set_aside());
    match language {
        Language::Ja => {
            let aside = if aside == 0 {
                String::new()
            } else {
                format!(" / 対象外{aside}")
            };
            format!("{applicable}件中: {}{aside}", stand("").join(" "))
        }
        Language::En => {
            let aside = if aside == 0 {
                String::new()
            } else {
                format!("; set aside {aside}")
            };
            format!("of {applicable}: {}{aside}", stand(" ").join(", "))
        }
    }
}
