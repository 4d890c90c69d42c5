//! The hot paths, each walked by one client over loopback, with the server in this process on a folder of its own.

use daicho::api::v1::admin_service_client::AdminServiceClient;
use daicho::api::v1::audit_service_client::AuditServiceClient;
use daicho::api::v1::goal_service_client::GoalServiceClient;
use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::{
    AppendEventsRequest, AsOf, EventFormat, EventInput, GetGoalRequest, ListChangesRequest,
    OpenLedgerRequest, ReadEventsRequest, Title, as_of,
};
use daicho::clock::{new_id, system_now};
use daicho::load::SmallPlan;
use tonic::Request;
use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};

use crate::Outcome;
use crate::here::Here;

/// What can be walked.
pub(crate) const PATHS: [&str; 7] = [
    "append",
    "append-100",
    "get-goal",
    "as-of",
    "list-changes",
    "read-events",
    "read-leaves",
];

/// Goals of the plan.
const GOALS: usize = 100;
/// Reports on each before anything is counted.
const REPORTS: usize = 50;
/// Events of a request that sets the plan or the reports.
const SETUP_BATCH: usize = 500;
/// Events that a walk of `read-events` and `read-leaves` reads.
const EVENTS_READ: u64 = 1_000;
/// Messages are as large as the server makes them.
const MESSAGE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Sets up a ledger, and walks a path so many times.
pub(crate) fn walk(name: &str, walks: u32) -> Outcome<()> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    // One thread, so that what waits for what differs little from run to run.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        // A signature now and then would count against whatever is walked.
        let here = Here::open(folder.path(), false).await?;
        let url = format!("http://{}", here.address);
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let served = tokio::spawn(here.serve(async {
            let _ = stopped.await;
        }));
        let endpoint = Endpoint::from_shared(url)?.tcp_nodelay(true);
        let mut walker = Walker::set_up(endpoint.connect().await?).await?;
        for number in 0..walks {
            walker.walk(name, number as usize).await?;
        }
        // Indexes and the read copy are written behind: how much of that were done would else be chance.
        drop(stop);
        served.await?
    })
}

/// A client, and a ledger with a plan and reports on it.
struct Walker {
    channel: Channel,
    ledger: String,
    plan: SmallPlan,
    size: u64,
}

impl Walker {
    async fn set_up(channel: Channel) -> Outcome<Self> {
        let opening = OpenLedgerRequest {
            request_id: id(),
            code: "counted".to_owned(),
            title: Some(Title {
                ja: "計測市".to_owned(),
                en: None,
            }),
            origin: "daicho.example/counted".to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
            locale: "ja-JP".to_owned(),
        };
        let opened = AdminServiceClient::new(channel.clone())
            .open_ledger(by(opening))
            .await?;
        let ledger = opened.into_inner().ledger.ok_or("no ledger was opened")?.id;
        let today = system_now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let (plan, mut events) = SmallPlan::new(today, GOALS, 1, id);
        for number in 0..GOALS * REPORTS {
            events.push(plan.report(id(), &plan.indicators[number % GOALS], amount(number)));
        }
        let mut walker = Self {
            channel,
            ledger,
            plan,
            size: 0,
        };
        for events in events.chunks(SETUP_BATCH) {
            walker.append(events.to_vec()).await?;
        }
        Ok(walker)
    }

    async fn append(&mut self, events: Vec<EventInput>) -> Outcome<()> {
        let request = AppendEventsRequest {
            ledger: self.ledger.clone(),
            request_id: id(),
            events,
            ..AppendEventsRequest::default()
        };
        let answer = LedgerServiceClient::new(self.channel.clone())
            .append_events(by(request))
            .await?;
        self.size = answer.into_inner().receipt.ok_or("no receipt")?.size;
        Ok(())
    }

    async fn walk(&mut self, name: &str, number: usize) -> Outcome<()> {
        match name {
            "append" => self.report(number, 1).await,
            "append-100" => self.report(number, 100).await,
            "get-goal" => self.get_goal(number, None).await,
            // Another size each time, of which nobody has asked yet.
            "as-of" => {
                let known_at = as_of::KnownAt::Size(self.size - number as u64);
                let as_of = AsOf {
                    known_at: Some(known_at),
                    effective_on: None,
                };
                self.get_goal(number, Some(as_of)).await
            }
            "list-changes" => self.list_changes(number).await,
            "read-events" => self.read(EventFormat::Events).await,
            "read-leaves" => self.read(EventFormat::Leaves).await,
            _ => Err(format!("{name} is not one of {PATHS:?}").into()),
        }
    }

    /// A call with so many reports on one goal.
    async fn report(&mut self, number: usize, count: usize) -> Outcome<()> {
        let indicator = &self.plan.indicators[number % GOALS];
        let first = REPORTS * GOALS + number * count;
        let report = |number| self.plan.report(id(), indicator, amount(number));
        let events = (first..first + count).map(report).collect();
        self.append(events).await
    }

    async fn get_goal(&self, number: usize, as_of: Option<AsOf>) -> Outcome<()> {
        let asked = GetGoalRequest {
            ledger: self.ledger.clone(),
            goal: self.plan.goals[number % GOALS].clone(),
            as_of,
            ..GetGoalRequest::default()
        };
        let answer = GoalServiceClient::new(self.channel.clone())
            .get_goal(by(asked))
            .await?;
        answer.into_inner().goal.ok_or("no goal")?;
        Ok(())
    }

    async fn list_changes(&self, number: usize) -> Outcome<()> {
        let asked = ListChangesRequest {
            ledger: self.ledger.clone(),
            subject: Some(self.plan.goals[number % GOALS].clone()),
            ..ListChangesRequest::default()
        };
        let answer = AuditServiceClient::new(self.channel.clone())
            .list_changes(by(asked))
            .await?;
        match answer.into_inner().changes.len() {
            0 => Err("no change is listed".into()),
            _ => Ok(()),
        }
    }

    async fn read(&self, format: EventFormat) -> Outcome<()> {
        let asked = ReadEventsRequest {
            ledger: self.ledger.clone(),
            limit: Some(EVENTS_READ),
            format: format.into(),
            ..ReadEventsRequest::default()
        };
        let mut client = LedgerServiceClient::new(self.channel.clone())
            .max_decoding_message_size(MESSAGE_BYTES_MAX);
        let mut messages = client.read_events(by(asked)).await?.into_inner();
        let mut batches = 0;
        while let Some(message) = messages.message().await? {
            batches += usize::from(message.batch.is_some());
        }
        if batches == 0 {
            return Err("nothing was read".into());
        }
        Ok(())
    }
}

/// As the one who does everything here.
fn by<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    let name = MetadataValue::from_static("counter");
    request.metadata_mut().insert("daicho-actor", name);
    request
}

/// Another for each report on a goal, or it would be noticed as one that was sent twice.
fn amount(number: usize) -> u32 {
    10 + u32::try_from(number).unwrap_or(u32::MAX) / 100
}

fn id() -> String {
    new_id().to_string()
}
