//! What was trimmed, when and against which backup: `trimmed` in the data folder, a JSON object a line, the newest last.
//!
//! Nothing is decided by it: which segments are trimmed, their files say. It is for messages that name the backup to be fetched,
//! and for whoever looks the folder through later.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::durable::{self, Access};

const FILE: &str = "trimmed";

/// What was done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Done {
    /// The segments were trimmed, or were about to be.
    Trimmed,
    /// They were put back.
    PutBack,
}

/// A line of it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Note {
    /// RFC 3339, UTC.
    pub(crate) at: String,
    pub(crate) done: Done,
    /// The numbers of the segments, ascending.
    pub(crate) segments: Vec<u32>,
    /// The folder of the backup, absolute.
    pub(crate) backup: String,
}

/// Adds a line, durably.
pub(crate) fn add(root: &Path, note: &Note) -> io::Result<()> {
    let mut text = text(root)?;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&serde_json::to_string(note)?);
    text.push('\n');
    durable::replace(&root.join(FILE), text.as_bytes(), Access::Shared)
}

/// The newest line about the trimming of a segment, if there is one that can be read.
pub(crate) fn newest(root: &Path, segment: u32) -> Option<Note> {
    let text = text(root).ok()?;
    let notes = text.lines().rev();
    let mut notes = notes.filter_map(|line| serde_json::from_str::<Note>(line).ok());
    notes.find(|note| note.done == Done::Trimmed && note.segments.contains(&segment))
}

fn text(root: &Path) -> io::Result<String> {
    match fs::read(root.join(FILE)) {
        Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        Err(error) => Err(error),
    }
}

/// Segments as they are named in a sentence.
pub(crate) fn named(segments: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for &number in segments {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let run = |&(first, last): &(u32, u32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    let runs: Vec<String> = runs.iter().map(run).collect();
    let noun = if segments.len() == 1 {
        "segment"
    } else {
        "segments"
    };
    format!("journal {noun} {}", runs.join(", "))
}

/// What is to be done so that trimmed segments are there again.
pub(crate) fn advice(root: &Path, segments: &[u32]) -> String {
    let last = segments.last().and_then(|last| newest(root, *last));
    let held = last.map_or_else(
        || "any backup that holds them will do".to_owned(),
        |note| {
            let Note { at, backup, .. } = note;
            format!("they were trimmed at {at} against `{backup}`, and any later backup of the folder holds them too")
        },
    );
    let data = root.display();
    format!(
        "put them back with `daicho journal untrim --data {data} --backup BACKUP` and start again: {held}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_named_in_runs() {
        assert_eq!(named(&[3]), "journal segment 3");
        assert_eq!(named(&[1, 2]), "journal segments 1, 2");
        assert_eq!(
            named(&[1, 2, 3, 7, 9, 10]),
            "journal segments 1 to 3, 7, 9, 10"
        );
    }

    #[test]
    fn the_newest_readable_line_tells_of_a_segment() {
        let root = tempfile::tempdir().unwrap();
        let note = |at: &str, done, segments: &[u32]| Note {
            at: at.to_owned(),
            done,
            segments: segments.to_vec(),
            backup: format!("/backups/{at}"),
        };
        let told = |segment| newest(root.path(), segment).map(|note| note.at);
        assert_eq!(told(1), None);
        add(root.path(), &note("1", Done::Trimmed, &[1, 2])).unwrap();
        add(root.path(), &note("2", Done::Trimmed, &[2, 3])).unwrap();
        // What somebody else's editor left.
        let path = root.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + "by hand").unwrap();
        add(root.path(), &note("3", Done::PutBack, &[1, 2, 3])).unwrap();
        assert_eq!(
            [1, 2, 3, 4].map(told),
            [Some("1"), Some("2"), Some("2"), None].map(|at| at.map(str::to_owned))
        );
        assert!(advice(root.path(), &[1, 2]).contains("/backups/2"));
        assert!(advice(root.path(), &[9]).contains("any backup"));
    }
}
