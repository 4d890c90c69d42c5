//! The least a server can do that answers a question: the same bytes to everybody, without a look at anything.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{BufMut as _, Bytes};
use daicho::api::v1::GetGoalRequest;
use prost::Message as _;
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use crate::Outcome;

/// Serves on a free port until it is killed; what the file holds is the answer to every GetGoal.
pub(crate) async fn serve(file: &Path) -> Outcome<()> {
    let answer = Bytes::from(std::fs::read(file)?);
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("listening on {}", listener.local_addr()?);
    tonic::transport::Server::builder()
        .add_service(Echo { answer })
        .serve_with_incoming(TcpIncoming::from(listener).with_nodelay(Some(true)))
        .await?;
    Ok(())
}

#[derive(Clone)]
struct Echo {
    answer: Bytes,
}

impl NamedService for Echo {
    const NAME: &'static str = "daicho.v1.GoalService";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let answer = Always(self.answer.clone());
        Box::pin(async move { Ok(Grpc::new(AsItIs).unary(answer, request).await) })
    }
}

/// Whatever is asked, this.
struct Always(Bytes);

impl UnaryService<GetGoalRequest> for Always {
    type Response = Bytes;
    type Future = Ready<Result<Response<Bytes>, Status>>;

    fn call(&mut self, _: Request<GetGoalRequest>) -> Self::Future {
        ready(Ok(Response::new(self.0.clone())))
    }
}

/// Reads the question, and writes an answer that is encoded already.
struct AsItIs;

impl Codec for AsItIs {
    type Encode = Bytes;
    type Decode = GetGoalRequest;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for AsItIs {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, answer: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(answer);
        Ok(())
    }
}

impl Decoder for AsItIs {
    type Item = GetGoalRequest;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<GetGoalRequest>, Status> {
        let question = GetGoalRequest::decode(from);
        question
            .map(Some)
            .map_err(|_| Status::internal("no question"))
    }
}
