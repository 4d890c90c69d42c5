//! Why something is refused, in words for people and in codes for programs.

use std::fmt;

use crate::domain::text::Language;

/// What a client should make of a refusal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Kind {
    /// The request is wrong in itself; change it.
    Invalid,
    /// It names something that does not exist.
    NotFound,
    /// It would make something that exists already.
    Exists,
    /// This caller may not do it; somebody else may.
    Denied,
    /// It breaks a rule as things stand.
    Precondition,
    /// Somebody else came first; look again.
    Stale,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $kind:ident, $ja:literal, $en:literal;)*) => {
        /// Which rule refuses. Programs match on [`Reason::code`], never on a message.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Reason { $($(#[$doc])* $name),* }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code: the name in `error_reason.proto` without its prefix.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code),* }
            }

            /// What the client should make of it.
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),* }
            }

            fn template(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Ja) => $ja, (Self::$name, Language::En) => $en,)*
                }
            }
        }
    };
}

reasons! {
    /// A required field is missing.
    FieldRequired = "FIELD_REQUIRED", Invalid, "必須の項目です", "this field is required";
    /// A field has the wrong form.
    FieldInvalid = "FIELD_INVALID", Invalid, "形式が正しくありません: {problem}", "wrong form: {problem}";
    /// Not a UUID.
    IdInvalid = "ID_INVALID", Invalid, "IDが正しくありません: {problem}", "not an id: {problem}";
    /// Neither an id nor a code.
    CodeInvalid = "CODE_INVALID", Invalid, "コードが正しくありません: {problem}", "not a code: {problem}";
    /// One event id twice in a request.
    EventIdRepeated = "EVENT_ID_REPEATED", Invalid, "同じイベントIDが一つの要求に二度あります", "the event id stands twice in one request";
    /// Longer than allowed.
    TextTooLong = "TEXT_TOO_LONG", Invalid, "{max}文字以内で入力してください", "at most {max} characters";
    /// More than allowed.
    BatchTooLarge = "BATCH_TOO_LARGE", Invalid, "一度に送れるのは1件以上{max}件以内です", "a request has 1 to {max} events";
    /// The stored events of a request would be too large together.
    RequestTooLarge = "REQUEST_TOO_LARGE", Invalid, "要求が大きすぎます（最大{max}バイト）", "the request is larger than {max} bytes when stored";
    /// The stored event would be too large.
    EventTooLarge = "EVENT_TOO_LARGE", Invalid, "イベントが大きすぎます（最大{max}バイト）", "the event is larger than {max} bytes when stored";
    /// Not a plain decimal.
    ValueNotNumeric = "VALUE_NOT_NUMERIC", Invalid, "数値で入力してください", "enter a plain number such as `1200` or `1.5`";
    /// Outside what the unit or the definition allows.
    ValueOutOfDomain = "VALUE_OUT_OF_DOMAIN", Invalid, "単位「{unit}」の値は{allowed}です", "a value in `{unit}` must be {allowed_en}";
    /// A rate without its two parts.
    RatioPartsRequired = "RATIO_PARTS_REQUIRED", Invalid, "分子と分母を入力してください", "enter numerator and denominator, not a bare percentage";
    /// Nothing to divide by.
    DenominatorZero = "DENOMINATOR_ZERO", Invalid, "分母は0より大きい数です", "the denominator must be above zero";
    /// Another unit than the indicator's.
    UnitMismatch = "UNIT_MISMATCH", Invalid, "単位が異なります（この指標の単位は{unit}）", "the unit of this indicator is `{unit}`";
    /// Another form of entry than the indicator's.
    EntryKindMismatch = "ENTRY_KIND_MISMATCH", Invalid, "この指標の報告方法は「{expected_ja}」です", "this indicator takes entries of kind {expected}";
    /// No such day, or not in ISO form.
    DateInvalid = "DATE_INVALID", Invalid, "日付が正しくありません（例 2023-09-30）", "not a date such as `2023-09-30`: {problem}";
    /// Before a day that it cannot precede.
    DateTooEarly = "DATE_TOO_EARLY", Invalid, "日付は{earliest}以後の日にしてください", "the date must not be before {earliest}";
    /// After today.
    DateInFuture = "DATE_IN_FUTURE", Invalid, "報告日は本日（{today}）以前の日付です", "the date must not be after today, {today}";
    /// Nobody is absent that long.
    DelegationTooLong = "DELEGATION_TOO_LONG", Invalid, "代決の期間は{max}日以内です（{days}日）", "a delegation lasts {max} days at most; this one has {days}";
    /// Not a date of this cycle.
    DateOutsideCycle = "DATE_OUTSIDE_CYCLE", Invalid, "日付は{first}から{last}までです", "the date must lie between {first} and {last}";
    /// A change without a reason.
    ReasonRequired = "REASON_REQUIRED", Invalid, "理由を入力してください", "give a reason";
    /// A claim that needs more words.
    ReasonTooShort = "REASON_TOO_SHORT", Invalid, "理由を{chars_min}字以上で書いてください（いまは{chars}字）", "tell the reason in at least {chars_min} characters; it has {chars}";
    /// A claim without evidence.
    EvidenceRequired = "EVIDENCE_REQUIRED", Invalid, "根拠資料を添付してください", "attach evidence";
    /// A file is larger than is taken in.
    EvidenceTooLarge = "EVIDENCE_TOO_LARGE", Invalid, "ファイルが大きすぎます（{max}バイトまで）", "the file is too large; at most {max} bytes are taken in";
    /// Files of this kind are not taken in.
    EvidenceTypeUnknown = "EVIDENCE_TYPE_UNKNOWN", Invalid, "この種類のファイルは受け付けていません", "files of this media type are not taken in";
    /// What came is not what was said.
    EvidenceDiffers = "EVIDENCE_DIFFERS", Invalid, "届いた内容のSHA-256かバイト数が、告げられたものと違います", "what came has another SHA-256 or length than was said";
    /// What came is of another kind than was said.
    EvidenceTypeDiffers = "EVIDENCE_TYPE_DIFFERS", Invalid, "内容が、告げられた種類のファイルではありません", "the content is not of the media type that was said";
    /// The definition contradicts itself.
    DefinitionInconsistent = "DEFINITION_INCONSISTENT", Invalid, "指標の定義が矛盾しています: {problem}", "the definition contradicts itself: {problem}";
    /// The target does not fit the definition.
    TargetMismatch = "TARGET_MISMATCH", Invalid, "目標が指標の定義に合いません: {problem}", "the target does not fit the definition: {problem}";
    /// The plan profile does not fit the target.
    ProfileMismatch = "PROFILE_MISMATCH", Invalid, "計画線が指標に合いません: {problem}", "the plan profile does not fit: {problem}";
    /// A read as of a size that the ledger does not have yet.
    AsOfSizeInFuture = "AS_OF_SIZE_IN_FUTURE", Invalid, "台帳の記録はまだ{size}件です", "the ledger has only {size} events";
    /// A read as of an instant that has not been.
    AsOfTimeInFuture = "AS_OF_TIME_IN_FUTURE", Invalid, "記録時点は現在（{now}）以前です", "the time must not be after now, {now}";
    /// A read as of a day that has not been.
    AsOfDateInFuture = "AS_OF_DATE_IN_FUTURE", Invalid, "記録時点は本日（{today}）以前の日付です", "the date must not be after today, {today}";
    /// A read for a day after the one at which it stands.
    AsOfEffectiveOnInFuture = "AS_OF_EFFECTIVE_ON_IN_FUTURE", Invalid, "評価基準日は記録時点の日（{known_on}）以前です", "the effective date must not be after {known_on}, the day of what is known";
    /// Before today, where only days still to come make sense.
    DateInPast = "DATE_IN_PAST", Invalid, "本日（{today}）以降の日付です", "the date must not be before today, {today}";
    /// An action that would be due before the evaluation that led to it.
    DueTooEarly = "DUE_TOO_EARLY", Invalid, "期限は評価基準日（{last}）より後の日付です", "an action is due after the evaluation date, {last}";
    /// The policy contradicts itself.
    PolicyInconsistent = "POLICY_INCONSISTENT", Invalid, "算定方針又は評価基準の内容が正しくありません: {problem}", "the policy does not make sense: {problem}";
    /// The access policy does not read, or nobody could publish another after it.
    PolicyInvalid = "POLICY_INVALID", Invalid, "権限方針に誤りがあります（{at}）: {problem}", "the access policy is not sound ({at}): {problem}";
    /// A witness did not sign this.
    CosignatureFalse = "COSIGNATURE_FALSE", Invalid, "{witness}の連署はこの先端証明のものではありません", "the signature of `{witness}` is not over this checkpoint";
    /// Depends on an event of the request that was refused.
    NotChecked = "NOT_CHECKED", Invalid, "前のイベントが受け付けられないため確認していません", "not checked: it depends on an event of this request that was refused";
    /// No change of this kind is decided on.
    ChangeNotProposable = "CHANGE_NOT_PROPOSABLE", Invalid, "この種類の変更は起案の対象ではありません。そのまま登録してください", "changes of this kind are not proposed; record it as it is";

    /// No such ledger.
    LedgerUnknown = "LEDGER_UNKNOWN", NotFound, "台帳がありません", "no such ledger";
    /// No such plan.
    PlanUnknown = "PLAN_UNKNOWN", NotFound, "計画が登録されていません", "no such plan";
    /// No such unit.
    UnitUnknown = "UNIT_UNKNOWN", NotFound, "組織が登録されていません", "no such unit";
    /// No such goal.
    GoalUnknown = "GOAL_UNKNOWN", NotFound, "組織目標が登録されていません", "no such goal";
    /// No such initiative.
    InitiativeUnknown = "INITIATIVE_UNKNOWN", NotFound, "取組内容が登録されていません", "no such initiative";
    /// No such indicator.
    IndicatorUnknown = "INDICATOR_UNKNOWN", NotFound, "指標が登録されていません", "no such indicator";
    /// No such pillar in the plan.
    PillarUnknown = "PILLAR_UNKNOWN", NotFound, "柱が登録されていません", "the plan has no such pillar";
    /// Not in the coverage set on that date.
    MemberNotInSet = "MEMBER_NOT_IN_SET", NotFound, "対象一覧にありません", "not a member of the set on that date";
    /// No such part, or a part is needed.
    PartUnknown = "PART_UNKNOWN", NotFound, "内訳がありません（{known}）", "no such part; the parts are: {known}";
    /// No such checkpoint.
    CheckpointUnknown = "CHECKPOINT_UNKNOWN", NotFound, "工程がありません", "no such checkpoint";
    /// No such entry in this indicator.
    EntryUnknown = "ENTRY_UNKNOWN", NotFound, "この指標にその実績はありません", "the indicator has no such entry";
    /// No such target version in this indicator.
    TargetUnknown = "TARGET_UNKNOWN", NotFound, "この指標にその目標はありません", "the indicator has no such target";
    /// No file of this digest is kept.
    EvidenceUnknown = "EVIDENCE_UNKNOWN", NotFound, "このSHA-256のファイルは、ここに保管されていません", "no file of this digest is kept here";
    /// An event that is named is neither recorded nor earlier in the request.
    ReferenceUnknown = "REFERENCE_UNKNOWN", NotFound, "参照先のイベント（{event}）がありません", "no event has the id that is referred to: {event}";

    /// No such period in the plan.
    PeriodUnknown = "PERIOD_UNKNOWN", NotFound, "計画にその期間はありません（{known}）", "no such period; the periods of the plan are: {known}";
    /// No such version of an evaluation policy.
    PolicyUnknown = "POLICY_UNKNOWN", NotFound, "その版の算定方針はありません", "no such version of an evaluation policy";
    /// No rubric of this code is in force.
    RubricUnknown = "RUBRIC_UNKNOWN", NotFound, "その日に適用される評価基準がありません（{known}）", "no rubric of this code is in force on that day; there are: {known}";
    /// Not a grade of the rubric in force.
    GradeUnknown = "GRADE_UNKNOWN", NotFound, "適用される評価基準にその評価はありません（{known}）", "no such grade; those of the rubric in force are: {known}";
    /// No such next action in the goal.
    ActionUnknown = "ACTION_UNKNOWN", NotFound, "その対応は登録されていません", "no such action was agreed";
    /// No such round in the reporting calendar.
    RoundUnknown = "ROUND_UNKNOWN", NotFound, "報告日程にその回はありません（{known}）", "no such round; those of the reporting calendar are: {known}";
    /// The ledger has no such key.
    KeyUnknown = "KEY_UNKNOWN", NotFound, "この署名鍵は台帳のものではありません", "the ledger has no such key";
    /// No such decision.
    DecisionUnknown = "DECISION_UNKNOWN", NotFound, "このイベントは決裁ではありません", "no event of this id decided a proposal";
    /// No such proposal.
    ProposalUnknown = "PROPOSAL_UNKNOWN", NotFound, "その起案は登録されていません", "no such proposal";
    /// No checkpoint of this size is kept.
    CheckpointNotKept = "CHECKPOINT_NOT_KEPT", NotFound, "この件数の先端証明は保管されていません", "no checkpoint of this size is kept";
    /// Nobody told the server of this witness.
    WitnessUnknown = "WITNESS_UNKNOWN", NotFound, "サーバーの設定にない立会人の連署です（{witness}）", "the server is told of no witness `{witness}`";
    /// No text about this person was ever recorded.
    SubjectUnknown = "SUBJECT_UNKNOWN", NotFound, "この識別子の個人情報は記録されていません", "no text about a person of this reference was recorded";
    /// No such finding in the plan.
    FindingUnknown = "FINDING_UNKNOWN", NotFound, "計画にその番号の監査指摘はありません", "the plan has no finding of this number";
    /// Nobody of this id is registered.
    PersonUnknown = "PERSON_UNKNOWN", NotFound, "この職員は登録されていません", "no such person is registered";
    /// No such grant.
    GrantUnknown = "GRANT_UNKNOWN", NotFound, "この発令は登録されていません", "no such grant of a seat";
    /// No such delegation.
    DelegationUnknown = "DELEGATION_UNKNOWN", NotFound, "この代決者の指定は登録されていません", "no such delegation";

    /// Something with this id exists.
    IdExists = "ID_EXISTS", Exists, "同じIDのものが既にあります", "something with this id exists already";
    /// The code belongs to something else.
    CodeTaken = "CODE_TAKEN", Exists, "コードは既に使われています", "the code is taken";
    /// The cycle has a plan.
    CycleTaken = "CYCLE_TAKEN", Exists, "この年度の計画は既にあります", "this cycle has a plan already";
    /// A first target exists.
    TargetExists = "TARGET_EXISTS", Exists, "目標は設定済みです。変更には目標変更を使ってください", "a target is set already; revise it instead";
    /// A level or ratio of this date exists.
    ObservationExists = "OBSERVATION_EXISTS", Exists, "同じ日の値が登録済みです。訂正として登録してください", "a value of this date exists; correct it instead";
    /// The plan has a period of this key.
    PeriodExists = "PERIOD_EXISTS", Exists, "同じキーの期間が既にあります", "the plan has a period of this key already";
    /// What this closing came to was frozen.
    SnapshotExists = "SNAPSHOT_EXISTS", Exists, "この確定の凍結は済んでいます", "this closing has a snapshot already";
    /// The plan has a finding of this number.
    FindingExists = "FINDING_EXISTS", Exists, "同じ番号の監査指摘が既にあります", "the plan has a finding of this number already";
    /// Somebody else signs in with it.
    LoginTaken = "LOGIN_TAKEN", Exists, "ログイン「{subject}」は既に別の人か連携システムのものです", "the login `{subject}` is somebody else's already";
    /// The seat is theirs on some of these days.
    GrantExists = "GRANT_EXISTS", Exists, "同じ職に既に発令されています（{from}から）", "the seat was granted to the same holder already, from {from}";
    /// Same id, other content.
    IdempotencyConflict = "IDEMPOTENCY_CONFLICT", Exists, "同じIDで内容が異なります", "the id is known with other content";

    /// Nobody looks at their own judgement.
    SelfReview = "SELF_REVIEW", Denied, "自己評価をした人は二次評価も確定もできません", "whoever made the self-evaluation neither reviews nor finalises it";
    /// Nothing permits it, or a policy forbids it.
    NotPermitted = "NOT_PERMITTED", Denied, "「{action_ja}」の権限がありません（できる職: {help_ja}。禁じる方針: {policy}）", "not permitted: {action} (roles that could: {help}; forbidden by: {policy})";
    /// Another unit answers for it.
    NotResponsibleUnit = "NOT_RESPONSIBLE_UNIT", Denied, "担当課ではありません（担当: {units}）", "another unit answers for it: {units}";
    /// The seat named is not theirs.
    SeatUnknown = "SEAT_UNKNOWN", Denied, "職「{seat}」に就いていません", "you do not hold the seat `{seat}` today";
    /// Nobody confirms their own entry.
    SelfConfirmation = "SELF_CONFIRMATION", Denied, "報告した人は自分の報告を確認できません。別の人が確認してください", "whoever reported an entry cannot confirm it; let somebody else";
    /// Not theirs to do on that day.
    NoAuthority = "NO_AUTHORITY", Denied, "この手続をする職に就いていません（{needed_ja}）", "it takes another seat: {needed}";
    /// Nobody gives a seat to themselves.
    SelfGrant = "SELF_GRANT", Denied, "自分自身への発令や代決の指定はできません。別の人が登録してください", "nobody gives a seat, or the right to act for one, to themselves; let somebody else";
    /// Whoever acts for a seat does not let others.
    DelegatedOnward = "DELEGATED_ONWARD", Denied, "代決者は「{seat}」の代決を別の人に指定できません", "whoever acts for the seat `{seat}` does not pass that on";
    /// Only who proposed it.
    NotTheDrafter = "NOT_THE_DRAFTER", Denied, "起案者だけができます", "only who proposed it may do this";
    /// Nobody decides what they proposed or were asked about.
    SelfApproval = "SELF_APPROVAL", Denied, "起案者や合議した人は決裁できません。別の人が決裁してください", "whoever proposed it or was consulted does not decide it; let somebody else";

    /// The ledger is not opened by an event of a client.
    LedgerOpenedOnce = "LEDGER_OPENED_ONCE", Precondition, "台帳の開設は管理操作で一度だけ行います", "a ledger is opened once, by the administration service";
    /// What was said of this person was erased.
    SubjectErased = "SUBJECT_ERASED", Precondition, "この方に関する個人情報は消去済みです。必要なら新しい識別子を使ってください", "texts about this person were erased; draw a new reference if it has to be recorded at all";
    /// The goal rests.
    GoalSuspended = "GOAL_SUSPENDED", Precondition, "組織目標は{since}から休止中です", "the goal is suspended since {since}";
    /// The goal does not rest.
    GoalNotSuspended = "GOAL_NOT_SUSPENDED", Precondition, "組織目標は休止していません", "the goal is not suspended";
    /// The goal was given up.
    GoalCancelled = "GOAL_CANCELLED", Precondition, "組織目標は{since}に中止されました", "the goal was cancelled as of {since}";
    /// The goal went on to another plan.
    GoalCarriedOver = "GOAL_CARRIED_OVER", Precondition, "組織目標は{since}に繰り越されました", "the goal was carried over as of {since}";
    /// The initiative was given up.
    InitiativeCancelled = "INITIATIVE_CANCELLED", Precondition, "取組内容は{since}に中止されました", "the initiative was cancelled as of {since}";
    /// The indicator was given up.
    IndicatorCancelled = "INDICATOR_CANCELLED", Precondition, "指標は{since}に中止されました", "the indicator was cancelled as of {since}";
    /// The entry was corrected or retracted.
    AlreadySuperseded = "ALREADY_SUPERSEDED", Precondition, "既に訂正又は取消されています。最新の訂正（{head}）を対象にしてください", "superseded already; the newest is {head}";
    /// The same person confirmed it.
    AlreadyConfirmed = "ALREADY_CONFIRMED", Precondition, "既に{date}に確認しています", "you confirmed it already, on {date}";
    /// The finding was answered.
    FindingAnswered = "FINDING_ANSWERED", Precondition, "この監査指摘には既に措置が回答されています（{date}）", "the finding was answered already, on {date}";
    /// A later target was decided.
    TargetSuperseded = "TARGET_SUPERSEDED", Precondition, "目標は既に変更されています（最新は{head}）", "a later target was decided: {head}";
    /// There is no target to revise.
    TargetMissing = "TARGET_MISSING", Precondition, "目標がまだ設定されていません", "no target is set yet";
    /// The new target is the old one.
    TargetUnchanged = "TARGET_UNCHANGED", Precondition, "目標が変わっていません", "the target does not differ from the one in force";
    /// Too late for a revision.
    CycleEnded = "CYCLE_ENDED", Precondition, "年度が終わった（{last}）ため変更できません", "the cycle ended on {last}";
    /// A milestone only goes forward.
    MilestoneBackward = "MILESTONE_BACKWARD", Precondition, "工程は後戻りできません（現在 {current}）。誤りは訂正してください", "a milestone only goes forward (now {current}); correct an error instead";
    /// The unit does not exist on that date.
    UnitNotActive = "UNIT_NOT_ACTIVE", Precondition, "組織は{date}には存在しません", "the unit does not exist on {date}";
    /// Not the kind of unit needed.
    UnitKindMismatch = "UNIT_KIND_MISMATCH", Precondition, "組織目標は部が設定します", "a goal is set by a department";
    /// The lead does not belong to the goal's department.
    LeadOutsideDepartment = "LEAD_OUTSIDE_DEPARTMENT", Precondition, "担当課が組織目標の部に属していません", "the lead unit does not belong to the goal's department";
    /// A tree has no rings.
    UnitTreeCycle = "UNIT_TREE_CYCLE", Precondition, "組織の上下関係が循環します", "the unit would belong to itself";
    /// The unit ended already.
    UnitDissolved = "UNIT_DISSOLVED", Precondition, "組織は{date}に廃止されています", "the unit was dissolved as of {date}";
    /// The unit still has units.
    UnitInUse = "UNIT_IN_USE", Precondition, "下位の組織があります（{units}）", "units still belong to it: {units}";
    /// Seats of this role are for units of another kind.
    UnitKindWrong = "UNIT_KIND_WRONG", Precondition, "「{role_ja}」の職には{kind_ja}を指定します（{unit}）", "seats of the role {role} are for units of kind {kind}; `{unit}` is none";
    /// The seat was said to be another.
    SeatDiffers = "SEAT_DIFFERS", Precondition, "この職は{from}から「{role_ja}」（{units}）として発令されています。権限と組織を合わせるか、先に解除してください", "from {from} the seat is granted with role {role} and units {units}: say the same, or revoke that grant first";
    /// Who keeps the ledger, checks it and writes in it are different people.
    SeatsIncompatible = "SEATS_INCOMPATIBLE", Precondition, "「{role_ja}」は「{other_ja}」（{seat}）と同じ時期に兼ねられません", "nobody has a seat of role {role} beside one of role {other} (`{seat}`)";
    /// One holder has only so many.
    SeatsTooMany = "SEATS_TOO_MANY", Precondition, "一人が同じ時期に持てる職は{max}までです", "one holder has {max} seats at a time at most";
    /// The grant ended.
    GrantEnded = "GRANT_ENDED", Precondition, "この発令は既に終わっています（{date}）", "the grant has ended already ({date})";
    /// There is nobody to act for.
    SeatNotHeld = "SEAT_NOT_HELD", Precondition, "職「{seat}」には{date}に誰も就いていません。欠員の職は兼務で発令してください", "nobody holds the seat `{seat}` on {date}; a vacant seat is granted, not delegated";
    /// It is their own seat.
    DelegateHoldsSeat = "DELEGATE_HOLDS_SEAT", Precondition, "代決者に指定した人は、職「{seat}」に就いています", "the delegate holds the seat `{seat}` themselves";
    /// The delegation ended.
    DelegationEnded = "DELEGATION_ENDED", Precondition, "この代決は既に終わっています（{date}）", "the delegation has ended already ({date})";
    /// No demand is counted here.
    NotDemandDriven = "NOT_DEMAND_DRIVEN", Precondition, "この指標は需要を記録しません", "this indicator records no demand";
    /// Goals of different cycles.
    DifferentCycle = "DIFFERENT_CYCLE", Precondition, "年度が異なります", "it belongs to another cycle";
    /// The definition version is not the next.
    DefinitionVersionStale = "DEFINITION_VERSION_STALE", Precondition, "定義の版は{expected}です", "the next definition version is {expected}";
    /// Beyond what can be computed exactly.
    TotalTooLarge = "TOTAL_TOO_LARGE", Precondition, "合計が大きすぎます", "the total is too large to be exact";
    /// Two periods of a plan have a day in common.
    PeriodOverlaps = "PERIOD_OVERLAPS", Precondition, "期間「{period}」（{first}から{last}まで）と重なります", "period `{period}` has days in common with it, {first} to {last}";
    /// Only an open period is soft-closed.
    PeriodNotOpen = "PERIOD_NOT_OPEN", Precondition, "期間「{period}」は「{state_ja}」です。締め切れるのは受付中の期間です", "period `{period}` is {state}; only an open one can be soft-closed";
    /// The evaluation date has not come.
    PeriodNotEnded = "PERIOD_NOT_ENDED", Precondition, "期間「{period}」の評価基準日（{last}）がまだ来ていません", "the evaluation date of period `{period}`, {last}, has not come";
    /// It is closed already.
    PeriodAlreadyClosed = "PERIOD_ALREADY_CLOSED", Precondition, "期間「{period}」は既に「{state_ja}」です（第{revision}版）", "period `{period}` is {state} already, revision {revision}";
    /// It is not closed.
    PeriodNotClosed = "PERIOD_NOT_CLOSED", Precondition, "期間「{period}」は「{state_ja}」で、確定していません", "period `{period}` is {state}, not closed";
    /// A late report needs a reason.
    PeriodSoftClosed = "PERIOD_SOFT_CLOSED", Precondition, "期間「{period}」は「{state_ja}」です。遅れた理由を付けて報告してください", "period `{period}` is {state}: give the reason why the report is late";
    /// Nothing is reported any more.
    PeriodClosed = "PERIOD_CLOSED", Precondition, "期間「{period}」（{state_ja}）への報告は締め切りました。登録済みの値は訂正し、報告漏れは期間の再開を求めてください", "nothing more is reported into period `{period}` ({state}): correct what is there, or ask for it to be reopened";
    /// The evaluation is final.
    EvaluationFinal = "EVALUATION_FINAL", Precondition, "期間「{period}」の評価は確定しています。変えるには期間の再開を求めてください", "the evaluation for period `{period}` is final; ask for the period to be reopened";
    /// There is nothing to review or to finalise.
    EvaluationMissing = "EVALUATION_MISSING", Precondition, "期間「{period}」の自己評価がまだありません", "nothing has been evaluated for period `{period}` yet";
    /// The action ended.
    ActionClosed = "ACTION_CLOSED", Precondition, "この対応は既に終わっています（{outcome}）", "the action has ended already: {outcome}";
    /// The server freezes.
    SnapshotByServer = "SNAPSHOT_BY_SERVER", Precondition, "評価時点の凍結はサーバーが行います", "snapshots are taken by the server itself";
    /// The ledger is an access log.
    LedgerIsAccessLog = "LEDGER_IS_ACCESS_LOG", Precondition, "アクセス記録の台帳には、サーバーが記録するもの以外は記録できません", "an access log takes nothing but what the server records in it";
    /// The server says it of its own accord.
    EventByServer = "EVENT_BY_SERVER", Precondition, "この種類のイベントはサーバーが記録します", "events of this type are made by the server itself";
    /// The file was erased.
    EvidenceErased = "EVIDENCE_ERASED", Precondition, "このファイルは{date}に消去されました（イベントの位置{position}）。同じ内容を再び受け付けることはありません", "the file was erased on {date} (event at position {position}) and is never taken in again";
    /// It is not recorded where the streams stand.
    HeadsNotRecorded = "HEADS_NOT_RECORDED", Precondition, "全ストリームの末尾がまだ記録されていません（{size}件の時点）", "where the streams stand is not recorded among the first {size} events";
    /// Nothing would sign any more.
    KeyLast = "KEY_LAST", Precondition, "有効な署名鍵はこれだけです。先に新しい鍵を公表してください", "no other key is in force: announce one first";
    /// The key is retired or disowned.
    KeyEnded = "KEY_ENDED", Precondition, "この鍵では既に署名していません", "the key signs no more already";
    /// Every key adds a line to every checkpoint.
    KeysTooMany = "KEYS_TOO_MANY", Precondition, "有効な署名鍵は{max}本までです。先に古い鍵を廃止してください", "{max} keys are in force already: retire one first";
    /// Nothing would be restated.
    RestatementEmpty = "RESTATEMENT_EMPTY", Precondition, "変わった行がないため修正公表できません", "no row differs: there is nothing to restate";
    /// The policy version is not the next.
    PolicyVersionStale = "POLICY_VERSION_STALE", Precondition, "次の版は{expected}です", "the next version under this code is {expected}";
    /// The code is of another kind of policy.
    PolicyKindDiffers = "POLICY_KIND_DIFFERS", Precondition, "このコードは{kind_ja}です", "this code is of a policy of kind {kind}";
    /// What was closed would come out otherwise.
    PolicyRetroactive = "POLICY_RETROACTIVE", Precondition, "確定した期間「{period}」の評価基準日（{last}）より後の日から適用してください", "it would change closed period `{period}`: let it take effect after the evaluation date, {last}";
    /// It does not stand where the request says.
    ParentDiffers = "PARENT_DIFFERS", Precondition, "現在の親が異なります", "it does not stand under the parent named";
    /// Looked at already.
    DecisionAlreadyReviewed = "DECISION_ALREADY_REVIEWED", Precondition, "後閲は{date}に済んでいます", "the decision was reviewed already, on {date}";
    /// Somebody who has to be asked was not.
    ConsultationMissing = "CONSULTATION_MISSING", Precondition, "合議が済んでいません（{missing_ja}）", "these have not answered yet: {missing}";
    /// It has to be decided.
    DecisionRequired = "DECISION_REQUIRED", Precondition, "「{kind_ja}」には決裁が要ります。起案してください（合議: {consulted_ja}、決裁: {deciders_ja}）", "a change of kind {kind} has to be decided: propose it (to be asked: {consulted}; decides: {deciders})";
    /// Nothing to look at again.
    DecisionNotActing = "DECISION_NOT_ACTING", Precondition, "代決ではないため後閲はありません", "the decision was not made in another's place";
    /// Not the change that was looked at.
    ProposalHashMismatch = "PROPOSAL_HASH_MISMATCH", Precondition, "起案の内容が決裁しようとしたものと異なります。起案をもう一度読んでください", "the change is not the one that was to be decided: read the proposal again";
    /// It waited too long.
    ProposalOverdue = "PROPOSAL_OVERDUE", Precondition, "起案の期限（{last}）が過ぎています。改めて起案してください", "the proposal could be decided until {last}; propose anew";
    /// The change has become one of another kind.
    ProposalKindChanged = "PROPOSAL_KIND_CHANGED", Precondition, "「{proposed_kind_ja}」として起案されましたが、今は「{kind_ja}」に当たります。改めて起案してください", "it was proposed as {proposed_kind} and is {kind} by now: propose it anew";
    /// Another proposal for the same waits.
    ProposalOpen = "PROPOSAL_OPEN", Precondition, "同じものについて起案{proposal}が決裁を待っています", "proposal {proposal} for the same waits already";
    /// It does not wait any more.
    ProposalNotOpen = "PROPOSAL_NOT_OPEN", Precondition, "起案{proposal}は「{state_ja}」です", "proposal {proposal} is {state}";
    /// It may be done already.
    OperationAuthorised = "OPERATION_AUTHORISED", Precondition, "同じ操作はすでに承認されています（{until}まで）。そのまま実行してください", "the same is authorised already, until {until}: carry it out";

    /// Another revision than expected.
    StreamVersionConflict = "STREAM_VERSION_CONFLICT", Stale, "他の更新がありました（現在の版 {current}）", "the stream is at revision {current}, not {expected}";
    /// Another closing than expected.
    PeriodRevisionDiffers = "PERIOD_REVISION_DIFFERS", Stale, "確定の版が異なります（{expected}）", "the revision of the period is {expected}";
    /// Another rubric than the one graded by.
    RubricDiffers = "RUBRIC_DIFFERS", Stale, "適用される評価基準が異なります（{current}）", "the rubric in force is {current}";
    /// The entry does not say what the correction expects.
    ExpectedValueDiffers = "EXPECTED_VALUE_DIFFERS", Stale, "訂正前の値が一致しません（登録値 {current}）", "the entry says {current}, not what the request expects to replace";
}

/// One broken rule: which, where in the request, with which figures.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rejection {
    /// Which rule.
    pub reason: Reason,
    /// Path of the field in the request, `events[3].actual_recorded.increment`.
    pub field: String,
    /// Figures and names for the message, and for programs.
    pub values: Vec<(&'static str, String)>,
}

impl Rejection {
    /// A refusal at `field`.
    pub fn new(reason: Reason, field: impl Into<String>) -> Self {
        Self {
            reason,
            field: field.into(),
            values: Vec::new(),
        }
    }

    /// Adds a figure or name.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string()));
        self
    }

    /// The same refusal with `prefix` before its field.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Self {
        self.field = match self.field.as_str() {
            "" => prefix.to_owned(),
            field => format!("{prefix}.{field}"),
        };
        self
    }

    /// The message in `language`.
    pub fn message(&self, language: Language) -> String {
        let mut text = self.reason.template(language).to_owned();
        for (name, value) in &self.values {
            text = text.replace(&format!("{{{name}}}"), value);
        }
        text
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.message(Language::En))
    }
}

/// Something accepted that somebody should look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Notice {
    /// Which kind.
    pub kind: NoticeKind,
    /// Path of the field in the request.
    pub field: String,
    /// In words, with figures.
    pub ja: String,
    /// In English.
    pub en: String,
}

crate::domain::indicator::enumeration! {
    /// What is worth a look.
    NoticeKind {
        /// More than three times the largest earlier increment.
        Spike = "VALUE_SPIKE",
        /// The total is more than 150 % of the target.
        FarAboveTarget = "FAR_ABOVE_TARGET",
        /// A level fell by more than a fifth.
        LevelDrop = "LEVEL_DROP",
        /// Dated more than 45 days back.
        OldDate = "OLD_DATE",
        /// The same amount, date and part as an earlier entry.
        PossibleDuplicate = "POSSIBLE_DUPLICATE",
        /// A target that takes effect before it was decided.
        RetroactiveTarget = "RETROACTIVE_TARGET",
        /// A report after the cutoff, taken with its reason.
        LateAfterCutoff = "LATE_AFTER_CUTOFF",
        /// A change to what a closed period came to.
        CorrectedAfterClose = "CORRECTED_AFTER_CLOSE",
        /// Less is asked for shortly before the end of the cycle.
        LateLowering = "LATE_LOWERING",
        /// A decision by somebody whose authority the ledger cannot judge: it knows no seats.
        AuthorityNotJudged = "AUTHORITY_NOT_JUDGED",
    }
}
