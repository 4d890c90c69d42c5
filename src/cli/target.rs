//! `daicho target revise`: a new target in place of the newest one. What is not named stays.

use clap::{Args, Subcommand};

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::target::{Aim, Part};
use crate::cli::choice;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::language::pick;
use crate::cli::measure::key_of;
use crate::cli::record::definition_of;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;
use crate::domain::text::Language;

/// What can be done with targets.
#[derive(Clone, Debug, Subcommand)]
pub enum TargetCommand {
    /// Put a new target in place of the newest one; the earlier stays in the history
    Revise(Box<ReviseArgs>),
}

/// Arguments of `target revise`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ReviseArgs {
    /// The indicator: its code or id
    #[arg(value_name = "INDICATOR")]
    indicator: String,
    #[command(flatten)]
    aim: NewAim,
    /// The first day the new target is in force
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    effective: Date,
    #[command(flatten)]
    writing: WritingArgs,
}

const EXAMPLES: &str = "\
What is not named stays as it was. The reason code is plan-review unless you say otherwise.

Examples:
  daicho target revise R5/産業環境部/1-1/1.1 24 --effective 2023-11-01 --reason-code external-cause --reason '求人の減少'
  daicho target revise R5/教育部/1-1/2.1 2024-03-15 --effective R5.11.1 --reason '入札不調'
  daicho target revise R5/教育部/1-3/1.1 --part 美術館=3 --effective 2023-11-01 --reason '会期の追加'";

/// What is aimed at from now on, in the form of the target replaced.
#[derive(Args, Clone, Debug, Default)]
pub struct NewAim {
    /// The new value, level or due date, in the form of the target replaced
    #[arg(value_name = "VALUE", allow_negative_numbers = true)]
    value: Option<String>,
    /// New aim of a part; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    part: Vec<String>,
    /// New lower bound of a range
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    lower: Option<String>,
    /// New upper bound of a range
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true)]
    upper: Option<String>,
    /// New tolerance of an approximate target
    #[arg(long, value_name = "NUMBER")]
    tolerance: Option<String>,
    /// New state in which a milestone counts as reached
    #[arg(long, value_name = "STATE", value_parser = choice::parser::<v1::EndState>())]
    end_state: Option<v1::EndState>,
}

/// Does what was asked.
pub async fn run(session: &Session, command: &TargetCommand) -> Result<(), Failure> {
    match command {
        TargetCommand::Revise(args) => revise(session, args).await,
    }
}

async fn revise(session: &Session, args: &ReviseArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let series = session.series(&args.indicator).await?;
    let indicator = series.indicator.unwrap_or_default();
    // The ledger replaces the one that was decided last, whichever is in force today.
    let Some(newest) = series
        .targets
        .into_iter()
        .max_by_key(|version| version.position)
    else {
        return Err(Failure::new(
            Exit::Refused,
            session
                .view
                .pick("目標がまだ設定されていません", "no target is set yet")
                .to_owned(),
        ));
    };
    let before = newest.target.unwrap_or_default();
    let definition = definition_of(&indicator);
    let target = args.aim.applied(session.language(), &before, &definition)?;
    let payload = Payload::TargetRevised(v1::TargetRevised {
        indicator: indicator.id.clone(),
        replaces: newest.event_id,
        before: Some(before),
        target: Some(target),
    });
    let valid = (args.effective, None);
    let event = args
        .writing
        .event(valid, v1::ReasonCode::PlanReview, payload)?;
    session.write(vec![event], &writing, &indicator).await
}

impl NewAim {
    /// The target `before` with what was named changed.
    pub fn applied(
        &self,
        language: Language,
        before: &v1::Target,
        definition: &v1::Definition,
    ) -> Result<v1::Target, Failure> {
        let mut target = before.clone();
        let unused = self.apply_aim(language, &mut target)?;
        if !unused.is_empty() {
            let unused = unused.join(", ");
            return Err(Failure::usage(pick(
                language,
                format!("この目標に {unused} はありません"),
                format!("this target has no {unused}"),
            )));
        }
        for part in &self.part {
            let (key, value) = part.split_once('=').ok_or_else(|| {
                Failure::usage(pick(
                    language,
                    format!("「{part}」は キー=値 の形ではありません"),
                    format!("`{part}` is not in the form KEY=VALUE"),
                ))
            })?;
            let labels = definition
                .parts
                .iter()
                .map(|part| (part.key.as_str(), part.label.as_ref()));
            let (part, value) = (key_of(key, labels), number(language, value)?);
            match target
                .parts
                .iter_mut()
                .find(|candidate| candidate.part == part)
            {
                Some(existing) => existing.value = value,
                None => target.parts.push(Part { part, value }),
            }
        }
        Ok(target)
    }

    /// Changes the aim of the whole; returns the arguments that its form has no use for.
    fn apply_aim(
        &self,
        language: Language,
        target: &mut v1::Target,
    ) -> Result<Vec<&'static str>, Failure> {
        let mut given = vec![
            ("VALUE", self.value.is_some()),
            ("--lower", self.lower.is_some()),
            ("--upper", self.upper.is_some()),
            ("--tolerance", self.tolerance.is_some()),
            ("--end-state", self.end_state.is_some()),
        ];
        let mut takes: &[&str] = &[];
        match &mut target.aim {
            Some(Aim::Value(value)) => {
                takes = &["VALUE"];
                replace(language, value, self.value.as_ref())?;
            }
            Some(Aim::Range(range)) => {
                takes = &["--lower", "--upper"];
                replace(language, &mut range.lower, self.lower.as_ref())?;
                replace(language, &mut range.upper, self.upper.as_ref())?;
            }
            Some(Aim::Approximate(about)) => {
                takes = &["VALUE", "--tolerance"];
                replace(language, &mut about.value, self.value.as_ref())?;
                replace(language, &mut about.tolerance, self.tolerance.as_ref())?;
            }
            Some(Aim::Done(done)) => {
                takes = &["VALUE", "--end-state"];
                if let Some(due) = &self.value {
                    done.due = input::date(due)
                        .map_err(|error| Failure::usage(format!("`{due}`: {error}")))?
                        .to_string();
                }
                if let Some(state) = self.end_state {
                    done.end_state = state.into();
                }
            }
            Some(Aim::RubricLevel(level)) => {
                takes = &["VALUE"];
                if let Some(value) = &self.value {
                    *level = number(language, value)?.parse().map_err(|_| {
                        Failure::usage(pick(
                            language,
                            format!("「{value}」は評価段階の番号ではありません"),
                            format!("`{value}` is not the number of a level"),
                        ))
                    })?;
                }
            }
            Some(Aim::AllMembers(_) | Aim::Components(_)) | None => {}
        }
        given.retain(|(name, is_given)| *is_given && !takes.contains(name));
        Ok(given.into_iter().map(|(name, _)| name).collect())
    }
}

fn replace(language: Language, value: &mut String, given: Option<&String>) -> Result<(), Failure> {
    if let Some(given) = given {
        *value = number(language, given)?;
    }
    Ok(())
}

fn number(language: Language, text: &str) -> Result<String, Failure> {
    let number = input::number(text).map_err(|error| {
        Failure::usage(pick(
            language,
            format!("「{text}」は数として読めません"),
            format!("`{text}`: {error}"),
        ))
    })?;
    Ok(number.value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(aim: &NewAim, before: Aim) -> Result<v1::Target, Failure> {
        let before = v1::Target {
            aim: Some(before),
            parts: Vec::new(),
        };
        aim.applied(Language::En, &before, &v1::Definition::default())
    }

    #[test]
    fn a_value_takes_the_form_of_the_target_replaced() {
        let value = |text: &str| NewAim {
            value: Some(text.to_owned()),
            ..NewAim::default()
        };
        let aim = |aim: &NewAim, before| applied(aim, before).map(|target| target.aim);
        assert_eq!(
            aim(&value("２，４００"), Aim::Value("3000".into())),
            Ok(Some(Aim::Value("2400".into())))
        );
        let done = |due: &str| {
            Aim::Done(v1::target::Done {
                due: due.into(),
                end_state: v1::EndState::Completed.into(),
            })
        };
        assert_eq!(
            aim(&value("R6.3.15"), done("2024-02-29")),
            Ok(Some(done("2024-03-15")))
        );
        assert_eq!(
            aim(&value("3"), Aim::RubricLevel(2)),
            Ok(Some(Aim::RubricLevel(3)))
        );
    }

    #[test]
    fn what_a_target_has_no_use_for_is_told() {
        let aim = NewAim {
            value: Some("3".into()),
            ..NewAim::default()
        };
        let failure = applied(&aim, Aim::AllMembers(v1::target::AllMembers {}));
        assert_eq!(failure, Err(Failure::usage("this target has no VALUE")));
    }
}
