//! The events behind what differs in a subject, step by step.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::{Change, FieldChange, change};
use crate::domain::directory::Named;
use crate::domain::event::{Event, Payload, Stream, Subject};
use crate::domain::id::{GoalId, IndicatorId};
use crate::ledger::index::{Direction, Term};
use crate::ledger::{ReadFault, Reader, Stored};
use crate::projection::describe::{named, subject_of};
use crate::projection::evaluation::At;
use crate::projection::evaluation::cause::{CANDIDATES_MAX, CAUSES_MAX, holds_by};
use crate::projection::goal_diff::portrait::{Portrait, portrait};

/// An event behind a difference.
#[derive(Clone, Debug)]
pub struct Cause {
    /// The event.
    pub stored: Stored,
    /// What it changed, of what was learnt; of what happened the fields that it alone set, if it set any.
    pub change: Option<Change>,
}

/// One step between two points.
#[derive(Clone, Debug, Default)]
pub struct Step {
    /// What differs; `None`: nothing.
    pub change: Option<Change>,
    /// The events behind it, in the order of their positions, [`CAUSES_MAX`] at most.
    pub causes: Vec<Cause>,
    /// Whether there are more.
    pub more: bool,
}

/// The steps between two points.
#[derive(Clone, Debug, Default)]
pub struct Steps {
    /// The same day, from the one state of knowledge to the other.
    pub learnt: Step,
    /// From the one day to the other, by what the second knows.
    pub happened: Step,
    /// From the one policy to the other.
    pub ruled: Step,
}

/// The steps of `subject` from `from` to `to`, which knows at least as much and is of no earlier day.
pub async fn steps(
    reader: &Reader,
    from: &At,
    to: &At,
    subject: Subject,
) -> Result<Steps, ReadFault> {
    let learnt_at = At {
        directory: to.directory.clone(),
        known_at: to.known_at,
        ..from.clone()
    };
    let happened_at = At {
        effective_on: to.effective_on,
        ..learnt_at.clone()
    };
    let first = portrait(reader, from, subject).await?;
    let learnt = portrait(reader, &learnt_at, subject).await?;
    let happened = portrait(reader, &happened_at, subject).await?;
    let last = portrait(reader, to, subject).await?;
    let bare = |before: &Option<Portrait>, after: &Option<Portrait>| Step {
        change: change(before.clone(), after.clone()),
        ..Step::default()
    };
    let mut steps = Steps {
        learnt: bare(&first, &learnt),
        happened: bare(&learnt, &happened),
        ruled: bare(&happened, &last),
    };
    let mut places = Places::default();
    for at in [from, &learnt_at, &happened_at] {
        places.add(at, subject);
    }
    for portrait in [&first, &learnt, &happened].into_iter().flatten() {
        for component in &portrait.components {
            places.add(to, Subject::Indicator(*component));
        }
    }
    if from.known_at < to.known_at {
        let ends = (from, to);
        places
            .learnt(reader, ends, subject, first, &mut steps.learnt)
            .await?;
    }
    if from.effective_on != to.effective_on {
        let ends = (&learnt_at, &happened_at);
        places.happened(reader, ends, &mut steps.happened).await?;
    }
    Ok(steps)
}

/// What a subject's fields rest on.
#[derive(Debug, Default)]
struct Places {
    /// The subject itself and the components of a composite: everything about them.
    own: HashSet<Named>,
    /// What it stands under and what stands under it: what became of that.
    around: HashSet<Named>,
    indicators: BTreeSet<IndicatorId>,
    goals: BTreeSet<GoalId>,
}

impl Places {
    fn add(&mut self, at: &At, subject: Subject) {
        let (directory, on) = (&at.directory, at.effective_on);
        self.own.insert(named(&subject));
        match subject {
            Subject::Goal(id) => {
                self.goals.insert(id);
                let initiatives = directory.initiatives_of_on(id, on);
                self.around.extend(initiatives.map(Named::Initiative));
            }
            Subject::Initiative(id) => {
                let entry = directory.initiative(id);
                self.goals.extend(
                    entry
                        .into_iter()
                        .flat_map(|entry| [entry.placed_on(on).goal, entry.home]),
                );
                let indicators = directory.indicators_of_on(id, on);
                self.around.extend(indicators.map(Named::Indicator));
            }
            Subject::Indicator(id) => {
                self.indicators.insert(id);
                let entry = directory.indicator(id);
                let initiative = entry.map(|entry| entry.placed_on(on).initiative);
                self.goals.extend(entry.map(|entry| entry.home));
                self.around.extend(initiative.map(Named::Initiative));
                let entry = initiative.and_then(|id| directory.initiative(id));
                self.goals.extend(
                    entry
                        .into_iter()
                        .flat_map(|entry| [entry.placed_on(on).goal, entry.home]),
                );
            }
        }
        let goals = self.goals.iter().copied().map(Named::Goal);
        self.around.extend(goals);
    }

    /// Positions from `from` to below `to` of what could bear on the subject, the newest of each kind.
    fn candidates(&self, reader: &Reader, from: u64, to: u64) -> Result<Vec<u64>, ReadFault> {
        let of_indicators = self.indicators.iter().map(|id| Term::indicator(*id));
        let of_goals = self.goals.iter().map(|id| Term::stream(Stream::goal(*id)));
        let mut positions = BTreeSet::new();
        for term in of_indicators.chain(of_goals) {
            let found = reader.postings(&term, from, to, Direction::Backward, CANDIDATES_MAX)?;
            positions.extend(found);
        }
        Ok(positions.into_iter().collect())
    }

    /// Whether an event could bear on the subject.
    fn concerned_by(&self, event: &Event) -> bool {
        let about = subject_of(event);
        let worded = matches!(
            event.payload,
            Payload::GoalReworded(_)
                | Payload::InitiativeReworded(_)
                | Payload::IndicatorReworded(_)
        );
        self.own.contains(&about)
            || (self.around.contains(&about) && event.payload.is_structural() && !worded)
    }

    /// The story from K to K, event by event.
    async fn learnt(
        &self,
        reader: &Reader,
        (from, to): (&At, &At),
        subject: Subject,
        first: Option<Portrait>,
        step: &mut Step,
    ) -> Result<(), ReadFault> {
        let positions = self.candidates(reader, from.known_at, to.known_at)?;
        let (mut directory, mut before) = (from.directory.clone(), first);
        for stored in reader.stored_at(&positions).await? {
            let (position, event) = (stored.recorded.position, &stored.recorded.event);
            if !self.concerned_by(event) {
                continue;
            }
            if event.payload.is_structural() {
                directory = reader.view_at(position + 1).await?.directory;
            }
            let at = At {
                directory: directory.clone(),
                known_at: position + 1,
                ..from.clone()
            };
            let after = portrait(reader, &at, subject).await?;
            let found = change(before, after.clone());
            before = after;
            // What left everything as it was, a correction to the same value, explains nothing.
            let Some(found) = found else {
                continue;
            };
            if CAUSES_MAX <= step.causes.len() {
                step.more = true;
                return Ok(());
            }
            step.causes.push(Cause {
                stored,
                change: Some(found),
            });
        }
        Ok(())
    }

    /// What is dated between D and D, and what the fields that changed rest on.
    async fn happened(
        &self,
        reader: &Reader,
        (from, to): (&At, &At),
        step: &mut Step,
    ) -> Result<(), ReadFault> {
        let mut grounds: BTreeMap<u64, Vec<FieldChange>> = BTreeMap::new();
        if let Some(change) = &step.change {
            let portraits = [change.after.as_ref(), change.before.as_ref()];
            for field in &change.fields {
                let mut portraits = portraits.into_iter().flatten();
                let ground = portraits.find_map(|portrait| portrait.ground(&field.field));
                if let Some(ground) = ground {
                    grounds.entry(ground).or_default().push(field.clone());
                }
            }
        }
        let mut positions: BTreeSet<u64> = grounds.keys().copied().collect();
        positions.extend(self.candidates(reader, 0, to.known_at)?);
        let positions: Vec<u64> = positions.into_iter().collect();
        let (mut found, mut replaced) = (Vec::new(), BTreeSet::new());
        for stored in reader.stored_at(&positions).await? {
            let event = &stored.recorded.event;
            match &event.payload {
                Payload::ActualCorrected(p) => replaced.extend([p.corrects]),
                Payload::ActualRetracted(p) => replaced.extend([p.retracts, event.id]),
                _ => {}
            }
            let dated = !holds_by(event, from.effective_on) && holds_by(event, to.effective_on);
            let fields = grounds.remove(&stored.recorded.position);
            if fields.is_some() || (dated && self.concerned_by(event)) {
                found.push((stored, fields));
            }
        }
        found.retain(|(stored, _)| !replaced.contains(&stored.recorded.event.id));
        step.more = CAUSES_MAX < found.len();
        let skipped = found.len().saturating_sub(CAUSES_MAX);
        let told = found.into_iter().skip(skipped);
        step.causes = told
            .map(|(stored, fields)| Cause {
                stored,
                change: fields.map(Change::of_fields),
            })
            .collect();
        Ok(())
    }
}
