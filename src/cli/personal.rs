//! `daicho personal`: texts about people, which are kept apart from the ledger and can be erased.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::operation_authorised::Operation;
use crate::cli::failure::Failure;
use crate::cli::operate::{OperatingArgs, carry_out};
use crate::cli::render::personal;
use crate::cli::session::Session;
use crate::cli::terminal;
use crate::clock;

/// What can be done with texts about people.
#[derive(Clone, Debug, Subcommand)]
pub enum PersonalCommand {
    /// Draw a reference for somebody, to be kept beside their name outside the ledger
    NewSubject,
    /// List whom texts are about, or the events of one person
    List(ListArgs),
    /// Write texts about people with their salts to a file, for `verify bundle --openings`; that it was done is kept
    Disclose(DiscloseArgs),
    /// Erase every text about somebody, for ever; the ledger keeps that it was done, why and on whose approval
    Erase(EraseArgs),
}

/// Arguments of `personal list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// The person's reference; absent: everybody
    #[arg(value_name = "SUBJECT")]
    subject: Option<Uuid>,
}

/// Arguments of `personal disclose`.
#[derive(Args, Clone, Debug)]
pub struct DiscloseArgs {
    /// The file to write, one line a text; it must not be there yet
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only texts about this person
    #[arg(long, value_name = "SUBJECT")]
    subject: Option<Uuid>,
}

/// Arguments of `personal erase`.
#[derive(Args, Clone, Debug)]
pub struct EraseArgs {
    /// The person's reference
    #[arg(value_name = "SUBJECT")]
    subject: Uuid,
    /// On which legal ground
    #[arg(long, value_name = "TEXT")]
    legal_basis: String,
    /// Who approved it; left out where the ledger decides on it
    #[arg(long, value_name = "NAME")]
    approved_by: Option<String>,
    /// Do it; without this it is only told what would be erased
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operating: OperatingArgs,
}

/// Does what was asked.
pub async fn run(session: &Session, command: &PersonalCommand) -> Result<(), Failure> {
    match command {
        PersonalCommand::NewSubject => {
            let subject = clock::new_random_id().to_string();
            if session.json {
                return session.print(&json!({ "subject_ref": subject }));
            }
            session.output.answer(&format!("{subject}\n"))
        }
        PersonalCommand::List(args) => {
            let subject = args.subject.map(|subject| subject.to_string());
            let one = subject.is_some();
            let answer = session.client.personal_data(subject).await?;
            session.answer(&answer, |view, answer| personal::list(view, answer, one))
        }
        PersonalCommand::Disclose(args) => disclose(session, args).await,
        PersonalCommand::Erase(args) => erase(session, args).await,
    }
}

async fn disclose(session: &Session, args: &DiscloseArgs) -> Result<(), Failure> {
    let view = &session.view;
    let unwritable = |error: io::Error| {
        let file = terminal::line(&args.file.to_string_lossy());
        Failure::usage(view.pick(
            format!("{file} に書けません: {error}"),
            format!("cannot write {file}: {error}"),
        ))
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // What was so carefully kept apart is for whoever asked.
        options.mode(0o600);
    }
    // Before the server notes that it was handed over.
    let mut file = options.open(&args.file).map_err(unwritable)?;
    let subject = args.subject.map(|subject| subject.to_string());
    let openings = session.client.disclose(subject).await?;
    for opening in &openings {
        let line = json!({
            "position": opening.position,
            "event_id": opening.event_id,
            "field": opening.field,
            "subject_ref": opening.subject_ref,
            "salt": hex::encode(&opening.salt),
            "text": opening.text,
        });
        writeln!(file, "{line}").map_err(unwritable)?;
    }
    file.sync_all().map_err(unwritable)?;
    let texts = openings.len();
    if session.json {
        return session.print(&json!({ "texts": texts }));
    }
    session.output.answer(&view.pick(
        format!("個人情報の文{texts}件を書き出しました。消去はこのファイルには及びません\n"),
        format!("wrote {texts} texts about people; an erasure does not reach this file\n"),
    ))
}

async fn erase(session: &Session, args: &EraseArgs) -> Result<(), Failure> {
    let (subject, operating) = (args.subject.to_string(), &args.operating);
    if !args.yes && !operating.is_proposed() {
        let answer = session.client.personal_data(Some(subject)).await?;
        return session.answer(&answer, personal::would_erase);
    }
    let request = v1::ErasePersonalDataRequest {
        request_id: operating.request_id(),
        ledger: String::new(),
        subject_ref: subject.clone(),
        legal_basis: args.legal_basis.clone(),
        approved_by: args.approved_by.clone().unwrap_or_default(),
        reason: Some(operating.reason()),
    };
    let operation = v1::OperationAuthorised {
        operation: Some(Operation::ErasePersonalData(subject)),
        legal_basis: Some(args.legal_basis.clone()),
    };
    let erased = session.client.erase(request);
    match carry_out(session, operating, operation, erased).await? {
        Some(erased) => session.answer(&erased, personal::erased),
        None => Ok(()),
    }
}
