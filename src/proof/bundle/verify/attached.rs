//! Attached files, of a bundle or in a data folder, held against the events that name them.

use std::collections::{BTreeMap, HashMap};

use crate::domain::event::{Payload, Recorded};
use crate::proof::bundle::verify::{Files, Finding, Kind, Report};
use crate::proof::bundle::{EVIDENCE, Manifest};

/// What was found of attached files. Whatever is wrong with one is a finding.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Attachments {
    /// Files that were handed over, or are in the data folder, and are what an event names.
    pub handed: u64,
    /// Files that were erased, by digest, each with the position of the event that says so.
    pub erased: BTreeMap<[u8; 32], u64>,
    /// Files that events name and that are neither there nor erased.
    pub absent: u64,
    /// The first position that names one of those.
    pub first_absent: Option<u64>,
}

/// Which files events name, and which of them were erased: by digest, with the first position that says so.
#[derive(Default)]
pub(in crate::proof) struct Attached {
    named: HashMap<[u8; 32], u64>,
    erased: HashMap<[u8; 32], u64>,
}

impl Attached {
    /// Takes note of what an event says.
    pub(in crate::proof) fn see(&mut self, position: u64, recorded: &Recorded) {
        for evidence in recorded.event.files() {
            self.named.entry(evidence.sha256).or_insert(position);
        }
        if let Payload::EvidenceErased(erased) = &recorded.event.payload {
            self.erased.entry(erased.sha256).or_insert(position);
        }
    }

    /// Holds the files that the bundle lists against what was seen. `complete`: every event was seen and read.
    pub(super) fn judge(
        mut self,
        files: &Files<'_>,
        manifest: &Manifest,
        complete: bool,
        report: &mut Report,
    ) {
        let mut found = Attachments::default();
        for listed in &manifest.files {
            let Some(name) = listed.path.strip_prefix(EVIDENCE) else {
                continue;
            };
            let mut sha256 = [0; 32];
            let position = match hex::decode_to_slice(name, &mut sha256) {
                Ok(()) => self.named.remove(&sha256),
                Err(_) => None,
            };
            let finding = |kind| {
                let finding = match position {
                    Some(position) => Finding::at(kind, position),
                    None => Finding::of_file(kind, &listed.path),
                };
                finding.in_file(&listed.path)
            };
            let Ok((bytes, digest)) = files.digest(&listed.path) else {
                report.add(finding(Kind::EvidenceMissing));
                continue;
            };
            let is = hex::encode(digest.as_bytes());
            if is != name || bytes != listed.bytes || digest != listed.sha256 {
                let altered = finding(Kind::EvidenceAltered);
                report.add(altered.differs(name.to_owned(), is));
            } else if position.is_some() {
                found.handed += 1;
            } else if complete {
                report.add(finding(Kind::EvidenceUnnamed));
            }
        }
        self.judge_absent(&mut found);
        report.attachments = found;
    }

    /// Holds the files of a data folder against what was seen. `look` tells the digest of what is there under another.
    pub(in crate::proof) fn judge_found(
        mut self,
        look: &dyn Fn(&[u8; 32]) -> Option<[u8; 32]>,
        report: &mut Report,
    ) {
        let mut found = Attachments::default();
        // What was erased need not be there any more; where a crash came between, the next start takes it away.
        let erased = &self.erased;
        let mut named: Vec<([u8; 32], u64)> = self
            .named
            .iter()
            .filter(|(sha256, _)| !erased.contains_key(*sha256))
            .map(|(sha256, position)| (*sha256, *position))
            .collect();
        named.sort_unstable_by_key(|(sha256, position)| (*position, *sha256));
        for (sha256, position) in named {
            let Some(is) = look(&sha256) else {
                continue;
            };
            self.named.remove(&sha256);
            if is == sha256 {
                found.handed += 1;
                continue;
            }
            let name = hex::encode(sha256);
            let altered = Finding::at(Kind::EvidenceAltered, position);
            let altered = altered.in_file(&format!("attachments, {name}"));
            report.add(altered.differs(name, hex::encode(is)));
        }
        self.judge_absent(&mut found);
        report.attachments = found;
    }

    /// Counts the files that were named and not found.
    fn judge_absent(self, found: &mut Attachments) {
        for (sha256, position) in self.named {
            match self.erased.get(&sha256) {
                Some(erased) => {
                    found.erased.insert(sha256, *erased);
                }
                None => {
                    found.absent += 1;
                    let first = found.first_absent.unwrap_or(position);
                    found.first_absent = Some(first.min(position));
                }
            }
        }
    }
}
