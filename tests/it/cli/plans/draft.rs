//! A draft is filled in and becomes next year's plan, linked to the one before.

use insta::assert_snapshot;

use super::*;

/// An indicator whose next action says that it goes on.
const GOES_ON: &str = "R5/教育部/1-2/2.1";
const EVENTS: &str = "R5/企画財政部/1-1/1.1";
const APP: &str = "R5/企画財政部/1-2/1.1";
const FOLLOWERS: &str = "R5/企画財政部/1-1/2.1";

/// A draft in which some go on, one is new, and the rest ends.
fn filled(draft: &Draft) -> Vec<u8> {
    draft.with(&[
        (
            EVENTS,
            "目標達成基準",
            Put::Text("見直して開く新しい催し 2件"),
        ),
        (EVENTS, "目標値", Put::Number("2")),
        (EVENTS, "単位", Put::Text("件")),
        // Its initiative is that of the row with the same initiative, though both begin elsewhere now.
        (
            FOLLOWERS,
            "目標達成基準",
            Put::Text("公式SNSのフォロワー 55,000人"),
        ),
        (FOLLOWERS, "目標値", Put::Text("５５，０００")),
        (
            APP,
            "目標達成基準",
            Put::Text("公式アプリの累計ダウンロード 30,000件"),
        ),
        (APP, "目標値", Put::Number("30000")),
        (APP, "組織目標", Put::Text("手のひらに市役所を届ける")),
        (NEW, "部", Put::Text("企画財政部")),
        (NEW, "柱", Put::Number("1")),
        (NEW, "組織目標", Put::Text("手のひらに市役所を届ける")),
        (NEW, "取組内容", Put::Text("窓口の混雑を知らせる")),
        (NEW, "課等", Put::Text("財務課")),
        (NEW, "目標達成基準", Put::Text("混雑状況の配信 12回")),
        (NEW, "目標値", Put::Number("12")),
    ])
}

#[test]
fn the_same_ledger_gives_the_same_draft() {
    let office = Office::on("2024-06-01");
    let draft = Draft::of(&office);
    for from in ["令和5年度", "2023", "R5"] {
        let other = office.path("別.xlsx");
        let shown = other.display();
        office.done(&format!(
            "plan draft --from {from} -o {shown} --force --lang ja"
        ));
        assert!(std::fs::read(other).unwrap() == draft.bytes, "{from}");
    }
    // What was decided to go on comes filled in, a year later.
    assert_eq!(
        draft.text(GOES_ON, "目標達成基準"),
        draft.text(GOES_ON, "※前年度の達成基準")
    );
    assert_eq!(draft.text(GOES_ON, "期限"), "2024-08-31");
    assert_eq!(draft.text(EVENTS, "目標達成基準"), "");
    let told = [
        "※前年度の達成基準",
        "※当初目標",
        "※年度末の目標",
        "※実績",
        "※達成",
        "※状況",
    ];
    let told = told.map(|column| draft.text("R5/福祉健康部/1-3/1.2", column));
    assert_snapshot!(told.join(" | "), @"新たに就労した人 30人 | 30人以上 | 24人以上 | 28人 | 達成 | 達成");
    let refused = |line: &str, code: i32, said: &str| {
        let ended = office.run(&format!(
            "{line} -o {} --lang en",
            office.path("x").display()
        ));
        assert_eq!(ended.code, code, "{line}: {ended:?}");
        assert!(ended.errors.contains(said), "{line}: {}", ended.errors);
    };
    refused("plan draft --from R5 --to R5", 2, "must be a year after R5");
    refused("plan draft --from R9", 3, "plan");
    refused("plan draft --from R5 --to 春", 2, "--to");
}

#[test]
fn a_filled_in_draft_is_the_next_plan_and_knows_what_it_goes_on_with() {
    let office = Office::on("2024-06-01");
    let draft = Draft::of(&office);
    let path = office.write("R6.xlsx", &filled(&draft));
    let before = office.size();
    let understood = office
        .done(&format!("plan import {path} --dry-run --json"))
        .json();
    let of_draft = &understood["draft"];
    assert_eq!(
        (&of_draft["continued"], &of_draft["new"]),
        (&4.into(), &1.into())
    );
    assert_eq!(of_draft["ended"].as_array().map(Vec::len), Some(236));
    let pillars = understood["plan"]["pillars"].as_array().unwrap();
    assert_eq!(pillars.len(), 6, "what ends was under a pillar that stays");
    assert_eq!(office.size(), before);

    let told = office.done(&format!("plan import {path} --json")).json();
    assert_eq!(told["plan"], "R6");
    assert_eq!((&told["continued"], &told["new"]), (&4.into(), &1.into()));
    assert_eq!(told["ended"].as_array().map(Vec::len), Some(236));
    let after = office.size();
    assert!(before < after);

    // The second time adds nothing, and says what became of the rows again.
    let again = office.done(&format!("plan import {path} --lang ja"));
    assert!(
        again.output.contains("追加するものはありません"),
        "{again:?}"
    );
    assert!(
        again
            .output
            .contains("継続 4件、新規 1件、前の計画で終了 236件"),
        "{again:?}"
    );
    assert_eq!(office.size(), after);

    // The link is told from both ends, and in the history of the goal.
    let shown = office.done("goal show R6/企画財政部/1-1 --lang ja").output;
    assert!(shown.contains("継続元 R5/企画財政部/1-1"), "{shown}");
    assert!(
        shown.contains(&format!("R6/企画財政部/1-1/1.1 は {EVENTS} の継続")),
        "{shown}"
    );
    let shown = office
        .done("goal show R5/企画財政部/1-1 --on 2024-03-31 --lang ja")
        .output;
    assert!(shown.contains("継続先 R6/企画財政部/1-1"), "{shown}");
    assert!(
        shown.contains(&format!("{EVENTS} は R6/企画財政部/1-1/1.1 に継続")),
        "{shown}"
    );
    let history = office
        .done("goal history R6/企画財政部/1-1 --lang ja")
        .output;
    assert!(history.contains(&format!("継続元: {EVENTS}")), "{history}");
    let goal = office.done("goal show R6/企画財政部/1-2 --json").json();
    let initiatives = goal["goal"]["initiatives"].as_array().unwrap();
    assert_eq!(initiatives[0]["indicators"][0]["continues"]["code"], APP);
    assert!(initiatives[1]["indicators"][0]["continues"].is_null());
    assert!(initiatives[1]["continues"].is_null());
    assert_eq!(goal["goal"]["continues"]["code"], "R5/企画財政部/1-2");

    // Known before the new plan was recorded, nothing goes on in it.
    let earlier = office
        .done(&format!(
            "goal show R5/企画財政部/1-1 --known-at {before} --json"
        ))
        .json();
    assert!(
        earlier["goal"]["continued_by"]
            .as_array()
            .is_none_or(Vec::is_empty)
    );

    // The years are compared by it, whatever the words.
    let compared = office
        .done("evaluate last-year R6 --on 2024-06-01 --json")
        .json();
    let pairs: BTreeMap<&str, (&str, bool)> = compared["compared"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| {
            let code = |field: &str| pair[field]["code"].as_str().unwrap();
            let linked = pair["linked"].as_bool().unwrap_or_default();
            (code("indicator_before"), (code("indicator"), linked))
        })
        .collect();
    assert_eq!(pairs.get(EVENTS), Some(&("R6/企画財政部/1-1/1.1", true)));
    assert_eq!(pairs.get(FOLLOWERS), Some(&("R6/企画財政部/1-1/2.1", true)));
    assert_eq!(pairs.get(APP), Some(&("R6/企画財政部/1-2/1.1", true)));
    assert_eq!(pairs.get(GOES_ON), Some(&("R6/教育部/1-1/1.1", true)));
    let shown = office
        .done("evaluate last-year R6 --on 2024-06-01 --lang ja")
        .output;
    assert!(
        shown.contains(&format!("前年の指標（継続元）: {EVENTS}")),
        "{shown}"
    );

    // Another indicator cannot go on with what goes on already.
    let table = format!(
        "年度,部,柱,組織目標,取組内容,課等,目標達成基準,継続元\n\
         R7,企画財政部,(1) 信頼,届ける,①配る,財務課,配信 3回,{EVENTS}\n,,,,,,公開 2回,無い/1-1\n"
    );
    let path = office.write("R7.csv", table.as_bytes());
    let size = office.size();
    let ended = office.run(&format!("plan import {path} --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended
            .errors
            .contains("line 3: the ledger has no indicator 無い/1-1"),
        "{ended:?}"
    );
    let path = office.write(
        "R7.csv",
        table.replace(",,,,,,公開 2回,無い/1-1\n", "").as_bytes(),
    );
    let ended = office.run(&format!("plan import {path} --lang en"));
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(
        ended
            .errors
            .contains("line 2: R6/企画財政部/1-1/1.1 goes on with it already"),
        "{ended:?}"
    );
    assert_eq!(office.size(), size);
}

#[test]
fn a_draft_that_was_sorted_says_the_same() {
    let office = Office::on("2024-06-01");
    let draft = Draft::of(&office);
    let bytes = filled(&draft);
    // Rows change places whole, as a spreadsheet sorts them: the last of the earlier plan comes first.
    let (first, last) = (draft.rows[EVENTS] + 1, draft.spare);
    let sorted = edited(&bytes, SHEET, |xml| {
        let row = |number: u32| {
            let begin = xml.find(&format!("<row r=\"{number}\"")).expect("a row");
            let end = begin + xml[begin..].find("</row>").expect("its end") + "</row>".len();
            begin..end
        };
        let numbers: Vec<u32> = (first..=last).collect();
        let renumbered = |from: u32, to: u32| {
            let text = &xml[row(from)];
            let text = text.replace(&format!("<row r=\"{from}\""), &format!("<row r=\"{to}\""));
            let mut out = String::new();
            for piece in text.split_inclusive("<c r=\"") {
                // A cell's address begins the next piece.
                out.push_str(piece);
            }
            let cell = |c: char| c.is_ascii_uppercase();
            let mut moved = String::new();
            let mut pieces = out.split("<c r=\"");
            moved.push_str(pieces.next().unwrap_or_default());
            for piece in pieces {
                let letters: String = piece.chars().take_while(|c| cell(*c)).collect();
                let rest = &piece[letters.len()..];
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
                moved.push_str(&format!("<c r=\"{letters}{to}{rest}"));
            }
            moved
        };
        let from = numbers.iter().rev();
        let rows: String = numbers
            .iter()
            .zip(from)
            .map(|(to, from)| renumbered(*from, *to))
            .collect();
        format!(
            "{}{rows}{}",
            &xml[..row(first).start],
            &xml[row(last).end..]
        )
    });
    let told = |name: &str, bytes: &[u8]| {
        let path = office.write(name, bytes);
        let mut understood = office
            .done(&format!("plan import {path} --dry-run --json"))
            .json();
        let departments = understood["departments"].take();
        let mut goals: Vec<String> = Vec::new();
        for department in departments.as_array().unwrap() {
            for pillar in department["pillars"].as_array().unwrap() {
                for goal in pillar["goals"].as_array().unwrap() {
                    for initiative in goal["initiatives"].as_array().unwrap() {
                        for criterion in initiative["criteria"].as_array().unwrap() {
                            goals.push(format!(
                                "{} ({}) {} / {} {} / {} {}",
                                department["name"],
                                pillar["number"],
                                goal["text"],
                                initiative["text"],
                                initiative["sections"],
                                criterion["text"],
                                criterion["proposal"]["continues"],
                            ));
                        }
                    }
                }
            }
        }
        goals.sort();
        goals
    };
    let (straight, turned) = (told("順.xlsx", &bytes), told("逆.xlsx", &sorted));
    assert_eq!(straight.len(), 5);
    assert_eq!(straight, turned);
}
