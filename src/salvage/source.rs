//! The folders that events are taken from: what each is, and the parts of it that can be read. Nothing in them is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::backup;
use crate::domain::id::LedgerId;
use crate::durable::{self, Lock};
use crate::log::copy::{CopyFault, FILE as COPY_FILE};
use crate::log::embedded::{folder, place};
use crate::log::journal::{FolderId, segment};
use crate::log::stored::remains::JournalRemains;
use crate::log::stored::{Damage, StoredCopy, hold_shared};
use crate::log::{Checkpoint, OpenError};
use crate::merkle::{SignedCheckpoint, TreeHead, VerifierKey};
use crate::proof::bundle::stored::{NoBundle, StoredBundle};
use crate::proof::{KeyFolder, KeyLock, checkpoint_files, last_checkpoint_file};
use crate::salvage::part::{Holding, Part, Said};
use crate::salvage::{LookedAt, SalvageError};

/// Faults of a source that are told.
const FAULTS_MAX: usize = 20;

/// What a source is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SourceKind {
    /// A data folder.
    DataFolder,
    /// A backup.
    Backup,
    /// An export bundle.
    Bundle,
    /// A journal alone.
    Journal,
    /// A read copy alone.
    ReadCopy,
}

impl SourceKind {
    /// The stable name for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DataFolder => "data_folder",
            Self::Backup => "backup",
            Self::Bundle => "bundle",
            Self::Journal => "journal",
            Self::ReadCopy => "read_copy",
        }
    }
}

/// A folder that events are taken from.
pub(super) struct Source {
    number: usize,
    path: PathBuf,
    kind: SourceKind,
    /// The data folder in it, which may hold texts about people and attached files.
    pub(super) data: Option<PathBuf>,
    /// The bundle that it is, which may hold attached files.
    pub(super) bundle: Option<PathBuf>,
    faults: Vec<String>,
    faults_omitted: usize,
    /// The public keys in it.
    pub(super) keys: BTreeMap<LedgerId, Vec<VerifierKey>>,
    /// Keeps servers out while it is read.
    held: Option<Lock>,
}

impl Source {
    /// Opens what lies in `path`, the source of this number, and tells the parts of it. Private copies of read copies are made in `scratch`.
    pub(super) fn open(
        number: usize,
        path: &Path,
        scratch: &Path,
    ) -> Result<(Self, Vec<Part>), SalvageError> {
        let inner = path.join(backup::DATA);
        let mut source = Self {
            number,
            path: path.to_owned(),
            kind: SourceKind::DataFolder,
            data: None,
            bundle: None,
            faults: Vec::new(),
            faults_omitted: 0,
            keys: BTreeMap::new(),
            held: None,
        };
        let parts = if is_data_folder(&inner) {
            source.kind = SourceKind::Backup;
            let mut said = Said::default();
            match backup::manifest(path) {
                Ok(manifest) => reaches(&manifest, &mut said),
                Err(error) => source.fault(format!("{}: {error}", backup::MANIFEST)),
            }
            source.data_folder(&inner, said, scratch)?
        } else if StoredBundle::is_in(path) {
            source.kind = SourceKind::Bundle;
            source.bundle = Some(path.to_owned());
            source.bundle_parts()?
        } else if is_data_folder(path) {
            source.data_folder(path, Said::default(), scratch)?
        } else if segment::list(path).is_ok_and(|numbers| !numbers.is_empty()) {
            source.kind = SourceKind::Journal;
            source.journal(path, None)?.into_iter().collect()
        } else if path.join(COPY_FILE).is_file() {
            source.kind = SourceKind::ReadCopy;
            source.copy(path, scratch)?.into_iter().collect()
        } else {
            return Err(SalvageError::NoSource(path.to_owned()));
        };
        Ok((source, parts))
    }

    fn data_folder(
        &mut self,
        root: &Path,
        mut said: Said,
        scratch: &Path,
    ) -> Result<Vec<Part>, SalvageError> {
        self.data = Some(root.to_owned());
        self.held = hold_shared(root).map_err(|error| self.unopened(error))?;
        let id = match folder::read_format(root) {
            Ok(id) => id,
            Err(OpenError::Refused { check, .. }) => {
                self.fault(check);
                None
            }
            Err(error) => return Err(self.unopened(error)),
        };
        let journal = place::journal_of(root).unwrap_or_else(|error| {
            self.fault(format!("journal-at: {error}"));
            place::within(root)
        });
        let mut parts: Vec<Part> = self.journal(&journal, id)?.into_iter().collect();
        let sled = root.join("sled");
        if sled.is_dir() {
            parts.extend(self.copy(&sled, scratch)?);
        }
        match folder::read_heads(root) {
            Ok(heads) => heads.into_iter().flatten().for_each(|(ledger, head)| {
                let head = TreeHead {
                    size: head.size,
                    root: head.root,
                };
                said.heads.entry(ledger).or_default().push(head);
            }),
            Err(check) => self.fault(format!("heads: {check}")),
        }
        for ledger in checkpoint_files(root).unwrap_or_default() {
            let file = last_checkpoint_file(root, ledger);
            let read = durable::read_up_to(&file, Checkpoint::NOTE_BYTES_MAX as u64);
            let signed = read
                .ok()
                .flatten()
                .and_then(|note| SignedCheckpoint::parse(&note).ok());
            match signed {
                Some(signed) => drop(said.signed.insert(ledger, signed)),
                None => self.fault(format!("checkpoints: that of {ledger} cannot be read")),
            }
        }
        said.heads
            .values_mut()
            .for_each(|heads| heads.sort_unstable_by_key(|head| head.size));
        parts.push(Part::new(self.number, root, Holding::Said(said)));
        self.data_folder_keys(root);
        Ok(parts)
    }

    fn data_folder_keys(&mut self, root: &Path) {
        let keys = KeyFolder::new(root, KeyLock::Open);
        for ledger in keys.ledgers().unwrap_or_default() {
            let files = keys.files(ledger).unwrap_or_default();
            let public = files.iter().filter_map(|file| keys.public(file).ok());
            self.keys.entry(ledger).or_default().extend(public);
        }
    }

    fn journal(
        &mut self,
        dir: &Path,
        said: Option<FolderId>,
    ) -> Result<Option<Part>, SalvageError> {
        let remains = match JournalRemains::open(dir, said) {
            Ok(Some(remains)) => remains,
            Ok(None) => {
                self.fault("the journal has no file".to_owned());
                return Ok(None);
            }
            Err(error @ OpenError::Newer { .. }) => return Err(self.unopened(error)),
            Err(OpenError::Refused { check, .. }) => {
                self.fault(check);
                return Ok(None);
            }
            Err(error) => {
                self.fault(error_line(&error));
                return Ok(None);
            }
        };
        for damage in remains.damage() {
            self.fault(told(damage));
        }
        Ok(Some(Part::new(self.number, dir, Holding::Journal(remains))))
    }

    fn copy(&mut self, sled: &Path, scratch: &Path) -> Result<Option<Part>, SalvageError> {
        let copy = match StoredCopy::of_any(sled, scratch) {
            Ok(copy) => copy,
            Err(CopyFault::Environment(why)) => {
                let scratch = scratch.to_owned();
                return Err(SalvageError::Scratch { scratch, why });
            }
            Err(fault) => {
                self.fault(fault.to_string());
                return Ok(None);
            }
        };
        let ends = copy.ends().unwrap_or_else(|fault| {
            self.fault(fault.to_string());
            BTreeMap::new()
        });
        let copy = Box::new(copy);
        Ok(Some(Part::new(
            self.number,
            sled,
            Holding::Copy { copy, ends },
        )))
    }

    fn bundle_parts(&mut self) -> Result<Vec<Part>, SalvageError> {
        let (ledger, bundle) = match StoredBundle::open(&self.path) {
            Ok(bundle) => bundle,
            Err(NoBundle::Later(format)) => {
                let what = format!("bundle format {format}");
                return Err(self.unopened(OpenError::Newer { what }));
            }
            Err(NoBundle::Unreadable(why)) => {
                self.fault(why);
                return Ok(Vec::new());
            }
        };
        for fault in &bundle.faults {
            self.fault(fault.clone());
        }
        self.keys.entry(ledger).or_default().extend(bundle.keys());
        let bundle = Holding::Bundle(ledger, bundle);
        Ok(vec![Part::new(self.number, &self.path, bundle)])
    }

    /// What it is and what cannot be read of it, for people.
    pub(super) fn looked_at(&self) -> LookedAt {
        LookedAt {
            path: self.path.clone(),
            kind: self.kind,
            faults: self.faults.clone(),
            faults_omitted: self.faults_omitted,
        }
    }

    fn fault(&mut self, fault: String) {
        match self.faults.len() < FAULTS_MAX {
            true => self.faults.push(fault),
            false => self.faults_omitted += 1,
        }
    }

    fn unopened(&self, source: OpenError) -> SalvageError {
        let path = self.path.clone();
        match source {
            OpenError::Locked { .. } => SalvageError::InUse(path),
            source => SalvageError::Source { path, source },
        }
    }
}

/// Whether a folder looks like a data folder, whatever is missing in it.
fn is_data_folder(path: &Path) -> bool {
    let has_file = |name| path.join(name).is_file();
    let has_folder = |name| path.join(name).is_dir();
    has_file("format") || has_file("journal-at") || has_folder("journal") || has_folder("sled")
}

/// Takes note of how far ledgers went when a backup was made.
fn reaches(manifest: &backup::Manifest, said: &mut Said) {
    for (ledger, reach) in &manifest.ledgers {
        if let (Ok(ledger), Ok(root)) = (ledger.parse(), reach.root.parse()) {
            let size = reach.size;
            let heads: &mut Vec<TreeHead> = said.heads.entry(ledger).or_default();
            heads.push(TreeHead { size, root });
        }
    }
}

fn told(damage: &Damage) -> String {
    let Damage {
        file,
        at,
        bytes,
        check,
        ..
    } = damage;
    match bytes {
        0 => format!("{file}: {check}"),
        _ => format!("{file}: {check}, {bytes} bytes from byte {at} on"),
    }
}

/// An error with what led to it, on one line.
fn error_line(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    line
}
