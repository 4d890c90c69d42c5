//! What the events of a ledger say of its keys, and what follows for the signatures under its checkpoints.
//!
//! A key of the policy is believed up to the size at which the ledger retired it, or up to which it was not known to
//! others. A key that only the ledger names is not believed for what comes next, for whoever steals a key could announce
//! another; it is for what came before: the root that a believed key signed covers the event that names it.

use std::collections::BTreeMap;

use crate::domain::event::{Payload, Recorded};
use crate::merkle::{SignedCheckpoint, VerifierKey};

/// Keys that events name, with what they say; a ledger has few.
#[derive(Clone, Debug, Default)]
pub struct Notices {
    named: BTreeMap<String, Notice>,
    /// Kept checkpoints that the events agree with, by size, each with a key of the policy that signed it.
    signed: Vec<(u64, String)>,
}

#[derive(Clone, Debug, Default)]
struct Notice {
    key: Option<VerifierKey>,
    announced_at: Option<u64>,
    last_size: Option<u64>,
    last_trusted_size: Option<u64>,
}

/// Keys that are remembered of one ledger at most; events that name more are no honest ledger's.
const NAMED_MAX: usize = 10_000;

/// What a key's signature under a checkpoint is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Standing {
    /// As much as the key is believed.
    Good,
    /// Nothing: the key was retired at a smaller size.
    Retired {
        /// The last size that it signed.
        last_size: u64,
    },
    /// Nothing alone: others know the key.
    Compromised {
        /// The last size for which its signature alone is believed.
        last_trusted_size: u64,
    },
}

/// A key that the policy lacks and the ledger announced.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AnnouncedKey {
    /// The key.
    pub key: VerifierKey,
    /// The position of its announcement.
    pub position: u64,
    /// The size of a checkpoint after it that a believed key signed.
    pub vouched_at: u64,
}

impl Notices {
    /// Takes in an event.
    pub(in crate::proof) fn see(&mut self, recorded: &Recorded) {
        let (key, announced_at, last_size, last_trusted_size) = match &recorded.event.payload {
            Payload::KeyAnnounced(p) => (&p.verifier_key, Some(recorded.position), None, None),
            Payload::KeyRetired(p) => (&p.verifier_key, None, Some(p.last_size), None),
            Payload::KeyCompromised(p) => (&p.verifier_key, None, None, Some(p.last_trusted_size)),
            _ => return,
        };
        let key = key.as_str();
        if NAMED_MAX <= self.named.len() && !self.named.contains_key(key) {
            return;
        }
        let notice = self.named.entry(key.to_owned()).or_default();
        notice.key = key.parse().ok();
        notice.announced_at = notice.announced_at.or(announced_at);
        notice.last_size = notice.last_size.or(last_size);
        let known = notice.last_trusted_size.into_iter();
        notice.last_trusted_size = known.chain(last_trusted_size).min();
    }

    /// Notes that a key of the policy signed a checkpoint that the events agree with.
    pub(in crate::proof) fn signed(&mut self, size: u64, key: &VerifierKey) {
        let key = key.to_string();
        self.signed.push((size, key));
    }

    /// The keys that events name and that this version can verify with.
    pub fn keys(&self) -> impl Iterator<Item = &VerifierKey> + Clone {
        self.named.values().filter_map(|notice| notice.key.as_ref())
    }

    /// What the signature of `key` under a checkpoint of `size` is worth.
    pub fn standing(&self, key: &VerifierKey, size: u64) -> Standing {
        self.standing_of(&key.to_string(), size)
    }

    fn standing_of(&self, key: &str, size: u64) -> Standing {
        let Some(notice) = self.named.get(key) else {
            return Standing::Good;
        };
        match (notice.last_size, notice.last_trusted_size) {
            (Some(last_size), _) if last_size < size => Standing::Retired { last_size },
            (_, Some(last_trusted_size)) if last_trusted_size < size => {
                Standing::Compromised { last_trusted_size }
            }
            _ => Standing::Good,
        }
    }

    /// The key that signed `checkpoint` and that the ledger announced under what a believed key signed.
    pub fn announced(&self, checkpoint: &SignedCheckpoint) -> Option<AnnouncedKey> {
        let named = self.signers(checkpoint);
        let mut announced = named.filter_map(|(key, notice)| {
            let position = notice.announced_at?;
            let vouching = self.signed.iter().filter(|(size, key)| {
                position < *size && self.standing_of(key, *size) == Standing::Good
            });
            let vouched_at = vouching.map(|(size, _)| *size).min()?;
            Some(AnnouncedKey {
                key: key.clone(),
                position,
                vouched_at,
            })
        });
        announced.next()
    }

    /// Whether a key that the ledger names signed `checkpoint` while it was worth something.
    pub fn named_signer(&self, checkpoint: &SignedCheckpoint) -> bool {
        let size = checkpoint.checkpoint().head().size;
        let mut signers = self.signers(checkpoint);
        signers.any(|(key, _)| self.standing(key, size) == Standing::Good)
    }

    fn signers<'a>(
        &'a self,
        checkpoint: &'a SignedCheckpoint,
    ) -> impl Iterator<Item = (&'a VerifierKey, &'a Notice)> {
        let origin = checkpoint.checkpoint().origin();
        let of_origin = self.named.values().filter_map(move |notice| {
            let key = notice.key.as_ref();
            let key = key.filter(|key| key.name().as_str() == origin)?;
            Some((key, notice))
        });
        of_origin.filter(move |(key, _)| checkpoint.note().verify([*key]).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{Checkpoint, Hash, KeyName, SignatureType, Signer, SigningKey, TreeHead};

    fn key(seed: u8) -> SigningKey {
        let name = KeyName::parse("city.example/daicho").unwrap();
        SigningKey::from_seed(name, SignatureType::Ed25519, &[seed; 32])
    }

    fn signed(size: u64, key: &SigningKey) -> SignedCheckpoint {
        let head = TreeHead {
            size,
            root: Hash::new([3; 32]),
        };
        let checkpoint = Checkpoint::new(key.key().name(), head).unwrap();
        SignedCheckpoint::sign(checkpoint, [key as &dyn Signer], 0).unwrap()
    }

    fn notices(of: &[(u8, Notice)]) -> Notices {
        let named = of.iter().map(|(seed, notice)| {
            let key = key(*seed).key().clone();
            let notice = Notice {
                key: Some(key.clone()),
                ..notice.clone()
            };
            (key.to_string(), notice)
        });
        Notices {
            named: named.collect(),
            signed: Vec::new(),
        }
    }

    #[test]
    fn a_key_is_worth_something_up_to_the_sizes_that_the_ledger_names() {
        let notices = notices(&[
            (
                1,
                Notice {
                    last_size: Some(9),
                    ..Notice::default()
                },
            ),
            (
                2,
                Notice {
                    last_trusted_size: Some(5),
                    ..Notice::default()
                },
            ),
            (
                3,
                Notice {
                    last_size: Some(9),
                    last_trusted_size: Some(5),
                    ..Notice::default()
                },
            ),
        ]);
        let standing = |seed: u8, size| notices.standing(key(seed).key(), size);
        assert_eq!(standing(1, 9), Standing::Good);
        assert_eq!(standing(1, 10), Standing::Retired { last_size: 9 });
        assert_eq!(standing(2, 5), Standing::Good);
        assert_eq!(
            standing(2, 6),
            Standing::Compromised {
                last_trusted_size: 5
            }
        );
        assert_eq!(
            standing(3, 9),
            Standing::Compromised {
                last_trusted_size: 5
            }
        );
        assert_eq!(standing(3, 10), Standing::Retired { last_size: 9 });
        assert_eq!(standing(4, u64::MAX), Standing::Good);
        assert!(notices.named_signer(&signed(9, &key(1))));
        assert!(!notices.named_signer(&signed(10, &key(1))));
        assert!(
            !notices.named_signer(&signed(9, &key(4))),
            "nobody named it"
        );
    }

    #[test]
    fn an_announced_key_is_told_where_a_believed_one_vouches_for_the_announcement() {
        let announced = Notice {
            announced_at: Some(7),
            ..Notice::default()
        };
        let retired = Notice {
            last_size: Some(9),
            ..Notice::default()
        };
        let mut notices = notices(&[(1, retired), (2, announced)]);
        let checkpoint = signed(20, &key(2));
        assert_eq!(notices.announced(&checkpoint), None);
        notices.signed(7, key(1).key());
        notices.signed(12, key(1).key());
        assert_eq!(
            notices.announced(&checkpoint),
            None,
            "not after it, or too late"
        );
        notices.signed(8, key(1).key());
        let found = notices.announced(&checkpoint).unwrap();
        assert_eq!((found.position, found.vouched_at), (7, 8));
        assert_eq!(notices.announced(&signed(20, &key(3))), None);
    }
}
