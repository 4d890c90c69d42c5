//! Two witnesses of one ledger, one over a network and one with files that are carried, as an auditor meets them.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::process::{Ended, Place, daicho};
use crate::process::Process;

mod https;

/// An address where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9";

/// A ledger whose server knows two witnesses, and their folders.
struct Town {
    place: Place,
    plan: String,
    day: String,
    reports: u32,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| {
            let state = folder.path().join(name);
            let line = format!(
                "witness key --name {name}.example --state {}",
                state.display()
            );
            let ended = daicho(NOBODY, line.split(' '));
            assert_eq!(ended.code, 0, "{ended:?}");
            ended.output.trim_end().to_owned()
        };
        let keys = [key("near"), key("far")].join(" ");
        let server = Process::serve_with_witnesses(&folder.path().join("data"), &keys);
        let (place, plan, day) = Place::on(server, folder).planned();
        let town = Self {
            place,
            plan,
            day: day.to_string(),
            reports: 0,
        };
        let [near, far] = [town.key("near"), town.key("far")];
        town.keep("alone", "trust-policy");
        town.keep(
            "one",
            &format!("trust-policy --witness near={near} --witness far={far} --quorum 1"),
        );
        town.keep(
            "both",
            &format!("trust-policy --witness near={near} --witness far={far}"),
        );
        town
    }

    fn key(&self, name: &str) -> String {
        self.done(&format!("witness key --state @{name}"))
            .output
            .trim_end()
            .to_owned()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.folder.path().join(name)
    }

    /// Runs a line; `@` stands for the folder.
    fn run(&self, line: &str) -> Ended {
        let folder = format!("{}/", self.place.folder.path().display());
        self.place.daicho(&line.replace('@', &folder))
    }

    #[track_caller]
    fn done(&self, line: &str) -> Ended {
        self.ended(line, 0, "")
    }

    #[track_caller]
    fn ended(&self, line: &str, code: i32, words: &str) -> Ended {
        let ended = self.run(line);
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        let said = format!("{}{}", ended.output, ended.errors);
        assert!(said.contains(words), "{line}: {said}");
        ended
    }

    #[track_caller]
    fn keep(&self, name: &str, line: &str) {
        fs::write(self.path(name), self.done(line).output).unwrap();
    }

    /// One more report; the size of the ledger after it.
    fn grow(&mut self) -> u64 {
        self.reports += 1;
        let (plan, day, reports) = (&self.plan, &self.day, self.reports);
        self.done(&format!(
            "record {plan}/文化部/1-1/1.1 {reports} --on {day}"
        ));
        self.place.size()
    }

    fn near(&self) -> Process {
        let (state, logs) = (self.path("near"), self.path("alone"));
        let words = ["witness", "serve", "--state"].map(OsStr::new);
        let words = words
            .into_iter()
            .chain([state.as_os_str(), OsStr::new("--logs")]);
        Process::start(words.chain([logs.as_os_str()]))
    }

    /// What `verify.py` of a bundle says of it.
    fn python(&self, bundle: &str, policy: &str) -> (i32, String) {
        let bundle = self.path(bundle);
        let ended = Command::new("python3")
            .arg(bundle.join("verify.py"))
            .arg(&bundle)
            .arg("--policy")
            .arg(self.path(policy))
            .args(["--lang", "en"])
            .output()
            .unwrap();
        let said = String::from_utf8(ended.stdout).unwrap();
        (
            ended.status.code().unwrap(),
            said + &String::from_utf8(ended.stderr).unwrap(),
        )
    }
}

#[test]
fn two_witnesses_make_a_quorum_and_one_does_not() {
    let mut town = Town::new();
    let size = town.grow();
    let near = town.near();
    let url = near.address().to_owned();
    town.ended(&format!("witness ask {url}"), 0, "near.example");
    town.keep("first", "checkpoint");
    town.ended("verify checkpoint @first --policy @one", 0, "seen by near ");
    town.ended(
        "verify checkpoint @first --policy @both",
        2,
        "too few witnesses",
    );
    town.ended(
        "verify checkpoint @first --policy @alone",
        0,
        "asks for no witness",
    );

    // The other one has no network: files go there and come back.
    town.keep("lines", "witness sign @first --logs @alone --state @far");
    let lines = fs::read_to_string(town.path("lines")).unwrap();
    assert!(lines.starts_with("\u{2014} far.example ") && lines.lines().count() == 1);
    town.ended("checkpoint cosign @lines", 2, "--size");
    town.ended(
        &format!("checkpoint cosign @lines --size {size}"),
        0,
        "far.example",
    );
    // Again is nothing new.
    town.ended(
        &format!("checkpoint cosign @lines --size {size}"),
        0,
        "had them already",
    );
    let listed = town.done("checkpoint list --lang en").output;
    let row = listed
        .lines()
        .find(|line| line.trim_start().starts_with(&format!("{size} ")));
    assert!(row.unwrap().contains(" 2 "), "{listed}");

    // The ledger grows; each goes on from what it saw.
    let grown = town.grow();
    town.ended(&format!("witness ask {url}"), 0, "near.example");
    town.keep("second", "checkpoint");
    let refused = town.ended(
        "witness sign @second --logs @alone --state @far",
        1,
        "a proof from there",
    );
    assert!(
        refused
            .errors
            .contains(&format!("proof consistency {size} {grown}")),
        "{refused:?}"
    );
    town.keep("growth", &format!("proof consistency {size}"));
    town.keep("wrong", &format!("proof consistency {}", size - 1));
    town.ended(
        "witness sign @wrong --logs @alone --state @far",
        1,
        "a proof from there",
    );
    town.keep("lines", "witness sign @growth --logs @alone --state @far");
    town.done(&format!("checkpoint cosign @lines --size {grown}"));
    town.ended(
        &format!("witness ask {url} --size {size}"),
        4,
        "nothing earlier",
    );

    town.keep("second", "checkpoint");
    town.keep("proof", "proof event 2");
    town.done("bundle @bundle");
    for line in ["checkpoint @second", "proof @proof", "bundle @bundle"] {
        let told = town.ended(&format!("verify {line} --policy @both"), 0, "seen by near ");
        assert!(told.output.contains(", far "), "{told:?}");
    }
    let (code, said) = town.python("bundle", "both");
    assert_eq!(code, 0, "{said}");
    assert!(
        said.contains("far.example") && said.contains("near.example"),
        "{said}"
    );

    // Once more grown, with one only: both verifiers see that it does not do.
    town.grow();
    town.ended(&format!("witness ask {url}"), 0, "near.example");
    town.done("bundle @later");
    town.ended(
        "verify bundle @later --policy @both",
        2,
        "too few witnesses",
    );
    town.ended("verify bundle @later --policy @one", 0, "seen by near ");
    assert_eq!(town.python("later", "both").0, 2);
    assert_eq!(town.python("later", "one").0, 0);
    // A bundle is all that the witness without a network needs to go on.
    town.keep("lines", "witness sign @later --logs @alone --state @far");
    let now = town.place.size();
    town.done(&format!("checkpoint cosign @lines --size {now}"));
    town.keep("third", "checkpoint");
    town.ended(
        "verify checkpoint @third --policy @both",
        0,
        "seen by near ",
    );
    let list = town.done("witness list --state @far --json").json();
    assert_eq!(list["seen"][0]["size"], now);
}

#[test]
fn a_false_cosignature_of_a_trusted_key_fails() {
    let mut town = Town::new();
    town.grow();
    town.keep("before", "checkpoint");
    let size = town.place.size();
    town.keep("lines", "witness sign @before --logs @alone --state @far");
    town.done(&format!("checkpoint cosign @lines --size {size}"));
    town.done("bundle @bundle");
    town.ended("verify bundle @bundle --policy @one", 0, "seen by far ");
    // One character of the witness's line, in the middle of its base64.
    let altered = |note: &str| {
        let at = note.trim_end().len() - 40;
        let other = if &note[at..=at] == "A" { "B" } else { "A" };
        format!("{}{other}{}", &note[..at], &note[at + 1..])
    };
    let path = town.path("bundle").join("checkpoint");
    let note = fs::read_to_string(&path).unwrap();
    fs::write(town.path("forged"), altered(&note)).unwrap();
    fs::write(&path, altered(&note)).unwrap();
    town.ended("verify checkpoint @forged --policy @one", 1, "TAMPERED");
    // Whoever does not know the witness cannot see it.
    town.ended("verify checkpoint @forged --policy @alone", 0, "");
    town.ended("verify bundle @bundle --policy @one", 1, "TAMPERED");
    assert_eq!(town.python("bundle", "one").0, 1);

    // The server takes it for nothing, nor a witness that it does not know, nor lines of another checkpoint.
    town.ended("checkpoint cosign @forged", 1, "COSIGNATURE_FALSE");
    town.done("witness key --state @strange --name strange.example");
    town.keep(
        "strange.lines",
        "witness sign @before --logs @alone --state @strange",
    );
    town.ended(
        &format!("checkpoint cosign @strange.lines --size {size}"),
        3,
        "WITNESS_UNKNOWN",
    );
    let grown = town.grow();
    town.done("checkpoint");
    town.ended(
        &format!("checkpoint cosign @lines --size {grown}"),
        1,
        "COSIGNATURE_FALSE",
    );
    town.ended(
        &format!("checkpoint cosign @lines --size {}", grown + 9),
        3,
        "CHECKPOINT_NOT_KEPT",
    );
}

#[test]
fn a_witness_that_cannot_be_asked_says_why() {
    let town = Town::new();
    town.ended("witness ask ftp://witness.example", 2, "http");
    town.ended(&format!("witness ask {NOBODY}"), 5, "not reached");
    // Not a witness at all: the ledger's own server.
    let ledger = town.place.server.address().to_owned();
    let ended = town.run(&format!("witness ask {ledger}"));
    assert!([1, 5, 7].contains(&ended.code), "{ended:?}");
    // A witness that knows another log.
    let near = town.near();
    fs::write(town.path("none"), "quorum none\n").unwrap();
    town.ended(
        "witness sign @alone --logs @none --state @far",
        2,
        "which logs",
    );
    town.ended("witness list --state @near", 9, "another process");
    town.ended("witness key --state @new", 2, "--name");
    drop(near);
    town.ended("witness list --state @near", 0, "nothing was cosigned");
    town.ended("trust-policy --witness near", 2, "NAME=VKEY");
    let near = town.key("near");
    town.ended(
        &format!("trust-policy --witness near={near} --quorum 2"),
        2,
        "make no policy",
    );
}
