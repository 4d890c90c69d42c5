//! Where `daicho login` keeps the token for a server, for its owner only, and `logout` forgets it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use http::Uri;
use sha2::{Digest as _, Sha256};

use super::{TOKEN_BYTES_MAX, Token, cannot_read, no_token, read_all, token};
use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::domain::text::Language;
use crate::durable::{self, Access};

/// `daicho login`: keeps a token for a server, once the server said whose it is.
pub(in crate::cli) async fn login(global: &Global) -> Result<(), Failure> {
    let language = global.language();
    let sign_in = global.sign_in.read_given(language, global.given_actor())?;
    let Some(token) = sign_in.token.clone() else {
        return Err(no_token(language).hint(pick(
            language,
            "--token-file ファイル（標準入力は -）か環境変数 DAICHO_TOKEN で渡してください",
            "give it with --token-file FILE (`-` for standard input) or the variable DAICHO_TOKEN",
        )));
    };
    let path = kept_at(&global.server).ok_or_else(|| nowhere(language))?;
    let address = global.address_as(sign_in)?;
    let session = Session::connect(address, Output, global.json).await?;
    let caller = session.client.caller().await?;
    keep(&path, &token.text).map_err(|error| {
        let shown = terminal::line(&path.to_string_lossy());
        Failure::new(
            Exit::Fault,
            pick(
                language,
                format!("{shown} に書けません: {error}"),
                format!("cannot write {shown}: {error}"),
            ),
        )
    })?;
    let server = terminal::line(&global.server);
    session.answer(&caller, |view, caller| {
        let actor = caller.actor.clone().unwrap_or_default();
        let (subject, issuer) = (
            terminal::line(&actor.subject),
            terminal::line(&actor.issuer.unwrap_or_default()),
        );
        view.pick(
            format!("{server} に {subject}（発行者 {issuer}）としてサインインしました\n"),
            format!("signed in to {server} as {subject} (issuer {issuer})\n"),
        )
    })
}

/// `daicho logout`: forgets the token for a server.
pub(in crate::cli) fn logout(global: &Global) -> Result<(), Failure> {
    let language = global.language();
    let path = kept_at(&global.server).ok_or_else(|| nowhere(language))?;
    let server = terminal::line(&global.server);
    match fs::remove_file(&path) {
        Ok(()) => Output.remark(&pick(
            language,
            format!("{server} のトークンを消しました"),
            format!("forgot the token for {server}"),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Output.remark(&pick(
            language,
            format!("{server} のトークンはありません"),
            format!("there was no token for {server}"),
        )),
        Err(error) => return Err(cannot_read(language, &path, &error)),
    }
    Ok(())
}

/// Where the token for a server is kept; `None`: the machine says no folder for such files.
pub(super) fn kept_at(server: &str) -> Option<PathBuf> {
    let variable = |name: &str| {
        let value = std::env::var_os(name).map(PathBuf::from);
        value.filter(|path| path.is_absolute())
    };
    let folder = variable("XDG_CONFIG_HOME")
        .or_else(|| variable("APPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".config")))?;
    Some(
        folder
            .join("daicho")
            .join("tokens")
            .join(file_name(server)?),
    )
}

/// A name for people, with a digest so that no two servers share one.
fn file_name(server: &str) -> Option<String> {
    let uri: Uri = server.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let host = uri.host()?.to_ascii_lowercase();
    let port = uri
        .port_u16()
        .unwrap_or(if scheme == "https" { 443 } else { 80 });
    let whole = format!("{scheme}://{host}:{port}");
    let digest = hex::encode(Sha256::digest(&whole));
    let plain = |c: char| match c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
        true => c,
        false => '_',
    };
    let host: String = host.chars().map(plain).take(100).collect();
    Some(format!("{host}_{port}-{}", digest.get(..16)?))
}

pub(super) fn kept(language: Language, path: &Path) -> Result<Option<Token>, Failure> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot_read(language, path, &error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = file.metadata();
        let metadata = metadata.map_err(|error| cannot_read(language, path, &error))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            let shown = terminal::line(&path.to_string_lossy());
            return Err(Failure::usage(pick(
                language,
                format!("{shown} をほかの利用者も読めます"),
                format!("others can read {shown}"),
            ))
            .hint(pick(
                language,
                "daicho logout の後、新しいトークンで daicho login をやり直してください",
                "run daicho logout, then daicho login with a new token",
            )));
        }
    }
    let text = read_all(file, TOKEN_BYTES_MAX);
    let text = text.map_err(|error| cannot_read(language, path, &error))?;
    token(language, text).map(Some)
}

/// Replaces it as a whole: nobody ever reads half a token or one that others could read.
fn keep(path: &Path, token: &str) -> io::Result<()> {
    durable::make_private_folder(path.parent().unwrap_or(Path::new(".")))?;
    durable::replace(path, token.as_bytes(), Access::Private)
}

fn nowhere(language: Language) -> Failure {
    Failure::usage(pick(
        language,
        "トークンの保管場所が決まりません（--server と HOME を確認してください）",
        "there is no place to keep a token for: look at --server and HOME",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_server_has_a_file_of_its_own() {
        let name = |server: &str| file_name(server).unwrap();
        assert!(name("https://Ledger.City.example").starts_with("ledger.city.example_443-"));
        assert_eq!(name("https://a.example"), name("https://A.example:443/"));
        assert_ne!(name("https://a.example"), name("http://a.example:443"));
        assert_ne!(name("http://[::1]:7015"), name("http://[__1]:7015"));
        assert!(name("http://[::1]:7015").starts_with("___1__7015-"));
        assert_eq!(file_name("no url at all"), None);
        assert_eq!(file_name("/only/a/path"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_kept_token_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("daicho/tokens/ledger.example_443");
        assert!(kept(Language::En, &path).unwrap().is_none());
        for text in ["a.b.c", "d.e.f"] {
            keep(&path, text).unwrap();
            assert_eq!(
                kept(Language::En, &path).unwrap().unwrap().text.as_str(),
                text
            );
        }
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(kept(Language::En, &path).is_err());
    }

    #[test]
    fn keeping_a_token_touches_nothing_of_another_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = |server: &str| folder.path().join(file_name(server).unwrap());
        let (one, other) = (
            path("https://a.one.example"),
            path("https://a.other.example"),
        );
        let beside = |path: &Path, end: &str| {
            let name = path.file_name().unwrap().to_str().unwrap();
            folder.path().join(format!("{name}{end}"))
        };
        // What an end left behind: of this server it is cleared away, of the other one it stays, and so does whatever is
        // called by the beginning of a host.
        let own = beside(&one, durable::DRAFT);
        let others = [
            beside(&other, durable::DRAFT),
            folder.path().join("a.one.next"),
        ];
        for left in others.iter().chain([&own]) {
            fs::write(left, "left").unwrap();
        }
        keep(&one, "a.b.c").unwrap();
        assert_eq!(
            kept(Language::En, &one).unwrap().unwrap().text.as_str(),
            "a.b.c"
        );
        assert!(!own.exists());
        for left in others {
            assert_eq!(fs::read_to_string(left).unwrap(), "left");
        }
    }
}
