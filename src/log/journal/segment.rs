//! One segment file: its header, and which of its records are intact.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::{fs, io};

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::log::journal::FolderId;
use crate::log::journal::packed::SegmentFile;
use crate::log::journal::record::{self, Decoded, NoRecord, Record, Seal};

const MAGIC: [u8; 8] = *b"DAICHOJ\0";
const FORMAT: u16 = 1;
pub(crate) const HEADER_BYTES: usize = 64;
const REBUILT: u16 = 1;
const FILLED: u16 = 2;
const PACKED: u16 = 4;
const TRIMMED: u16 = 8;
/// The extension of a file that was made for a segment before its time.
const AHEAD: &str = "ahead";
/// The extension of a file that a segment is compressed into.
const PACKING: &str = "packing";
/// The extension of a file that a segment is rebuilt into.
const REBUILDING: &str = "rebuilt";
/// The extension of a file that is to take a segment's place: what is left of a trimmed one, or a whole one that is put back.
const TRIMMING: &str = "trimming";

/// The header of a segment file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Header {
    pub(crate) folder: FolderId,
    pub(crate) segment: u32,
    /// Rebuilt from the read copy: its records may be cut at other borders than they once were, and
    /// its digest differs from the one that the next segment repeats.
    pub(crate) rebuilt: bool,
    /// Zeros may follow the last record.
    pub(crate) filled: bool,
    /// What stands behind the header is compressed, and has this crc32c.
    pub(crate) packed: Option<u32>,
    /// What stood between its first record and its seal was trimmed (see `stub`).
    pub(crate) trimmed: bool,
}

/// Why a file header cannot be used.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum NoHeader {
    /// These bytes are not a header.
    Damaged,
    /// An intact header of a format that this version does not know.
    Newer,
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = Vec::with_capacity(HEADER_BYTES);
        bytes.put_slice(&MAGIC);
        bytes.put_u16(FORMAT);
        let flag = |is: bool, flag: u16| if is { flag } else { 0 };
        bytes.put_u16(
            flag(self.rebuilt, REBUILT)
                | flag(self.filled, FILLED)
                | flag(self.packed.is_some(), PACKED)
                | flag(self.trimmed, TRIMMED),
        );
        bytes.put_u32(self.segment);
        bytes.put_slice(&self.folder.0);
        bytes.put_u32(self.packed.unwrap_or(0));
        bytes.put_bytes(0, 24);
        let crc = crc32c::crc32c(&bytes);
        bytes.put_u32(crc);
        let mut header = [0; HEADER_BYTES];
        header.copy_from_slice(&bytes);
        header
    }

    pub(crate) fn decode(file: &[u8]) -> Result<Self, NoHeader> {
        let header = file
            .first_chunk::<HEADER_BYTES>()
            .ok_or(NoHeader::Damaged)?;
        let (fields, mut crc) = header.split_at(HEADER_BYTES - 4);
        if crc.get_u32() != crc32c::crc32c(fields) {
            return Err(NoHeader::Damaged);
        }
        let (magic, mut fields) = fields.split_at(MAGIC.len());
        let (format, flags, segment) = (fields.get_u16(), fields.get_u16(), fields.get_u32());
        let mut folder = [0; 16];
        fields.copy_to_slice(&mut folder);
        let crc = fields.get_u32();
        if magic != MAGIC {
            return Err(NoHeader::Damaged);
        }
        let is_known = flags & !(REBUILT | FILLED | PACKED | TRIMMED) == 0;
        // Nothing is left to be compressed of one that is trimmed.
        if format != FORMAT || !is_known || flags & (PACKED | TRIMMED) == PACKED | TRIMMED {
            return Err(NoHeader::Newer);
        }
        Ok(Self {
            folder: FolderId(folder),
            segment,
            rebuilt: flags & REBUILT != 0,
            filled: flags & FILLED != 0,
            packed: (flags & PACKED != 0).then_some(crc),
            trimmed: flags & TRIMMED != 0,
        })
    }
}

/// The path of a segment.
pub(crate) fn path(dir: &Path, segment: u32) -> PathBuf {
    dir.join(format!("{segment:010}.journal"))
}

/// The path of the file that was made for a segment before its time.
pub(crate) fn path_ahead(dir: &Path, segment: u32) -> PathBuf {
    dir.join(format!("{segment:010}.{AHEAD}"))
}

/// The path of the file that a segment is compressed into, until it takes its place.
pub(crate) fn path_packing(dir: &Path, segment: u32) -> PathBuf {
    dir.join(format!("{segment:010}.{PACKING}"))
}

/// The path of the file that a segment is rebuilt into, until it takes its place.
pub(crate) fn path_rebuilt(dir: &Path, segment: u32) -> PathBuf {
    dir.join(format!("{segment:010}.{REBUILDING}"))
}

/// The path of the file that is to take a segment's place when the journal is trimmed, or the segment is put back.
pub(crate) fn path_trimming(dir: &Path, segment: u32) -> PathBuf {
    dir.join(format!("{segment:010}.{TRIMMING}"))
}

/// Removes the files that were made before their time, and those that were to take a segment's place and did not.
pub(crate) fn remove_drafts(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let is_draft = |extension: &std::ffi::OsStr| {
            [AHEAD, PACKING, REBUILDING, TRIMMING]
                .iter()
                .any(|draft| extension == *draft)
        };
        if path.extension().is_some_and(is_draft) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Cuts the file of a segment to `len` bytes, durably. One that is compressed has no others.
pub(crate) fn cut(dir: &Path, segment: u32, len: u64) -> io::Result<()> {
    if SegmentFile::open(&path(dir, segment))?.is_packed() {
        return Ok(());
    }
    let file = fs::File::options().write(true).open(path(dir, segment))?;
    if file.metadata()?.len() != len {
        file.set_len(len)?;
        file.sync_all()?;
    }
    Ok(())
}

/// The numbers of the segments in a folder, ascending. Other names are not looked at.
pub(crate) fn list(dir: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| name.strip_suffix(".journal"));
        numbers.extend(
            number
                .filter(|n| n.len() == 10)
                .and_then(|n| n.parse::<u32>().ok()),
        );
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// An intact record and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) offset: usize,
    pub(crate) decoded: Decoded,
}

/// Bytes of a segment that hold no intact record.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Hole {
    pub(crate) from: usize,
    /// Where the next record begins, or the zeros that the file ends with.
    pub(crate) to: usize,
    /// The number of intact records before it.
    pub(crate) before: usize,
    /// Which check failed.
    pub(crate) check: &'static str,
}

/// What a whole segment file holds.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) header: Result<Header, NoHeader>,
    /// All intact records, in their order.
    pub(crate) records: Vec<Found>,
    pub(crate) holes: Vec<Hole>,
    /// Where the last intact record ends.
    pub(crate) end: usize,
    /// The bytes of the segment.
    pub(crate) file: Bytes,
    /// They are compressed in its file.
    pub(crate) packed: bool,
}

impl Scan {
    /// Reads and scans the file of a segment.
    pub(crate) fn read(dir: &Path, folder: FolderId, segment: u32) -> io::Result<Self> {
        Self::read_file(&path(dir, segment), folder, segment)
    }

    /// The same, of a file that may have another name.
    pub(crate) fn read_file(path: &Path, folder: FolderId, segment: u32) -> io::Result<Self> {
        let file = SegmentFile::open(path)?;
        let (bytes, form) = file.read()?;
        let scan = Self::of(bytes, folder, segment);
        Ok(Self {
            header: form.and(scan.header),
            packed: file.is_packed(),
            ..scan
        })
    }

    /// Finds every intact record, also behind damage.
    pub(crate) fn of(file: Bytes, folder: FolderId, segment: u32) -> Self {
        let header = match Header::decode(&file) {
            Ok(header) if header.folder != folder || header.segment != segment => {
                Err(NoHeader::Damaged)
            }
            header => header,
        };
        let is_trimmed = header.is_ok_and(|header| header.trimmed);
        // Of a trimmed segment the seal keeps its number.
        let goes_on = |decoded: &Decoded, ordinal: u32| {
            decoded.ordinal == ordinal
                || is_trimmed && ordinal == 1 && decoded.record.is_seal_of(segment)
        };
        let mut scan = Self {
            header,
            records: Vec::new(),
            holes: Vec::new(),
            end: 0,
            file,
            packed: false,
        };
        let mut at = HEADER_BYTES.min(scan.file.len());
        let mut ordinal = 0;
        scan.end = at;
        loop {
            let decoded = record::decode(&scan.file, at, folder, segment);
            match decoded {
                Ok(decoded) if goes_on(&decoded, ordinal) => {
                    scan.found(&mut at, &mut ordinal, decoded);
                }
                Err(NoRecord::End) => return scan,
                failed => {
                    let check = match failed {
                        Ok(_) => "record sequence",
                        Err(NoRecord::Damaged(check)) => check,
                        Err(NoRecord::End) => "",
                    };
                    let before = scan.records.len();
                    let used = record::used(&scan.file);
                    let next = (at + record::ALIGN..used)
                        .step_by(record::ALIGN)
                        .filter(|&at| scan.file[at..].starts_with(&record::MAGIC))
                        .find_map(|at| {
                            let decoded = record::decode(&scan.file, at, folder, segment).ok()?;
                            (decoded.ordinal >= ordinal).then_some((at, decoded))
                        });
                    let to = next.as_ref().map_or(used.max(at), |(at, _)| *at);
                    scan.holes.push(Hole {
                        from: at,
                        to,
                        before,
                        check,
                    });
                    let Some((to, decoded)) = next else {
                        return scan;
                    };
                    at = to;
                    scan.found(&mut at, &mut ordinal, decoded);
                }
            }
        }
    }

    /// Whether it is what is left of a trimmed segment.
    pub(crate) fn is_trimmed(&self) -> bool {
        self.header.is_ok_and(|header| header.trimmed)
    }

    fn found(&mut self, at: &mut usize, ordinal: &mut u32, decoded: Decoded) {
        *ordinal = decoded.ordinal + 1;
        let offset = *at;
        *at += decoded.length;
        self.end = *at;
        self.records.push(Found { offset, decoded });
    }

    /// The state at the start, as the first record repeats it.
    pub(crate) fn opening(&self) -> Option<&Seal> {
        match &self.records.first()?.decoded {
            Decoded {
                ordinal: 0,
                record: Record::Seal(seal),
                ..
            } => Some(seal),
            _ => None,
        }
    }

    /// The seal at the end, if the segment is sealed.
    pub(crate) fn seal(&self, segment: u32) -> Option<&Seal> {
        match &self.records.last()?.decoded.record {
            Record::Seal(seal) if seal.segment == segment => Some(seal),
            _ => None,
        }
    }
}

/// The seal at the end of a segment, and where it stands, without reading the rest.
pub(crate) fn read_seal(
    dir: &Path,
    folder: FolderId,
    segment: u32,
) -> io::Result<Option<(Seal, Range<u64>)>> {
    let file = SegmentFile::open(&path(dir, segment))?;
    match read_seal_of(&file, folder, segment) {
        // A frame that cannot be unpacked has no seal.
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(None),
        read => read,
    }
}

fn read_seal_of(
    file: &SegmentFile,
    folder: FolderId,
    segment: u32,
) -> io::Result<Option<(Seal, Range<u64>)>> {
    let len = file.len()?;
    let mut last = [0; 8];
    // Zeros may follow, if the file was not cut. One that was cut within a record ends where none does.
    let used = used(file, len)?.next_multiple_of(record::ALIGN as u64);
    if used < (HEADER_BYTES + record::HEADER_BYTES) as u64 || len < used {
        return Ok(None);
    }
    let len = used;
    file.read_exact_at(&mut last, len - 8)?;
    let Some(offset) = record::seal_offset(len, last).filter(|&at| at >= HEADER_BYTES as u64)
    else {
        return Ok(None);
    };
    let mut bytes = BytesMut::zeroed((len - offset) as usize);
    file.read_exact_at(&mut bytes, offset)?;
    Ok(match record::decode(&bytes.freeze(), 0, folder, segment) {
        Ok(Decoded {
            record: Record::Seal(seal),
            ..
        }) if seal.segment == segment => Some((seal, offset..len)),
        _ => None,
    })
}

/// Where the zeros begin that the first `len` bytes of a file end with.
fn used(file: &SegmentFile, len: u64) -> io::Result<u64> {
    let mut block = vec![0; 64 * 1024];
    let mut end = len;
    while end > 0 {
        let begin = end.saturating_sub(block.len() as u64);
        let block = &mut block[..(end - begin) as usize];
        file.read_exact_at(block, begin)?;
        match record::used(block) {
            0 => end = begin,
            used => return Ok(begin + used as u64),
        }
    }
    Ok(0)
}

/// The header and the first record of a segment's file, without reading the rest.
pub(crate) fn read_opening(
    dir: &Path,
    folder: FolderId,
    segment: u32,
) -> io::Result<(Result<Header, NoHeader>, Option<Seal>)> {
    let file = SegmentFile::open(&path(dir, segment))?;
    match read_opening_of(&file, folder, segment) {
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            Ok((Err(NoHeader::Damaged), None))
        }
        read => read,
    }
}

fn read_opening_of(
    file: &SegmentFile,
    folder: FolderId,
    segment: u32,
) -> io::Result<(Result<Header, NoHeader>, Option<Seal>)> {
    let len = file.len()?;
    let up_to = |end: usize| -> io::Result<Vec<u8>> {
        let mut begin = vec![0; (end as u64).min(len) as usize];
        file.read_exact_at(&mut begin, 0)?;
        Ok(begin)
    };
    let begin = up_to(HEADER_BYTES + record::HEADER_BYTES)?;
    let header = file.outer().and(Header::decode(&begin));
    let claimed = begin
        .get(HEADER_BYTES..)
        .and_then(|rest| rest.first_chunk());
    let Some(Ok(length)) = claimed.map(record::claimed_len) else {
        return Ok((header, None));
    };
    let begin = up_to(HEADER_BYTES + length)?;
    let opening = match record::decode(&begin.into(), HEADER_BYTES, folder, segment) {
        Ok(Decoded {
            ordinal: 0,
            record: Record::Seal(seal),
            ..
        }) => Some(seal),
        _ => None,
    };
    Ok((header, opening))
}
