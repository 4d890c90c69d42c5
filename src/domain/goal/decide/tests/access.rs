//! Who holds which seat: nobody helps themselves, and what a seat is, all its grants say alike.

use insta::assert_snapshot;

use crate::domain::access::{Grant, Holder, LoginId, Role};
use crate::domain::event::*;
use crate::domain::id::{DataSubjectId, DelegationId, GrantId, PersonId};
use crate::domain::personal::Salt;
use crate::domain::testing::*;

const SPACE: uuid::Uuid = uuid::Uuid::from_u128(7);

fn person_id(name: &str) -> PersonId {
    PersonId::derived(SPACE, name)
}

fn grant_id(name: &str) -> GrantId {
    GrantId::derived(SPACE, name)
}

fn login(issuer: Option<&str>, subject: &str) -> LoginId {
    LoginId {
        issuer: issuer.map(name),
        subject: name(subject),
    }
}

/// Somebody who signs in as themselves, and as `who@id` where somebody vouches for it.
fn registered(who: &str) -> PersonRegistered {
    PersonRegistered {
        person: person_id(who),
        name: text(who),
        logins: vec![login(None, who), login(Some("id"), who)],
    }
}

fn granted(grant: &str, seat: &str, role: Role, units: &[&str], who: &str) -> RoleGranted {
    RoleGranted {
        grant: grant_id(grant),
        seat: code(seat),
        title: title(seat),
        role,
        units: units.iter().map(|unit| unit_id(unit)).collect(),
        holder: Holder::Person(person_id(who)),
    }
}

fn chief(grant: &str, who: &str) -> RoleGranted {
    granted(grant, "財務課長", Role::SectionChief, &["財務課"], who)
}

fn revoked(grant: &str) -> RoleRevoked {
    RoleRevoked {
        grant: grant_id(grant),
    }
}

fn delegated(delegation: &str, seat: &str, to: &str) -> DelegationRegistered {
    DelegationRegistered {
        delegation: DelegationId::derived(SPACE, delegation),
        seat: code(seat),
        delegate: person_id(to),
        ground: text("出張のため"),
    }
}

fn ended(delegation: &str) -> DelegationEnded {
    DelegationEnded {
        delegation: DelegationId::derived(SPACE, delegation),
    }
}

/// Three people; 甲 holds the seat 財務課長 from 1 April 2023.
fn staffed() -> World {
    let mut world = World::planned();
    for who in ["甲", "乙", "丙"] {
        world.accept(fact(registered(who)));
    }
    world.accept(fact(chief("1", "甲")));
    world
}

fn seats(world: &World, who: &str, on: &str) -> String {
    let seats = world
        .directory
        .seats_of(&Holder::Person(person_id(who)), day(on));
    let line = |seat: &crate::domain::access::SeatHeld| {
        let acting = if seat.acting_for.is_some() { "*" } else { "" };
        format!("{}{acting}", seat.code)
    };
    seats.iter().map(line).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_login_is_one_persons_at_a_time() {
    let mut world = staffed();
    let mut other = registered("丁");
    other.logins = vec![login(Some("id"), "甲"), login(Some("other"), "甲")];
    assert_snapshot!(world.would(fact(other.clone())), @"LOGIN_TAKEN person_registered.logins[0] [subject=甲]");
    // Another issuer's 甲 is another login.
    other.logins.remove(0);
    assert_snapshot!(world.outcome(fact(other)), @"recorded");
    let twice = PersonChanged {
        person: person_id("乙"),
        name: None,
        logins: vec![login(None, "二"), login(None, "二")],
    };
    assert_snapshot!(world.would(fact(twice)), @"FIELD_INVALID person_changed.logins[1] [problem=the login stands twice]");
    // What one gives up another may take; a name that is not said stays.
    let less = PersonChanged {
        person: person_id("甲"),
        name: None,
        logins: vec![login(None, "甲")],
    };
    world.accept(fact(less));
    let taken = PersonChanged {
        person: person_id("乙"),
        name: Some(text("乙子")),
        logins: vec![login(Some("id"), "甲")],
    };
    world.accept(fact(taken).on("2023-06-01"));
    let directory = &world.directory;
    let of = |issuer: Option<&str>, subject: &str| {
        directory.person_of(issuer.map(name).as_ref(), &name(subject))
    };
    assert_eq!(of(Some("id"), "甲"), Some(person_id("乙")));
    assert_eq!(of(None, "甲"), Some(person_id("甲")));
    assert_eq!(of(None, "乙"), None);
    let names = |on| {
        directory
            .person(person_id("乙"))
            .unwrap()
            .names
            .on(day(on))
            .to_string()
    };
    assert_eq!(
        (names("2023-05-31"), names("2023-06-01")),
        ("乙".into(), "乙子".into())
    );
}

#[test]
fn a_person_is_registered_once_and_named_under_themselves() {
    let world = staffed();
    assert_snapshot!(world.would(fact(registered("甲"))), @"ID_EXISTS person_registered.person");
    let unknown = PersonChanged {
        person: person_id("丁"),
        name: None,
        logins: Vec::new(),
    };
    assert_snapshot!(world.would(fact(unknown)), @"PERSON_UNKNOWN person_changed.person");
    let named_under = |subject: DataSubjectId| {
        let mut event = world.event(&fact(registered("丁")));
        event.commit_texts(|_| Some((subject, Salt::new([1; 32]))));
        world
            .decide(&event)
            .map(drop)
            .map_err(|told| told[0].field.clone())
    };
    assert_eq!(named_under(person_id("丁").data_subject()), Ok(()));
    let other = named_under(person_id("甲").data_subject());
    assert_eq!(other, Err("person_registered.name".to_owned()));
}

#[test]
fn nobody_gives_a_seat_to_themselves_under_any_login() {
    let to_themselves = granted("2", "部長", Role::Director, &["企画財政部"], "乙");
    let mut world = staffed().by("乙");
    assert_snapshot!(world.would(fact(to_themselves.clone())), @"SELF_GRANT role_granted.person");
    world.actor.issuer = Some(name("id"));
    assert_snapshot!(world.would(fact(to_themselves.clone())), @"SELF_GRANT role_granted.person");
    world.actor.issuer = Some(name("stranger"));
    assert_snapshot!(world.would(fact(to_themselves)), @"recorded");
    let service = RoleGranted {
        holder: Holder::Service(login(None, "システム")),
        ..granted("3", "連携", Role::Service, &["財務課"], "-")
    };
    let world = staffed().by("システム");
    assert_snapshot!(world.would(fact(service)), @"SELF_GRANT role_granted.service");
    let world = staffed().by("丙");
    let acting = fact(delegated("d", "財務課長", "丙")).until("2023-04-30");
    assert_snapshot!(world.would(acting), @"SELF_GRANT delegation_registered.delegate");
}

#[test]
fn all_grants_of_a_seat_say_the_same_while_they_meet() {
    let mut world = staffed();
    let other_units = granted("2", "財務課長", Role::SectionChief, &["企画政策課"], "乙");
    assert_snapshot!(world.would(fact(other_units.clone()).on("2024-04-01")), @"SEAT_DIFFERS role_granted.seat [role=SECTION_CHIEF role_ja=課等長 units=財務課 from=2023-04-01]");
    let other_role = granted("2", "財務課長", Role::Clerk, &["財務課"], "乙");
    assert_snapshot!(world.would(fact(other_role)), @"SEAT_DIFFERS role_granted.seat [role=SECTION_CHIEF role_ja=課等長 units=財務課 from=2023-04-01]");
    // Two may share a seat; after the last of them has left it can be another.
    world.accept(fact(chief("3", "乙")));
    world.accept(fact(revoked("1")).on("2024-04-01"));
    world.accept(fact(revoked("3")).on("2024-04-01"));
    assert_snapshot!(world.outcome(fact(other_units).on("2024-04-01")), @"recorded");
}

#[test]
fn seats_are_for_units_of_the_right_kind_that_are_there() {
    let mut world = staffed();
    let dissolved = OrgUnitChanged {
        unit: unit_id("人事課"),
        name: None,
        parent: None,
        dissolved: true,
    };
    world.accept(fact(dissolved).on("2023-07-01").because("統合"));
    let seat = |role, units: &[&str]| fact(granted("2", "新しい職", role, units, "乙"));
    assert_snapshot!(world.would(seat(Role::Director, &["財務課"])), @"UNIT_KIND_WRONG role_granted.units[0] [unit=財務課 role=DIRECTOR role_ja=部長 kind=DEPARTMENT kind_ja=部]");
    assert_snapshot!(world.would(seat(Role::Clerk, &["総務部"])), @"UNIT_KIND_WRONG role_granted.units[0] [unit=総務部 role=CLERK role_ja=担当 kind=SECTION kind_ja=課等]");
    assert_snapshot!(world.would(seat(Role::Clerk, &["人事課"]).on("2023-07-01")), @"UNIT_NOT_ACTIVE role_granted.units[0] [date=2023-07-01]");
    assert_snapshot!(world.would(seat(Role::Clerk, &[])), @"FIELD_REQUIRED role_granted.units");
    assert_snapshot!(world.would(seat(Role::Clerk, &["財務課", "財務課"])), @"FIELD_INVALID role_granted.units[1] [problem=the unit stands twice]");
    assert_snapshot!(world.would(seat(Role::Planning, &["財務課"])), @"FIELD_INVALID role_granted.units [problem=a seat of this role is for the whole ledger]");
    assert_snapshot!(world.would(seat(Role::Service, &["財務課"])), @"FIELD_INVALID role_granted.person [problem=seats of this role are for client applications]");
    let service = |role, subject: &str| RoleGranted {
        holder: Holder::Service(login(None, subject)),
        ..granted("2", "連携", role, &["総務部", "財務課"], "-")
    };
    assert_snapshot!(world.would(fact(service(Role::Clerk, "システム"))), @"
    UNIT_KIND_WRONG role_granted.units[0] [unit=総務部 role=CLERK role_ja=担当 kind=SECTION kind_ja=課等]; FIELD_INVALID role_granted.service [problem=a client application has no seat of this role]
    ");
    assert_snapshot!(world.would(fact(service(Role::Service, "甲"))), @"LOGIN_TAKEN role_granted.service [subject=甲]");
    assert_snapshot!(world.outcome(fact(service(Role::Service, "システム"))), @"recorded");
    // And the other way round: nobody takes the login of a client application.
    let mut taker = registered("丁");
    taker.logins = vec![login(None, "システム")];
    assert_snapshot!(world.would(fact(taker)), @"LOGIN_TAKEN person_registered.logins[0] [subject=システム]");
}

#[test]
fn who_keeps_checks_and_writes_the_ledger_are_different_people() {
    let mut world = staffed();
    let administrator = fact(granted("2", "管理者", Role::Administrator, &[], "甲"));
    assert_snapshot!(world.would(administrator.clone().on("2024-04-01")), @"SEATS_INCOMPATIBLE role_granted.role [role=ADMINISTRATOR role_ja=管理者 seat=財務課長 other=SECTION_CHIEF other_ja=課等長]");
    let auditor = fact(granted("3", "監査", Role::Auditor, &[], "乙"));
    world.accept(auditor.until("2023-12-31"));
    assert_snapshot!(world.would(fact(chief("4", "乙")).on("2023-12-31")), @"SEATS_INCOMPATIBLE role_granted.role [role=SECTION_CHIEF role_ja=課等長 seat=監査 other=AUDITOR other_ja=監査]");
    assert_snapshot!(world.would(fact(chief("4", "乙")).on("2024-01-01")), @"recorded");
    let keeps = fact(granted("5", "管理者", Role::Administrator, &[], "乙"));
    assert_snapshot!(world.would(keeps), @"SEATS_INCOMPATIBLE role_granted.role [role=ADMINISTRATOR role_ja=管理者 seat=監査 other=AUDITOR other_ja=監査]");
    // Acting for a seat is writing as well.
    let acting = fact(delegated("d", "財務課長", "乙"));
    assert_snapshot!(world.would(acting.clone().on("2023-12-01").until("2024-01-31")), @"SEATS_INCOMPATIBLE delegation_registered.seat [role=SECTION_CHIEF role_ja=課等長 seat=監査 other=AUDITOR other_ja=監査]");
    world.accept(acting.on("2024-02-01").until("2024-02-29"));
    let again = fact(granted("6", "監査", Role::Auditor, &[], "乙"));
    assert_snapshot!(world.would(again.on("2024-02-29")), @"SEATS_INCOMPATIBLE role_granted.role [role=AUDITOR role_ja=監査 seat=財務課長 other=SECTION_CHIEF other_ja=課等長]");
    world.accept(fact(revoked("1")).on("2023-10-01"));
    assert_snapshot!(world.outcome(administrator.on("2023-10-01")), @"recorded");
}

#[test]
fn one_holder_has_a_seat_once_at_a_time_and_only_so_many() {
    let mut world = staffed();
    assert_snapshot!(world.would(fact(chief("1", "甲"))), @"ID_EXISTS role_granted.grant; GRANT_EXISTS role_granted.seat [from=2023-04-01]");
    assert_snapshot!(world.would(fact(chief("2", "甲")).on("2025-04-01")), @"GRANT_EXISTS role_granted.seat [from=2023-04-01]");
    assert_snapshot!(world.would(fact(chief("2", "丁"))), @"PERSON_UNKNOWN role_granted.person");
    for number in 1..Grant::AT_ONCE_MAX {
        let seat = format!("兼務{number}");
        world.accept(fact(granted(&seat, &seat, Role::Clerk, &["財務課"], "甲")));
    }
    let more = fact(granted("more", "兼務", Role::Clerk, &["財務課"], "甲"));
    assert_snapshot!(world.would(more), @"SEATS_TOO_MANY role_granted.seat [max=32]");
}

#[test]
fn a_grant_ends_once_and_not_before_it_began() {
    let mut world = staffed();
    assert_snapshot!(world.would(fact(revoked("9"))), @"GRANT_UNKNOWN role_revoked.grant");
    assert_snapshot!(world.would(fact(revoked("1")).on("2023-03-31")), @"DATE_TOO_EARLY valid_from [earliest=2023-04-01]");
    world.accept(fact(revoked("1")).on("2023-10-01"));
    assert_snapshot!(world.would(fact(revoked("1")).on("2023-09-01")), @"GRANT_ENDED role_revoked.grant [date=2023-10-01]");
    assert_eq!(seats(&world, "甲", "2023-09-30"), "財務課長");
    assert_eq!(seats(&world, "甲", "2023-10-01"), "");
    let clerk = granted("2", "担当", Role::Clerk, &["財務課"], "甲");
    world.accept(fact(clerk).on("2023-05-01").until("2023-05-31"));
    assert_snapshot!(world.would(fact(revoked("2")).on("2023-06-01")), @"GRANT_ENDED role_revoked.grant [date=2023-05-31]");
    assert_eq!(seats(&world, "甲", "2023-05-31"), "担当 財務課長");
    assert_eq!(seats(&world, "甲", "2023-06-01"), "財務課長");
    // Taken back on its first day it never held, and another may have the seat from then on.
    world.accept(fact(chief("3", "乙")).on("2023-10-01"));
    world.accept(fact(revoked("3")).on("2023-10-01"));
    assert_eq!(seats(&world, "乙", "2023-10-01"), "");
    assert_snapshot!(world.outcome(fact(chief("4", "乙")).on("2023-10-01")), @"recorded");
}

#[test]
fn somebody_acts_only_for_a_seat_that_another_holds() {
    let mut world = staffed();
    let acting = |seat: &str, to: &str| fact(delegated("d", seat, to));
    assert_snapshot!(world.would(acting("財務課長", "乙")), @"FIELD_REQUIRED valid_to");
    assert_snapshot!(world.would(acting("財務課長", "乙").until("2024-04-01")), @"DELEGATION_TOO_LONG valid_to [max=366 days=367]");
    assert_snapshot!(world.would(acting("財務課長", "乙").until("2024-03-31")), @"recorded");
    assert_snapshot!(world.would(acting("部長", "乙").until("2023-04-30")), @"SEAT_NOT_HELD delegation_registered.seat [seat=部長 date=2023-04-01]");
    assert_snapshot!(world.would(acting("財務課長", "甲").until("2023-04-30")), @"DELEGATE_HOLDS_SEAT delegation_registered.delegate [seat=財務課長]");
    assert_snapshot!(world.would(acting("財務課長", "丁").until("2023-04-30")), @"PERSON_UNKNOWN delegation_registered.delegate");
    world.accept(
        acting("財務課長", "乙")
            .on("2023-09-01")
            .until("2024-02-29"),
    );
    assert_eq!(seats(&world, "乙", "2023-08-31"), "");
    assert_eq!(seats(&world, "乙", "2023-09-01"), "財務課長*");
    assert_eq!(seats(&world, "乙", "2024-03-01"), "");
    // It goes with whoever holds the seat: nobody acts for a vacant one.
    world.accept(fact(revoked("1")).on("2023-12-01"));
    assert_eq!(seats(&world, "乙", "2023-12-01"), "");
    world.accept(fact(chief("2", "丙")).on("2024-01-01"));
    assert_eq!(seats(&world, "乙", "2024-01-01"), "財務課長*");
    let whom = world
        .directory
        .principal_of(&code("財務課長"), day("2024-01-01"));
    assert_eq!(whom.map(|(_, person)| person), Some(person_id("丙")));
    assert_snapshot!(world.would(fact(ended("x"))), @"DELEGATION_UNKNOWN delegation_ended.delegation");
    assert_snapshot!(world.would(fact(ended("d")).on("2023-08-31")), @"DATE_TOO_EARLY valid_from [earliest=2023-09-01]");
    assert_snapshot!(world.would(fact(ended("d")).on("2024-03-01")), @"DELEGATION_ENDED delegation_ended.delegation [date=2024-02-29]");
    world.accept(fact(ended("d")).on("2024-01-15"));
    assert_snapshot!(world.would(fact(ended("d")).on("2024-01-10")), @"DELEGATION_ENDED delegation_ended.delegation [date=2024-01-15]");
    assert_eq!(seats(&world, "乙", "2024-01-14"), "財務課長*");
    assert_eq!(seats(&world, "乙", "2024-01-15"), "");
}

#[test]
fn whoever_acts_for_a_seat_does_not_pass_it_on() {
    let mut world = staffed();
    world.today = day("2023-10-06");
    world.accept(
        fact(delegated("d", "財務課長", "乙"))
            .on("2023-10-01")
            .until("2023-10-31"),
    );
    let onward = |from: &str, to: &str| fact(delegated("e", "財務課長", "丙")).on(from).until(to);
    world.now_by("乙");
    assert_snapshot!(world.would(onward("2023-10-10", "2023-10-20")), @"DELEGATED_ONWARD delegation_registered.seat [seat=財務課長]");
    assert_snapshot!(world.would(onward("2023-12-01", "2023-12-20")), @"DELEGATED_ONWARD delegation_registered.seat [seat=財務課長]");
    world.now_by("甲");
    assert_snapshot!(world.would(onward("2023-10-10", "2023-10-20")), @"recorded");
}

#[test]
fn what_is_recorded_later_never_changes_what_was_known() {
    let mut world = staffed();
    let before = world.directory.clone();
    let version = before.access_version();
    world.accept(fact(revoked("1")).on("2023-05-01"));
    world.accept(fact(chief("2", "乙")).on("2023-05-01"));
    assert_eq!(world.directory.access_version(), version + 2);
    // On 1 June, as known then and as known now.
    let holder = |directory: &crate::domain::directory::Directory| {
        let seat = code("財務課長");
        let held: Vec<_> = directory
            .holders_of(&seat, day("2023-06-01"))
            .map(|g| g.holder.clone())
            .collect();
        held
    };
    assert_eq!(holder(&before), [Holder::Person(person_id("甲"))]);
    assert_eq!(holder(&world.directory), [Holder::Person(person_id("乙"))]);
}

#[test]
fn no_order_of_events_gives_somebody_a_seat_of_their_own_making() {
    let mut world = staffed();
    // As the server fills it in, before the request: 甲, whatever the request's own events say.
    world.actor = Actor {
        person: Some(person_id("甲")),
        ..person("甲")
    };
    let logins = |who: &str, logins: &[&str]| {
        fact(PersonChanged {
            person: person_id(who),
            name: None,
            logins: logins.iter().map(|subject| login(None, subject)).collect(),
        })
    };
    let to_甲 = || fact(granted("2", "部長", Role::Director, &["企画財政部"], "甲"));
    world.accept(logins("甲", &[]));
    assert_snapshot!(world.would(to_甲()), @"SELF_GRANT role_granted.person");
    let acting = fact(delegated("d", "財務課長", "甲")).until("2023-04-30");
    assert_snapshot!(world.would(acting), @"SELF_GRANT delegation_registered.delegate; DELEGATE_HOLDS_SEAT delegation_registered.delegate [seat=財務課長]");
    // In the next request nobody knows them; then they do not become somebody who has a seat.
    world.actor.person = None;
    assert_snapshot!(world.would(logins("甲", &["甲"])), @"SELF_GRANT person_changed.logins[0]");
    // Another login is another's to use.
    assert_snapshot!(world.would(logins("甲", &["甲二"])), @"recorded");
    // Where nothing is held nothing is gained.
    assert_snapshot!(world.would(logins("乙", &["乙", "甲"])), @"recorded");
    world.accept(fact(chief("3", "乙")));
    assert_snapshot!(world.would(logins("乙", &["乙", "甲"])), @"SELF_GRANT person_changed.logins[1]");
    world.actor.method = AuthMethod::System;
    assert_snapshot!(world.would(logins("乙", &["乙", "甲"])), @"recorded");
}

#[test]
fn whoever_acts_for_a_seat_may_have_it_when_it_becomes_another() {
    let mut world = staffed();
    world.accept(fact(granted("2", "担当", Role::Clerk, &["財務課"], "乙")));
    world.accept(fact(delegated("d", "財務課長", "乙")).until("2023-12-31"));
    world.accept(fact(revoked("1")).on("2023-10-01"));
    let seat = |role| fact(granted("3", "財務課長", role, &[], "丙")).on("2023-10-01");
    assert_snapshot!(world.would(seat(Role::Administrator)), @"SEATS_INCOMPATIBLE role_granted.role [role=ADMINISTRATOR role_ja=管理者 seat=担当 other=CLERK other_ja=担当]");
    assert_snapshot!(world.would(seat(Role::Planning)), @"recorded");
    assert_snapshot!(world.would(seat(Role::Administrator).on("2024-01-01")), @"recorded");
}
