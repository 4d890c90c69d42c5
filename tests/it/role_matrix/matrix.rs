//! Asks everything of everybody, everywhere, before, while and after the seats are held, and keeps what became of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bytes::Bytes;
use daicho::api::v1::AppendEventsResponse;
use futures::future::join_all;
use prost::Message as _;
use tonic::Code;

use super::people::COLUMNS;
use super::place::Place;
use super::row::{Asked, Asks, Kind, Row, Tells};
use super::wire::{Call, Refused};
use super::world::{Realm, append};

/// The last moment before the seats are held, their last, and the first after it, in the ledger's zone.
pub(super) const PHASES: [(&str, &str); 3] = [
    ("before", "2023-05-31T14:59:59Z"),
    ("within", "2023-09-30T14:59:59Z"),
    ("after", "2023-09-30T15:00:00Z"),
];
/// The phase in which the seats are held.
pub(super) const WITHIN: usize = 1;

/// What became of a request.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Cell {
    /// It was answered, with what it was to tell; or the event would be taken.
    Done,
    /// Access let it through, and a rule refuses it.
    Rule(String),
    /// It was answered without a word of the place.
    Silent,
    /// It is answered as if the place were not there.
    Hidden,
    /// NOT_RESPONSIBLE_UNIT.
    OtherUnit,
    /// NOT_PERMITTED.
    NotPermitted,
    /// PERMISSION_DENIED: not even told what is there.
    Stranger,
    /// UNAUTHENTICATED.
    Nobody,
}

impl Cell {
    fn letter(&self) -> char {
        match self {
            Self::Done => '+',
            Self::Rule(_) => 'r',
            Self::Silent => '.',
            Self::Hidden => 'h',
            Self::OtherUnit => 'u',
            Self::NotPermitted => 'p',
            Self::Stranger => 'x',
            Self::Nobody => 'n',
        }
    }

    /// Whether access let it through to all that it asks for.
    pub(super) fn is_permitted(&self) -> bool {
        matches!(self, Self::Done | Self::Rule(_))
    }

    fn refused(row: &Row, refused: &Refused) -> Self {
        match (refused.code, refused.reason.as_str()) {
            (Code::Unauthenticated, _) => Self::Nobody,
            (_, reason) => Self::by_access(reason).unwrap_or_else(|| {
                let unknown = refused.code == Code::NotFound && reason.ends_with("_UNKNOWN");
                match unknown && row.kind == Kind::Reads && row.is_placed {
                    true => Self::Hidden,
                    false => Self::Rule(reason.to_owned()),
                }
            }),
        }
    }

    /// Of a reason that access gives.
    fn by_access(reason: &str) -> Option<Self> {
        Some(match reason {
            "NOT_RESPONSIBLE_UNIT" => Self::OtherUnit,
            "NOT_PERMITTED" | "SEAT_UNKNOWN" => Self::NotPermitted,
            "PERMISSION_DENIED" => Self::Stranger,
            _ => return None,
        })
    }
}

fn holds(answer: &[Bytes], words: &str) -> bool {
    let words = words.as_bytes();
    answer
        .iter()
        .any(|message| message.windows(words.len()).any(|found| found == words))
}

/// The whole matrix.
#[derive(Default)]
pub(super) struct Matrix {
    /// By row, column, phase and place.
    cells: BTreeMap<(usize, usize, usize, usize), Cell>,
    /// What was wrong with an answer itself.
    pub(super) wrong: Vec<String>,
}

impl Matrix {
    pub(super) fn cell(&self, row: usize, column: usize, phase: usize, place: usize) -> &Cell {
        &self.cells[&(row, column, phase, place)]
    }

    /// Asks all of it.
    pub(super) async fn ask(realm: &mut Realm, rows: &[Row]) -> Self {
        let mut matrix = Self::default();
        for (phase, (name, instant)) in PHASES.into_iter().enumerate() {
            match phase {
                WITHIN => realm.enter(instant).await,
                _ => realm.at(instant),
            }
            for (number, row) in rows.iter().enumerate() {
                let size = realm.reader.head().size;
                let everybody = COLUMNS.into_iter().map(|who| Asking {
                    realm,
                    row,
                    who,
                    phase,
                });
                let found: Vec<Found> = match row.kind {
                    // What changes something is asked in the order of the columns.
                    Kind::Operates => {
                        let mut found = Vec::new();
                        for asking in everybody {
                            found.push(asking.everywhere().await);
                        }
                        found
                    }
                    _ => join_all(everybody.map(Asking::everywhere)).await,
                };
                for (column, found) in found.into_iter().enumerate() {
                    for (place, cell) in found.cells.into_iter().enumerate() {
                        matrix.cells.insert((number, column, phase, place), cell);
                    }
                    matrix.wrong.extend(found.wrong);
                }
                let grown = realm.reader.head().size - size;
                if matches!(row.asks, Asks::Appends { .. }) && grown != 0 {
                    let wrong = format!("{} {name}: {grown} events were stored", row.name);
                    matrix.wrong.push(wrong);
                }
            }
        }
        matrix
    }

    /// The whole matrix as text.
    pub(super) fn shown(&self, rows: &[Row]) -> String {
        let mut text = String::from(
            "+ done  r refused by a rule  . answered without it  h as if it were not there\n\
             u NOT_RESPONSIBLE_UNIT  p NOT_PERMITTED  x PERMISSION_DENIED  n UNAUTHENTICATED\n\
             Where it matters: of the own section, of another of the department, of another department.\n",
        );
        let without_seat = ["seatless", "unknown", "named", "nobody"];
        let head = |columns: &[&str]| -> String {
            columns
                .iter()
                .map(|name| format!("{:4}", &name[..3]))
                .collect()
        };
        let (all, few) = (head(&COLUMNS), head(&without_seat));
        let _ = writeln!(text, "\n{:62}{all}| before: {few}| after: {few}", "");
        for (number, row) in rows.iter().enumerate() {
            let _ = write!(text, "{:62}", row.name);
            for phase in [WITHIN, 0, 2] {
                let shown = COLUMNS
                    .iter()
                    .enumerate()
                    .filter(|(_, who)| phase == WITHIN || without_seat.contains(who));
                for (column, _) in shown {
                    let letters: String = (0..3)
                        .map(|place| self.cell(number, column, phase, place).letter())
                        .collect();
                    let alike = letters.chars().all(|letter| letters.starts_with(letter));
                    let _ = write!(text, "{:4}", if alike { &letters[..1] } else { &letters });
                }
                let _ = match phase {
                    WITHIN => write!(text, "|         "),
                    0 => write!(text, "|        "),
                    _ => writeln!(text),
                };
            }
        }
        text.lines()
            .map(|line| format!("{}\n", line.trim_end()))
            .collect()
    }
}

/// One thing that is asked by somebody in a phase.
struct Asking<'a> {
    realm: &'a Realm,
    row: &'a Row,
    who: &'static str,
    phase: usize,
}

/// What somebody was answered, place by place.
#[derive(Default)]
struct Found {
    cells: Vec<Cell>,
    wrong: Vec<String>,
}

impl Asking<'_> {
    fn of<'b>(&'b self, place: &'b Place) -> Asked<'b> {
        Asked {
            ground: &self.realm.ground,
            place,
            by: self.who,
        }
    }

    fn cell(&self) -> String {
        let phase = PHASES[self.phase].0;
        format!("{} {} {phase}", self.row.name, self.who)
    }

    async fn everywhere(self) -> Found {
        let (places, mut found) = (&self.realm.ground.places, Found::default());
        if !self.row.is_placed {
            let answer = self.answer(&places[0], &mut found.wrong).await;
            found.cells = places
                .iter()
                .map(|place| became(self.row, &answer, place))
                .collect();
            self.look_for_secrets(&answer, &mut found.wrong);
            return found;
        }
        for place in places {
            let answer = self.answer(place, &mut found.wrong).await;
            let cell = became(self.row, &answer, place);
            if cell == Cell::Hidden {
                let nowhere = &self.realm.ground.nowhere;
                let unknown = self.answer(nowhere, &mut found.wrong).await;
                if unknown != answer {
                    let (cell, name) = (self.cell(), place.name);
                    let wrong =
                        format!("{cell} {name}: {answer:?}, and of what never was: {unknown:?}");
                    found.wrong.push(wrong);
                }
            }
            found.cells.push(cell);
            self.look_for_secrets(&answer, &mut found.wrong);
        }
        found
    }

    /// Asks one thing. What is refused when it is only asked whether, is refused for the same reason when it is sent.
    async fn answer(&self, place: &Place, wrong: &mut Vec<String>) -> Result<Vec<Bytes>, Refused> {
        let (caller, asked) = (self.realm.caller(self.who), self.of(place));
        let (event, on_behalf_of) = match &self.row.asks {
            Asks::Calls(build) => return caller.calls(&build(&asked)).await,
            Asks::Appends {
                event,
                on_behalf_of,
            } => (event(&asked), *on_behalf_of),
        };
        let acting = |mut call: Call| {
            call.says.on_behalf_of = on_behalf_of.then(|| place.section.clone());
            call
        };
        let validated = caller.calls(&acting(append(event.clone(), true))).await;
        let found = became(self.row, &validated, place);
        if !found.is_permitted() {
            let sent = caller.calls(&acting(append(event, false))).await;
            let sent = became(self.row, &sent, place);
            if sent != found {
                let (cell, name) = (self.cell(), place.name);
                wrong.push(format!(
                    "{cell} {name}: asked whether {found:?}, sent {sent:?}"
                ));
            }
        }
        validated
    }

    /// What somebody may not read is in no answer to them, whatever they ask.
    fn look_for_secrets(&self, answer: &Result<Vec<Bytes>, Refused>, wrong: &mut Vec<String>) {
        let Ok(answer) = answer else { return };
        let row = self.row;
        for (place, at) in self.realm.ground.places.iter().enumerate() {
            if self.phase == WITHIN && may_read(self.who, place) {
                continue;
            }
            let secrets = at.secrets();
            // Whoever sends an event knows what it is about, and whoever knows a request's id the streams of its receipt. What
            // somebody asked for stands in access logs under its name.
            let named = ["LedgerService/GetReceipt", "AuditService/ListAccess"];
            let told = match row.kind == Kind::Reads && !named.contains(&row.of()) {
                true => &secrets[..],
                false => &secrets[..1],
            };
            for secret in told.iter().filter(|secret| holds(answer, secret)) {
                let cell = self.cell();
                wrong.push(format!("{cell}: tells `{secret}` of {}", at.name));
            }
        }
    }
}

/// Who may read of a place while the seats are held; written by hand.
fn may_read(who: &str, place: usize) -> bool {
    match who {
        "planning" | "evaluator" | "auditor" => true,
        "director" | "chief" | "acting" => place <= 1,
        "clerk" | "service" => place == 0,
        _ => false,
    }
}

/// What an answer comes to for a place.
fn became(row: &Row, answer: &Result<Vec<Bytes>, Refused>, place: &Place) -> Cell {
    let answer = match answer {
        Ok(answer) => answer,
        Err(refused) => return Cell::refused(row, refused),
    };
    if let Asks::Appends { .. } = row.asks {
        let told = AppendEventsResponse::decode(answer[0].clone()).unwrap();
        let reasons = || told.faults.iter().map(|fault| fault.reason.as_str());
        let by_access = reasons().find_map(Cell::by_access);
        let by_rule = reasons().next().map(|reason| Cell::Rule(reason.to_owned()));
        return by_access.or(by_rule).unwrap_or(Cell::Done);
    }
    let told = match row.tells {
        Tells::Anything => true,
        Tells::OfPlace => holds(answer, &place.words),
        Tells::CodeOfPlace => holds(answer, &place.goal_code()),
        Tells::Words(words) => holds(answer, words),
    };
    if told { Cell::Done } else { Cell::Silent }
}
