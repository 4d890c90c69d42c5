//! What is asked of a ledger, and how often what.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest_state_machine::ReferenceStateMachine;

use super::book::{Book, EventName, GOALS, INDICATORS_EACH, PERIODS};

/// Reports of one request at most.
const BATCH_MAX: usize = 12;

/// So many walks more on a day.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Report {
    pub(super) indicator: usize,
    /// Days after the first of April.
    pub(super) day: u8,
    pub(super) walks: u32,
}

impl Report {
    /// Whether it says why it comes.
    pub(super) fn is_reasoned(&self) -> bool {
        self.walks.is_multiple_of(2)
    }
}

/// What becomes of a goal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Turn {
    Suspend,
    Resume,
    Cancel,
}

/// What becomes of a period.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Closing {
    /// Reports need a reason from now on.
    Soft,
    Close,
    /// For one indicator.
    Reopen(usize),
}

/// Which ids of an earlier request are used again.
#[derive(Clone, Copy, Debug)]
pub(super) struct By {
    /// Those of its events, or of the first of them, under a new request id.
    pub(super) events_alone: bool,
}

/// One thing that is asked.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    /// Its own for ever: ids are made of it, and others name it, so that leaving out what came before changes neither.
    pub(super) number: u64,
    pub(super) ask: Ask,
}

/// What is asked. Requests are named by the operations that brought them.
#[derive(Clone, Debug)]
pub(super) enum Ask {
    Append(Vec<Report>),
    /// An earlier request once more.
    Retry(u64, By),
    /// Ids of an earlier request with other content.
    Reuse(u64, By),
    /// Tells something of a goal whose revision is expected to be so far from what it is.
    Expect {
        goal: usize,
        day: u8,
        off_by: i64,
    },
    /// An entry is replaced, whether it still stands or not. The indicator is the entry's.
    Correct(EventName, Report),
    Withdraw(EventName, u8),
    /// Work on a goal rests, goes on or ends, so many days after the last such turn.
    Turn {
        goal: usize,
        turn: Turn,
        later: u8,
    },
    /// A period closes by a step, or opens again.
    Period(usize, Closing),
    /// A goal is looked at as of so many events before an operation ended, named as a size or by the time of its last event, for
    /// a day or for today.
    LookBack {
        goal: usize,
        to: u64,
        less: usize,
        by_time: bool,
        day: Option<u8>,
    },
    ReadBack {
        from: Index,
        count: usize,
    },
    /// That an event is in the ledger of one size, and that size in that of another.
    Prove {
        position: Index,
        sizes: [Index; 2],
    },
    /// The server is asked to stop, and started again.
    Restart,
    Kill,
    /// The server is killed while a request is under way, which is sent again after that. The number says how far it is.
    KillDuring(Vec<Report>, u8),
    /// The same while a period is closed.
    KillClosing(usize, u8),
}

impl Ask {
    /// The last day that anything is of.
    pub(super) const LAST_DAY: u8 = 27;

    /// Which kind it is, for the figures.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Append(_) => "append",
            Self::Retry(..) => "retry",
            Self::Reuse(..) => "reuse",
            Self::Expect { .. } => "expect",
            Self::Correct(..) => "correct",
            Self::Withdraw(..) => "withdraw",
            Self::Turn { .. } => "turn",
            Self::Period(..) => "period",
            Self::LookBack { .. } => "look back",
            Self::ReadBack { .. } => "read back",
            Self::Prove { .. } => "prove",
            Self::Restart => "restart",
            Self::Kill => "kill",
            Self::KillDuring(..) => "kill during an append",
            Self::KillClosing(..) => "kill during a closing",
        }
    }
}

fn day() -> impl Strategy<Value = u8> + Clone {
    0..=Ask::LAST_DAY
}

fn report() -> impl Strategy<Value = Report> {
    (0..GOALS * INDICATORS_EACH, day(), 1_u32..10).prop_map(|(indicator, day, walks)| Report {
        indicator,
        day,
        walks,
    })
}

fn reports() -> impl Strategy<Value = Vec<Report>> {
    prop_oneof![
        3 => vec(report(), 1),
        1 => vec(report(), 2..=BATCH_MAX),
    ]
}

fn by() -> impl Strategy<Value = By> {
    any::<bool>().prop_map(|events_alone| By { events_alone })
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        20 => Just(Turn::Resume),
        6 => Just(Turn::Suspend),
        1 => Just(Turn::Cancel),
    ]
}

fn closing() -> impl Strategy<Value = Closing> {
    prop_oneof![
        2 => Just(Closing::Soft),
        1 => Just(Closing::Close),
        4 => (0..GOALS * INDICATORS_EACH).prop_map(Closing::Reopen),
    ]
}

/// Histories, as proptest makes and shrinks them.
#[derive(Debug)]
pub(super) struct Histories;

impl ReferenceStateMachine for Histories {
    type State = Book;
    type Transition = Operation;

    fn init_state() -> BoxedStrategy<Book> {
        Just(Book::new()).boxed()
    }

    fn transitions(book: &Book) -> BoxedStrategy<Operation> {
        let number = book.next();
        asks(book)
            .prop_map(move |ask| Operation { number, ask })
            .boxed()
    }

    fn preconditions(book: &Book, operation: &Operation) -> bool {
        match operation.ask {
            Ask::Retry(request, _) | Ask::Reuse(request, _) => book.request(request).is_some(),
            Ask::Correct(entry, _) | Ask::Withdraw(entry, _) => book.entry(entry).is_some(),
            Ask::LookBack { to, less, .. } => book.size_after(to).is_some_and(|size| less <= size),
            _ => true,
        }
    }

    fn apply(mut book: Book, operation: &Operation) -> Book {
        book.carry_out(operation);
        book
    }
}

/// One of these, which stays the same when others are left out.
fn one_of<T: Copy + std::fmt::Debug>(all: Vec<T>) -> impl Strategy<Value = T> {
    any::<Index>()
        .no_shrink()
        .prop_map(move |which| all[which.index(all.len())])
}

fn asks(book: &Book) -> BoxedStrategy<Ask> {
    let index = any::<Index>;
    let request = || one_of(book.requests.iter().map(|asked| asked.id).collect());
    let off_by = prop_oneof![1 => Just(0), 2 => -3_i64..=-1, 1 => 1_i64..=3];
    let expect =
        (0..GOALS, day(), off_by).prop_map(|(goal, day, off_by)| Ask::Expect { goal, day, off_by });
    let turned = (0..GOALS, turn(), 0_u8..=3).prop_map(|(goal, turn, later)| Ask::Turn {
        goal,
        turn,
        later,
    });
    let look_back = (
        0..GOALS,
        one_of((0..book.next()).collect()),
        prop_oneof![3 => Just(0), 1 => 0..=Book::SET],
        any::<bool>(),
        prop::option::of(day()),
    )
        .prop_map(|(goal, to, less, by_time, day)| Ask::LookBack {
            goal,
            to,
            less,
            by_time,
            day,
        });
    let period = (0..PERIODS, closing()).prop_map(|(period, closing)| Ask::Period(period, closing));
    let kill_closing =
        (0..PERIODS, any::<u8>()).prop_map(|(period, far)| Ask::KillClosing(period, far));
    let read_back = (index(), 1_usize..40).prop_map(|(from, count)| Ask::ReadBack { from, count });
    let prove =
        (index(), [index(), index()]).prop_map(|(position, sizes)| Ask::Prove { position, sizes });
    let always = prop_oneof![
        400 => reports().prop_map(Ask::Append),
        100 => (request(), by()).prop_map(|(which, by)| Ask::Retry(which, by)),
        40 => (request(), by()).prop_map(|(which, by)| Ask::Reuse(which, by)),
        70 => expect,
        30 => turned,
        14 => period,
        100 => look_back,
        50 => read_back,
        30 => prove,
        1 => Just(Ask::Restart),
        1 => Just(Ask::Kill),
        2 => (reports(), any::<u8>()).prop_map(|(reports, far)| Ask::KillDuring(reports, far)),
        1 => kill_closing,
    ];
    let entries = book.entries();
    if entries.is_empty() {
        return always.boxed();
    }
    let entry = || one_of(entries.clone());
    prop_oneof![
        839 => always,
        90 => (entry(), report()).prop_map(|(which, report)| Ask::Correct(which, report)),
        50 => (entry(), day()).prop_map(|(which, day)| Ask::Withdraw(which, day)),
    ]
    .boxed()
}
