//! What the ledger knows of persons, seats and units, and what each row of a list comes to.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use crate::api::v1;
use crate::cli::failure::Failure;
use crate::cli::person::{name, written};
use crate::cli::session::Session;
use crate::domain::access::LoginId;
use crate::domain::id::GrantId;
use crate::import::transfers::{Column, Fault, Transfer};

/// Where the ids of imported grants come from: one list, taken in twice, names the same facts.
pub(super) const SPACE: Uuid = Uuid::from_u128(0x2d3e_6f0b_9a41_4c57_8f62_1b7c_5d90_e3a4);
/// Units that a ledger is asked for.
const UNITS_MAX: usize = 10_000;

/// What the ledger knows that a list may speak of.
pub(super) struct Known {
    persons: Vec<v1::Person>,
    pub(super) grants: Vec<v1::Grant>,
    units: Vec<v1::OrganisationUnit>,
}

/// What a row comes to.
pub(super) enum Step<'a> {
    /// It is recorded already.
    Known(&'a Transfer),
    /// The seat is granted.
    Grant {
        row: &'a Transfer,
        units: Vec<String>,
        /// Seats that the person keeps beside it.
        beside: Vec<String>,
    },
    /// The grant ends.
    Revoke { row: &'a Transfer, grant: String },
}

impl Step<'_> {
    pub(super) fn row(&self) -> &Transfer {
        match self {
            Self::Known(row) | Self::Grant { row, .. } | Self::Revoke { row, .. } => row,
        }
    }
}

impl Known {
    pub(super) async fn of(session: &Session) -> Result<Self, Failure> {
        let client = &session.client;
        let grants = v1::ListGrantsRequest {
            include_inactive: true,
            ..v1::ListGrantsRequest::default()
        };
        Ok(Self {
            persons: client
                .persons(v1::ListPersonsRequest::default())
                .await?
                .persons,
            grants: client.grants(grants).await?.grants,
            units: client.organisation(true, UNITS_MAX).await?.units,
        })
    }

    pub(super) fn person(&self, login: &LoginId) -> Option<&v1::Person> {
        let login = wire(login);
        let exact = |person: &&v1::Person| person.logins.contains(&login);
        // A list may be typed in another width than what was registered.
        let of_any_width = |person: &&v1::Person| {
            let mut logins = person.logins.iter();
            logins.any(|known| narrow(known) == narrow(&login))
        };
        let mut persons = self.persons.iter();
        let found = persons.clone().find(exact);
        found.or_else(|| persons.find(of_any_width))
    }

    /// The grants of a seat to whoever signs in so.
    fn grants_of<'a>(&'a self, row: &'a Transfer) -> impl Iterator<Item = &'a v1::Grant> {
        let person = self.person(&row.login).map(|person| person.person.as_str());
        self.grants.iter().filter(move |grant| {
            grant.seat == row.seat.as_str() && person.is_some() && holder(grant) == person
        })
    }

    /// What each row comes to, or everything that is wrong with them.
    pub(super) fn steps<'a>(&self, rows: &'a [Transfer]) -> Result<Vec<Step<'a>>, Vec<Fault>> {
        let mut faults = Vec::new();
        let mut names: BTreeMap<&LoginId, &Transfer> = BTreeMap::new();
        let mut steps = Vec::new();
        for row in rows {
            let first = *names.entry(&row.login).or_insert(row);
            if folded(first.name.as_str()) != folded(row.name.as_str()) {
                faults.push(fault(
                    row,
                    Column::Name,
                    format!(
                        "{}行目では「{}」です。同じログインの氏名をそろえてください",
                        first.line, first.name
                    ),
                    format!(
                        "it is `{}` in line {}; write one name for a login",
                        first.name, first.line
                    ),
                ));
            }
            let known = self.person(&row.login).map(|person| {
                let kept = person.name.as_ref().map(v1::PersonName::state);
                let readable = matches!(
                    kept,
                    Some(v1::PersonalTextState::Unspecified | v1::PersonalTextState::Present)
                );
                (name(person), readable)
            });
            if let Some((called, true)) = known
                && folded(called) != folded(row.name.as_str())
            {
                faults.push(fault(
                    row,
                    Column::Name,
                    format!("このログインは「{called}」として登録されています。改姓なら先に daicho person change を、別の人ならログインを確かめてください"),
                    format!("this login is registered as `{called}`; for a new name run daicho person change first, for somebody else look at the login"),
                ));
            }
            match row.kind.grants() {
                true => match self.granted(row, rows) {
                    Ok(step) => steps.push(step),
                    Err(wrong) => faults.extend(wrong),
                },
                false => match self.revoked(row, rows) {
                    Ok(step) => steps.push(step),
                    Err(wrong) => faults.push(wrong),
                },
            }
        }
        match faults.is_empty() {
            true => Ok(steps),
            false => Err(faults),
        }
    }

    fn granted<'a>(&self, row: &'a Transfer, rows: &[Transfer]) -> Result<Step<'a>, Vec<Fault>> {
        let on = row.on.to_string();
        let mut same = self.grants_of(row);
        if same.any(|grant| grant.valid_from == on && !is_void(grant)) {
            return Ok(Step::Known(row));
        }
        let (mut units, mut faults) = (Vec::new(), Vec::new());
        for named in &row.units {
            match self.unit(named) {
                Ok(unit) => units.push(unit),
                Err((ja, en)) => faults.push(fault(row, Column::Unit, ja, en)),
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let left = |seat: &str| {
            let mut rows = rows.iter();
            rows.any(|other| {
                let same = other.login == row.login && other.seat.as_str() == seat;
                same && !other.kind.grants() && other.on <= row.on
            })
        };
        let person = self.person(&row.login).map(|person| person.person.as_str());
        let in_force = |grant: &&v1::Grant| {
            grant.valid_from <= on && grant.valid_to.as_ref().is_none_or(|to| on <= *to)
        };
        let held = self.grants.iter().filter(in_force);
        let held = held.filter(|grant| person.is_some() && holder(grant) == person);
        let beside = held
            .filter(|grant| !left(&grant.seat))
            .map(|grant| grant.seat.clone());
        Ok(Step::Grant {
            row,
            units,
            beside: beside.collect(),
        })
    }

    fn revoked<'a>(&self, row: &'a Transfer, rows: &[Transfer]) -> Result<Step<'a>, Fault> {
        let on = row.on.to_string();
        let last = row
            .on
            .yesterday()
            .map_or_else(|_| on.clone(), |day| day.to_string());
        let ends = |grant: &&v1::Grant| {
            grant.revoked_at_position.is_some() && grant.valid_to.as_deref() == Some(last.as_str())
        };
        if self.grants_of(row).any(|grant| ends(&grant)) {
            return Ok(Step::Known(row));
        }
        let open = |grant: &&v1::Grant| {
            grant.revoked_at_position.is_none()
                && grant.valid_from <= on
                && grant.valid_to.as_ref().is_none_or(|to| on <= *to)
        };
        if let Some(grant) = self.grants_of(row).find(open) {
            return Ok(Step::Revoke {
                row,
                grant: grant.grant.clone(),
            });
        }
        let given = rows.iter().find(|other| {
            let same = other.login == row.login && other.seat == row.seat;
            same && other.kind.grants() && other.on <= row.on
        });
        match given {
            Some(given) => Ok(Step::Revoke {
                row,
                grant: grant_id(&self.person_id(given), given).to_string(),
            }),
            None => Err(fault(
                row,
                Column::Seat,
                format!(
                    "この人は{on}にこの職に就いていません。ログインと職を確かめてください（daicho grants show {}）",
                    row.seat
                ),
                format!(
                    "they do not hold this seat on {on}; look at login and seat (daicho grants show {})",
                    row.seat
                ),
            )),
        }
    }

    /// What stands for the person in ids: their own where they are registered, else their login.
    pub(super) fn person_id(&self, row: &Transfer) -> String {
        let known = self.person(&row.login).map(|person| person.person.clone());
        known.unwrap_or_else(|| written(&wire(&row.login)))
    }

    /// The unit of a code or a name.
    fn unit(&self, named: &str) -> Result<String, (String, String)> {
        let wanted = folded(named);
        let entity = |unit: &v1::OrganisationUnit| unit.unit.clone().unwrap_or_default();
        let is = |text: &str| folded(text) == wanted;
        let matches = |found: &v1::Entity| {
            let title = found.title.as_ref();
            let en = title.and_then(|title| title.en.as_deref());
            is(&found.code) || title.is_some_and(|title| is(&title.ja)) || en.is_some_and(is)
        };
        let found: Vec<v1::Entity> = self.units.iter().map(entity).filter(matches).collect();
        let exact = found.iter().find(|unit| is(&unit.code));
        match (exact, found.as_slice()) {
            (Some(unit), _) | (None, [unit]) => Ok(unit.id.clone()),
            (None, []) => Err((
                format!("「{named}」という組織はありません。一覧: daicho org list"),
                format!("there is no unit `{named}`; see: daicho org list"),
            )),
            (None, several) => {
                let codes: Vec<&str> = several.iter().map(|unit| unit.code.as_str()).collect();
                let codes = codes.join(", ");
                Err((
                    format!(
                        "「{named}」に当たる組織が複数あります。コードで書いてください: {codes}"
                    ),
                    format!("`{named}` may be several units; write a code: {codes}"),
                ))
            }
        }
    }
}

/// The person who holds a seat.
fn holder(grant: &v1::Grant) -> Option<&str> {
    match grant.holder.as_ref()?.holder.as_ref()? {
        v1::seat_holder::Holder::Person(person) => Some(person),
        v1::seat_holder::Holder::Service(_) => None,
    }
}

/// Whether a grant was taken back whole, so that it never held.
fn is_void(grant: &v1::Grant) -> bool {
    grant
        .valid_to
        .as_ref()
        .is_some_and(|to| *to < grant.valid_from)
}

fn fault(row: &Transfer, column: Column, ja: String, en: String) -> Fault {
    Fault {
        line: row.line,
        column: Some(column),
        ja,
        en,
    }
}

pub(super) fn wire(login: &LoginId) -> v1::Login {
    v1::Login {
        issuer: login.issuer.as_ref().map(ToString::to_string),
        subject: login.subject.to_string(),
    }
}

/// What logins are compared by.
fn narrow(login: &v1::Login) -> v1::Login {
    v1::Login {
        issuer: login.issuer.as_ref().map(|issuer| issuer.nfkc().collect()),
        subject: login.subject.nfkc().collect(),
    }
}

/// What names of units and people are compared by.
fn folded(text: &str) -> String {
    text.nfkc().filter(|c| !c.is_whitespace()).collect()
}

pub(super) fn grant_id(person: &str, row: &Transfer) -> GrantId {
    GrantId::derived(SPACE, &format!("{person}/{}/{}", row.seat, row.on))
}
