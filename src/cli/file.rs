//! Where a file that was asked for goes.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use clap::Args;

use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::terminal;
use crate::domain::text::Language;

/// Where a file goes.
#[derive(Args, Clone, Debug)]
pub struct FileArgs {
    /// The file to write; `-`: standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub force: bool,
}

impl FileArgs {
    /// Writes `bytes`; says how many `lines` they are, and where.
    pub fn write(
        &self,
        language: Language,
        output: &Output,
        bytes: &[u8],
        lines: u32,
    ) -> Result<(), Failure> {
        if self.output.as_os_str() == "-" {
            return binary(language, output, bytes);
        }
        let shown = terminal::line(&self.output.to_string_lossy());
        let mut options = OpenOptions::new();
        options.write(true);
        match self.force {
            true => options.create(true).truncate(true),
            false => options.create_new(true),
        };
        let written = options
            .open(&self.output)
            .and_then(|mut file| file.write_all(bytes));
        match written {
            Ok(()) => {
                output.remark(&pick(
                    language,
                    format!("{shown} に{lines}行を書き出しました"),
                    format!("wrote {lines} lines to {shown}"),
                ));
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(Failure::usage(pick(
                    language,
                    format!("{shown} はすでにあります。置き換えるには --force を付けてください"),
                    format!("{shown} exists; replace it with --force"),
                )))
            }
            Err(error) => Err(Failure::usage(pick(
                language,
                format!("{shown} に書けません: {error}"),
                format!("cannot write {shown}: {error}"),
            ))),
        }
    }
}

/// Writes the bytes of a file to standard output, unless a person would see them.
pub fn binary(language: Language, output: &Output, bytes: &[u8]) -> Result<(), Failure> {
    if output.columns().is_some() && std::str::from_utf8(bytes).is_err() {
        return Err(Failure::usage(pick(
            language,
            "端末には表示できません。-o ファイル名 を指定するか、出力先を切り替えてください",
            "this is no text for a terminal: write it to a file",
        )));
    }
    output.answer_bytes(bytes)
}
