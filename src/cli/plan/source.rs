//! The file of a plan, read.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::render::import::fault;
use crate::cli::terminal;
use crate::domain::code::Code;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::text::{Language, Name};
use crate::import::events::SourceFile;
use crate::import::workbook::{self, Unopened};
use crate::import::{self, Plan, Unreadable};

/// Bytes of a file at most: what a workbook may have, and a text.
const FILE_BYTES_MAX: u64 = 16 * 1024 * 1024;
const _: () = assert!(
    workbook::FILE_BYTES_MAX as u64 == FILE_BYTES_MAX
        && import::text::BYTES_MAX as u64 == FILE_BYTES_MAX
);

/// A plan as its file has it.
#[derive(Clone, Debug)]
pub struct Source {
    /// What was understood.
    pub plan: Plan,
    /// The file it is from.
    pub file: SourceFile,
}

/// Reads a plan's file, or tells everything that is wrong with it.
pub fn read(
    language: Language,
    file: &Path,
    year: Option<FiscalYear>,
    code: Option<&Code>,
) -> Result<Source, Failure> {
    let bytes = bytes(language, file)?;
    let mut plan = import::read(&bytes, year).map_err(|error| unreadable(language, file, error))?;
    if let Some(code) = code {
        code.as_str().clone_into(&mut plan.head.code);
    }
    let file = named(language, file, &bytes)?;
    Ok(Source { plan, file })
}

/// A file with its name, without a folder, and its digest.
pub fn named(language: Language, file: &Path, bytes: &[u8]) -> Result<SourceFile, Failure> {
    let name = file
        .file_name()
        .unwrap_or(file.as_os_str())
        .to_string_lossy();
    let name = Name::parse(&name).map_err(|error| {
        let shown = terminal::line(&name);
        Failure::usage(pick(
            language,
            format!("ファイル名 {shown} は使えません: {error}"),
            format!("the file name {shown} cannot be used: {error}"),
        ))
    })?;
    Ok(SourceFile::new(name, bytes))
}

/// The bytes of a file that is not too large.
pub fn bytes(language: Language, path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = terminal::line(&path.to_string_lossy());
    let failed = |error: std::io::Error| {
        Failure::usage(pick(
            language,
            format!("{shown} を読めません: {error}"),
            format!("cannot read {shown}: {error}"),
        ))
    };
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(FILE_BYTES_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    if FILE_BYTES_MAX < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        let mib = FILE_BYTES_MAX / (1024 * 1024);
        return Err(Failure::new(
            Exit::Refused,
            pick(
                language,
                format!("{shown} は大きすぎます（最大{mib} MiB）"),
                format!("{shown} is larger than {mib} MiB"),
            ),
        ));
    }
    Ok(bytes)
}

fn unreadable(language: Language, file: &Path, error: Unreadable) -> Failure {
    let shown = terminal::line(&file.to_string_lossy());
    let told = |ja: &str| {
        pick(
            language,
            format!("{shown}: {ja}"),
            format!("{shown}: {error}"),
        )
    };
    match &error {
        Unreadable::NotText(_) => Failure::new(
            Exit::Refused,
            told("文字として読めません（UTF-8 か Shift_JIS にしてください）"),
        ),
        Unreadable::Workbook(unopened) => Failure::new(Exit::Refused, told(&unopened_ja(unopened))),
        Unreadable::NoPlan => Failure::new(
            Exit::Refused,
            told(
                "計画が見つかりません（部・柱・組織目標・取組内容・課等・目標達成基準の列をもつ表（CSV・Excel）か、様式1のブック、公表された本文）",
            ),
        ),
        Unreadable::NoYear => Failure::new(Exit::Refused, told("年度の列がありません")).hint(pick(
            language,
            "--year R5 のように年度を指定してください",
            "say which fiscal year it is for: --year R5",
        )),
        Unreadable::Faulty { faults, total } => {
            let mut failure = Failure::new(
                Exit::Refused,
                pick(
                    language,
                    format!("{shown} に{total}件の誤りがあります。何も取り込んでいません"),
                    format!("{shown} has {total} faults; nothing was imported"),
                ),
            );
            for each in faults {
                failure = failure.hint(fault(language, each));
            }
            if faults.len() < *total {
                let more = total - faults.len();
                failure = failure.hint(pick(
                    language,
                    format!("ほかに{more}件"),
                    format!("and {more} more"),
                ));
            }
            failure
        }
    }
}

/// Why a workbook was not read, in Japanese.
pub fn unopened_ja(unopened: &Unopened) -> String {
    let mib = |bytes: u64| bytes / (1024 * 1024);
    match unopened {
        Unopened::TooLarge => {
            let max = u64::try_from(workbook::FILE_BYTES_MAX).unwrap_or(u64::MAX);
            format!("ブックが大きすぎます（最大{} MiB）", mib(max))
        }
        Unopened::TooManyParts => format!(
            "ブックの中のファイルが多すぎます（最大{}）",
            workbook::PARTS_MAX
        ),
        Unopened::Inflates => format!(
            "ブックを展開すると大きすぎます（最大で1ファイル{} MiB、合計{} MiB）",
            mib(workbook::PART_BYTES_MAX),
            mib(workbook::INFLATED_BYTES_MAX)
        ),
        Unopened::Password => "パスワード付きのブックです。外して保存してください".to_owned(),
        Unopened::OldFormat => "古い形式（.xls など）です。.xlsx で保存してください".to_owned(),
        Unopened::BinaryFormat => "バイナリ形式（.xlsb）です。.xlsx で保存してください".to_owned(),
        Unopened::OpenDocument => {
            "OpenDocument（.ods など）です。.xlsx で保存してください".to_owned()
        }
        Unopened::Macros => {
            "マクロ付きのブックです。マクロのない .xlsx で保存してください".to_owned()
        }
        Unopened::DocumentType => "ブックのXMLに文書型や独自の実体があります".to_owned(),
        Unopened::Encoding => "ブックのXMLがUTF-8ではありません".to_owned(),
        Unopened::Broken => "Excelのブックではないか、壊れています".to_owned(),
        Unopened::TooManySheets => format!("シートが多すぎます（最大{}）", workbook::SHEETS_MAX),
        Unopened::TooManyCells => format!("セルが多すぎます（最大{}）", workbook::CELLS_MAX),
        Unopened::TooManyMerged => format!(
            "結合セルが多すぎます（1シート最大{}）",
            workbook::MERGED_MAX
        ),
        Unopened::TooMuchText => format!(
            "文字が多すぎます（最大{} MiB）",
            mib(u64::try_from(workbook::TEXT_BYTES_MAX).unwrap_or(u64::MAX))
        ),
        Unopened::Beyond {
            sheet,
            cell,
            limit,
            max,
        } => {
            let sheet = terminal::line(sheet);
            let limit = if *limit == "rows" { "行" } else { "列" };
            format!("シート「{sheet}」の {cell} に値があります（読めるのは{max}{limit}まで）")
        }
    }
}
