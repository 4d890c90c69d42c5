//! What the demo prints, and what the pages show of it, is what it answers.

use std::ffi::OsStr;
use std::path::Path;

use super::process::{Ended, daicho};
use crate::process::Process;

#[test]
fn the_commands_that_the_demo_prints_work_as_printed() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = served_demo(folder.path());
    let mut printed = Vec::new();
    while printed.len() < 3 {
        let line = demo.line();
        assert!(!line.is_empty(), "the demo ended after {printed:?}");
        // It stands with the path at which the program is, so that it works without being installed.
        let typed = line.trim().split_once(' ');
        if let Some((program, command)) = typed
            && Path::new(program).file_name() == Path::new(env!("CARGO_BIN_EXE_daicho")).file_name()
        {
            assert!(Path::new(program).exists(), "{program}");
            printed.push(command.to_owned());
        }
    }
    let ended: Vec<Ended> = printed
        .iter()
        .map(|line| daicho("http://127.0.0.1:1", line.split(' ')))
        .collect();
    for (line, ended) in printed.iter().zip(&ended) {
        assert_eq!(ended.code, 0, "{line}: {ended:?}");
        assert!(ended.output.contains("simulated time"), "{line}: {ended:?}");
    }
    assert!(ended[1].output.contains("→"), "{:?}", ended[1]);
}

/// What a page shows of a command: the lines stand in the answer in that order, next to each other but where `…` stands.
fn stands_in(shown: &[&str], said: &str) -> bool {
    let mut said = said.lines();
    let mut gap = false;
    for line in shown {
        if *line == "…" {
            gap = true;
        } else if gap {
            gap = false;
            if !said.any(|said| said == *line) {
                return false;
            }
        } else if said.next() != Some(line) {
            return false;
        }
    }
    gap || said.next().is_none()
}

#[test]
fn the_page_about_the_two_clocks_shows_what_the_demo_answers() {
    let page = include_str!("../../../docs/clocks.md");
    let folder = tempfile::tempdir().unwrap();
    let demo = served_demo(folder.path());
    let blocks = page.split("```console\n").skip(1);
    let blocks = blocks.filter_map(|block| block.split_once("```").map(|(block, _)| block));
    let mut commands = 0;
    for example in blocks.flat_map(|block| block.split("$ daicho ").skip(1)) {
        let mut lines = example.lines();
        let command = lines.next().unwrap();
        let ended = daicho(demo.address(), command.split(' '));
        let shown: Vec<&str> = lines.collect();
        assert!(
            stands_in(&shown, &ended.output),
            "{command}: shown {shown:#?}, answered {ended:#?}"
        );
        commands += 1;
    }
    assert!(10 <= commands, "{commands} commands were found on the page");
}

#[test]
fn a_page_shows_lines_that_stand_together_but_for_gaps() {
    let said = "a\nb\nc\nd\n";
    for shown in [
        &["a", "b", "c", "d"][..],
        &["…", "b", "c", "…"],
        &["a", "…", "d"],
    ] {
        assert!(stands_in(shown, said), "{shown:?}");
    }
    for shown in [
        &["a", "b", "c"][..],
        &["b", "…"],
        &["a", "c", "…"],
        &["…", "c", "…", "b", "…"],
    ] {
        assert!(!stands_in(shown, said), "{shown:?}");
    }
}

fn served_demo(folder: &Path) -> Process {
    let data = folder.join("demo");
    let words = [
        OsStr::new("demo"),
        OsStr::new("--lang"),
        OsStr::new("en"),
        OsStr::new("--data"),
    ];
    Process::start(words.into_iter().chain([data.as_os_str()]))
}
