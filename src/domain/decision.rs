//! Decisions (決裁): a change is proposed (起案), others are asked (合議), somebody else decides, and only then is it made.
//!
//! A decision binds to the digest of the exact change; nothing that waits moves a figure.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::date::Date;
use crate::domain::event::{
    Actor, ChangeConsulted, ChangeDecided, ChangeProposed, DecisionReviewed, ProposedChange,
    Recorded, SourceDocument, Stream,
};
use crate::domain::id::{DelegationId, EventId, PersonId, ProposalId, UnitId};
use crate::domain::indicator::enumeration;
use crate::domain::personal::FreeText;
use crate::domain::text::{Name, labels};

pub mod policy;

enumeration! {
    /// Kinds of changes, as decisions tell them apart (DOMAIN.md §7). Found from what stands, never from what a caller says.
    ChangeKind {
        /// 上方修正・期限の前倒し: more is asked for, or earlier.
        TargetRaised = "TARGET_RAISED",
        /// 下方修正・期限の延長: less is asked for, or later.
        TargetLowered = "TARGET_LOWERED",
        /// その他の目標変更: neither more nor less.
        TargetOtherwise = "TARGET_OTHERWISE",
        /// 内訳・対象の除外: a part, a member, a checkpoint or a component is no longer counted.
        PartDropped = "PART_DROPPED",
        /// 定義の変更: it is measured otherwise.
        Redefined = "REDEFINED",
        /// 体系・所管の変更: it goes to another parent, or others answer for it.
        Moved = "MOVED",
        /// 休止: work rests.
        Suspended = "SUSPENDED",
        /// 再開: work goes on.
        Resumed = "RESUMED",
        /// 中止: it is given up.
        Cancelled = "CANCELLED",
        /// 繰越: it goes on in another plan.
        CarriedOver = "CARRIED_OVER",
        /// 訂正（受付中）: a report of an open period is replaced or taken back.
        CorrectedOpen = "CORRECTED_OPEN",
        /// 訂正（締切後）: a report of a soft-closed or reopened period is replaced or taken back.
        CorrectedSoftClosed = "CORRECTED_SOFT_CLOSED",
        /// 訂正（確定後）: a report of a closed period is replaced or taken back.
        CorrectedClosed = "CORRECTED_CLOSED",
        /// 期間の確定.
        PeriodClosed = "PERIOD_CLOSED",
        /// 期間の再開.
        PeriodReopened = "PERIOD_REOPENED",
        /// 当初計画: an initiative, an indicator or a first target is set.
        InitialPlan = "INITIAL_PLAN",
        /// 方針・基準の変更: a policy is published.
        PolicyChanged = "POLICY_CHANGED",
        /// 管理者権限の付与: a seat, acting for one, or another login for whoever has one.
        AdministratorGranted = "ADMINISTRATOR_GRANTED",
        /// 署名鍵の変更: a key is announced or retired.
        KeyChanged = "KEY_CHANGED",
        /// 署名鍵の危殆化: it is said that others know a key.
        KeyCompromised = "KEY_COMPROMISED",
        /// 消去: texts about somebody, or a file of evidence, are erased.
        DataErased = "DATA_ERASED",
    }
}

enumeration! {
    /// What somebody who was asked makes of a proposal (合議).
    ConsultationOutcome {
        /// 同意: nothing stands against it.
        Consent = "CONSENT",
        /// 異議: something stands against it. It does not stop a decision, and is shown with it.
        Object = "OBJECT",
    }
}

enumeration! {
    /// What is decided of a proposal.
    DecisionOutcome {
        /// 決裁: it is done.
        Approved = "APPROVED",
        /// 差戻し: it is to be proposed otherwise.
        Returned = "RETURNED",
        /// 却下: it is not done.
        Rejected = "REJECTED",
    }
}

enumeration! {
    /// What an absent principal makes of a decision that was made in their place (後閲).
    ReviewOutcome {
        /// 了承.
        Agree = "AGREE",
        /// 異議. The decision stands.
        Disagree = "DISAGREE",
    }
}

enumeration! {
    /// What has become of a proposal.
    ProposalState {
        /// 起案: it waits.
        Open = "OPEN",
        /// 合議済: it waits, and somebody who was asked has answered.
        Consulted = "CONSULTED",
        /// 決裁: it was approved, and the change was made.
        Approved = "APPROVED",
        /// 差戻し.
        Returned = "RETURNED",
        /// 却下.
        Rejected = "REJECTED",
        /// 取下げ.
        Withdrawn = "WITHDRAWN",
        /// 失効.
        Expired = "EXPIRED",
        /// 差替え: another proposal took its place.
        Replaced = "REPLACED",
    }
}

labels! {
    ChangeKind {
        TargetRaised => "目標の引上げ・前倒し", "target raised or brought forward";
        TargetLowered => "目標の引下げ・延期", "target lowered or postponed";
        TargetOtherwise => "目標の変更（増減なし）", "target changed otherwise";
        PartDropped => "内訳・対象の除外", "part or member dropped";
        Redefined => "定義・単位の変更", "measured otherwise";
        Moved => "体系・所管の変更", "moved";
        Suspended => "休止", "suspended";
        Resumed => "再開", "resumed";
        Cancelled => "中止", "cancelled";
        CarriedOver => "繰越", "carried over";
        CorrectedOpen => "実績の訂正（受付中の期間）", "report corrected, period open";
        CorrectedSoftClosed => "実績の訂正（受付締切後）", "report corrected, period soft-closed";
        CorrectedClosed => "実績の訂正（期間の確定後）", "report corrected, period closed";
        PeriodClosed => "期間の確定", "period closed";
        PeriodReopened => "期間の再開", "period reopened";
        InitialPlan => "当初計画の設定", "initial plan";
        PolicyChanged => "方針・基準の変更", "policy changed";
        AdministratorGranted => "管理者権限の付与", "administrator granted";
        KeyChanged => "署名鍵の公表・廃止", "key announced or retired";
        KeyCompromised => "署名鍵の危殆化", "key compromised";
        DataErased => "個人情報・根拠資料の消去", "texts or evidence erased";
    }
    ConsultationOutcome {
        Consent => "同意", "consent";
        Object => "異議", "objection";
    }
    DecisionOutcome {
        Approved => "決裁", "approved";
        Returned => "差戻し", "returned";
        Rejected => "却下", "rejected";
    }
    ReviewOutcome {
        Agree => "了承", "agreed";
        Disagree => "異議", "disagreed";
    }
    ProposalState {
        Open => "起案", "open";
        Consulted => "合議済", "consulted";
        Approved => "決裁済", "approved";
        Returned => "差戻し", "returned";
        Rejected => "却下", "rejected";
        Withdrawn => "取下げ", "withdrawn";
        Expired => "失効", "expired";
        Replaced => "差替え", "replaced";
    }
}

/// A decision that was made outside of the ledger.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExternalDecision {
    /// The day it was made.
    pub decided_on: Date,
    /// Who made it, by post.
    pub decider: Name,
    /// The person who made it, where they are in the directory.
    pub person: Option<PersonId>,
}

/// When and by whom a step of a proposal was taken.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Step {
    /// Its event.
    pub event_id: EventId,
    /// Position of that event.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
    /// That day in the ledger's zone.
    pub on: Date,
    /// Who took it.
    pub actor: Arc<Actor>,
}

impl Step {
    fn new(recorded: &Recorded, on: Date) -> Self {
        Self {
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
            on,
            actor: recorded.actor.clone(),
        }
    }
}

/// An answer of somebody who was asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Consultation {
    /// Who and when.
    pub step: Step,
    /// The answer.
    pub outcome: ConsultationOutcome,
    /// In words.
    pub text: Option<FreeText>,
    /// The unit that answers.
    pub unit: Option<UnitId>,
}

/// What was decided of a proposal.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// Who and when.
    pub step: Step,
    /// The decision.
    pub outcome: DecisionOutcome,
    /// In words.
    pub text: Option<FreeText>,
    /// Where it was made outside of the ledger.
    pub external: Option<ExternalDecision>,
    /// Its paper.
    pub source_document: Option<SourceDocument>,
    /// The delegation by which it was made in another's place.
    pub acting: Option<DelegationId>,
    /// What the absent principal made of it.
    pub review: Option<Review>,
}

/// What an absent principal made of a decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Review {
    /// Who and when.
    pub step: Step,
    /// What they made of it.
    pub outcome: ReviewOutcome,
    /// In words.
    pub text: Option<FreeText>,
}

/// A change that was proposed, and what has become of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// Its id.
    pub id: ProposalId,
    /// Its number in the ledger, from 1, in the order of recording; people call it `P17`.
    pub number: u64,
    /// The stream of the proposal and of the change.
    pub stream: Stream,
    /// What kind of change it is.
    pub kind: ChangeKind,
    /// The change.
    pub change: ProposedChange,
    /// What it would come to.
    pub impact: FreeText,
    /// The proposal that it took the place of.
    pub replaces: Option<ProposalId>,
    /// Who proposed it, and when.
    pub drafted: Step,
    /// The answers of those who were asked, in the order of recording.
    pub consultations: Vec<Consultation>,
    /// What was decided.
    pub decision: Option<Decision>,
    /// What has become of it.
    pub state: ProposalState,
    /// The day of the last step: what is left alone from then on expires.
    pub touched_on: Date,
}

impl Proposal {
    /// Days after the last step until a proposal expires, where no policy says otherwise.
    pub const EXPIRES_AFTER_DAYS: u32 = 30;
    /// Days within which a decision made in another's place is looked at, where no policy says otherwise.
    pub const REVIEW_WITHIN_DAYS: u32 = 14;
    /// Open proposals of one ledger at most.
    pub const OPEN_MAX: usize = 10_000;
    /// Consultations of one proposal at most.
    pub const CONSULTATIONS_MAX: usize = 50;

    /// A proposal that was just made; `number` is its place among all, from 1.
    pub fn new(recorded: &Recorded, p: &ChangeProposed, number: u64, on: Date) -> Self {
        Self {
            id: p.proposal,
            number,
            stream: recorded.event.stream,
            // Every stored proposal has one.
            kind: p.kind.unwrap_or(ChangeKind::TargetOtherwise),
            change: p.change.clone(),
            impact: p.impact.clone(),
            replaces: p.replaces,
            drafted: Step::new(recorded, on),
            consultations: Vec::new(),
            decision: None,
            state: ProposalState::Open,
            touched_on: on,
        }
    }

    /// Whether it waits for a decision.
    pub fn is_open(&self) -> bool {
        matches!(self.state, ProposalState::Open | ProposalState::Consulted)
    }

    /// What people call it: `P17`.
    pub fn code(&self) -> String {
        format!("P{}", self.number)
    }

    /// The number that `text` calls a proposal by, `P17` or `p17`, full width too once it is NFKC.
    pub fn number_of(text: &str) -> Option<u64> {
        let digits = text.strip_prefix(['P', 'p'])?;
        let plain = digits.bytes().all(|b| b.is_ascii_digit()) && !digits.starts_with('0');
        plain.then(|| digits.parse().ok()).flatten()
    }

    pub(super) fn consult(&mut self, recorded: &Recorded, p: &ChangeConsulted, on: Date) {
        // An answer about another text is none about this.
        if Some(p.digest) != self.change.digest() || !self.is_open() {
            return;
        }
        self.consultations.push(Consultation {
            step: Step::new(recorded, on),
            outcome: p.outcome,
            text: p.text.clone(),
            unit: p.unit,
        });
        self.state = ProposalState::Consulted;
        self.touched_on = on;
    }

    pub(super) fn decide(&mut self, recorded: &Recorded, p: &ChangeDecided, on: Date) {
        if Some(p.digest) != self.change.digest() || !self.is_open() {
            return;
        }
        self.decision = Some(Decision {
            step: Step::new(recorded, on),
            outcome: p.outcome,
            text: p.text.clone(),
            external: p.external.clone(),
            source_document: recorded.event.source_document.clone(),
            acting: p.acting,
            review: None,
        });
        self.state = match p.outcome {
            DecisionOutcome::Approved => ProposalState::Approved,
            DecisionOutcome::Returned => ProposalState::Returned,
            DecisionOutcome::Rejected => ProposalState::Rejected,
        };
        self.touched_on = on;
    }

    pub(super) fn review(&mut self, recorded: &Recorded, p: &DecisionReviewed, on: Date) {
        if let Some(decision) = &mut self.decision
            && decision.review.is_none()
        {
            decision.review = Some(Review {
                step: Step::new(recorded, on),
                outcome: p.outcome,
                text: p.text.clone(),
            });
        }
    }

    pub(super) fn end(&mut self, state: ProposalState, on: Date) {
        // What was returned may still be replaced; whatever else has ended stays so.
        let returned = self.state == ProposalState::Returned && state == ProposalState::Replaced;
        if !self.is_open() && !returned {
            return;
        }
        self.state = state;
        self.touched_on = on;
    }
}
