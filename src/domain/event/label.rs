//! What types of events and reasons are called, in Japanese and English. The only place.

use crate::domain::event::{EventType, ReasonCode};
use crate::domain::text::labels;

labels! {
    EventType {
        LedgerOpened => "台帳開設", "ledger opened";
        PlanPublished => "計画公表", "plan published";
        ImportAccepted => "一括取込", "import accepted";
        OrgUnitRegistered => "組織登録", "unit registered";
        OrgUnitChanged => "組織改編", "unit changed";
        GoalSet => "組織目標設定", "goal set";
        GoalReworded => "組織目標の文言変更", "goal reworded";
        GoalMoved => "組織目標の移動", "goal moved";
        GoalSuspended => "休止", "goal suspended";
        GoalResumed => "再開", "goal resumed";
        GoalCancelled => "組織目標の中止", "goal cancelled";
        GoalCarriedOver => "繰越", "goal carried over";
        InitiativeSet => "取組内容設定", "initiative set";
        InitiativeReworded => "取組内容の文言変更", "initiative reworded";
        InitiativeMoved => "取組内容の体系変更", "initiative moved";
        InitiativeCancelled => "取組内容の中止", "initiative cancelled";
        ResponsibilityTransferred => "担当の移管", "responsibility transferred";
        IndicatorDefined => "指標定義", "indicator defined";
        IndicatorReworded => "指標の文言変更", "indicator reworded";
        IndicatorMoved => "指標の体系変更", "indicator moved";
        IndicatorRedefined => "指標定義変更", "indicator redefined";
        IndicatorCancelled => "指標の中止", "indicator cancelled";
        BaselineSet => "基準値設定", "baseline set";
        TargetSet => "目標値設定", "target set";
        TargetRevised => "目標変更", "target revised";
        PlanProfileSet => "計画線設定", "planned line set";
        ActualRecorded => "実績報告", "actual recorded";
        ActualCorrected => "実績訂正", "actual corrected";
        ActualRetracted => "実績取消", "actual retracted";
        DemandRecorded => "需要記録", "demand recorded";
        ForecastSubmitted => "見込み提出", "forecast submitted";
        NarrativeAdded => "状況説明", "narrative added";
        EvidenceAttached => "根拠資料添付", "evidence attached";
        PolicyPublished => "算定方針・評価基準公表", "policy published";
        PeriodOpened => "期間開始", "period opened";
        PeriodSoftClosed => "受付締切", "period soft-closed";
        PeriodClosed => "期間確定", "period closed";
        PeriodReopened => "期間再開", "period reopened";
        SnapshotTaken => "評価時点凍結", "snapshot taken";
        RestatementIssued => "修正公表", "restatement issued";
        SelfEvaluated => "自己評価", "self-evaluated";
        EvaluationReviewed => "二次評価", "evaluation reviewed";
        EvaluationFinalised => "評価確定", "evaluation finalised";
        NextActionAgreed => "今後の対応", "next action agreed";
        NextActionClosed => "対応完了", "next action closed";
        ReportingCalendarSet => "報告日程設定", "reporting calendar set";
        ActualConfirmed => "実績確認", "actual confirmed";
        AuditFindingRecorded => "監査指摘", "audit finding recorded";
        AuditFindingAnswered => "監査指摘への措置", "audit finding answered";
        LedgerContinued => "台帳の引継ぎ", "ledger continued";
        KeyAnnounced => "署名鍵の公表", "key announced";
        KeyRetired => "署名鍵の廃止", "key retired";
        KeyCompromised => "署名鍵の危殆化", "key compromised";
        HeadsRecorded => "全ストリームの記録", "heads recorded";
        PersonalDataErased => "個人情報の消去", "personal data erased";
        EvidenceErased => "根拠資料の消去", "evidence erased";
        PersonRegistered => "職員登録", "person registered";
        PersonChanged => "職員情報の変更", "person changed";
        RoleGranted => "発令", "seat granted";
        RoleRevoked => "発令の解除", "seat revoked";
        DelegationRegistered => "代決者の指定", "delegation registered";
        DelegationEnded => "代決の終了", "delegation ended";
        ChangeProposed => "起案", "change proposed";
        ChangeConsulted => "合議", "change consulted";
        ChangeDecided => "決裁", "change decided";
        ChangeWithdrawn => "取下げ", "change withdrawn";
        ProposalExpired => "失効", "proposal expired";
        DecisionReviewed => "後閲", "decision reviewed";
        AccessRecorded => "アクセス記録", "access recorded";
        AccessesLeftOut => "アクセス記録の省略", "accesses left out";
        OperationAuthorised => "運用の承認", "operation authorised";
    }
    ReasonCode {
        EntryError => "入力誤り", "entry error";
        LateData => "報告遅れ", "late data";
        SourceRevised => "元資料の修正", "source revised";
        Duplicate => "重複", "duplicate";
        WrongIndicator => "指標違い", "wrong indicator";
        MethodError => "算定方法の誤り", "method error";
        DefinitionChange => "定義の変更", "definition change";
        ProvisionalFinalised => "速報値の確定", "provisional figure finalised";
        Irregularity => "不適切な処理", "irregularity";
        PlanReview => "計画の見直し", "plan review";
        ExternalCause => "外部要因", "external cause";
        Budget => "予算", "budget";
        DemandChange => "需要の変化", "demand change";
        Reorganisation => "組織改編", "reorganisation";
        Other => "その他", "other";
    }
}
