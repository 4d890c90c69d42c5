//! Who may act in an organisation: persons with their logins, and the seats they hold.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::dated::Dated;
use crate::domain::id::{DataSubjectId, DelegationId, EventId, GrantId, PersonId, UnitId};
use crate::domain::indicator::enumeration;
use crate::domain::org_unit::UnitKind;
use crate::domain::personal::FreeText;
use crate::domain::text::{Name, Title, labels};

mod policy;

pub use policy::{AccessPolicy, Authorization, InvalidPolicyText};

enumeration! {
    /// What a seat is for.
    Role {
        /// 部長: sets a department's goals, decides on changes to them.
        Director = "DIRECTOR",
        /// 課等長: answers for a section's initiatives and reports.
        SectionChief = "SECTION_CHIEF",
        /// 担当: reports for a section.
        Clerk = "CLERK",
        /// 企画政策課: keeps plans, calendars and periods of the whole ledger.
        Planning = "PLANNING",
        /// 副市長・市長: evaluates and decides above the departments.
        Evaluator = "EVALUATOR",
        /// 監査: reads everything, writes findings.
        Auditor = "AUDITOR",
        /// 管理者: keeps the server running, writes no facts.
        Administrator = "ADMINISTRATOR",
        /// A client application that submits for the units it is named for.
        Service = "SERVICE",
    }
}

labels! {
    Role {
        Director => "部長", "director";
        SectionChief => "課等長", "section chief";
        Clerk => "担当", "clerk";
        Planning => "企画政策課", "planning office";
        Evaluator => "副市長・市長", "evaluator";
        Auditor => "監査", "auditor";
        Administrator => "管理者", "administrator";
        Service => "連携システム", "client application";
    }
}

impl Role {
    /// The kind of units that its seats are for; `None` where any kind will do.
    pub fn unit_kind(self) -> Option<UnitKind> {
        match self {
            Self::Director => Some(UnitKind::Department),
            Self::SectionChief | Self::Clerk => Some(UnitKind::Section),
            Self::Planning
            | Self::Evaluator
            | Self::Auditor
            | Self::Administrator
            | Self::Service => None,
        }
    }

    /// Whether its seats report, set or decide what stands in the ledger.
    pub fn writes_facts(self) -> bool {
        !matches!(self, Self::Auditor | Self::Administrator)
    }

    /// Whether one person may hold seats of both roles at one time: who looks after the ledger, who checks it and who
    /// writes in it are different people.
    pub fn goes_with(self, other: Self) -> bool {
        self == other || (self.writes_facts() && other.writes_facts())
    }

    /// Whether its seats are for the whole ledger and name no units.
    pub fn is_of_the_whole(self) -> bool {
        matches!(
            self,
            Self::Planning | Self::Evaluator | Self::Auditor | Self::Administrator
        )
    }
}

/// What somebody is known by when they sign in, compared byte by byte.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LoginId {
    /// Who vouches for the subject, such as the URL of an identity provider; `None` where nobody does.
    pub issuer: Option<Name>,
    /// The subject, unique within the issuer.
    pub subject: Name,
}

impl PersonId {
    /// The reference under which texts about the person are kept and erased: the same UUID.
    pub fn data_subject(self) -> DataSubjectId {
        // Both refuse the same UUIDs, so what one took the other takes.
        DataSubjectId::same_as(self)
    }
}

/// Who holds a seat.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Holder {
    /// A person, under all their logins.
    Person(PersonId),
    /// A client application, by what it signs in with.
    Service(LoginId),
}

/// Somebody of the organisation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Person {
    /// Their id, which says nothing by itself.
    pub id: PersonId,
    /// What they are called, by day. The words are asked for each time that they are shown, for they may be erased.
    pub names: Dated<FreeText>,
    /// What they sign in as.
    pub logins: Vec<LoginId>,
    /// The event that registered them.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

impl Person {
    /// Logins of one person at most.
    pub const LOGINS_MAX: usize = 20;
}

/// That somebody holds a seat (職) from a day on (発令).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// Its id.
    pub id: GrantId,
    /// Code of the seat, unique among seats.
    pub seat: Code,
    /// What the seat is called.
    pub title: Title,
    /// What the seat is for.
    pub role: Role,
    /// The units it is for; none for the whole ledger.
    pub units: Arc<[UnitId]>,
    /// Who holds it.
    pub holder: Holder,
    /// First day.
    pub from: Date,
    /// Last day as granted; `None`: until further notice.
    pub to: Option<Date>,
    /// How it ended before, if it did (解除).
    pub revoked: Option<Ending>,
    /// The event that granted it.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

/// That a grant or a delegation ends before its last day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ending {
    /// First day without it.
    pub from: Date,
    /// The event that says so.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
}

impl Grant {
    /// Seats that one holder has on one day at most: each is tried where a caller names none.
    pub const AT_ONCE_MAX: usize = 32;
    /// Units of one seat at most.
    pub const UNITS_MAX: usize = 100;

    /// Last day of it; `None`: until further notice. Before its first day where it was taken back whole.
    pub fn until(&self) -> Option<Date> {
        until(self.to, self.revoked)
    }

    /// Whether it holds on `date`.
    pub fn holds_on(&self, date: Date) -> bool {
        self.from <= date && self.until().is_none_or(|until| date <= until)
    }

    /// Whether it holds on a day from `from` to `to`, `None` being without end.
    pub fn meets(&self, from: Date, to: Option<Date>) -> bool {
        let until = self.until();
        until.is_none_or(|until| self.from <= until && from <= until)
            && to.is_none_or(|to| self.from <= to)
    }
}

/// That somebody may act for a seat from day to day (代決).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Delegation {
    /// Its id.
    pub id: DelegationId,
    /// Code of the seat.
    pub seat: Code,
    /// Who acts.
    pub delegate: PersonId,
    /// Why whoever holds the seat is absent.
    pub ground: FreeText,
    /// First day.
    pub from: Date,
    /// Last day as registered.
    pub to: Date,
    /// How it ended before, if it did.
    pub ended: Option<Ending>,
    /// The event that registered it.
    pub event_id: EventId,
    /// Its position.
    pub position: u64,
    /// When it was recorded.
    pub recorded_at: Timestamp,
}

impl Delegation {
    /// Days of one delegation at most: a leap year.
    pub const DAYS_MAX: i32 = 366;

    /// Its last day; before its first where it was taken back whole.
    pub fn until(&self) -> Date {
        until(Some(self.to), self.ended).unwrap_or(self.to)
    }

    /// Whether it holds on `date`.
    pub fn holds_on(&self, date: Date) -> bool {
        self.from <= date && date <= self.until()
    }
}

fn until(to: Option<Date>, ending: Option<Ending>) -> Option<Date> {
    let before = ending.map(|ending| ending.from.yesterday().unwrap_or(ending.from));
    match (to, before) {
        (Some(to), Some(before)) => Some(to.min(before)),
        (to, before) => to.or(before),
    }
}

/// A seat as somebody has it on a day: their own, or one that they act for.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct SeatHeld {
    /// Code of the seat.
    pub code: Code,
    /// What it is called.
    pub title: Title,
    /// What it is for.
    pub role: Role,
    /// The units it is for; none for the whole ledger.
    pub units: Arc<[UnitId]>,
    /// The grant: the caller's own, or that of whom they act for.
    pub grant: GrantId,
    /// For whom they act, and by which delegation; `None`: the seat is their own.
    pub acting_for: Option<(PersonId, DelegationId)>,
}
