//! What an import understood, before anything of it becomes an event.
//!
//! The JSON form of [`Plan`] is what a dry run answers: every text of the source is in it,
//! verbatim, and what was not understood is a [`Warning`], never left out.

use serde::{Serialize, Serializer};

use crate::domain::date::Date;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::quantity::Quantity;

use super::continuation::{Ids, Origin};
pub use super::proposal::Proposal;
use super::reference::Reference;

/// One fiscal year's plan as it was read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Plan {
    /// Which year, and what stands above the tables.
    #[serde(rename = "plan")]
    pub head: Head,
    /// Departments in the order of the source.
    pub departments: Vec<Department>,
    /// What a person should look at.
    pub warnings: Vec<Warning>,
    /// What it was drafted from, where it is a draft that was filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub draft: Option<Draft>,
}

/// A draft of next year's plan that was filled in.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Draft {
    /// What it was made of.
    #[serde(skip)]
    pub origin: Origin,
    /// How many indicators go on with one of the earlier plan.
    pub continued: usize,
    /// How many do not.
    pub new: usize,
    /// Codes of the indicators of the earlier plan whose rows were cleared: they end with it.
    pub ended: Vec<String>,
}

/// What stands above the tables of a plan.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Head {
    /// Short code: `R5`.
    pub code: String,
    /// Title in Japanese.
    pub title: String,
    /// The fiscal year, by the calendar year it begins in.
    #[serde(serialize_with = "as_year")]
    pub fiscal_year: FiscalYear,
    /// Every pillar that the source defines, those without a goal too.
    pub pillars: Vec<PillarTitle>,
}

/// A pillar as the source defines it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PillarTitle {
    /// Number from 1.
    pub number: u32,
    /// Title.
    pub title: String,
    /// Title in English, where the source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
}

/// A department (部) with its goals.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Department {
    /// Name.
    pub name: String,
    /// Name in English, where the source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name_en: Option<String>,
    /// The pillars that it has goals for.
    pub pillars: Vec<Pillar>,
    /// Sections with their English names, where the source has them.
    #[serde(skip)]
    pub sections_en: Vec<(String, String)>,
}

/// A department's goals for one pillar (柱).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Pillar {
    /// Number from 1.
    pub number: u32,
    /// Title as printed above this department's table.
    pub title: String,
    /// Goals in order.
    pub goals: Vec<Goal>,
}

/// A goal (組織目標).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Goal {
    /// The text, verbatim.
    pub text: String,
    /// Title in English, where the source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Latin code beside the derived one, where the source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Initiatives in order.
    pub initiatives: Vec<Initiative>,
}

/// An initiative (取組内容).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Initiative {
    /// The circled number.
    pub number: u32,
    /// The text without its number, verbatim.
    pub text: String,
    /// Title in English, where the source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Responsible sections (課等); the first one leads.
    pub sections: Vec<String>,
    /// Clauses of other documents that it carries out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<Reference>,
    /// Criteria (目標達成基準) in order.
    pub criteria: Vec<Criterion>,
}

/// One bullet of the achievement criteria (目標達成基準).
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Criterion {
    /// The text without its bullet, verbatim.
    pub text: String,
    /// Title in English, where the source has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title_en: Option<String>,
    /// Whether it has a number, an end state, or neither.
    pub kind: Kind,
    /// One for each number that is a target.
    pub measures: Vec<Measure>,
    /// How an indicator would measure it.
    pub proposal: Proposal,
}

/// What a criterion asks for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A number, or something that holds for every member of a set.
    Quantitative,
    /// An end state that is reached or not.
    Milestone,
    /// Neither: a rubric decides.
    Qualitative,
}

/// A number that is a target.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Measure {
    /// What is counted, in the words of the source.
    pub label: String,
    /// How the actual is held against the value.
    pub comparator: Comparison,
    /// The number, exact.
    #[serde(serialize_with = "as_text")]
    pub value: Quantity,
    /// The counter as printed in the catalogue of units, or as in the source if it is not there.
    pub unit: String,
    /// The period that the value is for, if not the year.
    pub per: Option<Per>,
    /// The site or type that the value is for, `all` if it must hold for every member of a set.
    pub scope: Option<String>,
}

/// How an actual is held against a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub enum Comparison {
    /// At least.
    #[serde(rename = ">=")]
    AtLeast,
    /// More than.
    #[serde(rename = ">")]
    MoreThan,
    /// At most.
    #[serde(rename = "<=")]
    AtMost,
    /// Less than.
    #[serde(rename = "<")]
    LessThan,
    /// Exactly.
    #[serde(rename = "=")]
    Exactly,
    /// About.
    #[serde(rename = "~")]
    About,
}

/// A period shorter than the year.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each month.
    Month,
}

/// Something that was not understood, or was decided on evidence that a person should check.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Warning {
    /// The sheet of a workbook.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Line of the source, or row of the sheet, from 1.
    pub line: u64,
    /// The text in question, verbatim.
    pub text: String,
    /// What about it, in English, lower case, no full stop.
    pub message: String,
    /// Whether nothing may be imported because of it.
    #[serde(skip)]
    pub refuses: bool,
}

impl Goal {
    /// What it goes on with: what the first of its indicators does that goes on with one.
    pub fn continued(&self) -> Option<Ids> {
        self.initiatives.iter().find_map(Initiative::continued)
    }
}

impl Initiative {
    /// What it goes on with: what the first of its indicators does that goes on with one.
    pub fn continued(&self) -> Option<Ids> {
        let mut proposals = self.criteria.iter().flat_map(Criterion::proposals);
        proposals.find_map(|own| own.continues.as_ref()?.ids)
    }
}

impl Criterion {
    /// How its indicators would be measured: one for each figure where there are several.
    pub fn proposals(&self) -> &[Proposal] {
        match self.proposal.parts.as_slice() {
            [] => std::slice::from_ref(&self.proposal),
            parts => parts,
        }
    }
}

impl Plan {
    /// Every goal with its department and pillar, in order.
    pub fn goals(&self) -> impl Iterator<Item = (&Department, &Pillar, &Goal)> {
        self.departments.iter().flat_map(|department| {
            department.pillars.iter().flat_map(move |pillar| {
                pillar
                    .goals
                    .iter()
                    .map(move |goal| (department, pillar, goal))
            })
        })
    }

    /// Every initiative, in order.
    pub fn initiatives(&self) -> impl Iterator<Item = &Initiative> {
        self.goals()
            .flat_map(|(_, _, goal)| goal.initiatives.iter())
    }

    /// Every criterion, in order.
    pub fn criteria(&self) -> impl Iterator<Item = &Criterion> {
        self.initiatives()
            .flat_map(|initiative| initiative.criteria.iter())
    }

    /// How each indicator would be measured, in order: each figure of a criterion that has several.
    pub fn proposals(&self) -> impl Iterator<Item = &Proposal> {
        self.criteria().flat_map(Criterion::proposals)
    }

    /// The same, to be changed.
    pub fn proposals_mut(&mut self) -> impl Iterator<Item = &mut Proposal> {
        let pillars = self.departments.iter_mut().flat_map(|own| &mut own.pillars);
        let goals = pillars.flat_map(|pillar| &mut pillar.goals);
        let initiatives = goals.flat_map(|goal| &mut goal.initiatives);
        let criteria = initiatives.flat_map(|initiative| &mut initiative.criteria);
        criteria.flat_map(|criterion| {
            let whole = &mut criterion.proposal;
            match whole.parts.is_empty() {
                true => std::slice::from_mut(whole),
                false => whole.parts.as_mut_slice(),
            }
        })
    }

    /// The different sections, in the order they first appear.
    pub fn sections(&self) -> Vec<&str> {
        let mut seen: Vec<&str> = Vec::new();
        for section in self
            .initiatives()
            .flat_map(|initiative| &initiative.sections)
        {
            if !seen.contains(&section.as_str()) {
                seen.push(section);
            }
        }
        seen
    }
}

fn as_text<S: Serializer>(value: &Quantity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}

fn as_year<S: Serializer>(year: &FiscalYear, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i16(year.year())
}

/// Serialises an optional number as its decimal text.
pub(super) fn as_optional_text<S: Serializer>(
    value: &Option<Quantity>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}

/// Serialises an optional date as ISO 8601.
pub(super) fn as_optional_date<S: Serializer>(
    value: &Option<Date>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => serializer.collect_str(value),
        None => serializer.serialize_none(),
    }
}
