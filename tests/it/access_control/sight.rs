//! What is hidden from whom, and for how long somebody may read on.

use daicho::api::v1::access_service_client::AccessServiceClient;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::audit_service_client::AuditServiceClient;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use super::*;
use crate::service::opening;

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

#[tokio::test(flavor = "multi_thread")]
async fn what_a_hidden_goal_has_come_to_is_not_told_by_what_is_expected_of_it() {
    let city = City::new().await;
    let goal = city.goal("別の担当", "計画/別").await.unwrap();
    let (id, revision) = (goal.id, goal.revision);
    assert!(0 < revision);
    let expecting = async |who, id: &str, revision| {
        let expected = |id: &str, revision| ExpectedRevision {
            stream: Some(StreamRef {
                kind: StreamKind::Goal.into(),
                id: id.to_owned(),
            }),
            revision,
        };
        let plan = &city.plan;
        let report = plan.report(new_id().to_string(), &plan.indicators[0], 1);
        let mut request = append(vec![report]);
        // With one that is seen, and never has that many.
        request.expected_revisions = vec![expected(id, revision), expected("計画/1-2", 999)];
        request.validate_only = true;
        let mut client = city.server.ledger(who).await;
        let answer = client.append_events(request).await.unwrap().into_inner();
        let faults = answer.faults.into_iter();
        let told = faults.map(|fault| (format!("{} {}", fault.field, fault.reason), fault.message));
        told.collect::<Vec<_>>()
    };
    let never = new_id().to_string();
    for expected in [0, revision, revision + 1] {
        let hidden = expecting("担当", "計画/別", expected).await;
        assert_eq!(hidden, expecting("担当", "計画/無い", expected).await);
        let hidden = expecting("担当", &id, expected).await;
        let unknown = expecting("担当", &never, expected).await;
        assert_eq!(hidden.len(), unknown.len(), "{hidden:?} {unknown:?}");
        let same = |(reason, message): &(String, String)| {
            (reason.clone(), message.replace(&id, "").replace(&never, ""))
        };
        let of = |told: &[(String, String)]| told.iter().map(same).collect::<Vec<_>>();
        assert_eq!(of(&hidden), of(&unknown));
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
        ("課長", true),
        ("部長", true),
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
