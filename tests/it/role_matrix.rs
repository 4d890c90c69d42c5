//! Who may do what, over the wire: every method and every event, by every role, about the own and other units, before, while
//! and after the seats are held. A real server asks for certificates and tokens, and the built-in policies are in force.
//!
//! ```text
//! wire        calls by path, with bytes for messages
//! people      who asks
//! place       what is asked about: goals with all that stands under them
//! plan        the units and plans that these are in
//! world       a server, and a ledger whose clock is set
//! row         a request, and what its answer has to tell
//! reads       a request for every method that reads, but for those of
//! audits      audits and evaluations
//! operates    a request for every method that keeps the server, and those of the libraries
//! facts       an event of every kind about a goal, but for those of
//! judgements  evaluations and decisions
//! frame       an event of every kind about a plan or the ledger
//! expected    who may what, by hand
//! matrix      asking all of it
//! secrets     what no answer and no refusal tells whoever may not read it
//! rules       what holds of the whole
//! hidden      what may not be read is not named by what may
//! taken_home  what the program takes home of one's own, where other goals are hidden
//! ```

use std::collections::BTreeSet;

use insta::assert_snapshot;
use prost::Message as _;
use prost_reflect::DescriptorPool;
use prost_types::FileDescriptorSet;

use matrix::{Matrix, PHASES, WITHIN};
use row::Row;
use rules::Rules;
use world::Realm;

mod audits;
mod expected;
mod facts;
mod frame;
mod hidden;
mod judgements;
mod matrix;
mod operates;
mod people;
mod place;
mod plan;
mod reads;
mod row;
mod rules;
mod secrets;
mod taken_home;
mod wire;
mod world;

/// The day that requests name, on which the seats are held: who asks before or after it holds none all the same.
const DAY: &str = people::HELD_UNTIL;

fn rows() -> Vec<Row> {
    let mut rows = reads::rows();
    rows.extend(audits::rows());
    rows.extend(operates::rows());
    rows.extend(facts::rows());
    rows.extend(judgements::rows());
    rows.extend(frame::rows());
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn every_role_may_over_grpc_what_the_documents_say_and_nothing_else() {
    let (mut realm, rows) = (Realm::new().await, rows());
    let matrix = Matrix::ask(&mut realm, &rows).await;
    let rules = Rules {
        matrix: &matrix,
        rows: &rows,
    };
    let mut broken = rules.broken();
    broken.extend(rules::written_by_others(&realm).await);
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_snapshot!("roles", matrix.shown(&rows));
    realm.world.server.stop().await;
}

/// The path of every method that the server could serve, without the slash before it and our package.
fn methods() -> BTreeSet<String> {
    let sets = [
        daicho::api::FILE_DESCRIPTOR_SET,
        tonic_health::pb::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1::FILE_DESCRIPTOR_SET,
        tonic_reflection::pb::v1alpha::FILE_DESCRIPTOR_SET,
    ];
    let files = sets
        .iter()
        .flat_map(|set| FileDescriptorSet::decode(*set).unwrap().file);
    let mut methods = BTreeSet::new();
    for file in files {
        for service in &file.service {
            for method in &service.method {
                let path = format!("{}.{}/{}", file.package(), service.name(), method.name());
                methods.insert(path.trim_start_matches("daicho.v1.").to_owned());
            }
        }
    }
    methods
}

/// The fields of every kind of event.
fn events() -> BTreeSet<String> {
    let pool = DescriptorPool::decode(daicho::api::FILE_DESCRIPTOR_SET).unwrap();
    let event = pool.get_message_by_name("daicho.v1.EventInput").unwrap();
    let payload = event
        .oneofs()
        .find(|oneof| oneof.name() == "payload")
        .unwrap();
    payload
        .fields()
        .map(|field| field.name().to_owned())
        .collect()
}

#[test]
fn every_method_and_every_event_is_asked_for_and_has_its_line_in_the_tables() {
    let rows = rows();
    let named: Vec<&str> = rows.iter().map(|row| row.name.as_str()).collect();
    let tabled: Vec<&str> = expected::table().iter().map(|(name, _)| *name).collect();
    let sorted = |names: &[&str]| -> Vec<String> {
        let mut names: Vec<String> = names.iter().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(sorted(&named), sorted(&tabled));
    let (asked, written): (BTreeSet<&str>, BTreeSet<&str>) = rows
        .iter()
        .map(Row::of)
        .partition(|name| name.contains('/'));
    let mut asked: BTreeSet<String> = asked.into_iter().map(str::to_owned).collect();
    asked.insert("LedgerService/AppendEvents".to_owned());
    // Each of its appends is one of those, as `access_control` shows.
    asked.insert("LedgerService/SubmitEvents".to_owned());
    assert_eq!(asked, methods());
    let by_the_server = frame::BY_THE_SERVER.into_iter();
    let written: BTreeSet<String> = written
        .into_iter()
        .chain(by_the_server)
        .map(str::to_owned)
        .collect();
    assert_eq!(written, events());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_is_held_from_its_first_moment_to_its_last_in_the_ledgers_zone() {
    let realm = Realm::new().await;
    let report = |realm: &Realm| realm.ground.places[0].report("2023-05-02");
    for (instant, held) in [
        (PHASES[0].1, false),
        ("2023-05-31T15:00:00Z", true),
        (PHASES[WITHIN].1, true),
        (PHASES[2].1, false),
    ] {
        realm.at(instant);
        for who in ["clerk", "chief", "acting", "service"] {
            let answer = realm.appends(who, report(&realm)).await;
            let expected = (!held).then_some("PERMISSION_DENIED");
            let reason = answer.as_ref().err().map(|refused| refused.reason.as_str());
            assert_eq!(reason, expected, "{who} at {instant}");
        }
    }
    realm.world.server.stop().await;
}
