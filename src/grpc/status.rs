//! The only mapping of errors: what went wrong in the domain, the ledger or the log becomes one
//! `google.rpc.Status` with the details that `error_reason.proto` promises.

use std::collections::HashMap;
use std::time::Duration;

use prost::Message as _;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

use crate::auth::{AuthError, Denied};
use crate::domain::rejection::{Kind, Reason, Rejection};
use crate::domain::text::Language;
use crate::evidence::EvidenceFault;
use crate::grpc::language;
use crate::ledger::{AppendError, LedgerChoice, ReadFault};
use crate::log::{LogFault, ReadError};
use crate::proof::ProofFault;

/// The domain of every reason.
pub const ERROR_DOMAIN: &str = "daicho";
/// Broken rules that one error tells at most; the rest is counted.
pub const VIOLATIONS_MAX: usize = 32;
/// Bytes of details at most: they travel in a header, and clients bound their headers.
pub const DETAILS_BYTES_MAX: usize = 6 * 1024;
/// Figures in the metadata at most, beside the field and the number of violations.
const FIGURES_MAX: usize = 8;
/// Characters of one figure or message at most.
const CHARS_MAX: usize = 120;

/// When to come back to a server that has too much to do.
const RETRY_OVERLOADED: Duration = Duration::from_millis(200);
/// When to come back to a log that cannot be reached.
const RETRY_UNAVAILABLE: Duration = Duration::from_secs(2);

macro_rules! service_reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $code:ident, $ja:literal, $en:literal;)*) => {
        /// Why a call failed that the domain has no rule for.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum ServiceReason { $($(#[$doc])* $name),* }

        impl ServiceReason {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable name: that in `error_reason.proto` without its prefix.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Its gRPC code.
            pub fn code(self) -> Code {
                match self { $(Self::$name => Code::$code),* }
            }

            fn message(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Ja) => $ja, (Self::$name, Language::En) => $en,)*
                }
            }
        }
    };
}

service_reasons! {
    /// No ledger is named and there is no default.
    LedgerAmbiguous = "LEDGER_AMBIGUOUS", InvalidArgument, "台帳を指定してください", "name a ledger; there are several";
    /// A page token is not from here.
    PageTokenInvalid = "PAGE_TOKEN_INVALID", InvalidArgument, "ページの指定が無効です。最初のページからやり直してください", "the page token is not valid here; begin again at the first page";
    /// Nothing has this id or code.
    CodeUnknown = "CODE_UNKNOWN", NotFound, "このIDやコードのものはありません", "nothing has this id or code";
    /// No event has this id.
    EventUnknown = "EVENT_UNKNOWN", NotFound, "そのようなイベントはありません", "there is no such event";
    /// This closing of the period has no snapshot.
    SnapshotUnknown = "SNAPSHOT_UNKNOWN", NotFound, "その期間は凍結されていません", "nothing was frozen of this period, or not for this closing";
    /// No call with this id was recorded.
    RequestUnknown = "REQUEST_UNKNOWN", NotFound, "この要求は記録されていません", "no append call with this id was recorded";
    /// The same ids came from somebody else.
    ActorDiffers = "ACTOR_DIFFERS", AlreadyExists, "同じIDの要求が別の人から送られています", "the request was made by another actor";
    /// The caller names nobody.
    ActorMissing = "ACTOR_MISSING", Unauthenticated, "利用者名を daicho-actor-bin で送ってください", "name yourself in the metadata `daicho-actor-bin` (UTF-8) or `daicho-actor` (ASCII)";
    /// The caller's name cannot be used.
    ActorInvalid = "ACTOR_INVALID", Unauthenticated, "利用者名が正しくありません", "the actor's name must be 1 to 200 characters on one line, in UTF-8";
    /// The caller has not signed in.
    Unauthenticated = "UNAUTHENTICATED", Unauthenticated, "サインインしてください（クライアント証明書、または authorization ヘッダーのアクセストークン）", "sign in: with a client certificate, or with an access token in the `authorization` header";
    /// The caller calls itself somebody else.
    ActorMismatch = "ACTOR_MISMATCH", PermissionDenied, "サインインした利用者と、送られた利用者名が違います。何も記録されていません", "the caller signed in as one and calls itself another; nothing was appended";
    /// The caller may not.
    PermissionDenied = "PERMISSION_DENIED", PermissionDenied, "権限がありません", "not permitted";
    /// Not written yet.
    PositionOutOfRange = "POSITION_OUT_OF_RANGE", OutOfRange, "その位置はまだ記録されていません", "the ledger does not reach that position";
    /// Too much waits.
    Overloaded = "OVERLOADED", ResourceExhausted, "混み合っています。しばらくしてからやり直してください", "too many requests wait; nothing was appended";
    /// Too late, and nothing happened.
    DeadlinePassed = "DEADLINE_PASSED", DeadlineExceeded, "時間切れです。何も記録されていません", "the deadline passed; nothing was appended";
    /// Nobody knows.
    OutcomeUnknown = "OUTCOME_UNKNOWN", Unavailable, "記録されたか不明です。同じIDでもう一度送ってください", "the events may or may not be appended; send the same request again with the same ids";
    /// The log failed and takes nothing any more.
    ReadOnly = "READ_ONLY", Unavailable, "台帳は読取専用になっています。何も記録されていません。管理者に連絡し、再起動の後に同じIDで送ってください", "the server is read-only after a storage error; nothing was appended; send it again with the same ids after the restart";
    /// The clock is wrong for certain.
    ClockUntrusted = "CLOCK_UNTRUSTED", Unavailable, "サーバーの時計が正しくないため記録できません。何も記録されていません。管理者に連絡してください", "the server's clock cannot be right; nothing was appended; tell the operator";
    /// The disk is nearly full.
    StorageLow = "STORAGE_LOW", ResourceExhausted, "サーバーのディスクの空きが少ないため記録できません。何も記録されていません。管理者に連絡してください", "the server's disk is nearly full; nothing was appended; tell the operator";
    /// The log cannot be reached, or is being closed.
    LogUnavailable = "LOG_UNAVAILABLE", Unavailable, "台帳を読み書きできません", "the log cannot be reached now";
    /// A key or a file is missing or cannot be used.
    CheckpointUnavailable = "CHECKPOINT_UNAVAILABLE", Unavailable, "台帳の署名鍵が使えないため、先端証明を発行できません。管理者に連絡してください", "no checkpoint can be signed now; tell the operator to look at the ledger's key";
    /// The words of personal texts cannot be kept.
    PersonalStoreUnavailable = "PERSONAL_STORE_UNAVAILABLE", Unavailable, "個人情報の保管先に書き込めません。何も記録されていません。管理者に連絡してください", "texts about people cannot be kept now; nothing was appended; tell the operator";
    /// The folder of attached files cannot be read or written.
    EvidenceUnavailable = "EVIDENCE_UNAVAILABLE", Unavailable, "根拠資料の保管場所を読み書きできません。管理者に連絡してください", "attached files cannot be read or written now; tell the operator";
    /// Too many files are named by no event.
    EvidenceUnnamedTooMany = "EVIDENCE_UNNAMED_TOO_MANY", ResourceExhausted, "どのイベントにも添付されていないファイルが多すぎます。先に添付を済ませてください", "too many files were put and are named by no event; attach those first";
    /// It cannot be recorded who asks.
    AccessLogUnavailable = "ACCESS_LOG_UNAVAILABLE", Unavailable, "アクセスを記録できないため渡せません。管理者に連絡してください", "it cannot be recorded who asks, so nothing is handed out; tell the operator";
    /// A stored file is not what it was.
    EvidenceAltered = "EVIDENCE_ALTERED", DataLoss, "保管されたファイルの内容が変わっているため渡せません。管理者に連絡してください", "the stored file was altered and is not handed out; tell the operator";
    /// What is stored is damaged.
    DataDamaged = "DATA_DAMAGED", DataLoss, "記録が壊れています。管理者に連絡してください", "stored events are damaged";
}

/// The gRPC code of what a client should make of a broken rule.
pub fn code_of(kind: Kind) -> Code {
    match kind {
        Kind::Invalid => Code::InvalidArgument,
        Kind::NotFound => Code::NotFound,
        Kind::Exists => Code::AlreadyExists,
        Kind::Denied => Code::PermissionDenied,
        Kind::Precondition => Code::FailedPrecondition,
        Kind::Stale => Code::Aborted,
    }
}

/// An error on its way to a caller.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// Rules that the request breaks; never empty.
    Rules(Vec<Rejection>),
    /// Something else.
    Service {
        /// Why.
        reason: ServiceReason,
        /// Its code, where it is not the usual one.
        code: Code,
        /// Figures for programs.
        figures: Vec<(&'static str, String)>,
        /// When to try again.
        retry: Option<Duration>,
        /// For the log only.
        cause: Option<String>,
    },
}

impl Refusal {
    /// A refusal for a reason that no rule of the domain gives.
    pub fn new(reason: ServiceReason) -> Self {
        Self::Service {
            reason,
            code: reason.code(),
            figures: Vec::new(),
            retry: None,
            cause: None,
        }
    }

    /// One broken rule.
    pub fn rule(reason: Reason, field: &str) -> Self {
        Self::Rules(vec![Rejection::new(reason, field)])
    }

    /// Adds a figure.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Service { figures, .. } = &mut self {
            figures.push((name, value.to_string()));
        }
        self
    }

    /// Its gRPC code.
    pub fn code(&self) -> Code {
        match self {
            Self::Rules(rules) => {
                deciding(rules).map_or(Code::Internal, |rule| code_of(rule.reason.kind()))
            }
            Self::Service { code, .. } => *code,
        }
    }

    /// The stable name of its reason, as the caller gets it.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Rules(rules) => deciding(rules).map_or("", |rule| rule.reason.code()),
            Self::Service { reason, .. } => reason.name(),
        }
    }

    /// A figure of it for programs.
    pub fn figure(&self, name: &str) -> Option<String> {
        let known =
            |(other, value): &(&'static str, String)| (*other == name).then(|| value.clone());
        match self {
            Self::Rules(rules) => deciding(rules)?.values.iter().find_map(known),
            Self::Service { figures, .. } => figures.iter().find_map(known),
        }
    }

    /// Too much is under way.
    pub fn overloaded() -> Self {
        Self::new(ServiceReason::Overloaded).retry_in(RETRY_OVERLOADED)
    }

    /// Says when to try again.
    #[must_use]
    fn retry_in(mut self, delay: Duration) -> Self {
        if let Self::Service { retry, .. } = &mut self {
            *retry = Some(delay);
        }
        self
    }

    /// Keeps what happened for the log.
    #[must_use]
    fn because(mut self, error: &dyn std::error::Error) -> Self {
        if let Self::Service { cause, .. } = &mut self {
            let mut text = error.to_string();
            let mut source = error.source();
            while let Some(error) = source {
                text = format!("{text}: {error}");
                source = error.source();
            }
            *cause = Some(text);
        }
        self
    }

    /// The caller's deadline passed while an append was under way.
    pub fn deadline_while_appending() -> Self {
        Self::Service {
            reason: ServiceReason::OutcomeUnknown,
            code: Code::DeadlineExceeded,
            figures: Vec::new(),
            retry: None,
            cause: None,
        }
    }

    /// The same refusal with the fields of its rules renamed.
    #[must_use]
    pub fn map_fields(self, rename: impl Fn(String) -> String) -> Self {
        match self {
            Self::Rules(rules) => Self::Rules(
                rules
                    .into_iter()
                    .map(|r| Rejection {
                        field: rename(r.field),
                        ..r
                    })
                    .collect(),
            ),
            other => other,
        }
    }

    /// The same refusal of an event that the server makes for a call, which has the same fields without the event around them.
    #[must_use]
    pub fn of_call(self) -> Self {
        self.map_fields(|field| match field.strip_prefix("events[") {
            None => field,
            Some(event) => {
                let within = event.split_once('.').map(|(_, within)| within);
                let field = within.and_then(|within| within.split_once('.'));
                field.map_or_else(String::new, |(_, field)| field.to_owned())
            }
        })
    }

    /// What is told of a call that ended by a mistake of the server: nothing.
    pub fn panicked() -> tonic_types::Status {
        tonic_types::Status {
            code: Code::Internal as i32,
            message: "internal error".to_owned(),
            details: Vec::new(),
        }
    }

    /// The status that the caller gets, as part of an answer. As [`Self::into_status`] otherwise.
    pub fn into_message(self, language: Language) -> tonic_types::Status {
        let status = self.into_status(language);
        let code = status.code() as i32;
        // It is what travels as the details of a call that fails, where there are any.
        let told = tonic_types::Status::decode(status.details()).ok();
        told.filter(|told| told.code == code)
            .unwrap_or_else(|| tonic_types::Status {
                code,
                message: status.message().to_owned(),
                details: Vec::new(),
            })
    }

    /// The status that the caller gets. Errors that need somebody's attention are logged here, once.
    pub fn into_status(self, language: Language) -> Status {
        match self {
            Self::Rules(rules) => rules_status(&rules, language),
            Self::Service {
                reason,
                code,
                figures,
                retry,
                cause,
            } => {
                if matches!(code, Code::Unavailable | Code::DataLoss | Code::Internal) {
                    let cause = cause.unwrap_or_default();
                    tracing::error!(reason = reason.name(), cause, "call failed");
                }
                let metadata: HashMap<_, _> =
                    figures.iter().take(FIGURES_MAX).map(figure).collect();
                let mut details = ErrorDetails::new();
                details.set_error_info(reason.name(), ERROR_DOMAIN, metadata);
                if let Some(delay) = retry {
                    details.set_retry_info(Some(delay));
                }
                details.set_localized_message(language::tag(language), reason.message(language));
                Status::with_error_details(code, reason.message(Language::En), details)
            }
        }
    }
}

fn figure((name, value): &(&'static str, String)) -> (String, String) {
    ((*name).to_owned(), clipped(value))
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The broken rule that decides what a refusal is.
fn deciding(rules: &[Rejection]) -> Option<&Rejection> {
    // The kinds are in the order of precedence. What was not checked says nothing by itself: it depends
    // on another event, and that one's fault decides.
    let checked = rules
        .iter()
        .filter(|rule| rule.reason != Reason::NotChecked);
    let deciding = checked.min_by_key(|rule| rule.reason.kind() as u8);
    deciding.or(rules.first())
}

fn rules_status(rules: &[Rejection], language: Language) -> Status {
    let Some(first) = deciding(rules) else {
        // Never called without rules; if it were, the request is at least not carried out.
        return Status::new(Code::Internal, "refused without a reason");
    };
    let code = code_of(first.reason.kind());
    let more = rules.len() - 1;
    let mut message = first.to_string();
    if 0 < more {
        message = format!("{message} (and {more} more)");
    }
    let mut told = rules.len().min(VIOLATIONS_MAX);
    loop {
        let details = rules_details(rules, told, first, language);
        let status = Status::with_error_details(code, clipped(&message), details);
        if status.details().len() <= DETAILS_BYTES_MAX || told == 0 {
            return status;
        }
        // Long messages: fewer of them.
        told = told * 3 / 4;
    }
}

fn rules_details(
    rules: &[Rejection],
    told: usize,
    first: &Rejection,
    language: Language,
) -> ErrorDetails {
    let mut metadata: HashMap<String, String> =
        first.values.iter().take(FIGURES_MAX).map(figure).collect();
    metadata.insert("field".to_owned(), clipped(&first.field));
    metadata.insert("violations".to_owned(), rules.len().to_string());
    let mut details = ErrorDetails::new();
    details.set_error_info(first.reason.code(), ERROR_DOMAIN, metadata);

    let (mut fields, mut states) = (Vec::new(), Vec::new());
    // The deciding rule is told even if others fill the list before it.
    let others = rules.iter().filter(|rule| !std::ptr::eq(*rule, first));
    for rule in std::iter::once(first).chain(others).take(told) {
        let description = clipped(&rule.message(language));
        match rule.reason.kind() {
            Kind::Invalid | Kind::NotFound | Kind::Exists => fields.push(FieldViolation {
                field: clipped(&rule.field),
                description,
                reason: rule.reason.code().to_owned(),
                localized_message: None,
            }),
            Kind::Denied | Kind::Precondition | Kind::Stale => states.push(
                PreconditionViolation::new(rule.reason.code(), clipped(&rule.field), description),
            ),
        }
    }
    if !fields.is_empty() {
        details.set_bad_request(fields);
    }
    if !states.is_empty() {
        details.set_precondition_failure(states);
    }
    let more = rules.len() - 1;
    let mut sentence = clipped(&first.message(language));
    if 0 < more {
        sentence = match language {
            Language::Ja => format!("{sentence}（ほか{more}件）"),
            Language::En => format!("{sentence} (and {more} more)"),
        };
    }
    details.set_localized_message(language::tag(language), sentence);
    details
}

impl From<Vec<Rejection>> for Refusal {
    fn from(rules: Vec<Rejection>) -> Self {
        Self::Rules(rules)
    }
}

impl From<AuthError> for Refusal {
    fn from(error: AuthError) -> Self {
        Self::new(match error {
            AuthError::Missing => ServiceReason::ActorMissing,
            AuthError::Invalid => ServiceReason::ActorInvalid,
        })
    }
}

impl From<Denied> for Refusal {
    fn from(_: Denied) -> Self {
        Self::new(ServiceReason::PermissionDenied)
    }
}

impl From<LedgerChoice> for Refusal {
    fn from(choice: LedgerChoice) -> Self {
        match choice {
            LedgerChoice::Unknown | LedgerChoice::Ambiguous { count: 0 } => {
                Self::rule(Reason::LedgerUnknown, "ledger")
            }
            LedgerChoice::Ambiguous { count } => {
                Self::new(ServiceReason::LedgerAmbiguous).with("count", count)
            }
        }
    }
}

impl From<ProofFault> for Refusal {
    fn from(fault: ProofFault) -> Self {
        match fault {
            ProofFault::Read(fault) => fault.into(),
            ProofFault::Evidence(fault) => fault.into(),
            ProofFault::Kept(_) | ProofFault::Bundle(_) => {
                Self::new(ServiceReason::DataDamaged).because(&fault)
            }
            ProofFault::TooManyFiles => crate::grpc::goal_service::form(
                "size",
                "so small that its bundle has at most 1,000,000 files",
            ),
            ProofFault::TooManyEvents => crate::grpc::goal_service::form(
                "stream",
                "one of at most 100,000 events; export a bundle",
            ),
            ProofFault::Log(LogFault::Storage(_)) => {
                Self::new(ServiceReason::ReadOnly).because(&fault)
            }
            ProofFault::Log(_) => Self::new(ServiceReason::LogUnavailable)
                .retry_in(RETRY_UNAVAILABLE)
                .because(&fault),
            other => Self::new(ServiceReason::CheckpointUnavailable).because(&other),
        }
    }
}

impl From<EvidenceFault> for Refusal {
    fn from(fault: EvidenceFault) -> Self {
        match fault {
            EvidenceFault::Unknown => Self::rule(Reason::EvidenceUnknown, "sha256"),
            EvidenceFault::Erased { on, erasure } => {
                let erased = Rejection::new(Reason::EvidenceErased, "sha256").with("date", on);
                Self::Rules(vec![erased.with("position", erasure.position)])
            }
            EvidenceFault::Altered { sha256, found } => Self::new(ServiceReason::EvidenceAltered)
                .with("sha256", hex::encode(sha256))
                .with("found", hex::encode(found))
                .because(&fault),
            EvidenceFault::TooManyUnnamed => Self::new(ServiceReason::EvidenceUnnamedTooMany)
                .with("max", crate::evidence::UNNAMED_FILES_MAX),
            EvidenceFault::TooManyNamed => crate::grpc::goal_service::form(
                "size",
                "so small that its events name at most 1,000,000 files",
            ),
            EvidenceFault::Read(fault) => fault.into(),
            EvidenceFault::File(_) => Self::new(ServiceReason::EvidenceUnavailable).because(&fault),
        }
    }
}

impl From<ReadFault> for Refusal {
    fn from(fault: ReadFault) -> Self {
        match &fault {
            ReadFault::Log(ReadError::BeyondEnd { size }) => {
                Self::new(ServiceReason::PositionOutOfRange).with("size", size)
            }
            ReadFault::Log(ReadError::Damaged { position, .. })
            | ReadFault::Decode { position, .. }
            | ReadFault::BrokenChain { position } => Self::new(ServiceReason::DataDamaged)
                .with("position", position)
                .because(&fault),
            ReadFault::HeadsDiffer { size, .. } => Self::new(ServiceReason::DataDamaged)
                .with("size", size)
                .because(&fault),
            ReadFault::OtherRoot { head, .. } => Self::new(ServiceReason::DataDamaged)
                .with("size", head.size)
                .because(&fault),
            ReadFault::Log(ReadError::Closed | ReadError::Unavailable(_)) | ReadFault::Index(_) => {
                Self::new(ServiceReason::LogUnavailable)
                    .retry_in(RETRY_UNAVAILABLE)
                    .because(&fault)
            }
            ReadFault::NotReached { position } => {
                Self::new(ServiceReason::DeadlinePassed).with("position", position)
            }
        }
    }
}

impl From<AppendError> for Refusal {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::LedgerUnknown => Self::rule(Reason::LedgerUnknown, "ledger"),
            AppendError::Rejected(rules) => Self::Rules(rules),
            AppendError::IdConflict { request, events } => {
                let field = if request { "request_id" } else { "events" };
                let known: Vec<String> = events
                    .iter()
                    .map(|(id, position)| format!("{id}@{position}"))
                    .collect();
                let rule = Rejection::new(Reason::IdempotencyConflict, field);
                Self::Rules(vec![rule.with("events", known.join(" "))])
            }
            AppendError::Denied => Self::new(ServiceReason::PermissionDenied),
            AppendError::OtherActor => Self::new(ServiceReason::ActorDiffers),
            AppendError::Overloaded => Self::overloaded(),
            AppendError::DeadlineBefore => Self::new(ServiceReason::DeadlinePassed),
            AppendError::ReadOnly => Self::new(ServiceReason::ReadOnly),
            AppendError::ClockUntrusted(untrusted) => {
                Self::new(ServiceReason::ClockUntrusted).because(&untrusted)
            }
            AppendError::StorageLow(low) => Self::new(ServiceReason::StorageLow).because(&low),
            AppendError::Refused(LogFault::Closed) => {
                Self::new(ServiceReason::LogUnavailable).retry_in(RETRY_UNAVAILABLE)
            }
            // Whatever the log refuses is final: the writer ends.
            AppendError::Refused(
                fault @ (LogFault::InFlight | LogFault::Invalid(_) | LogFault::Storage(_)),
            ) => Self::new(ServiceReason::ReadOnly).because(&fault),
            AppendError::NotKept(fault) => {
                Self::new(ServiceReason::PersonalStoreUnavailable).because(fault.as_ref())
            }
            AppendError::Unknown(fault) => Self::new(ServiceReason::OutcomeUnknown).because(&fault),
            AppendError::Read(fault) => Self::from(fault),
        }
    }
}

#[cfg(test)]
mod tests;
