//! Who is shown texts about people, and for what purpose.

use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::clock::new_random_id;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;

use super::*;

/// Somebody who says why they ask for texts about people.
#[derive(Clone)]
struct For(&'static str, &'static str);

impl Interceptor for For {
    fn call(&mut self, request: Request<()>) -> Result<Request<()>, Status> {
        let mut request = As(self.0).call(request)?;
        let purpose = MetadataValue::from_bytes(self.1.as_bytes());
        let metadata = request.metadata_mut();
        metadata.insert_bin("daicho-purpose-bin", purpose);
        Ok(request)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn all_texts_about_people_are_for_auditors_with_a_purpose() {
    let city = City::new().await;
    let channel = city.server.channel().await;
    let ask = async |who: &'static str, why: Option<&'static str>| {
        let refusals = match why {
            None => {
                let mut admin = AdminServiceClient::with_interceptor(channel.clone(), As(who));
                let listed = admin.list_personal_data(ListPersonalDataRequest::default());
                let listed = listed.await.map(drop);
                let disclosed = DisclosePersonalDataRequest::default();
                [
                    listed,
                    admin.disclose_personal_data(disclosed).await.map(drop),
                ]
            }
            Some(why) => {
                let mut admin =
                    AdminServiceClient::with_interceptor(channel.clone(), For(who, why));
                let listed = admin.list_personal_data(ListPersonalDataRequest::default());
                let listed = listed.await.map(drop);
                let disclosed = DisclosePersonalDataRequest::default();
                [
                    listed,
                    admin.disclose_personal_data(disclosed).await.map(drop),
                ]
            }
        };
        refusals.map(|answer| answer.map_err(|refused| reason(&refused)))
    };
    let refused = |reason: &str| [Err(reason.to_owned()), Err(reason.to_owned())];
    assert_eq!(
        ask("通りがかり", Some("開示請求")).await,
        refused("PERMISSION_DENIED")
    );
    for who in ["担当", "課長", "部長", "企画", "管理"] {
        assert_eq!(
            ask(who, Some("開示請求")).await,
            refused("NOT_PERMITTED"),
            "{who}"
        );
    }
    assert_eq!(ask("監査", None).await, refused("NOT_PERMITTED"));
    assert_eq!(ask("監査", Some("開示請求")).await, [Ok(()), Ok(())]);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn words_about_people_are_shown_to_those_who_may_read_them_and_to_nobody_else() {
    const WORDS: &str = "療養のため担当を外れた本人の申出";
    const WITHHELD: &str = "not for you to read";
    let city = City::new().await;
    let note = EventInput {
        personal_texts: vec![PersonalText {
            field: "payload.text".to_owned(),
            subject_ref: new_random_id().to_string(),
        }],
        ..event(
            &city.plan.first_day,
            Payload::NarrativeAdded(NarrativeAdded {
                subject: Some(Subject {
                    kind: Some(subject::Kind::Goal("計画/1-1".to_owned())),
                }),
                kind: NarrativeKind::Note.into(),
                text: WORDS.to_owned(),
            }),
        )
    };
    let receipt = city.sends("担当", vec![note.clone()]).await.unwrap();
    // What is sent again is held against what was recorded.
    let again = city.sends("担当", vec![note]).await.unwrap();
    assert_eq!(again.events[0].position, receipt.events[0].position);

    let channel = city.server.channel().await;
    let told = async |who: &'static str, why: Option<&'static str>| {
        let asked = GetGoalRequest {
            goal: "計画/1-1".to_owned(),
            ..GetGoalRequest::default()
        };
        let channel = channel.clone();
        let answer = match why {
            Some(why) => {
                let mut client = GoalServiceClient::with_interceptor(channel, For(who, why));
                client.get_goal(asked).await.unwrap()
            }
            None => {
                let mut client = GoalServiceClient::with_interceptor(channel, As(who));
                client.get_goal(asked).await.unwrap()
            }
        };
        let goal = answer.into_inner().goal.unwrap();
        goal.narratives[0].text.clone()
    };
    for (who, with_purpose) in [
        ("担当", WORDS),
        ("課長", WORDS),
        ("部長", WORDS),
        ("監査", WORDS),
        ("企画", WITHHELD),
        ("別の担当", WITHHELD),
        ("通りがかり", WITHHELD),
    ] {
        assert!(told(who, None).await.contains(WITHHELD), "{who}");
        let shown = told(who, Some("開示請求")).await;
        assert!(shown.contains(with_purpose), "{who}: {shown}");
        assert_eq!(shown.contains(WORDS), with_purpose == WORDS, "{who}");
    }

    // Streams show the same, piece by piece.
    for (who, why, state) in [
        ("企画", "開示請求", PersonalTextState::Withheld),
        ("監査", "開示請求", PersonalTextState::Present),
    ] {
        let mut client = LedgerServiceClient::with_interceptor(channel.clone(), For(who, why));
        let asked = ReadEventsRequest {
            from_position: receipt.events[0].position,
            ..ReadEventsRequest::default()
        };
        let mut frames = client.read_events(asked).await.unwrap().into_inner();
        let frame = frames.message().await.unwrap().unwrap();
        let Some(event_batch::Content::Events(events)) = frame.batch.unwrap().content else {
            panic!("not decoded");
        };
        let event = &events.events[0];
        assert_eq!(event.personal_texts[0].state(), state, "{who}");
        assert_eq!(format!("{event:?}").contains(WORDS), who == "監査");
    }
    city.server.stop().await;
}

/// A finding or an action with words about a person.
fn about_a_person(day: &str, payload: Payload) -> EventInput {
    EventInput {
        personal_texts: vec![PersonalText {
            field: "payload.text".to_owned(),
            subject_ref: new_random_id().to_string(),
        }],
        ..event(day, payload)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_append_changes_shows_earlier_words_to_those_only_who_may_read_them() {
    const WORDS: &str = "療養のため担当を外れた本人の申出";
    const WITHHELD: &str = "not for you to read";
    let city = City::with(Flags {
        access_log: Some("true".to_owned()),
        ..Flags::default()
    })
    .await;
    let (today, first) = (city.today.clone(), city.plan.first_day.clone());
    let period = PeriodOpened {
        plan: "計画".to_owned(),
        period: "初日".to_owned(),
        title: title("初日"),
        span: Some(DateSpan {
            first: first.clone(),
            last: first.clone(),
        }),
    };
    let period = event(&first, Payload::PeriodOpened(period));
    city.sends("企画", vec![period]).await.unwrap();
    let about = || {
        Some(Subject {
            kind: Some(subject::Kind::Goal("計画/1-1".to_owned())),
        })
    };
    let action = new_id().to_string();
    let year: i32 = first[..4].parse().unwrap();
    let due = format!("{}-03-31", year + 1);
    let channel = city.server.channel().await;
    let changes = async |who: &'static str, why: Option<&'static str>, event, validate_only| {
        let request = AppendEventsRequest {
            validate_only,
            effects: true,
            ..append(vec![event])
        };
        let channel = channel.clone();
        let answer = match why {
            Some(why) => {
                let mut client = LedgerServiceClient::with_interceptor(channel, For(who, why));
                client.append_events(request).await.unwrap()
            }
            None => {
                let mut client = LedgerServiceClient::with_interceptor(channel, As(who));
                client.append_events(request).await.unwrap()
            }
        };
        let answer = answer.into_inner();
        assert!(answer.faults.is_empty(), "{:?}", answer.faults);
        format!("{:?}", answer.effects)
    };
    let agreed = NextActionAgreed {
        subject: about(),
        action: action.clone(),
        period: "初日".to_owned(),
        kind: ActionKind::Improve.into(),
        text: WORDS.to_owned(),
        owner_unit: "散歩課".to_owned(),
        due: due.clone(),
    };
    let agreed = about_a_person(&today, Payload::NextActionAgreed(agreed));
    // Whoever sends words knows them.
    let shown = changes("課長", None, agreed.clone(), true).await;
    assert!(shown.contains(WORDS), "{shown}");
    let shown = changes("課長", None, agreed, false).await;
    assert!(shown.contains(WORDS), "{shown}");

    let finding = AuditFindingRecorded {
        plan: "計画".to_owned(),
        finding: "F-1".to_owned(),
        text: WORDS.to_owned(),
        references: Vec::new(),
        due,
        promised: "確認する".to_owned(),
    };
    let finding = about_a_person(&today, Payload::AuditFindingRecorded(finding));
    city.sends("監査", vec![finding]).await.unwrap();
    let answered = AuditFindingAnswered {
        plan: "計画".to_owned(),
        finding: "F-1".to_owned(),
        text: "承知した".to_owned(),
        action: "確認した".to_owned(),
        references: Vec::new(),
    };
    let answered = event(&today, Payload::AuditFindingAnswered(answered));
    let closed = event(
        &today,
        Payload::NextActionClosed(NextActionClosed {
            subject: about(),
            action,
            outcome: ActionOutcome::Done.into(),
            text: "終えた".to_owned(),
        }),
    );
    for (who, why, event, validate_only, may) in [
        ("課長", Some("事務引継"), &answered, true, false),
        ("課長", Some("事務引継"), &answered, false, false),
        ("部長", None, &closed, true, false),
        ("部長", Some("事務引継"), &closed, true, true),
        ("部長", Some("事務引継"), &closed, false, true),
    ] {
        let shown = changes(who, why, event.clone(), validate_only).await;
        assert_eq!(shown.contains(WORDS), may, "{who} {why:?}: {shown}");
        assert_eq!(shown.contains(WITHHELD), !may, "{who} {why:?}: {shown}");
    }

    // That they were shown is recorded, and nothing of the rest.
    let mut audit = AuditServiceClient::with_interceptor(channel.clone(), As("監査"));
    let asked = ListAccessRequest {
        classes: vec![AccessClass::Write.into()],
        ..ListAccessRequest::default()
    };
    let told = audit.list_access(asked).await.unwrap().into_inner().entries;
    let told: Vec<(String, bool)> = told
        .iter()
        .map(|entry| {
            let access = crate::access_log::access(entry);
            assert_eq!(access.outcome(), AccessOutcome::Ok, "{access:?}");
            (entry.actor.clone().unwrap().subject, access.personal)
        })
        .collect();
    let shown = ("部長".to_owned(), true);
    assert_eq!(told, [shown.clone(), shown]);
    city.server.stop().await;
}
