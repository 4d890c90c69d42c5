//! The reporting round over a real server: who has reported, who confirmed what, and what became of findings.

use daicho::api::v1;
use daicho::cli::render;
use daicho::domain::actual::{Measurement, NilCause, ReportedPart};
use daicho::domain::code::Key;
use daicho::domain::event::*;
use daicho::domain::finding::FindingReference;
use daicho::domain::id::PlanId;
use daicho::domain::reporting::{ReportingRound, RoundDates, RoundException};
use daicho::domain::text::{Language, Text};
use insta::assert_snapshot;

use super::world::{
    CHIEF, CLERK, Writer, correction, defined, event, event_id, goal, grid, id, indicator, report,
    told, view,
};
use crate::fixture::{counted, date, title};
use crate::service::Server;

fn plan() -> PlanId {
    id("plan", PlanId::new)
}

fn text(text: &str) -> Text {
    Text::parse(text).unwrap()
}

fn dates(reports_for: &str, cut_off: &str, fixed_on: &str) -> RoundDates {
    RoundDates {
        reports_for: date(reports_for),
        cut_off: date(cut_off),
        fixed_on: date(fixed_on),
    }
}

fn round(
    code: &str,
    ja: &str,
    dates: RoundDates,
    exceptions: Vec<RoundException>,
) -> ReportingRound {
    ReportingRound {
        code: Key::parse(code).unwrap(),
        title: title(ja),
        reports_for: dates.reports_for,
        cut_off: dates.cut_off,
        fixed_on: dates.fixed_on,
        exceptions,
    }
}

/// A calendar of two rounds set in spring, that asks for 例外 on other days and not for 対象外 in the first.
fn calendar() -> Event {
    let own = |name: &str, dates| RoundException {
        indicator: indicator(name),
        dates,
    };
    let exceptions = vec![
        own("対象外", None),
        own(
            "例外",
            Some(dates("2023-09-15", "2023-09-20", "2023-09-29")),
        ),
    ];
    let rounds = vec![
        round(
            "mid-year",
            "中間",
            dates("2023-09-30", "2023-10-06", "2023-10-10"),
            exceptions,
        ),
        round(
            "year-end",
            "年度末",
            dates("2024-03-31", "2024-04-10", "2024-05-31"),
            Vec::new(),
        ),
    ];
    let set = ReportingCalendarSet {
        plan: plan(),
        rounds,
    };
    event("calendar", Stream::plan(plan()), "2023-04-20", set)
}

fn nil(name: &str, of: &str, day: &str) -> Event {
    let recorded = ActualRecorded {
        indicator: indicator(of),
        measurement: Measurement::Nil(NilCause::NoActivity),
        reported: ReportedPart::default(),
    };
    event(name, goal(), day, recorded)
}

/// The grid; 零 reported 0 in time, 無し nothing to report, 遅れ came on 9 October, 例外 five days after its own cut-off,
/// 対象外 and 未報告 nothing.
async fn story(writer: &Writer) {
    for (number, name) in (2..).zip(["零", "無し", "遅れ", "例外", "対象外", "未報告"])
    {
        let events = defined(name, number, counted(), 10);
        writer.at("2023-04-04 10:00", "企画政策課", events).await;
    }
    writer
        .at("2023-04-20 10:00", "企画政策課", vec![calendar()])
        .await;
    writer
        .at(
            "2023-05-01 10:00",
            CLERK,
            vec![report("spring", "例外", "2023-04-30", 1)],
        )
        .await;
    writer
        .at(
            "2023-09-25 10:00",
            CLERK,
            vec![report("own", "例外", "2023-09-15", 2)],
        )
        .await;
    writer
        .at(
            "2023-10-03 10:00",
            CLERK,
            vec![report("zero", "零", "2023-09-30", 0)],
        )
        .await;
    writer
        .at(
            "2023-10-03 11:00",
            CLERK,
            vec![nil("nil", "無し", "2023-09-30")],
        )
        .await;
    writer
        .at(
            "2023-10-05 10:00",
            CLERK,
            vec![report("begun", "業務改善", "2023-09-30", 3)],
        )
        .await;
    writer
        .at(
            "2023-10-09 10:00",
            CLERK,
            vec![report("late", "遅れ", "2023-09-30", 4)],
        )
        .await;
    // The day on which the questions are asked.
    writer
        .at(
            "2023-10-10 10:00",
            CLERK,
            vec![report("october", "業務改善", "2023-10-10", 1)],
        )
        .await;
}

fn known(known_at: &str, effective_on: &str) -> Option<v1::AsOf> {
    Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Date(known_at.to_owned())),
        effective_on: Some(effective_on.to_owned()),
    })
}

async fn status(
    server: &Server,
    request: v1::ListReportingStatusRequest,
) -> v1::ListReportingStatusResponse {
    let mut goals = server.goals().await;
    goals
        .list_reporting_status(request)
        .await
        .unwrap()
        .into_inner()
}

/// A line a row, and the counts.
fn lines(answer: &v1::ListReportingStatusResponse) -> String {
    let row = |row: &v1::ReportingRow| {
        let code = row
            .indicator
            .as_ref()
            .map_or("", |i| &i.title.as_ref().unwrap().ja);
        let mut line = format!(
            "{code} {}",
            row.state()
                .as_str_name()
                .trim_start_matches("REPORTING_STATE_")
        );
        if let Some(dates) = &row.dates {
            line.push_str(&format!(" due {}", dates.cut_off));
        }
        if let Some(report) = &row.report {
            line.push_str(&format!(
                " to {} on {} of {}",
                report.until, report.recorded_on, report.entries
            ));
            line.extend(report.days_late.map(|days| format!(" late {days}")));
            line.push_str(if report.zero { " zero" } else { "" });
        }
        line
    };
    let total = answer.total.clone().unwrap_or_default();
    let counts = format!(
        "{}/{} {} late {} judged on {}",
        total.answered,
        total.due,
        total.completeness.unwrap_or_default(),
        total.late,
        answer.judged_on
    );
    let rows: Vec<String> = answer.rows.iter().map(row).collect();
    format!("{}\n{counts}", rows.join("\n"))
}

#[tokio::test]
async fn every_indicator_stands_somewhere_towards_a_round() {
    let server = told(story).await;
    let at = |known_at: &str, on: &str| v1::ListReportingStatusRequest {
        as_of: known(known_at, on),
        round: Some("mid-year".to_owned()),
        ..Default::default()
    };
    // Before any day has come only what was reported already is answered; 例外 has its own day.
    assert_snapshot!(
        "status_before",
        lines(&status(&server, at("2023-09-18", "2023-09-18")).await)
    );
    assert_snapshot!(
        "status_awaited",
        lines(&status(&server, at("2023-10-04", "2023-09-30")).await)
    );
    assert_snapshot!(
        "status_missing",
        lines(&status(&server, at("2023-10-10", "2023-09-30")).await)
    );
    // Without a round the last whose day has come is meant.
    let unnamed = v1::ListReportingStatusRequest {
        round: None,
        ..at("2023-10-10", "2023-09-30")
    };
    let answer = status(&server, unnamed).await;
    assert_eq!(answer.round.clone().unwrap().code, "mid-year");
    assert_eq!(answer.rounds, ["mid-year", "year-end"]);
    assert_eq!(
        answer.calendar_event_id,
        Some(event_id("calendar").to_string())
    );
    // Before the calendar took effect the built-in one was in force.
    let built_in = status(&server, at("2023-10-10", "2023-04-19")).await;
    assert_eq!(built_in.calendar_event_id, None);
    server.stop().await;
}

#[tokio::test]
async fn the_whole_calendar_in_force_is_told() {
    let server = told(story).await;
    let calendar = async |known_at: &str, on: &str| {
        let request = v1::GetReportingCalendarRequest {
            as_of: known(known_at, on),
            ..Default::default()
        };
        let mut goals = server.goals().await;
        let answer = goals.get_reporting_calendar(request).await.unwrap();
        answer.into_inner()
    };
    let set = calendar("2023-10-10", "2023-10-10").await;
    assert_eq!(set.event_id, Some(event_id("calendar").to_string()));
    assert_eq!(set.effective_from, "2023-04-20");
    for (name, language) in [("ja", Language::Ja), ("en", Language::En)] {
        let view = view(&server, language).await;
        assert_snapshot!(
            format!("calendar_{name}"),
            render::calendar::whole(&view, &set)
        );
    }
    // Neither before its day nor before it was known.
    for (known_at, on) in [("2023-10-10", "2023-04-19"), ("2023-04-19", "2023-04-19")] {
        let built_in = calendar(known_at, on).await;
        assert_eq!((built_in.event_id, built_in.position), (None, None));
        assert_eq!(built_in.effective_from, "2023-04-01");
        let cut_offs: Vec<&str> = built_in.rounds.iter().map(|r| &*r.cut_off).collect();
        assert_eq!(cut_offs, ["2023-10-06", "2024-04-10"]);
        assert!(built_in.indicators.is_empty());
    }
    let unknown = v1::GetReportingCalendarRequest {
        plan: Some("無い計画".to_owned()),
        ..Default::default()
    };
    let mut goals = server.goals().await;
    let status = goals.get_reporting_calendar(unknown).await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::NotFound);
    server.stop().await;
}

#[tokio::test]
async fn rows_are_filtered_and_paged_and_counts_stay_whole() {
    let server = told(story).await;
    let missing = v1::ListReportingStatusRequest {
        as_of: known("2023-10-10", "2023-09-30"),
        states: vec![
            v1::ReportingState::Missing.into(),
            v1::ReportingState::Reported.into(),
        ],
        page_size: 2,
        ..Default::default()
    };
    let mut request = missing.clone();
    let mut titles = Vec::new();
    loop {
        let page = status(&server, request.clone()).await;
        assert!(page.rows.len() <= 2);
        assert_eq!((page.row_count, page.total.clone().unwrap().due), (5, 6));
        titles.extend(
            page.rows
                .into_iter()
                .map(|row| row.indicator.unwrap().title.unwrap().ja),
        );
        if page.next_page_token.is_empty() {
            break;
        }
        request.page_token = page.next_page_token;
    }
    assert_eq!(titles, ["業務改善", "零", "遅れ", "例外", "未報告"]);
    let elsewhere = v1::ListReportingStatusRequest {
        section: Some("情報課".to_owned()),
        ..missing
    };
    assert_eq!(status(&server, elsewhere).await.row_count, 0);
    server.stop().await;
}

#[tokio::test]
async fn sections_are_told_what_they_owe() {
    let server = told(story).await;
    let request = |states: &[v1::ReportingState]| v1::ListReportingStatusRequest {
        as_of: known("2023-10-10", "2023-10-10"),
        states: states.iter().map(|state| i32::from(*state)).collect(),
        ..Default::default()
    };
    let all = status(&server, request(&[])).await;
    let open = status(&server, request(&[v1::ReportingState::Missing])).await;
    for (name, language) in [("ja", Language::Ja), ("en", Language::En)] {
        let view = view(&server, language).await;
        assert_snapshot!(
            format!("status_{name}"),
            render::reporting::status(&view, &all)
        );
        assert_snapshot!(
            format!("remind_{name}"),
            render::reporting::reminders(&view, &open)
        );
        assert_snapshot!(
            format!("missing_{name}"),
            render::reporting::missing(&view, &open)
        );
    }
    server.stop().await;
}

fn confirmed(name: &str, entries: &[&str], day: &str) -> Event {
    let confirmed = ActualConfirmed {
        indicator: indicator("業務改善"),
        entries: entries.iter().map(|entry| event_id(entry)).collect(),
    };
    event(name, goal(), day, confirmed)
}

#[tokio::test]
async fn who_reported_and_who_confirmed_is_told_of_each_entry() {
    let server = told(async |writer: &Writer| {
        grid(writer).await;
        let all = [
            "2023-04-30",
            "2023-05-31",
            "2023-06-30",
            "2023-08-31",
            "2023-09-30",
            "late",
        ];
        let chief = confirmed("by the chief", &all, "2023-11-15");
        writer.at("2023-11-15 10:00", CHIEF, vec![chief]).await;
        let director = confirmed("by the director", &["july corrected"], "2023-11-16");
        writer
            .at("2023-11-16 10:00", "総務部長", vec![director])
            .await;
        let again = correction("july again", "業務改善", "july corrected", "2023-07-31", 8);
        writer.at("2023-11-20 10:00", CLERK, vec![again]).await;
    })
    .await;
    let series = async |as_of| {
        let request = v1::GetSeriesRequest {
            indicator: "R5/総務部/1-1/1.1".to_owned(),
            as_of,
            ..Default::default()
        };
        let answer = server.goals().await.get_series(request).await.unwrap();
        let line = |entry: v1::Entry| {
            let subject = |actor: &Option<v1::Actor>| actor.clone().unwrap().subject;
            let by: Vec<String> = entry
                .confirmations
                .iter()
                .map(|c| subject(&c.actor))
                .collect();
            let counts = if entry.counts { "" } else { " (replaced)" };
            format!(
                "{} {}: {}{counts}",
                entry.valid_from,
                subject(&entry.actor),
                by.join(",")
            )
        };
        let lines: Vec<String> = answer.into_inner().entries.into_iter().map(line).collect();
        lines.join("\n")
    };
    assert_snapshot!(
        "confirmed_then",
        series(known("2023-11-15", "2023-11-15")).await
    );
    assert_snapshot!(
        "confirmed_now",
        series(known("2023-11-20", "2023-11-20")).await
    );
    let request = v1::GetEntryTrailRequest {
        event_id: event_id("july corrected").to_string(),
        ..Default::default()
    };
    let trail = server.audit().await.get_entry_trail(request).await.unwrap();
    let by = |link: &v1::TrailLink| link.confirmations.len();
    let links: Vec<usize> = trail.into_inner().links.iter().map(by).collect();
    assert_eq!(links, [0, 1, 0]);
    // The flag tells of what is fixed and unconfirmed: the correction.
    let flags = async |as_of| {
        let request = v1::ListFlagsRequest {
            kinds: vec![v1::FlagKind::Unconfirmed.into()],
            as_of,
            ..Default::default()
        };
        let answer = server
            .audit()
            .await
            .list_flags(request)
            .await
            .unwrap()
            .into_inner();
        let count = |flag: &v1::Flag| flag.figures[0].value.clone();
        answer.flags.iter().map(count).collect::<Vec<_>>()
    };
    assert_eq!(
        flags(known("2023-10-10", "2023-10-10")).await,
        Vec::<String>::new()
    );
    assert_eq!(flags(known("2023-11-14", "2023-11-14")).await, ["7"]);
    assert_eq!(
        flags(known("2023-11-16", "2023-11-16")).await,
        Vec::<String>::new()
    );
    assert_eq!(flags(known("2023-11-20", "2023-11-20")).await, ["1"]);
    server.stop().await;
}

fn found(number: &str, day: &str, due: &str) -> Event {
    let found = AuditFindingRecorded {
        plan: plan(),
        finding: Key::parse(number).unwrap(),
        text: text("根拠資料のない実績がある。").into(),
        references: vec![
            FindingReference::Subject(Subject::Indicator(indicator("業務改善"))),
            FindingReference::Event(event_id("2023-04-30")),
        ],
        due: date(due),
        promised: text("根拠資料の添付を必須とする。").into(),
    };
    event(&format!("found {number}"), Stream::plan(plan()), day, found)
}

fn answered(number: &str, day: &str) -> Event {
    let answered = AuditFindingAnswered {
        plan: plan(),
        finding: Key::parse(number).unwrap(),
        text: text("指摘のとおり改めた。").into(),
        action: text("添付のない報告を受け付けないこととした。").into(),
        references: Vec::new(),
    };
    event(
        &format!("answered {number}"),
        Stream::plan(plan()),
        day,
        answered,
    )
}

#[tokio::test]
async fn a_finding_leads_to_what_was_promised_or_is_overdue() {
    let server = told(async |writer: &Writer| {
        grid(writer).await;
        let found =
            ["R4-1", "R4-2", "R4-3"].map(|number| found(number, "2023-11-20", "2023-12-28"));
        writer
            .at("2023-11-20 10:00", "監査委員事務局", found.to_vec())
            .await;
        writer
            .at(
                "2023-12-20 10:00",
                CHIEF,
                vec![answered("R4-1", "2023-12-20")],
            )
            .await;
        writer
            .at(
                "2024-01-10 10:00",
                CHIEF,
                vec![answered("R4-2", "2024-01-09")],
            )
            .await;
        writer
            .at(
                "2024-01-31 10:00",
                CLERK,
                vec![report("more", "業務改善", "2024-01-31", 1)],
            )
            .await;
    })
    .await;
    let list = async |as_of, states: &[v1::FindingState]| {
        let request = v1::ListAuditFindingsRequest {
            plan: Some("R5".to_owned()),
            states: states.iter().map(|state| i32::from(*state)).collect(),
            as_of,
            ..Default::default()
        };
        let mut audit = server.audit().await;
        audit
            .list_audit_findings(request)
            .await
            .unwrap()
            .into_inner()
    };
    let states = |answer: &v1::ListAuditFindingsResponse| {
        let line = |f: &v1::AuditFinding| format!("{} {}", f.finding, f.state().as_str_name());
        answer
            .findings
            .iter()
            .map(line)
            .collect::<Vec<_>>()
            .join("\n")
    };
    assert_eq!(list(known("2023-11-19", "2023-11-19"), &[]).await.total, 0);
    assert_snapshot!(states(&list(known("2023-12-28", "2023-12-28"), &[]).await), @"
    R4-1 FINDING_STATE_ANSWERED
    R4-2 FINDING_STATE_OPEN
    R4-3 FINDING_STATE_OPEN
    ");
    let now = list(known("2024-01-31", "2024-01-31"), &[]).await;
    assert_snapshot!(states(&now), @"
    R4-1 FINDING_STATE_ANSWERED
    R4-2 FINDING_STATE_CLOSED_LATE
    R4-3 FINDING_STATE_OVERDUE
    ");
    let overdue = list(
        known("2024-01-31", "2024-01-31"),
        &[v1::FindingState::Overdue],
    )
    .await;
    assert_eq!(overdue.total, 1);
    for (name, language) in [("ja", Language::Ja), ("en", Language::En)] {
        let view = view(&server, language).await;
        assert_snapshot!(
            format!("findings_{name}"),
            render::audit::findings::list(&view, &now)
        );
    }
    let request = v1::ListFlagsRequest {
        kinds: vec![v1::FlagKind::FindingOverdue.into()],
        as_of: known("2024-01-31", "2024-01-31"),
        ..Default::default()
    };
    let flags = server
        .audit()
        .await
        .list_flags(request)
        .await
        .unwrap()
        .into_inner()
        .flags;
    let words: Vec<&str> = flags
        .iter()
        .map(|f| f.words.as_ref().unwrap().ja.as_str())
        .collect();
    assert_eq!(
        words,
        ["監査指摘R4-3の措置が期限2023-12-28を34日過ぎています: 根拠資料の添付を必須とする。"]
    );
    // Changes of the indicator tell of the findings about it.
    let request = v1::ListChangesRequest {
        subject: Some("R5/総務部/1-1/1.1".to_owned()),
        types: vec![v1::EventType::AuditFindingRecorded.into()],
        ..Default::default()
    };
    let changes = server
        .audit()
        .await
        .list_changes(request)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(changes.changes.len(), 3);
    server.stop().await;
}
