//! `daicho report`: files for people, made of what the ledger answers.

use clap::Subcommand;

use crate::cli::failure::Failure;
use crate::cli::session::Session;
use crate::cli::sheet::draw::{self, SheetArgs};

/// What can be written.
#[derive(Clone, Debug, Subcommand)]
pub enum ReportCommand {
    /// Write the sheet in which a section fills in its reports; `daicho record --file` takes it back
    Sheet(SheetArgs),
}

/// Writes what was asked for.
pub async fn run(session: &Session, command: &ReportCommand) -> Result<(), Failure> {
    match command {
        ReportCommand::Sheet(args) => draw::sheet(session, args).await,
    }
}
