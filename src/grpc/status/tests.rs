use std::collections::{BTreeMap, BTreeSet};

use insta::assert_snapshot;

use super::*;
use crate::api::v1::ErrorReason;
use crate::domain::id::EventId;

/// A status as a client sees it.
fn seen(refusal: Refusal, language: Language) -> String {
    let status = refusal.into_status(language);
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.domain, ERROR_DOMAIN);
    let metadata: BTreeMap<_, _> = info.metadata.iter().collect();
    let mut text = format!(
        "{:?} {} {metadata:?}\n{}\n",
        status.code(),
        info.reason,
        status.message()
    );
    for field in details
        .bad_request()
        .iter()
        .flat_map(|b| &b.field_violations)
    {
        text += &format!(
            "field {} {}: {}\n",
            field.field, field.reason, field.description
        );
    }
    for state in details
        .precondition_failure()
        .iter()
        .flat_map(|p| &p.violations)
    {
        text += &format!(
            "state {} {}: {}\n",
            state.subject, state.r#type, state.description
        );
    }
    if let Some(retry) = details.retry_info() {
        text += &format!("retry in {:?}\n", retry.retry_delay.unwrap());
    }
    let localized = details.localized_message().unwrap();
    text + &format!("{}: {}", localized.locale, localized.message)
}

#[test]
fn every_broken_rule_is_told_at_once() {
    let rules = vec![
        Rejection::new(Reason::GoalSuspended, "events[0].actual_recorded.indicator")
            .with("since", "2023-07-01"),
        Rejection::new(
            Reason::ValueNotNumeric,
            "events[1].actual_recorded.measurement.increment",
        ),
        Rejection::new(
            Reason::IndicatorUnknown,
            "events[2].actual_recorded.indicator",
        ),
    ];
    assert_snapshot!(seen(rules.clone().into(), Language::En), @r#"
    InvalidArgument VALUE_NOT_NUMERIC {"field": "events[1].actual_recorded.measurement.increment", "violations": "3"}
    events[1].actual_recorded.measurement.increment: enter a plain number such as `1200` or `1.5` (and 2 more)
    field events[1].actual_recorded.measurement.increment VALUE_NOT_NUMERIC: enter a plain number such as `1200` or `1.5`
    field events[2].actual_recorded.indicator INDICATOR_UNKNOWN: no such indicator
    state events[0].actual_recorded.indicator GOAL_SUSPENDED: the goal is suspended since 2023-07-01
    en: enter a plain number such as `1200` or `1.5` (and 2 more)
    "#);
    assert_snapshot!(seen(rules.into(), Language::Ja), @r#"
    InvalidArgument VALUE_NOT_NUMERIC {"field": "events[1].actual_recorded.measurement.increment", "violations": "3"}
    events[1].actual_recorded.measurement.increment: enter a plain number such as `1200` or `1.5` (and 2 more)
    field events[1].actual_recorded.measurement.increment VALUE_NOT_NUMERIC: 数値で入力してください
    field events[2].actual_recorded.indicator INDICATOR_UNKNOWN: 指標が登録されていません
    state events[0].actual_recorded.indicator GOAL_SUSPENDED: 組織目標は2023-07-01から休止中です
    ja: 数値で入力してください（ほか2件）
    "#);
}

#[test]
fn the_kind_that_the_client_must_mend_first_decides_the_code() {
    let rule = |reason| Rejection::new(reason, "f");
    let code = |reasons: &[Reason]| {
        let rules: Vec<_> = reasons.iter().copied().map(rule).collect();
        Refusal::from(rules).into_status(Language::En).code()
    };
    let (stale, state) = (Reason::StreamVersionConflict, Reason::TargetMissing);
    let (exists, unknown, wrong) = (
        Reason::CodeTaken,
        Reason::GoalUnknown,
        Reason::FieldRequired,
    );
    assert_eq!(code(&[stale]), Code::Aborted);
    assert_eq!(code(&[stale, state]), Code::FailedPrecondition);
    assert_eq!(code(&[stale, state, exists]), Code::AlreadyExists);
    assert_eq!(code(&[stale, state, exists, unknown]), Code::NotFound);
    assert_eq!(
        code(&[stale, state, exists, unknown, wrong]),
        Code::InvalidArgument
    );
}

#[test]
fn what_is_no_rule_says_whether_to_try_again() {
    let storage = || LogFault::Storage("/data/journal: Input/output error".to_owned());
    assert_snapshot!(seen(AppendError::Overloaded.into(), Language::En), @r#"
    ResourceExhausted OVERLOADED {}
    too many requests wait; nothing was appended
    retry in 200ms
    en: too many requests wait; nothing was appended
    "#);
    assert_snapshot!(seen(AppendError::Unknown(storage()).into(), Language::Ja), @r#"
    Unavailable OUTCOME_UNKNOWN {}
    the events may or may not be appended; send the same request again with the same ids
    ja: 記録されたか不明です。同じIDでもう一度送ってください
    "#);
    assert_snapshot!(seen(Refusal::deadline_while_appending(), Language::En), @r#"
    DeadlineExceeded OUTCOME_UNKNOWN {}
    the events may or may not be appended; send the same request again with the same ids
    en: the events may or may not be appended; send the same request again with the same ids
    "#);
    assert_snapshot!(seen(AppendError::Refused(storage()).into(), Language::En), @r#"
    Unavailable READ_ONLY {}
    the server is read-only after a storage error; nothing was appended; send it again with the same ids after the restart
    en: the server is read-only after a storage error; nothing was appended; send it again with the same ids after the restart
    "#);
    let damaged = ReadFault::BrokenChain { position: 7 };
    assert_snapshot!(seen(damaged.into(), Language::En), @r#"
    DataLoss DATA_DAMAGED {"position": "7"}
    stored events are damaged
    en: stored events are damaged
    "#);
    let beyond = ReadFault::Log(ReadError::BeyondEnd { size: 3 });
    assert_snapshot!(seen(beyond.into(), Language::En), @r#"
    OutOfRange POSITION_OUT_OF_RANGE {"size": "3"}
    the ledger does not reach that position
    en: the ledger does not reach that position
    "#);
    let id = EventId::from_bytes(&[1; 16]).unwrap();
    let conflict = AppendError::IdConflict {
        request: true,
        events: vec![(id, 4)],
    };
    assert_snapshot!(seen(conflict.into(), Language::En), @r#"
    AlreadyExists IDEMPOTENCY_CONFLICT {"events": "01010101-0101-0101-0101-010101010101@4", "field": "request_id", "violations": "1"}
    request_id: the id is known with other content
    field request_id IDEMPOTENCY_CONFLICT: the id is known with other content
    en: the id is known with other content
    "#);
    assert_snapshot!(seen(LedgerChoice::Ambiguous { count: 2 }.into(), Language::En), @r#"
    InvalidArgument LEDGER_AMBIGUOUS {"count": "2"}
    name a ledger; there are several
    en: name a ledger; there are several
    "#);
    assert_snapshot!(seen(AuthError::Missing.into(), Language::Ja), @r#"
    Unauthenticated ACTOR_MISSING {}
    name yourself in the metadata `daicho-actor-bin` (UTF-8) or `daicho-actor` (ASCII)
    ja: 利用者名を daicho-actor-bin で送ってください
    "#);
}

#[test]
fn details_are_bounded_whatever_is_wrong() {
    let long = "名".repeat(10_000);
    let rule = |index: usize| {
        Rejection::new(Reason::FieldInvalid, format!("events[{index}].{long}"))
            .with("problem", &long)
    };
    for count in [1, 2, 31, 32, 33, 10_000] {
        let rules: Vec<_> = (0..count).map(rule).collect();
        let status = Refusal::from(rules).into_status(Language::Ja);
        assert!(
            status.details().len() <= DETAILS_BYTES_MAX,
            "{}",
            status.details().len()
        );
        let details = status.get_error_details();
        let told = details.bad_request().unwrap().field_violations.len();
        assert!((1..=VIOLATIONS_MAX).contains(&told));
        assert_eq!(
            details.error_info().unwrap().metadata["violations"],
            count.to_string()
        );
    }
    let short: Vec<_> = (0..40)
        .map(|index| Rejection::new(Reason::FieldRequired, format!("events[{index}].event_id")))
        .collect();
    let details = Refusal::from(short)
        .into_status(Language::En)
        .get_error_details();
    assert_eq!(
        details.bad_request().unwrap().field_violations.len(),
        VIOLATIONS_MAX
    );
}

/// What the manual says: each reason with the code that its comment begins with.
fn documented() -> BTreeMap<String, String> {
    let manual = include_str!("../../../proto/daicho/v1/error_reason.proto");
    let (mut found, mut comment) = (BTreeMap::new(), String::new());
    for line in manual.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("// ") {
            comment += text;
            comment.push(' ');
            continue;
        }
        if let Some((name, _)) = line
            .strip_prefix("ERROR_REASON_")
            .and_then(|l| l.split_once(' '))
        {
            let code = comment.split([':', ',']).next().unwrap_or_default();
            found.insert(name.to_owned(), code.to_owned());
        }
        comment.clear();
    }
    found.remove("UNSPECIFIED");
    found
}

#[test]
fn manual_and_mapping_name_the_same_reasons_and_codes() {
    let spelled = |code: Code| match code {
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::Unauthenticated => "UNAUTHENTICATED",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        other => panic!("{other:?} is not documented"),
    };
    let rules = Reason::ALL.iter().map(|reason| {
        (
            reason.code().to_owned(),
            spelled(code_of(reason.kind())).to_owned(),
        )
    });
    let services = ServiceReason::ALL
        .iter()
        .map(|reason| (reason.name().to_owned(), spelled(reason.code()).to_owned()));
    let mapped: BTreeMap<String, String> = rules.chain(services).collect();
    assert_eq!(documented(), mapped);

    let generated: BTreeSet<String> = (0..1_000)
        .filter_map(|number| ErrorReason::try_from(number).ok())
        .map(|reason| {
            reason
                .as_str_name()
                .trim_start_matches("ERROR_REASON_")
                .to_owned()
        })
        .filter(|name| name != "UNSPECIFIED")
        .collect();
    assert_eq!(generated, mapped.into_keys().collect());
}

#[test]
fn a_status_within_an_answer_is_that_of_a_call_that_fails() {
    let refusals = [
        Refusal::overloaded(),
        Refusal::rule(Reason::FieldRequired, "events"),
        Refusal::Rules(Vec::new()),
    ];
    for refusal in refusals {
        let status = refusal.clone().into_status(Language::En);
        let told = refusal.into_message(Language::En);
        assert_ne!(told.code, 0);
        assert_eq!(
            (told.code, told.message.as_str()),
            (status.code() as i32, status.message())
        );
        assert_eq!(told.details.is_empty(), status.details().is_empty());
    }
}
