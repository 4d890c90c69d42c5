//! Texts about people: what of them is refused.

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::*;
use daicho::clock::{new_id, new_random_id};
use tonic::Code;

use super::rules::refused;
use super::world::*;
use super::{Seen, expect, told};
use crate::service::append;

fn note(day: &str, marks: &[(&str, &str)]) -> EventInput {
    let mark = |(field, subject): &(&str, &str)| PersonalText {
        field: (*field).to_owned(),
        subject_ref: (*subject).to_owned(),
    };
    EventInput {
        personal_texts: marks.iter().map(mark).collect(),
        ..event(
            day,
            Payload::NarrativeAdded(NarrativeAdded {
                subject: Some(Subject {
                    kind: Some(subject::Kind::Goal("前/1".to_owned())),
                }),
                kind: NarrativeKind::Note.into(),
                text: "窓口で本人から聞き取り".to_owned(),
            }),
        )
    }
}

pub(crate) async fn all_happen(seen: &mut Seen) {
    let mut world = World::new().await;
    let day = world.day(10);
    let subject = new_random_id().to_string();
    let erase = |subject: &str| ErasePersonalDataRequest {
        request_id: new_id().to_string(),
        subject_ref: subject.to_owned(),
        legal_basis: "個人情報の保護に関する法律".to_owned(),
        approved_by: "総務課長".to_owned(),
        reason: Some(Reason {
            code: ReasonCode::Other.into(),
            text: "本人の請求".to_owned(),
        }),
        ..Default::default()
    };
    let mut admin = world.server.admin().await;
    let status = admin.erase_personal_data(erase(&subject)).await;
    expect(
        seen,
        &status.unwrap_err(),
        Code::NotFound,
        ErrorReason::SubjectUnknown,
        "no text about a person",
    );
    let status = admin.erase_personal_data(ErasePersonalDataRequest::default());
    let faults = told(&status.await.unwrap_err());
    let fields: Vec<_> = faults
        .violations
        .iter()
        .map(|(_, field)| field.as_str())
        .collect();
    let required = [
        "request_id",
        "subject_ref",
        "legal_basis",
        "approved_by",
        "reason",
    ];
    assert!(
        required.iter().all(|field| fields.contains(field)),
        "{fields:?}"
    );

    world
        .given(vec![note(&day, &[("payload.text", &subject)])])
        .await;
    admin.erase_personal_data(erase(&subject)).await.unwrap();
    let case = refused(
        Code::FailedPrecondition,
        ErrorReason::SubjectErased,
        "personal_texts",
        "消去済みです",
        note(&day, &[("payload.text", &subject)]),
    );
    world.meet(seen, case).await;

    // Nothing can be made below a file.
    let folder = world.server.folder.path().join("data/personal");
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    let size = world.size().await;
    let request = append(vec![note(
        &day,
        &[("payload.text", &new_random_id().to_string())],
    )]);
    let status = world
        .client
        .append_events(request.clone())
        .await
        .unwrap_err();
    expect(
        seen,
        &status,
        Code::Unavailable,
        ErrorReason::PersonalStoreUnavailable,
        "保管先に書き込めません",
    );
    assert_eq!(world.size().await, size);
    // All else goes on, and so does this once the folder can be written.
    world.given(vec![note(&day, &[])]).await;
    std::fs::remove_file(&folder).unwrap();
    let answer = world.client.append_events(request).await.unwrap();
    assert!(!answer.into_inner().replayed);
    world.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn marks_that_cannot_be_are_told_together() {
    let mut world = World::new().await;
    let day = world.day(10);
    let subject = new_random_id().to_string();
    let counted = new_id().to_string();
    let marks = [
        ("payload.text", counted.as_str()),
        ("reason.text", subject.as_str()),
        ("source_document.title", subject.as_str()),
        ("", "somebody"),
    ];
    let size = world.size().await;
    let twice = [("payload.text", subject.as_str()); 2];
    let absent = [("reason.text", subject.as_str())];
    let request = append(vec![
        note(&day, &marks),
        note(&day, &twice),
        note(&day, &absent),
    ]);
    let status = world.client.append_events(request).await.unwrap_err();
    let violations = told(&status).violations;
    for (reason, field) in [
        ("FIELD_INVALID", "events[0].personal_texts[0].subject_ref"),
        ("FIELD_INVALID", "events[0].personal_texts[2].field"),
        ("FIELD_REQUIRED", "events[0].personal_texts[3].field"),
        ("FIELD_INVALID", "events[1].personal_texts[1].field"),
        ("FIELD_INVALID", "events[2].personal_texts[0].field"),
    ] {
        let violation = (reason.to_owned(), field.to_owned());
        assert!(
            violations.contains(&violation),
            "{violation:?}: {violations:?}"
        );
    }
    // One more than there may be in a request.
    let many: Vec<_> = (0..65)
        .map(|_| note(&day, &[("payload.text", &subject)]))
        .collect();
    let status = world.client.append_events(append(many)).await.unwrap_err();
    let violation = ("FIELD_INVALID".to_owned(), "events".to_owned());
    assert!(told(&status).violations.contains(&violation), "{status:?}");
    assert_eq!(world.size().await, size);
    let folder = world.server.folder.path().join("data/personal");
    assert!(!folder.exists(), "nothing was kept");
    world.server.stop().await;
}
