//! Whose signatures count.

use std::collections::BTreeMap;

use crate::domain::id::LedgerId;
use crate::merkle::{SignedCheckpoint, TrustPolicy, VerifierKey};
use crate::proof::bundle::verify::{Earlier, Generations, known_signature};

/// Whom to believe: the operator's policy, or else the keys that lie in the sources, which prove nothing to others.
pub(super) struct Trust<'a> {
    policy: Option<&'a TrustPolicy>,
    /// The keys that lie in the sources.
    own: BTreeMap<LedgerId, TrustPolicy>,
    /// What the operator keeps: it counts whoever signed it.
    pub(super) since: Option<&'a SignedCheckpoint>,
}

/// What a signature is worth.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Signature {
    /// A known key signed.
    Known,
    /// No known key did.
    Unknown,
    /// A known key is named and did not.
    False,
}

impl<'a> Trust<'a> {
    pub(super) fn new(
        policy: Option<&'a TrustPolicy>,
        since: Option<&'a SignedCheckpoint>,
        own: BTreeMap<LedgerId, Vec<VerifierKey>>,
    ) -> Self {
        let own = own.into_iter();
        Self {
            policy,
            own: own
                .map(|(ledger, keys)| (ledger, TrustPolicy::of_logs(keys)))
                .collect(),
            since,
        }
    }

    /// What the signatures of a checkpoint of `ledger` are worth.
    pub(super) fn judge(&self, ledger: LedgerId, signed: &SignedCheckpoint) -> Signature {
        judged(self.policy.or_else(|| self.own.get(&ledger)), signed)
    }

    /// Whether a checkpoint may be taken for what its ledger signed, so that it must not sign for less again: by a key of the policy, if
    /// that knows the ledger, or else by one that lies with it, or by any where none is known.
    pub(super) fn is_credible(&self, ledger: LedgerId, signed: &SignedCheckpoint) -> bool {
        let origin = signed.checkpoint().origin();
        let knows = |policy: &&TrustPolicy| {
            let mut names = policy.logs().iter().map(|log| log.key.name().as_str());
            names.any(|name| name == origin)
        };
        let policy = self.policy.filter(knows);
        let by = policy.or_else(|| self.own.get(&ledger));
        match judged(by, signed) {
            Signature::Known => true,
            Signature::Unknown => by.is_none(),
            Signature::False => false,
        }
    }
}

fn judged(by: Option<&TrustPolicy>, signed: &SignedCheckpoint) -> Signature {
    match known_signature(by, signed) {
        Ok(Some(_)) => Signature::Known,
        Ok(None) => Signature::Unknown,
        Err(_) => Signature::False,
    }
}

/// Whether a checkpoint speaks of the history that `names` are of: it bears the name of now, or an earlier one for a size that the
/// ledger had under it.
pub(super) fn applies(names: &Generations, signed: &SignedCheckpoint) -> bool {
    let checkpoint = signed.checkpoint();
    names.origin() == Some(checkpoint.origin())
        || names.earlier(checkpoint.origin(), checkpoint.head().size) == Earlier::Kept
}
