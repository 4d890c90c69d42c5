//! Which roles may do what by a text of policies, without a ledger: for people who write policies, and for documents.

use std::sync::{Arc, LazyLock};

use uuid::Uuid;

use crate::auth::access::action::{Action, On};
use crate::auth::access::authorizer::{Authorizer, Holding, InForce};
use crate::auth::access::facts::{
    Circumstances, Closing, Facts, GoalFacts, PlanFacts, Resource, person_of,
};
use crate::auth::access::policy_set::CompiledPolicies;
use crate::domain::access::{Role, SeatHeld};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::directory::Directory;
use crate::domain::event::{Actor, AuthMethod};
use crate::domain::id::{GoalId, GrantId, PlanId, UnitId};
use crate::domain::text::{Name, Title};

/// The roles of a table, in the order of its columns.
pub const TABLE_ROLES: [Role; 8] = [
    Role::Director,
    Role::SectionChief,
    Role::Clerk,
    Role::Planning,
    Role::Evaluator,
    Role::Auditor,
    Role::Administrator,
    Role::Service,
];

/// What a role may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Extent {
    /// For any unit.
    Any,
    /// For the units of the seat.
    Own,
    /// Under some circumstance only: for a purpose, on what one wrote oneself, on behalf of a unit with what shows it.
    Sometimes,
    /// Never.
    Never,
}

/// What every role may do by `policies`, action by action in the order of the schema. Units, seats and goals that the policies
/// name do not show in it.
pub fn table(policies: &Arc<CompiledPolicies>) -> Vec<(Action, [Extent; 8])> {
    let asking = Asking::new(InForce::of(policies.clone()));
    let row = |action: &Action| {
        (
            *action,
            TABLE_ROLES.map(|role| asking.extent(*action, role)),
        )
    };
    Action::ALL.iter().map(row).collect()
}

/// What one role may do by `policies`: every action that it may do at all, in the order of the schema, as in [`table`].
pub fn permitted(policies: &InForce, role: Role) -> Vec<(Action, Extent)> {
    let asking = Asking::new(policies.clone());
    let extents = Action::ALL
        .iter()
        .map(|action| (*action, asking.extent(*action, role)));
    extents
        .filter(|(_, extent)| *extent != Extent::Never)
        .collect()
}

struct Asking {
    /// Of its own: questions about units that no ledger has are not remembered beside real ones.
    authorizer: Authorizer,
    policies: InForce,
}

/// Units that no ledger has.
struct Units {
    department: UnitId,
    section: UnitId,
    elsewhere: UnitId,
}

static UNITS: LazyLock<Units> = LazyLock::new(|| {
    let unit = |name| UnitId::derived(Uuid::NAMESPACE_OID, name);
    Units {
        department: unit("department"),
        section: unit("section"),
        elsewhere: unit("elsewhere"),
    }
});

impl Asking {
    fn new(policies: InForce) -> Self {
        Self {
            authorizer: Authorizer::default(),
            policies,
        }
    }

    fn extent(&self, action: Action, role: Role) -> Extent {
        let nothing_particular = Circumstances {
            author: Some("somebody else".to_owned()),
            proposer: Some("somebody else".to_owned()),
            ..Circumstances::default()
        };
        let favourable = Circumstances {
            author: Some(person_of(&asker())),
            on_behalf_of: Some(UNITS.section),
            sourced: true,
            purpose: Some("-".to_owned()),
            ..nothing_particular.clone()
        };
        if self.permits(action, role, false, nothing_particular.clone()) {
            return Extent::Any;
        }
        if self.permits(action, role, true, nothing_particular) {
            return Extent::Own;
        }
        let sometimes = [false, true]
            .into_iter()
            .any(|own| self.permits(action, role, own, favourable.clone()));
        if sometimes {
            Extent::Sometimes
        } else {
            Extent::Never
        }
    }

    fn permits(&self, action: Action, role: Role, own: bool, circumstances: Circumstances) -> bool {
        let units = match (role, own) {
            (Role::Director, true) => vec![UNITS.department],
            (Role::SectionChief | Role::Clerk | Role::Service, true) => vec![UNITS.section],
            (Role::Director | Role::SectionChief | Role::Clerk | Role::Service, false) => {
                vec![UNITS.elsewhere]
            }
            (Role::Planning | Role::Evaluator | Role::Auditor | Role::Administrator, _) => {
                Vec::new()
            }
        };
        let name = Name::parse("-").expect("a dash is a name");
        let seat = SeatHeld {
            code: Code::parse("-").expect("a dash is a code"),
            title: Title { ja: name, en: None },
            role,
            units: units.into(),
            grant: GrantId::derived(Uuid::NAMESPACE_OID, "grant"),
            acting_for: None,
        };
        let plan = PlanId::derived(Uuid::NAMESPACE_OID, "plan");
        let resource = match action.on() {
            On::Goal => Resource::Goal(GoalFacts {
                goal: GoalId::derived(Uuid::NAMESPACE_OID, "goal"),
                plan,
                sections: vec![UNITS.section],
                department: UNITS.department,
                public: false,
                closed: false,
            }),
            On::Plan => Resource::Plan(PlanFacts {
                plan,
                closed: false,
            }),
            On::Ledger => Resource::Ledger,
            On::Server => Resource::Server,
        };
        let day = Date::constant(2023, 10, 1);
        let facts = Facts {
            action,
            resource,
            day,
            circumstances: Circumstances {
                period: Closing::Open,
                ..circumstances
            },
        };
        let actor = asker();
        let holding = Holding {
            actor: &actor,
            seats: &[seat],
            chosen: None,
        };
        self.authorizer
            .permit(&self.policies, holding, &facts, &Directory::default(), day)
            .is_ok()
    }
}

fn asker() -> Actor {
    Actor {
        subject: Name::parse("-").expect("a dash is a name"),
        issuer: None,
        seat: None,
        acting_for: None,
        client: None,
        method: AuthMethod::Oidc,
        evidence_sha256: None,
        person: None,
        permitted_by: None,
    }
}
