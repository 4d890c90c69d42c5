//! `manifest.json`: what a bundle is of, and the digest of each of its files.
//!
//! JSON in one spelling: UTF-8, keys sorted, no spaces, LF at the end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::merkle::Hash;
use crate::proof::bundle::{BUNDLE_FILES_MAX, MANIFEST};

/// The only format there is.
const FORMAT: u32 = 1;
/// Characters of a path at most.
const PATH_CHARS_MAX: usize = 200;

/// What a bundle is of. The files are sorted by path when it is written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// The origin of the ledger's checkpoints.
    pub origin: String,
    /// The ledger's id.
    pub ledger: String,
    /// The ledger's code.
    pub code: String,
    /// The generation of the ledger, from 1.
    pub generation: u64,
    /// The number of events.
    pub size: u64,
    /// The root over them.
    pub root: Hash,
    /// Whether the ledger is a sample.
    pub sample: bool,
    /// Every other file.
    pub files: Vec<Listed>,
}

/// A file of a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Where it is below the bundle's folder.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// What its bytes hash to.
    pub sha256: Hash,
}

/// The bytes are not a manifest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidManifest {
    /// Not JSON, or not of this form.
    #[error("not a manifest: {0}")]
    Json(String),
    /// A later version made it.
    #[error("format {0}, which this version does not know")]
    Format(u32),
    /// Another spelling of the same.
    #[error("not in its one spelling: keys and paths sorted, no spaces, LF at the end")]
    Spelling,
    /// A root or digest is not 64 hexadecimal digits.
    #[error("`{0}` is not a SHA-256 in hexadecimal")]
    Digest(String),
    /// A path that leaves the folder, or means another file on another machine.
    #[error("`{0}` is no path of a bundle")]
    Path(String),
    /// More files than a bundle may have.
    #[error("more than {BUNDLE_FILES_MAX} files")]
    TooManyFiles,
}

/// Keys in their order.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    files: Vec<WireFile>,
    format: u32,
    generation: u64,
    ledger: WireLedger,
    origin: String,
    root: String,
    sample: bool,
    size: u64,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireFile {
    bytes: u64,
    path: String,
    sha256: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct WireLedger {
    code: String,
    id: String,
}

/// The format alone, to tell a later one from damage.
#[derive(Deserialize)]
struct WireFormat {
    format: u32,
}

impl Manifest {
    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut files: Vec<&Listed> = self.files.iter().collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let files = files.into_iter().map(|file| WireFile {
            bytes: file.bytes,
            path: file.path.clone(),
            sha256: hex::encode(file.sha256.as_bytes()),
        });
        let wire = Wire {
            files: files.collect(),
            format: FORMAT,
            generation: self.generation,
            ledger: WireLedger {
                code: self.code.clone(),
                id: self.ledger.clone(),
            },
            origin: self.origin.clone(),
            root: hex::encode(self.root.as_bytes()),
            sample: self.sample,
            size: self.size,
        };
        // Strings, numbers and lists of them: nothing here that JSON cannot hold.
        let text = serde_json::to_string(&wire).unwrap_or_default();
        format!("{text}\n")
    }

    /// The manifest that these bytes are.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidManifest> {
        let json = |error: serde_json::Error| InvalidManifest::Json(error.to_string());
        let WireFormat { format } = serde_json::from_slice(bytes).map_err(json)?;
        if format != FORMAT {
            return Err(InvalidManifest::Format(format));
        }
        let wire: Wire = serde_json::from_slice(bytes).map_err(json)?;
        if BUNDLE_FILES_MAX < wire.files.len() {
            return Err(InvalidManifest::TooManyFiles);
        }
        let mut files = Vec::with_capacity(wire.files.len());
        for file in wire.files {
            if !is_safe_path(&file.path) || file.path == MANIFEST {
                return Err(InvalidManifest::Path(file.path));
            }
            files.push(Listed {
                sha256: digest(&file.sha256)?,
                bytes: file.bytes,
                path: file.path,
            });
        }
        let manifest = Self {
            origin: wire.origin,
            ledger: wire.ledger.id,
            code: wire.ledger.code,
            generation: wire.generation,
            size: wire.size,
            root: digest(&wire.root)?,
            sample: wire.sample,
            files,
        };
        let ascending = manifest.files.is_sorted_by(|a, b| a.path < b.path);
        match ascending && manifest.to_text().as_bytes() == bytes {
            true => Ok(manifest),
            false => Err(InvalidManifest::Spelling),
        }
    }

    /// The files by path.
    pub fn by_path(&self) -> BTreeMap<&str, &Listed> {
        let files = self.files.iter();
        files.map(|file| (file.path.as_str(), file)).collect()
    }
}

fn digest(text: &str) -> Result<Hash, InvalidManifest> {
    let bytes = hex::decode(text).ok();
    let hash = bytes.and_then(|bytes| Hash::try_from(bytes.as_slice()).ok());
    hash.ok_or_else(|| InvalidManifest::Digest(text.to_owned()))
}

/// Whether a path stays inside the folder and means the same file on every machine.
pub fn is_safe_path(path: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
    let part = |part: &str| !part.is_empty() && !part.ends_with('.');
    path.len() <= PATH_CHARS_MAX && path.chars().all(plain) && path.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let file = |path: &str| Listed {
            path: path.to_owned(),
            bytes: 3,
            sha256: Hash::new([5; 32]),
        };
        Manifest {
            origin: "city.example/daicho".to_owned(),
            ledger: "018b0000-0000-7000-8000-000000000001".to_owned(),
            code: "市".to_owned(),
            generation: 1,
            size: 2,
            root: Hash::new([7; 32]),
            sample: false,
            files: vec![file("tile/0/000.p/2"), file("checkpoint")],
        }
    }

    #[test]
    fn a_manifest_has_one_spelling() {
        let text = manifest().to_text();
        let parsed = Manifest::parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.to_text(), text);
        assert_eq!(parsed.files[0].path, "checkpoint", "sorted");
        let spaced = text.replace("\"format\":1", "\"format\": 1");
        let spelling = Manifest::parse(spaced.as_bytes());
        assert_eq!(spelling, Err(InvalidManifest::Spelling));
        let upper = text.replace("0707", "0G07");
        assert!(matches!(
            Manifest::parse(upper.as_bytes()),
            Err(InvalidManifest::Digest(_))
        ));
        let later = text.replace("\"format\":1", "\"format\":2");
        let later = Manifest::parse(later.as_bytes());
        assert_eq!(later, Err(InvalidManifest::Format(2)));
    }

    #[test]
    fn no_path_leaves_the_folder() {
        for path in ["checkpoint", "tile/0/x001/234.p/7", "README.ja.txt"] {
            assert!(is_safe_path(path), "{path}");
        }
        for path in [
            "", "/etc", "a//b", "..", "a/../b", "a/.", "a\\b", "c:x", "a b", "ａ", "a/",
        ] {
            assert!(!is_safe_path(path), "{path}");
        }
        let outside = manifest().to_text().replace("\"checkpoint\"", "\"../x\"");
        assert!(matches!(
            Manifest::parse(outside.as_bytes()),
            Err(InvalidManifest::Path(_))
        ));
    }
}
