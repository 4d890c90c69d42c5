//! Who may do what in a ledger that has access control, as its callers meet it.

use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::role_granted::Holder;
use daicho::api::v1::*;
use daicho::auth::access::BUILT_IN;
use daicho::clock::new_id;
use daicho::config::Flags;
use daicho::domain::access::AccessPolicy as Policy;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::service::{As, Server, append};
use crate::submit::Submission;
use daicho::load::SmallPlan;

mod alarm;
mod consulted;
mod operations;
mod operators;
mod sight;
mod verifying;
mod words;

/// A plan whose goals 文化部 set and 散歩課 answers for, one goal of 別部 for which 別課 answers, and somebody for every role.
pub(crate) struct City {
    pub(crate) server: Server,
    pub(crate) plan: SmallPlan,
    today: String,
}

const PEOPLE: [(&str, SeatRole, &[&str]); 7] = [
    ("担当", SeatRole::Clerk, &["散歩課"]),
    ("別の担当", SeatRole::Clerk, &["別課"]),
    ("課長", SeatRole::SectionChief, &["散歩課"]),
    ("部長", SeatRole::Director, &["文化部"]),
    ("企画", SeatRole::Planning, &[]),
    ("監査", SeatRole::Auditor, &[]),
    ("管理", SeatRole::Administrator, &[]),
];

fn title(ja: &str) -> Option<Title> {
    Some(Title {
        ja: ja.to_owned(),
        en: None,
    })
}

fn event(day: &str, payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(day.to_owned()),
        payload: Some(payload),
        ..EventInput::default()
    }
}

fn unit(day: &str, code: &str, kind: UnitKind, parent: Option<&str>) -> EventInput {
    let registered = OrgUnitRegistered {
        unit: new_id().to_string(),
        code: code.to_owned(),
        name: title(code),
        kind: kind.into(),
        parent: parent.map(str::to_owned),
    };
    event(day, Payload::OrgUnitRegistered(registered))
}

impl City {
    pub(crate) async fn new() -> Self {
        Self::with(Flags::default()).await
    }

    async fn with(flags: Flags) -> Self {
        let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
        let plan = server.planned().await;
        let first = plan.first_day.clone();
        let mut client = server.ledger("planner").await;
        let ledger = client
            .get_ledger(GetLedgerRequest::default())
            .await
            .unwrap();
        let today = ledger.into_inner().today;
        let mut events = vec![
            unit(&first, "別部", UnitKind::Department, None),
            unit(&first, "別課", UnitKind::Section, Some("別部")),
            event(
                &first,
                Payload::GoalSet(GoalSet {
                    goal: new_id().to_string(),
                    plan: "計画".to_owned(),
                    code: "計画/別".to_owned(),
                    department: "別部".to_owned(),
                    pillar: 1,
                    title: title("別の目標"),
                    source_text: "別の目標。".to_owned(),
                    continues: None,
                }),
            ),
            event(
                &first,
                Payload::InitiativeSet(InitiativeSet {
                    initiative: new_id().to_string(),
                    goal: "計画/別".to_owned(),
                    number: 1,
                    code: "計画/別/1".to_owned(),
                    title: title("別の取組"),
                    source_text: "別の取組。".to_owned(),
                    lead_unit: "別課".to_owned(),
                    contributing_units: Vec::new(),
                    continues: None,
                    references: Vec::new(),
                }),
            ),
        ];
        for (login, role, units) in PEOPLE {
            let person = uuid_of(login);
            events.push(event(
                &first,
                Payload::PersonRegistered(PersonRegistered {
                    person: person.clone(),
                    name: login.to_owned(),
                    logins: vec![Login {
                        issuer: None,
                        subject: login.to_owned(),
                    }],
                }),
            ));
            events.push(event(
                &first,
                Payload::RoleGranted(RoleGranted {
                    grant: grant_of(login),
                    seat: format!("{login}の席"),
                    title: title(login),
                    role: role.into(),
                    units: units.iter().map(|unit| (*unit).to_owned()).collect(),
                    holder: Some(Holder::Person(person)),
                }),
            ));
        }
        let policy = AccessPolicy {
            cedar: BUILT_IN.to_owned(),
        };
        events.push(event(
            &today,
            Payload::PolicyPublished(PolicyPublished {
                code: "access".to_owned(),
                version: 1,
                title: title("権限方針"),
                content: Some(policy_published::Content::Access(policy)),
            }),
        ));
        client.append_events(append(events)).await.unwrap();
        Self {
            server,
            plan,
            today,
        }
    }

    async fn sends(&self, who: &'static str, events: Vec<EventInput>) -> Result<Receipt, Status> {
        let mut client = self.server.ledger(who).await;
        let answer = client.append_events(append(events)).await?;
        Ok(answer.into_inner().receipt.unwrap())
    }

    async fn reports(&self, who: &'static str) -> Result<Receipt, Status> {
        let report = self
            .plan
            .report(new_id().to_string(), &self.plan.indicators[0], 1);
        self.sends(who, vec![report]).await
    }

    async fn goal(&self, who: &'static str, goal: &str) -> Result<Goal, Status> {
        let channel = self.server.channel().await;
        let mut client = GoalServiceClient::with_interceptor(channel, As(who));
        let asked = GetGoalRequest {
            goal: goal.to_owned(),
            ..GetGoalRequest::default()
        };
        Ok(client.get_goal(asked).await?.into_inner().goal.unwrap())
    }

    async fn goals(&self, who: &'static str) -> Vec<String> {
        let channel = self.server.channel().await;
        let mut client = GoalServiceClient::with_interceptor(channel, As(who));
        let goals = client
            .list_goals(ListGoalsRequest::default())
            .await
            .unwrap();
        let goals = goals.into_inner().goals.into_iter();
        goals.map(|goal| goal.code).collect()
    }
}

/// A person's id, the same for one login.
fn uuid_of(login: &str) -> String {
    let number = PEOPLE.iter().position(|(name, ..)| *name == login).unwrap();
    format!("5f0c1d2e-3b4a-4c5d-8e6f-0123456789b{number}")
}

/// The grant of a login's seat.
fn grant_of(login: &str) -> String {
    uuid_of(login).replacen("5f0c1d2e", "6f0c1d2e", 1)
}

fn reason(status: &Status) -> String {
    crate::errors::told(status).reason
}

#[tokio::test(flavor = "multi_thread")]
async fn seats_report_for_their_units_and_the_leaf_says_by_which_policy() {
    let city = City::new().await;
    let receipt = city.reports("担当").await.unwrap();
    let mut auditor = city.server.ledger("監査").await;
    let asked = GetEventRequest {
        selector: Some(get_event_request::Selector::Position(
            receipt.events[0].position,
        )),
        ..GetEventRequest::default()
    };
    let event = auditor.get_event(asked).await.unwrap().into_inner();
    let event = event.event.unwrap();
    let by = event.authorization.unwrap();
    assert_eq!(by.policy_ids, ["clerk-reports"]);
    let sha256 = Policy::parse(BUILT_IN).unwrap().sha256();
    assert_eq!(by.policy_set_sha256, sha256.to_vec());
    assert_eq!(event.actor.unwrap().seat.as_deref(), Some("担当の席"));

    for (who, code, expected) in [
        ("別の担当", Code::PermissionDenied, "NOT_RESPONSIBLE_UNIT"),
        ("監査", Code::PermissionDenied, "NOT_PERMITTED"),
        ("管理", Code::PermissionDenied, "NOT_PERMITTED"),
        ("部長", Code::PermissionDenied, "NOT_PERMITTED"),
        ("通りがかり", Code::PermissionDenied, "PERMISSION_DENIED"),
    ] {
        let refused = city.reports(who).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (code, expected),
            "{who}"
        );
    }
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_asks_whether_they_may_and_may_not_is_recorded_as_refused() {
    let recording = Flags {
        access_log: Some("true".to_owned()),
        ..Flags::default()
    };
    let city = City::with(recording).await;
    for who in ["担当", "別の担当"] {
        let report = city
            .plan
            .report(new_id().to_string(), &city.plan.indicators[0], 1);
        let asked = AppendEventsRequest {
            validate_only: true,
            ..append(vec![report])
        };
        let answer = city.server.ledger(who).await.append_events(asked).await;
        let faults = answer.unwrap().into_inner().faults;
        assert_eq!(faults.is_empty(), who == "担当", "{faults:?}");
    }
    let channel = city.server.channel().await;
    let mut audit = AuditServiceClient::with_interceptor(channel, As("監査"));
    let asked = ListAccessRequest {
        classes: vec![AccessClass::Write.into()],
        ..ListAccessRequest::default()
    };
    let told = audit.list_access(asked).await.unwrap().into_inner().entries;
    let [entry] = told.as_slice() else {
        panic!("{told:?}");
    };
    let actor = entry.actor.clone().unwrap();
    assert_eq!(actor.subject, "別の担当");
    assert_eq!(actor.seat.as_deref(), Some("別の担当の席"));
    let access = crate::access_log::access(entry);
    assert_eq!(access.outcome(), AccessOutcome::Refused);
    assert_eq!(access.reason.as_deref(), Some("NOT_RESPONSIBLE_UNIT"));
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_appends_on_one_stream_each_is_asked_about_and_recorded_by_itself() {
    let recording = Flags {
        access_log: Some("true".to_owned()),
        ..Flags::default()
    };
    let city = City::with(recording).await;
    let own = || {
        let indicator = &city.plan.indicators[0];
        city.plan.report(new_id().to_string(), indicator, 1)
    };
    let of_another = || {
        let note = NarrativeAdded {
            subject: Some(Subject {
                kind: Some(subject::Kind::Goal("計画/別".to_owned())),
            }),
            kind: NarrativeKind::Note.into(),
            text: "よその目標".to_owned(),
        };
        event(&city.today, Payload::NarrativeAdded(note))
    };
    for (who, permitted) in [("担当", 2), ("誰か", 0)] {
        let client = city.server.ledger(who).await;
        let mut submission = Submission::open(&client, 10, None).await;
        for sent in [own(), of_another(), own()] {
            assert!(submission.send(append(vec![sent])).await);
        }
        submission.half_close();
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(submission.answer().await);
        }
        assert!(submission.frame().await.unwrap().is_none());
        assert_eq!(
            answers.iter().filter(|answer| answer.is_ok()).count(),
            permitted
        );
        // As calls of their own are refused.
        for (answer, sent) in answers.iter().zip([own(), of_another(), own()]) {
            let alone = client.clone().append_events(append(vec![sent])).await;
            let told = |status: &Status| (status.code(), reason(status));
            let told = (
                answer.as_ref().err().map(told),
                alone.as_ref().err().map(told),
            );
            assert_eq!(told.0, told.1, "{who}");
            let is_denied = |(code, _): (Code, String)| code == Code::PermissionDenied;
            assert!(told.0.is_none_or(is_denied));
        }
    }
    let channel = city.server.channel().await;
    let mut audit = AuditServiceClient::with_interceptor(channel, As("監査"));
    let asked = ListAccessRequest {
        classes: vec![AccessClass::Write.into()],
        ..ListAccessRequest::default()
    };
    let told = audit.list_access(asked).await.unwrap().into_inner().entries;
    let submitted = told.iter().map(crate::access_log::access);
    let submitted = submitted.filter(|access| access.rpc.ends_with("/SubmitEvents"));
    let mut refused: Vec<String> = submitted
        .map(|access| {
            assert_eq!(access.outcome(), AccessOutcome::Refused);
            access.reason.clone().unwrap_or_default()
        })
        .collect();
    refused.sort();
    refused.dedup();
    assert_eq!(refused, ["NOT_RESPONSIBLE_UNIT", "PERMISSION_DENIED"]);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_counts_from_its_day_and_no_longer_than_it_lasts() {
    let city = City::new().await;
    city.reports("担当").await.unwrap();
    let mut auditor = city.server.ledger("監査").await;
    let ledger = auditor.get_ledger(GetLedgerRequest::default()).await;
    assert!(ledger.is_ok());
    let granted = RoleGranted {
        grant: new_id().to_string(),
        seat: "散歩係".to_owned(),
        title: title("散歩係"),
        role: SeatRole::Clerk.into(),
        units: vec!["散歩課".to_owned()],
        holder: Some(Holder::Person(uuid_of("別の担当"))),
    };
    let grant = granted.grant.clone();
    let given = event(&city.today, Payload::RoleGranted(granted));
    city.sends("企画", vec![given]).await.unwrap();
    city.reports("別の担当").await.unwrap();
    let revoked = event(&city.today, Payload::RoleRevoked(RoleRevoked { grant }));
    city.sends("企画", vec![revoked]).await.unwrap();
    let refused = city.reports("別の担当").await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_RESPONSIBLE_UNIT");
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_that_may_not_be_read_is_as_if_it_were_not_there() {
    let city = City::new().await;
    let forbidden = city.goal("担当", "計画/別").await.unwrap_err();
    let unknown = city.goal("担当", "計画/無い").await.unwrap_err();
    assert_eq!(forbidden.code(), unknown.code());
    assert_eq!(forbidden.message(), unknown.message());
    let told = |status: &Status| {
        let details = status.get_error_details();
        let info = details.error_info().cloned().unwrap();
        let fields = details.bad_request().cloned().unwrap();
        (info.reason, info.metadata, format!("{fields:?}"))
    };
    assert_eq!(told(&forbidden), told(&unknown));
    assert!(city.goal("別の担当", "計画/別").await.is_ok());
    assert!(city.goal("監査", "計画/別").await.is_ok());

    let public = ["計画/1-1".to_owned(), "計画/1-2".to_owned()];
    assert_eq!(city.goals("担当").await, public);
    // What is marked PUBLIC is read by everybody who has a name.
    assert_eq!(city.goals("通りがかり").await, public);
    assert_eq!(city.goals("監査").await.len(), 3);
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_is_not_told_whether_a_ledger_is_there() {
    let city = City::new().await;
    let mut stranger = city.server.ledger("通りがかり").await;
    let mut ask = async |ledger: &str| {
        let asked = GetLedgerRequest {
            ledger: ledger.to_owned(),
            ..GetLedgerRequest::default()
        };
        stranger.get_ledger(asked).await.unwrap_err()
    };
    let (there, not_there) = (ask("city").await, ask("nowhere").await);
    assert_eq!(there.code(), Code::PermissionDenied);
    assert_eq!(there.message(), not_there.message());
    assert_eq!(there.details(), not_there.details());
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_read_no_payloads() {
    let city = City::new().await;
    let mut client = city.server.ledger("管理").await;
    let asked = GetEventRequest {
        selector: Some(get_event_request::Selector::Position(1)),
        ..GetEventRequest::default()
    };
    let refused = client.get_event(asked).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_PERMITTED");
    assert!(client.get_ledger(GetLedgerRequest::default()).await.is_ok());
    assert!(city.goal("管理", "計画/別").await.is_err());
    city.server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chief_moves_an_initiative_within_the_department_and_no_further() {
    let city = City::new().await;
    let moved = |to_goal: &str| {
        let moved = InitiativeMoved {
            initiative: "計画/1-1/1".to_owned(),
            from_goal: "計画/1-1".to_owned(),
            to_goal: to_goal.to_owned(),
            number: 2,
        };
        EventInput {
            reason: Some(Reason {
                code: ReasonCode::Other.into(),
                text: "体系の見直し".to_owned(),
            }),
            ..event(&city.today, Payload::InitiativeMoved(moved))
        }
    };
    let refused = city.sends("課長", vec![moved("計画/別")]).await;
    assert_eq!(reason(&refused.unwrap_err()), "NOT_PERMITTED");
    // Neither by the section that it would arrive at.
    let refused = city.sends("別の担当", vec![moved("計画/別")]).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
    // Nor by a proposal, which their own director would approve.
    let proposed = |to_goal: &str| EventInput {
        event_id: new_id().to_string(),
        payload: Some(Payload::ChangeProposed(Box::new(ChangeProposed {
            proposal: new_id().to_string(),
            change: Some(Box::new(EventInput {
                event_id: String::new(),
                ..moved(to_goal)
            })),
            impact: "所管が変わる".to_owned(),
            ..ChangeProposed::default()
        }))),
        ..EventInput::default()
    };
    let refused = city.sends("課長", vec![proposed("計画/別")]).await;
    assert_eq!(reason(&refused.unwrap_err()), "NOT_PERMITTED");
    let within = city.sends("課長", vec![proposed("計画/1-2")]).await;
    within.unwrap();
    city.sends("課長", vec![moved("計画/1-2")]).await.unwrap();
    city.server.stop().await;
}
