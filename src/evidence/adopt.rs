//! Files that lie elsewhere, taken over into a data folder that nobody serves: only what is to the byte what its name says.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::domain::id::LedgerId;
use crate::evidence::draft::Whole;
use crate::evidence::shelf::{self, DRAFTS};
use crate::evidence::{FOLDER, PIECE_BYTES_MAX};

/// Where the file of a digest is, if it is there, among those of a ledger in a data folder.
pub fn place(data: &Path, ledger: LedgerId, sha256: &[u8; 32]) -> PathBuf {
    shelf::path(&data.join(FOLDER).join(ledger.to_string()), sha256)
}

/// Copies the file `from` to its place in the data folder `data`, if it can be read and is the one of this digest; whether it is.
/// It is there whole and durable when this returns, or not at all.
pub fn adopt(from: &Path, data: &Path, ledger: LedgerId, sha256: &[u8; 32]) -> io::Result<bool> {
    let Ok(Some(mut source)) = shelf::open(from) else {
        return Ok(false);
    };
    // Read twice, so that what somebody put in its place takes no room.
    match shelf::digest(&mut source) {
        Ok((found, _)) if found == *sha256 => source.rewind()?,
        Ok(_) | Err(_) => return Ok(false),
    }
    let drafts = data.join(FOLDER).join(ledger.to_string()).join(DRAFTS);
    fs::create_dir_all(&drafts)?;
    // Gone again where it is not moved to its place.
    let mut whole = Whole {
        path: drafts.join(hex::encode(sha256)),
        sha256: *sha256,
    };
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut draft = options.open(&whole.path)?;
    let (mut digest, mut piece) = (Sha256::new(), vec![0; PIECE_BYTES_MAX]);
    loop {
        let read = match source.read(&mut piece) {
            Ok(0) => break,
            Ok(read) => piece.get(..read).unwrap_or_default(),
            Err(_) => return Ok(false),
        };
        digest.update(read);
        draft.write_all(read)?;
    }
    let found: [u8; 32] = digest.finalize().into();
    if found != *sha256 {
        return Ok(false);
    }
    draft.sync_all()?;
    shelf::put(&mut whole, &place(data, ledger, sha256))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::testing::ledger_id;
    use crate::evidence::{Found, look};

    #[test]
    fn only_the_file_that_the_digest_names_is_taken_over() {
        let (elsewhere, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let from = elsewhere.path().join("file");
        fs::write(&from, "minutes").unwrap();
        let sha256: [u8; 32] = Sha256::digest("minutes").into();
        let adopted = |sha256| adopt(&from, data.path(), ledger_id(), sha256).unwrap();
        let found = |sha256| look(data.path(), ledger_id(), sha256).unwrap();
        assert!(!adopted(&[7; 32]));
        assert_eq!(found(&[7; 32]), Found::Nothing);
        assert!(adopted(&sha256));
        assert_eq!(found(&sha256), Found::Matching { bytes: 7 });
        let drafts = data.path().join(FOLDER).join(ledger_id().to_string());
        let left = fs::read_dir(drafts.join(DRAFTS)).unwrap();
        assert_eq!(left.count(), 0);
        fs::remove_file(&from).unwrap();
        assert!(!adopted(&sha256), "there is none any more");
    }
}
