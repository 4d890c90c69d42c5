//! Access policies as they are published: Cedar text with its digest. What it means is for `auth` to say.

use std::fmt;

use sha2::{Digest as _, Sha256};

/// The text cannot be an access policy.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPolicyText {
    /// Nothing but white space.
    #[error("empty")]
    Empty,
    /// More bytes than allowed.
    #[error("longer than {} bytes", AccessPolicy::BYTES_MAX)]
    TooLong,
}

/// Who may do what (権限方針): policies in Cedar, kept to the byte.
#[derive(Clone, Eq, PartialEq)]
pub struct AccessPolicy {
    cedar: String,
    sha256: [u8; 32],
}

impl AccessPolicy {
    /// Bytes of the text at most: an event has to hold it.
    pub const BYTES_MAX: usize = 48 * 1024;

    /// Takes a text as it is. Stored texts are read with this too, so it may grow more tolerant and never less: whether the
    /// policies are sound is asked when they are published.
    pub fn parse(cedar: &str) -> Result<Self, InvalidPolicyText> {
        if cedar.trim().is_empty() {
            return Err(InvalidPolicyText::Empty);
        }
        if Self::BYTES_MAX < cedar.len() {
            return Err(InvalidPolicyText::TooLong);
        }
        Ok(Self {
            cedar: cedar.to_owned(),
            sha256: Sha256::digest(cedar.as_bytes()).into(),
        })
    }

    /// The text.
    pub fn cedar(&self) -> &str {
        &self.cedar
    }

    /// SHA-256 of the text.
    pub fn sha256(&self) -> [u8; 32] {
        self.sha256
    }
}

impl fmt::Debug for AccessPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.cedar.len();
        write!(f, "AccessPolicy({bytes} bytes)")
    }
}

/// By which policies something was permitted.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Authorization {
    /// SHA-256 of the text of the policies in force.
    pub policy_set_sha256: [u8; 32],
    /// Ids of those that permitted it, ascending.
    pub policy_ids: Vec<String>,
}

impl Authorization {
    /// The id under which a leaf says that its author was named in the server's configuration. No policy may have it.
    pub const NAMED_ADMINISTRATOR: &'static str = "named-administrator";

    /// Whether the server's configuration permitted it.
    pub fn is_of_named_administrator(&self) -> bool {
        self.policy_ids == [Self::NAMED_ADMINISTRATOR]
    }
}
