//! A city with many goals, on a data folder of its own.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use daicho::clock::{new_id, system_now};
use daicho::domain::code::Code;
use daicho::domain::event::*;
use daicho::domain::id::*;
use daicho::domain::target::{Aim, Target};
use daicho::domain::text::Text;
use daicho::ledger::{Append, Ledgers, STATES_BYTES, Settings};
use daicho::log::embedded::{EmbeddedConfig, EmbeddedLog};
use daicho::log::{CommitLog, DerivedStore};

use crate::fixture::{self, Fixture, counted, opening, permitted, request_id, title};

/// Goals set by one request.
const GOALS_EACH: usize = 100;
/// Events of one request at most.
const REQUEST_EVENTS: usize = 1_000;

/// What a run comes to.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// A goal that was set.
pub struct Made {
    /// Its id.
    pub goal: GoalId,
    /// Its indicators.
    pub indicators: [IndicatorId; 4],
}

/// A ledger and what was set in it.
pub struct City {
    /// The ledgers of the folder.
    pub ledgers: Arc<Ledgers>,
    /// Its goals.
    pub made: Vec<Made>,
    base: Fixture,
    ledger: LedgerId,
}

/// Opens a folder as a server does.
pub async fn start(folder: &Path) -> Outcome<Arc<Ledgers>> {
    let config = EmbeddedConfig::new(folder, Arc::new(|| system_now().as_microsecond()));
    let log = tokio::task::spawn_blocking(move || EmbeddedLog::open(config)).await??;
    let log = Arc::new(log);
    let store: Arc<dyn DerivedStore> = log.clone();
    let log: Arc<dyn CommitLog> = log;
    Ok(Ledgers::start(
        log,
        store,
        Some(folder.to_owned()),
        Settings::new(STATES_BYTES),
    )
    .await?)
}

impl City {
    /// A ledger with so many goals.
    pub async fn make(folder: &Path, goals: usize) -> Outcome<Self> {
        let ledgers = start(folder).await?;
        let ledger = LedgerId::new(new_id())?;
        ledgers
            .open(permitted("opener", opening(ledger, "city")))
            .await?;
        let reader = ledgers.resolve("city")?;
        let log = daicho::log::MemoryLog::new();
        let base = fixture::ids(ledger, log, ledgers.clone());
        let mut city = Self {
            ledgers,
            made: Vec::with_capacity(goals),
            base,
            ledger,
        };
        let mut events = city.base.structure();
        events.truncate(3);
        city.send(events).await?;
        for numbers in (0..goals).collect::<Vec<_>>().chunks(GOALS_EACH) {
            let mut events = Vec::new();
            for number in numbers {
                city.goal(*number, &mut events)?;
            }
            city.send(events).await?;
        }
        reader.caught_up(None).await;
        Ok(city)
    }

    fn goal(&mut self, number: usize, events: &mut Vec<Event>) -> Outcome<()> {
        let base = &self.base;
        let goal = GoalId::new(new_id())?;
        let code = format!("R5/総務部/{number}");
        let stream = Stream::goal(goal);
        let mut set = |payload: Payload| events.push(base.event(stream, "2023-04-01", payload));
        let set_goal = GoalSet {
            goal,
            plan: base.plan,
            code: Code::parse(&code)?,
            department: base.department,
            pillar: 1,
            title: title("事務の改善"),
            source_text: Text::parse("事務の改善を進める。")?,
            continues: None,
        };
        set(set_goal.into());
        let mut indicators = Vec::new();
        for n in 1..=2_u32 {
            let initiative = InitiativeId::new(new_id())?;
            let set_initiative = InitiativeSet {
                initiative,
                goal,
                number: n,
                code: Code::parse(&format!("{code}/{n}"))?,
                title: title("提案制度"),
                source_text: Text::parse("提案制度を運用する。")?,
                lead_unit: base.section,
                contributing_units: Vec::new(),
                continues: None,
                references: Vec::new(),
            };
            set(set_initiative.into());
            for m in 1..=2 {
                let indicator = IndicatorId::new(new_id())?;
                indicators.push(indicator);
                let defined = IndicatorDefined {
                    indicator,
                    initiative,
                    code: Code::parse(&format!("{code}/{n}.{m}"))?,
                    title: title("改善件数"),
                    source_text: Text::parse("改善件数 50件")?,
                    definition: counted(),
                    continues: None,
                };
                set(defined.into());
            }
        }
        let indicators = indicators.try_into().map_err(|_| "four indicators")?;
        self.made.push(Made { goal, indicators });
        Ok(())
    }

    /// Gives every indicator a target.
    pub async fn aim(&self) -> Outcome<()> {
        let mut events = Vec::new();
        for made in &self.made {
            for indicator in made.indicators {
                let target = Target {
                    aim: Aim::Value(50.into()),
                    parts: Vec::new(),
                };
                let set = TargetSet { indicator, target };
                let stream = Stream::goal(made.goal);
                events.push(self.base.event(stream, "2023-04-01", set));
            }
        }
        self.send_all(events).await
    }

    /// Reports so often on each of four indicators of a goal, in turn over the days of the year.
    pub async fn report(&self, goals: &[Made], each: usize) -> Outcome<()> {
        // Goal by goal within a round, so that what belongs together is stored apart, as it is in a year.
        let mut events = Vec::new();
        for round in 0..each {
            for made in goals {
                for indicator in made.indicators {
                    let day = format!("2023-{:02}-{:02}", 4 + round % 9, 1 + round / 9 % 28);
                    let report = ActualRecorded {
                        indicator,
                        measurement: daicho::domain::actual::Measurement::Increment(1.into()),
                        reported: daicho::domain::actual::ReportedPart::default(),
                    };
                    let stream = Stream::goal(made.goal);
                    events.push(self.base.event(stream, &day, report));
                    if events.len() == REQUEST_EVENTS {
                        self.send(std::mem::take(&mut events)).await?;
                    }
                }
            }
        }
        self.send_all(events).await
    }

    async fn send_all(&self, events: Vec<Event>) -> Outcome<()> {
        let mut rest = events.into_iter();
        loop {
            let events: Vec<Event> = rest.by_ref().take(REQUEST_EVENTS).collect();
            if events.is_empty() {
                return Ok(());
            }
            self.send(events).await?;
        }
    }

    async fn send(&self, events: Vec<Event>) -> Outcome<()> {
        let append = Append::new(self.ledger, request_id(), events);
        self.ledgers
            .append(permitted("planner", append), None)
            .await?;
        Ok(())
    }
}

/// Prints percentiles in microseconds.
pub fn told(op: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |share: f64| {
        let index = (took.len() as f64 * share) as usize;
        took[index.min(took.len() - 1)].as_secs_f64() * 1e6
    };
    println!("{op}\t{:.0}\t{:.0}\t{:.0}", at(0.5), at(0.99), at(1.0));
}

/// What the process holds in memory; 0 where the system does not say.
pub fn resident_mib() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u64>().ok());
    pages.unwrap_or_default() * 4 / 1024
}
