//! What the events change that say who holds which seat.

use super::{FieldChange, Known, plain, unit_text};
use crate::domain::access::{Grant, Holder, LoginId};
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{Event, Payload};
use crate::domain::id::{PersonId, UnitId};

/// What such an event changes; nothing for any other. `date` is the day of the record.
pub(super) fn told(
    event: &Event,
    before: Known<'_>,
    after: Known<'_>,
    date: Date,
) -> Vec<FieldChange> {
    let directory = after.directory;
    let from = event.valid.map_or(date, |valid| valid.from);
    let to = event.valid.and_then(|valid| valid.to);
    match &event.payload {
        Payload::PersonRegistered(p) => vec![
            plain("person", p.name.to_string()),
            plain("logins", logins_text(&p.logins)),
        ],
        Payload::PersonChanged(p) => {
            let known = before.directory.person(p.person);
            let name = p.name.as_ref().map(|name| FieldChange {
                field: "person",
                before: known.map(|person| person.names.on(from).to_string()),
                after: Some(name.to_string()),
            });
            let logins = FieldChange {
                field: "logins",
                before: known.map(|person| logins_text(&person.logins)),
                after: Some(logins_text(&p.logins)),
            };
            let unnamed = known.map(|person| plain("person", person.names.on(from).to_string()));
            let same = logins.before == logins.after;
            let mut changes: Vec<FieldChange> = name.or(unnamed).into_iter().collect();
            changes.extend((!same).then_some(logins));
            changes
        }
        Payload::RoleGranted(p) => {
            let mut changes = vec![
                plain("seat", format!("{} {}", p.seat, p.title.ja)),
                plain("role", p.role.code().to_owned()),
            ];
            let units = units_text(directory, &p.units, from);
            changes.extend((!p.units.is_empty()).then(|| plain("units", units)));
            changes.push(plain("holder", holder_text(directory, &p.holder, from)));
            changes.push(plain("in_force", days_text(from, to)));
            changes
        }
        Payload::RoleRevoked(p) => {
            let Some(grant) = directory.grant(p.grant) else {
                return Vec::new();
            };
            let last = before.directory.grant(p.grant).and_then(|g| g.until());
            let mut changes = seat_of(directory, grant, from);
            changes.push(FieldChange {
                field: "in_force",
                before: Some(days_text(grant.from, last)),
                after: Some(days_text(grant.from, grant.until())),
            });
            changes
        }
        Payload::DelegationRegistered(p) => {
            let principal = directory.principal_of(&p.seat, from);
            let mut changes = principal.map_or_else(
                || vec![plain("seat", p.seat.to_string())],
                |(grant, _)| seat_of(directory, grant, from),
            );
            changes.extend([
                plain("delegate", person_text(directory, p.delegate, from)),
                plain("ground", p.ground.to_string()),
                plain("in_force", days_text(from, to)),
            ]);
            changes
        }
        Payload::DelegationEnded(p) => {
            let Some(delegation) = directory.delegation(p.delegation) else {
                return Vec::new();
            };
            vec![
                plain("seat", delegation.seat.to_string()),
                plain(
                    "delegate",
                    person_text(directory, delegation.delegate, from),
                ),
                FieldChange {
                    field: "in_force",
                    before: Some(days_text(delegation.from, Some(delegation.to))),
                    after: Some(days_text(delegation.from, Some(delegation.until()))),
                },
            ]
        }
        _ => Vec::new(),
    }
}

/// A seat and who holds it.
fn seat_of(directory: &Directory, grant: &Grant, date: Date) -> Vec<FieldChange> {
    vec![
        plain("seat", format!("{} {}", grant.seat, grant.title.ja)),
        plain("holder", holder_text(directory, &grant.holder, date)),
    ]
}

fn holder_text(directory: &Directory, holder: &Holder, date: Date) -> String {
    match holder {
        Holder::Person(person) => person_text(directory, *person, date),
        Holder::Service(login) => login_text(login),
    }
}

fn person_text(directory: &Directory, person: PersonId, date: Date) -> String {
    let known = directory.person(person);
    known.map_or_else(
        || person.to_string(),
        |person| person.names.on(date).to_string(),
    )
}

fn units_text(directory: &Directory, units: &[UnitId], date: Date) -> String {
    let names = units.iter().map(|id| unit_text(directory, *id, date));
    names.collect::<Vec<_>>().join(", ")
}

fn logins_text(logins: &[LoginId]) -> String {
    logins.iter().map(login_text).collect::<Vec<_>>().join(", ")
}

/// `issuer#subject`, or the subject alone where nobody vouches for it.
fn login_text(login: &LoginId) -> String {
    match &login.issuer {
        Some(issuer) => format!("{issuer}#{}", login.subject),
        None => login.subject.to_string(),
    }
}

/// `2023-04-01〜`, with its last day where there is one.
fn days_text(from: Date, to: Option<Date>) -> String {
    match to {
        Some(to) if to < from => "-".to_owned(),
        Some(to) => format!("{from}〜{to}"),
        None => format!("{from}〜"),
    }
}
