//! A folder with access tokens of several people, as the demo writes one: whose token is picked, and who there is.

use std::io;
use std::path::Path;

use super::{Token, cannot_read, token_in};
use crate::auth::token_folder::{TOKENS_MAX, file_name, subject};
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::text::Language;

/// Names that are told where the one asked for is not there.
const NAMES_TOLD: usize = 10;

/// The token of `actor`. Without a name, or with one that has no token, it is told who has one.
pub(super) fn token_of(
    language: Language,
    folder: &Path,
    actor: Option<&str>,
) -> Result<Token, Failure> {
    let names = names(folder).map_err(|error| cannot_read(language, folder, &error))?;
    let Some(actor) = actor else {
        let message = pick(
            language,
            "だれとしてサインインするかを --as で指定してください",
            "say with --as as whom you sign in",
        );
        return Err(Failure::usage(message).hint(told(language, &names, "")));
    };
    let path = file_name(actor).map(|name| folder.join(name));
    match path.filter(|path| path.is_file()) {
        Some(path) => token_in(language, &path),
        None => {
            let (name, shown) = (
                terminal::line(actor),
                terminal::line(&folder.to_string_lossy()),
            );
            let message = pick(
                language,
                format!("「{name}」のトークンは {shown} にありません"),
                format!("there is no token of `{name}` in {shown}"),
            );
            Err(Failure::usage(message).hint(told(language, &names, actor)))
        }
    }
}

/// Everybody who has a token there, by name.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder)?.take(TOKENS_MAX) {
        let name = entry?.file_name();
        names.extend(name.to_str().and_then(subject));
    }
    names.sort_unstable();
    Ok(names)
}

/// Some of those who have a token: first those whose name is like what was typed.
fn told(language: Language, names: &[String], typed: &str) -> String {
    let is_like = |name: &&String| {
        !typed.is_empty() && (name.contains(typed) || typed.contains(name.as_str()))
    };
    let (like, others): (Vec<_>, Vec<_>) = names.iter().partition(is_like);
    let shown: Vec<String> = like
        .into_iter()
        .chain(others)
        .take(NAMES_TOLD)
        .map(|name| terminal::line(name))
        .collect();
    let more = names.len() - shown.len();
    match (shown.is_empty(), more) {
        (true, _) => pick(
            language,
            "フォルダーにトークンがありません",
            "there is no token in the folder",
        )
        .to_owned(),
        (false, 0) => pick(
            language,
            format!("あるもの: {}", shown.join("、")),
            format!("there are: {}", shown.join(", ")),
        ),
        (false, _) => pick(
            language,
            format!("あるもの: {}、ほか{more}人", shown.join("、")),
            format!("there are: {}, and {more} more", shown.join(", ")),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let token = format!("token.of.{}\n", names.len());
            std::fs::write(folder.path().join(name), token).unwrap();
        }
        folder
    }

    fn told_of(folder: &Path, actor: Option<&str>) -> String {
        let Err(Failure::Told(report)) = token_of(Language::En, folder, actor) else {
            panic!("{actor:?} has a token");
        };
        format!("{}: {}", report.message, report.hints.join("; "))
    }

    #[test]
    fn whoever_has_no_token_is_told_who_has_one() {
        let there = [
            "一課長",
            "一課 入力担当",
            "二課長",
            "a%2Fb",
            "x.new",
            ".hidden",
        ];
        let folder = folder(&there);
        let shown = folder.path().display();
        for name in ["一課長", "一課 入力担当", "a/b"] {
            assert!(
                token_of(Language::En, folder.path(), Some(name)).is_ok(),
                "{name}"
            );
        }
        assert_eq!(
            told_of(folder.path(), Some("二課")),
            format!(
                "there is no token of `二課` in {shown}: there are: 二課長, a/b, 一課 入力担当, 一課長"
            )
        );
        assert_eq!(
            told_of(folder.path(), None),
            "say with --as as whom you sign in: there are: a/b, 一課 入力担当, 一課長, 二課長"
        );
        let nobody = tempfile::tempdir().unwrap();
        let told = told_of(nobody.path(), Some("一課長"));
        assert!(
            told.ends_with(": there is no token in the folder"),
            "{told}"
        );
        let nowhere = nobody.path().join("none");
        assert!(told_of(&nowhere, Some("一課長")).starts_with("cannot read "));
    }

    #[test]
    fn of_many_some_are_told_and_the_rest_counted() {
        let names: Vec<String> = (10..40).map(|number| format!("課{number}")).collect();
        let folder = folder(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let told = told_of(folder.path(), Some("課3"));
        assert!(told.contains("there are: 課30, 課31, "), "{told}");
        assert!(told.ends_with("課39, and 20 more"), "{told}");
    }

    #[test]
    fn a_name_picks_nothing_outside_the_folder() {
        let folder = folder(&["token"]);
        let inside = folder.path().join("inside");
        std::fs::create_dir_all(inside.join("folder")).unwrap();
        for name in ["../token", "/etc/passwd", "..", ".", "", "folder"] {
            assert!(
                token_of(Language::En, &inside, Some(name)).is_err(),
                "{name}"
            );
        }
        let outside = folder.path().join("token");
        assert!(token_of(Language::En, &inside, outside.to_str()).is_err());
    }
}
