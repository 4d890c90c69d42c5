//! In which language people are spoken to.

pub use crate::domain::text::Language;

/// The choice of `--lang`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub enum Choice {
    /// Japanese.
    Ja,
    /// English.
    En,
}

impl From<Choice> for Language {
    fn from(choice: Choice) -> Self {
        match choice {
            Choice::Ja => Self::Ja,
            Choice::En => Self::En,
        }
    }
}

/// The language of the environment: Japanese where the locale is Japanese, else English.
///
/// The first of `LC_ALL`, `LC_MESSAGES` and `LANG` that is set decides, as POSIX has it.
pub fn of_environment(variable: impl Fn(&str) -> Option<String>) -> Language {
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
        .into_iter()
        .find_map(|name| variable(name).filter(|value| !value.is_empty()));
    match locale {
        Some(locale) if locale.starts_with("ja") => Language::Ja,
        _ => Language::En,
    }
}

/// The tag that `accept-language` takes.
pub const fn tag(language: Language) -> &'static str {
    match language {
        Language::Ja => "ja",
        Language::En => "en",
    }
}

/// The one of two texts that is in `language`.
pub fn pick<T>(language: Language, ja: T, en: T) -> T {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let of = |pairs: &'static [(&str, &str)]| {
            of_environment(|name| {
                pairs
                    .iter()
                    .find(|(key, _)| *key == name)
                    .map(|(_, value)| (*value).to_owned())
            })
        };
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8")]), Language::Ja);
        assert_eq!(
            of(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "C")]),
            Language::En
        );
        assert_eq!(of(&[("LANG", "ja_JP.UTF-8"), ("LC_ALL", "")]), Language::Ja);
        assert_eq!(of(&[]), Language::En);
    }
}
