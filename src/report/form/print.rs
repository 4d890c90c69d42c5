//! From a form to a workbook that prints well: the scale, where pages end, which cells reach over which rows.

use std::collections::HashSet;

use rust_xlsxwriter::{
    DocProperties, ExcelDateTime, FormatAlign, FormatBorder, Workbook, Worksheet, XlsxError,
};

use super::{Form, Head, Heading, Line, Part, Slot, pick};
use crate::domain::text::{is_active, visible};
use crate::report::book::{
    Cell, HEADING, INPUT, LINE_POINTS, MADE, MARKED, PAPER, Unwritten, base, column_index, height,
    index, line, lines, typed, write,
};

/// Points of A4 lying on its side.
const PAPER_POINTS: [f64; 2] = [842.0, 595.0];
const INCH: f64 = 72.0;
/// Inches to the left and right, above and below, and for header and footer.
const MARGINS: [f64; 6] = [0.3, 0.3, 0.7, 0.6, 0.3, 0.3];
/// The size of the font that the widths of columns are counted in, and the pixels of a row and a column of that size.
const WIDTHS: (f64, u32, u32) = (11.0, 25, 72);
/// Points of a character of a column's width, and of its padding, in the widest font that stands in for ours; ours has 6.
const CHARACTER_POINTS: f64 = 7.0;
const PADDING_POINTS: f64 = 4.5;
/// Half-width characters of text that a hundred characters of a column's width hold: text is smaller than what widths
/// are counted in.
const TEXT_PER_HUNDRED: u16 = 115;
/// How much of a page is used: programs do not agree to the point on how high a row is.
const USED: f64 = 0.94;
/// A row takes no more.
const ROW_POINTS_MAX: f64 = 405.0;
/// Percents of its size at which a sheet is printed.
const SCALES: [f64; 2] = [45.0, 100.0];
/// Page breaks that a sheet takes.
const BREAKS_MAX: usize = 1_000;
const CAPTION_POINTS: f64 = 14.0;

pub(super) fn workbook(form: &Form) -> Result<Vec<u8>, Unwritten> {
    let mut workbook = Workbook::new();
    let made = ExcelDateTime::from_ymd(MADE.0, MADE.1, MADE.2)?;
    let properties = DocProperties::new()
        .set_title(visible(&form.head.title))
        .set_creation_datetime(&made);
    workbook.set_properties(&properties);
    let (points, row, column) = WIDTHS;
    let default = base().set_font_size(points).set_align(FormatAlign::General);
    workbook.set_default_format(&default, row, column)?;
    let mut names = HashSet::new();
    for part in &form.parts {
        let sheet = workbook.add_worksheet();
        sheet.set_name(sheet_name(&part.name, &mut names))?;
        Printing::new(part).fill(sheet)?;
        page(sheet, &form.head, part, form.parts.len())?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// A name that a spreadsheet takes and no sheet before has.
fn sheet_name(name: &str, taken: &mut HashSet<String>) -> String {
    const CHARS_MAX: usize = 31;
    let plain: String = name
        .chars()
        .filter(|c| !"[]:*?/\\'".contains(*c) && !is_active(*c))
        .collect();
    let plain = if plain.is_empty() { "-" } else { &plain };
    let mut number = 1_usize;
    loop {
        let suffix = match number {
            1 => String::new(),
            more => format!(" ({more})"),
        };
        let stem: String = plain.chars().take(CHARS_MAX - suffix.len()).collect();
        let name = format!("{stem}{suffix}");
        if taken.insert(name.to_lowercase()) {
            return name;
        }
        number += 1;
    }
}

/// A cell and the lines of one page that it reaches over, from the first to the last.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Reach {
    column: usize,
    first: usize,
    last: usize,
    /// The line that the cell is of: an earlier one where a page ended in between.
    of: usize,
}

/// A part with the height of each line, and where pages end.
struct Printing<'a> {
    part: &'a Part,
    scale: f64,
    heights: Vec<f64>,
    /// Lines that begin a page, but for the first.
    breaks: Vec<usize>,
    reaches: Vec<Reach>,
}

/// A cell that still may reach further down.
#[derive(Clone, Copy, Debug)]
struct Open {
    first: usize,
    of: usize,
    needs: f64,
    has: f64,
}

impl<'a> Printing<'a> {
    fn new(part: &'a Part) -> Self {
        let mut printing = Self {
            part,
            scale: scale(&part.columns),
            heights: Vec::with_capacity(part.lines.len()),
            breaks: Vec::new(),
            reaches: Vec::new(),
        };
        printing.lay_out();
        printing
    }

    fn caption_points(&self) -> f64 {
        let captions = u16::try_from(self.part.caption.len()).unwrap_or(u16::MAX);
        (f64::from(captions) + 1.5) * LINE_POINTS
    }

    fn heading_points(&self) -> f64 {
        let most = self.part.columns.iter().map(|column| {
            let text = Cell::Text(column.text.clone());
            lines(&text, holds(column))
        });
        height(most.max().unwrap_or(1))
    }

    /// The cell of a column of a line, with the line it is of.
    fn cell(&self, line: usize, column: usize) -> (usize, &Cell) {
        let mut of = line;
        loop {
            let slot = match self.part.lines.get(of) {
                Some(Line::Slots(slots)) => slots.get(column),
                _ => None,
            };
            match slot {
                Some(Slot::Of(cell)) => return (of, cell),
                Some(Slot::Above) if 0 < of => of -= 1,
                _ => return (of, &Cell::Empty),
            }
        }
    }

    fn is_above(&self, line: usize, column: usize) -> bool {
        match self.part.lines.get(line) {
            Some(Line::Slots(slots)) => 0 < line && slots.get(column) == Some(&Slot::Above),
            _ => false,
        }
    }

    /// The height that a line needs for the cells that are in it alone.
    fn own_height(&self, line: usize) -> f64 {
        if !matches!(self.part.lines.get(line), Some(Line::Slots(_))) {
            return LINE_POINTS * 1.2;
        }
        let own = self.part.columns.iter().enumerate().map(|(at, column)| {
            if self.is_above(line, at) || self.is_above(line + 1, at) {
                return 1;
            }
            lines(self.cell(line, at).1, holds(column))
        });
        height(own.max().unwrap_or(1))
    }

    /// The height that the cell of a column needs, over all lines that it reaches over.
    fn needs(&self, line: usize, column: usize) -> f64 {
        let holds = self.part.columns.get(column).map_or(1, holds);
        height(lines(self.cell(line, column).1, holds))
    }

    fn lay_out(&mut self) {
        let body = PAPER_POINTS[1] - (MARGINS[2] + MARGINS[3]) * INCH;
        let page = body * 100.0 / self.scale * USED - self.heading_points();
        let columns = self.part.columns.len();
        let mut open: Vec<Option<Open>> = vec![None; columns];
        let (mut used, mut room) = (0.0, page - self.caption_points());
        for line in 0..self.part.lines.len() {
            let own = self.own_height(line);
            // Cells that end above this line end before it is looked at.
            used += self.end(&mut open, line, |at, printing| !printing.is_above(line, at));
            let mut lacks = 0.0_f64;
            for (at, open) in open.iter().enumerate() {
                let has = open.map_or(0.0, |open| open.has) + own;
                lacks = lacks.max(self.needs(line, at) - has);
            }
            let keeps = match self.part.lines.get(line) {
                Some(Line::Band(_)) => self.own_height(line + 1),
                _ => lacks,
            };
            if 0.0 < used && room < used + own + keeps {
                self.end(&mut open, line, |_, _| true);
                self.breaks.push(line);
                (used, room) = (0.0, page);
            }
            for (at, place) in open.iter_mut().enumerate() {
                match place {
                    Some(open) => open.has += own,
                    None => {
                        *place = Some(Open {
                            first: line,
                            of: self.cell(line, at).0,
                            needs: self.needs(line, at),
                            has: own,
                        });
                    }
                }
            }
            self.heights.push(own);
            used += own;
        }
        let end = self.part.lines.len();
        self.end(&mut open, end, |_, _| true);
    }

    /// Ends the cells that `ends` chooses above `line`, and makes the last line as much higher as one of them lacks: by
    /// so many points.
    fn end(
        &mut self,
        open: &mut [Option<Open>],
        line: usize,
        ends: impl Fn(usize, &Self) -> bool,
    ) -> f64 {
        let mut more = 0.0_f64;
        let mut ended = Vec::new();
        for (column, place) in open.iter_mut().enumerate() {
            if !ends(column, self) {
                continue;
            }
            let Some(cell) = place.take() else { continue };
            more = more.max(cell.needs - cell.has);
            ended.push(Reach {
                column,
                first: cell.first,
                last: line.saturating_sub(1),
                of: cell.of,
            });
        }
        self.reaches.extend(ended);
        if let Some(last) = self.heights.last_mut() {
            more = more.min(ROW_POINTS_MAX - *last).max(0.0);
            *last += more;
        }
        for cell in open.iter_mut().flatten() {
            cell.has += more;
        }
        more
    }

    fn fill(&self, sheet: &mut Worksheet) -> Result<(), XlsxError> {
        let part = self.part;
        let columns = &part.columns;
        for (at, column) in columns.iter().enumerate() {
            sheet.set_column_width(column_index(at), column.width)?;
        }
        for (row, text) in (0..).zip(&part.caption) {
            let format = match row {
                0 => base().set_bold().set_font_size(CAPTION_POINTS),
                _ => base(),
            };
            sheet.write_string_with_format(row, 0, visible(text), &format)?;
            if row == 0 {
                sheet.set_row_height(row, LINE_POINTS * 1.5)?;
            }
        }
        let head = head(part);
        let heading = base()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::Center)
            .set_align(FormatAlign::VerticalCenter)
            .set_background_color(HEADING)
            .set_border(FormatBorder::Thin);
        for (at, column) in columns.iter().enumerate() {
            sheet.write_string_with_format(head, column_index(at), &column.text, &heading)?;
        }
        sheet.set_row_height(head, self.heading_points())?;
        for (number, height) in self.heights.iter().enumerate() {
            sheet.set_row_height(head + 1 + index(number), *height)?;
        }
        self.bands(sheet, head)?;
        for reach in &self.reaches {
            if matches!(part.lines.get(reach.first), Some(Line::Slots(_))) {
                self.write_cell(sheet, head, reach)?;
            }
        }
        let below = head + 1 + index(part.lines.len());
        for (row, text) in (below..).zip(&part.closing) {
            sheet.write_string_with_format(row, 0, visible(text), &base())?;
        }
        sheet.set_freeze_panes(head + 1, 0)?;
        let breaks = self.breaks.iter().take(BREAKS_MAX);
        let breaks: Vec<u32> = breaks.map(|line| head + 1 + index(*line)).collect();
        if !breaks.is_empty() {
            sheet.set_page_breaks(&breaks)?;
        }
        sheet.set_print_scale(self.percent());
        Ok(())
    }

    // A whole number between the bounds of `SCALES`.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn percent(&self) -> u16 {
        self.scale as u16
    }

    fn bands(&self, sheet: &mut Worksheet, head: u32) -> Result<(), XlsxError> {
        let format = base()
            .set_bold()
            .set_background_color(MARKED)
            .set_border(FormatBorder::Thin)
            .set_align(FormatAlign::VerticalCenter);
        let last = column_index(self.part.columns.len().saturating_sub(1));
        for (number, line) in self.part.lines.iter().enumerate() {
            let Line::Band(text) = line else { continue };
            let row = head + 1 + index(number);
            match last {
                0 => sheet.write_string_with_format(row, 0, visible(text), &format)?,
                last => sheet.merge_range(row, 0, row, last, &visible(text), &format)?,
            };
        }
        Ok(())
    }

    fn write_cell(&self, sheet: &mut Worksheet, head: u32, reach: &Reach) -> Result<(), XlsxError> {
        let (_, cell) = self.cell(reach.of, reach.column);
        let column = column_index(reach.column);
        let [first, last] = [reach.first, reach.last].map(|line| head + 1 + index(line));
        let mut format = base().set_text_wrap().set_border(FormatBorder::Thin);
        let column_of = self.part.columns.get(reach.column);
        if column_of.is_some_and(|column| column.to_fill) {
            format = format.set_background_color(INPUT);
        }
        let format = typed(format, cell);
        if first < last {
            sheet.merge_range(first, column, last, column, "", &format)?;
        }
        write(sheet, first, column, cell, &format)
    }
}

/// Half-width characters of text that a column holds.
fn holds(column: &Heading) -> u16 {
    column.width.saturating_mul(TEXT_PER_HUNDRED) / 100
}

/// The row of the headings: below the caption and an empty row.
fn head(part: &Part) -> u32 {
    index(part.caption.len() + 1)
}

/// The scale in percent at which all columns fit on a page.
fn scale(columns: &[Heading]) -> f64 {
    let points: f64 = columns
        .iter()
        .map(|column| f64::from(column.width) * CHARACTER_POINTS + PADDING_POINTS)
        .sum();
    let room = PAPER_POINTS[0] - (MARGINS[0] + MARGINS[1]) * INCH;
    // A little is left over: fonts that stand in for others are wider.
    let fits = room / points.max(1.0) * 97.0;
    fits.clamp(SCALES[0], SCALES[1]).floor()
}

fn page(sheet: &mut Worksheet, head: &Head, part: &Part, parts: usize) -> Result<(), XlsxError> {
    let [left, right, top, bottom, header, footer] = MARGINS;
    sheet
        .set_paper_size(PAPER)
        .set_landscape()
        .set_print_center_horizontally(true)
        .set_margins(left, right, top, bottom, header, footer);
    let row = self::head(part);
    sheet.set_repeat_rows(row, row)?;
    let last = row + index(part.lines.len() + part.closing.len());
    let columns = part.columns.len().saturating_sub(1);
    sheet.set_print_area(0, 0, last, column_index(columns))?;
    let mut above = line(&head.year_and_mark(), &head.title, &head.ledger());
    if 1 < parts {
        // A page that lies apart from the others says of which department it is: the name of its sheet.
        above = above.replacen("&R", "　&A&R", 1);
    }
    sheet.set_header(above);
    let page = pick(head.language, "ページ", "page");
    let below = line(&head.effective(), &head.known(), "\u{0}");
    // On a second line and smaller: the margin holds both.
    let print = head
        .print()
        .map_or_else(String::new, |print| format!("\n&7{print}"));
    sheet.set_footer(below.replace("&R&P", &format!("{print}&R{page} &P")));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(width: u16) -> Heading {
        Heading {
            text: "列".to_owned(),
            width,
            to_fill: false,
        }
    }

    fn text(text: &str) -> Slot {
        Slot::Of(Cell::Text(text.to_owned()))
    }

    fn part(lines: Vec<Line>) -> Part {
        Part {
            name: "部".to_owned(),
            caption: vec!["様式".to_owned()],
            columns: vec![column(40), column(40)],
            lines,
            closing: Vec::new(),
        }
    }

    fn plain() -> Line {
        Line::Slots(vec![text("a"), text("b")])
    }

    #[test]
    fn a_cell_that_reaches_over_lines_makes_them_high_enough() {
        let long = "長".repeat(80);
        let part = part(vec![
            Line::Slots(vec![text(&long), text("a")]),
            Line::Slots(vec![Slot::Above, text("b")]),
        ]);
        let printing = Printing::new(&part);
        let points: Vec<f64> = printing.heights.iter().map(|h| h / LINE_POINTS).collect();
        assert_eq!(points, [1.0, 3.0]);
        let reach = Reach {
            column: 0,
            first: 0,
            last: 1,
            of: 0,
        };
        assert!(printing.reaches.contains(&reach));
    }

    #[test]
    fn a_cell_that_a_page_ends_in_is_written_again_on_the_next() {
        let mut lines = vec![Line::Slots(vec![text("目標"), text("0")])];
        for number in 1..100 {
            lines.push(Line::Slots(vec![Slot::Above, text(&number.to_string())]));
        }
        let part = part(lines);
        let printing = Printing::new(&part);
        let of_first: Vec<&Reach> = printing.reaches.iter().filter(|r| r.column == 0).collect();
        assert_eq!(of_first.len(), printing.breaks.len() + 1);
        assert!(1 < of_first.len());
        for (reach, begins) in of_first.iter().skip(1).zip(&printing.breaks) {
            assert_eq!((reach.first, reach.of), (*begins, 0));
        }
        assert_eq!(of_first.last().map(|reach| reach.last), Some(99));
    }

    #[test]
    fn a_band_never_ends_a_page() {
        for before in 1..80 {
            let mut lines = vec![plain(); before];
            lines.push(Line::Band("柱".to_owned()));
            lines.push(plain());
            let part = part(lines);
            let printing = Printing::new(&part);
            assert!(!printing.breaks.contains(&(before + 1)), "{before}");
        }
    }

    #[test]
    fn sheets_have_names_that_spreadsheets_take() {
        let mut taken = HashSet::new();
        assert_eq!(sheet_name("総務/部[1]", &mut taken), "総務部1");
        assert_eq!(sheet_name("総務部1", &mut taken), "総務部1 (2)");
        assert_eq!(sheet_name("", &mut taken), "-");
        let long = "部".repeat(40);
        assert_eq!(sheet_name(&long, &mut taken).chars().count(), 31);
        assert_eq!(sheet_name(&long, &mut taken).chars().count(), 31);
    }

    #[test]
    fn columns_always_fit_on_a_page() {
        let percents = |columns: &[Heading]| scale(columns).to_string();
        assert_eq!(percents(&[column(20)]), "100");
        assert_eq!(percents(&[column(100), column(100)]), "54");
        assert_eq!(percents(&[column(250), column(250)]), "45");
    }
}
