//! Payloads of access logs.

use super::*;
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedKind, AccessedResource};

/// As [`payloads`](super::payloads::payloads).
pub(super) fn payloads() -> Vec<(Payload, Payload)> {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    vec![
        (
            AccessRecorded {
                rpc: name("daicho.v1.EvidenceService/GetEvidence"),
                class: AccessClass::Export,
                resource: Some(AccessedResource {
                    kind: AccessedKind::EvidenceFile,
                    name: name("5a5a5a5a"),
                }),
                purpose: Some(name("定期監査")),
                outcome: AccessOutcome::Refused,
                status: 7,
                reason: Some(name("PERMISSION_DENIED")),
                policy: Some(name("auditor-never-writes")),
                peer: Some(name("2001:db8::1")),
                duration_micros: 1_250,
                request_id: Some(RequestId::new(uuid(0x8002)).unwrap()),
                count: 12,
                first_at: at("2023-10-06T09:30:15.123456Z"),
                last_at: at("2023-10-06T09:30:59.999999Z"),
                personal: true,
            }
            .into(),
            AccessRecorded {
                rpc: name("a"),
                class: AccessClass::SignIn,
                resource: None,
                purpose: None,
                outcome: AccessOutcome::Ok,
                status: 0,
                reason: None,
                policy: None,
                peer: None,
                duration_micros: 0,
                request_id: None,
                count: 0,
                first_at: Timestamp::UNIX_EPOCH,
                last_at: Timestamp::UNIX_EPOCH,
                personal: false,
            }
            .into(),
        ),
        (
            AccessesLeftOut {
                refusals: 100_000,
                others: 7,
                first_at: at("2023-10-06T09:30:00Z"),
                last_at: at("2023-10-06T09:30:59.5Z"),
            }
            .into(),
            AccessesLeftOut {
                refusals: 0,
                others: 0,
                first_at: Timestamp::UNIX_EPOCH,
                last_at: Timestamp::UNIX_EPOCH,
            }
            .into(),
        ),
    ]
}

/// How an access log begins.
pub(super) fn opening() -> Payload {
    LedgerOpened {
        ledger: ledger(),
        code: code("見本市/access"),
        title: both("見本市（アクセス記録）", "Sample City: access log"),
        origin: name("example.lg.jp/daicho/mihon/access"),
        time_zone: name("Asia/Tokyo"),
        locale: name("ja-JP"),
        sample: false,
        clock: ClockKind::System,
        access_log_of: Some(LedgerId::new(uuid(0x6001)).unwrap()),
    }
    .into()
}
