//! A measurement from what was typed: its form is chosen from the indicator's definition, so that a person
//! just types the value.

use clap::Args;
use unicode_normalization::UnicodeNormalization as _;

use crate::api::v1;
use crate::api::v1::measurement::{self, Kind};
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::input::{self, Number};
use crate::cli::label;
use crate::cli::language::pick;
use crate::domain::text::Language;

/// What was measured.
#[derive(Args, Clone, Debug, Default)]
pub struct Measured {
    /// What was measured, in the indicator's own form: `12`, `5430/9980`, `done`, `completed`, a level
    #[arg(
        value_name = "VALUE",
        allow_negative_numbers = true,
        conflicts_with = "form"
    )]
    pub value: Option<String>,
    /// A share or mean by its two parts
    #[arg(long, value_name = "N/D", group = "form")]
    pub ratio: Option<String>,
    /// A level as it stood on the day
    #[arg(
        long,
        value_name = "NUMBER",
        group = "form",
        allow_negative_numbers = true
    )]
    pub level: Option<String>,
    /// A milestone's state
    #[arg(long, value_name = "STATE", group = "form", value_parser = choice::parser::<v1::MilestoneState>())]
    pub milestone: Option<v1::MilestoneState>,
    /// Which checkpoint of the milestone
    #[arg(long, value_name = "KEY")]
    pub checkpoint: Option<String>,
    /// A level of the rubric, from 1
    #[arg(long, value_name = "LEVEL", group = "form")]
    pub rubric: Option<u32>,
    /// Which member of the set
    #[arg(long, value_name = "KEY")]
    pub member: Option<String>,
    /// A member's state
    #[arg(
        long,
        value_name = "STATE",
        group = "form",
        requires = "member",
        value_parser = choice::parser::<v1::MemberState>()
    )]
    pub state: Option<v1::MemberState>,
    /// Nothing to report, and why
    #[arg(long, value_name = "CAUSE", group = "form", value_parser = choice::parser::<v1::NilCause>())]
    pub nil: Option<v1::NilCause>,
    /// Which part reports
    #[arg(long, value_name = "KEY")]
    pub part: Option<String>,
    /// The unit the value is in; refused if it is not the indicator's
    #[arg(long, value_name = "UNIT")]
    pub unit: Option<String>,
}

/// A measurement read, with remarks on how.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// The measurement.
    pub measurement: v1::Measurement,
    /// Numbers that had to be folded: as typed, as read.
    pub folded: Vec<(String, String)>,
}

impl Measured {
    /// Whether nothing was said about what was measured.
    pub fn is_empty(&self) -> bool {
        self.value.is_none() && !self.names_a_form()
    }

    fn names_a_form(&self) -> bool {
        self.ratio.is_some()
            || self.level.is_some()
            || self.milestone.is_some()
            || self.rubric.is_some()
            || self.state.is_some()
            || self.nil.is_some()
    }

    /// The measurement that was typed for an indicator of `definition`.
    ///
    /// A form that is named (`--level`) is sent as named and the ledger judges it; a bare value takes the
    /// definition's form.
    pub fn reading(
        &self,
        language: Language,
        definition: &v1::Definition,
    ) -> Result<Reading, Failure> {
        let mut reader = Reader {
            language,
            definition,
            folded: Vec::new(),
        };
        let kind = reader.kind(self)?;
        Ok(Reading {
            measurement: v1::Measurement { kind: Some(kind) },
            folded: reader.folded,
        })
    }

    /// The key of the part that was named by key or label.
    pub fn part_key(&self, definition: &v1::Definition) -> Option<String> {
        let labels = definition
            .parts
            .iter()
            .map(|part| (part.key.as_str(), part.label.as_ref()));
        self.part.as_ref().map(|given| key_of(given, labels))
    }

    /// The code of the unit that was named by code or label.
    pub fn unit_code(&self, definition: &v1::Definition) -> Option<String> {
        let given = self.unit.as_ref()?;
        let unit = definition.unit.as_ref();
        let own = unit.filter(|unit| [&unit.display_ja, &unit.display_en].contains(&given));
        Some(own.map_or_else(|| given.clone(), |unit| unit.code.clone()))
    }
}

struct Reader<'a> {
    language: Language,
    definition: &'a v1::Definition,
    folded: Vec<(String, String)>,
}

impl Reader<'_> {
    fn kind(&mut self, given: &Measured) -> Result<Kind, Failure> {
        if let Some(cause) = given.nil {
            return Ok(Kind::Nil(cause.into()));
        }
        if let Some(ratio) = &given.ratio {
            return self.ratio(ratio);
        }
        if let Some(level) = &given.level {
            return Ok(Kind::Level(self.number(level)?));
        }
        if let Some(state) = given.milestone {
            return Ok(self.milestone(given, state));
        }
        if let Some(level) = given.rubric {
            return Ok(Kind::RubricLevel(level));
        }
        if let Some(state) = given.state {
            return self.member(given, state);
        }
        match &given.value {
            Some(value) => self.bare(given, value),
            None => Err(self.form("")),
        }
    }

    /// A value without a named form takes the form of the definition.
    fn bare(&mut self, given: &Measured, value: &str) -> Result<Kind, Failure> {
        match self.definition.entry_kind() {
            v1::EntryKind::Increment => Ok(Kind::Increment(self.number(value)?)),
            v1::EntryKind::Absolute => Ok(Kind::Level(self.number(value)?)),
            v1::EntryKind::NumDen => self.ratio(value),
            v1::EntryKind::MemberState => match state_of(value, label::member_state) {
                Some(state) => self.member(given, state),
                None => Err(self.form(value)),
            },
            v1::EntryKind::MemberValue => Ok(Kind::MemberValue(measurement::MemberValue {
                member: self.member_key(given)?,
                value: self.number(value)?,
            })),
            v1::EntryKind::MilestoneState => match state_of(value, label::milestone_state) {
                Some(state) => Ok(self.milestone(given, state)),
                None => Err(self.form(value)),
            },
            v1::EntryKind::RubricLevel => self.rubric(value),
            v1::EntryKind::Unspecified => Err(self.form(value)),
        }
    }

    fn number(&mut self, text: &str) -> Result<String, Failure> {
        let Ok(Number { value, folded_from }) = input::number(text) else {
            return Err(self.form(text));
        };
        if let Some(typed) = folded_from {
            self.folded.push((typed, value.to_string()));
        }
        Ok(value.to_string())
    }

    fn ratio(&mut self, text: &str) -> Result<Kind, Failure> {
        let Some((numerator, denominator)) = input::ratio(text) else {
            return Err(self.form(text));
        };
        Ok(Kind::Ratio(measurement::Ratio {
            numerator: self.number(numerator)?,
            denominator: self.number(denominator)?,
        }))
    }

    fn milestone(&self, given: &Measured, state: v1::MilestoneState) -> Kind {
        let labels = self
            .definition
            .checkpoints
            .iter()
            .map(|checkpoint| (checkpoint.key.as_str(), checkpoint.label.as_ref()));
        let checkpoint = given.checkpoint.as_ref().map(|given| key_of(given, labels));
        Kind::Milestone(measurement::Milestone {
            checkpoint,
            state: state.into(),
        })
    }

    fn member(&self, given: &Measured, state: v1::MemberState) -> Result<Kind, Failure> {
        let member = self.member_key(given)?;
        Ok(Kind::Member(measurement::Member {
            member,
            state: state.into(),
        }))
    }

    fn member_key(&self, given: &Measured) -> Result<String, Failure> {
        let labels = self
            .definition
            .members
            .iter()
            .map(|member| (member.key.as_str(), member.label.as_ref()));
        match &given.member {
            Some(member) => Ok(key_of(member, labels)),
            None => Err(Failure::usage(pick(
                self.language,
                "--member で対象を指定してください".to_owned(),
                "name the member with --member".to_owned(),
            ))),
        }
    }

    fn rubric(&self, text: &str) -> Result<Kind, Failure> {
        let folded: String = text.trim().nfkc().collect();
        if let Ok(level) = folded.parse() {
            return Ok(Kind::RubricLevel(level));
        }
        let levels = self
            .definition
            .rubric
            .iter()
            .flat_map(|rubric| &rubric.levels);
        (1..)
            .zip(levels)
            .find(|(_, title)| is_label(&folded, Some(title)))
            .map(|(level, _)| Kind::RubricLevel(level))
            .ok_or_else(|| self.form(text))
    }

    /// A value was expected in another form: says which, with an example.
    fn form(&self, typed: &str) -> Failure {
        let kind = self.definition.entry_kind();
        let (ja, en) = match kind {
            v1::EntryKind::Increment => ("増えた数: 12", "what was added: 12"),
            v1::EntryKind::Absolute => ("その日の値: 47500", "the value on that day: 47500"),
            v1::EntryKind::NumDen => ("分子/分母: 5430/9980", "numerator/denominator: 5430/9980"),
            v1::EntryKind::MemberState => (
                "対象と状況: done --member キー",
                "a member and its state: done --member KEY",
            ),
            v1::EntryKind::MemberValue => (
                "対象と値: 12 --member キー",
                "a member and its value: 12 --member KEY",
            ),
            v1::EntryKind::MilestoneState => (
                "工程の状況: not-started, started, decided, completed, in-operation",
                "a state: not-started, started, decided, completed or in-operation",
            ),
            v1::EntryKind::RubricLevel => {
                ("評価段階の番号か名称: 3", "number or name of a level: 3")
            }
            v1::EntryKind::Unspecified => (
                "この指標は構成指標で報告します",
                "report its components, it has no entries of its own",
            ),
        };
        let form = pick(self.language, ja, en);
        let unit = self.definition.unit.as_ref();
        let unit = unit.map(|unit| pick(self.language, &unit.display_ja, &unit.display_en));
        let unit = unit.map_or_else(String::new, |unit| {
            pick(
                self.language,
                format!("（単位 {unit}）"),
                format!(" (unit {unit})"),
            )
        });
        let kind = label::entry_kind(self.language, kind);
        Failure::usage(if typed.is_empty() {
            pick(
                self.language,
                "値を入力してください".to_owned(),
                "say what was measured".to_owned(),
            )
        } else {
            pick(
                self.language,
                format!("「{typed}」は{kind}として読めません"),
                format!("`{typed}` cannot be read as {kind}"),
            )
        })
        .hint(format!("{form}{unit}"))
    }
}

/// A state by its word or by its label in either language.
fn state_of<C: choice::Choice>(text: &str, label: fn(Language, C) -> &'static str) -> Option<C> {
    let folded: String = text.trim().nfkc().collect();
    choice::parse(&folded).or_else(|| {
        choice::all::<C>().into_iter().find(|state| {
            [Language::Ja, Language::En]
                .iter()
                .any(|l| label(*l, *state) == folded)
        })
    })
}

/// The key that was named by itself or by a label that only one thing has; else what was typed, for the
/// ledger to judge.
pub fn key_of<'a>(
    given: &str,
    labels: impl Iterator<Item = (&'a str, Option<&'a v1::Title>)> + Clone,
) -> String {
    let folded: String = given.trim().nfkc().collect();
    if labels.clone().any(|(key, _)| key == folded) {
        return folded;
    }
    let mut named = labels.filter(|(_, title)| is_label(&folded, *title));
    match (named.next(), named.next()) {
        (Some((key, _)), None) => key.to_owned(),
        _ => folded,
    }
}

fn is_label(folded: &str, title: Option<&v1::Title>) -> bool {
    let Some(title) = title else { return false };
    [Some(&title.ja), title.en.as_ref()]
        .into_iter()
        .flatten()
        .any(|label| label.nfkc().eq(folded.chars()))
}
