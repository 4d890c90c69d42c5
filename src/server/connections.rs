//! Connections as they come in: counted, encrypted where that is asked for, and closed if they keep silent.
//!
//! A connection takes one of a limited number of places before it is accepted and gives it back when it ends, however it
//! ends. Whatever has to be waited for before a call can come (a handshake, the first byte) is waited for beside the
//! others, and not for long.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::auth;
use crate::auth::Tls;
use crate::telemetry::LineLimit;

/// How long to wait before accepting again when the machine has no more file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection, where it is encrypted after its handshake, may take to say that it speaks HTTP/2.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How every connection begins that speaks HTTP/2 (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Connections that were not made, told in a minute; more are counted.
const LINES_PER_MINUTE: u32 = 60;

/// Connections that calls can come over, no more than `connections_max` at once with those that are being made; encrypted
/// where there is `tls`.
pub(super) fn incoming(
    listener: TcpListener,
    connections_max: usize,
    tls: Option<Arc<Tls>>,
) -> impl Stream<Item = std::io::Result<Connection>> {
    let door = Door {
        listener,
        places: Arc::new(Semaphore::new(connections_max)),
        tls,
        opening: JoinSet::new(),
        lines: Arc::new(LineLimit::per_minute(LINES_PER_MINUTE)),
    };
    let connections = futures::stream::unfold(door, |mut door| async move {
        let connection = door.next().await;
        Some((Ok(connection), door))
    });
    Box::pin(connections)
}

/// Where connections come in.
struct Door {
    listener: TcpListener,
    places: Arc<Semaphore>,
    tls: Option<Arc<Tls>>,
    /// Those that no call can come over yet. They end with the door.
    opening: JoinSet<Option<Connection>>,
    lines: Arc<LineLimit>,
}

impl Door {
    async fn next(&mut self) -> Connection {
        loop {
            tokio::select! {
                Some(opened) = self.opening.join_next() => {
                    if let Ok(Some(connection)) = opened {
                        return connection;
                    }
                }
                (stream, place) = accept(&self.listener, &self.places) => {
                    let (tls, lines) = (self.tls.clone(), self.lines.clone());
                    self.opening.spawn(async move {
                        let remote = stream.peer_addr().ok();
                        let connection = open(stream, place, tls).await;
                        if let Err(why) = &connection && let Some(unlogged) = lines.admit() {
                            let remote = remote.map(|remote| remote.to_string());
                            tracing::info!(remote, why, unlogged, "a connection was not made");
                        }
                        connection.ok()
                    });
                }
            }
        }
    }
}

/// The next connection with its place. Nothing is lost where it is dropped.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = places.clone().acquire_owned().await else {
            // The semaphore is never closed.
            std::future::pending::<()>().await;
            continue;
        };
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
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

/// Makes a connection of what was accepted, or says why not.
async fn open(
    stream: TcpStream,
    place: OwnedSemaphorePermit,
    tls: Option<Arc<Tls>>,
) -> Result<Connection, String> {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
    let remote = stream.peer_addr().ok();
    let (stream, certificate) = match tls {
        None => {
            let mut stream = stream;
            greeted(&mut stream).await?;
            (Transport::Plain(stream), None)
        }
        Some(tls) => {
            let handshake = TlsAcceptor::from(tls.server_config()).accept(stream);
            let mut stream = timeout(Tls::HANDSHAKE_TIMEOUT, handshake)
                .await
                .map_err(|_| "the handshake took too long".to_owned())?
                .map_err(|error| error.to_string())?;
            let (_, session) = stream.get_ref();
            if session.alpn_protocol().is_none() {
                return Err("the client does not ask for HTTP/2".to_owned());
            }
            let certificate = session.peer_certificates().map(|chain| tls.client(chain));
            let certificate = certificate.transpose().map_err(|error| error.to_string())?;
            greeted(&mut stream).await?;
            (
                Transport::Encrypted(Box::new(stream)),
                certificate.map(Arc::new),
            )
        }
    };
    Ok(Connection {
        greeting: PREFACE,
        stream,
        known: auth::Connection {
            remote,
            certificate,
        },
        _place: place,
    })
}

/// Waits until the client has said that it speaks HTTP/2: whoever only holds a place loses it.
async fn greeted(stream: &mut (impl AsyncRead + Unpin)) -> Result<(), String> {
    let greeting = async {
        let (mut said, mut length) = ([0; PREFACE.len()], 0);
        while length < PREFACE.len() {
            match stream.read(&mut said[length..]).await {
                Ok(0) | Err(_) => return Err("closed before a call could be made".to_owned()),
                Ok(more) => length += more,
            }
            if said[..length] != PREFACE[..length] {
                return Err("the client does not speak HTTP/2".to_owned());
            }
        }
        Ok(())
    };
    let greeted = timeout(SILENCE_MAX, greeting).await;
    greeted.unwrap_or_else(|_| Err("the client does not say what it speaks".to_owned()))
}

/// A connection that gives its place back when it ends.
pub(super) struct Connection {
    /// What was read already and is still to be handed on.
    greeting: &'static [u8],
    stream: Transport,
    known: auth::Connection,
    _place: OwnedSemaphorePermit,
}

enum Transport {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Connected for Connection {
    type ConnectInfo = auth::Connection;

    fn connect_info(&self) -> Self::ConnectInfo {
        self.known.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if !self.greeting.is_empty() {
            let fits = self.greeting.len().min(buffer.remaining());
            let (now, later) = self.greeting.split_at(fits);
            buffer.put_slice(now);
            self.greeting = later;
            return Poll::Ready(Ok(()));
        }
        match &mut self.stream {
            Transport::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Transport::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        match &mut self.stream {
            Transport::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.stream {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(context),
            Transport::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        match &mut self.stream {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        match &mut self.stream {
            Transport::Plain(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
            Transport::Encrypted(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Encrypted(stream) => stream.is_write_vectored(),
        }
    }
}
