//! The load: so many callers, each of which sends one append and waits for its durable answer before the next.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::event_batch::Content;
use daicho::api::v1::event_input::Payload;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::{
    AccessPolicy, AppendEventsRequest, EventFormat, EventInput, GetEventRequest, GetGoalRequest,
    GetLedgerRequest, Login, OpenLedgerRequest, PersonRegistered, PolicyPublished,
    ReadEventsRequest, RoleGranted, SeatRole, SourceDocument, Title, get_event_request,
    policy_published, role_granted,
};
use jiff::ToSpan as _;
use jiff::civil::Date;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use crate::Outcome;
use crate::report::Row;
use crate::server::Server;
use crate::small_plan::SmallPlan;

const CONNECTIONS: usize = 4;
const GOALS: usize = 10_000;
const ACTORS: usize = 200;
/// Load before what is measured.
const WARM_UP: Duration = Duration::from_millis(500);
/// Events that set the plan, a request.
const SETUP_BATCH: usize = 500;
/// The paper behind each report. With it a stored event has about 300 bytes.
const DOCUMENT_NUMBER: &str = "5-総企-0123";
/// See [`DOCUMENT_NUMBER`].
const DOCUMENT_TITLE: &str = "案内つきの散歩の実施報告書（町を知る事業、第三班）";

/// What is sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// How many send at once.
    pub(crate) callers: usize,
    /// Events in each call.
    pub(crate) batch: usize,
    /// How long it is measured.
    pub(crate) seconds: Duration,
}

/// A server and what can be reported to it.
pub(crate) struct Target {
    name: &'static str,
    channels: Vec<Channel>,
    source: Arc<Source>,
    stored: u64,
}

/// Makes requests without any shared lock.
struct Source {
    ledger: String,
    plan: SmallPlan,
    days: Vec<String>,
    next: AtomicU64,
}

impl Target {
    /// A server that takes anything.
    pub(crate) fn plain_file(server: &Server) -> Outcome<Self> {
        let today = daicho::clock::system_now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        let (source, _) = Source::new(String::new(), today)?;
        Ok(Self {
            name: "file",
            channels: connect(server)?,
            source: Arc::new(source),
            stored: 0,
        })
    }

    /// A new ledger with a plan in it.
    pub(crate) async fn daicho(server: &Server) -> Outcome<Self> {
        let channels = connect(server)?;
        let opening = OpenLedgerRequest {
            request_id: new_id(),
            code: "bench".to_owned(),
            title: Some(Title {
                ja: "計測市".to_owned(),
                en: None,
            }),
            origin: "daicho.example/bench".to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
            locale: "ja-JP".to_owned(),
        };
        let opened = AdminServiceClient::new(channels[0].clone())
            .open_ledger(by(0, opening))
            .await?;
        let ledger = opened.into_inner().ledger.ok_or("no ledger was opened")?.id;
        let mut client = LedgerServiceClient::new(channels[0].clone());
        let asked = GetLedgerRequest {
            ledger: ledger.clone(),
            min_position: None,
            as_of: None,
        };
        let today = client
            .get_ledger(by(0, asked))
            .await?
            .into_inner()
            .today
            .parse()?;
        let (source, setup) = Source::new(ledger, today)?;
        let mut stored = 1;
        for events in setup.chunks(SETUP_BATCH) {
            let answer = client
                .append_events(by(0, source.request(events.to_vec())))
                .await?;
            stored = answer.into_inner().receipt.ok_or("no receipt")?.size;
        }
        Ok(Self {
            name: "daicho",
            channels,
            source: Arc::new(source),
            stored,
        })
    }

    /// Gives everybody who reports a clerk's seat, and says with `policies` who may do what from now on.
    pub(crate) async fn ask(&mut self, policies: &str) -> Outcome<()> {
        let title = |ja: &str| {
            Some(Title {
                ja: ja.to_owned(),
                en: None,
            })
        };
        let event = |payload: Payload| EventInput {
            event_id: new_id(),
            valid_from: self.source.days.last().cloned(),
            payload: Some(payload),
            ..EventInput::default()
        };
        let mut events = Vec::new();
        for number in 0..ACTORS {
            // The id of a person says nothing, not even when it was made.
            let (person, subject) = (daicho::clock::new_random_id().to_string(), actor(number));
            events.push(event(Payload::PersonRegistered(PersonRegistered {
                person: person.clone(),
                name: subject.clone(),
                logins: vec![Login {
                    issuer: None,
                    subject: subject.clone(),
                }],
            })));
            events.push(event(Payload::RoleGranted(RoleGranted {
                grant: new_id(),
                seat: subject.clone(),
                title: title(&subject),
                role: SeatRole::Clerk.into(),
                units: vec!["散歩課".to_owned()],
                holder: Some(role_granted::Holder::Person(person)),
            })));
        }
        events.push(event(Payload::PolicyPublished(PolicyPublished {
            code: "access".to_owned(),
            version: 1,
            title: title("権限方針"),
            content: Some(policy_published::Content::Access(AccessPolicy {
                cedar: policies.to_owned(),
            })),
        })));
        let mut client = LedgerServiceClient::new(self.channels[0].clone());
        for events in events.chunks(SETUP_BATCH) {
            // Nobody grants to himself.
            let mut request = Request::new(self.source.request(events.to_vec()));
            request
                .metadata_mut()
                .insert("daicho-actor", "administrator".parse()?);
            let answer = client.append_events(request).await?;
            self.stored = answer.into_inner().receipt.ok_or("no receipt")?.size;
        }
        Ok(())
    }

    /// How many goals one caller reads in a second, one after the other.
    pub(crate) async fn goals_per_s(&mut self, seconds: Duration) -> Outcome<f64> {
        let mut client = GoalServiceClient::new(self.channels[0].clone());
        let goals = &self.source.plan.goals;
        let (mut read, begun) = (0_u64, Instant::now());
        while begun.elapsed() < seconds {
            let goal = &goals[(scattered(read) % goals.len() as u64) as usize];
            let asked = GetGoalRequest {
                ledger: self.source.ledger.clone(),
                goal: goal.clone(),
                ..GetGoalRequest::default()
            };
            client.get_goal(by(0, asked)).await?;
            read += 1;
        }
        Ok(read as f64 / begun.elapsed().as_secs_f64())
    }

    /// What it is called in the figures.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// How many events it holds.
    pub(crate) fn stored(&self) -> u64 {
        self.stored
    }

    /// The size of one event as Daicho stores it.
    pub(crate) async fn stored_event_bytes(&mut self) -> Outcome<usize> {
        let mut client = LedgerServiceClient::new(self.channels[0].clone());
        let answer = client
            .append_events(by(0, self.source.reports(1)))
            .await?
            .into_inner();
        let receipt = answer.receipt.ok_or("no receipt")?;
        self.stored = receipt.size;
        let asked = GetEventRequest {
            ledger: self.source.ledger.clone(),
            selector: Some(get_event_request::Selector::Position(
                receipt.first_position,
            )),
            ..GetEventRequest::default()
        };
        Ok(client
            .get_event(by(0, asked))
            .await?
            .into_inner()
            .leaf
            .len())
    }

    /// Appends under `load`, and checks that exactly what was answered is stored.
    pub(crate) async fn append(&mut self, load: Load) -> Outcome<Row> {
        let begin = Instant::now() + WARM_UP;
        let end = begin + load.seconds;
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..load.callers {
            let channel = self.channels[number % self.channels.len()].clone();
            callers.spawn(call(
                channel,
                self.source.clone(),
                number,
                load.batch,
                begin,
                end,
            ));
        }
        let (mut micros, mut appended, mut errors) = (Vec::new(), 0, 0);
        let mut first_error = None;
        while let Some(called) = callers.join_next().await {
            let called = called?;
            micros.extend(called.micros);
            appended += called.appended;
            errors += called.errors;
            first_error = first_error.or(called.first_error);
        }
        // Calls that began in time may end a little after it.
        let elapsed = begin.elapsed();
        if let Some(error) = first_error {
            eprintln!("first error: {error}");
        }
        let one_more = self.channels[0].clone();
        let answer = LedgerServiceClient::new(one_more)
            .append_events(by(0, self.source.reports(1)))
            .await?;
        let size = answer.into_inner().receipt.ok_or("no receipt")?.size;
        if errors == 0 && size != self.stored + appended + 1 {
            return Err(format!(
                "{appended} events were acknowledged, {} stored",
                size - self.stored - 1
            )
            .into());
        }
        self.stored = size;
        Ok(Row::of_appends(self.name, load, elapsed, micros, errors))
    }

    /// Reads from the beginning, decoded or as stored; returns how many events and in which time.
    pub(crate) async fn read_back(&mut self, limit: u64, leaves: bool) -> Outcome<(u64, Duration)> {
        let format = if leaves {
            EventFormat::Leaves
        } else {
            EventFormat::Events
        };
        let asked = ReadEventsRequest {
            ledger: self.source.ledger.clone(),
            limit: Some(limit),
            format: format.into(),
            ..ReadEventsRequest::default()
        };
        // A message is as large as the server makes it.
        let mut client = LedgerServiceClient::new(self.channels[0].clone())
            .max_decoding_message_size(64 * 1024 * 1024);
        let begin = Instant::now();
        let mut messages = client.read_events(by(0, asked)).await?.into_inner();
        let mut count = 0;
        while let Some(message) = messages.message().await? {
            count += match message.batch.and_then(|batch| batch.content) {
                Some(Content::Events(decoded)) => decoded.events.len() as u64,
                Some(Content::Leaves(leaves)) => delimited(&leaves)?,
                None => 0,
            };
        }
        let elapsed = begin.elapsed();
        if count == limit.min(self.stored) {
            Ok((count, elapsed))
        } else {
            Err(format!("{count} events were read of {}", self.stored).into())
        }
    }
}

impl Source {
    fn new(ledger: String, today: Date) -> Outcome<(Self, Vec<EventInput>)> {
        let (plan, setup) = SmallPlan::new(today, GOALS, 1, new_id);
        let mut days = Vec::new();
        let mut day: Date = plan.first_day.parse()?;
        while day <= today {
            days.push(day.to_string());
            day = day.checked_add(1.day())?;
        }
        Ok((
            Self {
                ledger,
                plan,
                days,
                next: AtomicU64::new(0),
            },
            setup,
        ))
    }

    /// Reports on one goal, as a section sends them.
    fn reports(&self, count: usize) -> AppendEventsRequest {
        let first = self.next.fetch_add(count as u64, Ordering::Relaxed);
        let chosen = (scattered(first) % self.plan.indicators.len() as u64) as usize;
        let events = (first..first + count as u64)
            .map(|number| {
                let mixed = scattered(!number);
                let walks = (mixed % 90) as u32 + 10;
                let mut event = self
                    .plan
                    .report(new_id(), &self.plan.indicators[chosen], walks);
                event.valid_from = Some(self.days[(mixed >> 8) as usize % self.days.len()].clone());
                event.source_document = Some(SourceDocument {
                    number: DOCUMENT_NUMBER.to_owned(),
                    title: Some(DOCUMENT_TITLE.to_owned()),
                    date: None,
                });
                event
            })
            .collect();
        self.request(events)
    }

    fn request(&self, events: Vec<EventInput>) -> AppendEventsRequest {
        AppendEventsRequest {
            ledger: self.ledger.clone(),
            request_id: new_id(),
            events,
            ..AppendEventsRequest::default()
        }
    }
}

/// What one caller saw.
#[derive(Default)]
struct Called {
    micros: Vec<u32>,
    appended: u64,
    errors: u64,
    first_error: Option<String>,
}

async fn call(
    channel: Channel,
    source: Arc<Source>,
    number: usize,
    batch: usize,
    begin: Instant,
    end: Instant,
) -> Called {
    let mut client = LedgerServiceClient::new(channel);
    let mut called = Called::default();
    loop {
        let request = by(number, source.reports(batch));
        let sent = Instant::now();
        if sent >= end {
            return called;
        }
        match client.append_events(request).await {
            Ok(_) => {
                called.appended += batch as u64;
                if sent >= begin {
                    called
                        .micros
                        .push(u32::try_from(sent.elapsed().as_micros()).unwrap_or(u32::MAX));
                }
            }
            Err(status) => {
                called.errors += 1;
                called.first_error.get_or_insert_with(|| status.to_string());
            }
        }
    }
}

fn connect(server: &Server) -> Outcome<Vec<Channel>> {
    let endpoint = Endpoint::from_shared(server.url.clone())?.tcp_nodelay(true);
    Ok((0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect())
}

fn by<T>(caller: usize, message: T) -> Request<T> {
    let mut request = Request::new(message);
    if let Ok(actor) = actor(caller).parse() {
        request.metadata_mut().insert("daicho-actor", actor);
    }
    request
}

fn actor(caller: usize) -> String {
    format!("actor-{}", caller % ACTORS)
}

fn delimited(mut leaves: &[u8]) -> Outcome<u64> {
    let mut count = 0;
    while !leaves.is_empty() {
        let length = prost::decode_length_delimiter(leaves)?;
        let end = prost::length_delimiter_len(length) + length;
        leaves = leaves.get(end..).ok_or("a leaf is cut off")?;
        count += 1;
    }
    Ok(count)
}

fn new_id() -> String {
    daicho::clock::new_id().to_string()
}

/// The finaliser of splitmix64: neighbours fall far apart, the same in every run.
pub(crate) fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}
