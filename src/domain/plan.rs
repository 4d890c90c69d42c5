//! A plan: one fiscal year's goals of one organisation.

use crate::domain::code::Code;
use crate::domain::date::DateSpan;
use crate::domain::id::PlanId;
use crate::domain::text::Title;

/// One of the pillars (柱) under which goals stand.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pillar {
    /// Number from 1.
    pub number: u32,
    /// What it stands for.
    pub title: Title,
}

/// A plan as published.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its code, `R5`.
    pub code: Code,
    /// Its title.
    pub title: Title,
    /// The fiscal year's days.
    pub cycle: DateSpan,
    /// The pillars in order; one without goals is listed too.
    pub pillars: Vec<Pillar>,
    /// SHA-256 of the published document.
    pub source_sha256: Option<[u8; 32]>,
}

impl Plan {
    /// The pillar with this number.
    pub fn pillar(&self, number: u32) -> Option<&Pillar> {
        self.pillars.iter().find(|pillar| pillar.number == number)
    }
}
