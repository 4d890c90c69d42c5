//! What the command line says: help, tables, failures, JSON. Answers are canned, so no server is needed.

use clap::{CommandFactory as _, Parser as _};
use daicho::api::v1;
use daicho::cli::Cli;
use daicho::cli::client::is_outcome_unknown;
use daicho::cli::exit::Exit;
use daicho::cli::failure::Failure;
use daicho::cli::measure::Measured;
use daicho::cli::render::{self, View};
use daicho::cli::{json, terminal};
use daicho::domain::date::parse_iso;
use daicho::domain::text::Language;
use insta::assert_snapshot;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, PreconditionViolation, StatusExt as _};

mod answers;
mod backup;
mod bench;
pub(crate) mod bundles;
mod demo;
mod everyday;
mod evidence;
mod grants;
mod imports;
mod key_files;
mod memory;
mod operations;
mod own_unit;
mod papers;
mod personal;
mod plans;
pub(crate) mod process;
mod references;
mod released;
mod rounds;
mod salvage;
pub(crate) mod sheets;
mod sign_in;
mod store;
mod tables;
mod verify;
mod watch;
mod witness;

fn view(language: Language, columns: Option<usize>) -> View {
    View::new(language, columns).of(answers::ledger())
}

fn help(path: &[&str]) -> String {
    let mut command = Cli::command();
    command.build();
    for name in path {
        command = command
            .find_subcommand(name)
            .expect("the command exists")
            .clone();
    }
    command.term_width(100).render_long_help().to_string()
}

#[test]
fn help_names_every_command_and_every_exit_code() {
    assert_snapshot!(help(&[]));
}

#[test]
fn help_of_record_shows_every_kind_of_measurement() {
    assert_snapshot!(help(&["record"]));
}

#[test]
fn help_of_the_other_commands() {
    for path in [
        ["plan", "import"],
        ["goal", "list"],
        ["goal", "diff"],
        ["target", "revise"],
        ["audit", "changes"],
        ["audit", "sample"],
        ["audit", "flags"],
        ["audit", "targets"],
        ["audit", "explain"],
        ["audit", "trail"],
        ["events", "follow"],
        ["ledger", "open"],
        ["ledger", "show"],
        ["org", "show"],
        ["goal", "history"],
        ["plan", "show"],
        ["report", "midyear"],
    ] {
        assert_snapshot!(path.join("_"), help(&path));
    }
    assert_snapshot!("correct", help(&["correct"]));
    assert_snapshot!("attach", help(&["attach"]));
    assert_snapshot!("demo", help(&["demo"]));
    assert_snapshot!("serve", help(&["serve"]));
}

#[test]
fn a_goal_shows_what_stands_under_it() {
    let goal = answers::goal();
    assert_snapshot!(
        "goal_ja",
        render::goal::card(&view(Language::Ja, None), &goal)
    );
    assert_snapshot!(
        "goal_en_80",
        render::goal::card(&view(Language::En, Some(80)), &goal)
    );
}

#[test]
fn goals_are_listed_one_a_line() {
    let goals = answers::goals();
    assert_snapshot!(
        "goals_ja",
        render::goal::list(&view(Language::Ja, None), &goals)
    );
    assert_snapshot!(
        "goals_en",
        render::goal::list(&view(Language::En, None), &goals)
    );
}

#[test]
fn a_series_tells_targets_and_corrections() {
    let series = answers::series();
    assert_snapshot!(
        "series_ja",
        render::series::history(&view(Language::Ja, None), &series)
    );
    assert_snapshot!(
        "series_en",
        render::series::history(&view(Language::En, None), &series)
    );
}

#[test]
fn a_change_tells_who_when_what_and_why() {
    let changes = answers::changes();
    assert_snapshot!(
        "changes_ja",
        render::change::list(&view(Language::Ja, None), &changes)
    );
    assert_snapshot!(
        "changes_en",
        render::change::list(&view(Language::En, None), &changes)
    );
}

#[test]
fn a_sample_tells_how_to_draw_it_again() {
    let sampled = answers::changes()
        .changes
        .into_iter()
        .map(|change| v1::SampledChange {
            rank_sha256: vec![0x0f; 32],
            change: Some(change),
        });
    let sample = v1::SampleChangesResponse {
        sampled: sampled.take(1).collect(),
        population: 418,
        answered_at: answers::changes().answered_at,
    };
    for (name, language) in [("sample_ja", Language::Ja), ("sample_en", Language::En)] {
        assert_snapshot!(
            name,
            render::change::sample(&view(language, None), &sample, "2023-10-12")
        );
    }
}

#[test]
fn an_overview_shows_empty_cells() {
    let overview = answers::overview();
    assert_snapshot!(
        "overview_ja",
        render::overview::matrix(&view(Language::Ja, None), &overview)
    );
}

#[test]
fn a_write_tells_before_and_after() {
    let appended = answers::appended();
    for (name, language) in [("appended_ja", Language::Ja), ("appended_en", Language::En)] {
        let text = render::receipt::appended(&view(language, None), &appended);
        assert_snapshot!(name, text);
    }
}

#[test]
fn a_check_tells_every_fault() {
    let checked = v1::AppendEventsResponse {
        faults: vec![
            fault(
                "VALUE_OUT_OF_DOMAIN",
                "events[0].actual_recorded.measurement.increment",
                "単位「件」の値は0以上の整数です",
            ),
            fault(
                "DATE_OUTSIDE_CYCLE",
                "events[0].valid_from",
                "日付は2023-04-01から2024-03-31までです",
            ),
        ],
        ..v1::AppendEventsResponse::default()
    };
    assert_snapshot!(render::receipt::appended(
        &view(Language::Ja, None),
        &checked
    ));
}

fn fault(reason: &str, field: &str, message: &str) -> v1::Fault {
    v1::Fault {
        reason: reason.into(),
        field: field.into(),
        message: message.into(),
    }
}

#[test]
fn events_stand_under_each_other() {
    let view = view(Language::Ja, None);
    let lines: Vec<String> = answers::events()
        .iter()
        .map(|event| render::event::line(&view, event))
        .collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn ledgers_are_listed_with_samples_marked() {
    let ledgers = answers::ledgers();
    assert_snapshot!(render::ledger::list(
        &View::new(Language::Ja, None),
        &ledgers
    ));
}

#[test]
fn a_ledger_tells_where_it_stands_and_where_it_stood() {
    let answer = answers::ledger_at();
    for (name, language) in [("ledger_ja", Language::Ja), ("ledger_en", Language::En)] {
        assert_snapshot!(
            name,
            render::ledger::card(&View::new(language, None), &answer)
        );
    }
}

#[test]
fn the_history_of_a_goal_says_by_which_day() {
    let on = parse_iso("2023-09-30").ok();
    let changes = answers::changes();
    for (language, heading) in [
        (Language::Ja, "2023-09-30 までを対象とする変更\n評価基準日 "),
        (Language::En, "changes that hold by 2023-09-30\nfor "),
    ] {
        let text = render::change::history(&view(language, None), &changes, on);
        assert!(text.starts_with(heading), "{text}");
    }
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    for columns in [80, 100, 132] {
        for language in [Language::Ja, Language::En] {
            let view = view(language, Some(columns));
            let text = render::goal::list(&view, &answers::goals());
            for line in text.lines() {
                assert!(terminal::width(line) <= columns, "{columns}: {line}");
            }
        }
    }
}

#[test]
fn what_acts_on_a_terminal_never_reaches_it() {
    let mut goals = answers::goals();
    let evil = "\u{1b}]0;owned\u{7}\u{202e}偽\n装";
    for goal in &mut goals.goals {
        goal.title = Some(v1::Title {
            ja: evil.into(),
            en: Some(evil.into()),
        });
        goal.code = evil.into();
    }
    let mut series = answers::series();
    for entry in &mut series.entries {
        entry.reason = Some(v1::Reason {
            code: 1,
            text: evil.into(),
        });
        entry.valid_from = evil.into();
    }
    let mut changes = answers::changes();
    for change in &mut changes.changes {
        change.reason = Some(v1::Reason {
            code: 1,
            text: evil.into(),
        });
        change.fields[0].after = Some(evil.into());
    }
    let status = Status::invalid_argument(evil);
    let Failure::Told(report) = Failure::from_status(Language::Ja, &status) else {
        panic!("a refusal is told");
    };
    let view = view(Language::Ja, None);
    for text in [
        render::goal::list(&view, &goals),
        render::series::history(&view, &series),
        render::change::list(&view, &changes),
        render::failure::report(Language::Ja, &report),
    ] {
        let active = text
            .chars()
            .find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(active, None, "{text:?}");
        assert!(text.contains("\\u{1b}"), "{text}");
    }
}

fn told(language: Language, status: &Status) -> (Exit, String) {
    match Failure::from_status(language, status) {
        Failure::Told(report) => (report.exit, render::failure::report(language, &report)),
        other => panic!("a status is told, not {other:?}"),
    }
}

#[test]
fn every_violation_stands_on_its_own_line_with_what_to_do_next() {
    let mut details = ErrorDetails::new();
    details
        .set_error_info(
            "VALUE_OUT_OF_DOMAIN",
            "daicho",
            [("violations".to_owned(), "40".to_owned())],
        )
        .set_localized_message("ja", "単位「件」の値は0以上の整数です")
        .set_bad_request(vec![
            FieldViolation {
                field: "events[0].actual_recorded.measurement.increment".into(),
                description: "単位「件」の値は0以上の整数です".into(),
                reason: "VALUE_OUT_OF_DOMAIN".into(),
                ..FieldViolation::default()
            },
            FieldViolation {
                field: "events[0].valid_from".into(),
                description: "日付は2023-04-01から2024-03-31までです".into(),
                reason: "DATE_OUTSIDE_CYCLE".into(),
                ..FieldViolation::default()
            },
        ])
        .set_precondition_failure(vec![PreconditionViolation {
            r#type: "GOAL_SUSPENDED".into(),
            subject: "events[0].actual_recorded.indicator".into(),
            description: "組織目標は2023-09-01から休止中です".into(),
        }]);
    let status = Status::with_error_details(Code::InvalidArgument, "value out of domain", details);
    let (exit, text) = told(Language::Ja, &status);
    assert_eq!(exit, Exit::Refused);
    assert_snapshot!(text);
}

#[test]
fn a_failure_without_violations_comes_with_one_next_step() {
    let details = ErrorDetails::with_error_info("INDICATOR_UNKNOWN", "daicho", []);
    let status = Status::with_error_details(Code::NotFound, "no such indicator", details);
    let (exit, text) = told(Language::En, &status);
    assert_eq!(exit, Exit::NotFound);
    assert_snapshot!(text, @r"
    error: no such indicator [INDICATOR_UNKNOWN]
      → see: daicho goal show GOAL; look for words with: daicho goal list --find WORDS
    ");
}

#[test]
fn each_kind_of_failure_has_its_exit_code() {
    let reasoned = |code, reason: &str| {
        let details = ErrorDetails::with_error_info(reason, "daicho", []);
        Failure::from_status(
            Language::En,
            &Status::with_error_details(code, "told", details),
        )
        .exit()
    };
    for (code, reason, exit) in [
        (Code::InvalidArgument, "VALUE_NOT_NUMERIC", Exit::Refused),
        (Code::FailedPrecondition, "GOAL_SUSPENDED", Exit::Refused),
        (Code::Unauthenticated, "ACTOR_MISSING", Exit::Refused),
        (Code::NotFound, "GOAL_UNKNOWN", Exit::NotFound),
        (Code::OutOfRange, "POSITION_OUT_OF_RANGE", Exit::NotFound),
        (Code::AlreadyExists, "OBSERVATION_EXISTS", Exit::Conflict),
        (Code::Aborted, "EXPECTED_VALUE_DIFFERS", Exit::Conflict),
        (Code::ResourceExhausted, "OVERLOADED", Exit::Unavailable),
        (Code::DeadlineExceeded, "DEADLINE_PASSED", Exit::Unavailable),
        (Code::Unavailable, "READ_ONLY", Exit::Unavailable),
        (Code::Unavailable, "OUTCOME_UNKNOWN", Exit::OutcomeUnknown),
        (
            Code::DeadlineExceeded,
            "OUTCOME_UNKNOWN",
            Exit::OutcomeUnknown,
        ),
        (Code::DataLoss, "DATA_DAMAGED", Exit::Fault),
    ] {
        assert_eq!(reasoned(code, reason), exit, "{code:?} {reason}");
    }
}

#[test]
fn a_lost_answer_is_not_taken_for_a_refusal() {
    assert!(is_outcome_unknown(&Status::unavailable("broken pipe")));
    assert!(!is_outcome_unknown(&Status::invalid_argument("no")));
}

#[test]
fn json_is_one_object_with_the_names_of_the_protos() {
    let value = json::answer(&answers::appended(), &answers::ledger()).expect("printable");
    assert_snapshot!(serde_json::to_string_pretty(&value).expect("JSON"));
    let value = json::answer(&answers::series(), &answers::ledger()).expect("printable");
    assert_eq!(value["ledger"]["sample"], true);
    assert_eq!(value["indicator"]["actual"]["number"]["value"], "28");
    assert_eq!(value["entries"][0]["position"], 1_204);
}

/// A report as it would be sent, or the refusal.
fn measured(arguments: &[&str], definition: &v1::Definition) -> String {
    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        measured: Measured,
    }
    let line = std::iter::once("record").chain(arguments.iter().copied());
    let measured = match Line::try_parse_from(line) {
        Ok(line) => line.measured,
        Err(error) => {
            return format!(
                "usage: {}",
                error.to_string().lines().next().unwrap_or_default()
            );
        }
    };
    match measured.reading(Language::En, definition) {
        Ok(reading) => {
            let kind = reading.measurement.kind.expect("a measurement");
            let folded: String = reading
                .folded
                .iter()
                .map(|(typed, read)| format!(" [{typed} read as {read}]"))
                .collect();
            format!("{kind:?}{folded}")
        }
        Err(Failure::Told(report)) => format!("{}; {}", report.message, report.hints.join("; ")),
        Err(other) => format!("{other:?}"),
    }
}

#[test]
fn a_bare_value_takes_the_form_of_the_definition() {
    let kinds = [
        (answers::count(), vec!["12"]),
        (answers::count(), vec!["１，２００"]),
        (answers::count(), vec!["約80"]),
        (answers::level(), vec!["47500"]),
        (answers::share(), vec!["5430/9980"]),
        (answers::share(), vec!["54.4%"]),
        (answers::coverage(), vec!["done", "--member", "第1自治会"]),
        (
            answers::coverage(),
            vec!["--member", "a1", "--state", "not-done"],
        ),
        (answers::coverage(), vec!["done"]),
        (answers::milestone(), vec!["completed"]),
        (answers::milestone(), vec!["完了", "--checkpoint", "素案"]),
        (answers::milestone(), vec!["finished"]),
        (answers::rubric(), vec!["2"]),
        (answers::rubric(), vec!["おおむね活用"]),
        (answers::count(), vec!["--nil", "no-activity"]),
        (answers::count(), vec!["--level", "5"]),
        (answers::count(), vec!["5", "--level", "5"]),
        (answers::count(), vec![]),
    ];
    let lines: Vec<String> = kinds
        .iter()
        .map(|(definition, arguments)| {
            format!(
                "{:?} {}\n  {}",
                definition.entry_kind(),
                arguments.join(" "),
                measured(arguments, definition)
            )
        })
        .collect();
    assert_snapshot!(lines.join("\n"));
}

#[test]
fn the_command_line_is_read_whole() {
    for line in [
        "daicho record R5/総務部/3-1/1.1 12 --on 令和5年10月5日 --as 総務文書課 --lang ja",
        "daicho record R5/総務部/3-1/1.1 -2 --on 2023/10/5",
        "daicho record R5/総務部/3-1/1.1 --nil no-demand --on R5.10.5 --check",
        "daicho correct R5/総務部/3-1/1.1@2023-07-31 9 --reason x --reason-code entry-error",
        "daicho retract 1204 --reason x",
        "daicho target revise R5/総務部/3-1/1.1 24 --effective 2023-11-01 --reason x",
        "daicho audit changes R5/総務部/3-1/1.1 --type target-revised --since 2023-10-01",
        "daicho audit sample --n 25 --seed 4711 --type actual-recorded",
        "daicho audit trail 018b0000-0000-7000-8000-000000001240 --known-at 2023-10-10",
        "daicho audit flags --kind target-lowered --section 総務文書課 --on 令和5年9月30日 --known-at 5213",
        "daicho audit changes --client 窓口 --unit 総務文書課 --stream goal:R5/総務部/3-1 --corrections --flag late",
        "daicho audit changes --has-reason --has-evidence=false --known-at 2023-10-10T09:00:00+09:00",
        "daicho goal list --on 2023-09-30 --known-at 令和5年10月10日 --include-upcoming",
        "daicho goal history R5/総務部/3-1 --on R5.9.30 --limit 5",
        "daicho plan show R5 --known-at 5213",
        "daicho plan periods --on 2023-09-30",
        "daicho policy list --on 2023-09-30",
        "daicho ledger show --known-at 2023-10-10",
        "daicho org show --include-inactive --on 2023-06-30",
        "daicho org show R5/総務部/3-1/1.1 --on 令和5年6月30日 --known-at 2023-10-10",
        "daicho audit targets --plan R5 --direction lowered --direction postponed --on 2024-03-31",
        "daicho audit explain R5/総務部/3-1/1.1 --figure attainment --on R5.9.30 --since 2023-06-30@2023-07-10",
        "daicho goal diff R5/総務部/3-1 --from 2023-06-30@5213 --to 令和5年9月30日",
        "daicho audit targets R5/総務部/3-1 --achieved-by-revision --limit 5",
        "daicho plan import plan.csv --dry-run --json --plan-code R5 --server http://127.0.0.1:1",
        "daicho serve --data d --listen 127.0.0.1:0",
        "daicho demo --data d --listen 127.0.0.1:0 --prepare-only --at 2024-06-01",
        "daicho completions bash",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_ok(), "{line}");
    }
    for line in [
        "daicho record R5/総務部/3-1/1.1 12",
        "daicho record R5/総務部/3-1/1.1 12 --on 2023-02-30",
        // What is said of a file says nothing of one report.
        "daicho record R5/総務部/3-1/1.1 12 --on 2023-10-05 --dry-run",
        "daicho record R5/総務部/3-1/1.1 12 --on 2023-10-05 --correct --reason x",
        "daicho record R5/総務部/3-1/1.1 12 --on 2023-10-05 --section 総務文書課",
        "daicho record R5/総務部/3-1/1.1 12 --on 2023-10-05 --plan R5",
        "daicho record R5/総務部/3-1/1.1 12 --on 2023-10-05 --migration --reason x --document 5企第45号",
        "daicho audit changes --type target-revise",
        "daicho audit targets --direction lower",
        "daicho goal diff R5/総務部/3-1 --from 2023-06-31",
        "daicho correct R5/総務部/3-1/1.1 9 --reason x",
        "daicho goal list --full",
        "daicho goal show R5/総務部/3-1 --forms --json --on 2023-09-30",
        "daicho audit changes --on 2023-09-30",
        "daicho audit changes --stream R5/総務部/3-1",
    ] {
        assert!(Cli::try_parse_from(line.split(' ')).is_err(), "{line}");
    }
}
