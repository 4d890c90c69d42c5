//! A server under load: the connections to it, and a ledger with goals to report on.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;

use super::caller::{ANSWER_BYTES_MAX, Caller, Shared, ask, read_all};
use super::tally::Tallies;
use super::{Load, LoadError, Measured, Operation, Pace, Row, Schedule, SmallPlan, Source};
use crate::api::v1;
use crate::api::v1::admin_service_client::AdminServiceClient;
use crate::api::v1::goal_service_client::GoalServiceClient;
use crate::api::v1::ledger_service_client::LedgerServiceClient;
use crate::clock;

/// The time zone of the ledgers that are opened.
const TIME_ZONE: &str = "Asia/Tokyo";
/// What the code of a ledger begins with that was opened to be measured.
const CODE_PREFIX: &str = "bench";
/// Where the proofs of these ledgers say that they come from: a name that is nobody's.
const ORIGIN_PREFIX: &str = "bench.example/";
/// Events that set the plan, a request.
const SETUP_BATCH: usize = 500;
/// Goals of a page when a plan is read.
const GOALS_PAGE: u32 = 100;
/// Pages of goals at most.
const PAGES_MAX: usize = 10_000;

/// The connections to a server, and as whom to use them.
#[derive(Clone, Debug)]
pub struct Wires {
    /// Callers share them by their numbers. At least one.
    pub channels: Vec<Channel>,
    /// What goes with every call of a caller; callers share these by their numbers. At least one: the first opens the ledger.
    pub callers: Vec<MetadataMap>,
    /// How long one call may take.
    pub timeout: Duration,
}

/// A ledger that is to be opened.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its code; begins with `bench`.
    pub code: String,
    /// How many goals are set in it, with an indicator each. At least one.
    pub goals: usize,
    /// How large an event is to be when it is stored, in bytes; about, and of [`super::PAYLOAD_BYTES`].
    pub payload: usize,
}

impl Opening {
    /// With a code that no other ledger has.
    pub fn unique(goals: usize, payload: usize) -> Self {
        let id = clock::new_random_id().simple().to_string();
        Self {
            code: format!("{CODE_PREFIX}-{}", &id[..12]),
            goals,
            payload,
        }
    }
}

/// A server and what can be reported to it.
#[derive(Clone, Debug)]
pub struct Target {
    name: String,
    wires: Wires,
    source: Arc<Source>,
    /// How many events there were once the plan was set.
    set_up: u64,
    size: u64,
    event_bytes: usize,
}

impl Target {
    /// A server that takes any append, and holds nothing yet.
    pub fn undemanding(name: &str, wires: Wires, source: Source) -> Self {
        Self {
            name: name.to_owned(),
            wires,
            source: Arc::new(source),
            set_up: 0,
            size: 0,
            event_bytes: 0,
        }
    }

    /// Opens a ledger and sets goals in it.
    pub async fn open(name: &str, wires: Wires, opening: &Opening) -> Result<Self, LoadError> {
        let request = v1::OpenLedgerRequest {
            request_id: clock::new_id().to_string(),
            code: opening.code.clone(),
            title: Some(v1::Title {
                ja: "計測市".to_owned(),
                en: None,
            }),
            origin: origin(&opening.code),
            time_zone: TIME_ZONE.to_owned(),
            locale: "ja-JP".to_owned(),
        };
        let mut admin = AdminServiceClient::new(wires.channels[0].clone());
        let opened = admin.open_ledger(wires.ask(request)).await?.into_inner();
        let ledger = opened.ledger.ok_or(LoadError::Incomplete("the ledger"))?.id;
        let told = wires.ledger(&ledger).await?;
        let today = today(&told)?;
        let new_id = || clock::new_id().to_string();
        let (plan, setup) = SmallPlan::new(today, opening.goals, 1, new_id);
        let source = Source::new(ledger, plan, today, 0);
        let mut target = Self::undemanding(name, wires, source);
        for events in setup.chunks(SETUP_BATCH) {
            let request = target.source.request(events.to_vec());
            target.append(request, 0).await?;
        }
        target.set_up = target.size;
        target.fill_to(opening.payload).await?;
        Ok(target)
    }

    /// A ledger that was opened to be measured before; nothing is written into any other.
    pub async fn resume(
        name: &str,
        wires: Wires,
        ledger: &str,
        payload: usize,
    ) -> Result<Self, LoadError> {
        let told = wires.ledger(ledger).await?;
        let today = today(&told)?;
        let size = told.head.map_or(0, |head| head.size);
        let ledger = told.ledger.ok_or(LoadError::Incomplete("the ledger"))?;
        if !is_ours(&ledger) {
            return Err(LoadError::Foreign { code: ledger.code });
        }
        let opened = ledger.opened_at.unwrap_or_default();
        let opened = jiff::Timestamp::new(opened.seconds, opened.nanos).unwrap_or_default();
        let zone = TimeZone::get(TIME_ZONE).unwrap_or(TimeZone::UTC);
        let (mut plan, _) = SmallPlan::new(opened.to_zoned(zone).date(), 0, 0, String::new);
        let mut page_token = String::new();
        for _ in 0..PAGES_MAX {
            let request = v1::ListGoalsRequest {
                ledger: ledger.id.clone(),
                view: v1::GoalView::Full.into(),
                page_size: GOALS_PAGE,
                page_token,
                ..v1::ListGoalsRequest::default()
            };
            let mut goals = GoalServiceClient::new(wires.channels[0].clone())
                .max_decoding_message_size(ANSWER_BYTES_MAX);
            let page = goals.list_goals(wires.ask(request)).await?.into_inner();
            for goal in page.goals {
                let mut initiatives = goal.initiatives.into_iter();
                let indicator = initiatives.find_map(|i| i.indicators.into_iter().next());
                if let Some(indicator) = indicator {
                    plan.goals.push(goal.id);
                    plan.indicators.push(indicator.id);
                }
            }
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        if plan.goals.is_empty() {
            return Err(LoadError::Bare { code: ledger.code });
        }
        let last = plan
            .first_day
            .parse()
            .map_or(today, |first| last_day(first, today));
        let source = Source::new(ledger.id, plan, last, 0).behind(size);
        let mut target = Self {
            set_up: size,
            size,
            ..Self::undemanding(name, wires, source)
        };
        target.fill_to(payload).await?;
        Ok(target)
    }

    /// What it is called in the figures.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many events it holds.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// How large an event of this load is when it is stored, in bytes; 0 where that is not known.
    pub fn event_bytes(&self) -> usize {
        self.event_bytes
    }

    /// What makes its requests.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The connections to it.
    pub fn wires(&self) -> &Wires {
        &self.wires
    }

    /// Appends what is no part of a load, as the caller of that number.
    pub async fn append(
        &mut self,
        request: v1::AppendEventsRequest,
        caller: usize,
    ) -> Result<v1::Receipt, LoadError> {
        let wires = &self.wires;
        let metadata = &wires.callers[caller % wires.callers.len()];
        let answer = LedgerServiceClient::new(wires.channels[0].clone())
            .append_events(ask(request, metadata, wires.timeout))
            .await?;
        let receipt = answer.into_inner().receipt;
        let receipt = receipt.ok_or(LoadError::Incomplete("the receipt"))?;
        self.size = receipt.size;
        Ok(receipt)
    }

    /// Looks how large an event is as the server stores it, and fills those to come.
    async fn fill_to(&mut self, payload: usize) -> Result<(), LoadError> {
        let bare = self.stored_bytes().await?;
        if let Some(source) = Arc::get_mut(&mut self.source) {
            source.filling = payload.saturating_sub(bare);
        }
        self.event_bytes = self.stored_bytes().await?;
        Ok(())
    }

    async fn stored_bytes(&mut self) -> Result<usize, LoadError> {
        let request = self.source.reports(1);
        let receipt = self.append(request, 0).await?;
        let asked = v1::GetEventRequest {
            ledger: self.source.ledger().to_owned(),
            selector: Some(v1::get_event_request::Selector::Position(
                receipt.first_position,
            )),
            ..v1::GetEventRequest::default()
        };
        let mut client = LedgerServiceClient::new(self.wires.channels[0].clone());
        let answer = client.get_event(self.wires.ask(asked)).await?;
        Ok(answer.into_inner().leaf.len())
    }

    /// Puts a load on it, and checks that exactly what was acknowledged is stored. Nobody else may write meanwhile.
    pub async fn run(&mut self, load: &Load) -> Result<Measured, LoadError> {
        let shared = Arc::new(Shared {
            source: self.source.clone(),
            load: load.clone(),
            sizes: (self.set_up.min(self.size), self.size),
            timeout: self.wires.timeout,
            tallies: Tallies::of(load.callers),
            next: AtomicU64::new(0),
            start: Instant::now(),
        });
        let callers = (0..load.callers).map(|number| {
            let Wires {
                channels, callers, ..
            } = &self.wires;
            let channel = channels[number % channels.len()].clone();
            let metadata = callers[number % callers.len()].clone();
            Caller::new(number, shared.clone(), channel, metadata)
        });
        let mut tasks = JoinSet::new();
        match load.pace {
            Pace::Closed if load.mix.has(Operation::Submit) => {
                callers.for_each(|caller| drop(tasks.spawn(caller.keep_submitting())));
            }
            Pace::Closed => callers.for_each(|caller| drop(tasks.spawn(caller.keep_on()))),
            Pace::Open { calls_per_s } => {
                let schedule = Schedule::new(calls_per_s);
                let total = schedule.calls_before(load.warm_up + load.length);
                let due = Arc::new(Semaphore::new(0));
                for caller in callers {
                    tasks.spawn(caller.keep_pace(due.clone(), schedule, total));
                }
                let (start, callers) = (shared.start, load.callers);
                std::thread::spawn(move || pace(start, schedule, total, callers, &due));
            }
        }
        while let Some(ended) = tasks.join_next().await {
            ended.map_err(|_| LoadError::Broken)?;
        }
        // Calls that began in time may end a little after it.
        let elapsed = Instant::now().saturating_duration_since(shared.begin());
        let tally = shared.tallies.take();
        let measured = Measured {
            rows: tally.rows(&self.name, load, elapsed),
            acknowledged: tally.acknowledged,
            unsent: tally.unsent(),
            first_error: tally.first_error,
        };
        if load.mix.appends() {
            match self.check_growth(&measured).await {
                // That one call more failed says less than those of the load.
                Err(LoadError::Call(_)) if 0 < measured.errors() => {}
                checked => checked?,
            }
        }
        Ok(measured)
    }

    /// One event more says how many there are; where calls failed, what became of them is not known.
    async fn check_growth(&mut self, measured: &Measured) -> Result<(), LoadError> {
        let (before, acknowledged) = (self.size, measured.acknowledged);
        let request = self.source.reports(1);
        let grown = self
            .append(request, 0)
            .await?
            .size
            .saturating_sub(before + 1);
        match measured.errors() == 0 && grown != acknowledged {
            true => Err(LoadError::Miscounted {
                acknowledged,
                grown,
            }),
            false => Ok(()),
        }
    }

    /// Reads everything from the beginning, up to `limit` events, with one caller.
    pub async fn read_back(&self, limit: u64, operation: Operation) -> Result<Row, LoadError> {
        let format = match operation {
            Operation::ReadLeaves => v1::EventFormat::Leaves,
            _ => v1::EventFormat::Events,
        };
        let mut client = LedgerServiceClient::new(self.wires.channels[0].clone())
            .max_decoding_message_size(ANSWER_BYTES_MAX);
        // The whole of a large ledger may take longer than one call: no deadline.
        let mut request = self.wires.ask(self.source.read(0, limit, format));
        request.metadata_mut().remove("grpc-timeout");
        let begin = Instant::now();
        let read = read_all(&mut client, request).await?;
        let elapsed = begin.elapsed();
        let expected = limit.min(self.size);
        match read == expected {
            true => Ok(Row::of_read(&self.name, operation.name(), read, elapsed)),
            false => Err(LoadError::ReadShort { read, expected }),
        }
    }
}

impl Wires {
    /// A request as the first caller makes it.
    fn ask<T>(&self, message: T) -> tonic::Request<T> {
        ask(message, &self.callers[0], self.timeout)
    }

    async fn ledger(&self, ledger: &str) -> Result<v1::GetLedgerResponse, LoadError> {
        let asked = v1::GetLedgerRequest {
            ledger: ledger.to_owned(),
            min_position: None,
            as_of: None,
        };
        let mut client = LedgerServiceClient::new(self.channels[0].clone());
        Ok(client.get_ledger(self.ask(asked)).await?.into_inner())
    }
}

/// Lets calls go as they become due. A thread of its own, for a runtime's timers are as coarse as a millisecond.
fn pace(start: Instant, schedule: Schedule, total: u64, callers: usize, due: &Semaphore) {
    let mut let_go = 0;
    while let_go < total {
        let now = start.elapsed();
        // Also what is due at this very instant.
        let until = schedule
            .calls_before(now + Duration::from_nanos(1))
            .min(total);
        due.add_permits((until - let_go) as usize);
        let_go = until;
        std::thread::sleep(schedule.due(let_go).saturating_sub(now));
    }
    // Each caller finds that nothing is left.
    due.add_permits(callers);
}

/// The origin of the ledger with this code.
fn origin(code: &str) -> String {
    format!("{ORIGIN_PREFIX}{code}")
}

/// Whether a ledger was opened to be measured: a name that somebody else chose does not make it so.
pub fn is_ours(ledger: &v1::Ledger) -> bool {
    ledger.code.starts_with(CODE_PREFIX) && ledger.origin == origin(&ledger.code)
}

fn today(told: &v1::GetLedgerResponse) -> Result<Date, LoadError> {
    let today = told.today.parse();
    today.map_err(|_| LoadError::Incomplete("what day it is"))
}

/// The last day of the fiscal year that begins with `first`, or today if that comes before.
fn last_day(first: Date, today: Date) -> Date {
    let next = first.saturating_add(jiff::Span::new().years(1));
    next.yesterday().map_or(today, |last| last.min(today))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn only_ledgers_that_were_opened_to_be_measured_are_written_into() {
        let ledger = |code: &str, origin: &str| v1::Ledger {
            code: code.to_owned(),
            origin: origin.to_owned(),
            ..v1::Ledger::default()
        };
        let opening = Opening::unique(1, 300);
        assert!(is_ours(&ledger(&opening.code, &origin(&opening.code))));
        for (code, origin) in [
            ("kariya", "kariya.example/daicho"),
            ("kariya", "bench.example/kariya"),
            ("bench-town", "town.example/daicho"),
            ("bench-1", "bench.example/bench-2"),
        ] {
            assert!(!is_ours(&ledger(code, origin)), "{code} {origin}");
        }
    }

    #[test]
    fn reports_are_of_the_fiscal_year_and_never_of_tomorrow() {
        let first = date(2023, 4, 1);
        assert_eq!(last_day(first, date(2023, 9, 30)), date(2023, 9, 30));
        assert_eq!(last_day(first, date(2026, 1, 1)), date(2024, 3, 31));
    }

    #[test]
    fn the_pacemaker_lets_every_call_go_and_every_caller_end() {
        let due = Semaphore::new(0);
        pace(Instant::now(), Schedule::new(1e6), 1_000, 7, &due);
        assert_eq!(due.available_permits(), 1_007);
    }
}
