//! What initiatives refer to comes with the plan, is told, printed in 様式3, and goes out with the table again.

use std::collections::BTreeMap;
use std::path::PathBuf;

use daicho::import::workbook::{self, Value};

use super::process::{Ended, Place};

const HEAD: &str = "部,柱,組織目標,取組内容,課等,目標達成基準,行革プラン,自治基本条例関連条項\n";
const ROWS: &str = "\
文化部,(1) 開かれた文化,文化に親しむ機会をつくる,①催しを開く,文化課,催しの開催 12回,3-2、4-1,第12条；第14条第2項
,,,,,来場者の満足度 80%以上,,
,,,②計画を立てる,文化課,文化計画の策定,,第9条
,,,③広く知らせる,文化課,広報の回数 4回,,
";

fn path(place: &Place, name: &str) -> PathBuf {
    place.folder.path().join(name)
}

fn import(place: &Place, name: &str, table: &str, more: &str) -> Ended {
    let file = path(place, name);
    std::fs::write(&file, table).unwrap();
    let file = file.display();
    place.daicho(&format!("plan import {file} --year R5 --lang en{more}"))
}

#[track_caller]
fn done(place: &Place, line: &str) -> Ended {
    let ended = place.daicho(line);
    assert_eq!(ended.code, 0, "{line}: {ended:?}");
    ended
}

/// The texts of a column of 様式3 by the criterion on their line, below the headings.
fn column(bytes: &[u8], heading: &str) -> BTreeMap<String, String> {
    let workbook = workbook::read(bytes).unwrap();
    let sheet = &workbook.sheets[0];
    let text = |value: &Value| value.text().unwrap();
    let (head, at) = sheet
        .cells()
        .find(|(_, cell)| text(&cell.value) == heading)
        .map(|(at, _)| (at.row, at.column))
        .expect("the column is there");
    let below = sheet.rows().into_iter().filter(|(row, _)| head < *row);
    let lines = below.filter_map(|(_, cells)| {
        let cell = |column: u32| {
            let found = cells.iter().find(|(place, _)| place.column == column);
            found.map(|(_, cell)| text(&cell.value))
        };
        Some((cell(3)?, cell(at).unwrap_or_default()))
    });
    lines.collect()
}

#[test]
fn what_the_plan_refers_to_is_printed_in_the_form_of_results() {
    let place = Place::new();
    let table = format!("{HEAD}{ROWS}");
    let imported = import(&place, "plan.csv", &table, "");
    assert_eq!(imported.code, 0, "{imported:?}");

    let shown = done(&place, "goal show R5/文化部/1-1 --lang ja").output;
    let told =
        "関連規定 行革プラン 3-2、行革プラン 4-1、自治基本条例 第12条、自治基本条例 第14条第2項\n";
    assert!(shown.contains(told), "{shown}");
    assert_eq!(shown.matches("関連規定").count(), 2, "{shown}");

    let form = path(&place, "results.xlsx");
    let line = format!(
        "report results R5 --on 2023-09-30 --lang ja -o {}",
        form.display()
    );
    done(&place, &line);
    let bytes = std::fs::read(form).unwrap();
    let expected = |texts: [&str; 4]| {
        let criteria = [
            "催しの開催 12回",
            "来場者の満足度 80%以上",
            "文化計画の策定",
            "広報の回数 4回",
        ];
        let pairs = criteria.into_iter().zip(texts);
        pairs
            .map(|(criterion, text)| (criterion.to_owned(), text.to_owned()))
            .collect::<BTreeMap<_, _>>()
    };
    let printed = column(&bytes, "行革プラン");
    assert_eq!(printed, expected(["3-2、4-1", "", "", ""]));
    let printed = column(&bytes, "自治基本条例関連条項");
    assert_eq!(printed, expected(["第12条、第14条第2項", "", "第9条", ""]));

    // The table that goes out, and what sections confirm, say the same.
    for (line, name) in [
        (
            "report data plan R5 --on 2023-09-30 --format csv -o",
            "again.csv",
        ),
        ("plan review --year R5 --file", "review.xlsx"),
    ] {
        let (plan, file) = (path(&place, "plan.csv"), path(&place, name));
        let (plan, shown) = (plan.display(), file.display());
        match line.ends_with("--file") {
            true => done(&place, &format!("{line} {plan} -o {shown}")),
            false => done(&place, &format!("{line} {shown}")),
        };
        let read = done(&place, &format!("plan import {shown} --dry-run --json")).json();
        let goal = &read["departments"][0]["pillars"][0]["goals"][0];
        let references = &goal["initiatives"][0]["references"];
        assert_eq!(
            references.as_array().map(Vec::len),
            Some(4),
            "{name}: {read}"
        );
        assert_eq!(references[1]["document"], "行革プラン");
        assert_eq!(references[1]["clause"], "4-1");
        assert_eq!(goal["initiatives"][1]["references"][0]["clause"], "第9条");
    }

    // The same is the same; other references are told, and those that are there stay.
    let again = import(&place, "plan.csv", &table, " --json");
    assert_eq!(again.json()["appended"], 0, "{again:?}");
    let other = table.replace("第9条", "第10条");
    let refused = import(&place, "other.csv", &other, "");
    assert_ne!(refused.code, 0, "{refused:?}");
    let remark = "R5/文化部/1-1/2: refers to something else; that stays";
    assert!(refused.errors.contains(remark), "{refused:?}");
    let amended = import(&place, "other.csv", &other, " --amend --dry-run --json");
    assert_eq!(
        amended.json()["referring_otherwise"][0],
        "R5/文化部/1-1/2",
        "{amended:?}"
    );
}

#[test]
fn a_reference_that_cannot_be_one_is_told_by_its_cell_and_nothing_is_imported() {
    let place = Place::new();
    let size = place.size();
    let row = |initiative: &str, reform: &str, ordinance: &str| {
        format!(
            "文化部,(1) 開かれた文化,機会をつくる,{initiative},文化課,催しの開催 12回,{reform},{ordinance}\n"
        )
    };
    let long = "条".repeat(201);
    let many: Vec<String> = (1..=21).map(|number| number.to_string()).collect();
    let table = [
        HEAD.to_owned(),
        row("①催しを開く", "3-2、、4", &long),
        row("②計画を立てる", "1;1", &many.join(";")),
        ",,,,,来場者の満足度 80%以上,3,\n".to_owned(),
    ];
    let refused = import(&place, "plan.csv", &table.concat(), "");
    assert_eq!(refused.code, 1, "{refused:?}");
    for told in [
        "line 2, column 行革プラン (reform_plan): nothing between two marks or behind the last one",
        "line 2, column 自治基本条例関連条項 (basic_ordinance): a reference that is longer than 200 characters",
        "line 3, column 行革プラン (reform_plan): `1` is named twice",
        "line 3, column 自治基本条例関連条項 (basic_ordinance): more than 20 references of one initiative",
        "line 4, column 行革プラン (reform_plan): for a row with one initiative, its first one",
    ] {
        assert!(refused.errors.contains(told), "{told}: {refused:?}");
    }
    assert_eq!(place.size(), size);
}
