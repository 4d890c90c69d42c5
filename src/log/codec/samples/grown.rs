//! Payloads with the fields that a type was given after its first golden leaves were written. Those stay as they are, so each
//! such field has a leaf of its own.

use super::model::plain_definition;
use super::*;
use crate::domain::access::AccessPolicy;
use crate::domain::evaluation::policy::PolicyContent;

/// Each with the name of its field, in the order in which they came to be, for ever.
pub(super) fn payloads() -> Vec<(&'static str, Payload)> {
    vec![
        (
            "continues",
            GoalSet {
                goal: goal(1),
                plan: plan(2),
                code: code("R6/企画財政部/1-2"),
                department: unit_id(1),
                pillar: 1,
                title: ja("窓口"),
                source_text: text("窓口を使いやすくします。"),
                continues: Some(goal(9)),
            }
            .into(),
        ),
        (
            "continues",
            InitiativeSet {
                initiative: initiative(1),
                goal: goal(1),
                number: 3,
                code: code("R6/企画財政部/1-2/3"),
                title: ja("案内"),
                source_text: text("案内を多言語にします。"),
                lead_unit: unit_id(2),
                contributing_units: vec![unit_id(3)],
                continues: Some(initiative(9)),
                references: Vec::new(),
            }
            .into(),
        ),
        (
            "continues",
            IndicatorDefined {
                indicator: indicator(1),
                initiative: initiative(1),
                code: code("R6/企画財政部/1-2/3.1"),
                title: ja("利用者数"),
                source_text: text("利用者 月 約8千人"),
                definition: plain_definition(),
                continues: Some(indicator(9)),
            }
            .into(),
        ),
        (
            "confirms",
            IndicatorReworded {
                indicator: indicator(1),
                title: ja("来場者"),
                source_text: text("来場者 月 約7.5千人"),
                confirms: vec!["agg_time".to_owned(), "unit".to_owned()],
            }
            .into(),
        ),
        (
            "references",
            InitiativeSet {
                initiative: initiative(1),
                goal: goal(1),
                number: 3,
                code: code("R6/企画財政部/1-2/3"),
                title: ja("案内"),
                source_text: text("案内を多言語にします。"),
                lead_unit: unit_id(2),
                contributing_units: vec![unit_id(3)],
                continues: None,
                references: vec![
                    ExternalReference {
                        document: name("行革プラン"),
                        clause: Some(name("3-2")),
                        as_of: Some(date(2023, 3, 31)),
                    },
                    ExternalReference {
                        document: name("自治基本条例"),
                        clause: None,
                        as_of: None,
                    },
                ],
            }
            .into(),
        ),
        (
            "access",
            PolicyPublished {
                code: code("access"),
                version: 1,
                title: ja("権限方針"),
                content: PolicyContent::Access(
                    AccessPolicy::parse("@id(\"読む\")\npermit (principal, action, resource);\n")
                        .unwrap(),
                ),
            }
            .into(),
        ),
    ]
}
