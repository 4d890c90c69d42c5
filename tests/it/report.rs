//! Forms as a client asks for them: what is in the workbook, and how it prints.

use std::io::{Cursor, Read as _};

use daicho::api::v1;
use daicho::api::v1::evaluation_service_server::EvaluationService as _;
use daicho::domain::directory::Named;
use daicho::domain::event::{EventType, Recorded};
use daicho::grpc::Services;
use daicho::import::workbook::{self, Value, Workbook};
use daicho::ledger::index::{Direction, Term};
use daicho::ledger::{Reader, Standpoint};
use daicho::projection::change::{self, ChangeFilter};
use daicho::projection::evaluation::compare;
use daicho::projection::reporting::{ReportingFilter, ReportingState, reporting_status};
use daicho::report::Cell;
use daicho::report::form::{Form, Head, Heading, Line, Part, Slot};
use daicho::report::tidy;
use futures::StreamExt as _;
use sha2::{Digest as _, Sha256};
use tonic::{Code, Request};
use zip::ZipArchive;

use crate::evaluation::service::{asked, services};
use crate::evaluation::{evaluated, known_by, plan, sample};
use crate::fixture::date;

mod printed;

/// A file with what its last frame says of it.
struct File {
    bytes: Vec<u8>,
    rows: u32,
    media_type: String,
}

fn on(day: &str) -> Option<v1::EvaluationPoint> {
    let as_of = v1::AsOf {
        known_at: None,
        effective_on: Some(day.to_owned()),
    };
    Some(v1::EvaluationPoint {
        at: Some(v1::evaluation_point::At::AsOf(as_of)),
        policy: None,
    })
}

fn frozen(period: &str, revision: u32) -> Option<v1::EvaluationPoint> {
    let snapshot = v1::SnapshotRef {
        period: period.to_owned(),
        revision: Some(revision),
    };
    Some(v1::EvaluationPoint {
        at: Some(v1::evaluation_point::At::Snapshot(snapshot)),
        policy: None,
    })
}

fn request(kind: v1::ReportKind, at: Option<v1::EvaluationPoint>) -> v1::ExportReportRequest {
    v1::ExportReportRequest {
        plan: Some("R5".to_owned()),
        kind: kind.into(),
        at,
        ..v1::ExportReportRequest::default()
    }
}

async fn file(services: &Services, request: Request<v1::ExportReportRequest>) -> File {
    use v1::export_report_response::Frame;
    let mut frames = services.export_report(request).await.unwrap().into_inner();
    let (mut bytes, mut file) = (Vec::new(), None);
    let mut media_type = String::new();
    while let Some(frame) = frames.next().await {
        match frame.unwrap().frame.unwrap() {
            Frame::Header(header) => media_type = header.media_type,
            Frame::Bytes(piece) => bytes.extend(piece),
            Frame::Trailer(trailer) => {
                assert_eq!(trailer.bytes as usize, bytes.len());
                assert_eq!(trailer.sha256, Sha256::digest(&bytes).as_slice());
                file = Some(File {
                    bytes: std::mem::take(&mut bytes),
                    rows: trailer.rows,
                    media_type: std::mem::take(&mut media_type),
                });
            }
        }
    }
    file.expect("the last frame came")
}

/// A file inside a workbook.
pub(crate) fn inside(bytes: &[u8], name: &str) -> String {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive
        .by_name(name)
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    text
}

fn texts(workbook: &Workbook) -> Vec<String> {
    let cells = workbook.sheets.iter().flat_map(|sheet| sheet.cells());
    let texts = cells.filter_map(|(_, cell)| match &cell.value {
        Value::Text(text) => Some(text.clone()),
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn the_mid_year_sheet_has_a_line_an_indicator_and_prints_department_by_department() {
    let (ledgers, reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let asked_for = || asked(request(v1::ReportKind::MidYear, on("2023-09-30")));
    let file = file(&services, asked_for()).await;
    let size = reader.view().size;
    let evaluation = evaluated(&reader, plan(&reader, "R5"), date("2023-09-30"), size).await;
    assert_eq!(file.rows as usize, evaluation.rows());
    assert!(file.media_type.ends_with("spreadsheetml.sheet"));
    assert_eq!(
        file.bytes,
        self::file(&services, asked_for()).await.bytes,
        "the same question has the same bytes"
    );

    let book = inside(&file.bytes, "xl/workbook.xml");
    assert_eq!(book.matches("<sheet ").count(), 12);
    assert_eq!(book.matches("_xlnm.Print_Titles").count(), 12);
    assert_eq!(book.matches("_xlnm.Print_Area").count(), 12);
    let sheet = inside(&file.bytes, "xl/worksheets/sheet1.xml");
    for part in [
        "paperSize=\"9\"",
        "orientation=\"landscape\"",
        "<mergeCells",
        "令和5年度【見本・仮想時計】",
        "台帳番号 kariya-sample",
        "評価基準日 令和5年9月30日(2023-09-30)",
        "ページ &amp;P / &amp;N",
    ] {
        assert!(sheet.contains(part), "{part}");
    }
    assert!(sheet.contains(&format!("記録時点 {size}件 (2023-")));
    assert!(inside(&file.bytes, "xl/styles.xml").contains("游ゴシック"));
    assert!(!sheet.contains("<f>"));

    let workbook = workbook::read(&file.bytes).unwrap();
    let sheet = workbook.sheets.iter().find(|s| s.name == "総務部").unwrap();
    let of = |text: &str| {
        let text = Value::Text(text.to_owned());
        let found = sheet.cells().find(|(_, cell)| cell.value == text);
        found.map(|(at, _)| at.row).unwrap()
    };
    let row = |row: u32| -> Vec<String> {
        let cells = (0..14).map(|column| sheet.at(workbook::Address::new(row, column)));
        let shown = cells.map(|cell| match cell {
            Some(Value::Text(text)) => text.replace('\n', " "),
            Some(Value::Number(number)) => format!("[{number}]"),
            Some(Value::Percent(number)) => format!("[{number}%]"),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        });
        shown.collect()
    };
    insta::assert_snapshot!(row(3).join(" | "), @"組織目標 | 取組内容 | 課等 | 目標達成基準 | 当初目標 | 現目標 | 9月末実績 | 達成率 | 進捗 | 着地見込 | 中間評価 | 要因 | 今後の対応 | 根拠");
    let improved = of("業務改善の実施件数 50件");
    let last = evaluation
        .indicators()
        .find(|(_, _, indicator)| indicator.entry.code.as_str() == "R5/総務部/3-1/1.1")
        .and_then(|(_, _, indicator)| indicator.last_position)
        .unwrap();
    let told = row(improved).join(" | ");
    assert!(told.ends_with(&format!("#{last}")), "{told}");
    let told = told.replace(&format!("#{last}"), "#…");
    insta::assert_snapshot!(told, @"事務を効率化し、市民サービスを高める | ①職員の業務改善の提案を進める | 総務文書課 | 業務改善の実施件数 50件 | [50] | [50] | [28] | [56%] | 計画線未設定 （参考・見込みの差・見込みは未達） | 担当 48件 算出 56件 | 順調（自己） | 提案の受付を庁内の掲示板に移し、件数は計画を上回っている。 |  | 報告6件 台帳 #…");
    let empty = "計画全体で組織目標のない柱";
    assert!(texts(&workbook).iter().any(|text| text.starts_with(empty)));
}

#[tokio::test]
async fn a_form_of_one_department_is_that_part_of_the_whole_in_the_language_of_who_asks() {
    let (ledgers, _reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let mut english = asked(v1::ExportReportRequest {
        department: Some("総務部".to_owned()),
        ..request(v1::ReportKind::MidYear, on("2023-09-30"))
    });
    english
        .metadata_mut()
        .insert("accept-language", "en".parse().unwrap());
    let file = file(&services, english).await;
    assert_eq!(
        inside(&file.bytes, "xl/workbook.xml")
            .matches("<sheet ")
            .count(),
        1
    );
    let texts = texts(&workbook::read(&file.bytes).unwrap());
    for heading in [
        "criterion",
        "first target",
        "actual on 2023-09-30",
        "grounds",
    ] {
        assert!(texts.iter().any(|text| text == heading), "{heading}");
    }
    assert!(!texts.iter().any(|text| text == "根拠"));
}

#[tokio::test]
async fn restatements_tell_what_was_published_what_it_is_now_and_why() {
    let (ledgers, reader) = sample(date("2023-12-15")).await;
    let services = services(&ledgers);
    let wanted = request(v1::ReportKind::Restatements, frozen("mid-year", 1));
    let file = file(&services, asked(wanted)).await;
    let plan = plan(&reader, "R5");
    let period = reader.view().directory.periods_of(plan)[0].clone();
    let closed = period.snapshot(1).unwrap().known_at;
    let before = evaluated(&reader, plan, date("2023-09-30"), closed).await;
    let size = reader.view().size;
    let now = evaluated(&reader, plan, date("2023-09-30"), size).await;
    let differing = compare::differences(&before, &now);
    assert!(!differing.is_empty());
    let workbook = workbook::read(&file.bytes).unwrap();
    let texts = texts(&workbook);
    let count = format!("差異のある指標 {}、", differing.len());
    assert!(texts.iter().any(|text| text.contains(&count)), "{texts:?}");
    assert!(texts.iter().any(|text| text.contains("実績訂正")));
    assert!(
        texts
            .iter()
            .any(|text| text.starts_with("中間評価 第1回確定 "))
    );
    let numbers = workbook.sheets[0].cells();
    let numbers = numbers.filter(|(_, cell)| matches!(cell.value, Value::Number(_)));
    assert!(2 <= numbers.count());
}

#[tokio::test]
async fn what_a_form_cannot_be_made_of_is_refused() {
    let (ledgers, reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let known = known_by(&reader, date("2023-10-10")).await;
    assert!(0 < known);
    let refused = async |request: v1::ExportReportRequest| {
        let answer = services.export_report(asked(request)).await;
        let status = answer.err().expect("refused");
        (status.code(), status.message().to_owned())
    };
    let midyear = request(v1::ReportKind::MidYear, on("2023-09-30"));
    let (code, _) = refused(v1::ExportReportRequest {
        profile: v1::FileProfile::Machine.into(),
        ..midyear.clone()
    })
    .await;
    assert_eq!(code, Code::InvalidArgument);
    let (code, _) = refused(v1::ExportReportRequest {
        department: Some("ない部".to_owned()),
        ..midyear
    })
    .await;
    assert_eq!(code, Code::NotFound);
    let (code, _) = refused(v1::ExportReportRequest {
        department: Some("総務部".to_owned()),
        ..request(v1::ReportKind::EvaluationRows, on("2023-09-30"))
    })
    .await;
    assert_eq!(code, Code::InvalidArgument);
    let (code, _) = refused(request(v1::ReportKind::Restatements, frozen("mid-year", 9))).await;
    assert_eq!(code, Code::NotFound);
}

#[tokio::test]
async fn the_other_forms_have_their_columns_and_what_the_ledger_holds() {
    let (ledgers, reader) = sample(date("2023-12-15")).await;
    let services = services(&ledgers);
    let of = async |kind| {
        let file = file(&services, asked(request(kind, on("2023-09-30")))).await;
        let workbook = workbook::read(&file.bytes).unwrap();
        (file, workbook)
    };
    let headings = |workbook: &Workbook| -> Vec<String> {
        let row = |at: &workbook::Address| at.row == 3;
        let cells = workbook.sheets[0].cells();
        let cells = cells.filter(|(at, _)| row(at));
        let texts = cells.filter_map(|(_, cell)| match &cell.value {
            Value::Text(text) => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    };
    let size = reader.view().size;
    let plan = plan(&reader, "R5");
    let evaluation = evaluated(&reader, plan, date("2023-09-30"), size).await;

    let (first, workbook) = of(v1::ReportKind::Plan).await;
    assert_eq!(first.rows as usize, evaluation.rows());
    assert_eq!(
        headings(&workbook),
        ["組織目標", "取組内容", "課等", "目標達成基準"]
    );
    let (third, workbook) = of(v1::ReportKind::Results).await;
    assert_eq!(third.rows as usize, evaluation.rows());
    assert_eq!(
        headings(&workbook)[4..],
        ["実績・成果", "行革プラン", "自治基本条例関連条項"]
    );
    // The plan of the sample names nothing for the last two, and nothing is invented.
    let filled = workbook.sheets.iter().flat_map(|sheet| sheet.cells());
    let filled = filled.filter(|(at, _)| 4 < at.column && 3 < at.row);
    assert_eq!(filled.count(), 0);

    let revised = stored(&reader, EventType::TargetRevised).await;
    let (targets, workbook) = of(v1::ReportKind::Targets).await;
    assert!(0 < targets.rows);
    assert_eq!(targets.rows as usize, revised.len());
    let texts = texts(&workbook);
    for recorded in &revised {
        let reason = recorded.event.reason.as_ref().unwrap();
        let told = texts
            .iter()
            .any(|text| text.contains(reason.text.to_string().as_str()));
        assert!(told, "#{}", recorded.position);
    }
}

#[tokio::test]
async fn the_ledger_of_changes_binds_every_change_by_its_hash() {
    let (ledgers, reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let file = file(
        &services,
        asked(request(v1::ReportKind::Changes, on("2023-09-30"))),
    )
    .await;
    let workbook = workbook::read(&file.bytes).unwrap();
    let texts: std::collections::HashSet<String> = texts(&workbook).into_iter().collect();
    let plan = plan(&reader, "R5");
    let filter = ChangeFilter {
        subject: Some(Named::Plan(plan)),
        ..ChangeFilter::default()
    };
    let view = reader.view();
    let all = change::list(&reader, &view, &filter, None, Direction::Forward, 20_000);
    let all = all.await.unwrap();
    assert_eq!(all.next, None);
    assert_eq!(file.rows as usize, all.changes.len());
    for change in &all.changes {
        assert!(texts.contains(&hex::encode(change.stored.leaf_hash.as_bytes())));
    }
    let sheet = inside(&file.bytes, "xl/worksheets/sheet1.xml");
    assert!(sheet.contains("記録時点"));
    assert!(!sheet.contains("評価基準日"));
}

#[tokio::test]
async fn rows_for_spreadsheets_say_the_same_as_those_for_programs() {
    let (ledgers, _reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let of = async |profile: v1::FileProfile| {
        let request = v1::ExportReportRequest {
            profile: profile.into(),
            ..request(v1::ReportKind::EvaluationRows, on("2023-09-30"))
        };
        let file = file(&services, asked(request)).await;
        (file.rows, String::from_utf8(file.bytes).unwrap())
    };
    let (rows, machine) = of(v1::FileProfile::Machine).await;
    let (same, spreadsheet) = of(v1::FileProfile::Spreadsheet).await;
    assert_eq!(rows, same);
    let bare = spreadsheet.strip_prefix('\u{FEFF}').unwrap();
    let cells = |text: &str| -> Vec<Vec<String>> {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(text.as_bytes());
        let records = reader.records().map(Result::unwrap);
        let cells = records.map(|record| {
            record
                .iter()
                .map(|cell| tidy::original(cell).to_owned())
                .collect()
        });
        cells.collect()
    };
    assert_eq!(cells(bare), cells(&machine));
    assert_eq!(bare.matches("\r\n").count(), machine.lines().count());
}

/// The events of a type.
async fn stored(reader: &Reader, event_type: EventType) -> Vec<Recorded> {
    let term = Term::event_type(event_type);
    let positions = reader.postings(&term, 0, u64::MAX, Direction::Forward, usize::MAX);
    let stored = reader.stored_at(&positions.unwrap()).await.unwrap();
    stored.into_iter().map(|stored| stored.recorded).collect()
}

#[tokio::test]
async fn what_is_missing_is_listed_by_department_with_who_answers_and_how_late_it_is() {
    let (ledgers, reader) = sample(date("2023-10-11")).await;
    let services = services(&ledgers);
    let asked_for = || {
        asked(v1::ExportReportRequest {
            round: Some("mid-year".to_owned()),
            ..request(v1::ReportKind::Missing, on("2023-10-11"))
        })
    };
    let file = file(&services, asked_for()).await;
    assert_eq!(file.bytes, self::file(&services, asked_for()).await.bytes);
    let plan = reader.view().directory.plan(plan(&reader, "R5")).cloned();
    let plan = plan.unwrap();
    let on = date("2023-10-11");
    let directory = reader.view().directory;
    let calendar = directory.calendar_on(plan.id, on).unwrap();
    let round = calendar
        .round(&daicho::domain::code::Key::parse("mid-year").unwrap())
        .unwrap();
    let at = Standpoint {
        view: reader.view(),
        on,
    };
    let filter = ReportingFilter::default();
    let status = reporting_status(&reader, &at, &plan, &calendar, round, &filter);
    let status = status.await.unwrap();
    let owed: Vec<_> = status
        .rows
        .iter()
        .filter(|row| matches!(row.state, ReportingState::Missing | ReportingState::Awaited))
        .collect();
    assert!(!owed.is_empty());
    assert_eq!(file.rows as usize, owed.len());
    let workbook = workbook::read(&file.bytes).unwrap();
    let departments: std::collections::BTreeSet<_> =
        owed.iter().map(|row| row.department).collect();
    assert_eq!(workbook.sheets.len(), departments.len());
    let texts = texts(&workbook);
    for row in &owed {
        let code = row.entry.code.to_string();
        assert!(texts.contains(&code), "{code}");
    }
    // D and K stand above the lines, and what is overdue is a number of days.
    assert!(texts.iter().any(|text| {
        text.contains("評価基準日 令和5年10月11日(2023-10-11)") && text.contains("記録時点 ")
    }));
    let overdue = owed.iter().filter_map(|row| row.days_overdue).count();
    let numbers = workbook.sheets.iter().flat_map(|sheet| sheet.cells());
    let numbers = numbers.filter(|(_, cell)| matches!(cell.value, Value::Number(_)));
    assert_eq!(numbers.count(), overdue);
    assert_eq!(
        overdue,
        owed.iter()
            .filter(|row| row.state == ReportingState::Missing)
            .count()
    );

    // Before anybody is asked there is a page that says so.
    let none = v1::ExportReportRequest {
        round: Some("year-end".to_owned()),
        ..request(v1::ReportKind::Missing, self::on("2023-10-11"))
    };
    let none = self::file(&services, asked(none)).await;
    assert_eq!(none.rows, 0);
    let unknown = v1::ExportReportRequest {
        round: Some("spring".to_owned()),
        ..request(v1::ReportKind::Missing, self::on("2023-10-11"))
    };
    let status = services.export_report(asked(unknown)).await.err().unwrap();
    assert_eq!(status.code(), Code::NotFound);
    let misplaced = v1::ExportReportRequest {
        round: Some("mid-year".to_owned()),
        ..request(v1::ReportKind::MidYear, self::on("2023-10-11"))
    };
    let status = services
        .export_report(asked(misplaced))
        .await
        .err()
        .unwrap();
    assert_eq!(status.code(), Code::InvalidArgument);
}
