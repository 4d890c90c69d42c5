//! Accesses that were noted and are not written yet.
//!
//! What is alike within a minute becomes one. The first of a kind is written with the next writing, those that follow it
//! when the minute is over: at most two events a minute for each kind. Of kinds there are at most so many in a minute;
//! beyond, accesses are counted, and the count is written.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;

use super::{Access, Lot};
use crate::domain::access_log::{AccessOutcome, AccessedResource};
use crate::domain::event::Actor;
use crate::domain::id::LedgerId;
use crate::domain::text::Name;

/// Kinds of refused accesses that are told apart in a minute.
pub(super) const REFUSALS_PER_MINUTE_MAX: usize = 600;
/// Kinds of other accesses that are told apart in a minute.
pub(super) const OTHERS_PER_MINUTE_MAX: usize = 4_000;

/// Accesses of one kind.
#[derive(Clone, Debug)]
pub(super) struct Merged {
    /// The first of them.
    pub(super) access: Access,
    pub(super) count: u64,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
    pub(super) longest: Duration,
}

impl Merged {
    pub(super) fn new(access: Access, at: Timestamp) -> Self {
        Self {
            longest: access.duration,
            access,
            count: 1,
            first_at: at,
            last_at: at,
        }
    }

    fn is_refusal(&self) -> bool {
        is_refusal(&self.access)
    }
}

/// How many accesses of a ledger are only counted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct LeftOut {
    pub(super) refusals: u64,
    pub(super) others: u64,
    pub(super) first_at: Timestamp,
    pub(super) last_at: Timestamp,
}

/// What must be alike for accesses to become one.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct Alike {
    minute: i64,
    ledger: LedgerId,
    peer: Option<IpAddr>,
    outcome: AccessOutcome,
    reason: Option<&'static str>,
    /// Of a caller whom nobody knows, all that is refused from one address for one reason is alike.
    by: Option<By>,
}

#[derive(Clone, Debug, Eq, Hash, PartialEq)]
struct By {
    actor: Actor,
    rpc: &'static str,
    resource: Option<AccessedResource>,
    purpose: Option<Name>,
    status: u32,
    personal: bool,
}

/// A kind of accesses in its minute.
#[derive(Debug)]
struct Kind {
    /// What is not written yet; `None`: all of it is.
    unwritten: Option<Merged>,
    /// Whether the first was written.
    begun: bool,
    is_refusal: bool,
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pending {
    kinds: HashMap<Alike, Kind>,
    refusals: usize,
    others: usize,
    left_out: HashMap<LedgerId, LeftOut>,
}

impl Pending {
    /// Notes an access that was answered at `at`.
    pub(super) fn add(&mut self, access: Access, at: Timestamp) {
        let alike = Alike {
            minute: minute(at),
            ledger: access.ledger,
            peer: access.peer,
            outcome: access.outcome,
            reason: access.reason,
            by: access.actor.as_ref().map(|actor| By {
                actor: actor.clone(),
                rpc: access.rpc,
                resource: access.resource.clone(),
                purpose: access.purpose.clone(),
                status: access.status,
                personal: access.personal,
            }),
        };
        if let Some(kind) = self.kinds.get_mut(&alike) {
            match &mut kind.unwritten {
                Some(merged) => {
                    merged.count += 1;
                    merged.last_at = merged.last_at.max(at);
                    merged.longest = merged.longest.max(access.duration);
                }
                unwritten => *unwritten = Some(Merged::new(access, at)),
            }
            return;
        }
        let is_refusal = is_refusal(&access);
        let (kinds, max) = match is_refusal {
            true => (&mut self.refusals, REFUSALS_PER_MINUTE_MAX),
            false => (&mut self.others, OTHERS_PER_MINUTE_MAX),
        };
        if max <= *kinds {
            self.leave_out(access.ledger, is_refusal, 1, at);
            return;
        }
        *kinds += 1;
        let kind = Kind {
            unwritten: Some(Merged::new(access, at)),
            begun: false,
            is_refusal,
        };
        self.kinds.insert(alike, kind);
    }

    /// What is to be written at `now`: the first of each kind, what followed in minutes that are over, and how many were
    /// left out in these; `everything`: also what followed in this one.
    pub(super) fn take(
        &mut self,
        now: Timestamp,
        everything: bool,
    ) -> (Vec<Merged>, Vec<(LedgerId, LeftOut)>) {
        let now = minute(now);
        let mut taken = Vec::new();
        self.kinds.retain(|alike, kind| {
            let is_over = alike.minute != now;
            if is_over || everything || !kind.begun {
                taken.extend(kind.unwritten.take());
                kind.begun = true;
            }
            if is_over {
                match kind.is_refusal {
                    true => self.refusals -= 1,
                    false => self.others -= 1,
                }
            }
            !is_over
        });
        // As they came, whatever the map does.
        taken.sort_by_key(|merged| merged.first_at);
        let mut left_out = Vec::new();
        self.left_out.retain(|ledger, left| {
            let goes = everything || minute(left.first_at) != now;
            if goes {
                left_out.push((*ledger, left.clone()));
            }
            !goes
        });
        (taken, left_out)
    }

    /// Counts what could not be written.
    pub(super) fn count(&mut self, lot: &Lot, at: Timestamp) {
        for merged in &lot.accesses {
            self.leave_out(lot.ledger, merged.is_refusal(), merged.count, at);
        }
        if let Some(left) = &lot.left_out {
            self.leave_out(lot.ledger, true, left.refusals, left.first_at);
            self.leave_out(lot.ledger, false, left.others, at);
        }
    }

    fn leave_out(&mut self, ledger: LedgerId, is_refusal: bool, count: u64, at: Timestamp) {
        let left = self.left_out.entry(ledger).or_insert(LeftOut {
            refusals: 0,
            others: 0,
            first_at: at,
            last_at: at,
        });
        match is_refusal {
            true => left.refusals += count,
            false => left.others += count,
        }
        left.first_at = left.first_at.min(at);
        left.last_at = left.last_at.max(at);
    }
}

fn is_refusal(access: &Access) -> bool {
    access.outcome == AccessOutcome::Refused
}

fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::access_log::{AccessClass, AccessedKind};
    use crate::domain::event::AuthMethod;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_040 + second).unwrap()
    }

    fn access(actor: Option<&str>, outcome: AccessOutcome, peer: u8) -> Access {
        Access {
            ledger: LedgerId::from_bytes(&[5; 16]).unwrap(),
            actor: actor.map(|subject| Actor {
                subject: Name::parse(subject).unwrap(),
                issuer: None,
                seat: None,
                acting_for: None,
                client: None,
                method: AuthMethod::Unauthenticated,
                evidence_sha256: None,
                person: None,
                permitted_by: None,
            }),
            rpc: "daicho.v1.GoalService/GetGoal",
            class: AccessClass::Read,
            resource: Some(AccessedResource {
                kind: AccessedKind::Goal,
                name: Name::parse("R5/1-1").unwrap(),
            }),
            purpose: None,
            outcome,
            status: 0,
            reason: None,
            policy: None,
            peer: Some(IpAddr::from([192, 0, 2, peer])),
            personal: false,
            duration: Duration::from_micros(u64::from(peer)),
            request_id: None,
        }
    }

    /// Who, how often, from second to second.
    fn told(taken: &[Merged]) -> Vec<String> {
        let line = |merged: &Merged| {
            let who = merged.access.actor.as_ref();
            let who = who.map_or("nobody", |actor| actor.subject.as_str());
            let second = |t: Timestamp| t.as_second() - at(0).as_second();
            let (first, last) = (second(merged.first_at), second(merged.last_at));
            format!("{who} x{} {first}-{last}", merged.count)
        };
        taken.iter().map(line).collect()
    }

    #[test]
    fn the_first_is_written_at_once_and_what_follows_when_the_minute_is_over() {
        let mut pending = Pending::default();
        let read = || access(Some("甲"), AccessOutcome::Ok, 1);
        (0..3).for_each(|second| pending.add(read(), at(second)));
        assert_eq!(told(&pending.take(at(3), false).0), ["甲 x3 0-2"]);
        (4..9).for_each(|second| pending.add(read(), at(second)));
        assert!(pending.take(at(9), false).0.is_empty());
        pending.add(read(), at(61));
        assert_eq!(
            told(&pending.take(at(62), false).0),
            ["甲 x5 4-8", "甲 x1 61-61"]
        );
        assert!(pending.take(at(200), true).0.is_empty());
        assert!(pending.kinds.is_empty() && pending.others == 0);
    }

    #[test]
    fn nothing_is_merged_that_differs() {
        let mut pending = Pending::default();
        let reads = [
            access(Some("甲"), AccessOutcome::Ok, 1),
            access(Some("甲"), AccessOutcome::Ok, 2),
            access(Some("甲"), AccessOutcome::Refused, 1),
            access(Some("乙"), AccessOutcome::Ok, 1),
        ];
        let other = Access {
            resource: None,
            ..reads[0].clone()
        };
        for read in reads.into_iter().chain([other]) {
            pending.add(read, at(0));
        }
        assert_eq!(pending.take(at(0), true).0.len(), 5);
    }

    #[test]
    fn whoever_is_not_known_is_one_for_each_address() {
        let mut pending = Pending::default();
        for rpc in ["a", "b", "c"] {
            let refused = access(None, AccessOutcome::Refused, 1);
            pending.add(Access { rpc, ..refused }, at(0));
        }
        pending.add(access(None, AccessOutcome::Refused, 2), at(1));
        let told = told(&pending.take(at(1), false).0);
        assert_eq!(told, ["nobody x3 0-0", "nobody x1 1-1"]);
    }

    #[test]
    fn what_is_too_much_is_counted_and_the_count_is_written() {
        let mut pending = Pending::default();
        let more = 7;
        for number in 0..REFUSALS_PER_MINUTE_MAX + more {
            let name = format!("利用者{number}");
            pending.add(access(Some(&name), AccessOutcome::Refused, 1), at(0));
        }
        // Refusals take no place from reads.
        pending.add(access(Some("甲"), AccessOutcome::Ok, 1), at(0));
        let (written, left_out) = pending.take(at(1), false);
        assert_eq!(written.len(), REFUSALS_PER_MINUTE_MAX + 1);
        assert!(left_out.is_empty(), "more may come in this minute");
        let (written, left_out) = pending.take(at(60), false);
        assert!(written.is_empty());
        let expected = LeftOut {
            refusals: more as u64,
            others: 0,
            first_at: at(0),
            last_at: at(0),
        };
        assert_eq!(
            left_out,
            [(LedgerId::from_bytes(&[5; 16]).unwrap(), expected)]
        );
        assert!(pending.take(at(120), true).1.is_empty());
    }

    #[test]
    fn what_could_not_be_written_is_counted() {
        let mut pending = Pending::default();
        pending.add(access(Some("甲"), AccessOutcome::Ok, 1), at(0));
        pending.add(access(Some("甲"), AccessOutcome::Ok, 1), at(1));
        let (accesses, _) = pending.take(at(2), false);
        let lot = Lot {
            ledger: LedgerId::from_bytes(&[5; 16]).unwrap(),
            actor: None,
            accesses,
            left_out: None,
        };
        pending.count(&lot, at(2));
        let (_, left_out) = pending.take(at(3), true);
        assert_eq!(left_out[0].1.others, 2);
    }
}
