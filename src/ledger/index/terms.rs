//! What an event can be found by.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{
    Actor, EventType, Lateness, Payload, ReasonCode, Recorded, Stream, StreamKind, Subject,
};
use crate::domain::id::{DataSubjectId, GoalId, IndicatorId, InitiativeId, PersonId, UnitId};
use crate::domain::text::Name;
use crate::merkle::Hash;

/// Something an event can be found by, as the key of its posting lists.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Term {
    bytes: [u8; Self::BYTES_MAX],
    length: u8,
}

impl Term {
    /// Bytes of a key at most: a kind and a hash, or the name of a type.
    const BYTES_MAX: usize = 40;

    fn new(kind: u8, value: &[u8]) -> Self {
        Self::of_parts(&[&[kind], value])
    }

    fn of_parts(parts: &[&[u8]]) -> Self {
        let mut term = Self {
            bytes: [0; Self::BYTES_MAX],
            length: 0,
        };
        for byte in parts.iter().copied().flatten().take(Self::BYTES_MAX) {
            term.bytes[usize::from(term.length)] = *byte;
            term.length += 1;
        }
        term
    }

    /// Events of a stream.
    pub fn stream(stream: Stream) -> Self {
        let kind = match stream.kind {
            StreamKind::Ledger => 1,
            StreamKind::Plan => 2,
            StreamKind::Org => 3,
            StreamKind::Goal => 4,
        };
        Self::of_parts(&[b"s", &[kind], stream.id.as_bytes()])
    }

    /// Events about an indicator.
    pub fn indicator(id: IndicatorId) -> Self {
        Self::new(b'n', id.as_bytes())
    }

    /// Events about an initiative or its indicators.
    pub fn initiative(id: InitiativeId) -> Self {
        Self::new(b'v', id.as_bytes())
    }

    /// Events by an actor. Names are hashed: they may be longer than a key.
    pub fn actor(subject: &Name) -> Self {
        Self::new(b'a', Hash::digest(subject.as_str().as_bytes()).as_bytes())
    }

    /// Events by a person of the directory, under whichever login.
    pub fn person(id: PersonId) -> Self {
        Self::new(b'w', id.as_bytes())
    }

    /// Events about a unit or about what it answered for when they were recorded.
    pub fn unit(id: UnitId) -> Self {
        Self::new(b'u', id.as_bytes())
    }

    /// Events of a type.
    pub fn event_type(event_type: EventType) -> Self {
        Self::new(b't', event_type.code().as_bytes())
    }

    /// Events by a client application.
    pub fn client(name: &Name) -> Self {
        Self::new(b'c', Hash::digest(name.as_str().as_bytes()).as_bytes())
    }

    /// Events with a reason.
    pub fn reason(code: ReasonCode) -> Self {
        Self::new(b'r', code.code().as_bytes())
    }

    /// Events with texts about a person.
    pub fn data_subject(id: DataSubjectId) -> Self {
        Self::new(b'p', id.as_bytes())
    }

    /// Events with evidence of their own.
    pub fn evidenced() -> Self {
        Self::new(b'e', &[])
    }

    /// Events that a decision allowed.
    pub fn decided() -> Self {
        Self::new(b'd', &[])
    }

    /// Reports that came late.
    pub fn late() -> Self {
        Self::new(b'l', &[])
    }

    /// Changes of course that reach back before their record.
    pub fn retroactive() -> Self {
        Self::new(b'b', &[])
    }

    /// Events that hold for a day of a month, but for those that hold for more than
    /// [`Term::MONTHS_MAX`] months.
    pub fn month(year: i16, month: i8) -> Self {
        let [a, b] = year.to_be_bytes();
        Self::new(b'm', &[a, b, month.to_be_bytes()[0]])
    }

    /// Events that hold for more months than each is found by.
    pub fn many_months() -> Self {
        Self::new(b'M', &[])
    }

    /// Months that an event is found by at most.
    pub const MONTHS_MAX: usize = 24;

    /// The lists that hold every event of a day from `first` to `last`; `None` where they are more than
    /// [`Term::MONTHS_MAX`] months.
    pub fn months(first: Date, last: Date) -> Option<Vec<Self>> {
        let next = |(year, month): &(i16, i8)| {
            Some(match month {
                12 => (year + 1, 1),
                _ => (*year, month + 1),
            })
        };
        let months = std::iter::successors(Some((first.year(), first.month())), next);
        let months: Vec<_> = months
            .take_while(|month| *month <= (last.year(), last.month()))
            .take(Self::MONTHS_MAX + 1)
            .map(|(year, month)| Self::month(year, month))
            .collect();
        (months.len() <= Self::MONTHS_MAX).then_some(months)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// By whom events are found. Names are hashed, and most events are by the same as the one before.
#[derive(Debug, Default)]
pub(in crate::ledger) struct Authors(Option<(Arc<Actor>, Vec<Term>)>);

impl Authors {
    fn terms(&mut self, actor: &Arc<Actor>) -> &[Term] {
        if !matches!(&self.0, Some((known, _)) if Arc::ptr_eq(known, actor)) {
            let by = Some(Term::actor(&actor.subject)).into_iter();
            let by = by.chain(actor.client.as_ref().map(Term::client));
            let by = by.chain(actor.person.map(Term::person));
            self.0 = Some((actor.clone(), by.collect()));
        }
        self.0.as_ref().map_or(&[], |(_, terms)| terms)
    }
}

/// Everything `recorded` can be found by. `directory` includes the event itself.
pub(in crate::ledger) fn terms_of(
    recorded: &Recorded,
    directory: &Directory,
    authors: &mut Authors,
) -> Vec<Term> {
    let event = &recorded.event;
    let mut terms = Vec::with_capacity(12);
    terms.push(Term::stream(event.stream));
    terms.push(Term::event_type(event.payload.event_type()));
    terms.extend_from_slice(authors.terms(&recorded.actor));
    terms.extend(
        event
            .reason
            .as_ref()
            .map(|reason| Term::reason(reason.code)),
    );
    let subjects: BTreeSet<_> = event.personal_texts().map(|text| text.subject).collect();
    terms.extend(subjects.into_iter().map(Term::data_subject));
    terms.extend(event.files().next().map(|_| Term::evidenced()));
    terms.extend(event.decision.map(|_| Term::decided()));
    let recorded_on = directory.date_of(recorded.recorded_at);
    let lateness = Lateness::of(event, recorded_on);
    terms.extend(lateness.late.then(Term::late));
    terms.extend(lateness.retroactive.then(Term::retroactive));
    let (first, last) = event
        .valid
        .map_or((recorded_on, recorded_on), |v| (v.from, v.counts_on()));
    match Term::months(first, last) {
        Some(months) => terms.extend(months),
        None => terms.push(Term::many_months()),
    }
    let mut units = BTreeSet::new();
    // A proposal and its steps are found by what the change is about.
    let about = directory.change_of(&event.payload);
    if let Some(id) = about.indicator() {
        terms.push(Term::indicator(id));
        if let Some(entry) = directory.indicator(id) {
            terms.push(Term::initiative(entry.initiative()));
            units_of_initiative(directory, entry.initiative(), &mut units);
        }
    }
    match about {
        Payload::OrgUnitRegistered(p) => {
            units.insert(p.unit);
        }
        Payload::OrgUnitChanged(p) => {
            units.insert(p.unit);
        }
        Payload::RoleGranted(p) => units.extend(p.units.iter().copied()),
        Payload::RoleRevoked(p) => {
            let grant = directory.grant(p.grant).into_iter();
            units.extend(grant.flat_map(|grant| grant.units.iter().copied()));
        }
        Payload::PeriodReopened(p) => {
            terms.extend(p.scope.iter().copied().map(Term::indicator));
        }
        Payload::ReportingCalendarSet(p) => {
            let exceptions = p.rounds.iter().flat_map(|round| &round.exceptions);
            let named: BTreeSet<_> = exceptions.map(|exception| exception.indicator).collect();
            terms.extend(named.into_iter().map(Term::indicator));
        }
        Payload::AuditFindingRecorded(_) | Payload::AuditFindingAnswered(_) => {
            let (_, references) = event.payload.finding_references();
            let mut about = BTreeSet::new();
            for reference in references {
                units.extend(reference.unit());
                match reference.subject() {
                    Some(Subject::Indicator(id)) => about.extend([Term::indicator(id)]),
                    Some(Subject::Initiative(id)) => about.extend([Term::initiative(id)]),
                    // A stream's list holds its own events only, so a goal is found by its department.
                    Some(Subject::Goal(id)) => {
                        units.extend(directory.goal(id).map(|goal| goal.department()));
                    }
                    None => {}
                }
            }
            terms.extend(about);
        }
        Payload::ResponsibilityTransferred(p) => {
            terms.push(Term::initiative(p.initiative));
            if let Some(entry) = directory.initiative(p.initiative) {
                // Both sides of a transfer find it.
                for responsibility in entry.responsibilities() {
                    units.extend(responsibility.units());
                }
            }
        }
        payload => {
            if let Payload::NextActionAgreed(p) = payload {
                units.insert(p.owner_unit);
            }
            if let Some(id) = initiative_of(payload) {
                terms.push(Term::initiative(id));
                units_of_initiative(directory, id, &mut units);
            }
        }
    }
    if event.stream.kind == StreamKind::Goal
        && let Ok(goal) = GoalId::from_bytes(event.stream.id.as_bytes())
        && let Some(entry) = directory.goal(goal)
    {
        units.insert(entry.department());
    }
    terms.extend(units.into_iter().map(Term::unit));
    terms
}

fn units_of_initiative(directory: &Directory, id: InitiativeId, units: &mut BTreeSet<UnitId>) {
    if let Some(entry) = directory.initiative(id) {
        units.extend(entry.responsible().units());
    }
}

fn initiative_of(payload: &Payload) -> Option<InitiativeId> {
    match payload {
        Payload::InitiativeSet(p) => Some(p.initiative),
        Payload::InitiativeReworded(p) => Some(p.initiative),
        Payload::InitiativeMoved(p) => Some(p.initiative),
        Payload::InitiativeCancelled(p) => Some(p.initiative),
        Payload::NarrativeAdded(p) => initiative_subject(&p.subject),
        Payload::EvidenceAttached(p) => initiative_subject(&p.subject),
        Payload::SelfEvaluated(p) => initiative_subject(&p.subject),
        Payload::EvaluationReviewed(p) => initiative_subject(&p.subject),
        Payload::EvaluationFinalised(p) => initiative_subject(&p.subject),
        Payload::NextActionAgreed(p) => initiative_subject(&p.subject),
        Payload::NextActionClosed(p) => initiative_subject(&p.subject),
        _ => None,
    }
}

fn initiative_subject(subject: &Subject) -> Option<InitiativeId> {
    match subject {
        Subject::Initiative(id) => Some(*id),
        Subject::Goal(_) | Subject::Indicator(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_fits_whole() {
        let types = EventType::ALL
            .iter()
            .map(|t| (Term::event_type(*t), t.code()));
        let reasons = ReasonCode::ALL.iter().map(|r| (Term::reason(*r), r.code()));
        for (term, name) in types.chain(reasons) {
            assert_eq!(&term.as_bytes()[1..], name.as_bytes());
        }
    }
}
