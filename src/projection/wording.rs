//! What is measured and aimed at, in words for people in both languages and in one plain spelling for programs.

use std::fmt::Write as _;

use crate::domain::actual::{Actual, MilestoneState, NilCause};
use crate::domain::date::Date;
use crate::domain::directory::Phase;
use crate::domain::evaluation::{Exact, display};
use crate::domain::indicator::Definition;
use crate::domain::target::{Aim, EndState, Target};
use crate::domain::text::Language;

/// Words in both languages.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Words {
    /// Japanese.
    pub ja: String,
    /// English.
    pub en: String,
}

impl Words {
    /// What `tell` says in each language.
    pub fn each(tell: impl Fn(Language) -> String) -> Self {
        Self {
            ja: tell(Language::Ja),
            en: tell(Language::En),
        }
    }

    /// The same text in both.
    pub fn same(text: impl Into<String>) -> Self {
        let ja: String = text.into();
        Self { en: ja.clone(), ja }
    }

    /// The words in `language`.
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Ja => &self.ja,
            Language::En => &self.en,
        }
    }
}

fn pick(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

/// A value in the unit of a definition: `30件`, `30 cases`.
pub fn amount(value: &Exact, definition: &Definition, language: Language) -> String {
    display::amount(value, &definition.unit, &[], language)
}

/// A target: `30件以上`, `completed by 2024-03-31`.
pub fn target(target: &Target, definition: &Definition, language: Language) -> String {
    use crate::domain::indicator::Comparator;
    let value = |value| amount(&Exact::from(value), definition, language);
    let mut text = match &target.aim {
        Aim::Value(aim) => {
            let value = value(*aim);
            let value = match (definition.per_month, language) {
                (false, _) => value,
                (true, Language::Ja) => format!("月{value}"),
                (true, Language::En) => format!("{value} a month"),
            };
            match (definition.comparator, language) {
                (Comparator::Ge, Language::Ja) => format!("{value}以上"),
                (Comparator::Ge, Language::En) => format!("at least {value}"),
                (Comparator::Gt, Language::Ja) => format!("{value}を上回る"),
                (Comparator::Gt, Language::En) => format!("more than {value}"),
                (Comparator::Le, Language::Ja) => format!("{value}以下"),
                (Comparator::Le, Language::En) => format!("at most {value}"),
                (Comparator::Lt, Language::Ja) => format!("{value}未満"),
                (Comparator::Lt, Language::En) => format!("less than {value}"),
                _ => value,
            }
        }
        Aim::AllMembers => pick(language, "全対象", "all members").to_owned(),
        Aim::Range { lower, upper } => format!("{}〜{}", value(*lower), value(*upper)),
        Aim::Approximate {
            value: about,
            tolerance,
        } => match language {
            Language::Ja => format!("約{}（許容−{}）", value(*about), value(*tolerance)),
            Language::En => format!(
                "about {} (at most {} less)",
                value(*about),
                value(*tolerance)
            ),
        },
        Aim::Done { due, end_state } => match language {
            Language::Ja => format!("{due}までに{}", end(*end_state, language)),
            Language::En => format!("{} by {due}", end(*end_state, language)),
        },
        Aim::RubricLevel(level) => rubric_level(*level, definition, language),
        Aim::Components => pick(language, "構成指標による", "by its components").to_owned(),
    };
    for part in &target.parts {
        let _ = write!(text, " [{}: {}]", part.part, value(part.value));
    }
    text
}

/// A target in one spelling for programs: `30`, `ALL_MEMBERS`, `2..5`, `80-5`, `COMPLETED@2024-03-31`, `LEVEL_3`; with
/// parts `5;m1=3;m2=2`.
pub fn plain_target(target: &Target) -> String {
    let mut text = match &target.aim {
        Aim::Value(value) => value.to_string(),
        Aim::AllMembers => "ALL_MEMBERS".to_owned(),
        Aim::Range { lower, upper } => format!("{lower}..{upper}"),
        Aim::Approximate { value, tolerance } => format!("{value}-{tolerance}"),
        Aim::Done { due, end_state } => format!("{}@{due}", end_state.code()),
        Aim::RubricLevel(level) => format!("LEVEL_{level}"),
        Aim::Components => "COMPONENTS".to_owned(),
    };
    for part in &target.parts {
        let _ = write!(text, ";{}={}", part.part, part.value);
    }
    text
}

/// What reports come to.
pub fn actual(actual: &Actual, definition: &Definition, language: Language) -> String {
    let value = |value| amount(&Exact::from(value), definition, language);
    match actual {
        Actual::NoReport => pick(language, "未報告", "no report").to_owned(),
        Actual::Nil(cause) => nil(*cause, language).to_owned(),
        Actual::Number {
            value: whole,
            parts,
        } => {
            let mut text = value(*whole);
            for (part, of_part) in parts {
                let _ = write!(text, " [{part}: {}]", value(*of_part));
            }
            text
        }
        Actual::Ratio {
            numerator,
            denominator,
        } => match actual.rounded(definition, 2) {
            Some(shown) => format!("{numerator}/{denominator} = {}", value(shown.into())),
            None => format!("{numerator}/{denominator}"),
        },
        Actual::Months {
            total,
            complete_total,
            complete_months,
            ..
        } => match language {
            Language::Ja => format!(
                "計{}（完了{complete_months}か月で{}）",
                value(*total),
                value(*complete_total)
            ),
            Language::En => format!(
                "{} in all ({} in {complete_months} complete months)",
                value(*total),
                value(*complete_total)
            ),
        },
        Actual::Coverage { done, in_set } => format!("{}/{in_set}", done.len()),
        Actual::Members { values, in_set } => {
            let each = values.iter().map(|(_, value)| *value);
            let span = match (each.clone().min(), each.max()) {
                (Some(least), Some(most)) => format!("{}〜{}", value(least), value(most)),
                _ => "-".to_owned(),
            };
            match language {
                Language::Ja => format!("{span}（{in_set}対象中{}が報告）", values.len()),
                Language::En => format!("{span} ({} of {in_set} reported)", values.len()),
            }
        }
        Actual::Milestone {
            state,
            since,
            checkpoints,
        } => {
            let mut text = format!("{} ({since})", self::state(*state, language));
            for (key, state, _) in checkpoints {
                let _ = write!(text, " [{key}: {}]", self::state(*state, language));
            }
            text
        }
        Actual::RubricLevel(level) => rubric_level(*level, definition, language),
        Actual::Composite => pick(language, "構成指標による", "by its components").to_owned(),
    }
}

/// What reports come to in one spelling for programs: `28`, `5430/9980`, `NO_REPORT`, `COMPLETED@2023-08-01`, `LEVEL_2`;
/// with parts `5;m1=3;m2=2`.
pub fn plain_actual(actual: &Actual) -> String {
    let pairs = |text: &mut String, pairs: &mut dyn Iterator<Item = (String, String)>| {
        for (key, value) in pairs {
            let _ = write!(text, ";{key}={value}");
        }
    };
    match actual {
        Actual::NoReport => "NO_REPORT".to_owned(),
        Actual::Nil(cause) => cause.code().to_owned(),
        Actual::Number { value, parts } => {
            let mut text = value.to_string();
            pairs(
                &mut text,
                &mut parts
                    .iter()
                    .map(|(key, value)| (key.to_string(), value.to_string())),
            );
            text
        }
        Actual::Ratio {
            numerator,
            denominator,
        } => format!("{numerator}/{denominator}"),
        Actual::Months { months, total, .. } => {
            let mut text = total.to_string();
            let month = |date: Date| date.strftime("%Y-%m").to_string();
            pairs(
                &mut text,
                &mut months
                    .iter()
                    .map(|(date, value)| (month(*date), value.to_string())),
            );
            text
        }
        Actual::Coverage { done, in_set } => {
            let mut text = format!("{}/{in_set}", done.len());
            for key in done {
                let _ = write!(text, ";{key}");
            }
            text
        }
        Actual::Members { values, in_set } => {
            let mut text = format!("{}/{in_set}", values.len());
            pairs(
                &mut text,
                &mut values
                    .iter()
                    .map(|(key, value)| (key.to_string(), value.to_string())),
            );
            text
        }
        Actual::Milestone {
            state,
            since,
            checkpoints,
        } => {
            let mut text = format!("{}@{since}", state.code());
            let each = |(key, state, since): &(_, MilestoneState, Date)| {
                let key: &crate::domain::code::Key = key;
                (key.to_string(), format!("{}@{since}", state.code()))
            };
            pairs(&mut text, &mut checkpoints.iter().map(each));
            text
        }
        Actual::RubricLevel(level) => format!("LEVEL_{level}"),
        Actual::Composite => "COMPONENTS".to_owned(),
    }
}

/// What has become of something.
pub fn phase(phase: Phase, language: Language) -> String {
    let (ja, en, since) = match phase {
        Phase::Active => return pick(language, "進行中", "active").to_owned(),
        Phase::Suspended(since) => ("休止", "suspended", since),
        Phase::Cancelled(since) => ("中止", "cancelled", since),
        Phase::CarriedOver(since) => ("繰越", "carried over", since),
    };
    match language {
        Language::Ja => format!("{ja}（{since}から）"),
        Language::En => format!("{en} from {since}"),
    }
}

/// What has become of something, in one spelling for programs: `ACTIVE`, `CANCELLED@2023-10-01`.
pub fn plain_phase(phase: Phase) -> String {
    match phase {
        Phase::Active => "ACTIVE".to_owned(),
        Phase::Suspended(since) => format!("SUSPENDED@{since}"),
        Phase::Cancelled(since) => format!("CANCELLED@{since}"),
        Phase::CarriedOver(since) => format!("CARRIED_OVER@{since}"),
    }
}

/// Why there is nothing.
pub fn nil(cause: NilCause, language: Language) -> &'static str {
    match cause {
        NilCause::NoActivity => pick(language, "活動なし", "no activity"),
        NilCause::NoDemand => pick(language, "需要なし", "no demand"),
        NilCause::NotMeasured => pick(language, "未測定", "not measured"),
    }
}

fn end(state: EndState, language: Language) -> &'static str {
    self::state(
        match state {
            EndState::Started => MilestoneState::Started,
            EndState::Completed => MilestoneState::Completed,
            EndState::Decided => MilestoneState::Decided,
            EndState::InOperation => MilestoneState::InOperation,
        },
        language,
    )
}

fn state(state: MilestoneState, language: Language) -> &'static str {
    match state {
        MilestoneState::NotStarted => pick(language, "未着手", "not started"),
        MilestoneState::Started => pick(language, "着手", "started"),
        MilestoneState::Decided => pick(language, "決定", "decided"),
        MilestoneState::Completed => pick(language, "完了", "completed"),
        MilestoneState::InOperation => pick(language, "稼働", "in operation"),
    }
}

fn rubric_level(level: u32, definition: &Definition, language: Language) -> String {
    let levels = definition.rubric.as_ref().map(|rubric| &rubric.levels);
    let index = usize::try_from(level)
        .ok()
        .and_then(|level| level.checked_sub(1));
    let name = levels
        .zip(index)
        .and_then(|(levels, index)| levels.get(index));
    let name = name.map(|title| title.in_language(language));
    match (name, language) {
        (Some(name), Language::Ja) => format!("段階{level}「{name}」"),
        (Some(name), Language::En) => format!("level {level} ({name})"),
        (None, Language::Ja) => format!("段階{level}"),
        (None, Language::En) => format!("level {level}"),
    }
}
