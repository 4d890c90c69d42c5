//! A workbook of tables: fonts, widths, frozen heads, print areas, locked cells with inputs between them.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, ProtectionOptions,
    Workbook, Worksheet, XlsxError,
};

use unicode_width::UnicodeWidthStr as _;

use crate::domain::date::{Date, DateSpan};
use crate::domain::quantity::Quantity;
use crate::domain::text::visible;
use crate::merkle::Fingerprint;

use validation::{moment, validation};

mod validation;

/// A Japanese font that Excel has on every platform, and others replace by one of theirs.
const FONT: &str = "游ゴシック";
const FONT_POINTS: f64 = 10.0;
/// Height of a line, and most lines of a row: a spreadsheet takes no row above 409 points.
pub(super) const LINE_POINTS: f64 = 15.0;
const LINES_MAX: usize = 27;
/// A4.
pub(super) const PAPER: u8 = 9;
/// Characters that a spreadsheet takes in one cell; what is longer is cut there.
const TEXT_CHARS_MAX: usize = 32_767;
/// Digits that a spreadsheet keeps of a number; a longer one is written as a text.
const DIGITS_MAX: usize = 15;
/// Most characters of a header, a footer or the choices of a list.
const LINE_CHARS_MAX: usize = 255;
/// Fill of headings, of cells to fill in, and of rows to look at.
pub(super) const HEADING: Color = Color::RGB(0x00DD_E6F0);
pub(super) const INPUT: Color = Color::RGB(0x00FF_F9DB);
pub(super) const MARKED: Color = Color::RGB(0x00FC_E4D6);
/// The moment that every file says it was made: a file is the same for the same content.
pub(super) const MADE: (u16, u8, u8) = (2000, 1, 1);

/// What stands above and below every printed page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Page {
    /// What it is: `確認表`.
    pub title: String,
    /// The fiscal year (年度).
    pub year: String,
    /// The evaluation date D (評価基準日), where there is one.
    pub effective_on: Option<Date>,
    /// What was known, K (記録時点), where it is of a ledger.
    pub known_at: Option<String>,
    /// The fingerprint (指紋) of the checkpoint at K, where the ledger could sign one.
    pub fingerprint: Option<Fingerprint>,
    /// The ledger (台帳).
    pub ledger: Option<String>,
}

/// A table on a sheet of its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// The sheet's name: at most 31 characters, none of `[]:*?/\`.
    pub name: String,
    /// Lines above the head.
    pub notes: Vec<String>,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, each with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Indices of rows that people should look at first.
    pub marked: Vec<usize>,
}

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its heading.
    pub heading: String,
    /// Its width in characters; 0 hides it from people.
    pub width: u16,
    /// What may be filled in; `None`: its cells are locked, but for those that ask for something themselves.
    pub input: Option<Input>,
    /// Whether it is printed; columns that are not stand behind those that are.
    pub printed: bool,
}

/// What may be filled in.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Input {
    /// Anything.
    Free,
    /// One of these, or nothing.
    Choice(Vec<&'static str>),
    /// One of these, or nothing: words that somebody else chose. Where they are too long for a list that a
    /// spreadsheet keeps, the part of each before its `:` is offered.
    OneOf(Vec<String>),
    /// A number; with the bounds of a definition, and the digits that it may have behind the point.
    Number {
        /// The least, if there is one.
        min: Option<Quantity>,
        /// The greatest, if there is one.
        max: Option<Quantity>,
        /// Digits behind the point; 0: whole numbers only.
        decimals: u32,
    },
    /// A day from the first to the last, both included.
    Day(DateSpan),
}

/// What a cell holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// A text, which stays one also where it begins with `=`.
    Text(String),
    /// A number.
    Number(Quantity),
    /// A number that is shown in a format of spreadsheets, such as `#,##0"件"`, and made smaller where it is too wide.
    Figure(Quantity, String),
    /// A day.
    Day(Date),
    /// To be filled in, whatever its column is; with what stands there at first.
    Asked(Box<Cell>, Input),
}

/// The workbook could not be written.
#[derive(Debug, thiserror::Error)]
#[error("the workbook cannot be written")]
pub struct Unwritten(#[from] XlsxError);

/// The bytes of a workbook with one sheet for each table.
pub fn workbook(page: &Page, tables: &[Table]) -> Result<Vec<u8>, Unwritten> {
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_ymd(MADE.0, MADE.1, MADE.2)?;
    let properties = DocProperties::new()
        .set_title(visible(&page.title))
        .set_creation_datetime(&made);
    workbook.set_properties(&properties);
    for table in tables {
        let sheet = workbook.add_worksheet();
        sheet.set_name(&table.name)?;
        fill(sheet, table)?;
        print(sheet, page, table)?;
    }
    Ok(workbook.save_to_buffer()?)
}

pub(super) fn base() -> Format {
    Format::new()
        .set_font_name(FONT)
        .set_font_size(FONT_POINTS)
        .set_align(FormatAlign::Top)
}

pub(super) fn index(of: usize) -> u32 {
    u32::try_from(of).unwrap_or(u32::MAX)
}

pub(super) fn column_index(of: usize) -> u16 {
    u16::try_from(of).unwrap_or(u16::MAX)
}

/// The row of the headings: below the notes and an empty row.
fn head(table: &Table) -> u32 {
    match table.notes.len() {
        0 => 0,
        notes => index(notes + 1),
    }
}

fn fill(sheet: &mut Worksheet, table: &Table) -> Result<(), XlsxError> {
    for (row, note) in (0..).zip(&table.notes) {
        sheet.write_string_with_format(row, 0, visible(note), &base())?;
    }
    let head = head(table);
    let heading = base()
        .set_bold()
        .set_text_wrap()
        .set_background_color(HEADING)
        .set_border(FormatBorder::Thin);
    let first = head + 1;
    let last = head + index(table.rows.len());
    for (at, column) in table.columns.iter().enumerate() {
        let at = column_index(at);
        sheet.set_column_width(at, column.width)?;
        sheet.write_string_with_format(head, at, &column.heading, &heading)?;
        if column.width == 0 {
            sheet.set_column_hidden(at)?;
        }
        if let Some(input) = &column.input
            && first <= last
            && let Some(rule) = validation(input)?
        {
            sheet.add_data_validation(first, at, last, at, &rule)?;
        }
    }
    let headings = table.columns.iter();
    let headings: Vec<Cell> = headings
        .map(|column| Cell::Text(column.heading.clone()))
        .collect();
    sheet.set_row_height(head, row_height(&table.columns, &headings))?;
    for (number, row) in table.rows.iter().enumerate() {
        let marked = table.marked.contains(&number);
        for (at, column) in table.columns.iter().enumerate() {
            let cell = row.get(at).unwrap_or(&Cell::Empty);
            let (row, at) = (first + index(number), column_index(at));
            let format = format(column, marked, cell);
            let content = match cell {
                Cell::Asked(content, input) => {
                    if let Some(rule) = validation(input)? {
                        sheet.add_data_validation(row, at, row, at, &rule)?;
                    }
                    content.as_ref()
                }
                content => content,
            };
            write(sheet, row, at, content, &format)?;
        }
        sheet.set_row_height(first + index(number), row_height(&table.columns, row))?;
    }
    sheet.set_freeze_panes(first, 0)?;
    if first <= last {
        sheet.autofilter(
            head,
            0,
            last,
            column_index(table.columns.len().saturating_sub(1)),
        )?;
    }
    let asked = |cell: &Cell| matches!(cell, Cell::Asked(..));
    let inputs = table.columns.iter().any(|column| column.input.is_some())
        || table.rows.iter().flatten().any(asked);
    if inputs {
        let options = ProtectionOptions {
            use_autofilter: true,
            format_columns: true,
            format_rows: true,
            ..ProtectionOptions::default()
        };
        sheet.protect_with_options(&options);
    }
    Ok(())
}

/// The height in points that the longest text of a row needs: spreadsheets do not all find it themselves.
fn row_height(columns: &[Column], row: &[Cell]) -> f64 {
    let most = columns
        .iter()
        .zip(row)
        .map(|(column, cell)| lines(cell, column.width))
        .max()
        .unwrap_or(1);
    height(most)
}

/// How many lines a cell takes in a column of `width` characters.
pub(super) fn lines(cell: &Cell, width: u16) -> usize {
    match cell {
        // What people do not see needs no space.
        _ if width == 0 => 1,
        Cell::Text(text) => visible(text)
            .lines()
            .map(|line| wrapped(line, usize::from(width)))
            .sum(),
        _ => 1,
    }
}

/// How many lines `text` takes where lines are `width` wide. A word of narrow letters is not broken unless it is longer
/// than a line; wide characters are broken anywhere.
fn wrapped(text: &str, width: usize) -> usize {
    let (mut lines, mut at) = (1, 0);
    for word in text.split(' ') {
        let wide = word.width();
        let space = usize::from(0 < at);
        let breaks = !word.is_ascii() || width < wide;
        if at + space + wide <= width {
            at += space + wide;
        } else if breaks {
            let end = at + space + wide - 1;
            lines += end / width;
            at = end % width + 1;
        } else {
            lines += 1;
            at = wide;
        }
    }
    lines
}

/// The height in points of so many lines.
pub(super) fn height(lines: usize) -> f64 {
    let lines = u16::try_from(lines.clamp(1, LINES_MAX)).unwrap_or(1);
    f64::from(lines) * LINE_POINTS
}

fn format(column: &Column, marked: bool, cell: &Cell) -> Format {
    let mut format = base().set_text_wrap().set_border(FormatBorder::Thin);
    if column.input.is_some() || matches!(cell, Cell::Asked(..)) {
        format = format.set_unlocked().set_background_color(INPUT);
    } else if marked {
        format = format.set_background_color(MARKED);
    }
    typed(format, cell)
}

/// The format with what the kind of the cell asks for.
pub(super) fn typed(format: Format, cell: &Cell) -> Format {
    match cell {
        Cell::Day(_) | Cell::Asked(_, Input::Day(_)) => format.set_num_format("yyyy-mm-dd"),
        // What wraps does not shrink: a figure with a long unit would be printed as `###`.
        Cell::Figure(_, shown) => format.set_num_format(shown).unset_text_wrap().set_shrink(),
        Cell::Text(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format.set_quote_prefix()
        }
        _ => format,
    }
}

pub(super) fn write(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    format: &Format,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => sheet.write_blank(row, column, format)?,
        // What is asked for has been taken out of its frame; a frame in a frame is that of the inner one.
        Cell::Asked(content, _) => return write(sheet, row, column, content, format),
        Cell::Text(text) => {
            let text: String = visible(text).chars().take(TEXT_CHARS_MAX).collect();
            sheet.write_string_with_format(row, column, text, format)?
        }
        Cell::Number(number) | Cell::Figure(number, _) => {
            let text = number.to_string();
            let digits = text.trim_start_matches(['-', '0', '.']);
            let digits = digits.bytes().filter(u8::is_ascii_digit).count();
            match text.parse::<f64>() {
                Ok(value) if digits <= DIGITS_MAX => {
                    sheet.write_number_with_format(row, column, value, format)?
                }
                _ => sheet.write_string_with_format(row, column, text, format)?,
            }
        }
        Cell::Day(day) => sheet.write_datetime_with_format(row, column, moment(*day)?, format)?,
    };
    Ok(())
}

fn print(sheet: &mut Worksheet, page: &Page, table: &Table) -> Result<(), XlsxError> {
    /// Inches to the left and right, above and below, and for header and footer.
    const MARGINS: [f64; 6] = [0.4, 0.4, 0.8, 0.7, 0.3, 0.3];
    let head = head(table);
    let last = head + index(table.rows.len());
    let [left, right, top, bottom, header, footer] = MARGINS;
    sheet
        .set_paper_size(PAPER)
        .set_landscape()
        .set_margins(left, right, top, bottom, header, footer)
        .set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(head, head)?;
    let printed = table.columns.iter().filter(|column| column.printed).count();
    sheet.set_print_area(0, 0, last, column_index(printed.saturating_sub(1)))?;
    let none = || "－".to_owned();
    let ledger = page.ledger.clone().unwrap_or_else(none);
    let day = page.effective_on.map_or_else(none, |day| day.to_string());
    let known = page.known_at.clone().unwrap_or_else(none);
    sheet.set_header(line(&page.year, &page.title, &format!("台帳 {ledger}")));
    let below = format!("評価基準日 {day}　記録時点 {known}");
    let print = page.fingerprint;
    let print = print.map_or_else(String::new, |print| format!("指紋 {print}"));
    sheet.set_footer(line(&below, &print, "\u{0}"));
    Ok(())
}

/// A header or footer of three parts; the text `\0` stands for the page's number.
pub(super) fn line(left: &str, middle: &str, right: &str) -> String {
    // A part keeps to a third, so that none pushes another out.
    let part = |text: &str| -> String {
        let text: String = visible(text).chars().take(LINE_CHARS_MAX / 6).collect();
        text.replace('&', "&&")
    };
    let right = match right {
        "\u{0}" => "&P / &N".to_owned(),
        other => part(other),
    };
    format!("&L{}&C{}&R{right}", part(left), part(middle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_broken_where_a_line_ends() {
        assert_eq!(wrapped("", 10), 1);
        assert_eq!(wrapped("Public Relations Section", 10), 3);
        assert_eq!(wrapped("Public Relations", 16), 1);
        assert_eq!(wrapped("Maintenance", 4), 3);
        assert_eq!(wrapped("市の公式SNSを合わせた", 10), 3);
        assert_eq!(wrapped("a 市の公式", 10), 1);
    }

    #[test]
    fn a_name_with_an_ampersand_is_no_code_of_a_header() {
        assert_eq!(line("A&B", "", "\u{0}"), "&LA&&B&C&R&P / &N");
    }

    #[test]
    fn the_same_content_gives_the_same_bytes() {
        let table = Table {
            name: "確認".to_owned(),
            notes: vec!["注".to_owned()],
            columns: vec![Column {
                heading: "値".to_owned(),
                width: 10,
                input: Some(Input::Choice(vec!["件", "回"])),
                printed: true,
            }],
            rows: vec![
                vec![Cell::Text("=1+1".to_owned())],
                vec![Cell::Number(Quantity::from(3))],
            ],
            marked: vec![0],
        };
        let page = Page::default();
        let once = workbook(&page, std::slice::from_ref(&table)).expect("written");
        assert_eq!(once, workbook(&page, &[table]).expect("written"));
    }
}
