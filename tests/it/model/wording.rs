//! What the book asks for, in the API's words: requests, events and ids.

use daicho::api::v1;
use daicho::api::v1::event_input::Payload;
use daicho::load::SmallPlan;
use uuid::Uuid;

use super::book::{Asked, Book, EventName, GOALS, INDICATORS_EACH, PERIODS, What};
use super::operation::{Closing, Report, Turn};

/// What the things of a ledger are called.
pub(super) struct Wording {
    pub(super) ledger: String,
    pub(super) plan: SmallPlan,
    /// The events that set the plan.
    setting: Vec<v1::EventInput>,
}

impl Wording {
    pub(super) fn new(ledger: String) -> Self {
        let mut ids = 0_u64;
        let new_id = || {
            ids += 1;
            id("setting", ids, 0)
        };
        // A year that is over: every day of it has been, whenever this runs.
        let day = jiff::civil::date(2023, 5, 1);
        let (plan, mut setting) = SmallPlan::new(day, GOALS, INDICATORS_EACH, new_id);
        setting.extend((0..PERIODS).map(|number| {
            let [first, last] = Book::days(number).map(date);
            let opened = v1::PeriodOpened {
                plan: plan.plan.clone(),
                period: period(number),
                title: Some(v1::Title {
                    ja: period(number),
                    en: None,
                }),
                span: Some(v1::DateSpan {
                    first: first.clone(),
                    last,
                }),
            };
            v1::EventInput {
                valid_from: Some(first),
                payload: Some(Payload::PeriodOpened(opened)),
                ..v1::EventInput::default()
            }
        }));
        Self {
            ledger,
            plan,
            setting,
        }
    }

    pub(super) fn request(&self, asked: &Asked, book: &Book) -> v1::AppendEventsRequest {
        let expected = asked.expected.map(|(goal, revision)| v1::ExpectedRevision {
            stream: Some(v1::StreamRef {
                kind: v1::StreamKind::Goal.into(),
                id: self.plan.goals[goal].clone(),
            }),
            revision,
        });
        v1::AppendEventsRequest {
            ledger: self.ledger.clone(),
            request_id: id("request", asked.id, 0),
            events: asked
                .events
                .iter()
                .map(|event| self.event(*event, book))
                .collect(),
            expected_revisions: expected.into_iter().collect(),
            ..v1::AppendEventsRequest::default()
        }
    }

    pub(super) fn event(&self, (name, what): (EventName, What), book: &Book) -> v1::EventInput {
        let indicator = |indicator: usize| self.plan.indicators[indicator].clone();
        let entry = |position: usize| event_id(book.name_at(position));
        let (day, payload) = match what {
            What::Reported(report) => {
                let payload = v1::ActualRecorded {
                    indicator: indicator(report.indicator),
                    measurement: measured(report),
                    ..v1::ActualRecorded::default()
                };
                (report.day, Payload::ActualRecorded(payload))
            }
            What::Corrected { entry: of, report } => {
                let payload = v1::ActualCorrected {
                    indicator: indicator(report.indicator),
                    corrects: entry(of),
                    measurement: measured(report),
                    ..v1::ActualCorrected::default()
                };
                (report.day, Payload::ActualCorrected(payload))
            }
            What::Withdrawn {
                entry: of,
                indicator: which,
                day,
            } => {
                let payload = v1::ActualRetracted {
                    indicator: indicator(which),
                    retracts: entry(of),
                    before: None,
                };
                (day, Payload::ActualRetracted(payload))
            }
            What::Told { goal, day, words } => {
                let kind = v1::subject::Kind::Goal(self.plan.goals[goal].clone());
                let payload = v1::NarrativeAdded {
                    subject: Some(v1::Subject { kind: Some(kind) }),
                    kind: v1::NarrativeKind::Note.into(),
                    text: words.to_string(),
                };
                (day, Payload::NarrativeAdded(payload))
            }
            What::Turned { goal, day, turn } => {
                let goal = self.plan.goals[goal].clone();
                let payload = match turn {
                    Turn::Suspend => Payload::GoalSuspended(v1::GoalSuspended { goal }),
                    Turn::Resume => Payload::GoalResumed(v1::GoalResumed { goal }),
                    Turn::Cancel => Payload::GoalCancelled(v1::GoalCancelled { goal }),
                };
                (day, payload)
            }
            What::Period(number, closing) => {
                let (plan, period) = (self.plan.plan.clone(), period(number));
                let payload = match closing {
                    Closing::Soft => {
                        Payload::PeriodSoftClosed(v1::PeriodSoftClosed { plan, period })
                    }
                    Closing::Close => Payload::PeriodClosed(v1::PeriodClosed {
                        plan,
                        period,
                        revision: None,
                    }),
                    Closing::Reopen(only) => Payload::PeriodReopened(v1::PeriodReopened {
                        plan,
                        period,
                        scope: vec![indicator(only)],
                        // The last day that there is.
                        until: "2199-12-31".to_owned(),
                    }),
                };
                let [_, last] = Book::days(number);
                (last, payload)
            }
            // Of the request that set the plan, whose events are named by their places in it.
            _ => {
                return v1::EventInput {
                    event_id: event_id(name),
                    ..self.setting[name.1].clone()
                };
            }
        };
        v1::EventInput {
            event_id: event_id(name),
            valid_from: Some(date(day)),
            reason: reason(&what),
            payload: Some(payload),
            ..v1::EventInput::default()
        }
    }
}

/// What is asked for where something is changed.
fn reason(what: &What) -> Option<v1::Reason> {
    let says_why = match what {
        What::Corrected { .. } | What::Withdrawn { .. } | What::Turned { .. } => true,
        What::Period(_, closing) => matches!(closing, Closing::Reopen(_)),
        What::Reported(report) => report.is_reasoned(),
        _ => false,
    };
    says_why.then(|| v1::Reason {
        code: v1::ReasonCode::Other.into(),
        text: "理由".to_owned(),
    })
}

fn period(number: usize) -> String {
    format!("第{}期", number + 1)
}

fn measured(report: Report) -> Option<v1::Measurement> {
    let kind = v1::measurement::Kind::Increment(report.walks.to_string());
    Some(v1::Measurement { kind: Some(kind) })
}

pub(super) fn increment(measurement: Option<&v1::Measurement>) -> u32 {
    match measurement.and_then(|measurement| measurement.kind.as_ref()) {
        Some(v1::measurement::Kind::Increment(walks)) => walks.parse().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Without what the server fills in.
pub(super) fn as_sent(mut fact: v1::EventInput) -> v1::EventInput {
    match &mut fact.payload {
        Some(Payload::ActualRecorded(fact)) => fact.unit_code = None,
        Some(Payload::ActualCorrected(fact)) => (fact.unit_code, fact.before) = (None, None),
        Some(Payload::ActualRetracted(fact)) => fact.before = None,
        Some(Payload::PeriodClosed(fact)) => fact.revision = None,
        _ => {}
    }
    fact
}

/// The same names give the same id.
pub(super) fn id(kind: &str, number: u64, index: usize) -> String {
    let name = format!("{kind} {number} {index}");
    Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string()
}

pub(super) fn event_id((number, index): EventName) -> String {
    id("event", number, index)
}

pub(super) fn date(day: u8) -> String {
    format!("2023-04-{:02}", day + 1)
}

pub(super) fn day_of(date: &str) -> u8 {
    let day = date.strip_prefix("2023-04-").unwrap();
    day.parse::<u8>().unwrap() - 1
}
