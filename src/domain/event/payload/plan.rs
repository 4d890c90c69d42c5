//! Plans with their periods, calendars and findings, and the units of the organisation.

use crate::domain::code::{Code, Key};
use crate::domain::date::{Date, DateSpan};
use crate::domain::evaluation::policy::PolicyVersion;
use crate::domain::finding::FindingReference;
use crate::domain::id::{EventId, IndicatorId, PlanId, UnitId};
use crate::domain::org_unit::UnitKind;
use crate::domain::personal::FreeText;
use crate::domain::plan::Pillar;
use crate::domain::reporting::ReportingRound;
use crate::domain::text::{Name, Title};

use super::payload;

payload! {
    /// A plan was published (計画公表).
    PlanPublished {
        /// The plan.
        plan: PlanId,
        /// Its code.
        code: Code,
        /// Its title.
        title: Title,
        /// The fiscal year's days.
        cycle: DateSpan,
        /// Its pillars.
        pillars: Vec<Pillar>,
        /// SHA-256 of the published document.
        source_sha256: Option<[u8; 32]>,
    }
}

payload! {
    /// A file was taken in whole (一括取込).
    ImportAccepted {
        /// The plan.
        plan: PlanId,
        /// SHA-256 of the file.
        file_sha256: [u8; 32],
        /// Its name.
        file_name: Name,
        /// How many goals, initiatives and indicators it held.
        goals: u32,
        /// See `goals`.
        initiatives: u32,
        /// See `goals`.
        indicators: u32,
        /// Version of the reader that understood it.
        mapping_version: u32,
    }
}

payload! {
    /// A period of a plan was opened (期間開始): a part of the cycle that is evaluated for itself.
    PeriodOpened {
        /// The plan.
        plan: PlanId,
        /// Its key, unique in the plan.
        period: Key,
        /// What it is called.
        title: Title,
        /// Its days; the last is the evaluation date (評価基準日).
        span: DateSpan,
    }
}

payload! {
    /// Reports into a period need a reason from now on (受付締切).
    PeriodSoftClosed {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
    }
}

payload! {
    /// Nothing is reported into a period any more (確定).
    PeriodClosed {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which closing of the period it is, from 1. A client may leave it out or state what it expects; the ledger
        /// always stores it.
        revision: Option<u32>,
    }
}

payload! {
    /// Some indicators may be reported on again for a while (再開).
    PeriodReopened {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which indicators.
        scope: Vec<IndicatorId>,
        /// Last day on which they are taken, in the ledger's zone.
        until: Date,
    }
}

payload! {
    /// What a period came to when it was closed was frozen (評価時点凍結). Made by the server itself.
    SnapshotTaken {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which closing of it.
        revision: u32,
        /// The event that closed it.
        closed_by: EventId,
        /// D: the day the figures are of.
        effective_on: Date,
        /// K: the size of the ledger they were computed at.
        known_at: u64,
        /// The policy they were computed with.
        policy: PolicyVersion,
        /// How many rows there are.
        rows: u32,
        /// In which form the rows are digested, from 1.
        rows_format: u32,
        /// SHA-256 over the rows.
        rows_sha256: [u8; 32],
        /// Merkle tree head of the ledger at `known_at`.
        root: Option<[u8; 32]>,
    }
}

payload! {
    /// Figures of a closed period were published anew (修正公表). What the ledger computes is left out by clients and
    /// always stored.
    RestatementIssued {
        /// The plan.
        plan: PlanId,
        /// The period.
        period: Key,
        /// Which closing of it is restated.
        revision: u32,
        /// K: the size of the ledger the new figures were computed at.
        known_at: Option<u64>,
        /// The policy they were computed with.
        policy: Option<PolicyVersion>,
        /// How many rows differ, at least 1.
        rows: Option<u32>,
        /// In how many of them a status or a grade differs.
        material: Option<u32>,
        /// In which form the rows are digested, from 1.
        rows_format: Option<u32>,
        /// SHA-256 over the rows that differ.
        rows_sha256: Option<[u8; 32]>,
    }
}

payload! {
    /// A unit was registered (組織登録).
    OrgUnitRegistered {
        /// The unit.
        unit: UnitId,
        /// Its code.
        code: Code,
        /// Its name.
        name: Title,
        /// Its kind.
        kind: UnitKind,
        /// The unit it belongs to.
        parent: Option<UnitId>,
    }
}

payload! {
    /// A unit was renamed, moved or dissolved (改編). What is `None` stays.
    OrgUnitChanged {
        /// The unit.
        unit: UnitId,
        /// Its new name.
        name: Option<Title>,
        /// The unit it now belongs to.
        parent: Option<UnitId>,
        /// Whether it ends the day before the day of effect.
        dissolved: bool,
    }
}

payload! {
    /// For which days a plan asks for reports, and until when (報告日程設定). The whole calendar, in place of the one
    /// before from the day of effect on.
    ReportingCalendarSet {
        /// The plan.
        plan: PlanId,
        /// The rounds, in the order of their reports-for dates.
        rounds: Vec<ReportingRound>,
    }
}

payload! {
    /// An audit found something, and an action was promised (監査指摘).
    AuditFindingRecorded {
        /// The plan in whose year it falls.
        plan: PlanId,
        /// Its number, unique in the plan.
        finding: Key,
        /// What was found.
        text: FreeText,
        /// What it is about.
        references: Vec<FindingReference>,
        /// Last day on time for what was promised.
        due: Date,
        /// What was promised.
        promised: FreeText,
    }
}

payload! {
    /// A finding was answered with what was done (措置).
    AuditFindingAnswered {
        /// The plan.
        plan: PlanId,
        /// The finding's number.
        finding: Key,
        /// The answer.
        text: FreeText,
        /// What was done.
        action: FreeText,
        /// What shows it.
        references: Vec<FindingReference>,
    }
}
