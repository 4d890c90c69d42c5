//! What a ledger holds, kept in the plainest way: a list of facts, gone through from the first to the last for every answer.
//!
//! Written from the API's words alone. It shares nothing with the server but the names of errors, so that a mistake of the one
//! is not the other's too.

use std::collections::BTreeMap;

use super::operation::{Ask, Closing, Operation, Report, Turn};

pub(super) const GOALS: usize = 3;
pub(super) const INDICATORS_EACH: usize = 2;
/// Each of as many days.
pub(super) const PERIODS: usize = 2;
const PERIOD_DAYS: u8 = 14;
/// What is told to whoever uses an event id for something else.
const OTHER_CONTENT: u32 = u32::MAX;

/// What a stream is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stream {
    Ledger,
    /// The department, then the section.
    Unit(usize),
    Plan,
    Goal(usize),
}

/// What happened. Days are those of April 2023; entries are named by their positions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum What {
    /// Of the plan as it was set.
    Opened,
    UnitSet(usize),
    PlanSet,
    GoalSet(usize),
    InitiativeSet(usize),
    IndicatorSet(usize),
    TargetSet(usize),
    PeriodSet(usize),
    /// What the server itself adds to a closing: what the period came to, and where every stream stood.
    Frozen,
    HeadsKept,
    /// What the operations bring.
    Reported(Report),
    Corrected {
        entry: usize,
        report: Report,
    },
    Withdrawn {
        entry: usize,
        indicator: usize,
        day: u8,
    },
    Told {
        goal: usize,
        day: u8,
        words: u32,
    },
    Turned {
        goal: usize,
        day: u8,
        turn: Turn,
    },
    Period(usize, Closing),
}

/// An event in its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fact {
    pub(super) what: What,
    pub(super) revision: u64,
    /// Which request brought it, and as which of its events.
    pub(super) request: usize,
    pub(super) index: usize,
}

/// A request as it is sent. Ids are made of the numbers, so that the same history has the same ids.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    pub(super) id: u64,
    pub(super) events: Vec<(EventName, What)>,
    pub(super) expected: Option<(usize, u64)>,
}

/// Which event: the operation that made it up, and its number there.
pub(super) type EventName = (u64, usize);

/// What the last operation has to come to.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    /// Nothing was asked that could change anything.
    Looked,
    /// The newest request was recorded.
    Recorded(Asked),
    /// This request had been recorded, as the one with this number.
    Replayed(Asked, usize),
    /// Refused, with one of these reasons.
    Refused(Asked, Vec<&'static str>),
}

/// Where an indicator stands.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Stand {
    pub(super) sum: Option<u64>,
    pub(super) entries: usize,
    pub(super) newest: Option<Newest>,
}

/// The entry recorded last.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Newest {
    pub(super) position: usize,
    pub(super) walks: u32,
    pub(super) day: u8,
    /// Where it was replaced or taken back, and whether the latter.
    pub(super) superseded: Option<(usize, bool)>,
}

/// Where a goal stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct GoalStand {
    pub(super) revision: u64,
    pub(super) phase: Phase,
    pub(super) reported: usize,
    pub(super) told: Vec<u32>,
    pub(super) indicators: Vec<Stand>,
}

/// What has become of a goal, and since which day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Phase {
    Active,
    Suspended(u8),
    Cancelled(u8),
}

/// Where a period stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Lock {
    Open,
    SoftClosed,
    Closed,
    Reopened(usize),
}

/// Everything that was recorded, and what the last operation has to come to.
#[derive(Clone, Debug)]
pub(super) struct Book {
    pub(super) facts: Vec<Fact>,
    pub(super) requests: Vec<Asked>,
    pub(super) outcome: Outcome,
    /// The size of the ledger after each operation.
    sizes: BTreeMap<u64, usize>,
}

impl Turn {
    fn leads_to(self, since: u8) -> Phase {
        match self {
            Self::Suspend => Phase::Suspended(since),
            Self::Resume => Phase::Active,
            Self::Cancel => Phase::Cancelled(since),
        }
    }
}

impl What {
    pub(super) fn stream(&self) -> Stream {
        let of_indicator = |indicator: usize| Stream::Goal(indicator / INDICATORS_EACH);
        match *self {
            Self::Opened | Self::HeadsKept => Stream::Ledger,
            Self::UnitSet(unit) => Stream::Unit(unit),
            Self::PlanSet | Self::PeriodSet(_) | Self::Frozen | Self::Period(..) => Stream::Plan,
            Self::GoalSet(goal) | Self::InitiativeSet(goal) => Stream::Goal(goal),
            Self::Told { goal, .. } | Self::Turned { goal, .. } => Stream::Goal(goal),
            Self::IndicatorSet(indicator) | Self::TargetSet(indicator) => of_indicator(indicator),
            Self::Reported(report) | Self::Corrected { report, .. } => {
                of_indicator(report.indicator)
            }
            Self::Withdrawn { indicator, .. } => of_indicator(indicator),
        }
    }
}

impl Asked {
    fn of(number: u64, events: Vec<What>) -> Self {
        let named = |(index, what)| ((number, index), what);
        Self {
            id: number,
            events: events.into_iter().enumerate().map(named).collect(),
            expected: None,
        }
    }

    /// How many events the server adds to it.
    pub(super) fn added(&self) -> usize {
        let closes =
            |(_, what): &&(EventName, What)| matches!(what, What::Period(_, Closing::Close));
        2 * self.events.iter().filter(closes).count()
    }
}

impl Book {
    /// Events before the first operation: the opening, two units, the plan, of each goal what it and its indicators take, and the periods.
    pub(super) const SET: usize = 4 + GOALS * (2 + 2 * INDICATORS_EACH) + PERIODS;

    /// A ledger in which a plan was set, by one request.
    pub(super) fn new() -> Self {
        let mut set = vec![What::UnitSet(0), What::UnitSet(1), What::PlanSet];
        for goal in 0..GOALS {
            set.extend([What::GoalSet(goal), What::InitiativeSet(goal)]);
            let first = goal * INDICATORS_EACH;
            for indicator in first..first + INDICATORS_EACH {
                set.extend([What::IndicatorSet(indicator), What::TargetSet(indicator)]);
            }
        }
        set.extend((0..PERIODS).map(What::PeriodSet));
        let opening = Fact {
            what: What::Opened,
            revision: 1,
            request: usize::MAX,
            index: 0,
        };
        let mut book = Self {
            facts: vec![opening],
            requests: Vec::new(),
            outcome: Outcome::Looked,
            sizes: BTreeMap::new(),
        };
        book.record(Asked::of(0, set));
        book.sizes.insert(0, book.size());
        assert_eq!(book.size(), Self::SET);
        book
    }

    pub(super) fn size(&self) -> usize {
        self.facts.len()
    }

    /// The name of an event that an operation brought.
    pub(super) fn name_at(&self, position: usize) -> EventName {
        let fact = self.facts[position];
        self.requests[fact.request].events[fact.index].0
    }

    /// The number of the next operation.
    pub(super) fn next(&self) -> u64 {
        self.sizes.last_key_value().map_or(0, |(last, _)| last + 1)
    }

    pub(super) fn size_after(&self, operation: u64) -> Option<usize> {
        self.sizes.get(&operation).copied()
    }

    /// Which of the requests the operation brought.
    pub(super) fn request(&self, operation: u64) -> Option<usize> {
        self.requests.iter().position(|asked| asked.id == operation)
    }

    /// Reports and corrections.
    pub(super) fn entries(&self) -> Vec<EventName> {
        let is_entry = |(_, what): &&(EventName, What)| {
            matches!(what, What::Reported(_) | What::Corrected { .. })
        };
        let events = self.requests.iter().flat_map(|asked| &asked.events);
        events.filter(is_entry).map(|(name, _)| *name).collect()
    }

    /// Where an entry stands.
    pub(super) fn entry(&self, (operation, index): EventName) -> Option<usize> {
        let request = self.request(operation)?;
        let facts = self.facts.iter();
        facts
            .clone()
            .position(|fact| (fact.request, fact.index) == (request, index))
    }

    pub(super) fn carry_out(&mut self, operation: &Operation) {
        let number = operation.number;
        let asked = |events| Asked::of(number, events);
        self.outcome = Outcome::Looked;
        match &operation.ask {
            Ask::Append(reports) | Ask::KillDuring(reports, _) => {
                self.judge(asked(reports.iter().copied().map(What::Reported).collect()));
            }
            Ask::Retry(which, by) => {
                let known = self.request(*which).unwrap();
                let mut asked = self.requests[known].clone();
                if by.events_alone {
                    asked.id = number;
                }
                self.outcome = Outcome::Replayed(asked, known);
            }
            Ask::Reuse(which, by) => {
                let known = &self.requests[self.request(*which).unwrap()];
                let mut asked = asked(vec![What::Told {
                    goal: 0,
                    day: 0,
                    words: OTHER_CONTENT,
                }]);
                if by.events_alone {
                    asked.events[0].0 = known.events[0].0;
                } else {
                    asked.id = known.id;
                }
                self.outcome = Outcome::Refused(asked, vec!["IDEMPOTENCY_CONFLICT"]);
            }
            Ask::Expect { goal, day, off_by } => {
                let words = u32::try_from(number).unwrap();
                let (goal, day) = (*goal, *day);
                let mut asked = asked(vec![What::Told { goal, day, words }]);
                let current = self.revision(Stream::Goal(goal));
                asked.expected = Some((goal, current.saturating_add_signed(*off_by)));
                if *off_by == 0 {
                    self.record(asked);
                } else {
                    self.outcome = Outcome::Refused(asked, vec!["STREAM_VERSION_CONFLICT"]);
                }
            }
            Ask::Correct(which, report) => {
                let entry = self.entry(*which).unwrap();
                let report = Report {
                    indicator: self.indicator_of(entry),
                    ..*report
                };
                self.judge(asked(vec![What::Corrected { entry, report }]));
            }
            Ask::Withdraw(which, day) => {
                let entry = self.entry(*which).unwrap();
                self.judge(asked(vec![What::Withdrawn {
                    entry,
                    indicator: self.indicator_of(entry),
                    day: *day,
                }]));
            }
            Ask::Turn { goal, turn, later } => {
                let (goal, turn) = (*goal, *turn);
                let (_, last) = self.phase(goal);
                let day = (last + later).min(Ask::LAST_DAY);
                self.judge(asked(vec![What::Turned { goal, day, turn }]));
            }
            Ask::Period(period, closing) => {
                self.judge(asked(vec![What::Period(*period, *closing)]));
            }
            Ask::KillClosing(period, _) => {
                self.judge(asked(vec![What::Period(*period, Closing::Close)]));
            }
            Ask::Restart
            | Ask::Kill
            | Ask::LookBack { .. }
            | Ask::ReadBack { .. }
            | Ask::Prove { .. } => {}
        }
        self.sizes.insert(number, self.size());
    }

    fn indicator_of(&self, entry: usize) -> usize {
        match self.facts[entry].what {
            What::Reported(report) | What::Corrected { report, .. } => report.indicator,
            other => panic!("{other:?} is no entry"),
        }
    }

    fn judge(&mut self, asked: Asked) {
        let mut broken: Vec<&'static str> = Vec::new();
        for (_, what) in &asked.events {
            broken.extend(self.broken_by(what));
        }
        if broken.is_empty() {
            self.record(asked);
        } else {
            self.outcome = Outcome::Refused(asked, broken);
        }
    }

    fn record(&mut self, asked: Asked) {
        for (index, (_, what)) in asked.events.iter().enumerate() {
            let revision = self.revision(what.stream()) + 1;
            self.facts.push(Fact {
                what: *what,
                revision,
                request: self.requests.len(),
                index,
            });
        }
        self.requests.push(asked.clone());
        if asked.added() != 0 {
            for what in [What::Frozen, What::HeadsKept] {
                let revision = self.revision(what.stream()) + 1;
                self.facts.push(Fact {
                    what,
                    revision,
                    request: usize::MAX,
                    index: 0,
                });
            }
        }
        self.outcome = Outcome::Recorded(asked);
    }

    /// The rules that an event would break.
    fn broken_by(&self, what: &What) -> Vec<&'static str> {
        let standing = |entry: usize| {
            let superseded = self.is_superseded(entry);
            superseded.then_some("ALREADY_SUPERSEDED")
        };
        let resting = |report: &Report| {
            let goal = report.indicator / INDICATORS_EACH;
            match self.phase(goal).0 {
                Phase::Suspended(since) if since <= report.day => Some("GOAL_SUSPENDED"),
                Phase::Cancelled(since) if since <= report.day => Some("GOAL_CANCELLED"),
                _ => None,
            }
        };
        let locked = |report: &Report| {
            let lock = self.lock(usize::from(report.day / PERIOD_DAYS));
            match lock {
                Lock::Closed => Some("PERIOD_CLOSED"),
                Lock::Reopened(only) if only != report.indicator => Some("PERIOD_CLOSED"),
                Lock::SoftClosed | Lock::Reopened(_) if !report.is_reasoned() => {
                    Some("PERIOD_SOFT_CLOSED")
                }
                Lock::Open | Lock::SoftClosed | Lock::Reopened(_) => None,
            }
        };
        let closing = |period: usize, closing: Closing| match (self.lock(period), closing) {
            (Lock::Open, Closing::Soft) => None,
            (_, Closing::Soft) => Some("PERIOD_NOT_OPEN"),
            (Lock::Closed, Closing::Close) => Some("PERIOD_ALREADY_CLOSED"),
            (_, Closing::Close) | (Lock::Closed, Closing::Reopen(_)) => None,
            (_, Closing::Reopen(_)) => Some("PERIOD_NOT_CLOSED"),
        };
        let turning = |goal: usize, turn: Turn| match (self.phase(goal).0, turn) {
            (Phase::Cancelled(_), _) => Some("GOAL_CANCELLED"),
            (Phase::Suspended(_), Turn::Suspend) => Some("GOAL_SUSPENDED"),
            (Phase::Active, Turn::Resume) => Some("GOAL_NOT_SUSPENDED"),
            _ => None,
        };
        let broken = match what {
            What::Reported(report) => [resting(report), locked(report)],
            What::Corrected { entry, report } => [standing(*entry), resting(report)],
            What::Withdrawn { entry, .. } => [standing(*entry), None],
            What::Turned { goal, turn, .. } => [turning(*goal, *turn), None],
            What::Period(period, step) => [closing(*period, *step), None],
            _ => [None, None],
        };
        broken.into_iter().flatten().collect()
    }

    fn revision(&self, stream: Stream) -> u64 {
        let facts = self.facts.iter();
        facts.filter(|fact| fact.what.stream() == stream).count() as u64
    }

    /// What has become of a goal by now, and the day of the last turn. No turn is of a day before the one before it.
    fn phase(&self, goal: usize) -> (Phase, u8) {
        let turned = self.facts.iter().rev().find_map(|fact| match fact.what {
            What::Turned {
                goal: of,
                day,
                turn,
            } if of == goal => Some((turn.leads_to(day), day)),
            _ => None,
        });
        turned.unwrap_or((Phase::Active, 0))
    }

    fn lock(&self, period: usize) -> Lock {
        let step = self.facts.iter().rev().find_map(|fact| match fact.what {
            What::Period(of, step) if of == period => Some(step),
            _ => None,
        });
        match step {
            None => Lock::Open,
            Some(Closing::Soft) => Lock::SoftClosed,
            Some(Closing::Close) => Lock::Closed,
            Some(Closing::Reopen(only)) => Lock::Reopened(only),
        }
    }

    /// The first and the last day of a period.
    pub(super) fn days(period: usize) -> [u8; 2] {
        let first = PERIOD_DAYS * u8::try_from(period).unwrap();
        [first, first + PERIOD_DAYS - 1]
    }

    fn is_superseded(&self, of: usize) -> bool {
        self.facts[of..].iter().any(|fact| match fact.what {
            What::Corrected { entry, .. } | What::Withdrawn { entry, .. } => entry == of,
            _ => false,
        })
    }

    /// Where a goal stood for the day when the ledger had this size; nothing before it was set.
    pub(super) fn goal(&self, goal: usize, size: usize, day: u8) -> Option<GoalStand> {
        let (mut revision, mut phase, mut told) = (0, Phase::Active, Vec::new());
        let mut indicators: BTreeMap<usize, Stand> = BTreeMap::new();
        let mut entries: BTreeMap<usize, (Report, Option<(usize, bool)>)> = BTreeMap::new();
        for (position, fact) in self.facts[..size].iter().enumerate() {
            if fact.what.stream() != Stream::Goal(goal) {
                continue;
            }
            revision += 1;
            match fact.what {
                What::IndicatorSet(indicator) => {
                    indicators.insert(indicator, Stand::default());
                }
                What::Reported(report) => {
                    entries.insert(position, (report, None));
                }
                What::Corrected { entry, report } => {
                    entries.get_mut(&entry).unwrap().1 = Some((position, false));
                    entries.insert(position, (report, None));
                }
                What::Withdrawn { entry, .. } => {
                    entries.get_mut(&entry).unwrap().1 = Some((position, true));
                }
                What::Told { day: on, words, .. } if on <= day => told.push(words),
                What::Turned { day: on, turn, .. } if on <= day => phase = turn.leads_to(on),
                _ => {}
            }
        }
        for (position, (report, superseded)) in entries {
            if day < report.day {
                continue;
            }
            let stand = indicators.get_mut(&report.indicator).unwrap();
            if superseded.is_none() {
                *stand.sum.get_or_insert(0) += u64::from(report.walks);
            }
            stand.entries += 1;
            stand.newest = Some(Newest {
                position,
                walks: report.walks,
                day: report.day,
                superseded,
            });
        }
        let reported = indicators.values().filter(|stand| stand.sum.is_some());
        (0 < revision).then(|| GoalStand {
            revision,
            phase,
            reported: reported.count(),
            told,
            indicators: indicators.values().cloned().collect(),
        })
    }
}
