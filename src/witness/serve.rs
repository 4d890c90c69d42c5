//! A witness over HTTP, after C2SP tlog-witness.
//!
//! ```text
//! POST /add-checkpoint                      200 cosignature lines; 400 403 404 409 422 as there
//! GET  /<SHA-256 of the origin>/checkpoint  what was cosigned last of that log; 404 if nothing was
//! ```
//! Nobody is asked who they are: only what a known log signed is looked at twice, and only the log itself
//! loses if it asks wrongly.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::serve::Listener;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

use crate::clock::system_now;
use crate::merkle::witness::{ADD_CHECKPOINT_BYTES_MAX, KNOWN_SIZE_CONTENT_TYPE};
use crate::merkle::{AddCheckpoint, Refusal, SignedCheckpoint};
use crate::witness::{NotCosigned, Witness};

/// Connections open at once at most; others wait.
const CONNECTIONS_MAX: usize = 64;
/// How long a connection lives at most, however slowly it is used.
const CONNECTION_LIFE: Duration = Duration::from_secs(60);
/// How long to wait before accepting again when the machine has no more file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long open connections may take to end after the witness was told to stop.
const DRAIN: Duration = Duration::from_secs(5);

const TEXT: &str = "text/plain; charset=utf-8";

/// Serves `witness` until `stop` completes.
pub async fn serve(
    witness: Arc<Witness>,
    listener: TcpListener,
    stop: impl Future<Output = ()>,
) -> io::Result<()> {
    let routes = Router::new()
        .route("/add-checkpoint", post(add_checkpoint))
        .route("/{log}/checkpoint", get(latest))
        .layer(DefaultBodyLimit::max(ADD_CHECKPOINT_BYTES_MAX))
        .with_state(witness);
    let listener = Bounded {
        listener,
        places: Arc::new(Semaphore::new(CONNECTIONS_MAX)),
    };
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = axum::serve(listener, routes).with_graceful_shutdown(async {
        // The sender goes when it is time to stop.
        let _ = stopped.await;
    });
    let serving = serving.into_future();
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        () = stop => {}
    }
    drop(stopping);
    // Whoever keeps a connection open does not keep the witness from ending.
    tokio::time::timeout(DRAIN, serving).await.unwrap_or(Ok(()))
}

async fn add_checkpoint(State(witness): State<Arc<Witness>>, body: Bytes) -> Response {
    let request = match AddCheckpoint::parse(&body) {
        Ok(request) => request,
        Err(invalid) => return refused(invalid.status(), &invalid),
    };
    let seconds = u64::try_from(system_now().as_second()).unwrap_or(0);
    // Writing what was seen blocks. It goes on if the caller goes away: seen is seen.
    let cosigning = tokio::task::spawn_blocking(move || {
        let cosigned = witness.cosign(&request, seconds);
        (cosigned, request)
    });
    match cosigning.await {
        Ok((Ok(cosignatures), request)) => {
            let checkpoint = request.checkpoint().checkpoint();
            tracing::info!(
                origin = checkpoint.origin(),
                size = checkpoint.head().size,
                "cosigned"
            );
            ([(header::CONTENT_TYPE, TEXT)], cosignatures.to_string()).into_response()
        }
        Ok((Err(NotCosigned::Refused(refusal)), request)) => {
            let size = request.checkpoint().checkpoint().head().size;
            tracing::info!(size, status = refusal.status(), %refusal, "not cosigned");
            answer(&refusal)
        }
        Ok((Err(error), _)) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "the witness cannot cosign"
            );
            refused(500, &"the witness cannot cosign now")
        }
        Err(_) => refused(500, &"the witness cannot cosign now"),
    }
}

fn answer(refusal: &Refusal) -> Response {
    match refusal.body() {
        Some(size) => {
            let conflict = StatusCode::CONFLICT;
            (
                conflict,
                [(header::CONTENT_TYPE, KNOWN_SIZE_CONTENT_TYPE)],
                size,
            )
                .into_response()
        }
        None => refused(refusal.status(), refusal),
    }
}

fn refused(status: u16, why: &dyn std::fmt::Display) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, TEXT)], format!("{why}\n")).into_response()
}

async fn latest(State(witness): State<Arc<Witness>>, Path(log): Path<String>) -> Response {
    let of_log = move |seen: &SignedCheckpoint| {
        hex::encode(seen.checkpoint().origin_digest().as_bytes()) == log
    };
    // Somebody may be writing what was seen.
    match tokio::task::spawn_blocking(move || witness.seen_where(of_log)).await {
        Ok(Some(seen)) => ([(header::CONTENT_TYPE, TEXT)], seen.to_string()).into_response(),
        _ => refused(404, &"nothing was cosigned of a log with this digest"),
    }
}

/// Takes a bounded number of connections, each for a bounded time.
struct Bounded {
    listener: TcpListener,
    places: Arc<Semaphore>,
}

impl Listener for Bounded {
    type Io = Connection;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Connection, SocketAddr) {
        let place = loop {
            // The semaphore is never closed.
            if let Ok(place) = self.places.clone().acquire_owned().await {
                break place;
            }
        };
        loop {
            match self.listener.accept().await {
                Ok((stream, address)) => {
                    let connection = Connection {
                        stream,
                        life: Box::pin(tokio::time::sleep(CONNECTION_LIFE)),
                        _place: place,
                    };
                    return (connection, address);
                }
                Err(error) => {
                    tracing::warn!(
                        error = &error as &dyn std::error::Error,
                        "a connection was not accepted"
                    );
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// A connection that ends when its time is over, and gives its place back.
struct Connection {
    stream: TcpStream,
    life: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    fn over(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        match self.life.as_mut().poll(context) {
            Poll::Ready(()) => Err(io::ErrorKind::TimedOut.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.over(context)?;
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.over(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.over(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
