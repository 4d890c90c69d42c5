//! The settings of a server: one value each, from a flag, the environment, a file or the default, in that order.
//!
//! A setting has one name everywhere: `request_timeout_seconds` in the file is `--request-timeout-seconds` on the
//! command line and `DAICHO_REQUEST_TIMEOUT_SECONDS` in the environment. Everything that is wrong is told at once,
//! each value with where it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::telemetry::{LogFilter, LogFormat};

/// The variable that names the settings file where no flag does.
const FILE_VARIABLE: &str = "DAICHO_CONFIG";
/// A settings file is a page, not a data set.
const FILE_BYTES_MAX: u64 = 64 * 1024;
/// What the read copy's cache may be, in MiB. Below it, reading becomes slow; above it, a typing error is likelier.
const CACHE_MIB: RangeInclusive<u64> = 8..=65_536;
/// How many connections may be allowed. Each costs a file handle and up to a MiB of buffers.
const CONNECTIONS: RangeInclusive<u64> = 1..=65_536;
/// How long a unary call may be allowed to take, in seconds.
const REQUEST_TIMEOUT_SECONDS: RangeInclusive<u64> = 1..=3_600;

/// The settings of a server, complete and checked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Config {
    /// The data folder.
    pub data: PathBuf,
    /// Where to listen; always on this machine. Port 0: one that is free.
    pub listen: SocketAddr,
    /// Id or code of the ledger that an empty `ledger` field means; else the only one there is.
    pub default_ledger: Option<String>,
    /// Whether clients may ask for the descriptors of the API.
    pub reflection: bool,
    /// What the read copy of the log may cache.
    pub cache_bytes: u64,
    /// How many connections may be open at once.
    pub connections_max: usize,
    /// The longest a unary call may take; a caller's shorter deadline goes first.
    pub request_timeout: Duration,
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
    /// `--listen`.
    pub listen: Option<String>,
    /// `--default-ledger`.
    pub default_ledger: Option<String>,
    /// `--reflection`.
    pub reflection: Option<String>,
    /// `--cache-mib`.
    pub cache_mib: Option<String>,
    /// `--connections-max`.
    pub connections_max: Option<String>,
    /// `--request-timeout-seconds`.
    pub request_timeout_seconds: Option<String>,
    /// `--log-format`.
    pub log_format: Option<String>,
    /// `--log-filter`.
    pub log_filter: Option<String>,
}

/// What can be set.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Setting {
    Data,
    Listen,
    DefaultLedger,
    Reflection,
    CacheMib,
    ConnectionsMax,
    RequestTimeoutSeconds,
    LogFormat,
    LogFilter,
}

impl Setting {
    const ALL: [Self; 9] = [
        Self::Data,
        Self::Listen,
        Self::DefaultLedger,
        Self::Reflection,
        Self::CacheMib,
        Self::ConnectionsMax,
        Self::RequestTimeoutSeconds,
        Self::LogFormat,
        Self::LogFilter,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Data => "data",
            Self::Listen => "listen",
            Self::DefaultLedger => "default_ledger",
            Self::Reflection => "reflection",
            Self::CacheMib => "cache_mib",
            Self::ConnectionsMax => "connections_max",
            Self::RequestTimeoutSeconds => "request_timeout_seconds",
            Self::LogFormat => "log_format",
            Self::LogFilter => "log_filter",
        }
    }

    /// What holds where nobody says anything; empty: nothing.
    fn default(self) -> &'static str {
        match self {
            Self::Data => "./daicho-data",
            Self::Listen => "127.0.0.1:7015",
            Self::DefaultLedger => "",
            Self::Reflection => "true",
            Self::CacheMib => "64",
            Self::ConnectionsMax => "1024",
            Self::RequestTimeoutSeconds => "15",
            Self::LogFormat => "text",
            Self::LogFilter => "info",
        }
    }

    fn flag(self) -> String {
        format!("--{}", self.name().replace('_', "-"))
    }

    fn variable(self) -> String {
        format!("DAICHO_{}", self.name().to_ascii_uppercase())
    }

    fn in_flags(self, flags: &Flags) -> Option<&String> {
        match self {
            Self::Data => flags.data.as_ref(),
            Self::Listen => flags.listen.as_ref(),
            Self::DefaultLedger => flags.default_ledger.as_ref(),
            Self::Reflection => flags.reflection.as_ref(),
            Self::CacheMib => flags.cache_mib.as_ref(),
            Self::ConnectionsMax => flags.connections_max.as_ref(),
            Self::RequestTimeoutSeconds => flags.request_timeout_seconds.as_ref(),
            Self::LogFormat => flags.log_format.as_ref(),
            Self::LogFilter => flags.log_filter.as_ref(),
        }
    }
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
        let file = file_named(flags, &environment)
            .map(|path| read_file(&path, &mut faults))
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

        let mut read = Reading { said, faults };
        let config = Self {
            data: read.parse(Setting::Data, folder).unwrap_or_default(),
            listen: read
                .parse(Setting::Listen, loopback)
                .unwrap_or_else(nowhere),
            default_ledger: read.parse(Setting::DefaultLedger, |text| Ok(text.to_owned())),
            reflection: read.parse(Setting::Reflection, boolean).unwrap_or_default(),
            cache_bytes: read
                .number(Setting::CacheMib, CACHE_MIB)
                .saturating_mul(1024 * 1024),
            connections_max: usize::try_from(read.number(Setting::ConnectionsMax, CONNECTIONS))
                .unwrap_or(usize::MAX),
            request_timeout: Duration::from_secs(
                read.number(Setting::RequestTimeoutSeconds, REQUEST_TIMEOUT_SECONDS),
            ),
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

fn boolean(text: &str) -> Result<bool, String> {
    text.parse()
        .map_err(|_| "must be `true` or `false`".to_owned())
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| {
        "must be an address and a port, such as `127.0.0.1:7015` or `[::1]:7015`".to_owned()
    })?;
    // An IPv4 address in the form of an IPv6 one (`::ffff:127.0.0.1`) reaches what the IPv4 address reaches.
    if address.ip().to_canonical().is_loopback() {
        Ok(address)
    } else {
        Err("can be reached from other machines; callers are not authenticated yet and could write under any name, so \
             only this machine may connect: use `127.0.0.1` or `[::1]`"
            .to_owned())
    }
}

fn nowhere() -> SocketAddr {
    SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 0)
}

fn file_named(flags: &Flags, environment: &impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let from_environment = || environment(FILE_VARIABLE).filter(|path| !path.is_empty());
    flags
        .config
        .clone()
        .or_else(|| from_environment().map(PathBuf::from))
}

fn read_file(path: &Path, faults: &mut Vec<Fault>) -> BTreeMap<Setting, Said> {
    let mut settings = BTreeMap::new();
    let mut fault = |origin: String, value, problem: String| {
        faults.push(Fault {
            origin,
            value,
            problem,
        });
    };
    let text = match text_of(path) {
        Ok(text) => text,
        Err(problem) => {
            fault(path.display().to_string(), None, problem);
            return settings;
        }
    };
    let line_of = |offset: usize| {
        let line = 1 + text
            .bytes()
            .take(offset)
            .filter(|byte| *byte == b'\n')
            .count();
        format!("{}:{line}", path.display())
    };
    // All faults of the syntax, and all settings that can be read in spite of them.
    let (table, errors) = DeTable::parse_recoverable(&text);
    for error in errors {
        let offset = error.span().map_or(0, |span| span.start);
        fault(line_of(offset), None, error.message().to_owned());
    }
    for (key, value) in table.into_inner() {
        let place = line_of(key.span().start);
        let name = key.into_inner();
        let origin = format!("{place} {name}");
        let Some(setting) = Setting::ALL
            .into_iter()
            .find(|setting| setting.name() == name)
        else {
            let names: Vec<_> = Setting::ALL.into_iter().map(Setting::name).collect();
            let problem = format!("is no setting; there are {}", names.join(", "));
            fault(place, Some(name.into_owned()), problem);
            continue;
        };
        let text = match value.into_inner() {
            DeValue::String(text) => text.into_owned(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Boolean(value) => value.to_string(),
            other => {
                let problem = format!(
                    "must be a text, a whole number or a boolean, not a {}",
                    other.type_str()
                );
                fault(origin, None, problem);
                continue;
            }
        };
        settings.insert(setting, Said { origin, text });
    }
    settings
}

fn text_of(path: &Path) -> Result<String, String> {
    let bytes = std::fs::metadata(path)
        .and_then(|metadata| match metadata.len() {
            0..=FILE_BYTES_MAX => std::fs::read(path).map(Some),
            _ => Ok(None),
        })
        .map_err(|error| format!("cannot be read: {error}"))?;
    let bytes = bytes.ok_or_else(|| format!("is larger than {FILE_BYTES_MAX} bytes"))?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(flags: &Flags, variables: &[(&str, &str)]) -> Result<Config, InvalidConfig> {
        Config::from_sources(flags, |name| {
            variables
                .iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| OsString::from(value))
        })
    }

    fn with_file(
        text: &str,
        flags: Flags,
        variables: &[(&str, &str)],
    ) -> Result<Config, InvalidConfig> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daicho.toml");
        std::fs::write(&path, text).unwrap();
        load(
            &Flags {
                config: Some(path),
                ..flags
            },
            variables,
        )
    }

    /// Each fault on a line, the folder of the file left out.
    fn refused(outcome: Result<Config, InvalidConfig>) -> Vec<String> {
        let faults = outcome.expect_err("must be refused");
        faults
            .faults()
            .iter()
            .map(|fault| {
                let line = fault.to_string();
                line.rfind("daicho.toml")
                    .map_or(line.clone(), |at| line[at..].to_owned())
            })
            .collect()
    }

    #[test]
    fn nothing_said_gives_the_defaults() {
        let config = load(&Flags::default(), &[]).unwrap();
        assert_eq!(
            config,
            Config {
                data: "./daicho-data".into(),
                listen: "127.0.0.1:7015".parse().unwrap(),
                default_ledger: None,
                reflection: true,
                cache_bytes: 64 * 1024 * 1024,
                connections_max: 1024,
                request_timeout: Duration::from_secs(15),
                log_format: LogFormat::Text,
                log_filter: LogFilter::default(),
            }
        );
    }

    #[test]
    fn a_flag_goes_before_the_environment_and_that_before_the_file() {
        let file =
            "data = 'file'\nlisten = '127.0.0.1:1'\ndefault_ledger = 'file'\ncache_mib = 16\n";
        let flags = Flags {
            data: Some("flag".to_owned()),
            ..Flags::default()
        };
        let variables = [
            ("DAICHO_DATA", "variable"),
            ("DAICHO_LISTEN", "127.0.0.1:2"),
        ];
        let config = with_file(file, flags, &variables).unwrap();
        assert_eq!(config.data, Path::new("flag"));
        assert_eq!(config.listen.port(), 2);
        assert_eq!(config.default_ledger.as_deref(), Some("file"));
        assert_eq!(config.cache_bytes, 16 * 1024 * 1024);
        assert_eq!(config.connections_max, 1024);
    }

    #[test]
    fn every_setting_is_read_from_every_source() {
        let values = [
            ("data", "folder"),
            ("listen", "[::1]:9"),
            ("default_ledger", "city"),
            ("reflection", "false"),
            ("cache_mib", "8"),
            ("connections_max", "7"),
            ("request_timeout_seconds", "6"),
            ("log_format", "json"),
            ("log_filter", "warn"),
        ];
        assert_eq!(
            values.map(|(name, _)| name),
            Setting::ALL.map(Setting::name)
        );
        let expected = Config {
            data: "folder".into(),
            listen: "[::1]:9".parse().unwrap(),
            default_ledger: Some("city".to_owned()),
            reflection: false,
            cache_bytes: 8 * 1024 * 1024,
            connections_max: 7,
            request_timeout: Duration::from_secs(6),
            log_format: LogFormat::Json,
            log_filter: "warn".parse().unwrap(),
        };

        let said = |index: usize| Some(values[index].1.to_owned());
        let flags = Flags {
            config: None,
            data: said(0),
            listen: said(1),
            default_ledger: said(2),
            reflection: said(3),
            cache_mib: said(4),
            connections_max: said(5),
            request_timeout_seconds: said(6),
            log_format: said(7),
            log_filter: said(8),
        };
        assert_eq!(load(&flags, &[]).unwrap(), expected);

        let variables: Vec<_> = values
            .iter()
            .map(|(name, value)| (format!("DAICHO_{}", name.to_uppercase()), *value))
            .collect();
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (name.as_str(), *value))
            .collect();
        assert_eq!(load(&Flags::default(), &variables).unwrap(), expected);

        let file: String = values
            .iter()
            .map(|(name, value)| format!("{name} = '{value}'\n"))
            .collect();
        assert_eq!(with_file(&file, Flags::default(), &[]).unwrap(), expected);
    }

    #[test]
    fn the_file_may_be_named_by_the_environment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daicho.toml");
        std::fs::write(&path, "reflection = false").unwrap();
        let variables = [("DAICHO_CONFIG", path.to_str().unwrap())];
        assert!(!load(&Flags::default(), &variables).unwrap().reflection);
        assert!(
            load(&Flags::default(), &[("DAICHO_CONFIG", "")])
                .unwrap()
                .reflection
        );
    }

    #[test]
    fn everything_wrong_is_told_at_once_with_where_it_came_from() {
        let flags = Flags {
            cache_mib: Some("0".to_owned()),
            ..Flags::default()
        };
        let variables = [
            ("DAICHO_REQUEST_TIMEOUT_SECONDS", "-1"),
            ("DAICHO_REFLECTION", "yes"),
        ];
        let file = "data = ''\nlog_format = 'xml'\nspeed = 'high'\nconnections_max = [1]\nlog_filter = 'a=loud'\n";
        let lines = refused(with_file(file, flags, &variables));
        assert_eq!(lines.len(), 8, "{lines:#?}");
        for start in [
            "daicho.toml:3 = `speed`: is no setting; there are data, listen,",
            "daicho.toml:4 connections_max: must be a text, a whole number or a boolean, not a",
            "daicho.toml:1 data = ``: is empty",
            "DAICHO_REFLECTION = `yes`: must be `true` or `false`",
            "--cache-mib = `0`: must be a whole number from 8 to 65536",
            "DAICHO_REQUEST_TIMEOUT_SECONDS = `-1`: must be a whole number from 1 to 3600",
            "daicho.toml:2 log_format = `xml`: must be `text` or `json`",
            "daicho.toml:5 log_filter = `a=loud`: is no filter",
        ] {
            assert!(
                lines.iter().any(|line| line.starts_with(start)),
                "{start}: {lines:#?}"
            );
        }
    }

    #[test]
    fn only_this_machine_may_connect() {
        for reachable in [
            "0.0.0.0:7015",
            "[::]:7015",
            "192.168.1.4:7015",
            "[::ffff:10.0.0.1]:7015",
        ] {
            let flags = Flags {
                listen: Some(reachable.to_owned()),
                ..Flags::default()
            };
            let lines = refused(load(&flags, &[]));
            assert!(
                lines[0].starts_with("--listen") && lines[0].contains("not authenticated"),
                "{lines:?}"
            );
        }
        for local in [
            "127.0.0.1:0",
            "127.8.8.8:1",
            "[::1]:7015",
            "[::ffff:127.0.0.1]:7015",
        ] {
            let flags = Flags {
                listen: Some(local.to_owned()),
                ..Flags::default()
            };
            assert_eq!(load(&flags, &[]).unwrap().listen, local.parse().unwrap());
        }
        let flags = Flags {
            listen: Some("localhost".to_owned()),
            ..Flags::default()
        };
        assert!(refused(load(&flags, &[]))[0].contains("must be an address and a port"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_refused() {
        let missing = Flags {
            config: Some("no/such/daicho.toml".into()),
            ..Flags::default()
        };
        assert!(refused(load(&missing, &[]))[0].starts_with("daicho.toml: cannot be read"));
        let lines = refused(with_file(
            "data = \nlisten = '0.0.0.0:1'\n",
            Flags::default(),
            &[],
        ));
        assert!(lines[0].starts_with("daicho.toml:1: "), "{lines:?}");
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("daicho.toml:2 listen")),
            "{lines:?}"
        );
        let long = "#".repeat(usize::try_from(FILE_BYTES_MAX).unwrap() + 1);
        assert_eq!(
            refused(with_file(&long, Flags::default(), &[])),
            ["daicho.toml: is larger than 65536 bytes"]
        );
    }
}
