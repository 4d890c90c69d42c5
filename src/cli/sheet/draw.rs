//! `daicho report sheet`: the sheet that goes out.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use uuid::Uuid;

use crate::api::v1;
use crate::cli::client::GoalFilter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::render::View;
use crate::cli::session::Session;
use crate::cli::sheet::column::Column;
use crate::cli::sheet::drawn::{Drawing, Drawn, Standing, leads, takes_part};
use crate::cli::sheet::made::Made;
use crate::cli::sheet::period::{self, Named};
use crate::cli::terminal;
use crate::domain::date::{Date, DateSpan, parse_iso};
use crate::domain::fiscal_year::FiscalYear;
use crate::report::{self, Page, Table, workbook};

/// Most rows of a sheet: with the event of the file they fit into one request.
pub const ROWS_MAX: usize = 999;

/// Indicators that a section takes part in, named in its sheet at most.
const OTHERS_MAX: usize = 10;

/// Arguments of `report sheet`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct SheetArgs {
    /// The section that reports: its code or id
    #[arg(long, value_name = "SECTION")]
    section: String,
    /// What is reported on: a month (2023-09, 令和5年9月) or a period of the plan
    #[arg(long, value_name = "PERIOD")]
    period: String,
    /// The plan: its code or id; absent: that of today
    #[arg(long, value_name = "PLAN")]
    plan: Option<String>,
    /// Where to write the workbook (.xlsx)
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Replace the workbook if it is there
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  daicho report sheet --section 財務課 --period 2023-09 -o 財務課9月.xlsx
  daicho record --file 財務課9月.xlsx --check
  daicho record --file 財務課9月.xlsx";

/// Writes the sheet.
pub async fn sheet(session: &Session, args: &SheetArgs) -> Result<(), Failure> {
    let ledger = session.client.get_ledger().await?;
    let known_at = ledger.head.as_ref().map_or(0, |head| head.size);
    // Everything is read at one size and day, whatever is appended meanwhile.
    let pinned = session.at(Some(v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Size(known_at)),
        effective_on: Some(ledger.today.clone()),
    }));
    let overview = pinned.client.overview(args.plan.clone()).await?;
    let plan = overview.plan.unwrap_or_default();
    let section = section(&pinned, &args.section).await?;
    let named = period::named(&pinned, &plan, &args.period).await?;
    let made = Made {
        ledger: id(session.view.ledger.as_ref().map_or("", |ledger| &ledger.id))?,
        plan: id(&plan.id)?,
        section: id(&section.id)?,
        period: named.days,
        effective_on: day(&ledger.today)?,
        known_at,
    };
    let cycle = span(overview.cycle.as_ref());
    check_days(session, &made, cycle, &plan)?;
    let filter = GoalFilter {
        plan: Some(plan.id.clone()),
        section: Some(section.id.clone()),
        full: true,
        ..GoalFilter::default()
    };
    let goals = pinned.client.goals(&filter, usize::MAX).await?.goals;
    let rows = rows(session, &pinned, &made, &goals).await?;
    if rows.is_empty() {
        return Err(Failure::new(
            Exit::NotFound,
            session.view.pick(
                format!(
                    "計画 {} に {} が主に担当する指標はありません",
                    plan.code, section.code
                ),
                format!(
                    "{} leads no indicator of the plan {}",
                    section.code, plan.code
                ),
            ),
        )
        .hint(session.view.pick(
            "担当の一覧: daicho org show",
            "see who answers for what: daicho org show",
        )));
    }
    if ROWS_MAX < rows.len() {
        let count = rows.len();
        return Err(Failure::new(
            Exit::Refused,
            session.view.pick(
                format!("{count}行になります。1枚の報告票は{ROWS_MAX}行までです"),
                format!("{count} rows; a sheet has at most {ROWS_MAX}"),
            ),
        ));
    }
    let asked = rows.iter().filter(|row| row.asks()).count();
    let title = session.view.pick("実績報告票", "Report sheet").to_owned();
    let page = Page {
        title,
        year: FiscalYear::of(cycle.map_or(made.period.first(), |cycle| cycle.first()))
            .map_or_else(|_| String::new(), FiscalYear::label_ja),
        effective_on: Some(made.effective_on),
        known_at: Some(
            session
                .view
                .pick(format!("{known_at}件"), format!("{known_at} events")),
        ),
        fingerprint: session.fingerprint(known_at).await,
        ledger: session
            .view
            .ledger
            .as_ref()
            .map(|ledger| ledger.code.clone()),
    };
    let others = others(&session.view, &section.id, &goals);
    let table = table(&session.view, &plan, &section, &named, &rows, others);
    let bytes =
        workbook(&page, &[table]).map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    session
        .output
        .file(session.language(), &args.output, args.force, &bytes)?;
    let file = args.output.to_string_lossy();
    if session.json {
        return session.print(&json!({
            "file": file,
            "plan": plan.code,
            "section": section.code,
            "first": made.period.first().to_string(),
            "last": made.period.last().to_string(),
            "effective_on": made.effective_on.to_string(),
            "known_at": known_at,
            "rows": rows.len(),
            "rows_to_fill_in": asked,
        }));
    }
    let (file, count) = (terminal::line(&file), rows.len());
    session.output.answer_line(&session.view.pick(
        format!(
            "{file} に {} {}の報告票を書きました（{count}行、うち記入欄のある行 {asked}）",
            section.code, named.title
        ),
        format!(
            "wrote the sheet of {} for {} to {file} ({count} rows, {asked} to fill in)",
            section.code, named.title
        ),
    ))
}

/// The section of this code or id.
async fn section(session: &Session, text: &str) -> Result<v1::Entity, Failure> {
    let found = match session.client.lookup(text).await {
        Err(failure) if failure.reason() == Some("CODE_UNKNOWN") => {
            let units = [v1::EntityKind::Unit];
            return Err(session.offering(failure, text, &units).await);
        }
        answer => answer?,
    };
    if found.kind() == v1::EntityKind::Unit {
        return Ok(found);
    }
    Err(Failure::usage(session.view.pick(
        format!("「{text}」は組織ではありません"),
        format!("`{text}` is no unit of the organisation"),
    )))
}

fn id(text: &str) -> Result<Uuid, Failure> {
    Uuid::try_parse(text).map_err(|error| {
        Failure::new(
            Exit::Fault,
            format!("the server's id `{text}` cannot be read: {error}"),
        )
    })
}

fn day(text: &str) -> Result<Date, Failure> {
    parse_iso(text).map_err(|error| {
        Failure::new(
            Exit::Fault,
            format!("the server's date `{text}` cannot be read: {error}"),
        )
    })
}

/// The days of a span.
pub(super) fn span(span: Option<&v1::DateSpan>) -> Option<DateSpan> {
    let span = span?;
    let day = |text: &str| parse_iso(text).ok();
    DateSpan::new(day(&span.first)?, day(&span.last)?).ok()
}

/// The period must lie in the plan's year and have begun.
fn check_days(
    session: &Session,
    made: &Made,
    cycle: Option<DateSpan>,
    plan: &v1::Entity,
) -> Result<(), Failure> {
    let (first, last) = (made.period.first(), made.period.last());
    if made.effective_on < first {
        return Err(Failure::usage(session.view.pick(
            format!("{first} はまだ来ていません（本日 {}）", made.effective_on),
            format!("{first} has not come yet: today is {}", made.effective_on),
        )));
    }
    if cycle.is_some_and(|cycle| last < cycle.first() || cycle.last() < first) {
        return Err(Failure::usage(session.view.pick(
            format!("{first}〜{last} は計画 {} の年度の外です", plan.code),
            format!("{first} to {last} lies outside of the plan {}", plan.code),
        ))
        .hint(session.view.pick(
            "--plan で計画を指定してください",
            "name the plan with --plan",
        )));
    }
    Ok(())
}

async fn rows(
    session: &Session,
    pinned: &Session,
    made: &Made,
    goals: &[v1::Goal],
) -> Result<Vec<Drawn>, Failure> {
    let drawing = Drawing {
        view: &session.view,
        made,
    };
    let section = made.section.to_string();
    let mut rows = Vec::new();
    for goal in goals {
        let own: Vec<(&v1::Initiative, &v1::Indicator)> = goal
            .initiatives
            .iter()
            .flat_map(|initiative| {
                initiative
                    .indicators
                    .iter()
                    .map(move |own| (initiative, own))
            })
            .filter(|(initiative, indicator)| leads(&section, initiative, indicator))
            .filter(|(_, indicator)| {
                indicator
                    .standing
                    .as_ref()
                    .is_some_and(|s| s.phase() == v1::Phase::Active)
            })
            .collect();
        if own.is_empty() {
            continue;
        }
        // Forms are of today: nobody reports in the past.
        let forms = session
            .client
            .goal(&goal.id, true)
            .await?
            .goal
            .unwrap_or_default();
        let forms: HashMap<String, v1::EntryForm> = forms
            .initiatives
            .into_iter()
            .flat_map(|initiative| initiative.indicators)
            .filter_map(|indicator| Some((indicator.id, indicator.entry_form?)))
            .collect();
        for (initiative, indicator) in own {
            let series = pinned.client.series(&indicator.id, None).await?;
            let form = forms.get(&indicator.id);
            let revision = goal.revision;
            let standing = Standing {
                indicator,
                initiative,
                series: &series,
                form,
                revision,
            };
            rows.extend(drawing.rows(&standing));
        }
    }
    Ok(rows)
}

/// The columns that people see, with their widths.
const SHOWN: [(Column, u16); 14] = [
    (Column::Code, 17),
    (Column::What, 30),
    (Column::Part, 10),
    (Column::Target, 13),
    (Column::Standing, 13),
    (Column::Last, 13),
    (Column::LastDay, 11),
    (Column::Day, 11),
    (Column::Value, 12),
    (Column::Denominator, 9),
    (Column::Unit, 8),
    (Column::Nil, 10),
    (Column::Note, 22),
    (Column::Evidence, 18),
];

/// Says who reports what the section only takes part in: a report is of an indicator as a whole, so the sheet of the
/// section that answers for it has the row, and nothing is counted twice.
fn others(view: &View, section: &str, goals: &[v1::Goal]) -> Option<String> {
    let mut told = Vec::new();
    for initiative in goals.iter().flat_map(|goal| &goal.initiatives) {
        for indicator in &initiative.indicators {
            if !takes_part(section, initiative, indicator) {
                continue;
            }
            let definition = indicator.definition.as_ref();
            let definition = definition.and_then(|version| version.definition.as_ref());
            let own_lead = definition.and_then(|definition| definition.lead_unit.as_ref());
            let lead = initiative
                .lead
                .as_ref()
                .filter(|lead| own_lead.is_none_or(|own| *own == lead.id));
            let code = &indicator.code;
            told.push(match lead {
                Some(lead) => view.pick(
                    format!("{code}（{}）", lead.code),
                    format!("{code} ({})", lead.code),
                ),
                None => code.clone(),
            });
        }
    }
    let more = told.len().saturating_sub(OTHERS_MAX);
    told.truncate(OTHERS_MAX);
    if told.is_empty() {
        return None;
    }
    let named = told.join(view.pick("、", ", "));
    let more = match more {
        0 => String::new(),
        more => view.pick(format!("、ほか{more}件"), format!(", and {more} more")),
    };
    Some(view.pick(
        format!("参加（協力）する指標はこの票にありません。かっこ内の主担当が、参加する課の分も含めて報告します: {named}{more}"),
        format!("Not in this sheet: what the section takes part in. The section in brackets reports it for all: {named}{more}"),
    ))
}

fn table(
    view: &View,
    plan: &v1::Entity,
    section: &v1::Entity,
    named: &Named,
    rows: &[Drawn],
    others: Option<String>,
) -> Table {
    let hidden = Column::HIDDEN.map(|column| (column, 0));
    let columns: Vec<(Column, u16)> = SHOWN.into_iter().chain(hidden).collect();
    let (first, last) = (named.days.first(), named.days.last());
    let head = format!(
        "{}　{}（{first}〜{last}）　{} {}",
        view.title(section.title.as_ref()),
        named.title,
        plan.code,
        view.title(plan.title.as_ref())
    );
    let mut notes = vec![head];
    notes.extend(view.sample_mark().map(str::to_owned));
    notes.extend(INSTRUCTIONS.map(str::to_owned));
    notes.extend(others);
    Table {
        name: view.pick("実績報告", "Reports").to_owned(),
        notes,
        columns: columns
            .iter()
            .map(|(column, width)| report::Column {
                heading: column.heading(),
                width: *width,
                input: None,
                printed: 0 < *width,
            })
            .collect(),
        rows: rows
            .iter()
            .map(|row| {
                let cell = |(column, _): &(Column, u16)| {
                    row.cells.get(column).cloned().unwrap_or_default()
                };
                columns.iter().map(cell).collect()
            })
            .collect(),
        marked: Vec::new(),
    }
}

/// What people are told above the table.
const INSTRUCTIONS: [&str; 7] = [
    "① 黄色の欄だけ記入します。報告するものがない行は空のままにしてください（報告日だけの行は報告になりません）。",
    "② 「値・分子・状況」には、回数などは増えた分、水準はその日の値、率は分子と分母、工程・対象・評価段階は一覧から選びます。数だけを書き、単位・「約」・計算式は書きません。",
    "③ 実績がなかったときは「実績なし」で理由を選びます（0 と空欄は違います）。締切後の報告と評価段階には備考・理由が、完了と評価段階には根拠資料（文書番号など）が要ります。",
    "④ 行や列を増やしたり、セルを結合したりしないでください。保存して戻すと、誤りが一つでもあれば何も登録されず、誤りのある欄の番号が示されます。",
    "Fill in the yellow cells only; leave a row empty if there is nothing to report (a date alone is no report). Counts: what was added; levels: the value on that day; shares: numerator and denominator; states and levels: choose from the list.",
    "Numbers only: no units, no “about”, no formulas. If nothing happened, choose why under “Nothing, because”: zero and empty differ. Late reports and rubric levels need a note; what is completed and rubric levels need evidence.",
    "Do not add rows or columns, do not merge cells. The sheet is taken back whole or not at all, and every fault is told by its cell.",
];
