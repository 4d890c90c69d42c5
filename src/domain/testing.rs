//! A small ledger in memory for the tests of the rules: proposals are decided and folded as the real one
//! does, without storing anything.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::actual::{
    Actual, Measurement, MemberState, MilestoneState, NilCause, ReportedPart,
};
use crate::domain::code::{Code, Key};
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::Directory;
use crate::domain::evaluation::Status;
use crate::domain::evaluation::policy::{
    EvaluationPolicy, GradeInput, GradeLevel, GradeRubric, PolicyContent,
};
use crate::domain::event::*;
use crate::domain::goal::decide::{Decided, LedgerContext, decide};
use crate::domain::goal::{Goal, Indicator};
use crate::domain::id::*;
use crate::domain::indicator::*;
use crate::domain::org_unit::UnitKind;
use crate::domain::plan::Pillar;
use crate::domain::quantity::Quantity;
use crate::domain::rejection::Rejection;
use crate::domain::target::{Aim, EndState, PartTarget, Target};
use crate::domain::text::{Name, Text, Title};
use crate::domain::unit::{Dimension, Unit};

pub(crate) mod history;

const SPACE: Uuid = Uuid::from_u128(0x6f1d_9a7e_52c8_4b0e_9d2f_3c4b_5a69_7801);

macro_rules! ids {
    ($($name:ident -> $id:ident),*) => {$(
        pub(crate) fn $name(name: &str) -> $id {
            $id::derived(SPACE, name)
        }
    )*};
}
ids!(plan_id -> PlanId, unit_id -> UnitId, goal_id -> GoalId, initiative_id -> InitiativeId,
     indicator_id -> IndicatorId, event_id -> EventId, data_subject_id -> DataSubjectId,
     proposal_id -> ProposalId);

pub(crate) fn ledger_id() -> LedgerId {
    LedgerId::derived(SPACE, "ledger")
}

pub(crate) fn day(text: &str) -> Date {
    crate::domain::date::parse_iso(text).unwrap()
}

pub(crate) fn days(first: &str, last: &str) -> DateSpan {
    DateSpan::new(day(first), day(last)).unwrap()
}

pub(crate) fn q(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

pub(crate) fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

pub(crate) fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

/// Words, wherever words stand.
pub(crate) fn text<T: From<Text>>(text: &str) -> T {
    Text::parse(text).unwrap().into()
}

pub(crate) fn title(ja: &str) -> Title {
    Title {
        ja: name(ja),
        en: None,
    }
}

/// A proposal: what happened, on 1 April 2023 unless it says otherwise.
pub(crate) fn fact(payload: impl Into<Payload>) -> Fact {
    Fact {
        name: None,
        valid: Some(Validity::from(day("2023-04-01"))),
        reason: None,
        shown: false,
        payload: payload.into(),
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Fact {
    name: Option<String>,
    pub(crate) valid: Option<Validity>,
    reason: Option<Reason>,
    shown: bool,
    pub(crate) payload: Payload,
}

impl Fact {
    /// Gives the event an id that tests can name.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }
    pub(crate) fn on(mut self, from: &str) -> Self {
        self.valid = Some(Validity::from(day(from)));
        self
    }
    pub(crate) fn until(mut self, to: &str) -> Self {
        self.valid = self.valid.map(|valid| Validity {
            to: Some(day(to)),
            ..valid
        });
        self
    }
    pub(crate) fn undated(mut self) -> Self {
        self.valid = None;
        self
    }
    pub(crate) fn because(mut self, why: &str) -> Self {
        self.reason = Some(Reason {
            code: ReasonCode::Other,
            text: text(why),
        });
        self
    }
    /// The same days, another fact.
    pub(crate) fn saying(mut self, payload: impl Into<Payload>) -> Self {
        self.payload = payload.into();
        self
    }
    /// With evidence.
    pub(crate) fn shown(mut self) -> Self {
        self.shown = true;
        self
    }
}

/// Directory and goals of one ledger, and who speaks to it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) goals: BTreeMap<StreamId, Goal>,
    pub(crate) position: u64,
    pub(crate) today: Date,
    /// Who acts.
    pub(crate) actor: Actor,
}

impl World {
    /// A ledger without a plan.
    pub(crate) fn empty() -> Self {
        let mut world = Self {
            directory: Directory::default(),
            goals: BTreeMap::new(),
            position: 0,
            today: day("2023-10-06"),
            actor: person("tester"),
        };
        let opened = LedgerOpened {
            ledger: ledger_id(),
            code: code("kariya"),
            title: title("見本市"),
            origin: name("ledger.example/kariya"),
            time_zone: name("Asia/Tokyo"),
            locale: name("ja"),
            sample: true,
            clock: ClockKind::Simulated,
            access_log_of: None,
        };
        let event = world.event(&fact(opened).undated());
        world.apply(event);
        world
    }

    /// The FY2023 plan with two departments, a goal G with the initiative I, and one of the other department.
    pub(crate) fn planned() -> Self {
        let mut world = Self::empty();
        world.accept(fact(plan("R5", 2023)));
        for (unit, kind, parent) in [
            ("企画財政部", UnitKind::Department, None),
            ("総務部", UnitKind::Department, None),
            ("企画政策課", UnitKind::Section, Some("企画財政部")),
            ("財務課", UnitKind::Section, Some("企画財政部")),
            ("人事課", UnitKind::Section, Some("総務部")),
        ] {
            world.accept(fact(org_unit(unit, kind, parent)));
        }
        world.accept(fact(goal("G", "R5", "企画財政部")));
        world.accept(fact(goal("H", "R5", "総務部")));
        world.accept(fact(initiative("I", "G", 1, "企画政策課")));
        world.accept(fact(initiative("J", "H", 1, "人事課")));
        world
    }

    /// The same with the indicator X under the initiative I.
    pub(crate) fn measuring(definition: Definition) -> Self {
        let mut world = Self::planned();
        world.accept(fact(defined("X", "I", definition)));
        world
    }

    /// The same with a target.
    pub(crate) fn aiming(definition: Definition, aim: Aim) -> Self {
        let mut world = Self::measuring(definition);
        world.today = day("2023-04-01");
        world.accept(fact(target_set("X", aim)).named("first target"));
        world.today = day("2023-10-06");
        world
    }

    pub(crate) fn at(mut self, today: &str) -> Self {
        self.today = day(today);
        self
    }

    pub(crate) fn by(mut self, who: &str) -> Self {
        self.now_by(who);
        self
    }

    /// Lets somebody else act from now on.
    pub(crate) fn now_by(&mut self, who: &str) -> &mut Self {
        self.actor = person(who);
        self
    }

    pub(crate) fn event(&self, fact: &Fact) -> Event {
        let name = fact
            .name
            .clone()
            .unwrap_or_else(|| format!("event {}", self.position));
        let stream = self
            .directory
            .stream_of(&fact.payload)
            .unwrap_or(Stream::goal(goal_id("G")));
        event_of(fact, event_id(&name), stream)
    }

    /// What the rules say, without recording it.
    pub(crate) fn decide(&self, event: &Event) -> Result<Decided, Vec<Rejection>> {
        let none = Goal::default();
        let goal = self.goals.get(&event.stream.id).unwrap_or(&none);
        let now = "2023-10-06T00:00:00Z".parse().unwrap();
        let context = LedgerContext {
            directory: &self.directory,
            actor: &self.actor,
            now,
            today: self.today,
        };
        decide(context, goal, event)
    }

    pub(crate) fn apply(&mut self, mut event: Event) {
        if let Payload::ChangeProposed(p) = &mut event.payload
            && p.change.sealed.is_none()
        {
            // Stands for the stored form, which the log alone knows.
            p.change.sealed = Some(SealedChange::new(format!("{:?}", p.change).into_bytes()));
        }
        // Noon in the ledger's zone.
        let noon = self.today.at(3, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
        let recorded = Recorded {
            recorded_at: noon.unwrap().timestamp(),
            actor: self.actor.clone(),
            ..placed(event, self.position)
        };
        self.directory.apply(&recorded);
        if recorded.event.stream.kind == StreamKind::Goal {
            self.goals
                .entry(recorded.event.stream.id)
                .or_default()
                .apply(&recorded, self.today);
        }
        self.position += 1;
    }

    /// Decides, and records what is accepted; says what came of it in one line.
    pub(crate) fn outcome(&mut self, fact: Fact) -> String {
        let event = self.event(&fact);
        let outcome = self.decide(&event);
        let said = in_words(&outcome);
        for event in outcome.into_iter().flat_map(|decided| decided.events) {
            self.apply(event);
        }
        said
    }

    /// What would come of it, in one line; records nothing.
    pub(crate) fn would(&self, fact: Fact) -> String {
        in_words(&self.decide(&self.event(&fact)))
    }

    /// Records it; fails the test if it is refused.
    pub(crate) fn accept(&mut self, fact: Fact) {
        let what = fact.payload.event_type().code();
        let outcome = self.outcome(fact);
        assert!(outcome.starts_with("recorded"), "{what}: {outcome}");
    }

    pub(crate) fn indicator(&self, name: &str) -> &Indicator {
        let home = self.directory.indicator(indicator_id(name)).unwrap().home;
        self.goals[&StreamId::from(home)]
            .indicator(indicator_id(name))
            .unwrap()
    }
}

/// Somebody who named themselves.
pub(crate) fn person(who: &str) -> Actor {
    Actor {
        subject: name(who),
        issuer: None,
        seat: None,
        acting_for: None,
        client: None,
        method: AuthMethod::Unauthenticated,
        evidence_sha256: None,
        person: None,
        permitted_by: None,
    }
}

/// The event that states `fact`.
pub(crate) fn event_of(fact: &Fact, id: EventId, stream: Stream) -> Event {
    let evidence = || Evidence {
        sha256: [7; 32],
        media_type: name("application/pdf"),
        title: name("報告書"),
        uri: None,
        size_bytes: None,
        disclosure: Disclosure::Internal,
    };
    Event {
        id,
        stream,
        valid: fact.valid,
        reason: fact.reason.clone(),
        evidence: if fact.shown {
            vec![evidence()]
        } else {
            Vec::new()
        },
        source_document: None,
        decision: None,
        correlation: None,
        causation: None,
        payload: fact.payload.clone(),
    }
}

/// The event in its place.
pub(crate) fn placed(event: Event, position: u64) -> Recorded {
    // Properties place a great many events, so what is the same in all of them is made once.
    static TESTER: LazyLock<(Actor, LedgerId, RequestId, Timestamp)> = LazyLock::new(|| {
        let actor = person("tester");
        let request_id = RequestId::derived(SPACE, "request");
        (
            actor,
            ledger_id(),
            request_id,
            "2023-04-01T00:00:00Z".parse().unwrap(),
        )
    });
    let (actor, ledger, request_id, recorded_at) = TESTER.clone();
    Recorded {
        ledger,
        generation: 1,
        position,
        revision: position + 1,
        recorded_at,
        prev_leaf_hash: None,
        actor,
        request_id,
        request_index: 0,
        request_count: 1,
        event,
    }
}

fn in_words(outcome: &Result<Decided, Vec<Rejection>>) -> String {
    match outcome {
        Ok(decided) => {
            let flags: Vec<_> = decided
                .notices
                .iter()
                .map(|notice| notice.kind.code())
                .collect();
            if flags.is_empty() {
                "recorded".to_owned()
            } else {
                format!("recorded, {}", flags.join(", "))
            }
        }
        Err(rejections) => {
            let one = |rejection: &Rejection| {
                let values: Vec<_> = rejection
                    .values
                    .iter()
                    .map(|(name, value)| format!("{name}={value}"))
                    .collect();
                let values = if values.is_empty() {
                    String::new()
                } else {
                    format!(" [{}]", values.join(" "))
                };
                format!("{} {}{values}", rejection.reason.code(), rejection.field)
            };
            rejections.iter().map(one).collect::<Vec<_>>().join("; ")
        }
    }
}

/// An actual in a few words.
pub(crate) fn worth(actual: &Actual) -> String {
    let pairs = |pairs: &[(Key, Quantity)]| {
        pairs
            .iter()
            .map(|(key, value)| format!("{key} {value}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match actual {
        Actual::NoReport => "no report".to_owned(),
        Actual::Nil(cause) => format!("nil: {}", cause.code()),
        Actual::Number { value, parts } if parts.is_empty() => value.to_string(),
        Actual::Number { value, parts } => format!("{value} ({})", pairs(parts)),
        Actual::Ratio {
            numerator,
            denominator,
        } => format!("{numerator}/{denominator}"),
        Actual::Months {
            months,
            total,
            complete_total,
            complete_months,
        } => {
            let months: Vec<_> = months.iter().map(|(_, value)| value.to_string()).collect();
            format!(
                "{} = {total}; complete {complete_total}/{complete_months}",
                months.join(" + ")
            )
        }
        Actual::Coverage { done, in_set } => format!("{} of {in_set}", done.len()),
        Actual::Members { values, in_set } => format!("{} (of {in_set})", pairs(values)),
        Actual::Milestone {
            state,
            since,
            checkpoints,
        } => {
            let checkpoints: Vec<_> = checkpoints
                .iter()
                .map(|(key, s, _)| format!(", {key} {}", s.code()))
                .collect();
            format!("{} since {since}{}", state.code(), checkpoints.concat())
        }
        Actual::RubricLevel(level) => format!("level {level}"),
        Actual::Composite => "its components".to_owned(),
    }
}

// Payloads, by the names that tests use.

pub(crate) fn plan(code_text: &str, year: i16) -> PlanPublished {
    let pillars = (1..=6)
        .map(|number| Pillar {
            number,
            title: title(&format!("柱{number}")),
        })
        .collect();
    PlanPublished {
        plan: plan_id(code_text),
        code: code(code_text),
        title: title("組織重点目標"),
        cycle: DateSpan::new(Date::constant(year, 4, 1), Date::constant(year + 1, 3, 31)).unwrap(),
        pillars,
        source_sha256: None,
    }
}

pub(crate) fn org_unit(unit: &str, kind: UnitKind, parent: Option<&str>) -> OrgUnitRegistered {
    OrgUnitRegistered {
        unit: unit_id(unit),
        code: code(unit),
        name: title(unit),
        kind,
        parent: parent.map(unit_id),
    }
}

pub(crate) fn unit_changed(unit: &str) -> OrgUnitChanged {
    OrgUnitChanged {
        unit: unit_id(unit),
        name: None,
        parent: None,
        dissolved: false,
    }
}

pub(crate) fn goal(goal: &str, plan: &str, department: &str) -> GoalSet {
    GoalSet {
        goal: goal_id(goal),
        plan: plan_id(plan),
        code: code(goal),
        department: unit_id(department),
        pillar: 1,
        title: title(goal),
        source_text: text(goal),
        continues: None,
    }
}

pub(crate) fn initiative(initiative: &str, goal: &str, number: u32, lead: &str) -> InitiativeSet {
    InitiativeSet {
        initiative: initiative_id(initiative),
        goal: goal_id(goal),
        number,
        code: code(initiative),
        title: title(initiative),
        source_text: text(initiative),
        lead_unit: unit_id(lead),
        contributing_units: Vec::new(),
        continues: None,
        references: Vec::new(),
    }
}

pub(crate) fn defined(
    indicator: &str,
    initiative: &str,
    definition: Definition,
) -> IndicatorDefined {
    IndicatorDefined {
        indicator: indicator_id(indicator),
        initiative: initiative_id(initiative),
        code: code(indicator),
        title: title(indicator),
        source_text: text(indicator),
        definition,
        continues: None,
    }
}

pub(crate) fn redefined(
    indicator: &str,
    version: u32,
    definition: Definition,
) -> IndicatorRedefined {
    IndicatorRedefined {
        indicator: indicator_id(indicator),
        definition_version: version,
        definition,
    }
}

pub(crate) fn target_set(indicator: &str, aim: Aim) -> TargetSet {
    TargetSet {
        indicator: indicator_id(indicator),
        target: Target {
            aim,
            parts: Vec::new(),
        },
    }
}

pub(crate) fn target_revised(indicator: &str, replaces: &str, aim: Aim) -> TargetRevised {
    TargetRevised {
        indicator: indicator_id(indicator),
        replaces: event_id(replaces),
        before: None,
        target: Target {
            aim,
            parts: Vec::new(),
        },
    }
}

pub(crate) fn part_target(part: &str, value: &str) -> PartTarget {
    PartTarget {
        part: key(part),
        value: q(value),
    }
}

pub(crate) fn recorded(measurement: Measurement) -> ActualRecorded {
    ActualRecorded {
        indicator: indicator_id("X"),
        measurement,
        reported: ReportedPart::default(),
    }
}

pub(crate) fn recorded_of(part: &str, measurement: Measurement) -> ActualRecorded {
    ActualRecorded {
        reported: ReportedPart {
            part: Some(key(part)),
            unit_code: None,
        },
        ..recorded(measurement)
    }
}

pub(crate) fn corrected(corrects: &str, measurement: Measurement) -> ActualCorrected {
    ActualCorrected {
        indicator: indicator_id("X"),
        corrects: event_id(corrects),
        before: None,
        measurement,
        reported: ReportedPart::default(),
    }
}

pub(crate) fn retracted(retracts: &str) -> ActualRetracted {
    ActualRetracted {
        indicator: indicator_id("X"),
        retracts: event_id(retracts),
        before: None,
    }
}

pub(crate) fn increment(amount: &str) -> Measurement {
    Measurement::Increment(q(amount))
}

pub(crate) fn level(value: &str) -> Measurement {
    Measurement::Level(q(value))
}

pub(crate) fn share(numerator: &str, denominator: &str) -> Measurement {
    Measurement::Ratio {
        numerator: q(numerator),
        denominator: q(denominator),
    }
}

pub(crate) fn member(member: &str, state: MemberState) -> Measurement {
    Measurement::Member {
        member: key(member),
        state,
    }
}

pub(crate) fn member_value(member: &str, value: &str) -> Measurement {
    Measurement::MemberValue {
        member: key(member),
        value: q(value),
    }
}

pub(crate) fn milestone_state(state: MilestoneState) -> Measurement {
    Measurement::Milestone {
        checkpoint: None,
        state,
    }
}

pub(crate) fn checkpoint_state(checkpoint: &str, state: MilestoneState) -> Measurement {
    Measurement::Milestone {
        checkpoint: Some(key(checkpoint)),
        state,
    }
}

pub(crate) fn nil(cause: NilCause) -> Measurement {
    Measurement::Nil(cause)
}

pub(crate) fn value(value: &str) -> Aim {
    Aim::Value(q(value))
}

pub(crate) fn done_by(due: &str) -> Aim {
    Aim::Done {
        due: day(due),
        end_state: EndState::Completed,
    }
}

// Definitions, by the kinds of criteria.

fn counter(unit: &str, decimals: u8) -> Unit {
    Unit {
        code: format!("{{{unit}}}"),
        display_ja: unit.to_owned(),
        display_en: unit.to_owned(),
        dimension: Dimension::Count(unit.to_owned()),
        scale_pow10: 0,
        decimals,
    }
}

/// Events counted: 件.
pub(crate) fn count() -> Definition {
    Definition {
        measure_type: MeasureType::Count,
        entry_kind: Some(EntryKind::Increment),
        agg_time: AggTime::Sum,
        agg_space: AggSpace::None,
        comparator: Comparator::Ge,
        quantifier: Quantifier::Single,
        per_month: false,
        unit: counter("件", 0),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: None,
            integer: true,
        },
        attainment_basis: AttainmentBasis::ToTarget,
        person_times: false,
        demand_driven: false,
        active_window: None,
        settlement_until: None,
        parts: Vec::new(),
        members: Vec::new(),
        checkpoints: Vec::new(),
        components: Vec::new(),
        rubric: None,
        lead_unit: None,
        contributing_units: Vec::new(),
        external_reference: None,
        quality: DataQuality::default(),
        disclosure: Disclosure::Public,
        result_level: ResultLevel::Output,
        assumed: Vec::new(),
    }
}

pub(crate) fn followers() -> Definition {
    Definition {
        measure_type: MeasureType::Level,
        entry_kind: Some(EntryKind::Absolute),
        agg_time: AggTime::Latest,
        unit: counter("人", 0),
        ..count()
    }
}

fn percent() -> Unit {
    Unit {
        code: "%".to_owned(),
        display_ja: "%".to_owned(),
        display_en: "%".to_owned(),
        dimension: Dimension::Ratio,
        scale_pow10: -2,
        decimals: 2,
    }
}

/// A share in percent, 0 to 100.
pub(crate) fn rate(agg_time: AggTime) -> Definition {
    Definition {
        measure_type: MeasureType::Ratio,
        entry_kind: Some(EntryKind::NumDen),
        agg_time,
        unit: percent(),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: Some(q("100")),
            integer: false,
        },
        ..count()
    }
}

/// A mean of days.
pub(crate) fn mean_days() -> Definition {
    Definition {
        measure_type: MeasureType::Mean,
        entry_kind: Some(EntryKind::NumDen),
        agg_time: AggTime::RatioOfSums,
        comparator: Comparator::Gt,
        unit: counter("日", 0),
        ..count()
    }
}

/// How far a work has come, 0 to 100 %.
pub(crate) fn stage() -> Definition {
    Definition {
        measure_type: MeasureType::Stage,
        entry_kind: Some(EntryKind::Absolute),
        agg_time: AggTime::Latest,
        unit: percent(),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: Some(q("100")),
            integer: false,
        },
        ..count()
    }
}

/// Kilometres built.
pub(crate) fn length() -> Definition {
    Definition {
        measure_type: MeasureType::Quantity,
        unit: Unit {
            code: "km".to_owned(),
            display_ja: "km".to_owned(),
            display_en: "km".to_owned(),
            dimension: Dimension::Length,
            scale_pow10: 3,
            decimals: 3,
        },
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: None,
            integer: false,
        },
        ..count()
    }
}

/// So many in each month.
pub(crate) fn monthly(agg_time: AggTime) -> Definition {
    Definition {
        measure_type: MeasureType::RatePerPeriod,
        agg_time,
        quantifier: if agg_time == AggTime::Sum {
            Quantifier::ForAll
        } else {
            Quantifier::Single
        },
        per_month: true,
        ..count()
    }
}

/// Members m1, m2 … of a set.
pub(crate) fn coverage(members: usize) -> Definition {
    Definition {
        measure_type: MeasureType::Coverage,
        entry_kind: Some(EntryKind::MemberState),
        agg_time: AggTime::Distinct,
        quantifier: Quantifier::ForAll,
        members: set_of(members),
        ..count()
    }
}

/// A cap that every member keeps.
pub(crate) fn cap(members: usize) -> Definition {
    Definition {
        measure_type: MeasureType::Level,
        entry_kind: Some(EntryKind::MemberValue),
        agg_time: AggTime::Max,
        comparator: Comparator::Le,
        quantifier: Quantifier::ForAll,
        unit: counter("時間", 1),
        domain: ValueDomain {
            min: Some(Quantity::ZERO),
            max: None,
            integer: false,
        },
        members: set_of(members),
        ..count()
    }
}

fn set_of(members: usize) -> Vec<Member> {
    let member = |n| Member {
        key: key(&format!("m{n}")),
        label: title(&format!("{n}園")),
        from: None,
        until: None,
    };
    (1..=members).map(member).collect()
}

/// A deliverable with the checkpoints c1, c2 … of equal weight.
pub(crate) fn milestone(checkpoints: u32) -> Definition {
    let weight = Quantity::from(i64::from(100_u32.checked_div(checkpoints).unwrap_or(0)));
    let checkpoint = |n| Checkpoint {
        key: key(&format!("c{n}")),
        label: title(&format!("工程{n}")),
        due: None,
        weight: Some(weight),
    };
    Definition {
        measure_type: MeasureType::Milestone,
        entry_kind: Some(EntryKind::MilestoneState),
        agg_time: AggTime::DoneBy,
        comparator: Comparator::DoneBy,
        checkpoints: (1..=checkpoints).map(checkpoint).collect(),
        ..count()
    }
}

/// Judged on a rubric of three levels.
pub(crate) fn judged() -> Definition {
    Definition {
        measure_type: MeasureType::Qualitative,
        entry_kind: Some(EntryKind::RubricLevel),
        agg_time: AggTime::Latest,
        comparator: Comparator::RubricAtLeast,
        rubric: Some(Rubric {
            code: code("rubric"),
            version: 1,
            levels: ["△", "○", "◎"].map(title).to_vec(),
        }),
        ..count()
    }
}

/// Made of other indicators.
pub(crate) fn composite(components: &[&str]) -> Definition {
    Definition {
        measure_type: MeasureType::Composite,
        entry_kind: None,
        agg_time: AggTime::None,
        agg_space: AggSpace::AllOf,
        components: components.iter().map(|name| indicator_id(name)).collect(),
        ..count()
    }
}

/// The same reported by parts.
pub(crate) fn with_parts(
    definition: Definition,
    agg_space: AggSpace,
    parts: &[&str],
) -> Definition {
    let part = |name: &&str| Part {
        key: key(name),
        label: title(name),
        weight: None,
    };
    Definition {
        agg_space,
        parts: parts.iter().map(part).collect(),
        ..definition
    }
}

// Periods, policies, evaluations.

/// The first half of FY2023, with its evaluation date 30 September.
pub(crate) fn period_opened(period: &str, first: &str, last: &str) -> PeriodOpened {
    PeriodOpened {
        plan: plan_id("R5"),
        period: key(period),
        title: title(period),
        span: days(first, last),
    }
}

pub(crate) fn soft_closed(period: &str) -> PeriodSoftClosed {
    PeriodSoftClosed {
        plan: plan_id("R5"),
        period: key(period),
    }
}

pub(crate) fn closed(period: &str) -> PeriodClosed {
    PeriodClosed {
        plan: plan_id("R5"),
        period: key(period),
        revision: None,
    }
}

pub(crate) fn reopened(period: &str, scope: &[&str], until: &str) -> PeriodReopened {
    PeriodReopened {
        plan: plan_id("R5"),
        period: key(period),
        scope: scope.iter().map(|name| indicator_id(name)).collect(),
        until: day(until),
    }
}

pub(crate) fn published(code_: &str, version: u32, content: PolicyContent) -> PolicyPublished {
    PolicyPublished {
        code: code(code_),
        version,
        title: title(code_),
        content,
    }
}

/// Grades A from 100 %, B from 80 %, C below; Z for what cannot be assessed.
pub(crate) fn grades() -> GradeRubric {
    let level = |key_: &str, at_least: Option<&str>, statuses: &[Status], non_grade| GradeLevel {
        key: key(key_),
        title: title(key_),
        at_least: at_least.map(q),
        statuses: statuses.to_vec(),
        non_grade,
    };
    GradeRubric {
        input: GradeInput::Attainment,
        levels: vec![
            level("A", Some("1"), &[], false),
            level("B", Some("0.8"), &[], false),
            level("C", None, &[], false),
            level("Z", None, &[Status::NotEvaluable], true),
        ],
        full_target_is_best: false,
    }
}

/// The default policy, grading by the rubric of this code.
pub(crate) fn grading_by(rubric: &str) -> PolicyContent {
    PolicyContent::Evaluation(EvaluationPolicy {
        rubric: Some(code(rubric)),
        ..EvaluationPolicy::default()
    })
}

pub(crate) fn of_indicator(indicator: &str) -> Subject {
    Subject::Indicator(indicator_id(indicator))
}

pub(crate) fn self_evaluated(subject: Subject, period: &str, grade: Option<&str>) -> SelfEvaluated {
    SelfEvaluated {
        subject,
        period: key(period),
        grade: grade.map(key),
        rubric: None,
        computed: None,
        cause: None,
        comment: text("所見"),
    }
}

pub(crate) fn reviewed(subject: Subject, period: &str, grade: Option<&str>) -> EvaluationReviewed {
    EvaluationReviewed {
        subject,
        period: key(period),
        grade: grade.map(key),
        rubric: None,
        computed: None,
        comment: text("所見"),
    }
}

pub(crate) fn finalised(
    subject: Subject,
    period: &str,
    grade: Option<&str>,
) -> EvaluationFinalised {
    EvaluationFinalised {
        subject,
        period: key(period),
        grade: grade.map(key),
        rubric: None,
        computed: None,
        comment: None,
    }
}

pub(crate) fn action_id(name: &str) -> ActionId {
    ActionId::derived(SPACE, name)
}
