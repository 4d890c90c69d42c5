//! What an auditor takes home and verifies there: the program alone, with files and no server.

use std::fs;
use std::path::{Path, PathBuf};

use daicho::merkle::{Fingerprint, KeyName, SignatureType, Signer as _, SigningKey, TrustPolicy};
use daicho::proof::policy;
use tempfile::TempDir;

use super::process::{Ended, Place, daicho};
use super::rounds::Sample;
use crate::process::Process;
use crate::report::inside;

/// A folder of evidence, after its server is gone.
struct Home {
    folder: TempDir,
}

/// An address where nobody listens: whoever asked it would fail.
const NOBODY: &str = "http://127.0.0.1:9";

impl Home {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn keep(&self, name: &str, ended: &Ended) {
        assert_eq!(ended.code, 0, "{name}: {ended:?}");
        fs::write(self.path(name), &ended.output).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    /// Runs `verify` in the folder; words that begin with `@` are files in it.
    fn verify(&self, line: &str) -> Ended {
        let words = line.split(' ').map(|word| match word.strip_prefix('@') {
            Some(name) => self.path(name).to_str().unwrap().to_owned(),
            None => word.to_owned(),
        });
        let words: Vec<String> = words.collect();
        let words = words.iter().map(String::as_str);
        daicho(NOBODY, std::iter::once("verify").chain(words))
    }

    #[track_caller]
    fn judged(&self, line: &str, code: i32, words: &str) -> Ended {
        let ended = self.verify(line);
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        let said = format!("{}{}", ended.output, ended.errors);
        assert!(said.contains(words), "{line}: {said}");
        ended
    }
}

/// A ledger that grew between two checkpoints, with proofs to the later one.
fn home() -> Home {
    let (place, plan, day) = Place::with_plan();
    let indicator = format!("{plan}/文化部/1-1/1.1");
    let home = Home {
        folder: tempfile::tempdir().unwrap(),
    };
    home.keep("policy", &place.daicho("trust-policy"));
    home.keep("old", &place.daicho("checkpoint"));
    let old = place.size();
    let recorded = place.daicho(&format!(
        "record {indicator} 3 --on {day} --reason 開催した"
    ));
    assert_eq!(recorded.code, 0, "{recorded:?}");
    home.keep("new", &place.daicho("checkpoint"));
    home.keep("proof", &place.daicho(&format!("proof event {old}")));
    home.keep("growth", &place.daicho(&format!("proof consistency {old}")));
    home.keep("other", &place.daicho("proof consistency 1"));
    let sizes = place.daicho("checkpoint list --json").json();
    let sizes = sizes["checkpoints"].as_array().unwrap();
    assert!(sizes.iter().any(|kept| kept["size"] == old));
    home
}

/// The lines of a file with one exchanged.
fn exchanged(text: &str, line: usize, with: impl Fn(&str) -> String) -> String {
    let lines = text.split('\n').enumerate();
    let lines = lines.map(|(at, text)| match at == line {
        true => with(text),
        false => text.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn evidence_is_verified_without_the_server() {
    let home = home();
    let checkpoint = home.judged("checkpoint @new --policy @policy", 0, "INTEGRITY");
    assert!(checkpoint.output.contains("verified"), "{checkpoint:?}");
    home.judged("proof @proof --policy @policy", 0, "to the byte");
    home.judged(
        "consistency @old @new @growth --policy @policy",
        0,
        "unchanged",
    );
    let json = home.verify("proof @proof --policy @policy --json").json();
    assert_eq!(json["exit"], 0);
    assert_eq!(json["integrity"]["outcome"], "VERIFIED");
    assert_eq!(json["completeness"]["outcome"], "NOT_SHOWN");
    assert_eq!(json["witnessed"]["outcome"], "NOT_SHOWN");
    assert_eq!(json["event"]["actor"]["subject"], "文化課");
    let told = home.judged(
        "proof @proof --policy @policy --explain --lang ja",
        0,
        "示さないこと",
    );
    for words in ["文化課", "実績報告", "開催した", "確認できた"] {
        assert!(told.output.contains(words), "{words}: {told:?}");
    }
}

#[test]
fn what_was_altered_is_told_from_what_cannot_be_decided() {
    let home = home();
    let (new, proof) = (home.read("new"), home.read("proof"));
    home.write("larger", &exchanged(&new, 1, |size| format!("{size}0")));
    home.judged("checkpoint @larger --policy @policy", 1, "TAMPERED");
    let moved = exchanged(&proof, 2, |_| "index 0".to_owned());
    home.write("moved", &moved);
    home.judged("proof @moved --policy @policy", 1, "TAMPERED");
    // One character of the first hash.
    let flip = |line: &str| {
        let other = if line.starts_with('A') { "B" } else { "A" };
        format!("{other}{}", &line[1..])
    };
    home.write("flipped", &exchanged(&proof, 3, flip));
    home.judged("proof @flipped --policy @policy", 1, "do not lead");
    home.write("forked", &exchanged(&home.read("growth"), 1, flip));
    home.judged(
        "consistency @old @new @forked --policy @policy",
        1,
        "not shown to go on",
    );

    home.judged("checkpoint @new", 2, "--policy");
    home.judged("proof @proof", 2, "--policy");
    home.judged(
        "consistency @old @new @other --policy @policy",
        2,
        "not of these two",
    );
    home.judged("checkpoint @policy --policy @policy", 2, "cannot be read");
    let name = KeyName::parse("bunka.example/daicho").unwrap();
    let stranger = SigningKey::from_seed(name, SignatureType::Ed25519, &[9; 32]);
    home.write(
        "strange",
        &policy::text(std::slice::from_ref(stranger.key())),
    );
    home.judged(
        "checkpoint @new --policy @strange",
        2,
        "no key of the policy",
    );
    let witness = KeyName::parse("witness.example").unwrap();
    let witness = SigningKey::from_seed(witness, SignatureType::CosignatureV1, &[8; 32]);
    let asked = home.read("policy").replace(
        "quorum none",
        &format!("witness w {}\nquorum w", witness.key()),
    );
    assert!(
        TrustPolicy::parse(asked.as_bytes())
            .unwrap()
            .quorum()
            .is_some()
    );
    home.write("asked", &asked);
    home.judged("proof @proof --policy @asked", 2, "too few witnesses");

    home.judged(
        "consistency @new @old @growth --policy @policy",
        3,
        "other way round",
    );
    home.judged("checkpoint @nothing --policy @policy", 3, "cannot read");
    home.judged("checkpoint @new --policy @new", 3, "not a trust policy");
    home.judged("checkpoint", 3, "");
    home.judged("checkpoint --lang ja", 3, "足りないもの");
    home.judged("print 0000 --policy @policy", 3, "");
    home.judged("print --help", 0, "Exit codes of verify");
}

#[test]
fn all_events_of_a_goal_are_shown_to_be_all() {
    let (place, plan, day) = Place::with_plan();
    let goal = format!("{plan}/文化部/1-1");
    let home = Home {
        folder: tempfile::tempdir().unwrap(),
    };
    home.keep("policy", &place.daicho("trust-policy"));
    let early = place.daicho(&format!("proof goal {goal}"));
    assert_eq!(early.code, 1, "{early:?}");
    assert!(early.errors.contains("is not recorded"), "{early:?}");

    let recorded = place.daicho("checkpoint heads");
    assert!(recorded.output.contains("recorded where"), "{recorded:?}");
    let again = place.daicho("checkpoint heads --json").json();
    assert_eq!(again["recorded"], false, "{again}");
    let size = place.size();
    home.keep("goal", &place.daicho(&format!("proof goal {goal}")));
    home.keep("plan", &place.daicho(&format!("proof plan {plan}")));
    home.keep("unit", &place.daicho("proof unit 文化部"));
    let nobody = "018b0000-0000-7000-8000-000000000009";
    home.keep(
        "nobody",
        &place.daicho(&format!("proof goal --absent {nobody}")),
    );
    for (line, words) in [
        (format!("proof goal {nobody}"), "--absent"),
        ("proof goal --absent x".to_owned(), "takes an id"),
    ] {
        let refused = place.daicho(&line);
        assert_ne!(refused.code, 0, "{line}");
        assert!(refused.errors.contains(words), "{line}: {refused:?}");
    }
    let reported = place.daicho(&format!("record {goal}/1.1 3 --on {day} --reason 開催した"));
    assert_eq!(reported.code, 0, "{reported:?}");
    home.keep("grown", &place.daicho(&format!("proof goal {goal}")));
    drop(place);

    let now = format!("(as of the checkpoint of {size} events)");
    let whole = home.judged("goal @goal --policy @policy", 0, &now);
    assert!(whole.output.contains("has exactly"), "{whole:?}");
    assert!(
        whole.output.contains(&format!("goal `{goal}`")),
        "{whole:?}"
    );
    home.judged(&format!("goal @goal {goal} --policy @policy"), 0, &now);
    home.judged("goal @plan --policy @policy", 0, &format!("plan `{plan}`"));
    home.judged("goal @unit --policy @policy --lang ja", 0, "組織「文化部」");
    home.judged("goal @nobody --policy @policy", 0, "none of the first");
    let grown = home.judged("goal @grown --policy @policy", 0, "1 are added");
    assert!(grown.output.contains("開催した") || grown.output.contains("after the recorded heads"));
    let json = home.verify("goal @grown --policy @policy --json").json();
    assert_eq!(json["completeness"]["outcome"], "VERIFIED");
    assert_eq!(json["later"].as_array().unwrap().len(), 1);
    assert_eq!(json["heads"]["size"], size - 1);

    home.judged("goal @goal", 2, "--policy");
    home.judged("goal @goal R9/x --policy @policy", 3, "is not of");
    home.judged("goal @policy --policy @policy", 2, "cannot be read");
    let goal = home.read("goal");
    let mut lines: Vec<&str> = goal.lines().collect();
    let event = lines.iter().position(|line| line.starts_with("event "));
    lines.remove(event.unwrap());
    home.write("short", &format!("{}\n", lines.join("\n")));
    home.judged("goal @short --policy @policy", 1, "events are missing");
    let altered = goal.replacen("event CAES", "event CAIS", 1);
    assert_ne!(altered, goal);
    home.write("altered", &altered);
    home.judged("goal @altered --policy @policy", 1, "do not lead");
}

#[test]
fn a_printed_fingerprint_leads_to_the_closing_it_was_printed_for() {
    let sample = Sample::on("2023-10-11");
    let folder = tempfile::tempdir().unwrap();
    let keep = |name: &str, text: &str| -> String {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        Path::to_str(&path).unwrap().to_owned()
    };
    let policy = keep("policy", &sample.done("trust-policy").output);
    let snapshots = sample.done("plan snapshots R5 --json").json();
    let known_at = snapshots["snapshots"][0]["known_at"].as_u64().unwrap();
    let closed = sample.done(&format!("checkpoint --size {known_at} --json"));
    let printed = closed.json()["checkpoint"]["fingerprint"].clone();
    let printed = printed.as_str().unwrap().to_lowercase();
    let found = sample.done(&format!("verify print {printed} --policy {policy} --json"));
    let found = found.json();
    assert_eq!(found["size"], known_at);
    assert_eq!(
        found["closings"][0]["period"],
        snapshots["snapshots"][0]["period"]
    );
    assert_eq!(found["integrity"]["outcome"], "VERIFIED");

    // Another ledger's.
    let other = sample.run_as(
        "planner",
        &format!("verify print {} --policy {policy}", strange()),
    );
    assert_eq!(other.code, 2, "{other:?}");
    let undecided = sample.run_as("planner", &format!("verify print {printed}"));
    assert_eq!(undecided.code, 2, "{undecided:?}");
}

/// The fingerprint that stands in a text, in either language.
fn fingerprint_in(text: &str) -> String {
    let printed = text.split_whitespace().rev().find_map(|word| {
        let word = word.split('&').next()?;
        word.parse::<Fingerprint>().ok()
    });
    printed
        .unwrap_or_else(|| panic!("no fingerprint: {text}"))
        .to_string()
}

#[test]
fn what_stands_under_a_table_and_on_a_page_is_found_again() {
    let sample = Sample::on("2023-10-06");
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let policy = file("policy");
    fs::write(&policy, sample.done("trust-policy").output).unwrap();
    let leads_to = |text: &str| {
        let printed = fingerprint_in(text);
        let found = sample.done(&format!("verify print {printed} --policy {policy} --json"));
        found.json()["size"].as_u64().unwrap()
    };
    let now = sample.done("ledger show --json").json()["head"]["size"]
        .as_u64()
        .unwrap();
    for line in [
        "evaluate R5 --on 2023-09-30",
        "status R5",
        "goal show R5/総務部/3-1",
        "goal history R5/総務部/3-1/1.1",
        "audit changes --limit 3",
        "audit flags",
        "report missing R5",
        "org show",
    ] {
        let told = sample.done(&format!("{line} --lang ja")).output;
        assert!(
            told.lines().last().unwrap().starts_with("指紋 "),
            "{line}: {told}"
        );
        assert_eq!(leads_to(&told), now, "{line}");
        // Programs ask for the checkpoint itself.
        assert!(
            !sample
                .done(&format!("{line} --json"))
                .output
                .contains("fingerprint"),
            "{line}"
        );
    }
    let past = sample
        .done("goal show R5/総務部/3-1 --known-at 1500")
        .output;
    assert_eq!(leads_to(&past), 1500);

    let form = file("form.xlsx");
    for line in [
        format!("report midyear R5 --known-at 1600 -o {form} --force"),
        format!("report missing R5 --known-at 1600 -o {form} --force"),
        format!("report data entries R5 --known-at 1600 --format xlsx -o {form} --force"),
    ] {
        let said = sample.done(&line).errors;
        assert_eq!(leads_to(&said), 1600, "{line}");
        let sheet = inside(&fs::read(&form).unwrap(), "xl/worksheets/sheet1.xml");
        let (_, footer) = sheet.split_once("<oddFooter>").unwrap();
        assert_eq!(
            leads_to(footer.split_once("&amp;R").unwrap().0),
            1600,
            "{line}"
        );
    }
    sample.done(&format!(
        "audit sample R5 --n 3 --seed 種 -o {form} --force"
    ));
    let sheet = inside(&fs::read(&form).unwrap(), "xl/worksheets/sheet1.xml");
    let (_, footer) = sheet.split_once("<oddFooter>").unwrap();
    assert_eq!(leads_to(footer.split_once("&amp;R").unwrap().0), now);

    let closed = sample
        .done("plan close R5 mid-year --document 5企政第90号")
        .output;
    let snapshots = sample.done("plan snapshots R5 --json").json();
    let known_at = snapshots["snapshots"][0]["known_at"].as_u64().unwrap();
    assert_eq!(leads_to(&closed), known_at);
    let printed = fingerprint_in(&closed);
    let found = sample
        .done(&format!(
            "verify print {printed} --policy {policy} --lang en"
        ))
        .output;
    assert!(found.contains("closing of R5 mid-year"), "{found}");
}

#[test]
fn a_ledger_that_cannot_sign_answers_without_fingerprints() {
    let (mut place, plan, _) = Place::with_plan();
    assert_eq!(place.server.stop(), 0);
    let keys = place.folder.path().join("data/keys");
    let key = fs::read_dir(keys).unwrap().next().unwrap().unwrap().path();
    fs::write(key, "PRIVATE+KEY+nonsense\n").unwrap();
    place.server = Process::serve(&place.folder.path().join("data"));
    let told = place.daicho("goal list");
    assert_eq!(told.code, 0, "{told:?}");
    assert!(!told.output.contains("fingerprint"), "{told:?}");
    assert!(told.errors.contains("no checkpoint can be had"), "{told:?}");
    let form = place.folder.path().join("form.xlsx");
    let line = format!("report plan {plan} -o {} --lang ja", form.display());
    assert_eq!(place.daicho(&line).code, 0);
    let sheet = inside(&fs::read(&form).unwrap(), "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("記録時点") && !sheet.contains("指紋"));
}

/// The fingerprint of a checkpoint that no server has.
fn strange() -> String {
    use daicho::merkle::{Checkpoint, Hash, TreeHead};
    let name = KeyName::parse("elsewhere.example").unwrap();
    let head = TreeHead {
        size: 3,
        root: Hash::new([3; 32]),
    };
    Fingerprint::of(&Checkpoint::new(&name, head).unwrap()).to_string()
}
