//! Ids: one newtype for each kind, so that none is taken for another.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The text is not a UUID that may be used as an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidId {
    /// Not 32 hexadecimal digits in the form 8-4-4-4-12.
    #[error("not a UUID in the form `01890a5d-ac96-774b-bcce-b302099a8057`")]
    NotAUuid,
    /// All bits zero or all bits one: reserved values that no generator makes.
    #[error("the nil and the max UUID cannot be ids")]
    Reserved,
}

fn checked(uuid: Uuid) -> Result<Uuid, InvalidId> {
    if uuid.is_nil() || uuid.is_max() {
        Err(InvalidId::Reserved)
    } else {
        Ok(uuid)
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Uuid);

        impl $name {
            /// Takes any UUID but the nil and the max one.
            pub fn new(uuid: Uuid) -> Result<Self, InvalidId> {
                checked(uuid).map(Self)
            }

            /// Takes 16 bytes in network order.
            pub fn from_bytes(bytes: &[u8]) -> Result<Self, InvalidId> {
                Uuid::from_slice(bytes).map_err(|_| InvalidId::NotAUuid).and_then(Self::new)
            }

            /// The version 5 id of `name` within `space`: the same inputs give the same id for ever.
            pub fn derived(space: Uuid, name: &str) -> Self {
                Self(Uuid::new_v5(&space, name.as_bytes()))
            }

            /// The 16 bytes in network order.
            pub fn as_bytes(&self) -> &[u8; 16] {
                self.0.as_bytes()
            }

            /// The UUID itself.
            pub fn uuid(&self) -> Uuid {
                self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                // Only the hyphenated form: one id has one spelling.
                if text.len() != 36 { return Err(InvalidId::NotAUuid); }
                Uuid::try_parse(text).map_err(|_| InvalidId::NotAUuid).and_then(Self::new)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    )*};
}

ids! {
    /// One organisation's sequence of events.
    LedgerId,
    /// One fiscal year's plan.
    PlanId,
    /// A department, section or other unit of the organisation.
    UnitId,
    /// A goal (組織目標).
    GoalId,
    /// An initiative (取組内容) of a goal.
    InitiativeId,
    /// An indicator: one measurable line of the achievement criteria (目標達成基準).
    IndicatorId,
    /// An event; chosen by the client, it is the fact's own identity.
    EventId,
    /// One append call, so that a retry is recognised.
    RequestId,
    /// The goal, plan, unit or ledger that a stream is about.
    StreamId,
    /// A next action (今後の対応) agreed on in an evaluation.
    ActionId,
    /// A person whom texts are about, under whom they are found and erased. Random, never a staff number.
    DataSubjectId,
    /// A person of the organisation's directory, the same through all their logins and seats. Random, never a staff number.
    PersonId,
    /// That somebody holds a seat (職) for a time.
    GrantId,
    /// That somebody may act for a seat for a time (代決).
    DelegationId,
    /// A change that was proposed (起案).
    ProposalId,
}

impl DataSubjectId {
    /// The reference of a person of the directory: their own UUID.
    pub fn same_as(person: PersonId) -> Self {
        Self(person.0)
    }
}

impl From<GoalId> for StreamId {
    fn from(id: GoalId) -> Self {
        Self(id.0)
    }
}
impl From<PlanId> for StreamId {
    fn from(id: PlanId) -> Self {
        Self(id.0)
    }
}
impl From<UnitId> for StreamId {
    fn from(id: UnitId) -> Self {
        Self(id.0)
    }
}
impl From<LedgerId> for StreamId {
    fn from(id: LedgerId) -> Self {
        Self(id.0)
    }
}

impl EventId {
    /// One that was an id before it was taken apart.
    pub(crate) fn put_together(bytes: u128) -> Self {
        Self(Uuid::from_u128(bytes))
    }
}
