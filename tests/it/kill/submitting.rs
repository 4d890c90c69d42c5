//! A writer that does not wait for answers before it sends the next request.

use std::collections::VecDeque;

use daicho::api::v1::SubmitEventsRequest;
use daicho::api::v1::submit_events_response::Frame;
use tokio_stream::wrappers::ReceiverStream;

use super::*;

/// Requests that are sent ahead of their answers.
const AHEAD: usize = 24;

/// Sends what `next` makes until the server is gone. Returns what was not answered.
pub(super) async fn write(
    mut client: LedgerServiceClient<Channel>,
    mut next: impl FnMut() -> AppendEventsRequest,
    acknowledge: mpsc::Sender<Acknowledged>,
) -> Vec<AppendEventsRequest> {
    let (send, sent) = mpsc::channel(AHEAD);
    let mut unanswered = VecDeque::new();
    let mut send_next = |unanswered: &mut VecDeque<AppendEventsRequest>| {
        let request = next();
        let append = Some(request.clone());
        // Whether or not it still leaves this process, it was not answered.
        let _ = send.try_send(SubmitEventsRequest { append });
        unanswered.push_back(request);
    };
    for _ in 0..AHEAD {
        send_next(&mut unanswered);
    }
    let mut answers = match client
        .submit_events(by_tester(ReceiverStream::new(sent)))
        .await
    {
        Ok(answers) => answers.into_inner(),
        Err(status) => {
            assert_eq!(reason(&status), None, "refused: {status:?}");
            return unanswered.into();
        }
    };
    loop {
        let answer = match answers.message().await {
            Ok(Some(answer)) => answer,
            Ok(None) => panic!("the server ended the stream"),
            Err(status) => {
                assert_eq!(reason(&status), None, "ended: {status:?}");
                return unanswered.into();
            }
        };
        match answer.frame {
            Some(Frame::Appended(appended)) => {
                let request = unanswered.pop_front().unwrap();
                assert_eq!(answer.request_id, request.request_id);
                assert!(!appended.replayed, "a new request was taken for an old one");
                let receipt = appended.receipt.unwrap();
                // Nobody listens any more only if the test failed.
                let _ = acknowledge.send(Acknowledged { request, receipt }).await;
            }
            // A server that is asked to stop says how much it took.
            Some(Frame::Closing(closing)) => {
                assert_eq!(closing.taken, answer.index);
                return unanswered.into();
            }
            other => panic!("{other:?}"),
        }
        send_next(&mut unanswered);
    }
}
