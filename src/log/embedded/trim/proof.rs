//! What sled must hold so that segments of the journal can go: proven to the roots that their seals tell.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use crate::domain::id::LedgerId;
use crate::durable::forget;
use crate::log::copy::raw::{self, SEGMENT_BYTES};
use crate::log::copy::{self, CopyFault, ReadCopy};
use crate::log::embedded::trim::Hindrance;
use crate::log::head::{Checkpoint, Head};
use crate::log::journal::Ledgers;
use crate::log::journal::catalog::start_of;
use crate::log::journal::survey::Survey;
use crate::merkle::Frontier;

/// Has the system forget what it remembers of sled's files.
pub(super) fn forget_files(sled: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(sled) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        if path.is_file() {
            let file = File::open(&path)?;
            forget(&file, 0, file.metadata()?.len());
        }
    }
    Ok(())
}

/// Checks sled's files as they lie there, before an open of sled may change one that is damaged.
pub(crate) fn check_files(sled: &Path) -> Result<(), Hindrance> {
    let entries = match fs::read_dir(sled) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(Hindrance::unproven("read copy: `sled` is missing"));
        }
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if !path.is_file() {
            continue;
        }
        if name.ends_with(".generating") {
            let why = format!("read copy, sled/{name}: a snapshot that was never finished");
            return Err(Hindrance::Unproven(why));
        }
        if name == copy::FILE {
            check_log(&File::open(&path)?)?;
        } else if let Err(unlike) = raw::check_small(&name, &fs::read(&path)?) {
            let why = format!("read copy, sled/{name}: {}", unlike.check);
            return Err(Hindrance::Unproven(why));
        }
    }
    Ok(())
}

fn check_log(file: &File) -> Result<(), Hindrance> {
    let len = file.metadata()?.len();
    let begins = || (0..len).step_by(SEGMENT_BYTES);
    let mut last = None;
    for from in begins() {
        let mut header = [0; 20];
        if from + header.len() as u64 <= len {
            file.read_exact_at(&mut header, from)?;
            last = last.max(raw::sequence(&header));
        }
    }
    let mut bytes = Vec::new();
    for from in begins() {
        bytes.resize((len - from).min(SEGMENT_BYTES as u64) as usize, 0);
        file.read_exact_at(&mut bytes, from)?;
        let sequence = raw::sequence(&bytes);
        if let Err(unlike) = raw::check_segment(&bytes, sequence.is_some() && last <= sequence) {
            let at = from + unlike.at as u64;
            let why = format!(
                "read copy, sled/{} at byte {at}: {}",
                copy::FILE,
                unlike.check
            );
            return Err(Hindrance::Unproven(why));
        }
    }
    Ok(())
}

/// Checks that sled holds, durably, whatever the segments up to `last` had, and that all it holds is sound.
pub(super) fn check_copy(copy: &ReadCopy, survey: &Survey, last: u32) -> Result<(), Hindrance> {
    let read = copy.read_up_to()?;
    if read.is_none_or(|read| read < start_of(last + 1)) {
        let why = "read copy: it was not fed from all of the segments";
        return Err(Hindrance::unproven(why));
    }
    let ends = copy.ends()?;
    let after = survey.sealed.iter().find(|sealed| sealed.number == last);
    let after = after.and_then(|sealed| sealed.end.as_ref());
    let after = after.map(Ledgers::from).unwrap_or_default();
    for (&ledger, state) in &after.0 {
        let size = state.frontier.size();
        let held = ends.get(&ledger).map_or(0, |end| end.size);
        let marked = survey.tail.ledgers.marked(ledger).size;
        if held.min(marked) < size {
            let why = format!(
                "read copy: ledger {ledger} ends at {held} and is durable up to {marked}, and the segments reach to {size}"
            );
            return Err(Hindrance::Unproven(why));
        }
    }
    for (&ledger, end) in &ends {
        check_ledger(copy, survey, ledger, end).map_err(Hindrance::Unproven)?;
    }
    let mut from = Some(Vec::new());
    while let Some(next) = from {
        (_, from) = copy.read_beside_log(&next)?;
    }
    Ok(())
}

/// Hashes all events of a ledger, up to each of the states that seals tell, and up to its end.
fn check_ledger(
    copy: &ReadCopy,
    survey: &Survey,
    ledger: LedgerId,
    end: &Head,
) -> Result<(), String> {
    let other_root = |size: u64| {
        Err(format!(
            "read copy: ledger {ledger} has another root at size {size}"
        ))
    };
    let mut frontier = Frontier::new();
    for sealed in &survey.sealed {
        let mut states = sealed.end.iter().flat_map(|seal| &seal.ledgers);
        let Some(state) = states.find(|state| state.ledger == ledger) else {
            continue;
        };
        let size = state.frontier.size();
        if end.size < size {
            break;
        }
        copy.follow(ledger, &mut frontier, size)?;
        if frontier != state.frontier {
            return other_root(size);
        }
    }
    copy.follow(ledger, &mut frontier, end.size)?;
    let tail = survey.tail.ledgers.head(ledger);
    let known = match end.size == tail.size {
        true => Some(tail.root),
        false => survey.roots.get(&(ledger, end.size)).copied(),
    };
    match frontier.root() == end.root && known == Some(end.root) {
        true => Ok(()),
        false => other_root(end.size),
    }
}

/// Checks that sled keeps a checkpoint byte for byte; it may have more signatures by now.
pub(super) fn check_kept(copy: &ReadCopy, kept: &Checkpoint) -> Result<(), Hindrance> {
    let (ledger, size) = (kept.ledger, kept.size);
    let held = copy.checkpoints(ledger, size..=size, 1)?;
    let is_held = |held: &Checkpoint| held.root == kept.root && held.note.starts_with(&kept.note);
    match held.first().is_some_and(is_held) {
        true => Ok(()),
        false => Err(Hindrance::Unproven(format!(
            "read copy, a checkpoint of ledger {ledger} at size {size}: it is not the journal's"
        ))),
    }
}

impl From<CopyFault> for Hindrance {
    fn from(fault: CopyFault) -> Self {
        match fault {
            CopyFault::Environment(why) => Self::Io(io::Error::other(why)),
            fault => Self::Unproven(fault.to_string()),
        }
    }
}
