//! `daicho plan draft`: next year's plan from this year's, as a workbook that people fill in and `plan import` takes back.
//!
//! A row is an indicator: how it ended, and beside it empty cells for the year to come. What was carried over, or is to go on
//! as it is, comes filled in. What the rows are called, and what an import makes of them, is said in [`crate::import`].

use std::collections::HashMap;

use clap::Args;
use jiff::ToSpan as _;
use serde_json::json;

use crate::api::v1;
use crate::cli::client::GoalFilter;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::file::FileArgs;
use crate::cli::plan::continued::{day, id, is_open};
use crate::cli::session::Session;
use crate::domain::date::Date;
use crate::domain::fiscal_year::FiscalYear;
use crate::import::Column as Heading;
use crate::import::continuation::{Ids, Made, Origin};
use crate::report::{Page, workbook};

mod row;
mod table;

use row::{Ended, Row};

/// Arguments of `plan draft`.
#[derive(Args, Clone, Debug)]
#[command(after_help = EXAMPLES)]
pub struct DraftArgs {
    /// The plan that ends: its code or id, or its year: R5, 令和5年度 or 2023
    #[arg(long, value_name = "PLAN")]
    from: String,
    /// The year of the new plan: R6, 令和6年度 or 2024; absent: the year after
    #[arg(long, value_name = "YEAR", value_parser = super::import::year)]
    to: Option<FiscalYear>,
    #[command(flatten)]
    file: FileArgs,
}

const EXAMPLES: &str = "\
A row is an indicator. Fill in the yellow cells; clear the text and target of what ends with this year.

Examples:
  daicho plan draft --from R5 --to R6 -o R6案.xlsx
  daicho plan import R6案.xlsx --dry-run
  daicho plan import R6案.xlsx
  daicho evaluate last-year R6 --on 2024-09-30";

/// The plan that ends.
struct Earlier {
    plan: v1::Entity,
    pillars: Vec<v1::Pillar>,
    year: FiscalYear,
    last: Date,
}

/// Writes the workbook.
pub async fn draft(session: &Session, args: &DraftArgs) -> Result<(), Failure> {
    let view = &session.view;
    let ledger = session.client.get_ledger().await?;
    let known_at = ledger.head.as_ref().map_or(0, |head| head.size);
    let today = day(&ledger.today)?;
    // Everything is read at one size, whatever is appended meanwhile.
    let at = |on: Date| v1::AsOf {
        known_at: Some(v1::as_of::KnownAt::Size(known_at)),
        effective_on: Some(on.to_string()),
    };
    let earlier = earlier(&session.at(Some(at(today))), &args.from).await?;
    let year = match args.to {
        Some(year) => Some(year),
        None => earlier.year.next(),
    };
    let Some(year) = year.filter(|year| earlier.year < *year) else {
        return Err(Failure::usage(view.pick(
            format!("--to は {} より後の年度にしてください", earlier.year.code()),
            format!("--to must be a year after {}", earlier.year.code()),
        )));
    };
    let on = today.min(earlier.last);
    let origin = Origin {
        ledger: id(view.ledger.as_ref().map_or("", |ledger| &ledger.id))?,
        plan: id(&earlier.plan.id)?,
        year,
        known_at,
    };
    let (rows, given_up) = rows(session, at(on), &earlier, origin).await?;
    if rows.is_empty() {
        let code = &earlier.plan.code;
        return Err(Failure::new(
            Exit::NotFound,
            view.pick(
                format!("計画 {code} に続けられる指標はありません"),
                format!("the plan {code} has no indicator that could go on"),
            ),
        ));
    }
    let filled = rows.iter().filter(|row| row.is_carried()).count();
    let page = Page {
        title: view
            .pick("次年度計画案", "Draft of next year's plan")
            .to_owned(),
        year: year.label_ja(),
        effective_on: Some(on),
        known_at: Some(view.pick(format!("{known_at}件"), format!("{known_at} events"))),
        fingerprint: session.fingerprint(known_at).await,
        ledger: view.ledger.as_ref().map(|ledger| ledger.code.clone()),
    };
    let table = table::table(view, &earlier.plan, &earlier.pillars, year, &rows);
    let bytes =
        workbook(&page, &[table]).map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    let lines = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    args.file
        .write(session.language(), &session.output, &bytes, lines)?;
    let exists = session.client.overview(Some(year.code())).await.is_ok();
    let shown = args.file.output.to_string_lossy();
    if shown == "-" {
        return Ok(());
    }
    if session.json {
        return session.print(&json!({
            "file": shown,
            "from": earlier.plan.code,
            "year": year.code(),
            "effective_on": on.to_string(),
            "known_at": known_at,
            "rows": rows.len(),
            "filled_in": filled,
            "given_up": given_up,
        }));
    }
    session.output.answer_line(&view.pick(
        format!(
            "{} から {} の計画案: {}行、うち記入済み {filled}行（継続・繰越）、年度内に中止 {given_up}件は除きました",
            earlier.plan.code,
            year.code(),
            rows.len()
        ),
        format!(
            "a draft of {} from {}: {} rows, {filled} filled in as they go on, without {given_up} given up within the year",
            year.code(),
            earlier.plan.code,
            rows.len()
        ),
    ))?;
    if exists {
        session.output.remark(&view.pick(
            format!(
                "計画 {} はすでにあります。取り込むと違いとして断られます",
                year.code()
            ),
            format!(
                "there is a plan {} already: importing another will be refused",
                year.code()
            ),
        ));
    }
    Ok(())
}

/// The plan of this code or id, or of this year.
async fn earlier(session: &Session, text: &str) -> Result<Earlier, Failure> {
    let year = FiscalYear::parse(text).ok();
    let overview = match session.client.overview(Some(text.to_owned())).await {
        Err(failure) if failure.reason() == Some("PLAN_UNKNOWN") => match year {
            Some(year) => of_year(session, year).await?.ok_or(failure)?,
            None => {
                let plans = [v1::EntityKind::Plan];
                return Err(session.offering(failure, text, &plans).await);
            }
        },
        answer => answer?,
    };
    let cycle = overview.cycle.unwrap_or_default();
    let (first, last) = (day(&cycle.first)?, day(&cycle.last)?);
    let year =
        FiscalYear::of(first).map_err(|error| Failure::new(Exit::Fault, error.to_string()))?;
    Ok(Earlier {
        plan: overview.plan.unwrap_or_default(),
        pillars: overview.pillars,
        year,
        last,
    })
}

async fn of_year(
    session: &Session,
    year: FiscalYear,
) -> Result<Option<v1::GetOverviewResponse>, Failure> {
    let first = year.first_day().to_string();
    for plan in session.client.every(v1::EntityKind::Plan).await? {
        let overview = session.client.overview(Some(plan.id)).await?;
        if overview
            .cycle
            .as_ref()
            .is_some_and(|cycle| cycle.first == first)
        {
            return Ok(Some(overview));
        }
    }
    Ok(None)
}

/// The rows in the order of the plan, and how many indicators were given up before it ended.
async fn rows(
    session: &Session,
    as_of: v1::AsOf,
    earlier: &Earlier,
    origin: Origin,
) -> Result<(Vec<Row>, usize), Failure> {
    let plan = Some(earlier.plan.id.clone());
    let pinned = session.at(Some(as_of.clone()));
    let filter = GoalFilter {
        plan: plan.clone(),
        full: true,
        ..GoalFilter::default()
    };
    let goals = pinned.client.goals(&filter, usize::MAX).await?.goals;
    let evaluated = pinned
        .client
        .evaluate(v1::EvaluatePlanRequest {
            plan: plan.clone(),
            as_of: Some(as_of.clone()),
            ..v1::EvaluatePlanRequest::default()
        })
        .await?;
    let actions = pinned
        .client
        .next_actions(v1::ListNextActionsRequest {
            plan,
            as_of: Some(as_of),
            ..v1::ListNextActionsRequest::default()
        })
        .await?
        .actions;
    let ended = Ended::new(&evaluated.goals, &actions);
    let later = i64::from(origin.year.year()) - i64::from(earlier.year.year());
    let mut rows = Vec::new();
    let mut given_up = 0;
    // In the order of an evaluation: by department and pillar.
    let mut by_id: HashMap<&str, &v1::Goal> =
        goals.iter().map(|goal| (goal.id.as_str(), goal)).collect();
    let in_order = evaluated.goals.iter().filter_map(|own| own.goal.as_ref());
    for goal in in_order.filter_map(|own| by_id.remove(own.id.as_str())) {
        for initiative in &goal.initiatives {
            let open: Vec<&v1::Indicator> = initiative
                .indicators
                .iter()
                .filter(|indicator| is_open(goal, initiative, indicator))
                .collect();
            given_up += initiative.indicators.len() - open.len();
            for indicator in &open {
                let made = Made {
                    draft: origin,
                    ids: Ids {
                        goal: id(&goal.id)?,
                        initiative: id(&initiative.id)?,
                        indicator: id(&indicator.id)?,
                    },
                };
                let kin: Vec<&v1::Indicator> = open
                    .iter()
                    .copied()
                    .filter(|other| other.source_text == indicator.source_text)
                    .collect();
                let place = row::Place {
                    goal,
                    initiative,
                    indicator,
                    kin: &kin,
                };
                rows.push(row::row(
                    &pinned.view,
                    &ended,
                    &place,
                    made.text(&indicator.code),
                    &move |due: Date| due.saturating_add(later.years()),
                    origin.year,
                ));
            }
        }
    }
    mark_beginnings(&mut rows);
    Ok((rows, given_up))
}

/// Goals and initiatives are named where they begin.
fn mark_beginnings(rows: &mut [Row]) {
    let (mut goal, mut initiative) = (String::new(), String::new());
    for row in rows {
        let begins_goal = row.goal != goal;
        let begins_initiative = begins_goal || row.initiative != initiative;
        (goal, initiative) = (row.goal.clone(), row.initiative.clone());
        if !begins_goal {
            row.clear(Heading::Goal);
        }
        if !begins_initiative {
            row.clear(Heading::Initiative);
            row.clear(Heading::Sections);
        }
    }
}
