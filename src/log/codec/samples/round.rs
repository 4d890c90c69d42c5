//! Payloads of the reporting round: calendars, confirmations, audit findings.

use super::*;
use crate::domain::finding::FindingReference;
use crate::domain::reporting::{ReportingRound, RoundDates, RoundException};

/// For each type the payload with every field set, and the one with as few as there may be.
pub(super) fn payloads() -> Vec<(Payload, Payload)> {
    vec![
        (
            ReportingCalendarSet {
                plan: plan(1),
                rounds: vec![
                    ReportingRound {
                        code: key("mid-year"),
                        title: both("中間", "Mid-year"),
                        reports_for: date(2023, 9, 30),
                        cut_off: date(2023, 10, 6),
                        fixed_on: date(2023, 10, 10),
                        exceptions: vec![
                            RoundException {
                                indicator: indicator(1),
                                dates: None,
                            },
                            RoundException {
                                indicator: indicator(2),
                                dates: Some(RoundDates {
                                    reports_for: date(2023, 9, 15),
                                    cut_off: date(2023, 9, 20),
                                    fixed_on: date(2023, 9, 29),
                                }),
                            },
                        ],
                    },
                    ReportingRound {
                        code: key("年度末"),
                        title: ja("年度末"),
                        reports_for: date(2024, 3, 31),
                        cut_off: date(2024, 4, 10),
                        fixed_on: date(2024, 5, 31),
                        exceptions: vec![],
                    },
                ],
            }
            .into(),
            ReportingCalendarSet {
                plan: plan(1),
                rounds: vec![],
            }
            .into(),
        ),
        (
            ActualConfirmed {
                indicator: indicator(1),
                entries: vec![event_id(34), event_id(35)],
            }
            .into(),
            ActualConfirmed {
                indicator: indicator(1),
                entries: vec![],
            }
            .into(),
        ),
        (
            AuditFindingRecorded {
                plan: plan(1),
                finding: key("R5-1"),
                text: text("根拠資料のない実績がある。"),
                references: vec![
                    FindingReference::Subject(Subject::Goal(goal(1))),
                    FindingReference::Subject(Subject::Initiative(initiative(1))),
                    FindingReference::Subject(Subject::Indicator(indicator(1))),
                    FindingReference::Unit(unit_id(2)),
                    FindingReference::Event(event_id(34)),
                ],
                due: date(2023, 12, 28),
                promised: text("根拠資料を添付し、添付を必須とする。"),
            }
            .into(),
            AuditFindingRecorded {
                plan: plan(1),
                finding: key("1"),
                text: text("-"),
                references: vec![],
                due: date(2023, 4, 1),
                promised: text("-"),
            }
            .into(),
        ),
        (
            AuditFindingAnswered {
                plan: plan(1),
                finding: key("R5-1"),
                text: text("指摘のとおり改めた。"),
                action: text("9件に根拠資料を添付した。"),
                references: vec![FindingReference::Event(event_id(40))],
            }
            .into(),
            AuditFindingAnswered {
                plan: plan(1),
                finding: key("1"),
                text: text("-"),
                action: text("-"),
                references: vec![],
            }
            .into(),
        ),
    ]
}
