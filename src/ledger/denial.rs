//! What those are told who may not do what they ask, as far as they may be told.

use crate::auth::access::{Cause, Denied};
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::rejection::{Reason, Rejection};
use crate::domain::text::Language;

/// Units that a refusal names at most.
const UNITS_TOLD_MAX: usize = 5;

/// A denial as a broken rule.
pub(super) fn refusal_of(denied: &Denied, directory: &Directory, today: Date) -> Rejection {
    rejection(denied, directory, today, "")
}

/// See `refusal_of`; about `field`.
pub fn rejection(denied: &Denied, directory: &Directory, today: Date, field: &str) -> Rejection {
    match &denied.cause {
        Cause::SeatUnknown(seat) => Rejection::new(Reason::SeatUnknown, field).with("seat", seat),
        Cause::OtherUnit(units) => {
            let names: Vec<String> = units
                .iter()
                .filter_map(|id| directory.unit(*id))
                .take(UNITS_TOLD_MAX)
                .map(|unit| unit.name_on(today).ja.to_string())
                .collect();
            Rejection::new(Reason::NotResponsibleUnit, field)
                .with("units", names.join(", "))
                .with("action", denied.action.code())
        }
        cause => {
            let policy = match cause {
                Cause::Forbidden(policies) => policies.join(", "),
                _ => "-".to_owned(),
            };
            let roles = |language| -> String {
                let labels: Vec<&str> = denied
                    .roles
                    .iter()
                    .map(|role| role.label(language))
                    .collect();
                if labels.is_empty() {
                    "-".to_owned()
                } else {
                    labels.join(", ")
                }
            };
            Rejection::new(Reason::NotPermitted, field)
                .with("action", denied.action.code())
                .with("action_ja", denied.action.label(Language::Ja))
                .with("policy", policy)
                .with("help", roles(Language::En))
                .with("help_ja", roles(Language::Ja))
        }
    }
}
