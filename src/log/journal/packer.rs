//! Packs sealed segments, one at a time: the compressed form is written beside the segment, synced, read back and compared, and
//! only then takes its name. So there is a whole copy under that name at every moment, and whatever fails before ends nothing but the
//! packing of that segment.

use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::fault_point::Point;
use crate::log::journal::FolderId;
use crate::log::journal::files::{JournalFiles, is_full};
use crate::log::journal::packed::{Packing, SegmentFile, frame_end};
use crate::log::journal::segment::{self, HEADER_BYTES, Header};
use crate::merkle::Hash;

/// What became of a segment.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Outcome {
    /// It is packed now, or was, or nothing is left of it to be packed.
    Packed,
    /// It is left as it is: it is damaged, which the next start and whoever verifies the folder tell too, or a file could not be read or
    /// written.
    Left(String),
    /// It was broken off.
    Stopped,
}

impl Outcome {
    fn failed(check: &str) -> Self {
        Self::Left(check.to_owned())
    }
}

/// Packs a segment. Before each frame `go_on` is asked, which may wait. The error is of a full disk, or of the folder, in which the
/// names of other segments are made durable too.
pub(crate) fn pack(
    files: &dyn JournalFiles,
    dir: &Path,
    folder: FolderId,
    number: u32,
    go_on: &mut dyn FnMut() -> bool,
) -> io::Result<Outcome> {
    let path = segment::path(dir, number);
    let draft = segment::path_packing(dir, number);
    let file = match SegmentFile::open(&path) {
        Ok(file) if file.is_packed() || is_trimmed(&file) => return Ok(Outcome::Packed),
        Ok(file) => file,
        Err(error) => return Ok(Outcome::Left(error.to_string())),
    };
    let packed = write(files, &draft, &file, dir, folder, number, go_on);
    let replaced = packed.and_then(|packed| match packed {
        Ok(digest) => {
            read_back(&draft, digest)?;
            Point::SegmentPacked.pass();
            files.rename(&draft, &path)?;
            Ok(Outcome::Packed)
        }
        Err(outcome) => Ok(outcome),
    });
    let outcome = match replaced {
        Ok(Outcome::Packed) => {
            Point::SegmentReplaced.pass();
            return files.sync_dir(dir).map(|()| Outcome::Packed);
        }
        Err(error) if !is_full(&error) => Ok(Outcome::Left(error.to_string())),
        outcome => outcome,
    };
    // Nobody knows of it; a start removes what stays.
    drop(std::fs::remove_file(&draft));
    outcome
}

fn is_trimmed(file: &SegmentFile) -> bool {
    let mut header = [0; HEADER_BYTES];
    let read = file.read_exact_at(&mut header, 0);
    read.is_ok() && Header::decode(&header).is_ok_and(|header| header.trimmed)
}

/// Writes the compressed form. Tells the SHA-256 of all bytes of the segment.
fn write(
    files: &dyn JournalFiles,
    draft: &Path,
    file: &SegmentFile,
    dir: &Path,
    folder: FolderId,
    number: u32,
    go_on: &mut dyn FnMut() -> bool,
) -> io::Result<Result<Hash, Outcome>> {
    let Some((seal, sealed)) = segment::read_seal(dir, folder, number)? else {
        return Ok(Err(Outcome::failed("seal")));
    };
    let mut header = [0; HEADER_BYTES];
    file.read_exact_at(&mut header, 0)?;
    let Ok(header) = Header::decode(&header) else {
        return Ok(Err(Outcome::failed("file header")));
    };
    let mut packing = Packing::new()?;
    let mut to = files.create(draft)?;
    let (mut at, mut from) = (HEADER_BYTES as u64, 0);
    let mut hashed = Sha256::new();
    while from < sealed.end {
        if !go_on() {
            return Ok(Err(Outcome::Stopped));
        }
        let end = match from < sealed.start {
            true => sealed.start,
            // The digest that a seal tells is over all before it.
            false if Hash::new(hashed.clone().finalize().into()) != seal.digest => {
                return Ok(Err(Outcome::failed("SHA-256 of the segment")));
            }
            false => sealed.end,
        };
        let end = frame_end(file, from, end)?;
        let mut bytes = vec![0; (end - from) as usize];
        file.read_exact_at(&mut bytes, from)?;
        hashed.update(&bytes);
        let frame = packing.frame(&bytes)?;
        to.write_at(&frame, at)?;
        (at, from) = (at + frame.len() as u64, end);
    }
    let (end, begin) = packing.finish(header);
    to.write_at(&end, at)?;
    to.write_at(&begin, 0)?;
    to.sync()?;
    Ok(Ok(Hash::new(hashed.finalize().into())))
}

fn read_back(draft: &Path, digest: Hash) -> io::Result<()> {
    let differs = || io::Error::other("a compressed segment reads back as something else");
    let file = SegmentFile::open(draft)?;
    let (bytes, form) = file.read()?;
    match file.is_packed() && form.is_ok() && Hash::digest(&bytes) == digest {
        true => Ok(()),
        false => Err(differs()),
    }
}
