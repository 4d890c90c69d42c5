//! Who may act in an organisation: persons with their logins, and the seats they hold.

use std::sync::Arc;

use crate::domain::code::Code;
use crate::domain::id::{DelegationId, GrantId, PersonId, UnitId};
use crate::domain::indicator::enumeration;
use crate::domain::org_unit::UnitKind;
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

/// A seat that somebody holds on a day, or acts for.
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
