//! The sample ledger holds what it promises to show.

use std::collections::BTreeSet;
use std::sync::Arc;

use daicho::auth::token_folder;
use daicho::cli::demo::{REPORTED, REVISED};
use daicho::domain::access::{Holder, LoginId, Person, Role};
use daicho::domain::code::Code;
use daicho::domain::date::Date;
use daicho::domain::directory::Named;
use daicho::domain::event::{
    Event, EventType, Payload, PersonChanged, Reason, ReasonCode, RoleGranted, Stream, Validity,
};
use daicho::domain::id::GrantId;
use daicho::domain::personal::FreeText;
use daicho::domain::text::Name;
use daicho::ledger::index::Direction;
use daicho::ledger::{Append, Ledgers, Reader};
use daicho::log::MemoryLog;
use daicho::projection::change::{ChangeFilter, list};
use daicho::projection::overview::{overview, plan_on};
use daicho::server::identity_provider::ISSUER;
use daicho::server::sample::{CODE, DEFAULT_DAY, SampleError, prepare, sign_in};

use crate::fixture::{date, event_id, permitted, request_id, start, title};

async fn sample(day: Date) -> (Arc<Ledgers>, Arc<Reader>) {
    let ledgers = start(&MemoryLog::new()).await;
    let (reader, made) = prepare(&ledgers, day).await.unwrap();
    assert!(made);
    (ledgers, reader)
}

async fn count(reader: &Reader, event_type: EventType) -> usize {
    let view = reader.caught_up(None).await;
    let filter = ChangeFilter {
        types: vec![event_type],
        ..ChangeFilter::default()
    };
    let (mut cursor, mut count) = (None, 0);
    loop {
        let page = list(reader, &view, &filter, cursor, Direction::Forward, 500)
            .await
            .unwrap();
        count += page.changes.len();
        cursor = page.next;
        if cursor.is_none() {
            return count;
        }
    }
}

#[tokio::test]
async fn the_sample_holds_the_whole_plan_and_its_story() {
    let (ledgers, reader) = sample(DEFAULT_DAY).await;
    let view = reader.caught_up(None).await;
    assert_eq!(reader.today(), DEFAULT_DAY);
    let ledger = view.directory.ledger().unwrap();
    assert!(ledger.sample && view.directory.has_simulated_clock());

    let plan = plan_on(&view.directory, DEFAULT_DAY).unwrap();
    assert_eq!(plan.code, Code::parse("R5").unwrap());
    let table = overview(&reader, &view, &plan, DEFAULT_DAY).await.unwrap();
    assert_eq!(table.rows.len(), 12);
    assert_eq!((table.total.goals, table.total.initiatives), (62, 147));
    let by_pillar: Vec<u32> = table.totals.iter().map(|cell| cell.goals).collect();
    assert_eq!(by_pillar, [26, 9, 13, 11, 0, 3]);
    assert!(table.total.reported > 100, "{table:?}");

    for (event_type, least) in [
        (EventType::ActualRecorded, 500),
        (EventType::ActualCorrected, 1),
        (EventType::ActualRetracted, 1),
        (EventType::TargetRevised, 2),
        (EventType::OrgUnitChanged, 1),
        (EventType::ResponsibilityTransferred, 1),
        (EventType::ForecastSubmitted, 3),
        (EventType::ImportAccepted, 2),
    ] {
        let count = count(&reader, event_type).await;
        assert!(count >= least, "{event_type:?}: {count}");
    }
    for (code, title) in [(REPORTED, "業務改善"), (REVISED, "就労した人")] {
        let Some(Named::Indicator(id)) = view.directory.named(&Code::parse(code).unwrap()) else {
            panic!("{code} names nothing");
        };
        let indicator = view.directory.indicator(id).unwrap();
        assert!(
            indicator.title().ja.as_str().contains(title),
            "{}",
            indicator.title().ja
        );
    }
    // Made once, it is only opened again, and stands at its own day whatever is asked for.
    for day in [DEFAULT_DAY, date("2023-06-01"), date("1999-01-01")] {
        let (again, made) = prepare(&ledgers, day).await.unwrap();
        assert!(!made);
        assert_eq!(again.today(), DEFAULT_DAY);
    }
    assert_eq!(ledgers.resolve(CODE).unwrap().id(), reader.id());
}

#[tokio::test]
async fn who_changed_a_target_is_told_with_before_and_after() {
    let (_ledgers, reader) = sample(DEFAULT_DAY).await;
    let view = reader.caught_up(None).await;
    let filter = ChangeFilter {
        types: vec![EventType::TargetRevised],
        ..ChangeFilter::default()
    };
    let page = list(&reader, &view, &filter, None, Direction::Backward, 10)
        .await
        .unwrap();
    let lowered = &page.changes[0];
    let told = lowered
        .fields
        .iter()
        .find(|field| field.field == "target")
        .unwrap();
    insta::assert_snapshot!(
        format!("{} -> {}", told.before.as_deref().unwrap(), told.after.as_deref().unwrap()),
        @"30 人 (2023-04-01〜) -> 24 人 (2023-09-01〜)"
    );
    assert!(lowered.lateness.retroactive);
    assert_eq!(
        lowered.stored.recorded.actor.subject.as_str(),
        "生活福祉課長"
    );
    let Named::Indicator(_) = lowered.subject else {
        panic!("{:?}", lowered.subject)
    };
    assert!(matches!(
        lowered.stored.recorded.event.payload,
        Payload::TargetRevised(_)
    ));
    assert!(lowered.stored.recorded.event.reason.is_some());
}

#[tokio::test]
async fn what_closings_came_to_was_frozen_when_they_were() {
    let (_ledgers, reader) = sample(date("2024-06-01")).await;
    let directory = reader.view().directory;
    let mut told: Vec<String> = Vec::new();
    for period in directory.periods() {
        for snapshot in &period.snapshots {
            let closing = period.closing(snapshot.revision).unwrap();
            // Nothing happened in between, and both times are on the ledger's clock.
            assert_eq!(snapshot.known_at, closing.position + 1);
            assert_eq!(snapshot.position, snapshot.known_at);
            let frozen_on = directory.date_of(snapshot.recorded_at);
            assert_eq!(frozen_on, directory.date_of(closing.recorded_at));
            told.push(format!(
                "{} {} {frozen_on}",
                snapshot.effective_on, snapshot.revision
            ));
        }
    }
    told.sort();
    assert_eq!(
        told,
        [
            "2023-03-31 1 2023-06-01",
            "2023-09-30 1 2023-10-10",
            "2023-09-30 2 2023-11-20",
            "2024-03-31 1 2024-05-31",
        ]
    );
}

#[tokio::test]
async fn the_finished_year_can_be_shown() {
    let (_ledgers, reader) = sample(date("2024-06-01")).await;
    assert_eq!(reader.today(), date("2024-06-01"));
    assert!(count(&reader, EventType::ActualRecorded).await > 1_000);
}

#[tokio::test]
async fn two_samples_of_one_day_have_the_same_bytes() {
    let day = date("2023-06-15");
    let (_one, first) = sample(day).await;
    let (_other, second) = sample(day).await;
    let (first, second) = (first.view().head, second.view().head);
    assert!(first.size > 500, "{first:?}");
    assert_eq!(first.size, second.size);
    assert_eq!(first.root, second.root);
}

#[tokio::test]
async fn whoever_holds_a_seat_gets_a_login_behind_the_sample_once() {
    let (ledgers, reader) = sample(DEFAULT_DAY).await;
    let before = reader.caught_up(None).await;
    let held = before.directory.grants();
    let held = held.filter(|grant| grant.holds_on(DEFAULT_DAY));
    let holders: BTreeSet<Holder> = held.map(|grant| grant.holder.clone()).collect();
    assert!(50 < holders.len(), "{}", holders.len());

    let data = tempfile::tempdir().unwrap();
    let files = sign_in::prepare(&ledgers, &reader, data.path())
        .await
        .unwrap();
    let after = reader.caught_up(None).await;
    assert_eq!(after.head.size, before.head.size + holders.len() as u64);
    assert_eq!(reader.root_at(before.head.size).unwrap(), before.head.root);
    let names = std::fs::read_dir(&files.tokens).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let tokens = names.filter(|name| token_folder::subject(name).is_some());
    assert_eq!(tokens.count(), holders.len());
    let issuer = Name::parse(ISSUER).unwrap();
    for post in ["長寿課長", "福祉健康部長", "企画政策課 事務局", "監査委員"]
    {
        let post = Name::parse(post).unwrap();
        let named = after.directory.person_of(None, &post);
        let signed_in = after.directory.person_of(Some(&issuer), &post);
        assert!(named.is_some() && named == signed_in, "{post}");
    }

    let again = sign_in::prepare(&ledgers, &reader, data.path())
        .await
        .unwrap();
    assert_eq!(again, files);
    assert_eq!(reader.caught_up(None).await.head, after.head);
}

/// Gives somebody of the sample logins elsewhere until they have `count`.
async fn logins_elsewhere(ledgers: &Ledgers, reader: &Reader, post: &str, count: usize) {
    let directory = reader.caught_up(None).await.directory;
    let id = directory.person_of(None, &Name::parse(post).unwrap());
    let person = directory.person(id.unwrap()).unwrap();
    let elsewhere = (person.logins.len()..count).map(|number| LoginId {
        issuer: Some(Name::parse("https://id.city.example").unwrap()),
        subject: Name::parse(&format!("{post} {number}")).unwrap(),
    });
    let changed = PersonChanged {
        person: person.id,
        name: None,
        logins: person.logins.iter().cloned().chain(elsewhere).collect(),
    };
    record(ledgers, reader, vec![changed.into()]).await;
}

/// Records events of the whole ledger as of its today.
async fn record(ledgers: &Ledgers, reader: &Reader, payloads: Vec<Payload>) {
    let event = |payload| Event {
        valid: Some(Validity::from(reader.today())),
        reason: Some(Reason {
            code: ReasonCode::Other,
            text: FreeText::parse("ログインを加える。").unwrap(),
        }),
        ..Event::new(event_id(), Stream::ledger(reader.id()), payload)
    };
    let append = Append::new(
        reader.id(),
        request_id(),
        payloads.into_iter().map(event).collect(),
    );
    let append = permitted("企画政策課 事務局", append);
    ledgers.append(append, None).await.unwrap();
}

#[tokio::test]
async fn whoever_may_have_no_further_login_gets_no_token_and_keeps_nobody_out() {
    let (ledgers, reader) = sample(DEFAULT_DAY).await;
    let (full, nearly_full) = ("長寿課長", "福祉健康部長");
    logins_elsewhere(&ledgers, &reader, full, Person::LOGINS_MAX).await;
    logins_elsewhere(&ledgers, &reader, nearly_full, Person::LOGINS_MAX - 1).await;
    let data = tempfile::tempdir().unwrap();
    let prepared = || sign_in::prepare(&ledgers, &reader, data.path());
    let tokens = prepared().await.unwrap().tokens;
    let has_token = |post: &str| {
        let name = token_folder::file_name(post).unwrap();
        tokens.join(name).is_file()
    };
    assert!(!has_token(full));
    assert!(has_token(nearly_full) && has_token("監査委員"));
    // It starts again all the same, and there is nothing left to append.
    let head = reader.caught_up(None).await.head;
    prepared().await.unwrap();
    assert_eq!(reader.caught_up(None).await.head, head);
}

#[tokio::test]
async fn whose_login_is_a_services_gets_no_token_and_keeps_nobody_out() {
    let (ledgers, reader) = sample(DEFAULT_DAY).await;
    let post = Name::parse("長寿課長").unwrap();
    let service = LoginId {
        issuer: Some(Name::parse(ISSUER).unwrap()),
        subject: post.clone(),
    };
    let directory = reader.caught_up(None).await.directory;
    let units = directory.units();
    let mut units = units.iter().filter(|unit| unit.exists_on(DEFAULT_DAY));
    let unit = units.next().unwrap().id;
    let granted = RoleGranted {
        grant: GrantId::derived(reader.id().uuid(), "service"),
        seat: Code::parse("連携").unwrap(),
        title: title("連携"),
        role: Role::Service,
        units: vec![unit],
        holder: Holder::Service(service),
    };
    record(&ledgers, &reader, vec![granted.into()]).await;
    let data = tempfile::tempdir().unwrap();
    let files = sign_in::prepare(&ledgers, &reader, data.path()).await;
    let tokens = files.unwrap().tokens;
    let has_token = |post: &str| tokens.join(post).is_file();
    assert!(!has_token(post.as_str()) && has_token("福祉健康部長"));
}

#[tokio::test]
async fn where_nobody_may_have_a_further_login_it_says_so() {
    let (ledgers, reader) = sample(DEFAULT_DAY).await;
    let directory = reader.caught_up(None).await.directory;
    let full = |person: &Arc<Person>| {
        let more = (person.logins.len()..Person::LOGINS_MAX).map(|number| LoginId {
            issuer: Some(Name::parse("https://id.city.example").unwrap()),
            subject: Name::parse(&format!("{} {number}", person.id)).unwrap(),
        });
        let changed = PersonChanged {
            person: person.id,
            name: None,
            logins: person.logins.iter().cloned().chain(more).collect(),
        };
        changed.into()
    };
    let all = directory.persons().into_iter().map(full).collect();
    record(&ledgers, &reader, all).await;
    let data = tempfile::tempdir().unwrap();
    let refused = sign_in::prepare(&ledgers, &reader, data.path()).await;
    let Err(SampleError::NoLogins { day }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(day, DEFAULT_DAY);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}

#[test]
fn a_sample_is_made_to_sign_in_to_from_the_day_on_that_it_knows_seats() {
    let first = sign_in::SEATS_FROM;
    assert!(sign_in::check_day(first).is_ok());
    let refused = sign_in::check_day(first.yesterday().unwrap());
    assert!(
        matches!(refused, Err(SampleError::SeatsLater)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn nobody_signs_in_to_a_sample_that_has_no_seats_yet() {
    let day = sign_in::SEATS_FROM.yesterday().unwrap();
    let (ledgers, reader) = sample(day).await;
    let before = reader.view().head;
    let data = tempfile::tempdir().unwrap();
    let refused = sign_in::prepare(&ledgers, &reader, data.path()).await;
    let Err(SampleError::NoSeats { day: told }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(told, day);
    assert_eq!(reader.view().head, before);
    assert_eq!(std::fs::read_dir(data.path()).unwrap().count(), 0);
}
