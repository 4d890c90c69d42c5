//! The text of a policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{TrustPolicy, TrustedLog, TrustedWitness, WitnessGroup};
use crate::merkle::canonical::{decimal, utf8};
use crate::merkle::key::{InvalidKey, PublicKey, SignatureType, VerifierKey};

/// The longest policy, in bytes.
pub const POLICY_BYTES_MAX: usize = 65_536;

/// What stands for no quorum, and so names nobody.
const NONE: &str = "none";

/// The bytes are not a policy.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidPolicy {
    /// Longer than a policy may be.
    #[error("{found} bytes, expected at most {POLICY_BYTES_MAX}")]
    TooLong {
        /// The length found.
        found: usize,
    },
    /// Not UTF-8.
    #[error("line {line}: expected UTF-8")]
    NotUtf8 {
        /// The line, from 1.
        line: usize,
    },
    /// A control character other than a tab, such as the CR of lines that end with CR LF.
    #[error(
        "line {line}: expected no control character but tabs, and lines that end with LF alone"
    )]
    ControlCharacter {
        /// The line, from 1.
        line: usize,
    },
    /// The line begins with another word.
    #[error("line {line}: expected `log`, `witness`, `group`, `quorum` or a comment")]
    Keyword {
        /// The line, from 1.
        line: usize,
    },
    /// Too few or too many words.
    #[error("line {line}: expected `{expected}`")]
    Words {
        /// The line, from 1.
        line: usize,
        /// The form of such a line.
        expected: &'static str,
    },
    /// The key is none.
    #[error("line {line}: {fault}")]
    Key {
        /// The line, from 1.
        line: usize,
        /// What was expected.
        fault: InvalidKey,
    },
    /// A log's key cosigns, or a witness's does not.
    #[error("line {line}: expected a key of signature type 0x{:02x}", expected.byte())]
    KeyType {
        /// The line, from 1.
        line: usize,
        /// The type that such a key has.
        expected: SignatureType,
    },
    /// A public key that stands on an earlier line, perhaps under another name.
    #[error("line {line}: the key of line {first} once more")]
    KeyTwice {
        /// The line, from 1.
        line: usize,
        /// The line that has the key.
        first: usize,
    },
    /// A name that is taken, or `none`.
    #[error("line {line}: expected a name that is not taken, not `{name}`")]
    NameTaken {
        /// The line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// A name that no line above defines.
    #[error("line {line}: `{name}` is no witness and no group of a line above")]
    UnknownName {
        /// The line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// A member of two groups, or of one twice: it would count twice.
    #[error("line {line}: `{name}` is a member already")]
    MemberTwice {
        /// The line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// Not a number of members that the group has.
    #[error("line {line}: expected `all`, `any` or a number from 1 to {members}")]
    Threshold {
        /// The line, from 1.
        line: usize,
        /// How many members the group has.
        members: usize,
    },
    /// More than one line says what the quorum is.
    #[error("line {line}: expected one `quorum` only")]
    SecondQuorum {
        /// The line, from 1.
        line: usize,
    },
    /// No line says what the quorum is.
    #[error("expected a line `quorum <name>` or `quorum none`")]
    NoQuorum,
}

impl TrustPolicy {
    /// The policy that these bytes are.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidPolicy> {
        let found = bytes.len();
        if POLICY_BYTES_MAX < found {
            return Err(InvalidPolicy::TooLong { found });
        }
        let text = utf8(bytes).map_err(|line| InvalidPolicy::NotUtf8 { line })?;
        let mut reader = Reader::default();
        for (at, text) in text.split('\n').enumerate() {
            reader.line(at + 1, text)?;
        }
        Ok(Self {
            quorum: reader.quorum.ok_or(InvalidPolicy::NoQuorum)?,
            logs: reader.logs,
            witnesses: reader.witnesses,
            groups: reader.groups,
        })
    }
}

#[derive(Default)]
struct Reader<'t> {
    logs: Vec<TrustedLog>,
    witnesses: Vec<TrustedWitness>,
    groups: Vec<WitnessGroup>,
    quorum: Option<Option<String>>,
    names: BTreeSet<&'t str>,
    members: BTreeSet<&'t str>,
    /// Each public key, with the line that it stands on.
    keys: BTreeMap<Vec<u8>, usize>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, line: usize, text: &'t str) -> Result<(), InvalidPolicy> {
        if text.contains(|c: char| c.is_control() && c != '\t') {
            return Err(InvalidPolicy::ControlCharacter { line });
        }
        let words = text.split([' ', '\t']).filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", rest @ ..] => self.log(line, rest),
            ["witness", rest @ ..] => self.witness(line, rest),
            ["group", rest @ ..] => self.group(line, rest),
            ["quorum", rest @ ..] => self.quorum(line, rest),
            _ => Err(InvalidPolicy::Keyword { line }),
        }
    }

    fn log(&mut self, line: usize, words: &[&'t str]) -> Result<(), InvalidPolicy> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some((*url).to_owned())),
            _ => {
                let expected = "log <vkey> [<url>]";
                return Err(InvalidPolicy::Words { line, expected });
            }
        };
        let key = self.key(line, key)?;
        match key.public() {
            PublicKey::Ed25519(_) => {}
            PublicKey::CosignatureV1(_) => {
                let expected = SignatureType::Ed25519;
                return Err(InvalidPolicy::KeyType { line, expected });
            }
        }
        self.logs.push(TrustedLog { key, url });
        Ok(())
    }

    fn witness(&mut self, line: usize, words: &[&'t str]) -> Result<(), InvalidPolicy> {
        let (name, key, url) = match words {
            [name, key] => (*name, key, None),
            [name, key, url] => (*name, key, Some((*url).to_owned())),
            _ => {
                let expected = "witness <name> <vkey> [<url>]";
                return Err(InvalidPolicy::Words { line, expected });
            }
        };
        self.take_name(line, name)?;
        let key = self.key(line, key)?;
        match key.public() {
            PublicKey::CosignatureV1(_) => {}
            PublicKey::Ed25519(_) => {
                let expected = SignatureType::CosignatureV1;
                return Err(InvalidPolicy::KeyType { line, expected });
            }
        }
        let name = name.to_owned();
        self.witnesses.push(TrustedWitness { name, key, url });
        Ok(())
    }

    fn group(&mut self, line: usize, words: &[&'t str]) -> Result<(), InvalidPolicy> {
        let expected = "group <name> all|any|<k> <member>...";
        let words_expected = InvalidPolicy::Words { line, expected };
        let [name, threshold, members @ ..] = words else {
            return Err(words_expected);
        };
        if members.is_empty() {
            return Err(words_expected);
        }
        for member in members {
            self.defined(line, member)?;
            if !self.members.insert(member) {
                let name = (*member).to_owned();
                return Err(InvalidPolicy::MemberTwice { line, name });
            }
        }
        // After the members, so that no group is its own.
        self.take_name(line, name)?;
        let members: Vec<String> = members.iter().map(|member| (*member).to_owned()).collect();
        let needed = match *threshold {
            "all" => Some(members.len()),
            "any" => Some(1),
            number => decimal(number).and_then(|number| usize::try_from(number).ok()),
        };
        let needed = needed.filter(|needed| (1..=members.len()).contains(needed));
        let needed = needed.ok_or(InvalidPolicy::Threshold {
            line,
            members: members.len(),
        })?;
        let name = (*name).to_owned();
        self.groups.push(WitnessGroup {
            name,
            needed,
            members,
        });
        Ok(())
    }

    fn quorum(&mut self, line: usize, words: &[&'t str]) -> Result<(), InvalidPolicy> {
        let [name] = words else {
            let expected = "quorum <name>|none";
            return Err(InvalidPolicy::Words { line, expected });
        };
        if self.quorum.is_some() {
            return Err(InvalidPolicy::SecondQuorum { line });
        }
        self.quorum = match *name {
            NONE => Some(None),
            name => {
                self.defined(line, name)?;
                Some(Some(name.to_owned()))
            }
        };
        Ok(())
    }

    fn key(&mut self, line: usize, text: &str) -> Result<VerifierKey, InvalidPolicy> {
        let key: Result<VerifierKey, _> = text.parse();
        let key = key.map_err(|fault| InvalidPolicy::Key { line, fault })?;
        match self.keys.insert(key.public().bytes().to_vec(), line) {
            Some(first) => Err(InvalidPolicy::KeyTwice { line, first }),
            None => Ok(key),
        }
    }

    fn take_name(&mut self, line: usize, name: &'t str) -> Result<(), InvalidPolicy> {
        match name != NONE && self.names.insert(name) {
            true => Ok(()),
            false => Err(InvalidPolicy::NameTaken {
                line,
                name: name.to_owned(),
            }),
        }
    }

    fn defined(&self, line: usize, name: &str) -> Result<(), InvalidPolicy> {
        match self.names.contains(name) {
            true => Ok(()),
            false => Err(InvalidPolicy::UnknownName {
                line,
                name: name.to_owned(),
            }),
        }
    }
}

impl fmt::Display for TrustPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let url = |url: &Option<String>| match url {
            Some(url) => format!(" {url}"),
            None => String::new(),
        };
        for log in &self.logs {
            writeln!(f, "log {}{}", log.key, url(&log.url))?;
        }
        for witness in &self.witnesses {
            let TrustedWitness { name, key, .. } = witness;
            writeln!(f, "witness {name} {key}{}", url(&witness.url))?;
        }
        for group in &self.groups {
            let threshold = match group.needed {
                1 => "any".to_owned(),
                needed if needed == group.members.len() => "all".to_owned(),
                needed => needed.to_string(),
            };
            let members = group.members.join(" ");
            writeln!(f, "group {} {threshold} {members}", group.name)?;
        }
        writeln!(f, "quorum {}", self.quorum.as_deref().unwrap_or(NONE))
    }
}
