//! A sealed segment, compressed: the same bytes, in frames that are read one by one.
//!
//! ```text
//!    0  64  the file header of the segment, with flag 2 and, at 32, 4 crc32c of all behind it
//!   64   .  zstd frames, each of whole records, with its length and a checksum; the first begins with the file header
//!           as it was, the last is the seal
//!        .  the lengths, as the seekable format of zstd has them, little-endian: 4 magic 0x184D2A5E  4 length of the rest
//!           for each frame: 4 its bytes here  4 its bytes in the segment
//!           4 number of frames  1 zero  4 magic 0x8F92EAB1
//! ```
//! What is said of a segment, its digest first of all, is said of its bytes and not of this form: `tail -c +65 FILE | zstd -d` gives
//! them back. Places in it are places there.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::{BufMut, Bytes, BytesMut};
use zstd::zstd_safe::{CParameter, find_frame_compressed_size, get_frame_content_size};

use crate::log::journal::RECORD_BYTES_MAX;
use crate::log::journal::record;
use crate::log::journal::segment::{HEADER_BYTES, Header, NoHeader};

/// Records are put into a frame until it has this many bytes: what is unpacked to read one of them, beside the record itself.
const FRAME_BYTES: usize = 128 * 1024;

/// What a frame may hold, so that no length that is damaged takes memory without bound.
const FRAME_BYTES_MAX: usize = FRAME_BYTES + HEADER_BYTES + RECORD_BYTES_MAX;

/// What all frames of a segment may hold together, for the same reason: a segment is sealed long before.
const SEGMENT_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// A higher one makes events some 2 % smaller for twice the time.
const LEVEL: i32 = 3;

const TABLE_MAGIC: u32 = 0x184D_2A5E;
const TABLE_END_MAGIC: u32 = 0x8F92_EAB1;
const TABLE_END_BYTES: usize = 9;
const FRAME_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];

/// The file of a segment, in either form.
#[derive(Debug)]
pub(crate) enum SegmentFile {
    Plain(File),
    Packed(Packed),
}

impl SegmentFile {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // All of it may be held at once.
        if SEGMENT_BYTES_MAX < file.metadata()?.len() {
            let why = "longer than any segment of a journal";
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let mut begin = [0; HEADER_BYTES + FRAME_MAGIC.len()];
        let read = file.read_at(&mut begin, 0)?;
        let header = Header::decode(&begin[..read]);
        // A damaged header is told of and is no reason not to read what stands behind it.
        let is_packed = header.is_ok_and(|header| header.packed.is_some())
            || header == Err(NoHeader::Damaged) && begin.ends_with(&FRAME_MAGIC);
        match is_packed {
            true => Packed::open(file, header).map(Self::Packed),
            false => Ok(Self::Plain(file)),
        }
    }

    /// The bytes of the segment.
    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Self::Plain(file) => Ok(file.metadata()?.len()),
            Self::Packed(packed) => Ok(packed.len()),
        }
    }

    /// Fills `bytes` from `at` on.
    pub(crate) fn read_exact_at(&self, bytes: &mut [u8], at: u64) -> io::Result<()> {
        match self {
            Self::Plain(file) => file.read_exact_at(bytes, at),
            Self::Packed(packed) => packed.read_exact_at(bytes, at),
        }
    }

    /// All of it, and whether the form is intact that it has. A frame that is damaged comes as zeros, which are no record.
    pub(crate) fn read(&self) -> io::Result<(Bytes, Result<(), NoHeader>)> {
        match self {
            Self::Plain(file) => {
                let mut bytes = BytesMut::zeroed(file.metadata()?.len() as usize);
                file.read_exact_at(&mut bytes, 0)?;
                Ok((bytes.freeze(), Ok(())))
            }
            Self::Packed(packed) => packed.read(),
        }
    }

    /// Whether the form is intact that it has, as far as that is told without reading all of it.
    pub(crate) fn outer(&self) -> Result<(), NoHeader> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Packed(packed) => packed.outer,
        }
    }

    pub(crate) fn is_packed(&self) -> bool {
        matches!(self, Self::Packed(_))
    }

    /// Whether the form is intact that it has, by every byte of it. `go_on` is told the bytes of each piece before it is read; `None` if
    /// it says no.
    pub(crate) fn check_form(
        &self,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> io::Result<Option<Result<(), NoHeader>>> {
        match self {
            Self::Plain(_) => Ok(Some(Ok(()))),
            Self::Packed(packed) => packed.check_form(go_on),
        }
    }
}

/// A compressed segment that is open.
#[derive(Debug)]
pub(crate) struct Packed {
    file: File,
    frames: Vec<Frame>,
    /// Whether its header and its lengths are intact.
    outer: Result<(), NoHeader>,
    /// What the crc32c of all behind the header is to be.
    crc: Option<u32>,
    table: Vec<u8>,
    /// The frame that was read last: who follows the records reads them all from it.
    last: Mutex<Option<(usize, Bytes)>>,
}

/// Where a frame stands, here and in the segment.
#[derive(Clone, Copy, Debug)]
struct Frame {
    at: u64,
    bytes: usize,
    from: u64,
    len: usize,
}

impl Packed {
    fn open(file: File, header: Result<Header, NoHeader>) -> io::Result<Self> {
        let (frames, table, outer) = match read_table(&file)? {
            Some((frames, table)) => (frames, table, header.map(drop)),
            None => (find_frames(&file)?, Vec::new(), Err(NoHeader::Damaged)),
        };
        Ok(Self {
            file,
            frames,
            outer,
            crc: header.ok().and_then(|header| header.packed),
            table,
            last: Mutex::default(),
        })
    }

    fn len(&self) -> u64 {
        self.frames
            .last()
            .map_or(0, |frame| frame.from + frame.len as u64)
    }

    fn frame(&self, number: usize) -> io::Result<Bytes> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((held, bytes)) = &*last
            && *held == number
        {
            return Ok(bytes.clone());
        }
        let frame = self.frames[number];
        let bytes = frame.unpack(&frame.read(&self.file)?)?;
        *last = Some((number, bytes.clone()));
        Ok(bytes)
    }

    fn read_exact_at(&self, mut bytes: &mut [u8], mut at: u64) -> io::Result<()> {
        while !bytes.is_empty() {
            let after = self.frames.partition_point(|frame| frame.from <= at);
            let number = after.checked_sub(1).ok_or(io::ErrorKind::UnexpectedEof)?;
            let frame = self.frame(number)?;
            let from = (at - self.frames[number].from) as usize;
            let rest = frame.get(from..).unwrap_or_default();
            if rest.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let taken = rest.len().min(bytes.len());
            bytes[..taken].copy_from_slice(&rest[..taken]);
            bytes = &mut bytes[taken..];
            at += taken as u64;
        }
        Ok(())
    }

    fn read(&self) -> io::Result<(Bytes, Result<(), NoHeader>)> {
        let mut all = BytesMut::with_capacity(self.len() as usize);
        let mut crc = 0;
        for frame in &self.frames {
            let packed = frame.read(&self.file)?;
            crc = crc32c::crc32c_append(crc, &packed);
            match frame.unpack(&packed) {
                Ok(bytes) => all.extend_from_slice(&bytes),
                Err(_) => all.put_bytes(0, frame.len),
            }
        }
        Ok((all.freeze(), self.form(crc)))
    }

    fn check_form(
        &self,
        go_on: &mut dyn FnMut(usize) -> bool,
    ) -> io::Result<Option<Result<(), NoHeader>>> {
        let mut crc = 0;
        for frame in &self.frames {
            if !go_on(frame.bytes) {
                return Ok(None);
            }
            crc = crc32c::crc32c_append(crc, &frame.read(&self.file)?);
        }
        Ok(Some(self.form(crc)))
    }

    /// Whether the form is intact, if its frames have this crc32c.
    fn form(&self, frames: u32) -> Result<(), NoHeader> {
        match Some(crc32c::crc32c_append(frames, &self.table)) == self.crc {
            true => self.outer,
            false => self.outer.and(Err(NoHeader::Damaged)),
        }
    }
}

impl Frame {
    fn read(&self, file: &File) -> io::Result<Vec<u8>> {
        let mut packed = vec![0; self.bytes];
        file.read_exact_at(&mut packed, self.at)?;
        Ok(packed)
    }

    fn unpack(&self, packed: &[u8]) -> io::Result<Bytes> {
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "compressed frame");
        let bytes = zstd::bulk::decompress(packed, self.len).map_err(|_| damaged())?;
        match bytes.len() == self.len {
            true => Ok(bytes.into()),
            false => Err(damaged()),
        }
    }
}

/// The frames as the file says at its end, and what it says, if that fits the file.
fn read_table(file: &File) -> io::Result<Option<(Vec<Frame>, Vec<u8>)>> {
    let len = file.metadata()?.len();
    let le = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    let mut end = [0; TABLE_END_BYTES];
    let Some(end_at) = len.checked_sub((HEADER_BYTES + 8 + end.len()) as u64) else {
        return Ok(None);
    };
    file.read_exact_at(&mut end, end_at + (HEADER_BYTES + 8) as u64)?;
    let count = le(&end);
    let rest = u64::from(count) * 8 + end.len() as u64;
    let Some(at) = len
        .checked_sub(rest + 8)
        .filter(|&at| at >= HEADER_BYTES as u64)
    else {
        return Ok(None);
    };
    let mut table = vec![0; (rest + 8) as usize];
    file.read_exact_at(&mut table, at)?;
    let is_table = le(&table) == TABLE_MAGIC
        && u64::from(le(&table[4..])) == rest
        && end[4] == 0
        && le(&end[5..]) == TABLE_END_MAGIC;
    if !is_table {
        return Ok(None);
    }
    let (mut next, mut from) = (HEADER_BYTES as u64, 0);
    let mut frames = Vec::with_capacity(count as usize);
    for entry in table[8..].chunks_exact(8).take(count as usize) {
        let (bytes, len) = (le(entry) as usize, le(&entry[4..]) as usize);
        if len == 0 || len > FRAME_BYTES_MAX || from + len as u64 > SEGMENT_BYTES_MAX {
            return Ok(None);
        }
        let at = next;
        frames.push(Frame {
            at,
            bytes,
            from,
            len,
        });
        (next, from) = (next + bytes as u64, from + len as u64);
    }
    Ok((next == at).then_some((frames, table)))
}

/// The frames as they follow each other, as far as they can be told without the lengths.
fn find_frames(file: &File) -> io::Result<Vec<Frame>> {
    let mut all = vec![0; file.metadata()?.len() as usize];
    file.read_exact_at(&mut all, 0)?;
    let (mut at, mut from) = (HEADER_BYTES, 0);
    let mut frames = Vec::new();
    while let Some(rest) = all.get(at..)
        && rest.starts_with(&FRAME_MAGIC)
        && let Ok(bytes) = find_frame_compressed_size(rest)
        && let Ok(Some(len)) = get_frame_content_size(rest)
        && (1..=FRAME_BYTES_MAX as u64).contains(&len)
        && from + len <= SEGMENT_BYTES_MAX
    {
        let len = len as usize;
        frames.push(Frame {
            at: at as u64,
            bytes,
            from,
            len,
        });
        (at, from) = (at + bytes, from + len as u64);
    }
    Ok(frames)
}

/// Makes the compressed form, frame by frame.
pub(crate) struct Packing {
    compressor: zstd::bulk::Compressor<'static>,
    lengths: Vec<(u32, u32)>,
    crc: u32,
}

impl Packing {
    pub(crate) fn new() -> io::Result<Self> {
        let mut compressor = zstd::bulk::Compressor::new(LEVEL)?;
        compressor.set_parameter(CParameter::ChecksumFlag(true))?;
        Ok(Self {
            compressor,
            lengths: Vec::new(),
            crc: 0,
        })
    }

    /// The next frame.
    pub(crate) fn frame(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let packed = self.compressor.compress(bytes)?;
        self.lengths.push((packed.len() as u32, bytes.len() as u32));
        self.crc = crc32c::crc32c_append(self.crc, &packed);
        Ok(packed)
    }

    /// What the file ends with, and what it begins with.
    pub(crate) fn finish(self, header: Header) -> (Vec<u8>, [u8; HEADER_BYTES]) {
        let rest = self.lengths.len() * 8 + TABLE_END_BYTES;
        let mut table = Vec::with_capacity(8 + rest);
        table.put_u32_le(TABLE_MAGIC);
        table.put_u32_le(rest as u32);
        for (bytes, len) in &self.lengths {
            table.put_u32_le(*bytes);
            table.put_u32_le(*len);
        }
        table.put_u32_le(self.lengths.len() as u32);
        table.put_u8(0);
        table.put_u32_le(TABLE_END_MAGIC);
        let packed = Some(crc32c::crc32c_append(self.crc, &table));
        (table, Header { packed, ..header }.encode())
    }
}

/// Where the frame that begins at `from` ends: behind whole records, before `end` at most.
pub(crate) fn frame_end(file: &SegmentFile, from: u64, end: u64) -> io::Result<u64> {
    let mut at = from.max(HEADER_BYTES as u64);
    let mut header = [0; record::HEADER_BYTES];
    while at < end && at - from < FRAME_BYTES as u64 {
        file.read_exact_at(&mut header, at)?;
        let length = record::claimed_len(&header)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "record header"))?;
        at += length as u64;
    }
    match at <= end {
        true => Ok(at),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "record length")),
    }
}
