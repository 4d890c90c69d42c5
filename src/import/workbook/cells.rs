//! From a parsed workbook to cells with a value, or with what is wrong with them.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};
use jiff::ToSpan;
use jiff::civil::date;

use super::{
    Address, Area, CELL_CHARS_MAX, CELLS_MAX, COLUMNS_MAX, Cell, MERGED_MAX, Problem, ROWS_MAX,
    SHEETS_MAX, Sheet, TEXT_BYTES_MAX, Unopened, Value, Workbook,
};
use crate::domain::date::{Date, parse_iso};
use crate::domain::quantity::Quantity;
use crate::domain::text::verbatim;

/// Digits that a spreadsheet keeps of a number; what lies behind them is noise of binary fractions.
const DIGITS: usize = 15;

type Parsed<'a> = Xlsx<Cursor<&'a [u8]>>;

/// Parses a workbook that was checked as a file.
pub(super) fn read(bytes: &[u8]) -> Result<Workbook, Unopened> {
    let mut parsed: Parsed<'_> = Xlsx::new(Cursor::new(bytes)).map_err(unopened)?;
    let found: Vec<(String, bool)> = parsed
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible))
        .collect();
    if SHEETS_MAX < found.len() {
        return Err(Unopened::TooManySheets);
    }
    let mut budget = Budget::default();
    let mut sheets = Vec::new();
    for (name, visible) in found {
        sheets.push(sheet(&mut parsed, name, visible, &mut budget)?);
    }
    if sheets.is_empty() {
        return Err(Unopened::Broken);
    }
    Ok(Workbook { sheets })
}

/// What all sheets together have taken so far.
#[derive(Default)]
struct Budget {
    cells: usize,
    text_bytes: usize,
}

fn unopened(error: XlsxError) -> Unopened {
    match error {
        XlsxError::Password => Unopened::Password,
        _ => Unopened::Broken,
    }
}

fn sheet(
    parsed: &mut Parsed<'_>,
    name: String,
    visible: bool,
    budget: &mut Budget,
) -> Result<Sheet, Unopened> {
    let merged = merged(parsed, &name)?;
    let mut cells = BTreeMap::new();
    let mut percents = Vec::new();
    let mut reader = parsed.worksheet_cells_reader(&name).map_err(unopened)?;
    for style in reader.styles() {
        percents.push(
            style
                .number_format
                .as_ref()
                .is_some_and(|format| is_percent(&format.format_code)),
        );
    }
    while let Some((cell, style)) = reader.next_cell_with_style_id().map_err(unopened)? {
        let percent = percents.get(style).copied().unwrap_or_default();
        let Some(value) = value(cell.get_value(), percent, budget)? else {
            continue;
        };
        let at = place(&name, cell.get_position())?;
        budget.cells += 1;
        if CELLS_MAX < budget.cells {
            return Err(Unopened::TooManyCells);
        }
        cells.insert(at, Cell { value });
    }
    drop(reader);
    // A formula is met in a second pass: its value is only what it came to when somebody last saved.
    let mut reader = parsed.worksheet_cells_reader(&name).map_err(unopened)?;
    while let Some(record) = reader.next_cell_with_formula_metadata().map_err(unopened)? {
        if record.formula.is_some() {
            let at = place(&name, record.pos)?;
            budget.cells += usize::from(!cells.contains_key(&at));
            if CELLS_MAX < budget.cells {
                return Err(Unopened::TooManyCells);
            }
            let value = Value::Unusable(Problem::Formula);
            cells.insert(at, Cell { value });
        }
    }
    Ok(Sheet {
        name,
        visible,
        cells,
        merged,
    })
}

fn merged(parsed: &mut Parsed<'_>, name: &str) -> Result<Vec<Area>, Unopened> {
    let found = parsed.merge_cells_by_sheet_name(name).map_err(unopened)?;
    if MERGED_MAX < found.len() {
        return Err(Unopened::TooManyMerged);
    }
    let areas = found.into_iter().map(|area| Area {
        first: Address::new(area.start.0, area.start.1),
        last: Address::new(area.end.0, area.end.1),
    });
    let is_area =
        |area: &Area| area.first.row <= area.last.row && area.first.column <= area.last.column;
    Ok(areas.filter(is_area).collect())
}

fn place(sheet: &str, (row, column): (u32, u32)) -> Result<Address, Unopened> {
    let at = Address::new(row, column);
    let beyond = |limit: &'static str, max: u32| Unopened::Beyond {
        sheet: sheet.to_owned(),
        cell: at,
        limit,
        max,
    };
    if ROWS_MAX <= row {
        Err(beyond("rows", ROWS_MAX))
    } else if COLUMNS_MAX <= column {
        Err(beyond("columns", COLUMNS_MAX))
    } else {
        Ok(at)
    }
}

/// What a cell holds; `None`: nothing.
fn value(
    data: &DataRef<'_>,
    percent: bool,
    budget: &mut Budget,
) -> Result<Option<Value>, Unopened> {
    let usable = |value: Result<Value, Problem>| Some(value.unwrap_or_else(Value::Unusable));
    Ok(match data {
        DataRef::Empty => None,
        DataRef::String(text) => self::text(text, budget)?,
        DataRef::SharedString(text) => self::text(text, budget)?,
        DataRef::Int(number) => usable(
            Quantity::parse(&number.to_string())
                .map(Value::Number)
                .map_err(|_| Problem::Number),
        ),
        DataRef::Float(number) => usable(self::number(*number, percent)),
        DataRef::Bool(value) => Some(Value::Bool(*value)),
        DataRef::Error(error) => Some(Value::Unusable(Problem::Error(error.to_string()))),
        DataRef::DateTime(moment) if moment.is_duration() => {
            Some(Value::Unusable(Problem::TimeOfDay))
        }
        DataRef::DateTime(moment) => usable(day(moment.as_f64(), is_1904(moment))),
        DataRef::DateTimeIso(text) => {
            let text = text.strip_suffix("T00:00:00").unwrap_or(text);
            usable(parse_iso(text).map(Value::Date).map_err(|_| Problem::Date))
        }
        DataRef::DurationIso(_) => Some(Value::Unusable(Problem::TimeOfDay)),
    })
}

fn text(text: &str, budget: &mut Budget) -> Result<Option<Value>, Unopened> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    budget.text_bytes += text.len();
    if TEXT_BYTES_MAX < budget.text_bytes {
        return Err(Unopened::TooMuchText);
    }
    // Workbooks of ours have what nobody sees as code points.
    let text = verbatim(text).replace("\r\n", "\n").replace('\r', "\n");
    if CELL_CHARS_MAX < text.chars().count() {
        return Ok(Some(Value::Unusable(Problem::TooLong)));
    }
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    Ok(Some(if text.contains(control) {
        Value::Unusable(Problem::ControlCharacter)
    } else {
        Value::Text(text)
    }))
}

/// Whether a number format shows a hundred times the number, with a percent sign.
fn is_percent(format: &str) -> bool {
    let mut quoted = false;
    let mut escaped = false;
    format.chars().any(|c| {
        let literal = quoted || escaped;
        escaped = !literal && matches!(c, '\\' | '_' | '*');
        quoted ^= c == '"' && !escaped;
        c == '%' && !literal
    })
}

/// A number as the decimal that a spreadsheet shows: 15 digits of the shortest text that reads back as it.
fn number(number: f64, percent: bool) -> Result<Value, Problem> {
    if !number.is_finite() {
        return Err(Problem::Number);
    }
    // `d.ddde±x`: the shortest digits, without the noise of a longer print.
    let shortest = format!("{number:e}");
    let (digits, exponent) = shortest.split_once('e').ok_or(Problem::Number)?;
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let mut exponent: i32 = exponent.parse().map_err(|_| Problem::Number)?;
    let mut digits: Vec<u8> = digits
        .bytes()
        .filter(u8::is_ascii_digit)
        .map(|b| b - b'0')
        .collect();
    if DIGITS < digits.len() {
        let up = 5 <= digits[DIGITS];
        digits.truncate(DIGITS);
        if up {
            match digits.iter().rposition(|digit| *digit != 9) {
                Some(last) => {
                    digits.truncate(last + 1);
                    digits[last] += 1;
                }
                None => {
                    digits = vec![1];
                    exponent += 1;
                }
            }
        }
    }
    while 1 < digits.len() && digits.last() == Some(&0) {
        digits.pop();
    }
    if percent {
        exponent += 2;
    }
    let plain = plain(&digits, exponent).ok_or(Problem::Number)?;
    let quantity = Quantity::parse(&format!("{sign}{plain}")).map_err(|_| Problem::Number)?;
    Ok(if percent {
        Value::Percent(quantity)
    } else {
        Value::Number(quantity)
    })
}

/// The plain form of digits with the point behind the first, moved by `exponent`.
fn plain(digits: &[u8], exponent: i32) -> Option<String> {
    /// Beyond this no quantity reaches.
    const EXPONENT_MAX: i32 = 40;
    if digits == [0] {
        return Some("0".to_owned());
    }
    if EXPONENT_MAX < exponent.abs() {
        return None;
    }
    let digit = |digit: &u8| char::from(b'0' + digit);
    let whole = usize::try_from(exponent + 1).unwrap_or_default();
    let leading = usize::try_from(-exponent - 1).unwrap_or_default();
    let mut text: String = digits.iter().take(whole).map(digit).collect();
    text.push_str(&"0".repeat(whole.saturating_sub(digits.len())));
    if text.is_empty() {
        text.push('0');
    }
    if whole < digits.len() {
        text.push('.');
        text.push_str(&"0".repeat(leading));
        text.extend(digits.iter().skip(whole).map(digit));
    }
    Some(text)
}

/// Whether the workbook counts days from 1904: its day 0 tells.
fn is_1904(moment: &calamine::ExcelDateTime) -> bool {
    *moment
        == calamine::ExcelDateTime::new(
            moment.as_f64(),
            calamine::ExcelDateTimeType::DateTime,
            true,
        )
}

/// The civil day of a serial number.
fn day(serial: f64, is_1904: bool) -> Result<Value, Problem> {
    /// The day after 2199-12-31 in the 1900 system lies below it.
    const SERIAL_MAX: f64 = 200_000.0;
    if !(0.0..SERIAL_MAX).contains(&serial) {
        return Err(Problem::Date);
    }
    if serial.fract() != 0.0 {
        return Err(Problem::TimeOfDay);
    }
    let days: i32 = format!("{serial:.0}").parse().map_err(|_| Problem::Date)?;
    let (origin, days) = match (is_1904, days) {
        (true, days) => (date(1904, 1, 1), days),
        // The 1900 system has a 29 February 1900, which the calendar has not.
        (false, 0 | 60) => return Err(Problem::Date),
        (false, days @ ..60) => (date(1899, 12, 31), days),
        (false, days) => (date(1899, 12, 30), days),
    };
    let day: Date = origin.checked_add(days.days()).map_err(|_| Problem::Date)?;
    if (1900..=2199).contains(&day.year()) {
        Ok(Value::Date(day))
    } else {
        Err(Problem::Date)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_what_a_sheet_shows() {
        let shown = |value: f64, percent| match number(value, percent) {
            Ok(Value::Number(quantity)) => quantity.to_string(),
            Ok(Value::Percent(quantity)) => format!("{quantity}%"),
            other => format!("{other:?}"),
        };
        assert_eq!(shown(0.1 + 0.2, false), "0.3");
        assert_eq!(shown(1.0 - 0.9, false), "0.1");
        assert_eq!(shown(7_945.0, false), "7945");
        assert_eq!(shown(-1.5, false), "-1.5");
        assert_eq!(shown(0.0, false), "0");
        assert_eq!(shown(-0.0, false), "0");
        assert_eq!(shown(0.000_12, false), "0.00012");
        assert_eq!(shown(999_999_999_999_999.0, false), "999999999999999");
        assert_eq!(shown(0.999_999_999_999_999_9, false), "1");
        assert_eq!(shown(0.97, true), "97%");
        assert_eq!(shown(0.285, true), "28.5%");
        for beyond in [1e15, 1e300, f64::NAN, f64::INFINITY, 1e-11] {
            assert_eq!(number(beyond, false), Err(Problem::Number), "{beyond}");
        }
    }

    #[test]
    fn days_are_those_of_both_systems() {
        let shown = |serial, is_1904| match day(serial, is_1904) {
            Ok(Value::Date(day)) => day.to_string(),
            other => format!("{other:?}"),
        };
        assert_eq!(shown(45_199.0, false), "2023-09-30");
        assert_eq!(shown(43_737.0, true), "2023-09-30");
        assert_eq!(shown(59.0, false), "1900-02-28");
        assert_eq!(shown(61.0, false), "1900-03-01");
        assert_eq!(day(60.0, false), Err(Problem::Date));
        assert_eq!(day(-1.0, false), Err(Problem::Date));
        assert_eq!(day(f64::NAN, false), Err(Problem::Date));
        assert_eq!(day(1e300, false), Err(Problem::Date));
        assert_eq!(day(45_199.5, false), Err(Problem::TimeOfDay));
    }

    #[test]
    fn a_percent_sign_in_quotes_is_only_a_letter() {
        assert!(is_percent("0.0%"));
        assert!(!is_percent("0\"%\""));
        assert!(!is_percent("0\\%"));
        assert!(!is_percent("General"));
    }
}
