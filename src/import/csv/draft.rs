//! A draft of next year's plan, filled in: what each row goes on with, what ends, and the rows in the order and form of a
//! table.
//!
//! People sort a draft, clear rows and leave blank what the row above says. So a blank goal is that of the other rows that
//! went under the same goal last year, and only for rows of its own that of the row above; and a goal or initiative is in one
//! place, wherever its rows stand.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::super::cell;
use super::super::continuation::{Continuation, Made, Origin};
use super::super::correction::{MEASURES, by_word};
use super::super::text::key;
use super::super::understood::Draft;
use super::column::Column;
use super::record::Record;
use super::{Place, Reading};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::id::{GoalId, InitiativeId};
use crate::domain::indicator::MeasureType;

/// The cells that say what is to be reached; blank in all of them and the text, a row ends.
const AIMS: [Column; 2] = [Column::Value, Column::Due];
/// What stands for a target that holds for every member of a set.
const ALL: [&str; 2] = ["全対象", "all"];
/// What is wrong where an id does not fit its row.
const CHANGED: &str = "a hidden id was changed, or the row's code; undo that, or write the draft again and fill it in anew";

/// What has been read of a draft.
#[derive(Debug, Default)]
pub(super) struct Drafted {
    origin: Option<Origin>,
    /// Codes of what ends.
    ended: Vec<String>,
}

impl Drafted {
    /// The draft as it was understood, with how many of its indicators go on with another.
    pub(super) fn understood(&self, continued: usize, new: usize) -> Option<Draft> {
        Some(Draft {
            origin: self.origin?,
            continued,
            new,
            ended: self.ended.clone(),
        })
    }
}

/// Where a row stands in the new plan.
#[derive(Clone, Debug, Default)]
struct Standing {
    department: String,
    pillar: String,
    pillar_title: String,
    goal: String,
    initiative: String,
    sections: String,
}

/// What the rows say that went under one goal or initiative last year.
#[derive(Default)]
struct Groups {
    goals: HashMap<GoalId, Standing>,
    initiatives: HashMap<InitiativeId, Standing>,
}

/// Rows in the new plan's order: goals, in them initiatives, each found by its words.
#[derive(Default)]
struct Arranged {
    goals: Vec<OfGoal>,
    places: HashMap<[String; 3], usize>,
}

/// A goal with its initiatives.
struct OfGoal {
    standing: Standing,
    initiatives: Vec<OfInitiative>,
    places: HashMap<String, usize>,
}

/// An initiative with its rows.
struct OfInitiative {
    standing: Standing,
    rows: Vec<Record>,
}

impl Reading {
    /// What the row says that it goes on with.
    pub(super) fn continuation(&mut self, record: &Record) -> Option<Continuation> {
        let line = record.line;
        let (code, made) = (record.some(Column::Continues), record.some(Column::Made));
        let (code, made) = match (code, made) {
            (None, None) => return None,
            (Some(code), None) => (code, None),
            (code, Some(text)) => {
                let code = code.unwrap_or_default();
                let Some(made) = Made::parse(&text, &code) else {
                    self.fault(line, Column::Continues, CHANGED);
                    return None;
                };
                (code, Some(made))
            }
        };
        match self.continued.entry(code.clone()) {
            Entry::Occupied(other) => {
                let other = *other.get();
                let message = format!("`{code}` is continued in row {other} already");
                self.fault(line, Column::Continues, message);
                return None;
            }
            Entry::Vacant(free) => {
                free.insert(line);
            }
        }
        let place = self.placing.as_ref().map(|placing| Place {
            sheet: placing.sheet.clone(),
            cell: self.address(line, Column::Continues),
            row: line,
        });
        Some(Continuation {
            code,
            made,
            ids: None,
            place,
            line,
        })
    }

    /// The rows of a draft as a table has them; other rows stay as they are.
    pub(super) fn arranged(&mut self, records: Vec<Record>) -> Vec<Record> {
        if !self.is_draft {
            return records;
        }
        let (mut pillars, mut rows): (Vec<Record>, Vec<Record>) =
            records.into_iter().partition(Record::defines_pillar);
        for row in &mut rows {
            row.continues = self.continuation(row);
            self.same_draft(row);
        }
        let groups = Groups::of(&rows);
        let mut arranged = Arranged::default();
        let mut above = Standing::default();
        for row in rows {
            let standing = groups.standing(&row, &above);
            above.clone_from(&standing);
            let pillar = pillar_of(&standing, row.line);
            match self.aimed(row) {
                Some(row) => self.placed(&standing, row, &mut arranged),
                // What ends was under a pillar that stays one.
                None => pillars.push(pillar),
            }
        }
        let mut goals = arranged.goals;
        if goals.is_empty()
            && let Some(line) = self.continued.values().min().copied()
        {
            let message = "every row is cleared, so there is no plan; leave what goes on filled in";
            self.fault(line, None, message);
        }
        // Goals of one department and pillar stand together, in the order in which they first come.
        let mut order: HashMap<(String, String), usize> = HashMap::new();
        goals.sort_by_cached_key(|goal| {
            let section = (key(&goal.standing.department), key(&goal.standing.pillar));
            let next = order.len();
            *order.entry(section).or_insert(next)
        });
        let rows = goals.into_iter().flat_map(in_form);
        rows.chain(pillars).collect()
    }

    /// Every row is of the same draft, and for the year that it says.
    fn same_draft(&mut self, row: &Record) {
        let Some(made) = row.continues.as_ref().and_then(|own| own.made.as_ref()) else {
            return;
        };
        let origin = made.draft;
        if *self.drafted.origin.get_or_insert(origin) != origin {
            let message = "of another draft than the rows above; bring in one draft at a time";
            self.fault(row.line, Column::Continues, message);
        }
        let year = row.some(Column::Year);
        if year.is_some_and(|year| FiscalYear::parse(&year) != Ok(origin.year)) {
            let message = format!("the draft is for {}", origin.year.code());
            self.fault(row.line, Column::Year, message);
        }
    }

    /// The row with a text and a target; `None`: it ends, or what is wrong with it was told.
    fn aimed(&mut self, mut row: Record) -> Option<Record> {
        let line = row.line;
        let filled = |column: Column| !row.cell(column).is_empty();
        let aims = AIMS.into_iter().find(|column| filled(*column));
        if !filled(Column::Criterion) {
            match (aims, &row.continues) {
                (Some(_), _) => {
                    let message = "a target without a text; clear the target too where it ends";
                    self.fault(line, Column::Criterion, message);
                }
                (None, Some(continued)) => self.drafted.ended.push(continued.code.clone()),
                // A row of its own without a text is told like that of any table.
                (None, None) => return Some(row),
            }
            return None;
        }
        let measure = by_word(MEASURES, MeasureType::from_code, row.cell(Column::Measure));
        let wanting = match measure {
            Some(MeasureType::Milestone) if !filled(Column::Due) => Some((
                Column::Due,
                "a step of work without its last day; fill it in, or clear the text where it ends",
            )),
            Some(MeasureType::Milestone) => None,
            Some(_) if !filled(Column::Value) => Some((
                Column::Value,
                "a text without a target; fill it in, or clear the text where it ends",
            )),
            None if aims.is_none() => Some((
                Column::Value,
                "a text without a target; fill it in, for a step of work 期限, or clear the text where it ends",
            )),
            _ => None,
        };
        if let Some((column, message)) = wanting {
            self.fault(line, column, message);
        }
        if ALL.contains(&row.cell(Column::Value)) {
            row.cells.remove(&Column::Value);
        }
        Some(row)
    }

    /// Puts a row under its goal and initiative.
    fn placed(&mut self, standing: &Standing, row: Record, arranged: &mut Arranged) {
        let line = row.line;
        if standing.goal.is_empty() {
            let message = "blank, also in the rows that went under the same goal";
            self.fault(line, Column::Goal, message);
        }
        if 1 < cell::initiatives(&standing.initiative).len() {
            let message = "several initiatives; each has rows of its own";
            self.fault(line, Column::Initiative, message);
        }
        let goal = arranged.goal(standing);
        let next = goal.initiatives.len();
        let place = goal.places.entry(key(&unnumbered(&standing.initiative)));
        let place = *place.or_insert(next);
        match goal.initiatives.get_mut(place) {
            Some(initiative) => {
                if key(&initiative.standing.sections) != key(&standing.sections) {
                    let message = "other sections than in another row of the same initiative";
                    self.fault(line, Column::Sections, message);
                }
                initiative.rows.push(row);
            }
            None => goal.initiatives.push(OfInitiative {
                standing: standing.clone(),
                rows: vec![row],
            }),
        }
    }
}

impl Arranged {
    fn goal(&mut self, standing: &Standing) -> &mut OfGoal {
        let words = [&standing.department, &standing.pillar, &standing.goal];
        let next = self.goals.len();
        let place = *self
            .places
            .entry(words.map(|word| key(word)))
            .or_insert(next);
        if place == next {
            self.goals.push(OfGoal {
                standing: standing.clone(),
                initiatives: Vec::new(),
                places: HashMap::new(),
            });
        }
        &mut self.goals[place]
    }
}

impl Groups {
    fn of(rows: &[Record]) -> Self {
        let mut groups = Self::default();
        for row in rows {
            let Some(made) = row.continues.as_ref().and_then(|own| own.made.as_ref()) else {
                continue;
            };
            let goal = groups.goals.entry(made.ids.goal).or_default();
            fill(&mut goal.department, row, Column::Department);
            fill(&mut goal.pillar, row, Column::Pillar);
            fill(&mut goal.pillar_title, row, Column::PillarTitle);
            fill(&mut goal.goal, row, Column::Goal);
            let initiative = groups.initiatives.entry(made.ids.initiative).or_default();
            fill(&mut initiative.initiative, row, Column::Initiative);
            fill(&mut initiative.sections, row, Column::Sections);
        }
        groups
    }

    /// Where a row stands: by its own words, by those of its kin of last year, by the row above.
    fn standing(&self, row: &Record, above: &Standing) -> Standing {
        let made = row.continues.as_ref().and_then(|own| own.made.as_ref());
        let of_goal = made.and_then(|made| self.goals.get(&made.ids.goal));
        let of_initiative = made.and_then(|made| self.initiatives.get(&made.ids.initiative));
        let own = |column: Column, kin: Option<&String>, above: &String| {
            let own = row.some(column);
            own.unwrap_or_else(|| kin.unwrap_or(above).clone())
        };
        let pillar = own(
            Column::Pillar,
            of_goal.map(|goal| &goal.pillar),
            &above.pillar,
        );
        let titled = of_goal.filter(|goal| goal.pillar == pillar);
        let titled = titled.or((above.pillar == pillar).then_some(above));
        let initiative = own(
            Column::Initiative,
            of_initiative.map(|kin| &kin.initiative),
            &above.initiative,
        );
        let alike = |kin: &&Standing| kin.initiative == initiative;
        let sections = of_initiative.filter(alike).or(Some(above).filter(alike));
        Standing {
            department: own(
                Column::Department,
                of_goal.map(|goal| &goal.department),
                &above.department,
            ),
            pillar_title: row
                .some(Column::PillarTitle)
                .or_else(|| titled.map(|titled| titled.pillar_title.clone()))
                .unwrap_or_default(),
            pillar,
            goal: own(Column::Goal, of_goal.map(|goal| &goal.goal), &above.goal),
            sections: row
                .some(Column::Sections)
                .or_else(|| sections.map(|kin| kin.sections.clone()))
                .unwrap_or_default(),
            initiative,
        }
    }
}

/// A row that only says what a pillar is called.
fn pillar_of(standing: &Standing, line: u64) -> Record {
    let cells = [
        (Column::Pillar, standing.pillar.clone()),
        (Column::PillarTitle, standing.pillar_title.clone()),
    ];
    Record {
        line,
        cells: cells.into_iter().collect(),
        continues: None,
    }
}

fn fill(known: &mut String, row: &Record, column: Column) {
    if known.is_empty() {
        row.cell(column).clone_into(known);
    }
}

/// An initiative's text without its number.
fn unnumbered(text: &str) -> String {
    let mut parts = cell::initiatives(text).into_iter();
    parts.next().map_or_else(String::new, |(_, text)| text)
}

/// The rows of a goal: its text and those of its initiatives, numbered from 1, where they begin.
fn in_form(goal: OfGoal) -> Vec<Record> {
    let mut rows = Vec::new();
    let of_goal = goal.standing;
    let mut text = Some(of_goal.goal);
    for (
        number,
        OfInitiative {
            standing,
            rows: own,
        },
    ) in (1..).zip(goal.initiatives)
    {
        let number = cell::numbered(number);
        let initiative = unnumbered(&standing.initiative);
        let initiative = match initiative.is_empty() {
            true => initiative,
            false => format!("{number}{initiative}"),
        };
        let mut begins = Some((initiative, standing.sections));
        for mut row in own {
            let (initiative, sections) = begins.take().unwrap_or_default();
            let cells = [
                (Column::Department, of_goal.department.clone()),
                (Column::Pillar, of_goal.pillar.clone()),
                (Column::PillarTitle, of_goal.pillar_title.clone()),
                (Column::Goal, text.take().unwrap_or_default()),
                (Column::Initiative, initiative),
                (Column::Sections, sections),
            ];
            row.cells.extend(cells);
            rows.push(row);
        }
    }
    rows
}
