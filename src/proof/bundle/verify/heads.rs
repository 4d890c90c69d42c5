//! Recordings of where every stream stood, held against what the events before give.

use std::collections::{HashMap, HashSet};

use crate::domain::event::HeadsRecorded;
use crate::merkle::{Hash, StreamHead, StreamHeads, TreeHead};
use crate::proof::bundle::verify::{Files, Finding, Kind, Report, hex};
use crate::proof::bundle::{HEADS, Manifest, heads_path};
use crate::proof::history::History;

/// What is known of heads on the way through the events.
pub(super) struct Heads {
    /// Sizes of the files that are still ahead, the next one last.
    ahead: Vec<u64>,
    /// What the events give at a size.
    made: HashMap<u64, TreeHead>,
    /// Sizes that an event spoke of.
    spoken: HashSet<u64>,
}

impl Heads {
    /// Those that the manifest lists.
    pub(super) fn listed(manifest: &Manifest) -> Self {
        let names = manifest.files.iter();
        let sizes = names.filter_map(|file| size_of(&file.path));
        let mut ahead: Vec<u64> = sizes.filter(|size| *size <= manifest.size).collect();
        ahead.sort_unstable_by(|a, b| b.cmp(a));
        Self {
            ahead,
            made: HashMap::new(),
            spoken: HashSet::new(),
        }
    }

    /// Holds the file of `size`, if there is one, against the streams so far.
    pub(super) fn reached(
        &mut self,
        size: u64,
        history: &History,
        files: &Files<'_>,
        report: &mut Report,
    ) {
        while self.ahead.last().is_some_and(|ahead| *ahead <= size) {
            if self.ahead.pop() == Some(size) {
                self.hold(size, None, history, files, report);
            }
        }
    }

    /// Makes the rows, and holds the file against them.
    fn hold(
        &mut self,
        size: u64,
        position: Option<u64>,
        history: &History,
        files: &Files<'_>,
        report: &mut Report,
    ) {
        // An event that cannot be read is of some stream.
        if report.unreadable.is_some() {
            return;
        }
        let rows = history.heads();
        let bytes: Vec<u8> = rows.iter().flat_map(StreamHead::encode).collect();
        // What is wrong with the revisions themselves is told of the events.
        let head = StreamHeads::new(rows).map_or(TreeHead::EMPTY, |heads| heads.head());
        self.made.insert(size, head);
        let path = heads_path(size);
        let Ok(found) = files.read(&path, bytes.len()) else {
            let missing = match position {
                Some(position) => Finding::at(Kind::FileMissing, position).in_file(&path),
                None => Finding::of_file(Kind::FileMissing, &path),
            };
            report.add(missing);
            return;
        };
        if found == bytes {
            return;
        }
        let (expected, found) = (rows_of(&bytes), rows_of(&found));
        let differs = |at: &usize| expected.get(*at) != found.get(*at);
        let at = (0..expected.len().max(found.len())).find(differs);
        let shown = |rows: &[&[u8]]| {
            let row = at.and_then(|at| rows.get(at));
            row.map_or_else(|| "end".to_owned(), hex::encode)
        };
        let finding = Finding::at(Kind::HeadsFileDiffers, size).in_file(&path);
        report.add(finding.differs(shown(&expected), shown(&found)));
    }

    /// Holds what an event records against the streams of then.
    pub(super) fn recorded(
        &mut self,
        position: u64,
        p: &HeadsRecorded,
        history: &History,
        files: &Files<'_>,
        report: &mut Report,
    ) {
        let path = heads_path(p.size);
        if position < p.size {
            let expected = format!("at most {position} events");
            let finding = Finding::at(Kind::HeadsDiffer, position);
            report.add(finding.differs(expected, p.size.to_string()));
        } else if !self.made.contains_key(&p.size) && report.unreadable.is_none() {
            if p.size == position {
                // Its file is missing; the streams are still those that it speaks of.
                self.hold(p.size, Some(position), history, files, report);
            } else if !self.spoken.contains(&p.size) {
                report.add(Finding::at(Kind::FileMissing, position).in_file(&path));
            }
        }
        self.spoken.insert(p.size);
        let claimed = TreeHead {
            size: p.streams,
            root: Hash::new(p.root),
        };
        match self.made.get(&p.size) {
            Some(made) if *made != claimed => {
                let told = |head: &TreeHead| format!("{} streams, {}", head.size, hex(&head.root));
                let finding = Finding::at(Kind::HeadsDiffer, position);
                report.add(finding.differs(told(made), told(&claimed)));
            }
            Some(_) => {
                report.heads += 1;
                // The event attests the file, so what differs in that is told at the event.
                let of_file = report.findings.iter_mut().filter(|found| {
                    found.kind == Kind::HeadsFileDiffers && found.file.as_ref() == Some(&path)
                });
                of_file.for_each(|found| found.position = Some(position));
            }
            None => {}
        }
    }

    /// Tells of files that no event speaks of.
    pub(super) fn end(&self, report: &mut Report) {
        if report.unreadable.is_some() {
            return;
        }
        let mut unspoken: Vec<&u64> = self.made.keys().collect();
        unspoken.retain(|size| !self.spoken.contains(size));
        unspoken.sort_unstable();
        for size in unspoken {
            report.add(Finding::of_file(Kind::HeadsUnrecorded, &heads_path(*size)));
        }
    }
}

/// The size that a path below `heads/` names; `None` for any other path.
pub(super) fn size_of(path: &str) -> Option<u64> {
    let size = path.strip_prefix(HEADS)?.parse().ok()?;
    (heads_path(size) == path).then_some(size)
}

fn rows_of(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.chunks(StreamHead::BYTES).collect()
}
