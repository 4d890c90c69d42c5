//! Which changes are decided, and by whom (決裁規程): as data that is published and versioned.

use std::collections::HashSet;

use super::{ChangeKind, Proposal};
use crate::domain::access::Role;
use crate::domain::id::UnitId;
use crate::domain::indicator::Inconsistency;

/// Which changes are decided, and by whom. A kind of change without a rule is made without a decision.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApprovalPolicy {
    /// One for each kind at most.
    pub rules: Vec<ApprovalRule>,
}

/// How one kind of change comes about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApprovalRule {
    /// The kind of change.
    pub kind: ChangeKind,
    /// Roles that propose it (起案); none: whoever may write.
    pub drafters: Vec<Role>,
    /// Posts that are asked, each of them (合議).
    pub consulted: Vec<Post>,
    /// Posts that decide, one of them (決裁).
    pub deciders: Vec<Post>,
    /// Posts that decide once a period that ends before its plan does was closed (中間評価後); none: as before it.
    pub deciders_after_midyear: Vec<Post>,
    /// Whether a decision made outside of the ledger is taken.
    pub external: bool,
    /// Days after the last step until a proposal expires (失効).
    pub expires_after_days: u32,
    /// Days within which a decision made in another's place is looked at (後閲).
    pub review_within_days: u32,
}

/// Whoever has a seat of a role, for a unit.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Post {
    /// What the seat is for.
    pub role: Role,
    /// The unit that the seat is for; `None`: one that answers for what is changed.
    pub unit: Option<UnitId>,
}

/// The units that answer for a change.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answering {
    /// Departments of its goals.
    pub departments: Vec<UnitId>,
    /// Sections of its initiatives.
    pub sections: Vec<UnitId>,
}

impl Post {
    /// Whether a seat of this role, for these units, is one of the post's: for its unit, or for one that answers.
    pub fn is_of(&self, role: Role, units: &[UnitId], answering: &Answering) -> bool {
        if self.role != role {
            return false;
        }
        if let Some(unit) = self.unit {
            return units.is_empty() || units.contains(&unit);
        }
        let of = match self.role {
            Role::Director => &answering.departments,
            Role::SectionChief | Role::Clerk => &answering.sections,
            Role::Planning
            | Role::Evaluator
            | Role::Auditor
            | Role::Administrator
            | Role::Service => return true,
        };
        // What is of the whole plan or ledger has no units of its own.
        of.is_empty() || of.iter().any(|unit| units.contains(unit))
    }

    /// A role, for whatever unit answers.
    pub const fn of(role: Role) -> Self {
        Self { role, unit: None }
    }
}

impl ApprovalPolicy {
    /// Posts of one list at most.
    pub const POSTS_MAX: usize = 20;
    /// Days of a rule at most: a leap year.
    pub const DAYS_MAX: u32 = 366;

    /// The rule for a kind of change; `None`: it is not decided.
    pub fn rule(&self, kind: ChangeKind) -> Option<&ApprovalRule> {
        self.rules.iter().find(|rule| rule.kind == kind)
    }

    /// Everything that contradicts within the policy; empty if it is sound.
    pub fn inconsistencies(&self) -> Vec<Inconsistency> {
        let mut found = Vec::new();
        let mut fault = |field: String, problem| found.push(Inconsistency { field, problem });
        let mut kinds = HashSet::new();
        for (index, rule) in self.rules.iter().enumerate() {
            let at = |field: &str| format!("rules[{index}].{field}");
            if !kinds.insert(rule.kind) {
                fault(at("kind"), "a kind of change has one rule");
            }
            if rule.deciders.is_empty() {
                fault(
                    at("deciders"),
                    "somebody has to decide; leave the rule out if nobody has",
                );
            }
            let service = |post: &Post| post.role == Role::Service;
            let later = &rule.deciders_after_midyear;
            if rule.deciders.iter().any(service) || later.iter().any(service) {
                fault(
                    at("deciders"),
                    "a client application submits and never decides",
                );
            }
            for (name, days) in [
                ("expires_after_days", rule.expires_after_days),
                ("review_within_days", rule.review_within_days),
            ] {
                if !(1..=Self::DAYS_MAX).contains(&days) {
                    fault(at(name), "from 1 to 366");
                }
            }
        }
        found
    }
}

impl ApprovalRule {
    /// Who decides, before or after the mid-year evaluation.
    pub fn deciders(&self, after_midyear: bool) -> &[Post] {
        if after_midyear && !self.deciders_after_midyear.is_empty() {
            &self.deciders_after_midyear
        } else {
            &self.deciders
        }
    }
}

impl Default for ApprovalPolicy {
    /// The matrix of DOMAIN.md §7. A correction while its period is open needs no decision; nor does the initial plan, which is
    /// decided as a document and imported.
    fn default() -> Self {
        use ChangeKind as K;
        use Role::{Administrator, Clerk, Director, Evaluator, Planning, SectionChief};
        let posts = |roles: &[Role]| roles.iter().copied().map(Post::of).collect::<Vec<_>>();
        let rule = |kind, drafters: &[Role], consulted: &[Role], deciders: &[Role]| ApprovalRule {
            kind,
            drafters: drafters.to_vec(),
            consulted: posts(consulted),
            deciders: posts(deciders),
            deciders_after_midyear: Vec::new(),
            external: true,
            expires_after_days: Proposal::EXPIRES_AFTER_DAYS,
            review_within_days: Proposal::REVIEW_WITHIN_DAYS,
        };
        // What asks for less goes up to the deputy mayor once the half-year was judged.
        let eased = |kind| ApprovalRule {
            deciders_after_midyear: posts(&[Evaluator]),
            ..rule(kind, &[SectionChief], &[Planning], &[Director])
        };
        // A thief does not wait: of so many posts somebody can be reached.
        let keys = |kind| {
            let deciders = [Administrator, Planning, Director, Evaluator];
            rule(kind, &[Administrator], &[], &deciders)
        };
        let rules = vec![
            // What a section chief proposed is the director's to decide.
            rule(
                K::TargetRaised,
                &[Clerk, SectionChief],
                &[],
                &[SectionChief, Director],
            ),
            eased(K::TargetLowered),
            eased(K::TargetOtherwise),
            eased(K::PartDropped),
            eased(K::Suspended),
            eased(K::Resumed),
            eased(K::Cancelled),
            eased(K::CarriedOver),
            rule(K::Redefined, &[SectionChief], &[Planning], &[Director]),
            rule(
                K::Moved,
                &[SectionChief, Director],
                &[Planning],
                &[Director],
            ),
            rule(
                K::CorrectedSoftClosed,
                &[Clerk, SectionChief, Planning],
                &[],
                &[SectionChief, Director],
            ),
            rule(
                K::CorrectedClosed,
                &[Clerk, SectionChief],
                &[Planning],
                &[Director],
            ),
            rule(K::PeriodClosed, &[Planning], &[], &[Director]),
            rule(K::PeriodReopened, &[Planning], &[], &[Director]),
            rule(K::PolicyChanged, &[Planning], &[], &[Director, Evaluator]),
            // Administrators write nothing, so they propose none of their own kind.
            rule(
                K::AdministratorGranted,
                &[Planning],
                &[],
                &[Planning, Director, Evaluator],
            ),
            keys(K::KeyChanged),
            keys(K::KeyCompromised),
            // A third person carries it out: administrators erase, and neither propose an erasure nor decide on one.
            rule(
                K::DataErased,
                &[SectionChief, Director, Planning],
                &[],
                &[Director],
            ),
        ];
        Self { rules }
    }
}
