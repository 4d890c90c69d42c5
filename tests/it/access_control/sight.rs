//! What is hidden from whom, and for how long somebody may read on.

use daicho::api::v1::access_service_client::AccessServiceClient;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::clock::new_random_id;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use super::*;
use crate::service::opening;

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
async fn a_goal_that_may_not_be_read_is_hidden_at_every_point() {
    let city = City::new().await;
    let today = Some(AsOf {
        effective_on: Some(city.today.clone()),
        ..AsOf::default()
    });
    let ask = async |who: &'static str, subject: &str, to: bool| {
        let channel = city.server.channel().await;
        let mut client = AuditServiceClient::with_interceptor(channel, As(who));
        let asked = DiffGoalRequest {
            subject: subject.to_owned(),
            from: today.clone(),
            to: to.then(|| today.clone()).flatten(),
            ..DiffGoalRequest::default()
        };
        client.diff_goal(asked).await.map(drop)
    };
    for to in [false, true] {
        for subject in ["計画/別", "計画/別/1"] {
            let hidden = ask("担当", subject, to).await.unwrap_err();
            let unknown = ask("担当", "計画/無い", to).await.unwrap_err();
            assert_eq!(hidden.message(), unknown.message(), "{subject}");
            assert_eq!(reason(&hidden), reason(&unknown), "{subject}");
            assert!(ask("別の担当", subject, to).await.is_ok(), "{subject}");
        }
        assert!(ask("担当", "計画/1-1", to).await.is_ok());
    }
    city.server.stop().await;
}

impl City {
    async fn of_goals(
        &self,
        who: &'static str,
    ) -> GoalServiceClient<InterceptedService<Channel, As>> {
        GoalServiceClient::with_interceptor(self.server.channel().await, As(who))
    }

    /// The codes that somebody finds by their beginning.
    async fn codes(&self, who: &'static str) -> Vec<String> {
        let asked = LookupCodeRequest {
            query: Some(lookup_code_request::Query::Prefix(String::new())),
            ..LookupCodeRequest::default()
        };
        let answer = self.of_goals(who).await.lookup_code(asked).await.unwrap();
        let entities = answer.into_inner().entities.into_iter();
        entities.map(|entity| entity.code).collect()
    }

    async fn pending(&self, who: &'static str, one: Option<&str>) -> Result<Vec<String>, Status> {
        let asked = ListPendingRequest {
            proposal: one.map(str::to_owned),
            ..ListPendingRequest::default()
        };
        let answer = self.of_goals(who).await.list_pending(asked).await?;
        let proposals = answer.into_inner().proposals.into_iter();
        Ok(proposals.map(|proposal| proposal.number).collect())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_seat_is_told_of_public_goals_and_not_of_the_organisation() {
    let city = City::new().await;
    city.reports("担当").await.unwrap();
    let codes = city.codes("通りがかり").await;
    assert!(
        codes.iter().all(|code| code.starts_with("計画/1-")),
        "{codes:?}"
    );
    assert!(codes.contains(&"計画/1-1".to_owned()));
    let known = city.codes("担当").await;
    for code in ["文化部", "別課", "計画"] {
        assert!(known.contains(&code.to_owned()), "{code}");
    }
    let responsibility = async |who, subject: &str| {
        let asked = GetResponsibilityRequest {
            subject: subject.to_owned(),
            ..GetResponsibilityRequest::default()
        };
        let answer = city.of_goals(who).await.get_responsibility(asked).await;
        answer
            .map(drop)
            .map_err(|refused| (refused.message().to_owned(), reason(&refused)))
    };
    let unknown = responsibility("通りがかり", "無い").await;
    assert!(unknown.is_err());
    for subject in ["散歩課", "計画"] {
        assert_eq!(
            responsibility("通りがかり", subject).await,
            unknown,
            "{subject}"
        );
    }
    assert_eq!(responsibility("通りがかり", "計画/1-1").await, Ok(()));
    assert_eq!(responsibility("担当", "散歩課").await, Ok(()));

    // Names and seats are for those who have one.
    let named = async |who| {
        let goal = city.goal(who, "計画/1-1").await.unwrap();
        let indicators = goal
            .initiatives
            .iter()
            .flat_map(|initiative| &initiative.indicators);
        let entries: Vec<&Entry> = indicators.filter_map(|i| i.last_entry.as_ref()).collect();
        let [entry] = entries.as_slice() else {
            panic!("{entries:?}");
        };
        entry
            .actor
            .clone()
            .unwrap()
            .known_as
            .map(|known| known.name)
    };
    assert_eq!(named("担当").await.as_deref(), Some("担当"));
    assert_eq!(named("通りがかり").await, None);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn proposals_are_in_sight_of_those_who_may_read_what_they_are_about() {
    let city = City::new().await;
    let today = city.today.clone();
    let proposed = |change: EventInput| EventInput {
        event_id: new_id().to_string(),
        payload: Some(Payload::ChangeProposed(Box::new(ChangeProposed {
            proposal: new_id().to_string(),
            change: Some(Box::new(EventInput {
                event_id: String::new(),
                ..change
            })),
            impact: "変わる".to_owned(),
            ..ChangeProposed::default()
        }))),
        ..EventInput::default()
    };
    let policy = AccessPolicy {
        cedar: BUILT_IN.to_owned(),
    };
    let policy = PolicyPublished {
        code: "access".to_owned(),
        version: 2,
        title: title("権限方針"),
        content: Some(policy_published::Content::Access(policy)),
    };
    let of_ledger = proposed(event(&today, Payload::PolicyPublished(policy)));
    city.sends("企画", vec![of_ledger]).await.unwrap();
    let initiative = InitiativeSet {
        initiative: new_id().to_string(),
        goal: "計画/別".to_owned(),
        number: 2,
        code: "計画/別/2".to_owned(),
        title: title("新しい取組"),
        source_text: "新しい取組。".to_owned(),
        lead_unit: "別課".to_owned(),
        contributing_units: Vec::new(),
        continues: None,
        references: Vec::new(),
    };
    let of_goal = proposed(event(&today, Payload::InitiativeSet(initiative)));
    city.sends("別の担当", vec![of_goal]).await.unwrap();

    for (who, expected) in [
        ("企画", &["P1", "P2"][..]),
        ("監査", &["P1", "P2"]),
        ("管理", &["P1"]),
        ("別の担当", &["P2"]),
        ("担当", &[]),
        ("通りがかり", &[]),
    ] {
        assert_eq!(city.pending(who, None).await.unwrap(), expected, "{who}");
        let unknown = city.pending(who, Some("P17")).await.unwrap_err();
        assert_eq!(reason(&unknown), "PROPOSAL_UNKNOWN");
        for one in ["P1", "P2"] {
            match city.pending(who, Some(one)).await {
                Ok(found) => {
                    assert_eq!(found, [one]);
                    assert!(expected.contains(&one), "{who} {one}");
                }
                Err(refused) => {
                    assert!(!expected.contains(&one), "{who} {one}");
                    assert_eq!(refused.message(), unknown.message());
                    let info = |status: &Status| {
                        let info = status.get_error_details().error_info().cloned();
                        info.map(|info| (info.reason, info.metadata))
                    };
                    assert_eq!(info(&refused), info(&unknown));
                }
            }
        }
    }
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn findings_about_goals_that_may_not_be_read_are_not_told() {
    let city = City::new().await;
    let receipt = city.reports("担当").await.unwrap();
    let own = receipt.events[0].event_id.clone();
    let finding = |number: &str, references: Vec<finding_reference::Kind>| {
        let references = references.into_iter();
        let references = references.map(|kind| FindingReference { kind: Some(kind) });
        let recorded = AuditFindingRecorded {
            plan: "計画".to_owned(),
            finding: number.to_owned(),
            text: "根拠が無い".to_owned(),
            references: references.collect(),
            due: city.today.clone(),
            promised: "添付する".to_owned(),
        };
        event(&city.today, Payload::AuditFindingRecorded(recorded))
    };
    use finding_reference::Kind;
    let events = vec![
        finding(
            "F-1",
            vec![Kind::Goal("計画/1-1".to_owned()), Kind::Event(own)],
        ),
        finding("F-2", vec![Kind::Unit("別課".to_owned())]),
        finding(
            "F-3",
            vec![
                Kind::Goal("計画/1-1".to_owned()),
                Kind::Goal("計画/別".to_owned()),
            ],
        ),
        finding("F-4", vec![Kind::Initiative("計画/別/1".to_owned())]),
    ];
    city.sends("監査", events).await.unwrap();
    let told = async |who: &'static str| {
        let channel = city.server.channel().await;
        let mut client = AuditServiceClient::with_interceptor(channel, As(who));
        let answer = client.list_audit_findings(ListAuditFindingsRequest::default());
        let answer = answer.await.unwrap().into_inner();
        assert_eq!(answer.total as usize, answer.findings.len());
        let findings = answer.findings.into_iter().map(|finding| finding.finding);
        let mut findings: Vec<String> = findings.collect();
        findings.sort();
        findings
    };
    assert_eq!(told("監査").await, ["F-1", "F-2", "F-3", "F-4"]);
    assert_eq!(told("担当").await, ["F-1", "F-2"]);
    assert_eq!(told("別の担当").await, ["F-1", "F-2", "F-3", "F-4"]);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_the_seat_of_its_reader_does() {
    let city = City::new().await;
    let mut auditor = city.server.ledger("監査").await;
    let mut client = city.of_goals("監査").await;
    let stream = auditor.subscribe_events(SubscribeEventsRequest::default());
    let mut events = stream.await.unwrap().into_inner();
    let watched = client.watch_goals(WatchGoalsRequest::default());
    let mut goals = watched.await.unwrap().into_inner();
    while let Some(frame) = events.message().await.unwrap() {
        if let Some(subscribe_events_response::Frame::CaughtUp(_)) = frame.frame {
            break;
        }
    }
    while let Some(frame) = goals.message().await.unwrap() {
        if let Some(watch_goals_response::Frame::CaughtUp(_)) = frame.frame {
            break;
        }
    }
    let revoked = RoleRevoked {
        grant: grant_of("監査"),
    };
    let revoked = event(&city.today, Payload::RoleRevoked(revoked));
    city.sends("企画", vec![revoked]).await.unwrap();
    city.reports("担当").await.unwrap();
    let ended = events.message().await.unwrap_err();
    assert_eq!(ended.code(), Code::PermissionDenied);
    assert!(events.message().await.unwrap().is_none());
    let ended = goals.message().await.unwrap_err();
    assert_eq!(ended.code(), Code::PermissionDenied);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_proves_its_events_to_their_author_and_to_those_who_may_read_them() {
    let city = City::new().await;
    let request = append(vec![city.plan.report(
        new_id().to_string(),
        &city.plan.indicators[0],
        1,
    )]);
    let request_id = request.request_id.clone();
    let mut clerk = city.server.ledger("担当").await;
    clerk.append_events(request).await.unwrap();
    let asked = |mode: ReceiptMode| GetReceiptRequest {
        request_id: request_id.clone(),
        receipt_mode: mode.into(),
        ..GetReceiptRequest::default()
    };
    for (who, proven) in [
        ("担当", true),
        ("監査", true),
        ("企画", true),
        ("別の担当", false),
        ("管理", false),
    ] {
        let mut client = city.server.ledger(who).await;
        assert!(
            client
                .get_receipt(asked(ReceiptMode::Unspecified))
                .await
                .is_ok()
        );
        match client.get_receipt(asked(ReceiptMode::Published)).await {
            Ok(answer) => {
                assert!(proven, "{who}");
                assert!(answer.into_inner().proof.is_some(), "{who}");
            }
            Err(refused) => {
                assert!(!proven, "{who}");
                assert_eq!(reason(&refused), "NOT_PERMITTED");
            }
        }
    }
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_told_of_no_ledger_without_public_goals() {
    let city = City::new().await;
    let channel = city.server.channel().await;
    let mut admin = AdminServiceClient::with_interceptor(channel.clone(), As("管理"));
    admin.open_ledger(opening("town")).await.unwrap();
    city.settle().await;
    let policy = AccessPolicy {
        cedar: BUILT_IN.to_owned(),
    };
    let policy = PolicyPublished {
        code: "access".to_owned(),
        version: 1,
        title: title("権限方針"),
        content: Some(policy_published::Content::Access(policy)),
    };
    let mut request = append(vec![event(&city.today, Payload::PolicyPublished(policy))]);
    request.ledger = "town".to_owned();
    let mut planner = city.server.ledger("planner").await;
    planner.append_events(request).await.unwrap();
    city.settle().await;
    let ask = async |ledger: &str| {
        let ledger = ledger.to_owned();
        let mut goals = GoalServiceClient::with_interceptor(channel.clone(), As("通りがかり"));
        let mut access = AccessServiceClient::with_interceptor(channel.clone(), As("通りがかり"));
        let told = |status: Status| (status.code(), status.message().to_owned());
        let listed = goals.list_goals(ListGoalsRequest {
            ledger: ledger.clone(),
            ..ListGoalsRequest::default()
        });
        let listed = listed.await.map(drop).map_err(told);
        let got = goals.get_goal(GetGoalRequest {
            ledger: ledger.clone(),
            goal: "計画/1-1".to_owned(),
            ..GetGoalRequest::default()
        });
        let got = got.await.map(drop).map_err(told);
        let who = access.who_am_i(WhoAmIRequest {
            ledger,
            ..WhoAmIRequest::default()
        });
        [listed, got, who.await.map(drop).map_err(told)]
    };
    let [listed, got, who] = ask("town").await;
    for answer in [&listed, &got, &who] {
        assert_eq!(answer.as_ref().unwrap_err().0, Code::PermissionDenied);
    }
    assert_eq!(ask("nowhere").await, [listed, got, who]);
    assert_eq!(ask("city").await, [Ok(()), Ok(()), Ok(())]);
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
        city.settle().await;
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
