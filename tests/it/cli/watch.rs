//! `daicho goal watch` as its own process: goals again as they change, until its reader or the server ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use serde_json::Value;

use super::process::command;
use super::rounds::Sample;

const GOAL: &str = "R5/総務部/3-1";

/// A watch at work.
struct Watch {
    child: Child,
    output: BufReader<ChildStdout>,
    errors: BufReader<ChildStderr>,
}

impl Watch {
    fn of(sample: &Sample, line: &str) -> Self {
        let words = ["goal", "watch"].into_iter().chain(line.split(' '));
        let mut child = command(sample.server.address(), words)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            output: BufReader::new(child.stdout.take().unwrap()),
            errors: BufReader::new(child.stderr.take().unwrap()),
            child,
        }
    }

    /// The next goal that it prints; waits for it.
    fn line(&mut self) -> String {
        let mut line = String::new();
        assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "it goes on");
        line
    }

    /// The next remark.
    fn remark(&mut self) -> String {
        let mut line = String::new();
        self.errors.read_line(&mut line).unwrap();
        line
    }

    /// Waits until it ends by itself: its exit code, and what it said meanwhile.
    fn ended(mut self) -> (i32, String) {
        // Nobody reads its output any more.
        drop(self.output);
        let mut said = String::new();
        self.errors.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code().unwrap(), said)
    }
}

#[test]
fn a_goal_is_shown_again_when_it_changed_until_nobody_reads() {
    let sample = Sample::on("2023-10-11");
    let mut people = Watch::of(&sample, &format!("{GOAL} --lang en"));
    let first = people.line();
    for told in [GOAL, "Make office work efficient", "3 of 3 reported"] {
        assert!(first.contains(told), "{first}");
    }
    assert_eq!(people.remark(), "all is told, waiting for changes\n");
    let mut programs = Watch::of(&sample, &format!("{GOAL} --json"));
    let goal = |line: String| -> Value { serde_json::from_str(&line).unwrap() };
    let before = goal(programs.line());

    // Another goal is none of theirs.
    sample.done("record R5/建設部/1-2/2.1 3 --on 2023-10-06");
    let recorded = sample.done(&format!("record {GOAL}/1.1 1 --on 2023-10-06 --json"));
    let position = recorded.json()["receipt"]["first_position"]
        .as_u64()
        .unwrap();
    let after = goal(programs.line());
    assert_eq!(after["code"], GOAL);
    let revision = |goal: &Value| goal["revision"].as_u64().unwrap();
    assert_eq!(revision(&after), revision(&before) + 1);
    let again = people.line();
    assert!(
        again.contains(&format!("revision {}", revision(&after))),
        "{again}"
    );
    let size: u64 = again.split_whitespace().next().unwrap().parse().unwrap();
    assert!(position < size, "{again}");

    // It finds out with the next goal that it has to say.
    drop(people.output);
    drop(programs.output);
    sample.done(&format!("record {GOAL}/1.1 1 --on 2023-10-07"));
    for (mut child, mut errors) in [
        (people.child, people.errors),
        (programs.child, programs.errors),
    ] {
        assert_eq!(child.wait().unwrap().code(), Some(0));
        let mut said = String::new();
        errors.read_to_string(&mut said).unwrap();
        assert_eq!(said, "");
    }
    // From a position on only what was touched since; none of it is told twice.
    let line = format!("goal watch --from {position} --limit 1 --json");
    let since = goal(sample.done(&line).output);
    assert_eq!(
        (&since["code"], revision(&since)),
        (&GOAL.into(), revision(&after) + 1)
    );
    sample.refused("goal watch R5/無い", 3, "GOAL_UNKNOWN", "");
    sample.refused("goal watch --from 9999999", 3, "POSITION_OUT_OF_RANGE", "");
}

#[test]
fn a_watch_ends_with_its_server_and_says_how_to_go_on() {
    let mut sample = Sample::on("2023-10-11");
    let mut watches = ["ja", "en"].map(|language| {
        let mut watch = Watch::of(&sample, &format!("{GOAL} --lang {language}"));
        watch.line();
        watch.remark();
        watch
    });
    assert_eq!(sample.server.stop(), 0);
    for (watch, told) in watches
        .iter_mut()
        .zip(["サーバーが配信を終えます", "the server ends the stream"])
    {
        let remark = watch.remark();
        assert!(remark.contains(told), "{remark}");
    }
    for watch in watches {
        assert_eq!(watch.ended(), (0, String::new()));
    }

    // A server that is gone without a word is a failure, and where to go on is told.
    let mut sample = Sample::on("2023-10-11");
    let mut watches = ["ja", "en"].map(|language| {
        let mut watch = Watch::of(&sample, &format!("{GOAL} --lang {language}"));
        watch.line();
        watch.remark();
        watch
    });
    sample.server.kill();
    for watch in &mut watches {
        let mut said = String::new();
        watch.errors.read_to_string(&mut said).unwrap();
        assert!(said.contains("daicho goal watch --from "), "{said}");
    }
    for watch in watches {
        // The server cannot be reached: nobody has to be told that data is damaged.
        assert_eq!(watch.ended().0, 5);
    }
}
