//! Asks everything of everybody, everywhere, before, while and after the seats are held, and keeps what became of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use bytes::Bytes;
use futures::future::join_all;
use tonic::Code;

use super::people::{COLUMNS, without_seat};
use super::place::{PLACES, Place};
use super::row::{Asked, Asks, Kind, Row, Tells};
use super::secrets::{Answer, faults, holds};
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
/// The phase in which they are held no more.
pub(super) const AFTER: usize = 2;

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

    /// For which reasons rules refuse what is asked in a row.
    fn reasons(&self, row: usize) -> String {
        let cells = self.cells.range((row, 0, 0, 0)..(row + 1, 0, 0, 0));
        let reasons: BTreeSet<&str> = cells
            .filter_map(|(_, cell)| match cell {
                Cell::Rule(reason) => Some(reason.as_str()),
                _ => None,
            })
            .collect();
        match reasons.is_empty() {
            true => String::new(),
            false => {
                let reasons: Vec<&str> = reasons.into_iter().collect();
                format!("| r: {}", reasons.join(", "))
            }
        }
    }

    /// The whole matrix as text.
    pub(super) fn shown(&self, rows: &[Row]) -> String {
        let mut text = String::from(
            "+ done  r refused by a rule, for the reason at the end  . answered without it  h as if it were not there\n\
             u NOT_RESPONSIBLE_UNIT  p NOT_PERMITTED  x PERMISSION_DENIED  n UNAUTHENTICATED\n\
             Where it matters: of the own section, of another of the department, of another department, of one more whose goal is PUBLIC.\n",
        );
        let without_seat = ["seatless", "unknown", "named", "nobody"];
        let head = |columns: &[&str]| -> String {
            columns
                .iter()
                .map(|name| format!("{:5}", &name[..3]))
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
                    let letters: String = (0..PLACES)
                        .map(|place| self.cell(number, column, phase, place).letter())
                        .collect();
                    let alike = letters.chars().all(|letter| letters.starts_with(letter));
                    let _ = write!(text, "{:5}", if alike { &letters[..1] } else { &letters });
                }
                let _ = match phase {
                    WITHIN => write!(text, "|         "),
                    0 => write!(text, "|        "),
                    _ => writeln!(text, "{}", self.reasons(number)),
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
        }
        found
    }

    /// Asks one thing. What is refused when it is only asked whether, is refused for the same reason when it is sent.
    async fn answer(&self, place: &Place, wrong: &mut Vec<String>) -> Result<Vec<Bytes>, Refused> {
        let (caller, asked) = (self.realm.caller(self.who), self.of(place));
        let calls = async |call: Call, wrong: &mut Vec<String>| {
            let answered = caller.calls(&call).await;
            let answer = Answer::of(self.row, call, answered);
            let places = &self.realm.ground.places;
            let who = match self.phase {
                WITHIN => self.who,
                _ => without_seat(self.who),
            };
            let secrets = answer.tells_secrets(self.row, who, places).into_iter();
            wrong.extend(secrets.map(|secret| format!("{}: tells {secret}", self.cell())));
            answer.answered
        };
        let (event, on_behalf_of) = match &self.row.asks {
            Asks::Calls(build) => return calls(build(&asked), wrong).await,
            Asks::Appends {
                event,
                on_behalf_of,
            } => (event(&asked), *on_behalf_of),
        };
        let acting = |mut call: Call| {
            call.says.on_behalf_of = on_behalf_of.then(|| place.section.clone());
            call
        };
        let validated = calls(acting(append(event.clone(), true)), wrong).await;
        let found = became(self.row, &validated, place);
        if !found.is_permitted() {
            let sent = calls(acting(append(event, false)), wrong).await;
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
}

/// What an answer comes to for a place.
fn became(row: &Row, answer: &Result<Vec<Bytes>, Refused>, place: &Place) -> Cell {
    let answer = match answer {
        Ok(answer) => answer,
        Err(refused) => return Cell::refused(row, refused),
    };
    if let Asks::Appends { .. } = row.asks {
        let faults = faults(answer);
        let reasons = || faults.iter().map(|fault| fault.reason.as_str());
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
