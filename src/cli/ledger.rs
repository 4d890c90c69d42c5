//! `daicho ledger`: open one, list them, show one.

use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::api::v1;
use crate::cli::as_of::AsOfArgs;
use crate::cli::failure::Failure;
use crate::cli::render::{ledger, receipt};
use crate::cli::session::Session;
use crate::clock;

pub mod continuation;

use continuation::ContinueArgs;

/// What can be done with ledgers.
#[derive(Clone, Debug, Subcommand)]
pub enum LedgerCommand {
    /// Open a ledger
    Open(OpenArgs),
    /// List the server's ledgers
    List,
    /// Show a ledger: what it is, how far it goes, its plans; also how many events a day or an instant stands for
    Show(ShowArgs),
    /// Let a ledger go on that lost what was signed, under a new name; no server is asked
    Continue(Box<ContinueArgs>),
}

/// Arguments of `ledger show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    #[command(flatten)]
    as_of: AsOfArgs,
}

/// Arguments of `ledger open`.
#[derive(Args, Clone, Debug)]
pub struct OpenArgs {
    /// The ledger's code, unique in the server
    #[arg(value_name = "CODE")]
    code: String,
    /// The organisation's name
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The organisation's name in English
    #[arg(long, value_name = "NAME")]
    name_en: Option<String>,
    /// Origin of its proofs: a URL without scheme, such as kariya.example/daicho
    #[arg(long, value_name = "URL")]
    origin: String,
    /// Time zone that decides what today is
    #[arg(long, value_name = "ZONE", default_value = "Asia/Tokyo")]
    time_zone: String,
    /// Language people write in
    #[arg(long, value_name = "TAG", default_value = "ja-JP")]
    locale: String,
    /// Id of an earlier call whose outcome is unknown: nothing is opened twice
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,
}

/// Does what was asked.
pub async fn run(session: &Session, command: &LedgerCommand) -> Result<(), Failure> {
    match command {
        LedgerCommand::Open(args) => open(session, args).await,
        LedgerCommand::Show(args) => {
            let client = session.client.at(args.as_of.message());
            session.answer(&client.get_ledger().await?, ledger::card)
        }
        // The program does it, without a server.
        LedgerCommand::Continue(_) => Ok(()),
        LedgerCommand::List => session.answer(&session.client.list_ledgers().await?, ledger::list),
    }
}

async fn open(session: &Session, args: &OpenArgs) -> Result<(), Failure> {
    let request_id = args.request_id.unwrap_or_else(clock::new_id).to_string();
    let request = v1::OpenLedgerRequest {
        request_id,
        code: args.code.clone(),
        title: Some(v1::Title {
            ja: args.name.clone(),
            en: args.name_en.clone(),
        }),
        origin: args.origin.clone(),
        time_zone: args.time_zone.clone(),
        locale: args.locale.clone(),
    };
    session.answer(&session.client.open_ledger(request).await?, receipt::opened)
}
