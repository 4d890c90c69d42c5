//! `daicho grants`: who holds which seat (職), and who acts for whom (代決).

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand};
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::role_granted::Holder;
use crate::cli::as_of::KnownAtArgs;
use crate::cli::failure::Failure;
use crate::cli::person::{find, login};
use crate::cli::render::access;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::cli::{choice, input};
use crate::clock;
use crate::domain::date::Date;

mod import;

/// What can be done with seats.
#[derive(Clone, Debug, Subcommand)]
pub enum GrantsCommand {
    /// List who holds which seat on a day
    List(ListArgs),
    /// Show a seat with everybody who ever held it or acted for it
    Show(ShowArgs),
    /// Tell which seats somebody had on a day, as known then or now
    Could(CouldArgs),
    /// Give somebody a seat from a day on (発令)
    Grant(Box<GrantArgs>),
    /// End a grant (解除)
    Revoke(Box<RevokeArgs>),
    /// Let somebody act for a seat for some days (代決)
    Delegate(Box<DelegateArgs>),
    /// End a delegation before its last day
    End(Box<EndArgs>),
    /// Take in a list of transfers (人事異動), whole or not at all
    Import(Box<ImportArgs>),
}

/// Arguments of `grants list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only of this seat
    #[arg(long, value_name = "SEAT")]
    seat: Option<String>,
    /// Only of this person: their id, what they sign in as, or what they are called
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// Only of seats that are for this unit: code or id
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// The day that is looked at, which may lie ahead; absent: today, or the day of --known-at
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    /// Those too that do not hold on that day
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    known: KnownAtArgs,
}

/// Arguments of `grants show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// The seat
    #[arg(value_name = "SEAT")]
    seat: String,
    #[command(flatten)]
    known: KnownAtArgs,
}

/// Arguments of `grants could`.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("subject").required(true))]
pub struct CouldArgs {
    /// Who: their id, what they sign in as, or what they are called
    #[arg(long, value_name = "PERSON", group = "subject")]
    person: Option<String>,
    /// Whoever had this seat
    #[arg(long, value_name = "SEAT", group = "subject")]
    seat: Option<String>,
    /// The day that is looked at, which may lie ahead; absent: today, or the day of --known-at
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    known: KnownAtArgs,
}

/// Arguments of `grants grant`.
#[derive(Args, Clone, Debug)]
#[command(group = ArgGroup::new("holder").required(true), after_help = EXAMPLES)]
pub struct GrantArgs {
    /// Code of the seat, unique among seats: 財務課長
    #[arg(value_name = "SEAT")]
    seat: String,
    /// What the seat is called; absent: its code
    #[arg(long, value_name = "TITLE")]
    title: Option<String>,
    /// What the seat is called in English
    #[arg(long, value_name = "TITLE")]
    title_en: Option<String>,
    /// What the seat is for
    #[arg(long, value_name = "ROLE", value_parser = choice::parser::<v1::SeatRole>())]
    role: v1::SeatRole,
    /// A unit that it is for: code or id; may be repeated. None for roles of the whole ledger
    #[arg(long = "unit", value_name = "UNIT")]
    units: Vec<String>,
    /// Who holds it: their id, what they sign in as, or what they are called
    #[arg(long, value_name = "PERSON", group = "holder")]
    person: Option<String>,
    /// The client application that holds it, by what it signs in with
    #[arg(long, value_name = "[ISSUER#]SUBJECT", value_parser = login, group = "holder")]
    service: Option<v1::Login>,
    /// First day; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Option<Date>,
    /// Last day; absent: until further notice
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    to: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `grants revoke`.
#[derive(Args, Clone, Debug)]
pub struct RevokeArgs {
    /// The grant's id, or the seat
    #[arg(value_name = "GRANT|SEAT")]
    grant: String,
    /// Whose, where several hold the seat: their id, what they sign in as, or what they are called
    #[arg(long, value_name = "PERSON")]
    person: Option<String>,
    /// First day without it; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `grants delegate`.
#[derive(Args, Clone, Debug)]
pub struct DelegateArgs {
    /// The seat
    #[arg(value_name = "SEAT")]
    seat: String,
    /// Who acts: their id, what they sign in as, or what they are called
    #[arg(long, value_name = "PERSON")]
    to: String,
    /// Why whoever holds the seat is absent
    #[arg(long, value_name = "TEXT")]
    ground: String,
    /// First day
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Date,
    /// Last day
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    until: Date,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `grants end`.
#[derive(Args, Clone, Debug)]
pub struct EndArgs {
    /// The delegation's id
    #[arg(value_name = "DELEGATION")]
    delegation: Uuid,
    /// First day without it; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `grants import`.
#[derive(Args, Clone, Debug)]
#[command(after_help = IMPORT_EXAMPLES)]
pub struct ImportArgs {
    /// The list, CSV in UTF-8 or Shift_JIS
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only say what would change; nothing is recorded
    #[arg(long)]
    dry_run: bool,
    /// Keep the names in the ledger for ever instead of apart, where they can be erased: for posts and invented names
    #[arg(long)]
    plain_names: bool,
    /// The organisation's document number (文書番号) of the order
    #[arg(long, value_name = "NUMBER")]
    document: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  daicho grants grant 財務課長 --role section-chief --unit 財務課 --person s-4711 --from 2024-04-01
  daicho grants grant 監査 --role auditor --person s-9001 --to 2025-03-31
  daicho grants grant 財務会計 --role service --unit 財務課 --service 'CN=認証局#urn:example:finance'";

const IMPORT_EXAMPLES: &str = "\
Columns: 発令日 date, 氏名 name, ログイン login, 所属 unit, 職 seat, 区分 kind (発令 解除 兼務 兼務解除), 権限 role

Examples:
  daicho grants import 人事異動.csv --dry-run
  daicho grants import 人事異動.csv --document 6人第12号";

/// Does what was asked.
pub async fn run(session: &Session, command: &GrantsCommand) -> Result<(), Failure> {
    match command {
        GrantsCommand::List(args) => list(session, args).await,
        GrantsCommand::Show(args) => {
            let client = session.client.at(args.known.message());
            let request = v1::ListGrantsRequest {
                seat: Some(args.seat.clone()),
                include_inactive: true,
                ..v1::ListGrantsRequest::default()
            };
            let answer = client.grants(request).await?;
            session.answer_as_of(&answer, access::grants).await
        }
        GrantsCommand::Could(args) => could(session, args).await,
        GrantsCommand::Grant(args) => grant(session, args).await,
        GrantsCommand::Revoke(args) => {
            // Asked before the seat is looked up: the grant that is meant has ended by then.
            if session.told_before(&args.writing.writing()).await? {
                return Ok(());
            }
            let grant = args.grant(session).await?;
            let payload = Payload::RoleRevoked(v1::RoleRevoked { grant });
            let code = v1::ReasonCode::Other;
            session.tell(&args.writing, args.from, code, payload).await
        }
        GrantsCommand::Delegate(args) => {
            let writing = args.writing.writing();
            if session.told_before(&writing).await? {
                return Ok(());
            }
            let payload = Payload::DelegationRegistered(v1::DelegationRegistered {
                delegation: clock::new_id().to_string(),
                seat: args.seat.clone(),
                delegate: find(session, &args.to).await?.person,
                ground: args.ground.clone(),
            });
            let (days, code) = ((args.from, Some(args.until)), v1::ReasonCode::Other);
            let event = args.writing.event(days, code, payload)?;
            session.append(vec![event], &writing).await
        }
        GrantsCommand::End(args) => {
            let payload = Payload::DelegationEnded(v1::DelegationEnded {
                delegation: args.delegation.to_string(),
            });
            let code = v1::ReasonCode::Other;
            session.tell(&args.writing, args.from, code, payload).await
        }
        GrantsCommand::Import(args) => import::import(session, args).await,
    }
}

async fn list(session: &Session, args: &ListArgs) -> Result<(), Failure> {
    let session = session.at(args.known.message());
    let person = match &args.person {
        Some(person) => Some(find(&session, person).await?.person),
        None => None,
    };
    let request = v1::ListGrantsRequest {
        seat: args.seat.clone(),
        person,
        unit: args.unit.clone(),
        on: args.on.map(|on| on.to_string()),
        include_inactive: args.all,
        ..v1::ListGrantsRequest::default()
    };
    let answer = session.client.grants(request).await?;
    session.answer_as_of(&answer, access::grants).await
}

async fn could(session: &Session, args: &CouldArgs) -> Result<(), Failure> {
    use v1::what_could_request::Subject;
    let session = session.at(args.known.message());
    let subject = match (&args.person, &args.seat) {
        (Some(person), _) => Subject::Person(find(&session, person).await?.person),
        (None, seat) => Subject::Seat(seat.clone().unwrap_or_default()),
    };
    let on = args.on.map(|on| on.to_string());
    let answer = session.client.what_could(subject, on).await?;
    session.answer_as_of(&answer, access::could).await
}

async fn grant(session: &Session, args: &GrantArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let holder = match (&args.person, &args.service) {
        (Some(person), _) => Holder::Person(find(session, person).await?.person),
        (None, service) => Holder::Service(service.clone().unwrap_or_default()),
    };
    let payload = Payload::RoleGranted(v1::RoleGranted {
        grant: clock::new_id().to_string(),
        seat: args.seat.clone(),
        title: Some(v1::Title {
            ja: args.title.clone().unwrap_or_else(|| args.seat.clone()),
            en: args.title_en.clone(),
        }),
        role: args.role.into(),
        units: args.units.clone(),
        holder: Some(holder),
    });
    let from = session.day(args.from).await?;
    let code = v1::ReasonCode::Other;
    let event = args.writing.event((from, args.to), code, payload)?;
    session.append(vec![event], &writing).await
}

impl RevokeArgs {
    /// The id of the grant that is meant: the one of the seat that has not ended.
    async fn grant(&self, session: &Session) -> Result<String, Failure> {
        if Uuid::try_parse(&self.grant).is_ok() {
            return Ok(self.grant.clone());
        }
        let person = match &self.person {
            Some(person) => Some(find(session, person).await?.person),
            None => None,
        };
        let from = session.day(self.from).await?.to_string();
        let request = v1::ListGrantsRequest {
            seat: Some(self.grant.clone()),
            person,
            include_inactive: true,
            ..v1::ListGrantsRequest::default()
        };
        let mut grants = session.client.grants(request).await?.grants;
        grants.retain(|grant| grant.valid_to.as_ref().is_none_or(|to| from <= *to));
        match grants.as_slice() {
            [grant] => Ok(grant.grant.clone()),
            [] => Err(Failure::usage(session.view.pick(
                format!("{from}以後に職「{}」に就いている人はいません", self.grant),
                format!("nobody holds the seat `{}` on or after {from}", self.grant),
            ))),
            _ => Err(Failure::usage(session.view.pick(
                "この職の発令は複数あります。--person か発令のIDで指定してください（daicho grants show）",
                "the seat has several grants; name one with --person, or by its id (daicho grants show)",
            ))),
        }
    }
}
