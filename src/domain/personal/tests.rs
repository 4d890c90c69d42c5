use super::*;
use crate::domain::event::{AuditFindingRecorded, NarrativeAdded, Reason, ReasonCode};
use crate::domain::event::{NarrativeKind, Stream, Subject, Validity};
use crate::domain::testing::{day, goal_id, key, person, plan_id, text};

const SALT: Salt = Salt([
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
    26, 27, 28, 29, 30, 31,
]);

fn event_id() -> EventId {
    "0198f000-0000-7000-8000-000000000001".parse().unwrap()
}

fn subject(number: u8) -> DataSubjectId {
    let text = format!("5f0c1d2e-3b4a-4c5d-8e6f-0000000000{number:02x}");
    text.parse().unwrap()
}

fn event(payload: impl Into<Payload>) -> Event {
    Event {
        valid: Some(Validity::from(day("2023-09-30"))),
        reason: Some(Reason {
            code: ReasonCode::Other,
            text: text("窓口で本人から聞き取り"),
        }),
        ..Event::new(event_id(), Stream::goal(goal_id("g")), payload.into())
    }
}

fn narrative(words: &str) -> Event {
    event(NarrativeAdded {
        subject: Subject::Goal(goal_id("g")),
        kind: NarrativeKind::Note,
        text: text(words),
    })
}

fn committed(mut event: Event, fields: &[&str], salt: Salt) -> Event {
    event.commit_texts(|field| fields.contains(&field).then_some((subject(1), salt)));
    event
}

const BOTH: &[&str] = &["reason.text", "payload.text"];

#[test]
fn commitments_are_what_an_independent_implementation_makes_of_them() {
    // Computed by Python's hmac over the bytes that the format names.
    for (field, words, expected) in [
        (
            "actor.display_name",
            "",
            "052144c301369bec5a3b637c49087ae5d83e4f306bc1541d5d88284749091966",
        ),
        (
            "reason.text",
            "窓口で本人から聞き取り",
            "46788683de80a11f11850c332b2c6e2946456f4fbe5e94d92e6e7c47408feec0",
        ),
        (
            "payload.text",
            "窓口で本人から聞き取り",
            "69c2c494e02b7b4bc6696d1924ee10f97af6c99e2882261f7e322d1fb82ae9dc",
        ),
    ] {
        let commitment = Commitment::to(event_id(), field, words, &SALT);
        assert_eq!(format!("{commitment:?}"), format!("Commitment({expected})"));
    }
}

#[test]
fn salt_field_event_and_text_each_change_the_commitment() {
    let of = |event, field, words, salt| Commitment::to(event, field, words, &salt);
    let first = of(event_id(), "reason.text", "甲", SALT);
    let other_event = "0198f000-0000-7000-8000-000000000002".parse().unwrap();
    let mut other_salt = SALT;
    other_salt.0[31] ^= 1;
    assert_eq!(first, of(event_id(), "reason.text", "甲", SALT));
    assert_ne!(first, of(other_event, "reason.text", "甲", SALT));
    assert_ne!(first, of(event_id(), "payload.text", "甲", SALT));
    assert_ne!(first, of(event_id(), "reason.text", "乙", SALT));
    assert_ne!(first, of(event_id(), "reason.text", "甲", other_salt));
    // The length keeps field and text apart.
    assert_ne!(
        of(event_id(), "a", "bc", SALT),
        of(event_id(), "ab", "c", SALT)
    );
}

#[test]
fn a_committed_text_holds_its_words_until_they_are_left_to_the_store() {
    #[derive(Debug)]
    struct Gone;
    impl Openings for Gone {
        fn words_of(&self, _: &PersonalText) -> Words {
            Words::Erased { position: 123 }
        }
    }
    let mut event = committed(narrative("本人の事情"), BOTH, SALT);
    let ordinals: Vec<_> = event.personal_texts().map(|text| text.ordinal).collect();
    assert_eq!(ordinals, [1, 2]);
    for (_, text) in event.free_texts() {
        let personal = text.personal().unwrap();
        assert!(personal.is_opened_by(personal.held().unwrap()));
    }
    let before = event.clone();
    event.leave_words_to(&(Arc::new(Gone) as Arc<dyn Openings>), &person("担当"));
    assert_eq!(event, before, "where the words are is not part of the fact");
    for (_, text) in event.free_texts() {
        assert_eq!(text.personal().unwrap().held(), None);
        assert_eq!(text.text(), None);
        assert_eq!(text.shown(Language::Ja), "（個人情報・消去済み 位置 123）");
        assert_eq!(
            text.shown(Language::En),
            "(personal data, erased by position 123)"
        );
        assert_eq!(
            text.to_string(),
            "（個人情報・消去済み 位置 123） (personal data, erased by position 123)"
        );
        assert!(!format!("{text:?}").contains("事情"));
    }
}

#[test]
fn nothing_that_became_of_words_reads_as_no_words() {
    for words in [
        Words::Erased { position: 0 },
        Words::Missing,
        Words::Altered,
        Words::Withheld,
    ] {
        for language in [Language::Ja, Language::En] {
            assert!(words.shown(language).contains(match language {
                Language::Ja => "個人情報",
                Language::En => "personal data",
            }));
        }
    }
}

#[test]
fn a_retry_says_the_same_with_a_salt_of_its_own() {
    let other_salt = Salt([7; 32]);
    let stored = committed(narrative("本人の事情"), BOTH, SALT);
    let retry = committed(narrative("本人の事情"), BOTH, other_salt);
    assert_ne!(retry, stored);
    assert!(retry.restates(&stored));
    assert!(!committed(narrative("別の事情"), BOTH, other_salt).restates(&stored));
    // In plain words it is another fact, and so is one about somebody else.
    assert!(!narrative("本人の事情").restates(&stored));
    assert!(!stored.restates(&narrative("本人の事情")));
    let mut about_another = narrative("本人の事情");
    about_another.commit_texts(|_| Some((subject(2), other_salt)));
    assert!(!about_another.restates(&stored));
}

#[test]
fn a_retry_after_the_erasure_is_told_by_its_ids_and_subjects() {
    let mut stored = committed(narrative("本人の事情"), BOTH, SALT);
    for (_, text) in stored.free_texts_mut() {
        let gone = text.personal().unwrap();
        let PersonalText {
            ordinal,
            event,
            field,
            subject,
            commitment,
            ..
        } = gone.clone();
        let read = PersonalText::committed(ordinal, event, field, subject, commitment);
        *text = FreeText(Kind::Personal(Arc::new(read)));
    }
    let retry = committed(narrative("本人の事情"), BOTH, Salt([7; 32]));
    assert!(retry.restates(&stored));
    assert!(!committed(narrative("本人の事情"), &["reason.text"], SALT).restates(&stored));
}

#[test]
fn commitments_come_back_to_their_texts() {
    let stored = committed(narrative("本人の事情"), BOTH, SALT);
    let rows: Vec<_> = stored
        .personal_texts()
        .map(|text| (text.field.to_owned(), text.subject, text.commitment))
        .collect();
    let numbered = |ordinals: [u32; 2]| {
        let mut event = stored.clone();
        for ((_, text), ordinal) in event.free_texts_mut().zip(ordinals) {
            *text = FreeText::numbered(ordinal);
        }
        event
    };
    let mut read = numbered([1, 2]);
    assert_eq!(read.put_commitments(&rows), Ok(()));
    assert_eq!(read, stored);
    for wrong in [[2, 1], [0, 2], [1, 3], [1, 1]] {
        let mut read = numbered(wrong);
        assert!(
            matches!(read.put_commitments(&rows), Err(Unmatched::Text(_))),
            "{wrong:?}"
        );
    }
    let one_more = [rows.clone(), vec![rows[0].clone()]].concat();
    let mut read = numbered([1, 2]);
    assert_eq!(
        read.put_commitments(&one_more),
        Err(Unmatched::Commitment(3))
    );
    assert_eq!(
        narrative("甲").put_commitments(&rows),
        Err(Unmatched::Commitment(1))
    );
}

#[test]
fn every_text_of_an_event_has_its_own_path() {
    let finding = event(AuditFindingRecorded {
        plan: plan_id("p"),
        finding: key("5-3"),
        text: text("指摘"),
        references: Vec::new(),
        due: day("2023-12-28"),
        promised: text("約束"),
    });
    let fields: Vec<_> = finding.free_texts().map(|(field, _)| field).collect();
    assert_eq!(fields, ["reason.text", "payload.text", "payload.promised"]);
    let mut again = finding.clone();
    let changeable: Vec<_> = again.free_texts_mut().map(|(field, _)| field).collect();
    assert_eq!(fields, changeable);
}
