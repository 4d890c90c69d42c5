//! Command lines that cannot be understood, told in the language of the person at the keyboard.

use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use crate::cli::language::{self, Language};
use crate::cli::output::Output;
use crate::cli::verify::Judged;
use crate::cli::{exit::Exit, hint, terminal};
use crate::domain::era::InvalidEraDate;

/// Tells what is wrong with the command line, or prints the help that it asks for, and ends the program.
pub fn exit(error: &Error) -> ! {
    // The command line was not understood, so `--lang` in it was not read either.
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let language = asked_for(&words)
        .unwrap_or_else(|| language::of_environment(|name| std::env::var(name).ok()));
    match language {
        Language::Ja => match in_japanese(error) {
            Some(text) => {
                Output.remark(&text);
                std::process::exit(code(&words, error));
            }
            None => print(&words, error),
        },
        Language::En => print(&words, error),
    }
}

fn print(words: &[String], error: &Error) -> ! {
    // Nobody can be told if that fails.
    let _ = error.print();
    std::process::exit(code(words, error))
}

/// The exit code: `verify` has its own.
fn code(words: &[String], error: &Error) -> i32 {
    match (error.use_stderr(), command(words)) {
        (false, _) => i32::from(Exit::Done.code()),
        (true, Some("verify")) => i32::from(Judged::Usage.code()),
        (true, _) => i32::from(Exit::Usage.code()),
    }
}

/// The command among `words`, the first of which is the program.
fn command(words: &[String]) -> Option<&str> {
    let mut words = words.iter().skip(1).map(String::as_str);
    loop {
        match words.next()? {
            "--server"
            | "--ledger"
            | "--as"
            | "--lang"
            | "--timeout"
            | "--certificates"
            | "--client-certificate"
            | "--client-key"
            | "--token-file" => drop(words.next()),
            word if word.starts_with('-') => {}
            word => return Some(word),
        }
    }
}

/// The language that `--lang` names among `words`.
fn asked_for(words: &[String]) -> Option<Language> {
    let named = words.iter().enumerate().find_map(|(index, word)| {
        let rest = word.strip_prefix("--lang")?;
        match rest.strip_prefix('=') {
            Some(named) => Some(named),
            None if rest.is_empty() => words.get(index + 1).map(String::as_str),
            None => None,
        }
    });
    match named {
        Some("ja") => Some(Language::Ja),
        Some("en") => Some(Language::En),
        _ => None,
    }
}

/// The fault in Japanese; `None` for help and version, and for faults that no person at a keyboard makes.
fn in_japanese(error: &Error) -> Option<String> {
    let about = |kind| error.get(kind).map(shown).unwrap_or_default();
    let (argument, value) = (
        about(ContextKind::InvalidArg),
        about(ContextKind::InvalidValue),
    );
    let mut text = match error.kind() {
        ErrorKind::MissingRequiredArgument => {
            format!("エラー: 足りないものがあります: {argument}\n")
        }
        ErrorKind::UnknownArgument => format!("エラー: 「{argument}」は使えません\n"),
        ErrorKind::InvalidSubcommand => {
            let command = about(ContextKind::InvalidSubcommand);
            format!("エラー: 「{command}」というコマンドはありません\n")
        }
        ErrorKind::InvalidValue if value.is_empty() => {
            format!("エラー: {argument} の値がありません\n")
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            format!("エラー: {argument} に「{value}」は使えません\n")
        }
        ErrorKind::NoEquals => format!("エラー: {argument} の値は = でつなげてください\n"),
        ErrorKind::TooManyValues | ErrorKind::WrongNumberOfValues | ErrorKind::TooFewValues => {
            format!("エラー: {argument} の値の数が合いません\n")
        }
        ErrorKind::ArgumentConflict => {
            let other = about(ContextKind::PriorArg);
            format!("エラー: {argument} は {other} と一緒に使えません\n")
        }
        _ => return None,
    };
    // What the reader of the value says of it is in the words of the forms themselves.
    if let Some(cause) = std::error::Error::source(error) {
        let told = match cause.downcast_ref() {
            Some(date) => no_date(date),
            None => cause.to_string(),
        };
        text.push_str(&format!("  → {}\n", terminal::line(&told)));
    }
    for (kind, lead) in [
        (ContextKind::ValidValue, "使える値"),
        (ContextKind::ValidSubcommand, "使えるコマンド"),
        (ContextKind::SuggestedValue, "もしかすると"),
        (ContextKind::SuggestedArg, "もしかすると"),
        (ContextKind::SuggestedSubcommand, "もしかすると"),
    ] {
        let told = about(kind);
        if !told.is_empty() {
            text.push_str(&format!("  → {lead}: {told}\n"));
        }
    }
    let usage = about(ContextKind::Usage);
    if let Some(usage) = usage.strip_prefix("Usage: ") {
        text.push_str(&format!("  → 使い方: {usage}\n"));
    }
    let command = usage
        .trim_start_matches("Usage: ")
        .split_whitespace()
        .take_while(|word| !word.starts_with(['-', '<', '[']))
        .collect::<Vec<_>>()
        .join(" ");
    text.push_str(&match command.as_str() {
        "" => format!(
            "  → {}\n",
            hint::next_step(Language::Ja, "", Exit::Usage).unwrap_or_default()
        ),
        command => format!("  → くわしくは: {command} --help\n"),
    });
    Some(text)
}

/// Why a text is no date, in Japanese.
fn no_date(error: &InvalidEraDate) -> String {
    match error {
        InvalidEraDate::NotADate => {
            "日付は 2023-09-30、2023/9/30、令和5年9月30日、R5.9.30 のように書いてください"
                .to_owned()
        }
        InvalidEraDate::NoSuchDay => {
            "1900-01-01から2199-12-31までの暦に、その日はありません".to_owned()
        }
        InvalidEraDate::YearZero { era } => {
            let era = era.name_ja();
            format!("{era}0年はありません。最初の年は{era}元年です")
        }
        InvalidEraDate::OutsideEra { era, offered } => {
            format!("{}ではありません。その日は{offered}です", era.name_ja())
        }
    }
}

/// A value of an error's context, on one line.
fn shown(value: &ContextValue) -> String {
    let text = match value {
        ContextValue::String(text) => text.clone(),
        ContextValue::Strings(texts) => texts.join("、"),
        ContextValue::StyledStr(text) => text.to_string(),
        ContextValue::StyledStrs(texts) => {
            let texts: Vec<String> = texts.iter().map(ToString::to_string).collect();
            texts.join("、")
        }
        ContextValue::Number(number) => number.to_string(),
        _ => String::new(),
    };
    terminal::line(text.trim())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use insta::assert_snapshot;

    use super::*;
    use crate::cli::Cli;

    fn told(line: &str) -> String {
        let words = std::iter::once("daicho").chain(line.split(' '));
        let error = Cli::try_parse_from(words).expect_err("it is not understood");
        in_japanese(&error).unwrap_or_default()
    }

    #[test]
    fn slips_at_the_keyboard_are_told_in_japanese() {
        let lines = [
            "record R5/総務部/3-1/1.1 3",
            "record R5/総務部/3-1/1.1 3 --on 10月5日",
            "record R5/総務部/3-1/1.1 3 --on 2023-02-30",
            "record R5/総務部/3-1/1.1 3 --on 平成31年5月1日",
            "record R5/総務部/3-1/1.1 3 --on 令和0年5月1日",
            "record R5/総務部/3-1/1.1 --nil なし --on 2023-10-05",
            "goal list 業務改善",
            "goal lst",
            "rekord",
            "plan",
            "plan close R5",
            "record a --on",
            "goal show",
        ];
        let told: Vec<String> = lines
            .iter()
            .map(|line| format!("$ daicho {line}\n{}", told(line)))
            .collect();
        assert_snapshot!(told.join("\n"), @r"
        $ daicho record R5/総務部/3-1/1.1 3
        エラー: 足りないものがあります: --on <DATE>
          → 使い方: daicho record --on <DATE> <INDICATOR> <VALUE>
          → くわしくは: daicho record --help

        $ daicho record R5/総務部/3-1/1.1 3 --on 10月5日
        エラー: --on <DATE> に「10月5日」は使えません
          → 日付は 2023-09-30、2023/9/30、令和5年9月30日、R5.9.30 のように書いてください
          → 使い方: daicho help

        $ daicho record R5/総務部/3-1/1.1 3 --on 2023-02-30
        エラー: --on <DATE> に「2023-02-30」は使えません
          → 1900-01-01から2199-12-31までの暦に、その日はありません
          → 使い方: daicho help

        $ daicho record R5/総務部/3-1/1.1 3 --on 平成31年5月1日
        エラー: --on <DATE> に「平成31年5月1日」は使えません
          → 平成ではありません。その日は令和元年5月1日です
          → 使い方: daicho help

        $ daicho record R5/総務部/3-1/1.1 3 --on 令和0年5月1日
        エラー: --on <DATE> に「令和0年5月1日」は使えません
          → 令和0年はありません。最初の年は令和元年です
          → 使い方: daicho help

        $ daicho record R5/総務部/3-1/1.1 --nil なし --on 2023-10-05
        エラー: --nil <CAUSE> に「なし」は使えません
          → 使える値: no-activity、no-demand、not-measured
          → 使い方: daicho help

        $ daicho goal list 業務改善
        エラー: 「業務改善」は使えません
          → 使い方: daicho goal list [OPTIONS]
          → くわしくは: daicho goal list --help

        $ daicho goal lst
        エラー: 「lst」というコマンドはありません
          → もしかすると: list
          → 使い方: daicho goal [OPTIONS] <COMMAND>
          → くわしくは: daicho goal --help

        $ daicho rekord
        エラー: 「rekord」というコマンドはありません
          → もしかすると: restore、report、record
          → 使い方: daicho [OPTIONS] <COMMAND>
          → くわしくは: daicho --help

        $ daicho plan

        $ daicho plan close R5
        エラー: 足りないものがあります: <PERIOD>
          → 使い方: daicho plan close <PLAN> <PERIOD>
          → くわしくは: daicho plan close --help

        $ daicho record a --on
        エラー: --on <DATE> の値がありません
          → 使い方: daicho help

        $ daicho goal show
        エラー: 足りないものがあります: <GOAL>
          → 使い方: daicho goal show <GOAL>
          → くわしくは: daicho goal show --help
        ");
    }

    #[test]
    fn the_command_is_found_behind_what_every_command_takes() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let asked = words("daicho --lang ja --json --ledger=a verify proof --policy");
        assert_eq!(command(&asked), Some("verify"));
        assert_eq!(command(&words("daicho --as verify record")), Some("record"));
        assert_eq!(command(&words("daicho --json")), None);
    }

    #[test]
    fn help_is_no_fault() {
        assert_eq!(told("goal --help"), "");
        assert_eq!(told("--version"), "");
    }

    #[test]
    fn the_language_asked_for_is_found_in_a_line_that_was_not_understood() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(asked_for(&words("a --lang ja b")), Some(Language::Ja));
        assert_eq!(asked_for(&words("a --lang=en")), Some(Language::En));
        assert_eq!(asked_for(&words("a --language ja")), None);
        assert_eq!(asked_for(&words("a --lang")), None);
    }
}
