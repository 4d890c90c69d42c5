//! `daicho ledger continue`: what the command line says of a ledger that is to go on in a new generation, and what is told of
//! it. The program does it, on a data folder that nobody serves.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::api::v1;
use crate::cli::carried::read_checkpoint;
use crate::cli::choice;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::render::View;
use crate::cli::verify::{PolicyArgs, trust};
use crate::cli::{Global, terminal};
use crate::domain::event::{Reason, ReasonCode};
use crate::domain::text::{Name, Text};
use crate::merkle::{SignedCheckpoint, TrustPolicy};
use crate::proof::{KeyLock, KeyLockFile};

const EXAMPLES: &str = "\
For a folder that was restored and does not reach what was signed, so that the server refuses it. Nothing is changed without
--yes, and nothing can be taken back: look first whether a newer backup is there (docs/keys.md).
  daicho ledger continue --data ./daicho-data --reason '3月1日の控えからの復元'
  daicho ledger continue --data ./daicho-data --reason '3月1日の控えからの復元' --yes";

/// Arguments of `ledger continue`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ContinueArgs {
    /// The data folder; no server may have it open
    #[arg(long, value_name = "DIR", default_value = "./daicho-data")]
    pub data: PathBuf,
    /// Why: in words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Why: the kind of reason
    #[arg(long, value_name = "CODE", default_value = "other", value_parser = choice::parser::<v1::ReasonCode>())]
    reason_code: v1::ReasonCode,
    /// The last checkpoint that somebody kept, if it is newer than the folder's own
    #[arg(long, value_name = "FILE")]
    last_checkpoint: Option<PathBuf>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// A file with an age identity that opens and encrypts keys
    #[arg(long, value_name = "FILE", conflicts_with = "key_passphrase_file")]
    key_identity: Option<PathBuf>,
    /// A file with a passphrase that opens and encrypts keys
    #[arg(long, value_name = "FILE")]
    key_passphrase_file: Option<PathBuf>,
    /// Do it
    #[arg(long)]
    pub yes: bool,
}

/// How a ledger goes on, or would.
#[derive(Clone, Copy, Debug)]
pub struct Told<'t> {
    /// Its id.
    pub ledger: &'t str,
    /// `events`, `history` or `key`: what was lost.
    pub lost: &'static str,
    /// How many events there are.
    pub size: u64,
    /// How many were signed for.
    pub signed: u64,
    /// Its name before and from now on.
    pub names: (&'t str, &'t str),
    /// Its generation from now on.
    pub generation: u64,
    /// Whether it was done.
    pub is_done: bool,
}

impl ContinueArgs {
    /// Who asks; a failure where nobody says.
    pub fn asked_by(&self, global: &Global) -> Result<Name, Failure> {
        let actor = global.actor_name()?;
        Name::parse(&actor).map_err(|fault| Failure::usage(fault.to_string()))
    }

    /// Why.
    pub fn reason(&self) -> Result<Reason, Failure> {
        let text = Text::parse(&self.reason);
        let text = text.map_err(|fault| Failure::usage(fault.to_string()))?;
        let code = self.reason_code.as_str_name();
        let code = ReasonCode::from_code(code.trim_start_matches("REASON_CODE_"));
        Ok(Reason {
            code: code.unwrap_or(ReasonCode::Other),
            text: text.into(),
        })
    }

    /// The checkpoint that is named.
    pub fn last_checkpoint(&self, global: &Global) -> Result<Option<SignedCheckpoint>, Failure> {
        let view = View::new(global.language(), Output.columns());
        let read = |path: &PathBuf| read_checkpoint(&view, path);
        self.last_checkpoint.as_ref().map(read).transpose()
    }

    /// Whom to believe, if that is said.
    pub fn policy(&self, global: &Global) -> Result<Option<TrustPolicy>, Failure> {
        trust::policy(
            &View::new(global.language(), Output.columns()),
            &self.policy,
        )
    }

    /// What opens and encrypts keys.
    pub fn lock(&self) -> Result<KeyLock, Failure> {
        let identity = self.key_identity.clone().map(KeyLockFile::Identity);
        let passphrase = self.key_passphrase_file.clone();
        let file = identity.or(passphrase.map(KeyLockFile::Passphrase));
        KeyLock::read(file.as_ref()).map_err(|fault| Failure::usage(fault.to_string()))
    }
}

/// Tells how a ledger went on, or would.
pub fn tell(global: &Global, told: Told<'_>) -> Result<(), Failure> {
    let view = View::new(global.language(), Output.columns());
    let Told { size, signed, .. } = told;
    let (before, origin) = (terminal::line(told.names.0), terminal::line(told.names.1));
    if global.json {
        let value = json!({
            "ledger": told.ledger, "lost": told.lost, "size": size, "signed": signed, "before": before,
            "origin": origin, "generation": told.generation, "done": told.is_done,
        });
        Failure::unheard(Output.answer_line(&value.to_string()))?;
        return match told.is_done {
            true => Ok(()),
            false => Err(Failure::Answered),
        };
    }
    let lost = match told.lost {
        "history" => view.pick(
            format!("{signed}件の先端証明と違う内容です（現在{size}件）"),
            format!("what is there is another history than the {signed} events that were signed ({size} events now)"),
        ),
        "key" => view.pick(
            "署名鍵が失われています。イベントは失われていません".to_owned(),
            "the signing key is lost; no event is".to_owned(),
        ),
        _ => view.pick(
            format!("署名した{signed}件のうち、位置{size}からのイベントが失われています"),
            format!("of the {signed} events that were signed, those from position {size} on are lost"),
        ),
    };
    if told.is_done {
        return Output.answer(&view.pick(
            format!("{lost}\n台帳を {origin}（第{}世代）として引き継ぎました。{before} では二度と署名しません\n", told.generation),
            format!("{lost}\nthe ledger goes on as {origin}, generation {}; nothing is ever signed again as {before}\n", told.generation),
        ));
    }
    let failure = Failure::new(
        Exit::Refused,
        view.pick(
            format!("{lost}。何も変更していません"),
            format!("{lost}; nothing was changed"),
        ),
    );
    Err(failure.hint(view.pick(
        format!("新しい控えがないことを確かめてから --yes を付けると、{origin}（第{}世代）として引き継ぎます", told.generation),
        format!("look whether there is a newer backup; with --yes the ledger goes on as {origin}, generation {}", told.generation),
    )))
}
