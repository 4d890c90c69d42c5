//! Lists of transfers (人事異動): who gets or leaves which seat from which day, as tables in CSV.
//!
//! Only what a row says by itself is judged here; whom and what it names is known to a ledger. Everything that is wrong is told
//! at once, by line and column, with what to do.

use std::fmt;

use unicode_normalization::UnicodeNormalization as _;

use crate::domain::access::{LoginId, Role};
use crate::domain::code::Code;
use crate::domain::date::Date;
use crate::domain::era::parse_date;
use crate::domain::text::{Language, Name};

use super::text::{NotText, decode, key};

/// Rows of one list at most: each is up to two events of a request of 1,000.
pub const ROWS_MAX: usize = 500;
/// Faults that are told at most.
pub const FAULTS_MAX: usize = super::FAULTS_MAX;

macro_rules! columns {
    ($($(#[$doc:meta])* $name:ident = $ja:literal, $en:literal;)*) => {
        /// A column of the list.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum Column { $($(#[$doc])* $name),* }

        impl Column {
            /// Every column, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The heading.
            pub fn heading(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::Ja) => $ja, (Self::$name, Language::En) => $en,)*
                }
            }
        }
    };
}

columns! {
    /// The day it takes effect.
    Date = "発令日", "date";
    /// The person's name.
    Name = "氏名", "name";
    /// What they sign in as.
    Login = "ログイン", "login";
    /// The units of the seat.
    Unit = "所属", "unit";
    /// The seat.
    Seat = "職", "seat";
    /// What happens.
    Kind = "区分", "kind";
    /// What the seat is for.
    Role = "権限", "role";
}

impl Column {
    fn named(heading: &str) -> Option<Self> {
        let heading = key(heading).to_lowercase();
        let mut all = Self::ALL.iter().copied();
        all.find(|column| {
            [Language::Ja, Language::En]
                .iter()
                .any(|language| key(column.heading(*language)) == heading)
        })
    }
}

/// What a row does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// 発令: the person has the seat from the day on.
    Granted,
    /// 解除: the day is the first without it.
    Revoked,
    /// 兼務: they have it beside others.
    Additional,
    /// 兼務解除: the day is the first without the additional one.
    AdditionalEnded,
}

impl Kind {
    const ALL: [(Self, &'static str, &'static str); 4] = [
        (Self::Granted, "発令", "grant"),
        (Self::Revoked, "解除", "revoke"),
        (Self::Additional, "兼務", "additional"),
        (Self::AdditionalEnded, "兼務解除", "additional-end"),
    ];

    /// Whether it gives a seat rather than ends one.
    pub fn grants(self) -> bool {
        matches!(self, Self::Granted | Self::Additional)
    }

    /// What it is called.
    pub fn label(self, language: Language) -> &'static str {
        let named = Self::ALL.iter().find(|(kind, ..)| *kind == self);
        named.map_or("", |(_, ja, en)| match language {
            Language::Ja => ja,
            Language::En => en,
        })
    }

    fn read(text: &str) -> Option<Self> {
        let text = key(text).to_lowercase();
        let mut all = Self::ALL.iter();
        all.find(|(_, ja, en)| text == *ja || text == *en)
            .map(|(kind, ..)| *kind)
    }
}

/// One row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Transfer {
    /// Its line in the file, from 1.
    pub line: u64,
    /// The day it takes effect.
    pub on: Date,
    /// What the person is called.
    pub name: Name,
    /// What they sign in as.
    pub login: LoginId,
    /// The units of the seat, as they are written; none for the whole ledger.
    pub units: Vec<String>,
    /// The seat.
    pub seat: Code,
    /// What happens.
    pub kind: Kind,
    /// What the seat is for; always there where a seat is given.
    pub role: Option<Role>,
}

/// What is wrong with a cell, or with a line where no column is named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Fault {
    /// The line in the file, from 1.
    pub line: u64,
    /// The column.
    pub column: Option<Column>,
    /// What is wrong and what to do, in Japanese.
    pub ja: String,
    /// The same in English.
    pub en: String,
}

impl Fault {
    /// What is said of it.
    pub fn told(&self, language: Language) -> String {
        let (line, column) = (
            self.line,
            self.column.map(|column| column.heading(language)),
        );
        match (language, column) {
            (Language::Ja, Some(column)) => format!("{line}行目「{column}」: {}", self.ja),
            (Language::Ja, None) => format!("{line}行目: {}", self.ja),
            (Language::En, Some(column)) => format!("line {line}, `{column}`: {}", self.en),
            (Language::En, None) => format!("line {line}: {}", self.en),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told(Language::En))
    }
}

/// The file cannot be read as a list of transfers.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Unread {
    /// The bytes are no text.
    #[error(transparent)]
    NotText(#[from] NotText),
    /// Something in it is wrong.
    #[error("{} faults in the list", .0.len())]
    Faulty(Vec<Fault>),
}

/// Reads a list, or tells everything that is wrong with it.
pub fn read(bytes: &[u8]) -> Result<Vec<Transfer>, Unread> {
    let (text, _) = decode(bytes)?;
    let delimiter = match text.lines().next() {
        Some(head) if head.contains('\t') => b'\t',
        _ => b',',
    };
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut columns: Option<Vec<Option<Column>>> = None;
    let (mut rows, mut faults) = (Vec::new(), Faults::default());
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, ::csv::Position::line);
                faults.at(line, None, "CSVとして読めません", "not readable as CSV");
                break;
            }
        };
        let line = record.position().map_or(0, ::csv::Position::line);
        let Some(placed) = &columns else {
            columns = head(&mut faults, line, &record);
            if columns.is_none() {
                break;
            }
            continue;
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if rows.len() == ROWS_MAX {
            let ja = format!("一度に取り込めるのは{ROWS_MAX}行までです。分けてください");
            let en = format!("at most {ROWS_MAX} rows are taken in at once; split the list");
            faults.at(line, None, &ja, &en);
            break;
        }
        let cell = |column: Column| {
            let place = placed.iter().position(|named| *named == Some(column));
            place
                .and_then(|place| record.get(place))
                .unwrap_or("")
                .trim()
        };
        rows.extend(row(&mut faults, line, cell));
    }
    if columns.is_none() && faults.0.is_empty() {
        faults.at(
            1,
            None,
            "見出しの行がありません",
            "there is no line of headings",
        );
    }
    match faults.0.is_empty() {
        true => Ok(rows),
        false => Err(Unread::Faulty(faults.0)),
    }
}

/// Which column stands where.
fn head(
    faults: &mut Faults,
    line: u64,
    record: &::csv::StringRecord,
) -> Option<Vec<Option<Column>>> {
    let placed: Vec<Option<Column>> = record.iter().map(Column::named).collect();
    let mut sound = true;
    for column in Column::ALL {
        let count = placed
            .iter()
            .filter(|named| **named == Some(*column))
            .count();
        if count == 1 {
            continue;
        }
        sound = false;
        match count {
            0 => faults.at(
                line,
                Some(*column),
                "この見出しの列がありません",
                "no column has this heading",
            ),
            _ => faults.at(
                line,
                Some(*column),
                "この見出しの列が二つあります",
                "two columns have this heading",
            ),
        }
    }
    sound.then_some(placed)
}

fn row<'a>(faults: &mut Faults, line: u64, cell: impl Fn(Column) -> &'a str) -> Option<Transfer> {
    let on = match cell(Column::Date) {
        "" => faults.empty(line, Column::Date),
        text => match parse_date(text) {
            Ok(on) => Some(on),
            Err(_) => faults.none(
                line,
                Column::Date,
                "日付ではありません。2024-04-01 や 令和6年4月1日 のように書いてください",
                "not a date; write one such as 2024-04-01",
            ),
        },
    };
    let name = faults.name(line, Column::Name, cell(Column::Name));
    let login = login(faults, line, cell(Column::Login));
    let seat = match cell(Column::Seat) {
        "" => faults.empty(line, Column::Seat),
        text => match Code::parse(text) {
            Ok(seat) => Some(seat),
            Err(_) => faults.none(
                line,
                Column::Seat,
                "文字・数字と / - . _ ( ) ・ ー だけを120文字以内で使ってください",
                "use letters, digits and / - . _ ( ) ・ ー, at most 120 characters",
            ),
        },
    };
    let kind = match cell(Column::Kind) {
        "" => faults.empty(line, Column::Kind),
        text => match Kind::read(text) {
            Some(kind) => Some(kind),
            None => faults.none(
                line,
                Column::Kind,
                "発令・解除・兼務・兼務解除のどれかを書いてください",
                "write one of grant, revoke, additional, additional-end",
            ),
        },
    };
    let role = match cell(Column::Role) {
        "" if kind.is_none_or(Kind::grants) => faults.empty(line, Column::Role),
        "" => Some(None),
        text => match role(text) {
            Some(role) => Some(Some(role)),
            None => {
                let all = |language| {
                    let roles = Role::ALL.iter().filter(|role| **role != Role::Service);
                    let labels = roles.map(|role| role.label(language));
                    labels.collect::<Vec<_>>().join(", ")
                };
                let ja = format!("権限ではありません。{}のどれかです", all(Language::Ja));
                let en = format!("no role; one of {}", all(Language::En));
                faults.none(line, Column::Role, &ja, &en)
            }
        },
    };
    let units = cell(Column::Unit).split(['、', ';', '；']);
    let units = units.map(str::trim).filter(|unit| !unit.is_empty());
    let units: Vec<String> = units.map(str::to_owned).collect();
    if let (Some(Some(role)), Some(true)) = (role, kind.map(Kind::grants)) {
        let whole = role.is_of_the_whole();
        if whole && !units.is_empty() {
            faults.at(
                line,
                Column::Unit.into(),
                "この権限は台帳全体のものです。所属を空欄にしてください",
                "this role is for the whole ledger; leave the unit blank",
            );
            return None;
        }
        if !whole && units.is_empty() {
            return faults.empty(line, Column::Unit);
        }
    }
    Some(Transfer {
        line,
        on: on?,
        name: name?,
        login: login?,
        units,
        seat: seat?,
        kind: kind?,
        role: role?,
    })
}

/// `SUBJECT`, or `ISSUER#SUBJECT` where an issuer vouches for it. Latin letters, digits and signs of full width are taken for
/// those of half width, for lists are typed; what else NFKC would change stays as it is signed in with.
fn login(faults: &mut Faults, line: u64, text: &str) -> Option<LoginId> {
    let text: String = text.nfc().map(half_width).collect();
    let text = text.trim();
    let (issuer, subject) = match text.rsplit_once('#') {
        Some((issuer, subject)) => (Some(issuer), subject),
        None => (None, text),
    };
    let issuer = issuer.map(|issuer| faults.name(line, Column::Login, issuer));
    let subject = faults.name(line, Column::Login, subject);
    Some(LoginId {
        issuer: match issuer {
            Some(issuer) => Some(issuer?),
            None => None,
        },
        subject: subject?,
    })
}

fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// A role by its label or its code. Client applications hold no seat by a list of people.
fn role(text: &str) -> Option<Role> {
    let text = key(text).to_lowercase();
    let mut roles = Role::ALL.iter().copied();
    roles.find(|role| {
        let labels = [Language::Ja, Language::En].map(|language| key(role.label(language)));
        let code = role.code().to_lowercase();
        *role != Role::Service
            && (labels.contains(&text) || code == text || code.replace('_', "-") == text)
    })
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn at(&mut self, line: u64, column: Option<Column>, ja: &str, en: &str) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(Fault {
                line,
                column,
                ja: ja.to_owned(),
                en: en.to_owned(),
            });
        }
    }

    fn none<T>(&mut self, line: u64, column: Column, ja: &str, en: &str) -> Option<T> {
        self.at(line, Some(column), ja, en);
        None
    }

    fn empty<T>(&mut self, line: u64, column: Column) -> Option<T> {
        self.none(line, column, "空欄です。書いてください", "blank; write it")
    }

    fn name(&mut self, line: u64, column: Column, text: &str) -> Option<Name> {
        match (text, Name::parse(text)) {
            ("", _) => self.empty(line, column),
            (_, Ok(name)) => Some(name),
            (_, Err(_)) => self.none(
                line,
                column,
                "1行で200文字以内にしてください",
                "write at most 200 characters on one line",
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    const HEAD: &str = "発令日,氏名,ログイン,所属,職,区分,権限\n";

    fn told(text: &str) -> String {
        let line = |row: &Transfer| {
            let role = row.role.map_or("-", Role::code);
            let units = match row.units.is_empty() {
                true => "-".to_owned(),
                false => row.units.join("+"),
            };
            let issuer = row.login.issuer.as_ref().map_or("-", Name::as_str);
            let (on, seat, kind) = (row.on, &row.seat, row.kind.label(Language::Ja));
            format!(
                "{} {on} {} {issuer} {} {seat} {kind} {role} {units}",
                row.line, row.name, row.login.subject
            )
        };
        match read(text.as_bytes()) {
            Ok(rows) => rows.iter().map(line).collect::<Vec<_>>().join("\n"),
            Err(Unread::Faulty(faults)) => {
                let told = faults.iter().map(|fault| fault.told(Language::Ja));
                told.collect::<Vec<_>>().join("\n")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_list_is_read_row_by_row() {
        let text = format!(
            "{HEAD}令和6年4月1日,財務課長,s-1,財務課,財務課長,発令,課等長\n\
             2024-04-01,財務課長,https://id#s-1,財務課;企画政策課,併任,兼務,担当\n,,,,,,\n\
             2024-10-01,財務課長,s-1,,財務課長,解除,\n2024-10-01,監査,s-2,,監査,発令,AUDITOR\n"
        );
        assert_snapshot!(told(&text), @"
        2 2024-04-01 財務課長 - s-1 財務課長 発令 SECTION_CHIEF 財務課
        3 2024-04-01 財務課長 https://id s-1 併任 兼務 CLERK 財務課+企画政策課
        5 2024-10-01 財務課長 - s-1 財務課長 解除 - -
        6 2024-10-01 監査 - s-2 監査 発令 AUDITOR -
        ");
    }

    #[test]
    fn headings_are_known_in_any_width_language_and_order() {
        let english = "role,kind,seat,unit,login,name,date\nclerk,grant,S,U,a,A,2024-04-01\n";
        assert_snapshot!(told(english), @"2 2024-04-01 A - a S 発令 CLERK U");
        let (wide, ..) = encoding_rs::SHIFT_JIS.encode("発令日,氏名,ﾛｸﾞｲﾝ,所 属,職,区分,権限\n");
        assert_eq!(read(&wide), Ok(Vec::new()));
        assert_snapshot!(told("発令日,氏名,氏名\n"), @"
        1行目「氏名」: この見出しの列が二つあります
        1行目「ログイン」: この見出しの列がありません
        1行目「所属」: この見出しの列がありません
        1行目「職」: この見出しの列がありません
        1行目「区分」: この見出しの列がありません
        1行目「権限」: この見出しの列がありません
        ");
        assert_snapshot!(told(""), @"1行目: 見出しの行がありません");
    }

    #[test]
    fn a_login_is_typed_in_any_width_and_else_stays_as_it_is() {
        let text = format!(
            "{HEAD}2024-04-01,甲,ｓ－１,,監査,発令,監査\n2024-04-01,乙,ｈｔｔｐｓ：／／id＃s-2,,監査,発令,監査\n\
             2024-04-01,丙,ﾀﾅｶ㈱,,監査,発令,監査\n"
        );
        assert_snapshot!(told(&text), @r"
        2 2024-04-01 甲 - s-1 監査 発令 AUDITOR -
        3 2024-04-01 乙 https://id s-2 監査 発令 AUDITOR -
        4 2024-04-01 丙 - ﾀﾅｶ㈱ 監査 発令 AUDITOR -
        ");
    }

    #[test]
    fn every_bad_cell_is_told_at_once() {
        let text = format!(
            "{HEAD}4月1日,,s-1,財務課,財務 課長,転入,係長\n2024-04-01,甲,s-1,,財務課長,発令,課等長\n\
             2024-04-01,甲,#,財務課,監査,発令,監査\n2024-04-01,甲,s-1,財務課,職,兼務,\n"
        );
        assert_snapshot!(told(&text), @"
        2行目「発令日」: 日付ではありません。2024-04-01 や 令和6年4月1日 のように書いてください
        2行目「氏名」: 空欄です。書いてください
        2行目「職」: 文字・数字と / - . _ ( ) ・ ー だけを120文字以内で使ってください
        2行目「区分」: 発令・解除・兼務・兼務解除のどれかを書いてください
        2行目「権限」: 権限ではありません。部長, 課等長, 担当, 企画政策課, 副市長・市長, 監査, 管理者のどれかです
        3行目「所属」: 空欄です。書いてください
        4行目「ログイン」: 空欄です。書いてください
        4行目「ログイン」: 空欄です。書いてください
        4行目「所属」: この権限は台帳全体のものです。所属を空欄にしてください
        5行目「権限」: 空欄です。書いてください
        ");
        let rows = "2024-04-01,甲,s-1,財務課,職,兼務,担当\n".repeat(ROWS_MAX + 1);
        assert_snapshot!(told(&format!("{HEAD}{rows}")), @"502行目: 一度に取り込めるのは500行までです。分けてください");
    }
}
