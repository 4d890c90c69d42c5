//! Tables for eyes: aligned by the columns that characters take, wrapped to the terminal.

use crate::cli::terminal;

/// Columns between two cells.
const GAP: usize = 2;
/// No column of text is made narrower than this.
const NARROWEST: usize = 8;

/// Where a cell's text stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Align {
    /// Text.
    Left,
    /// Figures.
    Right,
}

#[derive(Clone, Debug)]
struct Column {
    title: String,
    align: Align,
    wraps: bool,
}

/// A table. Cells are single lines; whatever acts on a terminal is neutralised when they are added.
#[derive(Clone, Debug, Default)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    ruled: Vec<usize>,
    indent: usize,
}

impl Table {
    /// A table without columns.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a column of text that stays on one line as long as others can give way.
    #[must_use]
    pub fn text(self, title: &str) -> Self {
        self.column(title, Align::Left, false)
    }

    /// Adds a column of text that is the first to be broken over several lines on a narrow terminal.
    #[must_use]
    pub fn wrapping(self, title: &str) -> Self {
        self.column(title, Align::Left, true)
    }

    /// Adds a column of figures.
    #[must_use]
    pub fn figures(self, title: &str) -> Self {
        self.column(title, Align::Right, false)
    }

    /// Moves the table to the right.
    #[must_use]
    pub fn indented(mut self, columns: usize) -> Self {
        self.indent = columns;
        self
    }

    fn column(mut self, title: &str, align: Align, wraps: bool) -> Self {
        self.columns.push(Column {
            title: terminal::line(title),
            align,
            wraps,
        });
        self
    }

    /// Adds a row. Cells that are missing are empty.
    pub fn row<T: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let mut row: Vec<String> = cells
            .into_iter()
            .map(|cell| terminal::line(cell.as_ref()))
            .collect();
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// Draws a line above the next row.
    pub fn rule(&mut self) {
        self.ruled.push(self.rows.len());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, no wider than `columns` if its wrapping columns allow that.
    pub fn render(&self, columns: Option<usize>) -> String {
        let widths = self.widths(columns);
        let mut text = String::new();
        let titles: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.title.clone())
            .collect();
        self.push_row(&mut text, &titles, &widths);
        self.push_rule(&mut text, &widths);
        for (index, row) in self.rows.iter().enumerate() {
            if self.ruled.contains(&index) {
                self.push_rule(&mut text, &widths);
            }
            self.push_row(&mut text, row, &widths);
        }
        text
    }

    fn widths(&self, columns: Option<usize>) -> Vec<usize> {
        let mut widths: Vec<usize> = self
            .columns
            .iter()
            .enumerate()
            .map(|(index, column)| {
                let cells = self.rows.iter().map(|row| terminal::width(&row[index]));
                cells
                    .chain([terminal::width(&column.title)])
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let Some(limit) = columns else { return widths };
        let gaps = GAP * self.columns.len().saturating_sub(1) + self.indent;
        let natural: usize = widths.iter().sum::<usize>() + gaps;
        let mut excess = natural.saturating_sub(limit);
        // The widest column gives way first, so that short ones stay whole; codes and names, which people copy,
        // only where nothing else is left.
        while 0 < excess {
            let widest = |may: &dyn Fn(&Column) -> bool| {
                let columns = self.columns.iter().enumerate();
                columns
                    .filter(|(index, column)| may(column) && NARROWEST < widths[*index])
                    .max_by_key(|(index, _)| widths[*index])
                    .map(|(index, _)| index)
            };
            let wrapping = widest(&|column| column.wraps);
            let Some(index) = wrapping.or_else(|| widest(&|column| column.align == Align::Left))
            else {
                break;
            };
            widths[index] -= 1;
            excess -= 1;
        }
        widths
    }

    fn push_rule(&self, text: &mut String, widths: &[usize]) {
        let line: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        text.push_str(&" ".repeat(self.indent));
        text.push_str(line.join(&" ".repeat(GAP)).trim_end());
        text.push('\n');
    }

    fn push_row(&self, text: &mut String, cells: &[String], widths: &[usize]) {
        let wrapped: Vec<Vec<String>> = cells
            .iter()
            .zip(widths)
            .zip(&self.columns)
            .map(|((cell, width), column)| match column.align {
                Align::Left => terminal::wrap(cell, *width),
                Align::Right => vec![cell.clone()],
            })
            .collect();
        let height = wrapped.iter().map(Vec::len).max().unwrap_or(1);
        for number in 0..height {
            let mut line = " ".repeat(self.indent);
            for (index, lines) in wrapped.iter().enumerate() {
                let piece = lines.get(number).map_or("", String::as_str);
                let space = " ".repeat(widths[index].saturating_sub(terminal::width(piece)));
                match self.columns[index].align {
                    Align::Left => line.extend([piece, &space]),
                    Align::Right => line.extend([&space, piece]),
                }
                line.push_str(&" ".repeat(GAP));
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }
}
