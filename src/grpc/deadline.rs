//! How long a call may take that no handler has answered: until its message has come whole as long as the server's own limit, and all
//! of it as long as the caller says (`grpc-timeout`), held before the transport holds it.
//!
//! The transport ends a call at the limit with CANCELLED and no reason. So an answer is given up a little
//! earlier, with its reason: first by the handler, which knows what it has begun; else here, where a call
//! ends whose message never came whole.

use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures::future::{BoxFuture, FutureExt as _};
use http::{HeaderMap, Request, Response};
use tonic::body::Body;
use tower::{Layer, Service};

use crate::grpc::access_table::{Stream, stream};
use crate::grpc::language;
use crate::grpc::status::{Refusal, ServiceReason};

mod arriving;

use arriving::Arriving;

/// How long before the caller's limit a handler gives up.
const HANDLER_MARGIN: Duration = Duration::from_millis(2);
/// How long before the caller's limit a call ends that no handler has answered. Timers tell milliseconds
/// apart, so this comes after the handler and before the transport, however late either is woken.
const MARGIN: Duration = Duration::from_millis(1);

/// When a call came in, before any of its message was read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival(pub(super) Instant);

/// The instant by which a handler has to answer, if the caller says one.
pub(super) fn of_handler(headers: &HeaderMap, arrival: Instant) -> Option<Instant> {
    limit(headers).map(|limit| arrival + limit.saturating_sub(HANDLER_MARGIN))
}

/// Notes when calls come in and ends those that no handler could answer in time.
#[derive(Clone, Copy, Debug)]
pub struct DeadlineLayer {
    /// Within which the message of a call has to come whole, where it is one.
    patience: Duration,
}

impl DeadlineLayer {
    /// The message of a call, where it is one, has to come whole within `patience`.
    pub fn new(patience: Duration) -> Self {
        Self { patience }
    }
}

/// See [`DeadlineLayer`].
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    patience: Duration,
    inner: S,
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Deadline {
            patience: self.patience,
            inner,
        }
    }
}

impl<S> Service<Request<Body>> for Deadline<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let arrival = Instant::now();
        request.extensions_mut().insert(Arrival(arrival));
        let limit = limit(request.headers());
        let language = language::preferred(request.headers());
        if stream(request.uri().path()) != Some(Stream::Requests) {
            let end = arrival + self.patience;
            request = request.map(|body| Body::new(Arriving::new(body, end, language)));
        }
        let answer = self.inner.call(request);
        let Some(limit) = limit else {
            return answer.boxed();
        };
        let end = arrival + limit.saturating_sub(MARGIN);
        async move {
            let answer = tokio::time::timeout_at(end.into(), answer).await;
            answer.unwrap_or_else(|_| {
                let late = Refusal::new(ServiceReason::DeadlinePassed);
                Ok(late.into_status(language).into_http())
            })
        }
        .boxed()
    }
}

/// The caller's limit, if it says one that the protocol knows.
fn limit(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || 8 < digits.len() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3_600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(text: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-timeout"),
            HeaderValue::from_static(text),
        )])
    }

    #[test]
    fn a_callers_limit_is_taken_only_in_the_protocols_form() {
        let of = |text| limit(&headers(text));
        assert_eq!(of("5S"), Some(Duration::from_secs(5)));
        assert_eq!(of("0n"), Some(Duration::ZERO));
        assert_eq!(
            of("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3_600))
        );
        for text in ["-1S", "1", "abc", "123456789S", "S", "5s"] {
            assert_eq!(of(text), None, "{text}");
        }
    }

    #[test]
    fn a_handlers_time_counts_from_the_calls_arrival() {
        let arrival = Instant::now();
        let end = of_handler(&headers("50m"), arrival);
        assert_eq!(end, Some(arrival + Duration::from_millis(48)));
        assert_eq!(of_handler(&headers("1m"), arrival), Some(arrival));
        assert_eq!(of_handler(&HeaderMap::new(), arrival), None);
    }
}
