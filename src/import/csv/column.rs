//! The columns of the table, and what is said of a fault in one.

use std::fmt;

use super::super::text::key;
use super::super::understood::Warning;
use super::super::workbook::Address;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $ja:literal, $key:literal);* $(;)?) => {
        /// A column of the table.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Column { $($(#[$doc])* $name),* }

        /// Every column that is read, in the order of the documentation.
        pub const COLUMNS: &[Column] = &[$(Column::$name),*];

        impl Column {
            /// The heading in Japanese.
            pub const fn heading(self) -> &'static str {
                match self { $(Self::$name => $ja),* }
            }

            /// The key, a heading too.
            pub const fn key(self) -> &'static str {
                match self { $(Self::$name => $key),* }
            }
        }
    };
}

columns! {
    /// The plan's fiscal year.
    Year = "年度", "fiscal_year";
    /// The department.
    Department = "部", "department";
    /// Its name in English.
    DepartmentEn = "部(英)", "department_en";
    /// The pillar's number, with or without its title.
    Pillar = "柱", "pillar";
    /// The pillar's title.
    PillarTitle = "柱の名称", "pillar_title";
    /// The pillar's title in English.
    PillarTitleEn = "柱の名称(英)", "pillar_title_en";
    /// The goal.
    Goal = "組織目標", "goal";
    /// Its title in English.
    GoalEn = "組織目標(英)", "goal_en";
    /// The initiative.
    Initiative = "取組内容", "initiative";
    /// Its title in English.
    InitiativeEn = "取組内容(英)", "initiative_en";
    /// The sections that answer for it.
    Sections = "課等", "sections";
    /// Their names in English.
    SectionsEn = "課等(英)", "sections_en";
    /// The criterion.
    Criterion = "目標達成基準", "criterion";
    /// Its title in English.
    CriterionEn = "目標達成基準(英)", "criterion_en";
    /// A Latin code for the goal.
    Code = "コード", "code";
    /// Items of the reform plan that the initiative carries out.
    ReformPlan = "行革プラン", "reform_plan";
    /// Clauses of the basic ordinance of self-government, likewise.
    BasicOrdinance = "自治基本条例関連条項", "basic_ordinance";
    /// The value before the work.
    Baseline = "基準値", "baseline";
    /// The day of that value.
    BaselineAsOf = "基準日", "baseline_as_of";
    /// Cumulative plan by month.
    MonthlyPlan = "月次計画", "monthly_plan";
    /// Which of a criterion's figures a row is about.
    Part = "細目", "part";
    /// How it is measured, where that was understood otherwise.
    Measure = "測り方の修正", "measure_type";
    /// How it is held against the target, likewise.
    Comparator = "比較の修正", "comparator";
    /// The target, likewise.
    Value = "目標値の修正", "target_value";
    /// What it is counted in, likewise.
    Unit = "単位の修正", "unit";
    /// The last day, likewise.
    Due = "期限の修正", "due";
    /// How reports over time are joined, likewise.
    Aggregation = "集計の修正", "aggregation";
    /// Whether all else was understood rightly.
    Confirmed = "確認", "confirmed";
    /// The code of the indicator of an earlier plan that the row goes on with.
    Continues = "継続元", "continues";
    /// What a draft was made of, and for which row.
    Made = "継続の控え", "continues_made";
}

impl Column {
    pub(super) const REQUIRED: [Self; 6] = [
        Self::Department,
        Self::Pillar,
        Self::Goal,
        Self::Initiative,
        Self::Sections,
        Self::Criterion,
    ];

    /// Whether a heading says that its column is for people only.
    pub(super) fn is_note(heading: &str) -> bool {
        heading.trim_start().starts_with('※')
    }

    /// What columns are called in a draft, where all of them ask for what is to be.
    pub const IN_DRAFT: [(&'static str, Self); 6] = [
        ("測り方", Self::Measure),
        ("比較", Self::Comparator),
        ("目標値", Self::Value),
        ("単位", Self::Unit),
        ("期限", Self::Due),
        ("集計", Self::Aggregation),
    ];

    /// The heading in Japanese that it has in a draft.
    pub fn heading_in_draft(self) -> &'static str {
        let own = Self::IN_DRAFT.iter().find(|(_, column)| *column == self);
        own.map_or(self.heading(), |(name, _)| name)
    }

    /// The column that bears a heading in a draft.
    pub(super) fn named_in_draft(heading: &str) -> Option<Self> {
        let text = key(heading);
        let own = Self::IN_DRAFT.iter().find(|(name, _)| *name == text);
        own.map(|(_, column)| *column)
            .or_else(|| Self::named(heading))
    }

    pub(super) fn named(heading: &str) -> Option<Self> {
        let heading = key(heading).to_lowercase();
        COLUMNS
            .iter()
            .copied()
            .find(|column| column.heading() == heading || column.key() == heading)
    }
}

/// Something wrong in one cell, or in the table as a whole.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// Where in a workbook; `None`: the file is a text.
    pub place: Option<Place>,
    /// Line of the file, or row of the sheet, from 1.
    pub line: u64,
    /// The column; `None`: the line as a whole.
    pub column: Option<Column>,
    /// Whether it stands in a draft, where columns are called otherwise.
    pub in_draft: bool,
    /// What is wrong, in English, lower case, no full stop.
    pub message: String,
}

/// A place in a workbook, written as `様式1!B7`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Place {
    /// The sheet.
    pub sheet: String,
    /// The cell; `None`: the row as a whole.
    pub cell: Option<Address>,
    /// The row, from 1.
    pub row: u64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cell {
            Some(cell) => write!(f, "{}!{cell}", self.sheet),
            None => write!(f, "{}!{}", self.sheet, self.row),
        }
    }
}

impl Fault {
    /// What refuses a table, as a fault of its row.
    pub(super) fn of(warning: &Warning) -> Self {
        let place = warning.sheet.as_ref().map(|sheet| Place {
            sheet: sheet.clone(),
            cell: None,
            row: warning.line,
        });
        Self {
            place,
            line: warning.line,
            column: None,
            in_draft: false,
            message: format!("{}: {}", warning.text, warning.message),
        }
    }

    /// What the column is called in the file; empty for a line as a whole.
    pub fn heading(&self) -> &'static str {
        match self.column {
            Some(column) if self.in_draft => column.heading_in_draft(),
            Some(column) => column.heading(),
            None => "",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}")?,
            None => write!(f, "line {}", self.line)?,
        }
        if let Some(column) = self.column {
            write!(f, ", column {} (`{}`)", self.heading(), column.key())?;
        }
        write!(f, ": {}", self.message)
    }
}
