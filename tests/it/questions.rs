//! The questions of `docs/questions.md` are answered: every command there is run on the sample, and its answer is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use insta::assert_snapshot;

use crate::process::Process;

/// The page, as it is delivered.
const PAGE: &str = include_str!("../../docs/questions.md");

/// Lines of an answer that are kept; how many more there were is kept too.
const LINES_KEPT: usize = 40;

/// How many questions of auditors there are, and of planners.
const QUESTIONS: [(char, u32); 2] = [('A', 32), ('M', 20)];

/// A question of the page.
#[derive(Debug, Default)]
struct Question {
    commands: Vec<String>,
    words: String,
}

/// The questions of the page by their number: `A1`, `M20`.
fn questions() -> BTreeMap<String, Question> {
    let mut questions: BTreeMap<String, Question> = BTreeMap::new();
    let mut number = None;
    let mut inside = false;
    for line in PAGE.lines() {
        if let Some(heading) = line.strip_prefix("### ") {
            number = heading.split(' ').next().map(str::to_owned);
            if let Some(number) = &number {
                let before = questions.insert(number.clone(), Question::default());
                assert!(before.is_none(), "{number} stands twice");
            }
        } else if line.starts_with("## ") {
            number = None;
        } else if line.starts_with("```") {
            inside = line == "```sh";
        } else if let Some(question) = number.as_ref().and_then(|n| questions.get_mut(n)) {
            if inside {
                question.commands.push(line.to_owned());
            } else {
                question.words.push_str(line);
            }
        }
    }
    questions
}

/// The numbers that a cell of the last table names: `A1, A4, M1 to M3`.
fn named(cell: &str) -> BTreeSet<String> {
    let mut numbers = BTreeSet::new();
    for item in cell.split(", ") {
        let item = item.trim();
        let Some((first, last)) = item.split_once(" to ") else {
            numbers.insert(item.to_owned());
            continue;
        };
        let (kind, first) = first.split_at(1);
        let last = last.trim_start_matches(kind);
        for number in first.parse().unwrap()..=last.parse::<u32>().unwrap() {
            numbers.insert(format!("{kind}{number}"));
        }
    }
    numbers
}

/// The beginning of an answer.
fn kept(told: &str) -> String {
    let lines: Vec<&str> = told.lines().collect();
    let mut text = lines[..lines.len().min(LINES_KEPT)].join("\n");
    if LINES_KEPT < lines.len() {
        text.push_str(&format!("\n[{} more lines]", lines.len() - LINES_KEPT));
    }
    text.push('\n');
    text
}

#[test]
fn every_question_has_a_command_or_says_what_it_waits_for_and_has_an_owner() {
    let questions = questions();
    let expected: BTreeSet<String> = QUESTIONS
        .iter()
        .flat_map(|(kind, count)| (1..=*count).map(move |number| format!("{kind}{number}")))
        .collect();
    let found: BTreeSet<String> = questions.keys().cloned().collect();
    assert_eq!(found, expected);
    for (number, question) in &questions {
        assert!(
            !question.commands.is_empty() || question.words.contains("Waits for"),
            "{number} has neither a command nor a reason"
        );
        for command in &question.commands {
            assert!(command.starts_with("daicho "), "{number}: {command}");
        }
    }
    let (_, table) = PAGE.split_once("## Which part answers").unwrap();
    let mut owned = BTreeSet::new();
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        let cells: Vec<&str> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [numbers, owner, _] = cells.as_slice() else {
            panic!("{row}")
        };
        assert!(!owner.is_empty(), "{row}");
        for number in named(numbers) {
            assert!(owned.insert(number.clone()), "{number} has two owners");
        }
    }
    assert_eq!(owned, expected);
}

#[test]
fn every_command_answers_as_it_did() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("sample");
    let made = Command::new(env!("CARGO_BIN_EXE_daicho"))
        .args(["demo", "--prepare-only", "--at", "2024-06-01", "--data"])
        .arg(&data)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let server = Process::serve(&data);
    for (number, question) in questions() {
        let mut text = String::new();
        for command in &question.commands {
            let arguments = command.split_whitespace().skip(1);
            let answer = Command::new(env!("CARGO_BIN_EXE_daicho"))
                .args(arguments)
                .args([
                    "--server",
                    server.address(),
                    "--as",
                    "監査事務局",
                    "--lang",
                    "ja",
                ])
                .output()
                .unwrap();
            let told = String::from_utf8(answer.stdout).unwrap();
            let failed = String::from_utf8(answer.stderr).unwrap();
            assert!(answer.status.success(), "{number}: {command}\n{failed}");
            text.push_str(&format!("$ {command}\n{}\n", kept(&told)));
        }
        if !text.is_empty() {
            assert_snapshot!(number, text);
        }
    }
}
