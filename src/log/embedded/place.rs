//! Where the journal of a data folder is: in it, or in another folder that it remembers.
//!
//! ```text
//! <data folder>/journal-at    the folder of the journal, absolute, a line; not there: `journal/`
//! ```
//! Nobody moves a journal but the operator, while nothing has the data folder open. What is found afterwards decides: where the
//! files are and are asked for, there they are taken; whatever else differs is refused, so that no journal is ever begun beside one.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::durable::{self, Access, sync_folder};
use crate::log::embedded::OpenError;
use crate::log::embedded::folder::LOCK;
use crate::log::journal::{FolderId, segment};

pub(crate) const FILE: &str = "journal-at";
/// It holds one path.
const BYTES_MAX: u64 = 64 * 1024;

/// The folder of the journal, as the data folder `root` remembers it.
pub(crate) fn journal_of(root: &Path) -> io::Result<PathBuf> {
    match durable::read_text_up_to(&root.join(FILE), BYTES_MAX) {
        Ok(text) => match text.strip_suffix('\n').map(Path::new) {
            Some(path) if path.is_absolute() => Ok(path.to_owned()),
            _ => {
                let why = "the file `journal-at` names no folder";
                Err(io::Error::new(io::ErrorKind::InvalidData, why))
            }
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(within(root)),
        Err(error) => Err(error),
    }
}

/// Where it is unless something else was asked for.
pub(crate) fn within(root: &Path) -> PathBuf {
    root.join("journal")
}

/// What lies in a folder that may have a journal.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Lying {
    /// There is no such folder, or nothing is in it.
    Nothing,
    /// The journal of the data folder: so many files.
    Journal(usize),
    /// The journal of another data folder.
    OtherJournal,
    /// Something else.
    Something,
}

impl fmt::Display for Lying {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing is there"),
            Self::Journal(1) => f.write_str("its one file is there"),
            Self::Journal(files) => write!(f, "its {files} files are there"),
            Self::OtherJournal => f.write_str("the journal of another data folder is there"),
            Self::Something => f.write_str("something else is there"),
        }
    }
}

fn lying(dir: &Path, id: Option<FolderId>) -> io::Result<Lying> {
    let numbers = match segment::list(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Lying::Nothing),
        numbers => numbers?,
    };
    if numbers.is_empty() {
        // A journal that was moved away leaves its lock.
        let mut names = fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.file_name()));
        let is_empty = names.all(|name| name.is_ok_and(|name| name == LOCK));
        return Ok(if is_empty {
            Lying::Nothing
        } else {
            Lying::Something
        });
    }
    let any = FolderId([0; 16]);
    let of_another = numbers.iter().any(|number| {
        let opening = segment::read_opening(dir, any, *number);
        let header = opening.ok().and_then(|(header, _)| header.ok());
        header.is_some_and(|header| id.is_some_and(|id| header.folder != id))
    });
    Ok(match of_another {
        true => Lying::OtherJournal,
        false => Lying::Journal(numbers.len()),
    })
}

/// Finds the journal of the data folder `root`, which is `id` if it was ever opened, where it is asked for; `None`: where the folder
/// remembers it. Remembers a place that is new, or that it was moved to.
pub(crate) fn settle(
    root: &Path,
    id: Option<FolderId>,
    asked: Option<&Path>,
) -> Result<PathBuf, OpenError> {
    let io = |source| OpenError::Io {
        what: "place of the journal",
        source,
    };
    let known = journal_of(root).map_err(io)?;
    let Some(asked) = asked else {
        return Ok(known);
    };
    let asked = std::path::absolute(asked).map_err(io)?;
    if is_one(&known, &asked) {
        return Ok(known);
    }
    let (there, here) = (lying(&known, id), lying(&asked, id));
    let (there, here) = (there.map_err(io)?, here.map_err(io)?);
    let is_moved = matches!(here, Lying::Journal(_)) && id.is_some();
    let is_new = here == Lying::Nothing && id.is_none();
    if there != Lying::Nothing || !(is_moved || is_new) {
        return Err(OpenError::JournalElsewhere {
            known,
            there: there.to_string(),
            asked,
            here: here.to_string(),
        });
    }
    remember(root, &asked).map_err(io)?;
    tracing::info!(from = %known.display(), to = %asked.display(), "the journal has another folder");
    Ok(asked)
}

fn remember(root: &Path, journal: &Path) -> io::Result<()> {
    let file = root.join(FILE);
    if is_one(journal, &within(root)) {
        return match fs::remove_file(file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
            Ok(()) => sync_folder(root),
        };
    }
    let path = journal.to_str().filter(|path| !path.contains('\n'));
    let odd = || io::Error::new(io::ErrorKind::InvalidInput, "a path of more than text");
    let line = format!("{}\n", path.ok_or_else(odd)?);
    durable::replace(&file, line.as_bytes(), Access::Shared)
}

/// Whether two paths name one folder.
fn is_one(a: &Path, b: &Path) -> bool {
    let whole = |path: &Path| std::path::absolute(path).ok();
    let real = |path: &Path| fs::canonicalize(path).ok();
    whole(a) == whole(b) || real(a).is_some_and(|a| Some(a) == real(b))
}
