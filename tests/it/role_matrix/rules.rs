//! Rules that hold of the whole matrix. Each names the cells that break it.

use super::expected::{Extent, extent, table};
use super::frame::BY_THE_SERVER;
use super::matrix::{AFTER, Cell, Matrix, PHASES, WITHIN};
use super::people::{COLUMNS, SEATED};
use super::place::{PLACES, PUBLIC};
use super::row::{Asked, Kind, Row, Tells};
use super::world::{Realm, append};

/// A row, somebody in a phase, a reason.
type RefusedByRule = (&'static str, Option<(&'static str, usize)>, &'static str);

/// Where access lets something through and a rule refuses it: whoever asks, or somebody in a phase; and for which reason.
const REFUSED_BY_RULE: [RefusedByRule; 12] = [
    ("EvaluationService/CompareCycles", None, "PLAN_UNKNOWN"),
    ("goal_resumed", None, "GOAL_NOT_SUSPENDED"),
    ("change_withdrawn", None, "NOT_THE_DRAFTER"),
    ("change_withdrawn:of-operation", None, "NOT_THE_DRAFTER"),
    // Nobody authorises anything alone.
    ("operation_authorised", None, "DECISION_REQUIRED"),
    ("decision_reviewed", None, "DECISION_NOT_ACTING"),
    // Whom the configuration names did it before, by the same ids.
    (
        "AdminService/OpenLedger",
        ADMINISTRATOR,
        "IDEMPOTENCY_CONFLICT",
    ),
    ("AdminService/AnnounceKey", ADMINISTRATOR, "ACTOR_DIFFERS"),
    ("AdminService/RetireKey", ADMINISTRATOR, "ACTOR_DIFFERS"),
    ("AdminService/CompromiseKey", ADMINISTRATOR, "ACTOR_DIFFERS"),
    // No policy takes effect on a day that is over.
    ("policy_published:access", NAMED_AFTER, "DATE_IN_PAST"),
    ("policy_published:approval", NAMED_AFTER, "DATE_IN_PAST"),
];
const ADMINISTRATOR: Option<(&str, usize)> = Some(("administrator", WITHIN));
const NAMED_AFTER: Option<(&str, usize)> = Some(("named", AFTER));

/// What somebody never may, as the documents say it in a sentence.
struct Never {
    rule: &'static str,
    who: &'static [&'static str],
    /// Of which rows, and from which place on.
    what: fn(&Row) -> bool,
    from: usize,
}

const NEVER: [Never; 7] = [
    Never {
        rule: "auditors write findings and nothing else",
        who: &["auditor"],
        what: |row| row.writes() && row.of() != "audit_finding_recorded",
        from: 0,
    },
    Never {
        rule: "administrators write no facts",
        who: &["administrator"],
        what: |row| row.writes() && !row.is_operating(),
        from: 0,
    },
    Never {
        rule: "applications submit and never decide",
        who: &["service"],
        what: |row| row.writes() && !SUBMITTED.contains(&row.of()),
        from: 0,
    },
    Never {
        rule: "a clerk is told nothing of another unit, whatever is asked",
        who: &["clerk"],
        what: |row| row.tells.is_of_place(),
        from: 1,
    },
    Never {
        rule: "nobody works for a section that is not theirs",
        who: &["chief", "clerk", "service", "acting"],
        what: |row| row.works_for_a_unit(),
        from: 1,
    },
    Never {
        rule: "no director works for another department",
        who: &["director"],
        what: |row| row.works_for_a_unit(),
        from: 2,
    },
    Never {
        rule: "who holds no seat is told of none but their own, and of what is PUBLIC",
        who: &["seatless", "unknown"],
        what: |row| !row.is_for_everybody() && row.of() != "AccessService/WhoAmI",
        from: 0,
    },
];
const POLICIES_OF_ACCESS: [&str; 2] = ["policy_published:access", "policy_published:approval"];
const SUBMITTED: [&str; 5] = [
    "actual_recorded",
    "actual_corrected",
    "actual_retracted",
    "demand_recorded",
    "change_proposed",
];

impl Row {
    fn writes(&self) -> bool {
        matches!(self.kind, Kind::WritesOfGoal | Kind::WritesOfWhole)
    }

    /// Whoever operates publishes policies of access, and proposes and decides changes of keys.
    fn is_operating(&self) -> bool {
        POLICIES_OF_ACCESS.contains(&self.name.as_str())
            || self.of() == "operation_authorised"
            || self.name.ends_with(":of-operation")
    }

    /// Another section's consent is asked for by name.
    fn works_for_a_unit(&self) -> bool {
        self.kind == Kind::WritesOfGoal && self.of() != "change_consulted"
    }

    fn is_for_everybody(&self) -> bool {
        self.of() == "IdentityService/GetCaller" || self.name.starts_with("grpc.")
    }
}

impl Tells {
    fn is_of_place(self) -> bool {
        matches!(self, Self::OfPlace | Self::CodeOfPlace)
    }
}

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
        let places = [
            "own section",
            "own department",
            "another department",
            "PUBLIC",
        ];
        let place = places[self.place];
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
                        (0..PLACES).map(move |place| At {
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
        let mut rules = vec![
            ("the tables say who may what", self.tables()),
            ("what a rule refuses is met with", self.unmet()),
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
            ("whoever reads all is told of every place", self.readers()),
            ("answers", self.matrix.wrong.clone()),
        ];
        rules.extend(NEVER.map(|never| (never.rule, self.never(&never))));
        let named = rules.into_iter().flat_map(|(rule, broken)| {
            broken
                .into_iter()
                .map(move |cell| format!("{rule}: {cell}"))
        });
        named.collect()
    }

    fn where_not(&self, holds: impl Fn(&At<'_>) -> bool) -> Vec<String> {
        let broken = self.cells().filter(|at| !holds(at));
        broken.map(|at| at.to_string()).collect()
    }

    /// Whatever the tables permit is done, but for what a rule refuses, for the reason that is written.
    fn tables(&self) -> Vec<String> {
        let table = table();
        self.where_not(|at| {
            if at.who == "nobody" {
                return true;
            }
            match (expected(&table, at).holds(at.place), foretold(at)) {
                (true, Some(reason)) => *at.cell == Cell::Rule(reason.to_owned()),
                (true, None) => *at.cell == Cell::Done,
                (false, _) => !at.cell.is_permitted(),
            }
        })
    }

    /// Lines about rules that refuse nothing.
    fn unmet(&self) -> Vec<String> {
        let lines = REFUSED_BY_RULE.iter();
        let unmet = lines.filter(|line| {
            let met = |at: &At<'_>| is_about(line, at) && matches!(at.cell, Cell::Rule(_));
            !self.cells().any(|at| met(&at))
        });
        unmet.map(|line| format!("{line:?}")).collect()
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

    fn readers(&self) -> Vec<String> {
        self.where_not(|at| {
            let reads = at.phase == WITHIN && ["auditor", "planning"].contains(&at.who);
            !reads || !at.row.tells.is_of_place() || *at.cell == Cell::Done
        })
    }

    /// What is PUBLIC is read by everybody, where the tables say so.
    fn never(&self, never: &Never) -> Vec<String> {
        let table = table();
        self.where_not(|at| {
            let is_meant = never.who.contains(&at.who) && never.from <= at.place;
            let is_for_everybody = || {
                let reads = at.place == PUBLIC && at.row.kind == Kind::Reads;
                reads && expected(&table, at).is_for_everybody()
            };
            !is_meant || !(never.what)(at.row) || !at.cell.is_permitted() || is_for_everybody()
        })
    }
}

/// What the tables say of a cell.
fn expected(table: &[(&str, [Extent; 12])], at: &At<'_>) -> Extent {
    let mut rows = table.iter();
    let (_, extents) = rows.find(|(name, _)| *name == at.row.name).unwrap();
    extent(extents, at.who, at.phase == WITHIN)
}

fn is_about((name, of, _): &RefusedByRule, at: &At<'_>) -> bool {
    *name == at.row.name && of.is_none_or(|of| of == (at.who, at.phase))
}

/// For which reason a rule refuses what access lets through.
fn foretold(at: &At<'_>) -> Option<&'static str> {
    let mut lines = REFUSED_BY_RULE.iter();
    let line = lines.find(|line| is_about(line, at));
    line.map(|(_, _, reason)| *reason)
}

/// Why somebody's event is refused that only the server writes: who may not write at all is told so.
fn refused_as(name: &str, who: &str) -> &'static str {
    match (name, who) {
        (_, "nobody") => "UNAUTHENTICATED",
        (_, "seatless" | "unknown") => "PERMISSION_DENIED",
        ("ledger_opened", _) => "LEDGER_OPENED_ONCE",
        ("snapshot_taken", _) => "SNAPSHOT_BY_SERVER",
        _ => "EVENT_BY_SERVER",
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
            match realm.caller(who).calls(&append(event, false)).await {
                Ok(_) => broken.push(format!("{name}, {who}: was taken")),
                Err(refused) if refused.reason != refused_as(name, who) => {
                    broken.push(format!("{name}, {who}: {refused:?}"));
                }
                Err(_) => {}
            }
        }
    }
    let grown = realm.reader.head().size - size;
    if grown != 0 {
        broken.push(format!("{grown} events were stored"));
    }
    broken
}
