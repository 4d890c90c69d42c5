//! Stream files: all events of one stream, with the proof that there are no others.
//!
//! ```text
//! daicho/stream-proof@v1
//! stream <kind, decimal> <id, UUID in lower case>
//! row <index, decimal> <base64 of the row>   the stream's row; or the rows before and after its place
//! <base64 hash>                              none or more, of the tree of heads, the row's sibling first
//! event <base64 of the leaf>                 each event that the row counts, in order
//! later <position, decimal> <base64>         each event of the stream after those, as far as they are known
//! <base64 hash>                              none or more, of the ledger's tree
//!                                            one blank line
//! <tlog-proof of the event that records the heads, with its leaf>
//! ```
//! A ledger records where every stream stands ([`heads`](crate::merkle::heads)) as an event of its own; this file leads from
//! the stream's events over its row to that event, and from there to a signed checkpoint. What an event says is not known
//! here.

use std::fmt::{self, Write as _};

use crate::merkle::canonical::{Lines, decimal, from_base64, to_base64, utf8};
use crate::merkle::hash::Hash;
use crate::merkle::heads::{ProvenRow, StreamHead, StreamKey, StreamProof};
use crate::merkle::proof::PROOF_HASHES_MAX;
use crate::merkle::proof_file::{EXTRA_BYTES_MAX, InvalidProofFile, ProofFile};

/// Events of a stream that one file holds at most.
pub const STREAM_EVENTS_MAX: usize = 100_000;
/// The longest stream file, in bytes.
pub const STREAM_FILE_BYTES_MAX: usize = 256 * 1024 * 1024;

const HEADER: &str = "daicho/stream-proof@v1";

/// The events of a stream with their proofs, not verified yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct StreamFile {
    /// Which stream.
    pub stream: StreamKey,
    /// What the recorded heads say of it.
    pub proof: StreamProof,
    /// The stored bytes of each event that its row counts, in order.
    pub events: Vec<Vec<u8>>,
    /// Each event after those, in order.
    pub later: Vec<LaterEvent>,
    /// The event that records the heads.
    pub recording: ProofFile,
}

/// An event that no recorded row counts, with its own proof.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LaterEvent {
    /// Its position in the ledger.
    pub position: u64,
    /// Its stored bytes.
    pub leaf: Vec<u8>,
    /// Its inclusion proof in the tree of the file's checkpoint.
    pub hashes: Vec<Hash>,
}

/// The bytes are not a stream file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidStreamFile {
    /// More bytes than a file may have.
    #[error("{found} bytes, expected at most {STREAM_FILE_BYTES_MAX}")]
    TooLong {
        /// The number of bytes found.
        found: usize,
    },
    /// Not UTF-8.
    #[error("line {line}: expected UTF-8")]
    NotUtf8 {
        /// Which line, from 1.
        line: usize,
    },
    /// Another first line.
    #[error("line 1: expected `{HEADER}`")]
    Header,
    /// No stream.
    #[error("line 2: expected `stream`, the number of a kind and an id")]
    Stream,
    /// A line that does not belong there.
    #[error("line {line}: not what can follow here")]
    Line {
        /// Which line, from 1.
        line: usize,
    },
    /// More events than a file may hold.
    #[error("line {line}: expected at most {STREAM_EVENTS_MAX} events")]
    TooManyEvents {
        /// Which line, from 1.
        line: usize,
    },
    /// More hashes than a proof may have.
    #[error("line {line}: expected at most {PROOF_HASHES_MAX} hashes")]
    TooManyHashes {
        /// Which line, from 1.
        line: usize,
    },
    /// Rows that are neither the stream's nor those around its place.
    #[error("expected the stream's row, or those before and after its place")]
    Rows,
    /// The proof of the recording is none.
    #[error("the proof from line {first_line} on: {fault}")]
    Recording {
        /// The line that it begins at, from 1.
        first_line: usize,
        /// What is wrong with it.
        fault: InvalidProofFile,
    },
}

/// What the hashes that come next belong to.
enum Part {
    Row,
    Event,
    Later,
}

impl StreamFile {
    /// The stream file that these bytes are. Nothing is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidStreamFile> {
        let found = bytes.len();
        if STREAM_FILE_BYTES_MAX < found {
            return Err(InvalidStreamFile::TooLong { found });
        }
        let text = utf8(bytes).map_err(|line| InvalidStreamFile::NotUtf8 { line })?;
        let mut lines = Lines::new(text);
        if lines.next() != Some(HEADER) {
            return Err(InvalidStreamFile::Header);
        }
        let stream = lines.next().and_then(stream_of);
        let stream = stream.ok_or(InvalidStreamFile::Stream)?;
        let (mut rows, mut events, mut later) = (Vec::<ProvenRow>::new(), Vec::new(), Vec::new());
        let mut part = None;
        loop {
            let line = 1 + lines.number();
            let wrong = InvalidStreamFile::Line { line };
            let text = lines.next().ok_or(wrong)?;
            if STREAM_EVENTS_MAX < events.len() + later.len() {
                return Err(InvalidStreamFile::TooManyEvents { line });
            }
            part = Some(match (text.split_once(' '), part) {
                (None, _) if text.is_empty() => break,
                (None, Some(part)) => {
                    let hashes = match part {
                        Part::Row => rows.last_mut().map(|row| &mut row.hashes),
                        Part::Later => later
                            .last_mut()
                            .map(|later: &mut LaterEvent| &mut later.hashes),
                        Part::Event => None,
                    };
                    let hashes: &mut Vec<Hash> = hashes.ok_or(wrong)?;
                    if PROOF_HASHES_MAX <= hashes.len() {
                        return Err(InvalidStreamFile::TooManyHashes { line });
                    }
                    hashes.push(Hash::from_base64(text).map_err(|_| wrong)?);
                    part
                }
                (Some(("row", row)), None | Some(Part::Row)) if rows.len() < 2 => {
                    rows.push(row_of(row).ok_or(wrong)?);
                    Part::Row
                }
                (Some(("event", leaf)), None | Some(Part::Row | Part::Event)) => {
                    events.push(leaf_of(leaf).ok_or(wrong)?);
                    Part::Event
                }
                (Some(("later", leaf)), _) => {
                    let (position, leaf) = leaf.split_once(' ').ok_or(wrong)?;
                    later.push(LaterEvent {
                        position: decimal(position).ok_or(wrong)?,
                        leaf: leaf_of(leaf).ok_or(wrong)?,
                        hashes: Vec::new(),
                    });
                    Part::Later
                }
                _ => return Err(wrong),
            });
        }
        let first_line = 1 + lines.number();
        let recording = ProofFile::parse(lines.rest().as_bytes());
        let recording =
            recording.map_err(|fault| InvalidStreamFile::Recording { first_line, fault })?;
        Ok(Self {
            stream,
            proof: proof_of(&stream, rows).ok_or(InvalidStreamFile::Rows)?,
            events,
            later,
            recording,
        })
    }
}

/// The lines that a file begins with: the stream, and what the heads say of it.
pub fn beginning(stream: &StreamKey, proof: &StreamProof) -> String {
    let mut text = format!(
        "{HEADER}\nstream {} {}\n",
        stream.kind,
        hyphenated(&stream.id)
    );
    let rows = match proof {
        StreamProof::Present(row) => [Some(row), None],
        StreamProof::Absent { before, after } => [before.as_ref(), after.as_ref()],
    };
    for row in rows.into_iter().flatten() {
        let _ = writeln!(text, "row {} {}", row.index, to_base64(&row.row.encode()));
        hashes(&mut text, &row.hashes);
    }
    text
}

/// The line of an event that the row counts.
pub fn event(leaf: &[u8]) -> String {
    format!("event {}\n", to_base64(leaf))
}

/// The lines of an event after those.
pub fn later(event: &LaterEvent) -> String {
    let mut text = format!("later {} {}\n", event.position, to_base64(&event.leaf));
    hashes(&mut text, &event.hashes);
    text
}

/// What a file ends with.
pub fn end(recording: &ProofFile) -> String {
    format!("\n{recording}")
}

fn hashes(text: &mut String, hashes: &[Hash]) {
    for hash in hashes {
        text.push_str(&hash.to_base64());
        text.push('\n');
    }
}

impl fmt::Display for StreamFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&beginning(&self.stream, &self.proof))?;
        let mut events = self.events.iter();
        events.try_for_each(|leaf| f.write_str(&event(leaf)))?;
        let mut after = self.later.iter();
        after.try_for_each(|event| f.write_str(&later(event)))?;
        f.write_str(&end(&self.recording))
    }
}

fn stream_of(line: &str) -> Option<StreamKey> {
    let (kind, id) = line.strip_prefix("stream ")?.split_once(' ')?;
    let kind = u8::try_from(decimal(kind)?).ok()?;
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    let mut bytes = [0; 16];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    (hyphenated(&bytes) == id).then_some(StreamKey { kind, id: bytes })
}

/// An id in the spelling of a UUID.
fn hyphenated(id: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, digit) in hex::encode(id).chars().enumerate() {
        if matches!(at, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(digit);
    }
    text
}

fn row_of(text: &str) -> Option<ProvenRow> {
    let (index, row) = text.split_once(' ')?;
    let row = StreamHead::decode(&from_base64(row)?).ok()?;
    Some(ProvenRow {
        index: decimal(index)?,
        row,
        hashes: Vec::new(),
    })
}

fn leaf_of(text: &str) -> Option<Vec<u8>> {
    from_base64(text).filter(|leaf| leaf.len() <= EXTRA_BYTES_MAX)
}

fn proof_of(stream: &StreamKey, rows: Vec<ProvenRow>) -> Option<StreamProof> {
    let mut rows = rows.into_iter();
    let is_before = |row: &ProvenRow| row.row.stream < *stream;
    Some(match (rows.next(), rows.next()) {
        (Some(row), None) if row.row.stream == *stream => StreamProof::Present(row),
        (None, None) => StreamProof::Absent {
            before: None,
            after: None,
        },
        (Some(row), None) if is_before(&row) => StreamProof::Absent {
            before: Some(row),
            after: None,
        },
        (Some(row), None) => StreamProof::Absent {
            before: None,
            after: Some(row),
        },
        (Some(before), Some(after))
            if is_before(&before) && !is_before(&after) && after.row.stream != *stream =>
        {
            StreamProof::Absent {
                before: Some(before),
                after: Some(after),
            }
        }
        _ => return None,
    })
}
