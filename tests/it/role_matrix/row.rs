//! A row of the matrix: a request for each place that somebody can ask about, and what its answer has to tell.

use daicho::api::v1::EventInput;
use prost::Message;

use super::place::Place;
use super::wire::{Call, Last};
use super::world::{Ground, call};

/// What an answer tells whoever may have it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Tells {
    /// Nothing in particular: to be answered is all.
    Anything,
    /// Of the place that is asked about: whoever may not read of it may be answered, with that left out.
    OfPlace,
    /// The same, of its code alone.
    CodeOfPlace,
    /// These words.
    Words(&'static str),
}

/// What kind of request it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    /// Asks for something.
    Reads,
    /// Appends an event about a goal, or what stands under it.
    WritesOfGoal,
    /// Appends an event about a plan or the ledger.
    WritesOfWhole,
    /// Anything else that changes something.
    Operates,
}

/// Who asks about what.
pub(super) struct Asked<'a> {
    pub(super) ground: &'a Ground,
    pub(super) place: &'a Place,
    /// The column of whoever asks.
    pub(super) by: &'static str,
}

type Build<T> = Box<dyn Fn(&Asked<'_>) -> T + Send + Sync>;

/// How it is asked.
pub(super) enum Asks {
    Calls(Build<Call>),
    Appends {
        event: Build<EventInput>,
        on_behalf_of: bool,
    },
}

/// A method, or an event that one of them appends, with a request for it.
pub(super) struct Row {
    /// `Service/Method`, or the field of the event; behind a `:` what is particular about it.
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) tells: Tells,
    /// Whether what is asked differs from place to place.
    pub(super) is_placed: bool,
    pub(super) asks: Asks,
}

impl Row {
    /// The method or the field, without what is particular.
    pub(super) fn of(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }
}

fn method_of(name: &str) -> &str {
    name.split(':').next().unwrap_or_default()
}

/// A request that is the same wherever somebody works.
pub(super) fn asks<M: Message + 'static>(
    kind: Kind,
    name: &'static str,
    tells: Tells,
    build: fn(&Ground) -> M,
) -> Row {
    Row {
        name: name.to_owned(),
        kind,
        tells,
        is_placed: false,
        asks: Asks::Calls(Box::new(move |asked| {
            call(method_of(name), &build(asked.ground))
        })),
    }
}

/// A read of the whole.
pub(super) fn reads<M: Message + 'static>(
    name: &'static str,
    tells: Tells,
    build: fn(&Ground) -> M,
) -> Row {
    asks(Kind::Reads, name, tells, build)
}

/// A read of a place.
pub(super) fn reads_of<M: Message + 'static>(
    name: &'static str,
    tells: Tells,
    build: fn(&Place, &Ground) -> M,
) -> Row {
    Row {
        name: name.to_owned(),
        kind: Kind::Reads,
        tells,
        is_placed: true,
        asks: Asks::Calls(Box::new(move |asked| {
            call(method_of(name), &build(asked.place, asked.ground))
        })),
    }
}

impl Row {
    /// The same, read up to what `last` says.
    pub(super) fn until(mut self, last: Last) -> Self {
        self.asks = match self.asks {
            Asks::Calls(build) => Asks::Calls(Box::new(move |asked| Call {
                last: Some(last),
                ..build(asked)
            })),
            appends @ Asks::Appends { .. } => appends,
        };
        self
    }

    /// The same, for a purpose.
    pub(super) fn for_purpose(mut self, purpose: &'static str) -> Self {
        self.asks = match self.asks {
            Asks::Calls(build) => Asks::Calls(Box::new(move |asked| {
                let mut call = build(asked);
                call.says.purpose = Some(purpose);
                call
            })),
            appends @ Asks::Appends { .. } => appends,
        };
        self
    }

    /// The same, entered for the section of the place.
    pub(super) fn on_behalf(mut self) -> Self {
        if let Asks::Appends { on_behalf_of, .. } = &mut self.asks {
            *on_behalf_of = true;
        }
        self
    }
}

/// An event about a place.
pub(super) fn writes_of(
    name: &'static str,
    event: impl Fn(&Asked<'_>) -> EventInput + Send + Sync + 'static,
) -> Row {
    Row {
        name: name.to_owned(),
        kind: Kind::WritesOfGoal,
        tells: Tells::Anything,
        is_placed: true,
        asks: Asks::Appends {
            event: Box::new(event),
            on_behalf_of: false,
        },
    }
}

/// An event about a plan or the ledger.
pub(super) fn writes(
    name: &'static str,
    event: impl Fn(&Asked<'_>) -> EventInput + Send + Sync + 'static,
) -> Row {
    Row {
        kind: Kind::WritesOfWhole,
        is_placed: false,
        ..writes_of(name, event)
    }
}

/// A message of the ledger with fields of its own; all that lists go by is asked for at once.
macro_rules! of_ledger {
    ($message:ident { $($field:ident: $value:expr),* $(,)? }) => {
        $message {
            ledger: $crate::role_matrix::world::LEDGER.to_owned(),
            $($field: $value,)*
            ..$message::default()
        }
    };
}
pub(super) use of_ledger;
