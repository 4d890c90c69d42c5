//! Who asks: somebody of every role, and those who hold no seat.

use daicho::api::v1::role_granted::Holder;
use daicho::api::v1::*;
use daicho::clock::{new_id, new_random_id};

use super::wire::Caller;
use crate::auth::issuer::ISSUER;
use crate::auth::world::World;
use crate::errors::world::{event, title};

/// The client application, by its certificate.
const SERVICE: &str = "spiffe://city.example/batch";
/// Who vouches for it.
const SERVICES: &str = "CN=Services,O=Sample-City";
/// The subject that the configuration names as an administrator.
const NAMED: &str = "f1e2";

/// The first and the last day on which the seats of the matrix are held.
pub(super) const HELD_FROM: &str = "2023-06-01";
pub(super) const HELD_UNTIL: &str = "2023-09-30";

/// Whoever is asked for in the matrix, in the order of its columns.
pub(super) const COLUMNS: [&str; 13] = [
    "director",
    "chief",
    "clerk",
    "planning",
    "evaluator",
    "auditor",
    "administrator",
    "service",
    // Acts for the chief, on the same days.
    "acting",
    // A person of the directory who never holds a seat.
    "seatless",
    // Somebody who signed in and whom the ledger does not know.
    "unknown",
    // Named by the configuration.
    "named",
    // Nobody who signed in.
    "nobody",
];

/// Those who hold a seat on the days of the matrix, with what they are outside of them.
pub(super) const SEATED: [(&str, &str); 9] = [
    ("director", "seatless"),
    ("chief", "seatless"),
    ("clerk", "seatless"),
    ("planning", "seatless"),
    ("evaluator", "seatless"),
    ("auditor", "seatless"),
    ("administrator", "seatless"),
    // An application is no person of the directory.
    ("service", "unknown"),
    ("acting", "seatless"),
];

/// What somebody is on a day on which no seat is held.
pub(super) fn without_seat(who: &'static str) -> &'static str {
    let mut seated = SEATED.iter();
    let outside = seated.find(|(seated, _)| *seated == who);
    outside.map_or(who, |(_, outside)| outside)
}

/// Those who wrote what there is, and hold their seats all the time.
pub(super) const DRAFTER: &str = "drafter";
pub(super) const DECIDER: &str = "decider";
pub(super) const INSPECTOR: &str = "inspector";

/// A role with the units that it is for.
type Seat = (SeatRole, &'static [&'static str]);

/// Whom the ledger knows as persons, with their seats.
const PERSONS: [(&str, &[Seat]); 12] = [
    ("director", &[(SeatRole::Director, &["甲部"])]),
    ("chief", &[(SeatRole::SectionChief, &["甲課"])]),
    ("clerk", &[(SeatRole::Clerk, &["甲課"])]),
    ("planning", &[(SeatRole::Planning, &[])]),
    ("evaluator", &[(SeatRole::Evaluator, &[])]),
    ("auditor", &[(SeatRole::Auditor, &[])]),
    ("administrator", &[(SeatRole::Administrator, &[])]),
    ("acting", &[]),
    ("seatless", &[]),
    (
        DRAFTER,
        &[
            (SeatRole::Planning, &[]),
            (SeatRole::SectionChief, &["甲課", "隣課", "乙課", "公課"]),
        ],
    ),
    (DECIDER, &[(SeatRole::Director, &["甲部", "乙部"])]),
    (INSPECTOR, &[(SeatRole::Auditor, &[])]),
];

/// The people of a ledger: their ids there, and how they reach the server.
pub(super) struct People {
    /// Person and grant of each, by name; the service has a grant alone.
    pub(super) known: Vec<(&'static str, String, String)>,
    pub(super) delegation: String,
    callers: Vec<Caller>,
}

impl People {
    pub(super) fn new(world: &World) -> Self {
        let person = |name: &'static str, subject: &str| Caller {
            name,
            channel: world.endpoint(None).connect_lazy(),
            token: Some(world.signer.of(subject)),
        };
        let known = PERSONS.iter().map(|(name, _)| *name).chain(["service"]);
        let all = COLUMNS.into_iter().chain([DRAFTER, DECIDER, INSPECTOR]);
        let callers = all.map(|name| match name {
            "service" => Caller {
                name,
                channel: world
                    .endpoint(Some(&world.authority.client(SERVICE)))
                    .connect_lazy(),
                token: None,
            },
            "nobody" => Caller {
                name,
                channel: world.endpoint(None).connect_lazy(),
                token: None,
            },
            "named" => person(name, NAMED),
            name => person(name, name),
        });
        Self {
            known: known
                .map(|name| (name, new_random_id().to_string(), new_id().to_string()))
                .collect(),
            delegation: new_id().to_string(),
            callers: callers.collect(),
        }
    }

    pub(super) fn caller(&self, name: &str) -> &Caller {
        let mut callers = self.callers.iter();
        callers.find(|caller| caller.name == name).unwrap()
    }

    /// The person's id.
    pub(super) fn person(&self, name: &str) -> String {
        let mut known = self.known.iter();
        known.find(|(other, ..)| *other == name).unwrap().1.clone()
    }

    /// The grant of their first seat.
    pub(super) fn grant(&self, name: &str) -> String {
        let mut known = self.known.iter();
        known.find(|(other, ..)| *other == name).unwrap().2.clone()
    }

    /// The events that register and seat them, from `first` on for those who write what there is.
    pub(super) fn events(&self, first: &str) -> Vec<EventInput> {
        let mut events = Vec::new();
        for (name, seats) in PERSONS {
            let login = Login {
                issuer: Some(ISSUER.to_owned()),
                subject: name.to_owned(),
            };
            events.push(event(
                first,
                event_input::Payload::PersonRegistered(PersonRegistered {
                    person: self.person(name),
                    name: name.to_owned(),
                    logins: vec![login],
                }),
            ));
            for (number, (role, units)) in seats.iter().enumerate() {
                let grant = match number {
                    0 => self.grant(name),
                    _ => new_id().to_string(),
                };
                let seat = format!("{name}{}", number + 1);
                let holder = Holder::Person(self.person(name));
                let granted = granted(grant, &seat, *role, units, holder);
                events.push(match [DRAFTER, DECIDER, INSPECTOR].contains(&name) {
                    true => event(first, granted),
                    false => for_a_while(granted),
                });
            }
        }
        let service = Holder::Service(Login {
            issuer: Some(SERVICES.to_owned()),
            subject: SERVICE.to_owned(),
        });
        let grant = self.grant("service");
        let seated = granted(grant, "service1", SeatRole::Service, &["甲課"], service);
        events.push(for_a_while(seated));
        events
    }

    /// That somebody acts for the chief.
    pub(super) fn acting(&self) -> EventInput {
        for_a_while(event_input::Payload::DelegationRegistered(
            DelegationRegistered {
                delegation: self.delegation.clone(),
                seat: "chief1".to_owned(),
                delegate: self.person("acting"),
                ground: "出張".to_owned(),
            },
        ))
    }
}

fn for_a_while(payload: event_input::Payload) -> EventInput {
    EventInput {
        valid_to: Some(HELD_UNTIL.to_owned()),
        ..event(HELD_FROM, payload)
    }
}

fn granted(
    grant: String,
    seat: &str,
    role: SeatRole,
    units: &[&str],
    holder: Holder,
) -> event_input::Payload {
    event_input::Payload::RoleGranted(RoleGranted {
        grant,
        seat: seat.to_owned(),
        title: title(seat),
        role: role.into(),
        units: units.iter().map(|unit| (*unit).to_owned()).collect(),
        holder: Some(holder),
    })
}
