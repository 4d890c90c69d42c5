//! Where a token is said to be. What is typed goes before what variables say: a line that names somebody's token never sends
//! another one which happens to be set.

use std::io;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, FromArgMatches};
use zeroize::Zeroizing;

use super::{TOKEN_BYTES_MAX, Token, cannot_read, folder, read_all, token, token_in};
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::domain::text::Language;

/// The variable that a token may be in.
const TOKEN_VARIABLE: &str = "DAICHO_TOKEN";

/// Where a token is: what is typed, and apart from it what variables say.
#[derive(Clone, Debug, Default)]
pub(super) struct TokenArgs {
    typed: Places,
    set: Places,
}

#[derive(Args, Clone, Debug, Default)]
struct Places {
    /// A file with your access token, `-` for standard input; neither this nor --tokens typed: DAICHO_TOKEN_FILE, else
    /// DAICHO_TOKEN, else DAICHO_TOKENS, else what `daicho login` kept
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "DAICHO_TOKEN_FILE",
        hide_env_values = true
    )]
    token_file: Option<PathBuf>,
    /// A folder with access tokens of several people, of which `--as` picks one
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "DAICHO_TOKENS",
        hide_env_values = true
    )]
    tokens: Option<PathBuf>,
}

impl TokenArgs {
    /// The token that is typed, else the one that a variable names alone. `actor` is whom the command is to be run as, where
    /// that is said.
    pub(super) fn one(
        &self,
        language: Language,
        actor: Option<&str>,
    ) -> Result<Option<Token>, Failure> {
        match (&self.typed.token_file, &self.typed.tokens) {
            (Some(_), Some(_)) => Err(Failure::usage(pick(
                language,
                "--token-file と --tokens はどちらか一方だけ指定してください",
                "give --token-file or --tokens, not both",
            ))),
            (Some(file), None) => token_at(language, file).map(Some),
            (None, Some(tokens)) => folder::token_of(language, tokens, actor).map(Some),
            (None, None) => self.set_alone(language),
        }
    }

    /// The token of `actor` among those that a variable names together.
    pub(super) fn of_several(
        &self,
        language: Language,
        actor: Option<&str>,
    ) -> Result<Option<Token>, Failure> {
        let tokens = self.set.tokens.as_ref();
        let token = tokens.map(|tokens| folder::token_of(language, tokens, actor));
        token.transpose()
    }

    fn set_alone(&self, language: Language) -> Result<Option<Token>, Failure> {
        if let Some(file) = &self.set.token_file {
            return token_at(language, file).map(Some);
        }
        match std::env::var(TOKEN_VARIABLE) {
            Ok(text) if !text.is_empty() => token(language, Zeroizing::new(text)).map(Some),
            _ => Ok(None),
        }
    }
}

impl Args for TokenArgs {
    fn augment_args(command: Command) -> Command {
        Places::augment_args(command)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Places::augment_args_for_update(command)
    }
}

impl FromArgMatches for TokenArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, clap::Error> {
        let is_typed = |id| matches.value_source(id) == Some(ValueSource::CommandLine);
        let (is_file_typed, is_folder_typed) = (is_typed("token_file"), is_typed("tokens"));
        let (mut typed, mut set) = (Places::default(), Places::from_arg_matches_mut(matches)?);
        if is_file_typed {
            typed.token_file = set.token_file.take();
        }
        if is_folder_typed {
            typed.tokens = set.tokens.take();
        }
        Ok(Self { typed, set })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// The token in a file, or on standard input where that is `-`.
fn token_at(language: Language, path: &Path) -> Result<Token, Failure> {
    if path.as_os_str() != "-" {
        return token_in(language, path);
    }
    let text = read_all(io::stdin().lock(), TOKEN_BYTES_MAX);
    let text = text.map_err(|error| cannot_read(language, path, &error))?;
    token(language, text)
}
