//! Rules of what a ledger says of its own proofs. Only the server says it.

use std::fmt::Display;

use super::Judge;
use super::opening::origin_problem;
use crate::domain::event::{
    AuthMethod, EvidenceErased, HeadsRecorded, KeyAnnounced, KeyCompromised, KeyRetired,
    LedgerContinued, PersonalDataErased,
};
use crate::domain::period::Step;
use crate::domain::rejection::Reason;
use crate::domain::trust::{ERASED_POSITIONS_MAX, VerifierKey};

impl Judge<'_> {
    pub(super) fn ledger_continued(&mut self, p: &LedgerContinued) {
        if !self.by_server() {
            return;
        }
        if let Some(problem) = origin_problem(&p.origin) {
            self.reject_form("origin", problem);
        }
        let directory = self.context.directory;
        if directory.origins().any(|known| known.origin == p.origin) {
            self.reject_form(
                "origin",
                "a name that the ledger had before is never taken up again",
            );
        }
    }

    pub(super) fn key_announced(&mut self, p: &KeyAnnounced) {
        if self.by_server() && self.context.directory.key(&p.verifier_key).is_some() {
            self.reject_form("verifier_key", "the ledger knows this key already");
        }
    }

    pub(super) fn key_retired(&mut self, p: &KeyRetired) {
        if !self.by_server() {
            return;
        }
        let Some(key) = self.context.directory.key(&p.verifier_key) else {
            return;
        };
        let announced = key.announced;
        self.not_retired(&p.verifier_key, "verifier_key");
        if let Some(announced) = announced.filter(|announced| p.last_size < announced.size) {
            let size = announced.size;
            self.reject_form("last_size", &format!("the key signs from size {size} on"));
        }
    }

    pub(super) fn not_retired(&mut self, key: &VerifierKey, field: &str) {
        let known = self.context.directory.key(key);
        if known.is_some_and(|key| key.retired.is_some()) {
            self.reject_form(field, "the key is retired already");
        }
    }

    pub(super) fn key_compromised(&mut self, p: &KeyCompromised) {
        if self.by_server() {
            self.still_trusted(&p.verifier_key, p.last_trusted_size, "last_trusted_size");
        }
    }

    /// A key is distrusted anew only from a lower size on.
    pub(super) fn still_trusted(&mut self, key: &VerifierKey, last_trusted_size: u64, field: &str) {
        let key = self.context.directory.key(key);
        let known = key.and_then(|key| key.compromised);
        if let Some(known) = known.filter(|known| known.size <= last_trusted_size) {
            let problem = format!("the key is trusted up to size {} only already", known.size);
            self.reject_form(field, &problem);
        }
    }

    pub(super) fn heads_recorded(&mut self, p: &HeadsRecorded) {
        if !self.by_server() {
            return;
        }
        if p.size == 0 || p.streams == 0 || p.size < p.streams {
            self.reject_form("streams", "at least 1, and no more than there are events");
        }
        let Some(closing) = p.closed_by else {
            return;
        };
        let directory = self.context.directory;
        let mut transitions = directory.periods().flat_map(|period| &period.transitions);
        let is_closing = transitions.any(|transition| {
            transition.event_id == closing && matches!(transition.step, Step::Closed { .. })
        });
        if !is_closing {
            self.reject_form("closed_by", "no event that closed a period");
        } else if directory.heads_of(closing).is_some() {
            self.reject_form(
                "closed_by",
                "the heads of this closing are recorded already",
            );
        }
    }

    pub(super) fn personal_data_erased(&mut self, p: &PersonalDataErased) {
        if !self.by_server() {
            return;
        }
        let count = p.positions.len();
        if !(1..=ERASED_POSITIONS_MAX).contains(&count) {
            self.reject_form("positions", &format!("1 to {ERASED_POSITIONS_MAX}"));
        }
        if !p.positions.is_sorted_by(|a, b| a < b) {
            self.reject_form("positions", "not ascending");
        }
        if u64::from(p.texts) < count as u64 {
            self.reject_form("texts", "fewer than the events they were in");
        }
    }

    pub(super) fn evidence_erased(&mut self, p: &EvidenceErased) {
        if self.by_server() {
            self.not_erased(&p.sha256, "sha256");
        }
    }

    /// A file is erased once.
    pub(super) fn not_erased(&mut self, sha256: &[u8; 32], field: &str) {
        let directory = self.context.directory;
        if let Some(erasure) = directory.evidence_erasure(sha256) {
            let date = directory.date_of(erasure.recorded_at);
            let figures: [(_, &dyn Display); 2] =
                [("date", &date), ("position", &erasure.position)];
            self.reject_with(Reason::EvidenceErased, field, &figures);
        }
    }

    /// Whether the server itself speaks; refuses otherwise.
    pub(super) fn by_server(&mut self) -> bool {
        let is_server = self.context.actor.method == AuthMethod::System;
        if !is_server {
            self.reject(Reason::EventByServer, "");
        }
        is_server
    }
}
