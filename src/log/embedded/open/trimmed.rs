//! What an open makes of segments that were trimmed: sled alone has their events, so it must have them.

use std::collections::BTreeMap;

use crate::domain::id::LedgerId;
use crate::log::copy::ReadCopy;
use crate::log::embedded::open::{Examined, Opening};
use crate::log::embedded::trim::note;
use crate::log::head::Head;
use crate::log::journal::catalog::start_of;
use crate::log::journal::survey::{Survey, Unlearned};

/// Whether sled has less than the trimmed segments had. All of that was proven to be in it, so this is another one, or it lost something.
pub(super) fn shortfall(
    copy: &ReadCopy,
    ends: &BTreeMap<LedgerId, Head>,
    survey: &Survey,
) -> Option<String> {
    let last = survey.trimmed().last()?.number;
    let trimmed = survey.trimmed_up_to().unwrap_or_default();
    let short = trimmed.0.iter().find_map(|(ledger, state)| {
        let end = ends.get(ledger).map_or(0, |head| head.size);
        let size = state.frontier.size();
        let why = || {
            format!(
                "read copy: ledger {ledger} ends at {end}, the trimmed segments reach to {size}"
            )
        };
        (end < size).then(why)
    });
    short.or_else(|| {
        // Of the checkpoints in them nothing else tells.
        let read = match copy.read_up_to() {
            Ok(read) => read,
            Err(fault) => return Some(fault.to_string()),
        };
        let is_beyond = read.is_some_and(|read| start_of(last + 1) <= read);
        let why = || "read copy: it was not fed from all of the trimmed segments".to_owned();
        (!is_beyond).then(why)
    })
}

impl Examined {
    /// Computes roots within trimmed segments from what sled holds.
    pub(super) fn learn_roots(&mut self, survey: &mut Survey, unlearned: Vec<Unlearned>) {
        let Ok(copy) = &self.copy else { return };
        for one in unlearned {
            let (ledger, size, mut frontier) = (one.ledger, one.size, one.before);
            match copy.follow(ledger, &mut frontier, size) {
                Ok(()) => {
                    survey.roots.insert((ledger, size), frontier.root());
                }
                Err(why) => {
                    self.trouble.get_or_insert(why);
                }
            }
        }
    }
}

impl Opening {
    /// Why trimmed segments keep the folder from being opened, if they do: what is needed of them is nowhere here.
    pub(super) fn hindered_by_trimmed(
        &self,
        survey: &Survey,
        examined: &Examined,
    ) -> Option<String> {
        let root = self.folder.root();
        let tail = &survey.tail;
        if tail.scan.is_trimmed() {
            let numbers = [tail.number];
            let (named, advice) = (note::named(&numbers), note::advice(root, &numbers));
            return Some(format!(
                "{named} is trimmed, and those behind it are gone; {advice}"
            ));
        }
        let numbers: Vec<u32> = survey.trimmed().map(|sealed| sealed.number).collect();
        let trouble = examined.trouble.as_ref().filter(|_| !numbers.is_empty())?;
        let are = if numbers.len() == 1 { "is" } else { "are" };
        let (named, advice) = (note::named(&numbers), note::advice(root, &numbers));
        Some(format!(
            "{named} {are} trimmed, and the read copy, which alone holds their events here, cannot be used ({trouble}); {advice}"
        ))
    }

    /// What is to be done where something of trimmed segments is damaged itself.
    pub(super) fn advice_on_damaged(&self, survey: &Survey) -> Option<String> {
        let root = self.folder.root();
        let damaged = survey
            .sealed
            .iter()
            .filter(|sealed| sealed.damage.is_some());
        let numbers = damaged.map(|sealed| sealed.number);
        let numbers: Vec<u32> = numbers
            .filter(|number| note::newest(root, *number).is_some())
            .collect();
        (!numbers.is_empty()).then(|| note::advice(root, &numbers))
    }
}
