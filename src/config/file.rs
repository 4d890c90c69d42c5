//! The settings file: TOML, one key a setting.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::oidc;
use super::setting::Setting;
use super::{Fault, Flags, Said};
use crate::auth::Issuer;
use crate::durable;

/// The variable that names the settings file where no flag does.
const FILE_VARIABLE: &str = "DAICHO_CONFIG";
/// A settings file is a page, not a data set.
pub(super) const FILE_BYTES_MAX: u64 = 64 * 1024;

/// The key of the tables that say whose access tokens are taken.
const ISSUERS: &str = "oidc";

/// What a settings file says.
#[derive(Default)]
pub(super) struct FileSaid {
    /// Each setting.
    pub(super) settings: BTreeMap<Setting, Said>,
    /// Whose access tokens are taken.
    pub(super) issuers: Vec<Issuer>,
    /// Where that is said, even if it cannot be used.
    pub(super) issuers_at: Option<String>,
}

/// The settings file that a flag or else the environment names.
pub(super) fn file_named(
    flags: &Flags,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let from_environment = || environment(FILE_VARIABLE).filter(|path| !path.is_empty());
    flags
        .config
        .clone()
        .or_else(|| from_environment().map(PathBuf::from))
}

/// What the file says, and into `faults` what is wrong with it.
pub(super) fn read_file(path: &Path, faults: &mut Vec<Fault>) -> FileSaid {
    let mut said = FileSaid::default();
    let mut issuers = None;
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
            return said;
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
        if name == ISSUERS {
            said.issuers_at = Some(origin);
            issuers = Some(value);
            continue;
        }
        let Some(setting) = Setting::ALL
            .into_iter()
            .find(|setting| setting.name() == name)
        else {
            let names: Vec<_> = Setting::ALL.into_iter().map(Setting::name).collect();
            let names = names.join(", ");
            let problem = format!("is no setting; there are {names}, {ISSUERS}");
            fault(place, Some(name.into_owned()), problem);
            continue;
        };
        let text = match value.into_inner() {
            DeValue::String(text) => text.into_owned(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Array(items) if setting == Setting::Administrators => {
                let lines = items.into_iter().map(|item| match item.into_inner() {
                    DeValue::String(text) if !text.contains('\n') => Some(text.into_owned()),
                    _ => None,
                });
                match lines.collect::<Option<Vec<String>>>() {
                    Some(lines) => lines.join("\n"),
                    None => {
                        fault(
                            origin,
                            None,
                            "must be a list of texts of one line".to_owned(),
                        );
                        continue;
                    }
                }
            }
            other => {
                let problem = format!(
                    "must be a text, a whole number or a boolean, not a {}",
                    other.type_str()
                );
                fault(origin, None, problem);
                continue;
            }
        };
        said.settings.insert(setting, Said { origin, text });
    }
    if let Some(issuers) = issuers {
        said.issuers = oidc::read(issuers, &line_of, faults);
    }
    said
}

fn text_of(path: &Path) -> Result<String, String> {
    let bytes = durable::read_up_to(path, FILE_BYTES_MAX);
    let bytes = bytes.map_err(|error| format!("cannot be read: {error}"))?;
    let bytes = bytes.ok_or_else(|| format!("is larger than {FILE_BYTES_MAX} bytes"))?;
    String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned())
}
