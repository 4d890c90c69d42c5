//! Makes what is sent: reports on the goals of a plan, and questions about them.

use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::ToSpan as _;
use jiff::civil::Date;

use super::SmallPlan;
use crate::api::v1;
use crate::clock;

/// How large an event is when it is stored, in bytes: without any filling, and with all that its texts may hold.
pub const PAYLOAD_BYTES: RangeInclusive<usize> = 250..=4_000;

/// Days that are reported for: as recent as sections report, so that no report is told to be late.
const DAYS: usize = 30;
/// The number of the paper behind each report.
const DOCUMENT_NUMBER: &str = "5-総企-0123";
/// Characters of a paper's title at most; what more is to be filled stands in the reason.
const TITLE_CHARS_MAX: usize = 200;
/// Half of every filling. The other half are letters by chance, so that no store gains much by compressing it.
const TEXT: &[u8] = b"annaitsuki no sanpo no jisshi houkokusho ";
/// The letters of the other half.
const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Changes of one page.
const CHANGES_PAGE: u32 = 50;

/// Makes requests without any shared lock.
#[derive(Debug)]
pub struct Source {
    ledger: String,
    plan: SmallPlan,
    days: Vec<String>,
    /// Bytes that each event is filled with.
    pub(super) filling: usize,
    next: AtomicU64,
}

impl Source {
    /// Reports on the indicators of `plan` on the last days of its year up to `last`; `ledger` is the id or code. An event is
    /// filled with so many bytes of text.
    pub fn new(ledger: String, plan: SmallPlan, last: Date, filling: usize) -> Self {
        let first = plan.first_day.parse().unwrap_or(last);
        let days = first.series(1.day()).take_while(|day| *day <= last);
        let mut days: Vec<String> = days.map(|day| day.to_string()).collect();
        if days.is_empty() {
            days.push(last.to_string());
        }
        let days = days.split_off(days.len().saturating_sub(DAYS));
        Self {
            ledger,
            plan,
            days,
            filling,
            next: AtomicU64::new(0),
        }
    }

    /// Goes on behind what may have been made for the first `events` events of a ledger: what is sent twice is noticed.
    pub(super) fn behind(self, events: u64) -> Self {
        self.next.store(events, Ordering::Relaxed);
        self
    }

    /// The ledger: id or code.
    pub fn ledger(&self) -> &str {
        &self.ledger
    }

    /// The last day that is reported for.
    pub fn last_day(&self) -> &str {
        self.days.last().map_or("", String::as_str)
    }

    /// How many bytes of text each event is filled with.
    pub fn filling(&self) -> usize {
        self.filling
    }

    /// One append of these events.
    pub fn request(&self, events: Vec<v1::EventInput>) -> v1::AppendEventsRequest {
        v1::AppendEventsRequest {
            ledger: self.ledger.clone(),
            request_id: clock::new_id().to_string(),
            events,
            ..v1::AppendEventsRequest::default()
        }
    }

    /// Reports on one goal, as a section sends them.
    pub fn reports(&self, count: usize) -> v1::AppendEventsRequest {
        self.reports_on(count).1
    }

    /// As [`Source::reports`], where the goal is expected at a revision that is long gone.
    pub(super) fn stale_reports(&self, count: usize) -> v1::AppendEventsRequest {
        let (goal, mut request) = self.reports_on(count);
        request.expected_revisions.push(v1::ExpectedRevision {
            stream: Some(v1::StreamRef {
                kind: v1::StreamKind::Goal.into(),
                id: goal.to_owned(),
            }),
            // What sets a goal with its target are several events.
            revision: 1,
        });
        request
    }

    fn reports_on(&self, count: usize) -> (&str, v1::AppendEventsRequest) {
        let first = self.next.fetch_add(count as u64, Ordering::Relaxed);
        let chosen = (scattered(first) % self.plan.indicators.len() as u64) as usize;
        let each = self.plan.indicators.len() / self.plan.goals.len();
        let goal = &self.plan.goals[chosen / each];
        let events = (first..first + count as u64)
            .map(|number| {
                let mixed = scattered(!number);
                // Seldom three times as many as ever, or as many as before on the same day: nothing to look into.
                let walks = (mixed % 9_000) as u32 + 1_000;
                let id = clock::new_id().to_string();
                let mut event = self.plan.report(id, &self.plan.indicators[chosen], walks);
                event.valid_from = Some(self.days[(mixed >> 8) as usize % self.days.len()].clone());
                self.fill(&mut event, mixed);
                event
            })
            .collect();
        (goal, self.request(events))
    }

    /// The paper behind a report, and why it is told: what is to be filled.
    fn fill(&self, event: &mut v1::EventInput, seed: u64) {
        let title = self.filling.min(TITLE_CHARS_MAX);
        event.source_document = Some(v1::SourceDocument {
            number: DOCUMENT_NUMBER.to_owned(),
            title: (0 < title).then(|| filling(title, seed)),
            date: None,
        });
        let rest = self.filling - title;
        event.reason = (0 < rest).then(|| v1::Reason {
            code: v1::ReasonCode::Other.into(),
            text: filling(rest, !seed),
        });
    }

    /// One goal, as it stands now.
    pub fn goal(&self, chance: u64) -> v1::GetGoalRequest {
        v1::GetGoalRequest {
            ledger: self.ledger.clone(),
            goal: self.plan.goals[(chance % self.plan.goals.len() as u64) as usize].clone(),
            ..v1::GetGoalRequest::default()
        }
    }

    /// One goal as of a size of the ledger.
    pub(super) fn goal_as_of(&self, chance: u64, size: u64) -> v1::GetGoalRequest {
        v1::GetGoalRequest {
            as_of: Some(at(size)),
            ..self.goal(chance)
        }
    }

    /// What changed of one goal.
    pub(super) fn changes(&self, chance: u64) -> v1::ListChangesRequest {
        v1::ListChangesRequest {
            ledger: self.ledger.clone(),
            subject: Some(self.goal(chance).goal),
            page_size: CHANGES_PAGE,
            ..v1::ListChangesRequest::default()
        }
    }

    /// The plan, evaluated as of a size of the ledger.
    pub(super) fn evaluation(&self, size: u64) -> v1::EvaluatePlanRequest {
        v1::EvaluatePlanRequest {
            ledger: self.ledger.clone(),
            as_of: Some(at(size)),
            ..v1::EvaluatePlanRequest::default()
        }
    }

    /// Events from a position on.
    pub(super) fn read(
        &self,
        from_position: u64,
        limit: u64,
        format: v1::EventFormat,
    ) -> v1::ReadEventsRequest {
        v1::ReadEventsRequest {
            ledger: self.ledger.clone(),
            from_position,
            limit: Some(limit),
            format: format.into(),
            ..v1::ReadEventsRequest::default()
        }
    }
}

fn at(size: u64) -> v1::AsOf {
    v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Size(size)),
        effective_on: None,
    }
}

/// So many characters of one byte: half of them the same in every text, half by chance.
fn filling(length: usize, seed: u64) -> String {
    let mut letters = (0..).flat_map(|number| scattered(seed ^ number).to_le_bytes());
    let byte = |index: usize| match index % 2 {
        0 => TEXT[index / 2 % TEXT.len()],
        _ => letters
            .next()
            .map_or(b'-', |byte| LETTERS[usize::from(byte) % LETTERS.len()]),
    };
    let text: String = (0..length).map(byte).map(char::from).collect();
    // No text ends with a space.
    match text.strip_suffix(' ') {
        Some(before) => format!("{before}."),
        None => text,
    }
}

/// The finaliser of splitmix64: neighbours fall far apart, the same in every run.
pub fn scattered(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(filling: usize) -> Source {
        let last = jiff::civil::date(2023, 9, 30);
        let (plan, _) = SmallPlan::new(last, 3, 2, || clock::new_id().to_string());
        Source::new("bench-1".to_owned(), plan, last, filling)
    }

    #[test]
    fn an_event_is_filled_as_far_as_is_asked() {
        let texts = |filling| {
            let event = source(filling).reports(1).events.remove(0);
            let title = event.source_document.and_then(|document| document.title);
            let reason = event.reason.map(|reason| reason.text);
            (title.map(|text| text.len()), reason.map(|text| text.len()))
        };
        assert_eq!(texts(0), (None, None));
        assert_eq!(texts(1), (Some(1), None));
        assert_eq!(texts(200), (Some(200), None));
        assert_eq!(texts(3_900), (Some(200), Some(3_700)));
        for length in 1..200 {
            let text = filling(length, 7);
            assert_eq!((text.len(), text.trim()), (length, text.as_str()));
        }
        assert_ne!(filling(50, 1), filling(50, 2));
    }

    #[test]
    fn a_batch_is_about_one_goal_and_a_stale_one_expects_it_at_its_beginning() {
        let source = source(0);
        for _ in 0..20 {
            let request = source.stale_reports(10);
            let stream = request.expected_revisions[0].stream.as_ref().unwrap();
            let goal = source.plan.goals.iter().position(|goal| *goal == stream.id);
            let its = &source.plan.indicators[goal.unwrap() * 2..][..2];
            for event in &request.events {
                let Some(v1::event_input::Payload::ActualRecorded(report)) = &event.payload else {
                    panic!("a report");
                };
                assert!(its.contains(&report.indicator));
            }
        }
        assert_eq!(source.reports(1).expected_revisions, []);
    }

    #[test]
    fn days_are_the_last_of_the_year() {
        let source = source(0);
        assert_eq!(source.days.first().unwrap(), "2023-09-01");
        assert_eq!((source.days.len(), source.last_day()), (30, "2023-09-30"));
        let last = jiff::civil::date(2023, 4, 3);
        let (plan, _) = SmallPlan::new(last, 1, 1, || clock::new_id().to_string());
        let source = Source::new("bench-1".to_owned(), plan, last, 0);
        assert_eq!(source.days, ["2023-04-01", "2023-04-02", "2023-04-03"]);
    }
}
