//! Next year's plan goes out as a draft, is filled in and comes back, against a server with the sample.

use std::collections::BTreeMap;

use daicho::import::workbook::{Address, Sheet, Value};

use super::sheets::{Office, Put, SHEET, edited, only_sheet, put_in};

mod draft;
mod hostile;

/// A draft to fill in as a spreadsheet does: its cells change, the rest stays.
struct Draft {
    bytes: Vec<u8>,
    columns: BTreeMap<String, u32>,
    /// Rows by the code of what they go on with.
    rows: BTreeMap<String, u32>,
    /// The first of the rows for what is new.
    spare: u32,
}

/// What a row is found by where it goes on with nothing: the first for what is new.
const NEW: &str = "";

impl Draft {
    #[track_caller]
    fn of(office: &Office) -> Self {
        let path = office.path("案.xlsx");
        let shown = path.display();
        office.done(&format!(
            "plan draft --from R5 --to R6 -o {shown} --force --lang ja"
        ));
        Self::new(std::fs::read(path).unwrap())
    }

    fn new(bytes: Vec<u8>) -> Self {
        let sheet = only_sheet(&bytes);
        let (head, columns) = head(&sheet);
        let mut rows = BTreeMap::new();
        for (row, _) in sheet.rows().into_iter().filter(|(row, _)| head < *row) {
            if let Some(Value::Text(code)) = sheet.at(Address::new(row, columns["継続元"])) {
                rows.insert(code.clone(), row);
            }
        }
        let spare = rows.values().max().copied().unwrap_or(head) + 1;
        Self {
            bytes,
            columns,
            rows,
            spare,
        }
    }

    #[track_caller]
    fn at(&self, code: &str, column: &str) -> Address {
        let column = self.columns.get(column);
        let column = column.unwrap_or_else(|| panic!("no such column"));
        let row = match code {
            NEW => self.spare,
            code => self
                .rows
                .get(code)
                .copied()
                .unwrap_or_else(|| panic!("no row {code}")),
        };
        Address::new(row, *column)
    }

    #[track_caller]
    fn text(&self, code: &str, column: &str) -> String {
        let sheet = only_sheet(&self.bytes);
        let value = sheet.at(self.at(code, column));
        value.map_or_else(String::new, |value| value.text().expect("usable"))
    }

    #[track_caller]
    fn with(&self, puts: &[(&str, &str, Put<'_>)]) -> Vec<u8> {
        edited(&self.bytes, SHEET, |mut xml| {
            for (code, column, put) in puts {
                xml = put_in(&xml, self.at(code, column), *put);
            }
            xml
        })
    }
}

/// The row of the headings, and the column of each.
fn head(sheet: &Sheet) -> (u32, BTreeMap<String, u32>) {
    let first = Value::Text("継続元".to_owned());
    let mut rows = sheet.rows().into_iter();
    let (row, cells) = rows
        .find(|(_, cells)| cells.iter().any(|(_, cell)| cell.value == first))
        .expect("a head");
    let named = cells
        .into_iter()
        .map(|(at, cell)| (cell.value.text().expect("a text"), at.column));
    (row, named.collect())
}
