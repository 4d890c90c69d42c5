//! Whose access tokens are taken: the tables `[[oidc]]` of the settings file.

use std::path::PathBuf;
use std::time::Duration;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Fault, parsed};
use crate::auth::{Algorithm, Issuer, Issuers, JwksSource};
use crate::domain::text::Name;

/// What a table may say.
const KEYS: [&str; 8] = [
    "issuer",
    "audience",
    "jwks",
    "certificates",
    "algorithms",
    "leeway_seconds",
    "max_age_seconds",
    "only_at_jwt",
];
/// How far clocks may be allowed to differ, in seconds.
const LEEWAY_SECONDS: std::ops::RangeInclusive<u64> = 0..=300;
/// How old a token may be allowed to be, in seconds.
const MAX_AGE_SECONDS: std::ops::RangeInclusive<u64> = 60..=30 * 24 * 60 * 60;

/// One table while it is read.
struct Table<'a, 'f> {
    table: DeTable<'a>,
    origin: String,
    faults: &'f mut Vec<Fault>,
}

/// What the tables say, and into `faults` everything that is wrong with them.
pub(super) fn read(
    value: Spanned<DeValue<'_>>,
    line_of: &impl Fn(usize) -> String,
    faults: &mut Vec<Fault>,
) -> Vec<Issuer> {
    let at = value.span().start;
    let tables = match value.into_inner() {
        DeValue::Array(tables) => tables.into_iter().collect(),
        _ => Vec::new(),
    };
    let fault = |faults: &mut Vec<Fault>, at, value, problem: String| {
        let origin = format!("{} oidc", line_of(at));
        faults.push(Fault {
            origin,
            value,
            problem,
        });
    };
    if tables.is_empty() || Issuers::ISSUERS_MAX < tables.len() {
        let problem = format!("must be 1 to {} tables: [[oidc]]", Issuers::ISSUERS_MAX);
        fault(faults, at, None, problem);
        return Vec::new();
    }
    let mut issuers: Vec<Issuer> = Vec::new();
    for table in tables {
        let at = table.span().start;
        let DeValue::Table(table) = table.into_inner() else {
            fault(faults, at, None, "must be a table: [[oidc]]".to_owned());
            continue;
        };
        let table = Table {
            table,
            origin: format!("{} oidc", line_of(at)),
            faults,
        };
        let Some(issuer) = table.issuer() else {
            continue;
        };
        if issuers.iter().any(|other| other.issuer == issuer.issuer) {
            let name = issuer.issuer.to_string();
            fault(faults, at, Some(name), "stands twice".to_owned());
            continue;
        }
        issuers.push(issuer);
    }
    issuers
}

impl Table<'_, '_> {
    /// The issuer, if nothing is wrong with it.
    fn issuer(mut self) -> Option<Issuer> {
        let before = self.faults.len();
        let unknown: Vec<String> = self
            .table
            .keys()
            .map(|key| key.get_ref().to_string())
            .filter(|key| !KEYS.contains(&key.as_str()))
            .collect();
        for key in unknown {
            let problem = format!("is no key of it; there are {}", KEYS.join(", "));
            self.fault(None, Some(key), problem);
        }
        let issuer = self.text("issuer", |text| {
            let name = Name::parse(text).map_err(|error| error.to_string())?;
            match name.as_str() == text {
                true => Ok(name),
                false => Err("has white space around it".to_owned()),
            }
        });
        let audience = self.text("audience", |text| match text {
            "" => Err("is empty".to_owned()),
            text => Ok(text.to_owned()),
        });
        let certificates = self.text("certificates", |text| Ok(PathBuf::from(text)));
        let has_certificates = certificates.is_some();
        let jwks = self.text("jwks", |text| match text {
            "" => Err("is empty".to_owned()),
            text if text.contains("://") => JwksSource::url(text, certificates),
            _ if has_certificates => Err("is a file, which needs no `certificates`".to_owned()),
            path => Ok(JwksSource::File(path.into())),
        });
        for (key, is_there) in [
            ("issuer", issuer.is_some()),
            ("audience", audience.is_some()),
            ("jwks", jwks.is_some()),
        ] {
            // A value that was refused is no longer there either, and has its fault.
            let was_refused = self.faults[before..]
                .iter()
                .any(|fault| fault.origin.ends_with(&format!(".{key}")));
            if !is_there && !was_refused {
                self.fault(Some(key), None, "must be set".to_owned());
            }
        }
        let algorithms = self.algorithms();
        let leeway = self.seconds("leeway_seconds", LEEWAY_SECONDS);
        let max_age = self.seconds("max_age_seconds", MAX_AGE_SECONDS);
        let only_at_jwt = match self.take("only_at_jwt") {
            None => false,
            Some(DeValue::Boolean(value)) => value,
            Some(_) => {
                let problem = "must be `true` or `false`".to_owned();
                self.fault(Some("only_at_jwt"), None, problem);
                false
            }
        };
        if self.faults.len() != before {
            return None;
        }
        Some(Issuer {
            issuer: issuer?,
            audience: audience?,
            jwks: jwks?,
            algorithms: algorithms.unwrap_or_else(|| Algorithm::DEFAULT.to_vec()),
            leeway: leeway.unwrap_or(Issuer::LEEWAY),
            max_age: max_age.unwrap_or(Issuer::MAX_AGE),
            only_at_jwt,
        })
    }

    fn fault(&mut self, key: Option<&str>, value: Option<String>, problem: String) {
        let origin = match key {
            Some(key) => format!("{}.{key}", self.origin),
            None => self.origin.clone(),
        };
        self.faults.push(Fault {
            origin,
            value,
            problem,
        });
    }

    fn take(&mut self, key: &str) -> Option<DeValue<'_>> {
        let value = self.table.remove(key)?;
        Some(value.into_inner())
    }

    fn text<T>(&mut self, key: &str, parse: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = match self.take(key)? {
            DeValue::String(text) => text.into_owned(),
            _ => {
                self.fault(Some(key), None, "must be a text".to_owned());
                return None;
            }
        };
        match parse(&text) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.fault(Some(key), Some(text), problem);
                None
            }
        }
    }

    fn algorithms(&mut self) -> Option<Vec<Algorithm>> {
        let names: Vec<Option<String>> = match self.take("algorithms")? {
            DeValue::Array(names) => names
                .into_iter()
                .map(|name| match name.into_inner() {
                    DeValue::String(name) => Some(name.into_owned()),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        };
        let parsed: Result<Vec<_>, String> = names
            .into_iter()
            .map(|name| parsed(&name.ok_or_else(|| "must be a list of texts".to_owned())?))
            .collect();
        match parsed {
            Ok(algorithms) if !algorithms.is_empty() => Some(algorithms),
            Ok(_) => {
                let problem = "must be a list of at least one text".to_owned();
                self.fault(Some("algorithms"), None, problem);
                None
            }
            Err(problem) => {
                self.fault(Some("algorithms"), None, problem);
                None
            }
        }
    }

    fn seconds(&mut self, key: &str, allowed: std::ops::RangeInclusive<u64>) -> Option<Duration> {
        let number = match self.take(key)? {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        match number.filter(|number| allowed.contains(number)) {
            Some(seconds) => Some(Duration::from_secs(seconds)),
            None => {
                let problem = format!(
                    "must be a whole number from {} to {}",
                    allowed.start(),
                    allowed.end()
                );
                self.fault(Some(key), None, problem);
                None
            }
        }
    }
}
