//! A small ledger to test on: one department with one section, one goal, one counted indicator.

use std::path::Path;
use std::sync::Arc;

use daicho::auth::{Authenticator, Claims, Permitted};
use daicho::clock::new_id;
use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::code::Code;
use daicho::domain::date::{Date, DateSpan, parse_iso};
use daicho::domain::event::*;
use daicho::domain::id::*;
use daicho::domain::indicator::*;
use daicho::domain::org_unit::UnitKind;
use daicho::domain::plan::Pillar;
use daicho::domain::target::{Aim, Target};
use daicho::domain::text::{Name, Text, Title};
use daicho::domain::unit::{Dimension, Unit};
use daicho::evidence::{Store, Terms};
use daicho::ledger::{Append, AppendError, Appended, Ledgers, OpenLedger, STATES_BYTES, Settings};
use daicho::log::{CommitLog, DerivedStore, MemoryLog};
use daicho::proof::Proofs;
use uuid::Uuid;

pub fn date(text: &str) -> Date {
    parse_iso(text).unwrap()
}

pub fn title(text: &str) -> Title {
    Title {
        ja: Name::parse(text).unwrap(),
        en: None,
    }
}

/// The same name gives the same id.
fn id<T>(name: &str, make: impl Fn(Uuid) -> Result<T, InvalidId>) -> T {
    make(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())).unwrap()
}

pub struct Fixture {
    pub log: MemoryLog,
    pub ledgers: Arc<Ledgers>,
    pub ledger: LedgerId,
    pub plan: PlanId,
    pub department: UnitId,
    pub section: UnitId,
    pub goal: GoalId,
    pub initiative: InitiativeId,
    pub indicator: IndicatorId,
}

pub fn ids(ledger: LedgerId, log: MemoryLog, ledgers: Arc<Ledgers>) -> Fixture {
    Fixture {
        log,
        ledgers,
        ledger,
        plan: id("plan", PlanId::new),
        department: id("department", UnitId::new),
        section: id("section", UnitId::new),
        goal: id("goal", GoalId::new),
        initiative: id("initiative", InitiativeId::new),
        indicator: id("indicator", IndicatorId::new),
    }
}

pub async fn start(log: &MemoryLog) -> Arc<Ledgers> {
    start_with(log, STATES_BYTES).await
}

/// With room for so many bytes of states.
pub async fn start_with(log: &MemoryLog, states_bytes: usize) -> Arc<Ledgers> {
    let store: Arc<dyn DerivedStore> = Arc::new(log.clone());
    let log: Arc<dyn CommitLog> = Arc::new(log.clone());
    Ledgers::start(log, store, None, Settings::new(states_bytes))
        .await
        .unwrap()
}

pub fn permitted<T>(actor: &str, request: T) -> Permitted<T> {
    let auth = Authenticator;
    let claims = Claims {
        subject: Some(actor.as_bytes().to_vec()),
        client: None,
    };
    let actor = auth.identify(&claims).unwrap();
    auth.permit(&actor, request).unwrap()
}

pub fn request_id() -> RequestId {
    RequestId::new(new_id()).unwrap()
}

pub fn event_id() -> EventId {
    EventId::new(new_id()).unwrap()
}

impl Fixture {
    /// An open ledger without events but the first.
    pub async fn empty() -> Self {
        let log = MemoryLog::new();
        let ledgers = start(&log).await;
        let ledger = LedgerId::new(new_id()).unwrap();
        ledgers
            .open(permitted("opener", opening(ledger, "city")))
            .await
            .unwrap();
        ids(ledger, log, ledgers)
    }

    /// With a plan, two units, a goal, an initiative and an indicator with the target 50.
    pub async fn planned() -> Self {
        let fixture = Self::empty().await;
        fixture
            .append("planner", fixture.structure())
            .await
            .unwrap();
        fixture
    }

    pub fn structure(&self) -> Vec<Event> {
        let start = "2023-04-01";
        vec![
            self.event(
                Stream::plan(self.plan),
                start,
                PlanPublished {
                    plan: self.plan,
                    code: Code::parse("R5").unwrap(),
                    title: title("令和5年度計画"),
                    cycle: DateSpan::new(date(start), date("2024-03-31")).unwrap(),
                    pillars: vec![Pillar {
                        number: 1,
                        title: title("信頼"),
                    }],
                    source_sha256: None,
                },
            ),
            self.event(
                Stream::org(self.department),
                start,
                OrgUnitRegistered {
                    unit: self.department,
                    code: Code::parse("総務部").unwrap(),
                    name: title("総務部"),
                    kind: UnitKind::Department,
                    parent: None,
                },
            ),
            self.event(
                Stream::org(self.section),
                start,
                OrgUnitRegistered {
                    unit: self.section,
                    code: Code::parse("総務文書課").unwrap(),
                    name: title("総務文書課"),
                    kind: UnitKind::Section,
                    parent: Some(self.department),
                },
            ),
            self.event(
                Stream::goal(self.goal),
                start,
                GoalSet {
                    goal: self.goal,
                    plan: self.plan,
                    code: Code::parse("R5/総務部/1-1").unwrap(),
                    department: self.department,
                    pillar: 1,
                    title: title("事務の改善"),
                    source_text: Text::parse("事務の改善を進める。").unwrap(),
                    continues: None,
                },
            ),
            self.event(
                Stream::goal(self.goal),
                start,
                InitiativeSet {
                    initiative: self.initiative,
                    goal: self.goal,
                    number: 1,
                    code: Code::parse("R5/総務部/1-1/1").unwrap(),
                    title: title("提案制度"),
                    source_text: Text::parse("提案制度を運用する。").unwrap(),
                    lead_unit: self.section,
                    contributing_units: Vec::new(),
                    continues: None,
                    references: Vec::new(),
                },
            ),
            self.event(
                Stream::goal(self.goal),
                start,
                IndicatorDefined {
                    indicator: self.indicator,
                    initiative: self.initiative,
                    code: Code::parse("R5/総務部/1-1/1.1").unwrap(),
                    title: title("改善件数"),
                    source_text: Text::parse("改善件数 50件").unwrap(),
                    definition: counted(),
                    continues: None,
                },
            ),
            self.event(
                Stream::goal(self.goal),
                start,
                TargetSet {
                    indicator: self.indicator,
                    target: Target {
                        aim: Aim::Value(50.into()),
                        parts: Vec::new(),
                    },
                },
            ),
        ]
    }

    pub fn event(&self, stream: Stream, day: &str, payload: impl Into<Payload>) -> Event {
        Event {
            valid: Some(Validity::from(date(day))),
            ..Event::new(event_id(), stream, payload.into())
        }
    }

    /// A report of `amount` on `day`.
    pub fn report(&self, amount: i64, day: &str) -> Event {
        self.event(
            Stream::goal(self.goal),
            day,
            ActualRecorded {
                indicator: self.indicator,
                measurement: Measurement::Increment(amount.into()),
                reported: ReportedPart::default(),
            },
        )
    }

    pub fn request(&self, events: Vec<Event>) -> Append {
        Append::new(self.ledger, request_id(), events)
    }

    pub async fn append(&self, actor: &str, events: Vec<Event>) -> Result<Appended, AppendError> {
        self.send(actor, self.request(events)).await
    }

    pub async fn send(&self, actor: &str, append: Append) -> Result<Appended, AppendError> {
        self.ledgers.append(permitted(actor, append), None).await
    }

    pub async fn size(&self) -> u64 {
        self.ledgers.head(self.ledger).await.unwrap().size
    }

    /// Stops everything and starts again on the same log.
    pub async fn restarted(self, keep_derived: bool) -> Self {
        self.restarted_after(keep_derived, |_| {}).await
    }

    /// As [`Fixture::restarted`], with the derived records changed in between.
    pub async fn restarted_after(self, keep: bool, change: impl FnOnce(&MemoryLog)) -> Self {
        self.ledgers.stop().await.unwrap();
        self.log.reopen(keep);
        change(&self.log);
        let ledgers = start(&self.log).await;
        Self { ledgers, ..self }
    }
}

/// What signs for `ledgers`, with keys in a folder that is made when the first is needed.
pub fn proofs(ledgers: &Arc<Ledgers>) -> Arc<Proofs> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("proofs-{}", new_id()));
    Arc::new(Proofs::new(ledgers.clone(), &folder, || [7; 32]))
}

/// Attached files, in a folder that is made when the first is needed.
pub fn evidence() -> Arc<Store> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("evidence-{}", new_id()));
    Arc::new(Store::new(&folder, Terms::default()))
}

pub fn opening(ledger: LedgerId, code: &str) -> OpenLedger {
    OpenLedger {
        request_id: request_id(),
        ledger,
        code: Code::parse(code).unwrap(),
        title: title("見本市"),
        origin: Name::parse("ledger.example/city").unwrap(),
        time_zone: Name::parse("Asia/Tokyo").unwrap(),
        locale: Name::parse("ja-JP").unwrap(),
        sample: false,
        clock: ClockKind::System,
        access_log_of: None,
    }
}

pub fn counted() -> Definition {
    Definition {
        measure_type: MeasureType::Count,
        entry_kind: Some(EntryKind::Increment),
        agg_time: AggTime::Sum,
        agg_space: AggSpace::None,
        comparator: Comparator::Ge,
        quantifier: Quantifier::Single,
        per_month: false,
        unit: Unit {
            code: "{case}".to_owned(),
            display_ja: "件".to_owned(),
            display_en: "cases".to_owned(),
            dimension: Dimension::Count("件".to_owned()),
            scale_pow10: 0,
            decimals: 0,
        },
        domain: ValueDomain {
            min: Some(0.into()),
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
