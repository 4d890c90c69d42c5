//! What a section chief takes home of the own goals, from a server that asks for tokens, and verifies without one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::process::{Ended, daicho};
use super::sign_in::{Demo, NOBODY, refused, typed};
use crate::process::Process;

const CHIEF: &str = "長寿課長";
const DIRECTOR: &str = "福祉健康部長";
const AUDITOR: &str = "監査委員";
const CLERK: &str = "長寿課 入力担当";

/// A demo that is signed in to, with the heads of everything recorded.
struct Office {
    demo: Demo,
    server: Process,
    taken: TempDir,
}

impl Office {
    fn new() -> Self {
        let demo = Demo::new();
        let server = demo.serve(&["--sign-in"]);
        let office = Self {
            demo,
            server,
            taken: tempfile::tempdir().unwrap(),
        };
        office.done(AUDITOR, "checkpoint heads");
        office
    }

    fn asks(&self, who: &str, line: &str) -> Ended {
        typed(&self.server, line, &self.demo.tokens(), who)
    }

    #[track_caller]
    fn done(&self, who: &str, line: &str) -> Ended {
        let ended = self.asks(who, line);
        assert_eq!(ended.code, 0, "{who} {line}: {ended:?}");
        ended
    }

    fn path(&self, name: &str) -> String {
        self.taken.path().join(name).to_str().unwrap().to_owned()
    }

    /// Keeps what a command prints.
    fn keeps(&self, name: &str, ended: &Ended) -> String {
        let path = self.path(name);
        fs::write(&path, &ended.output).unwrap();
        path
    }

    /// Codes of goals, as somebody lists them.
    fn goals(&self, who: &str, more: &str) -> Vec<String> {
        let line = format!("goal list --limit 1000 --json{more}");
        let listed = self.done(who, &line).json();
        let goals = listed["goals"].as_array().unwrap().iter();
        let mut codes: Vec<String> = goals.map(|goal| text(&goal["code"])).collect();
        codes.sort();
        codes
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Every file below a folder, by its path there.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        match path.is_dir() {
            true => {
                let below = files(&path).into_iter();
                found.extend(below.map(|(path, bytes)| (format!("{name}/{path}"), bytes)));
            }
            false => {
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// Runs the commands of a guide in its folder, as it says; returns what each came to.
fn follows(folder: &Path, guide: &str) -> Vec<(String, Ended)> {
    let text = fs::read_to_string(folder.join(guide)).unwrap();
    let lines = text
        .lines()
        .filter_map(|line| line.strip_prefix("  daicho "));
    let run = |line: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
        command.args(line.split(' ')).current_dir(folder);
        command.env("DAICHO_SERVER", NOBODY).env("LC_ALL", "C");
        (line.to_owned(), Ended::of(command))
    };
    lines.map(run).collect()
}

#[test]
fn a_chief_proves_the_own_goals_and_is_told_nothing_beside_them() {
    let office = Office::new();
    let policy = office.keeps("policy.txt", &office.done(CHIEF, "trust-policy"));
    let own = office.goals(CHIEF, " --section 長寿課");
    let all = office.goals(AUDITOR, "");
    assert!(!own.is_empty() && own.len() < all.len(), "{own:?}");

    let proof = office.done(CHIEF, &format!("proof goal {}", own[0]));
    let file = office.keeps("own.stream-proof", &proof);
    let verified = daicho(NOBODY, ["verify", "goal", &file, "--policy", &policy]);
    assert_eq!(verified.code, 0, "{verified:?}");
    // Everybody may read the goals of the sample, for what they measure is PUBLIC; to verify them is another thing.
    let other = all.iter().find(|code| !own.contains(code)).unwrap();
    let ended = office.asks(CHIEF, &format!("proof goal {other}"));
    refused(&ended, 1, &["NOT_RESPONSIBLE_UNIT"]);
    let ended = office.asks(CHIEF, "proof goal R5/無い部/9-9");
    refused(&ended, 3, &["GOAL_UNKNOWN"]);

    let events = office.done(CHIEF, "events read --json").output;
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let own_positions: Vec<u64> = events.iter().map(position).collect();
    assert!(own_positions.len() > own.len(), "{own_positions:?}");
    let (first, last) = (own_positions[0], own_positions[own_positions.len() - 1]);
    for position in [first, last] {
        let proof = office.done(CHIEF, &format!("proof event {position}"));
        let file = office.keeps("event.tlog-proof", &proof);
        let verified = daicho(NOBODY, ["verify", "proof", &file, "--policy", &policy]);
        assert_eq!(verified.code, 0, "{verified:?}");
    }
    // Of another position nothing is told, whether it is written or not.
    let others = (0..last).filter(|position| !own_positions.contains(position));
    let others: Vec<u64> = others.take(5).chain([last + 1_000_000]).collect();
    let told: Vec<Ended> = others
        .iter()
        .map(|position| office.asks(CHIEF, &format!("proof event {position}")))
        .collect();
    for ended in &told {
        refused(ended, 3, &["EVENT_UNKNOWN"]);
        assert_eq!(ended.errors, told[0].errors);
    }
    for line in ["proof event 0", "events read"] {
        refused(&office.asks(CLERK, line), 1, &["NOT_PERMITTED"]);
    }
    let whole = office.path("whole");
    let line = format!("bundle {whole}");
    refused(&office.asks(CHIEF, &line), 1, &["NOT_PERMITTED"]);
}

fn position(event: &Value) -> u64 {
    let position = &event["position"];
    let text = position.as_str().map(str::to_owned);
    text.unwrap_or_else(|| position.to_string())
        .parse()
        .unwrap()
}

#[test]
fn a_folder_of_the_own_unit_verifies_as_its_guides_say() {
    let office = Office::new();
    let own = office.goals(CHIEF, " --section 長寿課");
    let folder = office.path("own");
    let made = office.done(CHIEF, &format!("bundle {folder} --unit 長寿課 --json"));
    let told = made.json();
    let listed = told["goals"].as_array().unwrap().iter();
    let mut codes: Vec<String> = listed.map(|goal| text(&goal["code"])).collect();
    codes.sort();
    assert_eq!(codes, own);
    assert_eq!(told["left_out"].as_array().unwrap().len(), 0, "{told}");

    let found = files(Path::new(&folder));
    let proofs = found.keys().filter(|path| path.starts_with("goals/"));
    assert_eq!(proofs.count(), own.len());
    for name in ["checkpoint", "keys.txt", "policy.txt"] {
        assert!(!found[name].is_empty(), "{name}");
    }
    for guide in ["README.txt", "README.ja.txt"] {
        let ended = follows(Path::new(&folder), guide);
        assert_eq!(ended.len(), own.len() + 1, "{guide}");
        for (line, ended) in ended {
            assert_eq!(ended.code, 0, "{line}: {ended:?}");
        }
        let text = String::from_utf8(found[guide].clone()).unwrap();
        assert!(text.lines().all(|line| line.trim_end() == line), "{guide}");
        assert!(
            own.iter().all(|code| text.contains(code.as_str())),
            "{guide}"
        );
    }

    // The same again is the same to the byte, and is written over nothing.
    let size = &told["size"];
    let again = office.path("again");
    let line = format!("bundle {again} --unit 長寿課 --size {size}");
    office.done(CHIEF, &line);
    assert_eq!(files(Path::new(&again)), found);
    refused(&office.asks(CHIEF, &line), 2, &["is not empty"]);
    assert_eq!(files(Path::new(&again)), found);

    // Proofs of two goals that changed places are not what the guide says.
    let mut proofs = found.keys().filter(|path| path.starts_with("goals/"));
    let (one, other) = (proofs.next().unwrap(), proofs.next().unwrap());
    fs::write(Path::new(&again).join(one), &found[other]).unwrap();
    fs::write(Path::new(&again).join(other), &found[one]).unwrap();
    for (line, ended) in follows(Path::new(&again), "README.txt") {
        let is_swapped = line.contains(one.as_str()) || line.contains(other.as_str());
        assert_eq!(
            ended.code,
            if is_swapped { 3 } else { 0 },
            "{line}: {ended:?}"
        );
    }

    // An altered byte of an event is found.
    let (path, bytes) = found
        .iter()
        .find(|(path, _)| path.starts_with("goals/"))
        .unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    let line = text.lines().max_by_key(|line| line.len()).unwrap();
    let middle = line.len() / 2;
    let other = if line.as_bytes()[middle] == b'A' {
        "B"
    } else {
        "A"
    };
    let altered = format!("{}{other}{}", &line[..middle], &line[middle + 1..]);
    let file = Path::new(&folder).join(path);
    fs::write(&file, text.replace(line, &altered)).unwrap();
    let policy = format!("{folder}/policy.txt");
    let words = [
        "verify",
        "goal",
        file.to_str().unwrap(),
        "--policy",
        &policy,
    ];
    assert_eq!(daicho(NOBODY, words).code, 1);
}

#[test]
fn a_folder_holds_what_whoever_asks_may_verify_and_says_what_not() {
    let office = Office::new();
    let own = office.goals(CHIEF, " --section 長寿課");
    let department = office.goals(DIRECTOR, " --department 福祉健康部");
    assert!(own.len() < department.len());
    let bundle = |who: &str, name: &str, unit: &str| {
        let folder = office.path(name);
        office.asks(who, &format!("bundle {folder} --unit {unit} --json"))
    };
    let codes = |ended: &Ended| -> Vec<String> {
        assert_eq!(ended.code, 0, "{ended:?}");
        let told = ended.json();
        let goals = told["goals"].as_array().unwrap().iter();
        goals.map(|goal| text(&goal["code"])).collect()
    };
    let by_director = bundle(DIRECTOR, "all", "福祉健康部");
    assert_eq!(codes(&by_director), department);
    let by_chief = bundle(CHIEF, "part", "福祉健康部");
    assert_eq!(codes(&by_chief), own);
    let told = by_chief.json();
    let left_out: Vec<String> = told["left_out"]
        .as_array()
        .unwrap()
        .iter()
        .map(text)
        .collect();
    let others: Vec<&String> = department
        .iter()
        .filter(|code| !own.contains(code))
        .collect();
    assert_eq!(left_out.iter().collect::<Vec<_>>(), others);
    let guide = fs::read_to_string(Path::new(&office.path("part")).join("README.txt")).unwrap();
    let (_, said) = guide.split_once("Not in it").unwrap();
    assert!(
        others.iter().all(|code| said.contains(code.as_str())),
        "{said}"
    );

    // Everybody may read those of another department, for what they measure is PUBLIC.
    let all = office.goals(AUDITOR, "");
    let mut elsewhere = all.iter().filter_map(|code| code.split('/').nth(1));
    let elsewhere = elsewhere.find(|unit| *unit != "福祉健康部").unwrap();
    refused(
        &bundle(CHIEF, "other", elsewhere),
        1,
        &["none is yours to verify"],
    );
    refused(
        &bundle(CLERK, "clerk", "長寿課"),
        1,
        &["none is yours to verify"],
    );
    refused(&bundle(CHIEF, "none", "無い課"), 3, &["CODE_UNKNOWN"]);
    refused(&bundle(CHIEF, "plan", "R5"), 2, &["is no unit"]);
}
