//! Whom to believe: logs, witnesses and how many of them it takes, after C2SP `tlog-policy`.
//!
//! ```text
//! # A comment.
//! log <vkey> [<url>]
//! witness <name> <vkey> [<url>]
//! group <name> all|any|<k> <member>...
//! quorum <name>|none
//! ```
//! Whoever verifies keeps this file, and has it from somewhere else than what is verified: it is the
//! root of trust.

use std::collections::BTreeSet;

use crate::merkle::checkpoint::SignedCheckpoint;
use crate::merkle::key::VerifierKey;
use crate::merkle::note::Unverified;

mod text;

pub use text::{InvalidPolicy, POLICY_BYTES_MAX};

/// Which logs are believed, and which witnesses must have seen their checkpoints. Shown as the text
/// of a policy file without comments.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustPolicy {
    logs: Vec<TrustedLog>,
    witnesses: Vec<TrustedWitness>,
    groups: Vec<WitnessGroup>,
    quorum: Option<String>,
}

/// A log whose checkpoints are believed if this key signed them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedLog {
    /// The key. Its name is the origin of the log.
    pub key: VerifierKey,
    /// Where the log can be read.
    pub url: Option<String>,
}

/// A witness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedWitness {
    /// What it is called in this policy.
    pub name: String,
    /// The key that its cosignatures are of.
    pub key: VerifierKey,
    /// Where checkpoints are sent for cosigning.
    pub url: Option<String>,
}

/// A number of members that can stand for one witness.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WitnessGroup {
    /// What it is called in this policy.
    pub name: String,
    /// How many members it takes: from 1 to all.
    pub needed: usize,
    /// The names of witnesses and of groups defined before it.
    pub members: Vec<String>,
}

/// What a policy says of a checkpoint whose signatures all verified.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verdict<'p> {
    /// The keys of the log that signed: one at least.
    pub logs: Vec<&'p VerifierKey>,
    /// The witnesses that cosigned, in the order of the policy.
    pub witnesses: Vec<Witnessed<'p>>,
    /// Whether those witnesses are enough.
    pub quorum_met: bool,
}

/// A witness that cosigned.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Witnessed<'p> {
    /// Which one.
    pub witness: &'p TrustedWitness,
    /// When it says it did, in seconds since 1970: the first time, if it did more than once.
    pub time: u64,
}

/// The policy does not accept the checkpoint.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Untrusted {
    /// The policy knows no log of this origin.
    #[error("no log of the policy is `{origin}`")]
    UnknownOrigin {
        /// The checkpoint's origin.
        origin: String,
    },
    /// No key of the log signed.
    #[error("not signed by a known key of `{origin}`")]
    NotSignedByLog {
        /// The checkpoint's origin.
        origin: String,
    },
    /// A signature of a known key does not verify.
    #[error(transparent)]
    Unverified(#[from] Unverified),
    /// Too few witnesses, or not the right ones.
    #[error("witnesses that cosigned: {witnesses}, not enough for the quorum `{quorum}`")]
    QuorumNotMet {
        /// The witness or group that the policy asks for.
        quorum: String,
        /// How many witnesses of the policy cosigned.
        witnesses: usize,
    },
}

impl TrustPolicy {
    /// Believes one log, without witnesses.
    pub fn of_log(key: VerifierKey) -> Self {
        Self::of_logs([key])
    }

    /// Believes one log by any of its keys, without witnesses.
    pub fn of_logs(keys: impl IntoIterator<Item = VerifierKey>) -> Self {
        let keys = keys.into_iter();
        Self {
            logs: keys.map(|key| TrustedLog { key, url: None }).collect(),
            witnesses: Vec::new(),
            groups: Vec::new(),
            quorum: None,
        }
    }

    /// The logs, in the order of the file. A log that changes its key is there with both.
    pub fn logs(&self) -> &[TrustedLog] {
        &self.logs
    }

    /// The witnesses, in the order of the file.
    pub fn witnesses(&self) -> &[TrustedWitness] {
        &self.witnesses
    }

    /// The groups, each after its members.
    pub fn groups(&self) -> &[WitnessGroup] {
        &self.groups
    }

    /// The witness or group that must have seen a checkpoint; `None` if nobody must.
    pub fn quorum(&self) -> Option<&str> {
        self.quorum.as_deref()
    }

    /// Says who signed `checkpoint`, and when, and whether that is enough.
    ///
    /// An error if the log is not known or did not sign, or if a signature of a known key does not
    /// verify. A quorum that is not met is none: see [`accept`](Self::accept).
    pub fn evaluate(&self, checkpoint: &SignedCheckpoint) -> Result<Verdict<'_>, Untrusted> {
        let origin = checkpoint.checkpoint().origin();
        let of_origin = |key: &&VerifierKey| key.name().as_str() == origin;
        let logs = self.logs.iter().map(|log| &log.key).filter(of_origin);
        if logs.clone().next().is_none() {
            let origin = origin.to_owned();
            return Err(Untrusted::UnknownOrigin { origin });
        }
        let not_signed = || Untrusted::NotSignedByLog {
            origin: origin.to_owned(),
        };
        let witnesses = self.witnesses.iter().map(|witness| &witness.key);
        let verified = match checkpoint.note().verify(logs.clone().chain(witnesses)) {
            Err(Unverified::NoKnownKey) => return Err(not_signed()),
            verified => verified?,
        };
        let signed = |key: &&VerifierKey| verified.iter().any(|by| by.key == *key);
        let logs: Vec<&VerifierKey> = logs.filter(signed).collect();
        if logs.is_empty() {
            return Err(not_signed());
        }
        let witnessed = self.witnesses.iter().filter_map(|witness| {
            let by_it = verified.iter().filter(|by| *by.key == witness.key);
            let time = by_it.filter_map(|by| by.time).min()?;
            Some(Witnessed { witness, time })
        });
        let witnesses: Vec<Witnessed<'_>> = witnessed.collect();
        let quorum_met = self.quorum_met(&witnesses);
        Ok(Verdict {
            logs,
            witnesses,
            quorum_met,
        })
    }

    /// As [`evaluate`](Self::evaluate), and an error if the quorum is not met.
    pub fn accept(&self, checkpoint: &SignedCheckpoint) -> Result<Verdict<'_>, Untrusted> {
        let verdict = self.evaluate(checkpoint)?;
        match (&self.quorum, verdict.quorum_met) {
            (Some(quorum), false) => Err(Untrusted::QuorumNotMet {
                quorum: quorum.clone(),
                witnesses: verdict.witnesses.len(),
            }),
            _ => Ok(verdict),
        }
    }

    fn quorum_met(&self, witnesses: &[Witnessed<'_>]) -> bool {
        let Some(quorum) = &self.quorum else {
            return true;
        };
        let names = witnesses.iter().map(|by| by.witness.name.as_str());
        let mut met: BTreeSet<&str> = names.collect();
        // Members stand before their group, so one pass is enough however deep groups are nested.
        for group in &self.groups {
            let members = group.members.iter();
            let count = members.filter(|member| met.contains(member.as_str()));
            if group.needed <= count.count() {
                met.insert(&group.name);
            }
        }
        met.contains(quorum.as_str())
    }
}
