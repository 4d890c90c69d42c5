//! The least a durable gRPC server can do: the same service, each request appended to one file, one `fdatasync` for all
//! that wait. No checks, no hashes, no index: what is left of its speed is what the rest costs.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::pin::Pin;

use daicho::api::v1::ledger_service_server::{LedgerService, LedgerServiceServer};
use daicho::api::v1::{
    AppendEventsRequest, AppendEventsResponse, GetEventRequest, GetEventResponse, GetLedgerRequest,
    GetLedgerResponse, GetReceiptRequest, GetReceiptResponse, ReadEventsRequest,
    ReadEventsResponse, Receipt, RecordedEvent, SubmitEventsRequest, SubmitEventsResponse,
    SubscribeEventsRequest, SubscribeEventsResponse,
};
use futures::Stream;
use prost::Message as _;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status, Streaming};

use crate::Outcome;

/// Requests that may wait; more wait to be queued.
const QUEUE_MAX: usize = 4_096;
/// Bytes of one group.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Serves on a free port until it is killed.
pub(crate) async fn serve(file: &Path) -> Outcome<()> {
    let file = File::create_new(file)?;
    let (queue, requests) = mpsc::channel(QUEUE_MAX);
    std::thread::spawn(move || write(file, requests));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on {}", listener.local_addr()?);
    tonic::transport::Server::builder()
        .add_service(LedgerServiceServer::new(PlainFile { queue }))
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

/// An encoded request, how many events it holds, and who is told the first position once it is durable.
struct Waiting {
    record: Vec<u8>,
    events: u64,
    durable: oneshot::Sender<u64>,
}

fn write(mut file: File, mut requests: mpsc::Receiver<Waiting>) {
    let mut next = 0;
    while let Some(first) = requests.blocking_recv() {
        let mut bytes = Vec::new();
        let mut group = Vec::new();
        let mut waiting = Some(first);
        while let Some(request) = waiting {
            bytes.extend_from_slice(&request.record);
            group.push((request.durable, next));
            next += request.events;
            waiting = if bytes.len() < GROUP_BYTES_MAX {
                requests.try_recv().ok()
            } else {
                None
            };
        }
        if let Err(error) = file.write_all(&bytes).and_then(|()| file.sync_data()) {
            eprintln!("the file could not be written: {error}");
            return;
        }
        for (durable, position) in group {
            // The caller may be gone.
            let _ = durable.send(position);
        }
    }
}

struct PlainFile {
    queue: mpsc::Sender<Waiting>,
}

fn not_offered<T>() -> Result<T, Status> {
    Err(Status::unimplemented("a plain file only takes appends"))
}

type Messages<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl LedgerService for PlainFile {
    async fn append_events(
        &self,
        request: Request<AppendEventsRequest>,
    ) -> Result<Response<AppendEventsResponse>, Status> {
        let request = request.into_inner();
        let (durable, told) = oneshot::channel();
        let events = request.events.len() as u64;
        let waiting = Waiting {
            record: request.encode_length_delimited_to_vec(),
            events,
            durable,
        };
        let gone = || Status::unavailable("the file cannot be written");
        self.queue.send(waiting).await.map_err(|_| gone())?;
        let first_position = told.await.map_err(|_| gone())?;
        let events = request
            .events
            .into_iter()
            .zip(first_position..)
            .map(|(event, position)| RecordedEvent {
                event_id: event.event_id,
                position,
                ..RecordedEvent::default()
            })
            .collect::<Vec<_>>();
        let receipt = Receipt {
            request_id: request.request_id,
            ledger: request.ledger,
            first_position,
            size: first_position + events.len() as u64,
            events,
            ..Receipt::default()
        };
        Ok(Response::new(AppendEventsResponse {
            receipt: Some(receipt),
            ..AppendEventsResponse::default()
        }))
    }

    type SubmitEventsStream = Messages<SubmitEventsResponse>;

    async fn submit_events(
        &self,
        _: Request<Streaming<SubmitEventsRequest>>,
    ) -> Result<Response<Self::SubmitEventsStream>, Status> {
        not_offered()
    }

    async fn get_receipt(
        &self,
        _: Request<GetReceiptRequest>,
    ) -> Result<Response<GetReceiptResponse>, Status> {
        not_offered()
    }

    async fn get_event(
        &self,
        _: Request<GetEventRequest>,
    ) -> Result<Response<GetEventResponse>, Status> {
        not_offered()
    }

    type ReadEventsStream = Messages<ReadEventsResponse>;

    async fn read_events(
        &self,
        _: Request<ReadEventsRequest>,
    ) -> Result<Response<Self::ReadEventsStream>, Status> {
        not_offered()
    }

    type SubscribeEventsStream = Messages<SubscribeEventsResponse>;

    async fn subscribe_events(
        &self,
        _: Request<SubscribeEventsRequest>,
    ) -> Result<Response<Self::SubscribeEventsStream>, Status> {
        not_offered()
    }

    async fn get_ledger(
        &self,
        _: Request<GetLedgerRequest>,
    ) -> Result<Response<GetLedgerResponse>, Status> {
        not_offered()
    }
}
