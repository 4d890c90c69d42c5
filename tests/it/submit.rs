//! Many appends over one stream: answered in order, each on the effect of those before, none lost and none in another's way.

use std::time::Duration;

use daicho::api::v1::event_input::Payload;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::submit_events_response::Frame;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::load::SmallPlan;
use prost::Message as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tonic_types::StatusExt as _;

use crate::service::{As, Caller, Server, append, report};

/// A stream of appends.
pub(crate) struct Submission {
    requests: Option<mpsc::Sender<SubmitEventsRequest>>,
    answers: Streaming<SubmitEventsResponse>,
}

impl Submission {
    /// Opens one on which `room` requests may wait to be sent.
    pub(crate) async fn open<I: Interceptor + Clone>(
        client: &LedgerServiceClient<InterceptedService<Channel, I>>,
        room: usize,
        limit: Option<Duration>,
    ) -> Self {
        let (requests, sent) = mpsc::channel(room);
        let mut request = Request::new(ReceiverStream::new(sent));
        if let Some(limit) = limit {
            request.set_timeout(limit);
        }
        let answers = client.clone().submit_events(request).await.unwrap();
        Self {
            requests: Some(requests),
            answers: answers.into_inner(),
        }
    }

    /// Sends a request, or waits until there is room for it; whether the stream still takes any.
    pub(crate) async fn send(&self, append: AppendEventsRequest) -> bool {
        let append = Some(append);
        let requests = self.requests.as_ref().unwrap();
        requests.send(SubmitEventsRequest { append }).await.is_ok()
    }

    /// How many requests wait for the transport to take them.
    pub(crate) fn unsent(&self) -> usize {
        let requests = self.requests.as_ref().unwrap();
        requests.max_capacity() - requests.capacity()
    }

    /// Sends nothing more.
    pub(crate) fn half_close(&mut self) {
        self.requests = None;
    }

    /// The next frame; `None`: the stream ended with OK.
    pub(crate) async fn frame(&mut self) -> Result<Option<SubmitEventsResponse>, Status> {
        self.answers.message().await
    }

    /// The next answer, which is not the end.
    pub(crate) async fn answer(&mut self) -> Result<AppendEventsResponse, Status> {
        match self.frame().await.unwrap().unwrap().frame.unwrap() {
            Frame::Appended(appended) => Ok(appended),
            Frame::Refused(status) => Err(status_of(&status)),
            Frame::Closing(closing) => panic!("{closing:?}"),
        }
    }
}

/// A status in an answer as the transport would bring it.
pub(crate) fn status_of(status: &tonic_types::Status) -> Status {
    let code = Code::from_i32(status.code);
    let details = status.encode_to_vec();
    Status::with_details(code, status.message.clone(), details.into())
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().unwrap().reason
}

/// What a refusal says, its details in an order of their own.
fn said(status: &Status) -> (Code, String, String, Vec<String>) {
    let details = status.get_error_details();
    let info = details.error_info().unwrap();
    let mut metadata: Vec<String> = info.metadata.iter().map(|m| format!("{m:?}")).collect();
    metadata.sort();
    metadata.push(format!(
        "{:?} {:?} {:?} {:?}",
        details.bad_request(),
        details.precondition_failure(),
        details.localized_message(),
        details.retry_info(),
    ));
    let reason = info.reason.clone();
    (status.code(), reason, status.message().to_owned(), metadata)
}

async fn planned() -> (Server, SmallPlan, LedgerServiceClient<Caller>) {
    let server = Server::start().await;
    let plan = server.planned().await;
    let client = server.ledger("担当").await;
    (server, plan, client)
}

async fn head(client: &LedgerServiceClient<Caller>) -> u64 {
    told(client).await.head.unwrap().size
}

async fn told(client: &LedgerServiceClient<Caller>) -> GetLedgerResponse {
    let mut client = client.clone();
    let ledger = client.get_ledger(GetLedgerRequest::default()).await;
    ledger.unwrap().into_inner()
}

fn first_day(plan: &SmallPlan, payload: Payload) -> EventInput {
    EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(plan.first_day.clone()),
        payload: Some(payload),
        ..EventInput::default()
    }
}

fn title(ja: &str) -> Option<Title> {
    Some(Title {
        ja: ja.to_owned(),
        en: None,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_come_in_order_and_what_is_refused_touches_no_other() {
    let (server, plan, client) = planned().await;
    let good = || append(vec![report(&plan, &plan.indicators[0], "1")]);
    let wrong: Vec<AppendEventsRequest> = vec![
        // Breaks a rule, names nothing, has no events, is for no ledger, is no number, says another revision.
        append(vec![EventInput {
            valid_from: Some("2999-04-01".to_owned()),
            ..report(&plan, &plan.indicators[0], "1")
        }]),
        append(vec![report(&plan, "計画/9-9/1.1", "1")]),
        append(Vec::new()),
        AppendEventsRequest {
            ledger: "town".to_owned(),
            ..good()
        },
        append(vec![
            report(&plan, "", "some"),
            report(&plan, &plan.indicators[0], "2"),
        ]),
        AppendEventsRequest {
            expected_revisions: vec![ExpectedRevision {
                stream: Some(StreamRef {
                    kind: StreamKind::Goal.into(),
                    id: plan.goals[1].clone(),
                }),
                revision: 1_000,
            }],
            ..good()
        },
    ];
    let requests: Vec<AppendEventsRequest> = (0..60)
        .map(|n| match n % 4 {
            0 => wrong[n / 4 % wrong.len()].clone(),
            _ => good(),
        })
        .collect();
    let before = head(&client).await;
    let mut submission = Submission::open(&client, 100, None).await;
    for request in &requests {
        assert!(submission.send(request.clone()).await);
    }
    // What says nothing is answered at its place too.
    let nothing = SubmitEventsRequest::default();
    let sender = submission.requests.as_ref().unwrap();
    sender.send(nothing).await.unwrap();
    submission.half_close();
    let mut position = before;
    for (index, request) in requests.iter().enumerate() {
        let answer = submission.frame().await.unwrap().unwrap();
        assert_eq!(
            (answer.index, &answer.request_id),
            (index as u64, &request.request_id)
        );
        match answer.frame.unwrap() {
            Frame::Appended(appended) => {
                assert_ne!(index % 4, 0, "{appended:?}");
                let receipt = appended.receipt.unwrap();
                assert_eq!(receipt.request_id, request.request_id);
                assert_eq!(receipt.first_position, position);
                position = receipt.size;
            }
            Frame::Refused(status) => {
                assert_eq!(index % 4, 0, "{status:?}");
                let alone = client.clone().append_events(request.clone()).await;
                assert_eq!(said(&status_of(&status)), said(&alone.unwrap_err()));
            }
            Frame::Closing(closing) => panic!("{closing:?}"),
        }
    }
    let refused = submission.answer().await.unwrap_err();
    assert_eq!(reason(&refused), "FIELD_REQUIRED");
    assert_eq!(submission.frame().await.unwrap(), None);
    assert_eq!(head(&client).await, before + 45);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_is_decided_on_the_effect_of_those_before_it() {
    let (server, plan, client) = planned().await;
    let first = report(&plan, &plan.indicators[0], "3");
    let correction = EventInput {
        reason: Some(Reason {
            code: ReasonCode::EntryError.into(),
            text: "二重に報告した".to_owned(),
        }),
        ..first_day(
            &plan,
            Payload::ActualRetracted(ActualRetracted {
                indicator: plan.indicators[0].clone(),
                retracts: first.event_id.clone(),
                ..ActualRetracted::default()
            }),
        )
    };
    let goal = GoalSet {
        goal: new_id().to_string(),
        plan: "計画".to_owned(),
        code: "計画/1-9".to_owned(),
        department: "文化部".to_owned(),
        pillar: 1,
        title: title("新しい目標"),
        source_text: "新しい目標。".to_owned(),
        continues: None,
    };
    let initiative = InitiativeSet {
        initiative: new_id().to_string(),
        goal: "計画/1-9".to_owned(),
        number: 1,
        code: "計画/1-9/1".to_owned(),
        title: title("新しい取組"),
        source_text: "新しい取組。".to_owned(),
        lead_unit: "散歩課".to_owned(),
        continues: None,
        contributing_units: Vec::new(),
        references: Vec::new(),
    };
    let stream = StreamRef {
        kind: StreamKind::Goal.into(),
        id: plan.goals[1].clone(),
    };
    let reported = append(vec![report(&plan, &plan.indicators[2], "1")]);
    let known = client.clone().append_events(reported).await.unwrap();
    let known = known.into_inner().receipt.unwrap();
    let revision = known.events[0].revision;
    // Each says how many events the goal has with all those before it.
    let counted = |more: u64| AppendEventsRequest {
        expected_revisions: vec![ExpectedRevision {
            stream: Some(stream.clone()),
            revision: revision + more,
        }],
        ..append(vec![report(&plan, &plan.indicators[2], "1")])
    };
    let check = AppendEventsRequest {
        validate_only: true,
        ..append(vec![first_day(
            &plan,
            Payload::GoalReworded(GoalReworded {
                goal: "計画/1-9".to_owned(),
                title: title("言い換えた目標"),
                source_text: "言い換えた目標。".to_owned(),
            }),
        )])
    };
    let mut requests = vec![
        append(vec![first.clone()]),
        append(vec![correction.clone()]),
        // Nothing is taken back twice.
        append(vec![EventInput {
            event_id: new_id().to_string(),
            ..correction
        }]),
        append(vec![first_day(&plan, Payload::GoalSet(goal))]),
        append(vec![first_day(&plan, Payload::InitiativeSet(initiative))]),
        check,
    ];
    requests.extend((0..40).map(counted));
    let mut submission = Submission::open(&client, 100, None).await;
    for request in &requests {
        assert!(submission.send(request.clone()).await);
    }
    submission.half_close();
    for (index, request) in requests.iter().enumerate() {
        match submission.answer().await {
            Ok(answer) if index == 5 => assert!(answer.validated, "{answer:?}"),
            Ok(answer) => assert_eq!(answer.receipt.unwrap().request_id, request.request_id),
            Err(status) => assert_eq!(index, 2, "{status:?}"),
        }
    }
    assert_eq!(submission.frame().await.unwrap(), None);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_each_changes_is_told_as_of_its_own_place() {
    let (server, plan, client) = planned().await;
    let mut submission = Submission::open(&client, 10, None).await;
    for _ in 0..5 {
        let request = AppendEventsRequest {
            effects: true,
            ..append(vec![report(&plan, &plan.indicators[0], "2")])
        };
        assert!(submission.send(request).await);
    }
    submission.half_close();
    for n in 0..5 {
        let answer = submission.answer().await.unwrap();
        let actual = |state: &Option<IndicatorState>| match state.clone()?.actual?.kind? {
            actual::Kind::Number(number) => Some(number.value),
            _ => None,
        };
        let outcome = &answer.outcomes[0];
        let before = (0 < n).then(|| (2 * n).to_string());
        assert_eq!(actual(&outcome.before), before);
        assert_eq!(actual(&outcome.after), Some((2 * n + 2).to_string()));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_reads_no_answers_is_not_read_and_loses_nothing() {
    const SENT: u64 = 3_000;
    let (server, plan, client) = planned().await;
    let before = head(&client).await;
    let narrow = tonic::transport::Endpoint::from_shared(format!("http://{}", server.address));
    let narrow = narrow.unwrap().initial_stream_window_size(65_535);
    let narrow = LedgerServiceClient::with_interceptor(narrow.connect().await.unwrap(), As("担当"));
    let room = usize::try_from(SENT).unwrap();
    let mut submission = Submission::open(&narrow, room, None).await;
    for _ in 0..SENT {
        let request = append(vec![report(&plan, &plan.indicators[0], "1")]);
        assert!(submission.send(request).await);
    }
    submission.half_close();
    let limits = told(&client).await.limits.unwrap();
    let in_flight = u64::from(limits.submitted_requests);
    // So many are read in any case; nothing more comes once the same number is told so many times.
    let (mut recorded, mut again) = (0, 0);
    while recorded < in_flight || again < 300 {
        let now = head(&client).await - before;
        again = if now == recorded { again + 1 } else { 0 };
        recorded = now;
    }
    let answer = submission.frame().await.unwrap().unwrap();
    // Answers that the transport took: a window of the client, and what is put together at once on both sides of it.
    let on_the_way = (65_535 + 2 * 64 * 1024) / answer.encoded_len() as u64;
    let most = in_flight + on_the_way;
    assert!(most < SENT / 2, "the test is too small to show anything");
    assert!(
        recorded <= most,
        "{recorded} recorded, at most {most} expected"
    );
    for index in 1..SENT {
        let answer = submission.frame().await.unwrap().unwrap();
        let Some(Frame::Appended(appended)) = answer.frame else {
            panic!("{answer:?}");
        };
        let position = appended.receipt.unwrap().first_position;
        assert_eq!((answer.index, position), (index, before + index));
    }
    assert_eq!(submission.frame().await.unwrap(), None);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_answers_what_it_took_and_says_how_much() {
    let (server, plan, client) = planned().await;
    let before = head(&client).await;
    let mut submission = Submission::open(&client, 1, None).await;
    let requests: Vec<AppendEventsRequest> = (0..20_000)
        .map(|_| append(vec![report(&plan, &plan.indicators[0], "1")]))
        .collect();
    let sender = submission.requests.clone().unwrap();
    let sending = tokio::spawn({
        let requests = requests.clone();
        async move {
            for append in requests {
                let append = Some(append);
                if sender.send(SubmitEventsRequest { append }).await.is_err() {
                    return false;
                }
            }
            true
        }
    });
    submission.half_close();
    assert!(submission.frame().await.unwrap().is_some());
    let stopping = tokio::spawn(server.stop());
    let mut answered = 1;
    let closing = loop {
        let answer = submission.frame().await.unwrap().unwrap();
        assert_eq!(answer.index, answered);
        match answer.frame.unwrap() {
            Frame::Appended(_) => answered += 1,
            Frame::Refused(status) => panic!("{status:?}"),
            Frame::Closing(closing) => break closing,
        }
    };
    assert_eq!(closing.taken, answered);
    assert_eq!(submission.frame().await.unwrap(), None);
    assert!(
        answered < requests.len() as u64,
        "it did not stop before all were sent"
    );
    drop(submission);
    assert!(!sending.await.unwrap());

    // Exactly those are recorded, and the others are taken after it.
    let server = Server::on(stopping.await.unwrap()).await;
    let client = server.ledger("担当").await;
    assert_eq!(head(&client).await, before + answered);
    let rest = usize::try_from(answered).unwrap();
    let mut submission = Submission::open(&client, 10, None).await;
    for request in &requests[rest - 1..rest + 2] {
        assert!(submission.send(request.clone()).await);
    }
    let replayed = [true, false, false];
    for replayed in replayed {
        assert_eq!(submission.answer().await.unwrap().replayed, replayed);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_that_is_gone_had_sent_is_recorded_up_to_a_point_and_in_order() {
    let (server, plan, client) = planned().await;
    let before = head(&client).await;
    let requests: Vec<AppendEventsRequest> = (0..200)
        .map(|_| append(vec![report(&plan, &plan.indicators[0], "1")]))
        .collect();
    let mut submission = Submission::open(&client, 200, None).await;
    for request in &requests {
        assert!(submission.send(request.clone()).await);
    }
    submission.answer().await.unwrap();
    drop(submission);
    let server = Server::on(server.stop().await).await;
    let client = server.ledger("担当").await;
    let recorded = head(&client).await - before;
    assert!(1 <= recorded);
    for (index, request) in requests.iter().enumerate() {
        let asked = GetReceiptRequest {
            request_id: request.request_id.clone(),
            ..GetReceiptRequest::default()
        };
        let found = client.clone().get_receipt(asked).await;
        let found = found
            .ok()
            .map(|found| found.into_inner().receipt.unwrap().first_position);
        let index = index as u64;
        assert_eq!(found, (index < recorded).then_some(before + index));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_no_message_end_the_stream_after_all_answers() {
    let (server, plan, client) = planned().await;
    let mut submission = Submission::open(&client, 10, None).await;
    assert!(
        submission
            .send(append(vec![report(&plan, &plan.indicators[0], "1")]))
            .await
    );
    let large = AppendEventsRequest {
        request_id: "長".repeat(1024 * 1024),
        ..AppendEventsRequest::default()
    };
    assert!(submission.send(large).await);
    submission.answer().await.unwrap();
    let status = submission.frame().await.unwrap_err();
    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::InvalidArgument, "FIELD_INVALID")
    );
    server.stop().await;
}
