//! What sections and the planning office write between two reports: confirmations, moved reports, notes, forecasts,
//! demand and calendars, on the command line against a server with the sample.

use daicho::cli::demo::{LOWERED, Served};
use serde_json::Value;

use super::process::{Ended, daicho};
use super::rounds::Sample;

/// Takes reports in pieces; its section's clerks have reported on it since April.
const IMPROVED: &str = "R5/総務部/3-1/1.1";
/// Counted in machines.
const MACHINES: &str = "R5/総務部/3-1/2.1";
/// Two indicators of one unit and form of entry.
const SAME_UNIT: [&str; 2] = ["R5/建設部/1-2/2.1", "R5/建設部/1-2/2.2"];
/// Done only as needed.
const AS_NEEDED: &str = "R5/次世代育成部/3-1/1.1";

impl Sample {
    fn size(&self) -> u64 {
        let listed = self.done("ledger list --json").json();
        listed["ledgers"][0]["head"]["size"].as_u64().unwrap()
    }

    /// Runs `line` in both languages, and looks that each ends with `code` and says its words.
    #[track_caller]
    fn told(&self, actor: &str, line: &str, code: i32, both: &[&str], ja: &str, en: &str) {
        for (language, words) in [("ja", ja), ("en", en)] {
            let ended = self.run_as(actor, &format!("{line} --lang {language}"));
            assert_eq!(ended.code, code, "{line}: {ended:?}");
            let said = format!("{}{}", ended.output, ended.errors);
            for words in both.iter().chain([&words]) {
                assert!(said.contains(words), "{line} does not say {words}: {said}");
            }
        }
    }

    fn entries(&self, indicator: &str) -> Vec<Value> {
        let history = self.done(&format!("goal history {indicator} --json"));
        history.json()["entries"].as_array().unwrap().clone()
    }
}

fn position(ended: &Ended) -> u64 {
    ended.json()["receipt"]["first_position"].as_u64().unwrap()
}

#[test]
fn somebody_else_confirms_what_was_reported_and_each_once() {
    let sample = Sample::on("2023-10-11");
    let entry = format!("{IMPROVED}@2023-10-06");
    sample.done(&format!("record {IMPROVED} 1 --on 2023-10-06"));
    let size = sample.size();
    sample.told(
        "planner",
        &format!("confirm {entry}"),
        1,
        &["SELF_CONFIRMATION"],
        "報告した人は自分の報告を確認できません",
        "whoever reported an entry cannot confirm it",
    );
    let twice = sample.run_as("課長", &format!("confirm {entry} {entry} --lang en"));
    assert_eq!(twice.code, 1, "{twice:?}");
    assert!(twice.errors.contains("given twice"), "{twice:?}");
    sample.told(
        "課長",
        &format!("confirm {IMPROVED}@2023-10-07"),
        3,
        &["2023-10-06"],
        "その実績はありません",
        "there is no such report",
    );
    assert_eq!(sample.size(), size, "what is refused leaves nothing");

    sample.told(
        "課長",
        &format!("confirm {entry} --check"),
        0,
        &[IMPROVED, "(2023-10-06)"],
        "確認した実績: なし → +1",
        "confirmed: none → +1",
    );
    assert_eq!(sample.size(), size, "a check records nothing");
    let confirmed = sample.run_as("課長", &format!("confirm {entry} --json"));
    assert_eq!(confirmed.code, 0, "{confirmed:?}");
    sample.told(
        "課長",
        &format!("confirm {entry}"),
        1,
        &["ALREADY_CONFIRMED", "2023-10-11"],
        "に確認しています",
        "you confirmed it already",
    );
    sample.told(
        "planner",
        &format!("goal history {IMPROVED}"),
        0,
        &[],
        "課長が2023-10-11確認",
        "confirmed by 課長 on 2023-10-11",
    );
    // A second pair of eyes may confirm it too; a correction is another entry, and open again.
    let also = sample.run_as("部長", &format!("confirm {entry}"));
    assert_eq!(also.code, 0, "{also:?}");
    sample.done(&format!("correct {entry} 2 --reason 数え直し"));
    let open = |actor: &str| {
        let line = format!("confirm --indicator {IMPROVED} --check --json");
        let ended = sample.run_as(actor, &line);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.json()["outcomes"].as_array().unwrap().len()
    };
    assert_eq!(open("課長"), 1);
    let all = sample.run_as("課長", &format!("confirm --indicator {IMPROVED}"));
    assert_eq!(all.code, 0, "{all:?}");
    let size = sample.size();
    sample.told(
        "課長",
        &format!("confirm --indicator {IMPROVED}"),
        0,
        &[],
        "確認する実績はありません",
        "there is nothing to confirm",
    );
    assert_eq!(sample.size(), size);
    let unconfirmed: Vec<Value> = sample
        .entries(IMPROVED)
        .into_iter()
        .filter(|entry| entry["counts"] == true)
        .filter(|entry| {
            let by = entry["confirmations"].as_array().unwrap();
            !by.iter().any(|by| by["actor"]["subject"] == "課長")
        })
        .collect();
    assert!(unconfirmed.is_empty(), "{unconfirmed:?}");
    // A section's reports at once, of many goals.
    let section = sample.run_as("課長", "confirm --section 納税課 --plan R5 --json");
    assert_eq!(section.code, 0, "{section:?}");
    let events = section.json()["outcomes"].as_array().unwrap().len();
    assert!(2 <= events, "{section:?}");
    assert_eq!(sample.size(), size + events as u64);
}

#[test]
fn a_report_is_moved_whole_or_not_at_all() {
    let sample = Sample::on("2023-10-11");
    let [from, to] = SAME_UNIT;
    let entry = format!("{from}@2023-10-06");
    let recorded = position(&sample.done(&format!("record {from} 3 --on 2023-10-06 --json")));
    let confirmed = sample.run_as("課長", &format!("confirm {entry}"));
    assert_eq!(confirmed.code, 0, "{confirmed:?}");
    let (size, entries) = (sample.size(), sample.entries(to).len());
    sample.told(
        "planner",
        &format!("move {entry} --to {MACHINES} --reason 取り違え"),
        1,
        &["UNIT_MISMATCH", "{machine}", "daicho retract"],
        "付替え先に合いません: 単位が異なります",
        "it does not fit there: the unit",
    );
    sample.told(
        "planner",
        &format!("move {entry} --to {to}"),
        1,
        &["REASON_REQUIRED", "--reason"],
        "理由",
        "give a reason",
    );
    sample.told(
        "planner",
        &format!("move {entry} --to {from} --reason 取り違え"),
        2,
        &[],
        "付替え先が同じ指標です",
        "it stands under that indicator already",
    );
    sample.told(
        "planner",
        &format!("move {entry} --to R5/建設部/1-2/9.9 --reason 取り違え"),
        3,
        &["INDICATOR_UNKNOWN"],
        "指標",
        "indicator",
    );
    assert_eq!(sample.size(), size, "what is refused leaves nothing");

    sample.told(
        "planner",
        &format!("move {entry} --to {to} --reason 取り違え --check"),
        0,
        &[from, to, "+3"],
        "記録していません",
        "→",
    );
    assert_eq!(sample.size(), size, "a check records nothing");
    sample.done(&format!("move {entry} --to {to} --reason 取り違え"));
    assert_eq!(sample.size(), size + 2);
    let (was, is) = (sample.entries(from), sample.entries(to));
    let moved = was.iter().find(|entry| entry["position"] == recorded);
    assert_eq!(moved.unwrap()["counts"], false, "{was:?}");
    assert_eq!(is.len(), entries + 1);
    let new = is
        .iter()
        .find(|entry| entry["position"] == size + 1)
        .unwrap();
    assert_eq!(new["valid_from"], "2023-10-06");
    assert_eq!(new["measurement"]["increment"], "3", "{new}");
    // What was confirmed there has to be confirmed here anew.
    assert_eq!(new["confirmations"], Value::Array(Vec::new()), "{new}");
    // Each half names the reason, and the new one what it came from.
    let told = sample.done(&format!("events read --from {size} --limit 2 --json"));
    let events: Vec<Value> = told
        .output
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    for event in &events {
        let reason = &event["fact"]["reason"];
        assert_eq!(reason["code"], "REASON_CODE_WRONG_INDICATOR", "{event}");
        assert_eq!(reason["text"], "取り違え");
    }
    assert_eq!(
        events[1]["fact"]["causation_id"],
        events[0]["fact"]["event_id"]
    );
    // It is not there to be moved again: not by its day, not by its position.
    let again = format!("move {entry} --to {to} --reason 取り違え");
    sample.told(
        "planner",
        &again,
        3,
        &[],
        "その実績はありません",
        "there is no such report",
    );
    let again = format!("move {recorded} --to {to} --reason 取り違え --lang en");
    let again = sample.run_as("planner", &again);
    assert_eq!(again.code, 1, "{again:?}");
    assert!(again.errors.contains("ALREADY_SUPERSEDED"), "{again:?}");
    assert_eq!(sample.size(), size + 2);
}

#[test]
fn notes_forecasts_and_demand_say_what_came_of_them() {
    let sample = Sample::on("2023-10-11");
    sample.told(
        "総務文書課",
        &format!("note {IMPROVED} 会場の都合 --kind cause"),
        0,
        &[IMPROVED, "→ 会場の都合"],
        "状況説明: なし",
        "narrative: none",
    );
    sample.told(
        "planner",
        "goal show R5/総務部/3-1",
        0,
        &["総務文書課", "会場の都合"],
        "要因",
        "cause",
    );
    sample.told(
        "総務文書課",
        &format!("forecast {IMPROVED} ６２ --basis 同じ回数を開く --confidence 8 --check"),
        0,
        &["→ 62"],
        "見込み",
        "forecast",
    );
    sample.done(&format!("forecast {IMPROVED} 62 --basis 同じ回数を開く"));
    let shown = sample.done(&format!("goal history {IMPROVED} --lang ja"));
    assert!(
        shown.output.contains("62件 (2023-10-11) 同じ回数を開く"),
        "{shown:?}"
    );
    let demand = sample.done(&format!(
        "demand {AS_NEEDED} 4 --on 2023-10-01 --until 2023-10-10 --lang ja"
    ));
    assert!(demand.output.contains("需要"), "{demand:?}");

    let size = sample.size();
    for (line, code, both, ja, en) in [
        (
            "note R5/総務部 遅れ".to_owned(),
            3,
            "CODE_UNKNOWN",
            "このIDやコードのものはありません",
            "daicho goal list",
        ),
        (
            "note R5 遅れ".to_owned(),
            2,
            "R5",
            "組織目標・取組内容・指標のどれでもありません",
            "neither a goal, an initiative nor an indicator",
        ),
        (
            format!("forecast {IMPROVED} R6.3.15 --basis 工期"),
            1,
            "FIELD_INVALID",
            "形式が正しくありません",
            "a value is expected, not a day",
        ),
        (
            format!("forecast {IMPROVED} 多い --basis 工期"),
            2,
            "多い",
            "数でも日付でもありません",
            "is neither a number nor a day",
        ),
        (
            format!("forecast {IMPROVED} 62 --basis 工期 --confidence 11"),
            1,
            "confidence",
            "形式が正しくありません",
            "from 0 to 10",
        ),
        (
            format!("demand {IMPROVED} 3 --on 2023-10-01"),
            1,
            "NOT_DEMAND_DRIVEN",
            "この指標は需要を記録しません",
            "demand",
        ),
        (
            format!("demand {AS_NEEDED} -3 --on 2023-10-01"),
            1,
            "demand_recorded.requests",
            "",
            "",
        ),
    ] {
        sample.told("planner", &line, code, &[both], ja, en);
    }
    assert_eq!(sample.size(), size, "what is refused leaves nothing");
}

#[test]
fn a_calendar_is_set_whole_and_every_fault_of_it_is_told_at_once() {
    let sample = Sample::on("2023-10-11");
    let size = sample.size();
    let wrong = format!(
        "plan set-calendar R5 --round a=2023-09-30,2023-09-06,2023-10-10 --round a=2023-09-01,2025-09-06,2025-10-10 \
         --except a:{IMPROVED}=none --except a:{IMPROVED}=2023-09-15,2023-09-01,2023-09-02"
    );
    let faults = [
        "rounds[0].cut_off",
        "rounds[0].exceptions[1].indicator",
        "rounds[0].exceptions[1].cut_off",
        "rounds[0].exceptions[1].fixed_on",
        "rounds[1].code",
        "rounds[1].reports_for",
        "rounds[1].cut_off",
        "rounds[1].fixed_on",
    ];
    sample.told("planner", &wrong, 1, &faults, "ほか7件", "and 7 more");
    let rounds = "--round 夏=2023-07-31,2023-08-10,2023-08-31,夏の報告,Summer \
                  --round year-end=2024-03-31,R6.4.10,令和6年4月30日,年度末";
    sample.told(
        "planner",
        &format!(
            "plan set-calendar R5 {rounds} --except 秋:{IMPROVED}=none --except 冬:{IMPROVED}=none"
        ),
        2,
        &["冬, 秋"],
        "--round にない回です",
        "no --round has the code",
    );
    sample.told(
        "planner",
        &format!("plan set-calendar R9 {rounds}"),
        3,
        &["PLAN_UNKNOWN"],
        "計画",
        "plan",
    );
    assert_eq!(sample.size(), size, "what is refused leaves nothing");

    // As the sample has it, and as it was before anybody set one.
    let before = sample.done("plan calendar R5 --json").json();
    assert!(before["event_id"].is_string(), "{before}");
    let set_at = before["position"].as_u64().unwrap();
    sample.told(
        "planner",
        &format!("plan calendar R5 --known-at {set_at}"),
        0,
        &[
            "mid-year",
            "2023-09-30",
            "2023-10-06",
            "2023-10-10",
            "year-end",
        ],
        "組込みの報告日程（設定なし） · 適用日 2023-04-01",
        "built in, none was set · in force from 2023-04-01",
    );

    let set = sample.done(&format!(
        "plan set-calendar R5 {rounds} --except 夏:{IMPROVED}=none \
         --except year-end:{MACHINES}=2024-03-31,2024-05-10,2024-05-31 --from 2023-10-09 --reason 見直し --json"
    ));
    // It is in force from its day on, and not before.
    assert_eq!(
        sample
            .done("plan calendar R5 --on 2023-10-08 --json")
            .json()["position"],
        set_at
    );
    let shown = sample.done("plan calendar --on 2023-10-09 --json").json();
    assert_eq!(shown["position"], position(&set));
    assert_eq!(shown["effective_from"], "2023-10-09");
    let codes: Vec<&Value> = shown["indicators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|indicator| &indicator["code"])
        .collect();
    assert_eq!(codes, [IMPROVED, MACHINES]);
    let position = position(&set);
    for (language, words) in [
        (
            "ja",
            [
                format!("適用日 2023-10-09 · 位置 {position}"),
                "夏の報告".to_owned(),
                "対象外".to_owned(),
            ],
        ),
        (
            "en",
            [
                format!("in force from 2023-10-09 · position {position}"),
                "Summer".to_owned(),
                "not asked".to_owned(),
            ],
        ),
    ] {
        let line = format!("plan calendar R5 --on 2023-10-09 --lang {language}");
        let shown = sample.done(&line).output;
        let own = shown.lines().find(|line| line.contains(MACHINES)).unwrap();
        assert!(own.contains("2024-05-10"), "{shown}");
        for words in words
            .iter()
            .map(String::as_str)
            .chain([IMPROVED, "2024-04-10  2024-04-30"])
        {
            assert!(shown.contains(words), "{words}: {shown}");
        }
    }
    let status = sample.done("status R5 --on 2023-10-09 --json").json();
    assert_eq!(status["rounds"], serde_json::json!(["夏", "year-end"]));
    sample.refused("plan calendar R9", 3, "PLAN_UNKNOWN", "plan");
}

#[test]
fn a_write_that_is_repeated_with_its_id_is_recorded_once() {
    let sample = Sample::on("2023-10-11");
    let [from, to] = SAME_UNIT;
    for day in ["2023-10-05", "2023-10-06"] {
        sample.done(&format!("record {from} 3 --on {day}"));
    }
    // Each changes what the same words would find if they were looked up again.
    let lines = [
        ("課長", format!("confirm {from}@2023-10-05")),
        ("課長", format!("confirm --indicator {from}")),
        (
            "planner",
            format!("move {from}@2023-10-06 --to {to} --reason 取り違え"),
        ),
        ("planner", format!("note {from} 会場の都合 --kind cause")),
        ("planner", format!("forecast {from} 62 --basis 工期")),
        ("planner", format!("demand {AS_NEEDED} 4 --on 2023-10-01")),
        (
            "planner",
            "plan set-calendar R5 --round a=2023-09-30,2023-10-06,2023-10-10".to_owned(),
        ),
    ];
    for (number, (actor, line)) in lines.iter().enumerate() {
        let id = format!("01890a5d-ac96-774b-bcce-b302099a80{number:02}");
        let line = format!("{line} --request-id {id}");
        let first = sample.run_as(actor, &format!("{line} --json"));
        assert_eq!(first.code, 0, "{line}: {first:?}");
        assert_eq!(first.json()["replayed"], false, "{line}");
        let size = sample.size();
        let again = sample.run_as(actor, &format!("{line} --json"));
        assert_eq!(again.code, 0, "{line}: {again:?}");
        assert_eq!(again.json()["replayed"], true, "{line}");
        assert_eq!(again.json()["receipt"], first.json()["receipt"], "{line}");
        let recorded = format!("{:>8}  2023-10-", position(&first));
        sample.told(
            actor,
            &line,
            0,
            &[&recorded],
            "記録済み",
            "recorded before, nothing was added now",
        );
        assert_eq!(sample.size(), size, "{line}");
    }
}

/// What `daicho demo` prints of a decision goes as it says: proposed, refused to whoever proposed it, decided by another.
#[test]
fn the_decision_that_the_demo_tells_of_goes_as_it_says() {
    let sample = Sample::on("2023-10-06");
    let waiting = sample.done("pending --json").json();
    let next = waiting["proposals"].as_array().unwrap().len() as u64 + 1;
    let address = sample.server.address();
    let address = address.trim_start_matches("http://").parse().unwrap();
    let served = Served {
        program: "daicho",
        address,
        today: "2023-10-06".parse().unwrap(),
        proposal: next,
        tokens: None,
    };
    let [propose, refuse, decide] = served.decision("x");
    let typed = |command: &str| daicho(sample.server.address(), command.split(' ').skip(1));
    let proposed = typed(&propose);
    assert_eq!(proposed.code, 0, "{proposed:?}");
    let (indicator, target) = LOWERED;
    let shown = sample.done(&format!("pending P{next} --json")).json();
    let proposal = &shown["proposals"][0];
    assert_eq!(proposal["subject"]["code"], indicator, "{shown}");
    let handed = sample.done("handover 長寿課長 --json").json();
    let open = handed["proposals"]["proposals"].as_array().unwrap();
    let numbers: Vec<&str> = open
        .iter()
        .map(|one| one["number"].as_str().unwrap())
        .collect();
    assert_eq!(numbers, ["P1", &format!("P{next}")], "{handed}");
    let told = sample.done("handover 長寿課長 --lang ja").output;
    assert!(
        told.contains("ほかの起案") && told.contains(indicator),
        "{told}"
    );
    let other = sample.done("handover 総務文書課長 --json").json();
    assert_eq!(other["proposals"]["proposals"].as_array().unwrap().len(), 0);
    let waits = "決裁待ち（数値には入っていません）";
    let (goal, _) = indicator.rsplit_once('/').unwrap();
    let shown = || sample.done(&format!("goal show {goal} --lang ja")).output;
    assert!(shown().contains(waits), "{}", shown());
    let changes = sample.done(&format!("audit changes {indicator} --limit 1 --lang ja"));
    assert!(
        changes.output.contains("起案する変更: 目標変更"),
        "{changes:?}"
    );
    let refused = typed(&refuse);
    assert_eq!(refused.code, 1, "{refused:?}");
    assert!(refused.errors.contains("SELF_APPROVAL"), "{refused:?}");
    let decided = typed(&decide);
    assert_eq!(decided.code, 0, "{decided:?}");
    assert!(decided.output.contains(target), "{decided:?}");
    assert!(!shown().contains(waits), "{}", shown());
    let again = sample.done("pending --json").json();
    let left = again["proposals"].as_array().unwrap().len() as u64;
    assert_eq!(left + 1, next, "{again}");
}
