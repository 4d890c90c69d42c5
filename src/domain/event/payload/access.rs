//! Who may act: persons, seats and delegations; and who asked for what.

use jiff::Timestamp;

use crate::domain::access::{Holder, LoginId, Role};
use crate::domain::access_log::{AccessClass, AccessOutcome, AccessedResource};
use crate::domain::code::Code;
use crate::domain::id::{DelegationId, GrantId, PersonId, RequestId, UnitId};
use crate::domain::personal::FreeText;
use crate::domain::text::{Name, Title};

use super::payload;

payload! {
    /// A person of the organisation was registered, with what they sign in as (職員登録).
    PersonRegistered {
        /// The person: a random id, under which their name is erased too.
        person: PersonId,
        /// What they are called.
        name: FreeText,
        /// What they sign in as.
        logins: Vec<LoginId>,
    }
}

payload! {
    /// A person's name or logins changed (職員情報の変更). Logins count from when this is recorded.
    PersonChanged {
        /// The person.
        person: PersonId,
        /// What they are called from now on; `None`: as before.
        name: Option<FreeText>,
        /// All that they sign in as from now on.
        logins: Vec<LoginId>,
    }
}

payload! {
    /// Somebody holds a seat from the valid day on, to its last day where there is one (発令).
    RoleGranted {
        /// The grant.
        grant: GrantId,
        /// Code of the seat (職), unique among seats.
        seat: Code,
        /// What the seat is called.
        title: Title,
        /// What the seat is for.
        role: Role,
        /// The units it is for; none for the whole ledger.
        units: Vec<UnitId>,
        /// Who holds it.
        holder: Holder,
    }
}

payload! {
    /// A grant ended (解除): the valid day is the first without it.
    RoleRevoked {
        /// The grant.
        grant: GrantId,
    }
}

payload! {
    /// Somebody may act for a seat on the valid days (代決者の指定).
    DelegationRegistered {
        /// The delegation.
        delegation: DelegationId,
        /// Code of the seat.
        seat: Code,
        /// Who acts.
        delegate: PersonId,
        /// Why whoever holds the seat is absent.
        ground: FreeText,
    }
}

payload! {
    /// A delegation ended before its last day (代決の終了): the valid day is the first without it.
    DelegationEnded {
        /// The delegation.
        delegation: DelegationId,
    }
}

payload! {
    /// Somebody asked for something of the ledger whose access log this is (アクセス記録). Who asked is the actor; where that
    /// is not known it is the server. Made by the server itself.
    AccessRecorded {
        /// Full name of the method: `daicho.v1.GoalService/GetGoal`.
        rpc: Name,
        /// What kind of thing was asked for.
        class: AccessClass,
        /// What it was asked of; `None`: of the ledger as a whole.
        resource: Option<AccessedResource>,
        /// What for, where the caller said.
        purpose: Option<Name>,
        /// How it ended.
        outcome: AccessOutcome,
        /// gRPC status code, 0 to 16.
        status: u32,
        /// Why it was refused or failed, as the answer said.
        reason: Option<Name>,
        /// The policy that refused it.
        policy: Option<Name>,
        /// Network address that it came from, without a port.
        peer: Option<Name>,
        /// How long it took until it was recorded, the longest of several: microseconds.
        duration_micros: u64,
        /// The caller's id of the call.
        request_id: Option<RequestId>,
        /// How many accesses stand here as one.
        count: u64,
        /// When the first of them was answered, to the microsecond.
        first_at: Timestamp,
        /// When the last of them was answered, to the microsecond.
        last_at: Timestamp,
        /// Whether there were texts about people in an answer.
        personal: bool,
    }
}

payload! {
    /// Accesses were too many within a minute to be recorded each (アクセス記録の省略). Made by the server itself.
    AccessesLeftOut {
        /// Refused ones.
        refusals: u64,
        /// Others.
        others: u64,
        /// From when, to the microsecond.
        first_at: Timestamp,
        /// Until when, to the microsecond.
        last_at: Timestamp,
    }
}
