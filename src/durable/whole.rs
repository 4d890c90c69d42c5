//! A folder that is made under another name, beside its place, and takes its place when it is whole: it is there whole or not at all.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::{Lock, Step, above, make_private_folder, sync_folder};

/// What stands behind the name of a folder while it is made.
const UNFINISHED: &str = ".unfinished";
/// The file in it that says that it is one, locked by whoever makes it. It is taken away when the folder has its place.
const MARK: &str = "unfinished";

/// A folder that is being made.
#[derive(Debug)]
pub struct WholeFolder {
    folder: PathBuf,
    place: PathBuf,
    held: Option<Lock>,
}

impl WholeFolder {
    /// The one that will be at `place`. Nothing is made or removed yet.
    ///
    /// # Errors
    ///
    /// Where `place` can have no folder put in its place: it is a mount point, a link to nothing, or ends with no name, as `..` does.
    pub fn at(place: &Path) -> io::Result<Self> {
        // `.` has a name when it is there; a slash behind a name is not part of it.
        let place: PathBuf = match fs::canonicalize(place) {
            Ok(there) => there,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let mut components = place.components();
                // What is above is not told without what is there.
                if components.any(|component| component == Component::ParentDir) {
                    return Err(ErrorKind::InvalidFilename.into());
                }
                std::path::absolute(place)?.components().collect()
            }
            Err(error) => return Err(error),
        };
        let mut name = match place.file_name() {
            Some(name) => name.to_owned(),
            None => return Err(ErrorKind::InvalidFilename.into()),
        };
        if let Ok(there) = fs::symlink_metadata(&place) {
            if there.is_symlink() {
                let why = "a link to what is not there";
                return Err(io::Error::new(ErrorKind::AlreadyExists, why));
            }
            if is_mount_point(&there, &fs::metadata(above(&place))?) {
                let why = "a mount point: name a folder in it";
                return Err(io::Error::new(ErrorKind::ResourceBusy, why));
            }
        }
        name.push(UNFINISHED);
        Ok(Self {
            folder: place.with_file_name(name),
            place,
            held: None,
        })
    }

    /// Where it is until it is whole.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether there is nothing at its place, or an empty folder.
    pub fn is_free(&self) -> io::Result<bool> {
        match fs::read_dir(&self.place) {
            Ok(mut entries) => Ok(entries.next().is_none()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Whether making it would change `other`, or something in it: it lies in `other`, or `other` in what an earlier run is taken to
    /// have left.
    pub fn touches(&self, other: &Path) -> bool {
        let Ok(other) = fs::canonicalize(other) else {
            return false;
        };
        let there = self.place.ancestors().find(|folder| folder.exists());
        let there = there.and_then(|folder| fs::canonicalize(folder).ok());
        let draft = fs::canonicalize(&self.folder).ok();
        there.is_some_and(|there| there.starts_with(&other))
            || draft.is_some_and(|draft| other.starts_with(draft))
    }

    /// Makes it, for its owner only. What an earlier run left of it goes.
    ///
    /// # Errors
    ///
    /// `ResourceBusy` where somebody else makes it, `AlreadyExists` where what has its name is not known to be left by anybody.
    pub fn make(&mut self) -> io::Result<()> {
        self.clear()?;
        make_private_folder(&self.folder)?;
        self.held = Some(locked(File::create(self.folder.join(MARK))?)?);
        Ok(())
    }

    fn clear(&self) -> io::Result<()> {
        match File::open(self.folder.join(MARK)) {
            Ok(mark) => {
                let _held = locked(mark)?;
                fs::remove_dir_all(&self.folder)
            }
            Err(error) if error.kind() == ErrorKind::NotFound => match fs::remove_dir(&self.folder)
            {
                Err(error) if error.kind() == ErrorKind::DirectoryNotEmpty => {
                    let folder = self.folder.display();
                    let why = format!("`{folder}` is in the way: move it elsewhere");
                    Err(io::Error::new(ErrorKind::AlreadyExists, why))
                }
                Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
            Err(error) => Err(error),
        }
    }

    /// Gives it its place. What is in it is durable already; its names need not be.
    pub fn put(&self, passed: impl Fn(Step)) -> io::Result<()> {
        sync_folder(&self.folder)?;
        passed(Step::Drafted);
        if self.place.exists() {
            fs::remove_dir(&self.place)?;
        }
        fs::rename(&self.folder, &self.place)?;
        passed(Step::Named);
        sync_folder(above(&self.place))?;
        // It means nothing there, and a crash may leave it.
        fs::remove_file(self.place.join(MARK))?;
        sync_folder(&self.place)
    }

    /// Takes it away again.
    pub fn discard(&self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "what was made of a folder could not be removed");
        }
    }
}

#[cfg(unix)]
fn is_mount_point(there: &fs::Metadata, above: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    there.dev() != above.dev()
}

#[cfg(not(unix))]
fn is_mount_point(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    false
}

fn locked(mark: File) -> io::Result<Lock> {
    Lock::alone(mark).map_err(|error| match error {
        TryLockError::WouldBlock => {
            io::Error::new(ErrorKind::ResourceBusy, "another process makes it")
        }
        TryLockError::Error(error) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_a_place_is_written_it_is_made_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir(folder.join("there")).unwrap();
        for written in ["new", "new/", "new/.", "./new", "there/", "there/."] {
            let whole = WholeFolder::at(&folder.join(written)).unwrap();
            assert_eq!(whole.folder().parent(), Some(&*folder), "{written}");
            assert!(whole.is_free().unwrap(), "{written}");
        }
        let refused = |written: &str| WholeFolder::at(&folder.join(written)).unwrap_err().kind();
        assert_eq!(refused("new/.."), ErrorKind::InvalidFilename);
        assert_eq!(refused("new/../there"), ErrorKind::InvalidFilename);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("nowhere", folder.join("link")).unwrap();
            assert_eq!(refused("link"), ErrorKind::AlreadyExists);
        }
        #[cfg(target_os = "linux")]
        {
            let mounted = WholeFolder::at(Path::new("/proc")).unwrap_err();
            assert_eq!(mounted.kind(), ErrorKind::ResourceBusy);
        }
        // What is there has the name that it goes by.
        let up = WholeFolder::at(&folder.join("there/..")).unwrap();
        assert_eq!(up.folder().parent(), folder.parent());
    }

    #[test]
    fn it_is_at_its_place_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new");
        let mut left = WholeFolder::at(&place).unwrap();
        left.make().unwrap();
        fs::write(left.folder().join("file"), "left").unwrap();
        let mut whole = WholeFolder::at(&place).unwrap();
        let busy = whole.make().unwrap_err();
        assert_eq!(busy.kind(), ErrorKind::ResourceBusy);
        drop(left);
        whole.make().unwrap();
        assert!(!whole.folder().join("file").exists());
        fs::write(whole.folder().join("file"), "text").unwrap();
        assert!(!place.exists());
        fs::create_dir(&place).unwrap();
        whole.put(|_| {}).unwrap();
        assert_eq!(fs::read(place.join("file")).unwrap(), b"text");
        assert_eq!(
            fs::read_dir(&place).unwrap().count(),
            1,
            "and nothing beside it"
        );
        assert!(!whole.folder().exists());
        assert!(!WholeFolder::at(&place).unwrap().is_free().unwrap());
    }

    #[test]
    fn what_nobody_is_known_to_have_left_is_not_removed() {
        let folder = tempfile::tempdir().unwrap();
        let mut whole = WholeFolder::at(&folder.path().join("new")).unwrap();
        let theirs = whole.folder().join("file");
        fs::create_dir(whole.folder()).unwrap();
        fs::write(&theirs, "theirs").unwrap();
        let refused = whole.make().unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&theirs).unwrap(), b"theirs");
        // A crash before it was marked.
        fs::remove_file(theirs).unwrap();
        whole.make().unwrap();
    }

    #[test]
    fn what_it_would_change_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["source", "new.unfinished/data", "beside"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        let within = WholeFolder::at(&path("source/a/b")).unwrap();
        assert!(within.touches(&path("source")));
        assert!(!within.touches(&path("beside")));
        let over = WholeFolder::at(&path("new")).unwrap();
        assert!(over.touches(&path("new.unfinished")));
        assert!(over.touches(&path("new.unfinished/data")));
        assert!(!over.touches(&path("source")));
    }
}
