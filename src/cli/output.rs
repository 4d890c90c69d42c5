//! The one place that writes to the terminal.

use std::io::{self, IsTerminal as _, Write};
use std::path::Path;

use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::terminal;
use crate::domain::text::Language;

/// Where answers and remarks go: answers to standard output, everything else to standard error, so that a
/// program can read the one while a person reads the other.
#[derive(Debug, Default)]
pub struct Output;

impl Output {
    /// Writes an answer.
    pub fn answer(&self, text: &str) -> Result<(), Failure> {
        self.answer_bytes(text.as_bytes())
    }

    /// Writes the bytes of a file.
    pub fn answer_bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)
            .and_then(|()| out.flush())
            .map_err(Failure::output)
    }

    /// Writes a file that somebody asked for; one that is there is replaced only with `force`.
    pub fn file(
        &self,
        language: Language,
        path: &Path,
        force: bool,
        bytes: &[u8],
    ) -> Result<(), Failure> {
        let shown = terminal::line(&path.to_string_lossy());
        if !force && path.exists() {
            return Err(Failure::usage(pick(
                language,
                format!("{shown} はすでにあります。置き換えるには --force を付けてください"),
                format!("{shown} exists; replace it with --force"),
            )));
        }
        std::fs::write(path, bytes).map_err(|error| {
            Failure::usage(pick(
                language,
                format!("{shown} に書けません: {error}"),
                format!("cannot write {shown}: {error}"),
            ))
        })
    }

    /// Writes an answer and ends the line.
    pub fn answer_line(&self, text: &str) -> Result<(), Failure> {
        self.answer(&format!("{text}\n"))
    }

    /// Writes a remark. Nobody can be told if that fails.
    pub fn remark(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = err.write_all(text.as_bytes());
        if !text.ends_with('\n') {
            let _ = err.write_all(b"\n");
        }
    }

    /// Whether a person reads the remarks.
    pub fn is_watched(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// How wide answers may be: the terminal's width, or unlimited where no terminal reads them.
    pub fn columns(&self) -> Option<usize> {
        let out = io::stdout();
        if !out.is_terminal() {
            return None;
        }
        terminal_size::terminal_size_of(&out).map(|(width, _)| usize::from(width.0))
    }
}
