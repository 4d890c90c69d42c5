//! Which policy figures are computed and judged with, and which rubric grades them.

use std::sync::Arc;

use crate::domain::code::{Code, Key};
use crate::domain::date::Date;
use crate::domain::directory::{Directory, PublishedContent};
use crate::domain::evaluation::grade::{built_in_rubric, grade};
use crate::domain::evaluation::policy::{
    EvaluationPolicy, GradeRubric, PolicyContent, PolicyVersion,
};
use crate::domain::evaluation::{Evaluation, Status};
use crate::domain::indicator::Definition;
use crate::ledger::policy_sha256;

/// A policy with the rubric that it names.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ruling {
    /// The policy.
    pub policy: Ruled<EvaluationPolicy>,
    /// The rubric; `None`: it names none, or none of that code is in force.
    pub rubric: Option<Ruled<GradeRubric>>,
}

/// A version of a policy and what it says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Ruled<T> {
    /// Which version of which policy.
    pub version: PolicyVersion,
    /// What it says.
    pub content: Arc<T>,
    /// SHA-256 over that in the stored encoding; `None` only of what could never be stored.
    pub sha256: Option<[u8; 32]>,
}

impl Ruling {
    /// The policy in force on `date` as known at `known_at`; the one built in where none is.
    pub fn on(directory: &Directory, date: Date, known_at: u64) -> Self {
        let (version, policy) = directory.evaluation_policy_on(date, Some(known_at));
        Self::with(directory, version, policy, date, known_at)
    }

    /// The policy of this version, published before `known_at`, in force or not; `None` where there is none.
    pub fn of(
        directory: &Directory,
        version: &PolicyVersion,
        date: Date,
        known_at: u64,
    ) -> Option<Self> {
        if *version == PolicyVersion::built_in() {
            return Some(Self::with(
                directory,
                version.clone(),
                Arc::default(),
                date,
                known_at,
            ));
        }
        let published = directory
            .policies()
            .find(|published| published.version == *version && published.position < known_at)?;
        match &published.content {
            PublishedContent::Evaluation(policy) => Some(Self::with(
                directory,
                version.clone(),
                policy.clone(),
                date,
                known_at,
            )),
            PublishedContent::Rubric(_)
            | PublishedContent::Access(_)
            | PublishedContent::Approval(_) => None,
        }
    }

    fn with(
        directory: &Directory,
        version: PolicyVersion,
        policy: Arc<EvaluationPolicy>,
        date: Date,
        known_at: u64,
    ) -> Self {
        let in_force = |code: &Code| {
            directory.rubric_on(code, date, Some(known_at)).or_else(|| {
                let rubric = built_in_rubric(code)?;
                Some((rubric.version.clone(), rubric.rubric.clone()))
            })
        };
        let rubric = policy
            .rubric
            .as_ref()
            .and_then(in_force)
            .map(|(version, rubric)| Ruled {
                version,
                sha256: policy_sha256(&PolicyContent::Rubric(GradeRubric::clone(&rubric))).ok(),
                content: rubric,
            });
        let content = PolicyContent::Evaluation(EvaluationPolicy::clone(&policy));
        let sha256 = policy_sha256(&content).ok();
        Self {
            policy: Ruled {
                version,
                content: policy,
                sha256,
            },
            rubric,
        }
    }

    /// The grade that the rubric computes; `None` without a rubric, or where it computes none.
    pub fn grade(&self, evaluation: &Evaluation, definition: &Definition) -> Option<Key> {
        let rubric = self.rubric.as_ref()?;
        grade(&rubric.content, evaluation, definition).map(|level| level.key.clone())
    }

    /// The grade that the rubric gives for a status alone.
    pub fn grade_of(&self, status: Status) -> Option<Key> {
        let levels = &self.rubric.as_ref()?.content.levels;
        let level = levels.iter().find(|level| level.statuses.contains(&status));
        level.map(|level| level.key.clone())
    }

    /// The policy as the canonical rows name it: `default@0`.
    pub fn name(&self) -> String {
        let PolicyVersion { code, version } = &self.policy.version;
        format!("{code}@{version}")
    }
}
