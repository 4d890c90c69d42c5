//! What those are called who did what an answer tells: the person, the seat and its units, as of the day of the record.
//!
//! Leaves name people by an id, for names may be erased. So an answer asks for the names of those it shows, once each, when it
//! is made; nothing keeps them. Who acted is said of every record, so that their names are in an answer is no access to texts
//! about people: it would be one of nearly every answer.

use std::collections::HashMap;

use prost_types::Timestamp;

use crate::api::v1;
use crate::domain::access::{Grant, Holder};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::id::{PersonId, UnitId};
use crate::grpc::event::show_title;
use crate::ledger::unnoticed;

/// The message, with the names of all whom it shows.
pub(super) fn told<M: Actors>(directory: &Directory, mut message: M) -> M {
    if !directory.knows_persons() {
        return message;
    }
    let mut names = Names {
        directory,
        known: HashMap::new(),
    };
    unnoticed(|| message.actors(&mut |actor, recorded_at| names.tell(actor, recorded_at)));
    message
}

/// Names that one answer has asked for.
struct Names<'a> {
    directory: &'a Directory,
    /// By the person, and by the event that named them so.
    known: HashMap<(PersonId, u64), String>,
}

impl Names<'_> {
    fn tell(&mut self, actor: &mut v1::Actor, recorded_at: Option<&Timestamp>) {
        let person = actor.person_id.as_deref().and_then(|id| id.parse().ok());
        let Some(person): Option<PersonId> = person else {
            return;
        };
        let directory = self.directory;
        let Some(known) = directory.person(person) else {
            return;
        };
        let Some(on) = recorded_at.and_then(|stamp| day(directory, stamp)) else {
            return;
        };
        let name = known.names.version_on(on);
        let words = self.known.entry((person, name.position));
        let words = words.or_insert_with(|| name.value.to_string());
        actor.known_as = Some(v1::KnownAs {
            name: words.clone(),
            seats: seats(directory, person, actor.seat.as_deref(), on),
        });
    }
}

fn day(directory: &Directory, stamp: &Timestamp) -> Option<Date> {
    let nanos = stamp.nanos;
    let instant = jiff::Timestamp::new(stamp.seconds, nanos).ok()?;
    Some(directory.date_of(instant))
}

/// The seat that the record names, else those that the person held that day.
fn seats(
    directory: &Directory,
    person: PersonId,
    seat: Option<&str>,
    on: Date,
) -> Vec<v1::KnownSeat> {
    let named = seat.and_then(|seat| Code::parse(seat).ok());
    let show = |grant: &Grant| known_seat(directory, grant, on);
    match named {
        Some(code) => directory
            .holders_of(&code, on)
            .take(1)
            .map(|g| show(g))
            .collect(),
        None => directory
            .grants_of(&Holder::Person(person))
            .filter(|grant| grant.holds_on(on))
            .map(|grant| show(grant))
            .collect(),
    }
}

fn known_seat(directory: &Directory, grant: &Grant, on: Date) -> v1::KnownSeat {
    let unit = |id: &UnitId| Some(show_title(directory.unit(*id)?.name_on(on)));
    v1::KnownSeat {
        seat: grant.seat.to_string(),
        title: Some(show_title(&grant.title)),
        units: grant.units.iter().filter_map(unit).collect(),
    }
}

/// Messages that show who did something.
pub(super) trait Actors {
    /// Every actor in it, with the time of the record.
    fn actors(&mut self, tell: &mut dyn FnMut(&mut v1::Actor, Option<&Timestamp>));
}

impl<T: Actors> Actors for Option<T> {
    fn actors(&mut self, tell: &mut dyn FnMut(&mut v1::Actor, Option<&Timestamp>)) {
        if let Some(inner) = self {
            inner.actors(tell);
        }
    }
}

impl<T: Actors> Actors for Vec<T> {
    fn actors(&mut self, tell: &mut dyn FnMut(&mut v1::Actor, Option<&Timestamp>)) {
        for inner in self {
            inner.actors(tell);
        }
    }
}

/// Which fields of a message show who did something, and whether it does so itself.
macro_rules! actors {
    (itself $message:ident $tell:ident) => {
        if let Some(actor) = &mut $message.actor {
            $tell(actor, $message.recorded_at.as_ref());
        }
    };
    ($($message:ident $(+ $own:ident)? { $($field:ident),* })*) => {$(
        impl Actors for v1::$message {
            fn actors(&mut self, tell: &mut dyn FnMut(&mut v1::Actor, Option<&Timestamp>)) {
                $(actors!($own self tell);)?
                $(self.$field.actors(tell);)*
            }
        }
    )*};
}

actors! {
    Change + itself {}
    SampledChange { change }
    ListChangesResponse { changes }
    SampleChangesResponse { sampled }
    Confirmation + itself {}
    Attachment + itself {}
    TrailLink + itself { confirmations }
    GetEntryTrailResponse { links, attachments }
    EventReference + itself {}
    Flag { events }
    ListFlagsResponse { flags }
    FindingAnswer + itself {}
    AuditFinding + itself { answer }
    ListAuditFindingsResponse { findings }
    Cause + itself {}
    RowStep { causes }
    SubjectDifference { learnt, happened, ruled }
    DiffGoalResponse { differences }
    FigureStep { events }
    FigureContribution { event }
    ExplainFigureResponse { steps, contributions }
    TargetChange { event, last_report }
    ListTargetChangesResponse { changes }
    Entry + itself { confirmations }
    Forecast + itself {}
    Narrative + itself {}
    Indicator { last_entry, last_forecast }
    Initiative { indicators }
    Goal { initiatives, narratives, attachments }
    GetGoalResponse { goal }
    Judgement + itself {}
    Judgements { self_evaluated, reviewed, finalised }
    IndicatorEvaluation { judgements }
    InitiativeEvaluation { indicators, judgements }
    GoalEvaluation { initiatives, judgements }
    EvaluatePlanResponse { goals }
    RowDifference { learnt, happened, ruled }
    CompareEvaluationsResponse { differences }
    Responsibility { event }
    UnitChange { event }
    GetResponsibilityResponse { changes, responsibilities, transfers, placed_by }
    FieldsConfirmed { confirmation }
    DefinitionVersion { confirmed }
    GetSeriesResponse { indicator, entries, forecasts, definitions }
}
