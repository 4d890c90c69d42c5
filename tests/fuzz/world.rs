//! What inputs are about: everything that an event of the kept leaves sets or names, and a server with a small plan.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use daicho::api::{FILE_DESCRIPTOR_SET, v1};
use daicho::auth::{Callers, Mode};
use daicho::domain::directory::Directory;
use daicho::domain::event::Recorded;
use daicho::evidence::{Store, Terms};
use daicho::grpc::{DeadlineLayer, IdentifyLayer, PageKey, Parts, Services};
use daicho::ledger::{Ledgers, STATES_BYTES, Settings};
use daicho::load::SmallPlan;
use daicho::log::MemoryLog;
use daicho::log::codec;
use daicho::proof::Proofs;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use prost_reflect::{DescriptorPool, MessageDescriptor};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use tonic::body::Body;
use tower::{ServiceBuilder, ServiceExt as _};

use crate::folder::FOLDER;

/// Frames of an answer that are read at most.
const FRAMES: usize = 16;
/// How long the server may take for what has to come about.
const PATIENCE: Duration = Duration::from_secs(8);
/// The method that appends.
pub const APPEND_EVENTS: &str = "/daicho.v1.LedgerService/AppendEvents";
/// How long is waited for the next one: some streams go on for ever.
const NEXT_FRAME: Duration = Duration::from_millis(2);

/// The leaves that are kept of each type of event, with their names.
pub static LEAVES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden/leaf-v1");
    let files = std::fs::read_dir(folder).expect("the kept leaves");
    let paths = files.map(|file| file.expect("a file").path());
    let mut leaves: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "hex"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("a text");
            let leaf = text.lines().next().expect("a line");
            let name = path.file_stem().expect("a name").to_string_lossy();
            (name.into_owned(), hex::decode(leaf).expect("a leaf"))
        })
        .collect();
    leaves.sort();
    leaves
});

/// What these leaves say.
pub fn recorded() -> impl Iterator<Item = (&'static str, Recorded)> {
    let leaves = LEAVES.iter();
    leaves.map(|(name, leaf)| (name.as_str(), codec::decode(leaf).expect("a kept leaf")))
}

/// All that they set.
pub static DIRECTORY: LazyLock<Directory> = LazyLock::new(|| {
    let mut directory = Directory::default();
    for (_, recorded) in recorded() {
        directory.apply(&recorded);
    }
    directory
});

/// A method of the API.
#[derive(Debug)]
pub struct Method {
    /// `/daicho.v1.GoalService/GetGoal`.
    pub path: String,
    /// What it takes.
    pub input: MessageDescriptor,
}

/// All services in this process, on a ledger in memory.
pub struct Api {
    runtime: Runtime,
    routes: tonic::service::Routes,
    _closing: watch::Sender<bool>,
    /// Every method that takes one message.
    pub methods: Vec<Method>,
    /// Every method that takes many.
    pub streams: Vec<Method>,
    /// Words that mean something there: ids, codes, days.
    pub words: Vec<String>,
    /// An append that would be taken.
    pub append: v1::AppendEventsRequest,
}

/// The services, with a small plan.
pub static API: LazyLock<Api> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let (closing, closed) = watch::channel(false);
    let routes = runtime.block_on(routes(closed));
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("our own descriptors");
    let (mut methods, mut streams): (Vec<Method>, Vec<Method>) = Default::default();
    for service in pool.services() {
        for method in service.methods() {
            let those = match method.is_client_streaming() {
                true => &mut streams,
                false => &mut methods,
            };
            those.push(Method {
                path: format!("/{}/{}", service.full_name(), method.name()),
                input: method.input(),
            });
        }
    }
    let mut api = Api {
        runtime,
        routes,
        _closing: closing,
        methods,
        streams,
        words: Vec::new(),
        append: v1::AppendEventsRequest::default(),
    };
    (api.words, api.append) = api.planned();
    api
});

fn id(number: u128) -> String {
    let id = uuid::Builder::from_custom_bytes(number.to_be_bytes());
    id.into_uuid().to_string()
}

async fn routes(closing: watch::Receiver<bool>) -> tonic::service::Routes {
    let log = MemoryLog::new();
    let data = FOLDER.join("data");
    std::fs::create_dir_all(&data).expect("a folder");
    let (log, store) = (Arc::new(log.clone()), Arc::new(log));
    let ledgers = Ledgers::start(log, store, Some(data.clone()), Settings::new(STATES_BYTES)).await;
    let ledgers = ledgers.expect("an empty log");
    let services = Services::new(Parts {
        proofs: Arc::new(Proofs::new(ledgers.clone(), &data, || [7; 32])),
        evidence: Arc::new(Store::new(&data, Terms::default())),
        ledgers,
        page_key: PageKey::new([7; 32]),
        default_ledger: None,
        request_timeout: PATIENCE,
        closing,
        recording: Default::default(),
        auth: Mode::Unauthenticated,
        administrators: Vec::new(),
    });
    services.routes().routes().prepare()
}

impl Api {
    /// Opens a ledger and sets a plan in it, from ids that are always the same.
    fn planned(&self) -> (Vec<String>, v1::AppendEventsRequest) {
        let mut number = 0_u128;
        let mut new_id = || {
            number += 1;
            id(number)
        };
        let opening = v1::OpenLedgerRequest {
            request_id: new_id(),
            code: "city".to_owned(),
            title: Some(v1::Title {
                ja: "見本市".to_owned(),
                en: None,
            }),
            origin: "ledger.example/city".to_owned(),
            time_zone: "Asia/Tokyo".to_owned(),
            locale: "ja-JP".to_owned(),
        };
        let opened = self.call(
            "/daicho.v1.AdminService/OpenLedger",
            &opening.encode_to_vec(),
            PATIENCE,
        );
        assert_eq!(opened, Some(tonic::Code::Ok));
        let today = jiff::civil::date(2024, 4, 1);
        let (plan, events) = SmallPlan::new(today, 2, 2, &mut new_id);
        let mut words = vec![
            "計画".to_owned(),
            "文化部".to_owned(),
            plan.first_day.clone(),
        ];
        words.extend(plan.goals.iter().chain(&plan.indicators).cloned());
        let mut report = || {
            let events = plan.indicators.iter();
            let events = events.map(|indicator| plan.report(new_id(), indicator, 3));
            events.collect::<Vec<_>>()
        };
        let (reports, more) = (report(), report());
        let append = |request_id: u128, events: Vec<v1::EventInput>| v1::AppendEventsRequest {
            request_id: id(request_id),
            events,
            ..Default::default()
        };
        for (number, events) in (1000..).zip([events, reports]) {
            words.extend(events.iter().map(|event| event.event_id.clone()));
            let append = append(number, events);
            let appended = self.call(APPEND_EVENTS, &append.encode_to_vec(), PATIENCE);
            assert_eq!(appended, Some(tonic::Code::Ok));
            words.push(append.request_id);
        }
        (words, append(2000, more))
    }

    /// Calls a method and is patient for so long; tells the code of the answer, or nothing where it goes on for longer than is read.
    pub fn call(&self, path: &str, message: &[u8], patience: Duration) -> Option<tonic::Code> {
        self.stream(path, [message], patience)
    }

    /// The same with as many messages as come.
    pub fn stream<'m>(
        &self,
        path: &str,
        messages: impl IntoIterator<Item = &'m [u8]>,
        patience: Duration,
    ) -> Option<tonic::Code> {
        let mut framed = Vec::new();
        for message in messages {
            framed.push(0);
            framed.extend_from_slice(&(message.len() as u32).to_be_bytes());
            framed.extend_from_slice(message);
        }
        let request = http::Request::post(format!("http://localhost{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .header("grpc-timeout", format!("{}m", patience.as_millis()))
            .header("daicho-actor-bin", STANDARD.encode("散歩課 担当"))
            .body(Body::new(Full::new(Bytes::from(framed))))
            .expect("a request");
        let service = ServiceBuilder::new()
            .layer(DeadlineLayer::new(PATIENCE))
            .layer(IdentifyLayer::new(Callers::unauthenticated()))
            .service(self.routes.clone());
        self.runtime.block_on(async {
            let answer = service.oneshot(request).await.expect("an answer");
            let (head, mut body) = answer.into_parts();
            if let Some(status) = tonic::Status::from_header_map(&head.headers) {
                return Some(status.code());
            }
            for _ in 0..FRAMES {
                let frame = tokio::time::timeout(NEXT_FRAME, body.frame())
                    .await
                    .ok()??;
                let frame = frame.expect("a whole answer");
                if let Some(trailers) = frame.trailers_ref() {
                    let status = tonic::Status::from_header_map(trailers);
                    return status.map(|status| status.code());
                }
            }
            None
        })
    }
}
