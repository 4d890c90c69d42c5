//! The settings of a server: one value each, from a flag, the environment, a file or the default, in that order.
//!
//! A setting has one name everywhere: `request_timeout_seconds` in the file is `--request-timeout-seconds` on the
//! command line and `DAICHO_REQUEST_TIMEOUT_SECONDS` in the environment. Everything that is wrong is told at once,
//! each value with where it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::access_log::Recording;
use crate::auth::{Issuer, Mode, TlsFiles};
use crate::domain::access::LoginId;
use crate::domain::text::Name;
use crate::merkle::{SignatureType, VerifierKey};
use crate::telemetry::{LogFilter, LogFormat};

mod file;
mod oidc;
mod setting;
mod signing_in;

use setting::Setting;

/// What the read copy's cache may be, in MiB. Below it, reading becomes slow; above it, a typing error is likelier.
const CACHE_MIB: RangeInclusive<u64> = 8..=65_536;
/// What the states of goals may take, in MiB. Below it, a large goal takes the place of all others.
const STATES_MIB: RangeInclusive<u64> = 8..=65_536;
/// How far the clock may be behind the newest event, in seconds: ten years let everything pass.
const CLOCK_BEHIND_MAX_SECONDS: RangeInclusive<u64> = 0..=315_360_000;
/// After how many days both stored copies are read whole again; 0: they never are.
const SCRUB_DAYS: RangeInclusive<u64> = 0..=365;
/// What is to stay free, in MiB; 0: nothing.
const FREE_SPACE_MIN_MIB: RangeInclusive<u64> = 0..=1_048_576;
/// How many connections may be allowed. Each costs a file handle and up to a MiB of buffers.
const CONNECTIONS: RangeInclusive<u64> = 1..=65_536;
/// How long a unary call may be allowed to take, in seconds.
const REQUEST_TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=3_600;

/// The most administrators that a server is told of.
const ADMINISTRATORS_MAX: usize = 32;
/// The most witnesses that a server is told of. Each adds one line to a checkpoint at most.
pub const WITNESSES_MAX: usize = 32;
/// What one attached file may be, in MiB. It is read whole whenever it is handed out.
const EVIDENCE_FILE_MIB: RangeInclusive<u64> = 1..=1_024;
/// How many media types a setting may add.
const EVIDENCE_MEDIA_TYPES_MAX: usize = 50;

/// The settings of a server, complete and checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Whether the data folder is to hold ledgers already: an empty one is not begun.
    pub existing: bool,
    /// The folder of the journal; `None`: `journal/` in the data folder.
    pub journal: Option<PathBuf>,
    /// Where to listen; on this machine, unless connections are encrypted and callers sign in. Port 0: one that is free.
    pub listen: SocketAddr,
    /// Id or code of the ledger that an empty `ledger` field means; else the only one there is.
    pub default_ledger: Option<String>,
    /// Whether clients may ask for the descriptors of the API.
    pub reflection: bool,
    /// What the read copy of the log may cache.
    pub cache_bytes: u64,
    /// What the states of streams may take that are kept for answers, of each ledger, and for appends, of all.
    pub states_bytes: usize,
    /// How far the clock may be behind the newest event.
    pub clock_behind_max: Duration,
    /// How long after both stored copies were read whole they are read again; `None`: they never are.
    pub scrub_every: Option<Duration>,
    /// Bytes that stay free on the disks of the log.
    pub free_space_min: u64,
    /// How many connections may be open at once.
    pub connections_max: usize,
    /// The longest a unary call may take; a caller's shorter deadline goes first.
    pub request_timeout: Duration,
    /// The keys of the witnesses whose cosignatures are kept.
    pub witnesses: Vec<VerifierKey>,
    /// The longest file that is taken in as evidence.
    pub evidence_file_bytes: u64,
    /// Media types of evidence that are taken in besides the built-in ones; their content is not looked at.
    pub evidence_media_types: Vec<String>,
    /// A file with an age identity that key files are encrypted to.
    pub key_identity: Option<PathBuf>,
    /// A file with a passphrase that key files are encrypted with. There is one of the two at most.
    pub key_passphrase_file: Option<PathBuf>,
    /// Certificates and keys; `None`: connections are not encrypted.
    pub tls: Option<TlsFiles>,
    /// Whether callers have to sign in.
    pub auth: Mode,
    /// Whose access tokens are taken.
    pub oidc: Vec<Issuer>,
    /// Who is let in where no seat can help (docs/access-policy.md).
    pub administrators: Vec<LoginId>,
    /// Of which ledgers it is recorded who asks for what.
    pub access_log: Recording,
    /// How a line of the log looks.
    pub log_format: LogFormat,
    /// What is logged.
    pub log_filter: LogFilter,
}

/// What the command line said, word for word.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Flags {
    /// `--config`: the settings file.
    pub config: Option<PathBuf>,
    /// `--data`.
    pub data: Option<String>,
    /// `--existing`.
    pub existing: Option<String>,
    /// `--journal`.
    pub journal: Option<String>,
    /// `--listen`.
    pub listen: Option<String>,
    /// `--default-ledger`.
    pub default_ledger: Option<String>,
    /// `--reflection`.
    pub reflection: Option<String>,
    /// `--cache-mib`.
    pub cache_mib: Option<String>,
    /// `--states-mib`.
    pub states_mib: Option<String>,
    /// `--scrub-days`.
    pub scrub_days: Option<String>,
    /// `--free-space-min-mib`.
    pub free_space_min_mib: Option<String>,
    /// `--connections-max`.
    pub connections_max: Option<String>,
    /// `--request-timeout-seconds`.
    pub request_timeout_seconds: Option<String>,
    /// How far the clock may be behind the newest event, in seconds.
    pub clock_behind_max_seconds: Option<String>,
    /// `--witnesses`.
    pub witnesses: Option<String>,
    /// `--evidence-file-mib`.
    pub evidence_file_mib: Option<String>,
    /// `--evidence-media-types`.
    pub evidence_media_types: Option<String>,
    /// `--key-identity`.
    pub key_identity: Option<String>,
    /// `--key-passphrase-file`.
    pub key_passphrase_file: Option<String>,
    /// `--tls-certificate`.
    pub tls_certificate: Option<String>,
    /// `--tls-key`.
    pub tls_key: Option<String>,
    /// `--tls-client-roots`.
    pub tls_client_roots: Option<String>,
    /// `--tls-crl`.
    pub tls_crl: Option<String>,
    /// `--tls-client-certificates`.
    pub tls_client_certificates: Option<String>,
    /// `--auth`.
    pub auth: Option<String>,
    /// `--administrators`.
    pub administrators: Option<String>,
    /// `--access-log`.
    pub access_log: Option<String>,
    /// `--log-format`.
    pub log_format: Option<String>,
    /// `--log-filter`.
    pub log_filter: Option<String>,
}

/// Settings that cannot be used: everything that is wrong with them.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub struct InvalidConfig {
    faults: Vec<Fault>,
}

impl InvalidConfig {
    /// Each fault, at least one.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for InvalidConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("these settings cannot be used:")?;
        self.faults
            .iter()
            .try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

/// What is wrong with one setting, or with the settings file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Where it was said: a flag, a variable, or a line of the file.
    pub origin: String,
    /// What was said; absent where the file itself is the trouble.
    pub value: Option<String>,
    /// What is wrong with it.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Some(value) => write!(
                f,
                "{} = `{}`: {}",
                self.origin,
                value.escape_debug(),
                self.problem
            ),
            None => write!(f, "{}: {}", self.origin, self.problem),
        }
    }
}

/// One setting's text and where it stands.
struct Said {
    origin: String,
    text: String,
}

impl Config {
    /// Puts together what `flags`, this process's environment and the settings file say.
    pub fn load(flags: &Flags) -> Result<Self, InvalidConfig> {
        Self::from_sources(flags, |name| std::env::var_os(name))
    }

    /// As [`Config::load`], with another environment.
    ///
    /// Only the variables of known settings are looked at. Others that begin with `DAICHO_` are nobody's mistake: the
    /// commands have some, and container platforms invent more for every service of that name.
    pub fn from_sources(
        flags: &Flags,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, InvalidConfig> {
        let mut faults = Vec::new();
        let file::FileSaid {
            settings: file,
            issuers: oidc,
            issuers_at,
        } = file::file_named(flags, &environment)
            .map(|path| file::read_file(&path, &mut faults))
            .unwrap_or_default();
        let mut said = BTreeMap::new();
        for setting in Setting::ALL {
            let value = match setting.in_flags(flags) {
                Some(text) => Some(Said {
                    origin: setting.flag(),
                    text: text.clone(),
                }),
                None => match environment(&setting.variable()).map(OsString::into_string) {
                    Some(Ok(text)) => Some(Said {
                        origin: setting.variable(),
                        text,
                    }),
                    Some(Err(raw)) => {
                        faults.push(Fault {
                            origin: setting.variable(),
                            value: Some(raw.to_string_lossy().into_owned()),
                            problem: "is not UTF-8".to_owned(),
                        });
                        None
                    }
                    None => None,
                },
            };
            said.insert(setting, value);
        }
        for (setting, from_file) in file {
            said.entry(setting).and_modify(|value| {
                value.get_or_insert(from_file);
            });
        }

        if let (Some(Some(_)), Some(Some(other))) = (
            said.get(&Setting::KeyIdentity),
            said.get(&Setting::KeyPassphraseFile),
        ) {
            faults.push(Fault {
                origin: other.origin.clone(),
                value: Some(other.text.clone()),
                problem: "`key_identity` is set too; key files are encrypted in one way".to_owned(),
            });
        }
        let mut read = Reading { said, faults };
        let signing_in = signing_in::read(&mut read, issuers_at);
        let access_log = read.parse(Setting::AccessLog, boolean);
        let config = Self {
            data: read.parse(Setting::Data, folder).unwrap_or_default(),
            existing: read.parse(Setting::Existing, boolean).unwrap_or_default(),
            journal: read.parse(Setting::Journal, journal),
            listen: signing_in.listen,
            default_ledger: read.parse(Setting::DefaultLedger, |text| Ok(text.to_owned())),
            reflection: read
                .parse(Setting::Reflection, boolean)
                .unwrap_or(signing_in.auth == Mode::Unauthenticated),
            cache_bytes: read
                .number(Setting::CacheMib, CACHE_MIB)
                .saturating_mul(1024 * 1024),
            states_bytes: usize::try_from(read.number(Setting::StatesMib, STATES_MIB))
                .unwrap_or(usize::MAX)
                .saturating_mul(1024 * 1024),
            clock_behind_max: Duration::from_secs(
                read.number(Setting::ClockBehindMaxSeconds, CLOCK_BEHIND_MAX_SECONDS),
            ),
            scrub_every: match read.number(Setting::ScrubDays, SCRUB_DAYS) {
                0 => None,
                days => Some(Duration::from_secs(days * 24 * 60 * 60)),
            },
            free_space_min: read
                .number(Setting::FreeSpaceMinMib, FREE_SPACE_MIN_MIB)
                .saturating_mul(1024 * 1024),
            connections_max: usize::try_from(read.number(Setting::ConnectionsMax, CONNECTIONS))
                .unwrap_or(usize::MAX),
            request_timeout: Duration::from_secs(
                read.number(Setting::RequestTimeoutSeconds, REQUEST_TIMEOUT_SECONDS),
            ),
            witnesses: read
                .parse(Setting::Witnesses, witnesses)
                .unwrap_or_default(),
            evidence_file_bytes: read
                .number(Setting::EvidenceFileMib, EVIDENCE_FILE_MIB)
                .saturating_mul(1024 * 1024),
            evidence_media_types: read
                .parse(Setting::EvidenceMediaTypes, media_types)
                .unwrap_or_default(),
            key_identity: read.parse(Setting::KeyIdentity, folder),
            key_passphrase_file: read.parse(Setting::KeyPassphraseFile, folder),
            tls: signing_in.tls,
            auth: signing_in.auth,
            oidc,
            administrators: read
                .parse(Setting::Administrators, administrators)
                .unwrap_or_default(),
            access_log: match access_log {
                Some(true) => Recording::All,
                Some(false) => Recording::None,
                // Of callers who name themselves nothing is known that would be worth recording.
                None => match signing_in.auth {
                    Mode::Required => Recording::All,
                    Mode::Unauthenticated => Recording::None,
                },
            },
            log_format: read.parse(Setting::LogFormat, parsed).unwrap_or_default(),
            log_filter: read.parse(Setting::LogFilter, parsed).unwrap_or_default(),
        };
        if read.faults.is_empty() {
            Ok(config)
        } else {
            Err(InvalidConfig {
                faults: read.faults,
            })
        }
    }
}

/// The settings while they are read: a value that cannot be used becomes a fault and the rest goes on.
struct Reading {
    said: BTreeMap<Setting, Option<Said>>,
    faults: Vec<Fault>,
}

impl Reading {
    fn parse<T>(
        &mut self,
        setting: Setting,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let said = self.said.remove(&setting).flatten().or_else(|| {
            let default = setting.default();
            let text = default.to_owned();
            (!default.is_empty()).then(|| Said {
                origin: "the default".to_owned(),
                text,
            })
        })?;
        let outcome = match said.text.as_str() {
            "" => Err("is empty; leave it out for the default".to_owned()),
            text => parse(text),
        };
        outcome
            .map_err(|problem| {
                let value = Some(said.text);
                self.faults.push(Fault {
                    origin: said.origin,
                    value,
                    problem,
                });
            })
            .ok()
    }

    fn number(&mut self, setting: Setting, allowed: RangeInclusive<u64>) -> u64 {
        let outcome = self.parse(setting, |text| match text.parse::<u64>() {
            Ok(number) if allowed.contains(&number) => Ok(number),
            _ => Err(format!(
                "must be a whole number from {} to {}",
                allowed.start(),
                allowed.end()
            )),
        });
        outcome.unwrap_or_default()
    }
}

fn parsed<T: FromStr<Err: fmt::Display>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| error.to_string())
}

fn folder(text: &str) -> Result<PathBuf, String> {
    if text.contains('\0') {
        return Err("is no path".to_owned());
    }
    Ok(PathBuf::from(text))
}

/// A folder whose path the data folder can remember: on one line.
fn journal(text: &str) -> Result<PathBuf, String> {
    match text.contains('\n') {
        true => Err("is no path on one line".to_owned()),
        false => folder(text),
    }
}

fn boolean(text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| "must be `true` or `false`".to_owned())
}

/// Keys with white space between them. Several keys of one name are a witness that changes its key.
fn witnesses(text: &str) -> Result<Vec<VerifierKey>, String> {
    let mut keys: Vec<VerifierKey> = Vec::new();
    for text in text.split_whitespace() {
        let key: VerifierKey = text
            .parse()
            .map_err(|error| format!("`{text}` is no key: {error}"))?;
        if key.signature_type() != SignatureType::CosignatureV1 {
            return Err(format!(
                "`{text}` is no key of a witness: its signature type must be 0x04"
            ));
        }
        if keys.iter().any(|other| other.public() == key.public()) {
            return Err(format!("`{text}` has a key that is there already"));
        }
        keys.push(key);
    }
    match keys.len() {
        0 => Err("is empty; leave it out for no witness".to_owned()),
        1..=WITNESSES_MAX => Ok(keys),
        _ => Err(format!("has more than {WITNESSES_MAX} keys")),
    }
}

/// Logins `ISSUER#SUBJECT`, or `#SUBJECT` where nobody vouches for it, one a line: names may hold spaces and no line ends.
fn administrators(text: &str) -> Result<Vec<LoginId>, String> {
    let mut logins = Vec::new();
    let lines = text.lines().map(str::trim);
    for text in lines.filter(|line| !line.is_empty()) {
        let wrong = || format!("`{text}` is no login `ISSUER#SUBJECT`");
        let (issuer, subject) = text.rsplit_once('#').ok_or_else(wrong)?;
        // Two in a line would be one that nobody has.
        if issuer.split('#').skip(1).any(|part| part.contains(' ')) || issuer.ends_with(' ') {
            return Err(format!("`{text}` is more than one login; write one a line"));
        }
        let issuer = (!issuer.is_empty()).then(|| Name::parse(issuer));
        logins.push(LoginId {
            issuer: issuer.transpose().map_err(|_| wrong())?,
            subject: Name::parse(subject).map_err(|_| wrong())?,
        });
    }
    match logins.len() {
        1..=ADMINISTRATORS_MAX => Ok(logins),
        _ => Err(format!("must name 1 to {ADMINISTRATORS_MAX} logins")),
    }
}

fn media_types(text: &str) -> Result<Vec<String>, String> {
    // RFC 6838, 4.2.
    let name = |part: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c);
        (1..=127).contains(&part.len()) && part.chars().all(plain)
    };
    let types: Vec<String> = text.split(',').map(|one| one.trim().to_owned()).collect();
    let is_type = |one: &String| one.split_once('/').is_some_and(|(a, b)| name(a) && name(b));
    if EVIDENCE_MEDIA_TYPES_MAX < types.len() || !types.iter().all(is_type) {
        return Err(format!(
            "must be at most {EVIDENCE_MEDIA_TYPES_MAX} media types with commas between them, such as \
             `image/heic, audio/mpeg`"
        ));
    }
    Ok(types)
}

#[cfg(test)]
mod tests;
