//! Who holds which seat: reading it from the wire and showing it.

use crate::api::v1;
use crate::api::v1::role_granted;
use crate::domain::access::{Grant, Holder, LoginId, Person};
use crate::domain::event::{
    DelegationEnded, DelegationRegistered, PersonChanged, PersonRegistered, RoleGranted,
    RoleRevoked,
};
use crate::domain::id::PersonId;
use crate::domain::personal::FreeText;
use crate::grpc::event::choice::Choice as _;
use crate::grpc::event::data_subject;
use crate::grpc::event::field::{At, Faults, optional};
use crate::grpc::event::payload::Reading;
use crate::grpc::event::recorded::show_title;

impl Reading<'_, '_> {
    pub(super) fn person_registered(
        &mut self,
        p: &v1::PersonRegistered,
    ) -> Option<PersonRegistered> {
        let at = self.at.then("person_registered");
        // The id is the reference under which the name is erased, so it is drawn as one.
        let drawn = data_subject(self.faults, &at.then("person"), &p.person);
        let person = drawn.and_then(|_| self.faults.id(&at.then("person"), &p.person));
        let name = person_name(self.faults, &at.then("name"), &p.name);
        let logins = logins(self.faults, &at, &p.logins);
        Some(PersonRegistered {
            person: person?,
            name: name?,
            logins: logins?,
        })
    }

    pub(super) fn person_changed(&mut self, p: &v1::PersonChanged) -> Option<PersonChanged> {
        let at = self.at.then("person_changed");
        let person = self.faults.id(&at.then("person"), &p.person);
        let name = optional(p.name.as_deref(), |name| {
            person_name(self.faults, &at.then("name"), name)
        });
        let logins = logins(self.faults, &at, &p.logins);
        Some(PersonChanged {
            person: person?,
            name: name?,
            logins: logins?,
        })
    }

    pub(super) fn role_granted(&mut self, p: &v1::RoleGranted) -> Option<RoleGranted> {
        let at = self.at.then("role_granted");
        let grant = self.faults.id(&at.then("grant"), &p.grant);
        let seat = self.faults.code(&at.then("seat"), &p.seat);
        let title = self.faults.title(&at.then("title"), p.title.as_ref());
        let role = self.faults.choice(&at.then("role"), p.role);
        let units = self.list(&at, "units", &p.units, Grant::UNITS_MAX);
        let holder = match &p.holder {
            Some(role_granted::Holder::Person(id)) => self
                .faults
                .id::<PersonId>(&at.then("person"), id)
                .map(Holder::Person),
            Some(role_granted::Holder::Service(service)) => {
                login(self.faults, &at.then("service"), service).map(Holder::Service)
            }
            None => self.faults.required(&at.then("holder")),
        };
        Some(RoleGranted {
            grant: grant?,
            seat: seat?,
            title: title?,
            role: role?,
            units: units?,
            holder: holder?,
        })
    }

    pub(super) fn role_revoked(&mut self, p: &v1::RoleRevoked) -> Option<RoleRevoked> {
        let at = self.at.then("role_revoked");
        let grant = self.faults.id(&at.then("grant"), &p.grant)?;
        Some(RoleRevoked { grant })
    }

    pub(super) fn delegation_registered(
        &mut self,
        p: &v1::DelegationRegistered,
    ) -> Option<DelegationRegistered> {
        let at = self.at.then("delegation_registered");
        let delegation = self.faults.id(&at.then("delegation"), &p.delegation);
        let seat = self.faults.code(&at.then("seat"), &p.seat);
        let delegate = self.faults.id(&at.then("delegate"), &p.delegate);
        let ground = self.faults.free_text(&at.then("ground"), &p.ground);
        Some(DelegationRegistered {
            delegation: delegation?,
            seat: seat?,
            delegate: delegate?,
            ground: ground?,
        })
    }

    pub(super) fn delegation_ended(&mut self, p: &v1::DelegationEnded) -> Option<DelegationEnded> {
        let at = self.at.then("delegation_ended");
        let delegation = self.faults.id(&at.then("delegation"), &p.delegation)?;
        Some(DelegationEnded { delegation })
    }
}

/// What a person is called: a name on one line, which may be kept apart from the ledger.
fn person_name(faults: &mut Faults, at: &At<'_>, text: &str) -> Option<FreeText> {
    let name = faults.name(at, text)?;
    faults.free_text(at, name.as_str())
}

fn logins(faults: &mut Faults, at: &At<'_>, logins: &[v1::Login]) -> Option<Vec<LoginId>> {
    faults.list(at, "logins", logins, Person::LOGINS_MAX, login)
}

/// What somebody signs in as.
pub(crate) fn login(faults: &mut Faults, at: &At<'_>, login: &v1::Login) -> Option<LoginId> {
    let issuer = optional(login.issuer.as_deref(), |issuer| {
        faults.name(&at.then("issuer"), issuer)
    });
    let subject = faults.name(&at.then("subject"), &login.subject);
    Some(LoginId {
        issuer: issuer?,
        subject: subject?,
    })
}

pub(crate) fn show_login(login: &LoginId) -> v1::Login {
    v1::Login {
        issuer: login.issuer.as_ref().map(ToString::to_string),
        subject: login.subject.to_string(),
    }
}

pub(super) fn show_registered(p: &PersonRegistered) -> v1::PersonRegistered {
    v1::PersonRegistered {
        person: p.person.to_string(),
        name: p.name.to_string(),
        logins: p.logins.iter().map(show_login).collect(),
    }
}

pub(super) fn show_changed(p: &PersonChanged) -> v1::PersonChanged {
    v1::PersonChanged {
        person: p.person.to_string(),
        name: p.name.as_ref().map(ToString::to_string),
        logins: p.logins.iter().map(show_login).collect(),
    }
}

pub(super) fn show_granted(p: &RoleGranted) -> v1::RoleGranted {
    v1::RoleGranted {
        grant: p.grant.to_string(),
        seat: p.seat.to_string(),
        title: Some(show_title(&p.title)),
        role: p.role.number(),
        units: p.units.iter().map(ToString::to_string).collect(),
        holder: Some(match &p.holder {
            Holder::Person(id) => role_granted::Holder::Person(id.to_string()),
            Holder::Service(login) => role_granted::Holder::Service(show_login(login)),
        }),
    }
}

pub(super) fn show_delegation(p: &DelegationRegistered) -> v1::DelegationRegistered {
    v1::DelegationRegistered {
        delegation: p.delegation.to_string(),
        seat: p.seat.to_string(),
        delegate: p.delegate.to_string(),
        ground: p.ground.to_string(),
    }
}
