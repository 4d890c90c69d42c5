//! Which part of an evaluation a request wants to see.

use std::collections::BTreeSet;

use crate::api::v1;
use crate::domain::directory::Directory;
use crate::domain::evaluation;
use crate::domain::id::UnitId;
use crate::grpc::event::Choice as _;
use crate::grpc::goal_service::{form, one};
use crate::grpc::status::Refusal;
use crate::projection::evaluation::{GoalEvaluation, IndicatorEvaluation, InitiativeEvaluation};

/// Which goals, initiatives and indicators are told.
pub(super) struct Filter {
    department: Option<UnitId>,
    section: Option<UnitId>,
    pillar: Option<u32>,
    statuses: BTreeSet<evaluation::Status>,
    remarks: BTreeSet<evaluation::Remark>,
}

impl Filter {
    /// Reads what a request asks for.
    pub(super) fn read(
        directory: &Directory,
        request: &v1::EvaluatePlanRequest,
    ) -> Result<Self, Refusal> {
        let unit = |field, text: &Option<String>| {
            text.as_deref()
                .map(|text| one(directory, field, text))
                .transpose()
        };
        let statuses = request.statuses.iter().map(|number| {
            evaluation::Status::from_number(*number)
                .ok_or_else(|| form("statuses", "not one of the choices"))
        });
        let remarks = request.remarks.iter().map(|number| {
            evaluation::Remark::from_number(*number)
                .ok_or_else(|| form("remarks", "not one of the choices"))
        });
        Ok(Self {
            department: unit("department", &request.department)?,
            section: unit("section", &request.section)?,
            pillar: request.pillar,
            statuses: statuses.collect::<Result<_, _>>()?,
            remarks: remarks.collect::<Result<_, _>>()?,
        })
    }

    /// Whether an indicator is told.
    pub(super) fn chooses(
        &self,
        initiative: &InitiativeEvaluation,
        indicator: &IndicatorEvaluation,
    ) -> bool {
        let works_on = |section: UnitId| {
            initiative.lead == section
                || initiative.contributing.contains(&section)
                || indicator.lead == section
                || indicator.contributing.contains(&section)
        };
        let evaluation = &indicator.evaluation;
        self.section.is_none_or(works_on)
            && (self.statuses.is_empty() || self.statuses.contains(&evaluation.status))
            && (self.remarks.is_empty()
                || evaluation
                    .remarks
                    .iter()
                    .any(|remark| self.remarks.contains(remark)))
    }

    /// Whether anything of a goal is told. A goal without indicators is told where nothing is asked of them.
    pub(super) fn leaves(&self, goal: &GoalEvaluation) -> bool {
        let placed = self.department.is_none_or(|unit| unit == goal.department)
            && self.pillar.is_none_or(|pillar| pillar == goal.pillar);
        let whole = self.section.is_none() && self.statuses.is_empty() && self.remarks.is_empty();
        placed
            && (whole
                || goal.initiatives.iter().any(|initiative| {
                    initiative
                        .indicators
                        .iter()
                        .any(|indicator| self.chooses(initiative, indicator))
                }))
    }
}
