//! Periods, evaluations and next actions: reading them from the wire.

use crate::api::v1;
use crate::domain::code::Key;
use crate::domain::evaluation::judgement::ComputedJudgement;
use crate::domain::event::{
    EvaluationFinalised, EvaluationReviewed, NextActionAgreed, NextActionClosed, PeriodClosed,
    PeriodOpened, PeriodReopened, PeriodSoftClosed, PolicyPublished, RestatementIssued,
    SelfEvaluated, SnapshotTaken,
};
use crate::domain::id::PlanId;
use crate::domain::period::Period;
use crate::grpc::event::field::{At, optional};
use crate::grpc::event::payload::Reading;
use crate::grpc::event::policy;

impl Reading<'_, '_> {
    pub(super) fn policy_published(&mut self, p: &v1::PolicyPublished) -> Option<PolicyPublished> {
        let at = self.at.then("policy_published");
        let code = self.faults.code(&at.then("code"), &p.code);
        let version = self.faults.ordinal(&at.then("version"), p.version);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let content = policy::content(self.faults, self.resolver, &at, p.content.as_ref());
        Some(PolicyPublished {
            code: code?,
            version: version?,
            title: title?,
            content: content?,
        })
    }

    /// The plan, and the key of one of its periods.
    fn period(&mut self, at: &At<'_>, plan: &str, period: &str) -> Option<(PlanId, Key)> {
        let plan = self.the(at, "plan", plan);
        let period = self.faults.key(&at.then("period"), period);
        Some((plan?, period?))
    }

    pub(super) fn period_opened(&mut self, p: &v1::PeriodOpened) -> Option<PeriodOpened> {
        let at = self.at.then("period_opened");
        let named = self.period(&at, &p.plan, &p.period);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let span = self.faults.span(&at.then("span"), p.span.as_ref());
        let (plan, period) = named?;
        Some(PeriodOpened {
            plan,
            period,
            title: title?,
            span: span?,
        })
    }

    pub(super) fn period_soft_closed(
        &mut self,
        p: &v1::PeriodSoftClosed,
    ) -> Option<PeriodSoftClosed> {
        let at = self.at.then("period_soft_closed");
        let (plan, period) = self.period(&at, &p.plan, &p.period)?;
        Some(PeriodSoftClosed { plan, period })
    }

    pub(super) fn period_closed(&mut self, p: &v1::PeriodClosed) -> Option<PeriodClosed> {
        let at = self.at.then("period_closed");
        let named = self.period(&at, &p.plan, &p.period);
        let revision = optional(p.revision, |revision| {
            self.faults.ordinal(&at.then("revision"), revision)
        });
        let (plan, period) = named?;
        Some(PeriodClosed {
            plan,
            period,
            revision: revision?,
        })
    }

    pub(super) fn period_reopened(&mut self, p: &v1::PeriodReopened) -> Option<PeriodReopened> {
        let at = self.at.then("period_reopened");
        let named = self.period(&at, &p.plan, &p.period);
        let scope = self.list(&at, "scope", &p.scope, Period::SCOPE_MAX);
        let until = self.faults.date(&at.then("until"), &p.until);
        let (plan, period) = named?;
        Some(PeriodReopened {
            plan,
            period,
            scope: scope?,
            until: until?,
        })
    }

    pub(super) fn snapshot_taken(&mut self, p: &v1::SnapshotTaken) -> Option<SnapshotTaken> {
        let at = self.at.then("snapshot_taken");
        let named = self.period(&at, &p.plan, &p.period);
        let revision = self.faults.ordinal(&at.then("revision"), p.revision);
        let closed_by = self.faults.id(&at.then("closed_by"), &p.closed_by);
        let effective_on = self.faults.date(&at.then("effective_on"), &p.effective_on);
        let policy = policy::policy_version(self.faults, &at.then("policy"), p.policy.as_ref());
        let rows_format = self.faults.ordinal(&at.then("rows_format"), p.rows_format);
        let rows_sha256 = self.faults.digest(&at.then("rows_sha256"), &p.rows_sha256);
        let root = optional(p.root.as_deref(), |root| {
            self.faults.digest(&at.then("root"), root)
        });
        let (plan, period) = named?;
        Some(SnapshotTaken {
            plan,
            period,
            revision: revision?,
            closed_by: closed_by?,
            effective_on: effective_on?,
            known_at: p.known_at,
            policy: policy?,
            rows: p.rows,
            rows_format: rows_format?,
            rows_sha256: rows_sha256?,
            root: root?,
        })
    }

    pub(super) fn restatement_issued(
        &mut self,
        p: &v1::RestatementIssued,
    ) -> Option<RestatementIssued> {
        let at = self.at.then("restatement_issued");
        let named = self.period(&at, &p.plan, &p.period);
        let revision = self.faults.ordinal(&at.then("revision"), p.revision);
        let policy = optional(p.policy.as_ref(), |version| {
            policy::policy_version(self.faults, &at.then("policy"), Some(version))
        });
        let rows_format = optional(p.rows_format, |format| {
            self.faults.ordinal(&at.then("rows_format"), format)
        });
        let rows_sha256 = optional(p.rows_sha256.as_deref(), |digest| {
            self.faults.digest(&at.then("rows_sha256"), digest)
        });
        let (plan, period) = named?;
        Some(RestatementIssued {
            plan,
            period,
            revision: revision?,
            known_at: p.known_at,
            policy: policy?,
            rows: p.rows,
            material: p.material,
            rows_format: rows_format?,
            rows_sha256: rows_sha256?,
        })
    }

    /// Refuses a judgement that the server computes. It stands in the message for answers only.
    fn computed(
        &mut self,
        at: &At<'_>,
        computed: Option<&v1::ComputedJudgement>,
    ) -> Option<Option<ComputedJudgement>> {
        match computed {
            None => Some(None),
            Some(_) => self
                .faults
                .form(&at.then("computed"), "the server computes it; leave it out"),
        }
    }

    pub(super) fn self_evaluated(&mut self, p: &v1::SelfEvaluated) -> Option<SelfEvaluated> {
        let at = self.at.then("self_evaluated");
        let subject = self.subject(&at, p.subject.as_ref());
        let period = self.faults.key(&at.then("period"), &p.period);
        let grade = optional(p.grade.as_deref(), |key| {
            self.faults.key(&at.then("grade"), key)
        });
        let rubric = optional(p.rubric.as_ref(), |version| {
            policy::policy_version(self.faults, &at.then("rubric"), Some(version))
        });
        let computed = self.computed(&at, p.computed.as_ref());
        let cause = optional(p.cause, |cause| {
            self.faults.choice(&at.then("cause"), cause)
        });
        let comment = self.faults.free_text(&at.then("comment"), &p.comment);
        Some(SelfEvaluated {
            subject: subject?,
            period: period?,
            grade: grade?,
            rubric: rubric?,
            computed: computed?,
            cause: cause?,
            comment: comment?,
        })
    }

    pub(super) fn evaluation_reviewed(
        &mut self,
        p: &v1::EvaluationReviewed,
    ) -> Option<EvaluationReviewed> {
        let at = self.at.then("evaluation_reviewed");
        let subject = self.subject(&at, p.subject.as_ref());
        let period = self.faults.key(&at.then("period"), &p.period);
        let grade = optional(p.grade.as_deref(), |key| {
            self.faults.key(&at.then("grade"), key)
        });
        let rubric = optional(p.rubric.as_ref(), |version| {
            policy::policy_version(self.faults, &at.then("rubric"), Some(version))
        });
        let computed = self.computed(&at, p.computed.as_ref());
        let comment = self.faults.free_text(&at.then("comment"), &p.comment);
        Some(EvaluationReviewed {
            subject: subject?,
            period: period?,
            grade: grade?,
            rubric: rubric?,
            computed: computed?,
            comment: comment?,
        })
    }

    pub(super) fn evaluation_finalised(
        &mut self,
        p: &v1::EvaluationFinalised,
    ) -> Option<EvaluationFinalised> {
        let at = self.at.then("evaluation_finalised");
        let subject = self.subject(&at, p.subject.as_ref());
        let period = self.faults.key(&at.then("period"), &p.period);
        let grade = optional(p.grade.as_deref(), |key| {
            self.faults.key(&at.then("grade"), key)
        });
        let rubric = optional(p.rubric.as_ref(), |version| {
            policy::policy_version(self.faults, &at.then("rubric"), Some(version))
        });
        let computed = self.computed(&at, p.computed.as_ref());
        let comment = optional(p.comment.as_deref(), |text| {
            self.faults.free_text(&at.then("comment"), text)
        });
        Some(EvaluationFinalised {
            subject: subject?,
            period: period?,
            grade: grade?,
            rubric: rubric?,
            computed: computed?,
            comment: comment?,
        })
    }

    pub(super) fn next_action_agreed(
        &mut self,
        p: &v1::NextActionAgreed,
    ) -> Option<NextActionAgreed> {
        let at = self.at.then("next_action_agreed");
        let subject = self.subject(&at, p.subject.as_ref());
        let action = self.faults.id(&at.then("action"), &p.action);
        let period = self.faults.key(&at.then("period"), &p.period);
        let kind = self.faults.choice(&at.then("kind"), p.kind);
        let text = self.faults.free_text(&at.then("text"), &p.text);
        let owner_unit = self.the(&at, "owner_unit", &p.owner_unit);
        let due = self.faults.date(&at.then("due"), &p.due);
        Some(NextActionAgreed {
            subject: subject?,
            action: action?,
            period: period?,
            kind: kind?,
            text: text?,
            owner_unit: owner_unit?,
            due: due?,
        })
    }

    pub(super) fn next_action_closed(
        &mut self,
        p: &v1::NextActionClosed,
    ) -> Option<NextActionClosed> {
        let at = self.at.then("next_action_closed");
        let subject = self.subject(&at, p.subject.as_ref());
        let action = self.faults.id(&at.then("action"), &p.action);
        let outcome = self.faults.choice(&at.then("outcome"), p.outcome);
        let text = self.faults.free_text(&at.then("text"), &p.text);
        Some(NextActionClosed {
            subject: subject?,
            action: action?,
            outcome: outcome?,
            text: text?,
        })
    }
}
