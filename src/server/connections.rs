//! Connections as they come in: counted, encrypted where that is asked for, and closed if they keep silent.
//!
//! Whatever has to be waited for before a call can come (a handshake, the first bytes) is waited for beside the others, and not for
//! long: where many wait, the oldest is closed for the next, so that who keeps silent keeps nobody out. Then a connection takes one
//! of a limited number of places, of which no address can have all, and gives it back when it ends, however it ends.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::transport::server::Connected;

use crate::auth;
use crate::auth::{Tls, network};
use crate::places::{Place, Places};
use crate::telemetry::LineLimit;

/// Connections that an address may have however many there are; IPv6: a network of 64 bits.
const FEW: usize = 64;
/// How long to wait before accepting again when the machine has no more file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How long a connection, where it is encrypted after its handshake, may take to say that it speaks HTTP/2.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How every connection begins that speaks HTTP/2 (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Connections that were not made, told in a minute; more are counted.
const LINES_PER_MINUTE: u32 = 60;

/// How many connections there can be at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Room {
    /// That no call can come over yet; beyond that the oldest of them is closed.
    pub(super) opening: usize,
    /// That calls can come over; further ones are closed.
    pub(super) open: usize,
}

/// Connections that calls can come over, as many as there is room for; encrypted where there is `tls`.
pub(super) fn incoming(
    listener: TcpListener,
    room: Room,
    tls: Option<Arc<Tls>>,
) -> impl Stream<Item = std::io::Result<Connection>> {
    let door = Door {
        listener,
        places: Places::new(room.open, FEW),
        tls,
        opening_max: room.opening,
        opening: JoinSet::new(),
        by_age: VecDeque::new(),
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
    places: Arc<Places<IpAddr>>,
    tls: Option<Arc<Tls>>,
    opening_max: usize,
    /// Those that no call can come over yet. They end with the door.
    opening: JoinSet<Option<Connection>>,
    /// The same, the oldest first, with some that are not any more.
    by_age: VecDeque<AbortHandle>,
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
                (stream, remote) = accept(&self.listener, &self.lines) => self.open(stream, remote),
            }
        }
    }

    /// Begins what has to be waited for.
    fn open(&mut self, stream: TcpStream, remote: SocketAddr) {
        if self.opening_max <= self.by_age.len() {
            self.by_age.retain(|opening| !opening.is_finished());
        }
        if self.opening_max <= self.by_age.len()
            && let Some(oldest) = self.by_age.pop_front()
        {
            oldest.abort();
        }
        let (places, tls, lines) = (self.places.clone(), self.tls.clone(), self.lines.clone());
        let opening = self.opening.spawn(async move {
            let connection = open(stream, remote, tls, &places).await;
            if let Err(why) = &connection
                && let Some(unlogged) = lines.admit()
            {
                let remote = remote.to_string();
                tracing::info!(remote, why, unlogged, "a connection was not made");
            }
            connection.ok()
        });
        self.by_age.push_back(opening);
    }
}

/// The next connection. Nothing is lost where it is dropped.
async fn accept(listener: &TcpListener, lines: &LineLimit) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                if let Some(unlogged) = lines.admit() {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, unlogged, "a connection was not accepted");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Makes a connection of what was accepted, or says why not.
async fn open(
    stream: TcpStream,
    remote: SocketAddr,
    tls: Option<Arc<Tls>>,
    places: &Arc<Places<IpAddr>>,
) -> Result<Connection, String> {
    // Small answers must not wait for more to send.
    let _ = stream.set_nodelay(true);
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
    let place = places.take(network(remote.ip()));
    let place = place.ok_or("there are too many connections, or too many from there")?;
    Ok(Connection {
        greeting: PREFACE,
        stream,
        known: auth::Connection {
            remote: Some(remote),
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
    _place: Place<IpAddr>,
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
