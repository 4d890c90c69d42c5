//! Persons, the seats they hold and for whom they act, in the order of recording.
//!
//! Days of effect decide what is in force on a day; logins count as last recorded, for who somebody is, is asked when they
//! call. What was known at some size of the ledger is read of the directory folded to it, as everywhere.

use std::sync::Arc;

use foldhash::quality::RandomState;
use imbl::shared_ptr::DefaultSharedPtr;
use imbl::{GenericHashMap, OrdMap, OrdSet, Vector};

use super::Directory;
use crate::domain::access::{Delegation, Ending, Grant, Holder, LoginId, Person, Role, SeatHeld};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::dated::Dated;
use crate::domain::event::{
    Actor, AuthMethod, DelegationEnded, DelegationRegistered, Payload, PersonChanged,
    PersonRegistered, Recorded, RoleGranted, RoleRevoked,
};
use crate::domain::id::{DelegationId, GrantId, PersonId};
use crate::domain::text::Name;

/// A map that shares structure with its clones. Looked up at every call, so its hash is a quick one; seeded anew at each
/// start, for what callers are known by comes from them.
type HashMap<K, V> = GenericHashMap<K, V, RandomState, DefaultSharedPtr>;

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Access {
    /// How many events were folded in that may change who may do what.
    version: u64,
    persons: OrdMap<PersonId, Arc<Person>>,
    logins: HashMap<LoginId, PersonId>,
    grants: HashMap<GrantId, Arc<Grant>>,
    held: HashMap<Holder, Vector<GrantId>>,
    seats: OrdMap<Code, Vector<GrantId>>,
    delegations: HashMap<DelegationId, Arc<Delegation>>,
    acting: HashMap<PersonId, Vector<DelegationId>>,
    acted_for: OrdMap<Code, Vector<DelegationId>>,
}

impl Access {
    /// Leaves out who the persons are, for a directory that is shown to somebody.
    pub(super) fn forget_names(&mut self) {
        self.persons.clear();
    }

    /// Counts an event that may change who may do what. Policies of every kind count: they are few.
    pub(super) fn count(&mut self, payload: &Payload) {
        self.version += u64::from(matches!(
            payload,
            Payload::PersonRegistered(_)
                | Payload::PersonChanged(_)
                | Payload::RoleGranted(_)
                | Payload::RoleRevoked(_)
                | Payload::DelegationRegistered(_)
                | Payload::DelegationEnded(_)
                | Payload::PolicyPublished(_)
        ));
    }

    pub(super) fn register(&mut self, recorded: &Recorded, p: &PersonRegistered, from: Date) {
        let position = recorded.position;
        let person = Person {
            id: p.person,
            names: Dated::new(from, position, p.name.clone()),
            logins: p.logins.clone(),
            event_id: recorded.event.id,
            position,
            recorded_at: recorded.recorded_at,
        };
        self.sign_in_as(p.person, &p.logins);
        self.persons.insert(p.person, Arc::new(person));
    }

    pub(super) fn change(&mut self, recorded: &Recorded, p: &PersonChanged, from: Date) {
        let Some(person) = self.persons.get_mut(&p.person) else {
            return;
        };
        let person = Arc::make_mut(person);
        for login in &person.logins {
            self.logins.remove(login);
        }
        person.logins.clone_from(&p.logins);
        if let Some(name) = &p.name {
            person.names.change(from, recorded.position, name.clone());
        }
        self.sign_in_as(p.person, &p.logins);
    }

    fn sign_in_as(&mut self, person: PersonId, logins: &[LoginId]) {
        for login in logins {
            self.logins.insert(login.clone(), person);
        }
    }

    pub(super) fn grant(&mut self, recorded: &Recorded, p: &RoleGranted, from: Date) {
        let grant = Grant {
            id: p.grant,
            seat: p.seat.clone(),
            title: p.title.clone(),
            role: p.role,
            units: p.units.as_slice().into(),
            holder: p.holder.clone(),
            from,
            to: recorded.event.valid.and_then(|valid| valid.to),
            revoked: None,
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
        };
        let held = self.held.entry(p.holder.clone()).or_default();
        held.push_back(p.grant);
        self.seats
            .entry(p.seat.clone())
            .or_default()
            .push_back(p.grant);
        self.grants.insert(p.grant, Arc::new(grant));
    }

    pub(super) fn revoke(&mut self, recorded: &Recorded, p: &RoleRevoked, from: Date) {
        if let Some(grant) = self.grants.get_mut(&p.grant) {
            Arc::make_mut(grant).revoked = Some(ending(recorded, from));
        }
    }

    pub(super) fn delegate(&mut self, recorded: &Recorded, p: &DelegationRegistered, from: Date) {
        let delegation = Delegation {
            id: p.delegation,
            seat: p.seat.clone(),
            delegate: p.delegate,
            ground: p.ground.clone(),
            from,
            to: recorded
                .event
                .valid
                .and_then(|valid| valid.to)
                .unwrap_or(from),
            ended: None,
            event_id: recorded.event.id,
            position: recorded.position,
            recorded_at: recorded.recorded_at,
        };
        let acting = self.acting.entry(p.delegate).or_default();
        acting.push_back(p.delegation);
        let acted_for = self.acted_for.entry(p.seat.clone()).or_default();
        acted_for.push_back(p.delegation);
        self.delegations.insert(p.delegation, Arc::new(delegation));
    }

    pub(super) fn end(&mut self, recorded: &Recorded, p: &DelegationEnded, from: Date) {
        if let Some(delegation) = self.delegations.get_mut(&p.delegation) {
            Arc::make_mut(delegation).ended = Some(ending(recorded, from));
        }
    }

    fn grants_in<'a>(
        &'a self,
        ids: Option<&'a Vector<GrantId>>,
    ) -> impl Iterator<Item = &'a Arc<Grant>> {
        let ids = ids.into_iter().flatten();
        ids.filter_map(|id| self.grants.get(id))
    }

    fn delegations_in<'a>(
        &'a self,
        ids: Option<&'a Vector<DelegationId>>,
    ) -> impl Iterator<Item = &'a Arc<Delegation>> {
        let ids = ids.into_iter().flatten();
        ids.filter_map(|id| self.delegations.get(id))
    }
}

fn ending(recorded: &Recorded, from: Date) -> Ending {
    Ending {
        from,
        event_id: recorded.event.id,
        position: recorded.position,
    }
}

fn held(grant: &Grant, acting_for: Option<(PersonId, DelegationId)>) -> SeatHeld {
    SeatHeld {
        code: grant.seat.clone(),
        title: grant.title.clone(),
        role: grant.role,
        units: grant.units.clone(),
        grant: grant.id,
        acting_for,
    }
}

impl Directory {
    /// How many events were folded in that may change who may do what: persons, grants, delegations and policies. Of one
    /// ledger, equal versions answer every such question of a day alike.
    pub fn access_version(&self) -> u64 {
        self.access.version
    }

    /// The person who signs in as `subject` of `issuer`, as last recorded.
    pub fn person_of(&self, issuer: Option<&Name>, subject: &Name) -> Option<PersonId> {
        if self.access.logins.is_empty() {
            return None;
        }
        let login = LoginId {
            issuer: issuer.cloned(),
            subject: subject.clone(),
        };
        self.access.logins.get(&login).copied()
    }

    /// The person behind an actor: as recorded, else as the login is known by now. The server itself is nobody.
    pub fn person_behind(&self, actor: &Actor) -> Option<PersonId> {
        let known = || match actor.method {
            AuthMethod::System => None,
            AuthMethod::Unauthenticated | AuthMethod::MutualTls | AuthMethod::Oidc => {
                self.person_of(actor.issuer.as_ref(), &actor.subject)
            }
        };
        actor.person.or_else(known)
    }

    /// As whom an actor holds seats: the person behind it, else the login itself.
    pub fn holder(&self, actor: &Actor) -> Holder {
        self.person_behind(actor)
            .map_or_else(|| Holder::Service(actor.login()), Holder::Person)
    }

    /// A person.
    pub fn person(&self, id: PersonId) -> Option<&Arc<Person>> {
        self.access.persons.get(&id)
    }

    /// Whether anybody was ever registered.
    pub fn knows_persons(&self) -> bool {
        !self.access.persons.is_empty()
    }

    /// Every person, in the order of recording.
    pub fn persons(&self) -> Vec<&Arc<Person>> {
        let mut persons: Vec<_> = self.access.persons.values().collect();
        persons.sort_by_key(|person| person.position);
        persons
    }

    /// A grant.
    pub fn grant(&self, id: GrantId) -> Option<&Arc<Grant>> {
        self.access.grants.get(&id)
    }

    /// Every grant, by the code of its seat, then in the order of recording.
    pub fn grants(&self) -> impl Iterator<Item = &Arc<Grant>> {
        let of_seats = self.access.seats.values();
        of_seats.flat_map(|ids| self.access.grants_in(Some(ids)))
    }

    /// The grants of a holder, in the order of recording.
    pub fn grants_of<'a>(
        &'a self,
        holder: &Holder,
    ) -> impl Iterator<Item = &'a Arc<Grant>> + use<'a> {
        self.access.grants_in(self.access.held.get(holder))
    }

    /// The grants of a seat, in the order of recording.
    pub fn grants_of_seat<'a>(
        &'a self,
        seat: &Code,
    ) -> impl Iterator<Item = &'a Arc<Grant>> + use<'a> {
        self.access.grants_in(self.access.seats.get(seat))
    }

    /// The grants of a seat that hold on `date`, in the order of recording.
    pub fn holders_of<'a>(
        &'a self,
        seat: &Code,
        date: Date,
    ) -> impl Iterator<Item = &'a Arc<Grant>> + use<'a> {
        self.grants_of_seat(seat)
            .filter(move |grant| grant.holds_on(date))
    }

    /// A delegation.
    pub fn delegation(&self, id: DelegationId) -> Option<&Arc<Delegation>> {
        self.access.delegations.get(&id)
    }

    /// Every delegation, by the code of its seat, then in the order of recording.
    pub fn delegations(&self) -> impl Iterator<Item = &Arc<Delegation>> {
        let of_seats = self.access.acted_for.values();
        of_seats.flat_map(|ids| self.access.delegations_in(Some(ids)))
    }

    /// The delegations of a seat, in the order of recording.
    pub fn delegations_of_seat<'a>(
        &'a self,
        seat: &Code,
    ) -> impl Iterator<Item = &'a Arc<Delegation>> + use<'a> {
        self.access.delegations_in(self.access.acted_for.get(seat))
    }

    /// The delegations by which a person acts for others, in the order of recording.
    pub fn delegations_to(&self, person: PersonId) -> impl Iterator<Item = &Arc<Delegation>> {
        self.access.delegations_in(self.access.acting.get(&person))
    }

    /// The seats that `holder` has on `date`: their own in the order of codes, then those they act for. A seat of both is
    /// their own; of two delegations for one seat the first recorded counts. Nobody acts for a seat that nobody else holds.
    pub fn seats_of(&self, holder: &Holder, date: Date) -> Vec<SeatHeld> {
        let in_force = self
            .grants_of(holder)
            .filter(|grant| grant.holds_on(date))
            .map(|grant| held(grant, None));
        let mut seats: Vec<SeatHeld> = in_force.collect();
        seats.sort_by(|a, b| a.code.cmp(&b.code));
        let Holder::Person(person) = holder else {
            return seats;
        };
        let mut acted_for: Vec<SeatHeld> = Vec::new();
        for delegation in self.delegations_to(*person) {
            let has = |seat: &SeatHeld| seat.code == delegation.seat;
            if !delegation.holds_on(date) || seats.iter().any(has) || acted_for.iter().any(has) {
                continue;
            }
            acted_for.extend(
                self.principal_of(&delegation.seat, date)
                    .map(|(grant, principal)| held(grant, Some((principal, delegation.id)))),
            );
        }
        acted_for.sort_by(|a, b| a.code.cmp(&b.code));
        seats.extend(acted_for);
        seats
    }

    /// The person for whom somebody acts who acts for `seat` on `date`: of several the first to whom it was granted.
    pub fn principal_of(&self, seat: &Code, date: Date) -> Option<(&Arc<Grant>, PersonId)> {
        self.holders_of(seat, date)
            .find_map(|grant| match grant.holder {
                Holder::Person(person) => Some((grant, person)),
                Holder::Service(_) => None,
            })
    }

    /// Every person who holds `seat` on `date`, in the order of recording.
    pub fn principals_of<'a>(
        &'a self,
        seat: &Code,
        date: Date,
    ) -> impl Iterator<Item = PersonId> + use<'a> {
        self.holders_of(seat, date)
            .filter_map(|grant| match grant.holder {
                Holder::Person(person) => Some(person),
                Holder::Service(_) => None,
            })
    }

    /// Roles of the seats that `person` has, or acts for, on some day from `from` to `to`, each with its seat; `None` is
    /// without end.
    pub fn roles_between(
        &self,
        person: PersonId,
        from: Date,
        to: Option<Date>,
    ) -> Vec<(&Code, Role)> {
        let holder = Holder::Person(person);
        let own = self.grants_of(&holder);
        let own = own.filter(|grant| grant.meets(from, to));
        let mut roles: Vec<_> = own.map(|grant| (&grant.seat, grant.role)).collect();
        for delegation in self.delegations_to(person) {
            let (first, last) = (delegation.from.max(from), delegation.until());
            let last = to.map_or(last, |to| to.min(last));
            if first <= last {
                let grants = self.grants_of_seat(&delegation.seat);
                let grants = grants.filter(|grant| grant.meets(first, Some(last)));
                roles.extend(grants.map(|grant| (&grant.seat, grant.role)));
            }
        }
        roles
    }

    /// Codes of every seat that was ever granted, in order.
    pub fn seat_codes(&self) -> OrdSet<Code> {
        self.access.seats.keys().cloned().collect()
    }
}
