//! A form as it is printed and signed: A4 landscape, a run of pages for each part (部), the headings on every page.
//!
//! What one cell says of several lines is written once and reaches over them; where a page ends in between, it is written
//! again on the next. Cells reach over lines in forms only: programs read tidy files.

use jiff::civil::DateTime;

use crate::domain::date::Date;
use crate::domain::era::EraDate;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::text::Language;
use crate::merkle::Fingerprint;
use crate::projection::evaluation::At;
use crate::report::book::{Cell, Unwritten};

mod print;

/// Lines of one form at most: what a spreadsheet can still be scrolled through, and a printer print.
pub const LINES_MAX: usize = 20_000;
/// Parts of one form at most: a spreadsheet with more sheets cannot be used.
pub const PARTS_MAX: usize = 200;

/// A form.
#[derive(Clone, Debug, PartialEq)]
pub struct Form {
    /// What stands above and below every page.
    pub head: Head,
    /// Its parts, each a sheet and a run of pages.
    pub parts: Vec<Part>,
}

/// What stands above and below every page.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Head {
    /// What it is: `様式2 中間評価シート`.
    pub title: String,
    /// The fiscal year (年度), or what is known by another name.
    pub year: String,
    /// The evaluation date D (評価基準日), where there is one.
    pub effective_on: Option<Date>,
    /// K (記録時点), as a size of the ledger.
    pub known_at: u64,
    /// When the last of them was recorded, in the ledger's zone.
    pub recorded_until: Option<DateTime>,
    /// The fingerprint (指紋) of the checkpoint at K, where the ledger could sign one.
    pub fingerprint: Option<Fingerprint>,
    /// Code of the ledger (台帳番号).
    pub ledger: String,
    /// Whether it is a sample under a simulated clock (見本・仮想時計).
    pub sample: bool,
    /// In which language it speaks.
    pub language: Language,
}

/// What a form is made for, beside what it is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Setting {
    /// In which language it speaks.
    pub language: Language,
    /// When the last known event was recorded, in the ledger's zone.
    pub recorded_until: Option<DateTime>,
    /// The fingerprint of the checkpoint at K, where the ledger could sign one.
    pub fingerprint: Option<Fingerprint>,
}

/// A part of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The sheet's name; what a spreadsheet does not take in a name is left out.
    pub name: String,
    /// Lines above the headings; the first is larger.
    pub caption: Vec<String>,
    /// The columns.
    pub columns: Vec<Heading>,
    /// The lines.
    pub lines: Vec<Line>,
    /// Lines below.
    pub closing: Vec<String>,
}

/// A column.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Heading {
    /// What stands above it.
    pub text: String,
    /// Its width in characters.
    pub width: u16,
    /// Whether it is to be filled in by hand.
    pub to_fill: bool,
}

/// A line.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    /// A heading over all columns; it keeps to what follows.
    Band(String),
    /// A slot for each column.
    Slots(Vec<Slot>),
}

/// A place in a line.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot {
    /// A cell.
    Of(Cell),
    /// What stands above reaches down to here.
    Above,
}

impl From<Cell> for Slot {
    fn from(cell: Cell) -> Self {
        Self::Of(cell)
    }
}

impl Heading {
    /// A column that is filled from the ledger.
    pub fn new(language: Language, ja: &str, en: &str, width: u16) -> Self {
        Self {
            text: pick(language, ja, en).to_owned(),
            width,
            to_fill: false,
        }
    }

    /// A column that people fill in.
    #[must_use]
    pub fn to_fill(self) -> Self {
        Self {
            to_fill: true,
            ..self
        }
    }
}

impl Head {
    /// The head of a form of an evaluation.
    pub fn of(at: &At, setting: Setting, title: &str) -> Self {
        let ledger = at.directory.ledger();
        Self {
            title: title.to_owned(),
            year: year(at, setting.language),
            effective_on: Some(at.effective_on),
            known_at: at.known_at,
            recorded_until: setting.recorded_until,
            fingerprint: setting.fingerprint,
            ledger: ledger.map_or_else(String::new, |ledger| ledger.code.to_string()),
            sample: at.directory.has_simulated_clock(),
            language: setting.language,
        }
    }

    /// D and K in words, as they stand below every page.
    pub(super) fn points(&self) -> [String; 2] {
        [self.effective(), self.known()]
    }

    fn effective(&self) -> String {
        match (self.language, self.effective_on) {
            (_, None) => String::new(),
            (Language::Ja, Some(on)) => format!("評価基準日 {}", day(self.language, on)),
            (Language::En, Some(on)) => format!("evaluated for {on}"),
        }
    }

    fn known(&self) -> String {
        let until = self
            .recorded_until
            .map(|until| until.strftime(" (%Y-%m-%d %H:%M)").to_string())
            .unwrap_or_default();
        match self.language {
            Language::Ja => format!("記録時点 {}件{until}", self.known_at),
            Language::En => format!("as known at {} events{until}", self.known_at),
        }
    }

    /// What finds these very events again; nothing where the ledger could not sign.
    fn print(&self) -> Option<String> {
        let called = pick(self.language, "指紋", "fingerprint");
        self.fingerprint.map(|print| format!("{called} {print}"))
    }

    fn ledger(&self) -> String {
        match self.language {
            Language::Ja => format!("台帳番号 {}", self.ledger),
            Language::En => format!("ledger {}", self.ledger),
        }
    }

    fn year_and_mark(&self) -> String {
        let mark = pick(
            self.language,
            "【見本・仮想時計】",
            " (sample, simulated time)",
        );
        match self.sample {
            true => format!("{}{mark}", self.year),
            false => self.year.clone(),
        }
    }
}

/// The fiscal year of a plan; of a plan that is of none, its title.
fn year(at: &At, language: Language) -> String {
    let of = FiscalYear::of(at.plan.cycle.first());
    match (of, language) {
        (Ok(year), Language::Ja) => year.label_ja(),
        (Ok(year), Language::En) => year.label_en(),
        (Err(_), _) => at.plan.title.in_language(language).to_owned(),
    }
}

/// A day as forms print it: `令和5年9月30日(2023-09-30)`.
pub fn day(language: Language, day: Date) -> String {
    match language {
        Language::Ja => format!("{}({day})", EraDate::new(day)),
        Language::En => day.to_string(),
    }
}

pub(super) fn pick<'a>(language: Language, ja: &'a str, en: &'a str) -> &'a str {
    match language {
        Language::Ja => ja,
        Language::En => en,
    }
}

impl Form {
    /// How many lines it has, headings over columns not counted.
    pub fn lines(&self) -> usize {
        let lines = self.parts.iter().flat_map(|part| &part.lines);
        lines.filter(|line| matches!(line, Line::Slots(_))).count()
    }

    /// Its bytes as a workbook.
    pub fn workbook(&self) -> Result<Vec<u8>, Unwritten> {
        print::workbook(self)
    }
}
