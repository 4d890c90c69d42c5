//! A row that reports something, as its cells say it; or what is wrong with them.

use unicode_normalization::UnicodeNormalization as _;

use crate::api::v1;
use crate::cli::choice;
use crate::cli::failure::Failure;
use crate::cli::input;
use crate::cli::label;
use crate::cli::language::pick;
use crate::cli::measure::{Measured, Reading};
use crate::cli::sheet::column::Column;
use crate::cli::sheet::fault::Fault;
use crate::cli::sheet::form::{Form, Key};
use crate::cli::sheet::lines::{Line, Lines};
use crate::cli::sheet::made::Made;
use crate::domain::date::Date;
use crate::domain::text::Language;
use crate::import::check::check;
use crate::import::workbook::{Problem, Value};

/// What the sheet says a row is for.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Id of the indicator.
    pub indicator: String,
    /// Which of its parts, members or checkpoints.
    pub key: Key,
    /// In which form it is reported.
    pub form: Form,
    /// What the sheet was made for and at.
    pub made: Made,
}

/// What a row reports.
#[derive(Clone, Debug, PartialEq)]
pub struct Reported {
    /// The day.
    pub day: Date,
    /// What was measured.
    pub reading: Reading,
    /// A remark.
    pub note: Option<String>,
    /// The paper that shows it.
    pub evidence: Option<String>,
}

/// Reads the rows of a table.
pub struct Reader<'a> {
    /// The language of messages.
    pub language: Language,
    /// The table.
    pub lines: &'a Lines,
    /// What was found wrong.
    pub faults: Vec<Fault>,
}

impl Reader<'_> {
    /// Adds a fault of a cell.
    pub fn fault(
        &mut self,
        line: &Line,
        column: Column,
        ja: impl Into<String>,
        en: impl Into<String>,
    ) {
        let message: String = pick(self.language, ja.into(), en.into());
        self.faults
            .push(Fault::new(self.lines.place(line.row, column), message));
    }

    /// Whether a row reports something: a day alone is filled in by the sheet.
    pub fn reports(line: &Line) -> bool {
        Column::REPORTING
            .iter()
            .any(|column| line.cells.contains_key(column))
    }

    /// What the hidden cells of a row say, where they say it unharmed.
    pub fn identity(&mut self, line: &Line) -> Option<Identity> {
        let hidden = Column::HIDDEN.map(|column| text(line, column));
        if hidden.iter().all(Option::is_none) {
            self.fault(
                line,
                Column::Code,
                "報告票にない行です。行は増やせません。この行を消してください",
                "a row that the sheet did not have; rows cannot be added: clear it",
            );
            return None;
        }
        let found = identity_of(line);
        if found.is_none() {
            self.fault(
                line,
                Column::Code,
                "指標か隠れた識別の欄が書き換えられています。新しい報告票に記入し直してください",
                "the indicator or a hidden id was changed; fill in a new sheet",
            );
        }
        found
    }

    /// What a row reports on an indicator of `definition`; `None` where something is wrong with it.
    pub fn reported(
        &mut self,
        line: &Line,
        definition: &v1::Definition,
        key: &Key,
    ) -> Option<Reported> {
        let before = self.faults.len();
        let reading = self.measured(line, definition, key);
        let day = self.day(line, Column::Day);
        let (note, evidence) = (
            self.words(line, Column::Note),
            self.words(line, Column::Evidence),
        );
        if before < self.faults.len() {
            return None;
        }
        Some(Reported {
            day: day?,
            reading: reading?,
            note,
            evidence,
        })
    }

    /// A day; one that is missing is a fault.
    pub fn day(&mut self, line: &Line, column: Column) -> Option<Date> {
        let told = match line.cells.get(&column) {
            Some(Value::Date(day)) => return Some(*day),
            Some(Value::Text(typed)) => match input::date(typed) {
                Ok(day) => return Some(day),
                Err(error) => (
                    format!(
                        "「{typed}」は日付ではありません。2023-09-30 や 令和5年9月30日 のように書いてください"
                    ),
                    format!("`{typed}` is no date: {error}"),
                ),
            },
            Some(Value::Unusable(problem)) => self.unusable(problem),
            Some(_) => (
                "日付ではありません。2023-09-30 のように書いてください".to_owned(),
                "no date; write 2023-09-30".to_owned(),
            ),
            None => (
                "日付がありません。記入してください".to_owned(),
                "the date is missing; fill it in".to_owned(),
            ),
        };
        self.fault(line, column, told.0, told.1);
        None
    }

    /// A text, where there is one.
    pub fn words(&mut self, line: &Line, column: Column) -> Option<String> {
        match line.cells.get(&column)?.text() {
            Ok(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
            Err(problem) => {
                let (ja, en) = self.unusable(problem);
                self.fault(line, column, ja, en);
                None
            }
        }
    }

    fn measured(&mut self, line: &Line, definition: &v1::Definition, key: &Key) -> Option<Reading> {
        let mut measured = Measured::default();
        match key {
            Key::Whole => {}
            Key::Part(key) => measured.part = Some(key.clone()),
            Key::Member(key) => measured.member = Some(key.clone()),
            Key::Checkpoint(key) => measured.checkpoint = Some(key.clone()),
        }
        let (value, denominator) = (
            line.cells.get(&Column::Value),
            line.cells.get(&Column::Denominator),
        );
        if let Some(nil) = self.words(line, Column::Nil) {
            let Some(cause) = cause(&nil) else {
                self.fault(
                    line,
                    Column::Nil,
                    format!(
                        "「{nil}」は一覧にありません。活動なし・需要なし・未測定から選んでください"
                    ),
                    format!("`{nil}` is none of: no activity, no demand, not measured"),
                );
                return None;
            };
            if value.or(denominator).is_some() {
                self.fault(
                    line,
                    Column::Nil,
                    "値と「実績なし」の両方があります。どちらかを消してください",
                    "a value and nothing to report at once; clear one of them",
                );
                return None;
            }
            measured.nil = Some(cause);
        } else {
            let kind = definition.entry_kind();
            let Some(value) = value else {
                if line.cells.contains_key(&Column::Nil) {
                    // What stands there cannot be used, and was told.
                    return None;
                }
                self.fault(
                    line,
                    Column::Value,
                    "値がありません。値を記入するか「実績なし」を選ぶか、行を空にしてください",
                    "no value; fill one in, say why there is none, or clear the row",
                );
                return None;
            };
            let value = self.value(line, Column::Value, value, kind)?;
            if kind == v1::EntryKind::NumDen {
                let parts = match denominator {
                    Some(denominator) => {
                        let denominator =
                            self.value(line, Column::Denominator, denominator, kind)?;
                        format!("{value}/{denominator}")
                    }
                    // Both parts may stand in the one cell.
                    None if input::ratio(&value).is_some() => value,
                    None => {
                        self.fault(
                            line,
                            Column::Denominator,
                            "分母がありません。分子と分母を記入してください（百分率では記入できません）",
                            "the denominator is missing; fill in both parts, not a percentage",
                        );
                        return None;
                    }
                };
                measured.ratio = Some(parts);
            } else if denominator.is_some() {
                self.fault(
                    line,
                    Column::Denominator,
                    "この指標に分母はありません。消してください",
                    "this indicator has no denominator; clear it",
                );
                return None;
            } else {
                measured.value = Some(level(&value, kind));
            }
        }
        match measured.reading(self.language, definition) {
            Ok(reading) => Some(reading),
            Err(failure) => {
                let message = words_of(&failure);
                self.faults.push(Fault::new(
                    self.lines.place(line.row, Column::Value),
                    message,
                ));
                None
            }
        }
    }

    /// What stands in a cell for a number or a state, as it could be typed.
    fn value(
        &mut self,
        line: &Line,
        column: Column,
        value: &Value,
        kind: v1::EntryKind,
    ) -> Option<String> {
        let percent = text(line, Column::Unit).is_some_and(|unit| unit == "%" || unit == "％");
        let (ja, en) = match value {
            Value::Number(number) => return Some(number.to_string()),
            Value::Percent(number) if percent && kind != v1::EntryKind::NumDen => {
                return Some(number.to_string());
            }
            Value::Text(text) => return Some(text.trim().to_owned()),
            Value::Percent(number) => (
                format!(
                    "百分率（{number}%）では記入できません。数か、分子と分母を記入してください"
                ),
                format!(
                    "a percentage ({number}%); fill in the number, or numerator and denominator"
                ),
            ),
            Value::Date(day) => (
                format!("日付（{day}）になっています。書式を標準に戻して数を記入してください"),
                format!("a date ({day}); set the format back and fill in the number"),
            ),
            Value::Bool(_) => (
                "数ではありません。数だけを記入してください".to_owned(),
                "not a number; fill in a plain number".to_owned(),
            ),
            Value::Unusable(problem) => self.unusable(problem),
        };
        self.fault(line, column, ja, en);
        None
    }

    fn unusable(&self, problem: &Problem) -> (String, String) {
        let ja = match problem {
            Problem::Formula => "計算式です。計算した値を記入してください".to_owned(),
            Problem::Error(error) => format!("エラー値（{error}）です。値を記入してください"),
            Problem::Number => "桁が多すぎる数です".to_owned(),
            Problem::Date => "ない日付か、1900年から2199年の外です".to_owned(),
            Problem::TimeOfDay => "時刻です。日付だけを記入してください".to_owned(),
            Problem::ControlCharacter => "使えない制御文字があります".to_owned(),
            Problem::TooLong => "文字が長すぎます".to_owned(),
        };
        (ja, problem.to_string())
    }
}

/// What the hidden cells of a row say; `None` where they do not agree with each other and with the indicator's code.
pub fn identity_of(line: &Line) -> Option<Identity> {
    let [indicator, key, form, made, checked] =
        Column::HIDDEN.map(|column| text(line, column).unwrap_or_default());
    let code = text(line, Column::Code).unwrap_or_default();
    if check(&[&code, &indicator, &key, &form, &made]) != checked {
        return None;
    }
    Some(Identity {
        key: Key::parse(&key)?,
        form: Form::parse(&form)?,
        made: Made::parse(&made)?,
        indicator,
    })
}

/// What a cell holds as a text; nothing for an empty or unusable one.
pub fn text(line: &Line, column: Column) -> Option<String> {
    let text = line.cells.get(&column)?.text().ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

/// A cause by its word or by its label in either language.
fn cause(text: &str) -> Option<v1::NilCause> {
    let folded: String = text.trim().nfkc().collect();
    choice::parse(&folded).or_else(|| {
        choice::all::<v1::NilCause>().into_iter().find(|cause| {
            LANGUAGES
                .iter()
                .any(|language| label::nil_cause(*language, *cause) == folded)
        })
    })
}

const LANGUAGES: [Language; 2] = [Language::Ja, Language::En];

/// The number before the name of a rubric's level, as lists offer it: `3: 実施`.
fn level(value: &str, kind: v1::EntryKind) -> String {
    let number = value.split([':', '：']).next().unwrap_or_default().trim();
    let is_number = !number.is_empty() && number.nfkc().all(|c| c.is_ascii_digit());
    if kind == v1::EntryKind::RubricLevel && is_number {
        number.to_owned()
    } else {
        value.to_owned()
    }
}

/// What a failure says, on one line.
fn words_of(failure: &Failure) -> String {
    match failure {
        Failure::Told(report) => {
            let parts: Vec<&str> = std::iter::once(&report.message)
                .chain(&report.hints)
                .map(String::as_str)
                .collect();
            parts.join(" → ")
        }
        Failure::ReaderGone | Failure::Answered => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::api::v1::measurement::Kind;

    /// What a row of these cells measures.
    fn measured(
        definition: &v1::Definition,
        key: &Key,
        cells: &[(Column, &str)],
    ) -> Result<Option<Kind>, Vec<Fault>> {
        let lines = Lines::default();
        let mut reader = Reader {
            language: Language::Ja,
            lines: &lines,
            faults: Vec::new(),
        };
        let day = (Column::Day, Value::Text("2023-09-29".to_owned()));
        let cells = cells
            .iter()
            .map(|(column, text)| (*column, Value::Text((*text).to_owned())));
        let line = Line {
            row: 7,
            cells: cells.chain([day]).collect::<BTreeMap<_, _>>(),
        };
        match reader.reported(&line, definition, key) {
            Some(reported) => Ok(reported.reading.measurement.kind),
            None => Err(reader.faults),
        }
    }

    #[test]
    fn a_part_of_a_share_is_reported_by_both_its_numbers() {
        let definition = v1::Definition {
            entry_kind: Some(v1::EntryKind::NumDen.into()),
            parts: vec![v1::Part {
                key: "east".to_owned(),
                label: None,
                weight: None,
            }],
            ..v1::Definition::default()
        };
        let key = Key::Part("east".to_owned());
        let both = [(Column::Value, "12"), (Column::Denominator, "15")];
        let Ok(Some(Kind::Ratio(ratio))) = measured(&definition, &key, &both) else {
            panic!("a ratio");
        };
        assert_eq!((&*ratio.numerator, &*ratio.denominator), ("12", "15"));
        let faults = measured(&definition, &key, &both[..1]).expect_err("no denominator");
        assert!(faults[0].message.starts_with("分母がありません"));
    }

    #[test]
    fn a_checkpoint_is_reported_by_its_state() {
        let definition = v1::Definition {
            entry_kind: Some(v1::EntryKind::MilestoneState.into()),
            checkpoints: vec![v1::Checkpoint {
                key: "draft".to_owned(),
                ..v1::Checkpoint::default()
            }],
            ..v1::Definition::default()
        };
        for (key, checkpoint) in [
            (Key::Whole, None),
            (Key::Checkpoint("draft".to_owned()), Some("draft")),
        ] {
            let state = [(Column::Value, "完了")];
            let Ok(Some(Kind::Milestone(milestone))) = measured(&definition, &key, &state) else {
                panic!("a milestone");
            };
            assert_eq!(milestone.state(), v1::MilestoneState::Completed);
            assert_eq!(milestone.checkpoint.as_deref(), checkpoint);
        }
    }
}
