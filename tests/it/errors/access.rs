//! Persons, the seats they hold and who acts for whom: what is refused.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::role_granted::Holder;
use daicho::api::v1::*;
use daicho::clock::new_id;
use tonic::Code as Status;

use super::Seen;
use super::rules::{Case, refused};
use super::world::*;

/// People of the directory; the first signs in as 担当.
const FIRST: &str = "5f0c1d2e-3b4a-4c5d-8e6f-0123456789a1";
const SECOND: &str = "5f0c1d2e-3b4a-4c5d-8e6f-0123456789a2";
const THIRD: &str = "5f0c1d2e-3b4a-4c5d-8e6f-0123456789a3";
const NOBODY: &str = "5f0c1d2e-3b4a-4c5d-8e6f-0123456789a4";

fn registered(day: &str, person: &str, login: &str) -> EventInput {
    event(
        day,
        Payload::PersonRegistered(PersonRegistered {
            person: person.to_owned(),
            name: "職員".to_owned(),
            logins: vec![Login {
                issuer: None,
                subject: login.to_owned(),
            }],
        }),
    )
}

fn granted(day: &str, seat: &str, role: SeatRole, units: &[&str], person: &str) -> EventInput {
    event(
        day,
        Payload::RoleGranted(RoleGranted {
            grant: new_id().to_string(),
            seat: seat.to_owned(),
            title: title(seat),
            role: role.into(),
            units: units.iter().map(|unit| (*unit).to_owned()).collect(),
            holder: Some(Holder::Person(person.to_owned())),
        }),
    )
}

fn revoked(day: &str, grant: &str) -> EventInput {
    event(
        day,
        Payload::RoleRevoked(RoleRevoked {
            grant: grant.to_owned(),
        }),
    )
}

fn delegated(day: &str, last: &str, id: &str, seat: &str, delegate: &str) -> EventInput {
    let delegation = DelegationRegistered {
        delegation: id.to_owned(),
        seat: seat.to_owned(),
        delegate: delegate.to_owned(),
        ground: "出張".to_owned(),
    };
    EventInput {
        valid_to: Some(last.to_owned()),
        ..event(day, Payload::DelegationRegistered(delegation))
    }
}

fn ended(day: &str, id: &str) -> EventInput {
    event(
        day,
        Payload::DelegationEnded(DelegationEnded {
            delegation: id.to_owned(),
        }),
    )
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    let day = world.day(0);
    world
        .given(vec![
            registered(&day, FIRST, "担当"),
            registered(&day, SECOND, "係長"),
            registered(&day, THIRD, "主任"),
            granted(&day, "前課長", SeatRole::SectionChief, &["前課"], SECOND),
        ])
        .await;
    for case in of_persons(&world).into_iter().chain(of_delegations(&world)) {
        world.meet(seen, case).await;
    }
    too_many(seen, &mut world).await;
    onward(seen, &mut world).await;
    world.server.stop().await;
}

fn of_persons(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let day = world.day(0);
    let later = world.day(100);
    let short = granted(&day, "前係", SeatRole::Clerk, &["前課"], SECOND);
    let Some(Payload::RoleGranted(of_short)) = &short.payload else {
        unreachable!("a grant was made above");
    };
    let grant = of_short.grant.clone();
    vec![
        refused(
            Status::NotFound,
            R::PersonUnknown,
            "role_granted.person",
            "この職員は登録されていません",
            granted(&day, "係長", SeatRole::Clerk, &["前課"], NOBODY),
        ),
        refused(
            Status::NotFound,
            R::GrantUnknown,
            "role_revoked.grant",
            "この発令は登録されていません",
            revoked(&day, NOBODY),
        ),
        refused(
            Status::AlreadyExists,
            R::LoginTaken,
            "person_registered.logins[0]",
            "ログイン「係長」は既に",
            registered(&day, NOBODY, "係長"),
        ),
        refused(
            Status::AlreadyExists,
            R::GrantExists,
            "role_granted.seat",
            "同じ職に既に発令されています",
            granted(&later, "前課長", SeatRole::SectionChief, &["前課"], SECOND),
        ),
        refused(
            Status::PermissionDenied,
            R::SelfGrant,
            "role_granted.person",
            "自分自身への発令",
            granted(&day, "前部長", SeatRole::Director, &["前部"], FIRST),
        ),
        refused(
            Status::FailedPrecondition,
            R::UnitKindWrong,
            "role_granted.units[0]",
            "「部長」の職には部を指定します（前課）",
            granted(&day, "前部長", SeatRole::Director, &["前課"], SECOND),
        ),
        refused(
            Status::FailedPrecondition,
            R::SeatDiffers,
            "role_granted.seat",
            "「課等長」（前課）として発令されています",
            granted(&later, "前課長", SeatRole::SectionChief, &["他課"], THIRD),
        ),
        refused(
            Status::FailedPrecondition,
            R::SeatsIncompatible,
            "role_granted.role",
            "「監査」は「課等長」（前課長）と同じ時期に兼ねられません",
            granted(&later, "監査", SeatRole::Auditor, &[], SECOND),
        ),
        refused(
            Status::FailedPrecondition,
            R::GrantEnded,
            "role_revoked.grant",
            "この発令は既に終わっています",
            revoked(&later, &grant),
        )
        .after(vec![short, revoked(&later, &grant)]),
    ]
}

fn of_delegations(world: &World) -> Vec<Case> {
    use ErrorReason as R;
    let (day, last) = (world.day(10), world.day(20));
    let (gone, long) = (new_id().to_string(), world.day(376));
    let new = || new_id().to_string();
    vec![
        refused(
            Status::NotFound,
            R::DelegationUnknown,
            "delegation_ended.delegation",
            "この代決者の指定は登録されていません",
            ended(&day, NOBODY),
        ),
        refused(
            Status::InvalidArgument,
            R::DelegationTooLong,
            "valid_to",
            "代決の期間は366日以内です（367日）",
            delegated(&day, &long, &new(), "前課長", THIRD),
        ),
        refused(
            Status::FailedPrecondition,
            R::SeatNotHeld,
            "delegation_registered.seat",
            "職「空席」には",
            delegated(&day, &last, &new(), "空席", SECOND),
        ),
        refused(
            Status::FailedPrecondition,
            R::DelegateHoldsSeat,
            "delegation_registered.delegate",
            "職「前課長」に就いています",
            delegated(&day, &last, &new(), "前課長", SECOND),
        ),
        refused(
            Status::FailedPrecondition,
            R::DelegationEnded,
            "delegation_ended.delegation",
            "この代決は既に終わっています",
            ended(&last, &gone),
        )
        .after(vec![
            delegated(&day, &last, &gone, "前課長", THIRD),
            ended(&day, &gone),
        ]),
    ]
}

async fn too_many(seen: &mut Seen, world: &mut World) {
    let day = world.day(200);
    let seat = |number: u32| {
        granted(
            &day,
            &format!("兼務{number}"),
            SeatRole::Clerk,
            &["前課"],
            THIRD,
        )
    };
    let case = refused(
        Status::FailedPrecondition,
        ErrorReason::SeatsTooMany,
        "role_granted.seat",
        "同じ時期に持てる職は32までです",
        seat(33),
    );
    let case = case.after((1..=32).map(seat).collect());
    world.meet(seen, case).await;
}

/// Whoever asks acts for a seat, as somebody else has said.
async fn onward(seen: &mut Seen, world: &mut World) {
    let (day, last) = (world.day(30), world.day(40));
    let acting = delegated(&day, &last, &new_id().to_string(), "前課長", FIRST);
    world.given_by("別の担当", acting).await;
    let onward = refused(
        Status::PermissionDenied,
        ErrorReason::DelegatedOnward,
        "delegation_registered.seat",
        "代決者は「前課長」の代決を別の人に指定できません",
        delegated(&day, &last, &new_id().to_string(), "前課長", THIRD),
    );
    world.meet(seen, onward).await;
}
