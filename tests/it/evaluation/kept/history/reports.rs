//! What every indicator reports in the year.

use daicho::domain::actual::{Measurement, MemberState, MilestoneState, NilCause, ReportedPart};
use daicho::domain::directory::Named;
use daicho::domain::event::*;
use daicho::domain::indicator::{Definition, Disclosure, EntryKind};
use daicho::domain::quantity::Quantity;
use daicho::domain::target::{Aim, EndState};
use daicho::domain::text::Name;

use super::further::of_further;
use super::{Year, because, event, key};
use crate::fixture::date;

impl Year {
    /// What every indicator reports on days from `first` to `last`, each a week later.
    pub(super) async fn reports(&self, first: &str, last: &str) {
        let view = self.reader.view();
        let mut events = Vec::new();
        for (code, named) in view.directory.codes() {
            let Named::Indicator(indicator) = named else {
                continue;
            };
            let entry = view.directory.indicator(indicator).unwrap();
            let stream = Stream::goal(entry.home);
            let state = self.reader.stream(stream, view.size).await.unwrap();
            let state = state.goal.indicator(indicator).unwrap().clone();
            let definition = state.definition().unwrap();
            let aim = state.first_target().map(|version| version.target.aim);
            let reports = match code.as_str().strip_prefix("R5/") {
                Some(name) if !name.contains('/') => of_further(name),
                _ => measured(definition, aim)
                    .into_iter()
                    .map(|(day, measurement)| (day, None, measurement))
                    .collect(),
            };
            for (number, (day, part, measurement)) in reports.into_iter().enumerate() {
                let recorded = ActualRecorded {
                    indicator,
                    measurement,
                    reported: ReportedPart {
                        part,
                        unit_code: None,
                    },
                };
                events.push(shown(event(
                    &format!("{code} {number}"),
                    stream,
                    day,
                    recorded,
                )));
            }
            if definition.demand_driven {
                for (day, requests) in [("2023-09-30", 44), ("2024-03-31", 61)] {
                    let demand = DemandRecorded {
                        indicator,
                        requests: requests.into(),
                    };
                    events.push(event(&format!("demand {day}"), stream, day, demand));
                }
            }
        }
        let day = |event: &Event| event.valid.unwrap().counts_on();
        events.retain(|event| date(first) <= day(event) && day(event) <= date(last));
        events.sort_by_key(day);
        for of_day in events.chunk_by(|one, other| day(one) == day(other)) {
            let recorded = day(&of_day[0]).saturating_add(jiff::Span::new().days(7));
            self.at(&recorded.to_string(), "入力担当", of_day.to_vec())
                .await;
        }
    }
}

/// With evidence and a reason where a report needs them.
fn shown(mut event: Event) -> Event {
    let Payload::ActualRecorded(recorded) = &event.payload else {
        return event;
    };
    let judged = matches!(recorded.measurement, Measurement::RubricLevel(_));
    if judged || matches!(recorded.measurement, Measurement::Milestone { .. }) {
        event.evidence.push(Evidence {
            sha256: [7; 32],
            media_type: Name::parse("application/pdf").unwrap(),
            title: Name::parse("記録").unwrap(),
            uri: None,
            size_bytes: None,
            disclosure: Disclosure::Internal,
        });
    }
    if judged {
        let text = "実施の記録と利用者の声を確かめ、基準に照らして判断した。";
        event = because(event, ReasonCode::Other, text);
    }
    event
}

/// What an indicator reports in the year, in the order of days.
fn measured(definition: &Definition, aim: Option<Aim>) -> Vec<(&'static str, Measurement)> {
    const MONTHS: [&str; 9] = [
        "2023-04-30",
        "2023-05-31",
        "2023-06-30",
        "2023-07-31",
        "2023-08-31",
        "2023-09-30",
        "2023-11-30",
        "2024-01-31",
        "2024-03-31",
    ];
    let Some(kind) = definition.entry_kind else {
        return Vec::new();
    };
    let whole = match aim {
        Some(Aim::Value(value) | Aim::Approximate { value, .. }) => value.decimal(),
        _ => 10.into(),
    };
    let of = |hundredths: i64| {
        let decimals = if definition.domain.integer {
            0
        } else {
            u32::from(definition.unit.decimals).max(2)
        };
        let part = whole * rust_decimal::Decimal::new(hundredths, 2);
        Quantity::from(part.trunc_with_scale(decimals))
    };
    match kind {
        EntryKind::Increment if definition.per_month => MONTHS
            .into_iter()
            .zip([100, 125, 100, 75, 110, 100, 90, 130, 100])
            .map(|(day, share)| (day, Measurement::Increment(of(share))))
            .collect(),
        EntryKind::Increment => {
            let mut reports = vec![("2023-04-30", Measurement::Nil(NilCause::NoActivity))];
            let days = [
                MONTHS[2], MONTHS[3], MONTHS[4], MONTHS[5], MONTHS[7], MONTHS[8],
            ];
            let shares = [17, 25, 9, 17, 25, 17];
            let added = |(day, share)| (day, Measurement::Increment(of(share)));
            reports.extend(days.into_iter().zip(shares).map(added));
            reports
        }
        EntryKind::Absolute => [(MONTHS[2], 24), (MONTHS[5], 91), ("2023-12-31", 97)]
            .map(|(day, share)| (day, Measurement::Level(of(share))))
            .to_vec(),
        EntryKind::NumDen => {
            // Of a yearly mean the days so far, of a share that settles what was paid so far.
            let days = [MONTHS[2], MONTHS[5], "2024-02-29"];
            let parts = match definition.settlement_until {
                Some(_) => [(3_050, 5_600), (2_380, 4_380), (4_340, 4_400)],
                None if whole < 20.into() => [(1_210, 360), (1_250, 361), (2_100, 1)],
                None => [(310, 400), (333, 420), (331, 400)],
            };
            let ratio = |(day, (numerator, denominator))| {
                let (numerator, denominator): (i64, i64) = (numerator, denominator);
                let ratio = Measurement::Ratio {
                    numerator: numerator.into(),
                    denominator: denominator.into(),
                };
                (day, ratio)
            };
            days.into_iter().zip(parts).map(ratio).collect()
        }
        EntryKind::MemberState => [
            (MONTHS[2], "東園"),
            (MONTHS[5], "南園"),
            (MONTHS[7], "西園"),
        ]
        .map(|(day, member)| {
            let done = Measurement::Member {
                member: key(member),
                state: MemberState::Done,
            };
            (day, done)
        })
        .to_vec(),
        EntryKind::MemberValue => [
            (MONTHS[2], "企画課", 38),
            (MONTHS[5], "広報課", 45),
            (MONTHS[7], "道路課", 46),
            (MONTHS[8], "道路課", 31),
        ]
        .map(|(day, member, value)| {
            let value = Measurement::MemberValue {
                member: key(member),
                value: value.into(),
            };
            (day, value)
        })
        .to_vec(),
        EntryKind::MilestoneState => {
            let state = |state| Measurement::Milestone {
                checkpoint: None,
                state,
            };
            let mut reports = vec![(MONTHS[4], state(MilestoneState::Started))];
            if !matches!(
                aim,
                Some(Aim::Done {
                    end_state: EndState::Started,
                    ..
                })
            ) {
                reports.push(("2024-02-29", state(MilestoneState::Completed)));
            }
            reports
        }
        EntryKind::RubricLevel => [(MONTHS[5], 2), (MONTHS[8], 3)]
            .map(|(day, level)| (day, Measurement::RubricLevel(level)))
            .to_vec(),
    }
}
