//! Verdicts: questions, each answered on its own, and the exit code that they come to.

use std::process::ExitCode;

use serde_json::{Map, Value, json};

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::render::View;
use crate::cli::terminal;
use crate::domain::text::Language;

/// How `verify` ended. Not the codes of the other commands: there, 1 is a refusal.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Judged {
    /// Everything that was to be verified is.
    Verified = 0,
    /// Something was altered, left out or signed twice.
    Tampered = 1,
    /// Something needed is missing: a policy, a key, a quorum, a readable file.
    Undecided = 2,
    /// The command line cannot be understood, or a file that it names cannot be opened.
    Usage = 3,
}

impl Judged {
    /// What a failure to verify comes to.
    pub fn of(failure: &Failure) -> Self {
        match failure.exit() {
            Exit::Done => Self::Verified,
            Exit::Usage => Self::Usage,
            _ => Self::Undecided,
        }
    }

    /// The number.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Judged> for ExitCode {
    fn from(judged: Judged) -> Self {
        Self::from(judged.code())
    }
}

/// What is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Aspect {
    /// Is it what was signed?
    Integrity,
    /// Is all of it there?
    Completeness,
    /// Did others see it?
    Witnessed,
    /// Can it be read, and does it say what the bytes say?
    Content,
    /// Of a backup: could the ledgers go on from it today?
    Restored,
}

impl Aspect {
    const fn name(self) -> &'static str {
        match self {
            Self::Integrity => "INTEGRITY",
            Self::Completeness => "COMPLETENESS",
            Self::Witnessed => "WITNESSED",
            Self::Content => "CONTENT",
            Self::Restored => "RESTORED",
        }
    }
}

/// The answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Yes.
    Verified,
    /// No.
    Tampered,
    /// It cannot be said with what is here.
    Undecided,
    /// This kind of evidence does not speak of it.
    NotShown,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Verified => "VERIFIED",
            Self::Tampered => "TAMPERED",
            Self::Undecided => "UNDECIDED",
            Self::NotShown => "NOT_SHOWN",
        }
    }

    fn word(self, language: Language) -> &'static str {
        match self {
            Self::Verified => pick(language, "確認できた", "verified"),
            Self::Tampered => pick(language, "改ざんあり", "TAMPERED"),
            Self::Undecided => pick(language, "判断できない", "undecided"),
            Self::NotShown => pick(language, "対象外", "not shown"),
        }
    }
}

/// Columns of the longest word of an outcome, in either language.
const WORD_COLUMNS: usize = 12;

/// Answers to some of the questions, one sentence each.
#[derive(Clone, Debug, Default)]
pub struct Verdicts(Vec<(Aspect, Outcome, String)>);

impl Verdicts {
    /// Adds an answer.
    pub fn say(&mut self, aspect: Aspect, outcome: Outcome, sentence: impl Into<String>) {
        self.0
            .push((aspect, outcome, terminal::line(&sentence.into())));
    }

    /// Adds answers.
    pub fn extend(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    /// What they come to: one sign of tampering decides, then one open question.
    pub fn judged(&self) -> Judged {
        let is = |wanted| self.0.iter().any(|(_, outcome, _)| *outcome == wanted);
        match (is(Outcome::Tampered), is(Outcome::Undecided)) {
            (true, _) => Judged::Tampered,
            (false, true) => Judged::Undecided,
            (false, false) => Judged::Verified,
        }
    }

    /// The lines that people read.
    pub fn text(&self, view: &View) -> String {
        let line = |(aspect, outcome, sentence): &(Aspect, Outcome, String)| {
            let word = outcome.word(view.language);
            let space = " ".repeat(WORD_COLUMNS.saturating_sub(terminal::width(word)));
            format!("{:<12}  {word}{space}  {sentence}\n", aspect.name())
        };
        self.0.iter().map(line).collect()
    }

    /// The object that programs read, with `more` in it.
    pub fn json(&self, more: Map<String, Value>) -> Value {
        let mut object = Map::new();
        object.insert("exit".to_owned(), json!(self.judged().code()));
        for (aspect, outcome, sentence) in &self.0 {
            let name = aspect.name().to_ascii_lowercase();
            object.insert(
                name,
                json!({ "outcome": outcome.name(), "sentence": sentence }),
            );
        }
        object.extend(more);
        Value::Object(object)
    }
}
