//! What each column of each table holds: a table itself, made of the same lists that the writers take their headings from.

use crate::report::data::{ALL, Column, Data, Definition, Kind};

/// The dictionary of the tables.
pub const TABLE: Definition = Definition {
    name: "dictionary",
    called: ["データ辞書", "data dictionary"],
    columns: COLUMNS,
};

const COLUMNS: &[Column] = &[
    Column::new(
        "table",
        Kind::Code,
        ["表", "table"],
        ["表の名前", "name of the table"],
        "-",
    ),
    Column::new(
        "table_ja",
        Kind::Text,
        ["表（日本語）", "table (Japanese)"],
        ["表の日本語名", "what the table is called in Japanese"],
        "-",
    ),
    Column::new(
        "table_en",
        Kind::Text,
        ["表（英語）", "table (English)"],
        ["表の英語名", "what the table is called in English"],
        "-",
    ),
    Column::new(
        "number",
        Kind::Count,
        ["番号", "number"],
        ["表の中での順番", "its place in the table"],
        "-",
    )
    .range("1.."),
    Column::new(
        "column",
        Kind::Code,
        ["列", "column"],
        ["列の名前", "name of the column"],
        "-",
    ),
    Column::new(
        "name_ja",
        Kind::Text,
        ["名称（日本語）", "name (Japanese)"],
        ["列の日本語名", "what the column is called in Japanese"],
        "-",
    ),
    Column::new(
        "name_en",
        Kind::Text,
        ["名称（英語）", "name (English)"],
        ["列の英語名", "what the column is called in English"],
        "-",
    ),
    Column::new(
        "meaning_ja",
        Kind::Text,
        ["意味（日本語）", "meaning (Japanese)"],
        ["列の意味", "what it means, in Japanese"],
        "-",
    ),
    Column::new(
        "meaning_en",
        Kind::Text,
        ["意味（英語）", "meaning (English)"],
        ["列の意味（英語）", "what it means, in English"],
        "-",
    ),
    Column::new(
        "type",
        Kind::Code,
        ["型", "type"],
        ["値の型", "type of the values"],
        "-",
    )
    .range("CODE, ID, TEXT, DECIMAL, COUNT, DAY, INSTANT, DIGEST, FLAG, LIST"),
    Column::new(
        "unit",
        Kind::Text,
        ["単位", "unit"],
        [
            "値の単位。column unit は unit の列による",
            "unit of the values; column unit: that of the column of this name",
        ],
        "-",
    ),
    Column::new(
        "range",
        Kind::Text,
        ["値の範囲", "range"],
        [
            "取り得る値。空は型の全て",
            "which values there can be; empty: all of the type",
        ],
        "-",
    ),
    Column::new(
        "source",
        Kind::Text,
        ["出所", "source"],
        ["APIのメッセージと項目", "message and field of the API"],
        "-",
    ),
    Column::new(
        "of_record",
        Kind::Flag,
        ["台帳固有", "of the record"],
        [
            "この台帳に固有で、持ち運ぶ形では省かれるか",
            "whether it is the ledger's own and left out of the portable form",
        ],
        "-",
    ),
];

/// The dictionary.
pub fn data() -> Data {
    let rows = ALL.iter().chain([&TABLE]).flat_map(|table| {
        let columns = (1_usize..).zip(table.columns);
        columns.map(move |(number, column)| row(table, number, column))
    });
    Data::new(&TABLE, rows.collect())
}

fn row(table: &Definition, number: usize, column: &Column) -> Vec<String> {
    let [ja, en] = column.called;
    let [meaning_ja, meaning_en] = column.meaning;
    let texts = [
        table.name,
        table.called[0],
        table.called[1],
        &number.to_string(),
        column.name,
        ja,
        en,
        meaning_ja,
        meaning_en,
        code(column.kind),
        column.unit,
        column.range,
        column.source,
        if column.of_record { "true" } else { "false" },
    ];
    texts.map(str::to_owned).to_vec()
}

fn code(kind: Kind) -> &'static str {
    match kind {
        Kind::Code => "CODE",
        Kind::Id => "ID",
        Kind::Text => "TEXT",
        Kind::Decimal => "DECIMAL",
        Kind::Count => "COUNT",
        Kind::Day => "DAY",
        Kind::Instant => "INSTANT",
        Kind::Digest => "DIGEST",
        Kind::Flag => "FLAG",
        Kind::List => "LIST",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tidy::{Profile, read};

    #[test]
    fn no_column_of_any_table_is_without_a_row() {
        let rows = read(data().csv(Profile::Machine).as_bytes()).expect("read");
        for table in ALL.iter().chain([&TABLE]) {
            let of_table = |row: &&Vec<String>| row[0] == table.name;
            let told: Vec<&str> = rows.iter().filter(of_table).map(|row| &*row[4]).collect();
            let written = Data::new(table, Vec::new()).csv(Profile::Machine);
            let written: Vec<&str> = written.trim_end().split(',').collect();
            assert_eq!(told, written, "{}", table.name);
        }
    }
}
