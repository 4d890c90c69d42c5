//! Plans in workbooks: the city's form and the flat table say what the same plan says as a text.

use daicho::domain::event::{Event, Payload};
use daicho::domain::id::LedgerId;
use daicho::domain::text::Name;
use daicho::import::events::{SourceFile, events};
use daicho::import::understood::Plan;
use daicho::import::{self, Unreadable};
use rust_xlsxwriter::{Format, Formula, Workbook, Worksheet};
use uuid::Uuid;

const PUBLISHED: &str = include_str!("../fixtures/import/published.txt");
const TABLE: &str = include_str!("../fixtures/import/table.csv");

fn read(bytes: &[u8]) -> Plan {
    import::read(bytes, None).expect("the plan can be read")
}

/// The events of a plan without what they say of the file they came in.
fn events_of(plan: &Plan) -> Vec<Event> {
    let ledger = LedgerId::new(Uuid::new_v5(&Uuid::NAMESPACE_OID, b"workbook")).expect("an id");
    let file = SourceFile::new(Name::parse("plan").expect("a name"), b"the same for all");
    let mut events = events(plan, &file, ledger, |_| None).expect("the plan becomes events");
    for event in &mut events {
        if let Payload::PlanPublished(published) = &mut event.payload {
            published.source_sha256 = None;
        }
    }
    events
}

fn circled(number: u32) -> char {
    char::from_u32(0x245F + number).expect("a circled number")
}

/// The city's form: a cover with the pillars, then a sheet for each department.
fn form(plan: &Plan) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let cover = workbook.add_worksheet().set_name("表紙").expect("a name");
    cover.write(0, 0, "令和5年度組織重点目標").expect("written");
    for (row, pillar) in (2..).zip(&plan.head.pillars) {
        let line = format!("({}) {}", pillar.number, pillar.title);
        cover.write(row, 1, line).expect("written");
    }
    for department in &plan.departments {
        let sheet = workbook
            .add_worksheet()
            .set_name(&department.name)
            .expect("a name");
        let heading = format!("{} 令和5年度組織重点目標", department.name);
        sheet
            .merge_range(0, 0, 0, 4, &heading, &Format::new())
            .expect("written");
        let mut row = 2;
        for pillar in &department.pillars {
            let line = format!("（{}） {}", pillar.number, pillar.title);
            sheet.write(row, 0, line).expect("written");
            head(sheet, row + 1);
            row += 3;
            for goal in &pillar.goals {
                let first = row;
                for initiative in &goal.initiatives {
                    let text = format!("{}{}", circled(initiative.number), initiative.text);
                    sheet.write(row, 1, text).expect("written");
                    sheet
                        .write(row, 2, initiative.sections.join("\n"))
                        .expect("written");
                    let criteria: Vec<String> = initiative
                        .criteria
                        .iter()
                        .map(|c| format!("・{}", c.text))
                        .collect();
                    sheet.write(row, 3, criteria.join("\n")).expect("written");
                    row += 1;
                }
                if first + 1 < row {
                    let format = Format::new().set_text_wrap();
                    sheet
                        .merge_range(first, 0, row - 1, 0, &goal.text, &format)
                        .expect("written");
                } else {
                    sheet.write(first, 0, &goal.text).expect("written");
                }
            }
            row += 1;
        }
    }
    workbook.save_to_buffer().expect("written")
}

/// The head of the form's table, in two rows; the criterion spans two columns.
fn head(sheet: &mut Worksheet, row: u32) {
    let format = Format::new().set_bold();
    for (column, heading) in (0..).zip(["組織目標", "取組内容", "課 等"]) {
        sheet
            .merge_range(row, column, row + 1, column, heading, &format)
            .expect("written");
    }
    sheet
        .merge_range(row, 3, row, 4, "目標達成基準", &format)
        .expect("written");
    sheet.write(row + 1, 3, "内容").expect("written");
    sheet.write(row + 1, 4, "目標値").expect("written");
}

/// The flat table as rows of texts.
fn flat(plan: &Plan) -> Vec<[String; 8]> {
    let head = [
        "年度",
        "部",
        "柱",
        "柱の名称",
        "組織目標",
        "取組内容",
        "課等",
        "目標達成基準",
    ];
    let mut rows = vec![head.map(str::to_owned)];
    for pillar in &plan.head.pillars {
        let mut row: [String; 8] = Default::default();
        (row[2], row[3]) = (pillar.number.to_string(), pillar.title.clone());
        rows.push(row);
    }
    for (department, pillar, goal) in plan.goals() {
        let mut goal_text = goal.text.clone();
        for initiative in &goal.initiatives {
            let text = format!("{}{}", circled(initiative.number), initiative.text);
            let mut own = [text, initiative.sections.join("、")];
            for criterion in &initiative.criteria {
                let [initiative, sections] = std::mem::take(&mut own);
                rows.push([
                    plan.head.code.clone(),
                    department.name.clone(),
                    pillar.number.to_string(),
                    String::new(),
                    std::mem::take(&mut goal_text),
                    initiative,
                    sections,
                    criterion.text.clone(),
                ]);
            }
        }
    }
    rows
}

fn as_csv(rows: &[[String; 8]]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("written");
    }
    writer.into_inner().expect("written")
}

fn as_workbook(rows: &[[String; 8]]) -> Vec<u8> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    sheet
        .write(0, 0, "令和5年度 組織重点目標 一覧")
        .expect("written");
    for (row, cells) in (2..).zip(rows) {
        for (column, text) in (0..).zip(cells) {
            match text.parse::<f64>() {
                Ok(number) => sheet.write(row, column, number).expect("written"),
                Err(_) => sheet.write(row, column, text).expect("written"),
            };
        }
    }
    workbook.save_to_buffer().expect("written")
}

#[test]
fn one_plan_gives_the_same_events_in_every_form() {
    let plan = read(PUBLISHED.as_bytes());
    let expected = events_of(&plan);
    assert!(50 < expected.len());
    let rows = flat(&plan);
    for (name, bytes) in [
        ("table in CSV", as_csv(&rows)),
        ("table in a workbook", as_workbook(&rows)),
        ("form", form(&plan)),
    ] {
        let found = events_of(&read(&bytes));
        for (mine, theirs) in found.iter().zip(&expected) {
            assert_eq!(mine, theirs, "{name}");
        }
        assert_eq!(found.len(), expected.len(), "{name}");
    }
}

#[test]
fn a_table_with_figures_is_the_same_in_csv_and_in_cells() {
    let rows: Vec<csv::StringRecord> = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(TABLE.as_bytes())
        .records()
        .collect::<Result<_, _>>()
        .expect("the fixture is CSV");
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    for (row, record) in (0..).zip(&rows) {
        for (column, text) in (0..).zip(record) {
            match text.parse::<f64>() {
                Ok(number) => sheet.write(row, column, number).expect("written"),
                Err(_) if text == "令和5年3月31日" => {
                    let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2023, 3, 31).expect("a day");
                    let format = Format::new().set_num_format("yyyy\"年\"m\"月\"d\"日\"");
                    sheet
                        .write_with_format(row, column, &day, &format)
                        .expect("written")
                }
                Err(_) => sheet.write(row, column, text).expect("written"),
            };
        }
    }
    let bytes = workbook.save_to_buffer().expect("written");
    assert_eq!(events_of(&read(&bytes)), events_of(&read(TABLE.as_bytes())));
}

fn faults(bytes: &[u8]) -> String {
    match import::read(bytes, None) {
        Err(Unreadable::Faulty { faults, .. }) => {
            faults.iter().map(|fault| format!("{fault}\n")).collect()
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn faults_are_told_by_sheet_and_cell() {
    let mut workbook = Workbook::new();
    let sheet = workbook
        .add_worksheet()
        .set_name("令和5年度")
        .expect("a name");
    let head = [
        "年度",
        "部",
        "柱",
        "組織目標",
        "取組内容",
        "課等",
        "目標達成基準",
        "基準値",
        "基準日",
    ];
    for (column, heading) in (1..).zip(head) {
        sheet.write(1, column, heading).expect("written");
    }
    for (column, text) in (1..).zip([
        "R5",
        "企画部",
        "(1) 信頼",
        "目標",
        "①取組",
        "企画課",
        "改善 1件",
    ]) {
        sheet.write(2, column, text).expect("written");
    }
    sheet
        .write_formula(2, 8, Formula::new("=1+1").set_result("2"))
        .expect("written");
    sheet.write(2, 9, "2023-02-30").expect("written");
    sheet.write(3, 7, "・更なる改善 2件").expect("written");
    let percent = Format::new().set_num_format("0%");
    sheet
        .write_with_format(3, 8, 0.5, &percent)
        .expect("written");
    sheet.write(3, 9, "R5.3.31").expect("written");
    sheet.write(4, 4, "別の目標").expect("written");
    let bytes = workbook.save_to_buffer().expect("written");
    insta::assert_snapshot!(faults(&bytes), @r#"
    令和5年度!I3, column 基準値 (`baseline`): a formula; put its value there instead
    令和5年度!J3, column 基準日 (`baseline_as_of`): no such day between 1900-01-01 and 2199-12-31
    令和5年度!I4, column 基準値 (`baseline`): `50%` is not a number
    令和5年度!H5, column 目標達成基準 (`criterion`): blank
    令和5年度!F5, column 取組内容 (`initiative`): blank, and there is no initiative above in this goal
    "#);
}

#[test]
fn a_form_without_headings_takes_department_and_pillar_from_the_sheet() {
    let mut workbook = Workbook::new();
    for (name, initiative) in [("企画部（1）", "①話します。"), ("総務部(2)", "①聞きます。")]
    {
        let sheet = workbook.add_worksheet().set_name(name).expect("a name");
        sheet
            .write(0, 0, "令和５年度 組織重点目標")
            .expect("written");
        for (column, heading) in (0..).zip(["組織目標", "取組内容", "課等", "目標達成基準"])
        {
            sheet.write(1, column, heading).expect("written");
        }
        let cells = [
            "伝わる\n市役所にします。",
            initiative,
            "企画課",
            "・説明会の\n開催 3回\n・広報紙の改善",
        ];
        for (column, text) in (0..).zip(cells) {
            sheet.write(2, column, text).expect("written");
        }
        let format = Format::new();
        sheet.write(3, 1, "②続けます。").expect("written");
        sheet.write(3, 3, "調査 1件").expect("written");
        sheet
            .merge_range(4, 2, 5, 2, "企画課 広報課", &format)
            .expect("written");
        sheet.write(4, 1, "③もっと続けます。").expect("written");
        sheet.write(4, 3, "調査 2件").expect("written");
        sheet.write(5, 1, "④まだ続けます。").expect("written");
        sheet.write(5, 3, "調査 3件").expect("written");
    }
    let plan = read(&workbook.save_to_buffer().expect("written"));
    let lines: Vec<String> = plan
        .goals()
        .flat_map(|(department, pillar, goal)| {
            goal.initiatives.iter().map(move |initiative| {
                let criteria: Vec<&str> = initiative.criteria.iter().map(|c| &*c.text).collect();
                format!(
                    "{} {} {} | {}{} | {} | {}",
                    department.name,
                    pillar.number,
                    goal.text.replace('\n', "/"),
                    initiative.number,
                    initiative.text,
                    initiative.sections.join("+"),
                    criteria.join(" / ")
                )
            })
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"), @r#"
    企画部 1 伝わる/市役所にします。 | 1話します。 | 企画課 | 説明会の 開催 3回 / 広報紙の改善
    企画部 1 伝わる/市役所にします。 | 2続けます。 |  | 調査 1件
    企画部 1 伝わる/市役所にします。 | 3もっと続けます。 | 企画課+広報課 | 調査 2件
    企画部 1 伝わる/市役所にします。 | 4まだ続けます。 | 企画課+広報課 | 調査 3件
    総務部 2 伝わる/市役所にします。 | 1聞きます。 | 企画課 | 説明会の 開催 3回 / 広報紙の改善
    総務部 2 伝わる/市役所にします。 | 2続けます。 |  | 調査 1件
    総務部 2 伝わる/市役所にします。 | 3もっと続けます。 | 企画課+広報課 | 調査 2件
    総務部 2 伝わる/市役所にします。 | 4まだ続けます。 | 企画課+広報課 | 調査 3件
    "#);
    let warnings: Vec<String> = plan
        .warnings
        .iter()
        .map(|w| {
            format!(
                "{}:{} {} {}",
                w.sheet.as_deref().unwrap_or_default(),
                w.line,
                w.text,
                w.message
            )
        })
        .collect();
    insta::assert_snapshot!(warnings.join("\n"), @r#"
    企画部（1）:4 続けます。 an initiative without a section
    総務部(2):4 続けます。 an initiative without a section
    "#);
}

#[test]
fn a_form_without_a_pillar_says_where() {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet().set_name("企画部").expect("a name");
    for (column, heading) in (0..).zip(["組織目標", "取組内容", "課等", "目標達成基準"])
    {
        sheet.write(1, column, heading).expect("written");
    }
    sheet.write(2, 0, "目標").expect("written");
    let bytes = workbook.save_to_buffer().expect("written");
    insta::assert_snapshot!(faults(&bytes), @"企画部!A3: no pillar: neither a heading such as `(1) …` above nor one in the sheet's name");
}

#[test]
fn a_sheet_that_nobody_sees_is_not_imported() {
    let mut workbook = Workbook::new();
    workbook
        .add_worksheet()
        .write(0, 0, "見える")
        .expect("written");
    let hidden = workbook.add_worksheet().set_hidden(true);
    for (row, cells) in (0..).zip(flat(&read(PUBLISHED.as_bytes()))) {
        for (column, text) in (0..).zip(&cells) {
            hidden.write(row, column, text).expect("written");
        }
    }
    let bytes = workbook.save_to_buffer().expect("written");
    assert_eq!(import::read(&bytes, None), Err(Unreadable::NoPlan));
}
