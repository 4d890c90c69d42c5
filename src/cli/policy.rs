//! `daicho policy`: publish a policy or a rubric from a file, list what is in force.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::policy_published::Content;
use crate::cli::as_of::AsOfArgs;
use crate::cli::choice::{self, Choice};
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::period;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::domain::date::Date;
use crate::domain::decision::Proposal;
use crate::domain::decision::policy::{ApprovalPolicy, ApprovalRule, Post};
use crate::domain::evaluation::EvaluationPolicy;
use crate::durable;

mod access;
#[cfg(fuzzing)]
pub mod fuzzing;

pub use access::{CheckArgs, SchemaArgs, check, schema};

/// Bytes of a policy file at most.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// What can be done with policies.
#[derive(Clone, Debug, Subcommand)]
pub enum PolicyCommand {
    /// Publish a version of an evaluation policy or a rubric from a TOML or JSON file
    Publish(Box<PublishArgs>),
    /// List policies and rubrics with their versions, and which are in force
    List(ListArgs),
    /// Show what a policy says, as it was published
    Show(ShowArgs),
    /// Check an access policy without a server, and show which roles may do what by it
    Check(CheckArgs),
    /// Print the schema that access policies are held against
    Schema(SchemaArgs),
}

/// Arguments of `policy publish`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct PublishArgs {
    /// The file: TOML, JSON if its name ends in .json, an access policy in Cedar if it ends in .cedar
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// First day it is in force
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    effective: Date,
    #[command(flatten)]
    writing: WritingArgs,
}

const EXAMPLES: &str = "\
A file has code, title (title_en) and one of [evaluation], [rubric] and [access]. Figures are strings. What [evaluation] leaves out
is as in the built-in policy; the version is the next of the code unless it is given.

  code = \"city\"                       code = \"city-grades\"
  title = \"算定方針\"                  title = \"評価基準\"
  [evaluation]                        [rubric]
  on_track_from = \"0.95\"              input = \"attainment\"
  rubric = \"city-grades\"              [[rubric.levels]]
                                      key = \"A\"
                                      title = \"目標どおり\"
                                      at_least = \"1\"";

/// Arguments of `policy show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// Its code; without it the access policy in force, or the built-in one where none is
    #[arg(value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// Arguments of `policy list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only versions of this code
    #[arg(value_name = "CODE")]
    code: Option<String>,
    #[command(flatten)]
    as_of: AsOfArgs,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    code: String,
    version: Option<u32>,
    title: String,
    title_en: Option<String>,
    evaluation: Option<EvaluationFile>,
    rubric: Option<RubricFile>,
    access: Option<AccessFile>,
    approval: Option<ApprovalFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccessFile {
    cedar: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EvaluationFile {
    on_track_from: Option<String>,
    slightly_behind_from: Option<String>,
    display_digits: Option<u32>,
    /// `none`: no cap.
    mean_cap: Option<String>,
    reduction: Option<String>,
    interpolates_months: Option<bool>,
    months_compensate: Option<bool>,
    forecast_gap: Option<String>,
    late_lowering_days: Option<u32>,
    late_report_days: Option<u32>,
    roll_up: Option<String>,
    /// `none`: no grades.
    rubric: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RubricFile {
    input: String,
    #[serde(default)]
    full_target_is_best: bool,
    levels: Vec<LevelFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalFile {
    /// Without any the built-in matrix.
    rules: Option<Vec<ApprovalRuleFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalRuleFile {
    kind: String,
    #[serde(default)]
    drafters: Vec<String>,
    /// `planning`, or `director:企画財政部`.
    #[serde(default)]
    consulted: Vec<String>,
    deciders: Vec<String>,
    #[serde(default)]
    deciders_after_midyear: Vec<String>,
    #[serde(default)]
    external: bool,
    expires_after_days: Option<u32>,
    review_within_days: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelFile {
    key: String,
    title: String,
    title_en: Option<String>,
    at_least: Option<String>,
    #[serde(default)]
    statuses: Vec<String>,
    #[serde(default)]
    non_grade: bool,
}

/// Does what was asked.
pub async fn run(session: &Session, command: &PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Publish(args) => publish(session, args).await,
        PolicyCommand::List(args) => {
            let client = session.client.at(args.as_of.message());
            let policies = client.policies(args.code.clone()).await?;
            session.answer_as_of(&policies, period::policies).await
        }
        PolicyCommand::Show(args) => show(session, args).await,
        // Without a server.
        PolicyCommand::Check(args) => {
            check(session.language(), &session.output, session.json, args)
        }
        PolicyCommand::Schema(args) => schema(&session.output, args),
    }
}

/// Tells what a policy says: Cedar as it is, anything else as JSON.
async fn show(session: &Session, args: &ShowArgs) -> Result<(), Failure> {
    let client = session.client.at(args.as_of.message());
    let known = client.policies(args.code.clone()).await?;
    let wanted = |policy: &&v1::Policy| {
        policy.in_force && (args.code.is_some() || policy.kind() == v1::PolicyKind::Access)
    };
    let Some(policy) = known.policies.iter().find(wanted).cloned() else {
        return match args.code {
            None => session.output.answer(crate::auth::access::BUILT_IN),
            Some(_) => Err(Failure::usage("no version of this policy is in force")),
        };
    };
    match &policy.content {
        Some(v1::policy::Content::Access(access)) if !session.json => {
            session.output.answer(&access.cedar)
        }
        _ => session.print_answer(&v1::ListPoliciesResponse {
            policies: vec![policy],
            ..known
        }),
    }
}

async fn publish(session: &Session, args: &PublishArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let file = read(&args.file).map_err(|problem| unreadable(&args.file, &problem))?;
    let version = match file.version {
        Some(version) => version,
        None => {
            let known = session.client.policies(Some(file.code.clone())).await?;
            let versions = known.policies.iter().filter_map(|p| p.version.as_ref());
            versions.map(|v| v.version).max().unwrap_or(0) + 1
        }
    };
    let payload = file
        .payload(version)
        .map_err(|problem| unreadable(&args.file, &problem))?;
    let code = v1::ReasonCode::PlanReview;
    session
        .tell(&args.writing, Some(args.effective), code, payload)
        .await
}

fn unreadable(file: &Path, problem: &str) -> Failure {
    Failure::usage(format!("{}: {problem}", file.display()))
}

fn read(file: &Path) -> Result<PolicyFile, String> {
    let bytes = durable::read_up_to(file, FILE_BYTES_MAX).map_err(|error| error.to_string())?;
    let bytes = bytes.ok_or_else(|| format!("larger than {FILE_BYTES_MAX} bytes"))?;
    let text = String::from_utf8(bytes).map_err(|error| error.to_string())?;
    if file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("cedar"))
    {
        return Ok(PolicyFile::of_cedar(text));
    }
    let is_json = file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("json"));
    parse(&text, is_json)
}

fn parse(text: &str, is_json: bool) -> Result<PolicyFile, String> {
    if is_json {
        serde_json::from_str(text).map_err(|error| error.to_string())
    } else {
        toml::from_str(text).map_err(|error| error.to_string())
    }
}

impl PolicyFile {
    fn payload(self, version: u32) -> Result<Payload, String> {
        let content = match (self.evaluation, self.rubric, self.access, self.approval) {
            (Some(policy), None, None, None) => Content::Evaluation(policy.message()?),
            (None, Some(rubric), None, None) => Content::Rubric(rubric.message()?),
            (None, None, Some(access), None) => Content::Access(v1::AccessPolicy {
                cedar: access.cedar,
            }),
            (None, None, None, Some(approval)) => Content::Approval(approval.message()?),
            _ => {
                let needed =
                    "exactly one of [evaluation], [rubric], [access] and [approval] is needed";
                return Err(needed.to_owned());
            }
        };
        Ok(Payload::PolicyPublished(v1::PolicyPublished {
            code: self.code,
            version,
            title: Some(v1::Title {
                ja: self.title,
                en: self.title_en,
            }),
            content: Some(content),
        }))
    }
}

/// What stands in the file, else what is built in; `none` says that there is none.
fn or_none(given: Option<String>, built_in: Option<String>) -> Option<String> {
    match given {
        Some(text) if text == "none" => None,
        Some(text) => Some(text),
        None => built_in,
    }
}

fn chosen<C: Choice>(field: &str, given: &str) -> Result<C, String> {
    choice::parse(given).ok_or_else(|| {
        let words: Vec<String> = choice::all::<C>().into_iter().map(choice::word).collect();
        format!("{field}: `{given}` is none of {}", words.join(", "))
    })
}

impl EvaluationFile {
    fn message(self) -> Result<v1::EvaluationPolicy, String> {
        let built_in = EvaluationPolicy::default();
        let figure = |given: Option<String>, built_in: String| given.unwrap_or(built_in);
        let reduction = self.reduction.as_deref();
        let reduction = reduction.unwrap_or_else(|| built_in.reduction.code());
        let roll_up = self.roll_up.as_deref();
        let roll_up = roll_up.unwrap_or_else(|| built_in.roll_up.code());
        Ok(v1::EvaluationPolicy {
            reduction: chosen::<v1::ReductionFormula>("reduction", reduction)?.into(),
            roll_up: chosen::<v1::RollUpJudgement>("roll_up", roll_up)?.into(),
            on_track_from: figure(self.on_track_from, built_in.on_track_from.to_string()),
            slightly_behind_from: figure(
                self.slightly_behind_from,
                built_in.slightly_behind_from.to_string(),
            ),
            display_digits: self.display_digits.unwrap_or(built_in.display_digits),
            mean_cap: or_none(self.mean_cap, built_in.mean_cap.map(|cap| cap.to_string())),
            interpolates_months: self
                .interpolates_months
                .unwrap_or(built_in.interpolates_months),
            months_compensate: self.months_compensate.unwrap_or(built_in.months_compensate),
            forecast_gap: figure(self.forecast_gap, built_in.forecast_gap.to_string()),
            late_lowering_days: self
                .late_lowering_days
                .unwrap_or(built_in.late_lowering_days),
            late_report_days: self.late_report_days.unwrap_or(built_in.late_report_days),
            rubric: or_none(self.rubric, built_in.rubric.map(|code| code.to_string())),
        })
    }
}

impl ApprovalFile {
    fn message(self) -> Result<v1::ApprovalPolicy, String> {
        let rules = match self.rules {
            Some(rules) => rules.into_iter().map(ApprovalRuleFile::message).collect(),
            None => Ok(built_in_matrix()),
        };
        Ok(v1::ApprovalPolicy { rules: rules? })
    }
}

impl ApprovalRuleFile {
    fn message(self) -> Result<v1::ApprovalRule, String> {
        let posts = |field: &str, posts: Vec<String>| {
            let post = |text: String| {
                let (role, unit) = match text.split_once(':') {
                    Some((role, unit)) => (role, Some(unit.to_owned())),
                    None => (text.as_str(), None),
                };
                Ok(v1::ApprovalPost {
                    role: chosen::<v1::SeatRole>(field, role)?.into(),
                    unit,
                })
            };
            posts
                .into_iter()
                .map(post)
                .collect::<Result<Vec<_>, String>>()
        };
        let drafters = self.drafters.iter();
        let drafters = drafters.map(|role| Ok(chosen::<v1::SeatRole>("drafters", role)?.into()));
        Ok(v1::ApprovalRule {
            kind: chosen::<v1::ChangeKind>("kind", &self.kind)?.into(),
            drafters: drafters.collect::<Result<_, String>>()?,
            consulted: posts("consulted", self.consulted)?,
            deciders: posts("deciders", self.deciders)?,
            deciders_after_midyear: posts("deciders_after_midyear", self.deciders_after_midyear)?,
            external: self.external,
            expires_after_days: self
                .expires_after_days
                .unwrap_or(Proposal::EXPIRES_AFTER_DAYS),
            review_within_days: self
                .review_within_days
                .unwrap_or(Proposal::REVIEW_WITHIN_DAYS),
        })
    }
}

/// The matrix that is built in, as a file would have it.
fn built_in_matrix() -> Vec<v1::ApprovalRule> {
    fn named<C: Choice>(code: &str) -> i32 {
        let choice: Option<C> = choice::parse(code);
        choice.map_or(0, |choice| {
            let all = choice::all::<C>();
            let place = all.iter().position(|known| known.name() == choice.name());
            place.map_or(0, |place| i32::try_from(place + 1).unwrap_or(0))
        })
    }
    let posts = |posts: &[Post]| {
        let post = |post: &Post| v1::ApprovalPost {
            role: named::<v1::SeatRole>(post.role.code()),
            unit: None,
        };
        posts.iter().map(post).collect()
    };
    let rule = |rule: &ApprovalRule| v1::ApprovalRule {
        kind: named::<v1::ChangeKind>(rule.kind.code()),
        drafters: rule
            .drafters
            .iter()
            .map(|role| named::<v1::SeatRole>(role.code()))
            .collect(),
        consulted: posts(&rule.consulted),
        deciders: posts(&rule.deciders),
        deciders_after_midyear: posts(&rule.deciders_after_midyear),
        external: rule.external,
        expires_after_days: rule.expires_after_days,
        review_within_days: rule.review_within_days,
    };
    ApprovalPolicy::default().rules.iter().map(rule).collect()
}

impl RubricFile {
    fn message(self) -> Result<v1::GradeRubric, String> {
        let level = |level: LevelFile| {
            let statuses = level
                .statuses
                .iter()
                .map(|status| chosen::<v1::EvaluationStatus>("statuses", status).map(i32::from));
            Ok(v1::GradeLevel {
                statuses: statuses.collect::<Result<_, String>>()?,
                key: level.key,
                title: Some(v1::Title {
                    ja: level.title,
                    en: level.title_en,
                }),
                at_least: level.at_least,
                non_grade: level.non_grade,
            })
        };
        Ok(v1::GradeRubric {
            input: chosen::<v1::GradeInput>("input", &self.input)?.into(),
            levels: self
                .levels
                .into_iter()
                .map(level)
                .collect::<Result<_, String>>()?,
            full_target_is_best: self.full_target_is_best,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(text: &str, is_json: bool) -> Result<Content, String> {
        match parse(text, is_json)?.payload(2)? {
            Payload::PolicyPublished(p) => Ok(p.content.expect("content")),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_a_file_leaves_out_is_as_built_in() {
        let toml = "code = \"city\"\ntitle = \"方針\"\n[evaluation]\non_track_from = \"0.95\"\nmean_cap = \"none\"\n";
        let json = r#"{"code": "city", "title": "方針", "evaluation": {"on_track_from": "0.95", "mean_cap": "none"}}"#;
        let expected = content(toml, false);
        assert_eq!(content(json, true), expected);
        let Ok(Content::Evaluation(policy)) = expected else {
            panic!("{expected:?}");
        };
        assert_eq!(policy.on_track_from, "0.95");
        assert_eq!(policy.slightly_behind_from, "0.8");
        assert_eq!(policy.mean_cap, None);
        assert_eq!(policy.late_lowering_days, 60);
        assert_eq!(policy.rubric.as_deref(), Some("midyear-pace"));
        assert_eq!(policy.reduction(), v1::ReductionFormula::TargetOverActual);
    }

    #[test]
    fn a_rubric_has_its_levels_in_order() {
        let toml = "code = \"g\"\ntitle = \"基準\"\n[rubric]\ninput = \"status\"\n[[rubric.levels]]\nkey = \"順調\"\n\
            title = \"順調\"\nstatuses = [\"on-track\", \"ACHIEVED\"]\n[[rubric.levels]]\nkey = \"Z\"\ntitle = \"他\"\nnon_grade = true\n";
        let Ok(Content::Rubric(rubric)) = content(toml, false) else {
            panic!("no rubric");
        };
        assert_eq!(rubric.input(), v1::GradeInput::Status);
        let statuses: Vec<_> = rubric.levels[0].statuses().collect();
        assert_eq!(
            statuses,
            [
                v1::EvaluationStatus::OnTrack,
                v1::EvaluationStatus::Achieved
            ]
        );
        assert!(rubric.levels[1].non_grade);
    }

    #[test]
    fn what_is_wrong_with_a_file_is_told() {
        let told = |text: &str| content(text, false).expect_err("wrong");
        assert!(told("code = \"c\"\ntitle = \"t\"\n").contains("exactly one of"));
        assert!(told("code = \"c\"\ntitle = \"t\"\nother = 1\n").contains("other"));
        let wrong = told("code = \"c\"\ntitle = \"t\"\n[rubric]\ninput = \"pace\"\nlevels = []\n");
        assert_eq!(
            wrong,
            "input: `pace` is none of attainment, forecast, status, judgement"
        );
    }
}
