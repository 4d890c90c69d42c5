//! Logging: to standard error, one line an event.
//!
//! Names, codes and counts may be logged; the content of events, credentials and metadata may not. Texts from
//! outside cannot forge a line or move the cursor: control characters are written as escapes.

use std::io;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterFn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};
use tracing_subscriber::{Layer as _, fmt, registry};

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum LogFormat {
    /// For eyes.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

impl FromStr for LogFormat {
    type Err = InvalidLogFormat;

    fn from_str(text: &str) -> Result<Self, InvalidLogFormat> {
        match text {
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(InvalidLogFormat),
        }
    }
}

/// A log format has another name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be `text` or `json`")]
pub struct InvalidLogFormat;

/// Which events are logged: directives such as `info` or `warn,daicho::log=debug`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LogFilter(String);

impl Default for LogFilter {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl FromStr for LogFilter {
    type Err = InvalidLogFilter;

    fn from_str(text: &str) -> Result<Self, InvalidLogFilter> {
        if text.trim().is_empty() {
            return Err(InvalidLogFilter("is empty".to_owned()));
        }
        match EnvFilter::builder().parse(text) {
            Ok(_) => Ok(Self(text.to_owned())),
            Err(error) => Err(InvalidLogFilter(format!("is no filter: {error}"))),
        }
    }
}

/// A log filter cannot be read.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidLogFilter(String);

/// Lets so many lines of one kind a minute into the log and counts the others: whoever can cause a line from outside
/// could else fill a disk with it.
#[derive(Debug)]
pub struct LineLimit {
    per_minute: u32,
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    began: Option<Instant>,
    lines: u32,
    unlogged: u64,
}

impl LineLimit {
    const MINUTE: Duration = Duration::from_secs(60);

    /// So many lines a minute.
    pub fn per_minute(lines: u32) -> Self {
        Self {
            per_minute: lines,
            minute: Mutex::default(),
        }
    }

    /// Whether a line may be written now: then how many were not since the last.
    pub fn admit(&self) -> Option<u64> {
        self.admit_at(Instant::now())
    }

    fn admit_at(&self, now: Instant) -> Option<u64> {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |began: Instant| Self::MINUTE <= now.saturating_duration_since(began);
        if minute.began.is_none_or(is_over) {
            (minute.began, minute.lines) = (Some(now), 0);
        }
        if minute.lines == self.per_minute {
            minute.unlogged += 1;
            return None;
        }
        minute.lines += 1;
        Some(std::mem::take(&mut minute.unlogged))
    }
}

/// Sends what is logged from here on to standard error. Once for a process.
pub fn init(format: LogFormat, filter: &LogFilter) -> Result<(), TryInitError> {
    subscriber(format, filter, io::stderr).try_init()
}

fn subscriber<W>(
    format: LogFormat,
    filter: &LogFilter,
    writer: W,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let writer = Escaping(writer);
    let lines = match format {
        LogFormat::Text => fmt::layer().with_ansi(false).with_writer(writer).boxed(),
        LogFormat::Json => fmt::layer()
            .json()
            .with_ansi(false)
            .with_writer(writer)
            .boxed(),
    };
    // It was parsed before, so nothing is dropped here.
    let wanted = EnvFilter::builder().parse_lossy(&filter.0);
    registry().with(
        lines
            .with_filter(FilterFn::new(may_be_logged))
            .with_filter(wanted),
    )
}

/// Libraries speak no finer than `info`, however the filter is set: below it they print header fields, keys and
/// the bytes they carry, which are payloads and credentials.
fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    *metadata.level() <= Level::INFO || target == "daicho" || target.starts_with("daicho::")
}

/// Writes control characters and characters that change the direction of text as escapes; the escapes are also
/// those of JSON.
struct Escaping<W>(W);

impl<'a, W: MakeWriter<'a>> MakeWriter<'a> for Escaping<W> {
    type Writer = Escaping<W::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Escaping(self.0.make_writer())
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Escaping(self.0.make_writer_for(metadata))
    }
}

impl<W: io::Write> io::Write for Escaping<W> {
    /// `buffer` is a whole line: the formatter writes each event at once.
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(buffer);
        let (line, end) = match text.strip_suffix('\n') {
            Some(line) => (line, "\n"),
            None => (&*text, ""),
        };
        let mut escaped = String::with_capacity(text.len());
        for character in line.chars() {
            match character {
                c if c.is_control() || steers_direction(c) => {
                    escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
                }
                c => escaped.push(c),
            }
        }
        escaped.push_str(end);
        self.0.write_all(escaped.as_bytes())?;
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

fn steers_direction(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(buffer);
            Ok(buffer.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, filter: &str, events: impl FnOnce()) -> String {
        let captured = Captured::default();
        let writer = captured.clone();
        let subscriber = subscriber(format, &filter.parse().unwrap(), move || writer.clone());
        tracing::subscriber::with_default(subscriber, events);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn text_from_outside_stays_on_its_line() {
        let forged = "財務課\n2024-01-01 ERROR daicho: forged\u{1b}[2J\u{9b}1m\u{202e}";
        for format in [LogFormat::Text, LogFormat::Json] {
            let lines = logged(
                format,
                "info",
                || tracing::info!(actor = %forged, "{forged}"),
            );
            assert_eq!(lines.matches('\n').count(), 1, "{lines}");
            let content = lines.trim_end_matches('\n');
            assert!(
                !content.contains(|c: char| c.is_control() || steers_direction(c)),
                "{lines}"
            );
            assert!(lines.contains("財務課"), "{lines}");
        }
    }

    #[test]
    fn a_json_line_is_one_object() {
        let line = logged(LogFormat::Json, "info", || {
            tracing::info!(size = 3, "a\u{85}\u{202e}b")
        });
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["fields"]["message"], "a\u{85}\u{202e}b");
        assert_eq!(value["fields"]["size"], 3);
        assert_eq!(value["level"], "INFO");
    }

    #[test]
    fn libraries_never_speak_below_info() {
        let lines = logged(LogFormat::Text, "trace", || {
            tracing::debug!(target: "h2::codec", "header fields");
            tracing::trace!(target: "daichotomy", "not ours");
            tracing::info!(target: "h2::server", "a library's notice");
            tracing::trace!(target: "daicho::log", "our own trace");
        });
        assert!(!lines.contains("header fields"), "{lines}");
        assert!(!lines.contains("not ours"), "{lines}");
        assert!(lines.contains("a library's notice"), "{lines}");
        assert!(lines.contains("our own trace"), "{lines}");
    }

    #[test]
    fn the_filter_chooses() {
        let lines = logged(LogFormat::Text, "warn,daicho::log=debug", || {
            tracing::info!(target: "daicho::ledger", "left out");
            tracing::debug!(target: "daicho::log", "kept");
        });
        assert!(
            !lines.contains("left out") && lines.contains("kept"),
            "{lines}"
        );
    }

    #[test]
    fn lines_of_one_kind_are_limited_and_the_others_counted() {
        let limit = LineLimit::per_minute(2);
        let began = Instant::now();
        let at = |seconds| limit.admit_at(began + Duration::from_secs(seconds));
        assert_eq!(
            [at(0), at(1), at(2), at(59)],
            [Some(0), Some(0), None, None]
        );
        assert_eq!([at(60), at(61), at(62)], [Some(2), Some(0), None]);
    }

    #[test]
    fn formats_and_filters_are_checked() {
        assert_eq!("json".parse(), Ok(LogFormat::Json));
        assert_eq!("JSON".parse::<LogFormat>(), Err(InvalidLogFormat));
        assert!("daicho=loud".parse::<LogFilter>().is_err());
        assert!(" ".parse::<LogFilter>().is_err());
        assert!("warn,daicho=debug".parse::<LogFilter>().is_ok());
    }
}
