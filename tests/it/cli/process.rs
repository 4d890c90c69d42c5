//! The command line as its own process, against a real server.

use std::path::Path;
use std::process::{Command, Stdio};

use daicho::clock::system_now;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::Process;

/// A table of one goal with an indicator of each common kind.
pub(super) const TABLE: &str = "\
部,柱,組織目標,取組内容,課等,目標達成基準
文化部,(1) 開かれた文化,文化に親しむ機会をつくる,①催しを開く,文化課,催しの開催 12回
,,,,,来場者の満足度 80%以上
,,,②計画を立てる,文化課,文化計画の策定
";

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ended {
    /// Runs a command to its end.
    pub(crate) fn of(mut command: Command) -> Self {
        let ended = command.output().unwrap();
        Self {
            code: ended.status.code().unwrap(),
            output: String::from_utf8(ended.stdout).unwrap(),
            errors: String::from_utf8(ended.stderr).unwrap(),
        }
    }

    pub(super) fn json(&self) -> Value {
        assert_eq!(
            self.output.lines().count(),
            1,
            "one object on one line: {self:?}"
        );
        serde_json::from_str(&self.output).unwrap()
    }
}

/// A server with one ledger, and a folder for files.
pub(super) struct Place {
    pub(super) server: Process,
    pub(super) folder: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(Process::serve(&folder.path().join("data")), folder)
    }

    /// With a server on that folder which was started otherwise.
    pub(super) fn on(server: Process, folder: TempDir) -> Self {
        let place = Self { server, folder };
        let opened =
            place.daicho("ledger open bunka --name 文化市 --origin bunka.example/daicho --json");
        assert_eq!(opened.code, 0, "{opened:?}");
        place
    }

    /// With the plan of [`TABLE`] for the fiscal year of today.
    pub(super) fn with_plan() -> (Self, String, Date) {
        Self::new().planned()
    }

    /// The same, of a place that has none yet.
    pub(super) fn planned(self) -> (Self, String, Date) {
        let place = self;
        let today = system_now()
            .to_zoned(TimeZone::get("Asia/Tokyo").unwrap())
            .date();
        let year = if today.month() < 4 {
            today.year() - 1
        } else {
            today.year()
        };
        let imported = place.import("plan.csv", TABLE, year);
        assert_eq!(imported.code, 0, "{imported:?}");
        let code = imported.json()["plan"].as_str().unwrap().to_owned();
        (place, code, Date::new(year, 4, 1).unwrap())
    }

    pub(super) fn import(&self, name: &str, table: &str, year: i16) -> Ended {
        let file = self.folder.path().join(name);
        std::fs::write(&file, table).unwrap();
        self.daicho(&format!(
            "plan import {} --year {year} --json",
            file.display()
        ))
    }

    /// Runs a line of words without spaces in them.
    pub(super) fn daicho(&self, line: &str) -> Ended {
        daicho(self.server.address(), line.split(' '))
    }

    pub(super) fn size(&self) -> u64 {
        let listed = self.daicho("ledger list --json");
        listed.json()["ledgers"][0]["head"]["size"]
            .as_u64()
            .unwrap()
    }
}

pub(crate) fn daicho<'a>(server: &str, words: impl IntoIterator<Item = &'a str>) -> Ended {
    Ended::of(command(server, words))
}

pub(crate) fn command<'a>(server: &str, words: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_daicho"));
    command
        .args(words)
        .env("DAICHO_SERVER", server)
        .env("DAICHO_ACTOR", "文化課")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    command
}

#[test]
fn a_report_is_recorded_corrected_and_retracted() {
    let (place, plan, day) = Place::with_plan();
    let indicator = format!("{plan}/文化部/1-1/1.1");
    let actual = |ended: &Ended| ended.json()["outcomes"][0]["after"]["actual"].clone();

    let recorded = place.daicho(&format!("record {indicator} ５ --on {day} --json"));
    assert_eq!(recorded.code, 0, "{recorded:?}");
    assert_eq!(actual(&recorded)["number"]["value"], "5");
    assert!(recorded.errors.contains("read `５` as 5"), "{recorded:?}");

    let corrected = place.daicho(&format!(
        "correct {indicator}@{day} 4 --reason 転記誤り --json"
    ));
    assert_eq!(corrected.code, 0, "{corrected:?}");
    assert_eq!(actual(&corrected)["number"]["value"], "4");
    assert_eq!(
        corrected.json()["outcomes"][0]["before"]["actual"]["number"]["value"],
        "5"
    );

    let position = corrected.json()["receipt"]["first_position"]
        .as_u64()
        .unwrap();
    let retracted = place.daicho(&format!("retract {position} --reason 重複 --json"));
    assert_eq!(retracted.code, 0, "{retracted:?}");
    assert!(actual(&retracted)["no_report"].is_object(), "{retracted:?}");

    let history = place.daicho(&format!("goal history {indicator} --json"));
    let entries = history.json()["entries"].as_array().unwrap().len();
    assert_eq!(entries, 2, "{history:?}");
}

#[test]
fn who_changed_a_target_is_one_command() {
    let (place, plan, day) = Place::with_plan();
    let indicator = format!("{plan}/文化部/1-1/1.1");
    let revised = place.daicho(&format!(
        "target revise {indicator} 10 --effective {day} --reason-code budget --reason 予算の減 --document 8文第1号"
    ));
    assert_eq!(revised.code, 0, "{revised:?}");
    let changes = place.daicho(&format!(
        "audit changes {indicator} --type target-revised --lang ja"
    ));
    assert_eq!(changes.code, 0, "{changes:?}");
    for told in ["文化課", "12", "10", "予算: 予算の減", "8文第1号"] {
        assert!(changes.output.contains(told), "{told}: {changes:?}");
    }
    let same = place.daicho(&format!(
        "target revise {indicator} 10 --effective {day} --reason 再"
    ));
    assert_eq!(same.code, 1, "{same:?}");
    assert!(same.errors.contains("TARGET_UNCHANGED"), "{same:?}");
}

#[test]
fn the_two_clocks_stand_on_every_reading_command() {
    let (place, plan, day) = Place::with_plan();
    let (goal, indicator) = (
        format!("{plan}/文化部/1-1"),
        format!("{plan}/文化部/1-1/1.1"),
    );
    let size = place.size();
    // What is recorded from here on is not known at `size`.
    for amount in ["1", "2"] {
        let line = format!("record {indicator} {amount} --on {day} --json");
        assert_eq!(place.daicho(&line).code, 0);
    }
    for (line, has_day) in [
        ("goal list".to_owned(), true),
        (format!("goal list --include-upcoming --find {plan}"), true),
        (format!("goal show {goal}"), true),
        (format!("goal history {indicator}"), true),
        (format!("plan show {plan}"), true),
        (format!("plan periods {plan}"), true),
        ("policy list".to_owned(), true),
        ("ledger show".to_owned(), true),
        ("org show --include-inactive".to_owned(), true),
        ("org show 文化課".to_owned(), true),
        (format!("org show {indicator}"), true),
        ("audit flags".to_owned(), true),
        (format!("goal history {goal}"), false),
    ] {
        let asked = format!("{line} --on {day} --known-at {size}");
        let ended = place.daicho(&format!("{asked} --json"));
        assert_eq!(ended.code, 0, "{asked}: {ended:?}");
        let at = &ended.json()["answered_at"];
        assert_eq!(at["known_at"], size, "{asked}: {at}");
        let on = if has_day {
            day.to_string()
        } else {
            String::new()
        };
        assert_eq!(at["effective_on"], on, "{asked}: {at}");
        let heading = if has_day {
            format!("for {day} · as known at {size} events")
        } else {
            format!("as known at {size} events")
        };
        let table = place.daicho(&format!("{asked} --lang en"));
        let head: Vec<&str> = table.output.lines().take(3).collect();
        assert!(
            head.iter().any(|line| line.trim() == heading),
            "{asked}: {head:?}"
        );
    }
    // The day before the plan begins, nothing of it stands; it stands among what is to come.
    let before = day.yesterday().unwrap();
    let goals = |more: &str| {
        let ended = place.daicho(&format!("goal list --on {before} --json{more}"));
        ended.json()["goals"].as_array().map(Vec::len)
    };
    assert_eq!(
        (goals(""), goals(" --include-upcoming")),
        (Some(0), Some(1))
    );
    // A form that the plan does not use finds what it has; what nobody wrote finds nothing.
    let find = |words: &str| {
        let ended = place.daicho(&format!("goal list --find {words} --json"));
        ended.json()["total"].as_u64()
    };
    assert_eq!((find("滿足度"), find("不満")), (Some(1), Some(0)));
    // Changes are known at a size and may hold by a day.
    let changes = |more: &str| {
        let ended = place.daicho(&format!("audit changes {indicator} --json {more}"));
        ended.json()["changes"].as_array().map(Vec::len)
    };
    let known = changes(&format!("--known-at {size}"));
    assert_eq!(
        changes("--has-reason=false").zip(known),
        Some((known.unwrap() + 2, known.unwrap()))
    );
    assert_eq!(changes("--corrections"), Some(0));
    assert_eq!(changes("--client nobody"), Some(0));
    let drawn = place.daicho(&format!(
        "audit sample {indicator} --n 500 --seed x --known-at {size} --json"
    ));
    assert_eq!(drawn.json()["population"].as_u64(), known.map(|n| n as u64));
    let future = place.daicho(&format!("goal list --known-at {}", size + 3));
    assert!(future.errors.contains("AS_OF_SIZE_IN_FUTURE"), "{future:?}");
}

#[test]
fn the_value_takes_the_form_of_the_indicator() {
    let (place, plan, day) = Place::with_plan();
    let goal = format!("{plan}/文化部/1-1");
    let evidence = place.folder.path().join("計画.pdf");
    std::fs::write(&evidence, b"plan").unwrap();
    let milestone = place.daicho(&format!(
        "record {goal}/2.1 completed --on {day} --evidence {} --json",
        evidence.display()
    ));
    assert_eq!(milestone.code, 0, "{milestone:?}");
    let share = place.daicho(&format!("record {goal}/1.2 80 --on {day}"));
    assert_eq!(share.code, 2, "{share:?}");
    assert!(share.errors.contains("5430/9980"), "{share:?}");
    let share = place.daicho(&format!("record {goal}/1.2 45/50 --on {day} --json"));
    assert_eq!(share.code, 0, "{share:?}");
    let nil = place.daicho(&format!(
        "record {goal}/1.1 --nil no-activity --on {day} --json"
    ));
    assert_eq!(nil.code, 0, "{nil:?}");
}

#[test]
fn a_call_that_is_repeated_with_its_id_is_recorded_once() {
    let (place, plan, day) = Place::with_plan();
    let line = format!(
        "record {plan}/文化部/1-1/1.1 5 --on {day} --json --request-id 01890a5d-ac96-774b-bcce-b302099a8057"
    );
    let first = place.daicho(&line);
    assert_eq!(
        (first.code, first.json()["replayed"].as_bool()),
        (0, Some(false)),
        "{first:?}"
    );
    let size = place.size();
    let second = place.daicho(&line);
    assert_eq!(
        (second.code, second.json()["replayed"].as_bool()),
        (0, Some(true)),
        "{second:?}"
    );
    assert_eq!(second.json()["receipt"], first.json()["receipt"]);
    assert_eq!(place.size(), size);
}

#[test]
fn a_check_records_nothing_and_tells_everything() {
    let (place, plan, day) = Place::with_plan();
    let size = place.size();
    let fine = place.daicho(&format!(
        "record {plan}/文化部/1-1/1.1 5 --on {day} --check --json"
    ));
    assert_eq!(
        (fine.code, fine.json()["validated"].as_bool()),
        (0, Some(true)),
        "{fine:?}"
    );
    let wrong = place.daicho(&format!(
        "record {plan}/文化部/1-1/1.1 -5 --on 1999-04-01 --check --json"
    ));
    assert_eq!(wrong.code, 1, "{wrong:?}");
    assert!(
        2 <= wrong.json()["faults"].as_array().unwrap().len(),
        "{wrong:?}"
    );
    assert_eq!(place.size(), size);
}

#[test]
fn every_exit_code_means_what_help_says() {
    let (place, plan, day) = Place::with_plan();
    let indicator = format!("{plan}/文化部/1-1/1.2");
    let code = |line: &str| place.daicho(line).code;
    assert_eq!(code("plan show"), 0);
    assert_eq!(code(&format!("record {indicator} 1/0 --on {day}")), 1);
    assert_eq!(code(&format!("record {indicator} 1/2 --on 2023-02-30")), 2);
    assert_eq!(code(&format!("record {indicator} --on {day}")), 2);
    assert_eq!(code("goal show R1/どこにもない"), 3);
    assert_eq!(code("events read --from 99999"), 3);
    assert_eq!(code(&format!("record {indicator} 1/2 --on {day}")), 0);
    assert_eq!(code(&format!("record {indicator} 1/2 --on {day}")), 4);
    assert_eq!(
        code("ledger open bunka --name 別市 --origin b.example/daicho"),
        4
    );
    assert_eq!(daicho("http://127.0.0.1:1", ["goal", "list"]).code, 5);
    assert_eq!(daicho("not a url", ["goal", "list"]).code, 2);
}

#[test]
fn an_unknown_code_is_answered_with_codes_that_begin_so() {
    let (place, plan, day) = Place::with_plan();
    let refused = place.daicho(&format!("record {plan}/文化部/1-1/1 5 --on {day}"));
    assert_eq!(refused.code, 3);
    assert!(
        refused.errors.contains(&format!("{plan}/文化部/1-1/1.1 ")),
        "{refused:?}"
    );
}

#[test]
fn events_are_read_one_a_line_and_followed() {
    let (place, _, _) = Place::with_plan();
    let size = place.size();
    let read = place.daicho("events read --json");
    let positions: Vec<u64> = read
        .output
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["position"]
                .as_u64()
                .unwrap()
        })
        .collect();
    assert_eq!(positions, (0..size).collect::<Vec<_>>());
    let followed = place.daicho("events follow --from 1 --limit 2 --json");
    assert_eq!(
        (followed.code, followed.output.lines().count()),
        (0, 2),
        "{followed:?}"
    );
    let leaves = place.daicho("events read --from 1 --limit 2 --leaves --json");
    let first: Value = serde_json::from_str(leaves.output.lines().next().unwrap()).unwrap();
    assert_eq!(first["position"], 1);
    assert!(50 < first["leaf_hex"].as_str().unwrap().len(), "{leaves:?}");
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let (place, _, _) = Place::with_plan();
    let mut reading = command(place.server.address(), ["events", "read", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(reading.stdout.take());
    let ended = reading.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
}

#[test]
fn nobody_is_asked_without_a_name() {
    let mut asking = command("http://127.0.0.1:1", ["goal", "list"]);
    for name in ["DAICHO_ACTOR", "USER", "LOGNAME", "USERNAME"] {
        asking.env_remove(name);
    }
    let ended = asking.output().unwrap();
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("--as NAME"));
}

#[test]
fn a_period_goes_from_its_opening_to_its_next_actions() {
    let (place, plan, day) = Place::with_plan();
    let indicator = format!("{plan}/文化部/1-1/1.1");
    let goal = format!("{plan}/文化部/1-1");
    let told = |line: String, code: i32, words: &[&str]| {
        let ended = place.daicho(&line);
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        let said = format!("{}{}", ended.output, ended.errors);
        for word in words {
            assert!(said.contains(word), "{line} does not say {word}: {said}");
        }
        ended
    };
    let file = place.folder.path().join("grades.toml");
    let rubric = "code = \"city-grades\"\ntitle = \"評価基準\"\n[rubric]\ninput = \"judgement\"\n\
                  [[rubric.levels]]\nkey = \"A\"\ntitle = \"良い\"\n[[rubric.levels]]\nkey = \"B\"\ntitle = \"普通\"\n";
    std::fs::write(&file, rubric).unwrap();
    let publish = |file: &Path| {
        format!(
            "policy publish {} --effective {day} --lang ja",
            file.display()
        )
    };
    told(publish(&file), 0, &["なし → city-grades v1"]);
    let policy = place.folder.path().join("policy.json");
    let json = r#"{"code": "city", "title": "算定方針", "evaluation": {"rubric": "city-grades"}}"#;
    std::fs::write(&policy, json).unwrap();
    told(publish(&policy), 0, &["なし → city v1"]);
    told(publish(&policy), 0, &["city v1", "→ city v2"]);
    let listed = told("policy list city --json".to_owned(), 0, &[]).json();
    let versions: Vec<_> = listed["policies"].as_array().unwrap().iter().collect();
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0]["in_force"], false);
    assert_eq!(versions[1]["in_force"], true);
    assert_eq!(versions[1]["evaluation"]["rubric"], "city-grades");
    told(
        "policy list --lang ja".to_owned(),
        0,
        &["midyear-pace", "default", "組込み"],
    );

    told(
        format!("plan open-period {plan} 初日 --from {day} --to {day} --lang ja"),
        0,
        &["なし → 初日 受付中"],
    );
    told(
        format!("plan soft-close {plan} 初日 --lang ja"),
        0,
        &["初日 受付中", "→ 初日 受付締切"],
    );
    told(
        format!("record {indicator} 5 --on {day} --lang ja"),
        1,
        &["PERIOD_SOFT_CLOSED", "--reason"],
    );
    told(
        format!("record {indicator} 5 --on {day} --reason 集計の遅れ --lang ja"),
        0,
        &["締切後の報告"],
    );
    told(
        format!("plan close {plan} 初日 --document 8文第2号 --lang en"),
        0,
        &["→ 初日 closed 1"],
    );
    told(
        format!("record {indicator} 5 --on {day} --reason 集計の遅れ --lang en"),
        1,
        &["PERIOD_CLOSED", "daicho correct"],
    );
    told(
        format!("correct {indicator}@{day} 4 --reason 転記誤り --lang ja"),
        0,
        &["確定後の訂正"],
    );
    told(
        format!("plan reopen {plan} 初日 --scope {indicator} --until 2199-12-31 --lang ja"),
        1,
        &["REASON_REQUIRED"],
    );
    told(
        format!(
            "plan reopen {plan} 初日 --scope {indicator} --until 2199-12-31 --reason 報告漏れ --lang ja"
        ),
        0,
        &["→ 初日 再開 1 〜2199-12-31", &indicator],
    );
    told(
        format!("plan close {plan} 初日 --lang ja"),
        0,
        &["→ 初日 確定 2"],
    );
    let periods = told(format!("plan periods {plan} --json"), 0, &[]).json();
    let period = &periods["periods"][0];
    assert_eq!(period["state"], "PERIOD_STATE_CLOSED");
    assert_eq!(period["revision"], 2);
    assert_eq!(period["transitions"].as_array().unwrap().len(), 5);
    assert_eq!(period["transitions"][3]["scope_count"], 1);
    told(
        format!("plan periods {plan} --lang ja"),
        0,
        &["初日", "確定"],
    );

    told(
        format!("self-evaluate {goal} 初日 --grade S --comment 順調 --lang en"),
        3,
        &["GRADE_UNKNOWN", "A, B"],
    );
    told(
        format!("self-evaluate {goal} 初日 --grade A --cause partner --comment 順調 --lang ja"),
        0,
        &["なし → A"],
    );
    told(
        format!("review {goal} 初日 --grade B --comment 普通 --lang en"),
        1,
        &["SELF_REVIEW"],
    );
    told(
        format!("review {goal} 初日 --grade B --comment 普通 --as 部長 --lang ja"),
        0,
        &["A → B", "自己評価 → 初日 二次評価"],
    );
    told(
        format!("finalise {goal} 初日 --grade B --as 部長"),
        0,
        &["final"],
    );
    told(
        format!("self-evaluate {goal} 初日 --comment 再考"),
        1,
        &["EVALUATION_FINAL"],
    );
    let action = "01890a5d-ac96-774b-bcce-b302099a8057";
    told(
        format!(
            "next-action add {goal} 初日 --kind improve --text 早める --owner 文化課 --due 2199-12-31 --id {action} --lang en"
        ),
        0,
        &["none → IMPROVE 早める", action],
    );
    told(
        format!("next-action close {goal} {action} --outcome done --text 済んだ --lang en"),
        0,
        &["DONE: 済んだ"],
    );
    told(
        format!("audit changes {goal} --type evaluation-finalised --lang ja"),
        0,
        &["評価確定", "部長"],
    );
    told(
        format!("audit changes {plan} --type period-reopened --lang ja"),
        0,
        &["期間再開", "報告漏れ", &indicator],
    );
}
