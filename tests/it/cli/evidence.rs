//! Attached files from the command line: put, listed, checked, fetched, erased.

use std::fs;
use std::path::PathBuf;

use daicho::api::v1;
use daicho::cli::render::evidence;
use daicho::domain::text::Language;
use insta::assert_snapshot;
use serde_json::Value;

use super::process::{Ended, Place, daicho};
use super::view;
use crate::evidence::sha256;

/// A place with a plan, and files to attach.
struct Desk {
    place: Place,
    goal: String,
    day: String,
}

impl Desk {
    fn new() -> Self {
        let (place, plan, day) = Place::with_plan();
        Self {
            place,
            goal: format!("{plan}/文化部/1-1"),
            day: day.to_string(),
        }
    }

    /// Writes a file; its path.
    fn file(&self, name: &str, content: &[u8]) -> String {
        let path = self.place.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    #[track_caller]
    fn ended(&self, line: &str, code: i32) -> Ended {
        let ended = self.place.daicho(line);
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        ended
    }

    /// Where the server keeps a file.
    fn kept(&self, content: &[u8]) -> PathBuf {
        let attachments = self.place.folder.path().join("data/attachments");
        let ledger = fs::read_dir(attachments).unwrap().next().unwrap().unwrap();
        let name = hex::encode(sha256(content));
        ledger.path().join(&name[..2]).join(name)
    }

    fn states(&self, line: &str, code: i32) -> Vec<String> {
        let found = self.ended(line, code).json();
        let files = found["files"].as_array().unwrap().iter();
        let state = |file: &Value| {
            file["state"]
                .as_str()
                .unwrap()
                .replace("EVIDENCE_STATE_", "")
        };
        files.map(state).collect()
    }
}

#[test]
fn what_is_attached_is_checked_and_every_change_is_found() {
    let desk = Desk::new();
    let (goal, day) = (&desk.goal, &desk.day);
    let minutes = b"%PDF-1.7 minutes".to_vec();
    let names = "氏名,課\n".as_bytes().to_vec();
    let (pdf, csv) = (
        desk.file("議事録.pdf", &minutes),
        desk.file("名簿.csv", &names),
    );
    let attached = desk.ended(&format!("attach {pdf} {csv} --to {goal} --on {day}"), 0);
    assert!(
        attached.errors.contains("議事録.pdf is kept ("),
        "{attached:?}"
    );
    let again = desk.ended(&format!("attach {pdf} --to {goal} --on {day}"), 0);
    assert!(again.errors.contains("is kept already"), "{again:?}");
    let shown = desk.ended(&format!("goal show {goal}"), 0);
    assert!(shown.output.contains("名簿.csv"), "{shown:?}");
    assert_eq!(
        desk.states("evidence check --json", 0),
        ["MATCHING", "MATCHING"]
    );
    assert_eq!(
        desk.states("evidence list --json", 0),
        ["PRESENT", "PRESENT"]
    );
    let table = desk.ended("evidence check --lang ja", 0);
    let name = hex::encode(sha256(&minutes));
    for words in ["一致", "議事録.pdf", &name, "一致 2"] {
        assert!(table.output.contains(words), "{words}: {table:?}");
    }
    // A byte is flipped.
    let kept = desk.kept(&minutes);
    let mut altered = minutes.clone();
    altered[10] ^= 1;
    fs::write(&kept, &altered).unwrap();
    assert_eq!(
        desk.states("evidence check --json", 1),
        ["ALTERED", "MATCHING"]
    );
    let told = desk.ended("evidence check --lang en", 1);
    let is = hex::encode(sha256(&altered));
    assert!(told.output.contains(&format!("it is {is}")), "{told:?}");
    let copy = desk.place.folder.path().join("copy.pdf");
    let get = format!("evidence get {name} -o {}", copy.display());
    let withheld = desk.ended(&get, 7);
    assert!(withheld.errors.contains("altered"), "{withheld:?}");
    assert!(!copy.exists() && !copy.with_extension("pdf.part").exists());
    // It is gone, and put back.
    fs::remove_file(&kept).unwrap();
    assert_eq!(
        desk.states("evidence check --json", 1),
        ["MISSING", "MATCHING"]
    );
    desk.ended(&get, 3);
    desk.ended(&format!("evidence put {pdf}"), 0);
    desk.ended(&get, 0);
    assert_eq!(fs::read(&copy).unwrap(), minutes);
    desk.ended(&get, 2);
    desk.ended(&format!("{get} --force"), 0);
    // It is erased.
    let names = hex::encode(sha256(&names));
    let erase = format!(
        "evidence erase {names} --reason 氏名の誤掲載 --legal-basis 条例第12条 --approved-by 総務部長"
    );
    let erased = desk.ended(&format!("{erase} --lang ja"), 0);
    assert!(erased.output.contains("を消去しました"), "{erased:?}");
    let again = desk.ended(&format!("{erase} --json"), 0).json();
    assert_eq!(again["already_erased"], true);
    assert_eq!(
        desk.states("evidence check --json", 0),
        ["MATCHING", "ERASED"]
    );
    let told = desk.ended("evidence check --lang ja", 0);
    for words in ["消去済", "承認 総務部長", "条例第12条"] {
        assert!(told.output.contains(words), "{words}: {told:?}");
    }
    let refused = desk.ended(&format!("attach {csv} --to {goal} --on {day}"), 1);
    assert!(refused.errors.contains("was erased on"), "{refused:?}");
    assert_eq!(
        desk.states("evidence check --json", 0).len(),
        2,
        "nothing was recorded"
    );
    let events = desk.ended("events read --json", 0);
    assert!(events.output.contains("EVIDENCE_ERASED") || events.output.contains("evidence_erased"));
}

#[test]
fn a_report_keeps_its_evidence_where_that_is_asked_for() {
    let desk = Desk::new();
    let (goal, day) = (&desk.goal, &desk.day);
    let plan = desk.file("計画.pdf", b"%PDF-1.4 plan");
    let record = format!("record {goal}/2.1 completed --on {day} --evidence {plan}");
    let size = desk.place.size();
    let checked = desk.ended(&format!("{record} --attach --check"), 0);
    assert!(
        !desk.place.folder.path().join("data/attachments").exists(),
        "{checked:?}"
    );
    desk.ended(&format!("record {goal}/1.1 3 --on {day} --attach"), 2);
    assert_eq!(desk.place.size(), size);
    desk.ended(&format!("{record} --attach"), 0);
    assert_eq!(desk.states("evidence check --json", 0), ["MATCHING"]);
    // Without it the file stays where it is, as before.
    let other = desk.file("別紙.pdf", b"%PDF-1.4 other");
    desk.ended(
        &format!("record {goal}/1.1 3 --on {day} --evidence {other}"),
        0,
    );
    assert_eq!(
        desk.states("evidence check --json", 1),
        ["MATCHING", "MISSING"]
    );
    // A report that is attached to is named by its day.
    let note = desk.file("写し.txt", "控え".as_bytes());
    let shows = format!(
        "attach {note} --shows {goal}/1.1@{day} --on {day} --title 控え --filed-under 5-45"
    );
    desk.ended(&shows, 0);
    let trail = desk.ended(&format!("audit trail {goal}/1.1@{day}"), 0);
    assert!(trail.output.contains("控え"), "{trail:?}");
    // A call that is repeated records nothing twice.
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    let once = format!("attach {plan} --to {goal} --on {day} --request-id {id} --json");
    assert_eq!(desk.ended(&once, 0).json()["replayed"], false);
    let size = desk.place.size();
    assert_eq!(desk.ended(&once, 0).json()["replayed"], true);
    assert_eq!(desk.place.size(), size);
}

#[test]
fn what_is_not_taken_in_is_refused_with_what_to_do_and_nothing_is_recorded() {
    let desk = Desk::new();
    let goal = &desk.goal;
    let size = desk.place.size();
    let to = |file: &str, more: &str| format!("attach {file} --to {goal}{more}");
    let disguised = desk.file("計画.pdf", b"PK\x03\x04 not a PDF");
    let told = desk.ended(&to(&disguised, ""), 1);
    assert!(told.errors.contains("media type"), "{told:?}");
    let page = desk.file("頁.html", b"<p>");
    let told = desk.ended(&to(&page, " --lang ja"), 1);
    assert!(told.errors.contains("受け付けていません"), "{told:?}");
    assert!(told.errors.contains("evidence_media_types"), "{told:?}");
    let nameless = desk.file("覚書", b"text");
    desk.ended(&to(&nameless, ""), 2);
    let nowhere = desk.place.folder.path().join("none.pdf");
    desk.ended(&to(nowhere.to_str().unwrap(), ""), 2);
    desk.ended(&format!("attach {nameless}"), 2);
    assert_eq!(desk.place.size(), size);
    desk.ended(&to(&nameless, " --media-type text/plain"), 0);
}

#[test]
fn a_file_that_is_too_large_is_refused_and_a_large_one_takes_little_memory() {
    let desk = Desk::new();
    let goal = &desk.goal;
    let mebibyte = 1024 * 1024;
    let path = desk.file("大.txt", b"");
    let write = |mebibytes: usize| {
        let line = "記録\n".repeat(mebibyte / 7);
        let mut content = line.repeat(mebibytes).into_bytes();
        content.resize(mebibytes * mebibyte, b' ');
        fs::write(&path, &content).unwrap();
        content
    };
    write(65);
    let told = desk.ended(&format!("attach {path} --to {goal}"), 1);
    assert!(told.errors.contains("67108864"), "{told:?}");
    assert!(told.errors.contains("evidence_file_mib"), "{told:?}");
    let before = desk.place.server.peak_kib();
    let content = write(64);
    desk.ended(&format!("attach {path} --to {goal}"), 0);
    assert_eq!(desk.states("evidence check --json", 0), ["MATCHING"]);
    let copy = desk.place.folder.path().join("copy.txt");
    let name = hex::encode(sha256(&content));
    desk.ended(&format!("evidence get {name} -o {}", copy.display()), 0);
    assert!(fs::read(&copy).unwrap() == content);
    let grown = desk.place.server.peak_kib() - before;
    assert!(
        grown < 24 * 1024,
        "the server took {grown} KiB for a file of 64 MiB"
    );
}

#[test]
fn a_bundle_takes_files_along_and_they_are_verified_without_the_server() {
    let desk = Desk::new();
    let (goal, day) = (&desk.goal, &desk.day);
    let at = |name: &str| desk.place.folder.path().join(name);
    let contents: [&[u8]; 4] = [b"%PDF-1.7 minutes", b"names", b"lost", b"altered"];
    let names = ["議事録.pdf", "名簿.csv", "紛失.txt", "改変.txt"];
    let mut positions = Vec::new();
    for (name, content) in names.iter().zip(contents) {
        positions.push(desk.place.size());
        let file = desk.file(name, content);
        desk.ended(&format!("attach {file} --to {goal} --on {day}"), 0);
    }
    let digest = |index: usize| hex::encode(sha256(contents[index]));
    let erased_at = desk.place.size();
    let erase = format!(
        "evidence erase {} --reason 誤掲載 --legal-basis 条例第12条 --approved-by 総務部長",
        digest(1)
    );
    desk.ended(&erase, 0);
    fs::remove_file(desk.kept(contents[2])).unwrap();
    fs::write(desk.kept(contents[3]), b"other").unwrap();
    fs::write(at("policy"), desk.ended("trust-policy", 0).output).unwrap();
    let bundle = at("bundle");
    let made = format!("bundle {} --with-evidence --json", bundle.display());
    assert_eq!(
        desk.ended(&made, 0).json()["evidence"],
        1,
        "what still matches"
    );
    let plain = at("plain");
    desk.ended(&format!("bundle {}", plain.display()), 0);
    assert!(!plain.join("evidence").exists(), "only on request");
    let file = bundle.join("evidence").join(digest(0));
    assert_eq!(fs::read(&file).unwrap(), contents[0]);
    let policy = at("policy").display().to_string();
    let verify = |folder: &PathBuf, code: i32| {
        let folder = folder.to_str().unwrap();
        let words = ["verify", "bundle", folder, "--policy", &policy, "--json"];
        let ended = daicho("http://127.0.0.1:9", words);
        assert_eq!(ended.code, code, "{ended:?}");
        ended.json()
    };
    let found = verify(&bundle, 0);
    assert_eq!(
        found["content"]["outcome"], "NOT_SHOWN",
        "two were not handed over"
    );
    assert_eq!(found["attached_files"], 1);
    assert_eq!(found["absent_files"], 2);
    assert_eq!(found["erased_files"][digest(1)], erased_at);
    let without = verify(&plain, 0);
    assert_eq!(
        (&without["attached_files"], &without["absent_files"]),
        (&0.into(), &3.into())
    );
    let kinds = |found: &Value| -> Vec<String> {
        let findings = found["findings"].as_array().unwrap().iter();
        findings
            .map(|f| f["kind"].as_str().unwrap().to_owned())
            .collect()
    };
    fs::write(&file, b"%PDF-1.7 minuteS").unwrap();
    let found = verify(&bundle, 1);
    assert_eq!(kinds(&found), ["evidence_altered"]);
    assert_eq!(found["content"]["outcome"], "TAMPERED");
    assert_eq!(found["integrity"]["outcome"], "VERIFIED");
    assert_eq!(found["first_bad"]["from"], positions[0]);
    fs::remove_file(&file).unwrap();
    assert_eq!(kinds(&verify(&bundle, 1)), ["evidence_missing"]);
    fs::write(&file, contents[0]).unwrap();
    let stray = bundle.join("evidence").join("ab".repeat(32));
    fs::write(&stray, b"of nothing").unwrap();
    assert_eq!(kinds(&verify(&bundle, 1)), ["file_unlisted"]);
}

#[test]
fn no_server_is_a_failure_of_its_own() {
    let digest = "ab".repeat(32);
    let ended = daicho(
        "http://127.0.0.1:9",
        ["evidence", "get", &digest, "-o", "x"],
    );
    assert_eq!(ended.code, 5, "{ended:?}");
    let ended = daicho("http://127.0.0.1:9", ["evidence", "get", "ab", "-o", "x"]);
    assert_eq!(ended.code, 2, "{ended:?}");
}

/// A file in each state.
fn files() -> (Vec<v1::CheckedEvidence>, v1::EvidenceSummary) {
    use v1::EvidenceState as State;
    let file = |byte: u8, state: State, title: &str| v1::CheckedEvidence {
        sha256: vec![byte; 32],
        state: state.into(),
        position: Some(u64::from(byte) * 100),
        evidence: Some(v1::Evidence {
            title: title.to_owned(),
            size_bytes: Some(18_000),
            ..v1::Evidence::default()
        }),
        size_bytes: Some(18_000),
        ..v1::CheckedEvidence::default()
    };
    let mut elsewhere = file(3, State::Elsewhere, "決裁文書");
    let uri = elsewhere.evidence.as_mut().unwrap();
    uri.uri = Some("文書庫3号棚".to_owned());
    let mut altered = file(4, State::Altered, "名簿.xlsx");
    altered.found_sha256 = Some(vec![0xee; 32]);
    let mut erased = file(5, State::Erased, "写真.jpg");
    erased.erasure = Some(v1::EvidenceErasure {
        sha256: vec![5; 32],
        legal_basis: "条例第12条".to_owned(),
        approved_by: "総務部長".to_owned(),
        event_id: String::new(),
        position: 812,
        recorded_at: Some(prost_types::Timestamp {
            seconds: 1_696_550_400,
            nanos: 0,
        }),
    });
    let unnamed = v1::CheckedEvidence {
        evidence: None,
        position: None,
        ..file(6, State::Unnamed, "")
    };
    let files = vec![
        file(1, State::Matching, "第3回検討会 議事録.pdf"),
        file(2, State::Missing, "参加者の集計（確定版）.csv"),
        elsewhere,
        altered,
        erased,
        unnamed,
    ];
    let summary = v1::EvidenceSummary {
        size: 820,
        present: 0,
        matching: 1,
        missing: 1,
        elsewhere: 1,
        altered: 1,
        erased: 1,
        unnamed: 1,
    };
    (files, summary)
}

#[test]
fn each_state_has_its_word_and_its_remark() {
    let (files, summary) = files();
    let ja = evidence::list(&view(Language::Ja, None), &files, &summary);
    assert_snapshot!("evidence_ja", ja);
    let en = evidence::list(&view(Language::En, None), &files, &summary);
    assert_snapshot!("evidence_en", en);
}
