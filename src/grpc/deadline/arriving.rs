//! The message of a call has to come whole within a time: else whoever sends half of one keeps a place for ever.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::time::Sleep;
use tonic::Status;
use tonic::body::Body;

use crate::domain::text::Language;
use crate::grpc::status::{Refusal, ServiceReason};

/// The body of a request, up to an instant.
pub(super) struct Arriving {
    body: Body,
    end: Instant,
    language: Language,
    /// Of those that have to wait: most are there with their call.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Arriving {
    pub(super) fn new(body: Body, end: Instant, language: Language) -> Self {
        Self {
            body,
            end,
            language,
            timer: None,
        }
    }
}

impl http_body::Body for Arriving {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame);
        }
        let end = self.end;
        let timer = || Box::pin(tokio::time::sleep_until(end.into()));
        ready!(self.timer.get_or_insert_with(timer).as_mut().poll(context));
        let late = Refusal::new(ServiceReason::DeadlinePassed);
        Poll::Ready(Some(Err(late.into_status(self.language))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
