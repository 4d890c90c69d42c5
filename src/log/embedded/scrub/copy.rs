//! sled, but for its log records, and its files as the disk holds them.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;

use super::{Broken, PIECE_BYTES, Pass};
use crate::durable::{forget, is_of_the_disk};
use crate::log::copy;
use crate::log::copy::raw::{self, SEGMENT_BYTES};

/// A place in sled's file that is not what was written, with what its segment begins with.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Wrong {
    segment: u64,
    sequence: Option<u64>,
    at: usize,
    check: String,
}

impl Pass<'_> {
    /// Reads what is in sled beside the log, through sled.
    pub(super) fn check_beside_log(&mut self) -> Result<(), Broken> {
        let mut from = Some(Vec::new());
        while let Some(next) = from {
            let read = self.shared.copy(|copy| copy.read_beside_log(&next));
            from = match read {
                Ok((bytes, next)) => {
                    self.take(bytes)?;
                    next
                }
                Err(fault) => {
                    self.shared.suspect_copy(fault.to_string());
                    return Ok(());
                }
            };
        }
        Ok(())
    }

    /// Reads sled's files. Where sled writes meanwhile something may look wrong: that is looked at again when all was
    /// written that had been begun.
    pub(super) fn check_files(&mut self) -> Result<(), Broken> {
        let dir = self.shared.folder.sled();
        for entry in fs::read_dir(&dir)? {
            let name = entry?.file_name();
            let name = name.to_string_lossy();
            let path = dir.join(&*name);
            if name == copy::FILE || !path.is_file() {
                continue;
            }
            let bytes = match fs::read(&path) {
                Ok(bytes) => bytes,
                // sled replaces its snapshot.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) if is_of_the_disk(&error) => {
                    self.shared
                        .suspect_copy(format!("read copy, sled/{name}: {error}"));
                    continue;
                }
                Err(error) => {
                    self.go_on::<()>(Err(error.into()))?;
                    continue;
                }
            };
            self.take(bytes.len() as u64)?;
            if let Err(unlike) = raw::check_small(&name, &bytes) {
                let why = format!("read copy, sled/{name}: {}", unlike.check);
                self.shared.suspect_copy(why);
            }
        }
        let file = File::open(dir.join(copy::FILE))?;
        let segments = file.metadata()?.len().div_ceil(SEGMENT_BYTES as u64);
        let last = last(&file)?;
        let mut wrong = Vec::new();
        for segment in 0..segments {
            wrong.extend(self.check_segment_of_copy(&file, segment, last)?);
        }
        if wrong.is_empty() {
            return Ok(());
        }
        let last = self::last(&file)?;
        self.settle()?;
        let mut still = Vec::new();
        for one in wrong {
            let again = self.check_segment_of_copy(&file, one.segment, last)?;
            still.extend(again.filter(|again| *again == one));
        }
        if let Some(first) = still.first() {
            let at = first.segment * SEGMENT_BYTES as u64 + first.at as u64;
            let why = format!(
                "read copy, sled/{} at byte {at}: {}",
                copy::FILE,
                first.check
            );
            self.shared.suspect_copy(why);
        }
        Ok(())
    }

    /// What is wrong with a segment; `last` is the highest sequence number.
    fn check_segment_of_copy(
        &mut self,
        file: &File,
        segment: u64,
        last: Option<u64>,
    ) -> Result<Option<Wrong>, Broken> {
        let from = segment * SEGMENT_BYTES as u64;
        let len = file.metadata()?.len().saturating_sub(from);
        let len = len.min(SEGMENT_BYTES as u64);
        forget(file, from, len);
        let mut bytes = vec![0; len as usize];
        for (piece, at) in bytes
            .chunks_mut(PIECE_BYTES as usize)
            .zip((0..).step_by(PIECE_BYTES as usize))
        {
            self.take(piece.len() as u64)?;
            match file.read_exact_at(piece, from + at) {
                Ok(()) => {}
                // It was cut meanwhile.
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(error) if is_of_the_disk(&error) => {
                    return Ok(Some(Wrong {
                        segment,
                        sequence: None,
                        at: at as usize,
                        check: error.to_string(),
                    }));
                }
                Err(error) => return Err(error.into()),
            }
        }
        let sequence = raw::sequence(&bytes);
        let checked = raw::check_segment(&bytes, sequence.is_some() && last <= sequence);
        Ok(checked.err().map(|unlike| Wrong {
            segment,
            sequence,
            at: unlike.at,
            check: unlike.check.to_owned(),
        }))
    }
}

/// The highest sequence number that a segment of the file begins at.
fn last(file: &File) -> io::Result<Option<u64>> {
    let mut last = None;
    for from in (0..file.metadata()?.len()).step_by(SEGMENT_BYTES) {
        let mut header = [0; 20];
        match file.read_exact_at(&mut header, from) {
            Ok(()) => last = last.max(raw::sequence(&header)),
            Err(error) if is_of_the_disk(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(last)
}
