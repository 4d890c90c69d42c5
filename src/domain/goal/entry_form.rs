//! What a report on an indicator looks like today: what a client application needs to build its form, with one event
//! that the ledger would take.

use jiff::Span;

use crate::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use crate::domain::code::Key;
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::IndicatorEntry;
use crate::domain::event::{
    ActualRecorded, Event, Evidence, Reason, ReasonCode, Stream, Subject, Validity,
};
use crate::domain::goal::decide::{LedgerContext, decide};
use crate::domain::goal::{Goal, Indicator};
use crate::domain::id::{EventId, IndicatorId};
use crate::domain::indicator::{Definition, Disclosure, EntryKind, Member};
use crate::domain::period::Lock;
use crate::domain::personal::FreeText;
use crate::domain::quantity::Quantity;
use crate::domain::target::{Aim, EndState};
use crate::domain::text::Name;

/// What a report on an indicator looks like today.
#[derive(Clone, Debug, PartialEq)]
pub struct EntryForm {
    /// Version of the definition it is reported under.
    pub definition_version: u32,
    /// First and last day that a report may be dated; `None` where none is taken today.
    pub days: Option<DateSpan>,
    /// Days up to this one are taken with a reason only (受付締切, 再開).
    pub reason_until: Option<Date>,
    /// Whether evidence has to come with some reports: the levels of a rubric, the end of a milestone.
    pub evidence: bool,
    /// Until when the next report is due: the first cut-off (提出期限) from today on of the rounds of the plan's reporting
    /// calendar that ask for it; `None` after the last.
    pub next_due: Option<Date>,
    /// Members that are in the set today.
    pub members: Vec<Member>,
    /// A report that the ledger would take now; `None` where there is none, as for a composite.
    pub example: Option<Event>,
}

/// Days tried for an example, from the newest back: a day may have its value already.
const DAYS_TRIED: i32 = 62;

/// What a report on `id` looks like today; `None` where there is no such indicator in `goal`. `example_id` is the id
/// that the example bears.
pub fn entry_form(
    context: LedgerContext<'_>,
    goal: &Goal,
    id: IndicatorId,
    example_id: EventId,
) -> Option<EntryForm> {
    let entry = context.directory.indicator(id)?;
    let indicator = goal.indicator(id)?;
    let plan = context.directory.plan_of_subject(Subject::Indicator(id))?;
    let cycle = context.directory.plan(plan)?.cycle;
    let (definition_version, version) = indicator.definition_on(context.today, None)?;
    let definition = version.definition.as_ref();

    let first = definition
        .active_window
        .map_or(cycle.first(), |window| window.first().max(cycle.first()));
    let last = definition
        .settlement_until
        .map_or(cycle.last(), |until| until.max(cycle.last()))
        .min(context.today);
    let (mut open_from, mut reason_until) = (first, None);
    let mut periods = context.directory.periods_of(plan);
    periods.sort_by_key(|period| period.span.first());
    for period in &periods {
        let is_last = period.span.contains(cycle.last());
        let period_last = if is_last { last } else { period.span.last() };
        match period.lock_on(id, context.today) {
            Lock::Closed(_) if period.span.first() <= open_from => {
                open_from = open_from.max(period_last.tomorrow().unwrap_or(period_last));
            }
            Lock::Late(_) => reason_until = Some(period_last.min(last)),
            Lock::Closed(_) | Lock::Open => {}
        }
    }
    let calendar = context.directory.calendar_on(plan, context.today)?;
    let next_due = calendar
        .asked(id, definition)
        .into_iter()
        .map(|round| round.cut_off)
        .filter(|cut_off| context.today <= *cut_off)
        .min();
    let takes_reports = definition.entry_kind.is_some();
    let days = takes_reports
        .then(|| DateSpan::new(open_from, last).ok())
        .flatten();
    let example = days.and_then(|days| {
        let form = Example {
            context,
            goal,
            indicator,
            entry,
            id,
            example_id,
            definition,
        };
        form.within(days)
    });
    Some(EntryForm {
        definition_version,
        days: days.filter(|_| example.is_some()),
        reason_until: reason_until.filter(|until| days.is_some_and(|days| days.first() <= *until)),
        evidence: matches!(
            definition.entry_kind,
            Some(EntryKind::RubricLevel | EntryKind::MilestoneState)
        ),
        next_due,
        members: definition
            .members
            .iter()
            .filter(|member| member.in_set_on(context.today))
            .cloned()
            .collect(),
        example,
    })
}

struct Example<'a> {
    context: LedgerContext<'a>,
    goal: &'a Goal,
    indicator: &'a Indicator,
    entry: &'a IndicatorEntry,
    id: IndicatorId,
    example_id: EventId,
    definition: &'a Definition,
}

impl Example<'_> {
    /// The first report that the rules take, the newest day first. The rules themselves are asked, so that no second
    /// account of them can differ.
    fn within(&self, days: DateSpan) -> Option<Event> {
        let parts: Vec<Option<Key>> = match self.definition.parts.as_slice() {
            [] => vec![None],
            parts => parts.iter().map(|part| Some(part.key.clone())).collect(),
        };
        let measurements = self.measurements();
        let newest = days.last();
        (0..DAYS_TRIED)
            .filter_map(|back| newest.checked_sub(Span::new().days(back)).ok())
            .take_while(|day| days.contains(*day))
            .find_map(|day| {
                measurements.iter().find_map(|measurement| {
                    let parts = parts.iter();
                    parts
                        .map(|part| self.event(day, part.clone(), measurement.clone()))
                        .find(|event| decide(self.context, self.goal, event).is_ok())
                })
            })
    }

    fn event(&self, day: Date, part: Option<Key>, measurement: Measurement) -> Event {
        let ends = matches!(
            &measurement,
            Measurement::Milestone { state, .. } if MilestoneState::Decided <= *state
        );
        let judged = matches!(measurement, Measurement::RubricLevel(_));
        let evidence = (ends || judged).then(example_evidence).flatten();
        let locked = self
            .context
            .directory
            .plan_of_subject(Subject::Indicator(self.id));
        let locked = locked.and_then(|plan| self.context.directory.period_of_day(plan, day));
        let late = locked.is_some_and(|period| {
            matches!(period.lock_on(self.id, self.context.today), Lock::Late(_))
        });
        Event {
            valid: Some(Validity::from(day)),
            reason: (judged || late).then(example_reason).flatten(),
            evidence: evidence.into_iter().collect(),
            ..Event::new(
                self.example_id,
                Stream::goal(self.entry.home),
                ActualRecorded {
                    indicator: self.id,
                    measurement,
                    reported: ReportedPart {
                        part,
                        unit_code: Some(self.definition.unit.code.as_str().into()),
                    },
                }
                .into(),
            )
        }
    }

    /// What could be reported, the most telling first; nothing to report goes everywhere.
    fn measurements(&self) -> Vec<Measurement> {
        let definition = self.definition;
        let mut found: Vec<Measurement> = match definition.entry_kind {
            None => return Vec::new(),
            Some(EntryKind::Increment) => vec![Measurement::Increment(self.small_value())],
            Some(EntryKind::Absolute) => self.plausible_levels().map(Measurement::Level).collect(),
            Some(EntryKind::NumDen) => vec![Measurement::Ratio {
                numerator: Quantity::from(1),
                denominator: Quantity::from(1),
            }],
            Some(EntryKind::MemberState) => definition
                .members
                .iter()
                .map(|member| Measurement::Member {
                    member: member.key.clone(),
                    state: MemberState::Done,
                })
                .collect(),
            Some(EntryKind::MemberValue) => definition
                .members
                .iter()
                .map(|member| Measurement::MemberValue {
                    member: member.key.clone(),
                    value: self.small_value(),
                })
                .collect(),
            Some(EntryKind::MilestoneState) => self.next_states(),
            Some(EntryKind::RubricLevel) => vec![Measurement::RubricLevel(1)],
        };
        found.push(Measurement::Nil(NilCause::NoActivity));
        found
    }

    /// One, or the least that the definition allows.
    fn small_value(&self) -> Quantity {
        let domain = &self.definition.domain;
        let one = Quantity::from(1);
        match (domain.min, domain.max) {
            (Some(min), _) if one < min => min,
            (_, Some(max)) if max < one => max,
            _ => one,
        }
    }

    /// The value it stood at, its baseline, its target, one.
    fn plausible_levels(&self) -> impl Iterator<Item = Quantity> {
        let last = self.indicator.entries.iter().rev().find_map(|entry| {
            match (&entry.measurement, entry.superseded()) {
                (Measurement::Level(value), None) => Some(*value),
                _ => None,
            }
        });
        let baseline = self.indicator.baseline().map(|baseline| baseline.value);
        let target = self.indicator.target_on(self.context.today);
        let target = target.and_then(|version| match version.target.aim {
            Aim::Value(value) | Aim::Approximate { value, .. } => Some(value),
            Aim::Range { lower, .. } => Some(lower),
            Aim::AllMembers | Aim::Done { .. } | Aim::RubricLevel(_) | Aim::Components => None,
        });
        let any = Some(self.small_value());
        [last, baseline, target, any].into_iter().flatten()
    }

    /// States further on than the present one, the next first.
    fn next_states(&self) -> Vec<Measurement> {
        let end = self.indicator.target_on(self.context.today);
        let end = end.and_then(|version| match version.target.aim {
            Aim::Done { end_state, .. } => Some(end_state),
            _ => None,
        });
        let end = match end {
            Some(EndState::Started) => MilestoneState::Started,
            Some(EndState::Decided) => MilestoneState::Decided,
            Some(EndState::InOperation) => MilestoneState::InOperation,
            Some(EndState::Completed) | None => MilestoneState::Completed,
        };
        [MilestoneState::Started, end]
            .into_iter()
            .map(|state| Measurement::Milestone {
                checkpoint: None,
                state,
            })
            .collect()
    }
}

/// Evidence in an example: the digest of no bytes, to be replaced by that of a file.
fn example_evidence() -> Option<Evidence> {
    // SHA-256 of the empty string, FIPS 180-4.
    const OF_NOTHING: [u8; 32] = [
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ];
    Some(Evidence {
        sha256: OF_NOTHING,
        media_type: Name::parse("application/pdf").ok()?,
        title: Name::parse("根拠資料の例").ok()?,
        uri: None,
        size_bytes: None,
        disclosure: Disclosure::Internal,
    })
}

fn example_reason() -> Option<Reason> {
    let text = "例：判断した理由又は遅れて報告する理由をここに書いてください。";
    Some(Reason {
        code: ReasonCode::Other,
        text: FreeText::parse(text).ok()?,
    })
}
