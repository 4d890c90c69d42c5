//! Where files lie that a target has to have on disk: in the folder for temporary files, which `run` makes and takes away.

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

/// The folder of this process.
pub static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = std::env::temp_dir().join(format!("daicho-fuzz-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    folder
});

/// A file in it with these bytes.
pub fn file(name: &str, bytes: &[u8]) -> PathBuf {
    let path = FOLDER.join(name);
    fs::write(&path, bytes).expect("a file");
    path
}
