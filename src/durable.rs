//! Small files that are replaced as a whole: durable when that returns, and at every moment the old one or the new one.
//!
//! The new one is written under another name and synced, then it takes the name of the old one, and the folder is synced.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// Whoever the folder lets in.
    Shared,
    /// Its owner.
    Private,
}

/// How far a replacement came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// The file is written under another name.
    Drafted,
    /// It has its name, which is not durable yet.
    Named,
}

/// Replaces a file, or makes it.
pub fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    replace_in_steps(path, bytes, access, |_| {})
}

/// As [`replace`]; `passed` is told each step, so that tests can end the process there.
pub fn replace_in_steps(
    path: &Path,
    bytes: &[u8],
    access: Access,
    passed: impl Fn(Step),
) -> io::Result<()> {
    let draft = draft(path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    #[cfg(not(unix))]
    let _ = access;
    let mut file = options.open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    passed(Step::Drafted);
    std::fs::rename(&draft, path)?;
    passed(Step::Named);
    sync_folder(above(path))
}

/// Makes a folder with those above it that are not there; durable when it returns.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        .collect();
    std::fs::create_dir_all(folder)?;
    // Each new one is an entry of the one above.
    missing.iter().try_for_each(|made| sync_folder(above(made)))
}

/// The folder that a path lies in.
fn above(path: &Path) -> &Path {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty());
    above.unwrap_or(Path::new("."))
}

/// Makes what was made in a folder, renamed or taken away durable.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What stands behind the name of a file while it is written.
pub const DRAFT: &str = ".new";

/// What a file is called while it is written.
fn draft(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(DRAFT);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;

    use super::*;

    #[test]
    fn at_every_step_there_is_the_old_file_or_the_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file.key");
        replace(&path, b"old", Access::Shared).unwrap();
        let seen = RefCell::new(Vec::new());
        let look = |step| seen.borrow_mut().push((step, fs::read(&path).unwrap()));
        replace_in_steps(&path, b"new", Access::Private, look).unwrap();
        let expected = [
            (Step::Drafted, b"old".to_vec()),
            (Step::Named, b"new".to_vec()),
        ];
        assert_eq!(seen.into_inner(), expected);
        let names = fs::read_dir(folder.path()).unwrap();
        let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["file.key"], "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let nowhere = folder.path().join("none/file");
        assert!(replace(&nowhere, b"", Access::Shared).is_err());
    }
}
