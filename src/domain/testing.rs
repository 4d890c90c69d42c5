//! A small ledger in memory for the tests of the rules: proposals are decided and folded as the real one
//! does, without storing anything.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::actual::Actual;
use crate::domain::code::{Code, Key};
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::Directory;
use crate::domain::event::*;
use crate::domain::goal::decide::{Decided, LedgerContext, decide};
use crate::domain::goal::{Goal, Indicator};
use crate::domain::id::*;
use crate::domain::indicator::*;
use crate::domain::org_unit::UnitKind;
use crate::domain::quantity::Quantity;
use crate::domain::rejection::Rejection;
use crate::domain::target::Aim;
use crate::domain::text::{Name, Text, Title};

mod definitions;
pub(crate) mod history;
mod payloads;

pub(crate) use definitions::*;
pub(crate) use payloads::*;

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
            actor: Arc::new(self.actor.clone()),
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
        valid: fact.valid,
        reason: fact.reason.clone(),
        evidence: if fact.shown {
            vec![evidence()]
        } else {
            Vec::new()
        },
        ..Event::new(id, stream, fact.payload.clone())
    }
}

/// The event in its place.
pub(crate) fn placed(event: Event, position: u64) -> Recorded {
    // Properties place a great many events, so what is the same in all of them is made once.
    static TESTER: LazyLock<(Arc<Actor>, LedgerId, RequestId, Timestamp)> = LazyLock::new(|| {
        let actor = Arc::new(person("tester"));
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
