//! The audit findings of each plan.

use std::sync::Arc;

use imbl::OrdMap;

use crate::domain::code::Key;
use crate::domain::date::Date;
use crate::domain::event::{AuditFindingAnswered, AuditFindingRecorded, Recorded};
use crate::domain::finding::Finding;
use crate::domain::id::PlanId;

/// The fold.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Findings {
    plans: OrdMap<PlanId, OrdMap<Key, Arc<Finding>>>,
}

impl Findings {
    pub(super) fn get(&self, plan: PlanId, number: &Key) -> Option<&Arc<Finding>> {
        self.plans.get(&plan)?.get(number)
    }

    pub(super) fn of(&self, plan: PlanId) -> Vec<&Arc<Finding>> {
        let of_plan = self.plans.get(&plan).into_iter();
        let mut findings: Vec<_> = of_plan.flat_map(OrdMap::values).collect();
        findings.sort_by_key(|finding| finding.position);
        findings
    }

    pub(super) fn record(&mut self, recorded: &Recorded, p: &AuditFindingRecorded, date: Date) {
        let finding = Arc::new(Finding::new(recorded, p, date));
        let of_plan = self.plans.entry(p.plan).or_default();
        of_plan.insert(p.finding.clone(), finding);
    }

    pub(super) fn answer(&mut self, recorded: &Recorded, p: &AuditFindingAnswered, date: Date) {
        let of_plan = self.plans.get_mut(&p.plan);
        if let Some(finding) = of_plan.and_then(|findings| findings.get_mut(&p.finding)) {
            Arc::make_mut(finding).answer(recorded, p, date);
        }
    }
}
