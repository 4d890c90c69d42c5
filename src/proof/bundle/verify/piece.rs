//! The events of a bundle in pieces: read one after the other, then looked at each for itself, by any thread.
//!
//! A piece has at most the events of one entry bundle, and about [`PIECE_BYTES`] of them with the lines beside them.

use std::sync::Arc;

use crate::domain::event::Recorded;
use crate::log::codec::{DecodeError, decode};
use crate::merkle::tile::TILE_WIDTH;
use crate::merkle::{Hash, Tile, TileContent, leaf_hash};
use crate::proof::bundle::verify::{Files, Finding, Kind, Lines};
use crate::proof::bundle::{Payload, line};

/// Bytes of events and lines after which a piece ends: pieces of small bundles are cut in tests too.
const PIECE_BYTES: usize = if cfg!(test) { 4 * 1024 } else { 1024 * 1024 };
/// Characters of a line that differs, as it is told.
const SHOWN_CHARS: usize = 300;
/// Characters that are told before the first that differs.
const BEFORE_CHARS: usize = 60;

/// Some events that follow each other, as they were read.
#[derive(Default)]
pub(super) struct Piece {
    /// What is told before them.
    before: Option<Finding>,
    /// The position of the first.
    first: u64,
    entries: Arc<Entries>,
    /// Which of the entries they are.
    from: usize,
    to: usize,
    /// Their lines, one after the other.
    lines: Vec<u8>,
    /// Where each ends; `None` where there is no file of them.
    line_ends: Option<Vec<usize>>,
    /// What is told after them.
    after: Option<Finding>,
}

/// An entry bundle, and the tile of hashes beside it.
#[derive(Default)]
struct Entries {
    leaves: Vec<Vec<u8>>,
    hashes: Option<Vec<Hash>>,
}

/// Reads the pieces of a bundle.
pub(super) struct Pieces<'a> {
    files: &'a Files<'a>,
    lines: Lines,
    tiles: Box<dyn Iterator<Item = Tile> + 'a>,
    /// The piece that the next one is cut from: all that is left of an entry bundle.
    open: Option<Piece>,
    whole: bool,
}

impl<'a> Pieces<'a> {
    /// Those of a bundle of `size` events.
    pub(super) fn new(files: &'a Files<'a>, size: u64) -> Self {
        Self {
            lines: Lines::open(files),
            files,
            tiles: Box::new(Tile::all_entries(size)),
            open: None,
            whole: true,
        }
    }

    /// The next piece; `None`: there is none, or an entry bundle did not hold all that it should.
    pub(super) fn next(&mut self) -> Option<Piece> {
        let mut rest = match self.open.take() {
            Some(rest) => rest,
            None if !self.whole => return None,
            None => {
                let tile = self.tiles.next()?;
                self.entries(&tile)
            }
        };
        let mut piece = Piece {
            before: rest.before.take(),
            first: rest.first,
            entries: rest.entries.clone(),
            from: rest.from,
            to: rest.to,
            line_ends: self.lines.is_there().then(Vec::new),
            ..Piece::default()
        };
        let mut bytes = 0;
        for (at, leaf) in (rest.from..rest.to).zip(&rest.entries.leaves[rest.from..rest.to]) {
            bytes += leaf.len();
            if let Some(ends) = &mut piece.line_ends {
                self.lines.append(&mut piece.lines);
                ends.push(piece.lines.len());
            }
            if PIECE_BYTES <= bytes + piece.lines.len() {
                piece.to = at + 1;
                break;
            }
        }
        if piece.to == rest.to {
            piece.after = rest.after;
        } else {
            rest.first += (piece.to - rest.from) as u64;
            rest.from = piece.to;
            self.open = Some(rest);
        }
        Some(piece)
    }

    /// Whether each entry bundle held all that it should, so far.
    pub(super) fn were_whole(&self) -> bool {
        self.whole
    }

    /// What stands in the file of lines behind those of all pieces.
    pub(super) fn more_lines(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.lines.append(&mut line);
        (!line.is_empty()).then(|| shown(&String::from_utf8_lossy(&line), 0))
    }

    /// Reads a bundle of events.
    fn entries(&mut self, tile: &Tile) -> Piece {
        let first = tile.index() * u64::from(TILE_WIDTH);
        let path = tile.to_string();
        let mut piece = Piece {
            first,
            ..Piece::default()
        };
        let Ok((leaves, all_read)) = self.files.entries(tile) else {
            self.whole = false;
            piece.before = Some(Finding::at(Kind::FileMissing, first).in_file(&path));
            return piece;
        };
        let width = usize::from(tile.width());
        piece.to = width.min(leaves.len());
        let next = first + piece.to as u64;
        if !all_read || width < leaves.len() {
            let found = Finding::at(Kind::EntriesDamaged, next).in_file(&path);
            let found = found.differs(format!("{width} events"), "other bytes".to_owned());
            piece.after = Some(found);
        } else if leaves.len() < width {
            let found = Finding::at(Kind::EventsMissing, next).in_file(&path);
            let is = format!("{} events", leaves.len());
            piece.after = Some(found.differs(format!("{width} events"), is));
        }
        self.whole = width <= leaves.len();
        let hashes = self.leaf_hashes(tile, first);
        piece.before = hashes.as_ref().err().cloned().flatten();
        let hashes = hashes.ok();
        piece.entries = Arc::new(Entries { leaves, hashes });
        piece
    }

    /// The hashes that the lowest tile has of a bundle's events, or what is wrong with it.
    fn leaf_hashes(&self, tile: &Tile, first: u64) -> Result<Vec<Hash>, Option<Finding>> {
        let place = Tile::new(TileContent::Hashes(0), tile.index(), tile.width());
        let place = place.map_err(|_| None)?;
        self.files.tile(&place).map_err(|fault| {
            let kind = match self.files.open(&place.to_string()) {
                Ok(_) => Kind::TileDiffers,
                Err(_) => Kind::FileMissing,
            };
            let found = Finding::at(kind, first).in_file(&place.to_string());
            Some(found.differs(format!("{} hashes", place.width()), fault))
        })
    }
}

/// What is needed to look at an event for itself.
#[derive(Clone, Copy)]
pub(super) struct Looked<'a> {
    /// What the bundle says of its origin.
    pub(super) origin: &'a str,
    /// How a line says what an event's payload says.
    pub(super) payload: Payload,
}

/// A piece, looked at.
pub(super) struct Judged {
    /// What is told before its events.
    pub(super) before: Option<Finding>,
    /// The position of the first.
    pub(super) first: u64,
    /// Its events.
    pub(super) events: Vec<Event>,
    /// What is told after them.
    pub(super) after: Option<Finding>,
}

/// An event, looked at for itself.
pub(super) struct Event {
    /// The hash of its bytes.
    pub(super) hash: Hash,
    /// What the lowest tile has instead.
    pub(super) expected: Option<Hash>,
    /// What it says.
    pub(super) recorded: Result<Recorded, DecodeError>,
    /// Its line, where it says something else.
    pub(super) line: Option<Line>,
}

/// A line that does not say what its event says, as far as it is told.
pub(super) struct Line {
    pub(super) expected: String,
    pub(super) found: String,
}

impl Looked<'_> {
    /// Looks at the events of a piece.
    pub(super) fn at(&self, piece: Piece) -> Judged {
        let mut rendered = Vec::new();
        let mut events = Vec::with_capacity(piece.to - piece.from);
        let leaves = piece.entries.leaves.get(piece.from..piece.to);
        for (at, leaf) in leaves.unwrap_or_default().iter().enumerate() {
            let hash = leaf_hash(leaf);
            let hashes = piece.entries.hashes.as_ref();
            let expected = hashes.and_then(|hashes| hashes.get(piece.from + at).copied());
            let recorded = decode(leaf);
            let line = match (&recorded, piece.line(at)) {
                (Ok(recorded), Some(found)) => {
                    rendered.clear();
                    line::write(&mut rendered, self.origin, recorded, &hash, self.payload);
                    (found != rendered).then(|| {
                        let (expected, found) = apart(&rendered, found);
                        Line { expected, found }
                    })
                }
                _ => None,
            };
            events.push(Event {
                hash,
                expected: expected.filter(|expected| *expected != hash),
                recorded,
                line,
            });
        }
        Judged {
            before: piece.before,
            first: piece.first,
            events,
            after: piece.after,
        }
    }
}

impl Piece {
    /// The line of its event `at`.
    fn line(&self, at: usize) -> Option<&[u8]> {
        let ends = self.line_ends.as_ref()?;
        let from = match at.checked_sub(1) {
            Some(before) => *ends.get(before)?,
            None => 0,
        };
        self.lines.get(from..*ends.get(at)?)
    }
}

/// Two lines from shortly before where they begin to differ.
fn apart(expected: &[u8], found: &[u8]) -> (String, String) {
    let [expected, found] = [expected, found].map(String::from_utf8_lossy);
    let beside = expected.chars().zip(found.chars());
    let alike = beside.take_while(|(one, other)| one == other).count();
    let from = alike.saturating_sub(BEFORE_CHARS);
    (shown(&expected, from), shown(&found, from))
}

/// So much of a line as is told, from the character at `from` on.
fn shown(line: &str, from: usize) -> String {
    let mut rest = line.trim_end().chars().skip(from);
    let mut shown = match from {
        0 => String::new(),
        _ => "…".to_owned(),
    };
    shown.extend(rest.by_ref().take(SHOWN_CHARS));
    if rest.next().is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lines_are_told_from_shortly_before_they_differ() {
        let line = |number: u32| format!("{}{number}{}\n", "課".repeat(400), "x".repeat(400));
        let (expected, found) = apart(line(12).as_bytes(), line(13).as_bytes());
        let told = |last: char| {
            let (before, behind) = (
                "課".repeat(BEFORE_CHARS - 1),
                "x".repeat(300 - BEFORE_CHARS - 1),
            );
            format!("…{before}1{last}{behind}…")
        };
        assert_eq!((expected, found), (told('2'), told('3')));
        let short = apart(b"{\"a\":1}\n", b"{\"a\":1}");
        assert_eq!(short, ("{\"a\":1}".to_owned(), "{\"a\":1}".to_owned()));
    }
}
