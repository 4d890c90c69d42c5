//! What happens beside everyday reports: a correction, a lowered and a raised target, a missed milestone, a
//! misfiled entry, a late one, a reorganisation, forecasts, and the rounds of the year. All invented.

use jiff::civil::date;

use super::{Act, SampleError, at, event_id};
use crate::domain::actual::{Measurement, MilestoneState, ReportedPart};
use crate::domain::code::{Code, Key};
use crate::domain::date::Date;
use crate::domain::directory::{Directory, Named};
use crate::domain::event::{
    ActualCorrected, ActualRecorded, ActualRetracted, Event, ForecastSubmitted, ForecastValue,
    NarrativeAdded, NarrativeKind, OrgUnitChanged, Payload, Reason, ReasonCode,
    ResponsibilityTransferred, SourceDocument, Stream, Subject, Validity,
};
use crate::domain::id::{GoalId, IndicatorId, UnitId};
use crate::domain::personal::FreeText;
use crate::domain::target::Aim;
use crate::domain::text::{Name, Title};
use crate::ledger::{Reader, View};

pub(super) mod decided;
mod reporting;
pub(super) mod round;
mod seats;
mod unusual;

/// Indicators whose whole year is told here: section, and words of the title.
const OWN: [(&str, &str); 7] = [
    ("総務文書課", "業務改善"),
    ("学校教育課", "講演会"),
    ("契約検査課", "入札監視委員会"),
    ("契約検査課", "総合評価審査委員会"),
    ("人事課", "時間外勤務"),
    ("土木管理課", "側溝を清掃"),
    ("子育て推進課", "個別ケース"),
];

/// Whether the story of an indicator is told here.
pub(super) fn owns(code: &str, section: &str, title: &str) -> bool {
    code.starts_with("R5/")
        && OWN
            .iter()
            .any(|(own, words)| *own == section && title.contains(words))
}

/// An indicator by section and words of its title, in the plan `R5`.
struct Found {
    id: IndicatorId,
    stream: Stream,
}

struct Teller<'a> {
    reader: &'a Reader,
    view: View,
    acts: Vec<Act>,
}

pub(super) async fn acts(reader: &Reader, day: Date) -> Result<Vec<Act>, SampleError> {
    let view = reader.caught_up(None).await;
    let mut teller = Teller {
        reader,
        view,
        acts: Vec::new(),
    };
    teller.corrected_entry()?;
    teller.revised_targets().await?;
    teller.missed_milestone()?;
    teller.misfiled_entry()?;
    teller.late_entry()?;
    teller.reorganisation()?;
    teller.forecasts()?;
    teller.rounds()?;
    teller.reporting()?;
    teller.unusual().await?;
    teller.seats()?;
    teller.decided().await?;
    teller.today(day)?;
    Ok(teller.acts)
}

impl Teller<'_> {
    fn directory(&self) -> &Directory {
        &self.view.directory
    }

    fn find(&self, section: &str, words: &str) -> Result<Found, SampleError> {
        let missing = || SampleError::Bundle(format!("no indicator `{words}` of {section}"));
        let directory = self.directory();
        let code = Code::parse("R5")?;
        let Some(Named::Plan(plan)) = directory.named(&code) else {
            return Err(missing());
        };
        for goal in directory.goals_of(plan) {
            for initiative in directory.initiatives_of(goal) {
                let Some(entry) = directory.initiative(initiative) else {
                    continue;
                };
                let lead = directory.unit(entry.responsible().lead);
                if lead.is_none_or(|unit| unit.latest().name.ja.as_str() != section) {
                    continue;
                }
                for id in directory.indicators_of(initiative) {
                    let Some(indicator) = directory.indicator(id) else {
                        continue;
                    };
                    if indicator.title().ja.as_str().contains(words) {
                        return Ok(Found {
                            id,
                            stream: Stream::goal(indicator.home),
                        });
                    }
                }
            }
        }
        Err(missing())
    }

    fn unit(&self, name: &str) -> Result<UnitId, SampleError> {
        let named = |unit: &&std::sync::Arc<crate::domain::org_unit::OrgUnit>| {
            unit.latest().name.ja.as_str() == name
        };
        let unit = self
            .directory()
            .units()
            .into_iter()
            .find(named)
            .map(|unit| unit.id);
        unit.ok_or_else(|| SampleError::Bundle(format!("no unit {name}")))
    }

    fn act(&mut self, day: Date, hour: i8, actor: &str, events: Vec<Event>) {
        self.acts.push(Act {
            at: at(day, hour, 20),
            actor: actor.to_owned(),
            events,
        });
    }

    fn report(&self, name: &str, found: &Found, day: Date, measurement: Measurement) -> Event {
        let reported = ReportedPart::default();
        event(
            name,
            found.stream,
            day,
            ActualRecorded {
                indicator: found.id,
                measurement,
                reported,
            },
        )
    }

    /// 業務改善: July was reported as 12 and was 9.
    fn corrected_entry(&mut self) -> Result<(), SampleError> {
        let found = self.find("総務文書課", "業務改善")?;
        let entries = [
            (date(2023, 4, 30), 5, date(2023, 5, 8)),
            (date(2023, 5, 31), 6, date(2023, 6, 7)),
            (date(2023, 6, 30), 4, date(2023, 7, 6)),
            (date(2023, 7, 31), 12, date(2023, 8, 4)),
            (date(2023, 8, 31), 1, date(2023, 9, 5)),
            (date(2023, 9, 30), 3, date(2023, 10, 4)),
            (date(2023, 11, 30), 6, date(2023, 12, 5)),
            (date(2024, 1, 31), 9, date(2024, 2, 6)),
            (date(2024, 3, 31), 8, date(2024, 4, 5)),
        ];
        for (day, amount, recorded) in entries {
            let name = format!("improvement {day}");
            let event = self.report(&name, &found, day, Measurement::Increment(amount.into()));
            self.act(recorded, 10, "総務文書課 入力担当", vec![event]);
        }
        let july = date(2023, 7, 31);
        let mut correction = event(
            "improvement corrected",
            found.stream,
            july,
            ActualCorrected {
                indicator: found.id,
                corrects: event_id("improvement 2023-07-31"),
                before: Some(Measurement::Increment(12.into())),
                measurement: Measurement::Increment(9.into()),
                reported: ReportedPart::default(),
            },
        );
        correction.reason = Some(reason(
            ReasonCode::EntryError,
            "7月分に前年度の提案3件を重ねて数えていた。",
        )?);
        correction.source_document = Some(document("総文第118号", date(2023, 10, 5))?);
        self.act(date(2023, 10, 5), 15, "総務文書課長", vec![correction]);
        Ok(())
    }

    /// One target is lowered after the day it takes effect, one is raised before.
    async fn revised_targets(&mut self) -> Result<(), SampleError> {
        let lowered = self.revision(
            "target lowered",
            ("生活福祉課", "就労した人"),
            24,
            date(2023, 9, 1),
            reason(
                ReasonCode::DemandChange,
                "支援の対象となる世帯が当初の見込みより少なくなったため。",
            )?,
            document("生福第242号", date(2023, 9, 19))?,
        );
        let lowered = lowered.await?;
        self.act(date(2023, 9, 20), 11, "生活福祉課長", vec![lowered]);
        let raised = self.revision(
            "target raised",
            ("道路建設課", "要望"),
            12,
            date(2023, 8, 1),
            reason(
                ReasonCode::PlanReview,
                "国の予算要求の時期に合わせ、要望の機会を2回増やすため。",
            )?,
            document("道建第87号", date(2023, 7, 13))?,
        );
        let raised = raised.await?;
        self.act(date(2023, 7, 14), 14, "道路建設課長", vec![raised]);
        Ok(())
    }

    async fn revision(
        &self,
        name: &str,
        (section, words): (&str, &str),
        value: i64,
        effective: Date,
        reason: Reason,
        document: SourceDocument,
    ) -> Result<Event, SampleError> {
        let found = self.find(section, words)?;
        let aim = Aim::Value(value.into());
        let mut event = self.revised(name, &found, aim, effective).await?;
        event.reason = Some(reason);
        event.source_document = Some(document);
        Ok(event)
    }

    /// A lecture due in August could not take place.
    fn missed_milestone(&mut self) -> Result<(), SampleError> {
        let found = self.find("学校教育課", "講演会")?;
        let state = |state| Measurement::Milestone {
            checkpoint: None,
            state,
        };
        let begun = self.report(
            "lecture begun",
            &found,
            date(2023, 6, 20),
            state(MilestoneState::Started),
        );
        self.act(date(2023, 7, 5), 9, "学校教育課 入力担当", vec![begun]);
        let told = event(
            "lecture postponed",
            found.stream,
            date(2023, 8, 25),
            NarrativeAdded {
                subject: Subject::Indicator(found.id),
                kind: NarrativeKind::Cause,
                text: FreeText::parse(
                    "台風の接近により会場が使えず、8月の開催を見送った。11月に改めて開く。",
                )?,
            },
        );
        self.act(date(2023, 9, 4), 16, "学校教育課 入力担当", vec![told]);
        let mut held = self.report(
            "lecture held",
            &found,
            date(2023, 11, 18),
            state(MilestoneState::Completed),
        );
        held.evidence.push(super::progress::evidence(
            "lecture held",
            "講演会の開催記録",
        )?);
        self.act(date(2023, 11, 22), 10, "学校教育課 入力担当", vec![held]);
        Ok(())
    }

    /// Three inspected bridges were counted as repaired, then moved to where they belong (付替え).
    fn misfiled_entry(&mut self) -> Result<(), SampleError> {
        let repaired = self.find("土木管理課", "補修する橋")?;
        let inspected = self.find("土木管理課", "点検する橋")?;
        let day = date(2023, 8, 10);
        let measurement = Measurement::Increment(3.into());
        let wrong = self.report("bridges misfiled", &repaired, day, measurement.clone());
        self.act(date(2023, 8, 14), 13, "土木管理課 入力担当", vec![wrong]);
        let mut retracted = event(
            "bridges retracted",
            repaired.stream,
            day,
            ActualRetracted {
                indicator: repaired.id,
                retracts: event_id("bridges misfiled"),
                before: Some(measurement.clone()),
            },
        );
        retracted.reason = Some(reason(
            ReasonCode::WrongIndicator,
            "点検の実績を補修の指標に登録したため付け替える。",
        )?);
        let right = self.report("bridges moved", &inspected, day, measurement);
        self.act(
            date(2023, 9, 12),
            10,
            "土木管理課 入力担当",
            vec![retracted, right],
        );
        Ok(())
    }

    /// An event of May was reported in August.
    fn late_entry(&mut self) -> Result<(), SampleError> {
        let found = self.find("市民課", "出張")?;
        let day = date(2023, 5, 20);
        let mut late = self.report("visit late", &found, day, Measurement::Increment(1.into()));
        late.reason = Some(reason(
            ReasonCode::LateData,
            "実施した月の報告に漏れがあった。",
        )?);
        self.act(date(2023, 8, 21), 9, "市民課 入力担当", vec![late]);
        Ok(())
    }

    /// On 1 July a section gets a new name and hands an initiative over.
    fn reorganisation(&mut self) -> Result<(), SampleError> {
        let first_day = date(2023, 7, 1);
        let section = self.unit("情報政策課")?;
        let neighbour = self.unit("広報広聴課")?;
        let because = reason(ReasonCode::Reorganisation, "7月1日付けの組織改編による。")?;
        let name = Title {
            ja: Name::parse("デジタル推進課")?,
            en: Some(Name::parse("Digital Promotion Section")?),
        };
        let mut renamed = event(
            "section renamed",
            Stream::org(section),
            first_day,
            OrgUnitChanged {
                unit: section,
                name: Some(name),
                parent: None,
                dissolved: false,
            },
        );
        renamed.reason = Some(because.clone());
        let classes = self.find("情報政策課", "スマホ教室")?;
        let initiative = self
            .directory()
            .indicator(classes.id)
            .map(|indicator| indicator.initiative());
        let initiative = initiative
            .ok_or_else(|| SampleError::Bundle("an indicator without initiative".to_owned()))?;
        let mut handed = event(
            "classes handed over",
            classes.stream,
            first_day,
            ResponsibilityTransferred {
                initiative,
                lead_unit: neighbour,
                contributing_units: vec![section],
            },
        );
        handed.reason = Some(because);
        self.act(
            date(2023, 6, 28),
            17,
            "企画政策課 事務局",
            vec![renamed, handed],
        );
        Ok(())
    }

    /// At the half year some sections say what they expect at its end.
    fn forecasts(&mut self) -> Result<(), SampleError> {
        let expected = [
            (
                "総務文書課",
                "業務改善",
                48,
                "下期に提案月間を予定している。",
            ),
            (
                "生活福祉課",
                "就労した人",
                23,
                "求人の動きが弱く、目標をやや下回る見込み。",
            ),
            ("土木管理課", "補修する橋", 10, "全ての工事の契約を終えた。"),
        ];
        for (section, words, value, basis) in expected {
            let found = self.find(section, words)?;
            let forecast = event(
                &format!("forecast {words}"),
                found.stream,
                date(2023, 9, 30),
                ForecastSubmitted {
                    indicator: found.id,
                    value: ForecastValue::Value(value.into()),
                    confidence: Some(7),
                    basis: FreeText::parse(basis)?,
                },
            );
            self.act(
                date(2023, 10, 3),
                16,
                &format!("{section}長"),
                vec![forecast],
            );
        }
        Ok(())
    }

    /// The last entry, so that the clock stands at the day when the sample is opened again.
    fn today(&mut self, day: Date) -> Result<(), SampleError> {
        let found = self.find("総務文書課", "業務改善")?;
        let goal = GoalId::from_bytes(found.stream.id.as_bytes())?;
        let note = event(
            "today",
            found.stream,
            day,
            NarrativeAdded {
                subject: Subject::Goal(goal),
                kind: NarrativeKind::Note,
                text: FreeText::parse("企画政策課より：報告の状況を確認した。")?,
            },
        );
        self.act(day, 8, "企画政策課 事務局", vec![note]);
        Ok(())
    }
}

fn event(name: &str, stream: Stream, day: Date, payload: impl Into<Payload>) -> Event {
    Event {
        valid: Some(Validity::from(day)),
        ..Event::new(event_id(name), stream, payload.into())
    }
}

fn key(text: &str) -> Result<Key, SampleError> {
    Key::parse(text).map_err(|error| SampleError::Bundle(error.to_string()))
}

fn reason(code: ReasonCode, text: &str) -> Result<Reason, SampleError> {
    Ok(Reason {
        code,
        text: FreeText::parse(text)?,
    })
}

fn document(number: &str, day: Date) -> Result<SourceDocument, SampleError> {
    Ok(SourceDocument {
        number: Name::parse(number)?,
        title: None,
        date: Some(day),
    })
}
