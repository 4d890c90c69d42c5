//! What somebody may not read is in no answer to them, whatever they ask, and in no refusal.

use bytes::Bytes;
use daicho::api::v1::{AppendEventsResponse, Fault};
use prost::Message as _;

use super::place::{PUBLIC, Place};
use super::row::{Asks, Kind, Row};
use super::wire::{Call, Refused};

/// Whether one of the texts holds the words.
pub(super) fn holds<B: AsRef<[u8]>>(texts: &[B], words: &str) -> bool {
    let words = words.as_bytes();
    let mut texts = texts.iter().map(AsRef::as_ref);
    texts.any(|text| text.windows(words.len()).any(|found| found == words))
}

/// What was sent, and what was answered.
pub(super) struct Answer {
    sent: Vec<Vec<u8>>,
    pub(super) answered: Result<Vec<Bytes>, Refused>,
    /// Whether it is a refusal, or tells what would be refused.
    refuses: bool,
}

impl Answer {
    pub(super) fn of(row: &Row, call: Call, answered: Result<Vec<Bytes>, Refused>) -> Self {
        let refuses = match (&answered, &row.asks) {
            (Ok(answer), Asks::Appends { .. }) => !faults(answer).is_empty(),
            (answered, _) => answered.is_err(),
        };
        let sent = call.sent;
        Self {
            sent,
            answered,
            refuses,
        }
    }

    /// All that it tells.
    fn tells(&self, words: &str) -> bool {
        match &self.answered {
            Ok(answer) => holds(answer, words),
            Err(refused) => {
                let told = [refused.message.as_bytes(), &refused.details[..]];
                holds(&told, words) || holds(&[&refused.reason], words)
            }
        }
    }

    /// What it tells that somebody may not read.
    pub(super) fn tells_secrets(&self, row: &Row, who: &str, places: &[Place]) -> Vec<String> {
        let mut found = Vec::new();
        for (number, place) in places.iter().enumerate() {
            if may_read(who, number) {
                continue;
            }
            let is_read = number == PUBLIC && who != "nobody";
            let secrets = match is_read {
                // What is PUBLIC opens nothing beside it.
                true => vec![place.second_goal()],
                false => place.secrets().to_vec(),
            };
            // Whoever sends an event knows what it is about, and whoever knows a request's id the streams of its receipt. What
            // somebody asked for stands in access logs under its name.
            let named = ["LedgerService/GetReceipt", "AuditService/ListAccess"];
            let reads = row.kind == Kind::Reads && !named.contains(&row.of());
            let secrets = match reads || self.refuses {
                true => &secrets[..],
                false => &secrets[..1],
            };
            // A refusal may say what was sent.
            let is_own = |secret: &str| self.refuses && holds(&self.sent, secret);
            let told = secrets.iter().filter(|secret| self.tells(secret));
            let told = told.filter(|secret| !is_own(secret));
            found.extend(told.map(|secret| format!("`{secret}` of {}", place.name)));
        }
        found
    }
}

/// Who may read all of a place; written by hand.
fn may_read(who: &str, place: usize) -> bool {
    match who {
        "planning" | "evaluator" | "auditor" => true,
        "director" | "chief" | "acting" => place <= 1,
        "clerk" | "service" => place == 0,
        _ => false,
    }
}

/// What a validation has against its events.
pub(super) fn faults(answer: &[Bytes]) -> Vec<Fault> {
    AppendEventsResponse::decode(answer[0].clone())
        .unwrap()
        .faults
}
