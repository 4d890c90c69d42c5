//! `daicho grants import`: a list of transfers, held against what the ledger knows, then taken in whole or not at all.

use std::collections::BTreeMap;

use super::ImportArgs;
use crate::api::v1;
use crate::api::v1::event_input::Payload;
use crate::api::v1::role_granted::Holder;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::person::keep_apart;
use crate::cli::plan::source;
use crate::cli::session::{Session, Writing};
use crate::cli::table::Table;
use crate::cli::terminal;
use crate::clock;
use crate::domain::access::{LoginId, Role};
use crate::domain::id::EventId;
use crate::domain::personal::PersonalText;
use crate::domain::text::Language;
use crate::import::transfers::{Column, FAULTS_MAX, Fault, Transfer, Unread, read};

mod known;

use known::{Known, SPACE, Step, grant_id, wire};

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
        Failure::unheard(session.output.answer(&table(session, &steps)))?;
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
