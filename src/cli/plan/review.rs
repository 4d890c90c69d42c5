//! `daicho plan review`: what was understood of a plan as a workbook that sections correct and confirm.
//!
//! The workbook is a table that `plan import` reads: what the sections fill in corrects what was understood,
//! and what they confirm is no longer assumed. Columns that begin with ※ are for people only.

use std::path::PathBuf;

use clap::Args;

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::language::pick;
use crate::cli::output::Output;
use crate::cli::plan::import::{code, year};
use crate::cli::plan::source;
use crate::cli::render::import::assumed_ja;
use crate::cli::terminal;
use crate::domain::code::Code;
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::indicator::ExternalReference;
use crate::domain::text::Language;
use crate::domain::unit::catalogue::unit_by_code;
use crate::import::Column as Heading;
use crate::import::correction::{AGGREGATIONS, COMPARATORS, CONFIRMED, MEASURES, word};
use crate::import::numbered;
use crate::import::review::{Doubt, Line, lines};
use crate::import::understood::Plan;
use crate::report::{Cell, Column, Input, Page, Table, workbook};

/// Arguments of `plan review`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ReviewArgs {
    /// The plan's file: published text, table in CSV, or workbook
    #[arg(long, value_name = "FILE")]
    file: PathBuf,
    /// Where to write the workbook (.xlsx)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the workbook if it is there
    #[arg(long)]
    force: bool,
    /// The fiscal year of a table that does not say it: R5, 令和5年度 or 2023
    #[arg(long, value_name = "YEAR", value_parser = year)]
    year: Option<FiscalYear>,
    /// The plan's code; absent: its year, such as R5
    #[arg(long, value_name = "CODE", value_parser = code)]
    plan_code: Option<Code>,
}

const EXAMPLES: &str = "\
Needs no server. What sections fill in is read by plan import.

Examples:
  daicho plan review --file R5.txt -o 確認.xlsx
  daicho plan import 確認.xlsx --dry-run
  daicho plan import 確認.xlsx";

/// Writes the workbook.
pub fn review(
    language: Language,
    output: &Output,
    json: bool,
    args: &ReviewArgs,
) -> Result<(), Failure> {
    let source = source::read(language, &args.file, args.year, args.plan_code.as_ref())?;
    let lines = lines(&source.plan);
    let doubtful = lines.iter().filter(|line| !line.doubts.is_empty()).count();
    let page = Page {
        title: "計画確認表".to_owned(),
        year: source.plan.head.fiscal_year.label_ja(),
        ..Page::default()
    };
    let table = table(&source.plan, &lines, doubtful);
    let bytes =
        workbook(&page, &[table]).map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    output.file(language, &args.output, args.force, &bytes)?;
    if json {
        let told = serde_json::json!({
            "plan": source.plan.head.code,
            "lines": lines.len(),
            "doubtful": doubtful,
            "file": args.output.to_string_lossy(),
        });
        return output.answer_line(&told.to_string());
    }
    let file = terminal::line(&args.output.to_string_lossy());
    let count = lines.len();
    output.answer_line(&pick(
        language,
        format!("{file} に{count}行を書きました（要確認 {doubtful}行）"),
        format!("wrote {count} lines to {file} ({doubtful} to look at)"),
    ))
}

type Fill = fn(&Plan, &Line<'_>) -> Cell;

/// A column of the table: heading, width, what may be filled in, and what stands in it.
struct Shown {
    heading: String,
    width: u16,
    input: Option<Input>,
    fill: Fill,
    /// Whether it is left out where no line has anything in it.
    optional: bool,
    /// Whether it is printed.
    printed: bool,
}

fn read(heading: Heading, width: u16, fill: Fill) -> Shown {
    Shown {
        heading: heading.heading().to_owned(),
        width,
        input: None,
        fill,
        optional: false,
        printed: true,
    }
}

fn told(heading: &str, width: u16, fill: Fill) -> Shown {
    Shown {
        heading: format!("※{heading}"),
        width,
        input: None,
        fill,
        optional: false,
        printed: true,
    }
}

fn asked(heading: Heading, width: u16, input: Input) -> Shown {
    Shown {
        input: Some(input),
        ..read(heading, width, |_, _| Cell::Empty)
    }
}

fn given(heading: Heading, width: u16, fill: Fill) -> Shown {
    Shown {
        input: Some(Input::Free),
        ..read(heading, width, fill)
    }
}

fn more(heading: Heading, width: u16, fill: Fill) -> Shown {
    Shown {
        optional: true,
        printed: false,
        ..read(heading, width, fill)
    }
}

/// A column that is for programs more than for paper.
fn behind(column: Shown) -> Shown {
    Shown {
        printed: false,
        ..column
    }
}

fn words<T>(words: &[(T, &'static str)]) -> Input {
    Input::Choice(words.iter().map(|(_, word)| *word).collect())
}

/// How people call what the lists do not offer.
fn further_word(code: &'static str) -> &'static str {
    match code {
        "COVERAGE" | "DISTINCT" => "対象数",
        "RATE_PER_PERIOD" => "月ごと",
        "COMPOSITE" => "組合せ",
        "WITHIN_TOLERANCE" => "約",
        "IN_RANGE" => "範囲内",
        "DONE_BY" => "期限まで",
        "RUBRIC_AT_LEAST" => "水準以上",
        "MEAN_OF_PERIODS" => "月平均",
        "NONE" => "－",
        other => other,
    }
}

fn text(text: &str) -> Cell {
    match text {
        "" => Cell::Empty,
        text => Cell::Text(text.to_owned()),
    }
}

fn some(value: Option<&String>) -> Cell {
    value.map_or(Cell::Empty, |value| text(value))
}

fn shown() -> Vec<Shown> {
    vec![
        told("要確認", 18, |_, line| {
            let doubts: Vec<String> = line.doubts.iter().map(doubt).collect();
            text(&doubts.join("\n"))
        }),
        asked(Heading::Confirmed, 6, Input::Choice(vec![CONFIRMED])),
        read(Heading::Department, 10, |_, line| {
            text(&line.department.name)
        }),
        read(Heading::Pillar, 4, |_, line| {
            Cell::Number(i64::from(line.pillar.number).into())
        }),
        read(Heading::Goal, 22, |_, line| match line.begins_goal {
            true => text(&line.goal.text),
            false => Cell::Empty,
        }),
        read(Heading::Initiative, 26, |_, line| {
            match line.begins_initiative {
                true => text(&format!(
                    "{}{}",
                    numbered(line.initiative.number),
                    line.initiative.text
                )),
                false => Cell::Empty,
            }
        }),
        read(Heading::Sections, 12, |_, line| {
            match line.begins_initiative {
                true => text(&line.initiative.sections.join("、")),
                false => Cell::Empty,
            }
        }),
        read(Heading::Criterion, 24, |_, line| text(&line.criterion.text)),
        read(Heading::Part, 5, |_, line| {
            line.part
                .map_or(Cell::Empty, |part| text(&part.to_string()))
        }),
        told("測り方", 8, |_, line| {
            let measure = line.proposal.measure_type;
            text(word(MEASURES, measure, further_word(measure.code())))
        }),
        told("比較", 6, |_, line| {
            let comparator = line.proposal.comparator;
            text(word(
                COMPARATORS,
                comparator,
                further_word(comparator.code()),
            ))
        }),
        told("目標値", 10, |_, line| {
            line.proposal.target.value.map_or(Cell::Empty, Cell::Number)
        }),
        told("単位", 7, |_, line| {
            let known = line.proposal.unit.as_deref().and_then(unit_by_code);
            match known {
                Some(unit) => text(&unit.display_ja),
                None => some(line.proposal.counter.as_ref()),
            }
        }),
        told("期限", 11, |_, line| {
            line.proposal.target.due_date.map_or(Cell::Empty, Cell::Day)
        }),
        told("集計", 9, |_, line| {
            let aggregation = line.proposal.agg_time;
            text(word(
                AGGREGATIONS,
                aggregation,
                further_word(aggregation.code()),
            ))
        }),
        told("仮定", 14, |_, line| {
            let fields: Vec<&str> = line
                .proposal
                .assumed
                .iter()
                .map(|f| assumed_ja(f))
                .collect();
            text(&fields.join("・"))
        }),
        asked(Heading::Measure, 9, words(MEASURES)),
        asked(Heading::Comparator, 7, words(COMPARATORS)),
        asked(Heading::Value, 9, Input::Free),
        asked(Heading::Unit, 7, Input::Free),
        asked(Heading::Due, 11, Input::Free),
        asked(Heading::Aggregation, 9, words(AGGREGATIONS)),
        behind(read(Heading::Year, 6, |plan, _| {
            text(&plan.head.fiscal_year.code())
        })),
        behind(given(Heading::Baseline, 9, |_, line| {
            line.proposal
                .baseline
                .map_or(Cell::Empty, |b| Cell::Number(b.value))
        })),
        behind(given(Heading::BaselineAsOf, 11, |_, line| {
            line.proposal
                .baseline
                .map_or(Cell::Empty, |b| Cell::Day(b.as_of))
        })),
        behind(given(Heading::MonthlyPlan, 14, |_, line| {
            let plan: Vec<String> = line
                .proposal
                .monthly_plan
                .iter()
                .map(ToString::to_string)
                .collect();
            text(&plan.join(" "))
        })),
        behind(read(Heading::PillarTitle, 16, |_, line| {
            text(&line.pillar.title)
        })),
        more(Heading::PillarTitleEn, 16, |plan, line| {
            let own = plan
                .head
                .pillars
                .iter()
                .find(|p| p.number == line.pillar.number);
            some(own.and_then(|pillar| pillar.title_en.as_ref()))
        }),
        more(Heading::DepartmentEn, 14, |_, line| {
            some(line.department.name_en.as_ref())
        }),
        more(Heading::Code, 12, |_, line| match line.begins_goal {
            true => some(line.goal.code.as_ref()),
            false => Cell::Empty,
        }),
        more(Heading::GoalEn, 20, |_, line| match line.begins_goal {
            true => some(line.goal.title_en.as_ref()),
            false => Cell::Empty,
        }),
        more(Heading::InitiativeEn, 20, |_, line| {
            match line.begins_initiative {
                true => some(line.initiative.title_en.as_ref()),
                false => Cell::Empty,
            }
        }),
        more(Heading::SectionsEn, 16, |_, line| sections_en(line)),
        more(Heading::ReformPlan, 12, |_, line| {
            clauses(line, ExternalReference::REFORM_PLAN)
        }),
        more(Heading::BasicOrdinance, 12, |_, line| {
            clauses(line, ExternalReference::BASIC_ORDINANCE)
        }),
        more(Heading::CriterionEn, 20, |_, line| {
            match line.begins_criterion {
                true => some(line.criterion.title_en.as_ref()),
                false => Cell::Empty,
            }
        }),
    ]
}

/// What the initiative refers to in a document.
fn clauses(line: &Line<'_>, document: &str) -> Cell {
    let references = line.initiative.references.iter();
    let own = references.filter(|reference| reference.document == document);
    let clauses: Vec<&str> = own.map(|reference| reference.clause.as_str()).collect();
    match clauses.is_empty() || !line.begins_initiative {
        true => Cell::Empty,
        false => text(&clauses.join("、")),
    }
}

fn sections_en(line: &Line<'_>) -> Cell {
    let known = &line.department.sections_en;
    let english = |name: &String| {
        let found = known.iter().find(|(ja, _)| ja == name);
        found.map(|(_, en)| en.as_str())
    };
    let all: Option<Vec<&str>> = line.initiative.sections.iter().map(english).collect();
    match all {
        Some(all) if line.begins_initiative => text(&all.join(" / ")),
        _ => Cell::Empty,
    }
}

fn doubt(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Baseline => "基準値が必要です".to_owned(),
        Doubt::Members => "対象の一覧が必要です".to_owned(),
        Doubt::ActiveWindow => "実施月が必要です".to_owned(),
        Doubt::Target => "目標値が読み取れません".to_owned(),
        Doubt::Remark(message) => message.clone(),
    }
}

fn table(plan: &Plan, lines: &[Line<'_>], doubtful: usize) -> Table {
    let mut columns = shown();
    let filled = |column: &Shown| {
        lines
            .iter()
            .any(|line| (column.fill)(plan, line) != Cell::Empty)
    };
    columns.retain(|column| !column.optional || filled(column));
    let mut rows: Vec<Vec<Cell>> = lines
        .iter()
        .map(|line| {
            columns
                .iter()
                .map(|column| (column.fill)(plan, line))
                .collect()
        })
        .collect();
    // A pillar without goals is part of the plan too.
    for pillar in &plan.head.pillars {
        let used = plan.goals().any(|(_, own, _)| own.number == pillar.number);
        if used {
            continue;
        }
        let cell = |column: &Shown| match &column.heading {
            name if name == Heading::Pillar.heading() => {
                Cell::Number(i64::from(pillar.number).into())
            }
            name if name == Heading::PillarTitle.heading() => text(&pillar.title),
            name if name == Heading::PillarTitleEn.heading() => some(pillar.title_en.as_ref()),
            _ => Cell::Empty,
        };
        rows.push(columns.iter().map(cell).collect());
    }
    let marked = lines
        .iter()
        .enumerate()
        .filter(|(_, line)| !line.doubts.is_empty());
    Table {
        name: "確認".to_owned(),
        notes: vec![
            format!("{}　{}行、うち要確認 {doubtful}行", plan.head.title, lines.len()),
            "黄色の欄だけ記入できます。読み取りが正しければ「確認」で済を選び、違うところは修正欄に記入してください（空欄は読み取りのまま）。".to_owned(),
        ],
        marked: marked.map(|(index, _)| index).collect(),
        columns: columns
            .into_iter()
            .map(|column| Column {
                heading: column.heading,
                width: column.width,
                input: column.input,
                printed: column.printed,
            })
            .collect(),
        rows,
    }
}
