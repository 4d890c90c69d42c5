//! `daicho bench` against a real server: what it says was stored is stored, and nothing is written where it must not be.

use serde_json::Value;

use super::process::{Place, daicho};
use crate::process::Process;

/// A short load: a fraction of a second, on few goals.
const SHORT: &str = "bench --callers 4 --connections 2 --seconds 0.3 --warm-up 0.1 --json";
/// As [`SHORT`] but for how long it takes, in seconds: a machine that has other things to do need not come to everything in the first of them.
const WITHIN: &str = "bench --callers 4 --connections 2 --warm-up 0.1 --json --seconds";
const LONGER_AND_LONGER: [&str; 4] = ["0.3", "1", "5", "30"];

fn run(server: &Process, line: &str) -> Value {
    let ended = daicho(server.address(), line.split(' '));
    assert_eq!(ended.code, 0, "{ended:?}");
    ended.json()
}

/// Runs `line` for as long as it takes until each of `wanted` was carried out, each time on a ledger of its own.
fn run_until(server: &Process, line: &str, wanted: &[&str]) -> Value {
    let mut answers = LONGER_AND_LONGER
        .iter()
        .map(|seconds| run(server, &format!("{WITHIN} {seconds} {line}")));
    let answer = answers.find(|answer| wanted.iter().all(|op| ops(answer).contains(op)));
    answer.unwrap_or_else(|| panic!("not all of {wanted:?} were carried out"))
}

fn size(server: &Process, ledger: &str) -> u64 {
    let shown = daicho(
        server.address(),
        ["ledger", "show", "--json", "--ledger", ledger],
    );
    shown.json()["head"]["size"].as_u64().unwrap()
}

fn ops(answer: &Value) -> Vec<&str> {
    let rows = answer["rows"].as_array().unwrap();
    rows.iter().map(|row| row["op"].as_str().unwrap()).collect()
}

#[test]
fn the_ledger_grows_by_what_was_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::serve(&folder.path().join("data"));
    let every =
        "append=20,get-goal=2,as-of=2,list-changes=2,evaluate=1,read-events=2,read-leaves=2";
    let mixed = format!("--goals 5 --batch 3 --conflict-rate 0.3 --mix {every}");
    let wanted = [
        "append",
        "conflict",
        "get-goal",
        "read-events",
        "read-leaves",
    ];
    let answer = run_until(&server, &mixed, &wanted);

    let ledger = answer["ledger"].as_str().unwrap().to_owned();
    let count = |answer: &Value, key: &str| answer[key].as_u64().unwrap();
    let acknowledged = count(&answer, "events_acknowledged");
    assert!(0 < acknowledged && acknowledged % 3 == 0, "{answer}");
    // One event more says how many there are.
    let after = count(&answer, "events_before") + acknowledged + 1;
    assert_eq!(
        (count(&answer, "events_after"), size(&server, &ledger)),
        (after, after)
    );
    // About what was asked for.
    let bytes = count(&answer, "event_bytes");
    assert!(bytes.abs_diff(300) <= 10, "{bytes}");
    for row in answer["rows"].as_array().unwrap() {
        assert_eq!(
            (&row["errors"], row["callers"].as_u64()),
            (&Value::from(0), Some(4)),
            "{row}"
        );
        assert!(row["p50_ms"].as_f64() <= row["max_ms"].as_f64(), "{row}");
    }

    // The same ledger again, open-loop: 200 calls a second for 0.3 s are 60, whatever the machine does meanwhile.
    let again = run(&server, &format!("{SHORT} --ledger {ledger} --rate 200"));
    assert_eq!(
        (ops(&again), count(&again, "events_before")),
        (vec!["append"], after + 2)
    );
    assert_eq!(
        count(&again, "events_acknowledged"),
        80,
        "those of the warm-up too"
    );
    assert_eq!(size(&server, &ledger), after + 2 + 80 + 1);

    // What only reads leaves nothing but the two events that say how large one is.
    let read = run(
        &server,
        &format!("{SHORT} --ledger {ledger} --mix get-goal,as-of"),
    );
    assert_eq!(count(&read, "events_acknowledged"), 0);
    assert_eq!(size(&server, &ledger), after + 2 + 80 + 1 + 2);
}

#[test]
fn what_is_submitted_on_streams_is_counted_as_what_is_appended() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::serve(&folder.path().join("data"));
    let submits = "--mix submit --goals 5 --batch 2 --conflict-rate 0.2";
    let answer = run_until(&server, submits, &["submit", "conflict"]);
    let count = |key: &str| answer[key].as_u64().unwrap();
    assert_eq!(ops(&answer), ["submit", "conflict"]);
    for row in answer["rows"].as_array().unwrap() {
        let figures = ["errors", "callers", "batch"].map(|key| row[key].as_u64());
        assert_eq!(figures, [Some(0), Some(4), Some(2)], "{row}");
    }
    let ledger = answer["ledger"].as_str().unwrap();
    let acknowledged = count("events_acknowledged");
    assert!(
        0 < acknowledged && acknowledged.is_multiple_of(2),
        "{answer}"
    );
    assert_eq!(
        size(&server, ledger),
        count("events_before") + acknowledged + 1
    );
}

#[test]
fn rows_stand_under_their_names_and_remarks_apart() {
    let folder = tempfile::tempdir().unwrap();
    let server = Process::serve(&folder.path().join("data"));
    let line = "bench --callers 1 --seconds 0.1 --warm-up 0 --goals 1 --lang ja";
    let ended = daicho(server.address(), line.split(' '));
    assert_eq!(ended.code, 0, "{ended:?}");
    let lines: Vec<&str> = ended.output.lines().collect();
    assert_eq!((lines.len(), lines[0]), (2, daicho::load::HEADER));
    let columns: Vec<&str> = lines[1].split('\t').collect();
    assert_eq!(columns[..4], ["daicho", "append", "1", "1"]);
    assert_eq!(columns.last(), Some(&"0"));
    assert!(ended.errors.contains("この台帳は消せません"), "{ended:?}");
}

#[test]
fn nothing_is_written_into_a_ledger_of_somebody() {
    let place = Place::new();
    let size = place.size();
    for line in [
        "bench --ledger bunka --seconds 0.1",
        "bench --seconds 0.1 --goals 1",
        "bench --callers 0 --mix nothing",
    ] {
        let ended = place.daicho(line);
        assert_ne!(ended.code, 0, "{line}: {ended:?}");
        assert_eq!(ended.output, "", "{line}");
    }
    let named = place.daicho("bench --ledger bunka --lang en");
    assert!(
        named.errors.contains("was not opened to be measured"),
        "{named:?}"
    );
    let beside = place.daicho("bench --lang en");
    assert!(beside.errors.contains("--beside-others"), "{beside:?}");
    let listed = place.daicho("ledger list --json").json();
    assert_eq!(listed["ledgers"].as_array().unwrap().len(), 1);
    assert_eq!(place.size(), size);
}

#[test]
fn a_server_that_is_gone_fails_the_calls_and_is_told_with_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::serve(&folder.path().join("data"));
    let address = server.address().to_owned();
    let line = "bench --callers 4 --seconds 3 --warm-up 0 --goals 5 --lang en";
    let bench = std::thread::spawn({
        let address = address.clone();
        move || daicho(&address, line.split(' '))
    });
    let grown = || {
        let listed = daicho(&address, ["ledger", "list", "--json"]).json();
        let size = listed["ledgers"][0]["head"]["size"].as_u64();
        200 < size.unwrap_or(0)
    };
    while !grown() {}
    server.kill();
    let ended = bench.join().unwrap();
    assert_eq!(ended.code, 7, "{ended:?}");
    assert!(ended.output.contains("append\t4\t1\t"), "{ended:?}");
    assert!(ended.errors.contains("calls failed"), "{ended:?}");
}

#[test]
fn every_fault_of_the_flags_is_told_at_once() {
    let line = "bench --callers 0 --mix append=0,reed --seconds x --rate -5";
    for (language, words) in [
        (
            "ja",
            [
                "「0」は1から4096",
                "重み「0」",
                "「reed」",
                "「x」",
                "「-5」",
            ],
        ),
        (
            "en",
            ["`0` is no number", "weight `0`", "`reed`", "`x`", "`-5`"],
        ),
    ] {
        // Nothing listens there: nothing is sent.
        let words_of = format!("{line} --lang {language}");
        let ended = daicho("http://127.0.0.1:9", words_of.split(' '));
        assert_eq!(ended.code, 2, "{ended:?}");
        for word in words {
            assert!(ended.errors.contains(word), "{word}: {ended:?}");
        }
    }
}
