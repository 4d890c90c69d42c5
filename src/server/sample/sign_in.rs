//! The sample as a ledger that people sign in to (`daicho demo --sign-in`): whoever holds a seat gets a login at the demo's
//! identity provider, and an access token for it.
//!
//! The sample itself stays as it is: the logins are events behind it, each appended once. Which seats there are is asked of
//! the ledger's clock; for how long a token counts, of the machine's.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CODE, SampleError, refused};
use crate::auth::Authenticator;
use crate::auth::token_folder::{self, Seats};
use crate::clock;
use crate::domain::access::{Holder, LoginId, Person};
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{Event, PersonChanged, Reason, ReasonCode, Stream, Validity};
use crate::domain::id::{EventId, LedgerId, RequestId};
use crate::domain::personal::FreeText;
use crate::domain::text::Name;
use crate::ledger::{Append, Ledgers, Reader};
use crate::server::identity_provider::{ISSUER, IdentityProvider};

/// The identity provider's folder in the data folder.
const FOLDER: &str = "sign-in";
/// First day on which the sample says who holds which seat.
pub const SEATS_FROM: Date = jiff::civil::date(2023, 10, 3);
/// Logins of one person at most.
pub const LOGINS_MAX: usize = Person::LOGINS_MAX;

/// Where whoever serves the sample, and whoever signs in, finds what they need.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SignInFiles {
    /// The settings of a server that takes the tokens.
    pub settings: PathBuf,
    /// The folder of the tokens.
    pub tokens: PathBuf,
}

/// Refuses a day to make a sample for on which nobody could sign in.
pub fn check_day(day: Date) -> Result<(), SampleError> {
    match day < SEATS_FROM {
        true => Err(SampleError::SeatsLater),
        false => Ok(()),
    }
}

/// Makes the sample for `day` unless it is there, at whatever day, and what people sign in to it with.
pub async fn make(
    ledgers: &Arc<Ledgers>,
    day: Date,
    data: &Path,
) -> Result<(Arc<Reader>, SignInFiles), SampleError> {
    if ledgers.resolve(CODE).is_err() {
        check_day(day)?;
    }
    let (reader, _) = super::prepare(ledgers, day).await?;
    let files = prepare(ledgers, &reader, data).await?;
    Ok((reader, files))
}

/// Registers the logins that are not there yet and writes a new token for everybody who holds a seat today.
pub async fn prepare(
    ledgers: &Ledgers,
    reader: &Arc<Reader>,
    data: &Path,
) -> Result<SignInFiles, SampleError> {
    let issuer = Name::parse(ISSUER)?;
    let changed = changed(
        &reader.caught_up(None).await.directory,
        reader.today(),
        &issuer,
    );
    if !changed.is_empty() {
        register(ledgers, reader, changed).await?;
    }
    let directory = reader.caught_up(None).await.directory;
    let day = reader.today();
    let subjects = subjects(&directory, day, &issuer);
    if subjects.is_empty() {
        return Err(match seated(&directory, day).next() {
            None => SampleError::NoSeats { day },
            Some(_) => SampleError::NoLogins { day },
        });
    }
    let seats = seats(&directory, day, &issuer);
    let folder = data.join(FOLDER);
    let writing = tokio::task::spawn_blocking(move || {
        let provider = IdentityProvider::open(&folder)?;
        provider.issue(&subjects, clock::system_now())?;
        provider.tell_seats(&seats)?;
        Ok(SignInFiles {
            settings: provider.settings(),
            tokens: provider.tokens(),
        })
    });
    match writing.await {
        Ok(written) => written,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// Everybody who holds a seat on `today`, or acts for one: as many as can have a token.
fn seated(directory: &Directory, today: Date) -> impl Iterator<Item = &Arc<Person>> {
    let persons = directory.persons().into_iter();
    let seated = persons.filter(move |person| {
        let holder = Holder::Person(person.id);
        !directory.seats_of(&holder, today).is_empty()
    });
    seated.take(token_folder::TOKENS_MAX)
}

/// What changes of those who can only name themselves so far: under each such name they sign in at `issuer` too, unless
/// somebody else does, a service among them, and as far as a person may have further logins. Whoever gets none hinders nobody.
fn changed(directory: &Directory, today: Date, issuer: &Name) -> Vec<PersonChanged> {
    let changed = seated(directory, today).filter_map(|person| {
        let named = person.logins.iter().filter(|login| login.issuer.is_none());
        let is_new = |login: &LoginId| {
            let person = directory.person_of(login.issuer.as_ref(), &login.subject);
            let service = Holder::Service(login.clone());
            person.is_none() && directory.grants_of(&service).next().is_none()
        };
        let signing_in = named.map(|login| LoginId {
            issuer: Some(issuer.clone()),
            subject: login.subject.clone(),
        });
        let room = LOGINS_MAX.saturating_sub(person.logins.len());
        let new: Vec<LoginId> = signing_in.filter(is_new).take(room).collect();
        (!new.is_empty()).then(|| PersonChanged {
            person: person.id,
            name: None,
            logins: person.logins.iter().cloned().chain(new).collect(),
        })
    });
    changed.collect()
}

/// As whom those who hold a seat sign in at `issuer`.
fn subjects(directory: &Directory, today: Date, issuer: &Name) -> Vec<Name> {
    let logins = seated(directory, today).flat_map(|person| &person.logins);
    let here = logins.filter(|login| login.issuer.as_ref() == Some(issuer));
    here.map(|login| login.subject.clone()).collect()
}

/// As whom the holders of each seat sign in at `issuer`: whoever has several logins there, by the first.
fn seats(directory: &Directory, today: Date, issuer: &Name) -> Seats {
    let mut seats = Seats::new();
    for person in seated(directory, today) {
        let mut logins = person.logins.iter();
        let Some(login) = logins.find(|login| login.issuer.as_ref() == Some(issuer)) else {
            continue;
        };
        let held = directory.seats_of(&Holder::Person(person.id), today);
        for seat in held.iter().filter(|seat| seat.acting_for.is_none()) {
            let holders = seats.entry(seat.code.to_string()).or_default();
            holders.push(login.subject.to_string());
        }
    }
    seats
}

/// Appends the changes in one request, as the server's own doing. What a policy of the ledger wants decided is refused.
async fn register(
    ledgers: &Ledgers,
    reader: &Reader,
    changed: Vec<PersonChanged>,
) -> Result<(), SampleError> {
    let reason = Reason {
        code: ReasonCode::Other,
        text: FreeText::parse(
            "見本のIDプロバイダー（daicho demo --sign-in）でのログインを加える。",
        )?,
    };
    let (ledger, today) = (reader.id(), reader.today());
    let events = changed
        .into_iter()
        .map(|changed| event(ledger, today, reason.clone(), changed));
    let request_id = RequestId::new(clock::new_id())?;
    let append = Append::new(ledger, request_id, events.collect::<Result<_, _>>()?);
    let permitted = Authenticator.permit_system(Name::parse("daicho demo")?, append);
    let appended = ledgers.append(permitted, None).await;
    appended
        .map(drop)
        .map_err(|error| refused("the logins at the demo's identity provider", error))
}

fn event(
    ledger: LedgerId,
    today: Date,
    reason: Reason,
    changed: PersonChanged,
) -> Result<Event, SampleError> {
    Ok(Event {
        valid: Some(Validity::from(today)),
        reason: Some(reason),
        ..Event::new(
            EventId::new(clock::new_id())?,
            Stream::ledger(ledger),
            changed.into(),
        )
    })
}
