//! A server whose ledger has a simulated clock, so that what was recorded when can be told to the second: the plan of
//! fiscal 2023 with one counted indicator, and the field's worked grid of entries, a correction and a late one.

use std::sync::Arc;

use daicho::api::v1;
use daicho::auth::Authenticator;
use daicho::clock::new_id;
use daicho::domain::actual::{Measurement, ReportedPart};
use daicho::domain::code::Code;
use daicho::domain::date::DateSpan;
use daicho::domain::event::*;
use daicho::domain::id::*;
use daicho::domain::indicator::{Definition, Disclosure};
use daicho::domain::org_unit::UnitKind;
use daicho::domain::plan::Pillar;
use daicho::domain::target::{Aim, Target};
use daicho::domain::text::{Name, Text};
use daicho::ledger::{Append, Ledgers, Reader};
use jiff::Timestamp;
use uuid::Uuid;

use crate::fixture::{counted, date, opening, permitted, title};
use crate::service::{Server, append};

/// The id that everything of a name has here.
pub fn id<T>(name: &str, make: impl Fn(Uuid) -> Result<T, InvalidId>) -> T {
    make(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())).unwrap()
}

pub fn event_id(name: &str) -> EventId {
    id(&format!("event {name}"), EventId::new)
}

/// Writes into the ledger at given moments.
pub struct Writer {
    ledgers: Arc<Ledgers>,
    reader: Arc<Reader>,
}

impl Writer {
    /// Into the only ledger of a server.
    pub fn to(server: &Server) -> Self {
        let ledgers = server.ledgers.clone();
        let reader = ledgers.reader(id("audited ledger", LedgerId::new)).unwrap();
        Self { ledgers, reader }
    }

    /// Records `events` as `actor` at `moment`, `2023-10-12 10:00` in the ledger's zone.
    pub async fn at(&self, moment: &str, actor: &str, events: Vec<Event>) {
        let zoned = format!("{}[Asia/Tokyo]", moment.replace(' ', "T"));
        let zoned: jiff::Zoned = zoned.parse().unwrap();
        let instant: Timestamp = zoned.timestamp();
        self.reader.clock().stop_at(instant);
        let append = Append::new(self.reader.id(), RequestId::new(new_id()).unwrap(), events);
        self.ledgers
            .append(permitted(actor, append), None)
            .await
            .unwrap();
    }
}

/// An event with the id of its name.
pub fn event(name: &str, stream: Stream, day: &str, payload: impl Into<Payload>) -> Event {
    Event {
        valid: Some(Validity::from(date(day))),
        ..Event::new(event_id(name), stream, payload.into())
    }
}

pub fn goal() -> Stream {
    Stream::goal(id("goal", GoalId::new))
}

pub fn indicator(name: &str) -> IndicatorId {
    id(name, IndicatorId::new)
}

/// The event with a reason.
pub fn because(mut event: Event, code: ReasonCode, text: &str) -> Event {
    event.reason = Some(Reason {
        code,
        text: Text::parse(text).unwrap().into(),
    });
    event
}

/// The event with a paper behind it.
pub fn by_paper(mut event: Event, number: &str) -> Event {
    event.source_document = Some(SourceDocument {
        number: Name::parse(number).unwrap(),
        title: None,
        date: None,
    });
    event
}

/// The event with something that shows it.
pub fn shown(mut event: Event) -> Event {
    event.evidence.push(Evidence {
        sha256: [7; 32],
        media_type: Name::parse("application/pdf").unwrap(),
        title: Name::parse("実績報告書").unwrap(),
        uri: None,
        size_bytes: None,
        disclosure: Disclosure::Internal,
    });
    event
}

pub fn report(name: &str, of: &str, day: &str, amount: i64) -> Event {
    let recorded = ActualRecorded {
        indicator: indicator(of),
        measurement: Measurement::Increment(amount.into()),
        reported: ReportedPart::default(),
    };
    event(name, goal(), day, recorded)
}

pub fn correction(name: &str, of: &str, corrects: &str, day: &str, amount: i64) -> Event {
    let corrected = ActualCorrected {
        indicator: indicator(of),
        corrects: event_id(corrects),
        before: None,
        measurement: Measurement::Increment(amount.into()),
        reported: ReportedPart::default(),
    };
    because(
        event(name, goal(), day, corrected),
        ReasonCode::EntryError,
        "二重に数えていた。",
    )
}

pub fn target(value: i64) -> Target {
    Target {
        aim: Aim::Value(value.into()),
        parts: Vec::new(),
    }
}

/// An indicator with a target, under the initiative.
pub fn defined(name: &str, number: u32, definition: Definition, aims: i64) -> Vec<Event> {
    let start = "2023-04-01";
    vec![
        event(
            &format!("{name} defined"),
            goal(),
            start,
            IndicatorDefined {
                indicator: indicator(name),
                initiative: id("initiative", InitiativeId::new),
                code: Code::parse(&format!("R5/総務部/1-1/1.{number}")).unwrap(),
                title: title(name),
                source_text: Text::parse(name).unwrap(),
                definition,
                continues: None,
            },
        ),
        event(
            &format!("{name} aimed"),
            goal(),
            start,
            TargetSet {
                indicator: indicator(name),
                target: target(aims),
            },
        ),
    ]
}

fn unit(name: &str, kind: UnitKind, parent: Option<&str>) -> Event {
    let unit = id(name, UnitId::new);
    event(
        &format!("{name} registered"),
        Stream::org(unit),
        "2023-04-01",
        OrgUnitRegistered {
            unit,
            code: Code::parse(name).unwrap(),
            name: title(name),
            kind,
            parent: parent.map(|parent| id(parent, UnitId::new)),
        },
    )
}

fn structure() -> Vec<Event> {
    let (start, plan) = ("2023-04-01", id("plan", PlanId::new));
    let pillars = (1..=2).map(|number| Pillar {
        number,
        title: title(&format!("柱{number}")),
    });
    let mut events = vec![
        event(
            "plan",
            Stream::plan(plan),
            start,
            PlanPublished {
                plan,
                code: Code::parse("R5").unwrap(),
                title: title("令和5年度計画"),
                cycle: DateSpan::new(date(start), date("2024-03-31")).unwrap(),
                pillars: pillars.collect(),
                source_sha256: None,
            },
        ),
        unit("総務部", UnitKind::Department, None),
        unit("市民部", UnitKind::Department, None),
        unit("総務文書課", UnitKind::Section, Some("総務部")),
        unit("情報課", UnitKind::Section, Some("総務部")),
        event(
            "goal",
            goal(),
            start,
            GoalSet {
                goal: id("goal", GoalId::new),
                plan,
                code: Code::parse("R5/総務部/1-1").unwrap(),
                department: id("総務部", UnitId::new),
                pillar: 1,
                title: title("事務の改善"),
                source_text: Text::parse("事務の改善を進める。").unwrap(),
                continues: None,
            },
        ),
        event(
            "initiative",
            goal(),
            start,
            InitiativeSet {
                initiative: id("initiative", InitiativeId::new),
                goal: id("goal", GoalId::new),
                number: 1,
                code: Code::parse("R5/総務部/1-1/1").unwrap(),
                title: title("提案制度"),
                source_text: Text::parse("提案制度を運用する。").unwrap(),
                lead_unit: id("総務文書課", UnitId::new),
                contributing_units: Vec::new(),
                continues: None,
                references: Vec::new(),
            },
        ),
    ];
    events.extend(defined("業務改善", 1, counted(), 50));
    events
}

/// Who reports.
pub const CLERK: &str = "総務文書課 入力担当";
/// Who corrects.
pub const CHIEF: &str = "総務文書課長";

/// A server whose ledger holds the plan and what `story` writes.
pub async fn told(story: impl AsyncFnOnce(&Writer)) -> Server {
    let server = Server::start().await;
    let mut open = opening(id("audited ledger", LedgerId::new), "city");
    (open.sample, open.clock) = (true, ClockKind::Simulated);
    let open = Authenticator.permit_system(Name::parse("test").unwrap(), open);
    server.ledgers.open(open).await.unwrap();
    let writer = Writer::to(&server);
    writer
        .at("2023-04-03 10:00", "企画政策課", structure())
        .await;
    story(&writer).await;
    server
}

/// The worked grid: six months reported, July corrected on 12 October, a late entry on 14 November.
pub async fn grid(writer: &Writer) {
    for (moment, day, amount) in [
        ("2023-05-08 10:00", "2023-04-30", 5),
        ("2023-06-07 10:00", "2023-05-31", 6),
        ("2023-07-06 10:00", "2023-06-30", 4),
        ("2023-08-04 10:00", "2023-07-31", 12),
        ("2023-09-05 10:00", "2023-08-31", 1),
        ("2023-10-04 10:00", "2023-09-30", 3),
    ] {
        writer
            .at(moment, CLERK, vec![report(day, "業務改善", day, amount)])
            .await;
    }
    let july = correction("july corrected", "業務改善", "2023-07-31", "2023-07-31", 9);
    writer
        .at(
            "2023-10-12 15:00",
            CHIEF,
            vec![by_paper(july, "総文第118号")],
        )
        .await;
    let late = report("late", "業務改善", "2023-09-20", 2);
    let late = because(late, ReasonCode::LateData, "報告に漏れがあった。");
    writer.at("2023-11-14 09:00", CLERK, vec![late]).await;
}

/// The view of the command line on the ledger of a server.
pub async fn view(
    server: &Server,
    language: daicho::domain::text::Language,
) -> daicho::cli::render::View {
    let request = v1::GetLedgerRequest::default();
    let answer = server
        .ledger("auditor")
        .await
        .get_ledger(request)
        .await
        .unwrap();
    let ledger = answer.into_inner().ledger.unwrap();
    daicho::cli::render::View::new(language, None).of(ledger)
}

/// Somebody reports while somebody else turns pages.
pub async fn one_more_report(server: &Server, day: &str) {
    let measurement = v1::Measurement {
        kind: Some(v1::measurement::Kind::Increment("1".to_owned())),
    };
    let report = v1::EventInput {
        event_id: new_id().to_string(),
        valid_from: Some(day.to_owned()),
        payload: Some(v1::event_input::Payload::ActualRecorded(
            v1::ActualRecorded {
                indicator: indicator("業務改善").to_string(),
                measurement: Some(measurement),
                ..v1::ActualRecorded::default()
            },
        )),
        ..v1::EventInput::default()
    };
    let mut client = server.ledger("a").await;
    client.append_events(append(vec![report])).await.unwrap();
}
