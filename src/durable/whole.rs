//! A folder that is made under another name, beside its place, and takes its place when it is whole: it is there whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Step, above, make_private_folder, sync_folder};

/// What stands behind the name of a folder while it is made.
const UNFINISHED: &str = ".unfinished";

/// A folder that is being made.
#[derive(Debug)]
pub struct WholeFolder {
    folder: PathBuf,
    place: PathBuf,
}

impl WholeFolder {
    /// The one that will be at `place`. Nothing is made or removed yet.
    ///
    /// # Errors
    ///
    /// Where `place` ends with no name, as `..` does.
    pub fn at(place: &Path) -> io::Result<Self> {
        // `.` has a name when it is there; a slash behind a name is not part of it.
        let place = match fs::canonicalize(place) {
            Ok(there) => there,
            Err(error) if error.kind() == io::ErrorKind::NotFound => std::path::absolute(place)?,
            Err(error) => return Err(error),
        };
        let place: PathBuf = place.components().collect();
        let mut name = match place.file_name() {
            Some(name) => name.to_owned(),
            None => return Err(io::ErrorKind::InvalidFilename.into()),
        };
        name.push(UNFINISHED);
        Ok(Self {
            folder: place.with_file_name(name),
            place,
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
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
    pub fn make(&self) -> io::Result<()> {
        if self.folder.exists() {
            fs::remove_dir_all(&self.folder)?;
        }
        make_private_folder(&self.folder)
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
        sync_folder(above(&self.place))
    }

    /// Takes it away again.
    pub fn discard(&self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, "what was made of a folder could not be removed");
        }
    }
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
        let name = |written: &str| WholeFolder::at(&folder.join(written)).map_err(|e| e.kind());
        assert_eq!(name("new/..").unwrap_err(), io::ErrorKind::InvalidFilename);
        // What is there has the name that it goes by.
        let up = WholeFolder::at(&folder.join("there/..")).unwrap();
        assert_eq!(up.folder().parent(), folder.parent());
    }

    #[test]
    fn it_is_at_its_place_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("new");
        let whole = WholeFolder::at(&place).unwrap();
        whole.make().unwrap();
        fs::write(whole.folder().join("file"), "left").unwrap();
        whole.make().unwrap();
        assert_eq!(fs::read_dir(whole.folder()).unwrap().count(), 0);
        fs::write(whole.folder().join("file"), "text").unwrap();
        assert!(!place.exists());
        fs::create_dir(&place).unwrap();
        whole.put(|_| {}).unwrap();
        assert_eq!(fs::read(place.join("file")).unwrap(), b"text");
        assert!(!whole.folder().exists());
        assert!(!WholeFolder::at(&place).unwrap().is_free().unwrap());
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
