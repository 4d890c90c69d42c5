//! The repairs, carried out: what differs is set aside, never deleted.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::{self, Write as _};

use crate::domain::id::LedgerId;
use crate::durable::sync_folder;
use crate::log::IntegrityKind;
use crate::log::copy::ReadCopy;
use crate::log::embedded::OpenError;
use crate::log::embedded::open::{Examined, Opening, Repaired, Resumed, copy_error, io_error};
use crate::log::embedded::repair::Rebuilt;
use crate::log::head::Head;
use crate::log::journal::Ledgers;
use crate::log::journal::record;
use crate::log::journal::segment::{self, Scan};
use crate::log::journal::survey::{Survey, TailEnd};

impl Opening {
    /// Puts rebuilt segments in place of the damaged ones, and drops what was torn.
    pub(super) fn carry_out(
        &self,
        survey: &Survey,
        repairs: &BTreeMap<u32, Rebuilt>,
    ) -> io::Result<()> {
        let dir = self.folder.journal();
        // All of them are on the disk before the first is put in place.
        for (number, rebuilt) in repairs {
            let mut file = fs::File::create(segment::path_rebuilt(&dir, *number))?;
            file.write_all(&rebuilt.file)?;
            file.sync_all()?;
        }
        for (&number, rebuilt) in repairs {
            let path = segment::path(&dir, number);
            // The name always has a file: what the tail alone holds would be begun over.
            let shown = self.folder.keep_file(&path, "journal")?;
            fs::rename(segment::path_rebuilt(&dir, number), &path)?;
            sync_folder(&dir)?;
            let kind = IntegrityKind::JournalRebuilt;
            self.integrity
                .record(kind, rebuilt.told(number), Some(shown));
        }
        match &survey.tail.end {
            TailEnd::Torn { at, check } if !repairs.contains_key(&survey.tail.number) => {
                self.drop_torn(survey, *at, check)
            }
            _ => Ok(()),
        }
    }

    fn drop_torn(&self, survey: &Survey, at: usize, check: &str) -> io::Result<()> {
        let number = survey.tail.number;
        let dir = self.folder.journal();
        let path = segment::path(&dir, number);
        let (aside, shown) = self.folder.new_evidence("torn")?;
        let kept = aside.join(format!("{number:010}.journal.from-byte-{at}"));
        let file = &survey.tail.scan.file;
        fs::write(kept, &file[at..record::used(file).max(at)])?;
        if at == 0 {
            fs::remove_file(&path)?;
        } else {
            segment::cut(&dir, number, at as u64)?;
        }
        sync_folder(&dir)?;
        let detail = format!("journal segment {number}: {check}; never acknowledged");
        self.integrity
            .record(IntegrityKind::TornTailDropped, detail, Some(shown));
        Ok(())
    }

    /// The journal after the repairs.
    pub(super) fn repaired(
        &self,
        survey: &Survey,
        mut repairs: BTreeMap<u32, Rebuilt>,
    ) -> Repaired {
        let mut seals = Vec::new();
        for sealed in &survey.sealed {
            seals.extend(match repairs.remove(&sealed.number) {
                Some(rebuilt) => rebuilt.seal,
                None => sealed.end.clone(),
            });
        }
        let number = survey.tail.number;
        if let Some(rebuilt) = repairs.remove(&number) {
            let tail = Scan::of(rebuilt.file, self.id, number);
            return Repaired {
                ledgers: rebuilt.ledgers,
                tail,
                seals,
            };
        }
        let end = match survey.tail.end {
            TailEnd::Torn { at, .. } => at,
            _ => survey.tail.scan.end,
        };
        let tail = Scan::of(survey.tail.scan.file.slice(..end), self.id, number);
        Repaired {
            ledgers: survey.tail.ledgers.clone(),
            tail,
            seals,
        }
    }

    /// sled as readers and the feeder begin with it: cut at the marks, or begun anew. What was `trimmed` is in it alone. Tells
    /// what it holds.
    pub(super) fn mend_copy(
        &self,
        examined: Examined,
        journal: &mut Resumed,
        trimmed: &Ledgers,
    ) -> Result<(ReadCopy, HashMap<LedgerId, Head>), OpenError> {
        let Examined {
            copy,
            existed,
            ends,
            trouble,
            ..
        } = examined;
        let trouble = match (copy, trouble) {
            (Ok(copy), None) => {
                let copied = cut_at_marks(&copy, &ends, &journal.ledgers, trimmed)?;
                return Ok((copy, copied));
            }
            (_, Some(trouble)) => trouble,
            (Err(fault), None) => fault.to_string(),
        };
        let mut states = journal.ledgers.0.values();
        if existed || states.any(|state| state.marked.size > 0) {
            let evidence = self.folder.set_sled_aside().map_err(io_error("evidence"))?;
            let detail = format!("{trouble}; set aside and rebuilt from the journal");
            self.integrity
                .record(IntegrityKind::CopySetAside, detail, Some(evidence));
        }
        // Before there is a new one, which would be found to have less than the marks say. A process
        // that is killed right here still leaves no sled beside marks: the next open then tells of it
        // once more, with an empty sled for evidence. The other order could leave it untold.
        journal.void_marks().map_err(io_error("journal"))?;
        let copy = ReadCopy::open(&self.folder.sled(), self.id, self.config.cache_bytes);
        Ok((copy.map_err(copy_error)?, HashMap::new()))
    }
}

/// Cuts what sled holds above the marks: it is fed again from there. Tells what is left.
fn cut_at_marks(
    copy: &ReadCopy,
    ends: &BTreeMap<LedgerId, Head>,
    ledgers: &Ledgers,
    trimmed: &Ledgers,
) -> Result<HashMap<LedgerId, Head>, OpenError> {
    let mut copied = HashMap::new();
    for ledger in copy.ledgers_with_records().map_err(copy_error)? {
        // A mark that was torn off again may leave one from before the segments were trimmed.
        let marks = [ledgers.marked(ledger), trimmed.head(ledger)];
        let mark = marks.into_iter().max_by_key(|mark| mark.size);
        let mark = mark.unwrap_or(Head::EMPTY);
        if ends.get(&ledger) != Some(&mark) || mark.size < ledgers.size(ledger) {
            copy.cut(ledger, &mark).map_err(copy_error)?;
        }
        if mark.size > 0 {
            copied.insert(ledger, mark);
        }
    }
    Ok(copied)
}
