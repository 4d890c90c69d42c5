//! Whatever is wrong is told with a reason, a place and words, and leaves nothing in the ledger.
//!
//! ```text
//! world       a server with a plan of this year and one of last year, and events to send it
//! rules       a case for every rule that can refuse an append, but for those of
//! periods     periods, policies, evaluations and next actions, and what they lock
//! decisions   proposals and decisions
//! personal    texts about people
//! round       the reporting round: confirmations, audit findings, rounds
//! access      persons, seats and who acts for whom
//! rows        bad input, row by row as people make it
//! requests    requests as a whole: ids, retries, limits, pages, all faults at once
//! wire        what only a client without our own library can send
//! access_log  what is not recorded in access logs, and not answered without them
//! evidence    files that are not taken in, not handed out, or not there
//! faulty_log  a log that refuses, hangs, forgets to answer or reads garbage, under the real services
//! auth        callers who do not sign in, or as somebody else (`crate::auth`)
//! notices     what is accepted but flagged
//! ```

use std::collections::{BTreeMap, BTreeSet};

use daicho::api::v1::ErrorReason;
use daicho::auth::Denied;
use daicho::domain::text::Language;
use daicho::grpc::status::{DETAILS_BYTES_MAX, ERROR_DOMAIN, Refusal, VIOLATIONS_MAX};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

mod access;
mod access_log;
mod administration;
mod decisions;
mod evidence;
pub(crate) mod faulty_log;
mod notices;
mod pages;
mod periods;
mod personal;
mod requests;
mod round;
mod rows;
mod rules;
mod seats;
mod wire;
pub(crate) mod world;

/// A status as a program reads it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    pub(crate) code: Code,
    pub(crate) reason: String,
    pub(crate) metadata: BTreeMap<String, String>,
    /// Reason and field of each violation that is told.
    pub(crate) violations: Vec<(String, String)>,
    /// The sentence for people.
    pub(crate) sentence: String,
    pub(crate) retry: bool,
}

impl Told {
    pub(crate) fn field(&self) -> &str {
        self.metadata.get("field").map_or("", String::as_str)
    }

    /// How many rules were broken in all.
    pub(crate) fn total(&self) -> usize {
        self.metadata["violations"].parse().unwrap()
    }
}

/// Reads a status, which must keep what every status promises.
pub(crate) fn told(status: &Status) -> Told {
    let details = status.get_error_details();
    let info = details
        .error_info()
        .unwrap_or_else(|| panic!("no reason: {status:?}"));
    assert_eq!(info.domain, ERROR_DOMAIN);
    assert!(
        status.details().len() <= DETAILS_BYTES_MAX,
        "{}",
        status.details().len()
    );
    let localized = details.localized_message().unwrap();
    assert!(
        matches!(localized.locale.as_str(), "ja" | "en"),
        "{localized:?}"
    );
    let mut texts = vec![status.message().to_owned(), localized.message.clone()];
    let mut violations = Vec::new();
    for field in details
        .bad_request()
        .iter()
        .flat_map(|b| &b.field_violations)
    {
        violations.push((field.reason.clone(), field.field.clone()));
        texts.push(field.description.clone());
    }
    for state in details
        .precondition_failure()
        .iter()
        .flat_map(|p| &p.violations)
    {
        violations.push((state.r#type.clone(), state.subject.clone()));
        texts.push(state.description.clone());
    }
    assert!(violations.len() <= VIOLATIONS_MAX);
    // A figure that a sentence speaks of is always filled in; `{` is in no code and no unit of these tests.
    for text in texts {
        let words = text.replace("{case}", "").replace("{walk}", "");
        assert!(!words.is_empty() && !words.contains('{'), "{text}");
    }
    Told {
        code: status.code(),
        reason: info.reason.clone(),
        metadata: info.metadata.clone().into_iter().collect(),
        violations,
        sentence: localized.message.clone(),
        retry: details.retry_info().is_some(),
    }
}

/// The name of a reason in a status.
pub(crate) fn name(reason: ErrorReason) -> &'static str {
    reason.as_str_name().strip_prefix("ERROR_REASON_").unwrap()
}

/// Reasons that were seen to happen.
pub(crate) type Seen = BTreeSet<ErrorReason>;

/// Holds a status against what is expected of it, and takes note of its reason.
#[track_caller]
pub(crate) fn expect(
    seen: &mut Seen,
    status: &Status,
    code: Code,
    reason: ErrorReason,
    ja: &str,
) -> Told {
    let told = told(status);
    assert_eq!(
        (told.code, told.reason.as_str()),
        (code, name(reason)),
        "{status:?}"
    );
    assert!(
        told.sentence.contains(ja),
        "{} does not say {ja}",
        told.sentence
    );
    seen.insert(reason);
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn every_reason_happens() {
    let mut seen = Seen::new();
    rules::all_happen(&mut seen).await;
    periods::all_happen(&mut seen).await;
    round::all_happen(&mut seen).await;
    access::all_happen(&mut seen).await;
    decisions::all_happen(&mut seen).await;
    personal::all_happen(&mut seen).await;
    requests::all_happen(&mut seen).await;
    wire::all_happen(&mut seen).await;
    access_log::all_happen(&mut seen).await;
    evidence::all_happen(&mut seen).await;
    seats::all_happen(&mut seen).await;
    faulty_log::all_happen(&mut seen).await;
    crate::auth::all_happen(&mut seen).await;
    crate::kill::clock::all_happen(&mut seen).await;

    // Whoever has a name may do everything in this release, so nothing a client sends is denied; only the
    // mapping can be looked at.
    let denied = Refusal::from(Denied).into_status(Language::Ja);
    expect(
        &mut seen,
        &denied,
        Code::PermissionDenied,
        ErrorReason::PermissionDenied,
        "権限がありません",
    );

    let every = (1..1_000).filter_map(|number| ErrorReason::try_from(number).ok());
    let missing: Vec<_> = every
        .filter(|reason| !seen.contains(reason))
        .map(name)
        .collect();
    assert!(
        missing.is_empty(),
        "no test makes these happen: {missing:?}"
    );
}
