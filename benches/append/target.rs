//! The servers as what a load is put on: connections, and callers with names of their own.

use std::time::Duration;

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::{
    AccessPolicy, EventInput, Login, PersonRegistered, PolicyPublished, RoleGranted, SeatRole,
    Title, policy_published, role_granted,
};
use daicho::clock::{new_id, new_random_id, system_now};
use daicho::load::{Load, LoadError, Opening, Row, SmallPlan, Source, Target, Wires};
use jiff::tz::TimeZone;
use tonic::metadata::MetadataMap;
use tonic::transport::Endpoint;

use crate::Outcome;
use crate::server::Server;

/// Connections that the callers share.
const CONNECTIONS: usize = 4;
/// Goals of the plan.
const GOALS: usize = 10_000;
/// How many names the callers have.
const ACTORS: usize = 200;
/// How large a stored event is, in bytes.
pub(crate) const PAYLOAD: usize = 300;
/// The longest a call may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Events of a request that is no part of a load.
const BATCH: usize = 500;

/// A new ledger of a Daicho server, with a plan in it.
pub(crate) async fn daicho(server: &Server) -> Outcome<Target> {
    with_goals(server, GOALS).await
}

/// As [`daicho`], with so many goals.
pub(crate) async fn with_goals(server: &Server, goals: usize) -> Outcome<Target> {
    let opening = Opening {
        code: "bench".to_owned(),
        goals,
        payload: PAYLOAD,
    };
    Ok(Target::open("daicho", wires(server)?, &opening).await?)
}

/// One of several small ledgers beside that of [`daicho`].
pub(crate) async fn another(server: &Server, number: usize) -> Outcome<Target> {
    let opening = Opening {
        code: format!("bench-{number}"),
        goals: 10,
        payload: PAYLOAD,
    };
    Ok(Target::open("daicho", wires(server)?, &opening).await?)
}

/// A ledger that a server opened before it was started again.
pub(crate) async fn resume(server: &Server, ledger: &str) -> Outcome<Target> {
    Ok(Target::resume("daicho", wires(server)?, ledger, PAYLOAD).await?)
}

/// The plain-file server, which takes anything: events as large as those of `like`.
pub(crate) fn plain_file(server: &Server, like: &Target) -> Outcome<Target> {
    undemanding("file", server, like.source().filling())
}

/// The server that answers the same whatever it is asked.
pub(crate) fn echo(server: &Server) -> Outcome<Target> {
    undemanding("echo", server, 0)
}

fn undemanding(name: &str, server: &Server, filling: usize) -> Outcome<Target> {
    let today = system_now().to_zoned(TimeZone::UTC).date();
    let (plan, _) = SmallPlan::new(today, GOALS, 1, || new_id().to_string());
    let source = Source::new(String::new(), plan, today, filling);
    Ok(Target::undemanding(name, wires(server)?, source))
}

/// The one row of a load that only appends; a call that failed makes it no result.
pub(crate) async fn append(target: &mut Target, load: &Load) -> Outcome<Row> {
    let mut rows = measure(target, load).await?;
    match rows.len() {
        1 => Ok(rows.remove(0)),
        _ => Err("nothing was appended".into()),
    }
}

/// The rows of a load; what the first call was answered with that failed is told.
pub(crate) async fn measure(target: &mut Target, load: &Load) -> Outcome<Vec<Row>> {
    let measured = target.run(load).await?;
    if let Some(status) = &measured.first_error {
        eprintln!("first error: {status}");
    }
    if 0 < measured.unsent {
        eprintln!("{} calls were due and never sent", measured.unsent);
    }
    Ok(measured.rows)
}

/// Gives everybody who reports a clerk's seat, and says with `policies` who may do what from now on.
pub(crate) async fn ask(target: &mut Target, policies: &str) -> Result<(), LoadError> {
    let title = |ja: &str| {
        Some(Title {
            ja: ja.to_owned(),
            en: None,
        })
    };
    let day = target.source().last_day().to_owned();
    let event = |payload: Payload| EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(day.clone()),
        payload: Some(payload),
        ..EventInput::default()
    };
    let mut events = Vec::new();
    for number in 0..ACTORS {
        // The id of a person says nothing, not even when it was made.
        let (person, subject) = (new_random_id().to_string(), actor(number));
        events.push(event(Payload::PersonRegistered(PersonRegistered {
            person: person.clone(),
            name: subject.clone(),
            logins: vec![Login {
                issuer: None,
                subject: subject.clone(),
            }],
        })));
        events.push(event(Payload::RoleGranted(RoleGranted {
            grant: new_id().to_string(),
            seat: subject.clone(),
            title: title(&subject),
            role: SeatRole::Clerk.into(),
            units: vec!["散歩課".to_owned()],
            holder: Some(role_granted::Holder::Person(person)),
        })));
    }
    events.push(event(Payload::PolicyPublished(PolicyPublished {
        code: "access".to_owned(),
        version: 1,
        title: title("権限方針"),
        content: Some(policy_published::Content::Access(AccessPolicy {
            cedar: policies.to_owned(),
        })),
    })));
    for events in events.chunks(BATCH) {
        let request = target.source().request(events.to_vec());
        // Nobody grants to himself.
        target.append(request, ACTORS).await?;
    }
    Ok(())
}

/// Connections to a server. The callers have names of their own; behind them comes the administrator's.
pub(crate) fn wires(server: &Server) -> Outcome<Wires> {
    let endpoint = Endpoint::from_shared(server.url.clone())?.tcp_nodelay(true);
    let names = (0..ACTORS).map(actor).chain(["administrator".to_owned()]);
    let callers = names.map(|name| {
        let mut metadata = MetadataMap::new();
        metadata.insert("daicho-actor", name.parse()?);
        Ok(metadata)
    });
    Ok(Wires {
        channels: (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect(),
        callers: callers.collect::<Outcome<_>>()?,
        timeout: TIMEOUT,
    })
}

fn actor(number: usize) -> String {
    format!("actor-{number}")
}
