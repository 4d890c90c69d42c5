//! A server with a plan of this year and one of last year, all of whose days have been.

use daicho::api::v1::ledger_service_client::LedgerServiceClient;
use daicho::api::v1::*;
use daicho::clock::new_id;
use daicho::config::Flags;
use daicho::domain::date::Date;
use daicho::merkle::{KeyName, SignatureType, Signer as _, SigningKey};
use jiff::Span;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::service::{Server, append};
use daicho::load::SmallPlan;
pub(crate) use events::*;

mod events;

/// The witness that the server is told of; its seed is 5s.
pub(crate) const WITNESS_NAME: &str = "witness.example";

/// Names the caller, who reads Japanese.
#[derive(Clone)]
pub(crate) struct Ja(pub(crate) &'static str);

impl Interceptor for Ja {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let name = MetadataValue::from_bytes(self.0.as_bytes());
        request.metadata_mut().insert_bin("daicho-actor-bin", name);
        request
            .metadata_mut()
            .insert("accept-language", MetadataValue::from_static("ja"));
        Ok(request)
    }
}

pub(crate) type Client = LedgerServiceClient<InterceptedService<Channel, Ja>>;

/// The plans, and who speaks to the server.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) client: Client,
    /// This year's: `計画`, its goals `計画/1-1` and `計画/1-2`.
    pub(crate) plan: SmallPlan,
    pub(crate) today: Date,
    /// The first day of last year's plan.
    first: Date,
    /// The department `前部`.
    pub(crate) department: String,
    /// The event that set the target of `前/件`.
    pub(crate) target: String,
}

impl World {
    /// The first events of a read.
    pub(crate) async fn read(&mut self, asked: ReadEventsRequest) -> Vec<Event> {
        let frames = self.client.read_events(asked).await.unwrap();
        let frame = frames.into_inner().message().await.unwrap().unwrap();
        match frame.batch.unwrap().content {
            Some(event_batch::Content::Events(events)) => events.events,
            other => panic!("not events: {other:?}"),
        }
    }

    /// Last year's plan is `前年度`: goals `前/1`, `前/2`, `前/休止`, `前/中止`, `前/繰越`, each with an
    /// initiative of number 1, and indicators named for what they count.
    pub(crate) async fn new() -> Self {
        let name = KeyName::parse(WITNESS_NAME).unwrap();
        let witness = SigningKey::from_seed(name, SignatureType::CosignatureV1, &[5; 32]);
        let flags = Flags {
            witnesses: Some(witness.key().to_string()),
            ..Flags::default()
        };
        let server = Server::with(tempfile::tempdir().unwrap(), flags).await;
        let plan = server.planned().await;
        let mut client = LedgerServiceClient::with_interceptor(server.channel().await, Ja("担当"));
        let ledger = client
            .get_ledger(GetLedgerRequest::default())
            .await
            .unwrap()
            .into_inner();
        let this_first: Date = plan.first_day.parse().unwrap();
        let mut world = Self {
            client,
            today: ledger.today.parse().unwrap(),
            first: this_first.checked_sub(Span::new().years(1)).unwrap(),
            plan,
            server,
            department: new_id().to_string(),
            target: new_id().to_string(),
        };
        let last_year = year(world.first, &world.department, &world.target);
        world.given(last_year).await;
        world
    }

    /// A day of last year's plan, counted from its first, as an API date.
    pub(crate) fn day(&self, after: i64) -> String {
        self.first
            .checked_add(Span::new().days(after))
            .unwrap()
            .to_string()
    }

    pub(crate) async fn size(&mut self) -> u64 {
        let ledger = GetLedgerRequest {
            ledger: "city".to_owned(),
            ..Default::default()
        };
        self.client
            .get_ledger(ledger)
            .await
            .unwrap()
            .into_inner()
            .head
            .unwrap()
            .size
    }

    /// Appends what must be taken.
    #[track_caller]
    pub(crate) fn given(
        &mut self,
        events: Vec<EventInput>,
    ) -> impl Future<Output = AppendEventsResponse> {
        let mut client = self.client.clone();
        let at = std::panic::Location::caller();
        async move {
            let answer = client.append_events(append(events)).await;
            answer
                .unwrap_or_else(|status| panic!("{at}: {:?}", super::told(&status)))
                .into_inner()
        }
    }
}
