//! The newest groups in memory: they serve readers that follow the head, and feed the read copy.

use std::collections::{HashMap, VecDeque};

use crate::domain::id::LedgerId;
use crate::log::journal::writer::Written;
use crate::log::journal::{Location, Record, Section};

/// A bounded memory of the records written last.
#[derive(Debug)]
pub(crate) struct Ring {
    bytes_max: usize,
    bytes: usize,
    /// Ascending by location. All records are here, so that the feeder can follow.
    records: VecDeque<Written>,
    /// For each ledger its sections, ascending; the same buffers.
    sections: HashMap<LedgerId, VecDeque<Section>>,
}

impl Ring {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            bytes: 0,
            records: VecDeque::new(),
            sections: HashMap::new(),
        }
    }

    /// Adds a durable record, and forgets the oldest ones beyond the bound.
    pub(crate) fn push(&mut self, written: Written) {
        self.bytes += weight(&written.record);
        if let Record::Group(sections) = &written.record {
            for section in sections {
                self.sections
                    .entry(section.ledger)
                    .or_default()
                    .push_back(section.clone());
            }
        }
        self.records.push_back(written);
        while self.bytes > self.bytes_max
            && let Some(oldest) = self.records.pop_front()
        {
            self.bytes -= weight(&oldest.record);
            if let Record::Group(sections) = oldest.record {
                sections
                    .iter()
                    .for_each(|section| self.forget(section.ledger));
            }
        }
    }

    fn forget(&mut self, ledger: LedgerId) {
        if let Some(sections) = self.sections.get_mut(&ledger) {
            sections.pop_front();
            if sections.is_empty() {
                self.sections.remove(&ledger);
            }
        }
    }

    /// The record at `location`, and where the next one stands.
    pub(crate) fn record(&self, location: Location) -> Option<(Record, Location)> {
        let at = self
            .records
            .binary_search_by_key(&location, |written| written.location)
            .ok()?;
        self.records
            .get(at)
            .map(|written| (written.record.clone(), written.next))
    }

    /// The section of `ledger` that holds `position`.
    pub(crate) fn section(&self, ledger: LedgerId, position: u64) -> Option<Section> {
        let sections = self.sections.get(&ledger)?;
        let after = sections.partition_point(|section| section.first <= position);
        let section = sections.get(after.checked_sub(1)?)?;
        (position < section.end()).then(|| section.clone())
    }
}

/// What a record takes in memory, roughly.
fn weight(record: &Record) -> usize {
    const RECORD: usize = 128;
    const SECTION: usize = 192;
    match record {
        Record::Group(sections) => {
            RECORD
                + sections
                    .iter()
                    .map(|s| SECTION + s.framed.len())
                    .sum::<usize>()
        }
        Record::Checkpoint(checkpoint) => RECORD + checkpoint.note.len(),
        Record::Mark(marks) => RECORD + 64 * marks.len(),
        Record::Seal(seal) => RECORD + 512 * seal.ledgers.len(),
    }
}
