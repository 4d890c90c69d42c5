//! `daicho personal`: texts about people, which are kept apart from the ledger and can be erased.

use clap::{Args, Subcommand};
use serde_json::json;
use uuid::Uuid;

use crate::api::v1;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::render::personal;
use crate::cli::session::Session;
use crate::clock;

/// What can be done with texts about people.
#[derive(Clone, Debug, Subcommand)]
pub enum PersonalCommand {
    /// Draw a reference for somebody, to be kept beside their name outside the ledger
    NewSubject,
    /// List whom texts are about, or the events of one person
    List(ListArgs),
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

/// Arguments of `personal erase`.
#[derive(Args, Clone, Debug)]
pub struct EraseArgs {
    /// The person's reference
    #[arg(value_name = "SUBJECT")]
    subject: Uuid,
    /// On which legal ground
    #[arg(long, value_name = "TEXT")]
    legal_basis: String,
    /// Who approved it
    #[arg(long, value_name = "NAME")]
    approved_by: String,
    /// Why: in words that say nothing about the person
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Why: the kind of reason
    #[arg(long, value_name = "CODE", default_value = "other", value_parser = choice::parser::<v1::ReasonCode>())]
    reason_code: v1::ReasonCode,
    /// Do it; without this it is only told what would be erased
    #[arg(long)]
    yes: bool,
    /// Id of an earlier call whose outcome is unknown: nothing is recorded twice
    #[arg(long, value_name = "UUID")]
    request_id: Option<Uuid>,
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
        PersonalCommand::Erase(args) => erase(session, args).await,
    }
}

async fn erase(session: &Session, args: &EraseArgs) -> Result<(), Failure> {
    let subject = args.subject.to_string();
    if !args.yes {
        let answer = session.client.personal_data(Some(subject)).await?;
        return session.answer(&answer, personal::would_erase);
    }
    let request = v1::ErasePersonalDataRequest {
        request_id: args.request_id.unwrap_or_else(clock::new_id).to_string(),
        ledger: String::new(),
        subject_ref: subject,
        legal_basis: args.legal_basis.clone(),
        approved_by: args.approved_by.clone(),
        reason: Some(v1::Reason {
            code: args.reason_code.into(),
            text: args.reason.clone(),
        }),
    };
    session.answer(&session.client.erase(request).await?, personal::erased)
}
