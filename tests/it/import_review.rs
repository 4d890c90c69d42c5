//! The workbook in which sections confirm what was understood: it comes back as the same plan, with what
//! they corrected.

use std::collections::HashMap;
use std::path::Path;
use std::process::Command;

use daicho::domain::event::{Event, Payload};
use daicho::domain::id::LedgerId;
use daicho::domain::text::Name;
use daicho::import::events::{SourceFile, events};
use daicho::import::understood::Plan;
use daicho::import::workbook::{self, Address, Sheet, Value};
use daicho::import::{self, Unreadable};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use uuid::Uuid;

const PUBLISHED: &str = include_str!("../fixtures/import/published.txt");
const TABLE: &str = include_str!("../fixtures/import/table.csv");
const SAMPLE: &str = include_str!("../../src/server/sample/plan-r5.csv");

/// What `daicho plan review` writes for a file.
fn reviewed(plan: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let (source, out) = (folder.path().join("plan"), folder.path().join("確認.xlsx"));
    std::fs::write(&source, plan).expect("written");
    let run = |out: &Path| {
        Command::new(env!("CARGO_BIN_EXE_daicho"))
            .args(["plan", "review", "--file"])
            .arg(&source)
            .arg("-o")
            .arg(out)
            .output()
            .expect("run")
    };
    let ended = run(&out);
    assert!(ended.status.success(), "{ended:?}");
    let again = run(&out);
    assert_eq!(
        again.status.code(),
        Some(2),
        "a file is not replaced unasked: {again:?}"
    );
    let bytes = std::fs::read(&out).expect("read");
    let other = folder.path().join("もう一度.xlsx");
    assert!(run(&other).status.success());
    assert!(
        std::fs::read(&other).expect("read") == bytes,
        "the same content, the same bytes"
    );
    bytes
}

fn read(bytes: &[u8]) -> Plan {
    match import::read(bytes, None) {
        Ok(plan) => plan,
        Err(error) => panic!("{error:?}"),
    }
}

fn events_of(plan: &Plan) -> Vec<Event> {
    let ledger = LedgerId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, b"review")).expect("an id");
    let file = SourceFile::new(Name::parse("plan").expect("a name"), b"the same for all");
    events(plan, &file, ledger, |_| None).expect("the plan becomes events")
}

#[test]
fn a_review_that_nobody_filled_in_is_the_same_plan() {
    for plan in [PUBLISHED, TABLE, SAMPLE] {
        let expected = events_of(&read(plan.as_bytes()));
        let found = events_of(&read(&reviewed(plan)));
        for (mine, theirs) in found.iter().zip(&expected) {
            assert_eq!(mine, theirs);
        }
        assert_eq!(found.len(), expected.len());
    }
}

/// A workbook of texts that looks like `sheet`, with some cells changed: by their row's first criterion text
/// and column.
fn filled_in(sheet: &Sheet, changes: &[(&str, &str, &str)]) -> Vec<u8> {
    let mut cells: HashMap<Address, Value> = sheet
        .cells()
        .map(|(at, cell)| (at, cell.value.clone()))
        .collect();
    let head = sheet
        .cells()
        .find(|(_, cell)| cell.value == Value::Text("目標達成基準".to_owned()))
        .map(|(at, _)| at)
        .expect("a head");
    let column = |heading: &str| {
        let found = sheet.cells_of(head.row).into_iter();
        let mut found = found.filter(|(_, cell)| cell.value == Value::Text(heading.to_owned()));
        found.next().map(|(at, _)| at.column).expect("a column")
    };
    for (criterion, heading, text) in changes {
        let (criterion, part) = criterion.split_once('#').unwrap_or((criterion, ""));
        let row = (head.row + 1..)
            .take(10_000)
            .find(|row| {
                let own = cells.get(&Address::new(*row, head.column));
                let letter = cells.get(&Address::new(*row, column("細目")));
                let is_part = part.is_empty() || letter == Some(&Value::Text(part.to_owned()));
                own == Some(&Value::Text(criterion.to_owned())) && is_part
            })
            .unwrap_or_else(|| panic!("no row for {criterion}"));
        let at = Address::new(row, column(heading));
        cells.insert(at, Value::Text((*text).to_owned()));
    }
    let mut workbook = Workbook::new();
    let out = workbook
        .add_worksheet()
        .set_name(&sheet.name)
        .expect("a name");
    for (at, value) in cells {
        let column = u16::try_from(at.column).expect("a column");
        match value {
            Value::Number(number) => {
                let number: f64 = number.to_string().parse().expect("a number");
                out.write(at.row, column, number).expect("written")
            }
            Value::Date(day) => {
                let day = ExcelDateTime::parse_from_str(&day.to_string()).expect("a day");
                let format = Format::new().set_num_format("yyyy-mm-dd");
                out.write_with_format(at.row, column, &day, &format)
                    .expect("written")
            }
            other => out
                .write(at.row, column, other.text().expect("usable"))
                .expect("written"),
        };
    }
    workbook.save_to_buffer().expect("written")
}

fn sheet(bytes: &[u8]) -> Sheet {
    workbook::read(bytes)
        .expect("the workbook is read")
        .sheets
        .remove(0)
}

const PLAN: &str = "\
年度,部,柱,組織目標,取組内容,課等,目標達成基準
R5,文化部,(1) 開かれた文化,文化に親しむ機会をつくる,①催しを開く,文化課,催しの開催 12回
,,,,,,来場者の満足度 80%以上
,,,,②計画を立てる,文化課,文化計画の策定
,,,,,,講座の開催 2回 30人
,,,,,,魅力を伝える
";

#[test]
fn what_nobody_sees_comes_back_from_a_spreadsheet_as_what_it_was() {
    let pasted = PLAN.replace("催しの開催 12回", "催しの開催\u{200B} 12回");
    let spelled = PLAN.replace("催しの開催 12回", "催しの開催\\u{200b} 12回");
    let criteria = |bytes: &[u8]| -> Vec<String> {
        let plan = read(bytes);
        plan.criteria().map(|found| found.text.clone()).collect()
    };
    let was = criteria(pasted.as_bytes());
    assert!(was[0].contains('\u{200B}'), "{was:?}");
    assert_eq!(criteria(&reviewed(&pasted)), was);
    assert_eq!(criteria(format!("\u{FEFF}{spelled}").as_bytes()), was);
    // Programs have every text verbatim.
    assert_ne!(criteria(spelled.as_bytes()), was);
}

#[test]
fn what_sections_fill_in_corrects_and_confirms() {
    let review = sheet(&reviewed(PLAN));
    let bytes = filled_in(
        &review,
        &[
            ("催しの開催 12回", "確認", "済"),
            ("来場者の満足度 80%以上", "比較の修正", "超"),
            ("来場者の満足度 80%以上", "目標値の修正", "８２．５"),
            ("文化計画の策定", "期限の修正", "令和6年2月29日"),
            ("講座の開催 2回 30人#b", "測り方の修正", "水準"),
            ("講座の開催 2回 30人#b", "目標値の修正", "35"),
            ("魅力を伝える", "測り方の修正", "件数"),
            ("魅力を伝える", "目標値の修正", "4"),
            ("魅力を伝える", "単位の修正", "回"),
        ],
    );
    let lines: Vec<String> = events_of(&read(&bytes))
        .iter()
        .filter_map(|event| match &event.payload {
            Payload::IndicatorDefined(p) => Some(format!(
                "{} {} {} {} {} assumed {:?}",
                p.code,
                p.definition.measure_type.code(),
                p.definition.agg_time.code(),
                p.definition.comparator.code(),
                p.definition.unit.display_ja,
                p.definition.assumed
            )),
            Payload::TargetSet(p) => Some(format!("  {:?}", p.target.aim)),
            Payload::PlanProfileSet(p) => {
                Some(format!("  {} assumed {}", p.profile.code(), p.assumed))
            }
            _ => None,
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    R5/文化部/1-1/1.1 COUNT SUM GE 回 assumed []
      Value(Quantity(12))
      LINEAR assumed false
    R5/文化部/1-1/1.2 RATIO RATIO_OF_SUMS GT % assumed ["agg_time", "plan_profile", "result_level"]
      Value(Quantity(82.5))
      AT_END assumed true
    R5/文化部/1-1/2.1 MILESTONE DONE_BY DONE_BY 工程 assumed ["plan_profile", "result_level"]
      Done { due: 2024-02-29, end_state: Completed }
      AT_END assumed true
    R5/文化部/1-1/2.2a COUNT SUM GE 回 assumed ["comparator", "plan_profile", "result_level"]
      Value(Quantity(2))
      LINEAR assumed true
    R5/文化部/1-1/2.2b LEVEL LATEST GE 人 assumed ["agg_time", "plan_profile", "baseline", "result_level"]
      Value(Quantity(35))
      LINEAR assumed true
    R5/文化部/1-1/2.3 COUNT SUM GE 回 assumed ["agg_time", "plan_profile", "comparator", "result_level"]
      Value(Quantity(4))
      LINEAR assumed true
    "#);
}

#[test]
fn a_correction_that_cannot_be_refuses_the_whole_with_its_row() {
    let review = sheet(&reviewed(PLAN));
    let bytes = filled_in(
        &review,
        &[
            ("催しの開催 12回", "比較の修正", "だいたい"),
            ("催しの開催 12回", "目標値の修正", "12回"),
            ("文化計画の策定", "期限の修正", "令和0年1月1日"),
            ("講座の開催 2回 30人#a", "細目", "x1"),
        ],
    );
    let told = |bytes: &[u8]| match import::read(bytes, None) {
        Err(Unreadable::Faulty { faults, .. }) => faults
            .iter()
            .map(|fault| format!("{fault}\n"))
            .collect::<String>(),
        other => format!("{other:?}"),
    };
    insta::assert_snapshot!(told(&bytes), @r#"
    確認!R5, column 比較の修正 (`comparator`): `だいたい` is none of 以上, 超, 以下, 未満
    確認!S5, column 目標値の修正 (`target_value`): `12回` is not a number; the unit has a column of its own
    確認!U7, column 期限の修正 (`due`): 令和0年 does not exist: the first year is 令和元年
    確認!I8, column 細目 (`part`): `x1` is none of a to z
    "#);
    let bytes = filled_in(
        &review,
        &[
            ("催しの開催 12回", "期限の修正", "2023-09-30"),
            ("文化計画の策定", "目標値の修正", "3"),
            ("講座の開催 2回 30人#a", "目標値の修正", "5"),
            ("講座の開催 2回 30人#a", "細目", ""),
            ("魅力を伝える", "測り方の修正", "件数"),
        ],
    );
    insta::assert_snapshot!(told(&bytes), @r#"
    確認!5: 催しの開催 12回: only a step of work has a day within the year
    確認!7: 文化計画の策定: neither a step of work nor a rubric has a comparison, value, unit or aggregation
    確認!8: 講座の開催 2回 30人: there are several figures; say in 細目 which one is meant
    確認!10: 魅力を伝える: a number needs a target; fill in 目標値の修正
    "#);
}
