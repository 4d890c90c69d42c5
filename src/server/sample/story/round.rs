//! The rounds of the sample's years: by which policy figures are judged, when periods close and open again, how people
//! judge them, and what they agree to do next. All invented.

use jiff::civil::date;

use super::{Act, Found, SampleError, Teller, document, event, event_id, key, reason};
use crate::domain::actual::{Measurement, ReportedPart};
use crate::domain::code::Code;
use crate::domain::date::{Date, DateSpan};
use crate::domain::directory::Named;
use crate::domain::evaluation::judgement::{ActionKind, ActionOutcome, CauseCode};
use crate::domain::evaluation::policy::{EvaluationPolicy, PolicyContent, RollUpJudgement};
use crate::domain::event::{
    ActualCorrected, EvaluationFinalised, EvaluationReviewed, NextActionAgreed, NextActionClosed,
    Payload, PeriodClosed, PeriodOpened, PeriodReopened, PeriodSoftClosed, PolicyPublished,
    ReasonCode, SelfEvaluated, Stream, Subject,
};
use crate::domain::id::{ActionId, GoalId, PlanId};
use crate::domain::personal::FreeText;
use crate::domain::text::{Name, Title};
use crate::server::sample::space;

/// Who runs the rounds.
pub(super) const OFFICE: &str = "企画政策課 事務局";
/// Keys of the periods.
const MID_YEAR: &str = "mid-year";
const YEAR_END: &str = "year-end";

/// A period of a plan: its days, when reports into it need a reason, when none is taken any more.
struct Round {
    plan: &'static str,
    period: &'static str,
    days: (Date, Date),
    opened: Date,
    soft_closed: Date,
    closed: Date,
}

/// The rounds. The end of the year waits for the settlement of accounts on 31 May (出納整理期間).
const ROUNDS: [Round; 3] = [
    Round {
        plan: "R4",
        period: YEAR_END,
        days: (date(2022, 4, 1), date(2023, 3, 31)),
        opened: date(2022, 4, 4),
        soft_closed: date(2023, 4, 14),
        closed: date(2023, 6, 1),
    },
    Round {
        plan: "R5",
        period: MID_YEAR,
        days: (date(2023, 4, 1), date(2023, 9, 30)),
        opened: date(2023, 4, 3),
        soft_closed: date(2023, 10, 6),
        closed: date(2023, 10, 10),
    },
    Round {
        plan: "R5",
        period: YEAR_END,
        days: (date(2023, 10, 1), date(2024, 3, 31)),
        opened: date(2023, 4, 3),
        soft_closed: date(2024, 4, 12),
        closed: date(2024, 5, 31),
    },
];

/// Hour of the day at which periods are closed; what comes in on that day comes before.
const CLOSING_HOUR: i8 = 17;

/// Lets a report come in while it is still taken: whoever is late says why, and nobody is later than the closing.
pub(in crate::server::sample) fn in_time(act: &mut Act) -> Result<(), SampleError> {
    for event in &mut act.events {
        let is_report = matches!(
            event.payload,
            Payload::ActualRecorded(_) | Payload::DemandRecorded(_)
        );
        let Some(day) = event
            .valid
            .map(|valid| valid.counts_on())
            .filter(|_| is_report)
        else {
            continue;
        };
        let round = ROUNDS
            .iter()
            .find(|round| round.days.0 <= day && day <= round.days.1);
        let Some(round) = round else { continue };
        if super::at(round.soft_closed, CLOSING_HOUR, 0) <= act.at && event.reason.is_none() {
            event.reason = Some(reason(
                ReasonCode::LateData,
                "締切後の確認で報告漏れが分かった。",
            )?);
        }
        act.at = act.at.min(super::at(round.closed, CLOSING_HOUR - 1, 0));
    }
    Ok(())
}

impl Teller<'_> {
    /// Everything about the rounds.
    pub(super) fn rounds(&mut self) -> Result<(), SampleError> {
        self.policies()?;
        for round in &ROUNDS {
            self.round(round)?;
        }
        self.mid_year_judged()?;
        self.after_the_closing()?;
        self.actions()?;
        self.year_end_judged()
    }

    /// One policy for both years, and a second version that tells of lowered targets earlier.
    fn policies(&mut self) -> Result<(), SampleError> {
        let versions = [
            (1, date(2022, 4, 1), date(2022, 4, 4), 60),
            (2, date(2024, 2, 1), date(2024, 1, 29), 90),
        ];
        let Some(ledger) = self.directory().ledger().map(|ledger| ledger.ledger) else {
            return Err(SampleError::Bundle("no ledger".to_owned()));
        };
        for (version, effective, published, days) in versions {
            let policy = EvaluationPolicy {
                late_lowering_days: days,
                roll_up: RollUpJudgement::Worst,
                ..EvaluationPolicy::default()
            };
            let mut event = event(
                &format!("policy {version}"),
                Stream::ledger(ledger),
                effective,
                PolicyPublished {
                    code: Code::parse("evaluation")?,
                    version,
                    title: title("組織重点目標の算定方針", "How priority goals are judged")?,
                    content: PolicyContent::Evaluation(policy),
                },
            );
            event.source_document =
                Some(document(&format!("企政第{}号", 10 + version), published)?);
            self.act(published, 11, OFFICE, vec![event]);
        }
        Ok(())
    }

    pub(super) fn plan(&self, code: &str) -> Result<PlanId, SampleError> {
        match self.directory().named(&Code::parse(code)?) {
            Some(Named::Plan(plan)) => Ok(plan),
            _ => Err(SampleError::Bundle(format!("no plan {code}"))),
        }
    }

    fn round(&mut self, round: &Round) -> Result<(), SampleError> {
        let plan = self.plan(round.plan)?;
        let period = key(round.period)?;
        let stream = Stream::plan(plan);
        let name = |step: &str| format!("{} {} {step}", round.plan, round.period);
        let span = DateSpan::new(round.days.0, round.days.1)
            .map_err(|error| SampleError::Bundle(error.to_string()))?;
        let called = if round.period == MID_YEAR {
            title("中間評価", "Mid-year evaluation")?
        } else {
            title("年度末評価", "Year-end evaluation")?
        };
        let opened = event(
            &name("opened"),
            stream,
            round.opened,
            PeriodOpened {
                plan,
                period: period.clone(),
                title: called,
                span,
            },
        );
        self.act(round.opened, 11, OFFICE, vec![opened]);
        let soft_closed = event(
            &name("soft-closed"),
            stream,
            round.soft_closed,
            PeriodSoftClosed {
                plan,
                period: period.clone(),
            },
        );
        self.act(round.soft_closed, CLOSING_HOUR, OFFICE, vec![soft_closed]);
        let closed = event(
            &name("closed"),
            stream,
            round.closed,
            PeriodClosed {
                plan,
                period,
                revision: None,
            },
        );
        self.act(round.closed, CLOSING_HOUR, OFFICE, vec![closed]);
        Ok(())
    }

    /// Sections judge themselves before the closing, departments look at it, the deputy mayor makes it final.
    fn mid_year_judged(&mut self) -> Result<(), SampleError> {
        let judged = [
            Judged {
                section: "総務文書課",
                department: "総務部長",
                words: "業務改善",
                grade: "順調",
                cause: None,
                told: "提案の受付を庁内の掲示板に移し、件数は計画を上回っている。",
                reviewed: "下期は提案の実施まで見届けること。",
            },
            Judged {
                section: "生活福祉課",
                department: "福祉健康部長",
                words: "就労した人",
                grade: "やや遅れ",
                cause: Some(CauseCode::DemandFell),
                told: "支援の対象となる世帯が減り、就労に至った人も少ない。",
                reviewed: "求人を開拓する事業者を増やすこと。",
            },
            Judged {
                section: "学校教育課",
                department: "教育部長",
                words: "講演会",
                grade: "遅れ",
                cause: Some(CauseCode::External),
                told: "台風のため8月に開けなかった。11月に改めて開く。",
                reviewed: "会場は確保済みと確認した。",
            },
            Judged {
                section: "土木管理課",
                department: "建設部長",
                words: "補修する橋",
                grade: "順調",
                cause: None,
                told: "全ての工事を契約し、工程どおりに進んでいる。",
                reviewed: "工事の安全に引き続き注意すること。",
            },
        ];
        for one in &judged {
            let found = self.find(one.section, one.words)?;
            self.judged(one, &found, MID_YEAR, "mid-year")?;
        }
        Ok(())
    }

    fn judged(
        &mut self,
        one: &Judged,
        found: &Found,
        period: &str,
        name: &str,
    ) -> Result<(), SampleError> {
        let subject = Subject::Indicator(found.id);
        let period = key(period)?;
        let days = [date(2023, 10, 10), date(2023, 10, 16), date(2023, 10, 27)];
        let name = |step: &str| format!("{step} {name} {}", one.words);
        let judged = reason(
            ReasonCode::Other,
            "数値だけでは表れない事情を含めて判断した。",
        )?;
        let mut own = event(
            &name("self-evaluated"),
            found.stream,
            days[0],
            SelfEvaluated {
                subject,
                period: period.clone(),
                grade: Some(key(one.grade)?),
                rubric: None,
                computed: None,
                cause: one.cause,
                comment: FreeText::parse(one.told)?,
            },
        );
        own.reason = Some(judged.clone());
        self.act(days[0], 10, &format!("{}長", one.section), vec![own]);
        let mut reviewed = event(
            &name("reviewed"),
            found.stream,
            days[1],
            EvaluationReviewed {
                subject,
                period: period.clone(),
                grade: Some(key(one.grade)?),
                rubric: None,
                computed: None,
                comment: FreeText::parse(one.reviewed)?,
            },
        );
        reviewed.reason = Some(judged.clone());
        self.act(days[1], 14, one.department, vec![reviewed]);
        let mut finalised = event(
            &name("finalised"),
            found.stream,
            days[2],
            EvaluationFinalised {
                subject,
                period,
                grade: Some(key(one.grade)?),
                rubric: None,
                computed: None,
                comment: None,
            },
        );
        finalised.reason = Some(judged);
        self.act(days[2], 15, "副市長", vec![finalised]);
        Ok(())
    }

    /// After the mid-year closing one report is corrected, and one that was left out comes in once its period is
    /// opened again for it.
    fn after_the_closing(&mut self) -> Result<(), SampleError> {
        let inspected = self.find("土木管理課", "点検する橋")?;
        let mut correction = event(
            "bridges corrected",
            inspected.stream,
            date(2023, 8, 10),
            ActualCorrected {
                indicator: inspected.id,
                corrects: event_id("bridges moved"),
                before: Some(Measurement::Increment(3.into())),
                measurement: Measurement::Increment(2.into()),
                reported: ReportedPart::default(),
            },
        );
        correction.reason = Some(reason(
            ReasonCode::SourceRevised,
            "点検調書の確定により、1橋は翌月の点検と分かった。",
        )?);
        correction.source_document = Some(document("土管第305号", date(2023, 10, 17))?);
        self.act(date(2023, 10, 18), 9, "土木管理課長", vec![correction]);

        let improved = self.find("総務文書課", "業務改善")?;
        let plan = self.plan("R5")?;
        let mut reopened = event(
            "R5 mid-year reopened",
            Stream::plan(plan),
            date(2023, 11, 13),
            PeriodReopened {
                plan,
                period: key(MID_YEAR)?,
                scope: vec![improved.id],
                until: date(2023, 11, 17),
            },
        );
        reopened.reason = Some(reason(
            ReasonCode::LateData,
            "9月に実施した2件の報告が漏れていたため、この指標に限り再開する。",
        )?);
        reopened.source_document = Some(document("企政第214号", date(2023, 11, 10))?);
        self.act(date(2023, 11, 13), 9, OFFICE, vec![reopened]);
        let day = date(2023, 9, 20);
        let mut late = self.report(
            "improvement late",
            &improved,
            day,
            Measurement::Increment(2.into()),
        );
        late.reason = Some(reason(
            ReasonCode::LateData,
            "9月20日に実施した2件の報告が漏れていた。",
        )?);
        self.act(date(2023, 11, 14), 10, "総務文書課 入力担当", vec![late]);
        let closed = event(
            "R5 mid-year closed again",
            Stream::plan(plan),
            date(2023, 11, 20),
            PeriodClosed {
                plan,
                period: key(MID_YEAR)?,
                revision: None,
            },
        );
        self.act(date(2023, 11, 20), CLOSING_HOUR, OFFICE, vec![closed]);
        Ok(())
    }

    /// What was agreed for those that are behind, and what became of it.
    fn actions(&mut self) -> Result<(), SampleError> {
        let jobs = self.find("生活福祉課", "就労した人")?;
        let lecture = self.find("学校教育課", "講演会")?;
        let agreed = [
            (
                &jobs,
                "employers",
                ActionKind::Improve,
                "求人を出す事業者を訪ね、受入先を10社増やす。",
                "生活福祉課",
                date(2024, 2, 29),
            ),
            (
                &lecture,
                "lecture",
                ActionKind::Continue,
                "11月に会場を移して講演会を開く。",
                "学校教育課",
                date(2023, 11, 30),
            ),
        ];
        for (found, name, kind, text, owner, due) in agreed {
            let owner_unit = self.unit(owner)?;
            let event = event(
                &format!("action {name}"),
                found.stream,
                date(2023, 10, 30),
                NextActionAgreed {
                    subject: Subject::Indicator(found.id),
                    action: action(name),
                    period: key(MID_YEAR)?,
                    kind,
                    text: FreeText::parse(text)?,
                    owner_unit,
                    due,
                },
            );
            self.act(date(2023, 10, 30), 13, &format!("{owner}長"), vec![event]);
        }
        let done = event(
            "action lecture done",
            lecture.stream,
            date(2023, 11, 22),
            NextActionClosed {
                subject: Subject::Indicator(lecture.id),
                action: action("lecture"),
                outcome: ActionOutcome::Done,
                text: FreeText::parse("11月18日に開き、参加者は会場の定員に達した。")?,
            },
        );
        self.act(date(2023, 11, 22), 16, "学校教育課長", vec![done]);
        Ok(())
    }

    /// At the end of the year a section judges its goal as a whole.
    fn year_end_judged(&mut self) -> Result<(), SampleError> {
        let found = self.find("総務文書課", "業務改善")?;
        let goal = GoalId::from_bytes(found.stream.id.as_bytes())?;
        let day = date(2024, 5, 30);
        let mut own = event(
            "self-evaluated year-end",
            found.stream,
            day,
            SelfEvaluated {
                subject: Subject::Goal(goal),
                period: key(YEAR_END)?,
                grade: None,
                rubric: None,
                computed: None,
                cause: None,
                comment: FreeText::parse("提案は年度を通じて続き、件数は目標に届いた。")?,
            },
        );
        own.source_document = Some(document("総文第31号", day)?);
        self.act(day, 11, "総務文書課長", vec![own]);
        Ok(())
    }
}

/// How one criterion was judged at mid-year.
struct Judged {
    section: &'static str,
    department: &'static str,
    words: &'static str,
    grade: &'static str,
    cause: Option<CauseCode>,
    told: &'static str,
    reviewed: &'static str,
}

fn action(name: &str) -> ActionId {
    ActionId::derived(space(), &format!("action {name}"))
}

fn title(ja: &str, en: &str) -> Result<Title, SampleError> {
    Ok(Title {
        ja: Name::parse(ja)?,
        en: Some(Name::parse(en)?),
    })
}
