//! `daicho report sheet`: the sheet that goes out.

use std::collections::HashMap;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use uuid::Uuid;

use crate::api::v1;
use crate::cli::choice::{self, Choice};
use crate::cli::client::GoalFilter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::label;
use crate::cli::render::series::entry_value;
use crate::cli::render::{View, value};
use crate::cli::session::Session;
use crate::cli::sheet::column::Column;
use crate::cli::sheet::form::{Form, Key};
use crate::cli::sheet::made::{Made, check};
use crate::cli::sheet::period::{self, Named};
use crate::cli::terminal;
use crate::domain::date::{Date, DateSpan, parse_iso};
use crate::domain::fiscal_year::FiscalYear;
use crate::domain::quantity::Quantity;
use crate::domain::text::Language;
use crate::report::{self, Cell, Input, Page, Table, workbook};

/// Most rows of a sheet: with the event of the file they fit into one request.
pub const ROWS_MAX: usize = 999;

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

/// A row before it is drawn.
struct Drawn {
    cells: HashMap<Column, Cell>,
}

/// What all rows are drawn with.
struct Drawing<'a> {
    view: &'a View,
    made: &'a Made,
}

/// An indicator with what stands around it.
struct Standing<'a> {
    indicator: &'a v1::Indicator,
    initiative: &'a v1::Initiative,
    series: &'a v1::GetSeriesResponse,
    form: Option<&'a v1::EntryForm>,
    revision: u64,
}

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
        ledger: session
            .view
            .ledger
            .as_ref()
            .map(|ledger| ledger.code.clone()),
    };
    let table = table(&session.view, &plan, &section, &named, &rows);
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

fn span(span: Option<&v1::DateSpan>) -> Option<DateSpan> {
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

/// Whether a section answers for an indicator: by its definition, else because it leads the initiative.
pub fn leads(section: &str, initiative: &v1::Initiative, indicator: &v1::Indicator) -> bool {
    let definition = indicator
        .definition
        .as_ref()
        .and_then(|version| version.definition.as_ref());
    let lead = definition.and_then(|definition| definition.lead_unit.as_deref());
    let lead = lead.or_else(|| initiative.lead.as_ref().map(|lead| lead.id.as_str()));
    lead == Some(section)
}

impl Drawn {
    fn asks(&self) -> bool {
        self.cells
            .values()
            .any(|cell| matches!(cell, Cell::Asked(..)))
    }
}

impl Drawing<'_> {
    fn language(&self) -> Language {
        self.view.language
    }

    fn rows(&self, standing: &Standing<'_>) -> Vec<Drawn> {
        let definition = standing.definition();
        let members = standing.form.map_or(definition.members.as_slice(), |form| {
            form.members.as_slice()
        });
        let keys: Vec<Key> = match definition.entry_kind() {
            v1::EntryKind::MemberState | v1::EntryKind::MemberValue => members
                .iter()
                .map(|member| Key::Member(member.key.clone()))
                .collect(),
            v1::EntryKind::MilestoneState => {
                let checkpoints = definition.checkpoints.iter();
                let checkpoints =
                    checkpoints.map(|checkpoint| Key::Checkpoint(checkpoint.key.clone()));
                std::iter::once(Key::Whole).chain(checkpoints).collect()
            }
            _ if !definition.parts.is_empty() => definition
                .parts
                .iter()
                .map(|part| Key::Part(part.key.clone()))
                .collect(),
            _ => vec![Key::Whole],
        };
        keys.iter()
            .enumerate()
            .map(|(number, key)| self.row(standing, key, number == 0))
            .collect()
    }

    fn row(&self, standing: &Standing<'_>, key: &Key, first: bool) -> Drawn {
        let (view, language) = (self.view, self.language());
        let (indicator, definition) = (standing.indicator, standing.definition());
        let mut cells = HashMap::new();
        let mut put = |column: Column, cell: Cell| {
            cells.insert(column, cell);
        };
        put(Column::Code, text(&indicator.code));
        put(Column::What, text(&standing.what(view)));
        put(Column::Part, text(&label_of(view, definition, key)));
        put(Column::Unit, text(&unit(language, definition)));
        let target = indicator
            .target
            .as_ref()
            .and_then(|version| version.target.as_ref());
        let of_part = match key {
            Key::Part(key) => {
                target.and_then(|target| target.parts.iter().find(|part| part.part == *key))
            }
            _ => None,
        };
        put(
            Column::Target,
            text(&match of_part {
                Some(part) => value::with_unit(language, &part.value, definition.unit.as_ref()),
                None => value::target(language, target, Some(definition)),
            }),
        );
        if first {
            put(
                Column::Standing,
                text(&value::actual(
                    language,
                    indicator.actual.as_ref(),
                    Some(definition),
                )),
            );
        }
        let newest = standing.newest(key);
        if let Some(entry) = newest {
            put(
                Column::Last,
                text(&entry_value(view, standing.series, entry)),
            );
            let on = entry.valid_to.as_deref().unwrap_or(&entry.valid_from);
            put(
                Column::LastDay,
                parse_iso(on).map_or(Cell::Empty, Cell::Day),
            );
        }
        let version = indicator
            .definition
            .as_ref()
            .map_or(0, |version| version.version);
        let form = Form {
            kind: definition.entry_kind(),
            definition: version,
            revision: standing.revision,
        };
        let days = standing
            .days()
            .and_then(|days| common(days, self.made.period));
        match days {
            Some(days) if form.kind != v1::EntryKind::Unspecified => {
                self.inputs(standing, form.kind, days, &mut put);
            }
            _ => put(Column::Note, text(standing.why_none(view))),
        }
        let hidden = [
            (Column::Indicator, indicator.id.clone()),
            (Column::Key, key.text()),
            (Column::Form, form.text()),
            (Column::Made, self.made.text()),
        ];
        let mut parts: Vec<&str> = vec![&indicator.code];
        parts.extend(hidden.iter().map(|(_, text)| text.as_str()));
        put(Column::Check, text(&check(&parts)));
        for (column, held) in &hidden {
            put(*column, text(held));
        }
        Drawn { cells }
    }

    /// The cells to fill in.
    fn inputs(
        &self,
        standing: &Standing<'_>,
        kind: v1::EntryKind,
        days: DateSpan,
        put: &mut impl FnMut(Column, Cell),
    ) {
        let definition = standing.definition();
        let empty = || Box::new(Cell::Empty);
        put(
            Column::Day,
            Cell::Asked(Box::new(Cell::Day(days.last())), Input::Day(days)),
        );
        let input = match kind {
            v1::EntryKind::NumDen => {
                // The parts of a share are counts of their own, not in its unit.
                let part = || Input::Number {
                    min: None,
                    max: None,
                    decimals: PART_DECIMALS,
                };
                put(Column::Denominator, Cell::Asked(empty(), part()));
                part()
            }
            v1::EntryKind::MemberState => self.choice(label::member_state),
            v1::EntryKind::MilestoneState => self.choice(label::milestone_state),
            v1::EntryKind::RubricLevel => Input::OneOf(self.levels(definition)),
            _ => {
                let domain = definition.domain.as_ref();
                let bound =
                    |text: Option<&String>| text.and_then(|text| Quantity::parse(text).ok());
                let whole = domain.is_some_and(|domain| domain.integer);
                let decimals = definition.unit.as_ref().map_or(0, |unit| unit.decimals);
                Input::Number {
                    min: bound(domain.and_then(|domain| domain.min.as_ref())),
                    max: bound(domain.and_then(|domain| domain.max.as_ref())),
                    decimals: if whole { 0 } else { decimals },
                }
            }
        };
        put(Column::Value, Cell::Asked(empty(), input));
        put(
            Column::Nil,
            Cell::Asked(empty(), self.choice(label::nil_cause)),
        );
        put(Column::Note, Cell::Asked(empty(), Input::Free));
        put(Column::Evidence, Cell::Asked(empty(), Input::Free));
    }

    fn choice<C: Choice>(&self, label: fn(Language, C) -> &'static str) -> Input {
        let all = choice::all::<C>();
        Input::Choice(
            all.into_iter()
                .map(|choice| label(self.language(), choice))
                .collect(),
        )
    }

    fn levels(&self, definition: &v1::Definition) -> Vec<String> {
        let levels = definition.rubric.iter().flat_map(|rubric| &rubric.levels);
        (1..)
            .zip(levels)
            .map(|(number, title)| format!("{number}: {}", self.view.title(Some(title))))
            .collect()
    }
}

/// Digits behind the point that a numerator or a denominator may have.
const PART_DECIMALS: u32 = 10;

static NONE: std::sync::LazyLock<v1::Definition> =
    std::sync::LazyLock::new(v1::Definition::default);

impl Standing<'_> {
    fn definition(&self) -> &v1::Definition {
        let version = self.indicator.definition.as_ref();
        version
            .and_then(|version| version.definition.as_ref())
            .unwrap_or(&NONE)
    }

    fn days(&self) -> Option<DateSpan> {
        span(self.form?.days.as_ref())
    }

    /// What is counted: the criterion, under what is to be done.
    fn what(&self, view: &View) -> String {
        let criterion = view.title(self.indicator.title.as_ref());
        let initiative = view.title(self.initiative.title.as_ref());
        if initiative.is_empty() || initiative == criterion {
            criterion
        } else {
            format!("{criterion}\n（{initiative}）")
        }
    }

    fn why_none(&self, view: &View) -> &'static str {
        if self.definition().entry_kind() == v1::EntryKind::Unspecified {
            view.pick("構成する指標で報告します", "reported by its components")
        } else {
            view.pick(
                "この期間の報告は受け付けていません",
                "no report is taken for this period",
            )
        }
    }

    /// The entry of the latest day that counts.
    fn newest(&self, key: &Key) -> Option<&v1::Entry> {
        let counted = self
            .series
            .entries
            .iter()
            .filter(|entry| entry.counts && key.is_of(entry));
        counted.max_by_key(|entry| {
            let on = entry.valid_to.as_ref().unwrap_or(&entry.valid_from);
            (on.clone(), entry.position)
        })
    }
}

fn common(one: DateSpan, other: DateSpan) -> Option<DateSpan> {
    DateSpan::new(one.first().max(other.first()), one.last().min(other.last())).ok()
}

fn unit(language: Language, definition: &v1::Definition) -> String {
    let counted = matches!(
        definition.entry_kind(),
        v1::EntryKind::Increment | v1::EntryKind::Absolute | v1::EntryKind::MemberValue
    );
    match (&definition.unit, definition.entry_kind()) {
        (Some(unit), _) if counted => {
            crate::cli::language::pick(language, &unit.display_ja, &unit.display_en).clone()
        }
        (_, v1::EntryKind::NumDen) => {
            crate::cli::language::pick(language, "分子／分母", "numerator / denominator").to_owned()
        }
        _ => String::new(),
    }
}

/// What a row's part, member or checkpoint is called.
pub fn label_of(view: &View, definition: &v1::Definition, key: &Key) -> String {
    let named = |key: &str, title: Option<&v1::Title>| match view.title(title) {
        title if title.is_empty() => terminal::line(key),
        title => title,
    };
    let found = match key {
        Key::Whole => return String::new(),
        Key::Part(key) => definition
            .parts
            .iter()
            .find(|part| part.key == *key)
            .map(|p| named(key, p.label.as_ref())),
        Key::Member(key) => definition
            .members
            .iter()
            .find(|member| member.key == *key)
            .map(|m| named(key, m.label.as_ref())),
        Key::Checkpoint(key) => definition
            .checkpoints
            .iter()
            .find(|check| check.key == *key)
            .map(|c| named(key, c.label.as_ref())),
    };
    found.unwrap_or_else(|| match key {
        Key::Whole => String::new(),
        Key::Part(key) | Key::Member(key) | Key::Checkpoint(key) => terminal::line(key),
    })
}

fn text(text: &str) -> Cell {
    match text {
        "" => Cell::Empty,
        text => Cell::Text(text.to_owned()),
    }
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

fn table(
    view: &View,
    plan: &v1::Entity,
    section: &v1::Entity,
    named: &Named,
    rows: &[Drawn],
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
