//! What can be permitted: one action for each kind of thing that a caller does.

use crate::domain::event::{EventType, Payload};
use crate::domain::text::Language;

/// What every action is part of. Policies may name a group in place of its actions.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Group {
    /// Reading.
    Read,
    /// Writing facts.
    Write,
    /// Deciding on what others propose; a part of writing.
    Approve,
    /// Keeping the server and its keys.
    Operate,
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $group:ident, $ja:literal, $en:literal;)*) => {
        /// An action that policies permit or forbid. Its code is its name in the schema.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Action { $($(#[$doc])* $name),* }

        impl Action {
            /// Every action, in the order of the schema.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in policies.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// What it is part of.
            pub fn group(self) -> Group {
                match self { $(Self::$name => Group::$group),* }
            }

            /// What it is called.
            pub fn label(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Ja) => $ja, (Self::$name, Language::En) => $en,)*
                }
            }

            /// The action of this name.
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|action| action.code() == code)
            }
        }
    };
}

actions! {
    /// What the ledger is, its units, plans, policies, keys and proofs.
    ReadLedger = Read, "台帳の閲覧", "read what the ledger is";
    /// Persons, who holds which seat and what they could do. Access logs are read by who may [`Action::VerifyStore`].
    ReadAccess = Read, "利用者・権限の閲覧", "read persons and who holds which seat";
    /// Every event of every goal, in bulk.
    ReadEverything = Read, "全イベントの閲覧", "read all events";
    /// A plan's calendar, periods, evaluations as a whole and findings.
    ReadPlan = Read, "計画の閲覧", "read a plan";
    /// A goal with all that stands under it.
    ReadGoal = Read, "組織目標の閲覧", "read a goal";
    /// The events of a goal one by one, with proofs of them. Who may read everything needs it for none.
    VerifyGoal = Read, "組織目標の検証・証明の取得", "verify a goal, with its events and proofs";
    /// Words about people, with their openings.
    ReadPersonalData = Read, "個人情報の閲覧", "read personal data";

    /// Sets a goal.
    SetGoal = Write, "組織目標の設定", "set a goal";
    /// Rewords, moves, suspends, resumes, cancels or carries over a goal.
    ChangeGoal = Write, "組織目標の変更", "change a goal";
    /// Sets an initiative.
    SetInitiative = Write, "取組内容の設定", "set an initiative";
    /// Rewords or moves an initiative, or hands it to other sections.
    ChangeInitiative = Write, "取組内容の変更", "change an initiative";
    /// Gives up an initiative.
    CancelInitiative = Write, "取組内容の中止", "cancel an initiative";
    /// Defines, rewords or moves an indicator, sets its baseline or its line of plan.
    DefineIndicator = Write, "指標の定義", "define an indicator";
    /// Defines an indicator anew.
    RedefineIndicator = Write, "指標定義の変更", "redefine an indicator";
    /// Gives up an indicator.
    CancelIndicator = Write, "指標の中止", "cancel an indicator";
    /// Sets the first target.
    SetTarget = Write, "目標値の設定", "set a target";
    /// Sets another target in place of one.
    ReviseTarget = Write, "目標値の変更", "revise a target";
    /// Reports progress or demand.
    RecordActual = Write, "実績報告", "report progress";
    /// Corrects or takes back a report.
    CorrectActual = Write, "実績の訂正・取消", "correct or retract a report";
    /// Confirms reports of others.
    ConfirmActual = Write, "実績確認", "confirm a report";
    /// Says what it will come to.
    SubmitForecast = Write, "見込みの提出", "submit a forecast";
    /// Tells causes, risks and results.
    AddNarrative = Write, "状況説明", "tell how things stand";
    /// Attaches files.
    AttachEvidence = Write, "根拠資料の添付", "attach evidence";
    /// Evaluates one's own work.
    SelfEvaluate = Write, "自己評価", "self-evaluate";
    /// Reviews a self-evaluation.
    ReviewEvaluation = Write, "二次評価", "review an evaluation";
    /// Makes an evaluation final.
    FinaliseEvaluation = Write, "評価の確定", "finalise an evaluation";
    /// Agrees on or ends a next action.
    AgreeAction = Write, "今後の対応", "agree on a next action";

    /// Proposes a change.
    ProposeChange = Write, "起案", "propose a change";
    /// Consents to a proposal or objects.
    ConsultChange = Write, "合議", "consent to a proposal";
    /// Takes back a proposal.
    WithdrawChange = Write, "取下げ", "withdraw a proposal";
    /// Looks at a decision that was taken in one's place.
    ReviewDecision = Write, "後閲", "review a decision taken in one's place";
    /// Decides on a proposal.
    DecideChange = Approve, "決裁", "decide on a proposal";

    /// Publishes a plan and says what it was imported from.
    PublishPlan = Write, "計画の公表・取込", "publish or import a plan";
    /// Opens a period.
    OpenPeriod = Write, "期間開始", "open a period";
    /// Closes a period for reports without a reason.
    SoftClosePeriod = Write, "受付締切", "soft-close a period";
    /// Closes a period.
    ClosePeriod = Write, "期間の確定", "close a period";
    /// Reopens a period.
    ReopenPeriod = Write, "期間の再開", "reopen a period";
    /// Publishes figures anew.
    IssueRestatement = Write, "修正公表", "issue a restatement";
    /// Sets the reporting calendar.
    SetCalendar = Write, "報告日程の設定", "set the reporting calendar";
    /// Records what an audit found.
    RecordFinding = Write, "監査指摘", "record an audit finding";
    /// Answers a finding.
    AnswerFinding = Write, "監査指摘への措置", "answer an audit finding";

    /// Registers and changes units.
    RegisterUnit = Write, "組織の登録・改編", "register or change a unit";
    /// Publishes how figures are judged.
    PublishPolicy = Write, "算定方針・評価基準の公表", "publish a policy";
    /// Registers persons and their logins.
    RegisterPerson = Write, "利用者の登録", "register a person";
    /// Grants and revokes seats.
    GrantRole = Write, "発令・解除", "grant or revoke a seat";
    /// Lets somebody act for a seat.
    RegisterDelegation = Write, "代決の登録", "let somebody act for a seat";

    /// Publishes who may do what and what needs a decision.
    PublishAccessPolicy = Operate, "権限方針・決裁方針の公表", "publish an access policy";
    /// Erases personal texts and files.
    EraseData = Operate, "消去", "erase personal data or evidence";
    /// Proposes a change of keys or an erasure, or takes the proposal back.
    ProposeOperation = Operate, "運用の起案", "propose a change of keys or an erasure";
    /// Decides on such a proposal, or looks at a decision that was taken in one's place.
    DecideOperation = Operate, "運用の決裁", "decide on a change of keys or an erasure";
    /// Announces and retires signing keys.
    ManageKeys = Operate, "署名鍵の管理", "manage signing keys";
    /// Records where every stream stands.
    RecordHeads = Operate, "末尾の記録", "record the heads of all streams";
    /// Verifies what is stored, and reads the access log beside it.
    VerifyStore = Operate, "保管データの検証・アクセス記録の閲覧", "verify what is stored, read the access log";
    /// Opens ledgers and looks at the server.
    OperateServer = Operate, "サーバーの運用", "operate the server";
}

/// What actions are done to.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum On {
    /// A goal, or what stands under it.
    Goal,
    /// A plan.
    Plan,
    /// The ledger as a whole.
    Ledger,
    /// The server.
    Server,
}

impl Action {
    /// What it is done to. Reading personal texts and the steps of decisions, which may be about more, count as about a goal.
    pub fn on(self) -> On {
        match self {
            Self::ReadGoal
            | Self::VerifyGoal
            | Self::ReadPersonalData
            | Self::SetGoal
            | Self::ChangeGoal
            | Self::SetInitiative
            | Self::ChangeInitiative
            | Self::CancelInitiative
            | Self::DefineIndicator
            | Self::RedefineIndicator
            | Self::CancelIndicator
            | Self::SetTarget
            | Self::ReviseTarget
            | Self::RecordActual
            | Self::CorrectActual
            | Self::ConfirmActual
            | Self::SubmitForecast
            | Self::AddNarrative
            | Self::AttachEvidence
            | Self::SelfEvaluate
            | Self::ReviewEvaluation
            | Self::FinaliseEvaluation
            | Self::AgreeAction
            | Self::ProposeChange
            | Self::ConsultChange
            | Self::WithdrawChange
            | Self::ReviewDecision
            | Self::DecideChange => On::Goal,
            Self::ReadPlan
            | Self::PublishPlan
            | Self::OpenPeriod
            | Self::SoftClosePeriod
            | Self::ClosePeriod
            | Self::ReopenPeriod
            | Self::IssueRestatement
            | Self::SetCalendar
            | Self::RecordFinding
            | Self::AnswerFinding => On::Plan,
            Self::ReadLedger
            | Self::ReadAccess
            | Self::ReadEverything
            | Self::RegisterUnit
            | Self::PublishPolicy
            | Self::RegisterPerson
            | Self::GrantRole
            | Self::RegisterDelegation
            | Self::PublishAccessPolicy
            | Self::EraseData
            | Self::ProposeOperation
            | Self::DecideOperation
            | Self::ManageKeys
            | Self::RecordHeads
            | Self::VerifyStore => On::Ledger,
            Self::OperateServer => On::Server,
        }
    }

    /// What appending an event of this type is; `None` where only the server itself makes such events.
    pub fn appending(event_type: EventType) -> Option<Self> {
        Some(match event_type {
            EventType::LedgerOpened
            | EventType::LedgerContinued
            | EventType::KeyAnnounced
            | EventType::KeyRetired
            | EventType::KeyCompromised
            | EventType::HeadsRecorded
            | EventType::PersonalDataErased
            | EventType::EvidenceErased
            | EventType::SnapshotTaken
            | EventType::ProposalExpired
            | EventType::AccessRecorded
            | EventType::AccessesLeftOut => return None,
            EventType::ChangeProposed => Self::ProposeChange,
            EventType::ChangeConsulted => Self::ConsultChange,
            EventType::ChangeDecided => Self::DecideChange,
            EventType::ChangeWithdrawn => Self::WithdrawChange,
            EventType::DecisionReviewed => Self::ReviewDecision,
            EventType::OperationAuthorised => Self::ProposeOperation,
            EventType::PersonRegistered | EventType::PersonChanged => Self::RegisterPerson,
            EventType::RoleGranted | EventType::RoleRevoked => Self::GrantRole,
            EventType::DelegationRegistered | EventType::DelegationEnded => {
                Self::RegisterDelegation
            }
            EventType::PolicyPublished => Self::PublishPolicy,
            EventType::PlanPublished | EventType::ImportAccepted => Self::PublishPlan,
            EventType::PeriodOpened => Self::OpenPeriod,
            EventType::PeriodSoftClosed => Self::SoftClosePeriod,
            EventType::PeriodClosed => Self::ClosePeriod,
            EventType::PeriodReopened => Self::ReopenPeriod,
            EventType::RestatementIssued => Self::IssueRestatement,
            EventType::ReportingCalendarSet => Self::SetCalendar,
            EventType::AuditFindingRecorded => Self::RecordFinding,
            EventType::AuditFindingAnswered => Self::AnswerFinding,
            EventType::OrgUnitRegistered | EventType::OrgUnitChanged => Self::RegisterUnit,
            EventType::GoalSet => Self::SetGoal,
            EventType::GoalReworded
            | EventType::GoalMoved
            | EventType::GoalSuspended
            | EventType::GoalResumed
            | EventType::GoalCancelled
            | EventType::GoalCarriedOver => Self::ChangeGoal,
            EventType::InitiativeSet => Self::SetInitiative,
            EventType::InitiativeReworded
            | EventType::InitiativeMoved
            | EventType::ResponsibilityTransferred => Self::ChangeInitiative,
            EventType::InitiativeCancelled => Self::CancelInitiative,
            EventType::IndicatorDefined
            | EventType::IndicatorReworded
            | EventType::IndicatorMoved
            | EventType::BaselineSet
            | EventType::PlanProfileSet => Self::DefineIndicator,
            EventType::IndicatorRedefined => Self::RedefineIndicator,
            EventType::IndicatorCancelled => Self::CancelIndicator,
            EventType::TargetSet => Self::SetTarget,
            EventType::TargetRevised => Self::ReviseTarget,
            EventType::ActualRecorded | EventType::DemandRecorded => Self::RecordActual,
            EventType::ActualCorrected | EventType::ActualRetracted => Self::CorrectActual,
            EventType::ActualConfirmed => Self::ConfirmActual,
            EventType::ForecastSubmitted => Self::SubmitForecast,
            EventType::NarrativeAdded => Self::AddNarrative,
            EventType::EvidenceAttached => Self::AttachEvidence,
            EventType::SelfEvaluated => Self::SelfEvaluate,
            EventType::EvaluationReviewed => Self::ReviewEvaluation,
            EventType::EvaluationFinalised => Self::FinaliseEvaluation,
            EventType::NextActionAgreed | EventType::NextActionClosed => Self::AgreeAction,
        })
    }

    /// The same step, of a proposal about an operation: whoever operates writes no facts, and need not.
    #[must_use]
    pub fn on_operation(self) -> Self {
        match self {
            Self::ProposeChange | Self::WithdrawChange => Self::ProposeOperation,
            Self::DecideChange | Self::ReviewDecision => Self::DecideOperation,
            other => other,
        }
    }

    /// What appending this event is; `None` where only the server itself makes such events.
    pub fn of(payload: &Payload) -> Option<Self> {
        match payload {
            Payload::PolicyPublished(p) if p.content.kind().rules_access() => {
                Some(Self::PublishAccessPolicy)
            }
            other => Self::appending(other.event_type()),
        }
    }
}
