//! Answers that come in pieces end when the credential of whoever reads them does.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

use crate::auth::Credential;
use crate::domain::text::Language;
use crate::grpc::status::Refusal;

/// The body of an answer. Its first piece always comes: what was done is told. Before each further one the credential is
/// looked at again.
pub(super) struct Guarded {
    body: Body,
    credential: Credential,
    language: Language,
    began: bool,
    is_over: bool,
}

impl Guarded {
    pub(super) fn new(body: Body, credential: Credential, language: Language) -> Self {
        Self {
            body,
            credential,
            language,
            began: false,
            is_over: false,
        }
    }
}

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(piece)) = &frame
            && piece.is_data()
            && std::mem::replace(&mut self.began, true)
            && let Err(why) = self.credential.check()
        {
            self.is_over = true;
            tracing::info!(%why, "an answer was ended");
            let status = Refusal::from(&why).into_status(self.language);
            let mut trailers = HeaderMap::new();
            let ended = status.add_header(&mut trailers);
            return Poll::Ready(Some(ended.map(|()| Frame::trailers(trailers))));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
