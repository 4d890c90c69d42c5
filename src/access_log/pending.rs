//! Accesses that were noted and are not written yet.
//!
//! What is alike within a minute becomes one. The first of a kind is written with the next writing, those that follow it
//! when the minute is over: at most two events a minute for each kind.
//!
//! ```text
//! fine     who, from where, by which method, of what, what for, how it ended
//! coarse   without what callers write freely: who, by which method, how it ended
//! counted  how many
//! ```
//! What a caller writes freely makes as many kinds as the caller likes. So each has its own share of fine kinds in a minute,
//! and of coarse ones behind it; only what is beyond both is counted. Callers whom nobody knows share by network, and take no
//! place from those who are known.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use super::{Access, Lot, Peer};
use crate::domain::access_log::{AccessOutcome, AccessedResource};
use crate::domain::event::Actor;
use crate::domain::id::LedgerId;
use crate::domain::text::Name;

/// Kinds of one caller that are told apart in a minute, fine ones and coarse ones each.
pub(super) const KINDS_OF_CALLER_MAX: usize = 100;
/// Kinds of accesses that were refused to callers whom nobody knows, in a minute, fine ones and coarse ones each.
pub(super) const UNKNOWN_PER_MINUTE_MAX: usize = 600;
/// Kinds of accesses that were refused to known callers, in a minute, fine ones and coarse ones each.
pub(super) const REFUSALS_PER_MINUTE_MAX: usize = 600;
/// Kinds of other accesses in a minute, fine ones and coarse ones each.
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
    grain: Grain,
    peer: Option<Peer>,
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

/// How much is said of an access.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Grain {
    Fine,
    Coarse,
}

/// Who has a share.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Sharer {
    Known { issuer: Option<Name>, subject: Name },
    Unknown(Option<Peer>),
}

/// Which kinds share one limit.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Group {
    Unknown,
    Refusal,
    Other,
}

impl Group {
    fn of(access: &Access) -> Self {
        match (&access.actor, is_refusal(access)) {
            (None, true) => Self::Unknown,
            (Some(_), true) => Self::Refusal,
            (_, false) => Self::Other,
        }
    }

    fn max(self) -> usize {
        match self {
            Self::Unknown => UNKNOWN_PER_MINUTE_MAX,
            Self::Refusal => REFUSALS_PER_MINUTE_MAX,
            Self::Other => OTHERS_PER_MINUTE_MAX,
        }
    }
}

/// A kind of accesses in its minute.
#[derive(Debug)]
struct Kind {
    /// What is not written yet; `None`: all of it is.
    unwritten: Option<Merged>,
    /// Whether the first was written.
    begun: bool,
    sharer: Sharer,
    group: Group,
}

/// How many kinds there are.
#[derive(Debug, Default)]
struct Taken {
    of_sharers: HashMap<(Sharer, Grain), usize>,
    of_groups: HashMap<(Group, Grain), usize>,
}

impl Taken {
    /// Takes a place, if there is one.
    fn take(&mut self, sharer: &Sharer, group: Group, grain: Grain) -> bool {
        let of_group = self.of_groups.entry((group, grain)).or_default();
        if group.max() <= *of_group {
            return false;
        }
        let of_sharer = self.of_sharers.entry((sharer.clone(), grain)).or_default();
        if KINDS_OF_CALLER_MAX <= *of_sharer {
            return false;
        }
        *of_group += 1;
        *of_sharer += 1;
        true
    }

    fn give_back(&mut self, kind: &Kind, grain: Grain) {
        if let Some(of_group) = self.of_groups.get_mut(&(kind.group, grain)) {
            *of_group -= 1;
        }
        let key = (kind.sharer.clone(), grain);
        if let Some(of_sharer) = self.of_sharers.get_mut(&key) {
            *of_sharer -= 1;
            if *of_sharer == 0 {
                self.of_sharers.remove(&key);
            }
        }
    }
}

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Pending {
    kinds: HashMap<Alike, Kind>,
    taken: Taken,
    left_out: HashMap<LedgerId, LeftOut>,
}

impl Pending {
    /// Notes an access that was answered at `at`.
    pub(super) fn add(&mut self, access: Access, at: Timestamp) {
        let Some(access) = self.merge(access, Grain::Fine, at) else {
            return;
        };
        if let Some(access) = self.merge(coarse(access), Grain::Coarse, at) {
            self.leave_out(access.ledger, is_refusal(&access), 1, at);
        }
    }

    /// Merges an access with others like it, or makes it the first of its kind; gives it back where there is no place.
    fn merge(&mut self, access: Access, grain: Grain, at: Timestamp) -> Option<Access> {
        let alike = alike(&access, grain, at);
        if let Some(kind) = self.kinds.get_mut(&alike) {
            match &mut kind.unwritten {
                Some(merged) => {
                    merged.count += 1;
                    merged.last_at = merged.last_at.max(at);
                    merged.longest = merged.longest.max(access.duration);
                }
                unwritten => *unwritten = Some(Merged::new(access, at)),
            }
            return None;
        }
        let (sharer, group) = (sharer(&access), Group::of(&access));
        if !self.taken.take(&sharer, group, grain) {
            return Some(access);
        }
        let kind = Kind {
            unwritten: Some(Merged::new(access, at)),
            begun: false,
            sharer,
            group,
        };
        self.kinds.insert(alike, kind);
        None
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
                self.taken.give_back(kind, alike.grain);
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

fn alike(access: &Access, grain: Grain, at: Timestamp) -> Alike {
    Alike {
        minute: minute(at),
        ledger: access.ledger,
        grain,
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
    }
}

/// The access without what its caller may choose at will.
fn coarse(access: Access) -> Access {
    let peer = access.peer.filter(|_| access.actor.is_none());
    Access {
        resource: None,
        purpose: None,
        policy: None,
        peer: peer.map(Peer::network),
        request_id: None,
        actor: access.actor.map(|actor| Actor {
            client: None,
            seat: None,
            evidence_sha256: None,
            ..actor
        }),
        ..access
    }
}

fn sharer(access: &Access) -> Sharer {
    match &access.actor {
        Some(actor) => Sharer::Known {
            issuer: actor.issuer.clone(),
            subject: actor.subject.clone(),
        },
        None => Sharer::Unknown(access.peer.map(Peer::network)),
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
    use std::net::IpAddr;

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
            peer: Some(IpAddr::from([192, 0, 2, peer]).into()),
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
        assert!(pending.kinds.is_empty() && pending.taken.of_sharers.is_empty());
        assert!(pending.taken.of_groups.values().all(|taken| *taken == 0));
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

    /// Reads of `kinds` goals by one.
    fn many(pending: &mut Pending, subject: &str, kinds: usize) {
        for number in 0..kinds {
            let read = access(Some(subject), AccessOutcome::Ok, 1);
            let resource = AccessedResource {
                kind: AccessedKind::Goal,
                name: Name::parse(&format!("R5/{number}")).unwrap(),
            };
            let read = Access {
                resource: Some(resource),
                purpose: Name::parse(&format!("用件{number}")).ok(),
                ..read
            };
            pending.add(read, at(0));
        }
    }

    #[test]
    fn whoever_asks_for_very_much_hides_nobody_and_is_still_named_with_the_method_and_how_often() {
        let mut pending = Pending::default();
        many(&mut pending, "甲", 10 * OTHERS_PER_MINUTE_MAX);
        many(&mut pending, "乙", 3);
        let (written, left_out) = pending.take(at(1), true);
        assert!(left_out.is_empty(), "{left_out:?}");
        let by = |name: &str, is_coarse: bool| -> Vec<u64> {
            let by = written.iter().filter(|merged| {
                let actor = merged.access.actor.as_ref().unwrap();
                actor.subject.as_str() == name && merged.access.resource.is_none() == is_coarse
            });
            by.map(|merged| merged.count).collect()
        };
        assert_eq!(by("甲", false), [1; KINDS_OF_CALLER_MAX]);
        let rest = (10 * OTHERS_PER_MINUTE_MAX - KINDS_OF_CALLER_MAX) as u64;
        assert_eq!(by("甲", true), [rest]);
        assert_eq!(by("乙", false), [1; 3]);
        let coarse = written.iter().find(|merged| merged.count == rest).unwrap();
        assert_eq!(coarse.access.rpc, "daicho.v1.GoalService/GetGoal");
        assert_eq!(coarse.access.purpose, None);
    }

    #[test]
    fn whoever_comes_from_all_addresses_of_a_network_hides_nobody() {
        let mut pending = Pending::default();
        let from = |segments: [u16; 8]| Access {
            peer: Some(IpAddr::from(segments).into()),
            ..access(None, AccessOutcome::Refused, 1)
        };
        let calls = 2 * UNKNOWN_PER_MINUTE_MAX;
        for low in 0..calls {
            let low = u16::try_from(low).unwrap();
            pending.add(from([0x2001, 0xdb8, 0, 1, 0, 0, 0, low]), at(0));
        }
        pending.add(from([0x2001, 0xdb8, 0, 2, 0, 0, 0, 1]), at(0));
        // Nor do those whom nobody knows take a place from those who are known.
        pending.add(access(Some("甲"), AccessOutcome::Refused, 1), at(0));
        let (written, left_out) = pending.take(at(1), true);
        assert!(left_out.is_empty(), "{left_out:?}");
        let peers: Vec<String> = written
            .iter()
            .map(|merged| format!("{} x{}", merged.access.peer.unwrap(), merged.count))
            .collect();
        let rest = calls - KINDS_OF_CALLER_MAX;
        assert!(
            peers.contains(&format!("2001:db8:0:1::/64 x{rest}")),
            "{peers:?}"
        );
        assert!(
            peers.contains(&"2001:db8:0:2::1 x1".to_owned()),
            "{peers:?}"
        );
        assert_eq!(peers.len(), KINDS_OF_CALLER_MAX + 3);
    }

    #[test]
    fn what_is_too_much_is_counted_and_the_count_is_written() {
        let mut pending = Pending::default();
        let more = 7;
        for number in 0..2 * REFUSALS_PER_MINUTE_MAX + more {
            let name = format!("利用者{number}");
            pending.add(access(Some(&name), AccessOutcome::Refused, 1), at(0));
        }
        // Refusals take no place from reads.
        pending.add(access(Some("甲"), AccessOutcome::Ok, 1), at(0));
        let (written, left_out) = pending.take(at(1), false);
        assert_eq!(written.len(), 2 * REFUSALS_PER_MINUTE_MAX + 1);
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
