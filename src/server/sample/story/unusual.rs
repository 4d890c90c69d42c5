//! What an auditor would stop at: a due date put off, a target lowered when the result was known, an entry corrected twice,
//! one told twice, a measure that was changed, a limit that was broken, work that was given up. All invented.

use jiff::civil::date;

use super::{Found, SampleError, Teller, document, event, event_id, key, reason};
use crate::domain::actual::{Measurement, MemberState, NilCause, ReportedPart};
use crate::domain::date::Date;
use crate::domain::event::{
    ActualCorrected, ActualRecorded, DemandRecorded, Event, ForecastSubmitted, ForecastValue,
    GoalSuspended, IndicatorCancelled, IndicatorRedefined, ReasonCode, TargetRevised, TargetSet,
    Validity,
};
use crate::domain::id::GoalId;
use crate::domain::indicator::{AggTime, Definition, Member};
use crate::domain::personal::FreeText;
use crate::domain::target::{Aim, EndState, Target};
use crate::domain::text::{Name, Title};

/// Sections of which the overtime of each month is told.
const OVERTIME: [(&str, &str, [i64; 12]); 3] = [
    (
        "zeimu",
        "税務課",
        [31, 38, 29, 20, 18, 21, 24, 22, 27, 35, 52, 44],
    ),
    (
        "fukushi",
        "福祉総務課",
        [22, 24, 21, 19, 20, 25, 23, 22, 20, 26, 28, 33],
    ),
    (
        "kikaku",
        "企画政策課",
        [25, 20, 22, 24, 30, 36, 38, 29, 24, 31, 34, 30],
    ),
];
/// The most hours of overtime that a section may have in a month.
const OVERTIME_MAX: i64 = 45;
/// Districts whose gutters are to be cleaned.
const DISTRICTS: usize = 23;

impl Teller<'_> {
    /// Everything an auditor would stop at.
    pub(super) async fn unusual(&mut self) -> Result<(), SampleError> {
        self.due_put_off().await?;
        self.lowered_late().await?;
        self.corrected_twice()?;
        self.told_twice()?;
        self.measured_otherwise().await?;
        self.limit_broken().await?;
        self.districts().await?;
        self.nobody_asked()?;
        self.given_up()?;
        self.disagreeing_forecast()
    }

    /// The last day for lamps and cameras is put off beyond the year.
    async fn due_put_off(&mut self) -> Result<(), SampleError> {
        let found = self.find("くらし安心課", "防犯灯と防犯カメラ")?;
        let aim = Aim::Done {
            due: date(2024, 6, 28),
            end_state: EndState::Completed,
        };
        let mut put_off = self
            .revised("lamps put off", &found, aim, date(2024, 2, 20))
            .await?;
        put_off.reason = Some(reason(
            ReasonCode::ExternalCause,
            "機器の納入が半導体の不足により遅れ、年度内に設置できないため。",
        )?);
        put_off.source_document = Some(document("くらし第88号", date(2024, 2, 19))?);
        self.act(date(2024, 2, 20), 13, "くらし安心課長", vec![put_off]);
        Ok(())
    }

    /// Three days before the end of the year a target is lowered to what was reached.
    async fn lowered_late(&mut self) -> Result<(), SampleError> {
        let found = self.find("建築課", "ブロック塀")?;
        let mut lowered = self
            .revised(
                "walls lowered",
                &found,
                Aim::Value(10.into()),
                date(2024, 3, 1),
            )
            .await?;
        lowered.reason = Some(reason(
            ReasonCode::DemandChange,
            "申請の件数が見込みを下回ったため、実績に合わせて見直す。",
        )?);
        lowered.source_document = Some(document("建第402号", date(2024, 3, 27))?);
        self.act(date(2024, 3, 28), 14, "建築課長", vec![lowered]);
        Ok(())
    }

    /// A meeting of the board was counted, taken back, and counted after all, by the same person.
    fn corrected_twice(&mut self) -> Result<(), SampleError> {
        let found = self.find("契約検査課", "入札監視委員会")?;
        let clerk = "契約検査課 入力担当";
        for (day, recorded) in [
            (date(2023, 7, 20), date(2023, 8, 3)),
            (date(2023, 11, 16), date(2023, 12, 4)),
            (date(2024, 2, 22), date(2024, 3, 5)),
        ] {
            let name = format!("board {day}");
            let told = self.report(&name, &found, day, Measurement::Increment(1.into()));
            self.act(recorded, 10, clerk, vec![told]);
        }
        let steps = [
            (
                "board uncounted",
                "board 2024-02-22",
                (1, 0),
                date(2024, 4, 8),
                ReasonCode::MethodError,
                "流会となった会議を数えていた。",
            ),
            (
                "board counted again",
                "board uncounted",
                (0, 1),
                date(2024, 4, 10),
                ReasonCode::SourceRevised,
                "議事録により、定足数を満たして開かれたと分かった。",
            ),
        ];
        for (name, corrects, (before, after), day, code, why) in steps {
            let mut correction = event(
                name,
                found.stream,
                date(2024, 2, 22),
                ActualCorrected {
                    indicator: found.id,
                    corrects: event_id(corrects),
                    before: Some(Measurement::Increment(before.into())),
                    measurement: Measurement::Increment(after.into()),
                    reported: ReportedPart::default(),
                },
            );
            correction.reason = Some(reason(code, why)?);
            self.act(day, 11, clerk, vec![correction]);
        }
        Ok(())
    }

    /// One meeting was told twice, and nobody has noticed.
    fn told_twice(&mut self) -> Result<(), SampleError> {
        let found = self.find("契約検査課", "総合評価審査委員会")?;
        let day = date(2023, 10, 24);
        for (name, recorded, actor) in [
            ("panel", date(2023, 11, 2), "契約検査課 入力担当"),
            ("panel again", date(2023, 11, 6), "契約検査課長"),
        ] {
            let told = self.report(name, &found, day, Measurement::Increment(1.into()));
            self.act(recorded, 15, actor, vec![told]);
        }
        Ok(())
    }

    /// From December the rate of generic medicines is that of the last month, not of the year so far.
    async fn measured_otherwise(&mut self) -> Result<(), SampleError> {
        let found = self.find("国保年金課", "ジェネリック")?;
        let mut definition = self.definition(&found).await?;
        definition.agg_time = AggTime::RatioOfLatest;
        let mut redefined = redefined("medicines redefined", &found, date(2023, 12, 1), definition);
        redefined.reason = Some(reason(
            ReasonCode::DefinitionChange,
            "国の公表に合わせ、12月分から年度の累計ではなく最新の月の割合で測る。",
        )?);
        redefined.source_document = Some(document("国年第155号", date(2023, 11, 24))?);
        self.act(date(2023, 11, 27), 10, "国保年金課長", vec![redefined]);
        Ok(())
    }

    /// Overtime of some sections month by month; one is above the limit in February.
    async fn limit_broken(&mut self) -> Result<(), SampleError> {
        let found = self.find("人事課", "時間外勤務")?;
        let mut definition = self.definition(&found).await?;
        definition.members = OVERTIME
            .iter()
            .map(|(key, label, _)| member(key, label))
            .collect::<Result<_, _>>()?;
        let first = date(2023, 4, 1);
        let mut named = redefined("overtime sections named", &found, first, definition);
        named.reason = Some(reason(ReasonCode::PlanReview, "対象とする所属を定める。")?);
        let limit = event(
            "overtime limit",
            found.stream,
            first,
            TargetSet {
                indicator: found.id,
                target: Target {
                    aim: Aim::Value(OVERTIME_MAX.into()),
                    parts: Vec::new(),
                },
            },
        );
        self.act(date(2023, 4, 14), 11, "人事課長", vec![named, limit]);
        let mut day = date(2023, 4, 30);
        for month in 0..12 {
            let mut told = Vec::new();
            for (key, _, hours) in &OVERTIME {
                let measurement = Measurement::MemberValue {
                    member: super::key(key)?,
                    value: hours.get(month).copied().unwrap_or_default().into(),
                };
                told.push(self.report(&format!("overtime {key} {day}"), &found, day, measurement));
            }
            let recorded = later(day, 4);
            self.act(recorded, 16, "人事課 入力担当", told);
            day = day.tomorrow().map_or(day, jiff::civil::Date::last_of_month);
        }
        Ok(())
    }

    /// Districts are named, and cleaned one by one; some are not.
    async fn districts(&mut self) -> Result<(), SampleError> {
        let found = self.find("土木管理課", "側溝を清掃")?;
        let mut definition = self.definition(&found).await?;
        definition.members = (1..=DISTRICTS)
            .map(|number| member(&format!("d{number:02}"), &format!("第{number}地区")))
            .collect::<Result<_, _>>()?;
        let mut named = redefined("districts named", &found, date(2023, 4, 1), definition);
        named.reason = Some(reason(ReasonCode::PlanReview, "対象の地区を定める。")?);
        self.act(date(2023, 4, 17), 9, "土木管理課長", vec![named]);
        let done = [
            (date(2023, 6, 30), 1..=5),
            (date(2023, 8, 31), 6..=11),
            (date(2023, 12, 31), 12..=19),
        ];
        for (day, districts) in done {
            let mut told = Vec::new();
            for number in districts {
                let measurement = Measurement::Member {
                    member: key(&format!("d{number:02}"))?,
                    state: MemberState::Done,
                };
                told.push(self.report(&format!("district {number}"), &found, day, measurement));
            }
            let recorded = later(day, 5);
            self.act(recorded, 10, "土木管理課 入力担当", told);
        }
        Ok(())
    }

    /// Meetings are held as they are needed; in the second half nobody asked for one.
    fn nobody_asked(&mut self) -> Result<(), SampleError> {
        let found = self.find("子育て推進課", "個別ケース")?;
        let halves = [
            (date(2023, 4, 1), date(2023, 9, 30), date(2023, 10, 4)),
            (date(2023, 10, 1), date(2024, 3, 31), date(2024, 4, 5)),
        ];
        for (first, last, recorded) in halves {
            let span = Validity {
                from: first,
                to: Some(last),
            };
            let mut asked = event(
                &format!("cases asked {last}"),
                found.stream,
                last,
                DemandRecorded {
                    indicator: found.id,
                    requests: 0.into(),
                },
            );
            asked.valid = Some(span);
            let mut none = event(
                &format!("cases {last}"),
                found.stream,
                last,
                ActualRecorded {
                    indicator: found.id,
                    measurement: Measurement::Nil(NilCause::NoDemand),
                    reported: ReportedPart::default(),
                },
            );
            none.valid = Some(span);
            self.act(recorded, 9, "子育て推進課 入力担当", vec![asked, none]);
        }
        Ok(())
    }

    /// A goal is put to rest, and a criterion is given up.
    fn given_up(&mut self) -> Result<(), SampleError> {
        let resting = self.find("商工業振興課", "コワーキング")?;
        let goal = GoalId::from_bytes(resting.stream.id.as_bytes())?;
        let mut suspended = event(
            "workspace suspended",
            resting.stream,
            date(2023, 12, 1),
            GoalSuspended { goal },
        );
        suspended.reason = Some(reason(
            ReasonCode::ExternalCause,
            "運営する事業者の撤退により、次の事業者が決まるまで休止する。",
        )?);
        suspended.source_document = Some(document("商工第271号", date(2023, 11, 28))?);
        self.act(date(2023, 11, 29), 11, "産業環境部長", vec![suspended]);

        let books = self.find("生涯学習課", "電子図書館にそろえる")?;
        let mut cancelled = event(
            "books cancelled",
            books.stream,
            date(2024, 1, 15),
            IndicatorCancelled {
                indicator: books.id,
            },
        );
        cancelled.reason = Some(reason(
            ReasonCode::Budget,
            "補正予算の組替えにより、本の購入を次の年度に送る。",
        )?);
        cancelled.source_document = Some(document("生学第190号", date(2024, 1, 11))?);
        self.act(date(2024, 1, 12), 15, "教育部長", vec![cancelled]);
        Ok(())
    }

    /// A section expects to reach what its reports so far do not lead to.
    fn disagreeing_forecast(&mut self) -> Result<(), SampleError> {
        let found = self.find("施設保全課", "劣化の状況")?;
        let expected = event(
            "forecast facilities",
            found.stream,
            date(2023, 9, 30),
            ForecastSubmitted {
                indicator: found.id,
                value: ForecastValue::Value(55.into()),
                confidence: Some(8),
                basis: FreeText::parse("下期に35施設をまとめて調査する契約を結んだ。")?,
            },
        );
        self.act(date(2023, 10, 3), 15, "施設保全課長", vec![expected]);
        Ok(())
    }

    async fn definition(&self, found: &Found) -> Result<Definition, SampleError> {
        let state = self
            .reader
            .stream(found.stream, self.view.head.size)
            .await?;
        let definition = state
            .goal
            .indicator(found.id)
            .and_then(|indicator| indicator.definition().map(|known| Definition::clone(known)));
        definition.ok_or_else(|| SampleError::Bundle("an indicator without definition".to_owned()))
    }

    /// A new aim in place of the first.
    pub(super) async fn revised(
        &self,
        name: &str,
        found: &Found,
        aim: Aim,
        effective: Date,
    ) -> Result<Event, SampleError> {
        let state = self
            .reader
            .stream(found.stream, self.view.head.size)
            .await?;
        let first = state
            .goal
            .indicator(found.id)
            .and_then(|indicator| indicator.first_target().cloned());
        let first = first.ok_or_else(|| SampleError::Bundle(format!("no target of {name}")))?;
        let target = Target {
            aim,
            parts: Vec::new(),
        };
        let revised = TargetRevised {
            indicator: found.id,
            replaces: first.event_id,
            before: None,
            target,
        };
        Ok(event(name, found.stream, effective, revised))
    }
}

fn redefined(name: &str, found: &Found, from: Date, definition: Definition) -> Event {
    let redefined = IndicatorRedefined {
        indicator: found.id,
        definition_version: 2,
        definition,
    };
    event(name, found.stream, from, redefined)
}

fn member(key: &str, label: &str) -> Result<Member, SampleError> {
    Ok(Member {
        key: super::key(key)?,
        label: Title {
            ja: Name::parse(label)?,
            en: None,
        },
        from: None,
        until: None,
    })
}

/// So many days after a day.
fn later(day: Date, days: i64) -> Date {
    day.saturating_add(jiff::Span::new().days(days))
}
