//! Rules of who holds which seat: nobody gives a seat to themselves, and who keeps the ledger, checks it and writes in it are
//! different people.

use std::fmt::Display;

use super::Judge;
use crate::domain::access::{Delegation, Grant, Holder, LoginId, Person, Role};
use crate::domain::date::Date;
use crate::domain::event::{
    AuthMethod, DelegationEnded, DelegationRegistered, PersonChanged, PersonRegistered,
    RoleGranted, RoleRevoked,
};
use crate::domain::id::PersonId;
use crate::domain::rejection::Reason;
use crate::domain::text::Language;

impl Judge<'_> {
    pub(super) fn person_registered(&mut self, p: &PersonRegistered) {
        if self.context.directory.person(p.person).is_some() {
            self.reject(Reason::IdExists, "person");
        }
        self.own_reference(p.person);
        self.logins(p.person, &p.logins);
    }

    pub(super) fn person_changed(&mut self, p: &PersonChanged) {
        if self.context.directory.person(p.person).is_none() {
            self.reject(Reason::PersonUnknown, "person");
        }
        self.own_reference(p.person);
        self.logins(p.person, &p.logins);
    }

    /// A person's name is found and erased under the person.
    fn own_reference(&mut self, person: PersonId) {
        let event = self.proposed;
        let mut names = event
            .personal_texts()
            .filter(|text| text.field == "payload.name");
        if names.any(|text| text.subject != person.data_subject()) {
            self.reject_form("name", "a name is a text about the person themselves");
        }
    }

    /// Each login is named once, and is nobody else's; nobody gives their own to somebody who has seats.
    fn logins(&mut self, person: PersonId, logins: &[LoginId]) {
        if Person::LOGINS_MAX < logins.len() {
            self.reject_form("logins", &format!("more than {}", Person::LOGINS_MAX));
        }
        let directory = self.context.directory;
        for (index, login) in logins.iter().enumerate() {
            let field = format!("logins[{index}]");
            if logins[..index].contains(login) {
                self.reject_form(&field, "the login stands twice");
            }
            let taken = directory
                .person_of(login.issuer.as_ref(), &login.subject)
                .is_some_and(|other| other != person);
            let mut service = directory.grants_of(&Holder::Service(login.clone()));
            if taken || service.next().is_some() {
                self.reject_with(Reason::LoginTaken, &field, &[("subject", &login.subject)]);
            }
            if self.takes_the_place_of(person, login) {
                self.reject(Reason::SelfGrant, &field);
            }
        }
    }

    pub(super) fn role_granted(&mut self, p: &RoleGranted) {
        let directory = self.context.directory;
        if directory.grant(p.grant).is_some() {
            self.reject(Reason::IdExists, "grant");
        }
        self.units_of_role(p);
        self.holder(p);
        let Some(valid) = self.proposed.valid else {
            return;
        };
        let (from, to) = (valid.from, valid.to);
        let mut others = directory.grants_of_seat(&p.seat);
        if let Some(other) = others.find(|grant| grant.meets(from, to) && differs(grant, p)) {
            let units = directory_codes(self, other);
            let figures: [(_, &dyn Display); 4] = [
                ("role", &other.role.code()),
                ("role_ja", &other.role.label(Language::Ja)),
                ("units", &units),
                ("from", &other.from),
            ];
            self.reject_with(Reason::SeatDiffers, "seat", &figures);
        }
        let mut beside = directory.grants_of(&p.holder).filter(|g| g.meets(from, to));
        if let Some(same) = beside.find(|grant| grant.seat == p.seat) {
            self.reject_with(Reason::GrantExists, "seat", &[("from", &same.from)]);
        }
        let count = directory.grants_of(&p.holder).filter(|g| g.meets(from, to));
        if Grant::AT_ONCE_MAX <= count.count() {
            self.reject_with(
                Reason::SeatsTooMany,
                "seat",
                &[("max", &Grant::AT_ONCE_MAX)],
            );
        }
        if let Holder::Person(person) = p.holder {
            self.apart(person, p.role, from, to, "role");
        }
        // Whoever acts for the seat comes to have it as well.
        let acting: Vec<_> = directory.delegations_of_seat(&p.seat).cloned().collect();
        for delegation in acting {
            let first = delegation.from.max(from);
            let last = to.map_or(delegation.until(), |to| to.min(delegation.until()));
            if first <= last {
                self.apart(delegation.delegate, p.role, first, Some(last), "role");
            }
        }
    }

    /// The units that the seat is for: of the kind its role is about, there on the first day; none for the whole ledger.
    fn units_of_role(&mut self, p: &RoleGranted) {
        if p.role.is_of_the_whole() {
            if !p.units.is_empty() {
                self.reject_form("units", "a seat of this role is for the whole ledger");
            }
            return;
        }
        if p.units.is_empty() {
            return self.reject(Reason::FieldRequired, "units");
        }
        if Grant::UNITS_MAX < p.units.len() {
            return self.reject_form("units", &format!("more than {}", Grant::UNITS_MAX));
        }
        for (index, id) in p.units.iter().enumerate() {
            let field = format!("units[{index}]");
            if p.units[..index].contains(id) {
                self.reject_form(&field, "the unit stands twice");
                continue;
            }
            let Some(unit) = self.active_unit(*id, &field) else {
                continue;
            };
            if let Some(kind) = p.role.unit_kind().filter(|kind| *kind != unit.kind) {
                let figures: [(_, &dyn Display); 5] = [
                    ("unit", &unit.code),
                    ("role", &p.role.code()),
                    ("role_ja", &p.role.label(Language::Ja)),
                    ("kind", &kind.code()),
                    ("kind_ja", &kind.label(Language::Ja)),
                ];
                self.reject_with(Reason::UnitKindWrong, &field, &figures);
            }
        }
    }

    /// Who is to hold the seat: somebody of the directory, or a client application, and never the caller.
    fn holder(&mut self, p: &RoleGranted) {
        let directory = self.context.directory;
        match &p.holder {
            Holder::Person(person) => {
                if directory.person(*person).is_none() {
                    self.reject(Reason::PersonUnknown, "person");
                }
                if p.role == Role::Service {
                    self.reject_form("person", "seats of this role are for client applications");
                }
                if self.is_caller(*person) {
                    self.reject(Reason::SelfGrant, "person");
                }
            }
            Holder::Service(login) => {
                if p.role != Role::Service {
                    self.reject_form("service", "a client application has no seat of this role");
                }
                let person = directory.person_of(login.issuer.as_ref(), &login.subject);
                if person.is_some() {
                    let figure: [(_, &dyn Display); 1] = [("subject", &login.subject)];
                    self.reject_with(Reason::LoginTaken, "service", &figure);
                }
                let actor = self.context.actor;
                if actor.method != AuthMethod::System
                    && (&actor.subject, &actor.issuer) == (&login.subject, &login.issuer)
                {
                    self.reject(Reason::SelfGrant, "service");
                }
            }
        }
    }

    /// Refuses a role that its holder may not have beside another at one time.
    fn apart(&mut self, person: PersonId, role: Role, from: Date, to: Option<Date>, field: &str) {
        let directory = self.context.directory;
        let beside = directory.roles_between(person, from, to);
        if let Some((seat, other)) = beside
            .into_iter()
            .find(|(_, other)| !role.goes_with(*other))
        {
            let figures: [(_, &dyn Display); 5] = [
                ("role", &role.code()),
                ("role_ja", &role.label(Language::Ja)),
                ("seat", seat),
                ("other", &other.code()),
                ("other_ja", &other.label(Language::Ja)),
            ];
            self.reject_with(Reason::SeatsIncompatible, field, &figures);
        }
    }

    pub(super) fn role_revoked(&mut self, p: &RoleRevoked) {
        let Some(grant) = self.context.directory.grant(p.grant).cloned() else {
            return self.reject(Reason::GrantUnknown, "grant");
        };
        let Some(from) = self.from() else { return };
        let ended = grant.revoked.map(|revoked| revoked.from);
        let ended = ended.or(grant.to.filter(|to| *to < from));
        self.ends(ended, grant.from, from, Reason::GrantEnded, "grant");
    }

    pub(super) fn delegation_registered(&mut self, p: &DelegationRegistered) {
        let directory = self.context.directory;
        if directory.delegation(p.delegation).is_some() {
            self.reject(Reason::IdExists, "delegation");
        }
        if directory.person(p.delegate).is_none() {
            self.reject(Reason::PersonUnknown, "delegate");
        }
        if self.is_caller(p.delegate) {
            self.reject(Reason::SelfGrant, "delegate");
        }
        let Some(valid) = self.proposed.valid else {
            return;
        };
        let from = valid.from;
        let Some(to) = valid.to else {
            return self.reject_envelope(Reason::FieldRequired, "valid_to", &[]);
        };
        if to < from {
            return;
        }
        let days = (to - from).get_days() + 1;
        if Delegation::DAYS_MAX < days {
            let figures: [(_, &dyn Display); 2] = [("max", &Delegation::DAYS_MAX), ("days", &days)];
            self.reject_envelope(Reason::DelegationTooLong, "valid_to", &figures);
        }
        let Some((grant, _)) = directory.principal_of(&p.seat, from) else {
            let figures: [(_, &dyn Display); 2] = [("seat", &p.seat), ("date", &from)];
            return self.reject_with(Reason::SeatNotHeld, "seat", &figures);
        };
        let role = grant.role;
        let delegate = Holder::Person(p.delegate);
        let mut own = directory.grants_of(&delegate);
        if own.any(|grant| grant.seat == p.seat && grant.meets(from, Some(to))) {
            self.reject_with(Reason::DelegateHoldsSeat, "delegate", &[("seat", &p.seat)]);
        }
        // By the day it is said and the day it begins: neither may be a day on which the caller only acts for the seat.
        let only_acts = |date: Date| {
            let callers = self.callers();
            let mut seats =
                callers.flat_map(|caller| directory.seats_of(&Holder::Person(caller), date));
            seats.any(|seat| seat.code == p.seat && seat.acting_for.is_some())
        };
        if only_acts(self.context.today) || only_acts(from) {
            self.reject_with(Reason::DelegatedOnward, "seat", &[("seat", &p.seat)]);
        }
        self.apart(p.delegate, role, from, Some(to), "seat");
    }

    pub(super) fn delegation_ended(&mut self, p: &DelegationEnded) {
        let Some(delegation) = self.context.directory.delegation(p.delegation).cloned() else {
            return self.reject(Reason::DelegationUnknown, "delegation");
        };
        let Some(from) = self.from() else { return };
        let ended = delegation.ended.map(|ended| ended.from);
        let ended = ended.or(Some(delegation.to).filter(|to| *to < from));
        let first = delegation.from;
        self.ends(ended, first, from, Reason::DelegationEnded, "delegation");
    }

    /// What ends on `from` must have begun by then, and not have ended by itself or before.
    fn ends(&mut self, ended: Option<Date>, first: Date, from: Date, reason: Reason, field: &str) {
        if let Some(date) = ended {
            self.reject_with(reason, field, &[("date", &date)]);
        } else if from < first {
            self.reject_envelope(Reason::DateTooEarly, "valid_from", &[("earliest", &first)]);
        }
    }

    /// Whoever asks, under whichever login: as the directory knows them by now, and as it did before the request, whose own
    /// events make nobody another.
    fn callers(&self) -> impl Iterator<Item = PersonId> + use<> {
        let actor = self.context.actor;
        let known = self
            .context
            .directory
            .person_of(actor.issuer.as_ref(), &actor.subject);
        let persons = match actor.method {
            AuthMethod::System => [None, None],
            _ => [
                actor.person,
                known.filter(|known| actor.person != Some(*known)),
            ],
        };
        persons.into_iter().flatten()
    }

    fn is_caller(&self, person: PersonId) -> bool {
        self.callers().any(|caller| caller == person)
    }

    /// Whether somebody would become another by signing in as before: the caller's own login for a person who has seats, or
    /// acts for one.
    fn takes_the_place_of(&self, person: PersonId, login: &LoginId) -> bool {
        let actor = self.context.actor;
        let own = (&actor.issuer, &actor.subject) == (&login.issuer, &login.subject);
        if !own || actor.method == AuthMethod::System || actor.person == Some(person) {
            return false;
        }
        let directory = self.context.directory;
        directory
            .grants_of(&Holder::Person(person))
            .next()
            .is_some()
            || directory.delegations_to(person).next().is_some()
    }
}

/// Whether a grant says the seat to be another than `p` does.
fn differs(grant: &Grant, p: &RoleGranted) -> bool {
    let units = |id| p.units.contains(id);
    grant.role != p.role || grant.units.len() != p.units.len() || !grant.units.iter().all(units)
}

/// Codes of the units of a grant, for a message.
fn directory_codes(judge: &Judge<'_>, grant: &Grant) -> String {
    let directory = judge.context.directory;
    let code = |id| directory.unit(id).map(|unit| unit.code.to_string());
    let codes: Vec<String> = grant.units.iter().filter_map(|id| code(*id)).collect();
    codes.join(", ")
}
