//! The services as a client meets them: a real server on a free port and a real data folder.

use std::net::SocketAddr;
use std::sync::Arc;

use daicho::api::v1;
use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::evidence_service_client::EvidenceServiceClient;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::clock::new_id;
use daicho::config::{Config, Flags};
use daicho::ledger::Ledgers;
use daicho::server::Opened;
use tokio::sync::oneshot;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use daicho::load::SmallPlan;

/// Names the caller.
#[derive(Clone)]
pub struct As(pub &'static str);

impl Interceptor for As {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let name = MetadataValue::from_bytes(self.0.as_bytes());
        request.metadata_mut().insert_bin("daicho-actor-bin", name);
        request
            .metadata_mut()
            .insert("accept-language", MetadataValue::from_static("en"));
        Ok(request)
    }
}

pub type Caller = InterceptedService<Channel, As>;

/// A server in this process, on a folder of its own or a given one.
pub struct Server {
    pub address: SocketAddr,
    /// What it serves, to set simulated clocks.
    pub ledgers: Arc<Ledgers>,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<Result<(), daicho::server::ServeError>>,
    pub folder: tempfile::TempDir,
}

impl Server {
    pub async fn start() -> Self {
        Self::on(tempfile::tempdir().unwrap()).await
    }

    pub async fn on(folder: tempfile::TempDir) -> Self {
        Self::with(folder, Flags::default()).await
    }

    /// With other settings too.
    pub async fn with(folder: tempfile::TempDir, flags: Flags) -> Self {
        let flags = Flags {
            data: Some(folder.path().join("data").to_str().unwrap().to_owned()),
            listen: Some("127.0.0.1:0".to_owned()),
            ..flags
        };
        let config = Config::from_sources(&flags, |_| None).unwrap();
        let opened = Opened::open(&config).await.unwrap();
        let ledgers = opened.ledgers.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let served = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            opened
                .serve(&config, |address| tell.send(address).unwrap(), stopped)
                .await
        });
        let address = told.await.unwrap();
        Self {
            address,
            ledgers,
            stop: Some(stop),
            served,
            folder,
        }
    }

    pub async fn stop(mut self) -> tempfile::TempDir {
        let _ = self.stop.take().unwrap().send(());
        self.served.await.unwrap().unwrap();
        self.folder
    }

    pub async fn channel(&self) -> Channel {
        Channel::from_shared(format!("http://{}", self.address))
            .unwrap()
            .connect()
            .await
            .unwrap()
    }

    pub async fn ledger(&self, name: &'static str) -> LedgerServiceClient<Caller> {
        LedgerServiceClient::with_interceptor(self.channel().await, As(name))
    }

    pub async fn goals(&self) -> GoalServiceClient<Caller> {
        GoalServiceClient::with_interceptor(self.channel().await, As("reader"))
    }

    pub async fn audit(&self) -> AuditServiceClient<Caller> {
        AuditServiceClient::with_interceptor(self.channel().await, As("auditor"))
    }

    pub async fn admin(&self) -> AdminServiceClient<Caller> {
        AdminServiceClient::with_interceptor(self.channel().await, As("administrator"))
    }

    pub async fn evidence(&self) -> EvidenceServiceClient<Caller> {
        EvidenceServiceClient::with_interceptor(self.channel().await, As("clerk"))
    }

    /// Opens a ledger and sets a small plan in it.
    pub async fn planned(&self) -> SmallPlan {
        self.admin()
            .await
            .open_ledger(opening("city"))
            .await
            .unwrap();
        let mut client = self.ledger("planner").await;
        let today = client
            .get_ledger(v1::GetLedgerRequest::default())
            .await
            .unwrap();
        let today = today.into_inner().today.parse().unwrap();
        let (plan, events) = SmallPlan::new(today, 2, 2, || new_id().to_string());
        client.append_events(append(events)).await.unwrap();
        plan
    }
}

pub fn opening(code: &str) -> v1::OpenLedgerRequest {
    v1::OpenLedgerRequest {
        request_id: new_id().to_string(),
        code: code.to_owned(),
        title: Some(v1::Title {
            ja: "見本市".to_owned(),
            en: Some("Sample City".to_owned()),
        }),
        origin: format!("ledger.example/{code}"),
        time_zone: "Asia/Tokyo".to_owned(),
        locale: "ja-JP".to_owned(),
    }
}

pub fn append(events: Vec<v1::EventInput>) -> v1::AppendEventsRequest {
    v1::AppendEventsRequest {
        request_id: new_id().to_string(),
        events,
        ..v1::AppendEventsRequest::default()
    }
}

/// A report of `amount` on the plan's first day.
pub fn report(plan: &SmallPlan, indicator: &str, amount: &str) -> v1::EventInput {
    v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(plan.first_day.clone()),
        payload: Some(v1::event_input::Payload::ActualRecorded(
            v1::ActualRecorded {
                indicator: indicator.to_owned(),
                measurement: Some(v1::Measurement {
                    kind: Some(v1::measurement::Kind::Increment(amount.to_owned())),
                }),
                ..v1::ActualRecorded::default()
            },
        )),
        ..v1::EventInput::default()
    }
}

fn number(actual: Option<v1::Actual>) -> String {
    match actual.and_then(|actual| actual.kind) {
        Some(v1::actual::Kind::Number(number)) => number.value,
        other => panic!("not a number: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_shows_at_once_and_after_a_restart() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("生活福祉課 担当").await;
    let mut request = append(vec![report(&plan, &plan.indicators[0], "12")]);
    request.effects = true;
    let first = client
        .append_events(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(!first.replayed);
    assert_eq!(
        number(first.outcomes[0].after.clone().unwrap().actual),
        "12"
    );
    let entry: Vec<_> = first
        .effects
        .iter()
        .map(|e| (e.field.as_str(), e.before.as_deref()))
        .collect();
    assert_eq!(entry, [("entry", None), ("actual", None)]);

    let goal = v1::GetGoalRequest {
        goal: plan.goals[0].clone(),
        ..Default::default()
    };
    let answer = server
        .goals()
        .await
        .get_goal(goal.clone())
        .await
        .unwrap()
        .into_inner();
    let indicator = &answer.goal.unwrap().initiatives[0].indicators[0];
    assert_eq!(number(indicator.actual.clone()), "12");
    assert_eq!(
        indicator.last_entry.clone().unwrap().actor.unwrap().subject,
        "生活福祉課 担当"
    );

    let server = Server::on(server.stop().await).await;
    let mut client = server.ledger("生活福祉課 担当").await;
    let again = client.append_events(request).await.unwrap().into_inner();
    assert_eq!((again.replayed, again.receipt), (true, first.receipt));
    let answer = server
        .goals()
        .await
        .get_goal(goal)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(
        number(
            answer.goal.unwrap().initiatives[0].indicators[0]
                .actual
                .clone()
        ),
        "12"
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changed_what_is_one_call() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    for amount in ["1", "2", "3"] {
        client
            .append_events(append(vec![report(&plan, &plan.indicators[1], amount)]))
            .await
            .unwrap();
    }
    let mut audit = server.audit().await;
    let mut request = v1::ListChangesRequest {
        subject: Some(plan.indicators[1].clone()),
        page_size: 2,
        ..Default::default()
    };
    let mut told = Vec::new();
    loop {
        let page = audit
            .list_changes(request.clone())
            .await
            .unwrap()
            .into_inner();
        told.extend(page.changes);
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
        // What is appended meanwhile is not in this list.
        client
            .append_events(append(vec![report(&plan, &plan.indicators[1], "9")]))
            .await
            .unwrap();
    }
    let entries: Vec<_> = told
        .iter()
        .flat_map(|change| &change.fields)
        .filter(|field| field.field == "actual")
        .map(|field| {
            format!(
                "{:?} -> {:?}",
                field.before.as_deref(),
                field.after.as_deref()
            )
        })
        .collect();
    let unit = told[0].fields[0]
        .after
        .clone()
        .unwrap()
        .split_once(' ')
        .unwrap()
        .1
        .to_owned();
    let some = |n: &str| format!("Some(\"{n} {unit}\")");
    assert_eq!(
        entries,
        [
            format!("{} -> {}", some("3"), some("6")),
            format!("{} -> {}", some("1"), some("3")),
            format!("None -> {}", some("1")),
        ]
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_sees_what_was_and_what_comes() {
    use v1::subscribe_events_response::Frame;
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("a").await;
    let request = v1::SubscribeEventsRequest {
        from_position: 1,
        format: v1::EventFormat::Leaves.into(),
        ..Default::default()
    };
    let mut frames = client
        .clone()
        .subscribe_events(request)
        .await
        .unwrap()
        .into_inner();
    let mut seen = 1;
    loop {
        let frame = frames.message().await.unwrap().unwrap();
        match frame.frame.unwrap() {
            Frame::Batch(batch) => {
                assert_eq!(batch.first_position, seen);
                seen += u64::from(batch.count);
                assert_eq!(frame.next_position, seen);
            }
            Frame::CaughtUp(at) => {
                assert_eq!(at.head.unwrap().size, seen);
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    client
        .append_events(append(vec![report(&plan, &plan.indicators[0], "5")]))
        .await
        .unwrap();
    let frame = frames.message().await.unwrap().unwrap();
    assert!(
        matches!(frame.frame, Some(Frame::Batch(batch)) if batch.first_position == seen && batch.count == 1)
    );
    let stopping = server.stop();
    let ending = async {
        while let Some(frame) = frames.message().await.unwrap() {
            if let Some(Frame::Closing(_)) = frame.frame {
                return true;
            }
        }
        false
    };
    let (_, closed) = tokio::join!(stopping, ending);
    assert!(closed, "the server says that it closes");
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_ends_where_it_was_asked_to() {
    let server = Server::start().await;
    server.planned().await;
    let mut client = server.ledger("a").await;
    let head = client
        .get_ledger(v1::GetLedgerRequest::default())
        .await
        .unwrap()
        .into_inner()
        .head
        .unwrap();
    for (from, until, limit, expected) in [
        (0, None, None, head.size),
        (0, Some(3), None, 3),
        (2, None, Some(4), 4),
        (head.size, None, None, 0),
        (5, Some(2), None, 0),
    ] {
        let request = v1::ReadEventsRequest {
            from_position: from,
            until_position: until,
            limit,
            ..Default::default()
        };
        let mut frames = client.read_events(request).await.unwrap().into_inner();
        let mut count = 0;
        while let Some(frame) = frames.message().await.unwrap() {
            count += frame.batch.map_or(0, |batch| u64::from(batch.count));
        }
        assert_eq!(count, expected, "{from} {until:?} {limit:?}");
    }
    let beyond = v1::ReadEventsRequest {
        from_position: head.size + 1,
        ..Default::default()
    };
    let status = client.read_events(beyond).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::OutOfRange);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_are_listed_searched_and_counted() {
    let server = Server::start().await;
    let plan = server.planned().await;
    let mut goals = server.goals().await;
    let mut request = v1::ListGoalsRequest {
        page_size: 1,
        ..Default::default()
    };
    let first = goals
        .list_goals(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!((first.goals.len(), first.total), (1, 2));
    request.page_token = first.next_page_token;
    let second = goals
        .list_goals(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(second.next_page_token.is_empty());
    assert_ne!(first.goals[0].id, second.goals[0].id);
    // A token is for one list only.
    request.find = Some("文化".to_owned());
    let status = goals.list_goals(request).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::InvalidArgument);

    let found = v1::ListGoalsRequest {
        find: Some("ない言葉".to_owned()),
        ..Default::default()
    };
    assert_eq!(goals.list_goals(found).await.unwrap().into_inner().total, 0);

    let overview = goals
        .get_overview(v1::GetOverviewRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(overview.total.unwrap().goals, 2);
    assert_eq!(overview.total.unwrap().indicators, 4);

    let code = first.goals[0].code.clone();
    let lookup = v1::LookupCodeRequest {
        query: Some(v1::lookup_code_request::Query::Code(code.clone())),
        ..Default::default()
    };
    let entity = goals
        .lookup_code(lookup)
        .await
        .unwrap()
        .into_inner()
        .entities
        .remove(0);
    assert_eq!((entity.id, entity.code), (first.goals[0].id.clone(), code));

    let series = v1::GetSeriesRequest {
        indicator: plan.indicators[0].clone(),
        ..Default::default()
    };
    let series = goals.get_series(series).await.unwrap().into_inner();
    assert_eq!(
        (
            series.entries.len(),
            series.targets.len(),
            series.definitions.len()
        ),
        (0, 1, 1)
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_report_was_made_and_what_shows_it_is_told_of_old_and_new_ones() {
    let mut server = Server::start().await;
    let plan = server.planned().await;
    let mut client = server.ledger("生活福祉課 担当").await;
    // The first neither, the second a reason, the third evidence, the fourth both.
    for number in 0..4_u8 {
        let mut event = report(&plan, &plan.indicators[0], &(number + 1).to_string());
        event.reason = (number % 2 == 1).then(|| v1::Reason {
            code: v1::ReasonCode::Other.into(),
            text: format!("事由{number}"),
        });
        event.evidence = Vec::from_iter((2 <= number).then(|| v1::Evidence {
            sha256: vec![number; 32],
            media_type: "text/plain".to_owned(),
            title: format!("資料{number}"),
            disclosure: v1::Disclosure::Internal.into(),
            ..v1::Evidence::default()
        }));
        client.append_events(append(vec![event])).await.unwrap();
    }
    let told = |entry: &v1::Entry| {
        let reason = entry.reason.as_ref().map(|reason| reason.text.as_str());
        let evidence = entry.evidence.iter().map(|piece| piece.title.as_str());
        let evidence: Vec<&str> = evidence.collect();
        format!("{} {}", reason.unwrap_or("-"), evidence.join(" "))
    };
    let all = ["- ", "事由1 ", "- 資料2", "事由3 資料3"];
    // As the writer folded it, and as it is folded from what is stored.
    for _ in 0..2 {
        let mut goals = server.goals().await;
        let series = v1::GetSeriesRequest {
            indicator: plan.indicators[0].clone(),
            ..Default::default()
        };
        let series = goals.get_series(series).await.unwrap().into_inner();
        let entries: Vec<String> = series.entries.iter().map(told).collect();
        assert_eq!(entries, all);
        // The last at each size.
        for (entry, expected) in series.entries.iter().zip(all) {
            let size = v1::as_of::KnownAt::Size(entry.position + 1);
            let goal = v1::GetGoalRequest {
                goal: plan.goals[0].clone(),
                as_of: Some(v1::AsOf {
                    known_at: Some(size),
                    effective_on: None,
                }),
                ..Default::default()
            };
            let goal = goals.get_goal(goal).await.unwrap().into_inner().goal;
            let indicator = goal.unwrap().initiatives[0].indicators[0].clone();
            assert_eq!(told(&indicator.last_entry.unwrap()), expected);
        }
        server = Server::on(server.stop().await).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_and_reflection_answer() {
    use tonic_health::pb::health_client::HealthClient;
    let server = Server::start().await;
    let mut health = HealthClient::new(server.channel().await);
    let answer = health
        .check(tonic_health::pb::HealthCheckRequest::default())
        .await
        .unwrap();
    assert_eq!(answer.into_inner().status, 1, "serving");

    // Both versions of the reflection service: older clients know the first one only.
    macro_rules! listed {
        ($version:ident) => {{
            use reflection::server_reflection_client::ServerReflectionClient;
            use reflection::server_reflection_request::MessageRequest;
            use reflection::server_reflection_response::MessageResponse;
            use tonic_reflection::pb::$version as reflection;
            let asked = reflection::ServerReflectionRequest {
                host: String::new(),
                message_request: Some(MessageRequest::ListServices(String::new())),
            };
            let mut client = ServerReflectionClient::new(server.channel().await);
            let answers = client
                .server_reflection_info(tokio_stream::once(asked))
                .await;
            let answer = answers.unwrap().into_inner().message().await.unwrap();
            match answer.unwrap().message_response {
                Some(MessageResponse::ListServicesResponse(list)) => {
                    let names = list.service.into_iter().map(|service| service.name);
                    names.collect::<Vec<String>>()
                }
                other => panic!("{other:?}"),
            }
        }};
    }
    for names in [listed!(v1), listed!(v1alpha)] {
        for name in ["daicho.v1.LedgerService", "grpc.health.v1.Health"] {
            assert!(names.iter().any(|listed| listed == name), "{names:?}");
        }
    }
    server.stop().await;
}
