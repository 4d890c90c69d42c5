//! From the words of a criterion to the terms of the model.

use rust_decimal::Decimal;

use super::super::proposal::{Aim, Profile, Proposal};
use super::super::text::{Folded, key};
use super::super::understood::{Comparison, Kind, Measure, Per};
use super::Context;
use super::ending::{Ending, Outright, ending};
use super::number::{Mention, Role};
use crate::domain::date::Date;
use crate::domain::era::parse_date;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::{AggSpace, AggTime, Comparator, EntryKind, MeasureType, Quantifier};
use crate::domain::quantity::Quantity;
use crate::domain::target::EndState;
use crate::domain::unit::Dimension;

/// Words for a level that stands on a date, where others are counted over the year.
const LEVELS: [&str; 16] = [
    "フォロワー",
    "登録者",
    "登録団体",
    "登録数",
    "登録件数",
    "ダウンロード",
    "会員数",
    "加入",
    "協定締結",
    "締結数",
    "利用団体",
    "人口",
    "残高",
    "保有",
    "普及台数",
    "在籍",
];

/// Counters whose things are members of a set that can be listed.
const SETS: [&str; 6] = ["自治会", "地区", "園", "校", "課", "学級"];

/// How far a target of about a percentage may be missed, in points, until somebody says otherwise.
const TOLERANCE_POINTS: i64 = 5;

/// The level of the default rubric that counts as reached.
const RUBRIC_LEVEL: u32 = 3;

/// What a piece of a criterion says, apart from its numbers.
pub(super) struct Facts<'a> {
    /// The piece, folded and without spaces.
    folded: String,
    /// The whole criterion, likewise.
    whole: String,
    /// The piece without the times that it names: what it ends with.
    timeless: String,
    text: &'a str,
    context: Context<'a>,
    /// The last day the words name, if any.
    due: Option<Date>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        piece: &'a str,
        whole: &str,
        context: Context<'a>,
        mentions: &[Mention],
    ) -> Self {
        let text = Folded::new(piece);
        let due = due_date(&text, context.year, mentions);
        Self {
            folded: key(piece),
            whole: key(whole),
            timeless: without_times(&text, mentions),
            text: piece,
            context,
            due,
        }
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.folded.contains(word))
    }

    /// A number that is a target.
    pub(super) fn number(
        &self,
        mention: &Mention,
        label: &str,
        scope: Option<String>,
        remarks: &mut Vec<String>,
    ) -> (Measure, Proposal) {
        let counter = mention
            .unit
            .as_ref()
            .map_or(mention.counter.clone(), |unit| unit.display_ja.clone());
        let mut comparison = mention.comparison.unwrap_or(Comparison::AtLeast);
        let mut assumed = Vec::new();
        if mention.comparison.is_none() {
            assumed.push("comparator");
            if mention.value == Quantity::ZERO {
                comparison = Comparison::AtMost;
                remarks.push("a target of 0 was taken as not more than 0".to_owned());
            }
        }
        let measure = Measure {
            label: label.to_owned(),
            comparator: comparison,
            value: mention.value,
            unit: counter.clone(),
            per: mention.per,
            scope: scope.clone(),
        };
        let mut proposal = Proposal {
            unit: mention.unit.as_ref().map(|unit| unit.code.clone()),
            counter: Some(counter.clone()),
            comparator: comparison.into(),
            target: Aim {
                value: Some(mention.value),
                ..Aim::default()
            },
            scope,
            assumed,
            ..Proposal::count(label)
        };
        self.choose_type(mention, &counter, &key(label), &mut proposal, remarks);
        if comparison == Comparison::About {
            proposal.target.tolerance = Some(match counter.as_str() {
                "%" => Quantity::from(TOLERANCE_POINTS),
                _ => Quantity::from(mention.value.decimal() * Decimal::new(TOLERANCE_POINTS, 2)),
            });
            proposal.assumed.push("target.tolerance");
        }
        if self.says(&["延べ", "のべ", "延人数"]) {
            proposal.person_times = true;
        }
        if self.says(&["必要に応じ"]) {
            proposal.demand_driven = true;
            proposal.plan_profile = Profile::None;
        }
        proposal.target.due_date = self.due;
        if let Some(due) = self.due.filter(|due| self.context.year.last_day() < *due) {
            proposal.plan_profile = Profile::None;
            remarks.push(format!("due on {due}, after the end of the plan's year"));
        }
        proposal.assumed.push("plan_profile");
        (measure, proposal)
    }

    /// Decides what kind of thing a number measures.
    fn choose_type(
        &self,
        mention: &Mention,
        counter: &str,
        label: &str,
        proposal: &mut Proposal,
        remarks: &mut Vec<String>,
    ) {
        let p = proposal;
        let dimension = mention.unit.as_ref().map(|unit| &unit.dimension);
        let labelled = |words: &[&str]| words.iter().any(|word| label.contains(word));
        if mention.per == Some(Per::Month) {
            (p.measure_type, p.per_month) = (MeasureType::RatePerPeriod, true);
            if self.says(&["あたり", "当たり", "平均", "/月"]) {
                (p.agg_time, p.plan_profile, p.active_window_needed) =
                    (AggTime::MeanOfPeriods, Profile::AtEnd, true);
                p.assumed.extend(["agg_time", "active_window"]);
            } else {
                p.quantifier = Quantifier::ForAll;
                p.assumed.push("quantifier");
            }
        } else if dimension == Some(&Dimension::Ratio) {
            self.choose_ratio(&labelled, p);
        } else if self.says(&["平均"]) {
            (p.measure_type, p.entry_kind, p.agg_time) = (
                MeasureType::Mean,
                Some(EntryKind::NumDen),
                AggTime::RatioOfSums,
            );
        } else if matches!(
            dimension,
            Some(
                Dimension::Length
                    | Dimension::Area
                    | Dimension::Mass
                    | Dimension::Volume
                    | Dimension::Money(_)
            )
        ) {
            (p.measure_type, p.plan_profile) = (MeasureType::Quantity, Profile::MonthlyPlan);
        } else if SETS.contains(&counter) && mention.value.is_integer() {
            let members = mention.value.to_string().parse().ok();
            (p.measure_type, p.entry_kind, p.agg_time) = (
                MeasureType::Coverage,
                Some(EntryKind::MemberState),
                AggTime::Distinct,
            );
            p.quantifier = members.map_or(Quantifier::Single, Quantifier::AtLeastN);
            p.members_needed = true;
            p.assumed.extend(["measure_type", "members"]);
            remarks.push(format!("the list of members (`{counter}`) is needed"));
        } else if counter != "回" && (labelled(&LEVELS) || self.says(&["配置"])) {
            (p.measure_type, p.entry_kind, p.agg_time) = (
                MeasureType::Level,
                Some(EntryKind::Absolute),
                AggTime::Latest,
            );
            p.baseline_needed = true;
            p.assumed.extend(["measure_type", "baseline"]);
        } else if mention.value == Quantity::from(1) {
            // One of something behaves like a milestone: half of it at mid-year means nothing.
            p.plan_profile = Profile::AtEnd;
        }
        if p.comparator == Comparator::Le && p.measure_type == MeasureType::Count {
            p.plan_profile = Profile::None;
        }
    }

    fn choose_ratio(&self, labelled: &impl Fn(&[&str]) -> bool, p: &mut Proposal) {
        if labelled(&["進捗", "完成率", "出来高"]) {
            (p.measure_type, p.entry_kind, p.agg_time) = (
                MeasureType::Stage,
                Some(EntryKind::Absolute),
                AggTime::Latest,
            );
            p.plan_profile = Profile::MonthlyPlan;
            return;
        }
        (p.measure_type, p.entry_kind) = (MeasureType::Ratio, Some(EntryKind::NumDen));
        p.assumed.push("agg_time");
        if labelled(&["収納率", "徴収率", "納付率"]) {
            (p.agg_time, p.plan_profile) = (AggTime::RatioOfSums, Profile::ReferenceCurve);
            // A public enterprise closes its books on 31 March; a general account on 31 May.
            if !self
                .context
                .sections
                .iter()
                .any(|section| section.contains("水道"))
            {
                p.settlement_until = Some(self.context.year.settlement_day());
                p.assumed.push("settlement_until");
            }
        } else if labelled(&["割合", "比率", "普及率", "加入率", "登録率", "保有率"])
        {
            (p.agg_time, p.plan_profile) = (AggTime::RatioOfLatest, Profile::AtEnd);
        } else {
            (p.agg_time, p.plan_profile) = (AggTime::RatioOfSums, Profile::AtEnd);
        }
    }

    /// Something that every member of a set has to do.
    pub(super) fn everybody(
        &self,
        label: &str,
        scope: Option<String>,
        remarks: &mut Vec<String>,
    ) -> Proposal {
        remarks.push("holds for every member of a set: the list of members is needed".to_owned());
        let mut proposal = Proposal {
            scope: scope.or(Some("all".to_owned())),
            quantifier: Quantifier::ForAll,
            members_needed: true,
            assumed: vec!["members", "plan_profile"],
            ..Proposal::count(label)
        };
        if let Some(comparator) = self.cap() {
            (
                proposal.measure_type,
                proposal.entry_kind,
                proposal.agg_time,
            ) = (
                MeasureType::Level,
                Some(EntryKind::MemberValue),
                AggTime::Max,
            );
            (proposal.comparator, proposal.plan_profile) = (comparator, Profile::None);
            self.refer_to_other_document(&mut proposal, remarks);
        } else {
            (
                proposal.measure_type,
                proposal.entry_kind,
                proposal.agg_time,
            ) = (
                MeasureType::Coverage,
                Some(EntryKind::MemberState),
                AggTime::Distinct,
            );
        }
        proposal
    }

    /// The comparison with a limit that is named without its value.
    fn cap(&self) -> Option<Comparator> {
        let most = [
            "超えない",
            "上回らない",
            "以下に抑",
            "以内に抑",
            "以下とする",
            "以内とする",
            "遵守",
        ];
        let least = ["下回らない", "前年度以上", "前年以上", "昨年度以上"];
        if self.says(&most) {
            Some(Comparator::Le)
        } else if self.says(&least) {
            Some(Comparator::Ge)
        } else if self.says(&["上回る", "超える"]) {
            Some(Comparator::Gt)
        } else {
            None
        }
    }

    fn refer_to_other_document(&self, proposal: &mut Proposal, remarks: &mut Vec<String>) {
        remarks.push("the value to be held against is in another document".to_owned());
        proposal.external_reference = Some(self.text.to_owned());
        proposal.assumed.push("target");
    }

    /// A piece without a number.
    pub(super) fn without_number(&self, remarks: &mut Vec<String>) -> (Kind, Proposal) {
        if let Some(comparator) = self.cap() {
            let mut proposal = Proposal {
                measure_type: MeasureType::Level,
                entry_kind: Some(EntryKind::Absolute),
                agg_time: AggTime::Latest,
                comparator,
                plan_profile: Profile::None,
                assumed: vec!["measure_type", "plan_profile"],
                ..Proposal::count(self.text)
            };
            self.refer_to_other_document(&mut proposal, remarks);
            return (Kind::Quantitative, proposal);
        }
        let is_step = self.whole != self.folded;
        match ending(&self.timeless) {
            Ending::State(end_state, outright) => {
                (Kind::Milestone, self.milestone(end_state, outright))
            }
            // A step of several counts as done or not, however it is worded.
            Ending::Unknown if is_step => (
                Kind::Milestone,
                self.milestone(EndState::Completed, Outright::No),
            ),
            open => {
                if open == Ending::Unknown {
                    remarks.push("no end state was recognised; a rubric is proposed".to_owned());
                }
                (Kind::Qualitative, self.qualitative())
            }
        }
    }

    fn milestone(&self, end_state: EndState, outright: Outright) -> Proposal {
        let mut assumed = Vec::new();
        if outright == Outright::No {
            assumed.push("target.end_state");
        }
        if self.due.is_none() {
            assumed.push("target.due_date");
        }
        assumed.push("plan_profile");
        Proposal {
            measure_type: MeasureType::Milestone,
            entry_kind: Some(EntryKind::MilestoneState),
            agg_time: AggTime::DoneBy,
            comparator: Comparator::DoneBy,
            target: Aim {
                due_date: Some(self.due.unwrap_or(self.context.year.last_day())),
                end_state: Some(end_state),
                ..Aim::default()
            },
            plan_profile: Profile::StepDates,
            demand_driven: self.says(&["必要に応じ"]),
            external_reference: self.guideline(),
            assumed,
            ..Proposal::count(self.text)
        }
    }

    fn qualitative(&self) -> Proposal {
        Proposal {
            measure_type: MeasureType::Qualitative,
            entry_kind: Some(EntryKind::RubricLevel),
            agg_time: AggTime::Latest,
            comparator: Comparator::RubricAtLeast,
            target: Aim {
                rubric_level: Some(RUBRIC_LEVEL),
                ..Aim::default()
            },
            plan_profile: Profile::None,
            demand_driven: self.says(&["必要に応じ"]),
            external_reference: self.guideline(),
            assumed: vec!["rubric", "target.rubric_level"],
            ..Proposal::count(self.text)
        }
    }

    /// The document that the work has to follow, where the words name one.
    fn guideline(&self) -> Option<String> {
        self.says(&["国が示す", "県が示す", "に沿った", "に定める"])
            .then(|| self.text.to_owned())
    }
}

/// A text without its times and without spaces.
fn without_times(text: &Folded<'_>, mentions: &[Mention]) -> String {
    let times: Vec<_> = mentions
        .iter()
        .filter(|m| m.role == Role::Time)
        .map(|m| m.start..m.end)
        .collect();
    let kept = text
        .chars()
        .iter()
        .enumerate()
        .filter(|(i, _)| !times.iter().any(|time| time.contains(i)));
    kept.map(|(_, c)| *c).filter(|c| *c != ' ').collect()
}

/// The last day that the words name, a date, a month or a fiscal year, unless it is before the plan's year.
fn due_date(text: &Folded<'_>, year: FiscalYear, mentions: &[Mention]) -> Option<Date> {
    let times = mentions.iter().filter(|mention| mention.role == Role::Time);
    times
        .filter_map(|mention| day_named(text, year, mention))
        .find(|day| year.first_day() <= *day)
}

/// The last day of what a time names.
fn day_named(text: &Folded<'_>, year: FiscalYear, mention: &Mention) -> Option<Date> {
    let words = text.text(mention.start, mention.end);
    let with_era = text.text(mention.start.saturating_sub(2), mention.end);
    if let Ok(date) = parse_date(&with_era).or_else(|_| parse_date(&words)) {
        return Some(date);
    }
    if text.is_at(mention.end, "度") || words.ends_with('度') {
        let label = with_era.trim_end_matches('度').to_owned() + "度";
        return FiscalYear::parse(&label).ok().map(FiscalYear::last_day);
    }
    // A month alone, or a day of a month, lies in the plan's year.
    let (month, day) = words.split_once('月')?;
    let month: i8 = month
        .parse()
        .ok()
        .filter(|month| (1..=12).contains(month))?;
    let calendar_year = if month < 4 {
        year.year() + 1
    } else {
        year.year()
    };
    let first = Date::new(calendar_year, month, 1).ok()?;
    match day.trim_end_matches('日').parse::<i8>() {
        Ok(day) => Date::new(calendar_year, month, day).ok(),
        Err(_) => Some(first.last_of_month()),
    }
}

impl Proposal {
    /// A count over the year of what `label` says, to be refined.
    pub(super) fn count(label: &str) -> Self {
        Self {
            label: label.to_owned(),
            scope: None,
            measure_type: MeasureType::Count,
            entry_kind: Some(EntryKind::Increment),
            agg_time: AggTime::Sum,
            agg_space: AggSpace::None,
            comparator: Comparator::Ge,
            quantifier: Quantifier::Single,
            unit: None,
            counter: None,
            target: Aim::default(),
            per_month: false,
            plan_profile: Profile::Linear,
            monthly_plan: Vec::new(),
            baseline: None,
            settlement_until: None,
            external_reference: None,
            person_times: false,
            demand_driven: false,
            baseline_needed: false,
            members_needed: false,
            active_window_needed: false,
            parts: Vec::new(),
            confirmed: false,
            continues: None,
            assumed: Vec::new(),
        }
    }

    /// Several figures or steps that must all be reached. Sites that count one thing are capped sums.
    pub(super) fn composite(label: &str, parts: Vec<Self>) -> Self {
        let sites = parts
            .iter()
            .all(|part| part.scope.is_some() && part.unit == parts[0].unit && part.unit.is_some());
        Self {
            measure_type: MeasureType::Composite,
            entry_kind: None,
            agg_time: AggTime::None,
            agg_space: if sites {
                AggSpace::CappedSum
            } else {
                AggSpace::AllOf
            },
            plan_profile: Profile::None,
            parts,
            ..Self::count(label)
        }
    }
}
