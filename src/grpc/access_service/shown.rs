//! Persons, seats, grants and delegations as the API shows them.

use crate::api::v1;
use crate::auth::access::{Action, Extent};
use crate::domain::access::{Delegation, Grant, Holder, Person, Role, SeatHeld};
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::id::{PersonId, UnitId};
use crate::domain::personal::{FreeText, Words};
use crate::domain::text::Language;
use crate::grpc::event::{Choice as _, show_login, show_timestamp, show_title};

/// A name, or what became of its words.
pub(super) fn name(name: &FreeText) -> v1::PersonName {
    let state = match name
        .personal()
        .map(crate::domain::personal::PersonalText::words)
    {
        None => v1::PersonalTextState::Unspecified,
        Some(Words::Kept(_)) => v1::PersonalTextState::Present,
        Some(Words::Erased { .. }) => v1::PersonalTextState::Erased,
        Some(Words::Missing) => v1::PersonalTextState::Missing,
        Some(Words::Altered) => v1::PersonalTextState::Altered,
        Some(Words::Withheld) => v1::PersonalTextState::Withheld,
    };
    v1::PersonName {
        text: name.to_string(),
        state: state.into(),
    }
}

fn name_of(directory: &Directory, person: PersonId, on: Date) -> Option<v1::PersonName> {
    let person = directory.person(person)?;
    Some(name(person.names.on(on)))
}

pub(super) fn person(person: &Person, on: Date) -> v1::Person {
    v1::Person {
        person: person.id.to_string(),
        name: Some(name(person.names.on(on))),
        logins: person.logins.iter().map(show_login).collect(),
        position: person.position,
        recorded_at: Some(show_timestamp(person.recorded_at)),
    }
}

fn units(directory: &Directory, units: &[UnitId], on: Date) -> Vec<v1::SeatUnit> {
    let show = |id: &UnitId| {
        let unit = directory.unit(*id)?;
        Some(v1::SeatUnit {
            unit: id.to_string(),
            code: unit.code.to_string(),
            name: Some(show_title(unit.name_on(on))),
        })
    };
    units.iter().filter_map(show).collect()
}

fn holder(directory: &Directory, holder: &Holder, on: Date) -> v1::SeatHolder {
    use v1::seat_holder::Holder as Kind;
    match holder {
        Holder::Person(person) => v1::SeatHolder {
            holder: Some(Kind::Person(person.to_string())),
            name: name_of(directory, *person, on),
        },
        Holder::Service(login) => v1::SeatHolder {
            holder: Some(Kind::Service(show_login(login))),
            name: None,
        },
    }
}

/// A seat as somebody has it; `who` where the question does not name them.
pub(super) fn seat(
    directory: &Directory,
    seat: &SeatHeld,
    on: Date,
    who: Option<&Holder>,
) -> v1::SeatHeld {
    let acting_for = seat.acting_for.map(|(person, delegation)| v1::ActingFor {
        person: person.to_string(),
        name: name_of(directory, person, on),
        delegation: delegation.to_string(),
    });
    v1::SeatHeld {
        seat: seat.code.to_string(),
        title: Some(show_title(&seat.title)),
        role: seat.role.number(),
        units: units(directory, &seat.units, on),
        grant: seat.grant.to_string(),
        acting_for,
        holder: who.map(|who| holder(directory, who, on)),
    }
}

pub(super) fn permissions(role: Role, permitted: &[(Action, Extent)]) -> v1::RolePermissions {
    let shown = |(action, extent): &(Action, Extent)| v1::PermittedAction {
        action: action.code().to_owned(),
        title: Some(v1::Title {
            ja: action.label(Language::Ja).to_owned(),
            en: Some(action.label(Language::En).to_owned()),
        }),
        extent: match extent {
            Extent::Any => v1::PermissionExtent::Any,
            Extent::Own => v1::PermissionExtent::Own,
            Extent::Sometimes => v1::PermissionExtent::Conditional,
            Extent::Never => v1::PermissionExtent::Unspecified,
        }
        .into(),
    };
    v1::RolePermissions {
        role: role.number(),
        actions: permitted.iter().map(shown).collect(),
    }
}

pub(super) fn grant(directory: &Directory, grant: &Grant, on: Date) -> v1::Grant {
    v1::Grant {
        grant: grant.id.to_string(),
        seat: grant.seat.to_string(),
        title: Some(show_title(&grant.title)),
        role: grant.role.number(),
        units: units(directory, &grant.units, on),
        holder: Some(holder(directory, &grant.holder, on)),
        valid_from: grant.from.to_string(),
        valid_to: grant.until().map(|until| until.to_string()),
        revoked_at_position: grant.revoked.map(|revoked| revoked.position),
        event_id: grant.event_id.to_string(),
        position: grant.position,
        recorded_at: Some(show_timestamp(grant.recorded_at)),
        in_force: grant.holds_on(on),
    }
}

pub(super) fn delegation(
    directory: &Directory,
    delegation: &Delegation,
    on: Date,
) -> v1::Delegation {
    v1::Delegation {
        delegation: delegation.id.to_string(),
        seat: delegation.seat.to_string(),
        delegate: delegation.delegate.to_string(),
        name: name_of(directory, delegation.delegate, on),
        ground: delegation.ground.to_string(),
        valid_from: delegation.from.to_string(),
        valid_to: delegation.until().to_string(),
        ended_at_position: delegation.ended.map(|ended| ended.position),
        event_id: delegation.event_id.to_string(),
        position: delegation.position,
        recorded_at: Some(show_timestamp(delegation.recorded_at)),
        in_force: delegation.holds_on(on),
    }
}
