//! `daicho grants import`: a list of transfers, held against what the ledger knows, then taken in whole or not at all.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization as _;
use uuid::Uuid;

use super::ImportArgs;
use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::role_granted::Holder;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::person::{keep_apart, name, written};
use crate::cli::plan::source;
use crate::cli::session::{Session, Writing};
use crate::cli::table::Table;
use crate::cli::terminal;
use crate::clock;
use crate::domain::access::{LoginId, Role};
use crate::domain::id::{EventId, GrantId};
use crate::domain::personal::PersonalText;
use crate::domain::text::Language;
use crate::import::transfers::{Column, FAULTS_MAX, Fault, Transfer, Unread, read};

/// Where the ids of imported grants come from: one list, taken in twice, names the same facts.
const SPACE: Uuid = Uuid::from_u128(0x2d3e_6f0b_9a41_4c57_8f62_1b7c_5d90_e3a4);
/// Units that a ledger is asked for.
const UNITS_MAX: usize = 10_000;

/// Takes in a list, or says what would change.
pub(super) async fn import(session: &Session, args: &ImportArgs) -> Result<(), Failure> {
    let language = session.language();
    let shown = terminal::line(&args.file.to_string_lossy());
    let bytes = source::bytes(language, &args.file)?;
    let rows = read(&bytes).map_err(|error| match error {
        Unread::NotText(error) => Failure::new(
            Exit::Refused,
            session.view.pick(
                format!("{shown}: 文字として読めません（UTF-8 か Shift_JIS のCSVにしてください）"),
                format!("{shown}: {error}"),
            ),
        ),
        Unread::Faulty(faults) => refused(language, &shown, &faults),
    })?;
    let known = Known::of(session).await?;
    let steps = known
        .steps(&rows)
        .map_err(|faults| refused(language, &shown, &faults))?;
    let batch = Batch::of(&known, args, &steps);
    if batch.is_empty() {
        return told(session, &steps, &batch, false);
    }
    check(session, &shown, &batch).await?;
    if args.dry_run {
        return told(session, &steps, &batch, false);
    }
    if !session.json {
        session.output.answer(&table(session, &steps))?;
    }
    // Registered persons hold nothing yet, so what makes the list whole is the one request of its grants.
    for persons in batch.persons.chunks(PersonalText::PER_REQUEST_MAX) {
        append(session, persons.to_vec()).await?;
    }
    append(
        session,
        batch
            .grants
            .iter()
            .map(|(_, event)| event.clone())
            .collect(),
    )
    .await?;
    told(session, &steps, &batch, true)
}

async fn append(session: &Session, events: Vec<v1::EventInput>) -> Result<(), Failure> {
    if events.is_empty() {
        return Ok(());
    }
    let request = Writing::default().request(events);
    session.client.append(request).await.map(drop)
}

/// Lets the server judge the whole list as one request, in which names stand plainly and nothing is recorded.
async fn check(session: &Session, shown: &str, batch: &Batch) -> Result<(), Failure> {
    let language = session.language();
    let plain = batch.persons.iter().map(|event| v1::EventInput {
        personal_texts: Vec::new(),
        ..event.clone()
    });
    let events: Vec<_> = plain
        .chain(batch.grants.iter().map(|(_, event)| event.clone()))
        .collect();
    let writing = Writing {
        check: true,
        ..Writing::default()
    };
    let answer = session.client.append(writing.request(events)).await?;
    let line = |field: &str| {
        let index = field.strip_prefix("events[")?.split_once(']')?.0;
        let index: usize = index.parse().ok()?;
        let lines = batch.lines.iter();
        lines
            .chain(batch.grants.iter().map(|(line, _)| line))
            .nth(index)
            .copied()
    };
    let faults: Vec<Fault> = answer
        .faults
        .iter()
        .map(|fault| Fault {
            line: line(&fault.field).unwrap_or_default(),
            column: column(&fault.field),
            ja: fault.message.clone(),
            en: fault.message.clone(),
        })
        .collect();
    match faults.is_empty() {
        true => Ok(()),
        false => Err(refused(language, shown, &faults)),
    }
}

/// The column that says what is wrong in a field of a request.
fn column(field: &str) -> Option<Column> {
    let field = field.rsplit_once("].").map_or(field, |(_, field)| field);
    let columns = [
        (".name", Column::Name),
        (".logins", Column::Login),
        (".person", Column::Login),
        (".units", Column::Unit),
        (".seat", Column::Seat),
        (".grant", Column::Seat),
        (".role", Column::Role),
        ("valid_from", Column::Date),
    ];
    let mut columns = columns.into_iter();
    columns
        .find(|(part, _)| field.contains(part))
        .map(|(_, column)| column)
}

fn refused(language: Language, shown: &str, faults: &[Fault]) -> Failure {
    let count = faults.len();
    let mut failure = Failure::new(
        Exit::Refused,
        match language {
            Language::Ja => {
                format!("{shown} に{count}か所の誤りがあります。何も取り込んでいません")
            }
            Language::En => format!("{shown} has {count} faults; nothing was taken in"),
        },
    );
    for fault in faults.iter().take(FAULTS_MAX) {
        failure = failure.hint(fault.told(language));
    }
    if FAULTS_MAX < count {
        let more = count - FAULTS_MAX;
        failure = failure.hint(match language {
            Language::Ja => format!("ほかに{more}か所"),
            Language::En => format!("and {more} more"),
        });
    }
    failure
}

/// What the ledger knows that a list may speak of.
struct Known {
    persons: Vec<v1::Person>,
    grants: Vec<v1::Grant>,
    units: Vec<v1::OrganisationUnit>,
}

/// What a row comes to.
enum Step<'a> {
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
    fn row(&self) -> &Transfer {
        match self {
            Self::Known(row) | Self::Grant { row, .. } | Self::Revoke { row, .. } => row,
        }
    }
}

impl Known {
    async fn of(session: &Session) -> Result<Self, Failure> {
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

    fn person(&self, login: &LoginId) -> Option<&v1::Person> {
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
    fn steps<'a>(&self, rows: &'a [Transfer]) -> Result<Vec<Step<'a>>, Vec<Fault>> {
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
    fn person_id(&self, row: &Transfer) -> String {
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

fn wire(login: &LoginId) -> v1::Login {
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

fn grant_id(person: &str, row: &Transfer) -> GrantId {
    GrantId::derived(SPACE, &format!("{person}/{}/{}", row.seat, row.on))
}

/// The events of a list.
struct Batch {
    persons: Vec<v1::EventInput>,
    /// The line that first names each of `persons`.
    lines: Vec<u64>,
    /// Each with its line.
    grants: Vec<(u64, v1::EventInput)>,
}

impl Batch {
    fn of(known: &Known, args: &ImportArgs, steps: &[Step<'_>]) -> Self {
        let document = args.document.as_ref().map(|number| v1::SourceDocument {
            number: number.clone(),
            title: None,
            date: None,
        });
        let event = |id: String, row: &Transfer, payload: Payload| v1::EventInput {
            event_id: id,
            valid_from: Some(row.on.to_string()),
            source_document: document.clone(),
            payload: Some(payload),
            ..v1::EventInput::default()
        };
        let mut batch = Self {
            persons: Vec::new(),
            lines: Vec::new(),
            grants: Vec::new(),
        };
        let mut new: BTreeMap<&LoginId, String> = BTreeMap::new();
        let (mut first, mut last) = (Vec::new(), Vec::new());
        for step in steps {
            let row = step.row();
            match step {
                Step::Known(_) => {}
                Step::Grant { units, .. } => {
                    let person = match known.person(&row.login) {
                        Some(person) => person.person.clone(),
                        None => new
                            .entry(&row.login)
                            .or_insert_with(|| {
                                let person = clock::new_random_id().to_string();
                                let registered = Payload::PersonRegistered(v1::PersonRegistered {
                                    person: person.clone(),
                                    name: row.name.to_string(),
                                    logins: vec![wire(&row.login)],
                                });
                                let id = clock::new_id().to_string();
                                let mut registered = event(id, row, registered);
                                keep_apart(&mut registered, &person, args.plain_names);
                                batch.persons.push(registered);
                                batch.lines.push(row.line);
                                person
                            })
                            .clone(),
                    };
                    let grant = grant_id(&known.person_id(row), row);
                    let payload = Payload::RoleGranted(v1::RoleGranted {
                        grant: grant.to_string(),
                        seat: row.seat.to_string(),
                        title: Some(v1::Title {
                            ja: row.seat.to_string(),
                            en: None,
                        }),
                        role: role(row.role).into(),
                        units: units.clone(),
                        holder: Some(Holder::Person(person)),
                    });
                    let id = EventId::derived(SPACE, &format!("granted/{grant}"));
                    batch
                        .grants
                        .push((row.line, event(id.to_string(), row, payload)));
                }
                Step::Revoke { grant, .. } => {
                    let payload = Payload::RoleRevoked(v1::RoleRevoked {
                        grant: grant.clone(),
                    });
                    let id = EventId::derived(SPACE, &format!("revoked/{grant}/{}", row.on));
                    let revoked = (row.line, event(id.to_string(), row, payload));
                    // What somebody has is taken before another gets it; what the list itself gives, behind.
                    match known.grants.iter().any(|known| known.grant == *grant) {
                        true => first.push(revoked),
                        false => last.push(revoked),
                    }
                }
            }
        }
        batch.grants.splice(0..0, first);
        batch.grants.extend(last);
        batch
    }

    fn is_empty(&self) -> bool {
        self.persons.is_empty() && self.grants.is_empty()
    }
}

fn role(role: Option<Role>) -> v1::SeatRole {
    let code = role.map_or("", Role::code);
    v1::SeatRole::from_str_name(&format!("SEAT_ROLE_{code}")).unwrap_or_default()
}

/// The rows with what each comes to.
fn table(session: &Session, steps: &[Step<'_>]) -> String {
    let view = &session.view;
    let language = view.language;
    let mut table = Table::new()
        .figures(view.pick("行", "line"))
        .text(Column::Date.heading(language))
        .text(Column::Name.heading(language))
        .text(Column::Seat.heading(language))
        .text(Column::Kind.heading(language))
        .text(Column::Role.heading(language))
        .wrapping(view.pick("内容", "what changes"));
    for step in steps {
        let row = step.row();
        let change = match step {
            Step::Known(_) => view.pick("登録済み", "recorded already").to_owned(),
            Step::Revoke { .. } => view
                .pick("この日から外れます", "ends on this day")
                .to_owned(),
            Step::Grant { beside, .. } if beside.is_empty() => {
                view.pick("就きます", "begins").to_owned()
            }
            Step::Grant { beside, .. } => {
                let seats = beside.join(view.pick("、", ", "));
                view.pick(
                    format!("就きます（{seats} と兼務）"),
                    format!("begins, beside {seats}"),
                )
            }
        };
        table.row([
            row.line.to_string(),
            row.on.to_string(),
            row.name.to_string(),
            row.seat.to_string(),
            row.kind.label(language).to_owned(),
            label::seat_role(language, role(row.role)).replace('?', ""),
            change,
        ]);
    }
    format!("{}\n", table.render(view.columns))
}

/// What came of it, or would.
fn told(
    session: &Session,
    steps: &[Step<'_>],
    batch: &Batch,
    recorded: bool,
) -> Result<(), Failure> {
    let known = steps
        .iter()
        .filter(|step| matches!(step, Step::Known(_)))
        .count();
    let (persons, grants) = (batch.persons.len(), batch.grants.len());
    if session.json {
        return session.print(&serde_json::json!({
            "rows": steps.len(),
            "known": known,
            "persons": persons,
            "events": persons + grants,
            "recorded": recorded,
        }));
    }
    let mut text = match recorded {
        true => String::new(),
        false => table(session, steps),
    };
    let view = &session.view;
    text.push_str(&match (recorded, batch.is_empty()) {
        (_, true) => view.pick(
            format!("{known}行すべて登録済みです。何も記録していません\n"),
            format!("all {known} rows are recorded already; nothing was recorded\n"),
        ),
        (true, _) => view.pick(
            format!("{persons}人を登録し、{grants}件を記録しました（登録済み {known}行）\n"),
            format!("{persons} persons registered, {grants} events recorded ({known} rows were there)\n"),
        ),
        (false, _) => view.pick(
            format!("{persons}人を登録し、{grants}件を記録します（登録済み {known}行）。確認のみで、何も記録していません\n"),
            format!("{persons} persons and {grants} events would be recorded ({known} rows are there); nothing was recorded\n"),
        ),
    });
    session.output.answer(&text)
}
