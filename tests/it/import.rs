//! Importing plans: what is understood of the city's layout, and of a table in CSV.

use std::fmt::Write as _;

use daicho::domain::fiscal_year::FiscalYear;
use daicho::import::understood::{Criterion, Measure, Plan};
use daicho::import::{self, Unreadable};

const PUBLISHED: &str = include_str!("../fixtures/import/published.txt");
const TABLE: &str = include_str!("../fixtures/import/table.csv");

fn read(text: &str) -> Plan {
    import::read(text.as_bytes(), None).expect("the plan can be read")
}

/// One line for each criterion: kind, figures, and what an indicator would be.
fn outline(plan: &Plan) -> String {
    let mut out = String::new();
    for (department, pillar, goal) in plan.goals() {
        let _ = writeln!(out, "{} {} {}", department.name, pillar.number, goal.text);
        for initiative in &goal.initiatives {
            let _ = writeln!(
                out,
                "  {} {} [{}]",
                initiative.number,
                initiative.text,
                initiative.sections.join(" ")
            );
            for criterion in &initiative.criteria {
                let _ = writeln!(out, "    {} -> {}", criterion.text, meaning(criterion));
            }
        }
    }
    out
}

fn meaning(criterion: &Criterion) -> String {
    let figures: Vec<String> = criterion.measures.iter().map(figure).collect();
    format!(
        "{} {}",
        criterion.proposal.measure_type.code(),
        figures.join(" & ")
    )
}

fn figure(measure: &Measure) -> String {
    let comparator = serde_json::to_value(measure.comparator).expect("a comparator is JSON");
    let per = if measure.per.is_some() { "/month" } else { "" };
    let scope = measure
        .scope
        .as_ref()
        .map(|scope| format!(" ({scope})"))
        .unwrap_or_default();
    format!(
        "{} {}{}{per}{scope}",
        comparator.as_str().unwrap_or_default(),
        measure.value,
        measure.unit
    )
}

#[test]
fn a_published_plan_is_understood_with_all_its_traps() {
    insta::assert_snapshot!(outline(&read(PUBLISHED)));
}

#[test]
fn what_was_decided_on_evidence_is_told() {
    let warnings: Vec<String> = read(PUBLISHED)
        .warnings
        .iter()
        .map(|w| format!("{}: {} => {}", w.line, w.text, w.message))
        .collect();
    insta::assert_snapshot!(warnings.join("\n"));
}

#[test]
fn a_pillar_without_goals_is_still_a_pillar() {
    let plan = read(PUBLISHED);
    let pillars: Vec<_> = plan
        .head
        .pillars
        .iter()
        .map(|p| format!("{} {}", p.number, p.title))
        .collect();
    assert_eq!(
        pillars,
        ["1 信頼される市役所", "2 健全な財政", "3 先進的な市役所"]
    );
    let without = PUBLISHED.replace("(2)健全な財政", "(1)信頼される市役所");
    assert_eq!(read(&without).head.pillars.len(), 3);
}

#[test]
fn encoding_and_width_change_nothing_that_is_understood() {
    let plain = outline(&read(PUBLISHED));
    let (cp932, _, lossy) = encoding_rs::SHIFT_JIS.encode(PUBLISHED);
    // The simplified 污 is not in CP932; everything else is.
    assert!(lossy);
    let in_cp932 = PUBLISHED.replace('污', "汚");
    let (cp932_clean, _, lossy) = encoding_rs::SHIFT_JIS.encode(&in_cp932);
    assert!(!lossy && cp932 != cp932_clean);
    let from_cp932 = import::read(&cp932_clean, None).expect("CP932 is read");
    assert_eq!(outline(&from_cp932), plain.replace('污', "汚"));
    let with_bom = format!("\u{FEFF}{PUBLISHED}").replace('\n', "\r\n");
    assert_eq!(outline(&read(&with_bom)), plain);
}

#[test]
fn a_table_is_read_with_its_english_titles_and_figures() {
    let plan = read(TABLE);
    insta::assert_snapshot!(outline(&plan), @r#"
    企画部 1 市の魅力を届けます。
      1 街のにぎわいをつくります。 [企画課 広報課]
        催しの点検 3件 -> COUNT >= 3件
      2 公式SNSで市を紹介します。 [広報課]
        公式SNSのフォロワー数 12500人 -> LEVEL >= 12500人
        公式動画の登録者 1480人 -> LEVEL >= 1480人
    企画部 2 収入を確保します。
      1 市税の収納率を上げます。 [納税課]
        今年の分の収納率 97% -> RATIO >= 97%
    "#);
    insta::assert_snapshot!(serde_json::to_string(&plan.head).expect("JSON"), @r#"{"code":"R5","title":"令和5年度組織重点目標","fiscal_year":2023,"pillars":[{"number":1,"title":"信頼される市役所","title_en":"A city hall that people trust"},{"number":2,"title":"健全な財政","title_en":"Sound finances"}]}"#);
    let (department, _, goal) = plan.goals().next().expect("a goal");
    assert_eq!(department.name_en.as_deref(), Some("Planning Department"));
    assert_eq!(goal.title_en.as_deref(), Some("Show what the city offers"));
    assert_eq!(goal.code.as_deref(), Some("R5-PLAN-1"));
    let criteria: Vec<&Criterion> = plan.criteria().collect();
    let baseline = criteria[1].proposal.baseline.expect("a baseline");
    assert_eq!(
        (baseline.value.to_string(), baseline.as_of.to_string()),
        ("11800".into(), "2023-03-31".into())
    );
    assert_eq!(criteria[3].proposal.monthly_plan.len(), 12);
}

fn faults(text: &str) -> String {
    match import::read(text.as_bytes(), None) {
        Ok(_) => "no fault".to_owned(),
        Err(Unreadable::Faulty { faults, total }) => {
            assert_eq!(faults.len(), total);
            faults.iter().map(|fault| format!("{fault}\n")).collect()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_fault_of_a_table_is_told_at_once() {
    let head = TABLE.lines().next().expect("a first line");
    let table = [
        head,
        "R5,,,1,題,,目標,,①取組,,課,,基準 1件,,,,,",
        "R4,部,,x,題,,目標,,①取組,,課,,基準 1件,,,,,",
        "",
        "R5,部,,1,題,,,,①取組,,課,,基準 1件,,,,,",
        "R5,部,,1,別の題,,目標,,①取組,,,,基準 1件,,,,,",
        "R5,部,,1,題,,別の目標,,,,課,,,,,N/A,,",
        "R5,部,,1",
        "R5,部,,1,題,,三つ目の目標,,①取組,,一課 二課,Only one,・基準 1件 ・基準 2件,For which?,,1,2023-02-30,1 2 3",
    ];
    insta::assert_snapshot!(faults(&table.join("\n")), @r#"
    line 2, column 部 (`department`): blank in the first row
    line 3, column 年度 (`fiscal_year`): another year than in the rows above
    line 3, column 柱 (`pillar`): not a number from 1 to 99
    line 5, column 組織目標 (`goal`): blank, and there is no goal above in this department and pillar
    line 6, column 柱の名称 (`pillar_title`): another title than in the rows above
    line 6, column 課等 (`sections`): blank
    line 7, column 目標達成基準 (`criterion`): blank
    line 7, column 取組内容 (`initiative`): blank, and there is no initiative above in this goal
    line 7, column 基準値 (`baseline`): for a row with one criterion only
    line 7, column 基準値 (`baseline`): `N/A` is not a number
    line 7, column 基準日 (`baseline_as_of`): blank although there is a value
    line 8: 4 cells where the first line has 18
    line 9, column 目標達成基準(英) (`criterion_en`): for a row with one criterion only
    line 9, column 基準値 (`baseline`): for a row with one criterion only
    line 9, column 月次計画 (`monthly_plan`): for a row with one criterion only
    line 9, column 基準日 (`baseline_as_of`): no such day between 1900-01-01 and 2199-12-31
    line 9, column 月次計画 (`monthly_plan`): not 12 numbers that never fall, with spaces between
    line 9, column 課等(英) (`sections_en`): 1 names for 2 sections
    "#);
    insta::assert_snapshot!(faults("部,柱,組織目標,課等,部\n"), @r#"
    line 1, column 部 (`department`): the column is there twice
    line 1, column 取組内容 (`initiative`): the column is missing
    line 1, column 目標達成基準 (`criterion`): the column is missing
    "#);
    insta::assert_snapshot!(faults("部,柱,組織目標,取組内容,課等,目標達成基準\n企画部,1,目標,取組,企画課,基準 1件\n"), @"the table has no column 年度; say which fiscal year the plan is for");
    insta::assert_snapshot!(faults("ただの文章です。"), @"no plan: neither a table with the columns 部, 柱, 組織目標, 取組内容, 課等 and 目標達成基準, nor a published text or form with headings such as `企画部 令和5年度組織重点目標`");
}

#[test]
fn the_year_may_come_from_outside_a_table() {
    let table =
        "部,柱,組織目標,取組内容,課等,目標達成基準\n企画部,1,目標,取組,企画課,基準の改善 1件\n";
    let plan =
        import::read(table.as_bytes(), FiscalYear::new(2022).ok()).expect("the year is given");
    assert_eq!(plan.head.code, "R4");
    assert_eq!(
        plan.initiatives()
            .next()
            .map(|initiative| initiative.number),
        Some(1)
    );
}

/// The sample plans that the program carries.
const SAMPLE_R5: &str = include_str!("../../src/server/sample/plan-r5.csv");
const SAMPLE_R4: &str = include_str!("../../src/server/sample/plan-r4.csv");

#[test]
fn the_sample_plan_has_the_city_s_measure() {
    let plan = read(SAMPLE_R5);
    let of_pillar = |number| {
        plan.goals()
            .filter(|(_, pillar, _)| pillar.number == number)
            .count()
    };
    assert_eq!(plan.departments.len(), 12);
    assert_eq!(
        (1..=6).map(of_pillar).collect::<Vec<_>>(),
        [26, 9, 13, 11, 0, 3]
    );
    assert_eq!(plan.head.pillars.len(), 6);
    assert_eq!(plan.initiatives().count(), 147);
    assert_eq!(plan.sections().len(), 44);
    assert_eq!(plan.criteria().count(), 230);
    assert_eq!(
        plan.criteria()
            .map(|criterion| criterion.measures.len())
            .sum::<usize>(),
        160
    );
    // Everything has an English title.
    assert!(
        plan.criteria()
            .all(|criterion| criterion.title_en.is_some())
    );
    assert!(
        plan.initiatives()
            .all(|initiative| initiative.title_en.is_some())
    );
    assert!(plan.goals().all(|(_, _, goal)| goal.title_en.is_some()));
    let named_sections: usize = plan
        .departments
        .iter()
        .map(|department| department.sections_en.len())
        .sum();
    assert_eq!(named_sections, 44);
}

#[test]
fn the_sample_plan_of_the_year_before_compares_with_it() {
    let (before, plan) = (read(SAMPLE_R4), read(SAMPLE_R5));
    assert_eq!(
        (before.head.code.as_str(), before.goals().count()),
        ("R4", 6)
    );
    for (_, _, goal) in before.goals() {
        assert!(
            plan.goals().any(|(_, _, other)| other.text == goal.text),
            "{}",
            goal.text
        );
    }
    for section in before.sections() {
        assert!(plan.sections().contains(&section), "{section}");
    }
}

/// Pieces that plans are made of, to be put together in every wrong order.
const PIECES: [&str; 52] = [
    "①",
    "②",
    "③",
    "・",
    " ",
    "　",
    "<p>",
    "</p>",
    "<ul style=\"x\">",
    "<li>",
    "<",
    "&amp;",
    "3",
    "１",
    "，",
    ",",
    ".",
    "000",
    "回",
    "人/月",
    "㎞",
    "%",
    "校",
    "(",
    "（",
    "）",
    ")",
    "令和",
    "年度",
    "8月",
    "月",
    "9月30日",
    "全",
    "各",
    "課等",
    "「",
    "」",
    "以上",
    "約",
    "~",
    "第",
    "\t",
    "\n",
    "\"",
    "企画部 令和5年度組織重点目標\n",
    "(1) 題\n",
    "\n組織目標\t取組内容\t課等\t目標達成基準\n",
    "部,柱,組織目標,取組内容,課等,目標達成基準\n",
    "目標\t①取組\t課\t・基準 1件\n",
    "部,1,目標,取組,課,基準 1件\n",
    "の実施",
    "ﾊﾟ",
];

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_fall(pieces in proptest::collection::vec(0..PIECES.len(), 0..60)) {
        let text: String = pieces.into_iter().map(|index| PIECES[index]).collect();
        for start in ["", "企画部 令和5年度組織重点目標\n(1) 題\n組織目標\t取組内容\t課等\t目標達成基準\n目標\t①取組\t課\t・"] {
            let text = format!("{start}{text}");
            if let Ok(plan) = import::read(text.as_bytes(), FiscalYear::new(2023).ok()) {
                serde_json::to_string(&plan).expect("a plan is JSON");
                let name = daicho::domain::text::Name::parse("plan.txt").expect("a name");
                let file = import::events::SourceFile::new(name, text.as_bytes());
                let ledger = daicho::domain::id::LedgerId::derived(uuid::Uuid::NAMESPACE_OID, "ledger");
                let _ = import::events::events(&plan, &file, ledger, |_| None);
            }
        }
    }
}
