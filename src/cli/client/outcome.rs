//! What a failed call says about whether it was recorded.

use tonic::{Code, Status};

use crate::cli::exit::Exit;
use crate::cli::failure::{self, Failure};
use crate::cli::language::pick;
use crate::domain::text::Language;

/// Whether a call that failed so may have been recorded all the same.
///
/// A status without a reason was not made by the service: the connection broke or the client gave up.
pub fn is_outcome_unknown(status: &Status) -> bool {
    match failure::reason_of(status).as_deref() {
        Some(reason) => reason == "OUTCOME_UNKNOWN",
        None => matches!(
            status.code(),
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown
        ),
    }
}

/// Whether a refusal of a repeated call was decided with the ledger's knowledge of its ids.
pub(super) fn is_decided(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::FailedPrecondition
            | Code::Aborted
            | Code::PermissionDenied
            | Code::Unauthenticated
    )
}

pub(super) fn outcome_unknown(language: Language, request_id: &str, first: &Status) -> Failure {
    let cause = match first.message() {
        "" => format!("{:?}", first.code()),
        message => message.to_owned(),
    };
    Failure::new(
        Exit::OutcomeUnknown,
        pick(
            language,
            format!("記録されたかどうか分かりません（{cause}）"),
            format!("it is not known whether this was recorded ({cause})"),
        ),
    )
    .hint(pick(
        language,
        format!("同じコマンドに --request-id {request_id} を付けてやり直してください。二重には記録されません"),
        format!("run the same command again with --request-id {request_id}: nothing is recorded twice"),
    ))
}

#[cfg(test)]
mod tests {
    use tonic_types::{ErrorDetails, StatusExt as _};

    use super::*;

    fn reasoned(code: Code, reason: &str) -> Status {
        let details = ErrorDetails::with_error_info(reason, "daicho", []);
        Status::with_error_details(code, "told", details)
    }

    #[test]
    fn only_a_lost_answer_leaves_the_outcome_unknown() {
        assert!(is_outcome_unknown(&Status::unavailable("connection reset")));
        assert!(is_outcome_unknown(&Status::cancelled("timeout")));
        assert!(is_outcome_unknown(&reasoned(
            Code::Unavailable,
            "OUTCOME_UNKNOWN"
        )));
        assert!(!is_outcome_unknown(&reasoned(
            Code::Unavailable,
            "READ_ONLY"
        )));
        assert!(!is_outcome_unknown(&reasoned(
            Code::DeadlineExceeded,
            "DEADLINE_PASSED"
        )));
        assert!(!is_outcome_unknown(&reasoned(
            Code::FailedPrecondition,
            "CYCLE_ENDED"
        )));
    }

    #[test]
    fn a_second_attempt_that_never_reached_the_ledger_settles_nothing() {
        assert!(!is_decided(&reasoned(Code::Unavailable, "READ_ONLY")));
        assert!(!is_decided(&reasoned(
            Code::ResourceExhausted,
            "OVERLOADED"
        )));
        assert!(is_decided(&reasoned(
            Code::FailedPrecondition,
            "CYCLE_ENDED"
        )));
    }
}
