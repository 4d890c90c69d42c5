//! Choices of the API as words of a command line: `TARGET_REVISED` is `target-revised`.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::api::v1;

/// An enum of the API that can be chosen on the command line.
pub trait Choice: TryFrom<i32> + Copy + Send + Sync + 'static {
    /// What its names in the protos begin with.
    const PREFIX: &'static str;
    /// Its name in the protos.
    fn name(self) -> &'static str;
    /// The choice with that name.
    fn named(name: &str) -> Option<Self>;
}

macro_rules! choices {
    ($($type:ident = $prefix:literal),* $(,)?) => {$(
        impl Choice for v1::$type {
            const PREFIX: &'static str = $prefix;
            fn name(self) -> &'static str {
                self.as_str_name()
            }
            fn named(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
        }
    )*};
}

choices! {
    AccessClass = "ACCESS_CLASS_",
    EventType = "EVENT_TYPE_",
    ReasonCode = "REASON_CODE_",
    NilCause = "NIL_CAUSE_",
    MemberState = "MEMBER_STATE_",
    MilestoneState = "MILESTONE_STATE_",
    EndState = "END_STATE_",
    Disclosure = "DISCLOSURE_",
    StreamKind = "STREAM_KIND_",
    EvaluationStatus = "EVALUATION_STATUS_",
    Remark = "REMARK_",
    FlagKind = "FLAG_KIND_",
    ChangeFlag = "CHANGE_FLAG_",
    FindingState = "FINDING_STATE_",
    NarrativeKind = "NARRATIVE_KIND_",
    TargetDirection = "TARGET_DIRECTION_",
    ExplainedFigure = "EXPLAINED_FIGURE_",
    CauseCode = "CAUSE_CODE_",
    ActionKind = "ACTION_KIND_",
    ActionOutcome = "ACTION_OUTCOME_",
    ReductionFormula = "REDUCTION_FORMULA_",
    RollUpJudgement = "ROLL_UP_JUDGEMENT_",
    GradeInput = "GRADE_INPUT_",
    ChangeKind = "CHANGE_KIND_",
    SeatRole = "SEAT_ROLE_",
}

/// The word for a choice.
pub fn word<C: Choice>(choice: C) -> String {
    let name = choice.name();
    name.strip_prefix(C::PREFIX)
        .unwrap_or(name)
        .to_ascii_lowercase()
        .replace('_', "-")
}

/// Numbers of the choices of one enum are below this. There may be gaps.
const NUMBERS_MAX: i32 = 1_000;

/// Every choice but "not said", in the order of the protos.
pub fn all<C: Choice>() -> Vec<C> {
    let numbers = 1..NUMBERS_MAX;
    numbers
        .filter_map(|number| C::try_from(number).ok())
        .collect()
}

/// The choice that a word means; upper case, `_` and the name of a payload (`TargetRevised`) are taken too.
pub fn parse<C: Choice>(text: &str) -> Option<C> {
    let text = text.trim();
    let mut name = String::from(C::PREFIX);
    for (index, c) in text.char_indices() {
        let lower_before = text[..index].ends_with(|c: char| c.is_ascii_lowercase());
        if c.is_ascii_uppercase() && lower_before {
            name.push('_');
        }
        name.push(if c == '-' {
            '_'
        } else {
            c.to_ascii_uppercase()
        });
    }
    C::named(&name).filter(|choice| choice.name() != format!("{}UNSPECIFIED", C::PREFIX))
}

/// Reads a choice for clap, which lists the words in help, completions and errors.
pub fn parser<C: Choice>() -> impl TypedValueParser<Value = C> {
    PossibleValuesParser::new(all::<C>().into_iter().map(word))
        .try_map(|text| parse::<C>(&text).ok_or("not one of the choices"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_read_from_each_of_its_spellings() {
        for text in [
            "target-revised",
            "TARGET_REVISED",
            "TargetRevised",
            " TargetRevised ",
        ] {
            assert_eq!(parse(text), Some(v1::EventType::TargetRevised), "{text}");
        }
        assert_eq!(parse::<v1::EventType>("unspecified"), None);
        assert_eq!(parse::<v1::EventType>(" 目標の改定"), None);
        for choice in all::<v1::EventType>() {
            assert_eq!(parse(&word(choice)), Some(choice));
        }
        assert_eq!(all::<v1::EventType>().len(), 71);
    }
}
