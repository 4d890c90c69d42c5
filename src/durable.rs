//! Small files that are replaced as a whole: durable when that returns, and at every moment the old one or the new one.
//!
//! The new one is written under another name and synced, then it takes the name of the old one, and the folder is synced. A
//! [`Lock`] says whose the folder is meanwhile.

use std::ffi::OsString;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

mod disk;
mod lock;
mod scratch;
mod whole;

pub use disk::{forget, is_of_the_disk};
pub use lock::Lock;
pub use scratch::Scratch;
pub use whole::WholeFolder;

/// Who may read a file, or look into a folder.
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

/// The bytes of a file; nothing where there are more than `bytes_max`, as of a device that never ends.
pub fn read_up_to(path: &Path, bytes_max: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let limit = bytes_max.saturating_add(1);
    let read = File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok((read as u64 <= bytes_max).then_some(bytes))
}

/// The text of a file; what is longer than `bytes_max` or not UTF-8 is invalid data.
pub fn read_text_up_to(path: &Path, bytes_max: u64) -> io::Result<String> {
    let invalid = || io::Error::from(io::ErrorKind::InvalidData);
    let bytes = read_up_to(path, bytes_max)?.ok_or_else(invalid)?;
    String::from_utf8(bytes).map_err(|_| invalid())
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
    // One that was left there may be for others too, and somebody may have it open: it is not written over.
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
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
    make(folder, Access::Shared)
}

/// As [`make_folder`], for its owner only: whatever is made, and `folder` also where it was there and open to others.
pub fn make_private_folder(folder: &Path) -> io::Result<()> {
    make(folder, Access::Private)?;
    #[cfg(unix)]
    std::fs::set_permissions(
        folder,
        std::os::unix::fs::PermissionsExt::from_mode(FOLDER_MODE),
    )?;
    Ok(())
}

/// Rights to a folder that nobody but its owner looks into.
#[cfg(unix)]
const FOLDER_MODE: u32 = 0o700;

fn make(folder: &Path, access: Access) -> io::Result<()> {
    let missing: Vec<&Path> = folder
        .ancestors()
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        .collect();
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    if access == Access::Private {
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, FOLDER_MODE);
    }
    #[cfg(not(unix))]
    let _ = access;
    builder.create(folder)?;
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

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_never_written_into_a_draft_that_others_can_read() {
        use std::io::Read as _;
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(draft(&path), "left").unwrap();
        fs::set_permissions(draft(&path), fs::Permissions::from_mode(0o644)).unwrap();
        let mut open_elsewhere = File::open(draft(&path)).unwrap();
        replace(&path, b"secret", Access::Private).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read(&path).unwrap(), b"secret");
        let mut seen = String::new();
        open_elsewhere.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "left");
        assert!(!draft(&path).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_private_folder_is_closed_to_others_whether_made_or_found() {
        use std::os::unix::fs::PermissionsExt as _;
        let root = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let inner = root.path().join("made/inner");
        make_private_folder(&inner).unwrap();
        assert_eq!(
            (mode(&root.path().join("made")), mode(&inner)),
            (0o700, 0o700)
        );
        fs::set_permissions(&inner, fs::Permissions::from_mode(0o755)).unwrap();
        make_folder(&inner).unwrap();
        assert_eq!(mode(&inner), 0o755);
        make_private_folder(&inner).unwrap();
        assert_eq!(mode(&inner), 0o700);
    }
}
