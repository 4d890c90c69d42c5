//! Which policy is in force on a day.

use std::sync::Arc;

use imbl::Vector;
use jiff::Timestamp;

use crate::domain::access::AccessPolicy;
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::decision::policy::ApprovalPolicy;
use crate::domain::evaluation::policy::{
    EvaluationPolicy, GradeRubric, PolicyContent, PolicyKind, PolicyVersion,
};
use crate::domain::event::{PolicyPublished, Recorded};
use crate::domain::id::EventId;
use crate::domain::text::Title;

/// One version of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PublishedPolicy {
    /// Which version of which policy.
    pub version: PolicyVersion,
    /// What it is called.
    pub title: Title,
    /// First day it is in force.
    pub effective_from: Date,
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// What it says.
    pub content: PublishedContent,
}

/// What a policy says, shared with whoever computes by it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum PublishedContent {
    /// How figures are computed and judged.
    Evaluation(Arc<EvaluationPolicy>),
    /// How grades are given.
    Rubric(Arc<GradeRubric>),
    /// Which changes are decided, and by whom.
    Approval(Arc<ApprovalPolicy>),
    /// Who may do what.
    Access(Arc<AccessPolicy>),
}

impl PublishedContent {
    /// What it rules.
    pub fn kind(&self) -> PolicyKind {
        match self {
            Self::Evaluation(_) => PolicyKind::Evaluation,
            Self::Rubric(_) => PolicyKind::Rubric,
            Self::Approval(_) => PolicyKind::Approval,
            Self::Access(_) => PolicyKind::Access,
        }
    }
}

/// Every version of every policy that was published.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Policies {
    /// In the order of recording.
    versions: Vector<Arc<PublishedPolicy>>,
}

impl Policies {
    pub(super) fn apply(&mut self, recorded: &Recorded, p: &PolicyPublished, from: Date) {
        let content = match &p.content {
            PolicyContent::Evaluation(policy) => {
                PublishedContent::Evaluation(Arc::new(policy.clone()))
            }
            PolicyContent::Rubric(rubric) => PublishedContent::Rubric(Arc::new(rubric.clone())),
            PolicyContent::Approval(approval) => {
                PublishedContent::Approval(Arc::new(approval.clone()))
            }
            PolicyContent::Access(policy) => PublishedContent::Access(Arc::new(policy.clone())),
        };
        self.versions.push_back(Arc::new(PublishedPolicy {
            version: PolicyVersion {
                code: p.code.clone(),
                version: p.version,
            },
            title: p.title.clone(),
            effective_from: from,
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            content,
        }));
    }

    pub(super) fn all(&self) -> impl DoubleEndedIterator<Item = &Arc<PublishedPolicy>> {
        self.versions.iter()
    }

    /// The last version under `code`.
    pub(super) fn newest(&self, code: &Code) -> Option<&Arc<PublishedPolicy>> {
        self.versions
            .iter()
            .rev()
            .find(|published| published.version.code == *code)
    }

    /// Of the evaluation policies in force on `date` the one with the latest day of effect, of one day the last
    /// published.
    pub(super) fn evaluation_on(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> Option<(PolicyVersion, Arc<EvaluationPolicy>)> {
        self.in_force(date, known)
            .filter_map(|published| match &published.content {
                PublishedContent::Evaluation(policy) => Some((published, policy)),
                PublishedContent::Rubric(_)
                | PublishedContent::Access(_)
                | PublishedContent::Approval(_) => None,
            })
            .max_by_key(|(published, _)| (published.effective_from, published.position))
            .map(|(published, policy)| (published.version.clone(), policy.clone()))
    }

    /// Of the rubrics of `code` in force on `date` the one with the latest day of effect, of one day the last
    /// published.
    pub(super) fn rubric_on(
        &self,
        code: &Code,
        date: Date,
        known: Option<u64>,
    ) -> Option<(PolicyVersion, Arc<GradeRubric>)> {
        self.in_force(date, known)
            .filter(|published| published.version.code == *code)
            .filter_map(|published| match &published.content {
                PublishedContent::Rubric(rubric) => Some((published, rubric)),
                PublishedContent::Evaluation(_)
                | PublishedContent::Access(_)
                | PublishedContent::Approval(_) => None,
            })
            .max_by_key(|(published, _)| (published.effective_from, published.position))
            .map(|(published, rubric)| (published.version.clone(), rubric.clone()))
    }

    /// Of the access policies in force on `date` the one with the latest day of effect, of one day the last published.
    pub(super) fn access_on(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> Option<(PolicyVersion, Arc<AccessPolicy>)> {
        self.in_force(date, known)
            .filter_map(|published| match &published.content {
                PublishedContent::Access(policy) => Some((published, policy)),
                PublishedContent::Evaluation(_)
                | PublishedContent::Rubric(_)
                | PublishedContent::Approval(_) => None,
            })
            .max_by_key(|(published, _)| (published.effective_from, published.position))
            .map(|(published, policy)| (published.version.clone(), policy.clone()))
    }

    /// Of the approval policies in force on `date` the one with the latest day of effect, of one day the last published.
    pub(super) fn approval_on(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> Option<(PolicyVersion, Arc<ApprovalPolicy>)> {
        self.in_force(date, known)
            .filter_map(|published| match &published.content {
                PublishedContent::Approval(policy) => Some((published, policy)),
                PublishedContent::Evaluation(_)
                | PublishedContent::Rubric(_)
                | PublishedContent::Access(_) => None,
            })
            .max_by_key(|(published, _)| (published.effective_from, published.position))
            .map(|(published, policy)| (published.version.clone(), policy.clone()))
    }

    fn in_force(
        &self,
        date: Date,
        known: Option<u64>,
    ) -> impl Iterator<Item = &Arc<PublishedPolicy>> {
        self.versions.iter().filter(move |published| {
            published.effective_from <= date && known.is_none_or(|size| published.position < size)
        })
    }
}
