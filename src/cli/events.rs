//! `daicho events`: events as they were recorded, once or without end.

use std::time::Duration;

use clap::{Args, Subcommand};
use serde_json::json;
use tonic::Status;

use crate::api::v1;
use crate::api::v1::event_batch::Content;
use crate::api::v1::subscribe_events_response::Frame;
use crate::cli::choice;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::json;
use crate::cli::render::event;
use crate::cli::session::Session;

/// Times in a row that a broken stream is taken up again without anything coming through.
const RESUMES_MAX: u32 = 5;
/// The wait before the first of them; each next one waits twice as long.
const RESUME_WAIT: Duration = Duration::from_secs(1);
/// Streams that one subscription can name, as the API has it.
const STREAMS_MAX: usize = 100;

/// How events are read.
#[derive(Clone, Debug, Subcommand)]
pub enum EventsCommand {
    /// Read events in order, up to now
    Read(ReadArgs),
    /// Read events in order and go on with new ones, until interrupted
    Follow(FollowArgs),
}

/// Arguments of `events read`.
#[derive(Args, Clone, Debug)]
pub struct ReadArgs {
    /// The first position
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    from: u64,
    /// The position to end before
    #[arg(long, value_name = "POSITION")]
    until: Option<u64>,
    /// Events at most
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// The stored bytes as they were hashed, instead of what they say
    #[arg(long)]
    leaves: bool,
}

/// Arguments of `events follow`.
#[derive(Args, Clone, Debug)]
pub struct FollowArgs {
    /// The first position; absent: what comes from now on
    #[arg(long, value_name = "POSITION")]
    from: Option<u64>,
    /// Events at most; then it ends
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Only of these types; may be repeated
    #[arg(long = "type", value_name = "TYPE", value_parser = choice::parser::<v1::EventType>())]
    types: Vec<v1::EventType>,
    /// Only of these goals; may be repeated
    #[arg(long, value_name = "GOAL")]
    goal: Vec<String>,
    /// The stored bytes as they were hashed, instead of what they say
    #[arg(long)]
    leaves: bool,
}

/// Does what was asked.
pub async fn run(session: &Session, command: &EventsCommand) -> Result<(), Failure> {
    match command {
        EventsCommand::Read(args) => read(session, args).await,
        EventsCommand::Follow(args) => follow(session, args).await,
    }
}

fn format(leaves: bool) -> v1::EventFormat {
    if leaves {
        v1::EventFormat::Leaves
    } else {
        v1::EventFormat::Events
    }
}

async fn read(session: &Session, args: &ReadArgs) -> Result<(), Failure> {
    let request = v1::ReadEventsRequest {
        from_position: args.from,
        until_position: args.until,
        limit: args.limit,
        format: format(args.leaves).into(),
        ..v1::ReadEventsRequest::default()
    };
    let mut stream = session.client.read_events(request).await?;
    let mut count = 0;
    let mut head = None;
    while let Some(message) = next(session, &mut stream).await? {
        head = message.head.or(head);
        if let Some(batch) = message.batch {
            count += print(session, batch, None)?;
        }
    }
    if !session.json {
        session
            .output
            .remark(&event::counted(&session.view, count, head.as_ref()));
    }
    Ok(())
}

async fn next<T>(
    session: &Session,
    stream: &mut tonic::Streaming<T>,
) -> Result<Option<T>, Failure> {
    stream
        .message()
        .await
        .map_err(|status| Failure::from_stream(session.language(), &status))
}

/// Prints a batch, at most `limit` events of it; returns how many.
fn print(session: &Session, batch: v1::EventBatch, limit: Option<u64>) -> Result<u64, Failure> {
    let limit = limit.unwrap_or(u64::MAX);
    let mut count = 0;
    match batch.content {
        Some(Content::Events(events)) => {
            for event in events.events {
                if limit <= count {
                    break;
                }
                if session.json {
                    session.print(&json::value(&event)?)?;
                } else {
                    session
                        .output
                        .answer_line(&event::line(&session.view, &event))?;
                }
                count += 1;
            }
        }
        Some(Content::Leaves(bytes)) => {
            let mut rest = bytes.as_ref();
            while !rest.is_empty() && count < limit {
                let leaf = leaf(&mut rest).ok_or_else(|| {
                    Failure::new(Exit::Fault, "a batch of stored leaves is cut short")
                })?;
                let position = batch.first_position + count;
                if session.json {
                    let leaf = hex::encode(leaf);
                    session.print(&json!({ "position": position, "leaf_hex": leaf }))?;
                } else {
                    session
                        .output
                        .answer_line(&event::leaf_line(position, leaf))?;
                }
                count += 1;
            }
        }
        None => {}
    }
    Ok(count)
}

/// Takes one leaf, preceded by its length, off the front.
fn leaf<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(prost::encoding::decode_varint(rest).ok()?).ok()?;
    let (leaf, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    Some(leaf)
}

async fn follow(session: &Session, args: &FollowArgs) -> Result<(), Failure> {
    if STREAMS_MAX < args.goal.len() {
        return Err(Failure::usage(format!("--goal: at most {STREAMS_MAX}")));
    }
    let mut following = Following {
        session,
        args,
        position: 0,
        count: 0,
    };
    following.position = match args.from {
        Some(position) => position,
        None => {
            let head = session.client.get_ledger().await?.head;
            head.map_or(0, |head| head.size)
        }
    };
    let mut resumes = 0;
    loop {
        let started_at = following.position;
        let ended = following.until_broken().await?;
        let Some(status) = ended else { return Ok(()) };
        if started_at < following.position {
            resumes = 0;
        }
        if RESUMES_MAX <= resumes || !is_broken(&status) {
            let position = following.position;
            let failure = Failure::from_stream(session.language(), &status);
            return Err(failure.hint(session.view.pick(
                format!("続きは daicho events follow --from {position}"),
                format!("go on with: daicho events follow --from {position}"),
            )));
        }
        session.output.remark(session.view.pick(
            "接続が切れました。続きを読み直します",
            "the connection broke; taking it up again",
        ));
        tokio::time::sleep(RESUME_WAIT * 2_u32.pow(resumes)).await;
        resumes += 1;
    }
}

/// Whether a stream that ended so can be taken up where it broke.
fn is_broken(status: &Status) -> bool {
    matches!(
        status.code(),
        tonic::Code::Unavailable | tonic::Code::Cancelled | tonic::Code::Unknown
    )
}

struct Following<'a> {
    session: &'a Session,
    args: &'a FollowArgs,
    position: u64,
    count: u64,
}

impl Following<'_> {
    /// Prints what comes. `None`: enough came; else how the stream ended.
    async fn until_broken(&mut self) -> Result<Option<Status>, Failure> {
        let request = v1::SubscribeEventsRequest {
            ledger: String::new(),
            from_position: self.position,
            format: format(self.args.leaves).into(),
            streams: self
                .args
                .goal
                .iter()
                .map(|goal| v1::StreamRef {
                    kind: v1::StreamKind::Goal.into(),
                    id: goal.clone(),
                })
                .collect(),
            types: self
                .args
                .types
                .iter()
                .map(|kind| i32::from(*kind))
                .collect(),
        };
        let mut stream = match self.session.client.subscribe(request).await {
            Ok(stream) => stream,
            Err(status) => return Ok(Some(status)),
        };
        loop {
            let message = match stream.message().await {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(Some(Status::unavailable("the server ended the stream"))),
                Err(status) => return Ok(Some(status)),
            };
            self.take(message)?;
            if self.args.limit.is_some_and(|limit| limit <= self.count) {
                return Ok(None);
            }
        }
    }

    fn take(&mut self, message: v1::SubscribeEventsResponse) -> Result<(), Failure> {
        let view = &self.session.view;
        match message.frame {
            Some(Frame::Batch(batch)) => {
                let left = self
                    .args
                    .limit
                    .map(|limit| limit.saturating_sub(self.count));
                self.count += print(self.session, batch, left)?;
            }
            Some(Frame::CaughtUp(_)) if !self.session.json => {
                let mark = view
                    .sample_mark()
                    .map_or_else(String::new, |mark| format!(" · {mark}"));
                let position = message.next_position;
                self.session.output.remark(&view.pick(
                    format!("位置 {position} まで読みました。新しいイベントを待っています{mark}"),
                    format!("read up to position {position}, waiting for new events{mark}"),
                ));
            }
            Some(Frame::Closing(closing)) => {
                let told = crate::cli::terminal::line(&closing.message);
                self.session.output.remark(&view.pick(
                    format!("サーバーが配信を終えます: {told}"),
                    format!("the server ends the stream: {told}"),
                ));
            }
            Some(Frame::CaughtUp(_) | Frame::FellBehind(_) | Frame::Heartbeat(_)) | None => {}
        }
        self.position = self.position.max(message.next_position);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_are_taken_one_by_one() {
        let mut rest: &[u8] = &[3, b'a', b'b', b'c', 0, 1, b'd'];
        assert_eq!(leaf(&mut rest), Some(b"abc".as_slice()));
        assert_eq!(leaf(&mut rest), Some(b"".as_slice()));
        assert_eq!(leaf(&mut rest), Some(b"d".as_slice()));
        assert_eq!(leaf(&mut rest), None);
        let mut short: &[u8] = &[9, b'a'];
        assert_eq!(leaf(&mut short), None);
    }
}
