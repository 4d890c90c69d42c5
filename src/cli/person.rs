//! `daicho person` and `daicho whoami`: who is who, and what they sign in as.

use clap::{Args, Subcommand};
use uuid::Uuid;

use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::cli::as_of::KnownAtArgs;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::render::access;
use crate::cli::session::Session;
use crate::cli::writing::WritingArgs;
use crate::clock;
use crate::domain::date::Date;

/// What can be done with persons.
#[derive(Clone, Debug, Subcommand)]
pub enum PersonCommand {
    /// Register somebody with what they sign in as
    Add(Box<AddArgs>),
    /// Change somebody's name or logins
    Change(Box<ChangeArgs>),
    /// List persons with what they sign in as
    List(ListArgs),
    /// Show somebody with their seats, now and before
    Show(ShowArgs),
}

/// Arguments of `person add`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct AddArgs {
    /// What they are called
    #[arg(value_name = "NAME")]
    name: String,
    /// What they sign in as: `SUBJECT`, or `ISSUER#SUBJECT` where an issuer vouches for it; may be repeated
    #[arg(long = "login", value_name = "[ISSUER#]SUBJECT", value_parser = login)]
    logins: Vec<v1::Login>,
    /// Keep the name in the ledger for ever instead of apart, where it can be erased: for posts and invented names
    #[arg(long)]
    plain_name: bool,
    /// The day it holds from; absent: today in the ledger's zone
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `person change`.
#[derive(Args, Clone, Debug)]
pub struct ChangeArgs {
    /// Who: their id, what they sign in as, or what they are called
    #[arg(value_name = "PERSON")]
    person: String,
    /// What they are called from now on
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Keep the new name in the ledger for ever instead of apart, where it can be erased
    #[arg(long, requires = "name")]
    plain_name: bool,
    /// What they sign in as too from now on; may be repeated
    #[arg(long = "add-login", value_name = "[ISSUER#]SUBJECT", value_parser = login)]
    add: Vec<v1::Login>,
    /// What they sign in as no more; may be repeated
    #[arg(long = "drop-login", value_name = "[ISSUER#]SUBJECT", value_parser = login)]
    drop: Vec<v1::Login>,
    /// The day the name holds from; absent: today in the ledger's zone. Logins count from when it is recorded
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    from: Option<Date>,
    #[command(flatten)]
    writing: WritingArgs,
}

/// Arguments of `person list`.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    known: KnownAtArgs,
}

/// Arguments of `person show`.
#[derive(Args, Clone, Debug)]
pub struct ShowArgs {
    /// Who: their id, what they sign in as, or what they are called
    #[arg(value_name = "PERSON")]
    person: String,
    /// The day that is looked at, which may lie ahead; absent: today, or the day of --known-at
    #[arg(long, value_name = "DATE", value_parser = input::date)]
    on: Option<Date>,
    #[command(flatten)]
    known: KnownAtArgs,
}

const EXAMPLES: &str = "\
Examples:
  daicho person add 財務課長 --login s-4711 --plain-name
  daicho person add 氏名 --login https://id.example.lg.jp#s-4711 --from 2024-04-01
  daicho person change s-4711 --add-login https://id.example.lg.jp#s-4711";

/// Reads `ISSUER#SUBJECT`; a subject alone has no issuer.
pub(super) fn login(text: &str) -> Result<v1::Login, String> {
    let (issuer, subject) = match text.rsplit_once('#') {
        Some((issuer, subject)) => (Some(issuer.to_owned()), subject),
        None => (None, text),
    };
    if subject.is_empty() || issuer.as_deref() == Some("") {
        return Err("not a subject, or an issuer and a subject with `#` between them".to_owned());
    }
    Ok(v1::Login {
        issuer,
        subject: subject.to_owned(),
    })
}

/// Says who the server takes the caller for.
pub async fn whoami(session: &Session) -> Result<(), Failure> {
    let answer = session.client.who_am_i().await?;
    session.answer(&answer, access::whoami)
}

/// Does what was asked.
pub async fn run(session: &Session, command: &PersonCommand) -> Result<(), Failure> {
    match command {
        PersonCommand::Add(args) => add(session, args).await,
        PersonCommand::Change(args) => change(session, args).await,
        PersonCommand::List(args) => {
            let client = session.client.at(args.known.message());
            let answer = client.persons(v1::ListPersonsRequest::default()).await?;
            session.answer_as_of(&answer, access::persons).await
        }
        PersonCommand::Show(args) => {
            let session = session.at(args.known.message());
            let person = find(&session, &args.person).await?;
            let on = args.on.map(|on| on.to_string());
            let answer = session.client.person(&person.person, on).await?;
            session.answer_as_of(&answer, access::person).await
        }
    }
}

async fn add(session: &Session, args: &AddArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let person = clock::new_random_id().to_string();
    let payload = Payload::PersonRegistered(v1::PersonRegistered {
        person: person.clone(),
        name: args.name.clone(),
        logins: args.logins.clone(),
    });
    let from = session.day(args.from).await?;
    let code = v1::ReasonCode::Other;
    let mut event = args.writing.event((from, None), code, payload)?;
    keep_apart(&mut event, &person, args.plain_name);
    session.append(vec![event], &writing).await
}

async fn change(session: &Session, args: &ChangeArgs) -> Result<(), Failure> {
    let writing = args.writing.writing();
    if session.told_before(&writing).await? {
        return Ok(());
    }
    let person = find(session, &args.person).await?;
    let mut logins = person.logins;
    for login in &args.drop {
        let known = logins.iter().position(|known| known == login);
        let Some(known) = known else {
            let subject = &login.subject;
            return Err(Failure::usage(session.view.pick(
                format!("この人は「{subject}」ではログインしていません"),
                format!("`{subject}` is no login of theirs"),
            )));
        };
        logins.remove(known);
    }
    logins.extend(args.add.iter().cloned());
    let payload = Payload::PersonChanged(v1::PersonChanged {
        person: person.person.clone(),
        name: args.name.clone(),
        logins,
    });
    let from = session.day(args.from).await?;
    let code = v1::ReasonCode::Other;
    let mut event = args.writing.event((from, None), code, payload)?;
    keep_apart(
        &mut event,
        &person.person,
        args.plain_name || args.name.is_none(),
    );
    session.append(vec![event], &writing).await
}

/// Marks the name as a text about the person, unless it is to stay in the ledger.
pub(super) fn keep_apart(event: &mut v1::EventInput, person: &str, plain: bool) {
    const NAME: &str = "payload.name";
    if plain || event.personal_texts.iter().any(|mark| mark.field == NAME) {
        return;
    }
    event.personal_texts.push(v1::PersonalText {
        field: NAME.to_owned(),
        subject_ref: person.to_owned(),
    });
}

/// The person of this id, login or name.
pub(super) async fn find(session: &Session, text: &str) -> Result<v1::Person, Failure> {
    let all = session
        .client
        .persons(v1::ListPersonsRequest::default())
        .await?
        .persons;
    let by_id = |person: &&v1::Person| person.person == text;
    let by_login = |person: &&v1::Person| {
        let mut logins = person.logins.iter();
        logins.any(|known| known.subject == text || written(known) == text)
    };
    let by_name = |person: &&v1::Person| name(person) == text;
    let found: Vec<&v1::Person> = if Uuid::try_parse(text).is_ok() {
        all.iter().filter(by_id).collect()
    } else {
        let by_login: Vec<_> = all.iter().filter(by_login).collect();
        match by_login.is_empty() {
            true => all.iter().filter(by_name).collect(),
            false => by_login,
        }
    };
    match found.as_slice() {
        [person] => Ok((*person).clone()),
        [] => Err(Failure::usage(session.view.pick(
            format!("「{text}」という職員は登録されていません。一覧: daicho person list"),
            format!("nobody is registered as `{text}`; see: daicho person list"),
        ))),
        several => {
            let ids: Vec<&str> = several
                .iter()
                .map(|person| person.person.as_str())
                .collect();
            let ids = ids.join(", ");
            Err(Failure::usage(session.view.pick(
                format!("「{text}」に当たる職員が複数います。IDで指定してください: {ids}"),
                format!("`{text}` may be several persons; name one by id: {ids}"),
            )))
        }
    }
}

pub(super) fn name(person: &v1::Person) -> &str {
    person.name.as_ref().map_or("", |name| name.text.as_str())
}

/// A login as it is typed.
pub(super) fn written(login: &v1::Login) -> String {
    match &login.issuer {
        Some(issuer) => format!("{issuer}#{}", login.subject),
        None => login.subject.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_a_subject_with_or_without_an_issuer() {
        let read = |text: &str| login(text).map(|login| (login.issuer, login.subject));
        assert_eq!(read("s-1"), Ok((None, "s-1".to_owned())));
        let issued = Ok((Some("https://id.example/#a".to_owned()), "s-1".to_owned()));
        assert_eq!(read("https://id.example/#a#s-1"), issued);
        for wrong in ["", "#s-1", "https://id.example#"] {
            assert!(login(wrong).is_err(), "{wrong}");
        }
    }
}
