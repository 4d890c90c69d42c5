//! A folder with access tokens of several people, as the demo writes one: whose token is picked, and who there is.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::{Token, cannot_read, read_all, token_in};
use crate::auth::token_folder::{SEATS, SEATS_BYTES_MAX, Seats, TOKENS_MAX, file_name, subject};
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::code::Code;
use crate::domain::text::Language;

/// Names that are told where the one asked for is not there.
const NAMES_TOLD: usize = 10;

/// The token of `actor`: of whoever is called so, else of whoever alone holds the seat of this code. Without a name, or with
/// one that has no token, it is told who has one.
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
    let holders = match file_of(folder, actor) {
        Some(_) => vec![actor.to_owned()],
        None => holders_of(folder, actor)
            .map_err(|error| cannot_read(language, &folder.join(SEATS), &error))?,
    };
    let held = |name: &String| file_of(folder, name).map(|path| (name.clone(), path));
    let mut held: Vec<_> = holders.iter().filter_map(held).collect();
    let (name, shown) = (
        terminal::line(actor),
        terminal::line(&folder.to_string_lossy()),
    );
    match (held.pop(), held.is_empty()) {
        (Some((name, path)), true) => {
            let mut token = token_in(language, &path)?;
            token.of = Some(name);
            Ok(token)
        }
        (None, _) => {
            let message = pick(
                language,
                format!("「{name}」のトークンは {shown} にありません"),
                format!("there is no token of `{name}` in {shown}"),
            );
            Err(Failure::usage(message).hint(told(language, &names, actor)))
        }
        (Some(_), false) => {
            let message = pick(
                language,
                format!(
                    "「{name}」の職には複数の人が就いています。だれとしてサインインするかを --as で指定してください"
                ),
                format!(
                    "several hold the seat `{name}`: say with --as as which of them you sign in"
                ),
            );
            Err(Failure::usage(message).hint(told(language, &holders, "")))
        }
    }
}

/// The file with the token of whoever signs in as `name`, if there is one.
fn file_of(folder: &Path, name: &str) -> Option<PathBuf> {
    let path = file_name(name).map(|name| folder.join(name));
    path.filter(|path| path.is_file())
}

/// As whom the holders of a seat sign in; nobody where the folder tells of no such seat, or of none at all.
fn holders_of(folder: &Path, seat: &str) -> io::Result<Vec<String>> {
    let Ok(seat) = Code::parse(seat) else {
        return Ok(Vec::new());
    };
    let text = match File::open(folder.join(SEATS)) {
        Ok(file) => read_all(file, SEATS_BYTES_MAX)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut seats: Seats = serde_json::from_str(&text)?;
    Ok(seats.remove(&seat.to_string()).unwrap_or_default())
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
    fn a_seat_picks_the_token_of_whoever_alone_holds_it() {
        let folder = folder(&["s-1", "s-2", "二課長"]);
        let seats = r#"{"一課長": ["s-1"], "二課長": ["s-1"], "三課長": ["s-1", "s-2"], "四課長": ["s-9"], "五課長": ["s-2", "s-9"]}"#;
        let picked = |actor: &str| {
            token_of(Language::En, folder.path(), Some(actor))
                .unwrap()
                .of
        };
        let path = folder.path().join(SEATS);
        std::fs::write(&path, seats).unwrap();
        for (actor, of) in [("一課長", "s-1"), ("s-2", "s-2"), ("五課長", "s-2")] {
            assert_eq!(picked(actor).as_deref(), Some(of), "{actor}");
        }
        // A name goes before a seat.
        assert_eq!(picked("二課長").as_deref(), Some("二課長"));
        assert_eq!(
            told_of(folder.path(), Some("三課長")),
            "several hold the seat `三課長`: say with --as as which of them you sign in: there are: s-1, s-2"
        );
        let nobody = told_of(folder.path(), Some("四課長"));
        assert!(
            nobody.starts_with("there is no token of `四課長`"),
            "{nobody}"
        );
        assert!(nobody.ends_with("there are: s-1, s-2, 二課長"), "{nobody}");
        std::fs::write(&path, "[]").unwrap();
        let damaged = told_of(folder.path(), Some("一課長"));
        assert!(damaged.starts_with("cannot read "), "{damaged}");
        assert_eq!(picked("s-1").as_deref(), Some("s-1"));
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
