//! Why a command ended without what was asked, told to people; the exit code tells programs.

use std::io;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::cli::exit::Exit;
use crate::cli::hint;
use crate::cli::language::pick;
use crate::domain::text::Language;

/// A command ended without what was asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Failure {
    /// Whoever read the answer has read enough. Not an error.
    ReaderGone,
    /// The answer itself says that a rule forbids it: nothing more to tell.
    Answered,
    /// Something to tell.
    Told(Box<Report>),
}

/// What is told about a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The exit code.
    pub exit: Exit,
    /// One sentence for people.
    pub message: String,
    /// The server's stable reason, where it gave one.
    pub reason: Option<String>,
    /// Each rule broken.
    pub violations: Vec<Violation>,
    /// How many more there were than the server could list.
    pub omitted: usize,
    /// What to do next.
    pub hints: Vec<String>,
}

/// A rule broken, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Violation {
    /// Path of the field in the request, or empty.
    pub field: String,
    /// The server's stable reason, or empty.
    pub reason: String,
    /// In words.
    pub message: String,
}

impl Failure {
    /// A failure with one sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self::Told(Box::new(Report {
            exit,
            message: message.into(),
            reason: None,
            violations: Vec::new(),
            omitted: 0,
            hints: Vec::new(),
        }))
    }

    /// The command line cannot be understood.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        if let Self::Told(report) = &mut self {
            report.hints.push(hint.into());
        }
        self
    }

    /// With the server's stable reason.
    #[must_use]
    pub fn because(mut self, reason: &str) -> Self {
        if let Self::Told(report) = &mut self {
            report.reason = Some(reason.to_owned());
        }
        self
    }

    /// How a stream ended that was being read. This server gives every end a reason: one without is a connection that
    /// broke.
    pub fn from_stream(language: Language, status: &Status) -> Self {
        let broke = matches!(
            status.code(),
            Code::Unknown | Code::Internal | Code::Cancelled | Code::Unavailable
        );
        if !broke || reason_of(status).is_some() {
            return Self::from_status(language, status);
        }
        let cause = innermost(status);
        Self::new(
            Exit::Unavailable,
            pick(
                language,
                format!("サーバーとの接続が切れました: {cause}"),
                format!("the connection to the server broke: {cause}"),
            ),
        )
    }

    /// Whether nothing but this reason stands against what was asked.
    pub fn is_only(&self, reason: &str) -> bool {
        let Self::Told(report) = self else {
            return false;
        };
        report.omitted == 0
            && !report.violations.is_empty()
            && report
                .violations
                .iter()
                .all(|broken| broken.reason == reason)
    }

    /// The first rule that was broken, in words.
    pub fn first_violation(&self) -> Option<&str> {
        match self {
            Self::Told(report) => report
                .violations
                .first()
                .map(|broken| broken.message.as_str()),
            Self::ReaderGone | Self::Answered => None,
        }
    }

    /// The answer could not be written.
    pub fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::new(Exit::Fault, format!("cannot write the output: {error}"))
        }
    }

    /// What was told: where nobody reads it any more, what is to be done, and what is to be said by the exit code, is all the same.
    pub fn unheard(told: Result<(), Self>) -> Result<(), Self> {
        match told {
            Err(Self::ReaderGone) => Ok(()),
            told => told,
        }
    }

    /// What the server answered instead of what was asked.
    pub fn from_status(language: Language, status: &Status) -> Self {
        let details = status.get_error_details();
        let info = details.error_info();
        let reason = info
            .map(|info| info.reason.clone())
            .filter(|reason| !reason.is_empty());
        let mut violations = Vec::new();
        for violation in details
            .bad_request()
            .iter()
            .flat_map(|bad| &bad.field_violations)
        {
            let localized = violation
                .localized_message
                .as_ref()
                .map(|told| told.message.clone());
            violations.push(Violation {
                field: violation.field.clone(),
                reason: violation.reason.clone(),
                message: localized.unwrap_or_else(|| violation.description.clone()),
            });
        }
        for violation in details
            .precondition_failure()
            .iter()
            .flat_map(|broken| &broken.violations)
        {
            violations.push(Violation {
                field: violation.subject.clone(),
                reason: violation.r#type.clone(),
                message: violation.description.clone(),
            });
        }
        let total = info
            .and_then(|info| info.metadata.get("violations"))
            .and_then(|total| total.parse::<usize>().ok())
            .unwrap_or(violations.len());
        let message = details
            .localized_message()
            .map(|told| told.message.clone())
            .filter(|message| !message.is_empty())
            .unwrap_or_else(|| words(language, status));
        let exit = exit_of(status.code(), reason.as_deref());
        let mut hints: Vec<String> = Vec::new();
        // Where every line bears its own advice there is nothing to add.
        let advised = |violation: &Violation| hint::advice(language, &violation.reason).is_some();
        if violations.is_empty() || !violations.iter().any(advised) {
            let reason = reason.as_deref().unwrap_or_default();
            hints.extend(hint::next_step(language, reason, exit).map(str::to_owned));
        }
        let wait = details.retry_info().and_then(|retry| retry.retry_delay);
        if let Some(wait) = wait {
            let seconds = wait.as_secs_f32().ceil();
            hints.push(pick(
                language,
                format!("{seconds:.0}秒後に同じ操作をやり直せます"),
                format!("the same can be tried again in {seconds:.0} s"),
            ));
        }
        Self::Told(Box::new(Report {
            exit,
            message,
            reason,
            omitted: total.saturating_sub(violations.len()),
            violations,
            hints,
        }))
    }

    /// No connection to the server.
    pub fn unreachable(language: Language, server: &str, error: &dyn std::error::Error) -> Self {
        let cause = innermost(error);
        let unbelieved = cause.contains("certificate");
        let failure = Self::new(
            Exit::Unavailable,
            pick(
                language,
                format!("サーバー {server} に接続できません: {cause}"),
                format!("cannot reach the server {server}: {cause}"),
            ),
        );
        if unbelieved {
            return failure.hint(pick(
                language,
                "サーバーの証明書を発行した認証局を --certificates ファイル で指定してください",
                "name the authority of the server's certificate with --certificates FILE",
            ));
        }
        failure.hint(pick(
            language,
            "サーバーを起動するか（daicho serve、daicho demo）、--server URL で指定してください",
            "start one (daicho serve, daicho demo), or name another with --server URL",
        ))
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        match self {
            Self::ReaderGone => Exit::Done,
            Self::Answered => Exit::Refused,
            Self::Told(report) => report.exit,
        }
    }

    /// The server's stable reason, where it gave one.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::ReaderGone | Self::Answered => None,
            Self::Told(report) => report.reason.as_deref(),
        }
    }
}

/// The stable reason of a status, where it bears one.
pub fn reason_of(status: &Status) -> Option<String> {
    let details = status.get_error_details();
    details
        .error_info()
        .map(|info| info.reason.clone())
        .filter(|reason| !reason.is_empty())
}

fn exit_of(code: Code, reason: Option<&str>) -> Exit {
    match code {
        _ if reason == Some("OUTCOME_UNKNOWN") => Exit::OutcomeUnknown,
        Code::InvalidArgument
        | Code::FailedPrecondition
        | Code::Unauthenticated
        | Code::PermissionDenied => Exit::Refused,
        Code::NotFound | Code::OutOfRange => Exit::NotFound,
        Code::AlreadyExists | Code::Aborted => Exit::Conflict,
        Code::Unavailable | Code::ResourceExhausted | Code::DeadlineExceeded | Code::Cancelled => {
            Exit::Unavailable
        }
        Code::Ok | Code::Unknown | Code::Unimplemented | Code::Internal | Code::DataLoss => {
            Exit::Fault
        }
    }
}

/// The server's message, or the name of the code where it said nothing.
fn words(language: Language, status: &Status) -> String {
    match status.message() {
        "" => pick(
            language,
            format!("サーバーの応答: {:?}", status.code()),
            format!("the server answered {:?}", status.code()),
        ),
        message => message.to_owned(),
    }
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
