//! How many calls are carried out at once.
//!
//! Appends, other calls with one answer, and calls that last have places of their own, so that no sort keeps the others out, and no
//! caller keeps out others of his sort ([`Places`]). Whoever gets none is told to come again a little later. Whether the server
//! works is told without a place.

use std::hash::{BuildHasher as _, RandomState};
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt as _};
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tonic::body::Body;
use tower::{Layer, Service};

use crate::grpc::access_table::{self, Access};
use crate::grpc::identify::Identified;
use crate::grpc::language;
use crate::grpc::status::Refusal;
use crate::places::{Place, Places};
use crate::telemetry::LineLimit;

/// Appends, erasures included, that are carried out at once.
const APPENDS: usize = 1_024;
/// Other calls with one answer.
const QUESTIONS: usize = 1_024;
/// Calls that last.
const STREAMS: usize = 4_096;
/// What a caller may have of each sort, however many places are taken.
const FEW: usize = 16;
/// Refusals that are logged in a minute; more are counted.
const LINES_PER_MINUTE: u32 = 60;

/// A caller, as a number that nobody outside can choose.
type Caller = u64;

/// Lets in as many calls as there are places.
#[derive(Clone, Debug)]
pub struct AdmissionLayer(Arc<Sorts>);

/// See [`AdmissionLayer`].
#[derive(Clone, Debug)]
pub struct Admission<S> {
    sorts: Arc<Sorts>,
    inner: S,
}

#[derive(Debug)]
struct Sorts {
    appends: Arc<Places<Caller>>,
    questions: Arc<Places<Caller>>,
    streams: Arc<Places<Caller>>,
    numbers: RandomState,
    lines: LineLimit,
}

impl Default for AdmissionLayer {
    fn default() -> Self {
        Self::of(APPENDS, QUESTIONS, STREAMS, FEW)
    }
}

impl AdmissionLayer {
    fn of(appends: usize, questions: usize, streams: usize, few: usize) -> Self {
        Self(Arc::new(Sorts {
            appends: Places::new(appends, few),
            questions: Places::new(questions, few),
            streams: Places::new(streams, few),
            numbers: RandomState::new(),
            lines: LineLimit::per_minute(LINES_PER_MINUTE),
        }))
    }
}

impl<S> Layer<S> for AdmissionLayer {
    type Service = Admission<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Admission {
            sorts: self.0.clone(),
            inner,
        }
    }
}

impl<S> Service<Request<Body>> for Admission<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Some((places, lasts)) = self.sorts.of(&request) else {
            return self.inner.call(request).boxed();
        };
        let identified: Option<&Identified> = request.extensions().get();
        let caller = identified.map(|Identified { actor, .. }| (&actor.issuer, &actor.subject));
        let Some(place) = places.take(self.sorts.numbers.hash_one(caller)) else {
            self.sorts.log(&request);
            let refusal = Refusal::overloaded();
            let status = refusal.into_status(language::preferred(request.headers()));
            return std::future::ready(Ok(status.into_http())).boxed();
        };
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            if lasts {
                answer.map(|answer| answer.map(|body| holding(body, place)))
            } else {
                drop(place);
                answer
            }
        }
        .boxed()
    }
}

impl Sorts {
    /// Where a call needs a place, and whether it keeps it until its answer was taken; `None`: it needs none.
    fn of(&self, request: &Request<Body>) -> Option<(&Arc<Places<Caller>>, bool)> {
        let path = request.uri().path();
        let access = match request.extensions().get() {
            Some(Identified { access, .. }) => Some(*access),
            None => access_table::access(path),
        };
        match access? {
            Access::Health => None,
            _ if access_table::stream(path).is_some() => Some((&self.streams, true)),
            Access::Append | Access::Erase => Some((&self.appends, false)),
            _ => Some((&self.questions, false)),
        }
    }

    fn log(&self, request: &Request<Body>) {
        let Some(unlogged) = self.lines.admit() else {
            return;
        };
        let identified: Option<&Identified> = request.extensions().get();
        tracing::warn!(
            method = request.uri().path(),
            caller = identified.map(|Identified { actor, .. }| actor.subject.as_str()),
            unlogged,
            "a call was refused: too many are carried out"
        );
    }
}

/// The body of an answer that keeps its place until all of it was taken.
fn holding(body: Body, place: Place<Caller>) -> Body {
    Body::new(body.map_frame(move |frame| {
        let _held = &place;
        frame
    }))
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use bytes::Bytes;
    use http_body::Frame;
    use tonic::{Code, Status};
    use tower::{ServiceExt as _, service_fn};

    use super::*;
    use crate::domain::testing::person;

    const APPEND: &str = "/daicho.v1.LedgerService/AppendEvents";
    const GET: &str = "/daicho.v1.GoalService/GetGoal";
    const FOLLOW: &str = "/daicho.v1.LedgerService/SubscribeEvents";
    const CHECK: &str = "/grpc.health.v1.Health/Check";

    fn request(path: &str, subject: &str) -> Request<Body> {
        let mut request = Request::post(path).body(Body::empty()).unwrap();
        if path != CHECK {
            let actor = person(subject);
            let access = access_table::access(path).unwrap();
            request
                .extensions_mut()
                .insert(Identified { actor, access });
        }
        request
    }

    /// An answer that goes on.
    struct Lasting;

    impl http_body::Body for Lasting {
        type Data = Bytes;
        type Error = Status;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
            Poll::Pending
        }
    }

    /// What somebody gets from a service that answers at once.
    async fn asked(layer: &AdmissionLayer, path: &str, subject: &str) -> Response<Body> {
        let answer = |_| std::future::ready(Ok::<_, Status>(Response::new(Body::new(Lasting))));
        let service = layer.layer(service_fn(answer));
        service.oneshot(request(path, subject)).await.unwrap()
    }

    fn code(answer: &Response<Body>) -> Code {
        Status::from_header_map(answer.headers()).map_or(Code::Ok, |status| status.code())
    }

    #[tokio::test]
    async fn who_gets_no_place_is_told_and_others_and_other_calls_are_carried_out() {
        let layer = AdmissionLayer::of(4, 4, 4, 1);
        let mut under_way = Vec::new();
        for _ in 0..2 {
            let service = service_fn(|_| std::future::pending::<Result<Response<Body>, Status>>());
            let mut call = layer
                .layer(service)
                .oneshot(request(APPEND, "greedy"))
                .boxed();
            assert!((&mut call).now_or_never().is_none());
            under_way.push(call);
        }
        let of = async |path, subject| code(&asked(&layer, path, subject).await);
        assert_eq!(of(APPEND, "greedy").await, Code::ResourceExhausted);
        assert_eq!(of(APPEND, "other").await, Code::Ok);
        assert_eq!(of(GET, "greedy").await, Code::Ok);
        assert_eq!(of(CHECK, "greedy").await, Code::Ok);
        under_way.pop();
        assert_eq!(of(APPEND, "greedy").await, Code::Ok);
    }

    #[tokio::test]
    async fn a_call_that_lasts_keeps_its_place_until_its_answer_is_dropped() {
        let layer = AdmissionLayer::of(1, 1, 1, 1);
        let first = asked(&layer, FOLLOW, "one").await;
        assert_eq!(code(&first), Code::Ok);
        let refused = asked(&layer, FOLLOW, "two").await;
        assert_eq!(code(&refused), Code::ResourceExhausted);
        assert_eq!(code(&asked(&layer, CHECK, "two").await), Code::Ok);
        drop(first);
        let second = asked(&layer, FOLLOW, "two").await;
        assert_eq!(code(&second), Code::Ok);
    }
}
