//! The ZIP file around a workbook, looked at before anything in it is parsed.
//!
//! Everything is inflated once and counted, so neither a lying header nor a bomb is met by a parser that
//! trusts its sizes. What a workbook of figures never has is refused by name: macros, passwords, document
//! types.

use std::io::{Cursor, Read as _};

use zip::ZipArchive;
use zip::result::ZipError;

use super::Unopened;

/// Most bytes of a workbook's file.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most files in a workbook's file. One with 50 sheets has some 120.
pub const PARTS_MAX: usize = 1_000;
/// Most bytes of one of them, inflated.
pub const PART_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most bytes of all of them, inflated.
pub const INFLATED_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// What a ZIP file begins with.
const ZIP: &[u8] = b"PK\x03\x04";
/// What an OLE file begins with: a workbook of the years before 2007, or one with a password.
const OLE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// A stream of OLE files that holds a workbook with a password, in UTF-16.
const ENCRYPTED: &str = "EncryptedPackage";
/// What only a document type may say.
const DOCUMENT_TYPES: [&[u8]; 2] = [b"<!DOCTYPE", b"<!ENTITY"];
/// An attribute whose number a parser takes as the size of what follows.
const COUNT: &[u8] = b"uniqueCount";

/// Whether the bytes are those of a workbook, readable or not.
pub(crate) fn is_workbook(bytes: &[u8]) -> bool {
    bytes.starts_with(ZIP) || bytes.starts_with(OLE)
}

/// Checks the file as a whole.
pub(super) fn check(bytes: &[u8]) -> Result<(), Unopened> {
    if FILE_BYTES_MAX < bytes.len() {
        return Err(Unopened::TooLarge);
    }
    if bytes.starts_with(OLE) {
        let encrypted: Vec<u8> = ENCRYPTED
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let is_encrypted = bytes
            .windows(encrypted.len())
            .any(|window| window == encrypted);
        return Err(if is_encrypted {
            Unopened::Password
        } else {
            Unopened::OldFormat
        });
    }
    let broken = |_: ZipError| Unopened::Broken;
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(broken)?;
    if PARTS_MAX < archive.len() {
        return Err(Unopened::TooManyParts);
    }
    let names: Vec<String> = archive
        .file_names()
        .map(|name| Ok(name?.to_ascii_lowercase().replace('\\', "/")))
        .collect::<Result<_, _>>()
        .map_err(broken)?;
    let ends = |end: &str| names.iter().any(|name| name.ends_with(end));
    if ends("vbaproject.bin") {
        return Err(Unopened::Macros);
    }
    if ends("workbook.bin") {
        return Err(Unopened::BinaryFormat);
    }
    if names.iter().any(|name| name == "mimetype") {
        return Err(Unopened::OpenDocument);
    }
    let mut total = 0;
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(|error| match error {
            zip::result::ZipError::UnsupportedArchive(zip::result::ZipError::PASSWORD_REQUIRED) => {
                Unopened::Password
            }
            _ => Unopened::Broken,
        })?;
        let name = part.name().map_err(broken)?.to_ascii_lowercase();
        let is_xml = [".xml", ".rels"].iter().any(|end| name.ends_with(end));
        let mut inflated = Vec::new();
        // One byte more than is allowed tells that there is more; the header's word is not taken for it.
        let read = part
            .by_ref()
            .take(PART_BYTES_MAX + 1)
            .read_to_end(&mut inflated)
            .map_err(|_| Unopened::Broken)?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        total += read;
        if PART_BYTES_MAX < read || INFLATED_BYTES_MAX < total {
            return Err(Unopened::Inflates);
        }
        if is_xml {
            check_xml(&inflated)?;
        }
    }
    Ok(())
}

/// Refuses XML with a document type or in another encoding than UTF-8, and sizes that cannot be.
fn check_xml(bytes: &[u8]) -> Result<(), Unopened> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unopened::Encoding)?;
    if text.contains('\0') {
        return Err(Unopened::Encoding);
    }
    if let Some(declaration) = text
        .trim_start_matches('\u{FEFF}')
        .strip_prefix("<?xml")
        .and_then(|rest| rest.split_once("?>"))
    {
        let declaration = declaration.0.to_ascii_lowercase();
        if declaration.contains("encoding") && !declaration.contains("utf-8") {
            return Err(Unopened::Encoding);
        }
    }
    let upper = |window: &[u8], word: &[u8]| window.eq_ignore_ascii_case(word);
    for word in DOCUMENT_TYPES {
        if bytes.windows(word.len()).any(|window| upper(window, word)) {
            return Err(Unopened::DocumentType);
        }
    }
    for (at, _) in text.match_indices("uniqueCount") {
        let digits: String = text[at + COUNT.len()..]
            .trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '=' | '"' | '\''))
            .chars()
            .take_while(char::is_ascii_digit)
            .take(20)
            .collect();
        // Each string takes more than one byte of the part.
        if digits
            .parse()
            .is_ok_and(|count: u64| u64::try_from(bytes.len()).unwrap_or(u64::MAX) < count)
        {
            return Err(Unopened::Broken);
        }
    }
    Ok(())
}
