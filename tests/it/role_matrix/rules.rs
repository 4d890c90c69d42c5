//! Rules that hold of the whole matrix. Each names the cells that break it.

use super::expected::{Extent, extent, table};
use super::frame::BY_THE_SERVER;
use super::matrix::{Cell, Matrix, PHASES, WITHIN};
use super::people::{COLUMNS, SEATED};
use super::row::{Asked, Kind, Row, Tells};
use super::world::{Realm, append};

/// What is asked for in a way that a rule always refuses, once access let it through.
const REFUSED_BY_RULE: [(&str, &str); 4] = [
    ("EvaluationService/CompareCycles", "PLAN_UNKNOWN"),
    ("goal_resumed", "GOAL_NOT_SUSPENDED"),
    ("change_withdrawn", "NOT_THE_DRAFTER"),
    ("decision_reviewed", "DECISION_NOT_ACTING"),
];

/// The matrix with its rows.
pub(super) struct Rules<'a> {
    pub(super) matrix: &'a Matrix,
    pub(super) rows: &'a [Row],
}

/// A cell with where it is.
struct At<'a> {
    row: &'a Row,
    who: &'static str,
    phase: usize,
    place: usize,
    cell: &'a Cell,
}

impl std::fmt::Display for At<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let place = ["own section", "own department", "another department"][self.place];
        let (name, phase) = (&self.row.name, PHASES[self.phase].0);
        write!(f, "{name}, {}, {phase}, {place}: {:?}", self.who, self.cell)
    }
}

fn column(who: &str) -> usize {
    COLUMNS.iter().position(|column| *column == who).unwrap()
}

impl<'a> Rules<'a> {
    fn cells(&self) -> impl Iterator<Item = At<'a>> + '_ {
        let (matrix, rows) = (self.matrix, self.rows);
        rows.iter().enumerate().flat_map(move |(number, row)| {
            COLUMNS
                .into_iter()
                .enumerate()
                .flat_map(move |(column, who)| {
                    (0..PHASES.len()).flat_map(move |phase| {
                        (0..3).map(move |place| At {
                            row,
                            who,
                            phase,
                            place,
                            cell: matrix.cell(number, column, phase, place),
                        })
                    })
                })
        })
    }

    fn beside(&self, at: &At<'_>, who: &str) -> &'a Cell {
        let mut rows = self.rows.iter();
        let number = rows.position(|row| std::ptr::eq(row, at.row)).unwrap();
        self.matrix.cell(number, column(who), at.phase, at.place)
    }

    /// All that is broken, by the name of the rule.
    pub(super) fn broken(&self) -> Vec<String> {
        let rules: [(&str, Vec<String>); 11] = [
            ("the tables say who may what", self.tables()),
            (
                "without signing in there is health and nothing else",
                self.nobody(),
            ),
            (
                "a seat counts on its days and is nothing before and after",
                self.outside(),
            ),
            (
                "whoever acts for a seat may what the seat may",
                self.acting(),
            ),
            ("auditors write findings and nothing else", self.auditors()),
            ("administrators write no facts", self.administrators()),
            (
                "a clerk is told nothing of another unit, whatever is asked",
                self.clerks(),
            ),
            (
                "nobody works for a unit that is not theirs",
                self.other_units(),
            ),
            ("applications submit and never decide", self.applications()),
            (
                "who is not in the ledger is told nothing of it",
                self.strangers(),
            ),
            (
                "every request is one that somebody is served",
                self.served(),
            ),
        ];
        let named = rules.into_iter().flat_map(|(rule, broken)| {
            broken
                .into_iter()
                .map(move |cell| format!("{rule}: {cell}"))
        });
        let wrong = self
            .matrix
            .wrong
            .iter()
            .map(|wrong| format!("answers: {wrong}"));
        named.chain(wrong).collect()
    }

    fn where_not(&self, holds: impl Fn(&At<'_>) -> bool) -> Vec<String> {
        let broken = self.cells().filter(|at| !holds(at));
        broken.map(|at| at.to_string()).collect()
    }

    fn tables(&self) -> Vec<String> {
        let table = table();
        self.where_not(|at| {
            if at.who == "nobody" {
                return true;
            }
            let mut rows = table.iter();
            let (_, extents) = rows.find(|(name, _)| *name == at.row.name).unwrap();
            let expected = extent(extents, at.who, at.phase == WITHIN);
            at.cell.is_permitted() == expected.holds(at.place)
        })
    }

    fn nobody(&self) -> Vec<String> {
        self.where_not(|at| {
            let health = at.row.name.starts_with("grpc.health");
            at.who != "nobody" || (*at.cell == Cell::Nobody) != health
        })
    }

    fn outside(&self) -> Vec<String> {
        self.where_not(|at| {
            let mut seated = SEATED.iter();
            let without = seated.find(|(who, _)| *who == at.who);
            match without {
                Some((_, without)) if at.phase != WITHIN => at.cell == self.beside(at, without),
                _ => true,
            }
        })
    }

    fn acting(&self) -> Vec<String> {
        self.where_not(|at| {
            at.who != "acting" || at.phase != WITHIN || at.cell == self.beside(at, "chief")
        })
    }

    fn auditors(&self) -> Vec<String> {
        self.where_not(|at| {
            let writes = matches!(at.row.kind, Kind::WritesOfGoal | Kind::WritesOfWhole);
            let finding = at.row.of() == "audit_finding_recorded";
            at.who != "auditor" || !writes || finding || !at.cell.is_permitted()
        })
    }

    fn administrators(&self) -> Vec<String> {
        self.where_not(|at| {
            let writes = matches!(at.row.kind, Kind::WritesOfGoal | Kind::WritesOfWhole);
            let policy = ["policy_published:access", "policy_published:approval"]
                .contains(&at.row.name.as_str());
            at.who != "administrator" || !writes || policy || !at.cell.is_permitted()
        })
    }

    fn other_units(&self) -> Vec<String> {
        self.where_not(|at| {
            let reach = match at.who {
                "director" => 1,
                "chief" | "clerk" | "service" | "acting" => 0,
                _ => return true,
            };
            // Another section's consent is asked for by name.
            let consent = at.row.of() == "change_consulted";
            at.row.kind != Kind::WritesOfGoal
                || consent
                || at.place <= reach
                || !at.cell.is_permitted()
        })
    }

    fn clerks(&self) -> Vec<String> {
        self.where_not(|at| {
            let tells = matches!(at.row.tells, Tells::OfPlace | Tells::CodeOfPlace);
            at.who != "clerk" || !tells || at.place == 0 || !at.cell.is_permitted()
        })
    }

    fn applications(&self) -> Vec<String> {
        let submits = [
            "actual_recorded",
            "actual_corrected",
            "actual_retracted",
            "demand_recorded",
        ];
        self.where_not(|at| {
            let writes = matches!(at.row.kind, Kind::WritesOfGoal | Kind::WritesOfWhole);
            let submits = submits.contains(&at.row.of()) || at.row.of() == "change_proposed";
            at.who != "service" || !writes || submits || !at.cell.is_permitted()
        })
    }

    fn strangers(&self) -> Vec<String> {
        self.where_not(|at| {
            let told = at.row.of() == "IdentityService/GetCaller"
                || at.row.name.starts_with("grpc.")
                || !at.cell.is_permitted();
            let own_seats = at.row.of() == "AccessService/WhoAmI";
            match at.who {
                "unknown" => told,
                "seatless" => told || own_seats,
                _ => true,
            }
        })
    }

    /// Rows that say nothing of access: that nobody is served, or that do not tell what they are for.
    fn served(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let table = table();
        for row in self.rows {
            let mut lines = table.iter();
            let (_, extents) = lines.find(|(name, _)| *name == row.name).unwrap();
            if extents.iter().all(|extent| *extent == Extent::Never) {
                continue;
            }
            let of_row = || self.cells().filter(|at| std::ptr::eq(at.row, row));
            let mut rules = REFUSED_BY_RULE.iter();
            let by_rule = rules.find(|(name, _)| *name == row.name);
            let served = of_row().any(|at| *at.cell == Cell::Done);
            let as_foretold = |at: &At<'_>| match (by_rule, at.cell) {
                (Some((_, reason)), Cell::Rule(found)) => found == reason,
                (Some(_), Cell::Done) => false,
                _ => true,
            };
            match by_rule {
                None if !served => broken.push(format!("{}: nobody is served", row.name)),
                _ => broken.extend(
                    of_row()
                        .filter(|at| !as_foretold(at))
                        .map(|at| at.to_string()),
                ),
            }
            if matches!(row.tells, Tells::OfPlace | Tells::CodeOfPlace) {
                let readers = of_row()
                    .filter(|at| at.phase == WITHIN && ["auditor", "planning"].contains(&at.who));
                let silent = readers.filter(|at| *at.cell != Cell::Done);
                broken.extend(silent.map(|at| at.to_string()));
            }
        }
        broken
    }
}

/// What only the server writes, nobody else does, whoever they are.
pub(super) async fn written_by_others(realm: &Realm) -> Vec<String> {
    let mut broken = Vec::new();
    realm.at(PHASES[WITHIN].1);
    let size = realm.reader.head().size;
    for name in BY_THE_SERVER {
        for who in COLUMNS {
            let asked = Asked {
                ground: &realm.ground,
                place: &realm.ground.places[0],
                by: who,
            };
            let event = super::frame::of_the_server(name, &asked);
            if realm.caller(who).calls(&append(event, false)).await.is_ok() {
                broken.push(format!("{name}, {who}: was taken"));
            }
        }
    }
    let grown = realm.reader.head().size - size;
    if grown != 0 {
        broken.push(format!("{grown} events were stored"));
    }
    broken
}
