//! What every command understands: which server and ledger, who asks, and how answers look.

use std::time::Duration;

use clap::Args;

use crate::cli::actor::actor;
use crate::cli::client::Address;
use crate::cli::failure::Failure;
use crate::cli::language::{self, pick};
use crate::cli::sign_in::{SignIn, SignInArgs};
use crate::domain::text::Language;

/// The server that is asked where nobody names one.
pub const SERVER: &str = "http://127.0.0.1:7015";
/// Seconds that one call may take.
const TIMEOUT_SECONDS: u64 = 30;

/// What every command understands.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Everywhere")]
pub struct Global {
    /// The server to ask
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "DAICHO_SERVER",
        hide_env_values = true,
        default_value = SERVER
    )]
    pub server: String,
    /// The ledger: code or id; absent: the server's default
    #[arg(
        long,
        global = true,
        value_name = "LEDGER",
        env = "DAICHO_LEDGER",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true
    )]
    pub ledger: String,
    /// Your name, as the ledger records it; absent: whom you sign in as, else your login name
    #[arg(
        long = "as",
        global = true,
        value_name = "NAME",
        env = "DAICHO_ACTOR",
        hide_env_values = true
    )]
    pub actor: Option<String>,
    /// What is shown to the server.
    #[command(flatten)]
    pub sign_in: SignInArgs,
    /// The seat to use, by its code; absent: each that you hold is tried
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "SEAT",
        env = "DAICHO_SEAT"
    )]
    pub in_seat: Option<String>,
    /// The unit that you enter something for, by its code
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "UNIT",
        env = "DAICHO_ON_BEHALF_OF"
    )]
    pub on_behalf_of: Option<String>,
    /// Why you ask for texts about people
    #[arg(
        long,
        global = true,
        hide = true,
        value_name = "WHY",
        env = "DAICHO_PURPOSE"
    )]
    pub for_purpose: Option<String>,
    /// The language of answers; absent: that of your locale
    #[arg(long, global = true, value_enum, value_name = "LANGUAGE")]
    pub lang: Option<language::Choice>,
    /// Print JSON for programs: one object, or one a line for events
    #[arg(long, global = true)]
    pub json: bool,
    /// Seconds that one call may take
    #[arg(
        long,
        global = true,
        value_name = "SECONDS",
        default_value_t = TIMEOUT_SECONDS,
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub timeout: u64,
}

impl Global {
    /// The language of answers.
    pub fn language(&self) -> Language {
        match self.lang {
            Some(choice) => choice.into(),
            None => language::of_environment(|name| std::env::var(name).ok()),
        }
    }

    pub(super) fn address(&self) -> Result<Address, Failure> {
        let (language, actor) = (self.language(), self.given_actor());
        self.address_as(self.sign_in.read(language, &self.server, actor)?)
    }

    /// Who the command says to be run by.
    pub(super) fn given_actor(&self) -> Option<&str> {
        let given = self.actor.as_deref();
        given.filter(|name| !name.trim().is_empty())
    }

    /// As [`Global::address`], with what is shown to the server. Whoever signs in is not named besides, unless `--as` does: by
    /// their name, or by a seat.
    pub(super) fn address_as(&self, sign_in: SignIn) -> Result<Address, Failure> {
        let is_unsaid = self.given_actor().is_none();
        let actor = match sign_in.name() {
            Some(name) => Some(name.to_owned()),
            None if is_unsaid && sign_in.names_somebody() => None,
            None => Some(self.actor_name()?),
        };
        Ok(Address {
            server: self.server.clone(),
            ledger: self.ledger.clone(),
            actor,
            acting: [
                self.in_seat.clone(),
                self.on_behalf_of.clone(),
                self.for_purpose.clone(),
            ],
            sign_in,
            language: self.language(),
            timeout: Duration::from_secs(self.timeout),
        })
    }

    /// Who uses the command, as far as this machine knows.
    pub(super) fn actor_name(&self) -> Result<String, Failure> {
        let language = self.language();
        let actor = actor(self.actor.as_deref(), |name| std::env::var(name).ok());
        actor.ok_or_else(|| {
            Failure::usage(pick(
                language,
                "誰の操作か分かりません",
                "it is not known who you are",
            ))
            .hint(pick(
                language,
                "--as 名前 か環境変数 DAICHO_ACTOR で名乗ってください",
                "name yourself with --as NAME or the variable DAICHO_ACTOR",
            ))
        })
    }
}
